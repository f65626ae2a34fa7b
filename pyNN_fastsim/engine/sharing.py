"""
What cells transmit in each step, in several processes.

Each process has rings of the past values of all cells (synapses/past_values.py), and writes there what its
own cells transmit. What those of others have transmitted since the last exchange of spikes comes at the next,
by one `MPI_Allgatherv`: step by step, and for each step in the order of the table of what is transmitted.
"""

import numpy as np

from . import messages
from .block import parts_of
from .compiling.addresses import address_of
from .compiling.compile import entry, jit
from .compiling.elementwise import copy
from .compiling.lowlevel import call_mpi, float64_at, int32_at, int64_at, table2_at
from .synapses.ahead import note
from .synapses.transmission import MASK, N_CELLS, PAST, RING, TRANSMITTED_ROW

# The words of `Sharing.words` (int64 each).
TRANSMITTED = 0  # address of the table of what is transmitted, ...
N_TRANSMITTED = 1  # ... and its rows
BOUNDS = 2  # address of where the cells of each process begin, and the last end: int64 [rows, SIZE + 1]
RANK = 3
SIZE = 4
N_VALUES = 5  # address of how many values each process has in a step: int64 [SIZE]
SENT = 6  # addresses of what goes to MPI and comes from there (float64)
RECEIVED = 7
COUNTS = 8  # addresses of how many come from each process, and where they begin (int32)
OFFSETS = 9
ALLGATHERV = 10  # address of MPI's function
COMM = 11  # handles of MPI
FLOAT64 = 12
SHARING_ROW = 13


class Sharing:
    """Of what is transmitted, with other processes.

    exchange      the Exchange
    transmitted   the table of what is transmitted
    cells         how many cells each row of it is of
    words         what `share_transmitted` needs to know
    """

    def __init__(self, exchange, transmitted, cells):
        self._exchange, self._transmitted, size = exchange, transmitted, exchange.size
        self._bounds = np.array([parts_of(n, size) for n in cells], dtype=np.int64)
        self._n_values = np.diff(self._bounds).sum(axis=0)
        n = exchange.period * self._n_values
        self._sent, self._received = np.empty(n[exchange.rank]), np.empty(n.sum())
        self._counts, self._offsets = np.zeros((2, size), dtype=np.int32)
        self.words = np.zeros(SHARING_ROW, dtype=np.int64)
        self.words[TRANSMITTED], self.words[N_TRANSMITTED] = address_of(transmitted), len(cells)
        self.words[BOUNDS], self.words[N_VALUES] = address_of(self._bounds), address_of(self._n_values)
        self.words[RANK], self.words[SIZE] = exchange.rank, size
        self.words[SENT], self.words[RECEIVED] = address_of(self._sent), address_of(self._received)
        self.words[COUNTS], self.words[OFFSETS] = address_of(self._counts), address_of(self._offsets)
        self.words[ALLGATHERV] = exchange.words[messages.ALLGATHERV]
        self.words[COMM], self.words[FLOAT64] = exchange.words[messages.COMM], exchange.float64

    def share(self, step):
        """Let all processes have what was transmitted at a step, before a run."""
        self._exchange.check(share_now(address_of(self.words), step))


@jit
def share_transmitted(row, first, last):
    """Let all processes have what was transmitted in the steps `first` to `last`; returns MPI's error."""
    rank, size, n_steps = row[RANK], row[SIZE], last - first + 1
    n_values = int64_at(row[N_VALUES], size)
    counts, offsets = int32_at(row[COUNTS], size), int32_at(row[OFFSETS], size)
    total = 0
    for process in range(size):
        counts[process] = n_steps * n_values[process]
        offsets[process] = total
        total += counts[process]
    _write(row, first, last)
    n, type_, comm = n_steps * n_values[rank], row[FLOAT64], row[COMM]
    error = call_mpi(
        row[ALLGATHERV], row[SENT], n, type_, row[RECEIVED], row[COUNTS], row[OFFSETS], type_, comm
    )
    if error == 0:
        for process in range(size):
            if process != rank:
                _read(row, process, row[RECEIVED] + 8 * offsets[process], first, last)
    return error


@jit
def _write(row, first, last):
    """Write down what this process's cells have transmitted."""
    transmitted = table2_at(row[TRANSMITTED], row[N_TRANSMITTED], TRANSMITTED_ROW)
    bounds = table2_at(row[BOUNDS], row[N_TRANSMITTED], row[SIZE] + 1)
    place = row[SENT]
    for step in range(first, last + 1):
        for k in range(len(transmitted)):
            each, begin = transmitted[k], bounds[k, row[RANK]]
            n = bounds[k, row[RANK] + 1] - begin
            values = float64_at(_values_at(each, step) + 8 * begin, n)
            copy(float64_at(place, n), values)
            place += 8 * n


@jit
def _read(row, process, place, first, last):
    """Note what cells of another process have transmitted, which begins at an address."""
    transmitted = table2_at(row[TRANSMITTED], row[N_TRANSMITTED], TRANSMITTED_ROW)
    bounds = table2_at(row[BOUNDS], row[N_TRANSMITTED], row[SIZE] + 1)
    for step in range(first, last + 1):
        for k in range(len(transmitted)):
            each, begin, end = transmitted[k], bounds[k, process], bounds[k, process + 1]
            copy(float64_at(_values_at(each, step) + 8 * begin, end - begin), float64_at(place, end - begin))
            if each[PAST] != 0:
                note(each[PAST], each[MASK] + 1, begin, end, step, float64_at(_values_at(each, step), end))
            place += 8 * (end - begin)


@jit
def _values_at(transmitted, step):
    """Address of what all cells have transmitted at a step."""
    return transmitted[RING] + 8 * transmitted[N_CELLS] * (step & transmitted[MASK])


@entry(2)
def share_now(row_at, step):
    """The same, where the run loop does not do it."""
    return share_transmitted(int64_at(row_at, SHARING_ROW), step, step)
