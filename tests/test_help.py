"""help(): parameters with units and defaults, receptors and recordables; nothing of how it is made here."""

import inspect
import pydoc
import re

import pytest
from own_cells import OwnIF

import pyNN_fastsim as sim

CELLS = [name for name in sim.list_standard_models() if name != "PointNeuron"]
SYNAPSES = ["StaticSynapse", "TsodyksMarkramSynapse", "SimpleStochasticSynapse", "MultiQuantalSynapse"]
RULES = ["SpikePairRule", "Vogels2011Rule", "AdditiveWeightDependence", "GutigWeightDependence"]
SOURCES = ["DCSource", "ACSource", "StepCurrentSource", "NoisyCurrentSource"]
PARTS = ["LIF", "AdExp", "ExpPSR", "CurrExpPostSynapticResponse"]


def text_of(thing):
    """What help() prints of something."""
    return pydoc.plain(pydoc.render_doc(thing))


@pytest.mark.parametrize("name", [*CELLS, *SYNAPSES, *RULES, *SOURCES, *PARTS])
def test_every_parameter_has_its_default_its_unit_and_a_meaning(name):
    cls = getattr(sim, name)
    text = text_of(cls)
    for parameter in cls.default_parameters:
        row = re.search(rf"^ \|      {parameter}  +(\S.*)$", text, re.MULTILINE)
        assert row, parameter
        value, *meaning = re.split(r"  +", row[1])
        unit = getattr(cls, "units", {}).get(parameter)
        default = cls.default_parameters[parameter]
        if unit not in (None, "dimensionless") and default is not None:
            assert value.endswith(f" {unit}")
        if isinstance(default, float):
            assert float(value.split()[0]) == pytest.approx(default, rel=1e-4)
        assert meaning or name == "SpikeSourceInhGamma"
        assert parameter in inspect.signature(cls).parameters or name == "NoisyCurrentSource"


INTERNAL = re.compile(
    r"translat|engine_|as_given|native|panel\(|is_own|model =|check_|__\w+__|computed_|scaled_"
)


@pytest.mark.parametrize(
    "name", [*CELLS, *SYNAPSES, *RULES, *SOURCES, *PARTS, "PointNeuron", "STDPMechanism", "AllToAllConnector"]
)
def test_nothing_from_inside(name):
    text = text_of(getattr(sim, name))
    hits = [line for line in text.splitlines() if INTERNAL.search(line)]
    assert hits == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("IF_curr_exp", "excitatory, inhibitory; weights are in nA, negative for inhibition"),
        ("IF_curr_delta", "excitatory, inhibitory; weights are in mV, negative for inhibition"),
        ("Izhikevich", "excitatory, inhibitory; weights are in mV, negative for inhibition"),
        ("IF_cond_exp", "excitatory, inhibitory; weights are conductances in uS, always positive"),
        ("IF_cond_exp", "spikes, v, gsyn_exc, gsyn_inh"),
        ("IF_cond_exp", "v = -65 mV, gsyn_exc = 0 uS, gsyn_inh = 0 uS"),
        ("SpikeSourcePoisson", "none: it is a source of spikes"),
        ("StaticSynapse", "delay   not set  delay; one time step if it is not set"),
        ("STDPMechanism", "dendritic_delay_fraction  1 "),
        ("TsodyksMarkramSynapse", "u, x, y"),
    ],
)
def test_what_else_is_said(name, words):
    assert words in text_of(getattr(sim, name))
    assert words in getattr(sim, name).__doc__  # what a notebook shows for "?"


def test_signatures():
    """What Shift and Tab show."""
    assert str(inspect.signature(sim.DCSource)) == "(*, amplitude=1, start=0, stop=1e+12)"
    assert str(inspect.signature(sim.IF_curr_exp)).startswith("(*, v_rest=-65, cm=1, tau_m=20,")
    assert "allow_self_connections=True" in str(inspect.signature(sim.AllToAllConnector))
    assert str(inspect.signature(sim.NoisyCurrentSource)) == "(**parameters)"  # rng, too, in other backends


def test_classes_of_users():
    """Their own docstrings and methods are there, and their own arguments."""
    text = text_of(OwnIF)
    assert "solved exactly" in text and re.search(r"tau_m +20 ms +time constant of the membrane", text)
    assert "excitatory, inhibitory" in text and "weights are in" not in text  # of which nothing is known

    class Halved(sim.IF_curr_exp):
        """With half of the current."""

        def __init__(self, current):
            super().__init__(i_offset=current / 2)

        def doubled(self):
            """Twice of it."""

    class Sparse(sim.FixedProbabilityConnector):
        def __init__(self, one_in):
            super().__init__(1 / one_in)

    assert str(inspect.signature(Halved)) == "(current)" and str(inspect.signature(Sparse)) == "(one_in)"
    assert "Twice of it." in text_of(Halved) and "With half of the current." in text_of(Halved)
    sim.setup()
    assert sim.Population(2, Halved(1.0)).get("i_offset") == 0.5


def test_names_that_the_tabulator_completes():
    assert {"default_parameters", "units", "recordable", "receptor_types"} <= set(dir(sim.IF_curr_exp))
    assert not {"as_given", "engine_values", "panel"} & set(dir(sim.IF_curr_exp))
    assert {"inject_into", "record", "get_data"} <= set(dir(sim.DCSource))
    assert "set" in dir(sim.Population) and "get_data" in dir(sim.Population)
