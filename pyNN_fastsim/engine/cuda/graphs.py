"""
Launches that are done again and again: CUDA graphs on a card, lists of launches in the simulator.
"""

from .compile import SIMULATED


class GraphError(RuntimeError):
    """The driver can't make a graph."""


class CardGraph:
    """What `enqueue` launches on a stream, as a CUDA graph; its kernels have been loaded before."""

    def __init__(self, enqueue, stream):
        self._stream = _handle(stream)
        driver = _driver()
        mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
        _checked(driver.cuStreamBeginCapture(self._stream, mode))
        try:
            enqueue(
                lambda kernel, blocks, threads, *arguments: kernel.launch(blocks, threads, stream, *arguments)
            )
        finally:
            graph = _checked(driver.cuStreamEndCapture(self._stream))
        self._executable = _checked(driver.cuGraphInstantiate(graph, 0))
        _checked(driver.cuGraphDestroy(graph))

    def launch(self):
        _checked(_driver().cuGraphLaunch(self._executable, self._stream))

    def close(self):
        _checked(_driver().cuGraphExecDestroy(self._executable))


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


def _driver():
    from cuda.bindings import driver

    return driver


def _handle(stream):
    """The driver's handle of one of numba-cuda's streams."""
    handle = stream.handle
    return _driver().CUstream(int(getattr(handle, "value", handle)))


def _checked(result):
    """What a call of the driver returns beside its error. Raises GraphError if there is one."""
    error, *values = result
    if int(error) != 0:
        raise GraphError(f"CUDA driver: {error}")
    return values[0] if values else None
