"""Assembly."""

import numpy as np
from pyNN import common

from . import simulator
from .arguments import MEMBER, TEXT, check, check_arguments_of
from .display import Displayed, Panel, counted
from .former_names import FormerCells, update
from .output import writing_table
from .parameters import is_one_sequence
from .processes import processes
from .recording import check_file, recording_of_assembly, spike_counts_of_assembly, write_recording
from .selection import (
    METHOD_RULES,
    METHODS,
    as_indices,
    check_sample,
    check_to_file,
    places_of,
    write_on_end,
)
from .validation import NoParameterAttributes


class Assembly(Displayed, NoParameterAttributes, FormerCells, common.Assembly):
    """
    Cells of several populations and views, of any types, in the order given.

    `populations`:
        Populations, PopulationViews and Assemblies; ``a + b`` makes an assembly, too. Cells count once.
    `label`:
        a name.

    Connections to an assembly go to receptor types that all of its populations have.
    """

    _simulator = simulator

    def __init__(self, *populations, label=None):
        """Raises TypeError for what is not a population or view."""
        for population in populations:
            check("Assembly", "each of the populations", population, MEMBER)
        super().__init__(*populations, **({} if label is None else {"label": label}))
        self._is_made = True

    def short(self):
        parts = ", ".join(f"'{population.label}'" for population in self.populations)
        return f"Assembly({parts}, label={self.label!r})"

    def panel(self):
        rows = [
            (
                f"'{population.label}'",
                f"{counted(population.size, 'cell')}, {type(population.celltype).__name__}",
            )
            for population in self.populations
        ]
        return Panel(f'Assembly "{self.label}"', [("size", counted(self.size, "cell")), *rows])

    def _parameters_and_states(self):
        celltypes = [population.celltype for population in self.populations]
        return (
            {name for celltype in celltypes for name in celltype.get_parameter_names()},
            {name for celltype in celltypes for name in celltype.default_initial_values},
        )

    def _how_to_set(self, name, is_state):
        return f"call {'initialize' if is_state else 'set'}({name}=...) of Assembly '{self.label}'"

    @property
    def receptor_types(self):
        """The receptor types that all populations have, in the order of the first population.

        PyNN's own goes through a set, so that the receptor of a projection that names none depends on
        how Python hashes strings in this process.
        """
        first, *others = (p.celltype.receptor_types for p in self.populations)
        return [name for name in first if all(name in other for other in others)]

    def __getitem__(self, index):
        """A cell, or an Assembly of the cells that a slice, list, array or mask selects.

        Raises IndexError for cells that there are not.
        """
        if isinstance(index, (int, np.integer)):
            index = int(as_indices(self, [index])[0])
        elif isinstance(index, (tuple, list, np.ndarray)):
            index = as_indices(self, index)
        return super().__getitem__(index)

    def set(self, **parameters):
        """Set parameters of all cells; in case of an error, of none.

        Values may be given as for a Population. A function of the index is called with the index
        within each population. A list or array has one value for each cell of the assembly, or as
        many as every population has cells.
        """
        before = [(p._root, p._root._parameters) for p in self.populations]
        try:
            for population, values in self._shared_out(parameters):
                population.set(**values)
        except Exception:
            for root, values in before:
                root._store_parameters(values)
            raise

    def initialize(self, **initial_values):
        """Set initial values of all cells; in case of an error, of none. Forms as for `set`."""
        everything = [
            (population, population._evaluated_initial_values(values))
            for population, values in self._shared_out(initial_values)
        ]
        for population, values in everything:
            population._store_initial_values(values)

    def _shared_out(self, values):
        """What each population gets of values by name: (population, values by name)."""
        end = 0
        for population in self.populations:
            mine = slice(end, end + population.size)
            end += population.size
            yield (
                population,
                {
                    name: value[mine] if self._is_one_for_each(population, name, value) else value
                    for name, value in values.items()
                },
            )

    def _is_one_for_each(self, population, name, value):
        """Whether a value is a list or array of one for each cell of the assembly."""
        is_list = isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)
        if not is_list or len(value) != self.size:
            return False
        return not (population.celltype.is_sequence(name) and is_one_sequence(value))

    def annotate(self, **annotations):
        """Keep annotations, which come with the data."""
        self.annotations.update(annotations)

    def record(self, variables, to_file=None, sampling_interval=None, locations=None):
        if variables is not None:
            for population in self.populations:
                population.recorder.check(variables, sampling_interval, locations)
        check_to_file(to_file)
        for population in self.populations:
            population.record(variables, None, sampling_interval, locations)
        write_on_end(self, variables, to_file)

    record.__doc__ = common.Assembly.record.__doc__

    def sample(self, n, rng=None):
        check_sample(self, n)
        return super().sample(int(n), rng)

    sample.__doc__ = common.Assembly.sample.__doc__

    def id_to_index(self, id):
        return places_of(self, id)

    id_to_index.__doc__ = common.Assembly.id_to_index.__doc__

    def inject(self, current_source):
        current_source.inject_into(self)

    inject.__doc__ = common.Assembly.inject.__doc__

    def mean_spike_count(self, gather=True):
        """The mean number of spikes of a recorded cell in this trial. Raises RecordingError if none is."""
        counts = self.get_spike_counts(gather)
        if gather and processes.rank > 0:
            return np.nan
        return sum(counts.values()) / max(len(counts), 1)

    def get_spike_counts(self, gather=True):
        """Spikes of each recorded cell in this trial: a number by id. Raises RecordingError if none is."""
        return spike_counts_of_assembly(self, gather)

    def get_data(self, variables="all", gather=True, clear=False, annotations=None):
        recording = recording_of_assembly(self, variables, annotations, gather)
        if clear:
            recording.hand_over()
        block = recording.to_neo()
        self._clear_recorded(clear)
        return block

    get_data.__doc__ = common.Assembly.get_data.__doc__

    def write_data(self, io, variables="all", gather=True, clear=False, annotations=None):
        check_file(io)
        write_recording(recording_of_assembly(self, variables, annotations, gather), io, gather)
        self._clear_recorded(clear)

    write_data.__doc__ = common.Assembly.write_data.__doc__

    def save_positions(self, file):
        with processes.same_error(f"save_positions() of '{self.label}'"):
            if processes.rank == 0:
                with writing_table(file, f"The positions of '{self.label}'") as table:
                    super().save_positions(table)

    save_positions.__doc__ = common.Assembly.save_positions.__doc__

    def _clear_recorded(self, clear):
        if clear:
            for population in self.populations:
                population.recorder.clear()


check_arguments_of(Assembly, "__init__")
check_arguments_of(Assembly, "__add__", "__iadd__", "get_population", *METHODS, label=TEXT, **METHOD_RULES)
update(Assembly, record="record('spikes')", set="set(tau_m=10.0)", initialize="initialize(v=-60.0)")
