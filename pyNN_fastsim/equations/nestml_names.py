"""
What is declared in a model in NESTML, and what names in it stand for.

Vectors of constant size become scalars, x_0, x_1, ...; a name of NESTML becomes one of Python's as NEST
shows it: V', V__d. Names that begin with "_" are ours.
"""

import sys

from pynestml.generated.PyNestMLLexer import PyNestMLLexer
from pynestml.symbols.boolean_type_symbol import BooleanTypeSymbol
from pynestml.symbols.integer_type_symbol import IntegerTypeSymbol
from pynestml.symbols.symbol import SymbolKind
from pynestml.symbols.unit_type_symbol import UnitTypeSymbol

from .body import reader_of
from .description import (
    Inline,
    Internal,
    Neuron,
    Parameter,
    Past,
)
from .description import Variable as DescribedVariable
from .expressions import DT, symbol
from .initial import USUAL_DT, value_of
from .nestml_expressions import Expressions, is_integer, python_name
from .nestml_kernels import Convolutions, words_of
from .nestml_text import line_of

INITIAL = "initial"  # for Expressions: state variables are what they are in the beginning
START = "_start_"  # and are called this and their names
RESERVED = {"t", "dt", "elapsed", "pre", "post"}
TALK = ("print", "println", "info", "warning")


class Names:
    """
    A parsed model, taken apart.

    parsed        of nestml_text
    ports         texts of what comes in through ports, by name (with index: "spikes[0]")
    spike_ports   names of those for spikes
    time          the text of t
    timestep      the text of timestep()
    emit          function of (the text of what emit_spike is given, or None, and the line): a statement
    remembers     whether what state variables were is known
    pasts         what is used of that
    """

    def __init__(self, parsed, ports, spike_ports, time, timestep, emit, remembers=False):
        self.parsed, self.tree = parsed, parsed.tree
        self.ports, self.spike_ports, self.time, self.emit = ports, spike_ports, time, emit
        self.remembers = remembers
        self.sizes, self.loops = {}, {}
        self.pasts = {}
        self._started = {}
        self.declared = {}
        for block, kind in self._blocks():
            for declaration in block.get_declarations():
                for variable in declaration.get_variables():
                    self.declared[variable.get_complete_name()] = (kind, declaration, variable)
        equations = self.tree.get_equations_blocks()
        self.inlines = {
            i.get_variable_name(): i for block in equations for i in block.get_inline_expressions()
        }
        self.odes = {
            o.get_lhs().get_complete_name(): o for block in equations for o in block.get_ode_equations()
        }
        self.functions = {f.get_name(): f for f in self.tree.get_functions()}
        self.texts = Expressions(parsed, self._variable, self._call, self.functions, timestep)
        self.convolutions = Convolutions(self, [k for block in equations for k in block.get_kernels()])
        self._check_names()
        self._growing = set()
        for name, (_, _, variable) in self.declared.items():
            if variable.has_vector_parameter():
                self.sizes[name] = self._whole(variable.get_vector_parameter())

    def _blocks(self):
        for block in self.tree.get_parameters_blocks():
            yield block, "parameter"
        for block in self.tree.get_internals_blocks():
            yield block, "internal"
        for block in self.tree.get_state_blocks():
            yield block, "state"

    def _check_names(self):
        for name, (_, declaration, _) in self.declared.items():
            if name in RESERVED:
                message = f"'{name}' has a meaning of its own here; the model needs another name for it"
                raise self.parsed.wrong(declaration, message)

    # --- names in expressions -------------------------------------------------------------------------

    def _variable(self, variable, node, given):
        name = variable.get_complete_name()
        if name in self.loops:
            return self.loops[name]
        found = variable.get_scope().resolve_to_symbol(name, SymbolKind.VARIABLE)
        if found is not None and found.is_local() and not found.is_input():
            return self._indexed(self.local_name(name), name, variable, node)
        if name in ("e", "pi") and name not in self.declared:
            return name
        if name == "t" and name not in self.declared:
            return "0.0" if given == INITIAL else self.time
        port = self._port(variable, node)
        if port is not None:
            return "0.0" if given == INITIAL else port
        if name in self.inlines:
            if given != INITIAL:
                return self.inline_name(name)
            return f"({self._grown(name, self.inlines[name].get_expression())})"
        if name not in self.declared:
            raise self.parsed.wrong(node, f"there is no '{name}'")
        kind, declaration, _ = self.declared[name]
        text = self._indexed(python_name(name), name, variable, node)
        if kind == "state" and given == INITIAL:
            self._started.setdefault(START + text, self._start(name, declaration))
            return START + text
        return text

    def _start(self, name, declaration):
        """What an initial value is called, as an internal, where other values depend on it."""
        expression = declaration.get_expression() if declaration.has_expression() else None
        return (self._grown(name, expression) if expression else "0.0"), line_of(declaration)

    def _grown(self, name, expression):
        """The text of an expression in the beginning; names that need themselves for that are refused."""
        if name in self._growing:
            raise self.parsed.wrong(expression, f"the initial value of '{name}' depends on itself")
        self._growing.add(name)
        try:
            return self.texts.text(expression, INITIAL)
        finally:
            self._growing.discard(name)

    def _indexed(self, text, name, variable, node):
        if not variable.has_vector_parameter() or name not in self.sizes:
            return text
        index = self._index(variable, node)
        if not 0 <= index < self.sizes[name]:
            raise self.parsed.wrong(node, f"'{name}' has no element {index}")
        return f"{text}_{index}"

    def _index(self, variable, node):
        return self._whole(variable.get_vector_parameter(), node)

    def _port(self, variable, node):
        name = variable.get_name()
        if variable.has_vector_parameter() and f"{name}[0]" in self.ports:
            name = f"{name}[{self._index(variable, node)}]"
            if name not in self.ports:
                raise self.parsed.wrong(node, f"there is no port '{name}'")
        return self.ports.get(name)

    def _whole(self, expression, node=None):
        """The value of an expression that must be a whole number, known beforehand."""
        value = self.value(expression, node)
        if not float(value).is_integer():
            raise self.parsed.wrong(node or expression, f"'{expression}' is not a whole number")
        return int(value)

    def local_name(self, name):
        """What a local variable is called: not as anything of the whole model is."""
        text = python_name(name)
        taken = {*map(python_name, self.declared), *self.inlines, *self.ports, *RESERVED}
        while text in taken:
            text = f"_local_{text}"
        return text

    def inline_name(self, name):
        """What an inline is called; a recordable one leaves its name to a variable."""
        return f"_{name}" if self.inlines[name].is_recordable else python_name(name)

    def _call(self, call, arguments, node, given):
        if call.get_name() == "convolve":
            return "0.0" if given == INITIAL else self.convolutions.of(call, node)
        if call.get_name() in self.declared:
            return "0.0" if given == INITIAL else self._past(call, node)
        return None

    def _past(self, call, node):
        """What ``x(t - delay)`` is called."""
        name, (argument,) = call.get_name(), call.get_args()
        kind = self.declared[name][0]
        if not self.remembers or kind != "state" or name in self.sizes:
            raise self.parsed.wrong(node, f"'{call}': what '{name}' was at an earlier time is not known here")
        operator = argument.get_binary_operator() if argument.is_compound_expression() else None
        if not getattr(operator, "is_minus_op", False) or str(argument.get_lhs()).strip() != "t":
            raise self.parsed.wrong(node, f"'{call}': the time must be t less the delay, '{name}(t - delay)'")
        names = {each for each, (kind, _, _) in self.declared.items() if kind != "state"}
        delay = self.texts.text(argument.get_rhs())
        unknown = words_of(delay) - {python_name(each) for each in names}
        if unknown:
            raise self.parsed.wrong(node, f"'{call}': the delay can't depend on '{min(unknown)}'")
        past = Past(f"_past_{len(self.pasts)}", python_name(name), delay, line_of(node))
        self.pasts.setdefault((name, delay), past)
        return self.pasts[name, delay].name

    # --- declarations -----------------------------------------------------------------------------------

    def parameters(self, without=()):
        parts = []
        for name, (kind, declaration, _) in self.declared.items():
            if kind == "parameter" and name not in without:
                for text in self._elements(name):
                    parts.append(
                        Parameter(
                            text,
                            self.default(name),
                            unit_of(declaration),
                            "global" if _is_homogeneous(declaration) else "local",
                            type_of(declaration),
                            line_of(declaration),
                        )
                    )
        return tuple(parts)

    def _elements(self, name):
        """What each scalar is called that a name stands for."""
        if name not in self.sizes:
            return [python_name(name)]
        return [f"{python_name(name)}_{k}" for k in range(self.sizes[name])]

    def default(self, name):
        """The number that a name begins with; infinite ones are the largest that there are."""
        _, declaration, _ = self.declared[name]
        if not declaration.has_expression():
            return 0.0
        if is_integer_type(declaration) and not is_integer(declaration.get_expression()):
            return float(int(self.value(declaration.get_expression())))
        value = self.value(declaration.get_expression())
        return max(min(value, sys.float_info.max), -sys.float_info.max)

    def value(self, expression, node=None):
        """The number that an expression is with the defaults of parameters, and the usual time step."""
        reader = reader_of(self._functions_only())
        text = self.texts.text(expression, INITIAL)
        reader.names |= {n: symbol(n) for n in words_of(text) if self._of_text(n)}
        number = reader.number(text, line_of(node or expression))
        known = {DT: USUAL_DT}
        for s in number.free_symbols - known.keys():
            name = self._of_text(s.name)
            if name is None or name in self._growing:
                raise self.parsed.wrong(node or expression, f"'{expression}' is not known beforehand")
            self._growing.add(name)
            known[s] = self.default(name)
            self._growing.discard(name)
        try:
            return value_of(number, known)
        except (ArithmeticError, ValueError, TypeError, NameError):
            raise self.parsed.wrong(node or expression, f"'{expression}' has no value") from None

    def _of_text(self, text):
        text = text.removeprefix(START)
        for name in self.declared:
            if text in self._elements(name):
                return name
        return None

    def _functions_only(self):
        return Neuron(self.parsed.name, functions=self.described_functions(), text=self.parsed.text)

    def internals(self):
        parts = []
        for name, (kind, declaration, _) in self.declared.items():
            if kind == "internal":
                for text in self._elements(name):
                    expression = self._declared_text(declaration)
                    parts.append(Internal(text, expression, type_of(declaration), line_of(declaration)))
        parts += [Internal(name, text, line=line) for name, (text, line) in self._started.items()]
        return in_order(parts, lambda part: part.expression, self.parsed)

    def _declared_text(self, declaration):
        if not declaration.has_expression():
            return "0.0"
        return self.texts.assigned(declaration.get_expression(), is_integer_type(declaration), INITIAL)

    def variables(self, without=()):
        parts = []
        for name, (kind, declaration, _) in self.declared.items():
            if kind != "state" or name in without or self.convolutions.is_of_kernel(name):
                continue
            for text in self._elements(name):
                kind = type_of(declaration)
                initial, line = self._declared_text(declaration), line_of(declaration)
                parts.append(
                    DescribedVariable(
                        text, initial, unit_of(declaration), type=kind, recordable=kind != "bool", line=line
                    )
                )
        return tuple(parts)

    def described_inlines(self):
        parts = [
            Inline(self.inline_name(name), self.texts.text(inline.get_expression()), line_of(inline))
            for name, inline in self.inlines.items()
        ]
        return in_order(parts, lambda part: part.expression, self.parsed)


def is_integer_type(declaration):
    return isinstance(declaration.get_data_type().get_type_symbol(), IntegerTypeSymbol)


def type_of(declaration):
    found = declaration.get_data_type().get_type_symbol()
    if isinstance(found, IntegerTypeSymbol):
        return "int"
    return "bool" if isinstance(found, BooleanTypeSymbol) else "float"


def unit_of(declaration):
    found = declaration.get_data_type().get_type_symbol()
    return found.print_symbol() if isinstance(found, UnitTypeSymbol) else ""


def _is_homogeneous(declaration):
    return PyNestMLLexer.DECORATOR_HOMOGENEOUS in declaration.get_decorators()


def in_order(parts, text, parsed):
    """Parts in an order in which each comes after those whose names are in its text."""
    todo, done = {part.name: part for part in parts}, {}

    def place(part, above):
        if part.name in above:
            raise parsed.wrong(part.line, f"'{part.name}' depends on itself")
        for name in words_of(text(part)):
            if name in todo and name not in done:
                place(todo[name], {*above, part.name})
        done[part.name] = part

    for part in parts:
        if part.name not in done:
            place(part, set())
    return tuple(done.values())
