"""
One benchmark on one backend; prints its measurements as JSON. Run by compare.py in a fresh process.

Usage: python cases.py BACKEND CASE      e.g. python cases.py pyNN.nest cuba
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

FIRST = 0.1  # ms, the first step


def small(sim):
    """Two populations of five conductance-based cells."""
    a = sim.Population(5, sim.IF_cond_exp(i_offset=0.9))
    b = sim.Population(5, sim.IF_cond_exp())
    synapse = sim.StaticSynapse(weight=0.01, delay=1.0)
    sim.Projection(a, b, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    a.record(["spikes", "v"])
    b.record(["spikes", "v", "gsyn_exc"])
    return [a, b], 1000.0


def ten_populations(sim):
    """Ten populations of four cells in a ring."""
    populations = [sim.Population(4, sim.IF_cond_exp(i_offset=0.9)) for _ in range(10)]
    synapse = sim.StaticSynapse(weight=0.01, delay=1.0)
    for pre, post in zip(populations, populations[1:] + populations[:1], strict=True):
        sim.Projection(pre, post, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
        pre.record("spikes")
    return populations, 1000.0


def vogels_abbott(model):
    def case(sim):
        from vogels_abbott import build

        network = build(sim, model)
        for population in (network.exc, network.inh):
            population.record("spikes")
        return [network.exc, network.inh], 1000.0

    return case


def ei_clustered(sim):
    """The EI-clustered network at full size, 11 s."""
    from ei_clustered import build

    exc, inh, _ = build(sim)
    for population in exc + inh:
        population.record("spikes")
    return exc + inh, 11000.0


CASES = {
    "small": small,
    "ten populations": ten_populations,
    "cuba": vogels_abbott("cuba"),
    "coba": vogels_abbott("coba"),
    "hh": vogels_abbott("hh"),
    "ei_clustered": ei_clustered,
}


def main(backend, case):
    times = [time.perf_counter()]

    def lap():
        times.append(time.perf_counter())

    sim = importlib.import_module(backend)
    lap()
    sim.setup(timestep=0.1, min_delay=0.1, spike_precision="on_grid", verbosity="error")
    populations, simtime = CASES[case](sim)
    lap()
    sim.run(FIRST)
    lap()
    sim.run(simtime - FIRST)
    lap()
    for population in populations:
        population.get_data()
    lap()
    names = ("import", "build", "first step", "run", "get_data")
    laps = {name: b - a for name, a, b in zip(names, times, times[1:], strict=False)}
    laps["total"] = times[-1] - times[0]
    laps["peak memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    laps["spikes"] = sum(sum(p.get_spike_counts().values()) for p in populations)
    print(json.dumps(laps))


if __name__ == "__main__":
    main(*sys.argv[1:])
