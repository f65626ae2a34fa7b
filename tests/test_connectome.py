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
