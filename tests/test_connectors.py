"""Connectors make the same connections, weights and delays as PyNN's own, number for number."""

import csa
import numpy as np
import pyNN.mock
import pytest
from pyNN import errors
from pyNN.core import IndexBasedExpression
from pyNN.random import NumpyRNG, RandomDistribution, available_distributions
from pyNN.recording.files import NumpyBinaryFile, StandardTextFile
from pyNN.space import Grid2D, RandomStructure, Space, Sphere

import pyNN_fastsim as fastsim

N_PRE, N_POST = 12, 16


class Difference(IndexBasedExpression):
    def __call__(self, i, j):
        return 0.2 + 0.01 * np.abs(i - j)


def rng(seed):
    return NumpyRNG(seed=seed)


def from_file(tmp_path, sim):
    path = tmp_path / f"{sim.__name__}.txt"
    path.write_text('# columns = ["i", "j", "weight", "delay"]\n0 3 0.1 0.5\n2 1 0.2 0.7\n11 15 0.3 0.9\n')
    return sim.FromFileConnector(str(path))


# Each makes a connector for a backend; those marked True connect a population to itself.
CONNECTORS = {
    "all to all": (lambda sim, tmp: sim.AllToAllConnector(), False),
    "all to all, self": (lambda sim, tmp: sim.AllToAllConnector(), True),
    "all to all, no self": (lambda sim, tmp: sim.AllToAllConnector(allow_self_connections=False), True),
    "one to one": (lambda sim, tmp: sim.OneToOneConnector(), False),
    "probability": (lambda sim, tmp: sim.FixedProbabilityConnector(0.3, rng=rng(1)), False),
    "probability, none": (lambda sim, tmp: sim.FixedProbabilityConnector(0.0, rng=rng(1)), False),
    "probability, default rng": (lambda sim, tmp: sim.FixedProbabilityConnector(0.3), False),
    "probability, no self": (
        lambda sim, tmp: sim.FixedProbabilityConnector(0.5, allow_self_connections=False, rng=rng(1)),
        True,
    ),
    "probability, no mutual": (
        lambda sim, tmp: sim.FixedProbabilityConnector(0.5, allow_self_connections="NoMutual", rng=rng(1)),
        True,
    ),
    "distance": (
        lambda sim, tmp: sim.DistanceDependentProbabilityConnector("exp(-abs(d)/2)", rng=rng(2)),
        False,
    ),
    "distance, step": (
        lambda sim, tmp: sim.DistanceDependentProbabilityConnector("0.7*(d<3)", rng=rng(2)),
        True,
    ),
    "displacement": (
        lambda sim, tmp: sim.DisplacementDependentProbabilityConnector(
            lambda d: 0.5 * (d[0] < 3) * (d[1] < 2), rng=rng(3)
        ),
        False,
    ),
    "index": (lambda sim, tmp: sim.IndexBasedProbabilityConnector(Difference(), rng=rng(4)), False),
    "number pre": (lambda sim, tmp: sim.FixedNumberPreConnector(5, rng=rng(5)), False),
    "number pre, many": (lambda sim, tmp: sim.FixedNumberPreConnector(30, rng=rng(5)), False),
    "number pre, replacement": (
        lambda sim, tmp: sim.FixedNumberPreConnector(7, with_replacement=True, rng=rng(5)),
        False,
    ),
    "number pre, no self": (
        lambda sim, tmp: sim.FixedNumberPreConnector(5, allow_self_connections=False, rng=rng(5)),
        True,
    ),
    "number pre, replacement, no self": (
        # PyNN's own loop fails when a cell draws itself twice; with this seed none does.
        lambda sim, tmp: sim.FixedNumberPreConnector(
            3, with_replacement=True, allow_self_connections=False, rng=rng(3)
        ),
        True,
    ),
    "number pre, random": (
        lambda sim, tmp: sim.FixedNumberPreConnector(
            RandomDistribution("poisson", lambda_=5, rng=rng(55)), rng=rng(5)
        ),
        False,
    ),
    "number post": (lambda sim, tmp: sim.FixedNumberPostConnector(6, rng=rng(6)), False),
    "number post, many": (lambda sim, tmp: sim.FixedNumberPostConnector(40, rng=rng(6)), False),
    "number post, replacement": (
        lambda sim, tmp: sim.FixedNumberPostConnector(8, with_replacement=True, rng=rng(6)),
        False,
    ),
    "number post, no self": (
        lambda sim, tmp: sim.FixedNumberPostConnector(6, allow_self_connections=False, rng=rng(6)),
        True,
    ),
    "number post, random": (
        lambda sim, tmp: sim.FixedNumberPostConnector(
            RandomDistribution("uniform_int", low=2, high=9, rng=rng(66)), rng=rng(6)
        ),
        False,
    ),
    "number post, random from the same generator": (
        lambda sim, tmp: sim.FixedNumberPostConnector(
            RandomDistribution("uniform_int", low=2, high=9, rng=(shared := rng(6))), rng=shared
        ),
        False,
    ),
    "list": (
        lambda sim, tmp: sim.FromListConnector(
            [(0, 3, 0.1, 0.5), (2, 1, 0.2, 0.7), (0, 3, 0.4, 0.5), (11, 15, 0.3, 0.9)]
        ),
        False,
    ),
    "list, weights only": (
        lambda sim, tmp: sim.FromListConnector(
            [(i % 12, (7 * i) % 16, 0.01 * i) for i in range(40)], column_names=["weight"]
        ),
        False,
    ),
    "list, pairs only": (
        lambda sim, tmp: sim.FromListConnector([(i % 12, (5 * i) % 16) for i in range(50)]),
        False,
    ),
    "file": (lambda sim, tmp: from_file(tmp, sim), False),
    "array": (
        lambda sim, tmp: sim.ArrayConnector(np.random.RandomState(7).uniform(size=(N_PRE, N_POST)) < 0.4),
        False,
    ),
    "csa": (lambda sim, tmp: sim.CSAConnector(csa.oneToOne), False),
}

SYNAPSES = {
    "constant": lambda: {"weight": 0.25, "delay": 0.3},
    "drawn": lambda: {
        "weight": RandomDistribution("normal_clipped", (0.2, 0.1, 0.05, np.inf), rng=rng(11)),
        "delay": RandomDistribution("uniform", (0.2, 1.5), rng=rng(12)),
    },
    "drawn from one rng": lambda: (
        lambda shared: {
            "weight": RandomDistribution("gamma", k=2.0, theta=0.1, rng=shared),
            "delay": RandomDistribution("uniform", (0.2, 1.5), rng=shared),
        }
    )(rng(13)),
    "distance": lambda: {"weight": lambda d: 0.1 * np.exp(-d / 3), "delay": "0.2 + 0.1*d"},
    "indices": lambda: {"weight": Difference(), "delay": 0.4},
}


VIEWS = {
    "in order": (slice(1, None, 2), [2, 3, 5, 7, 11]),
    "sources reversed": (slice(None, None, -2), [2, 3, 5, 7, 11]),
    "targets reversed": (slice(1, None, 2), slice(11, 1, -3)),
}


def build(sim, make_connector, recurrent, parameters, tmp_path, view=None):
    sim.setup(timestep=0.1, min_delay=0.1)
    pre = sim.Population(
        N_PRE, sim.IF_cond_exp(), structure=RandomStructure(Sphere(5.0), rng=NumpyRNG(seed=21))
    )
    post = pre if recurrent else sim.Population(N_POST, sim.IF_cond_exp(), structure=Grid2D(dx=1.5))
    if view:
        pre, post = pre[VIEWS[view][0]], post[VIEWS[view][1]]
    return sim.Projection(
        pre,
        post,
        make_connector(sim, tmp_path),
        sim.StaticSynapse(**parameters),
        receptor_type="excitatory",
        space=Space(periodic_boundaries=((-6, 6), None, None)),
    )


def connections_of(projection):
    """[connections, (pre, post, weight, delay)]; pyNN.mock keeps them under capital names."""
    if hasattr(projection.connections[0] if len(projection) else None, "WEIGHT"):
        names = ("presynaptic_index", "postsynaptic_index", "WEIGHT", "DELAY")
        return np.array([c.as_tuple(*names) for c in projection.connections], dtype=float)
    return np.array(projection.get(["weight", "delay"], format="list"), dtype=float).reshape(-1, 4)


@pytest.mark.parametrize("synapse", SYNAPSES)
@pytest.mark.parametrize("connector", CONNECTORS)
def test_same_as_mock(connector, synapse, tmp_path):
    make_connector, recurrent = CONNECTORS[connector]
    if connector.startswith("list") and synapse == "distance":
        pytest.skip("pyNN.mock evaluates a function of distance on the index of the connection")
    if connector.startswith("list") and synapse == "indices":
        pytest.skip("pyNN.mock can't evaluate a function of the indices with FromListConnector")
    theirs, ours = (
        connections_of(build(sim, make_connector, recurrent, SYNAPSES[synapse](), tmp_path))
        for sim in (pyNN.mock, fastsim)
    )
    assert len(theirs) == len(ours)
    np.testing.assert_array_equal(ours, theirs.reshape(-1, 4))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("connector", ["probability", "distance", "number pre", "number post"])
def test_same_as_mock_on_views(connector, view, tmp_path):
    make_connector, recurrent = CONNECTORS[connector]
    theirs, ours = (
        connections_of(build(sim, make_connector, recurrent, SYNAPSES["drawn"](), tmp_path, view))
        for sim in (pyNN.mock, fastsim)
    )
    np.testing.assert_array_equal(ours, theirs)


DISTRIBUTIONS = {
    "binomial": (9, 0.3), "exponential": (0.7,), "gamma": (0.4, 2.0), "lognormal": (0.1, 0.5),
    "normal": (0.3, 1.0), "normal_clipped": (0.3, 1.0, 0.1, 0.9),
    "normal_clipped_to_boundary": (0.3, 1.0, 0.1, 0.9), "poisson": (3.0,),
    "uniform": (0.1, 0.9), "uniform_int": (1, 9), "vonmises": (0.3, 2.0),
}  # fmt: skip


def test_no_distribution_is_left_out():
    assert DISTRIBUTIONS.keys() == available_distributions.keys()


@pytest.mark.parametrize("connector", ["number pre, replacement", "probability", "all to all"])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_every_distribution_same_as_mock(name, connector, monkeypatch, tmp_path):
    """Whatever the number of connections that are drawn at once."""
    monkeypatch.setattr("pyNN_fastsim.drawing.AT_ONCE", 17)
    results = []
    for sim in (pyNN.mock, fastsim):
        synapse = {
            "weight": RandomDistribution(name, DISTRIBUTIONS[name], rng=rng(41)),
            "delay": RandomDistribution("normal_clipped", (0.5, 0.5, 0.2, 0.9), rng=rng(42)),
        }

        def make_connector(sim, tmp_path):
            made = CONNECTORS[connector][0](sim, tmp_path)
            made.safe = False  # some weights are negative
            return made

        results.append(connections_of(build(sim, make_connector, False, synapse, tmp_path)))
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("connector", ["probability", "number post"])
def test_generators_are_left_where_pynn_leaves_them(connector, tmp_path):
    """A second projection that uses the same generators is the same, too."""
    results = []
    for sim in (pyNN.mock, fastsim):
        generator = rng(31)
        weights = RandomDistribution("normal", (0.5, 0.01), rng=generator)
        if connector == "probability":
            shared = sim.FixedProbabilityConnector(0.4, rng=generator)
        else:
            shared = sim.FixedNumberPostConnector(4, rng=generator)
        both = [
            build(sim, lambda sim, tmp, c=shared: c, False, {"weight": weights, "delay": 0.2}, tmp_path)
            for _ in range(2)
        ]
        results.append(np.concatenate([connections_of(projection) for projection in both]))
    np.testing.assert_array_equal(*results)


def test_clone_same_as_mock(tmp_path):
    results = []
    for sim in (pyNN.mock, fastsim):
        reference = build(sim, CONNECTORS["probability"][0], False, SYNAPSES["drawn"](), tmp_path)
        if sim is pyNN.mock:  # its get() needs PyNN's names
            for c in reference.connections:
                c.weight = c.WEIGHT
            reference.synapse_type.translations = {"weight": {"translated_name": "weight"}}
        clone = sim.Projection(
            reference.pre,
            reference.post,
            sim.CloneConnector(reference),
            sim.StaticSynapse(weight=0.5, delay=0.3),
            receptor_type="excitatory",
        )
        results.append(connections_of(clone))
    assert len(results[0]) > 0
    np.testing.assert_array_equal(*results)


def test_users_own_connector():
    order = 3, 0, 4, 1, 2

    class Neighbours(fastsim.Connector):
        parameter_names = ()

        def connect(self, projection):
            for j in order:
                sources = np.array([j, (j + 1) % projection.pre.size])
                projection._convergent_connect(sources, j, weight=0.1 * (j + 1), delay=0.2)

    fastsim.setup(timestep=0.1)
    p = fastsim.Population(5, fastsim.IF_cond_exp())
    projection = fastsim.Projection(p, p, Neighbours(), fastsim.StaticSynapse())
    expected = [(i, j, 0.1 * (j + 1), 0.2) for j in order for i in (j, (j + 1) % 5)]
    assert projection.get(["weight", "delay"], format="list") == expected
    assert projection[1].weight == 0.4 and projection[1].presynaptic_index == 4


FILE = '# columns = ["i", "j", "delay", "weight"]\n0 3 0.5 0.1\n2 1 0.7 0.2\n'
ROWS = [(2, 1, 0.2, 0.7), (0, 3, 0.1, 0.5)]


def in_text(path):
    path.write_text(FILE)
    return path


def in_numbers(path):
    rows = np.array([(i, j, delay, weight) for i, j, weight, delay in ROWS])
    file = NumpyBinaryFile(str(path), mode="wb")
    file.write(rows, {"columns": ["i", "j", "delay", "weight"]})
    file.close()
    return NumpyBinaryFile(str(path), mode="rb")


@pytest.mark.parametrize(
    "make", [in_text, lambda path: str(in_text(path)), lambda path: StandardTextFile(str(in_text(path)), "r"),
             in_numbers]
)  # fmt: skip
def test_files_may_be_read_twice(make, tmp_path):
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(5, fastsim.IF_cond_exp())
    connector = fastsim.FromFileConnector(make(tmp_path / "connections"))
    for _ in range(2):
        assert fastsim.Projection(p, p, connector).get(["weight", "delay"], "list") == ROWS


def test_distributed_files_are_left_alone(tmp_path):
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(5, fastsim.IF_cond_exp())
    whole, part = in_text(tmp_path / "connections"), in_text(tmp_path / "connections.0")
    whole.write_text("not what is to be read")
    for connector in (fastsim.FromFileConnector(str(whole), distributed=True),) * 2:
        assert fastsim.Projection(p, p, connector).get(["weight", "delay"], "list") == ROWS
    assert part.read_text() == FILE and whole.read_text() == "not what is to be read"
    part.unlink()
    with pytest.raises(FileNotFoundError, match="connections.0"):
        fastsim.Projection(p, p, connector)


def test_the_header_of_a_file_is_not_run(tmp_path):
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(5, fastsim.IF_cond_exp())
    path = tmp_path / "connections"
    path.write_text(f"# a remark\n# columns = [open({str(tmp_path / 'new')!r}, 'w').name]\n0 3 0.1\n")
    with pytest.raises(ValueError, match="columns in .*connections must be a list of names, not .*open"):
        fastsim.Projection(p, p, fastsim.FromFileConnector(str(path)))
    assert not (tmp_path / "new").exists()


def test_numbers_and_flags_of_numpy():
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(6, fastsim.IF_cond_exp())
    no = np.False_
    for connector, n in (
        (fastsim.FixedNumberPreConnector(np.int64(3), with_replacement=np.True_), 18),
        (fastsim.FixedNumberPostConnector(np.uint8(5), allow_self_connections=no), 30),
        (fastsim.FixedTotalNumberConnector(np.int32(4)), 4),
        (fastsim.SmallWorldConnector(np.int64(4), np.float32(0.5), n_connections=np.int16(2)), 12),
        (fastsim.FixedProbabilityConnector(np.float32(1), allow_self_connections=no), 30),
        (fastsim.AllToAllConnector(allow_self_connections=no), 30),
        (fastsim.DistanceDependentProbabilityConnector("1", allow_self_connections=no), 30),
    ):
        assert len(fastsim.Projection(p, p, connector)) == n


@pytest.mark.parametrize("p_connect", [10, 1.01, -0.1])
def test_probabilities_from_0_to_1(p_connect):
    with pytest.raises((TypeError, ValueError), match=f"p_connect must be .*not {p_connect}"):
        fastsim.FixedProbabilityConnector(p_connect)
    fastsim.setup()
    p = fastsim.Population(3, fastsim.IF_cond_exp())
    with pytest.raises(errors.InvalidParameterValueError, match="array must be of True and False"):
        fastsim.Projection(p, p, fastsim.ArrayConnector(np.full((3, 3), p_connect)))


def test_no_mutual_with_whatever_generator():
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(5, fastsim.IF_cond_exp())
    for generator in (rng(1), fastsim.NativeRNG(1)):
        connector = fastsim.FixedProbabilityConnector(1.0, allow_self_connections="NoMutual", rng=generator)
        pairs = fastsim.Projection(p, p, connector).get([], "list")
        assert sorted(pairs) == [(i, j) for i in range(5) for j in range(i)]


def test_pynns_own_connector_classes_work_too():
    from pyNN.connectors import FixedProbabilityConnector

    fastsim.setup(timestep=0.1)
    p = fastsim.Population(20, fastsim.IF_cond_exp())
    synapse = fastsim.StaticSynapse(weight=RandomDistribution("uniform", (0, 1), rng=rng(2)))
    theirs = fastsim.Projection(p, p, FixedProbabilityConnector(0.3, rng=rng(1)), synapse)
    ours = fastsim.Projection(p, p, fastsim.FixedProbabilityConnector(0.3, rng=rng(1)), synapse)
    assert theirs.get("weight", "list") == ours.get("weight", "list")


@pytest.mark.big
def test_total_number_is_uniform_over_pairs():
    fastsim.setup(timestep=0.1)
    a = fastsim.Population(10, fastsim.IF_cond_exp())
    b = fastsim.Population(8, fastsim.IF_cond_exp())
    n = 80_000
    projection = fastsim.Projection(
        a, b, fastsim.FixedTotalNumberConnector(n, rng=rng(1)), fastsim.StaticSynapse(weight=1.0)
    )
    assert projection.size() == n
    numbers = projection.get("weight", format="array", multiple_synapses="sum")
    # Each pair's number is binomial with mean 1000 and variance close to that: chi-square, 79 degrees.
    chi2 = ((numbers - 1000) ** 2 / 1000).sum()
    assert 42 < chi2 < 131  # probability 1e-4 on each side


@pytest.mark.parametrize("allow_self_connections", [True, False])
def test_total_number_draws_what_numpy_draws(allow_self_connections):
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(60, fastsim.IF_cond_exp())
    generator, expected = rng(9), np.random.RandomState(9)
    connector = fastsim.FixedTotalNumberConnector(
        2000, allow_self_connections=allow_self_connections, with_replacement=True, rng=generator
    )
    projection = fastsim.Projection(p, p, connector, fastsim.StaticSynapse(weight=1.0))
    pairs = np.zeros((0, 2), dtype=int)
    while len(pairs) < 2000:
        drawn = np.stack([expected.randint(0, 60, size=2000 - len(pairs)) for _ in range(2)], axis=1)
        pairs = np.concatenate([pairs, drawn[allow_self_connections | (drawn[:, 0] != drawn[:, 1])]])
    found = np.array(projection.get([], format="list"))
    np.testing.assert_array_equal(found, pairs[np.lexsort(pairs.T)])
    assert generator.rng.random_sample(9).tolist() == expected.random_sample(9).tolist()


def test_total_number_without_replacement_and_without_self():
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(6, fastsim.IF_cond_exp())
    connector = fastsim.FixedTotalNumberConnector(
        30, with_replacement=False, allow_self_connections=False, rng=rng(1)
    )
    projection = fastsim.Projection(p, p, connector, fastsim.StaticSynapse(weight=1.0))
    expected = np.where(np.eye(6, dtype=bool), np.nan, 1.0)
    np.testing.assert_array_equal(projection.get("weight", format="array"), expected)
    with pytest.raises(errors.ConnectionError, match="only 30 pairs"):
        connector = fastsim.FixedTotalNumberConnector(
            31, with_replacement=False, allow_self_connections=False
        )
        fastsim.Projection(p, p, connector, fastsim.StaticSynapse(weight=1.0))


@pytest.mark.parametrize("rewiring", [0.0, 0.3, 1.0])
def test_small_world(rewiring):
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(50, fastsim.IF_cond_exp())
    connector = fastsim.SmallWorldConnector(3.5, rewiring, allow_self_connections=False, rng=rng(1))
    space = Space(periodic_boundaries=((0, 50), None, None))
    projection = fastsim.Projection(p, p, connector, fastsim.StaticSynapse(weight=1.0), space=space)
    made = ~np.isnan(projection.get("weight", format="array"))
    ring = np.abs(np.subtract.outer(np.arange(50), np.arange(50)))
    local = (np.minimum(ring, 50 - ring) <= 3) & (ring > 0)
    assert made.sum() == local.sum() == 300 and not made.diagonal().any()
    kept = (made & local).sum() / 300
    # A rewired connection can land on a local pair that is free: at most 6 of 49.
    assert abs(kept - (1 - rewiring)) < 4 * np.sqrt(0.25 / 300) + rewiring * 6 / 49
    if rewiring == 0.0:
        np.testing.assert_array_equal(made, local)


def test_small_world_n_connections():
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(30, fastsim.IF_cond_exp())
    connector = fastsim.SmallWorldConnector(4.5, 0.2, n_connections=3, rng=rng(1))
    projection = fastsim.Projection(p, p, connector, fastsim.StaticSynapse(weight=1.0))
    made = ~np.isnan(projection.get("weight", format="array"))
    np.testing.assert_array_equal(made.sum(axis=1), 3)


def test_assemblies():
    fastsim.setup(timestep=0.1)
    a = fastsim.Population(3, fastsim.SpikeSourceArray())
    b = fastsim.Population(4, fastsim.IF_cond_exp())
    c = fastsim.Population(5, fastsim.IF_cond_exp())
    weights = np.arange(48.0).reshape(6, 8) + 1
    projection = fastsim.Projection(
        a + c[1:4],
        b + c[::2],
        fastsim.AllToAllConnector(),
        fastsim.StaticSynapse(weight=weights[:, :7], delay=0.2),
    )
    np.testing.assert_array_equal(projection.get("weight", format="array"), weights[:, :7])
    listed = projection.get("weight", format="list")
    assert [(i, j) for i, j, _ in listed] == [(i, j) for j in range(7) for i in range(6)]
    projection.set(weight=weights[:, :7] * 2)
    np.testing.assert_array_equal(projection.get("weight", format="array"), 2 * weights[:, :7])


@pytest.mark.parametrize(
    "connector, message",
    [
        (lambda: fastsim.FromListConnector([(0, 9, 0.1, 0.5)]), "postsynaptic index 9.0 .* 5 cells"),
        (lambda: fastsim.FromListConnector([(-1, 0, 0.1, 0.5)]), "presynaptic index -1.0"),
        (lambda: fastsim.FromListConnector([(0, 0, -0.1, 0.5)]), "weights must be positive"),
        (lambda: fastsim.FromListConnector([(0, 0, np.nan, 0.5)]), "weights must be finite"),
        (lambda: fastsim.FromListConnector([(0, 0, 0.1, 0.01)]), "delay 0.01 ms is out of range"),
        (lambda: fastsim.FromListConnector([(0, 0, 0.1, np.nan)]), "delay nan ms is out of range"),
        (lambda: fastsim.FromListConnector([(0, 0, 0.1, 1e6)]), "delay 1000000.0 ms is out of range"),
    ],
)
def test_bad_connections(connector, message):
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(5, fastsim.IF_cond_exp(), label="five")
    with pytest.raises(errors.ConnectionError, match=message):
        fastsim.Projection(p, p, connector(), fastsim.StaticSynapse(), label="bad")


def test_limits_that_hardly_any_number_is_within():
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(5, fastsim.IF_cond_exp(), label="five")
    delays = RandomDistribution("normal_clipped", (1.0, 0.1, 5.0, 9.0), rng=rng(1))
    with pytest.raises(
        errors.InvalidParameterValueError, match="five.*: delay can't be drawn .* are too rare"
    ):
        fastsim.Projection(p, p, fastsim.AllToAllConnector(), fastsim.StaticSynapse(delay=delays))


@pytest.mark.parametrize("kind", [fastsim.FixedNumberPreConnector, fastsim.FixedNumberPostConnector])
@pytest.mark.parametrize("generator", [NumpyRNG, fastsim.NativeRNG])
def test_numbers_without_end(kind, generator):
    fastsim.setup()
    cells = fastsim.Population(3, fastsim.IF_curr_exp(), label="cells")
    n = RandomDistribution("lognormal", mu=1000.0, sigma=1.0, rng=rng(1))  # infinite
    with pytest.raises(errors.InvalidParameterValueError, match="cells.*Connector: n .*inf"):
        fastsim.Projection(cells, cells, kind(n, rng=generator(seed=1)))


def test_bad_shapes():
    fastsim.setup(timestep=0.1)
    p = fastsim.Population(5, fastsim.IF_cond_exp())
    with pytest.raises(errors.InvalidDimensionsError, match=r"\(5, 5\).*\(4, 5\)"):
        fastsim.Projection(p, p, fastsim.ArrayConnector(np.ones((4, 5), bool)))
    with pytest.raises(errors.InvalidDimensionsError, match="3 values of weight for 25 connections"):
        fastsim.Projection(p, p, fastsim.AllToAllConnector(), fastsim.StaticSynapse(weight=[1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="'wieght' is not a parameter"):
        connector = fastsim.FromListConnector([(0, 0, 1.0)], column_names=["wieght"])
        fastsim.Projection(p, p, connector)


@pytest.mark.parametrize(
    "connector,message",
    [
        (fastsim.FixedProbabilityConnector(0.5, allow_self_connections="NoMutual"), "a population to itself"),
        (fastsim.FixedNumberPreConnector(1, allow_self_connections=False), "no other cell to connect to"),
        (
            fastsim.FixedNumberPostConnector(1, allow_self_connections=False, with_replacement=True),
            "no other cell to connect to",
        ),
    ],
)
def test_pairs_that_there_are_not(connector, message):
    fastsim.setup()
    alone = fastsim.Population(1, fastsim.IF_curr_exp(), label="alone")
    pre = fastsim.Population(2, fastsim.IF_curr_exp()) if "itself" in message else alone
    with pytest.raises(errors.ConnectionError, match=message):
        fastsim.Projection(pre, alone, connector)


def test_a_clone_needs_the_populations_of_its_original():
    fastsim.setup()
    a, b = (fastsim.Population(2, fastsim.IF_curr_exp(), label=label) for label in "ab")
    original = fastsim.Projection(a, b, fastsim.AllToAllConnector(), label="original")
    with pytest.raises(errors.ConnectionError, match=r"'original', \(a, b\), not \(b, a\)"):
        fastsim.Projection(b, a, fastsim.CloneConnector(original))


def test_connection_sets_may_bring_weights_and_delays():
    fastsim.setup(timestep=0.1)
    cells = fastsim.Population(2, fastsim.IF_curr_exp())
    connections = csa.cset(csa.oneToOne, 0.25, 1.5)
    projection = fastsim.Projection(cells, cells, fastsim.CSAConnector(connections))
    assert projection.get(["weight", "delay"], "list") == [(0, 0, 0.25, 1.5), (1, 1, 0.25, 1.5)]


class OneByOne(fastsim.AllToAllConnector):
    """A connector of a user's own, which connects one target cell after the other."""

    def __init__(self, sources, target, **parameters):
        super().__init__()
        self.call = sources, target, parameters

    def connect(self, projection):
        sources, target, parameters = self.call
        projection._convergent_connect(np.array(sources), target, **parameters)


def test_connectors_of_ones_own_are_checked():
    fastsim.setup(timestep=0.1)
    cells = fastsim.Population(3, fastsim.IF_curr_exp())
    made = fastsim.Projection(cells, cells, OneByOne([0, 2], 1, weight=[0.5, 0.25], delay=1.0))
    assert made.get(["weight", "delay"], "list") == [(0, 1, 0.5, 1.0), (2, 1, 0.25, 1.0)]
    with pytest.raises(errors.ConnectionError, match="presynaptic index .*3.* is not one of the 3 cells"):
        fastsim.Projection(cells, cells, OneByOne([0, 3], 1))
    with pytest.raises(errors.ConnectionError, match="postsynaptic index .*-1.* is not one of the 3 cells"):
        fastsim.Projection(cells, cells, OneByOne([0], -1))
    with pytest.raises(errors.InvalidDimensionsError, match="3 values of weight for 2 connections"):
        fastsim.Projection(cells, cells, OneByOne([0, 2], 1, weight=[1.0, 2.0, 3.0]))
