"""
What delivers a step's spikes: through synapses that are static, and through those that change.

These are functions of one unit of work, a part of one cell's synapses of one group, which a warp goes
through; `steps.py` makes kernels of those that a network needs. Whatever their order, sums in the ring buffer
are the same to the last bit: see synapses/exact.py.
"""

from ..compiling.compile import inlined
from ..compiling.lowlevel import float64_at, int64_at, uint16_at, uint32_at
from ..synapses.dynamic import DETAIL_ROW
from ..synapses.exact import to_grid
from .compile import SIMULATED
from .names import add_float
from .parts import part_of
from .words import (
    BASE,
    DELAY_STRIDE,
    DELAYS,
    DETAIL,
    FIRST,
    MASK,
    PART,
    PARTS,
    RING,
    TARGETS,
    WEIGHT_STRIDE,
    WEIGHTS,
    WIDTH,
)

LANES = 2 if SIMULATED else 32  # threads that read a row together


@inlined
def _place(head, unit, j, step):
    """Where what synapse j transmits is added up."""
    target = uint32_at(unit[TARGETS] + 4 * j, 1)[0]
    delay = uint16_at(unit[DELAYS] + unit[DELAY_STRIDE] * j, 1)[0]
    return head[RING] + 8 * (((step + delay) & head[MASK]) * head[WIDTH] + unit[BASE] + target)


@inlined
def _weight(unit, j):
    return float64_at(unit[WEIGHTS] + unit[WEIGHT_STRIDE] * j, 1)[0]


def _static(head, unit, cell, times, step, lane):
    """Deliver spikes through static synapses: four at once, since to wait for memory is what takes time."""
    bounds = int64_at(unit[FIRST] + 8 * cell, 2)
    n, last, spacing = float(times), bounds[1] - 1, LANES * unit[PARTS]
    j = bounds[0] + LANES * unit[PART] + lane
    while j <= last:
        second, third, fourth = j + spacing, j + 2 * spacing, j + 3 * spacing
        # Beyond the end they are the last one, and not used.
        b, c, d = min(second, last), min(third, last), min(fourth, last)
        places = _place(head, unit, j, step), _place(head, unit, b, step)
        more_places = _place(head, unit, c, step), _place(head, unit, d, step)
        weights = _weight(unit, j), _weight(unit, b), _weight(unit, c), _weight(unit, d)
        add_float(places[0], n * weights[0])
        if second <= last:
            add_float(places[1], n * weights[1])
        if third <= last:
            add_float(more_places[0], n * weights[2])
        if fourth <= last:
            add_float(more_places[1], n * weights[3])
        j += 4 * spacing


def _changing(head, unit, cell, times, step, lane):
    """Deliver spikes, one after the other, through synapses that change; amounts are rounded to the grid."""
    bounds = int64_at(unit[FIRST] + 8 * cell, 2)
    detail = int64_at(unit[DETAIL], DETAIL_ROW)
    j = bounds[0] + LANES * unit[PART] + lane
    while j < bounds[1]:
        total = 0.0
        for _ in range(times):
            total += to_grid(_spiked(detail, j, cell, step))  # noqa: F821
        add_float(_place(head, unit, j, step), total)
        j += LANES * unit[PARTS]


def static_part():
    """The function that delivers through static synapses."""
    return part_of(_static, "static")


def changing_part(model):
    """The function that delivers through synapses of a model that change with presynaptic spikes only."""
    return part_of(_changing, f"{model.name}_changing", _spiked=model.spiked)
