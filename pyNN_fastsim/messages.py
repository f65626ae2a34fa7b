"""How messages call what users gave: cells and populations by their names, objects by their types."""

import difflib
import inspect
import reprlib
import sys

from pyNN.common.populations import Assembly, BasePopulation, IDMixin
from pyNN.common.projections import Projection
from pyNN.connectors import Connector
from pyNN.models import BaseModelType
from pyNN.random import AbstractRNG
from pyNN.space import BaseStructure, Space

_LABELLED = (BasePopulation, Assembly, Projection)
_MADE_OF_PYNN = (*_LABELLED, IDMixin, BaseModelType, Connector, AbstractRNG, BaseStructure, Space)


def is_ours(value):
    """Whether an object, or a class, is of this backend, or of a user's class that is derived from one."""
    kind = value if isinstance(value, type) else type(value)
    return any(base.__module__.partition(".")[0] == __package__ for base in kind.__mro__)


def is_of_pynn(value):
    """Whether something is one of the objects that networks are made of, or a class of them."""
    return issubclass(value, _MADE_OF_PYNN) if isinstance(value, type) else isinstance(value, _MADE_OF_PYNN)


def shown(value):
    """What a user gave, in a few words: an object's type, its name, and the backend if it is another one."""
    if not is_of_pynn(value):
        return _shown_other(value)
    if isinstance(value, type):
        return f"the class {value.__name__} itself{_of_backend(value)}"
    name = type(value).__name__
    if isinstance(value, IDMixin):
        return f"{_shown_cell(value)}{_of_backend(value)}"
    if isinstance(value, _LABELLED):
        return f"the {name} '{value.label}'{_of_backend(value)}"
    article = "an" if name[0] in "AEIO" else "a"
    return f"{article} {name}{_of_backend(value)}"


def place_of(cell):
    """The index of a cell in its population; None if that is no more."""
    population = cell.parent
    return None if population is None else int(cell) - int(population.first_id)


def _shown_cell(cell):
    place = place_of(cell)
    return f"cell {int(cell)}" if place is None else f"cell {place} of '{cell.parent.label}'"


def _shown_other(value):
    if isinstance(value, (list, tuple)) and value and (is_of_pynn(value[0]) or inspect.isfunction(value[0])):
        return f"a {type(value).__name__} with {shown(value[0])}"
    if inspect.isfunction(value):
        return f"the function {value.__name__}"
    if type(value).__repr__ is object.__repr__ and type(value) is not object or " at 0x" in repr(value):
        return f"an object of type {type(value).__name__}"
    return reprlib.repr(value)


def _of_backend(value):
    """ " of another backend, pyNN.nest", say; "" for what is of this one, or of none."""
    if is_ours(value):
        return ""
    for base in (value if isinstance(value, type) else type(value)).__mro__:
        package = ".".join(base.__module__.split(".")[:2])
        if f"{package}.simulator" in sys.modules:  # which every backend has
            return f" of another backend, {package}"
    return ""


def nearest(name, known, cutoff=0.6):
    """The known name that is nearest to `name`, whatever their case; None if none is, see `difflib`."""
    by_lower_case = {str(each).lower(): each for each in known}
    near = difflib.get_close_matches(str(name).lower(), by_lower_case, n=1, cutoff=cutoff)
    return by_lower_case[near[0]] if near else None


def did_you_mean(name, known):
    """A remark on the known name that `name` stands for elsewhere, or is nearest to; "" if there is none."""
    from .other_names import among  # a long table, which few need

    today = among(name, known)
    if today is not None:
        return f" (in PyNN it is '{today}')"
    near = nearest(name, known)
    return "" if near is None else f" (did you mean '{near}'?)"


def no_such_name(module, name, known):
    """What to say of a name that a module doesn't have, but perhaps another simulator's."""
    from .other_names import in_pynn

    today = None if name.startswith("_") else in_pynn(name)
    if today is not None:
        return f"{module} has no '{name}': in PyNN it is {today}"
    hint = "" if name.startswith("_") else did_you_mean(name, known)
    return f"module {module!r} has no attribute {name!r}{hint}"
