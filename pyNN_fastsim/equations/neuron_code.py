"""
From the description of a neuron to the source of its functions `constants(p, dt)` and `step(c, s, x)`.
"""

import re

from . import in_parts, solvers
from .body import SPIKED, Body, reader_of
from .cells import STEP
from .expressions import FALSE, TIME, symbol
from .frames import clock, constants_function, hidden_state, inputs_unpacked, unpacked
from .initial import initial_values
from .kinds import limits_of
from .writer import INDENT, Writer


def neuron_code(model):
    """The parts of a cell type; see `cells.generated`. Raises InvalidModelError."""
    inputs = [*model.inputs, model.injected]
    reader = reader_of(model, (*inputs, "t", *(past.name for past in model.pasts)))
    internals = {part.name: reader.number(part.expression, part.line) for part in model.internals}
    writer = Writer([part.name for part in model.parameters], internals)
    state = _in_order(model)
    writer.names |= {symbol(name): f"s_{name}" for name in state}
    writer.names |= {symbol(name): f"x_{k}" for k, name in enumerate(inputs)}
    writer.names[TIME] = "t"
    writer.names |= {symbol(past.name): f"past_{k}" for k, past in enumerate(model.pasts)}
    writer.pasts = [(past.variable, reader.number(past.delay, past.line)) for past in model.pasts]
    initial = initial_values(model, reader, internals)
    body = Body(model, reader, writer)
    methods = solvers.chosen_methods(list(body.problems.values()), writer.is_constant)
    if in_parts.is_possible(body, methods):
        methods = in_parts.methods_of(body, writer)
        source, hidden = in_parts.source_of(model, reader, writer, state, len(inputs))
    else:
        source, hidden = _source_of_step(model, reader, writer, body, state, len(inputs))
    return {
        "name": model.name,
        "doc": f"{model.name}, a cell type from equations:\n\n{model.text}",
        "text": model.text,
        "parameters": {part.name: float(part.value) for part in model.parameters},
        "state": {name: initial[name] for name in state} | dict.fromkeys(hidden, 0.0),
        "limits": limits_of((*model.parameters, *model.variables), _delays(model)),
        "remembers": bool(model.pasts),
        "units": {part.name: part.unit for part in (*model.parameters, *model.variables)},
        **_inputs(model),
        "conductance_based": model.conductance_based,
        "recordable": ["spikes", *(v.name for v in model.variables if v.recordable and v.name[0] != "_")],
        "solvers": {y.name: method for y, method in methods.items() if y.name[0] != "_"},
        "source": "\n".join(source),
    }


def _inputs(model):
    """What cells take: names for users, and for the engine."""
    spiking, graded = ([receptor.name for receptor in some] for some in (model.receptors, model.graded))
    inputs = [*spiking, *(f"sum({name})" for name in graded)]
    return {
        "receptors": list(dict.fromkeys([*spiking, *graded])),
        "inputs": [*inputs, *(f"{pool.operation}({pool.variable})" for pool in model.pools)],
        "graded": {name: len(spiking) + k for k, name in enumerate(graded)},
        "pools": [[each.operation, each.variable, len(inputs) + k] for k, each in enumerate(model.pools)],
        "transmits": model.transmits,
    }


def _source_of_step(model, reader, writer, body, state, n_inputs):
    """Lines of the functions, and names of further state variables."""
    values = {symbol(name): symbol(name) for name in state}
    ends = body.run(model.update, {**values, SPIKED: FALSE})
    new, spiked = [writer.code(ends[symbol(name)]) for name in state], writer.code(ends[SPIKED])
    hidden = hidden_state(reader, writer, [*writer.lines, *new, spiked], state)
    new += ["s__step + 1.0" if name == STEP else f"s_{name}" for name in hidden]
    result = f"return ({', '.join(new)},), {spiked}"
    return _source(reader, writer, [*state, *hidden], n_inputs, result), hidden


def _source(reader, writer, state, n_inputs, result):
    """Lines of the functions."""
    draws = bool(reader.draws)
    begin = clock(reader, writer, [*writer.lines, result])  # which may need one more constant
    head, inputs = unpacked(writer, draws, state), inputs_unpacked(n_inputs)
    step = [*head, inputs, *begin, *writer.lines, INDENT + result]
    lines = [*constants_function(writer, draws), "", "", "def step(c, s, x):", *step, ""]
    unfit = _unfit(writer)
    if unfit:
        short = [line.replace(" = decays(", " = short_decays(") for line in step]
        lines += ["", "def short_step(c, s, x):", *short, ""]
        lines += ["", "def unfit(c, s):", *head, *clock(reader, writer, unfit), *unfit, ""]
    return lines


def _unfit(writer):
    """Lines that tell whether `short_decays` won't do: what all of its arguments are made of. None if it is
    not used, or where what is made of them depends on what arrives."""
    if not writer.decayed:
        return None
    lines = writer.lines[: writer.decayed[-1][0]]
    arguments = [x for _, xs in writer.decayed for x in xs]
    needed = {name for x in arguments for name in re.findall(r"\w+", x)}
    kept: list[str] = []
    for line in reversed(lines):
        targets, _, expression = line.partition(" = ")
        if needed & set(re.findall(r"\w+", targets)):
            kept.insert(0, line)
            needed |= set(re.findall(r"\w+", expression))
    if any(name.startswith("x_") for name in needed) or any("while " in line for line in lines):
        return None
    bits = (f"float_bits({x}) | float_bits(SHORT - ({x}))" for x in arguments)
    return [*kept, f"{INDENT}return {' | '.join(bits)}"]


def _delays(model):
    """Names of the parameters that are delays."""
    return sorted({past.delay for past in model.pasts} & {part.name for part in model.parameters})


def _in_order(model):
    """Names of the state variables, that of the membrane potential first."""
    names = [variable.name for variable in model.variables]
    return sorted(names, key=lambda name: name != model.first) if model.first else names
