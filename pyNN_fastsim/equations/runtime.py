"""
What generated code sees as its globals: functions of one cell, marked for the compiler, and NumPy.
"""

import math

import numpy as np

from ..engine.compiling.compile import inlined
from ..engine.compiling.fastmath import exp
from ..engine.compiling.lowlevel import float_bits
from ..engine.random.rng import normal, uniform
from .propagators import propagators


@inlined
def squared(x):
    return x * x


@inlined
def cubed(x):
    return x * x * x


@inlined
def sign(x):
    return 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0)


@inlined
def floored(x):
    return np.floor(x)


@inlined
def raised(x):
    return np.ceil(x)


@inlined
def rounded(x):
    return np.rint(x)


@inlined
def mod(x, y):
    """What is left of x after division by y, with the sign of y."""
    return x - y * np.floor(x / y)


@inlined
def power(x, y):
    return math.pow(x, y)


@inlined
def word(x):
    """A whole number below 2**52 as an integer. (int() is not vectorised.)"""
    return float_bits(x + 2.0**52) & 0xFFFFFFFFFFFFF


erf, erfc = (np.vectorize(function, otypes=[float]) for function in (math.erf, math.erfc))

SCALAR = {
    "abs": abs,
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "raised": raised,
    "cos": math.cos,
    "cosh": math.cosh,
    "cubed": cubed,
    "erf": math.erf,
    "erfc": math.erfc,
    "exp": exp,
    "expm1": math.expm1,
    "floored": floored,
    "log": math.log,
    "log1p": math.log1p,
    "mod": mod,
    "normal": normal,
    "np": np,
    "power": power,
    "rounded": rounded,
    "sign": sign,
    "sin": math.sin,
    "sinh": math.sinh,
    "sqrt": math.sqrt,
    "squared": squared,
    "tan": math.tan,
    "tanh": math.tanh,
    "uniform": uniform,
    "word": word,
}
ARRAYS = {"erf": erf, "erfc": erfc, "np": np, "propagators": propagators}
