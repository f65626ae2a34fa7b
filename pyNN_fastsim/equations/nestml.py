"""
Neurons in NESTML as descriptions, with the order of events within a step that pynestml's code for NEST has:

1. the statements of `update`; variables of convolutions are integrated whatever these say, and before the
   end of this list keep the values that they had at the beginning of the step
2. onReceive blocks, of ports at which something arrived
3. variables of convolutions jump
4. onCondition blocks
5. recordable inlines are what they are then

Numbers are in NEST's units. Weights and currents come in in nA, uS: factors of 1000.
"""

from dataclasses import replace

from .description import Assign, Equation, If, Integrate, Neuron, Receptor, Spike, Variable
from .nestml_expressions import python_name
from .nestml_kernels import words_of
from .nestml_model import Model, statements_of, texts_of
from .nestml_names import INITIAL
from .nestml_text import line_of, parsed

INJECTED = "_injected"
EXCITATORY, INHIBITORY = Receptor("excitatory", "_excitatory"), Receptor("inhibitory", "_inhibitory")
EARLIER, LATER = (
    "_earlier_",
    "_later_",
)  # of variables of convolutions: at the beginning of a step, at its end


def neuron_of(text, name=None):
    """The description of a neuron in NESTML.

    text   may have several models; it is the one of that name, or the only one

    Raises InvalidModelError.
    """
    return _neuron(parsed(text, name))


def _neuron(source):
    receptors, ports, spike_ports = _inputs(source, False)
    if receptors is None:
        # Whether weights are conductances, pyNN.nest tells by the first letters of what can be recorded.
        model = _model(source, ports, spike_ports)
        model.described_inlines(), model.equations()
        receptors = EXCITATORY, INHIBITORY
        is_conductance = any(v.name.startswith("g") for v in _variables(model) if v.recordable)
        _, ports, spike_ports = _inputs(source, is_conductance)
    else:
        is_conductance = None
    model = _model(source, ports, spike_ports)
    return _described(model, receptors, is_conductance)


def _model(source, ports, spike_ports):
    def emit(given, line):
        return Spike(line)

    return Model(source, ports, spike_ports, "(t + dt)", "dt", emit, remembers=True)


# --- ports ----------------------------------------------------------------------------------------


def _inputs(source, is_conductance):
    """(receptors or None, texts of ports by name, names of the spike ports)

    Receptors are None for excitatory and inhibitory: NEST chooses the port by the sign of the weight, and
    PyNN has inhibitory weights negative where they are currents. A single port gets both. Several ports
    without signs are receptors of their own.
    """
    spiking = []
    ports: dict[str, str] = {}
    for block in source.tree.get_input_blocks():
        for port in block.get_input_ports():
            if port.is_spike():
                spiking.append(port)
            elif any(text == f"(1000 * {INJECTED})" for text in ports.values()):
                ports[port.get_name()] = "0.0"  # as in NEST, a current goes to the first
            else:
                ports[port.get_name()] = f"(1000 * {INJECTED})"
    unsigned = [p for p in spiking if p.is_excitatory() == p.is_inhibitory()]
    if any(p.has_size_parameter() for p in spiking) or len(unsigned) > 1:
        receptors = []
        for port in spiking:
            for name in _elements(port, source):
                shown = name.upper().replace("[", "_").replace("]", "")
                receptors.append(Receptor(shown, f"_at_{shown}"))
                ports[name] = f"_at_{shown}"
        names = [name for port in spiking for name in _elements(port, source)]
        return tuple(receptors), ports, names
    for port in spiking:
        inhibition = INHIBITORY.arrived if is_conductance else f"(-{INHIBITORY.arrived})"
        if port in unsigned:
            negative = f"-{INHIBITORY.arrived}" if is_conductance else f"+ {INHIBITORY.arrived}"
            ports[port.get_name()] = f"({EXCITATORY.arrived} {negative})"
        else:
            ports[port.get_name()] = EXCITATORY.arrived if port.is_excitatory() else inhibition
    return None, ports, [port.get_name() for port in spiking]


def _elements(port, source):
    if not port.has_size_parameter():
        return [port.get_name()]
    model = _model(source, {}, [])
    size = model._whole(port.get_size_parameter())
    return [f"{port.get_name()}[{k}]" for k in range(size)]


# --- the description ------------------------------------------------------------------------------


def _described(model, receptors, is_conductance):
    source = model.parsed
    inlines = model.described_inlines()
    equations = tuple(Equation(variable, text, line=line) for variable, text, line in model.equations())
    update = _update(model)
    variables = _variables(model)
    internals = model.internals()
    names = [variable.name for variable in variables]
    return Neuron(
        source.name,
        parameters=tuple(replace(each, locality="local") for each in model.parameters()),  # as in NEST
        internals=internals,
        inlines=inlines,
        variables=variables,
        pasts=tuple(model.pasts.values()),
        equations=equations,
        functions=model.described_functions(),
        receptors=receptors,
        update=update,
        injected=INJECTED,
        conductance_based=is_conductance,
        first="V_m" if "V_m" in names else None,
        text=source.text,
    )


def _variables(model):
    convolved = [Variable(name, "0.0", line=line) for name, line in model.convolutions.variables]
    inlines = [
        Variable(python_name(name), model.texts.text(inline.get_expression(), INITIAL), line=line_of(inline))
        for name, inline in model.inlines.items()
        if inline.is_recordable
    ]
    return (*model.variables(), *convolved, *inlines)


def _update(model):
    tree = model.tree
    statements = [s for block in tree.get_update_blocks() for s in model.statements(block.get_stmts_body())]
    received = [s for block in tree.get_on_receive_blocks() for s in _received(model, block)]
    conditions = [_condition(model, block) for block in tree.get_on_condition_blocks()]
    convolutions = model.convolutions
    jumps = [
        Assign(variable, f"{variable} + ({text}) * {convolutions.weight(port)}")
        for variable, text, port in convolutions.jumps
    ]
    recorded = [
        Assign(python_name(name), model.inline_name(name), line_of(inline))
        for name, inline in model.inlines.items()
        if inline.is_recordable
    ]
    users = convolutions.users(model.described_inlines())
    steps = with_convolutions(tuple(statements), tuple(received), convolutions.names(), users)
    return (*steps, *jumps, *conditions, *recorded)


def _received(model, block):
    port = block.get_port_name()
    body = model.statements(block.get_stmts_body())
    if port not in model.ports:
        raise model.parsed.wrong(block, f"there is no port '{port}'")
    return [If(((f"{model.ports[port]} != 0", body),), line=line_of(block))]


def _condition(model, block):
    text = model.texts.text(block.get_cond_expr())
    return If(((text, model.statements(block.get_stmts_body())),), line=line_of(block))


# --- convolutions within a step -------------------------------------------------------------------


def with_convolutions(statements, received, names, users):
    """Statements of update and onReceive, with variables of convolutions integrated once on each way
    through them."""
    if not names:
        return (*statements, *received)
    simple = _integrated_once(statements, names)
    later = [s for s in (*_after_integration(statements), *received)]
    if simple is not None and not any(users & words_of(text) for text in texts_of(later)):
        return (*simple, *received)
    keep = tuple(Assign(EARLIER + name, name) for name in names)
    ahead = tuple(Assign(LATER + name, name) for name in names)
    back = tuple(Assign(name, EARLIER + name) for name in names)
    end = tuple(Assign(name, LATER + name) for name in names)
    return (*keep, Integrate(names), *ahead, *back, *_guarded(statements, names, back), *received, *end)


def _integrated_once(statements, names):
    """The statements, with `names` in the one Integrate of each way through them; None if there are
    several, or some in loops."""
    result, done = _once(statements, names)
    if done is None:
        return None
    return result if done else (*result, Integrate(names))


def _once(statements, names):
    """(statements, whether they integrate; None if that can't be said)"""
    result, done = [], False
    for s in statements:
        if isinstance(s, Integrate):
            if done:
                return (), None
            s, done = _also(s, names), True
        elif isinstance(s, If):
            ways = [_once(body, names) for _, body in s.branches] + [_once(s.otherwise, names)]
            if None in [way[1] for way in ways]:
                return (), None
            if any(way[1] for way in ways):
                if done:
                    return (), None
                done = True
                bodies = [body if one else (*body, Integrate(names, s.line)) for body, one in ways]
                conditions = [condition for condition, _ in s.branches]
                s = If(tuple(zip(conditions, bodies[:-1], strict=True)), bodies[-1], s.line)
        elif any(isinstance(inner, Integrate) for inner in statements_of(getattr(s, "body", ()))):
            return (), None
        result.append(s)
    return tuple(result), done


def _also(s, names):
    return s if s.variables is None else Integrate((*s.variables, *names), s.line)


def _after_integration(statements):
    """Statements that may come after an Integrate: all that follow the first one that has it, and what is
    in this."""
    for k, s in enumerate(statements):
        if isinstance(s, Integrate):
            return statements[k + 1 :]
        if any(isinstance(inner, Integrate) for inner in statements_of((s,))):
            bodies = [body for _, body in getattr(s, "branches", ())]
            bodies += [getattr(s, "otherwise", ()), getattr(s, "body", ())]
            inner = [each for body in bodies for each in _after_integration(body)]
            return (*inner, *statements[k + 1 :])
    return ()


def _guarded(statements, names, back):
    """The statements, with what they integrate of `names` undone."""
    result = []
    for s in statements:
        if isinstance(s, Integrate):
            result += [_also(s, names), *back]
        elif isinstance(s, If):
            branches = tuple((c, _guarded(body, names, back)) for c, body in s.branches)
            result.append(If(branches, _guarded(s.otherwise, names, back), s.line))
        elif hasattr(s, "body"):
            result.append(type(s)(**{**vars(s), "body": _guarded(s.body, names, back)}))
        else:
            result.append(s)
    return tuple(result)
