"""
Weights and delays of segments (segments.py): quantiles of uniform numbers that follow from counters.
"""

import functools

import numpy as np

from ..compiling.compile import Entry, entry, inlined, jit, specialise, vectorised
from ..compiling.elementwise import copy
from ..compiling.lowlevel import float64_at, int64_at, uint16_at, uint32_at
from ..random.quantiles import (
    N_PARAMETERS,
    centred,
    of_exponential,
    of_lognormal,
    of_normal,
    of_uniform,
)
from .segments import (
    EXTREMES,
    PARAMETERS,
    PLACES,
    SCRATCH,
    SEGMENTS_ROW,
    TARGETS,
    VALUES,
    length_of,
    words_of,
)

VALUE = 2  # what numbers are drawn for, beside `segments.PAIRS` and `COUNTING`
MOST_DELAY = 65535.0  # steps
AT_ONCE = 1024  # numbers, of as many whole segments as have no more


def _pair_of_values(row, p, source, number):
    """The values of the connections 2 * number and 2 * number + 1 of a segment."""
    a, b, c, d = words_of(row, number, source, VALUE)
    u, v = centred(a, b), centred(c, d)
    return (
        _quantile(u, p[0], p[1], p[2], p[3], p[4], p[5]),  # noqa: F821
        _quantile(v, p[0], p[1], p[2], p[3], p[4], p[5]),  # noqa: F821
    )


@vectorised
def _uniforms_of_segment(row, source, u):
    for number in range(len(u) // 2):
        a, b, c, d = words_of(row, number, source, VALUE)
        u[2 * number] = centred(a, b)
        u[2 * number + 1] = centred(c, d)
    if len(u) % 2 == 1:
        a, b, _, _ = words_of(row, len(u) // 2, source, VALUE)
        u[len(u) - 1] = centred(a, b)


def _to_values(u, p):
    """Turn uniform numbers into those of a distribution: of many segments together, since most are short."""
    for k in range(len(u)):
        u[k] = _quantile(u[k], p[0], p[1], p[2], p[3], p[4], p[5])  # noqa: F821


@jit
def _fill(row, source, end):
    """Fill the room for uniform numbers with those of whole segments; returns the first source that is left,
    and how many numbers there are."""
    n = 0
    while source < end and (n == 0 or n + length_of(row, source) <= AT_ONCE):
        length = length_of(row, source)
        _uniforms_of_segment(row, source, float64_at(row[SCRATCH] + 8 * n, length))
        n += length
        source += 1
    return source, n


def _draw_weights(row_at, begin, end):
    """Draw the weights of the sources `begin` to `end` - 1 in a piece."""
    row = int64_at(row_at, SEGMENTS_ROW)
    p = float64_at(row[PARAMETERS], N_PARAMETERS + 1)
    source = begin
    while source < end:
        first = source
        source, n = _fill(row, source, end)
        _values(float64_at(row[SCRATCH], n), p)  # noqa: F821
        k = 0
        for s in range(first, source):
            length, place = length_of(row, s), int64_at(row[PLACES] + 8 * s, 1)[0]
            copy(float64_at(row[VALUES] + 8 * place, length), float64_at(row[SCRATCH] + 8 * k, length))
            k += length
    return 0


@inlined
def step_of(delay, dt):
    """A delay (ms) in steps, as a float: at least 1."""
    step = np.rint(delay / dt)
    step = 1.0 if step < 1.0 else step
    return MOST_DELAY if step > MOST_DELAY else step


@vectorised
def _to_steps(delays, steps, dt):
    for k in range(len(delays)):
        steps[k] = np.int64(step_of(delays[k], dt))


def _draw_delays(row_at, begin, end):
    """The same for delays, in steps; and which are the shortest and the longest, in ms."""
    row = int64_at(row_at, SEGMENTS_ROW)
    p = float64_at(row[PARAMETERS], N_PARAMETERS + 1)
    extremes = float64_at(row[EXTREMES], 2)
    shortest, longest = extremes[0], extremes[1]
    source = begin
    while source < end:
        first = source
        source, n = _fill(row, source, end)
        delays = float64_at(row[SCRATCH], n)
        _values(delays, p)  # noqa: F821
        for k in range(n):
            shortest = delays[k] if delays[k] < shortest else shortest
            longest = delays[k] if delays[k] > longest else longest
        k = 0
        for s in range(first, source):
            length, place = length_of(row, s), int64_at(row[PLACES] + 8 * s, 1)[0]
            values = float64_at(row[SCRATCH] + 8 * k, length)
            _to_steps(values, uint16_at(row[VALUES] + 2 * place, length), p[N_PARAMETERS])
            k += length
    extremes[0], extremes[1] = shortest, longest
    return 0


@jit
def order_delays_of_segment(row, source, n):
    """Let those delays of a source in a piece ascend that are of connections to the same target.

    So users see several connections of a pair in one order, whether or not rows are sorted by delay.
    """
    place = int64_at(row[PLACES] + 8 * source, 1)[0]
    targets = uint32_at(row[TARGETS] + 4 * place, n)
    steps = uint16_at(row[VALUES] + 2 * place, n)
    for k in range(1, n):
        j = k
        while j > 0 and targets[j - 1] == targets[k] and steps[j - 1] > steps[j]:
            steps[j - 1], steps[j] = steps[j], steps[j - 1]
            j -= 1


@entry(3)
def order_delays(row_at, begin, end):
    """The same for the sources `begin` to `end` - 1."""
    row = int64_at(row_at, SEGMENTS_ROW)
    for source in range(begin, end):
        order_delays_of_segment(row, source, length_of(row, source))
    return 0


QUANTILES = {
    "uniform": of_uniform,
    "normal": of_normal,
    "exponential": of_exponential,
    "lognormal": of_lognormal,
}


@functools.cache
def pair_of_values(distribution):
    """`_pair_of_values` for a distribution, given by its name in `QUANTILES`."""
    name = f"pair_of_{distribution}_values"
    return inlined(specialise(_pair_of_values, name, _quantile=QUANTILES[distribution]))


@functools.cache
def _entry_of(template, name, distribution):
    names = {"_quantile": QUANTILES[distribution]}
    values = vectorised(specialise(_to_values, f"{distribution}_values", **names))
    return Entry(specialise(template, f"draw_{distribution}_{name}", _values=values), 3)


def drawing_weights(distribution):
    """The entry that draws weights of a distribution: of a row's address, the first source, the last + 1."""
    return _entry_of(_draw_weights, "weights", distribution)


def drawing_delays(distribution):
    return _entry_of(_draw_delays, "delays", distribution)
