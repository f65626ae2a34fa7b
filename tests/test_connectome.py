"""Connections between regions of a brain."""

import numpy as np
import pytest
from pyNN import errors

import pyNN_fastsim as sim

C = np.array([[5.0, 0.5, 0.0], [0.2, 5.0, 1.0], [0.0, 0.3, 0.0]])
D = np.array([[9.0, 20.0, 70.0], [30.0, 0.0, 1.0], [70.0, 45.0, 0.0]])


def spiking(connector, n=3, **arguments):
    sim.setup(timestep=0.1, min_delay=0.1)
    source = sim.Population(n, sim.SpikeSourceArray(spike_times=[[1.0], [2.0], [3.0]][:n]), label="source")
    cells = sim.Population(3, sim.IF_curr_exp(), label="cells")
    return cells, sim.Projection(source, cells, connector, sim.StaticSynapse(**arguments))


def test_weights_and_delays():
    """Rows are targets; no connection of a cell to itself, nor where there is no strength."""
    connector = sim.ConnectomeConnector(C, D, signalV=10.0, K_gl=0.5)
    _, projection = spiking(connector, weight=7.0, delay=7.0)
    weights, delays = projection.get(["weight", "delay"], format="array")
    nan = np.nan
    assert np.array_equal(weights, [[nan, 0.1, nan], [0.25, nan, 0.15], [nan, 0.5, nan]], equal_nan=True)
    expected = [[nan, 3.0, nan], [2.0, nan, 4.5], [nan, 0.1, nan]]
    assert np.allclose(delays, expected, equal_nan=True)
    assert connector.get_parameters()["signalV"] == 10.0


def test_spikes_arrive_when_they_should():
    cells, _ = spiking(sim.ConnectomeConnector(C, D, signalV=10.0, K_gl=0.5))
    cells.record("v", sampling_interval=0.1)
    sim.run(10.0)
    samples = cells.get_data().segments[0].analogsignals[0].magnitude
    first = [np.flatnonzero(np.diff(samples[:, k]))[0] * 0.1 for k in range(3)]
    assert np.allclose(first, [4.0, 3.1, 6.5], atol=0.051)


def test_defaults_are_neurolibs():
    """K_gl = 0.6, 20 m/s; no delays without lengths or without a speed."""
    _, projection = spiking(sim.ConnectomeConnector(C, D))
    weights, delays = projection.get(["weight", "delay"], format="array")
    assert weights[1, 0] == 0.3 and delays[0, 1] == pytest.approx(1.5)
    for given in {"Dmat": None}, {"Dmat": D, "signalV": 0.0}:
        _, projection = spiking(sim.ConnectomeConnector(C, **given))
        assert projection.get("delay", format="list", with_address=False) == [0.1] * 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"Cmat": C[:2]}, "Cmat must be a square matrix"),
        ({"Cmat": "x"}, "Cmat must be a square matrix"),
        ({"Dmat": D[:2, :2]}, "of one size"),
        ({"Dmat": -D}, "below 0"),
        ({"Dmat": D * np.nan}, "not finite"),
        ({"signalV": -1.0}, "signalV"),
        ({"K_gl": "x"}, "K_gl"),
    ],
)
def test_mistakes(arguments, words):
    with pytest.raises(ValueError, match=words):
        sim.ConnectomeConnector(**{"Cmat": C, "Dmat": D} | arguments)


def test_a_matrix_of_another_size():
    with pytest.raises(errors.ConnectionError, match="3 regions.*'source' .2 cells.*'cells' .3."):
        spiking(sim.ConnectomeConnector(C, D), n=2)


def test_the_example_that_is_drawn():
    strengths, lengths = sim.example_connectome(20, seed=3)
    again = sim.example_connectome(20, seed=3)
    assert np.array_equal(strengths, again[0]) and np.array_equal(lengths, again[1])
    assert not np.array_equal(strengths, sim.example_connectome(20, seed=4)[0])
    assert np.array_equal(strengths, strengths.T) and np.array_equal(lengths, lengths.T)
    assert strengths.max() == 1.0 and 0.45 < np.mean(strengths == 0.0) < 0.6
    assert not np.diag(strengths).any() and 5.0 < lengths[lengths > 0].min() < lengths.max() < 300.0
    near = lengths < np.median(lengths)
    assert strengths[near].mean() > 3.0 * strengths[~near].mean()
    with pytest.raises(ValueError, match="even"):
        sim.example_connectome(5)


# --- small ones, which run without the compiler, too ----------------------------------------------------


def hopf(strengths, steps, x, y, n, is_diffusive):
    """Hopf nodes by Euler's method, in plain words: x at all times, [times, nodes]."""
    past = [x]
    for k in range(n):
        arrived = np.zeros(len(x))
        for i, j in zip(*np.nonzero(strengths), strict=True):
            own = x[i] if is_diffusive else 0.0
            arrived[i] += strengths[i, j] * (past[max(k - steps[i, j], 0)][j] - own)
        growth = 0.25 - x**2 - y**2
        x, y = x + 0.1 * (growth * x - 0.2 * y + arrived), y + 0.1 * (growth * y + 0.2 * x)
        past.append(x)
    return np.array(past)


@pytest.mark.parametrize("is_diffusive", [False, True])
def test_delays_shorter_and_longer_than_a_block(is_diffusive):
    """Of 0 to 18 steps; in pieces that end within a block of eight steps."""
    rng = np.random.default_rng(2)
    strengths, lengths = rng.random((4, 4)) * ~np.eye(4, dtype=bool), rng.uniform(0.0, 36.0, (4, 4))
    x, y = rng.random((2, 4))
    sim.setup(timestep=0.1)
    nodes = sim.Population(4, sim.Hopf(), initial_values={"x": x, "y": y})
    synapse = sim.DiffusiveCoupling() if is_diffusive else None
    sim.Projection(nodes, nodes, sim.ConnectomeConnector(strengths, lengths, K_gl=1.0), synapse)
    nodes.record("x")
    for duration in 1.1, 0.3, 3.6:
        sim.run(duration)
    found = nodes.get_data().segments[0].analogsignals[0].magnitude
    known = hopf(strengths, np.rint(lengths / 2.0).astype(int), x, y, 50, is_diffusive)
    assert np.abs(found - known).max() < 1e-13


def test_inputs_and_tables():
    """Spikes at their rates, values as scheduled, and rates within the table."""
    rng = np.random.default_rng(3)
    tables = {name: rng.random((3, 3)) + 1.0 for name in ("r_ss", "V_mean_ss", "tau_mu_exp")}
    grid = {"mu_vals": [0.0, 1.0, 2.0], "sigma_vals": [0.0, 2.0, 4.0]}
    sim.setup(timestep=0.1)
    nodes = sim.Population(3, sim.ALN({**grid, **tables}, sigma_ou=0.1))
    sim.ALN.connect(nodes, C, D)
    values = sim.Population(2, sim.TimedArray(rates=[1.0, 2.0, 3.0], schedule=0.5, period=1.2))
    timed = sim.Population(5, sim.TimedPoisson(rates=[0.0, 5000.0], schedule=[0.0, 1.0], period=2.0))
    common = sim.Population(5, sim.HomogeneousCorrelatedSpikeTrains(rates=5000.0, corr=0.1))
    for cells, name in (nodes, "rates_exc"), (values, "r"), (timed, "spikes"), (common, "spikes"):
        cells.record(name)
    sim.run(1.7)
    sim.run(2.3)
    rates, r = (each.get_data().segments[0].analogsignals[0].magnitude for each in (nodes, values))
    assert 999.0 < rates[1:].min() < rates.max() < 2001.0
    assert r[:14, 0].tolist() == [1.0] * 5 + [2.0] * 5 + [3.0] * 2 + [1.0] * 2
    assert timed.mean_spike_count() == pytest.approx(10.0, abs=5.0)
    assert common.mean_spike_count() == pytest.approx(20.0, abs=12.0)
    times = np.concatenate([np.asarray(train) for train in timed.get_data().segments[0].spiketrains])
    assert ((times % 2.0 > 0.95) | (times % 2.0 < 1e-6)).all()
