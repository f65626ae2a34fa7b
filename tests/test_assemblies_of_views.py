"""Assemblies of several views of one population: as either side of a projection, and asked for their data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyNN import errors
from pyNN.random import NumpyRNG

import pyNN_fastsim as sim

N = 6


def cells_of(model, label):
    return sim.Population(N, model, label=label)


def targets(label="targets"):
    """Cells whose v, from 0 mV, is the sum of the weights (mV) that have arrived."""
    never = sim.IF_curr_delta(v_rest=0.0, v_reset=0.0, v_thresh=1e9, tau_m=1e9, tau_refrac=0.1)
    return sim.Population(N, never, initial_values={"v": 0.0}, label=label)


def received(population):
    return population.get_data("v", clear=True).segments[0].analogsignals[0].magnitude[-1]


@pytest.fixture
def halves():
    """A projection from one source to the last cells of a population, then to its first."""
    sim.setup(timestep=0.1)
    source, p = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0])), targets()
    p.record("v")
    synapse = sim.StaticSynapse(weight=1.0, delay=0.5)
    return p, sim.Projection(source, sim.Assembly(p[3:6], p[0:2]), sim.AllToAllConnector(), synapse)


def test_weights_go_to_the_cells_they_are_given_for(halves):
    p, projection = halves
    projection.set(weight=[[0.1, 0.2, 0.3, 0.4, 0.5]])
    sim.run(3.0)
    np.testing.assert_allclose(received(p), [0.4, 0.5, 0.0, 0.1, 0.2, 0.3], atol=1e-6)


@pytest.mark.parametrize(
    "value, expected",
    [
        ([0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.2, 0.3, 0.4, 0.5]),
        (lambda i, j: 0.5 * j, [0.0, 0.5, 1.0, 1.5, 2.0]),
        (sim.RandomDistribution("uniform", (0, 1), rng=NumpyRNG(seed=1)), NumpyRNG(seed=1).next(5)),
    ],
    ids=["list", "function of the indices", "drawn"],
)
def test_every_form_of_value(halves, value, expected, tmp_path):
    p, projection = halves
    projection.set(weight=value)
    listed = [(0, j, weight) for j, weight in enumerate(expected)]
    assert projection.get("weight", "list") == listed
    np.testing.assert_array_equal(projection.get("weight", "array"), [expected])
    assert [connection.as_tuple("weight")[0] for connection in projection] == list(expected)
    assert [connection.postsynaptic_cell for connection in projection] == list(p[3:6]) + list(p[0:2])
    projection.save("weight", str(tmp_path / "w.txt"))
    np.testing.assert_allclose(np.loadtxt(tmp_path / "w.txt"), listed)
    sim.run(3.0)
    np.testing.assert_allclose(received(p)[[3, 4, 5, 0, 1]], expected, atol=1e-6)


def test_clones_and_recorded_weights(halves):
    p, projection = halves
    clone = sim.Projection(projection.pre, projection.post, sim.CloneConnector(projection))
    assert clone.get([], "list") == [(0, j) for j in range(5)]
    rule = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence(), weight=[0.1] * 5)
    plastic = sim.Projection(projection.pre, projection.post, sim.AllToAllConnector(), rule)
    plastic.set(weight=[0.1, 0.2, 0.3, 0.4, 0.5])
    plastic.record("weight")
    sim.run(1.0)
    signal = plastic.get_data().segments[0].analogsignals[0]
    np.testing.assert_array_equal(signal.array_annotations["postsynaptic_index"], range(5))
    np.testing.assert_array_equal(signal.magnitude[0], [0.1, 0.2, 0.3, 0.4, 0.5])


# Each draws what an assembly is made of: 0 or 1 for one of two populations, with a choice of its cells.
CHOICES = st.one_of(st.none(), st.lists(st.integers(0, N - 1), min_size=1, max_size=N, unique=True))
ASSEMBLIES = st.lists(st.tuples(st.integers(0, 1), CHOICES), min_size=1, max_size=4)


def assembled(populations, choices):
    """An assembly, and the id of each of its cells in turn."""
    parts = [populations[k] if cells is None else populations[k][cells] for k, cells in choices]
    assembly = sim.Assembly(*parts)  # which leaves out what PyNN doesn't let in
    return assembly, [int(cell) for part in assembly.populations for cell in part.all_cells]


@given(ASSEMBLIES, ASSEMBLIES, st.data())
def test_the_same_as_a_list_of_connections(pre, post, data):
    sim.setup(timestep=0.1)
    sources = [cells_of(sim.SpikeSourceArray(spike_times=[1.0]), label) for label in "ab"]
    p, q = targets("p"), targets("q")
    pre, pre_ids = assembled(sources, pre)
    post, post_ids = assembled([p, q], post)
    pairs = st.tuples(st.integers(0, len(pre_ids) - 1), st.integers(0, len(post_ids) - 1))
    pairs = data.draw(st.lists(pairs, min_size=1, max_size=30))
    rows = [(i, j, 1.0 + k, 0.2 + 0.1 * (k % 3)) for k, (i, j) in enumerate(pairs)]
    projection = sim.Projection(pre, post, sim.FromListConnector(rows), sim.StaticSynapse())
    assert sorted(projection.get(["weight", "delay"], "list")) == sorted(rows)
    for connection in projection:
        i, j = connection.as_tuple("presynaptic_index", "postsynaptic_index")
        assert (connection.presynaptic_cell, connection.postsynaptic_cell) == (pre_ids[i], post_ids[j])
    projection.set(weight=[2.0 * w for w in projection.get("weight", "list", with_address=False)])
    assert sorted(projection.get(["weight"], "list")) == sorted((i, j, 2 * w) for i, j, w, _ in rows)

    p.record("v")
    q.record("v")
    sim.run(3.0)
    expected = np.zeros(2 * N)
    for _, j, weight, _ in rows:
        expected[post_ids[j] - int(p[0])] += 2 * weight
    np.testing.assert_allclose(np.concatenate([received(p), received(q)]), expected, rtol=1e-6, atol=1e-9)


def test_data_of_a_cell_that_is_in_an_assembly_twice(tmp_path):
    sim.setup(timestep=0.1)
    times = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]
    p = sim.Population(3, sim.SpikeSourceArray(spike_times=times))
    assembly = sim.Assembly(p[0:1], p)
    assembly.record("spikes")
    sim.run(10.0)
    trains = assembly.get_data().segments[0].spiketrains
    assert [train.magnitude.tolist() for train in trains] == [times[0], *times]
    assert [train.annotations["channel_id"] for train in trains] == [int(p[k]) for k in (0, 0, 1, 2)]
    assert set(assembly.get_spike_counts().values()) == {3} and assembly.mean_spike_count() == 3.0
    assert [assembly.id_to_index(cell) for cell in p] == [0, 2, 3]
    assembly.write_data(str(tmp_path / "spikes.txt"))
    index = np.loadtxt(tmp_path / "spikes.txt", usecols=2)
    np.testing.assert_array_equal(index, np.repeat([0, 1, 2, 3], 3))


# Which cells of one population are on the two sides, and whether each side is put together of two parts.
SIDES = [
    (slice(0, 5), slice(2, 6), False),
    (slice(0, 6), slice(None), False),
    (slice(None), slice(1, 3), False),
    (slice(0, 4), slice(2, 6), True),
    (slice(0, 6), slice(0, 6), True),
]


def side(population, cells, other, in_parts):
    view = population if cells == slice(None) else population[cells]
    return sim.Assembly(view[1:], other, view[0:1]) if in_parts else view


@pytest.mark.parametrize("before, after, in_parts", SIDES)
@pytest.mark.parametrize("rng", [NumpyRNG, sim.NativeRNG])
@pytest.mark.parametrize(
    "make",
    [
        lambda **a: sim.FixedNumberPreConnector(2, **a),
        lambda **a: sim.FixedNumberPreConnector(9, with_replacement=True, **a),
        lambda **a: sim.FixedNumberPostConnector(2, **a),
        lambda **a: sim.FixedNumberPostConnector(9, with_replacement=True, **a),
        lambda **a: sim.FixedTotalNumberConnector(9, **a),
        lambda **a: sim.FixedTotalNumberConnector(5, with_replacement=False, **a),
        lambda **a: sim.FixedProbabilityConnector(1.0, **a),
        lambda **a: sim.DistanceDependentProbabilityConnector("1.0", **a),
        lambda **a: sim.SmallWorldConnector(9.0, 0.5, **a),
        lambda rng, **a: sim.AllToAllConnector(**a),
    ],
)
def test_no_self_connections_wherever_the_cells_come_from(make, rng, before, after, in_parts):
    sim.setup(timestep=0.1)
    p, other = (sim.Population(N, sim.IF_curr_exp()) for _ in range(2))
    pre, post = side(p, before, other, in_parts), side(p, after, other[0:2], in_parts)
    connector = make(allow_self_connections=False, rng=rng(seed=3))
    pairs = sim.Projection(pre, post, connector).get([], "list")
    assert pairs and not [pair for pair in pairs if pre[pair[0]] == post[pair[1]]]
    if isinstance(connector, (sim.FixedNumberPreConnector, sim.FixedNumberPostConnector)):
        ends = np.array(pairs)[:, int(isinstance(connector, sim.FixedNumberPreConnector))]
        assert set(np.bincount(ends)) == {connector.n}


def test_fixed_numbers_where_there_is_no_other_cell():
    sim.setup()
    p = sim.Population(3, sim.IF_curr_exp())
    for replacement in (False, True):
        connector = sim.FixedNumberPreConnector(1, allow_self_connections=False, with_replacement=replacement)
        with pytest.raises(errors.ConnectionError, match="no other cell"):
            sim.Projection(p[1:2], p, connector)
    with pytest.raises(errors.ConnectionError, match="'NoMutual' can't be had with a fixed number"):
        sim.Projection(p, p, sim.FixedNumberPreConnector(1, allow_self_connections="NoMutual"))
