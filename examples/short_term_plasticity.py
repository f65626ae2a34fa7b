"""
Short-term plasticity: what a train of spikes delivers over depressing and facilitating synapses.

The deterministic synapse of Tsodyks & Markram is compared with the mean over many cells of its stochastic
version, which releases all or nothing (Fuhrmann et al. 2002, J. Neurophysiol. 87:140-148), and with
that of synapses with ten release sites. Twenty spikes at 50 Hz are followed by a test of the recovery.

Usage: python short_term_plasticity.py [simulator] [--cells N] [--plot FILE]
"""

import argparse
import importlib

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

SPIKES = np.append(np.arange(50.0, 450.0, 20.0), 700.0)
KINDS = {
    "depressing": {"U": 0.5, "tau_rec": 300.0, "tau_facil": 0.0},
    "facilitating": {"U": 0.08, "tau_rec": 60.0, "tau_facil": 500.0},
}
WEIGHT = 0.01  # nA
TAU_SYN = 2.0  # ms
DELAY = 1.0


def synapses(sim, parameters):
    """Synapse types by name; those that are stochastic are to be averaged."""
    return {
        "deterministic": sim.TsodyksMarkramSynapse(weight=WEIGHT, delay=DELAY, **parameters),
        "stochastic": sim.StochasticTsodyksMarkramSynapse(weight=WEIGHT, delay=DELAY, **parameters),
        "ten sites": sim.MultiQuantalSynapse(weight=WEIGHT, delay=DELAY, n=10, **parameters),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("simulator", nargs="?", default="fastsim", help="fastsim, neuron, ...")
    parser.add_argument("--cells", type=int, default=1000, help="number of cells to average over")
    parser.add_argument("--plot", default="short_term_plasticity.png", help="file for the picture")
    args = parser.parse_args()

    sim = importlib.import_module(f"pyNN.{args.simulator}")
    sim.setup(timestep=0.1, min_delay=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=SPIKES))
    cells = {}
    for kind, parameters in KINDS.items():
        for name, synapse in synapses(sim, parameters).items():
            n = 1 if name == "deterministic" else args.cells
            population = sim.Population(n, sim.IF_curr_exp(tau_syn_E=TAU_SYN, tau_m=10.0))
            sim.Projection(source, population, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
            population.record("v")
            cells[kind, name] = population
    sim.run(800.0)

    figure, axes = plt.subplots(2, 1, sharex=True, figsize=(8, 6), layout="constrained")
    for axis, kind in zip(axes, KINDS, strict=True):
        peaks = {}
        for name in ("stochastic", "ten sites", "deterministic"):
            signal = cells[kind, name].get_data("v").segments[0].filter(name="v")[0]
            depolarisation = (signal.magnitude.mean(axis=1) - signal.magnitude[0, 0]) * 1000.0
            times = np.asarray(signal.times.rescale("ms"))
            width = 2.0 if name == "deterministic" else 1.0
            axis.plot(times, depolarisation, lw=width, label=name if width == 2.0 else f"{name}, mean")
            peaks[name] = [depolarisation[(times > t) & (times < t + 20.0)].max() for t in SPIKES]
        axis.set(title=kind, ylabel="depolarisation (µV)")
        first, last, test = (peaks["deterministic"][k] for k in (0, -2, -1))
        print(f"{kind}: first spike {first:.1f} µV, twentieth {last:.1f} µV, after a pause {test:.1f} µV")
        for name in ("stochastic", "ten sites"):
            worst = np.max(np.abs(np.subtract(peaks[name], peaks["deterministic"])))
            print(f"    mean of {args.cells} {name} synapses: at most {worst:.1f} µV away")
    axes[0].legend(frameon=False)
    axes[1].set_xlabel("time (ms)")
    figure.savefig(args.plot, dpi=120)
    print(f"plotted to {args.plot}")
    sim.end()


if __name__ == "__main__":
    main()
