"""
Learning rules of graded connections that are built in: weights change in each step, by Euler's method, and
don't fall below w_min.

Hebb     dw/dt = eta pre post
Oja      dw/dt = eta (pre post - alpha post**2 w)
IBCM     dw/dt = eta post (post - theta) pre, where theta is one for each target, tau dtheta/dt = post**2 -
         theta, solved exactly

Sources  Oja 1982, J. Math. Biol. 15:267-273, equation 3; Intrator & Cooper 1992, Neural Networks 5:3-17;
         the forms are ANNarchy's.

Units    ms; rates and weights in whatever users want.
"""

import numpy as np

from ..compiling.compile import inlined
from .graded_kernels import learning_entry, nothing_of_target, observe_entry, weighted
from .graded_models import GradedModel
from .transmission import SUM


@inlined
def _hebb(c, s, pre, post, g):
    share, lowest = c
    return (max(s[0] + share * (pre[0] * post[0]), lowest),)


@inlined
def _oja(c, s, pre, post, g):
    share, alpha, lowest = c
    w, r = s[0], post[0]
    return (max(w + share * (pre[0] * r - alpha * (r * r) * w), lowest),)


@inlined
def _ibcm(c, s, pre, post, g):
    share, _, lowest = c
    return (max(s[0] + share * (post[0] * (post[0] - g[0]) * pre[0]), lowest),)


@inlined
def _threshold(c, g, post):
    _, part, _ = c
    return (g[0] + part * (post[0] * post[0] - g[0]),)


def _model(name, parameters, learn, constants, of_target=None, threshold=nothing_of_target):
    of_target = of_target or {}
    numbers = len(parameters), 1, 1, 1, 1
    kernels = tuple(
        learning_entry(name, uniform, SUM, learn, threshold, weighted, numbers) for uniform in (True, False)
    )
    return GradedModel(
        name,
        parameters,
        {},
        of_target,
        constants,
        kernels,
        observe_entry(name, 1),
        ("r",),
        ("r",),
        learns=True,
    )


HEBB = _model("hebb", ("eta", "w_min"), _hebb, lambda p, dt: (dt * p["eta"], p["w_min"]))
OJA = _model("oja", ("eta", "alpha", "w_min"), _oja, lambda p, dt: (dt * p["eta"], p["alpha"], p["w_min"]))
IBCM = _model(
    "ibcm",
    ("eta", "tau", "w_min"),
    _ibcm,
    lambda p, dt: (dt * p["eta"], -np.expm1(-dt / p["tau"]), p["w_min"]),
    {"theta": 0.0},
    _threshold,
)
