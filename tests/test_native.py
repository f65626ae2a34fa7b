"""Native cell and synapse types: NEST's names, parameters and units. Against NEST itself: compare/."""

import pickle
import runpy
import sys

import numpy as np
import pyNN
import pytest
from pyNN import errors
from pyNN.parameters import Sequence

import pyNN_fastsim as sim
from pyNN_fastsim.native_cells import CELLS
from pyNN_fastsim.native_synapses import SYNAPSES

NEURONS = [name for name, native in CELLS.items() if not native.is_relayed]
SOURCES = [name for name, native in CELLS.items() if native.is_relayed]


@pytest.fixture(autouse=True)
def network():
    sim.setup(timestep=0.1, min_delay=0.1)


def signal(cells, name):
    return cells.get_data().segments[0].filter(name=name)[0]


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_type_runs(name):
    kind = sim.native_cell_type(name)
    cells = sim.Population(3, kind())
    cells.record("all")
    if name in NEURONS:
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
        static = sim.native_synapse_type("static_synapse")(weight=1.0, delay=0.1)
        sim.Projection(source, cells, sim.AllToAllConnector(), static)
    sim.run(3.0)
    segment = cells.get_data().segments[0]
    assert {each.name for each in segment.analogsignals} == set(kind.recordable) - {"spikes"}
    for each in segment.analogsignals:
        assert each.shape == (31, 3) and np.all(np.isfinite(each.magnitude))
        assert each.dimensionality.string == (kind.units[each.name] or "dimensionless")
    assert name in repr(kind()) and name in kind().describe() and name in kind()._repr_html_()
    for each, default in kind.default_parameters.items():
        value = cells.get(each)
        assert np.all(value.value == default.value) if isinstance(default, Sequence) else value == default


@pytest.mark.parametrize("name", SYNAPSES)
def test_every_synapse_type_runs(name):
    kind = sim.native_synapse_type(name)
    cells = sim.Population(3, sim.native_cell_type("iaf_psc_exp")())
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    bounds = {"Wmax": 200.0} if kind.has_parameter("Wmax") else {}
    projection = sim.Projection(source, cells, sim.AllToAllConnector(), kind(weight=100.0, **bounds))
    cells.record("I_syn_ex")
    if kind.recordable:
        projection.record("all")
    sim.run(4.0)
    currents = signal(cells, "I_syn_ex").magnitude
    assert 10.0 < currents.max() <= 100.0
    assert len(projection.get_data().segments[0].analogsignals if kind.recordable else ()) == len(
        kind.recordable
    )
    for each in kind.default_parameters:
        if each not in ("weight", "delay", "Wmax", *kind.recordable):
            assert np.all(projection.get(each, "array") == kind.default_parameters[each])
    assert name in repr(kind()) and name in kind()._repr_html_()


def test_units():
    """250 pF and 10 ms: 100 pA lift V_m by 4 mV; the same from PyNN's own types, in nF and nA."""
    native = sim.Population(1, sim.native_cell_type("iaf_psc_exp")(I_e=100.0, E_L=-65.0, t_ref=0.1))
    ours = sim.Population(1, sim.IF_curr_exp(cm=0.25, tau_m=10.0, i_offset=0.1, tau_syn_E=2.0))
    native.initialize(V_m=-65.0)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
    for cells in (native, ours):
        sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.3, delay=1.0))
        static = sim.native_synapse_type("static_synapse")(weight=300.0, delay=2.0)
        sim.Projection(source, cells, sim.AllToAllConnector(), static)
        sim.DCSource(amplitude=0.1, start=30.0).inject_into(cells)
    native.record(["V_m", "I_syn_ex"])
    ours.record(["v", "isyn_exc"])
    sim.run(100.0)
    np.testing.assert_allclose(signal(native, "V_m").magnitude, signal(ours, "v").magnitude, rtol=1e-14)
    i_syn = signal(native, "I_syn_ex")
    assert i_syn.dimensionality.string == "pA" and i_syn.magnitude[60, 0] == 300.0
    np.testing.assert_allclose(i_syn.magnitude, 1e3 * signal(ours, "isyn_exc").magnitude)
    assert signal(native, "V_m").magnitude[-1, 0] == pytest.approx(-65.0 + 8.0, abs=1e-2)


def test_weights_where_events_are_added_to_v():
    """PyNN scales weights of all cells alike: 0.002 of its own are 2 mV of NEST's."""
    for name, v in (("iaf_psc_delta", "V_m"), ("izhikevich", "V_m")):
        cells = sim.Population(2, sim.native_cell_type(name)())
        cells.record(v)
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
        static = sim.native_synapse_type("static_synapse")(weight=2.0, delay=0.1)
        sim.Projection(source, cells[0:1], sim.AllToAllConnector(), static)
        sim.Projection(
            source, cells[1:2], sim.AllToAllConnector(), sim.StaticSynapse(weight=0.002, delay=0.1)
        )
    sim.run(2.0)
    for cells in sim.simulator.state.populations[::2]:
        jumps = np.diff(signal(cells, "V_m").magnitude, axis=0)[10]
        np.testing.assert_allclose(jumps, 2.0, atol=0.4)
        assert jumps[0] == pytest.approx(jumps[1])


def test_parameters_in_every_form():
    cells = sim.Population(4, sim.native_cell_type("iaf_cond_alpha")(C_m=[100.0, 200.0, 300.0, 400.0]))
    cells.set(g_L=lambda i: 10.0 + i)
    cells[1:3].set(V_th=sim.RandomDistribution("uniform", (-52.0, -51.0), rng=sim.NumpyRNG(seed=1)))
    cells[3].t_ref = 3.5
    assert cells.get("C_m").tolist() == [100.0, 200.0, 300.0, 400.0]
    assert cells.get("g_L").tolist() == [10.0, 11.0, 12.0, 13.0]
    assert cells.get("t_ref").tolist() == [2.0, 2.0, 2.0, 3.5] and cells[3].t_ref == 3.5
    v_th = cells.get("V_th")
    assert v_th[0] == -55.0 and np.all((v_th[1:3] > -52.0) & (v_th[1:3] < -51.0))
    cells.set(E_L=-65.0)
    assert cells.get("E_L") == -65.0


def test_states_initial_values_and_reset():
    cells = sim.Population(2, sim.native_cell_type("iaf_cond_exp")(tau_syn_ex=5.0))
    assert float(cells.initial_values["V_m"].evaluate(simplify=True)) == -70.0
    cells.initialize(V_m=[-66.0, -60.0], g_ex=3.0)
    np.testing.assert_allclose(cells.initial_values["g_ex"].evaluate(), 3.0)
    cells.record(["V_m", "g_ex"])
    for _ in range(2):
        sim.run(5.0)
        sim.reset()
    first, second = cells.get_data().segments[:2]
    for name in ("V_m", "g_ex"):
        a, b = (segment.filter(name=name)[0].magnitude for segment in (first, second))
        assert np.array_equal(a, b)
    g = first.filter(name="g_ex")[0].magnitude
    np.testing.assert_allclose(g[[0, 50], 0], [3.0, 3.0 * np.exp(-1.0)])


def test_recordings_of_views_and_assemblies_have_the_units():
    a = sim.Population(3, sim.native_cell_type("iaf_cond_exp")(), initial_values={"g_ex": 2.0})
    b = sim.Population(2, sim.native_cell_type("iaf_cond_exp")(), initial_values={"g_ex": 4.0})
    (a + b).record("g_ex")
    sim.run(1.0)
    for cells, expected in ((a[1:], [2.0, 2.0]), (a + b, [2.0, 2.0, 2.0, 4.0, 4.0])):
        np.testing.assert_allclose(signal(cells, "g_ex").magnitude[0], expected)
    np.testing.assert_allclose(a.get_data(clear=True).segments[0].analogsignals[0].magnitude[0], 2.0)


def test_weights_are_given_in_pa_and_read_in_na():
    """As in pyNN.nest."""
    cells = sim.Population(2, sim.native_cell_type("iaf_psc_exp")())
    stdp = sim.native_synapse_type("stdp_synapse")(weight=[[10.0, 20.0], [30.0, 40.0]], Wmax=50.0)
    projection = sim.Projection(cells, cells, sim.AllToAllConnector(), stdp, receptor_type="excitatory")
    np.testing.assert_allclose(projection.get("weight", "array"), [[0.01, 0.02], [0.03, 0.04]])
    assert np.all(projection.get("Wmax", "array") == 50.0) and np.all(projection.get("delay", "array") == 1.0)
    projection.set(weight=25.0, Wmax=60.0, **{"lambda": 0.02})
    np.testing.assert_allclose(projection.get(["weight", "lambda", "Wmax"], "list", with_address=False),
                               [(0.025, 0.02, 60.0)] * 4)  # fmt: skip
    projection[0].weight = 0.03
    assert projection.get("weight", "array").max() == 0.03
    listed = sim.FromListConnector([(0, 1, 12.0), (1, 0, 13.0)], column_names=["weight"])
    projection = sim.Projection(cells, cells, listed, sim.native_synapse_type("static_synapse")())
    assert projection.get("weight", "list") == [(1, 0, 0.013), (0, 1, 0.012)]
    drawn = sim.RandomDistribution("uniform", (10.0, 20.0), rng=sim.NativeRNG(seed=2))
    some = sim.FixedProbabilityConnector(0.9, rng=sim.NativeRNG(seed=3))
    projection = sim.Projection(cells, cells, some, sim.native_synapse_type("static_synapse")(weight=drawn))
    weights = [weight for _, _, weight in projection.get("weight", "list")]
    assert all(0.01 <= weight <= 0.02 for weight in weights) and len(set(weights)) == len(weights) > 1


def test_states_of_synapses_are_parameters():
    cells = sim.Population(1, sim.native_cell_type("iaf_psc_exp")())
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0]))
    kind = sim.native_synapse_type("tsodyks_synapse")
    projection = sim.Projection(
        source, cells, sim.AllToAllConnector(), kind(u=0.25, x=0.5, U=0.5, tau_fac=1e9)
    )
    assert projection.get(["u", "x"], "list", with_address=False) == [(0.25, 0.5)]
    projection.set(x=0.6)
    sim.run(20.0)
    u, x, y = projection.get(["u", "x", "y"], "list", with_address=False)[0]
    x_then = 1.0 - 0.4 * np.exp(-10.0 / 800.0)
    np.testing.assert_allclose([u, x, y], [0.625, x_then * 0.375, x_then * 0.625])


def test_native_sources_are_relayed():
    """As by pyNN.nest's parrots: the shortest delay late, that of setup or what there is at the first run."""
    for min_delay, expected in ((0.5, 10.5), ("auto", 10.3)):
        sim.setup(timestep=0.1, min_delay=min_delay)
        kind = sim.native_cell_type("spike_generator")
        source = sim.Population(2, kind(spike_times=[10.0, 20.0], stop=15.0))
        source.record("spikes")
        cells = sim.Population(1, sim.native_cell_type("iaf_psc_exp")())
        delay = 0.5 if min_delay == 0.5 else 0.3
        static = sim.native_synapse_type("static_synapse")(delay=delay)
        sim.Projection(source, cells, sim.AllToAllConnector(), static)
        sim.run(30.0)
        for train in source.get_data().segments[0].spiketrains:
            np.testing.assert_allclose(train.magnitude, [expected])
        assert source.get("spike_times").value.tolist() == [10.0, 20.0]
        source.set(spike_times=[35.0], stop=100.0)
        sim.run(10.0)
        np.testing.assert_allclose(source.get_data().segments[0].spiketrains[0].magnitude[-1], 35.0 + delay)


def test_sources_in_every_form_and_trial():
    kind = sim.native_cell_type("spike_generator")
    times = [Sequence([1.0, 5.0]), Sequence([2.0]), Sequence([])]
    source = sim.Population(3, kind(spike_times=times, start=[0.0, 3.0, 0.0]))
    source[2:].set(spike_times=[4.0, 6.0], spike_multiplicities=[1, 3])
    noise = sim.Population(200, sim.native_cell_type("poisson_generator")(stop=50.0))
    noise.set(rate=lambda i: 200.0 * (i % 2), start=20.0)
    source.record("spikes")
    noise.record("spikes")
    for _ in range(2):
        sim.run(70.0)
        sim.reset()
    expected = [[1.1, 5.1], [], [4.1, 6.1, 6.1, 6.1]]
    for segment in source.get_data().segments[:2]:
        for train, times in zip(segment.spiketrains, expected, strict=True):
            np.testing.assert_allclose(train.magnitude, times)
    trains = noise.get_data().segments[1].spiketrains
    spikes = np.concatenate([train.magnitude for train in trains])
    assert 450 < len(spikes) < 750 and spikes.min() > 20.1 and spikes.max() < 50.15
    assert not any(len(train) for train in trains[::2])


@pytest.mark.big
def test_any_number_of_threads_and_a_folder(tmp_path):
    def run(**options):
        sim.setup(timestep=0.1, min_delay=0.1, **options)
        noise = sim.Population(40, sim.native_cell_type("poisson_generator")(rate=800.0))
        cells = sim.Population(40, sim.native_cell_type("iaf_cond_exp")(), initial_values={"g_in": 2.0})
        stdp = sim.native_synapse_type("stdp_synapse")(weight=20.0, Wmax=40.0)
        projection = sim.Projection(noise, cells, sim.OneToOneConnector(), stdp, receptor_type="excitatory")
        cells.record(["V_m", "g_in", "spikes"])
        sim.run(60.0)
        signals = cells.get_data().segments[0].analogsignals
        return [projection.get("weight", "array"), *(np.array(each) for each in signals)]

    whole = run()
    assert whole[2][0, 0] == 2.0 or whole[1][0, 0] == 2.0
    for options in ({"threads": 2}, {"record_to": tmp_path / "data"}):
        for a, b in zip(whole, run(**options), strict=True):
            assert np.array_equal(a, b, equal_nan=True)


@pytest.mark.big
def test_hodgkin_huxley_cells_spike_at_the_peak():
    cells = sim.Population(2, sim.native_cell_type("hh_cond_exp_traub")(I_e=[800.0, -500.0]))
    cells.record(["spikes", "V_m"])
    sim.run(100.0)
    v = signal(cells, "V_m").magnitude[:, 0]
    peaks = 1 + np.flatnonzero((v[1:-1] >= v[:-2]) & (v[1:-1] > v[2:]) & (v[1:-1] > -33.0))
    spikes, none = (train.magnitude for train in cells.get_data().segments[0].spiketrains)
    assert len(spikes) > 3 and len(none) == 0
    np.testing.assert_allclose(spikes, 0.1 * (peaks + 1))  # the first sample that is lower


@pytest.mark.big
def test_generalised_cells_have_as_many_time_constants_as_given():
    kind = sim.native_cell_type("gif_cond_exp")
    cells = sim.Population(
        2, kind(q_stc=[10.0], tau_stc=[20.0], q_sfa=[5.0, 1.0], tau_sfa=[50.0, 5.0], I_e=150.0)
    )
    cells.record(["spikes", "I_stc", "E_sfa"])
    sim.run(200.0)
    assert cells.mean_spike_count() > 0
    i_stc = signal(cells, "I_stc").magnitude
    assert np.diff(i_stc, axis=0).max() == pytest.approx(10.0, rel=0.3)
    with pytest.raises(errors.InvalidParameterValueError, match="tau_stc and q_stc must have equally many"):
        sim.Population(2, kind(q_stc=[10.0]))


@pytest.mark.parametrize("name", ["stdp_synapse", "tsodyks_synapse", "tsodyks2_synapse"])
def test_native_synapses_onto_standard_cells(name):
    """As PyNN's own tests have it, but longer. Weights of conductances are positive for both receptors."""
    source = sim.Population(3, sim.SpikeSourceArray(spike_times=np.arange(10.0, 100.0, 10.0)))
    cells = sim.Population(5, sim.IF_cond_exp(e_rev_I=-75.0, tau_syn_I=np.arange(0.2, 0.7, 0.1)))
    cells.record(["gsyn_exc", "gsyn_inh"])
    kind = sim.native_synapse_type(name)
    parameters = {"Wmax": 50.0, "lambda": 0.015} if name == "stdp_synapse" else {"U": 0.04, "tau_rec": 100.0}
    if name == "tsodyks_synapse":
        parameters["tau_psc"] = 5.0
    for receptor in ("excitatory", "inhibitory"):
        some = sim.FixedProbabilityConnector(p_connect=1.0, rng=sim.NativeRNG(seed=1234))
        synapse = kind(weight=10.0, delay=0.5, **parameters)
        projection = sim.Projection(source, cells, some, synapse, receptor_type=receptor)
        for each, value in parameters.items():
            assert np.all(projection.get(each, "array") == value)
    sim.run(100.0)
    for each in ("gsyn_exc", "gsyn_inh"):
        g = signal(cells, each)
        assert g.dimensionality.string == "uS" and 0.0005 < g.magnitude.max() <= 0.04


def _weight_of_power_law(w, pre, post, p):
    """In pA. A postsynaptic spike that arrives together with a presynaptic one comes first, unseen by it."""
    for t, is_pre in sorted(
        [(t, True) for t in pre] + [(t, False) for t in post], key=lambda e: (e[0], e[1])
    ):
        others = [u for u in (post if is_pre else pre) if u < t]
        trace = sum(np.exp((u - t) / p["tau_minus" if is_pre else "tau_plus"]) for u in others)
        w += -p["lambda"] * p["alpha"] * w * trace if is_pre else p["lambda"] * w ** p["mu"] * trace
    return w


def _weight_of_triplets(w, pre, post, p):
    def trace(times, t, tau):
        return sum(np.exp((u - t) / tau) for u in times if u < t)

    for t, is_pre in sorted(
        [(t, True) for t in pre] + [(t, False) for t in post], key=lambda e: (e[0], e[1])
    ):
        if is_pre:
            slow = trace(pre, t, p["tau_plus_triplet"])
            w = max(w - trace(post, t, p["tau_minus"]) * (p["Aminus"] + p["Aminus_triplet"] * slow), 0.0)
        else:
            slow = trace(post, t, 110.0)
            w += trace(pre, t, p["tau_plus"]) * (p["Aplus"] + p["Aplus_triplet"] * slow)
            w = min(w, p["Wmax"])
    return w


@pytest.mark.parametrize(
    ("name", "reference", "parameters"),
    [
        ("stdp_pl_synapse_hom", _weight_of_power_law, {"lambda": 0.05, "mu": 0.6, "alpha": 0.4}),
        *(
            (
                "stdp_triplet_synapse",
                _weight_of_triplets,
                {"Aplus": 0.5, "Aplus_triplet": 3.0, "Aminus": 1.0, "Aminus_triplet": 0.5, "Wmax": w_max},
            )
            for w_max in (100.0, 57.0)  # never reached, reached at the last but one event
        ),
    ],
)
def test_rules_of_nest(name, reference, parameters):
    """What NEST itself makes of them: tests/compare/test_native_nest.py."""
    pre, forced = [5.0, 11.0, 20.0, 33.0, 60.0], [7.9, 18.9, 30.9, 34.9]
    source, force = (sim.Population(1, sim.SpikeSourceArray(spike_times=times)) for times in (pre, forced))
    cell = sim.Population(1, sim.IF_curr_delta())
    cell.record("spikes")
    sim.Projection(force, cell, sim.OneToOneConnector(), sim.StaticSynapse(weight=1000.0, delay=0.1))
    synapse = sim.native_synapse_type(name)(weight=50.0, delay=1.0, **parameters)
    projection = sim.Projection(source, cell, sim.OneToOneConnector(), synapse)
    sim.run(70.0)
    post = [round(t + 1.0, 1) for t in cell.get_data().segments[0].spiketrains[0].magnitude]
    assert len(post) == 4 and 20.0 in post
    expected = reference(50.0, pre, post, {**synapse.default_parameters, **parameters})
    assert projection.get("weight", "list", with_address=False)[0] == pytest.approx(expected / 1e3, rel=1e-12)
    assert abs(expected - 50.0) > 1.0


def test_pickles():
    for kind in (sim.native_cell_type("iaf_psc_exp"), sim.native_synapse_type("stdp_synapse")):
        assert pickle.loads(pickle.dumps(kind)) is kind
    cell = pickle.loads(pickle.dumps(sim.native_cell_type("iaf_psc_exp")(tau_m=7.0)))
    assert sim.Population(1, cell).get("tau_m") == 7.0
    synapse = pickle.loads(pickle.dumps(sim.native_synapse_type("stdp_synapse")(Wmax=7.0)))
    projection = sim.Projection(
        *[sim.Population(1, cell) for _ in range(2)], sim.AllToAllConnector(), synapse
    )
    assert projection.get("Wmax", "array") == 7.0


MISTAKES = [
    (lambda: sim.native_cell_type("iaf_psc_ex"), errors.InvalidModelError, "did you mean 'iaf_psc_exp'"),
    (
        lambda: sim.native_cell_type("ht_neuron"),
        errors.InvalidModelError,
        "of NEST's there are aeif_cond_alpha",
    ),
    (lambda: sim.native_cell_type("iaf_cond_beta"), errors.InvalidModelError, "use PointNeuron with LIF"),
    (lambda: sim.native_synapse_type("gap_junction"), errors.InvalidModelError, "use ElectricalSynapse"),
    (lambda: sim.native_synapse_type("stdp_dopamine_synapse"), errors.InvalidModelError, "no native synapse"),
    (lambda: sim.native_cell_type("iaf_psc_exp")(tau_mm=1.0), errors.NonExistentParameterError, "tau_m"),
    (
        lambda: sim.Population(2, sim.native_cell_type("iaf_psc_exp")(delta=1.0)),
        errors.InvalidParameterValueError,
        "delta of iaf_psc_exp can only be 0.0 here, not 1",
    ),
    (
        lambda: sim.Population(2, sim.native_cell_type("iaf_psc_exp")(C_m=-1.0)),
        errors.InvalidParameterValueError,
        "C_m must be positive",
    ),
    (
        lambda: sim.Population(2, sim.native_cell_type("iaf_psc_exp")(V_reset=-40.0)),
        errors.InvalidParameterValueError,
        r"V_reset must be below V_th \(-55",
    ),
    (
        lambda: sim.Population(2, sim.native_cell_type("iaf_psc_exp")()).initialize(v=-60.0),
        errors.NonExistentParameterError,
        "V_m",
    ),
    (
        lambda: sim.Population(2, sim.native_cell_type("iaf_psc_exp")()).record("v"),
        errors.RecordingError,
        "v",
    ),
    (lambda: sim.native_synapse_type("stdp_synapse")(tau_facil=3.0), errors.NonExistentParameterError, "tau"),
    (
        lambda: sim.Projection(
            *[sim.Population(1, sim.native_cell_type("iaf_psc_exp")()) for _ in range(2)],
            sim.AllToAllConnector(),
            sim.native_synapse_type("stdp_synapse")(weight=1.0, Wmax=-2.0),
        ),
        errors.InvalidParameterValueError,
        "weight and Wmax must have the same sign",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), MISTAKES)
def test_mistakes(call, error, message):
    with pytest.raises(error, match=message):
        call()


SCRIPT = """
import sys
import numpy as np
import pyNN.nest as sim

sim.setup(timestep=0.1, min_delay=0.1)
iaf = sim.native_cell_type("iaf_psc_exp")
noise = sim.Population(10, sim.native_cell_type("poisson_generator")(rate=1000.0))
pre = sim.Population(10, iaf(tau_m=20.0, tau_syn_ex=3.0, tau_syn_in=3.0))
post = sim.Population(10, iaf(tau_m=20.0, tau_syn_ex=3.0, tau_syn_in=3.0))
sim.Projection(noise, pre, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.2))
stdp = sim.native_synapse_type("stdp_synapse_hom")(**{
    "lambda": 0.005, "mu_plus": 0.0, "mu_minus": 0.0, "alpha": 1.1, "tau_plus": 20.0, "Wmax": 1000.0})
w = 900.0 * np.linspace(0.5, 1.0, 4)
pairs = [(0, 0, w[0]), (0, 1, w[1]), (1, 5, w[2]), (6, 1, w[3])]
listed = sim.FromListConnector(pairs, column_names=["weight"])
plastic = sim.Projection(pre, post, listed, receptor_type="excitatory", synapse_type=stdp)
post.record(["V_m", "spikes"])
pre.record("spikes")
sim.run(200.0)
weights = dict(((i, j), w) for i, j, w in plastic.get("weight", "list"))
v = post.get_data().segments[0].analogsignals[0].magnitude
"""


@pytest.mark.big
def test_scripts_for_nest_run(tmp_path, monkeypatch):
    """PyNN's own test of issue 529, made to spike."""
    monkeypatch.setitem(sys.modules, "pyNN.nest", sim)
    monkeypatch.setattr(pyNN, "nest", sim, raising=False)  # another test may have imported it
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    result = runpy.run_path(str(script))
    assert result["v"].shape == (2001, 10) and np.ptp(result["v"]) > 1.0
    assert result["pre"].mean_spike_count() > 1
    assert list(result["weights"]) and result["weights"][1, 5] != pytest.approx(0.75)
