"""Models in strings: what is read from them, how they behave (naive/equations.py), and what is refused."""

import math
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from naive.equations import Cell, Connection, from_generator
from pyNN import errors

import pyNN_fastsim as sim
from pyNN_fastsim.equations import checks
from pyNN_fastsim.equations.description import Integrate
from pyNN_fastsim.equations.string_synapses import synapse_of
from pyNN_fastsim.equations.strings import neuron_of

LEAKY = dict(
    parameters="tau = 20.0; E = -65.0; r = 10.0; v_thresh = -50.0",
    equations="tau * dv/dt = E - v + r * i_injected : init = E",
    spike="v >= v_thresh",
    reset="v = E",
)


def steps(cell, n, **inputs):
    """Values of v after each of n steps."""
    result = []
    for _ in range(n):
        cell.step(**inputs)
        result.append(float(cell.values["v"]))
    return np.array(result)


# --- the naive interpreter itself -------------------------------------------------------------------------


def test_leaky_cell_has_its_analytic_solution():
    cell = Cell(neuron_of("Leaky", **LEAKY), {"v_thresh": 1000.0})
    t = 0.1 * np.arange(1, 301)
    expected = -65.0 + 10.0 * 2.0 * (1 - np.exp(-t / 20.0))
    np.testing.assert_allclose(steps(cell, 300, injected=2.0), expected, rtol=1e-10)


def test_leaky_cell_spikes_when_it_must():
    cell = Cell(neuron_of("Leaky", **LEAKY))
    spikes = [k for k in range(1, 301) if cell.step(injected=2.0)]
    interval = math.ceil(20.0 * math.log(20.0 / 5.0) / 0.1)
    assert spikes == [interval]
    assert cell.values["v"] == pytest.approx(-65.0 + 20.0 * (1 - math.exp(-(300 - interval) * 0.1 / 20.0)))


# --- grammar ----------------------------------------------------------------------------------------------

VALUES = {"a": 3.0, "b": 0.5, "v": -2.0, "g_exc": 0.25}


@pytest.mark.parametrize(
    "equation, slope",
    [
        ("dv/dt = a*v", -6.0),
        ("a * dv/dt + v = b", (0.5 + 2.0) / 3.0),
        ("b - v = a * dv/dt", 2.5 / 3.0),
        ("a*dv/dt = dv/dt + b", 0.25),
        ("(dv/dt - b)/a = v", -6.0 + 0.5),
        ("-dv / dt = v^2", -4.0),
        ("dv/dt = a^b^2 - v**2", 3.0**0.25 - 4.0),
        ("dv/dt = if v > 0: a else: b", 0.5),
        ("dv/dt = if v > 0: a else: if a > 2: 7 else: b", 7.0),
        ("dv/dt = if v < 0: if a < 2: 1 else: 2 else: 3", 2.0),
        ("dv/dt = 1 + (if v < 0: 4 else: 8) * a", 13.0),
        ("dv/dt = max(if v < 0: 4 else: 8, a)", 4.0),
        ("dv/dt = a if v > 0 else b", 0.5),
        ("dv/dt = if v < 0 and not a < 2 or b > 9: 1 else: 0", 1.0),
        ("dv/dt = if (v < 0) & (a is 3) | (b is not 0.5): 1 else: 0", 1.0),
        ("dv/dt = pos(v) + neg(v) + positive(a) + negative(b)", 1.0),
        ("dv/dt = clip(v, -1, 1) + ite(v < a, 10, 20) + power(a, 2) + modulo(a, 2) + fabs(v)", 21.0),
        ("dv/dt = modulo(-7.5, 3.7) + 10 * (-7.5 % 3.5)", 29.0),
        ("dv/dt = 1e-3 * a + .5e1 + 2.", 7.003),
        ("dv/dt = a  # + v", 3.0),
        ("dv/dt =\n  a\n  + v  # goes on\n : init = -2", 1.0),
        ("dv/dt = f(a, b) * pi", 3.0 * math.pi),
        ("dv/dt = True * a + False", 3.0),
    ],
)
def test_grammar(equation, slope):
    model = neuron_of(
        "M", {"a": 3.0, "b": 0.5}, f"{equation}\ndg_exc/dt = 0", functions="f(x, y) = x^2 * y^2 + y + 1/4"
    )
    cell = Cell(model, initial={name: VALUES[name] for name in ("v", "g_exc")})
    assert cell.value(model.equations[0].expression) == pytest.approx(slope)


def test_flags():
    model = neuron_of(
        "M",
        "tau = 20.0 : population, unit=ms; n = 3 : int; on = True",
        "dv/dt = -v/tau : init=-tau*2, min = -100, max=max(tau, 50.0), exponential, unit=mV\n"
        "k = k + 1 : init=2, int",
    )
    v, k = model.variables
    assert (v.initial, v.lower, v.upper, v.unit, k.type) == (
        "-tau * 2",
        "-100",
        "max(tau, 50.0)",
        "mV",
        "int",
    )
    assert model.equations[0].method == "exponential"
    assert [(p.type, p.locality, p.unit) for p in model.parameters] == [
        ("float", "global", "ms"), ("int", "local", ""), ("bool", "local", "")
    ]  # fmt: skip


def test_all_ways_of_writing_a_model_are_the_same():
    equations = ["u = 2*v", "tau*dv/dt = -v + u : init=3.0, min=0.0"]
    written = [
        dict(parameters="tau = 20.0", equations="\n".join(equations), reset="v = 0; u = 1"),
        dict(parameters=["tau = 20.0"], equations=equations, reset=["v = 0", "u = 1"]),
        dict(
            parameters={"tau": sim.Parameter(20.0)},
            equations=[sim.Variable("u = 2*v"), sim.Variable("tau*dv/dt = -v + u  # leak", init=3.0, min=0)],
            reset="v = 0\nu = 1",
        ),
    ]  # fmt: skip
    models = [neuron_of("M", spike="v > 4", **each) for each in written]
    for model in models[1:]:
        for part in ("parameters", "variables", "equations", "inlines"):
            assert [without_line(each) for each in getattr(model, part)] == [
                without_line(each) for each in getattr(models[0], part)
            ]


def without_line(part):
    return re.sub(r", line=\d+", "", repr(part))


def test_constants():
    sim.Constant("tau_of_constants", 20.0)
    tau = sim.Constant("other_of_constants", 5.0)
    tau.set(40.0)
    model = neuron_of("M", {"other_of_constants": 10.0}, "dv/dt = -tau_of_constants * other_of_constants")
    assert (
        Cell(model).value(model.equations[0].expression) == -200.0
    )  # the parameter comes before the constant
    model = neuron_of("M", None, "dv/dt = -tau_of_constants * other_of_constants")
    assert Cell(model).value(model.equations[0].expression) == -800.0
    assert tau == 5.0 and tau + 1 == 6.0


# --- one step ---------------------------------------------------------------------------------------------


def test_what_arrives_acts_in_the_next_step():
    cell = Cell(neuron_of("M", None, "dv/dt = g_exc - g_inh", "v > 1e9"))
    cell.step(excitatory=3.0, inhibitory=1.0)
    assert (cell.values["v"], cell.values["g_exc"], cell.values["g_inh"]) == (0.0, 3.0, 1.0)
    cell.step()
    assert (cell.values["v"], cell.values["g_exc"]) == (pytest.approx(0.2), 0.0)


def test_conductances_go_on_in_the_refractory_period():
    model = neuron_of(
        "M",
        {"E": -65.0, "tau_refrac": 0.3},
        """tau_a * da/dt = g_exc - a   # not called g_..., but a conductance
           2.0 * dg_exc/dt = -g_exc
           dv/dt = (E - v)/20.0 + a + 200.0
           dw/dt = (v - w) / 10.0""".replace("tau_a", "5.0"),
        spike="v > 10",
        reset="v = E",
        refractory="tau_refrac",
    )
    cell = Cell(model, initial={"v": 9.0, "g_exc": 1.0})
    assert cell.step()
    before = dict(cell.values)
    for k in range(1, 4):
        assert not cell.step()
        assert cell.values["v"] == -65.0 and cell.values["w"] == before["w"]
        assert cell.values["g_exc"] == pytest.approx(math.exp(-(k + 1) * 0.1 / 2.0), rel=1e-9)
        assert cell.values["a"] > before["a"]
    cell.step()
    assert cell.values["v"] > -65.0 and cell.values["w"] != before["w"]


def test_unless_refractory_says_what_is_held():
    cell = Cell(
        neuron_of("M", None, "dv/dt = 100 : unless_refractory\ndw/dt = 1", "v > 5", "v = 0", refractory=1.0)
    )
    assert cell.step()
    steps(cell, 10)
    assert cell.values["v"] == 0.0 and cell.values["w"] == pytest.approx(1.1)


def test_expressions_are_recorded_with_the_values_of_the_same_time():
    model = neuron_of("M", None, "i = 2*v + t\nj = pos(i) : max=1.5\ndv/dt = 1 + 0*i", "v > 0.35", "v = 0")
    assert [s for s in model.update if isinstance(s, Integrate)] == [Integrate()]
    cell = Cell(model)
    for k in range(1, 6):
        cell.step()
        v = 0.1 * k if k < 4 else 0.1 * (k - 4)
        assert cell.values["i"] == pytest.approx(2 * v + 0.1 * k)
        assert cell.values["j"] == pytest.approx(min(2 * v + 0.1 * k, 1.5))


def test_what_comes_after_an_equation_sees_values_from_before_it():
    model = neuron_of(
        "M",
        None,
        """dw/dt = 1
           before = v
           rise = 10 - before
           dv/dt = rise
           crosses = if v > 1.5 and before <= 1.5: 1 else: 0 : bool
           n = n + crosses""",
        spike="v > 2.5 and before <= 2.5",
    )
    assert Integrate() in model.update  # all at once
    cell = Cell(model)
    spikes, crossings, before = [], [], 0.0
    for k in range(1, 6):
        spikes.append(cell.step())
        crossings.append(cell.values["crosses"])
        assert cell.values["before"] == before
        before = cell.values["v"]
        assert before == pytest.approx(10 * (1 - math.exp(-0.1 * k)))  # `rise` changes within the step
    assert spikes == [False, False, True, False, False]
    assert crossings == [0, 1, 0, 0, 0] and cell.values["n"] == 1


def test_assignments_that_are_states_happen_once_a_step_in_their_order():
    model = neuron_of("M", None, "n = n + 1\ndv/dt = n\nm += v : max = 0.25\nk = if m > 0.2: 7 else: 3 : int")
    cell = Cell(model)
    cell.step()
    assert [cell.values[name] for name in "nvmk"] == pytest.approx([1, 0.1, 0.1, 3])
    cell.step()
    assert [cell.values[name] for name in "nvmk"] == pytest.approx([2, 0.3, 0.25, 7])


def test_a_name_used_before_its_assignment_is_the_value_of_the_step_before():
    cell = Cell(neuron_of("M", None, "dv/dt = i\ni = 10 * t"))
    assert list(steps(cell, 3)) == pytest.approx([0.0, 0.1, 0.3])


def test_draws_are_held_over_the_step():
    draws = iter([2.0, 3.0])
    cell = Cell(
        neuron_of("M", {"s": 10.0}, "i = 1 + Normal(0.5, s)\ndv/dt = i\ndu/dt = i"),
        draw=lambda kind, place: next(draws),
    )
    cell.step()
    assert cell.values["v"] == cell.values["u"] == pytest.approx(0.1 * 21.5)
    cell.step()
    assert cell.values["v"] == pytest.approx(0.1 * 21.5 + 0.1 * 31.5)


@pytest.mark.parametrize(
    "draw, mean, deviation, least",
    [
        ("Uniform(2, 6)", 4.0, 4 / math.sqrt(12), 2.0),
        ("Normal(1, 0.5)", 1.0, 0.5, -9.0),
        ("LogNormal(0, 0.5)", math.exp(0.125), math.sqrt((math.exp(0.25) - 1) * math.exp(0.25)), 0.0),
        ("Exponential(2)", 0.5, 0.5, 0.0),
        ("DiscreteUniform(1, 6)", 3.5, math.sqrt(35 / 12), 1.0),
    ],
)
def test_distributions(draw, mean, deviation, least):
    cell = Cell(neuron_of("M", None, f"v = {draw}"), draw=from_generator(np.random.default_rng(1)))
    values = steps(cell, 4000)
    assert values.mean() == pytest.approx(mean, abs=5 * deviation / math.sqrt(4000))
    assert values.std() == pytest.approx(deviation, rel=0.1)
    assert values.min() >= least


def test_time_of_the_last_spike():
    cell = Cell(neuron_of("M", None, "dv/dt = 1\ndt_of_it = t - t_last", "t - t_last >= 0.55", "v = t_last"))
    spikes = [k for k in range(1, 20) if cell.step()]
    assert spikes == [1, 7, 13, 19]  # the first, since there was none for 10 s
    assert cell.values["v"] == pytest.approx(1.3)


def test_axonal_spikes_come_in_the_refractory_period_too():
    model = neuron_of(
        "M", None, "dv/dt = 10 : unless_refractory\ndx/dt = 4", "v > 0.5", "v = 0", 100.0, "x > 1", "x = 0"
    )
    cell = Cell(model)
    assert [k for k in range(1, 10) if cell.step()] == [1, 3, 6, 9]


def test_an_expression_before_an_assignment_keeps_what_was_before():
    """Of a variable with hysteresis: a spike where it goes up, and not for as long as it is up."""
    Hysteresis = sim.Neuron(
        name="Hysteresis",
        equations="""
            dv/dt = 1.0 if t < 3.0 else -1.0 : init=-1.0
            was_up = up : bool
            up = (v > 0.95) if not up else (v > 0.0) : bool
        """,
        spike="up and not was_up",
    )
    sim.setup(timestep=0.1)
    cell = sim.Population(1, Hysteresis())
    cell.record("spikes")
    sim.run(6.0)
    assert cell.get_data().segments[0].spiketrains[0].magnitude.tolist() == [2.0]


# --- synapses ---------------------------------------------------------------------------------------------

STDP = dict(
    parameters=dict(tau_plus=20.0, tau_minus=30.0, A_plus=0.01, A_minus=0.012, w_max=1.0),
    equations=["tau_plus * dx/dt = -x : event-driven", "tau_minus * dy/dt = -y : event-driven"],
)


def test_stdp_of_pairs():
    model = synapse_of(
        "STDP",
        **STDP,
        pre_spike="g_target += w; x += A_plus * w_max; w = clip(w + y, 0.0, w_max)",
        post_spike="y -= A_minus * w_max; w = clip(w + x, 0.0, w_max)",
    )
    synapse = Connection(model, weight=0.5)
    delivered = synapse.run_events(pre=[10.0, 40.0], post=[15.0])
    rise = 0.01 * math.exp(-5.0 / 20.0)
    fall = 0.012 * math.exp(-25.0 / 30.0)
    assert delivered == [(10.0, 0.5), (40.0, pytest.approx(0.5 + rise))]
    assert synapse.values["w"] == pytest.approx(0.5 + rise - fall)


def test_order_of_statements_and_default_delivery():
    later = Connection(synapse_of("S", pre_spike="w *= 2; g_target += w; g_target -= 0.5"), weight=1.0)
    assert [amount for _, amount in later.run_events([1.0, 2.0], [])] == [1.5, 3.5]
    default = Connection(synapse_of("S", pre_spike="w *= 2 : max=3"), weight=1.0)
    assert [amount for _, amount in default.run_events([1.0, 2.0, 3.0], [])] == [1.0, 2.0, 3.0]


def test_times_of_spikes_and_variables_without_an_equation():
    model = synapse_of(
        "S", pre_spike="since = t - t_post; g_target += since", post_spike="n = n + 1; since += n"
    )
    synapse = Connection(model, weight=1.0)
    assert [amount for _, amount in synapse.run_events([5.0, 9.0], [2.0, 8.0])] == [3.0, 1.0]
    assert synapse.values["n"] == 2


def test_unless_post():
    model = synapse_of("S", pre_spike="g_target += w : unless_post\ng_target += 0.25")
    synapse = Connection(model, weight=1.0)
    assert [amount for _, amount in synapse.run_events([1.0, 2.0], [2.0])] == [1.25, 0.25]


def test_expressions_in_synapses():
    model = synapse_of(
        "S", {"U": 0.5}, "r = x * U\n10.0 * dx/dt = 1 - x : init=1", pre_spike="g_target += w*r; x -= r"
    )
    synapse = Connection(model, weight=2.0)
    assert [amount for _, amount in synapse.run_events([0.0, 400.0], [])] == [1.0, pytest.approx(1.0)]


# --- mistakes ---------------------------------------------------------------------------------------------


def neuron(**changes):
    return lambda: neuron_of("Leaky", **{**LEAKY, **changes})


def synapse(**changes):
    return lambda: synapse_of("Plastic", **{**STDP, **changes})


MISTAKES = [
    (neuron(equations="tau * dv/dt = E - v + taw"), "line 4 .*taw.*: there is no 'taw' .*'tau'"),
    (neuron(equations="tau * dv/dt = E - v\ntau * dv/dt = E"), "line 5 .*another equation for 'v' .line 4"),
    (neuron(equations="tau * dv/dt = E - v\nv = 3"), "line 5 .*another equation for 'v'"),
    (neuron(equations="dtau/dt = 1\ndv/dt = 1"), "derivative|'tau' is a parameter"),
    (neuron(equations="E = 3\ndv/dt = 1"), "'E' is a parameter"),
    (neuron(reset="u = 3"), "line 8 .u = 3.*no variable 'u'"),
    (neuron(reset="v_thresh += 3"), "v_thresh.*can't be changed"),
    (neuron(spike="v > 1 and v < 0"), "can never hold"),
    (neuron(spike="v > v"), "can never hold"),
    (neuron(spike="1 > 2"), "can never hold"),
    (neuron(spike="v_thresh > E"), "nothing in it that changes"),
    (neuron(equations="dv/dt = 1 : max = v_thresh", spike="v > v_thresh"), "can never hold"),
    (neuron(equations="dv/dt = 1 : max = -70", spike="v > v_thresh"), "can never hold"),
    (neuron(equations="dv/dt = dv/dt + v"), "can't be solved for dv/dt"),
    (neuron(equations="exp(dv/dt) = v"), "can't be solved for dv/dt"),
    (neuron(equations="dv/dt * dv/dt = v"), "can't be solved for dv/dt"),
    (neuron(equations="dv/dt + du/dt = v"), "more than one derivative"),
    (neuron(equations="dv/dt = (E - v"), "'\\(' that is not closed"),
    (neuron(equations="dv/dt = E - v)"), "'\\)' that was not opened"),
    (neuron(equations="dv/dt = E^0.5"), "power of a negative number"),
    (neuron(equations="dv/dt = sqrt(E)"), "root of a negative number"),
    (neuron(equations="dv/dt = log(0)"), "logarithm"),
    (neuron(equations="dv/dt = v/0"), "division by zero"),
    (neuron(equations="dv/dt = v/(1 - 1.0)"), "division by zero"),
    (neuron(equations="dv/dt = 9^9^9^9"), "too large"),
    (neuron(equations="dv/dt = E -"), "can't be read"),
    (neuron(equations="dv/dt = E : ini = 3"), "no flag 'ini' .*'init'"),
    (neuron(equations="dv/dt = E : init"), "'init' must have a value"),
    (neuron(equations="dv/dt = E : exponential, midpoint"), "more than one method"),
    (neuron(equations="dv/dt = E : projection"), "is for synapses"),
    (neuron(equations="dv/dt = E : int"), "type int can't have a differential equation"),
    (neuron(equations="dv/dt = E : init=Uniform(0, 1)"), "initial values are drawn by initialize"),
    (neuron(equations="dv/dt = E : init=v"), "'v' is not known here|there is no 'v'"),
    (neuron(equations="dv/dt = E : min=3, max=1"), "can't be both above"),
    (neuron(equations="dv/dt = sum(exc, inh)"), "of one receptor type"),
    (neuron(equations="dv/dt = mean(u) - v"), "no variable 'u'"),
    (neuron(equations="dv/dt = mean(2 * v)"), "of one variable"),
    (neuron(equations="dv/dt = expp(v)"), "no function 'expp' .*'exp'"),
    (neuron(equations="dv/dt = exp(v, 2)"), "exp takes 1 argument, not 2"),
    (neuron(equations="dv/dt = exp"), "'exp' is a function"),
    (neuron(equations="dv/dt = Normal(1)"), "Normal takes 2 arguments"),
    (neuron(equations="dv/dt = if v > 3: 1"), "must have 'else'"),
    (neuron(equations="dv/dt = if v > 3: 1 else 2"), "':' after 'else'"),
    (neuron(equations="dv/dt = pre.v"), "pre.v.*no meaning"),
    (neuron(equations="dv/dt = 3 = 4"), "second '='"),
    (neuron(equations="dv/dt = v $ 3"), "'\\$' has no meaning"),
    (neuron(equations="dv/dt = 3x"), "'3x' is not a number"),
    (neuron(equations="dv/dt"), "no '='"),
    (neuron(equations="dv/dt = v[3]"), "has no meaning"),
    (neuron(equations="dv/dt = lambda"), "'lambda'"),
    (neuron(equations="t = 3\ndv/dt = 1"), "'t' can't be a name .*the time"),
    (neuron(equations="_x = 3\ndv/dt = 1"), "'_x' can't be a name"),
    (neuron(parameters="tau = 20; tau = 3", equations="dv/dt = 1"), "another 'tau' .line 2"),
    (neuron(parameters="tau", equations="dv/dt = 1"), "no '='"),
    (neuron(parameters="tau = x", equations="dv/dt = 1"), "'tau' must be a number"),
    (neuron(parameters="tau = Uniform(0, 1)", equations="dv/dt = 1"), "numbers are drawn where"),
    (neuron(parameters="exp = 1", equations="dv/dt = 1"), "'exp' can't be a name"),
    (neuron(parameters="n = 1.5 : int", equations="dv/dt = 1"), "whole number"),
    (neuron(parameters="on = 2 : bool", equations="dv/dt = 1"), "True or False"),
    (neuron(parameters="E = 1 : postsynaptic", equations="dv/dt = 1"), "for synapses"),
    (neuron(equations="dv/dt = E : population"), "'v' is one for all, .* on 'E', which is not"),
    (neuron(equations="dv/dt = t + g_exc : population"), "on 'g_exc', which is not"),
    (neuron(equations="dv/dt = t : population"), "'v' is one for all, which the spike of a cell can't"),
    (neuron(spike=None), "a reset, but no spike"),
    (neuron(spike="v > 3 : init=3"), "can't have flags"),
    (neuron(refractory="tau_refrac"), "no 'tau_refrac'"),
    (neuron(functions="f(x) = x + y"), "no 'y'"),
    (neuron(functions="f = x"), "must be of the form"),
    (neuron(functions="f(x, x) = x"), "two arguments"),
    (synapse(pre_spike="Aprre += 1"), "no variable 'Aprre'"),
    (synapse(pre_spike="x = x + Y"), "no 'Y' .*'y'"),
    (synapse(pre_spike="g_target = w"), "g_target \\+="),
    (synapse(post_spike="g_target += w"), "only a spike of the source"),
    (synapse(psp="w * pre.r"), "psp"),
    (synapse(equations="n = n + 1"), "in every step"),
    (synapse(equations="dx/dt = -x : population"), "is for neurons"),
    (synapse(equations="dx/dt = -x : postsynaptic", pre_spike="x += 1"),
        "'x' is one for each target cell, which a spike of one source"),
    (synapse(equations="dy/dt = -y / tau_minus : postsynaptic"),
        "'y' is one for each .* on 'tau_minus', which is not"),
    (synapse(equations="dy/dt = -y : projection", post_spike="y += 1"),
        "'y' is one for all, which a spike of one target"),
    (synapse(equations="dy/dt = -y : postsynaptic", post_spike="y += Uniform(0, 1)"), "can't be drawn"),
    (synapse(parameters="w = 1 : projection"), "weight of its own"),
    (synapse(pre_spike="dx/dt = 3"), "belongs to the equations"),
    (synapse(pre_spike="x = t_last"), "t_pre and t_post"),
    (synapse(pre_spike="tau_plus = 3"), "can't be changed"),
]  # fmt: skip


@pytest.mark.parametrize("make, message", MISTAKES, ids=[message for _, message in MISTAKES])
def test_mistakes_are_told_with_their_line(make, message):
    with pytest.raises(errors.InvalidModelError) as raised:
        make()
    assert re.search(message, str(raised.value)), str(raised.value)
    assert re.match(r"(Leaky|Plastic), line \d+ \(.+\): ", str(raised.value)), str(raised.value)


@pytest.mark.parametrize(
    "arguments",
    [
        dict(parameters=3), dict(parameters={"a": "x"}), dict(parameters={"a b": 1}), dict(parameters={3: 1}),
        dict(equations=3), dict(equations=[3]), dict(spike=True), dict(refractory=[1]), dict(reset={"v": 1}),
        dict(parameters={"a": float("nan")}), dict(functions=len),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(arguments):
    with pytest.raises(TypeError, match=f"Neuron: .*{next(iter(arguments))[:9]}"):
        neuron_of("M", **arguments)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: sim.Parameter("3"), "value must be"),
        (lambda: sim.Parameter(sim.RandomDistribution("uniform", (0, 1))), "drawn where a cell type is used"),
        (lambda: sim.Parameter(3, locality="globl"), "did you mean 'global'"),
        (lambda: sim.Parameter(3, type="double"), "type must be"),
        (lambda: sim.Parameter(3, unit="a,b"), "unit must be"),
        (lambda: sim.Variable(3), "equation must be"),
        (lambda: sim.Variable("dv/dt = 1", init=[3]), "init must be"),
        (lambda: sim.Variable("dv/dt = 1", init=sim.RandomDistribution("uniform", (0, 1))), "initialize"),
        (lambda: sim.Constant("_x", 3), "name must be"),
        (lambda: sim.Constant("x", "3"), "value must be"),
        (lambda: sim.Neuron(equations="dv/dt = 1", name=3), "name must be"),
        (lambda: sim.Neuron(equations="dv/dt = 1", name="3"), "name must be"),
    ],
)
def test_small_objects_look_at_what_they_get(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


WORDS = [
    "v", "dv/dt", "du/dt", "=", "+=", "=", "==", "(", ")", "+", "-", "*", "/", "^", "**", ":", ";", "\n",
    ",", ".", "if", "else", "1", "0", "2.5", "1e400", "-1", "tau", "g_exc", "t", "dt", "exp(", "log(",
    "Normal(0, 1)", "Uniform(", "and", "not", "is", ">", "<", "init", "min", "max", "int", "bool",
    "exponential", "pre.v", "#", "x", "u", "[", "'", "lambda", "True", "t_last", "while", "µ", "ß", "９",
    "1_0", "0x1", "1j", "@", "!", "|", "e", "pi", "inf", "\\", "\t", "\x00", "unless_refractory",
]  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=10).map(lambda words: "dv/dt = " + " ".join(words)),
)


@settings(max_examples=150, deadline=None)
@given(
    texts=st.fixed_dictionaries(
        {"equations": TEXTS},
        optional={
            name: TEXTS for name in ("parameters", "spike", "reset", "refractory", "functions", "axon_spike")
        },
    )
)
@example({"equations": "dv/dt = " + "(" * 500 + "v" + ")" * 500})
@example({"equations": "dv/dt = " + "-" * 5000 + "v"})
@example({"equations": "dv/dt = " + "+".join(["v"] * 5000)})
@example({"equations": "dv/dt = v^" + "9" * 400})
@example({"equations": "\n".join(f"x{k + 1} = x{k} * x{k}" for k in range(30)) + "\ndx0/dt = x30"})
@example({"equations": "dv/dt = " + "9" * 5000})
def test_garbage_gives_documented_errors_only(texts):
    for make in (neuron_of, lambda name, equations, **others: synapse_of(name, pre_spike=equations)):
        try:
            make("Garbage", **texts)
        except errors.InvalidModelError as error:
            assert str(error).startswith("Garbage")


# --- checks of descriptions that no string can give -------------------------------------------------------


def test_functions_are_those_that_expressions_have():
    from pyNN_fastsim.equations import expressions, solvers

    assert set(checks.FUNCTIONS) == {*expressions.FUNCTIONS, *expressions.DRAWS}
    assert all(checks.FUNCTIONS[name] == entry[1:] for name, entry in expressions.FUNCTIONS.items())
    assert set(checks.CONSTANTS) == set(expressions.CONSTANTS)
    assert set(checks.METHODS) == set(solvers.METHODS)
