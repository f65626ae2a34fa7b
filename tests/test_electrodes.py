"""Current sources: timing, values and recording."""

import numpy as np
import pytest
from naive import simulator as naive
from naive.random import Numbers
from scipy import stats

import pyNN_fastsim as sim


def membrane(n=1):
    """Cells whose v (mV) is what a current of 1 nA adds up to, in 0.1 mV a step of 0.1 ms."""
    cells = sim.Population(n, sim.IF_curr_delta(tau_m=1e15, cm=1.0, v_rest=0.0, v_thresh=1e6))
    cells.initialize(v=0.0)
    cells.record("v")
    return cells


def flowed(cells, segment=0):
    """The current (nA) that flowed into each cell in each step: [steps, cells]."""
    (v,) = cells.get_data().segments[segment].analogsignals
    return np.diff(np.asarray(v), axis=0) / sim.get_time_step()


def current(source):
    return source.get_data().magnitude[:, 0]


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


# --- sine ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start, stop, on, off", [(5.0, 20.0, 50, 200), (5.04, 20.06, 50, 201), (0.0, 1e12, 0, 999)]
)
@pytest.mark.parametrize("phase", [0.0, 90.0, -400.0])
def test_ac_source(start, stop, on, off, phase):
    """The phase counts from the grid point where the current starts; it is held from each to the next."""
    sim.setup(timestep=0.1)
    cells = membrane(2)
    source = sim.ACSource(amplitude=0.5, offset=0.1, frequency=70.0, phase=phase, start=start, stop=stop)
    source.inject_into(cells[1:2])
    source.record()
    sim.run(30.0)
    k = np.arange(301)
    sine = 0.1 + 0.5 * np.sin(2 * np.pi * 70.0 * (k - on) * 1e-4 + np.deg2rad(phase))
    expected = np.where((k >= on) & (k < off), sine, 0.0)
    np.testing.assert_allclose(current(source), expected, atol=1e-13)
    np.testing.assert_allclose(flowed(cells)[:, 1], expected[:-1], atol=1e-11)
    assert np.all(flowed(cells)[:, 0] == 0)
    assert source.get_data().t_start == 0 and source.get_data().sampling_period.rescale("ms") == 0.1


@pytest.mark.big
def test_ac_source_frequency_and_response():
    """A leaky membrane answers a sine with the amplitude and phase of a low-pass filter."""
    sim.setup(timestep=0.01)
    cells = sim.Population(1, sim.IF_curr_exp(tau_m=10.0, cm=1.0, v_rest=0.0, v_thresh=1e6))
    cells.initialize(v=0.0)
    cells.record("v")
    cells.inject(sim.ACSource(amplitude=1.0, frequency=20.0))
    sim.run(300.0)
    v = np.asarray(cells.get_data().segments[0].analogsignals[0])[20_000:30_000, 0]
    t = np.arange(20_000, 30_000) * 1e-5  # s
    response = 2 * np.mean(v * np.exp(-2j * np.pi * 20.0 * t)) * 1j
    expected = 10.0 / (1 + 2j * np.pi * 20.0 * 0.01)
    assert abs(response - expected) < 0.001 * 10.0


def test_a_source_that_never_stops_takes_no_memory():
    """The default stop is 1e12 ms, of which a list of amplitudes would need terabytes."""
    sim.setup(timestep=0.1)
    cells = membrane(3)
    sources = [sim.ACSource(), sim.NoisyCurrentSource(), sim.DCSource(), sim.ACSource(start=1e9)]
    for source in sources:
        source.inject_into(cells)
        assert source._current.numbers.nbytes < 100
    assert sources[0].stop == 1e12
    sim.run(1.0)
    assert np.all(np.isfinite(flowed(cells)))


# --- noise --------------------------------------------------------------------------------------------


@pytest.mark.big
def test_noise_is_normal_with_its_own_interval():
    sim.setup(timestep=0.1)
    cells = membrane(2)
    source = sim.NoisyCurrentSource(mean=0.3, stdev=0.2, dt=0.5, start=2.04, stop=6002.0)
    source.inject_into(cells)
    source.record()
    sim.run(6010.0)
    found = current(source)
    assert np.all(found[:20] == 0) and np.all(found[60_020:] == 0)
    levels = found[20:60_020].reshape(-1, 5)
    assert np.all(levels == levels[:, :1])
    assert stats.kstest(levels[:, 0], "norm", args=(0.3, 0.2)).pvalue > 0.01
    assert abs(np.corrcoef(levels[:-1, 0], levels[1:, 0])[0, 1]) < 4 / np.sqrt(len(levels))
    np.testing.assert_allclose(flowed(cells)[:, 0], found[:-1], atol=1e-9)
    np.testing.assert_array_equal(*flowed(cells).T)  # the same noise in all cells


def test_noise_is_that_of_the_naive_numbers():
    sim.setup(timestep=0.1, rng_seed=11)
    cells = membrane(1)
    other, source = (sim.NoisyCurrentSource(mean=0.1, stdev=s, dt=0.3, start=1.0) for s in (0.5, 0.7))
    for each in (other, source):
        each.inject_into(cells)
        each.record()
    for trial in range(2):
        sim.run(20.0)
        for number, each in enumerate((other, source)):
            twin = naive.Noise(
                10, 10**9, 3, lambda t, n=number: Numbers("noise_value", n, 11, t), (0.1, (0.5, 0.7)[number])
            )
            twin.trial = trial
            np.testing.assert_allclose(current(each), [twin.level(k) for k in range(201)], atol=1e-12)
        sim.reset()


def noise(threads=1, pieces=(20.0,), others=(), seed=5, trials=1):
    """The noise of one source in each trial: in its cells, and as recorded."""
    sim.setup(timestep=0.1, threads=threads, rng_seed=seed)
    source = sim.NoisyCurrentSource(mean=0.1, stdev=0.5, dt=0.2)
    cells = membrane(12)
    source.inject_into(cells[2:9])
    source.record()
    for other in others:
        other().inject_into(cells[0:1])
    recorded = []
    for trial in range(trials):
        if trial:
            sim.reset()
        for piece in pieces:
            sim.run(piece)
        recorded.append(current(source).tolist())
    return [flowed(cells, trial)[:, 2:9].tolist() for trial in range(trials)], recorded


@pytest.mark.usefixtures("always_threads")
def test_noise_depends_on_seed_and_trial_only():
    expected = noise()
    assert noise(threads=3) == expected
    assert noise(pieces=(0.1, 0.5, 9.4, 10.0)) == expected
    assert noise(others=(sim.NoisyCurrentSource, sim.ACSource)) == expected
    assert noise(seed=6)[1] != expected[1]
    first, second = noise(trials=2)[1]
    assert first == expected[1][0] and len(first) == len(second)
    assert abs(np.corrcoef(first[::2], second[::2])[0, 1]) < 0.4


@pytest.mark.parametrize("timestep", [0.1, 0.25, 1.0])
def test_interval_of_noise_is_the_time_step_unless_given(timestep):
    source = sim.NoisyCurrentSource(stdev=1.0)  # made before setup()
    sim.setup(timestep=timestep)
    source.inject_into(membrane())
    source.record()
    sim.run(50 * timestep)
    assert len(set(current(source))) == 51 and source.dt == timestep
    source.dt = 5 * timestep
    sim.run(50 * timestep)
    assert len(set(current(source)[51:])) == 11 and source.dt == 5 * timestep


# --- several of them ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("always_threads")
@pytest.mark.parametrize("threads", [1, 3])
def test_sums_of_sources_in_views_assemblies_and_lists(threads):
    """Each cell gets the sum of what was injected into it, however that was done; twice is twice."""
    sim.setup(timestep=0.1, threads=threads)
    a, b = membrane(7), membrane(5)
    sources = [
        sim.ACSource(amplitude=0.4, frequency=300.0, start=1.0, stop=8.0),
        sim.NoisyCurrentSource(mean=0.1, stdev=0.3, dt=0.3, start=0.5, stop=9.0),
        sim.StepCurrentSource(times=[2.0, 4.0, 6.0], amplitudes=[0.1, -0.3, 0.0]),
        sim.DCSource(amplitude=0.2, start=3.0, stop=7.0),
    ]
    targets = [
        [a + b],
        [a[::2], a[3]],
        [[a[6], b[0], a[4], a[4]], b[4:5] + a[2:4]],
        [b, b[[1, 3]]],
    ]
    into = np.zeros((4, 12))
    for k, cells in enumerate(
        [[*range(12)], [0, 2, 4, 6, 3], [6, 7, 4, 4, 11, 2, 3], [7, 8, 9, 10, 11, 8, 10]]
    ):
        np.add.at(into[k], cells, 1)
    for source, groups in zip(sources, targets, strict=True):
        source.record()
        for group in groups:
            group.inject(source) if hasattr(group, "inject") else source.inject_into(group)
    sim.run(10.0)
    expected = sum(np.outer(current(source)[:-1], row) for source, row in zip(sources, into, strict=True))
    np.testing.assert_allclose(np.hstack([flowed(a), flowed(b)]), expected, atol=1e-11)


def test_parameters_change_between_runs():
    """What was before stays; a sine is that of the new parameters since its start."""
    sim.setup(timestep=0.1)
    cells = membrane(2)
    ac = sim.ACSource(amplitude=0.5, frequency=50.0, start=1.0)
    noise = sim.NoisyCurrentSource(mean=0.1, stdev=0.2, dt=0.4)
    ac.inject_into(cells[0:1])
    noise.inject_into(cells[1:2])
    ac.record(), noise.record()
    sim.run(5.0)
    before = current(noise)
    ac.set_parameters(frequency=80.0, offset=0.2, phase=45.0)
    noise.set_parameters(mean=1.0, stdev=0.0)
    assert (ac.frequency, ac.offset, ac.phase, ac.amplitude) == (80.0, 0.2, 45.0, 0.5)
    assert noise.get_parameters() == {"mean": 1.0, "stdev": 0.0, "dt": 0.4, "start": 0.0, "stop": 1e12}
    sim.run(5.0)
    ac.stop = 8.0
    sim.run(1.0)
    t = np.arange(10, 111) * 0.1 - 1.0
    first = 0.5 * np.sin(2 * np.pi * 0.05 * t)
    second = 0.2 + 0.5 * np.sin(2 * np.pi * 0.08 * t + np.pi / 4)
    expected = np.concatenate([np.zeros(10), first[:40], second[40:90], np.zeros(11)])
    np.testing.assert_allclose(current(ac), expected, atol=1e-12)
    assert np.array_equal(current(noise)[:50], before[:50]) and np.all(current(noise)[50:] == 1.0)
    assert before.std() > 0.1
    for cell, source in enumerate((ac, noise)):
        np.testing.assert_allclose(flowed(cells)[:, cell], current(source)[:-1], atol=1e-11)


def test_times_and_amplitudes_are_those_that_take_effect():
    """As in PyNN's other backends: on the grid, and of several on one grid point the last one."""
    sim.setup(timestep=0.1)
    source = sim.StepCurrentSource(times=[0.41, 0.42, 0.86], amplitudes=[0.5, -0.5, 0.25])
    assert len(source.times) == len(source.amplitudes) == 2
    assert source.times.tolist() == [0.4, 0.9] and source.amplitudes.tolist() == [-0.5, 0.25]
    assert source.get_parameters()["times"].value.tolist() == [0.41, 0.42, 0.86]
    cells = membrane()
    cells.inject(source)
    sim.run(2.0)
    np.testing.assert_allclose(flowed(cells)[:, 0], [0.0] * 4 + [-0.5] * 5 + [0.25] * 11, atol=1e-12)
    source.times = [1.0, 1.5, 2.0]
    assert source.times.tolist() == [1.0, 1.5, 2.0]
    assert source.amplitudes.tolist() == [0.5, -0.5, 0.25]
    assert len(sim.StepCurrentSource().times) == 0
