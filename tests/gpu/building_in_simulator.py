"""
Connections drawn on a card, in Numba's simulator of CUDA, against those that the CPU draws: run by
test_gpu.py in a process with NUMBA_ENABLE_CUDASIM=1.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from in_simulator import On, on_both, results_of, threads_in_turn  # noqa: F401
from pyNN.random import RandomDistribution

import pyNN_fastsim as sim
from pyNN_fastsim.engine.cuda import building, cards
from pyNN_fastsim.engine.cuda.errors import TooLarge
from pyNN_fastsim.engine.synapses.on_demand import KINDS, OnDemandGroup

N = 9
CONNECTORS = {
    "probability": lambda rng: sim.FixedProbabilityConnector(0.6, rng=rng),
    "probability, not itself": lambda rng: sim.FixedProbabilityConnector(
        0.5, allow_self_connections=False, rng=rng
    ),
    "total number": lambda rng: sim.FixedTotalNumberConnector(150, with_replacement=True, rng=rng),
    "number post": lambda rng: sim.FixedNumberPostConnector(5, allow_self_connections=False, rng=rng),
    "number post, more than there are": lambda rng: sim.FixedNumberPostConnector(N + 3, rng=rng),
    "number post, replaced": lambda rng: sim.FixedNumberPostConnector(6, with_replacement=True, rng=rng),
    "number pre": lambda rng: sim.FixedNumberPreConnector(4, rng=rng),
    "all to all": lambda rng: sim.AllToAllConnector(),
}
DISTRIBUTIONS = {
    "uniform": (0.1, 0.9),
    "normal": (0.9, 0.1),
    "normal_clipped": (0.5, 0.3, 0.1, 1.0),
    "normal_clipped_to_boundary": (0.5, 0.3, 0.2, 0.8),
    "exponential": (0.4,),
    "lognormal": (-0.5, 0.2),
    "gamma": (20.0, 0.03),  # which NumPy draws
}


@pytest.fixture(params=[False, True])
def small_pieces(request, monkeypatch):
    """Small networks are drawn in many pieces, as large ones are, or in one."""
    monkeypatch.setattr(building, "MARKS_BYTES", 64 if request.param else 2**20)
    if request.param:
        for name, value in (("FEWEST", 1), ("NARROWEST", 1), ("LONGEST", 1), ("PIECES", 3)):
            monkeypatch.setattr(f"pyNN_fastsim.engine.synapses.drawn.{name}", value)


def network(on, connector="probability", weight="uniform", delay="uniform"):
    """Cells that spike, and a projection between them."""
    on.setup(timestep=0.1, min_delay=0.1, max_delay=10.0)
    rng = on.NativeRNG(seed=3)
    cells = on.Population(N, on.IF_curr_exp(i_offset=np.linspace(5.0, 40.0, N), tau_refrac=0.1))
    cells.record(["spikes", "v"])
    values = {"weight": weight, "delay": delay}
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = RandomDistribution(value, DISTRIBUTIONS[value], rng=rng)
    synapse = on.StaticSynapse(**values)
    projection = on.Projection(cells, cells, CONNECTORS[connector](rng), synapse, receptor_type="excitatory")
    return cells, projection


def listed(projection):
    return projection.get(["weight", "delay"], "list")


def group_of(projection):
    (group,) = projection._groups
    return group.synapses


def on_card(group):
    """What is in the card's memory of what was drawn there, by name."""
    kept = sim.simulator.state.network.device._copies._kept
    return {name: kept[id(group.recipe), name][1].get() for name in group.drawn()}


def assert_same_results(found, expected):
    for trial, expected_trial in zip(found, expected, strict=True):
        assert trial["spikes"] == expected_trial["spikes"]
        np.testing.assert_array_equal(trial["v"], expected_trial["v"])
    assert len(found[-1]["spikes"]) > 5


@pytest.mark.parametrize("connector", CONNECTORS)
def test_connections_are_those_of_the_cpu(connector, small_pieces):
    def build(on):
        cells, projection = network(on, connector, "normal_clipped", "uniform")
        group = group_of(projection)
        is_on_card = on.device == "gpu" and connector != "number pre"
        assert isinstance(group, OnDemandGroup) == is_on_card
        on.run(1.0)
        if is_on_card:
            assert group._arrays == {}  # nobody has asked the host
            arrays = on_card(group)
            assert arrays.keys() == KINDS.keys()
            for name, array in arrays.items():
                np.testing.assert_array_equal(array, getattr(group, name), err_msg=name)
        return listed(projection), len(projection), results_of(cells)

    found, expected = on_both(build)
    assert found[:2] == expected[:2] and found[1] > 20
    assert_same_results(found[2], expected[2])


def test_several_connections_of_a_pair_are_listed_alike(monkeypatch):
    """Where the CPU delivers them when spikes arrive, they are sorted by delay."""
    monkeypatch.setattr("pyNN_fastsim.engine.synapses.arrival.LONG", 0.1)

    def build(on):
        _, projection = network(on, "total number")
        assert group_of(projection).by_delay == (on.device == "cpu")
        return listed(projection)

    found, expected = on_both(build)
    assert found == expected
    assert len({row[:2] for row in found}) < len(found)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_weights_and_delays_are_those_of_the_cpu(name):
    def build(on):
        delay = "uniform" if name == "exponential" else name  # some would be too short
        cells, projection = network(on, "number post", name, delay)
        group = group_of(projection)
        is_on_card = on.device == "gpu" and name != "gamma"
        assert isinstance(group, OnDemandGroup) == is_on_card
        before = on.get_min_delay(), on.get_max_delay(), projection.size()
        on.run(1.0)
        if is_on_card:
            arrays, weights, delays = on_card(group), group.weights, group.delays
            np.testing.assert_array_equal(arrays["weights"], weights)
            np.testing.assert_array_equal(arrays["delays"], delays)
            assert (group.shortest, group.longest) == (delays.min(), delays.max())
            extremes = group.extreme_weights
            assert extremes.min() == pytest.approx(weights.min(), abs=1e-12)
            assert extremes.max() == pytest.approx(weights.max(), abs=1e-12)
        return before, listed(projection), results_of(cells)

    found, expected = on_both(build)
    assert found[:2] == expected[:2]
    assert_same_results(found[2], expected[2])


@pytest.mark.parametrize("shared", [{"weight": 0.3}, {"delay": 0.7}, {"weight": 0.3, "delay": 0.7}])
def test_what_all_connections_share(shared):
    def build(on):
        cells, projection = network(on, "total number", **shared)
        assert isinstance(group_of(projection), OnDemandGroup) == (on.device == "gpu")
        on.run(1.0)
        return listed(projection), results_of(cells)

    found, expected = on_both(build)
    assert found[0] == expected[0]
    assert_same_results(found[1], expected[1])


CHANGES = {
    "weight": lambda on, projection, k: projection.set(weight=0.05 * k),
    "weights": lambda on, projection, k: projection.set(weight=np.linspace(0.1, k, len(projection)).tolist()),
    "delay": lambda on, projection, k: projection.set(delay=0.1 * k),
    "delays": lambda on, projection, k: projection.set(
        delay=(0.1 + 0.1 * (np.arange(len(projection)) % k)).tolist()
    ),
    "single weights": lambda on, projection, k: [
        setattr(projection[i], "weight", 0.5 * k) for i in range(k, len(projection))
    ],
    "single delays": lambda on, projection, k: [
        setattr(projection[i], "delay", 0.1 * k) for i in range(k, len(projection))
    ],
    "reset": lambda on, projection, k: (projection.set(weight=0.25), on.reset()),
}


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_set_is_sent(change, begun, tmp_path):
    def build(on):
        cells, projection = network(on)
        if begun:
            on.run(1.0)
        for k in (5, 6):
            CHANGES[change](on, projection, k)
            on.run(1.0)
        projection.save("all", str(tmp_path / on.device))
        return listed(projection), (tmp_path / on.device).read_text(), results_of(cells)

    found, expected = on_both(build)
    assert found[:2] == expected[:2]
    assert_same_results(found[2], expected[2])


@pytest.mark.parametrize(
    "name, distribution, parameters",
    [
        ("weight", "normal", {"mu": 0.0, "sigma": 1.0}),
        ("delay", "uniform", {"low": -0.5, "high": 2.0}),
        ("delay", "uniform", {"low": 5.0, "high": 12.0}),
        ("weight", "normal", {"mu": 1.0, "sigma": -1.0}),
    ],
)
def test_the_same_errors(name, distribution, parameters):
    def build(on):
        on.setup(timestep=0.1, min_delay=0.1, max_delay=10.0)
        cells = on.Population(N, on.IF_curr_exp(), label="cells")
        drawn = RandomDistribution(distribution, rng=on.NativeRNG(seed=2), **parameters)
        synapse = on.StaticSynapse(**{"weight": 0.1, name: drawn})
        with pytest.raises((sim.errors.ConnectionError, sim.errors.InvalidParameterValueError)) as caught:
            on.Projection(cells, cells, on.AllToAllConnector(), synapse, receptor_type="excitatory")
        on.run(0.1)
        return str(caught.value).split(" object at ")[0]

    found, expected = on_both(build)
    assert found == expected


def test_room_is_asked_for_before_anything_is_drawn(monkeypatch):
    asked, drawn = [], []
    monkeypatch.setattr(cards, "check_room", asked.append)
    draw = building.draw
    monkeypatch.setattr(building, "draw", lambda *what: drawn.append(len(asked)) or draw(*what))
    _, projection = network(On("gpu"))
    n, n_pieces = len(projection), len(group_of(projection).recipe.pieces)
    on_the_way = 12 * n_pieces * N + building.MARKS_BYTES
    assert asked == [on_the_way]
    sim.run(0.2)
    assert drawn == [2, 2, 2] and asked[1] > 14 * n + on_the_way

    def full(needed):
        raise TooLarge("no room")

    monkeypatch.setattr(cards, "check_room", full)
    with pytest.raises(TooLarge):
        network(On("gpu"))


def test_the_host_draws_only_what_it_has_room_for(monkeypatch):
    _, projection = network(On("gpu"))
    monkeypatch.setattr("pyNN_fastsim.memory.LITTLE", 0)
    monkeypatch.setattr("pyNN_fastsim.memory.free", lambda: 500)
    with pytest.raises(MemoryError, match=r"connections need about .* of memory"):
        projection.get("weight", "list")
    sim.run(0.2)
    monkeypatch.undo()
    assert len(projection.get("weight", "list")) == len(projection)


def test_auto_draws_at_once(monkeypatch):
    from pyNN_fastsim import devices

    monkeypatch.setattr(devices, "WORTHWHILE", 1)
    found = []
    for device in ("auto", "gpu"):
        monkeypatch.setattr(On, "setup", lambda self, _device=device, **k: sim.setup(**k, device=_device))
        cells, projection = network(On("gpu"))
        assert isinstance(group_of(projection), OnDemandGroup) == (device == "gpu")
        sim.run(1.0)
        assert sim.simulator.state.network.device is not None
        found.append((listed(projection), results_of(cells)))
    assert found[0][0] == found[1][0]
    assert_same_results(found[0][1], found[1][1])
