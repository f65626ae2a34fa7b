"""
A step on a card, in two phases; and kernels of what happens once a launch.

    update    takes all cells, of neurons and of sources, to the step. What counting sources draw arrives one
              step later at the earliest, so it makes no difference which of them come first.
    deliver   delivers the spikes of the step, takes the samples that are due, and ends the step

All of a phase may be done in any order, and by any number of threads. The next one begins when all threads
have done it: in another kernel (launching.py), or behind a barrier (persistent.py).
"""

from ..compiling.compile import inlined
from ..compiling.lowlevel import float64_at, int64_at
from .compile import SIMULATED, kernel_of
from .delivery import LANES
from .names import cuda, lower_to
from .parts import any_of, named, part_of
from .words import (
    ARRIVED,
    BLOCK_ROW,
    BUFFER,
    BUFFER_ROW,
    CELL_KIND,
    CELLS,
    CURRENTS,
    ENTRY,
    ENTRY_CELL,
    ENTRY_UNITS,
    FAILED,
    FIRST_CURRENT,
    HEAD,
    INTERVAL,
    LIST,
    LISTED,
    LOG,
    LOG_CAPACITY,
    LOG_LENGTH,
    LOG_SLACK,
    N_SAMPLE_TILES,
    N_SAMPLED,
    NOW,
    PARTS,
    REPORT,
    SAMPLE_TILES,
    SAMPLED,
    SAMPLED_CELLS,
    SAMPLER_ROW,
    SAMPLERS,
    SIZE,
    STOP,
    TILE_AT,
    TILE_FIRST,
    TILE_ROW,
    UNIT_KIND,
    UNIT_ROW,
    UNITS_SHIFT,
)

TILE = 2 if SIMULATED else 128  # cells, and threads that take them through a step together

# --- cells --------------------------------------------------------------------------------------------------


def _cell_of_kind(head_at, row, i, step):
    if row[CELL_KIND] == _KIND:  # noqa: F821
        _this(head_at, row, i, step)  # noqa: F821
    else:
        _others(head_at, row, i, step)  # noqa: F821


@inlined
def _no_cell(head_at, row, i, step):
    pass


def _update(head_at, tiles, n_tiles, step, thread, n_threads):
    """Take the cells of tiles to a step: this thread's part of them."""
    tile = thread // TILE
    while tile < n_tiles:
        words = int64_at(tiles + 8 * TILE_ROW * tile, TILE_ROW)
        row = int64_at(words[TILE_AT], BLOCK_ROW)
        i = words[TILE_FIRST] + thread % TILE
        if i < row[SIZE]:
            _cell(head_at, row, i, step)  # noqa: F821
        tile += n_threads // TILE


def update_part(cells):
    """The function of a phase, for cells of several kinds."""
    return part_of(_update, "update", _cell=any_of(cells, _cell_of_kind, _no_cell))


# --- spikes and samples -------------------------------------------------------------------------------------


def _unit_of_kind(head, unit, cell, times, step, lane):
    if unit[UNIT_KIND] == _KIND:  # noqa: F821
        _this(head, unit, cell, times, step, lane)  # noqa: F821
    else:
        _others(head, unit, cell, times, step, lane)  # noqa: F821


@inlined
def _no_unit(head, unit, cell, times, step, lane):
    pass


@inlined
def _end_step(head, head_at, step):
    """What one thread does when all cells have been updated: forget how many spikes the step before had, and
    stop if the log might not have room for another step."""
    int64_at(head[LISTED], 2)[(step + 1) & 1] = 0
    if head[LOG_LENGTH] + head[LOG_SLACK] > head[LOG_CAPACITY]:
        lower_to(head_at + 8 * STOP, step)


def _deliver(head, step, thread, n_threads):
    """Deliver the spikes of a step: this thread's part of them."""
    shift, w = head[UNITS_SHIFT], thread // LANES
    # Perhaps of another step: read now, so as not to wait for one thing after the other.
    entry = int64_at(head[LIST] + 8 * ENTRY * (w >> shift), ENTRY)
    units, who = entry[ENTRY_UNITS], entry[ENTRY_CELL]
    n = int64_at(head[LISTED], 2)[step & 1] << shift
    while w < n:
        unit = int64_at(units + 8 * UNIT_ROW * (w & ((1 << shift) - 1)), UNIT_ROW)
        if unit[PARTS] > 0:
            _unit(head, unit, who & (CELLS - 1), who // CELLS, step, thread % LANES)  # noqa: F821
        w += n_threads // LANES
        if w < n:
            entry = int64_at(head[LIST] + 8 * ENTRY * (w >> shift), ENTRY)
            units, who = entry[ENTRY_UNITS], entry[ENTRY_CELL]


@inlined
def _sample(head, step, thread, n_threads):
    """Take the samples that are due at a step: this thread's part of them, from the last thread on, since
    the first ones deliver spikes. Each chunk has a table of samplers of its own: the head knows it."""
    tile = (n_threads - 1 - thread) // TILE
    while tile < head[N_SAMPLE_TILES]:
        words = int64_at(head[SAMPLE_TILES] + 8 * TILE_ROW * tile, TILE_ROW)
        row = int64_at(head[SAMPLERS] + 8 * SAMPLER_ROW * words[TILE_AT], SAMPLER_ROW)
        j = words[TILE_FIRST] + thread % TILE
        if j < row[N_SAMPLED] and step % row[INTERVAL] == 0:
            samples = row[BUFFER] + 8 * row[N_SAMPLED] * (row[BUFFER_ROW] + step // row[INTERVAL])
            cell = int64_at(row[SAMPLED_CELLS] + 8 * j, 1)[0]
            float64_at(samples + 8 * j, 1)[0] = float64_at(row[SAMPLED] + 8 * cell, 1)[0]
        tile += n_threads // TILE


def _finish(head_at, step, thread, n_threads):
    """Do what follows when all cells have been taken to a step."""
    head = int64_at(head_at, HEAD)
    if thread == 0:
        _end_step(head, head_at, step)
    _deliver(head, step, thread, n_threads)  # noqa: F821
    _sample(head, step, thread, n_threads)


def finish_part(synapses):
    """The function of a phase, for synapses of several kinds."""
    deliver = part_of(_deliver, "deliver", _unit=any_of(synapses, _unit_of_kind, _no_unit))
    return part_of(_finish, "finish", _deliver=deliver)


# --- a kernel for each phase --------------------------------------------------------------------------------


def _update_kernel(head_at, table, n_rows, ahead):
    """The first phase of a step: `table` is that of tiles."""
    head = int64_at(head_at, HEAD)
    step = head[NOW] + ahead
    if head[STOP] >= step:
        thread = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
        _update(head_at, table, n_rows, step, thread, cuda.gridDim.x * cuda.blockDim.x)


def _finish_kernel(head_at, table, n_rows, ahead):
    """The second phase of a step."""
    head = int64_at(head_at, HEAD)
    step = head[NOW] + ahead
    if head[STOP] >= step:
        thread = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
        _finish(head_at, step, thread, cuda.gridDim.x * cuda.blockDim.x)  # noqa: F821


def update_kernel(cells):
    """The kernel that takes cells of several kinds to a step."""
    return kernel_of(_update_kernel, named("update", cells), _update=update_part(cells))


def finish_kernel(synapses):
    """The kernel that delivers through synapses of several kinds, samples, and ends a step."""
    return kernel_of(_finish_kernel, named("finish", synapses), _finish=finish_part(synapses))


# --- once a launch ------------------------------------------------------------------------------------------


def _begin(head_at, table, n_rows, ahead):
    """Begin a chunk of steps: `table` is the address of five words, see `run.Outbox`."""
    if cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x == 0:
        head, words = int64_at(head_at, HEAD), int64_at(table, 5)
        head[NOW], head[LOG], head[SAMPLERS] = words[0], words[1], words[2]
        head[CURRENTS], head[FIRST_CURRENT] = words[3], words[4]
        head[LOG_LENGTH] = head[ARRIVED] = 0


def _pass(head_at, table, n_rows, ahead):
    """Let time pass, so that what is launched next is for later steps."""
    if cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x == 0:
        int64_at(head_at, HEAD)[NOW] += ahead


def _report(head_at, table, n_rows, ahead):
    """Write down what the host wants to know of a chunk, before the next one begins."""
    if cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x == 0:
        head, report = int64_at(head_at, HEAD), int64_at(table, REPORT)
        report[0], report[1], report[2] = head[STOP], head[FAILED], head[LOG_LENGTH]


BEGIN = kernel_of(_begin, "begin")
PASS = kernel_of(_pass, "pass_time")
TELL = kernel_of(_report, "report")
