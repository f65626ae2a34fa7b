"""
Numbers for one connection after the other, as PyNN draws them: with one call for each target cell.

Where a call ends makes a difference only to distributions that draw some numbers again. From all others,
numbers are drawn for many cells at once.
"""

import copy
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from pyNN.parameters import LazyArray
from pyNN.random import NumpyRNG, RandomDistribution

from .engine.random.clipped import within_limits

AT_ONCE = 2**16  # numbers, of as many whole cells as have no more

# Distributions that redraw what falls outside their limits, so that the numbers drawn in one call
# are not those of two calls one after the other.
REDRAWING = {"normal_clipped"}


def is_one_number_or_drawn(value):
    """Whether a copied parameter is one number, or drawn by a NumpyRNG and nothing else."""
    if not isinstance(value, LazyArray):
        return True
    base = value.base_value
    return isinstance(base, RandomDistribution) and type(base.rng) is NumpyRNG and not value.operations


def next_numbers(distribution, counts):
    """The next numbers of a distribution for cells with `counts` connections: float64 [sum of counts]."""
    rng = distribution.rng
    if distribution.name not in REDRAWING or type(rng) is not NumpyRNG:
        n = int(np.sum(counts))
        return np.asarray(distribution.next(n), dtype=float).reshape(n)
    p = distribution.parameters

    def draw(n):
        return rng.rng.normal(loc=p["mu"], scale=p["sigma"], size=n)

    values = np.empty(int(np.sum(counts)))
    done = 0
    for first, last in pieces(counts):
        drawn = within_limits(draw, counts[first:last], p["low"], p["high"])
        values[done : done + len(drawn)] = drawn
        done += len(drawn)
    return values


def pieces(counts):
    """Ranges of cells, with `counts` connections, for which numbers are drawn at once."""
    ends = np.cumsum(counts)
    first = 0
    while first < len(ends):
        before = ends[first - 1] if first else 0
        last = max(int(np.searchsorted(ends, before + AT_ONCE, side="right")), first + 1)
        yield first, last
        first = last


def drawn_ahead(draws, counts, threads):
    """What several functions draw for one piece of the cells after the other.

    With several threads, the next piece is drawn while the caller works on the last one.

    draws   functions of numbers of connections, whose generators are not shared
    Gives (first, last, list of float64 arrays), of cells `first` to `last` - 1.
    """
    if threads == 1:
        for first, last in pieces(counts):
            yield first, last, [draw(counts[first:last]) for draw in draws]
        return
    with ThreadPoolExecutor(threads) as pool:
        before, begun = None, list[Future]()
        for piece in (*pieces(counts), None):
            numbers = [draw.result() for draw in begun]
            if piece is not None:
                begun = [pool.submit(draw, counts[slice(*piece)]) for draw in draws]
            if before is not None:
                yield *before, numbers
            before = piece


class Redrawn:
    """Numbers that are not kept, since they can be drawn again."""

    def __init__(self, distribution):
        """Remember a distribution that has not been drawn from yet."""
        self._distribution = copy.deepcopy(distribution)

    def __call__(self, counts):
        """The numbers for cells with `counts` connections: float64 [sum of counts]."""
        return next_numbers(copy.deepcopy(self._distribution), counts)
