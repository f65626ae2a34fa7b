"""Calls of PyNN 0.7 raise an error that says what they are today; those that PyNN still takes work."""

import numpy as np
import pytest
from pyNN.random import NumpyRNG, RandomDistribution

import pyNN_fastsim as sim

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated")
DISTRIBUTION = RandomDistribution("uniform", [-65.0, -60.0], rng=NumpyRNG(seed=1))


@pytest.fixture
def net():
    """Two populations, a view, an assembly and a projection, by name."""
    sim.setup(timestep=0.1)
    p = sim.Population(3, sim.IF_cond_exp())
    q = sim.Population(3, sim.IF_cond_exp(i_offset=1.0))
    pr = sim.Projection(p, q, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))
    return {"p": p, "q": q, "v": p[0:2], "a": p + q, "pr": pr, "sim": sim, "rd": DISTRIBUTION}


@pytest.mark.parametrize("cells", ["p", "v", "a"])
@pytest.mark.parametrize(
    ("call", "today"),
    [
        ("record()", "record('spikes')"),
        ("set('tau_m', 10.0)", "set(tau_m=10.0)"),
        ("set({'tau_m': 10.0})", "set(tau_m=10.0)"),
        ("initialize('v', -60.0)", "initialize(v=-60.0)"),
    ],
)
def test_methods_of_cells(net, cells, call, today):
    with pytest.raises(TypeError) as caught:
        eval(f"{cells}.{call}", net)
    owner = type(net[cells]).__name__
    name = call.partition("(")[0]
    assert str(caught.value) == f"{owner}.{name}() can't be called like this since PyNN 0.8, but as {today}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "today"),
    [
        ("p.randomInit(rd)", r"initialize\(v=distribution\)"),
        ("a.randomInit(rd)", r"initialize\(v=distribution\)"),
        ("v.getSubPopulation([0])", "population"),
        ("p.canRecord('v')", "can_record"),
        ("p.cellclass", "celltype"),
        ("p.dim", "structure"),
        ("pr.synapse_dynamics", "synapse_type"),
        ("pr.connection_manager", "connections"),
        ("sim.SynapseDynamics(slow=None)", "synapse type"),
        ("sim.TsodyksMarkramMechanism(U=0.5)", "TsodyksMarkramSynapse"),
    ],
)
def test_names(net, text, today):
    with pytest.raises(AttributeError, match=rf"since PyNN 0\.8; today it is .*{today}"):
        eval(text, net)


@pytest.mark.parametrize(
    ("text", "today"),
    [
        ("sim.OneToOneConnector(weights=0.1, delays=1.0)", r"StaticSynapse\(weight"),
        ("sim.AllToAllConnector(delays=1.0)", r"StaticSynapse\(delay"),
        ("sim.FixedProbabilityConnector(0.1, weights=0.1)", r"StaticSynapse\(weight"),
        ("sim.FixedNumberPreConnector(1, weights=0.1)", r"StaticSynapse\(weight"),
        ("sim.FixedNumberPostConnector(1, weights=0.1)", r"StaticSynapse\(weight"),
        ("sim.DistanceDependentProbabilityConnector('d<1', weights=0.1)", r"StaticSynapse\(weight"),
        ("sim.Projection(p, q, sim.OneToOneConnector(), target='inhibitory')", "receptor_type"),
        ("sim.Projection(p, q, method=sim.OneToOneConnector())", "connector"),
        ("sim.Projection(p, q, sim.OneToOneConnector(), synapse_dynamics=None)", "synapse_type"),
        ("sim.Projection(p, q, sim.OneToOneConnector(), rng=None)", "rng of the connector"),
        ("sim.Population(dims=3, cellclass=sim.IF_cond_exp)", "size"),
        ("sim.connect(source=p, target=q, weight=0.1)", "pre"),
        ("sim.connect(p, q, weight=0.1, synapse_type='excitatory')", "receptor_type"),
        ("sim.AdditiveWeightDependence(w_min=0.0, w_max=1.0, A_plus=0.1)", "timing dependence"),
    ],
)
def test_arguments(net, text, today):
    with pytest.raises(TypeError, match=rf"since PyNN 0\.8; today it is .*{today}"):
        eval(text, net)


@pytest.mark.parametrize(
    ("text", "today"),
    [
        ("sim.set(p, 'tau_m', 10.0)", "set(cells, tau_m=10.0)"),
        ("sim.set(p, {'tau_m': 10.0})", "set(cells, tau_m=10.0)"),
        ("sim.initialize(p, 'v', -60.0)", "initialize(cells, v=-60.0)"),
        ("sim.record(p, 'spikes.pkl')", "record('spikes', cells, filename)"),
    ],
)
def test_functions(net, text, today):
    with pytest.raises(TypeError) as caught:
        eval(text, net)
    assert str(caught.value).endswith(f"since PyNN 0.8, but as {today}")


@pytest.mark.parametrize(
    "connector",
    [
        "OneToOneConnector(0.1)",
        "AllToAllConnector(True, 0.1)",
        "DistanceDependentProbabilityConnector('d<1', False, 0.1)",
    ],
)
def test_weights_without_a_name(net, connector):
    """What was the weight in 0.7 must not become something else in silence."""
    with pytest.raises(TypeError, match="location_selector must be None"):
        eval(f"sim.{connector}", net)


def test_calls_that_pynn_still_takes(net):
    p, q, pr = net["p"], net["q"], net["pr"]
    p.tset("tau_m", [10.0, 20.0, 30.0])
    assert p.get("tau_m").tolist() == [10.0, 20.0, 30.0]
    p.rset("v_rest", DISTRIBUTION)
    q.record("spikes")
    p.record_v()
    pr.setWeights(0.2)
    pr.randomizeWeights(RandomDistribution("uniform", [0.0, 0.1], rng=NumpyRNG(seed=2)))
    sim.run(100.0)
    assert len(q.getSpikes().segments[0].spiketrains) == 3
    assert p.get_v().segments[0].analogsignals[0].shape == (1001, 3)
    assert q.meanSpikeCount() > 0
    assert np.shape(pr.getWeights()) == (9,)


@pytest.mark.parametrize("cells", ["p", "v", "a"])
@pytest.mark.parametrize(("call", "place"), [("getSpikes()", "spiketrains"), ("get_v()", "analogsignals")])
def test_data_that_are_taken_for_arrays(net, cells, call, place):
    net["a"].record(["spikes", "v"])
    sim.run(1.0)
    data = eval(f"{cells}.{call}", net)
    assert data.segments
    for use in (lambda: data[:, 1], lambda: len(data), lambda: list(data), lambda: np.asarray(data)):
        with pytest.raises(TypeError, match=rf"gives a Neo Block since PyNN 0\.8.*get_data\(.*{place}"):
            use()


def test_errors_from_inside_keep_their_message(net):
    """An attribute that fails is not taken for one that isn't there."""

    class Broken(sim.Population):
        @property
        def broken(self):
            return self.nonsense

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = Broken(1, sim.IF_cond_exp()).broken
