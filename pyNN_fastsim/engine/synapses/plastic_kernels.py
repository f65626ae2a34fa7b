"""
What all plastic synapses share: when the spikes of both cells arrive, and the loops over synapses.

A rule brings what happens at one synapse (plasticity.py, events.py): three functions, of which the kernels
here, for the CPU, and those of cuda/plasticity.py are made::

    arrived(detail, state, t, c, j, pre_cell, emitted) -> amount
                        take synapse j through a spike of its source, emitted at a step; what it adds to its
                        target. `c` are its constants, `t` those that held then, `state` its group's arrays
    caught_up(detail, state, j, next_step)
                        take it through the spikes of its target that arrive before a step
    weight_of(detail, j, next_step) -> weight
                        its weight after these, without changing anything
"""

import numpy as np

from ..compiling.compile import Entry, inlined, jit, specialise
from ..compiling.lowlevel import (
    arrays_at,
    elements_at,
    float64_at,
    int32_at,
    int64_at,
    uint16_at,
    uint32_at,
)
from .dynamic import (
    CHANGED,
    CONSTANTS,
    DETAIL_ROW,
    EARLIER,
    KERNEL_ARGUMENTS,
    LONGEST,
    N_EARLIER,
    SHOWN,
    STATE,
    TARGETS,
    TIMED_CONSTANTS,
    TIMED_DELAYS,
    TIMED_STRIDE,
    TIMING_ROW,
    UNIFORM,
    UNTIL,
    add_at,
    group_at,
    synapses_of_thread,
)
from .groups import DELAY_IS_SHARED, DELAYS

ON_TIME = 1e-6  # steps: arrivals so near to each other are at the same time

# The first constants of a plastic synapse.
AXON = 0  # steps from the emission of a presynaptic spike to its arrival
DENDRITE = 1  # and of a postsynaptic one
HOLD = 2  # steps for which a presynaptic spike is kept
N_TIMING = 3

# --- arrivals ---------------------------------------------------------------------------------------------


def timing_constants(p):
    """AXON, DENDRITE and HOLD of synapses with delays in steps."""
    axon = (1.0 - p["dendritic_delay_fraction"]) * p["delay"]
    dendrite = p["dendritic_delay_fraction"] * p["delay"]
    return axon, dendrite, np.maximum(np.ceil(axon - ON_TIME) - 1.0, 0.0)


@jit
def timing_of(detail, step):
    """Which of the earlier timings holds for spikes emitted at `step`: its row, or 0 if none does."""
    for k in range(detail[N_EARLIER]):
        row = detail[EARLIER] + 8 * TIMING_ROW * k
        if step <= int64_at(row, TIMING_ROW)[UNTIL]:
            return row
    return 0


@inlined
def timing_at(detail, emitted, delays, stride):
    """Of spikes emitted at a step: addresses of the synapses' constants and delays, the stride of these.

    delays, stride   the same of the delays that there are now
    """
    timing = detail[CONSTANTS]
    if emitted <= detail[CHANGED]:
        earlier = int64_at(timing_of(detail, emitted), TIMING_ROW)
        timing, delays, stride = earlier[TIMED_CONSTANTS], earlier[TIMED_DELAYS], earlier[TIMED_STRIDE]
    return timing, delays, stride


@jit
def _dendrite(detail, c, j, step):
    """The dendritic delay of synapse `j` for spikes emitted at `step`."""
    row = timing_of(detail, step) if step <= detail[CHANGED] else 0
    if row == 0:
        return c[DENDRITE]
    return elements_at(int64_at(row, TIMING_ROW)[TIMED_CONSTANTS], j, N_TIMING)[DENDRITE]


@jit
def _arrival_after_change(detail, c, j, spikes, mask, k, origin):
    """As `arrival_of`, if the delay may have been longer for spikes that were emitted before: it doesn't
    overtake these."""
    step = np.int64(spikes[k & mask])
    arrival = float(step - origin) + _dendrite(detail, c, j, step)
    i = k - 1
    while i >= 0 and 0 < step - spikes[i & mask] <= detail[LONGEST]:
        before = np.int64(spikes[i & mask])
        arrival = max(arrival, float(before - origin) + _dendrite(detail, c, j, before))
        i -= 1
    return arrival


@inlined
def arrival_of(detail, c, j, spikes, mask, k, origin):
    """The time at which spike number `k` of its target arrives at synapse `j`, in steps since `origin`."""
    step = np.int64(spikes[k & mask])
    if step <= detail[CHANGED] + detail[LONGEST]:
        return _arrival_after_change(detail, c, j, spikes, mask, k, origin)
    return float(step - origin) + c[DENDRITE]


# --- kernels ----------------------------------------------------------------------------------------------


def _spike_kernel(group, thread, spikes, n_spikes, head, emitted, lowest, highest):
    """Take the synapses of a group through spikes of its source, emitted at `emitted`.

    group            address of the group's row
    spikes           address of the cells that spiked, int32 [n_spikes]
    head             address of (address of the ring buffer, its slots - 1, places in a slot)
    lowest, highest  only synapses that hold spikes for so many steps
    """
    row, detail, ring = group_at(group, head)
    starts, ends = synapses_of_thread(row, thread)
    cells = int32_at(spikes, n_spikes)
    state = arrays_at(detail[STATE], _N_STATE)  # noqa: F821
    timing, delays, stride = timing_at(detail, emitted, row[DELAYS], 0 if row[DELAY_IS_SHARED] else 2)
    for k in range(n_spikes):
        first, end = starts[cells[k]], ends[cells[k]]
        if first == end:
            continue
        t = elements_at(timing, first, _N_CONSTANTS)  # noqa: F821
        c = elements_at(detail[CONSTANTS], first, _N_CONSTANTS)  # noqa: F821
        for j in range(first, end):
            if not detail[UNIFORM]:
                t = elements_at(timing, j, _N_CONSTANTS)  # noqa: F821
                c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
            if t[HOLD] < lowest or t[HOLD] > highest:
                continue
            amount = _arrived(detail, state, t, c, j, cells[k], emitted)  # noqa: F821
            cell = uint32_at(detail[TARGETS] + 4 * j, 1)[0]
            add_at(ring, row, cell, emitted + uint16_at(delays + stride * j, 1)[0], amount)
    return 0


def _catch_up_kernel(details, places, first, last, next_step):
    """Take synapses through the spikes of their targets that arrive before `next_step`, or to that step.

    details     address of the group's details
    places      address of the indices of synapses, int64, of which `first` to `last` - 1 are meant; or 0
                for the synapses `first` to `last` - 1 themselves
    next_step   the first step whose presynaptic arrivals have not all been dealt with
    """
    detail = int64_at(details, DETAIL_ROW)
    state = arrays_at(detail[STATE], _N_STATE)  # noqa: F821
    for k in range(first, last):
        _caught_up(detail, state, int64_at(places + 8 * k, 1)[0] if places != 0 else k, next_step)  # noqa: F821
    return 0


def _show_kernel(details, places, first, last, next_step):
    """Tell the weights of the synapses `first` to `last` - 1 after all that arrives before `next_step`."""
    detail = int64_at(details, DETAIL_ROW)
    shown = float64_at(detail[SHOWN], last)
    for j in range(first, last):
        shown[j] = _weight_of(detail, j, next_step)  # noqa: F821
    return 0


def plastic_kernels(name, n_state, n_constants, arrived, caught_up, weight_of):
    """What a `SynapseModel` has of a rule, by the names of its fields; for the functions see above."""
    names = {"_N_STATE": n_state, "_N_CONSTANTS": n_constants}
    names |= {"_arrived": arrived, "_caught_up": caught_up, "_weight_of": weight_of}

    def entry(template, n_args):
        return Entry(specialise(template, f"{name}{template.__name__}", **names), n_args)

    return {
        "kernel": entry(_spike_kernel, KERNEL_ARGUMENTS),
        "catch_up": entry(_catch_up_kernel, 5),
        "show": entry(_show_kernel, 5),
        "arrived": arrived,
        "caught_up": caught_up,
        "n_constants": n_constants,
    }
