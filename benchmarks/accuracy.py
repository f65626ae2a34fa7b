"""
How exact each cell type is, here and in other backends, beside a solution to ten digits.

Three protocols: `current`, steps of a current into cells with PyNN's default parameters; `synapses`, strong
excitatory and inhibitory events; `random`, both into cells with random parameters. Errors are the largest
of all cells:

    v          mV, of v at the grid points more than 1 ms from any spike (and, where synaptic events make v
               jump, not at these), against a solution that places spikes as docs/design.md says: at the grid
               point after the crossing of the threshold
    first      ms, of the time of the first spike, against the crossing in continuous time. The grid alone
               makes an error of up to one time step
    ten        ms, of the times of the first ten spikes, against the same solution as v
    spikes     number of all spikes, and what it should be
    order      of convergence: the base-two logarithm of the errors of v at 0.1 and 0.05 ms

Each backend runs in a process of its own, and with the interpreter that is given after "=", if there is one.
Without one, it is this one.

Usage: python benchmarks/accuracy.py [--backends pyNN_fastsim,pyNN.brian2=/path/to/python] [cell type ...]
"""

import argparse
import functools
import importlib
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from naive.cells import CELLS, NAMES_OF_RECEPTORS  # noqa: E402
from naive.reference import reference  # noqa: E402
from point_neurons import point_neuron  # noqa: E402

DURATION = 100.0  # ms
STEPS_OF_TIME = (0.1, 0.05)  # ms
N = 3  # cells
STEP_ON, STEP_OFF = 10.0, 70.0  # ms, of the current
DELAY = 0.2  # ms, of the synapses
PROTOCOLS = ("current", "synapses", "random")

# For each cell type (of point neurons, see naive/cells.py): the largest current (nA), the weights of events
# at each receptor (uS, nA or mV), and parameters that are not PyNN's defaults.
TABLE = {
    "IF_curr_exp": (1.5, (2.0, -1.0), {}),
    "IF_curr_alpha": (1.5, (6.0, -3.0), {}),
    "IF_curr_delta": (1.5, (4.0, -2.0), {}),
    "IF_cond_exp": (1.5, (0.05, 0.05), {}),
    "IF_cond_alpha": (1.5, (0.3, 0.2), {}),
    "IF_cond_exp_gsfa_grr": (1.5, (0.05, 0.05), {}),
    "IF_facets_hardware1": (0.8, (0.01, 0.01), {}),
    "EIF_cond_exp_isfa_ista": (1.5, (0.03, 0.02), {}),
    "EIF_cond_alpha_isfa_ista": (1.5, (0.02, 0.02), {}),
    "Izhikevich": (0.015, (12.0, -3.0), {}),
    # Without spikes, which are random
    "GIF_cond_exp": (1.5, (0.02, 0.02), {"lambda0": 0.0}),
    "HH_cond_exp": (1.0, (0.03, 0.05), {}),
    "PointNeuron LIF CurrExp CurrExp": (1.5, (2.0, -1.0), {"inhibitory.tau_syn": 8.0}),
    "PointNeuron LIF CondExp CondAlpha CondBeta CurrExp": (
        1.5, (0.05, 0.2, 0.1, 0.5),
        {"inhibitory.e_syn": -80.0, "third.e_syn": -20.0, "third.tau_decay": 9.0, "fourth.tau_syn": 2.0},
    ),
    "PointNeuron AdExp CondAlpha CondAlpha CondAlpha": (
        1.5, (0.03, 0.02, 0.01), {"inhibitory.e_syn": -80.0, "inhibitory.tau_syn": 8.0, "third.tau_syn": 1.0}
    ),
    "PointNeuron AdExp CondBeta CondBeta CondBeta": (
        1.5, (0.03, 0.05, 0.01),
        {"inhibitory.e_syn": -80.0, "inhibitory.tau_rise": 1.0, "third.tau_rise": 0.8},
    ),
}  # fmt: skip


@functools.cache
def protocol(kind, name):
    """(parameters, events of each cell: (time of emission in ms, receptor, weight), levels of current)."""
    rng = np.random.default_rng(sum(kind.encode()) + len(name))
    celltype, (current, weights, fixed) = CELLS[kind], TABLE[kind]
    p = {}
    if name == "random":
        for parameter, (low, high) in celltype.ranges.items():
            shape = (N, *np.shape(low))
            p[parameter] = rng.uniform(low, high, size=shape)
        if "tau_refrac" in p:  # on the grid: elsewhere backends round differently
            p["tau_refrac"] = np.round(p["tau_refrac"] + 0.2, 1)
    p |= {parameter: np.full(N, value) for parameter, value in fixed.items()}
    levels = np.linspace(0.5, 1.0, N) * current if name != "synapses" else np.zeros(N)
    scale = {"current": 0.0, "synapses": 1.0, "random": 0.3}[name]
    events = [
        [
            (round(float(t), 1), receptor, float(scale * weight * rng.uniform(0.3, 1.0)))
            for receptor, weight in zip(CELLS[kind].arrival, weights, strict=True)
            for t in rng.uniform(1.0, DURATION - 1.0, 40 if scale else 0)
        ]
        for _ in range(N)
    ]
    return p, events, levels


# --- a backend -----------------------------------------------------------------------------------------


def backend_named(name, dt):
    """The backend's module, with what PyNN 0.13 forgets: to say of two cell types what their variables are in
    NEST, and that spike sources in Brian 2 have the time step of all others."""
    sim = importlib.import_module(name)
    if name == "pyNN.nest":
        sim.IF_curr_delta.variable_map = {"v": "V_m"}
        sim.IF_curr_delta.scale_factors = {"v": 1}
        sim.IF_cond_exp_gsfa_grr.variable_map |= {"g_r": "g_rr", "g_s": "g_sfa"}
        sim.IF_cond_exp_gsfa_grr.scale_factors |= {"g_r": 1, "g_s": 1}
    if name == "pyNN.brian2":
        brian2 = importlib.import_module("brian2")
        brian2.defaultclock.dt = dt * brian2.ms
        brian2.prefs.codegen.target = "numpy"  # without a compiler: there are three cells
    return sim


def lateness(backend, dt):
    """How much later (ms) than on the grid a backend emits a spike of a source, and what it adds to the time
    of a spike of a cell."""
    if backend == "pyNN.neuron":  # takes a time as it is
        return 0.0, 0.0
    if backend == "pyNN.brian2":  # a spike has the time at the beginning of its step, and acts at its end
        return dt, -dt
    # NEST, and this backend like it, emits a time between two grid points at the later one, and pyNN.nest
    # can't tell times on the grid from those a step later.
    return 0.5 * dt, 0.0


def simulate(backend, kind, name, dt):
    """v [steps + 1, cells] and the spike times of each cell, in ms.

    Each cell is a population of its own: not all backends can give each cell parameters of its own.
    """
    sim = backend_named(backend, dt)
    sim.setup(timestep=dt, min_delay=dt, max_delay=1.0, spike_precision="on_grid")
    p, events, levels = protocol(kind, name)
    early, late = lateness(backend, dt)
    populations = []
    for i in range(N):
        own = {parameter: values[i].tolist() for parameter, values in p.items()}
        populations.append(one_cell(sim, kind, own, [(t - early, r, w) for t, r, w in events[i]]))
        if levels[i]:
            source = sim.DCSource(amplitude=float(levels[i]), start=STEP_ON, stop=STEP_OFF)
            source.inject_into(populations[i])
    sim.run(DURATION)
    segments = [cells.get_data().segments[0] for cells in populations]
    v = [np.asarray(segment.filter(name="v")[0].magnitude)[:, 0] for segment in segments]
    return np.array(v).T, [np.sort(np.asarray(segment.spiketrains[0])) - late for segment in segments]


def one_cell(sim, kind, p, events):
    """A population of one cell, with a source for each of its events, (time in ms, receptor, weight)."""
    names = dict(zip(NAMES_OF_RECEPTORS, NAMES_OF_RECEPTORS, strict=True))
    if kind.startswith("PointNeuron "):
        # pyNN.nest makes the weights of an "inhibitory" receptor negative; "ysecond" is a unit of Brian 2.
        names = dict(zip(NAMES_OF_RECEPTORS, ("one", "two", "three", "four"), strict=True))
        celltype = point_neuron(sim, kind, p, names.values())
    else:
        celltype = getattr(sim, kind)(**p)
    cells = sim.Population(1, celltype)
    start = CELLS[kind].start | {"v": CELLS[kind].variables["v"]}
    cells.initialize(**{v: x for v, x in start.items() if v in cells.celltype.default_initial_values})
    cells.record(["spikes", "v"])
    for receptor in CELLS[kind].arrival:
        rows = [(t, w) for t, r, w in events if r == receptor]
        if rows:
            times = [[t] for t, _ in rows]
            source = sim.Population(len(rows), sim.SpikeSourceArray(spike_times=times))
            listed = [(k, 0, w, DELAY) for k, (_, w) in enumerate(rows)]
            sim.Projection(source, cells, sim.FromListConnector(listed), receptor_type=names[receptor])
    return cells


def serve(backend, kind, path):
    results = {(name, dt): simulate(backend, kind, name, dt) for name in PROTOCOLS for dt in STEPS_OF_TIME}
    Path(path).write_bytes(pickle.dumps(results))


def results_of(backend, kind):
    """What `simulate` gives for each protocol and time step; None where the backend can't."""
    backend, _, interpreter = backend.partition("=")
    with tempfile.NamedTemporaryFile() as file:
        command = [interpreter or sys.executable, __file__, "--serve", backend, kind, file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{backend}, {kind}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return None
        return pickle.loads(Path(file.name).read_bytes())


# --- errors --------------------------------------------------------------------------------------------


def solution(kind, name, dt, on_grid):
    """v [steps + 1, cells] and the times of crossings of each cell."""
    p, events, levels = protocol(kind, name)
    defaults = defaults_of(kind)
    v, times = [], []
    for i in range(N):
        own = defaults | {parameter: value[i] for parameter, value in p.items()}
        arrivals = [(t + DELAY, receptor, w) for t, receptor, w in events[i]]
        changes = [(STEP_ON, levels[i]), (STEP_OFF, 0.0)] if levels[i] else []
        start = CELLS[kind].start
        y, crossings = reference(kind, own, arrivals, changes, round(DURATION / dt), dt, on_grid, start)
        v.append(y["v"])
        times.append(crossings)
    return np.array(v).T, times


@functools.cache
def defaults_of(kind):
    from pyNN.standardmodels import cells, receptors

    _, neuron, *responses = kind.split() if kind.startswith("PointNeuron ") else (None, kind)
    defaults = dict(getattr(cells, neuron).default_parameters)
    for name, response in zip(NAMES_OF_RECEPTORS, responses, strict=False):
        own = getattr(receptors, f"{response}PostSynapticResponse").default_parameters
        defaults |= {f"{name}.{parameter}": value for parameter, value in own.items()}
    return {name: getattr(value, "value", value) for name, value in defaults.items()}


def rises(v, dt):
    """The times at which v rises through 10 mV, by linear interpolation: for cells without a reset, whose
    spikes backends define differently."""
    k = np.flatnonzero((v[:-1] < 10) & (v[1:] >= 10))
    return (k + (10 - v[k]) / (v[k + 1] - v[k])) * dt


def errors(kind, name, dt, found, on_grid, free):
    """(v, first, ten, number of spikes, number of spikes that there should be)."""
    (v, spikes), (want_v, crossings), (_, exact) = found, on_grid, free
    resets = CELLS[kind].jump is not None
    p = {parameter: 1.0 for parameter in CELLS[kind].ranges}
    jumps_of_v = CELLS[kind].arrival["excitatory"](1.0, p)[0] == "v"
    arrivals = [np.array([t + DELAY for t, _, _ in events]) for events in protocol(kind, name)[1]]
    worst = np.zeros(3)
    count = sum(map(len, spikes)), sum(map(len, crossings))
    t = dt * np.arange(len(want_v))
    for i in range(N):
        if resets:
            own, want, first = spikes[i], np.ceil(crossings[i] / dt - 1e-6) * dt, exact[i]
        else:
            own, want = rises(v[:, i], dt), rises(want_v[:, i], dt)
            first = want
        near = np.concatenate([spikes[i], crossings[i], [-np.inf]])
        far = np.min(np.abs(t[:, None] - near), axis=1) > 1.0
        if jumps_of_v:
            far &= np.min(np.abs(t[:, None] - arrivals[i]), axis=1, initial=np.inf) > 0.5 * dt
        n = min(len(own), len(want), 10)
        worst = np.maximum(worst, (
            np.max(np.abs(v[far, i] - want_v[far, i])),
            abs(own[0] - first[0]) if n else 0.0,
            np.max(np.abs(own[:n] - want[:n]), initial=0.0),
        ))  # fmt: skip
    return (*worst, *count)


def table(kind, backends):
    found = {backend: results_of(backend, kind) for backend in backends}
    for name in PROTOCOLS:
        free = solution(kind, name, STEPS_OF_TIME[-1], on_grid=False)
        rows = {backend: [] for backend in backends if found[backend]}
        for dt in STEPS_OF_TIME:
            on_grid = solution(kind, name, dt, on_grid=True)
            for backend, row in rows.items():
                row.append(errors(kind, name, dt, found[backend][name, dt], on_grid, free))
        for backend, ((v, first, ten, n, want), (v_2, first_2, ten_2, n_2, want_2)) in rows.items():
            order = f"{np.log2(v / v_2):.1f}" if v_2 > 1e-12 else "-"
            whole = f"{v:.1e} | {first:.1g} | {ten:.1g} | {n}/{want}"
            half = f"{v_2:.1e} | {first_2:.1g} | {ten_2:.1g} | {n_2}/{want_2}"
            label = backend.partition("=")[0]
            print(f"| {kind} | {name} | {label} | {whole} | {half} | {order} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("kinds", nargs="*", default=list(TABLE))
    parser.add_argument("--backends", default="pyNN_fastsim,pyNN.nest,pyNN.neuron")
    args = parser.parse_args()
    columns = "v, mV | first, ms | ten, ms | spikes"
    print(f"| cell | protocol | backend | {columns} | {columns}, dt/2 | order |")
    print("| --- " * 12 + "|")
    for kind in args.kinds:
        table(kind, args.backends.split(","))


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve(*sys.argv[2:])
    else:
        main()
