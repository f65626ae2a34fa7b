"""
A network of adaptive exponential neurons whose excitatory synapses get tired.

Excitatory and inhibitory AdEx cells (Brette & Gerstner 2005) with synapses that depress
(Tsodyks & Markram 1997) answer a volley of spikes with a burst, and then settle at a lower rate. The input
spikes are drawn with NumPy, so that all simulators get the same ones: a script to compare them with,
`fastsim compare adex_short_term.py fastsim --backends fastsim nest neuron`.

Usage: python adex_short_term.py [simulator] [--cells N] [--time MS] [--plot FILE]
"""

import argparse
import importlib

import matplotlib
import numpy as np
from pyNN.random import NumpyRNG

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

STEP = 0.1  # ms
DELAY = 1.5  # ms
CELL = {"tau_w": 100.0, "a": 4.0, "b": 0.04, "tau_refrac": 2.0, "tau_syn_E": 5.0, "tau_syn_I": 10.0}
DEPRESSING = {"U": 0.5, "tau_rec": 200.0, "tau_facil": 20.0}
P_CONNECT = 0.1
N_INPUTS, INPUT_RATE, VOLLEY_RATE = 200, 25.0, 100.0  # Hz
WEIGHTS = {"input": 0.04, "excitatory": 0.02, "inhibitory": 0.03}  # uS


def input_trains(duration):
    """Poisson trains on the grid, ms, with a volley of 50 ms in the middle."""
    rng = NumpyRNG(seed=1).rng
    steps = np.arange(1, round(duration / STEP))
    volley = np.abs(steps * STEP - duration / 2) < 25.0
    chance = np.where(volley, VOLLEY_RATE, INPUT_RATE) * STEP / 1000.0
    return [steps[rng.random_sample(len(steps)) < chance] * STEP for _ in range(N_INPUTS)]


def build(sim, n_cells, duration):
    """(excitatory, inhibitory) populations of the network, connected."""
    n_exc = int(0.8 * n_cells)
    cells = sim.EIF_cond_exp_isfa_ista(**CELL)
    exc = sim.Population(n_exc, cells, label="excitatory")
    inh = sim.Population(n_cells - n_exc, cells, label="inhibitory")
    inputs = sim.Population(N_INPUTS, sim.SpikeSourceArray(spike_times=input_trains(duration)), label="input")
    rng = NumpyRNG(seed=2).rng
    scale = 200 / n_cells  # the same input to each cell whatever the size of the network
    for k, post in enumerate((exc, inh)):
        post.initialize(v=rng.uniform(-70.0, -55.0, post.size))
        for j, pre in enumerate((inputs, exc, inh)):
            weight = WEIGHTS[pre.label] * (scale if pre is not inputs else 1.0)
            if pre is inh:
                synapse = sim.StaticSynapse(weight=weight, delay=DELAY)
            else:
                synapse = sim.TsodyksMarkramSynapse(weight=weight, delay=DELAY, **DEPRESSING)
            connector = sim.FixedProbabilityConnector(P_CONNECT, rng=NumpyRNG(seed=10 + 3 * k + j))
            receptor = "inhibitory" if pre is inh else "excitatory"
            label = f"{pre.label} to {post.label}"
            sim.Projection(pre, post, connector, synapse, receptor_type=receptor, label=label)
    return exc, inh


def plot(filename, exc, duration):
    """Save a raster of the excitatory cells, their rate, and what one of them goes through."""
    segment = exc.get_data().segments[0]
    figure, (raster, rate, trace) = plt.subplots(
        3, 1, sharex=True, figsize=(8, 6), height_ratios=(3, 1, 1.5), layout="constrained"
    )
    raster.eventplot([np.asarray(train) for train in segment.spiketrains], lw=0.8, color="tab:red")
    raster.set(ylabel="cell", title="AdEx cells, depressing synapses", xlim=(0, duration))
    bins = np.arange(0.0, duration + 5.0, 5.0)
    times = np.concatenate([np.asarray(train) for train in segment.spiketrains])
    rate.stairs(np.histogram(times, bins)[0] / exc.size / 0.005, bins, color="tab:red")
    rate.set(ylabel="rate (Hz)")
    v = segment.filter(name="v")[0]
    trace.plot(v.times.rescale("ms"), v.magnitude[:, 0], lw=0.8, color="black")
    trace.set(ylabel="v (mV)", xlabel="time (ms)")
    figure.savefig(filename, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("simulator", nargs="?", default="fastsim", help="fastsim, nest, neuron, ...")
    parser.add_argument("--cells", type=int, default=200, help="number of neurons")
    parser.add_argument("--time", type=float, default=500.0, help="ms to simulate")
    parser.add_argument("--plot", default=None, help="file for the picture")
    args = parser.parse_args()

    sim = importlib.import_module(f"pyNN.{args.simulator}")
    sim.setup(timestep=STEP, min_delay=STEP, spike_precision="on_grid")
    exc, inh = build(sim, args.cells, args.time)
    for population in (exc, inh):
        population.record("spikes")
    exc[0:2].record(["v", "w"])
    sim.run(args.time)
    for population in (exc, inh):
        rate = population.mean_spike_count() / args.time * 1000.0
        print(f"{population.label}: {rate:.1f} spikes/s")
    if args.plot:
        plot(args.plot, exc, args.time)
    sim.end()


if __name__ == "__main__":
    main()
