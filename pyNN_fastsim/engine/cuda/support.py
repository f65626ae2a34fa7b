"""
What of a network a card can run; everything else is refused by name, and nothing is run elsewhere instead.
"""

from ..synapses.dynamic import DynamicGroup


def fault_of_model(model):
    """Why cells of a model can't be run on a card, in words; None if they can."""
    if model.count is not None and model.count_of is None:
        return f"sources that count their spikes without a function count_of ({model.name})"
    if model.remembers:
        return f"cells that know what their variables were ({model.name})"
    return None


def fault_of_synapses(model):
    """Why synapses of a `SynapseModel`, or static ones (None), can't be run on a card; None if they can."""
    if model is None:
        return None
    if model.spiked is None and not model.is_plastic:
        return f"synapses of the model {model.name}"
    return None


def fault_of(network):
    """Why a network can't be run on a card, in words; None if it can."""
    faults = [fault_of_model(block.model) for block in network.blocks]
    faults += [fault_of_synapses(g.model) for g in network.groups if isinstance(g, DynamicGroup)]
    if network.graded.groups or network.graded.pools:
        faults.append("graded connections and what cells know of their whole population")
    if network.junctions:
        faults.append("gap junctions")
    if network.observers:
        faults.append("samples of the state of synapses")
    if network.exchange is not None:
        faults.append("networks in several processes")
    if network.profile is not None:
        faults.append("profiles")
    return next((fault for fault in faults if fault), None)
