"""
Models from equations, read word by word from their descriptions (pyNN_fastsim/equations/description.py).

`Cell` is one cell, one step at a time, `Connection` one synapse, event by event. Expressions are evaluated
by Python, equations solved by `solve_ivp` with tight tolerances, all other variables held. Nothing is
imported from the package: a description is whatever has these attributes.

Random numbers come from a function of the kind ("uniform" or "normal") and of the place: the how-manyth
draw in the text it is, where inlines come first, then equations, then statements in their order.
"""

import ast
import math

import numpy as np
from scipy.integrate import solve_ivp

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}


def rounded(x):
    """To the nearest whole number, halves to the even one, as C's nearbyint does."""
    return np.rint(x)


FUNCTIONS = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "ln": np.log, "log10": np.log10, "log1p": np.log1p,
    "sqrt": np.sqrt, "pow": lambda x, y: x**y, "abs": abs, "fabs": abs, "sign": np.sign,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "erf": np.vectorize(math.erf), "erfc": np.vectorize(math.erfc),
    "min": min, "max": max, "clip": lambda x, low, high: max(min(x, high), low),
    "modulo": lambda x, y: np.fmod(np.trunc(x), np.trunc(y)),
    "floor": np.floor, "ceil": np.ceil, "round": rounded,
    "ite": lambda condition, a, b: a if condition else b,
    "_bit_and": lambda a, b: int(a) & int(b), "_bit_or": lambda a, b: int(a) | int(b),
    "_bit_xor": lambda a, b: int(a) ^ int(b), "_shift_left": lambda a, b: int(a) * 2 ** int(b),
    "_shift_right": lambda a, b: int(a) // 2 ** int(b),
}  # fmt: skip


def from_generator(generator):
    """Draws from a generator of NumPy's, in the order in which they are needed."""

    def draw(kind, place):
        return 1.0 - generator.random() if kind == "uniform" else generator.standard_normal()

    return draw


class _Places(ast.NodeTransformer):
    """Numbers the draws of expressions, and makes truth values of and, or and not."""

    def __init__(self):
        self.n = 0

    def visit_IfExp(self, node):
        node.test = self.visit(node.test)
        node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        return ast.Call(ast.Name("_truth", ast.Load()), [node], [])

    def visit_Call(self, node):
        self.generic_visit(node)
        if node.func.id not in ("uniform", "normal"):
            return node
        self.n += 1
        return ast.Call(
            ast.Name("_draw", ast.Load()), [ast.Constant(node.func.id), ast.Constant(self.n - 1)], []
        )

    def visit_Attribute(self, node):
        return ast.Name(f"{node.value.id}.{node.attr}", ast.Load())


class Interpreter:
    """What cells and synapses have in common: values by name, and how statements change them."""

    def __init__(self, model, parameters, dt, draw, initial):
        self.model, self.dt = model, dt
        self.places, self.compiled = _Places(), {}
        self.fixed = {p.name: np.float64(p.value) for p in model.parameters}
        self.fixed |= {name: np.float64(value) for name, value in (parameters or {}).items()}
        self.fixed |= {"dt": np.float64(dt)}
        self.variables = {variable.name: variable for variable in model.variables}
        self.equations = {equation.variable: equation.expression for equation in model.equations}
        self.functions = {function.name: function for function in model.functions}
        self.draw = draw
        self._number_the_draws()
        self.values, self.local = {}, {}
        for internal in model.internals:
            self.fixed[internal.name] = self.value(internal.expression)
        self.values = {name: self.value(v.initial) for name, v in self.variables.items()}
        self.values |= {name: np.float64(value) for name, value in (initial or {}).items()}

    def _number_the_draws(self):
        for part in (*self.model.inlines, *self.model.equations):
            self._code(part, "expression")
        for body in self.bodies():
            self._number_those_of(body)

    def _number_those_of(self, statements):
        for s in statements:
            for name in ("expression", "start", "stop", "step"):
                if hasattr(s, name):
                    self._code(s, name)
            if type(s).__name__ == "If":
                for branch in s.branches:
                    self._code(branch, 0)
                    self._number_those_of(branch[1])
                self._number_those_of(s.otherwise)
            elif type(s).__name__ in ("While", "For"):
                if hasattr(s, "condition"):
                    self._code(s, "condition")
                self._number_those_of(s.body)

    def _code(self, part, name):
        """The compiled expression of a part of the model: its own places for draws."""
        key = id(part), name
        if key not in self.compiled:
            text = part[name] if isinstance(part, tuple) else getattr(part, name)
            self.compiled[key] = self._compiled(text)
        return self.compiled[key]

    def _compiled(self, text):
        tree = self.places.visit(ast.parse(text.strip(), mode="eval"))
        return compile(ast.fix_missing_locations(tree), text, "eval")

    # --- expressions

    def value(self, text, **further):
        """The value of an expression that is given as a text, or compiled."""
        if isinstance(text, str):
            text = self.compiled.setdefault(text, None) or self._compiled(text)
        names = _Names(self, {**self.fixed, **self.values, **self.local, **further})
        with np.errstate(all="ignore"):
            return np.float64(eval(text, {"__builtins__": {}}, names))

    def of(self, part, name="expression", **further):
        return self.value(self._code(part, name), **further)

    def call(self, function, arguments):
        """The value of one of the model's own functions."""
        names = dict(zip(function.arguments, map(np.float64, arguments), strict=True))
        before, self.local = self.local, {}
        own, self.fixed = self.fixed, {**self.fixed, **names}
        try:
            return self._returned(function.body)
        finally:
            self.local, self.fixed = before, own

    def _returned(self, statements):
        for s in statements:
            if type(s).__name__ == "Return":
                return self.value(s.expression)
            if type(s).__name__ == "Assign":
                self.local[s.target] = self.value(s.expression)
            elif type(s).__name__ == "If":
                result = self._returned(self._branch(s))
                if result is not None:
                    return result
        return None

    # --- statements

    def run(self, statements):
        for s in statements:
            getattr(self, f"_do_{type(s).__name__}")(s)

    def _branch(self, s):
        for branch in s.branches:
            if self.value(self._code(branch, 0)):
                return branch[1]
        return s.otherwise

    def _do_Assign(self, s):
        self._set(s.target, self.of(s))

    def _set(self, name, value):
        if name not in self.variables:
            self.local[name] = value
            return
        variable = self.variables[name]
        if variable.upper is not None:
            value = min(value, self.value(variable.upper))
        if variable.lower is not None:
            value = max(value, self.value(variable.lower))
        self.values[name] = value

    def _do_If(self, s):
        self.run(self._branch(s))

    def _do_While(self, s):
        while self.of(s, "condition"):
            self.run(s.body)

    def _do_For(self, s):
        self._set(s.name, self.of(s, "start"))
        stop, step = self.of(s, "stop"), self.of(s, "step")

        def value():
            return self.value(s.name)

        while value() < stop if step > 0 else value() > stop:
            self.run(s.body)
            self._set(s.name, value() + step)

    def _do_Integrate(self, s):
        names = list(self.equations) if s.variables is None else list(s.variables)
        begin, duration = self.interval()
        if not names or duration == 0:
            return
        parts = {equation.variable: equation for equation in self.model.equations}

        def slopes(t, y):
            now = dict(zip(names, map(np.float64, y), strict=True))
            return [self.of(parts[name], t=np.float64(t), **now) for name in names]

        solution = solve_ivp(
            slopes, (begin, begin + duration), [self.values[name] for name in names],
            method="DOP853", rtol=1e-11, atol=1e-13,
        )  # fmt: skip
        for name, value in zip(names, solution.y[:, -1], strict=True):
            self._set(name, value)


class _Names(dict):
    """Names of an expression: inlines are evaluated when they are needed."""

    def __init__(self, interpreter, known):
        super().__init__(known)
        self.interpreter = interpreter

    def __missing__(self, name):
        own = self.interpreter
        if name == "_draw":
            return own.draw
        if name == "_truth":
            return bool
        for inline in own.model.inlines:
            if inline.name == name:
                return np.float64(eval(own._code(inline, "expression"), {"__builtins__": {}}, self))
        if name in own.functions:
            return lambda *arguments: own.call(own.functions[name], arguments)
        return FUNCTIONS[name] if name in FUNCTIONS else np.float64(CONSTANTS[name])


class Cell(Interpreter):
    """
    A cell.

    model        a `description.Neuron`
    parameters   other values than the defaults, by name
    dt           time step, ms
    draw         function of kind and place; see above
    initial      other initial values than the model's, by name

    `values` is the state by name, `t` the time in ms.
    """

    def __init__(self, model, parameters=None, dt=0.1, draw=None, initial=None):
        self.steps, self.course = 0, []  # the state at the beginning of each step
        super().__init__(model, parameters, dt, draw, initial)

    def bodies(self):
        return [self.model.update]

    @property
    def t(self):
        return self.steps * self.dt

    def interval(self):
        return self.t, self.dt

    def step(self, injected=0.0, **arrived):
        """One step; `arrived` are sums of weights by receptor. Returns whether there is a spike."""
        self.local = {"t": np.float64(self.t), self.model.injected: np.float64(injected)}
        for receptor in self.model.receptors:
            self.local[receptor.arrived] = np.float64(arrived.get(receptor.name, 0.0))
        self.course.append(dict(self.values))
        for past in self.model.pasts:
            then = self.steps - round(float(self.value(past.delay)) / self.dt)
            self.local[past.name] = self.course[then][past.variable] if then >= 0 else np.float64(0.0)
        self.spiked = False
        self.run(self.model.update)
        self.steps += 1
        return self.spiked

    def _do_Spike(self, s):
        self.spiked = True


class Connection(Interpreter):
    """
    A synapse.

    model        a `description.Synapse`
    weight       in the place of the parameter or variable of that name
    pre, post    functions of a name that give parameters and variables of the cells at the time of an event

    `values` is the state by name, after the last event.
    """

    def __init__(
        self, model, parameters=None, weight=None, dt=0.1, draw=None, initial=None, pre=None, post=None
    ):
        self.time, self.elapsed, self.cells = 0.0, 0.0, {"pre": pre, "post": post}
        self.before_post = None, {}  # when the last spike of the target arrived, and what was just before
        super().__init__(model, parameters, dt, draw, initial)
        if weight is not None:
            where = self.values if model.weight in self.values else self.fixed
            where[model.weight] = np.float64(weight)

    def bodies(self):
        return [self.model.between, self.model.on_pre, self.model.on_post]

    def interval(self):
        return self.time - self.elapsed, self.elapsed

    def run_events(self, pre, post):
        """Arrivals of spikes of source and target (ms), in the order of time: [(time, what is delivered)]."""
        second = {"pre": 1, "post": 0} if self.model.post_first else {"pre": 0, "post": 1}
        events = [(t, "pre") for t in pre] + [(t, "post") for t in post]
        delivered = []
        for t, kind in sorted(events, key=lambda event: (event[0], second[event[1]])):
            amount = self.event(t, kind)
            if kind == "pre":
                delivered.append((t, amount))
        return delivered

    def event(self, t, kind):
        """What is delivered at the arrival of a spike of the source ("pre") or of the target ("post")."""
        self.elapsed, self.time, self.delivered = t - self.time, t, np.float64(0.0)
        self.local = {"t": np.float64(t), "elapsed": np.float64(self.elapsed)}
        for side in ("pre", "post"):
            if self.cells[side] is not None:
                self.local |= {f"{side}.{name}": np.float64(v) for name, v in self.cells[side](t).items()}
        self.run(self.model.between)
        if kind == "post":
            if self.before_post[0] != t:
                self.before_post = t, dict(self.values)
            self.run(self.model.on_post)
            return self.delivered
        # In NEST's order, what only the target changes is a trace of that cell, of which a spike of the
        # source does not see what arrives at the same time.
        together = self.model.post_first and self.before_post[0] == t
        traces = _targets(self.model.on_post) - _targets(self.model.on_pre) if together else set()
        traces &= {equation.variable for equation in self.model.equations} - {self.model.weight}
        later = {name: self.values[name] for name in traces}
        self.values.update({name: self.before_post[1][name] for name in traces})
        self.run(self.model.on_pre)
        self.values.update(later)
        return self.delivered

    def _do_Deliver(self, s):
        self.delivered += self.of(s)


def _targets(statements):
    """The names that statements assign to."""
    found = set()
    for s in statements:
        if hasattr(s, "target"):
            found.add(s.target)
        ways = [way for _, way in getattr(s, "branches", ())]
        for body in (*ways, getattr(s, "otherwise", ()), getattr(s, "body", ())):
            found |= _targets(body)
    return found
