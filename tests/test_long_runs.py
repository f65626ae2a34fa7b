"""
Long runs, and doing the same many times: no drift of time, no growth of memory, nothing lost.

By default a few seconds of it; the figures of ``tox -e deep`` are in `LENGTH`.
"""

import gc

import numpy as np
import pytest

import pyNN_fastsim as sim

pytestmark = pytest.mark.big
psutil = pytest.importorskip("psutil")

# How much of each: by default, and with "-m deep".
LENGTH = {
    "steps": (200_000, 10_000_000),
    "setups": (30, 200),
    "resets": (100, 1000),
    "spikes": (30_000, 1_000_000),
}
SIZES = [0, pytest.param(1, marks=pytest.mark.deep)]
MEGABYTE = 2**20


def memory():
    gc.collect()
    return psutil.Process().memory_info().rss


def clock(interval, dt):
    """A cell that spikes every `interval` steps, without any input: v grows by one each step.

    tau_m is so long that the leak is below rounding; the current is one mV a step.
    """
    return sim.IF_curr_exp(
        tau_m=1e18,
        cm=1.0,
        i_offset=1.0 / dt,
        v_rest=0.0,
        v_reset=0.0,
        v_thresh=interval - 0.5,
        tau_refrac=0.0,
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("threads", [1, 2])
def test_time_does_not_drift(size, threads, always_threads):
    """0.1 ms is no binary fraction: whoever adds it up is wrong in the end."""
    steps = LENGTH["steps"][size]
    sim.setup(timestep=0.1, threads=threads)
    interval, sampling = 997, 1009
    cells = sim.Population(2, clock(interval, 0.1))
    cells.initialize(v=0.0)
    given = np.unique(np.linspace(1, steps, 500).astype(int))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=given * 0.1))
    target = sim.Population(1, sim.IF_curr_exp())
    sim.Projection(source, target, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.001, delay=0.7))
    for population in (cells, source):
        population.record("spikes")
    cells.record("v", sampling_interval=sampling * 0.1)
    pieces = 7
    for k in range(pieces):
        sim.run_until((k + 1) * steps // pieces * 0.1)
    assert sim.get_current_time() == round(steps / 10, 1)
    for train in cells.get_data("spikes").segments[0].spiketrains:
        np.testing.assert_array_equal(train.magnitude, np.arange(interval, steps + 1, interval) / 10)
    (train,) = source.get_data().segments[0].spiketrains
    np.testing.assert_array_equal(train.magnitude, given / 10)
    (v,) = cells.get_data("v").segments[0].analogsignals
    assert v.shape == (steps // sampling + 1, 2)
    expected = (np.arange(len(v)) * sampling) % interval
    np.testing.assert_allclose(v.magnitude[:, 0], expected, atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_a_long_run_takes_no_memory(size):
    """What is not recorded is not kept."""
    sim.setup(timestep=0.1)
    noise = sim.Population(10, sim.SpikeSourcePoisson(rate=100.0))
    cells = sim.Population(20, sim.IF_curr_exp(i_offset=1.0))
    synapse = sim.StaticSynapse(weight=0.1, delay=2.0)
    sim.Projection(noise, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    piece = LENGTH["steps"][size] * 0.1 / 20
    for _ in range(3):
        sim.run(piece)
    before = memory()
    for _ in range(17):
        sim.run(piece)
    assert memory() - before < 5 * MEGABYTE
    assert sim.get_current_time() == pytest.approx(20 * piece)


def build_and_run():
    sim.setup(timestep=0.1)
    noise = sim.Population(100, sim.SpikeSourcePoisson(rate=100.0))
    cells = sim.Population(400, sim.IF_curr_exp(i_offset=1.0))
    synapse = sim.StaticSynapse(weight=0.1, delay=2.0)
    projection = sim.Projection(noise, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    sim.DCSource(amplitude=0.1).inject_into(cells)
    cells.record(["spikes", "v"])
    sim.run(30.0)
    projection.set(weight=0.2)
    sim.run(5.0)
    return len(cells.get_data().segments[0].spiketrains.multiplexed[1])


@pytest.mark.parametrize("size", SIZES)
def test_setup_build_run_again_and_again(size):
    """One such network takes 2 MB: the weights, the recorded v, the ids."""
    spikes = [build_and_run() for _ in range(10)]
    times = LENGTH["setups"][size]
    grown = []  # twice, since what a process holds goes up and down by some MB
    for _ in range(2):
        before = memory()
        spikes += [build_and_run() for _ in range(times)]
        grown.append(memory() - before)
    assert min(grown) < (20 + 0.1 * times) * MEGABYTE
    assert set(spikes) == {spikes[0]} and spikes[0] > 100


@pytest.mark.parametrize("size", SIZES)
def test_resets(size):
    """Each trial gives the same segment, and takes the memory of what it recorded and no more."""
    sim.setup(timestep=0.1)
    cells = sim.Population(5, sim.IF_curr_exp(i_offset=[0.9, 1.0, 1.1, 1.2, 1.3]))
    cells.record(["spikes", "v"])
    trials = LENGTH["resets"][size]
    for trial in range(trials):
        sim.run(30.0)
        assert sim.get_current_time() == 30.0
        if trial == 20:
            before = memory()
        sim.reset()
    grown = memory() - before
    assert grown < trials * 301 * 5 * 8 * 4 + 10 * MEGABYTE
    segments = cells.get_data().segments
    assert len(segments) == trials
    assert [segment.name for segment in segments[:2]] == ["segment000", "segment001"]
    first = segments[0]
    assert sum(map(len, first.spiketrains)) >= 4
    for segment in segments[1:]:
        np.testing.assert_array_equal(segment.analogsignals[0], first.analogsignals[0])
        for found, expected in zip(segment.spiketrains, first.spiketrains, strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("threads", [1, 2])
def test_recordings_far_beyond_the_first_buffers(size, threads, always_threads):
    """Every step of every cell is a spike and a sample: known to the last one, however the run is cut."""
    cells_n = 10
    steps = LENGTH["spikes"][size] // cells_n
    found = []
    for pieces in (1, 9):
        sim.setup(timestep=0.1, threads=threads)
        cells = sim.Population(cells_n, clock(1, 0.1))
        cells.initialize(v=0.0)
        slow = sim.Population(3, clock(1000, 0.1))
        slow.initialize(v=[0.0, 100.0, 200.0])
        cells.record("spikes")
        slow.record("v")
        for k in range(pieces):
            sim.run_until((k + 1) * steps // pieces * 0.1)
        segment = cells.get_data().segments[0]
        ids, times = segment.spiketrains.multiplexed
        assert len(times) == steps * cells_n
        np.testing.assert_array_equal(ids, np.tile(np.arange(cells_n) + int(cells.first_id), steps))
        np.testing.assert_array_equal(
            np.asarray(times), np.around(np.repeat(np.arange(1, steps + 1), cells_n) * 0.1, 12)
        )
        (v,) = slow.get_data().segments[0].analogsignals
        expected = (np.arange(steps + 1)[:, None] + [0, 100, 200]) % 1000
        np.testing.assert_allclose(v.magnitude, expected, atol=1e-6)
        found.append(v.magnitude)
    np.testing.assert_array_equal(*found)
