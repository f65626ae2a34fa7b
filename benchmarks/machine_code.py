"""
Whether the compiled loops over neurons are vectorised: instructions for four numbers at once, and for one.

Reads the machine code in the cache, of all kernels that some run has needed, with objdump (of binutils). A
loop that is vectorised has each instruction twice: on vectors, and on single numbers for the neurons that are
left at its end. (In models that may redo a step most are there three times: two vectors go together.)

Usage: python benchmarks/machine_code.py
"""

import re
import subprocess
import tempfile

from pyNN_fastsim.engine.compiling.cache import cache_folders

ARITHMETIC = re.compile(r"\tv(?:mul|add|sub|div|fn?m(?:add|sub)\d*|max|min|sqrt)(pd|sd)\s+(.*)")


def instructions(machine_code):
    """(number of arithmetic instructions on vectors, on single numbers) of an object file."""
    with tempfile.NamedTemporaryFile(suffix=".o") as file:
        file.write(machine_code)
        file.flush()
        command = ["objdump", "--disassemble", "--no-show-raw-insn", file.name]
        found = ARITHMETIC.findall(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    vectors = sum(kind == "pd" and ("ymm" in operands or "zmm" in operands) for kind, operands in found)
    return vectors, sum(kind == "sd" for kind, _ in found)


def main():
    print("| kernel | on vectors | on single numbers |\n| --- | --- | --- |")
    pattern = "*.engine.neurons.kernel.*.machine_code"
    for path in sorted(path for folder in cache_folders() for path in folder.glob(pattern)):
        vectors, single = instructions(path.read_bytes().split(b"\n", 3)[3])
        print(f"| {path.name.split('.')[-2].removesuffix('_kernel')} | {vectors} | {single} |")


if __name__ == "__main__":
    main()
