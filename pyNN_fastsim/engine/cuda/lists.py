"""
Lists of cells that spike in a step, for the kernels of plastic synapses.
"""

from ..compiling.compile import inlined
from ..compiling.lowlevel import int32_at, int64_at
from .names import add_int
from .words import LIST_ROW, PLASTIC_CELLS, PLASTIC_COUNTS, PLASTIC_TIMES


@inlined
def note_plastic(list_at, cell, times, step):
    """Put a cell that spikes so many times into the list of a step; of a block, given by its LIST_ROW."""
    row = int64_at(list_at, LIST_ROW)
    place = add_int(row[PLASTIC_COUNTS] + 8 * (step & 1), 1)
    int32_at(row[PLASTIC_CELLS] + 4 * place, 1)[0] = cell
    int32_at(row[PLASTIC_TIMES] + 4 * place, 1)[0] = times


@inlined
def n_listed(row, step):
    """How many cells are in the list of a step; of a LIST_ROW."""
    return int64_at(row[PLASTIC_COUNTS], 2)[step & 1]


@inlined
def begin_next_list(row, step):
    """Empty the list of the step before, since it is that of the next one."""
    int64_at(row[PLASTIC_COUNTS], 2)[(step + 1) & 1] = 0
