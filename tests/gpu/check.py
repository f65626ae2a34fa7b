"""
All that needs a card, in under four minutes: is it right, and how fast is it?

    python tests/gpu/check.py                  all sections, the most important first, and a table at the end
    python tests/gpu/check.py --only speed     one of them
    python tests/gpu/check.py --tiny           small enough for Numba's simulator (NUMBA_ENABLE_CUDASIM=1)
    python tests/gpu/check.py --cpu-figures    on a CPU, some minutes: what the microcircuit does there

It needs what the extras `gpu` and `test` install. Each section is a process of its own, which is ended when
its time is up; each row is printed when it is known, and goes into gpu_check.json (or --json) after each
section. The exit status is the number of sections that failed and of rows that are not fine.

card            which it is; the first run of all, with compiling
microcircuit    full scale, Poisson background: real-time factor, memory, rates; 200 ms spike for spike
again           the same in a process that finds its machine code: how long building takes
constant        the same with a constant background
graphs          the same as microcircuit without the kernel that does all steps: a second, and its spikes
linear, models  drawn networks of every cell type: as on the CPU, to the last bit or to rounding
speed           networks like CUBA, COBA and HH of 4,000, 40,000 and 400,000 cells: a step, beside two threads
recording       what recording v of 1,000 cells costs
large, largest  10^6 cells with 10^9 synapses, and with as many as there is room for
"""

import argparse
import faulthandler
import functools
import hashlib
import importlib.util
import json
import os
import sys
import time
import warnings
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [
    str(HERE.parents[2]),
    str(HERE.parents[2] / "examples"),
    str(HERE.parents[1]),
    str(HERE.parent),
]
from sections import ASIDE, Check, note, say  # noqa: E402

os.environ.setdefault("PYNN_FASTSIM_PROGRESS", "0")

LIMITS = {
    "card": 30, "microcircuit": 75, "again": 30, "constant": 40, "graphs": 30, "linear": 45, "plastic": 45,
    "models": 60, "models_2": 60, "models_3": 60, "speed": 60, "recording": 25, "large": 40, "largest": 60,
}  # s  # fmt: skip
AT_ONCE = ("linear", "plastic", "models", "models_2", "models_3")
OPTIONAL = (
    "large",
    "largest",
)  # a host without enough memory or threads to draw so many says nothing of the card
TOGETHER = 235  # s
SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")
CPU_FIGURES = HERE.parent / "cpu_figures.json"
DURATION, COMPARED = 10_000.0, 200.0  # ms


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
    return [found.hexdigest()[:12], n]


def used_memory():
    """GB of the card's memory that are in use, by whomever."""
    from pyNN_fastsim.engine.cuda import driver

    if SIMULATED:
        return 0.0
    driver.collect_all()
    free, total = driver.free_memory()
    return (total - free) / 1e9


def timed_run(sim, duration):
    began = time.perf_counter()
    sim.run(duration)
    return time.perf_counter() - began


def without_pictures():
    """The examples import Matplotlib, which nothing here needs."""
    if importlib.util.find_spec("matplotlib") is None:
        from unittest.mock import MagicMock

        sys.modules["matplotlib"] = sys.modules["matplotlib.pyplot"] = MagicMock()


_enough = [float("inf")]  # when no other network is to be drawn


# --- sections ---------------------------------------------------------------------------------------------


def card(tiny):
    import pyNN_fastsim as sim
    from pyNN_fastsim.engine.compiling import compile
    from pyNN_fastsim.engine.cuda import cards

    sim.show_versions()
    note("the card", cards.describe()[0])
    began = time.perf_counter()
    sim.setup(timestep=0.1, device="gpu")
    note("memory in use before anything, GB", used_memory())
    cells = sim.Population(100, sim.IF_curr_exp(i_offset=1.0))
    cells.record("spikes")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sim.run(10.0 if tiny else 100.0)
    note("first run of all, s", time.perf_counter() - began)
    slow = [str(warning.message) for warning in caught if "slower" in str(warning.message)]
    note("launched in the fastest way", slow[0] if slow else "yes", "yes", not slow)
    note("kernels compiled for it", len(compile.compiled))
    note("spikes of a cell", cells.mean_spike_count(), "> 0", None if tiny else cells.mean_spike_count() > 0)


def begin(background, tiny, **arguments):
    """Build the microcircuit; returns the package, its populations, and how long that took, s."""
    without_pictures()
    from microcircuit import build

    import pyNN_fastsim as sim

    began = time.perf_counter()
    sim.setup(timestep=0.1, threads=os.cpu_count(), **arguments)
    network = build(sim, 0.002 if tiny else 1.0, background)
    for population in network.populations:
        population.record("spikes")
    return sim, network.populations, time.perf_counter() - began


def rates_of(populations, before, duration):
    """Spikes a second of each population in `duration` ms, after `before` spikes of a cell."""
    return [
        1e3 * (p.mean_spike_count() - spikes) / duration
        for p, spikes in zip(populations, before, strict=True)
    ]


def microcircuit(tiny, background="poisson"):
    import numpy as np

    compared, duration = (2.0, 2.0) if tiny else (COMPARED, DURATION)
    before = 0.0
    if not SIMULATED:
        import pyNN_fastsim as sim

        sim.setup(device="gpu")
        before = used_memory()
    sim, populations, building = begin(background, tiny, device="gpu")
    note("built, s", building)
    note(f"first {compared:g} ms, with compiling, drawing and sending, s", timed_run(sim, compared))
    found = digest(populations, compared)
    counts = [population.mean_spike_count() for population in populations]
    pieces = [timed_run(sim, duration / 4) / (duration / 4 * 1e-3) for _ in range(4)]
    factor = float(np.median(pieces))
    note("real-time factor", factor, "<= 0.12", None if tiny else factor <= 0.12)
    note("  the fastest and the slowest quarter", f"{min(pieces):.4f}, {max(pieces):.4f}")
    memory = used_memory() - before
    note("memory of the network, GB", memory, "<= 4.5", None if tiny else memory <= 4.5)
    rates = rates_of(populations, counts, duration)
    say("rates:", ", ".join(f"{p.label} {rate:.3f} Hz" for p, rate in zip(populations, rates, strict=True)))
    compare_with_cpu(background, tiny, compared, found, rates)


def compare_with_cpu(background, tiny, compared, found, rates=None):
    stored = (
        json.loads(CPU_FIGURES.read_text()).get(background) if CPU_FIGURES.exists() and not tiny else None
    )
    if stored is None:
        sim, populations, _ = begin(background, tiny, device="cpu", exact_sums=True)
        note("CPU, all threads: real-time factor", timed_run(sim, compared) / (compared * 1e-3))
        stored = {"digest": digest(populations, compared)}
    same = list(found) == list(stored["digest"])
    note(f"spikes of the first {compared:g} ms, as on the CPU", found[1], str(stored["digest"][1]), same)
    if rates is not None and "rates" in stored:
        off = max(abs(rate / cpu - 1.0) for rate, cpu in zip(rates, stored["rates"], strict=True))
        note("largest difference of a population's rate", f"{off:.2%}", "<= 2 %", off <= 0.02)


def constant(tiny):
    microcircuit(tiny, "dc")


def graphs(tiny):
    os.environ["PYNN_FASTSIM_GPU_LOOP"] = "graph"
    compared, duration = (2.0, 2.0) if tiny else (COMPARED, 1000.0)
    sim, populations, _ = begin("poisson", tiny, device="gpu")
    sim.run(compared)
    found = digest(populations, compared)
    note("real-time factor", timed_run(sim, duration) / (duration * 1e-3))
    compare_with_cpu("poisson", tiny, compared, found)


def again(tiny):
    from pyNN_fastsim.engine.compiling import compile

    began = time.perf_counter()
    sim, _, building = begin("poisson", tiny, device="gpu")
    sim.run(0.1)
    seconds = time.perf_counter() - began
    note("built, drawn and begun in a fresh process, s", seconds, "<= 5", None if tiny else seconds <= 5.0)
    note("  of which building, s", building)
    n_compiled = len(compile.compiled)
    note("  functions compiled for it", n_compiled, "0", None if SIMULATED else n_compiled == 0)


def compare(examples, **drawn):
    """Compare drawn networks: so many, or as many as there is time for, since each may need own kernels."""
    from hypothesis import HealthCheck, Phase, given, settings
    from in_simulator import SYNAPSES, assert_equal, drawn_networks, drawn_results, shortened

    counts = {"networks": 0, "spikes": 0}

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(drawn_networks.networks(**{"synapses": SYNAPSES, **drawn}))
    def check(spec):
        if counts["networks"] and time.perf_counter() > _enough[0]:
            return
        spec = shortened(spec) if SIMULATED else spec
        found, expected = drawn_results(spec, "gpu"), drawn_results(spec, "cpu")
        assert_equal(found, expected, exactly=False)
        counts["networks"] += 1
        counts["spikes"] += sum(len(t["spikes"]) for trials in expected for t in trials)

    check()
    return counts


def linear(tiny):
    from naive.cells import CELLS

    kinds = [kind for kind, cell in CELLS.items() if cell.linear and "Point" not in kind]
    counts = compare(1 if tiny else 40, kinds=kinds)
    note("drawn networks of IF_curr_* cells equal to the CPU's", counts["networks"], "", True)
    note("  spikes in them", counts["spikes"])


def plastic(tiny):
    from in_simulator import PLASTIC

    counts = compare(1 if tiny else 30, kinds=["IF_curr_exp", "IF_cond_exp"], synapses=PLASTIC)
    note("drawn networks with STDP like the CPU's", counts["networks"], "", True)
    note("  spikes in them", counts["spikes"])


def models(tiny, part=0):
    from naive.cells import CELLS

    kinds = [kind for kind, cell in CELLS.items() if not cell.linear and "Point" not in kind][part::3]
    counts = []
    for kind in kinds[:1] if tiny else kinds:
        if not counts or time.perf_counter() < _enough[0]:
            counts.append(compare(1 if tiny else 3, kinds=[kind]))
    networks = sum(each["networks"] for each in counts)
    note(
        f"drawn networks of {len(counts)} of {len(kinds)} further cell types like the CPU's",
        networks,
        "",
        True,
    )


models_2, models_3 = functools.partial(models, part=1), functools.partial(models, part=2)


def like_vogels_abbott(sim, model, n_cells):
    """The network of examples/vogels_abbott.py with 80 synapses to each cell, whatever its size."""
    without_pictures()
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

    compared = 1.0 if tiny else 20.0
    stretches = {"gpu": 1.0, "cpu": 1.0} if tiny else {"gpu": 200.0, "cpu": 20.0}  # ms
    for n_cells in (20,) if tiny else (4_000, 40_000, 400_000):
        for model in ("cuba", "coba", "hh"):
            took, found = {}, {}
            for device, stretch in stretches.items():
                sim.setup(timestep=0.1, threads=2, device=device, exact_sums=True)
                populations = like_vogels_abbott(sim, model, n_cells)
                for population in populations:
                    population.record("spikes")
                sim.run(compared)
                found[device] = digest(populations, compared)
                took[device] = timed_run(sim, stretch) / (stretch / 0.1) * 1e6
            note(f"{model} {n_cells}: us a step on the card", took["gpu"])
            note("  with two threads, and times faster",
                 f"{took['cpu']:.0f}, {took['cpu'] / took['gpu']:.1f}")  # fmt: skip
            same = found["gpu"] == found["cpu"]
            note(f"  spikes in {compared:g} ms, as on the CPU", found["gpu"][1], str(found["cpu"][1]),
                 same if model == "cuba" else None)  # fmt: skip


def recording(tiny):
    import numpy as np

    import pyNN_fastsim as sim

    n_cells, duration = (20, 1.0) if tiny else (40_000, 100.0)
    took = []
    for recorded in (0, min(1000, n_cells // 2)):
        sim.setup(timestep=0.1, device="gpu")
        exc, _ = like_vogels_abbott(sim, "cuba", n_cells)
        if recorded:
            exc[:recorded].record("v")
        sim.run(duration)
        pieces = [timed_run(sim, duration) / (duration / 0.1) * 1e6 for _ in range(1 if tiny else 3)]
        took.append(float(np.median(pieces)))
    more = took[1] / took[0] - 1.0
    note("us a step with v of 1,000 of 40,000 cells recorded", took[1])
    note("  more than without", f"{more:.1%}", "<= 20 %", None if tiny else more <= 0.2)


def large(tiny, n_synapses=10**9):
    import pyNN_fastsim as sim

    n_cells, n_synapses = (8, 64) if tiny else (10**6, n_synapses)
    began = time.perf_counter()
    sim.setup(timestep=0.1, threads=os.cpu_count(), device="gpu")
    before, rng = used_memory(), sim.NativeRNG(seed=1)
    cells = sim.IF_curr_exp(i_offset=0.76, tau_refrac=2.0)  # by itself a few spikes a second
    populations = [sim.Population(n_cells // 4, cells) for _ in range(4)]
    synapse = sim.StaticSynapse(weight=1e-4, delay=1.5)
    for population in populations:
        population.initialize(v=sim.RandomDistribution("uniform", (-65.0, -50.0), rng=sim.NumpyRNG(seed=2)))
        for post in populations:
            sim.Projection(
                population, post, sim.FixedTotalNumberConnector(n_synapses // 16, rng=rng), synapse
            )
        population.record("spikes")
    note(f"{n_synapses:.3g} synapses: built, s", time.perf_counter() - began)
    note("  first ms, with drawing and sending, s", timed_run(sim, 1.0))
    duration = 2.0 if tiny else 100.0
    note("  us a step", timed_run(sim, duration) / (duration / 0.1) * 1e6)
    n_spikes = sum(p.mean_spike_count() * p.size for p in populations)
    note("  synaptic events a step", n_spikes * n_synapses / n_cells / ((duration + 1.0) / 0.1))
    note("  memory, GB", used_memory() - before)


def largest(tiny):
    """As many synapses of 6 bytes as nine tenths of the card and half of the host's memory have room for."""
    from pyNN_fastsim.engine.cuda import driver

    if SIMULATED:
        return large(tiny)
    host = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    room = min(0.9 * driver.free_memory()[0], 0.5 * host)
    return large(tiny, 16 * int(min(room / 6.0, 4e9) / 16))


# --- all of them ------------------------------------------------------------------------------------------


def cpu_figures():
    """Write down what the microcircuit does on the CPU: spikes of the first 200 ms, rates over 10 s."""
    found = {}
    for background in ("poisson", "dc"):
        sim, populations, _ = begin(background, False, device="cpu", exact_sums=True)
        sim.run(COMPARED)
        first = digest(populations, COMPARED)
        counts = [population.mean_spike_count() for population in populations]
        seconds = timed_run(sim, DURATION)
        found[background] = {"digest": first, "rates": rates_of(populations, counts, DURATION)}
        say(background, found[background], f"real-time factor {seconds / (DURATION * 1e-3):.2f}")
    CPU_FIGURES.write_text(json.dumps(found, indent=1) + "\n")


def run_here(section, tiny, limit):
    """Run a section in this process, which says where it is shortly before its time is up."""
    if limit:
        _enough[0] = time.perf_counter() + 0.6 * limit
        faulthandler.dump_traceback_later(max(limit - ASIDE, 1.0), file=sys.stdout)
    if SIMULATED:  # real threads would take ten times as long
        from in_simulator import in_turn, kernel

        kernel.BlockManager.run = in_turn(False)
    globals()[section](tiny)
    faulthandler.cancel_dump_traceback_later()


def main():
    parser = argparse.ArgumentParser(description="All that needs a card.")
    parser.add_argument("--only", choices=LIMITS)
    parser.add_argument("--tiny", action="store_true", help="for Numba's simulator")
    parser.add_argument("--json", default="gpu_check.json", help="file for the results")
    parser.add_argument(
        "--cpu-figures", action="store_true", help="write down what the CPU does, without a card"
    )
    parser.add_argument("--here", type=float, help=argparse.SUPPRESS)  # in this process, for so many seconds
    options = parser.parse_args()
    if options.cpu_figures:
        return cpu_figures()
    if options.here is not None:
        return run_here(options.only, options.tiny, options.here)

    def command_of(section, limit):
        tiny = ["--tiny"] * options.tiny
        return [
            sys.executable,
            "-u",
            "-W",
            "ignore",
            str(HERE),
            "--only",
            section,
            "--here",
            f"{limit:.0f}",
            *tiny,
        ]

    stages = [[section] for section in LIMITS if section not in AT_ONCE]
    stages[4:4] = [list(AT_ONCE)] if (os.cpu_count() or 1) >= 8 else [[section] for section in AT_ONCE]
    check = Check(command_of, LIMITS, TOGETHER, OPTIONAL, options.json)
    check.run([[options.only]] if options.only else stages)
    check.print_table()
    sys.exit(check.n_failed())


if __name__ == "__main__":
    main()
