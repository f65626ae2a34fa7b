"""PointNeuron: any receptors, in any mixture, by name."""

import numpy as np
import pytest
from pyNN import errors
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.standardmodels import cells as pynn_cells
from pyNN.standardmodels import receptors as pynn_receptors
from scipy.integrate import solve_ivp

import pyNN_fastsim as sim
from pyNN_fastsim.engine.neurons.receptors import beta_peak, beta_rise

N = 12
MEMBRANE = {
    "v_rest": (-68.0, -62.0),
    "cm": (0.3, 1.0),
    "tau_m": (8.0, 20.0),
    "tau_refrac": (0.0, 3.0),
    "v_thresh": (-54.0, -50.0),
    "v_reset": (-70.0, -60.0),
    "i_offset": (0.0, 0.6),
}
TAUS = {"tau_syn": (0.4, 8.0), "tau_rise": (0.2, 2.0), "tau_decay": (1.0, 9.0)}


def drawn(rng, ranges):
    return {name: rng.uniform(*limits, size=N) for name, limits in ranges.items()}


def simulated(celltype, receptors, weights, variables, seed=1, duration=120.0):
    """Spikes of N cells, and samples by name, with Poisson input to each of `receptors`."""
    sim.setup(timestep=0.1)
    cells = sim.Population(N, celltype)
    cells.record(["spikes", *variables])
    rng = np.random.default_rng(seed)
    for receptor, weight in zip(receptors, weights, strict=True):
        times = [np.sort(rng.uniform(1.0, duration - 5, 15)) for _ in range(N)]
        source = sim.Population(N, sim.SpikeSourceArray(spike_times=times))
        synapse = sim.StaticSynapse(weight=weight, delay=0.5)
        sim.Projection(source, cells, sim.OneToOneConnector(), synapse, receptor_type=receptor)
    sim.run(duration)
    segment = cells.get_data().segments[0]
    spikes = [np.asarray(train).tolist() for train in segment.spiketrains]
    return spikes, {signal.name: np.asarray(signal) for signal in segment.analogsignals}


SAME = {
    "IF_curr_exp": ("CurrExpPostSynapticResponse", "isyn", (1.5, -0.5)),
    "IF_cond_exp": ("CondExpPostSynapticResponse", "gsyn", (0.05, 0.05)),
    "IF_cond_alpha": ("CondAlphaPostSynapticResponse", "gsyn", (0.05, 0.05)),
}


@pytest.mark.parametrize("standard", SAME)
def test_two_receptors_are_a_standard_cell(standard):
    receptor, variable, weights = SAME[standard]
    rng = np.random.default_rng(2)
    membrane, tau_e, tau_i = drawn(rng, MEMBRANE), *rng.uniform(0.4, 8.0, size=(2, N))
    synapses, own_e, own_i = {"tau_syn_E": tau_e, "tau_syn_I": tau_i}, {"tau_syn": tau_e}, {"tau_syn": tau_i}
    if variable == "gsyn":
        synapses |= {"e_rev_E": 0.0, "e_rev_I": -75.0}
        own_e, own_i = own_e | {"e_syn": 0.0}, own_i | {"e_syn": -75.0}
    expected_spikes, expected = simulated(
        getattr(sim, standard)(**membrane, **synapses),
        ["excitatory", "inhibitory"], weights, ["v", f"{variable}_exc", f"{variable}_inh"],
    )  # fmt: skip
    point_neuron = sim.PointNeuron(
        sim.LIF(**membrane), NMDA=getattr(sim, receptor)(**own_e), other=getattr(sim, receptor)(**own_i)
    )
    names = ["v", f"NMDA.{variable}", f"other.{variable}"]
    spikes, found = simulated(point_neuron, ["NMDA", "other"], weights, names)
    assert spikes == expected_spikes
    assert sum(map(len, spikes)) > 20
    for name, expected_name in zip(names, ["v", f"{variable}_exc", f"{variable}_inh"], strict=True):
        np.testing.assert_allclose(found[name], expected[expected_name], rtol=1e-12, atol=1e-12)


@pytest.mark.big
def test_adexp_with_two_receptors_is_a_standard_cell():
    rng = np.random.default_rng(5)
    membrane = {"tau_m": rng.uniform(8, 15, N), "i_offset": rng.uniform(0.3, 1.0, N), "v_reset": -60.0}
    tau_e, tau_i = rng.uniform(1.0, 8.0, size=(2, N))
    expected_spikes, expected = simulated(
        sim.EIF_cond_exp_isfa_ista(**membrane, tau_syn_E=tau_e, tau_syn_I=tau_i, e_rev_E=0.0, e_rev_I=-80.0),
        ["excitatory", "inhibitory"], (0.03, 0.03), ["v", "w", "gsyn_exc", "gsyn_inh"],
    )  # fmt: skip
    point_neuron = sim.PointNeuron(
        sim.AdExp(**membrane), AMPA=sim.ExpPSR(tau_syn=tau_e), GABA=sim.ExpPSR(tau_syn=tau_i, e_syn=-80.0)
    )
    spikes, found = simulated(
        point_neuron, ["AMPA", "GABA"], (0.03, 0.03), ["v", "w", "AMPA.gsyn", "GABA.gsyn"]
    )
    assert spikes == expected_spikes
    assert sum(map(len, spikes)) > 20
    for values, expected_values in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_allclose(values, expected_values, rtol=1e-9, atol=1e-9)


def test_an_alpha_function_is_a_beta_function_with_equal_time_constants():
    def found(receptor):
        neuron = sim.LIF(**drawn(np.random.default_rng(3), MEMBRANE))
        return simulated(sim.PointNeuron(neuron, syn=receptor), ["syn"], [0.05], ["v", "syn.gsyn"])

    spikes, alpha = found(sim.AlphaPSR(tau_syn=2.0))
    beta_spikes, beta = found(sim.BetaPSR(tau_rise=2.0, tau_decay=2.0))
    assert spikes == beta_spikes
    for name in alpha:
        np.testing.assert_allclose(beta[name], alpha[name], rtol=1e-12, atol=1e-12)


# --- against solve_ivp ---------------------------------------------------------------------------------

MIXTURE = {
    "AMPA": sim.ExpPSR,
    "NMDA": sim.AlphaPSR,
    "GABA": sim.BetaPSR,
    "gap": sim.CurrExpPostSynapticResponse,
}
WEIGHTS = {"AMPA": 0.05, "NMDA": 0.03, "GABA": 0.08, "gap": -1.0}


def mixture(rng):
    """(neuron's parameters, those of each receptor), drawn; no neuron reaches its threshold."""
    neuron = drawn(rng, MEMBRANE) | {"v_thresh": 100.0}
    taus = {name: drawn(rng, TAUS) for name in MIXTURE}
    own = {
        name: {key: taus[name][key] for key in psr.default_parameters if key in TAUS}
        for name, psr in MIXTURE.items()
    }
    for name, e_syn in (("AMPA", 0.0), ("NMDA", 5.0), ("GABA", -80.0)):
        own[name]["e_syn"] = e_syn + rng.uniform(-5, 5, size=N)
    return neuron, own


def reference(neuron, own, times, steps, dt=0.1):
    """v [steps + 1] of one cell, and the conductances and currents of its receptors, by solve_ivp.

    times   by receptor, the steps at which a spike arrives
    """
    beta = own["GABA"]
    peak = beta_peak(beta["tau_rise"], beta["tau_decay"])

    def slope(t, y):
        v, ampa, nmda, nmda_y, gaba, gaba_y, gap = y
        current = (
            ampa * (own["AMPA"]["e_syn"] - v) + nmda * (own["NMDA"]["e_syn"] - v)
            + gaba * (beta["e_syn"] - v) + gap + neuron["i_offset"]
        )  # fmt: skip
        tau = own["NMDA"]["tau_syn"]
        return [
            (neuron["v_rest"] - v) / neuron["tau_m"] + current / neuron["cm"],
            -ampa / own["AMPA"]["tau_syn"],
            (np.e * nmda_y - nmda) / tau,
            -nmda_y / tau,
            gaba_y / peak - gaba / beta["tau_decay"],
            -gaba_y / beta["tau_rise"],
            -gap / own["gap"]["tau_syn"],
        ]

    jumps = {"AMPA": 1, "NMDA": 3, "GABA": 5, "gap": 6}
    y = np.array([-65.0, 0, 0, 0, 0, 0, 0])
    result = [y]
    for step in range(1, steps + 1):
        y = solve_ivp(slope, (0, dt), y, "DOP853", rtol=1e-11, atol=1e-13).y[:, -1]
        for name, variable in jumps.items():
            y[variable] += WEIGHTS[name] * times[name].count(step)
        result.append(y)
    return np.array(result)


@pytest.mark.big
def test_a_mixture_of_all_kinds_agrees_with_solve_ivp():
    neuron, own = mixture(np.random.default_rng(4))
    sim.setup(timestep=0.1)
    receptors = {name: psr(**own[name]) for name, psr in MIXTURE.items()}
    cells = sim.Population(N, sim.PointNeuron(sim.LIF(**neuron), **receptors), initial_values={"v": -65.0})
    names = ["v", "AMPA.gsyn", "NMDA.gsyn", "NMDA.ysyn", "GABA.gsyn", "GABA.ysyn", "gap.isyn"]
    cells.record(names)
    times = {"AMPA": [5, 30, 31], "NMDA": [10, 40], "GABA": [15, 42, 80], "gap": [20, 60]}
    for name, steps in times.items():
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.1 * (k - 1) for k in steps]))
        synapse = sim.StaticSynapse(weight=WEIGHTS[name], delay=0.1)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type=name)
    sim.run(12.0)
    found = {signal.name: np.asarray(signal) for signal in cells.get_data().segments[0].analogsignals}
    for cell in range(4):
        expected = reference(
            {name: value[cell] if np.ndim(value) else value for name, value in neuron.items()},
            {name: {key: value[cell] for key, value in values.items()} for name, values in own.items()},
            times, 120,
        )  # fmt: skip
        np.testing.assert_allclose(found["v"][:, cell], expected[:, 0], atol=1e-6, rtol=0)
        for variable, name in enumerate(names[1:], start=1):
            np.testing.assert_allclose(found[name][:, cell], expected[:, variable], atol=1e-10, rtol=0)


@pytest.mark.parametrize("rise,decay", [(0.2, 1.7), (3.0, 3.0), (3.0, 3.0 + 1e-9), (1.0, 1.1), (0.01, 50.0)])
def test_the_peak_of_a_beta_function_is_the_weight(rise, decay):
    t = np.linspace(0.0, 5 * (rise + decay), 200_001)[1:]
    g = beta_rise(rise, decay, t) / beta_peak(rise, decay)
    assert g.max() == pytest.approx(1.0, abs=1e-6)
    assert g.max() <= 1.0 + 1e-14


# --- parameters, variables, receptors ------------------------------------------------------------------


def two_receptors():
    return sim.PointNeuron(
        sim.LIF(tau_m=[10.0, 11.0, 12.0]), AMPA=sim.ExpPSR(tau_syn=2.0), GABA=sim.BetaPSR(e_syn=-75.0)
    )


def test_parameters_of_receptors_by_name():
    sim.setup()
    cells = sim.Population(3, two_receptors())
    assert cells.get("AMPA.tau_syn") == 2.0
    assert cells.get(["tau_m", "GABA.e_syn"])[1] == -75.0
    cells.set(**{"AMPA.tau_syn": 3.0, "GABA.tau_decay": lambda i: 4.0 + i})
    cells[1:].set(**{"AMPA.tau_syn": [5.0, 6.0]})
    assert cells.get("AMPA.tau_syn").tolist() == [3.0, 5.0, 6.0]
    assert cells.get("GABA.tau_decay").tolist() == [4.0, 5.0, 6.0]
    assert cells.get("tau_m").tolist() == [10.0, 11.0, 12.0]
    assert cells[1].get_parameters()["AMPA.tau_syn"] == 5.0
    expected = {"AMPA.e_syn", "AMPA.tau_syn", "GABA.e_syn", "GABA.tau_rise", "GABA.tau_decay"}
    assert set(cells.celltype.get_parameter_names()) == set(sim.LIF.default_parameters) | expected


def test_random_parameters_are_those_of_any_backend():
    sim.setup()
    distribution = RandomDistribution("uniform", low=1.0, high=2.0, rng=NumpyRNG(seed=7))
    cells = sim.Population(5, sim.PointNeuron(sim.LIF(), a=sim.ExpPSR(tau_syn=distribution)))
    expected = RandomDistribution("uniform", low=1.0, high=2.0, rng=NumpyRNG(seed=7)).next(5)
    np.testing.assert_array_equal(cells.get("a.tau_syn"), expected)


def test_a_new_value_of_a_receptor_holds_from_now_on():
    def last_g(tau):
        sim.setup(timestep=0.1)
        cells = sim.Population(1, sim.PointNeuron(sim.LIF(), AMPA=sim.ExpPSR(tau_syn=2.0)))
        cells.initialize(**{"AMPA.gsyn": 0.01})
        cells.record("AMPA.gsyn")
        sim.run(1.0)
        cells.set(**{"AMPA.tau_syn": tau})
        sim.run(1.0)
        return cells.get_data().segments[0].analogsignals[0][-1, 0].item()

    assert last_g(2.0) == pytest.approx(0.01 * np.exp(-1.0))
    assert last_g(4.0) == pytest.approx(0.01 * np.exp(-0.5 - 0.25))


def test_recordables_and_units():
    neuron = two_receptors()
    assert neuron.recordable == ["spikes", "v", "AMPA.gsyn", "GABA.gsyn", "GABA.ysyn"]
    sim.setup()
    cells = sim.Population(3, neuron)
    cells.record("all")
    sim.run(0.2)
    signals = cells.get_data().segments[0].analogsignals
    assert {s.name: s.units.dimensionality.string for s in signals} == {
        "v": "mV", "AMPA.gsyn": "uS", "GABA.gsyn": "uS", "GABA.ysyn": "uS",
    }  # fmt: skip
    with pytest.raises(errors.RecordingError, match="AMPA.isyn"):
        cells.record("AMPA.isyn")


@pytest.mark.parametrize(
    "wrong,message",
    [
        ({"AMPA.tau_sin": 1.0}, "AMPA.tau_syn"),
        ({"tau_syn": 1.0}, "tau_syn"),
        ({"AMPA.locations": 1.0}, "locations"),
    ],
)
def test_unknown_names(wrong, message):
    sim.setup()
    cells = sim.Population(3, two_receptors())
    with pytest.raises(errors.NonExistentParameterError, match=message):
        cells.set(**wrong)
    with pytest.raises(errors.NonExistentParameterError):
        cells.get(next(iter(wrong)))
    with pytest.raises(errors.NonExistentParameterError):
        cells.initialize(**wrong)


def test_values_that_cannot_be():
    sim.setup()
    with pytest.raises(errors.InvalidParameterValueError, match="AMPA.tau_syn must be positive, but is 0.0"):
        sim.Population(2, sim.PointNeuron(sim.LIF(), AMPA=sim.ExpPSR(tau_syn=0.0)))
    with pytest.raises(errors.InvalidParameterValueError, match="tau_rise"):
        sim.BetaPSR(tau_rise="fast")
    with pytest.raises(errors.InvalidParameterValueError, match="locations must be a finite number"):
        sim.ExpPSR(locations=float("nan"))
    with pytest.raises(errors.NonExistentParameterError, match="tau_rise"):
        sim.BetaPSR(tau_rize=1.0)
    with pytest.raises(errors.InvalidDimensionsError, match="AMPA.tau_syn"):
        sim.Population(2, sim.PointNeuron(sim.LIF(), AMPA=sim.ExpPSR(tau_syn=[1.0, 2.0, 3.0])))


def test_what_is_not_a_part_of_a_neuron():
    for neuron in (sim.IF_cond_exp(), sim.LIF, pynn_cells.LIF(), sim.ExpPSR(), None):
        with pytest.raises(errors.InvalidModelError, match="PointNeuron: neuron"):
            sim.PointNeuron(neuron)
    for receptor in (sim.ExpPSR, pynn_receptors.CondExpPostSynapticResponse(), sim.LIF(), 3.0):
        with pytest.raises(errors.InvalidModelError, match="receptor AMPA"):
            sim.PointNeuron(sim.LIF(), AMPA=receptor)
    with pytest.raises(errors.InvalidModelError, match="a.b"):
        sim.PointNeuron(sim.LIF(), **{"a.b": sim.ExpPSR()})


def test_receptors_of_projections():
    sim.setup()
    neuron = sim.PointNeuron(
        sim.LIF(), AMPA=sim.ExpPSR(), gap=sim.CurrExpPostSynapticResponse(), GABAA=sim.AlphaPSR()
    )
    cells = sim.Population(2, neuron)
    assert cells.receptor_types == ["AMPA", "GABAA", "gap"]

    def connect(receptor, weight):
        synapse = sim.StaticSynapse(weight=weight)
        return sim.Projection(cells, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)

    assert connect("gap", -1.0).get("weight", format="list", with_address=False) == [-1.0] * 4
    connect("gap", 1.0)
    connect("GABAA", 1.0)
    for receptor in ("AMPA", "GABAA"):
        with pytest.raises(errors.ConnectionError, match="must be positive"):
            connect(receptor, -1.0)
    with pytest.raises(errors.ConnectionError, match="NMDA"):
        connect("NMDA", 1.0)


@pytest.mark.big
def test_a_neuron_without_receptors():
    sim.setup(timestep=0.1)
    cells = sim.Population(2, sim.PointNeuron(sim.LIF(i_offset=[0.5, 1.0], tau_refrac=2.0)))
    same = sim.Population(2, sim.IF_curr_exp(i_offset=[0.5, 1.0], tau_refrac=2.0))
    for population in (cells, same):
        population.record(["spikes", "v"])
    sim.run(100.0)
    v, expected = (np.asarray(p.get_data().segments[0].analogsignals[0]) for p in (cells, same))
    np.testing.assert_allclose(v, expected, rtol=1e-12)
    assert list(cells.get_spike_counts().values()) == list(same.get_spike_counts().values()) == [0, 3]
