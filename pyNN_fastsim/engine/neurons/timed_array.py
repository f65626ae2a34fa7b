"""
Units that transmit values which follow a schedule.

Each value holds from its time on, the nearest grid point, the last one for good; or the schedule begins again
after a period. Before the first time the value is 0. Times below are in steps.
"""

import math

import numpy as np

from ..compiling.addresses import address_of, table_of
from ..compiling.compile import entry, inlined
from ..compiling.lowlevel import arrays_at, float64_at
from .kernel import Model

_N_CONSTANTS = 6


class Schedules:
    """The schedules of cells, one after the other; those that cells share are there once.

    schedules   for each cell, an array of times, ms; one number for several values is the distance of their
                times, 0 for a time step
    values      for each cell, an array
    """

    def __init__(self, schedules, values, dt):
        places, times, all_values, first, count = {}, [], [], [], []
        for schedule, own in zip(schedules, values, strict=True):
            key = id(schedule), id(own)
            if key not in places:
                places[key] = sum(map(len, times)), len(own)
                if len(schedule) == 1 < len(own):
                    schedule = np.arange(len(own)) * (schedule[0] or dt)
                times.append(np.rint(np.asarray(schedule, dtype=float) / dt))
                all_values.append(np.asarray(own, dtype=float))
            for some, number in zip((first, count), places[key], strict=True):
                some.append(float(number))
        self.first, self.count = np.array(first), np.array(count)
        self.times, self.values = np.concatenate(times), np.concatenate(all_values)


def _constants(p, dt):
    table = p["_schedules"]
    period = np.asarray(p["period"], dtype=float)
    period = np.where(period > 0.0, np.maximum(np.rint(period / dt), 1.0), np.inf)
    addresses = float(address_of(table.times)), float(address_of(table.values))
    return (
        table.first,
        table.count,
        float(len(table.times)),
        *addresses,
        period if period.ndim else float(period),
    )


@inlined
def _value(first, count, n, times_at, values_at, period, step):
    """What holds at a step."""
    times = float64_at(int(times_at), int(n))
    left = step - math.floor(step / period) * period if period < np.inf else step
    lo, hi = int(first), int(first) + int(count)
    while lo < hi:
        middle = (lo + hi) // 2
        if times[middle] <= left:
            lo = middle + 1
        else:
            hi = middle
    if lo == int(first):
        return 0.0
    return float64_at(int(values_at), int(n))[lo - 1]


@inlined
def _step(c, s, x):
    first, count, n, times, values, period = c
    k = s[1] + 1.0
    return (_value(first, count, n, times, values, period, k), k), False


@entry(4)
def _begin_all(constants, values_at, n, step):
    """Set the values of all cells at `step`."""
    first, count, length, times, values, period = arrays_at(constants, _N_CONSTANTS)
    r = float64_at(values_at, n)
    for i in range(n):
        r[i] = _value(first[i], count[i], length[i], times[i], values[i], period[i], float(step))
    return 0


def _restart(constants, state, step):
    begin = max(step, 0)
    state["_step"][:] = begin
    n = len(state["r"])
    full = [np.array(np.broadcast_to(value, n), dtype=float) for value in constants]
    table = table_of(full, [8] * len(full))
    _begin_all(address_of(table), address_of(state["r"]), n, begin)


TIMED_ARRAY = Model(
    name="timed_array",
    parameters=("rates", "schedule", "period"),
    state={"r": 0.0, "_step": 0.0},
    constants=_constants,
    step=_step,
    restart=_restart,
    transmits="r",
)
