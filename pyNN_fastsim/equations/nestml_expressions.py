"""
Expressions of NESTML as texts in Python's syntax, which is that of descriptions.

Numbers are in NEST's units, as pynestml writes them for NEST: ms, mV, pA, nS, pF, GOhm, and what is made
of these.
"""

import math
import warnings

import astropy.units
from pynestml.codegeneration.nest_unit_converter import NESTUnitConverter
from pynestml.meta_model.ast_expression import ASTExpression
from pynestml.meta_model.ast_simple_expression import ASTSimpleExpression
from pynestml.symbols.integer_type_symbol import IntegerTypeSymbol
from pynestml.symbols.predefined_units import PredefinedUnits
from pynestml.symbols.symbol import SymbolKind
from pynestml.symbols.unit_type_symbol import UnitTypeSymbol

TRUNCATED = "_truncated"  # the name of a function: an integer, as C++ makes it of a number
SAME = frozenset(
    "exp log10 cos sin tan cosh sinh tanh erf erfc expm1 clip pow max min abs ceil floor round".split()
)

# How tightly parts of a text are bound.
TERNARY, OR, AND, NOT, COMPARISON, SUM, PRODUCT, UNARY, POWER, ATOM = range(10)


def python_name(name):
    """A name of NESTML (V_m, g', g$) as Python takes it, and NEST shows it."""
    return name.replace("$", "__DOLLAR").replace("'", "__d")


def unit_factor(unit):
    """How much of NEST's unit one of astropy's units is."""
    factor = float(
        getattr(NESTUnitConverter.get_factor(unit), "scale", 0) or NESTUnitConverter.get_factor(unit)
    )
    return float(f"{factor:.15g}")


def conversion(node):
    """The factor between the value of an expression, made of values in NEST's units, and NEST's unit for
    what it is.

    It is not 1 where NEST has no unit of its own for a part of the expression (1 / Bq, which is a time).
    pynestml's own factors are those between the units as they are written: on top of NEST's units it would
    convert twice.
    """
    if not node.get_implicit_conversion_factor() or not isinstance(node.type, UnitTypeSymbol):
        return 1.0
    unit = node.type.astropy_unit
    parts = zip(unit.bases, unit.powers, strict=True)
    of_parts = math.prod(unit_factor(base) ** power for base, power in parts)
    return float(f"{unit_factor(unit) / of_parts:.12g}")


def number_text(value):
    """The text of a number; whole numbers stay exact."""
    if isinstance(value, float) and (not math.isfinite(value) or abs(value) >= 1e15):
        return "inf" if value == math.inf else repr(value)
    return repr(int(value)) if float(value).is_integer() else repr(float(value))


def is_integer(node):
    return isinstance(node.type, IntegerTypeSymbol)


class Expressions:
    """
    Writes expressions of one model.

    parsed     the `Parsed` model
    variable   function of (an ASTVariable, a node for its line) and `given`: the text that stands for a
               variable
    call       function of (an ASTFunctionCall, texts of its arguments, a node for its line): the text of a
               call of anything but mathematical functions; or None
    timestep   the text of timestep()
    own        names of functions of the model
    """

    def __init__(self, parsed, variable, call, own=(), timestep="dt"):
        self.parsed, self.variable, self.call, self.own = parsed, variable, call, set(own)
        self.timestep = timestep
        self.uses_truncation = False

    def text(self, node, given=None):
        """The text of an expression; `given` is for `variable`."""
        return self._bound(node, given)[0]

    def assigned(self, node, to_integer, given=None):
        """The text of what is assigned to a variable that may be an integer."""
        text = self.text(node, given)
        may_be_broken = not is_integer(node) or "/" in text
        return self.truncated(text) if to_integer and may_be_broken else text

    def truncated(self, text):
        self.uses_truncation = True
        return f"{TRUNCATED}({text})"

    def _bound(self, node, given):
        """(text, how tightly it is bound)"""
        text, binding = (
            self._simple(node, given)
            if isinstance(node, ASTSimpleExpression)
            else self._compound(node, given)
        )
        factor = conversion(node)
        if factor != 1:
            return f"{number_text(factor)} * {_within(PRODUCT + 1, text, binding)}", PRODUCT
        return text, binding

    def _at(self, least, node, given):
        return _within(least, *self._bound(node, given))

    def _simple(self, node, given):
        if node.is_numeric_literal_with_unit():
            return number_text(node.get_numeric_literal() * self._factor(node)), ATOM
        if node.is_inf_literal:
            return "inf", ATOM
        if node.is_numeric_literal():
            value = node.get_numeric_literal()
            return (repr(value) if isinstance(value, int) else number_text(value)), ATOM
        if node.is_boolean_true or node.is_boolean_false:
            return ("True" if node.is_boolean_true else "False"), ATOM
        if node.is_function_call():
            return self._call(node, given)
        if node.is_variable() or node.is_delay_variable():
            return self._variable(node, given), ATOM
        raise self.parsed.wrong(node, f"'{node}' has no meaning in an expression")

    def _factor(self, node):
        """The factor of the unit of a number, as pynestml's printers find it."""
        try:
            if node.get_variable() is not None:
                return unit_factor(
                    PredefinedUnits.get_unit(node.get_variable().get_complete_name()).get_unit()
                )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about the style of units
                return unit_factor(astropy.units.Unit(str(node.unitType)))
        except (ValueError, TypeError, AttributeError):
            raise self.parsed.wrong(node, f"the unit of '{node}' is unknown") from None

    def _variable(self, node, given):
        variable = node.get_variable()
        name = variable.get_complete_name()
        if variable.get_scope().resolve_to_symbol(name, SymbolKind.VARIABLE) is None and (
            not variable.has_vector_parameter() and PredefinedUnits.is_unit(name)
        ):
            return number_text(unit_factor(PredefinedUnits.get_unit(name).get_unit()))
        return self.variable(variable, node, given)

    def _call(self, node, given):
        call = node.get_function_call()
        name = call.get_name()
        arguments = [self.text(argument, given) for argument in call.get_args()] if name != "convolve" else []
        if name in self.own or name in SAME:
            return f"{name}({', '.join(arguments)})", ATOM
        if name == "ln":
            return f"log({arguments[0]})", ATOM
        if name == "timestep":
            return self.timestep, ATOM
        if name == "resolution":
            return "dt", ATOM
        if name == "steps":
            return f"round(({arguments[0]}) / dt)", ATOM
        if name in ("random_normal", "random_uniform"):
            draw = {"random_normal": "normal()", "random_uniform": "uniform()"}[name]
            return f"(({arguments[0]}) + ({arguments[1]}) * {draw})", ATOM
        if name == "random_poisson":
            return f"_poisson({arguments[0]}, uniform())", ATOM
        text = self.call(call, arguments, node, given)
        if text is None:
            raise self.parsed.wrong(node, f"'{call}': {name}() can't be used here")
        return text, ATOM

    def _compound(self, node, given):
        if node.is_encapsulated:
            return self._bound(node.get_expression(), given)
        if node.is_unary_operator():
            operator = node.get_unary_operator()
            if operator.is_unary_tilde:
                return f"(-({self.text(node.get_expression(), given)}) - 1)", ATOM
            text = self._at(UNARY, node.get_expression(), given)
            return (f"-{text}", UNARY) if operator.is_unary_minus else (text, UNARY)
        if node.is_logical_not:
            return f"not {self._at(NOT, node.get_expression(), given)}", NOT
        if node.is_ternary_operator():
            parts = [self._at(OR, part, given) for part in (node.get_if_true(), node.get_condition())]
            return f"{parts[0]} if {parts[1]} else {self._at(TERNARY, node.get_if_not(), given)}", TERNARY
        if node.is_compound_expression():
            return self._binary(node, given)
        return self._bound(node.get_expression(), given)

    def _binary(self, node, given):
        left, right = node.get_lhs(), node.get_rhs()
        for attribute, function in _OF_BITS:
            if getattr(node.get_binary_operator(), attribute, False):
                return f"{function}({self.text(left, given)}, {self.text(right, given)})", ATOM
        sign, binding = self._operator(node)
        if sign == "**":
            return f"{self._at(ATOM, left, given)}**{self._at(UNARY, right, given)}", POWER
        tight = binding + 1 if binding != OR and binding != AND else binding
        text = f"{self._at(binding if binding != COMPARISON else SUM, left, given)} {sign} "
        text += self._at(tight, right, given)
        if sign == "%":
            a, b = self.text(left, given), self.text(right, given)
            return f"({a} - ({b}) * {self.truncated(f'({a}) / ({b})')})", ATOM
        if sign == "//" or (sign == "/" and is_integer(left) and is_integer(right) and not _is_number(right)):
            return self.truncated(text.replace(" // ", " / ") if sign == "//" else text), ATOM
        return text, binding

    def _operator(self, node):
        operator = node.get_binary_operator()
        for attribute, sign, binding in _OPERATORS:
            if getattr(operator, attribute, False):
                return sign, binding
        raise self.parsed.wrong(node, "has an operator that has no meaning here")


_OF_BITS = (
    ("is_bit_and", "_bit_and"),
    ("is_bit_or", "_bit_or"),
    ("is_bit_xor", "_bit_xor"),
    ("is_bit_shift_left", "_shift_left"),
    ("is_bit_shift_right", "_shift_right"),
)
_OPERATORS = (
    ("is_pow_op", "**", POWER),
    ("is_times_op", "*", PRODUCT),
    ("is_integer_div_op", "//", PRODUCT),
    ("is_div_op", "/", PRODUCT),
    ("is_modulo_op", "%", PRODUCT),
    ("is_plus_op", "+", SUM),
    ("is_minus_op", "-", SUM),
    ("is_lt", "<", COMPARISON),
    ("is_le", "<=", COMPARISON),
    ("is_eq", "==", COMPARISON),
    ("is_ne", "!=", COMPARISON),
    ("is_ne2", "!=", COMPARISON),
    ("is_ge", ">=", COMPARISON),
    ("is_gt", ">", COMPARISON),
    ("is_logical_and", "and", AND),
    ("is_logical_or", "or", OR),
)


def _within(least, text, binding):
    return text if binding >= least else f"({text})"


def _is_number(node):
    while isinstance(node, ASTExpression) and node.is_encapsulated:
        node = node.get_expression()
    return isinstance(node, ASTSimpleExpression) and node.is_numeric_literal()


# --- what is proportional to an input ---------------------------------------------------------------------


def coefficient(node, coefficient_of, text):
    """The text of a where an expression is a * input + rest; "" if the input is not in it, None if it is
    in it otherwise.

    coefficient_of   function of an ASTSimpleExpression: "1" for the input itself, another text for a name
                     that has it, "" for all others
    text             function that writes an expression
    """
    found = _coefficient(node, coefficient_of, text)
    factor = conversion(node)
    return f"{number_text(factor)} * ({found})" if found and factor != 1 else found


def _coefficient(node, coefficient_of, text):
    if isinstance(node, ASTSimpleExpression):
        return coefficient_of(node)
    if node.is_ternary_operator():
        parts = node.get_condition(), node.get_if_true(), node.get_if_not()
        return "" if all(coefficient(p, coefficient_of, text) == "" for p in parts) else None
    if not node.is_compound_expression():
        inner = coefficient(node.get_expression(), coefficient_of, text)
        operator = node.get_unary_operator() if node.is_unary_operator() else None
        return f"-({inner})" if inner and operator is not None and operator.is_unary_minus else inner
    left, right = (coefficient(side, coefficient_of, text) for side in (node.get_lhs(), node.get_rhs()))
    operator = node.get_binary_operator()
    if left == "" and right == "":
        return ""
    if None in (left, right):
        return None
    if getattr(operator, "is_plus_op", False) or getattr(operator, "is_minus_op", False):
        sign = "+" if operator.is_plus_op else "-"
        return f"({left or 0} {sign} ({right or 0}))"
    if getattr(operator, "is_times_op", False) and "" in (left, right):
        other = node.get_rhs() if left else node.get_lhs()
        return f"({left or right}) * ({text(other)})"
    if getattr(operator, "is_div_op", False) and right == "":
        return f"({left}) / ({text(node.get_rhs())})"
    return None
