"""
Connectors, in bulk.

Each of PyNN's connectors tells, for all target cells together, which pairs of cells to connect; the
values of weights and delays come from `synapse_values.py`. With a NumpyRNG, numbers are drawn in the
order in which PyNN's own connectors draw them, target cell by target cell, so that the same seed
gives the same network as in every other backend.
"""

import inspect
import reprlib

import numpy as np
from pyNN import connectors, errors
from pyNN.common import Population
from pyNN.connectors import CloneConnector as _CloneConnector
from pyNN.connectors import Connector, MapConnector  # noqa: F401
from pyNN.random import RandomDistribution

from . import simulator
from .arguments import FILE, check_arguments_of
from .engine.mersenne import Numbers, choose
from .engine.rows import select, sort_rows, turned
from .progress import shown
from .random import PIECE, NativeRNG, draws_as_numpy_did, left_in_place, uniform_numbers
from .standardmodels.synapses import StaticSynapse
from .synapse_values import copied_parameters, evaluate_all, is_native, pair_distances, row_values

PAIRS_AT_ONCE = 2**22  # candidates that one piece of a large projection looks at together


class BulkConnector:
    """What all connectors here have in common; comes before PyNN's class in the bases."""

    def __init__(self, *args, **kwargs):
        """Raises TypeError for arguments that are not what they must be, see `arguments.py`."""
        try:
            super().__init__(*args, **kwargs)
        except OverflowError as error:  # PyNN draws from distributions to try them out
            raise ValueError(f"{type(self).__name__}: n can't be drawn: {error}") from None

    def connect(self, projection):
        """Connect the projection's cells."""
        # PyNN copies the generators of weights and delays before it draws which cells to connect.
        parameters = copied_parameters(projection)
        if self._draws_rows() and _all_native(self, projection, parameters):
            first, targets = self._rows(projection)
            projection._add_rows(first, targets, row_values(projection, parameters, len(targets)))
            return
        pre, post = self._drawn_pairs(projection)
        self._add(projection, pre, post, parameters)

    def _draws_rows(self):
        """Whether there is a method `_rows`, for a NativeRNG."""
        return False

    def _drawn_pairs(self, projection):
        """As `_pairs`. Raises InvalidParameterValueError for an `n` whose distribution is no good."""
        try:
            return self._pairs(projection)
        except OverflowError as error:
            raise errors.InvalidParameterValueError(
                f"{projection.label}: {type(self).__name__}: n can't be drawn: {error}"
            ) from None

    def _add(self, projection, pre, post, parameters, fresh_for_each_target=False):
        values = evaluate_all(projection, parameters, pre, post, fresh_for_each_target)
        projection._add_connections(pre, post, values)
        if self.callback:
            self.callback(1.0)

    def _pairs(self, projection):
        """The pairs to connect: (pre, post), indices, by ascending post."""
        raise NotImplementedError


class _ProbabilityConnector(BulkConnector):
    """Connects each pair with some probability; needs `_probabilities` and an `rng`."""

    def _pairs(self, projection):
        allowed = _allowed_pairs(projection, self.allow_self_connections)
        pieces = []
        # PyNN draws from a copy: several projections made with one generator draw the same numbers.
        with left_in_place(self.rng) as rng:
            for first, last in _columns(projection):
                shape = (last - first, projection.pre.size)
                drawn = uniform_numbers(rng, shape[0] * shape[1]).reshape(shape)
                chosen = drawn < self._probabilities(projection, first, last)
                if allowed is not None:
                    chosen &= allowed(first, last)
                pieces.append(_chosen_pairs(chosen, first))
        return _joined(pieces)

    def _checked_probabilities(self, argument, values, shape):
        """What a user's function gives, as float64 of this shape. Raises ValueError for anything else."""
        try:
            values = np.broadcast_to(np.asarray(values, dtype=float), shape)
        except (TypeError, ValueError):
            values = np.full(shape, np.nan)
        if np.isnan(values).any():
            raise ValueError(f"{type(self).__name__}: {argument} must give a probability for each pair")
        return values

    def _probabilities(self, projection, first, last):
        """Probabilities of the pairs with targets `first` to `last`: one, or [targets, sources]."""
        raise NotImplementedError


def _all_native(connector, projection, parameters):
    """Whether nothing but NativeRNGs has a say in which cells of two populations are connected, and how."""
    return (
        type(connector.rng) is NativeRNG
        and isinstance(projection.pre, Population)
        and isinstance(projection.post, Population)
        and type(projection.synapse_type) is StaticSynapse
        and connector.callback is None
        and all(is_native(value) for value in parameters.values())
    )


def _columns(projection):
    """Ranges of target cells that are looked at together."""
    width = max(1, PAIRS_AT_ONCE // max(projection.pre.size, 1))
    for first in shown(range(0, projection.post.size, width), projection.label):
        yield first, min(first + width, projection.post.size)


def _chosen_pairs(chosen, first):
    """(pre, post) of the true elements of [targets, sources], targets counted from `first`."""
    flat = np.flatnonzero(chosen)
    post, pre = np.divmod(flat, chosen.shape[1])
    return pre.astype(np.int32), (post + first).astype(np.int32)


def _joined(pieces):
    pre = np.concatenate([pre for pre, _ in pieces]) if pieces else np.zeros(0, np.int32)
    post = np.concatenate([post for _, post in pieces]) if pieces else np.zeros(0, np.int32)
    return pre, post


def _allowed_pairs(projection, allow_self_connections):
    """None if every pair may be connected, or a function of a range of targets -> [targets, sources].

    Raises ConnectionError where "NoMutual" has no meaning.
    """
    pre, post = projection.pre, projection.post
    if allow_self_connections == "NoMutual":
        if not (isinstance(pre, Population) and pre is post):
            raise errors.ConnectionError(
                f"{projection.label}: allow_self_connections='NoMutual' is for connecting a population "
                f"to itself"
            )
        return lambda first, last: np.arange(pre.size) > np.arange(first, last)[:, None]
    if allow_self_connections:
        return None
    if isinstance(pre, Population) and isinstance(post, Population) and pre is not post:
        return None
    pre_ids, post_ids = pre.all_cells.astype(int), post.all_cells.astype(int)
    if not np.isin(pre_ids, post_ids).any():
        return None
    return lambda first, last: pre_ids != post_ids[first:last, None]


class AllToAllConnector(BulkConnector, connectors.AllToAllConnector):
    __doc__ = connectors.AllToAllConnector.__doc__

    def _pairs(self, projection):
        allowed = _allowed_pairs(projection, self.allow_self_connections)
        pieces = []
        for first, last in _columns(projection):
            chosen = np.ones((last - first, projection.pre.size), dtype=bool)
            if allowed is not None:
                chosen &= allowed(first, last)
            pieces.append(_chosen_pairs(chosen, first))
        return _joined(pieces)


class FixedProbabilityConnector(_ProbabilityConnector, connectors.FixedProbabilityConnector):
    __doc__ = connectors.FixedProbabilityConnector.__doc__

    def __init__(self, p_connect, *args, **kwargs):
        """Raises ValueError for a probability that is negative or not a number."""
        if not 0 <= float(p_connect) < np.inf:
            raise ValueError(f"FixedProbabilityConnector: p_connect must not be negative, not {p_connect}")
        super().__init__(p_connect, *args, **kwargs)

    def _pairs(self, projection):
        if not draws_as_numpy_did(self.rng):
            return super()._pairs(projection)
        allowed = _allowed_pairs(projection, self.allow_self_connections)
        numbers = Numbers(self.rng.rng)
        pieces = []
        for first, last in _columns(projection):
            pre, post = numbers.below(self.p_connect, projection.pre.size, first, last)
            if allowed is not None:
                kept = allowed(first, last)[post - first, pre]
                pre, post = pre[kept], post[kept]
            pieces.append((pre, post))
        return _joined(pieces)

    def _draws_rows(self):
        return True

    def _rows(self, projection):
        n_pre, n_post = projection.shape
        ranges = _ranges(n_pre, max(self.p_connect * n_post, 1))
        exclude = not self.allow_self_connections and projection.pre is projection.post

        def draw(rng, rows):
            flat = _chosen_places(rng.rng, self.p_connect, (rows[1] - rows[0]) * n_post)
            pre, targets = np.divmod(flat, n_post)
            if exclude:
                kept = pre + rows[0] != targets
                pre, targets = pre[kept], targets[kept]
            return np.bincount(pre, minlength=rows[1] - rows[0]), targets.astype(np.uint32)

        counts, targets = zip(*self.rng.in_parallel(draw, ranges), strict=True)
        return _begins(np.concatenate(counts)), np.concatenate(targets)

    def _probabilities(self, projection, first, last):
        return self.p_connect


def _chosen_places(generator, probability, n):
    """Which of `n` things are chosen, each with some probability: int64, ascending."""
    if probability == 0:
        return np.zeros(0, dtype=np.int64)
    if probability >= 1:
        return np.arange(n)
    chosen, last = [], -1
    while last < n:
        missing = (n - last) * probability
        steps = generator.geometric(probability, int(missing + 4 * np.sqrt(missing) + 16))
        chosen.append(last + np.cumsum(steps))
        last = chosen[-1][-1]
    places = np.concatenate(chosen)
    return places[: np.searchsorted(places, n)]


def _begins(counts):
    """Where each row begins, and the end of the last one: int64."""
    first = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=first[1:])
    return first


def _ranges(n_rows, mean):
    """The first and last + 1 of rows to be drawn at a time, if they have so many connections on average."""
    height = max(1, int(PIECE / mean))
    return [(first, min(first + height, n_rows)) for first in range(0, n_rows, height)]


def _leave_itself_out(others, first, counts):
    """Turn numbers of other cells (uint32), `counts` for each cell from `first` on, into those of cells."""
    others += others >= np.repeat(np.arange(first, first + len(counts), dtype=np.uint32), counts)


def _no_other_cell(projection):
    return errors.ConnectionError(f"{projection.label}: there is no other cell to connect to")


class DistanceDependentProbabilityConnector(
    _ProbabilityConnector, connectors.DistanceDependentProbabilityConnector
):
    __doc__ = connectors.DistanceDependentProbabilityConnector.__doc__

    def __init__(self, d_expression, *args, **kwargs):
        if callable(d_expression):
            super().__init__("0", *args, **kwargs)
            self.d_expression = self.distance_function = d_expression
            return
        try:
            super().__init__(d_expression, *args, **kwargs)
        except Exception as error:  # PyNN tries the expression out, so that it may be anything
            raise ValueError(
                f"{type(self).__name__}: d_expression {reprlib.repr(d_expression)}: {reprlib.repr(error)}"
            ) from None

    def _probabilities(self, projection, first, last):
        pre, post = _grid(projection, first, last)
        distances = pair_distances(projection, pre, post)
        values = self.distance_function(distances)
        return self._checked_probabilities("d_expression", values, distances.shape).reshape(last - first, -1)


def _grid(projection, first, last):
    """(pre, post) of all pairs with targets `first` to `last`, by target."""
    pre = np.tile(np.arange(projection.pre.size), last - first)
    return pre, np.repeat(np.arange(first, last), projection.pre.size)


class IndexBasedProbabilityConnector(_ProbabilityConnector, connectors.IndexBasedProbabilityConnector):
    __doc__ = connectors.IndexBasedProbabilityConnector.__doc__

    def _probabilities(self, projection, first, last):
        expression = self.index_expression
        expression.projection = projection
        sources = np.arange(projection.pre.size)
        return np.stack(
            [
                self._checked_probabilities("index_expression", expression(sources, j), sources.shape)
                for j in range(first, last)
            ]
        )


class DisplacementDependentProbabilityConnector(
    _ProbabilityConnector, connectors.DisplacementDependentProbabilityConnector
):
    __doc__ = connectors.DisplacementDependentProbabilityConnector.__doc__

    def __init__(self, disp_function, allow_self_connections=True, location_selector=None, rng=None,
                 safe=True, callback=None):  # fmt: skip
        super().__init__(disp_function, allow_self_connections, location_selector, rng, safe, callback)
        self._disp_function = disp_function

    def _probabilities(self, projection, first, last):
        pre, post = _grid(projection, first, last)
        displacement = projection.post.positions[:, post] - projection.pre.positions[:, pre]
        values = self._disp_function(displacement)
        return self._checked_probabilities("disp_function", values, post.shape).reshape(last - first, -1)


class OneToOneConnector(BulkConnector, connectors.OneToOneConnector):
    __doc__ = connectors.OneToOneConnector.__doc__

    def _pairs(self, projection):
        both = np.arange(min(projection.pre.size, projection.post.size), dtype=np.int32)
        return both, both


class ArrayConnector(BulkConnector, connectors.ArrayConnector):
    __doc__ = connectors.ArrayConnector.__doc__

    def _pairs(self, projection):
        try:
            array = np.asarray(self.array, dtype=float)
            refused = np.isnan(array).any()
        except (TypeError, ValueError, OverflowError):
            refused = True
        if refused:
            raise errors.InvalidParameterValueError(
                f"{projection.label}: ArrayConnector: array must be of True and False, not "
                f"{reprlib.repr(self.array)}"
            )
        if array.shape != projection.shape:
            raise errors.InvalidDimensionsError(
                f"{projection.label}: ArrayConnector needs an array of shape {projection.shape} "
                f"(pre, post), not {array.shape}"
            )
        return _chosen_pairs(array.astype(bool).T, 0)


class CloneConnector(BulkConnector, _CloneConnector):
    __doc__ = _CloneConnector.__doc__

    def _pairs(self, projection):
        reference = self.reference_projection
        if projection.pre != reference.pre or projection.post != reference.post:
            raise errors.ConnectionError(
                f"{projection.label}: CloneConnector needs the populations of the reference projection "
                f"'{reference.label}', ({reference.pre.label}, {reference.post.label}), not "
                f"({projection.pre.label}, {projection.post.label})"
            )
        pre, post = reference._pairs()
        flat = np.unique(post.astype(np.int64) * projection.pre.size + pre)
        return flat % projection.pre.size, flat // projection.pre.size


class _FixedNumberConnector(BulkConnector):
    """Connects each cell of one side to a number of cells of the other; needs PyNN's options."""

    def _draws_rows(self):
        return True

    def _excludes_itself(self, projection):
        return not self.allow_self_connections and projection.pre == projection.post

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
            raise _no_other_cell(projection)
        return counts

    def _chosen(self, projection, numbers, size):
        """Some of `size` cells for each cell, as PyNN draws them: how many (int64), and these (uint32).

        numbers   how many to choose for each; not a list if they are to be drawn one by one in between
        """
        exclude = self._excludes_itself(projection)
        if not (isinstance(numbers, list) and draws_as_numpy_did(self.rng)):
            draw = _selection(self, size, exclude, projection)
            chosen = [draw(int(n), cell) for cell, n in enumerate(numbers)]
            return np.array([len(cells) for cells in chosen]), np.concatenate(chosen).astype(np.uint32)
        counts = self._counts(projection, numbers, size - exclude)
        return counts, choose(self.rng.rng, counts, size, exclude, self.with_replacement)

    def _drawn_rows(self, projection, n_cells, size):
        """For each of `n_cells`, some of `size` cells: where each one's begin, and these (uint32)."""
        numbers = self.n.next(n_cells) if isinstance(self.n, RandomDistribution) else self.n
        exclude = self._excludes_itself(projection)
        counts = self._counts(projection, np.broadcast_to(numbers, n_cells), size - exclude)
        if not counts.any():
            return _begins(counts), np.zeros(0, dtype=np.uint32)
        ranges = _ranges(n_cells, counts.mean())

        def draw(rng, cells):
            some = np.ascontiguousarray(counts[cells[0] : cells[1]])
            if self.with_replacement:
                drawn = rng.rng.integers(size - exclude, size=some.sum(), dtype=np.uint32)
            else:
                drawn = select(rng.rng.random, some, size - exclude)
            if exclude:
                _leave_itself_out(drawn, cells[0], some)
            return drawn

        return _begins(counts), np.concatenate(list(self.rng.in_parallel(draw, ranges)))


class FixedNumberPreConnector(_FixedNumberConnector, connectors.FixedNumberPreConnector):
    __doc__ = connectors.FixedNumberPreConnector.__doc__

    def _rows(self, projection):
        n_pre, n_post = projection.shape
        first, sources = self._drawn_rows(projection, n_post, n_pre)
        return turned(first, sources, n_pre)

    def _pairs(self, projection):
        n_pre, n_post = projection.shape
        counts, sources = self._chosen(projection, list(self._get_num_pre(n_post)), n_pre)
        return sources.view(np.int32), np.repeat(np.arange(n_post, dtype=np.int32), counts)


class FixedNumberPostConnector(_FixedNumberConnector, connectors.FixedNumberPostConnector):
    __doc__ = connectors.FixedNumberPostConnector.__doc__

    def _rows(self, projection):
        n_pre, n_post = projection.shape
        first, targets = self._drawn_rows(projection, n_pre, n_post)
        sort_rows(first, targets, n_post, simulator.state.threads)
        return first, targets

    def connect(self, projection):
        if type(self.rng) is NativeRNG:
            super().connect(projection)
            return
        # Here PyNN draws which cells to connect first.
        pre, post = self._drawn_pairs(projection)
        self._add(projection, pre, post, copied_parameters(projection))

    def _pairs(self, projection):
        n_pre, n_post = projection.shape
        numbers = (self._get_num_post() for _ in range(n_pre))
        in_between = isinstance(self.n, RandomDistribution) and self.n.rng is self.rng
        counts, targets = self._chosen(projection, numbers if in_between else list(numbers), n_post)
        first, sources = turned(_begins(counts), targets, n_post)
        return sources.view(np.int32), np.repeat(np.arange(n_post, dtype=np.int32), np.diff(first))


def _selection(connector, size, exclude, projection):
    """A function (n, cell) that selects n of `size` cells for a cell, as the connector's options say.

    Without replacement, every cell is selected before any is selected twice.
    """
    rng = connector.rng
    everyone = np.arange(size)
    if connector.with_replacement and exclude and size < 2:
        raise _no_other_cell(projection)

    def with_replacement(n, cell):
        selected = rng.next(n, "uniform_int", {"low": 0, "high": size}, mask=None)
        selected = np.asarray(selected, dtype=np.int64)  # no numbers at all come as floats
        while exclude and (again := np.flatnonzero(selected == cell)).size:
            selected[again] = rng.next(again.size, "uniform_int", {"low": 0, "high": size}, mask=None)
        return selected

    def without_replacement(n, cell):
        allowed = everyone[everyone != cell] if exclude else everyone
        if n and not len(allowed):
            raise _no_other_cell(projection)
        full_sets, remainder = divmod(n, max(len(allowed), 1))
        selected = [allowed] * full_sets
        if remainder:
            selected.append(rng.permutation(allowed)[:remainder])
        return np.concatenate(selected) if selected else allowed[:0]

    return with_replacement if connector.with_replacement else without_replacement


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

    def _number(self):
        return int(self.n.next()) if isinstance(self.n, RandomDistribution) else self.n

    def _rows(self, projection):
        n, (n_pre, n_post) = self._number(), projection.shape
        exclude = not self.allow_self_connections and projection.pre is projection.post
        if n and n_post <= exclude:
            raise _no_other_cell(projection)
        first = _begins(self.rng.rng.multinomial(n, np.full(n_pre, 1 / n_pre)))
        targets = self.rng.indices(n, n_post - exclude)
        if exclude:
            _leave_itself_out(targets, 0, np.diff(first))
        sort_rows(first, targets, n_post, simulator.state.threads)
        return first, targets

    def _pairs(self, projection):
        n = self._number()
        n_pre, n_post = projection.shape
        pre_ids, post_ids = projection.pre.all_cells.astype(int), projection.post.all_cells.astype(int)
        exclude = not self.allow_self_connections and np.isin(pre_ids, post_ids).any()
        if not self.with_replacement or exclude:
            n_excluded = np.isin(pre_ids, post_ids).sum() if exclude else 0
            possible = n_pre * n_post - n_excluded
            if n and (possible == 0 or (n > possible and not self.with_replacement)):
                raise errors.ConnectionError(
                    f"{projection.label}: there are only {possible} pairs to make {n} connections of"
                )
        flat = np.zeros(0, dtype=np.int64)
        while len(flat) < n:
            missing = n - len(flat)
            pre = self.rng.next(missing, "uniform_int", {"low": 0, "high": n_pre})
            post = self.rng.next(missing, "uniform_int", {"low": 0, "high": n_post})
            if exclude:
                allowed = pre_ids[pre] != post_ids[post]
                pre, post = pre[allowed], post[allowed]
            flat = np.concatenate([flat, post.astype(np.int64) * n_pre + pre])
            if not self.with_replacement:
                # Keep the first of each pair, in the order of drawing: every pair is equally likely.
                flat = flat[np.sort(np.unique(flat, return_index=True)[1])]
        flat.sort()
        return flat % n_pre, flat // n_pre


class SmallWorldConnector(BulkConnector, connectors.SmallWorldConnector):
    """
    Connects cells so as to make a small-world network (Watts & Strogatz 1998, Nature 393:440-442).

    Each source cell is connected to all cells nearer than `degree`; then each connection is, with
    probability `rewiring`, given another target, chosen at random among those to which the source is
    not connected.

    Takes any of the standard :class:`Connector` optional arguments and, in addition:

        `degree`:
            the distance within which cells are connected locally.
        `rewiring`:
            the probability of rewiring each connection.
        `allow_self_connections`:
            if the connector is used to connect a Population to itself, whether a neuron is allowed
            to connect to itself.
        `n_connections`:
            if specified, the number of connections that each source cell keeps, chosen at random
            among the local ones before rewiring.
        `rng`:
            an :class:`RNG` instance used to evaluate which connections are created.
    """

    def __init__(self, degree, rewiring, *args, **kwargs):
        """Raises ValueError for a probability outside [0, 1]."""
        if not 0 <= rewiring <= 1:
            raise ValueError(f"SmallWorldConnector: rewiring must be between 0 and 1, not {rewiring}")
        super().__init__(degree, rewiring, *args, **kwargs)
        self.degree = degree

    def _pairs(self, projection):
        n_pre, n_post = projection.shape
        pre, post = _grid(projection, 0, n_post)
        near = (pair_distances(projection, pre, post) < self.degree).reshape(n_post, n_pre)
        allowed = _allowed_pairs(projection, self.allow_self_connections)
        allowed = np.ones(near.shape, bool) if allowed is None else allowed(0, n_post)
        connected = near & allowed
        for source in range(n_pre):
            self._thin(connected[:, source])
            self._rewire(connected[:, source], allowed[:, source])
        return _chosen_pairs(connected, 0)

    def _thin(self, targets):
        """Keep `n_connections` of a source's local connections."""
        local = np.flatnonzero(targets)
        if self.n_connections is not None and self.n_connections < len(local):
            targets[self.rng.permutation(local)[self.n_connections :]] = False

    def _rewire(self, targets, allowed):
        """Give some of a source's connections other targets."""
        for target in np.flatnonzero(targets):
            free = np.flatnonzero(allowed & ~targets)
            if len(free) and self.rng.next(1)[0] < self.rewiring:
                targets[target] = False
                targets[free[int(self.rng.next(1)[0] * len(free))]] = True


class FromListConnector(BulkConnector, connectors.FromListConnector):
    __doc__ = connectors.FromListConnector.__doc__

    def __init__(self, conn_list, *args, **kwargs):
        """Raises TypeError for what is not a list of connections."""
        super().__init__(_as_table("FromListConnector", conn_list), *args, **kwargs)

    def connect(self, projection):
        names = projection.synapse_type.get_parameter_names()
        for name in self.column_names:
            if name not in names:
                raise ValueError(
                    f"{projection.label}: '{name}' is not a parameter of "
                    f"{type(projection.synapse_type).__name__}, whose parameters are {', '.join(names)}"
                )
        if self.conn_list.size == 0:
            return
        _check_indices(projection, self.conn_list[:, :2])
        # The order among the connections of one target is that of PyNN's own sort.
        order = np.argsort(self.conn_list[:, 1])
        rows = self.conn_list[order]
        pre, post = rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64)
        given = {name: rows[:, k] for k, name in enumerate(self.column_names, 2)}
        parameters = {**copied_parameters(projection), **given}
        self._add(projection, pre, post, parameters, fresh_for_each_target=True)


def _as_table(owner, conn_list):
    """A list of connections as float64 [connections, columns]; [0, 4] if there are none."""
    try:
        table = np.array(conn_list, dtype=float) if not isinstance(conn_list, (str, bytes)) else None
    except (TypeError, ValueError, OverflowError):
        table = None
    if table is None or (table.size and (table.ndim != 2 or table.shape[1] < 2)):
        raise TypeError(
            f"{owner}: conn_list must be a list of (pre, post, ...), all numbers and of one length, not "
            f"{reprlib.repr(conn_list)}"
        )
    return table if table.size else np.zeros((0, 4))


def _check_indices(projection, pairs):
    for side, size, indices in zip(("pre", "post"), projection.shape, pairs.T, strict=True):
        bad = ~((indices >= 0) & (indices < size) & (indices == np.floor(indices)))
        if bad.any():
            raise errors.ConnectionError(
                f"{projection.label}: {side}synaptic index {indices[bad][0]} is not one of the {size} cells "
                f"0 to {size - 1}"
            )


class FromFileConnector(FromListConnector, connectors.FromFileConnector):
    __doc__ = connectors.FromFileConnector.__doc__

    def __init__(self, *args, **kwargs):
        connectors.FromFileConnector.__init__(self, *args, **kwargs)

    def connect(self, projection):
        if self.distributed:
            self.file.rename(f"{self.file.name}.{projection._simulator.state.mpi_rank}")
        columns = self.file.get_metadata().get("columns", ("weight", "delay"))
        self.column_names = [name for name in columns if name not in ("i", "j")]
        self.conn_list = _as_table("FromFileConnector", np.atleast_2d(self.file.read()))
        super().connect(projection)


class CSAConnector(BulkConnector, connectors.CSAConnector):
    __doc__ = connectors.CSAConnector.__doc__

    def connect(self, projection):
        csa = connectors.csa
        n_pre, n_post = projection.shape
        chosen = list(csa.cross((0, n_pre - 1), (0, n_post - 1)) * self.cset)
        pairs = np.array([pair[:2] for pair in chosen], dtype=np.int64).reshape(-1, 2)
        _check_indices(projection, pairs)
        if csa.arity(self.cset) == 0:
            flat = np.unique(pairs[:, 1] * n_pre + pairs[:, 0])
            self._add(projection, flat % n_pre, flat // n_pre, copied_parameters(projection))
        else:
            values = np.array([pair[2:] for pair in chosen], dtype=float).reshape(-1, 2)
            others = evaluate_all(projection, copied_parameters(projection), *pairs.T)
            projection._add_connections(*pairs.T, {**others, "weight": values[:, 0], "delay": values[:, 1]})


for _connector in list(globals().values()):
    if (
        inspect.isclass(_connector)
        and issubclass(_connector, BulkConnector)
        and issubclass(_connector, Connector)
    ):
        _pynn = next(base for base in _connector.__mro__ if base.__module__ == connectors.__name__)
        check_arguments_of(_connector, "__init__", like=_pynn.__init__, file=FILE)

__all__ = sorted(
    name
    for name, obj in list(globals().items())
    if inspect.isclass(obj) and issubclass(obj, Connector) and not name.startswith("_")
)
