"""
What models and connectors do, drawn: `draw(name)` simulates one and gives a matplotlib figure.

`DRAWN` has a function for each name. Everything is small, so that all of them take some seconds.
"""

import functools
import tempfile

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt
from pyNN.connectors import IndexBasedExpression
from pyNN.random import NumpyRNG
from pyNN.space import Line

import pyNN_fastsim as sim

SIZE = (3.6, 2.9)  # inches
BLUE, RED, GREEN, GREY = "#1b6ca8", "#d1603d", "#3c8d5a", "#8a8a8a"
STYLE = {"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.0}


def draw(name):
    """The figure of a model or connector; the caller saves and closes it."""
    plt.close("all")
    with plt.rc_context(STYLE):
        return DRAWN[name]()


def _axes(n=2, size=SIZE, **options):
    figure, axes = plt.subplots(n, 1, figsize=size, layout="constrained", squeeze=False, **options)
    return figure, axes[:, 0]


def _setup():
    sim.setup(timestep=0.1, min_delay=0.1, progress=False)


def _trace(cells, variable="v"):
    """(times in ms, samples [time, cell])."""
    signal = cells.get_data(variable).segments[0].filter(name=variable)[0]
    return signal.times.rescale("ms").magnitude, signal.magnitude


def _spikes(cells):
    return [np.asarray(train) for train in cells.get_data("spikes").segments[0].spiketrains]


# --- cells ----------------------------------------------------------------------------------------

EXCITATORY, INHIBITORY = [20.0, 50.0, 56.0, 62.0], [100.0]  # ms


def _cell(make, current, weights):
    """v of a cell during a step of current (nA), and when spikes arrive."""
    _setup()
    stepped, driven = sim.Population(1, make()), sim.Population(1, make())
    sim.DCSource(amplitude=current, start=20.0, stop=120.0).inject_into(stepped)
    receptors = stepped.celltype.receptor_types
    for receptor, weight, times in zip(receptors, weights, (EXCITATORY, INHIBITORY), strict=True):
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
        synapse = sim.StaticSynapse(weight=weight, delay=0.1)
        sim.Projection(source, driven, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    for cell in (stepped, driven):
        cell.record(["v", "spikes"])
    sim.run(150.0)
    figure, (above, below) = _axes()
    for axis, cell in ((above, stepped), (below, driven)):
        times, v = _trace(cell)
        axis.plot(times, v, color=BLUE)
        for spike in _spikes(cell)[0]:
            axis.axvline(spike, ymin=0.93, color="black", lw=0.8)
        axis.set(ylabel="v (mV)", xlim=(0, 150))
    above.set_title(f"a current of {current:g} nA from 20 to 120 ms", fontsize=8)
    below.set_title("spikes arrive: excitatory (red), inhibitory (green)", fontsize=8)
    for times, colour in ((EXCITATORY, RED), (INHIBITORY, GREEN)):
        below.plot(times, np.full(len(times), below.get_ylim()[0]), "^", color=colour, ms=4, clip_on=False)
    below.set_xlabel("time (ms)")
    return figure


def _point_neuron(membrane):
    return lambda: sim.PointNeuron(membrane(), AMPA=sim.ExpPSR(tau_syn=5.0), GABA=sim.ExpPSR(e_syn=-75.0))


def _slow_and_fast():
    slow, fast = sim.BetaPSR(tau_rise=5.0, tau_decay=60.0), sim.AlphaPSR(e_syn=-75.0, tau_syn=2.0)
    return sim.PointNeuron(sim.LIF(), NMDA=slow, GABA=fast)


def _receptor(make, weight):
    """The conductance or current of a receptor after one spike, and v."""
    _setup()
    cell = sim.Population(1, sim.PointNeuron(sim.LIF(), R=make()))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0]))
    synapse = sim.StaticSynapse(weight=weight, delay=0.1)
    sim.Projection(source, cell, sim.AllToAllConnector(), synapse, receptor_type="R")
    variable = "R.isyn" if "R.isyn" in cell.celltype.recordable else "R.gsyn"
    cell.record(["v", variable])
    sim.run(80.0)
    figure, (above, below) = _axes(sharex=True)
    above.plot(*_trace(cell, variable), color=RED)
    above.set_ylabel(f"{variable[2:]} ({'nA' if 'isyn' in variable else 'µS'})")
    below.plot(*_trace(cell), color=BLUE)
    below.set(ylabel="v (mV)", xlabel="time (ms); one spike at 10 ms", xlim=(0, 80))
    return figure


# --- sources --------------------------------------------------------------------------------------


def _source(make, rate_over_time=False):
    """Spikes of twelve cells; the intervals of many, or how their rate changes."""
    _setup()
    cells = sim.Population(400, make())
    cells.record("spikes")
    sim.run(1000.0)
    trains = _spikes(cells)
    figure, (above, below) = _axes(height_ratios=(1.3, 1))
    above.eventplot(trains[:12], color="black", lw=0.8)
    above.set(ylabel="cell", xlabel="time (ms)", xlim=(0, 500))
    if rate_over_time:
        bins = np.arange(0.0, 505.0, 10.0)
        below.stairs(np.histogram(np.concatenate(trains), bins)[0] / len(trains) / 0.01, bins, color=BLUE)
        below.set(xlabel="time (ms)", ylabel="rate (Hz)", xlim=(0, 500))
    else:
        intervals = np.concatenate([np.diff(train) for train in trains])
        below.hist(intervals, np.arange(0.0, 82.0, 2.0), color=BLUE, density=True)
        below.set(xlabel="interval (ms)", yticks=[], ylabel="share", xlim=(0, 80))
    return figure


def _spike_times():
    rng = NumpyRNG(seed=3)
    return [np.sort(np.round(rng.next(12, "uniform", {"low": 1.0, "high": 999.0}))) for _ in range(400)]


def _current(make):
    """A current and v of a cell that it flows into."""
    _setup()
    cell = sim.Population(1, sim.IF_curr_exp(tau_m=10.0))
    source = make()
    source.inject_into(cell)
    source.record()
    cell.record("v")
    sim.run(150.0)
    signal = source.get_data()
    figure, (above, below) = _axes(sharex=True)
    above.plot(signal.times.rescale("ms"), signal.magnitude, color=RED, drawstyle="steps-post")
    above.set_ylabel("current (nA)")
    below.plot(*_trace(cell), color=BLUE)
    below.set(ylabel="v (mV)", xlabel="time (ms)", xlim=(0, 150))
    return figure


# --- synapses -------------------------------------------------------------------------------------

TRAIN = np.append(np.arange(20.0, 180.0, 20.0), 350.0)  # ms


def _release(synapses):
    """isyn of cells while a train of spikes arrives: one line for each of `synapses`, {label: synapse}."""
    _setup()
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=TRAIN))
    figure, axes = _axes(len(synapses), sharex=True, sharey=True)
    for axis, (label, synapse) in zip(axes, synapses.items(), strict=True):
        axis.set_title(label, fontsize=8)
        cell = sim.Population(1, sim.IF_curr_exp(tau_syn_E=3.0))
        sim.Projection(source, cell, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
        cell.record("isyn_exc")
        axis.cell = cell
    sim.run(400.0)
    for axis in axes:
        axis.plot(*_trace(axis.cell, "isyn_exc"), color=RED)
        axis.set(ylabel="isyn (nA)", xlim=(0, 400))
    axes[-1].set_xlabel(f"time (ms); spikes at {TRAIN[0]:g}, {TRAIN[1]:g}, ... and {TRAIN[-1]:g} ms")
    return figure


def _trials(make, **parameters):
    return {f"trial {k}": make(weight=1.0, delay=0.1, **parameters) for k in (1, 2)}


def _gap_junction():
    _setup()
    cells = sim.Population(2, sim.IF_curr_exp())
    connector = sim.FromListConnector([(0, 1), (1, 0)])
    sim.Projection(cells, cells, connector, sim.ElectricalSynapse(weight=0.01))
    sim.DCSource(amplitude=1.0, start=20.0, stop=110.0).inject_into([cells[0]])
    cells.record("v")
    sim.run(150.0)
    figure, (axis,) = _axes(1)
    times, v = _trace(cells)
    axis.plot(times, v[:, 0], color=BLUE, label="gets 1 nA")
    axis.plot(times, v[:, 1], color=RED, label="is coupled to it")
    axis.set(ylabel="v (mV)", xlabel="time (ms)", xlim=(0, 150))
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    return figure


DELAYS_OF_SPIKES = np.arange(-60.0, 61.0, 4.0)  # ms
W_MAX = 0.01  # uS


def _window(timing, dependence, weights=(0.2, 0.5, 0.8)):
    """The change of weights by one pair of spikes, for some weights (in parts of w_max)."""
    _setup()
    n, middle = len(DELAYS_OF_SPIKES), 200.0
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[middle]))
    cells = sim.Population(n, sim.IF_cond_exp(tau_refrac=500.0))
    times = [[middle + after - 0.2] for after in DELAYS_OF_SPIKES]
    drive = sim.Population(n, sim.SpikeSourceArray(spike_times=times))
    force = sim.StaticSynapse(weight=3.0, delay=0.1)
    sim.Projection(drive, cells, sim.OneToOneConnector(), force, receptor_type="excitatory")
    projections = []
    for part in weights:
        synapse = sim.STDPMechanism(timing, dependence, weight=part * W_MAX, delay=0.1)
        projection = sim.Projection(
            source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory"
        )
        projections.append(projection)
    sim.run(400.0)
    figure, (axis,) = _axes(1)
    for part, colour, projection in zip(weights, (GREEN, BLUE, RED), projections, strict=False):
        change = np.array(projection.get("weight", format="list", with_address=False)) - part * W_MAX
        axis.plot(DELAYS_OF_SPIKES, change / W_MAX * 100.0, ".-", ms=3, color=colour, label=f"{part:g} w_max")
    axis.axhline(0.0, color=GREY, lw=0.6)
    axis.axvline(0.0, color=GREY, lw=0.6)
    axis.set(xlabel="t_post - t_pre (ms)", ylabel="change of the weight (% of w_max)")
    axis.legend(frameon=False, title="weight before", fontsize=7, title_fontsize=7)
    return figure


def _pair():
    return sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.01, A_minus=0.012)


def _additive():
    return sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX)


# --- connectors -----------------------------------------------------------------------------------


def _connector(make, n_pre=20, n_post=20):
    """Which pairs of two populations on a line are connected."""
    _setup()
    line = Line(dx=10.0)  # um
    pre = sim.Population(n_pre, sim.IF_curr_exp(), structure=line, label="pre")
    post = sim.Population(n_post, sim.IF_curr_exp(), structure=line, label="post")
    connector = make(pre, post)
    synapse = sim.StaticSynapse(weight=0.1, delay=1.0)
    projection = sim.Projection(pre, post, connector, synapse, receptor_type="excitatory")
    pairs = np.array(projection.get("weight", format="list"), dtype=float)[:, :2]
    figure, (axis,) = _axes(1, size=(2.2, 2.1))
    axis.plot(pairs[:, 0], pairs[:, 1], "s", ms=3, color=BLUE)
    axis.set(xlabel="source", ylabel="target", xlim=(-1, n_pre), ylim=(-1, n_post), aspect="equal")
    axis.set_xticks([0, n_pre - 1])
    axis.set_yticks([0, n_post - 1])
    return figure


def _clone(pre, post):
    return sim.CloneConnector(
        sim.Projection(
            pre,
            post,
            sim.FixedProbabilityConnector(0.2, rng=NumpyRNG(seed=1)),
            sim.StaticSynapse(weight=0.1, delay=1.0),
            receptor_type="excitatory",
        )
    )


LIST = [(k, 19 - k) for k in range(20)] + [(10, k) for k in range(5, 15)]


def _from_file(pre, post):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        file.write("# columns = ['i', 'j', 'weight', 'delay']\n")
        file.writelines(f"{i} {j} 0.1 1.0\n" for i, j in LIST)
    return sim.FromFileConnector(file.name)


class _EveryFourth(IndexBasedExpression):
    def __call__(self, i, j):
        return ((i + j) % 4 == 0).astype(float)


def _csa(pre, post):
    import csa

    return sim.CSAConnector(csa.cset(csa.block(4) * (csa.full - csa.oneToOne)))


def _random(connector, *arguments, seed=1, **options):
    return lambda pre, post: connector(*arguments, rng=NumpyRNG(seed=seed), **options)


CURRENTS, CONDUCTANCES = (0.6, -0.6), (0.01, 0.02)
CELLS = {
    "IF_curr_exp": (sim.IF_curr_exp, 1.0, CURRENTS),
    "IF_curr_alpha": (functools.partial(sim.IF_curr_alpha, tau_syn_E=5.0, tau_syn_I=5.0), 1.0, CURRENTS),
    "IF_curr_delta": (sim.IF_curr_delta, 1.0, (4.0, -4.0)),
    "IF_cond_exp": (sim.IF_cond_exp, 1.0, CONDUCTANCES),
    "IF_cond_alpha": (functools.partial(sim.IF_cond_alpha, tau_syn_E=5.0, tau_syn_I=5.0), 1.0, CONDUCTANCES),
    "IF_facets_hardware1": (sim.IF_facets_hardware1, 0.6, (0.002, 0.01)),
    "IF_cond_exp_gsfa_grr": (sim.IF_cond_exp_gsfa_grr, 1.5, CONDUCTANCES),
    "EIF_cond_exp_isfa_ista": (sim.EIF_cond_exp_isfa_ista, 1.0, CONDUCTANCES),
    "EIF_cond_alpha_isfa_ista": (sim.EIF_cond_alpha_isfa_ista, 1.0, CONDUCTANCES),
    "Izhikevich": (sim.Izhikevich, 0.01, (6.0, -6.0)),
    "GIF_cond_exp": (functools.partial(sim.GIF_cond_exp, a_eta=(0.1, 0.1, 0.1)), 1.2, CONDUCTANCES),
    "HH_cond_exp": (sim.HH_cond_exp, 0.5, (0.05, 0.05)),
    "PointNeuron": (_slow_and_fast, 1.0, (0.004, 0.05)),
    "LIF": (_point_neuron(sim.LIF), 1.0, CONDUCTANCES),
    "AdExp": (_point_neuron(sim.AdExp), 1.0, CONDUCTANCES),
}
SOURCES = {
    "SpikeSourceArray": (lambda: sim.SpikeSourceArray(spike_times=_spike_times()), False),
    "SpikeSourcePoisson": (lambda: sim.SpikeSourcePoisson(rate=50.0), False),
    "SpikeSourcePoissonRefractory": (
        lambda: sim.SpikeSourcePoissonRefractory(rate=50.0, tau_refrac=10.0),
        False,
    ),
    "SpikeSourceGamma": (lambda: sim.SpikeSourceGamma(alpha=5.0, beta=250.0), False),
    "SpikeSourceInhGamma": (
        lambda: sim.SpikeSourceInhGamma(a=[3.0, 3.0], b=[0.02, 0.004], tbins=[0.0, 250.0]),
        True,
    ),
}
CURRENT_SOURCES = {
    "DCSource": lambda: sim.DCSource(amplitude=0.4, start=20.0, stop=100.0),
    "StepCurrentSource": lambda: sim.StepCurrentSource(
        times=[20.0, 60.0, 90.0, 120.0], amplitudes=[0.4, -0.2, 0.6, 0.0]
    ),
    "ACSource": lambda: sim.ACSource(amplitude=0.4, offset=0.1, frequency=25.0, start=20.0, stop=120.0),
    "NoisyCurrentSource": lambda: sim.NoisyCurrentSource(mean=0.2, stdev=0.4, dt=1.0, start=20.0, stop=120.0),
}
DEPRESSING = {"U": 0.5, "tau_rec": 100.0, "tau_facil": 0.0}
FACILITATING = {"U": 0.1, "tau_rec": 20.0, "tau_facil": 200.0}
SYNAPSES = {
    "StaticSynapse": lambda: {"weight = 1 nA": sim.StaticSynapse(weight=1.0, delay=0.1)},
    "TsodyksMarkramSynapse": lambda: {
        f"{name}: U = {kind['U']}": sim.TsodyksMarkramSynapse(weight=1.0, delay=0.1, **kind)
        for name, kind in (("depressing", DEPRESSING), ("facilitating", FACILITATING))
    },
    "SimpleStochasticSynapse": lambda: _trials(sim.SimpleStochasticSynapse, p=0.5),
    "StochasticTsodyksMarkramSynapse": lambda: _trials(sim.StochasticTsodyksMarkramSynapse, **DEPRESSING),
    "MultiQuantalSynapse": lambda: _trials(sim.MultiQuantalSynapse, n=5, **DEPRESSING),
}
WINDOWS = {
    "STDPMechanism": lambda: (_pair(), _additive(), (0.5,)),
    "SpikePairRule": lambda: (_pair(), _additive()),
    "Vogels2011Rule": lambda: (sim.Vogels2011Rule(tau=20.0, eta=0.0001, rho=0.01), _additive()),
    "AdditiveWeightDependence": lambda: (_pair(), _additive()),
    "MultiplicativeWeightDependence": lambda: (_pair(), sim.MultiplicativeWeightDependence(w_max=W_MAX)),
    "AdditivePotentiationMultiplicativeDepression": lambda: (
        _pair(),
        sim.AdditivePotentiationMultiplicativeDepression(w_max=W_MAX),
    ),
    "GutigWeightDependence": lambda: (
        _pair(),
        sim.GutigWeightDependence(w_max=W_MAX, mu_plus=0.3, mu_minus=0.3),
    ),
}
RECEPTORS = {
    "CurrExpPostSynapticResponse": (lambda: sim.CurrExpPostSynapticResponse(tau_syn=5.0), 0.5),
    "CondExpPostSynapticResponse": (lambda: sim.ExpPSR(e_syn=0.0, tau_syn=5.0), 0.01),
    "CondAlphaPostSynapticResponse": (lambda: sim.AlphaPSR(e_syn=0.0, tau_syn=5.0), 0.01),
    "CondBetaPostSynapticResponse": (lambda: sim.BetaPSR(e_syn=0.0, tau_rise=2.0, tau_decay=20.0), 0.01),
}
CONNECTORS = {
    "AllToAllConnector": lambda pre, post: sim.AllToAllConnector(),
    "OneToOneConnector": lambda pre, post: sim.OneToOneConnector(),
    "FixedProbabilityConnector": _random(sim.FixedProbabilityConnector, 0.2),
    "FixedNumberPreConnector": _random(sim.FixedNumberPreConnector, 4),
    "FixedNumberPostConnector": _random(sim.FixedNumberPostConnector, 4),
    "FixedTotalNumberConnector": _random(sim.FixedTotalNumberConnector, 60),
    "DistanceDependentProbabilityConnector": _random(sim.DistanceDependentProbabilityConnector, "exp(-d/30)"),
    "DisplacementDependentProbabilityConnector": _random(
        sim.DisplacementDependentProbabilityConnector, lambda d: 0.6 * (d[0] > 0)
    ),
    "IndexBasedProbabilityConnector": _random(sim.IndexBasedProbabilityConnector, _EveryFourth()),
    "SmallWorldConnector": _random(sim.SmallWorldConnector, 30.0, 0.15),
    "ArrayConnector": lambda pre, post: sim.ArrayConnector(
        np.add.outer(np.arange(20), np.arange(20)) % 5 == 0
    ),
    "FromListConnector": lambda pre, post: sim.FromListConnector([(*pair, 0.1, 1.0) for pair in LIST]),
    "FromFileConnector": _from_file,
    "CloneConnector": _clone,
    "CSAConnector": _csa,
}

DRAWN = {
    **{name: functools.partial(_cell, *rest) for name, rest in CELLS.items()},
    **{name: functools.partial(_receptor, *rest) for name, rest in RECEPTORS.items()},
    **{name: functools.partial(_source, *rest) for name, rest in SOURCES.items()},
    **{name: functools.partial(_current, make) for name, make in CURRENT_SOURCES.items()},
    **{name: lambda make=make: _release(make()) for name, make in SYNAPSES.items()},
    "ElectricalSynapse": _gap_junction,
    **{name: lambda make=make: _window(*make()) for name, make in WINDOWS.items()},
    **{name: functools.partial(_connector, make) for name, make in CONNECTORS.items()},
}
