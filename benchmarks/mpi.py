"""
What several processes cost: exchanges, building and memory, with 1, 2 and 4 processes of this machine.

Prints a table for each of: an exchange alone; CUBA with 4,000 cells; a random network of ten times as many,
drawn by a NativeRNG; graded units; and what a spike costs that finds no synapses. Needs mpi4py and mpirun.
Every process wants a core of its own: what is measured with more processes than cores is how the system
shares them.

Usage: python benchmarks/mpi.py [--processes 1 2 4] [--repeat 9]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).parents[1] / "examples"
DT = 0.1  # ms
CASES = {
    "exchange": "an exchange alone, delay 0.1 ms",
    "cuba 0.1": "CUBA, 4,000 cells, delay 0.1 ms",
    "cuba 0.2": "CUBA, 4,000 cells, delay 0.2 ms",
    "cuba 1.5": "CUBA, 4,000 cells, delay 1.5 ms",
    "random": "40,000 cells, 1,000 synapses each with weights and delays of their own",
    "graded 8 0.0": "what 8 graded units transmit, in each step",
    "graded 8 1.5": "the same, delay 1.5 ms: every 16 steps",
    "graded 4000 0.0": "4,000 graded units, all-to-all, in each step",
}
CELLS, ROW = 40_000, 1000
SOURCES, PROJECTIONS, MS = 200_000, 8, 100.0  # for spikes that find no synapses


def memory():
    """Bytes in memory at most so far, and now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith("Vm")}
    return 1024 * kilobytes["VmHWM"], 1024 * kilobytes["VmRSS"]


def build_exchange(sim):
    """As little as there can be to do beside exchanges."""
    cells = sim.Population(4, sim.IF_curr_exp())
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.001, delay=DT))


def build_cuba(sim, delay):
    sys.path.insert(0, str(EXAMPLES))
    import vogels_abbott

    network = vogels_abbott.build(sim, "cuba", 4000, delay)
    network.exc.record("spikes")


def build_graded(sim, n, delay):
    """Units with a matrix of weights."""
    units = sim.Population(int(n), sim.LeakyIntegrator(B=0.1))
    weight = sim.RandomDistribution("uniform", (0.0, 0.5 / n), rng=sim.NumpyRNG(seed=1))
    synapse = sim.StaticSynapse(weight=weight, delay=delay)
    sim.Projection(units, units, sim.AllToAllConnector(), synapse)


def build_random(sim):
    rng = sim.NativeRNG(seed=1)
    cells = sim.Population(
        CELLS, sim.IF_curr_exp(v_rest=-49.0, v_thresh=-50.0, v_reset=-60.0, tau_refrac=5.0)
    )
    cells.initialize(v=sim.RandomDistribution("uniform", (-60.0, -50.0), rng=sim.NumpyRNG(seed=2)))
    weight = sim.RandomDistribution("normal", (-0.02, 0.002), rng=rng)
    delay = sim.RandomDistribution("uniform", (0.5, 3.0), rng=rng)
    connector = sim.FixedNumberPreConnector(ROW, with_replacement=True, rng=rng)
    synapse = sim.StaticSynapse(weight=weight, delay=delay)
    sim.Projection(cells, cells, connector, synapse, receptor_type="inhibitory")
    cells.record("spikes")


def measure(case, repeat):
    """Run one case in this process, which is one of several; what process 0 has measured, as JSON."""
    import pyNN_fastsim as sim

    sim.setup(timestep=DT)
    _, before = memory()
    began = time.perf_counter()
    name, *arguments = case.split()
    globals()[f"build_{name}"](sim, *map(float, arguments))
    built = time.perf_counter() - began
    stretch = 100.0 if name == "random" or arguments[:1] == ["4000"] else 500.0
    sim.run(stretch)  # until what is needed has been compiled and read
    exchange = sim.simulator.state.network.exchange
    numbers = (exchange.n_exchanges, exchange.n_bytes) if exchange else (0, 0)
    steps, exchanging = [], []
    for _ in range(repeat):
        waited = exchange.seconds if exchange else 0.0
        began = time.perf_counter()
        sim.run(stretch)
        steps.append(1e6 * (time.perf_counter() - began) / (stretch / DT))
        exchanging.append(1e6 * ((exchange.seconds if exchange else 0.0) - waited) / (stretch / DT))
    found = {
        "built": built,
        "least": min(steps),
        "step": float(np.median(steps)),
        "exchanging": float(np.median(exchanging)),
        "per exchange": (exchange.n_bytes - numbers[1]) / (exchange.n_exchanges - numbers[0])
        if exchange
        else 0,
        "memory": memory()[0] - before,
    }
    if sim.rank() == 0:
        print("RESULT", json.dumps(found), flush=True)


def in_processes(n, case, repeat):
    """What `measure` finds in so many processes."""
    program = [sys.executable, "-W", "ignore", __file__, "--case", case, "--repeat", str(repeat)]
    if n > 1:
        mpirun = shutil.which("mpirun", path=os.path.dirname(sys.executable)) or "mpirun"
        more = ["--oversubscribe"] if n > (os.cpu_count() or 1) else []  # which lets waiting processes yield
        program = [mpirun, "-n", str(n), "--allow-run-as-root", *more, *program]
    output = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    return json.loads(output.partition("RESULT ")[2].splitlines()[0])


def lost_spikes(repeat):
    """ns that a spike costs in delivery for each projection from its population in which it has no synapses.

    The least of several runs.
    """
    import pyNN_fastsim as sim
    from pyNN_fastsim.engine import profile as words

    sim.setup(timestep=DT, profile=True, progress=False)
    sources = sim.Population(SOURCES, sim.SpikeSourcePoisson(rate=20.0))
    cells = sim.Population(2, sim.IF_curr_exp())
    connector = sim.FromListConnector([(0, 0, 0.001, 1.0)])
    for _ in range(PROJECTIONS):
        sim.Projection(sources, cells, connector, sim.StaticSynapse())
    profile = sim.simulator.state.network.profile
    found = []
    for _ in range(repeat):
        profile.clear()
        sim.simulator.state.run(MS)
        found.append(profile.part(words.DELIVERY) / (PROJECTIONS * profile.events(0, words.SPIKES)))
    return 1e9 * min(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--repeat", type=int, default=9, help="stretches of each run")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        measure(arguments.case, arguments.repeat)
        return
    print(f"{'processes':>9} {'us a step: least, median':>25} {'of exchange':>12} {'bytes each':>11} "
          f"{'built, s':>9} {'MB a process':>13}")  # fmt: skip
    for case, title in CASES.items():
        print(title)
        for n in arguments.processes:
            r = in_processes(n, case, arguments.repeat)
            print(f"{n:>9} {r['least']:>16.2f} {r['step']:>8.2f} {r['exchanging']:>12.2f} "
                  f"{r['per exchange']:>11.0f} {r['built']:>9.2f} {r['memory'] / 1e6:>13.0f}")  # fmt: skip
    print(f"a spike that finds no synapses: {lost_spikes(arguments.repeat):.1f} ns for each projection")


if __name__ == "__main__":
    main()
