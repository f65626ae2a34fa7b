"""
Neural masses: models of whole populations or regions, as cell types from equations.

Each has the equations, the names and the defaults of neurolib 0.6.2 (Cakan, Jajcay & Obermayer 2021,
Cognitive Computation 15, 1132), where that has the model, and is solved as there: by explicit Euler steps,
in which noise is an Ornstein-Uhlenbeck process that is advanced beside the others. A cell transmits one
variable; what a `ConnectomeConnector` brings ends at "network". Classes are made when they are asked for.
"""

from dataclasses import replace

from .models import Neuron, Synapse

_MADE: dict[str, type] = {}


def _noise(*names):
    """Ornstein-Uhlenbeck processes: dx = (mean - x) dt / tau + sigma dW for each name."""
    return "".join(
        f"d{name}_ou/dt = ({name}_ou_mean - {name}_ou) / tau_ou + sigma_ou * Normal(0, 1) / sqrt(dt) "
        f": explicit\n"
        for name in names
    )


def _noise_parameters(*names):
    return {"tau_ou": 5.0, "sigma_ou": 0.0} | {f"{name}_ou_mean": 0.0 for name in names}


# By name: description, parameters, equations, the variable that is transmitted, functions.
MODELS = {
    "Hopf": (
        """The normal form of a Hopf bifurcation (Stuart-Landau oscillator; Deco et al. 2017, Scientific
        Reports 7, 3095, equation 3).

        a                  bifurcation parameter: oscillates above 0
        w                  angular frequency, 1/ms
        x_ext, y_ext       external input
        tau_ou, sigma_ou   time constant (ms) and size of the noise; x_ou_mean, y_ou_mean its means""",
        {"a": 0.25, "w": 0.2, "x_ext": 0.0, "y_ext": 0.0, **_noise_parameters("x", "y")},
        """
        dx/dt = (a - x^2 - y^2) * x - w * y + sum(network) + x_ou + x_ext : explicit
        dy/dt = (a - x^2 - y^2) * y + w * x + y_ou + y_ext : explicit
        """
        + _noise("x", "y"),
        "x",
        None,
    ),
    "FitzHughNagumo": (
        """FitzHugh and Nagumo's oscillator, with the parameters of Kostova, Ravindran & Schonbek (2004),
        Int. J. Bifurcation and Chaos 14, 913.

        alpha, beta, gamma   coefficients of x^3 (negative), x^2 and x
        delta, epsilon, tau  of the recovery: offset, decay, time constant (ms)
        x_ext, y_ext         external input
        tau_ou, sigma_ou     time constant (ms) and size of the noise; x_ou_mean, y_ou_mean its means""",
        {
            "alpha": 3.0, "beta": 4.0, "gamma": -1.5, "delta": 0.0, "epsilon": 0.5, "tau": 20.0,
            "x_ext": 1.0, "y_ext": 0.0, **_noise_parameters("x", "y"),
        },
        """
        dx/dt = -alpha * x^3 + beta * x^2 + gamma * x - y + sum(network) + x_ou + x_ext : explicit
        dy/dt = (x - delta - epsilon * y) / tau + y_ou + y_ext : explicit
        """
        + _noise("x", "y"),
        "x",
        None,
    ),
    "WilsonCowan": (
        """An excitatory and an inhibitory population (Wilson & Cowan 1972, Biophysical J. 12, 1; with the
        parameters of Papadopoulos et al. 2020, PLoS Comput. Biol. 16, e1008144).

        tau_exc, tau_inh     time constants, ms
        c_excexc ...         local coupling: c_excinh is from exc to inh
        a_exc, mu_exc ...    gain and threshold of the sigmoids
        exc_ext, inh_ext     external input
        tau_ou, sigma_ou     time constant (ms) and size of the noise; exc_ou_mean, inh_ou_mean its means""",
        {
            "tau_exc": 2.5, "tau_inh": 3.75, "c_excexc": 16.0, "c_excinh": 15.0, "c_inhexc": 12.0,
            "c_inhinh": 3.0, "a_exc": 1.5, "a_inh": 1.5, "mu_exc": 3.0, "mu_inh": 3.0,
            "exc_ext": 0.0, "inh_ext": 0.0, **_noise_parameters("exc", "inh"),
        },
        """
        to_exc = c_excexc * exc - c_inhexc * inh + sum(network) + exc_ext
        to_inh = c_excinh * exc - c_inhinh * inh + inh_ext
        tau_exc * dexc/dt = -exc + (1 - exc) * S(to_exc, a_exc, mu_exc) + exc_ou : explicit
        tau_inh * dinh/dt = -inh + (1 - inh) * S(to_inh, a_inh, mu_inh) + inh_ou : explicit
        """
        + _noise("exc", "inh"),
        "exc",
        "S(x, a, mu) = 1 / (1 + exp(-a * (x - mu)))",
    ),
    "WongWang": (
        """An excitatory and an inhibitory population with NMDA and GABA synapses (Wong & Wang 2006,
        J. Neurosci. 26, 1314; Deco et al. 2014, J. Neurosci. 34, 7886, equations 5 to 10).

        a, b, d              of the transfer functions: 1/nC, kHz, ms
        tau, gamma_exc       decay (ms) of open synapses, and how rates open them
        w, current           share and size of the external current, nA
        J_NMDA, J_I, w_ee    strengths: of excitation (nA), of inhibition (nA), of excitation in the node
        tau_ou, sigma_ou     time constant (ms) and size of the noise; exc_ou_mean, inh_ou_mean its means

        Transmits se, the share of open excitatory synapses; r_exc and r_inh are rates in kHz. neurolib 0.6.2
        has a parameter tau_inh, but uses tau_exc in its place: with tau_inh=100 results are the same.""",
        {
            "a_exc": 0.31, "b_exc": 0.125, "d_exc": 160.0, "tau_exc": 100.0, "gamma_exc": 0.641, "w_exc": 1.0,
            "exc_current": 0.382, "a_inh": 0.615, "b_inh": 0.177, "d_inh": 87.0, "tau_inh": 10.0,
            "w_inh": 0.7, "inh_current": 0.382, "J_NMDA": 0.15, "J_I": 1.0, "w_ee": 1.4,
            **_noise_parameters("exc", "inh"),
        },
        """
        I_exc = w_exc * exc_current + w_ee * J_NMDA * se - J_I * si + J_NMDA * sum(network)
        I_inh = w_inh * inh_current + J_NMDA * se - si
        r_exc = H(a_exc * I_exc - b_exc, d_exc)
        r_inh = H(a_inh * I_inh - b_inh, d_inh)
        dse/dt = -se / tau_exc + (1 - se) * gamma_exc * r_exc + exc_ou : explicit
        dsi/dt = -si / tau_inh + r_inh + inh_ou : explicit
        """
        + _noise("exc", "inh"),
        "se",
        "H(x, d) = x / (1 - exp(-d * x))",
    ),
    "ReducedWongWang": (
        """One population with NMDA synapses (Deco et al. 2013, J. Neurosci. 33, 11239, equations 8 to 10).

        a, b, d              of the transfer function: 1/nC, kHz, ms
        tau, gamma           decay (ms) of open synapses, and how rates open them
        w, J, exc_current    recurrent share, strength (nA), external current (nA)
        tau_ou, sigma_ou     time constant (ms) and size of the noise; exc_ou_mean its mean

        Transmits s, the share of open synapses; r is a rate in kHz.""",
        {
            "a": 0.27, "b": 0.108, "d": 154.0, "tau": 100.0, "gamma": 0.641, "w": 0.6, "J": 0.2609,
            "exc_current": 0.33, **_noise_parameters("exc"),
        },
        """
        I = w * J * s + J * sum(network) + exc_current
        r = H(a * I - b, d)
        ds/dt = -s / tau + (1 - s) * gamma * r + exc_ou : explicit
        """
        + _noise("exc"),
        "s",
        "H(x, d) = x / (1 - exp(-d * x))",
    ),
    "Kuramoto": (
        """A phase that advances (Kuramoto 1984, Chemical Oscillations, Waves, and Turbulence, chapter 5).
        Connect with `KuramotoCoupling`: each connection brings w sin(theta of the source - theta).

        omega, theta_ext     frequency and external input, rad/ms
        tau_ou, sigma_ou     time constant (ms) and size of the noise; theta_ou_mean its mean""",
        {"omega": 0.06283185307179587, "theta_ext": 0.0, **_noise_parameters("theta")},
        """
        dtheta/dt = omega + sum(network) + theta_ou + theta_ext : explicit
        """
        + _noise("theta"),
        "theta",
        None,
    ),
    "JansenRit": (
        """A cortical column: pyramidal cells, excitatory and inhibitory interneurons (Jansen & Rit 1995,
        Biol. Cybernetics 73, 357, equations 6).

        A, B                 largest postsynaptic potentials, mV
        a, b                 inverse time constants, 1/ms
        C1, C2, C3, C4       numbers of synapses
        e0, v0, r_sigmoid    half of the largest rate (kHz), potential at it (mV), steepness (1/mV)
        p                    rate of the input, kHz
        tau_ou, sigma_ou     time constant (ms) and size of its noise; p_ou_mean its mean

        Transmits r, the rate of the pyramidal cells (kHz); eeg = y1 - y2 is what is measured (mV).""",
        {
            "A": 3.25, "B": 22.0, "a": 0.1, "b": 0.05, "C1": 135.0, "C2": 108.0, "C3": 33.75, "C4": 33.75,
            "e0": 0.0025, "v0": 6.0, "r_sigmoid": 0.56, "p": 0.22, **_noise_parameters("p"),
        },
        """
        input = p + p_ou + sum(network)
        dy0/dt = y3 : explicit
        dy1/dt = y4 : explicit
        dy2/dt = y5 : explicit
        dy3/dt = A * a * S(y1 - y2, e0, v0, r_sigmoid) - 2 * a * y3 - a^2 * y0 : explicit
        dy4/dt = A * a * (input + C2 * S(C1 * y0, e0, v0, r_sigmoid)) - 2 * a * y4 - a^2 * y1 : explicit
        dy5/dt = B * b * C4 * S(C3 * y0, e0, v0, r_sigmoid) - 2 * b * y5 - b^2 * y2 : explicit
        """
        + _noise("p")
        + """
        eeg = y1 - y2
        r = S(y1 - y2, e0, v0, r_sigmoid)
        """,
        "r",
        "S(v, e, u, k) = 2 * e / (1 + exp(k * (u - v)))",
    ),
}  # fmt: skip


def _model(name):
    description, parameters, equations, transmitted, functions = MODELS[name]
    model = Neuron(
        parameters=parameters, equations=equations, functions=functions, name=name, description=description
    )
    model.transmits, model.model = transmitted, replace(model.model, transmits=transmitted)
    model.is_standard = False
    return model


def _kuramoto_coupling():
    return Synapse(
        psp="w * sin(pre.theta - post.theta)",
        name="KuramotoCoupling",
        description="Each connection brings w sin(theta of the source - theta of the target).",
    )


NAMES = (*MODELS, "KuramotoCoupling")


def __getattr__(name):
    """A model, by its name."""
    if name not in NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in _MADE:
        _MADE[name] = _kuramoto_coupling() if name == "KuramotoCoupling" else _model(name)
    return _MADE[name]
