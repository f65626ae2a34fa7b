"""
STDP that a reward decides about, from strings: a cell learns to answer one pattern, and not another.

Pairs of spikes leave a mark at a synapse, which fades in half a second; the weight changes only while there
is a reward, which comes later (Izhikevich 2007, Solving the distal reward problem through linkage of STDP and
dopamine signaling, Cereb. Cortex 17:2443-2452). Pattern A is rewarded, pattern B punished.

Usage: python reward_stdp.py [--trials N] [--plot FILE]
"""

import argparse

import numpy as np

import pyNN_fastsim as sim

RewardSTDP = sim.Synapse(
    name="RewardSTDP",
    parameters={
        "tau": 20.0,
        "tau_mark": 500.0,
        "A_plus": 0.0004,
        "A_minus": 0.0002,
        "reward": sim.Parameter(0.0, locality="global"),
        "w_max": 0.02,
    },
    equations="""
        tau * dx/dt = -x : event-driven
        tau * dy/dt = -y : event-driven
        tau_mark * dmark/dt = -mark : event-driven
        dw/dt = 0.001 * reward * mark : min=0.0, max=w_max, event-driven
    """,
    pre_spike="""
        g_target += w
        x += 1.0
        mark -= A_minus * y
    """,
    post_spike="""
        y += 1.0
        mark += A_plus * x
    """,
)
INPUTS = 50  # for each pattern
PATTERN, WAIT, REWARD, PAUSE = 100.0, 50.0, 200.0, 650.0  # ms


def learn(trials):
    """The weights of each pattern's synapses, and the spikes that answered it, trial by trial."""
    sim.setup(timestep=0.1)
    rng = sim.NumpyRNG(seed=3)
    patterns = [sim.Population(INPUTS, sim.SpikeSourcePoisson(rate=0.0)) for _ in range(2)]
    cell = sim.Population(1, sim.IF_cond_exp(tau_refrac=5.0))
    cell.record("spikes")
    weight = sim.RandomDistribution("uniform", (0.004, 0.008), rng=rng)
    projections = [
        sim.Projection(
            pattern,
            cell,
            sim.AllToAllConnector(),
            RewardSTDP(w=weight, delay=1.0),
            receptor_type="excitatory",
        )
        for pattern in patterns
    ]
    weights, answers, before = [], [], 0
    for trial in range(trials):
        shown = trial % 2
        patterns[shown].set(rate=20.0)
        sim.run(PATTERN)
        patterns[shown].set(rate=0.0)
        sim.run(WAIT)
        count = cell.mean_spike_count()
        answers.append(count - before)
        before = count
        for value, time in ((1.0 if shown == 0 else -1.0, REWARD), (0.0, PAUSE)):
            for projection in projections:
                projection.set(reward=value)
            sim.run(time)
        weights.append([np.mean(p.get("weight", "list", with_address=False)) for p in projections])
    return np.array(weights), np.array(answers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--trials", type=int, default=80)
    parser.add_argument("--plot", help="file for the picture")
    args = parser.parse_args()
    weights, answers = learn(args.trials)
    for name, k in (("A, rewarded", 0), ("B, punished", 1)):
        some = answers[k::2]
        n = max(len(some) // 4, 1)
        print(
            f"pattern {name}: {some[:n].mean():.1f} spikes at first, {some[-n:].mean():.1f} at last; "
            f"mean weight {1000 * weights[-1, k]:.2f} nS"
        )
    if args.plot:
        plot(weights, answers, args.plot)


def plot(weights, answers, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    for k, name in enumerate(("A, rewarded", "B, punished")):
        left.plot(1000 * weights[:, k], label=f"pattern {name}")
        right.plot(np.arange(k, len(answers), 2), answers[k::2], "o", ms=3, label=name)
    left.set(xlabel="trial", ylabel="mean weight (nS)")
    right.set(xlabel="trial", ylabel="spikes in answer")
    left.legend(frameon=False)
    figure.savefig(file, dpi=120)
    print(f"plotted to {file}")


if __name__ == "__main__":
    main()
