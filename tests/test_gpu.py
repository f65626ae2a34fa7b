"""
GPUs, without one: what setup() says, and the run loop for cards in Numba's simulator (gpu/in_simulator.py).

Where numba-cuda and its toolkit are installed, all kernels are compiled and assembled, too.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pyNN_fastsim as sim
from pyNN_fastsim.engine.cuda import cards, driver
from pyNN_fastsim.engine.cuda.errors import DeviceError
from pyNN_fastsim.engine.synapses import exact

HERE = Path(__file__).parent


def passes_in_a_process(file, **environment):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", HERE / "gpu" / file]
    environment = {**os.environ, **environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-8000:]


@pytest.mark.compiles
def test_the_same_as_on_the_cpu_in_numbas_simulator():
    passes_in_a_process("in_simulator.py", NUMBA_ENABLE_CUDASIM="1")


@pytest.mark.compiles
def test_connections_drawn_as_on_the_cpu_in_numbas_simulator():
    passes_in_a_process("building_in_simulator.py", NUMBA_ENABLE_CUDASIM="1")


@pytest.mark.compiles
def test_all_kernels_compile_and_need_no_more_than_a_card_has():
    pytest.importorskip("numba_cuda", reason="numba-cuda with its toolkit is not installed")
    done = subprocess.run(
        [sys.executable, HERE / "gpu" / "kernels.py"], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.mark.compiles
def test_all_but_the_kernels_on_a_driver_without_a_card():
    passes_in_a_process("on_fake_card.py")


@pytest.mark.compiles
def test_calls_of_the_driver_through_the_real_module(tmp_path):
    pytest.importorskip("cuda.bindings", reason="cuda.bindings is not installed")
    compiler = shutil.which("cc") or pytest.skip("there is no C compiler")
    library = tmp_path / "libcuda.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, HERE / "gpu" / "libcuda.c"], check=True)
    passes_in_a_process("on_fake_card.py", FAKE_CARD_LIBRARY=str(library), LD_LIBRARY_PATH=str(tmp_path))


def loaded_kernels(folder, *arguments):
    """What kernel_files.py prints."""
    done = subprocess.run(
        [sys.executable, HERE / "gpu" / "kernel_files.py", *arguments],
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout), done.stderr


@pytest.mark.compiles
def test_a_second_process_compiles_no_kernels(tmp_path):
    pytest.importorskip("numba_cuda", reason="numba-cuda with its toolkit is not installed")
    first, _ = loaded_kernels(tmp_path)
    assert len(first["compiled"]) == 6
    second, _ = loaded_kernels(tmp_path)
    assert second["compiled"] == [] and not second["numba"] and second["machine code"]
    assert second["folders"] == 1
    changed, _ = loaded_kernels(tmp_path, "2.0")  # a number that the user's own cell uses
    assert [name.split("_")[1] for name in changed["compiled"]] == ["Summing"]
    files = list(tmp_path.rglob("*finish_static*.machine_code"))
    for damage in (b"", files[0].read_bytes()[:-1], files[0].read_bytes()[:-1] + b"x"):
        files[0].write_bytes(damage)
        again, _ = loaded_kernels(tmp_path)
        assert again["compiled"] == ["finish_static"]
    assert loaded_kernels(tmp_path)[0]["compiled"] == []


def test_sections_of_the_check_fail_and_hang_by_themselves(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(HERE / "gpu")
    import sections

    hello = "from sections import note; note('before', 1.0, '<= 2', True);"
    code = {
        "fine": f"{hello} note('wrong', 3, '4', False); print('words')",
        "raises": f"{hello} raise RuntimeError('broken')",
        "hangs": f"{hello} import os, sys; os.spawnl(0, sys.executable, 'x', '-c', 'while True: pass')",
        "dies": f"{hello} import os; os.kill(os.getpid(), 9)",
        "last": "from sections import note; note('it', 'came', fine=True)",
    }
    monkeypatch.setenv("PYTHONPATH", str(HERE / "gpu"))
    limits = dict.fromkeys(code, 20.0) | {"hangs": 2.0}
    file = tmp_path / "found.json"
    check = sections.Check(
        lambda name, limit: [sys.executable, "-c", code[name]], limits, 60.0, ["dies"], file
    )
    check.run([["fine"], ["raises", "hangs", "dies"], ["last"]]).print_table()
    found = json.loads(file.read_text())
    ends = {name: end["status"] for name, end in found["sections"].items()}
    assert ends == {
        "fine": "fine", "raises": "failed (1)", "hangs": "its time was up", "dies": "failed (-9)",
        "last": "fine",
    }  # fmt: skip
    told = {row["section"] for row in found["rows"] if row["what"] == "before"}
    assert told == {"fine", "raises", "hangs", "dies"}
    assert check.n_failed() == 3  # raises, hangs, and the row that is wrong
    printed = capsys.readouterr().out
    assert "RuntimeError: broken" in printed and "NOT FINE" in printed
    check = sections.Check(lambda name, limit: [], limits, 1.0, file=file)
    assert check.run([["fine"]]).sections["fine"]["status"] == "no time left"


@pytest.fixture
def no_card(monkeypatch):
    def fail():
        raise DeviceError(f"there is no NVIDIA card that this process can see. {cards.ON_CPU}")

    monkeypatch.setattr(cards, "check", fail)


def test_without_a_card_setup_says_what_to_do(no_card):
    with pytest.raises(DeviceError, match=r"no NVIDIA card.*device='cpu'"):
        sim.setup(device="gpu")
    sim.setup()
    sim.Population(2, sim.IF_curr_exp())
    sim.run(1.0)


def test_packages_that_are_missing_are_named(monkeypatch):
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    find = importlib.util.find_spec
    for installed, message in (
        ([], "the package numba-cuda is not installed; pip install 'pyNN_fastsim"),
        (["numba_cuda"], r"cuda.bindings can't be imported \(no such thing\); pip install 'pyNN_fastsim"),
    ):

        def find_spec(name, package=None, installed=installed):
            return (
                (find("numpy") if name in installed else None)
                if name == "numba_cuda"
                else find(name, package)
            )

        def bindings():
            raise ImportError("no such thing")

        monkeypatch.setattr(importlib.util, "find_spec", find_spec)
        monkeypatch.setattr(driver, "bindings", bindings)
        with pytest.raises(DeviceError, match=f"{message}.*device='cpu'"):
            sim.setup(device="gpu")


def test_without_a_card_auto_takes_the_cpu_and_says_so(no_card, monkeypatch, capsys):
    from pyNN_fastsim import devices

    monkeypatch.setattr(devices, "WORTHWHILE", 1)
    sim.setup(device="auto")
    sim.Population(2, sim.IF_curr_exp())
    sim.run(1.0)
    assert "device='auto' takes the CPU: there is no NVIDIA card" in capsys.readouterr().err


def test_the_environment_variable_is_for_scripts_that_say_nothing(no_card, monkeypatch):
    monkeypatch.setenv("PYNN_FASTSIM_DEVICE", "gpu")
    with pytest.raises(DeviceError):
        sim.setup()
    sim.setup(device="cpu")
    monkeypatch.setenv("PYNN_FASTSIM_DEVICE", "tpu")
    with pytest.raises(ValueError, match="the environment variable PYNN_FASTSIM_DEVICE must be one of"):
        sim.setup()
    with pytest.raises(ValueError, match="device must be one of"):
        sim.setup(device="cuda")


def test_nothing_of_cuda_is_imported_unless_it_is_asked_for():
    code = (
        "import sys, pyNN_fastsim as sim; sim.setup(); sim.Population(2, sim.IF_curr_exp()); sim.run(1.0);"
        "sys.exit('numba.cuda' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_info_tells_of_cards(no_card, capsys):
    sim.show_versions()
    assert "GPU" in capsys.readouterr().out


def test_exact_sums_do_not_depend_on_their_order():
    rng = np.random.default_rng(1)
    weights = rng.normal(0.0878, 0.01, 20_000)
    on_grid = exact.on_grid(weights.copy())
    assert np.max(np.abs(on_grid - weights)) <= 2.0**-41
    sums = {float(np.cumsum(rng.permutation(on_grid))[-1]) for _ in range(5)}
    assert len(sums) == 1
    assert len({float(np.cumsum(rng.permutation(weights))[-1]) for _ in range(5)}) > 1


def test_weights_are_told_as_they_are_used():
    sim.setup(exact_sums=True)
    cells = sim.Population(3, sim.IF_curr_exp())
    projection = sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))
    assert projection.get("weight", "list")[0][2] == exact.on_grid(np.array([0.1]))[0] != 0.1
    projection.set(weight=0.3)
    projection[4].weight = 0.7
    expected = exact.on_grid(np.array([0.3, 0.7]))
    assert {weight for _, _, weight in projection.get("weight", "list")} == set(expected)
