"""What processes tell each other between steps: long messages, and that one of them can't go on."""

import pytest
from test_mpi import in_processes, needs_mpi

pytestmark = [pytest.mark.compiles, needs_mpi]

DIGEST = """
import hashlib
data = [population.get_data().segments[0] for population in (sources, cells)]
if rank == 0:
    found = hashlib.sha256()
    for segment in data:
        for signal in (*segment.spiketrains, *segment.analogsignals):
            found.update(np.ascontiguousarray(signal.magnitude).tobytes())
    print(found.hexdigest(), sum(len(train) for train in data[1].spiketrains) > 500)
"""


@pytest.mark.parametrize("delay", [0.1, 0.4])
def test_messages_and_recordings_that_are_long_at_times(delay):
    """All sources spike in every step for a while, then few do: messages longer than what all exchange at
    once, and more spikes than are kept until the end of a piece."""
    script = f"""
often = np.concatenate([np.arange(0.1, 15.0, 0.1), [20.0]])
sources = sim.Population(150, sim.SpikeSourceArray(
    spike_times=[often if k % 3 else often[50:] for k in range(150)]))
cells = sim.Population(99, sim.IF_curr_exp(tau_refrac=0.1))
sources.record('spikes')
cells.record(['spikes', 'v'])
connector = sim.FixedProbabilityConnector(0.3, rng=NumpyRNG(seed=3))
sim.Projection(sources, cells, connector, sim.StaticSynapse(weight=0.05, delay={delay}))
sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=-0.01, delay=0.7))
sim.run(30.0)
exchange = sim.simulator.state.network.exchange
assert exchange is None or exchange.n_bytes > 4 * 64 * exchange.size * exchange.n_exchanges
"""
    alone = in_processes(script + DIGEST, None)
    assert alone[0].endswith("True") and in_processes(script + DIGEST, 3) == alone


STOPS = """
import signal
cells = sim.Population(40, sim.IF_curr_exp(i_offset=1.5, tau_refrac=0.5))
cells.record('spikes')
sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.001, delay=0.7))
sim.run(10.0)
{happens}
try:
    sim.run({time})
except BaseException as error:
    trains = cells.get_data(gather=False).segments[0].spiketrains
    steps = [int(round(10 * float(t))) for train in trains for t in train]
    step = sim.simulator.state.network.step
    assert 0 < max(steps) <= step, (max(steps), step)
    print(step, rank, type(error).__name__)
"""


def stopped(happens, time):
    """What three processes say when one of them can't go on: {rank: name of the error}, and the step."""
    lines = [line.split() for line in in_processes(STOPS.format(happens=happens, time=time), 3)]
    assert len({step for step, _, _ in lines}) == 1, lines
    return {rank: name for _, rank, name in lines}, int(lines[0][0])


def test_all_stop_at_the_step_where_a_state_is_not_finite():
    current = (
        "for _ in range(3):\n"
        "    sim.StepCurrentSource(times=[25.2], amplitudes=[-1e308]).inject_into(cells[20:21])"
    )
    errors, step = stopped(current, 100.0)
    assert errors["0"] == errors["2"] == "OtherProcessFailed" and errors["1"] != "OtherProcessFailed"
    assert step == 253


def test_all_stop_at_the_step_where_one_is_interrupted():
    alarm = """
def ring(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, ring)
if rank == 2:
    signal.setitimer(signal.ITIMER_REAL, 0.5)
"""
    errors, step = stopped(alarm, 1e7)
    assert errors == {"0": "OtherProcessFailed", "1": "OtherProcessFailed", "2": "KeyboardInterrupt"}
    assert 100 < step < 1e8


GRADED = """
sources = sim.Population(7, sim.LeakyIntegrator(B=0.5))
grows = sim.Neuron(parameters={{'B': 0.1}}, equations='dr/dt = B * r + sum(exc)', name='Grows')
units = sim.Population(7, grows)
units.initialize(r=1.0)
units.record('r')
sim.Projection(sources, units, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01, delay={delay}))
sim.run(10.0)
exchange = sim.simulator.state.network.exchange
assert exchange.period == 1 + int(10 * {delay}), exchange.period
for cell in units:
    if int(cell) == int(units.all_cells[6]):
        cell.B = 1e4
try:
    sim.run(100.0)
except BaseException as error:
    samples = units.get_data(gather=False).segments[0].analogsignals
    print(len(samples[0]) - 1, sim.simulator.state.network.step, rank, type(error).__name__)
"""


@pytest.mark.parametrize("delay", [0.0, 0.4])
def test_all_stop_where_a_graded_unit_is_not_finite(delay):
    lines = [line.split() for line in in_processes(GRADED.format(delay=delay), 3)]
    assert len(lines) == 3 and {name for *_, name in lines} == {"OtherProcessFailed", "NumericalError"}
    assert len({(rows, step) for rows, step, *_ in lines}) == 1, lines


PIECES = """
import hashlib
from pyNN_fastsim.engine.synapses import arrival, drawn
arrival.LONG = 0.2
drawn.FEWEST, drawn.NARROWEST, drawn.LONGEST = 1, 1, 4
rng = sim.NativeRNG(seed=5)
cells, others = sim.Population(50, sim.IF_curr_exp()), sim.Population(37, sim.IF_curr_exp())
weight = sim.RandomDistribution('normal_clipped', (0.1, 0.05, 0.0, np.inf), rng=rng)
delay = sim.RandomDistribution('uniform', (0.3, 2.0), rng=rng)
connectors = [sim.AllToAllConnector(allow_self_connections=False)]
for options in ({}, {'with_replacement': True}):
    connectors += [
        sim.FixedNumberPreConnector(11, allow_self_connections=False, rng=rng, **options),
        sim.FixedNumberPostConnector(41, allow_self_connections=False, rng=rng, **options)]
connectors += [sim.FixedTotalNumberConnector(900, with_replacement=True, rng=rng),
               sim.FixedProbabilityConnector(0.3, rng=rng)]
found = []
for connector in connectors:
    for target, synapse in ((cells, sim.StaticSynapse(weight=weight, delay=delay)),
                            (others, sim.StaticSynapse(weight=weight, delay=0.4))):
        projection = sim.Projection(cells, target, connector, synapse, receptor_type='excitatory')
        group = projection._groups[0].synapses
        begin, end = projection._groups[0].network.own_cells(target.size)
        assert np.all((group.targets >= begin) & (group.targets < end))
        whole = projection.get(['weight', 'delay'], 'list', gather='all')
        assert len(whole) == projection.size()
        found += [len(whole), hashlib.sha256(repr(whole).encode()).hexdigest()]
kinds = {type(group).__name__ for group in sim.simulator.state.network.groups}
assert kinds == {'SynapseGroup', 'ArrivalGroup'}
sim.run(1.0)
if rank == 0:
    print(*found)
"""


@pytest.mark.parametrize("n", [2, 3])
def test_a_native_generator_draws_the_same_network_in_parts(n):
    assert in_processes(PIECES, n) == in_processes(PIECES, None)


def test_what_only_a_run_needs_is_there_for_own_cells_alone():
    in_processes(
        """
cells = sim.Population(9, sim.IF_curr_exp(i_offset=np.linspace(0.5, 1.5, 9), tau_m=12.0))
cells.initialize(v=np.linspace(-64.0, -60.0, 9))
cells.record('v')
for _ in range(2):
    sim.run(5.0)
    block, mine = cells._block, np.flatnonzero(cells._mask_local)
    varied = [value for value in block.constants if np.ndim(value)]
    others = np.setdiff1d(np.arange(9), mine)
    assert varied and not any(np.any(value[others]) for value in (*varied, block.state['v']))
    assert all(np.all(value[mine]) for value in (*varied, block.state['v']))
    sim.reset()
""",
        2,
    )
