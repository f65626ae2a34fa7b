"""
What neurons and synapses in NESTML have in common: functions, statements and equations.
"""

from pynestml.symbols.integer_type_symbol import IntegerTypeSymbol
from pynestml.symbols.symbol import SymbolKind

from .description import Assign, For, Function, If, Integrate, Return, While
from .nestml_expressions import TRUNCATED, coefficient, is_integer, number_text, python_name
from .nestml_names import Names, in_order, is_integer_type
from .nestml_text import line_of

TALK = ("print", "println", "info", "warning")


class Model(Names):
    """Functions, statements and equations of a model, on top of its names."""

    # --- functions ----------------------------------------------------------------------------------------

    def described_functions(self):
        parts = []
        for name, function in self.functions.items():
            arguments = tuple(self.local_name(p.get_name()) for p in function.get_parameters())
            body = self.statements(function.get_stmts_body())
            parts.append(Function(name, arguments, body, line_of(function)))
        ordered = in_order(parts, lambda part: " ".join(texts_of(part.body)), self.parsed)
        if self.texts.uses_truncation:
            whole = Return("floor(x) if x >= 0 else ceil(x)")
            ordered = (Function(TRUNCATED, ("x",), (whole,)), *ordered)
        return ordered

    # --- statements -----------------------------------------------------------------------------------------

    def statements(self, body):
        found = []
        for stmt in body.get_stmts():
            found += self._small(stmt.small_stmt) if stmt.is_small_stmt() else self._large(stmt.compound_stmt)
        return tuple(found)

    def _small(self, stmt):
        line = line_of(stmt)
        if stmt.is_assignment():
            return self._assignment(stmt.get_assignment(), line)
        if stmt.is_declaration():
            return self._declaration(stmt.get_declaration(), line)
        if stmt.is_return_stmt():
            returned = stmt.get_return_stmt()
            if not returned.has_expression():
                raise self.parsed.wrong(line, "a function has to return a number")
            return [Return(self.texts.text(returned.get_expression()), line)]
        call = stmt.get_function_call()
        name = call.get_name()
        if name in TALK:
            return []
        if name == "emit_spike":
            given = self.texts.text(call.get_args()[0]) if call.get_args() else None
            return [self.emit(given, line)]
        if name == "integrate_odes":
            return self._integrate(call, line)
        raise self.parsed.wrong(line, f"'{call}' has no effect here")

    def _assignment(self, stmt, line):
        variable = stmt.get_variable()
        name = variable.get_complete_name()
        if name in self.sizes and not variable.has_vector_parameter():
            return self._assignment_to_all(stmt, name, line)
        target = self._variable(variable, stmt, None)
        found = variable.get_scope().resolve_to_symbol(name, SymbolKind.VARIABLE)
        to_integer = found is not None and isinstance(found.get_type_symbol(), IntegerTypeSymbol)
        return [Assign(target, self._assigned(stmt, target, to_integer), line)]

    def _assigned(self, stmt, target, to_integer):
        expression = stmt.get_expression()
        if stmt.is_direct_assignment:
            return self.texts.assigned(expression, to_integer)
        text = f"({self.texts.text(expression)})"
        for attribute, sign in _COMPOUND:
            if getattr(stmt, attribute, False):
                text = f"{target} {sign} {text}"
        whole = to_integer and (not is_integer(expression) or stmt.is_compound_quotient)
        if whole or getattr(stmt, "is_compound_integer_quotient", False):
            return self.texts.truncated(text)
        return text

    def _assignment_to_all(self, stmt, name, line):
        """A statement about a whole vector: about each element, of all vectors in it."""
        found = []
        for k in range(self.sizes[name]):
            with _Whole(self, k):
                target = f"{python_name(name)}_{k}"
                to_integer = is_integer_type(self.declared[name][1]) if name in self.declared else False
                found.append(Assign(target, self._assigned(stmt, target, to_integer), line))
        return found

    def _declaration(self, stmt, line):
        found = []
        for variable in stmt.get_variables():
            if variable.has_vector_parameter():
                raise self.parsed.wrong(line, "a vector has to be declared for the whole model")
            target = self.local_name(variable.get_complete_name())
            text = "0.0"
            if stmt.has_expression():
                text = self.texts.assigned(stmt.get_expression(), is_integer_type(stmt))
            found.append(Assign(target, text, line))
        return found

    def _large(self, stmt):
        line = line_of(stmt)
        if stmt.is_if_stmt():
            return [self._if(stmt.get_if_stmt(), line)]
        if stmt.is_while_stmt():
            loop = stmt.get_while_stmt()
            return [
                While(self.texts.text(loop.get_condition()), self.statements(loop.get_stmts_body()), line)
            ]
        return self._for(stmt.get_for_stmt(), line)

    def _if(self, stmt, line):
        clauses = [stmt.get_if_clause(), *stmt.get_elif_clauses()]
        branches = tuple(
            (self.texts.text(clause.get_condition()), self.statements(clause.get_stmts_body()))
            for clause in clauses
        )
        otherwise = stmt.get_else_clause() if stmt.has_else_clause() else None
        return If(branches, self.statements(otherwise.get_stmts_body()) if otherwise else (), line)

    def _for(self, loop, line):
        name, step = loop.get_variable(), float(loop.get_step())
        if not step:
            raise self.parsed.wrong(line, "a loop needs a step that is not 0")
        if not self.sizes and not any("[" in port for port in self.ports):
            start, stop = (self.texts.text(e) for e in (loop.get_start_from(), loop.get_end_at()))
            self.loops[name] = self.local_name(name)
            body = self.statements(loop.get_stmts_body())
            del self.loops[name]
            return [For(self.local_name(name), start, stop, repr(step), body, line)]
        # With vectors, which elements are meant must be known: the loop is written out.
        place, end = (self.value(e) for e in (loop.get_start_from(), loop.get_end_at()))
        found = []
        while (end - place) * step > 0:
            self.loops[name] = number_text(place)
            found += self.statements(loop.get_stmts_body())
            place += step
        self.loops.pop(name, None)
        return found

    # --- equations --------------------------------------------------------------------------------

    def _integrate(self, call, line):
        names = [argument.get_variable().get_complete_name() for argument in call.get_args()]
        names = [self._with_derivatives(name, line) for name in names]
        chosen = None if not names else tuple(python_name(n) for group in names for n in group)
        jumps = [
            Assign(variable, text, line)
            for variable, text in self.jumps()
            if chosen is None or variable in chosen
        ]
        return [Integrate(chosen, line), *jumps]

    def _with_derivatives(self, name, line):
        base = name.rstrip("'")
        orders = [n.count("'") for n in self.odes if n.rstrip("'") == base]
        if not orders:
            raise self.parsed.wrong(line, f"there is no equation for '{name}'")
        return [base + "'" * k for k in range(max(orders))]

    def jumps(self):
        """What spikes do to variables in whose equations they stand (or delta kernels): (variable, its new
        value)"""
        found = []
        for name, ode in self.odes.items():
            for port in self.convolutions.immediate_ports():
                text = coefficient(
                    ode.get_rhs(),
                    lambda node, port=port: self.convolutions.share(node, port),
                    self.texts.text,
                )
                if text is None:
                    message = f"what spikes do here has to be proportional to what arrives at '{port}'"
                    raise self.parsed.wrong(ode, message)
                if text:
                    variable = python_name(name[:-1])
                    found.append((variable, f"{variable} + ({text}) * {self.convolutions.weight(port)}"))
        return found

    def equations(self):
        """(variable, text, line) of all equations, those of convolutions included."""
        found = []
        for name, ode in self.odes.items():
            line = line_of(ode)
            base, order = name.rstrip("'"), name.count("'")
            for k in range(order - 1):
                found.append((python_name(base + "'" * k), python_name(base + "'" * (k + 1)), line))
            with self.convolutions.without_immediate():
                found.append((python_name(name[:-1]), self.texts.text(ode.get_rhs()), line))
        return [*found, *self.convolutions.equations]


class _Whole:
    """Within it, vectors without an index stand for their element k."""

    def __init__(self, model, k):
        self.model, self.k = model, k

    def __enter__(self):
        self.before = self.model._indexed
        before, k = self.before, self.k

        def indexed(text, name, variable, node):
            whole = name in self.model.sizes and not variable.has_vector_parameter()
            return f"{text}_{k}" if whole else before(text, name, variable, node)

        self.model._indexed = indexed

    def __exit__(self, *error):
        self.model._indexed = self.before


_COMPOUND = (
    ("is_compound_sum", "+"),
    ("is_compound_minus", "-"),
    ("is_compound_product", "*"),
    ("is_compound_quotient", "/"),
    ("is_compound_integer_quotient", "/"),
)


def texts_of(statements):
    """All expressions of statements."""
    for s in statements:
        for part in ("expression", "condition", "start", "stop", "step"):
            if isinstance(getattr(s, part, None), str):
                yield getattr(s, part)
        for condition, body in getattr(s, "branches", ()):
            yield condition
            yield from texts_of(body)
        yield from texts_of(getattr(s, "body", ()))
        yield from texts_of(getattr(s, "otherwise", ()))


def statements_of(statements):
    """All statements, those within others included."""
    for s in statements:
        yield s
        for _, body in getattr(s, "branches", ()):
            yield from statements_of(body)
        yield from statements_of(getattr(s, "body", ()))
        yield from statements_of(getattr(s, "otherwise", ()))
