"""The same connections, weights, delays and order as pyNN.neuron, for the same seeds."""

import numpy as np
import pytest
from pyNN.random import NumpyRNG, RandomDistribution

import pyNN_fastsim as fastsim

pytestmark = pytest.mark.compare
neuron = pytest.importorskip("pyNN.neuron")


def rng(seed):
    return NumpyRNG(seed=seed)


CONNECTORS = {
    "all to all": lambda sim: sim.AllToAllConnector(),
    "one to one": lambda sim: sim.OneToOneConnector(),
    "probability": lambda sim: sim.FixedProbabilityConnector(0.3, rng=rng(1)),
    "distance": lambda sim: sim.DistanceDependentProbabilityConnector("exp(-d/3)", rng=rng(2)),
    "number pre": lambda sim: sim.FixedNumberPreConnector(4, rng=rng(3)),
    "number post": lambda sim: sim.FixedNumberPostConnector(4, rng=rng(4)),
    "array": lambda sim: sim.ArrayConnector(np.random.RandomState(5).uniform(size=(8, 10)) < 0.4),
}


def connections(sim, connector):
    sim.setup(timestep=0.1, min_delay=0.1)
    pre = sim.Population(8, sim.IF_cond_exp())
    post = sim.Population(10, sim.IF_cond_exp())
    synapse = sim.StaticSynapse(
        weight=RandomDistribution("normal_clipped", (0.2, 0.1, 0.05, np.inf), rng=rng(11)),
        delay=RandomDistribution("uniform", (0.2, 1.5), rng=rng(12)),
    )
    projection = sim.Projection(pre, post, CONNECTORS[connector](sim), synapse, receptor_type="excitatory")
    return projection.get(["weight", "delay"], format="list")


@pytest.mark.parametrize("connector", CONNECTORS)
def test_same_as_neuron(connector):
    assert connections(fastsim, connector) == [tuple(c) for c in connections(neuron, connector)]


def alternating_current(sim, start):
    """The current of an electrode, and v, of which the second is that of another integrator."""
    sim.setup(timestep=0.1, min_delay=0.1)
    cells = sim.Population(1, sim.IF_curr_exp(v_thresh=1e6))
    source = sim.ACSource(start=start, stop=20.0, amplitude=0.5, offset=0.1, frequency=100.0, phase=30.0)
    source.inject_into(cells)
    source.record()
    cells.record("v")
    sim.run(30.0)
    return source.get_data().magnitude[:, 0], cells.get_data().segments[0].filter(name="v")[0].magnitude[:, 0]


@pytest.mark.parametrize("start", [0.0, 5.0, 5.04])
def test_alternating_current(start):
    """The phase counts from the grid point nearest to `start`."""
    (ours, v), (theirs, their_v) = (alternating_current(sim, start) for sim in (fastsim, neuron))
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    np.testing.assert_allclose(v, their_v, atol=0.02)
