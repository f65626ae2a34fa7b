"""
Networks as plain data: how hypothesis draws them, how they are built through PyNN and in the naive
simulator, and what each gives.

Structure is drawn by hypothesis, so that it shrinks; numbers (parameters, weights, times) come from a
NumPy generator with a drawn seed, so that no two of them meet by chance in a tie, except where a tie is
meant. Times and delays are in steps; those given to PyNN are off the grid by up to 0.4 steps.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from cell_types import package_celltype
from hypothesis import strategies as st
from naive import simulator as naive
from naive import sources as naive_sources
from naive import synapses
from naive.cells import CELLS
from naive.random import Numbers
from pyNN.random import NumpyRNG, RandomDistribution

import pyNN_fastsim as sim

# Renewal processes, by PyNN's name, and what their random numbers are for.
RENEWAL = {
    "SpikeSourcePoissonRefractory": "poisson_refractory",
    "SpikeSourceGamma": "gamma",
    "SpikeSourceInhGamma": "inh_gamma",
}
RANDOM_SOURCES = ("SpikeSourcePoisson", *RENEWAL)
SOURCES = ("SpikeSourceArray", *RANDOM_SOURCES)
RULES = {
    "SpikePairRule": ("tau_plus", "tau_minus", "A_plus", "A_minus"),
    "Vogels2011Rule": ("tau", "eta", "rho"),
}
DEPENDENCES = {
    "AdditiveWeightDependence": ("w_min", "w_max"),
    "MultiplicativeWeightDependence": ("w_min", "w_max"),
    "AdditivePotentiationMultiplicativeDepression": ("w_min", "w_max"),
    "GutigWeightDependence": ("w_min", "w_max", "mu_plus", "mu_minus"),
}
CERTAIN = ("StaticSynapse", "TsodyksMarkramSynapse", "STDPMechanism", "ElectricalSynapse")
RANDOM_SYNAPSES = ("SimpleStochasticSynapse", "StochasticTsodyksMarkramSynapse", "MultiQuantalSynapse")


@dataclass
class Cells:
    """A population.

    values     parameters by name: a number, or a list of one for each cell
    initial    state variables, likewise
    recorded   cells, in lists that are recorded one after the other
    """

    kind: str
    size: int
    values: dict
    initial: dict = field(default_factory=dict)
    variables: list = field(default_factory=list)
    recorded: list = field(default_factory=list)
    interval: int = 1

    @property
    def is_source(self):
        return self.kind in SOURCES


@dataclass
class Selection:
    """Cells: of a population, view or assembly. `parts` are (index of the population, selector), where
    a selector is None for all cells, a slice, or a list of indices."""

    parts: list

    def cells(self, spec):
        """(population, cell) of each."""
        found = []
        for p, selector in self.parts:
            indices = np.arange(spec.cells[p].size)
            found += [(p, int(i)) for i in (indices if selector is None else indices[selector])]
        return found


@dataclass
class Connections:
    """A projection. connector: name and arguments; weight, delay (ms): a number, or (low, high, seed)."""

    pre: Selection
    post: Selection
    receptor: str
    connector: tuple
    weight: object
    delay: object
    synapse: tuple = ("StaticSynapse", {})  # name and parameters, see `synapse`


@dataclass
class Injection:
    """A current.

    kind      "DC", "Step", "AC" or "Noise"
    times     ms: start and stop, or when a step current changes
    levels    nA: the amplitude, amplitudes, offset and amplitude, mean and standard deviation
    others    of AC: frequency (Hz) and phase (degrees); of noise: interval (steps) and how many noise
              currents come before
    into      Selections
    """

    kind: str
    times: list
    levels: list
    others: tuple
    into: list

    def source(self, dt):
        """The current source in PyNN."""
        if self.kind == "Step":
            return sim.StepCurrentSource(times=self.times, amplitudes=self.levels)
        start, stop = self.times
        if self.kind == "DC":
            return sim.DCSource(amplitude=self.levels[0], start=start, stop=stop)
        if self.kind == "AC":
            offset, amplitude = self.levels
            frequency, phase = self.others
            return sim.ACSource(
                offset=offset, amplitude=amplitude, frequency=frequency, phase=phase, start=start, stop=stop
            )
        mean, stdev = self.levels
        return sim.NoisyCurrentSource(mean=mean, stdev=stdev, dt=self.others[0] * dt, start=start, stop=stop)

    def parameters(self, levels):
        """The levels as PyNN's parameters."""
        return {
            "DC": lambda amplitude: {"amplitude": amplitude},
            "Step": lambda *amplitudes: {"amplitudes": list(amplitudes)},
            "AC": lambda offset, amplitude: {"offset": offset, "amplitude": amplitude},
            "Noise": lambda mean, stdev: {"mean": mean, "stdev": stdev},
        }[self.kind](*levels)

    def naive_source(self, spec):
        steps = [int(np.rint(t / spec.dt)) for t in self.times]
        if self.kind == "Step":
            return naive.Current(steps, self.levels)
        if self.kind == "DC":
            return naive.Current(steps, [*self.levels, 0.0])
        if self.kind == "AC":
            frequency, phase = self.others
            return naive.Sine(*steps, frequency * spec.dt / 1000.0, np.deg2rad(phase), self.levels)
        interval, number = self.others
        return naive.Noise(
            *steps, interval, lambda trial: Numbers("noise_value", number, spec.seed, trial), self.levels
        )


@dataclass
class Spec:
    """A network and what is done with it: actions (name, arguments...), see `Engine` and `Naive`."""

    dt: float
    seed: int
    cells: list
    connections: list
    injections: list
    program: list

    @property
    def on_arrival(self):
        """Whether static connections with several delays count as so many that they are delivered when
        spikes arrive."""
        return self.seed % 2 == 1


# --- drawing -------------------------------------------------------------------------------------------


def near(rng, steps, dt):
    """A time (ms) that is nearest to `steps`."""
    return float((steps + (rng.uniform(-0.4, 0.4) if rng.random() < 0.5 and steps else 0.0)) * dt)


def spike_times(draw, rng, size, dt, after=0):
    """Spike times (ms) of each cell, on and off the grid, sometimes several in a step."""
    times = []
    for _ in range(size):
        steps = after + np.sort(rng.integers(0, 60, size=rng.integers(0, 12)))
        off = np.where(rng.random(len(steps)) < 0.5, 0.0, rng.uniform(-0.9, -0.1, len(steps)))
        times.append(sorted(np.maximum((steps + off) * dt, 0.0).tolist()))
    return times


def parameter(draw, rng, kind, name, size, dt):
    """A value of a parameter of a cell type: a number, or one for each cell."""
    n = size if draw(st.booleans()) else None
    if name == "tau_refrac":
        drawn = [near(rng, int(s), dt) for s in rng.integers(0, 9, size=n or 1)]
        return drawn if n else drawn[0]
    low, high = CELLS[kind].ranges[name]
    values = rng.uniform(low, high, size=(n or 1, *np.shape(low))).tolist()
    return values if n else values[0]


def initial_value(draw, rng, kind, name, size):
    n = size if draw(st.booleans()) else None
    values = rng.uniform(*CELLS[kind].initial[name], size=n)
    return values.tolist() if n else float(values)


def cells(draw, rng, kind, size, dt):
    celltype = CELLS[kind]
    values = {name: parameter(draw, rng, kind, name, size, dt) for name in celltype.ranges}
    if "tau_syn_E" in values and draw(st.integers(0, 4)) == 0:
        values["tau_syn_E"] = values["tau_m"] if "tau_m" in values else 2.0
    names = draw(st.sets(st.sampled_from(sorted(celltype.initial))))
    initial = {name: initial_value(draw, rng, kind, name, size) for name in sorted(names)}
    initial = celltype.start | initial
    recorded = sorted(draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=6)))
    at = draw(st.integers(0, len(recorded)))
    recorded = draw(st.sampled_from([[list(range(size))], [recorded], [recorded[at:], recorded[:at]]]))
    return Cells(
        kind,
        size,
        values,
        initial,
        variables=sorted(draw(st.sets(st.sampled_from(celltype.recordable), min_size=1))),
        recorded=[part for part in recorded if part],
        interval=draw(st.integers(1, 4)),
    )


def sources(draw, rng, kind, dt):
    size = draw(st.integers(1, 5))
    if kind == "SpikeSourceArray":
        values = {"spike_times": spike_times(draw, rng, size, dt)}
    else:
        values = {"start": near(rng, 3, dt)}
    if kind == "SpikeSourcePoisson":
        values |= {"rate": rng.uniform(0.0, 300.0 / dt, size=size).tolist()}
    if kind in RENEWAL:
        values |= {"duration": near(rng, int(rng.integers(0, 300)), dt)}
    if kind == "SpikeSourcePoissonRefractory":
        rate = rng.uniform(1.0, 300.0, size=size) / dt
        values |= {"rate": rate.tolist(), "tau_refrac": (rng.random(size) * 900.0 / rate).tolist()}
    if kind == "SpikeSourceGamma":
        alpha = rng.uniform(0.3, 5.0, size=size)
        values |= {"alpha": alpha.tolist(), "beta": (alpha * rng.uniform(1.0, 300.0, size) / dt).tolist()}
    if kind == "SpikeSourceInhGamma":
        bins = [gamma_bins(rng, dt) for _ in range(size)]
        bins = bins if draw(st.booleans()) else bins[:1] * size
        values |= {name: [cell[name] for cell in bins] for name in ("tbins", "a", "b")}
    return Cells(kind, size, values, recorded=[list(range(size))])


def gamma_bins(rng, dt):
    """Parameters of one cell whose intervals are gamma distributed."""
    n = int(rng.integers(1, 6))
    a = rng.uniform(0.3, 5.0, size=n)
    tbins = np.cumsum(rng.uniform(-5.0, 40.0, size=1).tolist() + rng.uniform(0.1, 40.0, size=n - 1).tolist())
    return {"tbins": (tbins * dt).tolist(), "a": a.tolist(),
            "b": (rng.uniform(2.0, 60.0, size=n) * dt / 1000.0 / a).tolist()}  # fmt: skip


def selector(draw, size):
    how = draw(st.sampled_from(["all", "all", "slice", "list"]))
    if how == "slice":
        step = draw(st.integers(1, 3))
        return slice(draw(st.integers(0, size - 1)), size, step)
    if how == "list":
        return sorted(draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=8)))
    return None


def selection(draw, spec_cells, choose_from):
    chosen = draw(st.lists(st.sampled_from(choose_from), min_size=1, max_size=2, unique=True))
    return Selection([(p, selector(draw, spec_cells[p].size)) for p in chosen])


def synapse(draw, rng, name, weight):
    """A synapse type and its parameters; for STDPMechanism also "rule" and "dependence"."""
    release = {"U": rng.uniform(0.05, 1.0), "tau_rec": rng.uniform(1.0, 100.0),
               "tau_facil": draw(st.sampled_from([0.0, 20.0]))}  # fmt: skip
    if name == "STDPMechanism":
        rule, dependence = draw(st.sampled_from(list(RULES))), draw(st.sampled_from(list(DEPENDENCES)))
        ranges = {"tau_plus": (5, 40), "tau_minus": (5, 40), "A_plus": (0, 0.3), "A_minus": (0, 0.3),
                  "tau": (5, 40), "rho": (0, 0.01), "mu_plus": (0, 1), "mu_minus": (0, 1)}  # fmt: skip
        p = {n: rng.uniform(*ranges[n]) for n in RULES[rule] + DEPENDENCES[dependence] if n in ranges}
        p |= {"w_min": draw(st.sampled_from([0.0, 0.3])) * weight, "w_max": 1.5 * weight}
        p |= {"rule": rule, "dependence": dependence}
        p["dendritic_delay_fraction"] = draw(st.sampled_from([0.0, 1.0, 0.5, rng.random()]))
        return name, p | ({"eta": 0.2 * weight} if rule == "Vogels2011Rule" else {})
    if name == "SimpleStochasticSynapse":
        return name, {"p": rng.random()}
    if name == "MultiQuantalSynapse":
        return name, release | {"n": draw(st.integers(1, 5))}
    return name, {} if name == "StaticSynapse" else release


def kind_of_target(kind):
    """Whether PyNN calls cells conductance-based (if all receptors are), and the sign of inhibition."""
    negative = CELLS[kind].weight[1] < 0
    if kind.startswith("PointNeuron"):
        return all(receptor.startswith("Cond") for receptor in kind.split()[2:]), negative
    return not negative, negative


def alike(draw, spec_cells, targets):
    """Those of which PyNN makes an assembly that can be a target, with weights of one sign."""
    wanted = kind_of_target(spec_cells[draw(st.sampled_from(targets))].kind)
    return [p for p in targets if kind_of_target(spec_cells[p].kind) == wanted]


def connections(draw, rng, spec, synapses=("StaticSynapse",)):
    kind = draw(st.sampled_from(synapses))
    if kind == "ElectricalSynapse":
        return junctions(draw, rng, spec)
    all_cells = spec.cells
    everything = list(range(len(all_cells)))
    targets = alike(draw, all_cells, [p for p in everything if not all_cells[p].is_source])
    pre, post = selection(draw, all_cells, everything), selection(draw, all_cells, targets)
    receptor = draw(st.integers(0, 1))
    limits = [CELLS[all_cells[p].kind].weight[receptor] for p, _ in post.parts]
    weight = min(limits, key=abs)
    n_pre, n_post = len(pre.cells(spec)), len(post.cells(spec))
    weight /= max(1.0, n_pre / 8)
    drawn, seed = draw(st.booleans()), draw(st.integers(0, 999))
    name, arguments = connector(draw, rng, spec, n_pre, n_post, weight, seed)
    low, high = sorted([0.02 * weight, weight])
    shortest, longest = 1.0 * spec.dt, draw(st.sampled_from([3.0, 20.0])) * spec.dt
    return Connections(
        pre,
        post,
        ("excitatory", "inhibitory")[receptor],
        (name, arguments),
        (low, high, seed + 1) if drawn else float(weight * rng.random()),
        (shortest, longest, seed + 2)
        if draw(st.booleans())
        else near(rng, int(rng.integers(1, 20)), spec.dt),
        synapse(draw, rng, kind, weight),
    )


def junctions(draw, rng, spec):
    """Gap junctions, so weak that a step is short against cm/g.

    They are between cells that can be compared equally well with the naive simulator, since errors of v
    pass through them; for others see test_gap_junctions.py.
    """
    tolerances = {p: CELLS[c.kind].tolerance for p, c in enumerate(spec.cells) if not c.is_source}
    tolerance = draw(st.sampled_from(list(tolerances.values())))
    cells = [p for p, own in tolerances.items() if own == tolerance]
    pre, post = (
        selection(draw, spec.cells, cells),
        selection(draw, spec.cells, alike(draw, spec.cells, cells)),
    )
    n_pre, n_post = len(pre.cells(spec)), len(post.cells(spec))
    cm = min(CELLS[spec.cells[p].kind].least_capacitance for p, _ in pre.parts + post.parts)
    weight = 0.02 * cm / spec.dt / max(n_pre, n_post)
    seed = draw(st.integers(0, 999))
    made = connector(draw, rng, spec, n_pre, n_post, weight, seed)
    weights = (0.02 * weight, weight, seed + 1) if draw(st.booleans()) else float(weight * rng.random())
    return Connections(pre, post, None, made, weights, None, ("ElectricalSynapse", {}))


def connector(draw, rng, spec, n_pre, n_post, weight, seed):
    """The name of a connector, and its arguments."""
    names = ["AllToAll", "OneToOne", "List", "Array", "Probability", "Pre", "Post", "Total"]
    name = draw(st.sampled_from(names))
    return name, {
        "AllToAll": lambda: {"allow_self_connections": draw(st.booleans())},
        "OneToOne": dict,
        "List": lambda: {"rows": connection_list(rng, n_pre, n_post, weight, spec.dt)},
        "Array": lambda: {"array": rng.random((n_pre, n_post)) < 0.5},
        "Probability": lambda: {"p_connect": draw(st.floats(0.1, 1.0)), "seed": seed},
        "Pre": lambda: {"n": draw(st.integers(0, 6)), "seed": seed},
        "Post": lambda: {"n": draw(st.integers(0, 6)), "seed": seed, "with_replacement": draw(st.booleans())},
        "Total": lambda: {"n": draw(st.integers(0, 20)), "seed": seed, "with_replacement": True},
    }[name]()


def connection_list(rng, n_pre, n_post, weight, dt):
    """Rows (pre, post, weight, delay in ms), of which some pairs are there several times."""
    n = int(rng.integers(1, 12))
    rows = [
        (int(i), int(j), weight * rng.random(), near(rng, int(rng.integers(1, 9)), dt))
        for i, j in zip(rng.integers(0, n_pre, n), rng.integers(0, n_post, n), strict=True)
    ]
    return rows + [(i, j, weight * rng.random(), d) for i, j, _, d in rows[: n // 3]]


def injection(draw, rng, spec, targets, random_sources):
    into = [selection(draw, spec.cells, targets) for _ in range(draw(st.integers(1, 2)))]
    kind = draw(st.sampled_from(["DC", "Step", "AC", "Noise"] if random_sources else ["DC", "Step", "AC"]))
    n = draw(st.integers(1, 5)) if kind == "Step" else 2
    steps = np.sort(rng.choice(80, size=n, replace=False))
    times = [near(rng, int(step), spec.dt) for step in steps]
    others = ()
    if kind == "AC":
        others = (float(rng.uniform(0.0, 300.0) / spec.dt), float(rng.uniform(-360.0, 360.0)))
    if kind == "Noise":
        others = (draw(st.integers(1, 6)), sum(i.kind == "Noise" for i in spec.injections))
    return Injection(kind, times, levels_of(rng, spec, kind, into, n), others, into)


def levels_of(rng, spec, kind, into, n):
    """Levels (nA) of a current that is injected into these selections of cells."""
    highest = min(CELLS[spec.cells[p].kind].current for selected in into for p, _ in selected.parts)
    levels = highest * rng.uniform(-0.5, 1.0, size=1 if kind == "DC" else n)
    return np.abs(levels).tolist() if kind == "Noise" else levels.tolist()


def action(draw, rng, spec, names, synapses):
    """One of the actions that `Engine` and `Naive` know."""
    targets = [p for p, c in enumerate(spec.cells) if not c.is_source]
    name = draw(st.sampled_from(names))
    if name in ("set", "initialize"):
        p = draw(st.sampled_from(targets))
        chosen = Selection([(p, selector(draw, spec.cells[p].size))])
        kind, size = spec.cells[p].kind, len(chosen.cells(spec))
        if name == "set":
            what = draw(st.sampled_from(sorted(CELLS[kind].ranges)))
            return (name, chosen, what, parameter(draw, rng, kind, what, size, spec.dt))
        what = draw(st.sampled_from(sorted(CELLS[kind].initial)))
        return (name, chosen, what, initial_value(draw, rng, kind, what, size))
    may_be_set = ("StaticSynapse",) if name == "delays" else ("StaticSynapse", "ElectricalSynapse")
    static = [k for k, c in enumerate(spec.connections) if c.synapse[0] in may_be_set]
    if name in ("weights", "one weight", "delays") and static:
        k = draw(st.sampled_from(static))
        fraction = float(rng.uniform(0.2, 1.0))
        return (name, k, draw(st.booleans()), fraction)
    if name == "spikes":
        p = draw(st.sampled_from([p for p, c in enumerate(spec.cells) if c.kind == "SpikeSourceArray"]))
        return (name, p, spike_times(draw, rng, spec.cells[p].size, spec.dt, after=draw(st.integers(0, 60))))
    if name == "current" and spec.injections:
        k = draw(st.integers(0, len(spec.injections) - 1))
        old = spec.injections[k]
        return (name, k, levels_of(rng, spec, old.kind, old.into, len(old.levels)))
    if name == "connect":
        return (name, connections(draw, rng, spec, synapses))
    return ("reset",) if "reset" in names else ("run", 1)


ALL_ACTIONS = (
    "set",
    "initialize",
    "weights",
    "one weight",
    "delays",
    "spikes",
    "current",
    "connect",
    "reset",
)


@st.composite
def networks(
    draw,
    kinds=tuple(CELLS),
    actions=ALL_ACTIONS,
    random_sources=True,
    large=True,
    synapses=CERTAIN + RANDOM_SYNAPSES,
):
    """A Spec. A reset always comes after a run."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))
    linear = all(CELLS[kind].linear for kind in chosen)
    dt = draw(st.sampled_from([0.1, 0.25, 1.0] if linear else [0.1, 0.05]))
    spec = Spec(dt, draw(st.integers(0, 99)), [], [], [], [])
    biggest = 8 if not large or draw(st.integers(0, 9)) else 140
    spec.cells = [cells(draw, rng, kind, draw(st.integers(1, biggest)), dt) for kind in chosen]
    spec.cells.insert(draw(st.integers(0, len(chosen))), sources(draw, rng, "SpikeSourceArray", dt))
    if random_sources and draw(st.booleans()):
        spec.cells.append(sources(draw, rng, draw(st.sampled_from(RANDOM_SOURCES)), dt))
    targets = [p for p, c in enumerate(spec.cells) if not c.is_source]
    for _ in range(draw(st.integers(1, 4))):
        spec.connections.append(connections(draw, rng, spec, synapses))
    for _ in range(draw(st.integers(0, 2))):
        spec.injections.append(injection(draw, rng, spec, targets, random_sources))
    longest = 60 if linear else 30
    spec.program = [("run", draw(st.integers(1, longest)))]
    for _ in range(draw(st.integers(0, 4)) if actions else 0):
        spec.program += [action(draw, rng, spec, actions, synapses), ("run", draw(st.integers(1, longest)))]
    return spec


# --- through PyNN --------------------------------------------------------------------------------------


class Engine:
    """A network built through PyNN, on which the program has been run."""

    def __init__(self, spec, threads=1):
        self.spec = spec
        sim.setup(timestep=spec.dt, threads=threads, rng_seed=spec.seed)
        self.populations = [self._population(c) for c in spec.cells]
        self.projections, self.made = [], []
        for c in spec.connections:
            self._connect(c)
        self.currents = [self._inject(i) for i in spec.injections]
        for name, *arguments in spec.program:
            getattr(self, "_do_" + name.replace(" ", "_"))(*arguments)

    def _population(self, c):
        population = sim.Population(c.size, package_celltype(c.kind, c.values), initial_values=c.initial)
        for part in c.recorded:
            view = population if len(part) == c.size else population[part]
            view.record("spikes")
            if c.variables:
                view.record(c.variables, sampling_interval=c.interval * self.spec.dt)
        return population

    def _selected(self, selection):
        parts = [
            self.populations[p] if chosen is None else self.populations[p][chosen]
            for p, chosen in selection.parts
        ]
        return parts[0] if len(parts) == 1 else sim.Assembly(*parts)

    def _connect(self, c):
        synapse = _synapse_type(*c.synapse, _value(c.weight), _value(c.delay))
        with pytest.MonkeyPatch.context() as patch:
            if self.spec.on_arrival:
                patch.setattr("pyNN_fastsim.engine.synapses.arrival.LONG", 0.0)
            pre, post = self._selected(c.pre), self._selected(c.post)
            connector = _connector(*c.connector, c.synapse[0])
            projection = sim.Projection(pre, post, connector, synapse, receptor_type=c.receptor)
        self.projections.append(projection)
        columns = parameters_of(c.synapse[0])
        self.made.append(projection.get(columns, format="list"))

    def _inject(self, i):
        current = i.source(self.spec.dt)
        for selection in i.into:
            current.inject_into(self._selected(selection))
        return current

    def _do_run(self, steps):
        sim.run(steps * self.spec.dt)

    def _do_reset(self):
        sim.reset()

    def _do_set(self, selection, name, value):
        self._selected(selection).set(**{name: value})

    def _do_initialize(self, selection, name, value):
        self._selected(selection).initialize(**{name: value})

    def _do_weights(self, k, as_list, fraction):
        projection = self.projections[k]
        old = [row[2:] for row in projection.get(["weight"], format="list")]
        if as_list:
            projection.set(weight=new_weights(projection.get(["weight"], format="list"), fraction))
        elif old:
            projection.set(weight=old[0][0] * fraction)

    def _do_one_weight(self, k, last, fraction):
        projection = self.projections[k]
        if len(projection):
            connection = projection[len(projection) - 1 if last else len(projection) // 2]
            connection.weight = connection.weight * fraction

    def _do_delays(self, k, as_list, fraction):
        delays = [row[2:] for row in self.projections[k].get(["delay"], format="list")]
        if delays:
            self.projections[k].set(delay=new_delay(fraction, self.spec.dt))

    def _do_spikes(self, p, times):
        self.populations[p].set(spike_times=times)

    def _do_current(self, k, levels):
        self.currents[k].set_parameters(**self.spec.injections[k].parameters(levels))

    def _do_connect(self, c):
        self._connect(c)

    def plastic_weights(self):
        """Weights, as Naive.plastic_weights."""
        return [
            [weight for *_, weight in projection.get("weight", format="list")]
            for c, projection in zip(self.spec.connections, self.projections, strict=False)
            if c.synapse[0] == "STDPMechanism" and c.synapse[1]["dendritic_delay_fraction"] in (0.0, 1.0)
        ]

    def results(self):
        """For each population and trial: {"spikes": sorted (step, cell), variable: samples}."""
        return [self._results_of(population) for population in self.populations]

    def _results_of(self, population):
        trials = []
        for segment in population.get_data().segments:
            ids, times = segment.spiketrains.multiplexed
            steps = np.rint(np.asarray(times) / self.spec.dt).astype(int)
            spikes = sorted(zip(steps.tolist(), (ids - population.first_id).tolist(), strict=True))
            trial = {"spikes": spikes}
            for signal in segment.analogsignals:
                order = np.argsort(signal.array_annotations["channel_index"])
                trial[signal.name] = np.asarray(signal)[:, order]
            trials.append(trial)
        return trials


def _value(value):
    if not isinstance(value, tuple):
        return value
    low, high, seed = value
    return RandomDistribution("uniform", low=low, high=high, rng=NumpyRNG(seed=seed))


def parameters_of(synapse):
    """Names of the columns of a list of connections; gap junctions have no delay."""
    return ["weight"] if synapse == "ElectricalSynapse" else ["weight", "delay"]


def _synapse_type(name, p, weight, delay):
    if name == "ElectricalSynapse":
        return sim.ElectricalSynapse(weight=weight)
    if name != "STDPMechanism":
        return getattr(sim, name)(weight=weight, delay=delay, **p)
    return sim.STDPMechanism(
        getattr(sim, p["rule"])(**{n: p[n] for n in RULES[p["rule"]]}),
        getattr(sim, p["dependence"])(**{n: p[n] for n in DEPENDENCES[p["dependence"]]}),
        dendritic_delay_fraction=p["dendritic_delay_fraction"],
        weight=weight,
        delay=delay,
    )


def _connector(name, arguments, synapse):
    arguments = dict(arguments)
    if "seed" in arguments:
        arguments["rng"] = NumpyRNG(seed=arguments.pop("seed"))
    if name == "List":
        columns = parameters_of(synapse)
        rows = [row[: 2 + len(columns)] for row in arguments["rows"]]
        return sim.FromListConnector(rows, column_names=columns)
    class_name = {
        "Probability": "FixedProbability", "Pre": "FixedNumberPre", "Post": "FixedNumberPost",
        "Total": "FixedTotalNumber",
    }.get(name, name)  # fmt: skip
    return getattr(sim, class_name + "Connector")(**arguments)


def new_weights(made, fraction):
    """New weights for connections (pre, post, weight), in the order of (pre, post)."""
    by_pair = sorted(made, key=lambda row: row[:2])
    return [row[2] * (fraction if k % 2 else 1.0) for k, row in enumerate(by_pair)]


def new_delay(fraction, dt):
    """ms."""
    return (1 + round(fraction * 30)) * dt


# --- in the naive simulator ----------------------------------------------------------------------------


def expected_connections(spec, c):
    """The connections that a deterministic connector makes, (pre, post[, weight[, delay]]); else None."""
    pre, post = c.pre.cells(spec), c.post.cells(spec)
    name, arguments = c.connector
    if name == "AllToAll":
        return [
            (i, j)
            for j, target in enumerate(post)
            for i, source in enumerate(pre)
            if source != target or arguments["allow_self_connections"]
        ]
    if name == "OneToOne":
        return [(i, i) for i in range(min(len(pre), len(post)))]
    if name == "Array":
        return [(int(i), int(j)) for i, j in np.argwhere(arguments["array"])]
    if name == "List":
        return [row[: 2 + len(parameters_of(c.synapse[0]))] for row in arguments["rows"]]
    return None


class Naive:
    """The same network and program in the naive simulator; needs what connectors and Poisson sources of
    an `Engine` drew."""

    def __init__(self, spec, engine):
        self.spec = spec
        self.network = naive.Network(spec.dt)
        self.n_random_groups = 0
        self.poisson = {
            p: [trial["spikes"] for trial in engine._results_of(engine.populations[p])]
            for p, c in enumerate(spec.cells)
            if c.kind == "SpikeSourcePoisson"
        }
        self.trials = [[] for _ in spec.cells]
        self.nearest = np.inf
        self.network.populations = [self._population(p, c) for p, c in enumerate(spec.cells)]
        self.made = iter(engine.made)
        for c in spec.connections:
            self._do_connect(c)
        self.currents = [self._inject(i) for i in spec.injections]
        for name, *arguments in spec.program:
            getattr(self, "_do_" + name.replace(" ", "_"))(*arguments)
        self._keep()

    def _population(self, p, c):
        if c.kind == "SpikeSourceArray":
            return naive.Source(self._steps(c.values["spike_times"]))
        if c.kind in RANDOM_SOURCES:
            return naive.Source(self._drawn(p, trial=0))
        key = self.spec.seed, sum(other.kind == c.kind for other in self.spec.cells[:p])
        return naive.Population(c.kind, c.size, c.values, c.initial, self.spec.dt, c.interval, key)

    def _steps(self, times):
        return [[int(np.ceil(t / self.spec.dt - 1e-6)) for t in cell] for cell in times]

    def _drawn(self, p, trial):
        """The steps at which each cell of a random source spikes in a trial."""
        c = self.spec.cells[p]
        if c.kind in RENEWAL:
            return [self._renewal_steps(p, cell, trial) for cell in range(c.size)]
        spikes = self.poisson[p][trial]
        return [[step for step, i in spikes if i == cell] for cell in range(c.size)]

    def _renewal_steps(self, p, cell, trial):
        c = self.spec.cells[p]
        until = sum(arguments[0] for name, *arguments in self.spec.program if name == "run")
        values = {name: value[cell] if isinstance(value, list) else value for name, value in c.values.items()}
        pieces = naive_sources.pieces_of(c.kind, values, self.spec.dt)
        numbers = Numbers(RENEWAL[c.kind], 0, self.spec.seed, trial, cell)
        return [int(np.ceil(t)) for t in naive_sources.spikes(pieces, numbers, until)]

    def _do_connect(self, c):
        pre, post = c.pre.cells(self.spec), c.post.cells(self.spec)
        populations = self.network.populations

        def of(cell):
            return populations[cell[0]], cell[1]

        rows = next(self.made)
        made = [
            naive.Connection(of(pre[i]), of(post[j]), weight, self._delay_steps(*delay))
            for i, j, weight, *delay in rows
        ]
        if c.synapse[0] not in ("StaticSynapse", "ElectricalSynapse"):
            pairs = [(pre[i], post[j]) for i, j, *_ in rows]
            places = self._places(pairs, [(p, q) for p, _ in c.pre.parts for q, _ in c.post.parts], c.synapse)
            for m, (group, index) in zip(made, places, strict=True):
                m.synapse = self._synapse(m, *c.synapse, c.receptor, group, index)
        is_electrical = c.synapse[0] == "ElectricalSynapse"
        projection = naive.Junctions(made) if is_electrical else naive.Projection(c.receptor, made)
        projection.pairs = {id(m): (pre.index((populations.index(m.source[0]), m.source[1])),
                                    post.index((populations.index(m.target[0]), m.target[1])))
                            for m in made}  # fmt: skip
        self.network.connect(projection)

    def _delay_steps(self, delay=0.0):
        return max(1, int(np.rint(delay / self.spec.dt)))

    def _places(self, pairs, groups, synapse):
        """For each pair of connected cells the number of its group, and the place in it; `groups`
        are the pairs of populations in the order in which they are connected."""
        places = [None] * len(pairs)
        for group in groups:
            mine = [k for k, (source, target) in enumerate(pairs) if (source[0], target[0]) == group]
            for index, k in enumerate(sorted(mine, key=lambda k: (pairs[k][0][1], pairs[k][1][1]))):
                places[k] = (self.n_random_groups, index)
            self.n_random_groups += bool(mine) and synapse[0] in RANDOM_SYNAPSES
        return places

    def _synapse(self, connection, name, p, receptor, group, index):
        dt, (population, cell) = self.spec.dt, connection.target
        if name == "STDPMechanism":
            return synapses.Plastic(p["rule"], p["dependence"], p, connection.weight, connection.delay * dt)
        tau = {"excitatory": "tau_syn_E", "inhibitory": "tau_syn_I"}[receptor]
        if tau not in population.p:  # of a point neuron
            tau = f"{receptor}.tau_syn"

        def draw(number):
            trial = self.network.trial
            return Numbers("synapses", group, self.spec.seed, trial, index).uniform(number)

        def tau_psc():
            return population.p[tau][cell] if tau in population.p else 0.0

        return synapses.ShortTerm(name, p, connection.weight, self.network.k * dt, tau_psc, draw)

    def plastic_weights(self):
        """(connection number of each projection, weights) of those where the present is well defined."""
        found = []
        for c, projection in zip(self.spec.connections, self.network.projections, strict=False):
            if c.synapse[0] == "STDPMechanism" and c.synapse[1]["dendritic_delay_fraction"] in (0.0, 1.0):
                early = self.spec.dt * (1 - c.synapse[1]["dendritic_delay_fraction"])
                now = self.network.k * self.spec.dt
                found.append([m.synapse.weight(now, early=early) for m in projection.connections])
        return found

    def _inject(self, i):
        current = i.naive_source(self.spec)
        for selection in i.into:
            for p, cell in selection.cells(self.spec):
                self.network.populations[p].currents.append((current, [cell]))
        return current

    def _do_run(self, steps):
        self.network.run(steps)

    def _do_reset(self):
        self._keep()
        self.network.reset()
        for p, c in enumerate(self.spec.cells):
            if c.kind in RANDOM_SOURCES:
                self.network.populations[p].steps = self._drawn(p, trial=len(self.trials[p]))
        for current in self.currents:
            if isinstance(current, naive.Noise):
                current.trial += 1

    def _at(self, selection):
        ((p, chosen),) = selection.parts
        return self.network.populations[p], slice(None) if chosen is None else chosen

    def _do_set(self, selection, name, value):
        population, chosen = self._at(selection)
        population.set(chosen, name, value)

    def _do_initialize(self, selection, name, value):
        population, chosen = self._at(selection)
        population.initialize(chosen, name, value)

    def _do_weights(self, k, as_list, fraction):
        projection = self.network.projections[k]
        if as_list:
            rows = [(*projection.pairs[id(c)], c.weight) for c in projection.connections]
            order = sorted(range(len(rows)), key=lambda index: rows[index][:2])
            for index, weight in zip(order, new_weights(rows, fraction), strict=True):
                projection.connections[index].weight = weight
        elif projection.connections:
            weight = projection.connections[0].weight * fraction
            for connection in projection.connections:
                connection.weight = weight

    def _do_one_weight(self, k, last, fraction):
        made = self.network.projections[k].connections
        if made:
            made[len(made) - 1 if last else len(made) // 2].weight *= fraction

    def _do_delays(self, k, as_list, fraction):
        for connection in self.network.projections[k].connections:
            connection.delay = round(new_delay(fraction, 1.0))

    def _do_spikes(self, p, times):
        self.network.populations[p].steps = self._steps(times)

    def _do_current(self, k, levels):
        current = self.currents[k]
        if isinstance(current, naive.Current):
            now = replace(self.spec.injections[k], levels=levels).naive_source(self.spec)
            current.changes = now.changes
        else:
            current.set(*levels)

    def _keep(self):
        """Keep what this trial has recorded."""
        for p, (population, c) in enumerate(zip(self.network.populations, self.spec.cells, strict=True)):
            cells = sorted(cell for part in c.recorded for cell in part)
            trial = {"spikes": sorted(s for s in population.spikes if s[1] in cells)}
            for name in c.variables:
                trial[name] = np.array([y[name][cells] for _, y in population.samples])
            self.nearest = min(self.nearest, getattr(population, "nearest", np.inf))
            self.trials[p].append(trial)

    def results(self):
        return self.trials
