"""Wherever a file may be named, its name may be a pathlib.Path, or anything else that stands for one."""

import os
from pathlib import Path

import neo
import pytest
from pyNN.recording.files import NumpyBinaryFile, PickleFile, StandardTextFile

import pyNN_fastsim as sim


class Name(os.PathLike):
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return str(self.path)


class Everything:
    """A small network that has run, recorded."""

    def __init__(self):
        sim.setup()
        self.cells = sim.Population(3, sim.IF_curr_exp(i_offset=1.0))
        self.cells.record("spikes")
        synapse = sim.TsodyksMarkramSynapse(weight=0.1)
        self.projection = sim.Projection(self.cells, self.cells, sim.AllToAllConnector(), synapse)
        self.projection.record("u")
        sim.run(30.0)

    def at_end(self, record):
        record()
        sim.run(1.0)
        sim.end()


WRITTEN = {
    "population, pkl": lambda net, file: net.cells.write_data(file("a.pkl")),
    "population, txt": lambda net, file: net.cells.write_data(file("a.txt")),
    "population, nix": lambda net, file: net.cells.write_data(file("a.nix")),
    "view": lambda net, file: net.cells[1:].write_data(file("a.pkl")),
    "assembly": lambda net, file: sim.Assembly(net.cells).write_data(file("a.pkl")),
    "network": lambda net, file: sim.Network(net.cells, sim.Assembly(net.cells)).write_data(file("a.nix")),
    "projection": lambda net, file: net.projection.write_data(file("a.pkl")),
    "save": lambda net, file: net.projection.save("weight", file("a.txt")),
    "saveConnections": lambda net, file: net.projection.saveConnections(file("a.txt")),
    "positions": lambda net, file: net.cells.save_positions(file("a.txt")),
    "positions of a view": lambda net, file: net.cells[1:].save_positions(file("a.txt")),
    "positions of an assembly": lambda net, file: sim.Assembly(net.cells).save_positions(file("a.txt")),
    "text file": lambda net, file: net.projection.save("weight", StandardTextFile(file("a.txt"), mode="w")),
    "pickle": lambda net, file: net.projection.save("weight", PickleFile(file("a.pkl"), mode="wb")),
    "NumPy's": lambda net, file: net.projection.save("weight", NumpyBinaryFile(file("a.npz"), mode="wb")),
    "record": lambda net, file: net.at_end(lambda: net.cells.record("v", to_file=file("a.pkl"))),
    "record of an assembly": lambda net, file: net.at_end(
        lambda: sim.Assembly(net.cells).record("v", to_file=file("a.pkl"))
    ),
    "procedural record": lambda net, file: net.at_end(lambda: sim.record("v", net.cells, file("a.pkl"))),
    "record_v": lambda net, file: net.at_end(lambda: sim.record_v(net.cells[0], file("a.pkl"))),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", [Path, Name])
@pytest.mark.parametrize("what", WRITTEN)
def test_paths(tmp_path, what, kind):
    WRITTEN[what](Everything(), lambda name: kind(tmp_path / name))
    assert [path.stem for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("kind", [Path, Name])
def test_paths_to_read_and_to_record_to(tmp_path, kind):
    sim.setup(record_to=kind(tmp_path / "recordings"))
    cells = sim.Population(3, sim.IF_curr_exp())
    cells.record("v")
    (tmp_path / "list.txt").write_text('# columns = ["i", "j", "weight"]\n0 1 0.5\n2 0 0.25\n')
    connector = sim.FromFileConnector(kind(tmp_path / "list.txt"))
    projection = sim.Projection(cells, cells, connector, sim.StaticSynapse())
    assert sorted(projection.get("weight", "list")) == [(0, 1, 0.5), (2, 0, 0.25)]
    sim.run(1.0)
    assert list((tmp_path / "recordings").rglob("*-v.npy"))


def test_a_name_and_a_path_are_the_same_file(tmp_path):
    sim.setup()
    cells = sim.Population(1, sim.IF_curr_exp())
    cells.record("v", to_file=tmp_path / "a.pkl")
    cells.record("spikes", to_file=str(tmp_path / "a.pkl"))
    sim.run(5.0)
    sim.end()
    (segment,) = neo.io.PickleIO(str(tmp_path / "a.pkl")).read_block().segments
    assert len(segment.analogsignals) == len(segment.spiketrains) == 1
