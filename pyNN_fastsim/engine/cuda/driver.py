"""
The driver of a card: its memory, copies, streams, events and kernels.

Everything that is done with a card goes through `call`, so that each error of the driver is one of ours, in
words. The functions are those of cuda.bindings, which numba-cuda brings along: Numba itself is only needed
where something is compiled, and a process that finds all its kernels in the cache doesn't import it.
"""

import ctypes
import functools
import gc
import os
import threading
import weakref
from collections import deque

from .errors import DeviceError, TooLarge

LEGACY = 0  # the stream that waits for all others, and they for it
FULL = 2  # CUDA_ERROR_OUT_OF_MEMORY
UNKNOWN = -1  # no number of the driver's
WITHOUT_TIMES = 2  # CU_EVENT_DISABLE_TIMING
MULTIPROCESSORS, MAJOR, MINOR, MODE = 16, 75, 76, 20  # CUdevice_attribute

# After these a process can do nothing with a card any more: an address that is not there, and the like.
FATAL = {4, 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 999}


class DriverError(DeviceError):
    """The driver can't do something; `code` is its number for that, `name` its name."""

    def __init__(self, message, code, name):
        super().__init__(message)
        self.code, self.name = code, name


class Broken(DriverError):
    """A card failed while it ran, and this process can't use it any more."""


@functools.cache
def bindings():
    """The module of the driver's functions. Raises ImportError."""
    from cuda.bindings import driver

    return driver


def call(name, *arguments):
    """Call a function of the driver, in the context of the card; returns what it gives beside its error."""
    card().enter()
    return _called(name, *arguments)


def _called(name, *arguments):
    try:
        error, *values = getattr(bindings(), name)(*arguments)
    except (RuntimeError, ValueError) as other:  # a driver without this function, or none; an unknown error
        text = f"{name}: {' '.join(str(other).split())}"
        raise DriverError(text, UNKNOWN, type(other).__name__) from None
    if int(error):
        raise _failure(name, error)
    return values[0] if len(values) == 1 else tuple(values)


def _failure(function, error):
    code, name = int(error), getattr(error, "name", str(error))
    _, text = bindings().cuGetErrorString(error)
    text = f"{text.decode() if text else 'unknown'} ({name} in {function})"
    if code in FATAL:
        return Broken(
            f"the card failed: {text}. This process can't use it any more; what was recorded until then "
            "can be retrieved. Save it, and start anew",
            code,
            name,
        )
    return DriverError(f"the card's driver says: {text}", code, name)


# --- the card -------------------------------------------------------------------------------------------


class Card:
    """The first card that this process can see, with the context that all libraries share."""

    def __init__(self):
        _called("cuInit", 0)
        self.process, self._threads = os.getpid(), threading.local()
        self._device = _called("cuDeviceGet", 0)
        facts = device_facts(0)
        self.name, self.capability = facts.name, facts.capability
        self.n_multiprocessors = _called("cuDeviceGetAttribute", _attribute(MULTIPROCESSORS), self._device)
        self._context = None

    def enter(self):
        """Let this thread work with the card."""
        if self.process != os.getpid():
            raise DeviceError(
                "this process was forked from one that uses the GPU, which it therefore can't use: let "
                "multiprocessing 'spawn' processes, or call setup() only in these"
            )
        if self._context is None:
            self._context = _called("cuDevicePrimaryCtxRetain", self._device)
        if not getattr(self._threads, "entered", False):
            _called("cuCtxSetCurrent", self._context)
            self._threads.entered = True


class Facts:
    """What there is to know of a card without using it."""

    def __init__(self, name, capability, mode, n_bytes):
        self.name, self.capability, self.mode, self.n_bytes = name, capability, mode, n_bytes


def _attribute(number):
    return bindings().CUdevice_attribute(number)


def device_facts(number):
    """The `Facts` of a card."""
    device = _called("cuDeviceGet", number)
    name = _called("cuDeviceGetName", 256, device).split(b"\0")[0].decode().strip()
    major, minor, mode = (
        _called("cuDeviceGetAttribute", _attribute(code), device) for code in (MAJOR, MINOR, MODE)
    )
    return Facts(name, (major, minor), mode, _called("cuDeviceTotalMem", device))


def n_devices():
    """How many cards this process can see."""
    _called("cuInit", 0)
    return _called("cuDeviceGetCount")


def driver_version():
    """The newest version of CUDA that the driver knows, (major, minor)."""
    number = _called("cuDriverGetVersion")
    return number // 1000, number % 1000 // 10


_cards: list[Card] = []


def card():
    """The `Card`, which is opened when it is first asked for."""
    if not _cards:
        _cards.append(Card())
    return _cards[0]


# --- memory ---------------------------------------------------------------------------------------------

# What is given up is released at the next of `collect`: some thread may drop the last name of something while
# launches are captured, or at the end of the interpreter, where nothing is to be called.
_garbage: deque = deque()


def release_later(owner, function, handle):
    """Have a function of the driver called for a handle when nobody uses its owner any more, or when what is
    returned is called."""
    finalizer = weakref.finalize(owner, _garbage.append, (function, handle))
    finalizer.atexit = False
    return finalizer


def collect():
    """Release what nobody uses any more; the driver waits for kernels that do."""
    while _garbage:
        call(*_garbage.popleft())


def collect_all():
    """The same, after Python has looked for what refers to itself, such as a network from before setup()."""
    gc.collect()
    collect()


class Memory:
    """So many bytes of the card's memory, at `address`. Raises TooLarge if there is no room for them."""

    def __init__(self, n_bytes):
        collect()
        address = _allocated(n_bytes)
        if address is None:
            collect_all()
            address = _allocated(n_bytes)
        if address is None:
            free, total = free_memory()
            raise TooLarge(
                f"the card has no room for {n_bytes / 1e6:.1f} MB more: {free / 1e9:.2f} of "
                f"{total / 1e9:.2f} GB are free, perhaps in pieces; other processes may use the rest. What "
                "was recorded can be retrieved; setup(device='cpu') runs on the processor"
            )
        self.address = address
        release_later(self, "cuMemFree", self.address)


def _allocated(n_bytes):
    """The address of so many bytes; None if there is no room for them."""
    try:
        return int(call("cuMemAlloc", n_bytes))
    except DriverError as error:
        if error.code != FULL:
            raise
        return None


def free_memory():
    """(free, total) bytes of the card's memory; other processes use some of it, too."""
    collect()
    free, total = call("cuMemGetInfo")
    return int(free), int(total)


def send(address, values, stream=LEGACY):
    """Copy an array, contiguous, to an address; it must stay as it is until the stream gets there."""
    arguments = address, values.ctypes.data, values.nbytes
    if stream:
        call("cuMemcpyHtoDAsync", *arguments, handle_of(stream))
    else:
        call("cuMemcpyHtoD", *arguments)


def receive(values, address, stream=LEGACY):
    """Fill an array, contiguous, from an address, and wait for that."""
    arguments = values.ctypes.data, address, values.nbytes
    if stream:
        call("cuMemcpyDtoHAsync", *arguments, handle_of(stream))
        call("cuStreamSynchronize", handle_of(stream))
    else:
        call("cuMemcpyDtoH", *arguments)


def synchronize():
    """Wait until the card has done everything."""
    call("cuCtxSynchronize")


# --- streams and kernels --------------------------------------------------------------------------------


class Stream:
    """What the card does one after the other; the legacy stream waits for it."""

    def __init__(self):
        self.handle = int(call("cuStreamCreate", 0))
        release_later(self, "cuStreamDestroy", self.handle)

    def synchronize(self):
        call("cuStreamSynchronize", self.handle)


class Event:
    """A moment in a stream."""

    def __init__(self):
        self.handle = int(call("cuEventCreate", WITHOUT_TIMES))
        release_later(self, "cuEventDestroy", self.handle)

    def record(self, stream):
        call("cuEventRecord", self.handle, handle_of(stream))

    def synchronize(self):
        call("cuEventSynchronize", self.handle)


def handle_of(stream):
    """The driver's number of a stream: ours, another library's, or the legacy one."""
    return int(getattr(stream, "handle", stream))


class Function:
    """A kernel in the card's memory.

    image    its machine code, or PTX, which the driver assembles
    symbol   its name there
    """

    def __init__(self, symbol, image):
        self._module = call("cuModuleLoadData", image + b"\0")
        self._handle = call("cuModuleGetFunction", self._module, symbol.encode())

    def launch(self, blocks, threads, stream, arguments, together=False):
        """Launch it: `blocks` along x, or (x, y); int64 arguments, whose values the driver keeps.

        together   whether all blocks are to be on the card at once: no more than `most_together`
        """
        n_x, n_y = blocks if isinstance(blocks, tuple) else (blocks, 1)
        n = len(arguments)
        values = (ctypes.c_int64 * n)(*[int(value) for value in arguments])
        first = ctypes.addressof(values)
        places = (ctypes.c_void_p * n)(*[first + 8 * k for k in range(n)])
        grid = int(n_x), int(n_y), 1, int(threads), 1, 1, 0, handle_of(stream), ctypes.addressof(places)
        if together:
            call("cuLaunchCooperativeKernel", self._handle, *grid)
        else:
            call("cuLaunchKernel", self._handle, *grid, 0)

    def most_together(self, threads):
        """How many blocks of so many threads can be on the card at once."""
        each = call("cuOccupancyMaxActiveBlocksPerMultiprocessor", self._handle, int(threads), 0)
        return int(each) * card().n_multiprocessors
