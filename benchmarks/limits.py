"""
What the engine's loops need, beside the same loops in C: updates of cells, and delivery of spikes.

Both run in one process on one thread, in turn, and the least of all repetitions counts. limits.c is compiled
by gcc when this starts. Updates are compared before they are timed: both must come to the same state.

Usage: python benchmarks/limits.py [update] [delivery] [bandwidth] [--repetitions 25] [--quick]
"""

import argparse
import ctypes
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from pyNN_fastsim.engine.network import Network
from pyNN_fastsim.engine.neurons.hh import HH_COND_EXP
from pyNN_fastsim.engine.neurons.iaf_cond import IAF_COND_EXP
from pyNN_fastsim.engine.neurons.iaf_psc import IAF_PSC_DELTA, IAF_PSC_EXP
from pyNN_fastsim.engine.sources.spike_array import SPIKE_ARRAY
from pyNN_fastsim.engine.synapses.arrival import ArrivalGroup, sort_by_delay
from pyNN_fastsim.engine.synapses.groups import SynapseGroup

FLAGS = "-O3 -march=native -ffast-math -fopenmp-simd -fno-thread-jumps -funroll-loops -shared -fPIC".split()
SOURCE = Path(__file__).with_suffix(".c")

DT = 0.1  # ms
MOST_STATE = 10  # as in limits.c
CHUNK = 128  # as in limits.c
CHECKED_STEPS = 500  # at least as many as are timed where steps are adaptive
WARM_UP = 64  # steps, as many as the longest delay has
HEADER = "| what | engine, ns | C, ns | ratio | bytes | engine, GB/s |\n| --- | --- | --- | --- | --- | --- |"

INTEGRATE_AND_FIRE = {  # 26 Hz
    "v_rest": -65.0,
    "cm": 1.0,
    "tau_m": 20.0,
    "tau_refrac": 2.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 10.0,
    "e_rev_E": 0.0,
    "e_rev_I": -70.0,
    "v_thresh": -50.0,
    "v_reset": -65.0,
    "i_offset": 0.9,
}
HODGKIN_HUXLEY = {  # at rest
    "gbar_Na": 20.0,
    "gbar_K": 6.0,
    "g_leak": 0.01,
    "cm": 0.2,
    "v_offset": -63.0,
    "e_rev_Na": 50.0,
    "e_rev_K": -90.0,
    "e_rev_leak": -65.0,
    "e_rev_E": 0.0,
    "e_rev_I": -80.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 10.0,
    "i_offset": 0.0,
}

_ADDRESS, _INT = ctypes.c_void_p, ctypes.c_int64


class CellsInC(ctypes.Structure):
    """`cells_t` of limits.c."""

    _fields_ = [
        ("n", _INT),
        ("c", _ADDRESS),
        ("s", _ADDRESS * MOST_STATE),
        *((name, _ADDRESS) for name in ("ring", "injected", "spikes")),
    ]


class NetworkInC(ctypes.Structure):
    """`network_t` of limits.c."""

    _fields_ = [
        ("n", _INT),
        *((name, _ADDRESS) for name in ("v", "refractory", "ring")),
        *((name, _INT) for name in ("mask", "width", "per_step")),
        *((name, _ADDRESS) for name in ("spikes", "first", "targets", "weights", "delays", "segments")),
        *((name, _INT) for name in ("shortest", "n_delays")),
    ]


def compiled(folder):
    """limits.c as a library."""
    path = Path(folder) / "limits.so"
    subprocess.run(["gcc", *FLAGS, str(SOURCE), "-o", str(path), "-lmvec", "-lm"], check=True)
    return ctypes.CDLL(str(path))


def seconds_of(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def least(functions, repetitions):
    """The least seconds of each of some functions that are called in turn; a pair is (prepare, timed)."""
    best = [np.inf] * len(functions)
    for _ in range(repetitions):
        for k, (prepare, timed) in enumerate(functions):
            prepare()
            best[k] = min(best[k], seconds_of(timed))
    return best


def print_row(what, engine, c, n_bytes):
    """A row of the table; engine and c in ns."""
    speed = n_bytes / engine
    print(
        f"| {what} | {engine:.2f} | {c:.2f} | {engine / c:.2f} | {n_bytes} | {speed:.1f} |",
        flush=True,
    )


# --- updates --------------------------------------------------------------------------------------


def make_cells(model, parameters, n):
    """A network of one block in a varied state, in which no cell needs its step in parts."""
    network = Network(DT)
    block = network.add_block(model, n, parameters)
    rng = np.random.default_rng(1)
    at_rest = model is HH_COND_EXP
    block.initialize("v", rng.uniform(-66.0, -64.0, n) if at_rest else rng.uniform(-65.0, -50.0, n))
    network.run(1000 if at_rest else 1)
    for name in list(block.state)[1:3]:  # what the synapses do, uS or nA
        block.state[name][:] = rng.uniform(0.0, 1e-4, n)
    return network, block


def restore(state, saved):
    for array, values in zip(state, saved, strict=True):
        array[:] = values


def cells_in_c(block):
    """The same cells for C; returns the structure, the state, and what else must be kept."""
    state = [array.copy() for array in block.state.values()]
    constants = np.array(block.constants)
    room = np.zeros(4 * block.n), np.zeros(CHUNK), np.zeros(block.n, dtype=np.int32)
    addresses = (_ADDRESS * MOST_STATE)(*(array.ctypes.data for array in state))
    cells = CellsInC(block.n, constants.ctypes.data, addresses, *(array.ctypes.data for array in room))
    return cells, state, (constants, room)


def check_update(name, network, block, advance, state, saved):
    """Both must come to the same state, and cells with adaptive steps never need parts of a step."""
    n = min(block.n, 4000)
    sampler = network.add_sampler(block, "_part", np.arange(n), 1) if "_part" in block.state else None
    network.run(CHECKED_STEPS)
    advance(CHECKED_STEPS)
    for key, ours, theirs in zip(block.state, block.state.values(), state, strict=True):
        if not np.allclose(ours, theirs, rtol=1e-7, atol=1e-12):
            raise AssertionError(f"{name}: {key} differs by {np.abs(ours - theirs).max()}")
    if sampler is not None:
        if np.any(sampler.samples.view() != 1.0) or np.any(block.state["_part"] != 1.0):
            raise AssertionError(f"{name}: some cells take parts of a step")
        network.samplers.clear()
        network.changed()
    restore(block.state.values(), saved)
    restore(state, saved)


def measure_update(library, what, model, parameters, functions, n, steps, repetitions):
    network, block = make_cells(model, parameters, n)
    saved = [array.copy() for array in block.state.values()]
    cells, state, _kept = cells_in_c(block)
    pointer = ctypes.byref(cells)
    runs = [(lambda: restore(block.state.values(), saved), lambda: network.run(steps))]
    for name in functions:
        function = library[name]
        function.argtypes = [_ADDRESS, _INT, _INT]
        check_update(name, network, block, lambda n, f=function: f(pointer, 1, n), state, saved)
        runs.append((lambda: restore(state, saved), lambda f=function: f(pointer, 1, steps)))
    engine, *others = (1e9 * s / (n * steps) for s in least(runs, repetitions))
    n_bytes = 16 * len(state) + 16 * len(model.receptors)  # read and written
    for name, c in zip(functions, others, strict=True):
        print_row(f"{what} ({name}), {n:,} cells", engine, c, n_bytes)


def measure_updates(library, repetitions, quick):
    cases = [
        ("IF_curr_exp", IAF_PSC_EXP, INTEGRATE_AND_FIRE, ["curr_exp"], 20_000_000),
        ("IF_cond_exp", IAF_COND_EXP, INTEGRATE_AND_FIRE, ["cond_exp", "cond_exp_mvec"], 4_000_000),
        ("HH_cond_exp", HH_COND_EXP, HODGKIN_HUXLEY, ["hh"], 1_000_000),
    ]
    for what, model, parameters, functions, cell_steps in cases:
        for n in (4000, 77_169):
            steps = max(cell_steps // (10 if quick else 1) // n, 4)
            measure_update(library, what, model, parameters, functions, n, steps, repetitions)


# --- delivery -------------------------------------------------------------------------------------


def draw_synapses(n_sources, n_targets, row, drawn_weights, drawn_delays):
    """Rows of synapses sorted by target: (first, targets, weights, delays)."""
    rng = np.random.default_rng(2)
    n = n_sources * row
    targets = rng.integers(0, n_targets, (n_sources, row), dtype=np.uint32)
    targets.sort(axis=1)
    weights = rng.normal(0.0, 1e-6, n if drawn_weights else 1)
    delays = np.array([15], dtype=np.uint16)
    if drawn_delays:  # like those of the microcircuit
        delays = np.clip(np.rint(rng.normal(15.0, 7.5, n)), 1, 45).astype(np.uint16)
    return row * np.arange(n_sources + 1), targets.ravel(), weights, delays


def draw_spikes(n_sources, per_step, steps):
    """The cells that spike in each step, ascending: int32 [steps, per_step]."""
    rng = np.random.default_rng(3)
    cells = [rng.choice(n_sources, per_step, replace=False) for _ in range(steps)]
    return np.sort(np.array(cells, dtype=np.int32), axis=1)


def spike_times(spikes, n_sources):
    """The same as times of each cell, ms."""
    step, _ = np.indices(spikes.shape)
    order = np.argsort(spikes.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(spikes.ravel(), minlength=n_sources))
    return np.split(DT * step.ravel()[order], ends[:-1])


def make_network(spikes, shape, group_of=None):
    """A network whose target never spikes. A silent source has the longest delay: all have one ring buffer.

    group_of   function(index of the source, of the target) -> group, or None
    """
    n_sources, n_targets, _ = shape
    network = Network(DT)
    target = network.add_block(IAF_PSC_DELTA, n_targets, INTEGRATE_AND_FIRE | {"v_thresh": 1e9})
    source = network.add_block(SPIKE_ARRAY, n_sources, {"spike_times": spike_times(spikes, n_sources)})
    silent = network.add_block(SPIKE_ARRAY, 1, {"spike_times": [[]]})
    longest = np.array([WARM_UP - 1], dtype=np.uint16)
    nothing = np.zeros(2, dtype=np.int64), np.zeros(0, dtype=np.uint32), np.zeros(1), longest
    network.add_group(SynapseGroup(silent.index, target.index, 0, *nothing))
    if group_of is not None:
        network.add_group(group_of(source.index, target.index))
    return network


def network_in_c(synapses, spikes, shape):
    """The same network for C; returns the structure, and its ring buffer and cells, which must be kept."""
    n_targets = shape[1]
    ring, (v, refractory) = np.zeros((WARM_UP, 2 * n_targets)), np.zeros((2, n_targets))
    net = NetworkInC(n=n_targets, mask=WARM_UP - 1, width=2 * n_targets, per_step=spikes.shape[1])
    net.v, net.refractory = v.ctypes.data, refractory.ctypes.data
    net.ring, net.spikes = ring.ctypes.data, spikes.ctypes.data
    for name, array in zip(("first", "targets", "weights", "delays"), synapses, strict=True):
        setattr(net, name, array.ctypes.data)
    return net, ring, (v, refractory)


def plain(synapses, spikes, shape):
    """A network of the engine with a SynapseGroup, and the same for C."""
    network = make_network(spikes, shape, lambda source, target: SynapseGroup(source, target, 0, *synapses))
    return network, network_in_c(synapses, spikes, shape)


def arriving(synapses, spikes, shape):
    """A network of the engine with an ArrivalGroup, and the same for C, with the same arrays."""
    first, targets, weights, delays = synapses
    sort_by_delay(first, delays, [targets], 1)  # drawn weights need not follow
    network = make_network(
        spikes, shape, lambda *ends: ArrivalGroup(*ends, 0, first, targets, weights, delays)
    )
    network.run(0)
    merged = network.arrivals.merged[0]
    in_c = network_in_c((first, merged.places, merged.weights, delays), spikes, shape)
    in_c[0].segments = merged.segments.ctypes.data
    in_c[0].shortest, in_c[0].n_delays = merged.shortest, merged.n_delays
    return network, in_c


def run_engine(network, steps):
    """(prepare, timed) of a network of the engine."""

    def prepare():
        network.reset()
        network.run(WARM_UP)

    return prepare, lambda: network.run(steps)


def run_c(function, net, steps):
    """(prepare, timed) of a network in C."""
    function.argtypes = [_ADDRESS, _INT, _INT]
    pointer = ctypes.byref(net)
    return lambda: function(pointer, 0, WARM_UP + 1), lambda: function(pointer, WARM_UP + 1, steps)


def check_delivery(network, function, net, ring):
    """What is in the ring buffers after some steps must be the same."""
    network.run(WARM_UP)
    run_c(function, net, 0)[0]()
    expected = network.ring
    if not np.any(ring) or not np.allclose(expected, ring, rtol=1e-9, atol=1e-18):
        raise AssertionError(f"ring buffers differ by {np.abs(expected - ring).max()}")


# What; whether weights and delays are drawn; how networks are made; function of limits.c; bytes of a synapse.
CASES = [
    ("one delay, drawn weights", (True, False), plain, "run_one_delay_drawn_weights", 12),
    ("one delay, one weight", (False, False), plain, "run_one_delay_one_weight", 4),
    ("drawn delays, SynapseGroup", (True, True), plain, "run_drawn_delays", 14),
    ("drawn delays, ArrivalGroup", (True, True), arriving, "run_on_arrival", 12),
]


def measure_delivery(library, case, shape, spikes, repetitions):
    what, drawn, make, name, n_bytes = case
    network, (net, ring, _state) = make(draw_synapses(*shape, *drawn), spikes, shape)
    check_delivery(network, library[name], net, ring)
    steps = len(spikes) - WARM_UP - 1
    runs = [
        run_engine(network, steps),
        run_c(library[name], net, steps),
        run_engine(make_network(spikes, shape), steps),
        run_c(library.run_nothing, net, steps),
    ]
    engine, c, engine_idle, c_idle = least(runs, repetitions)
    events = steps * spikes.shape[1] * shape[2]
    what = f"{what}, {shape[0]:,} rows of {shape[2]:,}"
    print_row(what, 1e9 * (engine - engine_idle) / events, 1e9 * (c - c_idle) / events, n_bytes)


def measure_deliveries(library, repetitions, quick):
    few = 10 if quick else 1
    shapes = [  # sources, targets, synapses of a source; spikes of a step, steps
        ((4000, 4000, 80), 100, 2000 // few),
        ((20_000 // few, 20_000, 2000), 40, 250 // few),
    ]
    for shape, per_step, steps in shapes:
        spikes = draw_spikes(shape[0], per_step, steps + WARM_UP + 1)
        for case in CASES:
            measure_delivery(library, case, shape, spikes, repetitions)


# --- memory ---------------------------------------------------------------------------------------


def bandwidth(library, n_bytes, times, repetitions):
    """Bytes per second that one thread reads, and that it reads and writes when it copies."""
    n = n_bytes // 8
    a, b = np.ones(n), np.ones(n)
    library.read_memory.argtypes = [_ADDRESS, _INT, _INT]
    library.copy_memory.argtypes = [_ADDRESS, _ADDRESS, _INT, _INT]
    runs = [
        (lambda: None, lambda: library.read_memory(a.ctypes.data, n, times)),
        (lambda: None, lambda: library.copy_memory(a.ctypes.data, b.ctypes.data, n, times)),
    ]
    read, copied = least(runs, repetitions)
    return n_bytes * times / read, 2 * n_bytes * times / copied


def measure_bandwidth(library, repetitions, quick):
    """From the caches of all levels to main memory."""
    print("\n| array, MB | read, GB/s | copied (read and written), GB/s |\n| --- | --- | --- |")
    for megabytes, times in ((0.1, 2000), (4, 50), (128 if quick else 512, 1)):
        read, copied = bandwidth(library, int(megabytes * 1e6), times, repetitions)
        print(f"| {megabytes} | {1e-9 * read:.1f} | {1e-9 * copied:.1f} |")


def main():
    parts = {"update": measure_updates, "delivery": measure_deliveries, "bandwidth": measure_bandwidth}
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(parts)}; all of them if none is given")
    parser.add_argument("--repetitions", type=int, default=25)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, to see whether it runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = compiled(folder)
    print(f"load before: {os.getloadavg()}")
    for part in options.parts or parts:
        if part != "bandwidth":
            print(f"\n{HEADER}")
        parts[part](library, options.repetitions, options.quick)
    print(f"\nload after: {os.getloadavg()}")


if __name__ == "__main__":
    main()
