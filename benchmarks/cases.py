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

for folder in ("examples", "tests"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))

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


# Weights (uS, nA or mV) of a Poisson input of 1 kHz under which a cell of each type spikes now and then. Of
# point neurons (see tests/naive/cells.py) the first receptor gets it.
CELLS = {
    "IF_curr_exp": 0.2,
    "IF_curr_alpha": 0.5,
    "IF_curr_delta": 1.0,
    "IF_cond_exp": 0.004,
    "IF_cond_alpha": 0.03,
    "IF_cond_exp_gsfa_grr": 0.004,
    "IF_facets_hardware1": 0.0003,
    "EIF_cond_exp_isfa_ista": 0.003,
    "EIF_cond_alpha_isfa_ista": 0.001,
    "Izhikevich": 4.0,
    "GIF_cond_exp": 0.005,
    "HH_cond_exp": 0.03,
    "PointNeuron LIF CurrExp CurrExp": 0.2,
    "PointNeuron LIF CondExp CondAlpha CondBeta CurrExp": 0.004,
    "PointNeuron AdExp CondAlpha CondAlpha CondAlpha": 0.001,
    "PointNeuron AdExp CondBeta CondBeta CondBeta": 0.003,
}


def celltype(sim, kind):
    """A cell type with its default parameters."""
    from point_neurons import point_neuron

    return point_neuron(sim, kind, {}) if kind.startswith("PointNeuron ") else getattr(sim, kind)()


def single_cells(kind):
    """4,000 unconnected cells with a Poisson input each."""

    def case(sim):
        cells = sim.Population(4000, celltype(sim, kind))
        inputs = sim.Population(4000, sim.SpikeSourcePoisson(rate=1000.0))
        synapse = sim.StaticSynapse(weight=CELLS[kind], delay=1.0)
        sim.Projection(inputs, cells, sim.OneToOneConnector(), synapse, receptor_type="excitatory")
        cells.record("spikes")
        return [cells], 1000.0

    return case


def stdp(sim):
    """4,000 Poisson inputs at 15 Hz with additive plasticity to each of 100 cells: 400,000 synapses."""
    cells = sim.Population(100, sim.IF_cond_exp())
    inputs = sim.Population(4000, sim.SpikeSourcePoisson(rate=15.0))
    synapse = sim.STDPMechanism(
        sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.005, A_minus=0.00525),
        sim.AdditiveWeightDependence(w_min=0.0, w_max=0.0001),
        weight=0.00005,
        delay=1.0,
    )
    sim.Projection(inputs, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record("spikes")
    return [cells], 1000.0


def short_term(sim):
    """A balanced network of 10,000 cells with short-term plasticity of all excitatory synapses."""
    membrane = {"tau_m": 20.0, "v_rest": -60.0, "v_thresh": -50.0, "v_reset": -60.0, "cm": 0.2}
    cells = sim.IF_cond_exp(tau_refrac=5.0, e_rev_E=0.0, e_rev_I=-80.0, tau_syn_I=10.0, **membrane)
    exc, inh = sim.Population(8000, cells), sim.Population(2000, cells)
    noise = sim.Population(10000, sim.SpikeSourcePoisson(rate=100.0))
    dynamic = {"U": 0.5, "tau_rec": 100.0, "tau_facil": 20.0}
    for post, first in ((exc, 0), (inh, 8000)):
        outside = sim.StaticSynapse(weight=0.02, delay=0.1)
        sim.Projection(
            noise[first : first + post.size],
            post,
            sim.OneToOneConnector(),
            outside,
            receptor_type="excitatory",
        )
        for pre, synapse, receptor in (
            (exc, sim.TsodyksMarkramSynapse(weight=0.012, delay=0.1, **dynamic), "excitatory"),
            (inh, sim.StaticSynapse(weight=0.05, delay=0.1), "inhibitory"),
        ):
            connector = sim.FixedProbabilityConnector(0.01, rng=sim.NumpyRNG(seed=7))
            sim.Projection(pre, post, connector, synapse, receptor_type=receptor)
    exc.record("spikes")
    inh.record("spikes")
    return [exc, inh], 1000.0


CASES = {
    "small": small,
    "ten populations": ten_populations,
    "cuba": vogels_abbott("cuba"),
    "coba": vogels_abbott("coba"),
    "hh": vogels_abbott("hh"),
    "stdp": stdp,
    "short_term": short_term,
    "ei_clustered": ei_clustered,
} | {kind: single_cells(kind) for kind in CELLS}


def main(backend, case):
    def clocks():
        return time.perf_counter(), time.process_time()

    times = [clocks()]

    def lap():
        times.append(clocks())

    sim = importlib.import_module(backend)
    if backend == "pyNN.nest":  # forgets to say what these are called in NEST
        sim.IF_cond_exp_gsfa_grr.variable_map |= {"g_r": "g_rr", "g_s": "g_sfa"}
        sim.IF_cond_exp_gsfa_grr.scale_factors |= {"g_r": 1, "g_s": 1}
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
    laps = {name: b[0] - a[0] for name, a, b in zip(names, times, times[1:], strict=False)}
    laps["total"] = times[-1][0] - times[0][0]
    laps["run, processor time"] = times[4][1] - times[3][1]
    laps["peak memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    laps["spikes"] = sum(sum(p.get_spike_counts().values()) for p in populations)
    print(json.dumps(laps))


if __name__ == "__main__":
    main(*sys.argv[1:])
