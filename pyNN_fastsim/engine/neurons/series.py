"""
Taylor series of order 8 in time, for models whose equations are products of a few functions.

The terms of such a series follow from each other by a few multiplications (Corliss & Chang 1982, ACM
Trans. Math. Softw. 8:114-144), which is less work than a Runge-Kutta step of lower order; and the series
says where between the ends of a step v reaches a threshold.

A series is a tuple of the 8 terms after the first, for the whole of a part of a step; `x` (0 to 1) is a
time within it.
"""

import math

from ..compiling.compile import inlined
from ..compiling.lowlevel import fma

NEWTON_STEPS = 4


@inlined
def change_by(terms, x):
    """The sum of the terms: by how much the variable has changed."""
    t1, t2, t3, t4, t5, t6, t7, t8 = terms
    high = fma(fma(fma(t8, x, t7), x, t6), x, t5)
    return fma(fma(fma(fma(high, x, t4), x, t3), x, t2), x, t1) * x


@inlined
def slope_at(terms, x):
    """The derivative of `change_by` by x."""
    t1, t2, t3, t4, t5, t6, t7, t8 = terms
    high = fma(fma(fma(8.0 * t8, x, 7.0 * t7), x, 6.0 * t6), x, 5.0 * t5)
    return fma(fma(fma(fma(high, x, 4.0 * t4), x, 3.0 * t3), x, 2.0 * t2), x, t1)


@inlined
def tail(terms):
    """The size of the last two terms. What is left out is smaller by the square of their ratio, or more."""
    return abs(terms[6]) + abs(terms[7])


@inlined
def series_error(tail, tolerance):
    """The error of a series in the units and with the order that adaptive.py wants."""
    return math.sqrt(tail / tolerance)


@inlined
def crossing(v, terms, threshold):
    """When a series that ends above the threshold reaches it, by Newton's method from the end, where a
    runaway v is steepest. 0 for NaN, and for a v that begins above it."""
    x = 1.0
    for _ in range(NEWTON_STEPS):
        x -= (v + change_by(terms, x) - threshold) / slope_at(terms, x)
    x = x if x < 1.0 else 1.0
    return x if x > 0.0 else 0.0
