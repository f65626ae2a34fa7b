"""
Compilation with Numba. Imported only where there is something to compile.
"""

import re
import types as python_types

from numba import njit, types
from numba.core.compiler import Compiler

from . import intrinsics
from .marks import Marked, Named
from .settings import BOUNDSCHECK


class _NoAliasCompiler(Compiler):
    """Promises LLVM that array arguments don't overlap, without which it won't vectorise."""

    def __init__(self, typingctx, targetctx, library, args, return_type, flags, local_types):
        flags = flags.copy()
        flags.noalias = True
        super().__init__(typingctx, targetctx, library, args, return_type, flags, local_types)


# Division by zero gives inf or nan, as in NumPy, instead of a Python exception in the inner loop.
# Without Numba's runtime nothing can be allocated, and no references are counted.
COMMON = {"error_model": "numpy", "_nrt": False, "boundscheck": BOUNDSCHECK}
_OPTIONS = {
    "jit": COMMON,
    "inlined": {**COMMON, "forceinline": True},
    "vectorised": {**COMMON, "pipeline_class": _NoAliasCompiler},
}
# What only machine code calls needs no wrapper for Python and none for C: they take as long to compile.
WITHOUT_WRAPPERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_TYPES = {"int64": types.int64, "float64": types.float64}

# What machine code may not refer to: symbols that are there only where Numba is.
NUMBAS_OWN = re.compile(rb"numba_\w+|NRT_\w+")


def real(thing):
    """What Numba understands for a `Named` or a `Marked` function, and for all that this one calls.

    Only compiled functions can call it.
    """
    if isinstance(thing, Named):
        return getattr(intrinsics, thing.name)
    if not hasattr(thing, "_real"):
        thing._real = njit(**_OPTIONS[thing.kind], **WITHOUT_WRAPPERS)(real_function(thing.function))
    return thing._real


def for_python(deferred):
    """What Python can call for a `Marked` function."""
    return njit(**_OPTIONS[deferred.kind])(real_function(deferred.function))


def real_function(function):
    """A copy of a function that sees compiled functions where it sees `Marked` ones.

    Not a closure: Numba would compile it anew for every use.
    """
    scope = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(scope.get(name), (Marked, Named)):
            scope[name] = real(scope[name])
    closure = function.__closure__ and tuple(_real_cell(cell) for cell in function.__closure__)
    copy = python_types.FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__, closure
    )
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    return copy


def _real_cell(cell):
    """The same for what a function written inside another one sees of that."""
    value = cell.cell_contents
    return python_types.CellType(real(value) if isinstance(value, (Marked, Named)) else value)


def compile_entry(entry):
    """Compile a `compile.Entry`; returns (symbol, machine code).

    The machine code has Numba's own calling convention: int32 f(result *, void **exception, arguments),
    which returns 0 if all went well; else, which happens only if indices are checked, it leaves the address
    of an exception, see `compile._PickledException`.

    Raises RuntimeError if the code needs Numba to run.
    """
    function = real_function(entry.function)
    dispatcher = njit(**COMMON, **WITHOUT_WRAPPERS)(function)
    arguments = (types.int64,) * entry.n_args
    dispatcher.compile(_TYPES[entry.result](*arguments))
    result = dispatcher.overloads[arguments]
    code = result.library._get_compiled_object()
    missing = sorted(set(NUMBAS_OWN.findall(code)))
    if missing:
        name = entry.function.__qualname__
        raise RuntimeError(f"{name} can't do without Numba: {b', '.join(missing).decode()}")
    return result.fndesc.llvm_func_name, code
