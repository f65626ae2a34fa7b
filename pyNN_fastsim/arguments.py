"""
What the arguments of public functions must be, looked at before anything is done with them.

PyNN gives an argument the same name wherever it takes one, so one table by name, `RULES`, says what each
must be; `checked` makes a function look at its arguments. Values of parameters are not checked here, but in
`parameters.py`, by cell type and name.
"""

import functools
import inspect
import math
import numbers
import os
import reprlib
from collections.abc import Mapping

import numpy as np
from pyNN.common.populations import Assembly, BasePopulation, IDMixin
from pyNN.common.projections import Projection
from pyNN.core import IndexBasedExpression
from pyNN.models import BaseCellType, BaseCurrentSource, BaseSynapseType
from pyNN.random import AbstractRNG, RandomDistribution
from pyNN.recording import Variable
from pyNN.space import BaseStructure, Space


class Rule:
    """What an argument must be.

    what   in words, for messages
    fits   a type, a tuple of types, or a function of the value
    """

    def __init__(self, what, fits):
        self.what = what
        self.fits = fits if inspect.isfunction(fits) else lambda value: isinstance(value, fits)

    def or_none(self):
        return Rule(f"{self.what}, or None", lambda value: value is None or self.fits(value))


def is_finite(value):
    """Whether something is a finite real number, and no flag."""
    try:
        return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(float(value))
    except OverflowError:
        return False


def is_whole(value):
    """Whether something is an integer, and no flag."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_flag(value):
    return isinstance(value, (bool, np.bool_)) or (isinstance(value, int) and value in (0, 1))


def _is_position(value):
    if isinstance(value, np.ndarray):
        return value.shape == (3,) and all(is_finite(each) for each in value)
    return isinstance(value, (tuple, list)) and len(value) == 3 and all(is_finite(each) for each in value)


def _are_names(value):
    if isinstance(value, str):
        return True
    return isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(n, str) for n in value)


def _are_callbacks(value):
    return isinstance(value, (list, tuple)) and all(map(_is_function, value))


def _is_cell_type(value):
    return isinstance(value, BaseCellType) or (isinstance(value, type) and issubclass(value, BaseCellType))


def _is_not_negative(value):
    return is_finite(value) and value >= 0


def _is_count(value):
    return isinstance(value, RandomDistribution) or (is_whole(value) and 0 <= value < 2**31)


def _are_cells(value):
    if isinstance(value, (BasePopulation, Assembly)):
        return True
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and value.dtype.kind in "iuO"
    return is_whole(value) or (
        isinstance(value, (list, tuple)) and 0 < len(value) and all(map(is_whole, value))
    )


def _is_connection_set(value):
    return any(base.__module__.split(".")[0] == "csa" for base in type(value).__mro__)


def _is_function(value):
    """Whether something can be called with one argument; of what isn't written in Python nothing is known."""
    if not callable(value) or isinstance(value, type):
        return False
    try:
        inspect.signature(value).bind(None)
    except TypeError:
        return False
    except ValueError:
        pass
    return True


def _is_path(value):
    return isinstance(value, (str, os.PathLike)) and 0 < len(os.fspath(value)) and "\0" not in str(value)


def _is_file(value):
    return _is_path(value) or hasattr(value, "write") or hasattr(value, "write_block")


CELLS = Rule("a population, view or assembly", (BasePopulation, Assembly))
CELL_OR_CELLS = Rule(
    "a cell, population, view or assembly", lambda value: isinstance(value, IDMixin) or CELLS.fits(value)
)
COUNT = Rule("a whole number of at least 0", lambda value: is_whole(value) and 0 <= value < 2**40)
FLAG = Rule("True or False", _is_flag)
FILE = Rule("the name of a file, or a file of pyNN.recording.files or Neo", _is_file)
LIST_OF_NAMES = Rule("a list of names", lambda value: not isinstance(value, str) and _are_names(value))
NAMES = Rule("a name or a list of names", _are_names)
NOT_NEGATIVE = Rule("a finite number of at least 0", _is_not_negative)
NUMBER = Rule("a finite number", is_finite)
POPULATION = Rule("a population or view", BasePopulation)
SAMPLE_SIZE = Rule("a whole number of at least 0", lambda value: is_whole(value) and value >= 0)
STRUCTURE = Rule("a structure, such as Line or Grid2D", BaseStructure)
TEXT = Rule("a text", str)

RULES = {
    "allow_self_connections": Rule(
        "True, False or 'NoMutual'",
        lambda value: isinstance(value, bool) or (isinstance(value, str) and value == "NoMutual"),
    ),
    "annotations": Rule("a dict", Mapping).or_none(),
    "attribute_names": NAMES,
    "callback": Rule("a function", _is_function).or_none(),
    "callbacks": Rule("a list of functions", _are_callbacks).or_none(),
    "cellclass": Rule("a cell type", _is_cell_type),
    "cellparams": Rule("a dict of parameters", Mapping).or_none(),
    "cells": CELLS,
    "clear": FLAG,
    "current_source": Rule("a current source", BaseCurrentSource),
    "d_expression": Rule(
        "an expression in d, or a function of d", lambda value: isinstance(value, str) or _is_function(value)
    ),
    "column_names": Rule(
        "a list of names", lambda value: not isinstance(value, str) and _are_names(value)
    ).or_none(),
    "cset": Rule("a connection set of the package csa", _is_connection_set),
    "degree": NOT_NEGATIVE,
    "disp_function": Rule("a function of the displacement", _is_function),
    "distributed": FLAG,
    "filename": FILE.or_none(),
    "format": TEXT,
    "id": Rule("a cell, or a list of cells", _are_cells),
    "index_expression": Rule("an IndexBasedExpression", IndexBasedExpression),
    "initial_values": Rule("a dict of initial values", Mapping),
    "label": TEXT.or_none(),
    "max": NUMBER.or_none(),
    "min": NUMBER.or_none(),
    "multiple_synapses": TEXT,
    "n": Rule("a whole number of at least 0, or a RandomDistribution", _is_count),
    "n_connections": Rule(
        "a whole number of at least 0", lambda value: is_whole(value) and value >= 0
    ).or_none(),
    "nbins": Rule("a whole number from 1 to 1000000", lambda value: is_whole(value) and 1 <= value <= 10**6),
    "other": CELLS,
    "p_connect": NOT_NEGATIVE,
    "parameter_names": NAMES,
    "position": Rule("three finite numbers", _is_position),
    "post": CELLS,
    "pre": CELLS,
    "receptor_type": TEXT.or_none(),
    "reference_projection": Rule("a Projection", Projection),
    "rewiring": Rule("a number from 0 to 1", lambda value: is_finite(value) and 0 <= value <= 1),
    "rng": Rule("a random number generator, such as NumpyRNG", AbstractRNG).or_none(),
    "seed": Rule("a whole number of at least 0", lambda value: is_whole(value) and value >= 0).or_none(),
    "space": Rule("a Space", Space),
    "structure": STRUCTURE.or_none(),
    "synapse_type": Rule("a synapse type", BaseSynapseType).or_none(),
    "template": Rule("the name of a template", str).or_none(),
    "to_file": Rule(FILE.what, lambda value: isinstance(value, bool) or FILE.fits(value)).or_none(),
    "variable": Rule("the name of a variable", lambda value: isinstance(value, (str, Variable))),
    "with_replacement": FLAG,
}


def checked(function, owner=None, like=None, **rules):
    """A function that looks at its arguments first: by `RULES`, or by `rules` where these are others.

    owner   what to call it in messages; its name if left out
    like    a function with the same arguments, where `function` itself doesn't name them

    The function raises TypeError for what doesn't fit: for an argument that may have any value nothing
    is done.
    """
    signature = inspect.signature(like or function)
    rules = {name: rule for name, rule in {**RULES, **rules}.items() if name in signature.parameters}
    owner = owner or function.__qualname__.replace("BasePopulation", "Population")

    @functools.wraps(function)
    def with_checks(*args, **kwargs):
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # for Python's own message
        for name in given:
            if name in rules:
                check(owner, name, given[name], rules[name])
        return function(*args, **kwargs)

    return with_checks


def check(owner, name, value, rule):
    """Raise TypeError for a value that doesn't fit a rule."""
    if not rule.fits(value):
        raise TypeError(f"{owner}(): {name} must be {rule.what}, not {reprlib.repr(value)}")


def check_arguments_of(cls, *methods, like=None, **rules):
    """Have methods of a class, its own or inherited, check their arguments; see `checked`."""
    for name in methods:
        owner = cls.__name__ if name == "__init__" else f"{cls.__name__}.{name}"
        setattr(cls, name, checked(getattr(cls, name), owner, like, **rules))
