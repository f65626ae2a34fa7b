"""
Drawing connections on a card: the same numbers as on the CPU, by the same functions (synapses/segments.py).

How many connections each source has in each piece of targets is known; everything else is written by kernels
to where synapses are delivered from. Pieces along y; along x sources, each with a thread for its targets, and
with `LANES` threads for its weights and delays.
"""

import numpy as np

from ..compiling.compile import inlined
from ..compiling.lowlevel import float64_at, float_bits, int64_at, uint16_at, uint32_at
from ..random.quantiles import N_PARAMETERS
from ..synapses import segments
from ..synapses.on_demand import KINDS
from ..synapses.segments import (
    EXTREMES,
    N_SOURCES,
    PARAMETERS,
    PLACES,
    SEGMENTS_ROW,
    VALUES,
    length_of,
    order_delays_of_segment,
    step_of,
    targets_of_segment,
)
from . import cards
from .compile import kernel_of
from .delivery import LANES
from .launching import MOST_ROWS, THREADS
from .memory import Buffer, sent, settle
from .names import cuda, lower_to

MARKS_BYTES = 2**25  # of room in which threads mark targets
PIECES_AT_ONCE = 64  # blocks of the grid along y, at most
BLOCKS = 4096  # of the grid, about
MAGNITUDE = 0x7FFFFFFFFFFFFFFF  # the bits of a float64 but for its sign
PER_UNIT = 2.0**40  # as of synapses/exact.py
SEGMENT_BYTES = 12  # while it is drawn: its length and its place


# --- kernels ------------------------------------------------------------------------------------------------


def _find_places(head_at, table, n_rows, ahead):
    """Find where each source's connections in each piece begin. `head_at`: where those of each source do."""
    row = int64_at(table, SEGMENTS_ROW)
    n_sources = row[N_SOURCES]
    source = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    while source < n_sources:
        place = int64_at(head_at + 8 * source, 1)[0]
        for b in range(n_rows):
            row = int64_at(table + 8 * SEGMENTS_ROW * b, SEGMENTS_ROW)
            int64_at(row[PLACES] + 8 * source, 1)[0] = place
            place += length_of(row, source)
        source += cuda.gridDim.x * cuda.blockDim.x


def _draw_targets(head_at, table, n_rows, ahead):
    """Draw targets. `head_at`: address of room for `ahead` words of marks of each thread."""
    thread = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    n_threads = cuda.gridDim.x * cuda.blockDim.x
    marks = head_at + 4 * ahead * (cuda.blockIdx.y * n_threads + thread)
    for k in range(ahead):
        uint32_at(marks + 4 * k, 1)[0] = 0
    b = cuda.blockIdx.y
    while b < n_rows:
        row = int64_at(table + 8 * SEGMENTS_ROW * b, SEGMENTS_ROW)
        source = thread
        while source < row[N_SOURCES]:
            n = length_of(row, source)
            if n > 0:
                targets_of_segment(row, source, n, marks)
            source += n_threads
        b += cuda.gridDim.y


def _draw_values(head_at, table, n_rows, ahead):
    """Draw weights or delays, and do with them what `_use` does."""
    thread = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    lane, n_rows_at_once = thread % LANES, cuda.gridDim.x * cuda.blockDim.x // LANES
    b = cuda.blockIdx.y
    while b < n_rows:
        row = int64_at(table + 8 * SEGMENTS_ROW * b, SEGMENTS_ROW)
        p = float64_at(row[PARAMETERS], N_PARAMETERS + 1)
        source = thread // LANES
        while source < row[N_SOURCES]:
            n = length_of(row, source)
            place = int64_at(row[PLACES] + 8 * source, 1)[0]
            number = lane
            while 2 * number < n:
                one, other = _pair(row, p, source, number)  # noqa: F821
                _use(row, p, place + 2 * number, one)  # noqa: F821
                if 2 * number + 1 < n:
                    _use(row, p, place + 2 * number + 1, other)  # noqa: F821
                number += LANES
            source += n_rows_at_once
        b += cuda.gridDim.y


def _order_delays(head_at, table, n_rows, ahead):
    """Let the delays ascend of those connections that join the same cells."""
    b = cuda.blockIdx.y
    while b < n_rows:
        row = int64_at(table + 8 * SEGMENTS_ROW * b, SEGMENTS_ROW)
        source = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
        while source < row[N_SOURCES]:
            order_delays_of_segment(row, source, length_of(row, source))
            source += cuda.gridDim.x * cuda.blockDim.x
        b += cuda.gridDim.y


@inlined
def _put_weight(row, p, place, value):
    """Put a weight where it belongs, at the nearest point of the grid (synapses/exact.py)."""
    float64_at(row[VALUES] + 8 * place, 1)[0] = np.rint(value * PER_UNIT) / PER_UNIT


@inlined
def _put_delay(row, p, place, value):
    uint16_at(row[VALUES] + 2 * place, 1)[0] = np.int64(step_of(value, p[N_PARAMETERS]))


@inlined
def _compare(row, p, place, value):
    """Note a value if there was none as small, or none as large: as integers in the order of float64."""
    bits = float_bits(value)
    key = bits if bits >= 0 else bits ^ MAGNITUDE
    extremes = int64_at(row[EXTREMES], 2)
    if key < extremes[0]:
        lower_to(row[EXTREMES], key)
    if -1 - key < extremes[1]:
        lower_to(row[EXTREMES] + 8, -1 - key)


FIND_PLACES = kernel_of(_find_places, "find_places")
DRAW_TARGETS = kernel_of(_draw_targets, "draw_targets")
ORDER_DELAYS = kernel_of(_order_delays, "order_delays")
_USES = {"weights": _put_weight, "delays": _put_delay, "extremes": _compare}


def values_kernel(distribution, use):
    """The kernel that draws values of a distribution, as "weights", "delays", or for their "extremes"."""
    pair = segments.pair_of_values(distribution)
    return kernel_of(_draw_values, f"draw_{distribution}_{use}", _pair=pair, _use=_USES[use])


def kernels():
    """All of them."""
    yield from (FIND_PLACES, DRAW_TARGETS, ORDER_DELAYS)
    for distribution in segments.QUANTILES:
        for use in _USES:
            yield values_kernel(distribution, use)


# --- what is drawn ------------------------------------------------------------------------------------------


class Site:
    """Where connections of a `Recipe` are drawn: what is known of them, on the card, until they are there."""

    def __init__(self, recipe):
        self._recipe = recipe
        self._n_pieces, self._n_sources = len(recipe.pieces), recipe.pattern.n_sources
        self._counts = sent(np.concatenate([piece.counts.astype(np.uint32) for piece in recipe.pieces]))
        self._places = Buffer(self._n_pieces * self._n_sources, np.int64)
        self._kept = [sent(recipe.first)]
        table = self._table(recipe.pattern.keys)
        threads, at_once = self._grid(self._n_sources, 1)
        FIND_PLACES.launch(at_once, threads, 0, self._kept[0].address, table.address, self._n_pieces, 0)

    def _grid(self, width, n_y=None):
        """Threads of a block, and blocks along x and y, for so many threads along x and rows."""
        n_y = min(self._n_pieces, PIECES_AT_ONCE, MOST_ROWS) if n_y is None else n_y
        n_x = min(-(-width // THREADS), max(BLOCKS // n_y, 1))
        return THREADS, (max(n_x, 1), n_y)

    def _table(self, keys, **words):
        """A table of the pieces; `words` are the same for all, or one for each."""
        pattern, rows = self._recipe.pattern, []
        for k, piece in enumerate(self._recipe.pieces):
            row = pattern.row(piece.number, np.zeros(1, dtype=np.uint32))
            row[segments.COUNTS] = self._counts.address + 4 * k * self._n_sources
            row[segments.PLACES] = self._places.address + 8 * k * self._n_sources
            row[segments.KEY], row[segments.OTHER_KEY] = keys
            for name, value in words.items():
                row[getattr(segments, name)] = value[k] if np.ndim(value) else value
            rows.append(row)
        table = sent(np.array(rows, dtype=np.int64))
        self._kept.append(table)
        return table

    def targets(self):
        """Draw the targets of all connections; returns their buffer."""
        targets = Buffer(len(self._recipe), KINDS["targets"])
        n_words = int(np.diff(self._recipe.pattern.edges).max()) // 32 + 1
        threads, (n_x, n_y) = self._grid(self._n_sources)
        most = MARKS_BYTES // (4 * threads * n_y)
        n_x = min(n_x, max(most // n_words, 1))
        n_words = n_words if n_words <= most else 0  # what they mark has no room
        marks = Buffer(n_x * n_y * threads * n_words, np.uint32)
        table = self._table(self._recipe.pattern.keys, VALUES=targets.address, MARKS=n_words)
        DRAW_TARGETS.launch((n_x, n_y), threads, 0, marks.address, table.address, self._n_pieces, n_words)
        self._kept.append(marks)
        return targets

    def values(self, drawn, use):
        """Draw the "weights" or "delays" of all connections; returns their buffer."""
        values = Buffer(len(self._recipe), KINDS[use])
        self._launch(drawn, use, VALUES=values.address)
        return values

    def order_delays(self, delays, targets):
        """Put those of the same cells in order, in a buffer; `targets` is the address of those."""
        pattern = self._recipe.pattern
        if any(pattern.repeats(piece.number, piece.counts) for piece in self._recipe.pieces):
            table = self._table((0, 0), VALUES=delays.address, TARGETS=targets)
            threads, blocks = self._grid(self._n_sources)
            ORDER_DELAYS.launch(blocks, threads, 0, 0, table.address, self._n_pieces, 0)

    def extremes(self, drawn):
        """The smallest and the largest value of each piece that has any: float64 [2 * pieces], in turn."""
        nothing = np.full((self._n_pieces, 2), np.iinfo(np.int64).max)
        found = sent(nothing)
        self._launch(drawn, "extremes", EXTREMES=found.address + 16 * np.arange(self._n_pieces))
        settle()
        keys = found.get()
        keys = keys[keys[:, 0] != nothing[0, 0]]
        keys[:, 1] = -1 - keys[:, 1]
        bits = np.where(keys >= 0, keys, keys ^ MAGNITUDE)
        return bits.ravel().view(np.float64)

    def _launch(self, drawn, use, **words):
        parameters = sent(np.array([*drawn.parameters, self._recipe.dt]))
        self._kept.append(parameters)
        table = self._table(drawn.keys, PARAMETERS=parameters.address, **words)
        threads, blocks = self._grid(self._n_sources * LANES)
        kernel = values_kernel(drawn.distribution, use)
        kernel.launch(blocks, threads, 0, 0, table.address, self._n_pieces, 0)

    def close(self):
        """Wait until everything has been drawn."""
        settle()
        self._kept = []


def draw(recipe, name, targets):
    """Draw the "targets", "weights" or "delays" of all connections; returns their Buffer.

    targets   address of the targets, if they have been drawn, as they must be before delays
    """
    site = Site(recipe)
    found = site.targets() if name == "targets" else site.values(recipe.values[name], name)
    if name == "delays":
        site.order_delays(found, targets)
    site.close()
    return found


def extremes(recipe):
    """By name ("weights", "delays"), the smallest and the largest of each piece, of those that are drawn.

    Raises TooLarge if there is no room to find out.
    """
    cards.check_room(room_for(recipe))
    site = Site(recipe)
    found = {name: site.extremes(recipe.values[name]) for name in recipe.drawn_values()}
    site.close()
    return found


def room_for(recipe):
    """Bytes that are needed while a recipe is drawn, beside what is drawn."""
    return SEGMENT_BYTES * len(recipe.pieces) * recipe.pattern.n_sources + MARKS_BYTES
