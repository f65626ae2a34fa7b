"""
The cortical microcircuit of Potjans & Diesmann, at any scale.

77,169 leaky integrate-and-fire neurons under 1 square millimetre of cortex, four layers with one
excitatory and one inhibitory population each, and 299 million synapses. Potjans & Diesmann (2014),
Cerebral Cortex 24:785-806. Smaller networks have fewer neurons and fewer synapses a neuron, with
stronger weights and a constant current that preserve the mean and the variance of a neuron's input:
van Albada, Helias & Diesmann (2015), PLoS Comput Biol 11:e1004490.

Connections are drawn by the simulator's own generator, PyNN's NativeRNG, or (--rng numpy) by NumPy's; in
other simulators always by NumPy's, since their own can't draw all that is needed here.

Usage: python microcircuit.py [simulator] [--scale FRACTION] [--time MS] [--threads N] [--background KIND]
                             [--device gpu]
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

POPULATIONS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
PROBABILITIES = np.array([  # of at least one synapse, [target][source]
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
])  # fmt: skip
EXTERNAL_INDEGREES = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
BACKGROUND_RATE = 8.0  # Hz, of each external synapse
RATES = np.array([0.971, 2.868, 4.746, 5.396, 8.142, 9.078, 0.991, 7.523])  # Hz, at full scale
NEURON = {
    "cm": 0.25, "tau_m": 10.0, "tau_refrac": 2.0, "tau_syn_E": 0.5, "tau_syn_I": 0.5,
    "v_rest": -65.0, "v_reset": -65.0, "v_thresh": -50.0,
}  # fmt: skip
V_INITIAL = (-58.0, 5.0)  # mV, mean and standard deviation
WEIGHT = 0.0878  # nA, mean of excitatory weights, but twice this from L4E to L23E
WEIGHT_SPREAD = 0.1  # standard deviation over mean
INHIBITION = -4.0
DELAYS = ((1.5, 0.75), (0.75, 0.375))  # ms, mean and standard deviation: excitatory, inhibitory
DT = 0.1  # ms
WARM_UP = 100.0  # ms

Network = namedtuple("Network", "populations n_synapses")


def synapse_numbers():
    """The number of synapses from each population to each at full scale, [target][source]."""
    pairs = np.outer(SIZES, SIZES).astype(float)
    return np.log(1 - PROBABILITIES) / np.log(1 - 1 / pairs)


def mean_weights():
    """Mean weights (nA), [target][source]."""
    weights = np.tile([WEIGHT, INHIBITION * WEIGHT], (len(SIZES), len(SIZES) // 2))
    weights[POPULATIONS.index("L23E"), POPULATIONS.index("L4E")] *= 2
    return weights


def compensating_currents(scale):
    """Constant currents (nA) that replace the mean input which smaller networks lack."""
    indegrees = synapse_numbers() / SIZES[:, None]
    recurrent = np.sum(mean_weights() * indegrees * RATES, axis=1)
    external = WEIGHT * EXTERNAL_INDEGREES * BACKGROUND_RATE
    return (1 - np.sqrt(scale)) * 1e-3 * NEURON["tau_syn_E"] * (recurrent + external)


def build(sim, scale=1.0, background="poisson", seed=55, native=True):
    """Build the network on a simulator that has been set up."""
    rng = NumpyRNG(seed=seed)
    connecting = sim.NativeRNG(seed=seed) if native else rng
    sizes = np.maximum(np.round(SIZES * scale), 1).astype(int)
    numbers = np.round(synapse_numbers() * scale**2).astype(int)
    weights = mean_weights() / np.sqrt(scale)
    currents = compensating_currents(scale)
    if background == "dc":
        currents += (
            1e-3 * NEURON["tau_syn_E"] * WEIGHT * EXTERNAL_INDEGREES * BACKGROUND_RATE * np.sqrt(scale)
        )

    populations = []
    for name, size, current in zip(POPULATIONS, sizes, currents, strict=True):
        population = sim.Population(int(size), sim.IF_curr_exp(**NEURON, i_offset=current), label=name)
        population.initialize(v=RandomDistribution("normal", V_INITIAL, rng=rng))
        populations.append(population)

    for i, post in enumerate(populations):
        for j, pre in enumerate(populations):
            if numbers[i, j] == 0:
                continue
            kind = j % 2
            mean, (delay, delay_sd) = weights[i, j], DELAYS[kind]
            spread = WEIGHT_SPREAD / (2 if (post.label, pre.label) == ("L23E", "L4E") else 1)
            limits = ((0.0, np.inf), (-np.inf, 0.0))[kind]
            # Numbers from one NumpyRNG would be the same for weights and delays.
            delaying = connecting if native else NumpyRNG(seed=seed + 1 + 8 * i + j)
            synapse = sim.StaticSynapse(
                weight=RandomDistribution(
                    "normal_clipped", (mean, spread * abs(mean), *limits), rng=connecting
                ),
                delay=RandomDistribution("normal_clipped", (delay, delay_sd, DT, np.inf), rng=delaying),
            )
            connector = sim.FixedTotalNumberConnector(
                int(numbers[i, j]), with_replacement=True, rng=connecting
            )
            sim.Projection(pre, post, connector, synapse, receptor_type=("excitatory", "inhibitory")[kind])

    if background == "poisson":
        for i, post in enumerate(populations):
            rate = BACKGROUND_RATE * EXTERNAL_INDEGREES[i] * scale
            noise = sim.Population(post.size, sim.SpikeSourcePoisson(rate=rate), label=f"to {post.label}")
            synapse = sim.StaticSynapse(weight=WEIGHT / np.sqrt(scale), delay=DELAYS[0][0])
            sim.Projection(noise, post, sim.OneToOneConnector(), synapse, receptor_type="excitatory")
    return Network(populations, int(numbers.sum()))


def plot(filename, trains, rates, stop):
    """Save a raster of all cells, L23E on top, and the mean rates."""
    figure, (raster, bars) = plt.subplots(
        1, 2, figsize=(10, 6), width_ratios=(3, 1), layout="constrained", sharey=False
    )
    top = sum(map(len, trains))
    for k, cells in enumerate(trains):
        lengths = [len(train) for train in cells]
        places = top - np.repeat(np.arange(len(cells)), lengths)
        raster.plot(np.concatenate(cells), places, ",", color=("black", "tab:red")[k % 2])
        top -= len(cells)
    raster.set(xlabel="time (ms)", xlim=(WARM_UP, stop), yticks=[], title="excitatory black, inhibitory red")
    bars.barh(POPULATIONS, rates, color=["black", "tab:red"] * 4, label="here")
    bars.plot(
        RATES, range(len(POPULATIONS)), "|", color="tab:blue", markersize=12, label="full scale, published"
    )
    bars.invert_yaxis()
    bars.set(xlabel="rate (Hz)")
    bars.legend()
    figure.savefig(filename, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("simulator", nargs="?", default="fastsim", help="fastsim, nest, ...")
    parser.add_argument("--scale", type=float, default=0.1, help="of neurons, and of synapses a neuron")
    parser.add_argument("--time", type=float, default=1000.0, help="ms after the warm-up")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--background", choices=("poisson", "dc"), default="poisson")
    parser.add_argument("--seed", type=int, default=55)
    parser.add_argument(
        "--rng", choices=("native", "numpy"), help="default: native, in other simulators numpy"
    )
    parser.add_argument("--device", choices=("cpu", "gpu", "auto"), help="of fastsim; default: cpu")
    parser.add_argument("--plot", default="microcircuit.png", help="file for the picture")
    args = parser.parse_args()

    sim = importlib.import_module(f"pyNN.{args.simulator}")
    own = {"device": args.device} if args.device else {}
    sim.setup(timestep=DT, min_delay=DT, threads=args.threads, spike_precision="on_grid", **own)
    started = time.perf_counter()
    native = args.rng == "native" if args.rng else args.simulator == "fastsim"
    network = build(sim, args.scale, args.background, args.seed, native)
    for population in network.populations:
        population.record("spikes")
    built = time.perf_counter()
    sim.run(WARM_UP)
    warm = time.perf_counter()
    sim.run(args.time)
    finished = time.perf_counter()
    print(f"{sum(p.size for p in network.populations)} neurons, {network.n_synapses} synapses")
    print(f"built in {built - started:.2f} s, warm-up {warm - built:.2f} s, "
          f"{args.time:g} ms run in {finished - warm:.2f} s")  # fmt: skip
    trains, rates = [], []
    for population in network.populations:
        spikes = [np.asarray(t) for t in population.get_data("spikes").segments[0].spiketrains]
        trains.append(spikes)
        rates.append(np.mean([np.sum(t > WARM_UP) for t in spikes]) / args.time * 1000)
    for name, rate, published in zip(POPULATIONS, rates, RATES, strict=True):
        print(f"{name:5s} {rate:6.3f} Hz (published, full scale: {published:.3f})")
    plot(args.plot, trains, rates, WARM_UP + args.time)
    print(f"spikes plotted to {args.plot}")
    sim.end()


if __name__ == "__main__":
    main()
