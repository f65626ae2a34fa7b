"""Spike sources: statistics and timing. Current sources are in test_electrodes.py."""

import numpy as np
import pytest
from naive import sources as naive
from naive.random import Numbers
from scipy import stats

import pyNN_fastsim as sim
from pyNN_fastsim.engine.compiling.settings import INTERPRETED

DT = 0.1
SEED = 3


def spike_times(population, segment=0):
    return [np.asarray(train) for train in population.get_data("spikes").segments[segment].spiketrains]


@pytest.mark.big
@pytest.mark.parametrize("rate", [5.0, 200.0, 20_000.0, 300_000.0])
def test_poisson_counts_and_intervals(rate):
    """Counts in windows are Poisson, also where many spikes fall in one step."""
    n, duration = 50, min(2000.0, 1e7 / rate)
    sim.setup(timestep=0.1)
    source = sim.Population(n, sim.SpikeSourcePoisson(rate=rate))
    source.record("spikes")
    sim.run(duration)
    trains = spike_times(source)
    expected = n * rate * duration / 1000
    total = sum(map(len, trains))
    assert abs(total - expected) < 4 * np.sqrt(expected)
    counts = np.array([len(train) for train in trains])
    dispersion = counts.var(ddof=1) / counts.mean() * (n - 1)  # chi-square with n - 1 degrees
    assert 1e-4 < stats.chi2.cdf(dispersion, n - 1) < 1 - 1e-4
    per_step = np.bincount(
        np.rint(np.concatenate(trains) / 0.1).astype(int), minlength=round(duration * 10) + 1
    )[1:]
    mean = n * rate * 1e-4
    assert abs(per_step.var() / mean - 1) < 5 * np.sqrt(2 / len(per_step) + 1 / (mean * len(per_step)))


@pytest.mark.big
def test_poisson_intervals_are_exponential():
    sim.setup(timestep=0.01)
    source = sim.Population(20, sim.SpikeSourcePoisson(rate=100.0))
    source.record("spikes")
    sim.run(2000.0)
    intervals = np.concatenate([np.diff(train) for train in spike_times(source)])
    assert stats.kstest(intervals, "expon", args=(0, 10.0)).pvalue > 1e-3


def test_poisson_start_and_duration():
    sim.setup(timestep=0.1)
    source = sim.Population(200, sim.SpikeSourcePoisson(rate=1000.0, start=20.0, duration=30.0))
    source.record("spikes")
    sim.run(100.0)
    times = np.concatenate(spike_times(source))
    assert 20.0 < times.min() < 20.3 and 49.7 < times.max() <= 50.0
    assert abs(len(times) - 6000) < 4 * np.sqrt(6000)


def test_poisson_rate_changes_between_runs():
    sim.setup(timestep=0.1)
    source = sim.Population(100, sim.SpikeSourcePoisson(rate=0.0))
    source.record("spikes")
    for rate in (0.0, 1000.0, 0.0, 100.0):
        source.set(rate=rate)
        sim.run(100.0)
    times = np.concatenate(spike_times(source))
    counts = np.histogram(times, [0, 100.05, 200.05, 300.05, 400.05])[0]
    assert counts[0] == counts[2] == 0
    assert abs(counts[1] - 10_000) < 400 and abs(counts[3] - 1000) < 130


@pytest.mark.big
def test_poisson_sources_are_independent():
    sim.setup(timestep=0.1)
    source = sim.Population(30, sim.SpikeSourcePoisson(rate=100.0))
    other = sim.Population(30, sim.SpikeSourcePoisson(rate=100.0))
    for population in (source, other):
        population.record("spikes")
    sim.run(2000.0)
    binned = np.array([np.histogram(t, 400, (0, 2000))[0] for t in spike_times(source) + spike_times(other)])
    correlations = np.corrcoef(binned)[np.triu_indices(60, 1)]
    assert abs(correlations.mean()) < 4 / np.sqrt(400 * len(correlations))
    assert np.abs(correlations).max() < 6 / np.sqrt(400)


def test_spike_array_emits_on_the_grid_at_or_after_each_time():
    sim.setup(timestep=0.1)
    times = [[0.0, 0.1, 0.3, 0.30000000000000004, 0.35, 0.4, 12.300001, 99.99]]
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    cell = sim.Population(1, sim.IF_curr_delta(tau_m=1e9, v_thresh=1e9))
    sim.Projection(source, cell, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0, delay=0.1))
    source.record("spikes")
    cell.record("v")
    sim.run(100.0)
    expected = [0.0, 0.1, 0.3, 0.3, 0.4, 0.4, 12.4, 100.0]
    np.testing.assert_allclose(spike_times(source)[0], expected, atol=1e-9)
    v = np.asarray(cell.get_data().segments[0].analogsignals[0])[:, 0]
    steps = np.rint(np.diff(v)).astype(int)
    np.testing.assert_array_equal(np.flatnonzero(steps), [0, 1, 3, 4, 124])
    np.testing.assert_array_equal(steps[[0, 1, 3, 4, 124]], [1, 1, 2, 2, 1])


def test_spike_times_change_between_runs():
    sim.setup(timestep=0.1)
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[5.0, 15.0, 25.0]))
    source.record("spikes")
    sim.run(10.0)
    source.set(spike_times=[3.0, 12.0])  # 3 ms is over, 15 and 25 ms are not to come
    sim.run(20.0)
    source[0:1].set(spike_times=[31.0])
    sim.run(10.0)
    first, second = spike_times(source)
    np.testing.assert_allclose(first, [5.0, 12.0, 31.0])
    np.testing.assert_allclose(second, [5.0, 12.0])


def test_spike_times_that_are_over():
    """Of new times, those up to now are over, as if they had been missed; the next step is still to come."""
    sim.setup(timestep=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0, 15.0]))
    source.record("spikes")
    sim.run(10.0)
    source.set(spike_times=[0.0, 4.0, 9.95, 10.0, 10.02, 10.2, 15.0])
    sim.run(2.0)
    source.set(spike_times=[])
    sim.run(10.0)
    np.testing.assert_allclose(spike_times(source)[0], [5.0, 10.1, 10.2])
    source.set(spike_times=[1.0, 30.0])
    sim.reset()
    sim.run(2.0)
    np.testing.assert_allclose(spike_times(source, 1)[0], [1.0])


# --- renewal processes --------------------------------------------------------------------------------

PROCESSES = {
    "dead time": (
        sim.SpikeSourcePoissonRefractory, {"rate": 50.0, "tau_refrac": 8.0}, stats.expon(8.0, 12.0)
    ),
    "no dead time": (sim.SpikeSourcePoissonRefractory, {"rate": 50.0}, stats.expon(0.0, 20.0)),
    "gamma": (sim.SpikeSourceGamma, {"alpha": 2.5, "beta": 125.0}, stats.gamma(2.5, scale=8.0)),
    "regular": (sim.SpikeSourceGamma, {"alpha": 60.0, "beta": 3000.0}, stats.gamma(60.0, scale=1 / 3)),
    "bursts": (sim.SpikeSourceGamma, {"alpha": 0.7, "beta": 35.0}, stats.gamma(0.7, scale=200 / 7)),
    "one bin": (
        sim.SpikeSourceInhGamma, {"tbins": [0.0], "a": [4.0], "b": [0.005]}, stats.gamma(4.0, scale=5.0)
    ),
}  # fmt: skip


def recorded_trains(cell_type, n, duration, timestep=DT, seed=SEED):
    sim.setup(timestep=timestep, rng_seed=seed)
    source = sim.Population(n, cell_type)
    source.record("spikes")
    sim.run(duration)
    return spike_times(source)


@pytest.mark.big
@pytest.mark.parametrize("name", PROCESSES)
def test_intervals(name):
    cell, parameters, distribution = PROCESSES[name]
    trains = recorded_trains(cell(**parameters), 10, 8000.0, timestep=0.01)
    intervals = np.concatenate([np.diff(train) for train in trains])
    assert stats.kstest(intervals, distribution.cdf).pvalue > 0.01
    assert intervals.min() >= parameters.get("tau_refrac", 0.0) - 1e-9
    mean, cv = distribution.mean(), distribution.std() / distribution.mean()
    assert abs(intervals.mean() / mean - 1) < 4 * cv / np.sqrt(len(intervals))
    assert abs(intervals.std() / intervals.mean() / cv - 1) < 0.07
    assert abs(stats.spearmanr(intervals[:-1], intervals[1:]).statistic) < 4 / np.sqrt(len(intervals))


@pytest.mark.big
@pytest.mark.parametrize("name", PROCESSES)
def test_processes_begin_in_equilibrium(name):
    """The rate is right from the beginning, and cells don't begin together."""
    cell, parameters, distribution = PROCESSES[name]
    n, start, end = 4000, 3.0, 63.0
    trains = recorded_trains(cell(**parameters, start=start, duration=end - start), n, 70.0)
    firsts = np.array([train[0] if len(train) else np.inf for train in trains]) - start
    x = np.linspace(0.0, 60.0, 100_001)  # of a renewal process met at any time: survivor function / mean
    density = distribution.sf(x) / distribution.mean()
    expected = np.cumsum(density) * x[1]
    found = np.searchsorted(np.sort(firsts), x) / n
    assert np.abs(found - expected).max() < 1.95 / np.sqrt(n) + DT * density[0]  # KS, p = 0.001
    counts = np.histogram(np.concatenate(trains), np.arange(start, end + 1, 6.0) + 1e-6)[0]
    expected = n * 6.0 / distribution.mean()
    assert np.all(np.abs(counts - expected) < 5 * np.sqrt(expected * max(1.0, distribution.var() / 400)))
    assert sum(map(len, trains)) == counts.sum()


@pytest.mark.big
def test_inh_gamma_by_time_rescaling():
    """What the hazard adds up to between spikes is exponentially distributed (Brown et al. 2002)."""
    timestep = 0.01
    rng = np.random.default_rng(1)
    a = rng.uniform(0.7, 6.0, 100)
    bins = {"tbins": np.arange(0.0, 700.0, 7.0), "a": a, "b": rng.uniform(0.001, 0.015, 100) / a}
    trains = recorded_trains(sim.SpikeSourceInhGamma(**bins), 50, 700.0, timestep)
    pieces = naive.pieces_of("SpikeSourceInhGamma", bins | {"start": 0.0, "duration": 1e10}, timestep)
    rescaled = [
        sum(piece.added_up(a, b) for piece in naive.clipped(pieces, a, b))
        for train in trains
        for a, b in zip(train[:-1] / timestep, train[1:] / timestep, strict=True)
    ]
    assert len(rescaled) > 3000
    assert stats.kstest(rescaled, "expon").pvalue > 0.01


@pytest.mark.big
def test_inh_gamma_rates_and_first_bin():
    """Rates are 1/(a b) a while after a change, and nothing happens before the first bin."""
    bins = {"tbins": [50.0, 200.0, 400.0], "a": [2.0, 5.0, 0.5], "b": [0.005, 0.0005, 0.05]}
    trains = recorded_trains(sim.SpikeSourceInhGamma(**bins), 1000, 600.0)
    counts = np.histogram(np.concatenate(trains), [0.0, 50.0, 200.0, 220.0, 400.0, 500.0, 600.0])[0]
    assert counts[0] == 0
    for k, expected in ((1, 15_000), (3, 72_000), (5, 4_000)):
        assert abs(counts[k] / expected - 1) < 0.06, k


@pytest.mark.parametrize(
    "cell, cv",
    [
        (sim.SpikeSourcePoissonRefractory(rate=60_000.0), 1.0),
        (sim.SpikeSourceGamma(alpha=4.0, beta=240_000.0), 0.5),
        (sim.SpikeSourceGamma(alpha=0.25, beta=15_000.0), 2.0),
    ],
)
@pytest.mark.big
def test_many_spikes_in_a_step(cell, cv):
    """None is lost: counts have the mean, and the variance, of a renewal process."""
    counts = np.array([len(train) for train in recorded_trains(cell, 400, 50.0)])
    assert abs(counts.mean() / 3000 - 1) < 4 * cv / np.sqrt(3000 * 400)
    assert abs(counts.var() / (3000 * cv**2) - 1) < 5 * np.sqrt(2 / 400)


# For each cell type: parameters of three cells, and then what is changed, after how many steps and in which
# cells; silence, processes that haven't begun, and windows that move are among it.
PROGRAMS = {
    "SpikeSourcePoissonRefractory": (
        {
            "rate": [150.0, 40.0, 0.0],
            "tau_refrac": [3.0, 0.0, 2.0],
            "start": [0.0, 20.0, 5.0],
            "duration": 1e10,
        },
        [
            (100, [0, 2], {"rate": 300.0}),
            (50, [0, 1], {"tau_refrac": 1.5}),
            (77, [0, 1, 2], {"start": 40.0, "duration": 15.0}),
            (200, [1], {"duration": 1e3}),
            (150, [1, 2], {"rate": 0.0}),
            (100, [1], {"rate": 90.0}),
        ],
    ),
    "SpikeSourceGamma": (
        {
            "alpha": [3.0, 0.6, 20.0],
            "beta": [900.0, 100.0, 2000.0],
            "start": 0.0,
            "duration": [1e10, 30.0, 1e10],
        },
        [
            (120, [0, 1], {"alpha": 5.0}),
            (60, [2], {"beta": 4000.0, "start": 50.0}),
            (100, [0], {"alpha": 1.0, "beta": 200.0}),
            (100, [1, 2], {"start": 35.0, "duration": 1e10}),
            (250, [0, 1, 2], {"alpha": 0.5}),
        ],
    ),
    "SpikeSourceInhGamma": (
        {
            "tbins": [[0.0, 7.0, 13.0], [30.0, 31.0], [0.0, 20.0, 25.0]],
            "a": [[3.0, 1.5, 0.8], [2.0, 4.0], [9.0, 1.0, 2.0]],
            "b": [[0.001, 0.003, 0.01], [0.01, 0.002], [0.001, 0.0005, 0.003]],
            "start": 2.0,
            "duration": [1e10, 1e10, 40.0],
        },
        [
            (90, [0], {"b": [0.002, 0.0008, 0.003]}),
            (110, [1, 2], {"tbins": [0.0, 24.0], "a": [5.0, 3.0], "b": [0.002, 0.001]}),
            (200, [0, 1, 2], {"start": 0.0, "duration": 60.0}),
            (100, [2], {"tbins": [41.0, 50.0, 70.0], "a": [1.0, 2.0, 3.0], "b": [0.001, 0.001, 0.001]}),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("trial", [0, 2])
@pytest.mark.parametrize("kind", PROGRAMS)
def test_spike_for_spike_as_the_naive_process(kind, trial):
    """With parameters that change between runs, and take effect there."""
    stream = {"SpikeSourcePoissonRefractory": "poisson_refractory", "SpikeSourceGamma": "gamma",
              "SpikeSourceInhGamma": "inh_gamma"}[kind]  # fmt: skip
    values, changes = PROGRAMS[kind]
    sim.setup(timestep=DT, rng_seed=SEED)
    sim.Population(2, getattr(sim, kind)())
    source = sim.Population(3, getattr(sim, kind)(**values))
    source.record("spikes")
    for _ in range(trial):
        sim.run(12.3)
        sim.reset()
    cells = [{n: v[i] if isinstance(v, list) else v for n, v in values.items()} for i in range(3)]
    pieces = [naive.pieces_of(kind, p, DT) for p in cells]
    now = 0
    for steps, chosen, new in [*changes, (300, [], {})]:
        sim.run(steps * DT)
        now += steps
        if new:
            source[chosen].set(**new)
        for i in chosen:
            cells[i].update(new)
            pieces[i] = naive.changed(pieces[i], now, naive.pieces_of(kind, cells[i], DT))
    found = [np.rint(train / DT).astype(int).tolist() for train in spike_times(source, trial)]
    expected = [
        [int(np.ceil(t)) for t in naive.spikes(pieces[i], Numbers(stream, 1, SEED, trial, i), now)]
        for i in range(3)
    ]
    assert found == expected
    assert sum(map(len, found)) > 15


def counted_down(numbers, pieces):
    """The steps of the spikes of a Poisson source that spends its waiting times step by step.

    pieces   of the run: (last step, rate in Hz, first and last step in which it holds)
    """
    left, draw, first, found = numbers.exponential(0), 0, 0, []
    for last, rate, begin, end in pieces:
        for step in range(first, last + 1):
            left -= rate * DT * 1e-3 if begin < step <= end else 0.0
            while left <= 0.0:
                found.append(step)
                draw += 1
                left += numbers.exponential(draw)
        first = last + 1
    return found


@pytest.mark.parametrize("trial", [0, 2])
def test_poisson_spike_for_spike_as_counted_down(trial):
    """With rates, beginnings and ends that change, and cells that wait long beside others that don't."""
    n = 5 if INTERPRETED else 70
    rates = np.linspace(0.0, 3000.0, n)
    rates[[1, -1]] = 30.0, 25_000.0
    sim.setup(timestep=DT, rng_seed=SEED)
    source = sim.Population(n, sim.SpikeSourcePoisson(rate=rates.tolist(), start=2.0, duration=25.0))
    source.record("spikes")
    for _ in range(trial):
        sim.run(7.7)
        sim.reset()
    pieces = [[(55, rate, 20, 270)] for rate in rates]
    sim.run(5.5)
    source[:3].set(rate=500.0)
    sim.run(0.1)
    source.set(start=6.0)  # later than now
    sim.run(14.4)
    source.set(duration=11.0)  # over already
    sim.run(3.0)
    source.set(duration=30.0)
    sim.run(20.0)
    found = [np.rint(train / DT).astype(int).tolist() for train in spike_times(source, trial)]
    for i, of_one in enumerate(pieces):
        rate = 500.0 if i < 3 else rates[i]
        of_one += [(56, rate, 20, 270), (200, rate, 60, 310), (230, rate, 60, 170), (430, rate, 60, 360)]
        assert found[i] == counted_down(Numbers("poisson", 0, SEED, trial, i), of_one)


@pytest.mark.parametrize("kind", ["SpikeSourcePoisson", "SpikeSourceGamma", "SpikeSourcePoissonRefractory"])
def test_waiting_goes_on_where_threads_get_other_cells(kind):
    def trains(threads):
        sim.setup(timestep=DT, rng_seed=SEED, threads=threads)
        values = {"alpha": 2.0, "beta": 300.0} if kind == "SpikeSourceGamma" else {"rate": 150.0}
        source = sim.Population(90, getattr(sim, kind)(**values))
        source.record("spikes")
        sim.run(20.0)
        sim.Population(8000, sim.IF_curr_delta())  # worth three threads
        sim.run(20.0)
        return [train.tolist() for train in spike_times(source)]

    assert trains(3) == trains(1)


def test_a_change_of_other_cells_or_to_the_same_changes_nothing():
    def trains(change):
        sim.setup(timestep=DT, rng_seed=SEED)
        source = sim.Population(4, sim.SpikeSourceGamma(alpha=3.0, beta=[200.0, 300.0, 400.0, 500.0]))
        source.record("spikes")
        sim.run(33.3)
        change(source)
        sim.run(200.0)
        return [(*train, source._block.state["_next"][i]) for i, train in enumerate(spike_times(source))]

    expected = trains(lambda source: None)
    assert trains(lambda source: source.set(alpha=3.0)) == expected
    assert trains(lambda source: source[1:3].set(alpha=9.0))[::3] == expected[::3]
    assert trains(lambda source: source[1:3].set(alpha=9.0))[1:3] != expected[1:3]


@pytest.mark.big
def test_sources_of_different_kinds_are_independent():
    """A Poisson source and one with dead time 0 are the same process, but not the same spikes."""
    sim.setup(timestep=DT)
    kinds = (
        sim.SpikeSourcePoisson(rate=100.0),
        sim.SpikeSourcePoissonRefractory(rate=100.0),
        sim.SpikeSourcePoissonRefractory(rate=100.0),
        sim.SpikeSourceGamma(alpha=1.0, beta=100.0),
        sim.SpikeSourceInhGamma(a=[1.0], b=[0.01], tbins=[0.0]),
    )
    populations = [sim.Population(10, kind) for kind in kinds]
    for population in populations:
        population.record("spikes")
    sim.run(2000.0)
    binned = np.array([np.histogram(t, 400, (0, 2000))[0] for p in populations for t in spike_times(p)])
    correlations = np.corrcoef(binned)[np.triu_indices(50, 1)]
    assert np.abs(correlations).max() < 6 / np.sqrt(400)


def test_the_shape_need_not_be_an_integer():
    """PyNN's default is the integer 2, of which other backends make integers of all shapes."""
    sim.setup()
    source = sim.Population(2, sim.SpikeSourceGamma(alpha=2.5))
    source[1].alpha = 0.5
    assert source.get("alpha").tolist() == [2.5, 0.5]
    assert sim.SpikeSourceGamma().default_parameters["alpha"] == 2
