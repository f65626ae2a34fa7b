"""
Recorders: what is recorded from a population, and what has been.

What was recorded is kept as plain arrays, one `Segment` for each trial, and made into Neo objects
when it is asked for, in whatever selection: nothing is lost, whatever was asked for before.
"""

import contextlib
import importlib.util
import logging
import os
import reprlib

import numpy as np
from pyNN import common, errors, recording
from pyNN.recording import Variable

from . import simulator
from .asked_for import check_asked_for
from .engine.block import parts_of
from .engine.recording.records import elements
from .engine.signals import signals_held
from .gathering import of_all_processes
from .given_times import GivenTimes
from .grid import times_of
from .processes import processes
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
    """What is recorded from one population, and what has been.

    _recording   by variable: which cells are recorded from now, bool [cells]
    _asked_for   the same of cells that ever were
    _since       step since when the spikes of each cell are recorded: int64 [cells]
    _given       spike times of sources that were replaced in this trial, and the last step that they were for
    """

    _simulator = simulator

    def __init__(self, population, file=None):
        super().__init__(population, file)
        self._network = simulator.state.network
        self._asked_for = {}
        self._samplers = []  # (Variable, engine's Sampler)
        self._ended = []  # Segments of this trial, of what is no longer recorded
        self._finished = []  # Segments of earlier trials
        self._given = []
        self.told_of_silence = False  # whether there has been a warning that its cells can't spike
        self._off_grid = simulator.state.spike_precision == "off_grid"
        self._start_step = self._network.step

    # --- what to record -------------------------------------------------------------------------

    def record(self, variables, ids, sampling_interval=None, locations=None):
        """Record `variables` (a name or names) of the cells `ids` too.

        Raises RecordingError for a variable that there is not, ValueError for a sampling interval
        (ms) that is not a multiple of the time step, or not that of the population.
        """
        variables, interval = self.check(variables, sampling_interval, locations)
        self.sampling_interval = interval * self._network.dt
        block, asked = self.population._block, self._indices_of(ids)
        for variable in variables:
            cells = asked[~self._cells_in(self._recording, variable.name)[asked]]
            if len(cells) == 0:
                continue
            about = {"population": self.population.label}
            if variable.name == "spikes":
                self._network.record_spikes(block, cells, about)
                self._since[cells] = self._network.step
            else:
                about["units"] = self.population.find_units(variable)
                name, divisor = self.population.celltype.state_in_engine(variable.name)
                if divisor != 1.0:
                    about["factor"] = divisor
                if processes.size > 1:  # whose files have so many columns each
                    columns = np.diff(np.searchsorted(cells, parts_of(block.n, processes.size)))
                    about |= {"cells": cells.tolist(), "columns": columns.tolist()}
                own = self._own(cells)
                sampler = self._network.add_sampler(block, name, own, interval, about)
                self._samplers.append((variable, sampler))
            self._cells_in(self._recording, variable.name)[cells] = True
            self._cells_in(self._asked_for, variable.name)[cells] = True

    def _indices_of(self, ids):
        """Indices of cells, given by their ids: int64, ascending."""
        if not isinstance(ids, np.ndarray):
            ids = list(map(int, ids))
        block = self.population._block
        among = np.zeros(block.n, dtype=bool)
        among[np.asarray(ids, dtype=np.int64) - block.first_id] = True
        return np.flatnonzero(among)

    def _own(self, cells):
        """Those of some cells, given by their indices, that belong to this process."""
        begin, end = self._network.own_cells(self.population.size)
        return cells[(cells >= begin) & (cells < end)]

    def _cells_in(self, masks, name):
        """The mask of a variable among `masks`, to which one of no cells is added if there is none."""
        if name not in masks:
            masks[name] = np.zeros(self.population.size, dtype=bool)
        return masks[name]

    @property
    def recorded(self):
        """The ids of the cells that are recorded from now, as PyNN keeps them: a set by Variable."""
        ids = self.population.all_cells
        return {
            Variable(name=name, location=None, label=None): set(ids[mask])
            for name, mask in self._recording.items()
        }

    @recorded.setter
    def recorded(self, nothing):
        """What PyNN does in the beginning, and when it is to be recorded from no cell any more."""
        self._recording = {}
        self._since = np.zeros(self.population.size, dtype=np.int64)

    def check(self, variables, sampling_interval=None, locations=None):
        """What `record` is asked for: the variables, and the sampling interval in steps.

        Raises the errors of `record`.
        """
        simulator.state.check_is_there(f"Population '{self.population.label}'", self._network)
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
                if isinstance(name, str) and "," in name:
                    hint = f" (several are given as a list, {reprlib.repr(name.replace(' ', '').split(','))})"
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
        simulator.state.check_is_there(f"Population '{self.population.label}'", network)
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

    def has_data(self, name):
        """Whether there are any data of a variable that was to be recorded, be they without spikes."""
        if self._finished or self._ended:
            return True
        if name == "spikes":
            return self._has_run() and bool(self._cells_in(self._recording, name).any())
        return any(sampler.samples.length for variable, sampler in self._samplers if variable.name == name)

    def has_spikes(self):
        """Whether any spikes were recorded, or may have been in an earlier trial."""
        now = self._network.spikes_of(self.population._block)
        return bool(self._finished or self._ended or (now.length if hasattr(now, "length") else len(now)))

    def _time_of(self, step):
        return times_of(step, self._network.dt)

    def _current(self):
        """What this trial has recorded so far."""
        signals = [signal for segment in self._ended for signal in segment.signals]
        return Segment(
            trial=self._network.trial,
            spikes=self._current_parts(),
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
                factor=population.celltype.state_in_engine(variable.name)[1],
            )
            for variable, sampler in self._samplers
            if sampler.samples.length > 0
        ]

    def _current_parts(self):
        """The Spikes of this trial: one for each time that recording was ended, and one for now."""
        parts = [spikes for segment in self._ended for spikes in segment.spikes]
        if self._cells_in(self._recording, "spikes").any():
            parts.append(self._current_spikes())
        return parts

    def _current_spikes(self):
        index = self._own(np.flatnonzero(self._recording["spikes"]))
        return Spikes(
            source=self.population.label,
            cells=index + self.population._block.first_id,
            source_index=index,
            index=index,
            pairs=self._network.spikes_of(self.population._block),
            dt=self._network.dt,
            start=self._time_of(np.maximum(self._since[index], self._start_step)),
            stop=np.full(len(index), self._time_of(self._network.step)),
            given=self._given_times(),
        )

    def _given_times(self):
        """When spikes were to be, of sources whose times are told as they were given; None for others."""
        population = self.population
        if not (self._off_grid and population.celltype.is_sequence("spike_times")):
            return None
        now = (self._network.step, population._block.parameters["spike_times"])
        return GivenTimes(population._block.first_id, self._network.dt, [*self._given, now])

    def parameters_change(self):
        """Keep what is needed of parameters that are about to be replaced."""
        given = self._given_times() if self._network.begun else None
        if given is not None and self._cells_in(self._recording, "spikes").any():
            self._given = given.periods

    def store_to_cache(self, annotations=None):
        """Keep what this trial has recorded; called before the network is reset."""
        if self._has_run():
            segment = self._current()
            segment.annotations.update(annotations or {})
            self._finished.append(segment)
        self._ended = []
        self._start_step = 0
        self._since[:] = 0
        self._given = []

    def clear(self):
        """Forget all that has been recorded. What comes next begins with the present state."""
        network, block = self._network, self.population._block
        network.flush()
        with signals_held():
            self._ended, self._finished, self._given = [], [], []
            self._start_step = network.step
            network.forget_spikes(block)
            for _, sampler in self._samplers:
                sampler.clear(network.step)
            network.changed()

    def names(self, variables):
        """The names of "all" (None), a name or names. Raises RecordingError for what can't be recorded."""
        if isinstance(variables, str) and variables == "all":
            return None
        return [variable.name for variable in self._variables(variables)]

    def _owner(self, filter_ids):
        """What to call these cells in messages."""
        some = "" if filter_ids is None else f"these {len(filter_ids)} cells of "
        return f"{some}population '{self.population.label}'"

    def was_asked_for(self, names=None, filter_ids=None):
        """Those of the variables `names` (None for all) that were ever to be recorded from the cells with
        the ids `filter_ids` (None for all): a list."""
        cells = slice(None) if filter_ids is None else self._indices_of(filter_ids)
        return [
            name
            for name, mask in self._asked_for.items()
            if (names is None or name in names) and mask[cells].any()
        ]

    def segments(self, names=None, filter_ids=None, gather=True):
        """What has been recorded, a Segment for each trial.

        names        of the variables wanted; None for all
        filter_ids   of the cells wanted; None for all
        gather       whether process 0 gets the data of all processes
        """
        ids = None if filter_ids is None else np.asarray(filter_ids, dtype=np.int64)
        segments = list(self._finished)
        if self._network.begun or not segments:
            segments.append(self._current())
        return of_all_processes(
            f"the data of population '{self.population.label}'",
            [segment.of(names, ids, processes.size > 1) for segment in segments],
            gather,
        )

    def recording(self, variables="all", filter_ids=None, annotations=None, gather=True):
        """What has been recorded, with PyNN's annotations.

        Raises RecordingError for a variable that was never recorded from any of these cells.
        """
        names = self.names(variables)
        check_asked_for(self._owner(filter_ids), names, [(self, filter_ids)])
        return Recording(
            label=self.population.label,
            description=common.Population.describe(self.population),  # as other backends have it
            annotations={**self.metadata, **(annotations or {})},
            segments=[segment.merged() for segment in self.segments(names, filter_ids, gather)],
        )

    def get(self, variables, gather=False, filter_ids=None, clear=False, annotations=None, locations=None):
        """The recorded data as a Neo Block, a segment for each trial."""
        self._variables([], locations)
        recording = self.recording(variables, filter_ids, annotations, gather)
        if clear:
            recording.hand_over()
        block = recording.to_neo()
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
        write_recording(self.recording(variables, filter_ids, annotations, gather), file, gather)
        if clear:
            self.clear()

    def count(self, variable, gather=True, filter_ids=None):
        """The number of spikes in this trial of each recorded cell, by id.

        Raises RecordingError where the spikes of none of the cells were ever recorded.
        """
        check_asked_for(self._owner(filter_ids), [variable], [(self, filter_ids)])
        local = self._local_count(variable, filter_ids)
        if not gather or processes.size == 1:
            return local
        told = processes.gather(f"the spike counts of '{self.population.label}'", local)
        return local if told is None else {cell: n for counts in told for cell, n in counts.items()}

    def _local_count(self, variable, filter_ids=None):
        block = self.population._block
        counts, recorded = np.zeros(block.n, dtype=np.int64), np.zeros(block.n, dtype=bool)
        for spikes in self._current_parts():
            ids = elements(spikes.pairs)[:, 0]
            for first in range(
                0, len(ids), IDS_AT_ONCE
            ):  # those in a file don't come into memory all at once
                part = ids[first : first + IDS_AT_ONCE]
                counts += np.bincount(part - block.first_id, minlength=block.n)
            recorded[spikes.source_index] = True
        cells = np.arange(block.n) if filter_ids is None else self._indices_of(filter_ids)
        cells = cells[recorded[cells]]
        return dict(zip((cells + block.first_id).tolist(), counts[cells].tolist(), strict=True))


def recorded_words(cells):
    """What is recorded of some cells of a population, in words."""
    recorder, ids = cells.recorder, cells._record_filter
    return ", ".join(recorder.was_asked_for(None, ids)) or "nothing"


def recording_of_assembly(assembly, variables="all", annotations=None, gather=True):
    """What has been recorded of an assembly, in segments for each trial.

    The spike trains of all populations stand side by side; so do signals of the same variable. The
    channel index counts the cells of the assembly. The annotations are PyNN's, for the assembly.
    """
    sources = [(population.recorder, population._record_filter) for population in assembly.populations]
    names = _names_of_assembly(assembly, variables)
    check_asked_for(f"assembly '{assembly.label}'", names, sources)
    segments, labels = [], []
    merged: dict = {}
    offset = 0
    for population in assembly.populations:
        recorder = population.recorder
        for segment in recorder.segments(names, population._record_filter, gather):
            first = offset
            segments.append(reindexed(segment, lambda ids, p=population, k=first: _indices(p, ids) + k))
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
    return Recording(assembly.label, common.Assembly.describe(assembly), merged, merged_segments(segments))


def _indices(cells, ids):
    """Indices of ids among cells; of none, too."""
    return cells.id_to_index(ids) if len(ids) else ids


def _names_of_assembly(assembly, variables):
    """The names of variables, None for "all". Raises RecordingError for what no population can record."""
    if isinstance(variables, str):
        if variables == "all":
            return None
        variables = [variables]
    names: list[str] = []
    for name in variables:
        found: list[str] = []
        for population in assembly.populations:
            with contextlib.suppress(errors.RecordingError):
                found += population.recorder.names([name])
        names += found or assembly.populations[0].recorder.names([name])  # which raises the error
    return list(dict.fromkeys(names))


def spike_counts_of_assembly(assembly, gather=True):
    """Spikes of each recorded cell in this trial: a number by id. Raises RecordingError if none is."""
    sources = [(population.recorder, population._record_filter) for population in assembly.populations]
    check_asked_for(f"assembly '{assembly.label}'", ["spikes"], sources)
    counts = {}
    for recorder, ids in sources:
        if recorder.was_asked_for(["spikes"], ids):
            counts.update(recorder.count("spikes", gather, ids))
    return counts


def write_recording(recording, file, gather):
    """Write what was recorded to a file: process 0 does if data were gathered, otherwise each to one of its
    own, whose name is followed by a dot and the number of the process. All raise what one of them does."""
    with processes.same_error(f"write_data() of '{recording.label}'"):
        _write_recording(recording, file, gather)


def _write_recording(recording, file, gather):
    if processes.size == 1 or (gather and processes.rank == 0):
        recording.write(file)
    elif not gather and isinstance(file, (str, os.PathLike)):
        name, extension = os.path.splitext(os.fspath(file))
        recording.write(f"{name}.{processes.rank}{extension}")
        os.replace(f"{name}.{processes.rank}{extension}", f"{name}{extension}.{processes.rank}")
    elif not gather:
        file.filename += f".{processes.rank}"
        recording.write(file)


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
