"""Compiled code: made once, kept outside the package, never out of date."""

import os
import shutil
import subprocess
import sys
import types as python_types
from pathlib import Path

import numpy as np
import pytest

import pyNN_fastsim
from pyNN_fastsim.engine.compiling import cache
from pyNN_fastsim.engine.compiling.compile import Entry

pytestmark = pytest.mark.compiles

SCRIPT = """
import sys
import pyNN_fastsim as sim
print(sim.__file__)
if "run" in sys.argv:
    sim.setup(timestep=0.1)
    cells = sim.Population(3, sim.IF_curr_delta(i_offset=1.0))
    cells.record("spikes")
    synapse = sim.StaticSynapse(weight=1.0)
    sim.Projection(cells, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    sim.run(50.0)
    print(sum(cells.get_spike_counts().values()), "spikes")
from pyNN_fastsim.engine.compiling.compile import compiled
print("numba" in sys.modules, len(compiled))
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """A copy of the package, and what runs the script with it.

    That returns the script's output: [file of the package, spikes (after a run), whether Numba was
    imported, number of functions compiled].
    """
    folder = tmp_path_factory.mktemp("Übung 1, 100 % neu")
    package = folder / "pyNN_fastsim"
    shutil.copytree(Path(pyNN_fastsim.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))

    def run(*arguments, **environment):
        result = subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(folder),
                "PYTHONDONTWRITEBYTECODE": "1",
                "NUMBA_CACHE_DIR": str(folder / "cache"),
                **environment,
            },
        )
        assert result.returncode == 0, result.stderr
        assert str(package) in result.stdout
        return result.stdout.splitlines()

    return package, run


def test_import_compiles_nothing_and_does_not_need_numba(installation):
    assert installation[1]()[-1] == "False 0"


def test_second_run_compiles_nothing_and_nothing_is_written_into_the_package(installation):
    package, run = installation
    before = sorted(package.rglob("*"))
    first = run("run")
    assert first[-1] == "True 3"
    second = run("run")
    assert second[-1] == "False 0"
    assert first[1] == second[1] != "0 spikes"
    assert sorted(package.rglob("*")) == before


def test_an_edit_in_any_file_of_the_engine_is_noticed(installation):
    """The kernel is made of functions in kernel.py, but its equations are in the model's file."""
    package, run = installation
    run("run")
    model = package / "engine" / "neurons" / "iaf_psc.py"
    source = model.read_text()
    model.write_text(source.replace("spiked = (v >= v_thresh)", "spiked = (v >= v_thresh + 1e6)"))
    try:
        edited = run("run")
    finally:
        model.write_text(source)
    assert edited[1:] == ["0 spikes", "True 3"]


def test_damaged_files_are_made_anew(installation):
    package, run = installation
    first = run("run")
    folder = package.parent / "cache" / "pyNN_fastsim" / cache.fingerprint()[:32]
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_size)
    for lost, damaged in ((50, files), (-50, files[:1])):  # all of them, and the one that is made soonest
        for file in damaged:
            file.write_bytes(file.read_bytes()[:lost])
        assert run("run")[1:] == [first[1], f"True {len(damaged)}"]


def test_unwritable_cache_folders_are_passed_over(installation, tmp_path):
    """A read-only home: the cache goes to the folder for temporary files."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    unwritable = str(blocked / "folder")
    report = installation[1](
        "run", NUMBA_CACHE_DIR=unwritable, XDG_CACHE_HOME=unwritable, LOCALAPPDATA=unwritable,
        HOME=unwritable, TMPDIR=str(tmp_path),
    )  # fmt: skip
    assert report[-1] == "True 3"
    assert len(list(tmp_path.rglob("*machine_code"))) == 3


@pytest.mark.parametrize("what", ["processor", "version"])
def test_machine_code_of_two_processors_or_versions_is_kept_side_by_side(what, monkeypatch, tmp_path):
    """After an upgrade of Numba, say, nothing old is used, and what still runs with the old one goes on."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    entry = Entry(test_import_compiles_nothing_and_does_not_need_numba, 0)
    try:
        for name in "here", "elsewhere":
            monkeypatch.setattr(cache, what, lambda *_, name=name: name)
            cache.fingerprint.cache_clear()
            assert not entry.is_cached
            cache.write(entry, "symbol", name.encode())
        for name in "here", "elsewhere":
            monkeypatch.setattr(cache, what, lambda *_, name=name: name)
            cache.fingerprint.cache_clear()
            assert cache.read(entry) == ("symbol", name.encode())
    finally:
        cache.fingerprint.cache_clear()


def test_a_number_of_numpys_that_a_function_uses_counts():
    def function(x):
        return x * NUMBER  # noqa: F821

    stamps = {
        cache.stamp("by", python_types.FunctionType(function.__code__, {"NUMBER": number}))
        for number in (1, 2, np.int64(1), np.int64(2), np.float32(1.0), np.float32(2.0))
    }
    assert len(stamps) == 6


def test_machine_code_of_cards_depends_on_them_and_on_the_compilers_version(monkeypatch):
    from pyNN_fastsim.engine.cuda import machine_code

    found = {machine_code.fingerprint((9, 0)), machine_code.fingerprint((8, 0))}
    monkeypatch.setattr(machine_code, "version_of", lambda package: "0.0")
    machine_code.fingerprint.cache_clear()
    found.add(machine_code.fingerprint((9, 0)))
    machine_code.fingerprint.cache_clear()
    assert len(found | {cache.fingerprint()}) == 4
