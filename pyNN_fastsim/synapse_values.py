"""
The values of synaptic parameters, for all connections of a projection together.

A value may be a number, a RandomDistribution, an array over (pre, post), a list or iterator with one value
for each connection, a function of distance or of the two indices. Numbers are drawn in the order in
which PyNN's own connectors draw them: for each target cell in turn.
"""

import contextlib
import copy
import inspect
import itertools
from collections.abc import Iterator

import numpy as np
from pyNN import errors
from pyNN.core import IndexBasedExpression
from pyNN.parameters import LazyArray
from pyNN.random import RandomDistribution

from .drawing import next_numbers
from .memory import check_memory
from .random import NativeRNG, tell_of_dependence


def copied_parameters(projection):
    """The synapse type's parameters, to be evaluated once: numbers, or copies of LazyArrays.

    As PyNN does, we draw from copies of the user's generators, which stay where they were.
    """
    tell_of_dependence(f"Projection '{projection.label}'", projection.synapse_type.parameter_space)
    return {
        name: float(lazy.base_value) if _is_number(lazy) else copy.deepcopy(lazy)
        for name, lazy in projection.synapse_type.parameter_space.items()
    }


def _is_number(lazy):
    return isinstance(lazy.base_value, (int, float, np.number)) and not lazy.operations


def is_native(value):
    """Whether a copied parameter is one number, or drawn by a NativeRNG and nothing else."""
    if not isinstance(value, LazyArray):
        return True
    base = value.base_value
    return isinstance(base, RandomDistribution) and type(base.rng) is NativeRNG and not value.operations


def evaluate_all(projection, parameters, pre, post, fresh_for_each_target=False):
    """The parameters of the connections (pre, post): by name, a number or float64 [connections].

    parameters               numbers, arrays, or LazyArrays, by name
    pre, post                int, indices, by ascending post wherever numbers are drawn
    fresh_for_each_target    draw from the same state of the generator for each target, as PyNN's
                             FromListConnector does

    Raises InvalidDimensionsError for a list of the wrong length.
    """
    return {
        name: evaluate(projection, name, value, pre, post, fresh_for_each_target)
        if isinstance(value, LazyArray)
        else value
        for name, value in parameters.items()
    }


def evaluate(projection, name, lazy, pre, post, fresh_for_each_target=False):
    """The values of one parameter, a LazyArray, for the connections (pre, post)."""
    base = lazy.base_value
    if isinstance(base, RandomDistribution):
        with drawing(projection, name, base):
            values = _draw(base, post, fresh_for_each_target)
    elif callable(base):
        values = _call(projection, base, pre, post)
    elif isinstance(base, Iterator):
        values = _taken(projection, name, base, len(pre))
    elif isinstance(base, np.ndarray) and base.ndim == 1:
        if len(base) != len(pre):
            raise errors.InvalidDimensionsError(
                f"{projection.label}: {len(base)} values of {name} for {len(pre)} connections"
            )
        values = base
    elif isinstance(base, np.ndarray):
        if base.shape != projection.shape:
            raise wrong_shape(projection, name, base)
        values = base[pre, post]
    else:
        lazy = LazyArray(lazy, shape=projection.shape)
        try:
            return lazy.evaluate()[pre, post]
        except ValueError as error:
            raise errors.InvalidDimensionsError(f"{projection.label}: {name}: {error}") from None
    return _apply_operations(lazy, values, projection, name, pre, post)


def drawn_for_all_pairs(projection, name, lazy, pre, post):
    """As `evaluate` for a LazyArray of a RandomDistribution, but with numbers drawn for all pairs, connected
    or not: as in PyNN's own `set`."""
    n_pre, n_post = projection.shape
    check_memory(f"{projection.label}: values of {name} for {n_pre} x {n_post} pairs", 8 * n_pre * n_post)
    with drawing(projection, name, lazy.base_value):
        values = next_numbers(lazy.base_value, n_pre * n_post).reshape(n_pre, n_post)[pre, post]
    return _apply_operations(lazy, values, projection, name, pre, post)


def _taken(projection, name, iterator, n):
    """The next `n` values of an iterator, for the connections in their order."""
    try:
        values = np.fromiter(itertools.islice(iterator, n), dtype=float)
    except (TypeError, ValueError) as error:
        raise errors.InvalidParameterValueError(
            f"{projection.label}: an iterator for {name} must give numbers: {error}"
        ) from None
    if len(values) < n:
        raise errors.InvalidDimensionsError(
            f"{projection.label}: an iterator gave {len(values)} values of {name} for {n} connections"
        )
    return values


def wrong_shape(projection, name, values):
    """The error for an array of values that doesn't fit a projection."""
    return errors.InvalidDimensionsError(
        f"{projection.label}: values of {name} of shape {values.shape}, but the projection has shape "
        f"{projection.shape} (pre, post)"
    )


@contextlib.contextmanager
def drawing(projection, name, distribution):
    """Name the parameter when a distribution's own parameters are no good.

    Raises InvalidParameterValueError.
    """
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise errors.InvalidParameterValueError(
            f"{projection.label}: {name} can't be drawn from {distribution!r}: {error}"
        ) from None


def drawing_for(projection, name, distribution):
    """A function that draws the next numbers for cells with so many connections; errors as of `drawing`."""

    def draw(counts):
        with drawing(projection, name, distribution):
            return next_numbers(distribution, counts)

    return draw


def _apply_operations(lazy, values, projection, name, pre, post):
    for function, argument in lazy.operations:
        if argument is None:
            values = function(values)
        elif isinstance(argument, LazyArray):
            values = function(values, evaluate(projection, name, argument, pre, post))
        else:
            values = function(values, argument)
    return np.asarray(values, dtype=float)


def _draw(distribution, post, fresh_for_each_target):
    """Numbers for connections sorted by target."""
    counts = np.bincount(post) if len(post) else np.zeros(0, int)
    return _draw_afresh(distribution, counts) if fresh_for_each_target else next_numbers(distribution, counts)


def _draw_afresh(distribution, counts):
    """For each target, the first numbers that the distribution gives."""
    drawn = {n: next_numbers(copy.deepcopy(distribution), [n]) for n in np.unique(counts) if n}
    return np.concatenate([drawn[n] for n in counts if n] or [np.zeros(0)])


def _call(projection, function, pre, post):
    """Values of a function of distance, of the two indices, or of neither."""
    if isinstance(function, IndexBasedExpression):
        function = copy.copy(function)
        function.projection = projection
    if isinstance(function, IndexBasedExpression) or _takes_two(function):
        return _by_target(post, lambda order: _of_indices(function, pre[order], post[order]))
    distances = pair_distances(projection, pre, post)
    return np.broadcast_to(np.asarray(function(distances), dtype=float), distances.shape)


def _takes_two(function):
    """Whether a function has exactly two arguments without default: the indices i and j."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
               for p in parameters) == 2  # fmt: skip


def _by_target(post, evaluate):
    """Values of connections in any order, where evaluate(order) gives those of connections by target."""
    if np.all(post[1:] >= post[:-1]):
        return evaluate(slice(None))
    order = np.argsort(post, kind="stable")
    values = np.empty(len(post))
    values[order] = evaluate(order)
    return values


def _of_indices(function, pre, post):
    """Call function(i: array, j: int) for each target, as PyNN does; connections are sorted by target."""
    values = np.empty(len(pre))
    targets, first = np.unique(post, return_index=True)
    last = np.append(first, len(post))[1:]
    for j, lo, hi in zip(targets, first, last, strict=True):
        values[lo:hi] = function(pre[lo:hi], int(j))
    return values


def pair_distances(projection, pre, post):
    """Distance of each pair, in the projection's space; the same to the last bit as PyNN's matrix."""
    space = projection.space
    sources = projection.pre.positions[:, pre]
    targets = space.scale_factor * (projection.post.positions.T + space.offset).T[:, post]
    total = np.zeros(len(pre))
    for axis in space.axes:
        difference = sources[axis] - targets[axis]
        boundaries = space.periodic_boundaries and space.periodic_boundaries[axis]
        if boundaries:
            difference = np.abs(difference)
            difference = np.minimum(difference, boundaries[1] - boundaries[0] - difference)
        total += difference**2
    return np.sqrt(total)
