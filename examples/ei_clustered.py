"""
The EI-clustered network, at full size.

5,000 leaky integrate-and-fire neurons in 20 excitatory and 20 inhibitory clusters: connections within
a cluster are stronger, so that clusters switch between high and low activity (metastability). Rostami,
Rost, Schmitt, van Albada, Riehle & Nawrot (2024), Neural Computation, Eqs. 7-10; parameters as in the
PyNEST example of that network. 40 populations, 1,600 projections, 7.7 million synapses; 1 s of warm-up
and 10 s in which three clusters are stimulated twice.

Usage: python ei_clustered.py [simulator] [--size FRACTION] [--time MS] [--seed N] [--plot FILE]
"""

import argparse
import importlib
import time

import matplotlib
import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

N_CLUSTERS = 20
N_EXC, N_INH = 4000, 1000
PROBABILITY = np.array([[0.2, 0.5], [0.5, 0.5]])  # [post][pre], 0 = E, 1 = I
G_EI, G_IE, G_II = 1.2, 1.0, 1.0
CLUSTERING_EXC = 6.0  # factor of the weights within a cluster (rep)
CLUSTERING_RATIO = 0.82  # of inhibitory to excitatory clustering (rj)
RHEOBASES = (1.25, 0.78)  # constant current, in rheobases
CM = 1e-3  # nF
TAU_M = (20.0, 10.0)  # ms
TAU_SYN = 5.0  # ms
V_THRESH = 20.0  # mV above rest
DELAY = 0.1  # ms
STIMULATED = (2, 3, 4)  # clusters
STIMULUS = (0.15e-3, ((2000.0, 3500.0), (6000.0, 7500.0)))  # nA; ms after the warm-up
WARM_UP = 1000.0  # ms


def peak_psp(tau_m):
    """Peak of the potential (mV) after a spike of weight 1 pA."""
    a, b = TAU_SYN, tau_m
    ratio = a / b
    gain = (1e-3 / CM) * a * b / (b - a)
    return gain * (ratio ** (a / (b - a)) - ratio ** (b / (b - a)))


def base_weights():
    """Synaptic weights without clustering: [post][pre], pA."""
    n = N_EXC + N_INH
    amplitude = np.array([[peak_psp(tau)] * 2 for tau in TAU_M])
    k_ee, k_ie = N_EXC * PROBABILITY[0, 0], N_EXC * PROBABILITY[1, 0]
    js = np.zeros((2, 2))
    js[0, 0] = V_THRESH * np.sqrt(n / k_ee) / amplitude[0, 0]
    js[0, 1] = (-G_EI * js[0, 0] * PROBABILITY[0, 0] * N_EXC * amplitude[0, 0]
                / (PROBABILITY[0, 1] * N_INH * amplitude[0, 1]))  # fmt: skip
    js[1, 0] = G_IE * V_THRESH * np.sqrt(n / k_ie) / amplitude[1, 0]
    js[1, 1] = (-G_II * js[1, 0] * PROBABILITY[1, 0] * N_EXC * amplitude[1, 0]
                / (PROBABILITY[1, 1] * N_INH * amplitude[1, 1]))  # fmt: skip
    return js / np.sqrt(n)


def build(sim, seed=7, size=1.0):
    """Build the network on a simulator that has been set up; `size` scales the numbers of cells.

    Returns (excitatory populations, inhibitory populations, number of synapses).
    """
    rng = NumpyRNG(seed=seed)
    clusters = []
    for kind, n_cells in enumerate((N_EXC, N_INH)):
        rheobase = V_THRESH * CM / TAU_M[kind]
        cells = sim.IF_curr_exp(
            v_rest=0.0, v_reset=0.0, v_thresh=V_THRESH, cm=CM, tau_m=TAU_M[kind], tau_refrac=5.0,
            tau_syn_E=TAU_SYN, tau_syn_I=TAU_SYN, i_offset=RHEOBASES[kind] * rheobase,
        )  # fmt: skip
        n = int(n_cells * size) // N_CLUSTERS
        clusters.append([sim.Population(n, cells, label=f"{'EI'[kind]}{k}") for k in range(N_CLUSTERS)])
        for population in clusters[kind]:
            # V_th - 20 * lognormal(0, 1)
            below = RandomDistribution("lognormal", (0.0, 1.0), rng=rng).next(n)
            population.initialize(v=V_THRESH - 20.0 * np.asarray(below))

    jep = CLUSTERING_EXC
    jip = 1 + (jep - 1) * CLUSTERING_RATIO
    within = np.array([[jep, jip], [jip, jip]])
    between = (N_CLUSTERS - within) / (N_CLUSTERS - 1)
    weights = 1e-3 * base_weights() / np.sqrt(size)  # nA
    n_synapses = 0
    for post_kind, pre_kind in np.ndindex(2, 2):
        receptor_type = ("excitatory", "inhibitory")[pre_kind]
        for i, post in enumerate(clusters[post_kind]):
            for j, pre in enumerate(clusters[pre_kind]):
                factor = (within if i == j else between)[post_kind, pre_kind]
                connector = sim.FixedProbabilityConnector(
                    PROBABILITY[post_kind, pre_kind],
                    allow_self_connections=False,
                    rng=NumpyRNG(seed=int(rng.next(1, "uniform_int", {"low": 0, "high": 2**31})[0])),
                )
                synapse = sim.StaticSynapse(weight=factor * weights[post_kind, pre_kind], delay=DELAY)
                projection = sim.Projection(pre, post, connector, synapse, receptor_type=receptor_type)
                n_synapses += projection.size()

    amplitude, intervals = STIMULUS
    times = [WARM_UP + t for interval in intervals for t in interval]
    source = sim.StepCurrentSource(times=times, amplitudes=[amplitude, 0.0] * len(intervals))
    for k in STIMULATED:
        source.inject_into(clusters[0][k])
    return *clusters, n_synapses


def spike_trains(populations, start):
    """The spike times (ms) after `start` of each cell of several populations."""
    trains = []
    for population in populations:
        for train in population.get_data("spikes").segments[0].spiketrains:
            times = np.asarray(train)
            trains.append(times[times > start])
    return trains


def statistics(trains, duration):
    """Mean rate and its standard deviation over cells (Hz), and the mean CV of intervals.

    The CV is that of cells with at least ten intervals.
    """
    rates = np.array([len(train) for train in trains]) / duration * 1000
    intervals = [np.diff(train) for train in trains if len(train) > 10]
    return rates.mean(), rates.std(), np.mean([i.std() / i.mean() for i in intervals])


def plot(filename, exc, inh, stop):
    """Save a raster of all cells, clusters one above the other."""
    figure, axes = plt.subplots(figsize=(10, 7), layout="constrained")
    first = 0
    for trains, color in ((exc, "black"), (inh, "tab:red")):
        lengths = [len(train) for train in trains]
        axes.plot(np.concatenate(trains) / 1000, first + np.repeat(np.arange(len(trains)), lengths),
                  ",", color=color, alpha=0.6)  # fmt: skip
        first += len(trains)
    for on, off in STIMULUS[1]:
        axes.axvspan((WARM_UP + on) / 1000, (WARM_UP + off) / 1000, color="tab:blue", alpha=0.1)
    axes.set(xlabel="time (s)", ylabel="cell", xlim=(0, stop / 1000), ylim=(0, first))
    axes.set_title("EI-clustered network: excitatory (black) and inhibitory (red) clusters")
    figure.savefig(filename, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("simulator", nargs="?", default="fastsim", help="fastsim, nest, neuron, ...")
    parser.add_argument("--size", type=float, default=1.0, help="fraction of the number of cells")
    parser.add_argument("--time", type=float, default=10000.0, help="ms after the warm-up")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--plot", default="ei_clustered.png", help="file for the picture")
    args = parser.parse_args()

    sim = importlib.import_module(f"pyNN.{args.simulator}")
    sim.setup(timestep=0.1, min_delay=0.1, threads=args.threads, spike_precision="on_grid")
    started = time.perf_counter()
    exc, inh, n_synapses = build(sim, args.seed, args.size)
    for population in exc + inh:
        population.record("spikes")
    built = time.perf_counter()
    stop = WARM_UP + args.time
    sim.run(stop)
    finished = time.perf_counter()
    print(f"{n_synapses} synapses")
    print(f"built in {built - started:.2f} s, {stop:g} ms run in {finished - built:.2f} s")
    for label, populations in (("E", exc), ("I", inh)):
        rate, deviation, cv = statistics(spike_trains(populations, WARM_UP), args.time)
        print(f"{label}: rate {rate:.3f} Hz, its sd over cells {deviation:.2f} Hz, CV of intervals {cv:.2f}")
    plot(args.plot, spike_trains(exc, 0.0), spike_trains(inh, 0.0), stop)
    print(f"spikes plotted to {args.plot}")
    sim.end()


if __name__ == "__main__":
    main()
