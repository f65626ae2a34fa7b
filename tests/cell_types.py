"""The package's cell type for a name in the table of the naive simulator."""

from own_cells import OwnIF

import pyNN_fastsim as sim


def package_celltype(kind, values):
    """`values` are parameters by name; see naive.cells.CELLS for names that are not the package's."""
    if kind == "OwnIF":
        return OwnIF(**values)
    if not kind.startswith("PointNeuron "):
        return getattr(sim, kind)(**values)
    _, neuron, *responses = kind.split()
    own = {name: value for name, value in values.items() if "." not in name}
    receptors = {}
    for name, response in zip(("excitatory", "inhibitory"), responses, strict=True):
        prefix = f"{name}."
        parameters = {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
        receptors[name] = getattr(sim, f"{response}PostSynapticResponse")(**parameters)
    return sim.PointNeuron(getattr(sim, neuron)(**own), **receptors)
