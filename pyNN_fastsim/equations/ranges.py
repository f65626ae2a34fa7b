"""
Which values an expression can have, as far as one can see: intervals.

Used to find mistakes before a run: powers of negative numbers, divisions by zero, conditions that never hold.
Wherever it is not clear, the answer is "anything".
"""

import ast
import math

ANYTHING = (-math.inf, math.inf)
FALSE, TRUE, EITHER = (0.0, 0.0), (1.0, 1.0), (0.0, 1.0)
_LARGEST_POWER = 1023  # of whole numbers; what is larger is no number of the machine's


class OutOfDomain(Exception):
    """An expression has no value, whatever its names stand for."""


def range_of(tree, names):
    """The least and largest value of an expression; 0 and 1 stand for false and true.

    tree    of a text in Python's syntax
    names   intervals by name; of names that are missing nothing is known

    Raises OutOfDomain, with a message.
    """
    if isinstance(tree, ast.Constant):
        value = float(tree.value)
        return value, value
    if isinstance(tree, ast.Name):
        return names.get(tree.id, ANYTHING)
    if isinstance(tree, ast.UnaryOp):
        return _of_sign(tree, names)
    if isinstance(tree, ast.BinOp):
        return _of_operation(tree, names)
    if isinstance(tree, ast.Compare):
        return _of_comparison(tree, names)
    if isinstance(tree, ast.BoolOp):
        return _of_logic(tree, names)
    if isinstance(tree, ast.IfExp):
        return _of_choice(tree, names)
    if isinstance(tree, ast.Call):
        return _of_call(tree, names)
    return ANYTHING


def truth(interval):
    """What is known of a condition: 0 and 1 for false and true."""
    low, high = interval
    if low == high == 0:
        return FALSE
    return TRUE if low > 0 or high < 0 else EITHER


def _hull(*values):
    """The interval of all values; of a value that is not a number nothing is known."""
    if any(math.isnan(value) for value in values):
        return ANYTHING
    return min(values), max(values)


def _of_sign(tree, names):
    low, high = range_of(tree.operand, names)
    if isinstance(tree.op, ast.Not):
        false, true = truth((low, high))
        return 1 - true, 1 - false
    return (-high, -low) if isinstance(tree.op, ast.USub) else (low, high)


def _of_operation(tree, names):
    (a, b), (c, d) = range_of(tree.left, names), range_of(tree.right, names)
    operator = type(tree.op)
    if operator is ast.Add:
        return _hull(a + c, b + d)
    if operator is ast.Sub:
        return _hull(a - d, b - c)
    if operator is ast.Mult:
        return _hull(*(_product(x, y) for x in (a, b) for y in (c, d)))
    if operator is ast.Pow:
        return _of_power(tree, (a, b), (c, d))
    if operator in (ast.Div, ast.Mod, ast.FloorDiv) and c == d == 0:
        raise OutOfDomain(f"'{ast.unparse(tree)}' is a division by zero")
    if operator is ast.Div and (c > 0 or d < 0):
        return _hull(*(x / y for x in (a, b) for y in (c, d)))
    return ANYTHING


def _product(x, y):
    return 0.0 if x == 0 or y == 0 else x * y


def _of_power(tree, base, exponent):
    (a, b), (c, d) = base, exponent
    if c != d:
        return (0.0, math.inf) if a >= 0 else ANYTHING
    whole = c == math.floor(c) if math.isfinite(c) else False
    if b < 0 and not whole:
        raise OutOfDomain(f"'{ast.unparse(tree)}' is a power of a negative number")
    if a == b == 0 and c < 0:
        raise OutOfDomain(f"'{ast.unparse(tree)}' is a division by zero")
    if abs(c) > _LARGEST_POWER and a == b and abs(a) not in (0.0, 1.0) and math.isfinite(c):
        raise OutOfDomain(f"'{ast.unparse(tree)}' is too large or too small a number")
    if a == b:
        return _power(tree, a, c)
    if a > 0 or (a >= 0 and c >= 0):
        return _hull(*_power(tree, a, c), *_power(tree, b, c))
    if whole and c % 2 == 0:
        return 0.0, math.inf
    return ANYTHING


def _power(tree, x, y):
    try:
        value = x**y
    except OverflowError:
        raise OutOfDomain(f"'{ast.unparse(tree)}' is too large a number") from None
    except ZeroDivisionError:
        return ANYTHING
    return (value, value) if isinstance(value, float) else ANYTHING


def _of_comparison(tree, names):
    sides = [tree.left, *tree.comparators]
    ranges = [range_of(side, names) for side in sides]
    result = TRUE
    for k, operator in enumerate(tree.ops):
        same = ast.dump(sides[k]) == ast.dump(sides[k + 1]) and not _draws(sides[k])
        result = _both(result, _compared(type(operator), ranges[k], ranges[k + 1], same))
    return result


def _draws(tree):
    return any(isinstance(node, ast.Call) for node in ast.walk(tree))


def _compared(operator, left, right, same):
    if operator in (ast.Gt, ast.GtE):
        left, right = right, left
        operator = ast.Lt if operator is ast.Gt else ast.LtE
    (a, b), (c, d) = left, right
    if operator is ast.Lt:
        return FALSE if same or a >= d else TRUE if b < c else EITHER
    if operator is ast.LtE:
        return TRUE if same or b <= c else FALSE if a > d else EITHER
    apart, equal = b < c or d < a, same or a == b == c == d
    if operator is ast.Eq:
        return FALSE if apart else TRUE if equal else EITHER
    return TRUE if apart else FALSE if equal else EITHER


def _both(first, second):
    return min(first[0], second[0]), min(first[1], second[1])


def _of_logic(tree, names):
    parts = [truth(range_of(value, names)) for value in tree.values]
    if isinstance(tree.op, ast.Or):
        return max(low for low, _ in parts), max(high for _, high in parts)
    if _exclude_each_other(tree.values, names):
        return FALSE
    return min(low for low, _ in parts), min(high for _, high in parts)


def _exclude_each_other(conditions, names):
    """Whether one expression would have to be above one number and below a smaller one."""
    limits = {}
    for condition in conditions:
        if not isinstance(condition, ast.Compare) or len(condition.ops) != 1 or _draws(condition):
            continue
        left, right, operator = condition.left, condition.comparators[0], type(condition.ops[0])
        for one, other, is_above in ((left, right, (ast.Gt, ast.GtE)), (right, left, (ast.Lt, ast.LtE))):
            if operator not in (ast.Lt, ast.LtE, ast.Gt, ast.GtE):
                continue
            low, high = limits.get(ast.dump(one), ANYTHING)
            least, most = range_of(other, names)
            low, high = (max(low, least), high) if operator in is_above else (low, min(high, most))
            if low > high:
                return True
            limits[ast.dump(one)] = low, high
    return False


def _of_choice(tree, names):
    condition = truth(range_of(tree.test, names))
    if condition == TRUE:
        return range_of(tree.body, names)
    if condition == FALSE:
        return range_of(tree.orelse, names)
    return _hull(*range_of(tree.body, names), *range_of(tree.orelse, names))


# Functions that grow with their argument.
_GROWING = {
    "exp": math.exp,
    "expm1": math.expm1,
    "tanh": math.tanh,
    "sinh": math.sinh,
    "atan": math.atan,
    "erf": math.erf,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": lambda x: math.floor(x + 0.5),
}
_GROWING_ABOVE = {  # the same, and where they begin
    "log": (math.log, 0.0),
    "ln": (math.log, 0.0),
    "log10": (math.log10, 0.0),
    "log1p": (math.log1p, -1.0),
    "sqrt": (math.sqrt, 0.0),
}
_BETWEEN = {"sin": (-1.0, 1.0), "cos": (-1.0, 1.0), "sign": (-1.0, 1.0), "uniform": (0.0, 1.0), "erfc": (0.0, 2.0)}


def _of_call(tree, names):
    name = tree.func.id if isinstance(tree.func, ast.Name) else ""
    ranges = [range_of(argument, names) for argument in tree.args]
    if name in ("min", "max") and ranges:
        choose = min if name == "min" else max
        return choose(low for low, _ in ranges), choose(high for _, high in ranges)
    if name == "clip" and len(ranges) == 3:
        (a, b), (c, d), (e, f) = ranges
        return max(min(a, e), c), max(min(b, f), d)
    if name in ("abs", "fabs") and len(ranges) == 1:
        (a, b) = ranges[0]
        return (0.0 if a <= 0 <= b else min(abs(a), abs(b))), max(abs(a), abs(b))
    if name == "pow" and len(ranges) == 2:
        return _of_power(tree, *ranges)
    if name in _BETWEEN:
        return _BETWEEN[name]
    if name in _GROWING and len(ranges) == 1:
        return tuple(_value(_GROWING[name], x) for x in ranges[0])
    if name in _GROWING_ABOVE and len(ranges) == 1:
        return _of_root_or_log(tree, name, *ranges[0])
    return ANYTHING


def _value(function, x):
    if math.isinf(x) and function in (math.floor, math.ceil, _GROWING["round"]):
        return x
    try:
        return float(function(x))
    except OverflowError:
        return math.copysign(math.inf, x)


def _of_root_or_log(tree, name, low, high):
    function, begin = _GROWING_ABOVE[name]
    if high < begin or (high == begin and name != "sqrt"):
        what = "root of a negative number" if name == "sqrt" else "logarithm of a number that is not positive"
        raise OutOfDomain(f"'{ast.unparse(tree)}' is a {what}")
    most = _value(function, high)
    if low < begin or (low == begin and name != "sqrt"):
        return (0.0 if name == "sqrt" else -math.inf), most
    return _value(function, low), most
