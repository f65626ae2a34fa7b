"""
What sources whose cells wait for their next spikes do for all of them at once, on the Python side.
"""

import numpy as np

from ..compiling.addresses import address_of, table_of


def _table(arrays, n):
    """(address, stride, length) triples as arrays_at wants them, and what keeps their arrays alive."""
    full = [np.full(n, value) if np.ndim(value) == 0 else np.asarray(value) for value in arrays]
    full = [np.ascontiguousarray(value, dtype=np.float64) for value in full]
    return table_of(full, [8] * len(full)), full


def restart_by(begin_all):
    """A model's `restart`, by an entry for (constants, state, number of cells, step)."""

    def restart(constants, state, step):
        n = len(state["_next"])
        (c, _kept), (s, _) = _table(constants, n), _table(state.values(), n)
        begin_all(address_of(c), address_of(s), n, step)

    return restart


def changed_by(change_all):
    """A model's `changed`, by an entry for (constants, those before, state, number of cells, step)."""

    def changed(constants, before, state, step):
        n = len(state["_next"])
        (c, _kept), (old, _also_kept), (s, _) = (
            _table(values, n) for values in (constants, before, state.values())
        )
        change_all(address_of(c), address_of(old), address_of(s), n, step)

    return changed
