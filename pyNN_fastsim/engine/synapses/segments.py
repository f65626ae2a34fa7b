"""
Connections as functions of counters: which targets a source has, and with what weights and delays.

A *segment* is the connections from one source to the targets of one piece (some targets one after the
other), by ascending target. Its numbers come from Philox (rng.py) with the counter (number, source, piece,
purpose) and keys that follow from a seed, so each segment can be drawn alone: by any thread of a processor,
by any process, or by any thread of a card, all of which call the same functions.
"""

import numpy as np

from ..compiling.compile import entry, inlined, jit, vectorised
from ..compiling.lowlevel import float64_at, int64_at, trailing_zeros, uint32_at
from ..random.quantiles import (
    centred,
)
from ..random.rng import philox

# The words of a piece's row (int64 each).
PIECE = 0  # its number
N_SOURCES = 1
COUNTS = 2  # address of the lengths of segments (uint32)
PLACES = 3  # address of where they begin in the arrays of all connections (int64)
KEY, OTHER_KEY = 4, 5  # of what is drawn
VALUES = (
    6  # address of the array that is filled: targets (uint32), weights (float64) or delays in steps (uint16)
)
BEGIN = 7  # the first target
WIDTH = 8  # how many targets
IS_DISTINCT = 9  # whether no target is chosen again before all are
EXCLUDES_ITSELF = 10  # whether source k doesn't have target k
PARAMETERS = 11  # address of those of a distribution (float64), and behind them of the time step (ms)
EXTREMES = 12  # address of the shortest and the longest delay (ms, float64), for which there is room
SCRATCH = 13  # address of room for the longest segment, and for `segment_values.AT_ONCE` numbers (float64)
GUIDES = 256  # of the table of a binomial distribution: where to begin to search for a number
MARKS = 14  # words of room (uint32) for a bit of each target; there may be none
TARGETS = 15  # address of the targets (uint32), where delays are put in order
FOLLOWING = 16  # address of the places that are taken next, of each source (int64)
SEGMENTS_ROW = 17

# Purposes.
PAIRS, COUNTING = 0, 1

SHORT = 48  # targets, up to which they are sorted by insertion
MANY = 6  # targets for each that was chosen before, from which on these are inserted one by one
WORDS_EACH = 8  # of marks for a connection, up to which it is worthwhile to mark targets

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


@inlined
def words_of(row, number, source, purpose):
    """Four random words of 32 bits."""
    return philox(
        np.uint64(number),
        np.uint64(source),
        np.uint64(row[PIECE]),
        np.uint64(purpose),
        np.uint64(row[KEY]),
        np.uint64(row[OTHER_KEY]),
    )


@inlined
def below(word, n):
    """A whole number below n <= 2**32 from a word; each has the same probability but for n / 2**32 of it."""
    return np.int64((word * np.uint64(n)) >> _SHIFT)


# --- targets ------------------------------------------------------------------------------------------------


@jit
def _insert(chosen, n, value, is_new):
    """Put a value among the first n, which ascend; returns how many there are then. If `is_new` is asked for,
    it is left out where it is there already."""
    j = n
    while j > 0 and chosen[j - 1] > value:
        j -= 1
    if is_new and j > 0 and chosen[j - 1] == value:
        return n
    for k in range(n, j, -1):
        chosen[k] = chosen[k - 1]
    chosen[j] = value
    return n + 1


@jit
def _sift(heap, root, n):
    value = heap[root]
    child = 2 * root + 1
    while child < n:
        if child + 1 < n and heap[child] < heap[child + 1]:
            child += 1
        if heap[child] <= value:
            break
        heap[root] = heap[child]
        root = child
        child = 2 * root + 1
    heap[root] = value


@jit
def sort_targets(values):
    """Sort in place: by insertion, or as a heap (Williams 1964, Communications of the ACM 7:347)."""
    n = len(values)
    if n <= SHORT:
        for k in range(1, n):
            _insert(values, k, np.int64(values[k]), False)
        return
    for k in range(n // 2):
        _sift(values, n // 2 - 1 - k, n)
    for k in range(n - 1):
        last = n - 1 - k
        values[0], values[last] = values[last], values[0]
        _sift(values, 0, last)


@jit
def _take_marked(marks, chosen):
    """Write down what is marked, ascending, and take the marks away; returns how many there were."""
    found = 0
    for k in range(len(marks)):
        bits = np.int64(marks[k])
        if bits != 0:
            marks[k] = 0
        while bits != 0:
            chosen[found] = (k << 5) + trailing_zeros(bits)
            found += 1
            bits &= bits - 1
    return found


@jit
def _choose_unsorted(row, index, chosen, size):
    """Choose any of `size` cells, in the order in which they come."""
    n = len(chosen)
    for number in range((n + 3) // 4):
        words = words_of(row, number, index, PAIRS)
        for j in range(min(4, n - 4 * number)):
            chosen[4 * number + j] = below(words[j], size)


@jit
def _choose_any(row, source, chosen, width, marks):
    """Choose targets of which any may be chosen again."""
    n, again = len(chosen), 0
    if len(marks) == 0:
        _choose_unsorted(row, source, chosen, width)
        sort_targets(chosen)
        return
    for number in range((n + 3) // 4):
        words = words_of(row, number, source, PAIRS)
        for j in range(4):
            value = below(words[j], width)
            bits = np.int64(marks[value >> 5])
            bit = (1 if 4 * number + j < n else 0) << (value & 31)
            marks[value >> 5] = bits | bit
            if bits & bit != 0:
                again += 1
                chosen[n - again] = value
    _take_marked(marks, chosen)
    if again > n // MANY:
        sort_targets(chosen)
        return
    for k in range(n - again, n):
        _insert(chosen, k, np.int64(chosen[k]), False)


@jit
def _choose_distinct(row, source, chosen, width, marks):
    """Choose different targets: the first ones that come."""
    n, found, number = len(chosen), 0, 0
    while found < n:
        words = words_of(row, number, source, PAIRS)
        for j in range(4):
            value = below(words[j], width)
            if len(marks) == 0:
                if found < n:
                    found = _insert(chosen, found, value, True)
            else:
                bits = np.int64(marks[value >> 5])
                bit = (1 if found < n else 0) << (value & 31)
                marks[value >> 5] = bits | bit
                found += (bits & bit) != bit
        number += 1
    _take_marked(marks, chosen)


@jit
def _spread(targets, rest, width):
    """Put so many times all targets, as there is room for, among the different ones at the end."""
    n = len(targets)
    if n == width:
        for target in range(width):
            targets[target] = target
        return
    times, following, place = n // width, n - rest, 0
    for target in range(width):
        for _ in range(times):
            targets[place] = target
            place += 1
        if following < n and targets[following] == target:
            targets[place] = target
            place += 1
            following += 1


@vectorised
def _move(targets, begin, own):
    """Count targets from where a piece begins, and leave one out."""
    for k in range(len(targets)):
        targets[k] += begin + (targets[k] >= own)


@inlined
def _marks_for(row, n, width):
    """How many words of marks a segment should have: none if it had better be done without."""
    n_words = (width + 31) >> 5
    return n_words if n_words <= row[MARKS] and n_words <= WORDS_EACH * n else 0


@jit
def targets_of_segment(row, source, n, marks_at):
    """Choose the n > 0 targets of a source in a piece, and put them where they belong.

    marks_at   address of room for `MARKS` words (uint32), which are 0, and will be again
    """
    begin, width = row[BEGIN], row[WIDTH]
    own = source - begin
    excludes = row[EXCLUDES_ITSELF] != 0 and own >= 0 and own < width
    if excludes:
        width -= 1
    address = row[VALUES] + 4 * int64_at(row[PLACES] + 8 * source, 1)[0]
    targets = uint32_at(address, n)
    if row[IS_DISTINCT] != 0:
        rest = n % width
        chosen = uint32_at(address + 4 * (n - rest), rest)
        marks = uint32_at(marks_at, _marks_for(row, rest, width))
        _choose_distinct(row, source, chosen, width, marks)
        if rest < n:
            _spread(targets, rest, width)
    else:
        _choose_any(row, source, targets, width, uint32_at(marks_at, _marks_for(row, n, width)))
    _move(targets, begin, own if excludes else width)


@inlined
def length_of(row, source):
    return np.int64(uint32_at(row[COUNTS] + 4 * source, 1)[0])


@entry(4)
def draw_targets(row_at, begin, end, marks_at):
    """Draw the targets of the sources `begin` to `end` - 1 in a piece, given by its row's address."""
    row = int64_at(row_at, SEGMENTS_ROW)
    for source in range(begin, end):
        n = length_of(row, source)
        if n > 0:
            targets_of_segment(row, source, n, marks_at)
    return 0


@entry(2)
def count_sources(row_at, n):
    """Draw the sources of n connections of a piece, and count them: each pair is as likely."""
    row = int64_at(row_at, SEGMENTS_ROW)
    n_sources, begin, width = row[N_SOURCES], row[BEGIN], row[WIDTH]
    counts = uint32_at(row[COUNTS], n_sources)
    if row[EXCLUDES_ITSELF] == 0:
        for number in range((n + 3) // 4):
            words = words_of(row, number, 0, COUNTING)
            for j in range(4):
                if 4 * number + j < n:
                    counts[below(words[j], n_sources)] += 1
        return 0
    for number in range(n):
        tried = 0
        while True:
            words = words_of(row, number, tried, COUNTING)
            source = below(words[0], n_sources)
            if source < begin or source >= begin + width or below(words[1], width) > 0:
                break
            tried += 1  # it was itself
        counts[source] += 1
    return 0


@entry(4)
def count_successes(row_at, begin, end, table_at):
    """Draw how many connections the sources `begin` to `end` - 1 have in a piece: see `drawn.Binomial`."""
    row, table = int64_at(row_at, SEGMENTS_ROW), int64_at(table_at, 4)
    counts = uint32_at(row[COUNTS], row[N_SOURCES])
    cumulative, guide = float64_at(table[0], table[1]), int64_at(table[2], GUIDES)
    for source in range(begin, end):
        a, b, c, d = words_of(row, 0, source >> 1, COUNTING)
        u = centred(a, b) if source & 1 == 0 else centred(c, d)
        k = guide[int(u * GUIDES)]
        while cumulative[k] <= u:
            k += 1
        counts[source] = table[3] + k
    return 0


# --- columns, where each target chooses its sources ---------------------------------------------------------


@jit
def _choose_unmarked(row, column, chosen, n, size, marks):
    """Choose n different ones of `size`, in the order in which they come."""
    found, number = 0, 0
    while found < n:
        words = words_of(row, number, column, PAIRS)
        for j in range(4):
            if found < n:
                value = below(words[j], size)
                word, bit = value >> 5, 1 << (value & 31)
                if marks[word] & bit == 0:
                    marks[word] = np.int64(marks[word]) | bit
                    chosen[found] = value
                    found += 1
        number += 1
    for k in range(n):
        marks[chosen[k] >> 5] = 0


@jit
def sources_of_target(row, k, chosen, marks):
    """Choose the sources of the k-th target of a piece, in any order.

    marks   room for a bit of each source (uint32), which are 0, and will be again
    """
    n, column = len(chosen), row[BEGIN] + k
    size = row[N_SOURCES] - row[EXCLUDES_ITSELF]
    if row[IS_DISTINCT] != 0:
        rest = n % size
        _choose_unmarked(row, column, chosen, rest, size, marks)
        for j in range(rest, n):
            chosen[j] = (j - rest) % size
    else:
        _choose_unsorted(row, column, chosen, size)
    if row[EXCLUDES_ITSELF] != 0:
        for j in range(n):
            chosen[j] = np.int64(chosen[j]) + (1 if chosen[j] >= column else 0)


@entry(4)
def choose_sources(row_at, chosen_at, marks_at, n_marks):
    """Let each of the targets of a piece choose as many sources as `COUNTS` says, one after the other."""
    row = int64_at(row_at, SEGMENTS_ROW)
    marks = uint32_at(marks_at, n_marks)
    place = 0
    for k in range(row[WIDTH]):
        n = length_of(row, k)
        sources_of_target(row, k, uint32_at(chosen_at + 4 * place, n), marks)
        place += n
    return 0
