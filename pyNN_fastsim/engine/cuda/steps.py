"""
Kernels of what happens once a step or once a launch: samples, and what the host wants to know.
"""

from ..compiling.lowlevel import float64_at, int64_at
from .compile import kernel_of
from .names import cuda
from .words import (
    BUFFER,
    BUFFER_ROW,
    CURRENTS,
    FAILED,
    FIRST_CURRENT,
    HEAD,
    INTERVAL,
    LOG,
    LOG_LENGTH,
    N_SAMPLED,
    NOW,
    REPORT,
    SAMPLED,
    SAMPLED_CELLS,
    SAMPLER_ROW,
    SAMPLERS,
    STOP,
)


def _sample(head_at, table, n_rows, ahead):
    """Take the samples that are due at a step. Each chunk has a table of its own: the head knows it."""
    head = int64_at(head_at, HEAD)
    step = head[NOW] + ahead
    if head[STOP] < step:
        return
    k = cuda.blockIdx.y
    while k < n_rows:
        row = int64_at(head[SAMPLERS] + 8 * SAMPLER_ROW * k, SAMPLER_ROW)
        if step % row[INTERVAL] == 0:
            n = row[N_SAMPLED]
            buffer = row[BUFFER] + 8 * n * (row[BUFFER_ROW] + step // row[INTERVAL])
            j = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
            while j < n:
                cell = int64_at(row[SAMPLED_CELLS] + 8 * j, 1)[0]
                float64_at(buffer + 8 * j, 1)[0] = float64_at(row[SAMPLED] + 8 * cell, 1)[0]
                j += cuda.gridDim.x * cuda.blockDim.x
        k += cuda.gridDim.y


def _begin(head_at, table, n_rows, ahead):
    """Begin a chunk of steps: `table` is the address of five words, see `run.Chunk`."""
    if cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x == 0:
        head, words = int64_at(head_at, HEAD), int64_at(table, 5)
        head[NOW], head[LOG], head[SAMPLERS] = words[0], words[1], words[2]
        head[CURRENTS], head[FIRST_CURRENT] = words[3], words[4]
        head[LOG_LENGTH] = 0


def _pass(head_at, table, n_rows, ahead):
    """Let time pass, so that what is launched next is for later steps."""
    if cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x == 0:
        int64_at(head_at, HEAD)[NOW] += ahead


def _report(head_at, table, n_rows, ahead):
    """Write down what the host wants to know of a chunk, before the next one begins."""
    if cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x == 0:
        head, report = int64_at(head_at, HEAD), int64_at(table, REPORT)
        report[0], report[1], report[2] = head[STOP], head[FAILED], head[LOG_LENGTH]


SAMPLE = kernel_of(_sample, "sample")
BEGIN = kernel_of(_begin, "begin")
PASS = kernel_of(_pass, "pass_time")
TELL = kernel_of(_report, "report")
