"""The procedural interface: create, connect, set, record."""

from pyNN import common

from . import simulator
from .connectors import FixedProbabilityConnector
from .populations import Population
from .projections import Projection
from .standardmodels.synapses import StaticSynapse

create = common.build_create(Population)

connect = common.build_connect(Projection, FixedProbabilityConnector, StaticSynapse)

set = common.set

record = common.build_record(simulator)


def record_v(source, filename):
    """Record the membrane potential, and write it to a file at the end."""
    return record(["v"], source, filename)


def record_gsyn(source, filename):
    """Record the synaptic conductances, and write them to a file at the end."""
    return record(["gsyn_exc", "gsyn_inh"], source, filename)
