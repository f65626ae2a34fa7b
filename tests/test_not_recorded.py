"""Asking for what was not recorded is an error, or a warning, never data without samples."""

import pytest
from pyNN.errors import RecordingError
from test_recording import neurons, signal

import pyNN_fastsim as sim


@pytest.fixture(autouse=True)
def new_network():
    sim.setup(timestep=0.1)


GETTERS = {
    "get_data": lambda cells: cells.get_data("spikes"),
    "get_data of several": lambda cells: cells.get_data(["v", "spikes"]),
    "write_data": lambda cells: cells.write_data("never.pkl", "spikes"),
    "get_spike_counts": lambda cells: cells.get_spike_counts(),
    "mean_spike_count": lambda cells: cells.mean_spike_count(),
    "getSpikes": lambda cells: cells.getSpikes(),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("get", GETTERS.values(), ids=GETTERS)
def test_what_was_not_recorded_is_an_error(get):
    """For populations, views and assemblies, unless it was recorded from some of the cells, or once."""
    p, q = neurons(5), neurons(2)
    p.record("v")
    q.record("v")
    for cells, what in ((p, "population 'cells'"), (p[1:3], "these 2 cells"), (p + q, "assembly")):
        with pytest.raises(RecordingError, match=f"'spikes' was not recorded from {what}.*only v"):
            get(cells)
    p[0:2].record("spikes")
    with pytest.raises(RecordingError, match="'spikes'.*only v"):
        get(p[2:4])
    if "write" not in get.__code__.co_names[0]:
        for cells in (p, p[1:3], p + q, p[2:4] + p[1:2]):
            get(cells)
        p.record(None)
        sim.run(0.1)
        p.get_data(clear=True)
        get(p[0:1])


def test_nothing_recorded_at_all_is_a_warning():
    p, q = neurons(), neurons(2)
    for cells in (p, p[0:1], p + q):
        with pytest.warns(UserWarning, match="Nothing was recorded from") as caught:
            (segment,) = cells.get_data().segments
        assert caught[0].filename == __file__  # the user's line, not ours
        assert not segment.analogsignals and not segment.spiketrains
    projection = sim.Projection(p, q, sim.AllToAllConnector(), sim.TsodyksMarkramSynapse())
    with pytest.warns(UserWarning, match="Nothing was recorded from projection"):
        projection.get_data()
    projection.record("u")
    with pytest.raises(RecordingError, match="'x' was not recorded from projection .*only u"):
        projection.get_data("x")


def test_an_assembly_gives_what_some_of_its_populations_can_have():
    """Spike sources have no v."""
    p, source = neurons(), sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]))
    p.record("v")
    source.record("spikes")
    sim.run(2.0)
    assert signal(p + source).shape == (21, 3)
    assert (p + source).get_spike_counts() == {int(cell): 1 for cell in source}
    with pytest.raises(RecordingError, match="'w'"):
        (source + p).get_data("w")


def test_spike_counts_after_recording_has_ended():
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0, 3.0, 5.0]))
    source.record("spikes")
    sim.run(2.0)
    source.record(None)
    sim.run(2.0)
    source[1:2].record("spikes")
    sim.run(2.0)
    assert list(source.get_spike_counts().values()) == [1, 2]
