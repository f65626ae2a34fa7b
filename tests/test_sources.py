"""Spike sources and current sources: statistics and timing."""

import numpy as np
import pytest
from scipy import stats

import pyNN_fastsim as sim


def spike_times(population, segment=0):
    return [np.asarray(train) for train in population.get_data("spikes").segments[segment].spiketrains]


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


@pytest.mark.parametrize(
    "start, stop, on, off", [(5.0, 10.0, 50, 100), (5.04, 10.06, 50, 101), (0.0, 1e12, 0, 300)]
)
def test_dc_source_onset(start, stop, on, off):
    """A current from t_k on moves v at t_{k+1}; times are rounded to the grid."""
    sim.setup(timestep=0.1)
    cells = sim.Population(3, sim.IF_curr_exp(tau_m=10.0, cm=1.0, v_thresh=1e6))
    cells.record("v")
    sim.DCSource(amplitude=0.5, start=start, stop=stop).inject_into(cells[1:2])
    sim.run(30.0)
    v = np.asarray(cells.get_data().segments[0].analogsignals[0])
    np.testing.assert_array_equal(v[:, [0, 2]], -65.0)
    k = np.arange(301)
    rise = -65.0 + 5.0 * (1 - np.exp(-(k - on) * 0.01))
    peak = 5.0 * (1 - np.exp(-(off - on) * 0.01))
    fall = -65.0 + peak * np.exp(-(k - off) * 0.01)
    expected = np.where(k <= on, -65.0, np.where(k <= off, rise, fall))
    np.testing.assert_allclose(v[:, 1], expected, atol=1e-10)


def test_several_currents_in_one_cell_and_one_current_in_several_populations():
    sim.setup(timestep=0.1)
    a = sim.Population(2, sim.IF_curr_exp(tau_m=10.0, cm=1.0, v_thresh=1e6))
    b = sim.Population(2, sim.IF_cond_exp(tau_m=10.0, cm=1.0, v_thresh=1e6))
    one = sim.StepCurrentSource(times=[0.0, 10.0, 20.0], amplitudes=[0.1, 0.3, 0.0])
    one.inject_into(a + b)
    two = sim.DCSource(amplitude=-0.1, start=0.0, stop=10.0)
    a[1:2].inject(two)
    b[1].inject(two)
    for population in (a, b):
        population.record("v")
    sim.run(30.0)
    v_a, v_b = (np.asarray(p.get_data().segments[0].analogsignals[0]) for p in (a, b))
    k = np.arange(301)
    x = np.exp(-0.1 * 0.1 * np.arange(301))

    def response(levels):
        v, values = 0.0, []
        for step in k:
            values.append(v)
            level = levels[min(step // 100, 2)]
            v = v * x[1] + 10.0 * level * (1 - x[1])
        return -65.0 + np.array(values)

    np.testing.assert_allclose(v_a[:, 0], response([0.1, 0.3, 0.0]), atol=1e-9)
    np.testing.assert_allclose(v_a[:, 1], response([0.0, 0.3, 0.0]), atol=1e-9)
    np.testing.assert_allclose(v_b, v_a, atol=1e-9)


def test_current_parameters_change_between_runs():
    sim.setup(timestep=0.1)
    cell = sim.Population(1, sim.IF_curr_delta(tau_m=1e9, cm=1.0, v_thresh=1e6))
    source = sim.DCSource(amplitude=1.0)
    source.inject_into(cell)
    cell.record("v")
    sim.run(10.0)
    source.amplitude = -1.0
    sim.run(10.0)
    source.set_parameters(amplitude=2.0, stop=25.0)
    assert source.amplitude == 2.0 and source.stop == 25.0 and source.start == 0.0
    sim.run(10.0)
    v = np.asarray(cell.get_data().segments[0].analogsignals[0])[:, 0]
    np.testing.assert_allclose(v[[0, 100, 200, 250, 300]], np.array([0, 10, 0, 10, 10]) - 65.0, atol=1e-6)
