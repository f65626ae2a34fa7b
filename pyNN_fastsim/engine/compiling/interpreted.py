"""
What `lowlevel.py` names, in Python: for runs without the compiler, with NUMBA_DISABLE_JIT=1.

Slow, but checked. A view by address must lie within one array whose address was taken by
`addresses.address_of`, which is still alive, and whose elements are of the same type; an index must not
be negative or too large. Compiled code checks none of this: a run that passes here shows that it reads
and writes only where it may. Where no such array is, IndexError is raised.

Results are those of compiled code to the last bit. Integers don't wrap around, and `math.sqrt` and
`math.log` of negative numbers raise ValueError instead of returning NaN.
"""

import bisect
import ctypes
import os
import struct
import threading
import time
import weakref

import numpy as np

# --- memory ---------------------------------------------------------------------------------------

_lock = threading.Lock()
_known = []  # (first address, address behind the last, dtype, weak reference to the owner), ascending


def register(array):
    """Let compiled code see the elements of an array for as long as their owner is alive."""
    if not array.flags.c_contiguous:
        raise ValueError("compiled code wants contiguous arrays")
    global _known
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    first = array.ctypes.data
    entry = (first, first + array.nbytes, array.dtype, weakref.ref(owner))
    with _lock:
        # Who looks up an address meanwhile keeps the old list.
        alive = [known for known in _known if known[3]() is not None and known[:3] != entry[:3]]
        bisect.insort(alive, entry, key=lambda known: known[0])
        _known = alive


def _array_at(address, n, dtype):
    """The `n` elements at an address, as a NumPy array. Raises IndexError if there are none."""
    dtype = np.dtype(dtype)
    if n == 0:
        return np.empty(0, dtype)
    known = _known
    end = address + n * dtype.itemsize
    for k in range(bisect.bisect_right(known, address, key=lambda known: known[0]) - 1, -1, -1):
        _, last, its_dtype, reference = known[k]
        if end <= last and n > 0 and its_dtype == dtype:
            owner = reference()
            if owner is not None:
                flat = owner.ravel(order="K").view(np.uint8)
                return np.ndarray(n, dtype, flat, address - owner.ctypes.data)
    raise IndexError(f"no live array has {n} elements of type {dtype} at address {address:#x}")


class View:
    """An array as compiled code sees it, but for one thing: a wrong index raises IndexError.

    Elements are float64, or Python integers.
    """

    __slots__ = ("array", "_convert")

    def __init__(self, array):
        self.array = array
        self._convert = np.float64 if array.dtype == np.float64 else int

    def __len__(self):
        return len(self.array)

    def __iter__(self):
        return (self[i] for i in range(len(self.array)))

    def __getitem__(self, index):
        _refuse_negative(index)
        element = self.array[index]
        return View(element) if isinstance(element, np.ndarray) else self._convert(element)

    def __setitem__(self, index, value):
        _refuse_negative(index)
        self.array[index] = value

    @property
    def ctypes(self):
        return self.array.ctypes


def _refuse_negative(index):
    for i in index if isinstance(index, tuple) else (index,):
        if i < 0:
            raise IndexError(f"index {i} is negative")


def _view_function(dtype):
    return lambda address, n: View(_array_at(address, n, dtype))


float64_at = _view_function(np.float64)
int64_at = _view_function(np.int64)
int32_at = _view_function(np.int32)
uint32_at = _view_function(np.uint32)
uint16_at = _view_function(np.uint16)
uint8_at = _view_function(np.uint8)


def table2_at(address, n, m):
    return View(_array_at(address, n * m, np.int64).reshape(n, m))


def table3_at(address, n, m, k):
    return View(_array_at(address, n * m * k, np.int64).reshape(n, m, k))


def floats2_at(address, n, m):
    return View(_array_at(address, n * m, np.float64).reshape(n, m))


# --- tuples of rows -------------------------------------------------------------------------------


def _triples(table, count):
    return _array_at(table, 3 * count, np.int64).reshape(count, 3).tolist()


def rows_at(table, first, n, count):
    return tuple(
        float64_at(address + first * stride, n) for address, stride, length in _triples(table, count)
    )


def spaced_rows(address, spacing, n, count):
    return tuple(float64_at(address + k * spacing, n) for k in range(count))


def elements_at(table, i, count):
    return tuple(float64_at(address + i * stride, 1)[0] for address, stride, _ in _triples(table, count))


def arrays_at(table, count):
    return tuple(float64_at(address, length) for address, _, length in _triples(table, count))


def scalars_at(table, count):
    return tuple(float64_at(address, 1)[0] for address, _, _ in _triples(table, count))


def local_rows(count, n):
    return tuple(View(np.full(n, np.nan)) for _ in range(count))  # nobody may count on what is there


def gather(rows, i):
    return tuple(row[i] for row in rows)


def scatter(rows, i, values):
    for row, value in zip(rows, values, strict=True):
        row[i] = value


# --- functions by address -------------------------------------------------------------------------

_functions = {}


def address_of_function(function):
    """What stands for the address of a Python function in tables."""
    _functions[id(function)] = function
    return id(function)


def call(function, result, args):
    """Call an entry's function: integers go in, an int or float comes out."""
    with np.errstate(all="ignore"):
        return {"int64": int, "float64": float}[result](function(*map(int, args)))


def call_kernel(address, *args):
    return _functions[address](*args)


call_catch_up = call_counts = call_current = call_observe = call_part = call_synapses = call_kernel


def call_yield(address):
    pass  # atomic_load does


def call_clock(address, first, second):
    ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int64, ctypes.c_int64)(int(address))(int(first), int(second))


def call_mpi(address, *arguments):
    function = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_int64] * len(arguments))(int(address))
    return function(*map(int, arguments))


# --- threads --------------------------------------------------------------------------------------

_atomic = threading.Lock()


def atomic_add(address, value):
    with _atomic:
        words = int64_at(address, 1)
        before = words[0]
        words[0] = before + value
        return before


def atomic_load(address):
    time.sleep(1e-6)  # Python's threads take turns, so who looks for what others do must let them do it
    with _atomic:
        return int64_at(address, 1)[0]


def atomic_store(address, value):
    with _atomic:
        int64_at(address, 1)[0] = value


# --- arithmetic -----------------------------------------------------------------------------------


def float_bits(x):
    return struct.unpack("=q", struct.pack("=d", x))[0]


def bits_float(x):
    return np.float64(struct.unpack("=d", struct.pack("=Q", x & 0xFFFFFFFFFFFFFFFF))[0])


def _c_library():
    """What has the mathematical functions of C."""
    return ctypes.CDLL("ucrtbase" if os.name == "nt" else None)


def trailing_zeros(x):
    return (int(x) & -int(x)).bit_length() - 1


# math.fma is there from Python 3.13 on only, and raises exceptions where this one returns inf.
_fma = _c_library().fma
_fma.argtypes = [ctypes.c_double] * 3
_fma.restype = ctypes.c_double


def fma(a, b, c):
    return np.float64(_fma(a, b, c))


def select(condition, these, those):
    return these if condition else those


def added(these, those):
    return tuple(a + b for a, b in zip(these, those, strict=True))


def moved(start, span, weights, slopes):
    result = []
    for d, begin in enumerate(start):
        total = weights[0] * slopes[0][d]
        for weight, slope in zip(weights[1:], slopes[1:], strict=True):
            total = fma(weight, slope[d], total)
        result.append(fma(span, total, begin))
    return tuple(result)


def convolved(a, b):
    total = 0.0
    for k, x in enumerate(a):
        total = fma(x, b[len(a) - 1 - k], total)
    return total


# --- hints, which have no effect on results -------------------------------------------------------


def prefetch(address):
    pass


def interleaved():
    pass
