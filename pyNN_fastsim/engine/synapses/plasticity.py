"""
Synapses whose weight depends on the spikes of both cells: spike-timing-dependent plasticity.

A synapse sees a presynaptic spike of t_pre at t_pre + (1 - f) d and a postsynaptic one of t_post at
t_post + f d, where d is its delay and f the dendritic fraction of it, both as they were at the time of the
spike. Everything happens at these arrivals, in the order of time, a presynaptic before a postsynaptic one at
the same time; the traces of both cells decay in closed form in between::

    before(c, s, weight, steps, lag, kick) -> (s, weight)   at a presynaptic arrival
    after(c, s, weight, steps, lag) -> (s, weight)          at a postsynaptic arrival

with the constants `c` of a synapse and its state `s`, the traces (x, y) of the pre- and postsynaptic
spikes as they were at the last of these: all pairs of spikes count. The first is told the `steps` since x,
the `lag` since y, and by how much x is raised; the second the `steps` since y, and the `lag` since x. x is
that of the last step of the grid before the arrival, where it would have been more than it was: `kick` is
that much more. The weight that is delivered is that after the presynaptic arrival.

Postsynaptic spikes are kept by history.py; a synapse is taken through them when the next presynaptic
spike arrives, or when there is no more room for them: one by one, or all at once where their rises add up
(traces.py). Somebody who looks at a weight in between is shown what it would be, and changes nothing, so that
results are the same to the last bit.

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
    uint32_at,
)
from .dynamic import (
    CHANGED,
    CONSTANTS,
    EARLIER,
    EPOCH,
    HISTORY,
    HISTORY_MASK,
    LAST,
    LONGEST,
    N_EARLIER,
    OBSERVER_ROW,
    POSTS,
    SEEN,
    STATE,
    TARGETS,
    TIMED_CONSTANTS,
    TIMING_ROW,
    TRACES,
    UNTIL,
    WEIGHTS,
    SynapseModel,
    observed,
)
from .plastic_kernels import (
    AXON,
    DENDRITE,
    ON_TIME,
    arrival_of,
    plastic_kernels,
    timing_constants,
)
from .traces import ENTRY, decayed_trace, product_of_rests, sum_of_rises

# The constants of a plastic synapse after AXON, DENDRITE and HOLD, in this order.
KICK = 3  # what it adds to the trace
X_RATE = 4  # decay of the trace of presynaptic spikes, per step
Y_RATE = 5
RISE = 6  # largest change of the weight by a pair, upwards
FALL = 7  # and downwards
NEUTRAL = 8  # Vogels et al.: the trace at which a presynaptic spike changes nothing
W_MIN = 9
W_MAX = 10
MU_PLUS = 11
MU_MINUS = 12
N_CONSTANTS = 13

LARGEST_KICK = 600.0  # of its logarithm, so that a few of them together are still a number


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


def _pair_before(c, s, weight, steps, lag, kick):
    x, y = s
    weight = _clipped(c, weight - c[FALL] * _fall(c, weight) * (y * exp(-lag * c[Y_RATE])))  # noqa: F821
    return (x * exp(-steps * c[X_RATE]) + kick, y), weight


def _pair_after(c, s, weight, steps, lag):
    x, y = s
    weight = _clipped(c, weight + c[RISE] * _rise(c, weight) * (x * exp(-lag * c[X_RATE])))  # noqa: F821
    return (x, y * exp(-steps * c[Y_RATE]) + 1.0), weight


def _vogels_before(c, s, weight, steps, lag, kick):
    x, y = s
    rise = c[RISE] * _rise(c, weight) * (y * exp(-lag * c[Y_RATE]))  # noqa: F821
    fall = c[FALL] * _fall(c, weight) * c[NEUTRAL]  # noqa: F821
    return (x * exp(-steps * c[X_RATE]) + kick, y), _clipped(c, weight + (rise - fall))


RULES = {"pair": (_pair_before, _pair_after), "vogels": (_vogels_before, _pair_after)}

# --- many postsynaptic arrivals at once -------------------------------------------------------------------


@inlined
def _risen_by_sum(c, x, weight, entries, spikes, mask, epoch, first, end, last):
    """The weight after rises that don't depend on it: all of one sign, so that it is clipped once."""
    total = sum_of_rises(entries, spikes, mask, epoch, first, end, last, c[DENDRITE], c[X_RATE])
    return _clipped(c, weight + c[RISE] * x * total)


@inlined
def _risen_by_product(c, x, weight, entries, spikes, mask, epoch, first, end, last):
    """The weight after rises in proportion to its distance from w_max: each leaves a part of that."""
    width = c[W_MAX] - c[W_MIN]
    size = c[RISE] / width * x if width != 0.0 else 0.0
    where = entries, spikes, mask, epoch, first, end, last
    rest = product_of_rests(*where, c[DENDRITE], c[X_RATE], size)
    return _clipped(c, weight + (c[W_MAX] - weight) * (1.0 - rest))


# By how a rise depends on the weight.
TOGETHER = {_any_amount: _risen_by_sum, _room_above: _risen_by_product}

# --- constants --------------------------------------------------------------------------------------------


def timing(p, x_rate):
    """AXON, DENDRITE, HOLD and KICK."""
    axon, dendrite, hold = timing_constants(p)
    off_grid = axon - np.floor(axon + ON_TIME)
    off_grid = np.where(off_grid > ON_TIME, off_grid, 0.0)
    kick = np.exp(np.minimum(off_grid * x_rate, LARGEST_KICK))
    return axon, dendrite, hold, kick


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
        return *timing(p, rates[0]), *rates, rise, fall, np.zeros(1), *_bounds(p)

    return constants


def _constants_of_vogels(p, dt):
    """`eta` is in the units of the weight, `rho` in spikes per ms."""
    rate = dt / p["tau"]
    return *timing(p, rate), rate, rate, p["eta"], p["eta"], 2.0 * p["rho"] * p["tau"], *_bounds(p)


def _bounds(p):
    return p["w_min"], p["w_max"], p.get("mu_plus", np.ones(1)), p.get("mu_minus", np.ones(1))


def _trace_rates(constants):
    """The rates of a Trace for synapses with these constants; None if they differ."""
    rates = constants[X_RATE], constants[Y_RATE]
    return tuple(float(rate[0]) for rate in rates) if all(len(rate) == 1 for rate in rates) else None


# --- kernels ----------------------------------------------------------------------------------------------


@jit
def _has_one_dendrite(detail, c, j, step):
    """Whether synapse `j` has one dendritic delay for spikes emitted since `step`, and those before that may
    have been under way then."""
    for k in range(detail[N_EARLIER]):
        earlier = int64_at(detail[EARLIER] + 8 * TIMING_ROW * k, TIMING_ROW)
        before = elements_at(earlier[TIMED_CONSTANTS], j, N_CONSTANTS)[DENDRITE]
        if step <= earlier[UNTIL] + detail[LONGEST] and before != c[DENDRITE]:
            return False
    return True


def _one_by_one(detail, c, s, weight, j, step, ahead):
    """The state and weight of synapse `j` after its target's spikes that arrive before `step` + `ahead`,
    and how many it has then dealt with."""
    cell = uint32_at(detail[TARGETS] + 4 * j, 1)[0]
    mask = detail[HISTORY_MASK]
    spikes = int32_at(detail[HISTORY] + 4 * (mask + 1) * cell, mask + 1)
    n_spikes = int32_at(detail[POSTS] + 4 * cell, 1)[0]
    last = int32_at(detail[LAST] + 4 * j, 1)[0]
    k = int32_at(detail[SEEN] + 4 * j, 1)[0]
    end = float(step - last) + ahead
    before = arrival_of(detail, c, j, spikes, mask, k - 1, last) if k > 0 else 0.0
    while k < n_spikes:
        arrival = arrival_of(detail, c, j, spikes, mask, k, last)
        if not arrival < end - _ON_TIME:  # noqa: F821
            break
        s, weight = _after(c, s, weight, arrival - before, max(arrival, 0.0))  # noqa: F821
        before = arrival
        k += 1
    return s, weight, k


def _at_once(detail, c, s, weight, j, step, ahead):
    """The same for rules whose rises add up."""
    cell = uint32_at(detail[TARGETS] + 4 * j, 1)[0]
    mask = detail[HISTORY_MASK]
    spikes = int32_at(detail[HISTORY] + 4 * (mask + 1) * cell, mask + 1)
    end = int32_at(detail[POSTS] + 4 * cell, 1)[0]
    first = int32_at(detail[SEEN] + 4 * j, 1)[0]
    if first == end:
        return s, weight, first
    before = spikes[max(first - 1, 0) & mask]
    within = min(c[W_MIN], c[W_MAX]) <= weight <= max(c[W_MIN], c[W_MAX])
    settled = before > detail[CHANGED] + detail[LONGEST] or _has_one_dendrite(detail, c, j, before)
    if detail[TRACES] == 0 or not within or not settled:
        return _each(detail, c, s, weight, j, step, ahead)  # noqa: F821
    while end > first and not float(spikes[(end - 1) & mask] - step) + c[DENDRITE] < ahead - _ON_TIME:  # noqa: F821
        end -= 1
    if first == end:
        return s, weight, first
    entries = float64_at(detail[TRACES] + 8 * ENTRY * (mask + 1) * cell, ENTRY * (mask + 1))
    x, y = s
    if x != 0.0:
        last = int32_at(detail[LAST] + 4 * j, 1)[0]
        weight = _risen(c, x, weight, entries, spikes, mask, detail[EPOCH], first, end, last)  # noqa: F821
    steps = float(spikes[(end - 1) & mask] - before)
    return (x, decayed_trace(y, entries, mask, first, end, steps * c[Y_RATE])), weight, end


def _arrived(detail, state, t, c, j, pre_cell, emitted):
    """Synapse `j` is taken through a spike of its source; see plastic_kernels.py."""
    mask = detail[HISTORY_MASK]
    weight = float64_at(detail[WEIGHTS] + 8 * j, 1)
    s, w, n = _catch_up(detail, c, gather(state, j), weight[0], j, emitted, t[AXON])  # noqa: F821
    int32_at(detail[SEEN] + 4 * j, 1)[0] = n
    cell = uint32_at(detail[TARGETS] + 4 * j, 1)[0]
    past = int32_at(detail[HISTORY] + 4 * (mask + 1) * cell, mask + 1)
    before = arrival_of(detail, c, j, past, mask, n - 1, emitted) if n > 0 else 0.0
    lag = max(t[AXON] - before, 0.0)
    last = int32_at(detail[LAST] + 4 * j, 1)
    arrival = emitted + int(np.floor(t[AXON] + _ON_TIME))  # noqa: F821
    s, w = _before(c, s, w, float(arrival - last[0]), lag, t[KICK])  # noqa: F821
    last[0] = arrival
    scatter(state, j, s)
    weight[0] = w
    return w


def _caught_up(detail, state, j, next_step):
    """Synapse `j` is taken through the spikes of its target that arrive before `next_step`."""
    c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
    weight = float64_at(detail[WEIGHTS] + 8 * j, 1)
    s, w, n = _catch_up(detail, c, gather(state, j), weight[0], j, next_step, 0.0)  # noqa: F821
    int32_at(detail[SEEN] + 4 * j, 1)[0] = n
    scatter(state, j, s)
    weight[0] = w


def _weight_shown(detail, j, next_step):
    """The weight of synapse `j` after all that arrives before `next_step`."""
    c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
    s = gather(arrays_at(detail[STATE], 2), j)
    weight = float64_at(detail[WEIGHTS] + 8 * j, 1)[0]
    return _catch_up(detail, c, s, weight, j, next_step, 0.0)[1]  # noqa: F821


def _observe_kernel(observer, first, last, step):
    """Sample the weights after `step` has been done; `observer` is the address of a row of observers."""
    row = int64_at(observer, OBSERVER_ROW)
    detail, places, values = observed(row, step)
    for k in range(len(places)):
        if first <= uint32_at(detail[TARGETS] + 4 * places[k], 1)[0] < last:
            values[k] = _weight_of(detail, places[k], step + 1)  # noqa: F821
    return 0


def _model(rule, dependence, functions, posts_first=False):
    """The model of a rule with a weight dependence.

    functions     of the rule, before and after: see `RULES`
    posts_first   whether a postsynaptic spike that arrives together with a presynaptic one comes first
    """
    name = f"stdp_{rule}_{dependence}"
    rise, fall = WEIGHT_DEPENDENCES[dependence]
    before, after = (
        inlined(specialise(function, f"{name}{function.__name__}", _rise=rise, _fall=fall))
        for function in functions
    )
    catch_up = jit(specialise(_one_by_one, f"{name}_one_by_one", _after=after, _ON_TIME=ON_TIME))
    if rise in TOGETHER and not posts_first:
        several = {"_each": catch_up, "_risen": TOGETHER[rise], "_ON_TIME": ON_TIME}
        catch_up = jit(specialise(_at_once, f"{name}_at_once", **several))
    names = {"_N_CONSTANTS": N_CONSTANTS, "_ON_TIME": ON_TIME, "_catch_up": catch_up, "_before": before}
    names["_weight_of"] = jit(specialise(_weight_shown, f"{name}_weight_shown", **names))
    at_spike = dict(names)
    if posts_first:
        at_spike["_catch_up"] = jit(
            specialise(_one_by_one, f"{name}_up_to_spike", _after=after, _ON_TIME=-ON_TIME)
        )
    arrived = inlined(specialise(_arrived, f"{name}_arrived", **at_spike))
    caught_up = inlined(specialise(_caught_up, f"{name}_caught_up", **names))
    if rule.endswith("vogels"):
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
        observe=Entry(specialise(_observe_kernel, f"{name}_observe_kernel", **names), 4),
        **plastic_kernels(name, 2, N_CONSTANTS, arrived, caught_up, names["_weight_of"]),
        trace_rates=_trace_rates,
    )


MODELS = {
    (rule, dependence): _model(rule, dependence, functions)
    for rule, functions in RULES.items()
    for dependence in WEIGHT_DEPENDENCES
}
