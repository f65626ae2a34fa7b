"""The rule of examples/miconi.py, against a plain loop."""

import numpy as np
import pytest
from example_scripts import loaded

import pyNN_fastsim as sim


@pytest.fixture(scope="module")
def example():
    return loaded("miconi")


def test_traces_become_weights(example):
    """Two trials of a small network without perturbations: a trace of third powers of the source's last
    rate and the target's distance from its mean, which the first changes the weights of the second by."""
    n, steps, rng = 7, 40, np.random.default_rng(4)
    w, constant, light = rng.normal(0.0, 0.6, (n, n)), np.r_[1.0, -1.0, np.zeros(n - 2)], rng.normal(size=n)
    eta, most, expected, reward = 300.0, 0.001, -0.8, -0.5
    sim.setup(timestep=1.0)
    inputs = sim.Population(n, example.Input(light=light), initial_values={"r": light})
    units = sim.Population(n, example.Unit(constant=constant, A=0.0), initial_values={"x": 0.3})
    one = sim.StaticSynapse(weight=1.0)
    sim.Projection(inputs, units, sim.OneToOneConnector(), one, receptor_type="in")
    rule = example.RewardModulated(w=w, eta=eta, most=most)
    recurrent = sim.Projection(units, units, sim.AllToAllConnector(), rule)
    x, r, mean = np.full(n, 0.3), np.zeros(n), np.zeros(n)
    for _ in range(2):
        sim.run(steps)
        recurrent.set(is_over=1.0, reward=reward, expected=expected)
        sim.run(1.0)
        recurrent.set(is_over=0.0)
        recurrent.initialize(trace=0.0)
        trace = np.zeros((n, n))
        for k in range(steps + 1):
            x = x + (light + r @ w - x) / 30.0
            before, r = r, np.where(constant == 0.0, np.tanh(x), np.tanh(constant))
            delta, mean = x - mean, 0.05 * mean + 0.95 * x
            trace += (k < steps) * np.outer(before, delta) ** 3
        change = eta * trace * abs(expected) * (reward - expected)
        assert np.abs(change).min() < most < np.abs(change).max()  # some are clipped
        w = w + np.clip(change, -most, most)
        np.testing.assert_allclose(recurrent.get("w", "array"), w, rtol=1e-11)
