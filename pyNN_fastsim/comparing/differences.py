"""
What differs between two outcomes of one script, and whether they agree.

Populations and projections are matched by their place in the script. Each comparison has `agrees`, and
`words`, which say what was found.
"""

from dataclasses import dataclass, field

import numpy as np

from .measures import distance


@dataclass
class Tolerance:
    """What still counts as equal.

    time      ms between two spikes that coincide
    relative  of weights, delays and samples; samples relative to the largest deviation of the signal
    """

    time: float
    relative: float


@dataclass
class Yardstick:
    """The largest KS distances between any two of several seeds of one simulator.

    populations   by a population's place and quantity
    weights       by the place of a projection that learns, of its weights at the end
    """

    populations: dict[int, dict[str, float]] = field(default_factory=dict)
    weights: dict[int, float] = field(default_factory=dict)


@dataclass
class ProjectionDifference:
    label: str
    agrees: bool
    words: str


@dataclass
class SignalDifference:
    """Of one variable: root mean square and largest difference, in its units, aligned on time.

    broken   from when on samples are no numbers (ms), or None; then the differences are those of before
    """

    name: str
    units: str
    rms: float
    largest: float
    agrees: bool
    broken: float | None = None


@dataclass
class PopulationDifference:
    """Of one population, over all of its trials.

    spikes        numbers of spikes of both
    coincident    share of the spikes of both that have a partner within the tolerance, or None
    first         (time, cell) of the first spike without one, or None
    distances     `measures.Distance` by quantity
    exact         whether every spike has a partner
    within        by quantity, whether the distance is within that between seeds; empty without a yardstick
    """

    label: str
    statistics: tuple = ()
    spikes: tuple = (0, 0)
    coincident: float | None = None
    first: tuple | None = None
    distances: dict = field(default_factory=dict)
    within: dict = field(default_factory=dict)
    signals: list = field(default_factory=list)
    missing: str | None = None

    @property
    def exact(self):
        return self.first is None and self.spikes[0] == self.spikes[1]

    @property
    def agrees(self):
        """Spike for spike and sample for sample; or, where seeds were varied, in distribution."""
        if self.missing:
            return False
        if self.exact and all(signal.agrees for signal in self.signals):
            return True
        return bool(self.within) and all(self.within.values())


@dataclass
class Difference:
    """Between an outcome and the reference."""

    backend: str
    projections: list[ProjectionDifference]
    populations: list[PopulationDifference]

    @property
    def agrees(self):
        return all(each.agrees for each in (*self.projections, *self.populations))

    @property
    def exact(self):
        """Whether they agree spike for spike and sample for sample."""
        signals = [signal for each in self.populations for signal in each.signals]
        return self.agrees and all(each.agrees for each in signals) and all(p.exact for p in self.populations)


def difference(reference, other, tolerance, yardstick=None):
    """The `Difference` between two outcomes; `yardstick` is a `Yardstick` or None."""
    yardstick = yardstick or Yardstick()
    projections = [
        _projection_difference(a, b, tolerance.relative, yardstick.weights.get(k))
        for k, (a, b) in enumerate(zip(reference.projections, other.projections, strict=False))
    ]
    n_first, n_second = len(reference.projections), len(other.projections)
    if n_first != n_second:
        projections.append(ProjectionDifference("all", False, f"{n_first} projections, and {n_second}"))
    populations = [
        _population_difference(a, b, tolerance, yardstick.populations.get(k))
        for k, (a, b) in enumerate(zip(reference.populations, other.populations, strict=False))
    ]
    n_first, n_second = len(reference.populations), len(other.populations)
    if n_first != n_second:
        words = f"{n_first} populations recorded something, and {n_second}"
        populations.append(PopulationDifference("all", missing=words))
    return Difference(other.name, projections, populations)


def yardstick_of(outcomes):
    """The `Yardstick` of several seeds."""
    spread = Yardstick()
    for i, first in enumerate(outcomes):
        for second in outcomes[i + 1 :]:
            for k, (a, b) in enumerate(zip(first.populations, second.populations, strict=False)):
                limits = spread.populations.setdefault(k, {})
                for name, found in _distances(a.statistics, b.statistics).items():
                    limits[name] = max(limits.get(name, 0.0), found.ks)
            for k, (a, b) in enumerate(zip(first.projections, second.projections, strict=False)):
                if a.learns and (found := distance(a.weight, b.weight)):
                    spread.weights[k] = max(spread.weights.get(k, 0.0), found.ks)
    return spread


# --- connections ----------------------------------------------------------------------------------


def _projection_difference(first, second, relative, limit):
    """`limit` is the largest KS distance of weights that were learnt, or None."""
    label = first.label
    n_first, n_second = len(first.weight), len(second.weight)
    pairs_first = np.stack([first.pre_index, first.post_index])
    pairs_second = np.stack([second.pre_index, second.post_index])
    if n_first != n_second or not np.array_equal(pairs_first, pairs_second):
        return ProjectionDifference(label, False, _other_connections(pairs_first, pairs_second))
    words = [
        found
        for name, units in (("built_weight", ""), ("delay", " ms"))
        if (found := _other_values(name, units, getattr(first, name), getattr(second, name), relative))
    ]
    if words:
        return ProjectionDifference(label, False, "same connections; " + "; ".join(words))
    made = f"{n_first} connections, weights and delays are equal"
    if not first.learns:
        return ProjectionDifference(label, True, made)
    agrees, learnt = _learnt(first.weight, second.weight, relative, limit)
    return ProjectionDifference(label, agrees, f"{made} before the run; at the end {learnt}")


def _learnt(first, second, relative, limit):
    """Whether weights at the end agree, one by one or within the spread over seeds, and words about them."""
    error = np.abs(first - second)
    if (error <= relative * np.maximum(np.abs(first), np.abs(second))).all():
        return True, "too"
    found = distance(first, second)
    agrees = limit is not None and found.ks <= limit
    rms = np.sqrt(np.mean(error**2))
    words = f"means {first.mean():.4g} and {second.mean():.4g}, RMS difference {rms:.2g}, KS {found.ks:.3f}"
    if limit is not None:
        words += f" ({'within' if agrees else 'BEYOND'} that of seeds, {limit:.3f})"
    return agrees, words


def _other_connections(first, second):
    width = max(first.max(initial=0), second.max(initial=0)) + 1
    common = np.intersect1d(first[0] * width + first[1], second[0] * width + second[1])
    n_first, n_second = first.shape[1], second.shape[1]
    share = len(common) / max(n_first, n_second, 1)
    return (
        f"other connections: {n_first} and {n_second}, of which {share:.1%} have the same pre and post "
        f"(another seed, another generator, or another rule)"
    )


def _other_values(name, units, first, second, relative):
    """How values differ, in words; "" if they don't."""
    scale = np.maximum(np.abs(first), np.abs(second))
    differs = np.abs(first - second) > relative * np.maximum(scale, 1e-300)
    if not differs.any():
        return ""
    ratio = second[differs] / np.where(first[differs] == 0, np.nan, first[differs])
    shift = second[differs] - first[differs]
    if np.nanstd(ratio) <= 1e-4 * abs(np.nanmean(ratio)):
        how = f"by a factor of {np.nanmean(ratio):.6g}"
        if np.ptp(shift) <= 1e-9:
            how += f" ({shift[0]:+.6g}{units})"
    elif np.ptp(shift) <= 1e-6 * max(abs(shift[0]), 1e-12):
        how = f"by {shift[0]:+.6g}{units}"
    elif np.allclose(np.sort(first), np.sort(second), rtol=max(relative, 1e-9)):
        how = "but only in their order: the same values for other connections"
    else:
        largest = f"{np.abs(shift).max():.6g}{units}"
        how = f"by up to {largest}, means {first.mean():.6g} and {second.mean():.6g}{units}"
    return f"{differs.mean():.1%} of the {name.removeprefix('built_')}s differ, {how}"


# --- populations ----------------------------------------------------------------------------------


def _population_difference(first, second, tolerance, limits):
    result = PopulationDifference(first.label, statistics=(first.statistics, second.statistics))
    if len(first.segments) != len(second.segments):
        result.missing = f"{len(first.segments)} segments, and {len(second.segments)}"
        return result
    matched = total = 0
    for a, b in zip(first.segments, second.segments, strict=True):
        if (a.spikes is None) != (b.spikes is None):
            result.missing = "only one of them has spikes"
            return result
        if a.spikes is not None:
            alone = _without_partner(a.spikes, b.spikes, tolerance.time)
            total += len(a.spikes.times) + len(b.spikes.times)
            matched += len(a.spikes.times) + len(b.spikes.times) - len(alone)
            result.spikes = (result.spikes[0] + len(a.spikes.times), result.spikes[1] + len(b.spikes.times))
            if alone and (result.first is None or min(alone) < result.first):
                result.first = min(alone)
        result.signals += _signal_differences(a.signals, b.signals, tolerance.relative)
    result.coincident = matched / total if total else None
    result.distances = _distances(*result.statistics)
    if limits:
        result.within = {
            name: found.ks <= limits[name] for name, found in result.distances.items() if name in limits
        }
    return result


def _distances(first, second):
    if first is None or second is None:
        return {}
    others = second.samples()
    found = {name: distance(sample, others[name]) for name, sample in first.samples().items()}
    return {name: each for name, each in found.items() if each is not None}


def _without_partner(first, second, window):
    """(time, cell) of the spikes of both that have none within `window` ms in the same cell of the other."""
    trains = {int(cell): train for cell, train in zip(first.recorded, first.trains(), strict=True)}
    others = {int(cell): train for cell, train in zip(second.recorded, second.trains(), strict=True)}
    empty = np.zeros(0)
    alone = []
    for cell in trains.keys() | others.keys():
        one, two = trains.get(cell, empty), others.get(cell, empty)
        alone += [(float(t), cell) for t in _unpaired(one, two, window)]
    return alone


def _unpaired(one, two, window):
    """Spikes of two trains that stay alone if each is paired with at most one of the other, in order."""
    alone, i, j = [], 0, 0
    while i < len(one) and j < len(two):
        if abs(one[i] - two[j]) <= window:
            i, j = i + 1, j + 1
        elif one[i] < two[j]:
            alone.append(one[i])
            i += 1
        else:
            alone.append(two[j])
            j += 1
    return [*alone, *one[i:], *two[j:]]


def _signal_differences(first, second, relative):
    others = {signal.name: signal for signal in second}
    return [_signal_difference(a, others[a.name], relative) for a in first if a.name in others]


def _signal_difference(a, b, relative):
    """On the times and cells that both have; between samples of the second the nearest one counts."""
    cells, mine, theirs = np.intersect1d(a.cells, b.cells, return_indices=True)
    times = a.start + a.period * np.arange(len(a.samples))
    places = np.rint((times - b.start) / b.period).astype(np.int64)
    good = (places >= 0) & (places < len(b.samples))
    one, two = a.samples[good][:, mine], b.samples[places[good]][:, theirs]
    finite = np.isfinite(one).all(axis=1) & np.isfinite(two).all(axis=1)
    broken = None if finite.all() else float(times[good][np.argmin(finite)])
    if broken is not None:
        one, two = (samples[: np.argmin(finite)] for samples in (one, two))
    if one.size == 0:
        return SignalDifference(a.name, a.units, np.nan, np.nan, False, broken)
    error = np.abs(one - two)
    scale = max(np.ptp(one), np.ptp(two), 1e-300)
    return SignalDifference(
        a.name,
        a.units,
        rms=float(np.sqrt(np.mean(error**2))),
        largest=float(error.max()),
        agrees=bool(broken is None and error.max() <= relative * scale),
        broken=broken,
    )
