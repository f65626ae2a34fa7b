"""Spikes of a SpikeSourceArray at the times that were given: setup(spike_precision="off_grid")."""

import numpy as np
import pytest
from test_recording import neurons, spikes

import pyNN_fastsim as sim


@pytest.fixture(autouse=True)
def new_network():
    sim.setup(timestep=0.1)


GIVEN = [[0.0, 0.31, 0.33, 0.4, 1.07], [0.05, 0.35, 0.30000001, 2.0], [], [0.36, 0.37]]
GIVEN[1].sort()


def array_sources():
    source = sim.Population(4, sim.SpikeSourceArray(spike_times=GIVEN), label="sources")
    source.record("spikes")
    return source


@pytest.mark.parametrize("pieces", [[3.0], [0.1] * 30, [0.3, 0.2, 2.5]], ids=len)
def test_times_as_they_were_given(pieces):
    """With the precision that is pyNN.nest's default; times that count as on the grid are the grid's."""
    sim.setup(timestep=0.1, spike_precision="off_grid")
    other = neurons()
    other.record("spikes")
    source = array_sources()
    for piece in pieces:
        sim.run(piece)
    expected = [GIVEN[0], [0.05, 0.3, 0.35, 2.0], [], GIVEN[3]]
    assert spikes(source) == expected
    assert spikes(source[[3, 1]]) == [expected[1], expected[3]]
    assert spikes(other + source)[3:] == expected
    assert list(source.get_spike_counts().values()) == [5, 4, 0, 2]
    assert np.all(np.diff(np.rint(np.concatenate(spikes(other)) * 1e9) % 1e8) == 0)  # neurons: on the grid


def test_given_times_that_change_and_recording_that_begins_later():
    sim.setup(timestep=0.1, spike_precision="off_grid")
    source, late = array_sources(), sim.Population(1, sim.SpikeSourceArray(spike_times=[0.05, 0.77, 1.23]))
    sim.run(0.4)
    source.set(spike_times=[0.38, 0.44, 0.46])
    sim.run(0.3)
    source[0:1].set(spike_times=[0.71, 0.9])
    late.record("spikes")
    sim.run(0.6)
    changed = [[0.0, 0.31, 0.33, 0.4, 0.44, 0.46, 0.71, 0.9], [0.05, 0.3, 0.35, 0.44, 0.46]]
    changed += [[0.44, 0.46], [0.36, 0.37, 0.44, 0.46]]
    assert spikes(source) == changed and spikes(late) == [[0.77, 1.23]]
    source.record(None)
    sim.reset()
    sim.run(0.9)
    source.record("spikes")
    sim.run(0.1)
    assert spikes(source, 0) == changed and spikes(source) == [[]] * 4
    sim.setup(timestep=0.1)
    assert spikes(source, 0) == changed


def test_given_times_in_files(tmp_path):
    sim.setup(timestep=0.1, spike_precision="off_grid", record_to=str(tmp_path / "records"))
    source = array_sources()
    sim.run(1.0)
    source.set(spike_times=[1.55])
    sim.run(1.0)
    assert spikes(source)[0] == [0.0, 0.31, 0.33, 0.4, 1.55]
    source.write_data(str(tmp_path / "spikes.txt"))
    assert "\t0.31\t" in (tmp_path / "spikes.txt").read_text()


def test_spike_precision():
    for given in ({}, {"spike_precision": "on_grid"}):
        sim.setup(timestep=0.1, **given)
        source = array_sources()
        sim.run(1.0)
        assert spikes(source)[0] == [0, 0.4, 0.4, 0.4]
    for wrong in ("exact", None, 1):
        with pytest.raises(ValueError, match="spike_precision must be one of .*off_grid"):
            sim.setup(spike_precision=wrong)
