"""Cell types of one's own: what they can do, and what is said about mistakes in them."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from own_cells import OwnIF
from pyNN import errors
from scipy.integrate import solve_ivp

import pyNN_fastsim as sim
from pyNN_fastsim.engine import loop
from pyNN_fastsim.engine.compiling import compile as compile_module
from pyNN_fastsim.engine.compiling import folders
from pyNN_fastsim.engine.compiling.cache import cache_folders
from pyNN_fastsim.kernels import exp, inlined

EXAMPLE = Path(__file__).parent.parent / "examples" / "own_cell_type.py"


def test_it_is_used_like_a_standard_cell(always_threads):
    """Everything that a population can do, with the same equations inside and outside the package."""

    def results(celltype, threads):
        sim.setup(timestep=0.1, threads=threads)
        rng = np.random.default_rng(1)
        taus, tau_syn = rng.uniform(10, 20, 40), rng.uniform(1, 5, 40)
        cells = sim.Population(40, celltype(tau_m=taus, tau_syn_E=tau_syn, i_offset=0.5, tau_refrac=2.0))
        cells.initialize(v=rng.uniform(-65, -55, 40))
        cells[3:9].set(v_reset=-70.0, i_offset=1.1)
        noise = sim.Population(40, sim.SpikeSourcePoisson(rate=500.0))
        sim.Projection(noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.5))
        inhibition = sim.StaticSynapse(weight=-0.2, delay=1.5)
        sim.Projection(
            cells, cells[:20], sim.FixedProbabilityConnector(0.3, rng=sim.NumpyRNG(seed=3)), inhibition,
            receptor_type="inhibitory",
        )  # fmt: skip
        sim.DCSource(amplitude=0.7, start=20.0, stop=40.0).inject_into(cells[:10])
        cells.record(["spikes", "v", "isyn_inh"])
        sim.run(60.0)
        cells.set(tau_syn_I=lambda i: 2.0 + 0.1 * i)
        sim.run(30.0)
        sim.reset()
        sim.run(20.0)
        assert cells[4].v_reset == -70.0
        return [
            (np.asarray(s.spiketrains.multiplexed), [np.asarray(a) for a in s.analogsignals])
            for s in cells.get_data().segments
        ]

    expected, own, threaded = results(sim.IF_curr_exp, 1), results(OwnIF, 1), results(OwnIF, 3)
    assert expected[0][0].shape[1] > 50
    for trial, same, again in zip(expected, own, threaded, strict=True):
        np.testing.assert_array_equal(same[0], trial[0])
        np.testing.assert_array_equal(again[0], same[0])
        for k in range(2):
            np.testing.assert_allclose(same[1][k], trial[1][k], rtol=1e-11, atol=1e-12)
            np.testing.assert_array_equal(again[1][k], same[1][k])


def test_what_is_declared():
    sim.setup()
    cells = sim.Population(2, OwnIF(tau_m=10.0))
    assert cells.celltype.recordable == ["spikes", "v", "isyn_exc", "isyn_inh"]
    assert cells.get(["tau_m", "tau_refrac"]) == [10.0, 0.1]
    assert cells.celltype.units["isyn_exc"] == "nA"
    assert cells.receptor_types == ("excitatory", "inhibitory")
    with pytest.raises(errors.NonExistentParameterError, match="tau_m"):
        OwnIF(tau_mm=1.0)
    with pytest.raises(errors.NonExistentParameterError):
        cells.initialize(_left=1.0)
    with pytest.raises(errors.RecordingError):
        cells.record("_left")
    with pytest.raises(errors.ConnectionError, match="must be negative"):
        synapse = sim.StaticSynapse(weight=1.0)
        sim.Projection(cells, cells, sim.AllToAllConnector(), synapse, receptor_type="inhibitory")


def test_a_subclass_with_other_defaults():
    class Slow(OwnIF):
        default_parameters = OwnIF.default_parameters | {"tau_m": 50.0}
        recordable = ["v"]

    sim.setup()
    cells = sim.Population(2, Slow())
    assert cells.get("tau_m") == 50.0
    cells.record("v")
    sim.run(1.0)
    with pytest.raises(errors.RecordingError):
        cells.record("spikes")


def test_a_cell_with_parts_of_a_step():
    class Parts(sim.CellType):
        default_parameters = {"tau": 0.3}
        default_initial_values = {"y": 1.0}
        receptor_types = ()

        def constants(p, dt):
            return (dt / p["tau"],)

        @inlined
        def attempt(c, s, x, part):
            z = -c[0] * part
            y = s[0] * (1 + z * (1 + z / 2 * (1 + z / 3 * (1 + z / 4))))
            return (y,), abs(s[0] * z * z * z * z * z) / 120 * 1e10

        @inlined
        def fires(c, old, new):
            return False

        @inlined
        def finish(c, old, new, x):
            return new

    sim.setup(timestep=0.1)
    cells = sim.Population(3, Parts(tau=[0.05, 0.5, 5.0]))
    cells.record("y")
    sim.run(1.0)
    y = np.asarray(cells.get_data().segments[0].analogsignals[0])
    t = np.linspace(0.0, 1.0, 11)[:, None]
    np.testing.assert_allclose(y, np.exp(-t / [0.05, 0.5, 5.0]), atol=1e-8)


# --- the example ---------------------------------------------------------------------------------------


def wang_buzsaki(t, y, i):
    """The equations of the paper (its section Model neuron), for 1e-4 cm2."""
    v, h, n = y

    def linoid(a, x):
        return a * x / (1 - np.exp(-x / 10))

    a_m, b_m = linoid(0.1, v + 35), 4 * np.exp(-(v + 60) / 18)
    a_h, b_h = 0.07 * np.exp(-(v + 58) / 20), 1 / (np.exp(-0.1 * (v + 28)) + 1)
    a_n, b_n = linoid(0.01, v + 34), 0.125 * np.exp(-(v + 44) / 80)
    m = a_m / (a_m + b_m)
    current = 35 * m**3 * h * (v - 55) + 9 * n**4 * (v + 90) + 0.1 * (v + 65)
    return [1e4 * i * 1e-3 - current, 5 * (a_h * (1 - h) - b_h * h), 5 * (a_n * (1 - n) - b_n * n)]


def test_the_example_agrees_with_solve_ivp():
    assert len(EXAMPLE.read_text().splitlines()) < 60
    spec = importlib.util.spec_from_file_location("own_cell_type", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    sim.setup(timestep=0.05)
    cells = sim.Population(2, example.WangBuzsaki(i_offset=[0.1, 0.2]))
    cells.record(["spikes", "v"])
    sim.run(40.0)
    segment = cells.get_data().segments[0]
    v = np.asarray(segment.analogsignals[0])

    def crossing(t, y, i):
        return y[0]

    crossing.direction = 1
    for cell, i in enumerate((0.1, 0.2)):
        expected = solve_ivp(
            wang_buzsaki, (0, 40), [-64.0, 0.78, 0.09], "DOP853", np.arange(801) * 0.05, args=(i,),
            events=crossing, rtol=1e-10, atol=1e-10,
        )  # fmt: skip
        times = np.asarray(segment.spiketrains[cell])
        assert len(times) == len(expected.t_events[0]) >= 1
        np.testing.assert_allclose(times, expected.t_events[0] + 0.025, atol=0.03)
        quiet = np.abs(np.arange(801) * 0.05 - times[0]) > 2.0
        until = int(times[0] / 0.05)
        np.testing.assert_allclose(
            v[:until, cell][quiet[:until]], expected.y[0, :until][quiet[:until]], atol=1e-3
        )


# --- mistakes ------------------------------------------------------------------------------------------


def plain(v):
    return v


@inlined
def wrong_inside(v):
    return v.real_part


@inlined
def _too_few(c, s, x):
    return (s[0],), False


@inlined
def _no_state(c, s, x):
    return s[0], s[1]


@inlined
def _no_spiked(c, s, x):
    return s


@inlined
def _no_name(c, s, x):
    return (s[0] + expp(s[1]), s[1]), False  # noqa: F821


@inlined
def _plain_function(c, s, x):
    return (plain(s[0]), s[1]), False


@inlined
def _unpacks_too_many(c, s, x):
    v, g, w = s
    return (v, g), False


@inlined
def _no_such_constant(c, s, x):
    return (s[0] + c[7], s[1]), False


@inlined
def _raises(c, s, x):
    if s[0] > 0.0:
        raise ValueError("too high")
    return (s[0], s[1]), False


@inlined
def _no_such_math(c, s, x):
    return (np.exponential(s[0]), s[1]), False


@inlined
def _array(c, s, x):
    a = np.zeros(3)
    return (a[0], s[1]), False


@inlined
def _text(c, s, x):
    return (s[0] + "1", s[1]), False


@inlined
def _prints(c, s, x):
    print(s[0])
    return (s[0], s[1]), False


@inlined
def _nothing_at_times(c, s, x):
    if s[0] > 0.0:
        return (s[0], s[1]), False


@inlined
def _calls_wrong(c, s, x):
    return (wrong_inside(s[0]), s[1]), False


MISTAKES = {
    _too_few: (0, r"tuple of 2 \(v, g\), but it has 1"),
    _no_state: (0, r"must return the new state as a tuple, not a number"),
    _no_spiked: (0, r"must return the new state as a tuple, not a number"),
    _no_name: (2, r"name 'expp' is not defined"),
    _plain_function: (2, r"plain is a plain Python function: mark it with @inlined"),
    _unpacks_too_many: (2, r"expected 3, got 2"),
    _no_such_constant: (2, r"out of range"),
    _raises: (3, r"can't raise exceptions"),
    _no_such_math: (2, r"numpy has no 'exponential'"),
    _array: (2, r"no compiled form of zeros"),
    _text: (2, r"no compiled form of add"),
    _prints: (0, r"can't print"),
    _nothing_at_times: (0, r"not None, not even at times"),
    _calls_wrong: (None, r"wrong_inside \(.*Unknown attribute 'real_part'"),
}


def own(step, **others):
    declared = {
        "default_parameters": {"tau": 10.0, "cm": 1.0},
        "default_initial_values": {"v": -65.0, "g": 0.0},
        "receptor_types": ("excitatory",),
        "constants": lambda p, dt: (dt / p["tau"], dt / p["cm"]),
        "step": step,
    } | others
    return type("Mine", (sim.CellType,), {k: v for k, v in declared.items() if v is not None})


@pytest.mark.compiles
@pytest.mark.parametrize("step", MISTAKES, ids=lambda step: step.__name__)
def test_mistakes_in_a_step_are_explained(step):
    sim.setup()
    mine = own(step)
    with pytest.raises(errors.InvalidModelError) as caught:
        sim.Population(2, mine())
    message = str(caught.value)
    line, reason = MISTAKES[step]
    assert message.startswith("Mine: ")
    if line is not None:
        first = step.function.__code__.co_firstlineno
        assert f"{step.__name__} ({__file__}, line {first + line})" in message
    assert re.search(reason, message)
    assert len(message) < 400 and "\n" not in message
    assert sim.simulator.state.network.blocks == []


@inlined
def good(c, s, x):
    v, g = s
    return (v + c[0] * (-65.0 - v) + c[1] * g * exp(-v), g + x[0]), v > -50.0


@inlined
def four_arguments(c, s, x, part):
    return s, False


DECLARATIONS = [
    ({"step": lambda c, s, x: (s, False)}, "mark it with @inlined"),
    ({"step": four_arguments}, "step of 4 arguments instead of 3"),
    ({"attempt": four_arguments}, "either a step, or attempt, fires and finish"),
    ({"constants": None}, r"constants\(p, dt\)"),
    ({"default_initial_values": {}}, "no state variables"),
    ({"default_initial_values": {"v": -65.0, "g": "0"}}, "initial value g, which must be a number"),
    ({"default_parameters": {"tau": None, "cm": 1.0}}, "parameter tau, which must be a number, not None"),
    ({"default_parameters": {"tau": 1.0, "cm": 1.0, "g": 1.0}}, "'g' both as a parameter and as a state"),
    ({"units": {"v": "mV", "taw": "ms"}}, r"units: 'taw' \(did you mean 'tau'"),
    ({"recordable": ["spikes", "w"]}, "recordable: 'w'"),
    ({"receptor_types": "excitatory"}, "receptor_types"),
    ({"receptor_types": [1]}, "receptor_types"),
    ({"receptor_types": 5}, "receptor_types that must be a tuple, not 5"),
    ({"default_parameters": ["tau"]}, "default_parameters that must be a dict, not"),
    ({"default_parameters": {"tau": float("nan"), "cm": 1.0}}, "parameter tau, which must be a number"),
    ({"default_initial_values": 1.0}, "default_initial_values that must be a dict"),
    ({"units": ["mV"]}, "units that must be a dict"),
    ({"recordable": 5}, "recordable that must be a tuple"),
    ({"conductance_based": "yes"}, "conductance_based that must be a bool, not 'yes'"),
    ({"above": [("taw", 0.0)]}, "above that must be pairs of a parameter and"),
    ({"below": ("tau", 1.0)}, "below that must be pairs of a parameter and"),
]


@pytest.mark.parametrize("declared,message", DECLARATIONS)
def test_mistakes_in_a_declaration_are_explained(declared, message):
    with pytest.raises(errors.InvalidModelError, match=f"Mine .*{message}"):
        own(**{"step": good} | declared)


@pytest.mark.parametrize(
    "constants,message",
    [
        (lambda p, dt: (p["taw"], dt), r"'taw' \(did you mean 'tau'\?\), which is no parameter"),
        (lambda p, dt: (1 / (p["tau"] - 10.0),), "ZeroDivisionError"),
        (lambda p, dt: dt, "must return a tuple"),
        (lambda p, dt: (dt, "x"), "the item 1 is 'x'"),
        (lambda p, dt: (dt, np.ones(7)), "the item 1 is"),
        (lambda p, dt: (dt, [1, [2]]), r"the item 1 is \[1, \[2\]\]"),
    ],
)
def test_mistakes_in_the_constants_are_explained(constants, message):
    sim.setup()
    with pytest.raises(errors.InvalidModelError, match=f"Mine: constants .*test_own_cell_type.py.*{message}"):
        sim.Population(2, own(good, constants=constants)())


def test_constants_that_are_a_class():
    sim.setup()
    with pytest.raises(errors.InvalidModelError, match=r"Mine: constants \(<class 'float'>\)"):
        sim.Population(2, own(good, constants=float)())


@inlined
def summed(c, s, x):
    return (s[0] + x[0],), False


@pytest.mark.parametrize("receptors", [("excitatory",), ()])
def test_classes_of_one_name_and_step_have_the_receptors_that_they_declare(receptors):
    """A kernel of the other class would look for inputs where there are none, or leave out some."""
    sim.setup(timestep=0.1)
    declared = {"default_initial_values": {"v": 0.0}, "constants": lambda p, dt: (), "step": summed}
    found = {}
    for names in (receptors, ("excitatory",), ()):
        cells = sim.Population(2, type("Same", (sim.CellType,), {**declared, "receptor_types": names})())
        cells.inject(sim.DCSource(amplitude=1.0))
        cells.record("v")
        found[names] = cells
    sim.run(0.3)
    # What comes first is a receptor's input if there is one, otherwise the current.
    for names, expected in {("excitatory",): 0.0, (): 3.0}.items():
        (v,) = found[names].get_data().segments[0].analogsignals
        assert v.magnitude[-1].tolist() == [expected, expected]


# --- the cache -----------------------------------------------------------------------------------------

SCRIPT = """
import pyNN_fastsim as sim
from pyNN_fastsim.kernels import inlined

RATE = 2.0


@inlined
def grown(v, by):
    return v + by


class First(sim.CellType):
    default_initial_values = {"v": 0.0}
    receptor_types = ()

    def constants(p, dt):
        return (dt,)

    @inlined
    def step(c, s, x):
        return (grown(s[0], RATE),), False


class Second(First):
    @inlined
    def step(c, s, x):
        return (s[0] - 1.0,), False


def make(rate):
    @inlined
    def step(c, s, x):
        return (grown(s[0], rate),), False

    return type("Third", (First,), {"step": step})


sim.setup(timestep=1.0)
populations = [sim.Population(1, celltype()) for celltype in (First, Second, make(3.0))]
sim.run(1.0)
print(*(float(p._block.state["v"][0]) for p in populations))
"""


@pytest.fixture
def run_script(tmp_path, monkeypatch):
    """A function that runs a script with an empty cache at first, in this process: (what it printed, the
    cell types whose kernel it compiled)."""
    loop.run.address  # noqa: B018
    monkeypatch.setattr(folders, "places", lambda: [(tmp_path, None)])

    def run(script):
        monkeypatch.setattr(compile_module, "compiled", [])
        printed = []
        scope = {"__name__": "__main__", "print": lambda *args: printed.append(args)}
        exec(compile(script, "<stdin>", "exec"), scope)
        return printed[0], {name.split("_")[0] for name in compile_module.compiled}

    return run


@pytest.mark.compiles
def test_a_change_compiles_anew_what_it_concerns(run_script):
    """Of several cell types, where there is no file: as when a notebook's cell is run again."""
    assert run_script(SCRIPT) == ((2.0, -1.0, 3.0), {"First", "Second", "Third"})
    assert run_script("# moved down" + SCRIPT) == ((2.0, -1.0, 3.0), set())
    edits = [
        ("- 1.0", "- 4.0", (2.0, -4.0, 3.0), {"Second"}),
        ("RATE = 2.0", "RATE = 5.0", (5.0, -1.0, 3.0), {"First", "Second"}),
        ("make(3.0)", "make(6.0)", (2.0, -1.0, 6.0), {"First", "Third"}),
        ("return v + by", "return v + 2 * by", (4.0, -1.0, 6.0), {"First", "Third"}),
    ]
    for old, new, state, compiled in edits:
        assert run_script(SCRIPT.replace(old, new)) == (state, compiled)


def test_a_second_process_compiles_nothing(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for folder in cache_folders():
        cache = tmp_path / "pyNN_fastsim" / folder.name
        cache.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("*loop*"):
            shutil.copy(file, cache)
    script = SCRIPT + "from pyNN_fastsim.engine.compiling.compile import compiled\nprint(len(compiled))\n"

    def run():
        result = subprocess.run(
            [sys.executable, "-"], input=script, capture_output=True, text=True, env=environment, check=False
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.splitlines()

    assert run()[0] == "2.0 -1.0 3.0"
    assert run() == ["2.0 -1.0 3.0", "0"]
