"""
Numbers within limits: those outside are drawn again.

Row by row (in a network: target cell by target cell), first numbers for the whole row, then new ones for
those that lie outside, in their order, until there are none. That is how PyNN draws its "normal_clipped". The
numbers come from a stream, of which no more is asked for than is needed: its generator is left where PyNN
leaves it.
"""

import numpy as np

from ..compiling.addresses import address_of
from ..compiling.compile import entry
from ..compiling.lowlevel import float64_at, int64_at, uint32_at

MOST_ROUNDS = 1000  # after which PyNN gives up

# What is known between two pieces of the stream (int64 each).
ROW = 0  # that is next
PLACE = 1  # of its first number
OUTSIDE = 2  # numbers of the row before that lie outside; where they are, is in `again`
ROUNDS = 3  # for the row before
STATE = 4


@entry(8)
def _fill(stream_at, n_stream, counts_at, n_rows, limits_at, values_at, again_at, state_at):
    """Fill rows with as much of the stream as makes whole rounds; returns how much of it was taken.

    counts   int64, of each row; `again` has room for the largest
    limits   float64: low, high
    """
    stream = float64_at(stream_at, n_stream)
    counts = int64_at(counts_at, n_rows)
    limits = float64_at(limits_at, 2)
    state = int64_at(state_at, STATE)
    low, high = limits[0], limits[1]
    taken = 0
    while True:
        n_again = state[OUTSIDE]
        if n_again > 0:
            if taken + n_again > n_stream or state[ROUNDS] > MOST_ROUNDS:
                break
            n = counts[state[ROW] - 1]
            values = float64_at(values_at + 8 * (state[PLACE] - n), n)
            again = uint32_at(again_at, n)
            outside = 0
            for k in range(n_again):
                j = again[k]
                value = stream[taken + k]
                values[j] = value
                again[outside] = j
                outside += (value < low) | (value > high)
            taken += n_again
            state[OUTSIDE] = outside
            state[ROUNDS] += 1
        else:
            if state[ROW] == n_rows or taken + counts[state[ROW]] > n_stream:
                break
            n = counts[state[ROW]]
            values = float64_at(values_at + 8 * state[PLACE], n)
            again = uint32_at(again_at, n)
            outside = 0
            for j in range(n):
                value = stream[taken + j]
                values[j] = value
                again[outside] = j
                outside += (value < low) | (value > high)
            taken += n
            state[ROW] += 1
            state[PLACE] += n
            state[OUTSIDE] = outside
            state[ROUNDS] = 0
    return taken


def within_limits(draw, counts, low, high):
    """Numbers from [low, high] for rows of `counts` (int64) numbers: float64 [sum of counts].

    draw(n) gives the next n numbers of the stream, float64. Raises ValueError if hardly any is within the
    limits.
    """
    counts = np.ascontiguousarray(counts, dtype=np.int64)
    values = np.empty(int(counts.sum()))
    again = np.empty(int(counts.max(initial=0)), dtype=np.uint32)
    limits = np.array([float(low), float(high)])
    state = np.zeros(STATE, dtype=np.int64)
    room = [address_of(array) for array in (limits, values, again, state)]
    stream = np.zeros(0)
    while missing := len(values) - state[PLACE] + state[OUTSIDE] - len(stream):
        new = draw(int(missing))
        stream = np.concatenate([stream, new]) if len(stream) else new
        taken = _fill(address_of(stream), len(stream), address_of(counts), len(counts), *room)
        if state[ROUNDS] > MOST_ROUNDS and state[OUTSIDE]:
            raise ValueError(f"numbers between {low} and {high} are too rare")
        stream = stream[taken:]
    return values
