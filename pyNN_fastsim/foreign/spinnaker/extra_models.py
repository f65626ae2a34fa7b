"""What SpiNNaker has beyond PyNN, as far as it can be had here."""

import numpy as np
from pyNN import errors
from pyNN.connectors import Connector

from ... import simulator
from ...bulk import BulkConnector
from ...synapse_values import copied_parameters, evaluate_all
from .synapses import Vogels2011Rule  # noqa: F401


class AllButMeConnector(BulkConnector, Connector):
    """
    Connects each cell to every other one of its group.

    Arguments:
        `n_neurons_per_group`:
            size of a group; all cells are one group if left out.
        `weights`:
            one for each connection, by source and then by target; those of the synapse type if left out.
    """

    parameter_names = ("n_neurons_per_group", "weights")

    def __init__(self, n_neurons_per_group=None, weights=None, safe=True, verbose=False, callback=None):
        super().__init__(safe, callback)
        self.n_neurons_per_group = n_neurons_per_group
        self.weights = None if weights is None else np.ravel(np.asarray(weights, dtype=float))

    def connect(self, projection):
        """Connect the projection's cells. Raises ConnectionError for sizes that don't fit."""
        n_pre, n_post = projection.shape
        size = n_pre if self.n_neurons_per_group is None else int(self.n_neurons_per_group)
        if n_pre != n_post or size < 1 or n_pre % size:
            raise errors.ConnectionError(
                f"{projection.label}: AllButMeConnector needs as many sources as targets, and whole groups, "
                f"but has {n_pre} sources, {n_post} targets and groups of {size}"
            )
        post, pre = np.divmod(np.arange(n_pre * size), size)
        pre += post // size * size
        kept = pre != post
        pre, post = pre[kept], post[kept]
        values = evaluate_all(projection, copied_parameters(projection), pre, post)
        if self.weights is not None:
            values["weight"] = by_target(projection, self.weights, pre, post)
        projection._add_connections(pre, post, values)


WTAConnector = AllButMeConnector  # its former name


def by_target(projection, weights, pre, post):
    """Weights given by source in the order in which connections are made. Raises InvalidDimensionsError."""
    if len(weights) != len(pre):
        raise errors.InvalidDimensionsError(
            f"{projection.label}: {len(weights)} weights for {len(pre)} connections"
        )
    values = np.empty(len(pre))
    values[np.lexsort((post, pre))] = weights
    return values


def __getattr__(name):
    raise AttributeError(f"SpiNNaker's extra_models.{name} is not available in {simulator.name}")
