"""
Recorders: what is recorded from a population, and what has been.

What was recorded is kept as plain arrays, one `Segment` for each trial, and made into Neo objects
when it is asked for, in whatever selection: nothing is lost, whatever was asked for before.
"""

import importlib.util
import logging
import os
import reprlib

import numpy as np
from pyNN import errors, recording
from pyNN.recording import Variable

from . import simulator
from .engine.recording.records import elements
from .engine.signals import signals_held
from .recorded import (
    Recording,
    Segment,
    Signal,
    Spikes,
    merged_segments,
    reindexed,
)
from .validation import did_you_mean, steps_of_interval

logger = logging.getLogger("PyNN")

SPIKES = Variable(name="spikes", location=None, label=None)

IDS_AT_ONCE = 10**6

# Endings of names of files that data can be written to, and the module that Neo needs for each.
FILE_TYPES = {
    ".pkl": None,
    ".pickle": None,
    ".txt": None,
    ".mat": "scipy",
    ".nix": "nixio",
    ".h5": "nixio",
    ".nwb": "pynwb",
}


class Recorder(recording.Recorder):
    """What is recorded from one population, and what has been."""

    _simulator = simulator

    def __init__(self, population, file=None):
        super().__init__(population, file)
        self._network = simulator.state.network
        self._samplers = []  # (Variable, engine's Sampler)
        self._ended = []  # Segments of this trial, of what is no longer recorded
        self._finished = []  # Segments of earlier trials
        self._start_step = self._network.step

    # --- what to record -------------------------------------------------------------------------

    def record(self, variables, ids, sampling_interval=None, locations=None):
        """Record `variables` (a name or names) of the cells `ids` too.

        Raises RecordingError for a variable that there is not, ValueError for a sampling interval
        (ms) that is not a multiple of the time step, or not that of the population.
        """
        variables, interval = self.check(variables, sampling_interval, locations)
        self.sampling_interval = interval * self._network.dt
        block = self.population._block
        for variable in variables:
            known = self.recorded[variable]
            new = np.array(sorted(int(i) for i in ids if i not in known), dtype=np.int64)
            self.recorded[variable] = known.union(ids)
            if len(new) == 0:
                continue
            cells = new - block.first_id
            about = {"population": self.population.label}
            if variable == SPIKES:
                self._network.record_spikes(block, cells, about)
            else:
                about["units"] = self.population.find_units(variable)
                sampler = self._network.add_sampler(block, variable.name, cells, interval, about)
                self._samplers.append((variable, sampler))

    def check(self, variables, sampling_interval=None, locations=None):
        """What `record` is asked for: the variables, and the sampling interval in steps.

        Raises the errors of `record`.
        """
        return self._variables(variables, locations), self._interval_steps(sampling_interval)

    def _variables(self, variables, locations=None):
        """The names of variables, or "all", as a list of Variables that can be recorded."""
        if locations is not None:
            raise NotImplementedError("Standard cells have no locations to record from.")
        celltype = self.population.celltype
        if isinstance(variables, str):
            variables = celltype.recordable if variables == "all" else [variables]
        names = []
        for name in variables if np.iterable(variables) else [variables]:
            if not isinstance(name, str) or not celltype.can_record(name):
                hint = did_you_mean(name, celltype.recordable)
                raise errors.RecordingError(
                    f"{reprlib.repr(name)}{hint} of '{self.population.label}'", celltype
                )
            names.append(name)
        return [Variable(name=name, location=None, label=None) for name in names]

    def _interval_steps(self, sampling_interval):
        """The sampling interval in steps."""
        dt = self._network.dt
        if sampling_interval is None:
            return int(np.rint(self.sampling_interval / dt))
        who = f"Population '{self.population.label}': sampling_interval"
        steps = steps_of_interval(who, sampling_interval, dt)
        if self._samplers and steps != np.rint(self.sampling_interval / dt):
            raise ValueError(
                f"{who} must be the same for all cells, which is {self.sampling_interval} ms, "
                f"not {sampling_interval}"
            )
        return steps

    def _reset(self):
        """Record nothing any more; what has been recorded is kept."""
        network, block = self._network, self.population._block
        network.flush()
        if self._has_run():
            self._ended = [self._current()]
        mine = [sampler for _, sampler in self._samplers]
        network.samplers = [sampler for sampler in network.samplers if sampler not in mine]
        self._samplers = []
        network.forget_spikes(block)
        block.recorded = None
        network.changed()
        self.sampling_interval = network.dt

    # --- what has been recorded -----------------------------------------------------------------

    def _has_run(self):
        """Whether there is anything in this trial that has not been forgotten."""
        return self._network.begun and self._network.step > self._start_step

    def _time_of(self, step):
        return np.around(step * self._network.dt, 12)

    def _current(self):
        """What this trial has recorded so far."""
        signals = [signal for segment in self._ended for signal in segment.signals]
        spikes = [spikes for segment in self._ended for spikes in segment.spikes]
        if self.recorded.get(SPIKES):
            spikes.append(self._current_spikes())
        return Segment(
            name=f"segment{simulator.state.segment_counter:03d}",
            spikes=spikes,
            signals=signals + self._current_signals(),
        )

    def _current_signals(self):
        population = self.population
        return [
            Signal(
                variable=variable.name,
                units=population.find_units(variable),
                source=population.label,
                ids=sampler.cells + population._block.first_id,
                index=sampler.cells,
                samples=sampler.samples,
                start=float(self._time_of(sampler.first_step)),
                period=sampler.interval * self._network.dt,
            )
            for variable, sampler in self._samplers
            if sampler.samples.length > 0
        ]

    def _current_spikes(self):
        cells = np.array(sorted(map(int, self.recorded[SPIKES])), dtype=np.int64)
        index = cells - self.population._block.first_id
        return Spikes(
            source=self.population.label,
            cells=cells,
            source_index=index,
            index=index,
            pairs=self._network.spikes_of(self.population._block),
            dt=self._network.dt,
            start=float(self._time_of(self._start_step)),
            stop=float(self._time_of(self._network.step)),
        )

    def store_to_cache(self, annotations=None):
        """Keep what this trial has recorded; called before the network is reset."""
        if self._has_run():
            segment = self._current()
            segment.annotations.update(annotations or {})
            self._finished.append(segment)
        self._ended = []
        self._start_step = 0

    def clear(self):
        """Forget all that has been recorded. What comes next begins with the present state."""
        network, block = self._network, self.population._block
        network.flush()
        with signals_held():
            self._ended, self._finished = [], []
            self._start_step = network.step
            network.forget_spikes(block)
            for _, sampler in self._samplers:
                sampler.clear(network.step)
            network.changed()

    def segments(self, variables="all", filter_ids=None):
        """What has been recorded, a Segment for each trial.

        variables    "all", a name, or names
        filter_ids   of the cells wanted; None for all
        """
        if isinstance(variables, str) and variables == "all":
            names = None
        else:
            names = {variable.name for variable in self._variables(variables)}
        ids = None if filter_ids is None else np.array(sorted(map(int, filter_ids)), dtype=np.int64)
        segments = list(self._finished)
        if self._network.begun or not segments:
            segments.append(self._current())
        return [segment.of(names, ids) for segment in segments]

    def recording(self, variables="all", filter_ids=None, annotations=None):
        """What has been recorded, with PyNN's annotations."""
        return Recording(
            label=self.population.label,
            description=self.population.describe(),
            annotations={**self.metadata, **(annotations or {})},
            segments=self.segments(variables, filter_ids),
        )

    def get(self, variables, gather=False, filter_ids=None, clear=False, annotations=None, locations=None):
        """The recorded data as a Neo Block, a segment for each trial."""
        self._variables([], locations)
        block = self.recording(variables, filter_ids, annotations).to_neo()
        if clear:
            self.clear()
        return block

    def write(
        self,
        variables,
        file=None,
        gather=False,
        filter_ids=None,
        clear=False,
        annotations=None,
        locations=None,
    ):
        """Write recorded data to a file: a name, or a Neo IO."""
        self._variables([], locations)
        file = self.file if file is None else file
        check_file(file)
        self.recording(variables, filter_ids, annotations).write(file)
        if clear:
            self.clear()

    def _local_count(self, variable, filter_ids=None):
        """Number of spikes in this trial of each recorded cell, by id."""
        block = self.population._block
        ids = elements(self._network.spikes_of(block))[:, 0]
        counts = np.zeros(block.n, dtype=np.int64)
        for first in range(0, len(ids), IDS_AT_ONCE):  # those in a file don't come into memory all at once
            part = ids[first : first + IDS_AT_ONCE]
            counts += np.bincount(part - block.first_id, minlength=block.n)
        counts = counts.tolist()
        cells = sorted(map(int, self.filter_recorded(variable, filter_ids)))
        return {cell: counts[cell - block.first_id] for cell in cells}


def recording_of_assembly(assembly, variables="all", annotations=None):
    """What has been recorded of an assembly, in segments for each trial.

    The spike trains of all populations stand side by side; so do signals of the same variable. The
    channel index counts the cells of the assembly. The annotations are PyNN's, for the assembly.
    """
    segments, labels = [], []
    merged: dict = {}
    offset = 0
    for population in assembly.populations:
        recorder = population.recorder
        for segment in recorder.segments(variables, population._record_filter):
            first = offset
            segments.append(reindexed(segment, lambda ids, p=population, k=first: p.id_to_index(ids) + k))
        merged = {**recorder.metadata, **merged}
        labels.append(population.label)
        offset += population.size
    merged.update(
        size=assembly.size,
        last_index=assembly.size,
        first_id=int(assembly.first_id),
        last_id=int(assembly.last_id),
        label=";".join(labels),
        **assembly.annotations,
        **(annotations or {}),
    )
    return Recording(assembly.label, assembly.describe(), merged, merged_segments(segments))


def check_file(file):
    """Raise ValueError for what data can't be written to, before there are any."""
    if not isinstance(file, (str, os.PathLike)):
        if not hasattr(file, "write_block"):
            raise ValueError(f"Can't write data to {file!r}: not the name of a file, nor a Neo IO")
        return
    extension = os.path.splitext(file)[1]
    if extension not in FILE_TYPES:
        raise ValueError(
            f"Can't write data to '{file}': its name must end with one of {', '.join(FILE_TYPES)}"
        )
    module = FILE_TYPES[extension]
    if module and importlib.util.find_spec(module) is None:
        raise ValueError(f"Can't write data to '{file}': that needs the package '{module}'")
