"""
The kinds of receptors of receptors.py for membranes that want to know them as Taylor series in time.

The series have 8 terms, for a time h; see series.py. They follow from the equations term by term.
"""

import numpy as np

from ..compiling.compile import inlined
from ..compiling.fastmath import exp
from .aeif import decaying
from .receptors import KINDS, Kind, beta_peak, beta_rise

_NOTHING = (-0.0,) * 8  # x + (-0.0) is x, for the compiler too


@inlined
def _times(factor, terms):
    t0, t1, t2, t3, t4, t5, t6, t7 = terms
    return (
        factor * t0, factor * t1, factor * t2, factor * t3,
        factor * t4, factor * t5, factor * t6, factor * t7,
    )  # fmt: skip


# --- one exponential -----------------------------------------------------------------------------------


def _curr_exp_constants(p, membrane, dt):
    return 1 / p["tau_syn"], np.exp(-dt / p["tau_syn"])


@inlined
def _curr_exp_effect(c, s, h):
    return _NOTHING, decaying(s[0], -h * c[0])


@inlined
def _exp_after(c, s, t):
    return (s[0] * exp(-t * c[0]),)


@inlined
def _exp_arrived(c, s, x):
    return (s[0] * c[1] + x,)


def _cond_exp_constants(p, membrane, dt):
    return 1 / p["tau_syn"], np.exp(-dt / p["tau_syn"]), p["e_syn"]


@inlined
def _cond_exp_effect(c, s, h):
    g = decaying(s[0], -h * c[0])
    return g, _times(c[2], g)


# --- two exponentials, or an alpha function ------------------------------------------------------------


def _rise_constants(rise, decay, e_syn, dt):
    factor = 1 / beta_peak(rise, decay)
    decay_g, decay_y = np.exp(-dt / decay), np.exp(-dt / rise)
    return 1 / decay, 1 / rise, factor, e_syn, decay_g, factor * beta_rise(rise, decay, dt), decay_y


def _cond_alpha_constants(p, membrane, dt):
    return _rise_constants(p["tau_syn"], p["tau_syn"], p["e_syn"], dt)


def _cond_beta_constants(p, membrane, dt):
    return _rise_constants(p["tau_rise"], p["tau_decay"], p["e_syn"], dt)


@inlined
def _cond_rise_effect(c, s, h):
    rate_g, rate_y, factor, e_syn = c[:4]
    g0 = s[0]
    y0, y1, y2, y3, y4, y5, y6, _ = decaying(h * factor * s[1], -h * rate_y)
    x = -h * rate_g
    g1 = g0 * x + y0
    g2 = (g1 * x + y1) * (1 / 2)
    g3 = (g2 * x + y2) * (1 / 3)
    g4 = (g3 * x + y3) * (1 / 4)
    g5 = (g4 * x + y4) * (1 / 5)
    g6 = (g5 * x + y5) * (1 / 6)
    g7 = (g6 * x + y6) * (1 / 7)
    g = (g0, g1, g2, g3, g4, g5, g6, g7)
    return g, _times(e_syn, g)


@inlined
def _cond_rise_after(c, s, t):
    rate_g, rate_y, factor = c[:3]
    g, y = s
    z = (rate_y - rate_g) * t
    # (1 - exp(-z))/z, by its series where it would lose digits
    near = abs(z) < 0.05
    series = 1.0 - z * (1 / 2) * (
        1.0 - z * (1 / 3) * (1.0 - z * (1 / 4) * (1.0 - z * (1 / 5) * (1.0 - z * (1 / 6))))
    )
    rise = t * (series if near else (1.0 - exp(-z)) / (1.0 if near else z))
    return (g + y * factor * rise) * exp(-t * rate_g), y * exp(-t * rate_y)


@inlined
def _cond_rise_arrived(c, s, x):
    g, y = s
    return g * c[4] + y * c[5], y * c[6] + x


def _kind(name, constants, n_constants, effect, after, arrived):
    parameters, state = KINDS[name].parameters, KINDS[name].state
    return Kind(parameters, state, constants, n_constants, effect, arrived, after)


_RISE = (7, _cond_rise_effect, _cond_rise_after, _cond_rise_arrived)

# Their effect: the series of the conductance (uS), and of the current at v = 0 (nA).
SERIES_KINDS = {
    "curr_exp": _kind("curr_exp", _curr_exp_constants, 2, _curr_exp_effect, _exp_after, _exp_arrived),
    "cond_exp": _kind("cond_exp", _cond_exp_constants, 3, _cond_exp_effect, _exp_after, _exp_arrived),
    "cond_alpha": _kind("cond_alpha", _cond_alpha_constants, *_RISE),
    "cond_beta": _kind("cond_beta", _cond_beta_constants, *_RISE),
}
