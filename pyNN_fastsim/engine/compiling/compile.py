"""
How the engine's functions become machine code, and where that is kept.

Functions are only marked here, as `inlined`, `vectorised` or `jit` parts of others, or as an `Entry`,
which Python calls or takes the address of. When an entry is first needed, its machine code is loaded
from the cache (`cache.py`) by LLVM alone; only if it is not there, `codegen.py` imports Numba (0.4 s) and
compiles.
"""

import ctypes
import functools
import pickle
import threading
import types as python_types
from collections.abc import Callable

import llvmlite.binding as llvm

from . import cache
from .marks import Marked, Named
from .settings import INTERPRETED


class Intrinsic(Named):
    """A name that can be called where nothing is compiled."""

    def __call__(self, *args):
        return self._interpreted(*args)

    @functools.cached_property
    def _interpreted(self):
        from . import interpreted

        return getattr(interpreted, self.name)


class Deferred(Marked):
    """A marked function that compiles itself when Python calls it."""

    def __call__(self, *args):
        if INTERPRETED:
            return self.function(*args)
        return self._compiled(*args)

    @functools.cached_property
    def _compiled(self):
        from .codegen import for_python

        return for_python(self)


inlined = functools.partial(Deferred, "inlined")
inlined.__doc__ = "A part of whatever calls it: for the scalar functions that kernels are made of."
vectorised = functools.partial(Deferred, "vectorised")
vectorised.__doc__ = "A loop over arrays that never overlap."
jit = functools.partial(Deferred, "jit")
jit.__doc__ = "Any other part of an entry."


def specialise(template, name, **names):
    """A copy of `template` that sees `names` as globals, as Numba wants its constants.

    Not a closure: Numba compiles closures over compiled functions anew in every process.
    """
    scope = {**template.__globals__, **names}
    function = python_types.FunctionType(template.__code__, scope, name)
    function.__qualname__ = name
    function.__module__ = template.__module__
    return function


class Entry:
    """A function that is called through its address, with int64 arguments only.

    function    the Python function; its name, qualified, is unique
    n_args      number of arguments
    result      "int64" or "float64"
    """

    def __init__(self, function, n_args, result="int64"):
        self.function, self.n_args, self.result = function, n_args, result
        self.__doc__ = function.__doc__

    @property
    def is_cached(self):
        """Whether there is machine code for it."""
        return cache.read(self) is not None

    @functools.cached_property
    def address(self):
        """The address of the machine code, which is loaded or compiled now if it is not there."""
        if INTERPRETED:
            from .interpreted import address_of_function

            return address_of_function(self.function)
        return load(self)

    @functools.cached_property
    def _callable(self):
        # ctypes gives up the interpreter's lock while the function runs.
        return ctypes.CFUNCTYPE(
            ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * self.n_args
        )(self.address)

    def __call__(self, *args):
        if INTERPRETED:
            from .interpreted import call

            return call(self.function, self.result, args)
        result = {"int64": ctypes.c_int64, "float64": ctypes.c_double}[self.result]()
        exception = ctypes.c_void_p()
        status = self._callable(ctypes.addressof(result), ctypes.addressof(exception), *args)
        if status != 0:
            kind, arguments, _ = _raised_at(exception.value)
            raise kind(f"{self.function.__qualname__}: {arguments[0]}")
        return result.value


class _PickledException(ctypes.Structure):
    """The beginning of what Numba's machine code leaves behind when it fails."""

    _fields_ = [("pickled", ctypes.c_void_p), ("length", ctypes.c_int32)]


def _raised_at(address):
    """(class, arguments, place) of what machine code raised, which it does only if it checks indices.

    The pickle is a part of that machine code, and as good as that.
    """
    raised = _PickledException.from_address(address)
    return pickle.loads(ctypes.string_at(raised.pickled, raised.length))


def entry(n_args, result="int64"):
    """Decorator for an `Entry`."""
    return lambda function: Entry(function, n_args, result)


# --- loading --------------------------------------------------------------------------------------

_lock = threading.Lock()
_engines = []  # keep LLVM's memory with the machine code
compiled = []  # names of the entries that this process compiled, for those who want to know
# A function that is told the name of what is about to be compiled, and None when it is done.
on_compile: Callable[[str | None], None] | None = None


def load(entry):
    """The address of the machine code of an entry, out of the cache or compiled now."""
    with _lock:
        found = cache.read(entry)
        if found is None:
            from .codegen import compile_entry

            if on_compile is not None:
                on_compile(entry.function.__qualname__)
            try:
                found = compile_entry(entry)
            finally:
                if on_compile is not None:
                    on_compile(None)
            compiled.append(entry.function.__qualname__)
            cache.write(entry, *found)
        return _link(*found)


@functools.cache
def _target_machine():
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine()


def _link(symbol, code):
    """Load machine code into this process; returns the address of `symbol`."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    return engine.get_function_address(symbol)
