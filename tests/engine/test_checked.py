"""The engine without the compiler, and with checked indices: same results, wrong accesses seen."""

import gc
import os
import subprocess
import sys

import numpy as np
import pytest

from pyNN_fastsim.engine.compiling import interpreted, intrinsics, lowlevel
from pyNN_fastsim.engine.compiling.addresses import addresses_within
from pyNN_fastsim.engine.compiling.compile import Intrinsic

WITHOUT_COMPILER = {"NUMBA_DISABLE_JIT": "1", "NUMBA_BOUNDSCHECK": "0"}
CHECKED = {"NUMBA_DISABLE_JIT": "0", "NUMBA_BOUNDSCHECK": "1"}
COMPILED = {"NUMBA_DISABLE_JIT": "0", "NUMBA_BOUNDSCHECK": "0"}

NETWORK = """
import hashlib
import numpy as np
import pyNN_fastsim as sim
from pyNN_fastsim.engine import network, preparation
preparation.CELLS_PER_THREAD = 1
sim.setup(timestep=0.1, threads=2, rng_seed=3)
cells = [
    sim.Population(4, cell)
    for cell in (
        sim.IF_curr_exp(i_offset=3.0),
        sim.IF_cond_alpha(i_offset=3.0, tau_m=[10.0, 11.0, 12.0, 13.0]),
        sim.HH_cond_exp(i_offset=0.8),
    )
]
source = sim.Population(5, sim.SpikeSourcePoisson(rate=200.0))
sim.StepCurrentSource(times=[3.0, 9.0], amplitudes=[0.5, -0.2]).inject_into(cells[0][1:3])
rng = sim.NumpyRNG(3)
delay = sim.RandomDistribution("uniform", (0.1, 3.0), rng=rng)
for post in cells:
    post.record(["spikes", "v"])
    for pre in source, cells[0]:
        connector = sim.FixedProbabilityConnector(0.7, rng=rng)
        sim.Projection(pre, post, connector, sim.StaticSynapse(weight=0.01, delay=delay))
sim.run(12.0)
digest = hashlib.sha256()
for population in cells:
    segment = population.get_data().segments[0]
    digest.update(np.asarray(segment.filter(name="v")[0]).tobytes())
    for train in segment.spiketrains:
        digest.update(np.asarray(train).tobytes())
print([population.mean_spike_count() for population in cells], digest.hexdigest())
"""

# A spike source that writes behind its list of spikes: in the thread of its last cells, at step 3.
FAULTY = """
import sys
import numpy as np
from pyNN_fastsim.engine import network, preparation
from pyNN_fastsim.engine.compiling.compile import inlined
from pyNN_fastsim.engine.neurons.kernel import Model

@inlined
def emit(c, s, first, last, step, out):
    if last == len(s[0]) and step == 3:
        for _ in range(100_000):  # until the other thread is at the barrier
            s[0][first] += 0.1
        out[len(out)] = first
    return 0

model = Model("faulty", (), {"_x": 0.0}, lambda p, dt: (), emit=emit, capacity=lambda constants, n: n)
preparation.CELLS_PER_THREAD = 1
simulated = network.Network(0.1, threads=int(sys.argv[1]))
simulated.add_block(model, 4, {})
try:
    simulated.run(10)
except IndexError as error:
    print(error.args)
"""


def run(folder, source, environment, *arguments):
    """What a script prints, run with these environment variables."""
    script = folder / "script.py"
    script.write_text(source)
    environment = {**os.environ, **environment}
    command = [sys.executable, str(script), *arguments]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.compiles
def test_same_bits_without_the_compiler(tmp_path):
    compiled = run(tmp_path, NETWORK, COMPILED)
    assert "[" in compiled and "0.0" not in compiled
    assert run(tmp_path, NETWORK, WITHOUT_COMPILER) == compiled


@pytest.mark.parametrize("threads", ["1", "2"])
def test_wrong_index_without_the_compiler(tmp_path, threads):
    assert "out of bounds" in run(tmp_path, FAULTY, WITHOUT_COMPILER, threads)


@pytest.mark.compiles
def test_wrong_index_where_machine_code_is_checked(tmp_path):
    for threads in "1", "2":
        message = run(tmp_path, FAULTY, {**CHECKED, "NUMBA_CACHE_DIR": str(tmp_path)}, threads)
        assert message == "('run: index is out of bounds',)\n"


ROWS = """
from pyNN_fastsim.engine.compiling.addresses import address_of
from pyNN_fastsim.engine.compiling.compile import entry
from pyNN_fastsim.engine.compiling.lowlevel import gather, rows_at, scatter
import numpy as np

@entry(2)
def get(table, i):
    return int(gather(rows_at(table, 0, 3, 2), i)[1])

@entry(2)
def put(table, i):
    scatter(rows_at(table, 0, 3, 2), i, (7.0, 8.0))
    return 0

values = np.arange(8.0).reshape(2, 4)
table = np.array([[address_of(row), 8, 3] for row in values])
for i in 1, 3, -1:
    for function in get, put:
        try:
            print(i, function.function.__name__, function(address_of(table), i))
        except IndexError:
            print(i, function.function.__name__, "refused")
print(values.sum())
"""


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param(WITHOUT_COMPILER, id="without compiler"),
        pytest.param(CHECKED, id="checked", marks=pytest.mark.compiles),
    ],
)
def test_wrong_index_of_a_tuple_of_rows(tmp_path, environment):
    expected = "1 get 5\n1 put 0\n3 get refused\n3 put refused\n-1 get refused\n-1 put refused\n37.0\n"
    assert run(tmp_path, ROWS, {**environment, "NUMBA_CACHE_DIR": str(tmp_path)}) == expected


@pytest.mark.compiles
def test_checked_machine_code_is_kept_beside_the_other(tmp_path):
    for environment, n in (COMPILED, 2), (CHECKED, 4), (COMPILED, 4):
        source = ROWS.replace("1, 3, -1", "0, 1")
        assert run(tmp_path, source, {**environment, "NUMBA_CACHE_DIR": str(tmp_path)})
        assert len(list(tmp_path.rglob("*machine_code"))) == n


# --- the memory that interpreted code sees --------------------------------------------------------


@pytest.fixture
def known():
    """An array that is known, and its address."""
    array = np.arange(10.0)
    interpreted.register(array)
    return array, array.ctypes.data


def test_view_reads_and_writes_the_array_itself(known):
    array, address = known
    view = interpreted.float64_at(address + 8 * 4, 6)
    assert list(view) == [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    view[0] = 40.0
    assert array[4] == 40.0


@pytest.mark.parametrize(("first", "n"), [(0, 11), (-1, 1), (5, 6), (10, 1), (3, -1)])
def test_view_outside_of_the_array(known, first, n):
    with pytest.raises(IndexError, match="no live array"):
        interpreted.float64_at(known[1] + 8 * first, n)


def test_view_of_another_type(known):
    with pytest.raises(IndexError, match="int64"):
        interpreted.int64_at(known[1], 10)


def test_view_of_nothing_may_be_anywhere():
    assert len(interpreted.float64_at(0, 0)) == 0


@pytest.mark.parametrize("index", [10, -1, np.int64(-10), 2**40])
def test_wrong_index(known, index):
    view = interpreted.float64_at(known[1], 10)
    with pytest.raises(IndexError):
        view[index]
    with pytest.raises(IndexError):
        view[index] = 1.0


def test_wrong_index_of_a_table():
    table = np.zeros((3, 4), dtype=np.int64)
    interpreted.register(table)
    view = interpreted.table2_at(table.ctypes.data, 3, 4)
    assert view[2, 3] == 0
    for index in (3, 0), (0, 4), (-1, 0), (0, -1):
        with pytest.raises(IndexError):
            view[index]
        with pytest.raises(IndexError):
            view[index] = 1
    with pytest.raises(IndexError):
        view[1][4]


def test_array_that_is_no_more():
    array = np.zeros(1000)
    interpreted.register(array[100:])
    address = array[100:].ctypes.data
    interpreted.float64_at(address, 900)
    del array
    gc.collect()
    with pytest.raises(IndexError, match="no live array"):
        interpreted.float64_at(address, 1)


def test_only_the_part_that_was_registered_is_known():
    array = np.zeros(10)
    interpreted.register(array[2:5])
    address = array.ctypes.data
    interpreted.float64_at(address + 8 * 2, 3)
    for first, n in (1, 1), (2, 4), (5, 1):
        with pytest.raises(IndexError):
            interpreted.float64_at(address + 8 * first, n)


def test_array_that_is_not_contiguous():
    with pytest.raises(ValueError, match="contiguous"):
        interpreted.register(np.zeros((4, 4))[:, 1])


def test_addresses_within_an_array():
    array = np.arange(10, dtype=np.int32)
    starts, lengths = np.array([[0, 3], [5, 9]]), np.array([[3, 2], [4, 1]])
    addresses = addresses_within(array, starts, lengths)
    assert np.array_equal(addresses, array.ctypes.data + 4 * starts)


# --- every intrinsic has a twin -------------------------------------------------------------------


def test_every_name_has_an_intrinsic_and_a_twin():
    names = {name: thing.name for name, thing in vars(lowlevel).items() if isinstance(thing, Intrinsic)}
    assert all(name == its for name, its in names.items())
    for name in names:
        assert callable(getattr(interpreted, name)), name
        assert hasattr(intrinsics, name), name


def test_bits_of_floats():
    for x in 0.0, -0.0, 1.0, -1.5, 1e-310, 1e308, float("inf"), float("-inf"):
        assert interpreted.float_bits(x) == np.float64(x).view(np.int64)
        assert interpreted.bits_float(interpreted.float_bits(x)).tobytes() == np.float64(x).tobytes()
    # As in an int64, what is shifted out is lost.
    assert interpreted.bits_float(interpreted.float_bits(1.0) << 4) == np.uint64(0xFF << 56).view(float)


def test_fma_is_rounded_once():
    x = 1.0 + 2.0**-30
    assert interpreted.fma(x, x, -(x * x)) == 2.0**-60
    assert interpreted.fma(1e308, 10.0, 0.0) == np.inf
    assert np.isnan(interpreted.fma(np.inf, 0.0, 1.0))


def test_atomic_operations():
    count = np.array([5, 0], dtype=np.int64)
    interpreted.register(count)
    address = count.ctypes.data
    assert interpreted.atomic_add(address, 3) == 5
    assert interpreted.atomic_load(address) == 8
    interpreted.atomic_store(address + 8, 2)
    assert count.tolist() == [8, 2]
