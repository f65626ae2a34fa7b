"""
Sources of independent renewal processes: gamma, Poisson with dead time, and gamma with changing parameters.

After each spike a cell is silent for its dead time d; from then on its hazard is that of a gamma
distribution of shape a and scale b, at its age x (time since then), with the a and b of now:

    h = x^(a-1) e^(-x/b) / (b^a gamma(a) Q(a, x/b))

A cell draws an exponential number of mean 1 for each spike, and spikes when the hazard has added up to it
(time-rescaling; Brown, Barbieri, Ventura, Kass & Frank 2002). Where a and b are constant, intervals are
d + gamma(a, b); where they change, this is the inhomogeneous gamma process of Muller, Buesing, Schemmel &
Meier (2007), which they generate by thinning. The next spike of each cell is found when it is drawn, in
continuous time, and emitted at the next grid point.

A process is in equilibrium when it begins, as if it had gone on forever before: its rate is right from the
first step on. The hazard is 0 outside of (start, start + duration], both ends on the grid. Parameters that
change during a trial make a new hazard from then on; ages, and what is left of the numbers drawn, stay.

All times below are in steps.
"""

import math

import numpy as np

from ..compiling.compile import entry, inlined, jit
from ..compiling.lowlevel import arrays_at
from ..neurons.kernel import Model
from ..random.gamma import cumulative_hazard, hazard_used_up
from ..random.rng import exponential, uniform
from .waiting import changed_by, restart_by

# The arrays of constants.
_START, _STOP, _DEAD, _FIRST, _COUNT, _TIMES, _SHAPE, _SCALE = range(8)
_N_CONSTANTS = 12
_STATE = {
    "_next": 0.0,  # when the cell spikes next
    "_last": 0.0,  # when it spiked last, or would have done before the beginning
    "_since": 0.0,  # from when on `_left` is to be used up
    "_left": 0.0,  # what the hazard is still to add up to
    "_draws": 0.0,  # numbers drawn in this trial
    "_soonest": 0.0,  # see kernel.py
}
_N_STATE = len(_STATE)


@inlined
def _bin_at(times, first, count, t):
    """The index of the last of the bins that begin at `times` to have begun at t; `first` before."""
    lo = first + 1
    hi = first + count
    while lo < hi:
        middle = (lo + hi) // 2
        if times[middle] <= t:
            lo = middle + 1
        else:
            hi = middle
    return lo - 1


@jit
def _go_on(c, i, last, time, left, limit):
    """Add up cell i's hazard from `time`, until `left` is used up or to `limit`.

    Returns when that is, and what is left then: 0 if it has been used up.
    """
    start, stop, dead, first, count, times, shape, scale, log_gamma, _, _, _ = c
    end_of_bins = int(first[i] + count[i])
    k = _bin_at(times, int(first[i]), int(count[i]), time)
    time = max(time, start[i], times[int(first[i])])
    while time < limit:
        edge = min(limit, times[k + 1]) if k + 1 < end_of_bins else limit
        begin = max(time, last + dead[i])
        if begin < edge and scale[k] < np.inf:
            age = (begin - last - dead[i]) / scale[k]
            wanted = cumulative_hazard(shape[k], log_gamma[k], age) + left
            at_edge = np.inf
            if edge < np.inf:
                at_edge = cumulative_hazard(shape[k], log_gamma[k], (edge - last - dead[i]) / scale[k])
            if wanted <= at_edge:
                age = hazard_used_up(shape[k], log_gamma[k], wanted)
                return max(begin, last + dead[i] + scale[k] * age), 0.0
            left = wanted - at_edge
        time = edge
        k += 1
    return time, left


@jit
def _find_next(c, s, i):
    """Find the next spike of cell i, given the last one and what is left since when."""
    next_spike, last, since, left, _, _ = s
    time, rest = _go_on(c, i, last[i], since[i], left[i], np.inf)
    next_spike[i] = time if rest == 0.0 and time <= c[1][i] else np.inf


@jit
def _begin(c, s, i, now):
    """Begin the process of cell i in equilibrium, not before `now`, and find its first spike."""
    start, _, dead, first, count, times, shape, scale, log_gamma, seed, stream, trial = c
    _, last, since, left, draws, _ = s
    key = int(seed[i]), int(stream[i]), int(trial[i])
    begin = max(start[i], times[int(first[i])], now)
    k = _bin_at(times, int(first[i]), int(count[i]), begin)
    age = dead[i]
    if scale[k] < np.inf:
        place = uniform(key[0], key[1], key[2], i, 0) * (dead[i] + shape[k] * scale[k])
        if place < dead[i]:
            age = place
        else:
            # The longer an interval is the likelier is the beginning to fall into it.
            longer = hazard_used_up(
                shape[k] + 1.0,
                log_gamma[k] + np.log(shape[k]),
                exponential(key[0], key[1], key[2], i, 1),
            )
            age += (place - dead[i]) / shape[k] * longer
    last[i] = begin - age
    since[i] = begin
    draws[i] = 2.0
    left[i] = exponential(key[0], key[1], key[2], i, 2)
    _find_next(c, s, i)


@inlined
def _spike(c, s, i, step):
    next_spike, latest, since, left, draws, _ = s
    latest[i] = since[i] = next_spike[i]
    draws[i] += 1.0
    left[i] = exponential(int(c[9][i]), int(c[10][i]), int(c[11][i]), i, int(draws[i]))
    _find_next(c, s, i)


@entry(4)
def _begin_all(constants, state, n, step):
    """Begin the processes of all cells, those that are due at once after `step`."""
    c = arrays_at(constants, _N_CONSTANTS)
    s = arrays_at(state, _N_STATE)
    for i in range(n):
        _begin(c, s, i, float(step))
    return 0


@inlined
def _is_same(c, other, i):
    """Whether the hazard of cell i is the same with both constants."""
    for k in (_START, _STOP, _DEAD, _COUNT):
        if c[k][i] != other[k][i]:
            return False
    for j in range(int(c[_COUNT][i])):
        here, there = int(c[_FIRST][i]) + j, int(other[_FIRST][i]) + j
        for k in (_TIMES, _SHAPE, _SCALE):
            if c[k][here] != other[k][there]:
                return False
    return True


@entry(5)
def _change_all(constants, before, state, n, step):
    """Find the next spikes of those cells whose hazard changes after `step`."""
    c = arrays_at(constants, _N_CONSTANTS)
    old = arrays_at(before, _N_CONSTANTS)
    s = arrays_at(state, _N_STATE)
    _, last, since, left, _, _ = s
    now = float(step)
    for i in range(n):
        if _is_same(c, old, i):
            continue
        if since[i] > now:  # it has not begun yet
            _begin(c, s, i, now)
        else:
            _, left[i] = _go_on(old, i, last[i], since[i], left[i], min(now, old[_STOP][i]))
            since[i] = now
            _find_next(c, s, i)
    return 0


# --- the Python side ----------------------------------------------------------------------------------


def _capacity(constants, n):
    # Every cell once, and beyond twenty standard deviations of the number of spikes in a step; a spike that
    # still found no room would come one step later.
    shape = constants[_SHAPE]
    mean = n * float(np.max(1.0 / (np.min(constants[_DEAD]) + shape * constants[_SCALE])))
    variance = mean * max(1.0, 1.0 / float(np.min(shape)))
    return int(n + mean + 20 * np.sqrt(variance) + 64)


def _constants(p, dt, dead, first, count, times, shape, scale):
    """What the compiled functions get: shapes [cells] or scalar, but [bins] from `times` to `log_gamma`."""
    start = np.rint(np.asarray(p["start"], float) / dt)
    stop = np.rint((np.asarray(p["start"], float) + p["duration"]) / dt)
    log_gamma = np.array([math.lgamma(a) for a in shape])
    return (
        start, stop, dead, first, count, times, shape, scale, log_gamma,
        p["_seed"], p["_stream"], p["_trial"],
    )  # fmt: skip


def _constants_of_one_bin(p, dt, dead, shape, scale):
    shape, scale = (values.ravel() for values in np.broadcast_arrays(shape, scale))
    first = 0.0 if len(shape) == 1 else np.arange(len(shape), dtype=float)
    return _constants(p, dt, dead, first, 1.0, np.zeros(len(shape)), shape, scale)


def _poisson_refractory_constants(p, dt):
    dead = np.asarray(p["tau_refrac"], float)
    with np.errstate(divide="ignore"):
        scale = 1000.0 / np.asarray(p["rate"], float) - dead
    return _constants_of_one_bin(p, dt, dead / dt, 1.0, scale / dt)


def _gamma_constants(p, dt):
    with np.errstate(divide="ignore"):
        scale = 1000.0 / np.asarray(p["beta"], float)
    return _constants_of_one_bin(p, dt, 0.0, np.asarray(p["alpha"], float), scale / dt)


def _inh_gamma_constants(p, dt):
    """Cells that share their arrays, as they mostly do, share their bins."""
    places = {}
    bins = [[], [], []]
    n_bins = 0
    first, count = [], []
    for arrays in zip(p["tbins"], p["a"], p["b"], strict=True):
        key = tuple(id(array) for array in arrays)
        if key not in places:
            places[key] = n_bins
            n_bins += len(arrays[0])
            for all_of_them, array in zip(bins, arrays, strict=True):
                all_of_them.append(array)
        first.append(float(places[key]))
        count.append(float(len(arrays[0])))
    times, shape, scale = (np.concatenate(arrays) for arrays in bins)
    return _constants(p, dt, 0.0, np.array(first), np.array(count), times / dt, shape, scale * 1000.0 / dt)


def _model(name, parameters, constants):
    return Model(
        name=name,
        parameters=parameters,
        state=_STATE,
        constants=constants,
        spike=_spike,
        capacity=_capacity,
        restart=restart_by(_begin_all),
        changed=changed_by(_change_all),
    )


POISSON_REFRACTORY = _model(
    "poisson_refractory", ("rate", "tau_refrac", "start", "duration"), _poisson_refractory_constants
)  # Hz, ms, ms, ms; the rate is that with the dead time
GAMMA = _model("gamma", ("alpha", "beta", "start", "duration"), _gamma_constants)  # 1, Hz, ms, ms
INH_GAMMA = _model(
    "inh_gamma", ("tbins", "a", "b", "start", "duration"), _inh_gamma_constants
)  # ms, 1 and s: one array for each cell; ms, ms
