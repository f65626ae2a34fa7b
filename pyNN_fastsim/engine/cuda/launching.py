"""
How the kernels of many steps are launched.

A launch from Python takes several microseconds, as long as a step of a large network. So what belongs to
`STEPS` steps is captured once into a graph, which is launched by one call. The graph knows nothing of time:
the head says which step is the first of it.
"""

import warnings

from . import cards, driver, steps
from .compile import SIMULATED
from .graphs import Graph
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
    n_samplers  for how many there are samples to be taken
    stream      of the card, on which everything is launched and sent
    outgoing    of the card, on which recordings leave
    """

    def __init__(self, plan, head: Buffer, n_samplers):
        self._head = head.address
        blocks = cards.n_multiprocessors() * RESIDENT * WAVES
        self._step = [self._launch_of(table, blocks) for table in (*plan.cells, *plan.delivery)]
        if n_samplers:
            grid = SAMPLING, min(n_samplers, MOST_ROWS)
            self._step.append((steps.SAMPLE, grid, 0, n_samplers))
        self._graphs = {}  # by their steps; None once that many have been launched one by one
        self._can_capture = True
        self._finished = {}
        self.stream = self.outgoing = 0
        if not SIMULATED:
            self.stream, self.outgoing = driver.Stream(), driver.Stream()

    @staticmethod
    def _launch_of(table, blocks):
        """(kernel, blocks of the grid along x and y, address, rows) of a table."""
        n_y = min(max(table.n_rows, 1), MOST_ROWS)
        n_x = min(-(-table.width // THREADS), max(blocks // n_y, 1))
        return table.kernel, (max(n_x, 1), n_y), table.address, table.n_rows

    def launch(self, outbox, n_steps):
        """Launch a chunk of steps; its recordings are kept in `outbox`."""
        self._launch_now(steps.BEGIN, 1, 1, self._head, outbox.begin.address, 1, 0)
        left = n_steps
        for length in STEPS:
            for _ in range(left // length):
                self._launch_steps(length)
            left %= length
        self._launch_now(steps.TELL, 1, 1, self._head, outbox.report.address, 1, 0)
        if not SIMULATED:
            self._finished[id(outbox)] = event = driver.Event()
            event.record(self.stream)

    def report_of(self, outbox):
        """What a chunk reports, when it is done."""
        if not SIMULATED:
            self._finished[id(outbox)].synchronize()
        return outbox.report.get(stream=self.outgoing)

    def wait(self):
        """Wait until everything is done that has been launched."""
        if not SIMULATED:
            self.stream.synchronize()

    def close(self):
        """Give up the graphs, when everything is done."""
        self.wait()
        for graph in self._graphs.values():
            if graph is not None:
                graph.close()
        self._graphs = {}

    def _launch_now(self, kernel, blocks, threads, *arguments):
        kernel.launch(blocks, threads, self.stream, *arguments)

    def _enqueue(self, n_steps, launch):
        """Call `launch` for the kernels of so many steps, and for one that lets time pass."""
        for ahead in range(n_steps):
            for kernel, blocks, table, n_rows in self._step:
                launch(kernel, blocks, THREADS, self._head, table, n_rows, ahead)
        launch(steps.PASS, 1, 1, self._head, 0, 1, n_steps)

    def _launch_steps(self, length):
        """Launch so many steps: one by one the first time, which also loads all kernels, then as a graph."""
        if length not in self._graphs:
            self._graphs[length] = None
            self._enqueue(length, self._launch_now)
            return
        if self._graphs[length] is None and self._can_capture:
            self._graphs[length] = self._capture(length)
        if self._graphs[length] is None:
            self._enqueue(length, self._launch_now)
        else:
            self._graphs[length].launch()

    def _capture(self, length):
        """The graph of so many steps; None, with a warning, where the driver can't make it."""
        try:
            return Graph(lambda launch: self._enqueue(length, launch), self.stream)
        except driver.Broken:
            raise
        except driver.DriverError as error:
            self._can_capture = False
            warnings.warn(f"no CUDA graph can be made ({error}): runs will be slower", stacklevel=2)
            return None
