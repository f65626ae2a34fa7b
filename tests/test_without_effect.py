"""What would change nothing, or another thread's network, is refused: it says what to do instead."""

import threading

import pyNN.mock
import pytest
from pyNN.errors import NonExistentParameterError
from test_errors import cells, raises

import pyNN_fastsim as sim
from pyNN_fastsim import threads


@pytest.fixture(autouse=True)
def new_network():
    sim.setup(timestep=0.1)


# --- networks that are no more, and attributes without effect ---------------------------------


ACTS = {
    "set": lambda p, *_: p.set(tau_m=5.0),
    "set of a view": lambda p, *_: p[0:1].set(tau_m=5.0),
    "set of an assembly": lambda p, *_: sim.Assembly(p).set(tau_m=5.0),
    "a cell's parameter": lambda p, *_: setattr(p[0], "tau_m", 5.0),
    "initialize": lambda p, *_: p.initialize(v=-60.0),
    "initialize of an assembly": lambda p, *_: sim.Assembly(p).initialize(v=-60.0),
    "a cell's initial value": lambda p, *_: p[0].set_initial_value("v", -60.0),
    "record": lambda p, *_: p.record("spikes"),
    "record of an assembly": lambda p, *_: sim.Assembly(p).record("spikes"),
    "record nothing any more": lambda p, *_: p.record(None),
    "inject": lambda p, *_: p.inject(sim.DCSource()),
    "inject into a cell": lambda p, *_: p[0].inject(sim.DCSource()),
    "set of a projection": lambda _, projection: projection.set(weight=1.0),
    "a connection's weight": lambda _, projection: setattr(projection[0], "weight", 1.0),
    "record of a projection": lambda _, projection: projection.record("weight"),
}


def plastic_network():
    """Cells whose v is recorded, and a plastic projection to them, after 20 ms."""
    p = cells(i_offset=2.0)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0, 3.0]))
    stdp = sim.STDPMechanism(sim.SpikePairRule(A_plus=0.1), sim.AdditiveWeightDependence(), weight=0.5)
    projection = sim.Projection(source, p, sim.AllToAllConnector(), stdp)
    p.record("v")
    sim.run(20.0)
    return p, projection


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_network_that_is_no_more_can_only_be_read(act):
    expected = plastic_network()[1].get("weight", "list")
    sim.setup(timestep=0.1)
    p, projection = plastic_network()
    sim.setup(timestep=0.1)
    sim.Population(1, sim.IF_curr_exp())
    sim.run(1.0)
    with raises(ValueError, r"from before setup\(\)"):
        act(p, projection)
    assert p.get("tau_m") == 20.0 and p.get_data().segments[0].analogsignals[0].shape[0] == 201
    assert projection.get("weight", "list") == expected


WITHOUT_EFFECT = {
    "population": (lambda p, _: p, "i_offset", "call set\\(i_offset=...\\) of Population 'cells'"),
    "misspelt": (lambda p, _: p, "i_ofset", "call set\\(i_offset=...\\) of Population 'cells'"),
    "state variable": (lambda p, _: p, "v", "call initialize\\(v=...\\) of Population 'cells'"),
    "view": (lambda p, _: p[0:1], "TAU_M", "call set\\(tau_m=...\\) of PopulationView"),
    "assembly": (lambda p, _: p + cells(), "tau_m", "call set\\(tau_m=...\\) of Assembly"),
    "cell": (lambda p, _: p[0], "v", "set_initial_value\\('v', 5\\)"),
    "cell type": (lambda p, _: p.celltype, "tau_m", "IF_curr_exp\\(tau_m=...\\)"),
    "neuron": (lambda *_: sim.LIF(), "tau_m", "LIF\\(tau_m=...\\)"),
    "source": (lambda *_: sim.DCSource(), "amplitud", "did you mean 'amplitude'"),
    "projection": (lambda _, projection: projection, "weight", "call set\\(weight=...\\)"),
    "connection": (lambda _, projection: projection[0], "wieght", "did you mean 'weight'"),
    "synapse type": (lambda *_: sim.StaticSynapse(), "weight", "call set\\(weight=...\\) of a projection"),
    "rule": (lambda *_: sim.SpikePairRule(), "tau_plus", "SpikePairRule\\(tau_plus=...\\)"),
    "connector": (lambda *_: sim.FixedProbabilityConnector(0.1), "p_conect", "p_connect"),
}


@pytest.mark.parametrize("which, name, message", WITHOUT_EFFECT.values(), ids=WITHOUT_EFFECT)
def test_attributes_without_effect_are_refused(which, name, message):
    """With what to do instead; whatever else users hang on an object is theirs."""
    p = cells()
    projection = sim.Projection(p, p, sim.OneToOneConnector(), sim.StaticSynapse())
    thing = which(p, projection)
    with raises((AttributeError, NonExistentParameterError), message):
        setattr(thing, name, 5)
    thing.my_note = thing.layer = [1, 2]
    assert thing.my_note == thing.layer == [1, 2]


def test_attributes_that_have_an_effect():
    connector = sim.FixedProbabilityConnector(0.1)
    connector.p_connect = 1.0
    stdp = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence())
    stdp.weight = 0.3
    source = sim.DCSource()
    source.amplitude = 0.2
    p = cells()
    p[1].tau_m = 7.0
    p[1].note = "a"
    p.label = "renamed"
    assert p[0:2][1].note == "a" and p.get("tau_m").tolist()[:2] == [20.0, 7.0]
    projection = sim.Projection(p, p, connector, stdp)
    projection[0].weight = 0.25
    assert len(projection) == p.size**2 and projection.get("weight", "list")[0][2] == 0.25
    assert projection[1].weight == 0.3 and source.get_parameters()["amplitude"] == 0.2


def test_asking_whether_there_is_an_attribute():
    p = cells()
    for thing in (p, p[0], p[0:1], p + cells(), sim.DCSource(), sim.IF_curr_exp(), sim.StaticSynapse()):
        assert not hasattr(thing, "no_such_thing")
    for thing in (p[0], sim.DCSource()):
        with raises(NonExistentParameterError, "no_such_thing"):
            thing.no_such_thing  # noqa: B018


def test_current_sources_of_another_backend():
    other = pyNN.mock.DCSource(amplitude=1.0)
    p = cells()
    for target in (p, p[0:1], p[0], p + cells()):
        with raises(TypeError, "DCSource of another backend, pyNN.mock"):
            target.inject(other)
    pyNN.mock.setup()
    theirs = pyNN.mock.Population(2, pyNN.mock.IF_curr_exp(), label="theirs")
    for target in (theirs, theirs[0:1], theirs[0], [theirs[0]]):
        with raises(
            TypeError, "'.*theirs.*' belongs to another backend|theirs.*: it belongs to another backend"
        ):
            sim.DCSource().inject_into(target)


# --- two Python threads ------------------------------------------------------------------------


def test_a_thread_that_was_broken_off_does_not_keep_others_out(monkeypatch):
    """Where it could not even say that it ends."""
    cells()
    monkeypatch.setitem(threads._at_work, "thread", (threading.get_ident(), "Population"))
    other = threading.Thread(target=sim.run, args=(1.0,))
    other.start()
    other.join()
    assert sim.get_current_time() == 1.0 and not threads._at_work


def test_a_second_thread_is_refused_while_one_builds_or_runs():
    """And may go on as soon as the first one has come back, also with an error."""
    p = cells()
    told = []

    def try_all():
        for attempt in (
            sim.setup,
            cells,
            lambda: sim.Projection(p, p, sim.OneToOneConnector()),
            lambda: p.set(tau_m=5.0),
            lambda: p.record("v"),
            lambda: sim.run(1.0),
            sim.reset,
        ):
            try:
                attempt()
            except RuntimeError as error:
                told.append(str(error))

    def in_a_thread(_):
        other = threading.Thread(target=try_all)
        other.start()
        other.join()
        raise ZeroDivisionError

    for during in (
        lambda: sim.run(1.0, callbacks=[in_a_thread]),
        lambda: sim.Population(3, sim.IF_curr_exp(tau_m=in_a_thread)),
        lambda: sim.Projection(
            p, p, sim.OneToOneConnector(), sim.StaticSynapse(weight=lambda d: in_a_thread(d))
        ),
    ):
        told.clear()
        with pytest.raises(ZeroDivisionError):
            during()
        assert len(told) in (7, 14) and all("another thread of this process is in" in each for each in told)
    assert p.get("tau_m") == 20.0
    other = threading.Thread(target=sim.run, args=(1.0,))
    other.start()
    other.join()
    assert sim.get_current_time() == 1.0
