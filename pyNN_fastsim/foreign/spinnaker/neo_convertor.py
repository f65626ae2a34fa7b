"""Recorded data as arrays: rows of the cell's index, the time (ms) and, but for spikes, the value."""

import numpy as np


def convert_analog_signal(signal_array, time_unit="ms"):
    """The rows of a Neo signal, cell by cell: float64 [samples * cells, 3]."""
    times = signal_array.times.rescale(time_unit).magnitude
    index = signal_array.array_annotations["channel_index"]
    return np.column_stack(
        (np.repeat(index, len(times)), np.tile(times, len(index)), signal_array.magnitude.T.ravel())
    )


def convert_data(data, name, run=0):
    """The rows of one variable in segment `run` of a Neo block. Raises ValueError if it isn't there."""
    if not 0 <= run < len(data.segments):
        raise ValueError(f"There is no run {run}, only {len(data.segments)} of them, counted from 0")
    if name == "spikes":
        return convert_spikes(data, run)
    signals = data.segments[run].filter(name=name)
    if not signals:
        raise ValueError(f"There is no '{name}' in these data")
    return convert_analog_signal(signals[0])


def convert_data_list(data, name, runs=None):
    """A list of rows, one for each run; of all of them if `runs` is left out."""
    runs = range(len(data.segments)) if runs is None else runs
    return [convert_data(data, name, run) for run in runs]


def convert_v_list(data, runs=None):
    return convert_data_list(data, "v", runs)


def convert_gsyn_exc_list(data, runs=None):
    return convert_data_list(data, "gsyn_exc", runs)


def convert_gsyn_inh_list(data, runs=None):
    return convert_data_list(data, "gsyn_inh", runs)


def convert_spikes_list(data, runs=None):
    return convert_data_list(data, "spikes", runs)


def convert_gsyn(gsyn_exc, gsyn_inh):
    """Rows of index, time, excitatory and inhibitory value."""
    excitatory, inhibitory = convert_data(gsyn_exc, "gsyn_exc"), convert_data(gsyn_inh, "gsyn_inh")
    if not np.array_equal(excitatory[:, :2], inhibitory[:, :2]):
        raise ValueError("gsyn_exc and gsyn_inh are not of the same cells and times")
    return np.column_stack((excitatory, inhibitory[:, 2]))


def convert_spiketrains(spiketrains):
    """Rows of index and time, cell by cell: float64 [spikes, 2]."""
    trains = list(spiketrains)
    if not trains:
        return np.empty((0, 2))
    index = np.repeat([train.annotations["source_index"] for train in trains], [len(t) for t in trains])
    return np.column_stack((index, np.concatenate([train.rescale("ms").magnitude for train in trains])))


def convert_spikes(neo, run=0):
    """Rows of index and time of segment `run` of a Neo block."""
    return convert_spiketrains(neo.segments[run].spiketrains)


def count_spiketrains(spiketrains):
    """The number of spikes."""
    return sum(map(len, spiketrains))


def count_spikes(neo):
    """The number of spikes in the first segment of a Neo block."""
    return count_spiketrains(neo.segments[0].spiketrains)
