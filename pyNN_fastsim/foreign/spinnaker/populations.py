"""Populations with what SpiNNaker's have: arguments of its machine, and recordings by its names."""

from dataclasses import replace

from pyNN.core import is_listlike

from ... import populations, recording
from .. import without_effect
from .neo_convertor import convert_data

# What SpiNNaker calls a synaptic current, and what PyNN calls it.
CURRENTS = {"gsyn_exc": "isyn_exc", "gsyn_inh": "isyn_inh"}

# Arguments of populations that are about the machine, or about its random numbers.
OF_THE_MACHINE = {
    "additional_parameters", "allow_delay_extension", "constraints", "drop_late_spikes",
    "incoming_spike_buffer_size", "max_expected_summed_weight", "max_rate", "n_colour_bits",
    "n_steps_per_timestep", "n_synapse_cores", "neurons_per_core", "rb_left_shifts", "ring_buffer_sigma",
    "seed", "spikes_per_second", "splitter",
}  # fmt: skip


class Recorder(recording.Recorder):
    """Records the synaptic currents of current-based cells by SpiNNaker's names for them, too.

    Its gsyn_inh is positive where PyNN's isyn_inh is negative.
    """

    def __init__(self, population, file=None):
        super().__init__(population, file)
        self._names = {}  # what was asked for, by PyNN's names

    def _variables(self, variables, locations=None):
        recordable = self.population.celltype.recordable
        theirs = {name: ours for name, ours in CURRENTS.items() if ours in recordable}
        if isinstance(variables, str) and variables == "all" and theirs:
            variables = [name for name in recordable if name not in theirs.values()] + list(theirs)
        if isinstance(variables, str):
            variables = [variables]
        if is_listlike(variables):
            names = list(variables)
            variables = [theirs.get(name, name) if isinstance(name, str) else name for name in names]
            self._names |= {theirs[name]: name for name in names if isinstance(name, str) and name in theirs}
        return super()._variables(variables, locations)

    def segments(self, names=None, filter_ids=None, gather=True):
        """What has been recorded, by the names that were asked for."""
        return [
            replace(segment, signals=[self._renamed(signal) for signal in segment.signals])
            for segment in super().segments(names, filter_ids, gather)
        ]

    def _renamed(self, signal):
        name = self._names.get(signal.variable, signal.variable)
        samples = 0.0 - signal.samples if name == "gsyn_inh" and name != signal.variable else signal.samples
        return replace(signal, variable=name, samples=samples)


class Population(populations.Population):
    __doc__ = populations.Population.__doc__
    _recorder_class = Recorder

    def __init__(
        self, size, cellclass, cellparams=None, structure=None, initial_values=None, label=None, **others
    ):
        """Raises TypeError for an argument that SpiNNaker's populations don't have either."""
        for name in others:
            if name not in OF_THE_MACHINE:
                raise TypeError(f"Population() has no argument '{name}'")
        if given := [name for name, value in others.items() if value]:
            without_effect(f"Population({', '.join(f'{name}=...' for name in given)})")
        super().__init__(size, cellclass, cellparams, structure, initial_values or {}, label)

    def spinnaker_get_data(self, variable):
        """What was recorded in the first segment: rows of index, time (ms) and, but for spikes, value."""
        return convert_data(self.get_data(variable), variable)

    def set_constraint(self, *arguments, **parameters):
        """Nothing: there is no machine to place cells on."""
        without_effect("A constraint")

    add_placement_constraint = set_mapping_constraint = set_constraint

    def set_max_atoms_per_core(self, max_atoms_per_core):
        """Nothing: there are no cores of a SpiNNaker machine."""
        without_effect("set_max_atoms_per_core()")
