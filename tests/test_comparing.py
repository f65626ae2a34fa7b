"""`fastsim compare`: what differs between simulators is found and named; what fails is a row."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pyNN_fastsim.comparing import command, differences, expected, measures, outcome, processes, report

ROOT = Path(__file__).parent.parent

SCRIPT = """
import sys, time
import numpy as np
from pyNN.random import NumpyRNG
from pyNN.utility import get_simulator

sim, options = get_simulator(("what", "to be wrong on the mock", {"nargs": "?"}))
on_mock = sim.__name__ == "pyNN.mock"
wrong = options.what if on_mock else None
if wrong == "crash":
    raise RuntimeError("this simulator can't do that")
if wrong == "hang":
    time.sleep(60)
sim.setup(timestep=0.1, min_delay=0.1)
exc = sim.Population(40, sim.IF_curr_exp(i_offset=1.0), label="exc")
inh = sim.Population(10, sim.IF_curr_exp(i_offset=1.0), label="inh")
weight = 0.05 * (1.02 if wrong == "weight" else 1.0)
delay = 0.5 + (0.1 if wrong == "delay" else 0.0)
seed = 6 if wrong == "seed" else 5
connector = sim.FixedProbabilityConnector(0.3, rng=NumpyRNG(seed))
sim.Projection(exc, inh, connector, sim.StaticSynapse(weight=weight, delay=delay), receptor_type="excitatory")
exc.record("spikes")
exc[0:2].record("v")
sim.run(100.0)
exc.get_data(clear=True)
sim.run(100.0)
sim.end()
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("comparing") / "net work.py"
    path.write_text(SCRIPT)
    return path


@pytest.fixture(scope="module")
def run(script):
    """A function that runs the script on a backend, each way once."""
    done = {}

    def run(backend, *arguments, **options):
        key = (backend, arguments, tuple(options.items()))
        if key not in done:
            done[key] = processes.run_backend(backend, script, [backend, *arguments], **options)
        return done[key]

    return run


def found(run, what):
    tolerance = differences.Tolerance(time=0.15, relative=1e-6)
    return differences.difference(run("fastsim"), run("mock", what), tolerance)


@pytest.mark.parametrize(
    "what, words",
    [
        ("nothing", "connections, weights and delays are equal"),
        ("weight", "100.0% of the weights differ, by a factor of 1.02"),
        ("delay", "100.0% of the delays differ, by a factor of 1.2 (+0.1 ms)"),
        ("seed", "another seed"),
    ],
)
def test_what_is_wrong_with_a_projection(run, what, words):
    (projection,) = found(run, what).projections
    assert words in projection.words
    assert projection.agrees == (what == "nothing")
    assert projection.label == "exc→inh"


def test_all_that_was_recorded_is_collected(run):
    """Also what the script has cleared."""
    first, second = run("fastsim").populations
    assert (first.label, first.size, first.celltype) == ("exc", 40, "IF_curr_exp")
    for population, start in ((first, 0.0), (second, 100.0)):
        (segment,) = population.segments
        assert segment.spikes.recorded.tolist() == list(range(40))
        assert len(segment.spikes.times) and segment.spikes.times.min() >= start
        (signal,) = segment.signals
        assert (signal.name, signal.units, signal.cells.tolist()) == ("v", "mV", [0, 1])
        assert signal.samples.shape == (1001, 2)


def test_times_and_memory(run):
    seconds = run("fastsim").seconds
    assert set(seconds) == {"import", "build", "run", "data", "rest"}
    assert all(value >= 0 for value in seconds.values())
    assert run("fastsim").peak_bytes > 1e7


def test_another_seed_gives_another_network(run):
    one, other = run("fastsim").projections[0], run("fastsim", seed=1000).projections[0]
    assert len(one.weight) != len(other.weight) or (one.pre_index != other.pre_index).any()


def test_a_crash_and_a_simulator_that_is_missing(run):
    assert run("mock", "crash").failure == "RuntimeError: this simulator can't do that"
    assert run("mock", "hang", timeout=5.0).failure.startswith("stopped after 5 s")
    assert "no package 'pyNN.moose'" in run("moose").failure
    failure = run("brian2", python="/no/python").failure
    assert failure.startswith("can't be started: No such file or directory: /no/python")


def test_the_command_line(script, tmp_path):
    """Exit status, tables, page, figure, files."""
    command_line = [sys.executable, "-m", "pyNN_fastsim", "compare", script.name, "fastsim", "weight"]
    command_line += [
        "--backends",
        "fastsim",
        f"mock={sys.executable}",
        "moose",
        "--seeds",
        "2",
        "--save",
        tmp_path / "all",
    ]
    command_line += ["--figure", tmp_path / "figure.svg", "--html", tmp_path / "page.html"]
    done = subprocess.run(command_line, cwd=script.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "DIFFERS: same connections; 100.0% of the weights differ, by a factor of 1.02" in done.stdout
    assert "no result of moose" in done.stdout and "The yardstick" in done.stdout
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in page and "class='bad words'" in page
    assert (tmp_path / "figure.svg").stat().st_size > 1000
    assert json.loads((tmp_path / "all" / "fastsim" / "result.json").read_text())["dt"] == 0.1


LABELS = """
import sys
from pyNN.utility import get_simulator
sim, options = get_simulator()
sim.setup(timestep=0.1)
for label in ("a\\nb", "ü" * 500, "$\\\\no$ / *?<b>", None):
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=1.0), label=label)
    cells.record("spikes")
    synapse = sim.StaticSynapse(weight=0.1, delay=1.0)
    sim.Projection(cells, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory", label=label)
sim.run(30.0)
"""


def test_labels_and_paths_of_any_kind(tmp_path):
    """Each label is one line that fits into a table, also on a console without arrows and umlauts."""
    folder = tmp_path / "Übung 1, neu"
    folder.mkdir()
    (folder / "ein Skript.py").write_text(LABELS, encoding="utf-8")
    command_line = [sys.executable, "-m", "pyNN_fastsim", "compare", "ein Skript.py", "fastsim"]
    command_line += ["--backends", "fastsim", "fastsim", "--save", "alle Ergebnisse"]
    command_line += ["--html", "eine Seite/für alle.html"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command_line, cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode("ascii").splitlines()
    assert max(map(len, lines)) < 200 and any(line.startswith("  a b (3 IF_curr_exp)") for line in lines)
    page = (folder / "eine Seite" / "für alle.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in page and "*?&lt;b&gt;" in page
    assert (folder / "alle Ergebnisse" / "fastsim" / "output.txt").exists()


def test_a_simulator_agrees_with_itself(script):
    comparison = command.compare(script, ["fastsim"], ("fastsim", "fastsim"))
    assert comparison.agree and comparison.differences[0].populations[0].exact
    assert comparison.verdict == "fastsim agrees with fastsim spike for spike."


def test_numbers_are_to_the_right_and_words_to_the_left():
    words = "all of the weights differ, by a factor of 1.02"
    lines = report.table(("a", "count", "what was found"), [["exc", "7", "nothing"], ["i", "100", words]])
    assert lines == [
        "a    count  what was found",
        "exc      7  nothing",
        f"i      100  {words}",
    ]


def test_words_of_the_script_and_our_own():
    words = ["--seeds", "3", "my.py", "nest", "--cells", "4", "--backends", "nest", "neuron"]
    script, arguments, others = command.split(words)
    assert (script, arguments) == ("my.py", ["nest", "--cells", "4"])
    assert others == ["--seeds", "3", "--backends", "nest", "neuron"]


LEARNING = """
import sys, numpy as np
from pyNN.random import NumpyRNG
from pyNN.utility import get_simulator

sim, options = get_simulator(("depression", "A_minus", {"type": float, "default": 0.01, "nargs": "?"}))
sim.setup(timestep=0.1, min_delay=0.1)
times = [np.unique(np.rint(NumpyRNG(k).next(20, "uniform", {"low": 1.0, "high": 199.0}))) for k in range(20)]
inputs = sim.Population(20, sim.SpikeSourceArray(spike_times=times))
cell = sim.Population(2, sim.IF_cond_exp(), label="cell")
rule = sim.SpikePairRule(A_plus=0.01, A_minus=options.depression)
stdp = sim.STDPMechanism(rule, sim.AdditiveWeightDependence(w_max=0.02), weight=0.01, delay=1.0)
sim.Projection(inputs, cell, sim.AllToAllConnector(), stdp, receptor_type="excitatory", label="plastic")
cell.record("spikes")
sim.run(200.0)
"""


@pytest.fixture(scope="module")
def learn(tmp_path_factory):
    path = tmp_path_factory.mktemp("learning") / "learning.py"
    path.write_text(LEARNING)
    return lambda *arguments, **o: processes.run_backend("fastsim", path, ["fastsim", *arguments], **o)


def test_weights_before_the_run_and_what_synapses_have_learnt(learn):
    """A rule that depresses more is no other network: it is the weights at the end that differ."""
    tolerance = differences.Tolerance(time=0.15, relative=1e-6)
    one, other = learn(), learn("0.012")
    assert (one.projections[0].built_weight == 0.01).all() and np.ptp(one.projections[0].weight) > 0
    (projection,) = differences.difference(one, one, tolerance).projections
    assert projection.agrees and projection.words.endswith("are equal before the run; at the end too")
    (projection,) = differences.difference(one, other, tolerance).projections
    assert not projection.agrees and "equal before the run; at the end means 0.0" in projection.words
    seeds = differences.yardstick_of([one, learn(seed=1000)])
    assert seeds.weights[0] > 0
    seeds.weights[0] = 1.0
    (projection,) = differences.difference(one, other, tolerance, seeds).projections
    assert projection.agrees and "(within that of seeds, 1.000)" in projection.words
    assert not any("lack the last one" in words for words in expected.expected_differences(one, other))
    other.backend = "nest"
    assert any("lack the last one" in words for words in expected.expected_differences(one, other))


# --- statistics -----------------------------------------------------------------------------------


def spikes(trains, stop=1000.0):
    cells = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    times = np.concatenate(trains) if trains else np.zeros(0)
    return outcome.Spikes(np.arange(len(trains)), cells, times, 0.0, stop)


def test_statistics_of_known_trains():
    regular = np.arange(5.0, 1000.0, 10.0)
    found = measures.statistics_of(spikes([regular, regular, regular + 5.0, np.zeros(0)]))
    assert found.rates.tolist() == [100.0, 100.0, 100.0, 0.0]
    assert np.allclose(found.cvs, 0.0, atol=1e-12)
    assert found.correlations.max() == pytest.approx(1.0)
    assert found.correlations.min() < -0.1


def test_poisson_trains_are_irregular_and_asynchronous():
    rng = np.random.RandomState(1)
    trains = [np.sort(rng.uniform(0, 10000.0, rng.poisson(200))) for _ in range(50)]
    found = measures.statistics_of(spikes(trains, 10000.0))
    assert found.cvs.mean() == pytest.approx(1.0, abs=0.03)
    assert abs(found.correlations.mean()) < 0.01
    assert found.synchrony == pytest.approx(1.0, abs=0.1)


def test_distance_of_samples():
    rng = np.random.RandomState(1)
    one, other = rng.normal(0.0, 1.0, 4000), rng.normal(1.0, 1.0, 4000)
    assert measures.distance(one, one).ks == 0.0
    assert measures.distance(one, other).effect == pytest.approx(1.0, abs=0.06)
    assert measures.distance(one, np.zeros(0)) is None
    rates = np.repeat([10.0, 20.0, 30.0], 20)
    assert measures.distance(rates, rates * (1 + 1e-13)).ks == 0.0  # the end of NEURON's run is that far off


def test_spikes_without_a_partner():
    """Each spike has at most one partner, in the same cell."""
    first = spikes([np.array([10.0, 20.0]), np.array([30.0])])
    second = spikes([np.array([10.1]), np.array([20.0, 30.0])])
    alone = differences._without_partner(first, second, 0.15)
    assert sorted(alone) == [(20.0, 0), (20.0, 1)]
    double = spikes([np.array([10.0, 10.05])])
    assert differences._without_partner(double, spikes([np.array([10.0])]), 0.15) == [(10.05, 0)]


def test_signals_are_aligned_on_time():
    one = outcome.Signal("v", "mV", np.array([0, 1]), np.arange(20.0).reshape(10, 2), 0.0, 0.1)
    later = outcome.Signal("v", "mV", np.array([1]), one.samples[3:, 1:] + 0.5, 0.3, 0.1)
    result = differences._signal_difference(one, later, 1e-6)
    assert (result.rms, result.largest, result.agrees) == (pytest.approx(0.5), pytest.approx(0.5), False)


def test_samples_that_are_no_numbers():
    """From when on they are none is said; the differences are those of before."""
    one = outcome.Signal("v", "mV", np.array([0]), np.arange(10.0)[:, None], 0.0, 0.1)
    two = outcome.Signal(
        "v", "mV", np.array([0]), np.where(np.arange(10.0) < 6, one.samples.T, np.nan).T, 0.0, 0.1
    )
    result = differences._signal_difference(one, two, 1e-6)
    assert (result.largest, result.agrees, result.broken) == (0.0, False, pytest.approx(0.6))


def test_an_exception_is_told_in_one_line_with_where_it_began(tmp_path):
    script = tmp_path / "fails.py"
    script.write_text(
        "import pyNN.mock as sim\n"
        "try:\n    1 / 0\nexcept Exception as error:\n"
        "    raise ValueError('in short\\nand at length') from error\n"
    )
    failure = processes.run_backend("mock", script, []).failure
    assert failure == "ValueError: in short (ZeroDivisionError: division by zero)"


def test_sources_that_nobody_records_are_known(tmp_path):
    script = tmp_path / "poisson.py"
    script.write_text(
        "import pyNN.mock as sim\nsim.setup()\n"
        "source, cells = sim.Population(2, sim.SpikeSourcePoisson()), sim.Population(2, sim.IF_curr_exp())\n"
        "sim.Projection(source, cells, sim.OneToOneConnector())\ncells.record('spikes')\nsim.run(10.0)\n"
    )
    one, other = (processes.run_backend(name, script, []) for name in ("fastsim", "mock"))
    assert any("SpikeSourcePoisson" in sentence for sentence in expected.expected_differences(one, other))


def test_expected_differences():
    def simple(backend, celltype, times, seed=0):
        found = spikes([np.asarray(times)])
        population = outcome.Population(0, "p", 1, celltype, [outcome.Segment(found, [])])
        return outcome.Outcome(backend, seed, dt=0.1, populations=[population])

    ours = simple("fastsim", "IF_curr_exp", [0.1, 0.3])
    words = " ".join(expected.expected_differences(ours, simple("nest", "IF_curr_exp", [0.13, 0.3])))
    assert "between grid points" in words and "on_grid" in words
    assert (
        "another seed" in expected.expected_differences(ours, simple("fastsim", "IF_curr_exp", [0.1], 1))[0]
    )
    poisson = expected.expected_differences(ours, simple("neuron", "SpikeSourcePoisson", [0.1]))
    assert any("generator of its own" in sentence for sentence in poisson)
