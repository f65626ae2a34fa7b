"""Population, PopulationView and Assembly."""

import numpy as np
from pyNN import common, errors
from pyNN.parameters import ArrayParameter, LazyArray, ParameterSpace, simplify
from pyNN.standardmodels import StandardCellType

from . import simulator
from .recording import Recorder, merge_blocks
from .validation import check_finite, check_names, check_parameters, unknown_name


class Assembly(common.Assembly):
    __doc__ = common.Assembly.__doc__
    _simulator = simulator

    def get_data(self, variables="all", gather=True, clear=False, annotations=None):
        blocks = [p.get_data(variables, gather, clear) for p in self.populations]
        return merge_blocks(self, blocks, annotations)

    get_data.__doc__ = common.Assembly.get_data.__doc__

    def write_data(self, io, variables="all", gather=True, clear=False, annotations=None):
        Recorder.write_block(io, self.get_data(variables, gather, clear, annotations))

    write_data.__doc__ = common.Assembly.write_data.__doc__


class _Cells:
    """
    What populations and views have in common.

    Subclasses tell which cells of which population they are: `_root`, `_indices`.
    """

    def set(self, **parameters):
        check_names(self.celltype, parameters)
        super().set(**parameters)

    set.__doc__ = common.Population.set.__doc__

    def get(self, parameter_names, gather=False, simplify=True):
        names = [parameter_names] if isinstance(parameter_names, str) else parameter_names
        check_names(self.celltype, names)
        return super().get(parameter_names, gather, simplify)

    get.__doc__ = common.Population.get.__doc__

    def initialize(self, **initial_values):
        for variable, value in initial_values.items():
            self._check_variable(variable)
            try:
                values = LazyArray(value, shape=(self.size,), dtype=float)
            except (TypeError, AssertionError):
                raise errors.InvalidParameterValueError(
                    f"{self.label}: the initial value of {variable} must be a number or numbers, "
                    f"not {value!r}"
                ) from None
            except ValueError as error:
                raise errors.InvalidDimensionsError(
                    f"{self.label}: initial values of {variable}: {error}"
                ) from None
            self._set_initial_value_array(variable, values)

    initialize.__doc__ = common.Population.initialize.__doc__

    def _check_variable(self, variable):
        known = [name for name in self._root._block.state if not name.startswith("_")]
        if variable not in known:
            raise unknown_name(variable, type(self.celltype).__name__, known)

    def _set_initial_value_array(self, variable, initial_values):
        values = initial_values.evaluate(simplify=True)
        check_finite(f"Population '{self.label}'", f"the initial value of {variable}", values)
        self._root._initialize_cells(variable, self._indices, values)

    def _set_cell_initial_value(self, id, variable, value):
        index = self.id_to_index(id)
        self[index : index + 1].initialize(**{variable: value})

    def _get_parameters(self, *names):
        """A ParameterSpace of the parameters of these cells; the engine has PyNN's names and units."""
        parameters = self._root._parameters
        values = {}
        for name in names:
            value = parameters[name]
            values[name] = value[self._indices] if isinstance(value, np.ndarray) else value
        return ParameterSpace(values, self.celltype.get_schema(), shape=(self.size,))

    def _get_native_parameters(self, *names):
        return self._get_parameters(*names)

    def _set_parameters(self, parameter_space):
        parameter_space.evaluate(simplify=True)
        self._root._set_cell_parameters(self._indices, parameter_space.as_dict())

    def _get_view(self, selector, label=None):
        return PopulationView(self, selector, label)

    def record(self, variables, to_file=None, sampling_interval=None, locations=None):
        super().record(variables, None, sampling_interval, locations)
        if to_file and not isinstance(to_file, bool) and variables is not None:
            self._simulator.state.write_on_end.append((self, variables, to_file))

    record.__doc__ = common.Population.record.__doc__


class PopulationView(_Cells, common.PopulationView):
    __doc__ = common.PopulationView.__doc__
    _simulator = simulator
    _assembly_class = Assembly

    def __init__(self, parent, selector, label=None):
        """Raises IndexError for cells that the parent doesn't have."""
        if not isinstance(selector, slice):
            selector = np.array(selector)
            if selector.dtype != bool:
                selector = selector.astype(int)
                if np.any((selector < -len(parent)) | (selector >= len(parent))):
                    raise IndexError(
                        f"'{parent.label}' has {len(parent)} cells, but the view asks for cells {selector}"
                    )
                selector = np.where(selector < 0, selector + len(parent), selector)
        elif len(range(*selector.indices(len(parent)))) == 0:
            raise IndexError(f"There are no cells {selector} in '{parent.label}' of size {len(parent)}")
        super().__init__(parent, selector, label)

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
            name: LazyArray(values[self._indices], shape=(self.size,), dtype=float)
            for name, values in self._root.initial_values.items()
        }


class Population(_Cells, common.Population):
    __doc__ = common.Population.__doc__
    _simulator = simulator
    _recorder_class = Recorder
    _assembly_class = Assembly

    def __init__(
        self, size, cellclass, cellparams=None, structure=None, initial_values=None, label=None
    ):
        _check_size(size)
        if isinstance(cellclass, type) and cellparams is None:
            cellparams = {}
        super().__init__(size, cellclass, cellparams, structure, initial_values or {}, label)

    @property
    def _root(self):
        return self

    @property
    def _indices(self):
        return slice(None)

    def _create_cells(self):
        state = simulator.state
        if not hasattr(self.celltype, "model"):
            raise errors.InvalidModelError(
                f"{type(self.celltype).__name__} is not a cell type of this backend; import cell types "
                f"from the same module as Population"
            )
        if isinstance(self.celltype, StandardCellType):
            parameter_space = self.celltype.native_parameters
        else:
            parameter_space = self.celltype.parameter_space
        try:
            parameter_space.shape = (self.size,)
        except ValueError as error:
            raise errors.InvalidDimensionsError(f"Population '{self.label}': {error}") from None
        parameter_space.evaluate(simplify=True)
        self._parameters = _stored(parameter_space.as_dict(), self.size)
        check_parameters(f"Population '{self.label}'", self._parameters)
        self._block = state.network.add_block(
            self.celltype.model,
            self.size,
            self.celltype.engine_values(self._parameters, self.size),
        )
        state.populations.append(self)
        first = self._block.first_id
        self.all_cells = np.empty(self.size, dtype=object)
        self.all_cells[:] = [simulator.ID(i, self) for i in range(first, first + self.size)]
        self._mask_local = np.ones(self.size, dtype=bool)

    def _set_cell_parameters(self, indices, values):
        """Set parameters of some cells, all or none: numbers, or arrays of one for each, by name."""
        changed = dict(self._parameters)
        for name, value in _stored(values, None).items():
            if isinstance(indices, slice):
                changed[name] = value
            else:
                everywhere = _expanded(changed[name], self.size)
                everywhere[indices] = value
                changed[name] = _simplified(everywhere)
        check_parameters(f"Population '{self.label}'", changed)
        self._parameters = changed
        self._block.set(**self.celltype.engine_values(changed, self.size))

    def _initialize_cells(self, variable, indices, values):
        """Set a state variable of some cells, now and for the beginning of every trial."""
        initial = np.broadcast_to(self._block.initial[variable], self.size).astype(float)
        initial[indices] = values
        self.initial_values[variable] = LazyArray(
            _simplified(initial.copy()), shape=(self.size,), dtype=float
        )
        self._block.initial[variable] = _simplified(initial)
        self._block.state[variable][indices] = values


def _check_size(size):
    sizes = size if isinstance(size, tuple) else (size,)
    for n in sizes:
        if isinstance(n, (int, np.integer)) and n < 1:
            raise ValueError(f"A population must have at least one cell, not size {size}")


def _stored(values, n):
    """Evaluated parameters as they are kept: a number, a Sequence, or an array of one for each cell."""
    return {
        name: value if np.ndim(value) or isinstance(value, ArrayParameter) else float(value)
        for name, value in values.items()
    }


def _expanded(value, n):
    """A parameter as an array of one value for each cell, to be changed."""
    if isinstance(value, np.ndarray):
        return value.copy()
    array = np.empty(n, dtype=object if isinstance(value, ArrayParameter) else float)
    array[:] = value
    return array


def _simplified(array):
    """The one value of an array of numbers that are all the same; else the array."""
    return array if array.dtype == object else simplify(array)
