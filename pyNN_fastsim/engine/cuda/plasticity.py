"""
Kernels of plastic synapses: what happens to them in a step, after the update of cells.

    make room   where a target spikes whose history is full, all its synapses are taken through what is there
    note        spikes of targets are added to their histories, those of sources to lists that are held; the
                lists of the next step are emptied
    deliver     synapses at which a presynaptic spike arrives are taken through it, and add to the ring buffer

A synapse is changed by one thread only in each of these, and reads only what earlier kernels wrote. So it
goes through the same events, in the same order, as on the CPU, whatever the schedule.
"""

from ..compiling.compile import inlined, specialise
from ..compiling.lowlevel import arrays_at, elements_at, int32_at, int64_at, uint16_at, uint32_at
from ..synapses.dynamic import CONSTANTS, DETAIL_ROW, STATE, TARGETS
from ..synapses.exact import to_grid
from ..synapses.history import HISTORY_ROW, add_spike, forget_spikes, is_full
from ..synapses.plastic_kernels import HOLD, timing_at
from . import words
from .compile import kernel_of
from .delivery import LANES
from .lists import begin_next_list, n_listed
from .names import add_float, cuda


def _make_room(head_at, table, n_rows, ahead):
    """Take the synapses onto cells that spike, and whose history is full, through what is there."""
    head = int64_at(head_at, words.HEAD)
    step = head[words.NOW] + ahead
    if head[words.STOP] < step:
        return
    thread = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    lane, n_warps = thread % LANES, cuda.gridDim.x * cuda.blockDim.x // LANES
    g = cuda.blockIdx.y
    while g < n_rows:
        row = int64_at(table + 8 * words.ROOM_ROW * g, words.ROOM_ROW)
        history = int64_at(row[words.ROOM_HISTORY], HISTORY_ROW)
        parts = row[words.ROOM_PARTS]
        spikes = int64_at(row[words.ROOM_OF], words.LIST_ROW)
        n = parts * n_listed(spikes, step)
        w = thread // LANES
        while w < n:
            cell = int32_at(spikes[words.PLASTIC_CELLS] + 4 * (w // parts), 1)[0]
            if is_full(history, cell):
                detail = int64_at(row[words.ROOM_DETAIL], DETAIL_ROW)
                bounds = int64_at(row[words.FIRST_OF_TARGET] + 8 * cell, 2)
                k = bounds[0] + (w % parts) * LANES + lane
                while k < bounds[1]:
                    j = int64_at(row[words.BY_TARGET] + 8 * k, 1)[0]
                    _caught_up(detail, arrays_at(detail[STATE], _N_STATE), j, step)  # noqa: F821
                    k += parts * LANES
            w += n_warps
        g += cuda.gridDim.y


def _note(head_at, table, n_rows, ahead):
    """Add the spikes of a step to histories, and to lists that are held."""
    head = int64_at(head_at, words.HEAD)
    step = head[words.NOW] + ahead
    if head[words.STOP] < step:
        return
    r = cuda.blockIdx.y
    while r < n_rows:
        row = int64_at(table + 8 * words.NOTE_ROW * r, words.NOTE_ROW)
        spikes = int64_at(row[words.NOTED], words.LIST_ROW)
        n = n_listed(spikes, step)
        k = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
        if k == 0:
            begin_next_list(spikes, step)
            if row[words.KEPT_SLOTS] > 0:
                int32_at(row[words.KEPT_COUNTS] + 4 * (step % row[words.KEPT_SLOTS]), 1)[0] = n
        while k < n:
            cell = int32_at(spikes[words.PLASTIC_CELLS] + 4 * k, 1)[0]
            if row[words.KEPT_SLOTS] > 0:
                place = (step % row[words.KEPT_SLOTS]) * row[words.KEPT_LENGTH] + k
                times = int32_at(spikes[words.PLASTIC_TIMES] + 4 * k, 1)[0]
                int32_at(row[words.KEPT_CELLS] + 4 * place, 1)[0] = cell
                int32_at(row[words.KEPT_TIMES] + 4 * place, 1)[0] = times
            if row[words.NOTED_IN] != 0:
                history = int64_at(row[words.NOTED_IN], HISTORY_ROW)
                if is_full(history, cell):
                    forget_spikes(history, cell, step)
                add_spike(history, cell, step)
            k += cuda.gridDim.x * cuda.blockDim.x
        r += cuda.gridDim.y


def _deliver(head_at, table, n_rows, ahead):
    """Deliver spikes of this step, or of earlier ones, that synapses of a model hold no longer."""
    head = int64_at(head_at, words.HEAD)
    step = head[words.NOW] + ahead
    if head[words.STOP] < step:
        return
    thread = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    lane, n_warps = thread % LANES, cuda.gridDim.x * cuda.blockDim.x // LANES
    g = cuda.blockIdx.y
    while g < n_rows:
        row = int64_at(table + 8 * words.PLASTIC_ROW * g, words.PLASTIC_ROW)
        emitted = step - row[words.HELD_FOR]
        first, n, parts = 0, 0, row[words.PLASTIC_PARTS]
        if row[words.HELD_SLOTS] == 0:
            n = int64_at(row[words.HELD_COUNTS], 2)[step & 1]
        elif emitted >= 0:
            slot = emitted % row[words.HELD_SLOTS]
            first, n = slot * row[words.HELD_LENGTH], int32_at(row[words.HELD_COUNTS] + 4 * slot, 1)[0]
        w = thread // LANES
        while w < n * parts:
            _through(head, row, first + w // parts, w % parts, lane, emitted)
            w += n_warps
        g += cuda.gridDim.y


def _through(head, row, entry, part, lane, emitted):
    """Take the synapses of a cell that are for a lane of a part through its spikes, an entry of a list."""
    cell = int32_at(row[words.HELD_CELLS] + 4 * entry, 1)[0]
    times = int32_at(row[words.HELD_TIMES] + 4 * entry, 1)[0]
    detail = int64_at(row[words.PLASTIC_DETAIL], DETAIL_ROW)
    state = arrays_at(detail[STATE], _N_STATE)  # noqa: F821
    delays, stride = row[words.PLASTIC_DELAYS], row[words.PLASTIC_DELAY_STRIDE]
    timing, delays, stride = timing_at(detail, emitted, delays, stride)
    bounds = int64_at(row[words.PLASTIC_FIRST] + 8 * cell, 2)
    j = bounds[0] + part * LANES + lane
    while j < bounds[1]:
        t = elements_at(timing, j, _N_CONSTANTS)  # noqa: F821
        if t[HOLD] == row[words.HELD_FOR]:
            c = elements_at(detail[CONSTANTS], j, _N_CONSTANTS)  # noqa: F821
            amount = 0.0
            for _ in range(times):
                amount += to_grid(_arrived(detail, state, t, c, j, cell, emitted))  # noqa: F821
            slot = (emitted + uint16_at(delays + stride * j, 1)[0]) & head[words.MASK]
            place = row[words.PLASTIC_BASE] + uint32_at(detail[TARGETS] + 4 * j, 1)[0]
            add_float(head[words.RING] + 8 * (slot * head[words.WIDTH] + place), amount)
        j += row[words.PLASTIC_PARTS] * LANES


NOTE = kernel_of(_note, "note_spikes")

_kernels = {}


def plastic_kernels(model):
    """The kernels of a model that make room, and that deliver."""
    if model.arrived not in _kernels:
        n_state = len(model.state)
        names = {"_N_STATE": n_state, "_N_CONSTANTS": model.n_constants, "_arrived": model.arrived}
        through = inlined(specialise(_through, f"{model.name}_through", **names))
        _kernels[model.arrived] = (
            kernel_of(_make_room, f"make_room_{model.name}", _caught_up=model.caught_up, _N_STATE=n_state),
            kernel_of(_deliver, f"deliver_{model.name}", _through=through),
        )
    return _kernels[model.arrived]
