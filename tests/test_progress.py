"""Nobody waits in silence: compiling and running say how far they are, on terminals and in notebooks only."""

import contextlib
import os
import subprocess
import sys

import pytest
from terminal import on_terminal

import pyNN_fastsim as sim
from pyNN_fastsim import progress
from pyNN_fastsim.engine import network

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")

RUN = """
import pyNN_fastsim as sim
from pyNN_fastsim import progress
progress.DELAY = 0.0
sim.setup(timestep=0.1{more})
p = sim.Population(100, sim.IF_curr_exp(i_offset=1.0))
sim.run(500.0)
"""


@pytest.mark.compiles
@pytest.mark.parametrize("size", [(25, 100), (0, 0)], ids=["", "of an unknown size"])
def test_a_run_has_a_bar(size):
    """Also where a terminal doesn't say how large it is, as in some containers."""
    shown = on_terminal(RUN.format(more=""), size)
    assert "Running:" in shown and "of 500 ms" in shown and "times real time" in shown
    assert shown.rpartition("\r")[0].split("\r")[-1].strip() == "", "it is gone at the end"


@pytest.mark.compiles
def test_it_can_be_turned_off(tmp_path):
    assert on_terminal(RUN.format(more=", progress=False"), NUMBA_CACHE_DIR=str(tmp_path)) == ""
    assert on_terminal(RUN.format(more=""), PYNN_FASTSIM_PROGRESS="0") == ""


@pytest.mark.compiles
def test_compiling_says_so_at_once(tmp_path):
    shown = on_terminal(RUN.format(more=""), NUMBA_CACHE_DIR=str(tmp_path))
    assert "Compiling for the first start, later ones don't: function 1" in shown
    assert "function 2, " in shown and ", run, after" in shown
    assert "Compiling" not in on_terminal(RUN.format(more=""), NUMBA_CACHE_DIR=str(tmp_path))


BUILD = """
import time
import pyNN_fastsim as sim
from pyNN_fastsim import progress
progress.DELAY = 0.1
class Slow(sim.AllToAllConnector):
    def connect(self, projection):
        time.sleep({seconds})
        super().connect(projection)
sim.setup(timestep=0.1{more})
p = sim.Population(10, sim.IF_curr_exp())
sim.Projection(p, p, Slow(), sim.StaticSynapse(weight=1.0), label="the slow one")
"""


def test_a_projection_that_is_built_in_one_piece_says_so():
    """Also the first one: there is nothing between its beginning and its end where a bar could go on."""
    shown = on_terminal(BUILD.format(seconds=0.5, more=""))
    assert "Building projection 1, 'the slow one'" in shown
    assert shown.rpartition("\r")[0].split("\r")[-1].strip() == "", "it is gone at the end"
    assert on_terminal(BUILD.format(seconds=0.0, more="")) == ""
    assert on_terminal(BUILD.format(seconds=0.5, more=", progress=False")) == ""


@pytest.mark.compiles
def test_nothing_of_it_is_in_other_output():
    done = subprocess.run([sys.executable, "-c", RUN.format(more="")], capture_output=True, check=True)
    assert done.stdout == done.stderr == b""


class Bar:
    """What a bar of tqdm's in a notebook looks at when it is closed: red, and left there, if n < total."""

    def __init__(self, total, **options):
        self.n, self.total, self.is_red = 0, total, None

    def update(self, n):
        self.n += n

    def set_postfix_str(self, text, refresh):
        pass

    def refresh(self):
        pass

    def close(self):
        self.is_red = self.n < self.total


@pytest.mark.parametrize("until, is_red", [(30.04, False), (30.0, False), (1e6, True)])
def test_a_bar_is_red_only_where_a_run_was_interrupted(until, is_red, monkeypatch):
    bars = []
    monkeypatch.setattr(progress, "DELAY", 0.0)
    monkeypatch.setattr(progress, "is_shown", lambda: True)
    monkeypatch.setattr(progress, "_bar", lambda **options: bars.append(Bar(**options)) or bars[-1])
    monkeypatch.setattr(network, "PIECE_SECONDS", 1e-5)
    sim.setup(timestep=0.1)
    sim.Population(2, sim.IF_curr_exp())
    sim.run(0.3)

    def interrupt(t):
        if t > 100.0:
            raise KeyboardInterrupt
        return t + 7.3

    with contextlib.suppress(KeyboardInterrupt):
        sim.run_until(until, callbacks=[interrupt])
    assert [bar.is_red for bar in bars] == [False, is_red]


def test_progress_must_be_a_flag():
    with pytest.raises(ValueError, match="progress must be True or False, not 'yes'"):
        sim.setup(progress="yes")
