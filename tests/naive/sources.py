"""
Renewal processes, as spike sources are, by adding up their hazard.

A process is described by pieces of time (steps) in which its parameters are constant. In each of them, the
hazard at the age x (time since the last spike) is 0 for x < dead, and then that of a gamma distribution of
shape a and scale b at x - dead. Outside of all pieces it is 0.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaincc, gammainccinv
from scipy.stats import poisson

from .random import Numbers, philox


@dataclass
class Piece:
    begin: float
    end: float
    dead: float
    a: float
    b: float

    def added_up(self, last, t):
        """What the hazard adds up to from the beginning of this piece to t, after a spike at `last`."""
        if t <= self.begin or not np.isfinite(self.b):
            return 0.0
        ages = np.array([self.begin, min(t, self.end)]) - last - self.dead
        return float(-np.diff(np.log(gammaincc(self.a, np.maximum(ages, 0.0) / self.b)))[0])


def pieces_of(kind, p, dt):
    """The pieces of one cell, with the parameters `p` of PyNN's cell type `kind`."""
    start, stop = np.rint(p["start"] / dt), np.rint((p["start"] + p["duration"]) / dt)
    dead = 0.0
    if kind == "SpikeSourcePoissonRefractory":
        dead = p["tau_refrac"] / dt
        tbins, a = [0.0], [1.0]
        b = [1000.0 / p["rate"] / dt - dead if p["rate"] else np.inf]
    elif kind == "SpikeSourceGamma":
        tbins, a, b = [0.0], [p["alpha"]], [1000.0 / p["beta"] / dt]
    else:
        tbins, a, b = np.array(p["tbins"]) / dt, p["a"], np.array(p["b"]) * 1000.0 / dt
    edges = [*tbins, np.inf]
    pieces = [Piece(*row) for row in zip(edges[:-1], edges[1:], [dead] * len(a), a, b, strict=True)]
    return clipped(pieces, start, stop)


def clipped(pieces, begin, end):
    """The parts of pieces that are between two times."""
    parts = [replace(p, begin=max(p.begin, begin), end=min(p.end, end)) for p in pieces]
    return [part for part in parts if part.begin < part.end]


def spikes(pieces, numbers, until):
    """The times of the spikes, up to `until`, of a process that is in equilibrium when it begins."""
    pieces = clipped(pieces, -np.inf, until)
    if not pieces:
        return []
    last = pieces[0].begin - first_age(pieces[0], numbers)
    time, times, draw = pieces[0].begin, [], 2
    while True:
        time = when_used_up(clipped(pieces, time, np.inf), last, numbers.exponential(draw))
        if time is None:
            return times
        times.append(time)
        last = time
        draw += 1


def first_age(piece, numbers):
    """The age at the beginning of a stationary process."""
    if not np.isfinite(piece.b):
        return piece.dead
    place = numbers.uniform(0) * (piece.dead + piece.a * piece.b)
    if place < piece.dead:
        return place
    # Intervals are met in proportion to their length: gamma(a + 1) instead of gamma(a).
    interval = gammainccinv(piece.a + 1, np.exp(-numbers.exponential(1)))
    return piece.dead + (place - piece.dead) / piece.a * interval


def when_used_up(pieces, last, left):
    """When the hazard has added up to `left`, or None."""
    for piece in pieces:
        here = piece.added_up(last, piece.end)
        if here >= left:
            return brentq(
                lambda t, p=piece, h=left: p.added_up(last, t) - h, piece.begin, piece.end, xtol=1e-12
            )
        left -= here
    return None


def changed(pieces, now, new_pieces):
    """The pieces of a process whose parameters change."""
    return clipped(pieces, -np.inf, now) + clipped(new_pieces, now, np.inf)


def poisson_count(mean, identity, cell, step):
    """How often a cell of a Poisson source spikes in a step with so many spikes on average, where it counts.

    `identity` is (kind, number of its kind, seed, trial). The cells of each 128 get the first words of 32
    calls of the generator, then the second words, and so on.
    """
    kind, number, seed, trial = identity
    key = Numbers(kind, number, seed, trial).key
    group, place = divmod(cell, 128)
    word, call = divmod(place, 32)
    bits = philox((step, 1, 32 * group + call, trial), key)[word]
    bits = (bits + 2**31) % 2**32  # the order of signed numbers
    chances = poisson.cdf(np.arange(int(2 * mean) + 50), mean)
    return int(np.searchsorted(np.rint(chances * 2.0**32), bits, side="right"))
