"""
Makes the gallery: every example with its figure, by running it, and a page for each notebook's first words.

Figures are made again when an example has changed; they are in `_build`, not in the sources.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[1]
EXAMPLES = DOCS.parent / "examples"
# What each example is run with, beside a file for its figure: nothing takes more than a minute.
ARGUMENTS = {
    "parameters": [],
    "vogels_abbott": ["--model", "cuba"],
    "ei_clustered": ["--time", "2000"],
    "microcircuit": ["--scale", "0.1", "--time", "500"],
    "stdp_window": [],
    "song_abbott": ["--time", "100"],
    "vogels2011": ["--cells", "2000", "--time", "4"],
    "short_term_plasticity": [],
    "adex_short_term": [],
    "hh_stdp": [],
    "izhikevich_network": [],
    "fitzhugh_nagumo": ["--time", "200"],
    "triplet_stdp": [],
    "reward_stdp": [],
    "wang_buzsaki": [],
    "neural_field": [],
    "wilson_cowan": [],
    "bar_learning": [],
    "echo_state": [],
    "miconi": ["--trials", "1000"],
    "rate_to_spike_to_rate": [],
    "whole_brain": ["--time", "120"],
    "own_cell_type": None,  # writes own_cell_type.png where it is
}


def make(app):
    """Write `gallery/index.md` with all figures, before Sphinx reads its sources."""
    folder = DOCS / "gallery"
    folder.mkdir(exist_ok=True)
    pieces = [
        "# Gallery\n\nEvery example, with the figure that it makes. `fastsim examples all` copies them.\n"
    ]
    for name in sorted(ARGUMENTS, key=list(ARGUMENTS).index):
        source = EXAMPLES / f"{name}.py"
        figure = folder / f"{name}.png"
        if not figure.exists() or figure.stat().st_mtime < source.stat().st_mtime:
            _run(source, figure)
        pieces.append(_section(source, figure))
    pieces.append("## Notebooks\n\nFor courses; see [teaching](../teaching.md).\n")
    for path in sorted(EXAMPLES.glob("notebooks/*.ipynb")):
        title = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]).splitlines()[0]
        pieces.append(f"- `{path.stem}`: {title.lstrip('# ')}")
    text = "\n".join(pieces) + "\n"
    index = folder / "index.md"
    if not index.exists() or index.read_text(encoding="utf-8") != text:
        index.write_text(text, encoding="utf-8")


def _run(source, figure):
    arguments = ARGUMENTS[source.stem]
    command = [sys.executable, os.fspath(source)]
    command += [] if arguments is None else [*arguments, "--plot", os.fspath(figure)]
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    subprocess.run(command, cwd=figure.parent, env=environment, check=True, stdout=subprocess.DEVNULL)


def _section(source, figure):
    """The title and the first paragraph of an example's docstring, its figure, and how to run it."""
    docstring = source.read_text(encoding="utf-8").split('"""')[1].strip()
    title, _, rest = docstring.partition("\n\n")
    words = " ".join(rest.split("\n\nUsage")[0].split())
    title, _, more = " ".join(title.split()).rstrip(".").partition(": ")
    words = f"{more[:1].upper()}{more[1:]}. {words}" if more else words
    command = " ".join(["python", source.name, *(ARGUMENTS[source.stem] or [])])
    run = f"```bash\nfastsim examples {source.stem}\n{command}\n```"
    return f"## {title}\n\n{words}\n\n{run}\n\n![figure of {source.stem}]({figure.name})\n"


def setup(app):
    app.connect("builder-inited", make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
