"""
Runs of a script on several simulators, each in a process of its own, which may fail or hang.
"""

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from .outcome import Outcome, read_outcome

OBSERVER = Path(__file__).with_name("observer.py")
NEEDED = {"nest": "nest", "neuron": "neuron", "brian2": "brian2"}  # the package that a backend needs


def run_backend(backend, script, arguments, seed=0, timeout=None, python=None, keep=None):
    """Run a script on a backend; returns the `Outcome`, which says why if there is no result.

    backend   "fastsim", "nest", ...
    seed      is added to all seeds
    timeout   seconds of wall time, or None
    python    interpreter of the environment that the backend is in; this one if None
    keep      a folder for the result and the output, or None
    """
    if python is None and (missing := missing_package(backend)):
        return Outcome(backend, seed, failure=f"not installed here: there is no package '{missing}'")
    with tempfile.TemporaryDirectory(prefix="fastsim-compare-") as scratch:
        folder = Path(keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "result.json").unlink(missing_ok=True)
        command = [python or sys.executable, os.fspath(OBSERVER), backend, os.fspath(folder), str(seed)]
        command += [os.path.abspath(script), *arguments]
        with open(folder / "output.txt", "wb") as output:
            failure = _run(command, output, timeout, None if python else _environment())
        text = (folder / "output.txt").read_text(encoding="utf-8", errors="replace")
        try:
            outcome = read_outcome(folder, backend, seed)
        except (OSError, ValueError, KeyError):
            return Outcome(backend, seed, failure=f"{failure or 'no result'}; {_last_words(text)}")
        if failure and outcome.failure is None:
            outcome.failure = failure
        return outcome


def missing_package(backend):
    """The name of a package that a backend needs and that is not installed, or None."""
    needed = NEEDED.get(backend)
    if backend == "fastsim" or (needed and importlib.util.find_spec(needed)):
        return None
    if needed is None and importlib.util.find_spec(f"pyNN.{backend}"):
        return None
    return needed or f"pyNN.{backend}"


def _run(command, output, timeout, environment):
    """Why a process failed, or None."""
    try:
        done = subprocess.run(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return f"stopped after {timeout:g} s"
    except OSError as error:
        return f"can't be started: {error.strerror}: {command[0]}"
    if done.returncode < 0:
        return f"ended by signal {-done.returncode}"
    return f"exit status {done.returncode}" if done.returncode else None


def _environment():
    """Environment variables with the place that this package was imported from: it may not be installed."""
    here = os.fspath(Path(__file__).parents[2])
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


def _last_words(text):
    """The last line of an output that says something."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]
    return next((line for line in reversed(lines) if line), "no output")[:300]
