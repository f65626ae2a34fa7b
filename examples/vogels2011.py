"""
Inhibitory plasticity restores the balance of a network.

A network of 10,000 cells, of which a fifth is inhibitory, driven by a constant current. The synapses from
inhibitory to excitatory cells begin at zero, and the excitatory cells fire much too fast. The rule of Vogels
et al. (2011, Science 334:1569-1573) raises these weights until the cells fire at the
target rate, irregularly.

Usage: python vogels2011.py [simulator] [--cells N] [--time S] [--plot FILE]
"""

import argparse
import importlib
import time

import matplotlib
import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

CELL = {
    "cm": 0.2,
    "tau_m": 20.0,
    "v_rest": -60.0,
    "v_thresh": -50.0,
    "v_reset": -60.0,
    "tau_refrac": 5.0,
    "e_rev_E": 0.0,
    "e_rev_I": -80.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 10.0,
    "i_offset": 0.2,
}
W_EXC, W_INH, W_MAX = 0.0003, 0.003, 0.1  # uS
TARGET_RATE = 3.0  # Hz
ETA = 5e-5  # uS
SEED = 1


def build(sim, n_cells):
    """The populations and the plastic projection, on a simulator that has been set up."""
    cells = sim.IF_cond_exp(**CELL)
    exc = sim.Population(int(0.8 * n_cells), cells, label="excitatory")
    inh = sim.Population(n_cells - exc.size, cells, label="inhibitory")
    rng = NumpyRNG(seed=SEED)
    for population in (exc, inh):
        population.initialize(v=RandomDistribution("uniform", (-60.0, -50.0), rng=rng))
    scale = 10_000 / n_cells
    plastic = sim.STDPMechanism(
        sim.Vogels2011Rule(tau=20.0, eta=ETA * scale, rho=TARGET_RATE / 1000.0),  # rho per ms
        sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX * scale),
        weight=0.0,
        delay=0.1,
    )
    projections = []
    for pre, post, synapse, receptor in (
        (exc, exc, sim.StaticSynapse(weight=W_EXC * scale, delay=0.1), "excitatory"),
        (exc, inh, sim.StaticSynapse(weight=W_EXC * scale, delay=0.1), "excitatory"),
        (inh, inh, sim.StaticSynapse(weight=W_INH * scale, delay=0.1), "inhibitory"),
        (inh, exc, plastic, "inhibitory"),
    ):
        connector = sim.FixedProbabilityConnector(0.02, rng=NumpyRNG(seed=SEED + 1 + len(projections)))
        projections.append(sim.Projection(pre, post, connector, synapse, receptor_type=receptor))
    return exc, inh, projections[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("simulator", nargs="?", default="fastsim", help="fastsim, neuron, ...")
    parser.add_argument("--cells", type=int, default=10_000, help="number of cells")
    parser.add_argument("--time", type=float, default=10.0, help="s to simulate")
    parser.add_argument("--plot", default="vogels2011.png", help="file for the picture")
    args = parser.parse_args()

    sim = importlib.import_module(f"pyNN.{args.simulator}")
    sim.setup(timestep=0.1, min_delay=0.1)
    exc, inh, projection = build(sim, args.cells)
    exc.record("spikes")
    moments, weights = np.linspace(0.0, args.time, 21), [0.0]
    started = time.perf_counter()
    for duration in np.diff(moments):
        sim.run(1000.0 * duration)
        weights.append(np.mean(projection.get("weight", format="list", with_address=False)))
    print(f"{args.time:g} s of {args.simulator} in {time.perf_counter() - started:.1f} s")
    trains = exc.get_data("spikes").segments[0].spiketrains
    sim.end()

    times = [np.asarray(train) / 1000.0 for train in trains]
    everything = np.concatenate(times)
    late = 0.8 * args.time
    intervals = [np.diff(t[t > late]) for t in times]
    cv = np.mean([np.std(i) / np.mean(i) for i in intervals if len(i) > 2])
    for begin, end in ((0.0, 0.02 * args.time), (late, args.time)):
        n = np.sum((everything >= begin) & (everything < end))
        print(f"{begin:g} to {end:g} s: {n / len(times) / (end - begin):.1f} Hz")
    print(f"coefficient of variation of the intervals at the end: {cv:.2f}")

    figure, axes = plt.subplots(2, 2, figsize=(10, 6), layout="constrained")
    edges = np.linspace(0.0, args.time, 201)
    axes[0, 0].semilogy(edges[:-1], np.histogram(everything, edges)[0] / len(times) / np.diff(edges))
    axes[0, 0].axhline(TARGET_RATE, color="grey", ls=":")
    axes[0, 0].set(xlabel="time (s)", ylabel="excitatory rate (Hz)")
    axes[0, 1].plot(moments, np.array(weights) * 1000.0)
    axes[0, 1].set(xlabel="time (s)", ylabel="mean plastic weight (nS)")
    for axis, begin in ((axes[1, 0], 0.0), (axes[1, 1], args.time - 0.2)):
        for k, t in enumerate(times[:200]):
            shown = t[(t >= begin) & (t < begin + 0.2)]
            axis.plot(shown, np.full(len(shown), k), ".", color="tab:red", ms=2)
        axis.set(xlabel="time (s)", ylabel="cell", xlim=(begin, begin + 0.2))
    figure.savefig(args.plot, dpi=120)
    print(f"plotted to {args.plot}")


if __name__ == "__main__":
    main()
