"""
Synapses in which NEST, asked for them by its own names, differs from what PyNN's synapse types are here.

stdp_synapse, vogels_sprekeler_synapse
                     a postsynaptic spike that arrives together with a presynaptic one comes first, and these
                     two are no pair; weights are clipped after each change
quantal_stp_synapse  the first spike finds u and the sites as they were given; the weight is that of one site,
                     and `a` counts the sites that are not empty
tsodyks2_synapse     the first spike finds u and x as they were given; they are what they were at the last
                     spike, before it used anything up
"""

from ..compiling.compile import inlined
from ..compiling.fastmath import exp
from .plasticity import FALL, NEUTRAL, ON_TIME, RISE, X_RATE, Y_RATE, _clipped, _pair_after
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
