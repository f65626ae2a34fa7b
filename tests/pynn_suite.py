"""
PyNN's own tests and examples on this backend: a script, which pytest doesn't collect.

    python tests/pynn_suite.py [PyNN's sdist, or the folder it was unpacked into] [--folder FOLDER]

Without a path, pip downloads the sdist of the PyNN that is installed. The tests are copied into a temporary
folder (or into FOLDER, to look at them afterwards), where every import of another backend gives this one;
nothing of PyNN's is kept here. What is expected to fail, and why, stands in `EXPECTED` and `EXAMPLES`. Prints
what fails, by reason, and what passes although it is expected to fail; exits with 1 if anything else did.
"""

import argparse
import fnmatch
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

# What fails by the reason for it: patterns of tests.
EXPECTED = {
    "wants get() without addresses in the order of `connections`; here it is that of set()": [
        "system/scenarios/test_connection_handling.py::test_connection_access_weight_and_delay*",
    ],
    "wants a generator that is not parallel-safe to draw for own cells only; here it draws for all, of which "
    "those of own cells count": [
        "unittests/test_connectors_parallel.py::*::test_with_replacement_parallel_unsafe",
        "unittests/test_population.py::*::test_set_random_distribution_parallel_unsafe",
    ],
    "wants the two spikes a cell that pyNN.mock makes up, whatever the cells": [
        "unittests/test_*.py::*::test_get_spike_counts",
        "unittests/test_*.py::*::test_mean_spike_count",
        "unittests/test_population.py::*::test_get_spikes_with_gather",
        "unittests/test_populationview.py::*::test_get_data_with_gather",
    ],
    "has delays below setup()'s min_delay, which pyNN.mock doesn't look at": [
        "unittests/test_connectors_serial.py::TestFromListConnector::test_with_plastic_synapse",
        "unittests/test_connectors_serial.py::TestFromFileConnector::*_not_distributed",
        "unittests/test_connectors_parallel.py::TestFromListConnector::test_connect_with_valid_list",
        "unittests/test_connectors_parallel.py::TestFromListConnector::test_with_*_synapse",
        "unittests/test_connectors_parallel.py::TestFromFileConnector::test_*_distributed",
    ],
    "hands over a unittest.mock.Mock, which is no current source and no generator": [
        "unittests/test_assembly.py::*::test_inject",
        "unittests/test_population*.py::*::test_inject",
        "unittests/test_population*.py::*::test_sample",
    ],
    "asks NEST, or its native models, by their own names": [
        "system/test_nest.py::test_*native*",
        "system/test_nest.py::test_ticket240",
        "system/test_nest.py::test_tsodyks_markram_synapse",
        "system/test_nest.py::test_issue529",
        "unittests/test_nest.py::TestFunctions::test_setup",
        "unittests/test_nest.py::*::test__get_native_parameters",
        "unittests/test_nest.py::*::test_create_with_native_synapse",
        "unittests/test_nest.py::*::test_create_with_homogeneous_common_properties",
        "unittests/test_nest.py::*::test_stdp_set_tau_minus",
        "system/test_nest_nestml.py::*",
    ],
    "wants tau_minus drawn for each connection to be refused, which NEST can't have": [
        "system/test_nest.py::test_issue662[ab]",
    ],
    "asks Brian 2 for its own object": ["system/test_brian2.py::test_tsodyks_markram_synapse"],
}

# Arguments of the examples, or why one can't run; the others are run with "fastsim" alone.
EXAMPLES = {
    "VAbenchmarks.py": ["fastsim", "COBA"],
    "distrib_example.py": "needs MPI",
    "nineml_brunel.py": "needs the package nineml",
    "nineml_neuron.py": "needs the package nineml",
    "nrn_artificial_cell.py": "has cells that only NEURON has (IntFire1, ...)",
    "simpleRandomNetwork_csa.py": "gives PyNN's generator an argument that it no longer has, mask_local",
}

# Every test imports this backend, whatever it names. A stand-in for NEST's native synapses lets those tests
# begin that don't go on to use them. Tests that pretend to be one of several processes, as with pyNN.mock,
# own cells in turn, as there, and are told nothing by the others.
CONFTEST = """
import json
import sys

import numpy as np
import pytest
import pyNN_fastsim
from pyNN_fastsim import localising, simulator
from pyNN_fastsim.aliases import install
from pyNN_fastsim.populations import _Cells
from pyNN_fastsim.processes import processes

install("arbor", "brian2", "fastsim", "mock", "nest", "neuron")


class PretendingState(type(simulator.state)):
    mpi_rank = property(lambda self: processes.rank, lambda self, rank: setattr(processes, "rank", rank))
    num_processes = property(lambda self: processes.size, lambda self, size: setattr(processes, "size", size))


def is_own(ids):
    return np.asarray(ids) % processes.size == processes.rank


def own_synapses(synapses):
    return is_own(simulator.state.network.blocks[synapses.target].first_id + synapses.targets)


def gathered(what, value, everywhere=False):
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], dict):  # connections
        n = len(value[1]["presynaptic_index"])
        value = localising.runs_of(np.arange(n)), value[1]
    return [value]


def setup(*args, num_processes=1, rank=0, **kwargs):
    processes.size, processes.rank = num_processes, rank
    return real_setup(*args, **kwargs)


simulator.state.__class__ = PretendingState
simulator.exchange_between = lambda: None
processes.gather, processes.agree = gathered, lambda what, value=None: None
real_mask = _Cells._mask_local
_Cells._mask_local = property(
    lambda self: real_mask.fget(self) if processes.together else is_own(self.all_cells), real_mask.fset
)
localising._own = own_synapses
real_setup = pyNN_fastsim.setup
for name, module in list(sys.modules.items()):
    if name.startswith("pyNN") and getattr(module, "setup", None) is real_setup:
        module.setup = setup


@pytest.fixture(autouse=True)
def as_it_was(request, monkeypatch):
    stand_in = lambda name: type(name, (), {})
    monkeypatch.setattr(pyNN_fastsim, "native_synapse_type", stand_in, raising=False)
    yield
    processes.size, processes.rank = 1, 0

def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        why = report.longrepr[-1] if report.skipped else getattr(report.longrepr, "reprcrash", None)
        line = json.dumps([report.nodeid, report.outcome, str(getattr(why, "message", why))])
        with open("reports.jsonl", "a") as file:
            print(line, file=file)
"""
# Takes the place of the one that runs a scenario on each of PyNN's backends.
FIXTURES = """
import pytest
import pyNN_fastsim

def run_with_simulators(*names):
    return pytest.mark.parametrize("sim", [pytest.param(pyNN_fastsim, id="fastsim")])
"""


def main():
    parser = argparse.ArgumentParser(description="Run PyNN's own tests and examples on pyNN_fastsim.")
    parser.add_argument("pynn", nargs="?", type=Path, help="PyNN's sdist, or the folder it was unpacked into")
    parser.add_argument("--folder", type=Path, help="where to run, instead of a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        pynn = unpacked(options.pynn or downloaded(folder), folder)
        as_expected = run_tests(pynn, folder / "test") & run_examples(pynn, folder / "examples")
    sys.exit(0 if as_expected else 1)


def downloaded(folder):
    """The path of the sdist of the PyNN that is installed."""
    version = importlib.metadata.version("PyNN")
    command = ["download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", f"PyNN=={version}"]
    subprocess.run([sys.executable, "-m", "pip", *command, "-d", str(folder)], check=True)
    return next(folder.glob("*.tar.gz"))


def unpacked(path, folder):
    """The folder with PyNN's `test` and `examples`."""
    if path.is_dir():
        return path.resolve()
    with tarfile.open(path) as archive:
        archive.extractall(folder / "sdist", filter="data")
    return next((folder / "sdist").iterdir())


def run_tests(pynn, folder):
    """Run PyNN's tests in a new folder; returns whether all came out as expected."""
    shutil.copytree(pynn / "test", folder)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "system" / "scenarios" / "fixtures.py").write_text(FIXTURES)
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", "--tb=no", "--rootdir=."]
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment(), capture_output=True, text=True
    )
    if done.returncode > 1:  # not because tests failed
        sys.exit(done.stdout + done.stderr)
    reports = [json.loads(line) for line in (folder / "reports.jsonl").read_text().splitlines()]
    print("tests:", dict(Counter(outcome for _, outcome, _ in reports)))
    title = (
        "skipped, in PyNN's words (a package is missing, or what a file imports from its own backend only)"
    )
    count(title, [message for _, outcome, message in reports if outcome == "skipped"])
    failed = [(test, message) for test, outcome, message in reports if outcome == "failed"]
    count("failed, as expected", [reason for test, _ in failed if (reason := reason_for(test))])
    unexpected = [f"{test}: {message.splitlines()[0]}" for test, message in failed if not reason_for(test)]
    # Patterns of files may hit some that pass.
    passed = [test for test, outcome, _ in reports if outcome == "passed" and reason_for(test)]
    too_good = [test for test in passed if reason_for(test, whole_files=False)]
    count("FAILED", unexpected)
    count("PASSED although expected to fail", too_good)
    return not unexpected and not too_good


def reason_for(test, whole_files=True):
    """The reason why a test is expected to fail; None if there is none."""
    name = test.removesuffix("[fastsim]")
    for reason, patterns in EXPECTED.items():
        for pattern in patterns:
            if fnmatch.fnmatchcase(name, pattern) and (whole_files or not pattern.endswith("::*")):
                return reason
    return None


def run_examples(pynn, folder):
    """Run PyNN's examples in a new folder; returns whether all came out as expected."""
    shutil.copytree(pynn / "examples", folder)
    (folder / "Results").mkdir(exist_ok=True)
    outcomes, unexpected = [], []
    for script in sorted(folder.glob("*.py")):
        arguments = EXAMPLES.get(script.name, ["fastsim"])
        expected = isinstance(arguments, str)
        command = ["-m", "pyNN_fastsim", script.name, *(["fastsim"] if expected else arguments)]
        done = subprocess.run(
            [sys.executable, *command], cwd=folder, env=environment(), capture_output=True, text=True
        )
        outcomes.append(f"cannot run: {arguments}" if expected and done.returncode else "ran")
        if bool(done.returncode) != expected:
            last = done.stderr.strip().splitlines()[-1:]
            unexpected.append(f"{script.name}: exit status {done.returncode}, {''.join(last)}")
    count("examples", outcomes)
    count("examples NOT AS EXPECTED", unexpected)
    return not unexpected


def environment():
    """Of a process that imports this checkout, and draws no windows."""
    root = str(Path(__file__).resolve().parent.parent)
    paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": paths, "MPLBACKEND": "Agg"}


def count(title, lines):
    """Print how often each line occurs."""
    if lines:
        print(f"\n{title}: {len(lines)}")
    for line, n in Counter(lines).most_common():
        print(f"  {n:4d}  {line}")


if __name__ == "__main__":
    main()
