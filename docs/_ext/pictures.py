"""
A picture of what each model and connector does, made by simulating it.

In a page, the block

    ```{pictures} IF_curr_exp IF_cond_exp
    ```

shows those of these names side by side. They are made when the site is, in some seconds, and are not in
the sources;
`drawing` has one function for each kind.
"""

from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from drawing import DRAWN, draw

FOLDER = Path(__file__).parents[1] / "pictures"


def make(app):
    """Draw all that are missing, or older than the code that draws them."""
    FOLDER.mkdir(exist_ok=True)
    since = Path(__file__).with_name("drawing.py").stat().st_mtime
    for name in DRAWN:
        path = FOLDER / f"{name}.png"
        if not path.exists() or path.stat().st_mtime < since:
            draw(name).savefig(path, dpi=150)


class Pictures(Directive):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        names = self.arguments[0].split()
        small = all(name.endswith("Connector") for name in names)
        row = nodes.container(classes=["pictures", "small"] if small else ["pictures"])
        for name in names:
            if name not in DRAWN:
                raise self.error(f"there is no picture of {name!r}")
            figure = nodes.figure()
            figure += nodes.image(uri=f"pictures/{name}.png", alt=f"what {name} does", width="100%")
            figure += nodes.caption("", "", nodes.literal(text=name))
            row += figure
        return [row]


def setup(app):
    app.connect("builder-inited", make)
    app.add_directive("pictures", Pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
