"""
Whether a description makes sense, whatever language it was written in.

What is looked at: that every name is known, has one meaning, and is not one that the description
reserves; that each variable has something that determines it, and one equation at most; that expressions
have values (no powers of negative numbers, no divisions by zero, as far as one can see); that spikes are
possible.
"""

import ast

from ..messages import did_you_mean
from . import description as d
from .ranges import ANYTHING, FALSE, OutOfDomain, range_of, truth

METHODS = ("exact", "exponential", "explicit", "midpoint", "rk4", "implicit", "event-driven")
TYPES = ("float", "int", "bool")
LOCALITIES = ("local", "semiglobal", "global")
CONSTANTS = ("pi", "e", "inf", "True", "False")
DRAWS = ("uniform", "normal")
# Functions by name: the least and largest number of arguments.
FUNCTIONS = {
    **dict.fromkeys(
        "exp expm1 log ln log10 log1p sqrt abs fabs sign sin cos tan asin acos atan sinh cosh tanh erf erfc "
        "floor ceil round".split(),
        (1, 1),
    ),
    **dict.fromkeys("_bit_and _bit_or _bit_xor _shift_left _shift_right _poisson".split(), (2, 2)),
    **dict.fromkeys(DRAWS, (0, 0)),
    "pow": (2, 2),
    "modulo": (2, 2),
    "min": (1, 9),
    "max": (1, 9),
    "clip": (3, 3),
    "ite": (3, 3),
}


def check(model):
    """Raises InvalidModelError, with the line, for the first mistake in a Neuron or a synapse."""
    checks = _Checks(model)
    checks.names()
    checks.declarations()
    checks.equations()
    checks.functions()
    checks.statements()
    checks.every_variable_is_determined()


class _Checks:
    def __init__(self, model):
        self.model, self.is_neuron = model, isinstance(model, d.Neuron)
        self.variables = {variable.name: variable for variable in model.variables}
        self.own_functions = {function.name: function for function in model.functions}
        self.arrived = model.inputs if self.is_neuron else []
        self.fixed = [p.name for p in (*model.parameters, *model.internals)]
        self.everywhere = {*self.fixed, *self.variables, "dt", "t"} | {p.name for p in model.inlines}
        if self.is_neuron:
            self.everywhere |= {*self.arrived, model.injected} | {past.name for past in model.pasts}
        elif isinstance(model, d.GradedSynapse):
            self.everywhere |= set(model.temporaries)
        self.assigned, self.integrated = set(), set()
        self.ranges = {}

    def wrong(self, line, message):
        return d.wrong(self.model, line, message)

    # --- what is declared

    def names(self):
        """Every name has one meaning."""
        model = self.model
        seen: dict[str, int] = {}
        parts = (*model.parameters, *model.internals, *model.variables, *model.inlines, *model.functions)
        reserved = {"t", "dt", "pre", "post", *CONSTANTS, *FUNCTIONS} - {"e"}
        reserved |= {*self.arrived, model.injected} if self.is_neuron else {"elapsed"}
        for part in parts:
            if part.name in reserved:
                raise self.wrong(part.line, f"'{part.name}' can't be a name of the model's: it is reserved")
            if part.name in seen:
                where = f" (line {seen[part.name]})" if seen[part.name] else ""
                raise self.wrong(part.line, f"there is another '{part.name}'{where}")
            seen[part.name] = part.line

    def declarations(self):
        """Parameters, internals, variables and inlines, in the order in which they may use each other."""
        model, known = self.model, {"dt"}
        for part in (*model.parameters, *model.variables):
            self._is_one_of("type", part.type, TYPES, part.line)
            self._is_one_of("locality", part.locality, LOCALITIES, part.line)
        for parameter in model.parameters:
            known.add(parameter.name)
            self.ranges[parameter.name] = (float(parameter.value),) * 2
        for internal in model.internals:
            self.ranges[internal.name] = self.range(internal.expression, known, internal.line, draws=False)
            known.add(internal.name)
        for variable in model.variables:
            bounds = []
            for text in (variable.lower, variable.upper):
                bounds.append(
                    ANYTHING if text is None else self.range(text, known, variable.line, draws=False)
                )
            (low, _), (_, high) = bounds
            if low > high:
                raise self.wrong(
                    variable.line, f"'{variable.name}' can't be both above {low:g} and below {high:g}"
                )
            self.range(variable.initial, known, variable.line, draws=False)
            if not self._is_weight(variable.name):
                self.ranges[variable.name] = low, high
        for past in model.pasts if self.is_neuron else ():
            self._past(past)
        known = self.everywhere - {inline.name for inline in model.inlines}
        for inline in model.inlines:
            self.ranges[inline.name] = self.range(inline.expression, known, inline.line, draws=False)
            known = known | {inline.name}

    def _past(self, past):
        if past.variable not in self.variables:
            raise self.wrong(past.line, f"there is no variable '{past.variable}'")
        low, high = self.range(past.delay, {*self.fixed, "dt"}, past.line, draws=False)
        if high < 0:
            raise self.wrong(past.line, f"what '{past.variable}' will be is not known")

    def _is_weight(self, name):
        return not self.is_neuron and name in (self.model.weight, self.model.delay)

    def _is_one_of(self, what, value, known, line):
        if value not in known:
            raise self.wrong(line, f"there is no {what} '{value}'{did_you_mean(value, known)}")

    def equations(self):
        seen: dict[str, int] = {}
        for equation in self.model.equations:
            name = equation.variable
            if name not in self.variables:
                raise self.wrong(
                    equation.line, f"there is no variable '{name}'{did_you_mean(name, self.variables)}"
                )
            if name in seen:
                where = f" (line {seen[name]})" if seen[name] else ""
                raise self.wrong(equation.line, f"there is another equation for '{name}'{where}")
            seen[name] = equation.line
            if equation.method is not None:
                self._is_one_of("method", equation.method, METHODS, equation.line)
            self.range(equation.expression, self.everywhere, equation.line, draws=False)

    def functions(self):
        for function in self.model.functions:
            known = {*function.arguments, *CONSTANTS}
            if not self._ends(function.body):
                raise self.wrong(
                    function.line, f"the function '{function.name}' does not always return something"
                )
            self._statements(function.body, known, "function")

    def _ends(self, body):
        """Whether statements end in a Return on every way."""
        if not body:
            return False
        last = body[-1]
        if isinstance(last, d.If):
            return all(self._ends(branch) for _, branch in last.branches) and self._ends(last.otherwise)
        return isinstance(last, d.Return)

    # --- what is done

    def statements(self):
        model = self.model
        if self.is_neuron:
            self._statements(model.update, self.everywhere, "update")
        elif isinstance(model, d.GradedSynapse):
            self._statements(model.of_target, self.everywhere, "step")
            self._statements(model.learn, self.everywhere, "step")
            self.range(model.psp, self.everywhere, model.psp_line, draws=False)
        else:
            self._statements(model.between, self.everywhere | {"elapsed"}, "between")
            self._statements(model.on_pre, self.everywhere, "on_pre")
            self._statements(model.on_post, self.everywhere, "on_post")

    def _statements(self, body, known, where):
        known = set(known)
        for statement in body:
            self._statement(statement, known, where)
            if isinstance(statement, d.Assign):
                known.add(statement.target)

    def _statement(self, statement, known, where):
        line = statement.line
        if isinstance(statement, d.Assign):
            self._assignment(statement, known, where)
        elif isinstance(statement, d.If):
            for condition, body in statement.branches:
                self._condition(condition, body, known, line)
                self._statements(body, known, where)
            self._statements(statement.otherwise, known, where)
        elif isinstance(statement, d.While):
            self.range(statement.condition, known, line)
            self._statements(statement.body, known, where)
        elif isinstance(statement, d.For):
            for text in (statement.start, statement.stop, statement.step):
                self.range(text, known, line)
            self._statements(statement.body, known | {statement.name}, where)
        elif isinstance(statement, d.Integrate):
            self._integrate(statement, where)
        elif isinstance(statement, d.Spike):
            self._allowed(where == "update", "a spike", line)
        elif isinstance(statement, d.Deliver):
            self._allowed(where == "on_pre", "what a target receives", line)
            self.range(statement.expression, known, line)
        elif isinstance(statement, d.Return):
            self._allowed(where == "function", "a return", line)
            self.range(statement.expression, known, line)

    def _allowed(self, is_so, what, line):
        if not is_so:
            raise self.wrong(line, f"{what} can't be here")

    def _assignment(self, statement, known, where):
        name, line = statement.target, statement.line
        if where != "function":
            for what, names in (
                ("a parameter", self.fixed),
                ("an expression", [inline.name for inline in self.model.inlines]),
                ("reserved", ["t", "dt", "elapsed", *self.arrived]),
            ):
                if name in names and name not in self.variables and not self._is_weight(name):
                    raise self.wrong(line, f"'{name}' is {what}, and can't be assigned to")
        self.assigned.add(name)
        self.range(statement.expression, known, line)

    def _integrate(self, statement, where):
        self._allowed(where in ("update", "between", "step"), "the solution of equations", statement.line)
        with_equations = {equation.variable for equation in self.model.equations}
        for name in statement.variables or ():
            if name not in with_equations:
                raise self.wrong(statement.line, f"there is no equation for '{name}'")
        self.integrated |= with_equations if statement.variables is None else set(statement.variables)

    def _condition(self, text, body, known, line):
        interval = self.range(text, known, line)
        if not any(isinstance(statement, d.Spike) for statement in body):
            return
        if truth(interval) == FALSE:
            raise self.wrong(line, "the condition for a spike can never hold")
        if not self._changes(text, known):
            raise self.wrong(line, "the condition for a spike has nothing in it that changes")

    def _changes(self, text, known):
        """Whether an expression has anything in it that changes in a run."""
        tree = ast.parse(text.strip(), mode="eval")
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        inlines = {inline.name: inline.expression for inline in self.model.inlines}
        if any(self._changes(inlines[name], known) for name in names & set(inlines)):
            return True
        return bool(names - set(inlines) - {*self.fixed, "dt", *CONSTANTS, *FUNCTIONS, *self.own_functions} or
                    names & set(DRAWS))  # fmt: skip

    def every_variable_is_determined(self):
        with_equations = {equation.variable: equation.line for equation in self.model.equations}
        for name, variable in self.variables.items():
            if name not in with_equations and name not in self.assigned and not self._is_weight(name):
                raise self.wrong(
                    variable.line, f"the variable '{name}' has no equation, and is assigned nowhere"
                )
        for name, line in with_equations.items():
            if name not in self.integrated:
                raise self.wrong(line, f"the equation for '{name}' is never solved")

    # --- expressions

    def range(self, text, known, line, draws=True):
        """The values that an expression can have, after a look at all its names and functions."""
        try:
            tree = ast.parse(text.strip(), mode="eval").body
            self._names_and_functions(tree, known, line, draws)
            return range_of(tree, self.ranges)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise self.wrong(line, f"'{text}' can't be read as an expression") from None
        except OutOfDomain as error:
            raise self.wrong(line, str(error)) from None

    def _names_and_functions(self, tree, known, line, draws):
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self._call(node, line, draws)
            elif isinstance(node, ast.Attribute):
                self._attribute(node, line)
                called.add(id(node.value))
            elif isinstance(node, ast.Name) and id(node) not in called and node.id not in known:
                self._unknown(node.id, known, line)

    def _unknown(self, name, known, line):
        if name in CONSTANTS:
            return
        if name in FUNCTIONS or name in self.own_functions:
            raise self.wrong(line, f"'{name}' is a function, and needs arguments in brackets")
        if name in self.everywhere:
            raise self.wrong(
                line, f"'{name}' is not known here, only what is fixed before a run, or comes before"
            )
        shown = [each for each in known if not each.startswith("_")]
        raise self.wrong(line, f"there is no '{name}'{did_you_mean(name, shown)}")

    def _attribute(self, node, line):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if self.is_neuron or owner not in ("pre", "post"):
            raise self.wrong(line, f"'{ast.unparse(node)}' has no meaning here")

    def _call(self, node, line, draws):
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name in self.own_functions:
            least = most = len(self.own_functions[name].arguments)
        elif name in FUNCTIONS:
            least, most = FUNCTIONS[name]
        else:
            known = [*self.own_functions, *FUNCTIONS]
            raise self.wrong(line, f"there is no function '{name}'{did_you_mean(name, known)}")
        if name in DRAWS and not draws:
            raise self.wrong(line, "a random number can't be drawn here")
        if not least <= len(node.args) <= most or node.keywords:
            raise self.wrong(
                line, f"{name} takes {least} argument{'' if least == 1 else 's'}, not {len(node.args)}"
            )
