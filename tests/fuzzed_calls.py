"""
The calls that the fuzz makes: one table, `CALLS`, of everything public.

An entry is a function of a small network (`Net`) and of arguments, and says of which kind each argument
is. A kind has good values and says which of the `ODD` values it may tolerate; all others must be refused.
Cell types, the neurons and receptors that they are made of, synapse types, rules of plasticity and current
sources come into the table by themselves, with all their parameters: see `parameter_calls`. What needs no
entry stands in `NOT_CALLED` with the reason.
"""

import inspect
import tempfile
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import neo
import numpy as np
import pyNN.mock
import quantities as pq
from hypothesis import strategies as st
from pyNN.models import BaseCellType, BaseCurrentSource, BaseSynapseType
from pyNN.parameters import Sequence
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.recording import Variable
from pyNN.space import Grid2D, Line, Space
from pyNN.standardmodels import StandardCellTypeComponent, StandardPostSynapticResponse
from pyNN.standardmodels.base import STDPTimingDependence, STDPWeightDependence

import pyNN_fastsim as sim
from pyNN_fastsim.kernels import inlined

NAN, INF = float("nan"), float("inf")


def uniform(low, high):
    return RandomDistribution("uniform", low=low, high=high, rng=NumpyRNG(seed=1))


pyNN.mock.setup()


def of_another_backend():
    return pyNN.mock.Population(2, pyNN.mock.IF_curr_exp(), label="theirs")


# Odd values, by name: what makes them, and what they are.
ODD = {
    "None": (lambda: None, "none"),
    "True": (lambda: True, "flag"),
    "False": (lambda: False, "flag"),
    "0": (lambda: 0, "zero"),
    "-1": (lambda: -1, "negative"),
    "-0.5": (lambda: -0.5, "negative fraction"),
    "1": (lambda: 1, "whole"),
    "np.int64(2)": (lambda: np.int64(2), "whole"),
    "2.5": (lambda: 2.5, "fraction"),
    "np.float32": (lambda: np.float32(0.7), "fraction"),
    "Decimal": (lambda: Decimal("1.5"), "fraction exact"),
    "Fraction": (lambda: Fraction(3, 2), "fraction exact"),
    "10**12": (lambda: 10**12, "huge"),
    "2**63": (lambda: 2**63, "huge"),
    "2**64": (lambda: 2**64, "huge"),
    "-2**63": (lambda: -(2**63), "huge negative"),
    "10**400": (lambda: 10**400, "enormous"),
    "1e30": (lambda: 1e30, "huge"),
    "1e300": (lambda: 1e300, "huge"),
    "-1e300": (lambda: -1e300, "huge negative"),
    "1e-300": (lambda: 1e-300, "tiny fraction"),
    "5e-324": (lambda: 5e-324, "tiny fraction"),
    "nan": (lambda: NAN, "nonsense"),
    "inf": (lambda: INF, "infinite"),
    "-inf": (lambda: -INF, "nonsense"),
    "np.nan": (lambda: np.float32(np.nan), "nonsense"),
    "array of nan": (lambda: np.array(NAN), "nonsense"),
    "1j": (lambda: 1j, "nonsense"),
    "empty text": (lambda: "", "text none"),
    "text": (lambda: "abc", "text"),
    "number as text": (lambda: "12", "text"),
    "nul": (lambda: "a\0b", "text"),
    "long text": (lambda: "x" * 10**5, "text"),
    "bytes": (lambda: b"abc", "bytes"),
    "[]": (list, "empty list"),
    "()": (tuple, "empty list"),
    "{}": (dict, "empty dict"),
    "set()": (set, "empty set"),
    "{'a': 1}": (lambda: {"a": 1}, "dict"),
    "[nan]": (lambda: [NAN], "bad list"),
    "[None]": (lambda: [None], "bad list"),
    "['abc']": (lambda: ["abc"], "texts list"),
    "[1, [2]]": (lambda: [1, [2]], "bad list"),
    "[1, 2, 3]": (lambda: [1, 2, 3], "list"),
    "[-1, 1e300]": (lambda: [-1, 1e300], "list negative huge"),
    "range": (lambda: range(10**12), "huge list"),
    "no numbers": (lambda: np.zeros(0), "empty list"),
    "2 x 2": (lambda: np.ones((2, 2)), "array"),
    "nothing x 3": (lambda: np.zeros((0, 3)), "empty array"),
    "huge array": (lambda: np.broadcast_to(1.0, 10**12), "huge list"),
    "texts": (lambda: np.array(["a", "b"]), "texts list"),
    "Sequence": (lambda: Sequence([1.0, 2.0]), "sequence"),
    "Sequence of nan": (lambda: Sequence([NAN]), "bad sequence"),
    "object": (object, "nonsense"),
    "type": (lambda: float, "type"),
    "module": (lambda: np, "nonsense"),
    "function of nothing": (lambda: lambda: 1.0, "bad callable"),
    "function": (lambda: lambda i: 1.0 + 0 * i, "callable"),
    "function giving nan": (lambda: lambda i: NAN + 0 * i, "bad callable"),
    "function giving None": (lambda: lambda i: None, "bad callable"),
    "random": (lambda: uniform(0.5, 1.5), "random"),
    "random nan": (lambda: uniform(NAN, NAN), "bad random"),
    "mV": (lambda: 1.0 * pq.mV, "units"),
    "iterator": (lambda: iter([1.0]), "iterator"),
    "block": (lambda: neo.Block(), "nonsense"),
    "another's population": (lambda: of_another_backend(), "foreign"),
    "another's view": (lambda: of_another_backend()[:1], "foreign"),
    "another's assembly": (lambda: pyNN.mock.Assembly(of_another_backend()), "foreign"),
    "another's cell type": (lambda: pyNN.mock.IF_curr_exp(), "foreign"),
    "another's cell type itself": (lambda: pyNN.mock.IF_curr_exp, "foreign"),
    "another's synapse type": (lambda: pyNN.mock.StaticSynapse(), "foreign"),
}  # fmt: skip


@dataclass
class Kind:
    """What an argument may be.

    good        strategy; values that must be accepted when all arguments are good
    tolerates   words: an odd value may be accepted if each word about it is among these
    is_free     whether any object will do: what the message says of it doesn't matter then
    """

    good: st.SearchStrategy
    tolerates: frozenset
    is_free: bool = False

    def may_accept(self, odd):
        return self.is_free or set(ODD[odd][1].split()) <= self.tolerates

    def __or__(self, words):
        return replace(self, tolerates=self.tolerates | set(words.split()))


def kind(*good, **options):
    """A kind with these good values: strategies, functions of the Net, or plain values."""
    return Kind(st.sampled_from(good), frozenset(options.get("tolerates", "").split()))


# Numbers, "text none" is the empty text, which is as good as no label.
SCALAR = "flag zero negative whole fraction exact huge tiny"
SEVERAL = "list array empty huge callable random units iterator sequence"
SOME = "flag zero whole fraction exact tiny"  # no negative ones, none that is too large
NUMBER = kind(0.5, 3, np.float64(2.0), tolerates=SCALAR)
NUMBERS = kind(0.5, 3, lambda net: lambda i: 1.0 + i, lambda net: uniform(0.5, 2.0),
               tolerates=f"{SCALAR} {SEVERAL}")  # fmt: skip
TIME = kind(0.0, 0.5, 3, tolerates=SOME)
WEIGHT = kind(0.1, 0, lambda net: uniform(0.5, 1.0), tolerates=f"{SCALAR} {SEVERAL} text none")
DELAY = kind(0.5, 3, lambda net: uniform(0.5, 1.0), tolerates=f"{SOME} {SEVERAL} text none negative")
COUNT = kind(1, 0, 2, tolerates="zero whole")
PROBABLE = "zero whole fraction exact tiny huge"
PROBABILITY = kind(1, 0.0, 0.5, tolerates=PROBABLE)
SEED = kind(0, 12, tolerates="whole zero huge enormous")
FLAG = kind(True, False, tolerates="flag zero whole")
SELF = kind(True, False, tolerates="flag")
ANYTHING = replace(FLAG, is_free=True)  # a truth value
LABEL = kind("one", None, tolerates="text none")
NAME = kind("v", "tau_m", tolerates="")
VARIABLES = kind("v", ["v", "spikes"], "all", "spikes", tolerates="none empty list set array dict")
RNG = kind(lambda net: NumpyRNG(seed=3), lambda net: sim.NativeRNG(seed=3), None, tolerates="none")
ANNOTATIONS = kind({"a": 1}, None, tolerates="none empty dict")
CELLS = kind(lambda net: net.cells, lambda net: net.view, lambda net: net.cells + net.others)
FILE = kind(lambda net: str(net.folder / "a.pkl"), tolerates="")
TEXT_FILE = kind(lambda net: str(net.folder / "a.txt"), tolerates="text")
INDEX = kind(0, 1, -1, slice(1, 3), [0, 1],
             tolerates="flag zero negative whole list array sequence texts empty")  # fmt: skip
POSITION = kind((0.0, 1.0, 2.0), np.zeros(3), tolerates="list")
CURRENT = kind(lambda net: sim.DCSource(amplitude=1.0))
NONE = kind(None, tolerates="none")


class Net:
    """A small network to make calls on."""

    def __init__(self):
        sim.setup(timestep=0.1, min_delay=0.1, max_delay=5.0)
        self.folder = Path(tempfile.gettempdir())
        self.source = sim.Population(3, sim.SpikeSourceArray(spike_times=[0.3, 0.7]), label="source")
        self.cells = sim.Population(3, sim.IF_curr_exp(i_offset=1.0), label="cells")
        self.others = sim.Population(2, sim.IF_curr_exp(), label="others")
        self.view = self.cells[:2]
        self.assembly = self.cells + self.others
        self.synapse = sim.StaticSynapse(weight=0.5, delay=0.4)
        self.projection = sim.Projection(
            self.source, self.cells, sim.AllToAllConnector(), self.synapse, label="projection"
        )
        for group in (self.cells, self.others, self.source):
            group.record("spikes")
        self.cells.record("v")

    def connect(self, connector, **arguments):
        return sim.Projection(self.source, self.cells, connector, self.synapse, **arguments)

    def short_term(self):
        synapse = sim.TsodyksMarkramSynapse(weight=0.5, delay=0.4)
        return sim.Projection(self.source, self.others, sim.AllToAllConnector(), synapse)

    def learning(self):
        units = sim.Population(2, sim.LeakyIntegrator())
        return sim.Projection(units, units, sim.AllToAllConnector(), sim.Oja(weight=0.5))

    def recorded_projection(self):
        projection = self.short_term()
        projection.record("u")
        sim.run(1.0)
        return projection

    def plastic(self, *rule, **arguments):
        """A projection to cells that spike between two arrivals."""
        synapse = sim.STDPMechanism(*rule, **{"weight": 0.5, "delay": 0.4, **arguments})
        self.cells.initialize(v=-50.2)
        return sim.Projection(self.source, self.cells, sim.AllToAllConnector(), synapse)

    def point_neurons(self, neuron, **receptors):
        """A population, with a projection to its first receptor."""
        cells = sim.Population(3, sim.PointNeuron(neuron, **receptors), label="cells")
        if receptors:
            sim.Projection(
                self.source, cells, sim.AllToAllConnector(), self.synapse, receptor_type=next(iter(receptors))
            )
        cells.record(["spikes", "v"])
        return cells

    def own_cells(self, **declared):
        """A population of a cell type of one's own that is declared so."""
        cells = sim.Population(3, type("Own", (sim.CellType,), {**OWN, **declared}), label="cells")
        cells.record("all")
        return cells

    def connect_itself(self, connector):
        return sim.Projection(self.cells, self.cells, connector, self.synapse)


@inlined
def towards_zero(c, s, x):
    (decay,) = c
    (v,) = s
    return (v * decay + x[0] + x[1],), v > 1.0


# What a cell type of one's own declares.
OWN = {
    "default_parameters": {"tau": 10.0},
    "default_initial_values": {"v": 0.5},
    "units": {"tau": "ms", "v": "mV"},
    "receptor_types": ("excitatory",),
    "conductance_based": False,
    "recordable": ["spikes", "v"],
    "above": (("tau", 0.0),),
    "below": (),
    "constants": lambda p, dt: (np.exp(-dt / p["tau"]),),
    "step": towards_zero,
}


def step_that_returns(value):
    """The step of a cell type of one's own, with this as its result."""

    @inlined
    def step(c, s, x):
        return value

    return step


class Call:
    """A function of a Net and of keyword arguments, and the kind of each of these.

    names   words of which one must be in the message of an error, for each argument; its name if left out
    """

    def __init__(self, function, names=None, **kinds):
        self.function, self.kinds, self.names = function, kinds, names or {}

    def words(self, argument):
        return self.names.get(argument, argument).split()


SIGNAL = neo.AnalogSignal(np.ones((5, 2)), units="dimensionless", sampling_period=1.0 * pq.ms)

ALN_TABLES = {"mu_vals": [0.0, 1.0], "sigma_vals": [0.0, 1.0]} | dict.fromkeys(
    ("r_ss", "V_mean_ss", "tau_mu_exp"), np.ones((2, 2))
)
CMAT = [[0, 1, 1], [1, 0, 1], [1, 1, 0]]

# Texts of models, which may be nothing, too.
LINES = "none text empty list"
MODEL = {"parameters": {"a": 1.0}, "equations": "dv/dt = a - v", "spike": "v > 0.5"}
EVENTS = {"parameters": {"a": 1.0}, "equations": "dx/dt = -x / a", "pre_spike": "x += 1; g_target += w * x"}

CALLS = {
    # --- models in strings
    "Neuron": Call(
        lambda net, **a: sim.Neuron(**{**MODEL, **a}),
        names={
            name: f"{name} Neuron Own"
            for name in (
                "parameters",
                "equations",
                "spike",
                "reset",
                "refractory",
                "axon_spike",
                "axon_reset",
                "functions",
            )
        },
        parameters=kind("a = 2.0", {"a": 3.0}, {"a": sim.Parameter(1, type=int)}, tolerates="dict"),
        equations=kind(
            "dv/dt = a", ["dv/dt = a", "u = 2 * v"], sim.Variable("dv/dt = a", init=1, min=0, max=9)
        ),
        spike=kind("v > 0.5"),
        reset=kind("v = 0", None, ["v = 0", "v = v + a"], tolerates=LINES),
        refractory=kind(2.0, "a", None, tolerates=f"{LINES} zero whole fraction tiny huge exact"),
        axon_spike=kind("v > 0.7"),
        axon_reset=kind("v = 0.1", None, tolerates=LINES),
        functions=kind("f(x) = x^2", None, tolerates=LINES),
        name=kind("Own", None, tolerates=LINES),
        description=kind("", "a cell", tolerates="text none"),
    ),
    "Synapse": Call(
        lambda net, **a: sim.Synapse(**{**EVENTS, **a}),
        names={
            name: f"{name} Synapse Own"
            for name in (
                "parameters",
                "equations",
                "psp",
                "pre_spike",
                "post_spike",
                "functions",
                "operation",
            )
        },
        parameters=kind(
            "a = 2.0", {"a": 3.0}, {"a": sim.Parameter(1.0, locality="global")}, tolerates="dict"
        ),
        equations=kind("dx/dt = -a", [sim.Variable("dx/dt = -a*x", init=1, max="a")]),
        psp=kind(None, tolerates=LINES),
        operation=kind(None, tolerates=LINES),
        pre_spike=kind("g_target += w + x", "x += 1 : max=2", tolerates=LINES),
        post_spike=kind("w += x", None, tolerates=LINES),
        functions=kind("f(x) = x^2", None, tolerates=LINES),
        name=kind("Own", None, tolerates=LINES),
        description=kind("", "a synapse", tolerates="text none"),
    ),
    "Parameter": Call(
        lambda net, value=1.0, **a: sim.Parameter(value, **a),
        value=kind(1.0, True, tolerates=SCALAR),
        locality=kind("local", "global", "semiglobal"),
        type=kind("float", "int", "bool", int, tolerates="type"),
        unit=kind("mV", "", tolerates="text none"),
    ),
    "Variable": Call(
        lambda net, equation="dv/dt = 1", **a: sim.Variable(equation, **a),
        equation=kind("dv/dt = 1", tolerates="text none"),
        init=kind(1.0, "a", None, tolerates=f"{SCALAR} text none"),
        min=kind(1.0, "a", None, tolerates=f"{SCALAR} text none"),
        max=kind(1.0, "a", None, tolerates=f"{SCALAR} text none"),
        method=kind("exponential", None, tolerates="text none"),
        locality=kind("local", "global", "semiglobal"),
        type=kind("float", "int", "bool", int, tolerates="type"),
        unit=kind("mV", "", tolerates="text none"),
    ),
    "Constant": Call(
        lambda net, name="of_fuzz", value=1.0: sim.Constant(name, value).set(2.0),
        name=kind("of_fuzz", tolerates="text"),
        value=kind(1.0, 2, tolerates=SCALAR),
    ),
    # --- functions
    "setup": Call(
        lambda net, **a: sim.setup(**a),
        timestep=kind(0.1, 1, tolerates="whole fraction exact"),
        min_delay=kind(1.0, 2, "auto", tolerates="whole fraction exact"),
        max_delay=kind(10.0, "auto", tolerates="whole fraction exact"),
        spike_precision=kind("on_grid", "off_grid"),
        threads=kind(1, 2, None, tolerates="whole none huge enormous"),
        rng_seed=kind(0, 42, 2**40, tolerates="zero whole huge enormous"),
    ),
    "run": Call(lambda net, simtime: sim.run(simtime), simtime=TIME, names={"simtime": "simtime time_point"}),
    "run_for": Call(lambda net, simtime: sim.run_for(simtime), simtime=TIME),
    "run_until": Call(
        lambda net, time_point: sim.run_until(time_point),
        time_point=TIME | "negative",
        names={"time_point": "time_point past"},
    ),
    "run with callbacks": Call(
        lambda net, callbacks: sim.run(1.0, callbacks=callbacks),
        callbacks=kind([], None, [lambda t: t + 0.3], [lambda t: None], tolerates="none empty list"),
    ),
    "callback": Call(
        lambda net, wished: sim.run(1.0, callbacks=[lambda t: wished]),
        wished=kind(0.5, 3, INF, None, tolerates=f"{SCALAR} none nonsense infinite"),
        names={"wished": "[Cc]allback"},
    ),
    "every": Call(
        lambda net, period=1.0, **a: sim.every(period, **a)(lambda t: None),
        period=kind(0.5, 3, np.float64(2.0), tolerates="whole fraction exact huge tiny"),
        offset=kind(0.5, 0, -1.0, tolerates="zero negative whole fraction exact huge tiny"),
        wait=kind(0.5, 0, tolerates=SOME.replace("flag", "huge")),
    ),
    # --- what is recorded, seen otherwise
    "balloon_RN": Call(
        lambda net, signal=SIGNAL, **a: sim.balloon_RN(signal, **a),
        signal=kind(SIGNAL),
        sampling_interval=kind(None, 1.0, 2, tolerates="none whole"),
        phi=kind(1.0, tolerates="zero negative whole fraction exact tiny huge"),
        tau=kind(1.0, tolerates="whole fraction exact huge tiny"),
    ),
    "balloon_windkessel": Call(
        lambda net, signal=SIGNAL, **a: sim.balloon_windkessel(signal, **a),
        signal=kind(SIGNAL),
        sampling_interval=kind(None, 1.0, 2, tolerates="none whole"),
        rho=kind(0.3, tolerates="fraction exact tiny"),
    ),
    "functional_connectivity": Call(
        lambda net, signal: sim.functional_connectivity(signal), signal=kind(SIGNAL, np.eye(3))
    ),
    "matrix_correlation": Call(
        lambda net, first, second: sim.matrix_correlation(first, second),
        first=kind(np.eye(3)),
        second=kind(np.eye(3)),
        names={"first": "matri", "second": "matri"},
    ),
    "ConnectomeConnector": Call(
        lambda net, Cmat=CMAT, **a: net.connect(sim.ConnectomeConnector(Cmat, **a)),
        Cmat=kind(np.ones((3, 3)), [[0, 1, 1], [1, 0, 1], [1, 1, 0]]),
        Dmat=kind(np.ones((3, 3)), None, tolerates="none"),
        signalV=kind(20.0, 3, 0, tolerates="zero whole fraction exact huge"),
        K_gl=kind(0.6, 3, tolerates="zero negative whole fraction exact tiny huge"),
    ),
    "example_connectome": Call(lambda net, **a: sim.example_connectome(**a), n=kind(8, 4), seed=SEED),
    "Image": Call(
        lambda net, picture: sim.Image(picture), picture=kind(np.eye(3), [[1, 2], [3, 4]], tolerates="array")
    ),
    "reset": Call(lambda net, annotations: sim.reset(annotations), annotations=ANNOTATIONS),
    "initialize": Call(lambda net, cells, v: sim.initialize(cells, v=v), cells=CELLS, v=NUMBERS),
    "create": Call(
        lambda net, **a: sim.create(**a),
        cellclass=kind(sim.IF_curr_exp, sim.SpikeSourcePoisson),
        cellparams=kind({}, None, tolerates="none empty dict"),
        n=kind(1, 2, tolerates="whole list"),
        names={
            "n": "size cell",
            "cellclass": "cellclass cell.type cells",
            "cellparams": "cellparams parameter",
        },
    ),
    "connect": Call(
        lambda net, **a: sim.connect(**a),
        pre=kind(lambda net: net.source, lambda net: net.cells),
        post=CELLS,
        weight=WEIGHT,
        delay=DELAY,
        receptor_type=kind("excitatory", None, tolerates="none"),
        p=kind(1, 0.5, tolerates=PROBABLE),
        rng=RNG,
        names={"p": "p_connect", "pre": "pre", "post": "post", "receptor_type": "receptor"},
    ),
    "set": Call(lambda net, cells, tau_m: sim.set(cells, tau_m=tau_m), cells=CELLS, tau_m=NUMBERS),
    "record": Call(
        lambda net, **a: sim.record(**a),
        variables=VARIABLES,
        source=CELLS,
        filename=FILE | "none",
        sampling_interval=kind(None, 0.1, tolerates="whole none fraction exact"),
        annotations=ANNOTATIONS,
        names={"variables": "record", "filename": "filename write"},
    ),
    "record_v": Call(
        lambda net, source, filename: sim.record_v(source, filename),
        source=CELLS,
        filename=FILE | "none",
        names={"filename": "write filename"},
    ),
    # --- populations
    "Population": Call(
        lambda net, **a: sim.Population(**a),
        size=kind(1, 3, (2, 2), np.int64(2), tolerates="whole list array"),
        cellclass=kind(sim.IF_curr_exp, lambda net: sim.IF_cond_exp(tau_m=10.0)),
        cellparams=kind(None, tolerates="none empty dict"),
        structure=kind(None, lambda net: Line(), tolerates="none"),
        initial_values=kind({}, {"v": -60.0}, tolerates="none empty dict"),
        label=LABEL,
        names={
            "size": "size cell",
            "cellclass": "cellclass cell.type",
            "initial_values": "initial_values parameter",
            "cellparams": "cellparams parameter",
        },
    ),
    "PopulationView": Call(
        lambda net, **a: sim.PopulationView(net.cells, **a),
        selector=kind(
            slice(0, 2), [0, 2], np.array([True, False, True]), tolerates="list array sequence random"
        ),
        label=LABEL,
        names={"selector": "cells selector"},
    ),
    "view of": Call(
        lambda net, parent: sim.PopulationView(parent, slice(0, 2)),
        parent=kind(lambda net: net.cells, lambda net: net.view),
    ),
    "Assembly": Call(
        lambda net, population, label: sim.Assembly(net.cells, population, label=label),
        population=kind(lambda net: net.others, lambda net: net.others[:1]),
        label=kind("one", tolerates="text none"),
        names={"population": "[Pp]opulation"},
    ),
    "add": Call(lambda net, other: net.cells + other, other=kind(lambda net: net.others)),
    "add to assembly": Call(lambda net, other: net.assembly + other, other=kind(lambda net: net.source)),
    "cell": Call(
        lambda net, cell: net.cells[0].set_parameters(tau_m=cell), cell=NUMBERS, names={"cell": "tau_m"}
    ),
    "cell's attribute": Call(lambda net, tau_m: setattr(net.cells[0], "tau_m", tau_m), tau_m=NUMBERS),
    "cell's initial value": Call(lambda net, v: net.cells[0].set_initial_value("v", v), v=NUMBERS),
    "cell's variable": Call(
        lambda net, variable: net.cells[0].set_initial_value(variable, 0.0),
        variable=kind("v"),
        names={"variable": "initial v"},
    ),
    "cell's position": Call(
        lambda net, position: setattr(net.cells[0], "position", position), position=POSITION
    ),
    "positions": Call(
        lambda net, positions: setattr(net.cells, "positions", positions),
        positions=kind(np.zeros((3, 3)), tolerates=""),
    ),
    "structure": Call(
        lambda net, structure: setattr(net.cells, "structure", structure),
        structure=kind(lambda net: Line(), lambda net: Grid2D()),
    ),
    "space of Projection": Call(
        lambda net, space: net.connect(sim.AllToAllConnector(), space=space),
        space=kind(lambda net: Space(), lambda net: Space("xy")),
    ),
    "assembly.get_population": Call(
        lambda net, label: net.assembly.get_population(label), label=kind("cells")
    ),
    "inject_into": Call(
        lambda net, cells: sim.DCSource(amplitude=1.0).inject_into(cells),
        names={"cells": "cell"},
        cells=kind(
            lambda net: net.cells,
            lambda net: [net.cells[0]],
            lambda net: net.assembly,
            tolerates="empty list set dict text array",
        ),
    ),
    # --- projections
    "Projection": Call(
        lambda net, **a: sim.Projection(**a),
        presynaptic_neurons=kind(lambda net: net.source, lambda net: net.assembly),
        postsynaptic_neurons=kind(lambda net: net.cells, lambda net: net.view),
        connector=kind(lambda net: sim.AllToAllConnector(), lambda net: sim.OneToOneConnector()),
        synapse_type=kind(None, lambda net: sim.StaticSynapse(weight=1.0), tolerates="none"),
        source=replace(NONE, is_free=True),
        receptor_type=kind("excitatory", None, tolerates="none"),
        label=LABEL,
        names={
            "presynaptic_neurons": "pre",
            "postsynaptic_neurons": "post",
            "receptor_type": "receptor",
            "synapse_type": "synapse.type",
        },
    ),
    "Projection.get": Call(
        lambda net, **a: net.projection.get(**a),
        attribute_names=kind("weight", ["weight", "delay"], tolerates="empty list set"),
        format=kind("list", "array"),
        gather=ANYTHING,
        with_address=ANYTHING,
        multiple_synapses=kind("sum", "last", "min"),
        names={"attribute_names": "attribute_names parameter"},
    ),
    "Projection.save": Call(
        lambda net, **a: net.projection.save(**a),
        attribute_names=kind("all", ["weight"], tolerates="empty list set"),
        file=TEXT_FILE,
        format=kind("list"),
        names={"attribute_names": "attribute_names parameter"},
    ),
    "Projection.enable_learning": Call(
        lambda net, **a: net.learning().enable_learning(**{"period": 5.0, **a}),
        period=kind(None, 0.1, 0.5, tolerates="none whole flag huge fraction exact"),
        offset=kind(None, 0.0, 0.3, tolerates="none whole zero flag fraction exact tiny"),
        names={"offset": "offset period"},
    ),
    "Projection.record": Call(
        lambda net, **a: net.short_term().record(**a),
        variables=kind("u", ["u", "x"], "all", tolerates="empty list set"),
        sampling_interval=kind(None, 0.1, 0.5, tolerates="none whole flag huge fraction exact"),
    ),
    "Projection.get_data": Call(
        lambda net, **a: net.recorded_projection().get_data(**a),
        variables=kind("u", ["u"], "all", tolerates="empty list set"),
        clear=ANYTHING,
        annotations=ANNOTATIONS,
    ),
    "Projection.write_data": Call(
        lambda net, **a: net.recorded_projection().write_data(**a),
        io=FILE,
        variables=kind("u", ["u"], "all", tolerates="empty list set"),
        gather=ANYTHING,
        clear=ANYTHING,
        annotations=ANNOTATIONS,
        names={"io": "write"},
    ),
    "Projection.describe": Call(
        lambda net, template: net.projection.describe(template),
        template=kind(None, "projection_default.txt", tolerates="none text empty"),
    ),
    "STDPMechanism": Call(
        lambda net, **a: net.plastic(**a),
        timing_dependence=kind(lambda net: sim.SpikePairRule(), lambda net: sim.Vogels2011Rule()),
        weight_dependence=kind(
            lambda net: sim.AdditiveWeightDependence(), lambda net: sim.GutigWeightDependence()
        ),
        voltage_dependence=NONE,
        dendritic_delay_fraction=kind(1.0, 0, 0.5, tolerates=f"{PROBABLE} {SEVERAL} flag none text"),
        weight=WEIGHT,
        delay=DELAY,
    ),
    # --- cell types
    "PointNeuron": Call(
        lambda net, neuron, receptor: net.point_neurons(neuron, AMPA=receptor),
        neuron=kind(lambda net: sim.LIF(), lambda net: sim.AdExp()),
        receptor=kind(lambda net: sim.ExpPSR(), lambda net: sim.CurrExpPostSynapticResponse()),
    ),
    "name of a receptor": Call(
        lambda net, name: net.point_neurons(sim.LIF(), **{str(name): sim.ExpPSR()}),
        name=replace(kind("AMPA"), is_free=True),
    ),
    "CellType": Call(
        lambda net, **a: net.own_cells(**a),
        default_parameters=kind({"tau": 10.0}, {"tau": 5}),
        default_initial_values=kind({"v": 0.5}, {"v": 2}),
        units=kind({"v": "mV"}, {}, tolerates="empty dict"),
        receptor_types=kind(("excitatory",), ["AMPA"], tolerates="texts list"),
        conductance_based=FLAG,
        recordable=kind(["spikes"], ["v"], (), tolerates="empty list"),
        above=kind((), [("tau", 0.0)], tolerates="empty list"),
        below=kind((), [("tau", 100.0)], tolerates="empty list"),
        constants=kind(lambda net: OWN["constants"], lambda net: lambda p, dt: [0.01 * p["tau"]]),
        step=kind(lambda net: towards_zero),
        names={
            "default_parameters": "parameter constants",
            "default_initial_values": "initial state units",
            "receptor_types": "receptor_types tuple",
        },
    ),
    "native_cell_type": Call(
        lambda net, model_name: sim.Population(2, sim.native_cell_type(model_name)()),
        model_name=kind("iaf_psc_exp", "hh_cond_exp_traub"),
        names={"model_name": "native"},
    ),
    "native_synapse_type": Call(
        lambda net, model_name: sim.native_synapse_type(model_name)(),
        model_name=kind("stdp_synapse", "static_synapse"),
        names={"model_name": "native"},
    ),
    "constants of a CellType": Call(
        lambda net, result: net.own_cells(constants=lambda p, dt: result),
        result=kind((0.5,), [0.5], tolerates="list bad"),  # the run reports what is not finite
        names={"result": "constants tuple"},
    ),
    "constant of a CellType": Call(
        lambda net, value: net.own_cells(constants=lambda p, dt: (value,)),
        value=kind(0.5, 1, np.ones(3), tolerates=f"{SCALAR} list nonsense infinite"),
        names={"value": "constants"},
    ),
    "result of the step of a CellType": Call(
        lambda net, result: net.own_cells(step=step_that_returns(result)),
        result=kind(((1.0,), False), ((1,), 1.0)),
        names={"result": "step"},
    ),
    "parameter of a CellType": Call(
        lambda net, tau: sim.Population(3, type("Own", (sim.CellType,), OWN)(tau=tau)),
        tau=kind(10.0, [1.0, 2.0, 3.0], tolerates=f"{SCALAR} {SEVERAL}"),
    ),
    "Projection.set": Call(lambda net, **a: net.projection.set(**a), weight=WEIGHT, delay=DELAY),
    "connection": Call(lambda net, index: net.projection[index], index=INDEX, names={"index": "connection"}),
    "weight of a connection": Call(
        lambda net, weight: setattr(net.projection[1], "weight", weight), weight=NUMBER
    ),
    "delay of a connection": Call(
        lambda net, delay: setattr(net.projection[1], "delay", delay), delay=kind(0.5, tolerates=SOME)
    ),
    "weightHistogram": Call(
        lambda net, **a: net.projection.weightHistogram(**a),
        min=replace(kind(None, 0.0), is_free=True),
        max=replace(kind(None, 1.0), is_free=True),
        nbins=kind(10, tolerates="whole"),
    ),
    # --- connectors
    "AllToAllConnector": Call(
        lambda net, **a: net.connect_itself(sim.AllToAllConnector(**a)),
        allow_self_connections=SELF,
        safe=ANYTHING,
    ),
    "OneToOneConnector": Call(
        lambda net, **a: net.connect(sim.OneToOneConnector(**a)),
        safe=ANYTHING,
        callback=kind(None, lambda net: lambda fraction: None, tolerates="none callable bad"),
    ),
    "FixedProbabilityConnector": Call(
        lambda net, **a: net.connect_itself(sim.FixedProbabilityConnector(**a)),
        p_connect=PROBABILITY,
        allow_self_connections=kind(True, False, "NoMutual", tolerates="flag"),
        rng=RNG,
    ),
    "DistanceDependentProbabilityConnector": Call(
        lambda net, **a: net.connect_itself(sim.DistanceDependentProbabilityConnector(**a)),
        d_expression=kind("exp(-d)", "d < 3", lambda net: lambda d: 0.5 + 0 * d, tolerates="callable text"),
        allow_self_connections=SELF,
        rng=RNG,
    ),
    "DisplacementDependentProbabilityConnector": Call(
        lambda net, **a: net.connect_itself(sim.DisplacementDependentProbabilityConnector(**a)),
        disp_function=kind(lambda net: lambda d: 0.5 + 0 * d[0], tolerates="callable"),
        allow_self_connections=SELF,
        rng=RNG,
    ),
    "FixedNumberPreConnector": Call(
        lambda net, **a: net.connect_itself(sim.FixedNumberPreConnector(**a)),
        n=COUNT | "random",
        allow_self_connections=SELF,
        with_replacement=FLAG,
        rng=RNG,
    ),
    "FixedNumberPostConnector": Call(
        lambda net, **a: net.connect_itself(sim.FixedNumberPostConnector(**a)),
        n=COUNT | "random",
        allow_self_connections=SELF,
        with_replacement=FLAG,
        rng=RNG,
    ),
    "FixedTotalNumberConnector": Call(
        lambda net, **a: net.connect_itself(sim.FixedTotalNumberConnector(**a)),
        n=COUNT | "random",
        allow_self_connections=SELF,
        with_replacement=FLAG,
        rng=RNG,
    ),
    "SmallWorldConnector": Call(
        lambda net, **a: net.connect_itself(sim.SmallWorldConnector(**a)),
        degree=kind(1, 2.0, tolerates="flag zero whole fraction exact tiny huge"),
        rewiring=kind(0.0, 0.5, 1, tolerates="flag zero whole fraction tiny"),
        allow_self_connections=SELF,
        n_connections=kind(None, 1, 2, tolerates="none whole zero flag huge enormous"),
        rng=RNG,
    ),
    "FromListConnector": Call(
        lambda net, **a: net.connect(sim.FromListConnector(**a)),
        conn_list=kind(
            [(0, 1, 0.5, 1.0)], [(0, 1), (1, 2)], [], np.zeros((0, 4)), tolerates="empty list array"
        ),
        column_names=kind(None, tolerates="none empty list"),
        names={"conn_list": "conn_list", "column_names": "column_names column"},
    ),
    "row of FromListConnector": Call(
        lambda net, **row: net.connect(sim.FromListConnector([tuple(row.values())])),
        pre=COUNT | "flag units",
        post=COUNT | "flag units",
        weight=kind(0.5, tolerates=f"{SCALAR} units text"),
        delay=kind(0.5, tolerates=f"{SOME} units text"),
        names={name: "weights? delay index conn_list" for name in ("pre", "post", "weight", "delay")},
    ),
    "FromFileConnector": Call(
        lambda net, **a: net.connect(sim.FromFileConnector(**a)),
        file=kind(lambda net: connections_file(net)),
        distributed=kind(False, tolerates="flag zero"),
    ),
    "ArrayConnector": Call(
        lambda net, **a: net.connect(sim.ArrayConnector(**a)),
        array=kind(np.eye(3), np.eye(3, dtype=bool), np.eye(3).tolist(), tolerates=""),
    ),
    "CloneConnector": Call(
        lambda net, reference_projection: net.connect(sim.CloneConnector(reference_projection)),
        reference_projection=kind(lambda net: net.projection),
    ),
    "IndexBasedProbabilityConnector": Call(
        lambda net, index_expression, **a: net.connect_itself(
            sim.IndexBasedProbabilityConnector(index_expression, **a)
        ),
        index_expression=kind(lambda net: index_expression()),
        allow_self_connections=SELF,
        rng=RNG,
    ),
    "CSAConnector": Call(
        lambda net, cset: net.connect(sim.CSAConnector(cset)), cset=kind(lambda net: csa_full())
    ),
    # --- random numbers
    "NativeRNG": Call(lambda net, **a: sim.NativeRNG(**a), seed=SEED | "none", parallel_safe=ANYTHING),
    "RandomDistribution": Call(
        lambda net, **a: sim.RandomDistribution(**a).next(2),
        distribution=kind("uniform", "normal"),
        parameters_pos=kind((1.0, 2.0), [1, 2.0], (0, 1), tolerates="list array"),
        rng=RNG,
        names={"parameters_pos": "has 2 parameters"},
    ),
    "NativeRNG.next": Call(
        lambda net, n: sim.NativeRNG(seed=1).next(n), n=kind(None, 1, 3, tolerates="none zero flag whole")
    ),
}


def index_expression():
    from pyNN.core import IndexBasedExpression

    class Expression(IndexBasedExpression):
        def __call__(self, i, j):
            return np.where(i == j, 1.0, 0.5)

    return Expression()


def csa_full():
    import csa

    return csa.cset(csa.full)


def connections_file(net):
    file = net.folder / "connections.txt"
    file.write_text("0 1 0.5 1.0\n1 2 0.5 1.0\n")
    return str(file)


# Methods that populations, views and assemblies share.
METHODS = {
    "get": dict(
        parameter_names=kind("tau_m", ["tau_m", "cm"], tolerates="empty list set"),
        gather=ANYTHING,
        simplify=ANYTHING,
    ),
    "set": dict(tau_m=NUMBERS),
    "initialize": dict(v=NUMBERS),
    "record": dict(
        variables=VARIABLES,
        to_file=FILE | "none flag zero empty",
        sampling_interval=kind(None, 0.1, tolerates="none"),
        locations=NONE,
    ),
    "get_data": dict(variables=VARIABLES, gather=ANYTHING, clear=FLAG),
    "write_data": dict(io=FILE, variables=VARIABLES, gather=ANYTHING, clear=FLAG, annotations=ANNOTATIONS),
    "get_spike_counts": dict(gather=ANYTHING),
    "mean_spike_count": dict(gather=ANYTHING),
    "inject": dict(current_source=CURRENT),
    "id_to_index": dict(id=kind(lambda net: net.cells[1], tolerates="")),
    "sample": dict(n=kind(1, 2, tolerates="whole flag"), rng=RNG),
    "__getitem__": dict(index=INDEX),
    "save_positions": dict(file=TEXT_FILE),
    "find_units": dict(variable=kind("v", Variable("v", None, None))),
    "describe": dict(template=kind(None, "population_default.txt", tolerates="none text empty")),
    "annotate": None,
}
OF_POPULATIONS = {
    "can_record": dict(variable=kind("v", tolerates="text none")),
    "nearest": dict(position=POSITION),
}
WORDS = {
    "io": "write",
    "variables": "[Rr]ecord",
    "to_file": "to_file write",
    "parameter_names": "parameter",
    "index": "cells? mask ind(ex|ices)",
    "n": r"\bn\b sample",
    "id": r"\bids?\b ID",
    "variable": "variable",
    "locations": "locations",
}
for _name, _kinds in {**METHODS, **OF_POPULATIONS}.items():
    for _group in ("cells", "view", "assembly"):
        if _kinds is not None and not (_group == "assembly" and _name in OF_POPULATIONS):
            CALLS[f"{_group}.{_name}"] = Call(
                lambda net, group=_group, name=_name, **a: (
                    getattr(getattr(net, group), name)(**a)
                    if not name.startswith("__")
                    else getattr(getattr(net, group), name)(*a.values())
                ),
                names=WORDS,
                **_kinds,
            )


def is_sequence(value):
    return isinstance(value, Sequence)


TIMES = kind([1.0, 2.0], [], Sequence([0.5]), tolerates=f"{SEVERAL} sequence empty")
AMPLITUDES = TIMES | "negative"
BINS = kind([1.0, 2.0], Sequence([0.5]), tolerates=f"{SEVERAL} sequence negative")


RATES = (
    BINS | "zero whole fraction exact huge tiny"
)  # a number is a list of one, where all cells have one rate
SEQUENCES = {"amplitudes": AMPLITUDES} | dict.fromkeys(("tbins", "a", "b", "schedule"), BINS)
SEQUENCES |= dict.fromkeys(("rates", "corr", "schedule"), RATES)


def parameter_calls():
    """For each parameter of each cell type, synapse type and current source: give it at creation."""
    for name, model in vars(sim).items():
        defaults = getattr(model, "default_parameters", None)
        if not inspect.isclass(model) or not defaults or family(model) is None:
            continue
        for parameter, default in defaults.items():
            values = (
                SEQUENCES.get(parameter, TIMES)
                if is_sequence(default)
                else SPECIAL.get(parameter)
                or kind(default, tolerates=f"{SCALAR} {SEVERAL} {TEXTS.get(family(model), '')}")
            )
            if parameter in ("v_thresh", "duration", "stop"):
                values |= "infinite"
            yield f"{name}({parameter})", Call(MAKE[family(model)](model), **{parameter: values})


# Synapses and rules may have expressions in the distance; nothing depends on where a receptor is.
TEXTS = {"timing": "text", "dependence": "text", "synapse": "text none"}
SPECIAL = {"weight": WEIGHT, "locations": replace(NUMBERS, is_free=True)}
FAMILIES = {
    "cell": BaseCellType,
    "synapse": BaseSynapseType,
    "current": BaseCurrentSource,
    "neuron": StandardCellTypeComponent,
    "receptor": StandardPostSynapticResponse,
    "timing": STDPTimingDependence,
    "dependence": STDPWeightDependence,
}


def family(model):
    return next((name for name, base in FAMILIES.items() if issubclass(model, base)), None)


TOGETHER = {
    sim.StepCurrentSource: ("times", "amplitudes"),
    sim.SpikeSourceInhGamma: ("tbins", "a", "b"),
    sim.TimedArray: ("schedule", "rates"),
    sim.TimedPoisson: ("schedule", "rates"),
    sim.HomogeneousCorrelatedSpikeTrains: ("schedule", "rates", "corr"),
}


def with_the_others(model, parameters):
    """Parameters that must have as many values as one that is given; what a model can't do without."""
    if model is sim.ALN:
        return {"tables": ALN_TABLES, **parameters}
    ((name, value),) = parameters.items()
    if model not in TOGETHER or name not in TOGETHER[model]:
        return parameters
    value = getattr(value, "value", value)
    sized = hasattr(value, "__len__") and getattr(value, "ndim", 1)
    n = len(value) if sized and len(value) < 100 else 1
    n = n if model is sim.StepCurrentSource else max(n, 1)  # sources need at least one bin
    return {**dict.fromkeys(TOGETHER[model], [0.1 + k for k in range(n)]), **parameters}


def recorded(cells):
    names = cells.celltype.recordable
    cells.record("spikes" if "spikes" in names else names[0])


def between(net, model):
    """Cells that a synapse type can be between."""
    if model is sim.DiffusiveCoupling or (model.is_graded and not model.model.with_trace):
        units = sim.Population(2, sim.LeakyIntegrator(), label="others")
        return units, units
    if model.is_graded:
        return net.source, sim.Population(2, sim.LeakyIntegrator(), label="others")
    return net.cells if model is sim.ElectricalSynapse else net.source, net.others


MAKE = {
    "cell": lambda model: (
        lambda net, **p: recorded(sim.Population(3, model(**with_the_others(model, p)), label="cells"))
    ),
    "synapse": lambda model: (
        lambda net, **p: sim.Projection(*between(net, model), sim.AllToAllConnector(), model(**p))
    ),
    "current": lambda model: lambda net, **p: model(**with_the_others(model, p)).inject_into(net.cells),
    "neuron": lambda model: lambda net, **p: net.point_neurons(model(**p), AMPA=sim.ExpPSR()),
    "receptor": lambda model: lambda net, **p: net.point_neurons(sim.LIF(), AMPA=model(**p)),
    "timing": lambda model: lambda net, **p: net.plastic(model(**p), sim.AdditiveWeightDependence()),
    "dependence": lambda model: lambda net, **p: net.plastic(sim.SpikePairRule(), model(**p)),
}

# What needs no entry, and why.
NOT_CALLED = {
    "balloon_CL": "is balloon_RN with other coefficients",
    "balloon_CN": "is balloon_RN with other coefficients",
    "balloon_RL": "is balloon_RN with other coefficients",
    "end": "takes nothing that it uses",
    "get_current_time": "takes nothing",
    "get_max_delay": "takes nothing",
    "get_min_delay": "takes nothing",
    "get_time_step": "takes nothing",
    "list_standard_models": "takes nothing",
    "num_processes": "takes nothing",
    "disable_learning": "takes nothing",
    "rank": "takes nothing",
    "record_gsyn": "is record_v with other names",
    "all": "takes nothing",
    "check": "takes nothing",
    "explore": "starts processes; its mistakes are in test_explore.py",
    "Exploration": "reads a file, or finds none",
    "show_versions": "takes nothing",
    "Network": "PyNN's own, but for names of files",
    "annotate": "takes anything",
    "panel": "takes nothing",
    "short": "takes nothing",
    "get_annotations": "is for recordings",
    "id_to_local_index": "is id_to_index",
    "is_local": "is always true here",
    "size": "takes nothing",
    **dict.fromkeys(
        """getSpikes get_gsyn get_v meanSpikeCount printSpikes print_gsyn print_v record_gsyn record_v rset
        tset position_generator index_from_parent_index index_in_grandparent getDelays getSynapseDynamics
        getWeights printDelays printWeights randomizeDelays randomizeSynapseDynamics randomizeWeights
        saveConnections setDelays setSynapseDynamics setWeights initialize weightHistogram""".split(),
        "an old name of PyNN for another, which is called, or unused",
    ),
}
