"""
What networks of graded units give in many situations, as `mpi_scenarios.py` does for others.

    mpirun -n 2 python mpi_graded_scenarios.py THREADS FOLDER [NAMES]
"""

import hashlib
import sys

import mpi_scenarios
import numpy as np
from mpi_scenarios import FOLDER, THREADS, add_data, digest, files_in, setup, some, uniform

import pyNN_fastsim as sim

BCM = sim.Synapse(
    parameters={"eta": 0.001, "tau": sim.Parameter(50.0, "global")},
    equations="""
        tau * dtheta/dt + theta = post.r^2 : postsynaptic, exponential
        dw/dt = eta * post.r * (post.r - theta) * pre.r : min = 0
    """,
    name="BCM",
)
REWARDED = sim.Synapse(
    parameters={"eta": 0.1, "phase": sim.Parameter(0.0, "global"), "error": sim.Parameter(0.0, "global")},
    equations="""
        trace += if phase < 0.5: power(pre.r * post.v, 3) else: 0.0
        w += if phase > 0.5: eta * trace * error else: 0.0
    """,
    name="Rewarded",
)
POOLED = sim.Neuron(
    parameters={"tau": 10.0, "B": 0.0},
    equations="""
        tau * dv/dt + v = sum(exc) + B + 0.1 * mean(r) - 0.05 * max(r) + 0.01 * min(r) + 0.02 * norm1(r)
            - 0.03 * norm2(r)
        r = pos(v)
    """,
    name="PooledUnit",
)
EVERYONE = sim.AllToAllConnector()


def period():
    """Steps between exchanges; 0 in one process."""
    exchange = sim.simulator.state.network.exchange
    return exchange.period if exchange else 0


def units(n=23, m=17, **parameters):
    """Sources and targets of graded connections."""
    sources = sim.Population(n, sim.LeakyIntegrator(B=uniform(0.1, 1.0)), label="sources")
    targets = sim.Population(m, sim.LeakyIntegrator(**parameters), label="targets")
    sources.record("r")
    targets.record(["r", "v"])
    return sources, targets


def recorded(*projections):
    """Of what has been recorded of connections."""
    found = hashlib.sha256()
    for projection in projections:
        everything, own = projection.get_data(), projection.get_data(gather=False)
        assert own.segments[0].analogsignals[0].shape[1] == len(projection)
        add_data(found, everything)
    return found.hexdigest()


# --- rates and spikes ---------------------------------------------------------------------------------------


def rates_and_spikes():
    setup(rng_seed=5)
    signal = sim.Population(2, sim.Neuron(equations="r = 20 + 10 * sin(0.05 * t)", name="Signal"))
    noise = sim.Population(50, sim.SpikesFromRate(rate=5.0))
    cells = sim.Population(31, sim.IF_cond_exp(i_offset=0.2), label="cells")
    rates = sim.Population(3, sim.LeakyIntegrator(tau=5.0))
    sim.Projection(signal, noise, EVERYONE, sim.StaticSynapse(weight=uniform(0.5, 2.0)))
    sim.Projection(noise, cells, some(), sim.StaticSynapse(weight=0.002, delay=0.7))
    sim.Projection(signal, cells, EVERYONE, sim.StaticSynapse(weight=0.01, delay=0.4))
    back = sim.RateFromSpikes(weight=1.0 / 31, tau=20.0, delay=0.3)
    back = sim.Projection(cells, rates, sim.FixedProbabilityConnector(0.7, rng=sim.NumpyRNG(seed=1)), back)
    sim.Projection(rates, cells, EVERYONE, sim.StaticSynapse(weight=0.001, delay=0.2))
    current = sim.NoisyCurrentSource(mean=0.1, stdev=0.1, dt=1.0)
    current.inject_into(cells[10:30])
    for population in noise, cells:
        population.record("spikes")
    cells.record("v")
    rates.record("r")
    sim.run(20.0)
    back.set(tau=10.0)
    sim.run(10.05)
    sim.reset()
    sim.run(8.0)
    return digest(noise.get_data, cells, rates.get_data, back)


def inputs_over_time():
    setup()
    pictures = np.random.default_rng(2).uniform(0.0, 1.0, (4, 3, 5))
    pixels = sim.Population((5, 3), sim.TimedArray(rates=pictures, schedule=3.0, period=12.0))
    noise = sim.Population(40, sim.TimedPoisson(rates=[2000.0, 90.0], schedule=[0.0, 4.0], period=10.0))
    trains = sim.Population(9, sim.HomogeneousCorrelatedSpikeTrains(rates=900.0, corr=0.5, tau=5.0))
    targets = sim.Population(7, sim.LeakyIntegrator())
    sim.Projection(pixels, targets, some(0.6), sim.Oja(weight=uniform(0.0, 0.3), eta=0.05))
    sim.Projection(noise, targets, EVERYONE, sim.RateFromSpikes(weight=1e-5, tau=5.0))
    sim.Projection(trains, targets, some(), sim.RateFromSpikes(weight=1e-5, tau=9.0, delay=1.0))
    seen = []

    @sim.every(2.5, offset=1.0)
    def brighter(t):
        seen.append(t)
        targets.set(B=0.01 * t)

    pixels.record("r")
    targets.record("r")
    noise.record("spikes")
    trains.record("spikes")
    sim.run(13.0)
    sim.run(12.0)
    return digest(pixels.get_data, targets.get_data, noise, trains, seen)


# --- learning -----------------------------------------------------------------------------------------------


def learning_rules():
    setup()
    sources, targets = units()
    rules = [
        sim.Hebb(weight=uniform(0.0, 0.05), eta=0.001),
        sim.Oja(weight=0.02, eta=0.01, delay=0.5),
        sim.IBCM(weight=uniform(0.0, 0.05), eta=uniform(0.001, 0.01), tau=30.0),
        BCM(w=uniform(0.0, 0.05), delay=uniform(0.0, 1.0)),
    ]
    projections = [
        sim.Projection(sources, targets, EVERYONE if k % 2 else some(), rule) for k, rule in enumerate(rules)
    ]
    for projection in projections:
        projection.record("all", sampling_interval=1.0)
    sim.run(5.0)
    for projection in projections:
        projection.disable_learning()
    sim.run(2.0)
    for projection in projections:
        projection.enable_learning(period=0.5, offset=0.2)
    sim.run(4.05)
    kept = recorded(*projections)
    projections[1].save("connections", f"{FOLDER}/weights{sim.num_processes()}.txt")
    sim.run(0.0)  # until it is there
    connector = sim.FromFileConnector(f"{FOLDER}/weights{sim.num_processes()}.txt")
    again = sim.Projection(sources, targets, connector, sim.Oja(eta=0.02))
    arrays = again.get("weight", "array", gather="all")
    sim.run(3.0)
    sim.reset()
    sim.run(2.0)
    return digest(sources.get_data, targets.get_data, kept, arrays, *projections, again)


def reward():
    setup()
    sources, targets = units()
    projection = sim.Projection(sources, targets, EVERYONE, REWARDED(w=uniform(0.0, 0.1)))
    projection.record("all")
    for trial in range(3):
        sim.run(3.0)
        error = 0.01 * float(np.sum(targets.get("B", gather=True))) + trial
        projection.set(phase=1.0, error=error)
        sim.run(0.1)
        projection.set(phase=0.0)
        projection.initialize(trace=0.0)
        projection.initialize(trace=np.linspace(0.0, 0.1, 23 * 17).reshape(23, 17))
    return digest(targets.get_data, projection, recorded(projection))


def long_delays_and_learning():
    """Exchanged rarely; what is summed ahead of time."""
    setup()
    sources, targets = units(71, 40)
    learning = sim.Projection(sources, targets, some(), sim.Oja(weight=0.01, delay=2.0))
    ahead = sim.Projection(
        sources, targets, EVERYONE, sim.StaticSynapse(weight=uniform(0.0, 0.02), delay=uniform(1.3, 5.0))
    )
    back = sim.Projection(targets, sources, some(), sim.StaticSynapse(weight=-0.001, delay=1.0))
    sim.run(10.0)
    assert period() in (0, 7)
    ahead.set(delay=uniform(0.8, 4.0))
    sim.run(3.0)
    assert period() in (0, 2)
    ahead.set(delay=4.0, weight=0.01)
    sim.run(3.0)
    assert period() in (0, 11)
    for connection in ahead.connections:
        if connection.postsynaptic_index == 39 and connection.presynaptic_index == 5:
            connection.delay = 6.0
    learning.set(delay=0.0)
    sim.run(3.03)
    sim.reset()
    learning.set(delay=3.0)
    sim.run(6.0)
    return digest(sources.get_data, targets.get_data, learning, ahead, back)


# --- populations --------------------------------------------------------------------------------------------


def what_all_cells_have_in_common():
    setup()
    many, few = sim.Population(41, POOLED(B=uniform(-0.5, 1.0))), sim.Population(2, POOLED(B=0.3))
    many.initialize(v=uniform(0.0, 1.0, 4))
    sim.Projection(many, few, EVERYONE, sim.StaticSynapse(weight=0.01, delay=1.0))
    many.record(["v", "r"])
    few.record("v")
    sim.run(7.0)
    for cell in many:
        if int(cell) - int(many.first_id) in (5, 40):
            cell.set_initial_value("v", 1.5)
    many[3:9].set(B=0.1)
    sim.run(7.0)
    sim.reset()
    sim.run(3.0)
    return digest(many.get_data, few.get_data)


def regions_of_a_brain():
    setup(rng_seed=3)
    strengths, lengths = sim.example_connectome(20)
    nodes = sim.Population(20, sim.WilsonCowan(exc_ext=0.6, sigma_ou=0.1))
    sim.Projection(nodes, nodes, sim.ConnectomeConnector(strengths, lengths), sim.StaticSynapse())
    diffusive = sim.Population(20, sim.Hopf(sigma_ou=0.05))
    sim.Projection(diffusive, diffusive, sim.ConnectomeConnector(strengths, lengths), sim.DiffusiveCoupling())
    for cells in nodes, diffusive:
        cells.record(cells.celltype.model.transmits)
    sim.run(30.0)
    assert period() == 0 or period() > 1
    sim.run(20.0)
    found = nodes.get_data()
    bold = sim.balloon_windkessel(found.segments[0].analogsignals[0], sampling_interval=1.0)
    connectivity = sim.functional_connectivity(bold)
    return digest(diffusive.get_data, np.asarray(bold.magnitude), connectivity)


def noise_of_units():
    setup(rng_seed=4)
    cells = [
        sim.Population(13, celltype(mu=0.2, sigma=0.3)) for celltype in (sim.lin_rate_ipn, sim.tanh_rate_opn)
    ]
    sim.Projection(cells[0], cells[1], some(), sim.StaticSynapse(weight=uniform(-0.2, 0.3)))
    sim.Projection(cells[1], cells[0], sim.OneToOneConnector(), sim.StaticSynapse(weight=0.2, delay=0.3))
    for each in cells:
        each.record("rate")
    sim.run(9.0)
    return digest(*(each.get_data for each in cells))


# --- what changes -------------------------------------------------------------------------------------------


def single_connections():
    """Of which only one process has each; one weight for all or one for each is summed otherwise."""
    setup()
    sources, targets = units(50, 30)
    alike = sim.Projection(sources, targets, some(0.8), sim.StaticSynapse(weight=0.01))
    own = sim.Projection(sources, targets, EVERYONE, sim.StaticSynapse(weight=uniform(0.0, 0.01)))
    pairs = sim.Projection(sources[:9], targets[4:13], sim.OneToOneConnector(), sim.StaticSynapse(weight=0.5))
    views = sim.Projection(
        sources[3:] + sources[:3],
        targets[5:9] + sources,
        some(0.3),
        sim.StaticSynapse(weight=uniform(0.0, 0.01)),
    )
    sim.run(3.0)
    for connection in alike.connections:
        if connection.postsynaptic_index == 29 and connection.presynaptic_index % 7 == 3:
            connection.weight = 0.02
    sim.run(3.0)
    alike.set(weight=0.01)
    sim.run(1.0)
    for connection in alike.connections:
        if connection.postsynaptic_index == 4 and connection.presynaptic_index % 7 == 3:
            connection.weight = 0.03
            connection.weight = 0.01  # as all have, but from now on each has one of its own
    own.set(weight=np.full((50, 30), 0.003))
    for connection in pairs.connections:
        if connection.postsynaptic_index == 2:
            connection.delay = 0.4
    sim.run(3.0)
    sim.reset()
    sim.run(3.0)
    for post in range(30):
        alike._convergent_connect(np.array([20, 3, post]), post, weight=0.02, delay=0.5)
    sim.run(3.0)
    sizes = alike.size(), own.size(), len(pairs.get("weight", "list", gather="all"))
    return digest(sources.get_data, targets.get_data, alike, own, pairs, views, sizes)


def recordings_on_disk():
    folder = f"{FOLDER}/graded{sim.num_processes()}"
    setup(record_to=folder)
    sources, targets = units()
    learning = sim.Projection(sources, targets, some(), BCM(w=uniform(0.0, 0.05)))
    learning.record("all")
    sim.run(7.0)
    sim.run(3.0)
    kept = digest(sources.get_data, targets.get_data, learning, recorded(learning))
    sim.run(0.1)  # until all have written theirs
    return digest(kept, files_in(folder) if sim.rank() == 0 else [])


SCENARIOS = [
    rates_and_spikes,
    inputs_over_time,
    learning_rules,
    reward,
    long_delays_and_learning,
    what_all_cells_have_in_common,
    regions_of_a_brain,
    noise_of_units,
    single_connections,
    recordings_on_disk,
]

if __name__ == "__main__":
    assert THREADS > 0
    mpi_scenarios.SCENARIOS[:] = SCENARIOS
    mpi_scenarios.main(sys.argv[3:])
