"""The package's cell type for a name in the table of the naive simulator."""

from own_cells import OwnIF
from point_neurons import point_neuron

import pyNN_fastsim as sim


def package_celltype(kind, values):
    """`values` are parameters by name; see naive.cells.CELLS for names that are not the package's."""
    if kind == "OwnIF":
        return OwnIF(**values)
    if kind.startswith("PointNeuron "):
        return point_neuron(sim, kind, values)
    return getattr(sim, kind)(**values)
