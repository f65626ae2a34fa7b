"""Projections as SpiNNaker has them: signs of weights, and delays shorter than the shortest."""

import numpy as np
from pyNN.standardmodels.base import inhibitory_receptor_types

from ... import projections, simulator
from ...arguments import is_finite
from ...selection import populations_of
from .. import say

# Parameters that are negative where weights are: the last is Vogels' learning rate.
SIGNED = ("weight", "w_min", "w_max", "eta")


class Projection(projections.Projection):
    """
    A projection that takes values as SpiNNaker does.

    Weights of current-based inhibitory synapses, and the bounds of plastic ones, which SpiNNaker gives as
    magnitudes, become negative, as everywhere in PyNN; that is how `get` gives them. Delays below the
    shortest become the shortest.
    """

    __doc__ = f"{projections.Projection.__doc__}\n{__doc__}"

    def __init__(self, *arguments, **parameters):
        super().__init__(*arguments, **{k: v for k, v in parameters.items() if (k, v) != ("space", None)})

    def _check_values(self, columns):
        """Check new values of parameters, by name, and change them to what is meant. Raises as PyNN's."""
        columns.update({name: self._as_meant(name, values) for name, values in columns.items()})
        super()._check_values(columns)

    def _store_at(self, index, name, value):
        if is_finite(value):
            value = float(self._as_meant(name, np.array([value], dtype=float))[0])
        super()._store_at(index, name, value)

    def _as_meant(self, name, values):
        if name in SIGNED and np.all(values >= 0) and np.any(values > 0) and self._is_inhibitory_current():
            if name == "weight":
                say(
                    f"{self.label}: positive weights of current-based inhibitory synapses are taken for "
                    f"magnitudes, as on SpiNNaker: they inhibit"
                )
            return -values
        shortest = simulator.state.min_delay
        if name == "delay" and np.all(values >= 0) and np.any(values < shortest):
            say(f"{self.label}: delays below {shortest} ms become {shortest} ms, as on SpiNNaker")
            return np.maximum(values, shortest)
        return values

    def _is_inhibitory_current(self):
        if self._is_electrical or self.receptor_type not in inhibitory_receptor_types:
            return False
        return not any(
            cells.celltype.is_conductance(self.receptor_type) for cells in populations_of(self.post)
        )
