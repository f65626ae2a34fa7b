"""Ctrl-C, exceptions, memory that runs out, forks: nothing recorded is lost, and the rest still works."""

import concurrent.futures
import contextlib
import functools
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from interrupted_network import build, recorded, simulate

import pyNN_fastsim as sim
from pyNN_fastsim import simulator, threads

TESTS = Path(__file__).parent
EVERY = 1 if settings().max_examples > 1000 else 37  # lines between two interruptions

pytestmark = pytest.mark.big
needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")


def interrupt(function, after, *modules):
    """Call a function, with a Ctrl-C when that many lines of this package have been run.

    Returns whether it was long enough to be interrupted.
    """
    left = after
    before = sys.gettrace()  # coverage's
    package = str(Path(sim.__file__).parent)

    def trace(frame, event, argument):
        nonlocal left
        if not frame.f_code.co_filename.startswith(package):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                sys.settrace(before)
                signal.raise_signal(signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        function()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return left <= 0


@pytest.fixture(scope="module")
def expected():
    return simulate()


@needs_signals
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_anywhere_in_a_run(threads, expected, always_threads):
    after = 1
    while True:
        populations = build(threads)
        sim.run(1.0)
        if not interrupt(lambda: sim.run_until(10.0), after):
            break
        assert sim.get_current_time() <= 10.0
        sim.run_until(10.0)
        assert recorded(populations) == expected, f"after {after} lines"
        after += max(1, EVERY // 3)
    assert after > 200  # there was something to interrupt


@needs_signals
def test_ctrl_c_anywhere_in_reset(expected):
    after = 1
    while True:
        populations = build()
        sim.run(10.0)
        if not interrupt(sim.reset, after):
            break
        segments = len(populations[1].get_data().segments)
        assert segments == (1 if sim.get_current_time() else 2) or segments == 1
        assert recorded(populations)[: len(expected)] == expected or segments == 2
        after += EVERY
    assert after > 30


@needs_signals
@pytest.mark.parametrize("clear", [False, True])
def test_ctrl_c_anywhere_in_get_data(clear, expected):
    after = 1
    populations = build()
    sim.run(10.0)
    while interrupt(functools.partial(populations[1].get_data, clear=clear), after):
        found = recorded(populations)
        if found != expected:
            assert clear
            # All of the cells' data have gone, and nothing else.
            assert len(populations[1].get_data().segments[0].analogsignals) == 0
            populations = build()
            sim.run(10.0)
        after += EVERY
    assert after > 100


@needs_signals
def test_ctrl_c_anywhere_while_building(expected):
    after = 1
    while interrupt(build, after):
        state = simulator.state
        # There are whole populations and projections only, which can be run.
        assert [p._block for p in state.populations] == state.network.blocks
        known = [group.synapses for projection in state.projections for group in projection._groups]
        assert [id(group) for group in state.network.groups] == [id(group) for group in known]
        sim.run(0.5)
        if after % (5 * EVERY) == 1:
            assert simulate() == expected
        after += EVERY
    assert after > 1000


SCRIPT = """
    import signal, sys
    sys.path.insert(0, {tests!r})
    from interrupted_network import build, recorded
    import pyNN_fastsim as sim
    from pyNN_fastsim.engine import network, preparation
    preparation.CELLS_PER_THREAD = 1

    populations = build(threads={threads})
    sim.run(1.0)
    populations[1].record(None)
    populations[2].record(None)
    target = 2e4
    interruptions = 0
    listening = False

    def interrupt(number, frame):
        if listening:
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    if {interrupted}:
        signal.setitimer(signal.ITIMER_REAL, 0.005, 0.02)
    while sim.get_current_time() < target:
        try:
            listening = True
            sim.run_until(target)
            listening = False
        except KeyboardInterrupt:
            listening = False
            interruptions += 1
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    print(interruptions, hash(str(recorded(populations))), flush=True)
"""


def run_script(script, **options):
    """Run Python code in another process; returns what it prints. Fails with what it writes to stderr."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [TESTS.parent, TESTS]))}
    environment["PYTHONHASHSEED"] = "0"
    environment.update(options)
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, timeout=500, check=False, env=environment,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


@needs_signals
@pytest.mark.parametrize("threads", [1, 2])
def test_real_signals(threads):
    """A process that is interrupted fifty times a second gives what it gives undisturbed."""
    found = {}
    for interrupted in (False, True):
        script = SCRIPT.format(tests=str(TESTS), threads=threads, interrupted=interrupted)
        interruptions, found[interrupted] = run_script(script).split()
        assert (int(interruptions) > 0) == interrupted
    assert found[False] == found[True]


@needs_signals
def test_ctrl_c_leaves_no_thread_at_work():
    """Wherever it comes: other threads would be refused for good."""

    class Stop(Exception):
        pass

    def stop(number, frame):
        raise Stop

    @threads.alone
    def work():
        pass

    threads._at_work.clear()
    before = signal.signal(signal.SIGALRM, stop)
    try:
        for k in range(1000):
            with contextlib.suppress(Stop):
                signal.setitimer(signal.ITIMER_REAL, 1e-5 + 1e-7 * (k % 100))
                while True:
                    work()
            assert not threads._at_work
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_exception_in_a_callback(expected):
    populations = build()

    class Failing:
        def __call__(self, t):
            if t == 4.0:
                raise RuntimeError("four")
            return t + 1.0

    with pytest.raises(RuntimeError, match="four"):
        sim.run(10.0, callbacks=[Failing()])
    assert sim.get_current_time() == 4.0
    (v,) = populations[1].get_data("v").segments[0].analogsignals
    assert v.shape == (41, 10)
    sim.run_until(10.0)
    assert recorded(populations) == expected


# --- memory --------------------------------------------------------------------------------------


MEMORY_SCRIPT = """
    import resource
    import psutil
    import pyNN_fastsim as sim
    from interrupted_network import simulate

    def population(n, celltype=sim.IF_curr_exp, **parameters):
        return sim.Population(n, celltype(**parameters), label="many")

    def project(n, **synapse):
        cells = population(n)
        try:
            sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(**synapse), label="all")
        finally:
            assert sim.simulator.state.network.groups == []

    def record():
        cells = population(5000)
        cells.record("v")
        try:
            sim.run(2e4)
        finally:
            (v,) = cells[:1].get_data().segments[0].analogsignals
            assert 10 < len(v) == round(sim.get_current_time() * 10) + 1

    drawn = sim.RandomDistribution("uniform", (0, 1))
    expected = simulate()
    limit = psutil.Process().memory_info().vms + 600 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for attempt in (
        lambda: population(10**8),
        lambda: population(3 * 10**7, sim.SpikeSourceArray),
        lambda: population(10**6, sim.SpikeSourcePoisson, rate=1e8),
        lambda: project(15000),
        lambda: project(5000, weight=drawn, delay=1.0),
        record,
    ):
        sim.setup(timestep=0.1)
        try:
            attempt()
            sim.run(1.0)
            print("no error")
        except MemoryError as error:
            print(error)
        assert simulate() == expected
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the memory of a process")
def test_memory_that_runs_out():
    """A clear error that names what was being made; the process lives, and can make smaller networks."""
    pytest.importorskip("psutil")
    messages = run_script(MEMORY_SCRIPT).splitlines()
    assert messages[:3] == [
        "Population 'many': no memory for 100000000 cells",
        "Population 'many': no memory for 30000000 cells",
        "run(): no memory to go on at t = 0 ms. What was recorded can be retrieved.",
    ]
    for message, n, connections in zip(
        messages[3:], (15000, 5000), ("225,000,000", "25,000,000"), strict=False
    ):
        assert message.startswith(
            f"Projection 'all': no memory for its connections, from {n} to {n} cells: {connections} "
            "connections need about "
        )
    assert messages[5].startswith("run(): no memory to go on at t = ")


# --- other processes -------------------------------------------------------------------------------


START_METHODS = [m for m in ("fork", "spawn") if m in multiprocessing.get_all_start_methods()]


@pytest.mark.parametrize("method", START_METHODS)
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_worker_processes_after_a_run(method, expected, always_threads):
    assert simulate(threads=2) == expected
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(simulate, [1, 2, 2, 1]).get(timeout=300) == [expected] * 4
    with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context(method)) as executor:
        assert list(executor.map(simulate, [2, 1], timeout=300)) == [expected] * 2
    assert simulate(threads=2) == expected


def test_joblib(expected):
    joblib = pytest.importorskip("joblib")
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(simulate)(threads) for threads in (1, 2))
    assert found == [expected] * 2


COMPILING = """
    import pyNN_fastsim as sim
    sim.setup(timestep=0.1)
    cells = sim.Population(3, sim.IF_curr_delta(i_offset=1.0))
    cells.record("spikes")
    sim.run(50.0)
    from pyNN_fastsim.engine.compiling.compile import compiled
    print(sum(cells.get_spike_counts().values()), len(compiled))
"""


def test_two_processes_compile_into_the_same_cache(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", textwrap.dedent(COMPILING)]
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=500) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    spikes = {output.split()[0] for output, _ in outputs}
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert again.split() == [*spikes, "0"] and spikes != {"0"}


READING = """
    import pickle, sys
    sys.modules["pyNN_fastsim"] = None  # can't be imported
    try:
        import pyNN_fastsim
    except ImportError:
        pass
    from pyNN.recording import get_io
    for file in sys.argv[1:] or {files!r}:
        block = pickle.load(open(file, "rb"))
        segments = block.segments
        trains = [train.magnitude.tolist() for train in segments[0].spiketrains]
        signals = {{s.name: s.magnitude.tolist() for s in segments[0].analogsignals}}
        print(repr((block.name, len(segments), trains, signals)))
"""


def test_pickled_blocks_are_read_without_the_package(tmp_path):
    populations = build()
    sim.run(10.0)
    files = []
    for k, group in enumerate((populations[1], populations[2][1:3], populations[1] + populations[2])):
        group.write_data(str(tmp_path / f"written{k}.pkl"))
        (tmp_path / f"dumped{k}.pickle").write_bytes(pickle.dumps(group.get_data()))
        files += [str(tmp_path / f"written{k}.pkl"), str(tmp_path / f"dumped{k}.pickle")]
    found = run_script(READING.format(files=files)).splitlines()
    assert found[0::2] == found[1::2]
    segment = populations[1].get_data().segments[0]
    expected = [np.asarray(train).tolist() for train in segment.spiketrains]
    assert sum(map(len, expected)) > 0
    name, n_segments, trains, signals = eval(found[0])
    assert (name, n_segments, trains) == ("cells", 1, expected)
    assert signals["v"] == segment.filter(name="v")[0].magnitude.tolist()
