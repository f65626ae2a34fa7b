"""
Spike sources with rates that follow a schedule: independent Poisson processes, and correlated ones.

A schedule is a list of times from which on values hold, the last one for good, or until the schedule begins
again, after a period. Before the first time rates are 0. Numbers that are drawn have an exponential
distribution of mean 1; a cell spikes when its rate has added up to one (time-rescaling: exact for any number
of spikes in a step).

Independent: when the next spike comes is found when the one before it has come. Correlated: all cells have
the rate max(x, 0), where x is an Ornstein-Uhlenbeck process (Brette 2009, Neural Computation 21, 188): each
thread draws the same x.

All times below are in steps, rates in spikes a step.
"""

import math

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import entry, inlined
from ..compiling.lowlevel import arrays_at
from ..neurons.kernel import Model
from ..random.rng import exponential, normal
from .poisson import draw_first
from .waiting import changed_by, restart_by

# --- independent ----------------------------------------------------------------------------------

_FIRST, _COUNT, _PERIOD, _TOTAL, _TIMES, _RATES, _PASSED, _SEED, _STREAM, _TRIAL = range(10)
_N_CONSTANTS = 10
_STATE = {
    "_next": 0.0,  # when the cell spikes next
    "_target": 0.0,  # what its rate will have added up to then
    "_draws": 0.0,  # numbers drawn in this trial
    "_soonest": 0.0,  # see kernel.py
}
_N_STATE = len(_STATE)


@inlined
def _bin_below(values, first, count, x):
    """The index of the last of a cell's `values` that is below x, or the first one if none is."""
    lo, hi = first + 1, first + count
    while lo < hi:
        middle = (lo + hi) // 2
        if values[middle] < x:
            lo = middle + 1
        else:
            hi = middle
    return lo - 1


@inlined
def _added_up(c, i, t):
    """What the rate of cell i adds up to from 0 to t."""
    first, count, period, total, times, rates, passed, _, _, _ = c
    begin = int(first[i])
    rounds = math.floor(t / period[i]) if period[i] < np.inf else 0.0
    left = t - rounds * period[i] if rounds > 0.0 else t
    k = _bin_below(times, begin, int(count[i]), left)
    return rounds * total[i] + passed[k] + rates[k] * max(left - times[k], 0.0)


@inlined
def _reaches(c, i, target):
    """When the rate of cell i has added up to `target`, above 0; infinity for never."""
    first, count, period, total, times, rates, passed, _, _, _ = c
    begin = int(first[i])
    rounds = 0.0
    if period[i] < np.inf:
        if total[i] <= 0.0:
            return np.inf
        rounds = math.ceil(target / total[i]) - 1.0
        target -= rounds * total[i]
    k = _bin_below(passed, begin, int(count[i]), target)
    if rates[k] <= 0.0:
        return np.inf
    begun = rounds * period[i] if rounds > 0.0 else 0.0
    return begun + times[k] + (target - passed[k]) / rates[k]


@inlined
def _spike(c, s, i, step):
    due, target, draws, _ = s
    draws[i] += 1.0
    target[i] += exponential(int(c[7][i]), int(c[8][i]), int(c[9][i]), i, int(draws[i]))
    due[i] = _reaches(c, i, target[i])


@entry(4)
def _begin_all(constants, state, n, step):
    """Draw the first spikes of all cells after `step`."""
    c, s = arrays_at(constants, _N_CONSTANTS), arrays_at(state, _N_STATE)
    due, target, draws, _ = s
    now = max(float(step), 0.0)
    for i in range(n):
        draws[i] = -1.0
        target[i] = _added_up(c, i, now)
        _spike(c, s, i, step)
    return 0


@entry(5)
def _change_all(constants, before, state, n, step):
    """Find the next spikes of those cells whose schedules change after `step`; what was drawn stays."""
    c, old = arrays_at(constants, _N_CONSTANTS), arrays_at(before, _N_CONSTANTS)
    due, target, _, _ = arrays_at(state, _N_STATE)
    now = max(float(step), 0.0)
    for i in range(n):
        same = c[_COUNT][i] == old[_COUNT][i] and c[_PERIOD][i] == old[_PERIOD][i]
        for j in range(int(c[_COUNT][i]) if same else 0):
            here, there = int(c[_FIRST][i]) + j, int(old[_FIRST][i]) + j
            same &= c[_TIMES][here] == old[_TIMES][there] and c[_RATES][here] == old[_RATES][there]
        if not same:
            target[i] += _added_up(c, i, now) - _added_up(old, i, now)
            due[i] = _reaches(c, i, target[i])
    return 0


def _in_period(period, dt):
    """A period (ms) in steps; infinite if it is not above 0."""
    return np.where(np.asarray(period, float) > 0.0, np.asarray(period, float) / dt, np.inf)


def _timed_constants(p, dt):
    """Cells that share their arrays, as they mostly do, share their bins."""
    n = len(p["schedule"])
    periods = np.broadcast_to(_in_period(p["period"], dt), n)
    places, bins, first, count, totals = {}, [], [], [], []
    for schedule, rates, period in zip(p["schedule"], p["rates"], periods, strict=True):
        key = id(schedule), id(rates), float(period)
        if key not in places:
            made = _bins(np.asarray(schedule) / dt, np.asarray(rates) * dt * 1e-3, period)
            places[key] = (sum(len(each[0]) for each in bins), len(made[0]), made[3])
            bins.append(made)
        for values, value in zip((first, count, totals), places[key], strict=True):
            values.append(float(value))
    arrays = [np.concatenate([each[k] for each in bins]) for k in range(3)]
    return (
        np.array(first), np.array(count), np.array(periods), np.array(totals), *arrays,
        p["_seed"], p["_stream"], p["_trial"],
    )  # fmt: skip


def _bins(times, rates, period):
    """Times before the end of the period, rates, what these have added up to by then, and in a period."""
    kept = times < period
    times, rates = times[kept], rates[kept]
    passed = np.cumsum(rates[:-1] * np.diff(times)) if len(times) else np.zeros(0)
    if not len(times):
        times, rates = np.zeros(1), np.zeros(1)
    passed = np.append(0.0, passed)
    total = passed[-1] + rates[-1] * (period - times[-1]) if period < np.inf else 0.0
    return times, rates, passed, total


def _capacity(constants, n):
    # Every cell once, and beyond twenty standard deviations; a spike that still found no room would come one
    # step later.
    mean = n * float(np.max(constants[_RATES], initial=0.0))
    return int(n + mean + 20 * np.sqrt(mean) + 64)


TIMED_POISSON = Model(
    name="timed_poisson",
    parameters=("rates", "schedule", "period"),  # Hz, ms: one array for each cell; ms
    state=_STATE,
    constants=_timed_constants,
    spike=_spike,
    capacity=_capacity,
    restart=restart_by(_begin_all),
    changed=changed_by(_change_all),
)


# --- correlated -----------------------------------------------------------------------------------

_COMMON = 2**31 - 1  # index of the cell whose random numbers are those of x


@inlined
def _emit(c, s, first, last, step, out):
    """Draw x, and let the cells [first, last) spend it; returns the number of spikes."""
    times, mean, spread, period, decay, kick, seed, stream, trial = c
    x, left, draws = s
    key = int(seed[0]), int(stream[0]), int(trial[0])
    now = float(step) - 1.0 if step > 0 else 0.0  # the values of the beginning of the step hold
    if period[0] < np.inf:
        now -= math.floor(now / period[0]) * period[0]
    k = _bin_below(times, 0, len(times), now + 0.5)
    drawn = normal(key[0], key[1], key[2], _COMMON, step + 1)
    if step <= 0:
        value = mean[k] + spread[k] * drawn
    else:
        value = mean[k] + (x[first] - mean[k]) * decay[0] + spread[k] * kick[0] * drawn
    rate = max(value, 0.0) if step > 0 else 0.0
    count = 0
    for i in range(first, last):
        x[i] = value
        left[i] -= rate
        while left[i] <= 0.0 and count < len(out):
            out[count] = i
            count += 1
            draws[i] += 1.0
            left[i] += exponential(key[0], key[1], key[2], i, int(draws[i]))
    return count


def _restart_correlated(constants, state, step):
    left = state["_left"]
    words = (int(np.ravel(word)[0]) for word in constants[6:9])
    draw_first(address_of(left), len(left), *words)
    state["_draws"][:] = 0.0
    # A population that is made later begins at the mean of what holds then.
    state["_x"][:] = constants[1][0]


def _correlated_constants(p, dt):
    """Arrays of one element, or of one for each bin, whatever the number of cells."""
    schedule, rates, corr = (np.asarray(p[name][0], float) for name in ("schedule", "rates", "corr"))
    rates, corr = (np.broadcast_to(each, len(schedule)) for each in (rates, corr))
    tau = float(np.ravel(p["tau"])[0])
    mean, spread = np.transpose([rectified(r, c, tau) for r, c in zip(rates, corr, strict=True)])
    decay = math.exp(-dt / tau)
    ones = _in_period(np.ravel(p["period"])[:1], dt), decay, math.sqrt(1.0 - decay**2)
    words = (np.ravel(p[name])[:1] for name in ("_seed", "_stream", "_trial"))
    scale = 1e-3 * dt
    return schedule / dt, mean * scale, spread * scale, *map(np.atleast_1d, ones), *words


def rectified(rate, corr, tau):
    """Mean and standard deviation (Hz) of a Gaussian variable x, such that max(x, 0) has the mean `rate`
    (Hz) and the variance corr rate / (2 tau), tau in ms.

    So the cross-correlation function of two trains adds up to `corr` times the rate (Brette 2009).
    """
    variance = corr * rate / (2e-3 * tau)
    if variance == 0.0:
        return rate, 0.0
    wanted = 1.0 + variance / rate**2  # of E[x+^2] / E[x+]^2, which falls with z = mean / sd
    low, high = -30.0, 1e8
    for _ in range(200):
        z = 0.5 * (low + high)
        first, second = _moments(z)
        low, high = (z, high) if second > wanted * first**2 else (low, z)
    sd = rate / _moments(z)[0]
    return z * sd, sd


def _moments(z):
    """The first and the second moment of max(x, 0), where x has the mean z and the standard deviation 1."""
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    above = 0.5 * math.erfc(-z / math.sqrt(2.0))
    return z * above + density, (z * z + 1.0) * above + z * density


def _capacity_correlated(constants, n):
    highest = float(np.max(constants[1] + 8.0 * constants[2]))
    mean = n * max(highest, 0.0)
    return int(n + mean + 20 * np.sqrt(mean) + 64)


CORRELATED = Model(
    name="homogeneous_correlated",
    parameters=("rates", "corr", "tau", "schedule", "period"),  # Hz, 1, ms, ms, ms
    state={
        "_x": 0.0,  # the common process
        "_left": 0.0,  # what is still to be added up until the next spike
        "_draws": 0.0,  # numbers drawn in this trial
    },
    constants=_correlated_constants,
    emit=_emit,
    capacity=_capacity_correlated,
    restart=_restart_correlated,
)
