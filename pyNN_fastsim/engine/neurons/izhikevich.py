"""
Izhikevich's neuron.

Equations   dv/dt = 0.04 v**2 + 5 v + 140 - u + (i_offset + i_injected)/(1 pF)
            du/dt = a (b v - u)
            v >= 30 mV is a spike: v becomes c and u grows by d. A synaptic event adds its weight (mV)
            to v.

Spikes      v and u jump when v reaches 30 mV, not at the end of the step: the spike is at the next grid
            point, and what is recorded there is the state that has developed since the jump. There may be
            several jumps in a step. An event that lifts v over 30 mV makes a spike on arrival.

Method      Taylor series of order 8 (series.py), in parts of a step where its last terms are not small
            enough (adaptive.py).

Source      Izhikevich 2003, IEEE Trans. Neural Networks 14:1569-1572, equations 1 to 3.

Units       ms, mV, nA; u in mV/ms, a and b in 1/ms, d in mV/ms. As in PyNN's other backends, the unit of
            current is 1 pA = 1 mV/ms, so the capacitance is 1 pF.
"""

from ..compiling.compile import inlined
from ..compiling.lowlevel import fma
from .kernel import Model
from .series import change_by, crossing, series_error, tail

THRESHOLD = 30.0  # mV
PER_NA = 1000.0  # mV/ms of v by a current of 1 nA

TOLERANCE = 1e-6  # mV, of the last two terms of a series


@inlined
def _terms(v, u, i, a, b, h):
    """The terms of the Taylor series of v and of u for a time h (ms), without the first."""
    slope = fma(0.08, v, 5.0)
    ah = a * h
    v1 = h * (fma(fma(0.04, v, 5.0), v, 140.0 - u) + i)
    u1 = ah * fma(b, v, -u)
    v2 = h * (1 / 2) * fma(slope, v1, -u1)
    u2 = ah * (1 / 2) * fma(b, v1, -u1)
    v3 = h * (1 / 3) * (fma(slope, v2, -u2) + 0.04 * v1 * v1)
    u3 = ah * (1 / 3) * fma(b, v2, -u2)
    v4 = h * (1 / 4) * (fma(slope, v3, -u3) + 0.08 * v1 * v2)
    u4 = ah * (1 / 4) * fma(b, v3, -u3)
    v5 = h * (1 / 5) * (fma(slope, v4, -u4) + fma(0.08 * v1, v3, 0.04 * v2 * v2))
    u5 = ah * (1 / 5) * fma(b, v4, -u4)
    v6 = h * (1 / 6) * (fma(slope, v5, -u5) + 0.08 * fma(v1, v4, v2 * v3))
    u6 = ah * (1 / 6) * fma(b, v5, -u5)
    v7 = h * (1 / 7) * (fma(slope, v6, -u6) + fma(0.08, fma(v1, v5, v2 * v4), 0.04 * v3 * v3))
    u7 = ah * (1 / 7) * fma(b, v6, -u6)
    v8 = h * (1 / 8) * (fma(slope, v7, -u7) + 0.08 * fma(v1, v6, fma(v2, v5, v3 * v4)))
    u8 = ah * (1 / 8) * fma(b, v7, -u7)
    return (v1, v2, v3, v4, v5, v6, v7, v8), (u1, u2, u3, u4, u5, u6, u7, u8)


@inlined
def _attempt(c, s, x, part):
    dt, i_offset, a, b, v_reset, d = c
    v, u, spikes = s
    h = part * dt
    i = fma(PER_NA, x[2], i_offset)
    v_terms, u_terms = _terms(v, u, i, a, b, h)
    new_v = v + change_by(v_terms, 1.0)
    new_u = u + change_by(u_terms, 1.0)
    error = series_error(tail(v_terms), TOLERANCE)
    spiked = new_v >= THRESHOLD
    # A whole step, of which the compiler knows that part is 1, is redone in parts where there is a spike.
    if part < 1.0:
        at = crossing(v, v_terms, THRESHOLD)
        jumped_u = u + change_by(u_terms, at) + d
        v_terms, u_terms = _terms(v_reset, jumped_u, i, a, b, (1.0 - at) * h)
        later_v = v_reset + change_by(v_terms, 1.0)
        later_error = series_error(tail(v_terms), TOLERANCE)
        # The series don't know of a second spike.
        later_error = later_error if later_v < THRESHOLD else 1e3
        new_v = later_v if spiked else new_v
        new_u = jumped_u + change_by(u_terms, 1.0) if spiked else new_u
        error = max(error, later_error) if spiked else error
        spikes = spikes + 1.0 if spiked else spikes
    else:
        error = 2.0 if spiked else error
    return (new_v, new_u, spikes), error


@inlined
def _fires(c, old, new):
    return new[2] > old[2]


@inlined
def _finish(c, old, new, x):
    _, _, _, _, v_reset, d = c
    v, u, spikes = new
    v = v + (x[0] + x[1])
    spiked = v >= THRESHOLD
    return v_reset if spiked else v, u + d if spiked else u, spikes + 1.0 if spiked else spikes


def _constants(p, dt):
    return dt, PER_NA * p["i_offset"], p["a"], p["b"], p["c"], p["d"]


IZHIKEVICH = Model(
    name="izhikevich",
    parameters=("a", "b", "c", "d", "i_offset"),
    state={"v": -70.0, "u": -14.0, "_spikes": 0.0, "_part": 1.0},
    receptors=("excitatory", "inhibitory"),
    constants=_constants,
    attempt=_attempt,
    fires=_fires,
    finish=_finish,
    cm=1.0 / PER_NA,
)
