"""
Units learn single bars from pictures of several (Földiák 1990, Biol. Cybern. 64:165-170): Oja's rule from
the picture, anti-Hebbian inhibition between the units. Each unit ends up with a bar of its own as its
receptive field.

Usage: python bar_learning.py [--seeds S ...] [--pictures N] [--plot FILE]
"""

import argparse

import numpy as np

import pyNN_fastsim as sim

SIZE, UNITS = 8, 32  # pixels of an edge, and learning units
SHOWN = 50.0  # ms
FAST, SLOW = 2000.0, 10000.0  # ms, time constants of learning

Pixel = sim.Neuron(parameters={"light": 0.0}, equations="r = light", name="Pixel")
Unit = sim.Neuron(
    parameters={"tau": 10.0},
    equations="tau * dr/dt + r = sum(exc) - sum(inh) : min = 0, explicit",
    name="Unit",
)
Oja = sim.Synapse(
    parameters={"tau": FAST, "alpha": 8.0},
    equations="tau * dw/dt = pre.r * post.r - alpha * post.r^2 * w : min = 0",
    name="OjaOfPixels",
)
AntiHebb = sim.Synapse(
    parameters={"tau": FAST, "alpha": 0.3},
    equations="tau * dw/dt = pre.r * post.r - alpha * post.r * w : min = 0",
    name="AntiHebb",
)


def picture(rng):
    """Bars, each there with probability 1/8: one number for each pixel."""
    pixels = np.zeros((SIZE, SIZE))
    pixels[rng.random(SIZE) < 1 / SIZE] = 1.0
    pixels[:, rng.random(SIZE) < 1 / SIZE] = 1.0
    return pixels.ravel()


def learn(seed, pictures):
    """Receptive fields after so many pictures: [units, edge, edge]."""
    rng = np.random.default_rng(seed)
    sim.setup(timestep=1.0, rng_seed=seed)
    pixels, units = sim.Population(SIZE * SIZE, Pixel()), sim.Population(UNITS, Unit())
    forward = sim.Projection(
        pixels, units, sim.AllToAllConnector(), Oja(w=rng.uniform(0.0, 0.5, (SIZE * SIZE, UNITS)))
    )
    lateral = rng.uniform(0.0, 1.0, (UNITS, UNITS))
    inhibition = sim.Projection(
        units,
        units,
        sim.AllToAllConnector(allow_self_connections=False),
        AntiHebb(w=lateral),
        receptor_type="inhibitory",
    )
    for k in range(pictures):
        if k == pictures // 2:  # what single pictures leave behind is averaged out
            for connections in forward, inhibition:
                connections.set(tau=SLOW)
        pixels.set(light=picture(rng))
        sim.run(SHOWN)
    return forward.get("weight", "array").T.reshape(UNITS, SIZE, SIZE)


def bar_of(field):
    """The bar that a receptive field is, a number below 2 SIZE; None if it is none or several.

    It is one if the weights of its pixels are all larger than half the largest, and no others are.
    """
    strong = field > 0.5 * field.max()
    for bar in range(2 * SIZE):
        pixels = np.zeros((SIZE, SIZE), dtype=bool)
        pixels[(bar, slice(None)) if bar < SIZE else (slice(None), bar - SIZE)] = True
        if np.array_equal(strong, pixels):
            return bar
    return None


def plot(fields, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(4, UNITS // 4, figsize=(8, 4))
    for axis, field in zip(axes.ravel(), fields, strict=True):
        axis.imshow(field, vmin=0.0, cmap="gray_r")
        axis.set_axis_off()
    plt.savefig(file)


def main():
    parser = argparse.ArgumentParser(description="Units learn single bars.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--plot", help="file for the receptive fields")
    args = parser.parse_args()
    for seed in args.seeds:
        fields = learn(seed, args.pictures)
        single = [bar for bar in map(bar_of, fields) if bar is not None]
        print(f"seed {seed}: {len(single)} of {UNITS} units have learned one bar each, ", end="")
        print(f"{len(set(single))} of {2 * SIZE} bars are known", flush=True)
    if args.plot:
        plot(fields, args.plot)


if __name__ == "__main__":
    main()
