"""
Rows of synapses: for each source its targets, ascending. Sorting and turning them.

A row is sorted by radix (Knuth 1998, The Art of Computer Programming 3, 5.2.5), a byte at a time; short ones
by insertion.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import entry, jit
from ..compiling.lowlevel import float64_at, int64_at, table2_at, uint16_at, uint32_at

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


@entry(6)
def _turn(first_at, n_rows, columns_at, n_columns, ends_at, rows_at):
    first = int64_at(first_at, n_rows + 1)
    columns = uint32_at(columns_at, first[n_rows])
    ends = int64_at(ends_at, n_columns + 1)
    rows = uint32_at(rows_at, len(columns))
    for column in columns:
        ends[column + 1] += 1
    for k in range(n_columns):
        ends[k + 1] += ends[k]
    for row in range(n_rows):
        for j in range(first[row], first[row + 1]):
            rows[ends[columns[j]]] = row
            ends[columns[j]] += 1
    return 0


def turned(first, columns, n_columns):
    """Rows and columns exchanged: where each column begins (int64), and its rows, ascending (uint32).

    first     int64 [rows + 1]: where each row begins
    columns   uint32, below `n_columns`
    """
    # No `count_sort`: it would take 24 bytes of memory a synapse.
    ends = np.zeros(n_columns + 1, dtype=np.int64)  # the places that are next, and in the end the ends
    rows = np.empty(len(columns), dtype=np.uint32)
    first_at, columns_at, ends_at, rows_at = map(address_of, (first, columns, ends, rows))
    _turn(first_at, len(first) - 1, columns_at, n_columns, ends_at, rows_at)
    return np.append(0, ends[:-1]), rows


@entry(6)
def _gather(keys_at, values_at, n, ends_at, n_keys, rows_at):
    keys, values = uint32_at(keys_at, n), uint32_at(values_at, n)
    ends = int64_at(ends_at, n_keys + 1)
    rows = uint32_at(rows_at, n)
    for key in keys:
        ends[key + 1] += 1
    for k in range(n_keys):
        ends[k + 1] += ends[k]
    for j in range(n):
        rows[ends[keys[j]]] = values[j]
        ends[keys[j]] += 1
    return 0


def gathered(keys, values, n_keys, n_values, threads):
    """The values that belong to each key: where each key's begin (int64), and these, ascending (uint32).

    keys, values   uint32, in any order, below `n_keys` and `n_values`
    """
    ends = np.zeros(n_keys + 1, dtype=np.int64)  # the places that are next, and in the end the ends
    rows = np.empty(len(keys), dtype=np.uint32)
    keys_at, values_at, ends_at, rows_at = map(address_of, (keys, values, ends, rows))
    _gather(keys_at, values_at, len(keys), ends_at, n_keys, rows_at)
    first = np.append(0, ends[:-1])
    sort_rows(first, rows, n_values, threads)
    return first, rows


@entry(6)
def _put(counts_at, n_rows, places_at, table_at, n_arrays, n):
    counts, places = int64_at(counts_at, n_rows), int64_at(places_at, n_rows)
    table = table2_at(table_at, n_arrays, 3)
    for a in range(n_arrays):
        begin = 0
        for k in range(n_rows):
            if table[a, 2] == 2:
                values, kept = uint16_at(table[a, 0], n), uint16_at(table[a, 1] + 2 * places[k], counts[k])
                for j in range(counts[k]):
                    kept[j] = values[begin + j]
            elif table[a, 2] == 4:
                values, kept = uint32_at(table[a, 0], n), uint32_at(table[a, 1] + 4 * places[k], counts[k])
                for j in range(counts[k]):
                    kept[j] = values[begin + j]
            else:
                values, kept = float64_at(table[a, 0], n), float64_at(table[a, 1] + 8 * places[k], counts[k])
                for j in range(counts[k]):
                    kept[j] = values[begin + j]
            begin += counts[k]
    return 0


def put_rows(counts, places, arrays):
    """Put parts of rows where they belong.

    counts   integers [rows], of the elements of each part
    places   int64 [rows], where each part begins in the whole
    arrays   (parts, one after the other; the whole) of uint16, uint32 or float64
    """
    counts = counts.astype(np.int64)
    table = np.array([(address_of(part), address_of(whole), part.itemsize) for part, whole in arrays])
    places = address_of(counts), len(counts), address_of(places)
    _put(*places, address_of(table), len(table), len(arrays[0][0]))


def in_parallel(work, n_rows, threads):
    """Call work(first row) for pieces of ROWS_AT_ONCE rows."""
    if threads == 1:
        for first in range(0, n_rows, ROWS_AT_ONCE):
            work(first)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(0, n_rows, ROWS_AT_ONCE)))
