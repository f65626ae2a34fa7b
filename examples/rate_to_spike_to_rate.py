"""
A rate becomes spikes, these drive integrate-and-fire cells, and their spikes become a rate again.

Usage: python rate_to_spike_to_rate.py [--cells N] [--plot FILE]
"""

import argparse

import numpy as np

import pyNN_fastsim as sim

Signal = sim.Neuron(name="Signal", equations="r = 40 * (1 + sin(2 * pi * t / 250))")


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--cells", type=int, default=400)
    parser.add_argument("--plot", help="file for the picture")
    args = parser.parse_args()
    n = args.cells
    sim.setup(timestep=0.1, rng_seed=1)
    signal = sim.Population(1, Signal())
    noise = sim.Population(n, sim.SpikesFromRate(rate=10.0))
    cells = sim.Population(n, sim.IF_cond_exp(tau_m=10.0, tau_refrac=2.0))
    rate = sim.Population(1, sim.LeakyIntegrator(tau=5.0))
    sim.Projection(signal, noise, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0))
    few = sim.FixedProbabilityConnector(0.25, rng=sim.NumpyRNG(seed=1))
    sim.Projection(noise, cells, few, sim.StaticSynapse(weight=0.6 / n), receptor_type="excitatory")
    sim.Projection(cells, rate, sim.AllToAllConnector(), sim.RateFromSpikes(weight=1.0 / n, tau=10.0))
    for each in signal, rate:
        each.record("r")
    cells.record("spikes")
    sim.run(1000.0)
    x, y = (each.get_data().segments[0].analogsignals[0].magnitude[:, 0] for each in (signal, rate))
    lags = range(0, 600, 10)
    best = max(lags, key=lambda lag: np.corrcoef(x[2500 : 9000 - lag], y[2500 + lag : 9000])[0, 1])
    correlation = np.corrcoef(x[2500 : 9000 - best], y[2500 + best : 9000])[0, 1]
    print(f"{cells.mean_spike_count():.1f} spikes a cell; ", end="")
    print(f"correlation of the rates {correlation:.2f}, {best / 10:.0f} ms later")
    if args.plot:
        plot(x, y, args.plot)


def plot(x, y, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(6, 3))
    t = 0.1 * np.arange(len(x))
    plt.plot(t, x, label="signal")
    plt.plot(t, y, label="rate of the cells")
    plt.xlabel("time (ms)")
    plt.ylabel("Hz")
    plt.legend()
    plt.tight_layout()
    plt.savefig(file)


if __name__ == "__main__":
    main()
