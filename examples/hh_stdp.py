"""
Hodgkin-Huxley neurons whose input synapses learn by spike timing.

Each cell gets a hundred inputs, of which half fire together now and then, the other half by themselves. With
additive STDP (Song, Miller & Abbott 2000) the synapses of those that fire together grow. The input spikes
are drawn with NumPy, so that all simulators get the same ones: a script to compare them with,
`fastsim compare hh_stdp.py fastsim --backends fastsim nest neuron`.

Usage: python hh_stdp.py [simulator] [--cells N] [--time MS] [--step MS] [--plot FILE]
"""

import argparse
import importlib

import matplotlib
import numpy as np
from pyNN.random import NumpyRNG

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

GRID = 0.1  # ms, of the input spikes; time steps should divide it
N_INPUTS, RATE = 100, 10.0  # Hz
EVENT_INTERVAL, JITTER, SHARE = 60.0, 3.0, 0.6  # ms, ms, of the inputs that take part in an event
W_MAX = 0.002  # uS
INHIBITION = 0.02  # uS
DELAY = 1.0  # ms
LEARNING = {"tau_plus": 20.0, "tau_minus": 20.0, "A_plus": 0.02, "A_minus": 0.021}


def input_trains(duration):
    """Trains on the grid, ms: the first half of the inputs spikes around common events."""
    rng = NumpyRNG(seed=1).rng
    events = np.arange(30.0, duration - 20.0, EVENT_INTERVAL)
    trains = []
    for k in range(N_INPUTS):
        if k < N_INPUTS // 2:
            times = rng.normal(events, JITTER)[rng.random_sample(len(events)) < SHARE]
        else:
            times = rng.uniform(1.0, duration, rng.poisson(RATE * duration / 1000.0))
        # Some simulators work on a synapse when its source spikes: the last spike brings all up to date.
        times = np.append(times[times < duration - 15.0], duration - DELAY - GRID)
        trains.append(np.unique(np.rint(times / GRID)) * GRID)
    return trains


def build(sim, n_cells, duration, dendritic_delay_fraction):
    """(excitatory population, its plastic projection)."""
    n_exc = int(0.8 * n_cells)
    exc = sim.Population(n_exc, sim.HH_cond_exp(tau_syn_E=3.0), label="excitatory")
    inh = sim.Population(n_cells - n_exc, sim.HH_cond_exp(tau_syn_E=3.0), label="inhibitory")
    inputs = sim.Population(N_INPUTS, sim.SpikeSourceArray(spike_times=input_trains(duration)), label="input")
    for population in (exc, inh):
        population.initialize(v=-65.0)
    stdp = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(**LEARNING),
        weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX),
        weight=W_MAX / 2,
        delay=DELAY,
        dendritic_delay_fraction=dendritic_delay_fraction,
    )
    plastic = _connect(sim, inputs, exc, 0.8, stdp, "excitatory", 11)
    _connect(sim, inputs, inh, 0.5, sim.StaticSynapse(weight=W_MAX / 2, delay=DELAY), "excitatory", 12)
    _connect(sim, inh, exc, 0.5, sim.StaticSynapse(weight=INHIBITION, delay=DELAY), "inhibitory", 13)
    return exc, plastic


def _connect(sim, pre, post, p, synapse, receptor_type, seed):
    connector = sim.FixedProbabilityConnector(p, rng=NumpyRNG(seed=seed))
    label = f"{pre.label} to {post.label}"
    return sim.Projection(pre, post, connector, synapse, receptor_type=receptor_type, label=label)


def plot(filename, exc, source, weight, duration):
    """Save a raster of the cells, a trace, and the weights at the end by input."""
    segment = exc.get_data().segments[0]
    figure, (raster, trace, weights) = plt.subplots(3, 1, figsize=(8, 7), layout="constrained")
    raster.eventplot([np.asarray(train) for train in segment.spiketrains], lw=0.8, color="tab:red")
    raster.set(ylabel="cell", title="Hodgkin-Huxley cells", xlim=(0, duration))
    v = segment.filter(name="v")[0]
    trace.plot(v.times.rescale("ms"), v.magnitude[:, 0], lw=0.8, color="black")
    trace.set(ylabel="v (mV)", xlabel="time (ms)", xlim=(0, duration))
    weights.plot(source, weight * 1000.0, ".", ms=3)
    weights.axhline(W_MAX * 500.0, lw=0.8, color="grey")
    weights.set(xlabel="input (0 to 49 fire together)", ylabel="weight at the end (nS)")
    figure.savefig(filename, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("simulator", nargs="?", default="fastsim", help="fastsim, nest, neuron, ...")
    parser.add_argument("--cells", type=int, default=25, help="number of neurons")
    parser.add_argument("--time", type=float, default=1000.0, help="ms to simulate")
    parser.add_argument("--step", type=float, default=0.1, help="time step, ms")
    parser.add_argument("--plot", default=None, help="file for the picture")
    args = parser.parse_args()

    sim = importlib.import_module(f"pyNN.{args.simulator}")
    sim.setup(timestep=args.step, min_delay=args.step, spike_precision="on_grid")
    # NEST knows delays in the dendrite only, pyNN.brian2 those in the axon only
    exc, plastic = build(sim, args.cells, args.time, 0.0 if args.simulator == "brian2" else 1.0)
    exc.record("spikes")
    exc[0:2].record("v")
    sim.run(args.time)

    print(f"{exc.mean_spike_count() / args.time * 1000.0:.1f} spikes/s")
    table = np.array(plastic.get(["weight"], format="list"), dtype=float)
    source, weight = table[:, 0], table[:, 2]
    for name, chosen in (("together", source < N_INPUTS // 2), ("alone", source >= N_INPUTS // 2)):
        print(f"inputs that fire {name}: weights of {weight[chosen].mean() * 1000.0:.2f} nS at the end")
    if args.plot:
        plot(args.plot, exc, source, weight, args.time)
    sim.end()


if __name__ == "__main__":
    main()
