"""
Recorded data: plain arrays, in segments, and the Neo objects that users get of them.

    Recording    of a population or assembly: a list of
    Segment      one for each trial, with
    Spikes       of one population, and
    Signal       samples of one variable of one population

Neo objects are made of whole arrays, without a loop over cells or spikes.
"""

import os
import pickle
from dataclasses import dataclass, field, replace
from datetime import datetime

import neo
import numpy as np
import quantities as pq
from pyNN.recording import get_io

from . import nwbfile, textfile
from .engine.recording.records import elements, private
from .given_times import GivenTimes
from .grid import times_of
from .output import make_sure_of_room, writing

VALUES_AT_ONCE = 2**17  # that are put side by side

# Bytes that a file of HDF5 has for each spike train or signal, beside the numbers: measured, rounded up.
HDF5_ROOM = {".nix": 35_000, ".h5": 35_000, ".nwb": 2_500}

# Whether the ids of cells are annotated by the names of earlier versions of PyNN, too; see `foreign`.
former_annotations = False


def former_annotation(name, ids):
    """Keywords for what such a version annotated; none if that isn't asked for."""
    return {name: ids} if former_annotations else {}


@dataclass
class Signal:
    """Samples of one variable.

    units     as quantities knows them
    source    label of the population
    ids       of the cells: int64 [cells]
    index     of the cells in the population, or in what the data are asked of: int64 [cells]
    samples   float64 [samples, columns], or the engine's GrowingArray of them
    start     time of the first sample, ms
    period    ms
    columns   of the samples that are of these cells: int64 [cells]; None for all of them in turn
    own       whether nobody else has the samples
    factor    by which samples are multiplied to be in these units
    """

    variable: str
    units: str
    source: str
    ids: np.ndarray
    index: np.ndarray
    samples: np.ndarray
    start: float
    period: float
    columns: np.ndarray | None = field(default=None, kw_only=True)
    own: bool = field(default=False, kw_only=True)
    factor: float = field(default=1.0, kw_only=True)

    def of(self, ids):
        """The signal, with an array of samples, of those cells that are among `ids`; None for all."""
        samples = elements(self.samples)
        kept = np.True_ if ids is None else np.isin(self.ids, ids)
        if kept.all():
            return replace(self, samples=samples)
        columns = np.flatnonzero(kept) if self.columns is None else self.columns[kept]
        return replace(self, ids=self.ids[kept], index=self.index[kept], samples=samples, columns=columns)

    def merged_rest(self, signals, order):
        """What else a signal has that is merged of several, by name; see `merged_signal`."""
        return {}

    def values(self, rows=slice(None)):
        """Samples of these cells: float64 [samples, cells], not a copy if they are all that there is."""
        samples = self.samples[rows]
        if self.columns is not None:
            samples = np.take(np.asarray(samples), self.columns, axis=1)
        return samples if self.factor == 1.0 else samples * self.factor

    def private(self):
        """Samples of these cells that nobody else has. They are copied at the most once."""
        in_a_file = isinstance(self.samples, np.memmap)
        if self.columns is not None or self.factor != 1.0 or (self.own and not in_a_file):
            return self.values()
        return private(self.samples)

    def times(self):
        """Times of the samples, ms."""
        return np.around(self.start + self.period * np.arange(len(self.samples)), 9)

    def to_neo(self, copy=True):
        return neo.AnalogSignal(
            self.private() if copy else self.values(),
            units=self.units,
            t_start=self.start * pq.ms,
            sampling_period=self.period * pq.ms,
            name=self.variable,
            channel_ids=self.ids,
            **former_annotation("source_ids", self.ids),
            source_population=self.source,
            array_annotations={"channel_index": self.index},
        )


@dataclass
class Spikes:
    """Spikes, in the order of time.

    source         label of the population
    cells          ids of the recorded cells: int64 [cells]
    source_index   of these cells in their population: int64 [cells]
    index          of these cells in what the data are asked of: int64 [cells]
    pairs          ids and steps of the spikes: int32 [spikes, 2], or the engine's GrowingArray of them
    dt             ms
    start, stop    from when and until when the spikes of each of these cells were recorded: ms [cells]
    given          when they were to be, where that is to be told instead of the steps
    """

    source: str
    cells: np.ndarray
    source_index: np.ndarray
    index: np.ndarray
    pairs: np.ndarray
    dt: float
    start: np.ndarray
    stop: np.ndarray
    given: GivenTimes | None = None

    @property
    def ids(self):
        """Of the cells that fired: int32 [spikes]."""
        return self.pairs[:, 0]

    @property
    def times(self):
        """Of the spikes, ms: [spikes]."""
        if self.given is not None:
            return self.given.of(self.pairs)
        return times_of(self.pairs[:, 1], self.dt)

    def of(self, ids):
        """The spikes, in an array, of those cells that are among `ids`; None for all."""
        pairs = elements(self.pairs)
        if ids is None:
            return replace(self, pairs=pairs)
        kept = np.isin(self.cells, ids)
        mine = np.isin(pairs[:, 0], self.cells[kept])
        return replace(
            self,
            cells=self.cells[kept],
            source_index=self.source_index[kept],
            index=self.index[kept],
            pairs=pairs[mine],
            start=self.start[kept],
            stop=self.stop[kept],
        )


@dataclass
class Segment:
    """What was recorded in one trial, of one population until it is merged with others.

    trial   the number of resets before it
    """

    trial: int
    spikes: list[Spikes]
    signals: list[Signal]
    annotations: dict = field(default_factory=dict)
    when: datetime = field(default_factory=datetime.now)

    @property
    def name(self):
        """As PyNN names it."""
        return f"segment{self.trial:03d}"

    def of(self, names, ids, keep_empty=False):
        """The variables `names` of the cells `ids` of one population; None for all.

        keep_empty   whether signals of no cells stay: other processes may have some of theirs

        Spikes that were recorded in turn from the same or other cells are put together.
        """
        spikes = [spikes.of(ids) for spikes in self.spikes if names is None or "spikes" in names]
        signals = [s.of(ids) for s in self.signals if names is None or s.variable in names]
        return replace(
            self,
            spikes=[merged_spikes(spikes)] if len(spikes) > 1 else spikes,
            signals=[signal for signal in signals if len(signal.ids) or keep_empty],
        )

    def merged(self):
        """With one signal of those that were sampled at the same times."""
        return replace(self, signals=merged_signals(self.signals))

    def to_neo(self, description, copy=True):
        segment = neo.Segment(name=self.name, description=description, rec_datetime=self.when)
        segment.annotate(**self.annotations)
        if self.spikes:
            segment.spiketrains = spiketrains_of(self.spikes)
            segment.spiketrains.segment = segment
        for signal in self.signals:
            analog_signal = signal.to_neo(copy)
            segment.analogsignals.append(analog_signal)
            analog_signal.segment = segment
        return segment


@dataclass
class Recording:
    """All that was recorded of a population, view or assembly."""

    label: str
    description: str
    annotations: dict
    segments: list[Segment]

    def hand_over(self):
        """Say that nobody else will have what was recorded, since it is about to be forgotten."""
        for segment in self.segments:
            for signal in segment.signals:
                signal.own = True

    def to_neo(self, copy=True):
        """A Neo Block; without a copy of the samples it is for reading only."""
        block = neo.Block(name=self.label, description=self.description, rec_datetime=self.segments[0].when)
        block.annotate(**self.annotations)
        for segment in self.segments:
            block.segments.append(segment.to_neo(self.description, copy))
            block.segments[-1].block = block
        return block

    def write(self, file):
        """Write to a file: a name, whose ending tells the format, or a Neo IO. Raises OSError."""
        with writing(file, f"The data of '{self.label}'"):
            make_sure_of_room(file, self.room(file))
            self._write(file)

    def room(self, file):
        """Bytes that it takes in a file of this name, if it is one of HDF5; otherwise 0."""
        room = HDF5_ROOM.get(os.path.splitext(file)[1], 0) if isinstance(file, str) else 0
        if not room:
            return 0
        signals = [signal for segment in self.segments for signal in segment.signals]
        spikes = [each for segment in self.segments for each in segment.spikes]
        numbers = sum(len(elements(signal.samples)) * len(signal.index) for signal in signals)
        numbers += sum(len(elements(each.pairs)) for each in spikes)
        return 8 * numbers + room * (len(signals) + sum(len(each.cells) for each in spikes))

    def _write(self, file):
        if not isinstance(file, str):
            block = self.to_neo(copy=False)
            if "nwb" in getattr(file, "extensions", ()):  # Neo writes no such file without
                block.annotations.setdefault("session_start_time", block.rec_datetime.astimezone())
            file.write_block(block)
        elif file.endswith(".txt"):
            textfile.write(file, self)
        elif file.endswith(".nwb"):
            nwbfile.write(file, self.to_neo(copy=False))
        elif file.endswith((".pkl", ".pickle")):
            self._pickle(file)
        else:
            io = get_io(file)
            io.write_block(self.to_neo(copy=False))
            if hasattr(io, "close"):  # HDF5 files are complete once they are closed
                io.close()

    def _pickle(self, file):
        """What Neo's PickleIO writes, but in the protocol that doesn't copy arrays first."""
        os.makedirs(os.path.dirname(os.path.abspath(file)), exist_ok=True)
        with open(file, "wb") as stream:
            pickle.dump(self.to_neo(copy=False), stream, protocol=5)


class SpikeTrains(neo.spiketrainlist.SpikeTrainList):
    """Neo's list of spike trains, taken apart in one go: Neo looks through all spikes for each cell.

    Copies and pickles of it are Neo's own.
    """

    def _spiketrains_from_array(self):
        if self._spike_time_array is None:
            super()._spiketrains_from_array()
            return
        cells = list(self._all_channel_ids)
        order = np.argsort(self._channel_id_array, kind="stable")
        ids = self._channel_id_array[order]
        # Parts of one train: Neo checks times and units of a train that it makes, for 0.2 ms each.
        whole = neo.SpikeTrain(self._spike_time_array[order], **self._spiketrain_metadata)
        ends = np.searchsorted(ids, [cells, np.add(cells, 1)]).T.tolist()
        lists = {name: value for name, value in self._annotations.items() if isinstance(value, list)}
        self._items = []
        for k, (first, last) in enumerate(ends):
            train = whole[first:last]
            own = {name: value[k] for name, value in lists.items()}
            train.annotations = {**self._annotations, **own, "channel_id": cells[k]}
            train.segment = self.segment
            self._items.append(train)

    def __reduce__(self):
        return neo.spiketrainlist.SpikeTrainList, (), self.__dict__


def spiketrains_of(parts):
    """A Neo SpikeTrainList of the spikes of one or more populations."""
    all_cells = np.concatenate([part.cells for part in parts])
    # In one list the spikes of a cell are known by its id: no good for a cell of several parts.
    if len(parts) > 1 and len(np.unique(all_cells)) < len(all_cells):
        return SpikeTrains(items=[train for part in parts for train in spiketrains_of([part])])
    parts = [part for part in parts if len(part.cells)] or parts[:1]
    start, stop = (np.concatenate([getattr(part, end) for part in parts]) for end in ("start", "stop"))
    # Plain lists: Neo takes only a Python int for a channel's id, and adds lists end to end.
    cells = np.concatenate([part.cells for part in parts]).tolist()
    trains = SpikeTrains.from_spike_time_array(
        np.concatenate([part.times for part in parts]) * pq.ms,
        np.concatenate([part.ids for part in parts]).astype(np.int64),
        cells,
        t_start=np.min(start, initial=np.inf if len(start) else 0.0) * pq.ms,
        t_stop=np.max(stop, initial=0.0) * pq.ms,
        units="ms",
        source_population=parts[0].source
        if len(parts) == 1
        else [part.source for part in parts for _ in part.cells],
        source_index=np.concatenate([part.source_index for part in parts]).tolist(),
        **former_annotation("source_id", cells),
    )
    if np.all(start == start[:1]) and np.all(stop == stop[:1]):
        return trains
    for train, first, last in zip(trains, start.tolist(), stop.tolist(), strict=True):
        train.t_start, train.t_stop = first * pq.ms, last * pq.ms
    return SpikeTrains(items=list(trains))  # Neo's arrays of all spikes have one start and one stop


def merged_signals(signals):
    """Signals of the same variable that were sampled at the same times as one."""
    groups: dict[tuple, list[Signal]] = {}
    for signal in signals:
        key = signal.variable, signal.units, signal.start, signal.period, len(signal.samples)
        groups.setdefault(key, []).append(signal)
    return [merged_signal(group) if len(group) > 1 else group[0] for group in groups.values()]


def merged_signal(signals):
    """One signal of several, with the cells in the order of their index."""
    index = np.concatenate([signal.index for signal in signals])
    order = np.argsort(index, kind="stable")
    return replace(
        signals[0],
        source=";".join(dict.fromkeys(signal.source for signal in signals)),
        ids=np.concatenate([signal.ids for signal in signals])[order],
        index=index[order],
        samples=_joined(signals, order),
        columns=None,
        own=True,
        factor=1.0,
        **signals[0].merged_rest(signals, order),
    )


def _joined(signals, order):
    """The samples of several signals side by side, in this order: float64 [samples, cells]."""
    n = len(signals[0].samples)
    joined = np.empty((n, len(order)))
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    height = max(VALUES_AT_ONCE // len(order), 1)
    for first in range(0, n, height):  # in pieces, so that it takes no more memory than the result
        rows, end = slice(first, first + height), 0
        for signal in signals:
            mine = places[end : end + len(signal.index)]
            joined[rows, mine] = signal.values(rows)
            end += len(signal.index)
    return joined


def merged_spikes(parts):
    """Spikes of one population, recorded in turn from the same or other cells, as one."""
    cells, first, place = np.unique(
        np.concatenate([part.cells for part in parts]), return_index=True, return_inverse=True
    )
    start, stop = np.full(len(cells), np.inf), np.zeros(len(cells))
    np.minimum.at(start, place, np.concatenate([part.start for part in parts]))
    np.maximum.at(stop, place, np.concatenate([part.stop for part in parts]))
    return replace(
        parts[0],
        cells=cells,
        source_index=np.concatenate([part.source_index for part in parts])[first],
        index=np.concatenate([part.index for part in parts])[first],
        pairs=np.concatenate([part.pairs for part in parts]),
        start=start,
        stop=stop,
        given=parts[-1].given,
    )


def merged_segments(segments):
    """The segments of several populations, those of the same trial as one."""
    by_trial: dict[int, list[Segment]] = {}
    for segment in segments:
        by_trial.setdefault(segment.trial, []).append(segment)
    return [
        replace(
            parts[0],
            annotations={k: v for part in reversed(parts) for k, v in part.annotations.items()},
            spikes=[spikes for part in parts for spikes in part.spikes],
            signals=merged_signals([signal for part in parts for signal in part.signals]),
        )
        for _, parts in sorted(by_trial.items())
    ]


def reindexed(segment, index_of):
    """A segment whose cells have the indices that the function `index_of` gives of their ids."""
    return replace(
        segment,
        spikes=[replace(spikes, index=index_of(spikes.cells)) for spikes in segment.spikes],
        signals=[replace(signal, index=index_of(signal.ids)) for signal in segment.signals],
    )
