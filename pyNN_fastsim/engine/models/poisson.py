"""
A source of independent Poisson spike trains.

Each cell draws unit-exponential waiting times E and spends rate*dt of it in every step; it spikes
whenever E is used up (time-rescaling). So a step can hold any number of spikes, the expected number
is exact at any rate, and a rate that changes takes effect at once. The rate (Hz) holds for
t in (start, start + duration], with both ends on the grid.
"""

import numpy as np

from ..addresses import address_of
from ..compile import entry, inlined
from ..kernel import Model
from ..lowlevel import float64_at
from ..rng import exponential

_SLICE = 64  # cells looked at together


def _constants(p, dt):
    start = np.rint(np.asarray(p["start"], float) / dt)
    stop = np.rint((np.asarray(p["start"], float) + p["duration"]) / dt)
    return p["rate"] * dt * 1e-3, start, stop, p["_seed"], p["_stream"], p["_trial"]


@inlined
def _emit(c, s, first, last, step, out):
    spikes_per_step, start, stop, seed, stream, trial = c
    waiting, draws = s
    count = 0
    for lo in range(first, last, _SLICE):
        hi = min(lo + _SLICE, last)
        any_due = 0
        for i in range(lo, hi):
            active = (start[i] < step) & (step <= stop[i])
            left = waiting[i] - (spikes_per_step[i] if active else 0.0)
            waiting[i] = left
            any_due |= 1 if left <= 0.0 else 0
        if any_due == 0:
            continue
        for i in range(lo, hi):
            while waiting[i] <= 0.0 and count < len(out):
                out[count] = i
                count += 1
                draws[i] += 1.0
                waiting[i] += exponential(int(seed[0]), int(stream[0]), int(trial[0]), i, int(draws[i]))
    return count


def _capacity(constants, n):
    # Beyond twenty standard deviations; a spike that still found no room would come one step later.
    mean = float(np.sum(np.broadcast_to(constants[0], n)))
    return int(mean + 20 * np.sqrt(mean) + 64)


@entry(5)
def _draw_first_waiting(address, n, seed, stream, trial):
    waiting = float64_at(address, n)
    for i in range(n):
        waiting[i] = exponential(seed, stream, trial, i, 0)
    return 0


def _restart(constants, state, step):
    waiting = state["_waiting"]
    _draw_first_waiting(address_of(waiting), len(waiting), *(int(word) for word in constants[3:]))
    state["_draws"][:] = 0.0


POISSON = Model(
    name="poisson",
    parameters=("rate", "start", "duration"),
    state={"_waiting": 0.0, "_draws": 0.0},
    constants=_constants,
    emit=_emit,
    capacity=_capacity,
    restart=_restart,
)
