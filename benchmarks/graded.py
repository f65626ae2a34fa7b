"""
The limits of graded transmission: a dense matrix that no cache holds beside the memory's bandwidth, and
sparse rows beside the same loop in C.

    python benchmarks/graded.py [--rounds N]

Needs a C compiler, `cc`. Printed are nanoseconds for a connection, and gigabytes a second, of processor time
of one thread: the least of all rounds, here and in C in turn. For a matrix C only reads it.
"""

import argparse
import ctypes
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from pyNN_fastsim.engine.compiling.addresses import address_of
from pyNN_fastsim.engine.network import Network
from pyNN_fastsim.engine.neurons.rate import LEAKY_INTEGRATOR
from pyNN_fastsim.engine.synapses.graded import GradedGroup
from pyNN_fastsim.engine.synapses.graded_models import StaticModel

C = """
#include <stdint.h>
double read_all(const double *w, int64_t n) {
    double s[32] = {0};
    for (int64_t j = 0; j < n; j += 32)
        for (int k = 0; k < 32; k++) s[k] += w[j + k];
    double total = 0;
    for (int k = 0; k < 32; k++) total += s[k];
    return total;
}
void sparse(const double *w, const uint32_t *source, const int64_t *first, const double *r, double *out,
            int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        double total = 0;
        for (int64_t j = first[i]; j < first[i + 1]; j++) total += w[j] * r[source[j]];
        out[i] = total;
    }
}
"""


def compiled(folder):
    source, library = Path(folder) / "loops.c", Path(folder) / "loops.so"
    source.write_text(C)
    options = ["-O3", "-march=native", "-shared", "-fPIC"]
    subprocess.run(["cc", *options, str(source), "-o", str(library)], check=True)
    loops = ctypes.CDLL(str(library))
    loops.read_all.restype = ctypes.c_double
    return loops


def group(n, connections):
    """A network of `n` units with so many random connections each, and the group of these."""
    rng = np.random.default_rng(1)
    network = Network(dt=1.0)
    network.add_block(LEAKY_INTEGRATOR, n, {"tau": 10.0, "B": 0.0, "T": 0.0})
    rows = (
        np.arange(n) if connections == n else np.sort(rng.choice(n, connections, replace=False))
        for _ in range(n)
    )
    made = GradedGroup(
        source=0,
        target=0,
        receptor=0,
        first=connections * np.arange(n + 1, dtype=np.int64),
        sources=np.concatenate(list(rows)).astype(np.uint32),
        weights=rng.random(n * connections),
        delays=np.zeros(1, dtype=np.uint16),
        model=StaticModel("r"),
    )
    network.add_group(made)
    network.blocks[0].initialize("r", rng.random(n))
    network.run(1)
    return network, made


def timed(functions, rounds):
    """The least time of each of several functions, called in turn."""
    least = [np.inf] * len(functions)
    for _ in range(rounds):
        for k, function in enumerate(functions):
            start = time.process_time()
            function()
            least[k] = min(least[k], time.process_time() - start)
    return least


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        loops = compiled(folder)
        print(f"{'units':>6} {'each':>6} {'here, ns':>9} {'GB/s':>6} {'C, ns':>9} {'GB/s':>6} {'ratio':>6}")
        for n, connections in (1000, 1000), (6000, 6000), (1000, 100), (4000, 400), (10000, 100):
            network, made = group(n, connections)
            row, scratch = made._row, network.graded._scratch
            pointers = [ctypes.c_void_p(address_of(a)) for a in (made.weights,)]
            functions = [lambda: made.kernel(address_of(row), 0, n, 1, 0, address_of(scratch))]  # noqa: B023
            if connections == n:
                functions.append(lambda: loops.read_all(*pointers, ctypes.c_int64(n * n)))  # noqa: B023
            else:
                r, out = network.blocks[0].state["r"], np.zeros(n)
                pointers += [ctypes.c_void_p(address_of(a)) for a in (made.sources, made.first, r, out)]
                functions.append(lambda: loops.sparse(*pointers, ctypes.c_int64(n)))  # noqa: B023
            here, there = timed(functions, given.rounds)
            size = (8 if connections == n else 12) * len(made)
            numbers = [f"{x / len(made) * 1e9:9.3f} {size / x / 1e9:6.1f}" for x in (here, there)]
            print(f"{n:6} {connections:6} {numbers[0]} {numbers[1]} {here / there:6.2f}", flush=True)


if __name__ == "__main__":
    main()
