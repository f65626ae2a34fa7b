"""
Addresses of arrays, for the tables that compiled code reads.

Whoever puts an address into a table keeps the array alive and writes its length beside it. Without the
compiler (see interpreted.py), the arrays whose addresses were taken here are the only memory there is.
"""

import ctypes
import os

import numpy as np

from . import interpreted
from .settings import INTERPRETED


def address_of(array):
    """The address of the elements of a C-contiguous array."""
    if INTERPRETED:
        interpreted.register(array)
    return array.ctypes.data


def addresses_within(array, starts, lengths):
    """The addresses of parts of a 1D array, of `lengths` elements each (int64, of the shape of `starts`)."""
    if INTERPRETED:
        for start, length in zip(starts.flat, lengths.flat, strict=True):
            address_of(array[start : start + length])
    return array.ctypes.data + array.itemsize * starts


def address_in_system(on_windows, elsewhere):
    """The address of a function of the operating system, which has other names on Windows."""
    library = ctypes.windll.kernel32 if os.name == "nt" else ctypes.CDLL(None)
    function = getattr(library, on_windows if os.name == "nt" else elsewhere)
    return ctypes.cast(function, ctypes.c_void_p).value


def return_freed_memory():
    """Give memory that has been freed back to the system, which GNU's C library keeps for later."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def table_of(arrays, strides):
    """(address, stride, length) triples of arrays, as lowlevel.rows_at wants them: int64 [arrays, 3]."""
    triples = [(address_of(a), stride, len(a)) for a, stride in zip(arrays, strides, strict=True)]
    return np.array(triples, dtype=np.int64).reshape(-1, 3)
