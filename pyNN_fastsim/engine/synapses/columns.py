"""
Synapses that come target by target, and are put where those of their source are.

They come in pieces, so that their values, in the order in which they come, are never all there at once.
"""

import numpy as np

from .groups import next_places

AT_ONCE = 2**18  # synapses that are counted together


class Columns:
    """Synapses that are put into rows: the arrays of a `SynapseGroup`, and the order in which they came.

    first, targets   as of the group
    kept             by name, what is kept of each synapse beside its target: "weight" float64, "delay"
                     uint16, in steps, and "ranks" uint16 or uint32, which of its target's synapses it is; the
                     ranks only if synapses don't come by ascending source for each target
    """

    def __init__(self, sources, ends, n_sources, names):
        """Make room for what comes.

        sources   int32 or int64 [synapses]
        ends      int64 [targets]: where each target's synapses end
        names     of what is to be kept: "weight", "delay"
        """
        n = len(sources)
        self._sources, self._ends = sources, ends
        self.first = np.zeros(n_sources + 1, dtype=np.int64)
        for k in range(0, n, AT_ONCE):
            self.first[1:] += np.bincount(sources[k : k + AT_ONCE], minlength=n_sources)
        np.cumsum(self.first, out=self.first)
        self._following = self.first[:-1].copy()
        self.targets = np.empty(n, dtype=np.uint32)
        kinds = {"weight": np.float64, "delay": np.uint16, "ranks": smallest_kind(ends)}
        names = names if self._is_ascending() else [*names, "ranks"]
        self.kept = {name: np.empty(n, dtype=kinds[name]) for name in names}

    def _is_ascending(self):
        """Whether sources only descend where the next target begins."""
        descents = np.flatnonzero(self._sources[1:] < self._sources[:-1]) + 1
        return np.array_equal(self._ends[np.searchsorted(self._ends, descents)], descents)

    def put(self, first, last, values):
        """Put the synapses of the targets `first` to `last` - 1; values of each, by name."""
        begins = np.append(self._ends[first - 1] if first else 0, self._ends[first:last])
        sources = self._sources[begins[0] : begins[-1]].astype(np.int64)
        places = next_places(sources, self._following)
        counts = np.diff(begins)
        self.targets[places] = np.repeat(np.arange(first, last, dtype=np.uint32), counts)
        for name, numbers in values.items():
            self.kept[name][places] = numbers
        if "ranks" in self.kept:
            self.kept["ranks"][places] = np.arange(begins[0], begins[-1]) - np.repeat(begins[:-1], counts)


def smallest_kind(ends):
    """The type that the ranks of synapses among those of their target need; `ends` as of `Columns`."""
    return np.uint16 if np.diff(ends, prepend=0).max(initial=0) <= 2**16 else np.uint32


def ranks_of(targets, places):
    """Which of its target's synapses each one is, given the places of all in the order of creation.

    None if they were not made target by target, so that places are more than ranks.
    """
    ends = np.cumsum(np.bincount(targets))
    begins = np.append(0, ends[:-1])[targets]
    ranks = places - begins
    if len(ranks) and (ranks.min() < 0 or np.any(places >= ends[targets])):
        return None
    return ranks.astype(smallest_kind(ends))


def places_of(targets, ranks):
    """The opposite of `ranks_of`: int64 [synapses]."""
    begins = np.append(0, np.cumsum(np.bincount(targets))[:-1])
    return begins[targets] + ranks


def in_few_bytes(places):
    """Places of synapses, as uint32 if that is enough."""
    return places.astype(np.uint32) if places.max(initial=0) < 2**32 else places
