"""
How graded values get from cells to the synapses onto a thread's cells: the compiled part.

At the end of step k each thread writes what its cells transmit to a ring of past values (`transmit`). When
all threads have, each goes through the connections onto its own cells (`call_counts` of a group's kernel):
where there is learning, weights and other variables are taken to t_k, with the values of t_k - d of the
source and those of t_k of the target; then what arrives of the values of t_k - d is summed for step k + 1,
at whose beginning it is handed over (`receive`). Nothing here is written by one thread and read by another
but rings, whose slots for t_{k+1} no thread reads in step k.
"""

from ..compiling.compile import entry, inlined, jit
from ..compiling.elementwise import add, copy, fill
from ..compiling.lowlevel import call_counts, float64_at, int32_at, int64_at, table2_at
from .ahead import note
from .graded_sums import dot, largest, smallest, sum_of

# The words of the table of what is transmitted.
BLOCK = 0  # index of the block
VALUES = 1  # address of the values now (float64)
RING = 2  # address of the past ones, float64 [slots, cells]
MASK = 3  # slots, a power of two, minus one
N_CELLS = 4
DECAY = 5  # of a trace of spikes: address of its decay in a step, and of what a spike adds (float64); else 0
PAST = 6  # address of past values cell by cell, float64 [cells, 2 slots], see ahead.py; or 0
TRANSMITTED_ROW = 7

# The words of a row of the table of groups.
KERNEL = 0  # address
TARGET = 1  # index of the target block
N_TARGETS = 2
FIRST = 3  # address of where each target's connections begin, int64 [N_TARGETS + 1]
SOURCES = 4  # address of the source cells (uint32), or 0 if each target has those from FROM on
FROM = 5
WEIGHTS = 6  # address (float64)
WEIGHT_STRIDE = 7  # 0 if all connections share one weight, else 8
DELAYS = 8  # address, steps (uint16)
DELAY_STRIDE = 9  # 0 if all share one, else 2
PRE = 10  # address of (ring, mask, cells) of each value of the source that is used (int64)
POST = 11  # address of the table of values of the target, as lowlevel.elements_at wants it
STATE = 12  # address of the table of weights and other variables, one for each connection
OF_TARGET = 13  # address of the table of variables of which each target has one
CONSTANTS = 14  # address of the table of constants
LEARNS = 15
PERIOD = 16  # of learning, steps
OFFSET = 17  # first step of it, modulo the period
INPUT = 18  # address of what each target receives in the next step (float64)
PLACE = 19  # of the first target in a slot of the ring buffer of spikes; -1 for a current
INTO = 20  # of a current: address of the currents that the block's kernel takes, nA (float64)
INJECTED = 21  # of the first current of a block: address of those from other sources, or 0; -1 for another
IS_DIAGONAL = (
    22  # whether each of the targets from FROM on has one connection, from the cell of its own number
)
AHEAD = 23  # address of a table of ahead.py, for connections with delays of their own; or 0
OWN = 24  # address of the values of the targets (float64), if connections transmit differences; or 0
OWN_WEIGHTS = 25  # address of the sum of the weights of each target (float64)
TIME_STEP = 26  # address of it, ms (float64), for models that know the time
GRADED_ROW = 27

# What the head of the run loop's tables points at.
TRANSMITTED_AT, N_TRANSMITTED, GROUPS_AT, N_GROUPS, SCRATCH_AT, SCRATCH_WORDS = range(6)
SHARING_AT = 6  # of several processes: address of what `sharing.py` needs to know; or 0
GRADED = 7

CHUNK = 256  # connections that are dealt with together
SUM, MEAN, MAX, MIN, NORM1, NORM2 = range(6)
OPERATIONS = {"sum": SUM, "mean": MEAN, "max": MAX, "min": MIN, "norm1": NORM1, "norm2": NORM2}


@inlined
def ring_at(row, p):
    """(address of the ring, its slots - 1, cells) of a value of the source."""
    words = int64_at(row[PRE] + 24 * p, 3)
    return words[0], words[1], words[2]


# --- operations on all cells of a block --------------------------------------------------------------------


@entry(6)
def pool_kernel(row_at, first, last, step, learns, scratch):
    """Give the targets [first, last) what all cells of their own block together have: mean, max, ..."""
    row = int64_at(row_at, GRADED_ROW)
    ring, mask, n = ring_at(row, 0)
    past = ring + 8 * n * (step & mask)
    values = float64_at(past, n)
    operation = row[FROM]
    if operation == MAX:
        result = largest(values, values[0])
    elif operation == MIN:
        result = smallest(values, values[0])
    elif operation == NORM2:
        result = dot(past, past, n) ** 0.5
    elif operation == NORM1:
        result = 0.0
        for x in values:
            result += abs(x)
    else:
        result = sum_of(past, n) / n
    if last > first:
        fill(float64_at(row[INPUT] + 8 * first, last - first), result)
    return 0


# --- steps -------------------------------------------------------------------------------------------------


@jit
def transmit(transmitted, ranges, counts, spikes, step):
    """Write down what a thread's cells transmit at `step`; arguments as of `gap.note_potentials`."""
    for k in range(len(transmitted)):
        row = transmitted[k]
        block = row[BLOCK]
        first, last = ranges[block, 0], ranges[block, 1]
        values = float64_at(row[VALUES], last)
        ring = float64_at(row[RING] + 8 * row[N_CELLS] * (step & row[MASK]), last)
        if row[DECAY] != 0:
            decay, gain = float64_at(row[DECAY], 2)
            for i in range(first, last):
                values[i] *= decay
            for i in int32_at(spikes[block], counts[block]):
                values[i] += gain
        for i in range(first, last):
            ring[i] = values[i]
        if row[PAST] != 0:
            note(row[PAST], row[MASK] + 1, first, last, step, values)


@jit
def receive(groups, ranges, slot):
    """Hand over to a thread's cells what has been summed for a step; `slot` is the address of that of the
    ring buffer of spikes."""
    for k in range(len(groups)):
        row = groups[k]
        first, last = ranges[row[TARGET], 0], ranges[row[TARGET], 1]
        if first == last:
            continue
        n = last - first
        x = float64_at(row[INPUT] + 8 * first, n)
        if row[PLACE] >= 0:
            add(float64_at(slot + 8 * (row[PLACE] + first), n), x)
            continue
        into = float64_at(row[INTO] + 8 * first, n)
        if row[INJECTED] == 0:
            fill(into, 0.0)
        elif row[INJECTED] > 0:
            copy(into, float64_at(row[INJECTED] + 8 * first, n))
        add(into, x)


@jit
def propagate(groups, ranges, step, scratch):
    """Let the connections onto a thread's cells learn, and sum what they bring in the next step."""
    for k in range(len(groups)):
        row = groups[k]
        first, last = ranges[row[TARGET], 0], ranges[row[TARGET], 1]
        call_counts(row[KERNEL], row.ctypes.data, first, last, step, 1, scratch)


@inlined
def graded_at(address):
    """(table of what is transmitted, table of groups, address of scratch memory, bytes of it for each
    thread)."""
    words = int64_at(address, GRADED)
    return (
        table2_at(words[TRANSMITTED_AT], words[N_TRANSMITTED], TRANSMITTED_ROW),
        table2_at(words[GROUPS_AT], words[N_GROUPS], GRADED_ROW),
        words[SCRATCH_AT],
        8 * words[SCRATCH_WORDS],
    )
