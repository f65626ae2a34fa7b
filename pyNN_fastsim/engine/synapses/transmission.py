"""
How graded values get from cells to the synapses onto a thread's cells: the compiled part.

At the end of step k each thread writes what its cells transmit to a ring of past values (`transmit`). When
all threads have, each goes through the connections onto its own cells (`call_counts` of a group's kernel):
where there is learning, weights and other variables are taken to t_k, with the values of t_k - d of the
source and those of t_k of the target; then what arrives of the values of t_k - d is summed for step k + 1,
at whose beginning it is handed over (`receive`). Nothing here is written by one thread and read by another
but rings, whose slots for t_{k+1} no thread reads in step k.

A sum over connections is that of LANES partial ones, of every LANES-th connection of the target in the
order of the source cells. What is left at the end of a row is added to the first of them. The order is the
same for any number of threads.
"""

from ..compiling.compile import Entry, entry, inlined, jit, specialise, vectorised
from ..compiling.lowlevel import (
    call_counts,
    elements_at,
    float64_at,
    gather,
    int32_at,
    int64_at,
    local_rows,
    rows_at,
    scalars_at,
    scatter,
    spaced_rows,
    table2_at,
    uint16_at,
    uint32_at,
)
from .ahead import note, sum_ahead
from .dynamic import OBSERVED_VARIABLE, OBSERVER_ROW, observed

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
GRADED_ROW = 26

# What the head of the run loop's tables points at.
TRANSMITTED_AT, N_TRANSMITTED, GROUPS_AT, N_GROUPS, SCRATCH_AT, SCRATCH_WORDS = range(6)
GRADED = 6

CHUNK = 256  # connections that are dealt with together
LANES = 32
SUM, MEAN, MAX, MIN, NORM1, NORM2 = range(6)
OPERATIONS = {"sum": SUM, "mean": MEAN, "max": MAX, "min": MIN, "norm1": NORM1, "norm2": NORM2}


# --- sums -------------------------------------------------------------------------------------------------


@vectorised
def _fill(values, value):
    for k in range(len(values)):
        values[k] = value


@vectorised
def _add_products(lanes, w, r):
    for k in range(len(lanes)):
        lanes[k] += w[k] * r[k]


@vectorised
def _add(lanes, x):
    for k in range(len(lanes)):
        lanes[k] += x[k]


@inlined
def _folded(lanes):
    a = b = c = d = 0.0
    for k in range(0, LANES, 4):
        a += lanes[k]
        b += lanes[k + 1]
        c += lanes[k + 2]
        d += lanes[k + 3]
    return (a + c) + (b + d)


@jit
def _dot(w, r, n):
    """The sum of the products of n float64, at addresses."""
    (lanes,) = local_rows(1, LANES)
    _fill(lanes, 0.0)
    j = 0
    while j + LANES <= n:
        _add_products(lanes, float64_at(w + 8 * j, LANES), float64_at(r + 8 * j, LANES))
        j += LANES
    for k in range(n - j):
        lanes[0] += float64_at(w + 8 * (j + k), 1)[0] * float64_at(r + 8 * (j + k), 1)[0]
    return _folded(lanes)


@jit
def _sum_into(lanes, x, n):
    """Add n float64, at an address, to the lanes; the first is the first lane's."""
    j = 0
    while j + LANES <= n:
        _add(lanes, float64_at(x + 8 * j, LANES))
        j += LANES
    for k in range(n - j):
        lanes[0] += float64_at(x + 8 * (j + k), 1)[0]


@jit
def _sum(x, n):
    (lanes,) = local_rows(1, LANES)
    _fill(lanes, 0.0)
    _sum_into(lanes, x, n)
    return _folded(lanes)


@vectorised
def _products_of(w, sources, r):
    """The sum of w[j] r[sources[j]]: four partial sums are as fast as any number, since values are fetched
    one by one."""
    a = b = c = d = 0.0
    n = len(w)
    whole = n & ~3
    for j in range(0, whole, 4):
        a += w[j] * r[sources[j]]
        b += w[j + 1] * r[sources[j + 1]]
        c += w[j + 2] * r[sources[j + 2]]
        d += w[j + 3] * r[sources[j + 3]]
    for j in range(whole, n):
        a += w[j] * r[sources[j]]
    return (a + c) + (b + d)


@vectorised
def _values_of(sources, r):
    a = 0.0
    for j in range(len(sources)):
        a += r[sources[j]]
    return a


@vectorised
def _one_by_one(out, w, r):
    for i in range(len(out)):
        out[i] = w[i] * r[i]


@vectorised
def _times(out, w, r):
    for i in range(len(out)):
        out[i] = w * r[i]


# --- static connections -----------------------------------------------------------------------------------


@inlined
def _ring_at(row, p):
    """(address of the ring, its slots - 1, cells) of a value of the source."""
    words = int64_at(row[PRE] + 24 * p, 3)
    return words[0], words[1], words[2]


@jit
def _past_at(row, step):
    """Address of the values of the source that arrive after `step`, where all delays are the same."""
    ring, mask, n = _ring_at(row, 0)
    return ring + 8 * n * ((step - uint16_at(row[DELAYS], 1)[0]) & mask)


@jit
def _sum_of_delayed(row, begin, end, step):
    """The sum of w r(t - d) over some connections that have delays of their own."""
    ring, mask, n = _ring_at(row, 0)
    values = float64_at(ring, (mask + 1) * n)
    total = 0.0
    for j in range(begin, end):
        source = uint32_at(row[SOURCES] + 4 * j, 1)[0] if row[SOURCES] != 0 else row[FROM] + j - begin
        slot = (step - uint16_at(row[DELAYS] + 2 * j, 1)[0]) & mask
        weight = float64_at(row[WEIGHTS] + row[WEIGHT_STRIDE] * j, 1)[0]
        total += weight * values[slot * n + source]
    return total


@jit
def _sum_of_row(row, begin, end, past, n):
    """The sum of w r over some connections, of which all have the same delay and weights of their own."""
    m = end - begin
    if row[SOURCES] == 0:
        return _dot(row[WEIGHTS] + 8 * begin, past + 8 * row[FROM], m)
    weights, sources = float64_at(row[WEIGHTS] + 8 * begin, m), uint32_at(row[SOURCES] + 4 * begin, m)
    return _products_of(weights, sources, float64_at(past, n))


@jit
def _sum_of_alike(row, begin, end, past, n):
    """The sum of r over some connections, of which all have the same delay and weight."""
    if row[SOURCES] == 0:
        return _sum(past + 8 * row[FROM], end - begin)
    return _values_of(uint32_at(row[SOURCES] + 4 * begin, end - begin), float64_at(past, n))


@jit
def _diagonal(row, first, last, past):
    begin = max(first, row[FROM])
    end = min(last, row[FROM] + int64_at(row[FIRST], row[N_TARGETS] + 1)[row[N_TARGETS]])
    if begin >= end:
        return
    out, r = float64_at(row[INPUT] + 8 * begin, end - begin), float64_at(past + 8 * begin, end - begin)
    if row[WEIGHT_STRIDE] == 0:
        _times(out, float64_at(row[WEIGHTS], 1)[0], r)
    else:
        _one_by_one(out, float64_at(row[WEIGHTS] + 8 * (begin - row[FROM]), end - begin), r)


@jit
def _subtract_own(row, first, last):
    """Make the sums of w r those of w (r - own), if that is what connections transmit."""
    if row[OWN] == 0:
        return
    n = row[N_TARGETS]
    inputs, own, weights = float64_at(row[INPUT], n), float64_at(row[OWN], n), float64_at(row[OWN_WEIGHTS], n)
    for i in range(first, last):
        inputs[i] -= weights[i] * own[i]


@entry(6)
def static_kernel(row_at, first, last, step, learns, scratch):
    """Sum w r over the connections of the targets [first, last) of a group.

    step      the last one that has been; the sums are for the next
    learns    whether there may be learning: see `_learning_kernel`
    scratch   address of memory of the thread
    """
    row = int64_at(row_at, GRADED_ROW)
    bounds, inputs = int64_at(row[FIRST], row[N_TARGETS] + 1), float64_at(row[INPUT], row[N_TARGETS])
    past, n = _past_at(row, step), _ring_at(row, 0)[2]
    if row[IS_DIAGONAL] == 1:
        _diagonal(row, first, last, past)
        _subtract_own(row, first, last)
        return 0
    if row[AHEAD] != 0:
        sum_ahead(row[AHEAD], first, last, step, inputs)
        _subtract_own(row, first, last)
        return 0
    alike = float64_at(row[WEIGHTS], 1)[0] if row[WEIGHT_STRIDE] == 0 else 1.0
    common, length = 0.0, 0  # the sum of a target whose sources are those of the one before it
    for i in range(first, last):
        begin, end = bounds[i], bounds[i + 1]
        if row[DELAY_STRIDE] != 0:
            total = _sum_of_delayed(row, begin, end, step)
        elif row[WEIGHT_STRIDE] != 0:
            total = _sum_of_row(row, begin, end, past, n)
        elif row[SOURCES] == 0 and end - begin == length:
            total = common
        else:
            total = alike * _sum_of_alike(row, begin, end, past, n)
        common, length = total, end - begin
        inputs[i] = total
    _subtract_own(row, first, last)
    return 0


# --- what each connection does is a function --------------------------------------------------------------


def _learn_chunk(c, s, pre, post, g):
    """Take the variables of some connections one step further; constants are arrays."""
    for k in range(len(s[0])):
        scatter(s, k, _learn(gather(c, k), gather(s, k), gather(pre, k), post, g))  # noqa: F821


def _learn_chunk_uniform(c, s, pre, post, g):
    for k in range(len(s[0])):
        scatter(s, k, _learn(c, gather(s, k), gather(pre, k), post, g))  # noqa: F821


def _psp_chunk(c, s, pre, post, g, out):
    for k in range(len(out)):
        out[k] = _psp(gather(c, k), gather(s, k), gather(pre, k), post, g)  # noqa: F821


def _psp_chunk_uniform(c, s, pre, post, g, out):
    for k in range(len(out)):
        out[k] = _psp(c, gather(s, k), gather(pre, k), post, g)  # noqa: F821


def _general_constants(table, lo, m):
    return rows_at(table, lo, m, _N_CONSTANTS)  # noqa: F821


def _uniform_constants(table, lo, m):
    return scalars_at(table, _N_CONSTANTS)  # noqa: F821


@vectorised
def _take(out, sources, r):
    for k in range(len(out)):
        out[k] = r[sources[k]]


@jit
def _take_delayed(row, p, lo, m, begin, step, out):
    ring, mask, n = _ring_at(row, p)
    values = float64_at(ring, (mask + 1) * n)
    for k in range(m):
        j = lo + k
        source = uint32_at(row[SOURCES] + 4 * j, 1)[0] if row[SOURCES] != 0 else row[FROM] + j - begin
        slot = (step - uint16_at(row[DELAYS] + row[DELAY_STRIDE] * j, 1)[0]) & mask
        out[k] = values[slot * n + source]


@jit
def _fetch(row, n_values, lo, m, begin, step, rows):
    """Fetch the values of the source of some connections to rows of CHUNK float64, at an address."""
    for p in range(n_values):
        out = float64_at(rows + 8 * CHUNK * p, m)
        if row[SOURCES] != 0 and row[DELAY_STRIDE] == 0:
            ring, mask, n = _ring_at(row, p)
            past = ring + 8 * n * ((step - uint16_at(row[DELAYS], 1)[0]) & mask)
            _take(out, uint32_at(row[SOURCES] + 4 * lo, m), float64_at(past, n))
        else:
            _take_delayed(row, p, lo, m, begin, step, out)


@jit
def _point_at(row, n_values, step, table):
    """Write down where the values of the source are, for `rows_at`, if no connection has a delay of its own.
    Write down where the values of the source are, for `rows_at`, if no connection has a delay of its own."""
    words = int64_at(table, 3 * n_values)
    for p in range(n_values):
        ring, mask, n = _ring_at(row, p)
        words[3 * p] = ring + 8 * (n * ((step - uint16_at(row[DELAYS], 1)[0]) & mask) + row[FROM])
        words[3 * p + 1], words[3 * p + 2] = 8, n - row[FROM]


@vectorised
def _largest(x, start):
    for k in range(len(x)):
        start = max(start, x[k])
    return start


@vectorised
def _smallest(x, start):
    for k in range(len(x)):
        start = min(start, x[k])
    return start


def _learning_kernel(row_at, first, last, step, learns, scratch):
    """Let the connections of the targets [first, last) learn, and combine what they transmit."""
    row = int64_at(row_at, GRADED_ROW)
    bounds, inputs = int64_at(row[FIRST], row[N_TARGETS] + 1), float64_at(row[INPUT], row[N_TARGETS])
    is_due = learns == 1 and row[LEARNS] == 1 and step > 0 and (step - 1 - row[OFFSET]) % row[PERIOD] == 0
    is_dense = row[SOURCES] == 0 and row[DELAY_STRIDE] == 0
    values = scratch + 24 * _N_PRE  # noqa: F821
    result = values + 8 * CHUNK * _N_PRE  # noqa: F821
    if is_dense:
        _point_at(row, _N_PRE, step, scratch)  # noqa: F821
    (lanes,) = local_rows(1, LANES)
    for i in range(first, last):
        begin, end = bounds[i], bounds[i + 1]
        if begin == end:
            continue
        post = elements_at(row[POST], i, _N_POST)  # noqa: F821
        if is_due:
            c = elements_at(row[CONSTANTS], begin, _N_CONSTANTS)  # noqa: F821
            own = elements_at(row[OF_TARGET], i, _N_OF_TARGET)  # noqa: F821
            _put(row[OF_TARGET], i, _of_target(c, own, post))  # noqa: F821
        g = elements_at(row[OF_TARGET], i, _N_OF_TARGET)  # noqa: F821
        _fill(lanes, 0.0)
        extreme = 0.0
        for lo in range(begin, end, CHUNK):
            m = min(CHUNK, end - lo)
            if is_dense:
                pre = rows_at(scratch, lo - begin, m, _N_PRE)  # noqa: F821
            else:
                _fetch(row, _N_PRE, lo, m, begin, step, values)  # noqa: F821
                pre = spaced_rows(values, 8 * CHUNK, m, _N_PRE)  # noqa: F821
            c = _constants_at(row[CONSTANTS], lo, m)  # noqa: F821
            s = rows_at(row[STATE], lo, m, _N_STATE)  # noqa: F821
            if is_due:
                _learn_some(c, s, pre, post, g)  # noqa: F821
            out = float64_at(result, m)
            _psp_of_some(c, s, pre, post, g, out)  # noqa: F821
            if _OPERATION == MAX:  # noqa: F821
                extreme = _largest(out, out[0] if lo == begin else extreme)
            elif _OPERATION == MIN:  # noqa: F821
                extreme = _smallest(out, out[0] if lo == begin else extreme)
            else:
                _sum_into(lanes, result, m)
        if _OPERATION == SUM:  # noqa: F821
            inputs[i] = _folded(lanes)
        elif _OPERATION == MEAN:  # noqa: F821
            inputs[i] = _folded(lanes) / (end - begin)
        else:
            inputs[i] = extreme
    return 0


def _put_elements(table, i, values):
    scatter(rows_at(table, i, 1, _N_OF_TARGET), 0, values)  # noqa: F821


@inlined
def nothing_of_target(c, g, post):
    """For models without variables of the target: what is there stays."""
    return g


@inlined
def no_learning(c, s, pre, post, g):
    return s


@inlined
def weighted(c, s, pre, post, g):
    """What a connection transmits where nothing else is said."""
    return s[0] * pre[0]


def learning_entry(name, uniform, operation, learn, of_target, psp, numbers):
    """The kernel of a model.

    uniform    whether all connections share all constants
    learn, of_target, psp
               the model's functions, see graded.GradedModel
    numbers    numbers of constants, state variables, variables of the target, values of pre and of post
    """
    kind = "uniform" if uniform else "general"
    names = dict(zip(("_N_CONSTANTS", "_N_STATE", "_N_OF_TARGET", "_N_PRE", "_N_POST"), numbers, strict=True))
    learn_chunk, psp_chunk, constants = (
        (_learn_chunk_uniform, _psp_chunk_uniform, _uniform_constants)
        if uniform
        else (_learn_chunk, _psp_chunk, _general_constants)
    )
    template = specialise(
        _learning_kernel,
        f"{name}_graded_{kind}_kernel",
        **names,
        _OPERATION=operation,
        _of_target=of_target,
        _constants_at=inlined(specialise(constants, f"{name}{constants.__name__}", **names)),
        _put=inlined(specialise(_put_elements, f"{name}_put_elements", **names)),
        _learn_some=vectorised(specialise(learn_chunk, f"{name}_learn_{kind}", _learn=learn)),
        _psp_of_some=vectorised(specialise(psp_chunk, f"{name}_psp_{kind}", _psp=psp)),
    )
    return Entry(template, 6)


def _observe_kernel(observer, first, last, step):
    """Sample the weight (variable -1), or another variable, of connections onto the cells [first, last)."""
    row = int64_at(observer, OBSERVER_ROW)
    detail, places, values = observed(row, step)
    group = int64_at(detail[0], GRADED_ROW)
    bounds = int64_at(group[FIRST], group[N_TARGETS] + 1)
    variable = row[OBSERVED_VARIABLE] + 1
    k = 0
    for i in range(first, last):
        while k < len(places) and places[k] < bounds[i]:
            k += 1
        while k < len(places) and places[k] < bounds[i + 1]:
            if variable < _N_STATE:  # noqa: F821
                values[k] = element_at(group[STATE], variable, places[k])
            else:
                values[k] = element_at(group[OF_TARGET], variable - _N_STATE, i)  # noqa: F821
            k += 1
    return 0


@inlined
def element_at(table, variable, j):
    """An element of one of the arrays of a table."""
    words = int64_at(table + 24 * variable, 3)
    return float64_at(words[0] + words[1] * j, 1)[0]


def observe_entry(name, n_state):
    return Entry(specialise(_observe_kernel, f"{name}_graded_observe_kernel", _N_STATE=n_state), 4)


# --- operations on all cells of a block --------------------------------------------------------------------


@entry(6)
def pool_kernel(row_at, first, last, step, learns, scratch):
    """Give the targets [first, last) what all cells of their own block together have: mean, max, ..."""
    row = int64_at(row_at, GRADED_ROW)
    ring, mask, n = _ring_at(row, 0)
    past = ring + 8 * n * (step & mask)
    values = float64_at(past, n)
    operation = row[FROM]
    if operation == MAX:
        result = _largest(values, values[0])
    elif operation == MIN:
        result = _smallest(values, values[0])
    elif operation == NORM2:
        result = _dot(past, past, n) ** 0.5
    elif operation == NORM1:
        result = 0.0
        for x in values:
            result += abs(x)
    else:
        result = _sum(past, n) / n
    if last > first:
        _fill(float64_at(row[INPUT] + 8 * first, last - first), result)
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


@vectorised
def _add_to(out, x):
    for i in range(len(out)):
        out[i] += x[i]


@vectorised
def _copy(out, x):
    for i in range(len(out)):
        out[i] = x[i]


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
            _add_to(float64_at(slot + 8 * (row[PLACE] + first), n), x)
            continue
        into = float64_at(row[INTO] + 8 * first, n)
        if row[INJECTED] == 0:
            _fill(into, 0.0)
        elif row[INJECTED] > 0:
            _copy(into, float64_at(row[INJECTED] + 8 * first, n))
        _add_to(into, x)


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
