"""Files of connections: what was saved comes back, and nothing in them is run."""

import os
import pickle
import zipfile

import numpy as np
import pytest
from pyNN.recording.files import NumpyBinaryFile, PickleFile, StandardTextFile

import pyNN_fastsim as sim

FILES = {"txt": StandardTextFile, "pkl": PickleFile, "npz": NumpyBinaryFile}


class Trap:
    """Makes a folder when it is loaded."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.fixture
def network():
    sim.setup()
    pre, post = sim.Population(3, sim.SpikeSourceArray()), sim.Population(2, sim.IF_curr_exp())
    weights = np.arange(6.0).reshape(3, 2)
    return sim.Projection(pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=weights, delay=2.0))


def connect_again(projection, file, synapse=sim.StaticSynapse()):  # noqa: B008
    return sim.Projection(projection.pre, projection.post, sim.FromFileConnector(file), synapse)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("names", [["weight", "delay"], ["delay", "weight"], ["delay"]])
def test_what_was_saved_comes_back(network, tmp_path, kind, names):
    path = str(tmp_path / f"connections.{kind}")
    network.save(names, FILES[kind](path, mode="w" if kind == "txt" else "wb"))
    copy = connect_again(network, FILES[kind](path, mode="r" if kind == "txt" else "rb"))
    assert copy.get(names, "list") == network.get(names, "list")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", [float, "f4", "i8"])
def test_arrays_of_any_pickle(network, tmp_path, protocol, dtype):
    table = np.array([[0, 1, 5, 1], [2, 0, 6, 2]], dtype=dtype)
    path = tmp_path / "connections.pkl"
    for values in table, table.tolist(), [tuple(row) for row in table]:
        path.write_bytes(pickle.dumps((values, {"columns": ["i", "j", "weight", "delay"]}), protocol))
        copy = connect_again(network, PickleFile(str(path), mode="rb"))
        assert sorted(copy.get(["weight", "delay"], "list")) == [(0, 1, 5.0, 1.0), (2, 0, 6.0, 2.0)]


def trapped(path, trap, kind):
    """A file of connections that makes a folder where PyNN reads it."""
    table, columns = np.array([[0, 1, 5.0, 1.0]]), ["i", "j", "weight", "delay"]
    if kind == "txt":
        path.write_text(f"# columns = __import__('os').mkdir({str(trap.folder)!r}) or {columns}\n0 1 5 1\n")
    elif kind == "pkl":
        path.write_bytes(pickle.dumps((table, {"columns": columns, "trap": trap})))
    else:
        np.savez(path, data=table, metadata=np.array([("columns", columns), ("trap", trap)], dtype=object))
    return FILES[kind](str(path), mode="r" if kind == "txt" else "rb")


@pytest.mark.parametrize("kind", FILES)
def test_nothing_in_a_file_is_run(network, tmp_path, kind):
    trap = Trap(tmp_path / "made")
    file = trapped(tmp_path / f"trap.{kind}", trap, kind)
    with pytest.raises(ValueError, match="columns in .*trap.txt must be|must hold data only, not .*mkdir"):
        connect_again(network, file)
    assert not trap.folder.exists()
    file.get_metadata()  # PyNN's
    assert trap.folder.exists(), "the trap is none"


def test_an_array_of_objects_is_not_loaded(network, tmp_path):
    path = tmp_path / "trap.npz"
    trap = Trap(tmp_path / "made")
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in ("data", [[trap]]), ("metadata", [("columns", ["i", "j"])]):
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.array(value, dtype=object))
    with pytest.raises(ValueError, match="Object arrays"):
        connect_again(network, NumpyBinaryFile(str(path), mode="rb"))
    assert not trap.folder.exists()


def test_a_file_that_is_not_there(network, tmp_path):
    with pytest.raises(FileNotFoundError):
        connect_again(network, str(tmp_path / "absent.txt"))
