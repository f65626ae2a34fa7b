"""
NEST's cell types that are built in here: one entry for each of its names, with NEST's parameters, their
defaults, and what they are in the engine.

NEST counts in pF, nS and pA where PyNN and the engine have nF, uS and nA: hence the divisors of 1000.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pyNN import errors
from pyNN.parameters import ArrayParameter, Sequence

from .engine.neurons import nest as variants
from .engine.neurons.gif import PARTS
from .engine.neurons.kernel import Model
from .standardmodels import cells
from .validation import check_dead_time, check_gamma, check_spike_times

FOREVER = 1.7976931348623157e308  # ms, as NEST writes it
LOWEST = -FOREVER  # mV


@dataclass(frozen=True)
class NativeCell:
    """A cell type of NEST.

    base         the cell type of this backend that it is
    parameters   defaults by NEST's name
    engine       by the engine's name of a parameter: NEST's name, NEST's name and a divisor, or a function of
                 the parameters, with "_dt" (ms), and "_delay" (ms), by how much parrots delay spikes
    states       by NEST's name of a variable: the engine's name, a divisor, and the initial value, or None
                 for one that can't be set
    fixed        parameters of something that there is not here, which can only have these values
    ignored      the same of parameters that make no difference here
    below        pairs of a parameter and what it must be below: a number, or another parameter
    units        by name, where the name doesn't tell
    model        of the engine, if it is not that of `base`
    check        function(owner, values, changed, cells) that looks at parameters, beside the usual rules
    is_relayed   whether pyNN.nest has its spikes relayed by parrots
    """

    base: type
    parameters: dict[str, Any]
    engine: dict[str, Any]
    states: dict[str, tuple] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    ignored: dict[str, Any] = field(default_factory=dict)
    below: tuple[tuple, ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    model: Model | None = None
    check: Callable | None = None
    is_relayed: bool = False


# Of all neurons: the calcium that NEST's structural plasticity looks at, and neurons that ignore their input.
_IGNORED = {
    "beta_Ca": 0.001,
    "tau_Ca": 10000.0,
    "ignore_and_spike_interval": 100.0,
    "ignore_and_spike_offset": 1.0,
}
_FIXED = {"ignore_and_spike": False}


def _clamp(p):
    """tau_refrac (ms): t_ref in NEST's tics of a microsecond, rounded up to time steps."""
    step = max(round(p["_dt"] * 1000), 1)
    return np.ceil(np.rint(np.asarray(p["t_ref"]) * 1000) / step) * step / 1000


_MEMBRANE = {
    "v_rest": "E_L",
    "v_reset": "V_reset",
    "v_thresh": "V_th",
    "cm": ("C_m", 1e3),
    "tau_refrac": _clamp,
    "i_offset": ("I_e", 1e3),
}
_LEAK = {**_MEMBRANE, "tau_m": lambda p: p["C_m"] / p["g_L"]}
_TAU_SYN = {"tau_syn_E": "tau_syn_ex", "tau_syn_I": "tau_syn_in"}
_CONDUCTANCES = {**_TAU_SYN, "e_rev_E": "E_ex", "e_rev_I": "E_in"}
_RESET = (("V_reset", "V_th"),)

_CURRENT_STATES = {
    "V_m": ("v", 1.0, -70.0),
    "I_syn_ex": ("isyn_exc", 1e3, 0.0),
    "I_syn_in": ("isyn_inh", 1e3, 0.0),
}


def _conductance_states(v):
    return {"V_m": ("v", 1.0, v), "g_ex": ("gsyn_exc", 1e3, 0.0), "g_in": ("gsyn_inh", 1e3, 0.0)}


_IAF_PSC = {
    "C_m": 250.0, "E_L": -70.0, "I_e": 0.0, "V_reset": -70.0, "V_th": -55.0, "t_ref": 2.0, "tau_m": 10.0,
}  # fmt: skip
_IAF_PSC_SYN = {**_IAF_PSC, "tau_syn_ex": 2.0, "tau_syn_in": 2.0}

_IAF_COND = {
    "C_m": 250.0, "E_L": -70.0, "E_ex": 0.0, "E_in": -85.0, "I_e": 0.0, "V_reset": -60.0, "V_th": -55.0,
    "g_L": 16.6667, "t_ref": 2.0, "tau_syn_ex": 0.2, "tau_syn_in": 2.0,
}  # fmt: skip

_AEIF_COND = {
    "C_m": 281.0, "Delta_T": 2.0, "E_L": -70.6, "E_ex": 0.0, "E_in": -85.0, "I_e": 0.0, "V_peak": 0.0,
    "V_reset": -60.0, "V_th": -50.4, "a": 4.0, "b": 80.5, "g_L": 30.0, "t_ref": 0.0, "tau_syn_ex": 0.2,
    "tau_syn_in": 2.0, "tau_w": 144.0,
}  # fmt: skip
_AEIF_ENGINE = {
    **_LEAK, **_CONDUCTANCES,
    "v_spike": "V_peak", "delta_T": "Delta_T", "a": "a", "b": ("b", 1e3), "tau_w": "tau_w",
}  # fmt: skip
_AEIF_STATES = {**_conductance_states(-70.6), "w": ("w", 1e3, 0.0)}
_AEIF_UNITS = {"a": "nS", "b": "pA", "w": "pA", "Delta_T": "mV"}
_SLOPES = {"dg_ex": 0.0, "dg_in": 0.0}


def _several(value):
    """The Sequences of a parameter: one for all cells, or one for each."""
    return [value] if isinstance(value, ArrayParameter) else list(value)


def _alike(sequences):
    """A list of one Sequence as that, or an array of several."""
    if len(sequences) == 1:
        return sequences[0]
    array = np.empty(len(sequences), dtype=object)
    array[:] = sequences
    return array


def _parts(name, divisor=1.0, without=0.0):
    """A function that fills up the numbers of a sequence with those of parts that do nothing."""

    def filled(p):
        return _alike(
            [
                Sequence(np.append(each.value / divisor, np.full(max(PARTS - len(each.value), 0), without)))
                for each in _several(p[name])
            ]
        )

    return filled


def _check_gif(owner, values, changed, cells):
    for tau, q in (("tau_stc", "q_stc"), ("tau_sfa", "q_sfa")):
        lengths = [{len(each.value) for each in _several(values[name])} for name in (tau, q)]
        if len(lengths[0] | lengths[1]) > 1 or max(lengths[0]) > PARTS:
            raise errors.InvalidParameterValueError(
                f"{owner}: {tau} and {q} must have equally many values, at most {PARTS}"
            )
        if any(np.any(each.value <= 0) for each in _several(values[tau])):
            raise errors.InvalidParameterValueError(f"{owner}: {tau} must be positive")


_SOURCE = {"start": 0.0, "stop": FOREVER, "origin": 0.0}
_LASTING = {
    "start": lambda p: np.maximum(p["origin"] + p["start"] + p["_delay"], 0.0),
    "duration": lambda p: np.where(p["stop"] >= 1e300, np.inf, np.maximum(p["stop"] - p["start"], 0.0)),
}


def _relayed_times(p):
    """Spike times (ms) of each cell that pass the device and its parrot."""
    names = ("spike_times", "spike_multiplicities", "start", "stop", "origin")
    n = max(
        1 if isinstance(p[name], ArrayParameter) or np.ndim(p[name]) == 0 else len(p[name]) for name in names
    )

    def of_cell(name, cell):
        value = p[name]
        if isinstance(value, ArrayParameter):
            return value.value
        return (
            value[cell].value if isinstance(value, np.ndarray) and value.dtype == object else _at(value, cell)
        )

    sequences = []
    for cell in range(n):
        times, multiplicities, start, stop, origin = (of_cell(name, cell) for name in names)
        kept = (times > start) & (times <= stop)
        if len(multiplicities):
            times, kept = (
                np.repeat(times, multiplicities.astype(int)),
                np.repeat(kept, multiplicities.astype(int)),
            )
        sequences.append(Sequence(times[kept] + origin + p["_delay"]))
    return _alike(sequences)


def _at(value, cell):
    return value[cell] if np.ndim(value) else value


def _check_rate(owner, values, changed, cells):
    check_dead_time(owner, values["rate"], values["dead_time"])


def _check_shape(owner, values, changed, cells):
    shape = values["gamma_shape"]
    check_gamma(owner, shape, np.multiply(values["rate"], shape))


def _check_times(owner, values, changed, cells):
    if "spike_times" in changed:
        check_spike_times(owner, changed["spike_times"], cells)
    times, multiplicities = _several(values["spike_times"]), _several(values["spike_multiplicities"])
    if any(
        len(each.value) not in (0, len(times[k % len(times)].value)) for k, each in enumerate(multiplicities)
    ):
        raise errors.InvalidParameterValueError(
            f"{owner}: spike_multiplicities must be as many as there are spike_times, or none"
        )
    if any(np.any((each.value < 0) | (each.value != np.rint(each.value))) for each in multiplicities):
        raise errors.InvalidParameterValueError(
            f"{owner}: spike_multiplicities must be whole numbers from 0 on"
        )


CELLS = {
    "iaf_psc_exp": NativeCell(
        base=cells.IF_curr_exp,
        parameters=_IAF_PSC_SYN,
        engine={**_MEMBRANE, **_TAU_SYN, "tau_m": "tau_m"},
        states=_CURRENT_STATES,
        fixed={**_FIXED, "delta": 0.0},
        ignored={**_IGNORED, "rho": 0.01},
        below=_RESET,
    ),
    "iaf_psc_alpha": NativeCell(
        base=cells.IF_curr_alpha,
        parameters=_IAF_PSC_SYN,
        engine={**_MEMBRANE, **_TAU_SYN, "tau_m": "tau_m"},
        states=_CURRENT_STATES,
        fixed={**_FIXED, "V_min": -np.inf},
        ignored=_IGNORED,
        below=_RESET,
    ),
    "iaf_psc_delta": NativeCell(
        base=cells.IF_curr_delta,
        model=variants.IAF_PSC_DELTA,
        parameters={**_IAF_PSC, "V_min": LOWEST, "refractory_input": False},
        engine={**_MEMBRANE, "tau_m": "tau_m", "v_min": "V_min", "refractory_input": "refractory_input"},
        states={"V_m": ("v", 1.0, -70.0)},
        fixed=_FIXED,
        ignored=_IGNORED,
        below=_RESET,
    ),
    "iaf_cond_exp": NativeCell(
        base=cells.IF_cond_exp,
        parameters=_IAF_COND,
        engine={**_LEAK, **_CONDUCTANCES},
        states=_conductance_states(-70.0),
        fixed=_FIXED,
        ignored=_IGNORED,
        below=_RESET,
    ),
    "iaf_cond_alpha": NativeCell(
        base=cells.IF_cond_alpha,
        parameters=_IAF_COND,
        engine={**_LEAK, **_CONDUCTANCES},
        states=_conductance_states(-70.0),
        fixed={**_FIXED, **_SLOPES},
        ignored=_IGNORED,
        below=_RESET,
    ),
    "iaf_cond_exp_sfa_rr": NativeCell(
        base=cells.IF_cond_exp_gsfa_grr,
        parameters={
            "C_m": 289.5, "E_L": -70.0, "E_ex": 0.0, "E_in": -75.0, "E_rr": -70.0, "E_sfa": -70.0, "I_e": 0.0,
            "V_reset": -70.0, "V_th": -57.0, "g_L": 28.95, "q_rr": 3214.0, "q_sfa": 14.48, "t_ref": 0.5,
            "tau_rr": 1.97, "tau_sfa": 110.0, "tau_syn_ex": 1.5, "tau_syn_in": 10.0,
        },
        engine={
            **_LEAK, **_CONDUCTANCES,
            "tau_sfa": "tau_sfa", "e_rev_sfa": "E_sfa", "q_sfa": "q_sfa",
            "tau_rr": "tau_rr", "e_rev_rr": "E_rr", "q_rr": "q_rr",
        },
        states={**_conductance_states(-70.0), "g_sfa": ("g_s", 1.0, 0.0), "g_rr": ("g_r", 1.0, 0.0)},
        fixed=_FIXED,
        ignored=_IGNORED,
        below=_RESET,
        units={"q_rr": "nS", "q_sfa": "nS"},
    ),
    "aeif_cond_exp": NativeCell(
        base=cells.EIF_cond_exp_isfa_ista,
        parameters=_AEIF_COND,
        engine=_AEIF_ENGINE,
        states=_AEIF_STATES,
        fixed=_FIXED,
        ignored={**_IGNORED, "gsl_error_tol": 1e-6},
        below=(("V_reset", "V_peak"),),
        units=_AEIF_UNITS,
    ),
    "aeif_cond_alpha": NativeCell(
        base=cells.EIF_cond_alpha_isfa_ista,
        parameters=_AEIF_COND,
        engine=_AEIF_ENGINE,
        states=_AEIF_STATES,
        fixed={**_FIXED, **_SLOPES},
        ignored={**_IGNORED, "gsl_error_tol": 1e-6},
        below=(("V_reset", "V_peak"),),
        units=_AEIF_UNITS,
    ),
    "hh_cond_exp_traub": NativeCell(
        base=cells.HH_cond_exp,
        model=variants.HH_COND_EXP_TRAUB,
        parameters={
            "C_m": 200.0, "E_K": -90.0, "E_L": -60.0, "E_Na": 50.0, "E_ex": 0.0, "E_in": -80.0, "I_e": 0.0,
            "V_T": -63.0, "g_K": 6000.0, "g_L": 10.0, "g_Na": 20000.0, "t_ref": 2.0, "tau_syn_ex": 5.0,
            "tau_syn_in": 10.0,
        },
        engine={
            **_CONDUCTANCES,
            "gbar_Na": ("g_Na", 1e3), "gbar_K": ("g_K", 1e3), "g_leak": ("g_L", 1e3), "cm": ("C_m", 1e3),
            "v_offset": "V_T", "e_rev_Na": "E_Na", "e_rev_K": "E_K", "e_rev_leak": "E_L",
            "i_offset": ("I_e", 1e3), "tau_refrac": _clamp,
        },
        states={
            **_conductance_states(-60.0),
            "Act_m": ("m", 1.0, 9.895563096746586e-09),
            "Inact_h": ("h", 1.0, 0.999999999106396),
            "Act_n": ("n", 1.0, 2.551577051602551e-07),
        },
        fixed=_FIXED,
        ignored=_IGNORED,
    ),
    "izhikevich": NativeCell(
        base=cells.Izhikevich,
        model=variants.IZHIKEVICH,
        parameters={"I_e": 0.0, "a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0},
        engine={"a": "a", "b": "b", "c": "c", "d": "d", "i_offset": ("I_e", 1e3)},
        states={"V_m": ("v", 1.0, -65.0), "U_m": ("u", 1.0, -13.0)},
        fixed={**_FIXED, "V_min": LOWEST, "V_th": 30.0},
        ignored={**_IGNORED, "consistent_integration": True},
        below=cells.Izhikevich.below,
        units={"U_m": "mV/ms", "a": "/ms", "b": "/ms", "c": "mV", "d": "mV/ms"},
    ),
    "gif_cond_exp": NativeCell(
        base=cells.GIF_cond_exp,
        parameters={
            "C_m": 80.0, "Delta_V": 0.5, "E_L": -70.0, "E_ex": 0.0, "E_in": -85.0, "I_e": 0.0,
            "V_T_star": -35.0, "V_reset": -55.0, "g_L": 4.0, "lambda_0": 1.0, "q_sfa": Sequence([]),
            "q_stc": Sequence([]), "t_ref": 4.0, "tau_sfa": Sequence([]), "tau_stc": Sequence([]),
            "tau_syn_ex": 2.0, "tau_syn_in": 2.0,
        },
        engine={
            **{name: value for name, value in _LEAK.items() if name != "v_thresh"}, **_CONDUCTANCES,
            "delta_v": "Delta_V", "v_t_star": "V_T_star", "lambda0": "lambda_0",
            "tau_eta": _parts("tau_stc", without=1.0), "a_eta": _parts("q_stc", 1e3),
            "tau_gamma": _parts("tau_sfa", without=1.0), "a_gamma": _parts("q_sfa"),
        },
        states={
            **_conductance_states(-70.0),
            "E_sfa": ("v_t", 1.0, None),
            "I_stc": ("i_eta", 1e3, None),
        },
        fixed=_FIXED,
        ignored={**_IGNORED, "gsl_error_tol": 1e-3},
        units={"lambda_0": "/s", "Delta_V": "mV", "q_stc": "pA", "q_sfa": "mV"},
        check=_check_gif,
    ),
    "poisson_generator": NativeCell(
        base=cells.SpikeSourcePoisson,
        parameters={"rate": 0.0, **_SOURCE},
        engine={"rate": "rate", **_LASTING},
        is_relayed=True,
    ),
    "poisson_generator_ps": NativeCell(
        base=cells.SpikeSourcePoissonRefractory,
        parameters={"rate": 0.0, "dead_time": 0.0, **_SOURCE},
        engine={"rate": "rate", "tau_refrac": "dead_time", **_LASTING},
        check=_check_rate,
        is_relayed=True,
    ),
    "ppd_sup_generator": NativeCell(
        base=cells.SpikeSourcePoissonRefractory,
        parameters={"rate": 0.0, "dead_time": 0.0, **_SOURCE},
        engine={"rate": "rate", "tau_refrac": "dead_time", **_LASTING},
        fixed={"n_proc": 1, "frequency": 0.0},
        ignored={"relative_amplitude": 0.0},
        check=_check_rate,
        is_relayed=True,
    ),
    "gamma_sup_generator": NativeCell(
        base=cells.SpikeSourceGamma,
        parameters={"rate": 0.0, "gamma_shape": 1.0, **_SOURCE},
        engine={"alpha": "gamma_shape", "beta": lambda p: p["rate"] * p["gamma_shape"], **_LASTING},
        fixed={"n_proc": 1},
        check=_check_shape,
        is_relayed=True,
    ),
    "spike_generator": NativeCell(
        base=cells.SpikeSourceArray,
        parameters={"spike_times": Sequence([]), "spike_multiplicities": Sequence([]), **_SOURCE},
        engine={"spike_times": _relayed_times},
        ignored={
            "spike_weights": Sequence([]), "allow_offgrid_times": False, "precise_times": True,
        },
        check=_check_times,
        is_relayed=True,
    ),
}  # fmt: skip
