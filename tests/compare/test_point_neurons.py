"""Point neurons with named receptors beside NEST's."""

import numpy as np
import pytest

import pyNN_fastsim as fastsim

pytestmark = pytest.mark.compare
nest = pytest.importorskip("pyNN.nest")

N = 5


def simulate(sim, neuron, receptors, weights):
    """v [samples, cells], and the number of spikes, of neurons with input at every receptor."""
    sim.setup(timestep=0.1, min_delay=0.1, max_delay=10.0, spike_precision="on_grid")
    cells = sim.Population(N, sim.PointNeuron(neuron(sim), **receptors(sim)))
    cells.initialize(v=-65.0)
    cells.record(["spikes", "v"])
    rng = np.random.default_rng(1)
    for name, weight in weights.items():
        # Between grid points, as in test_nest.py
        times = [np.sort(np.round(rng.uniform(1, 140, 12), 1)) - 0.05 for _ in range(N)]
        sources = sim.Population(N, sim.SpikeSourceArray(spike_times=times))
        synapse = sim.StaticSynapse(weight=weight, delay=1.1)
        sim.Projection(sources, cells, sim.OneToOneConnector(), synapse, receptor_type=name)
    sim.run(150.0)
    segment = cells.get_data().segments[0]
    return segment.filter(name="v")[0].magnitude, sum(len(train) for train in segment.spiketrains)


def test_lif_with_three_currents_to_rounding():
    arguments = (
        lambda sim: sim.LIF(tau_m=12.0, cm=0.5, tau_refrac=1.0, i_offset=0.2),
        lambda sim: {
            name: sim.CurrExpPostSynapticResponse(tau_syn=tau)
            for name, tau in (("fast", 0.7), ("slow", 8.0), ("middle", 3.0))
        },
        {"fast": 1.0, "slow": 0.9, "middle": -0.3},
    )
    (v, spikes), (v_nest, spikes_nest) = simulate(fastsim, *arguments), simulate(nest, *arguments)
    assert spikes == spikes_nest > 10
    assert np.abs(v - v_nest).max() < 1e-9


@pytest.mark.parametrize("shape", ["Alpha", "Beta"])
def test_adexp_without_spikes(shape):
    tau = {"tau_syn": 2.0} if shape == "Alpha" else {"tau_rise": 0.5, "tau_decay": 4.0}

    def receptors(sim):
        psr = getattr(sim, f"Cond{shape}PostSynapticResponse")
        return {"AMPA": psr(e_syn=0.0, **tau), "GABA": psr(e_syn=-80.0, **tau)}

    arguments = (lambda sim: sim.AdExp(), receptors, {"AMPA": 0.002, "GABA": 0.01})
    (v, spikes), (v_nest, spikes_nest) = simulate(fastsim, *arguments), simulate(nest, *arguments)
    assert spikes == spikes_nest == 0
    assert np.ptp(v) > 1.0
    assert np.abs(v - v_nest).max() < 1e-3
