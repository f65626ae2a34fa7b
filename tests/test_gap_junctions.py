"""Gap junctions against exact solutions, and their order of convergence."""

import numpy as np
import pytest
from naive import simulator as naive
from pyNN import errors
from scipy.linalg import expm

import pyNN_fastsim as sim

pytestmark = pytest.mark.usefixtures("always_threads")

CM, TAU, G = [0.3, 0.5, 0.4], [10.0, 20.0, 15.0], [[0, 0.02, 0.0], [0, 0, 0.01], [0, 0, 0]]


def coupled(dt, celltype="IF_curr_exp", threads=1, pieces=(60.0,), v=(-65.0, -60.0, -70.0)):
    """v of three cells in a row: (0) - (1) - (2), with a pulse of current into the first."""
    sim.setup(timestep=dt, threads=threads)
    kind = getattr(sim, celltype)(cm=CM, tau_m=TAU, v_rest=-65.0, v_thresh=1e6, v_reset=-65.0)
    cells = sim.Population(3, kind, initial_values={"v": v}, label="cells")
    synapse = sim.ElectricalSynapse(weight=np.array(G))
    connector = sim.ArrayConnector(np.array(G) > 0)
    projection = sim.Projection(cells, cells, connector, synapse)
    sim.DCSource(amplitude=0.3, start=20.0, stop=40.0).inject_into([cells[0]])
    cells.record("v", sampling_interval=1.0)
    for piece in pieces:
        sim.run(piece)
    return cells.get_data().segments[0].analogsignals[0].magnitude, projection


def exact():
    """The same by the matrix exponential: [samples, cells]."""
    g = np.array(G) + np.array(G).T
    matrix = (g - np.diag(g.sum(axis=1)) - np.diag(np.divide(CM, TAU))) / np.array(CM)[:, None]
    v, found = np.array([0.0, 5.0, -5.0]), []
    for k in range(61):
        found.append(v - 65.0)
        drive = np.array([0.3 / CM[0], 0, 0]) * (20 <= k < 40)
        steady = -np.linalg.solve(matrix, drive)
        v = steady + expm(matrix) @ (v - steady)
    return np.array(found)


@pytest.mark.parametrize(
    "celltype", ["IF_curr_exp", pytest.param("IF_cond_exp", marks=pytest.mark.big), "IF_curr_delta"]
)
def test_second_order(celltype):
    errors_of = [np.abs(coupled(dt, celltype)[0] - exact()).max() for dt in (0.2, 0.1, 0.05)]
    assert errors_of[1] < 3e-4  # mV
    orders = np.log2(np.divide(errors_of[:-1], errors_of[1:]))
    np.testing.assert_allclose(orders, 2.0, atol=0.15)


@pytest.mark.parametrize("threads, pieces", [(3, (60.0,)), (2, (0.1, 19.9, 7.3, 32.7))])
def test_threads_and_pieces_make_no_difference(threads, pieces):
    np.testing.assert_array_equal(coupled(0.1, threads=threads, pieces=pieces)[0], coupled(0.1)[0])


KINDS = ("IF_curr_exp", "IF_cond_exp")
OWN = ({"i_offset": [6.0, 0.0], "tau_refrac": 0.5}, {"i_offset": [0.2, 0.1]})  # parameters
WITHIN, BETWEEN = 0.02, 0.01  # uS


def coupled_and_set():
    """v of four cells of two kinds, of which one spikes, in two trials: {(trial, kind): [samples, cells]}."""
    sim.setup(timestep=0.1)
    a, b = (
        sim.Population(2, getattr(sim, kind)(**own), initial_values={"v": [-65.0, -60.0]})
        for kind, own in zip(KINDS, OWN, strict=True)
    )
    for cells in (a, b):
        cells.record("v")
    weights = sim.ElectricalSynapse(weight=WITHIN), sim.ElectricalSynapse(weight=BETWEEN)
    sim.Projection(a[0:1], a[1:2], sim.AllToAllConnector(), weights[0])
    sim.Projection(a, b, sim.AllToAllConnector(), weights[1])
    sim.run(15.0)
    a[1:2].initialize(v=-52.0)
    sim.run(5.0)
    sim.reset()
    sim.run(15.0)
    segments = [cells.get_data().segments for cells in (a, b)]
    return {
        (trial, kind): segment.analogsignals[0].magnitude
        for kind, trials in zip(KINDS, segments, strict=True) for trial, segment in enumerate(trials)
    }  # fmt: skip


def naively_coupled_and_set():
    """The same in the naive simulator, and how many spikes there are in the first trial."""
    network = naive.Network(0.1)
    for kind, own in zip(KINDS, OWN, strict=True):
        p = getattr(sim, kind).default_parameters | own
        network.populations.append(naive.Population(kind, 2, p, {"v": np.array([-65.0, -60.0])}, 0.1))
    a, b = network.populations
    between = [naive.Connection((a, i), (b, j), BETWEEN, 1) for i in range(2) for j in range(2)]
    network.connect(naive.Junctions([naive.Connection((a, 0), (a, 1), WITHIN, 1)]))
    network.connect(naive.Junctions(between))
    found = {}

    def keep(trial):
        for kind, population in zip(KINDS, network.populations, strict=True):
            found[trial, kind] = np.array([y["v"] for _, y in population.samples])

    network.run(150)
    a.initialize([1], "v", -52.0)
    network.run(50)
    n_spikes = len(a.spikes)
    keep(0)
    network.reset()
    network.run(150)
    keep(1)
    return found, n_spikes


def test_equal_to_the_naive_simulator():
    """Through spikes, values set by hand and a reset; the first step sees the potentials as they are."""
    found, (expected, n_spikes) = coupled_and_set(), naively_coupled_and_set()
    assert n_spikes > 1 and found.keys() == expected.keys()
    for key, v in found.items():
        np.testing.assert_allclose(v, expected[key], rtol=0, atol=1e-8)


@pytest.mark.big
def test_spikes_reach_the_neighbour():
    """After a reset the neighbour sees the new potential: compared with a hundredth of the step."""

    def run(dt):
        sim.setup(timestep=dt)
        a = sim.Population(1, sim.IF_cond_exp(i_offset=1.5, tau_refrac=2.0))
        b = sim.Population(1, sim.HH_cond_exp())
        sim.Projection(a, b, sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.005))
        b.record("v", sampling_interval=1.0)
        sim.run(40.0)
        return b.get_data().segments[0].analogsignals[0].magnitude[:, 0]

    reference = run(0.002)
    assert np.ptp(reference) > 0.2
    coarse, fine = (np.abs(run(dt) - reference).max() for dt in (0.1, 0.05))
    assert coarse < 0.05 and fine < 0.7 * coarse


def test_conductances_are_read_set_and_restored():
    v, projection = coupled(0.1)
    assert sorted(projection.get("weight", format="list")) == [(0, 1, 0.02), (1, 2, 0.01)]
    projection.set(weight=0.0)
    sim.reset()
    sim.run(60.0)
    np.testing.assert_array_equal(projection.post.get_data().segments[1].analogsignals[0].magnitude, v)
    sim.reset()
    projection.set(weight=0.0)
    sim.run(19.0)
    alone = projection.post.get_data().segments[2].analogsignals[0].magnitude
    expected = -65.0 + np.exp(-np.arange(20)[:, None] / TAU) * [0.0, 5.0, -5.0]
    np.testing.assert_allclose(alone, expected, atol=1e-10)


def test_a_trial_begins_with_potentials_as_they_are():
    """Not extrapolated from those before the reset, even if it begins where the last one ended."""
    v, projection = coupled(0.1, pieces=(5.0,))
    projection.post.initialize(v=v[-1])
    sim.reset()
    sim.run(5.0)
    again = projection.post.get_data().segments[1].analogsignals[0].magnitude
    np.testing.assert_array_equal(again, coupled(0.1, pieces=(5.0,), v=v[-1])[0])


def network_of(n, pairs, g, dt=0.1, celltype="IF_curr_exp", **parameters):
    sim.setup(timestep=dt)
    kind = getattr(sim, celltype)(**parameters)
    cells = sim.Population(n, kind, initial_values={"v": np.linspace(-66.0, -64.0, n)}, label="cells")
    connector = sim.FromListConnector(pairs)
    projection = sim.Projection(cells, cells, connector, sim.ElectricalSynapse(weight=g))
    cells.record("v")
    return projection


PAIR, ALL = [(0, 1)], [(i, j) for i in range(6) for j in range(i)]


@pytest.mark.parametrize("pairs, limit", [
    (PAIR, 0.1 / 2), (2 * PAIR, 0.1 / 4), (ALL, 0.1 / 6), ([(0, 5), (1, 5), (2, 5)], 0.1 / 4)
])  # fmt: skip
def test_junctions_that_are_too_strong_for_the_time_step(pairs, limit):
    """limit: cm/(2 g) of the junctions of a pair together; ms, for 1 uS. Cells are the same otherwise."""
    network_of(6, pairs, 0.97 * limit / 0.1, cm=0.1)
    sim.run(100.0)
    projection = network_of(6, pairs, 1.01 * limit / 0.1, cm=0.1)
    words = r"cell \d of population 'cells', .* cm of 0.1 nF and a time step of 0.1 ms.* below 0.09901 ms"
    with pytest.raises(errors.InvalidParameterValueError, match=words):
        sim.run(1.0)
    assert sim.get_current_time() == 0.0
    projection.set(weight=0.97 * limit / 0.1)
    sim.run(100.0)
    v = projection.post.get_data().segments[0].analogsignals[0].magnitude
    assert -66.0 <= v.min() <= v.max() <= -64.0


def test_strength_is_looked_at_whenever_something_changes():
    """Also where a model has no parameter cm, and between cells of different sizes."""
    projection = network_of(2, PAIR, 0.01, cm=[0.1, 1.0])
    sim.run(1.0)
    for change in (lambda: projection.post.set(cm=0.001), lambda: projection.set(weight=2.0)):
        change()
        with pytest.raises(errors.InvalidParameterValueError, match="gap junctions of cell"):
            sim.run(1.0)
        projection.set(weight=0.01)
        projection.post.set(cm=[0.1, 1.0])
        sim.run(1.0)
    projection.set(weight=0.9)  # more than cm/(2 g) of the small one, but the large one hardly moves
    sim.run(1.0)
    network_of(2, PAIR, 0.004, celltype="Izhikevich")  # 1 pF
    sim.run(1.0)
    network_of(2, PAIR, 0.006, celltype="Izhikevich")
    with pytest.raises(errors.InvalidParameterValueError, match="cm of 0.001 nF"):
        sim.run(1.0)


def test_errors():
    sim.setup()
    sources, cells = (
        sim.Population(1, sim.SpikeSourceArray()),
        sim.Population(1, sim.IF_cond_exp(), label="b"),
    )
    with pytest.raises(errors.ConnectionError, match="presynaptic cells .* need membranes"):
        sim.Projection(sources, cells, sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.1))
    with pytest.raises(errors.ConnectionError, match="must not be negative, but there is -0.1"):
        sim.Projection(cells, cells, sim.AllToAllConnector(), sim.ElectricalSynapse(weight=-0.1))
