"""
A recurrent network learns to compare two stimuli across a delay (delayed nonmatch to sample), from nothing
but a reward at the end of each trial (Miconi 2017, eLife 6:e20899).

One of two inputs is on for 200 ms, and again one of them 200 ms later. From 800 to 1000 ms a unit of the
network has to be at -1 if they were the same, at 1 if not. Units are perturbed at random; each synapse adds
up the third power of the rate of its source times how far its target was from its running mean, and changes
by that times the reward that was not expected. Learning is slow: with the seed 4, the mean error of 200
trials falls from 0.97 to 0.52 in 2,500 (two minutes), and all four responses have the right sign, one of them
only just; with 3, it falls from 0.91 to 0.54; with 2, it is still 0.96 after 1,000.

Usage: python miconi.py [--trials N] [--seed S] [--plot FILE]
"""

import argparse

import numpy as np

import pyNN_fastsim as sim

UNITS, OUTPUT, SPARSENESS, GAIN = 200, 100, 0.1, 1.5
PART = 200.0  # ms: stimulus, delay, stimulus, delay, response
UNREWARDED = 25  # trials at first, in which it is found out what reward to expect
FORGETTING = 0.33  # how much of what is expected comes from the last trial of a kind

Input = sim.Neuron(parameters={"light": 0.0}, equations="r = light", name="Input")
Unit = sim.Neuron(
    parameters={
        "tau": sim.Parameter(30.0, "global"),
        "alpha": sim.Parameter(0.05, "global"),  # of the running mean
        "f": sim.Parameter(3.0, "global"),  # Hz, of perturbations
        "A": sim.Parameter(16.0, "global"),  # their size
        "constant": 0.0,
    },
    equations="""
        noise = if Uniform(0, 1) < f / 1000: A * Uniform(-1, 1) else: 0.0
        x += dt * (sum(in) + sum(exc) - x + noise) / tau
        rprev = r
        r = if constant == 0: tanh(x) else: tanh(constant)
        delta_x = x - x_mean
        x_mean = alpha * x_mean + (1 - alpha) * x
    """,
    name="MiconiUnit",
)
RewardModulated = sim.Synapse(
    parameters={
        "eta": sim.Parameter(0.5, "global"),
        "most": sim.Parameter(0.001, "global"),  # that a weight changes in a trial
        "is_over": sim.Parameter(0.0, "global"),
        "reward": sim.Parameter(0.0, "global"),
        "expected": sim.Parameter(0.0, "global"),
    },
    equations="""
        trace += if is_over < 0.5: power(pre.rprev * post.delta_x, 3) else: 0.0
        w += if is_over > 0.5: clip(eta * trace * abs(expected) * (reward - expected), -most, most) else: 0.0
    """,
    name="RewardModulated",
)


class Network:
    """Two inputs, and units of which three are biases, with their connections."""

    def __init__(self, seed):
        rng = self.rng = np.random.default_rng(seed)
        sim.setup(timestep=1.0, rng_seed=seed)
        self.inputs = sim.Population(2, Input())
        self.units = sim.Population(UNITS, Unit(constant=[1.0, 1.0, -1.0] + [0.0] * (UNITS - 3)))
        into = sim.StaticSynapse(weight=rng.uniform(-1.0, 1.0, (2, UNITS)))
        sim.Projection(self.inputs, self.units, sim.AllToAllConnector(), into, receptor_type="in")
        weights = rng.normal(0.0, GAIN / np.sqrt(SPARSENESS * UNITS), (UNITS, UNITS))
        connected = (rng.random((UNITS, UNITS)) < SPARSENESS) & ~np.eye(UNITS, dtype=bool)
        self.recurrent = sim.Projection(
            self.units, self.units, sim.ArrayConnector(connected), RewardModulated(w=weights)
        )
        self.output = self.units[OUTPUT : OUTPUT + 1]
        self.output.record("r")

    def trial(self, first, second):
        """What the output does: float64 [ms]."""
        x = self.rng.uniform(-0.1, 0.1, UNITS)
        r = np.tanh(x)
        r[:3] = np.tanh([1.0, 1.0, -1.0])
        self.units.initialize(x=x, r=r)
        for stimulus in first, None, second, None, None:
            self.inputs.set(light=[float(stimulus == k) for k in range(2)])
            sim.run(PART)
        return (
            self.output.get_data("r", clear=True).segments[0].analogsignals[0].magnitude[-int(5 * PART) :, 0]
        )

    def learn(self, reward, expected):
        """Change weights, and forget the trial."""
        self.recurrent.set(is_over=1.0, reward=reward, expected=expected)
        sim.run(1.0)
        self.recurrent.set(is_over=0.0)

    def forget(self):
        self.recurrent.initialize(trace=0.0)


def reward_of(output, first, second):
    """The smaller the error of the response the larger, at most 0."""
    wanted = -1.0 if first == second else 1.0
    return -float(np.mean(np.abs(output[-int(PART) :] - wanted)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--trials", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--plot", help="file for the errors and responses")
    args = parser.parse_args()
    network = Network(args.seed)
    expected, errors = {}, []
    for trial in range(args.trials):
        kind = tuple(network.rng.integers(0, 2, 2))
        reward = reward_of(network.trial(*kind), *kind)
        before = expected.get(kind, reward)
        if trial >= UNREWARDED:
            network.learn(reward, before)
        network.forget()
        expected[kind] = before + FORGETTING * (reward - before)
        errors.append(-reward)
        if len(errors) % 200 == 0:
            print(f"{len(errors)} trials: mean error {np.mean(errors[-200:]):.2f}", flush=True)
    network.units.set(A=0.0)
    responses = {kind: network.trial(*kind) for kind in ((0, 0), (0, 1), (1, 0), (1, 1))}
    for (first, second), output in responses.items():
        print(f"{'AB'[first]} {'AB'[second]}: {np.mean(output[-int(PART) :]):+.2f} without perturbations")
    if args.plot:
        plot(errors, responses, args.plot)


def plot(errors, responses, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    left.plot(np.convolve(errors, np.full(50, 0.02), mode="valid"))
    left.set(xlabel="trial", ylabel="error, mean of 50")
    for (first, second), output in responses.items():
        right.plot(output, label=f"{'AB'[first]} {'AB'[second]}")
    right.set(xlabel="time (ms)", ylabel="output")
    right.legend()
    plt.savefig(file)


if __name__ == "__main__":
    main()
