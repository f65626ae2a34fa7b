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
function is vectorised over neurons.

A neuron model that one step of the grid is too long for, at times, has two functions instead::

    @inlined
    def attempt(c, s, x, part):
        ...
        return new_state, error

    @inlined
    def finish(c, s, x):
        ...
        return new_state, spiked

`attempt` integrates over `part` (0 to 1) of a step and estimates the error of that, in units of what is
acceptable; `finish` does what is to be done once, at t_{k+1}. All neurons first attempt the whole step,
vectorised; those whose error is above 1 are packed together and do it again, vectorised too, each in
parts of its own choice. The last state variable of such a model must be "_part", which the kernel keeps:
the part to begin with. What a neuron does depends on its own state only, not on its neighbours.

A spike source is a function of the whole block::

    @inlined
    def emit(c, s, first, last, step, out):
        ...
        return count

which writes the indices of the cells of [first, last) that spike in (t_{step-1}, t_step] into the
int32 array `out`, in ascending order and as often as they spike, never more than ``len(out)``.
"""

import math
import types as python_types
from collections.abc import Callable
from dataclasses import dataclass

from numba import types

from .compile import compile_to_address, vectorised
from .lowlevel import (
    arrays_at,
    float64_at,
    gather,
    int32_at,
    int64_at,
    local_rows,
    rows_at,
    scalars_at,
    scatter,
    select,
)

CHUNK = 128  # neurons; what one chunk touches stays in the L1 cache
LIMIT = 1e300  # a first state variable beyond this is no longer a number of anything

# What is said of a neuron after its step.
SPIKED = 1
NOT_FINITE = 2
TOO_COARSE = 4  # the step is to be done again, in parts

LANES = 16  # neurons that redo a step together
SMALLEST_PART = 1e-4  # of a step: parts don't get smaller for any error
LARGEST_ERROR = 1e6  # errors above this, and NaN, count as this
SHRINK, GROW = 0.2, 4.0  # at most so much smaller or larger is the next part

# The words of a block's row in the table that the run loop reads (int64 each).
KERNEL = 0  # address of the compiled kernel
SIZE = 1  # number of cells
IS_SOURCE = 2  # 1 for spike sources, which also run at step 0
STATE = 3  # address of the table of state arrays: (address, stride, length) triples
CONSTANTS = 4  # address of the table of constants, likewise
UNIFORM = 5  # 1 if all constants are the same for all cells
CHANNEL = 6  # offset of the first receptor's inputs in a slot of the ring buffer
CURRENT = 7  # address of one (address, stride, length) triple: the injected current, nA
FIRST_ID = 8  # number of the block's first cell in the whole network
RECORD = 9  # address of a uint8 array of flags, which cells' spikes to record; 0 for none
CAPACITY = 10  # room for spikes in one step and thread (sources)
SOURCE_INDEX = 11  # the block's place among those that spike, in the tables of spikes
ROW = 12  # words

KERNEL_SIGNATURE = ((types.int64,) * 7, types.int64)


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
    attempt       the scalar functions of a neuron model that may need smaller steps, or None
    finish
    emit          the function of a spike source, or None
    capacity      for sources: function(constants, n cells) -> most spikes in one step
    restart       for sources: function(constants, state: dict of array, step = -1) that sets the
                  state at the beginning of a trial
    changed       for sources: function(constants, state, last step done), called when parameters
                  have changed during a trial

    The names of a source's own parameters may be followed in `constants` by "_seed", "_stream" and
    "_trial", which identify its random numbers (see rng.py).
    """

    name: str
    parameters: tuple[str, ...]
    state: dict[str, float]
    constants: Callable
    receptors: tuple[str, ...] = ()
    step: Callable | None = None
    attempt: Callable | None = None
    finish: Callable | None = None
    emit: Callable | None = None
    capacity: Callable | None = None
    restart: Callable | None = None
    changed: Callable | None = None

    @property
    def is_source(self):
        return self.emit is not None


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


def _attempt_general(c, s, x, flags):
    """As `_attempt_uniform` for a chunk whose constants are arrays."""
    any_flag = 0
    for i in range(len(flags)):
        old, arrived = gather(s, i), gather(x, i)
        state, error = _attempt(gather(c, i), old, arrived, 1.0)  # noqa: F821
        state, spiked = _finish(gather(c, i), state, arrived)  # noqa: F821
        fine = error <= 1.0
        scatter(s, i, select(fine, state, old))
        s[-1][i] = 1.0 if fine else min(old[-1], 0.5)
        flag = (1 if spiked else 0) | (0 if abs(state[0]) <= LIMIT else 2)
        flag = flag if fine else TOO_COARSE
        flags[i] = flag
        any_flag |= flag
    return any_flag


def _attempt_uniform(c, s, x, flags):
    """Let each neuron of a chunk try a whole step; those that fail keep their old state."""
    any_flag = 0
    for i in range(len(flags)):
        old, arrived = gather(s, i), gather(x, i)
        state, error = _attempt(c, old, arrived, 1.0)  # noqa: F821
        state, spiked = _finish(c, state, arrived)  # noqa: F821
        fine = error <= 1.0
        scatter(s, i, select(fine, state, old))
        s[-1][i] = 1.0 if fine else min(old[-1], 0.5)
        flag = (1 if spiked else 0) | (0 if abs(state[0]) <= LIMIT else 2)
        flag = flag if fine else TOO_COARSE
        flags[i] = flag
        any_flag |= flag
    return any_flag


def _refine(c, s, x, part, done, n):
    """Let the first `n` lanes of packed arrays do one step in parts."""
    for j in range(n):
        done[j] = 0.0
    busy = True
    while busy:
        n_busy = 0
        for j in range(n):
            left = 1.0 - done[j]
            # Not so little of the step must be left that it would make a part too small to matter.
            tried = left if part[j] >= left else (0.5 * left if part[j] > 0.5 * left else part[j])
            old = gather(s, j)
            state, error = _attempt(gather(c, j), old, gather(x, j), tried)  # noqa: F821
            error = error if error < LARGEST_ERROR else LARGEST_ERROR
            fine = ((error <= 1.0) | (tried <= SMALLEST_PART)) & (left > 0.0)
            scatter(s, j, select(fine, state, old))
            # The error of one part of a method of order p grows with part**(p + 1); p = 3 is cautious.
            factor = min(max(0.9 / math.sqrt(math.sqrt(error + 1e-12)), SHRINK), GROW)
            wanted = max(tried * factor, SMALLEST_PART)
            part[j] = part[j] if left <= 0.0 else wanted
            ended = tried >= left
            done[j] = (1.0 if ended else done[j] + tried) if fine else done[j]
            n_busy += 1 if done[j] < 1.0 else 0
        busy = n_busy > 0


def _redo(c, s, x, flags):
    """Redo the step of the neurons of a chunk that are marked as too coarse; see `_refine`."""
    lane_c = local_rows(_N_CONSTANTS, LANES)  # noqa: F821
    lane_s = local_rows(_N_STATE, LANES)  # noqa: F821
    lane_x = local_rows(_N_INPUTS, LANES)  # noqa: F821
    part, done, place = local_rows(3, LANES)
    any_flag = 0
    next_one = 0
    while next_one < len(flags):
        n = 0
        while next_one < len(flags) and n < LANES:
            if flags[next_one] & TOO_COARSE:
                scatter(lane_c, n, _constants_of(c, next_one))  # noqa: F821
                scatter(lane_s, n, gather(s, next_one))
                scatter(lane_x, n, gather(x, next_one))
                part[n] = s[-1][next_one]
                place[n] = next_one
                n += 1
            else:
                any_flag |= flags[next_one]
            next_one += 1
        _refine_lanes(lane_c, lane_s, lane_x, part, done, n)  # noqa: F821
        for j in range(n):
            i = int(place[j])
            state, spiked = _finish(gather(lane_c, j), gather(lane_s, j), gather(lane_x, j))  # noqa: F821
            scatter(s, i, state)
            s[-1][i] = min(part[j], 1.0)
            flag = (1 if spiked else 0) | (0 if abs(state[0]) <= LIMIT else 2)
            flags[i] = flag
            any_flag |= flag
    return any_flag


def _constants_of_one(c, i):
    return gather(c, i)


def _constants_of_all(c, i):
    return c


def _advance_in_parts(c, s, x, flags):
    """One step of each neuron of a chunk, in parts for those that need it."""
    any_flag = _attempt_chunk(c, s, x, flags)  # noqa: F821
    if any_flag & TOO_COARSE:
        any_flag = _redo_chunk(c, s, x, flags)  # noqa: F821
    return any_flag


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
        m = min(CHUNK, last - lo)
        flags = int64_at(scratch, m)
        s = rows_at(row[STATE], lo, m, _N_STATE)  # noqa: F821
        x = _input_rows(inputs, n, row[CURRENT], lo, m)  # noqa: F821
        if row[UNIFORM] == 1:
            any_flag = _chunk_uniform(scalars_at(row[CONSTANTS], _N_CONSTANTS), s, x, flags)  # noqa: F821
        else:
            any_flag = _chunk(rows_at(row[CONSTANTS], lo, m, _N_CONSTANTS), s, x, flags)  # noqa: F821
        for receptor in range(_N_RECEPTORS):  # noqa: F821
            float64_at(inputs + 8 * (receptor * n + lo), m)[:] = 0.0
        if any_flag != 0:
            for i in range(m):
                if flags[i] & 2:
                    return -1 - (lo + i)
                if flags[i] & 1:
                    spikes[count] = lo + i
                    count += 1
        lo += m
    return count


def _input_rows_0(inputs, n, current, lo, m):
    return rows_at(current, lo, m, 1)


def _input_rows_1(inputs, n, current, lo, m):
    return (float64_at(inputs + 8 * lo, m), rows_at(current, lo, m, 1)[0])


def _input_rows_2(inputs, n, current, lo, m):
    return (
        float64_at(inputs + 8 * lo, m),
        float64_at(inputs + 8 * (n + lo), m),
        rows_at(current, lo, m, 1)[0],
    )


_INPUT_ROWS = (_input_rows_0, _input_rows_1, _input_rows_2)


def _source_kernel(block, inputs, first, last, step, out, scratch):
    """Let the cells [first, last) of a spike source emit; returns the number of spikes."""
    row = int64_at(block, ROW)
    c = arrays_at(row[CONSTANTS], _N_CONSTANTS)  # noqa: F821
    s = arrays_at(row[STATE], _N_STATE)  # noqa: F821
    return _emit(c, s, first, last, step, int32_at(out, row[CAPACITY]))  # noqa: F821


def _specialise(template, name, **names):
    """A copy of `template` that sees `names` as globals, as Numba wants its constants.

    Not a closure: Numba compiles closures over compiled functions anew in every process.
    """
    scope = {**globals(), **names}
    function = python_types.FunctionType(template.__code__, scope, name)
    function.__qualname__ = name
    function.__module__ = template.__module__
    return function


def _chunk_functions(model, names):
    """The functions that advance one chunk of a neuron model: (uniform constants, arrays)."""
    def make(template, what, **more):
        return vectorised(_specialise(template, f"{model.name}_{what}", **more, **names))

    if model.step is not None:
        return (
            make(_advance_uniform, "advance_uniform", _step=model.step),
            make(_advance, "advance", _step=model.step),
        )
    scalar = {"_attempt": model.attempt, "_finish": model.finish, "_N_INPUTS": len(model.receptors) + 1}
    refine = make(_refine, "refine", **scalar)

    def advance(attempt, constants_of, what):
        redo = make(
            _redo, f"redo_{what}", _constants_of=vectorised(constants_of), _refine_lanes=refine, **scalar
        )
        attempt = make(attempt, f"attempt_{what}", **scalar)
        return make(_advance_in_parts, f"advance_{what}", _attempt_chunk=attempt, _redo_chunk=redo)

    return (
        advance(_attempt_uniform, _constants_of_all, "uniform"),
        advance(_attempt_general, _constants_of_one, "general"),
    )


_kernels = {}


def kernel_of(model, n_constants):
    """The compiled kernel of `model`: the callback, which must be kept."""
    key = (model.name, model.step, model.attempt, model.finish, model.emit, n_constants)
    if key not in _kernels:
        _kernels[key] = _make_kernel(model, n_constants)
    return _kernels[key]


def _make_kernel(model, n_constants):
    """Compile the kernel of a model, or load it."""
    n_receptors = len(model.receptors)
    names = {"_N_CONSTANTS": n_constants, "_N_STATE": len(model.state), "_N_RECEPTORS": n_receptors}
    if model.is_source:
        kernel = _specialise(_source_kernel, f"{model.name}_kernel", _emit=model.emit, **names)
    else:
        uniform, general = _chunk_functions(model, names)
        kernel = _specialise(
            _neuron_kernel,
            f"{model.name}_kernel",
            _chunk_uniform=uniform,
            _chunk=general,
            _input_rows=vectorised(_INPUT_ROWS[n_receptors]),
            **names,
        )
    return compile_to_address(kernel, KERNEL_SIGNATURE)
