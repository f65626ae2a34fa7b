"""Cells one by one and in arrays: ids that know their population, made when they are asked for."""

import copy
import pickle

import numpy as np
import pytest

import pyNN_fastsim as sim


@pytest.fixture(autouse=True)
def populations():
    sim.setup(timestep=0.1)
    p = sim.Population(4, sim.IF_curr_exp(tau_m=[1.0, 2.0, 3.0, 4.0]), label="p")
    return p, sim.Population(3, sim.SpikeSourcePoisson(), label="q")


def test_single_cells_know_their_population(populations):
    p, q = populations
    both = np.concatenate([p.all_cells, q.all_cells])
    found = [
        p[1], p[-3], p.all_cells[1], list(p)[1], next(iter(p[1:3])), p[[3, 1]][0], (q + p)[4], both[1],
        list((p + q).all_cells)[1], p.all_cells[p.all_cells > 0][0], p[1:2].first_id, p[0:2].last_id,
        copy.copy(p.all_cells)[1], p.all_cells.astype(object)[1], p.all_cells.tolist()[1], next(p[1:].all()),
        p.all_cells[1:].min(), p.all_cells.reshape(2, 2)[0][1],
    ]  # fmt: skip
    for cell in found:
        assert isinstance(cell, sim.simulator.ID) and cell == 1 and cell.parent is p and cell.tau_m == 2.0
    assert both[5].parent is q and [cell.parent for cell in both[3:5]] == [p, q]
    assert p.first_id == 0 and q.last_id == 6 and p.local_size == 4 and p[2] in p.all_cells


def test_what_is_computed_from_ids_is_numbers(populations):
    p, _ = populations
    ids = p.all_cells
    for numbers in (
        ids - 1,
        ids.astype(int),
        np.array(ids),
        np.sort(ids) * 2,
        pickle.loads(pickle.dumps(ids)),
    ):
        assert type(numbers) is np.ndarray and numbers.dtype == int
        assert type(numbers[0]) is not sim.simulator.ID
    assert p.id_to_index(ids[::2]).tolist() == [0, 2] and ids.astype("i4").dtype == "i4"


def test_cells_keep_what_users_give_them(populations):
    p, _ = populations
    for k in range(3):
        p[k].note = k
    assert [cell.note for cell in p[0:3]] == [cell.note for cell in p[0:3].all_cells] == [0, 1, 2]
    assert not hasattr(p[3], "note")


@pytest.mark.big
def test_a_large_population_takes_no_object_a_cell():
    """A million cells take 130 bytes each at the most: their state and their ids."""
    psutil = pytest.importorskip("psutil")
    before = psutil.Process().memory_info().rss
    p = sim.Population(10**6, sim.IF_curr_exp())
    p.record("spikes")
    p[::2].record("v")
    assert psutil.Process().memory_info().rss - before < 130e6
    counts = p[::2].get_spike_counts()
    assert len(counts) == 500_000 and p[999_999] - p.first_id == 999_999
