"""
The functions `attempt`, `fires`, `finish` and `refresh` (engine/neurons/adaptive.py) of a neuron whose
equations need smaller steps at times.

The statements up to the last `Integrate` are done for each part of a step, but for what they assign:
conditions and assignments see the variables as they were at the beginning of the step, equations as they are
now. The rest is done once, at the end. Where a spike sets a variable back, which may be on its way to
infinity, it stays where it is from the end of that part on in which the condition of the spike came true.
"""

import sympy

from . import solvers
from .body import ERROR, SPIKED, Body, assigned, every
from .cells import BEGIN, STEP
from .description import Assign, For, If, Integrate, Spike, While
from .expressions import FALSE, TIME, ite, symbol
from .frames import clock, constants_function, hidden_state, inputs_unpacked, unpacked
from .writer import INDENT

FLAG = "_spiked"  # hidden variable: whether the cell has spiked at the end of the step
PART = symbol("<part>")
ZERO = sympy.Integer(0)


def is_possible(body, methods):
    """Whether a step of a model can be taken in parts, and whether that pays."""
    automatic = [p for p in body.problems.values() if methods[p.y] == "rk4" and p.method is None]
    named = [p for p in body.problems.values() if p.method is not None]
    loops = any(any(every(kind, body.model.update)) for kind in (While, For))
    timed = any(p.rhs.has(TIME) for p in body.problems.values())
    return bool(automatic) and not (named or loops or timed or _is_in_sequence(body))


def _is_in_sequence(body):
    """Whether what is done before the last equation is solved depends on another that has been, or changes
    what one solves: parts of a step would mix what comes before with what comes after."""
    first, _ = _split(body.model.update)
    draws = len(body.reader.draws)
    integrated = {v for s in every(Integrate, first) for v in s.variables or body.problems}
    temporaries = {name: symbol(name) for name in assigned(first)}

    def read(expression):
        return {s.name for s in expression.free_symbols}

    def found(statements, done):
        for s in statements:
            if isinstance(s, Integrate):
                names = set(s.variables or body.problems)
                if done & names.union(*(read(body.problems[name].rhs) for name in names)):
                    return True
                done |= names
            elif isinstance(s, Assign):
                depends = done & read(body.reader.number(s.expression, s.line, temporaries))
                if s.target in integrated or depends:
                    return True
            elif isinstance(s, If):
                ways = [way for _, way in s.branches] + [s.otherwise]
                conditions = [body.reader.condition(text, s.line, temporaries) for text, _ in s.branches]
                if done & set().union(*(read(condition) for condition in conditions)):
                    return True
                ends = [set(done) for _ in ways]
                if any(found(way, end) for way, end in zip(ways, ends, strict=True)):
                    return True
                done |= set().union(*ends)
        return False

    result = found(first, set())
    del body.reader.draws[draws:]
    return result


def methods_of(body, writer):
    """What solves each equation, by y."""
    problems = list(body.problems.values())
    return {
        p.y: "exact"
        if solvers.is_alone(p, problems) and writer.is_constant(p.rhs.diff(p.y))
        else "rk4 in parts"
        for p in problems
    }


def _split(statements):
    """The statements up to the last that integrates, and those after it."""
    last = max(k for k, s in enumerate(statements) if any(every(Integrate, [s])))
    return statements[: last + 1], statements[last + 1 :]


def source_of(model, reader, writer, state, n_inputs):
    """Lines of the functions, and names of further state variables."""
    first, rest = _split(model.update)
    draws_before = reader.draws_of_inlines
    begin = _read_early(model, first, reader)
    writer.names |= {symbol(BEGIN + name): f"s_{BEGIN}{name}" for name in begin}
    writer.names |= {symbol(f"<new {name}>"): f"n_{name}" for name in state}
    writer.names[PART] = "part"

    del reader.draws[draws_before:]
    attempted = _Attempt(model, reader, writer, begin, rest)
    writer.lines = []
    early = {symbol(name): symbol(BEGIN + name if name in begin else name) for name in state}
    early |= {_end_of(name): symbol(name) for name in state}
    ends = attempted.run(first, {**early, SPIKED: FALSE, ERROR: ZERO})
    values = [writer.code(ends[_end_of(name)]) for name in state]
    attempt = writer.lines
    error = writer.code(ends[ERROR])

    del reader.draws[draws_before:]
    finished = _Finish(model, reader, writer)
    writer.lines = []
    ends = finished.run(model.update, {**{symbol(name): symbol(name) for name in state}, SPIKED: FALSE})
    finish = writer.lines
    new = [writer.code(ends[symbol(name)]) for name in state]
    copies = [new[state.index(name)] for name in begin]
    flag = f"1.0 if {writer.code(ends[SPIKED])} else 0.0"

    clocks = hidden_state(reader, writer, [*attempt, *values, error, *finish, *new, flag], state)
    hidden = [FLAG, *(BEGIN + name for name in begin), *clocks]
    every_name = [*state, *hidden]
    draws = bool(reader.draws)
    kept = [f"s_{name}" for name in (*(BEGIN + name for name in begin), *clocks)]
    ticked = [f"s_{STEP} + 1.0" if name == STEP else f"s_{name}" for name in clocks]
    attempt = [*clock(reader, writer, [*attempt, *values, error], begin), *attempt]
    finish = [*clock(reader, writer, [*finish, *new, flag]), *finish]
    fresh = [f"s_{name}" for name in (*state, FLAG, *begin)] + kept[len(begin) :]
    head = unpacked(writer, draws, every_name)  # after all constants are known
    x = inputs_unpacked(n_inputs)
    lines = [
        *constants_function(writer, draws), "", "",
        "def attempt(c, s, x, part):", *head, x, *attempt,
        f"{INDENT}return ({', '.join([*values, '0.0', *kept])},), {error}", "", "",
        "def fires(c, old, new):", f"{INDENT}return new[{len(state)}] > 0.5", "", "",
        "def finish(c, s, new, x):", *head, unpacked(writer, draws, every_name, "n", "new")[1], x,
        *finish,
        f"{INDENT}return ({', '.join([*new, flag, *copies, *ticked])},)", "", "",
        "def refresh(c, s):", head[1], f"{INDENT}return ({', '.join(fresh)},)",
        "",
    ]  # fmt: skip
    return lines, hidden


def _end_of(name):
    """The symbol of what a variable is at the end of a part, whatever is assigned to it after that."""
    return symbol(f"<end {name}>")


def _read_early(model, statements, reader):
    """Names of variables that are integrated or assigned to, and read by conditions and assignments of
    `statements`, or remembered."""
    changing = {
        v for s in every(Integrate, statements) for v in s.variables or [e.variable for e in model.equations]
    }
    changing |= assigned(statements)
    read = {past.variable for past in model.pasts}
    for kind in Assign, If:
        for s in every(kind, statements):
            texts = [s.expression] if kind is Assign else [condition for condition, _ in s.branches]
            for text in texts:
                unknown = {name: symbol(name) for name in assigned(statements)}
                read |= {str(each) for each in reader.condition(text, s.line, unknown).free_symbols}
    names = [variable.name for variable in model.variables]
    return [name for name in names if name in changing & read]


class _Attempt(Body):
    """Takes down what happens in a part of a step."""

    def __init__(self, model, reader, writer, begin, rest):
        super().__init__(model, reader, writer)
        self.begin = begin
        self.held = self._condition_of_reset(rest)

    def _condition_of_reset(self, rest):
        """(condition, names) of the variables that a spike sets back; None if there are none."""
        draws = len(self.reader.draws)
        temporaries = {name: symbol(name) for name in assigned(self.model.update)}
        known = {symbol(v) for v in self.variables} | set(self.writer.of_arrays)
        found = None
        for s in rest:
            before: list[sympy.Basic] = []  # the conditions of the branches before must not hold
            for text, body in getattr(s, "branches", ()):
                condition = sympy.And(self.reader.condition(text, s.line, temporaries), *before)
                before.append(sympy.Not(condition))
                names = {
                    a.target
                    for a in every(Assign, body)
                    if a.target in self.problems
                    and symbol(a.target)
                    not in self.reader.number(a.expression, a.line, temporaries).free_symbols
                }
                if any(every(Spike, body)) and names and condition.free_symbols <= known:
                    found = found or (condition, names)
        del self.reader.draws[draws:]
        return found

    def begin_of(self, name, values):
        return symbol(name)

    def advance_held(self, problems, names):
        """Hold what a spike will set back, from when it comes true."""
        condition, held = self.held
        (reached,) = self.writer.take_down([condition.xreplace(names)])
        return [
            solvers.Problem(p.y, ite(reached, ZERO, p.rhs), p.method, p.line) if name in held else p
            for name, p in problems
        ]

    def solved(self, names, problems, values):
        if self.held is not None:
            now = {symbol(v): values.get(symbol(v), symbol(v)) for v in self.variables}
            now |= dict(zip(map(symbol, names), (p.y for p in problems), strict=True))
            problems = self.advance_held(list(zip(names, problems, strict=True)), now)
        ends, error = solvers.attempt(problems, self.writer, PART)
        (error,) = self.writer.take_down([values[ERROR] + error])
        given = {_end_of(name): ends[p.y] for name, p in zip(names, problems, strict=True)}
        return ends, {**values, **given, ERROR: error}


class _Finish(Body):
    """Takes down the whole step, whose integration is done: `<new name>` is what it has given."""

    def solved(self, names, problems, values):
        return {p.y: symbol(f"<new {name}>") for name, p in zip(names, problems, strict=True)}, values
