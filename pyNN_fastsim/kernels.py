"""
What the functions of a cell type of one's own are written with; see docs/own_cell_type.md.

    inlined   decorator: a scalar function that becomes a part of the compiled loop over cells
    exp, expm1, log, log1p, log2, log10, power, sinh, cosh, tanh, sin, cos, tan
              as in NumPy, in a form that the loop can do for several cells at once; their docstrings
              say how exact they are, and what they give at the ends of their range
    moved     moved(y, h, weights, slopes) is y + h * (sum of weights * slopes), where y and each of the
              slopes are tuples of one length: a stage of a Runge-Kutta method
"""

from .engine.compiling.compile import inlined
from .engine.compiling.elementary import (
    cos,
    cosh,
    expm1,
    log,
    log1p,
    log2,
    log10,
    power,
    sin,
    sinh,
    tan,
    tanh,
)
from .engine.compiling.fastmath import exp
from .engine.compiling.lowlevel import moved

__all__ = [
    "cos", "cosh", "exp", "expm1", "inlined", "log", "log10", "log1p", "log2",
    "moved", "power", "sin", "sinh", "tan", "tanh",
]  # fmt: skip
