"""
Launches that are done again and again: CUDA graphs on a card, lists of launches in the simulator.
"""

from . import driver
from .compile import SIMULATED


class CardGraph:
    """What `enqueue` launches on a stream, as a CUDA graph; its kernels have been loaded before."""

    def __init__(self, enqueue, stream):
        self._stream = driver.handle_of(stream)
        mode = driver.bindings().CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
        driver.call("cuStreamBeginCapture", self._stream, mode)
        try:
            enqueue(
                lambda kernel, blocks, threads, *arguments: kernel.launch(blocks, threads, stream, *arguments)
            )
        finally:
            graph = driver.call("cuStreamEndCapture", self._stream)
        try:
            self._executable = int(driver.call("cuGraphInstantiate", graph, 0))
        finally:
            driver.call("cuGraphDestroy", graph)
        self._give_up = driver.release_later(self, "cuGraphExecDestroy", self._executable)

    def launch(self):
        driver.call("cuGraphLaunch", self._executable, self._stream)

    def close(self):
        self._give_up()


class SimulatedGraph:
    """The same in the simulator."""

    def __init__(self, enqueue, stream):
        self._launches, self._stream = [], stream
        enqueue(lambda *launch: self._launches.append(launch))

    def launch(self):
        for kernel, blocks, threads, *arguments in self._launches:
            kernel.launch(blocks, threads, self._stream, *arguments)

    def close(self):
        self._launches = []


Graph = SimulatedGraph if SIMULATED else CardGraph
