"""
Synapses that follow rules of any kind from one event to the next: arrivals of the spikes of both cells.

Arrivals are those of plastic_kernels.py. A rule is three scalar functions::

    between(c, s, weight, steps, time) -> (s, weight)        what happens in so many steps without an event
    before(c, s, weight, time, key, pre, post, earlier) -> (s, weight, amount)
                                                             at a presynaptic arrival, `amount` for the target
    after(c, s, weight, time, key, post) -> (s, weight)      at a postsynaptic one

where `c` are the constants of a synapse, of which the first three are AXON, DENDRITE and HOLD
(plastic_kernels.py), `s` its state, `time` that of the event, or of the end of what is between, in steps, and
`key` what random numbers depend on beside their number: (seed, stream, trial, synapse), `pre` and `post`
values of the cells (`SynapseModel.of_pre` and `of_post`): of the target as they are in the step of a
presynaptic arrival, or after the spike that arrives. Where a postsynaptic spike that arrives together with a
presynaptic one comes first, `earlier` is the state before both. The last state variable, "_at", is
when the last event was, in steps since the last presynaptic one on the grid: the functions leave it as it is.

A postsynaptic spike without a dendritic delay is not known yet when a presynaptic one is dealt with that
arrives at the same time, after an axonal delay: it comes second, whatever `post_first` says.

Postsynaptic arrivals are dealt with when the next presynaptic one comes, as in plasticity.py; whoever looks
in between changes nothing.
"""

import numpy as np

from ..compiling.compile import Entry, inlined, jit, specialise
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
    HISTORY,
    HISTORY_MASK,
    KERNEL_ARGUMENTS,
    LAST,
    OBSERVED_VARIABLE,
    OBSERVER_ROW,
    PAST_VALUES,
    POST_VALUES,
    POSTS,
    PRE_VALUES,
    SEED,
    SEEN,
    STATE,
    STREAM,
    TARGETS,
    TRIAL,
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
from .plastic_kernels import AXON, N_TIMING, ON_TIME, arrival_of, plastic_kernels, timing_constants


@inlined
def _key(detail, j):
    return detail[SEED], detail[STREAM], detail[TRIAL], number_of(detail, j)


def _no_values(table, i):
    return (0.0,)


def _values(table, i):
    return elements_at(table, i, _N_VALUES)  # noqa: F821


def _events(detail, c, s, weight, j, step, ahead, at, k):
    """The state and weight of synapse `j` after its target's spikes that arrive before `step` + `ahead`, when
    the last event was (steps since the last presynaptic one), and how many of these spikes it has then dealt
    with."""
    cell = uint32_at(detail[TARGETS] + 4 * j, 1)[0]
    mask = detail[HISTORY_MASK]
    spikes = int32_at(detail[HISTORY] + 4 * (mask + 1) * cell, mask + 1)
    n_spikes = int32_at(detail[POSTS] + 4 * cell, 1)[0]
    last = int32_at(detail[LAST] + 4 * j, 1)[0]
    end = float(step - last) + ahead
    while k < n_spikes:
        arrival = arrival_of(detail, c, j, spikes, mask, k, last)
        if not arrival < end:
            break
        time = float(last) + arrival
        s, weight = _between(c, s, weight, max(arrival - at, 0.0), time)  # noqa: F821
        post = _post_values(detail[PAST_VALUES], (mask + 1) * cell + (k & mask))  # noqa: F821
        s, weight = _after(c, s, weight, time, _key(detail, j), post)  # noqa: F821
        at = arrival  # never earlier than the last event, but for rounding: what is known arrives in order
        k += 1
    return s, weight, at, k


def _none_before(detail, c, s, weight, at, k, earlier, weight_then, j, step, axon):
    """The state and weight at a presynaptic arrival that comes before postsynaptic ones at the same time."""
    return earlier, weight_then, k


def _coincident_before(detail, c, s, weight, at, k, earlier, weight_then, j, step, axon):
    """The same where it comes after them; at other times it makes no difference."""
    end = axon + _ON_TIME  # noqa: F821
    later, its_weight, then, n = _catch_up(detail, c, s, weight, j, step, end, at, k)  # noqa: F821
    if n == k:
        return earlier, weight_then, k
    now = float(step - int32_at(detail[LAST] + 4 * j, 1)[0]) + axon
    later, its_weight = _between(c, later, its_weight, max(now - then, 0.0), float(step) + axon)  # noqa: F821
    return later, its_weight, n


def _arrived(detail, state, t, c, j, pre_cell, emitted):
    """Synapse `j` is taken through a spike of its source; see plastic_kernels.py."""
    weight = float64_at(detail[WEIGHTS] + 8 * j, 1)
    seen = int32_at(detail[SEEN] + 4 * j, 1)
    last = int32_at(detail[LAST] + 4 * j, 1)
    now = float(emitted - last[0]) + t[AXON]
    time = float(emitted) + t[AXON]
    s, w, at = gather(state, j), weight[0], state[_N_STATE - 1][j]  # noqa: F821
    before = t[AXON] - _ON_TIME  # noqa: F821
    s, w, at, n = _catch_up(detail, c, s, w, j, emitted, before, at, seen[0])  # noqa: F821
    earlier, between = _between(c, s, w, max(now - at, 0.0), time)  # noqa: F821
    s, w, n = _with_coincident(detail, c, s, w, at, n, earlier, between, j, emitted, t[AXON])  # noqa: F821
    seen[0] = n
    pre = _pre_values(detail[PRE_VALUES], pre_cell)  # noqa: F821
    post = _post_values(detail[POST_VALUES], uint32_at(detail[TARGETS] + 4 * j, 1)[0])  # noqa: F821
    s, w, amount = _before(c, s, w, time, _key(detail, j), pre, post, earlier)  # noqa: F821
    scatter(state, j, s)
    whole = int(np.floor(t[AXON] + _ON_TIME))  # noqa: F821
    last[0] = emitted + whole
    state[_N_STATE - 1][j] = t[AXON] - whole  # noqa: F821
    weight[0] = w
    return amount


def _present(detail, j, next_step):
    """The state and weight of synapse `j` just before `next_step`, when that is (steps since the last
    presynaptic event on the grid), and how many spikes of its target it has then dealt with."""
    c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
    s = gather(arrays_at(detail[STATE], _N_STATE), j)  # noqa: F821
    weight = float64_at(detail[WEIGHTS] + 8 * j, 1)[0]
    seen = int32_at(detail[SEEN] + 4 * j, 1)[0]
    s, weight, at, n = _catch_up(  # noqa: F821
        detail,
        c,
        s,
        weight,
        j,
        next_step,
        -_ON_TIME,  # noqa: F821
        s[_N_STATE - 1],  # noqa: F821
        seen,  # noqa: F821
    )
    now = float(next_step - 1 - int32_at(detail[LAST] + 4 * j, 1)[0])
    s, weight = _between(c, s, weight, max(now - at, 0.0), float(next_step - 1))  # noqa: F821
    return s, weight, max(now, at), n


def _caught_up(detail, state, j, next_step):
    """Synapse `j` is taken to the present, just before `next_step`."""
    s, w, at, n = _present_of(detail, j, next_step)  # noqa: F821
    int32_at(detail[SEEN] + 4 * j, 1)[0] = n
    float64_at(detail[WEIGHTS] + 8 * j, 1)[0] = w
    scatter(state, j, s)
    state[_N_STATE - 1][j] = at  # noqa: F821


def _weight_shown(detail, j, next_step):
    """The weight of synapse `j` just before `next_step`."""
    return _present_of(detail, j, next_step)[1]  # noqa: F821


def _observe_kernel(observer, first, last, step):
    """Sample the weight (variable -1) or a state variable, as they are at `step`."""
    row = int64_at(observer, OBSERVER_ROW)
    detail, places, values = observed(row, step)
    for k in range(len(places)):
        if first <= uint32_at(detail[TARGETS] + 4 * places[k], 1)[0] < last:
            s, weight, _, _ = _present_of(detail, places[k], step + 1)  # noqa: F821
            values[k] = weight if row[OBSERVED_VARIABLE] < 0 else s[row[OBSERVED_VARIABLE]]
    return 0


# --- rules for presynaptic events only, which leave the weight alone --------------------------------------


def _lone_spike_kernel(group, thread, spikes, n_spikes, head, step, lowest, highest):
    """Deliver the spikes of a group's source at `step`; arguments as in plastic_kernels.py."""
    row, detail, ring = group_at(group, head)
    starts, ends = synapses_of_thread(row, thread)
    cells = int32_at(spikes, n_spikes)
    stride = 0 if row[DELAY_IS_SHARED] else 2
    for k in range(n_spikes):
        for j in range(starts[cells[k]], ends[cells[k]]):
            amount = _after_spike(detail, j, cells[k], step)  # noqa: F821
            cell = uint32_at(detail[TARGETS] + 4 * j, 1)[0]
            add_at(ring, row, cell, step + uint16_at(row[DELAYS] + stride * j, 1)[0], amount)
    return 0


def _spiked(detail, j, pre_cell, step):
    """What synapse `j` adds to its target for a spike of its source; its state is that after it."""
    state = arrays_at(detail[STATE], _N_STATE)  # noqa: F821
    c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
    last = int32_at(detail[LAST] + 4 * j, 1)
    weight = float64_at(detail[WEIGHTS] + detail[WEIGHT_STRIDE] * j, 1)[0]
    s, w = _between(c, gather(state, j), weight, float(step - last[0]), float(step))  # noqa: F821
    pre = _pre_values(detail[PRE_VALUES], pre_cell)  # noqa: F821
    post = _post_values(detail[POST_VALUES], uint32_at(detail[TARGETS] + 4 * j, 1)[0])  # noqa: F821
    s, w, amount = _before(c, s, w, float(step), _key(detail, j), pre, post, s)  # noqa: F821
    last[0] = step
    scatter(state, j, s)
    return amount


def _lone_observe_kernel(observer, first, last, step):
    """Sample a state variable, as it is at `step`."""
    row = int64_at(observer, OBSERVER_ROW)
    detail, places, values = observed(row, step)
    state = arrays_at(detail[STATE], _N_STATE)  # noqa: F821
    for k in range(len(places)):
        j = places[k]
        if first <= uint32_at(detail[TARGETS] + 4 * j, 1)[0] < last:
            c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
            weight = float64_at(detail[WEIGHTS] + detail[WEIGHT_STRIDE] * j, 1)[0]
            steps = float(step - int32_at(detail[LAST] + 4 * j, 1)[0])
            s, _ = _between(c, gather(state, j), weight, steps, float(step))  # noqa: F821
            values[k] = s[row[OBSERVED_VARIABLE]]
    return 0


def event_model(name, parameters, state, constants, n_constants, functions, **options):
    """The model of a rule.

    parameters    names of the rule's own
    state         initial values by name, without "_at"
    constants     function(parameters, dt) -> the rule's own constants; see `SynapseModel`
    n_constants   their number
    functions     (between, before, after) or (between, before)
    post_first    which comes first of arrivals at the same time
    is_random     whether it draws random numbers
    of_pre, of_post
                  see `SynapseModel`
    """
    post_first, is_random = options["post_first"], options["is_random"]
    state = {**state, "_at": 0.0}
    parameters = (*parameters, "dendritic_delay_fraction")

    def all_constants(p, dt):
        own = (np.atleast_1d(np.asarray(value, dtype=np.float64)) for value in constants(p, dt))
        return *timing_constants(p), *own

    names = {"_N_STATE": len(state), "_N_CONSTANTS": N_TIMING + n_constants, "_ON_TIME": ON_TIME}
    names |= dict(zip(("_between", "_before", "_after"), functions, strict=False))
    of_cells = {"of_pre": tuple(options["of_pre"]), "of_post": tuple(options["of_post"])}
    for which, some in of_cells.items():
        template, function = (_values if some else _no_values), f"{which[2:]}_values"
        names[function] = inlined(specialise(template, f"{name}{function}", _N_VALUES=len(some)))
    if len(functions) == 2:
        names["_after_spike"] = inlined(specialise(_spiked, f"{name}_spiked", **names))
        return SynapseModel(
            name,
            parameters,
            state,
            all_constants,
            Entry(specialise(_lone_spike_kernel, f"{name}_spike_kernel", **names), KERNEL_ARGUMENTS),
            Entry(specialise(_lone_observe_kernel, f"{name}_observe_kernel", **names), 4),
            names["_after_spike"],
            is_random=is_random,
            **of_cells,
        )
    names["_catch_up"] = jit(specialise(_events, f"{name}_events", **names))
    coincident = _coincident_before if post_first else _none_before
    names["_with_coincident"] = jit(specialise(coincident, f"{name}{coincident.__name__}", **names))
    names["_present_of"] = jit(specialise(_present, f"{name}_present", **names))
    of_synapse = (
        inlined(specialise(template, f"{name}{template.__name__}", **names))
        for template in (_arrived, _caught_up, _weight_shown)
    )
    return SynapseModel(
        name,
        parameters,
        state,
        all_constants,
        observe=Entry(specialise(_observe_kernel, f"{name}_observe_kernel", **names), 4),
        **plastic_kernels(name, len(state), names["_N_CONSTANTS"], *of_synapse),
        is_random=is_random,
        **of_cells,
    )
