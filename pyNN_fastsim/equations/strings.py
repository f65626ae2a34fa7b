"""
Neurons written in strings: from ANNarchy's grammar to a description.

One step, from t to t + dt:

1. Random numbers of the equations are drawn: one for each place in the text, held over the step.
2. Equations are solved, and assignments done, in the order in which they are written. Differential
equations are solved
   together, unless an assignment that depends on some of them stands in between.
3. The spike condition is looked at, with the values of t + dt; if it holds, the reset is done.
4. What has arrived is added: g_exc (the receptor type "excitatory"), g_inh ("inhibitory") or g_name ("name")
   rises by the weights; one that has no equation is what arrived at t + dt, and acts in the step after that.

An assignment such as ``i = g_exc - g_inh`` is an expression with a name: in differential equations, in
every stage of a solver, it is what it is at that time; what is recorded of it belongs to the other values
of the same time. This is so unless something before it uses the name (then that sees the value of the step
before), it depends on its own value, a reset changes it, or it is an int: then it is done once a step, at
its place.

``before = v``, before the equation for v, is an expression, too, but what comes after that equation (an
assignment, the spike condition, a reset) means the value that it had at its place; this is then also what
is recorded. So it is, whatever comes after it, with ``before = r`` before an assignment to r.

`sum(exc)` is what graded connections at the receptor type "excitatory" bring, `sum(inh)` at "inhibitory",
sum(name) at "name", and sum() at all of these: held over the step, of what the sources transmitted until
its beginning. Cells without a spike condition transmit r. mean(r), max(r), min(r), norm1(r) and norm2(r)
are of all cells of the population, at the beginning of the step.

In the refractory period all variables are held but the conductances (g_...) and what depends on nothing but
these, unless it is in the spike condition or the reset; if a variable has the flag unless_refractory, those
that have it are held and no others. `t_last` is the time of the spike
before. The current from electrodes (nA) is `i_injected`.
"""

from dataclasses import replace

from ..messages import did_you_mean
from . import description as d
from .checks import check
from .grammar import OF_ALL_CELLS, SUM_OF_ALL
from .string_parts import Draws, Inlines, Parts, dependencies, is_expression
from .trees import names_in, number_of, with_names
from .written import Written, written

INJECTED = "i_injected"
NEVER = "-10000.0"  # ms: the time of a spike that there was not
REFRACTORY = "_refractory > 0.5"
LAST = {"t_last": "_t_last"}
RECEPTORS = {"exc": "excitatory", "inh": "inhibitory"}
RESERVED = {
    "t": "the time",
    "dt": "the time step",
    "t_last": "the time of the last spike",
    "g_target": "what a synapse acts on",
    "pre": "a word of synapses",
    "post": "a word of synapses",
    "spikes": "what is recorded of spikes",
    INJECTED: "the current from electrodes",
}


def neuron_of(name, parameters=None, equations=None, spike=None, reset=None, refractory=None,
              axon_spike=None, axon_reset=None, functions=None):  # fmt: skip
    """The description of a neuron. Arguments as of `models.Neuron`. Raises InvalidModelError, TypeError."""
    return read_neuron(
        written_neuron(
            name, parameters, equations, spike, reset, refractory, axon_spike, axon_reset, functions
        )
    )


def written_neuron(name, parameters, equations, spike, reset, refractory, axon_spike, axon_reset, functions):
    """The text of a neuron: nothing is parsed."""
    sections = {
        "parameters": parameters, "equations": equations, "spike": spike, "reset": reset,
        "refractory": refractory, "axon_spike": axon_spike, "axon_reset": axon_reset, "functions": functions,
    }  # fmt: skip
    return written("Neuron", name, list(sections.items()))


def read_neuron(source: Written):
    """The description of what was written: a pure function. Raises InvalidModelError."""
    model = _Neuron(source).description()
    check(model)
    return model


class _Neuron:
    def __init__(self, source):
        self.source, self.parts = source, Parts(source, RESERVED, knows_all_cells=True)
        parts = self.parts
        self.statements = parts.statements("equations")
        self.resets = {title: parts.statements(title) for title in ("reset", "axon_reset")}
        self.spike, self.axon_spike = parts.condition("spike"), parts.condition("axon_spike")
        self.refractory = parts.condition("refractory")
        if self.refractory and (number_of(self.refractory[0]) or 0.0) < 0:
            raise self.wrong(self.refractory[1], "the refractory period must not be negative")
        self._find_time_of_spike()
        self._check_flags()
        for statement in self.statements:
            parts.declare(statement)
        self._find_inlines()
        self.sums, self.pools = self._of_others()
        self.receptors = self._receptors()
        self._find_draws()
        self._check_localities()
        self.held = self._held_variables() if self.refractory else set()

    def wrong(self, line, message):
        return self.parts.wrong(line, message)

    # --- what there is

    def _check_flags(self):
        for statement in self.statements:
            for flag in statement.flags:
                if flag in ("projection", "postsynaptic", "event-driven", "exact", "unless_post"):
                    raise self.wrong(statement.line, f"the flag '{flag}' is for synapses")
            self.parts.check_kind(statement)
        for statement in (*self.resets["reset"], *self.resets["axon_reset"]):
            if statement.operator == "d":
                raise self.wrong(statement.line, "a reset can't have a differential equation")
            for flag in statement.flags:
                if flag not in ("min", "max"):
                    raise self.wrong(statement.line, f"a reset can't have the flag '{flag}'")
        for title, needs in ("reset", "spike"), ("axon_reset", "axon_spike"), ("refractory", "spike"):
            lines = self.source.lines(title)
            if lines and not getattr(self, needs):
                raise self.wrong(lines[0][1], f"there is a {title}, but no {needs} condition")

    def _check_localities(self):
        parts = self.parts
        for part in (*parts.parameters, *parts.variables.values()):
            if part.locality == "semiglobal":
                raise self.wrong(part.line, "one value for each target cell is for synapses")
        parts.check_localities(self.statements, self.inline, {})
        for statement in (*self.resets["reset"], *self.resets["axon_reset"]):
            variable = parts.variables.get(statement.target)
            if variable is not None and variable.locality == "global":
                raise self.wrong(
                    statement.line,
                    f"'{variable.name}' is one for all, which the spike of a cell can't change",
                )

    def _find_time_of_spike(self):
        """`t_last` is a hidden variable, which a spike sets."""
        conditions = [part for part in (self.spike, self.axon_spike, self.refractory) if part]
        texts = [*(s.expression for s in self._all_statements()), *(text for text, _ in conditions)]
        self.knows_last = any("t_last" in names_in(text) for text in texts)
        if not self.knows_last:
            return
        self.parts.hidden("_t_last", NEVER)
        for statement in self._all_statements():
            statement.expression = with_names(statement.expression, LAST)
        for name in ("spike", "axon_spike", "refractory"):
            if getattr(self, name):
                text, line = getattr(self, name)
                setattr(self, name, (with_names(text, LAST), line))

    def _find_inlines(self):
        """Which assignments are expressions: `inline` by name."""
        reset = {s.target for statements in self.resets.values() for s in statements}
        self.inline: dict[str, str] = {}
        used: set[str] = set()
        for statement in self.statements:
            name = statement.target
            candidate = {**self.inline, name: statement.expression}
            free = {key: text for key, text in candidate.items() if key != name}
            flagged = {"int", "unless_refractory"} & set(statement.flags)
            if name not in used | reset and not flagged and is_expression(statement, free):
                self.inline[name] = self._within_bounds(statement)
            used |= names_in(statement.expression)
        self.inlines = Inlines(self.inline)
        self._find_placed()

    def _find_placed(self):
        """Which expressions have uses that mean the value at their place: `placed`."""
        end = len(self.statements)
        solved = {
            s.target: k
            for k, s in enumerate(self.statements)
            if s.operator == "d" or s.target not in self.inline
        }
        self.placed = {}  # by name, the place of the first statement that changes it afterwards
        for place, statement in enumerate(self.statements):
            name = statement.target
            if name not in self.inline:
                continue
            changes = [
                solved[each] for each in dependencies(statement.expression, self.inline) if each in solved
            ]
            first = min((k for k in changes if k > place), default=end)
            if first == end:
                continue
            uses = [s.expression for s in self.statements[first:] if s.operator != "d"]
            is_used = any(name in names_in(text) for text in (*uses, *self._texts_of_spikes()))
            if is_used or self.statements[first].operator != "d":
                self.placed[name] = first

    def _texts_of_spikes(self):
        conditions = [part[0] for part in (self.spike, self.axon_spike, self.refractory) if part]
        return [*conditions, *(s.value() for title in self.resets for s in self.resets[title])]

    def _values(self, place=None):
        """The names whose values at their places are meant at a place of the text; None: at its end."""
        return [name for name, first in self.placed.items() if place is None or place > first]

    def _within_bounds(self, statement):
        variable, value = self.parts.variables[statement.target], statement.expression
        if variable.lower is not None:
            value = f"max({value}, {variable.lower})"
        if variable.upper is not None:
            value = f"min({value}, {variable.upper})"
        return f"(1.0 if ({value}) else 0.0)" if variable.type == "bool" else value

    def _receptors(self):
        """Names after "g_" of what synapses act on, by the line where they stand first."""
        parts = self.parts
        taken = {part.name for part in (*parts.parameters, *parts.internals)} | set(self.inline)
        places = [(names_in(s.expression) | {s.target}, s.line) for s in self._all_statements()]
        places += [(names_in(text), line) for text, line in filter(None, (self.spike, self.axon_spike))]
        found: dict[str, int] = {}
        for names, line in places:
            for name in sorted(names - taken):
                if name.startswith("g_") and len(name) > 2 and name not in RESERVED:
                    found.setdefault(name[2:], line)
        for name, line in found.items():
            if f"g_{name}" not in parts.variables:
                parts.variables[f"g_{name}"] = d.Variable(f"g_{name}", line=line)
        first = [name for name in RECEPTORS if name in found]
        return first + [name for name in found if name not in RECEPTORS]

    def _of_others(self):
        """What is known of other cells: names of targets of graded connections, and `Pool`s."""
        conditions = [part for part in (self.spike, self.axon_spike, self.refractory) if part]
        places = [(s.expression, s.line) for s in self._all_statements()] + conditions
        found: dict[str, int] = {}
        for text, line in places:
            for name in sorted(names_in(text), key=text.find):
                if name.startswith("_"):
                    found.setdefault(name, line)
        sums = [name[len(SUM_OF_ALL) :] for name in found if name.startswith(SUM_OF_ALL)]
        if "" in sums:
            sums = [name for name in sums if name] or list(RECEPTORS)
            self._replace(SUM_OF_ALL, f"({' + '.join(f'{SUM_OF_ALL}{name}' for name in sums)})")
        pools = []
        for name, line in found.items():
            operation, _, variable = name[1:].partition("_")
            if operation in OF_ALL_CELLS:
                if variable not in self.parts.variables:
                    raise self.wrong(
                        line,
                        f"{operation}({variable}): there is no variable '{variable}'"
                        f"{did_you_mean(variable, self.parts.variables)}",
                    )
                pools.append(d.Pool(operation, variable, name))
        return sorted(sums, key=lambda name: (name not in RECEPTORS, name == "inh")), pools

    def _replace(self, name, text):
        """Put an expression in the place of a name, everywhere."""
        for statement in self._all_statements():
            statement.expression = with_names(statement.expression, {name: text})
            if statement.target in self.inline:
                self.inline[statement.target] = self._within_bounds(statement)
        for title in ("spike", "axon_spike", "refractory"):
            if getattr(self, title):
                expression, line = getattr(self, title)
                setattr(self, title, (with_names(expression, {name: text}), line))

    def _all_statements(self):
        return [*self.statements, *self.resets["reset"], *self.resets["axon_reset"]]

    def _find_draws(self):
        """Draws of the equations become hidden variables."""
        draws = Draws()
        for statement in self.statements:
            before = len(draws.kinds)
            statement.expression = draws.in_text(statement.expression)
            if len(draws.kinds) > before and "population" in statement.flags:
                raise self.wrong(
                    statement.line, "is drawn for each cell, and can't be the same for the population"
                )
            if statement.target in self.inline:
                self.inline[statement.target] = self._within_bounds(statement)
        for name in draws.kinds:
            self.parts.hidden(name)
        self.draws = [d.Assign(name, f"{kind}()") for name, kind in draws.kinds.items()]

    def _held_variables(self):
        """What the refractory period holds: names."""
        changing = [s for s in self.statements if s.target not in self.inline]
        placed = {name for name in self.placed if not name.startswith("g_")}
        flagged = {s.target for s in changing if "unless_refractory" in s.flags}
        if flagged:
            return flagged
        free = {f"g_{name}" for name in self.receptors} | {
            s.target for s in changing if s.target.startswith("g_")
        }
        of_spike = dependencies(self.spike[0], self.inline) | {s.target for s in self.resets["reset"]}
        anything = {*self.parts.variables, INJECTED} - {s.target for s in self.draws} - set(self.inline)
        while True:
            more = set()
            for statement in changing:
                needed = dependencies(statement.expression, self.inline) & anything - {statement.target}
                if needed and needed <= free and statement.target not in free | of_spike:
                    more.add(statement.target)
            if not more:
                shared = {v.name for v in self.parts.variables.values() if v.locality == "global"}
                return ({s.target for s in changing} | placed) - free - shared
            free |= more

    # --- the description

    def description(self):
        parts = self.parts
        for place, statement in enumerate(self.statements):
            name = statement.target
            if name in self.inline:
                self.inlines.add(name, self.inline[name], statement.line, self._values(place))
        before, blocks = self._order()
        equations = [
            d.Equation(s.target, self.inlines.now(s.expression), parts.method(s), s.line)
            for s in self.statements
            if s.operator == "d"
        ]
        update = [*self.draws, *self._steps(before, blocks), *self._arrivals(), *self._recorded()]
        return d.Neuron(
            name=self.source.name,
            parameters=tuple(parts.parameters),
            internals=tuple(parts.internals),
            inlines=tuple(self.inlines.list),
            variables=tuple(parts.variables.values()),
            equations=tuple(equations),
            functions=tuple(parts.functions),
            receptors=tuple(d.Receptor(RECEPTORS.get(n, n), f"_arrived_{n}") for n in self.receptors),
            graded=tuple(d.Receptor(RECEPTORS.get(n, n), f"{SUM_OF_ALL}{n}") for n in self.sums),
            pools=tuple(self.pools),
            transmits="r" if "r" in parts.variables and not (self.spike or self.axon_spike) else None,
            update=tuple(update),
            injected=INJECTED,
            first="v" if "v" in parts.variables else None,
            text=self.source.text,
        )

    def _order(self):
        """Assignments before the equations, blocks of equations and assignments, in the order of the text.

        Returns assignments that come first, and a list of blocks: names that are solved together, and the
        assignments after them.
        """
        changing = [s for s in self.statements if s.target not in self.inline or s.target in self.placed]
        reads = {s.target: dependencies(s.expression, self.inline) for s in changing}
        before, done = [], set()
        blocks: list[tuple[list, list]] = []
        for statement in changing:
            name = statement.target
            if statement.operator == "d":
                if not blocks or self._must_wait(name, blocks[-1][1], reads):
                    blocks.append(([], []))
                blocks[-1][0].append(name)
                done.add(name)
            elif not reads[name] & done and (
                name in self.placed or not any(name in reads[each] for names, _ in blocks for each in names)
            ):
                before.append(statement)
            else:
                blocks[-1][1].append(statement)
                done.add(name)
        return before, blocks

    @staticmethod
    def _must_wait(name, assignments, reads):
        """Whether an equation can't be solved before assignments that stand before it."""
        return any(s.target in reads[name] or name in reads[s.target] for s in assignments)

    def _steps(self, before, blocks):
        """What is done until there may be a spike, and the spike."""
        steps = self._solution(before, blocks, lambda name: True)
        spikes = self._spikes()
        if not spikes:
            return steps
        line = (self.spike or self.axon_spike)[1]
        if not self.refractory:
            return [*steps, d.If(tuple(spikes), (), line)]
        self.parts.hidden("_refractory")
        held = self._solution(before, blocks, lambda name: name not in self.held)
        waits: list = [d.Assign("_refractory", "_refractory - 1.0")]
        if self.axon_spike:
            waits.append(d.If((spikes[1],), (), self.axon_spike[1]))
        return [
            d.If(((REFRACTORY, tuple(held)),), tuple(steps)),
            d.If(((REFRACTORY, tuple(waits)), *spikes), (), line),
        ]

    def _solution(self, before, blocks, does):
        """Assignments and solutions, of those names that `does` is true for."""
        result = [self._assign(s, self.inlines.now) for s in before if does(s.target)]
        n_equations = sum(s.operator == "d" for s in self.statements)
        for names, assignments in blocks:
            names = tuple(name for name in names if does(name))
            if names:
                result.append(d.Integrate(None if len(names) == n_equations else names))
            result += [self._assign(s, self.inlines.then) for s in assignments if does(s.target)]
        return result

    def _assign(self, statement, at):
        if statement.target in self.placed:
            return d.Assign(statement.target, at(statement.target), statement.line)
        place = next((k for k, each in enumerate(self.statements) if each is statement), None)
        assign = self.parts.assignment(statement)
        return replace(assign, expression=at(assign.expression, self._values(place)))

    def _spikes(self):
        """The branches of what happens at a spike: conditions and statements."""
        branches = []
        if self.spike:
            body = self._reset("reset", self.spike[1])
            if self.refractory:
                text, line = self.refractory
                body.append(d.Assign("_refractory", f"floor(({self._at_end(text)}) / dt + 0.5)", line))
            branches.append((self._at_end(self.spike[0]), tuple(body)))
        if self.axon_spike:
            text, line = self.axon_spike
            branches.append((self._at_end(text), tuple(self._reset("axon_reset", line))))
        return branches

    def _at_end(self, text):
        return self.inlines.then(text, self._values())

    def _reset(self, title, line):
        body = [d.Spike(line), *(self._assign(s, self.inlines.then) for s in self.resets[title])]
        return [*body, d.Assign("_t_last", "t + dt", line)] if self.knows_last else body

    def _arrivals(self):
        statements = {s.target for s in self.statements}
        for name in self.receptors:
            variable = f"g_{name}"
            line = self.parts.variables[variable].line
            value = f"{variable} + _arrived_{name}" if variable in statements else f"_arrived_{name}"
            yield d.Assign(variable, value, line)

    def _recorded(self):
        """What is recorded of expressions."""
        for statement in self.statements:
            if statement.target in self.inline and statement.target not in self.placed:
                yield d.Assign(statement.target, self.inlines.then(statement.target), statement.line)
