"""Synapses from equations: what descriptions say, by tests/naive/equations.py, is what happens in
networks."""

import math
from dataclasses import replace

import numpy as np
import pytest
from equation_models import (
    RELAY,
    RULE,
    STDP,
    TSODYKS,
    cell_type,
    equations,
    parameters,
    synapse_type,
    variables,
    when,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from naive.equations import Connection
from plain_equations import PlainConnection
from pyNN import errors
from pyNN.parameters import Sequence

import pyNN_fastsim as sim
from pyNN_fastsim.engine.compiling.settings import INTERPRETED
from pyNN_fastsim.equations import synapses
from pyNN_fastsim.equations.description import (
    Assign,
    Deliver,
    For,
    Function,
    If,
    Inline,
    Integrate,
    Internal,
    Return,
    Synapse,
    Variable,
    While,
)

pytestmark = pytest.mark.usefixtures("always_threads")

DT = 0.1
T = 12.0 if INTERPRETED else 16.0  # ms; nothing is about to arrive at a half or a quarter of it
N_PRE, N_POST = 2, 3


# --- one synapse, in Python -----------------------------------------------------------------------------


def drawn_trains(seed, n=8, last=300):
    """Arrivals of both cells, ms; some at the same time."""
    rng = np.random.default_rng(seed)
    pre = np.sort(rng.choice(np.arange(1, last), n, replace=False))
    post = np.unique([*rng.choice(np.arange(1, last), n, replace=False), *pre[1:3]])
    return pre * DT, post * DT


def assert_same(model, seed=0, weight=0.5, tolerance=1e-7, values=None, **cells):
    """Generated code and the naive interpreter do the same at each event."""
    number = [0]

    def draw(kind, place):
        generator = np.random.default_rng([seed, number[0], place])
        return np.float64(1.0 - generator.random() if kind == "uniform" else generator.standard_normal())

    naive = Connection(model, values, weight, DT, draw, **cells)
    plain = PlainConnection(model, values, weight, DT, draw, **cells)
    pre, post = drawn_trains(seed)
    second = {"pre": 1, "post": 0} if model.post_first else {"pre": 0, "post": 1}
    events = [(t, "pre") for t in pre] + [(t, "post") for t in post if "after" in plain.functions]
    for t, kind in sorted(events, key=lambda event: (event[0], second[event[1]])):
        number[0] += 1
        amounts = naive.event(t, kind), plain.event(t, kind)
        if kind == "pre":
            assert amounts[1] == pytest.approx(float(amounts[0]), rel=tolerance, abs=tolerance)
        found = {**plain.values, model.weight: plain.weight}
        for name, value in {model.weight: weight, **naive.values}.items():
            assert found[name] == pytest.approx(float(value), rel=tolerance, abs=tolerance), (t, kind, name)
    return plain


PAIRS = (Assign("x", "x + 1"), Deliver("w * x"))
TRACE = equations(x="-x / 10")
RULES = {
    "pairs": STDP,
    "pairs, the target first": replace(STDP, post_first=True),
    "everything": RULE,
    "a rate of zero": dict(parameters=parameters(k=0.0), equations=equations(x="1 - k * x"), on_pre=PAIRS),
    "the time in an equation": dict(equations=equations(x="sin(t) - x / 10"), on_pre=PAIRS),
    "coupled": dict(
        variables=variables(x=0, z=0), equations=equations(x="-x / 10", z="(x - z) / 5"),
        on_pre=(Assign("x", "x + 1"), Deliver("w * z")),
    ),
    "the weight is in an equation": dict(
        variables=(*variables(x=0), Variable("w", upper="0.6")),
        equations=equations(x="-x / 10", w="-(w - 0.3) / 50 + 0.01 * x"), on_pre=PAIRS,
    ),
    "the weight is a parameter": dict(parameters=parameters(w=1.0), equations=equations(x="w / 100 - x / 10"),
        on_pre=PAIRS),
    "draws": dict(
        equations=TRACE, on_pre=(Assign("x", "x + uniform()"), Deliver("w * (1 + normal())")),
        on_post=(Assign("x", "x + 0.1 * normal()"),),
    ),
    "a draw and a time as they are": dict(
        variables=variables(x=0, y=0, z=0), equations=TRACE,
        on_pre=(Assign("y", "uniform()"), Assign("z", "t"), Deliver("normal()")),
    ),
    "statements between events": dict(
        variables=variables(x=0, n=0), equations=TRACE,
        between=(when("elapsed > 3", Assign("n", "n + 1"), otherwise=(Assign("n", "n - elapsed"),)),
            Integrate(), Assign("n", "n + t / 9")),
        on_pre=PAIRS,
    ),
    "functions and inlines": dict(
        functions=(Function("f", ("a",), (when("a > 0.5", Return("a")), Return("a * a"))),),
        inlines=(Inline("q", "f(x) + t"),), variables=variables(x=0, w=0), equations=TRACE,
        on_pre=(Assign("x", "x + 0.2"), Deliver("w * q"), when("x > 0.4", Deliver("2 * w"))),
            on_post=(Assign("w", "w + q / 100"),),
    ),
    "internals": dict(
        parameters=parameters(tau=10.0), internals=(Internal("d", "exp(-dt / tau)"), Internal("e2", "d * 2")),
        between=(Assign("x", "x * d**(elapsed / dt)"),), on_pre=(Assign("x", "x + e2"), Deliver("w * x")),
    ),
    "loops": dict(
        variables=variables(x=0, n=3),
        on_pre=(Assign("k", "0"), While("k < n", (Assign("x", "x + k * w"), Assign("k", "k + 1"))),
                For("i", "0", "2", "1", (Deliver("x * i"),))),
    ),
    "temporaries": dict(
        on_pre=(If((("x > 2", (Assign("r", "x"), Assign("x", "0"))),), (Assign("r", "1"), Assign("x",
            "x + 0.6"))), Deliver("w * r"))
    ),
    "a bound": dict(
        variables=(Variable("x", upper="2.5", lower="0.1"),), equations=equations(x="0.1"),
        on_pre=(Assign("x", "x - 0.5"), Deliver("w * x")),
    ),
    "names": dict(
        parameters=parameters(c0=1, steps=2, time=0.5, key=0.25, seed=3, at=1, pre=1, c=1),
        variables=variables(s=0, amount=0, stream=0, elapsed_=0, post=0),
            equations=equations(s="-s * steps / time / 10"),
        on_pre=(Assign("s", "s + c0 + key"), Assign("amount", "seed + at"), Assign("stream", "pre + c"),
            Assign("post", "stream"),
                Deliver("w * s + amount")),
        on_post=(Assign("elapsed_", "s + post"),),
    ),
    "nothing": dict(variables=()),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_rules(name):
    rule = RULES[name]
    if isinstance(rule, dict):
        rule = Synapse("M", **{"variables": variables(x=0), "between": (Integrate(),), **rule})
    assert_same(
        rule,
        tolerance=1e-6,
        pre=lambda t: {"gain": 0.5 + t / 100},
        post=lambda t: {"v": math.sin(t), "gain": 0.25},
    )


@st.composite
def drawn_rules(draw):
    """Traces with jumps, alone and coupled, bounds, values of cells and draws."""
    n = draw(st.integers(1, 3))
    names = [f"x{k}" for k in range(n)]
    slopes = {}
    for k, name in enumerate(names):
        kinds = [f"-{name} / 12", f"(1 - {name}) / 9", "0.01 * k", f"-k * {name} + 0.02"]
        if k:
            kinds += [f"(x0 - {name}) / 5", f"-tanh(x0) * {name} / 10", f"-tanh({name}) / 8"]
        slopes[name] = draw(st.sampled_from(kinds))
    if draw(st.booleans()):
        slopes["w"] = "(0.4 - w) / 60"
    values = ["x0", "0.3", f"{names[-1]} / 2", "k", "post.v", "uniform()", "t / 40", "w * x0"]

    def change(name):
        factor = draw(st.sampled_from(["", "0.5 * ", "-0.25 * "]))
        return Assign(name, f"{name} + {factor}{draw(st.sampled_from(values))}")

    def some(further=()):
        changes = [change(draw(st.sampled_from([*names, "w"]))) for _ in range(draw(st.integers(0, 3)))]
        if changes and draw(st.booleans()):
            changes = [
                when(f"{names[0]} > 0.5", *changes, otherwise=(replace(changes[0]),))
            ]  # another place for its draws
        return (*changes, *further)

    bounds = draw(st.sampled_from([{}, {"lower": "0"}, {"lower": "-k", "upper": "1.5"}]))
    return Synapse(
        "Drawn",
        parameters=parameters(k=draw(st.sampled_from([0.0, 0.1, 0.7]))),
        variables=(*variables(**dict.fromkeys(names, 0.5)), Variable("w", **bounds)),
        equations=equations(**slopes),
        between=(Integrate(),),
        on_pre=some([Deliver(draw(st.sampled_from(["w", "w * x0", "x0 + 0.1 * normal()"])))]),
        on_post=some(),
        post_first=draw(st.booleans()),
    )


@settings(max_examples=15)
@given(drawn_rules(), st.integers(0, 5))
def test_drawn_rules(rule, seed):
    assert_same(rule, seed, tolerance=1e-6, pre=lambda t: {}, post=lambda t: {"v": math.sin(t)})


# --- networks -------------------------------------------------------------------------------------------

SPIKES = (
    [[1.0, 1.2, 3.5, 6.0, 9.1, 14.0], [0.5, 2.2, 6.0, 6.1, 11.0]],
    [[0.9, 3.5, 6.7, 13.0], [2.2, 5.9, 7.0, 11.4], []],
)


def relays(trains, gain, label):
    """Cells that spike at given times."""
    cells = sim.Population(len(trains), cell_type(RELAY)(gain=gain), label=label)
    times = [Sequence(np.array(train)) for train in trains]
    source = sim.Population(len(trains), sim.SpikeSourceArray(spike_times=times))
    synapse = sim.StaticSynapse(weight=1.0, delay=DT)
    sim.Projection(source, cells, sim.OneToOneConnector(), synapse, receptor_type="drive")
    cells.record(["spikes", "v", "got"])
    return cells


def network(rule, threads=1, connect=None, **values):
    """A projection of a rule between cells that spike at SPIKES."""
    sim.setup(timestep=DT, threads=threads)
    pre, post = relays(SPIKES[0], lambda i: 0.5 + 0.25 * i, "pre"), relays(SPIKES[1], 0.375, "post")
    connect = connect or (
        lambda pre, post, synapse: sim.Projection(
            pre, post, sim.AllToAllConnector(), synapse, receptor_type="other"
        )
    )
    return connect(pre, post, synapse_type(rule)(**values))


def signals(population, name):
    (signal,) = population.get_data(name, clear=False).segments[-1].filter(name=name)
    return signal.magnitude


def trains_of(population):
    return [np.array(train) for train in population.get_data("spikes", clear=False).segments[-1].spiketrains]


class Naive:
    """The synapses of a projection of `network`, event by event, by the naive interpreter."""

    def __init__(self, rule, projection, delay, fraction, weight, values=None):
        self.rule, self.delay, self.fraction = rule, delay, fraction
        self.pre, self.post = projection.pre, projection.post
        self.v, self.trains = signals(self.post, "v"), (trains_of(self.pre), trains_of(self.post))
        self.got = np.zeros_like(self.v)
        self.of = {}
        for i in range(self.pre.size):
            for j in range(self.post.size):
                self.of[i, j] = Connection(
                    rule, {"d": delay, **(values or {})} if rule.delay else values, weight, DT, lambda kind,
                        place: 0.0,
                    pre=lambda t, i=i: {"gain": 0.5 + 0.25 * i},
                    post=lambda t, j=j: {"gain": 0.375, "v": self.value_of_target(t, j)},
                )  # fmt: skip
                self.of[i, j].kind = None

    def value_of_target(self, t, j):
        return self.v[self.step_of_values, j]

    def run(self, begin, end, samples=()):
        """Take all through the events in (begin, end]; returns values at `samples` (ms), by synapse."""
        second = (
            {"pre": 1, "post": 0, "look": 2} if self.rule.post_first else {"pre": 0, "post": 1, "look": 2}
        )
        looked = {}
        for (i, j), synapse in self.of.items():
            axon, dendrite = self.delay * (1 - self.fraction), self.delay * self.fraction
            events = [(round(t + axon, 7), "pre", t) for t in self.trains[0][i]]
            events += [(round(t + dendrite, 7), "post", t) for t in self.trains[1][j]]
            # With an axonal delay a spike is dealt with in the last step before its arrival.
            hold = max(math.ceil(axon / DT - 1e-6) - 1, 0)
            arrived = [(spike + hold * DT, t) for t, kind, spike in events if kind == "pre"]
            for s in samples:
                events.append((max([s, *(t for dealt, t in arrived if dealt < s + 1e-6)]), "look", s))
            events = [
                event
                for event in events
                if begin < event[0] <= end + 1e-9 or (event[1] == "look" and event[0] >= begin)
            ]
            looked[i, j] = []
            for t, kind, spike in sorted(events, key=lambda event: (event[0], second[event[1]])):
                if kind == "look":
                    looked[i, j].append(self.look(synapse, max(spike, synapse.time)))
                    continue
                # of the target when a presynaptic spike is dealt with, or after its own spike
                self.step_of_values = round(spike / DT) + (hold if kind == "pre" else 0)
                amount = synapse.event(t, kind)
                step = round((spike + self.delay) / DT)
                if kind == "pre" and step < len(self.got):
                    self.got[step, j] += amount
        return looked

    def look(self, synapse, t):
        before = dict(synapse.values), synapse.time
        self.settle(synapse, t)
        seen = dict(synapse.values)
        synapse.values, synapse.time = before
        return seen

    @staticmethod
    def settle(synapse, t):
        """Take a synapse to the present."""
        synapse.elapsed, synapse.time = t - synapse.time, t
        synapse.local = {"t": np.float64(t), "elapsed": np.float64(synapse.elapsed)}
        synapse.run(synapse.model.between)

    def settle_all(self, t):
        for synapse in self.of.values():
            self.settle(synapse, t)


def recorded(projection):
    """Arrays [samples, synapses] by name, and the pairs of cells."""
    found = projection.get_data(clear=False).segments[-1].analogsignals
    names = found[0].array_annotations
    pairs = list(zip(names["presynaptic_index"], names["postsynaptic_index"], strict=True))
    return {signal.name: signal.magnitude for signal in found}, [tuple(map(int, p)) for p in pairs]


def assert_as_naive(projection, naive, looked, tolerance=1e-6):
    np.testing.assert_allclose(signals(projection.post, "got"), naive.got, rtol=tolerance, atol=tolerance)
    found, pairs = recorded(projection)
    for name, values in found.items():
        own = naive.rule.weight if name == "weight" else name
        expected = np.array([[float(seen[own]) for seen in looked[pair]] for pair in pairs]).T
        np.testing.assert_allclose(values, expected, rtol=tolerance, atol=tolerance, err_msg=name)
    weights = {(int(i), int(j)): w for i, j, w in projection.get("weight", format="list")}
    for pair in pairs:
        assert weights[pair] == pytest.approx(
            float(looked[pair][-1][naive.rule.weight]), rel=tolerance, abs=tolerance
        )


@pytest.mark.parametrize(
    "delay, fraction, post_first, threads, pieces",
    [(1.0, 1.0, False, 1, 1), (0.7, 0.3, False, 2, 4), (1.3, 0.0, False, 2, 1), (1.0, 0.3, True, 1, 2), (1.2,
        0.5, False, 1, 1)],
)  # fmt: skip
def test_a_rule_in_a_network(delay, fraction, post_first, threads, pieces):
    rule = replace(RULE, post_first=post_first, name=f"Rule{post_first}")
    projection = network(rule, threads, w=0.5, d=delay, dendritic_delay_fraction=fraction)
    projection.record("all", sampling_interval=2.0)
    for _ in range(pieces):
        sim.run(T / pieces)
    naive = Naive(rule, projection, delay, fraction, 0.5)
    looked = naive.run(0.0, T, samples=np.arange(0.0, T + 0.1, 2.0))
    assert np.abs(naive.got).max() > 0.1
    assert_as_naive(projection, naive, looked)


def all_of(projection):
    found, _ = recorded(projection)
    return [
        *found.values(),
        np.array(projection.get(["weight", "delay"], format="list")),
        signals(projection.post, "got"),
    ]


def test_same_bits_for_threads_pieces_and_looking():
    def run(threads, pieces, look=False):
        projection = network(RULE, threads, w=0.5, d=0.7, dendritic_delay_fraction=0.3, noise=0.1)
        projection.record("all", sampling_interval=4.0)
        for _ in range(pieces):
            sim.run(T / pieces)
            if look:
                projection.get("weight", format="array")
        return all_of(projection)

    expected = run(1, 1)
    for mine in run(2, 1), run(1, 8, True), run(2, 4, True):
        for one, other in zip(mine, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_reset_begins_anew():
    projection = network(RULE, w=lambda d: 0.25, d=0.7, dendritic_delay_fraction=0.3)
    projection.initialize(z=0.75)
    projection.record("all", sampling_interval=4.0)
    sim.run(T)
    first = all_of(projection)
    sim.reset()
    assert set(np.ravel(projection.get("weight", format="array"))) == {0.25}
    sim.run(T / 2)
    sim.run(T / 2)
    for one, other in zip(all_of(projection), first, strict=True):
        np.testing.assert_array_equal(one, other)
    assert set(recorded(projection)[0]["z"][0]) == {0.75}


@pytest.mark.parametrize("what", ["initialize", "set", "weight"])
def test_changes_in_mid_run(what):
    projection = network(RULE, w=0.5, d=0.7, dendritic_delay_fraction=0.3)
    projection.record("all", sampling_interval=4.0)
    half, samples = T / 2, np.arange(0.0, T + 0.1, 4.0)
    sim.run(half)
    if what == "initialize":
        projection.initialize(x=1.25, z=-0.5)
    else:
        projection.set(**({"A": 0.2} if what == "set" else {"weight": 1.25}))
    sim.run(half)
    naive = Naive(RULE, projection, 0.7, 0.3, 0.5)
    looked = naive.run(0.0, half, samples[samples <= half])
    naive.settle_all(half)
    for synapse in naive.of.values():
        if what == "initialize":
            synapse.values |= {"x": np.float64(1.25), "z": np.float64(-0.5)}
        elif what == "set":
            synapse.fixed["A"] = np.float64(0.2)
        else:
            synapse.values["w"] = np.float64(1.25)
    later = naive.run(half, T, samples[samples > half])
    assert_as_naive(projection, naive, {pair: looked[pair] + later[pair] for pair in looked})


def test_of_sources_only():
    """Rules without anything at spikes of the target: other kernels."""
    rule = replace(
        TSODYKS,
        parameters=parameters(U=0.5, tau_rec=20.0, tau_facil=8.0, tau_psc=3.0),
        on_pre=(*TSODYKS.on_pre, Deliver("0.01 * post.v + 0.001 * pre.gain + 0.001 * t")),
        name="Lone",
    )
    projection = network(rule, threads=2, w=0.5, delay=0.7)
    projection.record("all", sampling_interval=4.0)
    samples = np.arange(0.0, T + 0.1, 4.0)
    sim.run(T / 2)
    projection.initialize(u=0.25)
    sim.run(T / 4)
    projection.set(weight=0.75)
    sim.run(T / 4)
    naive = Naive(rule, projection, 0.7, 1.0, 0.5)
    looked = naive.run(0.0, T / 2, samples[samples <= T / 2])
    naive.settle_all(T / 2)
    for synapse in naive.of.values():
        synapse.values["u"] = np.float64(0.25)
    third = naive.run(T / 2, 0.75 * T, samples[(samples > T / 2) & (samples <= 0.75 * T)])
    for synapse in naive.of.values():
        synapse.fixed["w"] = np.float64(0.75)
    last = naive.run(0.75 * T, T, samples[samples > 0.75 * T])
    looked = {pair: [{"w": 0, **seen} for seen in looked[pair] + third[pair] + last[pair]] for pair in looked}
    found, pairs = recorded(projection)
    np.testing.assert_allclose(signals(projection.post, "got"), naive.got, atol=1e-7)
    for name in "u", "x", "y":
        expected = np.array([[float(seen[name]) for seen in looked[pair]] for pair in pairs]).T
        np.testing.assert_allclose(found[name], expected, atol=1e-7)


# --- the same as built-in types -------------------------------------------------------------------------


def spiking_network(synapse, threads=1):
    sim.setup(timestep=DT, threads=threads)
    cells = sim.Population(20, sim.IF_curr_exp(tau_refrac=2.0, i_offset=0.8))
    cells.initialize(v=sim.RandomDistribution("uniform", (-70, -55), rng=sim.NumpyRNG(seed=1)))
    source = sim.Population(60, sim.SpikeSourcePoisson(rate=60.0))
    connector = sim.FixedProbabilityConnector(0.3, rng=sim.NumpyRNG(seed=3))
    projection = sim.Projection(source, cells, connector, synapse, receptor_type="excitatory")
    cells.record("spikes")
    sim.run(20.0 if INTERPRETED else 300.0)
    weights = np.array(projection.get("weight", format="list"))
    return weights, [list(map(float, train)) for train in cells.get_data().segments[0].spiketrains]


def drawn(low, high, seed):
    return sim.RandomDistribution("uniform", (low, high), rng=sim.NumpyRNG(seed=seed))


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_pairs_give_the_weights_of_the_built_in_rule(fraction):
    options = {"delay": drawn(0.5, 4, 4), "dendritic_delay_fraction": fraction}
    rule = sim.SpikePairRule(20.0, 20.0, 0.01, 0.012)
    built_in = sim.STDPMechanism(
        rule, sim.AdditiveWeightDependence(0, 1), weight=drawn(0.1, 0.9, 9), **options
    )
    expected, expected_spikes = spiking_network(built_in)
    weights, spikes = spiking_network(
        synapse_type(STDP)(w=drawn(0.1, 0.9, 9), A_minus=0.012, **options), threads=2
    )
    assert spikes == expected_spikes
    np.testing.assert_allclose(weights, expected, atol=1e-12)
    assert INTERPRETED or np.ptp(weights[:, 2]) > 0.9


def test_short_term_plasticity_as_built_in():
    options = {"weight": drawn(0.5, 2, 9), "delay": drawn(0.5, 4, 4)}
    built_in = sim.TsodyksMarkramSynapse(U=0.5, tau_rec=800.0, tau_facil=50.0, **options)
    assert spiking_network(synapse_type(TSODYKS)(**options))[1] == spiking_network(built_in)[1]


def test_draws_differ_between_synapses_and_events():
    rule = Synapse("Noisy", on_pre=(Deliver("normal()"), Deliver("100 * uniform()")))
    sim.setup(timestep=DT)
    n = 10 if INTERPRETED else 100
    source = sim.Population(
        4, sim.SpikeSourceArray(spike_times=[Sequence(np.arange(1.0, n + 0.5) + 0.1 * k) for k in range(4)])
    )
    cells = sim.Population(5, cell_type(RELAY)())
    sim.Projection(
        source,
        cells,
        sim.AllToAllConnector(),
        synapse_type(rule)(weight=1.0, delay=DT),
        receptor_type="other",
    )
    cells.record("got")
    sim.run(n + 2.0)
    got = signals(cells, "got")
    got = got[np.any(got != 0.0, axis=1)]
    assert got.shape == (4 * n, 5) and len(np.unique(got)) == got.size
    sigma = math.sqrt((1 + 1e4 / 12) / got.size)
    assert got.mean() == pytest.approx(50.0, abs=5 * sigma)
    assert got.var() == pytest.approx(1 + 1e4 / 12, rel=0.5 if INTERPRETED else 0.1)


# --- views, assemblies, groups, files -------------------------------------------------------------------


def by_views(pre, post, synapse):
    return [
        sim.Projection(pre[i : i + 1], post[part], sim.AllToAllConnector(), synapse, receptor_type="other")
        for i in range(N_PRE)
        for part in (slice(0, 1), slice(1, 3))
    ]


def by_assemblies(pre, post, synapse):
    pre, post = sim.Assembly(pre[1:2], pre[0:1]), sim.Assembly(post[2:3], post[:2])
    return [sim.Projection(pre, post, sim.AllToAllConnector(), synapse, receptor_type="other")]


@pytest.mark.parametrize("connect", [by_views, by_assemblies])
def test_views_assemblies_and_several_groups(connect):
    values = {"w": 0.5, "d": 0.7, "dendritic_delay_fraction": 0.3}
    one = network(RULE, **values)
    sim.run(T)
    expected = one.get("weight", format="array"), signals(one.post, "got")
    projections = network(RULE, 2, connect, **values)
    sim.run(T)
    weights = sorted(
        w for each in projections for *_, w in each.get("weight", format="list", with_address=True)
    )
    np.testing.assert_allclose(weights, sorted(np.ravel(expected[0])), rtol=1e-12)
    post = projections[0].post
    post = getattr(post, "grandparent", None) or post.populations[0].grandparent
    np.testing.assert_allclose(signals(post, "got"), expected[1], rtol=1e-12)


def test_weights_go_round_through_a_file(tmp_path):
    projection = network(RULE, w=0.5, d=0.7, A=lambda d: 0.1)
    sim.run(T)
    weights = projection.get("weight", format="list")
    assert len({w for *_, w in weights}) > 3
    projection.save(["weight", "delay", "A"], str(tmp_path / "all.txt"))
    connector = sim.FromFileConnector(str(tmp_path / "all.txt"))
    again = network(
        RULE,
        connect=lambda pre, post, synapse: sim.Projection(
            pre, post, connector, synapse, receptor_type="other"
        ),
        A=0.0,
    )
    assert again.get(["weight", "delay", "A"], format="list") == projection.get(
        ["weight", "delay", "A"], format="list"
    )
    assert {a for *_, a in again.get("A", format="list")} == {0.1}


# --- mistakes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts, message",
    [
        (dict(on_post=(Deliver("w"),)), "at the arrival of a spike of the source only"),
        (dict(on_post=(Assign("x", "pre.v"),)), "'pre.v' is known at spikes of the source only"),
        (dict(between=(Assign("x", "post.v"),)), "'post.v' is known at spikes only"),
        (
            dict(inlines=(Inline("q", "post.v + 1"),), between=(Assign("x", "q"),)),
            "'post.v' is known at spikes only",
        ),
        (dict(on_pre=(Assign("x", "elapsed"),)), "'elapsed' is known between events only"),
        (dict(parameters=parameters(delay=2.0), on_pre=(Deliver("w * delay"),)), "'delay' can't be a name"),
    ],
)
def test_mistakes(parts, message):
    with pytest.raises(errors.InvalidModelError, match=f"M: .*{message}|M.*: {message}"):
        synapses.generated(Synapse("M", **{"variables": variables(x=0), **parts}))


@pytest.mark.parametrize(
    "expression, message", [("post.u", "post.u, which Relay"), ("pre.gaim", "did you mean 'gain'")]
)
def test_values_that_cells_do_not_have(expression, message):
    rule = Synapse("Asking", on_pre=(Deliver(expression),))
    with pytest.raises(errors.InvalidModelError, match=message):
        network(rule, delay=1.0)
