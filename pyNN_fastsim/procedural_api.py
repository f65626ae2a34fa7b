"""The procedural interface: create, connect, set, record."""

from pyNN import common

from . import simulator
from .arguments import CELL_OR_CELLS, checked
from .connectors import FixedProbabilityConnector
from .former_names import CONNECT_ARGUMENTS, of_today
from .populations import Population
from .projections import Projection
from .standardmodels.synapses import StaticSynapse

create = checked(
    common.build_create(Population),
    "create",
    like=lambda cellclass, cellparams=None, n=1: None,
    n=None,  # a size, which Population looks at
)

connect = checked(
    common.build_connect(Projection, FixedProbabilityConnector, StaticSynapse),
    "connect",
    like=lambda pre, post, weight=0, delay=None, receptor_type=None, p=1, rng=None: None,
    pre=CELL_OR_CELLS,
    post=CELL_OR_CELLS,
)

set = checked(common.set, "set", like=lambda cells, **parameters: None)

record = checked(
    common.build_record(simulator),
    "record",
    like=lambda variables, source, filename, sampling_interval=None, annotations=None: None,
    source=CELL_OR_CELLS,
)

# What calls of PyNN 0.7 are today.
connect = of_today(connect, "connect", CONNECT_ARGUMENTS)
set = of_today(set, "set", call="set(cells, tau_m=10.0)", like=lambda cells, **parameters: None)
record = of_today(
    record,
    "record",
    call="record('spikes', cells, filename)",
    like=lambda variables, source, filename, sampling_interval=None, annotations=None: None,
)


def record_v(source, filename):
    """Record the membrane potential, and write it to a file at the end."""
    return record(["v"], source, filename)


def record_gsyn(source, filename):
    """Record the synaptic conductances, and write them to a file at the end."""
    return record(["gsyn_exc", "gsyn_inh"], source, filename)
