"""`import pyNN_fastsim as sim` gives a script all that it finds in PyNN's other backends."""

import subprocess
import sys
from types import ModuleType

import pyNN.mock
import pytest
from pyNN.standardmodels import StandardCellType, StandardModelType

import pyNN_fastsim as sim

# What pyNN.mock and pyNN.nest have beside the API, by the reason why it isn't here.
EXCEPTIONS = {
    "particular to NEST": {
        "nest", "nestml", "NativeCellType", "NativeElectrodeType", "NativeSynapseType",
        "native_electrode_type", "NestCurrentSource",
        "NestStandardCurrentSource", "NESTSynapseMixin", "NESTConnectorMixin", "Multimeter",
        "RecordingDevice", "SpikeDetector", "adjust_spike_times_backward", "adjust_spike_times_forward",
        "make_sli_compatible", "conversion", "DefaultCSAConnector",
    },
    "particular to the mock": {"MockCurrentSource"},
    "how a backend is written: base classes and helpers of PyNN, which scripts import from PyNN": {
        "ArrayParameter", "LazyArray", "ParameterSpace", "Sequence", "AbstractRNG",
        "FixedNumberConnector",
        "IndexBasedExpression", "StandardCurrentSource", "StandardSynapseType", "build_translations",
        "unsupported", "csa", "haveCSA", "cells", "electrodes", "receptors", "state", "synapses",
        "deepcopy",
    },
    "functions of NumPy, which pyNN.connectors lets out": {
        "arccos", "arcsin", "arctan", "arctan2", "ceil", "cos", "cosh", "e", "exp", "fabs", "floor",
        "fmod",
        "hypot", "ldexp", "log", "log10", "maximum", "minimum", "modf", "pi", "power", "repeat", "sin",
        "sinh", "sqrt", "tan", "tanh",
    },
}  # fmt: skip

API = """
    setup run run_until run_for reset end initialize get_current_time get_time_step get_min_delay
    get_max_delay num_processes rank create connect set record record_v record_gsyn list_standard_models
    Population PopulationView Assembly Projection Network Space Line Grid2D Grid3D RandomStructure Cuboid
    Sphere NumpyRNG GSLRNG NativeRNG RandomDistribution errors random space
    AllToAllConnector OneToOneConnector FixedProbabilityConnector DistanceDependentProbabilityConnector
    DisplacementDependentProbabilityConnector IndexBasedProbabilityConnector FixedNumberPreConnector
    FixedNumberPostConnector FixedTotalNumberConnector FromListConnector FromFileConnector ArrayConnector
    CloneConnector CSAConnector SmallWorldConnector
    StandardTextFile PickleFile NumpyBinaryFile StaticSynapse DCSource StepCurrentSource
    ACSource NoisyCurrentSource
    STDPMechanism SpikePairRule Vogels2011Rule AdditiveWeightDependence MultiplicativeWeightDependence
    GutigWeightDependence AdditivePotentiationMultiplicativeDepression TsodyksMarkramSynapse
    native_cell_type native_synapse_type
    MultiQuantalSynapse SimpleStochasticSynapse StochasticTsodyksMarkramSynapse ElectricalSynapse
""".split()


def public(module):
    return {name for name in vars(module) if not name.startswith("_")}


@pytest.mark.parametrize("backend", ["pyNN.mock", pytest.param("pyNN.nest", marks=pytest.mark.compare)])
def test_names_of_other_backends(backend):
    other = pytest.importorskip(backend)
    missing = public(other) - public(sim)
    assert missing - set().union(*EXCEPTIONS.values()) == set()


def test_exceptions_are_needed():
    names = [name for names in EXCEPTIONS.values() for name in names]
    assert len(names) == len(set(names))
    assert not set(names) & public(sim)


@pytest.mark.parametrize("name", API)
def test_the_api(name):
    assert hasattr(sim, name)


def test_list_standard_models():
    names = sim.list_standard_models()
    assert set(names) >= {
        "IF_curr_exp", "IF_curr_alpha", "IF_curr_delta", "IF_cond_exp", "IF_cond_alpha", "HH_cond_exp",
        "IF_cond_exp_gsfa_grr", "IF_facets_hardware1", "EIF_cond_alpha_isfa_ista", "EIF_cond_exp_isfa_ista",
        "Izhikevich", "GIF_cond_exp", "PointNeuron", "SpikeSourceArray", "SpikeSourcePoisson",
        "SpikeSourcePoissonRefractory", "SpikeSourceGamma", "SpikeSourceInhGamma",
    }  # fmt: skip
    assert len(names) == len(set(names))
    sim.setup()
    for name in names:
        cell = getattr(sim, name)
        assert issubclass(cell, StandardCellType) and cell.__doc__
        made = cell(sim.LIF(), AMPA=sim.ExpPSR()) if name == "PointNeuron" else cell()
        assert sim.Population(2, made).size == 2
        assert issubclass(cell, getattr(pyNN.standardmodels.cells, name))


def test_models_are_of_this_backend():
    """No class of PyNN's that merely describes a model slips in, to fail when it is used."""
    for name in public(sim):
        obj = getattr(sim, name)
        if isinstance(obj, type) and issubclass(obj, StandardModelType):
            assert obj.__module__.startswith("pyNN_fastsim.") or name == "StandardCellType"


def run(script):
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


def test_star_import():
    script = (
        "from pyNN_fastsim import *\n"
        "setup(); p = Population(2, IF_curr_exp(i_offset=1.5)); p.record('spikes'); run(20.0)\n"
        "print(len(p.get_data().segments), get_current_time(), *dir())"
    )
    segments, time, *names = run(script)
    assert (segments, time) == ("1", "20.0")
    assert set(API) <= set(names)


def test_star_import_hides_no_builtin_and_no_module_of_others():
    """`set` is PyNN's, everywhere; modules that come along are ours, PyNN's, or in pyNN.nest too."""
    import builtins

    assert public(sim) & set(dir(builtins)) <= {"set"}
    modules = {name for name in sim.__all__ if isinstance(getattr(sim, name), ModuleType)}
    assert modules == {"errors", "files", "random", "space"}


def test_importing_compiles_nothing_and_is_quiet():
    script = (
        "import warnings; warnings.simplefilter('error', UserWarning)\n"
        "import pyNN_fastsim as sim\n"
        "from pyNN_fastsim.engine.neurons import kernel\n"
        "print(len(kernel._kernels))"
    )
    assert run(script) == ["0"]


def test_old_names_are_still_there():
    sim.setup()
    p = sim.Population(3, sim.IF_curr_exp())
    with pytest.warns(DeprecationWarning):
        p.tset("tau_m", [1, 2, 3])
    with pytest.warns(DeprecationWarning):
        sim.set(p, cm=2.0)
    with pytest.warns(DeprecationWarning):
        p.record_v()
    p.record("spikes")
    sim.initialize(p, v=-60.0)
    assert p.get(["tau_m", "cm"])[0].tolist() == [1, 2, 3]
    sim.run(1.0)
    with pytest.warns(DeprecationWarning):
        assert p.get_v().segments[0].analogsignals[0].magnitude[0].tolist() == [-60] * 3
    with pytest.warns(DeprecationWarning):
        assert p.meanSpikeCount() == 0
