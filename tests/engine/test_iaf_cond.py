"""Conductance-based integrate-and-fire neurons, against solve_ivp.

The limits are the errors that were measured, times about five. Those of NEST 3.10 on the same protocols
are beside them: see `LARGEST_ERROR`.
"""

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from pyNN_fastsim.engine.network import Network
from pyNN_fastsim.engine.neurons import iaf_cond
from pyNN_fastsim.engine.neurons.gif import GIF_COND_EXP, names_of
from pyNN_fastsim.engine.neurons.iaf_cond import IAF_COND_ALPHA, IAF_COND_EXP
from pyNN_fastsim.engine.neurons.iaf_cond_sfa import IAF_COND_EXP_SFA_RR
from pyNN_fastsim.engine.neurons.point_neuron import lif
from pyNN_fastsim.engine.sources.spike_array import SPIKE_ARRAY
from pyNN_fastsim.engine.synapses.groups import SynapseGroup

MODELS = [IAF_COND_EXP, IAF_COND_ALPHA]
DT = 0.1

DEFAULT = {
    "v_rest": -65.0,
    "cm": 1.0,
    "tau_m": 20.0,
    "tau_refrac": 2.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 5.0,
    "e_rev_E": 0.0,
    "e_rev_I": -70.0,
    "v_thresh": -50.0,
    "v_reset": -65.0,
    "i_offset": 0.0,
}

# mV, for parameters drawn at random, with synapses as strong as the leak and ten times as strong.
# (NEST's: 7e-6 and 1.4e-2 for iaf_cond_exp, 4e-5 and 7e-3 for iaf_cond_alpha.)
LARGEST_ERROR = {
    ("iaf_cond_exp", 1.0): 1e-7,
    ("iaf_cond_exp", 10.0): 2e-5,
    ("iaf_cond_alpha", 1.0): 1e-6,
    ("iaf_cond_alpha", 10.0): 2e-4,
}


def simulate(model, parameters, trains, weights, steps, dt=DT, variables=("v",)):
    """Samples [steps + 1, cells] of the variables, and the steps of each cell's spikes.

    trains    for each receptor and cell the steps at which a spike arrives, 2 or later
    weights   uS, for each receptor and cell
    """
    network = Network(dt)
    n = len(trains[0])
    block = network.add_block(model, n, parameters)
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


def reference(model, p, trains, weights, steps, dt=DT):
    """v [steps + 1] of one cell by solve_ivp, and the steps of its spikes."""
    alpha = model is IAF_COND_ALPHA
    taus = np.array([p["tau_syn_E"], p["tau_syn_I"]])
    e_rev = np.array([p["e_rev_E"], p["e_rev_I"]])
    jump = np.e / taus if alpha else np.ones(2)
    arrivals = np.zeros((steps + 1, 2))
    for receptor in range(2):
        np.add.at(arrivals[:, receptor], trains[receptor], weights[receptor] * jump[receptor])
    v, g, slope, waiting = -65.0, np.zeros(2), np.zeros(2), 0
    values, spikes = [v], []

    def change(t, y):
        conductance = (g + slope * t) * np.exp(-t / taus)
        leak = p["cm"] / p["tau_m"] * (p["v_rest"] - y[0])
        return [(leak + conductance @ (e_rev - y[0]) + p["i_offset"]) / p["cm"]]

    for step in range(1, steps + 1):
        if waiting == 0:
            solution = solve_ivp(change, (0, dt), [v], method="DOP853", rtol=1e-11, atol=1e-12)
            v = solution.y[0, -1]
            if v >= p["v_thresh"]:
                v, waiting = p["v_reset"], round(p["tau_refrac"] / dt)
                spikes.append(step)
        else:
            waiting -= 1
        g, slope = (g + slope * dt) * np.exp(-dt / taus), slope * np.exp(-dt / taus)
        if alpha:
            slope = slope + arrivals[step]
        else:
            g = g + arrivals[step]
        values.append(v)
    return np.array(values), spikes


def random_protocol(n, steps, strength, seed=3):
    """Parameters, spike trains and weights of `n` cells."""
    rng = np.random.default_rng(seed)
    p = DEFAULT | {
        "cm": rng.uniform(0.1, 1, n),
        "tau_m": rng.uniform(5, 20, n),
        "tau_syn_E": rng.uniform(0.3, 5, n),
        "tau_syn_I": rng.uniform(0.5, 10, n),
    }
    trains = [[2 + np.flatnonzero(rng.random(steps - 2) < 0.05) for _ in range(n)] for _ in range(2)]
    weights = rng.uniform(0.3, 1.5, (2, n)) * strength * p["cm"] / p["tau_m"]
    return p, trains, weights


def of_one(p, i):
    return {name: float(value if np.ndim(value) == 0 else value[i]) for name, value in p.items()}


@pytest.mark.big
@pytest.mark.parametrize("strength", [1.0, 10.0])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_v_and_spikes_agree_with_solve_ivp(model, strength):
    n, steps = 6, 800
    p, trains, weights = random_protocol(n, steps, strength)
    (v, g_exc), spikes = simulate(model, p, trains, weights, steps, variables=("v", "gsyn_exc"))
    assert strength == 1.0 or np.max(g_exc * p["tau_m"] / p["cm"]) > 20  # strong input is strong
    n_spikes = 0
    for i in range(n):
        want, want_spikes = reference(
            model, of_one(p, i), [train[i] for train in trains], weights[:, i], steps
        )
        assert spikes[i].tolist() == want_spikes
        assert np.max(np.abs(v[:, i] - want)) < LARGEST_ERROR[model.name, strength]
        n_spikes += len(want_spikes)
    assert n_spikes > 10


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_method_is_of_order_six(model):
    p = DEFAULT | {"tau_m": 2.0, "tau_syn_E": 1.0, "tau_syn_I": 2.0, "v_thresh": 1e3}
    error = []
    for dt in (0.8, 0.4):
        trains = [[[round(0.8 * k / dt)] for k in (2,)], [[round(0.8 * k / dt)] for k in (3,)]]
        weights = np.array([[2.0], [2.0]])
        steps = round(8.0 / dt)
        (v,), _ = simulate(model, p, trains, weights, steps, dt)
        want, _ = reference(model, p, [train[0] for train in trains], weights[:, 0], steps, dt)
        error.append(abs(v[round(4.0 / dt), 0] - want[round(4.0 / dt)]))
    assert 4.5 < np.log2(error[0] / error[1]) < 7.5


def test_alpha_conductance_peaks_at_its_weight():
    (g,), _ = simulate(IAF_COND_ALPHA, DEFAULT, [[[10]], [[]]], [[0.03], [0.0]], 200, variables=("gsyn_exc",))
    t = np.arange(0, 191) * DT
    assert np.allclose(g[10:, 0], 0.03 * t / 5 * np.exp(1 - t / 5), rtol=0, atol=1e-15)
    assert np.max(g) == pytest.approx(0.03, rel=1e-12) and np.argmax(g) == 60
    assert np.all(g[:11] == 0)


def test_exp_conductance_jumps_by_its_weight_when_the_spike_arrives():
    (v, g), _ = simulate(
        IAF_COND_EXP, DEFAULT, [[[10]], [[]]], [[0.03], [0.0]], 20, variables=("v", "gsyn_exc")
    )
    assert np.allclose(g[10:, 0], 0.03 * np.exp(-np.arange(11) * DT / 5), rtol=1e-13)
    assert np.all(g[:10] == 0) and np.all(v[:11] == -65) and v[11, 0] > -65


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_v_is_clamped_for_the_refractory_period_while_conductances_go_on(model):
    p = DEFAULT | {"i_offset": 2.0, "tau_refrac": 1.0}
    (v, g), spikes = simulate(model, p, [[[2]], [[]]], [[0.01], [0.0]], 400, variables=("v", "gsyn_exc"))
    first = spikes[0][0]
    assert np.all(v[first : first + 11, 0] == -65.0) and v[first + 11, 0] > -65.0
    assert len(np.unique(g[first : first + 11, 0])) == 11


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
@pytest.mark.parametrize("tau_syn", [1e-3, 0.05, 5.0, 1e4])
@pytest.mark.parametrize("weight", [1e-9, 1.0, 1e6])
def test_v_stays_between_the_reversal_potentials(model, tau_syn, weight):
    p = DEFAULT | {"tau_syn_E": tau_syn, "tau_syn_I": 3 * tau_syn, "v_thresh": 1e3, "e_rev_I": -90.0}
    p = {name: np.full(3, value) for name, value in p.items()}
    p["cm"], p["tau_m"] = np.array([1.0, 1e-4, 1e3]), np.array([20.0, 0.01, 1e6])
    trains = [[np.arange(2, 300, 7)] * 3, [np.arange(5, 300, 11)] * 3]
    (v,), _ = simulate(model, p, trains, np.full((2, 3), weight), 400)
    # A synapse that is over within a hundredth of a step is not resolved, but nothing blows up.
    beyond = 0.01 if tau_syn > 0.01 else 500.0
    assert np.min(v) > -90.0 - beyond and np.max(v) < beyond


@pytest.mark.big
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_uniform_and_varying_parameters_give_the_same_bits(model):
    n, steps = 37, 300
    _, trains, weights = random_protocol(n, steps, 5.0)
    names = ("v", "gsyn_exc", "gsyn_inh")
    uniform, spikes = simulate(model, DEFAULT, trains, weights, steps, variables=names)
    arrays = {name: np.full(n, value) for name, value in DEFAULT.items()}
    varying, other_spikes = simulate(model, arrays, trains, weights, steps, variables=names)
    for a, b in zip(uniform, varying, strict=True):
        assert np.array_equal(a, b)
    assert all(np.array_equal(a, b) for a, b in zip(spikes, other_spikes, strict=True))


@pytest.mark.parametrize("tau", [0.05, 0.3, 5.0, 500.0])
def test_constants_are_the_integrals_that_they_stand_for(tau):
    h, cm = 0.1, 0.7
    early, late = iaf_cond.EARLY * h, iaf_cond.LATE * h

    def integral(g, start):
        return quad(g, start, h, epsabs=0, epsrel=1e-13)[0] / cm

    for g, constants in (
        (lambda s: np.exp(-s / tau), iaf_cond.decay_constants(tau, cm, h)),
        (lambda s: s * np.exp(-s / tau), iaf_cond.growth_constants(tau, cm, h)[:-1]),
    ):
        want = [g(h / 2), g(early) - g(h / 2), g(late) - g(h / 2)]
        want += [integral(g, start) for start in (0.0, early, late)] + [g(h)]
        assert np.allclose(constants, want, rtol=2e-12, atol=0)


POINT_NEURON = lif({"exc": "cond_exp", "inh": "cond_beta", "third": "cond_alpha"})
SHORT_STEPS = [*MODELS, IAF_COND_EXP_SFA_RR, GIF_COND_EXP, POINT_NEURON]
OTHERS = DEFAULT | {
    **{"tau_sfa": 50.0, "tau_rr": 3.0, "q_sfa": 5.0, "q_rr": 50.0, "e_rev_sfa": -70.0, "e_rev_rr": -75.0},
    **{"delta_v": 1.0, "v_t_star": -45.0, "lambda0": 10.0},
    **{name: 10.0 for kind in ("tau_eta", "tau_gamma") for name in names_of(kind)},
    **{name: 0.1 for kind in ("a_eta", "a_gamma") for name in names_of(kind)},
    **{f"{name}.e_syn": value for name, value in (("exc", 0.0), ("inh", -70.0), ("third", -20.0))},
    **{"exc.tau_syn": 5.0, "inh.tau_rise": 1.0, "inh.tau_decay": 4.0, "third.tau_syn": 2.0},
}


@pytest.mark.parametrize("own", [0.01, -0.5], ids=["positive", "negative"])
@pytest.mark.parametrize("model", SHORT_STEPS, ids=lambda model: model.name)
def test_a_cell_does_not_depend_on_the_conductances_of_its_neighbours(model, own):
    """They decide about which of two ways a chunk takes, which must be the same to the last bit."""
    n, steps = 9, 5
    parameters = {name: OTHERS[name] for name in model.parameters}
    conductances = [name for name in model.state if "gsyn" in name or name in ("g_s", "g_r")]
    samples = []
    for neighbour in (0.02, 40.0):
        network = Network(DT)
        block = network.add_block(model, n, parameters)
        for name in conductances:
            of_all = np.linspace(0.001, 0.01, n)
            of_all[:2] = own, neighbour
            block.initialize(name, of_all * (1e3 if name in ("g_s", "g_r") else 1.0))
        samplers = [network.add_sampler(block, name, np.arange(n), 1) for name in ("v", *conductances)]
        network.run(steps)
        samples.append([sampler.samples.view() for sampler in samplers])
    others = np.arange(n) != 1
    for one, other in zip(*samples, strict=True):
        assert np.array_equal(one[:, others], other[:, others])
        assert not np.array_equal(one[:, 1], other[:, 1])
