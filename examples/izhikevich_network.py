"""
A thousand randomly coupled Izhikevich neurons, from equations in strings.

The network of Izhikevich 2003, Simple Model of Spiking Neurons, IEEE Trans. Neural Netw. 14:1569-1572: 800
excitatory and 200 inhibitory neurons, all of them different, each with noise of its own. It goes through
rhythms of 10 and 40 Hz, as a sleeping cortex does.

Usage: python izhikevich_network.py [--time MS] [--plot FILE]
"""

import argparse

import numpy as np

import pyNN_fastsim as sim

Izhikevich = sim.Neuron(
    name="IzhikevichFromStrings",
    parameters={"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0, "noise": 5.0},
    equations="""
        I = g_exc - g_inh + noise * Normal(0.0, 1.0)
        dv/dt = 0.04 * v^2 + 5.0 * v + 140.0 - u + I : init=-65.0
        du/dt = a * (b * v - u) : init=-13.0
    """,
    spike="v >= 30.0",
    reset="""
        v = c
        u += d
    """,
)


def build(seed=1):
    sim.setup(timestep=1.0)
    rng = np.random.default_rng(seed)
    r_exc, r_inh = rng.random(800), rng.random(200)
    excitatory = sim.Population(800, Izhikevich(c=-65.0 + 15.0 * r_exc**2, d=8.0 - 6.0 * r_exc**2))
    inhibitory = sim.Population(
        200, Izhikevich(a=0.02 + 0.08 * r_inh, b=0.25 - 0.05 * r_inh, d=2.0, noise=2.0)
    )
    cells = excitatory + inhibitory
    for source, receptor, largest in ((excitatory, "excitatory", 0.5), (inhibitory, "inhibitory", 1.0)):
        weight = sim.RandomDistribution("uniform", (0.0, largest), rng=sim.NumpyRNG(seed))
        sim.Projection(
            source,
            cells,
            sim.AllToAllConnector(),
            sim.StaticSynapse(weight=weight, delay=1.0),
            receptor_type=receptor,
        )
    cells.record("spikes")
    return cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--time", type=float, default=1000.0, help="ms")
    parser.add_argument("--plot", help="file for the picture")
    args = parser.parse_args()
    cells = build()
    sim.run(args.time)
    trains = cells.get_data().segments[0].spiketrains
    print(f"{Izhikevich()!r}: {cells.mean_spike_count() / args.time * 1000:.2f} Hz")
    if args.plot:
        plot(trains, args.time, args.plot)


def plot(trains, time, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (raster, rate) = plt.subplots(
        2, 1, sharex=True, figsize=(8, 5), height_ratios=[3, 1], layout="constrained"
    )
    times = [np.asarray(train.magnitude) for train in trains]
    for k, some in enumerate(times):
        raster.plot(some, np.full(len(some), k), ".", ms=1, color="C0" if k < 800 else "C3")
    raster.set_ylabel("neuron")
    counts, edges = np.histogram(np.concatenate(times), bins=np.arange(0.0, time + 1.0, 5.0))
    rate.plot(edges[:-1], counts / len(trains) / 5e-3)
    rate.set_xlabel("time (ms)")
    rate.set_ylabel("rate (Hz)")
    figure.savefig(file, dpi=120)
    print(f"plotted to {file}")


if __name__ == "__main__":
    main()
