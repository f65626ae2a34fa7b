"""
NumPy's RandomState, for what building large networks needs most: which of many uniform numbers are below a
probability, and some of many cells for each cell. Uniform numbers themselves are never made: 53 random bits
are compared as an integer.

The generator is MT19937 (Matsumoto & Nishimura 1998, ACM Trans. Model. Comput. Simul. 8:3-30), whose
state after n words is that of RandomState. A uniform number takes two words, as in `genrand_res53`; a whole
number one, of which the lowest bits count, and another one if that is too large. Cells are shuffled from the
last one on (Knuth 1998, The Art of Computer Programming 2, 3.4.2, algorithm P).
"""

import math

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import entry, inlined, jit, vectorised
from ..compiling.lowlevel import int32_at, int64_at, uint32_at

N, M = 624, 397  # words of the state, and how far apart those are that make a new one
UPPER, LOWER = np.uint32(0x80000000), np.uint32(0x7FFFFFFF)
TWIST = np.uint32(0x9908B0DF)
MASK_B, MASK_C = np.uint32(0x9D2C5680), np.uint32(0xEFC60000)


@vectorised
def _next_state(key):
    """The next 624 words of the state, in place."""
    for k in range(N - M):
        y = (key[k] & UPPER) | (key[k + 1] & LOWER)
        key[k] = key[k + M] ^ (y >> np.uint32(1)) ^ (TWIST * (y & np.uint32(1)))
    for k in range(N - M, N - 1):
        y = (key[k] & UPPER) | (key[k + 1] & LOWER)
        key[k] = key[k + M - N] ^ (y >> np.uint32(1)) ^ (TWIST * (y & np.uint32(1)))
    y = (key[N - 1] & UPPER) | (key[0] & LOWER)
    key[N - 1] = key[M - 1] ^ (y >> np.uint32(1)) ^ (TWIST * (y & np.uint32(1)))


@vectorised
def _temper(key, words):
    """What the generator gives out for each word of its state."""
    for k in range(len(key)):
        y = key[k]
        y ^= y >> np.uint32(11)
        y ^= (y << np.uint32(7)) & MASK_B
        y ^= (y << np.uint32(15)) & MASK_C
        words[k] = y ^ (y >> np.uint32(18))


@jit
def _renew(key, words):
    """Make new words."""
    _next_state(key)
    _temper(key, words)


@vectorised
def _compare(words, first, n, limit, place, column, row, rows, columns):
    """Note the row and the column of those of `n` numbers that are below; returns the next place."""
    for k in range(n):
        high = np.int64(words[first + 2 * k] >> np.uint32(5))
        low = np.int64(words[first + 2 * k + 1] >> np.uint32(6))
        rows[place] = row + k
        columns[place] = column
        place += 1 if (high << 26) + low < limit else 0
    return place


@entry(9)
def _find_below(key_at, position, words_at, n_rows, first, last, limit, rows_at, columns_at):
    """Fill `rows` and `columns`; returns the place after the last, times 1024, plus the position.

    words     room for 625 words, of which the first is one that was left over
    """
    key = uint32_at(key_at, N)
    words = uint32_at(words_at, N + 1)
    new_words = uint32_at(words_at + 4, N)
    room = n_rows * (last - first) + 1
    rows = int32_at(rows_at, room)
    columns = int32_at(columns_at, room)
    _temper(key, new_words)
    at = 1 + position
    place = 0
    for column in range(first, last):
        row = 0
        while row < n_rows:
            if at >= N:  # a number needs two words
                if at == N:
                    words[0] = words[N]
                _renew(key, new_words)
                at = 0 if at == N else 1
            n = min(n_rows - row, (N + 1 - at) // 2)
            place = _compare(words, at, n, limit, place, column, row, rows, columns)
            row += n
            at += 2 * n
    return 1024 * place + at - 1


@inlined
def _mask_of(most):
    """The bits that numbers up to `most` have."""
    mask = 1
    while mask < most:
        mask = 2 * mask + 1
    return mask


@inlined
def _whole_number(key, words, at, most, mask):
    """A whole number up to `most`, and the place after that of the last word it took."""
    value = most + 1
    while value > most:
        if at == N:
            _renew(key, words)
            at = 0
        value = np.int64(words[at]) & mask
        at += 1
    return value, at


@entry(6)
def _draw_whole_numbers(key_at, position, words_at, n, most, numbers_at):
    """Draw `n` whole numbers up to `most`, at least 1; returns the position."""
    key, words = uint32_at(key_at, N), uint32_at(words_at, N)
    numbers = uint32_at(numbers_at, n)
    _temper(key, words)
    at = position
    mask = _mask_of(most)
    place = 0
    while place < n:
        if at == N:
            _renew(key, words)
            at = 0
        end = min(N, at + n - place)
        for k in range(at, end):
            # A number that is too large is written over by the next: a branch would be predicted wrongly.
            value = words[k] & np.uint32(mask)
            numbers[place] = value
            place += value <= most
        at = end
    return at


@entry(8)
def _choose_any(key_at, position, words_at, counts_at, n_rows, size, excludes_itself, chosen_at):
    """Choose counts[k] of `size` cells for each cell k, any of them; returns the position."""
    key, words = uint32_at(key_at, N), uint32_at(words_at, N)
    counts = int64_at(counts_at, n_rows)
    _temper(key, words)
    at = position
    mask = _mask_of(size - 1)
    place = 0
    for k in range(n_rows):
        chosen = uint32_at(chosen_at + 4 * place, counts[k])
        for j in range(len(chosen)):
            value = 0
            if size > 1:
                value, at = _whole_number(key, words, at, size - 1, mask)
            chosen[j] = value
        found_itself = excludes_itself != 0
        while found_itself:  # all that are the cell itself are drawn again, and then looked at again
            found_itself = False
            for j in range(len(chosen)):
                if chosen[j] == k:
                    value, at = _whole_number(key, words, at, size - 1, mask)
                    chosen[j] = value
                    found_itself |= value == k
        place += len(chosen)
    return at


@jit
def _shuffle(cells, key, words, at):
    """Shuffle cells; returns the place after that of the last word it took."""
    last = len(cells) - 1
    mask = _mask_of(last)
    while last > 0:
        if at == N:
            _renew(key, words)
            at = 0
        while mask >> 1 >= last:
            mask >>= 1
        while at < N and last > mask >> 1:
            # A number that is too large has no effect: a branch would often be predicted wrongly.
            value = np.int64(words[at]) & mask
            at += 1
            other = min(value, last)
            cells[last], cells[other] = cells[other], cells[last]
            last -= value <= last
    return at


@entry(9)
def _choose_once(key_at, position, words_at, counts_at, n_rows, size, excludes_itself, room_at, chosen_at):
    """Choose counts[k] of `size` cells for each cell k, none again before all are; returns the position."""
    key, words = uint32_at(key_at, N), uint32_at(words_at, N)
    counts = int64_at(counts_at, n_rows)
    n = size - excludes_itself
    everyone = uint32_at(room_at, n)
    _temper(key, words)
    at = position
    place = 0
    for k in range(n_rows):
        chosen = uint32_at(chosen_at + 4 * place, counts[k])
        if len(chosen) > 0:
            for j in range(n):
                everyone[j] = j + (excludes_itself if j >= k else 0)
            rest = len(chosen) % n
            for j in range(len(chosen) - rest):
                chosen[j] = everyone[j % n]
            if rest > 0:
                at = _shuffle(everyone, key, words, at)
            for j in range(rest):
                chosen[len(chosen) - rest + j] = everyone[j]
        place += len(chosen)
    return at


def choose(random_state, counts, size, exclude_itself, with_replacement):
    """Choose counts[k] (int64) of `size` cells for each cell k: uint32 [sum of counts].

    As RandomState.randint does with replacement, and RandomState.permutation without: then every cell is
    chosen before any is chosen twice.
    """
    name, key, position, *normal = random_state.get_state()
    key, counts = key.astype(np.uint32), np.ascontiguousarray(counts)
    words = np.empty(N, dtype=np.uint32)
    chosen = np.empty(int(counts.sum()), dtype=np.uint32)
    key_at, words_at, counts_at, chosen_at = map(address_of, (key, words, counts, chosen))
    arguments = key_at, position, words_at, counts_at, len(counts), size, int(exclude_itself)
    if with_replacement:
        position = _choose_any(*arguments, chosen_at)
    else:
        everyone = np.empty(size, dtype=np.uint32)
        position = _choose_once(*arguments, address_of(everyone), chosen_at)
    random_state.set_state((name, key, position, *normal))
    return chosen


def whole_numbers(random_state, n, size):
    """`n` whole numbers below `size`, uint32, as RandomState.randint draws them."""
    numbers = np.zeros(n, dtype=np.uint32)
    if size > 1:
        name, key, position, *normal = random_state.get_state()
        key, words = key.astype(np.uint32), np.empty(N, dtype=np.uint32)
        key_at, words_at, numbers_at = map(address_of, (key, words, numbers))
        position = _draw_whole_numbers(key_at, position, words_at, n, size - 1, numbers_at)
        random_state.set_state((name, key, position, *normal))
    return numbers


class Numbers:
    """The numbers that a RandomState gives from its present state on, which stays as it is."""

    def __init__(self, random_state):
        _, key, position = random_state.get_state()[:3]
        self._key, self._position = key.astype(np.uint32), int(position)
        self._words = np.zeros(N + 1, dtype=np.uint32)

    def below(self, probability, n_rows, first, last):
        """Compare n_rows numbers for each column of [first, last); (rows, columns) of those below, int32.

        By ascending column, then row.
        """
        limit = math.ceil(min(probability, 1.0) * 2**53)
        rows, columns = np.empty((2, n_rows * (last - first) + 1), dtype=np.int32)
        arrays = self._key, self._words, rows, columns
        key, words, rows_at, columns_at = (address_of(array) for array in arrays)
        result = _find_below(key, self._position, words, n_rows, first, last, limit, rows_at, columns_at)
        count, self._position = divmod(result, 1024)
        return rows[:count].copy(), columns[:count].copy()
