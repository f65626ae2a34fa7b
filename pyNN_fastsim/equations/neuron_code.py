"""
From the description of a neuron to the source of its functions `constants(p, dt)` and `step(c, s, x)`.
"""

import re

from . import solvers
from .body import SPIKED, Body, reader_of
from .cells import CELL, STEP, STREAM
from .expressions import DT, FALSE, TIME, symbol
from .initial import initial_values
from .writer import INDENT, Writer


def neuron_code(model):
    """The parts of a cell type; see `cells.generated`. Raises InvalidModelError."""
    inputs = [receptor.arrived for receptor in model.receptors] + [model.injected]
    reader = reader_of(model, (*inputs, "t"))
    internals = {part.name: reader.number(part.expression, part.line) for part in model.internals}
    writer = Writer([part.name for part in model.parameters], internals)
    state = _in_order(model)
    writer.names |= {symbol(name): f"s_{name}" for name in state}
    writer.names |= {symbol(name): f"x_{k}" for k, name in enumerate(inputs)}
    writer.names[TIME] = "t"
    initial = initial_values(model, reader, internals)
    body = Body(model, reader, writer)
    values = {symbol(name): symbol(name) for name in state}
    ends = body.run(model.update, {**values, SPIKED: FALSE})
    hidden = _hidden(reader, writer, state)
    new = [writer.code(ends[symbol(name)]) for name in state]
    new += ["s__step + 1.0" if name == STEP else f"s_{name}" for name in hidden]
    result = f"return ({', '.join(new)},), {writer.code(ends[SPIKED])}"
    methods = solvers.chosen_methods(list(body.problems.values()), writer.is_constant)
    return {
        "name": model.name,
        "doc": f"{model.name}, a cell type from equations:\n\n{model.text}",
        "text": model.text,
        "parameters": {part.name: float(part.value) for part in model.parameters},
        "state": {name: initial[name] for name in state} | dict.fromkeys(hidden, 0.0),
        "units": {part.name: part.unit for part in (*model.parameters, *model.variables)},
        "receptors": [receptor.name for receptor in model.receptors],
        "conductance_based": bool(model.conductance_based),
        "recordable": ["spikes", *(v.name for v in model.variables if v.recordable and v.name[0] != "_")],
        "solvers": {y.name: method for y, method in methods.items() if y.name[0] != "_"},
        "source": "\n".join(_source(reader, writer, [*state, *hidden], len(inputs), result)),
    }


def _source(reader, writer, state, n_inputs, result):
    """Lines of the functions."""
    draws = bool(reader.draws)
    head, inputs = _unpacked(writer, draws, state, n_inputs)
    clock = _clock(reader, writer, state)
    step = [*head, inputs, *clock, *writer.lines, INDENT + result]
    lines = [*_constants(writer, draws), "", "", "def step(c, s, x):", *step, ""]
    unfit = _unfit(writer)
    if unfit:
        short = [line.replace(" = decays(", " = short_decays(") for line in step]
        lines += ["", "def short_step(c, s, x):", *short, ""]
        lines += ["", "def unfit(c, s):", *head, *clock, *unfit, ""]
    return lines


def _unfit(writer):
    """Lines that tell whether `short_decays` won't do: what all of its arguments are made of. None if it is not
    used, or where what is made of them depends on what arrives."""
    if not writer.decayed:
        return None
    lines = writer.lines[: writer.decayed[-1][0]]
    arguments = [x for _, xs in writer.decayed for x in xs]
    needed = {name for x in arguments for name in re.findall(r"\w+", x)}
    kept = []
    for line in reversed(lines):
        targets, _, expression = line.partition(" = ")
        if needed & set(re.findall(r"\w+", targets)):
            kept.insert(0, line)
            needed |= set(re.findall(r"\w+", expression))
    if any(name.startswith("x_") for name in needed) or any("while " in line for line in lines):
        return None
    bits = (f"float_bits({x}) | float_bits(SHORT - ({x}))" for x in arguments)
    return [*kept, f"{INDENT}return {' | '.join(bits)}"]


def _in_order(model):
    """Names of the state variables, that of the membrane potential first."""
    names = [variable.name for variable in model.variables]
    return sorted(names, key=lambda name: name != model.first) if model.first else names


def _hidden(reader, writer, state):
    """Further state variables: what the time and random numbers depend on."""
    uses_time = any(re.search(r"\bt\b", line) for line in writer.lines)
    if reader.draws:
        return [CELL, STEP]
    return [STEP] if uses_time or not state else []


def _constants(writer, draws):
    extra = [f"p[{name!r}]" for name in STREAM] if draws else []
    if not writer.constants and not extra:
        extra = ["dt"]
    return ["def constants(p, dt):", *writer.constants_code(extra)]


def _unpacked(writer, draws, state, n_inputs):
    """Lines that give constants and state their names, and the line that does so for inputs."""
    constants = [f"c{k}" for k in range(len(writer.constants))] + (
        ["seed", "stream", "trial"] if draws else []
    )
    lines = [
        f"({', '.join(constants or ['_'])},) = c",
        f"({', '.join(f's_{name}' for name in state)},) = s",
        f"({', '.join(f'x_{k}' for k in range(n_inputs))},) = x",
    ]
    *head, inputs = (INDENT + line for line in lines)
    return head, inputs


def _clock(reader, writer, hidden):
    """What the step begins with: the time, and random numbers."""
    lines = []
    if any(re.search(r"\bt\b", line) for line in writer.lines):
        lines.append(f"t = s_{STEP} * {writer.code(DT)}")
    n = float(len(reader.draws))
    for k, kind in enumerate(reader.draws):
        number = f"word(s_{STEP} * {n} + {float(k)})"
        lines.append(f"draw_{k} = {kind}(word(seed), word(stream), word(trial), word(s_{CELL}), {number})")
    return [INDENT + line for line in lines]
