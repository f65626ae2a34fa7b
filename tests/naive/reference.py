"""
One cell of cells.py, solved to ten digits: every spike at its own time, found as an event of solve_ivp.
"""

import numpy as np
from scipy.integrate import solve_ivp

from .cells import CELLS


def reference(kind, p, arrivals, changes, steps, dt, on_grid, initial=None):
    """State and spikes of a cell.

    p          parameters, by name
    arrivals   (time in ms, receptor, weight) of synaptic events
    changes    (time in ms, level in nA) of an injected current
    on_grid    whether jumps and refractory periods begin as docs/design.md says: at the grid point after
               the crossing (of cells that jump within a step, only the refractory period does), if v is
               still above the threshold with what has arrived there; else everything is in continuous time
    initial    values of variables, by name

    Returns (state at the grid points, arrays [steps + 1] by name; times of threshold crossings, ms).
    """
    return _Reference(CELLS[kind], p, dt, on_grid, initial or {}).run(arrivals, changes, steps)


class _Reference:
    def __init__(self, celltype, p, dt, on_grid, initial):
        self.celltype, self.dt, self.on_grid = celltype, dt, on_grid
        self.p = {name: np.asarray(value, float)[()] for name, value in p.items()}
        self.names = list(celltype.variables)
        start = celltype.variables | initial
        self.y = np.array([start[name] for name in self.names], float)
        self.v = self.names.index("v")
        self.threshold = float(celltype.threshold(self.p))
        self.highest = self.threshold + 1.0 if celltype.within else np.inf
        self.t, self.i, self.free_from = 0.0, 0.0, -1.0
        self.spikes = []

    def run(self, arrivals, changes, steps):
        grid = self.dt * np.arange(steps + 1)
        self.samples = np.empty((len(grid), len(self.names)))
        self.samples[0] = self.y
        events = sorted([(t, 0, r, w) for t, r, w in arrivals] + [(t, 1, level, 0) for t, level in changes],
                        key=lambda event: event[:2])  # fmt: skip
        for t in sorted({t for t, *_ in events if t <= grid[-1] + 1e-9}):
            now = [event[1:] for event in events if event[0] == t]
            into_v = any(self._is_v(receptor) for is_current, receptor, _ in now if not is_current)
            self.awaited = t if into_v and self.on_grid and not self.celltype.within else np.inf
            self._until(t, grid)
            for is_current, what, weight in now:
                if is_current:
                    self.i = what
                else:
                    self._receive(what, weight)
            if self.celltype.jump and self.y[self.v] >= self.threshold:
                self._spike()
            at = round(t / self.dt)
            if abs(at * self.dt - t) < 1e-9:
                self.samples[at] = self.y
        self.awaited = np.inf
        self._until(grid[-1], grid)
        return dict(zip(self.names, self.samples.T, strict=True)), np.array(self.spikes)

    def _state(self):
        return dict(zip(self.names, self.y.tolist(), strict=True))

    def _is_v(self, receptor):
        return self.celltype.arrival[receptor](1.0, self.p)[0] == "v"

    def _receive(self, receptor, weight):
        variable, jump = self.celltype.arrival[receptor](weight, self.p)
        if variable == "v" and self.free_from >= self.t - 1e-9:
            return
        self.y[self.names.index(variable)] += jump

    def _spike(self):
        """The jump of a spike, now."""
        self.spikes.append(self.t)
        self._jump(self.t)

    def _jump(self, spike):
        for name, value in self.celltype.jump(self._state(), self.p).items():
            self.y[self.names.index(name)] = value
        wait = float(self.celltype.refractory(self.p))
        if self.on_grid:
            wait = round(wait / self.dt) * self.dt
            spike = np.ceil(spike / self.dt - 1e-9) * self.dt
        if wait > 0.0 or not self.celltype.within:
            self.free_from = spike + wait

    def _until(self, end, grid):
        while self.t < end - 1e-9:
            stays = self.free_from > self.t + 1e-9
            self._piece(min(end, self.free_from) if stays else end, stays, grid)

    def _piece(self, end, stays, grid):
        """Integrate until `end` or the next jump."""

        def slope(t, values):
            # Plain numbers: NumPy takes ten times as long for arrays of one element.
            y = dict(zip(self.names, values.tolist(), strict=True))
            y["v"] = min(y["v"], self.highest)
            slopes = self.celltype.slope(y, self.p, self.i)
            slopes["v"] = 0.0 if stays else slopes["v"]
            return np.array([slopes[name] for name in self.names])

        def crossing(t, values):
            return values[self.v] - self.threshold

        crossing.direction = 1
        crossing.terminal = self.celltype.jump is not None
        later = grid[(grid > self.t + 1e-9) & (grid <= end + 1e-9)]
        events = None if stays else crossing
        begin = self.t
        options = {"method": "DOP853", "rtol": 1e-10, "atol": 1e-10, "dense_output": True}
        solution = solve_ivp(slope, (begin, end), self.y, events=events, **options)
        crossings = [] if stays else list(solution.t_events[0])
        if crossings and crossing.terminal:
            spike = crossings[0]
            if self.on_grid and not self.celltype.within:
                # v goes on until the grid point
                end = np.ceil(spike / self.dt - 1e-9) * self.dt
                solution = solve_ivp(slope, (begin, end), self.y, **options)
            reached = later[later <= solution.t[-1] + 1e-12]
            self._sample(solution, reached)
            self.t, self.y = solution.t[-1], solution.y[:, -1].copy()
            if abs(self.t - self.awaited) < 1e-9:
                return  # what arrives at this grid point counts, before v is looked at
            self.spikes.append(spike)
            self._jump(spike)
            at = round(self.t / self.dt)
            if abs(at * self.dt - self.t) < 1e-9:
                self.samples[at] = self.y
        else:
            self._sample(solution, later)
            self.t, self.y = end, solution.y[:, -1].copy()
            self.spikes.extend(crossings)

    def _sample(self, solution, times):
        for t in times:
            self.samples[round(t / self.dt)] = solution.sol(min(t, solution.t[-1]))
