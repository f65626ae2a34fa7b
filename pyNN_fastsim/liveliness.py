"""
Which populations can spike at all, whatever the random numbers are: those that drive themselves, and those
that something that can spike excites.

Where that isn't certain, they can: only what is silent by construction is called so.
"""

import numpy as np
from pyNN.parameters import ArrayParameter

from .engine.synapses.gap import JunctionGroup
from .engine.synapses.graded import GradedGroup
from .engine.synapses.on_demand import weights_to_look_at

_LEAKY = {"v_rest", "v_thresh", "tau_m", "cm", "i_offset"}  # parameters of a cell whose v settles at v_inf
_OTHER_THRESHOLD = {"delta_T", "v_t_star"}  # parameters of cells that are not so simple


def numbers(sequences):
    """Arrays of numbers, of a parameter that is a Sequence or an array of Sequences."""
    if isinstance(sequences, ArrayParameter):
        sequences = [sequences]
    return [sequence.value for sequence in sequences]


def can_spike(state):
    """Indices of the blocks that can spike: a set."""
    alive = {population._block.index for population in state.populations if _drives_itself(state, population)}
    excitation = [(source, target) for source, target, excites in what_moves(state) if excites]
    while more := {target for source, target in excitation if source in alive} - alive:
        alive |= more
    return alive


def what_moves(state):
    """Which block acts on which, by connections of a projection: (source, target, whether it may excite)."""
    for projection in state.projections:
        for group in projection._groups:
            synapses = group.synapses
            if len(synapses):
                target = state.populations[synapses.target]
                yield synapses.source, synapses.target, _may_excite(group, target)


def _may_excite(group, target):
    """Whether connections may bring the cells of `target` nearer to their threshold."""
    synapses = group.synapses
    of_no_spikes = isinstance(synapses, (JunctionGroup, GradedGroup))
    if group.is_plastic or group.learns or of_no_spikes or not is_leaky(target):
        return bool(group.is_plastic or group.learns or np.any(weights_to_look_at(synapses)))
    receptor = target.celltype.model.receptors[synapses.receptor]
    if target.celltype.is_conductance(receptor):
        values = target._parameters
        of_standard_cells = values.get("e_rev_I", np.inf) if receptor == "inhibitory" else np.inf
        reversal = values.get(f"{receptor}.e_syn", of_standard_cells)
        return bool(np.any(weights_to_look_at(synapses) > 0) and np.any(reversal > values["v_thresh"]))
    return bool(np.any(weights_to_look_at(synapses) > 0))


def is_leaky(population):
    """Whether cells are integrate-and-fire cells, which spike when v reaches v_thresh and not before."""
    names = population._parameters.keys()
    return _LEAKY <= names and not _OTHER_THRESHOLD & names and not population.celltype.is_own


def _drives_itself(state, population):
    values = population._parameters
    if population.celltype.model.is_source:
        return _emits(population)
    if population._block.injected is not None and _has_current(state, population):
        return True
    if is_leaky(population):
        above = settles_at(population) > values["v_thresh"]
        return bool(np.any(above) or np.any(population._block.initial["v"] >= values["v_thresh"]))
    defaults = population.celltype.default_parameters
    if population.celltype.is_own or "i_offset" not in values or "v_t_star" in values:
        return True
    if "delta_T" in values:
        return bool(np.any(values["i_offset"] > 0) or np.any(values["v_rest"] > values["v_thresh"]))
    return any(np.any(values[name] != defaults[name]) for name in values)


def _emits(population):
    values = population._parameters
    if population.celltype.is_sequence("spike_times"):
        return any(len(times) for times in numbers(values["spike_times"]))
    rates = [values[name] for name in ("rate", "duration") if name in values]
    return all(np.any(rate > 0) for rate in rates)


def _has_current(state, population):
    index = population._block.index
    attached = {current for current, block, _ in state.network.attachments if block == index}
    return any(
        state.network.currents.get(source._current) in attached and _is_not_zero(source)
        for source in state.current_sources
    )


def _is_not_zero(source):
    values = source.get_parameters()
    names = ("amplitude", "amplitudes", "mean", "stdev", "offset")
    return any(np.any(getattr(values[name], "value", values[name])) for name in names if name in values)


def settles_at(population):
    """Where the v of integrate-and-fire cells settles without input, mV."""
    values = population._parameters
    return values["v_rest"] + values["i_offset"] * values["tau_m"] / values["cm"]


def why_silent(state, population, alive):
    """(what, what to do) about a population that is not among those that can spike."""
    if population.celltype.model.is_source:
        if population.celltype.is_sequence("spike_times"):
            return "it has no spikes to emit", "Give SpikeSourceArray(spike_times=[...]), in ms"
        return "it never spikes: its rate or duration is 0", "Give a rate, in Hz"
    index = population._block.index
    incoming = [(source, excites) for source, target, excites in what_moves(state) if target == index]
    if not incoming:
        why = "nothing is connected to it"
    elif not any(excites for _, excites in incoming):
        why = "what is connected to it can't excite it"
    else:
        labels = {f"'{state.populations[source].label}'" for source, excites in incoming if excites}
        why = f"what excites it, {', '.join(sorted(labels))}, can't spike"
    if not is_leaky(population):
        return f"it can't spike: {why}, and no current flows", "Connect it, or give an i_offset (nA)"
    values = population._parameters
    highest, lowest = float(np.max(settles_at(population))), float(np.min(values["v_thresh"]))
    needed = float(np.min((values["v_thresh"] - values["v_rest"]) * values["cm"] / values["tau_m"]))
    what = f"it can't spike: {why}, and v settles at {highest:.4g} mV, not above v_thresh ({lowest:.4g} mV)"
    return what, f"Connect it, or give an i_offset above {needed:.3g} nA"


def has_wrong_sign(projection):
    """Whether a weight has not the sign that its receptor wants, as connectors with safe=False allow."""
    wanted = projection._sign_of_receptor
    return bool(
        wanted and not projection._is_electrical and np.any(projection._values("weight") * wanted < 0)
    )
