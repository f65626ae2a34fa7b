"""
How the kernels of many steps are launched.

Either one kernel does all steps of a chunk (persistent.py); or each step is two kernels. A launch from Python
takes several microseconds, as long as a step of a large network. So what belongs to `STEPS` steps is captured
once into a graph, which is launched by one call. The graph knows nothing of time: the head says which step is
the first of it.
"""

import os
import warnings

from . import cards, driver, steps
from .compile import SIMULATED
from .delivery import LANES
from .errors import DeviceError
from .graphs import Graph
from .memory import Buffer
from .persistent import steps_kernel
from .plan import MOST_WARPS
from .steps import TILE

STEPS = (64, 8, 1)  # of graphs, the longest first
MOST_BLOCKS = 3 if SIMULATED else MOST_WARPS * LANES // TILE  # of a kernel's grid
MOST_ROWS = 1 if SIMULATED else 65535  # blocks of a grid along y
THREADS = TILE  # of a block, a multiple of TILE
SIMULATED_GRID = (2, 2 * TILE)  # of the persistent kernel in the simulator
PER_MULTIPROCESSOR = 16  # blocks of a tile's threads that a multiprocessor has at once, at most

VARIABLE = "PYNN_FASTSIM_GPU_LOOP"
LOOPS = ("persistent", "graph")
OLDEST = (7, 0)  # compute capability, from which on blocks can wait for each other as `names.latest` does
MOST_TILES = 8  # whose threads a block of the persistent kernel has, each for as many cells, at most
FOR_SPIKES = 4  # tiles whose threads it has for spikes, even if there are fewer cells


def loop_asked_for():
    """Which loop the environment variable wants. Raises DeviceError if there is no such loop."""
    loop = os.environ.get(VARIABLE) or LOOPS[0]
    if loop not in LOOPS:
        raise DeviceError(f"the environment variable {VARIABLE} must be one of {LOOPS}, not {loop!r}")
    return loop


def _n_blocks(n_tiles):
    """Of the grid of a kernel that there is so much to do for."""
    at_once = cards.n_multiprocessors() * PER_MULTIPROCESSOR or MOST_BLOCKS
    return max(min(n_tiles, at_once, MOST_BLOCKS), 1)


def _launch_of(table):
    """(kernel, blocks of the grid along x and y, address, rows) of a Table."""
    n_y = min(table.n_rows, MOST_ROWS)
    n_x = min(_n_blocks(-(-table.width // TILE)), max(MOST_BLOCKS // n_y, 1))
    return table.kernel, (n_x, n_y), table.address, table.n_rows


class Launcher:
    """Launches the steps of a plan.

    plan        a `Plan`
    head        its head's Buffer
    loop        one of LOOPS: which one is to be used, if it can be
    stream      of the card, on which everything is launched and sent
    outgoing    of the card, on which recordings leave
    """

    def __init__(self, plan, head: Buffer, loop):
        self._plan, self._head = plan, head.address
        n_tiles = plan.n_tiles + plan.n_drawn
        n_busy = max(-(-plan.n_threads // TILE), plan.n_sample_tiles)
        self._step = [
            (steps.update_kernel(plan.cells), _n_blocks(n_tiles), plan.tiles.address, n_tiles),
            *map(_launch_of, plan.plastic),
            (steps.finish_kernel(plan.synapses), _n_blocks(n_busy), 0, 0),
        ]
        self._graphs = {}  # by their steps; None once that many have been launched one by one
        self._can_capture = True
        self._finished = {}
        self.stream = self.outgoing = 0
        if not SIMULATED:
            self.stream, self.outgoing = driver.Stream(), driver.Stream()
        self._persistent = self._find_persistent() if loop == "persistent" and not plan.plastic else None

    def _find_persistent(self):
        """The kernel of many steps, and its blocks and their threads; None where the card can't, or it is not
        worthwhile."""
        plan = self._plan
        kernel = steps_kernel(plan.cells, plan.synapses, plan.n_counting)
        if SIMULATED:
            return kernel, SIMULATED_GRID
        n_multiprocessors = cards.n_multiprocessors()
        if plan.n_tiles > n_multiprocessors * MOST_TILES**2:
            return None
        if driver.card().capability < OLDEST:
            return None
        for_cells = -(-plan.n_tiles // n_multiprocessors)
        for_spikes = min(-(-plan.n_threads // (TILE * n_multiprocessors)), FOR_SPIKES)
        wanted = min(max(for_cells, for_spikes, 1), MOST_TILES)
        try:
            for n_tiles in range(wanted, 0, -1):
                if kernel.most_together(n_tiles * TILE) >= n_multiprocessors:
                    return kernel, (n_multiprocessors, n_tiles * TILE)
        except driver.Broken:
            raise
        except DeviceError as error:
            self._say_why_not(error)
        else:
            self._say_why_not("its threads find no room")
        return None

    def _say_why_not(self, error):
        warnings.warn(f"steps are launched one by one, and runs will be slower: {error}", stacklevel=2)

    def launch(self, outbox, n_steps):
        """Launch a chunk of steps; its recordings are kept in `outbox`."""
        self._launch_now(steps.BEGIN, 1, 1, self._head, outbox.begin.address, 1, 0)
        if self._persistent is None or not self._launch_persistent(n_steps):
            self._launch_graphs(n_steps)
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

    def _launch_persistent(self, n_steps):
        """Launch the kernel of many steps; returns whether the card took it."""
        kernel, grid = self._persistent
        table, n_tiles = self._plan.tiles.address, self._plan.n_tiles
        try:
            kernel.launch_together(*grid, self.stream, self._head, table, n_tiles, n_steps)
        except driver.Broken:
            raise
        except driver.DriverError as error:  # it has refused, and nothing has been done
            self._persistent = None
            self._say_why_not(error)
            return False
        return True

    def _launch_graphs(self, n_steps):
        left = n_steps
        for length in STEPS:
            for _ in range(left // length):
                self._launch_steps(length)
            left %= length

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
