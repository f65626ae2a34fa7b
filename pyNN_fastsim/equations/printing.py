"""
Expressions as Python code: of one cell, for the compiler, or of arrays, for NumPy.
"""

import math

import sympy

from . import expressions as ours

# Functions by what they are called in the code of one cell (see runtime.py), and by NumPy.
_SCALAR = {
    sympy.exp: "exp",
    sympy.log: "log",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.tan: "tan",
    sympy.asin: "asin",
    sympy.acos: "acos",
    sympy.atan: "atan",
    sympy.sinh: "sinh",
    sympy.cosh: "cosh",
    sympy.tanh: "tanh",
    sympy.erf: "erf",
    sympy.erfc: "erfc",
    sympy.Abs: "abs",
    sympy.sign: "sign",
    ours.absolute: "abs",
    ours.sign: "sign",
    ours.minimum: "min",
    ours.maximum: "max",
    ours.floor: "floored",
    ours.ceil: "raised",
    ours.rounded: "rounded",
    ours.mod: "mod",
    ours.poisson: "poisson",
    ours.bit_and: "bit_and",
    ours.bit_or: "bit_or",
    ours.bit_xor: "bit_xor",
    ours.shift_left: "shift_left",
    ours.shift_right: "shift_right",
    ours.expm1: "expm1",
    ours.log1p: "log1p",
}
_ARRAYS = {
    **{kind: f"np.{name}" for kind, name in _SCALAR.items()},
    sympy.asin: "np.arcsin",
    sympy.acos: "np.arccos",
    sympy.atan: "np.arctan",
    sympy.erf: "erf_of_arrays",
    sympy.erfc: "erfc_of_arrays",
    ours.minimum: "np.minimum",
    ours.maximum: "np.maximum",
    ours.floor: "np.floor",
    ours.ceil: "np.ceil",
    ours.rounded: "np.rint",
    ours.mod: "np.mod",
    ours.bit_and: "bit_and_of_arrays",
    ours.bit_or: "bit_or_of_arrays",
    ours.bit_xor: "bit_xor_of_arrays",
    ours.shift_left: "shift_left_of_arrays",
    ours.shift_right: "shift_right_of_arrays",
}
_COMPARED = {
    sympy.StrictLessThan: "<",
    sympy.LessThan: "<=",
    sympy.StrictGreaterThan: ">",
    sympy.GreaterThan: ">=",
    sympy.Equality: "==",
    sympy.Unequality: "!=",
}
_SMALL_POWERS = {
    2: "squared",
    3: "cubed",
    4: "squared(squared",
    6: "squared(cubed",
    8: "squared(squared(squared",
}


def scalar_code(expression, names):
    """The code of one cell; `names` are the names, in that code, of symbols and draws."""
    return _Printer(names, _SCALAR, False).of(expression)


def array_code(expression, names):
    """The code for arrays, or numbers, with NumPy's functions."""
    return _Printer(names, _ARRAYS, True).of(expression)


class _Printer:
    def __init__(self, names, functions, of_arrays):
        self.names, self.functions, self.of_arrays = names, functions, of_arrays

    def of(self, e):
        """Code that may need parentheses around it."""
        if e in self.names:
            return self.names[e]
        if isinstance(e, sympy.Number) or e in (sympy.pi, sympy.E):
            return self._number(e)
        if e in (ours.TRUE, ours.FALSE):
            return str(bool(e))
        if isinstance(e, sympy.Add):
            return self._sum(e)
        if isinstance(e, sympy.Mul):
            return self._product(e)
        if isinstance(e, sympy.Pow):
            return self._power(e.base, e.exp)
        if isinstance(e, ours.ite):
            return self._choice(*e.args)
        if type(e) in _COMPARED:
            return f"{self.part(e.lhs)} {_COMPARED[type(e)]} {self.part(e.rhs)}"
        if isinstance(e, (sympy.And, sympy.Or)):
            sign = " & " if isinstance(e, sympy.And) else " | "
            return sign.join(f"({self.of(arg)})" for arg in sorted(e.args, key=str))
        if isinstance(e, sympy.Not):
            return f"({self.of(e.args[0])}) == False"
        if type(e) in self.functions:
            return f"{self.functions[type(e)]}({', '.join(self.of(arg) for arg in e.args)})"
        raise NotImplementedError(f"no code for {type(e).__name__}")

    def part(self, e):
        """Code that can stand anywhere."""
        text = self.of(e)
        is_atom = text.replace("_", "").replace(".", "").isalnum() or (isinstance(e, sympy.Function))
        return text if is_atom and not isinstance(e, ours.ite) else f"({text})"

    @staticmethod
    def _number(e):
        value = float(e)
        return repr(value) if math.isfinite(value) else "np.inf" if value > 0 else "(-np.inf)"

    def _sum(self, e):
        if self.of_arrays:
            return self._added(e.args)
        products = [term for term in e.args if isinstance(term, sympy.Mul) and term.as_coeff_Mul()[0] != -1]
        plain = [term for term in e.args if term not in products]
        products.sort(key=str)
        text = self._added(plain) if plain else self.of(products.pop(0))
        for product in products:
            first, *rest = sorted(product.args, key=_numbers_first)
            text = f"fma({self.of(first)}, {self.of(sympy.Mul(*rest))}, {text})"
        return text

    def _added(self, terms):
        terms = sorted(terms, key=lambda term: (term.could_extract_minus_sign(), str(term)))
        text = self.part(terms[0]) if not terms[0].could_extract_minus_sign() else self.of(terms[0])
        for term in terms[1:]:
            negative = term.could_extract_minus_sign()
            text += f" - {self.part(-term)}" if negative else f" + {self.part(term)}"
        return text

    def _product(self, e):
        coefficient, rest = e.as_coeff_Mul()
        if coefficient == -1:
            return f"-{self.part(rest)}"
        above, below = [], []
        for factor in e.args:
            base, exponent = factor.as_base_exp() if isinstance(factor, sympy.Pow) else (factor, 1)
            if isinstance(exponent, sympy.Number) and exponent < 0 and not isinstance(factor, sympy.exp):
                below.append(sympy.Pow(base, -exponent))
            else:
                above.append(factor)
        text = " * ".join(self.part(factor) for factor in sorted(above, key=_numbers_first)) or "1.0"
        if below:
            text += f" / {self.part(sympy.Mul(*below))}"
        return text

    def _power(self, base, exponent):
        if base == sympy.E:
            return f"{self.functions[sympy.exp]}({self.of(exponent)})"
        if isinstance(exponent, sympy.Number) and exponent < 0:
            return f"1.0 / {self.part(sympy.Pow(base, -exponent))}"
        if exponent == sympy.Rational(1, 2) or exponent == 0.5:
            return f"{'np.' if self.of_arrays else ''}sqrt({self.of(base)})"
        if self.of_arrays:
            # NumPy wants floats for negative powers.
            return f"np.power({self.of(base)} * 1.0, {self.of(exponent)})"
        small = _SMALL_POWERS.get(int(exponent)) if exponent.is_Integer else None
        if small:
            return f"{small}({self.of(base)})" + ")" * small.count("(")
        if exponent == 5 or exponent == 7:
            rest = int(exponent) - 1
            return f"{self.part(base)} * {self.part(sympy.Pow(base, rest))}"
        return f"power({self.of(base)}, {self.of(exponent)})"

    def _choice(self, condition, a, b):
        if self.of_arrays:
            return f"np.where({self.of(condition)}, {self.of(a)}, {self.of(b)})"
        return f"{self.part(a)} if {self.of(condition)} else {self.part(b)}"


def _numbers_first(factor):
    return (not isinstance(factor, sympy.Number), str(factor))
