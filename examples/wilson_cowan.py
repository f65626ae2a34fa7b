"""
Oscillations of an excitatory and an inhibitory population (Wilson & Cowan 1972, Biophys. J. 12:1-24, figure
11).

    tau dE/dt = -E + (1 - E) S(16 E - 12 I + P; 1.3, 4),   tau dI/dt = -I + (1 - I) S(15 E - 3 I; 2, 3.7)

S(x; a, theta) = 1 / (1 + exp(-a (x - theta))) - 1 / (1 + exp(a theta)). Without input P there is rest, with
P = 1.25 a limit cycle.

Usage: python wilson_cowan.py [--plot FILE]
"""

import argparse

import numpy as np

import pyNN_fastsim as sim

WilsonCowan = sim.Neuron(
    name="WilsonCowan",
    parameters={"tau": 8.0, "a": 1.3, "theta": 4.0, "P": 0.0},
    functions="S(x, a, theta) = 1 / (1 + exp(-a * (x - theta))) - 1 / (1 + exp(a * theta))",
    equations="tau * dr/dt = -r + (1 - r) * S(sum(exc) - sum(inh) + P, a, theta) : rk4",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--plot", help="file for the picture")
    args = parser.parse_args()
    sim.setup(timestep=0.1)
    excitatory = sim.Population(1, WilsonCowan(a=1.3, theta=4.0), label="E")
    inhibitory = sim.Population(1, WilsonCowan(a=2.0, theta=3.7), label="I")
    for pre, post, weight in (
        (excitatory, excitatory, 16.0), (inhibitory, excitatory, 12.0),
        (excitatory, inhibitory, 15.0), (inhibitory, inhibitory, 3.0),
    ):  # fmt: skip
        receptor = "excitatory" if pre is excitatory else "inhibitory"
        synapse = sim.StaticSynapse(weight=weight)
        sim.Projection(pre, post, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    for cells in excitatory, inhibitory:
        cells.initialize(r=0.1)
        cells.record("r")
    sim.run(200.0)
    excitatory.set(P=1.25)
    sim.run(800.0)
    e, i = (
        cells.get_data().segments[0].analogsignals[0].magnitude[:, 0] for cells in (excitatory, inhibitory)
    )
    ups = np.flatnonzero((e[3001:] > 0.25) & (e[3000:-1] <= 0.25)) * 0.1
    print(
        f"E rests at {e[1999]:.3f}; with input it goes from {e[5000:].min():.2f} to {e[5000:].max():.2f}, ",
        end="",
    )
    print(f"{1000.0 / np.diff(ups).mean():.1f} times a second")
    if args.plot:
        plot(e, i, args.plot)


def plot(e, i, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(6, 3))
    t = 0.1 * np.arange(len(e))
    plt.plot(t, e, label="E")
    plt.plot(t, i, label="I")
    plt.xlabel("time (ms)")
    plt.legend()
    plt.tight_layout()
    plt.savefig(file)


if __name__ == "__main__":
    main()
