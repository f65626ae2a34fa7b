"""
Hybrid networks of graded units and spiking cells, drawn by hypothesis, against the naive simulator: sums over
connections, delays, learning, rates of spikes, currents, what all cells of a population have in common;
runs in pieces, changes between runs, resets, threads.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from naive import graded as naive

import pyNN_fastsim as sim

pytestmark = pytest.mark.usefixtures("always_threads")

DT = 0.5
EULER = sim.Neuron(
    parameters={"tau": 10.0, "B": 0.0},
    equations="""
        tau * dv/dt + v = sum(exc) - sum(inh) + B + 0.1 * mean(r) - 0.05 * max(r) + 0.01 * min(r)
            + 0.02 * norm1(r) - 0.03 * norm2(r) : explicit
        r = pos(v) : max = 3
    """,
    name="EulerUnit",
)
SPIKING = sim.Neuron(
    parameters={"tau": 10.0, "I": 0.0},
    equations="tau * dv/dt = -v + I + sum(exc) + 5 * g_syn + i_injected : explicit",
    spike="v >= 1",
    reset="v = 0",
    name="SpikingUnit",
)
CELLTYPES = {"leaky": sim.LeakyIntegrator, "euler": EULER, "spiking": SPIKING}
LEARNING = sim.Synapse(
    parameters={"eta": 0.01, "tau": 20.0},
    equations="""
        tau * dtheta/dt = post.v^2 - theta : postsynaptic
        x = pre.r * post.v
        trace = 0.9 * trace + 0.1 * x : init = 0
        dw/dt = eta * (x - theta * w + 0.1 * trace) : min = -0.8, max = 0.8
    """,
    name="LearningSynapse",
)
PSP = {
    operation: sim.Synapse(psp="w * tanh(pre.r - 0.1 * post.v)", operation=operation, name=f"Psp_{operation}")
    for operation in ("sum", "mean", "max", "min")
}


@dataclass
class Population:
    kind: str
    n: int
    seed: int

    def parameters(self):
        rng = np.random.default_rng(self.seed)
        if self.kind == "spiking":
            return {"tau": rng.uniform(5, 15, self.n), "I": rng.uniform(0.5, 1.4, self.n)}
        given = {"tau": float(rng.uniform(5, 15)), "B": rng.uniform(-0.2, 1.0, self.n)}
        return given | ({"T": 0.1} if self.kind == "leaky" else {})


@dataclass
class Projection:
    """pre, post: lists of (population, selector), a slice or a list of indices, or None."""

    kind: str
    pre: list
    post: list
    receptor: str
    density: float
    shared: tuple  # whether weights, delays are
    longest: int
    operation: str
    seed: int


@dataclass
class Spec:
    populations: list
    projections: list
    actions: list = field(default_factory=list)  # (steps, what is done after these)


@st.composite
def selections(draw, populations, kinds, several):
    chosen = []
    candidates = [k for k, p in enumerate(populations) if p.kind in kinds]
    for k in draw(st.lists(st.sampled_from(candidates), min_size=1, max_size=several, unique=True)):
        n = populations[k].n
        selector = draw(
            st.one_of(
                st.none(),
                st.integers(0, n - 1).map(lambda first, n=n: slice(first, n)),
                st.sets(st.integers(0, n - 1), min_size=1).map(sorted),
            )
        )
        chosen.append((k, selector))
    return chosen


@st.composite
def specs(draw):
    populations = [Population("leaky", draw(st.integers(1, 7)), draw(st.integers(0, 99)))]
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["leaky", "euler", "spiking"]))
        populations.append(Population(kind, draw(st.integers(1, 9)), draw(st.integers(0, 99))))
    there = {p.kind for p in populations}
    kinds = ["static", "static", "psp", "learning"] + (["rate", "spikes"] if "spiking" in there else [])
    units = there - {"spiking"}
    projections = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(kinds))
        several = 1 if kind == "psp" else 2
        pre = draw(selections(populations, {"spiking"} if kind in ("rate", "spikes") else units, several))
        to_spiking = kind == "spikes" or ("spiking" in there and draw(st.booleans()))
        post = draw(selections(populations, {"spiking"} if to_spiking else units, 2))
        receptors = ["excitatory", "current"] if to_spiking else ["excitatory", "inhibitory"]
        receptor = "syn" if kind == "spikes" else draw(st.sampled_from(receptors))
        projections.append(
            Projection(
                kind,
                pre,
                post,
                receptor,
                draw(st.sampled_from([0.3, 0.8, 1.0, -1.0])),  # -1: one to one
                (draw(st.booleans()), draw(st.booleans())),
                draw(st.sampled_from([0, 1, 2, 5, 9, 14])),
                draw(st.sampled_from(list(PSP))),
                draw(st.integers(0, 99)),
            )
        )
    actions = draw(
        st.lists(
            st.tuples(
                st.integers(1, 12),
                st.sampled_from(["nothing", "weights", "delays", "off", "on", "period", "v", "reset", "tau"]),
                st.integers(0, 5),
            ),
            min_size=1,
            max_size=4,
        )
    )
    return Spec(populations, projections, [*actions, (draw(st.integers(1, 20)), "nothing", 0)])


def places(spec, chosen):
    """(population, cell) of each cell of a selection."""
    found = []
    for k, selector in chosen:
        indices = np.arange(spec.populations[k].n)
        found += [(k, int(i)) for i in (indices if selector is None else indices[selector])]
    return found


def numbers(spec, p):
    """(pairs of places, weights, delays in steps, eta) of a projection, by (post, pre)."""
    rng = np.random.default_rng(p.seed)
    n_pre, n_post = len(places(spec, p.pre)), len(places(spec, p.post))
    matrix = np.eye(n_pre, n_post, dtype=bool) if p.density < 0 else rng.random((n_pre, n_post)) < p.density
    size = 0.002 if p.kind == "rate" else 0.3 / max(n_pre, 1)
    weights = rng.uniform(-0.2 * size, size, (n_pre, n_post))
    least = 1 if p.kind == "spikes" else 0
    delays = rng.integers(least, max(p.longest, least) + 1, (n_pre, n_post))
    if p.shared[0]:
        weights[:] = weights[0, 0]
    if p.shared[1]:
        delays[:] = delays[0, 0]
    return matrix, weights, delays, rng.uniform(0.001, 0.05, (n_pre, n_post))


class Engine:
    def __init__(self, spec, threads=1):
        self.spec = spec
        sim.setup(timestep=DT, threads=threads, rng_seed=1)
        self.cells = [sim.Population(p.n, CELLTYPES[p.kind](**p.parameters())) for p in spec.populations]
        for cells in self.cells:
            cells.record(["v", "spikes"] if isinstance(cells.celltype, SPIKING) else "v")
        self.projections = [self._project(p) for p in spec.projections]
        self.trials = []

    def _selection(self, chosen):
        some = [self.cells[k] if sel is None else self.cells[k][sel] for k, sel in chosen]
        return some[0] if len(some) == 1 else sim.Assembly(*some)

    def _project(self, p):
        matrix, weights, delays, eta = numbers(self.spec, p)
        values = {
            "weight": float(weights[0, 0]) if p.shared[0] else weights,
            "delay": float(delays[0, 0]) * DT if p.shared[1] else delays * DT,
        }
        kinds = {
            "static": sim.StaticSynapse,
            "spikes": sim.StaticSynapse,
            "psp": PSP[p.operation],
            "learning": lambda **v: LEARNING(eta=eta, **v),
            "rate": lambda **v: sim.RateFromSpikes(tau=20.0, **v),
        }
        connector = sim.ArrayConnector(matrix)
        if matrix.all():
            connector = sim.AllToAllConnector()
        elif p.density < 0 and matrix.shape[0] == matrix.shape[1]:
            connector = sim.OneToOneConnector()
        synapse = kinds[p.kind](**values)
        return sim.Projection(
            self._selection(p.pre), self._selection(p.post), connector, synapse, receptor_type=p.receptor
        )

    def run(self, steps):
        sim.run(steps * DT)

    def act(self, what, number):
        spec = self.spec
        chosen = spec.projections[number % len(spec.projections)]
        projection = self.projections[number % len(spec.projections)]
        if what == "weights":
            projection.set(weight=new_weight(number))
        elif what == "delays" and chosen.kind != "spikes":
            projection.set(delay=new_delay(spec, chosen, number) * DT)
        elif what in ("on", "off", "period") and chosen.kind == "learning":
            if what == "off":
                projection.disable_learning()
            else:
                projection.enable_learning(**({"period": 3 * DT, "offset": DT} if what == "period" else {}))
        elif what == "v":
            self.cells[number % len(self.cells)].initialize(v=0.05 * number)
        elif what == "tau":
            self.cells[number % len(self.cells)].set(tau=6.0 + number)
        elif what == "reset":
            sim.reset()

    def results(self):
        found = []
        for cells in self.cells:
            trials = []
            for segment in cells.get_data().segments:
                spikes = [
                    (int(round(float(t) / DT)), i)
                    for i, train in enumerate(segment.spiketrains)
                    for t in train.magnitude
                ]
                trials.append((segment.filter(name="v")[0].magnitude, sorted(spikes)))
            found.append(trials)
        weights = [np.array(p.get("weight", "list", with_address=True)) for p in self.projections]
        return found, weights


def new_weight(number):
    return 0.01 * (number + 1)


def new_delay(spec, p, number):
    """No longer than those that there were: of what is older, less is known."""
    matrix, _, delays, _ = numbers(spec, p)
    return int(delays[matrix].min(initial=1)) if number % 2 else 0


class Naive:
    def __init__(self, spec):
        self.spec = spec
        self.cells = [naive.Cells(p.kind, p.n, p.parameters(), DT) for p in spec.populations]
        self.connections = [self._connect(p) for p in spec.projections]
        self.network = naive.Network(self.cells, self.connections, DT)
        self.earlier = [[] for _ in self.cells]

    def _connect(self, p):
        matrix, weights, delays, eta = numbers(self.spec, p)
        which = [(i, j) for j in range(matrix.shape[1]) for i in range(matrix.shape[0]) if matrix[i, j]]
        ends = [[(self.cells[k], i) for k, i in places(self.spec, chosen)] for chosen in (p.pre, p.post)]
        receptor = "spikes" if p.receptor == "syn" else p.receptor
        values = [[float(each[i, j]) for i, j in which] for each in (weights, delays, eta)]
        made = naive.Connections(
            p.kind, *ends, which, receptor, values[0], [int(d) for d in values[1]],
            p.operation if p.kind == "psp" else "sum", values[2],
        )  # fmt: skip
        made.which = which
        return made

    def run(self, steps):
        self.network.run(steps)

    def act(self, what, number):
        spec, network = self.spec, self.network
        chosen = spec.projections[number % len(spec.projections)]
        made = self.connections[number % len(spec.projections)]
        if what == "weights":
            if made.kind == "learning" or network.step == 0:
                made.w = [new_weight(number)] * len(made.w)
                if network.step == 0:
                    made.initial_weights = list(made.w)
            else:
                made.w = [new_weight(number)] * len(made.w)
        elif what == "delays" and chosen.kind != "spikes":
            made.delays = [new_delay(spec, chosen, number)] * len(made.w)
        elif what in ("on", "off", "period") and chosen.kind == "learning":
            made.learns = what != "off"
            if what != "off":
                made.period = 3 if what == "period" else 1
                made.offset = (network.step % 3 + 1) % 3 if what == "period" else 0
        elif what == "v":
            cells = self.cells[number % len(self.cells)]
            cells.initial["v"][:] = 0.05 * number
            cells.v[:] = 0.05 * number
            cells.past[-1] = {**cells.past[-1], "v": cells.v.copy()}
        elif what == "tau":
            self.cells[number % len(self.cells)].p["tau"][:] = 6.0 + number
        elif what == "reset":
            for cells, earlier in zip(self.cells, self.earlier, strict=True):
                earlier.append((np.array(cells.samples), sorted(cells.spikes)))
            network.reset()

    def results(self):
        found = [
            [*earlier, (np.array(cells.samples), sorted(cells.spikes))]
            for cells, earlier in zip(self.cells, self.earlier, strict=True)
        ]
        return found, [np.array([(*w, c.w[k]) for k, w in enumerate(c.which)]) for c in self.connections]


def simulated(simulator):
    for steps, what, number in simulator.spec.actions:
        simulator.run(steps)
        simulator.act(what, number)
    return simulator.results()


@given(specs())
def test_hybrid_networks_agree_with_the_naive_simulator(spec):
    expected = Naive(spec)
    cells, weights = simulated(expected)
    assume(all(each.nearest > 1e-9 for each in expected.cells))
    found, found_weights = simulated(Engine(spec))
    for trials, expected_trials in zip(found, cells, strict=True):
        assert len(trials) == len(expected_trials)
        for (v, spikes), (expected_v, expected_spikes) in zip(trials, expected_trials, strict=True):
            assert spikes == expected_spikes
            np.testing.assert_allclose(v, expected_v, rtol=1e-9, atol=1e-11)
    for w, expected_w in zip(found_weights, weights, strict=True):
        np.testing.assert_allclose(w.reshape(-1, 3), expected_w.reshape(-1, 3), rtol=1e-9, atol=1e-12)


@given(specs(), st.integers(2, 4))
def test_threads_and_pieces_make_no_difference(spec, threads):
    expected, expected_weights = simulated(Engine(spec))
    found, weights = simulated(Engine(spec, threads))
    for trials, expected_trials in zip(found, expected, strict=True):
        for (v, spikes), (expected_v, expected_spikes) in zip(trials, expected_trials, strict=True):
            assert spikes == expected_spikes
            np.testing.assert_array_equal(v, expected_v)
    for w, expected_w in zip(weights, expected_weights, strict=True):
        np.testing.assert_array_equal(w, expected_w)
