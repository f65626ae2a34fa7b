"""
Synapses written in strings: from ANNarchy's grammar to a description.

At the arrival of a spike of the source the statements of `pre_spike` are done in the order in which they
are written; ``g_target += x`` is what the target receives, its weight w if there is no such statement (then
at the beginning). At the arrival of a spike of the target those of `post_spike` are done. Before either,
the differential equations are solved over the time since the event before. An assignment among the
equations is an expression with a name.

`w` is PyNN's weight. `t_pre` and `t_post` are the times at which spikes of source and target have arrived
last. A statement with the flag unless_post is left out if a spike of the target arrives at the same time;
spikes of the target come first then.
"""

from . import description as d
from .checks import check
from .string_parts import LEVELS, ONE_OF, Inlines, Parts, is_expression
from .trees import names_in, with_names
from .written import Written, written

NEVER = "-10000.0"  # ms
TIMES = {"t_pre": "_t_pre", "t_post": "_t_post"}
RESERVED = {
    "t": "the time",
    "dt": "the time step",
    "elapsed": "the time since the event before",
    "t_pre": "the time of the last spike of the source",
    "t_post": "the time of the last spike of the target",
    "g_target": "what the target receives",
    "pre": "the source",
    "post": "the target",
    "delay": "the delay of PyNN's",
}
EVENTS = ("pre_spike", "post_spike")


def synapse_of(
    name, parameters=None, equations=None, psp=None, pre_spike=None, post_spike=None, functions=None
):
    """The description of a synapse. Arguments as of `models.Synapse`. Raises InvalidModelError, TypeError."""
    return read_synapse(written_synapse(name, parameters, equations, psp, pre_spike, post_spike, functions))


def written_synapse(name, parameters, equations, psp, pre_spike, post_spike, functions, operation=None):
    """The text of a synapse: nothing is parsed."""
    sections = {
        "parameters": parameters, "equations": equations, "psp": psp, "pre_spike": pre_spike,
        "post_spike": post_spike, "functions": functions, "operation": operation,
    }  # fmt: skip
    return written("Synapse", name, list(sections.items()))


def read_synapse(source: Written):
    """The description of what was written: a pure function. Raises InvalidModelError."""
    model = _Synapse(source).description()
    check(model)
    return model


class _Synapse:
    def __init__(self, source):
        self.source, self.parts = source, Parts(source, RESERVED)
        parts = self.parts
        self._refuse_psp()
        self.statements = parts.statements("equations")
        self.events = {title: parts.statements(title) for title in EVENTS}
        self._check_flags()
        for statement in self.statements:
            parts.declare(statement)
        self._declare_others()
        self._find_times()
        self.inline = {s.target: s.expression for s in self.statements if s.operator != "d"}
        self.inlines = Inlines(self.inline)
        self._check_localities()

    def wrong(self, line, message):
        return self.parts.wrong(line, message)

    def _refuse_psp(self):
        for title in "psp", "operation":
            lines = self.source.lines(title)
            if lines:
                raise self.wrong(
                    lines[0][1],
                    "a synapse acts either at spikes, with g_target += ... in pre_spike, or all the time, "
                    f"with a psp; {title} belongs to the latter",
                )

    def _check_flags(self):
        for statement in (*self.statements, *(s for title in EVENTS for s in self.events[title])):
            for flag in statement.flags:
                if flag == "population":
                    raise self.wrong(statement.line, f"the flag '{flag}' is for neurons")
                if flag == "unless_refractory":
                    raise self.wrong(statement.line, f"the flag '{flag}' is for neurons")
        for statement in self.statements:
            self.parts.check_kind(statement)
            if "unless_post" in statement.flags:
                raise self.wrong(statement.line, "the flag 'unless_post' is for statements of pre_spike")
            free = {
                s.target: s.expression for s in self.statements if s.operator != "d" and s is not statement
            }
            if statement.operator != "d" and not is_expression(statement, free):
                raise self.wrong(
                    statement.line,
                    "would change in every step; synapses change at spikes only: write it into pre_spike or "
                    "post_spike, or as a differential equation",
                )
        for statement in self.events["post_spike"]:
            for flag in ("unless_post",):
                if flag in statement.flags:
                    raise self.wrong(statement.line, f"the flag '{flag}' is for statements of pre_spike")
            if statement.target == "g_target":
                raise self.wrong(
                    statement.line, "only a spike of the source can have an effect on the target"
                )
        for title in EVENTS:
            for statement in self.events[title]:
                if statement.operator == "d":
                    raise self.wrong(statement.line, "a differential equation belongs to the equations")

    # --- variables that have no equation

    def _declare_others(self):
        """w, and variables that only spikes change."""
        parts = self.parts
        changed: dict = {}
        for title in EVENTS:
            for statement in self.events[title]:
                changed.setdefault(statement.target, statement)
        changed.pop("g_target", None)
        weight = next((p for p in parts.parameters if p.name == "w"), None)
        if "w" in changed and "w" not in parts.variables:
            initial = repr(weight.value) if weight else "0.0"
            self._make_variable_of_weight(weight, initial, changed["w"])
        elif weight is None and "w" not in parts.variables:
            parts.parameters.append(d.Parameter("w", 0.0))
        for name, statement in changed.items():
            if name not in parts.variables and name not in parts.known and not self._is_constant(name):
                self._declare_event_variable(name, statement)

    def _make_variable_of_weight(self, weight, initial, statement):
        parts = self.parts
        if weight:
            parts.parameters.remove(weight)
            parts.known.pop("w")
        line = weight.line if weight else statement.line
        parts.variables["w"] = d.Variable("w", initial, unit=weight.unit if weight else "", line=line)

    def _check_localities(self):
        """A variable that synapses share is the same in all, without their telling each other."""
        parts, texts = self.parts, [s.expression for s in self._all_statements()]
        for part in (*parts.parameters, *parts.variables.values()):
            if part.name == "w" and part.locality != "local":
                raise self.wrong(part.line, "each synapse has a weight of its own")
        of_post = {name for text in texts for name in names_in(text) if name.startswith("post.")}
        own = dict.fromkeys((*of_post, TIMES["t_post"]), "semiglobal")
        parts.check_localities((*self.statements, *self.events["post_spike"]), self.inline, own)
        for title, which in ("pre_spike", LEVELS[:2]), ("post_spike", LEVELS[:1]):
            for statement in self.events[title]:
                variable = parts.variables.get(statement.target)
                if variable is not None and variable.locality in which:
                    shared = f"'{variable.name}' is {ONE_OF[variable.locality]}"
                    one = {"pre_spike": "one source", "post_spike": "one target"}[title]
                    raise self.wrong(statement.line, f"{shared}, which a spike of {one} can't change")

    def _is_constant(self, name):
        return any(part.name == name for part in self.parts.internals)

    def _declare_event_variable(self, name, statement):
        """A variable that has no equation: something must look at it, or it may be a slip of the pen."""
        others = [s for s in self._all_statements() if s.target != name]
        if not any(name in names_in(s.expression) for s in others):
            from ..messages import did_you_mean

            known = [each for each in self.parts.variables if not each.startswith("_")]
            raise self.wrong(
                statement.line,
                f"there is no variable '{name}'{did_you_mean(name, known)}: it has no equation, and nothing "
                "uses it",
            )
        flags = {k: v for k, v in statement.flags.items() if k not in ("min", "max", "unless_post")}
        self.parts.declare(type(statement)(name, "=", statement.expression, flags, statement.line))

    def _all_statements(self):
        return [*self.statements, *(s for title in EVENTS for s in self.events[title])]

    def _find_times(self):
        """`t_pre` and `t_post` are hidden variables, which spikes set."""
        used = set().union(*(names_in(s.expression) for s in self._all_statements()), set())
        if "t_last" in used:
            line = next(s.line for s in self._all_statements() if "t_last" in names_in(s.expression))
            raise self.wrong(line, "synapses have two times of a last spike: t_pre and t_post")
        self.is_exclusive = any("unless_post" in s.flags for s in self.events["pre_spike"])
        self.times = used & set(TIMES) | ({"t_post"} if self.is_exclusive else set())
        for name in sorted(self.times):
            self.parts.hidden(TIMES[name], NEVER)
        for statement in self._all_statements():
            statement.expression = with_names(statement.expression, TIMES)

    # --- the description

    def description(self):
        parts = self.parts
        for statement in self.statements:
            if statement.operator != "d":
                self.inlines.add(statement.target, statement.expression, statement.line)
                del parts.variables[statement.target]
        equations = [
            d.Equation(s.target, self.inlines.now(s.expression), self._method(s), s.line)
            for s in self.statements
            if s.operator == "d"
        ]
        return d.Synapse(
            name=self.source.name,
            parameters=tuple(parts.parameters),
            internals=tuple(parts.internals),
            inlines=tuple(self.inlines.list),
            variables=tuple(parts.variables.values()),
            equations=tuple(equations),
            functions=tuple(parts.functions),
            between=(d.Integrate(),) if equations else (),
            on_pre=tuple(self._on_pre()),
            on_post=tuple(self._event("post_spike", "t_post")),
            weight="w",
            post_first=self.is_exclusive,
            text=self.source.text,
        )

    def _method(self, statement):
        """Methods are for time steps, which synapses don't have."""
        return "event-driven" if self.parts.method(statement) == "event-driven" else None

    def _on_pre(self):
        body = self._event("pre_spike", "t_pre")
        if not any(s.target == "g_target" for s in self.events["pre_spike"]):
            body.insert(0, d.Deliver("w"))
        return body

    def _event(self, title, time):
        body = [self._of(statement) for statement in self.events[title]]
        return [*body, d.Assign(TIMES[time], "t")] if time in self.times else body

    def _of(self, statement):
        if statement.target == "g_target":
            result = self._delivery(statement)
        else:
            if statement.target in self.inline:
                raise self.wrong(
                    statement.line, f"'{statement.target}' is an expression, and can't be changed"
                )
            assign = self.parts.assignment(statement)
            result = d.Assign(assign.target, self.inlines.now(assign.expression), statement.line)
        if "unless_post" in statement.flags:
            return d.If((("t != _t_post", (result,)),), (), statement.line)
        return result

    def _delivery(self, statement):
        line = statement.line
        for flag in statement.flags:
            if flag != "unless_post":
                raise self.wrong(line, f"g_target can't have the flag '{flag}'")
        if statement.operator not in ("+=", "-="):
            raise self.wrong(line, "what a target receives is written as g_target += ...")
        sign = "" if statement.operator == "+=" else "-"
        return d.Deliver(self.inlines.now(f"{sign}({statement.expression})"), line)
