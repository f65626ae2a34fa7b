"""Functions that are called again and again in the course of runs."""

import functools
import math

from . import simulator
from .arguments import RULES, check, is_finite
from .messages import shown

__all__ = ["every"]


def every(period, offset=0.0, wait=0.0):
    """
    A decorator: the function is called with the time (ms), every `period` ms of all runs until setup().

    period   ms; in each step if it is shorter than that
    offset   ms from 0, to the first call; below 0: to the end of a period
    wait     ms before the first call of all

        @sim.every(100.0)
        def brighter(t):
            cells.set(rate=0.1 * t)

    Times off the grid are at the next grid point. What returns is not used. PyNN's callbacks, in `run(...,
    callbacks=[...])`, may be used beside it. After reset() calls begin again.
    """
    if not is_finite(period) or period <= 0.0:
        raise ValueError(f"every(): period must be a number of ms above 0, not {shown(period)}")
    for name, value in ("offset", offset), ("wait", wait):
        if not is_finite(value):
            raise ValueError(f"every(): {name} must be a number of ms, not {shown(value)}")
    if wait < 0.0:
        raise ValueError(f"every(): wait must not be negative, but is {wait:g} ms")
    first = wait + (offset if offset >= 0.0 else period + math.fmod(offset, period))

    def register(function):
        check("every", "function", function, RULES["callback"])
        simulator.state.periodic.append(_Periodic(function, float(period), float(first)))
        return function

    return register


class _Periodic:
    """What PyNN's callbacks are: called with the time, it says when it wishes to be called next."""

    def __init__(self, function, period, first):
        self._function, self._period, self._first = function, period, first
        self._seen, self._calls = -math.inf, 0
        functools.update_wrapper(self, function, updated=())

    def __call__(self, now):
        if now < self._seen:  # there was a reset
            self._calls = 0
        self._seen = now
        tolerance = simulator.GRID_TOLERANCE * simulator.state.dt
        if now >= self._due() - tolerance:
            self._function(now)
            self._calls = max(self._calls + 1, math.floor((now + tolerance - self._first) / self._period) + 1)
        return self._due()

    def _due(self):
        return self._first + self._calls * self._period
