"""Networks for which there is no memory are refused, not begun."""

import tracemalloc

import numpy as np
import pytest
from pyNN.random import NumpyRNG, RandomDistribution

import pyNN_fastsim as sim
from pyNN_fastsim import memory

N = 400  # cells on either side
CONNECTORS = {
    "all to all": lambda rng: sim.AllToAllConnector(),
    "probability": lambda rng: sim.FixedProbabilityConnector(0.9, rng=rng),
    "number pre": lambda rng: sim.FixedNumberPreConnector(300, rng=rng),
    "number post": lambda rng: sim.FixedNumberPostConnector(300, rng=rng),
    "total number": lambda rng: sim.FixedTotalNumberConnector(120_000, rng=rng),
}
SYNAPSES = {
    "constant": lambda rng: sim.StaticSynapse(weight=0.1, delay=1.0),
    "drawn": lambda rng: sim.StaticSynapse(
        weight=RandomDistribution("uniform", (0.1, 0.2), rng=rng),
        delay=RandomDistribution("uniform", (1.0, 2.0), rng=rng),
    ),
    "changing": lambda rng: sim.TsodyksMarkramSynapse(weight=0.1, delay=1.0),
}
ENDLESS = {
    **CONNECTORS,
    "number pre, drawn": lambda rng: sim.FixedNumberPreConnector(
        RandomDistribution("uniform_int", low=300, high=400, rng=NumpyRNG(seed=2)), rng=rng
    ),
    "number post, drawn": lambda rng: sim.FixedNumberPostConnector(
        RandomDistribution("uniform_int", low=300, high=400, rng=sim.NativeRNG(2)), rng=rng
    ),
    "total number, drawn": lambda rng: sim.FixedTotalNumberConnector(
        RandomDistribution("uniform_int", low=100_000, high=200_000, rng=sim.NativeRNG(2)), rng=rng
    ),
    "distance": lambda rng: sim.DistanceDependentProbabilityConnector("0.9", rng=rng),
    "small world": lambda rng: sim.SmallWorldConnector(2, 0.1, rng=rng),
    "list": lambda rng: sim.FromListConnector(np.argwhere(np.ones((N, N)))),
    "array": lambda rng: sim.ArrayConnector(np.ones((N, N), bool)),
}


@pytest.fixture
def pieces(monkeypatch):
    """Small ones, of which a network of this size has many."""
    monkeypatch.setattr("pyNN_fastsim.bulk.PAIRS_AT_ONCE", 2**12)
    monkeypatch.setattr("pyNN_fastsim.engine.synapses.drawn.FEWEST", 1)
    monkeypatch.setattr("pyNN_fastsim.engine.synapses.drawn.LONGEST", 32)
    monkeypatch.setattr("pyNN_fastsim.random.PIECE", 2**12)
    monkeypatch.setattr("pyNN_fastsim.connections.AT_ONCE", 2**12)


@pytest.fixture
def cells():
    sim.setup()
    return [sim.Population(N, sim.IF_curr_exp(), label=label) for label in "ab"]


@pytest.mark.big
@pytest.mark.parametrize("generator", [NumpyRNG, sim.NativeRNG])
@pytest.mark.parametrize("synapse", SYNAPSES)
@pytest.mark.parametrize("connector", CONNECTORS)
def test_estimates_are_what_is_needed(connector, synapse, generator, pieces, cells, monkeypatch):
    needed = []
    monkeypatch.setattr(memory, "check_memory", lambda what, n: needed.append(n))
    connector, synapse = CONNECTORS[connector](generator(seed=1)), SYNAPSES[synapse](generator(seed=2))
    sim.Projection(*cells, connector, synapse)  # loads machine code, which would count as well
    needed.clear()
    tracemalloc.start()
    try:
        sim.Projection(*cells, connector, synapse)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.7 * peak < needed[0] < 1.4 * peak


@pytest.mark.parametrize("connector", ENDLESS)
def test_what_does_not_fit_is_refused(connector, pieces, cells, monkeypatch):
    monkeypatch.setattr(memory, "LITTLE", 0)
    for generator in (NumpyRNG, sim.NativeRNG):
        monkeypatch.setattr(memory, "free", lambda: 200_000)
        with pytest.raises(
            MemoryError, match=r"a→b.*: .* need about \d.* of memory, but only 0.2 MB are free"
        ):
            sim.Projection(*cells, ENDLESS[connector](generator(seed=1)))
    monkeypatch.setattr(memory, "free", lambda: 10**9)
    projection = sim.Projection(*cells, ENDLESS[connector](NumpyRNG(seed=1)))
    assert sim.simulator.state.projections == [projection]
    sim.run(0.2)


def test_drawing_ends_once_there_are_too_many(pieces, cells, monkeypatch):
    """Where nobody knows before how many connections there will be."""
    monkeypatch.setattr(memory, "LITTLE", 0)
    monkeypatch.setattr(memory, "free", lambda: 10**6)
    looked_at = []

    def certain(distances):
        looked_at.append(len(distances))
        return np.ones_like(distances)

    with pytest.raises(MemoryError):
        sim.Projection(*cells, sim.DistanceDependentProbabilityConnector(certain))
    assert 0 < sum(looked_at) < N * N / 2


def test_the_message_tells_connections_bytes_and_what_is_free(monkeypatch):
    monkeypatch.setattr(memory, "free", lambda: 8.04e9)
    sim.setup()
    p = sim.Population(100_000, sim.IF_curr_exp(), label="p")
    words = (
        "Projection 'p→p': no memory for its connections, from 100000 to 100000 cells: 10,000,000,000 "
        "connections need about 220.0 GB of memory, but only 8.0 GB are free"
    )
    with pytest.raises(MemoryError, match=words):
        sim.Projection(p, p, sim.AllToAllConnector())
    few = sim.Projection(p, p, sim.OneToOneConnector())
    for ask in (
        lambda: few.get("weight", "array"),
        lambda: few.set(weight=RandomDistribution("uniform", (0, 1), rng=NumpyRNG(seed=1))),
    ):
        with pytest.raises(MemoryError, match="p→p: values .*for 100000 x 100000 pairs need about 80.0 GB"):
            ask()


MEMINFO = "MemTotal: 9000 kB\nMemFree: 1 kB\nMemAvailable: 4000 kB\nSwapFree: 500 kB\nHugePages_Total: 0\n"


def written(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_what_the_machine_has(tmp_path):
    written(tmp_path / "proc", meminfo=MEMINFO)
    assert memory._free_of_machine(tmp_path) == 1024 * 4500
    assert memory._free_of_machine(tmp_path / "elsewhere") > 0  # by sysconf
    assert memory.free() > 0


def test_what_control_groups_leave(tmp_path):
    groups = tmp_path / "sys/fs/cgroup"
    written(tmp_path / "proc/self", cgroup="5:cpu,memory:/job\n3:cpuset:/else\n0::/outer/inner\n")
    written(
        groups / "outer", memory__max="5000\n", memory__current="3000\n", memory__stat="inactive_file 700\n"
    )
    written(
        groups / "outer/inner", memory__max="max\n", memory__current="1\n", memory__stat="inactive_file 0\n"
    )
    written(
        groups / "memory",  # what a container sees of its group, whose own path is not there
        memory__limit_in_bytes="9000\n",
        memory__usage_in_bytes="2000\n",
        memory__stat="inactive_file 1\ntotal_inactive_file 100\n",
    )
    known = [n for n in memory._free_of_groups(tmp_path) if n is not None]
    assert sorted(known) == [2700, 7100]
    assert list(memory._free_of_groups(tmp_path / "elsewhere")) == []


def test_limits_of_the_process():
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = list(memory._free_by_limits())
    try:
        resource.setrlimit(resource.RLIMIT_AS, (2**40, hard))
        assert len(list(memory._free_by_limits())) >= 1 and memory.free() < 2**40
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert len(list(memory._free_by_limits())) == len(before)
