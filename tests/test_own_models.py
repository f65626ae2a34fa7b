"""Models in strings, run: against built-in types, and against the naive interpreter of descriptions."""

import math
import subprocess
import sys

import numpy as np
import pytest
from naive.equations import Cell, Connection
from pyNN import errors

import pyNN_fastsim as sim
from pyNN_fastsim.equations.string_synapses import synapse_of
from pyNN_fastsim.equations.strings import neuron_of

DECAY = "tau_syn_E * dg_exc/dt = -g_exc; tau_syn_I * dg_inh/dt = -g_inh"
IF_COND_EXP = dict(
    parameters=dict(
        v_rest=-65.0, cm=1.0, tau_m=20.0, tau_refrac=0.1, tau_syn_E=5.0, tau_syn_I=5.0,
        e_rev_E=0.0, e_rev_I=-70.0, v_thresh=-50.0, v_reset=-65.0, i_offset=0.0,
    ),
    equations=f"""
        i_syn = g_exc * (e_rev_E - v) + g_inh * (e_rev_I - v)
        dv/dt = (v_rest - v) / tau_m + (i_syn + i_offset + i_injected) / cm : init = v_rest
        {DECAY}""",
    spike="v >= v_thresh",
    reset="v = v_reset",
    refractory="tau_refrac",
)  # fmt: skip


def data_of(population):
    segment = population.get_data().segments[0]
    trains = [list(np.round(train.magnitude, 6)) for train in segment.spiketrains]
    return {signal.name: signal.magnitude for signal in segment.analogsignals}, trains


def test_if_cond_exp_is_the_built_in_one():
    own = sim.Neuron(**IF_COND_EXP, name="Own")
    sim.setup(timestep=0.1)
    source = sim.Population(20, sim.SpikeSourcePoisson(rate=200.0))
    both = [
        sim.Population(5, kind(i_offset=lambda i: 0.1 * i, tau_refrac=2.0)) for kind in (own, sim.IF_cond_exp)
    ]
    for cells in both:
        for receptor, weight in ("excitatory", 0.02), ("inhibitory", 0.03):
            sim.Projection(
                source,
                cells,
                sim.AllToAllConnector(),
                sim.StaticSynapse(weight=weight),
                receptor_type=receptor,
            )
        sim.ACSource(amplitude=0.2, frequency=20.0).inject_into(cells)
        cells.record(["spikes", "v"])
    both[0].record("i_syn")
    sim.run(200.0)
    (ours, our_spikes), (theirs, their_spikes) = map(data_of, both)
    assert our_spikes == their_spikes and min(map(len, our_spikes)) > 10
    assert np.abs(ours["v"] - theirs["v"]).max() < 1e-6
    assert np.abs(ours["i_syn"]).max() > 0.5


def test_parameters_are_pynns():
    own = sim.Neuron(
        {"tau": sim.Parameter(20.0, unit="ms"), "n": sim.Parameter(3, type=int)},
        "tau * dv/dt = n - v : unit=mV",
        name="Own",
    )
    sim.setup(timestep=0.1)
    rng = sim.NumpyRNG(seed=1)
    cells = sim.Population(4, own(tau=sim.RandomDistribution("uniform", (10, 20), rng=rng)))
    drawn = cells.get("tau")
    assert len(set(drawn)) == 4 and own.units["tau"] == "ms"
    cells.set(n=lambda i: i)
    cells[2:3].set(tau=5.0)
    cells.initialize(v=7.0)
    cells.record("v")
    sim.run(1.0)
    tau = np.where(np.arange(4) == 2, 5.0, drawn)
    data = cells.get_data().segments[0].analogsignals[0]
    assert str(data.units.dimensionality) == "mV"
    expected = np.arange(4) + (7.0 - np.arange(4)) * np.exp(-1.0 / tau)
    np.testing.assert_allclose(data.magnitude[-1], expected, rtol=1e-10)
    with pytest.raises(errors.NonExistentParameterError, match="taw"):
        own(taw=3.0)


SHARED = dict(
    parameters={"tau": sim.Parameter(20.0, locality="global"), "n": sim.Parameter(3, type=int), "on": True},
    equations="dphase/dt = 1 / tau : population\ntau * dv/dt = n * on - v",
    spike="v > 100",
    reset="v = 0",
    refractory=3.0,
    name="Shared",
)


def test_one_for_all_is_one_for_all():
    own = sim.Neuron(**SHARED)
    sim.setup(timestep=0.1)
    with pytest.raises(errors.InvalidParameterValueError, match="'cells': tau is one for all, .* 1 and 2$"):
        sim.Population(2, own(tau=[1.0, 2.0]), label="cells")
    cells = sim.Population(2, own(), label="cells")
    with pytest.raises(errors.InvalidParameterValueError, match="tau is one for all"):
        cells[:1].set(tau=3.0)
    for values in (lambda: cells.initialize(phase=[1.0, 2.0])), (lambda: cells[:1].initialize(phase=1.0)):
        with pytest.raises(errors.InvalidParameterValueError, match="phase is one for all"):
            values()
    cells.set(tau=10.0)
    cells.initialize(phase=0.5, v=[0.0, 101.0])  # the second is refractory at once, what is shared goes on
    cells.record("phase")
    sim.run(2.0)
    assert data_of(cells)[0]["phase"][-1] == pytest.approx([0.7, 0.7])


def test_kinds_of_numbers():
    own = sim.Neuron(**SHARED)
    sim.setup(timestep=0.1)
    cells = sim.Population(2, own(n=[1, 2], on=[True, False]), label="cells")
    assert list(cells.get("on")) == [1.0, 0.0]
    for values, message in (
        (lambda: cells.set(n=[1, 2.5]), "n must be a whole number, not 2.5"),
        (lambda: cells[1:].set(on=0.5), "on must be True or False, not 0.5"),
        (lambda: setattr(cells[0], "n", 0.5), "n must be a whole number, not 0.5"),
    ):
        with pytest.raises(errors.InvalidParameterValueError, match=f"'cells'.*: {message}$"):
            values()


def test_functions_that_are_not_of_the_compiler():
    own = sim.Neuron({"a": 0.25}, "x = erf(t) + erfc(a)", name="Erf")
    sim.setup(timestep=0.1)
    cells = sim.Population(2, own(a=[0.25, 0.5]))
    cells.record("x")
    sim.run(0.5)
    expected = [math.erf(0.5) + math.erfc(a) for a in (0.25, 0.5)]
    assert data_of(cells)[0]["x"][-1] == pytest.approx(expected, rel=1e-14)


def test_weights_may_have_either_sign():
    own = sim.Neuron(equations="dv/dt = g_exc + g_inh + 2 * g_ampa", name="Summing")
    assert own.receptor_types == ("excitatory", "inhibitory", "ampa")
    sim.setup(timestep=0.1)
    cells = sim.Population(1, own())
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    for receptor, weight in ("excitatory", -3.0), ("inhibitory", 10.0), ("ampa", -1.5):
        sim.Projection(
            source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight), receptor_type=receptor
        )
    cells.record("v")
    sim.run(2.0)
    assert data_of(cells)[0]["v"][-1, 0] == pytest.approx(0.1 * (-3 + 10 - 3))


RICH = dict(
    parameters="tau = 10.0; theta = 1.0; on = True",
    equations="""
        before = v
        drive = 1.5 + g_kick + sin(t / 5)
        tau * dv/dt = drive - v - w : min = -0.2
        30 * dw/dt = -w
        2 * dg_exc/dt = -g_exc
        5 * df/dt = g_exc - f
        dx/dt = if x > 0.5: 0.3 - 0.1*x else: 1 + on   # a condition on its own variable
        n = if before < 0.5 and v >= 0.5: n + 1 else: n : int
        last = t_last""",
    spike="v > theta + 0.3 * exp(-(t - t_last) / 5)",
    reset="v = 0.1; w += 0.2 : max = 0.7",
    refractory=0.7,
    functions="unused(x) = x^2",
)


def test_everything_at_once_is_what_the_interpreter_makes_of_it():
    own = sim.Neuron(**RICH, name="Rich")
    sim.setup(timestep=0.1)
    cells = sim.Population(1, own())
    times = [3.0, 12.0, 12.5, 40.0]
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    for receptor, weight in ("excitatory", 0.5), ("kick", 6.0):
        synapse = sim.StaticSynapse(weight=weight, delay=0.5)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    names = ["before", "drive", "v", "w", "g_exc", "g_kick", "f", "x", "n", "last"]
    cells.record(["spikes", *names])
    sim.run(50.0)
    signals, (spikes,) = data_of(cells)
    naive, expected, naive_spikes = Cell(neuron_of("Rich", **RICH)), [], []
    arrivals = [round((t + 0.5) / 0.1) for t in times]
    for k in range(1, 501):
        n = arrivals.count(k)
        if naive.step(excitatory=0.5 * n, kick=6.0 * n):
            naive_spikes.append(round(0.1 * k, 6))
        expected.append([float(naive.values[name]) for name in names])
    assert spikes == naive_spikes and len(spikes) > 3
    for name, values in zip(names, np.array(expected).T, strict=True):
        np.testing.assert_allclose(
            signals[name][1:, 0], values, atol=0.1 if name == "x" else 1e-5, err_msg=name
        )  # x: a step across the jump of its slope


def test_noise_is_of_the_right_size_and_the_same_again():
    own = sim.Neuron({"sigma": 2.0}, "dv/dt = -v / 5.0 + sigma * Normal(0, 1) / sqrt(dt)", name="Noisy")

    def run(threads):
        sim.setup(timestep=0.1, rng_seed=5, threads=threads)
        cells = sim.Population(300, own())
        cells.record("v")
        sim.run(50.0)
        first = data_of(cells)[0]["v"]
        sim.reset()
        sim.run(50.0)
        return first, cells.get_data().segments[1].analogsignals[0].magnitude

    (once, other_trial), (again, _) = run(1), run(2)
    assert np.array_equal(once, again) and not np.array_equal(once, other_trial)
    assert once[-1].std() == pytest.approx(2.0 * np.sqrt(5.0 / 2.0), rel=0.15)
    assert abs(np.corrcoef(once[-1][1:], once[-1][:-1])[0, 1]) < 0.2


# --- synapses ---------------------------------------------------------------------------------------------

PAIRS = dict(
    parameters=dict(tau_plus=20.0, tau_minus=20.0, A_plus=0.01, A_minus=0.012, w_max=0.1),
    equations="tau_plus * dx/dt = -x; tau_minus * dy/dt = -y",
    pre_spike="w = clip(w - A_minus * w_max * y, 0, w_max); g_target += w; x += 1",
    post_spike="y += 1; w = clip(w + A_plus * w_max * x, 0, w_max)",
)
TRIPLET = dict(
    parameters=dict(
        tau_plus=16.8, tau_x=101.0, tau_minus=33.7, tau_y=125.0, A2_plus=5e-10, A3_plus=6.2e-3, A2_minus=7e-3,
        A3_minus=2.3e-4, w_max=1.0,
    ),
    equations="tau_plus * dr1/dt = -r1; tau_x * dr2/dt = -r2; tau_minus * do1/dt = -o1; tau_y * do2/dt = -o2",
    pre_spike="w = clip(w - w_max*o1 * (A2_minus + A3_minus*r2), 0, w_max); g_target += w; r1 += 1; r2 += 1",
    post_spike="w = clip(w + w_max * r1 * (A2_plus + A3_plus * o2), 0, w_max); o1 += 1; o2 += 1",
)  # fmt: skip
REWARDED = dict(
    parameters=dict(tau=20.0, A_plus=0.1, A_minus=0.12, tau_c=1000.0, reward=0.01),
    equations=[
        "tau * dx/dt = -x", "tau * dy/dt = -y", "tau_c * dc/dt = -c",
        sim.Variable("dw/dt = reward * c", min=0, max=1.0),
    ],
    pre_spike="g_target += w; x += A_plus; c -= y",
    post_spike="y += A_minus; c += x",
)  # fmt: skip


def test_stdp_of_pairs_is_the_built_in_one():
    own = sim.Synapse(**PAIRS, name="Pairs")
    p = PAIRS["parameters"]
    built_in = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(
            **{name: p[name] for name in ("tau_plus", "tau_minus", "A_plus", "A_minus")}
        ),
        weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=0.1),
        weight=0.05,
        delay=1.5,
    )
    sim.setup(timestep=0.1, rng_seed=3)
    source = sim.Population(30, sim.SpikeSourcePoisson(rate=30.0))
    results = []
    for synapse in own(weight=0.05, delay=1.5), built_in:
        cells = sim.Population(3, sim.IF_curr_exp(i_offset=0.8))
        results.append((cells, sim.Projection(source, cells, sim.AllToAllConnector(), synapse)))
        cells.record("spikes")
    sim.run(500.0)
    (ours, our_weights), (theirs, their_weights) = [
        (data_of(cells)[1], np.array(projection.get("weight", format="array")))
        for cells, projection in results
    ]
    assert ours == theirs and min(map(len, ours)) > 10
    assert np.abs(our_weights - their_weights).max() < 1e-15 < our_weights.std()


@pytest.mark.parametrize("model", [TRIPLET, REWARDED], ids=["triplet", "rewarded"])
def test_plastic_synapses_are_what_the_interpreter_makes_of_them(model):
    own = sim.Synapse(**model, name="Plastic")
    pre, driven, delay, fraction = (
        [10.0, 30.0, 35.0, 80.0, 150.0, 300.3],
        [20.0, 33.0, 90.0, 140.0, 305.0],
        2.0,
        0.25,
    )
    sim.setup(timestep=0.1, min_delay=0.1)
    source, drive = (sim.Population(1, sim.SpikeSourceArray(spike_times=times)) for times in (pre, driven))
    cell = sim.Population(1, sim.IF_curr_delta())
    sim.Projection(drive, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=1000.0, delay=0.1))
    synapse = own(weight=0.5, delay=delay, dendritic_delay_fraction=fraction)
    projection = sim.Projection(source, cell, sim.AllToAllConnector(), synapse)
    cell.record("spikes")
    sim.run(400.0)
    post = data_of(cell)[1][0]
    assert len(post) == 5
    naive = Connection(synapse_of("Plastic", **model), weight=0.5)
    naive.run_events(
        [round(t + (1 - fraction) * delay, 6) for t in pre], [round(t + fraction * delay, 6) for t in post]
    )
    weight = projection.get("weight", format="list")[0][2]
    if model is REWARDED:  # it goes on after the last event
        naive.event(400.0, "pre")
    assert weight == pytest.approx(float(naive.values["w"]), rel=1e-6)
    assert abs(weight - 0.5) > 1e-3


OF_TARGETS = dict(
    parameters={
        "gain": sim.Parameter(0.1, locality="semiglobal"),
        "rate": sim.Parameter(0.5, locality="global"),
        "n": sim.Parameter(2, type="int"),
    },
    equations=sim.Variable("20 * dy/dt = -y", locality="semiglobal"),
    pre_spike="g_target += w; w -= rate * y / n",
    post_spike="y += gain",
    name="OfTargets",
)


def test_one_for_each_target():
    own = sim.Synapse(**OF_TARGETS)
    sim.setup(timestep=0.1)
    source = sim.Population(3, sim.SpikeSourceArray(spike_times=[[5.0], [12.0, 30.0], [20.0]]))
    cells = sim.Population(2, sim.IF_curr_exp(i_offset=[2.0, 3.0]))
    every = sim.AllToAllConnector()

    def refused(message, call):
        with pytest.raises(errors.InvalidParameterValueError, match=f"^synapses: {message}"):
            call()

    for gain in sim.RandomDistribution("uniform", (0, 1)), lambda d: 0.1 + d:
        refused(
            "gain is one for each target cell, and can't be both",
            lambda gain=gain: sim.Projection(source, cells, every, own(gain=gain), label="synapses"),
        )
    pairs = [(i, j, 0.0, 1.0, 0.25 + j) for i in range(3) for j in range(2)]
    connector = sim.FromListConnector(pairs, column_names=["weight", "delay", "gain"])
    projection = sim.Projection(source, cells, connector, own(), label="synapses")
    refused("gain is one for each", lambda: projection.set(gain=np.array([[1, 2], [1, 2], [1, 3]])))
    refused("gain is one for each", lambda: setattr(projection[0], "gain", 7.0))
    refused("rate is one for all", lambda: projection.set(rate=np.array([[1, 2]] * 3)))
    refused("y is one for each", lambda: projection.initialize(y=np.arange(6.0).reshape(3, 2)))
    refused("n must be a whole number, not 1.5", lambda: projection.set(n=1.5))
    projection.initialize(y=np.array([[0.5, 0.75]] * 3))
    projection.record("y")
    sim.run(40.0)
    y = projection.get_data().segments[0].analogsignals[0].magnitude
    first, second = y[:, :3], y[:, 3:]
    for mine in first, second:  # whatever their sources have done
        assert np.allclose(mine, mine[:, :1], rtol=1e-12, atol=0)
    assert second[-1, 0] > 1.25 and first[0, 0] == 0.5 and not np.array_equal(first, second)


# --- starting ---------------------------------------------------------------------------------------------


def test_a_second_start_needs_no_sympy(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "import pyNN_fastsim as sim\n"
        "assert 'sympy' not in sys.modules\n"
        "leaky = sim.Neuron({'tau': 17.0}, 'tau * dv/dt = -v + g_exc', 'v > 1', 'v = 0')\n"
        "sim.Synapse({'tau': 17.0}, 'tau * dx/dt = -x', pre_spike='x += 1; g_target += w * x')\n"
        "assert leaky.__name__.startswith('Neuron_')\n"
        "print('sympy' in sys.modules)\n",
        encoding="utf-8",
    )
    runs = [subprocess.run([sys.executable, script], capture_output=True, text=True) for _ in range(2)]
    assert runs[0].returncode == 0, runs[0].stderr
    assert runs[1].stdout.split() == ["False"]


@pytest.mark.parametrize("others", ["", "\ndu/dt = u - u^3"], ids=["whole", "in parts"])
@pytest.mark.parametrize("equation", ["v = Normal(0, 1)", "v = t + v - v"])
def test_random_numbers_and_the_time_that_are_only_returned(equation, others):
    sim.setup(timestep=0.1)
    cells = sim.Population(3, sim.Neuron(equations=f"{equation}{others}")())
    cells.record("v")
    sim.run(1.0)
    v = data_of(cells)[0]["v"][1:]
    if "Normal" in equation:
        assert len(np.unique(v)) == 30 and np.abs(v).max() < 5
    else:
        np.testing.assert_allclose(v[:, 0], 0.1 * np.arange(10))


def test_a_condition_on_the_own_variable():
    """Its derivative by the variable is zero, and yet it is not constant."""
    sim.setup(timestep=0.1)
    cells = sim.Population(1, sim.Neuron(equations="dv/dt = if v > 0.45: 10 else: 1")())
    cells.record("v")
    sim.run(2.0)
    v = data_of(cells)[0]["v"][:, 0]
    np.testing.assert_allclose(v[:5], 0.1 * np.arange(5))
    np.testing.assert_allclose(np.diff(v[5:]), 1.0)


def test_spikes_after_which_steps_in_parts_are_held():
    """A quadratic cell, which needs smaller steps at its spikes, with a refractory period."""
    quadratic = dict(
        equations="dv/dt = v^2 + 0.5 - w : unless_refractory\n10 * dw/dt = v / 10 - w",
        spike="v > 3",
        reset="v = -1; w += 0.1",
        refractory=0.5,
    )
    sim.setup(timestep=0.1)
    cells = sim.Population(1, sim.Neuron(**quadratic)())
    cells.record(["spikes", "w"])
    sim.run(30.0)
    signals, (spikes,) = data_of(cells)
    naive = Cell(neuron_of("Quadratic", **quadratic))
    expected = [round(0.1 * k, 6) for k in range(1, 301) if naive.step()]
    assert spikes == expected and len(spikes) > 5
    assert signals["w"][-1, 0] == pytest.approx(float(naive.values["w"]), abs=1e-3)
