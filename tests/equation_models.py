"""
Models from equations that tests share: built-in cell types once more, and one that uses all that a
description can say.

    python tests/equation_models.py

runs a few of them and prints a checksum of what they did, to compare ways of running.
"""

import functools
import hashlib

import numpy as np
from pyNN.parameters import Sequence

import pyNN_fastsim as sim
from pyNN_fastsim.equations import cells, synapses
from pyNN_fastsim.equations.description import (
    Assign,
    Deliver,
    Equation,
    For,
    Function,
    If,
    Inline,
    Integrate,
    Internal,
    Neuron,
    Parameter,
    Past,
    Receptor,
    Return,
    Spike,
    Synapse,
    Variable,
    While,
)


@functools.cache
def cell_type(model):
    return cells.loaded(cells.generated(model))


@functools.cache
def synapse_type(model):
    return synapses.loaded(synapses.generated(model))


def parameters(**values):
    return tuple(Parameter(name, value) for name, value in values.items())


def variables(**initial):
    return tuple(Variable(name, str(value)) for name, value in initial.items())


def equations(**expressions):
    return tuple(Equation(name, expression) for name, expression in expressions.items())


def when(condition, *statements, otherwise=()):
    return If(((condition, statements),), otherwise)


RECEPTORS = (Receptor("excitatory", "_e"), Receptor("inhibitory", "_i"))


def integrate_and_fire(name, conductances, held, reset, threshold, **parts):
    """A cell whose variables but `held` go on in the refractory period; `reset` are statements."""
    integrated = tuple(v for v in parts["equations"] if v.variable not in held)
    update = (
        when("_left > 0", Integrate(tuple(e.variable for e in integrated)), otherwise=(Integrate(),)),
        Assign(conductances[0], f"{conductances[0]} + _e"),
        Assign(conductances[1], f"{conductances[1]} + _i"),
        when(
            f"v >= {threshold} and _left <= 0",
            *reset,
            Assign("_left", "wait"),
            Spike(),
            otherwise=(Assign("_left", "max(_left - 1, 0)"),),
        ),
    )
    internals = (Internal("wait", "round(tau_refrac / dt)"),)
    return Neuron(name, internals=internals, receptors=RECEPTORS, update=update, **parts)


LIF_PARAMETERS = dict(
    v_rest=-65.0, cm=1.0, tau_m=20.0, tau_refrac=0.1, tau_syn_E=5.0, tau_syn_I=5.0, v_thresh=-50.0,
        v_reset=-65.0,
    i_offset=0.0,
)  # fmt: skip
LIF = integrate_and_fire(
    "Lif", ("isyn_exc", "isyn_inh"), ("v",), (Assign("v", "v_reset"),), "v_thresh",
    parameters=parameters(**LIF_PARAMETERS),
    variables=variables(v="v_rest", isyn_exc=0, isyn_inh=0, _left=0),
    equations=equations(
        v="(v_rest - v) / tau_m + (isyn_exc + isyn_inh + i_offset + _injected) / cm",
        isyn_exc="-isyn_exc / tau_syn_E",
        isyn_inh="-isyn_inh / tau_syn_I",
    ),
)  # fmt: skip
CONDUCTANCES = dict(gsyn_exc="-gsyn_exc / tau_syn_E", gsyn_inh="-gsyn_inh / tau_syn_I")
COBA = integrate_and_fire(
    "Coba", ("gsyn_exc", "gsyn_inh"), ("v",), (Assign("v", "v_reset"),), "v_thresh",
    parameters=parameters(**LIF_PARAMETERS, e_rev_E=0.0, e_rev_I=-70.0),
    variables=variables(v="v_rest", gsyn_exc=0, gsyn_inh=0, _left=0),
    equations=equations(
        v="(v_rest-v)/tau_m + (gsyn_exc*(e_rev_E-v) + gsyn_inh*(e_rev_I-v) + i_offset + _injected) / cm",
        **CONDUCTANCES,
    ),
    conductance_based=True,
)  # fmt: skip
ADEX = integrate_and_fire(
    "Adex", ("gsyn_exc", "gsyn_inh"), ("v",), (Assign("v", "v_reset"), Assign("w", "w + b")), "v_spike",
    parameters=parameters(
        cm=0.281, tau_refrac=0.1, v_spike=-40.0, v_reset=-70.6, v_rest=-70.6, tau_m=9.3667, i_offset=0.0,
            a=4.0, b=0.0805,
        delta_T=2.0, tau_w=144.0, v_thresh=-50.4, e_rev_E=0.0, tau_syn_E=5.0, e_rev_I=-80.0, tau_syn_I=5.0,
    ),
    variables=variables(v=-70.6, w=0, gsyn_exc=0, gsyn_inh=0, _left=0),
    equations=equations(
        v="(v_rest - v + delta_T * exp((v - v_thresh) / delta_T)) / tau_m"
        "+ (gsyn_exc*(e_rev_E-v) + gsyn_inh*(e_rev_I-v) + i_offset + _injected - w) / cm",
        w="(0.001 * a * (v - v_rest) - w) / tau_w",
        **CONDUCTANCES,
    ),
    conductance_based=True,
)  # fmt: skip
HH = Neuron(
    "Hodgkin",
    parameters=parameters(
        gbar_Na=20.0, gbar_K=6.0, g_leak=0.01, cm=0.2, v_offset=-63.0, e_rev_Na=50.0, e_rev_K=-90.0,
            e_rev_leak=-65.0,
        e_rev_E=0.0, e_rev_I=-80.0, tau_syn_E=0.2, tau_syn_I=2.0, i_offset=0.0,
    ),
    inlines=(
        Inline("u", "v - v_offset"),
        Inline("am", "0.32 * (13 - u) / expm1((13 - u) / 4)"), Inline("bm",
            "0.28 * (u - 40) / expm1((u - 40) / 5)"),
        Inline("ah", "0.128 * exp((17 - u) / 18)"), Inline("bh", "4 / (1 + exp((40 - u) / 5))"),
        Inline("an", "0.032 * (15 - u) / expm1((15 - u) / 5)"), Inline("bn", "0.5 * exp((10 - u) / 40)"),
    ),
    variables=variables(v=-65.0, gsyn_exc=0, gsyn_inh=0, h=1.0, m=0, n=0, _old=-65.0),
    equations=equations(
        v="(gbar_Na*m**3*h*(e_rev_Na-v) + gbar_K*n**4*(e_rev_K-v) + g_leak*(e_rev_leak-v)"
        "+ gsyn_exc*(e_rev_E-v) + gsyn_inh*(e_rev_I-v) + i_offset + _injected) / cm",
        m="am * (1 - m) - bm * m", h="ah * (1 - h) - bh * h", n="an * (1 - n) - bn * n", **CONDUCTANCES,
    ),
    receptors=RECEPTORS,
    conductance_based=True,
    update=(
        Assign("_old", "v"), Integrate(), Assign("gsyn_exc", "gsyn_exc + _e"), Assign("gsyn_inh",
            "gsyn_inh + _i"),
        when("v >= -10 and _old < -10", Spike()),
    ),
)  # fmt: skip
IZHIKEVICH = Neuron(
    "Izhi",
    parameters=parameters(a=0.02, b=0.2, c=-65.0, d=2.0, i_offset=0.0, noise=0.0),
    variables=variables(v=-70.0, u=-14.0),
    equations=equations(
        v="0.04*v**2 + 5*v + 140 - u + 1000 * (_injected + i_offset) + noise * normal()", u="a * (b*v - u)"
    ),
    receptors=RECEPTORS,
    update=(
        Integrate(),
        Assign("v", "v + _e + _i"),
        when("v >= 30", Assign("v", "c"), Assign("u", "u + d"), Spike()),
    ),
)

# All that statements can be, with names that generated code uses, too.
EVERYTHING = Neuron(
    "Everything",
    parameters=parameters(
        c0=1.5, s_v=0.25, beta=0.1, gamma=2.0, E=0.75, I=1.0, S=0.5, N=3.0, Q=0.125, x=2.0, part=0.0625,
            zoo=1.25
    ),
    internals=(
        Internal("l_1", "c0 * exp(-dt / x)"),
        Internal("i_x", "ceil(l_1) + (1 if E > 0.5 and not I > S else 2)"),
    ),
    inlines=(Inline("P0", "x_0 * beta - f(x_0, gamma)"), Inline("p_x",
        "P0 if P0 > 0 else -P0 / (1 + x_0**2)")),
    functions=(
        Function(
            "f",
            ("a", "b"),
            (
                If((("a > b", (Return("a - b"),)), ("a > b / 2", (Assign("d", "a / b"), Return("d * d"))))),
                Assign("d", "a + b"),
                Assign("d", "d / 4"),
                Return("d"),
            ),
        ),
    ),
    variables=(
        Variable("x_0", "l_1", lower="-E", upper="N + s_x"), Variable("s_x", "0.5"), Variable("m_1"),
            Variable("y_1"),
        Variable("draw_0"), Variable("t_0", "-i_x", type="int"), Variable("is_on", "1.0", type="bool"),
            Variable("c"),
    ),
    equations=(
        Equation("x_0", "(E - x_0 * beta + s_x * I) / gamma"),
        Equation("s_x", "-s_x * s_v + sin(t / 3) + 0.2 * normal() + past_1 / 64", method="midpoint"),
    ),
    pasts=(Past("past_0", "y_1", "x * 0.35"), Past("past_1", "x_0", "l_1")),
    receptors=(Receptor("a", "_a"),),
    update=(
        Assign("new", "t + dt - t_0"),
        If(
            (
                ("is_on and new > N", (Assign("is_on", "x_0 > 9"), Assign("y_1", "new"), Assign("tmp", "2"))),
                ("y_1 > uniform() and not is_on", (Assign("y_1", "y_1 / 2"), Assign("tmp",
                    "0.5 * uniform()"))),
            ),
            (
                If(
                    (("m_1 % 5 > 2", (Assign("tmp", "-1"), Assign("is_on", "True"))),),
                    (Assign("tmp", "floor(m_1 / 7)"), Assign("y_1", "y_1 + normal() * part")),
                ),
            ),
        ),
        Integrate(("s_x",)),
        when("tmp > 0", Integrate(("x_0",)), otherwise=(Assign("x_0", "x_0 - Q * p_x + tmp * part"),)),
        Assign("m_1", "0"),
        While("m_1 < N + i_x", (Assign("o", "c"), Assign("c", "draw_0"), Assign("draw_0", "o * 0.5 + zoo"),
                                Assign("m_1", "m_1 + 1"))),
        For("k", "3", "-2", "-2", (For("j", "0", "k", "1", (Assign("y_1", "y_1 + P0 * k * j / 64"),)),)),
        Assign("x_0", "x_0 + _a + _injected + 0.125 * past_0"),
        when("x_0 + tmp > N * 0.75", Assign("x_0", "-2"), Assign("t_0", "t"), Spike()),
    ),
)  # fmt: skip

STDP = Synapse(
    "Stdp",
    parameters=parameters(tau_plus=20.0, tau_minus=20.0, A_plus=0.01, A_minus=0.01, w_hi=1.0),
    variables=(*variables(x=0, y=0), Variable("w", "0.0", lower="0.0", upper="w_hi")),
    equations=equations(x="-x / tau_plus", y="-y / tau_minus"),
    between=(Integrate(),),
    on_pre=(Assign("x", "x + 1"), Assign("w", "w - A_minus * w_hi * y"), Deliver("w")),
    on_post=(Assign("y", "y + 1"), Assign("w", "w + A_plus * w_hi * x")),
)
TSODYKS = Synapse(
    "Tsodyks",
    parameters=parameters(U=0.5, tau_rec=800.0, tau_facil=50.0, tau_psc=5.0),
    variables=variables(u=0, x=1, y=0),
    equations=equations(u="-u / tau_facil", x="(1 - x - y) / tau_rec", y="-y / tau_psc"),
    between=(Integrate(),),
    on_pre=(
        Assign("u", "u + U * (1 - u)"),
        Assign("r", "u * x"),
        Assign("x", "x - r"),
        Assign("y", "y + r"),
        Deliver("w * r"),
    ),
)
# Uses all there is: values of both cells, coupled and nonlinear equations, the time, draws, bounds, the
# delay.
RULE = Synapse(
    "Rule",
    parameters=parameters(A=0.05, d=1.0, w_hi=2.0, noise=0.0),
    internals=(Internal("per_dt", "0.1 / dt"),),
    inlines=(Inline("gap", "post.v - 0.5"),),
    variables=(*variables(x=0.5, y=0, z=0.25), Variable("w", "0.0", lower="-0.5", upper="w_hi")),
    equations=equations(
        x="-x / 15",
        y="(x * per_dt - y) / 8 - 0.05 * y * z",
        z="(0.25 - z) / 30 + 0.001 * sin(t)",
        w="-w / 500",
    ),
    between=(Integrate(),),
    on_pre=(
        Assign("x", "x + 1 + noise * normal()"),
        Assign("w", "w - A * y * (post.v - 0.5) + 0.01 * pre.gain + noise * uniform()"),
        when("t > 3", Assign("z", "z + 0.1")),
        Deliver("w * (1 + z)"),
        when("x > 1.5", Deliver("0.125 * d + 0.001 * t")),
    ),
    on_post=(
        Assign("y", "y + 0.5 * post.gain"),
        Assign("w", "w + A * x * (post.v - 0.25) + noise * normal()"),
    ),
    delay="d",
)

# A cell that spikes a step after something has arrived, and shows what arrives at its other receptor.
RELAY = Neuron(
    "Relay",
    parameters=parameters(gain=1.0),
    variables=variables(v=0, got=0),
    equations=equations(v="-v / 10"),
    receptors=(Receptor("drive", "_drive"), Receptor("other", "_other")),
    update=(
        Integrate(),
        Assign("got", "_other"),
        Assign("v", "v + 0.125 * _other"),
        when("_drive > 0", Assign("v", "v + gain"), Spike()),
    ),
)


def digest(steps=60):
    """A checksum of what some models do, to the last bit."""
    sim.setup(timestep=0.1)
    found = []
    populations = [
        sim.Population(3, cell_type(model)(**values),
            initial_values={model.variables[0].name: [start, start + 1, start + 2]})
        for model, values, start in (
            (EVERYTHING, {}, 0.5), (COBA, {"i_offset": 2.0}, -55.0), (ADEX, {"i_offset": 2.0}, -50.0),
            (IZHIKEVICH, {"noise": 3.0}, 10.0), (RELAY, {}, 0.0),
        )
    ]  # fmt: skip
    source = sim.Population(
        4, sim.SpikeSourceArray(spike_times=lambda i: Sequence([0.5 + 0.3 * i, 2.0, 3.1 + i]))
    )
    for cells_, receptor in zip(
        populations, ("a", "excitatory", "excitatory", "excitatory", "drive"), strict=True
    ):
        cells_.record([name for name in cells_.celltype.recordable if name != "spikes"])
        sim.Projection(
            source, cells_, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01), receptor_type=receptor
        )
    relay = populations[-1]
    rule = synapse_type(RULE)(w=lambda d: 0.25 + d / 8, delay=0.7, dendritic_delay_fraction=0.4, noise=0.1)
    relays = sim.Population(3, cell_type(RELAY)(gain=0.5), initial_values={"v": 0.25})
    plastic = sim.Projection(relays, relay, sim.AllToAllConnector(), rule, receptor_type="other")
    sim.Projection(
        source, relays, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0), receptor_type="drive"
    )
    plastic.record("all", sampling_interval=0.5)
    sim.run(steps * 0.1)
    for cells_ in (*populations, plastic):
        found += [signal.magnitude for signal in cells_.get_data().segments[0].analogsignals]
    found.append(np.array(plastic.get(["weight"], format="list")))
    assert all(np.isfinite(values).all() for values in found)
    return hashlib.sha256(b"".join(np.ascontiguousarray(values).tobytes() for values in found)).hexdigest()


if __name__ == "__main__":
    print(digest())
