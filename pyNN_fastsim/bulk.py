"""
What all connectors have in common: pairs of cells for all targets together, and rows for a NativeRNG.
"""

import numpy as np
from pyNN import errors
from pyNN.common import Population
from pyNN.parameters import LazyArray

from .connections import parts
from .display import Displayed, Panel, words
from .drawing import is_one_number_or_drawn
from .helping import signature_of_pynn
from .localising import draws_apart
from .memory import PAIR_INDICES, check_connections, needed_as_pair, needed_in_row
from .pieces import DrawnRows, drawn_on_card
from .processes import processes
from .progress import shown
from .random import NativeRNG
from .standardmodels.synapses import StaticSynapse
from .synapse_values import copied_parameters, evaluate_all, is_native
from .validation import NoParameterAttributes

PAIRS_AT_ONCE = 2**22  # candidates that one piece of a large projection looks at together


class BulkConnector(Displayed, NoParameterAttributes):
    """What all connectors here have in common; comes before PyNN's class in the bases."""

    is_unsorted = False  # whether the pairs of one target come in any order
    by_columns = False  # whether each target chooses its sources
    _reads_attributes = True
    _for_users = ("get_parameters", "describe")

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        cls.__signature__ = signature_of_pynn(cls)

    def __init__(self, *args, **kwargs):
        """Raises TypeError for arguments that are not what they must be, see `arguments.py`."""
        try:
            super().__init__(*map(_plain, args), **{name: _plain(value) for name, value in kwargs.items()})
        except OverflowError as error:  # PyNN draws from distributions to try them out
            raise ValueError(f"{type(self).__name__}: n can't be drawn: {error}") from None
        self._is_made = True

    def _parameters_and_states(self):
        return self.parameter_names, ()

    def _how_to_set(self, name, is_state):
        return f"its parameter is called {name}, and is given to {type(self).__name__}({name}=...)"

    def short(self):
        given = ", ".join(f"{name}={words(value)}" for name, value in self.get_parameters().items())
        return f"{type(self).__name__}({given})"

    def panel(self):
        return Panel(type(self).__name__, [(k, words(value)) for k, value in self.get_parameters().items()])

    def connect(self, projection):
        """Connect the projection's cells."""
        # PyNN copies the generators of weights and delays before it draws which cells to connect.
        parameters = copied_parameters(projection)
        by_rows = self._draws_rows() and all_native(self, projection, parameters)
        self._check_memory(projection, parameters, by_rows)
        if by_rows:
            pattern, counts = self._in_pieces(projection)
            rng = getattr(self, "rng", None)
            projection._add_rows(DrawnRows(projection, pattern, rng, counts, parameters))
            return
        pre, post = self._drawn_pairs(projection)
        self._add(projection, pre, post, parameters)

    def _draws_rows(self):
        """Whether there is a method `_in_pieces`, for a NativeRNG."""
        return False

    def _in_pieces(self, projection):
        """A `Pattern`, and the function that draws numbers of connections: see `pieces.DrawnRows`."""
        raise NotImplementedError

    def _expected(self, projection):
        """How many connections there will be, on average; 0 if that isn't known before."""
        return 0

    def _check_memory(self, projection, parameters, by_rows=False):
        """Raise NoMemory if there is not enough for the connections that are expected."""
        if by_rows and drawn_on_card(self.by_columns, parameters):
            return  # which the card will see to
        if by_rows:
            each = needed_in_row(parameters) / processes.size
        else:
            drawn = may_be_drawn_again(projection, parameters)
            each = needed_as_pair(projection.synapse_type, parameters, drawn, self.is_unsorted)
        check_connections(self._expected(projection), each * processes.on_machine)

    def _drawn_pairs(self, projection):
        """As `_pairs`. Raises InvalidParameterValueError for an `n` whose distribution is no good."""
        try:
            return self._pairs(projection)
        except OverflowError as error:
            raise errors.InvalidParameterValueError(
                f"{projection.label}: {type(self).__name__}: n can't be drawn: {error}"
            ) from None

    def _add(self, projection, pre, post, parameters, fresh_for_each_target=False):
        drawn = not fresh_for_each_target and may_be_drawn_again(projection, parameters)
        each = needed_as_pair(projection.synapse_type, parameters, drawn) - PAIR_INDICES  # which are there
        check_connections(len(pre), each)
        if drawn:
            projection._add_columns(pre, post, parameters)
        else:
            values = evaluate_all(projection, parameters, pre, post, fresh_for_each_target)
            projection._add_connections(pre, post, values)
        if self.callback:
            self.callback(1.0)

    def _pairs(self, projection):
        """The pairs to connect: (pre, post), indices, by ascending post."""
        raise NotImplementedError


def _plain(value):
    """A number or flag of NumPy as one of Python, which PyNN asks for."""
    return value.item() if isinstance(value, np.generic) else value


def all_native(connector, projection, parameters):
    """Whether nothing but NativeRNGs has a say in which cells of two populations are connected, and how."""
    rng, drawn = getattr(connector, "rng", None), any(isinstance(p, LazyArray) for p in parameters.values())
    return (
        (type(rng) is NativeRNG or (rng is None and drawn))
        and isinstance(projection.pre, Population)
        and isinstance(projection.post, Population)
        and type(projection.synapse_type) is StaticSynapse
        and connector.callback is None
        and all(is_native(value) for value in parameters.values())
        and not has_connections(projection)
    )


def may_be_drawn_again(projection, parameters):
    """Whether the values of connections may be drawn while these are made, and once more when asked for."""
    sources, targets = parts(projection.pre), parts(projection.post)
    return (
        type(projection.synapse_type) is StaticSynapse
        and all(is_one_number_or_drawn(value) for value in parameters.values())
        and not has_connections(projection)
        and not draws_apart(projection)
        and len(sources) == len(targets) == 1
        and (targets[0].indices is None or bool(np.all(np.diff(targets[0].indices) > 0)))  # in order
    )


def has_connections(projection):
    """Whether another connector has been at work, as in one that consists of several."""
    return bool(projection._groups or projection._pending)


def columns(projection):
    """Ranges of target cells that are looked at together."""
    width = max(1, PAIRS_AT_ONCE // max(projection.pre.size, 1))
    for first in shown(range(0, projection.post.size, width), projection.label):
        yield first, min(first + width, projection.post.size)


def chosen_pairs(chosen, first):
    """(pre, post) of the true elements of [targets, sources], targets counted from `first`."""
    flat = np.flatnonzero(chosen)
    post, pre = np.divmod(flat, chosen.shape[1])
    return pre.astype(np.int32), (post + first).astype(np.int32)


def joined(pieces):
    pre = np.concatenate([pre for pre, _ in pieces]) if pieces else np.zeros(0, np.int32)
    post = np.concatenate([post for _, post in pieces]) if pieces else np.zeros(0, np.int32)
    return pre, post


def allowed_pairs(projection, allow_self_connections):
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


class OwnPlaces:
    """Where each of the cells of one side of a projection is among those of the other, compared by their ids.

    counts        at how many places each one is: int64 [cells]
    are_the_same  whether both sides have the same cells in the same order, each only once
    """

    def __init__(self, cells, others):
        ids, other_ids = (side.all_cells.astype(np.int64) for side in (cells, others))
        self._order = np.argsort(other_ids, kind="stable")
        self._begin, self._end = (
            np.searchsorted(other_ids, ids, side, sorter=self._order) for side in ("left", "right")
        )
        self.counts = self._end - self._begin
        self.are_the_same = np.array_equal(ids, other_ids) and self.counts.max() == 1

    def __getitem__(self, cell):
        """The places of a cell, int64; none if it isn't there."""
        return self._order[self._begin[cell] : self._end[cell]]


def begins(counts):
    """Where each row begins, and the end of the last one: int64."""
    first = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=first[1:])
    return first


def no_other_cell(projection):
    return errors.ConnectionError(f"{projection.label}: there is no other cell to connect to")
