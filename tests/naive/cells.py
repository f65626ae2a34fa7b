"""
The cell types: the textbook equations of each, and from which ranges tests draw its parameters.

Units: ms, mV, nF, nA, uS. A cell's variables and parameters have PyNN's names; variables that begin with
"_" are not PyNN's. `y`, `p` are dictionaries of arrays over cells, `i` is the injected current (nA).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

# --- the slopes of all variables, per ms ---------------------------------------------------------------


def decay(y, p, name, tau):
    """An exponentially decaying variable."""
    return {name: -y[name] / p[tau]}


def alpha(y, p, name, tau):
    """An alpha function: the variable grows by what `_slope` says, and both decay."""
    slope = "_slope" + name[-4:]
    return {name: y[slope] - y[name] / p[tau], slope: -y[slope] / p[tau]}


def both(shape, y, p, name):
    """The slopes of the excitatory and the inhibitory synaptic variable, `name`_exc and `name`_inh."""
    return shape(y, p, f"{name}_exc", "tau_syn_E") | shape(y, p, f"{name}_inh", "tau_syn_I")


def leaky(y, p, i):
    return {"v": (p["v_rest"] - y["v"]) / p["tau_m"] + i / p["cm"]}


def if_curr_delta(y, p, i):
    return leaky(y, p, p["i_offset"] + i)


def if_curr_exp(y, p, i):
    i = y["isyn_exc"] + y["isyn_inh"] + p["i_offset"] + i
    return leaky(y, p, i) | both(decay, y, p, "isyn")


def if_curr_alpha(y, p, i):
    i = y["isyn_exc"] + y["isyn_inh"] + p["i_offset"] + i
    return leaky(y, p, i) | both(alpha, y, p, "isyn")


def synaptic_current(y, p):
    """Current (nA) through both synaptic conductances."""
    return y["gsyn_exc"] * (p["e_rev_E"] - y["v"]) + y["gsyn_inh"] * (p["e_rev_I"] - y["v"])


def if_cond_exp(y, p, i):
    return leaky(y, p, synaptic_current(y, p) + p["i_offset"] + i) | both(decay, y, p, "gsyn")


def if_cond_alpha(y, p, i):
    return leaky(y, p, synaptic_current(y, p) + p["i_offset"] + i) | both(alpha, y, p, "gsyn")


def if_cond_exp_gsfa_grr(y, p, i):
    """Muller et al. 2007; g_s and g_r are in nS."""
    i = i + 1e-3 * y["g_s"] * (p["e_rev_sfa"] - y["v"]) + 1e-3 * y["g_r"] * (p["e_rev_rr"] - y["v"])
    return if_cond_exp(y, p, i) | decay(y, p, "g_s", "tau_sfa") | decay(y, p, "g_r", "tau_rr")


def if_facets_hardware1(y, p, i):
    i = 1e-3 * p["g_leak"] * (p["v_rest"] - y["v"]) + synaptic_current(y, p | {"e_rev_E": 0.0}) + i
    return {"v": i / 0.2} | both(decay, y, p, "gsyn")


def gif_cond_exp(y, p, i):
    """Pozzorini et al. 2015."""
    i = i - (y["_eta_1"] + y["_eta_2"] + y["_eta_3"])
    slopes = if_cond_exp(y, p, i)
    for k in range(3):
        for name in ("eta", "gamma"):
            slopes[f"_{name}_{k + 1}"] = -y[f"_{name}_{k + 1}"] / p[f"tau_{name}"][..., k]
    return slopes


def gif_jump(y, p):
    return {"v": p["v_reset"]} | {
        f"_{name}_{k + 1}": y[f"_{name}_{k + 1}"] + p[f"a_{name}"][..., k]
        for name in ("eta", "gamma")
        for k in range(3)
    }


def gif_derived(y, p):
    return {
        "i_eta": y["_eta_1"] + y["_eta_2"] + y["_eta_3"],
        "v_t": p["v_t_star"] + y["_gamma_1"] + y["_gamma_2"] + y["_gamma_3"],
    }


def gif_log_rate(y, p):
    """The logarithm of the rate of spikes, in 1/ms."""
    return np.log(1e-3 * p["lambda0"]) + (y["v"] - gif_derived(y, p)["v_t"]) / p["delta_v"]


def linoid(x):
    """x/(exp(x) - 1)."""
    near = np.abs(x) < 1e-6
    return np.where(near, 1 - x / 2, x / np.expm1(np.where(near, 1.0, x)))


def hh_cond_exp(y, p, i):
    """Traub & Miles 1991, as in Brette et al. 2007, appendix 2, benchmark 3."""
    v, m, h, n = y["v"], y["m"], y["h"], y["n"]
    u = v - p["v_offset"]
    i_na = p["gbar_Na"] * m**3 * h * (p["e_rev_Na"] - v)
    i_k = p["gbar_K"] * n**4 * (p["e_rev_K"] - v)
    i_leak = p["g_leak"] * (p["e_rev_leak"] - v)
    i = i_na + i_k + i_leak + synaptic_current(y, p) + p["i_offset"] + i
    return {
        "v": i / p["cm"],
        "m": 0.32 * 4 * linoid((13 - u) / 4) * (1 - m) - 0.28 * 5 * linoid((u - 40) / 5) * m,
        "h": 0.128 * np.exp((17 - u) / 18) * (1 - h) - 4 / (1 + np.exp((40 - u) / 5)) * h,
        "n": 0.032 * 5 * linoid((15 - u) / 5) * (1 - n) - 0.5 * np.exp((10 - u) / 40) * n,
    } | both(decay, y, p, "gsyn")


def adaptive_exponential(y, p, i):
    """Brette & Gerstner 2005; the synapses are not in it. a is in nS."""
    v, w = y["v"], y["w"]
    delta = np.where(p["delta_T"] > 0, p["delta_T"], 1.0)
    exponential = p["delta_T"] * np.exp(np.minimum((v - p["v_thresh"]) / delta, 700.0))
    i = synaptic_current(y, p) + p["i_offset"] + i
    return {
        "v": (p["v_rest"] - v + exponential) / p["tau_m"] + (i - w) / p["cm"],
        "w": (1e-3 * p["a"] * (v - p["v_rest"]) - w) / p["tau_w"],
    }


def eif_cond_exp(y, p, i):
    return adaptive_exponential(y, p, i) | both(decay, y, p, "gsyn")


def eif_cond_alpha(y, p, i):
    return adaptive_exponential(y, p, i) | both(alpha, y, p, "gsyn")


def izhikevich(y, p, i):
    """Izhikevich 2003; currents as if the capacitance were 1 pF."""
    v, u = y["v"], y["u"]
    return {
        "v": 0.04 * v**2 + 5 * v + 140 - u + 1000 * (p["i_offset"] + i),
        "u": p["a"] * (p["b"] * v - u),
    }


def beta_peak(p, name):
    """The largest value of the difference of exponentials that `beta` is: where its slope is 0."""
    rise, fall = p[f"{name}.tau_rise"], p[f"{name}.tau_decay"]
    difference = 1 / rise - 1 / fall
    t = np.log(fall / rise) / difference
    return (np.exp(-t / fall) - np.exp(-t / rise)) / difference


def beta(y, p, name):
    """A conductance with a rise and a decay, for the receptor `name`; its peak is what ysyn was."""
    g, source = y[f"{name}.gsyn"], y[f"{name}.ysyn"]
    return {
        f"{name}.gsyn": source / beta_peak(p, name) - g / p[f"{name}.tau_decay"],
        f"{name}.ysyn": -source / p[f"{name}.tau_rise"],
    }


def alpha_conductance(y, p, name):
    """An alpha function of the receptor `name`; its peak is what ysyn was."""
    g, source, tau = y[f"{name}.gsyn"], y[f"{name}.ysyn"], p[f"{name}.tau_syn"]
    return {f"{name}.gsyn": (np.e * source - g) / tau, f"{name}.ysyn": -source / tau}


def curr_exp(y, p, name):
    """The current (nA) of a receptor of a point neuron, and the slopes of its variables."""
    return y[f"{name}.isyn"], decay(y, p, f"{name}.isyn", f"{name}.tau_syn")


def through_conductance(shape, y, p, name):
    """The same, of a conductance whose slopes are `shape`."""
    return y[f"{name}.gsyn"] * (p[f"{name}.e_syn"] - y["v"]), shape(y, p, name)


def cond_exp(y, p, name):
    return through_conductance(lambda y, p, name: decay(y, p, f"{name}.gsyn", f"{name}.tau_syn"), y, p, name)


def cond_alpha(y, p, name):
    return through_conductance(alpha_conductance, y, p, name)


def cond_beta(y, p, name):
    return through_conductance(beta, y, p, name)


def lif(y, p, i):
    return leaky(y, p, p["i_offset"] + i)


def adexp(y, p, i):
    """The adaptive exponential neuron with all synaptic currents in `i`."""
    no_synapses = {"gsyn_exc": 0.0, "gsyn_inh": 0.0}
    no_reversal = {"e_rev_E": 0.0, "e_rev_I": 0.0}
    return adaptive_exponential(y | no_synapses, p | no_reversal, i)


# --- what arrives --------------------------------------------------------------------------------------


def into(name):
    """A spike adds its weight to a variable."""
    return {r: lambda w, p, v=f"{name}_{r[:3]}": (v, w) for r in ("excitatory", "inhibitory")}


def into_slope():
    """A spike begins an alpha function whose peak is its weight."""
    return {
        "excitatory": lambda w, p: ("_slope_exc", w * np.e / p["tau_syn_E"]),
        "inhibitory": lambda w, p: ("_slope_inh", w * np.e / p["tau_syn_I"]),
    }


def into_v():
    """A spike adds its weight to v."""
    return {r: lambda w, p: ("v", w) for r in ("excitatory", "inhibitory")}


# --- cell types ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CellType:
    """A cell type.

    slope       function(y, p, i) -> the slope of every variable, per ms
    variables   initial values, by name
    arrival     by receptor: function(weight, p) -> (variable that jumps, by how much)
    ranges      from which tests draw parameters, by name; of arrays, where the limits are arrays
    weight      the largest weight that tests draw for an excitatory and an inhibitory synapse
    initial     from which tests draw initial values of the variables, by name
    start       initial values of the variables that tests don't draw, where not as in `variables`
    current     nA: the largest that tests inject
    linear      whether the slope is a linear function of the variables: then steps are exact
    threshold   function(p) -> mV, for each cell: a spike is v at or above it, or, where nothing jumps,
                v rising through it
    jump        function(y, p) -> what variables become by a spike; None: it changes nothing
    refractory  function(p) -> ms for which v stays where it is after a spike, to the nearest step
    log_rate    function(y, p) -> the logarithm of the rate of spikes (1/ms) where these are random; it is
                taken to be linear within a step
    noise       the name of its random numbers
    derived     function(y, p) -> what else can be recorded, by name; `recorded` are the names
    within      whether variables jump when v reaches the threshold, within a step; else at its end
    tolerance   mV: how far v may be from the package's
    tie         mV: v nearer than this to the threshold may or may not be a spike in the package
    timing      ms: how much earlier or later than here the package may be, where spikes have no reset
                that would forget small errors, or have it within a step
    smallest_cm nF: the smallest capacitance, where that is no parameter
    """

    slope: Callable
    variables: dict[str, float]
    arrival: dict[str, Callable]
    ranges: dict[str, tuple]
    weight: tuple[float, float]
    initial: dict[str, tuple[float, float]]
    start: dict[str, float] = field(default_factory=dict)
    current: float = 1.0
    linear: bool = True
    threshold: Callable = lambda p: p["v_thresh"]
    jump: Callable | None = lambda y, p: {"v": p["v_reset"]}
    refractory: Callable = lambda p: p["tau_refrac"]
    log_rate: Callable | None = None
    noise: str = ""
    derived: Callable = lambda y, p: {}
    recorded: tuple[str, ...] = ()
    within: bool = False
    tolerance: float = 1e-9
    tie: float = 1e-7
    timing: float = 0.0
    smallest_cm: float = 0.0

    @property
    def least_capacitance(self):
        """nF, of the cells that tests draw."""
        return self.ranges["cm"][0] if "cm" in self.ranges else self.smallest_cm

    @property
    def recordable(self):
        """The names of all that can be recorded."""
        return tuple(name for name in self.variables if not name.startswith("_")) + self.recorded


MEMBRANE = {
    "v_rest": (-70.0, -60.0),
    "cm": (0.1, 1.0),
    "tau_m": (5.0, 20.0),
    "tau_refrac": (0.0, 4.0),
    "v_thresh": (-56.0, -50.0),
    "v_reset": (-75.0, -60.0),
    "i_offset": (0.0, 1.0),
}
SYNAPSES = {"tau_syn_E": (0.5, 10.0), "tau_syn_I": (0.5, 10.0)}
REVERSAL = {"e_rev_E": (-10.0, 10.0), "e_rev_I": (-85.0, -70.0)}
ISYN = {"isyn_exc": 0.0, "isyn_inh": 0.0}
GSYN = {"gsyn_exc": 0.0, "gsyn_inh": 0.0}
SLOPES = {"_slope_exc": 0.0, "_slope_inh": 0.0}

ADAPTIVE = {
    "cm": (0.15, 0.4), "tau_refrac": (0.0, 4.0), "v_spike": (-42.0, -30.0), "v_reset": (-75.0, -55.0),
    "v_rest": (-72.0, -65.0), "tau_m": (5.0, 20.0), "i_offset": (0.0, 1.0), "a": (0.0, 8.0),
    "b": (0.0, 0.1), "delta_T": (0.5, 3.0), "tau_w": (20.0, 200.0), "v_thresh": (-55.0, -48.0),
}  # fmt: skip
JUMPS_WITHIN = {
    "linear": False, "within": True, "threshold": lambda p: p["v_spike"],
    "jump": lambda y, p: {"v": p["v_reset"], "w": y["w"] + p["b"]},
    "tolerance": 5e-5, "tie": 1e-3, "timing": 1e-5,
}  # fmt: skip

FROM_V = {"v": (-75.0, -57.0)}
FROM_I = {"isyn_exc": (0.0, 0.5), "isyn_inh": (0.0, 0.5)}
FROM_G = {"gsyn_exc": (0.0, 0.02), "gsyn_inh": (0.0, 0.02)}
FROM_W = {"w": (0.0, 0.2)}

# --- point neurons -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Receptor:
    """A kind of receptors of point neurons.

    current     function(y, p, name of the receptor) -> (nA, slopes of its variables)
    variables   their names; a spike adds its weight to the last one
    ranges      from which tests draw parameters, by name
    weight      the largest weight that tests draw for the first and for the second receptor of a neuron
    initial     from which tests draw initial values of all variables, likewise
    """

    current: Callable
    variables: tuple[str, ...]
    ranges: dict[str, tuple]
    weight: tuple[float, float]
    initial: tuple[tuple[float, float], tuple[float, float]]


TAU_SYN, E_SYN = {"tau_syn": (0.5, 10.0)}, {"e_syn": (-10.0, 10.0)}
FROM_CONDUCTANCES = (0.0, 0.02), (0.0, 0.02)
RECEPTORS = {
    "CurrExp": Receptor(curr_exp, ("isyn",), TAU_SYN, (3.0, -3.0), ((0.0, 0.5), (-0.5, 0.0))),
    "CondExp": Receptor(cond_exp, ("gsyn",), E_SYN | TAU_SYN, (0.1, 0.1), FROM_CONDUCTANCES),
    "CondAlpha": Receptor(cond_alpha, ("gsyn", "ysyn"), E_SYN | TAU_SYN, (0.05, 0.05), FROM_CONDUCTANCES),
    "CondBeta": Receptor(
        cond_beta, ("gsyn", "ysyn"), E_SYN | {"tau_rise": (0.2, 2.0), "tau_decay": (3.0, 9.0)},
        (0.1, 0.1), FROM_CONDUCTANCES,
    ),
}  # fmt: skip
NAMES_OF_RECEPTORS = ("excitatory", "inhibitory", "third", "fourth")


def point_neuron(neuron, *kinds):
    """The CellType of a PointNeuron: a LIF or an AdExp with receptors of some kinds."""
    named = dict(zip(NAMES_OF_RECEPTORS, (RECEPTORS[kind] for kind in kinds), strict=False))
    membrane, v, ranges, initial = {
        "LIF": (lif, {"v": -65.0}, MEMBRANE, FROM_V),
        "AdExp": (adexp, {"v": -70.6, "w": 0.0}, ADAPTIVE, FROM_V | FROM_W),
    }[neuron]
    linear = neuron == "LIF" and set(kinds) == {"CurrExp"}
    accuracy = {} if linear else {"linear": False, "tolerance": 1e-6, "tie": 1e-4}

    def slope(y, p, i):
        slopes = {}
        for name, receptor in named.items():
            current, own = receptor.current(y, p, name)
            i, slopes = i + current, slopes | own
        return membrane(y, p, i) | slopes

    def arrival(name, receptor):
        return lambda w, p: (f"{name}.{receptor.variables[-1]}", w)

    return CellType(
        slope,
        v | {f"{name}.{variable}": 0.0 for name, r in named.items() for variable in r.variables},
        {name: arrival(name, r) for name, r in named.items()},
        ranges | {f"{name}.{key}": limits for name, r in named.items() for key, limits in r.ranges.items()},
        tuple(r.weight[min(k, 1)] for k, r in enumerate(named.values())),
        initial | {
            f"{name}.{variable}": r.initial[min(k, 1)]
            for k, (name, r) in enumerate(named.items()) for variable in r.variables
        },
        **(JUMPS_WITHIN if neuron == "AdExp" else accuracy),
    )  # fmt: skip


# --- the table -----------------------------------------------------------------------------------------

# A "PointNeuron A B C ..." is a neuron A with receptors of the kinds B, C and so on, of NAMES_OF_RECEPTORS;
# "OwnIF" is made with the package's way to add a cell type.
POINT_NEURONS = (
    "LIF CurrExp CurrExp",
    "LIF CondBeta CurrExp",
    "LIF CondExp CondAlpha CondBeta CurrExp",
    "AdExp CondBeta CurrExp",
    "AdExp CondBeta CondBeta CondBeta",
    "AdExp CondAlpha CondAlpha CondAlpha",
)
CELLS = {
    "IF_curr_delta": CellType(if_curr_delta, {"v": -65.0}, into_v(), MEMBRANE, (8.0, -8.0), FROM_V),
    "IF_curr_exp": CellType(
        if_curr_exp, {"v": -65.0} | ISYN, into("isyn"), MEMBRANE | SYNAPSES, (3.0, -3.0), FROM_V | FROM_I
    ),
    "IF_curr_alpha": CellType(
        if_curr_alpha, {"v": -65.0} | ISYN | SLOPES, into_slope(), MEMBRANE | SYNAPSES, (2.0, -2.0),
        FROM_V | FROM_I,
    ),
    "IF_cond_exp": CellType(
        if_cond_exp, {"v": -65.0} | GSYN, into("gsyn"), MEMBRANE | SYNAPSES | REVERSAL, (0.1, 0.1),
        FROM_V | FROM_G, linear=False, tolerance=1e-7, tie=1e-5,
    ),
    "IF_cond_alpha": CellType(
        if_cond_alpha, {"v": -65.0} | GSYN | SLOPES, into_slope(), MEMBRANE | SYNAPSES | REVERSAL,
        (0.05, 0.05), FROM_V | FROM_G, linear=False, tolerance=1e-7, tie=1e-5,
    ),
    "HH_cond_exp": CellType(
        hh_cond_exp,
        {"v": -65.0, "m": 0.0, "h": 1.0, "n": 0.0} | GSYN,
        into("gsyn"),
        {
            "gbar_Na": (15.0, 25.0), "gbar_K": (5.0, 8.0), "g_leak": (0.005, 0.02), "cm": (0.15, 0.3),
            "v_offset": (-64.0, -60.0), "e_rev_Na": (45.0, 55.0), "e_rev_K": (-95.0, -85.0),
            "e_rev_leak": (-68.0, -62.0), "i_offset": (0.0, 2.0),
        } | SYNAPSES | REVERSAL,
        (0.1, 0.1),
        FROM_V | {"m": (0.02, 0.1), "h": (0.4, 0.9), "n": (0.2, 0.5)} | FROM_G,
        {"m": 0.05, "h": 0.6, "n": 0.3},
        linear=False, threshold=lambda p: np.full_like(p["cm"], 10.0), jump=None,
        tolerance=0.05, tie=0.05, timing=0.005,
    ),
    "IF_cond_exp_gsfa_grr": CellType(
        if_cond_exp_gsfa_grr, {"v": -65.0, "g_s": 0.0, "g_r": 0.0} | GSYN, into("gsyn"),
        MEMBRANE | SYNAPSES | REVERSAL | {
            "tau_sfa": (20.0, 200.0), "e_rev_sfa": (-80.0, -65.0), "q_sfa": (0.0, 30.0),
            "tau_rr": (1.0, 5.0), "e_rev_rr": (-80.0, -65.0), "q_rr": (0.0, 3000.0),
        },
        (0.1, 0.1), FROM_V | FROM_G | {"g_s": (0.0, 20.0), "g_r": (0.0, 1000.0)},
        linear=False,
        jump=lambda y, p: {"v": p["v_reset"], "g_s": y["g_s"] + p["q_sfa"], "g_r": y["g_r"] + p["q_rr"]},
        tolerance=1e-6, tie=1e-4,
    ),
    "IF_facets_hardware1": CellType(
        if_facets_hardware1, {"v": -65.0} | GSYN, into("gsyn"),
        SYNAPSES | {
            "g_leak": (10.0, 60.0), "v_rest": (-70.0, -60.0), "v_thresh": (-56.0, -50.0),
            "v_reset": (-80.0, -65.0), "e_rev_I": (-85.0, -70.0),
        },
        (0.05, 0.05), FROM_V | FROM_G, linear=False, refractory=lambda p: 1.0, tolerance=1e-6, tie=1e-4,
        smallest_cm=0.2,
    ),
    "GIF_cond_exp": CellType(
        gif_cond_exp,
        {"v": -65.0} | GSYN | {f"_{name}_{k}": 0.0 for name in ("eta", "gamma") for k in (1, 2, 3)},
        into("gsyn"),
        {name: limits for name, limits in MEMBRANE.items() if name != "v_thresh"} | SYNAPSES | REVERSAL | {
            "delta_v": (0.5, 3.0), "v_t_star": (-58.0, -50.0), "lambda0": (10.0, 1000.0),
            "tau_eta": ([0.5, 5.0, 50.0], [2.0, 20.0, 200.0]), "a_eta": ([-0.1] * 3, [0.4] * 3),
            "tau_gamma": ([0.5, 5.0, 50.0], [2.0, 20.0, 200.0]), "a_gamma": ([-1.0] * 3, [5.0] * 3),
        },
        (0.1, 0.1), FROM_V | FROM_G, linear=False, threshold=lambda p: np.full_like(p["cm"], np.inf),
        jump=gif_jump, log_rate=gif_log_rate, noise="gif_cond_exp", derived=gif_derived,
        recorded=("i_eta", "v_t"),
        tolerance=1e-6, tie=1e-4,
    ),
    "EIF_cond_exp_isfa_ista": CellType(
        eif_cond_exp, {"v": -70.6, "w": 0.0} | GSYN, into("gsyn"), ADAPTIVE | SYNAPSES | REVERSAL, (0.1, 0.1),
        FROM_V | FROM_W | FROM_G, **JUMPS_WITHIN,
    ),
    "EIF_cond_alpha_isfa_ista": CellType(
        eif_cond_alpha, {"v": -70.6, "w": 0.0} | GSYN | SLOPES, into_slope(), ADAPTIVE | SYNAPSES | REVERSAL,
        (0.05, 0.05), FROM_V | FROM_W | FROM_G, **JUMPS_WITHIN,
    ),
    "Izhikevich": CellType(
        izhikevich, {"v": -70.0, "u": -14.0}, into_v(),
        {
            "a": (0.01, 0.1), "b": (0.15, 0.3), "c": (-70.0, -45.0), "d": (0.0, 8.0),
            "i_offset": (0.0, 0.02),
        },
        (15.0, -15.0), {"v": (-75.0, -57.0), "u": (-16.0, -8.0)},
        current=0.02, linear=False, threshold=lambda p: np.full_like(p["c"], 30.0),
        jump=lambda y, p: {"v": p["c"], "u": y["u"] + p["d"]}, refractory=lambda p: 0.0, within=True,
        tolerance=1e-5, tie=1e-4, timing=1e-6, smallest_cm=0.001,
    ),
    "OwnIF": CellType(
        if_curr_exp, {"v": -65.0} | ISYN, into("isyn"), MEMBRANE | SYNAPSES, (3.0, -3.0), FROM_V | FROM_I
    ),
} | {f"PointNeuron {parts}": point_neuron(*parts.split()) for parts in POINT_NEURONS}  # fmt: skip
