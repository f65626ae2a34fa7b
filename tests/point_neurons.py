"""Point neurons by the names that they have in naive/cells.py, of any backend."""

from naive.cells import NAMES_OF_RECEPTORS


def point_neuron(sim, kind, values, names=NAMES_OF_RECEPTORS):
    """A PointNeuron of the backend `sim`, whose receptors have the given names.

    values   parameters by name, like "excitatory.tau_syn"
    """
    _, neuron, *responses = kind.split()
    own = {name: value for name, value in values.items() if "." not in name}
    receptors = {}
    for name, known_as, response in zip(names, NAMES_OF_RECEPTORS, responses, strict=False):
        prefix = f"{known_as}."
        parameters = {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
        receptors[name] = getattr(sim, f"{response}PostSynapticResponse")(**parameters)
    return sim.PointNeuron(getattr(sim, neuron)(**own), **receptors)
