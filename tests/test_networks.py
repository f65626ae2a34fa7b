"""
Networks drawn at random: the package against the naive simulator, against itself with other numbers of
threads, cut into pieces, with populations split, and after a reset.

``--hypothesis-profile=deep`` draws thousands instead of tens.

Spikes that the naive simulator finds nearer to the threshold than its cell type's `tie` may fall either
way by rounding: such networks are discarded (about one in a thousand).
"""

from dataclasses import replace

import numpy as np
import pytest
from drawn_networks import (
    CERTAIN,
    DEPENDENCES,
    RANDOM_SOURCES,
    RANDOM_SYNAPSES,
    RULES,
    SOURCES,
    Connections,
    Engine,
    Naive,
    Selection,
    expected_connections,
    networks,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from naive.cells import CELLS
from pyNN.models import BaseSynapseType
from pyNN.standardmodels.base import STDPTimingDependence, STDPWeightDependence

import pyNN_fastsim as sim

LINEAR = [kind for kind, celltype in CELLS.items() if celltype.linear]
SLOW = [kind for kind, celltype in CELLS.items() if not celltype.linear]
STOCHASTIC = [kind for kind, celltype in CELLS.items() if celltype.log_rate]
RANDOM = [*RANDOM_SOURCES, *STOCHASTIC]
quietly = settings(
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)

# That their numbers may be meant is one of the things that are tested.
pytestmark = [
    pytest.mark.usefixtures("always_threads"),
    pytest.mark.filterwarnings("error:.*is hardly meant"),
]


def assert_agree(spec, found, expected):
    """Spikes are equal; samples to the tolerance of the cell type."""
    for c, trials, expected_trials in zip(spec.cells, found, expected, strict=True):
        assert len(trials) == len(expected_trials)
        for trial, expected_trial in zip(trials, expected_trials, strict=True):
            assert trial.keys() == expected_trial.keys()
            assert trial["spikes"] == expected_trial["spikes"], c.kind
            for name in trial.keys() - {"spikes"}:
                assert_near(trial[name], expected_trial[name], c, name, c.interval * spec.dt)


def assert_near(found, expected, c, name, interval):
    """Samples, one every `interval` ms, agree: v to the tolerance of the cell type (mV), others to a
    hundredth of that number, all with a relative 1e-10, and as they were or will be at most `timing` away."""
    assert found.shape == expected.shape
    change = np.abs(np.diff(expected, axis=0, prepend=expected[:1], append=expected[-1:])) / interval
    slope = np.maximum(change[:-1], change[1:])
    tolerance = CELLS[c.kind].tolerance * (1.0 if name == "v" else 0.01)
    allowed = tolerance + 1e-10 * np.abs(expected) + CELLS[c.kind].timing * slope
    worst = np.max(np.abs(found - expected) / allowed, initial=0.0)
    assert worst <= 1.0, f"{c.kind} {name}: {worst:g} times the tolerance"


def assert_identical(found, expected):
    """To the last bit."""
    for trials, expected_trials in zip(found, expected, strict=True):
        assert len(trials) == len(expected_trials)
        for trial, expected_trial in zip(trials, expected_trials, strict=True):
            assert trial.keys() == expected_trial.keys()
            for name in trial:
                np.testing.assert_array_equal(trial[name], expected_trial[name], err_msg=name)


def check_against_naive(spec):
    engine = Engine(spec)
    for c, made in zip(spec.connections, engine.made, strict=False):
        expected = expected_connections(spec, c)
        if expected is not None:
            width = len(expected[0]) if expected else 2
            assert sorted(row[:width] for row in made) == sorted(expected)
    naive = Naive(spec, engine)
    assume(naive.nearest > 1.0)
    assert_agree(spec, engine.results(), naive.results())
    for found, expected in zip(engine.plastic_weights(), naive.plastic_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def classes(base):
    """Names of the package's classes of a kind."""
    return {name for name, each in vars(sim).items() if isinstance(each, type) and issubclass(each, base)}


def test_everything_is_drawn():
    standard = set(sim.list_standard_models())
    neurons = {name for name in standard if getattr(sim, name).injectable}
    assert neurons <= {kind.split()[0] for kind in CELLS}
    assert standard - neurons == set(SOURCES)
    graded = {name for name in classes(BaseSynapseType) if getattr(sim, name).is_graded}
    assert classes(BaseSynapseType) - graded == {*CERTAIN, *RANDOM_SYNAPSES}
    assert classes(STDPTimingDependence) == set(RULES)
    assert classes(STDPWeightDependence) == set(DEPENDENCES)


@quietly
@given(networks(kinds=LINEAR))
def test_linear_cells_agree_with_the_naive_simulator(spec):
    check_against_naive(spec)


@quietly
@given(networks(kinds=SLOW))
def test_other_cells_agree_with_the_naive_simulator(spec):
    check_against_naive(spec)


@quietly
@given(networks(kinds=STOCHASTIC))
def test_cells_that_spike_at_random_agree_with_the_naive_simulator(spec):
    check_against_naive(spec)


@quietly
@given(networks(), st.integers(2, 4))
def test_threads_make_no_difference(spec, threads):
    assert_identical(Engine(spec, threads).results(), Engine(spec).results())


def cut(program, places):
    """The program with every run cut into pieces, after the given steps of it."""
    result = []
    for name, *arguments in program:
        if name == "run":
            (steps,) = arguments
            edges = [0, *sorted(p for p in places if p < steps), steps]
            result += [("run", b - a) for a, b in zip(edges[:-1], edges[1:], strict=True)]
        else:
            result.append((name, *arguments))
    return result


@quietly
@given(networks(), st.lists(st.integers(0, 60), max_size=8), st.integers(1, 2))
def test_pieces_make_no_difference(spec, places, threads):
    pieces = replace(spec, program=cut(spec.program, places))
    assert_identical(Engine(pieces, threads).results(), Engine(spec).results())


@quietly
@given(
    networks(
        kinds=[kind for kind in CELLS if kind not in RANDOM],
        actions=("weights", "one weight"),
        random_sources=False,
        synapses=CERTAIN,
    )
)
def test_a_reset_brings_everything_back(spec):
    first = Engine(spec).results()
    again = replace(spec, program=[*spec.program, ("reset",), *spec.program])
    for once, twice in zip(first, Engine(again).results(), strict=True):
        assert_identical([once, once], [twice[:1], twice[1:]])


# --- a population in two ---------------------------------------------------------------------------------


def split(spec, engine, p, at):
    """The spec with population p as two, the first of `at` cells; connections as in `engine`."""
    first, second = (part_of(spec.cells[p], cells) for cells in halves(spec.cells[p].size, at))
    divided = replace(spec, cells=[*spec.cells[:p], first, second, *spec.cells[p + 1 :]])

    def everywhere(selection):
        parts = []
        for q, chosen in selection.parts:
            indices = np.arange(spec.cells[q].size)
            indices = indices if chosen is None else indices[chosen]
            if q == p:
                parts.append((p, [int(i) for i in indices if i < at]))
                parts.append((p + 1, [int(i) - at for i in indices if i >= at]))
            else:
                parts.append((q + (q > p), chosen))
        return Selection([part for part in parts if part[1] != []])

    divided.connections = [
        Connections(
            everywhere(c.pre), everywhere(c.post), c.receptor, ("List", {"rows": made}), 0.0, 1.0, c.synapse
        )
        for c, made in zip(spec.connections, engine.made, strict=True)
        if made
    ]
    kept = [k for k, made in enumerate(engine.made) if made]
    divided.injections = [replace(i, into=[everywhere(s) for s in i.into]) for i in spec.injections]
    divided.program = [
        (name, everywhere(arguments[0]), *arguments[1:]) if name in ("set", "initialize")
        else (name, kept.index(arguments[0]), *arguments[1:]) if name in ("weights", "delays")
        else (name, arguments[0] + (arguments[0] > p), *arguments[1:]) if name == "spikes"
        else (name, *arguments)
        for name, *arguments in spec.program
        if not (name in ("weights", "delays") and arguments[0] not in kept)
    ]  # fmt: skip
    return divided


def halves(n, at):
    return list(range(at)), list(range(at, n))


def part_of(c, cells):
    """A population of some of the cells of another, all of them recorded."""

    def of(values):
        return {n: [v[i] for i in cells] if isinstance(v, list) else v for n, v in values.items()}

    return replace(
        c, size=len(cells), values=of(c.values), initial=of(c.initial), recorded=[list(range(len(cells)))]
    )


def joined(first, second, at):
    """The results of two populations as those of one."""
    return [
        {
            name: sorted(a[name] + [(step, cell + at) for step, cell in b[name]])
            if name == "spikes"
            else np.concatenate([a[name], b[name]], axis=1)
            for name in a
        }
        for a, b in zip(first, second, strict=True)
    ]


@quietly
@given(networks(actions=("set", "initialize", "spikes", "current", "reset"), synapses=CERTAIN), st.data())
def test_one_population_or_two(spec, data):
    # Random numbers are those of a cell of a population.
    large_enough = [p for p, c in enumerate(spec.cells) if c.size > 1 and c.kind not in RANDOM]
    assume(large_enough)
    p = data.draw(st.sampled_from(large_enough))
    at = data.draw(st.integers(1, spec.cells[p].size - 1))
    spec.cells[p].recorded = [list(range(spec.cells[p].size))]
    # Spike times of one population can't be set for two at once.
    spec.program = [action for action in spec.program if action[:2] != ("spikes", p)]
    engine = Engine(spec)
    expected = engine.results()
    found = Engine(split(spec, engine, p, at)).results()
    found[p : p + 2] = [joined(found[p], found[p + 1], at)]
    assert_agree(spec, found, expected)
