"""
How functions of the engine become functions of a card, and templates of kernels become kernels.

A kernel has four arguments, all int64: the addresses of the head and of a table, the number of its rows, and
how many steps after the head's it is for (words.py). Its machine code comes from `machine_code.py`. With
NUMBA_ENABLE_CUDASIM=1 Numba's simulator runs kernels as Python functions.
"""

import functools
import types as python_types

import numpy as np

from ..compiling.compile import specialise
from ..compiling.marks import Marked, Named
from . import driver, machine_code
from .cards import is_simulated, numba_cuda

SIMULATED = is_simulated()


@functools.cache
def _names():
    """The module of what functions of the engine call by name."""
    if SIMULATED:
        from . import simulated as names
    else:
        from . import on_card as names
    return names


def _of_card(thing):
    """What kernels call for a `Named`, or for a `Marked` function and all that it calls."""
    if isinstance(thing, Named):
        return getattr(_names(), thing.name)
    if not hasattr(thing, "_of_card"):
        function = _copied(thing.function)
        thing._of_card = function if SIMULATED else _device_function(function, thing.kind == "inlined")
    return thing._of_card


def _device_function(function, forceinline):
    return numba_cuda().jit(device=True, forceinline=forceinline)(function)


def _copied(function):
    """A copy of a function that sees what belongs to the card where it sees `Marked` functions and names."""
    scope = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(scope.get(name), (Marked, Named)):
            scope[name] = _of_card(scope[name])
        elif scope.get(name) is np and not SIMULATED:
            scope[name] = _names().np
    closure = function.__closure__ and tuple(_copied_cell(cell) for cell in function.__closure__)
    copy = python_types.FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__, closure
    )
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    return copy


def _copied_cell(cell):
    value = cell.cell_contents
    return python_types.CellType(_of_card(value) if isinstance(value, (Marked, Named)) else value)


def _quietly(function):
    """The kernel for the simulator, whose numbers may overflow as they do on a card."""
    scope = function.__globals__  # the simulator puts what belongs to a thread there
    scope["_function"], scope["_errstate"] = function, np.errstate

    def kernel(head_at, table, n_rows, ahead):
        with _errstate(all="ignore"):  # noqa: F821
            _function(head_at, table, n_rows, ahead)  # noqa: F821

    return python_types.FunctionType(kernel.__code__, scope, function.__name__)


_made = {}


class Kernel:
    """A kernel: a template, which sees `names` as globals; loaded, or compiled, when it is first needed."""

    def __init__(self, template, name, **names):
        self.name = name
        self.template = specialise(template, name, **names)

    @functools.cached_property
    def function(self):
        """The function as the card's compiler gets it."""
        return _copied(self.template)

    @functools.cached_property
    def loaded(self):
        """The kernel on the card; in the simulator, Numba's."""
        if SIMULATED:
            return numba_cuda().jit(_quietly(self.function))
        return driver.Function(*machine_code.of(self, driver.card().capability))

    def launch(self, blocks, threads, stream, *arguments):
        """Launch it on a stream: `blocks` of the grid along x, or (x, y), of so many threads."""
        if SIMULATED:
            self.loaded[blocks, threads, stream](*arguments)
        else:
            self.loaded.launch(blocks, threads, stream, arguments)

    def launch_together(self, blocks, threads, stream, *arguments):
        """Launch it so that all its blocks are on the card at once; the driver refuses it if they can't."""
        self.loaded.launch(blocks, threads, stream, arguments, together=True)

    def most_together(self, threads):
        """How many blocks of so many threads can be on the card at once."""
        return self.loaded.most_together(threads)


def kernel_of(template, name, key=(), **names):
    """The `Kernel` of a template and functions, made once; `key` is what else tells it from others."""
    key = (template, name, tuple(sorted(names.items(), key=lambda item: item[0])), key)
    if key not in _made:
        _made[key] = Kernel(template, name, **names)
    return _made[key]
