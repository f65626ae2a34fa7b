"""
Synapses whose weight depends on the spikes of both cells: spike-timing-dependent plasticity.

A synapse sees a presynaptic spike of t_pre at t_pre + (1 - f) d and a postsynaptic one of t_post at
t_post + f d, where d is its delay and f the dendritic fraction of it. Everything happens at these
arrivals, in the order of time, a presynaptic before a postsynaptic one at the same time; the traces of
both cells decay in closed form in between::

    before(c, s, weight, steps, lag) -> (s, weight)   at a presynaptic arrival: `steps` after the one
                                                      before, `lag` after the last postsynaptic one
    after(c, s, weight, steps, lag) -> (s, weight)    at a postsynaptic arrival, likewise

with the constants `c` of a synapse and its state `s`, the traces (x, y) of the pre- and postsynaptic
spikes as they were at the last of these: all pairs of spikes count. The weight that is delivered is that
after the presynaptic arrival.

Postsynaptic spikes are kept by history.py; a synapse is taken through them when the next presynaptic
spike arrives, when somebody looks at it, or when there is no more room for them. Which of these it is makes
no difference to the last bit, since all of it is done spike by spike.

A presynaptic spike with an axonal delay is dealt with in the last step before its arrival (`hold` steps
after its emission), since what it delivers may be due in the next one.

Sources     Song, Miller & Abbott 2000, Nature Neuroscience 3:919-926 (additive);
            van Rossum, Bi & Turrigiano 2000, J. Neurosci. 20:8812-8821 (multiplicative depression);
            Guetig, Aharonov, Rotter & Sompolinsky 2003, J. Neurosci. 23:3697-3714, equations 2 and 3;
            Vogels, Sprekeler, Zenke, Clopath & Gerstner 2011, Science 334:1569-1573.
"""

import numpy as np

from ..compiling.compile import Entry, inlined, jit, specialise
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
from .dynamic import (
    CONSTANTS,
    DETAIL_ROW,
    HISTORY,
    HISTORY_MASK,
    KERNEL_ARGUMENTS,
    LAST,
    N_OBSERVED,
    OBSERVED,
    OBSERVED_BUFFER,
    OBSERVED_INTERVAL,
    OBSERVED_PLACES,
    OBSERVED_ROW,
    OBSERVER_ROW,
    POSTS,
    SEEN,
    STATE,
    TARGETS,
    WEIGHTS,
    SynapseModel,
)
from .groups import BASE, BOUNDS, BOUNDS_STRIDE, DELAY_IS_SHARED, DELAYS, DETAIL, GROUP_ROW, N_SOURCES

ON_TIME = 1e-6  # steps: arrivals so near to each other are at the same time

# The constants of a plastic synapse, in this order.
SHIFT = 0  # steps by which a presynaptic spike arrives later than a postsynaptic one of the same time
HOLD = 1  # steps for which a presynaptic spike is kept
X_RATE = 2  # decay of the trace of presynaptic spikes, per step
Y_RATE = 3
RISE = 4  # largest change of the weight by a pair, upwards
FALL = 5  # and downwards
NEUTRAL = 6  # Vogels et al.: the trace at which a presynaptic spike changes nothing
W_MIN = 7
W_MAX = 8
MU_PLUS = 9
MU_MINUS = 10
N_CONSTANTS = 11


@inlined
def _clipped(c, weight):
    low, high = min(c[W_MIN], c[W_MAX]), max(c[W_MIN], c[W_MAX])
    return min(max(weight, low), high)


# --- how far a weight may still go, as a fraction of its range --------------------------------------------


@inlined
def _room_above(c, weight):
    """(w_max - w) / (w_max - w_min), also where the weights are negative."""
    return max((c[W_MAX] - weight) / (c[W_MAX] - c[W_MIN]), 0.0) if c[W_MAX] != c[W_MIN] else 0.0


@inlined
def _room_below(c, weight):
    """(w - w_min) / (w_max - w_min)."""
    return max((weight - c[W_MIN]) / (c[W_MAX] - c[W_MIN]), 0.0) if c[W_MAX] != c[W_MIN] else 0.0


@inlined
def _any_amount(c, weight):
    return 1.0


@inlined
def _power_above(c, weight):
    return _room_above(c, weight) ** c[MU_PLUS]


@inlined
def _power_below(c, weight):
    return _room_below(c, weight) ** c[MU_MINUS]


# By the names that PyNN gives them: how a rise and a fall of the weight depend on it.
WEIGHT_DEPENDENCES = {
    "additive": (_any_amount, _any_amount),
    "multiplicative": (_room_above, _room_below),
    "additive_potentiation": (_any_amount, _room_below),
    "guetig": (_power_above, _power_below),
}

# --- rules ------------------------------------------------------------------------------------------------


def _pair_before(c, s, weight, steps, lag):
    x, y = s
    weight = _clipped(c, weight - c[FALL] * _fall(c, weight) * (y * exp(-lag * c[Y_RATE])))  # noqa: F821
    return (x * exp(-steps * c[X_RATE]) + 1.0, y), weight


def _pair_after(c, s, weight, steps, lag):
    x, y = s
    weight = _clipped(c, weight + c[RISE] * _rise(c, weight) * (x * exp(-lag * c[X_RATE])))  # noqa: F821
    return (x, y * exp(-steps * c[Y_RATE]) + 1.0), weight


def _vogels_before(c, s, weight, steps, lag):
    x, y = s
    rise = c[RISE] * _rise(c, weight) * (y * exp(-lag * c[Y_RATE]))  # noqa: F821
    fall = c[FALL] * _fall(c, weight) * c[NEUTRAL]  # noqa: F821
    return (x * exp(-steps * c[X_RATE]) + 1.0, y), _clipped(c, weight + (rise - fall))


RULES = {"pair": (_pair_before, _pair_after), "vogels": (_vogels_before, _pair_after)}


def _timing(p):
    """SHIFT and HOLD of synapses with delays in steps."""
    shift = (1.0 - 2.0 * p["dendritic_delay_fraction"]) * p["delay"]
    axonal = (1.0 - p["dendritic_delay_fraction"]) * p["delay"]
    return shift, np.maximum(np.ceil(axonal - ON_TIME) - 1.0, 0.0)


def _constants_of_pairs(is_additive_above, is_additive_below):
    """The function that derives constants for SpikePairRule with a weight dependence.

    A change that does not depend on the weight is a fraction A of w_max, any other is one of
    w_max - w_min.
    """

    def constants(p, dt):
        width = p["w_max"] - p["w_min"]
        rise = p["A_plus"] * (p["w_max"] if is_additive_above else width)
        fall = p["A_minus"] * (p["w_max"] if is_additive_below else width)
        rates = dt / p["tau_plus"], dt / p["tau_minus"]
        return *_timing(p), *rates, rise, fall, np.zeros(1), *_bounds(p)

    return constants


def _constants_of_vogels(p, dt):
    """`eta` is in the units of the weight, `rho` in spikes per ms."""
    rate = dt / p["tau"]
    return *_timing(p), rate, rate, p["eta"], p["eta"], 2.0 * p["rho"] * p["tau"], *_bounds(p)


def _bounds(p):
    return p["w_min"], p["w_max"], p.get("mu_plus", np.ones(1)), p.get("mu_minus", np.ones(1))


# --- kernels ----------------------------------------------------------------------------------------------


def _caught_up(detail, c, s, weight, j, last_step):
    """The state and weight of synapse `j` after its target's spikes until `last_step`."""
    cell = uint32_at(detail[TARGETS] + 4 * j, 1)[0]
    mask = detail[HISTORY_MASK]
    spikes = int32_at(detail[HISTORY] + 4 * (mask + 1) * cell, mask + 1)
    n_spikes = int32_at(detail[POSTS] + 4 * cell, 1)[0]
    seen = int32_at(detail[SEEN] + 4 * j, 1)
    k = seen[0]
    if k < n_spikes:
        last = int32_at(detail[LAST] + 4 * j, 1)[0]
        before = spikes[(k - 1) & mask] if k > 0 else 0
        while k < n_spikes and spikes[k & mask] <= last_step:
            step = spikes[k & mask]
            steps = float(step - before)
            lag = max(float(step - last) - c[SHIFT], 0.0)
            s, weight = _after(c, s, weight, steps, lag)  # noqa: F821
            before = step
            k += 1
        seen[0] = k
    return s, weight


def _spike_kernel(group, thread, spikes, n_spikes, head, emitted, lowest, highest):
    """Take the synapses of a group through spikes of its source, emitted at `emitted`.

    group            address of the group's row
    spikes           address of the cells that spiked, int32 [n_spikes]
    head             address of (address of the ring buffer, its slots - 1, places in a slot)
    lowest, highest  only synapses that hold spikes for so many steps
    """
    row = int64_at(group, GROUP_ROW)
    detail = int64_at(row[DETAIL], DETAIL_ROW)
    ring = int64_at(head, 3)
    starts = int64_at(row[BOUNDS] + thread * row[BOUNDS_STRIDE], row[N_SOURCES])
    ends = int64_at(row[BOUNDS] + (thread + 1) * row[BOUNDS_STRIDE], row[N_SOURCES])
    cells = int32_at(spikes, n_spikes)
    state = arrays_at(detail[STATE], 2)
    mask = detail[HISTORY_MASK]
    delay_stride = 0 if row[DELAY_IS_SHARED] else 2
    for k in range(n_spikes):
        for j in range(starts[cells[k]], ends[cells[k]]):
            c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
            if c[HOLD] < lowest or c[HOLD] > highest:
                continue
            weight = float64_at(detail[WEIGHTS] + 8 * j, 1)
            last_step = emitted + int(np.ceil(c[SHIFT] - _ON_TIME)) - 1  # noqa: F821
            s, w = _catch_up(detail, c, gather(state, j), weight[0], j, last_step)  # noqa: F821
            cell = uint32_at(detail[TARGETS] + 4 * j, 1)[0]
            seen = int32_at(detail[SEEN] + 4 * j, 1)[0]
            before = int32_at(detail[HISTORY] + 4 * ((mask + 1) * cell + ((seen - 1) & mask)), 1)[0]
            lag = max(float(emitted - before) + c[SHIFT], 0.0) if seen > 0 else 0.0
            last = int32_at(detail[LAST] + 4 * j, 1)
            s, w = _before(c, s, w, float(emitted - last[0]), lag)  # noqa: F821
            last[0] = emitted
            scatter(state, j, s)
            weight[0] = w
            slot = (emitted + uint16_at(row[DELAYS] + delay_stride * j, 1)[0]) & ring[1]
            float64_at(ring[0] + 8 * (slot * ring[2] + row[BASE] + cell), 1)[0] += w
    return 0


def _catch_up_kernel(details, places, first, last, next_step):
    """Take synapses through the spikes of their targets, but for those that later events may precede.

    details     address of the group's details
    places      address of the indices of synapses, int64, of which `first` to `last` - 1 are meant; or 0
                for the synapses `first` to `last` - 1 themselves
    next_step   the first step whose presynaptic spikes have not been dealt with
    """
    detail = int64_at(details, DETAIL_ROW)
    state = arrays_at(detail[STATE], 2)
    for k in range(first, last):
        j = int64_at(places + 8 * k, 1)[0] if places != 0 else k
        c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
        weight = float64_at(detail[WEIGHTS] + 8 * j, 1)
        last_step = next_step - int(c[HOLD]) + int(np.ceil(c[SHIFT] - _ON_TIME)) - 1  # noqa: F821
        s, w = _catch_up(detail, c, gather(state, j), weight[0], j, last_step)  # noqa: F821
        scatter(state, j, s)
        weight[0] = w
    return 0


def _observe_kernel(observer, first, last, step):
    """Sample the weights after `step` has been done; `observer` is the address of a row of observers."""
    row = int64_at(observer, OBSERVER_ROW)
    detail = int64_at(row[OBSERVED], DETAIL_ROW)
    n = row[N_OBSERVED]
    places = int64_at(row[OBSERVED_PLACES], n)
    values = float64_at(
        row[OBSERVED_BUFFER] + 8 * n * (row[OBSERVED_ROW] + step // row[OBSERVED_INTERVAL]), n
    )
    for k in range(n):
        j = places[k]
        if first <= uint32_at(detail[TARGETS] + 4 * j, 1)[0] < last:
            _catch_up_these(row[OBSERVED], row[OBSERVED_PLACES], k, k + 1, step + 1)  # noqa: F821
            values[k] = float64_at(detail[WEIGHTS] + 8 * j, 1)[0]
    return 0


def _model(rule, dependence):
    """The model of a rule with a weight dependence."""
    name = f"stdp_{rule}_{dependence}"
    rise, fall = WEIGHT_DEPENDENCES[dependence]
    before, after = (
        inlined(specialise(function, f"{name}{function.__name__}", _rise=rise, _fall=fall))
        for function in RULES[rule]
    )
    catch_up = jit(specialise(_caught_up, f"{name}_caught_up", _after=after))
    names = {"_N_CONSTANTS": N_CONSTANTS, "_ON_TIME": ON_TIME, "_catch_up": catch_up, "_before": before}
    catch_up_these = specialise(_catch_up_kernel, f"{name}_catch_up_kernel", **names)
    names["_catch_up_these"] = jit(catch_up_these)
    if rule == "vogels":
        parameters, constants = ("tau", "eta", "rho"), _constants_of_vogels
    else:
        parameters = ("tau_plus", "tau_minus", "A_plus", "A_minus")
        constants = _constants_of_pairs(rise is _any_amount, fall is _any_amount)
    parameters += ("w_min", "w_max") + (("mu_plus", "mu_minus") if dependence == "guetig" else ())
    return SynapseModel(
        name,
        (*parameters, "dendritic_delay_fraction"),
        {"_x": 0.0, "_y": 0.0},
        constants,
        Entry(specialise(_spike_kernel, f"{name}_spike_kernel", **names), KERNEL_ARGUMENTS),
        Entry(specialise(_observe_kernel, f"{name}_observe_kernel", **names), 4),
        catch_up=Entry(catch_up_these, 5),
    )


MODELS = {(rule, dependence): _model(rule, dependence) for rule in RULES for dependence in WEIGHT_DEPENDENCES}
