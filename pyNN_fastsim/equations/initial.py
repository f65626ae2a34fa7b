"""
Initial values of variables: what their expressions are with the default values of parameters.
"""

import numpy as np

from .description import wrong
from .expressions import DT, symbol
from .printing import array_code
from .runtime import ARRAYS

SCOPE = {**ARRAYS, "np": np, "number": np.float64, "inf": np.inf, "nan": np.nan}
USUAL_DT = 0.1  # ms: for initial values that depend on the time step


def initial_values(model, reader, internals):
    """Initial values by name of variable; `internals` are expressions by name. Raises InvalidModelError."""
    known = {symbol(part.name): part.value for part in model.parameters} | {DT: USUAL_DT}
    for name, expression in internals.items():
        if expression.free_symbols <= known.keys():
            known[symbol(name)] = value_of(expression, known)
    values = {}
    for variable in model.variables:
        expression = reader.number(variable.initial, variable.line)
        unknown = expression.free_symbols - known.keys()
        if unknown:
            name = min(map(str, unknown))
            raise wrong(model, variable.line, f"the initial value of '{variable.name}' depends on '{name}'")
        values[variable.name] = value_of(expression, known)
    return values


def value_of(expression, known):
    """The number that an expression is; `known` are numbers by symbol."""
    names = {s: f"number({float(value)!r})" for s, value in known.items()}
    with np.errstate(all="ignore"):
        return float(eval(array_code(expression, names), SCOPE))
