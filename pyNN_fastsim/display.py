"""
How objects show themselves: one short line as text, a table in a notebook.

An object has a `panel`: a title, and rows of (what, value). Parameters are shown where they differ from
their defaults.
"""

import html
import reprlib
from dataclasses import dataclass, field

import numpy as np
from lazyarray import larray
from pyNN.core import IndexBasedExpression
from pyNN.parameters import ArrayParameter, Sequence
from pyNN.random import RandomDistribution

MOST = 4  # parameters of a short line
PACKAGES = (__name__.partition(".")[0], "pyNN")
BY_DEFAULT = "in words"

_STYLE = (
    "<style>.pynn-panel{border-collapse:collapse;font-size:90%}"
    ".pynn-panel caption{text-align:left;font-weight:600;caption-side:top}"
    ".pynn-panel th{text-align:left;font-weight:normal;opacity:.75;vertical-align:top}"
    ".pynn-panel th{padding:.1em 1em .1em 0}"
    ".pynn-panel td{text-align:left;padding:.1em 0}</style>"
)


@dataclass
class Panel:
    """What an object says of itself: `rows` are (what, value) pairs of text."""

    title: str
    rows: list = field(default_factory=list)

    def to_text(self):
        """Aligned lines."""
        width = max((len(what) for what, _ in self.rows), default=0)
        return "\n".join([self.title, *(f"  {what:{width}}  {value}" for what, value in self.rows)])

    def to_html(self):
        rows = "".join(
            f"<tr><th>{html.escape(what)}</th><td>{html.escape(value)}</td></tr>" for what, value in self.rows
        )
        return f"{_STYLE}<table class='pynn-panel'><caption>{html.escape(self.title)}</caption>{rows}</table>"


class WithHelp(type):
    """A class whose dir(), from which help() goes, has what users need.

    _for_users   names; None for all that there are
    """

    _for_users: tuple[str, ...] | None = None

    def __dir__(cls):
        if cls._for_users is None:
            return super().__dir__()
        names = {name for name in cls._for_users if hasattr(cls, name)}
        for base in cls.__mro__[:-1]:
            if base.__module__.partition(".")[0] not in PACKAGES:  # a user's
                names |= vars(base).keys()
        return sorted(names)


class Displayed(metaclass=WithHelp):
    """Comes before PyNN's class in the bases; needs `panel` and `short`."""

    def panel(self):
        """The `Panel` of a notebook."""
        raise NotImplementedError

    def short(self):
        """One line of text."""
        raise NotImplementedError

    def describe(self, template=BY_DEFAULT, engine="default"):
        """
        A description in words: of a template of one's own with an engine ("string", "jinja2", "cheetah"), see
        `pyNN.descriptions`; or, by default, for people to read. With None, PyNN's dictionary of facts.
        """
        if template is not None and (template == BY_DEFAULT or template.endswith("_default.txt")):
            return self.panel().to_text()
        return super().describe(template, engine)

    def __repr__(self):
        return self.short()

    def _repr_html_(self):
        return self.panel().to_html()


class WithParameters(Displayed):
    """A type of cell, synapse or source: shows its name, and the parameters that differ from the defaults."""

    def _shown_parameters(self):
        """The parameters by name, in whatever form they are."""
        return dict(self.parameter_space.items())

    def short(self):
        return f"{type(self).__name__}({', '.join(changed_parameters(self)[:MOST])})"

    def panel(self):
        units = getattr(self, "units", {})
        defaults = self.default_parameters
        rows = []
        for name, value in self._shown_parameters().items():
            note = "" if name_is_changed(defaults, name, value) else " (default)"
            rows.append((name, with_units(value, units.get(name)) + note))
        return Panel(type(self).__name__, rows)


def changed_parameters(shown):
    """Texts "name=value" of the parameters that differ from their defaults."""
    defaults = shown.default_parameters
    return [
        f"{name}={words(value)}"
        for name, value in shown._shown_parameters().items()
        if name_is_changed(defaults, name, value)
    ]


def name_is_changed(defaults, name, value):
    return name not in defaults or words(value) != words(defaults[name])


def with_units(value, units):
    """A value in words, with units where it has some."""
    text = words(value)
    return f"{text} {units}" if units and units != "dimensionless" else text


def words(value):
    """A parameter's value, in any of its forms, in a few words."""
    if isinstance(value, larray):
        text = words(value.base_value)
        return f"{text}, changed" if value.operations else text
    if isinstance(value, RandomDistribution):
        given = ", ".join(f"{name}={words(number)}" for name, number in value.parameters.items())
        return f"{value.name}({given})"
    if isinstance(value, (Sequence, ArrayParameter)):
        return _words_of_array(np.asarray(value.value))
    if isinstance(value, np.ndarray) and value.ndim:
        return _words_of_array(value)
    if isinstance(value, (list, tuple)):
        return _words_of_array(np.asarray(value)) if _is_numbers(value) else reprlib.repr(value)
    if isinstance(value, IndexBasedExpression):
        return type(value).__name__
    if callable(value):
        return f"function {getattr(value, '__name__', '')}".strip()
    if isinstance(value, (float, np.floating)):
        return f"{value:g}"
    if value is None:
        return "not set"
    return str(value)


def _is_numbers(values):
    return len(values) > 0 and all(isinstance(value, (int, float, np.number)) for value in values)


def _words_of_array(array):
    if array.size == 0:
        return "none"
    if array.dtype == object or not np.issubdtype(array.dtype, np.number):
        return f"{array.size} values"
    if array.size <= 3:
        return "[" + ", ".join(f"{x:g}" for x in array.ravel()) + "]"
    return spread(array)


def spread(values):
    """Numbers in words: one number if they are all alike, else from, to, mean and how many."""
    values = np.asarray(values, dtype=float).ravel()
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return "none"
    low, high = known.min(), known.max()
    if low == high:
        return f"{low:g}"
    return f"{low:.4g} to {high:.4g} (mean {known.mean():.4g}, {len(known)} values)"


def counted(n, what):
    """A number of things: "1 cell", "2 cells"."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def rows_of_parameters(values, defaults, units):
    """(name, value) rows of the parameters that differ from their defaults, from values by name."""
    return [
        (name, with_units(value, units.get(name)))
        for name, value in values.items()
        if name_is_changed(defaults, name, value)
    ]
