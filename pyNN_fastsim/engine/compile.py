"""
How the engine's functions are compiled, and where compiled code is kept.

Compiled code lives in one folder per installation below the user's cache folder (or below
``NUMBA_CACHE_DIR``), never beside the sources: a read-only installation works, and uninstalling the
package leaves nothing in site-packages. Numba's own cache looks only at the file that holds a
function; ours is valid as long as no file of the engine has changed.
"""

import functools
import hashlib
import inspect
import os
import sys
import tempfile
from pathlib import Path

from numba import njit
from numba.core import caching
from numba.core.ccallback import CFunc
from numba.core.compiler import Compiler
from numba.core.runtime import rtsys

ENGINE = Path(__file__).parent

# Division by zero gives inf or nan, as in NumPy, instead of a Python exception in the inner loop.
OPTIONS = {"nopython": True, "error_model": "numpy"}


@functools.cache
def fingerprint(*extra_files):
    """Hash of every source file of the engine and of `extra_files` (paths)."""
    digest = hashlib.sha256()
    for path in sorted(ENGINE.rglob("*.py")) + sorted(map(Path, extra_files)):
        digest.update(path.read_bytes())
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
                return str(folder)
        except OSError:
            continue
    return tempfile.mkdtemp(prefix="pyNN_fastsim")


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


class _Locator(caching._CacheLocator):
    """Tells Numba where to keep a function of the engine, and when it is out of date."""

    def __init__(self, py_func, py_file):
        self._extra = () if Path(py_file).is_relative_to(ENGINE) else (py_file,)

    def get_cache_path(self):
        return cache_folder()

    def get_source_stamp(self):
        return fingerprint(*self._extra)

    def get_disambiguator(self):
        return hashlib.sha256("".join(self._extra).encode()).hexdigest()[:8]

    def ensure_cache_path(self):
        os.makedirs(self.get_cache_path(), exist_ok=True)

    @classmethod
    def from_function(cls, py_func, py_file):
        return cls(py_func, py_file) if os.path.exists(py_file) else None


class _CacheImpl(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]


class _Cache(caching.FunctionCache):
    _impl_class = _CacheImpl

    def load_overload(self, sig, target_context):
        """As Numba's, but with only a part of `target_context.refresh()`: its runtime.

        The rest loads all of Numba's implementations of NumPy, and SciPy with them, for 0.4 s; machine
        code that is there already doesn't need them, and compilation loads them itself.
        """
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


def _cache_for(function):
    """A cache for `function`, or None where it has no source file (an interactive session)."""
    return _Cache(function) if os.path.exists(inspect.getfile(function)) else None


class _NoAliasCompiler(Compiler):
    """Promises LLVM that array arguments don't overlap, without which it won't vectorise."""

    def __init__(self, typingctx, targetctx, library, args, return_type, flags, local_types):
        flags = flags.copy()
        flags.noalias = True
        super().__init__(typingctx, targetctx, library, args, return_type, flags, local_types)


def jit(function=None, *, nogil=False):
    """Compile on first call; keep the machine code for other processes."""
    if function is None:
        return functools.partial(jit, nogil=nogil)
    dispatcher = njit(error_model="numpy", nogil=nogil)(function)
    cache = _cache_for(function)
    if cache is not None:
        dispatcher._cache = cache
    return dispatcher


def inlined(function):
    """Compile as a part of whatever calls it: for the scalar functions that kernels are made of."""
    return njit(error_model="numpy", forceinline=True)(function)


def vectorised(function):
    """Compile a loop over arrays that never overlap; always a part of a function with a cache."""
    return njit(error_model="numpy", pipeline_class=_NoAliasCompiler)(function)


def compile_to_address(function, signature):
    """Compile `function` for C, now or from the cache; return the callback, which has ``.address``."""
    callback = CFunc(function, signature, locals={}, options=dict(OPTIONS))
    cache = _cache_for(function)
    if cache is not None:
        callback._cache = cache
    callback.compile()
    return callback
