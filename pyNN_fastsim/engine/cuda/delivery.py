"""
Kernels that deliver a step's spikes: of synapses that are static, and of those that change.

Groups along y; along x warps, of which `PARTS` share the synapses of each cell that spiked. Whatever their
order, sums in the ring buffer are the same to the last bit: see synapses/exact.py.
"""

from ..compiling.compile import inlined
from ..compiling.lowlevel import float64_at, int32_at, int64_at, uint16_at, uint32_at
from ..synapses.dynamic import DETAIL_ROW
from ..synapses.exact import to_grid
from .compile import SIMULATED, kernel_of
from .names import add_float, cuda
from .words import (
    BASE,
    DELAY_STRIDE,
    DELAYS,
    DETAIL,
    FIRST,
    GROUP_ROW,
    HEAD,
    LIST,
    LIST_TIMES,
    LISTED,
    LOG_CAPACITY,
    LOG_LENGTH,
    LOG_SLACK,
    MASK,
    N_BLOCKS,
    NOW,
    PARTS,
    RING,
    SOURCE,
    STOP,
    TARGETS,
    WEIGHT_STRIDE,
    WEIGHTS,
    WIDTH,
)

LANES = 2 if SIMULATED else 32  # threads that read a row together


@inlined
def end_step(head, head_at, step):
    """What one thread does when all cells have been updated: forget the lists of the step before, and stop if
    the log might not have room for another step."""
    before = int64_at(head[LISTED] + 8 * head[N_BLOCKS] * ((step + 1) & 1), head[N_BLOCKS])
    for b in range(len(before)):
        before[b] = 0
    if head[LOG_LENGTH] + head[LOG_SLACK] > head[LOG_CAPACITY]:
        head[STOP] = min(head[STOP], step)


def _deliver(head_at, table, n_rows, ahead):
    """Deliver the spikes of a step through the groups of a table, and end the step if that is asked for."""
    head = int64_at(head_at, HEAD)
    step = head[NOW] + ahead
    if head[STOP] < step:
        return
    thread = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if _ENDS_STEP and thread == 0 and cuda.blockIdx.y == 0:  # noqa: F821
        end_step(head, head_at, step)
    lane, n_warps = thread % LANES, cuda.gridDim.x * cuda.blockDim.x // LANES
    g = cuda.blockIdx.y
    while g < n_rows:
        row = int64_at(table + 8 * GROUP_ROW * g, GROUP_ROW)
        parts = row[PARTS]
        n = parts * int64_at(head[LISTED] + 8 * ((step & 1) * head[N_BLOCKS] + row[SOURCE]), 1)[0]
        w = thread // LANES
        while w < n:
            entry = w // parts
            cell = int32_at(row[LIST] + 4 * entry, 1)[0]
            times = 1
            if row[LIST_TIMES] != 0:
                times = int32_at(row[LIST_TIMES] + 4 * entry, 1)[0]
            bounds = int64_at(row[FIRST] + 8 * cell, 2)
            j = bounds[0] + (w % parts) * LANES + lane
            while j < bounds[1]:
                target = uint32_at(row[TARGETS] + 4 * j, 1)[0]
                delay = uint16_at(row[DELAYS] + row[DELAY_STRIDE] * j, 1)[0]
                amount = _amount(row, j, cell, times, step)  # noqa: F821
                slot = (step + delay) & head[MASK]
                add_float(head[RING] + 8 * (slot * head[WIDTH] + row[BASE] + target), amount)
                j += parts * LANES
            w += n_warps
        g += cuda.gridDim.y


@inlined
def _static_amount(row, j, cell, times, step):
    return float(times) * float64_at(row[WEIGHTS] + row[WEIGHT_STRIDE] * j, 1)[0]


def _changing_amount(row, j, cell, times, step):
    """What a synapse adds for each of its source's spikes, one after the other, rounded to the grid."""
    detail = int64_at(row[DETAIL], DETAIL_ROW)
    total = 0.0
    for _ in range(times):
        total += to_grid(_spiked(detail, j, cell, step))  # noqa: F821
    return total


def static_kernel():
    """The kernel of static synapses, which also ends the step."""
    return kernel_of(_deliver, "deliver_static", _amount=_static_amount, _ENDS_STEP=True)


_amounts = {}


def changing_kernel(model):
    """The kernel of a synapse model that changes with presynaptic spikes only."""
    from ..compiling.compile import specialise

    if model.spiked not in _amounts:
        function = specialise(_changing_amount, f"{model.name}_amount", _spiked=model.spiked)
        _amounts[model.spiked] = inlined(function)
    return kernel_of(_deliver, f"deliver_{model.name}", _amount=_amounts[model.spiked], _ENDS_STEP=False)
