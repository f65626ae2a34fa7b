"""
One step of each kernel of the engine, in plain Python: the same methods, written down once more from their
descriptions, with no vectors, no constants computed beforehand and nothing taken from the package.

Each function takes the parameters of one cell, its state at t_k, both by name, what arrives at t_{k+1} and
the current that flows until then: (excitatory, inhibitory, nA), and dt. Those of point neurons take, too,
the names and the kinds of their receptors, in the order in which x has what arrives there. It returns
the state at t_{k+1} and whether the cell spikes there; or None where the kernel would take the step in parts.

Units: ms, mV, nF, nA, uS.
"""

import math

import numpy as np

SIDES = (("exc", "E", 0), ("inh", "I", 1))  # of a synaptic variable, of its parameters, of what arrives
TAYLOR_TOLERANCE = 1e-6  # mV, of the last two terms


def integral(f, start, end):
    """Of a smooth function, to rounding."""
    half = (end - start) / 2
    nodes, weights = np.polynomial.legendre.leggauss(12)
    return half * math.fsum(
        w * f(start + half * (1 + x)) for x, w in zip(nodes.tolist(), weights.tolist(), strict=True)
    )


def fire(p, s, free, dt):
    """Threshold, reset and refractory steps: (v, refractory), and whether there is a spike."""
    if s["_refractory"] > 0:
        return {"v": s["v"], "_refractory": s["_refractory"] - 1}, False
    if free >= p["v_thresh"]:
        return {"v": p["v_reset"], "_refractory": round(p["tau_refrac"] / dt)}, True
    return {"v": free, "_refractory": 0}, False


# --- current-based: exact ------------------------------------------------------------------------------


def driven(p, v, current, dt):
    """v after a step in which a current, a function of time, flows into the leaky membrane."""
    charge = integral(lambda t: math.exp(-(dt - t) / p["tau_m"]) * current(t), 0, dt)
    return p["v_rest"] + (v - p["v_rest"]) * math.exp(-dt / p["tau_m"]) + charge / p["cm"]


def exponential(p, s, x, dt, name):
    """Both synaptic variables of a name, as functions of the time since t_k, and at t_{k+1}."""
    shapes, after = [], {}
    for side, letter, k in SIDES:
        value, tau = s[f"{name}_{side}"], p[f"tau_syn_{letter}"]
        shapes.append(lambda t, value=value, tau=tau: value * math.exp(-t / tau))
        after[f"{name}_{side}"] = shapes[-1](dt) + x[k]
    return shapes, after


def alpha(p, s, x, dt, name, jump):
    """The same for alpha functions; an event of weight 1 adds `jump(tau)` to the slope."""
    shapes, after = [], {}
    for side, letter, k in SIDES:
        value, slope, tau = s[f"{name}_{side}"], s[f"_slope_{side}"], p[f"tau_syn_{letter}"]
        shapes.append(lambda t, value=value, slope=slope, tau=tau: (value + slope * t) * math.exp(-t / tau))
        after[f"{name}_{side}"] = shapes[-1](dt)
        after[f"_slope_{side}"] = slope * math.exp(-dt / tau) + jump(tau) * x[k]
    return shapes, after


def per_peak(tau):
    return math.e / tau


def iaf_psc(p, s, x, dt, synapses):
    (exc, inh), after = synapses
    free = driven(p, s["v"], lambda t: exc(t) + inh(t) + p["i_offset"] + x[2], dt)
    membrane, spiked = fire(p, s, free, dt)
    return after | membrane, spiked


def iaf_psc_exp(p, s, x, dt):
    return iaf_psc(p, s, x, dt, exponential(p, s, x, dt, "isyn"))


def iaf_psc_alpha(p, s, x, dt):
    return iaf_psc(p, s, x, dt, alpha(p, s, x, dt, "isyn", per_peak))


def iaf_psc_delta(p, s, x, dt):
    free = driven(p, s["v"], lambda t: p["i_offset"] + x[2], dt) + x[0] + x[1]
    return fire(p, s, free, dt)


# --- conductance-based: quadrature with three nodes, integrating factor --------------------------------


def relaxed(p, v, conductances, current, dt):
    """v after a step with conductances, pairs of a function of time and a reversal potential, and a current,
    a function of time."""
    leak = p["cm"] / p["tau_m"]

    def total(t):
        return leak + sum(g(t) for g, _ in conductances)

    def inward(t):
        return leak * p["v_rest"] + current(t) + sum(g(t) * e_rev for g, e_rev in conductances)

    def remains(t):
        """The factor by which a deviation from v_inf shrinks between t and the end of the step."""
        return math.exp(-integral(total, t, dt) / p["cm"])

    base = inward(dt / 2) / total(dt / 2)
    new = base + (v - base) * remains(0)
    for node, weight in ((-math.sqrt(3 / 5), 5 / 9), (0, 8 / 9), (math.sqrt(3 / 5), 5 / 9)):
        t = dt / 2 * (1 + node)
        new += weight * dt / 2 * remains(t) * (inward(t) - base * total(t)) / p["cm"]
    return new


def iaf_cond(p, s, x, dt, synapses):
    (exc, inh), after = synapses
    conductances = [(exc, p["e_rev_E"]), (inh, p["e_rev_I"])]
    free = relaxed(p, s["v"], conductances, lambda t: p["i_offset"] + x[2], dt)
    membrane, spiked = fire(p, s, free, dt)
    return after | membrane, spiked


def iaf_cond_exp(p, s, x, dt):
    return iaf_cond(p, s, x, dt, exponential(p, s, x, dt, "gsyn"))


def iaf_cond_alpha(p, s, x, dt):
    return iaf_cond(p, s, x, dt, alpha(p, s, x, dt, "gsyn", per_peak))


def iaf_facets_hardware(p, s, x, dt):
    fixed = {"cm": 0.2, "tau_m": 200 / p["g_leak"], "tau_refrac": 1.0, "e_rev_E": 0.0, "i_offset": 0.0}
    return iaf_cond_exp(p | fixed, s, x, dt)


def iaf_cond_exp_sfa_rr(p, s, x, dt):
    (exc, inh), after = exponential(p, s, x, dt, "gsyn")
    conductances = [(exc, p["e_rev_E"]), (inh, p["e_rev_I"])]
    for name in ("sfa", "rr"):
        conductances.append(
            (
                lambda t, g=s[f"g_{name[0]}"], tau=p[f"tau_{name}"]: 1e-3 * g * math.exp(-t / tau),
                p[f"e_rev_{name}"],
            )
        )
    free = relaxed(p, s["v"], conductances, lambda t: p["i_offset"] + x[2], dt)
    membrane, spiked = fire(p, s, free, dt)
    for name in ("sfa", "rr"):
        after[f"g_{name[0]}"] = s[f"g_{name[0]}"] * math.exp(-dt / p[f"tau_{name}"])
        after[f"g_{name[0]}"] += p[f"q_{name}"] if spiked else 0.0
    return after | membrane, spiked


def gif_cond_exp(p, s, x, dt):
    """Without random numbers: None where a spike is neither certain nor impossible."""
    (exc, inh), after = exponential(p, s, x, dt, "gsyn")

    def eta(t):
        return sum(s[f"_eta_{k}"] * math.exp(-t / p[f"tau_eta_{k}"]) for k in (1, 2, 3))

    def threshold(t):
        return p["v_t_star"] + sum(s[f"_gamma_{k}"] * math.exp(-t / p[f"tau_gamma_{k}"]) for k in (1, 2, 3))

    conductances = [(exc, p["e_rev_E"]), (inh, p["e_rev_I"])]
    free = relaxed(p, s["v"], conductances, lambda t: p["i_offset"] + x[2] - eta(t), dt)
    begin = (s["v"] - threshold(0)) / p["delta_v"]
    end = (free - threshold(dt)) / p["delta_v"]
    # Of the rate at its largest within the step; the mean is less by no more than a factor of end - begin.
    largest = max(begin, end) + math.log(1e-3 * p["lambda0"] * dt)
    waiting = s["_refractory"] > 0
    if not waiting and -30 < largest < 30:
        return None
    spiked = largest > 0 and not waiting
    v = s["v"] if waiting else p["v_reset"] if spiked else free
    wait = round(p["tau_refrac"] / dt) if spiked else max(s["_refractory"] - 1, 0)
    for name in ("eta", "gamma"):
        for k in (1, 2, 3):
            value = s[f"_{name}_{k}"] * math.exp(-dt / p[f"tau_{name}_{k}"])
            after[f"_{name}_{k}"] = value + (p[f"a_{name}_{k}"] if spiked else 0.0)
    after["i_eta"] = sum(after[f"_eta_{k}"] for k in (1, 2, 3))
    after["v_t"] = p["v_t_star"] + sum(after[f"_gamma_{k}"] for k in (1, 2, 3))
    return after | {"v": v, "_refractory": wait}, spiked


# --- Hodgkin-Huxley: Runge-Kutta of order 4 ------------------------------------------------------------


def linoid(x):
    """x/(exp(x) - 1) and its derivative."""
    d = math.expm1(x)
    return x / d, 1 / d - x * (d + 1) / d**2


def gate_rates(u):
    """Opening and closing rates of m, h and n (1/ms), each with its derivative by u."""
    (x, dx), (y, dy), (z, dz) = linoid((13 - u) / 4), linoid((u - 40) / 5), linoid((15 - u) / 5)
    e = math.exp((40 - u) / 5)
    alpha_h, beta_h, beta_n = 0.128 * math.exp((17 - u) / 18), 4 / (1 + e), 0.5 * math.exp((10 - u) / 40)
    return [
        (1.28 * x, -0.32 * dx),
        (1.4 * y, 0.28 * dy),
        (alpha_h, -alpha_h / 18),
        (beta_h, 4 * e / (5 * (1 + e) ** 2)),
        (0.16 * z, -0.032 * dz),
        (beta_n, -beta_n / 40),
    ]


def linear(rates, change):
    """Rates where u differs by `change` from where they and their derivatives were taken."""
    return [rate + slope * change for rate, slope in rates]


def gate_slopes(rates, gates):
    return [rates[2 * k] * (1 - gates[k]) - rates[2 * k + 1] * gates[k] for k in range(3)]


def hh_cond_exp(p, s, x, dt):
    (exc, inh), after = exponential(p, s, x, dt, "gsyn")

    def v_slope(v, m, h, n, t):
        current = p["gbar_Na"] * m**3 * h * (p["e_rev_Na"] - v) + p["gbar_K"] * n**4 * (p["e_rev_K"] - v)
        current += p["g_leak"] * (p["e_rev_leak"] - v) + p["i_offset"] + x[2]
        return (current + exc(t) * (p["e_rev_E"] - v) + inh(t) * (p["e_rev_I"] - v)) / p["cm"]

    def slopes(y, rates, t):
        return [v_slope(*y, t), *gate_slopes(rates, y[1:])]

    def moved(y, by, k):
        return [value + by * slope for value, slope in zip(y, k, strict=True)]

    start = [s["v"], s["m"], s["h"], s["n"]]
    if s["_part"] < 0:  # nothing is known of the step before
        begin = gate_slopes(linear(gate_rates(s["v"] - p["v_offset"]), 0), start[1:])
    else:
        begin = [s["_slope_m"], s["_slope_h"], s["_slope_n"]]
    k1 = [v_slope(*start, 0), *begin]
    y2 = moved(start, dt / 2, k1)
    middle = gate_rates(y2[0] - p["v_offset"])
    k2 = slopes(y2, linear(middle, 0), dt / 2)
    y3 = moved(start, dt / 2, k2)
    k3 = slopes(y3, linear(middle, y3[0] - y2[0]), dt / 2)
    y4 = moved(start, dt, k3)
    last = gate_rates(y4[0] - p["v_offset"])
    k4 = slopes(y4, linear(last, 0), dt)
    end = [y + dt / 6 * (a + 2 * b + 2 * c + d) for y, a, b, c, d in zip(start, k1, k2, k3, k4, strict=True)]
    k5 = gate_slopes(linear(last, end[0] - y4[0]), end[1:])
    after |= dict(zip(("v", "m", "h", "n"), end, strict=True))
    after |= dict(zip(("_slope_m", "_slope_h", "_slope_n"), k5, strict=True))
    return after, s["v"] < 10 <= end[0]


# --- Taylor series of order 8 --------------------------------------------------------------------------


def product(a, b):
    """The next coefficient of the product of two series, of as many coefficients each."""
    return sum(x * y for x, y in zip(a, reversed(b), strict=True))


def izhikevich(p, s, x, dt):
    v, u = [s["v"]], [s["u"]]
    for n in range(8):
        constant = 140 + 1000 * (p["i_offset"] + x[2]) if n == 0 else 0
        dv = 0.04 * product(v, v) + 5 * v[n] - u[n] + constant
        du = p["a"] * (p["b"] * v[n] - u[n])
        v.append(dv * dt / (n + 1))
        u.append(du * dt / (n + 1))
    if sum(v) >= 30 or abs(v[7]) + abs(v[8]) > TAYLOR_TOLERANCE:
        return None
    new_v, new_u = math.fsum(v) + x[0] + x[1], math.fsum(u)
    if new_v >= 30:
        return {"v": p["c"], "u": new_u + p["d"]}, True
    return {"v": new_v, "u": new_u}, False


def aeif(p, s, dt, conductances, i):
    """(v, w) after a step with conductances, pairs of a series and a reversal potential; or None."""
    waiting = s["_refractory"] > 0
    v, w = [s["v"]], [s["w"]]
    e = [math.exp((s["v"] - p["v_thresh"]) / p["delta_T"])]
    steep = []  # dv/dt
    leak = p["cm"] / p["tau_m"]
    for n in range(8):
        current = leak * ((p["v_rest"] if n == 0 else 0) - v[n] + p["delta_T"] * e[n]) - w[n]
        current += p["i_offset"] + i if n == 0 else 0
        for g, e_rev in conductances:
            current += g[n] * e_rev - product(g[: n + 1], v)
        steep.append(0.0 if waiting else current * dt / p["cm"])
        rest = p["v_rest"] if n == 0 else 0
        dw = (1e-3 * p["a"] * (v[n] - rest) - w[n]) * dt / p["tau_w"]
        e.append(product(steep, e) / p["delta_T"] / (n + 1))
        v.append(steep[n] / (n + 1))
        w.append(dw / (n + 1))
    small = abs(v[7]) + abs(v[8]) + dt * (abs(w[7]) + abs(w[8])) / p["cm"] <= TAYLOR_TOLERANCE
    if not small or (math.fsum(v) >= p["v_spike"] and not waiting):
        return None
    return {"v": math.fsum(v), "w": math.fsum(w), "_refractory": max(s["_refractory"] - 1, 0)}, False


def exponential_series(value, tau, dt):
    return [value * (-dt / tau) ** n / math.factorial(n) for n in range(8)]


def aeif_cond_exp(p, s, x, dt):
    g = [
        (exponential_series(s[f"gsyn_{side}"], p[f"tau_syn_{letter}"], dt), p[f"e_rev_{letter}"])
        for side, letter, _ in SIDES
    ]
    done = aeif(p, s, dt, g, x[2])
    _, after = exponential(p, s, x, dt, "gsyn")
    return done and (after | done[0], done[1])


def aeif_cond_alpha(p, s, x, dt):
    g = []
    for side, letter, _ in SIDES:
        tau = p[f"tau_syn_{letter}"]
        decay = exponential_series(s[f"gsyn_{side}"], tau, dt)
        growth = [0.0, *exponential_series(s[f"_slope_{side}"] * dt, tau, dt)[:7]]
        g.append(([a + b for a, b in zip(decay, growth, strict=True)], p[f"e_rev_{letter}"]))
    done = aeif(p, s, dt, g, x[2])
    _, after = alpha(p, s, x, dt, "gsyn", per_peak)
    return done and (after | done[0], done[1])


# --- point neurons: any receptors ----------------------------------------------------------------------


def peak_factor(rise, decay):
    """By which ysyn drives gsyn (1/ms): where gsyn is largest, 1, that balances its decay."""
    at = rise if rise == decay else math.log(decay / rise) / (1 / rise - 1 / decay)
    return math.exp(at / rise) / decay


def two_taus(p, name, kind):
    if kind == "cond_alpha":
        return p[f"{name}.tau_syn"], p[f"{name}.tau_syn"]
    return p[f"{name}.tau_rise"], p[f"{name}.tau_decay"]


def one_decay(p, s, name, kind):
    """What a receptor that decays with one time constant has: a conductance, or a current."""
    variable = f"{name}.isyn" if kind == "curr_exp" else f"{name}.gsyn"
    value, tau = s[variable], p[f"{name}.tau_syn"]
    return variable, lambda t: value * math.exp(-t / tau)


def rise_and_decay(p, s, name, kind):
    """gsyn and ysyn as functions of the time since t_k."""
    rise, decay = two_taus(p, name, kind)
    g, y, factor = s[f"{name}.gsyn"], s[f"{name}.ysyn"], peak_factor(rise, decay)

    def gsyn(t):
        z = t * (1 / rise - 1 / decay)
        risen = t * math.exp(-t / rise) * (math.expm1(z) / z if z else 1.0)
        return g * math.exp(-t / decay) + factor * y * risen

    return gsyn, lambda t: y * math.exp(-t / rise)


def all_receptors(p, s, x, dt, receptors):
    """Conductances with their reversal potentials, currents, both as functions of the time since t_k; and
    the receptors' variables at t_{k+1}."""
    conductances, currents, after = [], [], {}
    for (name, kind), arriving in zip(receptors, x[:-1], strict=True):
        if kind in ("curr_exp", "cond_exp"):
            variable, shape = one_decay(p, s, name, kind)
            after[variable] = shape(dt) + arriving
        else:
            shape, drive = rise_and_decay(p, s, name, kind)
            after |= {f"{name}.gsyn": shape(dt), f"{name}.ysyn": drive(dt) + arriving}
        if kind == "curr_exp":
            currents.append(shape)
        else:
            conductances.append((shape, p[f"{name}.e_syn"]))
    return conductances, currents, after


def point_lif(p, s, x, dt, receptors):
    conductances, currents, after = all_receptors(p, s, x, dt, receptors)

    def current(t):
        return p["i_offset"] + x[-1] + sum(i(t) for i in currents)

    if conductances:
        free = relaxed(p, s["v"], conductances, current, dt)
    else:
        free = driven(p, s["v"], current, dt)
    membrane, spiked = fire(p, s, free, dt)
    return after | membrane, spiked


def rising_series(p, s, dt, name, kind):
    """Of gsyn, term by term from its equation."""
    rise, decay = two_taus(p, name, kind)
    y, g = exponential_series(s[f"{name}.ysyn"], rise, dt), [s[f"{name}.gsyn"]]
    for n in range(7):
        g.append((peak_factor(rise, decay) * y[n] - g[n] / decay) * dt / (n + 1))
    return g


def point_adexp(p, s, x, dt, receptors):
    """With receptors that rise and decay."""
    g = [(rising_series(p, s, dt, name, kind), p[f"{name}.e_syn"]) for name, kind in receptors]
    done = aeif(p, s, dt, g, x[-1])
    _, _, after = all_receptors(p, s, x, dt, receptors)
    return done and (after | done[0], done[1])
