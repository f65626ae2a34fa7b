"""
A source of independent Poisson spike trains, by one of two methods. The rate (Hz) holds for t in
(start, start + duration], with both ends on the grid.

Waiting: each cell draws unit-exponential waiting times E and spends rate*dt of it in every step; it
spikes whenever E is used up (time-rescaling). So a step can hold any number of spikes, the expected
number is exact at any rate, and a rate that changes takes effect at once. In which step that is follows
from E when it is drawn: until then a cell costs nothing.

Counting: where all cells have one rate, of FEWEST to MOST spikes a step, each cell draws in each step
32 random bits, and the number of its spikes follows by inversion of the Poisson distribution. Cumulative
probabilities are rounded to multiples of 2**-32: the mean is exact to 1e-8 of it, and more spikes than
happen with a probability of 2**-33 are never drawn.

The rates alone decide about the method. They may change it during a trial: both processes are
memoryless, so that a waiting time that is left from before is as good as any.
"""

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import entry, inlined, vectorised
from ..compiling.lowlevel import float64_at, int32_at
from ..neurons.kernel import Model
from ..random.rng import exponential, philox

FEWEST, MOST = 0.05, 1000.0  # mean numbers of spikes a step for which cells count

_CALLS = 32  # calls of the generator whose numbers are used together, ...
_DRAWN = 4 * _CALLS  # ... and the cells that get one each
_COUNTING = 1  # word of the generator's counter that tells these calls from those for waiting times
_COMPARED = 8  # thresholds compared with at once
_HIGHEST = 2.0**31 - 1.0  # that no number exceeds


def _constants(p, dt):
    start = np.rint(np.asarray(p["start"], float) / dt)
    stop = np.rint((np.asarray(p["start"], float) + p["duration"]) / dt)
    spikes_per_step = p["rate"] * dt * 1e-3
    everywhere = np.array([np.max(start), np.min(stop)])
    table = _table(spikes_per_step)
    return spikes_per_step, start, stop, p["_seed"], p["_stream"], p["_trial"], everywhere, table


# --- waiting ------------------------------------------------------------------------------------------


@inlined
def _spike(c, s, i, step):
    spikes_per_step, start, stop, seed, stream, trial, _, _ = c
    due, waiting, since, draws, _ = s
    rate = spikes_per_step[i]
    spent = rate * max(min(float(step), stop[i]) - max(since[i], start[i]), 0.0)
    draws[i] += 1.0
    drawn = exponential(int(seed[i]), int(stream[i]), int(trial[i]), i, int(draws[i]))
    left = min(waiting[i] - spent, 0.0) + drawn
    waiting[i] = left
    since[i] = step
    # As in `_plan`
    next_spike = max(float(step), start[i]) + np.ceil(left / rate) if left > 0.0 else float(step)
    due[i] = next_spike if next_spike <= stop[i] else np.inf


def _plan(constants, state, cells):
    """Set when those cells spike next that have spent their waiting times until "_since"."""
    rate, start, stop = (np.broadcast_to(value, cells.shape)[cells] for value in constants[:3])
    waiting, since = state["_waiting"][cells], state["_since"][cells]
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.maximum(since, start) + np.ceil(waiting / rate)
    steps = np.where(waiting > 0.0, steps, since)
    state["_next"][cells] = np.where(steps <= stop, steps, np.inf)


@entry(5)
def draw_first(address, n, seed, stream, trial):
    waiting = float64_at(address, n)
    for i in range(n):
        waiting[i] = exponential(seed, stream, trial, i, 0)
    return 0


def _restart(constants, state, step):
    waiting = state["_waiting"]
    draw_first(address_of(waiting), len(waiting), *(int(word) for word in constants[3:6]))
    state["_draws"][:] = 0.0
    state["_since"][:] = step
    _plan(constants, state, np.full(len(waiting), True))


def _changed(constants, before, state, step):
    """Let cells of another rate, start or end spend what is left of their waiting times as these say."""
    waiting, since = state["_waiting"], state["_since"]
    rate, start, stop = (np.broadcast_to(value, waiting.shape) for value in before[:3])
    if _counts(before):  # nobody has waited
        others = np.full(len(waiting), True)
    else:
        others = np.zeros(len(waiting), dtype=bool)
        for old, new in zip(before[:3], constants[:3], strict=True):
            others |= np.not_equal(old, new)
        spent = rate * np.maximum(np.minimum(step, stop) - np.maximum(since, start), 0.0)
        waiting[others] -= spent[others]
    since[others] = step
    _plan(constants, state, others)


# --- counting -----------------------------------------------------------------------------------------


def _table(mean):
    """The table with which cells count: empty if they wait instead.

    The number of spikes is the first element, plus the number of others that are below a number drawn
    uniformly from the int32: ascending, as many as a multiple of `_COMPARED`.
    """
    mean = np.unique(mean)
    if len(mean) != 1 or not FEWEST <= mean[0] <= MOST:
        return np.zeros(0)
    fewest, thresholds = _thresholds(float(mean[0]))
    filled = np.full(-(-len(thresholds) // _COMPARED) * _COMPARED, _HIGHEST)
    filled[: len(thresholds)] = thresholds - 2.0**31 - 1.0
    return np.append(fewest, filled)


def _thresholds(mean):
    """A number of spikes k, and the probabilities of at most k, k + 1, ... spikes that are neither 0 nor 1,
    in units of 2**-32, rounded."""
    reach = 9.0 * np.sqrt(mean) + 24.0  # beyond, less than 2**-50
    numbers = np.arange(max(int(mean - reach), 0), int(mean + reach))
    logs = np.cumsum(np.append(0.0, np.log(mean / numbers[1:])))
    probabilities = np.exp(logs - logs.max())
    cumulative = np.cumsum(probabilities) / probabilities.sum()
    thresholds = np.rint(cumulative * 2.0**32)
    used = (thresholds > 0.0) & (thresholds < 2.0**32)
    return numbers[used][0], thresholds[used]


@vectorised
def _draw(numbers, call, step, trial, seed, stream):
    """The random numbers (int32) of `_DRAWN` cells; `call` is that of the first of them."""
    for j in range(_CALLS):
        a, b, c, d = philox(
            np.uint64(step),
            np.uint64(_COUNTING),
            np.uint64(call + j),
            np.uint64(trial),
            np.uint64(seed),
            np.uint64(stream),
        )
        numbers[j] = np.int32(a)
        numbers[_CALLS + j] = np.int32(b)
        numbers[2 * _CALLS + j] = np.int32(c)
        numbers[3 * _CALLS + j] = np.int32(d)


@vectorised
def _compare(numbers, table, counts):
    """Set `counts` to the numbers of spikes that follow from random numbers; see `_table`."""
    largest = numbers[0]
    for i in range(len(numbers)):
        largest = max(largest, numbers[i])
        counts[i] = np.int32(table[0])
    k = 1
    while k < len(table) and largest > table[k]:
        for i in range(len(numbers)):
            more = 0
            for j in range(_COMPARED):
                more += 1 if numbers[i] > np.int32(table[k + j]) else 0
            counts[i] += more
        k += _COMPARED


@inlined
def _count(c, first, last, step, numbers, counts):
    _, start, stop, seed, stream, trial, everywhere, table = c
    lo = first
    while lo < last:
        drawn = lo - lo % _DRAWN  # whatever cells a thread has, each gets its own number
        hi = min(drawn + _DRAWN, last)
        part = int32_at(counts + 4 * lo, hi - lo)
        _draw(int32_at(numbers, _DRAWN), drawn // 4, step, int(trial[0]), int(seed[0]), int(stream[0]))
        _compare(int32_at(numbers + 4 * (lo - drawn), hi - lo), table, part)
        if not everywhere[0] < step <= everywhere[1]:
            for i in range(lo, hi):
                if not start[i] < step <= stop[i]:
                    part[i - lo] = 0
        lo = hi


@inlined
def _count_of(c, i, step):
    """What `_count` finds for one cell."""
    _, start, stop, seed, stream, trial, _, table = c
    if not start[i] < step <= stop[i]:
        return 0
    place = i % _DRAWN
    words = philox(
        np.uint64(step),
        np.uint64(_COUNTING),
        np.uint64((i - place) // 4 + place % _CALLS),
        np.uint64(int(trial[0])),
        np.uint64(int(seed[0])),
        np.uint64(int(stream[0])),
    )
    early = words[0] if place < _CALLS else words[1]
    late = words[2] if place < 3 * _CALLS else words[3]
    number = np.int32(early if place < 2 * _CALLS else late)
    lo = 1
    hi = len(table)
    while lo < hi:  # how many thresholds, which ascend, are below the number
        middle = (lo + hi) // 2
        if np.int32(table[middle]) < number:
            lo = middle + 1
        else:
            hi = middle
    return int(table[0]) + lo - 1


def _counts(constants):
    return len(constants[-1]) > 0


# ------------------------------------------------------------------------------------------------------


def _capacity(constants, n):
    # Beyond twenty standard deviations; a spike that still found no room would come one step later (or never,
    # where cells count). Their random numbers need room there, too.
    mean = float(np.sum(np.broadcast_to(constants[0], n)))
    return int(mean + 20 * np.sqrt(mean) + _DRAWN)


POISSON = Model(
    name="poisson",
    parameters=("rate", "start", "duration"),
    state={
        "_next": 0.0,  # the step of the next spike
        "_waiting": 0.0,  # what was left of E ...
        "_since": 0.0,  # ... after this step
        "_draws": 0.0,  # numbers drawn in this trial
        "_soonest": 0.0,  # see kernel.py
    },
    constants=_constants,
    spike=_spike,
    count=_count,
    counts=_counts,
    count_of=_count_of,
    capacity=_capacity,
    restart=_restart,
    changed=_changed,
)
