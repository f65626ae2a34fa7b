"""
Whole-brain models here and in neurolib 0.6.2: time and memory on one thread.

    python benchmarks/whole_brain.py PYTHON [--nodes 80 1000] [--seconds 60 1] [--models Hopf ...]

PYTHON is the interpreter of an environment that has neurolib. Both have the same drawn connectome,
parameters, time step (0.1 ms) and size of the noise, and diffusive coupling where neurolib has it. Here the
first variable is recorded every 10 ms; neurolib keeps all samples. Each runs in a process of its own, for a
moment first, so that everything is compiled. Times are of the processor; memory is what the run adds to the
highest that the process has had. neurolib needs 40 bytes for each node and step: 24 GB for 1,000 nodes and
a minute.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

DT, SIGMA = 0.1, 0.01  # ms; of the noise
NEUROLIB = {
    "Hopf": ("hopf", "HopfModel"),
    "FitzHughNagumo": ("fhn", "FHNModel"),
    "WilsonCowan": ("wc", "WCModel"),
    "WongWang": ("ww", "WWModel"),
}
DIFFUSIVE = ("Hopf", "FitzHughNagumo")


def here(name, strengths, lengths, seconds):
    """(processor's seconds, MiB) of a run here."""
    import pyNN_fastsim as sim

    def made():
        sim.setup(timestep=DT, threads=1)
        nodes = sim.Population(len(strengths), getattr(sim, name)(sigma_ou=SIGMA))
        synapse = sim.DiffusiveCoupling() if name in DIFFUSIVE else sim.StaticSynapse()
        sim.Projection(nodes, nodes, sim.ConnectomeConnector(strengths, lengths), synapse)
        nodes.record(nodes.celltype.model.transmits, sampling_interval=10.0)
        sim.run(5.0)

    made()
    made()
    return measured(lambda: sim.run(1000.0 * seconds))


def there(name, strengths, lengths, seconds):
    """The same in neurolib."""
    from importlib import import_module

    module, model = NEUROLIB[name]
    made = getattr(import_module(f"neurolib.models.{module}"), model)(Cmat=strengths, Dmat=lengths)
    made.params["sigma_ou"], made.params["dt"] = SIGMA, DT
    made.params["duration"] = 5.0
    made.run()
    made.params["duration"] = 1000.0 * seconds
    return measured(made.run)


def measured(run):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    run()
    took = time.process_time() - began
    return took, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def in_process(python, task, *words):
    """What a task gives in a process of its own, or None if it failed."""
    command = [python, __file__, "--task", task, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return None
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("python")
    parser.add_argument("--nodes", type=int, nargs="+", default=[80, 1000])
    parser.add_argument("--seconds", type=float, nargs="+", default=[60.0, 1.0])
    parser.add_argument("--models", nargs="+", default=list(NEUROLIB))
    options = parser.parse_args()
    import pyNN_fastsim as sim

    print("| model | nodes | seconds | here, s | neurolib, s | ratio | here, MiB | neurolib, MiB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for n, seconds in zip(options.nodes, options.seconds, strict=True):
            strengths, lengths = sim.example_connectome(n)
            path = Path(folder) / "connectome.npz"
            np.savez(path, strengths=strengths, lengths=lengths)
            for name in options.models:
                ours = in_process(sys.executable, "here", name, path, seconds)
                theirs = in_process(options.python, "there", name, path, seconds)
                if ours is None or theirs is None:
                    print(f"| {name} | {n} | {seconds:g} | {ours} | {theirs} | | | |", flush=True)
                    continue
                print(
                    f"| {name} | {n} | {seconds:g} | {ours[0]:.2f} | {theirs[0]:.2f} "
                    f"| {theirs[0] / ours[0]:.1f} | {ours[1]:.0f} | {theirs[1]:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    if "--task" in sys.argv:
        task, name, path, seconds = sys.argv[2:]
        with np.load(path) as file:
            found = {"here": here, "there": there}[task](
                name, file["strengths"], file["lengths"], float(seconds)
            )
        print(json.dumps(found))
    else:
        main()
