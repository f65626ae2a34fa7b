"""
Generated code of models from equations, run by Python alone: nothing is compiled, so that many models can be
drawn.

What generated code sees of the engine (equations/runtime.py) is replaced by functions of NumPy. Random
numbers come from a function `draw(kind, number)`, as in naive/equations.py; `number` is the how-manyth draw
of the text it is.
"""

import math
import re

import numpy as np

from pyNN_fastsim.equations import cells, synapses
from pyNN_fastsim.equations.runtime import ARRAYS

SCOPE = {
    "abs": abs, "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin,
    "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "erf": math.erf,
    "erfc": math.erfc, "sign": np.sign, "min": min, "max": max, "floored": np.floor, "raised": np.ceil,
    "rounded": np.rint, "mod": lambda x, y: x - y * np.floor(x / y), "expm1": np.expm1, "log1p": np.log1p,
    "sqrt": np.sqrt, "squared": lambda x: x * x, "cubed": lambda x: x**3, "power": lambda x,
        y: np.float64(x) ** y,
    "bit_and": lambda x, y: int(x) & int(y), "bit_or": lambda x, y: int(x) | int(y),
    "bit_xor": lambda x, y: int(x) ^ int(y), "shift_left": lambda x, y: int(x) << int(y),
    "shift_right": lambda x, y: int(x) >> int(y),
    "fma": lambda x, y, z: x * y + z, "decays": lambda *x: tuple(np.exp(-np.array(x))), "word": int,
}  # fmt: skip
PARTS = 64  # of a step, where models take it in parts


def _no_draw(kind, number):
    raise AssertionError("a random number has been drawn")


class _Code:
    """What cells and synapses have in common: functions, constants, and state by name."""

    def __init__(self, parts, parameters, dt, draw, initial):
        self.parts, self.dt, self.draw = parts, dt, draw or _no_draw
        scope = {**ARRAYS, **SCOPE, "uniform": self._drawn("uniform"), "normal": self._drawn("normal")}
        scope |= {"past": self._past, "remembered": self._remembered}
        self.functions = cells.functions_of(parts, scope)
        self.n_draws = max([0, *(1 + int(k) for k in re.findall(r"\bdraw_(\d+) = ", parts["source"]))])
        self.state = dict(parts["state"]) | dict(initial or {})
        self.state = {name: np.float64(value) for name, value in self.state.items()}
        self.parameters = {
            name: np.array([float(value)])
            for name, value in {**parts["parameters"], **(parameters or {})}.items()
        }

    def _drawn(self, kind):
        # What numbers the draws is a multiple of how many there are, plus the number.
        def draw(*key):
            return self.draw(kind, int(key[-1]) % self.total_draws)

        return draw

    @staticmethod
    def _past(p, number, delay, dt):
        return number, 0, 0, np.rint(delay / dt)

    def _remembered(self, number, size, mask, ago, cell, step, now):
        self.course[number, step] = now
        return self.course.get((number, step - ago), np.float64(0.0))

    @property
    def total_draws(self):
        found = re.findall(r"(?:s__step|s__events) \* (\d+)\.0 \+", self.parts["source"])
        return int(found[0])

    def constants(self):
        values = self.functions["constants"](self.parameters, self.dt)
        return tuple(np.float64(np.ravel(value)[0]) for value in values)


class PlainCell(_Code):
    """One cell; as `naive.equations.Cell`."""

    def __init__(self, model, parameters=None, dt=0.1, draw=None, initial=None):
        super().__init__(cells.generated(model), parameters, dt, draw, initial)
        self.receptors = self.parts["receptors"]
        self.parameters |= dict.fromkeys(cells.STREAM, np.zeros(1))
        self.course = {}  # what is remembered, by number and step
        self.c = self.constants()
        self.in_parts = "attempt" in self.functions
        if self.in_parts:
            self._set(self.functions["refresh"](self.c, self._get()))

    @property
    def values(self):
        return self.state

    def _get(self):
        return tuple(self.state.values())

    def _set(self, state):
        self.state = {name: np.float64(value) for name, value in zip(self.state, state, strict=True)}

    def step(self, injected=0.0, **arrived):
        x = (*(np.float64(arrived.get(name, 0.0)) for name in self.receptors), np.float64(injected))
        with np.errstate(all="ignore"):
            if not self.in_parts:
                state, spiked = self.functions["step"](self.c, self._get(), x)
                self._set(state)
                return bool(spiked)
            begin = new = self._get()
            for _ in range(PARTS):
                new, _ = self.functions["attempt"](self.c, new, x, 1.0 / PARTS)
            end = self.functions["finish"](self.c, begin, new, x)
            self._set(end)
            return bool(self.functions["fires"](self.c, begin, end))


class PlainConnection(_Code):
    """One synapse; as `naive.equations.Connection`."""

    def __init__(
        self,
        model,
        parameters=None,
        weight=None,
        dt=0.1,
        draw=None,
        initial=None,
        pre=None,
        post=None,
        delay=1.0,
    ):
        super().__init__(synapses.generated(model), parameters, dt, draw, initial)
        self.parameters["delay"] = np.array([delay / dt])
        self.state["_at"] = np.float64(0.0)
        self.c = (0.0, 0.0, 0.0, *self.constants())
        self.weight = np.float64(self.parts["weight"] if weight is None else weight)
        self.time, self.cells, self.post_first = 0.0, {"pre": pre, "post": post}, model.post_first
        self.earlier = None, ()  # when the last spike of the target arrived, and the state just before

    @property
    def values(self):
        return self.state

    def run_events(self, pre, post):
        second = {"pre": 1, "post": 0} if self.post_first else {"pre": 0, "post": 1}
        events = [(t, "pre") for t in pre] + [(t, "post") for t in post]
        events.sort(key=lambda event: (event[0], second[event[1]]))
        return [
            (t, amount)
            for t, amount in ((t, self.event(t, kind)) for t, kind in events)
            if amount is not None
        ]

    def event(self, t, kind):
        steps = t / self.dt
        functions, s = self.functions, tuple(self.state.values())
        with np.errstate(all="ignore"):
            s, w = functions["between"](self.c, s, self.weight, steps - self.time, steps)
            self.time, amount = steps, None
            if kind == "post" and self.earlier[0] != t:
                self.earlier = t, s
            if kind == "pre":
                of_cells = [self._of("pre", t), self._of("post", t)]
                earlier = self.earlier[1] if self.earlier[0] == t else s
                s, w, amount = functions["before"](self.c, s, w, steps, (0, 0, 0, 0), *of_cells, earlier)
            elif "after" in functions:
                s, w = functions["after"](self.c, s, w, steps, (0, 0, 0, 0), self._of("post", t))
        self.state = {name: np.float64(value) for name, value in zip(self.state, s, strict=True)}
        self.weight = np.float64(w)
        return amount

    def _of(self, side, t):
        names = self.parts[f"of_{side}"]
        return tuple(np.float64(self.cells[side](t)[name]) for name in names) or (0.0,)
