"""
A source that spikes at given times.

A spike at time t is emitted in the step t_k with t_{k-1} < t <= t_k, as a threshold crossing would
be (and as NEST does for neurons on the grid); times within a millionth of a step of t_k count as
t_k. The events of all cells are one list, sorted by step and cell. Each thread has a cursor in it, that
of its first cell: a silent source costs nothing.
"""

import numpy as np

from ..compiling.compile import inlined
from ..neurons.kernel import Model

GRID_TOLERANCE = 1e-6  # steps


def steps_of(times, dt):
    """The step in which each spike time (ms) is emitted."""
    exact = np.asarray(times, dtype=float) / dt
    nearest = np.rint(exact)
    return np.where(np.abs(exact - nearest) < GRID_TOLERANCE, nearest, np.ceil(exact))


def _constants(p, dt):
    spike_times = p["spike_times"]  # one array of times (ms) per cell
    lengths = np.array([len(times) for times in spike_times], dtype=int)
    cells = np.repeat(np.arange(len(spike_times), dtype=float), lengths)
    times = np.concatenate([np.asarray(t, float) for t in spike_times]) if len(cells) else np.zeros(0)
    steps = steps_of(times, dt)
    order = np.lexsort((cells, steps))
    return steps[order], cells[order]


@inlined
def _emit(c, s, first, last, step, out):
    steps, cells = c
    cursor = s[0]
    count = 0
    k = int(cursor[first])
    while k < len(steps) and steps[k] <= step:
        if steps[k] == step and first <= cells[k] < last:
            out[count] = int(cells[k])
            count += 1
        k += 1
    cursor[first] = k
    return count


def _capacity(constants, n):
    steps = constants[0]
    return int(np.unique(steps, return_counts=True)[1].max()) if len(steps) else 0


def _set_cursor(constants, state, step):
    """Put all cursors behind all that was due up to `step`."""
    state["_cursor"][:] = np.searchsorted(constants[0], step, side="right")


def _changed(constants, before, state, step):
    _set_cursor(constants, state, step)


SPIKE_ARRAY = Model(
    name="spike_array",
    parameters=("spike_times",),
    state={"_cursor": 0.0},
    constants=_constants,
    emit=_emit,
    capacity=_capacity,
    restart=_set_cursor,
    changed=_changed,
)
