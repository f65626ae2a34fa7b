"""Many runs: `explore()` and what it leaves on disk."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import psutil
import pytest
import quantities as pq

import pyNN_fastsim as sim
from pyNN_fastsim.explore import seed_of, sets_of

pytestmark = pytest.mark.big  # processes start, and each imports the package


def rates(tau_m=20.0, current=1.0, seed=0):
    """Of cells with a current."""
    sim.setup(timestep=0.1, rng_seed=seed)
    cells = sim.Population(5, sim.IF_curr_exp(tau_m=tau_m, i_offset=current, v_thresh=-57.0))
    cells.record(["spikes", "v"])
    sim.run(50.0)
    v = cells.get_data().segments[0].analogsignals[0]
    return {"rate": 20.0 * cells.mean_spike_count(), "v": v[:, 0], "seed": seed}


def test_a_grid(tmp_path, monkeypatch):
    """All combinations, in the order of the lists, each with what the function gives by itself."""
    grid = {"tau_m": [10.0, 20.0], "current": np.array([1.0, 1.5])}
    found = sim.explore(rates, grid, processes=2, to=tmp_path / "a.npz", seed=5)
    assert len(found) == 4 and "4 runs, 0 of them failed" in repr(found)
    for k, (tau_m, current) in enumerate([(10.0, 1.0), (10.0, 1.5), (20.0, 1.0), (20.0, 1.5)]):
        seed = seed_of(5, {"tau_m": tau_m, "current": current})
        alone = rates(tau_m, current, seed)
        assert found[k]["seed"] == seed == found.table["seed"][k]
        assert found[k]["rate"] == alone["rate"]
        assert found[k]["v"].units == pq.mV
        assert np.array_equal(found[k]["v"].magnitude.ravel(), alone["v"].magnitude.ravel())
        row = dict(found.table.iloc[k])
        assert (row["tau_m"], row["current"], row["rate"]) == (tau_m, current, alone["rate"])
        assert row["error"] == ""
    assert os.listdir(tmp_path) == ["a.npz"]
    again = sim.Exploration(tmp_path / "a.npz")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pandas", None)
        assert [row["rate"] for row in again.table] == found.get("rate")
    assert again.get("rate") == found.get("rate") and len(again.get("v")) == 4


def test_seeds_belong_to_sets():
    """Whatever other sets there are, and in whichever order."""
    few, more = (sets_of({"tau_m": values}) for values in ([10.0, 20.0], [30.0, 20.0, 10.0]))
    first = [seed_of(5, each) for each in few]
    assert [seed_of(5, each) for each in more][:0:-1] == first
    others = [seed_of(6, each) for each in more]
    assert len({*first, *others}) == 5 and all(0 <= seed < 2**31 for seed in others)
    assert seed_of(5, {"a": 1, "b": 2.0}) == seed_of(5, {"b": np.float64(2.0), "a": np.int32(1)})


def test_failures_are_rows_which_are_tried_again(tmp_path):
    def fails(x, folder):
        if x == 1 and not os.path.exists(os.path.join(folder, "mended")):
            raise ValueError("no such thing")
        if x == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if x == 3:
            return {"what": object()}
        with open(os.path.join(folder, f"ran{x}"), "a") as file:
            file.write("x")
        return x * np.ones(3)

    arguments = {"parameters": {"x": range(5), "folder": str(tmp_path)}, "to": tmp_path / "a.npz"}
    found = sim.explore(fails, processes=2, **arguments)
    errors = found.table["error"].tolist()
    assert errors[0] == errors[4] == "" and errors[1] == "ValueError: no such thing"
    assert "the process ended" in errors[2] and "'what' can't be kept" in errors[3]
    assert found[1] == {} and "in fails" in found.traceback(1)
    assert np.array_equal(found[4]["result"], [4, 4, 4])
    (tmp_path / "mended").touch()
    found = sim.explore(fails, processes=2, **arguments)
    assert np.array_equal(found[1]["result"], [1, 1, 1]) and found.table["error"][1] == ""
    assert (tmp_path / "ran4").read_text() == "x"
    assert found.get("result")[2] is None


def test_a_kill_loses_nothing_that_was_finished(tmp_path):
    """SIGKILL to the process that explores: the next call runs the rest only. No process stays behind."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent("""
        import os, sys, time
        import pyNN_fastsim as sim

        waits = len(sys.argv) == 1
        def run(x):
            open(f"ran{x}", "a").write(f"{os.getpid()} ")
            time.sleep(1000.0 if waits and x >= 3 else 0.0)
            return {"y": 2.0 * x, "large": [x] * 1000}

        found = sim.explore(run, {"x": list(range(6))}, processes=2, to="a.npz")
        print(found.get("y"), [len(each) for each in found.get("large")])
    """))  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(__file__))}
    first = subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path, env=environment)
    parts = tmp_path / "a.npz.parts"
    deadline = time.monotonic() + 180.0
    while time.monotonic() < deadline and not (
        len(list(parts.glob("*.npz"))) == 3 and (tmp_path / "ran4").exists()
    ):
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    workers = {int(pid) for x in range(5) for pid in (tmp_path / f"ran{x}").read_text().split()}
    while time.monotonic() < deadline and any(psutil.pid_exists(pid) for pid in workers):
        time.sleep(0.02)
    assert not any(psutil.pid_exists(pid) for pid in workers)
    assert len(list(parts.glob("*.npz"))) == 3
    done = subprocess.run(
        [sys.executable, "script.py", "again"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (
        done.stdout.split("\n")[0] == "[0.0, 2.0, 4.0, 6.0, 8.0, 10.0] [1000, 1000, 1000, 1000, 1000, 1000]"
    )
    runs = [len((tmp_path / f"ran{x}").read_text().split()) for x in range(6)]
    assert runs[:3] == [1, 1, 1] and runs[3:5] == [2, 2]
    assert not parts.exists()


def test_scripts_of_pynn(tmp_path):
    """With PyNN's way to read arguments; a variable that isn't there is an error of its row."""
    script = tmp_path / "my network.py"
    script.write_text(textwrap.dedent("""
        from pyNN.utility import get_simulator
        sim, options = get_simulator(("--current", "nA", {"type": float}), ("--seed", "", {"type": int}))
        sim.setup(timestep=0.1)
        cells = sim.Population(2, sim.IF_curr_exp(i_offset=options.current))
        cells.record("spikes")
        sim.run(100.0)
        rate = 10 * cells.mean_spike_count()
        seed = options.seed
        if options.current > 1.0:
            strong = True
        backend = sim.__name__
        sim.end()
    """))  # fmt: skip
    found = sim.explore(
        [str(script), "nest", "--seed={seed}"],
        {"current": [0.5, 1.5]},
        processes=1,
        to=tmp_path / "a.npz",
        results=["rate", "seed", "backend", "strong"],
    )
    assert "no variable 'strong'" in found.table["error"][0]
    assert found[1]["rate"] > 0 and found[1]["seed"] == found.table["seed"][1]
    assert found[1]["backend"] == "pyNN_fastsim"


def test_extending_a_file_keeps_what_is_there(tmp_path):
    first = sim.explore(lambda x: {"y": np.full(2, x)}, {"x": [1, 2]}, processes=1, to=tmp_path / "a.npz")
    more = sim.explore(lambda x: {"y": np.full(2, x)}, {"x": [3, 2]}, processes=1, to=tmp_path / "a.npz")
    assert [each.tolist() for each in more.get("y")] == [[3, 3], [2, 2]]
    assert [each.tolist() for each in first.get("y")] == [[1, 1], [2, 2]]
    assert len(sim.Exploration(tmp_path / "a.npz")) == 3


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"parameters": 3}, TypeError, "dictionary of lists"),
        ({"parameters": []}, ValueError, "no set"),
        ({"parameters": {"x": []}}, ValueError, "no set"),
        ({"parameters": {"x": [len]}}, TypeError, "'x' must be a number"),
        ({"parameters": {"x y": [1]}}, TypeError, "names"),
        ({"processes": 0}, ValueError, "processes"),
        ({"seed": -1}, ValueError, "seed"),
        ({"to": "a.h5"}, ValueError, "npz"),
        ({"results": ["x"]}, TypeError, "results"),
        ({"script_or_function": 3}, TypeError, "function or a script"),
        ({"script_or_function": "not_there.py"}, ValueError, "no script 'not_there.py'"),
        ({"script_or_function": __file__}, TypeError, "results"),
        ({"script_or_function": [__file__, "{y}"], "results": ["x"]}, ValueError, "parameter 'y'"),
    ],
)
def test_mistakes_are_told_before_anything_runs(arguments, error, words, tmp_path):
    with pytest.raises(error, match=words):
        sim.explore(
            **{"script_or_function": abs, "parameters": {"x": [1]}, "to": tmp_path / "a.npz"} | arguments
        )
    assert os.listdir(tmp_path) == []
