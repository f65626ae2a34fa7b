"""Projections: looking at connections and changing them."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from pyNN import errors
from pyNN.core import IndexBasedExpression
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.recording.files import NumpyBinaryFile, StandardTextFile
from terminal import on_terminal

import pyNN_fastsim as sim

CONNECTIONS = [(0, 1, 0.1, 0.5), (2, 1, 0.2, 0.7), (1, 0, 0.3, 0.5), (2, 1, 0.4, 1.1), (0, 3, 0.5, 0.5)]


@pytest.fixture
def projection():
    sim.setup(timestep=0.1)
    pre = sim.Population(3, sim.SpikeSourceArray(), label="pre")
    post = sim.Population(4, sim.IF_cond_exp(), label="post")
    return sim.Projection(pre, post, sim.FromListConnector(CONNECTIONS), sim.StaticSynapse())


def test_looking(projection):
    assert len(projection) == projection.size() == projection.size(gather=False) == 5
    listed = projection.get(["weight", "delay"], format="list")
    assert sorted(listed) == sorted(CONNECTIONS)
    assert [j for _, j, *_ in listed] == [0, 1, 1, 1, 3]
    assert [
        c.as_tuple("presynaptic_index", "postsynaptic_index", "weight", "delay") for c in projection
    ] == listed
    by_pair = sorted(listed, key=lambda row: row[:2])
    assert projection.get("delay", format="list", with_address=False) == [d for *_, d in by_pair]
    assert [c.weight for c in projection.connections] == [w for _, _, w, _ in listed]
    assert projection[-1].as_tuple("weight") == (0.5,) and projection.connections[0].delay == 0.5
    assert [c.weight for c in projection[1:4]] == [w for _, _, w, _ in listed[1:4]]
    connection = projection[0]
    assert (
        connection.presynaptic_cell == projection.pre[1]
        and connection.postsynaptic_cell == projection.post[0]
    )
    assert repr(projection) == 'Projection("pre→post")' and "pre" in projection.describe()
    with pytest.raises(IndexError, match="no connection 5, only 5"):
        projection[5]
    with pytest.raises(TypeError, match="'first'"):
        projection["first"]


@pytest.mark.parametrize(
    "operation, weight", [("sum", 0.2 + 0.4), ("min", 0.2), ("max", 0.4), ("first", 0.2), ("last", 0.4)]
)
def test_array_with_multiple_connections(projection, operation, weight):
    weights, delays = projection.get(["weight", "delay"], format="array", multiple_synapses=operation)
    expected = np.full((3, 4), np.nan)
    expected[0, 1], expected[1, 0], expected[0, 3] = 0.1, 0.3, 0.5
    expected[2, 1] = weight
    np.testing.assert_array_equal(weights, expected)
    assert np.isnan(delays[0, 0]) and delays[1, 0] == 0.5


def test_indices_as_arrays(projection):
    """Those of a pair with several connections are not summed."""
    connected = ~np.isnan(projection.get("weight", format="array"))
    pre, post = projection.get(["presynaptic_index", "postsynaptic_index"], format="array")
    i, j = np.indices((3, 4))
    np.testing.assert_array_equal(pre, np.where(connected, i, np.nan))
    np.testing.assert_array_equal(post, np.where(connected, j, np.nan))


def test_bad_get(projection):
    with pytest.raises(ValueError, match="'list' or 'array', not 'table'"):
        projection.get("weight", format="table")
    with pytest.raises(ValueError, match="multiple_synapses.*'mean'"):
        projection.get("weight", format="array", multiple_synapses="mean")
    with pytest.raises(errors.NonExistentParameterError, match="'wieght'.*'weight'"):
        projection.get("wieght", format="list")


class ByIndex(IndexBasedExpression):
    def __call__(self, i, j):
        return 0.1 * i + 0.01 * j + 0.001 * self.projection.post.size


@pytest.mark.parametrize(
    "value, expected",
    [
        (0.7, lambda i, j: 0.7),
        (1, lambda i, j: 1.0),
        (np.arange(12.0).reshape(3, 4), lambda i, j: 4.0 * i + j),
        (lambda d: 0.1 + d, lambda i, j: 0.1 + abs(i - j)),
        ("0.2*d", lambda i, j: 0.2 * abs(i - j)),
        ("exp(-d) + sqrt(d)", lambda i, j: np.exp(-abs(i - j)) + np.sqrt(abs(i - j))),
        (lambda i, j: 0.5 * i + j, lambda i, j: 0.5 * i + j),
        (ByIndex(), lambda i, j: 0.1 * i + 0.01 * j + 0.004),
    ],
)
def test_set(projection, value, expected):
    projection.set(weight=value)
    for i, j, weight in projection.get("weight", format="list"):
        assert weight == pytest.approx(expected(i, j), abs=1e-15)
    projection.set(delay=0.9)
    assert projection.get("delay", format="list", with_address=False) == [0.9] * 5


class InAnyOrder(sim.Connector):
    """Connects one target after the other, and some of them again."""

    parameter_names = ()

    def connect(self, projection):
        for j in (3, 1, 2, 1, 0, 3):
            projection._convergent_connect(np.array([2, 0, 1]), j, weight=0.1, delay=0.5)


@pytest.mark.parametrize("value", [lambda i, j: 10.0 * i + j + 1, ByIndex()])
@pytest.mark.parametrize("connector", [InAnyOrder(), sim.FixedNumberPostConnector(7)])
def test_functions_of_indices_in_whatever_order_connections_were_made(value, connector):
    sim.setup(timestep=0.1)
    pre, post = sim.Population(3, sim.SpikeSourceArray()), sim.Population(4, sim.IF_cond_exp())
    synapse = sim.TsodyksMarkramSynapse(weight=0.1, delay=0.5)
    projection = sim.Projection(pre, post, connector, synapse)
    if isinstance(value, ByIndex):
        value.projection = projection
    projection.set(weight=value, tau_rec=value)
    for i, j, weight, tau_rec in projection.get(["weight", "tau_rec"], "list"):
        assert weight == tau_rec == value(i, j)


def test_set_random_with_one_pair():
    sim.setup(timestep=0.1)
    p = sim.Population(1, sim.IF_cond_exp())
    uniform = RandomDistribution("uniform", (0.5, 1.0), rng=NumpyRNG(seed=1))
    projection = sim.Projection(p, p, sim.AllToAllConnector(), sim.StaticSynapse(weight=uniform))
    (first,) = NumpyRNG(seed=1).next(1, "uniform", {"low": 0.5, "high": 1.0}, mask=None)
    assert projection[0].weight == first
    projection.set(weight=RandomDistribution("uniform", (0.5, 1.0), rng=NumpyRNG(seed=1)))
    assert projection[0].weight == first


def test_matrices_with_holes_where_there_is_no_connection(projection):
    """PyNN's own way round: what `get` gives as an array."""
    projection.set(weight=[0.1, 0.2, 0.3, 0.4, 0.5])
    weights = projection.get("weight", "array")
    connector = sim.ArrayConnector(~np.isnan(weights))
    for sign, receptor in ((1, "excitatory"), (-1, "inhibitory")):
        post = sim.Population(4, sim.IF_curr_exp())
        made = sim.Projection(projection.pre, post, connector, sim.StaticSynapse(weight=sign * weights))
        np.testing.assert_array_equal(made.get("weight", "array"), sign * weights)
        assert made.receptor_type == receptor
    with pytest.raises(errors.ConnectionError, match="weights must be finite, but there is nan"):
        sim.Projection(
            projection.pre, projection.post, sim.AllToAllConnector(), sim.StaticSynapse(weight=weights)
        )
    with pytest.raises(errors.InvalidParameterValueError, match="weight must be a finite number.*inf"):
        sim.StaticSynapse(weight=np.where(np.isnan(weights), np.inf, weights))


def test_iterators_give_one_value_for_each_connection(projection):
    """No more than that are taken."""
    numbers = itertools.count(1)
    projection.set(weight=numbers)
    assert projection.get("weight", "list", with_address=False) == [1, 2, 3, 4, 5]  # by (pre, post)
    assert next(numbers) == 6
    synapse = sim.StaticSynapse(weight=(-0.5 * k for k in range(2, 30)), delay=itertools.cycle([1.0, 2.0]))
    curr = sim.Population(3, sim.IF_curr_exp())
    made = [sim.Projection(projection.pre, curr, sim.OneToOneConnector(), synapse) for _ in range(2)]
    assert {each.receptor_type for each in made} == {"inhibitory"}
    assert [each.get("weight", "list", with_address=False) for each in made] == [
        [-1.0, -1.5, -2.0], [-2.5, -3.0, -3.5],
    ]  # fmt: skip
    assert made[1].get("delay", "list", with_address=False) == [2.0, 1.0, 2.0]
    with pytest.raises(errors.InvalidDimensionsError, match="gave 2 values of weight for 5 connections"):
        projection.set(weight=iter([1.0, 2.0]))
    with pytest.raises(errors.InvalidParameterValueError, match="an iterator for weight must give numbers"):
        projection.set(weight=iter("abcde"))


def test_set_random_draws_as_other_backends_do(projection):
    """Numbers for all pairs, in the order of (pre, post), of which the connected ones count."""
    projection.set(weight=RandomDistribution("uniform", (0.5, 1.0), rng=NumpyRNG(seed=3)))
    drawn = NumpyRNG(seed=3).next(12, "uniform", {"low": 0.5, "high": 1.0}).reshape(3, 4)
    for i, j, weight in projection.get("weight", format="list"):
        assert weight == drawn[i, j]


def test_a_list_has_one_order_in_get_and_set(projection):
    """Values without addresses go by (pre, post), one for each connection, those of one pair too."""
    given = [1.0, 2.0, 3.0, 4.0, 5.0]
    projection.set(weight=given, delay=np.array(given))
    by_pair = [(0, 1, 1.0), (0, 3, 2.0), (1, 0, 3.0), (2, 1, 4.0), (2, 1, 5.0)]
    assert sorted(projection.get("weight", "list")) == by_pair
    assert projection.get("weight", "list", with_address=False) == given
    assert projection.get(["weight", "delay"], "list", with_address=False) == [(w, w) for w in given]
    before = projection.get(["weight", "delay"], "list")
    projection.set(**{name: projection.get(name, "list", with_address=False) for name in ("weight", "delay")})
    assert projection.get(["weight", "delay"], "list") == before


@pytest.mark.parametrize("make", [NumpyRNG, sim.NativeRNG])
@pytest.mark.parametrize(
    "connector",
    [
        lambda rng: sim.AllToAllConnector(),
        lambda rng: sim.FixedNumberPreConnector(9, with_replacement=True, rng=rng),
        lambda rng: sim.FixedNumberPostConnector(3, rng=rng),
        lambda rng: sim.FixedTotalNumberConnector(30, rng=rng),
    ],
)
def test_what_get_gives_can_be_set(connector, make):
    """Also where the order of creation is another, with several connections of a pair, and for views."""
    sim.setup(timestep=0.1)
    cells = sim.Population(6, sim.IF_curr_exp())
    for pre, post in ((cells, cells), (cells[::-1], cells[1:5]), (cells[0:2] + cells[4:6], cells)):
        drawn = RandomDistribution("uniform", (0.1, 1.0), rng=make(7))
        synapse = sim.StaticSynapse(weight=drawn)
        made = sim.Projection(pre, post, connector(make(5)), synapse, receptor_type="excitatory")
        before = made.get("weight", "list")
        values = np.array(made.get("weight", "list", with_address=False))
        assert values.tolist() == [w for *_, w in sorted(before, key=lambda row: row[:2])]
        made.set(weight=2.0 * values)
        assert made.get("weight", "list") == [(i, j, 2.0 * w) for i, j, w in before]


def test_set_list_of_one_value_for_each_pair(projection):
    projection.set(weight=np.array([1.0, 2.0, 3.0, 4.0]))  # in the order of (pre, post), as in PyNN
    assert sorted(projection.get("weight", format="list")) == [
        (0, 1, 1.0), (0, 3, 2.0), (1, 0, 3.0), (2, 1, 4.0), (2, 1, 4.0),
    ]  # fmt: skip
    with pytest.raises(errors.InvalidDimensionsError, match="3 values of weight for 5 connections"):
        projection.set(weight=[1.0, 2.0, 3.0])


def test_set_one_connection(projection):
    projection[2].weight = 9.0
    projection.connections[0].delay = 2.2
    listed = projection.get(["weight", "delay"], format="list")
    assert listed[2][2] == 9.0 and listed[0][3] == 2.2
    assert sum(w == 9.0 for _, _, w, _ in listed) == 1 and projection[2].weight == 9.0
    with pytest.raises(errors.ConnectionError, match="weights must be positive.*-1.0"):
        projection[2].weight = -1.0
    with pytest.raises(errors.ConnectionError, match="delay nan"):
        projection[2].delay = np.nan
    assert projection.get(["weight", "delay"], format="list") == listed


@pytest.mark.parametrize(
    "attributes, error, message",
    [
        ({"wieght": 1.0}, errors.NonExistentParameterError, "'weight'"),
        ({"weight": -1.0}, errors.ConnectionError, "pre→post: weights must be positive.*-1.0"),
        ({"weight": np.nan}, errors.ConnectionError, "weights must be finite.*nan"),
        ({"weight": np.inf}, errors.ConnectionError, "weights must be finite.*inf"),
        ({"weight": "heavy"}, ValueError, "heavy|string"),
        ({"weight": None}, ValueError, "weight"),
        ({"weight": np.ones((4, 3))}, errors.InvalidDimensionsError, r"\(3, 4\).*\(4, 3\)"),
        ({"delay": 0.0}, errors.ConnectionError, "delay 0.0 ms is out of range"),
        ({"delay": -1.0}, errors.ConnectionError, "delay -1.0 ms is out of range"),
        ({"delay": 1e5}, errors.ConnectionError, "delay 100000.0 ms is out of range"),
    ],
)
def test_bad_set_changes_nothing(projection, attributes, error, message):
    before = projection.get(["weight", "delay"], format="list")
    with pytest.raises(error, match=message):
        projection.set(**attributes)
    assert projection.get(["weight", "delay"], format="list") == before


def test_weights_of_the_wrong_sign():
    sim.setup(timestep=0.1)
    a = sim.Population(2, sim.SpikeSourceArray())
    curr, cond = sim.Population(2, sim.IF_curr_exp()), sim.Population(2, sim.IF_cond_exp())
    for post, receptor, weight, rule in (
        (curr, "excitatory", -0.1, "positive"),
        (curr, "inhibitory", 0.1, "negative"),
        (cond, "inhibitory", -0.1, "positive"),
    ):
        with pytest.raises(errors.ConnectionError, match=f"must be {rule}"):
            sim.Projection(
                a,
                post,
                sim.AllToAllConnector(),
                sim.StaticSynapse(weight=weight),
                receptor_type=receptor,
            )
    guessed = sim.Projection(a, curr, sim.AllToAllConnector(), sim.StaticSynapse(weight=-0.1))
    assert guessed.receptor_type == "inhibitory"
    unsafe = sim.AllToAllConnector(safe=False)
    sim.Projection(a, curr, unsafe, sim.StaticSynapse(weight=-0.1), receptor_type="excitatory")


def test_delay_limits():
    sim.setup(timestep=0.1, min_delay=0.5, max_delay=2.0)
    p = sim.Population(2, sim.IF_cond_exp())
    default = sim.Projection(p, p, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))
    assert default.get("delay", format="list", with_address=False) == [0.5] * 4
    for delay in (0.4, 2.1):
        with pytest.raises(errors.ConnectionError, match=rf"delay {delay} ms is out of range \[0.5, 2.0\]"):
            sim.Projection(p, p, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=delay))


@pytest.mark.parametrize("n_values", [12, 5])
def test_list_of_weights_at_creation(n_values):
    sim.setup(timestep=0.1)
    a, b = sim.Population(3, sim.SpikeSourceArray()), sim.Population(4, sim.IF_curr_exp())
    connector = sim.AllToAllConnector()
    if n_values == 5:
        connector = sim.FromListConnector([(i, j) for i, j, *_ in CONNECTIONS])
    weights = [0.1 * (k + 1) for k in range(n_values)]
    projection = sim.Projection(a, b, connector, sim.StaticSynapse(weight=weights, delay=0.2))
    assert [w for *_, w in projection.get("weight", format="list")] == weights
    assert projection.receptor_type == "excitatory"


def test_save(projection, tmp_path):
    filename = str(tmp_path / "connections.txt")
    projection.save("all", filename)
    saved = StandardTextFile(filename, mode="r")
    assert saved.get_metadata()["columns"] == ["i", "j", "weight", "delay"]
    np.testing.assert_allclose(saved.read(), projection.get(["weight", "delay"], format="list"))
    copy = sim.Projection(
        projection.pre, projection.post, sim.FromFileConnector(filename), sim.StaticSynapse()
    )
    assert sorted(copy.get(["weight", "delay"], "list")) == sorted(
        projection.get(["weight", "delay"], "list")
    )
    for names, shape in (("weight", (3, 4)), (["weight"], (1, 3, 4)), (["weight", "delay"], (2, 3, 4))):
        binary = NumpyBinaryFile(str(tmp_path / "w.npz"), mode="wb")
        projection.save(names, binary, format="array", with_address=False)
        read = NumpyBinaryFile(str(tmp_path / "w.npz"), mode="rb").read()
        assert read.shape == shape and read.reshape(-1, 3, 4)[0, 1, 0] == 0.3 and read.flat[0] == 0.0


def test_save_matrices_as_text(projection, tmp_path):
    weights, delays = np.nan_to_num(projection.get(["weight", "delay"], format="array"))
    path = tmp_path / "matrix.txt"
    projection.save("weight", path, format="array")
    np.testing.assert_array_equal(np.loadtxt(path), weights)
    assert StandardTextFile(str(path), mode="r").get_metadata() == {"columns": ["weight"]}
    projection.save(["weight", "delay"], str(path), format="array")  # one below the other
    np.testing.assert_array_equal(np.loadtxt(path), np.concatenate([weights, delays]))
    projection.printWeights(str(path), format="array")
    np.testing.assert_array_equal(np.loadtxt(path), weights)


def test_views_see_their_own_indices():
    sim.setup(timestep=0.1)
    p = sim.Population(10, sim.IF_cond_exp())
    view = p[2:9][1::2]  # cells 3, 5, 7
    projection = sim.Projection(view, p[[8, 1]], sim.AllToAllConnector(),
                                sim.StaticSynapse(weight=np.arange(6.0).reshape(3, 2) + 1))  # fmt: skip
    np.testing.assert_array_equal(projection.get("weight", format="array"), np.arange(6.0).reshape(3, 2) + 1)
    assert projection.shape == (3, 2)
    assert [int(c.presynaptic_cell) for c in projection] == [int(p[k]) for k in (3, 5, 7)] * 2


def test_default_receptor_of_an_assembly_does_not_depend_on_hashing():
    sim.setup(timestep=0.1)
    a, b = sim.Population(2, sim.IF_cond_exp()), sim.Population(3, sim.IF_cond_alpha())
    assert (a + b).receptor_types == ["excitatory", "inhibitory"]
    assert (a + sim.Population(2, sim.SpikeSourceArray())).receptor_types == []


def test_delivery_through_views_and_assemblies():
    """Each spike arrives at the right cell, at the right time, with the right weight."""
    sim.setup(timestep=0.1)
    sources = sim.Population(4, sim.SpikeSourceArray(spike_times=[[1.0], [2.0], [3.0], [4.0]]))
    a = sim.Population(3, sim.IF_curr_delta(tau_m=1e9, v_thresh=1e9))
    b = sim.Population(5, sim.IF_curr_delta(tau_m=1e9, v_thresh=1e9))
    targets = b[1:4] + a
    weights = np.arange(1.0, 13.0).reshape(2, 6)
    delays = np.round(np.linspace(0.1, 5.0, 12), 1).reshape(2, 6)
    sim.Projection(
        sources[1::2], targets, sim.AllToAllConnector(), sim.StaticSynapse(weight=weights, delay=delays)
    )
    for population in (a, b):
        population.record("v")
    sim.run(20.0)
    v = np.hstack([np.asarray(p.get_data().segments[0].analogsignals[0]) for p in (b[1:4], a)]) + 65.0
    expected = np.zeros((201, 6))
    for k, t in enumerate((2.0, 4.0)):
        for j in range(6):
            expected[round((t + delays[k, j]) / 0.1) :, j] += weights[k, j]
    np.testing.assert_allclose(v, expected, atol=1e-4)  # the leak over 20 ms
    silent = np.asarray(b.get_data().segments[0].analogsignals[0])[:, [0, 4]]
    np.testing.assert_array_equal(silent, -65.0)


def test_weights_and_delays_change_between_runs():
    sim.setup(timestep=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0, 11.0, 21.0]))
    cell = sim.Population(1, sim.IF_curr_delta(tau_m=1e9, v_thresh=1e9))
    projection = sim.Projection(
        source, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=1.0)
    )
    cell.record("v")
    sim.run(10.0)
    projection.set(weight=3.0, delay=30.0)
    sim.run(10.0)
    projection[0].weight = 5.0
    sim.run(50.0)
    v = np.asarray(cell.get_data().segments[0].analogsignals[0])[:, 0]
    np.testing.assert_array_equal(np.flatnonzero(np.diff(v) > 0.5) + 1, [20, 410, 510])
    np.testing.assert_allclose(np.diff(v)[[19, 409, 509]], [1.0, 3.0, 5.0], atol=1e-6)


@pytest.mark.parametrize("arguments", [
    {"connector": "all"}, {"synapse_type": "static"}, {"receptor_type": "exitatory"},
])  # fmt: skip
def test_wrong_arguments(arguments):
    sim.setup(timestep=0.1)
    p = sim.Population(2, sim.IF_cond_exp())
    keywords = {"connector": sim.AllToAllConnector(), "synapse_type": sim.StaticSynapse(), **arguments}
    with pytest.raises((TypeError, errors.ConnectionError), match="onnector|ynapse|exitatory"):
        sim.Projection(p, p, **keywords)


def test_spike_sources_can_not_be_targets():
    sim.setup(timestep=0.1)
    p = sim.Population(2, sim.SpikeSourceArray(), label="sources")
    with pytest.raises(errors.ConnectionError, match="'sources'.*spike source"):
        sim.Projection(p, p, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0))


def test_populations_of_an_old_network_are_refused():
    sim.setup(timestep=0.1)
    old = sim.Population(2, sim.IF_cond_exp(), label="old")
    sim.setup(timestep=0.1)
    new = sim.Population(2, sim.IF_cond_exp())
    with pytest.raises(errors.ConnectionError, match="'old' belongs to a network from before setup"):
        sim.Projection(old, new, sim.AllToAllConnector())


def test_many_projections_of_one_population():
    """More than the run loop looks ahead: each delivers to its own cells."""
    sim.setup(timestep=0.1)
    pre = sim.Population(3, sim.SpikeSourceArray(spike_times=[[1.0], [2.0], []]))
    posts = [sim.Population(2, sim.IF_curr_delta(tau_m=1e9, v_thresh=1e6)) for _ in range(12)]
    for k, post in enumerate(posts):
        post.initialize(v=-65.0)
        synapse = sim.StaticSynapse(weight=1.0 + k, delay=0.5)
        connector = sim.OneToOneConnector() if k % 2 else sim.AllToAllConnector()
        sim.Projection(pre, post, connector, synapse, receptor_type="excitatory")
        post.record("v")
    sim.run(4.0)
    for k, post in enumerate(posts):
        jumps = post.get_data().segments[0].filter(name="v")[0].magnitude[-1] + 65.0
        assert np.allclose(jumps, (1.0 + k) * (1 if k % 2 else 2), atol=1e-6)


def test_describe_wants_the_name_of_a_template():
    sim.setup()
    cells = sim.Population(2, sim.IF_curr_exp())
    projection = sim.Projection(cells, cells, sim.AllToAllConnector())
    with pytest.raises(TypeError, match="template must be the name of a template, or None, not True"):
        projection.describe(True)


# --- what is shown of building ----------------------------------------------------------------

BUILD = """
import pyNN_fastsim as sim
from pyNN_fastsim import progress
progress.DELAY = {delay}
sim.setup()
p = sim.Population(40, sim.IF_curr_exp())
for k in range(3):
    sim.Projection(p, p, sim.AllToAllConnector(), sim.StaticSynapse(), label=f"from here {{k}}")
"""


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_large_projection_has_a_bar():
    """From two seconds on, and gone when it is done."""
    script = """
import time
import pyNN_fastsim as sim
from pyNN_fastsim import bulk, connectors, progress
chosen_pairs = connectors.chosen_pairs
def slow(*arguments):
    time.sleep(0.02)
    return chosen_pairs(*arguments)
connectors.chosen_pairs = slow
progress.DELAY = {delay}
bulk.PAIRS_AT_ONCE = 100
sim.setup()
p = sim.Population(40, sim.IF_curr_exp())
sim.Projection(p, p, sim.AllToAllConnector(), sim.StaticSynapse(), label="large")
"""
    shown = on_terminal(script.format(delay=1e-9))
    assert "Connecting 'large'" in shown and "/20 [" in shown
    assert shown.rpartition("\r")[0].split("\r")[-1].strip() == ""
    assert on_terminal(script.format(delay=2.0)) == ""


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_building_is_shown_on_a_terminal():
    """While it takes long, and until it is done."""
    shown = on_terminal(BUILD.format(delay=1e-9))
    assert "Building projection 3, 'from here 2', after 3.20k connections" in shown
    assert shown.rpartition("\r")[0].split("\r")[-1].strip() == ""
    assert on_terminal(BUILD.format(delay=2.0)) == ""


def test_building_is_not_shown_elsewhere():
    script = BUILD.format(delay=1e-9)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stderr == done.stdout == b""
