"""
Random numbers as a pure function of what they are for, with Python's integers.

Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011) with the counter (draw, index, trial) and the key
(seed, stream); the stream of the n-th thing of a kind is the checksum of the kind's name plus n.
"""

import zlib
from math import cos, log, pi, sqrt

_WORD = 2**32


def philox(counter, key):
    """Ten rounds on four words of counter and two of key."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c0, _WORD)
        high1, low1 = divmod(0xCD9E8D57 * c2, _WORD)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % _WORD, (k1 + 0xBB67AE85) % _WORD
    return c0, c1, c2, c3


class Numbers:
    """The random numbers of one cell or current."""

    def __init__(self, kind, number, seed, trial, index=0):
        self.key = seed, (zlib.crc32(kind.encode()) + number) % _WORD
        self.trial, self.index = trial, index

    def _uniforms(self, draw):
        words = philox((draw % _WORD, draw // _WORD, self.index, self.trial), self.key)
        return [((high * _WORD + low) // 2048 + 1) / 2**53 for high, low in (words[:2], words[2:])]

    def uniform(self, draw):
        """In (0, 1]."""
        return self._uniforms(draw)[0]

    def exponential(self, draw):
        """Of mean 1."""
        return -log(self.uniform(draw))

    def normal(self, draw):
        """Of mean 0 and variance 1."""
        u, v = self._uniforms(draw)
        return sqrt(-2 * log(u)) * cos(2 * pi * v)
