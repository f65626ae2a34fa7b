"""The course notebooks run, in a kernel of their own, without an error."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_all_are_there():
    assert [path.stem[0] for path in NOTEBOOKS] == list("123456")


@pytest.mark.big
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    """Each begins with an installation from pip, has questions, places for answers, and figures."""
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parents[1]))
    monkeypatch.setenv("PYNN_FASTSIM_PROGRESS", "0")  # what is left on stderr is a warning
    notebook = nbformat.read(path, as_version=4)
    assert "%pip install" in notebook.cells[1].source
    texts = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "### Question" in texts and "*Your answer" in texts
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs are not kept in the sources"
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not any(output.get("name") == "stderr" for output in outputs), outputs
    if "comparing" not in path.stem:
        assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3
