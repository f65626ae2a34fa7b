"""Equality with NEST, on the grid: membrane potentials to rounding, networks spike for spike."""

import sys
from pathlib import Path

import numpy as np
import pytest

import pyNN_fastsim as fastsim

pytestmark = pytest.mark.compare
nest = pytest.importorskip("pyNN.nest")

# pyNN.nest 0.13 forgets to say how to record v from this cell.
nest.IF_curr_delta.variable_map = {"v": "V_m"}
nest.IF_curr_delta.scale_factors = {"v": 1}

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))


def set_up(sim):
    sim.setup(timestep=0.1, min_delay=0.1, max_delay=10.0, spike_precision="on_grid")


N = 50

CELLS = {
    "IF_curr_exp": ("tau_syn_E", "tau_syn_I"),
    "IF_curr_alpha": ("tau_syn_E", "tau_syn_I"),
    "IF_curr_delta": (),
}


def random_parameters(cell, rng):
    parameters = {
        "v_rest": rng.uniform(-70, -60, N),
        "cm": rng.uniform(0.1, 1.0, N),
        "tau_m": rng.uniform(5, 30, N),
        # On the grid: elsewhere ours is the nearest number of steps, and NEST rounds up.
        "tau_refrac": np.round(rng.uniform(0.1, 5, N), 1),
        "i_offset": rng.uniform(0, 0.4, N),
        "v_reset": rng.uniform(-75, -60, N),
        "v_thresh": rng.uniform(-55, -45, N),
    }
    for name in CELLS[cell]:
        parameters[name] = rng.uniform(0.5, 10, N)
    if CELLS[cell]:
        parameters["tau_m"][0] = parameters["tau_syn_E"][0]  # the singular case
    return parameters


def simulate_cells(sim, cell, seed):
    rng = np.random.default_rng(seed)
    set_up(sim)
    cells = sim.Population(N, getattr(sim, cell)(**random_parameters(cell, rng)))
    cells.initialize(v=rng.uniform(-70, -55, N))
    cells.record(["spikes", "v"])
    for receptor, sign in (("excitatory", 1), ("inhibitory", -1)):
        # Between grid points: pyNN.nest subtracts min_delay from a time, and NEST rounds the result up,
        # so that some times on the grid come a step late.
        times = [np.sort(np.round(rng.uniform(1, 290, 60), 1)) - 0.05 for _ in range(N)]
        sources = sim.Population(N, sim.SpikeSourceArray(spike_times=times))
        scale = 3.0 if cell == "IF_curr_delta" else 0.5
        weights = np.diag(sign * rng.uniform(0.1, scale, N))
        delays = np.diag(np.round(rng.uniform(0.1, 5, N), 1)) + 0.1
        sim.Projection(
            sources,
            cells,
            sim.OneToOneConnector(),
            sim.StaticSynapse(weight=weights, delay=delays),
            receptor_type=receptor,
        )
    steps = sim.StepCurrentSource(times=[50.0, 120.3, 200.0], amplitudes=[0.2, -0.1, 0.3])
    steps.inject_into(cells[: N // 2])
    pulse = sim.DCSource(amplitude=0.15, start=30.0, stop=170.0)
    pulse.inject_into(cells[N // 4 :])
    sim.run(300.0)
    segment = cells.get_data().segments[0]
    v = segment.filter(name="v")[0].magnitude
    order = np.argsort([train.annotations["source_index"] for train in segment.spiketrains])
    return v, [np.sort(np.asarray(segment.spiketrains[int(k)])) for k in order]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_current_based_cells_to_rounding(cell, seed):
    (v_nest, spikes_nest), (v, spikes) = (simulate_cells(sim, cell, seed) for sim in (nest, fastsim))
    assert sum(map(len, spikes)) > N
    for ours, theirs in zip(spikes, spikes_nest, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)
    assert np.abs(v - v_nest).max() < 1e-9


def test_alternating_current_to_rounding():
    """From a start on the grid, after 0: NEST accepts no others, and has no current in its first step."""
    results = []
    for sim in (nest, fastsim):
        set_up(sim)
        cells = sim.Population(2, sim.IF_curr_exp(v_thresh=1e6))
        sources = [
            sim.ACSource(start=5.0, stop=70.0, amplitude=0.5, offset=0.1, frequency=100.0, phase=30.0),
            sim.ACSource(start=12.3, amplitude=0.3, frequency=7.0, phase=-100.0),
        ]
        for cell, source in zip(cells, sources, strict=True):
            cell.inject(source)
            source.record()
        cells.record("v")
        sim.run(80.0)
        v = cells.get_data().segments[0].filter(name="v")[0].magnitude
        results.append([v, *(source.get_data().magnitude for source in sources)])
    for theirs, ours in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_cuba_network_spike_for_spike():
    import vogels_abbott

    results = []
    for sim in (nest, fastsim):
        set_up(sim)
        network = vogels_abbott.build(sim, "cuba")
        for population in (network.exc, network.inh):
            population.record("spikes")
        sim.run(1000.0)
        for population in (network.exc, network.inh):
            trains = population.get_data("spikes").segments[0].spiketrains
            results.append([np.sort(np.asarray(train)) for train in trains])
    exc_nest, inh_nest, exc, inh = results
    n_spikes = sum(map(len, exc)) + sum(map(len, inh))
    assert n_spikes > 10_000
    for ours, theirs in zip(exc + inh, exc_nest + inh_nest, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
