"""Files of Neurodata Without Borders: what Neo reads from them, and what else the format holds."""

import datetime
import json

import neo
import numpy as np
import pytest

import pyNN_fastsim as sim

pynwb = pytest.importorskip("pynwb")


@pytest.fixture
def cells():
    """Two populations that have run twice."""
    sim.setup(timestep=0.1)
    p = sim.Population(3, sim.IF_curr_exp(i_offset=[0.0, 1.0, 2.0]), label="p/1")
    q = sim.Population(2, sim.IF_cond_exp(i_offset=1.0), label="q")
    p.record(["spikes", "v"])
    q.record(["spikes", "v", "gsyn_exc"])
    p.annotate(area="V1", levels=[1, 2], experimenter="Ada")
    sim.run(50.0)
    sim.reset(annotations={"condition": "first"})
    sim.run(20.0)
    return p, q


def read(path):
    assert pynwb.validate(path=str(path)) == []
    (block,) = neo.io.NWBIO(str(path), "r").read_all_blocks()
    return block


@pytest.mark.parametrize("of", ["population", "view", "assembly"])
def test_neo_reads_what_there_was(cells, tmp_path, of):
    p, q = cells
    source = {"population": p, "view": p[1:], "assembly": p[1:] + q}[of]
    source.write_data(tmp_path / "folder" / "data.nwb")
    block, expected = read(tmp_path / "folder" / "data.nwb"), source.get_data()
    assert block.name == expected.name
    assert [segment.name for segment in block.segments] == ["segment000", "segment001"]
    for segment, wanted in zip(block.segments, expected.segments, strict=True):
        signals = {signal.annotations["notes"]["name"]: signal for signal in segment.analogsignals}
        assert set(signals) == {signal.name for signal in wanted.analogsignals}
        for signal in wanted.analogsignals:
            found = signals[signal.name]
            assert (found.units, found.sampling_rate) == (signal.units, signal.sampling_rate)
            np.testing.assert_array_equal(found.magnitude, signal.magnitude)
            assert found.annotations["notes"]["channel_ids"] == signal.annotations["channel_ids"].tolist()
            assert found.annotations["notes"]["source_population"] == signal.annotations["source_population"]
            index = signal.array_annotations["channel_index"].tolist()
            assert found.annotations["notes"]["channel_index"] == index
        for train, other in zip(segment.spiketrains, wanted.spiketrains, strict=True):
            np.testing.assert_allclose(train.rescale("ms").magnitude, other.magnitude, rtol=1e-15)
            assert train.t_stop == other.t_stop
            about = other.annotations
            assert train.name == f"{about['source_population']} {about['source_index']}"
    assert any(len(train) for train in expected.segments[0].spiketrains)


def test_annotations(cells, tmp_path):
    p, _ = cells
    p.write_data(str(tmp_path / "data.nwb"), annotations={"lab": "ours", "notes": "mine"})
    block = read(tmp_path / "data.nwb")
    assert (block.annotations["lab"], block.annotations["experimenter"]) == ("ours", ("Ada",))
    notes = json.loads(block.annotations["notes"])
    assert (notes["area"], notes["levels"], notes["notes"], notes["dt"]) == ("V1", [1, 2], "mine", 0.1)
    assert notes["segments"]["segment000"]["condition"] == "first"
    with pynwb.NWBHDF5IO(str(tmp_path / "data.nwb"), "r") as file:
        units = file.read().units.to_dataframe()
    assert units.source_population.tolist() == ["p/1"] * 6
    assert units.source_index.tolist() == units.channel_id.tolist() == [0, 1, 2] * 2


def test_the_start_of_the_session(cells, tmp_path):
    p, _ = cells
    before = datetime.datetime.now().astimezone() - datetime.timedelta(minutes=5)
    p.write_data(str(tmp_path / "data.nwb"))
    start = read(tmp_path / "data.nwb").annotations["session_start_time"]
    assert before < start <= datetime.datetime.now().astimezone()
    given = datetime.datetime(2020, 2, 29, 12, tzinfo=datetime.timezone.utc)
    for value in given, given.isoformat():
        p.write_data(str(tmp_path / "data.nwb"), annotations={"session_start_time": value})
        assert read(tmp_path / "data.nwb").annotations["session_start_time"] == given


def test_a_neo_io(cells, tmp_path):
    cells[0].write_data(neo.io.NWBIO(str(tmp_path / "data.nwb"), "w"))
    assert len(read(tmp_path / "data.nwb").segments) == 2


def test_variables_of_connections_and_cells_without_spikes(tmp_path):
    sim.setup()
    cells = sim.Population(2, sim.IF_curr_exp(), label="silent")
    cells.record("spikes")
    synapse = sim.TsodyksMarkramSynapse(weight=0.1)
    projection = sim.Projection(cells, cells, sim.AllToAllConnector(allow_self_connections=False), synapse)
    projection.record(["u", "x"])
    sim.run(5.0)
    projection.write_data(tmp_path / "connections.nwb")
    first, second = read(tmp_path / "connections.nwb").segments[0].analogsignals
    assert first.shape == second.shape == (51, 2)
    assert first.annotations["notes"]["presynaptic_index"] == [1, 0]
    cells.write_data(tmp_path / "cells.nwb")
    assert [len(train) for train in read(tmp_path / "cells.nwb").segments[0].spiketrains] == [0, 0]
