"""How objects show themselves: short lines, tables in notebooks, descriptions for people to read."""

import html
import re

import numpy as np
import pytest
from pyNN.random import NumpyRNG, RandomDistribution

import pyNN_fastsim as sim


def network():
    sim.setup(timestep=0.1)
    tau_m = RandomDistribution("uniform", (10.0, 20.0), rng=NumpyRNG(1))
    exc = sim.Population(6, sim.IF_cond_exp(tau_m=tau_m, v_thresh=-52.0), label="exc")
    source = sim.Population(4, sim.SpikeSourcePoisson(rate=20.0), label="noise")
    static = sim.StaticSynapse(weight=0.01, delay=RandomDistribution("uniform", (1.0, 2.0), rng=NumpyRNG(2)))
    connector = sim.FixedProbabilityConnector(0.5, rng=NumpyRNG(3))
    projection = sim.Projection(source, exc, connector, static, label="in")
    exc[0:2].record(["spikes", "v"])
    return exc, source, projection


def things():
    exc, source, projection = network()
    stdp = sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.1), sim.AdditiveWeightDependence(w_max=0.02), weight=lambda d: 0.01
    )
    return [
        *(exc, exc[1:4], exc + source, projection, projection[0]),
        *(
            exc.celltype,
            sim.HH_cond_exp(i_offset=[0.1] * 9),
            sim.SpikeSourceArray(spike_times=[[1.0], [2.0, 3.0]]),
        ),
        *(sim.PointNeuron(sim.LIF(tau_m=10.0), AMPA=sim.ExpPSR(tau_syn=2.0)), sim.LIF(tau_m=10.0)),
        *(projection.synapse_type, stdp, sim.TsodyksMarkramSynapse(U=0.1, weight="exp(-d)")),
        *(projection._connector, sim.AllToAllConnector(), sim.FromListConnector([(0, 0, 0.1, 1.0)])),
        sim.DistanceDependentProbabilityConnector("exp(-d)"),
        *(sim.StepCurrentSource(times=[1.0, 2.0], amplitudes=[0.1, 0.2]), sim.DCSource(amplitude=0.3)),
        sim.NativeRNG(1),
    ]


UNWANTED = re.compile(r"<parameters>|0x[0-9a-f]{4,}|larray|Sequence\(|object at")


@pytest.mark.parametrize("k", range(len(things())))
def test_nothing_from_inside_is_shown(k):
    thing = things()[k]
    shown = [repr(thing)]
    if hasattr(thing, "_repr_html_"):
        shown.append(thing._repr_html_())
    if hasattr(thing, "describe") and not isinstance(thing, sim.NativeRNG):
        shown += [thing.describe(), thing.describe(engine="jinja2"), thing.describe(engine="string")]
    for text in shown:
        assert not UNWANTED.search(text), text
    assert "\n" not in shown[0] and len(shown[0]) < 250


def test_short_lines():
    exc, _, projection = network()
    cell = "IF_cond_exp(tau_m=uniform(low=10, high=20), v_thresh=-52)"
    assert repr(exc) == f"Population(6, {cell}, label='exc')"
    assert repr(exc.celltype) == cell
    assert repr(projection) == 'Projection("in")'
    assert repr(sim.IF_cond_exp()) == "IF_cond_exp()"
    assert repr(sim.SpikePairRule(A_plus=0.5)) == "SpikePairRule(A_plus=0.5)"


def rows(thing):
    """What the table in a notebook says, by name."""
    found = re.findall(r"<th>(.*?)</th><td>(.*?)</td>", thing._repr_html_())
    return {html.unescape(name): html.unescape(value) for name, value in found}


def test_what_a_population_says():
    exc, source, _ = network()
    exc.set(cm=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    found = rows(exc)
    assert found["size"] == "6 cells" and found["cell type"] == "IF_cond_exp"
    assert found["cm"] == "0.1 to 0.6 (mean 0.35, 6 values) nF"  # as it is now
    assert found["v_thresh"] == "-52 mV"
    assert "v_rest" not in found  # as by default
    assert found["receptors"] == "excitatory, inhibitory" and found["recorded"] == "spikes, v"
    assert rows(exc[3:])["recorded"] == "nothing"
    assert rows(exc[3:])["of"] == 'Population "exc"'
    assert rows(source)["receptors"] == "none"
    assert rows(exc + source)["'noise'"] == "4 cells, SpikeSourcePoisson"


def test_what_a_projection_says():
    _, _, projection = network()
    pre, post = np.array(projection.get([], "list")).T
    found = rows(projection)
    assert found["connections"] == str(len(pre))
    degrees = np.bincount(post, minlength=6)
    assert found["to each cell"].startswith(f"{degrees.min()} to {degrees.max()} (mean {degrees.mean():.4g}")
    assert found["weight"] == "0.01 uS"
    delays = projection.get("delay", "list", with_address=False)
    assert found["delay"].startswith(f"{min(delays):.4g} to {max(delays):.4g}") and found["delay"].endswith(
        "ms"
    )


def test_html_is_escaped():
    sim.setup()
    assert "<b>" not in sim.Population(1, sim.IF_curr_exp(), label="<b>bold")._repr_html_()


def test_templates_of_ones_own():
    exc, _, projection = network()
    assert exc.describe("$label of $size") == "exc of 6"
    assert exc.describe("{{label}} of {{size}}", engine="jinja2") == "exc of 6"
    assert exc.describe(None)["size"] == 6
    assert projection.describe(None)["size"] == len(projection)
