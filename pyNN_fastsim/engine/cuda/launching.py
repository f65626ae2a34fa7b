"""
How the kernels of many steps are launched: as a CUDA graph on a card, one by one in the simulator.

A launch from Python takes several microseconds, as long as a step of a large network. So what belongs to
`STEPS` steps is captured once into a graph, which is launched by one call. The graph knows nothing of time:
the head says which step is the first of it.
"""

import warnings

from . import cards, steps
from .compile import SIMULATED
from .memory import Buffer

STEPS = (64, 8, 1)  # of graphs, the longest first
THREADS = 2 if SIMULATED else 128  # of a block of the grid
MOST_ROWS = 1 if SIMULATED else 65535  # blocks of a grid along y
WAVES = 2  # blocks of the grid for each that a multiprocessor has at once, at most
SAMPLING = 1 if SIMULATED else 8  # blocks of the grid for the samples of one sampler
RESIDENT = 8  # blocks of so many threads on a multiprocessor at once, about


class Launcher:
    """Launches the steps of a plan.

    plan        a `Plan`
    head        its head's Buffer
    n_samplers  whether, and for how many rows, there are samples to be taken
    """

    def __init__(self, plan, head: Buffer, n_samplers):
        self._head = head.address
        blocks = cards.n_multiprocessors() * RESIDENT * WAVES
        self._step = [self._launch_of(table, blocks) for table in (*plan.cells, *plan.delivery)]
        if n_samplers:
            self._step.append((steps.SAMPLE, (SAMPLING, min(n_samplers, MOST_ROWS)), 0, n_samplers))
        self._can_capture = True
        self._graphs = {}  # by their steps: None once that many have been launched one by one
        self._stream = self.outgoing = 0
        if not SIMULATED:
            from numba import cuda
            from numba.cuda.core import config

            config.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # some kernels are for one thread
            self._stream, self.outgoing = cuda.stream(), cuda.stream()
            self._finished = {}

    @staticmethod
    def _launch_of(table, blocks):
        """(kernel, blocks of the grid along x and y, address, rows) of a table."""
        n_y = min(max(table.n_rows, 1), MOST_ROWS)
        n_x = min(-(-table.width // THREADS), max(blocks // n_y, 1))
        return table.kernel, (max(n_x, 1), n_y), table.address, table.n_rows

    def launch(self, outbox, n_steps):
        """Launch a chunk of steps; its recordings are kept in `outbox`."""
        self._one(steps.BEGIN, outbox.begin.address)
        if SIMULATED:
            self._enqueue(n_steps)
        else:
            left = n_steps
            for length in STEPS:
                for _ in range(left // length):
                    self._launch_graph(length)
                left %= length
        self._one(steps.TELL, outbox.report.address)
        if not SIMULATED:
            from numba import cuda

            self._finished[id(outbox)] = event = cuda.event(timing=False)
            event.record(self._stream)

    def report_of(self, outbox):
        """What a chunk reports, when it is done."""
        if not SIMULATED:
            self.outgoing.synchronize()
            self._finished[id(outbox)].synchronize()
        return outbox.report.get(stream=self.outgoing)

    def wait(self):
        """Wait until everything is done that has been launched."""
        if not SIMULATED:
            self._stream.synchronize()

    def _one(self, kernel, table=0, by=0):
        kernel.launch(1, 1, self._stream, self._head, table, 1, by)

    def _enqueue(self, n_steps):
        """Launch the kernels of so many steps, and let time pass."""
        for ahead in range(n_steps):
            for kernel, blocks, table, n_rows in self._step:
                kernel.launch(blocks, THREADS, self._stream, self._head, table, n_rows, ahead)
        self._one(steps.PASS, by=n_steps)

    def _launch_graph(self, length):
        """Launch so many steps: one by one the first time, which also loads all kernels, then as a graph."""
        if length not in self._graphs:
            self._graphs[length] = None
            self._enqueue(length)
            return
        if self._graphs[length] is None and self._can_capture:
            self._graphs[length] = self._capture(length)
        if self._graphs[length] is None:
            self._enqueue(length)
        else:
            _checked(_driver().cuGraphLaunch(self._graphs[length], _handle(self._stream)))

    def _capture(self, length):
        """The graph of so many steps; None, with a warning, where the driver can't capture it."""
        try:
            driver, stream = _driver(), _handle(self._stream)
            mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
            _checked(driver.cuStreamBeginCapture(stream, mode))
            try:
                self._enqueue(length)
            finally:
                graph = _checked(driver.cuStreamEndCapture(stream))
            executable = _checked(driver.cuGraphInstantiate(graph, 0))
            _checked(driver.cuGraphDestroy(graph))
            return executable
        except Exception as error:
            self._can_capture = False
            warnings.warn(f"no CUDA graph can be made ({error}): runs will be slower", stacklevel=2)
            return None

    def close(self):
        """Give up the graphs, when everything is done."""
        self.wait()
        for graph in self._graphs.values():
            if graph is not None:
                _checked(_driver().cuGraphExecDestroy(graph))
        self._graphs = {}


def _driver():
    from cuda.bindings import driver

    return driver


def _handle(stream):
    """The driver's handle of one of numba-cuda's streams."""
    handle = stream.handle
    return _driver().CUstream(int(getattr(handle, "value", handle)))


def _checked(result):
    """What a call of the driver returns beside its error. Raises RuntimeError if there is one."""
    error, *values = result
    if int(error) != 0:
        raise RuntimeError(f"CUDA driver: {error}")
    return values[0] if values else None
