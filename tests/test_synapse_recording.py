"""Weights and other variables of connections over time."""

import neo
import numpy as np
import pytest
from pyNN import errors

import pyNN_fastsim as sim
from pyNN_fastsim.engine.compiling.settings import INTERPRETED

pytestmark = pytest.mark.usefixtures("always_threads")


def network(threads=1, fraction=1.0, synapse=None):
    sim.setup(timestep=0.1, threads=threads)
    inputs = sim.Population(20, sim.SpikeSourcePoisson(rate=60.0), label="inputs")
    cells = sim.Population(3, sim.IF_cond_exp(), label="cells")
    synapse = synapse or sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.05, A_minus=0.06),
        sim.AdditiveWeightDependence(w_max=0.02),
        dendritic_delay_fraction=fraction,
        weight=0.01,
        delay=2.5,
    )
    connector = sim.FixedProbabilityConnector(0.7, rng=sim.NumpyRNG(seed=3))
    return sim.Projection(inputs, cells, connector, synapse, receptor_type="excitatory")


@pytest.mark.parametrize("fraction", [0.0, 0.4, 1.0])
def test_samples_are_what_get_gives(fraction):
    projection = network(fraction=fraction)
    projection.record("weight", sampling_interval=5.0)
    expected = [[w for *_, w in projection.get("weight", format="list")]]
    for _ in range(20):
        sim.run(5.0)
        expected.append([w for *_, w in projection.get("weight", format="list")])
    block = projection.get_data()
    assert isinstance(block, neo.Block) and block.name == "inputs→cells"
    (signal,) = block.segments[0].analogsignals
    assert signal.name == "weight"
    assert str(signal.dimensionality) == "uS"
    assert float(signal.sampling_period) == 5.0 and float(signal.t_start) == 0.0
    np.testing.assert_array_equal(signal.magnitude, expected)
    assert np.ptp(signal.magnitude, axis=0).min() > 0
    pairs = np.array(projection.get([], format="list"))
    np.testing.assert_array_equal(signal.array_annotations["presynaptic_index"], pairs[:, 0])
    np.testing.assert_array_equal(signal.array_annotations["postsynaptic_index"], pairs[:, 1])


@pytest.mark.parametrize("fraction", [0.0, 0.4, 1.0])
def test_looking_makes_no_difference(fraction):
    """Samples, however often, calls of get(), cuts and threads leave the weights what they are."""

    def final(threads, recorded, pieces):
        projection = network(threads, fraction)
        if recorded:
            projection.record("weight", sampling_interval=0.1)
        for piece in pieces:
            sim.run(piece)
            if recorded:
                projection.get("weight", format="list")
        return projection.get("weight", format="array")

    cut = [0.3, 4.1, 5.6] if INTERPRETED else [0.3, 77.1, 122.6]
    expected = final(1, False, [sum(cut)])
    for threads, recorded, pieces in ((1, True, [sum(cut)]), (3, True, cut), (2, False, [sum(cut)])):
        np.testing.assert_array_equal(final(threads, recorded, pieces), expected)


def test_trials():
    """A segment for each trial, which all begin with the same weights; nothing is lost, until cleared."""
    projection = network()
    sim.run(10.0)
    projection.record("all", sampling_interval=1.0)
    sim.run(20.0)
    sim.reset()
    sim.run(30.0)
    first, second = (segment.analogsignals[0] for segment in projection.get_data(clear=True).segments)
    assert first.shape == (21, len(projection)) and second.shape == (31, len(projection))
    assert float(first.t_start) == 10.0 and float(second.t_start) == 0.0
    np.testing.assert_array_equal(second[0], 0.01)
    assert not np.array_equal(first.magnitude[10], second.magnitude[20])  # other noise
    (segment,) = projection.get_data().segments
    assert not segment.analogsignals
    sim.run(2.0)
    (segment,) = projection.get_data("weight").segments
    assert segment.analogsignals[0].shape == (3, len(projection))
    np.testing.assert_array_equal(segment.analogsignals[0][0], second[-1])


def test_short_term_variables(tmp_path):
    """u and x decay in closed form between spikes."""
    sim.setup(timestep=0.1)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[10.0]))
    cells = sim.Population(1, sim.IF_curr_delta())
    p = {"U": 0.3, "tau_rec": 50.0, "tau_facil": 20.0}
    synapse = sim.TsodyksMarkramSynapse(weight=1.0, delay=0.5, **p)
    projection = sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    projection.record(["u", "x"])
    sim.run(60.0)
    u, x = (s.magnitude[:, 0] for s in projection.get_data().segments[0].analogsignals)
    t = np.arange(601) * 0.1 - 10.0
    after = t > -1e-9
    np.testing.assert_allclose(u, np.where(after, 0.3 * np.exp(-t / 20.0), 0.0), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(x, np.where(after, 1 - 0.3 * np.exp(-t / 50.0), 1.0), rtol=1e-12)
    projection.write_data(str(tmp_path / "x.txt"), "x")
    assert len((tmp_path / "x.txt").read_text().splitlines()) == 2 + 601


def test_errors():
    projection = network()
    with pytest.raises(
        errors.RecordingError, match=r"'weigth' \(did you mean 'weight'\?\) of 'inputs→cells'"
    ):
        projection.record("weigth")
    with pytest.raises(ValueError, match="Projection 'inputs→cells': sampling_interval must be a multiple"):
        projection.record("weight", sampling_interval=0.25)
    projection.record("weight", sampling_interval=1.0)
    with pytest.raises(ValueError, match="must be the same for all variables, which is 1.0 ms"):
        projection.record("weight", sampling_interval=2.0)
    static = network(synapse=sim.StaticSynapse(weight=0.01))
    with pytest.raises(
        errors.RecordingError, match="'weight', which stays what it is: .*, of 'inputs→cells'"
    ):
        static.record("weight")
