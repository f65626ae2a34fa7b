"""
Plasticity and short-term plasticity of NEST and NEURON against the direct reading in naive/synapses.py, which
ours equals: for the spikes that each simulator has recorded, where conventions agree (docs/models.md).
"""

import numpy as np
import pytest
from naive.synapses import plastic_weights, tsodyks_markram

pytestmark = pytest.mark.compare

N = 6
W_MAX = 0.002
PAIR = {"tau_plus": 17.0, "tau_minus": 30.0, "A_plus": 0.01, "A_minus": 0.012, "w_min": 0.0, "w_max": W_MAX}
GUETIG = {"mu_plus": 0.5, "mu_minus": 0.5}  # pyNN.nest 0.13 takes these, whatever it is given
WEIGHT = 0.001
DELAY = 1.7


def random_trains():
    """Of the sources, and of what makes the cells spike, until 300 ms."""
    rng = np.random.default_rng(3)
    pre = [np.unique(rng.integers(10, 3000, 30)) * 0.1 for _ in range(N)]
    return pre, [np.unique(rng.integers(20, 3000, 30)) * 0.1 for _ in range(N)]


def alternating_trains():
    """The same until 1800 ms, where one spike of a cell always comes between two of its source."""
    rng = np.random.default_rng(4)
    pre = [np.round(60.0 * np.arange(1, 30) + rng.uniform(-5.0, 5.0, 29), 1) for _ in range(N)]
    return pre, [np.round(60.0 * np.arange(1, 30) + rng.uniform(10.0, 50.0, 29), 1) for _ in range(N)]


def mechanism(sim, rule, dependence, p, fraction):
    rule, dependence = getattr(sim, rule), getattr(sim, dependence)
    return sim.STDPMechanism(
        rule(**{name: p[name] for name in rule.default_parameters}),
        dependence(**{name: p[name] for name in dependence.default_parameters}),
        weight=WEIGHT, delay=DELAY, dendritic_delay_fraction=fraction,
    )  # fmt: skip


def simulate(name, trains, *mechanism_of):
    """Pre- and postsynaptic spikes of some synapses, and their weights after a last presynaptic one."""
    sim = pytest.importorskip(name)
    sim.setup(timestep=0.1, min_delay=0.1, max_delay=5.0, spike_precision="on_grid")
    pre, drive = trains
    end = max(train[-1] for train in pre + drive) + 50.0
    # Between grid points, see test_nest.py; a last presynaptic spike, with which all take over their changes.
    pre, drive = [np.append(t, end - 10.0) - 0.05 for t in pre], [t - 0.05 for t in drive]
    cells = sim.Population(N, sim.IF_cond_exp(e_rev_I=0.0, tau_syn_I=0.5, tau_refrac=2.0))
    sources = sim.Population(N, sim.SpikeSourceArray(spike_times=pre))
    strong = sim.StaticSynapse(weight=5.0, delay=0.1)
    drivers = sim.Population(N, sim.SpikeSourceArray(spike_times=drive))
    sim.Projection(drivers, cells, sim.OneToOneConnector(), strong, receptor_type="inhibitory")
    synapse = mechanism(sim, *mechanism_of)
    projection = sim.Projection(sources, cells, sim.OneToOneConnector(), synapse, receptor_type="excitatory")
    sources.record("spikes")
    cells.record("spikes")
    sim.run(end)
    spikes = []
    for population in (sources, cells):
        trains = population.get_data().segments[0].spiketrains
        order = np.argsort([int(train.annotations["source_index"]) for train in trains])
        spikes.append([np.sort(np.asarray(trains[int(k)])) for k in order])
    weights = projection.get("weight", format="array").diagonal()
    sim.end()
    return *spikes, weights


def assert_equal_to_the_reading(found, rule, dependence, p, fraction):
    """Pre- and postsynaptic spikes and weights as naive/synapses.py says, where nothing arrives together."""
    p = p | {"dendritic_delay_fraction": fraction}
    compared = 0
    for pre, post, weight in zip(*found, strict=True):
        assert len(post) > 10
        arrivals = [np.round(pre + (1 - fraction) * DELAY, 6), np.round(post + fraction * DELAY, 6)]
        if np.intersect1d(*arrivals).size:
            continue  # conventions differ
        _, expected = plastic_weights(rule, dependence, p, WEIGHT, pre, post, DELAY)
        assert abs(expected - WEIGHT) > 0.01 * WEIGHT
        assert weight == pytest.approx(expected, rel=1e-8, abs=0)  # NEURON's wait 1e-9 ms
        compared += 1
    assert compared >= 2


NEST = [(dependence, 1.0, "pyNN.nest") for dependence in (
    "AdditiveWeightDependence", "MultiplicativeWeightDependence",
    "AdditivePotentiationMultiplicativeDepression", "GutigWeightDependence")]  # fmt: skip
NEURON = [("AdditiveWeightDependence", fraction, "pyNN.neuron") for fraction in (0.0, 0.3, 1.0)]


@pytest.mark.parametrize("dependence, fraction, name", NEST + NEURON)
def test_weights(dependence, fraction, name):
    what = "SpikePairRule", dependence, PAIR | GUETIG, fraction
    assert_equal_to_the_reading(simulate(name, random_trains(), *what), *what)


# Powers of the distance to the bounds, with which rises and falls shrink.
POWERS = {
    "MultiplicativeWeightDependence": (1.0, 1.0),
    "AdditivePotentiationMultiplicativeDepression": (0.0, 1.0),
    "GutigWeightDependence": (0.3, 0.7),
}


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("other", ["A_plus", "A_minus"])
@pytest.mark.parametrize("dependence", POWERS)
def test_weights_that_neuron_changes_by_their_own_size(dependence, other, fraction):
    """NEURON sums up changes until the next presynaptic spike, all from the weight at the last one: the same
    where there is only one. It takes powers of uS instead of fractions of w_max."""
    mu_plus, mu_minus = POWERS[dependence]
    p = PAIR | {"mu_plus": mu_plus, "mu_minus": mu_minus, other: 0.0}
    scaled = p | {
        "A_plus": p["A_plus"] * W_MAX ** (1 - mu_plus), "A_minus": p["A_minus"] * W_MAX ** (1 - mu_minus)
    }  # fmt: skip
    found = simulate("pyNN.neuron", alternating_trains(), "SpikePairRule", dependence, scaled, fraction)
    assert_equal_to_the_reading(found, "SpikePairRule", dependence, p, fraction)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
def test_vogels_rule_of_neuron(fraction):
    """NEURON takes pairs of neighbours only: the same where all others are many times tau away."""
    p = {"tau": 1.5, "eta": 0.5 * WEIGHT, "rho": 0.002, "w_min": 0.0, "w_max": W_MAX}
    what = "Vogels2011Rule", "AdditiveWeightDependence", p, fraction
    assert_equal_to_the_reading(simulate("pyNN.neuron", alternating_trains(), *what), *what)


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
