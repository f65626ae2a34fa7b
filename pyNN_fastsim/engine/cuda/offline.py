"""
What the assembler says of kernels, without a card: for tests, and to see how many registers they need.
"""

import glob
import os
import re
import subprocess
import tempfile
from typing import NamedTuple

from . import machine_code


class Assembled(NamedTuple):
    """What the assembler says of a kernel: registers of a thread, bytes that found none (spills), and
    bytes of its stack."""

    registers: int
    spills: int
    stack: int


def ptx_of(kernel, capability=(9, 0)):
    """The code of a kernel for cards of a compute capability, or newer ones."""
    return machine_code.ptx_of(kernel, capability)[0]


def assembler():
    """The path of NVIDIA's assembler of numba-cuda's toolkit; None if it isn't there."""
    try:
        import nvidia
    except ImportError:
        return None
    found = (glob.glob(os.path.join(path, "**", "bin", "ptxas"), recursive=True) for path in nvidia.__path__)
    return next((path for paths in found for path in paths), None)


def assemble(ptx, capability=(9, 0)):
    """Make machine code of PTX; returns what is `Assembled`. Raises RuntimeError with what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "kernel.ptx")
        with open(path, "w") as file:
            file.write(ptx)
        done = subprocess.run(
            [assembler(), f"-arch=sm_{capability[0]}{capability[1]}", "-v", path, "-o", f"{path}.cubin"],
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    numbers = [int(number) for number in re.findall(r"(\d+) bytes", done.stderr.split("Used")[0])]
    stack, stores, loads = numbers[-3:]
    return Assembled(int(re.search(r"Used (\d+) registers", done.stderr)[1]), stores + loads, stack)
