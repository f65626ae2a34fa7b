"""
Cells as users hold them: one, as an ID, and many, as an array of ids.

PyNN keeps an array of objects, one for each cell. Here it is an array of numbers, of which an object is made
where a single one is taken out.
"""

import difflib
import weakref

import numpy as np
from pyNN import common, errors

from .arguments import RULES, check, is_finite
from .messages import place_of
from .parameters import to_look_at
from .validation import UnknownAttributeError, unknown_name


class ID(int, common.IDMixin):
    __doc__ = common.IDMixin.__doc__

    def __new__(cls, n, parent=None):
        self = int.__new__(cls, n)
        if parent is not None:
            self.__dict__["_parent"] = weakref.ref(parent)
        return self

    @property
    def parent(self):
        """The cell's population; which is there as long as its network is.

        A weak reference, because a population holds those of its cells that have attributes of their own.
        """
        return self.__dict__["_parent"]()

    @parent.setter
    def parent(self, population):
        self.__dict__["_parent"] = weakref.ref(population)

    @property
    def position(self):
        """The cell's coordinates, um: [3]."""
        return self._get_position()

    @position.setter
    def position(self, position):
        check(f"cell {int(self)}", "position", position, RULES["position"])
        self._set_position(np.array(position, dtype=float))

    def __getattr__(self, attribute):
        """A parameter of the cell. Raises NonExistentParameterError, which is an AttributeError too."""
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        if attribute == "set":
            return super().__getattr__(attribute)  # raises an error that says how
        names = self.celltype.get_parameter_names()
        if attribute not in names and callable(getattr(type(self.parent), attribute, None)):
            k = place_of(self)
            raise AttributeError(
                f"a cell has no {attribute}(), but a view of it has: '{self.parent.label}'[{k}:{k + 1}]"
                f".{attribute}(...), with [{k}:{k + 1}] instead of [{k}]"
            )
        if attribute not in names:
            raise UnknownAttributeError(attribute, type(self.celltype).__name__, names)
        if not self.local:
            raise errors.NotLocalError(
                f"{attribute} of cell {int(self)}: the cell belongs to another process; "
                f"get(..., gather=True) has the values of all cells"
            )
        return to_look_at(self.as_view().get(attribute))

    def __setattr__(self, attribute, value):
        """Set a parameter of the cell; a name that is nearly one is taken for a misspelling.

        Raises NonExistentParameterError.
        """
        if attribute != "parent" and not hasattr(type(self), attribute):
            names = self.celltype.get_parameter_names()
            if attribute not in names:
                if difflib.get_close_matches(attribute, names):
                    raise unknown_name(attribute, type(self.celltype).__name__, names)
                if attribute in self.celltype.default_initial_values and is_finite(value):
                    raise AttributeError(
                        f"{attribute} of a cell can't be set, which would change nothing: call "
                        f"set_initial_value({attribute!r}, {value!r})"
                    )
                self.parent.cells_with_notes[int(self)] = self
        super().__setattr__(attribute, value)

    def inject(self, current_source, location=None):
        check(f"cell {int(self)}", "current_source", current_source, RULES["current_source"])
        if location is None:
            self.as_view().inject(current_source)
        else:
            super().inject(current_source, location)

    inject.__doc__ = common.IDMixin.inject.__doc__


class Cells(np.ndarray):
    """Ids of cells: int64 [cells], of which each that is taken out, or iterated over, is an ID.

    What is computed from it is a plain array of numbers.
    """

    __array_priority__ = 1  # arrays of ids that NumPy puts together stay arrays of ids

    def __new__(cls, ids, populations):
        """`ids` of cells of these populations."""
        self = np.asarray(ids, dtype=np.int64).view(cls)
        self._populations = {int(p._block.first_id): weakref.ref(p) for p in populations}
        return self

    def __array_finalize__(self, other):
        self._populations = getattr(other, "_populations", {})

    def _cell(self, number):
        """The ID of a number."""
        for first, reference in self._populations.items():
            population = reference()
            if population is not None and first <= number < first + population.size:
                noted = population.cells_with_notes
                return noted[number] if number in noted else ID(number, population)
        return number

    def __getitem__(self, key):
        found = super().__getitem__(key)
        return self._cell(int(found)) if isinstance(found, np.integer) else found

    def __iter__(self):
        return map(self._cell, np.asarray(self).tolist()) if self.ndim == 1 else super().__iter__()

    def tolist(self):
        return list(self)

    def min(self, *args, **kwargs):
        return self._taken(np.asarray(self).min(*args, **kwargs))

    def max(self, *args, **kwargs):
        return self._taken(np.asarray(self).max(*args, **kwargs))

    def _taken(self, found):
        return self._cell(int(found)) if isinstance(found, np.integer) else found

    def astype(self, dtype, *args, **kwargs):
        if np.dtype(dtype) != object:
            return np.asarray(self).astype(dtype, *args, **kwargs)
        cells = [self._cell(number) for number in np.asarray(self).ravel().tolist()]
        return np.array(cells, dtype=object).reshape(self.shape)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [np.asarray(each) if isinstance(each, Cells) else each for each in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)

    def __array_function__(self, function, types, args, kwargs):
        result = super().__array_function__(function, types, args, kwargs)
        if function is np.concatenate and isinstance(result, Cells):
            parts = [part for part in args[0] if isinstance(part, Cells)]
            result._populations = {k: p for part in parts for k, p in part._populations.items()}
        return result

    def __reduce__(self):
        return np.asarray(self).__reduce__()
