"""
The learning window: how much a single pair of spikes changes a weight, for every rule.

For each timing dependence with each weight dependence, pairs of cells spike once each, at intervals from
-60 to 60 ms (postsynaptic minus presynaptic), with weights of a quarter and three quarters of the largest.
Additive rules don't care for the weight, multiplicative ones leave less room near the limits.

Usage: python stdp_window.py [simulator] [--plot FILE]
"""

import argparse
import importlib

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

W_MAX = 0.01  # uS
MIDDLE = 100.0  # ms, of the presynaptic spikes
DELAY = 0.1  # ms
INTERVALS = np.round(np.arange(-60.0, 60.5, 1.0), 1)


def rules(sim):
    pair = sim.SpikePairRule(tau_plus=17.0, tau_minus=34.0, A_plus=0.02, A_minus=0.012)
    # eta in uS; rho in spikes per ms
    vogels = sim.Vogels2011Rule(tau=20.0, eta=0.02 * W_MAX, rho=0.005)
    return {"SpikePairRule": pair, "Vogels2011Rule": vogels}


def dependences(sim):
    return {
        "additive": sim.AdditiveWeightDependence(w_max=W_MAX),
        "multiplicative": sim.MultiplicativeWeightDependence(w_max=W_MAX),
        "additive potentiation,\nmultiplicative depression": sim.AdditivePotentiationMultiplicativeDepression(
            w_max=W_MAX
        ),
        "Gütig, µ = 0.3": sim.GutigWeightDependence(w_max=W_MAX, mu_plus=0.3, mu_minus=0.3),
    }


def forced_cells(sim):
    """Cells, one for each interval, that spike at MIDDLE + interval, whatever else arrives."""
    cells = sim.Population(len(INTERVALS), sim.IF_cond_exp(tau_refrac=500.0))
    times = [[MIDDLE + interval - 2 * DELAY] for interval in INTERVALS]
    drive = sim.Population(len(INTERVALS), sim.SpikeSourceArray(spike_times=times))
    synapse = sim.StaticSynapse(weight=3.0, delay=DELAY)
    sim.Projection(drive, cells, sim.OneToOneConnector(), synapse, receptor_type="excitatory")
    cells.record("spikes")
    return cells


def measure(sim, timing, dependence, weights):
    """The change of each of some weights by one pair: {weight: (intervals, changes)}."""
    sim.setup(timestep=0.1, min_delay=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[MIDDLE]))
    cells = forced_cells(sim)
    projections = {}
    for weight in weights:
        synapse = sim.STDPMechanism(
            rules(sim)[timing], dependences(sim)[dependence], weight=weight, delay=DELAY
        )
        projections[weight] = sim.Projection(
            source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory"
        )
    sim.run(2 * MIDDLE)
    trains = cells.get_data("spikes").segments[0].spiketrains
    order = np.argsort([int(train.annotations["source_index"]) for train in trains])
    post = np.array([float(trains[int(k)][0]) for k in order])
    changes = {
        weight: np.array(projection.get("weight", format="list", with_address=False)) - weight
        for weight, projection in projections.items()
    }
    sim.end()
    return {weight: (post + DELAY - MIDDLE, change) for weight, change in changes.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("simulator", nargs="?", default="fastsim", help="fastsim, neuron, ...")
    parser.add_argument("--plot", default="stdp_window.png", help="file for the picture")
    args = parser.parse_args()

    sim = importlib.import_module(f"pyNN.{args.simulator}")
    figure, axes = plt.subplots(2, 4, sharex=True, sharey=True, figsize=(12, 6), layout="constrained")
    for row, timing in zip(axes, rules(sim), strict=True):
        for axis, dependence in zip(row, dependences(sim), strict=True):
            windows = measure(sim, timing, dependence, (0.25 * W_MAX, 0.75 * W_MAX))
            for weight, (intervals, changes) in windows.items():
                axis.plot(intervals, changes / W_MAX, ".", ms=3, label=f"w = {weight / W_MAX:g} w_max")
                largest, smallest = changes.max() / W_MAX, changes.min() / W_MAX
                name = " ".join(dependence.split())
                print(f"{timing}, {name}, w = {weight:g}: {smallest:+.5f} to {largest:+.5f} of w_max")
            axis.axhline(0.0, color="grey", lw=0.5)
            axis.axvline(0.0, color="grey", lw=0.5)
        row[0].set_ylabel(f"{timing}\nchange / w_max")
    for axis, dependence in zip(axes[0], dependences(sim), strict=True):
        axis.set_title(dependence, fontsize=10)
    for axis in axes[1]:
        axis.set_xlabel("arrival post - pre (ms)")
    axes[0, 0].legend(frameon=False, fontsize=8)
    figure.savefig(args.plot, dpi=120)
    print(f"plotted to {args.plot}")


if __name__ == "__main__":
    main()
