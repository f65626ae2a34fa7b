"""
Plasticity and short-term plasticity of NEST and NEURON against the direct reading in naive/synapses.py, which
ours equals: for the spikes that each simulator has recorded, where conventions agree (docs/models.md).
"""

import numpy as np
import pytest
from naive.synapses import plastic_weights, tsodyks_markram

pytestmark = pytest.mark.compare

N = 6
PAIR = {"tau_plus": 17.0, "tau_minus": 30.0, "A_plus": 0.01, "A_minus": 0.012, "w_min": 0.0, "w_max": 0.002}
GUETIG = {"mu_plus": 0.5, "mu_minus": 0.5}  # pyNN.nest 0.13 takes these, whatever it is given
WEIGHT = 0.001
DELAY = 1.7


def simulate(name, dependence, fraction):
    """Pre- and postsynaptic spikes of some synapses, and their weights after a last presynaptic one."""
    sim = pytest.importorskip(name)
    sim.setup(timestep=0.1, min_delay=0.1, max_delay=5.0, spike_precision="on_grid")
    rng = np.random.default_rng(3)
    # Between grid points, see test_nest.py; a last presynaptic spike, with which all take over their changes.
    pre = [np.append(np.unique(rng.integers(10, 3000, 30)) * 0.1 - 0.05, 339.95) for _ in range(N)]
    drive = [np.unique(rng.integers(20, 3000, 30)) * 0.1 - 0.05 for _ in range(N)]
    cells = sim.Population(N, sim.IF_cond_exp(e_rev_I=0.0, tau_syn_I=0.5, tau_refrac=2.0))
    sources = sim.Population(N, sim.SpikeSourceArray(spike_times=pre))
    strong = sim.StaticSynapse(weight=5.0, delay=0.1)
    drivers = sim.Population(N, sim.SpikeSourceArray(spike_times=drive))
    sim.Projection(drivers, cells, sim.OneToOneConnector(), strong, receptor_type="inhibitory")
    rule = sim.SpikePairRule(**{n: PAIR[n] for n in ("tau_plus", "tau_minus", "A_plus", "A_minus")})
    extra = GUETIG if dependence == "GutigWeightDependence" else {}
    bounds = getattr(sim, dependence)(w_min=0.0, w_max=PAIR["w_max"], **extra)
    synapse = sim.STDPMechanism(rule, bounds, weight=WEIGHT, delay=DELAY, dendritic_delay_fraction=fraction)
    projection = sim.Projection(sources, cells, sim.OneToOneConnector(), synapse, receptor_type="excitatory")
    sources.record("spikes")
    cells.record("spikes")
    sim.run(350.0)
    spikes = []
    for population in (sources, cells):
        trains = population.get_data().segments[0].spiketrains
        order = np.argsort([int(train.annotations["source_index"]) for train in trains])
        spikes.append([np.sort(np.asarray(trains[int(k)])) for k in order])
    weights = projection.get("weight", format="array").diagonal()
    sim.end()
    return *spikes, weights


NEST = [(dependence, 1.0, "pyNN.nest") for dependence in (
    "AdditiveWeightDependence", "MultiplicativeWeightDependence",
    "AdditivePotentiationMultiplicativeDepression", "GutigWeightDependence")]  # fmt: skip
NEURON = [("AdditiveWeightDependence", fraction, "pyNN.neuron") for fraction in (0.0, 0.3, 1.0)]


@pytest.mark.parametrize("dependence, fraction, name", NEST + NEURON)
def test_weights(dependence, fraction, name):
    p = PAIR | GUETIG | {"dendritic_delay_fraction": fraction}
    pre, post, weights = simulate(name, dependence, fraction)
    compared = 0
    for k in range(N):
        assert len(post[k]) > 10
        arrivals = [np.round(pre[k] + (1 - fraction) * DELAY, 6), np.round(post[k] + fraction * DELAY, 6)]
        if np.intersect1d(*arrivals).size:
            continue  # conventions differ
        _, expected = plastic_weights("SpikePairRule", dependence, p, WEIGHT, pre[k], post[k], DELAY)
        assert weights[k] == pytest.approx(expected, rel=1e-8, abs=0)  # NEURON's wait 1e-9 ms
        compared += 1
    assert compared >= 2


@pytest.mark.parametrize("name", ["pyNN.nest", "pyNN.neuron", "pyNN_fastsim"])
def test_tsodyks_markram(name):
    sim = pytest.importorskip(name)
    sim.setup(timestep=0.1, min_delay=0.1, max_delay=5.0, spike_precision="on_grid")
    p = {"U": 0.3, "tau_rec": 60.0, "tau_facil": 100.0}
    times = np.array([10.0, 20.0, 30.0, 35.0, 80.0, 100.0])
    early = 0.0 if name == "pyNN.neuron" else 0.05  # on the grid, see test_nest.py
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times - early))
    cells = sim.Population(1, sim.IF_curr_exp(tau_syn_E=5.0, v_thresh=0.0))
    synapse = sim.TsodyksMarkramSynapse(weight=0.1, delay=1.0, **p)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record("v")
    sim.run(120.0)
    v = np.asarray(cells.get_data().segments[0].filter(name="v")[0])[:, 0]
    delivered = tsodyks_markram(p, 0.1, 5.0, times)
    t = np.arange(len(v)) * 0.1
    expected = np.full(len(t), -65.0)
    for when, weight in zip(times + 1.0, delivered, strict=True):
        s = np.maximum(t - when, 0.0)
        expected += weight * 100.0 / 15.0 * (np.exp(-s / 20.0) - np.exp(-s / 5.0))
    sim.end()
    # NEURON integrates v numerically.
    np.testing.assert_allclose(v, expected, atol=3e-3 if name == "pyNN.neuron" else 1e-8)
