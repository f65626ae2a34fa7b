"""Failures of one of several processes: all end soon, say why, and what was recorded before is there."""

import json
import os
import pickle
import random
import signal
import subprocess
import time

import numpy as np
import pytest
from disks import can_mount, on_small_disk
from test_mpi import BEGINNING, NETWORK, SECONDS, TESTS, command, environment, failure, needs_mpi

pytestmark = [pytest.mark.compiles, needs_mpi]

SOON = 10  # seconds until all processes must have ended
MOMENTS = 20
PHASES = ("building", "running", "gathering", "writing")
DIFFERENCES = {  # what the processes of a script do otherwise, and what the error names
    "sim.Population(3 + rank, sim.IF_curr_exp(), label='uneven')\nsim.run(1.0)": "population 'uneven'",
    NETWORK + """
connector = sim.FixedProbabilityConnector(0.5, rng=NumpyRNG(seed=rank))
sim.Projection(cells, cells, connector, label='ranked')
sim.run(1.0)
""": "projection 'ranked'",
    NETWORK + """
sim.run(1.0)
if rank == 1:
    sim.Projection(cells, cells, sim.OneToOneConnector(), label='late')
sim.run(1.0)
""": "at a change",
    NETWORK + "sim.run(1.0 + rank)": "the steps to run",
    NETWORK + "sim.run(1.0)\nif rank == 0: cells.get_data()": "the end of the script",
    NETWORK + "import sys\nif rank == 1: sys.exit(3)\nsim.run(1.0)": "the end of the script",
}  # fmt: skip
RECORDING = """
import os, signal, sys, time
sim.setup(timestep=0.1, record_to=FOLDER)
cells = sim.Population(7, sim.IF_curr_exp(i_offset=1.0), label='cells')
cells.record(['spikes', 'v'])
sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01, delay=0.5))
"""
IN_A_CALLBACK = """
def callback(t):
    if rank == 1 and t >= 20:
        raise ValueError('what went wrong')
    return t + 10
sim.run(100.0, callbacks=[callback])
"""
NOT_FINITE = """
for _ in range(3):
    sim.StepCurrentSource(times=[20.0], amplitudes=[-1e308]).inject_into(cells[6:])
sim.run(100.0)
"""
OF_ONE = """
class Wrong:
    def __call__(self, t):
        if rank == 0 and t >= 20:
            os.kill(os.getpid(), signal.SIGINT)
        return t + 10
sim.run(100.0, callbacks=[Wrong()])
"""
OUT_OF_MEMORY = """
import resource
sim.run(20.0)
if rank == 1:
    used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**27, used + 2**27))
many = sim.Population(9000, sim.IF_curr_exp(), label='many')
sim.Projection(many, many, sim.FixedProbabilityConnector(0.2, rng=NumpyRNG(seed=1)), label='too much')
"""


def recorded(folder):
    """Up to which step each process has written its recordings, which are there as a whole."""
    steps = []
    for path in sorted(folder.glob("segment000/time.*.json")):
        last = json.loads(path.read_text())["last_step"]
        samples = np.load(next(path.parent.glob(f"*-v.{path.suffixes[0][1:]}.npy")))
        assert len(samples) > last and samples[last].all()
        steps.append(last)
    return steps


@pytest.mark.parametrize(
    ("script", "words", "step"),
    [
        (IN_A_CALLBACK, "Process 1 of 2 has failed:\nTraceback", 200),
        (NOT_FINITE, "no longer a finite number", 201),
        (OF_ONE, "Process 0 of 2 has failed:\nTraceback", 200),
        (OUT_OF_MEMORY, "'too much'", 200),
    ],
)
def test_what_was_recorded_is_complete_in_all_processes(script, words, step, tmp_path):
    said = failure(RECORDING.replace("FOLDER", repr(str(tmp_path))) + script)
    assert words in said
    assert recorded(tmp_path) == [step, step]


@pytest.mark.parametrize("script", DIFFERENCES)
def test_processes_that_differ_are_told_so(script):
    said = failure(script)
    assert "DifferentProcesses" in said and DIFFERENCES[script] in said


@pytest.mark.skipif(not can_mount(), reason="needs disks of its own")
def test_a_full_disk_is_an_error_in_all_processes(tmp_path):
    """Which all can do something about: it is that of process 0."""
    code = """
import pyNN_fastsim as sim
sim.setup(timestep=0.1)
cells = sim.Population(50, sim.IF_curr_exp(i_offset=1.0), label='cells')
cells.record('v')
sim.run(100.0)
try:
    cells.write_data('a.pkl')
except OSError as error:
    print(error, flush=True)
cells[:2].write_data('b.pkl')
"""
    script = f"""
import subprocess, sys
sys.exit(subprocess.run({command(2)} + ["-c", {code!r}]).returncode)
"""
    done = on_small_disk(script, tmp_path, "150k", **environment(), TMPDIR="/tmp")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("The data of 'cells' can't be written to 'a.pkl': No space left on device") == 2


def test_ctrl_c_ends_all(tmp_path):
    """Which mpirun gets, and ends the others: these write what they have."""
    script = RECORDING.replace("FOLDER", repr(str(tmp_path))) + "sim.run(20.0)\nprint('here')\nsim.run(1e7)"
    run = Started(["-c", BEGINNING + script], 2)
    run.wait_for("here")
    time.sleep(0.5)
    os.kill(run.mpirun.pid, signal.SIGINT)
    assert run.seconds_until_the_end() < SOON and run.mpirun.returncode != 0
    assert len(recorded(tmp_path)) == 2 and min(recorded(tmp_path)) > 200


class Started:
    """Processes that run a script, which says who they are."""

    def __init__(self, arguments, n):
        self.mpirun = subprocess.Popen(
            [*command(n), *map(str, arguments)], env=environment(), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.lines = []

    def wait_for(self, line):
        while line not in self.lines:
            read = self.mpirun.stdout.readline()
            assert read, self.lines
            self.lines.append(read.replace("\x1b[0m", "").strip())

    def seconds_until_the_end(self):
        """Seconds until mpirun and all processes that it has started have ended."""
        began = time.monotonic()
        pids = [int(line.split()[2]) for line in self.lines if line.startswith("process ")]
        self.lines += self.mpirun.communicate(timeout=SECONDS)[0].replace("\x1b[0m", "").splitlines()
        while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() - began < SECONDS:
            time.sleep(0.05)
        return time.monotonic() - began


def killed(phase, seed, folder):
    """Kill one of four processes at a random moment of a phase; returns how long the others took to end."""
    moments = random.Random(f"{phase} {seed}")
    run = Started([TESTS / "mpi_killed.py", folder], 4)
    while sum(line.startswith("process ") for line in run.lines) < 4:
        run.wait_for(next_line(run))
    for _ in range(moments.randint(1, 2) if seed else 1):
        run.lines = [line for line in run.lines if line != f"at {phase}"]
        run.wait_for(f"at {phase}")
    pids = [int(line.split()[2]) for line in run.lines if line.startswith("process ")]
    time.sleep(moments.uniform(0.0, 0.3))
    os.kill(moments.choice(pids), signal.SIGKILL)
    seconds = run.seconds_until_the_end()
    assert run.mpirun.returncode != 0
    for line in run.lines:
        if line.startswith("written ") and line.endswith(".pkl"):
            with open(folder / line.split()[1], "rb") as file:
                assert pickle.load(file).segments[0].analogsignals[0].shape == (1001, 300)
    for path in folder.glob("records*/segment000/*"):
        if path.suffix == ".npy":
            np.load(path)
        elif path.suffix == ".json":
            json.loads(path.read_text())
    return seconds


def next_line(run):
    line = run.mpirun.stdout.readline().strip()
    run.lines.append(line)
    return line


@pytest.mark.parametrize("phase", PHASES)
def test_if_one_is_killed_all_end(phase, tmp_path):
    assert killed(phase, 0, tmp_path) < SOON


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(1, 1 + MOMENTS // len(PHASES)))
@pytest.mark.parametrize("phase", PHASES)
def test_if_one_is_killed_at_any_moment_all_end(phase, seed, tmp_path):
    seconds = killed(phase, seed, tmp_path)
    print(f"{phase}: {seconds:.2f} s")
    assert seconds < SOON
