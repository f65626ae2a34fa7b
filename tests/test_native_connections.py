"""
Connections drawn by a NativeRNG, row by row; and those that are delivered when spikes arrive, whoever drew
them.
"""

import numpy as np
import pytest
from pyNN.random import NumpyRNG, RandomDistribution
from scipy import stats

import pyNN_fastsim as sim
from pyNN_fastsim.engine.synapses.arrival import ArrivalGroup
from pyNN_fastsim.engine.synapses.groups import SynapseGroup

DT = 0.1
N = 24


@pytest.fixture(autouse=True)
def small_networks_count_as_large(monkeypatch):
    monkeypatch.setattr("pyNN_fastsim.engine.synapses.arrival.LONG", 0.2)


def drawn(mean, spread, low, high, rng):
    return RandomDistribution("normal_clipped", (mean, spread, low, high), rng=rng)


def excitatory(rng, mean=0.3):
    return sim.StaticSynapse(weight=drawn(mean, 0.1, 0, np.inf, rng), delay=drawn(1.0, 0.5, DT, 2.0, rng))


def inhibitory(rng):
    return sim.StaticSynapse(weight=drawn(-0.2, 0.1, -np.inf, 0, rng), delay=drawn(0.6, 0.2, DT, 2.0, rng))


def cells(n=N, current=0.9):
    population = sim.Population(n, sim.IF_curr_exp(i_offset=current))
    population.initialize(v=RandomDistribution("uniform", (-65, -50), rng=NumpyRNG(seed=2)))
    population.record(["spikes", "v"])
    return population


@pytest.fixture(params=["NativeRNG", "NumpyRNG"])
def generator(request):
    """A class of generators that draw connections."""
    return getattr(sim, request.param)


@pytest.fixture
def small_pieces(monkeypatch):
    """Small networks are drawn in many pieces, as large ones are."""
    monkeypatch.setattr("pyNN_fastsim.engine.synapses.drawn.FEWEST", 1)
    monkeypatch.setattr("pyNN_fastsim.engine.synapses.drawn.NARROWEST", 1)
    monkeypatch.setattr("pyNN_fastsim.engine.synapses.drawn.LONGEST", 1)


def network(threads=1, seed=1, generator=sim.NativeRNG):
    """Two populations with four projections, of which those from the first cells are merged."""
    sim.setup(timestep=DT, min_delay=DT, max_delay=10.0, threads=threads)
    rng = generator(seed=seed)
    a, b = cells(), cells(N // 2)
    total = sim.FixedTotalNumberConnector(30 * N, with_replacement=True, rng=rng)
    projections = [
        sim.Projection(a, a, total, excitatory(rng), receptor_type="excitatory"),
        sim.Projection(a, b, sim.FixedProbabilityConnector(0.9, rng=rng), excitatory(rng)),
        sim.Projection(b, a, sim.FixedProbabilityConnector(0.9, rng=rng), inhibitory(rng),
                       receptor_type="inhibitory"),
        # Twice from the same cells to the same receptors
        sim.Projection(a, b, sim.FixedProbabilityConnector(0.9, rng=rng), excitatory(rng, 0.1)),
    ]  # fmt: skip
    return [a, b], projections


def listed(projection):
    return projection.get(["weight", "delay"], format="list")


def same_from_lists(populations, projections):
    """The same network, of connections that are given one by one, and delivered at once."""
    lists = [listed(p) for p in projections]
    where = [(populations.index(p.pre), populations.index(p.post), p.receptor_type) for p in projections]
    sim.setup(timestep=DT, min_delay=DT, max_delay=10.0)
    populations = [cells(), cells(N // 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pyNN_fastsim.engine.synapses.arrival.LONG", np.inf)
        copies = [
            sim.Projection(
                populations[pre], populations[post], sim.FromListConnector(rows), receptor_type=kind
            )
            for rows, (pre, post, kind) in zip(lists, where, strict=True)
        ]
    assert not any(map(is_merged, copies))
    return populations, copies


def recorded(populations):
    result = []
    for population in populations:
        segment = population.get_data().segments[-1]
        result.append([np.asarray(train) for train in segment.spiketrains])
        result.append(segment.filter(name="v")[0].magnitude)
    return result


def assert_equal(found, expected):
    for one, other in zip(found, expected, strict=True):
        if isinstance(one, list):
            assert list(map(list, one)) == list(map(list, other))
        else:
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)
    assert sum(map(len, expected[0])) > N


def is_merged(projection):
    return isinstance(projection._groups[0].synapses, ArrivalGroup)


def test_spikes_arrive_as_through_connections_from_a_list(generator):
    populations, projections = network(generator=generator)
    assert all(map(is_merged, projections))
    sim.run(60.0)
    found = recorded(populations)
    populations, _ = same_from_lists(populations, projections)
    sim.run(60.0)
    assert_equal(found, recorded(populations))


@pytest.mark.parametrize("threads", [1, 2])
def test_pieces_threads_and_looking_change_nothing(threads, generator, monkeypatch):
    monkeypatch.setattr("pyNN_fastsim.engine.preparation.CELLS_PER_THREAD", 1)
    populations, projections = network(generator=generator)
    sim.run(40.0)
    expected = recorded(populations)
    populations, projections = network(threads, generator=generator)
    before = listed(projections[1])
    for piece in (0.1, 13.3, 0.6, 26.0):
        sim.run(piece)
        assert listed(projections[1]) == before
    found = recorded(populations)
    assert all(np.array_equal(one, other) for one, other in zip(found[1::2], expected[1::2], strict=True))
    assert_equal(found, expected)


@pytest.mark.parametrize("name, value", [("weight", 0.5), ("delay", 1.7), ("delay", None)])
def test_what_is_under_way_keeps_the_weight_and_delay_it_left_with(name, value, generator):
    def change(projection):
        pre, post = np.array(projection.get(name, format="list"))[:, :2].T
        values = value if value is not None else 0.1 + 0.1 * ((pre + 2 * post) % 15)
        projection.set(**{name: values if value is not None else values[np.lexsort((post, pre))]})

    def run(populations, projections):
        for _ in range(4):
            sim.run(5.05)
            change(projections[0])
            projections[3].set(weight=0.15)
        sim.run(10.0)
        return recorded(populations)

    populations, projections = network(generator=generator)
    copies = same_from_lists(populations, projections)
    expected = run(*copies)
    found = run(*network(generator=generator))
    assert_equal(found, expected)


def test_reset_and_new_connections(generator):
    populations, projections = network(generator=generator)
    sim.run(20.0)
    first = recorded(populations)
    sim.reset()  # while spikes are about to arrive
    sim.run(20.0)
    assert_equal(recorded(populations), first)
    projections[0].set(weight=0.0)
    sim.run(5.0)
    sim.reset()
    sim.run(20.0)
    assert_equal(recorded(populations), first)
    rng = generator(seed=9)
    sim.Projection(
        populations[0], populations[1], sim.FixedProbabilityConnector(0.9, rng=rng), excitatory(rng)
    )
    sim.run(20.0)
    with_more = recorded(populations)
    assert not np.array_equal(with_more[3][:401], first[3])


def test_first_weights_come_back_whatever_has_been_sorted_since(generator):
    """Weights change, then delays, which takes connections back to the order by target, or others come."""
    sim.setup(timestep=DT, min_delay=DT, max_delay=20.0)
    rng = generator(seed=9)
    a = cells()

    def connect(probability):
        return sim.Projection(a, a, sim.FixedProbabilityConnector(probability, rng=rng), excitatory(rng))

    def weights_of(projection):
        return {(pre, post): weight for pre, post, weight in projection.get("weight", "list")}

    few = connect(0.1)
    sim.run(1.0)
    first = [weights_of(few)]
    few.set(weight=0.5)
    many = connect(0.9)
    assert [is_merged(few), is_merged(many)] == [False, True]
    first.append(weights_of(many))
    many.set(weight=0.25)
    sim.run(1.0)
    many.set(delay=2.0)
    sim.run(1.0)
    assert not is_merged(many)
    assert set(weights_of(many).values()) == {0.25}
    sim.reset()
    assert [weights_of(few), weights_of(many)] == first


@pytest.mark.parametrize("begun", [False, True])
def test_few_connections_join_the_many_from_the_same_cells(begun, generator):
    """Whether they are made before those or after; and who has looked at them sees no difference."""
    sim.setup(timestep=DT, min_delay=DT, max_delay=10.0)
    rng = generator(seed=7)
    a, b = cells(), cells(N // 2)

    def connect(source, target, probability):
        return sim.Projection(
            source, target, sim.FixedProbabilityConnector(probability, rng=rng), excitatory(rng)
        )

    few, others = connect(a, b, 0.2), connect(b, b, 0.2)
    before = listed(few)
    sim.run(2.5 if begun else 0.0)
    assert not is_merged(few)
    projections = [few, others, connect(a, a, 0.9), connect(a, b, 0.2)]
    assert list(map(is_merged, projections)) == [True, False, True, True]
    assert listed(few) == before
    sim.run(30.0)
    found = recorded([a, b])
    if not begun:
        populations, _ = same_from_lists([a, b], projections)
        sim.run(30.0)
        assert_equal(found, recorded(populations))
        return
    sim.reset()
    sim.run(2.5)
    few.set(weight=few.get("weight", "list", with_address=False))
    sim.run(30.0)
    assert sum(map(len, found[0])) > N and listed(few) == before


def test_the_same_seed_gives_the_same_connections_whatever_the_threads(generator, monkeypatch, small_pieces):
    monkeypatch.setattr("pyNN_fastsim.random.PIECE", 100)
    monkeypatch.setattr("pyNN_fastsim.drawing.AT_ONCE", 100)
    one, two = ([listed(p) for p in network(threads, generator=generator)[1]] for threads in (1, 2))
    assert one == two
    other = [listed(p) for p in network(seed=2, generator=generator)[1]]
    assert all(a != b for a, b in zip(one, other, strict=True))


class ByTarget(sim.Connector):
    """A user's own: for each of some targets the same sources, some of them several times."""

    parameter_names = ()

    def __init__(self, targets, sources):
        super().__init__()
        self._targets, self._sources = targets, np.array(sources)

    def connect(self, projection):
        for target in self._targets:
            delays = 0.3 + 0.01 * target + 0.6 * (np.arange(len(self._sources)) % 3 == 0)
            projection._convergent_connect(
                self._sources, target, weight=0.1 + 0.01 * self._sources, delay=delays
            )


class Both(sim.Connector):
    """Connects as two others do, one after the other."""

    parameter_names = ()

    def __init__(self, *connectors):
        super().__init__()
        self._connectors = connectors

    def connect(self, projection):
        for connector in self._connectors:
            connector.connect(projection)


def by_delay_only(rng):
    return sim.StaticSynapse(weight=0.3, delay=drawn(1.0, 0.5, DT, 2.0, rng))


ROWS = [(i % 5, i % 7, 0.01 * i, 0.2 + 0.013 * (i % 19)) for i in range(300)]

# Projections of N cells and a NumpyRNG. The comments say what the order of creation is found from again.
MADE = {
    "multiple": lambda a, rng: sim.Projection(  # the order in which delays are drawn
        a, a, sim.FixedTotalNumberConnector(60 * N, rng=rng), excitatory(rng)
    ),
    "multiple, one weight": lambda a, rng: sim.Projection(
        a, a, sim.FixedTotalNumberConnector(60 * N, rng=rng), by_delay_only(rng)
    ),
    "sources in no order": lambda a, rng: sim.Projection(  # ranks
        a, a, sim.FixedNumberPreConnector(30, with_replacement=True, rng=rng), excitatory(rng)
    ),
    "to a view": lambda a, rng: sim.Projection(
        a[2:9], a[[1, 5, 20]], sim.FixedTotalNumberConnector(200, rng=rng), excitatory(rng)
    ),
    "to a view in another order": lambda a, rng: sim.Projection(
        a[9:2:-2], a[20:0:-6], sim.FixedTotalNumberConnector(200, rng=rng), excitatory(rng)
    ),
    "between assemblies": lambda a, rng: sim.Projection(  # places
        a[:4] + cells(5), cells(3) + a, sim.FixedTotalNumberConnector(900, rng=rng), excitatory(rng)
    ),
    "by distance": lambda a, rng: sim.Projection(  # delays that are kept
        a,
        a,
        sim.FixedProbabilityConnector(0.7, rng=rng),
        sim.StaticSynapse(weight=0.2, delay="0.3 + 0.02*d"),
    ),
    "a list": lambda a, rng: sim.Projection(a, a, sim.FromListConnector(ROWS)),
    "own, in order": lambda a, rng: sim.Projection(
        a, a, ByTarget(range(N), [2, 5, 5, 5, 9]), sim.StaticSynapse()
    ),
    "own, targets in order": lambda a, rng: sim.Projection(
        a, a, ByTarget(range(N), [5, 2, 9, 5, 5]), sim.StaticSynapse()
    ),
    "own, in no order": lambda a, rng: sim.Projection(
        a, a, ByTarget([7, 3, *range(N)], [5, 2, 9, 5, 5]), sim.StaticSynapse()
    ),
    "two connectors": lambda a, rng: sim.Projection(
        a,
        a,
        Both(sim.FixedNumberPreConnector(5, rng=rng), sim.FixedTotalNumberConnector(9 * N, rng=rng)),
        excitatory(rng),
    ),
}


def seen(which, long, looks_first, path):
    """What users see of a projection where so many synapses of a cell and delay are delivered on arrival."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pyNN_fastsim.engine.synapses.arrival.LONG", long)
        sim.setup(timestep=DT, min_delay=DT)
        a = cells()
        projection = MADE[which](a, NumpyRNG(seed=5))
        kinds = {type(group.synapses) for group in projection._groups}
        assert kinds == ({SynapseGroup} if long else {ArrivalGroup})
        result = [projection[3].delay] if looks_first else []
        sim.run(3.0)
        result += [listed(projection), projection[7].as_tuple("weight", "delay")]
        result.append(projection.get("delay", "array"))
        projection.save("all", str(path))
        result.append(path.read_text())
        projection.set(weight=np.linspace(0.1, 0.2, len(projection)).tolist())
        result.append(listed(projection))
        projection[5].delay = 1.7
        result.append(listed(projection))
        projection.set(delay=(0.3 + 0.1 * (np.arange(len(projection)) * 7 % 11)).tolist())
        sim.reset()
        result.append(listed(projection))
        # Many others from the same cells: all of them are sorted by delay again.
        sim.Projection(a, a, sim.AllToAllConnector(), by_delay_only(NumpyRNG(seed=2)))
        kinds = {type(group.synapses) for group in projection._groups}
        assert (SynapseGroup if long else ArrivalGroup) in kinds
        result.append(listed(projection))
        projection.set(delay=0.9)
        result.append(listed(projection))
        return result


@pytest.mark.parametrize("looks_first", [False, True])
@pytest.mark.parametrize("which", MADE)
def test_users_see_the_order_of_creation(which, looks_first, tmp_path):
    """Exact delays and all, as if nothing had been sorted."""
    sorted_by_delay, as_made = (seen(which, n, looks_first, tmp_path / "list") for n in (0.0, np.inf))
    for found, expected in zip(sorted_by_delay, as_made, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("numbers", [(3, 2), (0, 2)])
def test_a_connector_that_consists_of_two(generator, numbers):
    sim.setup(timestep=DT)
    a, rng = cells(), generator(seed=1)
    both = Both(*(sim.FixedNumberPreConnector(n, rng=rng) for n in numbers))
    projection = sim.Projection(a, a, both, excitatory(rng))
    assert len(projection) == len(listed(projection)) == N * sum(numbers)
    assert len(projection._groups) == 1


def test_a_total_number_is_spread_evenly(small_pieces):
    sim.setup(timestep=DT)
    rng = sim.NativeRNG(seed=3)
    a = sim.Population(30, sim.IF_curr_exp())
    for allowed, possible in ((True, 900), (False, 870)):
        connector = sim.FixedTotalNumberConnector(
            90_000, with_replacement=True, allow_self_connections=allowed, rng=rng
        )
        projection = sim.Projection(a, a, connector, sim.StaticSynapse(weight=1.0))
        pre, post = projection._pairs()
        counts = np.bincount(30 * pre + post, minlength=900)
        if not allowed:
            assert counts[::31].max() == 0
            counts = np.delete(counts, np.arange(0, 900, 31))
        assert len(projection) == counts.sum() == 90_000
        assert len(counts) == possible
        assert 1e-3 < stats.chisquare(counts).pvalue < 1 - 1e-3


@pytest.mark.parametrize("probability", [0.0, 1e-4, 0.3, 1.0])
def test_each_pair_has_the_same_probability(probability, small_pieces):
    sim.setup(timestep=DT)
    rng = sim.NativeRNG(seed=4)
    a, b = sim.Population(400, sim.IF_curr_exp()), sim.Population(300, sim.IF_curr_exp())
    projection = sim.Projection(
        a, b, sim.FixedProbabilityConnector(probability, rng=rng), sim.StaticSynapse()
    )
    pre, post = projection._pairs()
    assert len(np.unique(300 * pre + post)) == len(pre)
    deviation = np.sqrt(120_000 * probability * (1 - probability))
    assert abs(len(pre) - 120_000 * probability) <= 3.5 * deviation
    for index, n in ((pre, 400), (post, 300)):
        expected = 120_000 / n * probability
        assert np.all(abs(np.bincount(index, minlength=n) - expected) <= 5 * np.sqrt(expected) + 4)
    connector = sim.FixedProbabilityConnector(probability, allow_self_connections=False, rng=rng)
    pre, post = sim.Projection(a, a, connector, sim.StaticSynapse())._pairs()
    assert not np.any(pre == post)


SIDES = {"pre": sim.FixedNumberPreConnector, "post": sim.FixedNumberPostConnector}


def drawn_pairs(side, n, threads=1, seed=7, itself=False, **options):
    """Pairs (one side, the other) of a connector that gives each cell of one side a number of the other."""
    sim.setup(timestep=DT, threads=threads)
    a, b = sim.Population(60, sim.IF_curr_exp()), sim.Population(60 if itself else 45, sim.IF_curr_exp())
    connector = SIDES[side](n, rng=sim.NativeRNG(seed=seed), **options)
    projection = sim.Projection(a, a if itself else b, connector, sim.StaticSynapse(weight=1.0))
    for group in projection._groups:
        for row in np.split(group.synapses.targets.astype(int), group.synapses.first[1:-1]):
            assert np.all(np.diff(row) >= 0)
    pre, post = projection._pairs()
    return (pre, post) if side == "post" else (post, pre)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("itself", [False, True])
@pytest.mark.parametrize("n", [0, 1, 7, 44, 45, 59, 100])
def test_the_same_number_for_each_cell(side, itself, n, small_pieces):
    """Without replacement no cell is selected twice before all are selected."""
    size = 60 if itself or side == "pre" else 45
    n_cells = 60 if itself or side == "post" else 45
    for allowed in (True, False):
        one, other = drawn_pairs(side, n, itself=itself, allow_self_connections=allowed)
        assert np.all(np.bincount(one, minlength=n_cells) == n)
        chosen = np.bincount(size * one + other, minlength=n_cells * size).reshape(n_cells, size)
        if itself and not allowed:
            assert np.all(np.diag(chosen) == 0)
            chosen = chosen[~np.eye(60, dtype=bool)].reshape(60, 59)
        assert chosen.min() == n // chosen.shape[1] and chosen.max() == -(-n // chosen.shape[1])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("itself", [False, True])
def test_every_cell_is_as_likely_to_be_selected(side, replace, itself, small_pieces):
    options = {"itself": itself, "allow_self_connections": False, "with_replacement": replace}
    size = 60 if itself or side == "pre" else 45
    total, together, pairs = 0, 0, np.zeros((60, 60))
    for seed in range(80):
        one, other = drawn_pairs(side, 11, seed=seed, **options)
        np.add.at(pairs, (one, other), 1)
        assert seed or replace == (len(np.unique(60 * one + other)) < len(one))
        total += len(one)
        chosen = np.zeros((60, 60), bool)
        chosen[one, other] = True
        together += np.sum(chosen[:, : size - 1] & chosen[:, 1:size])
    counts = pairs[~np.eye(60, dtype=bool)] if itself else pairs[: total // 880, :size].ravel()
    assert counts.sum() == total
    mean = counts.mean()
    variance = mean * (1 - (1 / size if replace else 11 / (size - itself)))
    statistic = np.sum((counts - mean) ** 2) / variance
    assert abs(statistic / len(counts) - 1) < 4 * np.sqrt(2 / len(counts))
    if not replace and not itself:  # neighbours are selected together as often as any two cells
        expected = total * 10 / size
        assert abs(together - expected) < 4 * np.sqrt(expected)


def test_numbers_that_are_drawn_and_bad_ones(small_pieces):
    n = RandomDistribution("uniform_int", (0, 31), rng=sim.NumpyRNG(seed=1))
    for side in SIDES:
        one, other = drawn_pairs(side, n)
        counts = np.bincount(one, minlength=60 if side == "post" else 45)
        assert counts.min() < 5 and counts.max() > 25
        again = drawn_pairs(side, n, threads=2)
        assert not np.array_equal(one, again[0])  # the distribution goes on
        for threads in (1, 2):
            found = drawn_pairs(side, 9, threads=threads, with_replacement=True)
            np.testing.assert_array_equal(found, drawn_pairs(side, 9, with_replacement=True))
    negative = RandomDistribution("uniform_int", (0, 31), rng=sim.NumpyRNG(seed=1))
    connector = sim.FixedNumberPreConnector(negative, rng=sim.NativeRNG(seed=1))
    negative.parameters["low"] = -50
    sim.setup(timestep=DT)
    a = sim.Population(60, sim.IF_curr_exp())
    with pytest.raises(sim.errors.InvalidParameterValueError, match="n must not be negative"):
        sim.Projection(a, a, connector, sim.StaticSynapse())
    for connector in SIDES.values():
        alone = connector(1, allow_self_connections=False, rng=sim.NativeRNG(seed=1))
        one = sim.Population(1, sim.IF_curr_exp())
        with pytest.raises(sim.errors.ConnectionError, match="no other cell to connect to"):
            sim.Projection(one, one, alone, sim.StaticSynapse())


def test_values_are_those_of_the_distribution(small_pieces):
    sim.setup(timestep=DT, min_delay=DT, max_delay=20.0)
    rng = sim.NativeRNG(seed=5)
    a = sim.Population(200, sim.IF_curr_exp())
    connector = sim.FixedTotalNumberConnector(20_000, with_replacement=True, rng=rng)
    delay = RandomDistribution("uniform", (1.0, 5.0), rng=rng)
    synapse = sim.StaticSynapse(weight=RandomDistribution("normal", (0.5, 0.05), rng=rng), delay=delay)
    projection = sim.Projection(a, a, connector, synapse)
    pre, post, weight, delay = np.array(listed(projection)).T
    assert stats.kstest(weight, stats.norm(0.5, 0.05).cdf).pvalue > 1e-3
    assert len(np.unique(weight)) == len(weight)  # each piece has numbers of its own
    # Delays are kept as steps.
    np.testing.assert_allclose(delay / DT, np.rint(delay / DT), atol=1e-9)
    assert stats.kstest(delay + RandomDistribution("uniform", (-0.05, 0.05)).next(20_000),
                        stats.uniform(1.0, 4.0).cdf).statistic < 0.02  # fmt: skip
    for one, other in ((pre, weight), (post, delay), (weight, delay), (pre, delay), (post, weight)):
        assert stats.spearmanr(one, other).pvalue > 1e-3


def test_one_value_for_all_and_bad_values():
    sim.setup(timestep=DT, min_delay=DT, max_delay=5.0)
    rng = sim.NativeRNG(seed=6)
    a = sim.Population(20, sim.IF_curr_exp())
    connector = sim.FixedProbabilityConnector(0.5, rng=rng)
    projection = sim.Projection(a, a, connector, sim.StaticSynapse(weight=0.123, delay=1.234))
    assert set(projection.get("weight", "list", with_address=False)) == {0.123}
    assert set(projection.get("delay", "list", with_address=False)) == {1.234}
    for bad in (
        {"weight": -1.0},
        {"weight": drawn(0.0, 1.0, -1, 1, rng)},
        {"weight": 1.0, "delay": 7.0},
        {"weight": 1.0, "delay": drawn(6.0, 1.0, 0.1, 9, rng)},
    ):
        with pytest.raises(sim.errors.ConnectionError):
            sim.Projection(a, a, connector, sim.StaticSynapse(**bad), receptor_type="excitatory")
    sim.run(1.0)


DISTRIBUTIONS = {
    "uniform": ((0.2, 0.9), stats.uniform(0.2, 0.7)),
    "normal": ((5.0, 0.5), stats.norm(5.0, 0.5)),
    "normal_clipped": ((0.5, 0.5, 0.4, 2.0), stats.truncnorm(-0.2, 3.0, 0.5, 0.5)),
    "exponential": ((0.3,), stats.expon(scale=0.3)),
    "lognormal": ((-1.0, 0.5), stats.lognorm(0.5, scale=np.exp(-1.0))),
    "gamma": ((2.0, 0.1), stats.gamma(2.0, scale=0.1)),  # which NumPy draws
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_each_distribution(name, small_pieces):
    sim.setup(timestep=DT, min_delay=DT, max_delay=20.0)
    rng = sim.NativeRNG(seed=5)
    a = sim.Population(60, sim.IF_curr_exp())
    parameters, expected = DISTRIBUTIONS[name]
    connector = sim.FixedNumberPostConnector(40, with_replacement=True, rng=rng)
    synapse = sim.StaticSynapse(weight=RandomDistribution(name, parameters, rng=rng))
    weights = sim.Projection(a, a, connector, synapse).get("weight", "list", with_address=False)
    assert stats.kstest(weights, expected.cdf).pvalue > 1e-3
    assert len(set(weights)) == len(weights)


def test_normal_numbers_at_the_boundary():
    sim.setup(timestep=DT, min_delay=DT)
    rng = sim.NativeRNG(seed=5)
    a = sim.Population(60, sim.IF_curr_exp())
    weight = RandomDistribution("normal_clipped_to_boundary", (0.5, 0.5, 0.0, 1.0), rng=rng)
    synapse = sim.StaticSynapse(weight=weight)
    weights = np.array(sim.Projection(a, a, sim.AllToAllConnector(), synapse).get("weight", "list"))[:, 2]
    for limit in (0.0, 1.0):
        assert abs(np.mean(weights == limit) - stats.norm.cdf(-1.0)) < 4 * 0.37 / 60
    assert weights.min() == 0.0 and weights.max() == 1.0


@pytest.mark.parametrize(
    "name, parameters",
    [
        ("normal", (0.1, -1.0)),
        ("normal_clipped", (0.1, -1.0, 0.0, 1.0)),
        ("normal_clipped", (0.1, 1.0, 2.0, 1.0)),
        ("normal_clipped", (0.1, 0.001, 1.0, 2.0)),
        ("exponential", (-1.0,)),
    ],
)
def test_distributions_that_can_not_be_drawn_from(name, parameters):
    sim.setup(timestep=DT, min_delay=DT)
    a = sim.Population(5, sim.IF_curr_exp())
    weight = RandomDistribution(name, parameters, rng=sim.NativeRNG(seed=5))
    with pytest.raises(sim.errors.InvalidParameterValueError, match="weight can't be drawn from"):
        sim.Projection(a, a, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight), None, "excitatory")
    sim.Projection(a, a, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))


def rows_of(connector, own, monkeypatch):
    """What a process that has the cells `own` of all draws: (source, target, weight, delay in steps)."""
    rows = []
    with monkeypatch.context() as patch:
        patch.setattr("pyNN_fastsim.projections.Projection._add_rows", lambda self, drawn: rows.append(drawn))
        sim.setup(timestep=DT, min_delay=DT, max_delay=10.0)
        rng = sim.NativeRNG(seed=1)
        a = sim.Population(N, sim.IF_curr_exp())
        patch.setattr("pyNN_fastsim.engine.network.Network.own_cells", lambda self, n: own)
        delay = RandomDistribution("gamma", (2.0, 1.0), rng=rng)
        weight = RandomDistribution("uniform", (0.0, 1.0), rng=rng)
        sim.Projection(a, a, connector(rng), sim.StaticSynapse(weight=weight, delay=delay))
    (drawn,) = rows
    sources = np.repeat(np.arange(N), np.diff(drawn.first)).tolist()
    return list(zip(sources, *(x.tolist() for x in (drawn.targets, drawn.weights, drawn.steps)), strict=True))


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("connector", [
    lambda rng: sim.FixedProbabilityConnector(0.4, allow_self_connections=False, rng=rng),
    lambda rng: sim.FixedTotalNumberConnector(300, with_replacement=True, rng=rng),
    lambda rng: sim.FixedNumberPreConnector(7, rng=rng),
    lambda rng: sim.FixedNumberPostConnector(30, allow_self_connections=False, rng=rng),
    lambda rng: sim.AllToAllConnector(),
])  # fmt: skip
def test_each_process_draws_its_part_of_the_same_network(connector, several, monkeypatch, request):
    """Whether or not its cells are those of whole pieces."""
    if several:
        request.getfixturevalue("small_pieces")
    whole = rows_of(connector, (0, N), monkeypatch)
    assert len(whole) > 100
    for edges in ((0, 12, N), (0, 5, 17, 18, N)):
        parts = [rows_of(connector, own, monkeypatch) for own in zip(edges, edges[1:], strict=False)]
        assert sorted(sum(parts, [])) == sorted(whole)
        for (begin, end), part in zip(zip(edges, edges[1:], strict=False), parts, strict=True):
            assert all(begin <= row[1] < end for row in part)
