"""
The EI-clustered network here and in NEST, spike for spike, and how long each takes.

The network of examples/ei_clustered.py is built here; its cells, initial values and connections are
then given to PyNEST, and both are run with one thread. Every spike must be the same.

Usage: python benchmarks/ei_clustered_nest.py [--time MS] [--seed N] [--size FRACTION]
"""

import argparse
import sys
import time
from pathlib import Path

import nest
import numpy as np

import pyNN_fastsim as sim

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
import ei_clustered as model  # noqa: E402


def build_in_nest(populations):
    """Create the same cells and connections in NEST; returns the spike recorder.

    Cells have the number of ours plus one. NEST takes pA and pF.
    """
    nest.ResetKernel()
    nest.resolution = 0.1
    nodes = []
    for population in populations:
        kind = 0 if population.label.startswith("E") else 1
        parameters = {
            "E_L": 0.0, "V_reset": 0.0, "V_th": model.V_THRESH, "C_m": 1e3 * model.CM, "t_ref": 5.0,
            "tau_m": model.TAU_M[kind], "tau_syn_ex": model.TAU_SYN, "tau_syn_in": model.TAU_SYN,
            "I_e": model.RHEOBASES[kind] * model.V_THRESH * 1e3 * model.CM / model.TAU_M[kind],
        }  # fmt: skip
        nodes.append(nest.Create("iaf_psc_exp", population.size, params=parameters))
        nodes[-1].V_m = population.initial_values["v"].evaluate()
    for projection in sim.simulator.state.projections:
        pre, post, weights, delays = np.array(projection.get(["weight", "delay"], format="list")).T
        nest.Connect(
            (pre + projection.pre.first_id + 1).astype(np.int64),
            (post + projection.post.first_id + 1).astype(np.int64),
            "one_to_one",
            {"weight": 1e3 * weights, "delay": delays},
        )
    amplitude, intervals = model.STIMULUS
    times = [model.WARM_UP + t - model.DELAY for interval in intervals for t in interval]
    stimulus = nest.Create(
        "step_current_generator",
        params={"amplitude_times": times, "amplitude_values": [1e3 * amplitude, 0.0] * len(intervals)},
    )
    for k in model.STIMULATED:
        nest.Connect(stimulus, nodes[k], syn_spec={"delay": model.DELAY})
    recorder = nest.Create("spike_recorder")
    for node in nodes:
        nest.Connect(node, recorder)
    return recorder


def sorted_spikes(cells, steps):
    order = np.lexsort((cells, steps))
    return np.column_stack([np.asarray(steps)[order], np.asarray(cells)[order]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--time", type=float, default=11000.0, help="ms")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", type=float, default=1.0, help="fraction of the number of cells")
    args = parser.parse_args()

    laps = [time.perf_counter()]

    def lap():
        laps.append(time.perf_counter())
        return laps[-1] - laps[-2]

    sim.setup(timestep=0.1)
    exc, inh, n_synapses = model.build(sim, args.seed, args.size)
    for population in exc + inh:
        population.record("spikes")
    build_time = lap()
    sim.run(args.time)
    run_time = lap()
    recorder = build_in_nest(exc + inh)
    lap()
    nest.Simulate(args.time + 0.1)  # NEST gives the last step's spikes in the next one
    nest_time = lap()

    cells, steps = sim.simulator.state.network.spikes()
    events = recorder.events
    done = events["times"] < args.time + 0.05
    theirs = sorted_spikes(events["senders"][done] - 1, np.rint(events["times"][done] / 0.1))
    same = np.array_equal(sorted_spikes(cells, steps), theirs)
    print(f"{n_synapses} synapses, {len(cells)} spikes; NEST: {len(theirs)} spikes")
    print(f"every spike the same: {same}")
    print(f"built in {build_time:.2f} s, run in {run_time:.2f} s; NEST run in {nest_time:.2f} s, "
          f"ratio {nest_time / run_time:.1f}")  # fmt: skip
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
