"""
Drawing connections piece by piece of the targets: what is known of all of them, and what is drawn when.

How many connections each source has in a piece is known first, whoever drew that. Then each piece's targets,
weights and delays can be drawn by themselves (segments.py), and go straight to where they stay.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from ..block import parts_of
from ..compiling.addresses import address_of
from . import segment_values, segments
from .rows import turned

FEWEST = 2**16  # connections; of fewer there needn't be several pieces
PIECES = 12  # and twice as many, and so on, so that 2, 3, 4, 6 or 12 processes draw nothing that they drop
NARROWEST = 8  # targets of a piece
BEYOND = 12.0  # standard deviations, which hardly any number is away from the mean
LONGEST = 64  # connections of a source in a piece, on average: they are sorted by insertion


def edges_of_pieces(n_sources, n_targets, n_connections):
    """Where the pieces of so many targets begin, and the end of the last one: int64.

    n_connections   of all of them, on average
    """
    n = 1
    if n_connections >= FEWEST and n_targets >= NARROWEST * PIECES:
        n = PIECES
    while n_connections > n * LONGEST * n_sources and n_targets >= 2 * NARROWEST * n:
        n *= 2
    return parts_of(n_targets, n)


class Binomial:
    """A table from which to draw how many of n things come true that each do with some probability.

    words   int64: address of the cumulative probabilities and their number, address of where to search them
            for k / GUIDES, and what the first of them is of
    """

    def __init__(self, n, probability):
        mean, deviation = n * probability, math.sqrt(n * probability * (1.0 - probability))
        reach = BEYOND * (deviation + 1.0)
        first, last = max(math.ceil(mean - reach), 0), min(math.floor(mean + reach), n)
        log_p = [_log_of_binomial(n, k, probability) for k in range(first, last + 1)]
        self._cumulative = np.cumsum(np.exp(log_p))
        self._cumulative /= self._cumulative[-1]
        thresholds = np.arange(segments.GUIDES) / segments.GUIDES
        self._guide = np.searchsorted(self._cumulative, thresholds, side="right").astype(np.int64)
        places = address_of(self._cumulative), len(log_p), address_of(self._guide), first
        self.words = np.array(places, dtype=np.int64)


def _log_of_binomial(n, k, probability):
    if probability in (0.0, 1.0):
        return 0.0 if k == n * probability else -math.inf
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(probability) + (n - k) * math.log1p(-probability)


binomial = functools.lru_cache(maxsize=16)(Binomial)


@dataclass
class Pattern:
    """Which cells are connected.

    edges             where the pieces of targets begin, and the end of the last one: int64
    n_sources         number of source cells
    is_distinct       whether no cell is chosen again before all are
    excludes_itself   whether cell k isn't connected to cell k
    keys              two numbers of 32 bits that all that is drawn follows from
    by_columns        whether each target chooses its sources, and not each source its targets
    """

    edges: np.ndarray
    n_sources: int
    is_distinct: bool = True
    excludes_itself: bool = False
    keys: tuple = (0, 0)
    by_columns: bool = False

    def width(self, piece):
        return int(self.edges[piece + 1] - self.edges[piece])

    def row(self, piece, counts):
        """The row of a piece (see segments.py), but for what is drawn; `counts` are uint32."""
        row = np.zeros(segments.SEGMENTS_ROW, dtype=np.int64)
        row[segments.PIECE], row[segments.N_SOURCES] = piece, self.n_sources
        row[segments.COUNTS] = address_of(counts)
        row[segments.BEGIN], row[segments.WIDTH] = self.edges[piece], self.width(piece)
        row[segments.IS_DISTINCT] = self.is_distinct
        row[segments.EXCLUDES_ITSELF] = self.excludes_itself
        row[segments.KEY], row[segments.OTHER_KEY] = self.keys
        return row

    def possible(self, piece):
        """How many targets each source may have in a piece: int64."""
        possible = np.full(self.n_sources, self.width(piece))
        if self.excludes_itself:
            possible[self.edges[piece] : self.edges[piece + 1]] -= 1
        return possible

    def counts_of_probability(self, piece, probability):
        """How many connections each source has in a piece if each pair has this probability: uint32."""
        counts = np.zeros(self.n_sources, dtype=np.uint32)
        row, width = self.row(piece, counts), self.width(piece)
        table = binomial(width, probability)
        if not self.excludes_itself:
            segments.count_successes(address_of(row), 0, self.n_sources, address_of(table.words))
            return counts
        fewer, (begin, end) = binomial(width - 1, probability), map(int, self.edges[piece : piece + 2])
        for first, last, its in ((0, begin, table), (begin, end, fewer), (end, self.n_sources, table)):
            segments.count_successes(address_of(row), first, last, address_of(its.words))
        return counts

    def counts_of_total(self, piece, n):
        """How many of the n connections of a piece each source has, where each pair is as likely: uint32."""
        counts = np.zeros(self.n_sources, dtype=np.uint32)
        row = self.row(piece, counts)
        segments.count_sources(address_of(row), n)
        return counts

    def put_targets(self, piece, counts, places, targets):
        """Draw the targets of a piece.

        counts    of each source: uint32
        places    of the first of each, in `targets`: int64
        targets   of all connections: uint32
        """
        row = self.row(piece, counts)
        row[segments.PLACES], row[segments.VALUES] = address_of(places), address_of(targets)
        marks = np.zeros(self.width(piece) // 32 + 1, dtype=np.uint32)
        row[segments.MARKS] = len(marks)
        segments.draw_targets(address_of(row), 0, self.n_sources, address_of(marks))

    def repeats(self, piece, counts):
        """Whether a source may have a target of a piece several times."""
        return not self.is_distinct or int(counts.max(initial=0)) >= self.width(piece)

    def order_delays(self, piece, counts, places, targets, steps):
        """Let the delays ascend (uint16) of those connections of a piece that join the same cells."""
        row = self.row(piece, counts)
        row[segments.PLACES], row[segments.VALUES] = address_of(places), address_of(steps)
        row[segments.TARGETS] = address_of(targets)
        segment_values.order_delays(address_of(row), 0, self.n_sources)

    def turned_columns(self, piece, counts):
        """How many connections each source has in a piece, and their targets, ascending for each source and
        counted from the piece's first; where each target has so many (int64)."""
        counts = counts.astype(np.uint32)
        sources = np.empty(int(counts.sum()), dtype=np.uint32)
        marks = np.zeros(self.n_sources // 32 + 1, dtype=np.uint32)
        row = self.row(piece, counts)
        segments.choose_sources(address_of(row), address_of(sources), address_of(marks), len(marks))
        begins = np.zeros(len(counts) + 1, dtype=np.int64)
        np.cumsum(counts, out=begins[1:])
        first, targets = turned(begins, sources, self.n_sources)
        return np.diff(first), targets


@dataclass(frozen=True)
class Drawn:
    """Values of connections, one for each.

    distribution   its name in `segment_values.QUANTILES`
    parameters     of it, six floats: see quantiles.py
    keys           two numbers of 32 bits
    """

    distribution: str
    parameters: tuple
    keys: tuple

    def _row(self, pattern, piece, counts, places, values, dt):
        row = pattern.row(piece, counts)
        parameters = np.array([*self.parameters, dt])
        row[segments.PLACES], row[segments.VALUES] = address_of(places), address_of(values)
        row[segments.KEY], row[segments.OTHER_KEY] = self.keys
        row[segments.PARAMETERS] = address_of(parameters)
        scratch = np.empty(max(int(counts.max(initial=0)), segment_values.AT_ONCE))
        row[segments.SCRATCH] = address_of(scratch)
        return row, (parameters, scratch)

    def put_weights(self, pattern, piece, counts, places, weights):
        """Draw the weights of a piece: float64 [connections]; as `Pattern.put_targets`."""
        row, _kept = self._row(pattern, piece, counts, places, weights, 1.0)
        segment_values.drawing_weights(self.distribution)(address_of(row), 0, pattern.n_sources)

    def put_delays(self, pattern, piece, counts, places, steps, dt):
        """The same of delays, in steps of dt (ms): uint16. Returns the shortest and the longest in ms."""
        row, _kept = self._row(pattern, piece, counts, places, steps, dt)
        extremes = np.array([np.inf, -np.inf])
        row[segments.EXTREMES] = address_of(extremes)
        segment_values.drawing_delays(self.distribution)(address_of(row), 0, pattern.n_sources)
        return extremes
