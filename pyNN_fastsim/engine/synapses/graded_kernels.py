"""
The kernels of graded connections: static ones, and such that do what a model's functions say.

Each goes through the connections onto the cells [first, last) of a target block, lets them learn if that is
due, and leaves what each of these cells receives in the next step in the group's array; see transmission.py.
"""

from ..compiling.compile import Entry, entry, inlined, jit, specialise, vectorised
from ..compiling.elementwise import fill
from ..compiling.lowlevel import (
    elements_at,
    float64_at,
    gather,
    int64_at,
    local_rows,
    rows_at,
    scalars_at,
    scatter,
    spaced_rows,
    uint16_at,
    uint32_at,
)
from .ahead import sum_ahead
from .dynamic import OBSERVED_VARIABLE, OBSERVER_ROW, observed
from .graded_sums import (
    LANES,
    dot,
    folded,
    largest,
    one_by_one,
    products_of,
    smallest,
    sum_into,
    sum_of,
    times,
    values_of,
)
from .transmission import (
    AHEAD,
    CHUNK,
    CONSTANTS,
    DELAY_STRIDE,
    DELAYS,
    FIRST,
    FROM,
    GRADED_ROW,
    INPUT,
    IS_DIAGONAL,
    LEARNS,
    MAX,
    MEAN,
    MIN,
    N_TARGETS,
    OF_TARGET,
    OFFSET,
    OWN,
    OWN_WEIGHTS,
    PERIOD,
    POST,
    SOURCES,
    STATE,
    SUM,
    TIME_STEP,
    WEIGHT_STRIDE,
    WEIGHTS,
    ring_at,
)

# --- static connections -----------------------------------------------------------------------------------


@jit
def _past_at(row, step):
    """Address of the values of the source that arrive after `step`, where all delays are the same."""
    ring, mask, n = ring_at(row, 0)
    return ring + 8 * n * ((step - uint16_at(row[DELAYS], 1)[0]) & mask)


@jit
def _sum_of_delayed(row, begin, end, step):
    """The sum of w r(t - d) over some connections that have delays of their own."""
    ring, mask, n = ring_at(row, 0)
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
        return dot(row[WEIGHTS] + 8 * begin, past + 8 * row[FROM], m)
    weights, sources = float64_at(row[WEIGHTS] + 8 * begin, m), uint32_at(row[SOURCES] + 4 * begin, m)
    return products_of(weights, sources, float64_at(past, n))


@jit
def _sum_of_alike(row, begin, end, past, n):
    """The sum of r over some connections, of which all have the same delay and weight."""
    if row[SOURCES] == 0:
        return sum_of(past + 8 * row[FROM], end - begin)
    return values_of(uint32_at(row[SOURCES] + 4 * begin, end - begin), float64_at(past, n))


@jit
def _diagonal(row, first, last, past):
    begin = max(first, row[FROM])
    end = min(last, row[FROM] + int64_at(row[FIRST], row[N_TARGETS] + 1)[row[N_TARGETS]])
    if begin >= end:
        return
    out, r = float64_at(row[INPUT] + 8 * begin, end - begin), float64_at(past + 8 * begin, end - begin)
    if row[WEIGHT_STRIDE] == 0:
        times(out, float64_at(row[WEIGHTS], 1)[0], r)
    else:
        one_by_one(out, float64_at(row[WEIGHTS] + 8 * (begin - row[FROM]), end - begin), r)


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
    past, n = _past_at(row, step), ring_at(row, 0)[2]
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
    ring, mask, n = ring_at(row, p)
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
            ring, mask, n = ring_at(row, p)
            past = ring + 8 * n * ((step - uint16_at(row[DELAYS], 1)[0]) & mask)
            _take(out, uint32_at(row[SOURCES] + 4 * lo, m), float64_at(past, n))
        else:
            _take_delayed(row, p, lo, m, begin, step, out)


@jit
def _point_at(row, n_values, step, table):
    """Write down where the values of the source are, for `rows_at`, if all connections share a delay."""
    words = int64_at(table, 3 * n_values)
    for p in range(n_values):
        ring, mask, n = ring_at(row, p)
        words[3 * p] = ring + 8 * (n * ((step - uint16_at(row[DELAYS], 1)[0]) & mask) + row[FROM])
        words[3 * p + 1], words[3 * p + 2] = 8, n - row[FROM]


@inlined
def _timeless(post, row, step):
    return post


@inlined
def _with_time(post, row, step):
    """Values of a target, and the time, ms."""
    return post + (step * float64_at(row[TIME_STEP], 1)[0],)  # noqa: RUF005


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
        post = _and_time(elements_at(row[POST], i, _N_POST), row, step)  # noqa: F821
        if is_due:
            c = elements_at(row[CONSTANTS], begin, _N_CONSTANTS)  # noqa: F821
            own = elements_at(row[OF_TARGET], i, _N_OF_TARGET)  # noqa: F821
            _put(row[OF_TARGET], i, _of_target(c, own, post))  # noqa: F821
        g = elements_at(row[OF_TARGET], i, _N_OF_TARGET)  # noqa: F821
        fill(lanes, 0.0)
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
                extreme = largest(out, out[0] if lo == begin else extreme)
            elif _OPERATION == MIN:  # noqa: F821
                extreme = smallest(out, out[0] if lo == begin else extreme)
            else:
                sum_into(lanes, result, m)
        if _OPERATION == SUM:  # noqa: F821
            inputs[i] = folded(lanes)
        elif _OPERATION == MEAN:  # noqa: F821
            inputs[i] = folded(lanes) / (end - begin)
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


def learning_entry(name, uniform, operation, learn, of_target, psp, numbers, knows_time=False):
    """The kernel of a model.

    uniform    whether all connections share all constants
    learn, of_target, psp
               the model's functions, see graded.GradedModel
    numbers    numbers of constants, state variables, variables of the target, values of pre and of post
    knows_time
               whether the time (ms) is the last of the values of post
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
        _and_time=_with_time if knows_time else _timeless,
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
