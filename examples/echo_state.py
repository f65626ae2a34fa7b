"""
An echo-state network that has learned to go on with the chaos of Mackey and Glass by itself (Jaeger & Haas
2004, Science 304:78-80).

The teacher is a unit of the network, whose connection to itself is the equation's delayed term:

    dx/dt = 0.2 x(t - 17) / (1 + x(t - 17)**10) - 0.1 x

Units of the reservoir are leaky and random. Weights of the readout are found by ridge regression; then the
teacher is disconnected, and the readout takes its place.

Usage: python echo_state.py [--units N] [--plot FILE]
"""

import argparse

import numpy as np

import pyNN_fastsim as sim

RESET, TRAINED, FREE = 200.0, 3000.0, 500.0  # ms: forgotten, learned from, predicted

Teacher = sim.Neuron(name="Teacher", equations="dr/dt = sum(exc) - 0.1 * r : init = 1.2")
MackeyGlass = sim.Synapse(psp="w * pre.r / (1 + pre.r^10)", name="MackeyGlass")
Reservoir = sim.Neuron(
    name="Reservoir",
    parameters={"leak": 0.7, "bias": 0.0},
    equations="r = (1 - leak) * r + leak * tanh(sum(exc) + sum(teacher) + bias)",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--units", type=int, default=400)
    parser.add_argument("--plot", help="file for the picture")
    args = parser.parse_args()
    rng = np.random.default_rng(3)
    sim.setup(timestep=1.0)
    teacher = sim.Population(1, Teacher())
    everyone = sim.AllToAllConnector()
    sim.Projection(teacher, teacher, everyone, MackeyGlass(w=0.2, delay=17.0))
    units = sim.Population(args.units, Reservoir(bias=rng.uniform(-0.5, 0.5, args.units)))
    w = rng.normal(size=(args.units, args.units)) * (rng.random((args.units, args.units)) < 0.1)
    w *= 0.9 / np.max(np.abs(np.linalg.eigvals(w)))
    recurrent = sim.ArrayConnector(w != 0.0)
    sim.Projection(units, units, recurrent, sim.StaticSynapse(weight=w), receptor_type="excitatory")
    into = rng.uniform(-0.5, 0.5, (1, args.units))
    listen = sim.Projection(teacher, units, everyone, sim.StaticSynapse(weight=into), receptor_type="teacher")
    for cells in teacher, units:
        cells.record("r")
    sim.run(RESET + TRAINED)
    x = teacher.get_data().segments[0].analogsignals[0].magnitude[:, 0]
    r = units.get_data(clear=True).segments[0].analogsignals[0].magnitude
    start = int(RESET)
    states = np.column_stack([r[start:-1], np.ones(len(r) - start - 1)])
    wanted = x[start:-1]  # what units are told in the next step is what they have to say themselves
    normal = states[1:].T @ states[1:] + 1e-8 * np.eye(states.shape[1])
    weights = np.linalg.solve(normal, states[1:].T @ wanted[1:])
    print(f"error of the readout while it is taught: {np.std(states @ weights - wanted):.2e}")

    # What the readout says is a sum over the reservoir: its weights are a part of those of the feedback.
    feedback = weights[:-1, None] @ into
    listen.set(weight=0.0)
    sim.Projection(units, units, everyone, sim.StaticSynapse(weight=feedback), receptor_type="teacher")
    units.set(bias=units.get("bias") + weights[-1] * into[0])
    begin = sim.get_current_time()
    sim.run(FREE)
    r = units.get_data().segments[0].analogsignals[0].magnitude
    x = teacher.get_data().segments[0].analogsignals[0].magnitude[int(begin) :, 0]
    y = r @ weights[:-1] + weights[-1]
    error = np.abs(y - x[: len(y)])
    good = int(np.argmax(error > 0.1)) if np.any(error > 0.1) else len(error)
    print(f"without a teacher: the first {good} ms are right to 0.1, which is {good / 17:.0f} delays")
    if args.plot:
        plot(x, y, args.plot)


def plot(x, y, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(6, 3))
    plt.plot(x, label="Mackey-Glass")
    plt.plot(y, label="network")
    plt.xlabel("time (ms)")
    plt.legend()
    plt.tight_layout()
    plt.savefig(file)


if __name__ == "__main__":
    main()
