"""
What values the parameters and variables of a model from equations may have: whole numbers, truth values,
one for all.

Of each of which that is declared, `limits_of` tells it by name: "int", "bool", "global" (one for the
population or projection), "semiglobal" (one for each target cell), "not negative".
"""

import numpy as np
from pyNN import errors

_MUST_BE = {
    "int": (lambda x: x == np.rint(x), "must be a whole number"),
    "bool": (lambda x: (x == 0) | (x == 1), "must be True or False"),
    "not negative": (lambda x: x >= 0, "must not be negative"),
}
_OF = {"global": "one for all", "semiglobal": "one for each target cell"}


def limits_of(parts, delays=()):
    """Limits by name, of parameters and variables as they are described; `delays` are further names."""
    limits = {part.name: [each for each in (part.type, part.locality) if each not in ("float", "local")]
              for part in parts}  # fmt: skip
    for name in delays:
        limits[name] = [*limits[name], "not negative"]
    return {name: found for name, found in limits.items() if found}


def check_kind(owner, limits, name, values):
    """Raise InvalidParameterValueError for a number, or one of an array, that is not of the kind."""
    values = np.atleast_1d(values)
    for limit in limits.get(name, ()):
        good, rule = _MUST_BE.get(limit, (np.isfinite, ""))
        wrong = values[~good(values)]
        if rule and len(wrong):
            raise errors.InvalidParameterValueError(f"{owner}: {name} {rule}, not {wrong[0]:g}")


def check_shared(owner, limits, name, values, targets=None):
    """Raise InvalidParameterValueError where values differ, of an array, that must not; `targets` are the
    indices of the target cells of synapses."""
    for limit in set(limits.get(name, ())) & set(_OF):
        if np.ndim(values) == 0 or len(values) == 0:
            continue
        first = values[0]
        if limit == "semiglobal":
            found, where = np.unique(targets, return_index=True)
            first = values[where][np.searchsorted(found, targets)]
        wrong = np.flatnonzero(values != first)
        if len(wrong):
            one = np.broadcast_to(first, len(values))[wrong[0]]
            raise errors.InvalidParameterValueError(
                f"{owner}: {name} is {_OF[limit]}, and can't be both {one:g} and {values[wrong[0]]:g}"
            )
