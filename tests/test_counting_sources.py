"""Poisson sources with many spikes a step, which count them, and projections that add these counts."""

import numpy as np
import pytest
from naive import sources as naive
from scipy import stats

import pyNN_fastsim as sim
from pyNN_fastsim.engine import preparation
from pyNN_fastsim.engine.neurons.kernel import LISTED
from pyNN_fastsim.engine.sources import poisson
from pyNN_fastsim.engine.synapses.groups import BY_COUNTS

DT = 0.1
SEED = 3
N = 151  # neither a multiple of what is drawn together, nor of the number of threads


def poisson_source(n=N, per_step=1.6, **parameters):
    return sim.Population(n, sim.SpikeSourcePoisson(rate=per_step / DT * 1000.0, **parameters))


def per_step(source, steps):
    """Numbers of recorded spikes [cells, steps + 1]."""
    trains = source.get_data("spikes").segments[-1].spiketrains
    return np.array([np.bincount(np.rint(t.magnitude / DT).astype(int), minlength=steps + 1) for t in trains])


def connect(source, cells, connector=None, weight=0.25, delay=0.3):
    synapse = sim.StaticSynapse(weight=weight, delay=delay)
    return sim.Projection(source, cells, connector or sim.OneToOneConnector(), synapse)


def recorded_cells(n=N):
    cells = sim.Population(n, sim.IF_curr_exp(tau_syn_E=1.0))
    cells.record(["spikes", "v"])
    return cells


def result(cells):
    """v [samples, cells], and the spike times of all cells."""
    segment = cells.get_data().segments[-1]
    return segment.analogsignals[0].magnitude, [train.magnitude.tolist() for train in segment.spiketrains]


def assert_same(one, other):
    np.testing.assert_array_equal(one[0], other[0])
    assert one[1] == other[1]


def written(words, column):
    """A column of the table of the run loop that has such rows."""
    tables = sim.simulator.state.network.tables
    return getattr(tables, words)[:, column].tolist()


# --- the numbers --------------------------------------------------------------------------------------


def test_thresholds_are_those_of_the_distribution():
    for mean in np.geomspace(poisson.FEWEST, poisson.MOST, 500):
        fewest, thresholds = poisson._thresholds(mean)
        exact = stats.poisson.cdf(fewest + np.arange(-1, len(thresholds) + 1), mean) * 2.0**32
        np.testing.assert_allclose(thresholds, exact[1:-1], atol=0.51, rtol=0)
        assert exact[0] <= 0.5 and exact[-1] >= 2.0**32 - 0.51
        assert abs(fewest + np.sum(1.0 - thresholds / 2.0**32) - mean) < 1e-8 * mean


@pytest.mark.parametrize(
    "mean", [poisson.FEWEST, 0.7, 1.6, 40.0, pytest.param(poisson.MOST, marks=pytest.mark.big)]
)
def test_spike_for_spike_as_the_naive_source(mean):
    """Cell by cell and step by step, in the second trial; cells begin and end at their own times."""
    sim.setup(timestep=DT, rng_seed=SEED)
    sim.Population(1, sim.SpikeSourcePoisson())
    source = poisson_source(140, mean)
    starts = np.where(np.arange(140) % 3 == 0, 0.3, 0.0)
    source.set(start=starts, duration=np.where(np.arange(140) % 5 == 0, 0.4, 1e10))
    source.record("spikes")
    sim.run(0.5)
    sim.reset()
    sim.run(1.0)
    expected = [
        [
            naive.poisson_count(mean, ("poisson", 1, SEED, 1), cell, step)
            if round(starts[cell] / DT) < step and (cell % 5 or step <= round(starts[cell] / DT) + 4)
            else 0
            for step in range(11)
        ]
        for cell in range(140)
    ]
    np.testing.assert_array_equal(per_step(source, 10), expected)


@pytest.mark.big
@pytest.mark.parametrize("mean", [0.06, 0.3, 1.6, 12.0, 300.0])
def test_distribution_of_the_counts(mean):
    sim.setup(timestep=DT, rng_seed=SEED)
    source = poisson_source(1000, mean)
    source.record("spikes")
    steps = min(max(int(1000 / mean), 10), 400)
    sim.run(steps * DT)
    counts = per_step(source, steps)[:, 1:]
    n = counts.size
    assert abs(counts.mean() - mean) < 4 * np.sqrt(mean / n)
    assert abs(counts.var() / mean - 1) < 4 * np.sqrt((2 + 1 / mean) / n)
    few, many = (int(stats.poisson.ppf(p, mean)) for p in (20 / n, 1 - 20 / n))  # no bin is nearly empty
    observed = np.bincount(np.clip(counts.ravel(), few, many) - few, minlength=many - few + 1)
    below = stats.poisson.cdf(np.arange(few, many), mean)
    expected = n * np.diff(np.concatenate([[0.0], below, [1.0]]))
    assert stats.chisquare(observed, expected).pvalue > 1e-3
    for one, other in (
        (counts[1:], counts[:-1]),
        (counts[32:], counts[:-32]),
        (counts[:, 1:], counts[:, :-1]),
    ):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(one.size)


# --- what they don't depend on ------------------------------------------------------------------------


def simulate(threads=1, pieces=(10.0,), recorded=True, connector=None, weight=0.25):
    """Cells with input of one counting source; returns their result and the source's spikes."""
    sim.setup(timestep=DT, rng_seed=SEED, threads=threads)
    source, cells = poisson_source(), recorded_cells()
    projection = connect(source, cells, connector and connector(), np.mean(weight))
    if np.ndim(weight):
        projection.set(weight=np.diag(weight))
    if recorded:
        source.record("spikes")
    for piece in pieces:
        sim.run(piece)
    assert written("groups", BY_COUNTS) == [1]
    assert written("blocks", LISTED) == [recorded, True]
    return result(cells), per_step(source, 100) if recorded else None


@pytest.mark.big
@pytest.mark.parametrize("weight", [0.137, np.linspace(0.0, 0.3, N)], ids=["one weight", "weights"])
@pytest.mark.parametrize(
    "changed",
    [
        {"threads": 2},
        {"threads": 3, "pieces": (0.1, 7.3, 2.6)},
        {"recorded": False},
        {"recorded": False, "threads": 2},
        {"connector": lambda: sim.FromListConnector([(i, i) for i in range(N)])},
    ],
    ids=[
        "two threads",
        "three threads in pieces",
        "not recorded",
        "not recorded, two threads",
        "from a list",
    ],
)
def test_threads_pieces_recording_and_connector_make_no_difference(changed, weight, always_threads):
    expected, spikes = simulate(weight=weight)
    found, its_spikes = simulate(**changed, weight=weight)
    assert_same(found, expected)
    assert len(sum(expected[1], [])) > 50
    if its_spikes is not None:
        np.testing.assert_array_equal(its_spikes, spikes)


CONNECTORS = {
    "one to one": [sim.OneToOneConnector()],
    "all to all": [sim.AllToAllConnector()],
    "both": [sim.OneToOneConnector(), sim.FixedProbabilityConnector(0.1, rng=sim.NumpyRNG(1))],
    "shifted": [sim.FromListConnector([(i, (i + 1) % N) for i in range(N)])],
    "two of one": [sim.FromListConnector([(0 if i == 1 else i, i) for i in range(N)])],
    "not all": [sim.FromListConnector([(i, i) for i in range(1, N)])],
    "delays": [sim.FromListConnector([(i, i, 0.25, 0.1 + 0.1 * (i % 2)) for i in range(N)])],
}


@pytest.mark.big
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("more_cells", [0, 30])
@pytest.mark.parametrize("name", CONNECTORS)
def test_cells_receive_the_spikes_that_are_recorded(name, more_cells, threads, always_threads):
    """The same with a source of the times that were recorded. Sums of the weights are exact, in any order."""

    def build(source):
        cells = recorded_cells(N + more_cells)
        if more_cells == 0 or name != "one to one":
            for connector in CONNECTORS[name]:
                connect(source, cells[:N] if connector is CONNECTORS[name][0] else cells, connector, 2.0**-6)
        else:
            connect(source, cells, sim.FromListConnector([(i, i) for i in range(N)]), 2.0**-6)
        sim.run(10.0)
        return result(cells)

    sim.setup(timestep=DT, rng_seed=SEED, threads=threads)
    source = poisson_source()
    source.record("spikes")
    found = build(source)
    by_counts = [more_cells == 0 and isinstance(c, sim.OneToOneConnector) for c in CONNECTORS[name]]
    assert written("groups", BY_COUNTS) == by_counts
    times = [train.magnitude for train in source.get_data("spikes").segments[0].spiketrains]
    sim.setup(timestep=DT, threads=threads)
    expected = build(sim.Population(N, sim.SpikeSourceArray(spike_times=times)))
    assert found[0].std() > 0.1
    assert_same(found, expected)


def test_groups_that_are_not_one_to_one(monkeypatch, always_threads):
    """Lists deliver the same as counts, where both can."""
    expected, _ = simulate(threads=2, recorded=False, weight=2.0**-4)
    monkeypatch.setattr(preparation, "is_one_to_one", lambda group, ranges: False)
    sim.setup(timestep=DT, rng_seed=SEED)
    source, cells = poisson_source(), recorded_cells()
    connect(source, cells, weight=2.0**-4)
    sim.run(10.0)
    assert written("groups", BY_COUNTS) == [0]
    assert_same(result(cells), expected)


CHANGES = {
    "weight": lambda source, cells, projection: projection.set(weight=2.0**-6),
    "weights": lambda source, cells, projection: projection.set(weight=np.diag(2.0**-6 * np.arange(N))),
    "longer delay": lambda source, cells, projection: projection.set(delay=2.5),
    "shorter delay": lambda source, cells, projection: projection.set(delay=0.1),
    "delays": lambda source, cells, projection: projection.set(
        delay=np.diag(0.1 + 0.1 * (np.arange(N) % 20))
    ),
    "rate": lambda source, cells, projection: source.set(rate=20_000.0),
    "rate too low": lambda source, cells, projection: source.set(rate=200.0),
    "rates": lambda source, cells, projection: source.set(rate=np.linspace(0.0, 20_000.0, N)),
    "another": lambda source, cells, projection: connect(source, cells, weight=2.0**-5, delay=2.0),
    "more cells": lambda source, cells, projection: connect(
        cells, recorded_cells(5), sim.AllToAllConnector()
    ),
    "reset": lambda source, cells, projection: sim.reset(),
}


@pytest.mark.parametrize("name", CHANGES)
def test_spikes_under_way_when_something_changes(name, monkeypatch, always_threads):
    """They keep weight and delay, as those in lists do; it changes twice, and goes back to what it was."""

    def simulate():
        sim.setup(timestep=DT, rng_seed=SEED, threads=2)
        source, cells = poisson_source(), recorded_cells()
        projection = connect(source, cells, weight=2.0**-4, delay=1.5)
        sim.run(3.0)
        waited = written("groups", BY_COUNTS)
        CHANGES[name](source, cells, projection)
        sim.run(1.0)
        projection.set(weight=2.0**-4, delay=1.5)
        source.set(rate=16_000.0)
        sim.run(0.7)
        CHANGES[name](source, cells, projection)
        sim.run(4.0)
        return result(cells), waited

    found, waited = simulate()
    monkeypatch.setattr(preparation, "is_one_to_one", lambda group, ranges: False)
    expected, listed = simulate()
    assert (waited, listed) == ([1], [0])
    assert found[0].std() > 0.1
    assert_same(found, expected)


@pytest.mark.parametrize("n", [1, 20])
def test_synapses_that_change_get_a_list(n):
    """A one-to-one projection of depressing synapses, beside a static one, onto cells of the same number."""

    def simulate(source):
        cells = recorded_cells(n)
        synapse = sim.TsodyksMarkramSynapse(weight=0.25, U=0.2, tau_rec=20.0, delay=0.3)
        sim.Projection(source, cells, sim.OneToOneConnector(), synapse)
        connect(source, cells, weight=2.0**-6)
        sim.run(10.0)
        return result(cells)

    sim.setup(timestep=DT, rng_seed=SEED)
    source = poisson_source(n, 0.3)
    source.record("spikes")
    found = simulate(source)
    assert written("groups", BY_COUNTS) == [0, 1]
    times = [train.magnitude for train in source.get_data("spikes").segments[0].spiketrains]
    sim.setup(timestep=DT, rng_seed=SEED)
    assert_same(found, simulate(sim.Population(n, sim.SpikeSourceArray(spike_times=times))))


# --- rates that change --------------------------------------------------------------------------------


def trains_of_phases(rates, pieces=1):
    """Numbers of spikes per step of a source whose rate changes every 20 ms (Hz)."""
    sim.setup(timestep=DT, rng_seed=SEED)
    source = sim.Population(100, sim.SpikeSourcePoisson(rate=rates[0]))
    source.record("spikes")
    counted = []
    for rate in rates:
        source.set(rate=rate)
        for _ in range(pieces):
            sim.run(20.0 / pieces)
        counted.append(source._block.counts_spikes)
    return np.split(per_step(source, 200 * len(rates))[:, 1:], len(rates), axis=1), counted


@pytest.mark.big
def test_rate_from_low_to_high_and_back():
    """Waiting cells go on where they were, whatever has been counted in between, and the other way round."""
    rates = (200.0, 16_000.0, 200.0, 16_000.0)
    found, counted = trains_of_phases(rates)
    assert counted == [False, True, False, True]
    silent, _ = trains_of_phases((200.0, 0.0, 200.0, 0.0))
    counting, _ = trains_of_phases((0.0, 16_000.0, 0.0, 16_000.0))
    pieces, _ = trains_of_phases(rates, 4)
    for k, rate in enumerate(rates):
        expected = 100 * 20e-3 * rate
        assert abs(found[k].sum() - expected) < 4 * np.sqrt(expected)
        np.testing.assert_array_equal(found[k], (silent, counting)[k % 2][k])
        np.testing.assert_array_equal(found[k], pieces[k])


@pytest.mark.big
def test_a_new_rate_holds_from_the_next_step_on():
    for before, after in ((0.0, 1e5), (1e5, 0.0), (1e5, 3e5)):
        (first, second), _ = trains_of_phases((before, after))
        for found, rate in ((first, before), (second, after)):
            mean = 100 * rate * DT * 1e-3
            assert np.all(np.abs(found.sum(axis=0) - mean) < 5 * np.sqrt(mean) + 1e-9)


@pytest.mark.big
def test_cells_with_rates_of_their_own():
    """These wait; each spikes at its own rate, as do the same cells when they have all got the same again."""
    sim.setup(timestep=DT, rng_seed=SEED)
    source, cells = poisson_source(N, 1.0), recorded_cells()
    connect(source, cells)
    source.record("spikes")
    mean = np.where(np.arange(N) < 50, 3.0, 0.2)
    counted = []
    for each in (1.0, mean, 1.0):
        source.set(rate=each / DT * 1000.0)
        sim.run(10.0)
        counted.append(source._block.counts_spikes)
    assert counted == [True, False, True]
    found = per_step(source, 300)[:, 1:].reshape(N, 3, 100).sum(axis=2)
    expected = np.stack([np.ones(N), mean, np.ones(N)], axis=1) * 100
    deviations = (found - expected) / np.sqrt(expected)
    assert abs(np.sum(deviations**2) / found.size - 1) < 4 * np.sqrt(2.1 / found.size)
    assert np.abs(deviations).max() < 5


def test_new_numbers_in_every_trial_and_from_every_source():
    sim.setup(timestep=DT, rng_seed=SEED)
    sources = [poisson_source(50), poisson_source(50)]
    for source in sources:
        source.record("spikes")
    found = []
    for _ in range(2):
        sim.run(20.0)
        found += [per_step(source, 200)[:, 1:].ravel() for source in sources]
        sim.reset()
    correlations = np.corrcoef(found)[np.triu_indices(4, 1)]
    assert np.abs(correlations).max() < 4 / np.sqrt(10_000)
