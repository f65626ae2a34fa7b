"""
What generated code sees as its globals: functions of one cell, marked for the compiler, and NumPy.
"""

import math

import numpy as np

from ..engine.compiling.compile import inlined
from ..engine.compiling.elementary import cos, cosh, expm1, log, log1p, power, sin, sinh, tan, tanh
from ..engine.compiling.fastmath import SHORT, decays, exp, short_decays
from ..engine.compiling.lowlevel import float_bits, fma
from ..engine.random.rng import uniform, uniform_pair
from .propagators import propagators


TWO_PI = 2.0 * math.pi


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
def normal(seed, stream, trial, index, draw):
    """The number of rng.normal to rounding, in a form that the loop can do for several cells at once."""
    u, v = uniform_pair(seed, stream, trial, index, draw)
    return math.sqrt(-2.0 * log(u)) * cos(TWO_PI * v)


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
    "cos": cos,
    "cosh": cosh,
    "SHORT": SHORT,
    "cubed": cubed,
    "decays": decays,
    "erf": math.erf,
    "erfc": math.erfc,
    "exp": exp,
    "expm1": expm1,
    "float_bits": float_bits,
    "fma": fma,
    "floored": floored,
    "log": log,
    "log1p": log1p,
    "mod": mod,
    "normal": normal,
    "np": np,
    "power": power,
    "rounded": rounded,
    "short_decays": short_decays,
    "sign": sign,
    "sin": sin,
    "sinh": sinh,
    "sqrt": math.sqrt,
    "squared": squared,
    "tan": tan,
    "tanh": tanh,
    "uniform": uniform,
    "word": word,
}
ARRAYS = {"erf": erf, "erfc": erfc, "np": np, "propagators": propagators}
