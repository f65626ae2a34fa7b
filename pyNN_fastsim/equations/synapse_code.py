"""
From the description of a synapse to the source of its functions `constants`, `between`, `before` and `after`.
"""

import re

import sympy

from . import solvers
from .body import DELIVERED, Body, assigned, every, reader_of
from .description import Integrate, wrong
from .expressions import DT, ELAPSED, TIME, symbol
from .initial import initial_values
from .kinds import limits_of
from .synapses import EVENTS
from .writer import INDENT, Writer

NOTHING = sympy.Integer(0)
PYNNS = ("weight", "delay", "dendritic_delay_fraction")
KEY = ("seed", "stream", "trial", "synapse")


def synapse_code(model):
    """The parts of a synapse type; see `synapses.generated`. Raises InvalidModelError."""
    delay = [model.delay] if model.delay else []
    of_cells = _names_of_cells(model)
    every_name = [f"{which}.{name}" for which, names in of_cells.items() for name in names]
    check_names(model)
    reader = reader_of(model, ("t", "elapsed", model.weight, *delay, *every_name))
    internals = {part.name: reader.number(part.expression, part.line) for part in model.internals}
    own = [part.name for part in model.parameters if part.name not in (model.weight, model.delay)]
    writer = Writer(own, internals)
    writer.constant(DT)  # every model has it: its functions are told numbers of steps
    writer.of_arrays |= {symbol(name): "p['delay'] * dt" for name in delay}
    state = [variable.name for variable in model.variables if variable.name != model.weight]
    writer.names |= {symbol(name): f"s_{name}" for name in state}
    for which, names in of_cells.items():
        writer.names |= {symbol(f"{which}.{name}"): f"{which}_{name}" for name in names}
    writer.names |= {TIME: "t", ELAPSED: "elapsed", symbol(model.weight): "w"}
    body = Body(model, reader, writer, lambda problems, writer: solvers.advance(problems, writer, ELAPSED))
    lists = {"between": model.between, "before": model.on_pre, "after": model.on_post}
    if not model.on_post and not _changes(model.weight, body, (model.between, model.on_pre)):
        del lists["after"]
    written = {name: _function(name, statements, body, state) for name, statements in lists.items()}
    draws = len(reader.draws)
    hidden = [EVENTS] if draws else []
    initial = initial_values(model, reader, internals)
    declared = {part.name: part.value for part in model.parameters} | initial
    source = ["def constants(p, dt):", *writer.constants_code()]
    for name, (lines, ends) in written.items():
        moved = _of_target(model, body) if name == "before" and model.post_first else ()
        if model.weight_scale != 1.0:
            ends = (ends[0], "weight" if ends[1] == "w" else f"({ends[1]}) / {model.weight_scale!r}", ends[2])
        source += _source(model, name, lines, ends, writer, reader, state, hidden, of_cells, moved)

    return {
        "name": model.name,
        "doc": f"{model.name}, a synapse type from equations:\n\n{model.text}",
        "text": model.text,
        "weight_scale": model.weight_scale,
        "weight": float(declared.get(model.weight, 0.0)),
        "limits": limits_of(
            [each for each in (*model.parameters, *model.variables) if each.name != model.weight]
        ),
        "aliases": {model.weight: "weight"} | ({model.delay: "delay"} if model.delay else {}),
        "parameters": {part.name: float(part.value) for part in model.parameters if part.name in own},
        "units": {part.name: part.unit for part in (*model.parameters, *model.variables)},
        "state": {name: initial[name] for name in state} | dict.fromkeys(hidden, 0.0),
        "recordable": [
            *(["weight"] if "after" in written else []),
            *(v.name for v in model.variables if v.recordable and v.name in state and v.name[0] != "_"),
        ],
        "n_constants": len(writer.constants),
        "functions": list(written),
        "of_pre": of_cells["pre"],
        "of_post": of_cells["post"],
        "post_first": model.post_first,
        "is_random": bool(draws),
        "unheard": list(model.unheard),
        "source": "\n".join([*source, ""]),
    }


def check_names(model):
    for part in (*model.parameters, *model.variables):
        if part.name in PYNNS and part.name not in (model.weight, model.delay):
            raise wrong(
                model,
                part.line,
                f"'{part.name}' can't be a name here: it is a parameter of every synapse type",
            )


def _changes(weight, body, lists):
    for statements in lists:
        integrated = {v for i in every(Integrate, statements) for v in i.variables or body.problems}
        if weight in assigned(statements) | integrated:
            return True
    return False


def _function(name, statements, body, state):
    """Lines of code of a list of statements, and the values after it."""
    writer = body.writer
    writer.lines = []
    values = {symbol(each): symbol(each) for each in (*state, body.model.weight)}
    ends = body.run(statements, {**values, DELIVERED: NOTHING})
    if ends[DELIVERED] != NOTHING and name != "before":
        raise wrong(body.model, 0, "spikes can be delivered at the arrival of a spike of the source only")
    weight = symbol(body.model.weight)
    items = [writer.code(ends[symbol(each)]) for each in state]
    return writer.lines, (items, writer.code(ends[weight]), writer.code(ends[DELIVERED]))


def _names_of_cells(model):
    """The names of what a synapse uses of its cells, by "pre" and "post". Raises InvalidModelError."""
    found: dict[str, list[str]] = {"pre": [], "post": []}
    for where, statements in ("between", model.between), ("on_pre", model.on_pre), ("on_post", model.on_post):
        for text, line in _with_inlines(texts_of(statements, model), model):
            if where != "between" and re.search(r"(?<!\.)\belapsed\b", text):
                raise wrong(model, line, "'elapsed' is known between events only")
            for which, name in re.findall(r"\b(pre|post)\s*\.\s*([A-Za-z_]\w*)", text):
                if where == "between" or (which == "pre" and where == "on_post"):
                    at = "at spikes" if where == "between" else "at spikes of the source"
                    raise wrong(model, line, f"'{which}.{name}' is known {at} only")
                if name not in found[which]:
                    found[which].append(name)
    return found


def _with_inlines(texts, model):
    """Expressions, with their lines, and those of the inlines that they use."""
    inlines = {part.name: part for part in model.inlines}
    todo, seen = list(texts), set()
    while todo:
        text, line = todo.pop(0)
        yield text, line
        for name in re.findall(r"(?<!\.)\b[A-Za-z_]\w*", text):
            if name in inlines and name not in seen:
                seen.add(name)
                todo.append((inlines[name].expression, inlines[name].line))


def texts_of(statements, model):
    """All expressions of statements, with their lines."""
    for s in statements:
        for part in ("expression", "condition", "start", "stop", "step"):
            if isinstance(getattr(s, part, None), str):
                yield getattr(s, part), s.line
        for condition, body in (
            *getattr(s, "branches", ()),
            *((None, b) for b in (getattr(s, "body", ()), getattr(s, "otherwise", ()))),
        ):
            if condition is not None:
                yield condition, s.line
            yield from texts_of(body, model)
        if isinstance(s, Integrate):
            yield from ((e.expression, e.line) for e in model.equations)


def _of_target(model, body):
    """Names of the variables that spikes of the target alone change: as in NEST, they are traces of that
    cell, of which a spike of the source sees nothing that arrives together with it."""
    return assigned(model.on_post) - assigned(model.on_pre) - {model.weight} & set(body.problems)


def _source(model, name, lines, ends, writer, reader, state, hidden, of_cells, moved):
    items, weight, amount = ends
    used = [*lines, *items, weight, amount]
    uses_time = any(re.search(r"\bt\b", text) for text in used)
    arguments = {
        "between": "c, s, weight, steps, time",
        "before": "c, s, weight, time, key, pre, post, earlier",
        "after": "c, s, weight, time, key, post",
    }[name]
    constants = ", ".join(f"c{k}" for k in range(len(writer.constants))) or "_"
    head = [
        f"(_, _, _, {constants},) = c",
        f"({', '.join(f's_{each}' for each in (*state, *hidden, '_at'))},) = s",
    ]
    scale = "" if model.weight_scale == 1.0 else f" * {model.weight_scale!r}"
    head.append(f"w = weight{scale}")
    step = writer.code(DT)
    for which in ("pre", "post") if name == "before" else ("post",) if name == "after" else ():
        if of_cells[which]:
            head.append(f"({', '.join(f'{which}_{each}' for each in of_cells[which])},) = {which}")
    if name == "between":
        head.append(f"elapsed = steps * {step}")
    if uses_time:
        head.append(f"t = time * {step}")
    if name != "between" and hidden:
        head.append(f"({', '.join(KEY)},) = key")
        n = float(len(reader.draws))
        for k, kind in enumerate(reader.draws):
            if any(f"draw_{k}" in re.findall(r"draw_\d+", text) for text in used):
                number = f"s_{EVENTS} * {n} + {float(k)}"
                head.append(f"draw_{k} = {kind}({', '.join(KEY)}, {number})")
    counted = f"s_{EVENTS}" if name == "between" else f"s_{EVENTS} + 1.0"
    for k, each in enumerate(state):
        if each in moved:
            head += [f"n_{each} = s_{each}", f"s_{each} = earlier[{k}]"]
            items[k] = f"n_{each}"
    items = [*items, *([counted] if hidden else []), "s__at"]
    result = f"return ({', '.join(items)},), {weight}" + (f", {amount}" if name == "before" else "")
    return ["", "", f"def {name}({arguments}):", *(INDENT + line for line in head), *lines, INDENT + result]
