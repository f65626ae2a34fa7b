"""
When machine code of an earlier process is still good.

It is as long as no file of the engine, no version and no processor has changed, nor any function that it is
made of. Numba's own cache looks only at the file that holds a function. Where files are kept: `folders.py`.
"""

import functools
import hashlib
import os
import sys
import types as python_types
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np

from . import folders
from .marks import Marked
from .settings import BOUNDSCHECK

ENGINE = Path(__file__).parent.parent


@functools.cache
def fingerprint():
    """Hash of all that machine code depends on, but for the function itself."""
    digest = hashlib.sha256()
    for path in sorted(ENGINE.rglob("*.py")):
        if path.parent.name != "cuda":  # what is there makes no machine code for processors
            digest.update(path.read_bytes())
    for fact in (version("numba"), version("llvmlite"), sys.version, str(BOUNDSCHECK), *processor()):
        digest.update(fact.encode())
    return digest.hexdigest()


def processor():
    """What machine code depends on of the processor that this process runs on."""
    return (
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    )


def cache_folders():
    """The folders that have machine code for this process, the first first."""
    return list(folders.folders_of(_folder_name()))


def _folder_name():
    """The beginning of the fingerprint: the stamp has all of it."""
    return fingerprint()[:32]


def _file_name(entry):
    """Of the machine code of an entry, which comes after three lines: stamp, digest and symbol."""
    return f"{entry.function.__module__}.{entry.function.__qualname__}.machine_code"


def stamp(made_by, function):
    """What machine code of a function must have been made of and by: a fingerprint, and all that it uses."""
    digest = hashlib.sha256(made_by.encode())
    _digest_function(digest, function, set())
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
        elif isinstance(value, (int, float, tuple, str, np.generic)):
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
    return read_file(_folder_name(), _file_name(entry), lambda: stamp(fingerprint(), entry.function))


def read_file(folder_name, file_name, stamp_of):
    """(symbol, machine code) out of a file with the stamp that the function `stamp_of` returns, or None."""
    for content in folders.contents(folder_name, file_name):
        try:
            its_stamp, digest, symbol, code = content.split(b"\n", 3)
        except ValueError:
            continue
        if its_stamp == stamp_of() and digest == hashlib.sha256(code).hexdigest().encode():
            return symbol.decode(), code
    return None


def write(entry, symbol, code):
    """Keep machine code for other processes."""
    write_file(_folder_name(), _file_name(entry), stamp(fingerprint(), entry.function), symbol, code)


def write_file(folder_name, file_name, its_stamp, symbol, code):
    """Keep machine code in a file for other processes."""
    digest = hashlib.sha256(code).hexdigest().encode()
    folders.keep(folder_name, file_name, b"\n".join((its_stamp, digest, symbol.encode(), code)))
