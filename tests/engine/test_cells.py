"""Cell types for a while, with random parameters, under a current step and strong synaptic input, against
a solution by solve_ivp.

Random ones are in test_networks.py and test_known_answers.py; linear ones are compared with matrix
exponentials in test_networks.py, and HH_cond_exp with a faster solution in test_hh.py.
"""

import numpy as np
import pytest
from cell_types import package_celltype
from naive.cells import CELLS
from naive.reference import reference

import pyNN_fastsim as sim

STEPS, DT, N = 700, 0.1, 2
REFERENCE = 1e-7  # mV: what the reference itself may be wrong by


def random_parameters(celltype, rng):
    p = {name: rng.uniform(*limits, size=N) for name, limits in celltype.ranges.items()}
    if "tau_refrac" in p:
        p["tau_refrac"] = DT * rng.integers(0, 30, N)
    return p


def random_input(celltype, rng):
    """Events (step, receptor, weight) of each cell, and a current step of each."""
    scale = {r: celltype.weight[k] / 3 for k, r in enumerate(("excitatory", "inhibitory"))}
    events = [
        [(int(step), r, scale[r] * rng.random()) for r in scale for step in rng.choice(STEPS - 20, 30) + 10]
        for _ in range(N)
    ]
    return events, celltype.current * rng.uniform(-0.2, 0.5, N)


def simulate(kind, p, events, levels):
    sim.setup(timestep=DT)
    celltype = CELLS[kind]
    start = celltype.start | {"v": -65.0}
    cells = sim.Population(N, package_celltype(kind, p), initial_values=start)
    cells.record(["spikes", *celltype.recordable])
    for receptor in ("excitatory", "inhibitory"):
        rows = [(step, i, w) for i in range(N) for step, r, w in events[i] if r == receptor]
        source = sim.Population(
            len(rows), sim.SpikeSourceArray(spike_times=[[(s - 1) * DT] for s, _, _ in rows])
        )
        connections = [(k, i, w, DT) for k, (_, i, w) in enumerate(rows)]
        sim.Projection(source, cells, sim.FromListConnector(connections), receptor_type=receptor)
    for i, level in enumerate(levels):
        sim.DCSource(amplitude=level, start=20.0, stop=50.0).inject_into(cells[i : i + 1])
    sim.run(STEPS * DT)
    segment = cells.get_data().segments[0]
    spikes = [np.rint(np.asarray(train) / DT).astype(int) for train in segment.spiketrains]
    return {s.name: s.magnitude for s in segment.analogsignals}, spikes, start


KINDS = [
    kind
    for kind, celltype in CELLS.items()
    if not (celltype.linear or celltype.log_rate or kind == "HH_cond_exp")
]


@pytest.mark.big
@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_solve_ivp(kind):
    assert_agrees(kind)


@pytest.mark.big
def test_conductances_that_rise_fast():
    """The closed form of a beta function, where time constants are far apart, in steps with a spike."""
    assert_agrees("PointNeuron AdExp CondBeta CurrExp", **{"excitatory.tau_rise": np.array([0.05, 0.1])})


def assert_agrees(kind, **given):
    """Cells with random parameters, but for those that are given, agree with solve_ivp."""
    celltype = CELLS[kind]
    rng = np.random.default_rng(sum(kind.encode()))
    p = random_parameters(celltype, rng) | given
    events, levels = random_input(celltype, rng)
    found, spikes, start = simulate(kind, p, events, levels)
    n_spikes = 0
    for i in range(N):
        own = {name: value[i] for name, value in p.items()}
        arrivals = [(step * DT, receptor, weight) for step, receptor, weight in events[i]]
        changes = [(20.0, levels[i]), (50.0, 0.0)]
        want, times = reference(kind, own, arrivals, changes, STEPS, DT, on_grid=True, initial=start)
        assert spikes[i].tolist() == np.ceil(times / DT - 1e-6).astype(int).tolist()
        n_spikes += len(times)
        slope = np.abs(np.diff(want["v"], prepend=want["v"][0])) / DT
        for name in celltype.recordable:
            scale = 1.0 if name == "v" else 0.01
            error = np.abs(found[name][:, i] - want[name])
            allowed = scale * max(celltype.tolerance, REFERENCE) + 1e-9 * np.abs(want[name])
            if celltype.timing:  # where v moves fast
                allowed = allowed + celltype.timing * np.maximum(slope, np.roll(slope, -1))
            assert np.max(error / allowed) < 1.0, name
    assert n_spikes > 1
