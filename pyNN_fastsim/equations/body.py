"""
Lists of statements as code without branches: every way is gone, and what each variable is in the end is
chosen.

A variable that is assigned to gets a new local variable; `values` are the present ones. Loops keep their
variables in the same places, since what comes in is what went out the round before.
"""

import sympy

from . import solvers
from .description import Assign, Deliver, For, If, Integrate, Return, Spike, Variable, While, wrong
from .expressions import (
    FALSE,
    TRUE,
    Reader,
    as_condition,
    as_number,
    drawn,
    is_condition,
    ite,
    maximum,
    minimum,
    symbol,
)

TEMPORARY = Variable("")
SPIKED, DELIVERED, ERROR = symbol("<spiked>"), symbol("<delivered>"), symbol("<error>")


def reader_of(model, further=()):
    """A `Reader` that knows all names of a model, `further` ones (names), and its functions and inlines.

    Raises InvalidModelError.
    """
    names = [part.name for part in (*model.parameters, *model.internals, *model.variables)]
    reader = Reader(model, {name: symbol(name) for name in (*names, "dt", *further)})
    for function in model.functions:
        reader.functions[function.name] = _inlined(function, reader)
    for inline in model.inlines:
        reader.names[inline.name] = reader.number(inline.expression, inline.line)
    reader.draws_of_inlines = len(reader.draws)
    return reader


def assigned(statements):
    """The names that statements assign to."""
    found = set()
    for s in statements:
        if isinstance(s, Assign):
            found.add(s.target)
        elif isinstance(s, If):
            found |= assigned(s.otherwise).union(*(assigned(body) for _, body in s.branches))
        elif isinstance(s, (While, For)):
            found |= assigned(s.body) | ({s.name} if isinstance(s, For) else set())
    return found


def every(kind, statements):
    """All statements of a kind, those within others included."""
    for s in statements:
        if isinstance(s, kind):
            yield s
        if isinstance(s, If):
            for _, body in (*s.branches, (None, s.otherwise)):
                yield from every(kind, body)
        elif isinstance(s, (While, For)):
            yield from every(kind, s.body)


class Body:
    """Takes statements down.

    model      the Neuron or Synapse
    reader     of its expressions
    writer     of the code
    problems   of its equations, by name of the variable
    advance    what solves problems: a function of these and the writer
    """

    def __init__(self, model, reader, writer, advance=solvers.solve):
        self.model, self.reader, self.writer, self.advance = model, reader, writer, advance
        self.variables = {v.name: v for v in model.variables}
        self.problems = {
            e.variable: solvers.Problem(
                symbol(e.variable), reader.number(e.expression, e.line), e.method, e.line
            )
            for e in model.equations
        }
        self.temporaries = {}
        self._name_draws()

    def run(self, statements, values):
        """Take statements down; returns the values after them, by symbol."""
        for statement in statements:
            values = getattr(self, f"_{type(statement).__name__.lower()}")(statement, values)
        return values

    def _number(self, text, line, values):
        return self._with_values(self.reader.number(text, line, self._known(values)), line, values)

    def _condition(self, text, line, values):
        return as_condition(
            self._with_values(self.reader.condition(text, line, self._known(values)), line, values)
        )

    def _known(self, values):
        """The temporary names that have a value here: not those that only another way has assigned to."""
        return {name: each for name, each in self.temporaries.items() if each in values}

    def _with_values(self, expression, line, values):
        """An expression with the present values for its names, which may leave none: 1/x where x was set to
        0."""
        try:
            result = expression.xreplace(values)
        except (TypeError, ValueError, ArithmeticError):
            result = sympy.nan
        if result.has(sympy.zoo, sympy.nan, sympy.I):
            raise wrong(self.model, line, "has no value here that is a real number")
        self._name_draws()
        return result

    def _name_draws(self):
        self.writer.names |= {drawn(k): f"draw_{k}" for k in range(len(self.reader.draws))}

    def _set(self, name, value, values):
        """The values with another one for a variable, within its bounds."""
        variable = self.variables.get(name, TEMPORARY)
        for bound, choose in ("upper", minimum), ("lower", maximum):
            limit = getattr(variable, bound)
            if limit is not None:
                value = choose(value, self._number(limit, variable.line, values))
        (value,) = self.writer.take_down([value])
        return {**values, symbol(name): value}

    def _assign(self, s, values):
        value = self._number(s.expression, s.line, values)
        known = self.reader.names
        if s.target in known and s.target not in self.variables and s.target not in self.temporaries:
            raise wrong(self.model, s.line, f"'{s.target}' can't be changed: it is no variable")
        if s.target not in self.variables:
            self.temporaries[s.target] = symbol(s.target)
        return self._set(s.target, value, values)

    def _spike(self, s, values):
        return {**values, SPIKED: TRUE}

    def _deliver(self, s, values):
        value = values[DELIVERED] + self._number(s.expression, s.line, values)
        (value,) = self.writer.take_down([value])
        return {**values, DELIVERED: value}

    def _if(self, s, values):
        if not s.branches:
            return self.run(s.otherwise, values)
        common = self._in_all_ways(s)
        if common:
            values = self.run((Integrate(common, s.line),), values)
            s = _without(s, common)
        (text, body), rest = s.branches[0], If(s.branches[1:], s.otherwise, s.line)
        condition = self._condition(text, s.line, values)
        if condition in (TRUE, FALSE):
            return self.run(body, values) if condition == TRUE else self._if(rest, values)
        (condition,) = self.writer.take_down([condition])
        yes = self.run(body, values)
        no = self._if(rest, values) if rest.branches or rest.otherwise else values
        return self._chosen(condition, yes, no)

    def _in_all_ways(self, s):
        """The variables that every way of an If integrates, and nothing else does but integrate some that
        have nothing to do with these: they are integrated once, before it. A tuple, or None.

        (Refractory periods are written so: one way also counts the time that is left.)
        """
        ways = [body for _, body in s.branches] + [s.otherwise]
        if not all(len(body) == 1 and isinstance(body[0], Integrate) for body in ways):
            return None
        sets = [set(self.problems if body[0].variables is None else body[0].variables) for body in ways]
        common = set.intersection(*sets) & set(self.problems)
        others = set.union(*sets) - common
        names = {
            name: self.problems[name].rhs.free_symbols for name in common | others if name in self.problems
        }
        conditions = [self.reader.condition(text, s.line, self.temporaries) for text, _ in s.branches]
        read = set().union(*(condition.free_symbols for condition in conditions))
        apart = (
            not any(symbol(name) in names[other] for name in others for other in common)
            and not any(symbol(name) in names.get(other, ()) for name in common for other in others)
            and not any(symbol(name) in read for name in common)
        )
        return (
            tuple(name for name in self.problems if name in common) if common and others and apart else None
        )

    def _chosen(self, condition, yes, no):
        """The values of one way or the other."""
        both = [name for name in yes if name in no]
        different = [name for name in both if yes[name] != no[name]]
        results = {name: yes[name] for name in both}
        choices = [_choice(condition, yes[name], no[name]) for name in different]
        taken = self.writer.take_down(choices) if choices else []
        return results | dict(zip(different, taken, strict=True))

    def _while(self, s, values):
        return self._loop(s.body, values, lambda inner: f"while {self._code_of(s, inner)}:", s.line)

    def _code_of(self, s, values):
        return self.writer.code(self._condition(s.condition, s.line, values))

    def _for(self, s, values):
        bounds = [self._number(text, s.line, values) for text in (s.start, s.stop, s.step)]
        start, stop, step = self.writer.take_down(bounds)
        self.temporaries[s.name] = symbol(s.name)
        values = self._set(s.name, start, values)
        name = symbol(s.name)

        def head(inner):
            below, above = (as_number(c) for c in (inner[name] < stop, inner[name] > stop))
            return f"while {self.writer.code(sympy.Ne(ite(step > 0, below, above), 0))}:"

        body = (*s.body, Assign(s.name, f"{s.name} + ({s.step})", s.line))
        return self._loop(body, values, head, s.line)

    def _loop(self, body, values, head, line):
        """A loop; `head` gives its first line from the values within it. It is gone through whether or not
        the way that it is on is taken, so it must end in any case."""
        changed = assigned(body) | {v for i in every(Integrate, body) for v in i.variables or self.problems}
        kept = {symbol(name) for name in changed if symbol(name) in values}
        kept |= {SPIKED} if any(every(Spike, body)) else set()
        kept |= {DELIVERED} if any(every(Deliver, body)) else set()
        if not kept:
            raise wrong(self.model, line, "a loop in which nothing changes does not end")
        places = {name: self.writer.local("m") for name in sorted(kept, key=str)}
        for name, place in places.items():
            self.writer.assign(place, values[name])
        inner = {**values, **places}
        self.writer.line(head(inner))
        self.writer.depth += 1
        after = self.run(body, inner)
        # All at once, since what one gets may be what another had: a = b, b = a.
        targets = ", ".join(self.writer.names[place] for place in places.values())
        self.writer.line(f"{targets} = {', '.join(self.writer.code(after[name]) for name in places)}")
        self.writer.depth -= 1
        return inner

    def _integrate(self, s, values):
        names = list(self.problems) if s.variables is None else list(dict.fromkeys(s.variables))
        for name in names:
            if name not in self.problems:
                raise wrong(self.model, s.line, f"there is no equation for '{name}'")
        if not names:
            return values
        # Each variable has a symbol of its own while the equations are solved.
        own = {symbol(name): self.writer.local("y") for name in names}
        for name, place in own.items():
            self.writer.assign(place, self.begin_of(name.name, values))
        problems = [
            solvers.Problem(own[p.y], self._with_values(p.rhs, p.line, {**values, **own}), p.method, p.line)
            for p in (self.problems[name] for name in names)
        ]
        try:
            ends, values = self.solved(names, problems, values)
        except ValueError as error:
            raise wrong(self.model, problems[0].line, str(error)) from None
        ends = self.writer.take_down([ends[p.y] for p in problems])
        for name, end in zip(names, ends, strict=True):
            values = self._set(name, end, values)
        return values

    def begin_of(self, name, values):
        """The value of a variable at the beginning of what is integrated."""
        return values[symbol(name)]

    def solved(self, names, problems, values):
        """The values of all y after what is integrated, by y, and all values."""
        return self.advance(problems, self.writer), values


def _without(s, common):
    """An If whose ways integrate all but these variables."""

    def rest(body):
        names = tuple(name for name in body[0].variables or () if name not in common)
        return (Integrate(names, body[0].line),) if names else ()

    return If(tuple((text, rest(body)) for text, body in s.branches), rest(s.otherwise), s.line)


def _choice(condition, a, b):
    if not is_condition(a) and not is_condition(b):
        return ite(condition, a, b)
    condition = as_condition(condition)
    return sympy.Or(sympy.And(condition, as_condition(a)), sympy.And(sympy.Not(condition), as_condition(b)))


# --- the model's own functions ------------------------------------------------------------------------------


def _inlined(function, reader):
    """A Python function of expressions that gives what a function of the model does."""
    arguments = [sympy.Dummy(name, real=True) for name in function.arguments]
    names = dict(zip(function.arguments, arguments, strict=True))
    result = _returned(function.body, names, reader, function)
    if result is None:
        raise reader.wrong(
            function.line, f"the function '{function.name}' does not return a number on every way"
        )

    def inlined(*given):
        if len(given) != len(arguments):
            raise reader.wrong(
                function.line, f"'{function.name}' takes {len(arguments)} arguments, not {len(given)}"
            )
        return result.xreplace(dict(zip(arguments, given, strict=True)))

    return inlined


def _returned(statements, names, reader, function):
    """What statements return, as an expression; None if they don't."""
    for k, s in enumerate(statements):
        if isinstance(s, Return):
            return reader.number(s.expression, s.line, names)
        if isinstance(s, Assign):
            names = {**names, s.target: reader.number(s.expression, s.line, names)}
        elif isinstance(s, If):
            return _returned_of_if(s, statements[k + 1 :], names, reader, function)
        else:
            raise reader.wrong(
                s.line, f"the function '{function.name}' has a statement that a function can't have"
            )
    return None


def _returned_of_if(s, following, names, reader, function):
    if not s.branches:
        return _returned((*s.otherwise, *following), names, reader, function)
    (text, body), rest = s.branches[0], If(s.branches[1:], s.otherwise, s.line)
    condition = reader.condition(text, s.line, names)
    yes = _returned((*body, *following), names, reader, function)
    no = _returned_of_if(rest, following, names, reader, function)
    return None if yes is None or no is None else ite(condition, yes, no)
