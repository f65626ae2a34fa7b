"""
A tour of the ways to give parameters and initial values.

A parameter can be a number, random, a list or array with one value for each cell, or a function of the
cell's index or position; the same goes for initial values, and, with the two cells of a connection in
place of one, for weights and delays. All of them can be mixed in one call, and changed between runs.

Usage: python parameters.py [simulator] [--plot FILE]
"""

import argparse
import importlib

import matplotlib
import numpy as np
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.space import Grid2D

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
parser.add_argument("simulator", nargs="?", default="fastsim", help="fastsim, nest, neuron, ...")
parser.add_argument("--plot", default="parameters.png", help="file for the picture")
args = parser.parse_args()

sim = importlib.import_module(f"pyNN.{args.simulator}")
sim.setup(timestep=0.1, min_delay=0.1)
rng = NumpyRNG(seed=42)

# --- at creation: a number, random, an array, a function of the index -----------------------------

n = 25
cells = sim.Population(
    n,
    sim.IF_cond_exp(
        v_rest=-65.0,
        tau_m=RandomDistribution("normal", mu=15.0, sigma=2.0, rng=rng),
        cm=np.linspace(0.5, 1.0, n),
        v_thresh=lambda i: -55.0 + 0.1 * i,
        i_offset=0.3,
    ),
    structure=Grid2D(),
    initial_values={"v": RandomDistribution("uniform", low=-70.0, high=-60.0, rng=rng)},
    label="cells",
)
print("tau_m of three cells:", cells.get("tau_m")[:3])
print("v_thresh of three cells:", cells.get("v_thresh")[:3])

# --- set: on a population, a view, a view of a view, a single cell --------------------------------

position = cells.position_generator
cells.set(tau_refrac=2.0, e_rev_I=lambda i: -75.0 - position(i)[0])
cells[5:10].set(i_offset=0.5)
cells[5:10][::2].set(i_offset=0.6)
cells[7].tau_m = 12.0
print("i_offset of cells 4 to 10:", cells[4:11].get("i_offset"))
print("tau_m of cell 7:", cells[7].tau_m)

# --- spike times: a list for each cell; an assembly sets what all its cells have ------------------

sources = sim.Population(2, sim.SpikeSourceArray(spike_times=[[20.0, 40.0, 60.0], [30.0, 80.0, 81.0, 82.0]]))
others = sim.Population(5, sim.IF_cond_exp(), label="others")
everyone = cells + others
everyone.set(tau_syn_E=3.0)
everyone.initialize(v=-66.0)
cells.initialize(v=lambda i: -65.0 + 0.2 * i)

# --- weights and delays: random, an array over (pre, post), a function of distance ----------------

far = sim.Projection(
    sources,
    cells,
    sim.AllToAllConnector(),
    sim.StaticSynapse(
        weight=RandomDistribution("normal_clipped", mu=0.02, sigma=0.005, low=0.0, high=1.0, rng=rng),
        delay="0.5 + 0.1*d",
    ),
    receptor_type="excitatory",
)
near = sim.Projection(
    sources,
    others,
    sim.AllToAllConnector(),
    sim.StaticSynapse(weight=np.arange(1, 11).reshape(2, 5) * 0.005, delay=1.0),
    receptor_type="excitatory",
)
print("weights to the others:", near.get("weight", format="array"), sep="\n")
print("delays of three connections:", [delay for *_, delay in far.get("delay", format="list")[:3]])

# --- between runs: whatever is changed takes effect at that time ----------------------------------

everyone.record("v")
sim.run(50.0)
cells.set(i_offset=0.0)
near.set(weight=0.0)
others.initialize(v=-60.0)
sim.run(50.0)

figure, axes = plt.subplots(2, 1, sharex=True, figsize=(8, 6), layout="constrained")
for axis, population in zip(axes, (cells, others), strict=True):
    signal = population.get_data("v").segments[0].filter(name="v")[0]
    axis.plot(signal.times.rescale("ms"), signal.magnitude, lw=0.7)
    axis.axvline(50.0, color="grey", ls=":")
    axis.set(title=population.label, ylabel="v (mV)")
axes[0].set_title("cells: i_offset is set to 0 at 50 ms")
axes[1].set_title("others: v is set to -60 mV, and all weights to 0, at 50 ms")
axes[1].set_xlabel("time (ms)")
figure.savefig(args.plot, dpi=120)
print(f"membrane potentials plotted to {args.plot}")
sim.end()
