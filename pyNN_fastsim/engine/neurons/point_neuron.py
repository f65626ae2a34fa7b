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
from ..compiling.fastmath import exp
from ..compiling.lowlevel import added
from .iaf_cond import EARLY, LATE, WEIGHT, fire
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
        step=_step("_".join(["point_lif", *kinds]), exact, parts),
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
    (from_receptors,) = _sums(c, s)  # noqa: F821
    free = v_rest + ((v - v_rest) * decay + from_receptors + (i_offset + x[-1]) * gain)
    v, refractory, spiked = fire(v, free, s[-1], v_thresh, v_reset, wait)
    return (v,) + _arrived(c, s, x) + (refractory,), spiked  # noqa: F821


def _quadrature_step(c, s, x):
    v_thresh, v_reset, wait, leak, background, leak_area, weight = c[:_FIRST]  # noqa: F821
    v = s[0]
    g, i, g_early, i_early, g_late, i_late, area, area_early, area_late = _sums(c, s)  # noqa: F821
    v_inf = (background + x[-1] + i) / (leak + g)
    free = (
        v_inf
        + (v - v_inf) * exp(-(leak_area + area))
        + weight
        * (
            (i_early - g_early * v_inf) * exp(-((1.0 - EARLY) * leak_area + area_early))
            + (i_late - g_late * v_inf) * exp(-((1.0 - LATE) * leak_area + area_late))
        )
    )
    v, refractory, spiked = fire(v, free, s[-1], v_thresh, v_reset, wait)
    return (v,) + _arrived(c, s, x) + (refractory,), spiked  # noqa: F821


# --- all receptors together ----------------------------------------------------------------------------


def _sums_of_two(c, s):
    return added(_before(c, s), _this(c[_C0:_C1], s[_S0:_S1]))  # noqa: F821


def arrived_at_two(c, s, x):
    return _before(c, s, x) + _this(c[_C0:_C1], s[_S0:_S1], x[_K])  # noqa: F821


# Nothing, to begin with: x + (-0.0) is x, for the compiler too.


@inlined
def _no_change(c, s):
    return (-0.0,)


@inlined
def _no_sums(c, s):
    return (-0.0,) * 9


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
def _step(name, exact, parts):
    base = _no_change if exact else _no_sums
    sums = [part.effect for part in parts]
    arrived = [part.arrived for part in parts]
    return inlined(
        specialise(
            _exact_step if exact else _quadrature_step,
            f"{name}_step",
            _sums=chained(_sums_of_two, f"{name}_sums", sums, base, parts, N_CONSTANTS, 1),
            _arrived=chained(arrived_at_two, f"{name}_arrived", arrived, nobody, parts, N_CONSTANTS, 1),
            _FIRST=N_CONSTANTS,
        )
    )
