"""Mistakes of a student's first weeks: each gives one short message that says what, where and what to do."""

import re
import subprocess
import sys
import traceback
import warnings

import pytest
from own_cells import OwnIF
from pyNN import errors

import pyNN_fastsim as sim
from pyNN_fastsim import other_names, simulator

NETWORK = """
import numpy as np
import pyNN.mock as mock
import quantities as pq
from pyNN.random import NumpyRNG
import pyNN_fastsim as sim
mock.setup()
sim.setup(timestep=0.1)
p = sim.Population(10, sim.IF_curr_exp(), label="p")
q = sim.Population(10, sim.IF_cond_exp(), label="q")
source = sim.Population(10, sim.SpikeSourcePoisson(rate=20.0), label="noise")
one, every = sim.OneToOneConnector(), sim.AllToAllConnector()
static = sim.StaticSynapse(weight=0.01)
random = sim.RandomDistribution("normal", (0.0, 0.1), rng=NumpyRNG(1))
"""

Parameter, Name = errors.InvalidParameterValueError, errors.NonExistentParameterError
Connection, Recording, Model = errors.ConnectionError, errors.RecordingError, errors.InvalidModelError
Size = errors.InvalidDimensionsError

# What is written, what it gives (an error, or UserWarning where the script goes on), and what that says.
MISTAKES = [
    # parameters that are in the wrong place
    ("sim.Population(10, sim.IF_curr_exp, tau_m=10.0)", TypeError, "tau_m is a parameter of IF_curr_exp",
     "IF_curr_exp(tau_m=...)"),
    ("sim.Population(10, sim.IF_curr_exp(), v_rest=-60.0)", TypeError,
     "v_rest is a parameter of IF_curr_exp"),
    ("sim.Population(10, sim.IF_curr_exp(), tau_n=10.0)", TypeError, "'tau_n'", "IF_curr_exp(tau_m=...)"),
    ("sim.Population(10, sim.IF_curr_exp(), {'tau_m': 10.0})", ValueError, "cellparams",
     "give them as IF_curr_exp(tau_m=10.0)"),
    ("sim.Population(10, sim.IF_curr_exp, 20.0)", TypeError, "cellparams must be a dict", "not 20.0",
     "they have names"),
    ("sim.Population(10, sim.IF_curr_exp, [('tau_m', 10.0)])", TypeError, "cellparams must be a dict"),
    ("sim.Population(10, sim.IF_curr_exp(), 'excitatory')", TypeError, "cellparams", "label=..."),
    ("sim.IF_curr_exp(weight=1.0)", Name, "'weight' (of a synapse type: StaticSynapse(weight=...))"),
    ("sim.IF_curr_exp(v=-60.0)", Name, "'v' (a state variable: give it as initialize(v=...)"),
    ("p.set(v=-60.0)", Name, "'v' (a state variable", "IF_curr_exp"),
    ("p.initialize(v_rest=-60.0)", Name, "'v_rest' (a parameter: call set(v_rest=...))"),
    ("sim.Projection(p, q, one, weight=0.1)", TypeError, "'weight'", "StaticSynapse(weight=...)"),
    ("sim.AllToAllConnector(weight=0.1)", TypeError, "'weight'", "StaticSynapse(weight=...)"),
    ("sim.AllToAllConnector(delay=0.1)", TypeError, "'delay'", "StaticSynapse(delay=...)"),
    ("p.tau_m = 10.0", AttributeError, "Population.tau_m", "set(tau_m=...) of Population 'p'"),
    ("p.set('tau_m', 10.0)", TypeError, "set(tau_m=10.0)"),
    ("sim.Projection(p, q, one, static, 'inhibitory')", Connection, "p→q", "receptor_type='inhibitory'"),
    # units that are off by a thousand
    ("sim.Population(3, sim.IF_curr_exp(v_rest=-0.065), label='r')", UserWarning,
     "Population 'r': v_rest = -0.065 mV", "usually -90 to -40", "give -65"),
    ("sim.Population(3, sim.IF_curr_exp(cm=250.0), label='r')", UserWarning,
     "Population 'r': cm = 250 nF", "usually 0.05 to 2", "250 pF, give 0.25"),
    ("sim.Population(3, sim.IF_curr_exp(tau_m=0.02))", UserWarning, "tau_m is in ms", "0.02 s, give 20"),
    ("sim.Population(3, sim.IF_curr_exp(tau_syn_E=0.005))", UserWarning, "tau_syn_E is in ms", "give 5"),
    ("p.set(i_offset=500.0)", UserWarning, "Population 'p': i_offset = 500 nA", "500 pA, give 0.5"),
    ("p[2:4].set(cm=250.0)", UserWarning, "Population 'p': cm = 250 nF"),
    ("p[3].cm = 250.0", UserWarning, "Population 'p': cm = 250 nF"),
    ("(p[0:2] + p[4:6]).set(cm=250.0)", UserWarning, "Population 'p': cm = 250 nF"),
    ("p.initialize(v=-0.065)", UserWarning, "Population 'p': v = -0.065 mV", "give -65"),
    ("sim.Projection(source, q, one, sim.StaticSynapse(weight=500.0))", UserWarning,
     "noise→q: weight = 500 uS", "0.0005 to 0.05"),
    ("sim.Projection(source, p, one, sim.StaticSynapse(weight=500.0))", UserWarning,
     "noise→p: weight = 500 nA", "500 pA, give 0.5"),
    ("sim.Projection(source, p, one, static).set(weight=500.0)", UserWarning, "noise→p: weight = 500 nA"),
    ("sim.Projection(source, p, one, sim.StaticSynapse(weight=0.1, delay=0.0015))", Connection,
     "noise→p: delay 0.0015 ms", "for 0.0015 s give 1.5"),
    ("sim.Projection(source, p, one, sim.StaticSynapse(weight=0.1, delay=3000.0))", UserWarning,
     "noise→p: delay = 3000 ms", "3000 us, give 3"),
    ("p.inject(sim.DCSource(amplitude=500.0))", UserWarning, "DCSource: amplitude = 500 nA", "give 0.5"),
    ("sim.StepCurrentSource(times=[1.0, 9.0], amplitudes=[500.0, 0.0])", UserWarning,
     "StepCurrentSource: amplitudes = 500 nA"),
    ("sim.setup(timestep=0.0001)", UserWarning, "setup(): timestep = 0.0001 ms", "give 0.1"),
    ("sim.StaticSynapse(weight=1.0 * pq.mV)", Parameter, "StaticSynapse: weight", "plain number", "mV"),
    # time
    ("sim.run(0.04)", UserWarning, "run(0.04)", "nothing is simulated", "times are in ms"),
    ("sim.run(-10.0)", ValueError, "simtime must not be negative"),
    ("sim.run('100')", ValueError, "simtime", "'100'"),
    ("sim.run(1.0 * pq.s)", ValueError, "simtime", "give 1000"),
    ("sim.run()", TypeError, "simtime"),
    ("sim.run(10.0)\nsim.run_until(5.0)", ValueError, "time_point (5 ms) is in the past"),
    ("sim.run(10.0, lambda t: t + 1.0)", TypeError, "callbacks", "put it into a list"),
    ("sim.setup(dt=0.1)", ValueError, "'dt'", "'timestep'"),
    ("sim.setup(timestep=0)", ValueError, "timestep must be a positive number of ms"),
    ("sim.setup(0.1, time=100.0)", UserWarning, "'time'", "'timestep'"),
    # a network from before
    ("sim.setup()\np.record('v')", ValueError, "Population 'p'", "before setup()"),
    ("sim.setup()\np.set(tau_m=10.0)", ValueError, "Population 'p'", "before setup()"),
    ("sim.setup()\nsim.Projection(p, q, one, static)", Connection, "p→q", "before setup()"),
    ("sim.setup()\nr = sim.Population(10, sim.IF_curr_exp())\nsim.Projection(p, r, one, static)",
     Connection, "'p'", "before setup()"),
    # recording
    ("p.record('spikes')\nsim.run(1.0)\np.get_data('v')", Recording,
     "'v' was not recorded from population 'p', only spikes", "record('v') before the run"),
    ("sim.run(1.0)\np.get_data('v')", Recording, "'v' was not recorded", "nor was anything else"),
    ("sim.run(1.0)\np.get_spike_counts()", Recording, "'spikes' was not recorded"),
    ("sim.run(1.0)\np.get_data()", UserWarning, "Nothing was recorded from population 'p'", "record()"),
    ("p.record('v')\np.get_data('v')", UserWarning, "no data of v from population 'p' yet",
     "run() after record()"),
    ("sim.run(1.0)\np.record('v')\np.get_data('v')", UserWarning, "no data of v from population 'p' yet"),
    ("(p + q).record('v')\n(p + q).get_data('v')", UserWarning, "no data of v from assembly"),
    ("p.record('spikes')\nsim.run(1.0)\np.get_data()", UserWarning, "no spikes of population 'p'",
     "can't spike", "above 0.75 nA"),
    ("p.record('spike')", Recording, "'spike' (did you mean 'spikes'?)", "'p'"),
    ("p.record('V_m')", Recording, "'V_m' (in PyNN it is 'v')", "'p'"),
    ("p.record('gsyn_exc')", Recording, "'gsyn_exc' (did you mean 'isyn_exc'?)"),
    ("p.record('spikes, v')", Recording, "['spikes', 'v']"),
    ("p.record()", TypeError, "record('spikes')"),
    ("source.record('v')", Recording, "'v' of 'noise'"),
    ("p[0].record('v')", AttributeError, "'p'[0:1].record(...)"),
    ("p.record('v', sampling_interval=0.25)", ValueError, "Population 'p': sampling_interval", "0.1 ms"),
    ("p.record('v', to_file='data.csv')", ValueError, "'data.csv'", ".pkl"),
    ("p.record('v')\nsim.run(1.0)\np.write_data('data.dat')", ValueError, "'data.dat'", ".pkl"),
    ("sim.Projection(p, q, one, static).record('weight')", Recording, "'weight'", "get('weight', 'list')",
     "'p→q'"),
    ("sim.DCSource().get_data()", errors.NothingToWriteError, "DCSource", "record()"),
    # weights, receptors and delays
    ("sim.Projection(p, q, one, sim.StaticSynapse(weight=-0.1))", Connection, "p→q",
     "no receptor_type was given", "'inhibitory'", "give 0.1"),
    ("sim.Projection(p, q, one, sim.StaticSynapse(weight=-0.1), receptor_type='inhibitory')", Connection,
     "p→q", "reversal potential", "give 0.1"),
    ("sim.Projection(q, p, one, sim.StaticSynapse(weight=-0.1), receptor_type='excitatory')", Connection,
     "q→p", "receptor_type='inhibitory'"),
    ("sim.Projection(q, p, one, sim.StaticSynapse(weight=0.1), receptor_type='inhibitory')", Connection,
     "q→p", "give -0.1"),
    ("sim.Projection(q, p, every, sim.StaticSynapse(weight=random))", Connection, "q→p",
     "no receptor_type was given", "one sign"),
    ("sim.Projection(p, q, one, receptor_type='inhibitroy')", Connection, "p→q",
     "'inhibitroy' (did you mean 'inhibitory'?)"),
    ("sim.Projection(p, q, one, receptor_type='GABA')", Connection, "'GABA' (in PyNN it is 'inhibitory')"),
    ("sim.Projection(p, q, one, sim.StaticSynapse(weight=0.1, delay=-1.0))", Connection,
     "p→q: delay -1.0 ms", "at least one time step"),
    ("sim.Projection(p, q, one, sim.StaticSynapse(weight=0.1, delay=0.0))", Connection,
     "p→q: delay 0.0 ms", "at least one time step"),
    ("sim.Projection(p, q, one, sim.StaticSynapse(weight=0.1, delay=0.02))", Connection,
     "p→q: delay 0.02 ms", "[0.1,"),
    ("sim.Projection(p, source, one, static)", Connection, "'noise'", "spike source"),
    ("source.inject(sim.DCSource(amplitude=0.1))", TypeError, "population 'noise'", "spike source"),
    ("sim.Projection(p, q, sim.FromListConnector([(0, 10, 0.1, 1.0)]))", Connection, "p→q", "10", "0 to 9"),
    # typing errors
    ("sim.IF_curr_exp(tau_n=10.0)", Name, "'tau_n' (did you mean 'tau_m'?)"),
    ("sim.IF_cur_exp()", AttributeError, "'IF_cur_exp' (did you mean 'IF_curr_exp'?)"),
    ("sim.FixedProbabiltyConnector(0.1)", AttributeError, "did you mean 'FixedProbabilityConnector'"),
    ("sim.FixedProbabilityConnector(p_conect=0.1)", TypeError, "'p_conect' (did you mean 'p_connect'?)"),
    ("sim.FixedProbabilityConnector(p=0.1)", TypeError, "'p' (in PyNN it is 'p_connect')"),
    ("sim.StaticSynapse(wieght=0.1)", Name, "'wieght' (did you mean 'weight'?)"),
    ("sim.DCSource(amp=0.1)", Name, "'amp' (in PyNN it is 'amplitude')"),
    ("sim.Projection(p, q, one, static).get('weigth', 'list')", Name, "did you mean 'weight'"),
    ("sim.Projection(p, q, one, static).get('weight')", TypeError, "format"),
    # swapped, and classes instead of instances
    ("sim.Population(sim.IF_curr_exp, 100)", TypeError, "not 100", "the size comes first"),
    ("sim.Projection(p, q, static, one)", TypeError, "connector (argument 3)", "goes to synapse_type"),
    ("sim.Projection(one, p, q)", Connection, "presynaptic_neurons (argument 1)", "goes to connector"),
    ("sim.Projection(p, q, sim.AllToAllConnector)", TypeError, "the class AllToAllConnector itself",
     "AllToAllConnector(...)"),
    ("sim.Projection(p, q, one, sim.StaticSynapse)", TypeError, "the class StaticSynapse itself",
     "StaticSynapse(...)"),
    ("p.inject(sim.DCSource)", TypeError, "the class DCSource itself", "DCSource(...)"),
    ("sim.Projection(p, q, one, 0.1)", TypeError, "synapse_type", "StaticSynapse(weight=0.1)"),
    ("sim.Population(10, 'IF_curr_exp')", TypeError, "'IF_curr_exp'", "without quotes it is IF_curr_exp()"),
    ("sim.Population(10, sim.LIF())", TypeError, "a LIF", "part of a PointNeuron"),
    ("sim.Projection(p[0], q, one)", Connection, "cell 0 of 'p'", "[0:1]"),
    ("sim.STDPMechanism(timing_dependence=sim.SpikePairRule())", Model, "weight_dependence"),
    # values
    ("p.set(tau_m='10')", Parameter, "Population 'p': tau_m must be a number", "'10'"),
    ("p.set(tau_m=[10.0, 20.0])", Size, "Population 'p': tau_m has 2 values for 10 cells"),
    ("p.set(tau_m=float('nan'))", Parameter, "Population 'p': tau_m must be a finite number", "nan"),
    ("p.set(tau_m=-20.0)", Parameter, "Population 'p': tau_m must be positive", "-20"),
    ("p.set(v_reset=-40.0)", Parameter, "Population 'p': v_reset must be below v_thresh (-50.0)"),
    ("sim.Population('10', sim.IF_curr_exp())", ValueError, "size must be a whole number", "'10'"),
    ("sim.Population(0, sim.IF_curr_exp())", ValueError, "at least one cell", "size 0"),
    ("sim.Projection(p, q, every, sim.StaticSynapse(weight=[1.0, 2.0]))", Size,
     "p→q: 2 values of weight for 100"),
    ("sim.Projection(p, q, every, sim.StaticSynapse(weight=np.ones((3, 3))))", Size, "p→q", "(3, 3)",
     "(10, 10)"),
    ("sim.Projection(p, q, sim.FixedProbabilityConnector(10), static)", ValueError, "p_connect",
     "from 0 to 1", "10"),
    ("sim.SpikeSourceArray(spike_times=10.0)", Parameter, "spike_times must be a list", "10.0"),
    ("sim.Population(1, sim.SpikeSourceArray(spike_times=[9.0, 5.0]))", Parameter,
     "spike_times must be in increasing order"),
    ("sim.StepCurrentSource(times=[1.0, 2.0], amplitudes=[0.1])", Parameter, "2 times, but 1 amplitudes"),
    ("sim.RandomDistribution('gaussian', (0.0, 1.0))", Parameter, "'gaussian' (did you mean 'normal'?)"),
    ("sim.RandomDistribution('normal', mean=0.0, sigma=1.0)", Parameter, "mu, sigma, not mean, sigma",
     "mu=..., sigma=..."),
    ("sim.RandomDistribution('uniform', (1.0,))", Parameter, "'uniform' has 2 parameters, low, high"),
    ("sim.RandomDistribution('uniform', (1.0, 2.0), rng=42)", TypeError, "rng", "NumpyRNG(seed=42)"),
    ("sim.FixedProbabilityConnector(0.1, rng=np.random.default_rng(1))", TypeError, "rng", "Generator",
     "NumpyRNG(seed=1)"),
    ("p[10]", IndexError, "'p' has 10 cells", "10"),
    # other simulators
    ("sim.Projection(p, mock.Population(3, mock.IF_curr_exp()), one)", Connection,
     "another backend, pyNN.mock"),
    ("sim.Population(3, mock.IF_curr_exp())", Model, "IF_curr_exp", "of this backend"),
    ("sim.AdEx()", AttributeError, "in PyNN it is EIF_cond_exp_isfa_ista"),
    ("sim.iaf_psc_exp", AttributeError, "in PyNN it is IF_curr_exp"),
    ("sim.Population(10, 'iaf_psc_exp')", TypeError, "'iaf_psc_exp'", "in PyNN it is IF_curr_exp"),
    ("sim.create('iaf_psc_alpha', n=10)", TypeError, "in PyNN it is IF_curr_alpha"),
    ("sim.Create('iaf_psc_exp', 10)", AttributeError, "in PyNN it is Population(size, celltype)"),
    ("sim.Connect(p, q)", AttributeError, "in PyNN it is Projection(pre, post"),
    ("sim.Simulate(100.0)", AttributeError, "in PyNN it is run(simtime)"),
    ("sim.spike_detector", AttributeError, "record('spikes')", "get_data('spikes')"),
    ("sim.NeuronGroup(10)", AttributeError, "in PyNN it is Population(size, celltype)"),
    ("sim.StateMonitor(p, 'v')", AttributeError, "record('v')"),
    ("sim.SpikeGenerator", AttributeError, "in PyNN it is SpikeSourceArray"),
    ("sim.IClamp(p)", AttributeError, "in PyNN it is DCSource"),
    ("10 * sim.mV", AttributeError, "plain number", "mV"),
    ("sim.IF_curr_exp(C_m=0.25)", Name, "'C_m' (in PyNN it is 'cm')"),
    ("p.set(E_L=-70.0)", Name, "'E_L' (in PyNN it is 'v_rest')"),
    ("sim.IF_cond_exp(t_ref=2.0)", Name, "'t_ref' (in PyNN it is 'tau_refrac')"),
]  # fmt: skip


def told(script):
    """What a script gives that begins with the network: the error, or None, and the warnings."""
    names: dict = {}
    exec(NETWORK, names)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            exec(compile(script, "script.py", "exec"), names)
        except Exception as error:
            return error, caught
    return None, caught


@pytest.mark.parametrize("mistake", MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_told(mistake):
    """An error of one traceback, or one warning that is about a line of the script's; with these words."""
    script, kind, *words = mistake
    error, caught = told(script)
    if issubclass(kind, Warning):
        assert error is None
        (warning,) = caught
        assert warning.category is kind and warning.filename == "script.py"
        message = str(warning.message)
    else:
        assert isinstance(error, kind), error
        assert "".join(traceback.format_exception(error)).count("Traceback") == 1
        message = str(error)
    assert re.search(".*".join(map(re.escape, words)), message), message
    assert len(message) < 320 and " at 0x" not in message


def test_there_are_enough_of_them():
    assert len({script for script, *_ in MISTAKES}) == len(MISTAKES) >= 75


RIGHT = [
    "p.record('v')\nsim.run(10.0)\nsim.end()\nassert len(p.get_data().segments[0].analogsignals[0]) == 101",
    "p.record('v')\nsim.run(10.0)\nsim.reset()\nsim.run(10.0)\nassert len(p.get_data().segments) == 2",
    "for _ in range(5):\n    sim.run(0.1)\nsim.run(0.0)",
    "p.set(v_rest=0.0, v_reset=0.0, v_thresh=1.0, tau_m=1e5, cm=10.0, i_offset=0.0, tau_refrac=0.0)",
    "p.set(v_thresh=np.inf)\nq.set(e_rev_E=0.1, v_thresh=1000.0)\np.initialize(v=0.0)",
    "p.set(i_offset=[0.1] * 9 + [60.0])",
    "p.initialize(v=sim.RandomDistribution('uniform', (-1.0, 1.0), rng=NumpyRNG(1)))",
    "sim.StepCurrentSource(times=[1.0, 2.0], amplitudes=[0.0, 60.0])",
    "sim.Projection(source, p, one, sim.StaticSynapse(weight=np.eye(10), delay=1000.0))",
    "sim.Projection(source, q, one, sim.StaticSynapse(weight=20.0))",
    "sim.Projection(p, q, sim.FixedNumberPreConnector(20), static)",
    "source.set(rate=0.02)\nsource.set(rate=16000.0)",
    "p.inject(sim.DCSource(amplitude=60.0, start=1.0, stop=1.1))",
]


@pytest.mark.parametrize("script", RIGHT, ids=range(len(RIGHT)))
def test_what_may_be_meant_gives_no_message(script):
    error, caught = told(script)
    assert error is None and not caught, [str(each.message) for each in caught]


def test_once_for_each_object():
    error, caught = told("for _ in range(3):\n    p.set(cm=250.0)\n    p[1:3].set(cm=300.0)\nq.set(cm=250.0)")
    assert error is None and len(caught) == 2


def test_units_of_cell_types_of_ones_own():
    """A cell type that says that its cm is in pF may have one of 250."""

    class InPicofarad(OwnIF):
        units = {"cm": "pF"}

    sim.setup()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sim.Population(2, InPicofarad(cm=300.0))


def test_no_setup(monkeypatch):
    """The first population says so; later ones belong to the same network."""
    simulator.state.clear()
    monkeypatch.setattr(simulator.state, "is_set_up", False)
    with pytest.warns(UserWarning, match=r"setup\(\) has not been called.*timestep=0.1") as caught:
        sim.Population(1, sim.IF_curr_exp())
        sim.Population(1, sim.IF_curr_exp())
    assert len(caught) == 1 and "setup()" in repr(sim.check())
    sim.setup()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sim.Population(1, sim.IF_curr_exp())


def test_asking_whether_there_is_a_name():
    assert not hasattr(sim, "AdEx") and not hasattr(sim, "__path_of_nothing__")
    assert getattr(sim, "iaf_psc_exp", None) is None


def test_names_of_elsewhere_are_read_only_when_one_is_asked_for():
    script = "import sys, pyNN_fastsim; print('pyNN_fastsim.other_names' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_names_of_elsewhere_lead_to_exists():
    """The first name of each of the answers is one of this package, a method, or plain words."""
    for name, words in other_names.OF_MODULES.items():
        assert not hasattr(sim, name), name
        first = re.match(r"([A-Z]\w+_\w+|[A-Z]\w+)(?=[ (,]|$)", words)
        if first and first[1] != "PyNN":
            assert hasattr(sim, first[1]), words
