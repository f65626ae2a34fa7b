"""
Checks of what users give, before it can do harm.

Every message names the object, the parameter and the value.
"""

import reprlib
import sys
import warnings

import numpy as np
from pyNN import errors
from pyNN.parameters import ArrayParameter
from pyNN.random import RandomDistribution

from .arguments import is_finite
from .messages import did_you_mean, nearest

_PACKAGES = (__name__.partition(".")[0], "pyNN")

GRID_TOLERANCE = 1e-6  # steps: how far from a grid point a time may be and still count as on it

# Parameters that must be larger than zero, and that must not be negative, in any standard model.
POSITIVE = {
    "cm", "tau_m", "tau_syn_E", "tau_syn_I", "tau_syn", "tau_rise", "tau_decay", "tau_w", "tau_sfa", "tau_rr",
    "delta_v", "C_m", "g_L", "tau_syn_ex", "tau_syn_in", "Delta_V",
}  # fmt: skip
NOT_NEGATIVE = {
    "tau_refrac", "rate", "start", "duration", "gbar_Na", "gbar_K", "g_leak", "delta_T", "lambda0",
    "q_sfa", "q_rr", "t_ref", "dead_time", "g_Na", "g_K", "Delta_T", "lambda_0",
}  # fmt: skip
MAY_BE_INFINITE = {
    "v_thresh",
    "V_th",
    "V_peak",
    "duration",
    "stop",
}  # a threshold never reached, an end that never comes
LARGEST = {"rate": 1e9}  # Hz: more spikes in a step than there is room for
LARGEST_SHAPE = 1e9  # of a gamma distribution: drawing from more regular ones takes ever longer
MOST_SITES = 10**6  # of a MultiQuantalSynapse: each spike goes through all of them

# What the parameters of synapses must be, beside finite.
_TIME_CONSTANT = (lambda x: x >= 1e-300, "must be positive, at least 1e-300 ms")  # its inverse is a number
_TIME_CONSTANT_OR_0 = (lambda x: (x == 0) | (x >= 1e-300), "must be 0, or at least 1e-300 ms")
_NOT_NEGATIVE = (lambda x: x >= 0, "must not be negative")
_FRACTION = (lambda x: (x >= 0) & (x <= 1), "must be between 0 and 1")
SYNAPTIC_RULES = {
    "U": _FRACTION,
    "p": _FRACTION,
    "n": (
        lambda x: (x >= 1) & (x <= MOST_SITES) & (x == np.rint(x)),
        f"must be a whole number from 1 to {MOST_SITES}",
    ),
    "tau_rec": _TIME_CONSTANT,
    "tau_facil": _TIME_CONSTANT_OR_0,
    "tau_fac": _TIME_CONSTANT_OR_0,
    "tau_psc": _TIME_CONSTANT,
    "p_transmit": _FRACTION,
    "tau_plus": _TIME_CONSTANT,
    "tau_minus": _TIME_CONSTANT,
    "tau": _TIME_CONSTANT,
    "mu_plus": _NOT_NEGATIVE,
    "mu_minus": _NOT_NEGATIVE,
    "dendritic_delay_fraction": _FRACTION,
    "a": (lambda x: (x >= 0) & (x == np.rint(x)), "must be a whole number of at least 0"),
    "u": _FRACTION,
    "x": _FRACTION,
    "y": _FRACTION,
}


class NotRecordedError(errors.RecordingError):
    """Data were asked for that nobody asked to record."""

    def __init__(self, owner, variable, known, cell_type):
        super().__init__(variable, cell_type)
        self.owner, self.known = owner, known

    def __str__(self):
        but = f", only {', '.join(self.known)}" if self.known else ", nor was anything else"
        return (
            f"{self.variable!r} was not recorded from {self.owner}{but}: "
            f"call record({self.variable!r}) before the run"
        )


class UnknownAttributeError(errors.NonExistentParameterError, AttributeError):
    """An attribute that there is not, of what has its parameters as attributes."""


def check_names(model, names):
    """Raise NonExistentParameterError, with the nearest known name, for names a model doesn't have."""
    known = model.get_parameter_names()
    for name in names:
        if name not in known:
            hint = ""
            if name in getattr(model, "default_initial_values", ()):
                hint = f" (a state variable: give it as initialize({name}=...) of a population)"
            elif name in ("weight", "delay"):
                hint = f" (of a synapse type: StaticSynapse({name}=...))"
            raise unknown_name(name, type(model).__name__, known, hint)


def unknown_name(name, owner, known, hint=""):
    """A NonExistentParameterError that tells the nearest known name, or gives another hint."""
    hint = hint or did_you_mean(name, known)
    return errors.NonExistentParameterError(f"'{name}'{hint}", owner, known)


class NoParameterAttributes:
    """Has parameters that are not its attributes: to assign to one, or to what is nearly one, is an error.

    Other attributes that users give it stay allowed, and what is assigned before it is made.
    """

    _is_made = False
    _reads_attributes = False  # whether an attribute of the name of a parameter has an effect

    def _parameters_and_states(self):
        """Names of parameters, and of state variables."""
        raise NotImplementedError

    def _how_to_set(self, name, is_state):
        """What to do instead of assigning."""
        raise NotImplementedError

    def __setattr__(self, name, value):
        is_new = not (name.startswith("_") or hasattr(type(self), name) or name in vars(self))
        if self._is_made and is_new:
            parameters, states = self._parameters_and_states()
            is_state = name in states and (is_finite(value) or isinstance(value, RandomDistribution))
            near = name if is_state else near_parameter(name, parameters)
            if near and not (near == name and self._reads_attributes):
                raise AttributeError(
                    f"{type(self).__name__}.{name} can't be set, which would change nothing: "
                    f"{self._how_to_set(near, is_state)}"
                )
        super().__setattr__(name, value)


def near_parameter(name, known):
    """The known name that a name is, or is a misspelling of, whatever their case; None if there is none."""
    return nearest(name, known, cutoff=0.8)


def warn(message):
    """Give a warning that names the line of the user's that it is about."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _PACKAGES:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)


def check_parameters(owner, values, above=(), below=(), may_be_infinite=()):
    """Check the values of a population's parameters: a dict of a number, or an array, by name.

    `owner` is what to call the population in messages. `above` and `below` are pairs of a parameter and
    what it must be above or below: a number, or another parameter. Those that `may_be_infinite` may, beside
    those that may be in all cell types. Raises InvalidParameterValueError.
    """
    for name, value in values.items():
        if isinstance(value, ArrayParameter) or np.asarray(value).dtype == object:
            continue  # sequences: each cell type checks its own
        check_finite(owner, name, value, name in may_be_infinite)
        what = name.rpartition(".")[2]  # of a receptor, whose name comes before a dot
        if what in POSITIVE:
            _check(owner, name, value, np.asarray(value) > 0, "must be positive")
        elif what in NOT_NEGATIVE:
            _check(owner, name, value, np.asarray(value) >= 0, "must not be negative")
        if name in LARGEST:
            good = np.asarray(value) <= LARGEST[name]
            _check(owner, name, value, good, f"must not be above {LARGEST[name]:g}")
    for name, limit in above:
        _check_order(owner, name, values, "above", limit, np.greater)
    for name, limit in below:
        _check_order(owner, name, values, "below", limit, np.less)


def _check_order(owner, name, values, rule, limit, compare):
    """Raise InvalidParameterValueError unless parameter `name` is above or below a limit."""
    value, limits = np.broadcast_arrays(values[name], values.get(limit, limit))
    good = compare(value, limits)
    highest = limits.flat[np.argmin(good)]
    shown = f"{limit} ({highest})" if limit in values else f"{highest}"
    _check(owner, name, value, good, f"must be {rule} {shown}")


def check_finite(owner, name, value, may_be_infinite=False):
    """Raise InvalidParameterValueError unless `value`, a number or an array, is finite everywhere, or
    infinite where that has a meaning."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise errors.InvalidParameterValueError(
            f"{owner}: {name} must be a number or numbers, not {value!r}"
        ) from None
    good = np.isfinite(array)
    if may_be_infinite or name.rpartition(".")[2] in MAY_BE_INFINITE:
        good |= array == np.inf
    _check(owner, name, array, good, "must be a finite number")


def check_synapse_parameter(owner, name, value):
    """Check the values of a parameter of synapses: a number, or float64 [connections].

    `owner` is what to call the projection in messages. Raises InvalidParameterValueError.
    """
    value = np.asarray(value, dtype=float)
    _check(owner, name, value, np.isfinite(value), "must be a finite number", "connection")
    if name in SYNAPTIC_RULES:
        is_good, rule = SYNAPTIC_RULES[name]
        _check(owner, name, value, is_good(value), rule, "connection")


def check_weight_bounds(owner, sign, weights, w_min, w_max):
    """Check the bounds of plastic synapses' weights: float64 [connections] each.

    `owner` names the projection and the receptor in messages; `sign` is that which weights must have, 1 or
    -1, or 0. w_max is the bound of the strongest weights: the lower one where weights are negative.

    Raises InvalidParameterValueError for bounds that are no such; returns words for a weight that is not
    between them, or None.
    """
    low, high = np.minimum(w_min, w_max), np.maximum(w_min, w_max)
    if sign == 1:
        good, rule = (w_min >= 0) & (w_max >= w_min), "0 <= w_min <= w_max"
    elif sign == -1:
        good, rule = (w_min <= 0) & (w_max <= w_min), "w_max <= w_min <= 0, since these weights are negative"
    else:
        good, rule = (w_max >= w_min) | (high <= 0), "w_min <= w_max, or w_max <= w_min <= 0"
        good &= (w_max <= w_min) | (high > 0)

    def words(where):
        return f"w_min = {w_min[where]:g}, w_max = {w_max[where]:g}, weight = {weights[where]:g}"

    if not np.all(good):
        raise errors.InvalidParameterValueError(
            f"{owner}: the bounds of the weights must be {rule}, but there is {words(np.argmin(good))}"
        )
    within = (low <= weights) & (weights <= high)
    return None if np.all(within) else f"{owner}: a weight beyond its bounds, {words(np.argmin(within))}"


def _check(owner, name, value, good, rule, kind="cell"):
    """Raise InvalidParameterValueError for the first element of `value` that is not `good`."""
    if np.all(good):
        return
    value, good = np.atleast_1d(value), np.atleast_1d(good)
    where = int(np.argmin(good))
    which = f" ({kind} {where})" if len(value) > 1 else ""
    raise errors.InvalidParameterValueError(f"{owner}: {name} {rule}, but is {value[where]}{which}")


def check_dead_time(owner, rate, tau_refrac):
    """Check that there is time for spikes at a rate (Hz) that includes the dead time (ms)."""
    rate, tau_refrac = np.broadcast_arrays(rate, tau_refrac)
    good = rate * tau_refrac < 1000.0
    dead = float(tau_refrac.flat[np.argmin(good)])
    _check(owner, "rate", rate, good, f"must be below 1000/tau_refrac ({1000.0 / dead if dead else 0:g} Hz)")


def check_gamma(owner, alpha, beta):
    """Check the shape and rate (Hz) of a gamma distribution of intervals."""
    _check(owner, "alpha", alpha, np.asarray(alpha) > 0, "must be positive")
    _check(owner, "alpha", alpha, np.asarray(alpha) <= LARGEST_SHAPE, f"must not be above {LARGEST_SHAPE:g}")
    _check(owner, "beta", beta, np.asarray(beta) >= 0, "must not be negative")
    most = LARGEST["rate"]
    _check(
        owner, "beta", beta, np.asarray(beta) <= most * np.asarray(alpha), f"must not be above {most:g} alpha"
    )


def check_gamma_bins(owner, tbins, a, b):
    """Check the bins (ms) of parameters of a gamma distribution: Sequences, or arrays of one for each cell.

    Raises InvalidParameterValueError.
    """
    n = max(1 if isinstance(each, ArrayParameter) else len(each) for each in (tbins, a, b))
    each_cell = [[each] * n if isinstance(each, ArrayParameter) else each for each in (tbins, a, b)]
    seen = set()
    for cell, sequences in enumerate(zip(*each_cell, strict=True)):
        key = tuple(id(sequence) for sequence in sequences)
        if key not in seen:
            seen.add(key)
            what = owner if n == 1 else f"{owner}, cell {cell}"
            _check_bins_of_one(what, *(sequence.value for sequence in sequences))


def _check_bins_of_one(owner, tbins, a, b):
    if not len(tbins) == len(a) == len(b) or len(tbins) == 0:
        raise errors.InvalidParameterValueError(
            f"{owner}: tbins, a and b must have equally many values, at least one, but have {len(tbins)}, "
            f"{len(a)} and {len(b)}"
        )
    for name, values in (("tbins", tbins), ("a", a), ("b", b)):
        check_finite(owner, name, values)
    _check(owner, "a", a, a > 0, "must be positive")
    _check(owner, "a", a, a <= LARGEST_SHAPE, f"must not be above {LARGEST_SHAPE:g}")
    _check(owner, "b", b, b > 0, "must be positive")
    most = LARGEST["rate"]
    _check(owner, "b", b, a * b >= 1 / most, f"must not be below {1 / most:g}/a")
    _check(owner, "tbins", tbins, np.diff(tbins, prepend=-np.inf) > 0, "must be in increasing order")


def steps_of_interval(what, interval, dt):
    """A sampling interval (ms) in steps. Raises ValueError unless it is a multiple of the time step."""
    steps = int(np.rint(interval / dt)) if is_finite(interval) else 0
    if not 1 <= steps < 2**62 or abs(interval / dt - steps) > GRID_TOLERANCE * steps:
        raise ValueError(
            f"{what} must be a multiple of the time step ({dt} ms), but is {reprlib.repr(interval)}"
        )
    return steps


def check_spike_times(owner, spike_times, cells):
    """Check spike times (ms): a Sequence for all of `cells`, or an array of one for each.

    `cells` are the indices to name in messages. Raises InvalidParameterValueError.
    """
    if isinstance(spike_times, ArrayParameter):
        spike_times = [spike_times]
    lengths = [len(sequence.value) for sequence in spike_times]
    times = np.concatenate([np.zeros(0), *(sequence.value for sequence in spike_times)])
    ends = np.cumsum(lengths)
    first = np.isin(np.arange(len(times)), ends - lengths)
    increasing = np.append(True, np.diff(times) >= 0)[: len(times)] | first
    for good, rule in (
        (np.isfinite(times), "must be finite numbers"),
        (times >= 0, "must not be negative"),
        (increasing, "must be in increasing order"),
    ):
        if not np.all(good):
            where = int(np.argmin(good))
            cell = cells[int(np.searchsorted(ends, where, side="right"))]
            before = f" after {times[where - 1]}" if good is increasing else ""
            raise errors.InvalidParameterValueError(
                f"{owner}, cell {cell}: spike_times {rule}, but there is {times[where]} ms{before}"
            )


def check_parts(owner, name, sequences, cells, n, positive):
    """Check a parameter of `n` numbers a cell: a Sequence for all of `cells`, or an array of one for each.

    `cells` are the indices to name in messages. Raises InvalidParameterValueError.
    """
    if isinstance(sequences, ArrayParameter):
        sequences = [sequences]
    for cell, sequence in zip(cells, sequences, strict=False):
        values = sequence.value
        if len(values) != n:
            raise errors.InvalidParameterValueError(
                f"{owner}, cell {cell}: {name} must be {n} numbers, not {len(values)}"
            )
        check_finite(f"{owner}, cell {cell}", name, values)
        if positive:
            _check(f"{owner}, cell {cell}", name, values, values > 0, "must be positive")
