"""
What the generated functions of neurons have in common: their first lines, and `constants`.
"""

import re

from .cells import CELL, STEP, STREAM
from .expressions import DT
from .writer import INDENT


def hidden_state(reader, lines, state):
    """Further state variables: what the time and random numbers depend on."""
    if reader.draws:
        return [CELL, STEP]
    return [STEP] if _uses_time(lines) or not state else []


def _uses_time(lines):
    return any(re.search(r"\bt\b", line) for line in lines)


def constants_function(writer, draws):
    extra = [f"p[{name!r}]" for name in STREAM] if draws else []
    if not writer.constants and not extra:
        extra = ["dt"]
    return ["def constants(p, dt):", *writer.constants_code(extra)]


def unpacked(writer, draws, state, prefix="s", source="s"):
    """Lines that give constants and state their names."""
    names = [f"c{k}" for k in range(len(writer.constants))] + (["seed", "stream", "trial"] if draws else [])
    return [
        f"{INDENT}({', '.join(names or ['_'])},) = c",
        f"{INDENT}({', '.join(f'{prefix}_{name}' for name in state)},) = {source}",
    ]


def inputs_unpacked(n):
    return f"{INDENT}({', '.join(f'x_{k}' for k in range(n))},) = x"


def clock(reader, writer, lines):
    """Lines for the time and the random numbers of a step that the lines after them need."""
    head = []
    if _uses_time(lines):
        head.append(f"t = s_{STEP} * {writer.code(DT)}")
    used = {name for line in lines for name in re.findall(r"\bdraw_\d+\b", line)}
    n = float(len(reader.draws))
    for k, kind in enumerate(reader.draws):
        number = f"word(s_{STEP} * {n} + {float(k)})"
        if f"draw_{k}" in used:
            head.append(f"draw_{k} = {kind}(word(seed), word(stream), word(trial), word(s_{CELL}), {number})")
    return [INDENT + line for line in head]
