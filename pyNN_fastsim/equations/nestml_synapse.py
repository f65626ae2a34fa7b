"""
Synapses in NESTML as descriptions, with the order of events that pynestml's code for NEST has.

A spike of the source is an event when it is emitted, one of the target when it has come back, a delay
later; where both are at the same time, the target's comes first, unless priorities say otherwise. What
only spikes of the target change (its traces) belongs to the neuron in NEST, and is read as it was just
before these spikes: here a change waits in a variable "_gain_..." until the time goes on.

Weights that are emitted are in NEST's units: a thousandth of these is what PyNN calls nA or uS.
"""

import re

from .description import Assign, Deliver, Equation, If, Synapse, Variable
from .nestml import with_convolutions
from .nestml_expressions import python_name
from .nestml_model import Model, statements_of, texts_of
from .nestml_text import parsed

PRE, POST = "pre_spikes", "post_spikes"
GAIN, NEXT = "_gain_", "_next_"
DELAY = "_delay"


def synapse_of(text, name=None, weight_variable="w", delay_variable=None):
    """The description of a synapse in NESTML.

    text              may have several models; it is the one of that name, or the only one
    weight_variable   the name of the variable or parameter that is PyNN's weight
    delay_variable    of the parameter that is PyNN's delay, or None

    Ports are told apart by their names: post_spikes, and pre_spikes, or the only other one. Nothing
    arrives at further ports; one that is continuous gives the target's variable of that name.

    Raises InvalidModelError.
    """
    source = parsed(text, name)
    ports = _ports(source)
    model = Model(source, ports, [PRE, POST], "t", "elapsed", _delivered)
    if weight_variable not in model.declared:
        raise source.wrong(0, f"there is no '{weight_variable}', which should be the weight")
    return _described(model, weight_variable, _delay(model, delay_variable))


def _delivered(given, line):
    return Deliver(f"0.001 * ({given})" if given else "0.001", line)


def _ports(source):
    """Texts of what comes in, by port: spikes of synapses have no weight."""
    ports = {}
    for block in source.tree.get_input_blocks():
        for port in block.get_input_ports():
            ports[port.get_name()] = f"post.{python_name(port.get_name())}" if port.is_continuous() else "1"
    return ports


def _spike_ports(source):
    return [
        port.get_name()
        for block in source.tree.get_input_blocks()
        for port in block.get_input_ports()
        if port.is_spike()
    ]


def _delay(model, delay_variable):
    """The name of PyNN's delay: what the user says, or what old dialects give to emit_spike."""
    name = delay_variable or model.parsed.delay
    if name is not None and name not in model.declared:
        if delay_variable is None:
            return None
        raise model.parsed.wrong(0, f"there is no '{delay_variable}', which should be the delay")
    return name


def _described(model, weight, delay):
    source, tree = model.parsed, model.tree
    blocks = {block.get_port_name(): block for block in tree.get_on_receive_blocks()}
    source_port = _source_port(model, blocks)
    on_pre = model.statements(blocks[source_port].get_stmts_body()) if source_port else ()
    model.time = f"(t - {delay or DELAY})"
    on_post = model.statements(blocks[POST].get_stmts_body()) if POST in blocks else ()
    model.time = "t"
    update = [s for block in tree.get_update_blocks() for s in model.statements(block.get_stmts_body())]
    if any(DELAY in text for text in texts_of(on_post)):
        delay = DELAY
    _check_deliveries(model, (*on_post, *update))
    inlines = model.described_inlines()
    equations = tuple(Equation(variable, text, line=line) for variable, text, line in model.equations())
    convolutions = model.convolutions
    of_target = _of_target(model, equations, on_pre, on_post, update)
    between = with_convolutions(tuple(update), (), convolutions.names(), convolutions.users(inlines))
    on_pre += _jumps(convolutions, source_port)
    on_post = _waiting((*on_post, *_jumps(convolutions, POST)), of_target)
    variables = (*model.variables(), *(Variable(name, line=line) for name, line in convolutions.variables))
    unheard = [port for port in _spike_ports(source) if port not in (source_port, PRE, POST)]
    waiting = tuple(Variable(GAIN + name, recordable=False) for name in of_target)
    return Synapse(
        source.name,
        parameters=model.parameters(),
        variables=(*variables, *waiting),
        internals=model.internals(),
        inlines=inlines,
        equations=equations,
        functions=model.described_functions(),
        between=(*_applied(of_target), *between),
        on_pre=on_pre,
        on_post=on_post,
        weight=python_name(weight),
        weight_scale=1000.0,
        delay=delay,
        post_first=not _is_pre_first(blocks, source_port),
        unheard=tuple(unheard if source_port else ()),
        text=source.text,
    )


def _source_port(model, blocks):
    """The name of the port for spikes of the source that has a block, or None."""
    if PRE in blocks:
        return PRE
    others = [name for name in blocks if name != POST]
    return others[0] if others else None


def _is_pre_first(blocks, source_port):
    """As pynestml's code for NEST has it."""
    if POST not in blocks or source_port is None:
        return False
    pre, post = (blocks[name].get_const_parameters().get("priority") for name in (source_port, POST))
    return pre is not None and bool(post) and int(pre) < int(post)


def _check_deliveries(model, statements):
    for s in statements_of(statements):
        if isinstance(s, Deliver):
            raise model.parsed.wrong(s.line, "a synapse can emit a spike only when one of the source arrives")


def _jumps(convolutions, port):
    return tuple(
        Assign(variable, f"{variable} + ({text})")
        for variable, text, of_port in convolutions.jumps
        if of_port == port
    )


# --- what belongs to the target -------------------------------------------------------------------


def _of_target(model, equations, on_pre, on_post, update):
    """Names of the variables that follow from spikes of the target alone."""
    elsewhere = {s.target for s in statements_of((*on_pre, *update)) if isinstance(s, Assign)}
    at_spikes = [s for s in statements_of(on_post) if isinstance(s, Assign)]
    names = {python_name(name) for name, (kind, _, _) in model.declared.items() if kind == "state"}
    names |= {name for name, _ in model.convolutions.variables}
    constants = {python_name(name) for name, (kind, _, _) in model.declared.items() if kind != "state"}
    from_target = {variable for variable, _, port in model.convolutions.jumps if port == POST}
    changed = {s.target for s in at_spikes if s in on_post} | from_target
    found = {e.variable for e in equations if e.variable in names} & changed - elsewhere
    while True:
        fine = constants | found | {"e", "pi"}
        texts = {e.variable: [e.expression] for e in equations if e.variable in found}
        for s in at_spikes:
            if s.target in found:
                texts[s.target].append(s.expression if s in on_post else "?")
        kept = {
            name for name in found if all(_words(text) <= fine and "?" not in text for text in texts[name])
        }
        if kept == found:
            return sorted(found)
        found = kept


def _words(text):
    return set(re.findall(r"[A-Za-z_]\w*(?!\w*\()", text))


def _waiting(statements, of_target):
    """Statements at a spike of the target, with the changes of its variables put off."""
    rename = {name: NEXT + name for name in of_target}
    result = [Assign(NEXT + name, name) for name in of_target]
    for s in statements:
        if isinstance(s, Assign) and s.target in rename:
            text = re.sub(r"[A-Za-z_]\w*", lambda found: rename.get(found[0], found[0]), s.expression)
            s = Assign(rename[s.target], text, s.line)
        result.append(s)
    return (*result, *(Assign(GAIN + name, f"{NEXT}{name} - {name}") for name in of_target))


def _applied(of_target):
    if not of_target:
        return ()
    changes = [Assign(name, f"{name} + {GAIN}{name}") for name in of_target]
    changes += [Assign(GAIN + name, "0.0") for name in of_target]
    return (If((("elapsed > 0", tuple(changes)),)),)
