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
from ..synapses import segment_values, segments
from ..synapses.on_demand import KINDS
from ..synapses.segment_values import order_delays_of_segment, step_of
from ..synapses.segments import (
    BEGIN,
    EXTREMES,
    FOLLOWING,
    N_SOURCES,
    PARAMETERS,
    PLACES,
    SEGMENTS_ROW,
    TARGETS,
    VALUES,
    WIDTH,
    length_of,
    sort_targets,
    sources_of_target,
    targets_of_segment,
)
from . import cards
from .compile import kernel_of
from .delivery import LANES
from .launching import MOST_ROWS, THREADS
from .memory import Buffer, sent, settle
from .names import add_int, cuda, lower_to

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


def _choose_sources(head_at, table, n_rows, ahead):
    """Let targets choose their sources. `head_at`, `ahead`: as of `_draw_targets`."""
    thread = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    n_threads = cuda.gridDim.x * cuda.blockDim.x
    marks = uint32_at(head_at + 4 * ahead * (cuda.blockIdx.y * n_threads + thread), ahead)
    for k in range(ahead):
        marks[k] = 0
    b = cuda.blockIdx.y
    while b < n_rows:
        row = int64_at(table + 8 * SEGMENTS_ROW * b, SEGMENTS_ROW)
        k = thread
        while k < row[WIDTH]:
            place = int64_at(row[PLACES] + 8 * k, 1)[0]
            sources_of_target(row, k, uint32_at(row[VALUES] + 4 * place, length_of(row, k)), marks)
            k += n_threads
        b += cuda.gridDim.y


def _turn(head_at, table, n_rows, ahead):
    """Take the next place of each source that a target has chosen; put the target there, if there is room."""
    b = cuda.blockIdx.y
    while b < n_rows:
        row = int64_at(table + 8 * SEGMENTS_ROW * b, SEGMENTS_ROW)
        k = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
        while k < row[WIDTH]:
            first = int64_at(row[PLACES] + 8 * k, 1)[0]
            for j in range(first, first + length_of(row, k)):
                source = np.int64(uint32_at(row[VALUES] + 4 * j, 1)[0])
                place = add_int(row[FOLLOWING] + 8 * source, 1)
                if row[TARGETS] != 0:
                    uint32_at(row[TARGETS] + 4 * place, 1)[0] = row[BEGIN] + k
            k += cuda.gridDim.x * cuda.blockDim.x
        b += cuda.gridDim.y


def _sort_targets(head_at, table, n_rows, ahead):
    """Let the targets of each source in each piece ascend."""
    b = cuda.blockIdx.y
    while b < n_rows:
        row = int64_at(table + 8 * SEGMENTS_ROW * b, SEGMENTS_ROW)
        source = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
        while source < row[N_SOURCES]:
            place = int64_at(row[PLACES] + 8 * source, 1)[0]
            sort_targets(uint32_at(row[VALUES] + 4 * place, length_of(row, source)))
            source += cuda.gridDim.x * cuda.blockDim.x
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
CHOOSE_SOURCES = kernel_of(_choose_sources, "choose_sources")
TURN = kernel_of(_turn, "turn_columns")
SORT_TARGETS = kernel_of(_sort_targets, "sort_targets")
_USES = {"weights": _put_weight, "delays": _put_delay, "extremes": _compare}


def values_kernel(distribution, use):
    """The kernel that draws values of a distribution, as "weights", "delays", or for their "extremes"."""
    pair = segment_values.pair_of_values(distribution)
    return kernel_of(_draw_values, f"draw_{distribution}_{use}", _pair=pair, _use=_USES[use])


def kernels():
    """All of them."""
    yield from (FIND_PLACES, DRAW_TARGETS, ORDER_DELAYS, CHOOSE_SOURCES, TURN, SORT_TARGETS)
    for distribution in segment_values.QUANTILES:
        for use in _USES:
            yield values_kernel(distribution, use)


# --- what is drawn ------------------------------------------------------------------------------------------


def _grid(width, n_rows):
    """Blocks of the grid along x and y, for so many threads along x and so many rows."""
    n_y = min(n_rows, PIECES_AT_ONCE, MOST_ROWS)
    n_x = min(-(-width // THREADS), max(BLOCKS // n_y, 1))
    return max(n_x, 1), n_y


def _room_for_marks(blocks, n_words):
    """Room for so many words of each thread, and as many blocks of the grid as it has room for; at least one
    along x."""
    n_x, n_y = blocks
    n_x = min(n_x, max(MARKS_BYTES // (4 * THREADS * n_y * max(n_words, 1)), 1))
    return Buffer(n_x * n_y * THREADS * n_words, np.uint32), (n_x, n_y)


class Columns:
    """Targets that choose their sources: which, on the card.

    pattern   a `drawn.Pattern`
    numbers   how many each chooses, int64 [targets]
    """

    def __init__(self, pattern, numbers):
        self._pattern = pattern
        begins = np.cumsum(numbers, dtype=np.int64) - numbers
        self._numbers, self._begins = sent(numbers, np.uint32), sent(begins)
        self._chosen = Buffer(int(numbers.sum()), np.uint32)
        self._kept = []
        n_words = pattern.n_sources // 32 + 1 if pattern.is_distinct else 0
        marks, blocks = _room_for_marks(self._blocks(), n_words)
        self._kept.append(marks)
        self._launch(CHOOSE_SOURCES, marks.address, n_words, blocks)

    def _blocks(self):
        return _grid(int(np.diff(self._pattern.edges).max()), len(self._pattern.edges) - 1)

    def _launch(self, kernel, marks=0, n_words=0, blocks=None, **words):
        pattern, rows = self._pattern, []
        for piece, begin in enumerate(pattern.edges[:-1]):
            row = pattern.row(piece, np.zeros(1, dtype=np.uint32))
            row[segments.COUNTS] = self._numbers.address + 4 * begin
            row[PLACES] = self._begins.address + 8 * begin
            row[VALUES] = self._chosen.address
            for name, value in words.items():
                row[getattr(segments, name)] = value[piece] if np.ndim(value) else value
            rows.append(row)
        table = sent(np.array(rows, dtype=np.int64))
        self._kept.append(table)
        kernel.launch(blocks or self._blocks(), THREADS, 0, marks, table.address, len(rows), n_words)

    def take_places(self, places, targets=0):
        """Take places of sources for the targets that chose them, and put these there, if there is room.

        places    address of the places that are next, of each source in each piece (int64): they go on
        targets   address of room for the targets (uint32), or 0
        """
        along = places + 8 * self._pattern.n_sources * np.arange(len(self._pattern.edges) - 1)
        self._launch(TURN, FOLLOWING=along, TARGETS=targets)


def counts_of_columns(pattern, numbers):
    """How many connections each source has in each piece, if targets choose: int64 [pieces, sources].

    numbers   how many sources each target chooses, int64

    Raises TooLarge if there is no room to find out.
    """
    shape = len(pattern.edges) - 1, pattern.n_sources
    cards.check_room(_room_for_columns(pattern, int(numbers.sum())))
    counts = sent(np.zeros(shape, dtype=np.int64))
    columns = Columns(pattern, numbers)
    columns.take_places(counts.address)
    settle()
    return counts.get()


def _room_for_columns(pattern, n):
    marks = 4 * (pattern.n_sources // 32 + 1) * THREADS * min(len(pattern.edges), PIECES_AT_ONCE)
    return 4 * n + 8 * (len(pattern.edges) - 1) * pattern.n_sources + max(MARKS_BYTES, marks)


class Site:
    """Where connections of a `Recipe` are drawn: what is known of them, on the card, until they are there."""

    def __init__(self, recipe):
        self._recipe = recipe
        self._n_pieces, self._n_sources = len(recipe.pieces), recipe.pattern.n_sources
        self._counts = sent(np.concatenate([piece.counts.astype(np.uint32) for piece in recipe.pieces]))
        self._places = Buffer(self._n_pieces * self._n_sources, np.int64)
        self._kept = [sent(recipe.first)]
        table = self._table(recipe.pattern.keys)
        self._find(table)

    def _find(self, table):
        """Write down where each source's connections in each piece begin."""
        blocks = _grid(self._n_sources, 1)
        FIND_PLACES.launch(blocks, THREADS, 0, self._kept[0].address, table.address, self._n_pieces, 0)

    def _launch_for(self, kernel, table, width, head=0, ahead=0, blocks=None):
        blocks = blocks or _grid(width, self._n_pieces)
        kernel.launch(blocks, THREADS, 0, head, table.address, self._n_pieces, ahead)

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
        targets, pattern = Buffer(len(self._recipe), KINDS["targets"]), self._recipe.pattern
        if pattern.by_columns:
            self._turn_columns(targets)
            return targets
        n_words = int(np.diff(pattern.edges).max()) // 32 + 1
        blocks = _grid(self._n_sources, self._n_pieces)
        if 4 * THREADS * blocks[1] * n_words > MARKS_BYTES:
            n_words = 0  # what they mark has no room
        marks, blocks = _room_for_marks(blocks, n_words)
        table = self._table(pattern.keys, VALUES=targets.address, MARKS=n_words)
        self._launch_for(DRAW_TARGETS, table, self._n_sources, marks.address, n_words, blocks)
        self._kept.append(marks)
        return targets

    def _turn_columns(self, targets):
        """Let targets choose their sources, and put them, ascending, where these have them."""
        following = Buffer(self._n_pieces * self._n_sources, np.int64)
        along = following.address + 8 * self._n_sources * np.arange(self._n_pieces)
        self._find(self._table((0, 0), PLACES=along))
        columns = Columns(self._recipe.pattern, self._recipe.numbers)
        columns.take_places(following.address, targets.address)
        self._launch_for(SORT_TARGETS, self._table((0, 0), VALUES=targets.address), self._n_sources)
        self._kept += [following, columns]

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
            self._launch_for(ORDER_DELAYS, table, self._n_sources)

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
        self._launch_for(values_kernel(drawn.distribution, use), table, self._n_sources * LANES)

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
    while_drawn = SEGMENT_BYTES * len(recipe.pieces) * recipe.pattern.n_sources
    if recipe.pattern.by_columns:
        return while_drawn + _room_for_columns(recipe.pattern, len(recipe))
    return while_drawn + MARKS_BYTES
