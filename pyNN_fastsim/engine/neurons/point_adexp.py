"""
Adaptive exponential integrate-and-fire neurons with any number of receptors of any kinds.

Equations, spikes and method are those of aeif.py, with the receptors of receptors.py as series in time.
"""

import functools

from ..compiling.compile import inlined, specialise
from ..compiling.lowlevel import added, moved
from .aeif import N_MEMBRANE, advance, membrane_constants
from .kernel import Model
from .point_neuron import arrived_at_two, chained, in_order, names_of, nobody, receptor_constants
from .receptor_series import SERIES_KINDS

PARAMETERS = (
    "cm", "tau_refrac", "v_spike", "v_reset", "v_rest", "tau_m", "i_offset", "a", "b", "delta_T", "tau_w",
    "v_thresh",
)  # fmt: skip


def adexp(receptors):
    """The `Model` of an adaptive exponential neuron; `receptors` as in point_neuron.py."""
    order, kinds = in_order(receptors)
    parts = tuple(SERIES_KINDS[kind] for kind in kinds)
    name = "_".join(["point_adexp", *kinds])
    own = dict.fromkeys(names_of(order, parts, "state"), 0.0)
    attempt, fires, finish = _functions(name, parts)
    return Model(
        name=name,
        parameters=PARAMETERS + names_of(order, parts, "parameters"),
        state={"v": -70.6, "w": 0.0} | own | {"_refractory": 0.0, "_spikes": 0.0, "_part": 1.0},
        receptors=order,
        constants=functools.partial(_constants, order, parts),
        attempt=attempt,
        fires=fires,
        finish=finish,
    )


def _constants(receptors, parts, p, dt):
    return (*membrane_constants(p, dt), *receptor_constants(receptors, parts, p, dt))


# --- the membrane --------------------------------------------------------------------------------------


def _inputs(c, g, h, i_injected):
    """What v is multiplied by (1/ms), and what it is not (mV/ms), as series for a time h."""
    per_cm, leak, drive = c[1:4]
    conductance, current = _effect(c, g, h)  # noqa: F821
    leak_terms = (leak, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    drive_terms = (drive + i_injected * per_cm, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    return (
        moved(leak_terms, per_cm, (1.0,), (conductance,)),
        moved(drive_terms, per_cm, (1.0,), (current,)),
    )


def _attempt(c, s, x, part):
    g = s[2:-2]
    before = (s[0], s[1], s[-2], s[-1])
    (v, w, refractory, spikes), error = advance(_inputs, _after, c, before, g, x[-1], part)  # noqa: F821
    return (v, w) + _after(c, g, part * c[0]) + (refractory, spikes), error  # noqa: F821


@inlined
def _fires(c, old, new):
    return new[-1] > old[-1]


def _finish(c, old, new, x):
    # The receptors from the beginning of the step, with no error from its parts.
    receptors = _arrived(c, old[2:-2], x)  # noqa: F821
    return (new[0], new[1]) + receptors + (max(new[-2] - 1.0, 0.0), new[-1])


# --- all receptors together ----------------------------------------------------------------------------


def _effect_of_two(c, s, h):
    g, i = _before(c, s, h)  # noqa: F821
    more_g, more_i = _this(c[_C0:_C1], s[_S0:_S1], h)  # noqa: F821
    return added(g, more_g), added(i, more_i)


def _after_two(c, s, t):
    return _before(c, s, t) + _this(c[_C0:_C1], s[_S0:_S1], t)  # noqa: F821


@inlined
def _no_effect(c, s, h):
    return (-0.0,) * 8, (-0.0,) * 8


@functools.cache
def _functions(name, parts):
    """The functions `attempt`, `fires` and `finish` of a model."""

    def whole(what, template, base):
        functions = [getattr(part, what) for part in parts]
        return chained(template, f"{name}_{what}", functions, base, parts, N_MEMBRANE, 0)

    effect = whole("effect", _effect_of_two, _no_effect)
    scope = {
        "_inputs": inlined(specialise(_inputs, f"{name}_inputs", _effect=effect)),
        "_after": whole("after", _after_two, nobody),
        "_arrived": whole("arrived", arrived_at_two, nobody),
    }
    attempt = inlined(specialise(_attempt, f"{name}_attempt", **scope))
    return attempt, _fires, inlined(specialise(_finish, f"{name}_finish", **scope))
