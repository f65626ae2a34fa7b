"""
What ``spynnaker8``, ``spynnaker.pyNN`` and ``pyNN.spiNNaker`` stand for under the launcher.

This package, with what only SpiNNaker's module has. What concerns its machine is accepted and has no
effect, which a warning says.
"""

import sys

from pyNN.common import build_connect, build_create
from pyNN.common.control import DEFAULT_TIMESTEP

from ... import *  # noqa: F403
from ... import simulator
from ...connectors import FixedProbabilityConnector, FixedTotalNumberConnector
from ...control import setup as _setup
from ...standardmodels.synapses import StaticSynapse
from .. import without_effect
from . import external_devices, extra_models  # noqa: F401
from .cells import *  # noqa: F403
from .populations import Population
from .projections import Projection
from .synapses import STDPMechanism  # noqa: F401

MultapseConnector = FixedTotalNumberConnector
SpiNNakerProjection = Projection

create = build_create(Population)
connect = build_connect(Projection, FixedProbabilityConnector, StaticSynapse)

AUTO_TIMESTEP = 1.0  # ms: SpiNNaker's

# What setup() takes of SpiNNaker, beside names that begin with "extra_".
OF_THE_MACHINE = {
    "database_socket_addresses", "executable_finder", "graph_label", "hostname", "machine",
    "n_boards_required", "n_chips_required", "time_scale_factor",
}  # fmt: skip

# What SpiNNaker's module has and this one can't give, with the reason where this package has that name.
ABSENT = dict.fromkeys(
    (
        "Convolution", "ConvolutionConnector", "DistanceDependentFormation", "KernelConnector",
        "LastNeuronSelection", "PoolDense", "PoolDenseConnector", "RandomByWeightElimination",
        "RandomSelection", "StructuralMechanismSTDP", "StructuralMechanismStatic",
    ),
    "",
) | {
    "IF_curr_delta": ": there, weights are currents (nA) of one time step; in PyNN, they are in mV",
    "Izhikevich": ": there, synaptic currents decay, and currents are in mV/ms; in PyNN, spikes raise v",
}  # fmt: skip
for _name in ABSENT:
    globals().pop(_name, None)


def setup(timestep=DEFAULT_TIMESTEP, min_delay=None, max_delay=None, **parameters):
    """As in every backend; what concerns the machine has no effect."""
    of_machine = [name for name in parameters if name in OF_THE_MACHINE or name.startswith("extra_")]
    given = [name for name in of_machine if parameters.pop(name) is not None]
    if given:
        without_effect(f"setup({', '.join(f'{name}=...' for name in given)})")
    return _setup(
        AUTO_TIMESTEP if timestep in (None, "auto") else timestep,
        "auto" if min_delay is None else min_delay,
        max_delay="auto" if max_delay is None else max_delay,
        **parameters,
    )


def name():
    """The name of the simulator."""
    return simulator.name


def set_number_of_neurons_per_core(neuron_type, max_permitted):
    """Nothing: there are no cores of a SpiNNaker machine."""
    without_effect("set_number_of_neurons_per_core()")


def get_machine():
    """None: there is no SpiNNaker machine."""
    without_effect("get_machine()")


def register_database_notification_request(hostname, notify_port, ack_port):
    """Nothing: nobody waits for a machine."""
    without_effect("register_database_notification_request()")


def __getattr__(name):
    if name in ABSENT:
        raise AttributeError(f"SpiNNaker's {name} is not available in {simulator.name}{ABSENT[name]}")
    return getattr(sys.modules[simulator.__package__], name)


__all__ = sorted(
    {*sys.modules[simulator.__package__].__all__}.difference(ABSENT)
    | {
        "MultapseConnector", "SpiNNakerProjection", "external_devices", "extra_models", "get_machine", "name",
        "register_database_notification_request", "set_number_of_neurons_per_core",
    }
)  # fmt: skip
