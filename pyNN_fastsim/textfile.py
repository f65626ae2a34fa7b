"""Recorded data as plain text: one row a sample or spike, for spreadsheets and other programs."""

import os

import numpy as np

COLUMNS = ("segment", "variable", "index", "time", "value")


def write(filename, recording):
    """Write a Recording. Columns, separated by tabs: number of the segment, name of the variable,
    index of the cell, time (ms), value (in PyNN's units; nan for spikes)."""
    os.makedirs(os.path.dirname(os.path.abspath(filename)), exist_ok=True)
    with open(filename, "w", encoding="utf-8") as file:
        file.write(f"# label = {recording.label!r}\n# columns = {list(COLUMNS)!r}\n")
        for k, segment in enumerate(recording.segments):
            for spikes in segment.spikes:
                _write_spikes(file, k, spikes)
            for signal in segment.signals:
                _write_signal(file, k, signal)


def _write_spikes(file, k, spikes):
    """Rows by cell, and by time for each cell."""
    order = np.argsort(spikes.ids, kind="stable")
    cells = np.argsort(spikes.cells)
    places = cells[np.searchsorted(spikes.cells, spikes.ids[order], sorter=cells)]
    rows = zip(spikes.index[places].tolist(), spikes.times[order].tolist(), strict=True)
    file.writelines(f"{k}\tspikes\t{index}\t{time!r}\tnan\n" for index, time in rows)


def _write_signal(file, k, signal):
    times = signal.times().tolist()
    for column, index in enumerate(signal.index.tolist()):
        rows = zip(times, signal.samples[:, column].tolist(), strict=True)
        start = f"{k}\t{signal.variable}\t{index}\t"
        file.writelines(f"{start}{time!r}\t{value!r}\n" for time, value in rows)
