"""The spikes that a network has recorded in one trial: all of them, and those of each block."""

import numpy as np

from .records import GrowingArray


class SpikeLog:
    """Recorded spikes: (id, step) pairs of int32, in the order of steps, blocks and cells.

    blocks    of the network; the list may grow
    records   the Records that files are made in, or not
    pairs     GrowingArray of the spikes; with files, of those that have not been divided among them
    """

    def __init__(self, blocks, records):
        self._blocks, self._records = blocks, records
        self.pairs = GrowingArray((2,), np.int32)
        self._sorted = None
        self._filed = {}  # FiledArrays by the index of the block
        self._numbers = {}  # of these files, also of those that are not there yet
        for block in blocks:
            self.begin(block)

    def begin(self, block):
        """Take note of whether spikes of a block are recorded: the number of their file doesn't depend on who
        spikes first."""
        if block.recorded is not None and block.index not in self._numbers:
            self._numbers[block.index] = self._records.next_number()

    def extend(self, pairs):
        """Append spikes."""
        self.pairs.extend(pairs)
        self._sorted = None

    def of(self, block):
        """The spikes of a block in the order of steps and cells, or the FiledArray of them; not a copy."""
        if self._records.folder is not None:
            self._divide()
            return self._filed.get(block.index, self.pairs.view())
        if len(self._blocks) == 1:
            return self.pairs.view()
        pairs, ends = self._by_block()
        return pairs[ends[block.index] : ends[block.index + 1]]

    def forget(self, block):
        """Forget the spikes of a block. Its file, if there is one, stays; a new one is begun."""
        if self._records.folder is not None:
            self._divide()
            self._filed.pop(block.index, None)
            self._numbers.pop(block.index, None)
            self.begin(block)
            return
        log, last_id = self.pairs.view(), block.first_id + block.n
        kept = log[(log[:, 0] < block.first_id) | (log[:, 0] >= last_id)]
        self.pairs = GrowingArray((2,), np.int32)
        self.extend(kept)

    def arrays(self):
        """All FiledArrays, after all spikes have been divided among them."""
        self._divide()
        return list(self._filed.values())

    def describe_again(self, block):
        """Say in the file of a block, if there is one, what has changed about it."""
        if block.index in self._filed and self._filed[block.index].start:
            self._filed[block.index].write_description()

    def _by_block(self):
        """The spikes sorted by block, and where those of each block begin and end.

        They are sorted when those of the first block are asked for, not for each.
        """
        if self._sorted is None:
            log = self.pairs.view()
            first_ids = np.array([block.first_id for block in self._blocks])
            places = np.searchsorted(first_ids, log[:, 0], side="right") - 1
            if len(first_ids) < 2**16:
                places = places.astype(np.uint16)  # sorted several times faster
            order = np.argsort(places, kind="stable")
            counts = np.bincount(places, minlength=len(first_ids))
            self._sorted = log[order], np.append(0, np.cumsum(counts))
        return self._sorted

    def _divide(self):
        """Move the spikes to the arrays of their blocks."""
        if self.pairs.length == 0:
            return
        pairs, ends = self._by_block()
        for index in np.flatnonzero(np.diff(ends)).tolist():
            if index not in self._filed:
                self._filed[index] = self._new_array(self._blocks[index])
            self._filed[index].extend(pairs[ends[index] : ends[index + 1]])
        self.pairs.length = 0
        self._sorted = None

    def _new_array(self, block):
        def describe():
            cells = np.flatnonzero(block.recorded).tolist()
            return {"variable": "spikes", "first_id": block.first_id, "cells": cells, **block.about}

        number = self._numbers[block.index]
        return self._records.new_array("spikes", (2,), describe, np.int32, number)
