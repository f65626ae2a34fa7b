"""
A model as a user writes it, in strings, lists, dictionaries and small objects: as one text with numbered
lines.

The text is what is read (strings.py, string_synapses.py), what messages quote, and what generated code is
kept by.
"""

import numbers
import re
import textwrap
from dataclasses import dataclass

import numpy as np
from pyNN.random import RandomDistribution

from ..arguments import is_finite
from ..messages import did_you_mean, shown

LOCALITIES = {
    "local": "",
    "global": "population",
    "population": "population",
    "projection": "projection",
    "semiglobal": "postsynaptic",
    "postsynaptic": "postsynaptic",
}
TYPES = ("float", "int", "bool")


@dataclass(frozen=True)
class Parameter:
    """
    A parameter of a model from equations, where a number is not enough.

    value      its default: a number, True or False
    locality   "local" (one for each cell or synapse), "semiglobal" (one for each target cell) or "global"
    (one
               for the population or projection)
    type       "float", "int" or "bool"
    unit       such as "mV"; "" for none
    """

    value: float
    locality: str = "local"
    type: str = "float"
    unit: str = ""

    def __post_init__(self):
        _check_kind(self, self.locality, self.type, self.unit)
        if isinstance(self.value, RandomDistribution):
            raise TypeError(
                "Parameter: value is a default, and must be a number; numbers are drawn where a cell type is "
                "used, as in Population(100, MyCell(tau=RandomDistribution(...)))"
            )
        if not _is_number(self.value):
            raise TypeError(
                f"Parameter: value must be a finite number, True or False, not {shown(self.value)}"
            )

    def flags(self, owner):
        return _flags(self, owner)


@dataclass(frozen=True)
class Variable:
    """
    A variable of a model from equations, with its equation.

    equation   a text, such as "tau * dv/dt = -v" or "i = g_exc - g_inh"
    init       its value at the beginning: a number, or an expression in parameters
    min, max   bounds: numbers or expressions, or None
    method     how a differential equation is solved: "exponential", "explicit", "midpoint", "rk4",
    "implicit" or, in
               synapses, "event-driven"; None for what fits
    locality   as of a `Parameter`
    type       as of a `Parameter`
    unit       such as "mV"; "" for none
    """

    equation: str
    init: float | str | None = None
    min: float | str | None = None
    max: float | str | None = None
    method: str | None = None
    locality: str = "local"
    type: str = "float"
    unit: str = ""

    def __post_init__(self):
        _check_kind(self, self.locality, self.type, self.unit)
        if not isinstance(self.equation, str):
            raise TypeError(f"Variable: equation must be a text, not {shown(self.equation)}")
        if not (self.method is None or isinstance(self.method, str)):
            raise TypeError(f"Variable: method must be the name of a method, not {shown(self.method)}")
        for name in ("init", "min", "max"):
            value = getattr(self, name)
            if isinstance(value, RandomDistribution):
                raise TypeError(
                    f"Variable: {name} must be a number; initial values are drawn by "
                    f"initialize(v=RandomDistribution(...)) of a population"
                )
            if not (value is None or isinstance(value, str) or _is_number(value)):
                raise TypeError(f"Variable: {name} must be a number or an expression, not {shown(value)}")

    def flags(self, owner):
        given = [(name, getattr(self, name)) for name in ("init", "min", "max")]
        values = [f"{name}={_text_of_value(value)}" for name, value in given if value is not None]
        return values + ([self.method] if self.method else []) + _flags(self, owner)


_constants: dict[str, float] = {}


class Constant(float):
    """
    A number that all models made after it know by its name.

    A parameter of the same name comes before it. A model keeps the value that the constant had when it was
    made.
    """

    def __new__(cls, name, value):
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
            raise ValueError(f"Constant: name must be a name without '_' in front, not {shown(name)}")
        if not _is_number(value):
            raise TypeError(f"Constant: value must be a finite number, not {shown(value)}")
        constant = super().__new__(cls, value)
        constant.name = name
        _constants[name] = float(value)
        return constant

    def set(self, value):
        """Another value, for models that are made from now on. The object stays the number that it is."""
        Constant(self.name, value)

    def __reduce__(self):
        return Constant, (self.name, float(self))


def constants_in(texts):
    """Those constants whose names stand anywhere in the texts: a dictionary."""
    words = {word for text in texts for word in re.findall(r"[^\W\d]\w*", text)}
    return {name: _constants[name] for name in sorted(words & set(_constants))}


# --- texts --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """
    A model as it was written.

    name       what to call it
    sections   pairs of a title ("parameters", "equations", "spike", ...) and its text
    """

    name: str
    sections: tuple[tuple[str, str], ...]

    @property
    def text(self):
        return "\n".join(line for _, lines in self._layout() for line in lines)

    def lines(self, title):
        """The lines of a section: pairs of a text and its number in `text`."""
        number = 1
        for each, lines in self._layout():
            if each == title:
                return [(line, number + k) for k, line in enumerate(lines)][1:]
            number += len(lines)
        return []

    def _layout(self):
        for title, text in self.sections:
            yield title, [f"{title}:", *textwrap.indent(text, "    ").split("\n")]


def written(owner, name, sections):
    """A `Written` from sections as the user gives them: pairs of a title and an object. Raises TypeError."""
    texts = [(title, _plain(_text_of(owner, title, value))) for title, value in sections]
    texts = [(title, text) for title, text in texts if text]
    constants = constants_in([text for _, text in texts])
    if constants:
        lines = "\n".join(f"{key} = {value!r}" for key, value in constants.items())
        texts.insert(0, ("constants", lines))
    return Written(name, tuple(texts))


def _plain(text):
    """A text without empty lines around it, and without its indentation."""
    lines = [line.rstrip() for line in re.split(r"\r\n|[\n\r\f\v\x1c-\x1e\x85\u2028\u2029]", text)]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return textwrap.dedent("\n".join(line.expandtabs() for line in lines))


def _text_of(owner, title, value):
    """What a user gives for a section, as a text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if title == "parameters" and isinstance(value, dict):
        return "\n".join(_text_of_parameter(owner, name, given) for name, given in value.items())
    if title == "refractory" and is_finite(value):
        return _text_of_value(value)
    if title not in ("parameters", "refractory") and isinstance(value, Variable):
        return _with_flags(value.equation, value.flags(owner))
    if isinstance(value, (list, tuple)) and title != "refractory":
        if all(isinstance(part, (str, Variable)) for part in value):
            return "\n".join(_text_of(owner, title, part) for part in value)
    kinds = {
        "parameters": "a text, or a dictionary of numbers",
        "refractory": "a number (ms), or the name of a parameter",
        "spike": "a text",
        "axon_spike": "a text",
    }
    kind = kinds.get(title, "a text, a Variable, or a list of these")
    raise TypeError(f"{owner}: {title} must be {kind}, not {shown(value)}")


def _text_of_parameter(owner, name, value):
    if not isinstance(name, str) or not name.isidentifier():
        raise TypeError(f"{owner}: names of parameters must be names, not {shown(name)}")
    if isinstance(value, RandomDistribution):
        raise TypeError(
            f"{owner}: the parameter '{name}' must have a number as its default; numbers are drawn where the "
            f"type is used, as in Population(100, MyCell({name}=RandomDistribution(...)))"
        )
    if isinstance(value, Parameter):
        return _with_flags(f"{name} = {_text_of_value(value.value)}", value.flags(owner))
    if not _is_number(value):
        raise TypeError(
            f"{owner}: the parameter '{name}' must be a number or a Parameter, not {shown(value)}"
        )
    flags = ["bool"] if isinstance(value, (bool, np.bool_)) else []
    return _with_flags(f"{name} = {_text_of_value(value)}", flags)


def _text_of_value(value):
    if isinstance(value, str):
        return value
    return str(bool(value)) if isinstance(value, (bool, np.bool_)) else repr(float(value))


def _with_flags(text, flags):
    """A statement with flags at the end of its last line, before a comment there."""
    if not flags:
        return text
    lines = [line for line in text.split("\n") if line.partition("#")[0].strip()]
    if not lines:
        return text
    last, sign, comment = lines[-1].partition("#")
    lines[-1] = f"{last.rstrip()} : {', '.join(flags)}" + (f"  {sign}{comment}" if sign else "")
    return "\n".join(lines)


def _flags(part, owner):
    """Flags of a Parameter or a Variable of a "Neuron" or "Synapse"."""
    is_of_projection = part.locality == "global" and owner == "Synapse"
    flags = ["projection" if is_of_projection else LOCALITIES[part.locality], _name_of_type(part.type)]
    return [flag for flag in flags if flag not in ("", "float")] + (
        [f"unit={part.unit}"] if part.unit else []
    )


def _name_of_type(kind):
    return getattr(kind, "__name__", kind)


def _check_kind(part, locality, kind, unit):
    what = type(part).__name__
    if not isinstance(locality, str) or locality not in LOCALITIES:
        hint = did_you_mean(locality, LOCALITIES) if isinstance(locality, str) else ""
        raise ValueError(
            f"{what}: locality must be 'local', 'semiglobal' or 'global', not {shown(locality)}{hint}"
        )
    kind_name = _name_of_type(kind)
    if not isinstance(kind_name, str) or kind_name not in TYPES:
        raise ValueError(f"{what}: type must be 'float', 'int' or 'bool', not {shown(kind)}")
    if not isinstance(unit, str) or re.search(r"[,:#;=\n]", unit):
        raise ValueError(f"{what}: unit must be the text of a unit, such as 'mV', not {shown(unit)}")


def _is_number(value):
    if isinstance(value, (bool, np.bool_)):
        return True
    return isinstance(value, numbers.Real) and is_finite(value)
