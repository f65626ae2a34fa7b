"""
convolve(kernel, port): what spikes leave behind, as variables with linear equations that jump when spikes
arrive.

A kernel is a function of t (its equation is found by odetoolbox), equations with initial values, or
delta(t): this leaves nothing behind, but makes the variable jump in whose equation it stands, as a port
there does by itself.

A variable is called as NEST calls it: g__X__spikes, g__X__spikes__d, ...
"""

import contextlib
import logging
import re

import sympy
from pynestml.meta_model.ast_function_call import ASTFunctionCall
from pynestml.utils.ast_utils import ASTUtils
from sympy.printing.str import StrPrinter

from .nestml_expressions import coefficient, python_name
from .nestml_text import line_of


class Convolutions:
    """
    Those of a model.

    variables   (name, line) of all variables
    equations   (variable, text, line) of them
    jumps       (variable, text of the change per unit of weight, port)
    """

    def __init__(self, model, kernels):
        self.model = model
        self.kernels = {v.get_name(): kernel for kernel in kernels for v in kernel.get_variables()}
        self.variables, self.equations, self.jumps = [], [], []
        self._made, self._hidden = {}, False

    def names(self):
        return tuple(name for name, _ in self.variables)

    def users(self, inlines):
        """Names of the variables, and of inlines that use them."""
        users = set(self.names())
        for inline in inlines:
            if users & words_of(inline.expression):
                users.add(inline.name)
        return users

    def is_of_kernel(self, name):
        return name.rstrip("'") in self.kernels

    def of(self, call: ASTFunctionCall, node):
        """The text of a call of convolve()."""
        kernel_variable, port = self._arguments(call, node)
        name = kernel_variable.get_name()
        if self._is_delta(name):
            if self._hidden:
                return "0"
            raise self.model.parsed.wrong(
                node, f"'{call}': what follows a delta function has a place in equations only"
            )
        made = self._make(name, port, node)
        order = kernel_variable.get_differential_order()
        return made + "__d" * order

    def _arguments(self, call, node):
        variables = [argument.get_variable() for argument in call.get_args()]
        if len(variables) != 2 or None in variables:
            raise self.model.parsed.wrong(node, f"'{call}': convolve() takes a kernel and a port")
        if variables[0].get_name() not in self.kernels:
            variables.reverse()
        kernel, port = variables
        if kernel.get_name() not in self.kernels:
            raise self.model.parsed.wrong(node, f"'{call}': there is no such kernel")
        text = port.get_name()
        if f"{text}[0]" in self.model.ports:
            index = self.model._index(port, node) if port.has_vector_parameter() else 0
            text = f"{text}[{index}]"
        if text not in self.model.ports:
            raise self.model.parsed.wrong(node, f"'{call}': there is no port '{port}'")
        return kernel, text

    def _is_delta(self, name):
        return ASTUtils.is_delta_kernel(self.kernels[name])

    def weight(self, port):
        """The text of the sum of the weights that have arrived at a port, in NEST's units."""
        return f"(1000 * ({self.model.ports[port]}))"

    # --- kernels that leave something behind ------------------------------------------------------------

    def _make(self, name, port, node):
        """The variable that stands for a kernel variable convolved with a port."""
        kernel = self.kernels[name]
        key = tuple(kernel.get_variable_names()), port
        suffix = "__X__" + port.replace("[", "_").replace("]", "")
        if key not in self._made:
            self._made[key] = True
            if any(v.get_differential_order() for v in kernel.get_variables()):
                self._of_equations(kernel, suffix, port)
            else:
                for variable, expression in zip(
                    kernel.get_variables(), kernel.get_expressions(), strict=True
                ):
                    self._of_function(variable.get_name(), expression, suffix, port, line_of(kernel))
        return python_name(name) + suffix

    def _of_equations(self, kernel, suffix, port):
        line = line_of(kernel)
        model = self.model
        orders = {v.get_name(): v.get_differential_order() for v in kernel.get_variables()}
        names = {
            name + "'" * k: python_name(name) + suffix + "__d" * k
            for name, order in orders.items()
            for k in range(order)
        }
        outer = model.texts.variable

        def variable(found, node, given):
            return names.get(found.get_complete_name()) or outer(found, node, given)

        for found, expression in zip(kernel.get_variables(), kernel.get_expressions(), strict=True):
            name, order = found.get_name(), orders[found.get_name()]
            model.texts.variable = variable
            try:
                text = model.texts.text(expression)
            finally:
                model.texts.variable = outer
            for k in range(order):
                own = names[name + "'" * k]
                self.variables.append((own, line))
                following = names[name + "'" * (k + 1)] if k + 1 < order else text
                self.equations.append((own, following, line))
                self._jump(own, self._initial_of(name + "'" * k, kernel), port)

    def _initial_of(self, name, kernel):
        if name not in self.model.declared:
            raise self.model.parsed.wrong(
                kernel, f"the kernel needs an initial value for '{name}' (in state)"
            )
        return self.model._declared_text(self.model.declared[name][1])

    def _of_function(self, name, expression, suffix, port, line):
        text = self._of_time(expression)
        own = python_name(name) + suffix
        factors, initial = self._shape(name, text, line)
        for k, start in enumerate(initial):
            variable = own + "__d" * k
            self.variables.append((variable, line))
            if k + 1 < len(factors):
                self.equations.append((variable, own + "__d" * (k + 1), line))
            self._jump(variable, start, port)
        terms = " + ".join(f"({factor}) * {own + '__d' * k}" for k, factor in enumerate(factors))
        self.equations.append((own + "__d" * (len(factors) - 1), terms, line))

    def _of_time(self, expression):
        """The text of a function of t."""
        model, outer = self.model, self.model.texts.variable

        def variable(found, node, given):
            return "t" if found.get_complete_name() == "t" else outer(found, node, given)

        model.texts.variable = variable
        try:
            return model.texts.text(expression)
        finally:
            model.texts.variable = outer

    def _shape(self, name, text, line):
        """Of the linear equation that a function of t solves: texts of its factors, and initial values."""
        from odetoolbox.shapes import Shape  # with SymPy's parser: not needed for models without kernels

        names = {part: sympy.Symbol(part, real=True) for part in self._constants()}
        logging.getLogger("odetoolbox").setLevel(logging.ERROR)
        try:
            shape = Shape.from_function("_kernel", text, all_variable_symbols=list(names.values()))
        except Exception:  # whatever odetoolbox fails with
            message = f"the kernel '{name}' does not follow a linear equation with constant coefficients"
            raise self.model.parsed.wrong(line, message) from None
        factors = [_text(factor) for factor in shape.derivative_factors]
        initial = [_text(shape.initial_values["_kernel" + "'" * k]) for k in range(shape.order)]
        return factors, initial

    def _constants(self):
        return [python_name(name) for name, (kind, _, _) in self.model.declared.items() if kind != "state"]

    def _jump(self, variable, text, port):
        if text not in ("0", "0.0"):
            self.jumps.append((variable, text, port))

    # --- ports and delta kernels within equations -----------------------------------------------------------

    def immediate_ports(self):
        return self.model.spike_ports

    def share(self, node, port):
        """For `coefficient`: what a part of an expression has of a port directly."""
        if node.is_function_call() and node.get_function_call().get_name() == "convolve":
            kernel, found = self._arguments(node.get_function_call(), node)
            return "1" if self._is_delta(kernel.get_name()) and found == port else ""
        if node.is_variable():
            variable = node.get_variable()
            if self._is_port(variable, node, port):
                return "1"
            if variable.get_name() in self.model.inlines:
                inline = self.model.inlines[variable.get_name()]
                with self.without_immediate():
                    return coefficient(
                        inline.get_expression(), lambda n: self.share(n, port), self.model.texts.text
                    )
        return ""

    def _is_port(self, variable, node, port):
        name = variable.get_name()
        if variable.has_vector_parameter() and f"{name}[0]" in self.model.ports:
            name = f"{name}[{self.model._index(variable, node)}]"
        return name == port

    @contextlib.contextmanager
    def without_immediate(self):
        """Within it, ports and delta kernels in expressions are 0."""
        ports, hidden = self.model.ports, self._hidden
        self._hidden = True
        self.model.ports = {
            port: "0" if port in self.model.spike_ports else text for port, text in ports.items()
        }
        try:
            yield
        finally:
            self.model.ports, self._hidden = ports, hidden


def words_of(text):
    """All names in a text."""
    return set(re.findall(r"[A-Za-z_]\w*", text))


class _Printer(StrPrinter):
    def _print_Exp1(self, expression):
        return "e"


def _text(expression):
    return _Printer().doprint(sympy.sympify(expression))
