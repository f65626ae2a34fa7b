"""Neurons from equations: what descriptions say, by tests/naive/equations.py, is what generated code does."""

import math
import os
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
from equation_models import (
    ADEX,
    COBA,
    EVERYTHING,
    HH,
    IZHIKEVICH,
    LIF,
    cell_type,
    digest,
    equations,
    parameters,
    variables,
    when,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from naive.equations import Cell
from plain_equations import PlainCell
from pyNN import errors

import pyNN_fastsim as sim
from pyNN_fastsim.engine.compiling.settings import INTERPRETED
from pyNN_fastsim.equations import cells
from pyNN_fastsim.equations.description import (
    Assign,
    Equation,
    For,
    Function,
    If,
    Inline,
    Integrate,
    Internal,
    Neuron,
    Parameter,
    Past,
    Receptor,
    Return,
    Spike,
    Variable,
    While,
)
from pyNN_fastsim.equations.propagators import propagators

N, DURATION = (4, 20.0) if INTERPRETED else (40, 200.0)


def draws():
    """A function that draws for the naive cell and for generated code alike, and a list of what step it
    is."""
    now, table, rng = [0], {}, np.random.default_rng(5)

    def draw(kind, place):
        number = 1.0 - rng.random() if kind == "uniform" else rng.standard_normal()
        return np.float64(table.setdefault((now[0], place), number))

    return draw, now


def pair(model, values=None, initial=None, dt=0.1):
    """(naive cell, cell of generated code, a function that takes both a step further)."""
    draw, now = draws()
    naive, plain = (kind(model, values, dt, draw, initial) for kind in (Cell, PlainCell))

    def step(**inputs):
        spikes = naive.step(**inputs), plain.step(**inputs)
        now[0] += 1
        return spikes

    return naive, plain, step


def assert_same(model, n=20, values=None, initial=None, tolerance=1e-9, dt=0.1, inputs=lambda k: {}):
    """Generated code and the naive interpreter do the same in each of n steps."""
    naive, plain, step = pair(model, values, initial, dt)
    for k in range(n):
        mine = step(**inputs(k))
        assert mine[0] == mine[1], f"spikes in step {k}"
        for name, value in naive.values.items():
            assert plain.values[name] == pytest.approx(float(value), rel=tolerance, abs=tolerance), (k, name)
    return plain


# --- the same as built-in types -------------------------------------------------------------------------


def network(celltype, excitatory, inhibitory, threads=1, n=N, **initial):
    """Spike trains, and v of all cells, in a small network that is driven at random."""
    sim.setup(timestep=0.1, threads=threads)
    population = sim.Population(n, celltype)
    rng = sim.NumpyRNG(seed=1)
    population.initialize(v=sim.RandomDistribution("uniform", (-70, -55), rng=rng))
    drive = sim.Population(n, sim.SpikeSourcePoisson(rate=600.0))
    connector = sim.FixedProbabilityConnector(0.2, rng=sim.NumpyRNG(seed=3))
    synapse = sim.StaticSynapse(weight=excitatory, delay=1.0)
    sim.Projection(drive, population, connector, synapse, receptor_type="excitatory")
    synapse = sim.StaticSynapse(weight=inhibitory, delay=1.0)
    sim.Projection(population, population, connector, synapse, receptor_type="inhibitory")
    population.record(["spikes", "v"])
    sim.run(DURATION)
    data = population.get_data().segments[0]
    return [list(map(float, train)) for train in data.spiketrains], data.analogsignals[0].magnitude


HETEROGENEOUS = {
    "tau_m": lambda i: 10 + 0.3 * i,
    "tau_syn_E": lambda i: 3 + 0.05 * i,
    "cm": lambda i: 0.8 + 0.01 * i,
}


@pytest.mark.parametrize("values", [{}, HETEROGENEOUS], ids=["uniform", "heterogeneous"])
def test_integrate_and_fire_as_the_built_in_one(values):
    spikes, v = network(cell_type(LIF)(tau_refrac=2.0, **values), 1.5, -0.3)
    expected_spikes, expected_v = network(sim.IF_curr_exp(tau_refrac=2.0, **values), 1.5, -0.3)
    assert spikes == expected_spikes
    assert INTERPRETED or sum(map(len, spikes)) > 50
    np.testing.assert_allclose(v, expected_v, atol=1e-10)


@pytest.mark.parametrize("values", [{}, HETEROGENEOUS], ids=["uniform", "heterogeneous"])
def test_conductances_as_the_built_in_ones(values):
    spikes, v = network(cell_type(COBA)(tau_refrac=2.0, **values), 0.03, 0.04)
    expected_spikes, expected_v = network(sim.IF_cond_exp(tau_refrac=2.0, **values), 0.03, 0.04)
    assert spikes == expected_spikes
    assert INTERPRETED or sum(map(len, spikes)) > 50
    np.testing.assert_allclose(v, expected_v, atol=1e-6)


def response(celltype, dt, weight, n=8, t=60.0):
    """v of cells each of which gets drawn spikes, at multiples of 0.1 ms."""
    sim.setup(timestep=dt)
    population = sim.Population(n, celltype, initial_values={"v": -66.0})
    rng = np.random.default_rng(2)
    times = [0.1 * np.sort(rng.choice(np.arange(10, 10 * int(t) - 20), 12, replace=False)) for _ in range(n)]
    source = sim.Population(n, sim.SpikeSourceArray(spike_times=times))
    synapse = sim.StaticSynapse(weight=weight, delay=1.0)
    sim.Projection(source, population, sim.OneToOneConnector(), synapse, receptor_type="excitatory")
    population.record("v", sampling_interval=0.1)
    sim.run(t)
    return population.get_data().segments[0].analogsignals[0].magnitude


@pytest.mark.big
@pytest.mark.parametrize(
    "model, built_in, weight, values",
    [(ADEX, sim.EIF_cond_exp_isfa_ista, 0.03, {"tau_refrac": 2.0}), (HH, sim.HH_cond_exp, 0.08, {})],
    ids=["AdEx", "HH"],
)
def test_errors_of_nonlinear_cells_beside_those_of_built_in_ones(model, built_in, weight, values):
    # What has spiked in another step is another trajectory: the median is of the method.
    reference = response(built_in(**values), 0.1 / 32, weight)
    errors_ = [
        np.abs(response(kind(**values), 0.1, weight) - reference) for kind in (cell_type(model), built_in)
    ]
    mine, theirs = (np.median(error) for error in errors_)
    assert mine <= 2 * theirs + 1e-9
    assert (
        np.median(np.abs(response(cell_type(model)(**values), 0.1 / 32, weight) - reference))
        < 0.5 * mine + 1e-7
    )


@pytest.mark.big
def test_errors_below_threshold_don_t_depend_on_where_zero_is():
    """Conductances so short that a step needs parts: what these may be wrong by is a share of the change of
    v, not of v, which is a large number."""
    celltype = cell_type(ADEX)(tau_syn_E=0.2)
    reference = response(celltype, 0.1 / 32, 0.02)
    error = np.abs(response(celltype, 0.1, 0.02) - reference)
    assert np.ptp(reference) > 0.5 and error.max() < 2e-5


def test_izhikevich_has_the_reference_solution_up_to_a_spike():
    plain = PlainCell(IZHIKEVICH, {"i_offset": 0.005})
    naive = Cell(IZHIKEVICH, {"i_offset": 0.005}, draw=lambda kind, place: 0.0)
    plain.draw = lambda kind, place: 0.0
    spikes = [(naive.step(), plain.step()) for _ in range(130)]
    assert any(first for first, _ in spikes)
    assert all(first == second for first, second in spikes)
    # u gets a rise at the spike, whose crossing within the step is not the end of it.
    assert plain.values["u"] == pytest.approx(float(naive.values["u"]), abs=1e-3)


# --- solvers --------------------------------------------------------------------------------------------

NONLINEAR = equations(v="-v * (1 + 0.5 * v) + 0.3 * w + 0.1 * sin(t)", w="-0.5 * w")
LINEAR_IN_V = equations(v="-v * (1 + 0.5 * u) + 0.3 * w", w="-0.5 * w", u="(v - u) * 0.7")
KNOWN = equations(v="-v * (1 + 3 * w) + 2 * w", w="-0.5 * w")


@pytest.mark.parametrize(
    "method, order, equations_",
    [
        ("explicit", 1, NONLINEAR), ("midpoint", 2, NONLINEAR), ("rk4", 4, NONLINEAR), ("implicit", 1,
            NONLINEAR),
        ("exponential", 1, LINEAR_IN_V), (None, 6, KNOWN), (None, 4, NONLINEAR),
    ],
)  # fmt: skip
def test_order_of_methods(method, order, equations_):
    named = [Equation(e.variable, e.expression, method if e.variable != "w" else None) for e in equations_]
    names = {e.variable: "1.0" for e in equations_}
    model = Neuron("M", variables=variables(**names), equations=tuple(named), update=(Integrate(),))
    naive = Cell(model, dt=1.6)
    naive.step()
    found = []
    for n in (2, 4, 8) if order == 6 else (16, 32, 64):
        cell = PlainCell(model, dt=1.6 / n)
        for _ in range(n):
            cell.step()
        found.append(abs(cell.values["v"] - float(naive.values["v"])))
    orders = np.log2(np.array(found[:-1]) / found[1:])
    assert orders[-1] == pytest.approx(order, abs=0.35)
    assert cell.parts["solvers"]["v"] == (method or ("exponential" if equations_ is KNOWN else "rk4"))


@pytest.mark.parametrize(
    "slopes",
    [
        {"v": "-v / 5 + u", "u": "-u / 5"},
        {"v": "-v / 5 + 0.8 * u + 0.5", "u": "-u / 5 - 0.8 * v"},
        {"v": "-v / 5 + u", "u": "-u / 5 + w", "w": "-w / 5 + 1"},
        {"v": "u", "u": "w", "w": "0.5"},
        {"v": "k * v + u + 1", "u": "k * u - k * v"},
        {"v": "-v / 1e-3 + 3", "u": "v - u"},
    ],
    ids=["equal", "complex", "chain", "integrals", "zero", "stiff"],
)
def test_linear_equations_are_solved_exactly(slopes):
    names = list(slopes)
    initial = {name: 1.0 + k for k, name in enumerate(names)}
    model = Neuron(
        "M",
        parameters(k=0.0),
        variables=variables(**initial),
        equations=equations(**slopes),
        update=(Integrate(),),
    )
    cell = PlainCell(model, dt=0.5)
    assert set(cell.parts["solvers"].values()) == {"exact"}

    def slope(**values):
        known = {"k": 0.0, **dict.fromkeys(names, 0.0), **values}
        return np.array([eval(text, {}, known) for text in slopes.values()])

    b = slope()
    matrix = np.zeros((len(names) + 1,) * 2)
    matrix[:-1, :-1] = np.array([slope(**{name: 1.0}) - b for name in names]).T
    matrix[:-1, -1] = b
    y = np.array([*initial.values(), 1.0])
    for k in range(1, 21):
        cell.step()
        np.testing.assert_allclose(
            [cell.values[name] for name in names],
            (exponential(matrix * 0.5 * k) @ y)[:-1],
            rtol=1e-11,
            atol=1e-12,
        )


def exponential(matrix):
    """Of a matrix, with many digits. (SciPy loses digits of triangular ones with diagonals that are almost
    equal.)"""
    with mpmath.workdps(40):
        return np.array(mpmath.expm(mpmath.matrix(matrix.tolist())).tolist(), dtype=float)


ELEMENT = st.floats(-30, 30, allow_subnormal=False).map(lambda x: x if abs(x) > 1e-6 else 0.0)


@given(st.data())
def test_propagators(data):
    n = data.draw(st.integers(1, 4))
    several = data.draw(st.sampled_from([None, 3]))
    value = (
        ELEMENT
        if several is None
        else st.one_of(ELEMENT, st.lists(ELEMENT, min_size=3, max_size=3).map(np.array))
    )
    places = data.draw(st.lists(st.tuples(*[st.integers(0, n - 1)] * 2), max_size=n * n, unique=True))
    elements = {place: data.draw(value) for place in places}
    h = data.draw(st.sampled_from([0.01, 0.1, 1.0]))
    p, q = propagators(n, elements, h)
    for k in range(several or 1):
        matrix = np.zeros((2 * n, 2 * n))
        for place, each in elements.items():
            matrix[place] = h * np.broadcast_to(each, several or 1)[k]
        matrix[:n, n:] = h * np.eye(n)
        expected = exponential(matrix)
        largest = np.abs(expected).max()
        for mine, theirs in (p, expected[:n, :n]), (q, expected[:n, n:]):
            mine = mine[k] if mine.ndim > 2 else mine
            np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-12 * largest)


@pytest.mark.parametrize("method", ["exponential", None])
@pytest.mark.parametrize("rate", ["g", "k"])
def test_a_rate_of_zero_leaves_what_drives(method, rate):
    equations_ = (Equation("v", f"-{rate} * v + 2", method), *equations(g="-g / 5"))
    model = Neuron(
        "M", parameters(k=0.0), variables=variables(v=1, g=0), equations=equations_, update=(Integrate(),)
    )
    assert assert_same(model, 5).values["v"] == pytest.approx(2.0)
    held = Neuron(
        "M",
        parameters(k=0.0),
        variables=variables(v=1, g=0),
        equations=equations_,
        update=(Integrate(("v",)),),
    )
    assert_same(held, 5)
    assert_same(held, 5, {"k": 1e-9}, {"g": 1e-9})


# --- statements -----------------------------------------------------------------------------------------

V2 = equations(v="0.5 * v**2 + 2")
RESET = when("v > 2", Assign("v", "0"), Spike())
CASES = {
    "variables that a loop exchanges": (
        variables(a=1, b=2, k=0), (),
        (Assign("k", "0"), While("k < 3", (Assign("o", "a"), Assign("a", "b"), Assign("b", "o"), Assign("k",
            "k+1")))),
    ),
    "loops in loops": (
        variables(v=0, n=0), (),
        (For("i", "0", "3", "1", (For("j", "i", "3", "1", (Assign("n", "n + i*j"), Assign("v", "v + n"))),
                                  when("i > 1", Assign("v", "v - 1"), otherwise=(Assign("v", "v / 2"),)))),),
    ),
    "a loop downwards over a variable": (
        variables(v=0, j=0), (), (For("j", "5", "-3", "-2", (Assign("v", "v + j"),)),)
    ),
    "a loop on one way, and a spike in it": (
        variables(v=0, n=0), (),
        (Assign("v", "v + 0.4"), when("v > 1", While("v > 0", (Assign("v", "v - 0.3"), when("v < 0.5",
            Spike()))))),
    ),
    "equations in a loop": (
        variables(v=1, n=0), equations(v="-v**3 / 10"),
        (For("i", "0", "3", "1", (Integrate(), Assign("n", "n + v"))),),
    ),
    "a temporary on each way": (
        variables(a=0, b=0), (),
        (If((("a > 2", (Assign("x", "3"),)), ("a > 1", (Assign("x", "a"),))), (Assign("x", "-1"),)),
         Assign("a", "a + 0.5"), Assign("b", "b + x")),
    ),
    "a temporary that one way changes": (
        variables(a=0), (),
        (Assign("x", "1"), when("a > 2", Assign("x", "-4"), Assign("y", "x * 2"), Assign("a", "a + y")),
            Assign("a", "a + x")),
    ),
    "truth values": (
        variables(a=1, b=0), (),
        (Assign("b", "a > 3"), Assign("a", "a + 1"), Assign("c", "a > 3 and b"),
         when("c or not b", Assign("a", "a + (a > 5) * 0.5 - (not a > 4)"))),
    ),
    "infinity, and numbers too large": (
        variables(a=1), (), (Assign("a", "min(inf, 2) + a"), when("a < inf and a < exp(1000.0)", Assign("a",
            "a + 1"))),
    ),
    "roundings": (
        variables(a=-3.7, b=0, c=0), (),
        (Assign("b", "a % 1.5 + 10 * (a // 1.5)"), Assign("a", "a + 0.5"),
         Assign("c", "round(a) + ceil(a)*10 + floor(a)*100 + abs(a)*1e3 + sign(a)*1e4 + clip(a, -1, 1)*1e5")),
    ),
    "powers": (
        variables(a=0.5, b=0, c=0), (),
        (Assign("b", "a**2 + a**3 + a**4 + a**5 + a**6 + a**7 + a**8 + a**9 + a**-1 + a**-3"),
         Assign("c", "a**0.5 + a**1.5 + a**-0.5 + 2**a + sqrt(a) + exp(-a)/a + pow(a, 2.0)"), Assign("a",
             "a + 0.1")),
    ),
    "functions": (
        variables(a=0.1, b=0, c=0), (),
        (Assign("b", "log(a) + log10(a) + ln(a) + log1p(a) + expm1(a) + erf(a) + erfc(a) + sin(a) + cos(a)"),
         Assign("b", "b + modulo(50 * (a - 0.293), 4.5)"),
         Assign("c", "tan(a) + asin(a) + acos(a) + atan(a) + sinh(a) + cosh(a) + tanh(a) + min(a, 0.5, b)"),
         Assign("c", "c + max(a, 0.2, b)"),
         Assign("a", "a + 0.02")),
    ),
    "an assignment before an equation that is solved in parts": (
        variables(v=0.5), V2, (Assign("v", "v + _injected"), Integrate(), RESET)
    ),
    "what is remembered from the beginning of a step that is taken in parts": (
        variables(v=0.5, i=0, u=0), equations(v="0.5 * v**2 + 2 - 3 * i", u="i - u"),
        (Assign("i", "v"), when("v > 1", Assign("i", "v / 2")), Integrate(), RESET),
    ),
    "an assignment after it, on one way": (
        variables(v=0.5, on=1), V2, (when("on > 0", Integrate(), Assign("v", "v - 0.1")), RESET)
    ),
    "equations one after the other": (
        variables(v=0.5, u=0.3), equations(v="v - v**3 - u", u="v**2 / 2 - u"), (Integrate(("v",)),
            Integrate(("u",)))
    ),
    "a threshold that is a temporary": (
        variables(v=0.5, on=1), V2, (Integrate(), Assign("high", "2 + on"), when("v > high", Assign("v",
            "0 * high"), Spike()))
    ),
    "a reset that another way prevents": (
        variables(v=0.5, left=0), equations(v="6 + v**2 / 100"),
        (Integrate(), If((("left > 0", (Assign("left", "left - 1"),)),
                          ("v >= 1", (Assign("v", "0"), Assign("left", "3"), Spike()))))),
    ),
    "draws before, within and after equations in parts": (
        variables(v=0.5, i=0), equations(v="0.5 * v**2 + 2 + i + normal()"),
        (Assign("i", "uniform()"), Integrate(), when("v > 2 + uniform()", Assign("v", "0.1 * normal()"),
            Spike())),
    ),
    "the time": (
        variables(v=0.5, w=0), equations(v="sin(t) - v / 7"), (Integrate(), Assign("w", "t + dt"),
            when("t > 1", Assign("w", "-t"))),
    ),
    "the time and a draw as they are": (
        variables(v=0.5, w=0, u=1), equations(u="-u / 3"), (Integrate(), Assign("v", "t"), Assign("w",
            "uniform()"))
    ),
    "the time with no other constant": (
        variables(v=0.5), (Equation("v", "sin(t) - v", "exponential"),), (Integrate(),)
    ),
    "nothing": ((), (), ()),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_statements(case):
    variables_, equations_, update = CASES[case]
    model = Neuron("M", variables=variables_, equations=equations_, update=update)
    tolerance = {"the time with no other constant": 5e-2, "an assignment after it, on one way": 1e-5}.get(
        case, 1e-6
    )
    assert_same(model, 20, tolerance=tolerance, inputs=lambda k: {"injected": 0.3 * (k == 2)})


def test_what_a_variable_was_is_held_over_a_step_in_parts():
    model = Neuron(
        "Delayed", parameters(delay=0.5),
        variables=variables(v=-2.0, u=1.0),
        pasts=(Past("then", "v", "delay"), Past("now", "v", "0.0"), Past("before", "u", "2 * delay")),
        equations=equations(v="3 + then - v**3 + now * u", u="before - u"),
        update=(Integrate(), when("v > 1.2", Assign("v", "-2"), Assign("u", "u + then"), Spike())),
    )  # fmt: skip
    for delay in 0.5, 0.0, 0.26:
        assert_same(model, 40, {"delay": delay}, tolerance=1e-5)


def test_bounds_hold_after_every_change():
    model = Neuron(
        "M", parameters(hi=1.0),
        variables=(Variable("v", "0.5", lower="-0.2", upper="hi + w"), Variable("w", "0.1", upper="v")),
        equations=equations(v="3", w="1"),
        update=(Integrate(), when("v >= hi + w", Assign("v", "-5"))),
    )  # fmt: skip
    plain = assert_same(model, 40)
    assert -0.2 <= plain.values["v"] <= 1.0 + plain.values["w"]


def test_everything_a_description_can_say():
    plain = assert_same(
        EVERYTHING, 120, tolerance=1e-3, inputs=lambda k: {"injected": 0.01, "a": 0.5 * (k % 9 == 0)}
    )
    assert abs(plain.values["t_0"]) > 0.0  # it has spiked


def test_internals_follow_parameters_and_the_time_step():
    internals = (Internal("steps", "round(tau / dt)"), Internal("half", "steps / 2 if on else -1"))
    model = Neuron(
        "M", (*parameters(tau=2.0), Parameter("on", 1.0, type="bool")), internals,
            variables=variables(v="half"),
        update=(Assign("v", "v + half"),),
    )  # fmt: skip
    for dt in 0.1, 0.25:
        cell = PlainCell(model, {"tau": 3.0, "on": 1.0}, dt)
        cell.step()
        assert (
            cell.values["v"] == 10.0 + round(3.0 / dt) / 2
        )  # initial values are those of the defaults, at 0.1 ms


@pytest.mark.parametrize(
    "update, message",
    [
        ((when("a < 5", Assign("x", "2")), Assign("a", "a + x")), "there is no 'x'"),
        ((For("i", "0", "3", "1", (Assign("x", "i"),)), Assign("a", "x")), "there is no 'x'"),
        ((Assign("k", "3"),), "'k' can't be changed"),
        ((While("a < 3", ()),), "does not end"),
        ((Integrate(("k",)),), "no equation for 'k'"),
        ((Assign("a", "f(1, 2)"),), "takes 1 arguments, not 2"),
    ],
)
def test_mistakes(update, message):
    function = Function("f", ("x",), (Return("x"),))
    model = Neuron("M", parameters(k=1.0), variables=variables(a=1), functions=(function,), update=update)
    with pytest.raises(errors.InvalidModelError, match=message):
        cells.generated(model)


# --- random numbers and the time, compiled --------------------------------------------------------------


def traces_of_everything(threads=1, pieces=1, resets=0, n=6):
    sim.setup(timestep=0.1, threads=threads)
    population = sim.Population(n, cell_type(EVERYTHING)(beta=lambda i: 0.1 + 0.01 * i))
    population.record(["x_0", "s_x", "y_1", "t_0", "spikes"])
    for _ in range(resets):
        sim.run(0.7)
        sim.reset()
    for _ in range(pieces):
        sim.run(6.0 / pieces)
    data = population.get_data().segments[-1]
    return [signal.magnitude for signal in data.analogsignals], [
        list(map(float, t)) for t in data.spiketrains
    ]


@pytest.mark.usefixtures("always_threads")
def test_same_bits_for_threads_pieces_and_resets():
    expected, spikes = traces_of_everything()
    assert len({tuple(column) for column in expected[1].T}) == 6  # every cell has numbers of its own
    for options in {"threads": 2, "pieces": 4}, {"pieces": 60}:
        found, found_spikes = traces_of_everything(**options)
        assert spikes == found_spikes
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_trials_after_a_reset_are_other_draws_of_the_same_kind_as_those_of_sources():
    # Sources and built-in noise draw other numbers in each trial (engine/random/rng.py): so do models.
    expected, _ = traces_of_everything()
    again, _ = traces_of_everything(resets=1)
    once_more, _ = traces_of_everything(resets=1)
    np.testing.assert_array_equal(again[1], once_more[1])
    assert not np.array_equal(again[1], expected[1])


def test_draws_have_their_mean_and_variance():
    model = Neuron(
        "Drawing", variables=variables(a=0, b=0), update=(Assign("a", "normal()"), Assign("b", "uniform()"))
    )
    sim.setup(timestep=0.1)
    population = sim.Population(50, cell_type(model)())
    population.record(["a", "b"])
    sim.run(2.0 if INTERPRETED else 40.0)
    a, b = (signal.magnitude[1:] for signal in population.get_data().segments[0].analogsignals)
    n = a.size
    assert abs(a.mean()) < 5 / math.sqrt(n) and a.var() == pytest.approx(1.0, abs=5 * math.sqrt(2 / n))
    assert b.mean() == pytest.approx(0.5, abs=5 / math.sqrt(12 * n)) and b.var() == pytest.approx(
        1 / 12, rel=0.1
    )
    assert 0.0 < b.min() and b.max() <= 1.0
    for lag in (a[1:] * a[:-1]).mean(), (a[:, 1:] * a[:, :-1]).mean(), (a * (b - 0.5)).mean():
        assert abs(lag) < 5 / math.sqrt(n)


def test_what_users_change_in_mid_run_counts_from_there():
    """initialize and set, of equations solved in parts whose variables are kept from the beginning of the
    step."""
    sim.setup(timestep=0.1)
    population = sim.Population(2, cell_type(HH)(), initial_values={"v": -66.0})
    population.record("v")
    sim.run(5.0)
    population[1:2].initialize(v=-49.5)
    population[1:2].set(i_offset=0.3)
    sim.run(5.0)
    v = population.get_data().segments[0].analogsignals[0].magnitude
    naive = Cell(HH, initial={"v": -66.0})
    mine = [-66.0]
    for k in range(100):
        if k == 50:
            assert v[50, 0] == pytest.approx(float(naive.values["v"]), abs=1e-4)
            naive.values["v"], naive.fixed["i_offset"] = np.float64(-49.5), np.float64(0.3)
        naive.step()
        mine.append(float(naive.values["v"]))
    np.testing.assert_allclose(v[51:, 1], mine[51:], atol=1e-2)
    assert v[51:, 1].max() > 0.0


def test_what_is_no_number_is_an_error_not_a_cell_that_stays_where_it_is():
    sim.setup(timestep=0.1)
    population = sim.Population(
        2, cell_type(HH)(), initial_values={"v": lambda i: -50.0 - i}
    )  # 0 / 0 in a rate
    with pytest.raises(Exception, match="finite|not a number|nan"):
        population.record("v")
        sim.run(1.0)


# --- drawn models ---------------------------------------------------------------------------------------

RATES = st.sampled_from(["-0.2", "-1/3", "-k", "-1 / tau", "0.0", "-2.5"])


@st.composite
def linear_models(draw):
    """Sparse linear systems, with what arrives, reset and a refractory period."""
    n = draw(st.integers(1, 4))
    names = [f"y{k}" for k in range(n)]
    slopes = {}
    for name in names:
        terms = [f"{draw(RATES)} * {name}"]
        for other in names:
            if other != name and draw(st.booleans()):
                terms.append(f"{draw(st.sampled_from(['0.3', '-0.4', 'k', '1 / tau']))} * {other}")
        if draw(st.booleans()):
            terms.append(draw(st.sampled_from(["0.5", "_injected", "k * 2", "held"])))
        slopes[name] = " + ".join(terms)
    waits = draw(st.integers(0, 3))
    some = tuple(name for name in names if name != "y0" and draw(st.booleans()))
    integrate = when("left > 0", *([Integrate(some)] if some else []), otherwise=(Integrate(),))
    update = [integrate, Assign("y0", "y0 + _a"), Assign("held", "held * 0.9 + _a")]
    if draw(st.booleans()):
        update.reverse()
    reset = [Assign("y0", draw(st.sampled_from(["0", "-k", "y0 - 1"]))), Assign("left", str(waits)), Spike()]
    if n > 1 and draw(st.booleans()):
        reset.insert(0, Assign("y1", "y1 + y0 / 4"))
    update.append(when("y0 >= 1 and left <= 0", *reset, otherwise=(Assign("left", "max(left - 1, 0)"),)))
    return Neuron(
        "Linear", parameters(k=0.7, tau=4.0), variables=(*variables(**dict.fromkeys(names, 0.25)),
            *variables(held=0, left=0)),
        equations=equations(**slopes), receptors=(Receptor("a", "_a"),), update=tuple(update),
    )  # fmt: skip


@settings(max_examples=25)
@given(linear_models(), st.sampled_from([0.1, 0.5]), st.integers(0, 5))
def test_drawn_linear_models(model, dt, seed):
    rng = np.random.default_rng(seed)
    arrivals = rng.choice([0.0, 0.0, 0.5, -0.25], 25)
    cell = assert_same(model, 25, dt=dt, tolerance=1e-8, inputs=lambda k: {"injected": 0.2, "a": arrivals[k]})
    assert set(cell.parts["solvers"].values()) <= {"exact", "exponential"}


@st.composite
def nonlinear_models(draw):
    """Conductances and currents that are not linear, with a reset."""
    terms = draw(
        st.lists(
            st.sampled_from(
                ["-g * (v + 1)", "h * (2 - v)", "0.4 * exp(v - 1.5)", "0.5 * v**2", "-w", "-v**3 / 8",
                    "tanh(v) / (1 + w**2)", "t / 20",
                 "(0.5 if g > 0.2 else 2.5 * g)", "gate * (1.5 - v)"]
            ),
            min_size=1, max_size=4, unique=True,
        )
    )  # fmt: skip
    slopes = {"v": "0.6 - v / 5 + _injected + " + " + ".join(terms), "g": "-g / 3", "h": "(g - h) / 2"}
    slopes["w"] = draw(st.sampled_from(["0.1 * (v - w)", "0.05 * v * w - w / 9", "-w / 6 + g * h"]))
    inlines = (Inline("steep", "1 / (1 + exp(-3 * v))"),)
    slopes["gate"] = draw(st.sampled_from(["(steep - gate) / 2", "steep * (1 - gate) - gate * g", "-gate"]))
    update = (
        Integrate(),
        Assign("g", "g + _a"),
        # Not set back to a value, which would hold it from when it crosses the threshold within the step.
        when("v >= 2", Assign("v", "v - 2"), Assign("w", "w + 0.1"), Spike()),
    )
    return Neuron(
        "Nonlinear", variables=variables(v=0, g=0.1, h=0, w=0.2, gate=0.3), inlines=inlines,
            equations=equations(**slopes),
        receptors=(Receptor("a", "_a"),), update=update,
    )  # fmt: skip


@settings(max_examples=15)
@given(nonlinear_models(), st.integers(0, 5))
def test_drawn_nonlinear_models(model, seed):
    arrivals = np.random.default_rng(seed).choice([0.0, 0.0, 0.0, 0.2], 25)
    assert_same(model, 25, tolerance=2e-5, inputs=lambda k: {"injected": 0.2, "a": arrivals[k]})


# --- other ways of running ------------------------------------------------------------------------------

ROOT = Path(__file__).parent


def output_of(script, *arguments, **environment):
    result = subprocess.run(
        [sys.executable, "-W", "error", *script, *arguments], capture_output=True, text=True, check=False,
            cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT.parent}{os.pathsep}{ROOT}", **environment},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.mark.compiles
def test_without_the_compiler_it_is_the_same_to_the_last_bit():
    assert output_of(["equation_models.py"], NUMBA_DISABLE_JIT="1", NUMBA_BOUNDSCHECK="0") == [digest()]


KEPT = """
import sys
from pyNN_fastsim.equations import cells, kept
if "text" in sys.argv:
    import pyNN_fastsim as sim
    make = lambda slope: sim.Neuron(equations="dv/dt = " + slope)()
else:
    def make(slope):
        def describe():
            from pyNN_fastsim.equations.description import Equation, Integrate, Neuron, Variable
            print("described")
            v, equation = Variable("v"), Equation("v", slope)
            return Neuron("Kept", variables=(v,), equations=(equation,), update=(Integrate(),))
        return cells.cell_type("test", slope, describe)()
celltype = make(sys.argv[1])
if "run" in sys.argv:
    import pyNN_fastsim as sim
    sim.setup(timestep=0.1)
    p = sim.Population(2, celltype)
    sim.run(1.0)
from pyNN_fastsim.engine.compiling.compile import compiled
print(len(compiled), [name for name in ("sympy", "pynestml", "numba") if name in sys.modules])
"""


def test_later_processes_neither_parse_nor_derive(tmp_path):
    folder = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert output_of(["-c", KEPT], "1 - v", **folder)[0] == "described"
    assert output_of(["-c", KEPT], "1 - v", **folder) == ["0 []"]
    assert output_of(["-c", KEPT], "2 - v", **folder)[0] == "described"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b"\xff\xfe"])
def test_damaged_files_are_ignored(tmp_path, monkeypatch, damage):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    model = Neuron("Kept", variables=variables(v=0), equations=equations(v="1 - v"), update=(Integrate(),))
    described = []

    def describe():
        described.append(model)
        return model

    first = cells.cell_type("test", "1 - v", describe)
    assert cells.cell_type("test", "1 - v", describe).text == first.text and len(described) == 1
    (path,) = tmp_path.rglob("*.source_of_machine_code")
    path.write_bytes(damage)
    cells.cell_type("test", "1 - v", describe)
    cells.cell_type("test", "1 - v", describe)
    assert len(described) == 2


@pytest.mark.compiles
def test_a_second_run_compiles_nothing():
    output_of(["-c", KEPT], "3 - v", "run", "text")
    assert output_of(["-c", KEPT], "3 - v", "run", "text") == ["0 []"]
