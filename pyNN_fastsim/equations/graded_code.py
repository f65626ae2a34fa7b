"""
From the description of a graded synapse to the source of its functions `constants`, `of_target`, `learn`
and `psp`.
"""

import re

from .body import Body, reader_of
from .expressions import DT, TIME, symbol
from .initial import initial_values
from .solvers import solve
from .synapse_code import check_names, texts_of
from .trees import names_in
from .writer import INDENT, Writer

PARTS = {
    "of_target": ("c", "g", "post"),
    "learn": ("c", "s", "pre", "post", "g"),
    "psp": ("c", "s", "pre", "post", "g"),
}


def graded_code(model):
    """The parts of a synapse type; see `graded_synapses.loaded`. Raises InvalidModelError."""
    check_names(model)
    of_cells = _names_of_cells(model)
    names = [f"{which}.{name}" for which, some in of_cells.items() for name in some]
    reader = reader_of(model, ("t", model.weight, *names, *model.temporaries))
    knows_time = any("t" in names_in(text) for text in _texts(model))
    internals = {part.name: reader.number(part.expression, part.line) for part in model.internals}
    own = [part.name for part in model.parameters if part.name != model.weight]
    writer = Writer(own, internals)
    writer.constant(DT)  # so that there is one
    shared = [v.name for v in model.variables if v.locality != "local"]
    state = [v.name for v in model.variables if v.locality == "local" and v.name != model.weight]
    writer.names |= {symbol(name): f"s_{name}" for name in state} | {
        symbol(name): f"g_{name}" for name in shared
    }
    for which, some in of_cells.items():
        writer.names |= {symbol(f"{which}.{name}"): f"{which}_{name}" for name in some}
    writer.names |= {symbol(model.weight): "w", TIME: "t"}
    body = Body(model, reader, writer, solve)
    body.temporaries = {name: symbol(name) for name in model.temporaries}
    every = [*state, *shared, model.weight]
    written = {
        "of_target": _function(model.of_target, body, shared, every),
        "learn": _function(model.learn, body, [model.weight, *state], every),
        "psp": _psp(model, body),
    }
    initial = initial_values(model, reader, internals)
    declared = {part.name: part.value for part in model.parameters} | initial
    source = ["def constants(p, dt):", *writer.constants_code()]
    unpacked = {
        "c": [f"c{k}" for k in range(len(writer.constants))],
        "s": ["w", *(f"s_{name}" for name in state)],
        "g": [f"g_{name}" for name in shared],
        **{which: [f"{which}_{name}" for name in some] for which, some in of_cells.items()},
    }
    if knows_time:
        unpacked["post"] = [*(unpacked["post"] or ["_"]), "t"]
    for name, lines in written.items():
        if lines is not None:
            head = [f"({', '.join(unpacked[each])},) = {each}" for each in PARTS[name] if unpacked[each]]
            source += [
                "",
                "",
                f"def {name}({', '.join(PARTS[name])}):",
                *(INDENT + line for line in head),
                *lines,
            ]
    changes = [v.name for v in model.variables if v.recordable and v.name != model.weight]
    return {
        "name": model.name,
        "doc": f"{model.name}, a graded synapse type from equations:\n\n{model.text}",
        "text": model.text,
        "weight": float(declared.get(model.weight, 0.0)),
        "aliases": {model.weight: "weight"},
        "parameters": {part.name: float(part.value) for part in model.parameters if part.name in own},
        "units": {part.name: part.unit for part in (*model.parameters, *model.variables)},
        "state": {name: initial[name] for name in state},
        "of_target": {name: initial[name] for name in shared},
        "recordable": [*(["weight"] if model.weight in initial else []), *changes],
        "n_constants": len(writer.constants),
        "functions": [name for name, lines in written.items() if lines is not None],
        "of_pre": of_cells["pre"],
        "of_post": of_cells["post"],
        "operation": model.operation,
        "knows_time": knows_time,
        "source": "\n".join([*source, ""]),
    }


def _function(statements, body, names, every):
    """Lines of a function that does statements and gives names as they are then; None if there are none."""
    if not statements:
        return None
    writer = body.writer
    writer.lines = []
    ends = body.run(statements, {symbol(each): symbol(each) for each in every})
    result = ", ".join(writer.code(ends[symbol(name)]) for name in names)
    return [*writer.lines, f"{INDENT}return ({result},)"]


def _psp(model, body):
    """Lines of the function `psp`; None where a connection transmits w pre.r."""
    if re.sub(r"\s", "", model.psp) in ("w*pre.r", "pre.r*w") and model.operation in ("sum", "mean"):
        return None
    writer = body.writer
    writer.lines = []
    (value,) = writer.take_down([body.reader.number(model.psp, model.psp_line)])
    return [*writer.lines, f"{INDENT}return {writer.code(value)}"]


def _texts(model):
    """All expressions, that of psp first."""
    return [model.psp, *(text for text, _ in texts_of((*model.of_target, *model.learn), model))]


def _names_of_cells(model):
    """The names of what a synapse uses of its cells, by "pre" and "post"; what psp takes of pre is the
    first."""
    found: dict[str, list[str]] = {"pre": [], "post": []}
    for text in _texts(model):
        for which, name in re.findall(r"\b(pre|post)\s*\.\s*([A-Za-z_]\w*)", text):
            if name not in found[which]:
                found[which].append(name)
    return found
