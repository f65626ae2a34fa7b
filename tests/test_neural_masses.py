"""Neural masses: neurolib's trajectories, couplings, and sums over long delays."""

from pathlib import Path

import numpy as np
import pytest
from pyNN import errors
from scipy.integrate import solve_ivp

import pyNN_fastsim as sim
from pyNN_fastsim.aln import SHIPPED

pytestmark = pytest.mark.big
NEUROLIB = Path(__file__).parent / "references" / "masses_of_neurolib.npz"


def samples(cells):
    """By variable: float64 [times, cells]."""
    return {signal.name: signal.magnitude for signal in cells.get_data().segments[0].analogsignals}


def network(celltype, connector, synapse=None, initial=None, threads=1, seed=1, record=None):
    sim.setup(timestep=0.1, threads=threads, rng_seed=seed)
    n = len(connector.Cmat)
    nodes = sim.Population(n, celltype, initial_values=initial or {})
    projection = sim.Projection(nodes, nodes, connector, synapse)
    nodes.record(record or celltype.model.transmits)
    return nodes, projection


def as_in_neurolib(name, celltype, synapse=None, each=25):
    """Largest difference to neurolib's trajectories, and how far these go."""
    with np.load(NEUROLIB) as file:
        known = {key[len(name) + 1 :]: file[key] for key in file if key.startswith(f"{name}.")}
        connector = sim.ConnectomeConnector(file["C"], file["D"])
    variables = [key for key in known if not key.endswith(".0")]
    initial = {key: known[f"{key}.0"][:, 0] for key in variables}
    nodes, _ = network(celltype, connector, synapse, initial, record=variables)
    sim.run(150.0)
    found = samples(nodes)
    return (
        max(np.abs(found[key][each::each] - known[key]).max() for key in variables),
        min(np.ptp(known[key]) for key in variables),
    )


@pytest.mark.parametrize(
    ("name", "model", "parameters", "is_diffusive"),
    [
        ("Hopf", "Hopf", {}, True),
        ("HopfAdditive", "Hopf", {}, False),
        ("FitzHughNagumo", "FitzHughNagumo", {}, True),
        ("WilsonCowan", "WilsonCowan", {"exc_ext": 0.65}, False),
        ("WongWang", "WongWang", {"tau_inh": 100.0}, False),
    ],
)
def test_trajectories_are_neurolibs(name, model, parameters, is_diffusive):
    synapse = sim.DiffusiveCoupling() if is_diffusive else sim.StaticSynapse()
    difference, range_ = as_in_neurolib(name, getattr(sim, model)(**parameters), synapse)
    assert difference < 1e-12 < 1e-2 < range_


def test_aln_is_neurolibs():
    """With tables that are smooth functions. (With neurolib's own, the difference was 8e-14 Hz.)"""
    with np.load(NEUROLIB) as file:
        known = {key[4:]: file[key] for key in file if key.startswith("ALN.")}
        tables = {key[6:]: file[key] for key in file if key.startswith("table.")}
        strengths, lengths = file["C"], file["D"]
    initial = {key[:-2]: np.ravel(known[key]) for key in known if key.endswith(".0")}
    sim.setup(timestep=0.1)
    nodes = sim.Population(
        6, sim.ALN(tables, a=2.0, b=10.0, mue_ext_mean=1.5), initial_values={**initial, "mue_ou": 1.5}
    )
    sim.ALN.connect(nodes, strengths, lengths)
    variables = ["rates_exc", "rates_inh", "IA"]
    nodes.record(variables)
    sim.run(150.0)
    found = samples(nodes)
    for name in variables:
        assert np.abs(found[name][25::25] - known[name]).max() < 1e-11 < 1.0 < np.ptp(known[name])
    with pytest.raises(TypeError, match="tables"):
        sim.ALN(7)
    with pytest.raises(ValueError, match="V_mean_ss"):
        sim.ALN({key: value for key, value in tables.items() if key != "V_mean_ss"})
    with pytest.raises(ValueError, match="row for each"):
        sim.ALN({**tables, "r_ss": tables["r_ss"].T})


def fokker_planck(mu, sigma, w, lowest=-130.0):
    """(rate, kHz, of neurolib's neuron, what a modulation of mu by 1 at the frequencies w makes of it), with
    the density and the flux integrated from above by an adaptive method."""

    def slopes(v, y, flux):
        p0, _, pa, qa, pb, qb = np.split(y, [1, 2, 2 + len(w), 2 + 2 * len(w), 2 + 3 * len(w)])
        drift = mu + (-65.0 - v + 1.5 * np.exp((v + 50.0) / 1.5)) / 20.0
        return np.concatenate(
            [
                *(2.0 / sigma**2 * (drift * p0 - flux), -p0),
                *(2.0 / sigma**2 * (drift * pa - qa), -1j * w * pa),
                *(2.0 / sigma**2 * (drift * pb - qb + p0), -1j * w * pb),
            ]
        )

    y = np.zeros(2 + 4 * len(w), dtype=complex)
    of_a, of_b = slice(2 + len(w), 2 + 2 * len(w)), slice(2 + 3 * len(w), None)
    y[of_a] = 1.0
    how = {"method": "DOP853", "rtol": 1e-8, "atol": 1e-10}
    y = solve_ivp(slopes, (-40.0, -70.0), y, args=(1.0,), **how).y[:, -1]
    y[of_a] -= np.exp(-1.5j * w)
    y = solve_ivp(slopes, (-70.0, lowest), y, args=(0.0,), **how).y[:, -1]
    rate = 1.0 / (y[1].real + 1.5)
    return rate, -rate * y[of_b] / y[of_a]


def test_transfer_functions_solve_the_fokker_planck_equation():
    """The filter, too, is the one with the smallest integral of the squared difference up to 1 kHz."""
    found = sim.ALN.transfer_functions(mu_vals=[0.5, 1.0], sigma_vals=[2.5, 3.0])
    x, weights = np.polynomial.legendre.leggauss(24)
    u = 0.5 * (x + 1.0)
    f, weights = u**2, weights * u  # kHz, dense near 0
    rate, response = fokker_planck(1.0, 2.5, 2.0 * np.pi * np.append(1e-5, f))
    response = response[1:] / response[0].real
    tau = np.linspace(0.5, 5.0, 4501)
    filters = 1.0 / (1.0 + 2j * np.pi * f * tau[:, None])
    best = tau[np.argmin(np.abs(filters - response) ** 2 @ weights)]
    assert found["r_ss"][1, 0] == pytest.approx(rate, rel=2e-6)
    assert found["tau_mu_exp"][1, 0] == pytest.approx(best, abs=2e-3)


def test_aln_has_tables_of_its_own():
    """A node alone has the rate of its neurons, to what is lost between points of the table."""
    sim.setup(timestep=0.1)
    nodes = sim.Population(1, sim.ALN(mue_ext_mean=1.0), initial_values={"mue_ou": 1.0})
    nodes.record("rates_exc")
    sim.run(100.0)
    rate, _ = fokker_planck(1.0, 1.5, np.zeros(0))
    assert samples(nodes)["rates_exc"][-1, 0] == pytest.approx(1000.0 * rate, rel=1e-3)
    with np.load(SHIPPED) as file:
        shipped = {name: file[name] for name in file}
    at = np.ix_([10, 180], [5, 35])
    again = sim.ALN.transfer_functions(
        mu_vals=shipped["mu_vals"][at[0].ravel()], sigma_vals=shipped["sigma_vals"][at[1].ravel()]
    )
    for name, precision in ("r_ss", 2e-6), ("V_mean_ss", 1e-6), ("tau_mu_exp", 1e-3):
        np.testing.assert_allclose(shipped[name][at], again[name], rtol=precision)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gL": 0.0}, "gL must be above 0"),
        ({"Vs": -55.0}, "Vs must be above Vr and VT"),
        ({"Tref": -1.0}, "Tref must not be below 0"),
        ({"EL": np.nan}, "EL must be a finite number"),
        ({"sigma_vals": [0.0, 1.0]}, "sigma_vals must be above 0"),
        ({"mu_vals": [0.0, 1.0, 3.0]}, "mu_vals must be at least two evenly spaced"),
        ({"mu_vals": "many"}, "mu_vals must be at least two evenly spaced"),
    ],
)
def test_neurons_that_have_no_transfer_function(given, message):
    with pytest.raises(ValueError, match=message):
        sim.ALN.transfer_functions(**given)


def brain(n=40, seed=2):
    """Delays from 0 to 12 ms, on both sides of 8 steps."""
    strengths, lengths = sim.example_connectome(n, seed)
    return sim.ConnectomeConnector(strengths, np.maximum(lengths - 10.0, 0.0), K_gl=0.3)


@pytest.mark.parametrize("is_diffusive", [False, True])
def test_long_delays_are_summed_ahead(is_diffusive):
    """As by a synapse type from equations, which looks at each connection in each step; also where weights
    and states are set between runs, at a step that is no multiple of eight."""
    found = []
    psp = "w * (pre.x - post.x)" if is_diffusive else "w * pre.x"
    fast = sim.DiffusiveCoupling() if is_diffusive else sim.StaticSynapse()
    for synapse in sim.Synapse(psp=psp)(), fast:
        nodes, projection = network(
            sim.Hopf(a=-0.1), brain(), synapse, {"x": np.linspace(-1.0, 1.0, 40), "y": 0.5}
        )
        sim.run(10.3)
        projection.set(weight=projection.get("weight", "array") * 1.5)
        sim.run(0.2)
        nodes.initialize(x=np.linspace(0.5, -0.5, 40))
        sim.run(20.0)
        found.append(samples(nodes)["x"])
        assert np.ptp(found[-1]) > 0.5
    assert np.abs(found[0] - found[1]).max() < 1e-13


def test_threads_pieces_and_resets(always_threads):
    """The same bits, with noise, which is another one after a reset."""
    noisy = {"sigma_ou": 0.05}
    once, _ = network(sim.Hopf(**noisy), brain())
    sim.run(30.0)
    once = samples(once)["x"]
    for threads, runs in (2, [30.0]), (1, [0.1, 7.2, 12.7, 10.0]), (2, [3.3, 26.7]):
        nodes, _ = network(sim.Hopf(**noisy), brain(), threads=threads)
        for duration in runs:
            sim.run(duration)
        assert np.array_equal(samples(nodes)["x"], once)
    sim.reset()
    sim.run(30.0)
    again = nodes.get_data().segments[1].analogsignals[0].magnitude
    assert not np.array_equal(again, once)
    nodes, _ = network(sim.Hopf(), brain(), initial={"x": 0.3})
    for _ in range(2):
        sim.run(20.3)
        sim.reset()
    first, second = (s.analogsignals[0].magnitude for s in nodes.get_data().segments[:2])
    assert np.array_equal(first, second)


def test_noise_is_an_ornstein_uhlenbeck_process():
    """Mean, variance and correlation time of the state variable."""
    sim.setup(timestep=0.1)
    nodes = sim.Population(500, sim.WilsonCowan(sigma_ou=0.2, exc_ou_mean=0.3, tau_ou=4.0))
    nodes.record(["exc_ou", "inh_ou"])
    sim.run(200.0)
    for name, mean in ("exc_ou", 0.3), ("inh_ou", 0.0):
        noise = samples(nodes)[name][500:]
        assert noise.mean() == pytest.approx(mean, abs=0.01)
        variance = 0.2**2 / (2.0 / 4.0 - 0.1 / 4.0**2)  # of Euler's method
        assert noise.var() == pytest.approx(variance, rel=0.05)
        later = np.mean((noise[:-40] - mean) * (noise[40:] - mean)) / noise.var()
        assert later == pytest.approx((1.0 - 0.1 / 4.0) ** 40, abs=0.05)
    both = samples(nodes)
    assert abs(np.corrcoef(both["exc_ou"][500:].ravel(), both["inh_ou"][500:].ravel())[0, 1]) < 0.05


def solved(equations, y0, times):
    return solve_ivp(equations, (0.0, times[-1]), y0, t_eval=times, rtol=1e-9, atol=1e-12).y


def test_reduced_wong_wang_is_its_equations():
    def equations(t, y):
        x = 0.27 * (0.6 * 0.2609 * y[0] + 0.35) - 0.108
        return [-y[0] / 100.0 + (1.0 - y[0]) * 0.641 * x / (1.0 - np.exp(-154.0 * x))]

    sim.setup(timestep=0.01)
    nodes = sim.Population(1, sim.ReducedWongWang(exc_current=0.35), initial_values={"s": 0.1})
    nodes.record("s", sampling_interval=10.0)
    sim.run(300.0)
    found = samples(nodes)["s"][:, 0]
    assert found == pytest.approx(solved(equations, [0.1], np.arange(0.0, 301.0, 10.0))[0], abs=1e-4)
    assert np.ptp(found) > 0.1


def test_jansen_rit_is_its_equations():
    """A rhythm of about 10 Hz at the published parameters."""

    def rate(v):
        return 0.005 / (1.0 + np.exp(0.56 * (6.0 - v)))

    def equations(t, y):
        y0, y1, y2, y3, y4, y5 = y
        return [
            y3, y4, y5,
            0.325 * rate(y1 - y2) - 0.2 * y3 - 0.01 * y0,
            0.325 * (0.22 + 108.0 * rate(135.0 * y0)) - 0.2 * y4 - 0.01 * y1,
            1.1 * 33.75 * rate(33.75 * y0) - 0.1 * y5 - 0.0025 * y2,
        ]  # fmt: skip

    sim.setup(timestep=0.01)
    nodes = sim.Population(1, sim.JansenRit())
    nodes.record(["eeg", "r"], sampling_interval=1.0)
    sim.run(500.0)
    eeg = samples(nodes)["eeg"][:, 0]
    known = solved(equations, np.zeros(6), np.arange(0.0, 501.0))
    assert np.abs(eeg[:200] - (known[1] - known[2])[:200]).max() < 0.1 < np.ptp(eeg)
    crossings = np.sum(np.diff(np.sign(eeg[200:] - eeg[200:].mean())) > 0)
    assert 2 <= crossings <= 4
    assert samples(nodes)["r"][1:, 0] == pytest.approx(rate(eeg[1:]), rel=1e-9)


def test_kuramoto_oscillators_synchronise():
    """Two, whose difference obeys d' = delta - 2 w sin d; and many only where coupling is strong."""
    sim.setup(timestep=0.01)
    pair = sim.Population(2, sim.Kuramoto(omega=[0.06, 0.07]), initial_values={"theta": [0.0, 1.0]})
    weight = {"weight": 0.01}
    sim.Projection(
        pair, pair, sim.AllToAllConnector(allow_self_connections=False), sim.KuramotoCoupling(**weight)
    )
    pair.record("theta", sampling_interval=10.0)
    sim.run(300.0)
    theta = samples(pair)["theta"]
    times = np.arange(0.0, 301.0, 10.0)
    known = solved(lambda t, d: [0.01 - 0.02 * np.sin(d[0])], [1.0], times)[0]
    assert theta[:, 1] - theta[:, 0] == pytest.approx(known, abs=1e-3)


def test_what_the_couplings_are_for():
    sim.setup(timestep=0.1)
    nodes = sim.Population(3, sim.Hopf(), label="nodes")
    cells = sim.Population(3, sim.IF_curr_exp(), label="cells")
    connector = sim.OneToOneConnector()
    with pytest.raises(errors.ConnectionError, match="'cells' spike"):
        sim.Projection(cells, nodes, connector, sim.DiffusiveCoupling())
    with pytest.raises(errors.InvalidModelError, match="post.x"):
        sim.Projection(nodes, cells, connector, sim.DiffusiveCoupling(), receptor_type="current")
    with pytest.raises(errors.ConnectionError, match="network"):
        sim.Projection(nodes, nodes, connector, receptor_type="networks")


def test_import_makes_no_model():
    """Nor does the first look at the namespace."""
    import subprocess
    import sys

    script = (
        "import sys, pyNN_fastsim as sim; dir(sim)\nprint(sim._neural_masses._MADE, 'sympy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["{}", "False"], done.stderr
    assert sim.Hopf is sim.Hopf
