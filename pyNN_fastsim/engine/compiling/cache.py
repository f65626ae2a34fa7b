"""
Where machine code is kept, and when it is still good.

The cache is one folder per installation below the user's cache folder (or below ``NUMBA_CACHE_DIR``),
never beside the sources: a read-only installation works, and uninstalling the package leaves nothing in
site-packages. Numba's own cache looks only at the file that holds a function; ours is valid as long as
no file of the engine, no version and no processor has changed.
"""

import functools
import hashlib
import os
import sys
import tempfile
import types as python_types
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np

from .marks import Marked
from .settings import BOUNDSCHECK

ENGINE = Path(__file__).parent.parent


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
        if isinstance(value, Marked):
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


def read(entry):
    """(symbol, machine code) of an entry, or None if it is not there, out of date or damaged."""
    try:
        stamp, digest, symbol, code = _cache_file(entry).read_bytes().split(b"\n", 3)
    except (OSError, ValueError):
        return None
    good = stamp == _stamp(entry) and digest == hashlib.sha256(code).hexdigest().encode()
    return (symbol.decode(), code) if good else None


def write(entry, symbol, code):
    """Keep machine code for other processes; another process may do the same at the same time."""
    file = _cache_file(entry)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as temporary:
        digest = hashlib.sha256(code).hexdigest().encode()
        temporary.write(b"\n".join((_stamp(entry), digest, symbol.encode(), code)))
    os.replace(temporary.name, file)
