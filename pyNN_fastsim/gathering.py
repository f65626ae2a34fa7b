"""Recorded data of all processes, put together on process 0 in the order that one process gives."""

from dataclasses import replace

import numpy as np

from .processes import processes
from .recorded import merged_signal


def of_all_processes(what, segments, gather):
    """Segments of one population with the data of all processes, on process 0; on others with their own.

    what     in words, what is asked for
    gather   whether data are to be gathered; if not, those of each process stay there
    """
    if processes.size == 1:
        return segments
    everyone = processes.gather(what, list(map(_sendable, segments))) if gather else None
    if everyone is not None:
        segments = [_joined(parts) for parts in zip(*everyone, strict=True)]
    return [replace(s, signals=[signal for signal in s.signals if len(signal.ids)]) for s in segments]


def _sendable(segment):
    """A segment with plain arrays of samples, not of files."""
    signals = [replace(signal, samples=np.asarray(signal.samples)) for signal in segment.signals]
    spikes = [replace(each, pairs=np.asarray(each.pairs)) for each in segment.spikes]
    return replace(segment, signals=signals, spikes=spikes)


def _joined(parts):
    """The same Segment of several processes as one."""
    return replace(
        parts[0],
        spikes=[_joined_spikes(each) for each in zip(*(part.spikes for part in parts), strict=True)],
        signals=[merged_signal(each) for each in zip(*(part.signals for part in parts), strict=True)],
    )


def _joined_spikes(parts):
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("cells", "source_index", "index", "start", "stop", "pairs")
    }
    pairs = arrays["pairs"]
    arrays["pairs"] = pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]
    return replace(parts[0], **arrays)
