"""
Expressions: from texts in Python's syntax to SymPy, and from there to code.

Functions that SymPy would take apart in its own ways (conditions, minima, roundings) are functions of ours
here, of which it knows the derivatives only.
"""

import ast
import keyword
import re

import sympy

from ..messages import did_you_mean
from .description import wrong

TRUE, FALSE = sympy.true, sympy.false


def symbol(name):
    """The symbol of a name; SymPy may take it for a real number."""
    return sympy.Symbol(name, real=True)


def drawn(k):
    """The symbol of the draw number `k` of a model."""
    return symbol(f"<draw {k}>")


DT, TIME, ELAPSED = symbol("dt"), symbol("t"), symbol("elapsed")

# --- functions of ours ------------------------------------------------------------------------------------


class _Real(sympy.Function):
    """A function of real numbers. (SymPy takes one of a condition for something that can't be compared.)"""

    is_commutative = True
    is_extended_real = True


class ite(_Real):
    """ite(condition, a, b): a where the condition holds, else b."""

    nargs = 3

    @classmethod
    def eval(cls, condition, a, b):
        if condition == TRUE or a == b:
            return a
        return b if condition == FALSE else None

    def _eval_derivative(self, x):
        condition, a, b = self.args
        return ite(condition, a.diff(x), b.diff(x))


class minimum(_Real):
    nargs = 2

    def _eval_derivative(self, x):
        a, b = self.args
        return ite(a < b, a.diff(x), b.diff(x))


class maximum(_Real):
    nargs = 2

    def _eval_derivative(self, x):
        a, b = self.args
        return ite(a > b, a.diff(x), b.diff(x))


class absolute(_Real):
    nargs = 1

    def _eval_derivative(self, x):
        a = self.args[0]
        return ite(a < 0, -a.diff(x), a.diff(x))


class Steps(_Real):
    """A function that is constant but at its jumps."""

    def _eval_derivative(self, x):
        return sympy.Integer(0)


class floor(Steps):
    nargs = 1


class ceil(Steps):
    nargs = 1


class rounded(Steps):
    nargs = 1


class sign(Steps):
    nargs = 1


class mod(_Real):
    nargs = 2


class poisson(Steps):
    """poisson(mean, u): the number of events whose cumulative probability reaches u."""

    nargs = 2


class bit_and(Steps):
    nargs = 2


class bit_or(Steps):
    nargs = 2


class bit_xor(Steps):
    nargs = 2


class shift_left(Steps):
    nargs = 2


class shift_right(Steps):
    nargs = 2


class expm1(_Real):
    nargs = 1

    def fdiff(self, argindex=1):
        return sympy.exp(self.args[0])


class log1p(_Real):
    nargs = 1

    def fdiff(self, argindex=1):
        return 1 / (1 + self.args[0])


def _minimum_of(*values):
    result = values[0]
    for value in values[1:]:
        result = minimum(result, value)
    return result


def _maximum_of(*values):
    result = values[0]
    for value in values[1:]:
        result = maximum(result, value)
    return result


def _clip(x, low, high):
    return maximum(minimum(x, high), low)


# By the names that they have in texts: what makes the expression, and the least and largest number of
# arguments.
FUNCTIONS = {
    "exp": (sympy.exp, 1, 1),
    "expm1": (expm1, 1, 1),
    "log": (sympy.log, 1, 1),
    "ln": (sympy.log, 1, 1),
    "log10": (lambda x: sympy.log(x) / sympy.log(sympy.Float(10)), 1, 1),
    "log1p": (log1p, 1, 1),
    "sqrt": (sympy.sqrt, 1, 1),
    "pow": (sympy.Pow, 2, 2),
    "abs": (absolute, 1, 1),
    "fabs": (absolute, 1, 1),
    "sign": (sign, 1, 1),
    "sin": (sympy.sin, 1, 1),
    "cos": (sympy.cos, 1, 1),
    "tan": (sympy.tan, 1, 1),
    "asin": (sympy.asin, 1, 1),
    "acos": (sympy.acos, 1, 1),
    "atan": (sympy.atan, 1, 1),
    "sinh": (sympy.sinh, 1, 1),
    "cosh": (sympy.cosh, 1, 1),
    "tanh": (sympy.tanh, 1, 1),
    "erf": (sympy.erf, 1, 1),
    "erfc": (sympy.erfc, 1, 1),
    "min": (_minimum_of, 1, 9),
    "max": (_maximum_of, 1, 9),
    "clip": (_clip, 3, 3),
    "floor": (floor, 1, 1),
    "ceil": (ceil, 1, 1),
    "round": (rounded, 1, 1),
    # Of the bits of whole numbers, and of a number drawn from (0, 1]: not for users of strings.
    "_bit_and": (bit_and, 2, 2),
    "_bit_or": (bit_or, 2, 2),
    "_bit_xor": (bit_xor, 2, 2),
    "_shift_left": (shift_left, 2, 2),
    "_shift_right": (shift_right, 2, 2),
    "_poisson": (poisson, 2, 2),
    # Of whole numbers, with the sign of the first, as in C: fractions are cut off.
    "modulo": (lambda x, y: sign(x) * mod(floor(absolute(x)), floor(absolute(y))), 2, 2),
    "ite": (lambda condition, a, b: ite(as_condition(condition), a, b), 3, 3),
}
CONSTANTS = {"pi": sympy.pi, "e": sympy.E, "inf": sympy.oo, "True": TRUE, "False": FALSE}
DRAWS = ("uniform", "normal")


# --- truth values -----------------------------------------------------------------------------------------


def is_condition(expression):
    return isinstance(expression, (sympy.logic.boolalg.Boolean, sympy.logic.boolalg.BooleanAtom)) and not (
        isinstance(expression, sympy.Symbol)
    )


def as_condition(expression):
    """A number counts as false where it is 0."""
    return expression if is_condition(expression) else sympy.Ne(expression, 0)


def as_number(expression):
    """A condition counts as 1 where it holds, else as 0."""
    return ite(expression, sympy.Integer(1), sympy.Integer(0)) if is_condition(expression) else expression


# --- from texts -------------------------------------------------------------------------------------------

_BINARY = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
    ast.Mod: mod,
    ast.FloorDiv: lambda a, b: floor(a / b),
}
_COMPARISONS = {
    ast.Lt: sympy.Lt,
    ast.LtE: sympy.Le,
    ast.Gt: sympy.Gt,
    ast.GtE: sympy.Ge,
    ast.Eq: sympy.Eq,
    ast.NotEq: sympy.Ne,
}


# Names of models may be Python's keywords ("lambda"), but for those of expressions: they get a mark to be
# parsed.
_MARK = "\u1369"
_KEYWORD = re.compile(
    rf"\b({'|'.join(sorted({*keyword.kwlist} - {'and', 'or', 'not', 'if', 'else', 'True', 'False'}))})\b"
)
_MARKED = rf"\1{_MARK}"


def _shown(node):
    return ast.unparse(node).replace(_MARK, "")


class Reader:
    """Reads the expressions of one model.

    names       expressions by the names that stand for them: symbols, or what inlines stand for
    functions   by name, Python functions of expressions that give what the model's own functions do
    draws       names of the distributions of the draws so far; the first `draws_of_inlines` of them are those
                of functions and inlines
    """

    def __init__(self, model, names=(), functions=()):
        self.model, self.names, self.functions = model, dict(names), dict(functions)
        self.draws, self.draws_of_inlines = [], 0

    def number(self, text, line, names=None):
        """The expression of a text, whose value is a number; `names` are further ones.

        Raises InvalidModelError.
        """
        return as_number(self._expression(text, line, names))

    def condition(self, text, line, names=None):
        """The expression of a text, whose value is true or false."""
        return as_condition(self._expression(text, line, names))

    def _expression(self, text, line, names):
        try:
            tree = ast.parse(_KEYWORD.sub(_MARKED, text.strip()), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise self.wrong(line, f"'{text}' can't be read as an expression") from None
        try:
            return self._of(tree, line, self.names if names is None else {**self.names, **names})
        except (RecursionError, ArithmeticError, OverflowError):
            raise self.wrong(line, f"'{text}' can't be calculated with") from None

    def wrong(self, line, message):
        return wrong(self.model, line, message)

    def _of(self, node, line, names):
        method = getattr(self, f"_of_{type(node).__name__}", None)
        if method is None:
            raise self.wrong(line, f"'{_shown(node)}' has no meaning in an expression")
        return method(node, line, names)

    def _of_Constant(self, node, line, names):
        if isinstance(node.value, bool):
            return TRUE if node.value else FALSE
        if isinstance(node.value, int):
            return sympy.Integer(node.value)
        if isinstance(node.value, float):
            return sympy.oo if node.value == float("inf") else sympy.Float(node.value)
        raise self.wrong(line, f"'{_shown(node)}' is not a number")

    def _of_Name(self, node, line, names):
        name = _shown(node)
        if name in names:
            return names[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        known = [*names, *CONSTANTS]
        raise self.wrong(line, f"there is no '{name}'{did_you_mean(name, known)}")

    def _of_Attribute(self, node, line, names):
        name = _shown(node)
        if name in names:
            return names[name]
        raise self.wrong(line, f"there is no '{name}'{did_you_mean(name, list(names))}")

    def _of_UnaryOp(self, node, line, names):
        value = self._of(node.operand, line, names)
        if isinstance(node.op, ast.Not):
            return sympy.Not(as_condition(value))
        if isinstance(node.op, ast.USub):
            return -as_number(value)
        if isinstance(node.op, ast.UAdd):
            return as_number(value)
        raise self.wrong(line, f"'{_shown(node)}' has no meaning in an expression")

    def _of_BinOp(self, node, line, names):
        left, right = (as_number(self._of(side, line, names)) for side in (node.left, node.right))
        if type(node.op) in (ast.BitAnd, ast.BitOr):
            both = as_condition(left), as_condition(right)
            return sympy.And(*both) if isinstance(node.op, ast.BitAnd) else sympy.Or(*both)
        if type(node.op) not in _BINARY:
            raise self.wrong(line, f"'{_shown(node)}' has no meaning in an expression")
        result = _BINARY[type(node.op)](left, right)
        if result.has(sympy.zoo, sympy.nan):
            raise self.wrong(line, f"'{_shown(node)}' is a division by zero")
        if result.has(sympy.I):
            raise self.wrong(line, f"'{_shown(node)}' is a power of a negative number")
        return result

    def _of_Compare(self, node, line, names):
        sides = [as_number(self._of(side, line, names)) for side in (node.left, *node.comparators)]
        parts = []
        for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
            if type(operator) not in _COMPARISONS:
                raise self.wrong(line, f"'{_shown(node)}' has no meaning in an expression")
            parts.append(_COMPARISONS[type(operator)](left, right))
        return sympy.And(*parts)

    def _of_BoolOp(self, node, line, names):
        parts = [as_condition(self._of(value, line, names)) for value in node.values]
        return sympy.And(*parts) if isinstance(node.op, ast.And) else sympy.Or(*parts)

    def _of_IfExp(self, node, line, names):
        condition = as_condition(self._of(node.test, line, names))
        either = (as_number(self._of(side, line, names)) for side in (node.body, node.orelse))
        return ite(condition, *either)

    def _of_Call(self, node, line, names):
        text = _shown(node)
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self.wrong(line, f"'{text}' is not a call of a known function")
        name = node.func.id
        arguments = [as_number(self._of(argument, line, names)) for argument in node.args]
        if name in self.functions:
            return self.functions[name](*arguments)
        if name in DRAWS:
            if arguments:
                raise self.wrong(line, f"'{text}': {name} takes no arguments here")
            self.draws.append(name)
            return drawn(len(self.draws) - 1)
        if name not in FUNCTIONS:
            known = [*self.functions, *FUNCTIONS, *DRAWS]
            raise self.wrong(line, f"there is no function '{name}'{did_you_mean(name, known)}")
        function, least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            raise self.wrong(line, f"'{text}': {name} takes {least} argument{'s' if least > 1 else ''}")
        result = function(*arguments)
        if result.has(sympy.I, sympy.zoo, sympy.nan):
            raise self.wrong(line, f"'{text}' is not a real number")
        return result
