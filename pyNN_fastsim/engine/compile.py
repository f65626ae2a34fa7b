"""
How the engine's functions become machine code, and where that is kept.

Functions are only marked here, as `inlined`, `vectorised` or `jit` parts of others, or as an `Entry`,
which Python calls or takes the address of. When an entry is first needed, its machine code is loaded
from the cache by LLVM alone; only if it is not there, `codegen.py` imports Numba (0.4 s) and compiles.

The cache is one folder per installation below the user's cache folder (or below ``NUMBA_CACHE_DIR``),
never beside the sources: a read-only installation works, and uninstalling the package leaves nothing in
site-packages. Numba's own cache looks only at the file that holds a function; ours is valid as long as
no file of the engine, no version and no processor has changed.
"""

import ctypes
import functools
import hashlib
import os
import pickle
import sys
import tempfile
import threading
import types as python_types
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np

ENGINE = Path(__file__).parent

# For tests, both as Numba understands them: to call plain Python functions instead (interpreted.py), and
# to check indices in machine code.
INTERPRETED = int(os.environ.get("NUMBA_DISABLE_JIT") or 0) != 0
BOUNDSCHECK = int(os.environ.get("NUMBA_BOUNDSCHECK") or 0) != 0


class Intrinsic:
    """The name of a function of `intrinsics.py`, or of `interpreted.py` where nothing is compiled."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *args):
        return self._interpreted(*args)

    @functools.cached_property
    def _interpreted(self):
        from . import interpreted

        return getattr(interpreted, self.name)


class Deferred:
    """A Python function to be compiled as a part of others; `kind` says how, see `codegen.py`.

    Called from Python, it compiles itself.
    """

    def __init__(self, kind, function):
        self.kind, self.function = kind, function
        self.__doc__, self.__name__ = function.__doc__, function.__name__

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
        return _read_cache(self) is not None

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
    """(class, arguments, place) of what machine code raised, which it does only if it checks indices."""
    raised = _PickledException.from_address(address)
    return pickle.loads(ctypes.string_at(raised.pickled, raised.length))


def entry(n_args, result="int64"):
    """Decorator for an `Entry`."""
    return lambda function: Entry(function, n_args, result)


# --- the cache ------------------------------------------------------------------------------------


@functools.cache
def fingerprint():
    """Hash of all that machine code depends on, but for the function itself."""
    digest = hashlib.sha256()
    for path in sorted(ENGINE.rglob("*.py")):
        digest.update(path.read_bytes())
    for fact in (
        version("numba"),
        version("llvmlite"),
        sys.version,
        str(BOUNDSCHECK),
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    ):
        digest.update(fact.encode())
    return digest.hexdigest()


@functools.cache
def cache_folder():
    """The folder for compiled code: writable, one per installation of the package."""
    name = hashlib.sha256(str(ENGINE).encode()).hexdigest()[:16]
    for base in _candidate_folders():
        folder = Path(base) / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="pyNN_fastsim"))


def _candidate_folders():
    if "NUMBA_CACHE_DIR" in os.environ:
        yield os.environ["NUMBA_CACHE_DIR"]
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", home / ".cache"))
    yield base / "pyNN_fastsim"
    user = os.getuid() if hasattr(os, "getuid") else "user"
    yield Path(tempfile.gettempdir()) / f"pyNN_fastsim-{user}"


def _cache_file(entry):
    """Where the machine code of an entry is kept, after three lines: stamp, digest and symbol."""
    kind = "checked_machine_code" if BOUNDSCHECK else "machine_code"
    return cache_folder() / f"{entry.function.__module__}.{entry.function.__qualname__}.{kind}"


def _stamp(entry):
    """What the machine code in the cache must have been made of."""
    digest = hashlib.sha256(fingerprint().encode())
    _digest_function(digest, entry.function, set())
    return digest.hexdigest().encode()


def _digest_function(digest, function, done):
    """Add the code of a function and all that it uses, whether or not there is a file of it."""
    if id(function) in done:
        return
    done.add(id(function))
    _digest_code(digest, function.__code__)
    names = function.__code__.co_names
    used = [function.__globals__[name] for name in names if name in function.__globals__]
    used += [cell.cell_contents for cell in function.__closure__ or ()]
    for value in used:
        if isinstance(value, Deferred):
            _digest_function(digest, value.function, done)
        elif isinstance(value, python_types.ModuleType):
            digest.update(_file_of(value))
        elif isinstance(value, np.ndarray):
            digest.update(value.tobytes())
        elif isinstance(value, (int, float, tuple, str)):
            digest.update(repr(value).encode())


def _digest_code(digest, code):
    digest.update(code.co_code)
    digest.update(repr((code.co_names, code.co_varnames)).encode())
    for constant in code.co_consts:
        if isinstance(constant, python_types.CodeType):
            _digest_code(digest, constant)
        else:
            digest.update(repr(constant).encode())


@functools.cache
def _file_of(module):
    """The contents of the file of a module, whose values a function may use."""
    file = getattr(module, "__file__", None)
    return Path(file).read_bytes() if file and os.path.exists(file) else module.__name__.encode()


def _read_cache(entry):
    """(symbol, machine code) of an entry, or None if it is not there, out of date or damaged."""
    try:
        stamp, digest, symbol, code = _cache_file(entry).read_bytes().split(b"\n", 3)
    except (OSError, ValueError):
        return None
    good = stamp == _stamp(entry) and digest == hashlib.sha256(code).hexdigest().encode()
    return (symbol.decode(), code) if good else None


def _write_cache(entry, symbol, code):
    """Keep machine code for other processes; another process may do the same at the same time."""
    file = _cache_file(entry)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as temporary:
        digest = hashlib.sha256(code).hexdigest().encode()
        temporary.write(b"\n".join((_stamp(entry), digest, symbol.encode(), code)))
    os.replace(temporary.name, file)


# --- loading --------------------------------------------------------------------------------------

_lock = threading.Lock()
_engines = []  # keep LLVM's memory with the machine code
compiled = []  # names of the entries that this process compiled, for those who want to know


def load(entry):
    """The address of the machine code of an entry, out of the cache or compiled now."""
    with _lock:
        found = _read_cache(entry)
        if found is None:
            from .codegen import compile_entry

            found = compile_entry(entry)
            compiled.append(entry.function.__qualname__)
            _write_cache(entry, *found)
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
