"""
Cell types: from a class, the way PyNN declares them, to a model of the engine.

The built-in types (standardmodels/cells.py) and users' own (docs/own_cell_type.md) are subclasses of
`CellType` alike. Those that are built in name a model of the engine; of the others one is made.
"""

import hashlib
import inspect
import re
import reprlib
from copy import deepcopy

import numpy as np
import quantities as pq
from pyNN import errors
from pyNN.parameters import ArrayParameter, ParameterSpace
from pyNN.random import RandomDistribution
from pyNN.standardmodels import StandardCellType, build_translations

from . import devices, simulator
from .arguments import check_arguments_of, is_finite
from .display import WithParameters
from .engine.compiling.compile import Deferred
from .engine.compiling.settings import INTERPRETED
from .engine.neurons.kernel import Model, kernel_of
from .helping import describe_class, sections_of_cells
from .parameters import as_given
from .validation import NoParameterAttributes, check_names, check_parameters, did_you_mean


def public_state(model):
    """The state variables of a model that users may see and set."""
    return [name for name in model.state if not name.startswith("_")]


class CellParameters(WithParameters, NoParameterAttributes):
    """What cell types and the parts of a PointNeuron have in common: their parameters are not attributes."""

    def _parameters_and_states(self):
        return self.get_parameter_names(), self.default_initial_values

    def _how_to_set(self, name, is_state):
        if is_state:
            return f"call initialize({name}=...) of a population"
        return f"give it as {type(self).__name__}({name}=...), or call set({name}=...) of a population"


class CellType(CellParameters, StandardCellType):
    """
    What all cell types of this backend have in common.

    A cell type of one's own is a subclass that declares, in PyNN's words,

    default_parameters       numbers by name
    default_initial_values   numbers by name of all state variables, the membrane potential first. Those
                             whose names begin with "_" are the step's own: not to be set or recorded
    units                    by name, of parameters and variables; those that have none are left out
    receptor_types           names; each receptor has its own input
    conductance_based        whether weights are conductances
    recordable               "spikes", and names of variables; all of them if there is none

    and two functions,

    constants(p, dt)         of the parameters by name (numbers, or arrays of one for each cell) and the time
                             step (ms): a tuple of numbers or arrays
    step(c, s, x)            of one cell and one time step, marked with `kernels.inlined`: from its constants,
                             state, and what has arrived for each receptor, followed by the injected current
                             (nA), to (new state, whether it spiked)

    or, instead of `step`, the three functions that engine/neurons/adaptive.py describes; and, if need be,

    above, below             pairs of a parameter and what it must be above, or below: a number, or another
                             parameter
    may_be_infinite          parameters that may be, such as limits that are never reached
    """

    model: Model
    above: tuple[tuple, ...] = ()
    below: tuple[tuple, ...] = ()
    may_be_infinite: tuple[str, ...] = ()
    is_own = False  # whether the model is made from the class
    weights_have_signs = True  # as PyNN says: negative ones at receptors for inhibitory currents only
    is_standard = True  # whether it is one of PyNN's
    is_relayed = False  # whether its spikes come a shortest delay late: see native.py
    _for_users = (
        *("default_parameters", "default_initial_values", "units", "receptor_types", "recordable"),
        *("conductance_based", "get_parameter_names", "has_parameter", "can_record", "describe"),
    )

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        if hasattr(cls, "step") or hasattr(cls, "attempt"):
            cls.is_own = True
            cls.model = _model_of(cls)
            cls.default_initial_values = {name: cls.model.state[name] for name in public_state(cls.model)}
            every_name = [*cls.model.parameters, *cls.model.state]
            cls.units = dict.fromkeys(every_name, "") | getattr(cls, "units", {})
        if hasattr(cls, "model"):
            cls.translations = build_translations(*((name, name) for name in cls.default_parameters))
            if "recordable" not in vars(cls):
                cls.recordable = ["spikes", *public_state(cls.model)]
            describe_class(cls, sections_of_cells(cls))

    def __init__(self, **parameters):
        """Raises NonExistentParameterError, with the nearest known name, and
        InvalidParameterValueError for what can't be a parameter's value."""
        check_names(self, parameters)
        super().__init__(**self.as_given(type(self).__name__, parameters))
        self._is_made = True

    def as_given(self, owner, parameters, size=None):
        """Parameters as a user gives them, by name: checked, see `parameters.as_given`."""
        return {
            name: as_given(owner, name, value, self.is_sequence(name), size, self.units.get(name))
            for name, value in parameters.items()
        }

    def is_sequence(self, name):
        """Whether one value of a parameter is a Sequence of numbers."""
        return isinstance(self.default_parameters.get(name), ArrayParameter)

    def is_conductance(self, receptor):
        """Whether the weights of synapses at a receptor are conductances."""
        return self.conductance_based

    def translate(self, parameters, copy=True):
        """The engine's parameters: the same ones.

        Random distributions are copied, as everywhere in PyNN: whatever has the same seed draws the
        same numbers. Arrays are not, which would take seconds for spike times of many cells.
        """
        values = {
            name: deepcopy(value)
            if value.operations or isinstance(value.base_value, RandomDistribution)
            else value
            for name, value in parameters.items()
        }
        return ParameterSpace(values, shape=parameters.shape)

    @staticmethod
    def engine_values(values, n):
        """The parameters as the engine wants them, from evaluated ones, for `n` cells."""
        return values

    def state_names(self):
        """The state variables that users may see and set, the membrane potential first."""
        return public_state(self.model)

    def state_in_engine(self, variable):
        """What the engine calls a state variable, and by what its values are to be divided there."""
        return variable, 1.0

    def check(self, owner, values, changed, cells):
        """Check evaluated parameters, by name: all of a population's, of which those that are `changed`
        have new values for the cells with the indices `cells`.

        Raises InvalidParameterValueError.
        """
        check_parameters(owner, values, self.above, self.below, self.may_be_infinite)

    def check_initial(self, owner, name, values, is_everywhere):
        """Check initial values of a variable, a number or an array; `is_everywhere` is whether they are for
        the whole population. Raises InvalidParameterValueError."""

    def check_functions(self, values, n, dt):
        """Try the functions of a cell type of one's own on its parameters: `n` cells, time step `dt`.

        Raises InvalidModelError that names the function, and the line where there is one.
        """
        if not self.is_own:
            return
        name = type(self).__name__
        constants = _tried_constants(name, self.model, values, n, dt)
        uniform = all(np.ndim(value) == 0 for value in constants)
        kernel = kernel_of(self.model, len(constants), uniform)
        if INTERPRETED or kernel.is_cached or devices.has_kernel(simulator.state, self.model, len(constants)):
            return
        from .engine.compiling.check import ModelError, check_model  # Numba takes its time

        try:
            check_model(self.model, len(constants))
        except ModelError as error:
            raise errors.InvalidModelError(f"{name}: {error}") from None
        devices.make_kernel(simulator.state, self.model, len(constants))  # so that this is not done again


check_arguments_of(CellType, "__init__")


# --- cell types of one's own ---------------------------------------------------------------------------

_FUNCTIONS = {"step": 3, "attempt": 4, "fires": 3, "finish": 4}  # numbers of arguments


def _model_of(cls):
    """The engine's model that a class declares. Raises InvalidModelError."""
    functions = {name: getattr(cls, name) for name in _FUNCTIONS if hasattr(cls, name)}
    if set(functions) not in ({"step"}, {"attempt", "fires", "finish"}):
        raise _wrong(cls, "must have either a step, or attempt, fires and finish")
    for name, function in functions.items():
        _check_function(cls, name, function)
    constants = inspect.getattr_static(cls, "constants", None)
    constants = getattr(constants, "__func__", constants)
    if not callable(constants):
        raise _wrong(cls, "must have a function constants(p, dt)")
    inherits_state = "default_initial_values" not in vars(cls) and hasattr(cls, "model")
    state = cls.model.state if inherits_state else cls.default_initial_values
    _check_declaration(cls, state)
    state = dict(state)
    if "attempt" in functions:
        state["_part"] = -1.0 if hasattr(cls, "refresh") else 1.0
    return Model(
        name=_unique_name(cls, next(iter(functions.values()))),
        parameters=tuple(cls.default_parameters),
        state=state,
        receptors=tuple(getattr(cls, "engine_receptors", cls.receptor_types)),
        graded=getattr(cls, "graded_receptors", {}),
        pools=getattr(cls, "pools", ()),
        transmits=getattr(cls, "transmits", None),
        constants=constants,
        short_step=getattr(cls, "short_step", None),
        unfit=getattr(cls, "unfit", None),
        refresh=getattr(cls, "refresh", None),
        restart=getattr(cls, "restart", None),
        remembers=getattr(cls, "remembers", False),
        **functions,
    )


def _wrong(cls, what):
    return errors.InvalidModelError(f"{cls.__name__} {what}")


def _unique_name(cls, function):
    """A name for the kernel: that of the class, and of where it was written."""
    place = hashlib.sha256(function.function.__code__.co_filename.encode()).hexdigest()[:8]
    return re.sub(r"\W", "_", f"{cls.__qualname__}_{place}")


def _check_function(cls, name, function):
    if not isinstance(function, Deferred) or function.kind != "inlined":
        raise _wrong(cls, f"has a {name} that is not compiled: mark it with @inlined")
    n = len(inspect.signature(function.function).parameters)
    if n != _FUNCTIONS[name]:
        raise _wrong(cls, f"has a {name} of {n} arguments instead of {_FUNCTIONS[name]}")


def _check_declaration(cls, state):
    """Raise InvalidModelError for names that don't fit together, and values that are not numbers."""
    for what, value, kinds in (
        ("default_parameters", cls.default_parameters, (dict,)),
        ("default_initial_values", state, (dict,)),
        ("units", getattr(cls, "units", {}), (dict,)),
        ("receptor_types", cls.receptor_types, (tuple, list)),
        ("recordable", vars(cls).get("recordable", []), (tuple, list)),
        ("conductance_based", cls.conductance_based, (bool, np.bool_)),
    ):
        if not isinstance(value, kinds):
            raise _wrong(cls, f"has {what} that must be a {kinds[0].__name__}, not {reprlib.repr(value)}")
    if not state:
        raise _wrong(cls, "has no state variables: default_initial_values is empty")
    for what, values in (("parameter", cls.default_parameters), ("initial value", state)):
        for name, value in values.items():
            if not isinstance(name, str) or not is_finite(value):
                raise _wrong(cls, f"has the {what} {name}, which must be a number, not {reprlib.repr(value)}")
    if not all(isinstance(name, str) for name in cls.receptor_types):
        raise _wrong(cls, f"has receptor_types that is not a list of names: {cls.receptor_types!r}")
    for what in "above", "below":
        if not _are_limits(getattr(cls, what), cls.default_parameters):
            raise _wrong(
                cls,
                f"has {what} that must be pairs of a parameter and a number, or another parameter, "
                f"not {reprlib.repr(getattr(cls, what))}",
            )
    both = sorted(set(cls.default_parameters) & set(state))
    if both:
        raise _wrong(cls, f"has '{both[0]}' both as a parameter and as a state variable")
    for where, names, allowed in (
        ("units", getattr(cls, "units", {}), [*cls.default_parameters, *state]),
        ("recordable", vars(cls).get("recordable", ()), ["spikes", *state]),
    ):
        for name in names:
            if name not in allowed:
                raise _wrong(cls, f"has an unknown name in {where}: '{name}'{did_you_mean(name, allowed)}")


def _are_limits(pairs, parameters):
    """Whether these are pairs of a parameter and a number, or another parameter."""
    return isinstance(pairs, (tuple, list)) and all(
        isinstance(pair, (tuple, list))
        and len(pair) == 2
        and isinstance(pair[0], str)
        and pair[0] in parameters
        and (is_finite(pair[1]) or (isinstance(pair[1], str) and pair[1] in parameters))
        for pair in pairs
    )


def _tried_constants(owner, model, values, n, dt):
    """What the constants of a model are for these parameters; raises InvalidModelError."""
    function = model.constants
    where = f"{owner}: constants ({_place(function)})"
    try:
        constants = function(values, dt)
    except KeyError as error:
        hint = did_you_mean(error.args[0], model.parameters)
        raise errors.InvalidModelError(f"{where} uses {error}{hint}, which is no parameter") from error
    except Exception as error:
        raise errors.InvalidModelError(f"{where}: {type(error).__name__}: {error}") from error
    if not isinstance(constants, (tuple, list)):
        raise errors.InvalidModelError(f"{where} must return a tuple, not {constants!r}")
    for k, value in enumerate(constants):
        if not _is_number_or_array(value, n):
            raise errors.InvalidModelError(
                f"{where} must return numbers, or arrays of one for each cell, but the item {k} is "
                f"{reprlib.repr(value)}"
            )
    return constants


def _is_number_or_array(value, n):
    """Whether something is a number that the engine can take, or as many as there are cells."""
    if isinstance(value, pq.Quantity):
        return False
    try:
        array = np.asarray(value)
    except ValueError:  # of lists in lists
        return False
    return array.dtype.kind in "biuf" and array.shape in ((), (n,))


def _place(function):
    code = getattr(function, "__code__", None)  # a class has none
    return f"{code.co_filename}, line {code.co_firstlineno}" if code else repr(function)
