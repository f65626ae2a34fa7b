"""
PyNN's functions as each of several processes finds them: a script that `test_mpi.py` runs by mpirun. Prints a
line for each function whose assertions hold.

    mpirun -n 3 python mpi_semantics.py FOLDER
"""

import os
import pickle
import sys
import warnings

import numpy as np
import pytest
from pyNN.random import NumpyRNG, RandomDistribution

import pyNN_fastsim as sim

FOLDER = sys.argv[1]
rank, size = sim.rank(), sim.num_processes()


def network(n=7, **arguments):
    sim.setup(timestep=0.1, **arguments)
    cells = sim.Population(n, sim.IF_curr_exp(i_offset=np.linspace(1.0, 1.5, n)), label="cells")
    cells.record(["spikes", "v"])
    return cells


def own(cells):
    """The indices of this process's cells among some."""
    return np.flatnonzero(cells._mask_local).tolist()


def recurrent(cells, weight=0.1, **arguments):
    connector = sim.FixedProbabilityConnector(0.5, rng=NumpyRNG(seed=3))
    return sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=weight, delay=0.5), **arguments)


# --- cells -------------------------------------------------------------------------------------------------


def cells_views_and_assemblies_know_their_own():
    cells, more = network(), sim.Population(2, sim.IF_cond_exp(), label="more")
    view = cells[[5, 0, 3]]
    both = cells[2:] + more
    for each in cells, more, view, both, cells[1:6][::2]:
        local = [cell for cell in each.all_cells if each_is_local(cell)]
        assert list(map(int, each.local_cells)) == list(map(int, local)) == [int(cell) for cell in each]
        assert len(each.local_cells) == len(local) and each.size == len(each) == len(each.all_cells)
        assert own(each) == [k for k, cell in enumerate(each.all_cells) if each_is_local(cell)]
    assert sum(cells.is_local(cell) for cell in cells.all_cells) == cells.local_size
    assert [cell.local for cell in cells.all_cells] == [each_is_local(cell) for cell in cells.all_cells]
    assert int(cells[6]) == 6 and cells.id_to_index(cells.all_cells[4]) == 4  # whoever has it
    if cells.local_size:
        assert cells.id_to_local_index(cells.local_cells[0]) == 0
    assert cells.positions.shape == (3, 7) and len(cells.nearest((0, 0, 0)).position) == 3


def each_is_local(cell):
    population = cell.parent
    k, n = int(cell) - int(population.first_id), population.size
    return n * rank // size <= k < n * (rank + 1) // size


def parameters_of_own_and_of_all_cells():
    cells = network()
    everything = np.linspace(1.0, 1.5, 7)
    assert np.array_equal(cells.get("i_offset", gather=True), everything)
    assert np.array_equal(cells.get("i_offset", gather=False, simplify=False), everything[own(cells)])
    one, two = cells.get(["i_offset", "tau_m"], gather=True)
    assert np.array_equal(one, everything) and two == 20.0
    assert np.array_equal(cells.get("tau_m", gather=True, simplify=False), np.full(7, 20.0))
    view = cells[[1, 4, 6]]
    assert np.array_equal(view.get("i_offset", gather=True), everything[[1, 4, 6]])
    assert np.array_equal(view.get("i_offset", simplify=False), everything[[1, 4, 6]][own(view)])
    assembly = cells[:3] + cells[5:]
    assert np.array_equal(assembly.get("i_offset", gather=True), everything[[0, 1, 2, 5, 6]])
    for cell in cells.all_cells:
        if cell.local:
            assert cell.i_offset == everything[int(cell)] and cell.get_parameters()["tau_m"] == 20.0
        else:
            with pytest.raises(sim.errors.NotLocalError):
                cell.i_offset  # noqa: B018
            with pytest.raises(sim.errors.NotLocalError):
                cell.get_parameters()
            with pytest.raises(sim.errors.NotLocalError):
                cell.tau_m = 10.0
            with pytest.raises(sim.errors.NotLocalError):
                cell.set_parameters(tau_m=10.0)
    assert cells.get("tau_m", gather=True) == 20.0


def all_forms_of_values_on_views():
    cells = network()
    cells[2:].set(tau_m=np.arange(11.0, 16.0))
    cells[[0, 1]].set(tau_m=lambda k: 8.0 + k)
    assert cells.get("tau_m", gather=True).tolist() == [8, 9, 11, 12, 13, 14, 15]
    cells[1:5].set(cm=RandomDistribution("uniform", (0.5, 1.5), rng=NumpyRNG(seed=7)))
    drawn = NumpyRNG(seed=7).next(4, "uniform", {"low": 0.5, "high": 1.5})
    assert np.array_equal(cells.get("cm", gather=True), [1.0, *drawn, 1.0, 1.0])
    (cells[:1] + cells[6:]).set(cm=3.0)
    assert cells.get("cm", gather=True)[[0, 6]].tolist() == [3, 3]
    cells.initialize(v=lambda k: -70.0 + k)
    cells[5:].initialize(v=np.array([-50.5, -51.5]))
    sim.initialize(cells[:1], v=-61.0)
    sim.run(0.0)
    (data,) = cells.get_data(gather=False).segments[0].analogsignals
    wanted = np.array([-61.0, -69, -68, -67, -66, -50.5, -51.5])
    assert np.array_equal(data.magnitude[0], wanted[own(cells)])
    for cell in cells:
        cell.set_initial_value("v", -62.0 - int(cell))
    sim.run(1.0)
    sim.reset()
    sim.run(0.0)
    data = cells.get_data(gather=False).segments[1].analogsignals[0]
    assert np.array_equal(data.magnitude[0], -62.0 - np.array(own(cells)))
    assert np.array_equal(cells.initial_values["v"].evaluate(), -62.0 - np.arange(7))


def generators_that_are_not_parallel_safe():
    """Each process draws with another one, what it draws for its own cells counts: the network is one."""
    cells = network()
    cells.set(tau_m=RandomDistribution("uniform", (10, 20), rng=NumpyRNG(seed=3, parallel_safe=False)))
    others = sim.Population(
        5,
        sim.IF_curr_exp(cm=RandomDistribution("uniform", (1, 2), rng=NumpyRNG(seed=1, parallel_safe=False))),
    )
    rng = NumpyRNG(seed=5, parallel_safe=False)
    weight = RandomDistribution("uniform", (0.1, 0.2), rng=rng)
    for delay in 0.5, RandomDistribution("uniform", (0.5, 0.8), rng=rng):
        connector = sim.FixedProbabilityConnector(0.6, rng=rng)
        projection = sim.Projection(cells, others, connector, sim.StaticSynapse(weight=weight, delay=delay))
        mine = projection.get(["weight", "delay"], "list", gather=False)
        everything = projection.get(["weight", "delay"], "list", gather="all")
        assert [row for row in everything if row[1] in own(others)] == mine
        assert projection.size() == len(everything)
    units = sim.Population(5, sim.LeakyIntegrator())
    graded = sim.Projection(units, units, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight))
    everything = graded.get("weight", "list", gather="all")
    assert [row for row in everything if row[1] in own(units)] == graded.get("weight", "list", gather=False)
    values = cells.get("tau_m", gather=True)
    alone = NumpyRNG(seed=3 + rank).next(7, "uniform", {"low": 10, "high": 20})
    assert np.array_equal(values[own(cells)], alone[own(cells)])
    sim.run(5.0)
    assert np.array_equal(cells._parameters["tau_m"], values)
    assert cells.get("cm", gather=True) == 1.0 and len(set(others.get("cm", gather=True))) == 5


# --- data --------------------------------------------------------------------------------------------------


def data_of_all_are_on_process_0():
    cells = network()
    recurrent(cells)
    sim.run(30.0)
    n = 7 if rank == 0 else cells.local_size
    for gather, wanted in (True, n), (False, cells.local_size):
        segment = cells.get_data(gather=gather).segments[0]
        assert len(segment.spiketrains) == wanted
        assert sum(s.shape[1] for s in segment.analogsignals) == wanted
        assert len(cells.get_spike_counts(gather=gather)) == wanted
    view = cells[[6, 0, 2]]
    for each in view, cells[4:] + cells[:1]:
        local = len(each.local_cells)
        assert len(each.get_data(gather=False).segments[0].spiketrains) == local
        assert len(each.get_data().segments[0].spiketrains) == (each.size if rank == 0 else local)
        assert len(each.get_spike_counts()) == (each.size if rank == 0 else local)
        mean = each.mean_spike_count()
        assert (mean > 0) if rank == 0 else np.isnan(mean)
    assert len(cells.get_data("spikes").segments[0].analogsignals) == 0
    assert len(cells.get_data(["v"]).segments[0].spiketrains) == 0
    everything = cells.get_data(clear=True)
    assert len(everything.segments) == 1
    sim.run(1.0)
    data = next(iter(cells.get_data("v").segments[0].analogsignals), None)
    assert data is None or len(data) == 11


def spike_sources_have_data():
    """PyNN #836 and #767: sources, and populations smaller than the number of processes."""
    sim.setup(timestep=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0, 3.0]), label="one source")
    noise = sim.Population(2, sim.SpikeSourcePoisson(rate=500.0), label="noise")
    cell = sim.Population(1, sim.IF_curr_exp(), label="one cell")
    for each in source, noise, cell:
        each.record("spikes")
    cell.record("v")
    sim.Projection(source, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=30.0, delay=1.0))
    sim.Projection(cell, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.0, delay=1.0))
    sim.run(10.0)
    for each in source, noise, cell, source + noise:
        spikes = each.get_data("spikes").segments[0].spiketrains
        assert len(spikes) == (each.size if rank == 0 else len(each.local_cells))
    if rank == 0:
        assert source.get_data("spikes", gather=True).segments[0].spiketrains[0].tolist() == [1.0, 3.0]
    else:  # PyNN #847: an IndexError on others
        source.get_data("spikes", gather=True)
    counts = source.get_spike_counts()
    assert not counts or counts == {source.all_cells[0]: 2}
    if source.local_size:
        assert source.local_cells[0].spike_times.value.tolist() == [1.0, 3.0]
    source.set(spike_times=[12.0])
    sim.run(10.0)
    assert source.get_spike_counts(gather=False) == ({int(source.first_id): 3} if source.local_size else {})


def files_are_written_once_or_by_each():
    cells = network()
    projection = recurrent(cells)
    sim.run(10.0)
    both = cells[:4] + cells[4:]
    for each, name in (cells, "cells"), (cells[1:3], "view"), (both, "both"):
        each.write_data(f"{FOLDER}/{name}.pkl")
        each.write_data(f"{FOLDER}/{name}-own.pkl", gather=False)
    projection.save("all", f"{FOLDER}/connections.txt")
    projection.save("weight", f"{FOLDER}/own.txt", gather=False)
    projection.save("weight", f"{FOLDER}/matrix.txt", format="array")
    cells.save_positions(f"{FOLDER}/positions.txt")
    cells.record("v", to_file=f"{FOLDER}/at-end.pkl")
    sim.run(1.0)
    sim.end()
    sim.setup(timestep=0.1)
    sim.Population(1, sim.IF_curr_exp())
    sim.run(0.0)  # all have written theirs
    with open(f"{FOLDER}/view-own.pkl.{rank}", "rb") as file:
        assert len(pickle.load(file).segments[0].spiketrains) == len([k for k in own(cells) if k in (1, 2)])
    with open(f"{FOLDER}/both.pkl", "rb") as file:
        assert len(pickle.load(file).segments[0].spiketrains) == 7
    once = {
        "cells.pkl",
        "view.pkl",
        "both.pkl",
        "connections.txt",
        "matrix.txt",
        "positions.txt",
        "at-end.pkl",
    }
    each = {f"{name}.{k}" for k in range(size) for name in
            ("cells-own.pkl", "view-own.pkl", "both-own.pkl", "own.txt")}  # fmt: skip
    assert set(os.listdir(FOLDER)) == once | each


# --- connections -------------------------------------------------------------------------------------------


def connections_of_own_cells():
    cells = network()
    projection = recurrent(cells)
    mine = projection.get("weight", "list", gather=False)
    everything = projection.get("weight", "list", gather="all")
    gathered = projection.get("weight", "list")
    assert mine == [row for row in everything if row[1] in own(cells)]
    assert gathered == (everything if rank == 0 else mine)
    assert len(projection) == len(mine) == projection.size(gather=False) and projection.size() == len(
        everything
    )
    assert [c.as_tuple("presynaptic_index", "postsynaptic_index", "weight") for c in projection] == mine
    assert [(c.presynaptic_index, c.postsynaptic_index) for c in projection.connections] == [
        r[:2] for r in mine
    ]
    matrix = projection.get("weight", "array", gather="all")
    assert np.count_nonzero(~np.isnan(matrix)) == len(everything)
    assert np.array_equal(
        projection.get("weight", "array", gather=False)[:, own(cells)], matrix[:, own(cells)], equal_nan=True
    )
    if len(projection):
        assert projection[0].weight == mine[0][2] and len(projection[:2]) == min(2, len(mine))
        projection[0].weight = 0.5
    sim.run(1.0)
    changed = projection.get("weight", "list", gather="all")
    assert [row[2] for row in changed].count(0.5) == size
    projection.set(weight=matrix * 2.0)
    assert projection.get("weight", "list", gather="all") == [(i, j, 2 * w) for i, j, w in everything]
    values = np.arange(len(everything), dtype=float)
    projection.set(weight=values)
    assert [w for *_, w in sorted(projection.get("weight", "list", gather="all"))] == values.tolist()
    projection.set(weight=lambda d: 0.1 + 0.01 * d)
    projection.weightHistogram()
    assert projection.describe() and repr(projection)
    assert all(len(group) < group.synapses.n for group in projection._groups)  # memory is shared out
    assert everything == sorted(everything, key=lambda row: row[1::-1])  # in the order of one process


def errors_are_the_same_everywhere():
    """Also where only one process has the cells or connections that an error is about."""
    cells = network()
    one = sim.FromListConnector([(0, 1, 0.1, 0.5)])
    projection = sim.Projection(cells, cells, one, sim.StaticSynapse())
    for wrong in (
        {"weight": -1.0},
        {"delay": -1.0},
        {"weight": [0.1, 0.2]},
        {"weight": np.full((7, 7), np.nan)},
    ):
        with pytest.raises((sim.errors.ConnectionError, sim.errors.InvalidDimensionsError)):
            projection.set(**wrong)
    with pytest.raises(sim.errors.InvalidParameterValueError):
        cells[6:].set(tau_m=-1.0)
    with pytest.raises(sim.errors.ConnectionError):
        sim.Projection(cells, cells, sim.FromListConnector([(0, 9, 0.1, 0.5)]), sim.StaticSynapse())
    sim.run(1.0)
    assert projection.get("weight", "list", gather="all") == [(0, 1, 0.1)]


# --- runs --------------------------------------------------------------------------------------------------


def callbacks_see_what_is_theirs():
    cells = network()
    seen = []

    def callback(t):
        seen.append((t, len(cells.get_data("v", gather=False).segments[0].analogsignals)))
        return t + 2.0

    sim.run(10.0, callbacks=[callback])
    assert [t for t, _ in seen] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert sim.get_current_time() == 10.0 and sim.get_time_step() == 0.1


def graded_connections_of_own_cells():
    """Each process keeps those onto its own cells, also of a matrix of weights."""
    sim.setup(timestep=0.1)
    sources = sim.Population(40, sim.LeakyIntegrator(B=0.3))
    targets = sim.Population(9, sim.LeakyIntegrator(), label="targets")
    everyone, rng = sim.AllToAllConnector(), NumpyRNG(seed=3)
    weight = RandomDistribution("uniform", (0.0, 0.1), rng=rng)
    projection = sim.Projection(sources, targets, everyone, sim.Oja(weight=weight, eta=0.01))
    begin, end = 9 * rank // size, 9 * (rank + 1) // size
    assert len(projection) == 40 * (end - begin) and projection.size() == 360
    group = projection._groups[0].synapses
    assert group.weights.shape == (40 * (end - begin),) and group.weights.base is None
    sim.run(3.0)
    whole = projection.get("weight", "array", gather="all")
    own_weights = projection.get("weight", "array", gather=False)
    assert not np.isnan(whole).any() and np.array_equal(whole[:, begin:end], own_weights[:, begin:end])
    assert np.isnan(own_weights).sum() == 40 * (9 - (end - begin))
    assert (projection.get("weight", "array").shape, len(projection.get("weight", "list"))) == (
        (40, 9),
        360 if rank == 0 else len(projection),
    )
    spiking = sim.Population(5, sim.IF_curr_exp())
    rates = sim.Projection(spiking, targets, everyone, sim.RateFromSpikes(weight=0.1))
    taus = np.full((5, 9), 20.0)
    taus[:, 8] = 10.0  # which only the last process has
    for call, words in (
        (lambda: rates.set(tau=taus), "one tau"),
        (lambda: projection.set(delay=np.where(np.arange(360).reshape(40, 9) == 8, -1.0, 1.0)), "delay"),
        (lambda: projection.initialize(x=1.0), "x"),
        (lambda: rates.disable_learning(), "don't learn"),
    ):
        with pytest.raises(Exception, match=words):
            call()
    rates.set(tau=10.0)
    sim.run(1.0)


def several_networks_and_segments():
    for n in 5, 1, 9:
        cells = network(n)
        projection = recurrent(cells, weight=0.2)
        for _ in range(3):
            sim.run(5.0)
            sim.reset(annotations={"n": n})
        sim.run(0.0)
        block = cells.get_data()
        assert len(block.segments) == 4 and block.segments[1].annotations == {"n": n}
        assert sim.get_min_delay() == (0.5 if projection.size() else 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sim.end()


CHECKS = [
    cells_views_and_assemblies_know_their_own,
    parameters_of_own_and_of_all_cells,
    all_forms_of_values_on_views,
    generators_that_are_not_parallel_safe,
    data_of_all_are_on_process_0,
    spike_sources_have_data,
    files_are_written_once_or_by_each,
    connections_of_own_cells,
    errors_are_the_same_everywhere,
    callbacks_see_what_is_theirs,
    graded_connections_of_own_cells,
    several_networks_and_segments,
]

if __name__ == "__main__":
    for check in CHECKS:
        check()
        if rank == 0:
            print(check.__name__, flush=True)
