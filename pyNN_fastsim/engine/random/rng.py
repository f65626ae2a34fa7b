"""
Counter-based random numbers: a pure function of what they are for.

A number depends on (seed, stream, trial, index, draw) only: `stream` tells what is driven, `index`
which cell of it, `trial` counts the resets before, `draw` the numbers of the trial. So it does not
depend on threads, on how a run is cut into pieces, or on what else is in the network.

The generator is Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy
as 1, 2, 3", SC'11), whose known answers are in the tests.
"""

import zlib

import numpy as np

from ..compiling.compile import inlined
from ..compiling.elementary import log

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


def stream_of(kind, number):
    """The stream, 32 bits, of the thing that is `number` of its kind (a string, such as "poisson").

    The kinds' ranges begin where the checksums of their names say: far apart, and the same whatever other
    kinds there are.
    """
    return (zlib.crc32(kind.encode()) + number) & 0xFFFFFFFF


@inlined
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox4x32; words of 32 bits, in uint64. Returns four words."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (
            (p1 >> _SHIFT) ^ c1 ^ k0,
            p1 & _LOW,
            (p0 >> _SHIFT) ^ c3 ^ k1,
            p0 & _LOW,
        )
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@inlined
def _uniform_of(high, low):
    """A uniform number in (0, 1], of 53 bits, from two words of 32 bits."""
    bits = ((high << _SHIFT) | low) >> np.uint64(11)
    return (np.float64(bits) + 1.0) * 2.0**-53


@inlined
def _words(seed, stream, trial, index, draw):
    """Four random words of 32 bits."""
    draw = np.uint64(draw)
    return philox(
        draw & _LOW,
        draw >> _SHIFT,
        np.uint64(index),
        np.uint64(trial),
        np.uint64(seed) & _LOW,
        np.uint64(stream) & _LOW,
    )


@inlined
def uniform(seed, stream, trial, index, draw):
    """A uniform number in (0, 1], of 53 bits. Arguments are integers >= 0."""
    c0, c1, _, _ = _words(seed, stream, trial, index, draw)
    return _uniform_of(c0, c1)


@inlined
def uniform_pair(seed, stream, trial, index, draw):
    """Two uniform numbers, of which the first is that of `uniform`."""
    c0, c1, c2, c3 = _words(seed, stream, trial, index, draw)
    return _uniform_of(c0, c1), _uniform_of(c2, c3)


@inlined
def normal(seed, stream, trial, index, draw):
    """A normally distributed number of mean 0 and variance 1, by the method of Box & Muller (1958)."""
    u, v = uniform_pair(seed, stream, trial, index, draw)
    return np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)


@inlined
def exponential(seed, stream, trial, index, draw):
    """An exponentially distributed number of mean 1, the same on every processor and card."""
    return -log(uniform(seed, stream, trial, index, draw))
