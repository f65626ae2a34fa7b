"""What was recorded comes back: all of it, from the right cells, at the right times, as Neo objects."""

import copy
import pickle
import subprocess
import sys
import tracemalloc

import neo
import numpy as np
import pyNN.mock
import pytest
from pyNN.errors import RecordingError
from quantities import ms, nA

import pyNN_fastsim as sim

CELLS = [getattr(sim, name) for name in sim.list_standard_models() if name != "PointNeuron"]
UNITS = {"v": "mV", "gsyn_exc": "uS", "gsyn_inh": "uS", "isyn_exc": "nA", "isyn_inh": "nA"} | {
    "u": "mV/ms", "w": "nA", "i_eta": "nA", "v_t": "mV", "g_s": "nS", "g_r": "nS",
}  # fmt: skip


@pytest.fixture(autouse=True)
def new_network():
    sim.setup(timestep=0.1)


def neurons(n=3, **parameters):
    """Neurons that fire, each at its own times, whose v tells the time."""
    parameters = {"i_offset": lambda i: 1.5 + 0.1 * i, **parameters}
    return sim.Population(n, sim.IF_curr_exp(**parameters), label="cells")


def clock(n=3):
    """Neurons whose v never repeats: -65 mV at first, and rising by about 0.1 mV a ms."""
    return sim.Population(
        n, sim.IF_curr_exp(i_offset=lambda i: 0.1 + 0.01 * i, v_thresh=1e3, tau_m=1e6), label="clock"
    )


def v_at(t, cell=0):
    """v (mV) of a cell of `clock` at time t (ms)."""
    return -65 + (0.1 + 0.01 * cell) * 1e6 * -np.expm1(-np.asarray(t) / 1e6)


def signal(cells, name="v", segment=-1):
    (found,) = cells.get_data().segments[segment].filter(name=name)
    return found


def spikes(cells, segment=-1):
    return [t.magnitude.tolist() for t in cells.get_data("spikes").segments[segment].spiketrains]


def assert_tells_time(v, t_start, samples, cells):
    """A signal of v from `clock` has these samples of these cells, at the times that it says."""
    assert v.shape == (samples, len(cells))
    assert v.t_start.rescale("ms").magnitude == pytest.approx(t_start, abs=1e-12)
    assert v.array_annotations["channel_index"].tolist() == list(cells)
    times = v.times.rescale("ms").magnitude
    for column, cell in enumerate(cells):
        np.testing.assert_allclose(v.magnitude[:, column], v_at(times, cell), atol=1e-9)


# --- what can be recorded ---------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.__name__)
def test_every_recordable(cell):
    """Each with its units and n + 1 samples for n steps; alone, and all together."""
    p = sim.Population(2, cell())
    p.record(cell.recordable)
    sim.run(2.0)
    segment = p.get_data().segments[0]
    analog = [name for name in cell.recordable if name != "spikes"]
    assert sorted(s.name for s in segment.analogsignals) == sorted(analog)
    assert len(segment.spiketrains) == 2
    for found in segment.analogsignals:
        assert found.shape == (21, 2)
        assert found.units.dimensionality.string == UNITS.get(found.name, "dimensionless")
        assert found.sampling_period.rescale("ms").magnitude == pytest.approx(0.1)
    for name in cell.recordable:
        alone = p.get_data(name).segments[0]
        assert [s.name for s in alone.analogsignals] == [name] * (name != "spikes")
        assert len(alone.spiketrains) == 2 * (name == "spikes")


def test_recordables_are_those_of_other_backends():
    """At least what PyNN says of each cell type."""
    for cell in CELLS:
        missing = set(getattr(pyNN.standardmodels.cells, cell.__name__).recordable) - set(cell.recordable)
        assert missing <= {"gsyn_exc", "gsyn_inh", "isyn_exc", "isyn_inh"} - set(cell.default_initial_values)


def test_subsets_and_views():
    p = clock(6)
    p[[1, 2, 5]].record("v")
    p[0:3].record("spikes")
    sim.run(1.0)
    assert_tells_time(signal(p), 0.0, 11, [1, 2, 5])
    assert_tells_time(signal(p[2:6]), 0.0, 11, [2, 5])
    assert_tells_time(signal(p[1:6][[0, 4]]), 0.0, 11, [1, 5])
    assert [t.annotations["source_index"] for t in p[1:5].get_data().segments[0].spiketrains] == [1, 2]


def test_cells_asked_for_in_turn_make_one_signal():
    p = clock(6)
    p[4:6].record("v")
    p[0:2].record(["v", "spikes"])
    p[1:3].record(name for name in ["v"])
    sim.run(1.0)
    assert_tells_time(signal(p), 0.0, 11, [0, 1, 2, 4, 5])


def test_record_while_running():
    """Cells that are recorded from later have their own signal with its own start, until the reset."""
    p = clock(4)
    p[0:1].record("v")
    sim.run(1.05)  # to the grid point 1.0
    p[2:4].record("v")
    sim.run(1.0)
    p.record("v")
    sim.run(1.0)
    parts = p.get_data().segments[0].analogsignals
    t = sim.get_current_time()
    starts = {0: 0.0, 2: t - 2.0, 1: t - 1.0}
    assert len(parts) == 3
    for part in parts:
        first = int(part.array_annotations["channel_index"][0])
        steps = int(round((t - starts[first]) / 0.1))
        assert_tells_time(part, starts[first], steps + 1, [2, 3] if first == 2 else [first])
    sim.reset()
    sim.run(1.0)
    assert_tells_time(signal(p), 0.0, 11, [0, 1, 2, 3])
    assert len(p.get_data().segments[0].analogsignals) == 3


def test_spikes_recorded_from_later():
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0, 3.0]))
    source[0:1].record("spikes")
    sim.run(2.0)
    source.record("spikes")
    sim.run(2.0)
    assert spikes(source) == [[1, 3], [3]]
    trains = source.get_data().segments[0].spiketrains
    assert [(t.t_start, t.t_stop) for t in trains] == [(0, 4), (2, 4)]
    assert [t.annotations["source_index"] for t in trains] == [0, 1]


def test_spike_trains_begin_where_recording_began():
    """For each cell, so that a rate is right; also put together, cleared, and in the next trial."""
    p = sim.Population(4, sim.SpikeSourceArray(spike_times=np.arange(0.5, 100.0)), label="P")
    q = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
    q.record("spikes")
    sim.run(10.0)
    p[1:4].record("spikes")
    sim.run(10.0)
    p[0:2].record("spikes")
    sim.run(10.0)

    def starts(cells, segment=-1):
        trains = cells.get_data("spikes").segments[segment].spiketrains
        for train in trains[-4:]:
            if len(train) > 1:
                assert len(train) / (train.t_stop - train.t_start).magnitude == 1.0
            assert all(train.t_start <= t <= train.t_stop for t in train)
        return [float(t.t_start) for t in trains]

    assert starts(p) == [20, 10, 10, 10]
    assert starts(p[[0, 3]]) == [20, 10] and starts(p[2:3]) == [10]
    assert starts(q + p[0:3]) == [0, 20, 10, 10]
    copied = pickle.loads(pickle.dumps(p.get_data()))
    assert [t.t_start for t in copied.segments[0].spiketrains] == [20, 10, 10, 10]
    ids, times = p.get_data().segments[0].spiketrains.multiplexed
    assert np.min(times[ids == int(p[0])]) == 20.5 * ms and len(ids) == 70
    p.record(None)
    sim.run(10.0)
    p[3:4].record("spikes")
    sim.run(10.0)
    trains = p.get_data().segments[0].spiketrains
    assert [(t.t_start, t.t_stop) for t in trains] == [(20, 30), (10, 30), (10, 30), (10, 50)]
    sim.reset()
    sim.run(5.0)
    assert starts(p) == [0] and starts(p[0:3], 0) == [20, 10, 10]
    p.get_data(clear=True)
    p[0:1].record("spikes")
    sim.run(5.0)
    assert starts(p) == [5, 5]
    sim.run(1.0)
    p[1:2].record("spikes")
    assert starts(p) == [5, 11, 5]


def test_record_nothing_any_more():
    """record(None) ends recording; what has been recorded stays, until it is cleared."""
    p = clock(2)
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0, 3.0, 5.0]))
    p.record("v", sampling_interval=0.2)
    source.record("spikes")
    sim.run(2.0)
    for cells in (p, source):
        cells.record(None)
    sim.run(2.0)
    assert_tells_time(signal(p), 0.0, 11, [0, 1])
    p[1:2].record("v")
    source[1:2].record("spikes")
    sim.run(2.0)
    first, second = p.get_data().segments[0].analogsignals
    assert_tells_time(first, 0.0, 11, [0, 1])
    assert_tells_time(second, 4.0, 21, [1])
    assert spikes(source) == [[1], [1, 5]]
    sim.reset()
    sim.run(2.0)
    assert_tells_time(signal(p), 0.0, 21, [1])
    assert len(p.get_data().segments[0].analogsignals) == 2
    assert spikes(source, 0) == [[1], [1, 5]] and spikes(source, 1) == [[1]]


@pytest.mark.parametrize("pieces", [[10.0], [0.1] * 100, [0.7, 0.1, 2.9, 6.3], [0.0, 3.3, 0.0, 6.7]])
@pytest.mark.parametrize("interval", [0.1, 0.5, 0.3])
def test_sampling_interval(interval, pieces):
    """Samples at multiples of the interval, whatever pieces it is run in."""
    p = clock(2)
    p.record("v", sampling_interval=interval)
    for piece in pieces:
        sim.run(piece)
    v = signal(p)
    assert_tells_time(v, 0.0, int(10.0 / interval + 1e-9) + 1, [0, 1])
    assert v.sampling_period.rescale("ms").magnitude == pytest.approx(interval)


def test_sampling_interval_and_record_off_its_grid():
    p = clock(2)
    p[0:1].record("v", sampling_interval=0.5)
    sim.run(0.7)
    p[1:2].record("v")
    sim.run(1.0)
    first, second = p.get_data().segments[0].analogsignals
    assert_tells_time(first, 0.0, 4, [0])
    assert_tells_time(second, 1.0, 2, [1])


def test_before_any_run():
    p, source = neurons(), sim.Population(2, sim.SpikeSourcePoisson())
    p.record("all")
    assert [len(t) for t in p.get_data().segments[0].spiketrains] == [0, 0, 0]
    assert p.get_spike_counts() == {int(i): 0 for i in p}
    assert p.mean_spike_count() == 0
    a = p + source
    assert len(a.get_data().segments[0].spiketrains) == 3 and a.mean_spike_count() == 0
    sim.reset()
    sim.run(0.0)
    assert len(p.get_data().segments) == 1
    assert signal(p).shape == (1, 3)


# --- segments ---------------------------------------------------------------------------------


def trials(p, times=(10.0, 20.0, 30.0)):
    p.record(["v", "spikes"])
    for k, time in enumerate(times):
        if k:
            sim.reset(annotations={"after": k})
        sim.run(time)


ORDERS = [["v", "all"], ["all", "spikes", "v"], ["spikes", "all", "all"], [["v", "spikes"], "v", "all"]]


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_a_segment_per_trial_whatever_is_asked_for(order):
    p = neurons()
    trials(p)
    for asked in order:
        block = p.get_data(asked)
        view = p[1:2].get_data(asked)
        assert [s.name for s in block.segments] == ["segment000", "segment001", "segment002"]
        for k, (segment, part) in enumerate(zip(block.segments, view.segments, strict=True)):
            has_v, has_spikes = asked != "spikes", asked != "v"
            assert [s.shape for s in segment.analogsignals] == [(100 * (k + 1) + 1, 3)] * has_v
            assert [s.shape for s in part.analogsignals] == [(100 * (k + 1) + 1, 1)] * has_v
            assert len(segment.spiketrains) == 3 * has_spikes
            assert [t.annotations["source_index"] for t in part.spiketrains] == [1] * has_spikes
    block = p.get_data()
    assert [s.annotations for s in block.segments] == [{"after": 1}, {"after": 2}, {}]
    first, second, third = (s.analogsignals[0].magnitude for s in block.segments)
    np.testing.assert_array_equal(third[:101], first)
    np.testing.assert_array_equal(third[:201], second)
    assert sum(map(len, block.segments[2].spiketrains)) > sum(map(len, block.segments[1].spiketrains)) > 0


def test_two_resets_in_a_row_make_no_segment():
    p = clock(1)
    p.record("v")
    sim.run(1.0)
    sim.reset()
    sim.reset()
    assert len(p.get_data().segments) == 1
    sim.run(1.0)
    assert len(p.get_data().segments) == 2


def test_more_than_a_thousand_trials_come_in_their_order():
    """PyNN numbers them with three figures: segment1000 comes after segment101."""
    p, q = clock(1), clock(1)
    (p + q).record("v")
    for k in range(1002):
        if k % 100 == 1:
            sim.run(0.1)
        sim.reset()
    for cells in (p, p + q):
        names = [segment.name for segment in cells.get_data().segments]
        assert names == [f"segment{k:03d}" for k in range(1, 1002, 100)]


def test_populations_made_in_a_later_trial():
    p = clock(2)
    p.record(["v", "spikes"])
    sim.run(1.0)
    sim.reset()
    q = clock(1)
    q.record(["v", "spikes"])
    sim.run(2.0)
    segments = (p + q).get_data().segments
    assert [s.name for s in segments] == ["segment000", "segment001"]
    assert [len(s.spiketrains) for s in segments] == [2, 3]
    assert [s.analogsignals[0].shape for s in segments] == [(11, 2), (21, 3)]


def test_population_made_while_running():
    p = clock(1)
    p.record(["v", "spikes"])
    sim.run(1.0)
    q = clock(2)
    q.record(["v", "spikes"])
    sim.run(1.0)
    v = signal(q)
    assert v.t_start == 1.0 and v.shape == (11, 2)
    np.testing.assert_allclose(v.magnitude[:, 1], v_at(np.arange(11) / 10, 1), atol=1e-9)
    assert [t.t_start for t in (p + q).get_data().segments[0].spiketrains] == [0, 1, 1]


def test_an_old_network_keeps_its_recordings():
    """setup() makes a new network; populations of the old one don't show what the new one does."""
    p = neurons()
    p.record(["v", "spikes"])
    sim.run(50.0)
    before = spikes(p)
    sim.setup(timestep=0.5)
    q = neurons(i_offset=3.0)
    q.record(["v", "spikes"])
    sim.run(20.0)
    assert spikes(p) == before != spikes(q)
    assert signal(p).shape == (501, 3) and signal(p).sampling_period == pytest.approx(0.1)


# --- clear ------------------------------------------------------------------------------------


def test_clear_loses_and_repeats_nothing():
    whole, pieces = clock(2), clock(2)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.0, 0.5, 1.0, 1.5, 2.0]))
    for cells in (whole, pieces):
        cells.record("v")
    source.record("spikes")
    got, fired = [], []
    for k in range(3):
        sim.run(1.0)
        (v,) = pieces.get_data(clear=True).segments[0].analogsignals
        assert_tells_time(v, k, 11, [0, 1])
        got.append(v.magnitude if k == 0 else v.magnitude[1:])
        (train,) = source.get_data(clear=True).segments[0].spiketrains
        assert (train.t_start, train.t_stop) == (k, k + 1)
        fired += train.magnitude.tolist()
    np.testing.assert_array_equal(np.vstack(got), signal(whole).magnitude)
    assert fired == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_clear_then_the_next_piece_begins_with_the_present_state():
    p = clock(2)
    p.record("v")
    sim.run(1.0)
    p.get_data(clear=True)
    assert not p.get_data().segments[0].analogsignals
    p.initialize(v=-50.0)
    sim.run(0.5)
    v = signal(p)
    assert v.shape == (6, 2) and v.t_start == 1.0
    assert v.magnitude[0].tolist() == [-50.0, -50.0]


def test_clear_then_reset():
    p = clock(1)
    p.record(["v", "spikes"])
    sim.run(1.0)
    p.get_data(clear=True)
    sim.reset()
    sim.run(1.0)
    assert len(p.get_data().segments) == 1
    assert_tells_time(signal(p), 0.0, 11, [0])
    p.get_data(clear=True)
    sim.run(1.0)
    sim.reset()  # what came after the clearing is kept
    sim.run(2.0)
    assert [s.analogsignals[0].t_start for s in p.get_data().segments] == [1.0, 0.0]
    p.get_data(clear=True)
    assert len(p.get_data().segments) == 1


def test_clear_of_one_population_leaves_the_others():
    p, q = neurons(), neurons()
    for cells in (p, q):
        cells.record("spikes")
    sim.run(50.0)
    before = spikes(q)
    p.get_data(clear=True)
    assert spikes(p) == [[], [], []] and spikes(q) == before
    sim.run(50.0)
    assert [t[: len(b)] for t, b in zip(spikes(q), before, strict=True)] == before


def test_a_clear_that_fails_to_write_clears_nothing(tmp_path):
    class Broken:
        def write_block(self, block):
            raise OSError("disk full")

    p = neurons()
    p.record(["v", "spikes"])
    sim.run(50.0)
    before = spikes(p)
    for cells in (p, sim.Assembly(p)):
        with pytest.raises(OSError, match="disk full"):
            cells.write_data(Broken(), clear=True)
        with pytest.raises(ValueError, match=r"must end with one of \.pkl"):
            cells.write_data(str(tmp_path / "data.abc"), clear=True)
    assert spikes(p) == before


# --- spikes -----------------------------------------------------------------------------------


def test_spike_trains_are_those_of_their_cells():
    times = [[1.0, 5.0], [], [0.3, 4.0, 4.0, 7.2], [2.0]]
    first = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]))
    p = sim.Population(4, sim.SpikeSourceArray(spike_times=times), label="sources")
    for cells in (first, p):
        cells.record("spikes")
    sim.run(10.0)
    assert spikes(p) == times
    assert spikes(p[[3, 0]]) == [times[0], times[3]]
    trains = p.get_data().segments[0].spiketrains
    assert [t.annotations["source_index"] for t in trains] == [0, 1, 2, 3]
    assert [t.annotations["channel_id"] for t in trains] == [int(i) for i in p.all_cells]
    assert {t.annotations["source_population"] for t in trains} == {"sources"}
    assert all(type(t.annotations["channel_id"]) is int for t in trains)  # Neo ignores any other
    assert len(first.get_data().segments[0].spiketrains + p.get_data().segments[0].spiketrains) == 6
    ids, multiplexed = trains.multiplexed
    assert sorted(zip(ids.tolist(), multiplexed.magnitude.tolist(), strict=True)) == [
        (int(p[i]), t) for i, of_cell in enumerate(times) for t in of_cell
    ]


def test_lists_of_spike_trains_are_those_of_neo():
    """One by one, in pieces and changed; copies and pickles are of Neo's own type."""
    p, q = neurons(), neurons(2, tau_m=15.0)
    silent = sim.Population(2, sim.IF_curr_exp(), label="silent")
    (q + silent + p).record("spikes")
    sim.run(40.0)

    def both(cells):
        ours = cells.get_data().segments[0].spiketrains
        neos = pickle.loads(pickle.dumps(ours))
        assert type(neos) is neo.spiketrainlist.SpikeTrainList is type(copy.deepcopy(ours))
        return ours, neos

    def assert_same(ours, neos):
        for one, other in zip(ours, neos, strict=True):
            assert type(one) is type(other) and one.annotations == other.annotations
            assert (one.t_start, one.t_stop, one.units) == (other.t_start, other.t_stop, other.units)
            assert one.array_annotations == other.array_annotations
            np.testing.assert_array_equal(one.magnitude, other.magnitude)

    ours, neos = both(p + silent + q)
    assert_same(ours, neos)
    assert [len(train) for train in ours][3:5] == [0, 0] and len(ours[0]) > 1
    assert all(train.segment is ours.segment for train in ours)
    assert_same(ours[:], neos[:])
    for trains in (ours, neos):
        trains.append(trains[2].time_shift(0 * ms))
        trains[0].annotate(marked=True)
        trains[1] = trains[1][:1]
    assert_same(ours, neos)
    assert "marked" not in ours[1].annotations
    (p_ours, p_neos), (q_ours, q_neos) = both(p + silent), both(q)
    assert_same(p_ours + q_ours, p_neos + q_neos)


def test_spike_counts():
    p = sim.Population(3, sim.SpikeSourceArray(spike_times=[[1.0, 11.0], [2.0], []]))
    q = sim.Population(1, sim.SpikeSourceArray(spike_times=[3.0, 4.0]))
    for cells in (p, q):
        cells.record("spikes")
    assert p.mean_spike_count() == 0
    sim.run(5.0)
    a, b, c = (int(i) for i in p)
    assert p.get_spike_counts() == {a: 1, b: 1, c: 0}
    assert p.mean_spike_count() == pytest.approx(2 / 3)
    sim.run(10.0)
    assert p.get_spike_counts() == {a: 2, b: 1, c: 0}
    assert p[0:1].get_spike_counts() == {a: 2} and p[0:2].mean_spike_count() == 1.5
    assert (p[1:2] + q).get_spike_counts() == {b: 1, int(q[0]): 2}
    assert (p + q).mean_spike_count() == 1.25
    sim.reset()
    assert p.mean_spike_count() == 0
    sim.run(5.0)
    assert p.mean_spike_count() == pytest.approx(2 / 3)
    p.get_data(clear=True)
    assert p.mean_spike_count() == 0 and q.mean_spike_count() == 2
    assert list(spikes(p)) == [[], [], []]


# --- Neo's structures -------------------------------------------------------------------------


def structure(block, first_ids):
    """All that a block says beside its data; ids count from the population's first."""

    def plain(annotations):
        found = {k: np.asarray(v).tolist() for k, v in annotations.items() if k != "simulator"}
        for name in ("channel_id", "first_id", "last_id"):
            if name in found:
                found[name] -= first_ids[found.get("source_population", block.name)]
        if "channel_ids" in found:
            found["channel_ids"] = [i - first_ids[found["source_population"]] for i in found["channel_ids"]]
        return found

    def of_segment(segment):
        assert segment.block is block
        for child in (*segment.spiketrains, *segment.analogsignals):
            assert child.segment is segment
        return (
            segment.name,
            segment.description.splitlines()[:2],
            plain(segment.annotations),
            [
                (str(t.t_start), str(t.t_stop), str(t.units), t.name, plain(t.annotations))
                for t in segment.spiketrains
            ],
            sorted(
                (
                    s.name,
                    s.shape,
                    str(s.units),
                    str(s.t_start.rescale("ms")),
                    f"{s.sampling_period.rescale('ms').magnitude:.6f}",
                    repr(plain(s.annotations)),
                    repr(plain(s.array_annotations)),
                )
                for s in segment.analogsignals
            ),
        )

    return block.name, plain(block.annotations), [of_segment(segment) for segment in block.segments]


@pytest.mark.parametrize("backend", ["pyNN.mock", pytest.param("pyNN.nest", marks=pytest.mark.compare)])
def test_blocks_like_those_of_other_backends(backend):
    other = pytest.importorskip(backend)
    found = []
    for module in (sim, other):
        module.setup(timestep=0.1, min_delay=0.1)
        p = module.Population(4, module.IF_cond_exp(), label="P")
        q = module.Population(2, module.IF_cond_exp(), label="Q")
        source = module.Population(2, module.SpikeSourceArray(spike_times=[1.0]), label="S")
        p.annotate(layer="L4")
        p.record(["v", "spikes"])
        q.record("spikes")
        source.record("spikes")
        if backend != "pyNN.nest":  # which has one multimeter for all cells
            p[1:3].record("gsyn_exc")
        module.run(20.0)
        first_ids = {x.label: int(x.first_id) for x in (p, q, source)}
        asked = [
            p.get_data(), p.get_data("v"), p[1:3].get_data(), p.get_data("spikes"), q.get_data(),
            source.get_data(),
        ]  # fmt: skip
        if backend == "pyNN.mock":
            module.reset(annotations={"trial": 1})
            module.run(10.0)
            asked.append(p.get_data())
        found.append([structure(block, first_ids) for block in asked])
    for ours, theirs in zip(*found, strict=True):
        assert ours == theirs


@pytest.mark.parametrize("backend", ["pyNN.mock"])
def test_assembly_like_that_of_other_backends(backend):
    """Signals of the same name are one; only the annotations that PyNN calls a conflict are better."""
    other = pytest.importorskip(backend)
    found = []
    for module in (sim, other):
        module.setup(timestep=0.1)
        p = module.Population(3, module.IF_cond_exp(), label="P")
        q = module.Population(2, module.IF_cond_alpha(), label="Q")
        (p + q).record(["v", "spikes"])
        module.run(20.0)
        block = module.Assembly(p, q, label="both").get_data(annotations={"x": 1})
        (segment,) = block.segments
        (v,) = segment.analogsignals
        offset = int(p.first_id)
        found.append(
            [
                (block.name, segment.name, v.name, v.shape, v.annotations["source_population"]),
                block.annotations["x"],
                block.annotations["label"],
                v.array_annotations["channel_index"].tolist(),
                (v.annotations["channel_ids"] - offset).tolist(),
                [
                    (t.annotations["source_population"], t.annotations["source_index"])
                    for t in segment.spiketrains
                ],
                [int(t.annotations["channel_id"]) - offset for t in segment.spiketrains],
            ]
        )
        if module is sim:
            assert block.annotations["size"] == 5 and block.annotations["last_id"] == int(q.last_id)
    assert found[0] == found[1]


def test_assembly_of_views():
    p, q = clock(4), clock(3)
    p.record("v")
    q[1:2].record("v")
    a = p[2:4] + q
    sim.run(1.0)
    v = signal(a)
    assert v.shape == (11, 3)
    assert v.array_annotations["channel_index"].tolist() == [0, 1, 3]
    for column, cell in enumerate([2, 3, 1]):
        np.testing.assert_allclose(v.magnitude[:, column], v_at(np.arange(11) / 10, cell), atol=1e-9)
    assert q.get_data().segments[0].analogsignals[0].array_annotations["channel_index"].tolist() == [1]


def test_what_users_get_is_theirs():
    p = neurons()
    p.record(["v", "spikes"])
    sim.run(50.0)
    before = signal(p).magnitude.copy(), spikes(p)
    block = p.get_data()
    block.segments[0].analogsignals[0][:] = 0 * block.segments[0].analogsignals[0].units
    block.segments[0].spiketrains.multiplexed[1][:] *= 0
    block.segments.clear()
    np.testing.assert_array_equal(signal(p).magnitude, before[0])
    assert spikes(p) == before[1]


WHOLES = {
    "population": lambda p, q: p,
    "view": lambda p, q: p[1:],
    "assembly": lambda p, q: p + q,
    "assembly of views": lambda p, q: p[:300] + p[300:],
    "recorded in turn": lambda p, q: q,
}


@pytest.mark.big
@pytest.mark.parametrize("whole", WHOLES.values(), ids=WHOLES)
def test_samples_are_copied_once(whole):
    """However they are put together; and not at all by the last one who has them."""
    p, q = clock(600), clock(600)
    p.record("v")
    q[::2].record("v")
    q[1::2].record("v")
    sim.run(100.0)
    cells = whole(p, q)

    def peak(**options):
        tracemalloc.start()
        try:
            (v,) = cells.get_data(**options).segments[0].analogsignals
            return v, tracemalloc.get_traced_memory()[1] / v.nbytes
        finally:
            tracemalloc.stop()

    v, memory = peak()
    assert v.flags.writeable and memory < 1.3
    np.testing.assert_allclose(v.magnitude[1000], v_at(100.0, v.annotations["channel_ids"] % 600), atol=1e-9)
    last, memory = peak(clear=True)
    assert memory < (0.3 if cells is p else 1.3)
    np.testing.assert_array_equal(last.magnitude, v.magnitude)
    last[:] = 0 * last.units
    sim.run(1.0)
    assert cells.get_data().segments[0].analogsignals[0].magnitude[0, 0] == v.magnitude[-1, 0]


# --- currents ---------------------------------------------------------------------------------


def test_recorded_currents():
    """The electrode shows a current from the grid point where it starts; v moves at the next one."""
    p = sim.Population(1, sim.IF_curr_exp())
    p.record("v")
    dc = sim.DCSource(amplitude=0.5, start=0.5, stop=1.0)
    steps = sim.StepCurrentSource(times=[0.2, 0.41, 1.5], amplitudes=[0.1, 0.2, 0.0])
    p.inject(dc)
    for source in (dc, steps):
        source.record()
    sim.run(1.2)
    current = dc.get_data()
    assert current.units == nA and current.shape == (13, 1) and current.t_start == 0
    assert current.magnitude[:, 0].tolist() == [0] * 5 + [0.5] * 5 + [0] * 3
    assert signal(p).magnitude[5, 0] == -65.0 < signal(p).magnitude[6, 0]
    dc.set_parameters(amplitude=0.25, stop=9.0)  # from now on
    steps.set_parameters(times=[0.0], amplitudes=[0.7])
    sim.run(0.3)
    assert dc.get_data().magnitude[:, 0].tolist() == [0] * 5 + [0.5] * 5 + [0] * 2 + [0.25] * 4
    assert steps.get_data().magnitude[:, 0].tolist() == [0] * 2 + [0.1] * 2 + [0.2] * 8 + [0.7] * 4
    sim.reset()
    sim.run(0.6)
    assert dc.get_data().magnitude[:, 0].tolist() == [0] * 5 + [0.25] * 2
    assert steps.get_data().magnitude[:, 0].tolist() == [0.7] * 7


def test_current_source_made_before_the_time_step_was_set():
    dc = sim.DCSource(amplitude=0.5, start=1.0, stop=2.0)
    sim.setup(timestep=0.5)
    p = sim.Population(2, sim.IF_curr_exp())
    p.record("v")
    p[1].inject(dc)
    sim.run(3.0)
    assert (np.diff(signal(p).magnitude[:, 1]) > 0).tolist() == [False] * 2 + [True] * 2 + [False] * 2
    assert np.all(signal(p).magnitude[:, 0] == -65)


# --- files ------------------------------------------------------------------------------------


def written(cells, path, **options):
    cells.write_data(str(path), **options)
    return neo.io.get_io(str(path)).read_block()


@pytest.mark.parametrize("ending", [".pkl", ".mat", ".nix", ".h5"])
@pytest.mark.parametrize("what", ["population", "view", "assembly"])
def test_files_hold_what_get_data_gives(ending, what, tmp_path):
    if ending in (".nix", ".h5"):
        pytest.importorskip("nixio")
    p, q = neurons(), neurons()
    cells = {"population": p, "view": p[0:2], "assembly": p + q}[what]
    trials(cells, (20.0, 30.0))
    path = tmp_path / "folder" / ("data" + ending)
    cells.write_data(str(path))
    if ending == ".h5":
        block = neo.io.NixIO(str(path), mode="ro").read_block()
    else:
        block = neo.io.get_io(str(path)).read_block()
    expected = cells.get_data()
    assert block.name == expected.name and block.annotations["label"] == expected.annotations["label"]
    for got, want in zip(block.segments, expected.segments, strict=True):
        for a, b in zip(got.analogsignals, want.analogsignals, strict=True):
            assert a.name == b.name and a.units == b.units
            np.testing.assert_array_equal(a.magnitude, b.magnitude)
        for a, b in zip(got.spiketrains, want.spiketrains, strict=True):
            np.testing.assert_array_equal(a.magnitude, b.magnitude)
            assert a.annotations["source_index"] == b.annotations["source_index"]


def test_text_files(tmp_path, monkeypatch):
    monkeypatch.setattr(sim.recorded.textfile, "ROWS", 7)
    monkeypatch.setattr(sim.recorded.textfile, "CELLS", 2)
    p, q = neurons(), clock(2)
    (q + p).record(["v", "spikes"], sampling_interval=0.5)
    sim.run(20.0)
    for cells, name in ((p[1:3], "view"), (q + p, "assembly")):
        cells.write_data(str(tmp_path / f"{name}.txt"))
        lines = (tmp_path / f"{name}.txt").read_text().splitlines()
        assert lines[0].startswith("# label = ")
        assert lines[1] == "# columns = ['segment', 'variable', 'index', 'time', 'value']"
        rows = [line.split("\t") for line in lines[2:]]
        segment = cells.get_data().segments[0]
        (v,) = segment.analogsignals
        for column, index in enumerate(v.array_annotations["channel_index"]):
            mine = [row for row in rows if row[:3] == ["0", "v", str(index)]]
            assert [float(row[4]) for row in mine] == v.magnitude[:, column].tolist()
            assert [row[3] for row in mine[:3]] == ["0.0", "0.5", "1.0"]
        fired = [(int(row[2]), float(row[3])) for row in rows if row[1] == "spikes"]
        index = {"view": [1, 2], "assembly": [0, 1, 2, 3, 4]}[name]
        trains = zip(index, segment.spiketrains, strict=True)
        assert fired == [(i, t) for i, train in trains for t in train.magnitude.tolist()]
        assert fired


@pytest.mark.parametrize("form", ["name", "Neo IO"])
def test_record_to_file(form, tmp_path):
    """At the end; variables that go to the same file don't overwrite each other, nor do populations."""

    def target(name):
        path = str(tmp_path / name)
        return path if form == "name" else neo.io.PickleIO(path)

    def read(name):
        return pickle.loads((tmp_path / name).read_bytes())

    p, q = neurons(), neurons()
    file = target("p.pkl")
    p.record("v", to_file=file)
    p.record("spikes", to_file=file)
    p[0:1].record("v", to_file=target("view.pkl"))
    (p + q).record("spikes", to_file=target("both.pkl"))
    sim.run(30.0)
    sim.end()
    segment = read("p.pkl").segments[0]
    assert segment.analogsignals[0].shape == (301, 3) and len(segment.spiketrains) == 3
    assert read("view.pkl").segments[0].analogsignals[0].shape == (301, 1)
    assert len(read("both.pkl").segments[0].spiketrains) == 6
    (tmp_path / "p.pkl").unlink()
    sim.end()
    assert not (tmp_path / "p.pkl").exists()


def test_cells_that_go_to_one_file_are_in_it_together(tmp_path):
    """Equal views, other cells of one population, other populations: nothing is overwritten."""

    def read(name):
        return pickle.loads((tmp_path / name).read_bytes()).segments[0]

    p, q = neurons(5), neurons(2)
    file = {name: str(tmp_path / f"{name}.pkl") for name in ("equal", "views", "whole", "both")}
    p[0:2].record("v", to_file=file["equal"])
    p[0:2].record("spikes", to_file=file["equal"])
    p[[0, 2]].record("v", to_file=file["views"])
    p[2:4].record("v", to_file=file["views"])
    p[3:4].record("spikes", to_file=file["whole"])
    p.record("spikes", to_file=file["whole"])
    p[1:3].record("spikes", to_file=file["both"])
    (q + p[2:4]).record("v", to_file=file["both"])
    sim.run(5.0)
    sim.end()
    equal, views, whole, both = (read(f"{name}.pkl") for name in file)
    assert equal.analogsignals[0].shape == (51, 2) and len(equal.spiketrains) == 2
    assert views.analogsignals[0].annotations["channel_ids"].tolist() == [0, 2, 3]
    assert len(whole.spiketrains) == 5
    assert both.analogsignals[0].annotations["channel_ids"].tolist() == [1, 2, 3, 5, 6]
    assert [train.annotations["channel_id"] for train in both.spiketrains] == [1, 2, 3]


def test_procedural_record(tmp_path):
    p = neurons()
    with pytest.warns(DeprecationWarning):
        sim.record(["v"], p[0], str(tmp_path / "cell.pkl"), sampling_interval=0.5)
    sim.record_v(p, str(tmp_path / "v.pkl"))
    sim.run(10.0)
    sim.end()
    shapes = [
        pickle.loads((tmp_path / f).read_bytes()).segments[0].analogsignals[0].shape
        for f in ("cell.pkl", "v.pkl")
    ]
    assert shapes == [(21, 1), (21, 3)]


def test_pickled_blocks_need_no_pynn_fastsim(tmp_path):
    p = neurons()
    trials(p, (20.0, 30.0))
    p.write_data(str(tmp_path / "data.pkl"))
    (p + neurons()).write_data(str(tmp_path / "assembly.pkl"))
    script = (
        "import pickle, sys\n"
        "for name in ('pyNN_fastsim', 'pyNN'): sys.modules[name] = None\n"
        "for name in sys.argv[1:]:\n"
        "    block = pickle.load(open(name, 'rb'))\n"
        "    print(len(block.segments), [len(t) for t in block.segments[1].spiketrains])\n"
    )
    names = [str(tmp_path / name) for name in ("data.pkl", "assembly.pkl")]
    run = subprocess.run([sys.executable, "-c", script, *names], capture_output=True, text=True)
    lengths = [len(t) for t in spikes(p)]
    assert run.stdout.splitlines() == [f"2 {lengths}"] * 2, run.stderr


# --- errors lose nothing, and much data are quick ---------------------------------------------


def test_errors_lose_nothing():
    p = neurons()
    p.record(["v", "spikes"])
    sim.run(50.0)
    before = signal(p).magnitude.copy(), spikes(p)
    for wrong in (
        lambda: p.record("w"),
        lambda: p.record(["isyn_exc", "w"]),
        lambda: p.record("isyn_exc", sampling_interval=0.25),
        lambda: p.get_data("w", clear=True),
        lambda: p.record("isyn_exc", to_file="data.abc"),
    ):
        with pytest.raises((RecordingError, ValueError)):
            wrong()
    sim.run(50.0)
    block = p.get_data()
    assert [s.name for s in block.segments[0].analogsignals] == ["v"]
    np.testing.assert_array_equal(signal(p).magnitude[:501], before[0])
    assert [t[: len(b)] for t, b in zip(spikes(p), before[1], strict=True)] == before[1]


@pytest.mark.big
@pytest.mark.parametrize("populations, size", [(100, 20), (1, 20_000)])
def test_getting_much_data(populations, size):
    ps = [sim.Population(size, sim.SpikeSourcePoisson(rate=250.0)) for _ in range(populations)]
    a = sim.Assembly(*ps)
    a.record("spikes")
    sim.run(100.0)
    blocks = [p.get_data() for p in ps]
    whole = a.get_data()
    view = ps[0][:10].get_data()
    counts = a.mean_spike_count()
    assert counts == pytest.approx(25, rel=0.2)
    total = sum(len(b.segments[0].spiketrains.multiplexed[0]) for b in blocks)
    assert total == len(whole.segments[0].spiketrains.multiplexed[0]) == round(counts * a.size)
    assert len(view.segments[0].spiketrains) == 10


def test_times_are_the_decimals_that_they_stand_for():
    """Far from the beginning, where step * dt has errors in the twelfth decimal."""
    sim.setup(timestep=0.1)
    cells = sim.Population(1, sim.SpikeSourceArray(spike_times=[9558.3, 12345.7]))
    leaky = sim.Population(1, sim.IF_curr_exp())
    cells.record("spikes")
    leaky.record("v", sampling_interval=0.1)
    sim.run(12345.7)
    assert sim.get_current_time() == 12345.7
    assert cells.get_data().segments[0].spiketrains[0].magnitude.tolist() == [9558.3, 12345.7]
    times = leaky.get_data().segments[0].analogsignals[0].times.magnitude
    assert abs(times[95583] - 9558.3) < 1e-9
