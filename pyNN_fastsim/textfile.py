"""Recorded data as plain text: one row a sample or spike, for spreadsheets and other programs."""

import os

import numpy as np

COLUMNS = ("segment", "variable", "index", "time", "value")


def write_block(filename, block):
    """Write a Neo Block. Columns, separated by tabs: number of the segment, name of the variable,
    index of the cell, time (ms), value (in PyNN's units; nan for spikes)."""
    os.makedirs(os.path.dirname(os.path.abspath(filename)), exist_ok=True)
    with open(filename, "w", encoding="utf-8") as file:
        file.write(f"# label = {block.name!r}\n# columns = {list(COLUMNS)!r}\n")
        for k, segment in enumerate(block.segments):
            for train in segment.spiketrains:
                index = train.annotations["source_index"]
                for time in train.rescale("ms").magnitude:
                    file.write(f"{k}\tspikes\t{index}\t{float(time)!r}\tnan\n")
            for signal in segment.analogsignals:
                _write_signal(file, k, signal)


def _write_signal(file, k, signal):
    times = signal.times.rescale("ms").magnitude
    for column, index in enumerate(signal.array_annotations["channel_index"]):
        rows = np.column_stack([times, signal.magnitude[:, column]])
        np.savetxt(file, rows, fmt=f"{k}\t{signal.name}\t{index}\t%.17g\t%.17g")
