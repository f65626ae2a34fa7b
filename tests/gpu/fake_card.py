"""
A driver without a card: what the package calls of cuda.bindings, on memory of this process.

It does late what a card may do late: copies and kernels of a stream are done only when something waits for
them, so that whatever is changed too early shows. It refuses what a driver refuses while launches are
captured, and what is not in its memory is an error after which it does nothing more, as with a card. Kernels
are Python functions, found by their symbols in `kernels`.

With `Bindings` it takes the place of the module; through `libcuda.c` it is a driver for the real one, which
then converts all arguments (`through_library`).
"""

import contextlib
import ctypes
import threading
from types import SimpleNamespace

import numpy as np

CAPTURING, IMPLICIT, INVALID, HANDLE, CONTEXT, ILLEGAL, FULL = 900, 906, 1, 400, 201, 700, 2
NAMES = {
    CAPTURING: "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", IMPLICIT: "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
    INVALID: "CUDA_ERROR_INVALID_VALUE", CONTEXT: "CUDA_ERROR_INVALID_CONTEXT",
    FULL: "CUDA_ERROR_OUT_OF_MEMORY",
    ILLEGAL: "CUDA_ERROR_ILLEGAL_ADDRESS", HANDLE: "CUDA_ERROR_INVALID_HANDLE", 100: "CUDA_ERROR_NO_DEVICE",
    46: "CUDA_ERROR_DEVICE_UNAVAILABLE", 803: "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
}  # fmt: skip
FATAL = {ILLEGAL, 214, 719}


class Refused(Exception):
    """An error of the driver: its number."""


class Code(int):
    """An error as cuda.bindings has it, a number with a name."""

    @property
    def name(self):
        return NAMES.get(int(self), f"CUDA_ERROR_{int(self)}")


class Indices:
    """What kernels know as the module numba.cuda: where they are in the grid."""

    def __init__(self):
        self.blockIdx, self.blockDim, self.gridDim, self.threadIdx = (
            SimpleNamespace(x=0, y=0) for _ in range(4)
        )


class FakeCard:
    """The driver, and one card. Each function gets what the driver gets, and returns what it gives.

    calls   how often each function was called
    fail    by the name of a function, (which call of it, from now on, fails; the error's number)
    """

    def __init__(self, n_bytes=2**30, capability=(9, 0), version=12080):
        self.n_bytes, self.capability, self.version = n_bytes, capability, version
        self.n_devices, self.mode, self.taken = 1, 0, 0  # taken: bytes that others use
        self.calls, self.fail, self.broken = {}, {}, 0
        self.memory, self.kernels, self.streams = {}, {}, {0: []}
        self.events, self.graphs, self.capturing, self.done = {}, {}, None, set()
        self.launches, self.indices, self.backwards = [], Indices(), False
        self._threads, self._handles, self._lock = threading.local(), 1000, threading.RLock()

    # what all calls go through

    def call(self, name, *arguments):
        """(error, values) of a call."""
        with self._lock:
            self.calls[name] = self.calls.get(name, 0) + 1
            try:
                if name in self.fail:
                    which, code = self.fail[name]
                    self.fail[name] = which - 1, code
                    if which <= 1:
                        raise Refused(code)
                if self.broken and name not in ("cuGetErrorString", "cuInit", "cuDriverGetVersion"):
                    raise Refused(self.broken)
                values = getattr(self, name)(*arguments)
            except Refused as error:
                (code,) = error.args
                self.broken = code if code in FATAL else self.broken
                return code, None
            return 0, values if isinstance(values, tuple) else () if values is None else (values,)

    def _handle(self):
        self._handles += 8
        return self._handles

    def _check(self, condition, code):
        if not condition:
            raise Refused(code)

    def _here(self):
        self._check(getattr(self._threads, "context", 0), CONTEXT)

    def _place(self, address, n_bytes):
        """Check that so many bytes are in one piece of the card's memory."""
        for first, array in self.memory.items():
            if first <= address and address + n_bytes <= first + array.nbytes:
                return address
        raise Refused(ILLEGAL)

    # the card

    def cuInit(self, flags):
        self._check(self.n_devices, 100)

    def cuDriverGetVersion(self):
        return self.version

    def cuDeviceGetCount(self):
        return self.n_devices

    def cuDeviceGet(self, number):
        self._check(0 <= number < self.n_devices, 101)
        return number

    def cuDeviceGetName(self, length, device):
        return b"Fake card\0".ljust(length)

    def cuDeviceGetAttribute(self, attribute, device):
        return {16: 4, 75: self.capability[0], 76: self.capability[1], 20: self.mode}[int(attribute)]

    def cuDeviceTotalMem(self, device):
        return self.n_bytes

    def cuDevicePrimaryCtxRetain(self, device):
        return 77

    def cuCtxSetCurrent(self, context):
        self._check(int(context) == 77, CONTEXT)
        self._threads.context = 77

    def cuGetErrorString(self, error):
        return b"in words"

    # memory

    def cuMemGetInfo(self):
        self._here()
        used = self.taken + sum(array.nbytes for array in self.memory.values())
        return max(self.n_bytes - used, 0), self.n_bytes

    def cuMemAlloc(self, n_bytes):
        self._check(self.capturing is None, CAPTURING)
        self._check(n_bytes > 0, INVALID)
        self._check(n_bytes <= self.cuMemGetInfo()[0], FULL)
        array = np.full(n_bytes, 0xA5, np.uint8)  # whatever was there before
        self.memory[array.ctypes.data] = array
        return array.ctypes.data

    def cuMemFree(self, address):
        self.cuCtxSynchronize()
        self._check(address in self.memory, INVALID)
        del self.memory[address]

    def cuMemcpyHtoD(self, address, host, n_bytes):
        self._legacy()
        ctypes.memmove(self._place(address, n_bytes), host, n_bytes)

    def cuMemcpyDtoH(self, host, address, n_bytes):
        self._legacy()
        ctypes.memmove(host, self._place(address, n_bytes), n_bytes)

    def cuMemcpyHtoDAsync(self, address, host, n_bytes, stream):
        self._add(stream, lambda: ctypes.memmove(self._place(address, n_bytes), host, n_bytes))

    def cuMemcpyDtoHAsync(self, host, address, n_bytes, stream):
        self._add(stream, lambda: ctypes.memmove(host, self._place(address, n_bytes), n_bytes))

    # streams

    def _legacy(self):
        """What the legacy stream does waits for all others."""
        self._here()
        self._check(self.capturing is None, IMPLICIT)
        self._finish()

    def _finish(self):
        for stream in self.streams:
            self._drain(stream)

    def _drain(self, stream, until=None):
        queue = self.streams[stream]
        while queue and until not in self.done:
            queue.pop(0)()

    def _add(self, stream, action):
        self._here()
        self._check(stream in self.streams, HANDLE)
        if stream == self.capturing:
            raise Refused(CAPTURING)  # only kernels are captured here
        if stream == 0:
            self._legacy()
            return action()
        self.streams[stream].append(action)
        return None

    def cuStreamCreate(self, flags):
        self._here()
        self._check(flags == 0, INVALID)
        handle = self._handle()
        self.streams[handle] = []
        return handle

    def cuStreamDestroy(self, stream):
        self._drain(stream)
        del self.streams[stream]

    def cuStreamSynchronize(self, stream):
        self._check(self.capturing is None, CAPTURING)
        self._drain(stream)

    def cuCtxSynchronize(self):
        self._here()
        self._check(self.capturing is None, CAPTURING)
        self._finish()

    def cuEventCreate(self, flags):
        self._here()
        handle = self._handle()
        self.events[handle] = (0, None)
        return handle

    def cuEventDestroy(self, event):
        del self.events[event]

    def cuEventRecord(self, event, stream):
        moment = object()
        self.events[event] = stream, moment
        self._add(stream, lambda: self.done.add(moment))

    def cuEventSynchronize(self, event):
        stream, moment = self.events[event]
        self._drain(stream, moment)

    # kernels

    def cuModuleLoadData(self, image):
        self._here()
        self._check(self.capturing is None, CAPTURING)
        return self._handle()

    def cuModuleGetFunction(self, module, symbol):
        self._check(symbol in self.kernels, 500)
        handle = self._handle()
        self.kernels[handle] = self.kernels[symbol]
        return handle

    def cuOccupancyMaxActiveBlocksPerMultiprocessor(self, function, threads, shared):
        return 2048 // threads

    def cuLaunchKernel(self, function, gx, gy, gz, bx, by, bz, shared, stream, parameters, extra):
        self._here()
        self._check(stream in self.streams and function in self.kernels, HANDLE)
        self._check(0 < gx < 2**31 and 0 < gy < 2**16 and gz == by == bz == 1 and 0 < bx <= 1024, INVALID)
        self._check(shared == 0 and extra == 0, INVALID)
        places = (ctypes.c_void_p * 4).from_address(parameters)
        values = [ctypes.c_int64.from_address(place).value for place in places]
        self.launches.append((function, (gx, gy), bx))
        launch = lambda: self._run(function, gx, gy, bx, values)  # noqa: E731
        if stream == self.capturing:
            self.graphs[0].append(launch)
        else:
            self._add(stream, launch)

    def cuLaunchCooperativeKernel(self, function, gx, gy, gz, bx, by, bz, shared, stream, parameters):
        self._check(gx * gy <= 4 * (2048 // bx), 720)
        self.cuLaunchKernel(function, gx, gy, gz, bx, by, bz, shared, stream, parameters, 0)

    def _run(self, function, gx, gy, threads, values):
        at = self.indices
        at.gridDim.x, at.gridDim.y, at.blockDim.x, at.blockDim.y = gx, gy, threads, 1
        order = slice(None, None, -1 if self.backwards else 1)
        with np.errstate(all="ignore"):
            for y in range(gy)[order]:
                for x in range(gx)[order]:
                    at.blockIdx.x, at.blockIdx.y = x, y
                    for thread in range(threads)[order]:
                        at.threadIdx.x = thread
                        self.kernels[function](*values)

    def cuStreamBeginCapture(self, stream, mode):
        self._check(stream != 0 and self.capturing is None, CAPTURING)
        self.capturing, self.graphs[0] = stream, []

    def cuStreamEndCapture(self, stream):
        self._check(stream == self.capturing, CAPTURING)
        self.capturing, handle = None, self._handle()
        self.graphs[handle] = self.graphs.pop(0)
        return handle

    def cuGraphInstantiate(self, graph, flags):
        self._check(flags == 0, INVALID)
        handle = self._handle()
        self.graphs[handle] = list(self.graphs[graph])
        return handle

    def cuGraphLaunch(self, executable, stream):
        for launch in self.graphs[executable]:
            self._add(stream, launch)

    def cuGraphDestroy(self, graph):
        del self.graphs[graph]

    def cuGraphExecDestroy(self, executable):
        del self.graphs[executable]


class Bindings:
    """A fake card in the place of the module cuda.bindings.driver."""

    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_RELAXED=2)

    def __init__(self, card):
        self._card = card

    @staticmethod
    def CUdevice_attribute(number):
        return number

    def __getattr__(self, name):
        if not hasattr(self._card, name):
            raise AttributeError(name)

        def function(*arguments):
            if name == "cuModuleGetFunction":
                arguments = arguments[0], arguments[1].decode()
            error, values = self._card.call(name, *arguments)
            return (Code(error), *(values or ()))

        return function


# --- through the real module -----------------------------------------------------------------------------

# The arguments of each function of the driver: numbers of 64 (q) and 32 bits (i), a text (s), the image of a
# module (m), and what is written: numbers of 64 (Q) and 32 bits (I), a text (T), one of a given length (S).
SIGNATURES = {
    "cuInit": "i", "cuDriverGetVersion": "I", "cuDeviceGetCount": "I", "cuDeviceGet": "Ii",
    "cuDeviceGetName": "Sii", "cuDeviceGetAttribute": "Iii", "cuDeviceTotalMem": "Qi",
    "cuDevicePrimaryCtxRetain": "Qi", "cuCtxSetCurrent": "q", "cuGetErrorString": "iT", "cuMemGetInfo": "QQ",
    "cuMemAlloc": "Qq", "cuMemFree": "q", "cuMemcpyHtoD": "qqq", "cuMemcpyDtoH": "qqq",
    "cuMemcpyHtoDAsync": "qqqq", "cuMemcpyDtoHAsync": "qqqq", "cuStreamCreate": "Qi", "cuStreamDestroy": "q",
    "cuStreamSynchronize": "q", "cuCtxSynchronize": "", "cuEventCreate": "Qi", "cuEventDestroy": "q",
    "cuEventRecord": "qq", "cuEventSynchronize": "q", "cuModuleLoadData": "Qm", "cuModuleGetFunction": "Qqs",
    "cuOccupancyMaxActiveBlocksPerMultiprocessor": "Iqiq", "cuLaunchKernel": "qiiiiiiiqqq",
    "cuLaunchCooperativeKernel": "qiiiiiiiqq",
    "cuStreamBeginCapture": "qi", "cuStreamEndCapture": "qQ", "cuGraphInstantiate": "Qqq",
    "cuGraphLaunch": "qq", "cuGraphDestroy": "q", "cuGraphExecDestroy": "q",
}  # fmt: skip
ALIASES = {"cuGraphInstantiateWithFlags": "cuGraphInstantiate"}
_WRITTEN = {"Q": ctypes.c_uint64, "I": ctypes.c_int32, "T": ctypes.c_char_p}


def through_library(card, path):
    """Let the library made of libcuda.c, which the real module has loaded, ask this card."""
    library = ctypes.CDLL(path)
    handler_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int64))

    def handle(name, words):
        name = name.decode()
        name = ALIASES.get(name, name)
        kinds = SIGNATURES[name]
        given = []
        for kind, word in zip(kinds, words, strict=False):
            if kind == "q":
                given.append(word)
            elif kind == "i":
                given.append(ctypes.c_int32(word).value)
            elif kind == "s":
                given.append(ctypes.string_at(word).decode())
            elif kind == "m":
                given.append(ctypes.string_at(word, 4))
        code, values = card.call(name, *given)
        for kind, word, value in zip(
            [kind for kind in kinds if kind in "QITS"],
            [words[k] for k, kind in enumerate(kinds) if kind in "QITS"],
            values or (),
            strict=False,
        ):
            if kind == "S":
                ctypes.memmove(word, value, len(value))
            else:
                _WRITTEN[kind].from_address(word).value = value
        return code

    def handled(name, words):
        with contextlib.suppress(BaseException):
            return handle(name, words)
        import traceback

        traceback.print_exc()
        return 999

    card.handler = handler_type(handled)  # kept as long as the card
    library.fake_handler(card.handler)
    return library
