"""Population and PopulationView."""

import math
import reprlib

import numpy as np
from pyNN import common, errors
from pyNN.parameters import LazyArray, ParameterSpace, simplify
from pyNN.recording import Variable
from pyNN.space import BaseStructure

from . import simulator, usual
from .arguments import (
    POPULATION,
    STRUCTURE,
    TEXT,
    check,
    check_arguments_of,
    is_whole,
)
from .assemblies import Assembly
from .celltypes import CellType
from .display import Displayed, Panel, counted, rows_of_parameters
from .engine.signals import signals_held
from .former_names import POPULATION_ARGUMENTS, FormerCells, update
from .ids import Cells
from .output import writing_table
from .parameters import as_array, as_given, check_size, evaluated, expanded
from .processes import for_all_cells, is_apart, processes
from .random import tell_of_dependence
from .recording import Recorder, recorded_words
from .selection import (
    MAX_CELLS,
    METHOD_RULES,
    METHODS,
    as_indices,
    check_sample,
    check_to_file,
    places_of,
    write_on_end,
)
from .threads import alone
from .validation import NoParameterAttributes, check_finite, check_names, unknown_name, warn


class _Cells(Displayed, NoParameterAttributes, FormerCells):
    """
    What populations and views have in common.

    Subclasses tell which cells of which population they are: `_root`, `_indices`.
    """

    def short(self):
        return f"{type(self).__name__}({self.size}, {self.celltype!r}, label={self.label!r})"

    def panel(self):
        celltype = self.celltype
        parameters = {
            name: value.base_value
            for name, value in self._get_parameters(*celltype.get_parameter_names()).items()
        }
        return Panel(
            f'{type(self).__name__} "{self.label}"',
            [
                ("size", counted(self.size, "cell")),
                *self._origin(),
                ("cell type", type(celltype).__name__),
                *rows_of_parameters(parameters, celltype.default_parameters, celltype.units),
                ("receptors", ", ".join(celltype.receptor_types) or "none"),
                ("recorded", recorded_words(self)),
            ],
        )

    def _origin(self):
        """Rows that say where the cells are, or are from."""
        return [("structure", type(self.structure).__name__)]

    @property
    def _owner(self):
        """What to call these cells in messages."""
        return f"{type(self).__name__} '{self.label}'"

    @property
    def _mask_local(self):
        """Which of these cells belong to this process: bool [cells]."""
        if processes.size == 1 or processes.together:
            return np.ones(self.size, dtype=bool)
        n = self._root.size
        begin, end = simulator.state.network.own_cells(n)
        indices = np.arange(n)[self._indices]
        return (indices >= begin) & (indices < end)

    @_mask_local.setter
    def _mask_local(self, mask):
        """What PyNN does in a view."""

    @property
    def local_cells(self):
        """Those of these cells that belong to this process; all of them without mpirun."""
        return self.all_cells if processes.size == 1 else self.all_cells[self._mask_local]

    @local_cells.setter
    def local_cells(self, cells):
        """What PyNN does in a view."""

    def _get_cell_initial_value(self, id, variable):
        with for_all_cells():
            return super()._get_cell_initial_value(id, variable)

    def _parameters_and_states(self):
        return self.celltype.get_parameter_names(), self.celltype.default_initial_values

    def _how_to_set(self, name, is_state):
        return f"call {'initialize' if is_state else 'set'}({name}=...) of {self._owner}"

    def inject(self, current_source):
        current_source.inject_into(self)

    inject.__doc__ = common.Population.inject.__doc__

    def _check_is_there(self):
        """Raise ValueError for cells of a network that is no more."""
        simulator.state.check_is_there(self._owner, self.recorder._network)

    @alone
    def set(self, **parameters):
        """Set parameters of these cells, in PyNN's units (ms, mV, nA, nF, µS, Hz); they hold from now on.

        `parameters`:
            ``tau_m=10.0, v_thresh=[...]``. Each value may be a number, a list or array of one for each
            cell, a `RandomDistribution`, or a function of the index of a cell.

        Raises NonExistentParameterError, InvalidParameterValueError (a value that can't be), or
        InvalidDimensionsError (not one for each cell); then nothing is set.
        """
        self._check_is_there()
        check_names(self.celltype, parameters)
        with for_all_cells():  # of which every process has the parameters
            super().set(**self.celltype.as_given(self._owner, parameters, self.size))
        self._root._set_in_part |= self._root is not self or any(map(is_apart, parameters.values()))

    def __getitem__(self, index):
        if isinstance(index, (int, np.integer)) and not -self.size <= index < self.size:
            raise IndexError(f"'{self.label}' has {self.size} cells, but no cell {index}")
        return super().__getitem__(index)

    def sample(self, n, rng=None):
        """A PopulationView of `n` different cells, drawn at random.

        `rng`:
            a generator of `pyNN.random`; by default a new one without a seed.

        Raises ValueError if there are fewer than `n` cells.
        """
        check_sample(self, n)
        return super().sample(int(n), rng)

    def find_units(self, variable):
        """The units of a variable, as text. Raises KeyError for one that is unknown."""
        try:
            return super().find_units(
                Variable(variable, None, None) if isinstance(variable, str) else variable
            )
        except KeyError as error:
            known = ", ".join(self.celltype.units)
            raise KeyError(f"find_units(): variable must be one of {known}, not {error}") from None

    def get(self, parameter_names, gather=False, simplify=True):
        """The values of parameters, in PyNN's units.

        `parameter_names`:
            a name, or a list of names; then a list of values comes back.
        `gather`:
            under mpirun: True for the values of all cells, on all processes; False for those of this process.
        `simplify`:
            True for one number where all cells have the same value; otherwise, and for False, an array
            [cells].

        Raises NonExistentParameterError.
        """
        names = [parameter_names] if isinstance(parameter_names, str) else parameter_names
        check_names(self.celltype, names)
        with for_all_cells():
            values = super().get(parameter_names, False, simplify)
        if processes.size == 1:
            return values
        everything = [values] if isinstance(parameter_names, str) else values
        mask = self._mask_local
        everything = [value[mask] if isinstance(value, np.ndarray) else value for value in everything]
        if gather:
            everything = self._values_of_all(everything, mask, simplify)
        return everything[0] if isinstance(parameter_names, str) else everything

    def _values_of_all(self, values, mask, simplified):
        """Values of all cells, of values of those of this process, for which `mask` is True."""
        told = processes.gather(f"get() of {self._owner}", (mask, values), everywhere=True)
        found = []
        for k in range(len(values)):
            value = expanded(told[0][1][k], self.size) if np.ndim(told[0][1][k]) == 0 else None
            if value is None:
                value = np.empty(self.size, dtype=told[0][1][k].dtype)
            for own, parts in told:
                value[own] = parts[k]
            found.append(simplify(value) if simplified and value.dtype != object else value)
        return found

    @alone
    def initialize(self, **initial_values):
        """Set state variables of these cells now, and as the initial values after each `reset`.

        `initial_values`:
            ``v=-65.0`` (mV), ``gsyn_exc=...`` (µS), and so on; `celltype.default_initial_values` has all.
            Each value may be a number, a list or array of one for each cell, a `RandomDistribution`, or a
            function of the index of a cell.

        Raises NonExistentParameterError, InvalidParameterValueError or InvalidDimensionsError; then
        nothing is set.
        """
        self._store_initial_values(self._evaluated_initial_values(initial_values))
        self._root._set_in_part |= self._root is not self or any(map(is_apart, initial_values.values()))

    def _evaluated_initial_values(self, initial_values):
        """Initial values of these cells by name: a number, or an array of one for each.

        Raises NonExistentParameterError for an unknown name, and the errors of `parameters.py`.
        """
        self._check_is_there()
        known = self.celltype.state_names()
        for variable in initial_values:
            if variable not in known:
                is_parameter = variable in self.celltype.get_parameter_names()
                hint = f" (a parameter: call set({variable}=...))" if is_parameter else ""
                raise unknown_name(variable, type(self.celltype).__name__, known, hint)
        units = self.celltype.units
        values = {
            variable: self._evaluated_initial_value(variable, value, units.get(variable))
            for variable, value in initial_values.items()
        }
        usual.tell(self._root._hardly_meant, usual.remarks(self._owner, values, units))
        return values

    def _evaluated_initial_value(self, variable, value, units):
        what = f"the initial value of {variable}"
        given = as_given(self._owner, what, value, size=self.size, units=units)
        lazy = LazyArray(given, shape=(self.size,), dtype=float)
        values = evaluated(self._owner, what, lazy, self.size)
        check_finite(self._owner, what, values)
        self.celltype.check_initial(self._owner, variable, values, self.size == self._root.size)
        return values

    def _store_initial_values(self, values):
        for variable, value in values.items():
            self._root._initialize_cells(variable, self._indices, value)

    def _set_cell_initial_value(self, id, variable, value):
        check("set_initial_value", "variable", variable, TEXT)
        index = self.id_to_index(id)
        self._get_view(slice(index, index + 1)).initialize(**{variable: value})

    def _get_parameters(self, *names):
        """A ParameterSpace of the parameters of these cells; the engine has PyNN's names and units."""
        parameters = self._root._parameters
        values = {}
        for name in names:
            value = parameters[name]
            if isinstance(value, np.ndarray):
                value = simplify(value[self._indices].copy())
            values[name] = value
        return ParameterSpace(values, self.celltype.get_schema(), shape=(self.size,))

    def _get_native_parameters(self, *names):
        return self._get_parameters(*names)

    def _set_parameters(self, parameter_space):
        tell_of_dependence(self._owner, parameter_space, self._root._drawn)
        self._root._set_cell_parameters(
            self._indices, _evaluated_parameters(self._owner, self.celltype, parameter_space, self.size)
        )

    def _get_view(self, selector, label=None):
        return PopulationView(self, selector, label)

    def save_positions(self, file):
        with processes.same_error(f"save_positions() of '{self.label}'"):
            if processes.rank == 0:
                with writing_table(file, f"The positions of '{self.label}'") as table:
                    super().save_positions(table)

    save_positions.__doc__ = common.Population.save_positions.__doc__

    @alone
    def record(self, variables, to_file=None, sampling_interval=None, locations=None):
        """Record variables of these cells from now on.

        `variables`:
            a name or a list of names of `celltype.recordable` ("spikes", "v" in mV, ...), or "all"; None
            stops it.
        `to_file`:
            a file name or a Neo IO, to which `end()` writes the data.
        `sampling_interval`:
            ms between samples, a multiple of the time step, the same for all variables of a population; by
            default each time step.

        A run of n steps gives n + 1 samples. Raises RecordingError for what these cells don't have,
        ValueError for an interval that can't be.
        """
        check_to_file(to_file)
        super().record(variables, None, sampling_interval, locations)
        write_on_end(self, variables, to_file)


class PopulationView(_Cells, common.PopulationView):
    """
    Some cells of a population, or of another view: they are the same cells, in the order given.

    `parent`:
        a Population or PopulationView.
    `selector`:
        a slice, an array of indices, or an array of True and False, one for each cell of the parent;
        ``population[selector]`` makes the view, too.
    `label`:
        a name.

    Raises IndexError for cells that the parent doesn't have, and for none at all.
    """

    _simulator = simulator
    _assembly_class = Assembly

    def __init__(self, parent, selector, label=None):
        """Raises IndexError for cells that the parent doesn't have."""
        if not isinstance(selector, slice):
            selector = as_indices(parent, selector)
        if len(np.arange(parent.size)[selector]) == 0:
            raise IndexError(f"There are no cells {selector} in '{parent.label}' of size {parent.size}")
        super().__init__(parent, selector, label)
        self._is_made = True

    def id_to_index(self, id):
        return places_of(self, id)

    id_to_index.__doc__ = common.PopulationView.id_to_index.__doc__

    def _origin(self):
        return [("of", f'{type(self.parent).__name__} "{self.parent.label}"')]

    @property
    def _root(self):
        return self.grandparent

    @property
    def _indices(self):
        return self.index_in_grandparent(np.arange(self.size))

    @property
    def initial_values(self):
        """Initial values of the state variables: a LazyArray by name."""
        return {
            name: LazyArray(simplify(values[self._indices]), shape=(self.size,), dtype=float)
            for name, values in self._root.initial_values.items()
        }


class Population(_Cells, common.Population):
    """
    A group of cells of one type.

    `size`:
        the number of cells, at least 1; or the sizes of a grid, (nx, ny) or (nx, ny, nz).
    `cellclass`:
        a cell type with its parameters, ``IF_curr_exp(tau_m=10.0)``, or a class.
    `cellparams`:
        parameters by name, if `cellclass` is a class.
    `structure`:
        where the cells are (µm), an object of `pyNN.space`: Grid2D, RandomStructure, ...; by default a Line.
    `initial_values`:
        of state variables by name, as for `initialize`.
    `label`:
        a name, for messages and data.

    Cells are ``population[k]``, views ``population[:10]``, assemblies ``population + other``.

    Raises ValueError for a size that can't be, TypeError for what is no cell type,
    InvalidParameterValueError or InvalidDimensionsError for parameters (see `set`), MemoryError; then
    there is no new population.
    """

    _simulator = simulator
    _recorder_class = Recorder
    _structure: BaseStructure | None
    _set_in_part = False  # whether some cells were set, maybe by their process only
    _assembly_class = Assembly

    @alone
    def __init__(self, size, cellclass, cellparams=None, structure=None, initial_values=None, label=None):
        """Raises ValueError or an error of PyNN for what can't be; then there is no new population."""
        size = _checked_size(size)
        if isinstance(cellclass, type) and cellparams is None:
            cellparams = {}
        elif not isinstance(cellclass, type) and cellparams is not None:
            kind = type(cellclass).__name__
            example = ", ".join(f"{name}={value!r}" for name, value in cellparams.items())
            raise ValueError(
                f"Population '{label or cellclass}': cellparams are for a class of cells, not for cells that "
                f"have their parameters: give them as {kind}({reprlib.aRepr.repr_str(example, 0)[1:-1]})"
            )
        self._initial_values = dict(initial_values or {})  # `_create_cells` makes numbers of them
        self._hardly_meant: set[str] = set()  # parameters that there has been a warning of
        try:
            super().__init__(size, cellclass, cellparams, structure, self._initial_values, label)
        except MemoryError:
            self._take_back()
            raise MemoryError(f"Population '{label or cellclass}': no memory for {size} cells") from None
        except BaseException:
            self._take_back()
            raise
        self._is_made = True

    def _take_back(self):
        """Leave no trace in the simulator of a population that failed, or whose making was interrupted."""
        with signals_held():
            state = simulator.state
            state.recorders.discard(getattr(self, "recorder", None))
            if state.populations and state.populations[-1] is self:
                state.populations.pop()
                state.network.remove_last_block()

    @property
    def structure(self):
        """The spatial structure of the population."""
        return self._structure

    @structure.setter
    def structure(self, structure):
        check(self._owner, "structure", structure, STRUCTURE)
        if type(structure) is not type(self._structure):
            self._structure = None  # PyNN can compare only structures of one type
        self._set_structure(structure)

    @property
    def positions(self):
        """Coordinates of all cells, um: [3, cells]."""
        return self._get_positions()

    @positions.setter
    def positions(self, positions):
        self._set_positions(_checked_positions(self._owner, positions, self.size))

    @property
    def _root(self):
        return self

    @property
    def _indices(self):
        return slice(None)

    def _create_cells(self):
        state = simulator.state
        if not isinstance(self.celltype, CellType):
            raise errors.InvalidModelError(
                f"{type(self.celltype).__name__} is not a cell type of this backend; import cell types "
                f"from the same module as Population"
            )
        if not (state.is_set_up or state.populations):
            warn(
                f"setup() has not been called, so the time step is {state.dt:g} ms: begin with "
                f"setup(timestep=0.1), which also gives up what there was before"
            )
        native = self.celltype.native_parameters
        self._drawn: dict = {}  # names of parameters by the state of the generator that they were drawn from
        tell_of_dependence(self._owner, native, self._drawn)
        self._set_in_part = any(
            map(is_apart, (*dict(native.items()).values(), *self._initial_values.values()))
        )
        parameters = _evaluated_parameters(self._owner, self.celltype, native, self.size)
        self._check_parameters(parameters, slice(None), parameters)
        self._evaluate_first_values()
        self._parameters = parameters
        values = self.celltype.engine_values(parameters, self.size)
        self.celltype.check_functions(values, self.size, state.dt)
        with signals_held():
            self._block = state.network.add_block(self.celltype.model, self.size, values)
            state.populations.append(self)
        first = self._block.first_id
        self.cells_with_notes = {}  # IDs with attributes of their own, by their number
        self.all_cells = Cells(np.arange(first, first + self.size), [self])

    def _evaluate_first_values(self):
        """Make numbers of the initial values that were given, in the order in which PyNN does it."""
        order = {**self.celltype.default_initial_values, **self._initial_values}
        given = {name: self._initial_values[name] for name in order if name in self._initial_values}
        self._initial_values.update(self._evaluated_initial_values(given))

    def _check_parameters(self, new, indices, parameters):
        """Check new values for the cells `indices`, and all parameters as they are with them."""
        self.celltype.check(self._owner, parameters, new, np.arange(self.size)[indices])
        usual.tell(self._hardly_meant, usual.remarks(self._owner, new, self.celltype.units))

    def _set_cell_parameters(self, indices, values):
        """Set parameters of some cells, all or none: numbers, or arrays of one for each, by name."""
        changed = dict(self._parameters)
        for name, value in values.items():
            if isinstance(indices, slice):
                changed[name] = value
            else:
                everywhere = expanded(changed[name], self.size)
                everywhere[indices] = value
                changed[name] = everywhere if everywhere.dtype == object else simplify(everywhere)
        self._check_parameters(values, indices, changed)
        self._store_parameters(changed)

    def _store_parameters(self, parameters):
        """Take over parameters of all cells, from the next step on; they are replaced, not changed."""
        self.recorder.parameters_change()
        self._parameters = parameters
        self._tell_engine()

    def _take_from_owners(self):
        """Let every process have the parameters and initial values that the owner of each cell has: see
        `processes.py`."""
        parameters, initial = (
            self._values_of_owners(what, values)
            for what, values in (("parameters", self._parameters), ("initial values", self._block.initial))
        )
        self._store_parameters(
            {n: value if value.dtype == object else simplify(value) for n, value in parameters.items()}
        )
        self._block.initial.update({name: simplify(values) for name, values in initial.items()})
        for variable in self.initial_values:
            name, divisor = self.celltype.state_in_engine(variable)
            values = simplify(initial[name] * divisor)
            self.initial_values[variable] = LazyArray(values, shape=(self.size,), dtype=float)
        self._set_in_part = False

    def _values_of_owners(self, what, values):
        """Values of all cells by name, of what each process has of all: an array of one for each cell."""
        begin, end = simulator.state.network.own_cells(self.size)
        own = {name: expanded(value, self.size)[begin:end] for name, value in values.items()}
        told = processes.gather(f"{what} of '{self.label}'", own, everywhere=True)
        return {name: np.concatenate([part[name] for part in told]) for name in own}

    def _tell_engine(self):
        """Give the parameters to the engine."""
        self._block.set(**self.celltype.engine_values(self._parameters, self.size))

    def _initialize_cells(self, variable, indices, values):
        """Set a state variable of some cells, now and for the beginning of every trial."""
        name, divisor = self.celltype.state_in_engine(variable)
        self._block.initialize(name, values / divisor, indices)
        initial = simplify(self._block.initial[name] * divisor)
        self.initial_values[variable] = LazyArray(initial, shape=(self.size,), dtype=float)


def _checked_positions(owner, positions, size):
    """Coordinates as float64 [3, size]. Raises InvalidDimensionsError, or InvalidParameterValueError."""
    positions = as_array(owner, "positions", positions, None, "an array of numbers, [3, cells]")
    if positions.shape != (3, size):
        raise errors.InvalidDimensionsError(
            f"{owner}: positions have shape {positions.shape}, not {(3, size)}"
        )
    check_finite(owner, "positions", positions)
    return positions


def _checked_size(size):
    """The size of a new population: a number of cells, or the numbers along up to three dimensions.

    Raises ValueError for other things, and for more cells than the simulator has numbers for.
    """
    dimensions = size if isinstance(size, (tuple, list)) else (size,)
    if not all(is_whole(n) for n in dimensions) or not 1 <= len(dimensions) <= 3:
        raise ValueError(
            f"Population(): size must be a whole number or up to three of them, not {reprlib.repr(size)}"
        )
    if min(dimensions) < 1:
        raise ValueError(f"A population must have at least one cell, not size {size}")
    others = sum(block.n for block in simulator.state.network.blocks)
    if math.prod(map(int, dimensions)) + others > MAX_CELLS:
        raise ValueError(f"Population(): size {size} gives more than {MAX_CELLS} cells in all")
    return tuple(map(int, dimensions)) if dimensions is size or isinstance(size, list) else int(size)


def _evaluated_parameters(owner, celltype, parameter_space, size):
    """Values of parameters for `size` cells, by name: see `parameters.evaluated`."""
    for name, lazy in parameter_space.items():
        if isinstance(lazy.base_value, np.ndarray):
            check_size(owner, name, lazy.base_value, size)
    parameter_space.shape = (size,)
    return {
        name: evaluated(owner, name, lazy, size, celltype.is_sequence(name))
        for name, lazy in parameter_space.items()
    }


_OF_POPULATIONS = ("__add__", "can_record", "nearest")
check_arguments_of(Population, "__init__", *_OF_POPULATIONS, *METHODS, **METHOD_RULES)
check_arguments_of(PopulationView, "__init__", *_OF_POPULATIONS, *METHODS, parent=POPULATION, **METHOD_RULES)
update(Population, POPULATION_ARGUMENTS)
for _class in Population, PopulationView:
    update(_class, record="record('spikes')", set="set(tau_m=10.0)", initialize="initialize(v=-60.0)")
