"""Arguments that are wrong, missing, swapped, or another backend's: one traceback, which says what to do."""

import re
import traceback

import numpy as np
import pyNN.mock as other
import pyNN.random
import pytest
from pyNN.errors import ConnectionError, InvalidModelError, InvalidParameterValueError
from pyNN.random import NumpyRNG, RandomDistribution

import pyNN_fastsim as sim


class Net:
    """A small network, and one of another backend."""

    def __init__(self):
        sim.setup(timestep=0.1)
        self.p = sim.Population(4, sim.IF_curr_exp(), label="p")
        self.q = sim.Population(4, sim.IF_curr_exp(), label="q")
        self.both = self.p + self.q
        self.dc = sim.DCSource(amplitude=0.5)
        self.all, self.synapse = sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1)
        other.setup()
        self.theirs = other.Population(4, other.IF_curr_exp(), label="theirs")
        self.their_projection = other.Projection(
            self.theirs, self.theirs, other.AllToAllConnector(), other.StaticSynapse()
        )

    def project(self, *arguments, **named):
        return sim.Projection(*(arguments or (self.p, self.q, self.all, self.synapse)), **named)


class OtherNativeRNG(pyNN.random.NativeRNG):
    """As that of pyNN.nest: what it draws is nothing that Python knows."""

    def next(self, *arguments, **named):
        return object()


def refused(error, attempt, *words):
    """An attempt on a Net must raise an error of one traceback, short, with these words in this order."""
    net = Net()
    with pytest.raises(error) as raised:
        attempt(net)
    shown = "".join(traceback.format_exception(raised.value))
    assert shown.count("Traceback") == 1
    message = str(raised.value)
    assert len(message) < 300
    assert re.search(".*".join(map(re.escape, words)), message), message


MISUSED = {
    "nothing": (lambda net: sim.Population(), "Population(): missing", "'size'", "size, cellclass"),
    "too little": (lambda net: sim.Population(4), "Population(): missing", "'cellclass'"),
    "a typo": (lambda net: sim.Population(4, sim.IF_curr_exp(), lable="x"), "'lable'", "mean 'label'"),
    "unknown": (lambda net: net.project(net.p, net.q, net.all, colour=3), "'colour'", "receptor_type"),
    "too much": (lambda net: net.p.sample(1, None, 3), "Population.sample(): too many", "n, rng"),
    "a connector": (lambda net: sim.FixedProbabilityConnector(), "FixedProbabilityConnector()", "p_connect"),
    "a deprecated function": (lambda net: sim.connect(net.p), "connect(): missing", "'post'"),
    "create": (lambda net: sim.create(), "create(): missing", "'cellclass'"),
    "a cell type by place": (lambda net: sim.IF_curr_exp(20.0), "IF_curr_exp()", "by name", "=...", "20.0"),
    "a dict": (lambda net: sim.IF_curr_exp({"tau_m": 20.0}), "IF_curr_exp()", "**parameters"),
    "a synapse type by place": (lambda net: sim.StaticSynapse(0.1), "StaticSynapse()", "by name", "0.1"),
    "a source by place": (lambda net: sim.DCSource(0.1), "DCSource()", "by name", "0.1"),
    "name and value": (lambda net: net.project().set("weight", 1.0), "Projection.set()", "weight=..."),
    "STDP": (lambda net: sim.STDPMechanism(wieght=1.0), "STDPMechanism()", "did you mean 'weight'"),
    "no neuron": (lambda net: sim.PointNeuron(), "PointNeuron(): missing", "'neuron'"),
    "a generator's seed": (lambda net: net.p.sample(2, rng=42), "rng must be", "not 42", "NumpyRNG(seed=42)"),
    "a class": (lambda net: net.project(net.p, net.q, sim.AllToAllConnector), "connector must be",
                "not the class AllToAllConnector itself"),
    "swapped": (lambda net: net.project(net.p, net.q, net.synapse, net.all), "connector (argument 3)",
                "not a StaticSynapse, which goes to synapse_type"),
    "a structure": (lambda net: sim.Population(4, sim.IF_curr_exp(), sim.Grid2D()), "cellparams (argument 3)",
                    "not a Grid2D, which goes to structure"),
    "a label": (lambda net: sim.Population(4, sim.IF_curr_exp(), "ours"), "cellparams", "ours", "label=..."),
    "a list in an assembly": (lambda net: sim.Assembly([net.p, net.q]), "not a list with the Population 'p'",
                              "Assembly(*populations)"),
    "a label in an assembly": (lambda net: sim.Assembly(net.p, "ours"), "not 'ours'", "label=..."),
    "a callback": (lambda net: sim.run(1.0, callbacks=lambda t: t + 1), "run(): callbacks must be a list",
                   "not the function <lambda>", "into a list"),
    "a callback of nothing": (lambda net: sim.run_until(1.0, [lambda: 1.0]), "run_until(): callbacks",
                              "functions of the time"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISUSED)
def test_wrong_and_missing_arguments(mistake):
    refused(TypeError, *MISUSED[mistake])


def test_the_name_is_that_of_a_users_class():
    class Sparse(sim.FixedProbabilityConnector):
        pass

    refused(TypeError, lambda net: Sparse(), "Sparse(): missing", "p_connect")


def test_callbacks_of_an_iterator():
    sim.setup(timestep=0.1)
    times = []
    sim.run(1.0, callbacks=(lambda t, step=step: times.append(t) or t + step for step in (0.5, 1.0)))
    assert sorted(times) == [0.0, 0.0, 0.5, 1.0, 1.0]


# --- a cell where cells are meant -------------------------------------------------------------------------

OF_A_CELL = {
    "pre": (ConnectionError, lambda net: net.project(net.p[1], net.q, net.all)),
    "post": (ConnectionError, lambda net: net.project(net.q, net.p[1], net.all)),
    "both": (ConnectionError, lambda net: net.project(net.p[1], net.p[1], net.all)),
    "assembly": (TypeError, lambda net: sim.Assembly(net.q, net.p[1])),
    "sum": (TypeError, lambda net: net.q + net.p[1]),
    "sum of an assembly": (TypeError, lambda net: net.both + net.p[1]),
    "view": (TypeError, lambda net: sim.PopulationView(net.p[1], [0])),
    "initialize": (TypeError, lambda net: sim.initialize(net.p[1], v=-60.0)),
    "set": (TypeError, lambda net: sim.set(net.p[1], tau_m=10.0)),
    "clone": (TypeError, lambda net: sim.CloneConnector(net.p[1])),
}


@pytest.mark.parametrize("where", OF_A_CELL)
def test_a_cell_is_not_a_population(where):
    error, attempt = OF_A_CELL[where]
    hint = [] if where == "clone" else ["[1:2] instead of [1]"]
    refused(error, attempt, "not cell 1 of 'p'", *hint)


def test_the_view_that_the_message_names():
    net = Net()
    assert len(net.project(net.p[1:2], net.q, net.all, net.synapse)) == 4


@pytest.mark.parametrize(
    "attempt, words",
    [
        (lambda net: net.project([net.p, net.q], net.q, net.all), "an Assembly joins them"),
        (lambda net: net.project(net.p, [net.q[0], net.q[1]], net.all), "gives a view of several cells"),
        (lambda net: net.project(net.all, net.p, net.q), "not an AllToAllConnector, which goes to connector"),
        (lambda net: net.project(net.p, "q", net.all), "not 'q'"),
    ],
)
def test_what_else_is_no_population(attempt, words):
    refused(ConnectionError, attempt, "synaptic_neurons", "must be a population, view or assembly", words)


# --- another backend's objects ----------------------------------------------------------------------------

FOREIGN = {
    "population as pre": (ConnectionError, lambda net: net.project(net.theirs, net.p, net.all), "'theirs'"),
    "population as post": (ConnectionError, lambda net: net.project(net.p, net.theirs, net.all), "'theirs'"),
    "view": (ConnectionError, lambda net: net.project(net.p, net.theirs[:2], net.all), "PopulationView"),
    "assembly": (ConnectionError, lambda net: net.project(other.Assembly(net.theirs), net.p, net.all)),
    "cell": (ConnectionError, lambda net: net.project(net.theirs[1], net.p, net.all), "cell 1 of 'theirs'"),
    "population in an assembly": (TypeError, lambda net: sim.Assembly(net.p, net.theirs), "'theirs'"),
    "population in a sum": (TypeError, lambda net: net.p + net.theirs, "'theirs'"),
    "assembly in a sum": (TypeError, lambda net: net.both + other.Assembly(net.theirs), "Assembly"),
    "population of a view": (TypeError, lambda net: sim.PopulationView(net.theirs, [0]), "'theirs'"),
    "initialize": (TypeError, lambda net: sim.initialize(net.theirs, v=-60.0), "'theirs'"),
    "set": (TypeError, lambda net: sim.set(net.theirs, tau_m=10.0), "'theirs'"),
    "record": (TypeError, lambda net: sim.record("v", net.theirs, None), "'theirs'"),
    "record a cell": (TypeError, lambda net: sim.record("v", net.theirs[0], None), "cell 0 of 'theirs'"),
    "connect": (TypeError, lambda net: sim.connect(net.p, net.theirs), "'theirs'"),
    "connect a cell": (TypeError, lambda net: sim.connect(net.theirs[0], net.p), "cell 0 of 'theirs'"),
    "id_to_index": (TypeError, lambda net: net.p.id_to_index(net.theirs[0]), "cell 0 of 'theirs'"),
    "current": (TypeError, lambda net: net.p.inject(other.DCSource()), "a DCSource"),
    "current of a view": (TypeError, lambda net: net.p[:2].inject(other.DCSource()), "a DCSource"),
    "current of an assembly": (TypeError, lambda net: net.both.inject(other.DCSource()), "a DCSource"),
    "clone": (TypeError, lambda net: sim.CloneConnector(net.their_projection), "the Projection 'theirs→"),
    "population as a parameter": (
        InvalidParameterValueError, lambda net: sim.IF_curr_exp(tau_m=net.theirs), "tau_m", "'theirs'",
    ),
    "rules": (InvalidModelError, lambda net: sim.STDPMechanism(other.SpikePairRule()), "a SpikePairRule"),
}  # fmt: skip


@pytest.mark.parametrize("what", FOREIGN)
def test_objects_of_another_backend(what):
    error, attempt, *words = FOREIGN[what]
    refused(error, attempt, *words, "of another backend, pyNN.mock")


@pytest.mark.parametrize(
    "attempt, word",
    [
        (lambda net: sim.Population(2, other.IF_curr_exp()), "IF_curr_exp"),
        (lambda net: sim.Population(2, other.SpikeSourcePoisson), "SpikeSourcePoisson"),
        (lambda net: sim.create(other.IF_curr_exp), "IF_curr_exp"),
        (lambda net: net.project(net.p, net.q, net.all, other.StaticSynapse()), "StaticSynapse"),
    ],
)
def test_models_of_another_backend(attempt, word):
    refused(InvalidModelError, attempt, word, "not a", "of this backend; import")


def test_a_cell_type_that_looks_like_ours():
    """Those of pyNN.neuron have a `model`, too."""
    theirs = type("IF_curr_exp", (other.IF_curr_exp,), {"model": object()})
    refused(InvalidModelError, lambda net: sim.Population(2, theirs()), "IF_curr_exp", "of this backend")


@pytest.mark.parametrize(
    "attempt",
    [
        lambda rng: sim.FixedProbabilityConnector(0.5, rng=rng),
        lambda rng: Net().p.sample(2, rng=rng),
        lambda rng: sim.FixedNumberPreConnector(RandomDistribution("uniform_int", (1, 3), rng=rng)),
        lambda rng: sim.IF_curr_exp(tau_m=RandomDistribution("uniform", (10, 20), rng=rng)),
        lambda rng: Net().p.set(tau_m=RandomDistribution("uniform", (10, 20), rng=rng)),
        lambda rng: Net().p.initialize(v=RandomDistribution("uniform", (-60, -50), rng=rng)),
        lambda rng: sim.StaticSynapse(weight=RandomDistribution("uniform", (0, 1), rng=rng)),
        lambda rng: Net().project().set(weight=RandomDistribution("uniform", (0, 1), rng=rng)),
    ],
)
def test_native_generators_of_another_backend(attempt):
    with pytest.raises((TypeError, InvalidParameterValueError), match="rng|drawn|RandomDistribution"):
        attempt(OtherNativeRNG(seed=1))
    attempt(NumpyRNG(seed=1))
    attempt(sim.NativeRNG(seed=1))


def test_connectors_of_pynn_are_everybodys():
    net = Net()
    assert len(net.project(net.p, net.q, other.OneToOneConnector(), net.synapse)) == 4


# --- projections ------------------------------------------------------------------------------------------


def test_receptors():
    refused(
        ConnectionError,
        lambda net: net.project(receptor_type="inhibitry"),
        "p→q: receptor_type must be one of 'excitatory', 'inhibitory', not 'inhibitry'",
        "did you mean 'inhibitory'",
    )
    refused(
        ConnectionError,
        lambda net: net.project(net.p, net.q, net.all, net.synapse, "inhibitory"),
        "p→q: source is 'inhibitory'",
        "receptor_type='inhibitory'",
    )


@pytest.mark.parametrize("label, shown", [(None, "p→q"), ("", "p→q"), ("mine", "mine")])
def test_what_goes_wrong_has_the_name_of_the_projection(label, shown):
    for synapse in (
        {"weight": np.ones((3, 3))},
        {"weight": [1.0, 2.0]},
        {"delay": np.ones((3, 3))},
        {"weight": RandomDistribution("uniform", (np.nan, np.nan))},
        {"weight": -1.0, "delay": 1e9},
    ):
        with pytest.raises((ValueError, ConnectionError), match=f"^{shown}: .*(weight|delay)"):
            net = Net()
            net.project(net.p, net.q, net.all, sim.StaticSynapse(**synapse), label=label)


def test_a_population_without_a_label():
    net = Net()
    net.p.label = None
    assert net.project().label == "unnamed Population→q"


# --- lists and files of connections -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows, names, error, words",
    [
        ([(0, 1, 0.5)], None, TypeError, "3 columns are pre, post and 1 more.*column_names=.'weight'."),
        ([(0, 1, 0.5, 1.0, 0.3)], None, TypeError, "5 columns are pre, post and 3 more"),
        ([(0, 1, 0.5, 1.0)], ["weight"], ValueError, "1 column_names .weight. for 2 columns"),
        ([(0, 1, 0.5)], ["weight", "delay"], ValueError, "2 column_names .weight, delay. for 1 column"),
    ],
)
def test_columns_of_lists_of_connections(rows, names, error, words):
    with pytest.raises(error, match=f"FromListConnector: {words}"):
        sim.FromListConnector(rows, names)


@pytest.mark.parametrize(
    "text, error, words",
    [
        ("0 1 0.5\n1 2 0.5\n", TypeError, "3 columns are pre, post and 1 more.*# columns"),
        ("0 1 0.5 1.0 0.3\n", TypeError, "5 columns are pre, post and 3 more"),
        ("# columns = ['i', 'j', 'weight']\n0 1 0.5 1.0\n", ValueError, "1 column_names .weight. for 2"),
        ("pre post weight delay\n", ValueError, "not a table of numbers"),
        ("0\n1\n", TypeError, "conn_list must be a list of .pre, post"),
    ],
)  # fmt: skip
def test_columns_of_files_of_connections(tmp_path, text, error, words):
    file = tmp_path / "connections.txt"
    file.write_text(text)
    net = Net()
    with pytest.raises(error, match=f"FromFileConnector .*connections.txt.*: {words}"):
        net.project(net.p, net.q, sim.FromFileConnector(str(file)), net.synapse)


@pytest.mark.parametrize(
    "text, weight, delay",
    [("0 1\n1 2\n", 0.1, 1.5), ("\n# a comment\n0 1\n\n1 2\n", 0.1, 1.5),
     ("0 1 0.5 1.0\n1 2 0.5 1.0\n", 0.5, 1.0),
     ("# columns = ['i', 'j', 'weight']\n0 1 0.5\n1 2 0.5\n", 0.5, 1.5)],
)  # fmt: skip
def test_what_is_not_in_a_file_comes_from_the_synapse_type(tmp_path, text, weight, delay):
    file = tmp_path / "connections.txt"
    file.write_text(text)
    net = Net()
    projection = net.project(
        net.p, net.q, sim.FromFileConnector(str(file)), sim.StaticSynapse(weight=0.1, delay=1.5)
    )
    assert projection.get(["weight", "delay"], "list") == [(0, 1, weight, delay), (1, 2, weight, delay)]


def test_native_rng_as_pynns_other_generators():
    numbers = [sim.NativeRNG(seed=3, parallel_safe=safe).next(5).tolist() for safe in (True, False)]
    assert numbers[0] == numbers[1] == sim.NativeRNG(3).next(5).tolist()
    for rng in (NumpyRNG(seed=1), sim.NativeRNG(seed=1)):
        with pytest.raises(ValueError, match="number must be positive"):
            rng.next(-1, "uniform", {"low": 0, "high": 1})


@pytest.mark.parametrize("text", ["0 1\n", "0 1 0.5 1.0\n"])
def test_a_file_of_one_connection(tmp_path, text):
    (tmp_path / "connections.txt").write_text(text)
    net = Net()
    connector = sim.FromFileConnector(str(tmp_path / "connections.txt"))
    assert net.project(net.p, net.q, connector, net.synapse).get([], "list") == [(0, 1)]
