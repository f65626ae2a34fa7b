"""
Synapses whose efficacy depends on their own presynaptic spikes: short-term plasticity and chance.

The state at a presynaptic spike follows in closed form from that after the one before; nothing happens
in between. A model is three scalar functions::

    decays(c, steps) -> p              factors by which the state changes in so many steps without a spike
    decayed(c, p, s) -> s              the state after these steps
    release(c, s, weight, key) -> (s, amount)
                                       what a spike does to it, and what it adds to the target

where `c` are the constants of a synapse, `s` its state, and `key` is what its random numbers depend on
beside their number: (seed, stream, trial, synapse).

Sources     Tsodyks, Uziel & Markram 2000, J. Neurosci. 20:RC50, equations 3 and 4;
            Fuhrmann, Segev, Markram & Tsodyks 2002, J. Neurophysiol. 87:140-148 (stochastic release).
"""

import numpy as np

from ..compiling.compile import Entry, inlined, specialise
from ..compiling.fastmath import exp
from ..compiling.lowlevel import (
    arrays_at,
    elements_at,
    float64_at,
    gather,
    int32_at,
    int64_at,
    scatter,
    uint16_at,
    uint32_at,
)
from ..random.rng import uniform
from .dynamic import (
    CONSTANTS,
    KERNEL_ARGUMENTS,
    LAST,
    OBSERVED_VARIABLE,
    OBSERVER_ROW,
    SEED,
    STATE,
    STREAM,
    TARGETS,
    TRIAL,
    UNIFORM,
    WEIGHT_STRIDE,
    WEIGHTS,
    SynapseModel,
    add_at,
    group_at,
    number_of,
    observed,
    synapses_of_thread,
)
from .groups import DELAY_IS_SHARED, DELAYS


def _spike_kernel(group, thread, spikes, n_spikes, head, step, lowest, highest):
    """Deliver the spikes of a group's source at `step`; arguments are those of all such kernels.

    group            address of the group's row
    spikes           address of the cells that spiked, int32 [n_spikes]
    head             address of (address of the ring buffer, its slots - 1, places in a slot)
    lowest, highest  of no meaning here
    """
    row, detail, ring = group_at(group, head)
    starts, ends = synapses_of_thread(row, thread)
    cells = int32_at(spikes, n_spikes)
    s = arrays_at(detail[STATE], _N_STATE)  # noqa: F821
    delay_stride = 0 if row[DELAY_IS_SHARED] else 2
    for k in range(n_spikes):
        first, last = starts[cells[k]], ends[cells[k]]
        if first == last:
            continue
        c = elements_at(detail[CONSTANTS], first, _N_CONSTANTS)  # noqa: F821
        known = -1
        p = _decays(c, 0)  # noqa: F821
        for j in range(first, last):
            spiked = int32_at(detail[LAST] + 4 * j, 1)
            steps = step - spiked[0]
            spiked[0] = step
            if steps != known or not detail[UNIFORM]:
                c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
                p = _decays(c, steps)  # noqa: F821
                known = steps
            weight = float64_at(detail[WEIGHTS] + detail[WEIGHT_STRIDE] * j, 1)[0]
            key = (detail[SEED], detail[STREAM], detail[TRIAL], number_of(detail, j))
            state, amount = _release(c, _decayed(c, p, gather(s, j)), weight, key)  # noqa: F821
            scatter(s, j, state)
            cell = uint32_at(detail[TARGETS] + 4 * j, 1)[0]
            add_at(ring, row, cell, step + uint16_at(row[DELAYS] + delay_stride * j, 1)[0], amount)
    return 0


def _spiked(detail, j, pre, step):
    """What synapse `j` adds to its target for a spike of its source; its state is that after it."""
    s = arrays_at(detail[STATE], _N_STATE)  # noqa: F821
    last = int32_at(detail[LAST] + 4 * j, 1)
    c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
    p = _decays(c, step - last[0])  # noqa: F821
    last[0] = step
    weight = float64_at(detail[WEIGHTS] + detail[WEIGHT_STRIDE] * j, 1)[0]
    key = (detail[SEED], detail[STREAM], detail[TRIAL], number_of(detail, j))
    state, amount = _release(c, _decayed(c, p, gather(s, j)), weight, key)  # noqa: F821
    scatter(s, j, state)
    return amount


def _observe_kernel(observer, first, last, step):
    """Sample a state variable, as it is at `step`; `observer` is the address of a row of observers."""
    row = int64_at(observer, OBSERVER_ROW)
    detail, places, values = observed(row, step)
    s = arrays_at(detail[STATE], _N_STATE)  # noqa: F821
    for k in range(len(places)):
        j = places[k]
        if first <= uint32_at(detail[TARGETS] + 4 * j, 1)[0] < last:
            c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
            p = _decays(c, step - int32_at(detail[LAST] + 4 * j, 1)[0])  # noqa: F821
            values[k] = _decayed(c, p, gather(s, j))[row[OBSERVED_VARIABLE]]  # noqa: F821
    return 0


def _model(name, parameters, state, constants, n_constants, decays, decayed, release, is_random=False):
    names = {
        "_N_STATE": len(state),
        "_N_CONSTANTS": n_constants,
        "_decays": decays,
        "_decayed": decayed,
        "_release": release,
    }
    return SynapseModel(
        name,
        parameters,
        state,
        constants,
        Entry(specialise(_spike_kernel, f"{name}_spike_kernel", **names), KERNEL_ARGUMENTS),
        Entry(specialise(_observe_kernel, f"{name}_observe_kernel", **names), 4),
        inlined(specialise(_spiked, f"{name}_spiked", **names)),
        is_random=is_random,
    )


def _rate(tau, dt):
    """Decay rate per step; inf for a time constant of zero."""
    with np.errstate(divide="ignore"):
        return dt / np.asarray(tau, dtype=np.float64)


@inlined
def _decay(rate, steps):
    """exp(-rate * steps), and 0 for an infinite rate, even at once."""
    return 0.0 if rate == np.inf else exp(-rate * steps)


@inlined
def _mean_decay(v):
    """(1 - exp(-v)) / v for v >= 0: the mean of exp(-s) from s = 0 to v."""
    series = 1.0 - v * (0.5 - v * (1.0 / 6.0 - v / 24.0))
    return series if v < 1e-3 else (1.0 - exp(-v)) / max(v, 1e-3)


# --- Tsodyks-Markram --------------------------------------------------------------------------------------
#
# State: u, and the fractions x recovered, y active, z = 1 - x - y inactive. Between spikes
#     du/dt = -u/tau_facil,   dy/dt = -y/tau_psc,   dz/dt = y/tau_psc - z/tau_rec;
# at a spike u increases by U (1 - u), then the fraction u x of the resources becomes active.


def _tsodyks_markram_constants(p, dt):
    return p["U"], _rate(p["tau_facil"], dt), _rate(p["tau_rec"], dt), _rate(p["tau_psc"], dt)


@inlined
def _tsodyks_markram_decays(c, steps):
    recovery, inactivation = c[2], c[3]
    slow, fast = min(recovery, inactivation), max(recovery, inactivation)
    # The part of y that is in z after these steps; where y is inactive at once, it is all of it.
    moved = inactivation * steps * exp(-slow * steps) * _mean_decay((fast - slow) * steps)
    z_decay = _decay(recovery, steps)
    return _decay(c[1], steps), z_decay, _decay(inactivation, steps), z_decay if fast == np.inf else moved


@inlined
def _tsodyks_markram_decayed(c, p, s):
    u, x, y = s
    z = (1.0 - x - y) * p[1] + y * p[3]
    y = y * p[2]
    return u * p[0], 1.0 - y - z, y


@inlined
def _tsodyks_markram_release(c, s, weight, key):
    u, x, y = s
    u = u + c[0] * (1.0 - u)
    used = u * x
    return (u, x - used, y + used), weight * used


TSODYKS_MARKRAM = _model(
    "tsodyks_markram",
    ("U", "tau_rec", "tau_facil", "tau_psc"),
    {"u": 0.0, "x": 1.0, "y": 0.0},
    _tsodyks_markram_constants,
    4,
    _tsodyks_markram_decays,
    _tsodyks_markram_decayed,
    _tsodyks_markram_release,
)

# --- a coin for each spike --------------------------------------------------------------------------------


def _bernoulli_constants(p, dt):
    return (p["p"],)


@inlined
def _bernoulli_decays(c, steps):
    return (1.0,)


@inlined
def _bernoulli_decayed(c, p, s):
    return s


@inlined
def _bernoulli_release(c, s, weight, key):
    (spikes,) = s
    success = uniform(key[0], key[1], key[2], key[3], spikes) <= c[0]
    return (spikes + 1.0,), weight if success else 0.0


BERNOULLI = _model(
    "bernoulli",
    ("p",),
    {"_spikes": 0.0},
    _bernoulli_constants,
    1,
    _bernoulli_decays,
    _bernoulli_decayed,
    _bernoulli_release,
    is_random=True,
)

# --- Tsodyks-Markram, one site that releases or not -------------------------------------------------------
#
# State: u as above, and the probability x that the site has recovered. A spike finds it recovered with
# probability x, then releases with probability u; an empty site recovers at the rate 1/tau_rec.


def _stochastic_constants(p, dt):
    return p["U"], _rate(p["tau_facil"], dt), _rate(p["tau_rec"], dt)


@inlined
def _stochastic_decays(c, steps):
    return _decay(c[1], steps), _decay(c[2], steps)


@inlined
def _stochastic_decayed(c, p, s):
    u, x, spikes = s
    return u * p[0], 1.0 - (1.0 - x) * p[1], spikes


@inlined
def _stochastic_release(c, s, weight, key):
    u, x, spikes = s
    u = u + c[0] * (1.0 - u)
    recovered = uniform(key[0], key[1], key[2], key[3], 2.0 * spikes) <= x
    released = recovered and uniform(key[0], key[1], key[2], key[3], 2.0 * spikes + 1.0) <= u
    x = 1.0 if recovered and not released else 0.0
    return (u, x, spikes + 1.0), weight if released else 0.0


STOCHASTIC_TSODYKS_MARKRAM = _model(
    "stochastic_tsodyks_markram",
    ("U", "tau_rec", "tau_facil"),
    {"u": 0.0, "x": 1.0, "_spikes": 0.0},
    _stochastic_constants,
    3,
    _stochastic_decays,
    _stochastic_decayed,
    _stochastic_release,
    is_random=True,
)

# --- the same with several sites --------------------------------------------------------------------------
#
# State: u, the number of empty sites, and the probability that one of them has recovered since the last
# spike. The weight is that of all n sites together.


def _quantal_constants(p, dt):
    return p["U"], _rate(p["tau_facil"], dt), _rate(p["tau_rec"], dt), p["n"]


@inlined
def _quantal_decayed(c, p, s):
    u, empty, _, spikes = s
    return u * p[0], empty, 1.0 - p[1], spikes


@inlined
def _sites_released(c, s, key):
    """How many sites are still empty at a spike, and how many of the others release, with its u."""
    u, empty, recovery, spikes = s
    n = c[3]
    draw = 2.0 * n * spikes
    still_empty = 0
    for _ in range(int(empty)):
        still_empty += 0 if uniform(key[0], key[1], key[2], key[3], draw) <= recovery else 1
        draw += 1.0
    released = 0
    for _ in range(int(n) - still_empty):
        released += 1 if uniform(key[0], key[1], key[2], key[3], draw) <= u else 0
        draw += 1.0
    return still_empty, released


@inlined
def _quantal_release(c, s, weight, key):
    u, empty, recovery, spikes = s
    u = u + c[0] * (1.0 - u)
    still_empty, released = _sites_released(c, (u, empty, recovery, spikes), key)
    return (u, float(still_empty + released), recovery, spikes + 1.0), weight * (released / c[3])


MULTI_QUANTAL = _model(
    "multi_quantal",
    ("U", "tau_rec", "tau_facil", "n"),
    {"u": 0.0, "_empty": 0.0, "_recovery": 0.0, "_spikes": 0.0},
    _quantal_constants,
    4,
    _stochastic_decays,
    _quantal_decayed,
    _quantal_release,
    is_random=True,
)
