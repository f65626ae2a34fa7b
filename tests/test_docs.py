"""The Python blocks of README and of the documentation run, and their links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pyNN_fastsim as sim
from pyNN_fastsim import connectors
from pyNN_fastsim.standardmodels import cells, electrodes, point_neurons, synapses

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs" / "_ext"))
import drawing  # noqa: E402
import reference  # noqa: E402

SHOWN = sorted(
    {
        getattr(sim, name).__name__  # other names of a class are one
        for module in (cells, electrodes, point_neurons, synapses, connectors)
        for name in module.__all__
    }
    - {"Connector", "MapConnector"}  # what others are made from
)
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.big
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page, tmp_path):
    """All blocks of a page, one after the other, as someone would who reads it."""
    if page.stem == "nestml":
        pytest.importorskip("pynestml", reason="nestml is not installed")
    script = tmp_path / "page.py"
    script.write_text(
        "import matplotlib; matplotlib.use('Agg')\n" + "\n".join(blocks(page)), encoding="utf-8"
    )
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script.name], cwd=tmp_path, env={**os.environ, **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for said in re.findall(r"prints `([^`]*)`", page.read_text(encoding="utf-8")):
        assert said in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    """Those within the project; where they lead to a heading, it is there."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file) if file else page
        if file.startswith(("gallery/", "pictures/")):  # made with the site
            continue
        assert path.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_page_is_in_the_site():
    listed = set(re.findall(r"^([a-z_]+)$", (ROOT / "docs" / "index.md").read_text(), re.MULTILINE))
    pages = {page.stem for page in PAGES} - {"README", "index"}
    assert pages == listed & pages


def test_every_model_and_connector_has_a_picture_in_a_page():
    text = "".join(
        (ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("models.md", "connectors.md")
    )
    shown = [
        name for names in re.findall(r"^```{pictures} (.*)$", text, re.MULTILINE) for name in names.split()
    ]
    assert sorted(shown) == SHOWN == sorted(drawing.DRAWN)


@pytest.mark.big
@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_shows_something(name):
    """Lines that are not flat, or marks at more than one place."""
    if name == "CSAConnector":
        pytest.importorskip("csa")
    figure = drawing.draw(name)
    for axis in figure.axes:
        heights = [line.get_ydata() for line in axis.lines]
        heights += [patch.get_height() for patch in axis.patches if hasattr(patch, "get_height")]
        heights += [patch.get_data().values for patch in axis.patches if hasattr(patch, "get_data")]
        heights += [points for each in axis.collections for points in each.get_segments()]
        values = np.concatenate([np.ravel(each) for each in heights])
        assert np.isfinite(values).all() and np.ptp(values) > 0


WITHOUT_UNIT = {"n", "A_plus", "A_minus", "mu_plus", "mu_minus", "alpha", "a", "locations", "neuron"} | {
    "timing_dependence", "weight_dependence", "voltage_dependence",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["cells", "currents", "receptors", "synapses", "connectors"])
def test_the_reference_has_all_parameters_with_units(kind):
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert f"```{{reference}} {kind}\n" in text
    for name, cls in reference.classes_of(kind).items():
        rows = reference.rows_of(cls)
        assert name in SHOWN and (rows or name == "PointNeuron")
        if kind != "connectors":
            assert {parameter for parameter, _, unit in rows if not unit} <= WITHOUT_UNIT, name
        assert not any(" at 0x" in default for _, default, _ in rows), name


def test_the_reference_has_every_function_and_class():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name in (
        "setup",
        "run",
        "run_until",
        "reset",
        "end",
        "Population",
        "PopulationView",
        "Assembly",
        "Projection",
    ):
        assert re.search(rf"^\.\. auto(function|class):: {name}$", text, re.MULTILINE), name
        words = getattr(sim, name).__doc__
        assert "MPI nodes" not in words and "TO DOCUMENT" not in words
