"""
Two cells of each type under a constant current, and one synapse of each kind: what simulators make of them.

To be run by `fastsim compare benchmarks/cells_elsewhere.py fastsim --backends fastsim nest neuron`; the
tables are in docs/switching.md. What a simulator doesn't have is left out.

Usage: python cells_elsewhere.py simulator [--step MS]
"""

import argparse
import importlib

import numpy as np

CELLS = {  # cell type: current, nA
    "IF_curr_exp": 1.0,
    "IF_curr_alpha": 1.0,
    "IF_cond_exp": 1.0,
    "IF_cond_alpha": 1.0,
    "EIF_cond_exp_isfa_ista": 1.0,
    "Izhikevich": 0.01,
    "HH_cond_exp": 0.5,
}
TRAIN = np.append(np.arange(50.0, 250.0, 20.0), 400.0)  # ms


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("simulator")
    parser.add_argument("--step", type=float, default=0.1, help="time step, ms")
    args = parser.parse_args()
    sim = importlib.import_module(f"pyNN.{args.simulator}")
    sim.setup(timestep=args.step, min_delay=args.step, spike_precision="on_grid")
    populations = []  # of two cells: pyNN.brian2 has trouble with one
    for name, current in CELLS.items():
        cell = sim.Population(2, getattr(sim, name)(), label=name)
        cell.set(i_offset=current)
        populations.append(cell)
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=TRAIN))
    target = sim.Population(2, sim.IF_cond_exp(), label="static")
    synapse = sim.StaticSynapse(weight=0.002, delay=1.0)
    sim.Projection(source, target, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    depressed = sim.Population(2, sim.IF_cond_exp(), label="depressing")
    synapse = sim.TsodyksMarkramSynapse(weight=0.004, delay=1.0, U=0.5, tau_rec=200.0, tau_facil=20.0)
    sim.Projection(source, depressed, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    for population in (*populations, target, depressed):
        population.record(["spikes", "v"])
    sim.run(500.0)
    sim.end()


if __name__ == "__main__":
    main()
