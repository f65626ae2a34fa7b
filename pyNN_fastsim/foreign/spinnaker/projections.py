"""Projections as SpiNNaker has them: signs of weights, and delays shorter than the shortest."""

import numpy as np
from pyNN import errors
from pyNN.standardmodels.base import inhibitory_receptor_types

from ... import projections, simulator
from ...arguments import is_finite
from .. import say


class Projection(projections.Projection):
    """
    A projection that takes values as SpiNNaker does.

    Weights of current-based inhibitory synapses, which SpiNNaker gives as magnitudes, become negative, as
    everywhere in PyNN; that is how `get` gives them. Delays below the shortest become the shortest.
    """

    __doc__ = f"{projections.Projection.__doc__}\n{__doc__}"

    def __init__(self, *arguments, **parameters):
        super().__init__(*arguments, **{k: v for k, v in parameters.items() if (k, v) != ("space", None)})

    def _check_values(self, columns):
        """Check new values of parameters, by name, and change them to what is meant. Raises as PyNN's."""
        for name, as_meant in self._as_meant.items():
            if name in columns:
                columns[name] = as_meant(self, columns[name])
        super()._check_values(columns)

    def _store_at(self, index, name, value):
        if name in self._as_meant and is_finite(value):
            value = float(self._as_meant[name](self, np.array([value], dtype=float))[0])
        super()._store_at(index, name, value)

    def _with_sign(self, weights):
        """Weights of the sign that PyNN wants. Raises ConnectionError for plastic synapses, whose rule would
        need another sign, too."""
        if not self._is_inhibitory_current() or not np.any(weights > 0) or np.any(weights < 0):
            return weights
        if self.synapse_type.model is not None and "weight" in self.synapse_type.recordable:
            raise errors.ConnectionError(
                f"{self.label}: weights of plastic, current-based inhibitory synapses must be negative, "
                f"and so must their bounds: there is no rule here for magnitudes"
            )
        say(
            f"{self.label}: positive weights of current-based inhibitory synapses are taken for magnitudes, "
            f"as on SpiNNaker: they inhibit"
        )
        return -weights

    def _is_inhibitory_current(self):
        if self._is_electrical or self.receptor_type not in inhibitory_receptor_types:
            return False
        targets = getattr(self.post, "populations", [self.post])
        return not any(cells.celltype.is_conductance(self.receptor_type) for cells in targets)

    def _not_too_short(self, delays):
        shortest = simulator.state.min_delay
        if not np.any(delays < shortest) or not np.all(np.isfinite(delays)) or np.any(delays < 0):
            return delays
        say(f"{self.label}: delays below {shortest} ms become {shortest} ms, as on SpiNNaker")
        return np.maximum(delays, shortest)

    _as_meant = {"weight": _with_sign, "delay": _not_too_short}
