"""
Scripts written for backends outside PyNN run under the launcher: what only these backends have.

The scripts are run in this process, with what the launcher installs; `test_launcher.py` starts it.
"""

import pickle
import sys
import warnings

import numpy as np
import pytest

import pyNN_fastsim
from pyNN_fastsim import errors, foreign, recorded

ROOTS = tuple({name.partition(".")[0] for name in foreign.MODULES} - {"pyNN"})


@pytest.fixture
def run(monkeypatch):
    """A function that runs a script and returns its names, and the warnings."""
    monkeypatch.setattr(recorded, "former_annotations", False)
    before = set(sys.modules)
    finder = foreign.install()

    def run(source, **names):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            exec(compile(source, "script.py", "exec"), names)
        return names, [str(warning.message) for warning in caught]

    yield run
    sys.meta_path.remove(finder)
    for name in set(sys.modules) - before:
        if name.startswith((*ROOTS, "pyNN.spiNNaker")):
            del sys.modules[name]


SYNFIRE = """
import spynnaker8 as p
from spynnaker8.utilities import neo_convertor

n = 5
p.setup(timestep=1.0, min_delay=1.0, max_delay=144.0, n_boards_required=1, time_scale_factor=4)
p.set_number_of_neurons_per_core(p.IF_curr_exp, 2)
cells = {'cm': 0.25, 'i_offset': 0.0, 'tau_m': 20.0, 'tau_refrac': 2.0, 'tau_syn_E': 5.0, 'tau_syn_I': 5.0,
         'v_reset': -70.0, 'v_rest': -65.0, 'v_thresh': -50.0}
ring = [(i, (i + 1) % n, 2.5, 7) for i in range(n)]
chain = p.Population(n, p.IF_curr_exp(**cells), label='chain', additional_parameters={'seed': 4})
start = p.Population(1, p.SpikeSourceArray([[0]]), label='start')
p.Projection(chain, chain, p.FromListConnector(ring), p.StaticSynapse(weight=2.5, delay=7))
p.Projection(start, chain, p.FromListConnector([(0, 0, 2.5, 1)]), p.StaticSynapse(weight=2.5, delay=1))
chain.record(['v', 'gsyn_exc', 'spikes'])
p.run(100)
v, current = chain.get_data('v'), chain.get_data('gsyn_exc')
rows = neo_convertor.convert_data(chain.get_data('spikes'), 'spikes')
machine, name = p.get_machine(), p.name()
p.end()
"""


def test_synfire_chain(run):
    names, said = run(SYNFIRE)
    rows = names["rows"]
    assert [row[0] for row in sorted(rows.tolist(), key=lambda row: row[1])][:7] == [0, 1, 2, 3, 4, 0, 1]
    signal = names["current"].segments[0].filter(name="gsyn_exc")[0]
    assert signal.shape == (101, 5)
    assert str(signal.units.dimensionality) == "nA"
    assert signal.max() == pytest.approx(2.5, rel=1e-3)
    assert names["name"] == "pyNN_fastsim"
    assert names["machine"] is None
    assert [message.partition(" ")[0] for message in said] == [
        "setup(n_boards_required=...,",
        "set_number_of_neurons_per_core()",
        "Population(additional_parameters=...)",
        "get_machine()",
    ]
    assert all(message.endswith("has no meaning for pyNN_fastsim, and no effect") for message in said)


NAMES = ["spynnaker8", "spynnaker.pyNN", "pyNN.spiNNaker"]


@pytest.mark.parametrize("name", NAMES)
def test_all_names_of_spinnaker_are_one_module(run, name):
    names, said = run(f"""
import {name} as sim
import {name}.extra_models as extra
from {name}.extra_models import AllButMeConnector
from {name}.utilities import neo_convertor
import spynnaker8
assert sim is spynnaker8
assert sim.extra_models is extra
sim.setup(timestep=1.0)
population = sim.Population(6, sim.IF_curr_exp(), seed=1)
pairs = sim.Projection(population, population, AllButMeConnector(n_neurons_per_group=3)).get([], "list")
weights = sim.Projection(
    population[:3], population[3:], extra.AllButMeConnector(weights=[.1, .2, .3, .4, .5, .6])
).get("weight", "list")
""")
    assert sorted(names["pairs"]) == [
        (i, j) for i in range(6) for j in range(6) if i != j and i // 3 == j // 3
    ]
    assert sorted(names["weights"]) == [
        (0, 1, 0.1), (0, 2, 0.2), (1, 0, 0.3), (1, 2, 0.4), (2, 0, 0.5), (2, 1, 0.6)
    ]  # fmt: skip
    assert said == ["Population(seed=...) has no meaning for pyNN_fastsim, and no effect"]


INHIBITION = """
import pyNN.spiNNaker as sim
sim.setup(1.0)
source = sim.Population(1, sim.SpikeSourceArray([10.0, 40.0]))
cells = sim.Population(2, sim.IF_curr_exp(tau_syn_I=5.0))
other = sim.Population(2, sim.IF_curr_exp(tau_syn_I=5.0))
cells.record(["v", "gsyn_inh"])
other.record(["v", "isyn_inh"])
connector = sim.AllToAllConnector()
here = sim.Projection(source, cells, connector, sim.StaticSynapse(weight=0.5, delay=0.1), None, "inhibitory")
there = sim.Projection(source, other, connector, sim.StaticSynapse(weight=-0.5, delay=1), None, "inhibitory")
sim.run(30)
here.set(weight=0.25)
there[0].weight, there[1].weight = 0.25, -0.25
sim.run(30)
signals = [p.get_data().segments[0].analogsignals for p in (cells, other)]
weights = [p.get(["weight", "delay"], "list", with_address=False) for p in (here, there)]
"""


def test_magnitudes_inhibit(run):
    names, said = run(INHIBITION)
    (v, ours), (u, theirs) = names["signals"]
    assert (ours.name, theirs.name) == ("gsyn_inh", "isyn_inh")
    assert np.array_equal(ours.magnitude, -theirs.magnitude)
    assert np.array_equal(v.magnitude, u.magnitude)
    assert v.magnitude[-1, 0] < -65.0
    assert names["weights"] == [[(-0.25, 1.0)] * 2] * 2
    assert [message.partition(": ")[2][:14] for message in said] == [
        "positive weigh", "delays below 1", "positive weigh", "positive weigh"
    ]  # fmt: skip


def test_magnitudes_of_plastic_synapses(run):
    """The weight of an inhibitory synapse changes as that of an excitatory one, but for its sign."""
    names, _ = run("""
import spynnaker8 as p
p.setup(1)
source = p.Population(1, p.SpikeSourceArray, {'spike_times': [10, 40, 60]}, label="source")
teacher = p.Population(1, p.SpikeSourceArray, {'spike_times': [5, 14, 45]}, label="teacher")
plastic = []
for receptor in "excitatory", "inhibitory":
    cell = p.Population(1, p.IF_curr_exp, {}, label=receptor)
    p.Projection(teacher, cell, p.OneToOneConnector(), p.StaticSynapse(weight=30.0, delay=1.0))
    synapse = p.STDPMechanism(
        timing_dependence=p.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.1, A_minus=0.12),
        weight_dependence=p.MultiplicativeWeightDependence(w_min=0.001, w_max=0.02), weight=0.01, delay=1)
    plastic.append(p.Projection(source, cell, p.OneToOneConnector(), synapse, receptor_type=receptor))
p.run(100)
weights = [projection.get("weight", "list", with_address=False) for projection in plastic]
""")
    (excitatory,), (inhibitory,) = names["weights"]
    assert excitatory not in (0.01, 0.001, 0.02)
    assert inhibitory == -excitatory


def test_current_based_inhibition_elsewhere_needs_its_sign(run):
    """Only SpiNNaker's scripts mean magnitudes."""
    source = """
from hbp_nrp_cle.brainsim import simulator as sim
sim.setup()
a = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
b = sim.Population(1, sim.IF_curr_exp())
sim.Projection(a, b, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5), receptor_type="inhibitory")
"""
    with pytest.raises(errors.ConnectionError, match="must be negative"):
        run(source)


def test_balanced_network(run):
    names, _ = run("""
import spynnaker.pyNN as sim
from pyNN.random import NumpyRNG, RandomDistribution
sim.setup(timestep=1.0, min_delay=None, max_delay=None)
rng = NumpyRNG(seed=3)
params = dict(tau_m=20.0, cm=0.2, v_rest=-60.0, v_thresh=-50.0, tau_syn_E=5.0, tau_syn_I=10.0,
              v_reset=-60.0, tau_refrac=5.0, i_offset=0.0, e_rev_E=0.0, e_rev_I=-80.0)
exc = sim.Population(40, sim.IF_cond_exp(**params), label="exc")
inh = sim.Population(10, sim.IF_cond_exp(20.0, 0.2, -60.0, -60.0, -50.0), label="inh")
noise = sim.Population(40, sim.SpikeSourcePoisson(100.0, 0, None), label="noise",
                       additional_parameters={"seed": 1, "max_rate": 100.0})
exc.initialize(v=RandomDistribution('uniform', [-65.0, -55.0], rng=rng))
sim.Projection(noise, exc, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.06))
sim.Projection(exc, inh, sim.FixedProbabilityConnector(0.2, rng=rng), sim.StaticSynapse(weight=0.02))
sim.Projection(inh, exc, sim.MultapseConnector(50, rng=rng), sim.StaticSynapse(weight=0.04),
               receptor_type="inhibitory", space=None)
exc.record(["spikes", "gsyn_exc"])
sim.run(200)
sim.run(200)
segment = exc.get_data(["spikes", "gsyn_exc"]).segments[0]
thresholds = inh.get("v_thresh")
sim.end()
""")
    assert sum(map(len, names["segment"].spiketrains)) > 40
    assert str(names["segment"].analogsignals[0].units.dimensionality) == "uS"
    assert names["thresholds"] == -50.0


@pytest.mark.parametrize("where", ["p", "p[1:]", "(p + q)"])
def test_annotations_of_earlier_versions(run, where):
    """Scripts tell cells by source_id and source_ids, which PyNN calls channel_id and channel_ids today."""
    names, _ = run(f"""
from hbp_nrp_cle.brainsim import simulator as sim
sim.setup()
p, q = (sim.Population(3, sim.IF_curr_exp(i_offset=1.0)) for _ in range(2))
cells = {where}
cells.record(["spikes", "v"])
sim.run(50.0)
segment = cells.get_data().segments[0]
ids = [int(cell) for cell in cells.all_cells]
""")
    trains, (signal,) = names["segment"].spiketrains, names["segment"].analogsignals
    assert [train.annotations["source_id"] for train in trains] == names["ids"]
    assert signal.annotations["source_ids"].tolist() == names["ids"]
    assert all("source_index" in train.annotations for train in trains)


def test_recording_all_by_spinnakers_names(run):
    names, _ = run("""
import spynnaker8 as sim
sim.setup(1.0)
a = sim.Population(2, sim.IF_curr_exp(i_offset=1.0))
b = sim.Population(1, sim.IF_cond_exp())
a.record("all")
(a[:1] + b).record(["gsyn_exc"])
sim.run(20)
data, both = a.get_data("all"), (a + b).get_data("gsyn_exc")
matrix = a.spinnaker_get_data("gsyn_inh")
sim.reset()
sim.run(10)
lengths = [len(segment.filter(name="gsyn_exc")[0]) for segment in a.get_data().segments]
""")
    found = {signal.name for signal in names["data"].segments[0].analogsignals}
    assert found == {"v", "gsyn_exc", "gsyn_inh"}
    assert sorted(s.shape[1] for s in names["both"].segments[0].filter(name="gsyn_exc")) == [1, 2]
    assert names["matrix"].shape == (2 * 21, 3)
    assert names["lengths"] == [21, 11]


def test_brain_of_the_neurorobotics_platform(run):
    names, said = run("""
from hbp_nrp_cle.brainsim import simulator as sim
import hbp_nrp_cle.brainsim.simulator
import numpy as np
sim.setup(timestep=0.1, min_delay=0.1, max_delay=20.0, threads=1, rng_seeds=[1234])
sensors = sim.Population(3, cellclass=sim.IF_cond_alpha(**{'v_rest': -60.5, 'v_reset': -60.5}))
actors = sim.Population(size=4, cellclass=sim.IF_curr_exp())
weights = np.arange(12.0).reshape(3, 4)
projection = sim.Projection(
    sensors, actors, sim.AllToAllConnector(), sim.StaticSynapse(weight=weights), receptor_type="excitatory")
sim.initialize(sensors, v=sensors.get('v_rest'))
circuit = sensors + actors
given = projection.get("weight", "array")
start = sensors.initial_values["v"].evaluate(simplify=True)
""")
    assert np.array_equal(names["given"], names["weights"])
    assert names["start"] == -60.5
    assert names["circuit"].size == 7
    assert said == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import spinnman", "spinnman.* software of SpiNNaker machines"),
        ("from spynnaker8.models import populations", "spynnaker8.models.* software of SpiNNaker machines"),
        ("import spynnaker.pyNN.external_devices_models", "software of SpiNNaker machines"),
        ("from spynnaker8.external_devices import SpynnakerLiveSpikesConnection", "no live input or output"),
        ("import spynnaker8 as p; p.external_devices.activate_live_output_for(1)", "no live input or output"),
        ("import hbp_nrp_cle.tf_framework as nrp", "Neurorobotics Platform"),
    ],
)
def test_what_there_is_not(run, source, message):
    with pytest.raises(ImportError, match=message):
        run(source)


@pytest.mark.parametrize("name", ["StructuralMechanismSTDP", "KernelConnector", "extra_models.IFCurDelta"])
def test_models_that_there_are_not(run, name):
    with pytest.raises(AttributeError, match=f"SpiNNaker's {name} is not available in pyNN_fastsim"):
        run(f"import spynnaker8 as sim; sim.{name}")


@pytest.mark.parametrize(
    "call",
    [
        "sim.SpikeSourceArray([1.0], spike_times=[2.0])",
        "sim.SpikeSourceArray([1.0], [2.0])",
        "sim.Population(1, sim.IF_curr_exp(), nonsense=1)",
    ],
)
def test_wrong_arguments(run, call):
    with pytest.raises(TypeError):
        run(f"import spynnaker8 as sim; sim.setup(); {call}")


@pytest.mark.parametrize(("name", "reason"), [("Izhikevich", "synaptic currents"), ("IF_curr_delta", "mV")])
def test_cells_that_differ(run, name, reason):
    """What has the name of one of PyNN's cells, but other units, is not replaced by that."""
    with pytest.raises(AttributeError, match=f"SpiNNaker's {name} is not available.*{reason}"):
        run(f"import pyNN.spiNNaker as sim; sim.{name}")


@pytest.mark.parametrize("name", ["hbp_nrp_cle.brainsim.simulator", "pynn_genn"])
def test_modules_that_are_this_package(run, name):
    names, _ = run(f"import importlib; module = importlib.import_module('{name}')")
    assert names["module"] is pyNN_fastsim


def test_low_level_functions_use_spinnakers_classes(run, tmp_path):
    names, said = run(
        """
import spynnaker8 as sim
sim.setup(1.0)
source = sim.create(sim.SpikeSourceArray, {"spike_times": [1.0]}, n=2)
cells = sim.create(sim.IF_curr_exp, n=2)
sim.connect(source, cells, weight=0.5, delay=1.0, receptor_type="inhibitory")
sim.record_gsyn(cells, filename)
sim.run(10)
sim.end()
""",
        filename=str(tmp_path / "currents.pkl"),
    )
    with open(names["filename"], "rb") as file:
        signals = pickle.load(file).segments[0].analogsignals
    currents = {signal.name: signal.max() for signal in signals}
    assert currents["gsyn_exc"] == 0.0
    assert currents["gsyn_inh"] == pytest.approx(1.0)
    assert len(said) == 1


def test_star_import(run):
    names, _ = run("from pyNN.spiNNaker import *; from spynnaker8 import Population as ours")
    assert names["Population"] is names["ours"]
    assert {"setup", "name", "set_number_of_neurons_per_core", "extra_models", "StaticSynapse"} <= set(names)
    assert "Izhikevich" not in names


def test_vogels_rule(run):
    """Two spikes of the source, with one of the target in between: the weight by hand."""
    names, _ = run("""
import spynnaker8 as sim
sim.setup(timestep=1.0)
source = sim.Population(1, sim.SpikeSourceArray([10.0, 30.0]))
teacher = sim.Population(1, sim.SpikeSourceArray([13.0]))
cell = sim.Population(1, sim.IF_curr_exp(tau_refrac=50.0))
cell.record("spikes")
sim.Projection(teacher, cell, sim.OneToOneConnector(), sim.StaticSynapse(weight=40.0, delay=1.0))
rule = sim.STDPMechanism(
    timing_dependence=sim.extra_models.Vogels2011Rule(alpha=0.2, tau=20.0, A_plus=0.05),
    weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=2.0), weight=1.0, delay=1.0)
plastic = sim.Projection(source, cell, sim.OneToOneConnector(), rule, receptor_type="inhibitory")
sim.run(50)
spikes = cell.get_data().segments[0].spiketrains[0].magnitude
weight = plastic.get("weight", "list", with_address=False)[0]
""")
    seen = names["spikes"][0] + 1.0  # by the synapse: PyNN's delays are dendritic
    changes = [-0.2, np.exp(-(seen - 10.0) / 20.0), np.exp(-(30.0 - seen) / 20.0) - 0.2]
    assert names["weight"] == pytest.approx(-(1.0 + 0.05 * 2.0 * sum(changes)), rel=1e-12)
