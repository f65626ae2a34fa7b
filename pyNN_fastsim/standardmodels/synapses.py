"""Standard synapses."""

from pyNN.standardmodels import build_translations, synapses

from ..simulator import state
from ..validation import check_names

__all__ = ["StaticSynapse"]


class StaticSynapse(synapses.StaticSynapse):
    __doc__ = synapses.StaticSynapse.__doc__
    translations = build_translations(("weight", "weight"), ("delay", "delay"))

    def __init__(self, **parameters):
        """Raises NonExistentParameterError, with the nearest known name."""
        check_names(self, parameters)
        super().__init__(**parameters)

    def _get_minimum_delay(self):
        return state.min_delay
