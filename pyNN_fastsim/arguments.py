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
import sys
from collections.abc import Mapping

import numpy as np
from pyNN.common.populations import Assembly, BasePopulation, IDMixin
from pyNN.common.projections import Projection
from pyNN.connectors import Connector
from pyNN.core import IndexBasedExpression
from pyNN.errors import ConnectionError
from pyNN.models import BaseCellType, BaseCurrentSource, BaseSynapseType
from pyNN.random import AbstractRNG, NativeRNG, RandomDistribution
from pyNN.recording import Variable
from pyNN.space import BaseStructure, Space

from .messages import did_you_mean, is_of_pynn, is_ours, nearest, place_of, shown


class Rule:
    """What an argument must be.

    what    in words, for messages
    fits    a type, a tuple of types, or a function of the value
    hint    a function of a value that doesn't fit: a remark on what to do, or ""
    error   what to raise for it
    """

    def __init__(self, what, fits, hint=lambda value: "", error=TypeError):
        self.what = what
        self.fits = fits if inspect.isfunction(fits) else lambda value: isinstance(value, fits)
        self.hint = hint
        self.error = error

    def or_none(self):
        what = f"{self.what}, or None"
        return Rule(what, lambda value: value is None or self.fits(value), self.hint, self.error)

    def raising(self, error):
        return Rule(self.what, self.fits, self.hint, error)


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


def _hint_of_callbacks(value):
    return "; put it into a list, [...]" if _is_function(value) else ""


def _is_cell_type(value):
    return isinstance(value, BaseCellType) or (isinstance(value, type) and issubclass(value, BaseCellType))


def _hint_of_cell_types(value):
    if is_whole(value) or isinstance(value, (tuple, list)):
        return "; the size comes first, as in Population(100, IF_curr_exp())"
    if isinstance(value, str):
        return f"; {_hint_of_names(value)}"
    if value is not None and not is_of_pynn(value):
        return ""
    if "LIF" in (kinds := {type(value).__name__, getattr(value, "__name__", "")}) or "AdExp" in kinds:
        return (
            ", which is a part of a PointNeuron; such a cell type is IF_cond_exp, or EIF_cond_exp_isfa_ista"
        )
    return ""


def _hint_of_names(name):
    """What to give instead of the name of a cell type."""
    package = sys.modules[__package__]
    if name in package.list_standard_models():
        return f"without quotes it is {name}()"
    try:
        getattr(package, name)
    except AttributeError as error:
        return str(error).rpartition(": ")[2]
    return ""


def _hint_of_synapse_types(value):
    return f"; StaticSynapse(weight={value}) is one" if is_finite(value) else ""


def _hint_of_parameters(value):
    if is_finite(value):
        return ", and they have names, as in IF_curr_exp(tau_m=10.0)"
    return _hint_of_labels(value)


def _is_not_negative(value):
    return is_finite(value) and value >= 0


def is_generator(value):
    """Whether something gives random numbers; native generators of others serve their simulators only."""
    return isinstance(value, AbstractRNG) and (is_ours(value) or not isinstance(value, NativeRNG))


def _hint_of_generators(value):
    if isinstance(value, (np.random.Generator, np.random.RandomState)):
        return "; PyNN's is NumpyRNG(seed=1), say"
    return f"; NumpyRNG(seed={value}) is one" if is_whole(value) and value >= 0 else ""


def _is_count(value):
    if isinstance(value, RandomDistribution):
        return is_generator(value.rng)
    return is_whole(value) and 0 <= value < 2**31


def is_cells(value):
    """Whether something is a population, view or assembly of this backend."""
    return isinstance(value, (BasePopulation, Assembly)) and is_ours(value)


def _hint_of_cells(value):
    if isinstance(value, IDMixin) and is_ours(value) and (k := place_of(value)) is not None:
        return f"; [{k}:{k + 1}] instead of [{k}] gives a view of that cell"
    if isinstance(value, (list, tuple)) and value and all(map(is_ours, value)):
        if all(map(is_cells, value)):
            return "; an Assembly joins them"
        if all(isinstance(each, IDMixin) for each in value):
            return "; population[[0, 1, 2]], say, gives a view of several cells"
    return ""


def _hint_of_members(value):
    if isinstance(value, (list, tuple)) and value and all(map(is_cells, value)):
        return "; put a star before it: Assembly(*populations)"
    return _hint_of_labels(value) or _hint_of_cells(value)


def _hint_of_labels(value):
    return "; a label is given as label=..." if isinstance(value, str) else ""


def _are_cells(value):
    if is_of_pynn(value) and not is_ours(value):
        return False
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
    return _is_path(value) or (
        not is_of_pynn(value) and (hasattr(value, "write") or hasattr(value, "write_block"))
    )


CELLS = Rule("a population, view or assembly", is_cells, _hint_of_cells)
CELL_OR_CELLS = Rule(
    "a cell, population, view or assembly",
    lambda value: (isinstance(value, IDMixin) and is_ours(value)) or is_cells(value),
    _hint_of_cells,
)
# Of random numbers; PyNN's generators refuse negative numbers themselves.
COUNT = Rule("a whole number of at least 0", lambda value: is_whole(value) and value < 2**40)
FLAG = Rule("True or False", _is_flag)
FILE = Rule("the name of a file, or a file of pyNN.recording.files or Neo", _is_file)
LIST_OF_NAMES = Rule("a list of names", lambda value: not isinstance(value, str) and _are_names(value))
NAMES = Rule("a name or a list of names", _are_names)
NOT_NEGATIVE = Rule("a finite number of at least 0", _is_not_negative)
NUMBER = Rule("a finite number", is_finite)
POPULATION = Rule(
    "a population or view", lambda value: isinstance(value, BasePopulation) and is_ours(value), _hint_of_cells
)
MEMBER = Rule(POPULATION.what, POPULATION.fits, _hint_of_members)
SAMPLE_SIZE = Rule("a whole number of at least 0", lambda value: is_whole(value) and value >= 0)
STRUCTURE = Rule("a structure, such as Line or Grid2D", BaseStructure)
TEXT = Rule("a text", str)

RULES = {
    "allow_self_connections": Rule(
        "True, False or 'NoMutual'",
        lambda value: isinstance(value, (bool, np.bool_)) or (isinstance(value, str) and value == "NoMutual"),
    ),
    "annotations": Rule("a dict", Mapping).or_none(),
    "attribute_names": NAMES,
    "callback": Rule("a function", _is_function).or_none(),
    "callbacks": Rule("a list of functions of the time", _are_callbacks, _hint_of_callbacks).or_none(),
    "cellclass": Rule("a cell type", _is_cell_type, _hint_of_cell_types),
    "cellparams": Rule("a dict of parameters", Mapping, _hint_of_parameters).or_none(),
    "cells": CELLS,
    "clear": FLAG,
    "connector": Rule("a connector, such as AllToAllConnector()", Connector),
    "current_source": Rule(
        "a current source", lambda value: isinstance(value, BaseCurrentSource) and is_ours(value)
    ),
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
    "location_selector": Rule("None, since these cells have no locations", lambda value: value is None),
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
    "postsynaptic_neurons": CELLS.raising(ConnectionError),
    "pre": CELLS,
    "presynaptic_neurons": CELLS.raising(ConnectionError),
    "receptor_type": TEXT.or_none(),
    "reference_projection": Rule(
        "a Projection", lambda value: isinstance(value, Projection) and is_ours(value)
    ),
    "rewiring": Rule("a number from 0 to 1", lambda value: is_finite(value) and 0 <= value <= 1),
    "rng": Rule("a random number generator, such as NumpyRNG", is_generator, _hint_of_generators).or_none(),
    "safe": FLAG,
    "seed": Rule("a whole number of at least 0", lambda value: is_whole(value) and value >= 0).or_none(),
    "space": Rule("a Space", Space),
    "structure": STRUCTURE.or_none(),
    "synapse_type": Rule("a synapse type", BaseSynapseType, _hint_of_synapse_types).or_none(),
    "template": Rule("the name of a template", str).or_none(),
    "to_file": Rule(FILE.what, lambda value: isinstance(value, bool) or FILE.fits(value)).or_none(),
    "variable": Rule("the name of a variable", lambda value: isinstance(value, (str, Variable))),
    "with_replacement": FLAG,
}


def checked(function, owner=None, like=None, **rules):
    """A function that looks at its arguments first: by `RULES`, or by `rules` where these are others.

    A rule may be None, for an argument that is not looked at.

    owner   what to call it in messages; its name if left out, or for `__init__` that of the object's class
    like    a function with the same arguments, where `function` itself doesn't name them

    The function raises TypeError, or the error of the rule, for what doesn't fit; for an argument that may
    have any value nothing is done.
    """
    signature = inspect.signature(like or function)
    rules = {name: rule for name, rule in {**RULES, **rules}.items() if rule and name in signature.parameters}
    owner = owner or function.__qualname__.replace("BasePopulation", "Population")
    is_method = next(iter(signature.parameters), None) == "self"
    of_object = is_method and function.__name__ == "__init__"

    @functools.wraps(function)
    def with_checks(*args, **kwargs):
        what = type(args[0]).__name__ if of_object else owner
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            known = getattr(args[0], "default_parameters", None) if of_object and args else None
            raise TypeError(_misused(what, signature, error, args[is_method:], kwargs, known)) from None
        for name in given:
            if name in rules and not rules[name].fits(given[name]):
                raise _refusal(what, name, given[name], rules, list(signature.parameters)[is_method:])
        return function(*map(as_text, args), **{name: as_text(value) for name, value in kwargs.items()})

    return with_checks


def as_text(value):
    """A pathlib.Path and the like as PyNN and Neo want names of files, anything else as it is."""
    return os.fsdecode(value) if isinstance(value, os.PathLike) else value


def _misused(owner, signature, error, args, kwargs, known):
    """What to say of arguments that can't be bound to a function's: Python's words, and its names.

    known   parameters that are given by name, where there are some, for an example
    """
    parameters = [each for each in signature.parameters.values() if each.name != "self"]
    names = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    takes_any_name = any(each.kind is each.VAR_KEYWORD for each in parameters)
    if takes_any_name and len(args) > len(names):
        extra = args[len(names)]
        example = f"{next(iter(known or ['name']))}=..."
        if isinstance(extra, Mapping):
            example += ", or with two stars as in **parameters"
        elif isinstance(extra, str) and extra.isidentifier():
            example = f"{extra}=..."
        return f"{owner}(): values are given by name, as in {example}, but there is {shown(extra)} alone"
    unknown = [] if takes_any_name else [name for name in kwargs if name not in names]
    hint = ""
    if unknown:
        error = f"got an unexpected keyword argument {unknown[0]!r}"
        hint = _where_it_belongs(unknown[0], [*args, *kwargs.values()]) or did_you_mean(unknown[0], names)
    if not hint and len(names) > 1:
        hint = f"; its arguments are {', '.join(names)}"
    return f"{owner}(): {error}{hint}"


def _where_it_belongs(name, given):
    """A remark on a name that is no argument, but a parameter of a cell or synapse type."""
    for model in given:
        known = getattr(model, "default_parameters", None)
        if isinstance(known, dict) and is_of_pynn(model):
            kind = model if isinstance(model, type) else type(model)
            right = name if name in known else nearest(name, known, cutoff=0.8)
            if right is not None:
                return f"; {right} is a parameter of {kind.__name__}: give {kind.__name__}({right}=...)"
    if name in ("weight", "delay"):
        return f"; it belongs to a synapse type: StaticSynapse({name}=...), Projection's synapse_type"
    return ""


def _refusal(owner, name, value, rules, names):
    """The error for an argument that doesn't fit its rule; tells where it belongs if it fits another's."""
    place, hint = "", rules[name].hint(value)
    if isinstance(value, type) and is_of_pynn(value) and not hint:
        hint = f": write {value.__name__}(...)"
    if is_of_pynn(value):
        others = [each for each in names if each in rules and rules[each].fits(value)]
        if others:
            place, hint = f" (argument {names.index(name) + 1})", f", which goes to {others[0]}"
    return rules[name].error(f"{owner}(): {name}{place} must be {rules[name].what}, not {shown(value)}{hint}")


def check(owner, name, value, rule):
    """Raise TypeError, or the error of the rule, for a value that doesn't fit a rule."""
    if not rule.fits(value):
        raise _refusal(owner, name, value, {name: rule}, [name])


def check_arguments_of(cls, *methods, like=None, **rules):
    """Have methods of a class, its own or inherited, check their arguments; see `checked`."""
    for name in methods:
        setattr(cls, name, checked(getattr(cls, name), f"{cls.__name__}.{name}", like, **rules))
