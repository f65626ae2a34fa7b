"""
What ``pip install`` brings into an environment, and that ``pip uninstall`` takes all of it away again.

Each test has an environment of its own, with a copy of PyNN; other packages come from the environment
that runs the tests. Nothing is downloaded.
"""

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BYTECODE = shutil.ignore_patterns("__pycache__")
HOST = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
SETUPTOOLS = tuple(map(int, importlib.metadata.version("setuptools").split(".")[:2]))

pytestmark = pytest.mark.skipif(
    SETUPTOOLS < (70, 1), reason="older versions of setuptools can't build a wheel by themselves"
)

CHECK = """
import sys
assert not {"pyNN", "pyNN_fastsim", "numba"} & set(sys.modules), "the hook imports too much too early"
"""
USE = """
import sys
import pyNN.fastsim as sim
from pyNN.fastsim import *
import pyNN.fastsim.standardmodels.cells
from pyNN.fastsim.standardmodels.cells import IF_curr_exp
from pyNN.utility import get_simulator
import pyNN_fastsim
import pyNN_fastsim.standardmodels.cells as cells

assert sim is pyNN_fastsim
assert pyNN.fastsim.standardmodels.cells is cells
assert IF_curr_exp is cells.IF_curr_exp
assert sim.__name__ == sim.__spec__.name == "pyNN_fastsim"
sys.argv = ["script.py", "fastsim"]
assert get_simulator()[0] is sim
sim.setup()
assert sim.Network(sim.Population(2, IF_curr_exp())).sim is sim
try:
    import pyNN.fastsim.absent
except ImportError as error:
    assert error.name == "pyNN.fastsim.absent"
else:
    raise AssertionError("pyNN.fastsim.absent was found")
"""


class Environment:
    """A virtual environment in `folder` with a copy of PyNN, and access to the packages of HOST."""

    def __init__(self, folder):
        venv.create(folder)
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        query = "import sysconfig; print(sysconfig.get_path('purelib'))"
        self.packages = Path(self.run("-I", "-c", query).strip())
        (self.packages / "host.pth").write_text("\n".join(HOST))
        pynn = importlib.metadata.distribution("PyNN")
        for name in sorted({path.parts[0] for path in pynn.files if path.parts[0] != ".."}):
            shutil.copytree(pynn.locate_file(name), self.packages / name, ignore=BYTECODE)

    def run(self, *arguments):
        """Run Python in the environment; return what it prints. Fails the test if Python fails."""
        return run(self.python, *arguments)

    def pip(self, *arguments):
        run(sys.executable, "-m", "pip", "--python", str(self.python), *arguments)

    def contents(self):
        """Digest of every file, None for every folder; without the compiled code of PyNN."""
        paths = (path.relative_to(self.packages) for path in self.packages.rglob("*"))
        ours = (path for path in paths if path.parts[0] != "pyNN" or "__pycache__" not in path.parts)
        return {path: digest(self.packages / path) for path in ours}


def run(*command):
    process = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


@pytest.fixture
def environment(tmp_path):
    return Environment(tmp_path / "environment")


@pytest.fixture
def sources(tmp_path):
    """A copy of this project to install from: building leaves files there."""
    folder = tmp_path / "sources"
    folder.mkdir()
    for name in "LICENSE", "README.md", "pyNN_fastsim.pth", "pyproject.toml", "setup.cfg", "setup.py":
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "pyNN_fastsim", folder / "pyNN_fastsim", ignore=BYTECODE)
    return folder


@pytest.mark.parametrize("options", [[], ["--editable"]], ids=["wheel", "editable"])
def test_install_use_uninstall(environment, sources, options):
    before = environment.contents()
    environment.pip("install", "--no-index", "--no-deps", "--no-build-isolation", *options, str(sources))
    installed = environment.contents()
    assert {path: installed.get(path) for path in before} == before
    environment.run("-I", "-c", CHECK + USE)
    environment.pip("uninstall", "--yes", "pyNN_fastsim")
    assert environment.contents() == before


def test_pynn_can_be_replaced_and_removed(environment, sources):
    """The hook looks for PyNN only when asked, and has nothing in PyNN's folder."""
    environment.pip("install", "--no-index", "--no-deps", "--no-build-isolation", str(sources))
    environment.pip("uninstall", "--yes", "PyNN")
    assert not (environment.packages / "pyNN" / "__init__.py").exists()  # other files may be NEURON's
    assert environment.run("-I", "-c", "print('starts')") == "starts\n"


# In a notebook: %pip install, and then the cells below it.
WHILE_RUNNING = """
import importlib.util, subprocess, sys
assert importlib.util.find_spec("pyNN_fastsim") is None
subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL)
sys.path.append(sys.argv[1])
importlib.invalidate_caches()
import pyNN_fastsim
"""


@pytest.mark.parametrize("options", [[], ["--target"]], ids=["site-packages", "target"])
def test_installed_while_python_runs(environment, sources, tmp_path, options):
    """Python looks for .pth files only when it starts, and only in site-packages."""
    target = str(tmp_path / "target")
    pip = [sys.executable, "-m", "pip", "--python", str(environment.python), "install", "--no-index"]
    pip += ["--no-deps", "--no-build-isolation", *options, *([target] if options else []), str(sources)]
    environment.run("-I", "-c", WHILE_RUNNING + USE, target, *pip)
