"""NEST's rate units against those of this name here: to rounding without noise, else mean and variance."""

import numpy as np
import pytest

import pyNN_fastsim as sim
from pyNN_fastsim.engine.neurons.rate import NEST_RATES

pytestmark = pytest.mark.compare
nest = pytest.importorskip("nest")

DT, N, STEPS = 0.1, 6, 200
PARAMETERS = {
    "lin": {"g": 0.9},
    "tanh": {"g": 1.2, "theta": 0.1},
    "sigmoid": {"g": 1.2, "theta": 0.1, "beta": 2.0},
    "threshold_lin": {"g": 1.2, "theta": 0.1, "alpha": 0.5},
}


def parameters(name, **more):
    """Of a unit, for both."""
    given = {"tau": 7.0, "mu": 1.3, "sigma": 0.0, **PARAMETERS[name.partition("_rate_")[0]]}
    return {**given, **({"lambda": 0.7} if name.endswith("ipn") else {}), **more}


def recurrent(n, size):
    rng = np.random.default_rng(1)
    return size * rng.normal(size=(n, n)), DT * rng.integers(1, 8, (n, n))


def in_nest(name, given, n, weights, delays, steps, variable):
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": DT, "use_wfr": False})
    units = nest.Create(name, n, params=given)
    for target in range(n):
        for source in range(n):
            how = {"weight": weights[source, target], "delay": delays[source, target]}
            how["synapse_model"] = "rate_connection_delayed"
            nest.Connect(units[source], units[target], "one_to_one", how)
    meter = nest.Create("multimeter", params={"record_from": [variable], "interval": DT})
    nest.Connect(meter, units)
    nest.Simulate((steps + 1) * DT)
    events = meter.events
    return np.array([events[variable][events["senders"] == k] for k in units.global_id]).T


def here(name, given, n, weights, delays, steps, variable):
    sim.setup(timestep=DT, rng_seed=2)
    units = sim.Population(n, getattr(sim, name)(**given))
    sim.Projection(units, units, sim.AllToAllConnector(), sim.StaticSynapse(weight=weights, delay=delays))
    units.record(variable)
    sim.run(steps * DT)
    return units.get_data().segments[0].analogsignals[0].magnitude


@pytest.mark.parametrize("name", NEST_RATES)
def test_without_noise_they_are_the_same(name):
    weights, delays = recurrent(N, 0.4)
    found, expected = (
        run(name, parameters(name), N, weights, delays, STEPS, "rate") for run in (here, in_nest)
    )
    np.testing.assert_allclose(found[1:], expected[:STEPS], atol=1e-12)  # NEST's first sample is at dt


@pytest.mark.parametrize("name", ["lin_rate_ipn", "tanh_rate_opn"])
def test_with_noise_they_have_the_same_mean_and_variance(name):
    variable = "rate" if name.endswith("ipn") else "noisy_rate"
    weights, delays = recurrent(20, 0.1)
    given = parameters(name, sigma=0.5, mu=0.4)
    found, expected = (
        run(name, given, 20, weights, delays, 8000, variable)[1000:] for run in (here, in_nest)
    )
    error = 3.0 * expected.std(axis=0) / np.sqrt(0.1 * len(expected) / 14.0)  # of correlated samples
    assert np.all(np.abs(found.mean(axis=0) - expected.mean(axis=0)) < error)
    assert found.var() == pytest.approx(expected.var(), rel=0.1)


@pytest.mark.parametrize("name", ["lin_rate_ipn", "lin_rate_opn"])
def test_multiplicative_coupling(name):
    """What is excitatory, and what is inhibitory, with weights below 0, gets a factor of its own."""
    more = {"g_ex": 1.3, "g_in": 0.8, "theta_ex": 2.0, "theta_in": 0.3}
    given = parameters(name, mult_coupling=True, **more)
    weights, delays = recurrent(N, 0.4)
    weights = np.abs(weights) * np.where(np.arange(N) < N // 2, 1.0, -1.0)[:, None]
    sim.setup(timestep=DT)
    units = sim.Population(N, getattr(sim, name)(**given))
    for part, receptor in (slice(0, N // 2), "excitatory"), (slice(N // 2, N), "inhibitory"):
        connections = sim.StaticSynapse(weight=weights[part], delay=delays[part])
        sim.Projection(units[part], units, sim.AllToAllConnector(), connections, receptor_type=receptor)
    units.record("rate")
    sim.run(STEPS * DT)
    found = units.get_data().segments[0].analogsignals[0].magnitude[1:]
    expected = in_nest(name, given, N, weights, delays, STEPS, "rate")[:STEPS]
    assert np.ptp(expected) > 0.3
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "psp", "more"),
    [
        ("tanh_rate_ipn", "w * tanh(1.2 * pre.rate)", {"theta": 0.0}),
        ("threshold_lin_rate_opn", "w * clip(1.2 * (pre.rate - 0.1), 0, 0.5)", {}),
    ],
)
def test_a_gain_function_of_each_connection(name, psp, more):
    """NEST's linear_summation=False is a psp into linear units here. (Functions are 0 at 0, since NEST's
    connections bring nothing before what was transmitted at 0 has arrived.)"""
    linear = "lin_rate_" + name[-3:]
    weights, delays = recurrent(N, 0.4)
    sim.setup(timestep=DT)
    units = sim.Population(N, getattr(sim, linear)(**{**parameters(linear), "g": 1.0}))
    each = sim.Synapse(psp=psp)
    sim.Projection(units, units, sim.AllToAllConnector(), each(w=weights, delay=delays))
    units.record("rate")
    sim.run(STEPS * DT)
    found = units.get_data().segments[0].analogsignals[0].magnitude[1:]
    given = parameters(name, linear_summation=False, **more)
    expected = in_nest(name, given, N, weights, delays, STEPS, "rate")[:STEPS]
    assert np.ptp(expected) > 0.3
    np.testing.assert_allclose(found, expected, atol=1e-12)
