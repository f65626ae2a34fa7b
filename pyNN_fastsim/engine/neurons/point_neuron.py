"""
Leaky integrate-and-fire neurons with any number of receptors of any kinds.

Equations   cm dv/dt = cm/tau_m (v_rest - v) + sum of the receptors' currents + i_offset + i_injected
            for the receptors see receptors.py

Method      With current-based receptors only: exact, as in iaf_psc.py. Otherwise as in iaf_cond.py: an
            exponential integrator whose quadrature with three Gauss-Legendre nodes is of order 6; a current
            is to it what a conductance is, but for the decay of v.

            A kernel belongs to a sequence of kinds of receptors. It is put together from scalar functions
            of one receptor each, which the compiler makes into one.

Units       ms, mV, nF, uS, nA.
"""

import functools

import numpy as np

from ..compiling.compile import inlined, specialise
from ..compiling.fastmath import SHORT, decays, short_decays
from ..compiling.lowlevel import float_bits
from .iaf_cond import WEIGHT, fire, integrate, membrane_sums
from .iaf_psc import refractory_steps
from .kernel import Model
from .receptors import EXACT_KINDS, KINDS

PARAMETERS = ("v_rest", "cm", "tau_m", "tau_refrac", "v_thresh", "v_reset", "i_offset")

N_CONSTANTS = 7  # of the membrane; those of the receptors come after them


def lif(receptors):
    """The `Model` of a leaky integrate-and-fire neuron.

    receptors   the name of a kind (see `receptors.KINDS`) for each receptor, by its name

    Parameters and variables of a receptor are called "name.tau_syn", "name.gsyn" and so on.
    """
    order, kinds = in_order(receptors)
    exact = set(kinds) <= set(EXACT_KINDS)
    parts = tuple((EXACT_KINDS if exact else KINDS)[kind] for kind in kinds)
    return Model(
        name="_".join(["point_lif", *kinds]),
        parameters=PARAMETERS + names_of(order, parts, "parameters"),
        state={"v": -65.0} | dict.fromkeys(names_of(order, parts, "state"), 0.0) | {"_refractory": 0.0},
        receptors=order,
        constants=functools.partial(_constants, exact, order, parts),
        **_functions("_".join(["point_lif", *kinds]), exact, parts),
    )


def in_order(receptors):
    """The names and the kinds of receptors, so that neurons with the same kinds have the same kernel."""
    order = tuple(sorted(receptors, key=lambda name: (receptors[name], name)))
    return order, tuple(receptors[name] for name in order)


def names_of(receptors, parts, what):
    """The receptors' parameters, or variables, with the names of the receptors before them."""
    return tuple(
        f"{name}.{each}" for name, part in zip(receptors, parts, strict=True) for each in getattr(part, what)
    )


def receptor_constants(receptors, parts, p, dt):
    """The constants of all receptors, one after the other."""
    constants = []
    for name, part in zip(receptors, parts, strict=True):
        constants += part.constants({each: p[f"{name}.{each}"] for each in part.parameters}, p, dt)
    return tuple(constants)


def _constants(exact, receptors, parts, p, dt):
    leak = p["cm"] / p["tau_m"]
    threshold = p["v_thresh"], p["v_reset"], refractory_steps(p["tau_refrac"], dt)
    if exact:
        decay, gain = np.exp(-dt / p["tau_m"]), -np.expm1(-dt / p["tau_m"]) / leak
        membrane = p["v_rest"], decay, gain, p["i_offset"]
    else:
        background = leak * p["v_rest"] + p["i_offset"]
        membrane = leak, background, dt / p["tau_m"], WEIGHT * dt / p["cm"]
    return (*threshold, *membrane, *receptor_constants(receptors, parts, p, dt))


# --- the membrane --------------------------------------------------------------------------------------


def _exact_step(c, s, x):
    v_thresh, v_reset, wait, v_rest, decay, gain, i_offset = c[:_FIRST]  # noqa: F821
    v = s[0]
    (from_receptors,) = _sums(c, s, (-0.0,))  # noqa: F821
    free = v_rest + ((v - v_rest) * decay + from_receptors + (i_offset + x[-1]) * gain)
    v, refractory, spiked = fire(v, free, s[-1], v_thresh, v_reset, wait)
    return (v,) + _arrived(c, s, x) + (refractory,), spiked  # noqa: F821


def _quadrature_step(c, s, x):
    v_thresh, v_reset, wait = c[:3]
    v = s[0]
    sums = _sums(c, s, membrane_sums(c[3:6], x[-1]))  # noqa: F821
    free = integrate(_decays, v, sums, c[6])  # noqa: F821
    v, refractory, spiked = fire(v, free, s[-1], v_thresh, v_reset, wait)
    return (v,) + _arrived(c, s, x) + (refractory,), spiked  # noqa: F821


def _unfit(c, s):
    area, area_early, area_late = _sums(c, s, membrane_sums(c[3:6], 0.0))[6:9]  # noqa: F821
    largest = max(area, max(area_early, area_late))
    return float_bits(SHORT - largest) | float_bits(area) | float_bits(area_early) | float_bits(area_late)


# --- all receptors together ----------------------------------------------------------------------------


def _sums_of_two(c, s, sums):
    return _this(c[_C0:_C1], s[_S0:_S1], _before(c, s, sums))  # noqa: F821


def arrived_at_two(c, s, x):
    return _before(c, s, x) + _this(c[_C0:_C1], s[_S0:_S1], x[_K])  # noqa: F821


@inlined
def _nothing(c, s, sums):
    return sums


@inlined
def nobody(c, s, x):
    return ()


def chained(template, name, functions, base, parts, first_constant, first_state):
    """One scalar function out of one for each receptor: what `template` makes of two, of all of them.

    functions   of the receptors, whose n-th is given its own constants, variables and input
    parts       the receptors' `Kind`s
    """
    whole, c0, s0 = base, first_constant, first_state
    for k, (function, part) in enumerate(zip(functions, parts, strict=True)):
        c1, s1 = c0 + part.n_constants, s0 + len(part.state)
        scope = {"_before": whole, "_this": function, "_K": k, "_C0": c0, "_C1": c1, "_S0": s0, "_S1": s1}
        whole = inlined(specialise(template, f"{name}_{k}", **scope))
        c0, s0 = c1, s1
    return whole


@functools.cache
def _functions(name, exact, parts):
    """The functions of a model, by name."""
    scope = {
        "_sums": chained(
            _sums_of_two, f"{name}_sums", [part.effect for part in parts], _nothing, parts, N_CONSTANTS, 1
        ),
        "_arrived": chained(
            arrived_at_two, f"{name}_arrived", [part.arrived for part in parts], nobody, parts, N_CONSTANTS, 1
        ),
        "_FIRST": N_CONSTANTS,
    }

    def function(template, suffix, **names):
        return inlined(specialise(template, f"{name}_{suffix}", **scope, **names))

    if exact:
        return {"step": function(_exact_step, "step")}
    return {
        "step": function(_quadrature_step, "step", _decays=decays),
        "short_step": function(_quadrature_step, "short_step", _decays=short_decays),
        "unfit": function(_unfit, "unfit"),
    }
