"""
Rate networks here and in ANNarchy: time of a step, and whether they do the same.

    python benchmarks/rates.py --annarchy PYTHON [--cases 1000 4000 4000-full 10000] [--rounds N]
    [--milliseconds T]

PYTHON is the interpreter of an environment that has ANNarchy 5. The networks are recurrent: 1,000 units
with 10 % of all connections, 4,000 with 10 % and with all, 10,000 with 1 %; leaky integrators by Euler's
method with a time step of 1 ms, r = pos(v); each once with weights that stay, and once with Oja's rule.
Each simulator runs in a process of its own, in turn, on one thread. Printed are microseconds of processor
time for a step (the least of all rounds), the ratio, and the largest difference of r and of weights after
the first 20 steps, relative to the largest value.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

CASES = {"1000": (1000, 0.1), "4000": (4000, 0.1), "4000-full": (4000, 1.0), "10000": (10000, 0.01)}
NEURON = {
    "parameters": {"tau": 10.0, "B": 0.1},
    "equations": """
        tau * dv/dt + v = sum(exc) + B : explicit
        r = pos(v)
    """,
}
FIRST = 20  # steps after which results are compared


def network(case):
    """Connected pairs (pre, post), by (post, pre), and weights: or a matrix [post, pre] where all are."""
    n, density = CASES[case]
    rng = np.random.default_rng(1)
    if density == 1.0:
        return None, None, rng.uniform(0.0, 1.6 / n, (n, n))
    counts = rng.binomial(n, density, n)
    pre = np.concatenate([np.sort(rng.choice(n, count, replace=False)) for count in counts])
    post = np.repeat(np.arange(n), counts)
    return pre, post, rng.uniform(0.0, 1.6 / (n * density), len(pre))


def oja(case):
    """A rule under which the sum of a unit's weights stays near 0.8."""
    n, density = CASES[case]
    return {
        "parameters": {"eta": 0.0001, "alpha": n * density / 0.8},
        "equations": "dw/dt = eta * (pre.r * post.r - alpha * post.r^2 * w) : min=0.0, explicit",
    }


def begin(case):
    """v at the beginning."""
    return np.random.default_rng(2).uniform(0.0, 1.0, CASES[case][0])


def timed(run, duration, rounds):
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run(duration)
        times.append(time.process_time() - start)
    return min(times) / duration * 1e6


def fastsim(case, learning, duration, rounds):
    import pyNN_fastsim as sim

    sim.setup(timestep=1.0, threads=1)
    pre, post, weights = network(case)
    units = sim.Population(CASES[case][0], sim.Neuron(**NEURON, name="Unit")())
    units.initialize(v=begin(case))
    synapse = sim.Synapse(**oja(case), name="Oja") if learning else sim.StaticSynapse
    if pre is None:
        connector, values = sim.AllToAllConnector(), np.ascontiguousarray(weights.T)
        connections = sim.Projection(units, units, connector, synapse(weight=values))
    else:
        connector = sim.FromListConnector(np.stack([pre, post, weights], axis=1), column_names=["weight"])
        connections = sim.Projection(units, units, connector, synapse())
    units.record("r")
    sim.run(FIRST)
    r = units.get_data(clear=True).segments[0].analogsignals[0].magnitude[-1]
    w = np.array(connections.get("weight", "list", with_address=True))
    w = w[np.lexsort((w[:, 0], w[:, 1])), 2]
    for each in (units,):
        each.record(None)
    yield r, w
    yield timed(sim.run, duration, rounds)


def annarchy(case, learning, duration, rounds):
    import ANNarchy as ann

    net = ann.Network(dt=1.0, seed=1)
    pre, post, weights = network(case)
    n = CASES[case][0]
    units = net.create(n, ann.Neuron(**NEURON))
    units.v = begin(case)
    projection = net.connect(units, units, "exc", ann.Synapse(**oja(case)) if learning else None)
    if pre is None:
        projection.all_to_all(weights=0.0, allow_self_connections=True, storage_format="dense")
    else:
        from scipy.sparse import csr_matrix

        matrix = csr_matrix((weights, (pre, post)), shape=(n, n))
        projection.from_sparse(matrix, storage_format="csr")
    net.compile()
    if pre is None:
        projection.w = weights.tolist()
    net.simulate(float(FIRST))
    w = projection.w
    r = np.array(units.r)
    yield r, np.concatenate([np.asarray(row, dtype=float) for row in w])
    yield timed(lambda t: net.simulate(float(t)), duration, rounds)


SIMULATORS = {"fastsim": fastsim, "annarchy": annarchy}


def measure(name, case, learning, duration, rounds, file):
    """Run in this process; prints what came out."""
    steps = SIMULATORS[name](case, learning, duration, rounds)
    r, w = next(steps)
    np.savez(file, r=r, w=w)
    print(json.dumps({"step": next(steps)}))


def in_process(name, python, case, learning, arguments, folder):
    file = os.path.join(folder, f"{name}.npz")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment["VIRTUAL_ENV"] = os.path.dirname(os.path.dirname(python))
    environment["PATH"] = f"{os.path.dirname(python)}{os.pathsep}{environment['PATH']}"
    command = [python, os.path.abspath(__file__), "--here", name, "--cases", case, "--file", file, *arguments]
    command += ["--learning"] if learning else []
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{name}, {case}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])["step"], np.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--annarchy", metavar="PYTHON")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--milliseconds", type=int, default=200)
    parser.add_argument("--here", choices=SIMULATORS, help=argparse.SUPPRESS)
    parser.add_argument("--learning", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        measure(given.here, given.cases[0], given.learning, given.milliseconds, given.rounds, given.file)
        return
    arguments = ["--milliseconds", str(given.milliseconds), "--rounds", str(given.rounds)]
    print(f"{'':16} {'here, us':>10} {'ANNarchy':>10} {'ratio':>7} {'r':>9} {'weights':>9}")
    for case in given.cases:
        for learning in False, True:
            with tempfile.TemporaryDirectory() as folder:
                here, found = in_process("fastsim", sys.executable, case, learning, arguments, folder)
                line = f"{case + (' Oja' if learning else ''):16} {here:10.1f}"
                if given.annarchy:
                    python = given.annarchy
                    there, expected = in_process("annarchy", python, case, learning, arguments, folder)
                    far = [np.max(np.abs(found[k] - expected[k])) / np.max(np.abs(expected[k])) for k in "rw"]
                    line += f" {there:10.1f} {here / there:7.2f} {far[0]:9.1e} {far[1]:9.1e}"
                print(line, flush=True)


if __name__ == "__main__":
    main()
