"""check(): what it finds in networks that are wrong, and that it finds nothing in those that aren't."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyNN.random import NumpyRNG

import pyNN_fastsim as sim

ROOT = Path(__file__).parent.parent


@pytest.fixture
def net():
    return network()


def network():
    """Inputs that excite one of two populations, which excites the other; recorded; by name."""
    sim.setup(timestep=0.1)
    noise = sim.Population(20, sim.SpikeSourcePoisson(rate=500.0), label="noise")
    exc = sim.Population(20, sim.IF_cond_exp(), label="exc")
    inh = sim.Population(5, sim.IF_curr_exp(), label="inh")
    one, every = sim.OneToOneConnector(), sim.AllToAllConnector()
    sim.Projection(noise, exc, one, sim.StaticSynapse(weight=0.02))
    sim.Projection(exc, inh, every, sim.StaticSynapse(weight=0.2))
    sim.Projection(inh, exc, every, sim.StaticSynapse(weight=0.01), receptor_type="inhibitory")
    exc.record("spikes")
    return {"noise": noise, "exc": exc, "inh": inh, "one": one, "every": every, "np": np, "sim": sim}


def test_a_network_that_is_all_right(net):
    assert sim.check() == [] and repr(sim.check()) == "check(): nothing to remark"
    sim.run(50.0)
    assert sim.check() == []


# What is done with the network, whose object is found fault with, and words of the finding.
WRONG = {
    "units": ("exc.set(cm=250.0)", "Population 'exc'", "cm = 250 nF", "250 pF, give 0.25"),
    "units at the beginning": ("inh.initialize(v=-0.065)", "Population 'inh'", "v = -0.065 mV"),
    "units of weights": (
        "sim.Projection(noise, exc, one, sim.StaticSynapse(weight=500.0), label='much')",
        "Projection 'much'", "weight = 500 uS", "0.0005 to 0.05",
    ),
    "units of currents": ("inh.inject(sim.DCSource(amplitude=500.0))", "DCSource", "500 nA"),
    "weights of zero": (
        "sim.Projection(noise, exc, one)", "Projection 'noise→exc'", "all weights are zero", "weight=...",
    ),
    "a matrix of zeros": (
        "sim.Projection(noise, exc, every, sim.StaticSynapse(weight=np.zeros((20, 20))))",
        "Projection 'noise→exc'", "all weights are zero",
    ),
    "no connections": (
        "sim.Projection(exc, inh, sim.FixedProbabilityConnector(0.0), label='none')",
        "Projection 'none'", "no connections",
    ),
    "different sizes": (
        "sim.Projection(exc, inh, one, sim.StaticSynapse(weight=0.1), label='some')",
        "Projection 'some'", "one to one from 20 to 5 cells leaves 15", "another connector",
    ),
    "inhibition that excites": (
        "sim.Projection(inh, exc, every, sim.StaticSynapse(weight=0.01), label='wrong')",
        "Projection 'wrong'", "'inh' excites 'exc', as no receptor_type", "receptor_type='inhibitory'",
    ),
    "a sign that nobody looked at": (
        "sim.Projection(exc, inh, sim.AllToAllConnector(safe=False), sim.StaticSynapse(weight=0.1), "
        "receptor_type='inhibitory', label='unsafe')",
        "Projection 'unsafe'", "wrong for the receptor 'inhibitory'",
    ),
    "long delays": (
        "sim.Projection(noise, inh, every, sim.StaticSynapse(weight=0.1, delay=80.0), label='late')\n"
        "sim.run(50.0)",
        "Projection 'late'", "no spike can have arrived: delays are 80 ms", "Run longer",
    ),
    "reversal potentials": (
        "exc.set(e_rev_I=0.0)", "Population 'exc'", "inhibition excites: e_rev_I = 0 mV", "-80 to -70",
    ),
    "no drive": (
        "noise.set(rate=0.0)", "Population 'exc'", "what excites it, 'noise', can't spike", "above 0.75 nA",
    ),
    "a source without a rate": ("noise.set(rate=0.0)", "Population 'noise'", "never spikes", "in Hz"),
    "a source without spikes": (
        "empty = sim.Population(2, sim.SpikeSourceArray(), label='empty')\n"
        "sim.Projection(empty, inh, every, sim.StaticSynapse(weight=0.1))",
        "Population 'empty'", "no spikes to emit", "spike_times",
    ),
    "only inhibition": (
        "last = sim.Population(2, sim.IF_curr_exp(i_offset=0.5), label='last')\nlast.record('spikes')\n"
        "sim.Projection(inh, last, every, sim.StaticSynapse(weight=-0.1))",
        "Population 'last'", "what is connected to it can't excite it, and v settles at -55 mV", "0.75 nA",
    ),
    "nothing connected": (
        "sim.Population(3, sim.IF_curr_exp(), label='alone').record('v')",
        "Population 'alone'", "nothing will happen", "Projection",
    ),
    "unused": (
        "sim.Population(3, sim.SpikeSourcePoisson(), label='idle')", "Population 'idle'", "no other cells",
    ),
    "the same name": (
        "sim.Population(3, sim.IF_curr_exp(i_offset=1.0), label='exc').record('v')",
        "Population 'exc'", "2 of this name", "setup() first",
    ),
    "spike times in seconds": (
        "early = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.01, 0.03, 0.05]), label='early')\n"
        "sim.Projection(early, inh, every, sim.StaticSynapse(weight=0.1))",
        "Population 'early'", "one time step", "in ms",
    ),
    "rates in kHz": ("noise.set(rate=0.02)\nsim.run(50.0)", "Population 'noise'", "0.02 Hz", "in Hz"),
    "high rates": (
        "exc.set(i_offset=60.0)\nsim.run(50.0)", "Population 'exc'", "a cell spikes at", "neurons don't",
    ),
    "a short run": ("sim.run(1.0)", "The network", "run for 1 ms only", "run(1000.0) is a second"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*hardly meant")
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong(net, wrong):
    script, where, *words = WRONG[wrong]
    exec(script, net)
    found = [repr(finding) for finding in sim.check() if finding.where == where]
    assert any(all(word in each for word in words) for each in found), sim.check()
    assert all(len(each) < 320 for each in found)


def test_a_threshold_that_is_never_reached_is_meant(net):
    """It keeps cells from spiking; one that excitation can't reach is another matter."""
    exc = net["exc"]
    exc.set(v_thresh=0.0)
    assert not any("excitation" in finding.what for finding in sim.check())
    exc.set(v_thresh=-50.0, e_rev_E=-55.0)
    (finding, *_) = (finding for finding in sim.check() if "excitation" in finding.what)
    assert finding.what == "excitation can't reach the threshold: e_rev_E = -55 mV, v_thresh = -50 mV"


def test_recorded_weights_of_izhikevich_cells_are_in_mv():
    sim.setup()
    p = sim.Population(2, sim.Izhikevich())
    stdp = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence(), weight=1.0)
    projection = sim.Projection(p, p, sim.OneToOneConnector(), stdp)
    projection.record("weight")
    sim.run(1.0)
    (signal,) = projection.get_data().segments[0].analogsignals
    assert str(signal.units.dimensionality) == "mV"


def test_time_steps_that_are_too_long():
    sim.setup(timestep=1.0)
    p = sim.Population(2, sim.IF_curr_alpha(tau_syn_E=0.5, i_offset=1.0), label="p")
    p.record("v")
    (first, _) = sim.check()
    assert first.what == "tau_syn_E = 0.5 ms is short for a time step of 1 ms"
    assert first.todo == "Call setup(timestep=0.2), or less"
    sim.setup(timestep=0.2)
    sim.Population(2, sim.IF_curr_alpha(tau_syn_E=0.5, i_offset=1.0), label="p").record("v")
    assert sim.check() == []


def test_nothing_recorded(net):
    sim.setup()
    sim.Population(2, sim.IF_curr_exp(i_offset=1.0), label="p")
    assert repr(sim.check()).startswith("1. The network: nothing is recorded. Call record('spikes')")


def test_looking_changes_nothing():
    """The same spikes and weights, to the last one, whether somebody looks or not."""
    found = []
    for looks in (False, True):
        net = network()
        stdp = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=0.1), weight=0.01)
        plastic = sim.Projection(net["noise"], net["exc"], net["every"], stdp)
        for _ in range(5):
            sim.run(20.0)
            if looks:
                sim.check()
        found.append((net["exc"].get_spike_counts(), plastic.get("weight", "list")))
    assert sum(found[0][0].values()) > 0 and found[0] == found[1]


@pytest.mark.parametrize(
    ("cell", "drive"),
    [
        (lambda: sim.HH_cond_exp(), lambda p: p.inject(sim.DCSource(amplitude=5.0))),
        (lambda: sim.Izhikevich(), lambda p: p.set(i_offset=0.01)),
        (lambda: sim.EIF_cond_exp_isfa_ista(), lambda p: p.set(i_offset=1.0)),
        (lambda: sim.IF_curr_exp(), lambda p: p.set(i_offset=0.76)),
        (lambda: sim.IF_curr_exp(), lambda p: p.inject(sim.StepCurrentSource(times=[5.0], amplitudes=[1.0]))),
        (lambda: sim.IF_cond_alpha(), lambda p: p.initialize(v=-40.0)),
        (lambda: sim.PointNeuron(sim.LIF(), AMPA=sim.ExpPSR()), lambda p: p.set(v_rest=-40.0)),
    ],
)
def test_what_drives_itself_is_not_silent(cell, drive):
    sim.setup()
    p = sim.Population(2, cell(), label="p")
    p.record("spikes")
    (finding,) = sim.check()
    assert finding.what.startswith("it can't spike: nothing is connected to it")
    drive(p)
    assert sim.check() == []


@pytest.mark.parametrize(
    ("receptor", "reversal", "words"),
    [
        ("inhibitory", -80.0, "can't excite it"),
        ("excitatory", -80.0, "can't excite it"),
        ("inhibitory", 0.0, None),
        ("GABA", 0.0, None),
    ],
)
def test_receptors_of_any_name_have_their_own_reversal_potential(receptor, reversal, words):
    sim.setup()
    source = sim.Population(2, sim.SpikeSourcePoisson(rate=10.0), label="source")
    cell = sim.PointNeuron(sim.LIF(), **{receptor: sim.ExpPSR(e_syn=reversal)})
    p = sim.Population(2, cell, label="p")
    connector, synapse = sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01)
    sim.Projection(source, p, connector, synapse, receptor_type=receptor)
    p.record("spikes")
    found = [finding.what for finding in sim.check()]
    assert [words in what for what in found] == ([True] if words else []), found


def test_cells_that_spike_at_random_are_never_silent():
    sim.setup()
    p = sim.Population(2, sim.GIF_cond_exp(), label="p")
    p.record("spikes")
    assert sim.check() == []


def test_gap_junctions_and_plastic_synapses_can_drive():
    sim.setup()
    p = sim.Population(2, sim.IF_curr_exp(i_offset=1.0), label="p")
    q = sim.Population(2, sim.IF_curr_exp(), label="q")
    r = sim.Population(2, sim.IF_curr_exp(), label="r")
    q.record("spikes")
    r.record("spikes")
    assert len(sim.check()) == 3  # p goes nowhere, q and r are silent
    sim.Projection(p, q, sim.OneToOneConnector(), sim.ElectricalSynapse(weight=0.01))
    stdp = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence(), weight=0.0)
    sim.Projection(q, r, sim.FixedProbabilityConnector(1.0, rng=NumpyRNG(1)), stdp)
    assert sim.check() == []


@pytest.mark.filterwarnings("ignore:.*hardly meant")
def test_what_the_documentation_shows():
    page = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
    script, shown = re.search(r"```python\n(.*?)```.*?```text\n(.*?)```", page, re.DOTALL).groups()
    exec(script.replace("print(", "text = repr("), names := {})
    assert names["text"] == shown.strip()


# --- the examples ---------------------------------------------------------------------------------------

EXAMPLES = [
    "stdp_window.py",
    "parameters.py",
    "own_cell_type.py",
    "short_term_plasticity.py fastsim --cells 20",
]
HARNESS = """
import runpy, sys, warnings
import matplotlib
matplotlib.use("Agg")
import pyNN_fastsim as sim
warnings.simplefilter("error", UserWarning)
def looking(function):
    def run(*args, **kwargs):
        for when in (0, 1):
            assert not sim.check(), sim.check()
            print("looked")
            result = result if when else function(*args, **kwargs)
        return result
    return run
sim.run, sim.run_until = looking(sim.run), looking(sim.run_until)
for command in sys.argv[1:]:
    file, *arguments = command.split()
    sys.argv = [file, *arguments]
    runpy.run_path(file, run_name="__main__")
"""


@pytest.mark.big
def test_examples_have_nothing_to_remark_and_give_no_warning(tmp_path):
    commands = [str(ROOT / "examples" / example) for example in EXAMPLES]
    done = subprocess.run(
        [sys.executable, "-c", HARNESS, *commands], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("looked") >= 2 * len(EXAMPLES)
