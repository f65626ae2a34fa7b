"""Full disks, quotas, disks that can only be read, users without a home, a class that shares one cache."""

import errno
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from disks import can_mount, on_small_disk, without_writing

import pyNN_fastsim as sim

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.compiles
needs_disks = pytest.mark.skipif(not can_mount(), reason="needs disks of its own")
needs_forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that begin as copies")

CELLS = "The data of 'cells'"

# --- a full disk ----------------------------------------------------------------------------------

WRITING = """
import json, os, sys
import neo
import pyNN_fastsim as sim

sim.setup(timestep=0.1)
cells = sim.Population(30, sim.IF_curr_exp(i_offset=1.0), label="cells")
cells.record(["spikes", "v"])
many = sim.Population(3000, sim.IF_curr_exp(), label="many")
projection = sim.Projection(
    cells, many[:100], sim.AllToAllConnector(), sim.TsodyksMarkramSynapse(weight=0.1), label="both"
)
projection.record("u")
sim.run(100.0)
WRITERS = {
    "pkl": lambda: cells.write_data("a.pkl"),
    "txt": lambda: cells.write_data("new folder/a.txt"),
    "nix": lambda: cells.write_data("a.nix"),
    "nwb": lambda: cells.write_data("a.nwb"),
    "view": lambda: cells[:29].write_data("a.pkl"),
    "assembly": lambda: sim.Assembly(cells, label="cells").write_data("a.txt"),
    "network": lambda: sim.Network(sim.Assembly(cells)).write_data("a.nix"),
    "Neo IO": lambda: cells.write_data(neo.io.PickleIO("a.pkl")),
    "samples of synapses": lambda: projection.write_data("a.pkl"),
    "connections": lambda: projection.save("all", "a.txt"),
    "positions": lambda: many.save_positions("a.txt"),
    "end": lambda: (cells.record("v", to_file="a.pkl"), sim.end()),
}
found = {}
for what, write in WRITERS.items():
    try:
        write()
    except OSError as error:
        left = [name for _, _, names in os.walk(".") for name in names]
        found[what] = [error.errno, str(error), left]
cells.write_data("small.txt", "spikes")
found["afterwards"] = [cells.get_data("v").segments[0].analogsignals[0].shape, os.path.getsize("small.txt")]
print(json.dumps(found))
"""


@needs_disks
def test_what_is_written_to_a_full_disk_says_so_and_leaves_no_half_of_it(tmp_path):
    done = on_small_disk(WRITING, tmp_path)
    assert done.returncode == 0 and "Exception ignored" not in done.stderr, done.stderr[:3000]
    found = json.loads(done.stdout)
    shape, size = found.pop("afterwards")
    assert shape == [1001, 30] and size > 100, "nothing is lost"
    assert len(found) == 12, found.keys()
    names = {"connections": "The connections of 'both'", "samples of synapses": "The data of 'both'"}
    names |= {"positions": "The positions of 'many'", "network": "The data of the network"}
    for what, (number, message, left) in found.items():
        assert number == errno.ENOSPC, message
        assert f"{names.get(what, CELLS)} can't be written to '" in message
        assert "a." in message and "No space left on device. Nothing is lost" in message
        assert left == [], what


RECORDING = """
import os
import pyNN_fastsim as sim
from pyNN_fastsim.engine import network

network.FLUSH_BYTES = 10_000
with open("filler", "wb") as file:
    file.write(bytes(50_000))
sim.setup(timestep=0.1, record_to="records")
cells = sim.Population(2, sim.IF_curr_exp(i_offset=1.0))
cells.record("v")
try:
    sim.run(300.0)
except OSError as error:
    print(error)
print(len(cells.get_data().segments[0].analogsignals[0]) == round(10 * sim.get_current_time()) + 1)
os.remove("filler")
sim.run_until(300.0)
print(len(cells.get_data().segments[0].analogsignals[0]), *sorted(os.listdir("records/segment000")))
"""


@needs_disks
def test_recordings_go_on_when_a_full_disk_has_room_again(tmp_path):
    done = on_small_disk(RECORDING, tmp_path, "100k")
    assert done.returncode == 0, done.stderr
    message, whole, complete = done.stdout.splitlines()
    assert f"Recordings can't be written to '{tmp_path}/records' at t = " in message
    assert "No space left on device. Nothing is lost" in message
    assert whole == "True" and complete == "3001 0001-v.json 0001-v.npy time.json"


COLD = """
import pyNN_fastsim as sim
sim.setup(timestep=0.1)
cells = sim.Population(3, sim.IF_curr_delta(i_offset=1.0), label="cells")
cells.record("spikes")
sim.run(50.0)
print(sum(cells.get_spike_counts().values()))
"""


@needs_disks
def test_where_nothing_at_all_can_be_written(tmp_path):
    """Installation, home and the folder for temporary files can only be read: there is one warning, it is
    compiled each time, and what is to be written says why it isn't."""
    script = f"""
import sys
sys.modules["csa"] = None  # PyNN imports it, and with it Matplotlib, which needs a folder to write to
{COLD}
for what in (lambda: cells.write_data("a.pkl"), lambda: sim.setup(record_to={str(tmp_path)!r})):
    try:
        what()
    except (OSError, ValueError) as error:
        print(error)
"""
    place = str(tmp_path / "cache")
    done = without_writing(
        script, tmp_path, NUMBA_CACHE_DIR=place, HOME=place, XDG_CACHE_HOME=None, TMPDIR=None
    )
    assert done.returncode == 0, done.stderr
    spikes, data, record_to = done.stdout.splitlines()
    assert int(spikes) > 0
    assert "The data of 'cells' can't be written to 'a.pkl': Read-only file system" in data
    assert f"record_to: can't write to the folder '{tmp_path}'" in record_to and "Read-only" in record_to
    assert done.stderr.count("Warning: ") == 1 and "Machine code can't be kept" in done.stderr, done.stderr


# --- a quota --------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(errno, "EDQUOT"), reason="there are no quotas")
def test_a_quota(tmp_path, monkeypatch):
    sim.setup()
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=1.0), label="cells")
    cells.record("v")
    sim.run(5.0)

    def dump(block, stream, protocol):
        stream.write(b"half")
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(pickle, "dump", dump)
    with pytest.raises(OSError, match="'cells' can't be written to .*a.pkl': Disk quota exceeded") as caught:
        cells.write_data(tmp_path / "a.pkl")
    assert caught.value.errno == errno.EDQUOT and list(tmp_path.iterdir()) == []


def test_what_was_there_before_is_not_removed(tmp_path):
    sim.setup()
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=1.0), label="cells")
    cells.record("v")
    sim.run(5.0)
    (tmp_path / "a.pkl").mkdir()
    (tmp_path / "file").write_text("mine")
    for name in ("a.pkl", "file/a.pkl", "file/a.nix"):
        with pytest.raises(OSError, match="'cells' can't be written to"):
            cells.write_data(tmp_path / name)

    class Appending:  # as Neo does to a .nix file that is there
        filename = str(tmp_path / "file")

        def write_block(self, block):
            raise OSError(errno.EIO, "")

    with pytest.raises(OSError, match="'cells' can't be written to '.*file': Input/output error"):
        cells.write_data(Appending())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pkl", "file"]


# --- a class with one cache -----------------------------------------------------------------------

STUDENTS = """
import os, sys, warnings
import pyNN_fastsim as sim
from pyNN_fastsim.engine.compiling.compile import compiled

warnings.simplefilter("error")
os.environ["NUMBA_CACHE_DIR"] = sys.argv[1]
os.environ.pop("HOME", None)
students = []
for k in range(40):
    if not (student := os.fork()):
        try:
            if os.geteuid() == 0:  # users of their own, of whom the system knows neither name nor home
                os.setgroups([])
                os.setgid(54000 + k)
                os.setuid(54000 + k)
            sim.setup(timestep=0.1)
            cells = sim.Population(2, sim.IF_curr_exp(i_offset=1.0))
            cells.record("all")
            sim.run(50.0)
            found = sum(cells.get_spike_counts().values()), len(compiled)
            os.write(1, f"{found}\\n".encode())  # at once, so that no other's comes in between
        finally:
            os._exit(0)
    students.append(student)
for student in students:
    os.waitpid(student, 0)
"""


def _others_may_read(path):
    """Whether users with other rights than this one can read what is in a folder."""
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))


@needs_forks
@pytest.mark.skipif(
    not all(_others_may_read(path) for path in (Path(sys.prefix), ROOT)),
    reason="Python, or the package, is installed where no other user may read it",
)
def test_forty_students_share_a_cache_that_was_made_for_them():
    """Made with `fastsim warmup --to`, and used from there by users who may only read it."""
    folder = Path(tempfile.mkdtemp(prefix="Übung 1 "))  # pytest's own is for one user only
    try:
        folder.chmod(0o755)
        shared, environment = folder / "für alle", {**os.environ, "PYTHONPATH": str(ROOT)}
        warm = [sys.executable, "-m", "pyNN_fastsim", "warmup", "IF_curr_exp", "--to", shared]
        done = subprocess.run(warm, env=environment, capture_output=True, text=True, check=True)
        assert done.stderr == "", "no bar where nobody watches"
        before = sorted(shared.rglob("*"))
        script = [sys.executable, "-c", STUDENTS, shared]
        done = subprocess.run(script, env=environment, capture_output=True, text=True, check=True)
        lines = done.stdout.splitlines()
        assert len(lines) == 40 and len(set(lines)) == 1, done.stdout + done.stderr[-3000:]
        assert lines[0] == "(2, 0)", "spikes, and functions that were compiled"
        assert sorted(shared.rglob("*")) == before
    finally:
        shutil.rmtree(folder)
