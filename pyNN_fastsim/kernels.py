"""
What the functions of a cell type of one's own are written with; see docs/own_cell_type.md.

    inlined   decorator: a scalar function that becomes a part of the compiled loop over cells
    exp       e**x, in a form that the loop can do for several cells at once
    moved     moved(y, h, weights, slopes) is y + h * (sum of weights * slopes), where y and each of the
              slopes are tuples of one length: a stage of a Runge-Kutta method
"""

from .engine.compiling.compile import inlined
from .engine.compiling.fastmath import exp
from .engine.compiling.lowlevel import moved

__all__ = ["exp", "inlined", "moved"]
