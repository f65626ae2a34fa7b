"""
Code of one cell or synapse, taken down line by line; and what is computed once before a run.

Expressions are made of symbols. Those of parameters, internals, propagators and `dt` are constant: the
largest parts of an expression that have no others become constants, which `constants` computes with NumPy.
All others are names of local variables.
"""

import sympy

from .expressions import DT, as_number, is_condition, symbol
from .printing import array_code, scalar_code

INDENT = "    "


class Writer:
    """
    constants   symbols of the constants that the code uses, by the expressions that they stand for
    lines       of code so far
    names       of local variables in the code, by symbol
    decayed     for each call of `decays`, the number of lines up to it, and the code of its arguments
    pasts       pairs of a variable and an expression, ms: the code also uses what it was so long ago
    """

    def __init__(self, parameters, internals):
        self.parameters = {symbol(name): name for name in parameters}
        self.internals = {symbol(name): expression for name, expression in internals.items()}
        self.of_arrays = {DT: "dt"}
        self.of_arrays |= {s: f"p_{name}" for s, name in self.parameters.items()}
        self.of_arrays |= {s: f"i_{s.name}" for s in self.internals}
        self.constants = {}
        self.names = {}
        self.lines, self.depth = [], 1
        self.decayed = []
        self.pasts = []
        self._systems = {}
        self._count = 0

    # --- what is constant ----------------------------------------------------------------------------

    def is_constant(self, expression):
        return expression.free_symbols <= self.of_arrays.keys()

    def constant(self, expression):
        """The symbol that stands for a constant expression in the code."""
        if expression not in self.constants:
            self.constants[expression] = symbol(f"<c{len(self.constants)}>")
            self.names[self.constants[expression]] = f"c{len(self.constants) - 1}"
        return self.constants[expression]

    def propagators(self, n, elements, h):
        """exp(A h) and the integral of it from 0 to h: symbols by (row, column)."""
        key = n, tuple(sorted(elements.items())), h
        if key not in self._systems:
            self._systems[key] = len(self._systems)
        k = self._systems[key]
        both = []
        for letter in "P", "Q":
            symbols = {(i, j): symbol(f"<{letter}{k} {i},{j}>") for i in range(n) for j in range(n)}
            self.of_arrays |= {s: f"{letter}{k}[..., {i}, {j}]" for (i, j), s in symbols.items()}
            both.append(symbols)
        return both

    def _hoisted(self, e):
        """The expression with constants in the place of its constant parts."""
        if not e.args and e not in self.of_arrays:
            return e
        if self.is_constant(e):
            if not e.free_symbols:
                return e
            if is_condition(e):
                return sympy.Ne(self.constant(as_number(e)), 0)
            return self.constant(e)
        if isinstance(e, (sympy.Add, sympy.Mul)):
            constant = [arg for arg in e.args if self.is_constant(arg)]
            if any(arg.free_symbols for arg in constant):
                rest = [self._hoisted(arg) for arg in e.args if not self.is_constant(arg)]
                return e.func(self._hoisted(e.func(*constant)), *rest)
        return e.func(*(self._hoisted(arg) for arg in e.args))

    # --- lines ------------------------------------------------------------------------------------------

    def local(self, prefix="l"):
        """A new local variable: its symbol."""
        self._count += 1
        new = symbol(f"<{prefix}{self._count}>")
        self.names[new] = f"{prefix}_{self._count}"
        return new

    def line(self, text):
        self.lines.append(INDENT * self.depth + text)

    def code(self, expression):
        """The code of an expression as it is, for use within a line."""
        return scalar_code(self._hoisted(expression), self.names)

    def assign(self, target, expression):
        """Let an existing local variable have a value."""
        self.line(f"{self.names[target]} = {self.code(expression)}")

    def take_down(self, expressions):
        """Symbols that have the values of expressions: local variables, unless they are symbols or
        numbers already."""
        hoisted = [self._hoisted(e) for e in expressions]
        parts, rest = sympy.cse(hoisted, symbols=iter(self.local, None), order="none")
        for name, part in parts:
            self.line(f"{self.names[name]} = {scalar_code(part, self.names)}")
        results = []
        for e in rest:
            if not e.is_Symbol and not e.is_Number and e not in (sympy.true, sympy.false):
                e, text = self.local(), scalar_code(e, self.names)
                self.line(f"{self.names[e]} = {text}")
            results.append(e)
        return results

    def decays(self, *exponents):
        """Symbols of e**-x for three numbers, of which the last two belong to what is small beside the
        first."""
        given = self.take_down(exponents)
        results = [self.local() for _ in given]
        names = ", ".join(self.names[s] for s in results)
        self.line(f"{names} = decays({', '.join(scalar_code(x, self.names) for x in given)})")
        self.decayed.append((len(self.lines), [scalar_code(x, self.names) for x in given]))
        return results

    # --- what is computed before a run ------------------------------------------------------------------

    def constants_code(self, extra=()):
        """Lines of the function `constants(p, dt)`; `extra` are further items of its result."""
        lines = [f"p_{name} = p[{name!r}]" for name in self._used_parameters()]
        for s, expression in self.internals.items():
            if s in self._used_symbols():
                lines.append(f"i_{s.name} = {array_code(expression, self.of_arrays)}")
        for (n, elements, h), k in self._systems.items():
            values = ", ".join(f"{place}: {array_code(e, self.of_arrays)}" for place, e in elements)
            lines.append(f"P{k}, Q{k} = propagators({n}, {{{values}}}, {array_code(h, self.of_arrays)})")
        items = [array_code(e, self.of_arrays) for e in self.constants]
        pasts = [
            f"*past(p, {k}, {array_code(delay, self.of_arrays)}, dt)"
            for k, (_, delay) in enumerate(self.pasts)
        ]
        lines.append("return (")
        lines += [f"{INDENT}{item}," for item in (*items, *extra, *pasts)]
        lines.append(")")
        return [INDENT + line for line in lines]

    def _used_symbols(self):
        """All constant symbols that constants need, those of other constants included."""
        found: set[sympy.Symbol] = set()
        todo = list(self.constants) + [e for _, elements, h in self._systems for _, e in elements]
        todo += [delay for _, delay in self.pasts]
        while todo:
            for s in todo.pop().free_symbols - found:
                found.add(s)
                if s in self.internals:
                    todo.append(self.internals[s])
        return found

    def _used_parameters(self):
        used = self._used_symbols()
        return [name for s, name in self.parameters.items() if s in used]
