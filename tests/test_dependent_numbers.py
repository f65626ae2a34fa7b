"""Distributions that share a NumpyRNG give numbers that depend on each other, as in all PyNN: told once."""

import warnings

import numpy as np
import pyNN.mock
import pytest
from pyNN.parameters import LazyArray
from pyNN.random import NumpyRNG, RandomDistribution

import pyNN_fastsim as sim


@pytest.fixture(autouse=True)
def new_network():
    sim.setup(timestep=0.1)


def uniform(rng):
    return RandomDistribution("uniform", (1.0, 2.0), rng=rng)


def project(population, **values):
    synapse_type = sim.TsodyksMarkramSynapse(**values)
    return sim.Projection(population, population, sim.AllToAllConnector(), synapse_type, label="all")


PAIRS = "(tau_m and cm|cm and tau_m|weight and delay|delay and weight)"
DEPENDENT = {
    "at creation": lambda p, a, b: sim.Population(9, sim.IF_curr_exp(tau_m=a, cm=b)),
    "set": lambda p, a, b: p.set(tau_m=a, cm=b),
    "set one after the other": lambda p, a, b: (p.set(tau_m=a), p.set(cm=b)),
    "a view": lambda p, a, b: (p[:3].set(tau_m=a), p[2:].set(cm=b)),
    "an assembly": lambda p, a, b: sim.Assembly(p).set(tau_m=a, cm=b),
    "with arithmetic": lambda p, a, b: p.set(tau_m=a, cm=LazyArray(b) * 2),
    "synapses": lambda p, a, b: project(p, weight=a, delay=b),
}


@pytest.mark.parametrize("draw", DEPENDENT.values(), ids=DEPENDENT)
def test_parameters_that_are_not_independent_are_told_once(draw):
    """PyNN draws each from a copy of the generator, so their correlation is 1: the numbers are PyNN's."""
    p = sim.Population(9, sim.IF_curr_exp(), label="P")
    rng = NumpyRNG(seed=1)
    with pytest.warns(UserWarning, match=f"{PAIRS} are .*not independent") as told:
        draw(p, uniform(rng), uniform(rng))
        draw(p, uniform(rng), uniform(rng))
    assert len(told) == 1 and told[0].filename == __file__
    sim.setup(timestep=0.1)
    p = sim.Population(9, sim.IF_curr_exp())
    with pytest.warns(UserWarning, match="not independent"):
        draw(p, uniform(NumpyRNG(seed=1)), uniform(NumpyRNG(seed=1)))


@pytest.mark.parametrize("draw", DEPENDENT.values(), ids=DEPENDENT)
def test_parameters_that_are_independent(draw, recwarn):
    p = sim.Population(9, sim.IF_curr_exp())
    draw(p, uniform(NumpyRNG(seed=1)), uniform(NumpyRNG(seed=2)))
    native = sim.NativeRNG(seed=1)
    draw(p, uniform(native), uniform(native))
    draw(p, uniform(NumpyRNG(seed=3)), 1.5)
    rng = NumpyRNG(seed=1)
    p.initialize(v=uniform(rng))
    for _ in range(2):
        p.set(tau_refrac=uniform(rng))  # the same parameter afresh
        project(p, weight=uniform(rng), delay=1.0)
    assert not recwarn.list


def test_dependent_parameters_are_what_pynn_draws():
    values = {}
    for backend in (sim, pyNN.mock):
        backend.setup()
        rng = NumpyRNG(seed=1)
        with warnings.catch_warnings(record=True):
            p = backend.Population(9, backend.IF_curr_exp(tau_m=uniform(rng), cm=uniform(rng)))
        values[backend] = p.get(["tau_m", "cm"])
    np.testing.assert_array_equal(values[sim], values[pyNN.mock])
    assert np.corrcoef(values[sim])[0, 1] == pytest.approx(1.0)
