"""Bad input is refused before it can do harm, in words that name the object, parameter and value."""

import numpy as np
import pytest
from pyNN.errors import (
    InvalidDimensionsError,
    InvalidModelError,
    InvalidParameterValueError,
    NonExistentParameterError,
    NothingToWriteError,
    RecordingError,
)
from pyNN.parameters import Sequence
from pyNN.random import NumpyRNG, RandomDistribution
from quantities import mV

import pyNN_fastsim as sim
from pyNN_fastsim import simulator

N = 4
NAN, INF = float("nan"), float("inf")


@pytest.fixture(autouse=True)
def new_network():
    sim.setup(timestep=0.1)


def raises(error, *words):
    """The error is to be raised, with all these words in its message."""
    pattern = "".join(f"(?=(?:.|\n)*(?:{word}))" for word in words)
    return pytest.raises(error, match=pattern)


def cells(**parameters):
    return sim.Population(N, sim.IF_curr_exp(**parameters), label="cells")


# Ways to give a parameter of N cells a value.
PLACES = {
    "constructor": lambda name, value: cells(**{name: value}),
    "set": lambda name, value: cells().set(**{name: value}),
    "view": lambda name, value: cells()[0:N].set(**{name: value}),
    "view of a view": lambda name, value: cells()[::-1][0:N].set(**{name: value}),
    "assembly": lambda name, value: (cells()[0:2] + cells()[2:4]).set(**{name: value}),
}
BAD = {
    "string": ("12", "'12'"),
    "expression": ("d*2", "'d\\*2'"),
    "bytes": (b"a", "b'a'"),
    "None": (None, "None"),
    "complex": (1j, "1j"),
    "dict": ({"a": 1}, "{'a': 1}"),
    "set": ({1.0}, "{1.0}"),
    "type": (float, "class 'float'"),
    "object": (object(), "object"),
    "strings": (["a"] * N, "'a'"),
    "Nones": ([None] * N, "None"),
    "complexes": (np.full(N, 1j), r"array\(\[0.\+1.j"),
    "ragged": ([1, 2, 3, [4]], r"\[4\]"),
    "Sequence": (Sequence([1, 2]), "Sequence"),
    "NaN": (NAN, "nan"),
    "infinity": (INF, "inf"),
    "minus infinity": (-INF, "finite.*-inf"),
    "NaN in list": ([1, 2, NAN, 4], "nan"),
    "infinity in array": (np.array([1, INF, 3, 4]), "inf"),
    "NaN of a function": (lambda i: np.where(i >= 0, NAN, 1.0), "nan"),
    "None of a function": (lambda i: None, "None"),
    "string of a function": (lambda i: "a", "'a'"),
    "zero": (0, "0"),
    "negative": (-1.5, "-1.5"),
    "negative in list": ([1, 2, -3, 4], "-3"),
    "negative at random": (RandomDistribution("normal", (-5, 0.1), rng=NumpyRNG(1)), "-5|-4"),
    "units": (20 * mV, "mV"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("bad", BAD)
def test_values(bad, place):
    value, shown = BAD[bad]
    owner = "(cells|IF_curr_exp)"
    with raises(InvalidParameterValueError, owner, "tau_m", shown):
        PLACES[place]("tau_m", value)


@pytest.mark.parametrize("bad", [bad for bad in BAD if not bad.startswith(("zero", "negative"))])
def test_initial_values(bad):
    value, shown = BAD[bad]
    shown = shown if bad != "units" else "mV, not mV"
    value = value if bad != "units" else value**2
    p = cells()
    for attempt in (
        lambda: sim.Population(N, sim.IF_curr_exp(), initial_values={"v": value}, label="cells"),
        lambda: p.initialize(v=value),
        lambda: p[0:N].initialize(v=value),
        lambda: sim.Assembly(p).initialize(v=value),
    ):
        with raises(InvalidParameterValueError, "cells", r"initial value of v\b", shown):
            attempt()
    assert p.initial_values["v"].evaluate(simplify=True) == -65.0


@pytest.mark.parametrize("place", [*PLACES, "initialize"])
@pytest.mark.parametrize(
    "value, has", [([1, 2], "2 values"), ([1], "1 value"), (np.ones((N, 1)), r"\(4, 1\)")]
)
def test_sizes(place, value, has):
    if place == "constructor":
        return  # see below
    give = PLACES.get(place, lambda name, value: cells().initialize(v=value))
    if place == "assembly":
        if has == "2 values":
            return  # is one for each cell of each population
        give = lambda name, value: (cells() + cells()).set(**{name: value})  # noqa: E731
    with raises(InvalidDimensionsError, "cells", "tau_m|initial value of v", has, "4 cells"):
        give("tau_m", value)


def test_sizes_at_creation():
    with raises(InvalidDimensionsError, "cells", "tau_m", "2 values", "4 cells"):
        cells(tau_m=[1, 2])
    with raises(InvalidDimensionsError, "cells", "tau_m", "2 values", "4 cells"):
        sim.Population(N, sim.IF_curr_exp, {"tau_m": [1, 2]}, label="cells")
    with raises(InvalidDimensionsError, "sources", "spike_times", "2 values", "4 cells"):
        sim.Population(N, sim.SpikeSourceArray(spike_times=[[1], [2]]), label="sources")
    with raises(InvalidDimensionsError, "v of|of v", "2 values", "4 cells"):
        sim.Population(N, sim.IF_curr_exp(), initial_values={"v": [1, 2]})
    with raises(InvalidDimensionsError, "tau_m", "3 values", "1 cell"):
        cells()[1].tau_m = [1, 2, 3]


UNKNOWN = {
    "constructor": lambda p: sim.IF_curr_exp(tau_mm=1),
    "old constructor": lambda p: sim.Population(N, sim.IF_curr_exp, {"tau_mm": 1}),
    "set": lambda p: p.set(tau_mm=1),
    "get": lambda p: p.get("tau_mm"),
    "get of several": lambda p: p.get(["cm", "tau_mm"]),
    "view": lambda p: p[1:3].set(tau_mm=1),
    "view get": lambda p: p[1:3].get("tau_mm"),
    "assembly": lambda p: (p + cells()).set(tau_mm=1),
    "assembly get": lambda p: (p + cells()).get("tau_mm"),
    "cell": lambda p: setattr(p[0], "tau_mm", 1),
    "cell get": lambda p: p[0].tau_mm,
    "cell parameters": lambda p: p[0].set_parameters(tau_mm=1),
}


@pytest.mark.parametrize("where", UNKNOWN)
def test_unknown_parameters(where):
    p = cells()
    with raises(NonExistentParameterError, "tau_mm", "IF_curr_exp", "tau_m,"):
        UNKNOWN[where](p)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda p: p.initialize(vv=-60),
        lambda p: p[1:3].initialize(vv=-60),
        lambda p: (p + cells()).initialize(vv=-60),
        lambda p: sim.initialize(p, vv=-60),
        lambda p: p[0].set_initial_value("vv", -60),
        lambda p: sim.Population(N, sim.IF_curr_exp(), initial_values={"vv": -60}),
        lambda p: p.initialize(_refractory=1),
    ],
)
def test_unknown_initial_values(attempt):
    with raises(NonExistentParameterError, "vv|_refractory", "IF_curr_exp", "isyn_exc, isyn_inh, v"):
        attempt(cells())


@pytest.mark.parametrize("given, nearest", [("tau_mm", "tau_m"), ("TAU_M", "tau_m"), ("ioffset", "i_offset")])
def test_the_nearest_name_is_told(given, nearest):
    with raises(NonExistentParameterError, f"'{given}' \\(did you mean '{nearest}'\\?\\)"):
        cells().set(**{given: 1})


@pytest.mark.parametrize(
    "attempt",
    [
        lambda p: p.record("V"),
        lambda p: p.record(["spikes", "V"]),
        lambda p: p[0:2].record("V"),
        lambda p: (p + cells()).record("V"),
        lambda p: p.get_data("V"),
        lambda p: (p + cells()).get_data(["V"]),
        lambda p: p.write_data("x.pkl", "V"),
    ],
)
def test_unknown_variables(attempt):
    p = cells()
    with raises(RecordingError, "'V'", "did you mean 'v'", "cells", "IF_curr_exp", "spikes,v"):
        attempt(p)
    assert not any(p.recorder.recorded.values())


def test_spike_sources_have_no_voltage():
    p = cells()
    source = sim.Population(2, sim.SpikeSourcePoisson(), label="source")
    with raises(RecordingError, "'v'", "source", "SpikeSourcePoisson"):
        (p + source).record("v")
    assert not any(p.recorder.recorded.values())  # all or none
    with raises(RecordingError, "5"):
        p.record(5)


@pytest.mark.parametrize("value", [0, -1, 0.15, 0.05, NAN, INF, "1", 1j, [1.0]])
def test_sampling_interval(value):
    p = cells()
    for group in (p, p[0:1], sim.Assembly(p)):
        with raises(ValueError, "cells", "sampling_interval", "0.1 ms"):
            group.record("v", sampling_interval=value)
    p.record("v", sampling_interval=0.5)
    with raises(ValueError, "cells", "sampling_interval", "0.5", "not 1.0"):
        p.record("isyn_exc", sampling_interval=1.0)
    sim.run(1.0)
    (v,) = p.get_data().segments[0].analogsignals
    assert v.shape == (3, N)


@pytest.mark.parametrize(
    "cell", [getattr(sim, name) for name in sim.list_standard_models() if name != "PointNeuron"]
)
@pytest.mark.parametrize("value", [0.0, -0.5])
def test_signs(cell, value):
    """Time constants and capacitances above zero, rates and conductances not below it, the rest free."""
    ordered = {name for rule in (*cell.above, *cell.below) for name in rule}
    for name in cell.default_parameters:
        if not isinstance(cell.default_parameters[name], (int, float)) or name in ordered:
            continue
        if name in (
            "cm",
            "tau_m",
            "tau_syn_E",
            "tau_syn_I",
            "tau_w",
            "tau_sfa",
            "tau_rr",
            "delta_v",
            "alpha",
        ):
            forbidden = True
        elif name in (
            *("tau_refrac", "rate", "beta", "start", "duration", "delta_T", "lambda0", "q_sfa", "q_rr"),
            *("gbar_Na", "gbar_K", "g_leak"),
        ):
            forbidden = value < 0
        else:
            forbidden = False
        if forbidden:
            with raises(InvalidParameterValueError, name, str(value)):
                sim.Population(2, cell(**{name: value}))
        else:
            sim.Population(2, cell(**{name: value}))


@pytest.mark.parametrize("v_reset", [-50.0, -49.0])
def test_reset_below_threshold(v_reset):
    p = cells()
    for attempt in (
        lambda: cells(v_reset=v_reset, v_thresh=-50.0),
        lambda: p.set(v_reset=v_reset),
        lambda: p[1:2].set(v_reset=v_reset),
        lambda: setattr(p[1], "v_thresh", -65.0 if v_reset == -50 else -70.0),
    ):
        with raises(InvalidParameterValueError, "cells", "v_reset", "below v_thresh", "-[0-9.]+"):
            attempt()
    p.set(v_reset=-40.0, v_thresh=-30.0)  # each alone would be wrong
    assert p.get(["v_reset", "v_thresh"]) == [-40.0, -30.0]


BAD_TIMES = {
    "unsorted": ([3.0, 1.0], "increasing", "1.0 ms after 3.0"),
    "negative": ([-1.0, 2.0], "negative", "-1.0"),
    "NaN": ([1.0, NAN], "finite", "nan"),
    "infinity": ([1.0, INF], "finite", "inf"),
    "number": (5.0, "list of numbers", "5.0"),
    "None": (None, "list of numbers", "None"),
    "string": ("abc", "list of numbers", "abc"),
    "strings": (["a", "b", "c"], "list of numbers", "'a'"),
    "dict": ({1: 2}, "list of numbers", "1: 2"),
    "complex": ([1j, 2j], "list of numbers", "1j"),
    "3D": (np.ones((3, 2, 2)), "list of numbers", "1."),
    "of one cell": ([[1.0], [2.0, 1.0], []], "cell 1", "1.0 ms after 2.0"),
    "of one Sequence": ([Sequence([1.0]), Sequence([]), Sequence([4.0, NAN])], "cell 2", "nan"),
    "number among lists": ([[1.0], 2.0, [3.0]], "cell 1", "2.0"),
    "of a function": (lambda i: Sequence([-1.0 - i]), "cell 0", "-1.0"),
}


@pytest.mark.parametrize("bad", BAD_TIMES)
def test_spike_times(bad):
    value, *words = BAD_TIMES[bad]
    p = sim.Population(3, sim.SpikeSourceArray(spike_times=[1.0, 2.0]), label="source")
    for attempt in (
        lambda: sim.Population(3, sim.SpikeSourceArray(spike_times=value), label="source"),
        lambda: p.set(spike_times=value),
        lambda: p[0:3].set(spike_times=value),
    ):
        with raises(InvalidParameterValueError, "source|SpikeSourceArray", "spike_times", *words):
            attempt()
    assert p.get("spike_times") == Sequence([1.0, 2.0])


def test_views_name_the_cell_of_their_population():
    p = sim.Population(5, sim.SpikeSourceArray(), label="source")
    with raises(InvalidParameterValueError, "cell 3", "spike_times"):
        p[2:5][1:2].set(spike_times=[2.0, 1.0])
    with raises(InvalidParameterValueError, "tau_m", r"cell 3\b"):
        cells()[3].tau_m = -1


# --- what fails changes nothing ---------------------------------------------------------------


@pytest.mark.parametrize(
    "attempt",
    [
        lambda p: p.set(cm=2.0, tau_m=-1.0),
        lambda p: p.set(cm=2.0, tau_m=[1, 2]),
        lambda p: p.set(cm=2.0, tau_mm=1.0),
        lambda p: p.set(cm=2.0, tau_m="a"),
        lambda p: p.set(cm=2.0, tau_m=lambda i: 1 / 0),
        lambda p: p[0:2].set(cm=2.0, tau_m=NAN),
        lambda p: (p[0:2] + p[2:4]).set(cm=2.0, tau_m=[5, 5, 5, -5]),
        lambda p: (p + sim.Population(1, sim.SpikeSourcePoisson())).set(cm=2.0),
        lambda p: p.initialize(v=-50.0, isyn_exc=NAN),
        lambda p: p.initialize(v=-50.0, vv=1.0),
        lambda p: p[0:2].initialize(v=-50.0, isyn_exc=[1, 2, 3]),
        lambda p: (p[0:2] + p[2:4]).initialize(v=[-50, -50, -50, INF]),
        lambda p: (p + sim.Population(1, sim.SpikeSourcePoisson())).initialize(v=-50.0),
    ],
)
@pytest.mark.parametrize("running", [False, True])
def test_a_failed_change_changes_nothing(attempt, running):
    p, twin = cells(tau_m=[10, 11, 12, 13], i_offset=0.5), cells(tau_m=[10, 11, 12, 13], i_offset=0.5)
    for group in (p, twin):
        group.record(["v", "isyn_exc"])
    if running:
        sim.run(5.0)
    with pytest.raises((ValueError, KeyError, ZeroDivisionError)):
        attempt(p)
    assert p.get("cm") == 1.0 and p.get("tau_m").tolist() == [10, 11, 12, 13]
    assert p.initial_values["v"].evaluate(simplify=True) == -65.0
    sim.run(5.0)
    for got, want in zip(
        p.get_data().segments[0].analogsignals, twin.get_data().segments[0].analogsignals, strict=True
    ):
        np.testing.assert_array_equal(got.magnitude, want.magnitude)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: cells(tau_m=-1),
        lambda: cells(tau_m=[1, 2]),
        lambda: sim.Population(3, sim.IF_curr_exp(), initial_values={"v": NAN}),
        lambda: sim.Population(3, sim.IF_curr_exp(), initial_values={"vv": 1}),
        lambda: sim.Population(3, sim.IF_curr_exp(), {"tau_m": 1}),
        lambda: sim.Population(3, 5),
    ],
)
def test_a_population_that_fails_leaves_no_trace(attempt):
    p = cells()
    p.record("v")
    with pytest.raises((ValueError, KeyError, TypeError, AssertionError)):
        attempt()
    assert len(simulator.state.network.blocks) == len(simulator.state.populations) == 1
    assert simulator.state.recorders == {p.recorder}
    q = cells()
    assert int(q.first_id) == int(p.last_id) + 1
    sim.run(1.0)
    sim.reset()
    sim.run(1.0)
    assert len(p.get_data().segments) == 2


@pytest.mark.parametrize("size", [0, -3, (3, 0), 2.5, "3", None, (2, 1.5)])
def test_sizes_of_populations(size):
    with raises(ValueError, "cell|size"):
        sim.Population(size, sim.IF_curr_exp())


def test_cell_types_of_another_backend():
    import pyNN.mock

    with raises(InvalidModelError, "IF_curr_exp"):
        sim.Population(2, pyNN.mock.IF_curr_exp())


@pytest.mark.parametrize(
    "index",
    [[4], [-5], [0, 9], slice(7, 9), [], [0.5], ["a"], np.zeros(4, bool), np.ones(3, bool), [[0, 1]]],
)
def test_cells_that_there_are_not(index):
    p = cells()
    with pytest.raises((IndexError, ValueError), match="cells"):
        p[index]


@pytest.mark.parametrize("index", [4, -5])
def test_a_cell_that_there_is_not(index):
    p = cells()
    for group in (p, p[0:4], p[0:2] + p[2:4]):
        with pytest.raises(IndexError):
            group[index]


# --- renewal processes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell, values, words",
    [
        ("SpikeSourcePoissonRefractory", {"rate": 100.0, "tau_refrac": 10.0}, ["rate", "100", "100.0"]),
        ("SpikeSourcePoissonRefractory", {"rate": 300.0, "tau_refrac": [1, 2, 4, 3]}, ["250 Hz", "cell 2"]),
        ("SpikeSourceGamma", {"alpha": [1, 2, 0, 3]}, ["alpha", "positive", "0.0", "cell 2"]),
        ("SpikeSourceGamma", {"beta": -1.0}, ["beta", "negative", "-1.0"]),
        ("SpikeSourceInhGamma", {"a": [1.0, 2.0]}, ["tbins, a and b", "1, 2 and 1"]),
        ("SpikeSourceInhGamma", {"tbins": [], "a": [], "b": []}, ["at least one", "0, 0 and 0"]),
        ("SpikeSourceInhGamma", {"a": [0.0]}, ["a must be positive", "0.0"]),
        (
            "SpikeSourceInhGamma",
            {"b": [[1.0], [1.0], [-1.0], [1.0]]},
            ["cell 2", "b must be positive", "-1.0"],
        ),
        ("SpikeSourceInhGamma", {"b": [NAN]}, ["b must be", "finite", "nan"]),
        ("SpikeSourceInhGamma", {"b": [INF]}, ["b must be", "finite", "inf"]),
        ("SpikeSourceInhGamma", {"a": 1.0}, ["a must be", "list of numbers", "1.0"]),
        (
            "SpikeSourceInhGamma",
            {"tbins": [0.0, 5.0, 5.0], "a": [1.0] * 3, "b": [1.0] * 3},
            ["tbins must be in increasing order", "5.0"],
        ),
    ],
)
def test_renewal_processes(cell, values, words):
    with raises(InvalidParameterValueError, *words):
        sim.Population(N, getattr(sim, cell)(**values))
    p = sim.Population(N, getattr(sim, cell)(), label="source")
    before = p.get(list(p.celltype.default_parameters), simplify=True)
    with raises(InvalidParameterValueError, *words, "source|" + cell):
        p.set(**values)
    assert str(p.get(list(p.celltype.default_parameters), simplify=True)) == str(before)
    p.record("spikes")
    sim.run(5.0)


# --- current sources --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: sim.DCSource(amplitud=1), ["'amplitud'", "amplitude", "DCSource"]),
        (lambda: sim.DCSource(amplitude=NAN), ["DCSource", "amplitude", "nan"]),
        (lambda: sim.DCSource(amplitude="1"), ["DCSource", "amplitude", "'1'"]),
        (lambda: sim.DCSource(amplitude=None), ["DCSource", "amplitude", "None"]),
        (lambda: sim.DCSource(amplitude=[1, 2]), ["DCSource", "amplitude", "2 values"]),
        (lambda: sim.DCSource(start=-1), ["DCSource", "start", "-1.0"]),
        (lambda: sim.DCSource(stop=-INF), ["DCSource", "stop", "-inf"]),
        (lambda: sim.DCSource(start=5, stop=3), ["DCSource", "stop", "3.0", "5.0"]),
        (
            lambda: sim.StepCurrentSource(times=[1, 2], amplitudes=[1]),
            ["Step", "2 times", "1 amplitudes"],
        ),
        (lambda: sim.StepCurrentSource(times=[2, 1], amplitudes=[1, 2]), ["times", "1.0", "after 2.0"]),
        (lambda: sim.StepCurrentSource(times=[1, 1], amplitudes=[1, 2]), ["times", "1.0", "after 1.0"]),
        (lambda: sim.StepCurrentSource(times=[-1, 1], amplitudes=[1, 2]), ["times", "negative", "-1"]),
        (lambda: sim.StepCurrentSource(times=[1, NAN], amplitudes=[1, 2]), ["times", "nan"]),
        (lambda: sim.StepCurrentSource(times=[1, 2], amplitudes=[1, INF]), ["amplitudes", "inf"]),
        (lambda: sim.StepCurrentSource(times=5.0, amplitudes=[1]), ["times", "list of numbers", "5.0"]),
        (lambda: sim.StepCurrentSource(times=["a"], amplitudes=[1]), ["times", "'a'"]),
        (lambda: sim.ACSource(freq=1), ["'freq'", "frequency", "ACSource"]),
        (lambda: sim.ACSource(frequency=NAN), ["ACSource", "frequency", "nan"]),
        (lambda: sim.ACSource(phase="1"), ["ACSource", "phase", "'1'"]),
        (lambda: sim.ACSource(start=-1), ["ACSource", "start", "-1.0"]),
        (lambda: sim.ACSource(start=5, stop=3), ["ACSource", "stop", "3.0", "5.0"]),
        (lambda: sim.NoisyCurrentSource(std=1), ["'std'", "stdev", "NoisyCurrentSource"]),
        (lambda: sim.NoisyCurrentSource(stdev=-1), ["NoisyCurrentSource", "stdev", "-1.0"]),
        (lambda: sim.NoisyCurrentSource(mean=INF), ["NoisyCurrentSource", "mean", "inf"]),
        (lambda: sim.NoisyCurrentSource(start=5, stop=3), ["NoisyCurrentSource", "stop", "3.0"]),
        (lambda: sim.NoisyCurrentSource(dt=0.15), ["NoisyCurrentSource", "dt", "multiple", "0.1 ms", "0.15"]),
        (lambda: sim.NoisyCurrentSource(dt=0.05), ["NoisyCurrentSource", "dt", "multiple", "0.05"]),
        (lambda: sim.NoisyCurrentSource(dt=0), ["NoisyCurrentSource", "dt", "0.0"]),
        (lambda: sim.NoisyCurrentSource(rng=NumpyRNG(1)), ["'rng'", "NoisyCurrentSource"]),
    ],
)
def test_current_sources(make, words):
    with raises((ValueError, NonExistentParameterError), *words):
        make()


def test_a_current_source_keeps_its_values():
    dc = sim.DCSource(amplitude=0.5, start=1.0, stop=2.0)
    steps = sim.StepCurrentSource(times=[1.0, 2.0], amplitudes=[0.5, 0.0])
    noise = sim.NoisyCurrentSource(stdev=0.5)
    for source, name, value in (
        (noise, "dt", 0.05),
        (noise, "stdev", -1.0),
        (dc, "amplitude", NAN),
        (dc, "stop", 0.5),
        (dc, "start", "a"),
        (steps, "times", [1.0]),
        (steps, "amplitudes", [1.0, NAN]),
    ):
        before = source.get_parameters()
        with raises(ValueError, type(source).__name__, name):
            setattr(source, name, value)
        assert source.get_parameters() == before
    with raises(NonExistentParameterError, "amplitud", "amplitude"):
        dc.set_parameters(amplitud=1.0)
    with pytest.raises(NothingToWriteError, match="record"):
        dc.get_data()


def test_noise_whose_interval_does_not_fit_another_time_step():
    noise = sim.NoisyCurrentSource(dt=0.3)
    sim.setup(timestep=0.2)
    p = cells()
    with raises(InvalidParameterValueError, "NoisyCurrentSource", "dt", "0.2 ms", "0.3 ms"):
        p.inject(noise)
    with raises(InvalidParameterValueError, "NoisyCurrentSource", "dt", "0.2 ms", "0.3 ms"):
        noise.record()
    noise.dt = 0.4
    p.inject(noise)


def test_currents_for_cells_only():
    dc = sim.DCSource(amplitude=0.5)
    p, source = cells(), sim.Population(2, sim.SpikeSourcePoisson(), label="source")
    for attempt in (
        lambda: source.inject(dc),
        lambda: source[0].inject(dc),
        lambda: dc.inject_into(source[0:1]),
        lambda: (p + source).inject(sim.DCSource()),
        lambda: dc.inject_into([source[0]]),
        lambda: dc.inject_into([3]),
    ):
        with raises(TypeError, "[Cc]an't inject current"):
            attempt()
    p.record("v")
    sim.run(1.0)
    assert np.all(p.get_data().segments[0].analogsignals[0].magnitude == -65.0)
    sim.setup()
    with raises(ValueError, "cells", r"setup\(\)"):
        dc.inject_into(p)


# --- rules of single cell types -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "parameters", "words"),
    [
        ("Izhikevich", {"c": 30.0}, ["c must be below 30.0, but is 30.0"]),
        ("EIF_cond_exp_isfa_ista", {"v_reset": -39.0}, ["v_reset must be below v_spike", "-40.0", "-39.0"]),
        ("EIF_cond_alpha_isfa_ista", {"delta_T": -1.0}, ["delta_T must not be negative"]),
        ("EIF_cond_alpha_isfa_ista", {"tau_w": 0.0}, ["tau_w must be positive"]),
        ("IF_facets_hardware1", {"g_leak": 0.0}, ["g_leak must be above 1e-300"]),
        ("IF_cond_exp_gsfa_grr", {"q_rr": [1.0, -1.0]}, ["q_rr must not be negative", "-1.0", "cell 1"]),
        ("GIF_cond_exp", {"delta_v": 0.0}, ["delta_v must be positive"]),
        ("GIF_cond_exp", {"tau_eta": [1.0, 2.0]}, ["tau_eta must be 3 numbers, not 2"]),
        ("GIF_cond_exp", {"tau_gamma": [[1.0, 2.0, 3.0], [1.0, 0.0, 3.0]]}, ["tau_gamma", "cell 1", "0.0"]),
    ],
)
def test_rules_of_cell_types(kind, parameters, words):
    with raises(InvalidParameterValueError, *words):
        sim.Population(2, getattr(sim, kind)(**parameters), label="cells")


def test_parameters_given_twice():
    with raises(ValueError, "Population", "cellparams", "tau_m"):
        sim.Population(N, sim.IF_curr_exp(), {"tau_m": 10.0})
    assert sim.Population(N, sim.IF_curr_exp()).first_id == 0
