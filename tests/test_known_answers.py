"""
What theory says, with tolerances that theory gives too: firing rates, noise, intervals, states of networks.

"Five standard deviations" below are those of an estimate from a finite sample, as derived beside it. Seeds
are fixed, so that a test that passes always passes.

References: Brunel 2000, J. Comput. Neurosci. 8:183-208; Papoulis 1991, Probability, Random Variables and
Stochastic Processes, section 16-3 (Campbell's theorem).
"""

from dataclasses import dataclass

import numpy as np
import pytest
from naive.cells import hh_cond_exp
from pyNN.random import NumpyRNG, RandomDistribution
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq
from scipy.special import erfcx
from scipy.stats import kstest

import pyNN_fastsim as sim

pytestmark = pytest.mark.big

DT = 0.1  # ms


def spikes_of(population):
    """(cell, time in ms) of all spikes of the first segment, sorted by cell and time."""
    ids, times = population.get_data().segments[0].spiketrains.multiplexed
    cells, times = ids - population.first_id, np.asarray(times)
    order = np.lexsort((times, cells))
    return cells[order], times[order]


def intervals(cells, times):
    """(cell, interval in ms) between successive spikes of a cell."""
    same = cells[1:] == cells[:-1]
    return cells[1:][same], np.diff(times)[same]


# --- the leaky integrate-and-fire neuron's f-I curve -----------------------------------------------------


@pytest.mark.parametrize(
    "name", ["IF_curr_delta", "IF_curr_exp", "IF_curr_alpha", "IF_cond_exp", "IF_cond_alpha"]
)
def test_f_i_curve(name):
    """The interval is tau_refrac + T, T = tau_m ln((v_inf - v_reset)/(v_inf - v_thresh)), and, since v is
    compared with the threshold on the grid only, T rounded up to the grid: exactly so many steps."""
    tau_m, cm, rest, reset, thresh, wait = 17.0, 0.37, -66.0, -71.0, -51.5, 23  # wait: steps
    current = np.linspace(0.2, 2.0, 60)  # nA
    sim.setup(timestep=DT)
    membrane = {"tau_m": tau_m, "cm": cm, "v_rest": rest, "v_reset": reset, "v_thresh": thresh}
    cells = sim.Population(60, getattr(sim, name)(tau_refrac=wait * DT, i_offset=current, **membrane))
    cells.record("spikes")
    sim.run(400.0)
    v_inf = rest + current * tau_m / cm
    firing = v_inf > thresh
    needed = np.full(60, np.inf)
    needed[firing] = tau_m * np.log((v_inf[firing] - reset) / (v_inf[firing] - thresh)) / DT
    assert 5 < firing.sum() < 60
    assert np.min(np.abs(needed[firing] - np.rint(needed[firing]))) > 1e-6  # no ties
    expected = np.ceil(needed) + wait
    cell, interval = intervals(*spikes_of(cells))
    assert set(cell) == set(np.flatnonzero(firing & (expected < 1900)))
    np.testing.assert_array_equal(np.rint(interval / DT), expected[cell])


# --- membrane noise under Poisson input ------------------------------------------------------------------


def noise(name, rate, weight, parameters, variables=("v",), n=300, duration=2000.0):
    """v (mV) of cells without threshold, [samples, cells], each under its own Poisson input (rate in 1/ms);
    from 200 ms on."""
    sim.setup(timestep=DT, rng_seed=11)
    cells = sim.Population(n, getattr(sim, name)(v_thresh=1e6, v_rest=0.0, i_offset=0.0, **parameters))
    cells.initialize(v=0.0)
    source = sim.Population(n, sim.SpikeSourcePoisson(rate=1000 * rate))
    synapse = sim.StaticSynapse(weight=weight, delay=DT)
    sim.Projection(source, cells, sim.OneToOneConnector(), synapse, receptor_type="excitatory")
    cells.record(list(variables), sampling_interval=10 * DT)
    sim.run(200.0 + duration)
    signals = cells.get_data().segments[0].analogsignals
    return [np.asarray(signals[k])[200:] for k in range(len(variables))]


def assert_moments(v, mean, variance, area, rate, total_time):
    """Mean and variance of shot noise, each to five standard deviations.

    The autocovariance C of v has the integral rate * area**2, `area` that of one response (mV ms), so the
    mean over `total_time` has the variance rate * area**2/total_time. That of the mean square deviation is
    2 int C**2 < 2 C(0) int C plus its fourth cumulant's part, at most that of the response squared,
    variance**2/rate, both over `total_time`.
    """
    error_of_mean = np.sqrt(rate * area**2 / total_time)
    error_of_variance = np.sqrt((2 * variance * rate * area**2 + variance**2 / rate) / total_time)
    assert abs(v.mean() - mean) < 5 * error_of_mean
    assert abs(np.mean((v - mean) ** 2) - variance) < 5 * error_of_variance
    assert 5 * error_of_mean < 0.02 * mean and 5 * error_of_variance < 0.1 * variance  # it is a test


@pytest.mark.parametrize("tau_syn, rate, weight", [(2.0, 2.0, 0.1), (7.0, 0.2, 0.3), (0.5, 10.0, 0.2)])
def test_campbell_for_exponential_currents(tau_syn, rate, weight):
    """mean = rate w R tau_s, variance = rate (w R tau_s)**2/(2 (tau_m + tau_s)), R = tau_m/cm.

    Spikes come on the grid, not at any time: that changes both by less than dt**2/(tau_m tau_s) = 0.1 %,
    below the statistical error.
    """
    tau_m, cm = 15.0, 0.5
    (v,) = noise("IF_curr_exp", rate, weight, {"tau_m": tau_m, "cm": cm, "tau_syn_E": tau_syn})
    area = weight * tau_m / cm * tau_syn
    assert_moments(v, rate * area, rate * area**2 / (2 * (tau_m + tau_syn)), area, rate, 300 * 2000.0)


@pytest.mark.parametrize("rate, weight", [(5.0, 0.2), (0.3, 1.5)])
def test_campbell_for_jumps(rate, weight):
    """v is a sum of jumps that decay: with Poisson numbers of them in each step, its n-th cumulant is
    rate dt w**n/(1 - exp(-n dt/tau_m)). The third, too: the distribution is not a Gaussian."""
    tau_m = 15.0
    (v,) = noise("IF_curr_delta", rate, weight, {"tau_m": tau_m})
    mean, variance, third = (rate * DT * weight**n / -np.expm1(-n * DT / tau_m) for n in (1, 2, 3))
    assert_moments(v, mean, variance, weight * tau_m, rate, 300 * 2000.0)
    of_cells = np.mean((v - mean) ** 3, axis=0)  # of independent cells, so their spread is the error
    assert abs(of_cells.mean() - third) < 5 * of_cells.std() / np.sqrt(len(of_cells))


def test_exponential_currents_have_their_own_moments():
    """isyn_exc jumps by w and decays with tau_s: cumulants as for the jumps of v."""
    rate, weight, tau_syn = 1.0, 0.2, 5.0
    _, i = noise("IF_curr_exp", rate, weight, {"tau_syn_E": tau_syn}, variables=("v", "isyn_exc"))
    mean, variance = (rate * DT * weight**n / -np.expm1(-n * DT / tau_syn) for n in (1, 2))
    assert_moments(i, mean, variance, weight * tau_syn, rate, 300 * 2000.0)


# --- Poisson sources -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [20.0, 500.0])
def test_poisson_intervals(rate):
    """n intervals: exponential with mean 1/rate (error of the mean 1/sqrt(n)), CV 1 (error 1/sqrt(n)), no
    correlation of successive ones (error 1/sqrt(n)); counts of cells with a Fano factor of 1 (error
    sqrt(2/cells)). Intervals longer than the recording are missed, and times are on the grid: that shifts
    the mean by 1/(rate T), and the distribution function by rate dt, at most."""
    n_cells, duration = 400, 2000.0
    sim.setup(timestep=DT, rng_seed=3)
    source = sim.Population(n_cells, sim.SpikeSourcePoisson(rate=rate))
    source.record("spikes")
    sim.run(duration)
    cells, times = spikes_of(source)
    per_ms = rate / 1000
    expected = n_cells * duration * per_ms
    assert abs(len(cells) - expected) < 5 * np.sqrt(expected)
    counts = np.bincount(cells, minlength=n_cells)
    assert abs(counts.var() / counts.mean() - 1) < 5 * np.sqrt(2 / n_cells)
    cell, interval = intervals(cells, times)
    error, cut = 1 / np.sqrt(len(interval)), 1 / (per_ms * duration)
    assert abs(interval.mean() * per_ms - 1) < 5 * error + cut
    assert abs(interval.std() / interval.mean() - 1) < 5 * error + cut
    first, second = interval[:-1][cell[1:] == cell[:-1]], interval[1:][cell[1:] == cell[:-1]]
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 * error
    distance = kstest(interval * per_ms, "expon").statistic
    assert distance < 2.7 * error + per_ms * DT + cut  # Kolmogorov: 2.7/sqrt(n) has p = 1e-6
    # Cells are independent of each other: the counts of all in 10 ms have a Fano factor of 1.
    together = np.histogram(times, np.arange(0.05, duration, 10.0))[0]
    assert abs(together.var() / together.mean() - 1) < 5 * np.sqrt(2 / len(together))


# --- Hodgkin & Huxley's rheobase -------------------------------------------------------------------------


def spikes_under(current, duration):
    """Whether HH_cond_exp with its default parameters spikes under a constant current (nA): by SciPy."""
    parameters = sim.HH_cond_exp.default_parameters
    names = ["v", "m", "h", "n", "gsyn_exc", "gsyn_inh"]

    def slope(t, y):
        slopes = hh_cond_exp(dict(zip(names, y, strict=True)), parameters, current)
        return [float(slopes[name]) for name in names]

    def crossing(t, y):
        return y[0] - 10.0

    crossing.terminal = True
    begin = [-65.0, 0.05, 0.6, 0.3, 0.0, 0.0]
    solution = solve_ivp(slope, (0, duration), begin, "LSODA", rtol=1e-9, atol=1e-10, events=crossing)
    return len(solution.t_events[0]) > 0


def test_rheobase_of_hodgkin_huxley():
    """The smallest current with a spike within 100 ms, by bisection with SciPy to 1e-4 of it; here, from a
    population of cells with currents 0.05 % apart. Both errors together: 0.1 %."""
    low, high = 0.0, 1.0
    assert spikes_under(high, 100.0) and not spikes_under(low, 100.0)
    while high - low > 1e-4 * high:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if spikes_under(middle, 100.0) else (middle, high)
    sim.setup(timestep=DT)
    currents = high * np.linspace(0.98, 1.02, 81)
    initial = {"v": -65.0, "m": 0.05, "h": 0.6, "n": 0.3}
    cells = sim.Population(81, sim.HH_cond_exp(i_offset=currents), initial_values=initial)
    cells.record("spikes")
    sim.run(100.0)
    fired = np.isin(np.arange(81), spikes_of(cells)[0])
    first = int(np.argmax(fired))
    assert fired[first:].all() and not fired[:first].any()
    assert abs(currents[first] / high - 1) < 1e-3


# --- escape noise ----------------------------------------------------------------------------------------


def test_first_spikes_of_the_generalised_neuron():
    """v rises to 1.3 nA * 20 MOhm above rest; the first spike is that of a Poisson process with the rate
    lambda0 exp((v - v_t)/delta_v), so the integral of it at the first spike is exponentially distributed."""
    n, duration = 4000, 400.0
    sim.setup(timestep=DT)
    cells = sim.Population(n, sim.GIF_cond_exp(i_offset=1.3, v_t_star=-40.0, tau_m=20.0, cm=1.0, lambda0=5.0))
    cells.record("spikes")
    sim.run(duration)
    cell, times = spikes_of(cells)
    fired, first = np.unique(cell, return_index=True)
    t = np.arange(0, duration + DT, 0.01)
    rate = 5e-3 * np.exp((-65 + 26 * (1 - np.exp(-t / 20)) + 40) / 0.5)
    expected = np.append(0, np.cumsum(0.5 * (rate[1:] + rate[:-1]) * 0.01))
    used = np.interp(times[first] - 0.5 * DT, t, expected)
    assert len(fired) > 0.99 * n
    # Kolmogorov: 2.7/sqrt(n) has p = 1e-6
    assert kstest(used, "expon").statistic < 2.7 / np.sqrt(n) + np.exp(-expected[-1])


# --- Brunel's phase diagram ------------------------------------------------------------------------------

TAU, THRESH, RESET, REFRACTORY = 20.0, 20.0, 10.0, 2.0  # ms, mV, mV, ms


@dataclass
class Brunel:
    """A network of Brunel 2000, model A, with fewer synapses and as much stronger ones.

    g, eta   strength of inhibition; external rate over that which reaches the threshold
    delay    ms: one for all, or (shortest, longest)
    c_exc    excitatory synapses of a cell; a fourth as many are inhibitory
    """

    g: float
    eta: float
    delay: object
    c_exc: int

    @property
    def weight(self):
        return 100.0 / self.c_exc  # mV: the total is that of 1,000 synapses of 0.1 mV

    def run(self, n_exc, begin=150.0, duration=300.0):
        """Run with `n_exc` excitatory cells; returns the spikes' (cell, time) from `begin` on."""
        sim.setup(timestep=DT, rng_seed=3)
        rng = NumpyRNG(seed=1)
        cells = sim.Population(
            n_exc + n_exc // 4,
            sim.IF_curr_delta(v_rest=0.0, tau_m=TAU, tau_refrac=REFRACTORY, v_reset=RESET, v_thresh=THRESH),
            initial_values={"v": RandomDistribution("uniform", low=0.0, high=THRESH, rng=rng)},
        )
        rate = self.eta * THRESH / (self.weight * TAU)
        source = sim.Population(cells.size, sim.SpikeSourcePoisson(rate=1000 * rate))
        external = sim.StaticSynapse(weight=self.weight, delay=DT)
        sim.Projection(source, cells, sim.OneToOneConnector(), external, receptor_type="excitatory")
        for part, n, weight, receptor in (
            (cells[:n_exc], self.c_exc, self.weight, "excitatory"),
            (cells[n_exc:], self.c_exc // 4, -self.g * self.weight, "inhibitory"),
        ):
            delay = self.delay
            if isinstance(delay, tuple):
                delay = RandomDistribution("uniform", low=delay[0], high=delay[1], rng=NumpyRNG(seed=4))
            connector = sim.FixedNumberPreConnector(n, rng=NumpyRNG(seed=2))
            synapse = sim.StaticSynapse(weight=weight, delay=delay)
            sim.Projection(part, cells, connector, synapse, receptor_type=receptor)
        cells.record("spikes")
        sim.run(begin + duration)
        cell, time = spikes_of(cells)
        late = time > begin
        return Activity(cell[late], time[late] - begin, cells.size, duration)

    def input(self, rate):
        """Mean and standard deviation (mV) of the input at a firing rate (1/ms): Brunel's equation 4."""
        own, external = self.c_exc * rate, self.eta * THRESH / (self.weight * TAU)
        mean = self.weight * TAU * (external + own * (1 - self.g / 4))
        return mean, np.sqrt(self.weight**2 * TAU * (external + own * (1 + self.g**2 / 4)))

    def mean_field_rate(self, thresh):
        """The asynchronous state's rate (1/ms): Brunel's equations 4 and 21, with `thresh` (mV)."""

        def excess(rate):
            mean, spread = self.input(rate)
            area = quad(lambda u: erfcx(-u), (RESET - mean) / spread, (thresh - mean) / spread)[0]
            return 1 / (REFRACTORY + TAU * np.sqrt(np.pi) * area) - rate

        return brentq(excess, 1e-4, 1 / REFRACTORY - 1e-4)


@dataclass
class Activity:
    """Spikes, sorted by cell, of `size` cells in `duration` ms."""

    cell: np.ndarray
    time: np.ndarray
    size: int
    duration: float

    @property
    def rate(self):
        return len(self.cell) / self.size / self.duration

    @property
    def modulation(self):
        """Variance of the population's rate in bins of 1 ms over its mean squared, beyond what independent
        Poisson cells would have."""
        counts = np.histogram(self.time, np.arange(0.0, self.duration + 0.5))[0]
        return (counts.var() / counts.mean() - 1) / counts.mean()

    @property
    def cv(self):
        """Mean coefficient of variation of the intervals of cells that have at least four."""
        cell, interval = intervals(self.cell, self.time)
        n = np.bincount(cell)
        mean, square = (np.bincount(cell, interval**k) / np.maximum(n, 1) for k in (1, 2))
        many = n >= 4
        return np.mean(
            np.sqrt(np.maximum(square - mean**2, 0)[many] * (n / np.maximum(n - 1, 1))[many]) / mean[many]
        )

    @property
    def frequency(self):
        """Frequency (Hz) of the strongest oscillation of the population's rate above 20 Hz."""
        counts = np.histogram(self.time, np.arange(0.05, self.duration, DT))[0]
        power = np.abs(np.fft.rfft(counts - counts.mean())) ** 2
        frequencies = np.fft.rfftfreq(len(counts), DT / 1000)
        return frequencies[np.argmax(np.where(frequencies > 20, power, 0))]


@pytest.mark.parametrize(
    "state, network",
    [
        ("SR", Brunel(g=3.0, eta=2.0, delay=1.5, c_exc=160)),
        ("SI", Brunel(g=6.0, eta=4.0, delay=3.0, c_exc=500)),
        ("AI", Brunel(g=5.0, eta=2.0, delay=1.5, c_exc=160)),
        ("AR", Brunel(g=3.0, eta=2.0, delay=(0.1, 2.9), c_exc=160)),
    ],
)
def test_states_of_brunels_network(state, network):
    """Synchronous: the modulation of the rate is of the order of 1 and doesn't depend on the network's
    size. Asynchronous: its square falls as 1/size (Brunel, section 5), here to a fourth, if it is there
    at all. The middle between 1 and a fourth is a half. Regular and irregular: nearer to a clock (CV 0)
    or to a Poisson process (CV 1). The fast oscillation of SI has a period between two and four
    delays (section 4.2).

    The rate of AI follows from the mean-field theory, which takes input for a Poisson process (that of AR is
    not: its cells are clocks) that is continuous. Here v jumps, by a weight: the threshold is sharp to a
    weight. It is looked at on the grid only, which raises it by 0.583 sigma sqrt(dt/tau) (Siegmund 1985,
    Sequential Analysis, chapter X).
    """
    n_exc = (3 if state == "SI" else 5) * network.c_exc
    small, large = network.run(n_exc), network.run(4 * n_exc)
    assert (large.cv < 0.5) == (state[1] == "R")
    if state[0] == "S":
        assert large.modulation > 0.25 and large.modulation > 0.5 * small.modulation
    else:
        assert large.modulation < 0.5 * max(small.modulation, 0.02)
    if state == "AI":
        _, spread = network.input(network.mean_field_rate(THRESH))
        on_grid = 0.583 * spread * np.sqrt(DT / TAU)
        lowest = network.mean_field_rate(THRESH + on_grid + network.weight)
        highest = network.mean_field_rate(THRESH - network.weight)
        assert lowest < large.rate < highest
        assert highest < 1.3 * lowest  # it is a test
    if state == "SI":
        assert 1000 / (4 * network.delay) < large.frequency < 1000 / (2 * network.delay)
