"""
The same scripts on this backend and on a peer, in turn, in the same session: seconds and their ratios.

Each measurement is a process of its own with one thread; this backend runs once before, so that its
compiled code is there, and the best of several repetitions counts for both.

Usage: python benchmarks/compare.py [--peer pyNN.nest] [--repeat 3] [case ...]
A case may be a cell type, or `cells` for all of them: 4,000 cells for 10,000 steps, so that a second of
`run` is 25 ns for each cell and step.
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from cases import CASES, CELLS

OURS = "pyNN_fastsim"


def measure(backend, case):
    """The measurements of one process: seconds by name, MB, and `wall`, all of the process."""
    script = Path(__file__).with_name("cases.py")
    started = time.perf_counter()
    result = subprocess.run(
        [sys.executable, script, backend, case], capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - started
    if result.returncode:
        raise SystemExit(f"{backend}, {case}:\n{result.stderr}")
    return {**json.loads(result.stdout.splitlines()[-1]), "wall": wall}


def best(backend, case, repeat):
    runs = [measure(backend, case) for _ in range(repeat)]
    return {name: min(run[name] for run in runs) for name in runs[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument(
        "cases", nargs="*", default=[name for name in CASES if name not in ("ei_clustered", *CELLS)]
    )
    parser.add_argument("--peer", default="pyNN.nest")
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()

    packages = ("PyNN", "numpy", "numba", "nest-simulator")
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, "
          + ", ".join(f"{name} {version(name)}" for name in packages))  # fmt: skip
    for case in [name for given in args.cases for name in (CELLS if given == "cells" else [given])]:
        measure(OURS, case)
        ours, theirs = (best(backend, case, args.repeat) for backend in (OURS, args.peer))
        print(f"\n{case}\n{'':14}{OURS:>14}{args.peer:>14}{'ratio':>10}")
        for name in ours:
            unit = {"peak memory": "MB", "spikes": ""}.get(name, "s")
            ratio = theirs[name] / ours[name] if ours[name] else float("nan")
            print(f"{name:14}{ours[name]:12.4g} {unit:2}{theirs[name]:12.4g} {unit:2}{ratio:9.3g}")


if __name__ == "__main__":
    main()
