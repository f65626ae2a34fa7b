"""
Whole brain: 80 regions, coupled by a connectome that is drawn, with noise. What a scanner would see of it
(BOLD), and which regions go together (functional connectivity), beside the connectome.

Each region is the reduced model of Wong and Wang (Deco et al. 2013, J. Neurosci. 33, 11239), just below the
coupling at which regions begin to stay active: there functional connectivity is nearest to the connectome.

Usage: python whole_brain.py [--time SECONDS] [--coupling K] [--plot FILE]
"""

import argparse

import numpy as np
import quantities as pq

import pyNN_fastsim as sim


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--time", type=float, default=240.0, help="s")
    parser.add_argument("--coupling", type=float, default=0.4, help="K_gl")
    parser.add_argument("--plot", help="file for the picture")
    args = parser.parse_args()
    strengths, lengths = sim.example_connectome(80, seed=1)
    sim.setup(timestep=0.5, rng_seed=1)
    model = sim.ReducedWongWang(exc_current=0.3, sigma_ou=0.0004)
    nodes = sim.Population(80, model, initial_values={"s": 0.1}, label="regions")
    sim.Projection(nodes, nodes, sim.ConnectomeConnector(strengths, lengths, K_gl=args.coupling))
    nodes.record("s", sampling_interval=5.0)
    sim.run(1000.0 * args.time)
    activity = nodes.get_data().segments[0].analogsignals[0]
    bold = sim.balloon_RN(activity, sampling_interval=500.0)
    connectivity = sim.functional_connectivity(bold.time_slice(20.0 * pq.s, None))
    match = sim.matrix_correlation(connectivity, strengths)
    print(f"functional connectivity and connectome: r = {match:.2f}")
    if args.plot:
        plot(args.plot, activity, bold, strengths, connectivity)


def plot(name, activity, bold, strengths, connectivity):
    from matplotlib import pyplot as plt

    figure, ((left, right), (first, second)) = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
    left.plot(activity.times[-2000:].rescale("s"), activity.magnitude[-2000:, :5] + np.arange(5) * 0.1)
    left.set(title="activity of five regions", xlabel="time (s)", yticks=[])
    right.plot(bold.times.rescale("s"), 100.0 * bold.magnitude[:, :5])
    right.set(title="BOLD", xlabel="time (s)", ylabel="change (%)")
    first.imshow(np.log10(strengths + 1e-3), cmap="viridis")
    first.set(title="connectome (log)", xlabel="from", ylabel="to")
    image = second.imshow(connectivity, cmap="coolwarm", vmin=-0.5, vmax=0.5)
    second.set(title="functional connectivity", xlabel="region", ylabel="region")
    figure.colorbar(image, ax=second)
    figure.savefig(name)


if __name__ == "__main__":
    main()
