"""
What large recordings cost: spikes of 100,000 neurons, v of 10,000 neurons for 1 s, in Neo and in files.

Usage: python recordings.py                    # a table
       python recordings.py CASE TARGET SCALE  # one measurement, as JSON

CASE is "spikes" or "v"; TARGET "neo" (get_data), "trains" (get_data, and each spike train looked at), "disk"
(recorded with setup(record_to=...), then get_data), or the ending of a file's name. SCALE divides the number
of neurons. Each measurement runs in a process of its own, because the peak of memory is one of a process.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import pyNN_fastsim as sim

NEURONS = {"spikes": 100_000, "v": 10_000}
DURATION = 1000.0  # ms
TARGETS = {
    "spikes": ["neo", "disk", "trains", ".pkl", ".txt", ".mat", ".nix"],
    "v": ["neo", "disk", ".pkl", ".txt", ".mat", ".nix"],
}
# Files that would take many minutes are measured with fewer neurons.
SCALES = {
    ("spikes", ".mat"): 10,
    ("spikes", ".nix"): 100,
    ("v", ".txt"): 10,
    ("v", ".mat"): 10,
    ("v", ".nix"): 10,
}


def main():
    columns = "neurons", "run, s", "data, s", "run, MB", "peak, MB", "file, MB"
    print(f"{'case':8}{'target':8}" + "".join(f"{name:>9}" for name in columns))
    for case, targets in TARGETS.items():
        for target in targets:
            scale = SCALES.get((case, target), 1)
            command = [sys.executable, __file__, case, target, str(scale)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                print(f"{case:8}{target:8} failed: {(done.stderr.splitlines() or [done.returncode])[-1]}")
                continue
            m = json.loads(done.stdout.splitlines()[-1])
            print(
                f"{case:8}{target:8}{m['neurons']:9}{m['run']:9.2f}{m['data']:9.2f}"
                f"{m['run_memory']:9.0f}{m['peak_memory']:9.0f}{m['size']:9.0f}",
                flush=True,
            )


def measure(case, target, scale):
    """Seconds of the run and of getting or writing the data, and memory (MB) after each."""
    with tempfile.TemporaryDirectory() as folder:
        options = {"record_to": os.path.join(folder, "records")} if target == "disk" else {}
        sim.setup(timestep=0.1, **options)
        cells = sim.Population(NEURONS[case] // scale, sim.IF_curr_exp(i_offset=0.76))
        cells.initialize(v=sim.RandomDistribution("uniform", (-65.0, -50.0), rng=sim.NumpyRNG(1)))
        cells.record(case)
        sim.run(0.1)  # what is compiled or loaded is not part of it
        began = time.perf_counter()
        sim.run(DURATION)
        ran = time.perf_counter()
        run_memory = _peak()
        file = os.path.join(folder, f"data{target}")
        if target.startswith("."):
            cells.write_data(file)
        else:
            data = cells.get_data()
            if target == "trains":
                list(data.segments[0].spiketrains)
        return {
            "neurons": cells.size,
            "run": ran - began,
            "data": time.perf_counter() - ran,
            "run_memory": run_memory,
            "peak_memory": _peak(),
            "size": os.path.getsize(file) / 1e6 if target.startswith(".") else 0,
        }


def _peak():
    """The most memory that this process has used, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
