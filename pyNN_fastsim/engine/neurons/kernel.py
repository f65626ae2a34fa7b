"""
How a model is declared, and how its equations become a compiled kernel.

A neuron model is a scalar function of one neuron and one time step::

    @inlined
    def step(c, s, x):
        ...
        return new_state, spiked

`c` is the tuple of constants that the model's `constants` function derives from the parameters, `s`
the tuple of state variables at t_k, `x` the tuple of what arrived for each receptor at t_{k+1}
followed by the injected current (nA) that flows from t_k to t_{k+1}. The result is the state at
t_{k+1} and whether the neuron fired. Written without branches (``a if condition else b``), the
function is vectorised over neurons. A model may have a second such function `short_step`, which is faster:
it gives what `step` gives, to the last bit, unless the integer that a third function ``unfit(c, s)`` returns
is negative. Chunks without such neurons take it. A model whose equations need smaller steps at times has
three other functions instead, see adaptive.py.

A spike source is a function of the whole block::

    @inlined
    def emit(c, s, first, last, step, out):
        ...
        return count

which writes the indices of the cells of [first, last) that spike in (t_{step-1}, t_step] into the
int32 array `out`, in ascending order and as often as they spike, never more than ``len(out)``.

A source whose cells know when they spike next is a function of one cell instead::

    @inlined
    def spike(c, s, i, step):
        ...

It takes note that cell i spikes in this step, and finds its next spike. When that is due, in steps, is in
the first state variable, "_next"; it may be in this step, too. The last state variable must be "_soonest",
which is kept here: a calendar, without which waiting would cost time in every step. (A spike for which the
list has no room comes a step later.)

A source whose cells spike in most steps may have another function, which is used instead where
``counts(constants)`` says so::

    @inlined
    def count(c, first, last, step, room, counts):
        ...

It writes how often each cell of [first, last) spikes to ``counts[cell]``. The list is made from that, if
anything needs one. `room` and `counts` are addresses: of an int32 array of the capacity of the list, for any
use, and of an int32 array of all cells. On a GPU a third function does the same, cell by cell::

    @inlined
    def count_of(c, i, step):
        ...
        return how often cell i spikes
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..compiling.compile import Entry, inlined, specialise, vectorised
from ..compiling.lowlevel import (
    arrays_at,
    float64_at,
    gather,
    int32_at,
    int64_at,
    rows_at,
    scalars_at,
    scatter,
    spaced_rows,
)
from . import adaptive
from .adaptive import LIMIT

CHUNK = 128  # neurons; what one chunk touches stays in the L1 cache
ADAPTIVE_CHUNK = 4096  # of a model that may redo steps: the more do it together, the better
TOGETHER = 32  # cells of a source for which the soonest spike is kept
AT_ONCE = 4  # places of the list of spikes that a cell of a source that counts writes to

# The words of a block's row in the table that the run loop reads (int64 each).
KERNEL = 0  # address of the compiled kernel
SIZE = 1  # number of cells
IS_SOURCE = 2  # 1 for spike sources, which also run at step 0
STATE = 3  # address of the table of state arrays: (address, stride, length) triples
CONSTANTS = 4  # address of the table of constants, likewise
CHANNEL = 5  # offset of the first receptor's inputs in a slot of the ring buffer
CURRENT = 6  # address of two (address, stride, length) triples: all currents into the cells, nA, and
# the sum of those that are injected
FIRST_ID = 7  # number of the block's first cell in the whole network
RECORD = 8  # address of a uint8 array of flags, which cells' spikes to record; 0 for none
CAPACITY = 9  # room for spikes in one step and thread (sources)
COUNTS = 10  # address of how often each cell spiked, where the source counts; or 0; see `counts_at`
LISTED = 11  # whether a source that counts also lists its spikes
KEPT = 12  # for how many steps these numbers are kept
ROW = 13  # words

KERNEL_ARGUMENTS = 7


@dataclass(frozen=True)
class Model:
    """The declaration of a neuron model or spike source.

    name          of the model, unique: it also names the compiled kernel
    parameters    names, in the units of the engine
    state         initial values by name; those that begin with "_" are not for users
    receptors     names; each gets its own input
    constants     function(parameters: dict of float or array, dt in ms) -> sequence of float or
                  array, what `step` or `emit` gets as `c`
    step          the scalar function of a neuron model, or None
    short_step, unfit
                  a faster one, and for which neurons it won't do; or None
    attempt, fires, finish, refresh
                  the scalar functions of a neuron model that may need smaller steps, see adaptive.py;
                  `refresh` may be None
    emit          the function of a spike source, or None
    spike         the function of a cell of a source that knows when it spikes next, or None
    count         a function that does the same by counting, or None
    counts        function(constants) -> whether `count` is to be used; None if there is none
    count_of      what `count` does, of one cell; or None
    capacity      for sources: function(constants, n cells) -> most spikes in one step
    restart       function(constants, state: dict of array, step = -1) that sets the state at the
                  beginning of a trial, or None
    changed       for sources: function(constants, constants before, state, last step done), called when
                  parameters may have changed during a trial
    remembers     whether its constants tell where "_past" is, see below
    cm            capacitance, nF, of a model that has no parameter of this name; infinite if nobody knows
    graded        receptors that take graded values in each step, see synapses/graded.py: their indices by
                  what users call them
    pools         what cells know of all cells of their block: (operation, variable, index of the receptor
                  that gets it)
    transmits     the variable that cells transmit to others in each step, or None

    Besides its own parameters, `constants` gets "_seed", "_stream" and "_trial", which identify the random
    numbers of a block (see rng.py), and "_past", a function that gives them memory (`Block.past_of`).
    """

    name: str
    parameters: tuple[str, ...]
    state: dict[str, float]
    constants: Callable
    receptors: tuple[str, ...] = ()
    step: Callable | None = None
    short_step: Callable | None = None
    unfit: Callable | None = None
    attempt: Callable | None = None
    fires: Callable | None = None
    finish: Callable | None = None
    refresh: Callable | None = None
    emit: Callable | None = None
    spike: Callable | None = None
    count: Callable | None = None
    counts: Callable | None = None
    count_of: Callable | None = None
    capacity: Callable | None = None
    restart: Callable | None = None
    changed: Callable | None = None
    remembers: bool = False
    cm: float = float("inf")
    graded: dict[str, int] = field(default_factory=dict)
    pools: tuple[tuple[int, str, int], ...] = ()
    transmits: str | None = None

    @property
    def is_source(self):
        return self.emit is not None or self.spike is not None

    @property
    def chunk(self):
        """The number of cells that the kernel advances together."""
        return CHUNK if self.attempt is None else ADAPTIVE_CHUNK


def _advance(c, s, x, flags):
    """One step of each neuron of a chunk whose constants are arrays; see `_advance_uniform`."""
    any_flag = 0
    for i in range(len(flags)):
        state, spiked = _step(gather(c, i), gather(s, i), gather(x, i))  # noqa: F821
        scatter(s, i, state)
        flag = (1 if spiked else 0) | (0 if abs(state[0]) <= LIMIT else 2)
        flags[i] = flag
        any_flag |= flag
    return any_flag


def _advance_uniform(c, s, x, flags):
    """One step of each neuron of a chunk: flags 1 spiked, 2 not finite; returns all of them or-ed."""
    any_flag = 0
    for i in range(len(flags)):
        state, spiked = _step(c, gather(s, i), gather(x, i))  # noqa: F821
        scatter(s, i, state)
        flag = (1 if spiked else 0) | (0 if abs(state[0]) <= LIMIT else 2)
        flags[i] = flag
        any_flag |= flag
    return any_flag


def _all_short(c, s):
    """Whether `short_step` will do for all neurons of a chunk whose constants are arrays."""
    signs = 0
    for i in range(len(s[0])):
        signs |= _unfit(gather(c, i), gather(s, i))  # noqa: F821
    return signs >= 0


def _all_short_uniform(c, s):
    """The same with uniform constants."""
    signs = 0
    for i in range(len(s[0])):
        signs |= _unfit(c, gather(s, i))  # noqa: F821
    return signs >= 0


def _advance_either(c, s, x, flags):
    """One step of each neuron of a chunk, with `short_step` where that gives the same."""
    if _all_short(c, s):  # noqa: F821
        return _advance_short(c, s, x, flags)  # noqa: F821
    return _advance_any(c, s, x, flags)  # noqa: F821


def _neuron_kernel(block, inputs, first, last, step, out, scratch):
    """Step the neurons [first, last) of a block; write the indices of those that spike.

    Returns their number, or -1 - index of a neuron whose state is no longer finite.
    """
    row = int64_at(block, ROW)
    n = row[SIZE]
    spikes = int32_at(out, last - first)
    count = 0
    lo = first
    while lo < last:
        m = min(_CHUNK, last - lo)  # noqa: F821
        flags = int64_at(scratch, m)
        s = rows_at(row[STATE], lo, m, _N_STATE)  # noqa: F821
        arrived = spaced_rows(inputs + 8 * lo, 8 * n, m, _N_RECEPTORS)  # noqa: F821
        x = arrived + rows_at(row[CURRENT], lo, m, 1)
        c = _constants_at(row[CONSTANTS], lo, m)  # noqa: F821
        any_flag = _advance_chunk(c, s, x, flags)  # noqa: F821
        for receptor in range(_N_RECEPTORS):  # noqa: F821
            slot = float64_at(inputs + 8 * (receptor * n + lo), m)
            for i in range(m):
                slot[i] = 0.0
        if any_flag != 0:
            for i in range(m):
                if flags[i] & 2:
                    return -1 - (lo + i)
                if flags[i] & 1:
                    spikes[count] = lo + i
                    count += 1
        lo += m
    return count


def _uniform_constants_at(table, lo, m):
    return scalars_at(table, _N_CONSTANTS)  # noqa: F821


def _general_constants_at(table, lo, m):
    return rows_at(table, lo, m, _N_CONSTANTS)  # noqa: F821


def _source_kernel(block, inputs, first, last, step, out, scratch):
    """Let the cells [first, last) of a spike source emit; returns the number of spikes."""
    row = int64_at(block, ROW)
    c = arrays_at(row[CONSTANTS], _N_CONSTANTS)  # noqa: F821
    s = arrays_at(row[STATE], _N_STATE)  # noqa: F821
    return _emit(c, s, first, last, step, int32_at(out, row[CAPACITY]))  # noqa: F821


def _waiting_kernel(block, inputs, first, last, step, out, scratch):
    """Let those of the cells [first, last) spike whose next spike is due; returns the number of spikes.

    The soonest of the next spikes of the k-th `TOGETHER` cells is in "_soonest" at first + k: whatever cells
    a thread has, no other writes there.
    """
    row = int64_at(block, ROW)
    c = arrays_at(row[CONSTANTS], _N_CONSTANTS)  # noqa: F821
    s = arrays_at(row[STATE], _N_STATE)  # noqa: F821
    due, soonest = s[0], s[-1]
    spikes = int32_at(out, row[CAPACITY])
    count = 0
    place = first
    for lo in range(first, last, TOGETHER):
        if soonest[place] <= step:
            following = np.inf
            for i in range(lo, min(lo + TOGETHER, last)):
                while due[i] <= step and count < len(spikes):
                    spikes[count] = i
                    count += 1
                    _spike(c, s, i, step)  # noqa: F821
                following = min(following, due[i])
            soonest[place] = following
        place += 1
    return count


@inlined
def counts_at(row, step):
    """Address of how often each cell of a source that counts spiked in a step that is kept (int32)."""
    return row[COUNTS] + 4 * row[SIZE] * (step % row[KEPT])


def _counting_kernel(block, inputs, first, last, step, out, scratch):
    """Count the spikes of the cells [first, last) of a source; list them if asked to, and return how many."""
    row = int64_at(block, ROW)
    c = arrays_at(row[CONSTANTS], _N_CONSTANTS)  # noqa: F821
    kept = counts_at(row, step)
    _count(c, first, last, step, out, kept)  # noqa: F821
    if row[LISTED] == 0:
        return 0
    spikes = int32_at(out, row[CAPACITY])
    counts = int32_at(kept, row[SIZE])
    room = row[CAPACITY] - AT_ONCE
    total = 0  # what is written beyond is written over, or never read
    for i in range(first, last):
        for j in range(AT_ONCE):  # no branch for each spike, which would often be predicted wrongly
            spikes[total + j] = i
        count = min(counts[i], room - total)
        for j in range(AT_ONCE, count):
            spikes[total + j] = i
        total += count
    return total


def _advance_function(model, n_constants, uniform):
    """What advances a chunk of a neuron model with uniform constants, or with arrays of them."""
    if model.attempt is not None:
        return adaptive.advance_function(model, uniform, n_constants)
    advance, all_short = (_advance_uniform, _all_short_uniform) if uniform else (_advance, _all_short)
    name = f"{model.name}{advance.__name__}"
    any_step = vectorised(specialise(advance, name, _step=model.step))
    if model.short_step is None:
        return any_step
    return inlined(
        specialise(
            _advance_either,
            f"{name}_either",
            _all_short=vectorised(specialise(all_short, f"{name}_all_short", _unfit=model.unfit)),
            _advance_short=vectorised(specialise(advance, f"{name}_short", _step=model.short_step)),
            _advance_any=any_step,
        )
    )


_kernels = {}


def kernel_of(model, n_constants, uniform, counting=False):
    """The kernel of `model`, for uniform constants or any, or of a source that counts: an `Entry`."""
    functions = (
        model.step, model.short_step, model.unfit,
        model.attempt, model.fires, model.finish, model.refresh,
        model.emit, model.spike, model.count,
    )  # fmt: skip
    # Classes of one name may share their functions, and differ in what the kernel is to find in memory.
    layout = tuple(model.state), tuple(model.receptors), n_constants
    key = (model.name, functions, layout, uniform, counting)
    if key not in _kernels:
        _kernels[key] = _make_kernel(model, n_constants, uniform, counting)
    return _kernels[key]


def _make_kernel(model, n_constants, uniform, counting):
    """The kernel of a model, to be compiled or loaded when its address is asked for."""
    names = {
        "_N_CONSTANTS": n_constants,
        "_N_STATE": len(model.state),
        "_N_RECEPTORS": len(model.receptors),
    }
    if counting:
        kernel = specialise(_counting_kernel, f"{model.name}_counting_kernel", _count=model.count, **names)
    elif model.spike is not None:
        kernel = specialise(_waiting_kernel, f"{model.name}_kernel", _spike=model.spike, **names)
    elif model.is_source:
        kernel = specialise(_source_kernel, f"{model.name}_kernel", _emit=model.emit, **names)
    else:
        kind = "uniform" if uniform else "general"
        constants_at = _uniform_constants_at if uniform else _general_constants_at
        kernel = specialise(
            _neuron_kernel,
            f"{model.name}_{kind}_kernel",
            _constants_at=inlined(specialise(constants_at, f"{model.name}_{kind}_constants_at", **names)),
            _advance_chunk=_advance_function(model, n_constants, uniform),
            _CHUNK=model.chunk,
            **names,
        )
    return Entry(kernel, KERNEL_ARGUMENTS)
