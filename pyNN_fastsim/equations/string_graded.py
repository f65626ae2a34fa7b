"""
Graded synapses written in strings: from ANNarchy's grammar to a description.

Such a synapse has a `psp`, what the target receives of it in each step (w * pre.r if nothing is said), or
equations that look at pre. and post., and no pre_spike or post_spike. In each step, when all cells are at
its end, first what is postsynaptic or for the whole projection is done, then the equations of each
connection, in the order in which they are written; what follows is transmitted in the step after. An
assignment with = that nothing before it looks at is a name for what comes after it; all others, and
differential equations, are variables.

Differential equations are solved by Euler's method, unless they have the flag of another.
"""

import re

from . import description as d
from .checks import check
from .grammar import METHODS
from .string_parts import DRAWN, Parts
from .trees import names_in
from .written import Written

RESERVED = {
    "t": "the time",
    "dt": "the time step",
    "g_target": "what a synapse of spikes acts on",
    "pre": "the source",
    "post": "the target",
    "delay": "the delay of PyNN's",
}
OPERATIONS = ("sum", "mean", "max", "min")
OF_TARGET = ("postsynaptic", "projection")  # flags of variables


def is_graded(source: Written):
    """Whether what was written is a graded synapse."""
    sections = dict(source.sections)
    if "pre_spike" in sections or "post_spike" in sections:
        return False
    return "psp" in sections or re.search(r"\b(pre|post)\s*\.", sections.get("equations", "")) is not None


def read_graded(source: Written):
    """The description of what was written: a pure function. Raises InvalidModelError."""
    model = _Graded(source).description()
    check(model)
    return model


class _Graded:
    def __init__(self, source):
        self.source, self.parts = source, Parts(source, RESERVED)
        self.statements = self.parts.statements("equations")
        self._check_flags()
        self._check_names()
        for statement in self.statements:
            if statement.target not in self.parts.variables:
                self._declare(statement)
        self._find_weight()
        self.psp: str
        self.psp_line: int
        self.psp, self.psp_line = self.parts.condition("psp") or ("w * pre.r", 0)

    def wrong(self, line, message):
        return self.parts.wrong(line, message)

    def _check_flags(self):
        for statement in self.statements:
            for flag in statement.flags:
                if flag in ("population", "unless_refractory"):
                    raise self.wrong(statement.line, f"the flag '{flag}' is for neurons")
                if flag in ("unless_post", "event-driven", "exact"):
                    raise self.wrong(statement.line, f"the flag '{flag}' is for synapses of spikes")
            self.parts.check_kind(statement)

    def _check_names(self):
        for statement in self.statements:
            if statement.target == "g_target":
                raise self.wrong(statement.line, "what a target receives of a graded synapse is its psp")
        for text, line in self.source.lines("equations"):
            drawn = next((word for word in DRAWN if re.search(rf"\b{word}\s*\(", text)), None)
            if drawn:
                raise self.wrong(line, f"{drawn}: graded synapses can't draw random numbers in each step")

    def _declare(self, statement):
        """Declare a variable; not one that is a name for the rest of a step only."""
        name, parameter = statement.target, None
        if name == "w":
            parameter = next((p for p in self.parts.parameters if p.name == "w"), None)
        if parameter:
            self.parts.parameters.remove(parameter)
            self.parts.known.pop("w")
        self.parts.declare(statement, repr(parameter.value) if parameter else "0.0")

    def _find_weight(self):
        """`w` is a parameter unless something changes it; what is assigned afresh in each step is no
        variable."""
        parts = self.parts
        if "w" not in parts.variables and not any(p.name == "w" for p in parts.parameters):
            parts.parameters.append(d.Parameter("w", 0.0))
        psp = names_in(self.parts.condition("psp")[0]) if self.source.lines("psp") else {"w"}
        self.temporary = set()
        read = set(psp)
        for statement in self.statements:
            name = statement.target
            read |= names_in(statement.expression)
            again = sum(each.target == name for each in self.statements) > 1
            of_target = any(flag in statement.flags for flag in OF_TARGET)
            if statement.operator == "=" and name not in read and not again and not of_target:
                if "init" not in statement.flags:
                    self.temporary.add(name)

    def description(self):
        parts = self.parts
        of_target: list = []
        learn: list = []
        for statement in self.statements:
            some = of_target if any(flag in statement.flags for flag in OF_TARGET) else learn
            some.append(statement)
        self._check_of_target(of_target)
        variables = [v for v in parts.variables.values() if v.name not in self.temporary]
        equations = [
            d.Equation(s.target, s.expression, parts.method(s) or METHODS["explicit"], s.line)
            for s in self.statements
            if s.operator == "d"
        ]
        done = self._done(of_target), self._done(learn)
        for name in self.temporary:
            del parts.variables[name]
        return d.GradedSynapse(
            name=self.source.name,
            parameters=tuple(parts.parameters),
            internals=tuple(parts.internals),
            variables=tuple(variables),
            equations=tuple(equations),
            functions=tuple(parts.functions),
            temporaries=tuple(sorted(self.temporary)),
            of_target=done[0],
            learn=done[1],
            psp=self.psp,
            psp_line=self.psp_line,
            operation=self._operation(),
            text=self.source.text,
        )

    def _check_of_target(self, statements):
        """What each target has once can't depend on what each connection has."""
        of_each = {s.target for s in self.statements if s not in statements} | {"w"}
        for statement in statements:
            for name in sorted(names_in(statement.expression)):
                if name in of_each or name.startswith("pre."):
                    raise self.wrong(
                        statement.line,
                        f"'{name}' is different for each connection, and '{statement.target}' is not",
                    )

    def _done(self, statements):
        """Statements of a description: equations that follow one another are solved together."""
        done: list = []
        for statement in statements:
            if statement.operator != "d":
                done.append(self.parts.assignment(statement))
                continue
            together = done and isinstance(done[-1], d.Integrate)
            before = done.pop().variables if together else ()
            done.append(d.Integrate((*before, statement.target), statement.line))
        return tuple(done)

    def _operation(self):
        lines = self.source.lines("operation")
        if not lines:
            return "sum"
        text, line = lines[0]
        if text.strip() not in OPERATIONS:
            raise self.wrong(line, f"operation must be one of {', '.join(OPERATIONS)}")
        return text.strip()
