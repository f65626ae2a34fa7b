"""PyNN's Network, whose files may be named by paths."""

from pyNN import network

from .arguments import check_arguments_of


class Network(network.Network):
    __doc__ = network.Network.__doc__


check_arguments_of(Network, "write_data")
