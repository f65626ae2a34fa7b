"""Running: pieces, threads, callbacks, reset, setup again."""

import gc
import weakref

import numpy as np
import pytest
from pyNN import errors
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.utility import SimulationProgressBar

import pyNN_fastsim as sim


def rng(seed):
    return NumpyRNG(seed=seed)


def build(threads=1):
    """A small network with everything that there is: noise, delays, currents, sampling, two models."""
    sim.setup(timestep=0.1, threads=threads, rng_seed=5)
    tau_m = RandomDistribution("uniform", low=10.0, high=20.0, rng=rng(1))
    cells = sim.Population(61, sim.IF_cond_exp(tau_m=tau_m, i_offset=0.2, tau_refrac=2.0), label="cells")
    cells.initialize(v=RandomDistribution("uniform", low=-65.0, high=-50.0, rng=rng(2)))
    others = sim.Population(17, sim.IF_cond_alpha(cm=0.3), label="others")
    noise = sim.Population(30, sim.SpikeSourcePoisson(rate=300.0), label="noise")
    times = [[0.0, 5.0, 5.0, 5.04], [17.3], [], [3.0 + 0.1 * k for k in range(50)]]
    given = sim.Population(4, sim.SpikeSourceArray(spike_times=times), label="given")
    drawn = sim.StaticSynapse(
        weight=RandomDistribution("gamma", k=2.0, theta=0.005, rng=rng(3)),
        delay=RandomDistribution("uniform", low=0.1, high=3.0, rng=rng(4)),
    )
    constant = sim.StaticSynapse(weight=0.02, delay=0.7)
    sim.Projection(
        noise, cells, sim.FixedProbabilityConnector(0.4, rng=rng(6)), drawn, receptor_type="excitatory"
    )
    sim.Projection(cells, cells, sim.FixedNumberPostConnector(7, with_replacement=True, rng=rng(7)),
                   constant, receptor_type="inhibitory")  # fmt: skip
    sim.Projection(given, cells + others, sim.AllToAllConnector(), drawn, receptor_type="excitatory")
    sim.Projection(cells[::3], others, sim.FixedProbabilityConnector(0.5, rng=rng(8)),
                   sim.StaticSynapse(weight=0.3, delay=1.1), receptor_type="excitatory")  # fmt: skip
    sim.DCSource(amplitude=0.3, start=10.05, stop=40.0).inject_into(cells[5:20])
    steps = sim.StepCurrentSource(times=[1.0, 12.3, 30.0], amplitudes=[0.1, -0.2, 0.25])
    steps.inject_into(cells[10:] + others)
    sim.ACSource(amplitude=0.2, frequency=80.0, start=3.0, stop=45.0).inject_into(cells[::4] + others[2:9])
    sim.NoisyCurrentSource(stdev=0.2, dt=0.2, start=3.0).inject_into(cells[3:30])
    bins = {"tbins": [0.0, 14.0], "a": [3.0, 1.5], "b": [0.003, 0.001]}
    bursts = sim.Population(23, sim.SpikeSourceInhGamma(**bins), label="bursts")
    sim.Projection(bursts, cells, sim.OneToOneConnector(), drawn, receptor_type="excitatory")
    for population in (cells, others, noise, given):
        population.record("spikes")
    cells.record(["v", "gsyn_exc", "gsyn_inh"], sampling_interval=0.3)
    others[3:].record("v")
    return cells, others, noise, given


def recorded(populations):
    """Everything recorded, as bytes-comparable arrays."""
    result = []
    for population in populations:
        for segment in population.get_data().segments:
            for train in segment.spiketrains:
                result.append(np.asarray(train))
            for signal in segment.analogsignals:
                result.append(np.asarray(signal))
    return result


def assert_identical(a, b):
    assert len(a) == len(b)
    assert sum(x.size for x in a) > 1000
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.fixture(scope="module")
def reference():
    populations = build()
    sim.run(60.0)
    data = recorded(populations)
    assert all(sum(p.get_spike_counts().values()) > 20 for p in populations)
    return data


@pytest.mark.big
@pytest.mark.parametrize("threads", [2, 3, 5])
def test_threads_give_the_same_bits(threads, reference, always_threads):
    populations = build(threads)
    sim.run(60.0)
    assert_identical(recorded(populations), reference)


@pytest.mark.big
@pytest.mark.parametrize("threads", [1, 2])
def test_pieces_give_the_same_bits(threads, reference, always_threads):
    populations = build(threads)
    for piece in (0.0, 0.1, 7.4, 0.1, 12.4, 20.0):
        sim.run(piece)
    for _ in range(100):
        sim.run(0.1)
    sim.run_until(55.0)
    sim.run_for(5.0)
    assert sim.get_current_time() == 60.0
    assert_identical(recorded(populations), reference)


@pytest.mark.big
def test_thousand_pieces_of_one_ms():
    results = []
    for pieces in (1, 1000):
        cells, *others = build()
        for _ in range(pieces):
            sim.run(1000.0 / pieces)
        assert sim.get_current_time() == 1000.0
        results.append(recorded([cells, *others]))
    assert_identical(*results)


def test_same_seed_same_noise_other_seed_other_noise():
    spikes = []
    for seed in (1, 1, 2):
        sim.setup(timestep=0.1, rng_seed=seed)
        source = sim.Population(20, sim.SpikeSourcePoisson(rate=200.0))
        source.record("spikes")
        sim.run(100.0)
        spikes.append(np.concatenate([np.asarray(t) for t in source.get_data().segments[0].spiketrains]))
    np.testing.assert_array_equal(spikes[0], spikes[1])
    assert not np.array_equal(spikes[0], spikes[2])


def test_noise_does_not_depend_on_what_else_there_is():
    spikes = []
    for more in (False, True):
        sim.setup(timestep=0.1)
        if more:
            sim.Population(7, sim.IF_curr_exp())
        source = sim.Population(20, sim.SpikeSourcePoisson(rate=200.0))
        source.record("spikes")
        sim.run(100.0)
        spikes.append(np.concatenate([np.asarray(t) for t in source.get_data().segments[0].spiketrains]))
    np.testing.assert_array_equal(*spikes)


def test_time_is_a_multiple_of_the_step():
    sim.setup(timestep=0.1)
    sim.Population(1, sim.IF_curr_exp())
    for _ in range(3):
        sim.run(0.1)
    assert sim.get_current_time() == 0.3
    assert sim.run(99.7) == 100.0
    assert sim.run_until(200.0) == 200.0
    assert sim.run(0.26) == 200.3  # the nearest grid point
    assert sim.run(0) == 200.3


@pytest.mark.parametrize("simtime", [-1.0, np.nan, np.inf, "ten", None, 1e12])
def test_bad_simtime(simtime):
    sim.setup(timestep=0.1)
    sim.Population(1, sim.IF_curr_exp())
    with pytest.raises(ValueError, match="simtime|time_point|steps"):
        sim.run(simtime)
    sim.run(1.0)
    with pytest.raises(ValueError, match="past"):
        sim.run_until(0.5)


# --- callbacks ------------------------------------------------------------------------------------


class Ticker:
    def __init__(self, interval):
        self.interval, self.called = interval, []

    def __call__(self, t):
        self.called.append(t)
        return t + self.interval


@pytest.mark.big
@pytest.mark.parametrize("threads", [1, 2])
def test_callbacks_change_nothing(threads, reference, always_threads):
    populations = build(threads)
    tickers = [Ticker(1.0), Ticker(0.37), Ticker(25.0)]
    sim.run(60.0, callbacks=tickers)
    assert_identical(recorded(populations), reference)


def test_callbacks_are_called_when_they_wish():
    sim.setup(timestep=0.1)
    sim.Population(1, sim.IF_curr_exp())
    tick = Ticker(10.0)
    assert sim.run(50.0, callbacks=[tick]) == 50.0
    assert tick.called == [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    tock = Ticker(20.0)
    sim.run_until(100.0, callbacks=[tock])
    assert tock.called == [50.0, 70.0, 90.0, 100.0]


def test_progress_bar_of_pynn(capsys):
    sim.setup(timestep=0.1)
    sim.Population(1, sim.IF_curr_exp())
    sim.run(50.0, callbacks=[SimulationProgressBar(5.0, 50.0)])
    bars = capsys.readouterr().out.split("\r")
    assert [int(bar[-4:-1]) for bar in (bar.strip() for bar in bars) if bar] == list(range(0, 101, 10))


@pytest.mark.parametrize("interval", [0.05, 0.13, 0.25, 1e-9, 0.0, -1.0])
def test_callbacks_off_the_grid_end(interval):
    sim.setup(timestep=0.1)
    sim.Population(1, sim.IF_curr_exp())
    tick = Ticker(interval)
    assert sim.run(2.0, callbacks=[tick]) == 2.0
    assert tick.called == sorted(set(tick.called))  # time goes on at every call
    assert 8 <= len(tick.called) <= 21


def test_a_callback_may_change_the_network():
    sim.setup(timestep=0.1)
    cell = sim.Population(1, sim.IF_curr_exp(tau_m=10.0, cm=1.0))
    cell.record("v")

    def switch(t):
        cell.set(i_offset=0.5 if t >= 10.0 else 0.0)
        return 10.0 if t < 10.0 else np.inf

    sim.run(30.0, callbacks=[switch])
    t = np.arange(301) * 0.1
    expected = np.where(t > 10.0, -65.0 + 5.0 * (1 - np.exp(-(t - 10.0) / 10.0)), -65.0)
    v = np.asarray(cell.get_data().segments[0].analogsignals[0])[:, 0]
    np.testing.assert_allclose(v, expected, atol=1e-10)


def test_an_exception_in_a_callback_loses_nothing():
    sim.setup(timestep=0.1)
    cell = sim.Population(1, sim.IF_curr_exp(i_offset=1.0))
    cell.record("v")

    def fail(t):
        if t >= 5.0:
            raise RuntimeError("enough")
        return 5.0

    with pytest.raises(RuntimeError, match="enough"):
        sim.run(10.0, callbacks=[fail])
    assert sim.get_current_time() == 5.0
    sim.run(5.0)
    assert cell.get_data().segments[0].analogsignals[0].shape == (101, 1)


# --- reset and setup ------------------------------------------------------------------------------


def test_reset_repeats_what_is_not_random():
    sim.setup(timestep=0.1)
    cells = sim.Population(5, sim.IF_cond_exp(i_offset=1.0, tau_refrac=2.0))
    cells.initialize(v=lambda i: -70.0 + 2 * i)
    given = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.0, 3.0, 9.9, 10.0]))
    synapse = sim.StaticSynapse(weight=0.02, delay=4.0)
    projection = sim.Projection(given, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record(["spikes", "v", "gsyn_exc"])
    sim.run(9.0)
    projection.set(weight=0.5)  # at 9 ms: not an initial weight
    cells.initialize(gsyn_inh=0.1)
    cells.initialize(gsyn_inh=0.0)
    sim.run(1.0)
    sim.reset()
    assert sim.get_current_time() == 0.0
    assert projection.get("weight", format="list", with_address=False) == [0.02] * 5
    sim.run(10.0)
    first, second = cells.get_data().segments
    assert [s.name for s in (first, second)] == ["segment000", "segment001"]
    for a, b in zip(first.analogsignals, second.analogsignals, strict=True):
        assert a.name == b.name
        np.testing.assert_array_equal(np.asarray(a)[:91], np.asarray(b)[:91])
        assert a.shape == b.shape == (101, 5)


def test_reset_draws_new_noise():
    sim.setup(timestep=0.1)
    source = sim.Population(10, sim.SpikeSourcePoisson(rate=100.0))
    source.record("spikes")
    trials = 3
    for _ in range(trials):
        sim.run(100.0)
        sim.reset()
    spikes = [np.concatenate([np.asarray(t) for t in s.spiketrains]) for s in source.get_data().segments]
    assert len(spikes) == trials
    assert not np.array_equal(spikes[0], spikes[1]) and not np.array_equal(spikes[1], spikes[2])


def test_spikes_under_way_are_lost_at_reset():
    sim.setup(timestep=0.1)
    given = sim.Population(1, sim.SpikeSourceArray(spike_times=[9.0]))
    cell = sim.Population(1, sim.IF_curr_exp())
    sim.Projection(given, cell, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0, delay=5.0))
    cell.record("v")
    sim.run(9.5)
    sim.reset()
    given.set(spike_times=[])
    sim.run(20.0)
    np.testing.assert_array_equal(np.asarray(cell.get_data().segments[1].analogsignals[0]), -65.0)


def test_setup_again_gives_everything_back():
    sim.setup(timestep=0.1)
    population = sim.Population(10, sim.IF_curr_exp())
    sim.run(1.0)
    network = weakref.ref(sim.simulator.state.network)
    block = weakref.ref(population._block)
    del population
    sim.setup(timestep=0.5)
    gc.collect()
    assert network() is None and block() is None
    assert sim.get_time_step() == 0.5 and sim.get_current_time() == 0.0


def test_networks_can_grow_between_runs():
    sim.setup(timestep=0.1)
    a = sim.Population(3, sim.SpikeSourceArray(spike_times=[1.0, 12.0]))
    b = sim.Population(3, sim.IF_curr_exp())
    sim.Projection(a, b, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0, delay=10.0))
    b.record("isyn_exc")
    sim.run(5.0)
    c = sim.Population(2, sim.IF_curr_exp())
    c.record("isyn_exc")
    sim.Projection(a, c, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=20.0))
    sim.run(45.0)
    i_b = b.get_data().segments[0].analogsignals[0]
    i_c = c.get_data().segments[0].analogsignals[0]
    assert i_b.shape == (501, 3) and i_c.shape == (451, 2) and float(i_c.t_start) == 5.0
    jumps_b = np.flatnonzero(np.diff(np.asarray(i_b)[:, 0]) > 0) + 1
    jumps_c = np.flatnonzero(np.diff(np.asarray(i_c)[:, 0]) > 0) + 51
    np.testing.assert_array_equal(jumps_b, [110, 220])
    np.testing.assert_array_equal(jumps_c, [320])  # the spike at 1 ms was before the projection


# --- setup's arguments ----------------------------------------------------------------------------


def test_setup_arguments_of_other_backends_are_accepted(recwarn):
    sim.setup(timestep=0.1, min_delay=0.1, max_delay=5.0, spike_precision="on_grid", verbosity="error",
              use_cvode=False, filename="x", label="y", t_flush=100.0, recording_precision=3)  # fmt: skip
    assert [w for w in recwarn if issubclass(w.category, UserWarning)] == []
    assert (sim.get_min_delay(), sim.get_max_delay()) == (0.1, 5.0)
    assert (sim.num_processes(), sim.rank()) == (1, 0)


def test_shortest_and_longest_delay():
    """With 'auto' those of the network, as in NEST and Brian 2; else what setup() was told."""
    sim.setup(timestep=0.1)
    assert (sim.get_min_delay(), sim.get_max_delay()) == (0.1, 0.1)
    a = sim.Population(20, sim.IF_curr_exp())
    projection = sim.Projection(a, a, sim.OneToOneConnector(), sim.StaticSynapse(delay=2.0))
    assert (sim.get_min_delay(), sim.get_max_delay()) == (2.0, 2.0)
    projection._convergent_connect(np.array([0]), 1, weight=0.0, delay=7.5)
    plastic = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence(), delay=3.0)
    sim.Projection(a, a, sim.FixedProbabilityConnector(0.0), sim.StaticSynapse(delay=0.1))  # none
    assert (sim.get_min_delay(), sim.get_max_delay()) == (2.0, 7.5)
    sim.Projection(a, a, sim.OneToOneConnector(), plastic).set(delay=1.04)
    projection[20].delay = 3.0
    rng = sim.NativeRNG(seed=1)
    drawn = sim.StaticSynapse(delay=sim.RandomDistribution("uniform", (1.5, 6.0), rng=rng))
    many = sim.Projection(
        a, sim.Population(1000, a.celltype), sim.FixedProbabilityConnector(0.99, rng=rng), drawn
    )
    assert sim.get_min_delay() == 1.0
    assert sim.get_max_delay() == max(many.get("delay", "list", with_address=False)) > 5.5
    with pytest.raises(errors.ConnectionError, match=r"delay 0.01 ms is out of range \[0.1, 6553.5\] ms"):
        projection.set(delay=0.01)
    assert sim.StaticSynapse().parameter_space["delay"].base_value == 0.1  # not the shortest of the others


def test_unknown_setup_argument_warns_and_names_the_nearest():
    with pytest.warns(UserWarning, match="'thread'.*'threads'"):
        sim.setup(timestep=0.1, thread=2)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"timestep": 0.0}, "timestep"),
        ({"timestep": -0.1}, "timestep"),
        ({"timestep": np.nan}, "timestep"),
        ({"timestep": "fast"}, "timestep.*'fast'"),
        ({"timestep": 0.1, "min_delay": 0.05}, "min_delay"),
        ({"timestep": 0.1, "min_delay": 2.0, "max_delay": 1.0}, "min_delay.*max_delay"),
        ({"timestep": 0.1, "min_delay": None}, "min_delay"),
        ({"timestep": 1e-300}, "timestep"),
        ({"dt": 0.1}, "'dt'; it is called 'timestep'"),
        ({"timestep": 0.1, "max_delay": 1e9}, "max_delay.*65535"),
        ({"timestep": 0.1, "threads": 0}, "threads"),
        ({"timestep": 0.1, "threads": 1.5}, "threads"),
        ({"timestep": 0.1, "rng_seed": -1}, "rng_seed"),
        ({"timestep": 0.1, "rng_seed": "a"}, "rng_seed"),
    ],
)
def test_bad_setup_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        sim.setup(**arguments)


def test_timestep_of_lower_precision():
    sim.setup(timestep=np.float32(0.1))
    assert sim.get_time_step() == 0.1


def test_end_writes_the_other_files_when_one_fails(tmp_path):
    sim.setup(timestep=0.1)
    cells = sim.Population(2, sim.IF_curr_exp())
    cells.record("v", to_file=str(tmp_path / "missing" / "a.pkl"))
    cells.record("v", to_file=str(tmp_path / "b.pkl"))
    sim.run(1.0)
    (tmp_path / "missing").write_text("not a folder")
    with pytest.raises(OSError):
        sim.end()
    assert (tmp_path / "b.pkl").exists()


def test_not_a_number_stops_the_run_with_population_cell_and_time():
    sim.setup(timestep=0.1)
    cells = sim.Population(3, sim.IF_curr_exp(), label="the cells")
    cells.record("v")
    sim.run(1.0)
    cells._block.state["v"][2] = np.nan
    with pytest.raises(FloatingPointError, match=r"v of cell 2 of population 'the cells'.* t = 1.1 ms"):
        sim.run(10.0)
    assert cells.get_data().segments[0].analogsignals[0].shape == (12, 3)
