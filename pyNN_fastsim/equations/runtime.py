"""
What generated code sees as its globals: functions of one cell, marked for the compiler, and NumPy.
"""

import math

import numpy as np

from ..engine.compiling.addresses import address_of
from ..engine.compiling.compile import inlined
from ..engine.compiling.elementary import cos, cosh, expm1, log, log1p, power, sin, sinh, tan, tanh
from ..engine.compiling.fastmath import SHORT, decays, exp, short_decays
from ..engine.compiling.lowlevel import float64_at, float_bits, fma
from ..engine.random.rng import uniform
from ..engine.random.vectorised import TWO_PI, normal, word
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
def bit_and(x, y):
    return float(int(x) & int(y))


@inlined
def bit_or(x, y):
    return float(int(x) | int(y))


@inlined
def bit_xor(x, y):
    return float(int(x) ^ int(y))


@inlined
def shift_left(x, y):
    return float(int(x) << (int(y) & 63))


@inlined
def shift_right(x, y):
    return float(int(x) >> (int(y) & 63))


@inlined
def poisson(mean, u):
    """The number of events, of so many on average, whose cumulative probability reaches `u`. (Below the first
    number that is looked at there is less than 1e-30 of it.)"""
    first = 0.0 if mean < 600.0 else np.floor(mean - 12.0 * math.sqrt(mean))
    stirling = (
        0.0
        if first == 0.0
        else first * math.log(mean / first)
        + first
        - 0.5 * math.log(TWO_PI * first)
        - 1.0 / (12.0 * first)
        + 1.0 / (360.0 * first**3)
    )
    p = math.exp(stirling - mean)
    reached, k, most = p, first, mean + 40.0 * math.sqrt(abs(mean)) + 100.0
    while reached < u and k < most:
        k += 1.0
        p *= mean / k
        reached += p
    return k + 0.0 * mean


@inlined
def remembered(ring, size, mask, ago, cell, step, now):
    """What a variable of a cell was `ago` steps before, and take note of what it is now.

    ring, size, mask   address of the values, their number, and how many steps there is room for, less 1
    """
    values = float64_at(ring, size)
    cells = size // (mask + 1)
    values[(step & mask) * cells + cell] = now
    return values[((step - ago) & mask) * cells + cell]


def past(p, number, delay, dt):
    """The constants with which `remembered` finds what a variable was so many ms before: see `Block.past_of`.
    A delay that is no number of steps is none."""
    ago = np.rint(np.maximum(np.nan_to_num(np.asarray(delay / dt, dtype=float)), 0.0))
    ring = p["_past"](number, np.max(ago))
    return float(address_of(ring)), float(ring.size), float(len(ring) - 1), ago if ago.ndim else float(ago)


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
    "remembered": remembered,
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
BITS = (bit_and, bit_or, bit_xor, shift_left, shift_right)
SCALAR |= {"poisson": poisson, **{each.function.__name__: each for each in BITS}}
ARRAYS = {"np": np, "past": past, "propagators": propagators}
ARRAYS |= {
    f"{each.__name__}_of_arrays": np.vectorize(each, otypes=[float])
    for each in (math.erf, math.erfc, *(each.function for each in BITS))
}
