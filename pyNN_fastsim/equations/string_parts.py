"""
What neurons and synapses written in strings have in common: parameters, functions, variables, inlines.
"""

import ast
import math
import re

from ..messages import did_you_mean
from . import description as d
from .checks import CONSTANTS, FUNCTIONS
from .grammar import LOCALITIES, METHODS, TYPES, Parser, pieces_of, statements_of
from .trees import names_in, number_of, with_names

DRAWN = ("Uniform", "DiscreteUniform", "Normal", "LogNormal", "Exponential", "Gamma", "Binomial")


EVERYWHERE = ("t", "dt", *CONSTANTS)
LEVELS = ("global", "semiglobal", "local")
ONE_OF = {"global": "one for all", "semiglobal": "one for each target cell", "local": "not"}


class Parts:
    """
    Reads the sections that all models have.

    written     a `Written`
    reserved    names that a user may not declare, with what they are
    knows_all_cells   see grammar.Parser
    """

    def __init__(self, written, reserved, knows_all_cells=False):
        self.written, self.model = written, (written.name, written.text)
        self.reserved = reserved
        self.parser = Parser(self.model)
        self.parser.knows_all_cells = knows_all_cells
        self.known = {}  # line by name of parameters, constants and functions
        self.internals = [self._constant(*part) for part in self._assignments("constants")]
        self.parameters = [self._parameter(*part) for part in self._assignments("parameters")]
        shadowed = {p.name for p in self.parameters}
        self.internals = [part for part in self.internals if part.name not in shadowed]
        self.parser.parameters = {p.name for p in (*self.parameters, *self.internals)}
        self.functions = [self._function(*part) for part in statements_of(written.lines("functions"))]
        self.variables, self.equations, self.inlines = {}, [], []

    def wrong(self, line, message):
        return d.wrong(self.model, line, message)

    # --- constants, parameters, functions

    def _assignments(self, title):
        for text, line in pieces_of(self.written.lines(title)):
            statement = self.parser.statement(text, line)
            if statement.operator != "=":
                raise self.wrong(line, "must be of the form name = number")
            yield statement, text, line

    def _constant(self, statement, text, line):
        self.check_new_name(statement.target, line)
        return d.Internal(statement.target, statement.expression, line=line)

    def _parameter(self, statement, text, line):
        name, flags = statement.target, statement.flags
        for flag in flags:
            if flag not in (*LOCALITIES, *TYPES, "unit"):
                raise self.wrong(line, f"a parameter can't have the flag '{flag}'")
        if any(word in text for word in DRAWN):
            raise self.wrong(
                line, f"the default of '{name}' must be a number; numbers are drawn where the model is used"
            )
        value = number_of(statement.expression)
        if value is None:
            raise self.wrong(line, f"the default of '{name}' must be a number")
        self.check_new_name(name, line)
        if any(p.name == name for p in getattr(self, "parameters", ())) or name in self.known:
            raise self.wrong(line, f"there is another '{name}' (line {self.known[name]})")
        self.known[name] = line
        kind = next((kind for kind in TYPES if kind in flags), "float")
        if re.search(r"=\s*(True|False|true|false)\b", text):
            kind = "bool"
        locality = next((LOCALITIES[flag] for flag in flags if flag in LOCALITIES), "local")
        if kind == "int" and value != math.floor(value):
            raise self.wrong(line, f"the default of '{name}' must be a whole number")
        if kind == "bool" and value not in (0.0, 1.0):
            raise self.wrong(line, f"the default of '{name}' must be True or False")
        return d.Parameter(name, value, flags.get("unit", ""), locality, kind, line)

    def _function(self, text, line):
        name, arguments, expression = self.parser.function(text, line)
        self.check_new_name(name, line)
        if name in self.known:
            raise self.wrong(line, f"there is another '{name}' (line {self.known[name]})")
        self.known[name] = line
        return d.Function(name, arguments, (d.Return(expression, line),), line)

    def check_new_name(self, name, line):
        """Raise InvalidModelError for what can't be declared."""
        self.parser.check_name(name, line)
        if name in self.reserved:
            raise self.wrong(line, f"'{name}' can't be a name of the model's: it is {self.reserved[name]}")
        if name in FUNCTIONS or (name in CONSTANTS and name != "e"):
            raise self.wrong(line, f"'{name}' can't be a name of the model's: it is known already")

    # --- statements

    def statements(self, title):
        """The statements of a section, except for functions."""
        return [self.parser.statement(text, line) for text, line in statements_of(self.written.lines(title))]

    def condition(self, title):
        """The expression of a section that has one, and its line; None if there is no such section."""
        pieces = pieces_of(self.written.lines(title))
        if not pieces:
            return None
        text, line = " ".join(text for text, _ in pieces), pieces[0][1]
        return self.parser.expression(text, line), line

    def declare(self, statement, initial="0.0"):
        """Note the variable that a statement is for."""
        name, flags, line = statement.target, statement.flags, statement.line
        self.check_new_name(name, line)
        if name in self.variables:
            earlier = self.variables[name].line
            raise self.wrong(line, f"there is another equation for '{name}' (line {earlier})")
        if name in self.known:
            raise self.wrong(
                line,
                f"'{name}' is a parameter or function (line {self.known[name]}), and can't have an equation",
            )
        self.variables[name] = d.Variable(
            name=name,
            initial=self.value(flags["init"], line) if "init" in flags else initial,
            unit=flags.get("unit", ""),
            lower=self.value(flags["min"], line) if "min" in flags else None,
            upper=self.value(flags["max"], line) if "max" in flags else None,
            type=next((kind for kind in TYPES if kind in flags), "float"),
            locality=next((LOCALITIES[flag] for flag in flags if flag in LOCALITIES), "local"),
            line=line,
        )

    def value(self, text, line):
        """The expression of a flag: init, min or max."""
        if any(text.lstrip().startswith(word) for word in DRAWN):
            raise self.wrong(
                line, "initial values are drawn by initialize(v=RandomDistribution(...)), not here"
            )
        return self.parser.expression(text, line)

    def hidden(self, name, initial="0.0", line=0):
        """A variable of the model's own; returns its name."""
        if name not in self.variables:
            self.variables[name] = d.Variable(name, initial, recordable=False, line=line)
        return name

    def method(self, statement):
        return next((METHODS[flag] for flag in statement.flags if flag in METHODS), None)

    def assignment(self, statement):
        """A statement as an `Assign`, within the bounds that it has by itself."""
        name, line = statement.target, statement.line
        if name not in self.variables:
            what = f"there is no variable '{name}'{did_you_mean(name, self.variables)}"
            if name in self.known or any(part.name == name for part in self.internals):
                what = f"'{name}' is no variable, and can't be changed"
            raise self.wrong(line, what)
        value = _of_type(statement.value(), self.variables[name].type)
        for flag, function in ("min", "max"), ("max", "min"):
            if flag in statement.flags:
                value = f"{function}({value}, {self.value(statement.flags[flag], line)})"
        return d.Assign(name, value, line)

    def check_localities(self, statements, inlines, own):
        """Raise InvalidModelError for a variable that several cells or synapses share, and that depends on
        what each has of its own.

        statements   what it follows from
        inlines      expressions by name
        own          localities of names that have one of their own
        """
        known = {part.name: part.locality for part in (*self.parameters, *self.variables.values())}
        known |= {part.name: "global" for part in self.internals}
        for statement in statements:
            variable = self.variables.get(statement.target)
            if variable is None or variable.locality == "local" or variable.name in inlines:
                continue
            for name in sorted(dependencies(statement.value(), inlines) - set(inlines)):
                locality = {**known, **own}.get(name, "global" if name in EVERYWHERE else "local")
                if LEVELS.index(locality) > LEVELS.index(variable.locality):
                    raise self.wrong(
                        statement.line,
                        f"'{variable.name}' is {ONE_OF[variable.locality]}, and can't depend on '{name}', "
                        f"which is {ONE_OF[locality]}",
                    )
            if re.search(r"\b(uniform|normal)\(\)", statement.expression):
                raise self.wrong(
                    statement.line, f"'{variable.name}' is {ONE_OF[variable.locality]}, and can't be drawn"
                )

    def check_kind(self, statement):
        """Raise InvalidModelError for flags that don't fit an equation, or an assignment."""
        kinds = [kind for kind in ("int", "bool") if kind in statement.flags]
        if statement.operator == "d" and kinds:
            raise self.wrong(
                statement.line, f"a variable of type {kinds[0]} can't have a differential equation"
            )
        if statement.operator != "d" and self.method(statement):
            raise self.wrong(statement.line, "has a method, but no derivative")


def _of_type(value, kind):
    if kind == "bool":
        return f"(1.0 if ({value}) else 0.0)"
    return f"sign({value}) * floor(abs({value}))" if kind == "int" else value


# --- inlines ------------------------------------------------------------------------------------------------


class Inlines:
    """
    Assignments that are expressions: an inline "_name" for each, and where it needs one another inline
    "_name_then", the same at the end of the step, where the time is t + dt.
    """

    def __init__(self, names):
        self.names = set(names)
        self.list, self._timed = [], set()

    def add(self, name, expression, line, values=()):
        """In the order in which they use each other; see `now` for `values`."""
        self.list.append(d.Inline(f"_{name}", self.now(expression, values), line))
        if names_in(expression) & {"t", *self._timed} - set(values):
            self._timed.add(name)
            self.list.append(d.Inline(f"_{name}_then", self.then(expression, values), line))

    def now(self, expression, values=()):
        """An expression at the beginning of the step, or within it; by `values` their variables are meant."""
        return with_names(expression, {name: f"_{name}" for name in self.names - set(values)})

    def then(self, expression, values=()):
        """An expression at the end of the step."""
        names = {
            name: f"_{name}_then" if name in self._timed else f"_{name}" for name in self.names - set(values)
        }
        return with_names(expression, {**names, "t": "(t + dt)"})


def dependencies(expression, inlines):
    """The names that an expression depends on, and those that `inlines` (expressions by name) do."""
    found, todo = set(), names_in(expression)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo |= names_in(inlines[name]) if name in inlines else set()
    return found


class Draws(ast.NodeTransformer):
    """Replaces draws of an expression by names: `kinds` are the draws by name."""

    def __init__(self):
        self.kinds = {}

    def in_text(self, text):
        if "uniform" not in text and "normal" not in text:
            return text
        return ast.unparse(ast.fix_missing_locations(self.visit(ast.parse(text, mode="eval").body)))

    def visit_Call(self, node):
        self.generic_visit(node)
        if node.func.id not in ("uniform", "normal") or node.args:
            return node
        name = f"_{node.func.id}_{len(self.kinds) + 1}"
        self.kinds[name] = node.func.id
        return ast.Name(name, ast.Load())


def is_expression(statement, inlines):
    """Whether an assignment is one only: it does not look at its own value."""
    return statement.operator == "=" and statement.target not in dependencies(statement.expression, inlines)
