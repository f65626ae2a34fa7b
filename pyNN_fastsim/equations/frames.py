"""
What the generated functions of neurons have in common: their first lines, and `constants`.
"""

import re

from .cells import BEGIN, CELL, STEP, STREAM
from .expressions import DT
from .writer import INDENT

PAST = ("ring", "size", "mask", "ago")  # constants that tell where what a variable was is kept; see `past`


def hidden_state(reader, writer, lines, state):
    """Further state variables: what the time, random numbers and what was depend on."""
    if reader.draws or writer.pasts:
        return [CELL, STEP]
    return [STEP] if _uses_time(lines) or not state else []


def _uses_time(lines):
    return any(re.search(r"\bt\b", line) for line in lines)


def constants_function(writer, draws):
    extra = [f"p[{name!r}]" for name in STREAM] if draws else []
    if not writer.constants and not extra and not writer.pasts:
        extra = ["dt"]
    return ["def constants(p, dt):", *writer.constants_code(extra)]


def unpacked(writer, draws, state, prefix="s", source="s"):
    """Lines that give constants and state their names."""
    names = [f"c{k}" for k in range(len(writer.constants))] + (["seed", "stream", "trial"] if draws else [])
    names += [f"{name}_{k}" for k in range(len(writer.pasts)) for name in PAST]
    return [
        f"{INDENT}({', '.join(names or ['_'])},) = c",
        f"{INDENT}({', '.join(f'{prefix}_{name}' for name in state)},) = {source}",
    ]


def inputs_unpacked(n):
    return f"{INDENT}({', '.join(f'x_{k}' for k in range(n))},) = x"


def clock(reader, writer, lines, begin=()):
    """Lines for the time, the random numbers, and what variables were, of a step, that the lines after them
    need. `begin` are variables that others have the values of at the beginning of the step."""
    head = []
    if _uses_time(lines):
        head.append(f"t = s_{STEP} * {writer.code(DT)}")
    used = {name for line in lines for name in re.findall(r"\bdraw_\d+\b", line)}
    n = float(len(reader.draws))
    for k, kind in enumerate(reader.draws):
        number = f"word(s_{STEP} * {n} + {float(k)})"
        if f"draw_{k}" in used:
            head.append(f"draw_{k} = {kind}(word(seed), word(stream), word(trial), word(s_{CELL}), {number})")
    for k, (variable, _) in enumerate(writer.pasts):
        if any(re.search(rf"\bpast_{k}\b", line) for line in lines):
            where = ", ".join(f"word({name}_{k})" for name in PAST)
            now = f"s_{BEGIN}{variable}" if variable in begin else f"s_{variable}"
            head.append(f"past_{k} = remembered({where}, word(s_{CELL}), word(s_{STEP}), {now})")
    return [INDENT + line for line in head]
