"""
Whether a number can be meant: what parameters usually are, by their names and units.

A value in other units than PyNN's, pF instead of nF, say, is a valid number, so it is no error. But it is far
from what anybody means, and then there is a warning that names the unit and the usual range.
"""

import math

import numpy as np
from pyNN.parameters import ArrayParameter, Sequence

from .validation import warn


class Usual:
    """The values of a parameter that somebody may mean.

    unit        PyNN's
    low, high   absolute values outside of these are not meant, 0 is
    words       the range that is common, for people to read
    """

    def __init__(self, unit, low, high, words):
        self.unit, self.low, self.high, self.words = unit, low, high, words


_POTENTIAL = Usual("mV", 0.2, math.inf, "-90 to 50")  # also 1 mV: there are models without dimensions
_LEVEL = Usual("mV", 0.2, 1e4, "-90 to -40")
_SLOW = Usual("ms", 0.5, math.inf, "20 to 1000")
_SYNAPTIC = Usual("ms", 0.02, math.inf, "0.2 to 200")
_INJECTED = Usual("nA", 1e-6, 100.0, "0.01 to 10")

USUAL = {
    "cm": Usual("nF", 1e-5, 20.0, "0.05 to 2"),
    "tau_m": Usual("ms", 0.1, math.inf, "5 to 50"),
    "tau_refrac": Usual("ms", 0.0099, math.inf, "0.1 to 10"),
    "tau_w": _SLOW,
    "tau_sfa": _SLOW,
    "v_rest": _LEVEL,
    "v_reset": _LEVEL,
    "v": _LEVEL,
    "v_offset": _LEVEL,
    "i_offset": Usual("nA", 1e-6, 50.0, "0.01 to 5"),
    **dict.fromkeys(("tau_syn_E", "tau_syn_I", "tau_syn", "tau_rise", "tau_decay"), _SYNAPTIC),
    **dict.fromkeys(("v_thresh", "v_spike", "v_t_star", "e_rev_I"), _POTENTIAL),
    **dict.fromkeys(("e_rev_Na", "e_rev_K", "e_rev_leak", "e_rev_sfa", "e_rev_rr"), _POTENTIAL),
}
OF_CURRENT_SOURCES = dict.fromkeys(("amplitude", "amplitudes", "mean", "stdev", "offset"), _INJECTED)
OF_WEIGHTS = {
    "uS": Usual("uS", 1e-8, 50.0, "0.0005 to 0.05, some hundred times less than currents in nA"),
    "nA": Usual("nA", 1e-7, 60.0, "0.01 to 1"),
    "mV": Usual("mV", 1e-5, 500.0, "0.1 to 5"),
}
MOVED_BY_WEIGHTS = {"iaf_psc_delta", "izhikevich"}  # models whose potential jumps by the weight
DELAY = Usual("ms", 0.0, 2000.0, "0.1 to 20")
TIMESTEP = Usual("ms", 0.00099, 20.0, "0.01 to 1")

# What somebody may have thought in, by PyNN's unit: where a value is too small, and where it is too large.
_TAKEN_FOR = {
    "ms": ("s", "us"),
    "mV": ("V", "uV"),
    "nF": ("F", "pF"),
    "nA": ("A", "pA"),
    "uS": ("S", "nS"),
}
_PER_UNIT = {"s": 1e3, "us": 1e-3, "V": 1e3, "uV": 1e-3, "F": 1e9, "pF": 1e-3}
_PER_UNIT |= {"A": 1e9, "pA": 1e-3, "S": 1e6, "nS": 1e-3}


def unit_of_currents(celltypes):
    """PyNN's unit of weights that are no conductances: of currents, or of jumps of the potential."""
    return "mV" if {celltype.model.name for celltype in celltypes} <= MOVED_BY_WEIGHTS else "nA"


def remark(owner, name, value, usual):
    """Words on a value, a number or several, that can't be meant, with what to do; None where all is well.

    Of several values all must be too small, or all too large: a tail of a distribution is no mistake.
    """
    if isinstance(value, float) and (value == 0.0 or usual.low <= abs(value) <= usual.high):
        return None
    numbers = _numbers(value)
    if len(numbers) == 0 or usual.low <= abs(numbers[0]) <= usual.high:
        return None  # most values, of which there may be millions
    numbers = numbers[(numbers != 0) & np.isfinite(numbers)]
    sizes = np.abs(numbers)
    if len(sizes) == 0 or (sizes.max() >= usual.low and sizes.min() <= usual.high):
        return None
    too_small = sizes.max() < usual.low
    given = float(numbers[np.argmax(sizes) if too_small else np.argmin(sizes)])
    thought = _TAKEN_FOR[usual.unit][0 if too_small else 1]
    return (
        f"{owner}: {name} = {given:g} {usual.unit} is hardly meant: {name} is in {usual.unit}, usually "
        f"{usual.words}. If it is {given:g} {thought}, give {given * _PER_UNIT[thought]:g}"
    )


def _numbers(value):
    """A parameter's value as float64 [values]; none of what is not numbers."""
    if isinstance(value, (Sequence, ArrayParameter)):
        value = value.value
    array = np.asarray(value)
    return array.ravel() if array.dtype == float else np.zeros(0)


def remarks(owner, values, units=None, table=USUAL):
    """(name, words) of the values, by name, that can't be meant.

    units   PyNN's, by name; a parameter that has another unit than the table's is not looked at. None for
            parameters that are all in the table's
    """
    for name, value in values.items():
        usual = table.get(name.rpartition(".")[2])  # of a receptor, whose name comes before a dot
        if usual is not None and (units is None or units.get(name) == usual.unit):
            words = remark(owner, name, value, usual)
            if words:
                yield name, words


def tell(told, found):
    """Warn of what `remarks` found, once for each name: `told` is the set of the object's names so far."""
    for name, words in found:
        if name not in told:
            told.add(name)
            warn(words)
