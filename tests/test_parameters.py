"""Parameters and initial values: every form that PyNN documents, everywhere, at any time."""

import numpy as np
import pyNN.mock
import pytest
import quantities as pq
from neo import SpikeTrain
from pyNN import errors
from pyNN.parameters import ArrayParameter, LazyArray, Sequence
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.space import Grid2D
from pyNN.standardmodels import StandardCellType
from quantities import ms, s

import pyNN_fastsim as sim

N = 5
CELLS = [getattr(sim, name) for name in sim.list_standard_models() if name != "PointNeuron"]
NEURONS = [cell for cell in CELLS if cell.injectable]


@pytest.fixture(autouse=True)
def new_network():
    sim.setup(timestep=0.1)


def uniform(seed, low=10.0, high=30.0):
    return RandomDistribution("uniform", (low, high), rng=NumpyRNG(seed))


def by_cell(i):
    """A function that can't be called with an array."""
    return 12.0 if i < 3 else 25.0


# What is given for a parameter of five cells, and what it means.
FORMS = {
    "int": (lambda: 12, 12.0),
    "float": (lambda: 12.5, 12.5),
    "numpy scalar": (lambda: np.float32(12.5), 12.5),
    "0-d array": (lambda: np.array(12.5), 12.5),
    "list": (lambda: [11, 12, 13, 14, 15], [11, 12, 13, 14, 15]),
    "tuple": (lambda: (11, 12, 13, 14, 15), [11, 12, 13, 14, 15]),
    "range": (lambda: range(11, 16), [11, 12, 13, 14, 15]),
    "int array": (lambda: np.arange(11, 16), [11, 12, 13, 14, 15]),
    "float32 array": (lambda: np.arange(11, 16, dtype=np.float32), [11, 12, 13, 14, 15]),
    "same everywhere": (lambda: [12.0] * N, 12.0),
    "generator": (lambda: (11.0 + i for i in range(N)), [11, 12, 13, 14, 15]),
    "function of indices": (lambda: lambda i: 11.0 + i, [11, 12, 13, 14, 15]),
    "function of one index": (lambda: by_cell, [12, 12, 12, 25, 25]),
    "constant function": (lambda: lambda i: 12.0, 12.0),
    "lazy array": (lambda: LazyArray([1, 2, 3, 4, 5], dtype=float) + 10, [11, 12, 13, 14, 15]),
    "random": (lambda: uniform(7), NumpyRNG(7).uniform(10.0, 30.0, N)),
    "with units": (lambda: [11, 12, 13, 14, 15] * ms, [11, 12, 13, 14, 15]),
    "with other units": (lambda: 0.012 * s, 12.0),
}


def as_array(value, n=N):
    return np.broadcast_to(np.asarray(value, dtype=float), n)


def assert_gets(cells, name, expected):
    """`get` gives one number where all are the same, an array otherwise or with simplify=False."""
    np.testing.assert_array_equal(cells.get(name, simplify=False), as_array(expected, cells.size))
    assert np.shape(cells.get(name, simplify=False)) == (cells.size,)
    simplified = cells.get(name)
    assert np.shape(simplified) == (() if len(set(as_array(expected, cells.size))) == 1 else (cells.size,))
    np.testing.assert_array_equal(simplified, expected)


@pytest.mark.parametrize("form", FORMS)
def test_forms_at_creation_and_by_set(form):
    given, expected = FORMS[form]
    p = sim.Population(N, sim.IF_curr_exp(tau_m=given()))
    q = sim.Population(N, sim.IF_curr_exp())
    q.set(tau_m=given())
    r = sim.Population(N, sim.IF_curr_exp, {"tau_m": given()})
    for cells in (p, q, r):
        assert_gets(cells, "tau_m", expected)


@pytest.mark.parametrize("form", FORMS)
def test_forms_on_a_view_and_a_view_of_a_view(form):
    given, expected = FORMS[form]
    p = sim.Population(9, sim.IF_curr_exp(tau_m=50.0))
    view = p[1:8][[0, 2, 3, 4, 6]]  # cells 1 3 4 5 7
    view.set(tau_m=given())
    assert_gets(view, "tau_m", expected)
    everywhere = np.full(9, 50.0)
    everywhere[[1, 3, 4, 5, 7]] = expected
    assert_gets(p, "tau_m", everywhere)
    np.testing.assert_array_equal(p[5].tau_m, as_array(expected)[3])


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_initial_values(form):
    given, expected = FORMS[form]
    if "units" in form:
        pytest.skip("times are not voltages")
    p = sim.Population(N, sim.IF_curr_exp(), initial_values={"v": given()})
    q = sim.Population(N, sim.IF_curr_exp())
    q.initialize(v=given())
    r = sim.Population(9, sim.IF_curr_exp())
    r[1:8][[0, 2, 3, 4, 6]].initialize(v=given())
    for cells in (p, q, r[[1, 3, 4, 5, 7]]):
        np.testing.assert_array_equal(cells.initial_values["v"].evaluate(), as_array(expected))
        np.testing.assert_array_equal(
            [cell.get_initial_value("v") for cell in cells.all_cells], as_array(expected)
        )
    for cells in (p, q, r):
        cells.record("v")
    sim.run(0.1)
    for cells in (p, q, r[[1, 3, 4, 5, 7]]):
        (v,) = cells.get_data().segments[0].analogsignals
        np.testing.assert_array_equal(v.magnitude[0], as_array(expected))


def times_of(i):
    """A function as PyNN's documentation has it: of one index, or of several."""
    return (
        [Sequence([j + 1.0, j + 2.0]) for j in i] if hasattr(i, "__len__") else Sequence([i + 1.0, i + 2.0])
    )


# What is given for the spike times of three cells, and what it means.
TIMES = {
    "list": (lambda: [1, 2, 3], [[1, 2, 3]] * 3),
    "tuple": (lambda: (1.0, 2.0), [[1, 2]] * 3),
    "array": (lambda: np.array([1, 2, 3]), [[1, 2, 3]] * 3),
    "Sequence": (lambda: Sequence([1, 2]), [[1, 2]] * 3),
    "none": (lambda: [], [[]] * 3),
    "list of lists": (lambda: [[1, 2], [3], []], [[1, 2], [3], []]),
    "empty list first": (lambda: [[], [1], [2]], [[], [1], [2]]),
    "list of arrays": (lambda: [np.array([1.0, 2.0]), np.array([3]), np.zeros(0)], [[1, 2], [3], []]),
    "same for all": (lambda: [[1, 2]] * 3, [[1, 2]] * 3),
    "2D array": (lambda: np.array([[1, 2], [3, 4], [5, 6]]), [[1, 2], [3, 4], [5, 6]]),
    "list of Sequences": (lambda: [Sequence([1]), Sequence([2, 3]), Sequence([])], [[1], [2, 3], []]),
    "array of Sequences": (
        lambda: np.array([Sequence([1]), Sequence([2, 3]), Sequence([])]),
        [[1], [2, 3], []],
    ),
    "mixed": (lambda: [Sequence([1]), [2, 3], ()], [[1], [2, 3], []]),
    "function of indices": (lambda: times_of, [[1, 2], [2, 3], [3, 4]]),
    "function of one index": (lambda: lambda i: Sequence([i + 1.0, 9.0]), [[1, 9], [2, 9], [3, 9]]),
    "constant function": (lambda: lambda i: Sequence([1, 2]), [[1, 2]] * 3),
    "generator": (lambda: ([i + 1.0] for i in range(3)), [[1], [2], [3]]),
    "SpikeTrain": (lambda: SpikeTrain([0.001, 0.002] * s, t_stop=1.0), [[1, 2]] * 3),
    "SpikeTrains": (lambda: [SpikeTrain([k + 1] * ms, t_stop=9) for k in range(3)], [[1], [2], [3]]),
}


@pytest.mark.parametrize("form", TIMES)
def test_forms_of_spike_times(form):
    given, expected = TIMES[form]
    p = sim.Population(3, sim.SpikeSourceArray(spike_times=given()))
    q = sim.Population(3, sim.SpikeSourceArray(spike_times=[5.0]))
    q.set(spike_times=given())
    r = sim.Population(6, sim.SpikeSourceArray(spike_times=[5.0]))
    r[1:][[0, 2, 3]].set(spike_times=given())
    for cells in (p, q, r[[1, 3, 4]]):
        got = cells.get("spike_times", simplify=False)
        assert [list(sequence.value) for sequence in got] == expected
        assert [list(cell.spike_times.value) for cell in cells.all_cells] == expected
        one = cells.get("spike_times")
        assert isinstance(one, Sequence) == (expected.count(expected[0]) == 3)
    assert [list(t.value) for t in r[[0, 2, 5]].get("spike_times", simplify=False)] == [[5.0]] * 3
    for cells in (p, q, r):
        cells.record("spikes")
    sim.run(10.0)
    for cells in (p, q, r[[1, 3, 4]]):
        assert [t.magnitude.tolist() for t in cells.get_data().segments[0].spiketrains] == expected


def test_all_forms_in_one_call():
    grid = Grid2D(dx=10.0, dy=10.0)
    p = sim.Population(16, sim.IF_cond_exp(), structure=grid)
    p.set(
        tau_m=12.0,
        cm=uniform(3, 0.5, 1.5),
        e_rev_E=np.arange(16),
        i_offset=lambda i: np.sin(i * np.pi / 16),
        v_thresh=lambda i: -50 + 0.5 * p.position_generator(i).T[0] - 0.2 * p.position_generator(i).T[1],
    )
    tau_m, cm, e_rev, i_offset, v_thresh = p.get(["tau_m", "cm", "e_rev_E", "i_offset", "v_thresh"])
    assert tau_m == 12.0
    np.testing.assert_array_equal(cm, NumpyRNG(3).uniform(0.5, 1.5, 16))
    np.testing.assert_array_equal(e_rev, np.arange(16))
    np.testing.assert_array_equal(i_offset, np.sin(np.arange(16) * np.pi / 16))
    x, y, _ = p.positions
    np.testing.assert_array_equal(v_thresh, -50 + 0.5 * x - 0.2 * y)


def initial_v(cells, module):
    """What v begins with; pyNN.mock never evaluates it, pyNN.nest draws anew for `initial_values`."""
    if module is sim:
        return cells.initial_values["v"].evaluate()
    return cells.node_collection.V_m if hasattr(cells, "node_collection") else None


@pytest.mark.parametrize("backend", ["pyNN.mock", pytest.param("pyNN.nest", marks=pytest.mark.compare)])
def test_same_seed_same_values_as_other_backends(backend):
    """Also where generators are shared: PyNN draws parameters from copies, initial values not."""
    other = pytest.importorskip(backend)
    got = []
    for module in (sim, other):
        module.setup()
        rng = NumpyRNG(5)
        shared = RandomDistribution("normal", (20.0, 1.0), rng=rng)
        cells = module.IF_curr_exp(tau_m=shared, cm=RandomDistribution("uniform", (1, 2), rng=rng))
        p = module.Population(4, cells)
        q = module.Population(3, cells)
        p.set(tau_refrac=shared)
        p[1:3].set(tau_syn_E=shared)
        q.initialize(v=shared)
        p.initialize(v=RandomDistribution("uniform", (-70, -60), rng=rng))
        p[3].tau_m = 7.0
        got.append(
            [
                *p.get(["tau_m", "cm", "tau_refrac", "tau_syn_E"]),
                q.get("tau_m"),
                *(initial_v(cells, module) for cells in (p, q)),
            ]
        )
    for ours, theirs in zip(*got, strict=True):
        if theirs is not None:
            np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_initial_values_are_drawn_in_pynns_order():
    """That of the cell type's defaults, when several come from one generator."""
    rng = NumpyRNG(2)
    draw = RandomDistribution("uniform", (0, 1), rng=rng)
    p = sim.Population(3, sim.IF_curr_exp(), initial_values={"isyn_inh": draw, "v": draw})
    drawn = NumpyRNG(2).uniform(0, 1, 6)
    np.testing.assert_array_equal(p.initial_values["v"].evaluate(), drawn[:3])
    np.testing.assert_array_equal(p.initial_values["isyn_inh"].evaluate(), drawn[3:])


def test_values_are_nobody_elses():
    """Neither what was given nor what was got changes a population later."""
    tau_m, times = np.arange(1.0, 6.0), np.array([1.0, 2.0])
    p = sim.Population(N, sim.IF_curr_exp(tau_m=tau_m), initial_values={"v": tau_m})
    a = sim.Population(2, sim.SpikeSourceArray(spike_times=times))
    b = sim.Population(2, sim.SpikeSourceArray(spike_times=[Sequence(times), Sequence(times)]))
    p.get("tau_m")[:] = 0
    p[1:3].get("tau_m")[:] = 0
    tau_m[:] = 0
    times[:] = 7
    assert_gets(p, "tau_m", [1, 2, 3, 4, 5])
    assert p[2].get_initial_value("v") == 3.0
    for source in (a, b):
        source.record("spikes")
    sim.run(10.0)
    for source in (a, b):
        assert [t.magnitude.tolist() for t in source.get_data().segments[0].spiketrains] == [[1, 2]] * 2


def test_a_cell_type_may_serve_several_populations():
    cells = sim.IF_curr_exp(tau_m=lambda i: 10.0 + i, v_rest=-60)
    sizes = [sim.Population(n, cells).get("tau_m").size for n in (3, 4)]
    assert sizes == [3, 4]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.__name__)
def test_every_parameter_of_every_cell_type(cell):
    p = sim.Population(3, cell())
    for name, default in cell.default_parameters.items():
        got = p.get(name)
        assert got == default and isinstance(got, (float, Sequence))
        is_sequence = isinstance(default, ArrayParameter)
        new = (
            Sequence(0.5 * default.value if default.value.size else [1.0]) if is_sequence else default + 0.25
        )
        p.set(**{name: new})
        assert p.get(name) == new
        p[1:2].set(**{name: default})
        assert [getattr(c, name) for c in p] == [new, default, new]
    assert issubclass(cell, StandardCellType)


@pytest.mark.parametrize("cell", NEURONS, ids=lambda cell: cell.__name__)
def test_every_initial_value_of_every_cell_type(cell):
    p = sim.Population(3, cell())
    names = [name for name in cell.recordable if name != "spikes"]
    assert set(p.initial_values) == set(cell.default_initial_values)
    for name, value in cell.default_initial_values.items():
        assert p[0].get_initial_value(name) == value
    p.record(names)
    p.initialize(**dict.fromkeys(names, 0.125))
    p[1].set_initial_value(names[0], 0.25)
    sim.run(0.1)
    for signal in p.get_data().segments[0].analogsignals:
        first = 0.25 if signal.name == names[0] else 0.125
        assert signal.magnitude[0].tolist() == [0.125, first, 0.125]


def test_assembly():
    p = sim.Population(2, sim.IF_curr_exp())
    q = sim.Population(5, sim.IF_cond_exp())
    a = p + q[1:4]
    a.set(tau_m=12.0, cm=[1, 2, 3, 4, 5], i_offset=lambda i: i / 10)
    assert_gets(a, "tau_m", 12.0)
    assert_gets(a, "cm", [1, 2, 3, 4, 5])
    assert_gets(q, "cm", [1, 3, 4, 5, 1])
    assert_gets(a, "i_offset", [0, 0.1, 0, 0.1, 0.2])
    assert a.get(["tau_m", "cm"], gather=True)[0] == 12.0
    a.initialize(v=[-61, -62, -63, -64, -65.5])
    assert [c.get_initial_value("v") for c in a] == [-61, -62, -63, -64, -65.5]
    a.set(tau_m=uniform(4))
    np.testing.assert_array_equal(p.get("tau_m"), NumpyRNG(4).uniform(10, 30, 2))
    sources = sim.Population(2, sim.SpikeSourceArray()) + sim.Population(1, sim.SpikeSourceArray())
    sources.set(spike_times=[1.0, 2.0, 3.0])  # one train for all
    assert sources.get("spike_times") == Sequence([1, 2, 3])
    sources.set(spike_times=[[1.0], [2.0], [3.0]])
    assert [list(t.value) for t in sources.get("spike_times")] == [[1], [2], [3]]


def test_single_cells():
    p = sim.Population(4, sim.IF_curr_exp())
    p[3].tau_m = 12
    p[-4].tau_m = 13
    p[1].set_parameters(tau_m=14, cm=2)
    assert_gets(p, "tau_m", [13, 14, 20, 12])
    assert p[1].get_parameters()["cm"] == 2.0
    assert p[1].as_view().get("tau_m") == 14


# --- while running --------------------------------------------------------------------------------


def membrane(v, steps, v_rest, tau_m, current, cm=1.0):
    """v (mV) after each of some steps of 0.1 ms, of a passive membrane: the analytic solution."""
    end = v_rest + current * tau_m / cm
    return end + (v - end) * np.exp(-0.1 * np.arange(1, steps + 1) / tau_m)


@pytest.mark.parametrize("where", ["population", "view", "cell"])
def test_changes_between_runs_take_effect_at_that_time(where):
    p = sim.Population(3, sim.IF_curr_exp(v_thresh=1e3))
    cells = {"population": p, "view": p[0:2][1:2], "cell": p[1].as_view()}[where]
    p.record("v")
    v, expected = -65.0, [-65.0]
    now = {"v_rest": -65.0, "tau_m": 20.0, "i_offset": 0.0, "cm": 1.0}
    for change in (
        {},
        {"i_offset": 0.5},
        {"tau_m": 5.0},
        {"v_rest": -70.0, "cm": 2.0},
        {"i_offset": 0.0},
    ):
        now.update(change)
        cells.set(**change)
        sim.run(3.0)
        expected += membrane(v, 30, now["v_rest"], now["tau_m"], now["i_offset"], now["cm"]).tolist()
        v = expected[-1]
    (signal,) = p.get_data().segments[0].analogsignals
    np.testing.assert_allclose(signal.magnitude[:, 1], expected, rtol=0, atol=1e-11)
    if where != "population":
        np.testing.assert_array_equal(signal.magnitude[:, [0, 2]], -65.0)
    sim.reset()  # keeps the parameters, goes back to the initial values
    sim.run(3.0)
    (signal,) = p.get_data().segments[1].analogsignals
    expected = membrane(-65.0, 30, -70.0, 5.0, 0.0, 2.0)
    np.testing.assert_allclose(signal.magnitude[1:, 1], expected, rtol=0, atol=1e-11)


def test_initialize_between_runs():
    p = sim.Population(3, sim.IF_curr_exp(v_rest=-65))
    p.record("v")
    sim.run(1.0)
    p[1:2].initialize(v=-60.0)
    sim.run(1.0)
    v = p.get_data().segments[0].analogsignals[0].magnitude
    np.testing.assert_allclose(v[11:, 1], membrane(-60.0, 10, -65, 20.0, 0.0), atol=1e-11)
    np.testing.assert_array_equal(v[:, [0, 2]], -65.0)
    sim.reset()
    sim.run(1.0)
    v = p.get_data().segments[1].analogsignals[0].magnitude
    assert v[0].tolist() == [-65.0, -60.0, -65.0]


def test_reset_before_anything_changed_state():
    p = sim.Population(2, sim.IF_curr_exp(i_offset=0.3, tau_m=[10, 20]), initial_values={"v": [-60, -70]})
    p.record("v")
    sim.run(5.0)
    sim.reset()
    sim.run(5.0)
    first, second = (segment.analogsignals[0].magnitude for segment in p.get_data().segments)
    np.testing.assert_array_equal(first, second)
    assert_gets(p, "tau_m", [10, 20])


def spikes(population, segment=-1):
    return [t.magnitude.tolist() for t in population.get_data().segments[segment].spiketrains]


def test_spike_times_changed_between_runs():
    """Spikes that have been emitted stay, past ones that are new don't come, future ones do."""
    p = sim.Population(3, sim.SpikeSourceArray(spike_times=[1.0, 4.0, 8.0]))
    p.record("spikes")
    sim.run(5.0)
    p[0].spike_times = [2.0, 5.0, 5.1, 9.0]  # 2 and 5 have passed
    p[1:2].set(spike_times=[])
    sim.run(5.0)
    assert spikes(p) == [[1, 4, 5.1, 9], [1, 4], [1, 4, 8]]
    p.set(spike_times=[[11.0], [10.0], [10.05, 12.0]])
    sim.run(5.0)
    assert spikes(p) == [[1, 4, 5.1, 9, 11], [1, 4], [1, 4, 8, 10.1, 12]]
    sim.reset()
    sim.run(20.0)
    assert spikes(p) == [[11], [10], [10.1, 12]]


def test_spike_times_off_the_grid_go_to_the_end_of_their_step():
    p = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.0, 0.01, 0.1, 0.11, 0.3, 0.30000001]))
    p.record("spikes")
    sim.run(1.0)
    assert spikes(p) == [[0.0, 0.1, 0.1, 0.2, 0.3, 0.3]]


@pytest.mark.big
def test_poisson_rate_changed_between_runs():
    p = sim.Population(200, sim.SpikeSourcePoisson(rate=100.0))
    p.record("spikes")
    sim.run(200.0)
    p.set(rate=0.0)
    sim.run(200.0)
    p[0:100].set(rate=300.0)
    p[100:200].set(rate=300.0, start=500.0, duration=50.0)
    sim.run(200.0)
    trains = p.get_data().segments[0].spiketrains
    times = np.concatenate([t.magnitude for t in trains])
    counts = np.histogram(times, [0, 200.05, 400.05, 600])[0]
    assert abs(counts[0] - 4000) < 5 * 4000**0.5
    assert counts[1] == 0
    assert abs(counts[2] - (100 * 0.3 * 200 + 100 * 0.3 * 50)) < 5 * 7500**0.5
    late = np.concatenate([t.magnitude for t in trains[100:]])
    late = late[late > 400]
    assert late.min() > 500.0 and late.max() <= 550.0


# --- the rest of a population's face --------------------------------------------------------------


def test_indexing():
    p = sim.Population(6, sim.IF_curr_exp(tau_m=[10, 11, 12, 13, 14, 15]))

    def tau(cells):
        return cells.get("tau_m", simplify=False).tolist()

    mask = np.array([1, 0, 0, 1, 0, 0], dtype=bool)
    assert tau(p[1:3]) == [11, 12]
    assert tau(p[::2]) == [10, 12, 14]
    assert tau(p[-2:]) == [14, 15]
    assert tau(p[[1, 2]]) == tau(p[(2, 1)]) == tau(p[np.array([1, 2])]) == [11, 12]
    assert tau(p[[-1, 0]]) == [10, 15]
    assert tau(p[mask]) == tau(p[mask.tolist()]) == [10, 13]
    assert tau(p[1:5][1:][[0, 2]]) == [12, 14]
    assert p[-1] == p[5] == p[np.int64(5)] == p.last_id
    a = p[0:2] + p[4:6]
    assert a[-1] == p[5] and a[2] == p[4]
    assert tau(a[1:3]) == tau(a[[1, 2]]) == tau(a[[-3, -2]]) == [11, 14]
    assert tau(a[np.array([True, False, False, True])]) == tau(a[[True, False, False, True]]) == [10, 15]


def test_ids_and_sampling():
    p = sim.Population(10, sim.IF_curr_exp(), label="cells")
    q = sim.Population(3, sim.IF_curr_exp())
    assert len(p) == p.size == p.local_size == 10
    assert list(p.all()) == list(p) == list(p.all_cells) == list(p.local_cells)
    assert [p.id_to_index(cell) for cell in p] == list(range(10))
    assert p.id_to_index(p[2:4]).tolist() == [2, 3]
    assert p[4:8].id_to_index(p[5]) == 1
    assert (q + p).id_to_index(p[0]) == 3
    assert p[3].local and p.is_local(p[3]) and p[3].celltype is p.celltype
    sample = p.sample(4, rng=NumpyRNG(1))
    other = pyNN.mock
    other.setup()
    same = other.Population(10, other.IF_curr_exp()).sample(4, rng=NumpyRNG(1))
    assert [c - p.first_id for c in sample.all_cells] == [c - same.parent.first_id for c in same.all_cells]
    assert len((p + q).sample(6, rng=NumpyRNG(1))) == 6


def test_positions(tmp_path):
    p = sim.Population((3, 4), sim.IF_curr_exp())
    assert p.size == 12 and p.positions.shape == (3, 12)
    assert p.nearest((2.1, 2.9, 0)) == p[11]
    p[2].position = (9.0, 8.0, 7.0)
    assert p[2].position.tolist() == [9, 8, 7]
    p.save_positions(str(tmp_path / "positions.txt"))
    saved = np.loadtxt(tmp_path / "positions.txt")
    np.testing.assert_allclose(saved[:, 1:], p.positions.T)
    np.testing.assert_array_equal(saved[:, 0], np.arange(12))
    (p[0:2] + p[3:4]).save_positions(str(tmp_path / "assembly.txt"))
    assert np.loadtxt(tmp_path / "assembly.txt").shape == (3, 4)


def test_annotate_and_describe():
    p = sim.Population(4, sim.IF_curr_exp(), label="cells")
    p.annotate(layer="L4", depth=0.3)
    assert p.annotations == {"layer": "L4", "depth": 0.3}
    assert 'Population "cells"' in p.describe()
    assert "cells" in p[1:3].describe()
    assert "some" in sim.Assembly(p, label="some").describe()
    assert p.describe(template=None)["size"] == 4
    assert (p[0:1] + p[2:3]).populations[0].label == "view of 'cells' with size 1"


def test_many_cells():
    n = 50_000
    p = sim.Population(n, sim.IF_curr_exp(tau_m=uniform(1)))
    p.set(tau_m=[10.0] * n, cm=lambda i: 1.0 + i)
    p[::2].set(tau_m=uniform(2))
    p.initialize(v=uniform(3))
    p.get(["tau_m", "cm"])
    sources = sim.Population(n, sim.SpikeSourceArray(spike_times=[[1.0, 2.0]] * n))
    sources[::2].set(spike_times=[[i] for i in range(n // 2)])
    for cell in sources[:100]:
        cell.spike_times = [3.0]
    np.testing.assert_array_equal(p.get("tau_m")[1::2], 10.0)
    assert sources[99].spike_times == Sequence([3.0]) and sources[101].spike_times == Sequence([1.0, 2.0])


@pytest.mark.parametrize(
    "make,message",
    [
        (lambda: sim.SpikeSourceGamma(alpha=1e30), r"alpha must not be above 1e\+09"),  # took forever
        (lambda: sim.SpikeSourceInhGamma(a=[1e30], b=[1e-3], tbins=[0.0]), r"a must not be above 1e\+09"),
        (lambda: sim.IF_facets_hardware1(g_leak=5e-324), "g_leak must be above 1e-300"),
    ],
)
def test_values_that_a_model_can_do_nothing_with(make, message):
    sim.setup()
    with pytest.raises(errors.InvalidParameterValueError, match=message):
        sim.Population(2, make())


def test_units_that_begin_with_a_slash():
    sim.setup()
    cells = sim.Population(2, sim.Izhikevich(a=20 / pq.s))
    assert cells.get("a") == pytest.approx(0.02)
    with pytest.raises(errors.InvalidParameterValueError, match="a must be in /ms, not mV"):
        sim.Izhikevich(a=1 * pq.mV)
