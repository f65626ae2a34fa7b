"""The Hodgkin-Huxley neuron, and the adaptive steps below it, against solve_ivp.

Errors of NEST 3.10's hh_cond_exp_traub on protocols like these: up to 2 us in the times of the first ten
spikes, up to 2 mV in v (on the flank of a spike, where 1 us is 0.3 mV).
"""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pyNN_fastsim.engine import network as network_module
from pyNN_fastsim.engine import preparation
from pyNN_fastsim.engine.compiling.compile import vectorised
from pyNN_fastsim.engine.network import Network
from pyNN_fastsim.engine.neurons.hh import HH_COND_EXP, HIGHEST_U, LOWEST_U, rates
from pyNN_fastsim.engine.sources.spike_array import SPIKE_ARRAY
from pyNN_fastsim.engine.synapses.groups import SynapseGroup

DT = 0.1
LARGEST_SHIFT = 0.5e-3  # ms: error of the times of the first ten spikes; measured: 0.2e-3
VARIABLES = ("v", "gsyn_exc", "gsyn_inh", "h", "m", "n")

DEFAULT = {
    "gbar_Na": 20.0,
    "gbar_K": 6.0,
    "g_leak": 0.01,
    "cm": 0.2,
    "v_offset": -63.0,
    "e_rev_Na": 50.0,
    "e_rev_K": -90.0,
    "e_rev_leak": -65.0,
    "e_rev_E": 0.0,
    "e_rev_I": -80.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 10.0,
    "i_offset": 0.0,
}


def simulate(parameters, trains, weights, steps, dt=DT, variables=("v",), threads=1, initial=None):
    """Samples [steps + 1, cells] of the variables, and the steps of each cell's spikes.

    trains    for each receptor and cell the steps at which a spike arrives, 2 or later
    weights   uS, for each receptor and cell
    """
    network = Network(dt, threads)
    n = len(trains[0])
    block = network.add_block(HH_COND_EXP, n, parameters)
    for name, value in (initial or {}).items():
        block.initialize(name, value)
    for receptor in range(2):
        # The delay is one step.
        times = [(np.asarray(train) - 1) * dt for train in trains[receptor]]
        source = network.add_block(SPIKE_ARRAY, n, {"spike_times": times})
        network.add_group(
            SynapseGroup(
                source.index,
                block.index,
                receptor,
                np.arange(n + 1),
                np.arange(n, dtype=np.uint32),
                np.asarray(weights[receptor], dtype=float),
                np.array([1], dtype=np.uint16),
            )
        )
    network.record_spikes(block, slice(None))
    samplers = [network.add_sampler(block, name, np.arange(n), 1) for name in variables]
    network.run(steps)
    ids, at = network.spikes()
    return [s.samples.view() for s in samplers], [at[ids == i] for i in range(n)]


def silent(n):
    return [[[]] * n] * 2, np.zeros((2, n))


def linoid(x):
    """x/(exp(x) - 1)."""
    return x / math.expm1(x) if x else 1.0


def textbook_rates(u):
    return (
        0.32 * 4 * linoid((13 - u) / 4),
        0.28 * 5 * linoid((u - 40) / 5),
        0.128 * math.exp((17 - u) / 18),
        4 / (1 + math.exp((40 - u) / 5)),
        0.032 * 5 * linoid((15 - u) / 5),
        0.5 * math.exp((10 - u) / 40),
    )


def reference(p, trains, weights, steps, dt=DT):
    """v [steps + 1] of one cell by solve_ivp, and the times (ms) at which it rises through 10 mV."""
    arrivals = np.zeros((steps + 1, 2))
    for receptor in range(2):
        np.add.at(arrivals[:, receptor], np.asarray(trains[receptor], int), weights[receptor])
    taus = np.array([p["tau_syn_E"], p["tau_syn_I"]])
    e_rev = p["e_rev_E"], p["e_rev_I"]
    y, g, values, rises = [-65.0, 1.0, 0.0, 0.0], np.zeros(2), [-65.0], []
    leak, e_leak, e_na, e_k = (p[name] for name in ("g_leak", "e_rev_leak", "e_rev_Na", "e_rev_K"))

    def change(t, y):
        v, h, m, n = y
        alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = textbook_rates(v - p["v_offset"])
        current = p["gbar_Na"] * m**3 * h * (e_na - v) + p["gbar_K"] * n**4 * (e_k - v)
        current += leak * (e_leak - v) + p["i_offset"]
        for k in range(2):
            current += g[k] * math.exp(-t / taus[k]) * (e_rev[k] - v)
        return [
            current / p["cm"],
            alpha_h * (1 - h) - beta_h * h,
            alpha_m * (1 - m) - beta_m * m,
            alpha_n * (1 - n) - beta_n * n,
        ]

    def threshold(t, y):
        return y[0] - 10.0

    threshold.direction = 1
    at = [step for step in range(steps) if step and arrivals[step].any()]
    for first, last in zip([0, *at], [*at, steps], strict=True):
        t = dt * np.arange(1, last - first + 1)
        solution = solve_ivp(change, (0, t[-1]), y, "DOP853", t, events=threshold, rtol=1e-8, atol=1e-9)
        values.extend(solution.y[0])
        rises.extend(first * dt + solution.t_events[0])
        y = solution.y[:, -1]
        g = g * np.exp(-t[-1] / taus) + arrivals[last]
    return np.array(values), np.array(rises)


def rises_of(v, dt=DT):
    """Times at which v rises through 10 mV, by linear interpolation: for comparisons only."""
    k = np.flatnonzero((v[:-1] < 10) & (v[1:] >= 10))
    return (k + (10 - v[k]) / (v[k + 1] - v[k])) * dt


def random_trains(rng, n, steps, probability):
    return [[2 + np.flatnonzero(rng.random(steps - 2) < probability) for _ in range(n)] for _ in range(2)]


def protocols():
    """(name, parameters, trains, weights) of four cells each."""
    rng = np.random.default_rng(5)
    n, steps = 4, 1000
    yield "current", DEFAULT | {"i_offset": np.array([0.3, 0.5, 0.8, 3.0])}, *silent(n)
    p = DEFAULT | {"tau_syn_E": rng.uniform(0.2, 5, n), "tau_syn_I": rng.uniform(2, 10, n)}
    yield "synapses", p, random_trains(rng, n, steps, 0.15), rng.uniform(0.01, 0.05, (2, n))
    p = DEFAULT | {
        "gbar_Na": rng.uniform(10, 40, n),
        "gbar_K": rng.uniform(3, 12, n),
        "cm": rng.uniform(0.1, 0.4, n),
        "g_leak": rng.uniform(0.005, 0.03, n),
        "v_offset": rng.uniform(-68, -58, n),
        "i_offset": rng.uniform(0.2, 1, n),
    }
    yield "parameters", p, random_trains(rng, n, steps, 0.15), rng.uniform(0.001, 0.01, (2, n))


def of_one(p, i):
    return {name: float(value if np.ndim(value) == 0 else value[i]) for name, value in p.items()}


@pytest.mark.big
@pytest.mark.parametrize("protocol", list(protocols()), ids=lambda protocol: protocol[0])
def test_v_and_spikes_agree_with_solve_ivp(protocol):
    _, p, trains, weights = protocol
    steps = 1000
    (v,), spikes = simulate(p, trains, weights, steps)
    n_spikes = 0
    for i in range(v.shape[1]):
        want, rises = reference(of_one(p, i), [train[i] for train in trains], weights[:, i], steps)
        assert spikes[i].tolist() == np.ceil(rises / DT).astype(int).tolist()
        shift = rises_of(v[:, i])[:10] - rises_of(want)[:10]
        assert np.max(np.abs(shift), initial=0) < LARGEST_SHIFT
        before_spikes = slice(0, int(rises[0] / DT) - 5 if len(rises) else None)
        assert np.max(np.abs(v[before_spikes, i] - want[before_spikes])) < 1e-3
        n_spikes += len(rises)
    assert n_spikes > 10


@vectorised
def rates_of_all(u, values, slopes):
    for i in range(len(u)):
        value, slope = rates(u[i])
        for k in range(6):
            values[k, i] = value[k]
            slopes[k, i] = slope[k]


def engine_rates(u):
    """The six rates at each u, and their derivatives."""
    u = np.atleast_1d(np.asarray(u, dtype=float))
    values, slopes = np.empty((2, 6, len(u)))
    rates_of_all(u, values, slopes)
    return values, slopes


def test_rates_agree_with_the_textbook():
    u = np.linspace(LOWEST_U, HIGHEST_U, 10_003)
    u = u[np.min(np.abs(u[:, None] - [13, 15, 40]), axis=1) > 1e-2]
    values, slopes = engine_rates(u)
    want = np.array([textbook_rates(value) for value in u.tolist()]).T
    assert np.allclose(values, want, rtol=1e-9, atol=0)
    step = 1e-3
    sides = [np.array([textbook_rates(value) for value in (u + side).tolist()]).T for side in (-step, step)]
    assert np.allclose(slopes, (sides[1] - sides[0]) / (2 * step), rtol=1e-5, atol=1e-9)


def test_rates_at_their_singular_points():
    away = np.array([0.0, 1e-14, 1e-12, 1e-10, 1e-8, 3e-7, 1e-6, 1e-5, 1e-4, 1e-3])
    for singular in (13.0, 15.0, 40.0):
        u = singular + np.concatenate([away, -away])
        values, slopes = engine_rates(u)
        want = np.array([textbook_rates(value) for value in u.tolist()]).T
        assert np.allclose(values, want, rtol=5e-7, atol=0)
        # Where x/(exp(x) - 1) is made regular slopes are of no more than the right size.
        assert np.all(np.abs(slopes) < 0.5)


def test_rates_of_anything_finite_are_finite_and_positive():
    values, slopes = engine_rates([-1e300, -1e3, -101.0, 201.0, 1e3, 1e300])
    assert np.all(np.isfinite(values)) and np.all(values > 0) and np.all(np.isfinite(slopes))


def test_what_is_changed_during_a_run_acts_from_the_next_step_on():
    """The slopes that a neuron keeps for its next step are no longer true then."""
    moved = {"v": -58.0, "m": 0.05, "h": 0.9, "n": 0.1}
    network = Network(DT)
    block = network.add_block(HH_COND_EXP, 2, DEFAULT)
    sampler = network.add_sampler(block, "v", np.arange(2), 1)
    network.run(50)
    block.set(**DEFAULT | {"v_offset": np.array([-63.0, -61.0])})
    for name, value in moved.items():
        block.initialize(name, value, slice(1, 2))
    network.run(10)
    changed = DEFAULT | {"v_offset": -61.0}
    (want,), _ = simulate(changed, *silent(1), 10, initial=moved)
    (same,), _ = simulate(DEFAULT, *silent(1), 60)
    v = sampler.samples.view()
    np.testing.assert_array_equal(v[:, 0], same[:, 0])
    np.testing.assert_allclose(v[51:, 1], want[1:, 0], rtol=1e-13)


@pytest.mark.big
def test_conductances_are_exact_whatever_the_steps_are_divided_into():
    p = DEFAULT | {"i_offset": 2.0, "tau_syn_E": 0.2}
    (v, g), _ = simulate(p, [[[10]], [[]]], [[0.03], [0.0]], 300, variables=("v", "gsyn_exc"))
    assert np.max(v) > 30  # spikes, so divided steps
    assert np.allclose(g[10:, 0], 0.03 * np.exp(-np.arange(291) * DT / 0.2), rtol=1e-12, atol=0)


@pytest.mark.big
def test_uniform_and_varying_parameters_give_the_same_bits():
    rng = np.random.default_rng(7)
    n, steps = 37, 300
    trains, weights = random_trains(rng, n, steps, 0.1), rng.uniform(0.01, 0.05, (2, n))
    uniform, spikes = simulate(DEFAULT, trains, weights, steps, variables=VARIABLES)
    arrays = {name: np.full(n, value) for name, value in DEFAULT.items()}
    varying, other_spikes = simulate(arrays, trains, weights, steps, variables=VARIABLES)
    assert sum(map(len, spikes)) > n
    for a, b in zip(uniform, varying, strict=True):
        assert np.array_equal(a, b)
    assert all(np.array_equal(a, b) for a, b in zip(spikes, other_spikes, strict=True))


def test_whole_steps_near_rest():
    """Parts of a step are for cells near a spike: whoever takes them elsewhere is right, but slow."""
    network = Network(DT)
    block = network.add_block(HH_COND_EXP, 7, DEFAULT)
    for name, value in {"v": -65.0, "h": 0.99, "m": 0.03, "n": 0.03}.items():
        block.initialize(name, value)
    network.run(300)
    block.initialize("v", np.linspace(-68.0, -62.0, 7))
    for _ in range(5):
        network.run(2)
        assert np.all(block.state["_part"] == 1.0)


@pytest.mark.big
def test_a_neuron_does_not_depend_on_its_neighbours_or_threads(monkeypatch):
    monkeypatch.setattr(preparation, "CELLS_PER_THREAD", 100)
    rng = np.random.default_rng(8)
    n, steps = 4500, 120  # more than one chunk
    trains, weights = random_trains(rng, n, steps, 0.1), rng.uniform(0.01, 0.05, (2, n))
    (v,), spikes = simulate(DEFAULT, trains, weights, steps)
    assert sum(map(len, spikes)) > n
    (v_2,), spikes_2 = simulate(DEFAULT, trains, weights, steps, threads=2)
    assert np.array_equal(v, v_2)
    assert all(np.array_equal(a, b) for a, b in zip(spikes, spikes_2, strict=True))
    for some in (slice(5, 6), slice(2200, 2300), slice(4490, 4500)):
        own = [train[some] for train in trains]
        (v_own,), _ = simulate(DEFAULT, own, weights[:, some], steps)
        assert np.array_equal(v[:, some], v_own)


@pytest.mark.big
@pytest.mark.parametrize("dt", [0.01, 0.025, 0.25, 0.5])
def test_other_time_steps_find_the_same_spikes(dt):
    p = DEFAULT | {"i_offset": np.array([0.3, 1.0])}
    (v,), spikes = simulate(p, *silent(2), round(100 / dt), dt)
    for i in range(2):
        _, rises = reference(of_one(p, i), [[], []], [0, 0], 1000)
        assert spikes[i].tolist() == np.ceil(rises / dt).astype(int).tolist()


@pytest.mark.big
@pytest.mark.parametrize("dt", [0.1, 0.5])
def test_states_stay_finite_under_rough_treatment(dt):
    rng = np.random.default_rng(9)
    n, steps = 16, 200
    p = DEFAULT | {
        "cm": 10 ** rng.uniform(-2, 1, n),
        "gbar_Na": 10 ** rng.uniform(0, 2, n),
        "gbar_K": 10 ** rng.uniform(0, 2, n),
        "i_offset": rng.uniform(-20, 20, n),
        "tau_syn_E": 10 ** rng.uniform(-2, 2, n),
    }
    trains, weights = random_trains(rng, n, steps, 0.3), rng.uniform(0, 5, (2, n))
    initial = {
        "v": rng.uniform(-200, 100, n),
        "m": rng.random(n),
        "h": rng.random(n),
        "n": rng.random(n),
    }
    samples, _ = simulate(p, trains, weights, steps, dt, VARIABLES, initial=initial)
    assert all(np.all(np.isfinite(values)) for values in samples)
    for gate in samples[3:]:
        assert np.min(gate) > -1e-3 and np.max(gate) < 1 + 1e-3


@pytest.mark.big
def test_a_state_that_is_not_a_number_is_reported():
    with pytest.raises(network_module.NumericalError) as caught:
        simulate(DEFAULT, *silent(5), 10, initial={"v": np.array([-65, -65, np.nan, -65, -65])})
    assert (caught.value.cell, caught.value.step) == (2, 1)
