"""
The machine code of kernels: out of the cache, or compiled and assembled for a card's compute capability.

It is kept where that of the CPU's kernels is, by the same rule: a file is used only if the whole engine, the
versions of what compiles it, and the code of all functions that the kernel is made of, with the values that
they use, are those that it was made with. Nothing here needs a card. Numba is imported only to compile.
"""

import contextlib
import functools
import hashlib
import os
import re
import sys
import threading
from importlib.metadata import PackageNotFoundError, version

from ..compiling import cache, compile, folders
from .cards import numba_cuda
from .errors import DeviceError

COMPILERS = (
    "numba", "llvmlite", "numba-cuda", "cuda-bindings", "nvidia-cuda-nvcc-cu12", "nvidia-nvjitlink-cu12",
    "nvidia-cuda-nvcc", "nvidia-nvvm", "nvidia-nvjitlink",
)  # fmt: skip
TOOLKITS = ("CUDA_HOME", "CUDA_PATH", "CONDA_PREFIX")  # where else a compiler may come from
ARGUMENTS = 4  # int64, of every kernel

_lock = threading.Lock()


def version_of(package):
    """The version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@functools.cache
def fingerprint(capability):
    """Hash of all that the machine code of kernels depends on, but for the kernel itself."""
    digest = hashlib.sha256(b"cuda")
    for path in sorted(cache.ENGINE.rglob("*.py")):
        digest.update(path.read_bytes())
    for fact in (sys.version, capability, *map(version_of, COMPILERS), *map(os.environ.get, TOOLKITS)):
        digest.update(repr(fact).encode())
    return digest.hexdigest()


def of(kernel, capability):
    """(symbol, image) of a `Kernel` for a card: machine code, or PTX where there is no assembler for it.

    Raises DeviceError where it can't be compiled.
    """
    with _lock:
        found = kept(kernel, capability)
        if found is None:
            found = _compiled(kernel, capability)
            compile.compiled.append(kernel.name)
            cache.write_file(*_place(kernel, capability), *found)
    return found


def kept(kernel, capability):
    """What there is of a kernel in the cache: (symbol, image), or None."""
    folder, file, stamp = _place(kernel, capability)
    return cache.read_file(folder, file, lambda: stamp)


def _place(kernel, capability):
    """(folder, file, stamp) of the machine code of a kernel; several of one name may differ in constants."""
    made_by = fingerprint(capability)
    stamp = cache.stamp(made_by, kernel.template)
    file = f"{kernel.template.__module__}.{kernel.name}.{stamp[:12].decode()}.machine_code"
    return made_by[:32], file, stamp


def cache_folders(capability):
    """The folders that have machine code for a card."""
    return list(folders.folders_of(fingerprint(capability)[:32]))


def _compiled(kernel, capability):
    if compile.on_compile is not None:
        compile.on_compile(kernel.name)
    try:
        ptx, target = ptx_of(kernel, capability)
        return re.search(r"\.entry\s+([\w$]+)", ptx)[1], assembled(ptx, target, capability, kernel.name)
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise DeviceError(
            f"{kernel.name} can't be compiled for a card of compute capability "
            f"{capability[0]}.{capability[1]}: {text[:2000]}"
        ) from error
    finally:
        if compile.on_compile is not None:
            compile.on_compile(None)


# --- compiling ------------------------------------------------------------------------------------------


def ptx_of(kernel, capability):
    """The PTX of a kernel, and the compute capability that it is for: the card's, or the newest one below it
    that the compiler knows."""
    cuda = numba_cuda()
    from numba import types
    from numba.cuda.cudadrv import nvrtc

    target = nvrtc.find_closest_arch(tuple(capability))
    signature = types.void(*[types.int64] * ARGUMENTS)
    with _without_contraction(), _as_if_there(target):
        return cuda.compile_ptx(kernel.function, signature, cc=target)[0], target


@contextlib.contextmanager
def _without_contraction():
    """Let a * b + c be rounded twice, as on a CPU: NVVM would contract it, and numba-cuda has no option.

    What is to be fused is written as fma() in our functions.
    """
    from numba.cuda.cudadrv import nvvm

    plain = nvvm.compile_ir
    nvvm.compile_ir = lambda ir, **options: plain(ir, **{**options, "fma": 0})
    try:
        yield
    finally:
        nvvm.compile_ir = plain


@contextlib.contextmanager
def _as_if_there(capability):
    """Let numba-cuda compile for a card of a compute capability, (major, minor), without asking for one."""
    from numba.cuda import dispatcher

    class Card:
        compute_capability = capability

    plain = dispatcher.get_current_device
    dispatcher.get_current_device = Card
    try:
        yield
    finally:
        dispatcher.get_current_device = plain


def assembled(ptx, target, capability, name):
    """Machine code of PTX; or the PTX itself for the card's driver to assemble, where ours can't: it isn't
    there, or doesn't know cards that are so new."""
    code = ptx.encode()
    if target[0] != capability[0]:
        return code
    try:
        from cuda.bindings import nvjitlink

        linker = nvjitlink.create(1, [f"-arch=sm_{target[0]}{target[1]}"])
    except (ImportError, RuntimeError):  # the library is not there
        return code
    try:
        nvjitlink.add_data(linker, nvjitlink.InputType.PTX, code, len(code), name)
        nvjitlink.complete(linker)
        machine_code = bytearray(nvjitlink.get_linked_cubin_size(linker))
        nvjitlink.get_linked_cubin(linker, machine_code)
    finally:
        nvjitlink.destroy(linker)
    return bytes(machine_code)
