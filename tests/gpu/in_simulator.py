"""
The run loop for GPUs in Numba's simulator of CUDA, against the CPU's: run by test_gpu.py in a process with
NUMBA_ENABLE_CUDASIM=1. Memory of the card is arrays that only kernels know, and whose ends are checked.
"""

import random
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import drawn_networks
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from numba.cuda.simulator import kernel
from own_cells import OwnIF
from pyNN.parameters import Sequence

import pyNN_fastsim as sim
from pyNN_fastsim.engine.cuda import cards, launching, persistent, run, simulated_grid
from pyNN_fastsim.engine.cuda.errors import DeviceError, TooLarge
from pyNN_fastsim.engine.network import NumericalError

PLASTIC = ("STDPMechanism", "STDPMechanism", "StaticSynapse")
SYNAPSES = ("StaticSynapse", "TsodyksMarkramSynapse", *drawn_networks.RANDOM_SYNAPSES)
EXACT = {"cpu": {"exact_sums": True}, "gpu": {"device": "gpu"}}
LONGEST = 10  # steps of one run of a drawn network; there may be five

sys.setswitchinterval(1e-4)  # the simulator's threads wait for each other


def in_turn(backwards):
    """What runs the threads of a block one after the other, which takes a tenth of the time of real threads;
    backwards, if that is wanted, and blocks of the grid, too.

    Kernels of one phase have no barriers, so any order will do, and none may matter.
    """

    def run(manager, block_index, *arguments):
        me = threading.current_thread()
        if backwards:
            block_index = tuple(n - 1 - i for n, i in zip(manager._grid_dim, block_index, strict=True))
        me.blockIdx = kernel.Dim3(*block_index)
        points = list(np.ndindex(*manager._block_dim))
        for point in points[::-1] if backwards else points:
            me.threadIdx = kernel.Dim3(*point)
            manager._f(*arguments)

    return run


@pytest.fixture(autouse=True)
def threads_in_turn(request, monkeypatch):
    if "threads_at_once" not in request.fixturenames:
        monkeypatch.setattr(kernel.BlockManager, "run", in_turn(False))


def shuffled(seed):
    """What lets the threads of a grid whose blocks wait for each other have their turns in any order."""
    numbers = random.Random(seed)

    def in_order(threads):
        return numbers.sample(threads, len(threads))

    return in_order


@pytest.fixture(autouse=True, params=launching.LOOPS)
def loop(request, monkeypatch):
    """Which of the two loops runs steps."""
    monkeypatch.setenv(launching.VARIABLE, request.param)
    monkeypatch.setattr(persistent, "PATIENCE", 1000)
    return request.param


@pytest.fixture
def threads_at_once():
    """For tests with real threads."""


class On:
    """The package, set up for a device."""

    def __init__(self, device):
        self.device = device

    def setup(self, **arguments):
        return sim.setup(**arguments, **EXACT[self.device])

    def __getattr__(self, name):
        return getattr(sim, name)


def on_both(build):
    """What `build`, a function of the package, returns on the CPU and on a card."""
    return build(On("cpu")), build(On("gpu"))


def drawn_results(spec, device):
    """What the populations of a drawn network did; and at the end the weights of its projections, as if they
    were another one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawn_networks, "sim", On(device))
        engine = drawn_networks.Engine(spec)
        weights = [np.array(weights).reshape(-1, 3) for weights in weights_of(engine.projections)]
        return [*engine.results(), [{"spikes": [], **dict(enumerate(weights))}]]


def shortened(spec):
    program = [
        ("run", min(arguments[0], LONGEST)) if name == "run" else (name, *arguments)
        for name, *arguments in spec.program
    ]
    return replace(spec, program=program)


def assert_equal(found, expected, exactly=True):
    """Spikes are equal, and samples: to the last bit, or nearly."""
    for trials, expected_trials in zip(found, expected, strict=True):
        for trial, expected_trial in zip(trials, expected_trials, strict=True):
            assert trial.keys() == expected_trial.keys()
            for name in trial:
                if exactly or name == "spikes":
                    np.testing.assert_array_equal(trial[name], expected_trial[name], err_msg=str(name))
                else:
                    np.testing.assert_allclose(
                        trial[name], expected_trial[name], 1e-9, 1e-11, err_msg=str(name)
                    )


drawing = settings(
    max_examples=64,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # to shrink a network would take minutes
    suppress_health_check=list(HealthCheck),
)
schedules = (
    st.sampled_from(["graph", "graph", "graph", "persistent"]),  # whose threads have to take turns
    st.sampled_from([1, 2, 2, 2, 3]),
    st.sampled_from([2, 2, 2, 4]),
    st.integers(3, 40),
    st.booleans(),
    st.integers(0, 99),
)
# Networks with plastic synapses are run by kernels of one phase, whatever is asked for.
of_phases = pytest.mark.parametrize("loop", ["graph"], indirect=True)


@pytest.mark.parametrize("loop", ["persistent"], indirect=True)  # and either of them is drawn
@drawing
@given(drawn_networks.networks(synapses=SYNAPSES, large=False), *schedules)
def test_drawn_networks(loop, spec, which, blocks, threads, chunk, small_log, order):
    """Whatever the loop, the schedule, and the room for recordings."""
    compare_drawn(spec, which, blocks, threads, chunk, small_log, order)


@of_phases
@settings(drawing, max_examples=20)
@given(
    drawn_networks.networks(
        kinds=("IF_curr_exp", "IF_curr_alpha", "IF_cond_exp", "Izhikevich"), synapses=PLASTIC, large=False
    ),
    *schedules,
)
def test_drawn_plastic_networks(loop, spec, which, blocks, threads, chunk, small_log, order):
    compare_drawn(spec, which, blocks, threads, chunk, small_log, order)


def compare_drawn(spec, which, blocks, threads, chunk, small_log, order):
    spec = shortened(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(launching.VARIABLE, which)
        patch.setattr(kernel.BlockManager, "run", in_turn(order % 2))
        patch.setattr(simulated_grid.Grid, "in_order", staticmethod(shuffled(order)))
        patch.setattr(launching, "MOST_BLOCKS", blocks)
        patch.setattr(launching, "THREADS", threads)
        patch.setattr(launching, "SIMULATED_GRID", (blocks, threads))
        patch.setattr(launching, "STEPS", (5, 2, 1))
        patch.setattr(run, "CHUNK", chunk)
        if small_log:
            patch.setattr(run, "LOG_STEPS", 2)
            patch.setattr(run, "LEAST_LOG", 0)
        found = drawn_results(spec, "gpu")
    assert_equal(found, drawn_results(spec, "cpu"))


def two_populations(on):
    """Sources that count and that don't, spikes back and forth, samples; what they are recorded to do."""
    on.setup(timestep=0.1, rng_seed=3)
    noise = on.Population(5, on.SpikeSourcePoisson(rate=9_000.0))
    source = on.Population(3, on.SpikeSourceArray(spike_times=[0.2, 0.6, 1.1, 1.6]))
    cells = on.Population(5, on.IF_curr_exp(i_offset=[0.0, 9.0, 40.0, 60.0, 90.0], tau_refrac=0.2))
    on.Projection(noise, cells, on.OneToOneConnector(), on.StaticSynapse(weight=0.5, delay=0.6))
    weights = np.linspace(0.1, 0.9, 15).reshape(3, 5)
    on.Projection(source, cells, on.AllToAllConnector(), on.StaticSynapse(weight=weights, delay=weights))
    pairs = [(2, k % 5) for k in range(10)] + [(3, 0), (4, 1)]  # one row is much longer than most
    rows = [(*pair, 0.01 * (k + 1), 0.1 * (1 + k % 3)) for k, pair in enumerate(pairs)]
    on.Projection(cells, cells, on.FromListConnector(rows), on.StaticSynapse())
    cells.record(["spikes", "v", "isyn_exc"], sampling_interval=0.2)
    return cells


@pytest.mark.parametrize("chunk", [1, 2, 7])
@pytest.mark.parametrize("order", range(3))
def test_chunks_and_turns(monkeypatch, chunk, order):
    """Whoever of many threads comes first, and wherever a chunk ends."""

    def build(on):
        cells = two_populations(on)
        for duration in (0.3, 1.0, 0.1, 0.9):
            on.run(duration)
        return [results_of(cells)]

    monkeypatch.setattr(run, "CHUNK", chunk)
    monkeypatch.setattr(launching, "STEPS", (3, 2, 1))
    monkeypatch.setattr(launching, "SIMULATED_GRID", (3, 2))
    monkeypatch.setattr(simulated_grid.Grid, "in_order", staticmethod(shuffled(order)))
    monkeypatch.setattr(kernel.BlockManager, "run", in_turn(order % 2))
    found, expected = on_both(build)
    assert_equal(found, expected)
    assert len(expected[0][0]["spikes"]) > 10


def test_what_has_been_launched_for_later_steps_draws_nothing(monkeypatch):
    """Nor does it forget numbers of spikes that are under way, when the log is full."""

    def build(on):
        cells = two_populations(on)
        on.run(6.0)
        return [results_of(cells)]

    monkeypatch.setattr(run, "CHUNK", 7)
    monkeypatch.setattr(run, "LOG_STEPS", 1)
    monkeypatch.setattr(run, "LEAST_LOG", 0)
    assert_equal(*on_both(build))


def test_what_is_recorded_from_now_on():
    def build(on):
        cells = two_populations(on)
        on.run(0.5)
        cells[1:4].record("isyn_inh", sampling_interval=0.2)
        on.run(0.5)
        return [results_of(cells)]

    assert_equal(*on_both(build))


def test_blocks_that_do_not_meet_end_the_run(monkeypatch, loop):
    """Instead of waiting for ever: a block that says nothing while the other one waits."""
    if loop == "graph":
        return

    def one_is_silent(threads):
        return [thread for thread in threads if thread.block == 0] or threads

    two_populations(On("gpu"))
    monkeypatch.setattr(simulated_grid.Grid, "in_order", staticmethod(one_is_silent))
    monkeypatch.setattr(persistent, "PATIENCE", 5)
    with pytest.raises(DeviceError, match="did not meet.*PYNN_FASTSIM_GPU_LOOP=graph"):
        sim.run(0.5)


def test_a_loop_that_is_not_there(monkeypatch):
    monkeypatch.setenv(launching.VARIABLE, "fast")
    with pytest.raises(DeviceError, match="PYNN_FASTSIM_GPU_LOOP must be one of.*'fast'"):
        sim.setup(device="gpu")


N = 6
CHANGES = {
    "weights": lambda on, source, projection: projection.set(weight=np.diag(2.0**-6 * np.arange(N))),
    "one weight": lambda on, source, projection: setattr(projection[2], "weight", 0.3),
    "delay": lambda on, source, projection: projection.set(delay=0.1),
    "delays": lambda on, source, projection: projection.set(delay=np.diag(0.1 + 0.1 * np.arange(N))),
    "too few to count": lambda on, source, projection: source.set(rate=200.0),
    "rates": lambda on, source, projection: source.set(rate=np.linspace(0.0, 20_000.0, N)),
    "reset": lambda on, source, projection: on.reset(),
}


@pytest.mark.parametrize("name", CHANGES)
def test_numbers_of_spikes_under_way_when_something_changes(name):
    def build(on):
        on.setup(timestep=0.1, rng_seed=3)
        source = on.Population(N, on.SpikeSourcePoisson(rate=16_000.0, start=0.5, duration=3.0))
        cells = on.Population(N, on.IF_curr_exp(tau_syn_E=0.5, i_offset=0.5))
        synapse = on.StaticSynapse(weight=2.0**-3, delay=0.7)
        projection = on.Projection(source, cells, on.OneToOneConnector(), synapse)
        back = on.StaticSynapse(weight=0.3, delay=0.2)
        on.Projection(cells, cells, on.AllToAllConnector(), back)
        cells.record(["spikes", "v", "isyn_exc"])
        if name != "delay":
            source.record("spikes")
        on.run(1.5)
        CHANGES[name](on, source, projection)
        on.run(1.1)
        return [results_of(cells), results_of(source)] if name != "delay" else [results_of(cells)]

    found, expected = on_both(build)
    assert_equal(found, expected)
    assert np.ptp(found[0][0]["isyn_exc"]) > 0.1


def results_of(population):
    trials = []
    for segment in population.get_data().segments:
        ids, times = segment.spiketrains.multiplexed
        trial = {"spikes": sorted(zip(times.tolist(), ids.tolist(), strict=True))}
        trials.append(trial | {signal.name: np.asarray(signal) for signal in segment.analogsignals})
    return trials


def test_more_cells_than_threads_and_own_types(threads_at_once):
    """A user's own cell type, point neurons, assemblies, currents, a callback that sets parameters."""

    def build(on):
        on.setup(timestep=0.1)
        own = on.Population(9, OwnIF(i_offset=np.linspace(1.0, 9.0, 9)))
        point = on.Population(
            5, on.PointNeuron(on.AdExp(i_offset=0.7), AMPA=on.ExpPSR(), GABA=on.AlphaPSR(e_syn=-80.0))
        )
        everybody = on.Assembly(own[2:7], point)
        on.DCSource(amplitude=0.4, start=1.0, stop=2.5).inject_into(everybody)
        on.ACSource(amplitude=0.3, frequency=100.0).inject_into(own[:4])
        on.NoisyCurrentSource(mean=0.1, stdev=0.2, dt=0.2).inject_into(own)
        rng = on.NumpyRNG(seed=1)
        delays = on.RandomDistribution("uniform", (0.1, 1.0), rng=rng)
        synapse = on.StaticSynapse(weight=0.2, delay=delays)
        on.Projection(own, own, on.AllToAllConnector(), synapse)
        on.Projection(
            own,
            point,
            on.FixedProbabilityConnector(0.5, rng=rng),
            on.StaticSynapse(weight=0.01),
            receptor_type="AMPA",
        )
        own.record(["spikes", "v"], sampling_interval=0.3)
        point.record(["spikes", "v"])

        def set_something(t):
            own[1:3].set(i_offset=2.0 + t)
            if t > 0:
                assert np.all(np.isfinite(np.asarray(own.get_data("v").segments[0].analogsignals[0])))
            return t + 1.7

        on.run(6.0, callbacks=[set_something])
        return [results_of(own), results_of(point)]

    found, expected = on_both(build)
    assert_equal(found, expected)
    assert len(found[0][0]["spikes"]) > 10


@pytest.mark.parametrize(
    "name, drive", [("HH_cond_exp", 8.0), ("EIF_cond_exp_isfa_ista", 20.0), ("Izhikevich", 0.5)]
)
def test_steps_in_parts(name, drive):
    """Cells that one step of the grid is too long for go through it in the same parts."""

    def build(on):
        on.setup(timestep=0.25)
        cells = on.Population(2, getattr(on, name)(i_offset=drive))
        cells.record("v")
        on.run(5.0)
        engine_state = cells._block.state["_part"].copy()
        return [results_of(cells)], engine_state

    (found, part), (expected, expected_part) = on_both(build)
    assert_equal(found, expected)
    np.testing.assert_array_equal(part, expected_part)


def test_a_full_log_loses_nothing(monkeypatch):
    """Every cell spikes in every step or two, and the log has room for two steps."""
    monkeypatch.setattr(run, "LOG_STEPS", 2)
    monkeypatch.setattr(run, "LEAST_LOG", 0)

    def build(on):
        on.setup(timestep=0.1)
        cells = on.Population(4, on.IF_curr_exp(i_offset=[2e3, 3e3, 4e3, 5e3], tau_refrac=0.1))
        cells.record("spikes")
        on.run(2.0)
        return [results_of(cells)]

    found, expected = on_both(build)
    assert_equal(found, expected)
    assert len(expected[0][0]["spikes"]) >= 40


def test_one_weight_or_delay_of_many_changes():
    """The engine's arrays are changed in place."""

    def build(on):
        on.setup(timestep=0.1)
        source = on.Population(3, on.SpikeSourceArray(spike_times=[0.2, 0.6, 1.1, 1.6]))
        cells = on.Population(3, on.IF_curr_exp())
        weights = np.linspace(0.1, 0.9, 9).reshape(3, 3)
        synapse = on.StaticSynapse(weight=weights, delay=weights)
        projection = on.Projection(source, cells, on.AllToAllConnector(), synapse)
        cells.record("isyn_exc")
        for place in (None, 4, 7):
            if place is not None:
                projection[place].weight = 0.01 * place
                projection[place + 1].delay = 0.1 * place
            on.run(1.0)
        on.reset()
        on.run(1.0)
        return [results_of(cells)]

    assert_equal(*on_both(build))


@pytest.mark.parametrize("name", SYNAPSES[1:])
def test_synapses_that_change_with_each_spike(name):
    """Of sources that spike twice in a step, too."""

    def build(on):
        on.setup(timestep=0.1, rng_seed=5)
        times = [0.2, 0.6, 0.61, 1.1, 1.7, 2.3], [0.3, 1.9], [0.45, 0.46, 0.47, 2.0]
        source = on.Population(3, on.SpikeSourceArray(spike_times=[Sequence(each) for each in times]))
        cells = on.Population(4, on.IF_curr_exp(i_offset=[0.0, 1.0, 2e3, 0.0]))
        synapse = getattr(on, name)(weight=0.5, delay=np.linspace(0.1, 0.9, 12).reshape(3, 4))
        on.Projection(source, cells, on.AllToAllConnector(), synapse)
        on.Projection(cells, cells, on.AllToAllConnector(), getattr(on, name)(weight=0.1, delay=0.3))
        cells.record(["spikes", "isyn_exc"])
        on.run(1.5)
        on.run(1.5)
        return [results_of(cells)]

    found, expected = on_both(build)
    assert_equal(found, expected)
    assert np.ptp(expected[0][0]["isyn_exc"]) > 0.3


def plastic_types():
    """Synapse types whose weights change with the spikes of both cells, by name: functions of the package."""
    from equation_models import STDP, synapse_type

    pair, vogels = {"A_plus": 0.2, "A_minus": 0.1}, {"eta": 0.003}
    bounds = {"w_min": 0.05, "w_max": 1.0}

    def mechanism(rule, parameters, dependence):
        return lambda on, **arguments: on.STDPMechanism(
            getattr(on, rule)(**parameters), getattr(on, dependence)(**bounds), **arguments
        )

    def native(name, **parameters):
        def make(on, **arguments):
            arguments = {key: value for key, value in arguments.items() if key != "dendritic_delay_fraction"}
            return on.native_synapse_type(name)(**(arguments | parameters))

        return make

    return {
        "additive": mechanism("SpikePairRule", pair, "AdditiveWeightDependence"),
        "multiplicative": mechanism("SpikePairRule", pair, "MultiplicativeWeightDependence"),
        "Guetig": mechanism("SpikePairRule", pair, "GutigWeightDependence"),
        "Vogels": mechanism("Vogels2011Rule", vogels, "AdditiveWeightDependence"),
        "triplets": native("stdp_triplet_synapse", weight=500.0, Wmax=900.0),
        "NEST's pairs": native("stdp_synapse", weight=500.0, Wmax=900.0),
        "equations": lambda on, weight, **arguments: synapse_type(STDP)(
            w=weight, A_plus=0.2, A_minus=0.1, **arguments
        ),
    }


def plastic_network(on, make, fraction, delay):
    """A projection from a source, some of whose cells spike seldom, or twice in a step, onto cells that spike
    every third step or so; another one between these; a silent source, so that histories are used up."""
    on.setup(timestep=0.1, rng_seed=5)
    times = [0.2, 0.6, 0.61, 1.1, 1.7, 2.3, 4.5, 6.0], [], [0.45, 0.46, 0.47, 2.0, 5.9]
    source = on.Population(3, on.SpikeSourceArray(spike_times=[Sequence(each) for each in times]))
    cells = on.Population(4, on.IF_curr_exp(i_offset=[0.0, 100.0, 900.0, 1.0], tau_refrac=0.1))
    options = {"dendritic_delay_fraction": fraction, "delay": delay}
    projections = [
        on.Projection(source, cells, on.AllToAllConnector(), make(on, weight=0.5, **options)),
        on.Projection(cells, cells[1:], on.AllToAllConnector(), make(on, weight=0.1, **options)),
    ]
    cells.record(["spikes", "isyn_exc"])
    return source, cells, projections


def weights_of(projections):
    return [projection.get("weight", "list") for projection in projections]


@of_phases
@pytest.mark.parametrize("name", plastic_types())
@pytest.mark.parametrize("fraction", [1.0, 0.0, 0.4])
def test_plastic_synapses(name, fraction):
    if fraction != 1.0 and name in ("triplets", "NEST's pairs"):
        pytest.skip("in NEST all of a delay is dendritic")

    def build(on):
        delay = np.linspace(0.1, 0.9, 12).reshape(3, 4) if fraction == 0.4 else 0.6
        make = plastic_types()[name]
        _, cells, projections = plastic_network(on, make, fraction, 0.6)
        more = make(on, weight=0.2, dendritic_delay_fraction=fraction, delay=delay)
        projections.append(on.Projection(projections[0].pre, cells, on.AllToAllConnector(), more))
        found = []
        for ms in (1.5, 2.0, 4.0):
            on.run(ms)
            found.append(weights_of(projections))
        return [results_of(cells)], found

    (found, weights), (expected, expected_weights) = on_both(build)
    assert_equal(found, expected)
    assert weights == expected_weights
    assert len({weight for _, _, weight in weights[-1][0]}) > 3
    assert max(np.bincount([int(cell) for _, cell in expected[0][0]["spikes"]])) > 32  # a history is full


@of_phases
@pytest.mark.parametrize("fraction", [1.0, 0.0, 0.4])
def test_rules_that_see_both_cells_and_draw(fraction):
    """Values of cells are those of the step in which a spike arrives, or after a spike of the target."""
    from equation_models import RELAY, RULE, cell_type, synapse_type

    def build(on):
        on.setup(timestep=0.1, rng_seed=5)
        times = [0.2, 0.6, 0.61, 1.1, 1.7, 2.3], [0.3, 1.9], [0.4, 0.5, 0.7, 2.0]
        source = on.Population(3, on.SpikeSourceArray(spike_times=[Sequence(each) for each in times]))
        relays, cells = (on.Population(3, cell_type(RELAY)(gain=[0.5, 1.0, 1.5])) for _ in range(2))
        for target, delay in ((relays, 0.1), (cells, 0.4)):
            drive = on.StaticSynapse(weight=1.0, delay=delay)
            on.Projection(source, target, on.OneToOneConnector(), drive, receptor_type="drive")
        rule = synapse_type(RULE)(w=0.25, delay=0.7, dendritic_delay_fraction=fraction, noise=0.1)
        plastic = on.Projection(relays, cells, on.AllToAllConnector(), rule, receptor_type="other")
        cells.record(["spikes", "v", "got"])
        on.run(1.5)
        on.run(2.0)
        return [results_of(cells)], weights_of([plastic])

    (found, weights), (expected, expected_weights) = on_both(build)
    assert_equal(found, expected)
    assert weights == expected_weights
    assert len({weight for _, _, weight in weights[0]}) > 5


@of_phases
@pytest.mark.parametrize("fraction", [1.0, 0.0])
def test_plastic_synapses_of_sources_that_count(fraction):
    """Their spikes, several in a step, are listed for plastic synapses alone."""

    def build(on):
        on.setup(timestep=0.1, rng_seed=3)
        source = on.Population(3, on.SpikeSourcePoisson(rate=8_000.0))
        cells = on.Population(3, on.IF_curr_exp(i_offset=5.0))
        synapse = plastic_types()["additive"](on, weight=0.3, delay=0.4, dendritic_delay_fraction=fraction)
        plastic = on.Projection(source, cells, on.AllToAllConnector(), synapse)
        cells.record(["spikes", "isyn_exc"])
        on.run(1.0)
        on.run(1.5)
        return [results_of(cells)], weights_of([plastic])

    (found, weights), (expected, expected_weights) = on_both(build)
    assert_equal(found, expected)
    assert weights == expected_weights
    assert np.ptp(expected[0][0]["isyn_exc"]) > 1.0


def shorter(on, source, cells, projections):
    """Spikes that were emitted before arrive together with, and after, those that are emitted now."""
    projections[0].set(delay=0.2)
    projections[1].set(delay=0.1)


PLASTIC_CHANGES = {
    "weights": lambda on, source, cells, projections: projections[0].set(weight=0.25),
    "one weight": lambda on, source, cells, projections: setattr(projections[0][5], "weight", 0.75),
    "shorter delays": shorter,
    "longer delays": lambda on, source, cells, projections: projections[0].set(delay=1.3),
    "fraction": lambda on, source, cells, projections: projections[0].set(dendritic_delay_fraction=0.8),
    "a parameter": lambda on, source, cells, projections: projections[0].set(
        tau_plus=[5.0 + k for k in range(12)]
    ),
    "the rates": lambda on, source, cells, projections: [
        p.set(tau_plus=5.0, tau_minus=9.0) for p in projections
    ],
    "cells": lambda on, source, cells, projections: cells[:2].set(i_offset=[200.0, 5.0]),
    "state": lambda on, source, cells, projections: cells.initialize(v=-51.0),
    "spikes": lambda on, source, cells, projections: source.set(spike_times=[2.0, 2.4, 3.3]),
    "reset": lambda on, source, cells, projections: on.reset(),
    "another projection": lambda on, source, cells, projections: projections.append(
        on.Projection(
            source,
            cells,
            on.OneToOneConnector(),
            plastic_types()["multiplicative"](on, weight=0.3, dendritic_delay_fraction=0.0, delay=0.5),
        )
    ),
}


@of_phases
@pytest.mark.parametrize("fraction", [1.0, 0.0, 0.4])
@pytest.mark.parametrize("name", PLASTIC_CHANGES)
def test_plastic_synapses_when_something_changes(name, fraction, monkeypatch):
    monkeypatch.setattr(kernel.BlockManager, "run", in_turn(True))
    monkeypatch.setattr(launching, "MOST_ROWS", 9)

    def build(on):
        source, cells, projections = plastic_network(on, plastic_types()["additive"], fraction, 0.7)
        on.run(1.2)
        PLASTIC_CHANGES[name](on, source, cells, projections)
        on.run(1.0)
        found = [weights_of(projections)]
        on.run(1.0)
        return [results_of(cells)], [*found, weights_of(projections)]

    (found, weights), (expected, expected_weights) = on_both(build)
    assert_equal(found, expected)
    assert weights == expected_weights


def test_models_from_equations():
    from equation_models import EVERYTHING, IZHIKEVICH, cell_type

    def build(on):
        on.setup(timestep=0.1)
        cells = on.Population(3, cell_type(IZHIKEVICH)(i_offset=[0.0, 0.01, 0.05]))
        cells.record(["spikes", "v", "u"])
        on.run(4.0)
        return [results_of(cells)]

    found, expected = on_both(build)
    assert_equal(found, expected)
    sim.setup(timestep=0.1, device="gpu")
    sim.Population(3, cell_type(EVERYTHING)())
    with pytest.raises(DeviceError, match="what their variables were.*device='cpu'"):
        sim.run(1.0)


def test_the_cell_that_fails_is_named_and_what_was_recorded_is_kept():
    def build(on):
        on.setup(timestep=0.1)
        cells = on.Population(4, on.IF_cond_exp(), label="cells")
        cells.record("v")
        cells[2:].set(i_offset=[0.0, -1e299])
        on.run(0.5)
        cells[2:3].set(i_offset=-1e304)
        with pytest.raises(NumericalError, match="finite number") as caught:
            on.run(1.0)
        return str(caught.value), results_of(cells)

    (message, found), (expected_message, expected) = on_both(build)
    assert message == expected_message
    assert_equal([found], [expected])


@pytest.mark.parametrize(
    "what", ["gap junctions", "graded connections", "recording from synapses", "profile"]
)
def test_what_is_not_there_is_refused_at_once(what):
    sim.setup(device="gpu")
    cells = sim.Population(3, sim.IF_cond_exp(), label="cells")
    with pytest.raises((DeviceError, ValueError), match="device='cpu'"):
        if what == "gap junctions":
            sim.Projection(cells, cells, sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.001))
        elif what == "graded connections":
            from test_graded import RELAY

            units = sim.Population(3, RELAY())
            sim.Projection(units, units, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0))
        elif what == "profile":
            sim.setup(device="gpu", profile=True)
        else:
            synapse = sim.TsodyksMarkramSynapse()
            sim.Projection(cells, cells, sim.AllToAllConnector(), synapse).record("x")


def test_a_card_without_room_is_said_so_before_anything_is_lost(monkeypatch):
    sim.setup(device="gpu")
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=2.0))
    cells.record("spikes")
    sim.run(20.0)
    before = results_of(cells)

    def full(needed):
        raise TooLarge("the network needs more of the card's memory")

    monkeypatch.setattr(cards, "check_room", full)
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))
    with pytest.raises(TooLarge, match="needs more"):
        sim.run(1.0)
    assert results_of(cells) == before
    monkeypatch.undo()
    sim.run(20.0)
    assert len(results_of(cells)[0]["spikes"]) > len(before[0]["spikes"])


def test_records_to_files(tmp_path):
    def build(on):
        on.setup(timestep=0.1, record_to=str(tmp_path / on.device))
        cells = on.Population(3, on.IF_curr_exp(i_offset=2.0))
        cells.record(["spikes", "v"])
        for _ in range(3):
            on.run(5.0)
        return [results_of(cells)]

    assert_equal(*on_both(build))


def test_auto_takes_a_card_for_large_networks(capsys, monkeypatch):
    from pyNN_fastsim import devices

    for least, where in ((10, "the CPU: the network is small, 3 cells"), (1, "the GPU (simulated by Numba)")):
        monkeypatch.setattr(devices, "WORTHWHILE", least)
        sim.setup(device="auto")
        sim.Population(3, sim.IF_curr_exp(i_offset=2.0))
        sim.run(1.0)
        sim.run(1.0)
        assert capsys.readouterr().err.count(f"device='auto' takes {where}") == 1
