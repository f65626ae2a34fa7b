"""
Random numbers: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, SC'11), from their definition.
"""

MASK = 0xFFFFFFFF


def philox(counter, key):
    """Four 32-bit words from a counter of four and a key of two."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & MASK, (a >> 32) ^ c[3] ^ k[1], a & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def of_step(seed, stream, trial, cell, step):
    """The number in (0, 1] that decides about a random spike of a cell: `step` counts from 0, `stream` the
    populations of the same cell type made before."""
    high, low, _, _ = philox((step, 1, cell, trial), (seed, stream))
    return (((high << 32 | low) >> 11) + 1) * 2.0**-53
