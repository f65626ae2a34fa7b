"""
FitzHugh-Nagumo neurons with noise, from equations in strings: most regular at a noise that is neither small
nor large.

    dv/dt = (v - v**3 / 3 - w) / epsilon,   dw/dt = v + a + noise * xi

without noise at rest for a > 1 (Pikovsky & Kurths 1997, Coherence resonance in a noise-driven excitable
system, Phys. Rev. Lett. 78:775-778). Time is without a unit there, here it is in ms. White noise xi is a
normal number in each step over the root of the step.

Usage: python fitzhugh_nagumo.py [--time MS] [--plot FILE]
"""

import argparse

import numpy as np

import pyNN_fastsim as sim

FitzHughNagumo = sim.Neuron(
    name="FitzHughNagumo",
    parameters={"a": 1.05, "epsilon": 0.01, "noise": 0.07},
    equations="""
        xi = Normal(0.0, 1.0) / sqrt(dt)
        epsilon * dv/dt = v - v^3 / 3 - w : init=-1.05
        dw/dt = v + a + noise * xi : init=-0.66
        was_up = up : init=0, bool
        up = (v > 0.0) if not up else (v > -0.5) : init=0, bool
    """,
    spike="up and not was_up",
)
NOISES = np.array([0.02, 0.03, 0.045, 0.07, 0.1, 0.15, 0.25, 0.4])


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--time", type=float, default=300.0, help="ms")
    parser.add_argument("--plot", help="file for the picture")
    args = parser.parse_args()
    sim.setup(timestep=0.001)
    populations = [sim.Population(20, FitzHughNagumo(noise=noise)) for noise in NOISES]
    for population in populations:
        population.record("spikes")
    shown = populations[3][:1]
    shown.record(["v", "w"], sampling_interval=0.01)
    sim.run(args.time)
    irregularity = []
    for noise, population in zip(NOISES, populations, strict=True):
        trains = population.get_data("spikes").segments[0].spiketrains
        intervals = np.concatenate([np.diff(train.magnitude) for train in trains])
        irregularity.append(intervals.std() / intervals.mean() if len(intervals) > 1 else np.nan)
        print(f"noise {noise:5.3f}: {len(intervals):5} intervals, CV {irregularity[-1]:.3f}")
    if args.plot:
        plot(shown.get_data(["v", "w"]).segments[0], irregularity, args.plot)


def plot(segment, irregularity, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    v, w = (segment.filter(name=name)[0] for name in ("v", "w"))
    figure, (trace, plane, resonance) = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    trace.plot(v.times.magnitude, v.magnitude[:, 0], lw=0.6)
    trace.set(xlim=(0, 60), xlabel="time (ms)", ylabel="v")
    x = np.linspace(-2.2, 2.2, 200)
    plane.plot(v.magnitude[:, 0], w.magnitude[:, 0], lw=0.4)
    plane.plot(x, x - x**3 / 3, "k--", lw=0.8)
    plane.axvline(-1.05, color="k", ls=":", lw=0.8)
    plane.set(xlabel="v", ylabel="w", ylim=(-1.2, 1.2))
    resonance.semilogx(NOISES, irregularity, "o-")
    resonance.set(xlabel="noise", ylabel="CV of intervals")
    figure.savefig(file, dpi=120)
    print(f"plotted to {file}")


if __name__ == "__main__":
    main()
