"""
A grid of blocks that are there at once, for kernels whose blocks wait for each other, in Python: Numba's
simulator has one block after the other.
"""

import threading
from types import SimpleNamespace


class Grid:
    """Runs all threads of all blocks of a grid; they take turns, and go on until they wait or end.

    in_order   function that is given the threads that have not ended, and returns them in order of turns
    """

    in_order = staticmethod(list)

    def __init__(self, function, n_blocks, n_threads):
        self.function, self.n_threads = function, n_threads
        self.module = _Module(n_blocks, n_threads)
        self.threads = [_Thread(self, b, t) for b in range(n_blocks) for t in range(n_threads)]
        self.turn_is_over = threading.Semaphore(0)
        self.waiting = dict.fromkeys(range(n_blocks), ())  # by block: those that are at its barrier
        self.failure = None

    def run(self, *arguments):
        names = self.function.__globals__
        others, names["cuda"] = names.get("cuda"), self.module
        try:
            for thread in self.threads:
                thread.arguments = arguments
                thread.start()
            while alive := [thread for thread in self.threads if not thread.has_ended]:
                if all(thread in self.waiting[thread.block] for thread in alive):
                    self.failure = RuntimeError("threads wait for one that has gone")
                for thread in self.in_order(alive):
                    thread.turn.release()
                    self.turn_is_over.acquire()
        finally:
            names["cuda"] = others
        if self.failure is not None:
            raise self.failure


class _Module:
    """What a kernel knows as the module numba.cuda."""

    def __init__(self, n_blocks, n_threads):
        self.gridDim, self.blockDim = SimpleNamespace(x=n_blocks), SimpleNamespace(x=n_threads)

    blockIdx = property(lambda self: SimpleNamespace(x=threading.current_thread().block))
    threadIdx = property(lambda self: SimpleNamespace(x=threading.current_thread().number))


class _Thread(threading.Thread):
    """A thread of a block of a `Grid`."""

    def __init__(self, grid, block, number):
        super().__init__(daemon=True)
        self.grid, self.block, self.number = grid, block, number
        self.turn, self.has_ended = threading.Semaphore(0), False

    def run(self):
        self.turn.acquire()
        try:
            self.grid.function(*self.arguments)
        except BaseException as error:
            self.grid.failure = self.grid.failure or error
        self.has_ended = True
        self.grid.turn_is_over.release()

    def pause(self):
        """Let others have their turns."""
        self.grid.turn_is_over.release()
        self.turn.acquire()
        if self.grid.failure is not None:
            raise SystemExit

    def meet(self):
        """Wait for the other threads of the block."""
        waiting = self.grid.waiting
        mine = waiting[self.block] = (*waiting[self.block], self)
        if len(mine) == self.grid.n_threads:
            waiting[self.block] = ()
        while self in waiting[self.block]:
            self.pause()
