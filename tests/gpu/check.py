"""
All that needs a card, in under four minutes: is it right, and how fast is it?

    python tests/gpu/check.py                  all sections, the most important first
    python tests/gpu/check.py --only speed     one of them
    python tests/gpu/check.py --tiny           small enough for Numba's simulator (NUMBA_ENABLE_CUDASIM=1)

Each section is a process of its own, which is ended when its time is up; each row is printed when it is
known. The exit status is the number of sections that failed or found a difference.

card            which it is; the first run of all
linear          drawn networks of IF_curr_* cells: spikes and samples as on the CPU, to the last bit
models          a network of each cell type: as on the CPU, to rounding
microcircuit    full scale: real-time factor, memory, rates; the first 200 ms spike for spike as on the CPU
speed           networks like CUBA, COBA and HH of 4,000, 40,000 and 400,000 cells: a step, beside two threads
recording       what recording v of 1,000 cells costs
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2]), str(HERE.parents[2] / "examples"), str(HERE.parents[1])]
os.environ.setdefault("PYNN_FASTSIM_PROGRESS", "0")

LIMITS = {"card": 40, "linear": 60, "microcircuit": 110, "models": 60, "speed": 90, "recording": 40}  # s
TOGETHER = 235  # s


def say(*words):
    print(*words, flush=True)


def digest(populations, until):
    """A checksum of the spikes up to a time (ms), and how many there are."""
    import numpy as np

    found, n = hashlib.sha256(), 0
    for population in populations:
        ids, times = population.get_data("spikes").segments[-1].spiketrains.multiplexed
        steps = np.rint(np.asarray(times) / 0.1).astype(np.int64)
        cells = np.asarray(ids) - population.first_id
        pairs = np.stack([steps, cells])[:, steps <= round(until / 0.1)]
        pairs = pairs[:, np.lexsort(pairs[::-1])]
        found.update(np.ascontiguousarray(pairs).tobytes())
        n += pairs.shape[1]
    return found.hexdigest()[:12], n


def used_memory():
    """GB of the card's memory that are in use."""
    from numba import cuda

    from pyNN_fastsim.engine.cuda.compile import SIMULATED

    if SIMULATED:
        return 0.0
    free, total = cuda.current_context().get_memory_info()
    return (total - free) / 1e9


def timed_run(sim, duration):
    began = time.perf_counter()
    sim.run(duration)
    return time.perf_counter() - began


# --- sections ---------------------------------------------------------------------------------------------


def card(tiny):
    import pyNN_fastsim as sim

    sim.show_versions()
    began = time.perf_counter()
    sim.setup(timestep=0.1, device="gpu")
    cells = sim.Population(100, sim.IF_curr_exp(i_offset=1.0))
    cells.record("spikes")
    sim.run(10.0 if tiny else 100.0)
    seconds = time.perf_counter() - began
    say(f"first run: {seconds:.2f} s, {cells.mean_spike_count():g} spikes of a cell")
    return 0


def compare(examples, **drawn):
    from hypothesis import HealthCheck, Phase, given, settings
    from in_simulator import SYNAPSES, assert_equal, drawn_networks, drawn_results

    counts = {"networks": 0, "spikes": 0}

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(drawn_networks.networks(**{"synapses": SYNAPSES, **drawn}))
    def check(spec):
        found, expected = drawn_results(spec, "gpu"), drawn_results(spec, "cpu")
        assert_equal(found, expected, exactly=False)
        counts["networks"] += 1
        counts["spikes"] += sum(len(t["spikes"]) for trials in expected for t in trials)

    try:
        check()
        return 0
    finally:
        say(f"{counts['networks']} networks with {counts['spikes']} spikes were equal")


def linear(tiny):
    from naive.cells import CELLS

    return compare(3 if tiny else 40, kinds=[k for k, c in CELLS.items() if c.linear and "Point" not in k])


def models(tiny):
    from naive.cells import CELLS

    kinds = [k for k, c in CELLS.items() if not c.linear and "Point" not in k]
    return sum(compare(1 if tiny else 3, kinds=[kind]) for kind in (kinds[:1] if tiny else kinds))


def microcircuit(tiny):
    import numpy as np
    from microcircuit import POPULATIONS, RATES, build

    import pyNN_fastsim as sim

    scale, warm, duration = (0.003, 2.0, 3.0) if tiny else (1.0, 100.0, 2000.0)
    compared = 5.0 if tiny else 200.0

    def begin(**arguments):
        began = time.perf_counter()
        sim.setup(timestep=0.1, threads=os.cpu_count(), **arguments)
        network = build(sim, scale)
        for population in network.populations:
            population.record("spikes")
        say(f"{arguments}: built in {time.perf_counter() - began:.1f} s, {network.n_synapses} synapses")
        return network.populations

    populations = begin(device="gpu")
    say(f"first {warm:g} ms, with compiling and sending: {timed_run(sim, warm):.2f} s")
    pieces = [timed_run(sim, duration / 4) / (duration / 4 * 1e-3) for _ in range(4)]
    say(f"real-time factor {np.median(pieces):.4f} ({min(pieces):.4f} to {max(pieces):.4f})")
    say(f"memory of the card in use: {used_memory():.2f} GB")
    found = digest(populations, compared)
    for name, population, published in zip(POPULATIONS, populations, RATES, strict=True):
        rate = 1e3 * population.mean_spike_count() / (warm + duration)
        say(f"  {name:5} {rate:7.3f} Hz (published {published:.3f})")
    populations = begin(device="cpu", exact_sums=True)
    say(f"CPU, {os.cpu_count()} threads: {timed_run(sim, compared) / (compared * 1e-3):.2f} times real time")
    expected = digest(populations, compared)
    say(f"first {compared:g} ms: {found[1]} spikes, {'as' if found == expected else 'NOT as'} on the CPU")
    return found != expected


def like_vogels_abbott(sim, model, n_cells):
    """The network of examples/vogels_abbott.py with 80 synapses to each cell, whatever its size."""
    from vogels_abbott import STIMULUS, STIMULUS_WEIGHT, cell_type, weights

    rng = sim.NativeRNG(seed=1)
    cells = cell_type(sim, model)
    n_exc = int(0.8 * n_cells)
    populations = sim.Population(n_exc, cells), sim.Population(n_cells - n_exc, cells)
    low, high = (-70.0, -60.0) if model == "hh" else (-60.0, -50.0)
    for population in populations:
        initial = sim.RandomDistribution("uniform", (low, high), rng=sim.NumpyRNG(seed=2))
        population.initialize(v=initial)
    for pre, weight, receptor in zip(populations, weights(model), ("excitatory", "inhibitory"), strict=True):
        for post in populations:
            n = 80 * post.size * pre.size // n_cells
            connector = sim.FixedTotalNumberConnector(n, rng=rng)
            synapse = sim.StaticSynapse(weight=weight, delay=0.1)
            sim.Projection(pre, post, connector, synapse, receptor_type=receptor)
    if model != "cuba":
        stimulus = sim.Population(20, sim.SpikeSourcePoisson(**STIMULUS))
        for post in populations:
            connector = sim.FixedTotalNumberConnector(post.size // 3, rng=rng)
            sim.Projection(stimulus, post, connector, sim.StaticSynapse(weight=STIMULUS_WEIGHT, delay=0.1))
    return populations


def speed(tiny):
    import pyNN_fastsim as sim

    say(f"{'network':8} {'cells':>7} {'us a step, card':>16} {'two threads':>12} {'spikes':>9}")
    different = 0
    for n_cells in (20,) if tiny else (4_000, 40_000, 400_000):
        for model in ("cuba", "coba", "hh"):
            duration = 2.0 if tiny else 100.0
            took, found = {}, {}
            for device in ("gpu", "cpu"):
                sim.setup(timestep=0.1, threads=2, device=device, exact_sums=True)
                populations = like_vogels_abbott(sim, model, n_cells)
                for population in populations:
                    population.record("spikes")
                sim.run(duration)
                took[device] = timed_run(sim, duration) / (duration / 0.1) * 1e6
                found[device] = digest(populations, 2 * duration)
            same = "" if found["gpu"] == found["cpu"] else "  differs from the CPU's"
            different += bool(same) and model == "cuba"
            say(f"{model:8} {n_cells:7} {took['gpu']:16.2f} {took['cpu']:12.2f} {found['gpu'][1]:9}{same}")
    return different


def recording(tiny):
    import pyNN_fastsim as sim

    n_cells, duration = (20, 2.0) if tiny else (40_000, 200.0)
    took = {}
    for recorded in (0, min(1000, n_cells // 2)):
        sim.setup(timestep=0.1, device="gpu")
        exc, _ = like_vogels_abbott(sim, "cuba", n_cells)
        if recorded:
            exc[:recorded].record("v")
        sim.run(duration)
        took[recorded] = timed_run(sim, duration) / (duration / 0.1) * 1e6
    none, some = took.values()
    say(f"a step: {none:.2f} us, with v of {max(took)} cells recorded {some:.2f} us, {some / none - 1:+.0%}")
    return 0


# --- all of them ------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description="All that needs a card.")
    parser.add_argument("--only", choices=LIMITS)
    parser.add_argument("--tiny", action="store_true", help="for Numba's simulator")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # in this process
    options = parser.parse_args()
    if options.here:
        sys.exit(int(globals()[options.only](options.tiny)))
    failed, began = [], time.perf_counter()
    for section in [options.only] if options.only else LIMITS:
        left = TOGETHER - (time.perf_counter() - began)
        if left < 10:
            say(f"--- {section}: no time left")
            failed.append(section)
            continue
        say(f"--- {section}")
        command = [sys.executable, "-W", "ignore", str(HERE), "--only", section, "--here"]
        try:
            status = subprocess.run(
                command + ["--tiny"] * options.tiny, timeout=min(LIMITS[section], left)
            ).returncode
        except subprocess.TimeoutExpired:
            status = "its time was up"
        say(f"--- {section}: {'fine' if status == 0 else f'FAILED ({status})'}, "
            f"{time.perf_counter() - began:.0f} s since the beginning")  # fmt: skip
        failed += [section] if status else []
    sys.exit(len(failed))


if __name__ == "__main__":
    main()
