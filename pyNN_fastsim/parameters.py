"""
Values of parameters, in any form that PyNN allows: made into plain numbers, or refused.

`as_given` looks at what a user gives, before anything is done with it; `evaluated` makes numbers of
what comes out of PyNN's parameter spaces. Both raise InvalidParameterValueError, or for a wrong size
InvalidDimensionsError, with the names of the object (`owner`) and parameter, and the value.
"""

import contextlib
import inspect
import itertools
import reprlib
from collections.abc import Iterator, Sized

import numpy as np
import quantities as pq
from lazyarray import larray
from pyNN import connectors, errors
from pyNN.core import is_listlike
from pyNN.parameters import ArrayParameter, LazyArray, Sequence, simplify
from pyNN.random import RandomDistribution

from .arguments import is_generator
from .messages import is_of_pynn, shown


class Numbers(Sequence):
    """A parameter that is a sequence of numbers, for users to look at: has a length, and items."""

    def __len__(self):
        return len(self.value)

    def __getitem__(self, index):
        return self.value[index]

    def __iter__(self):
        return iter(self.value)


def to_look_at(value):
    """A parameter as an attribute of a cell or source."""
    return Numbers(value.value) if isinstance(value, Sequence) else value


FORMS = "a number, a list or array of numbers, a RandomDistribution or a function of the index"
FORMS_OF_TIMES = "a list of numbers or a Sequence, a list of those, or a function of the index"


def as_given(owner, name, value, sequence=False, size=None, units=None):
    """What a user gives for a parameter: checked, and copied, so that it can't change any more.

    sequence    whether one value is a Sequence of numbers, as for spike_times
    size        number of cells; None if there are none yet
    units       PyNN's units of the parameter; values with units are converted to these

    Returns a float, a Sequence, an array of one of these for each cell; or what is to be evaluated
    later, as it is: a RandomDistribution, LazyArray, function or iterator.
    """
    if sequence and isinstance(value, Iterator):
        value = list(value)
    if isinstance(value, (larray, RandomDistribution, Iterator)) or _is_function(value):
        if _is_function(value):
            _check_takes_index(owner, name, value)
        elif isinstance(value, RandomDistribution):
            _check_generator(owner, name, value.rng)
        given = value
    elif sequence:
        given = _as_sequences(owner, name, value, units)
    else:
        given = _as_numbers(owner, name, value, units)
    if size is not None and isinstance(given, np.ndarray):
        check_size(owner, name, given, size)
    return given


def evaluated(owner, name, lazy, size, sequence=False):
    """The values of a LazyArray for `size` cells: a float or Sequence if they are all the same, else an
    array of one for each."""
    if _is_function(lazy.base_value) and not lazy.operations:
        values = _call_for_each(lazy.base_value, size)
    else:
        try:
            values = lazy.evaluate(simplify=True)
        except (ValueError, OverflowError) as error:
            raise errors.InvalidParameterValueError(f"{owner}: {name}: {error}") from None
    if sequence and is_listlike(values) and len(values) == size:
        values = list(values)  # of Sequences: not to be taken for numbers
    return simplify(as_given(owner, name, values, sequence, size))


def _is_function(value):
    return callable(value) and not isinstance(value, (type, ArrayParameter, larray, RandomDistribution))


def _check_takes_index(owner, name, function):
    """Raise InvalidParameterValueError for a function that can't be called with one argument, or two."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # of a function that isn't written in Python nothing is known
    for arguments in ((0,), (0, 0)):
        with contextlib.suppress(TypeError):
            signature.bind(*arguments)
            return
    raise errors.InvalidParameterValueError(
        f"{owner}: {name} is a function that does not take one argument: {function!r}"
    )


def _check_generator(owner, name, rng):
    """Raise InvalidParameterValueError for a generator that serves another backend's simulator only."""
    if not is_generator(rng):
        raise errors.InvalidParameterValueError(
            f"{owner}: {name} must be drawn by a NumpyRNG or this backend's NativeRNG, not by {shown(rng)}"
        )


def _call_for_each(function, size):
    """A function's value for each index: called with all of them, as PyNN does, or one by one if the
    function wasn't made for that."""
    try:
        values = function(np.arange(size))
        if np.shape(values) in ((), (size,)) and not isinstance(values, ArrayParameter):
            return values
    except Exception:  # whatever it is, it comes again when called with one index
        pass
    return [function(i) for i in range(size)]


def expression(owner, name, text):
    """A LazyArray of a text that is an expression in the distance, d, with the functions that PyNN's
    distance-dependent connectors know, such as exp.

    Raises InvalidParameterValueError for anything else.
    """
    try:
        function = eval(f"lambda d: {text}", dict(vars(connectors)))
        function(0.0)
        return LazyArray(function)
    except Exception as error:  # the expression is tried out, so that it may be anything
        raise errors.InvalidParameterValueError(
            f"{owner}: {name} must be an expression in d, not {reprlib.repr(text)}: {reprlib.repr(error)}"
        ) from None


class Stream:
    """An iterator whose first value (None if there is none) can be seen before it is taken.

    A copy is the stream itself, because there are no copies of iterators.
    """

    def __init__(self, iterator):
        self.first = next(iterator, None)
        self._all = iterator if self.first is None else itertools.chain([self.first], iterator)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._all)

    def __deepcopy__(self, memo):
        return self


def one_number(owner, name, value):
    """A float, of what a user gives for it. Raises InvalidParameterValueError."""
    number = as_given(owner, name, value)
    if not isinstance(number, float):
        raise errors.InvalidParameterValueError(f"{owner}: {name} must be a number, not {shown(value)}")
    return number


def _as_numbers(owner, name, value, units):
    """A float, or a float64 array [cells] that is nobody else's."""
    array = as_array(owner, name, value, units, FORMS)
    return float(array) if array.ndim == 0 else array


def as_array(owner, name, value, units, forms):
    """A new float64 array of real numbers; a scalar gives an array without dimensions."""
    if isinstance(value, pq.Quantity):
        value = _without_units(owner, name, value, units)
    refused = isinstance(value, (str, bytes, dict, set, ArrayParameter)) or value is None or is_of_pynn(value)
    if not refused:
        try:
            array = np.asarray(value)
            refused = array.dtype.kind not in "biufO"
            if not refused:
                if array.dtype.kind == "O" and any(item is None for item in array.flat):
                    raise TypeError
                return np.array(array, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            pass
        except MemoryError:
            raise MemoryError(f"{owner}: {name}: no memory for as many values") from None
    raise errors.InvalidParameterValueError(f"{owner}: {name} must be {forms}, not {shown(value)}")


def _without_units(owner, name, value, units):
    try:
        # PyNN writes "/ms", which quantities doesn't know.
        return value.rescale(f"1{units}" if units and units.startswith("/") else units or "").magnitude
    except ValueError:
        wanted = f"in {units}" if units else "a plain number, in PyNN's units"
        raise errors.InvalidParameterValueError(
            f"{owner}: {name} must be {wanted}, not {value.dimensionality}"
        ) from None


def _as_sequences(owner, name, value, units):
    """A Sequence, or an array of objects: Sequences, one for each cell."""
    refused = isinstance(value, (str, bytes, dict, set)) or is_of_pynn(value)
    is_scalar = isinstance(value, np.ndarray) and value.ndim == 0
    if refused or is_scalar or not (isinstance(value, (ArrayParameter, Sized)) or is_listlike(value)):
        raise errors.InvalidParameterValueError(
            f"{owner}: {name} must be {FORMS_OF_TIMES}, not {shown(value)}"
        )
    if is_one_sequence(value):
        return _as_sequence(owner, name, value, units)
    made = {}  # most often all cells share one sequence
    sequences = np.empty(len(value), dtype=object)
    for cell, item in enumerate(value):
        if id(item) not in made:
            which = f"{name} of cell {cell}"
            made[id(item)] = (_as_sequence(owner, which, item, units), item)
        sequences[cell] = made[id(item)][0]
    return sequences


def is_one_sequence(value):
    """Whether something is one sequence of numbers, and not several of them."""
    if isinstance(value, (ArrayParameter, range)):
        return True
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.ndim == 1
    return not any(issubclass(kind, (ArrayParameter, Sized)) for kind in set(map(type, value)))


def _as_sequence(owner, name, value, units):
    """A Sequence whose numbers are nobody else's."""
    if isinstance(value, ArrayParameter):
        value = value.value
    array = as_array(owner, name, value, units, "a list of numbers")
    if array.ndim != 1:
        raise errors.InvalidParameterValueError(
            f"{owner}: {name} must be a list of numbers, not {shown(value)}"
        )
    return Sequence(array)


def check_size(owner, name, array, size):
    """Raise InvalidDimensionsError unless `array` has one value for each cell."""
    if array.shape == (size,):
        return
    has = f"shape {array.shape}" if array.ndim > 1 else _counted(array.size, "value")
    cells = _counted(size, "cell")
    raise errors.InvalidDimensionsError(f"{owner}: {name} has {has} for {cells}")


def _counted(n, what):
    return f"1 {what}" if n == 1 else f"{n} {what}s"


def expanded(value, n):
    """A stored value as an array of one for each of `n` cells, to be changed."""
    if isinstance(value, np.ndarray):
        return value.copy()
    array = np.empty(n, dtype=object if isinstance(value, ArrayParameter) else float)
    array[:] = value
    return array
