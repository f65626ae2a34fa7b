"""
What a simulation gives in many situations, a line for each: a script that `test_mpi.py` runs with and without
mpirun, whose lines must be the same.

    mpirun -n 2 python mpi_scenarios.py THREADS FOLDER [NAMES]
"""

import hashlib
import os
import sys

import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution

import pyNN_fastsim as sim
from pyNN_fastsim.engine import preparation

THREADS, FOLDER = int(sys.argv[1]), sys.argv[2]


def setup(**arguments):
    sim.setup(timestep=0.1, threads=THREADS, **arguments)


def uniform(low, high, seed=8):
    return RandomDistribution("uniform", (low, high), rng=NumpyRNG(seed=seed))


def two_populations(n=23, m=17):
    """Sources that spike, and their targets."""
    cells = sim.Population(n, sim.IF_curr_exp(i_offset=uniform(1.0, 1.6)), label="cells")
    others = sim.Population(m, sim.IF_cond_exp(i_offset=0.3), label="others")
    cells.record(["spikes", "v"])
    others.record(["spikes", "v"])
    return cells, others


def some(p=0.5, seed=3):
    return sim.FixedProbabilityConnector(p, rng=NumpyRNG(seed=seed))


def digest(*things):
    """Of populations (data and counts), projections (values), functions that give data, arrays and lists."""
    found = hashlib.sha256()
    for thing in things:
        if isinstance(thing, sim.Projection):
            names = thing.synapse_type.get_parameter_names()
            found.update(repr((thing.size(), thing.get(names, "list"))).encode())
        elif callable(thing):
            add_data(found, thing())
        elif hasattr(thing, "get_data"):
            add_data(found, thing.get_data())
            found.update(repr(thing.get_spike_counts()).encode())
        elif isinstance(thing, np.ndarray):
            found.update(np.ascontiguousarray(thing).tobytes())
        else:
            found.update(repr(thing).encode())
    return found.hexdigest()


def add_data(found, block):
    for segment in block.segments:
        for train in segment.spiketrains:
            found.update(repr((float(train.t_start), float(train.t_stop), train.annotations)).encode())
            found.update(train.magnitude.tobytes())
        for signal in segment.analogsignals:
            found.update(repr((signal.name, signal.shape, float(signal.t_start))).encode())
            found.update(np.ascontiguousarray(signal.magnitude).tobytes())
            for name, values in sorted(signal.array_annotations.items()):
                found.update(repr((name, np.asarray(values).tolist())).encode())


# --- what was refused in the beginning ---------------------------------------------------------------------


def gap_junctions():
    setup()
    cells, others = two_populations()
    junctions = sim.Projection(cells, others, some(), sim.ElectricalSynapse(weight=uniform(0.0005, 0.002)))
    ring = sim.FromListConnector([(k, (k + 1) % 23) for k in range(23)] + [(0, 1), (3, 2)])
    ring = sim.Projection(cells, cells, ring, sim.ElectricalSynapse(weight=0.002))
    sim.Projection(cells, others, some(), sim.StaticSynapse(weight=0.004, delay=0.7))
    sim.run(17.0)
    others.initialize(v=-65.0)  # as in the beginning
    ring.set(weight=uniform(0.001, 0.003))
    sim.run(0.1)
    for connection in junctions.connections:
        if connection.presynaptic_index == 4:
            connection.weight = 0.003
    for cell in cells:
        if int(cell) - int(cells.first_id) in (5, 19):
            cell.set_initial_value("v", -70.0)
    sim.run(20.0)
    sim.reset()
    sim.run(3.0)
    more = sim.Projection(cells[3:9], others, some(), sim.ElectricalSynapse(weight=0.001))
    sim.run(7.0)
    return digest(cells, others, junctions, ring, more)


def delays_change(delays=lambda: uniform(0.4, 0.9), plastic=False):
    setup()
    cells, others = two_populations(90, 60)
    weight = uniform(0.001, 0.003)
    synapse = sim.StaticSynapse(weight=weight, delay=delays())
    if plastic:
        rule = sim.SpikePairRule(tau_plus=20.0), sim.AdditiveWeightDependence(w_max=0.1)
        synapse = sim.STDPMechanism(*rule, weight=weight, delay=delays(), dendritic_delay_fraction=0.4)
    one = sim.Projection(cells, others, some(0.95), synapse)
    two = sim.Projection(cells[10:40], others, some(0.5, 4), synapse)
    sim.run(15.0)
    for connection in one.connections:  # which only some processes have
        if connection.postsynaptic_index == 3:
            connection.weight = 0.004
            if connection.presynaptic_index == 7:
                connection.delay = 1.3
    sim.run(4.0)
    two.set(delay=0.5)
    sim.run(1.5)
    two.set(delay=uniform(0.3, 0.6), weight=0.002)
    third = sim.Projection(cells, others, some(0.9, 9), sim.StaticSynapse(weight=weight, delay=delays()))
    for connection in third.connections:
        if connection.postsynaptic_index == 59 and connection.presynaptic_index < 5:
            connection.delay = 0.2
    sim.run(5.0)
    delays = sim.get_min_delay(), sim.get_max_delay()
    sim.reset()
    sim.run(5.0)
    return digest(cells, others, one, two, third, delays)


def delays_of_plastic_synapses_change():
    return delays_change(plastic=True)


def one_delay_changes():
    return delays_change(lambda: 0.7)


def single_weights_of_counting_sources():
    setup()
    noise = sim.Population(40, sim.SpikeSourcePoisson(rate=20000.0))
    cells = sim.Population(40, sim.IF_curr_exp(), label="cells")
    cells.record(["v", "spikes"])
    projection = sim.Projection(
        noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=uniform(0.01, 0.02), delay=0.9)
    )
    more = sim.Projection(cells, cells, some(), sim.StaticSynapse(weight=uniform(0.1, 0.2), delay=0.2))
    for k in range(4):
        sim.run(5.05)
        for connection in projection.connections:
            if connection.postsynaptic_index == 10 * k:
                connection.weight = 0.03
        for connection in more.connections:
            if connection.postsynaptic_index == 39:
                connection.weight = 0.2 + 0.01 * k
    projection.set(delay=uniform(0.5, 0.9))
    sim.run(5.0)
    projection.set(delay=0.6)
    sim.run(5.0)
    return digest(cells, projection, more)


def recorded_connections():
    setup()
    cells, others = two_populations()
    rule = sim.STDPMechanism(
        sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=0.1), weight=0.01, delay=0.6
    )
    plastic = sim.Projection(cells, others, some(), rule)
    depressing = sim.Projection(cells, others, some(), sim.TsodyksMarkramSynapse(weight=0.01, delay=0.5))
    plastic.record("weight")
    depressing.record("all", sampling_interval=0.5)
    sim.run(20.0)
    plastic.write_data(f"{FOLDER}/plastic.pkl")
    plastic.write_data(f"{FOLDER}/own.pkl", gather=False)
    sim.reset()
    sim.run(5.0)
    found = hashlib.sha256()
    for projection in plastic, depressing:
        everything, own = projection.get_data(), projection.get_data(gather=False)
        assert own.segments[0].analogsignals[0].shape[1] == len(projection)
        add_data(found, everything)
    return digest(cells, plastic, depressing, found.hexdigest())


def connections_are_added():
    setup()
    cells, others = two_populations()
    rule = sim.STDPMechanism(
        sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=0.1), weight=0.01, delay=0.6
    )
    plastic = sim.Projection(cells, others, some(), rule)
    static = sim.Projection(cells, others, some(), sim.StaticSynapse(weight=0.01, delay=uniform(0.2, 1.0)))
    sim.run(10.0)
    for projection in plastic, static:
        for post in range(17):
            projection._convergent_connect(np.array([20, 3, post]), post, weight=0.02, delay=0.5)
    sim.run(10.0)
    some(0.2, 11).connect(static)
    sizes = plastic.size(), static.size()
    sim.run(10.0)
    sim.reset()
    sim.run(10.0)
    return digest(cells, others, plastic, static, sizes)


def cloned_and_read_connections():
    setup()
    cells, others = two_populations()
    first = sim.Projection(cells, others, some(), sim.StaticSynapse(weight=uniform(0.01, 0.02), delay=0.4))
    clone = sim.Projection(
        cells, others, sim.CloneConnector(first), sim.StaticSynapse(weight=uniform(0, 0.01))
    )
    first.save("connections", f"{FOLDER}/whole.txt")
    first.save("connections", f"{FOLDER}/parts.txt", gather=False)
    n = sim.num_processes()
    assert n == 1 or os.path.exists(f"{FOLDER}/parts.txt.{sim.rank()}")
    file, distributed = (f"{FOLDER}/parts.txt", True) if n > 1 else (f"{FOLDER}/whole.txt", False)
    sim.run(0.0)  # until all have written theirs
    connector = sim.FromFileConnector(file, distributed=distributed)
    read = sim.Projection(cells, others, connector, sim.StaticSynapse())
    sim.run(20.0)
    return digest(cells, others, first, clone, sorted(read.get(["weight", "delay"], "list")))


def values_from_iterators():
    setup()
    cells, others = two_populations()
    projection = sim.Projection(cells, others, some(), sim.StaticSynapse(weight=0.001, delay=0.4))
    n = projection.size()
    projection.set(weight=iter(np.linspace(0.001, 0.01, n)), delay=iter(0.1 + 0.1 * (np.arange(n) % 7)))
    sim.run(20.0)
    return digest(cells, others, projection)


# --- how spikes are delivered --------------------------------------------------------------------------


def groups_delivered_on_arrival(fraction=1.0):
    """Decided from whole projections; with a smaller fraction spikes wait in axons."""
    setup()
    rng, native = NumpyRNG(seed=8), sim.NativeRNG(seed=4)
    cells, others = sim.Population(90, sim.IF_curr_exp(i_offset=1.05)), sim.Population(60, sim.IF_curr_exp())
    cells.record("spikes")
    others.record("v")
    for generator, pre in ((native, cells), (rng, others)):
        weight = RandomDistribution("uniform", (0.01, 0.05), rng=generator)
        delay = RandomDistribution("uniform", (0.5, 0.9), rng=generator)
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        sim.Projection(pre, others, sim.FixedProbabilityConnector(0.95, rng=generator), synapse)
    assert "ArrivalGroup" in [type(group).__name__ for group in sim.simulator.state.network.groups]
    noise = sim.Population(60, sim.SpikeSourcePoisson(rate=9000.0))
    sim.Projection(noise, others, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.2, delay=0.1))
    times = RandomDistribution("uniform", (10, 20), rng=rng)
    rule = sim.STDPMechanism(
        sim.SpikePairRule(tau_plus=times), sim.AdditiveWeightDependence(w_max=0.3),
        weight=0.1, delay=0.7, dendritic_delay_fraction=fraction,
    )  # fmt: skip
    sim.Projection(cells, others, sim.FixedProbabilityConnector(0.3, rng=rng), rule)
    current = sim.NoisyCurrentSource(mean=0.1, stdev=0.1, dt=1.0)
    current.inject_into(others[10:30])
    projections = sim.simulator.state.projections
    sim.run(20.0)
    projections[0].set(weight=0.02)
    projections[3].set(tau_plus=np.where(np.arange(90 * 60).reshape(90, 60) % 60 < 9, 12.0, 11.0))
    sim.run(10.05)
    sim.reset()
    sim.run(5.0)
    exchange = sim.simulator.state.network.exchange
    assert exchange is None or exchange.period == (5 if fraction == 1.0 else 1)
    return digest(cells.get_data, others.get_data, *projections)


def spikes_that_wait_in_axons():
    return groups_delivered_on_arrival(0.3)


def synapses_that_look_at_their_targets():
    setup()
    model = sim.Synapse({"tau": 15.0}, "tau * dx/dt = -x",
        pre_spike="g_target += w\nx += 1\nw += 0.001 * (post.v + 60) * Uniform(0, 1)",
        post_spike="w += 0.001 * x")  # fmt: skip
    cells = sim.Population(13, sim.IF_curr_exp(i_offset=1.0))
    cells.record(["spikes", "v"])
    projection = sim.Projection(cells, cells, some(), model(w=0.3, delay=1.2))
    sim.run(80.0)
    return digest(cells, projection.get("weight", "list"))


# --- recordings on disk ------------------------------------------------------------------------------------


def recordings_on_disk():
    folder = f"{FOLDER}/records{sim.num_processes()}"
    setup(record_to=folder)
    cells, others = two_populations()
    rule = sim.STDPMechanism(
        sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=0.1), weight=0.01, delay=0.6
    )
    plastic = sim.Projection(cells, others, some(), rule)
    plastic.record("weight")
    silent = sim.Population(2, sim.IF_curr_exp(), label="silent")
    silent.record(["spikes", "v"])
    sim.run(13.0)
    sim.run(7.0)
    sim.reset()
    sim.run(5.0)
    cells.get_data(clear=True)
    cells[2:20].record("v")
    sim.run(5.0)
    found = hashlib.sha256()
    add_data(found, plastic.get_data())
    kept = digest(cells, others, silent, plastic, found.hexdigest())
    sim.run(1.0)  # until all have written theirs
    return digest(kept, files_in(folder) if sim.rank() == 0 else [])


def files_in(folder):
    """What is in the files of a folder of recordings, whoever wrote them; read as docs/recording.md says."""
    import json
    from pathlib import Path

    found = []
    for path in sorted(Path(folder).glob("segment*/*-*.json")):
        about = json.loads(path.read_text())
        parts = sorted(path.parent.glob(f"{path.stem}*.npy"), key=lambda part: [len(part.name), part.name])
        arrays = [np.load(part) for part in parts]
        if about["variable"] == "spikes":
            rows = np.concatenate(arrays)
            values = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
        else:
            values = np.hstack(arrays)
            if "columns" in about:
                assert [array.shape[1] for array in arrays] == about.pop("columns")
        if "pre" in about:
            order = np.lexsort((about["post"], about["pre"]))
            values = values[:, order]
            about["pre"], about["post"] = np.take(about["pre"], order), np.take(about["post"], order)
        found.append((path.name, {k: np.asarray(v).tolist() for k, v in about.items()}, values.tobytes()))
    times = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("segment*/time*.json"))]
    return found, sorted({(time["dt"], time["last_step"]) for time in times})


SCENARIOS = [
    gap_junctions,
    delays_change,
    delays_of_plastic_synapses_change,
    one_delay_changes,
    single_weights_of_counting_sources,
    recorded_connections,
    connections_are_added,
    cloned_and_read_connections,
    values_from_iterators,
    groups_delivered_on_arrival,
    spikes_that_wait_in_axons,
    synapses_that_look_at_their_targets,
    recordings_on_disk,
]


def main(names):
    preparation.CELLS_PER_THREAD = 1
    for scenario in SCENARIOS:
        if not names or scenario.__name__ in names:
            line = f"{scenario.__name__} {scenario()}"
            if sim.rank() == 0:
                print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[3:])
