"""
Hybrid networks of graded units and spiking cells, one step and one connection after the other.

Step k takes everything from t_{k-1} to t_k, with what was transmitted until t_{k-1}: a connection of delay
d (steps) brings what its source had at t_{k-1} - d, or at t_0 before that. When all cells are at t_k,
connections learn.
"""

import math

import numpy as np


class Cells:
    """One kind of cells: "leaky", "euler" or "spiking". `p`: arrays by name, `initial` those of v and r."""

    def __init__(self, kind, n, p, dt):
        self.kind, self.n, self.dt = kind, n, dt
        self.p = {name: np.broadcast_to(np.asarray(value, float), n).copy() for name, value in p.items()}
        self.initial = {"v": np.zeros(n), "r": np.zeros(n)}
        self.nearest = math.inf
        self.restart()

    def restart(self):
        self.v, self.r = self.initial["v"].copy(), self.initial["r"].copy()
        self.g = np.zeros(self.n)
        self.past = [{"v": self.v, "r": self.r}]
        self.spikes, self.samples = [], [self.v.copy()]

    def now(self, name, cell):
        return self.past[-1][name][cell]

    def before(self, name, cell, steps):
        """A value of so many steps ago, which may be before the beginning."""
        return self.past[max(len(self.past) - 1 - steps, 0)][name][cell]

    def advance(self, received):
        """`received` has arrays by receptor; returns the cells that spike."""
        p, dt = self.p, self.dt
        exc, inh = received["excitatory"], received["inhibitory"]
        spiking = []
        if self.kind == "leaky":
            self.v = self.v + (1.0 - np.exp(-dt / p["tau"])) * (exc - inh + p["B"] - self.v)
            self.r = np.maximum(self.v - p["T"], 0.0)
        elif self.kind == "euler":
            r = self.r
            pool = 0.1 * sum(r) / self.n - 0.05 * max(r) + 0.01 * min(r) + 0.02 * sum(abs(r))
            pool -= 0.03 * math.sqrt(sum(r * r))
            self.v = self.v + dt * (-self.v + exc - inh + p["B"] + pool) / p["tau"]
            self.r = np.minimum(np.maximum(self.v, 0.0), 3.0)
        else:
            drive = -self.v + p["I"] + exc + 5.0 * self.g + received["current"]
            self.v = self.v + dt * drive / p["tau"]
            self.nearest = min(self.nearest, *np.abs(self.v - 1.0))
            spiking = np.flatnonzero(self.v >= 1.0)
            self.v[spiking] = 0.0
            self.g = received["spikes"].copy()
        return spiking

    def note(self, step, spiking):
        self.past.append({"v": self.v.copy(), "r": self.r.copy()})
        self.samples.append(self.v.copy())
        self.spikes += [(step, int(i)) for i in spiking]


class Connections:
    """Connections of one kind.

    pre, post    lists of (cells, index)
    which        pairs of places in these
    kind         "static", "psp", "learning", "rate" or "spikes"
    weights, delays, eta
                 one for each pair
    operation    of "psp"
    """

    def __init__(
        self, kind, pre, post, which, receptor, weights, delays, operation="sum", eta=None, tau=20.0
    ):
        self.kind, self.receptor, self.operation, self.tau = kind, receptor, operation, tau
        self.pairs = [(*pre[i], *post[j]) for i, j in which]
        self.delays, self.eta = list(delays), eta
        self.initial_weights = list(weights)
        self.learns, self.period, self.offset = True, 1, 0
        self.restart()

    def restart(self):
        n = len(self.pairs)
        self.w = list(self.initial_weights)
        self.trace, self.theta = [0.0] * n, [0.0] * n
        self.rates = {}  # of each source, at each step
        self.emitted = []  # (step, place of a connection)

    def learn(self, step, dt):
        if self.kind != "learning" or not self.learns or (step - 1 - self.offset) % self.period:
            return
        dt = dt * self.period
        for k, (source, i, target, j) in enumerate(self.pairs):
            pre, post = source.before("r", i, self.delays[k]), target.now("v", j)
            self.theta[k] += dt * (post**2 - self.theta[k]) / self.tau
            x = pre * post
            self.trace[k] = 0.9 * self.trace[k] + 0.1 * x
            w = self.w[k] + dt * self.eta[k] * (x - self.theta[k] * self.w[k] + 0.1 * self.trace[k])
            self.w[k] = max(min(w, 0.8), -0.8)

    def received(self):
        """What each target gets in the next step: a dictionary by (cells, index)."""
        brought = {}
        for k, (source, i, target, j) in enumerate(self.pairs):
            if self.kind == "psp":
                value = self.w[k] * math.tanh(
                    source.before("r", i, self.delays[k]) - 0.1 * target.now("v", j)
                )
            elif self.kind == "rate":
                value = self.w[k] * self.rate(source, i, self.delays[k])
            else:
                value = self.w[k] * source.before("r", i, self.delays[k])
            brought.setdefault((target, j), []).append(value)
        combine = {"sum": math.fsum, "max": max, "min": min, "mean": lambda x: math.fsum(x) / len(x)}
        return {key: combine[self.operation](values) for key, values in brought.items()}

    def rate(self, source, i, delay):
        """Of a source's spikes in a window that decays exponentially, Hz, some steps ago."""
        now = len(source.past) - 1 - delay
        ages = [(now - step) * source.dt for step, cell in source.spikes if cell == i and step <= now]
        return sum(1000.0 / self.tau * math.exp(-age / self.tau) for age in ages)


class Network:
    """`cells` and `connections`, at step `step`."""

    def __init__(self, cells, connections, dt):
        self.cells, self.connections, self.dt, self.step = cells, connections, dt, 0

    def reset(self):
        self.step = 0
        for each in (*self.cells, *self.connections):
            each.restart()

    def run(self, steps):
        for _ in range(steps):
            self.step += 1
            received = {
                cells: {name: np.zeros(cells.n) for name in ("excitatory", "inhibitory", "current", "spikes")}
                for cells in self.cells
            }
            for each in self.connections:
                if each.kind == "spikes":
                    for k, (source, i, target, j) in enumerate(each.pairs):
                        n = source.spikes.count((self.step - each.delays[k], i))
                        received[target]["spikes"][j] += n * each.w[k]
                    continue
                for (target, j), value in each.received().items():
                    received[target][each.receptor][j] += value
            spiking = [cells.advance(received[cells]) for cells in self.cells]
            for cells, some in zip(self.cells, spiking, strict=True):
                cells.note(self.step, some)
            for each in self.connections:
                each.learn(self.step, self.dt)
