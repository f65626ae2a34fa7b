"""Each kernel against its twin in plain Python (naive/twins.py), which takes the same steps.

The twin begins every step from the kernel's state, so that nothing accumulates: what differs is rounding.
"""

import functools

import numpy as np
import pytest
from naive import twins

from pyNN_fastsim.engine.compiling.settings import INTERPRETED
from pyNN_fastsim.engine.network import Network
from pyNN_fastsim.engine.neurons.aeif import AEIF_COND_ALPHA, AEIF_COND_EXP
from pyNN_fastsim.engine.neurons.gif import GIF_COND_EXP
from pyNN_fastsim.engine.neurons.hh import HH_COND_EXP
from pyNN_fastsim.engine.neurons.iaf_cond import IAF_COND_ALPHA, IAF_COND_EXP, IAF_FACETS_HARDWARE
from pyNN_fastsim.engine.neurons.iaf_cond_sfa import IAF_COND_EXP_SFA_RR
from pyNN_fastsim.engine.neurons.iaf_psc import IAF_PSC_ALPHA, IAF_PSC_DELTA, IAF_PSC_EXP
from pyNN_fastsim.engine.neurons.izhikevich import IZHIKEVICH
from pyNN_fastsim.engine.neurons.point_adexp import adexp
from pyNN_fastsim.engine.neurons.point_neuron import lif
from pyNN_fastsim.engine.sources.currents import Current, steps_value
from pyNN_fastsim.engine.sources.spike_array import SPIKE_ARRAY
from pyNN_fastsim.engine.synapses.groups import SynapseGroup

N, DT = 5, 0.1
STEPS = 30 if INTERPRETED else 200
RELATIVE = 1e-12
CHANGES = 20, 120  # the steps at which injected currents change

RANGES = {
    "v_rest": (-67, -60),
    "cm": (0.1, 0.5),
    "tau_m": (5, 20),
    "tau_refrac": (0, 3),
    "tau_syn_E": (0.3, 5),
    "tau_syn_I": (0.5, 10),
    "e_rev_E": (-10, 10),
    "e_rev_I": (-90, -70),
    "v_thresh": (-66, -60),
    "v_reset": (-75, -68),
    "i_offset": (0, 0.3),
    "g_leak": (10, 40),
    "tau_sfa": (50, 150),
    "e_rev_sfa": (-80, -70),
    "q_sfa": (5, 20),
    "tau_rr": (1, 5),
    "e_rev_rr": (-75, -65),
    "q_rr": (500, 3500),
}

# A spike is certain or impossible but where v is very near v_t: then the twin can tell.
GIF = RANGES | {"delta_v": (1e-4, 2e-4), "v_t_star": (-62, -55), "lambda0": (1, 10)}
for k in (1, 2, 3):
    GIF |= {f"tau_eta_{k}": (1, 100), f"a_eta_{k}": (0.01, 0.3)}
    GIF |= {f"tau_gamma_{k}": (1, 100), f"a_gamma_{k}": (0.3, 3)}

HH = RANGES | {
    "gbar_Na": (15, 25),
    "gbar_K": (4, 8),
    "g_leak": (0.005, 0.02),
    "v_offset": (-61, -58),
    "e_rev_Na": (45, 55),
    "e_rev_K": (-95, -85),
    "e_rev_leak": (-70, -66),
    "i_offset": (0, 0.005),
}

IZHIKEVICH_RANGES = {
    "a": (0.02, 0.1),
    "b": (0.2, 0.25),
    "c": (-65, -50),
    "d": (0.05, 8),
    "i_offset": (0, 0.01),
}

AEIF = RANGES | {
    "v_thresh": (-55, -50),
    "v_spike": (-45, -30),
    "delta_T": (1, 3),
    "a": (0, 10),
    "b": (0.02, 0.2),
    "tau_w": (20, 150),
    "i_offset": (0.2, 0.8),
}

POINT = {
    "current.tau_syn": (0.5, 10),
    "exp.tau_syn": (0.5, 10),
    "exp.e_syn": (-10, 10),
    "alpha.tau_syn": (0.3, 5),
    "alpha.e_syn": (-10, 10),
    "beta.tau_rise": (0.3, 3),
    "beta.tau_decay": (2, 8),
    "beta.e_syn": (-90, -70),
    "fast.tau_syn": (0.3, 3),
    "slow.tau_syn": (3, 10),
}

# Time constants that are equal where all cells have the same: propagators take their limit there.
EQUAL = [("tau_syn_E", "tau_m"), ("fast.tau_syn", "tau_m"), ("beta.tau_rise", "beta.tau_decay")]

# Which initial values are drawn from, beside v
START = {
    "isyn_exc": (0, 0.3),
    "isyn_inh": (-0.3, 0),
    "gsyn_exc": (0, 0.01),
    "gsyn_inh": (0, 0.01),
    "_slope_exc": (0, 0.01),
    "_slope_inh": (-0.001, 0.01),
    "g_s": (0, 10),
    "g_r": (0, 50),
    "_eta_1": (0, 0.05),
    "_eta_2": (0, 0.05),
    "_eta_3": (-0.05, 0),
    "_gamma_1": (0, 2),
    "_gamma_2": (0, 2),
    "_gamma_3": (-2, 0),
    "u": (-15, -10),
    "w": (0, 0.05),
    "isyn": (-0.3, 0.3),
    "gsyn": (0, 0.01),
    "ysyn": (0, 0.01),
}

CURRENT = (-0.1, 0.5)  # nA
UNITARY = (0.001, 0.02)  # uS, of an event

CURRENTS = {"fast": "curr_exp", "slow": "curr_exp"}
RISING = {"alpha": "cond_alpha", "beta": "cond_beta"}
MIXTURE = RISING | {"exp": "cond_exp", "current": "curr_exp"}
LIF_CURRENTS, LIF_MIXTURE, ADEXP_RISING = lif(CURRENTS), lif(MIXTURE), adexp(RISING)


def of_kinds(twin, model, kinds):
    return functools.partial(twin, receptors=[(name, kinds[name]) for name in model.receptors])


# Of the models whose twin has another name.
TWINS = {
    LIF_CURRENTS.name: of_kinds(twins.point_lif, LIF_CURRENTS, CURRENTS),
    LIF_MIXTURE.name: of_kinds(twins.point_lif, LIF_MIXTURE, MIXTURE),
    ADEXP_RISING.name: of_kinds(twins.point_adexp, ADEXP_RISING, RISING),
}

MODELS = [
    IAF_PSC_EXP,
    IAF_PSC_ALPHA,
    IAF_PSC_DELTA,
    IAF_COND_EXP,
    IAF_COND_ALPHA,
    IAF_FACETS_HARDWARE,
    IAF_COND_EXP_SFA_RR,
    GIF_COND_EXP,
    HH_COND_EXP,
    IZHIKEVICH,
    AEIF_COND_EXP,
    AEIF_COND_ALPHA,
    LIF_CURRENTS,
    LIF_MIXTURE,
    ADEXP_RISING,
]

# The ranges of parameters, of the weights of events at each receptor (excitatory and inhibitory, but for
# point neurons), and of the current; how much of the steps must be taken in one part; the least number of
# spikes in these.
CASES = {
    IAF_PSC_EXP.name: (RANGES, (0.3, 2), (-0.5, -0.1), CURRENT, 1.0, 10),
    IAF_PSC_ALPHA.name: (RANGES, (0.3, 2), (-0.5, -0.1), CURRENT, 1.0, 10),
    IAF_PSC_DELTA.name: (RANGES, (0.5, 5), (-3, -0.1), CURRENT, 1.0, 10),
    IAF_COND_EXP.name: (RANGES, UNITARY, UNITARY, CURRENT, 1.0, 20),
    IAF_COND_ALPHA.name: (RANGES, UNITARY, UNITARY, CURRENT, 1.0, 20),
    IAF_FACETS_HARDWARE.name: (RANGES, UNITARY, UNITARY, CURRENT, 1.0, 20),
    IAF_COND_EXP_SFA_RR.name: (RANGES, UNITARY, UNITARY, CURRENT, 1.0, 10),
    GIF_COND_EXP.name: (GIF, UNITARY, UNITARY, CURRENT, 0.95, 10),
    HH_COND_EXP.name: (HH, (1e-4, 1e-3), (1e-4, 1e-3), (-0.01, 0.01), 1.0, 0),
    IZHIKEVICH.name: (IZHIKEVICH_RANGES, (60, 130), (-3, -0.1), (-0.005, 0.01), 0.6, 5),
    AEIF_COND_EXP.name: (AEIF, UNITARY, UNITARY, CURRENT, 0.8, 0),
    AEIF_COND_ALPHA.name: (AEIF, UNITARY, UNITARY, CURRENT, 0.8, 0),
    LIF_CURRENTS.name: (RANGES | POINT, (0.3, 2), (-0.1, 0.5), CURRENT, 1.0, 10),
    LIF_MIXTURE.name: (RANGES | POINT, *3 * [UNITARY], (-0.3, 0.5), CURRENT, 1.0, 20),
    ADEXP_RISING.name: (AEIF | POINT, UNITARY, UNITARY, CURRENT, 0.8, 0),
}

# What 1e-12 is relative to, at least.
SCALE = {
    "v": 100.0,
    "v_t": 100.0,
    "u": 10.0,
    "w": 0.1,
    "gsyn_exc": 0.01,
    "gsyn_inh": 0.01,
    "gsyn": 0.01,
    "ysyn": 0.01,
}


def plain(name):
    """A variable's name, without that of its receptor."""
    return name.rpartition(".")[2]


def draw(rng, ranges, n):
    return {name: rng.uniform(*limits, n) for name, limits in ranges.items()}


def resting_gates(u):
    """Gates at rest, so that the first steps are taken whole, too."""
    rates = np.array([twins.gate_rates(value) for value in u.tolist()])[..., 0]
    return {name: rates[:, 2 * k] / (rates[:, 2 * k] + rates[:, 2 * k + 1]) for k, name in enumerate("mhn")}


def random_case(model, uniform):
    """Parameters of each cell, what the kernel is to get of them, initial values, events and currents."""
    ranges, *weights, current, _, _ = CASES[model.name]
    rng = np.random.default_rng(sum(model.name.encode()))
    p = draw(rng, {name: ranges[name] for name in model.parameters}, N)
    if "tau_refrac" in p:
        p["tau_refrac"] = DT * np.rint(p["tau_refrac"] / DT)
    if uniform:
        p = {name: np.full(N, values[0]) for name, values in p.items()}
        p |= {name: p[other] for name, other in EQUAL if {name, other} <= p.keys()}
    start = {"v": (-80.0, -62.0)} | {name: START[plain(name)] for name in model.state if plain(name) in START}
    initial = draw(rng, start, N)
    if model is HH_COND_EXP:
        initial |= resting_gates(initial["v"] - p["v_offset"])
    arrivals = [(rng.random((STEPS + 1, N)) < 0.1) * rng.uniform(*w, (1, N)) for w in weights]
    for of_one in arrivals:
        of_one[0] = 0.0
    levels = rng.uniform(*current, (2, N))
    return p, initial, arrivals, levels


def simulate(model, p, uniform, initial, arrivals, levels):
    """The state [steps + 1, cells] by name, and whether each cell spikes in each step."""
    network = Network(DT)
    given = {name: float(values[0]) if uniform else values for name, values in p.items()}
    block = network.add_block(model, N, given)
    for name, values in initial.items():
        block.initialize(name, values)
    for receptor, of_one in enumerate(arrivals):
        # The delay is one step.
        times = [(np.flatnonzero(of_one[:, i]) - 1) * DT for i in range(N)]
        source = network.add_block(SPIKE_ARRAY, N, {"spike_times": times})
        targets, one_step = np.arange(N, dtype=np.uint32), np.array([1], dtype=np.uint16)
        weights = np.sum(of_one, axis=0) / np.maximum(np.count_nonzero(of_one, axis=0), 1)
        weights = np.where(of_one.any(axis=0), weights, 0.0)
        network.add_group(
            SynapseGroup(source.index, block.index, receptor, np.arange(N + 1), targets, weights, one_step)
        )
    for i in range(N):
        current = network.add_current(Current(steps_value, [*CHANGES, *levels[:, i]]))
        network.attach_current(current, block, np.array([i]))
    network.record_spikes(block, slice(None))
    samplers = {name: network.add_sampler(block, name, np.arange(N), 1) for name in model.state}
    network.run(STEPS)
    spiked = np.zeros((STEPS + 1, N), dtype=bool)
    ids, at = network.spikes()
    spiked[at, ids] = True
    return {name: sampler.samples.view() for name, sampler in samplers.items()}, spiked


def side_by_side(model, uniform):
    """All values of each variable after steps taken whole, found and expected; and the number of spikes."""
    p, initial, arrivals, levels = random_case(model, uniform)
    state, spiked = simulate(model, p, uniform, initial, arrivals, levels)
    twin = TWINS.get(model.name) or getattr(twins, model.name)
    values, n_spikes = {}, 0
    for k in range(STEPS):
        for i in range(N):
            own = {name: float(of_all[i]) for name, of_all in p.items()}
            before = {name: float(samples[k, i]) for name, samples in state.items()}
            level = 0.0 if k < CHANGES[0] else float(levels[int(k >= CHANGES[1]), i])
            x = (*(float(of_one[k + 1, i]) for of_one in arrivals), level)
            done = twin(own, before, x, DT)
            if done is None:
                continue
            after, fires = done
            assert spiked[k + 1, i] == fires
            n_spikes += fires
            for name, value in after.items():
                values.setdefault(name, []).append((state[name][k + 1, i], value))
    return {name: np.array(pairs).T for name, pairs in values.items()}, n_spikes


@pytest.mark.parametrize("uniform", [False, True], ids=["own", "uniform"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_each_step_is_that_of_the_twin(model, uniform):
    values, n_spikes = side_by_side(model, uniform)
    *_, share, least_spikes = CASES[model.name]
    assert INTERPRETED or values["v"].shape[1] >= share * STEPS * N
    assert INTERPRETED or n_spikes >= least_spikes
    for name, (found, expected) in values.items():
        near_zero = RELATIVE * SCALE.get(plain(name), 1.0)
        np.testing.assert_allclose(found, expected, rtol=RELATIVE, atol=near_zero, err_msg=name)
