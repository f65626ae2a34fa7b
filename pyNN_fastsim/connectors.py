"""
Connectors, in bulk.

Each of PyNN's connectors tells, for all target cells together, which pairs of cells to connect; the
values of weights and delays come from `synapse_values.py`. With a NumpyRNG, numbers are drawn in the
order in which PyNN's own connectors draw them, target cell by target cell, so that the same seed
gives the same network as in every other backend.
"""

import inspect
import os
import reprlib

import numpy as np
from pyNN import connectors, errors
from pyNN.connectors import CloneConnector as _CloneConnector
from pyNN.connectors import Connector, MapConnector  # noqa: F401
from pyNN.recording.files import StandardTextFile

from .arguments import FILE, check_arguments_of
from .bulk import (
    BulkConnector,
    allowed_pairs,
    chosen_pairs,
    columns,
    joined,
)
from .connection_files import metadata_of, values_of
from .engine.random.mersenne import Numbers
from .engine.synapses.drawn import Pattern, edges_of_pieces
from .fixed_numbers import FixedNumberPostConnector, FixedNumberPreConnector, FixedTotalNumberConnector  # noqa: F401
from .former_names import CONNECTOR_ARGUMENTS, update
from .memory import PAIR, PAIR_INDICES, check_connections, check_memory
from .processes import processes
from .random import draws_as_numpy_did, left_in_place, uniform_numbers
from .synapse_values import copied_parameters, evaluate_all, pair_distances

DISTANCE = 88  # bytes for each pair, where all distances are looked at together


class _ProbabilityConnector(BulkConnector):
    """Connects each pair with some probability; needs `_probabilities` and an `rng`."""

    def _pairs(self, projection):
        allowed = allowed_pairs(projection, self.allow_self_connections)
        pieces = []
        # PyNN draws from a copy: several projections made with one generator draw the same numbers.
        with left_in_place(self.rng) as rng:
            for first, last in columns(projection):
                shape = (last - first, projection.pre.size)
                drawn = uniform_numbers(rng, shape[0] * shape[1]).reshape(shape)
                chosen = drawn < self._probabilities(projection, first, last)
                if allowed is not None:
                    chosen &= allowed(first, last)
                pieces.append(chosen_pairs(chosen, first))
                check_connections(sum(len(pre) for pre, _ in pieces), PAIR - PAIR_INDICES)
        return joined(pieces)

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


class AllToAllConnector(BulkConnector, connectors.AllToAllConnector):
    __doc__ = connectors.AllToAllConnector.__doc__

    def _expected(self, projection):
        return projection.pre.size * projection.post.size

    def _draws_rows(self):
        return self.allow_self_connections != "NoMutual"

    def _in_pieces(self, projection):
        n_pre, n_post = projection.shape
        edges = edges_of_pieces(n_pre, n_post, n_pre * n_post)
        exclude = not self.allow_self_connections and projection.pre is projection.post
        pattern = Pattern(edges, n_pre, excludes_itself=exclude)
        return pattern, lambda _, piece: pattern.possible(piece)

    def _pairs(self, projection):
        allowed = allowed_pairs(projection, self.allow_self_connections)
        pieces = []
        for first, last in columns(projection):
            chosen = np.ones((last - first, projection.pre.size), dtype=bool)
            if allowed is not None:
                chosen &= allowed(first, last)
            pieces.append(chosen_pairs(chosen, first))
        return joined(pieces)


class FixedProbabilityConnector(_ProbabilityConnector, connectors.FixedProbabilityConnector):
    __doc__ = connectors.FixedProbabilityConnector.__doc__

    def __init__(self, p_connect, *args, **kwargs):
        """Raises ValueError for a probability outside [0, 1]."""
        if not 0 <= float(p_connect) <= 1:
            raise ValueError(
                f"FixedProbabilityConnector: p_connect must be a probability, from 0 to 1, not {p_connect}"
            )
        super().__init__(p_connect, *args, **kwargs)

    def _pairs(self, projection):
        if not draws_as_numpy_did(self.rng):
            return super()._pairs(projection)
        allowed = allowed_pairs(projection, self.allow_self_connections)
        numbers = Numbers(self.rng.rng)
        pieces = []
        for first, last in columns(projection):
            pre, post = numbers.below(self.p_connect, projection.pre.size, first, last)
            if allowed is not None:
                kept = allowed(first, last)[post - first, pre]
                pre, post = pre[kept], post[kept]
            pieces.append((pre, post))
        return joined(pieces)

    def _expected(self, projection):
        return self.p_connect * projection.pre.size * projection.post.size

    def _draws_rows(self):
        return self.allow_self_connections != "NoMutual"

    def _in_pieces(self, projection):
        n_pre, n_post = projection.shape
        edges = edges_of_pieces(n_pre, n_post, self._expected(projection))
        exclude = not self.allow_self_connections and projection.pre is projection.post
        pattern = Pattern(edges, n_pre, excludes_itself=exclude)
        return pattern, lambda _, piece: pattern.counts_of_probability(piece, float(self.p_connect))

    def _probabilities(self, projection, first, last):
        return self.p_connect


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
                f"{type(self).__name__}: d_expression must be an expression in d, such as 'exp(-d)', not "
                f"{reprlib.repr(d_expression)}: {error}"
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
            refused = not np.isin(array, (0, 1)).all()
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
        return chosen_pairs(array.astype(bool).T, 0)


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
        everyone = reference._columns([], "all")
        pre, post = everyone["presynaptic_index"], everyone["postsynaptic_index"]
        flat = np.unique(post.astype(np.int64) * projection.pre.size + pre)
        return flat % projection.pre.size, flat // projection.pre.size


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
        check_memory(f"the distances of {n_pre * n_post:,} pairs", n_pre * n_post * DISTANCE)
        pre, post = _grid(projection, 0, n_post)
        near = (pair_distances(projection, pre, post) < self.degree).reshape(n_post, n_pre)
        allowed = allowed_pairs(projection, self.allow_self_connections)
        allowed = np.ones(near.shape, bool) if allowed is None else allowed(0, n_post)
        connected = near & allowed
        for source in range(n_pre):
            self._thin(connected[:, source])
            self._rewire(connected[:, source], allowed[:, source])
        return chosen_pairs(connected, 0)

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

    def __init__(self, conn_list, column_names=None, *args, **kwargs):
        """Raises TypeError for what is not a list of connections, ValueError for names that don't fit it."""
        table = _as_table("FromListConnector", conn_list)
        names = _names_of_columns("FromListConnector", table, column_names, "column_names=['weight']")
        super().__init__(table, names, *args, **kwargs)

    def connect(self, projection):
        self._connect(projection, self.column_names, self.conn_list)

    def _connect(self, projection, column_names, table):
        """Connect the pairs in a table, float64 [connections, columns], with the parameters in its further
        columns."""
        names = projection.synapse_type.get_parameter_names()
        column_names = [projection.synapse_type.known_as(name)[0] for name in column_names]
        for name in column_names:
            if name not in names:
                raise ValueError(
                    f"{projection.label}: '{name}' is not a parameter of "
                    f"{type(projection.synapse_type).__name__}, whose parameters are {', '.join(names)}"
                )
        if table.size == 0:
            return
        _check_indices(projection, table[:, :2])
        # The order among the connections of one target is that of PyNN's own sort.
        order = np.argsort(table[:, 1])
        rows = table[order]
        pre, post = rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64)
        given = {name: rows[:, k] for k, name in enumerate(column_names, 2)}
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


def _names_of_columns(owner, table, names, example):
    """The names of a table's columns after those of pre and post, given or as PyNN has them by default.

    example   how a user gives them

    Raises TypeError for columns without a name, ValueError for another number of names than of columns.
    """
    if len(table) == 0:
        return ()
    n = table.shape[1] - 2
    if names is None and n not in (0, 2):
        raise TypeError(
            f"{owner}: {n + 2} columns are pre, post and {n} more, which must have names, such as {example}"
        )
    names = ("weight", "delay")[:n] if names is None else names
    if len(names) != n:
        raise ValueError(
            f"{owner}: {len(names)} column_names ({', '.join(names)}) for {n} columns after pre and post"
        )
    return names


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

    def __init__(self, file, *args, **kwargs):
        file = os.fspath(file) if isinstance(file, os.PathLike) else file
        connectors.FromFileConnector.__init__(self, file, *args, **kwargs)

    def connect(self, projection):
        file = self.file
        if self.distributed:
            file = type(file)(f"{file.name}.{projection._simulator.state.mpi_rank}", mode=file.mode)
        owner = f"FromFileConnector ('{file.name}')"
        columns = metadata_of(file).get("columns")
        names = None if columns is None else [name for name in columns if name not in ("i", "j")]
        table = _as_table(owner, _read(owner, file))
        if self.distributed and processes.size > 1:  # of which each process has read a part
            told = processes.gather(f"the files of {owner.rpartition('.')[0]}", (names, table), True)
            tables = [part for _, part in told if len(part)]
            names = next((others for others, part in told if len(part)), names)
            table = np.concatenate(tables) if tables else table
        example = "a first line # columns = ['i', 'j', 'weight']"
        self._connect(projection, _names_of_columns(owner, table, names, example), table)


def _read(owner, file):
    """What is in a file of connections: an array [connections, columns].

    Raises ValueError, with the file's name, for what is no number.
    """
    try:
        table = np.asarray(values_of(file))
    except ValueError as error:
        raise ValueError(f"{owner}: not a table of numbers: {error}") from None
    if table.ndim == 1 and table.size and isinstance(file, StandardTextFile):
        file.fileobj.seek(0)  # NumPy gives the same for one line and for lines of one number
        lines = [line for line in file.fileobj if line.strip() and not line.lstrip().startswith("#")]
        return table.reshape(len(lines), -1)
    return np.atleast_2d(table)


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
        update(_connector, CONNECTOR_ARGUMENTS)

__all__ = sorted(
    name
    for name, obj in list(globals().items())
    if inspect.isclass(obj) and issubclass(obj, Connector) and not name.startswith("_")
)
