"""Recorded data as plain text: one row a sample or spike, for spreadsheets and other programs."""

import os

import numpy as np

COLUMNS = ("segment", "variable", "index", "time", "value")
ROWS = 10_000  # that are made into text at a time
CELLS = 64  # whose samples are looked up at a time: those of one cell lie far apart


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
    index, times = spikes.index[places], spikes.times[order]
    row = f"{k}\tspikes\t%d\t%r\tnan\n"
    for first in range(0, len(index), ROWS):
        chunk = slice(first, first + ROWS)
        values = [0] * (2 * len(index[chunk]))
        values[::2], values[1::2] = index[chunk].tolist(), times[chunk].tolist()
        file.write(row * (len(values) // 2) % tuple(values))


def _write_signal(file, k, signal):
    """Rows by cell, and by time for each cell. The texts of times are the same for all of them."""
    times = signal.times().tolist()
    chunks = [slice(first, first + ROWS) for first in range(0, len(times), ROWS)]
    samples = signal.values()
    texts = ["".join(f"@{time!r}\t%r\n" for time in times[chunk]) for chunk in chunks]
    for first in range(0, len(signal.index), CELLS):
        cells = slice(first, first + CELLS)
        columns = samples[:, cells].T.tolist()
        for index, values in zip(signal.index[cells].tolist(), columns, strict=True):
            for chunk, text in zip(chunks, texts, strict=True):
                rows = text.replace("@", f"{k}\t{signal.variable}\t{index}\t")
                file.write(rows % tuple(values[chunk]))
