"""
Synapses in which NEST, asked for them by its own names, differs from what PyNN's synapse types are here.

stdp_synapse, vogels_sprekeler_synapse
                     a postsynaptic spike that arrives together with a presynaptic one comes first, and these
                     two are no pair; weights are clipped after each change
stdp_pl_synapse_hom  the weight rises by its own power mu, in pA: Morrison et al. 2007, Neural Comput.
                     19:1437-1467
stdp_triplet_synapse pairs and triplets of spikes, which change the weight by so many pA: Pfister & Gerstner
                     2006, J. Neurosci. 26:9673-9682
quantal_stp_synapse  the first spike finds u and the sites as they were given; the weight is that of one site,
                     and `a` counts the sites that are not empty
tsodyks2_synapse     the first spike finds u and x as they were given; they are what they were at the last
                     spike, before it used anything up
"""

import numpy as np

from ..compiling.compile import inlined
from ..compiling.elementary import power
from ..compiling.fastmath import exp
from .events import event_model
from .plastic_kernels import N_TIMING, ON_TIME
from .plasticity import FALL, NEUTRAL, RISE, X_RATE, Y_RATE, _clipped, _pair_after
from .plasticity import _model as _plastic_model
from .short_term import _model, _quantal_constants, _sites_released, _stochastic_constants, _stochastic_decays


@inlined
def _trace_before(c, y, lag):
    """The trace y at a presynaptic arrival, without a postsynaptic spike that arrives together with it."""
    return max(y - 1.0, 0.0) if lag < ON_TIME else y * exp(-lag * c[Y_RATE])


def _nest_pair_before(c, s, weight, steps, lag, kick):
    x, y = s
    weight = _clipped(c, weight - c[FALL] * _fall(c, weight) * _trace_before(c, y, lag))  # noqa: F821
    return (x * exp(-steps * c[X_RATE]) + kick, y), weight


def _nest_vogels_before(c, s, weight, steps, lag, kick):
    x, y = s
    weight = _clipped(c, weight + c[RISE] * _rise(c, weight) * _trace_before(c, y, lag))  # noqa: F821
    weight = _clipped(c, weight - c[FALL] * _fall(c, weight) * c[NEUTRAL])  # noqa: F821
    return (x * exp(-steps * c[X_RATE]) + kick, y), weight


STDP = _plastic_model("nest_pair", "guetig", (_nest_pair_before, _pair_after), posts_first=True)
VOGELS = _plastic_model("nest_vogels", "additive", (_nest_vogels_before, _pair_after), posts_first=True)

# --- rules that follow events -------------------------------------------------------------------------

PA = 1e3  # in a nA
OWN = N_TIMING  # constants of a rule's own begin here
TAU_MINUS_TRIPLET = 110.0  # ms; in NEST a parameter of the cell


def _of_events(name, parameters, state, constants, n_constants, functions):
    options = {"post_first": True, "is_random": False, "of_pre": (), "of_post": ()}
    return event_model(name, parameters, state, constants, n_constants, functions, **options)


def _pl_constants(p, dt):
    return dt / p["tau_plus"], dt / p["tau_minus"], p["lambda"], p["lambda"] * p["alpha"], p["mu"]


@inlined
def _pl_between(c, s, weight, steps, time):
    x, y, at = s
    return (x * exp(-steps * c[OWN]), y * exp(-steps * c[OWN + 1]), at), weight


@inlined
def _pl_before(c, s, weight, time, key, pre, post, earlier):
    x, y, at = s
    weight = max(weight - c[OWN + 3] * weight * earlier[1], 0.0)
    return (x + 1.0, y, at), weight, weight


@inlined
def _pl_after(c, s, weight, time, key, post):
    x, y, at = s
    w = PA * weight
    return (x, y + 1.0, at), (w + c[OWN + 2] * power(max(w, 0.0), c[OWN + 4]) * x) / PA


POWER_LAW = _of_events(
    "nest_power_law",
    ("tau_plus", "tau_minus", "lambda", "alpha", "mu"),
    {"_x": 0.0, "_y": 0.0},
    _pl_constants,
    5,
    (_pl_between, _pl_before, _pl_after),
)


def _triplet_constants(p, dt):
    rates = (dt / p[name] for name in ("tau_plus", "tau_plus_triplet", "tau_minus"))
    sizes = (p[name] / PA for name in ("Aplus", "Aplus_triplet", "Aminus", "Aminus_triplet", "Wmax"))
    return *rates, np.full(1, dt / TAU_MINUS_TRIPLET), *sizes


@inlined
def _triplet_between(c, s, weight, steps, time):
    x, slow_x, y, slow_y, at = s
    x, slow_x = x * exp(-steps * c[OWN]), slow_x * exp(-steps * c[OWN + 1])
    return (x, slow_x, y * exp(-steps * c[OWN + 2]), slow_y * exp(-steps * c[OWN + 3]), at), weight


@inlined
def _triplet_before(c, s, weight, time, key, pre, post, earlier):
    x, slow_x, y, slow_y, at = s
    size = max(abs(weight) - earlier[2] * (c[OWN + 6] + c[OWN + 7] * slow_x), 0.0)
    weight = size if c[OWN + 8] >= 0.0 else -size
    return (x + 1.0, slow_x + 1.0, y, slow_y, at), weight, weight


@inlined
def _triplet_after(c, s, weight, time, key, post):
    x, slow_x, y, slow_y, at = s
    size = min(abs(weight) + x * (c[OWN + 4] + c[OWN + 5] * slow_y), abs(c[OWN + 8]))
    return (x, slow_x, y + 1.0, slow_y + 1.0, at), size if c[OWN + 8] >= 0.0 else -size


TRIPLET = _of_events(
    "nest_triplet",
    (
        "tau_plus",
        "tau_plus_triplet",
        "tau_minus",
        "Aplus",
        "Aplus_triplet",
        "Aminus",
        "Aminus_triplet",
        "Wmax",
    ),
    {"_x": 0.0, "_slow_x": 0.0, "_y": 0.0, "_slow_y": 0.0},
    _triplet_constants,
    9,
    (_triplet_between, _triplet_before, _triplet_after),
)

# --- short-term plasticity ----------------------------------------------------------------------------


@inlined
def _quantal_by_site_decayed(c, p, s):
    u, full, _, spikes = s
    has_begun = spikes > 0.0
    return u * p[0] if has_begun else u, full, 1.0 - p[1] if has_begun else 0.0, spikes


@inlined
def _release_by_site(c, s, weight, key):
    u, full, recovery, spikes = s
    u = u + c[0] * (1.0 - u) if spikes > 0.0 else u
    still_empty, released = _sites_released(c, (u, c[3] - full, recovery, spikes), key)
    return (u, c[3] - (still_empty + released), recovery, spikes + 1.0), weight * released


QUANTAL_BY_SITE = _model(
    "quantal_by_site",
    ("U", "tau_rec", "tau_facil", "n"),
    {"u": 0.5, "a": 1.0, "_recovery": 0.0, "_spikes": 0.0},
    _quantal_constants,
    4,
    _stochastic_decays,
    _quantal_by_site_decayed,
    _release_by_site,
    is_random=True,
)


@inlined
def _tsodyks2_decayed(c, p, s):
    u, x, spikes = s
    has_begun = spikes > 0.0
    return u * p[0] if has_begun else u, 1.0 - (1.0 - x * (1.0 - u)) * p[1] if has_begun else x, spikes


@inlined
def _tsodyks2_release(c, s, weight, key):
    u, x, spikes = s
    u = u + c[0] * (1.0 - u) if spikes > 0.0 else u
    return (u, x, spikes + 1.0), weight * (u * x)


TSODYKS2 = _model(
    "tsodyks2",
    ("U", "tau_rec", "tau_facil"),
    {"u": 0.5, "x": 1.0, "_spikes": 0.0},
    _stochastic_constants,
    3,
    _stochastic_decays,
    _tsodyks2_decayed,
    _tsodyks2_release,
)
