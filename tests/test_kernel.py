"""Interrupting a cell in a live kernel of a notebook: the run stops at a step, and the next one goes on."""

import os
import re
import time
from pathlib import Path

import pytest

manager = pytest.importorskip("jupyter_client.manager")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parent.parent

BUILD = """
import hashlib
import pyNN_fastsim as sim
from pyNN_fastsim import progress
from pyNN_fastsim.engine import preparation
progress.DELAY, preparation.CELLS_PER_THREAD = 0.0, 1

def build(**options):
    global cells
    sim.setup(timestep=0.1, **options)
    cells = sim.Population(100, sim.IF_curr_exp(i_offset=lambda i: 0.9 + 0.001 * i))
    source = sim.Population(50, sim.SpikeSourcePoisson(rate=20.0))
    connector = sim.FixedNumberPreConnector(10, rng=sim.NumpyRNG(3))
    synapse = sim.StaticSynapse(weight=0.1, delay=1.5)
    sim.Projection(source, cells, connector, synapse, receptor_type="excitatory")
    cells.record("spikes")
    cells[:2].record("v")

def digest():
    (segment,) = cells.get_data().segments
    whole = hashlib.sha256(segment.analogsignals[0].magnitude.tobytes())
    for train in segment.spiketrains:
        whole.update(train.magnitude.tobytes())
    return whole.hexdigest()
"""


class Kernel:
    """A kernel as a notebook has it, which runs one cell at a time."""

    def __init__(self, folder):
        self._manager, self._client = manager.start_new_kernel(
            kernel_name="python3", cwd=str(folder), env={**os.environ, "PYTHONPATH": str(ROOT)}
        )

    def run(self, code, interrupt_at=None):
        """(what a cell prints, what it writes to stderr, its error or None); interrupted when `interrupt_at`
        is to be seen there."""
        cell = self._client.execute(code)
        texts, error = {"stdout": "", "stderr": ""}, None
        while True:
            message = self._client.get_iopub_msg(timeout=60)
            content = message["content"]
            if message["parent_header"].get("msg_id") != cell:
                continue
            if message["msg_type"] == "stream":
                texts[content["name"]] += content["text"]
                if interrupt_at is not None and interrupt_at in texts["stderr"]:
                    interrupt_at = None
                    time.sleep(0.3)
                    self._manager.interrupt_kernel()
            elif message["msg_type"] == "error":
                error = content
            elif content.get("execution_state") == "idle":
                return texts["stdout"], texts["stderr"], error

    def close(self):
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    kernel = Kernel(tmp_path_factory.mktemp("notebook"))
    assert kernel.run(BUILD)[2] is None
    yield kernel
    kernel.close()


@pytest.mark.compiles
@pytest.mark.parametrize("options", ["", "threads=2", "record_to='records'"])
def test_an_interrupted_cell(kernel, options):
    """With the bar that a notebook shows, whose beginning is the moment when the run can be interrupted."""
    assert kernel.run(f"build({options})\nsim.run(10.0)")[2] is None
    _, shown, error = kernel.run("sim.run(1e7)", interrupt_at="Running: ")
    assert error["ename"] == "KeyboardInterrupt"
    assert re.search(r"Running: .* of 10000000 ms", shown)
    assert shown.rpartition("\r")[0].split("\r")[-1].strip() == "", "the bar is gone"
    got, _, error = kernel.run(
        "stopped = sim.get_current_time()\n"
        "(segment,) = cells.get_data().segments\n"
        "print(stopped, len(segment.analogsignals[0]), float(segment.spiketrains[0].t_stop))"
    )
    assert error is None
    stopped, samples, t_stop = map(float, got.split())
    assert 10.0 < stopped < 1e7 and samples == round(stopped / 0.1) + 1 and t_stop == stopped
    got, _, error = kernel.run(
        "sim.run(50.0)\n"
        "after, interrupted = sim.get_current_time(), digest()\n"
        "build()\n"
        "sim.run_until(after)\n"
        "print(round(after - stopped, 6), digest() == interrupted)"
    )
    assert error is None and got.split("\r")[-1] == "50.0 True\n"
