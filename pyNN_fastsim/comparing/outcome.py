"""
What one run of a script on one simulator left behind.
"""

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .measures import statistics_of

LONGEST_LABEL = 50  # characters


@dataclass
class Spikes:
    """Spikes of one population in one trial.

    recorded   indices of the recorded cells: int64 [cells]
    cells      index of the cell of each spike: int64 [spikes]
    times      ms: float64 [spikes]
    start, stop   ms
    """

    recorded: np.ndarray
    cells: np.ndarray
    times: np.ndarray
    start: float
    stop: float

    @property
    def seconds(self):
        return (self.stop - self.start) / 1000.0

    def trains(self):
        """The spike times of each recorded cell, ms, ascending: a list of arrays."""
        order = np.lexsort((self.times, self.cells))
        cells, times = self.cells[order], self.times[order]
        first = np.searchsorted(cells, self.recorded, side="left")
        last = np.searchsorted(cells, self.recorded, side="right")
        return [times[a:b] for a, b in zip(first, last, strict=True)]


@dataclass
class Signal:
    """Samples of one variable of one population in one trial: [time, cell], ms."""

    name: str
    units: str
    cells: np.ndarray
    samples: np.ndarray
    start: float
    period: float


@dataclass
class Segment:
    spikes: Spikes | None
    signals: list[Signal]


@dataclass
class Population:
    network: int
    label: str
    size: int
    celltype: str
    segments: list[Segment]

    @property
    def spikes(self):
        """Those of the first trial that has some; None if there is none."""
        return next((segment.spikes for segment in self.segments if segment.spikes is not None), None)

    @functools.cached_property
    def statistics(self):
        """`measures.Statistics` of `spikes`, worked out once for all tables and figures; None without."""
        return None if self.spikes is None else statistics_of(self.spikes)


@dataclass
class Projection:
    """Connections in the order of (pre, post): indices, weights (nA, uS, mV) and delays (ms).

    weight           at the end
    initial_weight   before the first run, where the synapse type may change it; else None
    """

    network: int
    number: int
    label: str
    pre: str
    pre_celltypes: list[str]
    post: str
    receptor: str
    connector: str
    synapse: str
    pre_index: np.ndarray
    post_index: np.ndarray
    weight: np.ndarray
    delay: np.ndarray
    initial_weight: np.ndarray | None = None

    def __post_init__(self):
        order = np.lexsort((self.delay, self.weight, self.post_index, self.pre_index))
        for name in ("pre_index", "post_index", "weight", "delay"):
            setattr(self, name, getattr(self, name)[order])

    @property
    def built_weight(self):
        """As the script has made the connections."""
        return self.weight if self.initial_weight is None else self.initial_weight

    @property
    def learns(self):
        """Whether weights at the end are a result, not what they were made as."""
        return self.synapse == "STDPMechanism" and self.initial_weight is not None


@dataclass
class Outcome:
    """One run.

    backend      its name; seed: what was added to all seeds
    failure      why there is no result, or None
    seconds      wall time by part: import, build, run, data, rest
    peak_bytes   of memory
    lost         what could not be collected, and why
    """

    backend: str
    seed: int = 0
    failure: str | None = None
    dt: float | None = None
    seconds: dict = field(default_factory=dict)
    peak_bytes: int = 0
    lost: list = field(default_factory=list)
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)

    @property
    def name(self):
        return self.backend if self.seed == 0 else f"{self.backend}, seed + {self.seed}"


def read_outcome(folder, backend, seed=0):
    """What `observer.py` wrote to a folder. Raises OSError if there is nothing complete."""
    about = json.loads(Path(folder, "result.json").read_text(encoding="utf-8"))
    with np.load(Path(folder, "arrays.npz"), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return Outcome(
        backend,
        seed,
        failure=about["error"],
        dt=about["dt"],
        seconds=about["seconds"],
        peak_bytes=about["peak_bytes"],
        lost=about["lost"],
        populations=[_population(each, arrays) for each in about["populations"]],
        projections=[_projection(each, arrays) for each in about["projections"]],
    )


def _population(about, arrays):
    segments = [
        Segment(
            spikes=_with_arrays(Spikes, segment["spikes"], arrays, "recorded", "cells", "times"),
            signals=[
                _with_arrays(Signal, signal, arrays, "cells", "samples") for signal in segment["signals"]
            ],
        )
        for segment in about["segments"]
    ]
    return Population(**{**about, "label": in_a_table(about["label"]), "segments": segments})


def _projection(about, arrays):
    about = {**about, "label": in_a_table(about["label"])}
    names = ("pre_index", "post_index", "weight", "delay", "initial_weight")
    return _with_arrays(Projection, about, arrays, *(name for name in names if name in about))


def in_a_table(label):
    """A label in one line, without its middle if that would be a long one."""
    words = " ".join(label.split())
    return words if len(words) <= LONGEST_LABEL else f"{words[: LONGEST_LABEL - 20]}…{words[-19:]}"


def _with_arrays(kind, about, arrays, *names):
    if about is None:
        return None
    return kind(**{**about, **{name: arrays[about[name]] for name in names}})
