"""
Synapses that change, each read word by word from docs/models.md: the state after any number of spikes is
worked out from all spikes there have been.

Times are in ms, and lists of spikes in the order of time.
"""

import numpy as np
from scipy.linalg import expm

# --- plasticity -------------------------------------------------------------------------------------------


def rise_and_fall(dependence, p, w):
    """Sizes of a rise and of a fall of the weight, for amplitudes and traces of 1, under SpikePairRule."""
    width = p["w_max"] - p["w_min"]
    above, below = max((p["w_max"] - w) / width, 0.0), max((w - p["w_min"]) / width, 0.0)
    if dependence == "AdditiveWeightDependence":
        return p["w_max"], p["w_max"]
    if dependence == "MultiplicativeWeightDependence":
        return p["w_max"] - w, w - p["w_min"]
    if dependence == "AdditivePotentiationMultiplicativeDepression":
        return p["w_max"], w - p["w_min"]
    return width * above ** p["mu_plus"], width * below ** p["mu_minus"]


def fractions(dependence, p, w):
    """The same as fractions, for Vogels2011Rule."""
    width = p["w_max"] - p["w_min"]
    above, below = max((p["w_max"] - w) / width, 0.0), max((w - p["w_min"]) / width, 0.0)
    return {
        "AdditiveWeightDependence": (1.0, 1.0),
        "MultiplicativeWeightDependence": (above, below),
        "AdditivePotentiationMultiplicativeDepression": (1.0, below),
        "GutigWeightDependence": (above ** p.get("mu_plus", 1.0), below ** p.get("mu_minus", 1.0)),
    }[dependence]


def change(rule, dependence, p, w, is_pre, intervals):
    """How much a spike changes the weight; `intervals` since all earlier arrivals of the other kind."""
    if rule == "Vogels2011Rule":
        rise, fall = fractions(dependence, p, w)
        pairs = sum(np.exp(-t / p["tau"]) for t in intervals)
        return p["eta"] * (rise * pairs - (fall * 2 * p["rho"] * p["tau"] if is_pre else 0.0))
    rise, fall = rise_and_fall(dependence, p, w)
    if is_pre:
        return -p["A_minus"] * fall * sum(np.exp(-t / p["tau_minus"]) for t in intervals)
    return p["A_plus"] * rise * sum(np.exp(-t / p["tau_plus"]) for t in intervals)


def plastic_weights(rule, dependence, p, w, pre, post, delay):
    """The weight that each presynaptic spike delivers, and the weight after everything has arrived."""
    fraction = p["dendritic_delay_fraction"]
    arrivals = [(t + (1 - fraction) * delay, 0) for t in pre]
    arrivals += [(t + fraction * delay, 1) for t in post]
    return weights_after(rule, dependence, p, w, arrivals)


def weights_after(rule, dependence, p, w, arrivals):
    """The same for a list of (time, 0 for presynaptic or 1 for postsynaptic)."""
    low, high = sorted([p["w_min"], p["w_max"]])
    seen, delivered = ([], []), []
    for t, kind in sorted(arrivals, key=lambda arrival: (round(arrival[0], 6), arrival[1])):
        intervals = [t - other for other in seen[1 - kind]]
        w = min(max(w + change(rule, dependence, p, w, kind == 0, intervals), low), high)
        seen[kind].append(t)
        if kind == 0:
            delivered.append(w)
    return delivered, w


# --- short-term plasticity --------------------------------------------------------------------------------


def tsodyks_markram(p, w, tau_psc, spikes, u=0.0):
    """The weight that each spike delivers: resources are recovered, active or inactive."""
    rate = 1.0 / tau_psc if tau_psc else 1.0
    flow = np.array([[0, 0, 1 / p["tau_rec"]], [0, -rate, 0], [0, rate, -1 / p["tau_rec"]]])
    resources, last, delivered = np.array([1.0, 0.0, 0.0]), 0.0, []
    for t in spikes:
        resources = expm(flow * (t - last)) @ resources
        u = u * np.exp(-(t - last) / p["tau_facil"]) if p["tau_facil"] else 0.0
        u = u + p["U"] * (1 - u)
        used = u * resources[0]
        resources += [-used, used, 0] if tau_psc else [-used, 0, used]
        delivered.append(w * used)
        last = t
    return delivered


# --- in a network, spike by spike -------------------------------------------------------------------------


class Plastic:
    """A plastic synapse; `delay` in ms. Spikes may be told of until they arrive."""

    def __init__(self, rule, dependence, p, w, delay):
        self.rule, self.dependence, self.p, self.delay, self.initial = rule, dependence, p, delay, w
        self.restart()

    def restart(self):
        self.w, self.seen, self.coming, self.delivered = self.initial, ([], []), [], {}

    def pre(self, t):
        self.coming.append((t + (1 - self.p["dendritic_delay_fraction"]) * self.delay, 0, t))

    def post(self, t):
        self.coming.append((t + self.p["dendritic_delay_fraction"] * self.delay, 1, t))

    def amount(self, t):
        """What the presynaptic spike of time `t` delivers, once it has arrived."""
        self.weight(t + (1 - self.p["dendritic_delay_fraction"]) * self.delay, 0)
        return self.delivered[round(t, 6)].pop(0)

    def weight(self, now, last_kind=1, early=0.0):
        """The weight after all arrivals until `now`, presynaptic ones until `early` later."""
        self.coming.sort(key=lambda arrival: (round(arrival[0], 6), arrival[1]))

        def has_come(arrival):
            limit = now + (early if arrival[1] == 0 else 0.0)
            return (round(arrival[0], 6), arrival[1]) <= (round(limit, 6), last_kind)

        due = [arrival for arrival in self.coming if has_come(arrival)]
        self.coming = [arrival for arrival in self.coming if not has_come(arrival)]
        for t, kind, emitted in due:
            intervals = t - np.array(self.seen[1 - kind])
            step = change(self.rule, self.dependence, self.p, self.w, kind == 0, intervals)
            low, high = sorted([self.p["w_min"], self.p["w_max"]])
            self.w = min(max(self.w + step, low), high)
            self.seen[kind].append(t)
            if kind == 0:
                self.delivered.setdefault(round(emitted, 6), []).append(self.w)
        return self.w


class ShortTerm:
    """A synapse of which only presynaptic spikes matter, from time `since` on.

    draw    function(number) -> uniform number of this synapse in this trial
    tau_psc function() -> ms
    """

    def __init__(self, kind, p, w, since, tau_psc, draw):
        self.kind, self.p, self.w, self.tau_psc, self.draw = kind, p, w, tau_psc, draw
        self.restart()
        self.last = since

    def restart(self):
        self.u, self.last, self.n_spikes = 0.0, 0.0, 0
        self.resources = np.array([1.0, 0.0, 0.0])
        self.empty = 0

    def amount(self, t):
        """What a spike at `t` delivers; spikes come in the order of time."""
        n, self.n_spikes = self.n_spikes, self.n_spikes + 1
        if self.kind == "SimpleStochasticSynapse":
            return self.w * (self.draw(n) <= self.p["p"])
        elapsed, self.last = t - self.last, t
        self.u = self.u * np.exp(-elapsed / self.p["tau_facil"]) if self.p["tau_facil"] else 0.0
        self.u += self.p["U"] * (1 - self.u)
        if self.kind == "TsodyksMarkramSynapse":
            return self.w * self._used(elapsed)
        recovered = 1.0 - np.exp(-elapsed / self.p["tau_rec"])
        if self.kind == "StochasticTsodyksMarkramSynapse":
            if not self.empty or self.draw(2 * n) <= recovered:
                self.empty = self.draw(2 * n + 1) <= self.u
                return self.w * self.empty
            return 0.0
        draws = (self.draw(2 * self.p["n"] * n + k) for k in range(2 * self.p["n"]))
        self.empty -= sum(next(draws) <= recovered for _ in range(self.empty))
        released = sum(next(draws) <= self.u for _ in range(self.p["n"] - self.empty))
        self.empty += released
        return self.w * released / self.p["n"]

    def _used(self, elapsed):
        tau_psc = self.tau_psc()
        rate = 1.0 / tau_psc if tau_psc else 1.0
        flow = np.array([[0, 0, 1 / self.p["tau_rec"]], [0, -rate, 0], [0, rate, -1 / self.p["tau_rec"]]])
        self.resources = expm(flow * elapsed) @ self.resources
        used = self.u * self.resources[0]
        self.resources += [-used, used, 0] if tau_psc else [-used, 0, used]
        return used
