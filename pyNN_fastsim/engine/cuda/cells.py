"""
What takes a cell through a step: of neurons, and of spike sources.

These are functions of one cell of one block; `steps.py` makes kernels of those that a network needs. A thread
takes its cell's state from memory through `step` back to memory, so that what a cell does depends on nothing
else, and gives the same numbers as on the CPU.
"""

import math

from ..compiling.compile import inlined
from ..compiling.lowlevel import arrays_at, float64_at, int32_at, int64_at, uint8_at
from ..neurons.adaptive import CAUTION, GROW, LARGEST_ERROR, LIMIT, SHRINK, SMALLEST_PART
from .lists import note_plastic
from .names import add_int, lower_to, read, write
from .parts import part_of
from .words import (
    CAPACITY,
    CELLS,
    CHANNEL,
    CONSTANT_SPACING,
    CONSTANT_STRIDE,
    CONSTANTS,
    COUNTED,
    COUNTED_DELAY,
    COUNTED_FROM,
    COUNTED_KEPT,
    COUNTED_RECEPTOR,
    COUNTED_ROW,
    COUNTED_SINCE,
    COUNTED_STRIDE,
    COUNTED_WEIGHTS,
    COUNTS,
    CURRENTS,
    ENTRIES,
    ENTRY,
    ENTRY_CELL,
    ENTRY_UNITS,
    FAILED,
    FIRST_CURRENT,
    FIRST_ID,
    HEAD,
    INDEX,
    INJECTED,
    INJECTED_FIRST,
    KEPT,
    LIST,
    LISTED,
    LOG,
    LOG_CAPACITY,
    LOG_LENGTH,
    MASK,
    N_COUNTED,
    N_CURRENTS,
    PLASTIC_LIST,
    RECORD,
    RING,
    ROOM,
    SIZE,
    STATE,
    STOP,
    UNIT_ROW,
    UNITS,
    UNITS_SHIFT,
    WIDTH,
)

# --- what all of them do ------------------------------------------------------------------------------------


@inlined
def _note(head_at, row, i, times, step):
    """Put a cell that spikes, `times` times in this step, into the list of spikes and into the log."""
    head = int64_at(head_at, HEAD)
    if row[ENTRIES] != 0:
        place = add_int(head[LISTED] + 8 * (step & 1), row[ENTRIES])
        for k in range(row[ENTRIES]):
            entry = int64_at(head[LIST] + 8 * ENTRY * (place + k), ENTRY)
            entry[ENTRY_UNITS] = row[UNITS] + 8 * UNIT_ROW * (k << head[UNITS_SHIFT])
            entry[ENTRY_CELL] = times * CELLS + i
    if row[PLASTIC_LIST] != 0:
        note_plastic(row[PLASTIC_LIST], i, times, step)
    if row[RECORD] != 0 and uint8_at(row[RECORD] + i, 1)[0] != 0:
        place = add_int(head_at + 8 * LOG_LENGTH, times)
        for k in range(times):
            if place + k < head[LOG_CAPACITY]:
                pair = int32_at(head[LOG] + 8 * (place + k), 2)
                pair[0] = row[FIRST_ID] + i
                pair[1] = step


@inlined
def _fail(head_at, row, i, step):
    """Say that a cell's state is no longer finite, and that no other step is to be done."""
    lower_to(head_at + 8 * FAILED, row[INDEX] * CELLS + i)
    lower_to(head_at + 8 * STOP, step)


@inlined
def _injected(head, row, i, step):
    """The current (nA) that is injected into a cell from the step before on."""
    total = 0.0
    if row[INJECTED_FIRST] != 0:
        bounds = int32_at(row[INJECTED_FIRST] + 4 * i, 2)
        values = head[CURRENTS] + 8 * head[N_CURRENTS] * (step - 1 - head[FIRST_CURRENT])
        for k in range(bounds[0], bounds[1]):
            total += float64_at(values + 8 * int32_at(row[INJECTED] + 4 * k, 1)[0], 1)[0]
    return total


@inlined
def _arrived(head, row, i, step):
    """Address of what arrives at a cell's receptors in this step, with what numbers of spikes bring."""
    n = row[SIZE]
    inputs = head[RING] + 8 * ((step & head[MASK]) * head[WIDTH] + row[CHANNEL] + i)
    for k in range(row[N_COUNTED]):
        group = int64_at(row[COUNTED] + 8 * COUNTED_ROW * k, COUNTED_ROW)
        emitted = step - group[COUNTED_DELAY]
        if emitted >= group[COUNTED_SINCE]:
            kept = group[COUNTED_FROM] + 4 * n * (emitted % group[COUNTED_KEPT])
            count = int32_at(kept + 4 * i, 1)[0]
            weight = float64_at(group[COUNTED_WEIGHTS] + group[COUNTED_STRIDE] * i, 1)[0]
            float64_at(inputs + 8 * n * group[COUNTED_RECEPTOR], 1)[0] += count * weight
    return inputs


# --- neurons ------------------------------------------------------------------------------------------------


def _neuron(head_at, row, i, step):
    """Take a neuron to a step."""
    if step == 0:
        return
    head = int64_at(head_at, HEAD)
    n = row[SIZE]
    inputs = _arrived(head, row, i, step)
    x = read(inputs, 8 * n, _N_RECEPTORS) + (_injected(head, row, i, step),)  # noqa: F821
    write(inputs, 8 * n, _NOTHING)  # noqa: F821
    c = read(row[CONSTANTS] + row[CONSTANT_STRIDE] * i, row[CONSTANT_SPACING], _N_CONSTANTS)  # noqa: F821
    s = read(row[STATE] + 8 * i, 8 * n, _N_STATE)  # noqa: F821
    state, spiked = _step(c, s, x)  # noqa: F821
    write(row[STATE] + 8 * i, 8 * n, state)
    if not abs(state[0]) <= LIMIT:
        _fail(head_at, row, i, step)
    elif spiked:
        _note(head_at, row, i, 1, step)


def _adaptive_step(c, s, x):
    """A step of a neuron that may need smaller ones (adaptive.py), for one neuron after the other."""
    old, begin = s[:-1], s[-1]
    if begin < 0.0:
        old = _refresh(c, old)  # noqa: F821
    begin = abs(begin)
    last = old
    part, done, tried = min(begin, 0.5), 0.0, 1.0
    whole, fired = True, False
    while done < 1.0:
        new, error = _attempt(c, last, x, tried)  # noqa: F821
        error = error if error < LARGEST_ERROR else LARGEST_ERROR
        fine = error <= 1.0 or tried <= SMALLEST_PART
        if whole:
            if fine:
                end = _finish(c, old, new, x)  # noqa: F821
                return end + (1.0,), _fires(c, old, end)  # noqa: F821
            whole = False
        else:
            if fine:
                fired = fired or _fires(c, last, new)  # noqa: F821
                last = new
                done = 1.0 if tried >= 1.0 - done else done + tried
            factor = CAUTION / math.sqrt(math.sqrt(error + 1e-12))
            part = max(tried * min(max(factor, SHRINK), GROW), SMALLEST_PART)
        left = 1.0 - done
        half = 0.5 * left if part > 0.5 * left else part
        tried = left if part >= left else half
    end = _finish(c, old, last, x)  # noqa: F821
    return end + (min(part, 1.0),), fired or _fires(c, last, end)  # noqa: F821


@inlined
def _nothing_to_refresh(c, s):
    return s


def neuron_part(model, n_constants):
    """The function that takes a neuron of a model to a step."""
    return part_of(
        _neuron,
        f"{model.name}_neuron",
        _step=model.step if model.attempt is None else _adaptive(model),
        _N_CONSTANTS=n_constants,
        _N_STATE=len(model.state),
        _N_RECEPTORS=len(model.receptors),
        _NOTHING=(0.0,) * len(model.receptors),
    )


def _adaptive(model):
    names = {
        "_attempt": model.attempt,
        "_fires": model.fires,
        "_finish": model.finish,
        "_refresh": model.refresh or _nothing_to_refresh,
    }
    return part_of(_adaptive_step, f"{model.name}_step", **names)


# --- spike sources ------------------------------------------------------------------------------------------


def _waiting_cell(head_at, row, i, step):
    """Let a cell spike if its next spike is due; of sources with a function `spike`."""
    n = row[SIZE]
    due = float64_at(row[STATE], n)
    if due[i] > step:
        return
    c = arrays_at(row[CONSTANTS], _N_CONSTANTS)  # noqa: F821
    s = _state_rows(row[STATE], 8 * n, n, _N_STATE)  # noqa: F821
    times = 0
    while due[i] <= step and times < row[CAPACITY]:
        times += 1
        _spike(c, s, i, step)  # noqa: F821
    _note(head_at, row, i, times, step)


def _counting_cell(head_at, row, i, step):
    """Draw how often a cell spikes; of sources with a function `count_of`."""
    c = arrays_at(row[CONSTANTS], _N_CONSTANTS)  # noqa: F821
    times = _count_of(c, i, step)  # noqa: F821
    int32_at(row[COUNTS] + 4 * row[SIZE] * (step % row[KEPT]) + 4 * i, 1)[0] = times
    if times > 0 and (row[ENTRIES] != 0 or row[PLASTIC_LIST] != 0 or row[RECORD] != 0):
        _note(head_at, row, i, times, step)


def _emitting_block(head_at, row, i, step):
    """Let a block emit; of sources with a function `emit`."""
    if i > 0:
        return
    n = row[SIZE]
    c = arrays_at(row[CONSTANTS], _N_CONSTANTS)  # noqa: F821
    s = _state_rows(row[STATE], 8 * n, n, _N_STATE)  # noqa: F821
    cells = int32_at(row[ROOM], row[CAPACITY])
    count = _emit(c, s, 0, n, step, cells)  # noqa: F821
    k = 0
    while k < count:
        times = 1
        while k + times < count and cells[k + times] == cells[k]:
            times += 1
        _note(head_at, row, cells[k], times, step)
        k += times


def source_part(model, n_constants, counting):
    """The function that takes a cell of a spike source, or a block of them, to a step."""
    from ..compiling.lowlevel import spaced_rows

    names = {"_N_CONSTANTS": n_constants, "_N_STATE": len(model.state), "_state_rows": spaced_rows}
    if counting:
        return part_of(_counting_cell, f"{model.name}_counting", _count_of=model.count_of, **names)
    if model.spike is not None:
        return part_of(_waiting_cell, f"{model.name}_waiting", _spike=model.spike, **names)
    return part_of(_emitting_block, f"{model.name}_emitting", _emit=model.emit, **names)
