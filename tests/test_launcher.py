"""``python -m pyNN_fastsim script.py`` runs scripts for other backends as if they named this one."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(importlib.util.find_spec("pyNN_fastsim").origin).parent
USE = "sim.setup(); print(sim.__name__, sim.Population(2, sim.IF_curr_exp()).size)"
USED = "pyNN_fastsim 2\n"


@pytest.fixture
def script(tmp_path):
    """A function that writes a script and returns its path."""

    def write(source, name="script.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
        return path

    return write


def launch(*arguments, cwd=None):
    """Run the launcher; return the finished process, with its output as text."""
    command = [sys.executable, "-m", "pyNN_fastsim", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def output(*arguments, cwd=None):
    """What a script prints, if it succeeds."""
    process = launch(*arguments, cwd=cwd)
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_import_statements(script):
    path = script("""
import importlib
import pyNN_fastsim

import pyNN.nest as nest_as
import pyNN.neuron
from pyNN import brian2
import pyNN.mock, pyNN.arbor
from pyNN.nest import *
from pyNN.neuron import Population as NeuronPopulation
import pyNN.fastsim

imported = importlib.import_module("pyNN.nest")
for module in nest_as, pyNN.neuron, brian2, pyNN.mock, pyNN.arbor, pyNN.fastsim, imported:
    assert module is pyNN_fastsim, module
assert Population is NeuronPopulation is pyNN_fastsim.Population

names = {}
exec("from pyNN.%s import *" % "brian", names)
assert names["Population"] is Population

setup()
population = Population(2, IF_curr_exp())
network = nest_as.Network(population)
assert network.sim is pyNN_fastsim
assert pyNN_fastsim.__name__ == pyNN_fastsim.__spec__.name == "pyNN_fastsim"
print("done")
""")
    assert output(path) == "done\n"


def test_submodules(script):
    path = script("""
import sys
import pyNN.nest.standardmodels.cells
import pyNN.nest.random as nest_random
from pyNN.neuron.standardmodels.cells import IF_curr_exp
import pyNN_fastsim.standardmodels.cells as cells
import pyNN_fastsim.random

assert pyNN.nest.standardmodels.cells is cells
assert IF_curr_exp is cells.IF_curr_exp
assert nest_random is pyNN_fastsim.random
for name, module in list(sys.modules.items()):
    assert not name.startswith("pyNN.nest") or module.__name__.startswith("pyNN_fastsim"), module
try:
    import pyNN.nest.conversion
except ImportError as error:
    print(error)
""")
    assert output(path) == (
        "No module named 'pyNN.nest.conversion': pyNN.nest stands for pyNN_fastsim here, "
        "which has no module 'conversion'\n"
    )


def test_other_modules_keep_their_meaning(script):
    path = script("""
import pyNN.random, pyNN.utility, pyNN.standardmodels.cells
assert pyNN.random.__spec__.name == "pyNN.random"
for name in "nest", "pyNN.nesst":
    try:
        __import__(name)
    except ImportError as error:
        print(error)
""")
    script("raise ImportError('this is PyNEST')", name="nest.py")
    assert output(path, "random", "utility") == "this is PyNEST\nNo module named 'pyNN.nesst'\n"


@pytest.mark.parametrize("name", ["nest", "fastsim", "some_other_backend"])
def test_get_simulator(script, name):
    path = script(f"""
from pyNN.utility import get_simulator
sim, options = get_simulator(("n", "a number"), ("--flag", "a flag", {{"action": "store_true"}}))
print(options.simulator, options.n, options.flag)
{USE}
""")
    assert output(path, name, "17", "--flag") == f"{name} 17 True\n{USED}"


def test_get_script_args(script):
    path = script(f"""
from pyNN.utility import get_script_args
name, number = get_script_args(2)
exec("import pyNN.%s as sim" % name)
print(number)
{USE}
""")
    assert output(path, "neuron", "3") == f"3\n{USED}"


def test_script_sees_what_it_would_see_without_the_launcher(script):
    source = """
import sys
import neighbour
OPTIONAL = "__annotations__", "__builtins__", "__cached__"
print(__name__, __file__, sys.argv, sys.path[0], neighbour.__name__)
print(sorted(name for name in globals() if name not in OPTIONAL))
print(__doc__, __package__, __spec__, sys.modules["__main__"].__dict__ is globals())
"""
    path = script(source, name="scripts/look.py")
    script("", name="scripts/neighbour.py")
    folder = path.parent.parent
    arguments = ["scripts/look.py", "nest", "--help", "--", "-x"]
    plain = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    assert output(*arguments, cwd=folder) == plain.stdout


def test_encoding_and_docstring(tmp_path):
    path = tmp_path / "latin.py"
    path.write_bytes("# coding: latin-1\n'''\u00e9t\u00e9'''\nprint(ascii(__doc__))\n".encode("latin-1"))
    assert output(path) == "'\\xe9t\\xe9'\n"


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    raise ValueError('wrong')\n\n\nf()\n",
        "try:\n    1 / 0\nexcept ArithmeticError:\n    {}['missing']\n",
        "x = 1\ny = = 2\n",
        "import sys\nsys.excepthook = lambda *e: print(e[1], e[2].tb_frame.f_code.co_name)\n1 / 0\n",
        "import sys\nsys.exit('stopped')\n",
        "import sys\nsys.exit(3)\n",
        "raise SystemExit\n",
    ],
    ids=["exception", "chained", "syntax error", "own hook", "exit text", "exit code", "SystemExit"],
)
def test_failures_look_as_without_the_launcher(script, source):
    path = script(source)
    plain = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    process = launch(path)
    assert process.stderr == plain.stderr
    assert process.stdout == plain.stdout
    assert process.returncode == plain.returncode


def test_missing_script(tmp_path):
    process = launch(tmp_path / "absent.py")
    assert process.returncode == 2
    assert process.stderr.startswith("usage: fastsim")
    assert process.stderr.endswith(f"no such script: {tmp_path}{os.sep}absent.py\n")


def test_no_script():
    process = launch()
    assert process.returncode == 2
    assert "script" in process.stderr


def test_help():
    assert "Run a PyNN script" in output("--help")


def test_what_other_backends_have(script):
    path = script("""
import pyNN.nest as nest
import spynnaker8 as sim
import pyNN_fastsim

assert nest is pyNN_fastsim
assert sim is not pyNN_fastsim
assert sim.StaticSynapse is pyNN_fastsim.StaticSynapse
for here in nest, sim:
    here.setup(timestep=1.0)
    population = here.Population(2, here.SpikeSourceArray(spike_times=[5.0]))
    population.record("spikes")
    here.run(10.0)
    print([train.annotations["source_id"] for train in population.get_data().segments[0].spiketrains])
assert not hasattr(pyNN_fastsim, "name")
sim.set_number_of_neurons_per_core(sim.IF_curr_exp, 100)
""")
    process = launch(path)
    assert process.returncode == 0, process.stderr
    assert process.stdout == "[0, 1]\n[0, 1]\n"
    assert f"{path}:16: UserWarning: set_number_of_neurons_per_core() has no meaning" in process.stderr


def test_other_backends_are_the_launchers_alone():
    process = subprocess.run(
        [sys.executable, "-c", "import pyNN_fastsim, sys; print('pyNN_fastsim.foreign' in sys.modules)"],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout == "False\n"
