"""
Balanced random networks of integrate-and-fire and Hodgkin-Huxley neurons.

The network of Vogels & Abbott (2005, J. Neurosci. 25:10786-10795) in the three versions of Brette et
al. (2007, J. Comput. Neurosci. 23:349-398): current-based synapses (cuba, benchmark 2),
conductance-based synapses (coba, benchmark 1) and Hodgkin-Huxley neurons (hh, benchmark 3). 80 % of
the cells are excitatory, any two are connected with probability 2 %, and after a short stimulus the
activity goes on by itself, irregular and asynchronous.

Usage: python vogels_abbott.py [simulator] [--model cuba|coba|hh] [--cells N] [--time MS] [--plot FILE]

The simulator is that of any PyNN backend: fastsim (the default), nest, neuron, brian2.
"""

import argparse
import importlib
import time
from collections import namedtuple

import matplotlib
import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

Network = namedtuple("Network", "exc inh projections")

CONNECTION_PROBABILITY = 0.02
SEED = 98765

# What starts the activity of the conductance-based networks: sources, Hz, ms and uS.
N_STIMULI = 20
STIMULUS = {"rate": 100.0, "duration": 50.0}
STIMULUS_WEIGHT = 0.02

MEMBRANE = {"cm": 0.2, "tau_m": 20.0, "v_thresh": -50.0, "v_reset": -60.0, "tau_refrac": 5.0}
SYNAPSES = {"tau_syn_E": 5.0, "tau_syn_I": 10.0}
REVERSAL = {"e_rev_E": 0.0, "e_rev_I": -80.0}
HODGKIN_HUXLEY = {
    "cm": 0.2,
    "gbar_Na": 20.0,
    "gbar_K": 6.0,
    "g_leak": 0.01,
    "v_offset": -63.0,
    "e_rev_Na": 50.0,
    "e_rev_K": -90.0,
    "e_rev_leak": -60.0,
}


def cell_type(sim, model):
    """The neurons of a version of the network."""
    if model == "cuba":
        return sim.IF_curr_exp(v_rest=-49.0, **MEMBRANE, **SYNAPSES)
    if model == "coba":
        return sim.IF_cond_exp(v_rest=-60.0, **MEMBRANE, **SYNAPSES, **REVERSAL)
    return sim.HH_cond_exp(**HODGKIN_HUXLEY, **SYNAPSES, **REVERSAL)


def weights(model):
    """Excitatory and inhibitory synaptic weights: nA for cuba, uS for the others."""
    return (0.0162, -0.09) if model == "cuba" else (0.006, 0.067)


def build(sim, model, n_cells=4000, delay=0.1):
    """Build the network on a simulator that has been set up."""
    n_exc = int(0.8 * n_cells)
    cells = cell_type(sim, model)
    exc = sim.Population(n_exc, cells, label="excitatory")
    inh = sim.Population(n_cells - n_exc, cells, label="inhibitory")

    rng = NumpyRNG(seed=SEED)
    v_low, v_high = (-60.0, -50.0) if model != "hh" else (-70.0, -60.0)
    for population in (exc, inh):
        population.initialize(v=RandomDistribution("uniform", (v_low, v_high), rng=rng))

    scale = 4000 / n_cells  # the same input to each cell whatever the size of the network
    w_exc, w_inh = weights(model)
    projections = {}

    def connect(pre, post, weight, receptor_type):
        seed = SEED + 1 + len(projections)
        projections[pre.label, post.label] = sim.Projection(
            pre,
            post,
            sim.FixedProbabilityConnector(CONNECTION_PROBABILITY, rng=NumpyRNG(seed=seed)),
            sim.StaticSynapse(weight=weight, delay=delay),
            receptor_type=receptor_type,
            label=f"{pre.label} to {post.label}",
        )

    for post in (exc, inh):
        connect(exc, post, w_exc * scale, "excitatory")
        connect(inh, post, w_inh * scale, "inhibitory")
    if model != "cuba":
        stimulus = sim.Population(N_STIMULI, sim.SpikeSourcePoisson(**STIMULUS), label="stimulus")
        for post in (exc, inh):
            connect(stimulus, post, STIMULUS_WEIGHT, "excitatory")
    return Network(exc, inh, projections)


def spikes_of(population):
    """(indices of cells, times in ms) of all spikes of a population."""
    trains = population.get_data("spikes").segments[0].spiketrains
    times = [np.asarray(train) for train in trains]
    return np.repeat(np.arange(len(times)), [len(t) for t in times]), np.concatenate(times)


def plot(filename, title, exc, inh, simtime, n_exc):
    """Save a raster of the spikes of some cells, and the rates of both populations."""
    figure, (raster, rates) = plt.subplots(
        2, 1, sharex=True, figsize=(8, 6), height_ratios=(3, 1), layout="constrained"
    )
    bins = np.arange(0, simtime + 5.0, 5.0)
    for (index, times), first, color, n, label in (
        (exc, 0, "tab:red", n_exc, "excitatory"),
        (inh, 400, "tab:blue", n_exc // 4, "inhibitory"),
    ):
        shown = index < (400 if first == 0 else 100)
        raster.plot(times[shown], index[shown] + first, ".", color=color, ms=1.5)
        counts, _ = np.histogram(times, bins)
        rates.plot(bins[:-1], counts / n / 0.005, color=color, label=label)
    raster.set(title=title, ylabel="cell", ylim=(0, 500), xlim=(0, simtime))
    rates.set(xlabel="time (ms)", ylabel="rate (Hz)")
    rates.legend(loc="upper right", frameon=False)
    figure.savefig(filename, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("simulator", nargs="?", default="fastsim", help="fastsim, nest, neuron, ...")
    parser.add_argument("--model", choices=("cuba", "coba", "hh"), default="coba")
    parser.add_argument("--cells", type=int, default=4000, help="number of neurons")
    parser.add_argument("--time", type=float, default=1000.0, help="ms to simulate")
    parser.add_argument("--plot", default=None, help="file for the picture")
    args = parser.parse_args()

    sim = importlib.import_module(f"pyNN.{args.simulator}")
    sim.setup(timestep=0.1, min_delay=0.1, spike_precision="on_grid")
    started = time.perf_counter()
    network = build(sim, args.model, args.cells)
    network.exc.record("spikes")
    network.inh.record("spikes")
    built = time.perf_counter()
    sim.run(args.time)
    finished = time.perf_counter()

    exc, inh = spikes_of(network.exc), spikes_of(network.inh)
    n_exc, n_inh = network.exc.size, network.inh.size
    n_synapses = sum(projection.size() for projection in network.projections.values())
    print(f"{args.model} on {args.simulator}: {n_exc + n_inh} neurons, {n_synapses} synapses")
    print(f"built in {built - started:.2f} s, {args.time:g} ms run in {finished - built:.2f} s")
    for label, (_, times), n in (("excitatory", exc, n_exc), ("inhibitory", inh, n_inh)):
        print(f"mean {label} rate: {len(times) / n / args.time * 1000:.2f} Hz")
    filename = args.plot or f"vogels_abbott_{args.model}_{args.simulator}.png"
    plot(filename, f"{args.model.upper()} network, {args.simulator}", exc, inh, args.time, n_exc)
    print(f"spikes plotted to {filename}")
    sim.end()


if __name__ == "__main__":
    main()
