"""
Rows of synapses: for each source its targets, ascending. Sorting them, and other work on rows, in parallel.

A row is sorted by radix (Knuth 1998, The Art of Computer Programming 3, 5.2.5), a byte at a time; short
ones by insertion.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .addresses import address_of
from .compile import entry, jit
from .lowlevel import int64_at, uint32_at

SHORT = 24  # rows up to this length are sorted by insertion
DIGITS = 256  # of a byte
ROWS_AT_ONCE = 1024  # that a thread takes


@jit
def _insertion_sort(row):
    for i in range(1, len(row)):
        moving = row[i]
        j = i
        while j > 0 and row[j - 1] > moving:
            row[j] = row[j - 1]
            j -= 1
        row[j] = moving


@jit
def _sort_by_byte(row, sorted_row, counts, shift):
    for digit in range(DIGITS):
        counts[digit] = 0
    for value in row:
        counts[(value >> shift) & np.uint32(DIGITS - 1)] += 1
    place = 0
    for digit in range(DIGITS):
        place += counts[digit]
        counts[digit] = place - counts[digit]
    for value in row:
        digit = (value >> shift) & np.uint32(DIGITS - 1)
        sorted_row[counts[digit]] = value
        counts[digit] += 1


@entry(6)
def _sort_some_rows(first_at, n_rows, targets_at, n_bytes, scratch_at, counts_at):
    """Sort `n_rows` rows; `scratch` has room for the longest."""
    first = int64_at(first_at, n_rows + 1)
    counts = int64_at(counts_at, DIGITS)
    for k in range(n_rows):
        n = first[k + 1] - first[k]
        row = uint32_at(targets_at + 4 * first[k], n)
        if n <= SHORT:
            _insertion_sort(row)
            continue
        other = uint32_at(scratch_at, n)
        for byte in range(n_bytes):
            shift = np.uint32(8 * byte)
            if byte % 2 == 0:
                _sort_by_byte(row, other, counts, shift)
            else:
                _sort_by_byte(other, row, counts, shift)
        if n_bytes % 2 == 1:
            for j in range(n):
                row[j] = other[j]
    return 0


def sort_rows(first, targets, n_targets, threads):
    """Sort each source's targets, in place.

    first       int64 [sources + 1]: where each source's targets begin
    targets     uint32, below `n_targets`
    """
    n_bytes = max(1, (int(n_targets - 1).bit_length() + 7) // 8)
    longest = int(np.max(np.diff(first), initial=1))

    def sort_some(begin):
        scratch, counts = np.empty(longest, dtype=np.uint32), np.empty(DIGITS, dtype=np.int64)
        part = first[begin : begin + ROWS_AT_ONCE + 1]
        _sort_some_rows(
            address_of(part),
            len(part) - 1,
            address_of(targets),
            n_bytes,
            address_of(scratch),
            address_of(counts),
        )

    in_parallel(sort_some, len(first) - 1, threads)


def in_parallel(work, n_rows, threads):
    """Call work(first row) for pieces of ROWS_AT_ONCE rows."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(0, n_rows, ROWS_AT_ONCE)))
