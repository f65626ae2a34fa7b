"""
Checks of what users give, before it can do harm.

Every message names the object, the parameter and the value.
"""

import difflib

import numpy as np
from pyNN import errors
from pyNN.parameters import ArrayParameter

# Parameters that must be larger than zero, and that must not be negative, in any standard model.
POSITIVE = {"cm", "tau_m", "tau_syn_E", "tau_syn_I"}
NOT_NEGATIVE = {"tau_refrac", "rate", "start", "duration", "gbar_Na", "gbar_K", "g_leak"}


def check_names(model, names):
    """Raise NonExistentParameterError, with the nearest known name, for names a model doesn't have."""
    known = model.get_parameter_names()
    for name in names:
        if name not in known:
            raise unknown_name(name, type(model).__name__, known)


def unknown_name(name, owner, known):
    """A NonExistentParameterError that tells the nearest known name."""
    near = difflib.get_close_matches(str(name), list(known), n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return errors.NonExistentParameterError(f"'{name}'{hint}", owner, known)


def check_parameters(owner, values):
    """Check the values of a population's parameters: a dict of a number, or an array, by name.

    `owner` is what to call the population in messages. Raises InvalidParameterValueError.
    """
    for name, value in values.items():
        if name == "spike_times":
            check_spike_times(owner, value)
            continue
        check_finite(owner, name, value)
        if name in POSITIVE:
            _check(owner, name, value, np.asarray(value) > 0, "must be positive")
        elif name in NOT_NEGATIVE:
            _check(owner, name, value, np.asarray(value) >= 0, "must not be negative")
    if "v_reset" in values and "v_thresh" in values:
        v_reset, v_thresh = np.broadcast_arrays(values["v_reset"], values["v_thresh"])
        _check(owner, "v_reset", v_reset, v_reset < v_thresh, "must be below v_thresh")


def check_finite(owner, name, value):
    """Raise InvalidParameterValueError unless `value`, a number or an array, is finite everywhere."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise errors.InvalidParameterValueError(
            f"{owner}: {name} must be a number or numbers, not {value!r}"
        ) from None
    _check(owner, name, array, np.isfinite(array), "must be a finite number")


def _check(owner, name, value, good, rule):
    """Raise InvalidParameterValueError for the first element of `value` that is not `good`."""
    if np.all(good):
        return
    value, good = np.atleast_1d(value), np.atleast_1d(good)
    where = int(np.argmin(good))
    which = f" (cell {where})" if len(value) > 1 else ""
    raise errors.InvalidParameterValueError(f"{owner}: {name} {rule}, but is {value[where]}{which}")


def check_spike_times(owner, spike_times):
    """Check spike times (ms): one sequence, or an array of one for each cell."""
    sequences = [spike_times] if isinstance(spike_times, ArrayParameter) else spike_times
    checked = set()
    for cell, sequence in enumerate(sequences):
        if id(sequence) in checked:  # most often all cells share one sequence
            continue
        checked.add(id(sequence))
        times = np.asarray(sequence.value, dtype=float)
        which = f"{owner}, cell {cell}: spike_times"
        if times.ndim != 1:
            raise errors.InvalidParameterValueError(f"{which} must be a list of numbers, not {times!r}")
        if not np.all(np.isfinite(times)):
            raise errors.InvalidParameterValueError(
                f"{which} must be finite, but there is {times[~np.isfinite(times)][0]}"
            )
        if len(times) and times.min() < 0:
            raise errors.InvalidParameterValueError(
                f"{which} must not be negative, but there is {times.min()}"
            )
        if np.any(np.diff(times) < 0):
            k = int(np.argmin(np.diff(times) >= 0))
            raise errors.InvalidParameterValueError(
                f"{which} must be in increasing order, but {times[k + 1]} comes after {times[k]}"
            )
