"""Recordings that go to files in the course of a run: the same data, all of them, in bounded memory."""

import errno
import json
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import pyNN_fastsim as sim
from pyNN_fastsim.engine import network as engine
from pyNN_fastsim.engine.recording import records


@pytest.fixture
def flush_after_each_piece(monkeypatch):
    monkeypatch.setattr(records, "MAPPED_BYTES", 0)
    monkeypatch.setattr(engine, "FLUSH_BYTES", 0)
    monkeypatch.setattr(engine, "PIECE_SECONDS", 1e-4)


def build(folder=None, threads=1):
    """Two populations that spike, one of them recorded in part and less often, and plastic synapses."""
    sim.setup(timestep=0.1, record_to=folder, threads=threads)
    a = sim.Population(6, sim.IF_curr_exp(i_offset=lambda i: 1.5 + 0.1 * i), label="a")
    b = sim.Population(5, sim.IF_cond_exp(i_offset=0.9), label="b/c")
    silent = sim.Population(2, sim.IF_curr_exp(), label="silent")
    rule = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.01, A_minus=0.01),
        weight_dependence=sim.AdditiveWeightDependence(w_min=0, w_max=0.01),
        weight=0.002,
        delay=1.0,
    )
    projection = sim.Projection(a, b, sim.AllToAllConnector(), rule)
    projection.record("weight", sampling_interval=1.0)
    a.record(["spikes", "v"])
    b[1:4].record(["spikes", "v"], sampling_interval=0.5)
    silent.record("spikes")
    return a, b, silent, projection


def assert_same(got, expected):
    """Two Neo blocks have the same data."""
    assert len(got.segments) == len(expected.segments)
    for one, other in zip(got.segments, expected.segments, strict=True):
        assert one.annotations == other.annotations
        for x, y in zip(one.analogsignals, other.analogsignals, strict=True):
            assert (x.name, x.units, x.t_start, x.sampling_period) == (
                y.name, y.units, y.t_start, y.sampling_period,
            )  # fmt: skip
            assert x.array_annotations.keys() == y.array_annotations.keys()
            np.testing.assert_array_equal(x.magnitude, y.magnitude)
        for x, y in zip(one.spiketrains, other.spiketrains, strict=True):
            assert (x.annotations, x.t_start, x.t_stop) == (y.annotations, y.t_start, y.t_stop)
            np.testing.assert_array_equal(x.magnitude, y.magnitude)


def all_data(cells):
    a, b, silent, projection = cells
    whole = [x.get_data() for x in (a, b, a[2:4], a + b + silent, projection)]
    return whole + [a.get_data("spikes"), b.get_data("v")], (a + b).get_spike_counts()


def simple(cells):
    sim.run(60.0)


def in_pieces(cells):
    """Each piece with what was recorded until then looked at, so that files are read while they grow."""
    for _ in range(30):
        sim.run(2.0)
        cells[0].get_data()


def with_callbacks(cells):
    sim.run(60.0, callbacks=[lambda t: (cells[0].get_spike_counts(), t + 0.7)[1]])


def with_resets(cells):
    for duration in (20.0, 35.0, 15.0):
        sim.run(duration)
        sim.reset(annotations={"duration": duration})
    sim.run(10.0)


def with_clears(cells):
    a, b, _, projection = cells
    sim.run(20.0)
    a.get_data(clear=True)
    sim.run(15.3)
    b.get_data("v", clear=True)
    projection.get_data(clear=True)
    sim.run(20.0)


def with_more_recorded(cells):
    a, b, silent, _ = cells
    sim.run(20.0)
    b.record(["spikes", "v"])
    silent.record("v")
    sim.run(20.0)
    a.record(None)
    sim.run(5.0)
    a[0:2].record(["spikes", "v"], sampling_interval=0.2)
    sim.run(20.0)


RUNS = [simple, in_pieces, with_callbacks, with_resets, with_clears, with_more_recorded]


@pytest.mark.big
@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
@pytest.mark.parametrize("threads", [1, 2])
def test_same_data_as_in_memory(run, threads, tmp_path, always_threads, flush_after_each_piece):
    results = []
    for folder in (None, tmp_path / "records"):
        cells = build(folder, threads)
        run(cells)
        results.append(all_data(cells))
    (expected, expected_counts), (got, counts) = results
    assert counts == expected_counts and sum(counts.values()) > 0
    for one, other in zip(got, expected, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("mapped", [True, False])
def test_what_users_get_is_theirs(mapped, tmp_path, monkeypatch):
    """Changing it changes neither the files nor what is asked for later; it outlives the next run."""
    monkeypatch.setattr(records, "MAPPED_BYTES", 0 if mapped else 10**9)
    a, *_ = build(tmp_path)
    sim.run(5.0)
    first = a.get_data().segments[0].analogsignals[0]
    first[:, 0] = 0 * first.units
    sim.run(5.0)
    second = a.get_data().segments[0].analogsignals[0]
    assert np.all(first.magnitude[:, 0] == 0) and second.magnitude[1:51, 0].max() < 0
    np.testing.assert_array_equal(first.magnitude[:, 1:], second.magnitude[:51, 1:])


def test_written_files_are_those_of_recordings_in_memory(tmp_path):
    texts, blocks = [], []
    for folder in (None, tmp_path / "records"):
        a, b, *_ = build(folder)
        sim.run(20.0)
        sim.reset()
        sim.run(10.0)
        for ending in (".txt", ".pkl"):
            sim.Assembly(a, b, label="both").write_data(str(tmp_path / f"data{ending}"))
        texts.append((tmp_path / "data.txt").read_text())
        blocks.append(pickle.loads((tmp_path / "data.pkl").read_bytes()))
    assert texts[0] == texts[1]
    assert_same(*blocks)


# --- the files --------------------------------------------------------------------------------


def read(folder):
    """(description, array) of all files, by population and variable; without this package."""
    found = {}
    for path in sorted(folder.glob("*.npy")):
        about = json.loads(path.with_suffix(".json").read_text())
        who = about.get("population") or about["projection"]
        found[who, about["variable"]] = about, np.load(path, mmap_mode="r")
    return found


def test_files_without_this_package(tmp_path):
    a, b, silent, projection = build(tmp_path)
    sim.run(20.0)
    sim.reset()
    sim.run(30.0)
    b.record("spikes")  # all of them now
    sim.run(10.0)
    assert json.loads((tmp_path / "segment000" / "time.json").read_text()) == {"dt": 0.1, "last_step": 200}
    files = read(tmp_path / "segment001")
    assert set(files) == {
        ("a", "v"), ("b/c", "v"), ("a", "spikes"), ("b/c", "spikes"), (projection.label, "weight"),
    }  # fmt: skip
    about, v = files["b/c", "v"]
    wanted = b.get_data().segments[1].analogsignals[0]
    np.testing.assert_array_equal(v, wanted.magnitude)
    assert about == {
        "dt": 0.1, "variable": "v", "units": "mV", "population": "b/c", "first_id": 6, "cells": [1, 2, 3],
        "first_step": 0, "interval_steps": 5,
    }  # fmt: skip
    about, spikes = files["b/c", "spikes"]
    assert about["cells"] == [0, 1, 2, 3, 4] and spikes.dtype == np.int32
    for cell, train in enumerate(b.get_data().segments[1].spiketrains):
        steps = spikes[spikes[:, 0] == about["first_id"] + cell, 1]
        np.testing.assert_allclose(steps * about["dt"], train.magnitude, rtol=1e-12)
    about, weights = files[projection.label, "weight"]
    assert weights.shape == (41, 30)
    last = {(pre, post): w for pre, post, w in projection.get("weight", format="list")}
    for pre, post, weight in zip(about["pre"], about["post"], weights[-1], strict=True):
        assert last[pre, post] == weight


SCRIPT = """
import os, signal, sys
import pyNN_fastsim as sim
from pyNN_fastsim.engine import network
sys.path.insert(0, {tests!r})
import test_record_to
network.FLUSH_SECONDS, network.PIECE_SECONDS = 0.0, 1e-4
test_record_to.build(sys.argv[1])
def die(t):
    if t >= 35.0:
        os.kill(os.getpid(), signal.SIGKILL)
    return t + 7.0
sim.run(100.0, callbacks=[die])
"""


@pytest.mark.big
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
def test_killed(tmp_path):
    """All that was flushed before is there, and what was being written then is not taken for data."""
    script = SCRIPT.format(tests=os.path.dirname(__file__))
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    a, b, *_ = build()
    sim.run(100.0)
    files = read(tmp_path / "segment000")
    last = json.loads((tmp_path / "segment000" / "time.json").read_text())["last_step"]
    assert 300 <= last <= 350
    for path in (tmp_path / "segment000").glob("*.npy"):  # as if killed while writing
        with path.open("ab") as file:
            file.write(b"\xff" * 13)
    again = read(tmp_path / "segment000")
    for cells in (a, b):
        segment = cells.get_data().segments[0]
        about, v = again[cells.label, "v"]
        assert len(v) == last // about["interval_steps"] + 1
        np.testing.assert_array_equal(v, segment.analogsignals[0].magnitude[: len(v)])
        ids, times = segment.spiketrains.multiplexed
        expected = np.stack([ids, np.rint(times.magnitude / 0.1)], axis=1)
        expected = expected[expected[:, 1] <= last]
        np.testing.assert_array_equal(again[cells.label, "spikes"][1], expected)
        assert len(files[cells.label, "spikes"][1]) == len(expected) > 0


@pytest.mark.parametrize("moment", ["rows", "header"])
def test_a_write_that_is_cut_short(moment, tmp_path, monkeypatch):
    """Whatever part of a flush was done, the file tells what is complete; the next flush mends it."""
    array = records.FiledArray(str(tmp_path / "x.npy"), dict, (2,))
    rows = np.arange(20.0).reshape(10, 2)
    array.extend(rows[:6])
    array.flush()
    array.extend(rows[6:])
    write = records.FiledArray._header

    def fail(self, n):
        if n == (array.start if moment == "rows" else 10):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, n)

    monkeypatch.setattr(records.FiledArray, "_header", fail)
    with pytest.raises(OSError):
        array.flush()
    np.testing.assert_array_equal(np.load(array.path), rows[:6])
    np.testing.assert_array_equal(array.view(), rows)
    with open(array.path, "ab") as file:
        file.write(b"\xff" * 5)  # part of a row
    monkeypatch.undo()
    np.testing.assert_array_equal(array.view(), rows)
    np.testing.assert_array_equal(np.load(array.path), rows)


# --- memory -----------------------------------------------------------------------------------


@pytest.mark.big
@pytest.mark.parametrize("folder", [False, True], ids=["in memory", "to files"])
def test_memory(folder, tmp_path, monkeypatch):
    """Recordings to files take a bounded amount of it, however long the run, and so does reading them."""
    monkeypatch.setattr(engine, "FLUSH_BYTES", 10**5)
    sim.setup(timestep=0.1, **({"record_to": tmp_path} if folder else {}))
    p = sim.Population(50, sim.IF_curr_exp(i_offset=2.0))
    p.record(["v", "spikes"])
    sim.run(100.0)
    p.get_data()
    tracemalloc.start()
    try:
        for _ in range(2):
            sim.run(1000.0)  # 4 MB of v
            sim.reset()
        sim.run(1000.0)
        segments = p.get_data("v").segments
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [s.analogsignals[0].shape for s in segments[1:]] == [(10001, 50)] * 2
    assert (peak < 4e6) if folder else (peak > 1.2e7)


@pytest.mark.big
def test_many_segments(tmp_path):
    """More than a process may have files open."""
    sim.setup(timestep=0.1, record_to=tmp_path)
    p = sim.Population(1, sim.IF_curr_exp(i_offset=2.0))
    p.record(["v", "spikes"])
    for _ in range(300):
        sim.run(10.0)
        sim.reset()
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    try:
        segments = p.get_data().segments
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert len(segments) == 300 and {len(s.analogsignals[0]) for s in segments} == {101}


# --- what can go wrong ------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["", 3, b"abc", "a\0b", ["x"], True])
def test_not_a_folder(value):
    with pytest.raises(ValueError, match="record_to"):
        sim.setup(record_to=value)


@pytest.mark.skipif(os.name == "nt", reason="these are good names there")
@pytest.mark.parametrize(
    "name", ["C:\\data\\run", "d:/data", r"\\server\share", pathlib.PureWindowsPath("C:/data/run")]
)
def test_a_path_of_windows_elsewhere(name, tmp_path, monkeypatch):
    """It would be a folder of that very name, somewhere."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="is a path of Windows, and this is .*name a folder of this machine"):
        sim.setup(record_to=name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["~/runs", "Übung 1/100 % [neu]*", "a:b", "C"])
def test_any_name_of_a_folder(name, tmp_path, monkeypatch):
    if os.name == "nt" and set(name) & set("*:"):
        pytest.skip("not there")
    monkeypatch.chdir(tmp_path)
    for variable in "HOME", "USERPROFILE":
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    build(name)
    sim.run(1.0)
    assert ("a", "v") in read(tmp_path / name.replace("~", "home") / "segment000")


@pytest.mark.parametrize("label", ['a/b:c*?\\<>|"', "ü" * 400, "..", "/etc/passwd", "a\nb", "con"])
def test_any_label(label, tmp_path):
    """Names of files hold none of it."""
    sim.setup(record_to=tmp_path / "new")
    cells = sim.Population(2, sim.IF_curr_exp(i_offset=1.0), label=label)
    cells.record(["spikes", "v"])
    synapse = sim.TsodyksMarkramSynapse(weight=0.1)
    projection = sim.Projection(cells, cells, sim.AllToAllConnector(), synapse, label=label)
    projection.record("u")
    sim.run(30.0)
    assert {label} == {who for who, _ in read(tmp_path / "new" / "segment000")}
    assert cells.get_data("v").segments[0].analogsignals[0].shape == (301, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_folders_that_can_not_be_written_to(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for folder in (file, file / "folder", "/proc/folder"):
        with pytest.raises(ValueError, match="record_to: can't write"):
            sim.setup(record_to=folder)


def test_recordings_are_never_overwritten(tmp_path):
    build(tmp_path)
    sim.run(1.0)
    with pytest.raises(ValueError, match="holds recordings already"):
        sim.setup(record_to=tmp_path)
    assert sim.get_current_time() == 1.0  # the old network is still there
    sim.setup(record_to=str(tmp_path / "other" / "folder"))


def test_relative_names_are_those_of_the_moment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    build("records")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    sim.run(5.0)
    assert ("a", "v") in read(tmp_path / "records" / "segment000")


@pytest.mark.big
@pytest.mark.parametrize("why", [name for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name)])
def test_no_room_on_the_disk(why, tmp_path, monkeypatch, flush_after_each_piece):
    """The run stops with an error, nothing is lost, and it goes on when there is room again."""
    a, b, silent, projection = cells = build(tmp_path)
    sim.run(10.0)
    makes_room = records.FiledArray.flush

    number = getattr(errno, why)

    def full(self):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(records.FiledArray, "flush", full)
    with pytest.raises(
        OSError, match="can't be written .* (No space|Disk quota) .*can be retrieved"
    ) as caught:
        sim.run(50.0)
    assert caught.value.errno == number and 10.0 < (stopped := sim.get_current_time()) < 60.0
    assert a.get_data().segments[0].analogsignals[0].shape[0] == round(stopped / 0.1) + 1
    with pytest.raises(OSError, match="can't be written"):
        sim.reset()
    monkeypatch.setattr(records.FiledArray, "flush", makes_room)
    sim.run_until(60.0)
    got = all_data(cells)[0]
    assert read(tmp_path / "segment000")["a", "v"][1].shape == (601, 6)
    cells = build()
    sim.run(60.0)
    for one, other in zip(got, all_data(cells)[0], strict=True):
        assert_same(one, other)
