"""
A neural field on a ring: a short input leaves a bump of activity where it was (Amari 1977, Biol. Cybern.
27:77-87).

    tau du/dt = -u + sum over w(distance) r + input,   r = 1 / (1 + exp(-beta (u - theta)))

with weights that excite neighbours and inhibit all others.

Usage: python neural_field.py [--place DEGREES] [--plot FILE]
"""

import argparse

import numpy as np

import pyNN_fastsim as sim

N = 180  # units, one every two degrees

Field = sim.Neuron(
    name="Field",
    parameters={"tau": 10.0, "beta": 8.0, "theta": 0.5, "light": 0.0},
    equations="""
        tau * du/dt = -u + sum(exc) + light
        r = 1 / (1 + exp(-beta * (u - theta)))
    """,
)


def angles():
    return 2.0 * np.pi * np.arange(N) / N


def kernel():
    """Weights by the difference of two angles: [pre, post]."""
    difference = angles()[:, None] - angles()[None, :]
    return (4.0 * np.exp(8.0 * (np.cos(difference) - 1.0)) - 1.0) * 4.0 / N


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--place", type=float, default=120.0, help="of the input, degrees")
    parser.add_argument("--plot", help="file for the picture")
    args = parser.parse_args()
    sim.setup(timestep=0.5)
    field = sim.Population(N, Field())
    sim.Projection(field, field, sim.AllToAllConnector(), sim.StaticSynapse(weight=kernel()))
    field.record("r")
    sim.run(50.0)
    field.set(light=np.exp(20.0 * (np.cos(angles() - np.deg2rad(args.place)) - 1.0)))
    sim.run(50.0)
    field.set(light=0.0)
    sim.run(300.0)
    r = field.get_data().segments[0].analogsignals[0].magnitude
    centre = np.rad2deg(np.angle(np.sum(r[-1] * np.exp(1j * angles())))) % 360.0
    width = np.sum(r[-1] > 0.5) * 360 / N
    print(f"300 ms after the input: bump at {centre:.1f} degrees, {width:.0f} degrees wide")
    if args.plot:
        plot(r, args.plot)


def plot(r, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(6, 3))
    plt.imshow(r.T, aspect="auto", origin="lower", extent=(0, 0.5 * (len(r) - 1), 0, 360))
    plt.xlabel("time (ms)")
    plt.ylabel("angle (degrees)")
    plt.colorbar(label="r")
    plt.tight_layout()
    plt.savefig(file)


if __name__ == "__main__":
    main()
