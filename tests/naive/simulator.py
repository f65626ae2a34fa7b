"""
Networks of the cells in cells.py, one step after the other.

The time t_k = k dt. Step k takes every cell from t_{k-1} to t_k; step 0 is the state before anything has
happened, in which sources may spike. Indices count from 0; delays, times and intervals are in steps.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from .cells import CELLS
from .random import Numbers
from .synapses import Plastic

FASTEST = 1e8  # mV/ms: the rise of a spike is not followed more closely, it is over in less than 1e-6 ms


class Source:
    """Cells that spike at given steps.

    steps   for each cell, the steps at which it spikes; a step may be there several times
    """

    def __init__(self, steps):
        self.steps = steps
        self.n = len(steps)
        self.spikes = []

    def restart(self):
        self.spikes = []

    def spiking(self, k):
        """The cells that spike at step k, as often as they do."""
        return [i for i, steps in enumerate(self.steps) for step in steps if step == k]


class Population:
    """Cells of one type.

    p         parameters, arrays over cells, by name
    y         state, likewise; `initial` is what it is at t_0
    waits     steps for which v still stays where it is
    spikes    (step, cell) of all spikes
    samples   (step, state) of all samples, one every `interval` steps
    nearest   how near v came to the threshold, in units of what the cell type says is a tie
    middle    mV: v that gap junctions see in the next step
    coupling  nA: what comes through them in this step
    key       of random spikes: the seed, and the number of populations of this type made before
    """

    def __init__(self, celltype, n, parameters, initial, dt, interval=1, key=(0, 0)):
        self.name, self.celltype, self.key, self.trial = celltype, CELLS[celltype], key, -1
        self.n, self.dt, self.interval = n, dt, interval
        self.p = {name: self._for_all(name, value) for name, value in parameters.items()}
        initial = self.celltype.variables | initial
        self.initial = {name: np.full(n, value, dtype=float) for name, value in initial.items()}
        self.currents = []
        self.restart()

    def _for_all(self, name, value):
        """A parameter of every cell: float64 [cells], or [cells, length] where it is an array."""
        shape = np.shape(self.celltype.ranges[name][0])
        return np.array(np.broadcast_to(value, (self.n, *shape)), dtype=float)

    def restart(self):
        self.trial += 1
        self.y = {name: value.copy() for name, value in self.initial.items()}
        self.waits = np.zeros(self.n, dtype=int)
        self.spikes, self.samples = [], []
        self.nearest = np.inf
        self.middle, self.coupling = self.y["v"].copy(), np.zeros(self.n)

    def set(self, cells, name, value):
        """Change a parameter of some cells, from now on."""
        self.p[name][cells] = value

    def initialize(self, cells, name, value):
        """Change a variable of some cells, now and at the beginning of the next trial."""
        self.initial[name][cells] = value
        self.y[name][cells] = value
        if name == "v":
            self.middle[cells] = value

    def injected(self, k):
        """The current (nA) that flows into each cell from t_k on."""
        total = self.coupling.copy()
        for current, cells in self.currents:
            np.add.at(total, cells, current.level(k))
        return total

    def advance(self, k, arriving):
        """Go from t_{k-1} to t_k; `arriving` are (receptor, cell, weight). Returns cells that spike."""
        old = self.y
        i = self.injected(k - 1)
        waiting = self.waits > 0
        spiking = np.zeros(self.n, dtype=bool)
        if self.celltype.linear:
            self.y = self._solved_exactly(i)
            self.y["v"][waiting] = old["v"][waiting]
        else:
            self.y = solved(self.celltype, old, self.p, i, waiting, self.dt)
        if self.celltype.within:
            self._jump_within(old, i, waiting, spiking)
        for receptor, cell, weight in arriving:
            p = {name: value[cell] for name, value in self.p.items()}
            variable, jump = self.celltype.arrival[receptor](weight, p)
            if not (variable == "v" and waiting[cell]):
                self.y[variable][cell] += jump
        if self.celltype.log_rate:
            spiking |= self._random(k, old) & ~waiting
            self._jump(spiking)
        threshold = self.celltype.threshold(self.p)
        waiting |= spiking & (self._steps_to_wait() > 0)
        distance = np.abs(self.y["v"] - threshold)
        tie = self.celltype.tie + self.celltype.timing * np.abs(self.y["v"] - old["v"]) / self.dt
        self.nearest = min([self.nearest, *(distance / tie)[~waiting]])
        above = (self.y["v"] >= threshold) & ~waiting
        if self.celltype.jump:
            self._jump(above)
        else:
            above &= old["v"] < threshold
        spiking |= above
        self.waits = np.where(spiking, self._steps_to_wait(), np.maximum(self.waits - 1, 0))
        change = np.where(spiking, 0.0, self.y["v"] - old["v"])
        self.middle = self.y["v"] + 0.5 * change
        return np.flatnonzero(spiking)

    def _random(self, k, old):
        """Which cells have a random spike in a step."""
        x, y = (self.celltype.log_rate(state, self.p) for state in (old, self.y))
        mean = np.where(x == y, np.exp(x), (np.exp(y) - np.exp(x)) / np.where(x == y, 1.0, y - x))
        seed, number = self.key
        streams = [Numbers(self.celltype.noise, number, seed, self.trial, cell) for cell in range(self.n)]
        drawn = [numbers.uniform(k - 1) for numbers in streams]
        return np.array(drawn) > np.exp(-mean * self.dt)

    def _steps_to_wait(self):
        """Steps for which v stays where it is after a spike."""
        if not self.celltype.jump:
            return np.zeros(self.n, dtype=int)
        return np.rint(np.broadcast_to(self.celltype.refractory(self.p), self.n) / self.dt).astype(int)

    def _jump(self, cells):
        for name, value in self.celltype.jump(self.y, self.p).items():
            self.y[name][cells] = value[cells]

    def _jump_within(self, old, i, waiting, spiking):
        """Go through the step again with those cells whose v is above the threshold at its end, from one
        crossing to the next; mark them as spiking."""
        above = self.y["v"] >= self.celltype.threshold(self.p)
        for cell in np.flatnonzero(above & ~waiting):
            y, p = ({name: value[[cell]] for name, value in values.items()} for values in (old, self.p))
            left, stays = self.dt, np.array([False])
            while left > 0.0:
                y, after = solved_until_threshold(self.celltype, y, p, i[[cell]], stays, left)
                left -= after
                if left > 0.0:
                    y |= self.celltype.jump(y, p)
                    spiking[cell] = True
                    stays = np.array([self._steps_to_wait()[cell] > 0])
                    self.nearest = min(self.nearest, left / self.celltype.timing)
            for name, value in y.items():
                self.y[name][cell] = value[0]

    def _solved_exactly(self, i):
        """The state one step later, by the matrix exponential of the linear equations."""
        names = list(self.y)
        result = {name: np.empty(self.n) for name in names}
        for cell in range(self.n):
            p = {name: value[cell] for name, value in self.p.items()}
            y = np.array([self.y[name][cell] for name in names] + [1.0])
            y = propagator(self.name, tuple(p.items()), i[cell], self.dt) @ y
            for name, value in zip(names, y, strict=False):
                result[name][cell] = value
        return result

    def sample(self, k):
        if k % self.interval == 0:
            state = self.y | self.celltype.derived(self.y, self.p)
            self.samples.append((k, {name: value.copy() for name, value in state.items()}))


@lru_cache(maxsize=10_000)
def propagator(celltype, parameters, i, dt):
    """The matrix that takes (state, 1) one step further. The slope is linear: its columns are found by
    trying it on unit vectors."""
    names, p = list(CELLS[celltype].variables), dict(parameters)

    def slope(y):
        slopes = CELLS[celltype].slope(dict(zip(names, y, strict=True)), p, i)
        return np.array([slopes[name] for name in names])

    at_zero = slope(np.zeros(len(names)))
    columns = [slope(unit) - at_zero for unit in np.eye(len(names))]
    matrix = np.zeros((len(names) + 1, len(names) + 1))
    matrix[:-1] = np.array([*columns, at_zero]).T
    return expm(matrix * dt)


def solved(celltype, y, p, i, stays, time, events=None):
    """The state after a time (ms), by numerical integration; v stays where it is in those cells that
    `stays` marks. With `events`, as of solve_ivp, also the time that was reached."""
    names, n = list(y), len(i)
    # What is beyond the threshold, where v may run away to infinity, is of no interest.
    highest = celltype.threshold(p) + 1.0 if celltype.within else np.inf

    def slope(t, values):
        y = dict(zip(names, values.reshape(-1, n), strict=True))
        slopes = celltype.slope(y | {"v": np.minimum(y["v"], highest)}, p, i)
        slopes["v"] = np.where(stays, 0.0, np.minimum(slopes["v"], FASTEST))
        return np.concatenate([slopes[name] for name in names])

    begin = np.concatenate([y[name] for name in names])
    solution = solve_ivp(slope, (0, time), begin, "DOP853", rtol=1e-10, atol=1e-10, events=events)
    assert solution.success, solution.message
    end = dict(zip(names, solution.y[:, -1].reshape(-1, n).copy(), strict=True))
    return (end, solution.t[-1]) if events else end


def solved_until_threshold(celltype, y, p, i, stays, time):
    """The state of one cell when its v reaches the threshold, or after a time (ms); and when that was."""
    where = list(y).index("v")

    def above(t, values):
        return values[where] - celltype.threshold(p)[0]

    above.terminal, above.direction = True, 1
    return solved(celltype, y, p, i, stays, time, above)


class Current:
    """A current that is `levels` (nA) from `steps` on."""

    def __init__(self, steps, levels):
        self.set(steps, levels)

    def set(self, steps, levels):
        self.changes = list(zip(steps, levels, strict=True))

    def level(self, k):
        level = 0.0
        for step, next_level in self.changes:
            if step <= k:
                level = next_level
        return level


class Sine:
    """A current of offset + amplitude sin(2 pi frequency k + phase) at the k-th step from `first` on, until
    `last`: nA, per step, radians."""

    def __init__(self, first, last, frequency, phase, levels):
        self.first, self.last, self.frequency, self.phase = first, last, frequency, phase
        self.set(*levels)

    def set(self, offset, amplitude):
        self.offset, self.amplitude = offset, amplitude

    def level(self, k):
        if not self.first <= k < self.last:
            return 0.0
        angle = 2 * np.pi * self.frequency * (k - self.first) + self.phase
        return self.offset + self.amplitude * np.sin(angle)


class Noise:
    """A current with a new normally distributed level every `interval` steps from `first` to `last`.

    numbers    function(trial) -> random.Numbers
    """

    def __init__(self, first, last, interval, numbers, levels):
        self.first, self.last, self.interval, self.numbers = first, last, interval, numbers
        self.trial = 0
        self.set(*levels)

    def set(self, mean, stdev):
        self.mean, self.stdev = mean, stdev

    def level(self, k):
        if not self.first <= k < self.last:
            return 0.0
        draw = (k - self.first) // self.interval
        return self.mean + self.stdev * self.numbers(self.trial).normal(draw)


@dataclass
class Connection:
    """source and target are (population, index of the cell); delay in steps, at least 1. `synapse` is one
    of synapses.py, or None if the weight is what is delivered."""

    source: tuple
    target: tuple
    weight: float
    delay: int
    synapse: object = None

    def __post_init__(self):
        self.initial_weight = self.weight


class Projection:
    """A list of connections to receptors of one name."""

    def __init__(self, receptor, connections):
        self.receptor, self.connections = receptor, list(connections)
        self.of = defaultdict(list)  # connections by source
        self.to = defaultdict(list)  # plastic connections by target
        for connection in self.connections:
            self.of[connection.source].append(connection)
            if isinstance(connection.synapse, Plastic):
                self.to[connection.target].append(connection)


class Junctions(Projection):
    """A list of gap junctions: no spikes go through them, but currents in proportion to `weight` (uS)."""

    def __init__(self, connections):
        super().__init__(None, [])
        self.connections = list(connections)
        self.coupled = {end[0] for c in self.connections for end in (c.source, c.target)}  # populations

    def couple(self):
        """Add the currents of the next step to those of each population."""
        for connection in self.connections:
            (source, i), (target, j) = connection.source, connection.target
            current = connection.weight * (source.middle[i] - target.middle[j])
            target.coupling[j] += current
            source.coupling[i] -= current


class Network:
    """Populations and sources, and the projections between them."""

    def __init__(self, dt=1.0):
        self.populations, self.projections, self.dt = [], [], dt
        self.trial = 0
        self._forget()

    def _forget(self):
        self.k = 0
        self.begun = False
        self.arriving = defaultdict(list)  # by (step, population): (receptor, cell, weight)

    def connect(self, projection):
        """Add a projection."""
        if isinstance(projection, Junctions) and not projection.coupled <= self._coupled():
            # Cells that haven't been coupled yet have no last potential, and others forget theirs.
            for population in self._coupled() | projection.coupled:
                population.middle = population.y["v"].copy()
        self.projections.append(projection)

    def _coupled(self):
        return {population for junctions in self._junctions() for population in junctions.coupled}

    def _junctions(self):
        return [projection for projection in self.projections if isinstance(projection, Junctions)]

    def run(self, steps):
        """Go `steps` steps further; the first time also do step 0."""
        if not self.begun:
            self.begun = True
            for connection in self._connections():
                connection.initial_weight = connection.weight
            self._step(0)
        for _ in range(steps):
            self.k += 1
            self._step(self.k)

    def reset(self):
        """Back to t_0: initial state, and the weights of the time when the trial began."""
        if self.begun:
            for connection in self._connections():
                connection.weight = connection.initial_weight
        self._forget()
        self.trial += 1
        for population in self.populations:
            population.restart()
        for connection in self._connections():
            if connection.synapse:
                connection.synapse.restart()

    def _connections(self):
        return [connection for projection in self.projections for connection in projection.connections]

    def _step(self, k):
        self._couple()
        for population in self.populations:
            if isinstance(population, Source):
                spiking = population.spiking(k)
            else:
                arriving = [
                    (receptor, cell, weight() if callable(weight) else weight)
                    for receptor, cell, weight in self.arriving.pop((k, population), [])
                ]
                spiking = population.advance(k, arriving) if k > 0 else []
                population.sample(k)
            for cell in spiking:
                population.spikes.append((k, int(cell)))
                self._send(k, population, int(cell))

    def _couple(self):
        for population in self._coupled():
            population.coupling[:] = 0.0
        for junctions in self._junctions():
            junctions.couple()

    def _send(self, k, population, cell):
        for projection in self.projections:
            for connection in projection.of[population, cell]:
                target, index = connection.target
                arrival = (projection.receptor, index, self._delivered(connection, k * self.dt))
                self.arriving[k + connection.delay, target].append(arrival)
            for connection in projection.to[population, cell]:
                connection.synapse.post(k * self.dt)

    def _delivered(self, connection, t):
        """What a spike at time t delivers over a connection, or a function that tells when it arrives."""
        if connection.synapse is None:
            return connection.weight
        if isinstance(connection.synapse, Plastic):
            connection.synapse.pre(t)
            return lambda: connection.synapse.amount(t)
        return connection.synapse.amount(t)
