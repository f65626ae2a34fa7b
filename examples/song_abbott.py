"""
Competitive learning: weights become either strong or weak, by their spikes alone.

One cell with 1,000 excitatory synapses, which have additive plasticity, and 200 inhibitory ones; all sources
are Poisson processes (Song, Miller & Abbott 2000, Nature Neuroscience 3:919-926, figure 2). Depression is
slightly stronger than potentiation, so synapses compete for when the cell fires: some win, and
the rest goes to zero. The distribution of the weights becomes bimodal, and the rate of the cell settles.

Which synapses win is chance, how many is not. With seeds 42 to 45, after 800 s at 15 Hz, 51 to 52 % of the
weights are below 0.2 w_max, and 22 to 24 % above 0.8. Two distributions are 0.021 to 0.041 apart (the largest
difference of cumulative frequencies, Kolmogorov-Smirnov; for two samples of 1,000 from one distribution it is
more than 0.061 in one of 20 cases). The weights of the same synapses have a correlation of 0.02 (seeds 42 and
43).

Usage: python song_abbott.py [simulator] [--time S] [--rate HZ] [--seed N] [--plot FILE]
"""

import argparse
import importlib
import time

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

LEAK = 0.01  # uS; the paper gives conductances as multiples of it
W_MAX = 0.015 * LEAK
CELL = {
    "cm": 0.2,
    "tau_m": 20.0,
    "v_rest": -70.0,
    "v_thresh": -54.0,
    "v_reset": -60.0,
    "e_rev_E": 0.0,
    "e_rev_I": -70.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 5.0,
    "tau_refrac": 0.1,
}
RULE = {"tau_plus": 20.0, "tau_minus": 20.0, "A_plus": 0.005, "A_minus": 0.005 * 1.05}


def build(sim, rate):
    """The cell and its plastic inputs of some rate (Hz), on a simulator that has been set up."""
    cell = sim.Population(1, sim.IF_cond_exp(**CELL), initial_values={"v": -70.0}, label="cell")
    inputs = sim.Population(1000, sim.SpikeSourcePoisson(rate=rate), label="inputs")
    inhibition = sim.Population(200, sim.SpikeSourcePoisson(rate=10.0), label="inhibition")
    plastic = sim.STDPMechanism(
        sim.SpikePairRule(**RULE),
        sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX),
        weight=W_MAX,
        delay=0.1,
    )
    projection = sim.Projection(inputs, cell, sim.AllToAllConnector(), plastic, receptor_type="excitatory")
    static = sim.StaticSynapse(weight=0.05 * LEAK, delay=0.1)
    sim.Projection(inhibition, cell, sim.AllToAllConnector(), static, receptor_type="inhibitory")
    cell.record("spikes")
    return cell, projection


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("simulator", nargs="?", default="fastsim", help="fastsim, nest, neuron, ...")
    parser.add_argument("--time", type=float, default=800.0, help="s to simulate")
    parser.add_argument("--rate", type=float, default=15.0, help="of the inputs, Hz")
    parser.add_argument("--seed", type=int, default=42, help="of the Poisson processes")
    parser.add_argument("--plot", default="song_abbott.png", help="file for the picture")
    args = parser.parse_args()

    sim = importlib.import_module(f"pyNN.{args.simulator}")
    sim.setup(timestep=0.1, min_delay=0.1, rng_seed=args.seed)
    cell, projection = build(sim, args.rate)
    started = time.perf_counter()
    moments, weights = np.linspace(0.0, args.time, 31), [np.full(1000, 1.0)]
    for duration in np.diff(moments):
        sim.run(1000.0 * duration)
        weights.append(np.array(projection.get("weight", format="list", with_address=False)) / W_MAX)
    print(f"{args.time:g} s of {args.simulator} in {time.perf_counter() - started:.1f} s")
    (train,) = cell.get_data("spikes").segments[0].spiketrains
    sim.end()

    spikes = np.asarray(train) / 1000.0
    rate = np.sum(spikes > 0.8 * args.time) / (0.2 * args.time)
    weak, strong = np.mean(weights[-1] < 0.2), np.mean(weights[-1] > 0.8)
    print(f"{weak:.0%} of the weights are below 0.2 w_max, {strong:.0%} above 0.8 w_max; rate {rate:.1f} Hz")

    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    axes[0].hist(weights[-1], bins=25, color="tab:red")
    axes[0].set(xlabel="weight / w_max", ylabel="synapses", title=f"after {args.time:g} s")
    bins = np.linspace(0.0, 1.0, 26)
    image = np.array([np.histogram(w, bins)[0] for w in weights]).T
    axes[1].pcolormesh(moments, 0.5 * (bins[1:] + bins[:-1]), np.log1p(image), cmap="magma")
    axes[1].set(xlabel="time (s)", ylabel="weight / w_max", title="number of synapses (log)")
    counts, edges = np.histogram(spikes, np.linspace(0.0, args.time, 101))
    axes[2].plot(edges[:-1], counts / np.diff(edges))
    axes[2].set(xlabel="time (s)", ylabel="rate (Hz)", title="the cell")
    figure.savefig(args.plot, dpi=120)
    print(f"plotted to {args.plot}")


if __name__ == "__main__":
    main()
