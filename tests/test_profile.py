"""setup(profile=True): what is printed after a run."""

import re

import numpy as np
import pytest

import pyNN_fastsim as sim


def parts_of(text):
    """{name: (seconds, events)} of a printed table, events 0 where there are none."""
    lines = text.splitlines()[2:]
    found = {}
    for line in lines:
        words = line[44:].split()
        found[line[:44].strip()] = float(words[0]), float(words[2]) if len(words) > 2 else 0.0
    return found


@pytest.fixture(params=[1, 2])
def run(request, capsys, monkeypatch):
    """Run a network of known events for 100 steps; returns the table of that run, and the seconds of all."""
    monkeypatch.setattr("pyNN_fastsim.engine.preparation.CELLS_PER_THREAD", 1)
    sim.setup(timestep=0.1, profile=True, threads=request.param)
    cells = sim.Population(7, sim.IF_curr_exp(), label="cells")
    inputs = sim.Population(4, sim.SpikeSourceArray(spike_times=[3.0, 4.0, 40.0]), label="inputs")
    counted = sim.Population(7, sim.SpikeSourcePoisson(rate=8000.0), label="counted")
    sim.Projection(inputs, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=0.2))
    changing = sim.TsodyksMarkramSynapse(weight=0.1, delay=0.2)
    sim.Projection(inputs, cells[:3], sim.AllToAllConnector(), changing)
    sim.Projection(counted, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.0, delay=0.2))
    cells[:3].record("v")
    (inputs + counted).record("spikes")
    sim.run(1.0)
    capsys.readouterr()
    before = sum((inputs + counted).get_spike_counts().values())
    sim.run(10.0)
    spikes = sum((inputs + counted).get_spike_counts().values()) - before
    return capsys.readouterr().out, spikes, request.param


def test_events_are_those_of_this_run(run):
    text, spikes, threads = run
    title = rf"100 steps \(0.01 s\) in \S+ s of {threads} thread"
    assert re.match(title, text)
    parts = parts_of(text)
    assert parts["updates"][1] == parts["cells (7 IF_curr_exp)"][1] == 700
    assert parts["inputs (4 SpikeSourceArray)"][1] == 8
    assert parts["sources"][1] == pytest.approx(spikes, rel=1e-2)  # three digits are printed
    assert parts["delivery"][1] == pytest.approx(8 * 7 + spikes - 8, rel=1e-2)
    assert parts["plasticity"][1] == 8 * 3
    assert parts["recording"][1] == pytest.approx(spikes + 3 * 100, rel=1e-2)


@pytest.mark.big
def test_parts_add_up_to_the_whole(run, capsys):
    sim.run(3000.0)
    text = capsys.readouterr().out
    total = float(re.search(r"in (\S+) s of", text)[1])
    seconds = [s for name, (s, _) in parts_of(text).items() if "(" not in name]
    assert np.all(np.array(seconds) >= 0)
    assert total > 0.01
    assert sum(seconds) == pytest.approx(total, rel=0.02, abs=1e-3)  # both are rounded


def test_a_profile_changes_nothing_and_is_not_there_unless_asked_for(capsys):
    def spikes(**arguments):
        sim.setup(timestep=0.1, **arguments)
        cells = sim.Population(20, sim.IF_cond_exp(i_offset=0.9))
        noise = sim.Population(20, sim.SpikeSourcePoisson(rate=900.0))
        sim.Projection(noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.01, delay=0.3))
        cells.record("spikes")
        sim.run(100.0)
        return [list(map(float, train)) for train in cells.get_data().segments[0].spiketrains]

    without = spikes()
    assert capsys.readouterr().out == ""
    assert spikes(profile=True) == without
    assert "updates" in capsys.readouterr().out


def test_one_table_for_a_run_with_callbacks(capsys):
    """Also where weights change during it, and where it ends with an error nothing is printed."""
    sim.setup(timestep=0.1, profile=True)
    cells = sim.Population(2, sim.IF_curr_exp())
    projection = sim.Projection(cells, cells, sim.AllToAllConnector())

    def change(t):
        projection.set(weight=t * 1e-3)
        return t + 2.0

    sim.run(10.0, callbacks=[change])
    out = capsys.readouterr().out
    assert out.count("updates") == 1 and out.startswith("101 steps")
    assert parts_of(out)["updates"][1] == 2 * 101


def test_profile_must_be_a_truth_value():
    with pytest.raises(ValueError, match="profile must be True or False, not 'yes'"):
        sim.setup(profile="yes")
