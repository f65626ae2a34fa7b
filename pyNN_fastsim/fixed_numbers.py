"""
Connectors that make a fixed number of connections: for each target, for each source, or in all.
"""

import contextlib
import copy

import numpy as np
from pyNN import connectors, errors
from pyNN.random import NumpyRNG, RandomDistribution

from . import simulator
from .bulk import BulkConnector, OwnPlaces, begins, no_other_cell
from .engine.random.mersenne import choose
from .engine.synapses.drawn import Pattern, edges_of_pieces
from .engine.synapses.rows import gathered, turned
from .memory import ROW, check_connections
from .random import Children, NativeRNG, draws_as_numpy_did, whole_numbers_below
from .synapse_values import copied_parameters


class _FixedNumberConnector(BulkConnector):
    """Connects each cell of one side to a number of cells of the other; needs PyNN's options."""

    def _draws_rows(self):
        return True

    def _expected(self, projection):
        if not isinstance(self.n, RandomDistribution):
            return self.n * self._cells(projection).size
        if type(self.n.rng) is not NumpyRNG:
            return 0  # a NativeRNG can't be tried out, since it has no copies
        with contextlib.suppress(OverflowError, ValueError):
            mean = np.mean(copy.deepcopy(self.n).next(100))
            return mean * self._cells(projection).size if np.isfinite(mean) else 0
        return 0

    def _cells(self, projection):
        """Those that choose others."""
        raise NotImplementedError

    def _counts(self, projection, numbers, n_others):
        """How many of `n_others` cells to choose for each cell, as int64.

        Raises InvalidParameterValueError for bad numbers, and ConnectionError if there are no others.
        """
        numbers = np.asarray(numbers)
        bad = numbers[~((numbers > -1) & (numbers < 2.0**63))]  # which NaN is, too
        if len(bad):
            raise errors.InvalidParameterValueError(
                f"{projection.label}: {type(self).__name__}: "
                f"n must not be negative or too large, not {bad[0]}"
            )
        counts = numbers.astype(np.int64)
        if counts.any() and n_others < 1:
            raise no_other_cell(projection)
        return counts

    def _chosen(self, projection, numbers, cells, others):
        """Some of `others` for each of `cells`, as PyNN draws them: how many (int64), and these (uint32).

        numbers   how many to choose for each; not a list if they are to be drawn one by one in between
        """
        own = own_places(self, projection, cells, others)
        exclude = own is not None and own.are_the_same
        if isinstance(numbers, list):
            numbers = self._counts(projection, numbers, others.size - exclude)
            if draws_as_numpy_did(self.rng) and (own is None or exclude):
                return numbers, choose(self.rng.rng, numbers, others.size, exclude, self.with_replacement)
        draw = _selection(self, others.size, own, projection)
        chosen = [draw(int(n), cell) for cell, n in enumerate(numbers)]
        return np.array([len(cells) for cells in chosen]), np.concatenate(chosen).astype(np.uint32)

    def _numbers(self, projection, n_cells, size):
        """How many of `size` cells each of `n_cells` chooses (int64), and whether none chooses itself."""
        numbers = self.n.next(n_cells) if isinstance(self.n, RandomDistribution) else self.n
        exclude = own_places(self, projection, projection.pre, projection.post) is not None
        counts = self._counts(projection, np.broadcast_to(numbers, n_cells), size - exclude)
        check_connections(int(counts.sum()), ROW)
        return counts, exclude


class FixedNumberPreConnector(_FixedNumberConnector, connectors.FixedNumberPreConnector):
    __doc__ = connectors.FixedNumberPreConnector.__doc__
    is_unsorted = by_columns = True

    def _cells(self, projection):
        return projection.post

    def _in_pieces(self, projection):
        n_pre, n_post = projection.shape
        numbers, exclude = self._numbers(projection, n_post, n_pre)
        edges = edges_of_pieces(n_pre, n_post, int(numbers.sum()))
        pattern = Pattern(edges, n_pre, not self.with_replacement, exclude, by_columns=True)
        return pattern, lambda _, piece: numbers[edges[piece] : edges[piece + 1]]

    def _pairs(self, projection):
        n_post = projection.post.size
        numbers = list(self._get_num_pre(n_post))
        counts, sources = self._chosen(projection, numbers, projection.post, projection.pre)
        return sources.view(np.int32), np.repeat(np.arange(n_post, dtype=np.int32), counts)


class FixedNumberPostConnector(_FixedNumberConnector, connectors.FixedNumberPostConnector):
    __doc__ = connectors.FixedNumberPostConnector.__doc__

    def _cells(self, projection):
        return projection.pre

    def _in_pieces(self, projection):
        n_pre, n_post = projection.shape
        numbers, exclude = self._numbers(projection, n_pre, n_post)
        edges = edges_of_pieces(n_pre, n_post, int(numbers.sum()))
        pattern = Pattern(edges, n_pre, not self.with_replacement, exclude)
        shares = Shares(Children(self.rng), pattern, numbers)
        return pattern, lambda _, piece: shares.of(piece)

    def connect(self, projection):
        if type(self.rng) is NativeRNG:
            super().connect(projection)
            return
        # Here PyNN draws which cells to connect first.
        self._check_memory(projection, copied_parameters(projection))
        pre, post = self._drawn_pairs(projection)
        self._add(projection, pre, post, copied_parameters(projection))

    def _pairs(self, projection):
        n_pre, n_post = projection.shape
        drawn = (self._get_num_post() for _ in range(n_pre))
        in_between = isinstance(self.n, RandomDistribution) and self.n.rng is self.rng
        numbers = drawn if in_between else list(drawn)
        counts, targets = self._chosen(projection, numbers, projection.pre, projection.post)
        first, sources = turned(begins(counts), targets, n_post)
        return sources.view(np.int32), np.repeat(np.arange(n_post, dtype=np.int32), np.diff(first))


def own_places(connector, projection, cells, others):
    """The `OwnPlaces` of those that a connector must not connect to themselves; None if there are none.

    Raises ConnectionError for "NoMutual", which would be another number of connections.
    """
    if connector.allow_self_connections == "NoMutual":
        raise errors.ConnectionError(
            f"{projection.label}: allow_self_connections='NoMutual' can't be had with a fixed number of "
            f"connections, as of {type(connector).__name__}"
        )
    if connector.allow_self_connections:
        return None
    own = OwnPlaces(cells, others)
    return own if own.counts.any() else None


def _selection(connector, size, own, projection):
    """A function (n, cell) that selects n of `size` cells for a cell, as the connector's options say.

    own    `OwnPlaces`, or None if every cell may be selected

    Without replacement, every cell is selected before any is selected twice.
    """
    rng = connector.rng
    everyone = np.arange(size)

    def with_replacement(n, cell):
        if n and own is not None and len(own[cell]) == size:
            raise no_other_cell(projection)
        selected = rng.next(n, "uniform_int", {"low": 0, "high": size}, mask=None)
        selected = np.asarray(selected, dtype=np.int64)  # no numbers at all come as floats
        while own is not None and (again := np.flatnonzero(np.isin(selected, own[cell]))).size:
            selected[again] = rng.next(again.size, "uniform_int", {"low": 0, "high": size}, mask=None)
        return selected

    def without_replacement(n, cell):
        allowed = everyone if own is None else np.delete(everyone, own[cell])
        if n and not len(allowed):
            raise no_other_cell(projection)
        full_sets, remainder = divmod(n, max(len(allowed), 1))
        selected = [allowed] * full_sets
        if remainder:
            selected.append(rng.permutation(allowed)[:remainder])
        return np.concatenate(selected) if selected else allowed[:0]

    return with_replacement if connector.with_replacement else without_replacement


class Shares:
    """How many of the targets of each source are in each of the pieces of targets.

    Halves of all pieces share the numbers first, then halves of these, and so on, each by a generator of its
    own: what one piece has is known without drawing for all others.
    """

    def __init__(self, children, pattern, numbers):
        """numbers: how many targets each source has, int64."""
        self._children, self._pattern, self._numbers = children, pattern, numbers
        self._known = {}  # by (first, last + 1) of the pieces that share them

    def _possible(self, first, last):
        """How many targets of these pieces each source may have: int64."""
        begin, end = self._pattern.edges[[first, last]]
        possible = np.full(len(self._numbers), end - begin)
        if self._pattern.excludes_itself:
            possible[begin:end] -= 1
        return possible

    def of(self, piece):
        """How many targets each source has in a piece: int64."""
        first, last, counts = 0, len(self._pattern.edges) - 1, self._numbers
        while last - first > 1:
            middle = (first + last) // 2
            if (first, middle) not in self._known:
                left = self._left(first, middle, last, counts)
                self._known[first, middle], self._known[middle, last] = left, counts - left
            first, last = (first, middle) if piece < middle else (middle, last)
            counts = self._known[first, last]
        return counts

    def _left(self, first, middle, last, counts):
        """How many of `counts` targets in the pieces `first` to `last` - 1 are before `middle`."""
        generator = self._children.generator(first, last)
        left, right = self._possible(first, middle), self._possible(middle, last)
        if not self._pattern.is_distinct:
            return generator.binomial(counts, left / np.maximum(left + right, 1))
        full_sets, rest = np.divmod(counts, np.maximum(left + right, 1))
        return full_sets * left + generator.hypergeometric(left, right, rest)


class FixedTotalNumberConnector(BulkConnector, connectors.FixedTotalNumberConnector):
    """
    Makes exactly `n` connections between pairs of cells chosen at random.

    Takes any of the standard :class:`Connector` optional arguments and, in addition:

        `n`:
            either a positive integer, or a `RandomDistribution` that produces positive integers.
        `with_replacement`:
            if True, a pair may be chosen several times.
        `allow_self_connections`:
            if the connector is used to connect a Population to itself, whether a neuron is allowed
            to connect to itself.
        `rng`:
            an :class:`RNG` instance used to choose the pairs.
    """

    def _draws_rows(self):
        return self.with_replacement

    def _expected(self, projection):
        return 0 if isinstance(self.n, RandomDistribution) else self.n

    def _number(self):
        if not isinstance(self.n, RandomDistribution):
            return self.n
        n = int(self.n.next())
        check_connections(n, ROW)
        return n

    def _in_pieces(self, projection):
        n, (n_pre, n_post) = self._number(), projection.shape
        exclude = own_places(self, projection, projection.pre, projection.post) is not None
        if n and n_post <= exclude:
            raise no_other_cell(projection)
        edges = edges_of_pieces(n_pre, n_post, n)
        totals = self.rng.rng.multinomial(n, np.diff(edges) / n_post)
        pattern = Pattern(edges, n_pre, is_distinct=False, excludes_itself=exclude)
        return pattern, lambda _, piece: pattern.counts_of_total(piece, totals[piece])

    def _pairs(self, projection):
        n = self._number()
        n_pre, n_post = projection.shape
        own = own_places(self, projection, projection.pre, projection.post)
        if not self.with_replacement or own is not None:
            possible = n_pre * n_post - (0 if own is None else own.counts.sum())
            if n and (possible == 0 or (n > possible and not self.with_replacement)):
                raise errors.ConnectionError(
                    f"{projection.label}: there are only {possible} pairs to make {n} connections of"
                )
        pre_ids, post_ids = projection.pre.all_cells.astype(int), projection.post.all_cells.astype(int)
        pre, post = np.zeros((2, 0), dtype=np.uint32)
        while len(pre) < n:
            missing = n - len(pre)
            more = [whole_numbers_below(self.rng, missing, size) for size in (n_pre, n_post)]
            if own is not None:
                allowed = pre_ids[more[0]] != post_ids[more[1]]
                more = [indices[allowed] for indices in more]
            pre, post = more if len(pre) == 0 else map(np.concatenate, zip((pre, post), more, strict=True))
            if not self.with_replacement:
                # Keep the first of each pair, in the order of drawing: every pair is equally likely.
                kept = np.sort(np.unique(post.astype(np.int64) * n_pre + pre, return_index=True)[1])
                pre, post = pre[kept], post[kept]
        first, sources = gathered(post, pre, n_post, n_pre, simulator.state.threads)
        return sources.view(np.int32), np.repeat(np.arange(n_post, dtype=np.int32), np.diff(first))
