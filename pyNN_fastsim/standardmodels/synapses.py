"""Standard synapses."""

import numpy as np
from pyNN.standardmodels import build_translations, synapses

from ..parameters import as_given, expression
from ..simulator import state
from ..validation import check_finite, check_names

__all__ = ["StaticSynapse"]


def given_parameters(owner, parameters):
    """Values of synaptic parameters as a user gives them, by name: checked.

    None stands for the default. Texts are expressions in the distance, d.
    """
    return {name: None if value is None else _given(owner, name, value) for name, value in parameters.items()}


def _given(owner, name, value):
    if isinstance(value, str):
        return expression(owner, name, value)
    value = as_given(owner, name, value)
    if isinstance(value, (float, np.ndarray)):
        check_finite(owner, name, value)
    return value


class StaticSynapse(synapses.StaticSynapse):
    __doc__ = synapses.StaticSynapse.__doc__
    translations = build_translations(("weight", "weight"), ("delay", "delay"))

    def __init__(self, **parameters):
        """Raises NonExistentParameterError, with the nearest known name, and
        InvalidParameterValueError for what can't be a parameter's value."""
        check_names(self, parameters)
        super().__init__(**given_parameters(type(self).__name__, parameters))

    def _get_minimum_delay(self):
        return state.min_delay
