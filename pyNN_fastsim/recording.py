"""
Recordings: from the engine's arrays to Neo blocks.

What was recorded is kept as plain arrays, one `Segment` for each trial, and made into Neo objects
when it is asked for, in whatever selection: nothing is lost, whatever was asked for before.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime

import neo
import numpy as np
import quantities as pq
from pyNN import errors, recording
from pyNN.recording import Variable

from . import simulator, textfile

logger = logging.getLogger("PyNN")

SPIKES = Variable(name="spikes", location=None, label=None)


@dataclass
class Signal:
    """Samples of one variable.

    ids      of the cells, ascending, int64 [cells]
    samples  float64 [samples, cells]
    start    time of the first sample, ms
    period   ms
    """

    variable: str
    ids: np.ndarray
    samples: np.ndarray
    start: float
    period: float


@dataclass
class Segment:
    """What one population recorded in one trial, from `start` to `stop` (ms).

    ids, times   of the spikes, in the order of time: int64 and ms [spikes]
    recorded     the cells whose spikes were recorded, ascending: int64; or None
    """

    name: str
    start: float
    stop: float
    ids: np.ndarray
    times: np.ndarray
    recorded: np.ndarray | None
    signals: list[Signal]
    annotations: dict = field(default_factory=dict)
    when: datetime = field(default_factory=datetime.now)


class Recorder(recording.Recorder):
    """What is recorded from one population, and what has been."""

    _simulator = simulator

    def __init__(self, population, file=None):
        super().__init__(population, file)
        self._samplers = []  # (Variable, engine's Sampler)
        self._finished = []  # Segments of earlier trials
        self._start_step = simulator.state.network.step

    # --- what to record -------------------------------------------------------------------------

    def record(self, variables, ids, sampling_interval=None, locations=None):
        """Record `variables` (a name or names) of the cells `ids` too.

        Raises RecordingError for a variable that there is not, ValueError for a sampling interval
        (ms) that is not a multiple of the time step, or not that of the population.
        """
        if locations is not None:
            raise NotImplementedError("Standard cells have no locations to record from.")
        variables = self._variables(variables)
        for variable in variables:
            if not self.population.can_record(variable.name, variable.location):
                raise errors.RecordingError(f"'{variable.name}'", self.population.celltype)
        interval = self._interval_steps(sampling_interval)
        network, block = simulator.state.network, self.population._block
        for variable in variables:
            new = np.array(sorted(set(map(int, ids)) - set(map(int, self.recorded[variable]))), dtype=int)
            self.recorded[variable] = self.recorded[variable].union(ids)
            if len(new) == 0:
                continue
            if variable == SPIKES:
                network.record_spikes(block, new - block.first_id)
            else:
                sampler = network.add_sampler(block, variable.name, new - block.first_id, interval)
                self._samplers.append((variable, sampler))

    def _variables(self, variables):
        if isinstance(variables, str):
            variables = self.population.celltype.recordable if variables == "all" else [variables]
        return [Variable(name=name, location=None, label=None) for name in variables]

    def _interval_steps(self, sampling_interval):
        """The sampling interval in steps, and remember it in ms."""
        dt = simulator.state.dt
        if sampling_interval is None:
            return int(np.rint(self.sampling_interval / dt))
        steps = np.rint(sampling_interval / dt)
        if not (steps >= 1 and abs(sampling_interval / dt - steps) < simulator.GRID_TOLERANCE * steps):
            raise ValueError(
                f"Population '{self.population.label}': sampling_interval must be a multiple of the time "
                f"step ({dt} ms), but is {sampling_interval}"
            )
        if self._samplers and not np.isclose(sampling_interval, self.sampling_interval):
            raise ValueError(
                f"Population '{self.population.label}': all cells must be recorded with the same sampling "
                f"interval, which is {self.sampling_interval} ms, not {sampling_interval}"
            )
        self.sampling_interval = float(sampling_interval)
        return int(steps)

    def _reset(self):
        """Record nothing any more."""
        network, block = simulator.state.network, self.population._block
        mine = [sampler for _, sampler in self._samplers]
        network.samplers = [sampler for sampler in network.samplers if sampler not in mine]
        self._samplers = []
        network.forget_spikes(block.first_id, block.first_id + block.n)
        block.recorded = None
        network.changed()
        self.sampling_interval = simulator.state.dt

    # --- what has been recorded -----------------------------------------------------------------

    def _spikes(self):
        """(ids, steps) of this population's spikes in this trial, in the order of time."""
        block = self.population._block
        ids, steps = simulator.state.network.spikes()
        mine = (ids >= block.first_id) & (ids < block.first_id + block.n)
        return ids[mine].astype(np.int64), steps[mine]

    def _current(self):
        """What this trial has recorded so far."""
        state = simulator.state
        step = state.network.step
        ids, steps = self._spikes()
        signals = [
            Signal(
                variable.name,
                sampler.cells + self.population._block.first_id,
                sampler.samples.view(),
                float(state.time_of(sampler.first_step)),
                sampler.interval * state.dt,
            )
            for variable, sampler in self._samplers
            if sampler.samples.length > 0
        ]
        recorded = self.recorded.get(SPIKES)
        return Segment(
            name=f"segment{state.segment_counter:03d}",
            start=float(state.time_of(self._start_step)),
            stop=float(state.time_of(step)),
            ids=ids,
            times=state.time_of(steps),
            recorded=np.array(sorted(map(int, recorded))) if recorded else None,
            signals=signals,
        )

    def store_to_cache(self, annotations=None):
        """Keep what this trial has recorded; called before the network is reset."""
        state = simulator.state
        if state.running and (state.network.step > self._start_step or not self._finished):
            segment = self._current()
            segment.annotations.update(annotations or {})
            self._finished.append(segment)
        self._start_step = 0

    def clear(self):
        """Forget all that has been recorded."""
        network, block = simulator.state.network, self.population._block
        self._finished = []
        self._start_step = network.step
        network.forget_spikes(block.first_id, block.first_id + block.n)
        for _, sampler in self._samplers:
            last = sampler.samples.view()[-1:].copy()
            last_step = sampler.first_step + sampler.interval * (sampler.samples.length - 1)
            sampler.clear(network.step)
            if len(last) and last_step == network.step:
                sampler.samples.append(last[0])  # the state now begins what comes next

    def get(
        self, variables, gather=False, filter_ids=None, clear=False, annotations=None, locations=None
    ):
        """The recorded data as a Neo Block, a segment for each trial.

        variables    "all", a name, or names
        filter_ids   of the cells wanted; None for all
        """
        if locations is not None:
            raise NotImplementedError("Standard cells have no locations to record from.")
        wanted = None if isinstance(variables, str) and variables == "all" else self._variables(variables)
        if wanted is not None:
            self._check_recorded(wanted)
        names = None if wanted is None else {variable.name for variable in wanted}
        segments = list(self._finished)
        if simulator.state.running or not segments:
            segments.append(self._current())
        ids = None if filter_ids is None else np.array(sorted(map(int, filter_ids)))
        block = neo.Block(
            name=self.population.label,
            description=self.population.describe(),
            rec_datetime=segments[0].when,
        )
        for segment in segments:
            block.segments.append(self._neo_segment(segment, names, ids))
            block.segments[-1].block = block
        block.annotate(**self.metadata)
        if annotations:
            block.annotate(**annotations)
        if clear:
            self.clear()
        return block

    def _check_recorded(self, wanted):
        for variable in wanted:
            if not self.population.can_record(variable.name, variable.location):
                raise errors.RecordingError(f"'{variable.name}'", self.population.celltype)

    def _neo_segment(self, stored, names, ids):
        segment = neo.Segment(
            name=stored.name, description=self.population.describe(), rec_datetime=stored.when
        )
        segment.annotate(**stored.annotations)
        if stored.recorded is not None and (names is None or "spikes" in names):
            segment.spiketrains = self._neo_spiketrains(stored, ids)
            segment.spiketrains.segment = segment
        for signal in stored.signals:
            if names is None or signal.variable in names:
                self._add_neo_signal(segment, signal, ids)
        return segment

    def _neo_spiketrains(self, stored, ids):
        wanted = stored.recorded if ids is None else np.intersect1d(stored.recorded, ids)
        spike_ids, times = stored.ids, stored.times
        if len(wanted) < self.population.size:
            mine = np.isin(spike_ids, wanted)
            spike_ids, times = spike_ids[mine], times[mine]
        return neo.spiketrainlist.SpikeTrainList.from_spike_time_array(
            times * pq.ms,
            spike_ids,
            wanted,
            t_start=stored.start * pq.ms,
            t_stop=stored.stop * pq.ms,
            units="ms",
            source_population=self.population.label,
            source_index=wanted - self.population._block.first_id,
        )

    def _add_neo_signal(self, segment, signal, ids):
        columns = slice(None) if ids is None else np.isin(signal.ids, ids)
        channel_ids = signal.ids[columns]
        if len(channel_ids) == 0:
            return
        variable = Variable(name=signal.variable, location=None, label=None)
        units = self.population.find_units(variable) or "dimensionless"
        analog_signal = neo.AnalogSignal(
            signal.samples[:, columns].copy(),
            units=units,
            t_start=signal.start * pq.ms,
            sampling_period=signal.period * pq.ms,
            name=signal.variable,
            channel_ids=channel_ids,
            source_population=self.population.label,
            array_annotations={"channel_index": channel_ids - self.population._block.first_id},
        )
        segment.analogsignals.append(analog_signal)
        analog_signal.segment = segment

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
        data = self.get(variables, gather, filter_ids, clear, annotations, locations)
        self.write_block(file or self.file, data)

    @staticmethod
    def write_block(file, block):
        """Write a Neo Block to a file: a name, whose ending tells the format, or a Neo IO."""
        if isinstance(file, str) and file.endswith(".txt"):
            textfile.write_block(file, block)
        else:
            io = recording.get_io(file) if isinstance(file, str) else file
            io.write_block(block)

    def _local_count(self, variable, filter_ids=None):
        """Number of spikes in this trial of each recorded cell, by id."""
        if variable != SPIKES:
            raise errors.RecordingError(variable, self.population.celltype)
        block = self.population._block
        counts = np.bincount(self._spikes()[0] - block.first_id, minlength=block.n)
        return {
            int(i): int(counts[int(i) - block.first_id])
            for i in sorted(self.filter_recorded(SPIKES, filter_ids))
        }


def merge_blocks(assembly, blocks, annotations=None):
    """One Neo Block of the blocks of an assembly's populations, as PyNN describes an assembly's data.

    The spike trains and signals of all populations stand side by side in each segment; the channel
    index of a signal counts the cells of the assembly.
    """
    merged = neo.Block(
        name=assembly.label, description=assembly.describe(), rec_datetime=blocks[0].rec_datetime
    )
    for block in reversed(blocks):
        merged.annotate(**block.annotations)
    if annotations:
        merged.annotate(**annotations)
    for k in range(max(len(block.segments) for block in blocks)):
        segments = [block.segments[k] for block in blocks if k < len(block.segments)]
        segment = neo.Segment(
            name=segments[0].name,
            description=assembly.describe(),
            rec_datetime=segments[0].rec_datetime,
        )
        segment.annotate(**segments[0].annotations)
        merged.segments.append(segment)
        segment.block = merged
    offset = 0
    for block, population in zip(blocks, assembly.populations, strict=True):
        for source, segment in zip(block.segments, merged.segments, strict=False):
            segment.spiketrains.extend(source.spiketrains)
            for signal in source.analogsignals:
                signal.array_annotations["channel_index"] += offset
                segment.analogsignals.append(signal)
                signal.segment = segment
        offset += population.size
    return merged
