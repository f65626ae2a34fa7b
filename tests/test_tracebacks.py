"""Tracebacks in notebooks end at the user's line; the exception keeps all of its own."""

import re
import sys
import traceback

import nbformat
import pytest
from nbclient import NotebookClient

import pyNN_fastsim as sim
from pyNN_fastsim.notebook import to_users_line

BUILT = "import pyNN_fastsim as sim\nsim.setup()\np = sim.Population(3, sim.IF_curr_exp(), label='p')"


def frames_shown(attempt):
    """The functions of a traceback as a notebook shows it, and of the whole one."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 whatever it is
        attempt()
    frames = raised.value.__traceback__
    return [[entry.name for entry in traceback.extract_tb(tb)] for tb in (to_users_line(frames), frames)]


def failing(i):
    return 1 / 0


@pytest.mark.parametrize(
    ("attempt", "kept"),
    [
        (lambda p: p.set(tau_m=-1.0), ["<lambda>"]),
        (lambda p: p.record("V"), ["<lambda>"]),
        (lambda p: sim.AdEx, ["<lambda>"]),
        (lambda p: sim.Projection(p, p, sim.OneToOneConnector(), receptor_type="x"), ["<lambda>"]),
        (lambda p: p.set(tau_m=failing), ["<lambda>", "failing"]),
        (lambda p: sim.run(1.0, callbacks=[failing]), ["<lambda>", "failing"]),
    ],
)
def test_what_is_shown(attempt, kept):
    sim.setup()
    p = sim.Population(3, sim.IF_curr_exp(), label="p")
    shown, whole = frames_shown(lambda: attempt(p))
    assert shown[-len(kept) :] == kept and len(shown) == len(kept) + 2  # this module's own come before
    assert len(whole) > len(shown)


def test_a_fault_within_keeps_all_frames(monkeypatch):
    """What nobody raised on purpose is a fault of ours, whose place must be seen."""
    sim.setup()
    p = sim.Population(3, sim.IF_curr_exp(), label="p")
    monkeypatch.setattr(p, "_check_parameters", lambda *_: None)
    monkeypatch.setattr(type(p), "_store_parameters", property(lambda self: 1))
    shown, whole = frames_shown(lambda: p.set(tau_m=10.0))
    assert shown == whole and whole[-1] == "_set_cell_parameters"


def test_other_peoples_errors_are_left_alone():
    shown, whole = frames_shown(lambda: failing(0))
    assert shown == whole


@pytest.mark.big
def test_a_kernel(monkeypatch):
    """A real one shows just the cell's line, and goes on."""
    monkeypatch.setenv("PYTHONPATH", str(next(p for p in map(str, sim.__path__))).rpartition("/")[0])
    cells = [
        BUILT,
        "x = 1\np.set(tau_m=-3.0)",
        "p.record('V_m')",
        "1 / 0",
        "sim.run(1.0)",
        "p.set(tau_m=abc)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, allow_errors=True).execute()
    shown = [
        re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output["traceback"]))
        for cell in notebook.cells
        for output in cell.outputs
        if output.output_type == "error"
    ]
    assert [len(re.findall(r"^-+> \d", text, re.MULTILINE)) for text in shown] == [1, 1, 1, 1]
    assert not any("pyNN_fastsim/" in text or "site-packages" in text for text in shown)
    assert "----> 2 p.set(tau_m=-3.0)" in shown[0] and "tau_m must be positive, but is -3.0" in shown[0]
    assert "in PyNN it is 'v'" in shown[1]


def test_a_handler_of_the_users_is_left_alone(monkeypatch):
    from pyNN_fastsim import notebook

    class Shell:
        custom_exceptions = ()

        def set_custom_exc(self, kinds, handler):
            self.custom_exceptions, self.handler = kinds, handler

    class IPython:
        shell = Shell()

        @classmethod
        def get_ipython(cls):
            return cls.shell

    monkeypatch.setitem(sys.modules, "IPython", IPython)
    IPython.shell.custom_exceptions = (ValueError,)
    notebook.install()
    assert not hasattr(IPython.shell, "handler")
    IPython.shell.custom_exceptions = ()
    notebook.install()
    assert IPython.shell.custom_exceptions == (Exception,)
    monkeypatch.setattr(IPython, "shell", None)
    notebook.install()  # IPython is imported, but this is no session of it
