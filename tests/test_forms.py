"""What scripts use as a matter of course: NumPy's integers, infinity, lengths, generators, pickles."""

import pickle

import numpy as np
import pytest
from pyNN.errors import InvalidParameterValueError

import pyNN_fastsim as sim


@pytest.fixture(autouse=True)
def new_network():
    sim.setup(timestep=0.1)


def test_numbers_of_numpy():
    """Wherever a whole number may stand."""
    assert sim.Population((np.int64(2), 3), sim.IF_curr_exp()).size == 6
    assert sim.Population((np.uint8(4),), sim.IF_curr_exp()).size == 4
    p = sim.Population(np.int32(5), sim.IF_curr_exp())
    for cells in (p, p[1:], p[:2] + p[3:]):
        assert cells.sample(np.int64(3)).size == 3
    assert sim.run(1.0, callbacks=(called for called in [lambda t: None])) == 1.0


@pytest.mark.big
def test_a_threshold_that_is_never_reached_and_an_end_that_never_comes():
    """The same as with numbers that are never reached; only upwards, and for no other parameter."""
    far = {np.inf: 1e6, 1e6: np.inf}
    for cell in (sim.IF_curr_exp, sim.IF_cond_alpha, sim.IF_curr_delta, sim.EIF_cond_exp_isfa_ista):
        found = []
        for v_thresh in far:
            sim.setup(timestep=0.1)
            p = sim.Population(2, cell(v_thresh=[v_thresh, -50.0]))
            p.inject(sim.DCSource(amplitude=2.0, start=1.0, stop=v_thresh))
            p.record(["v", "spikes"])
            sim.run(20.0)
            found.append((p.get_data().segments[0].analogsignals[0].magnitude, p.get_spike_counts()))
        np.testing.assert_array_equal(found[0][0], found[1][0])
        assert found[0][1] == found[1][1] and np.isfinite(found[0][0]).all()
    for source in (sim.SpikeSourcePoisson, sim.SpikeSourceGamma, sim.SpikeSourcePoissonRefractory):
        counts = []
        for duration in far:
            sim.setup(timestep=0.1)
            p = sim.Population(20, source(duration=duration))
            p.record("spikes")
            sim.run(2000.0)
            counts.append(p.get_spike_counts())
        assert counts[0] == counts[1] and sum(counts[0].values()) > 10
    for wrong in (
        lambda: sim.Population(1, sim.IF_curr_exp(v_thresh=-np.inf)),
        lambda: sim.Population(1, sim.IF_curr_exp(tau_m=np.inf)),
        lambda: sim.Population(1, sim.SpikeSourcePoisson(start=np.inf)),
        lambda: sim.DCSource(stop=np.nan),
    ):
        with pytest.raises(InvalidParameterValueError, match="must be a finite number"):
            wrong()


def test_parameters_that_are_sequences_have_a_length():
    source = sim.StepCurrentSource(times=[1.0, 2.0], amplitudes=[0.1, 0.2])
    p = sim.Population(2, sim.SpikeSourceArray(spike_times=[[1.0], [2.0, 3.0, 4.0]]))
    assert len(source.times) == 2 and list(source.amplitudes) == [0.1, 0.2] and source.times.max() == 2.0
    assert len(p[1].spike_times) == 3 and p[1].spike_times[2] == 4.0
    coarse = sim.StepCurrentSource(times=[0.41, 0.42, 0.86], amplitudes=[0.5, -0.5, 0.5])
    assert list(coarse.times) == [0.4, 0.9] and list(coarse.amplitudes) == [-0.5, 0.5]  # what counts
    assert coarse.get_parameters()["times"].value.tolist() == [0.41, 0.42, 0.86]
    source.times = source.times
    p[0].spike_times = p[1].spike_times
    assert len(p[0].spike_times) == 3 and source.times.tolist() == [1.0, 2.0]


def test_types_can_be_pickled():
    """And go on where they were: for worker processes."""
    stdp = sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.2), sim.AdditiveWeightDependence(w_max=3.0), weight=0.5
    )
    current = sim.StepCurrentSource(times=[1.0], amplitudes=[0.4])
    point = sim.PointNeuron(sim.LIF(tau_m=7.0), AMPA=sim.ExpPSR(tau_syn=2.0))
    native = sim.NativeRNG(seed=3)
    native.next(5)
    stdp2, current2, point2, native2 = pickle.loads(pickle.dumps((stdp, current, point, native)))
    assert native2.next(9).tolist() == native.next(9).tolist()
    p = sim.Population(2, point2)
    p.record("v")
    p.inject(current2)
    projection = sim.Projection(p, p, sim.OneToOneConnector(), stdp2, receptor_type="AMPA")
    sim.run(3.0)
    assert p.get(["tau_m", "AMPA.tau_syn"]) == [7.0, 2.0]
    assert projection.get(["weight", "A_plus", "w_max"], "list")[0][2:] == (0.5, 0.2, 3.0)
    assert p.get_data().segments[0].analogsignals[0].magnitude[-1, 0] > -65.0
    for made in (
        sim.IF_cond_exp(tau_m=3.0), sim.SpikeSourceArray(spike_times=[1.0]), sim.DCSource(), sim.ACSource(),
        sim.NoisyCurrentSource(), sim.StaticSynapse(), sim.TsodyksMarkramSynapse(), sim.MultiQuantalSynapse(),
        sim.OneToOneConnector(), sim.AllToAllConnector(), sim.FromListConnector([(0, 1)]),
    ):  # fmt: skip
        again = pickle.loads(pickle.dumps(made))
        assert type(again) is type(made)
