"""
A grid of blocks that are there at once, for kernels whose blocks wait for each other: numba's simulator has
one block after the other.
"""

import threading

from numba.cuda.simulator import kernelapi


class Grid:
    """Runs all threads of all blocks of a grid; they take turns, and go on until they wait or end.

    in_order   function that is given the threads that have not ended, and returns them in order of turns
    """

    in_order = staticmethod(list)

    def __init__(self, function, n_blocks, n_threads):
        self.function, self.n_threads = function, n_threads
        self.module = kernelapi.FakeCUDAModule((n_blocks, 1, 1), (n_threads, 1, 1), 0)
        self.threads = [_Thread(self, b, t) for b in range(n_blocks) for t in range(n_threads)]
        self.turn_is_over = threading.Semaphore(0)
        self.waiting = dict.fromkeys(range(n_blocks), ())  # by block: those that are at its barrier
        self.failure = None

    def run(self, *arguments):
        with kernelapi.swapped_cuda_module(self.function, self.module):
            for thread in self.threads:
                thread.arguments = arguments
                thread.start()
            while alive := [thread for thread in self.threads if not thread.has_ended]:
                for thread in self.in_order(alive):
                    thread.turn.release()
                    self.turn_is_over.acquire()
        if self.failure is not None:
            raise self.failure


class _Thread(threading.Thread):
    """A thread of a block of a `Grid`."""

    def __init__(self, grid, block, number):
        super().__init__(daemon=True)
        self.grid, self.block, self.turn, self.has_ended = grid, block, threading.Semaphore(0), False
        self.blockIdx, self.threadIdx = kernelapi.Dim3(block, 0, 0), kernelapi.Dim3(number, 0, 0)

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
