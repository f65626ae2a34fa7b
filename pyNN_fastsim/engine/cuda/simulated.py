"""
What kernels call, in Python, for Numba's simulator of CUDA: views that check where they read and write.

"Memory of the card" is NumPy arrays that only kernels know: whatever was not sent there is not found.
"""

import threading

from numba import cuda  # noqa: F401

from ..compiling.interpreted import *  # noqa: F403
from ..compiling.interpreted import float64_at, int64_at

_lock = threading.Lock()


def add_float(address, value):
    with _lock:
        float64_at(address, 1)[0] += value


def add_int(address, value):
    with _lock:
        before = int64_at(address, 1)[0]
        int64_at(address, 1)[0] = before + value
    return before


def lower_to(address, value):
    with _lock:
        word = int64_at(address, 1)
        word[0] = min(word[0], value)


def read(address, spacing, count):
    return tuple(float64_at(address + k * spacing, 1)[0] for k in range(count))


def write(address, spacing, values):
    for k, value in enumerate(values):
        float64_at(address + k * spacing, 1)[0] = value


def meet():
    threading.current_thread().meet()


def arrive(address):
    add_int(address, 1)


def latest(address):
    threading.current_thread().pause()
    return int64_at(address, 1)[0]
