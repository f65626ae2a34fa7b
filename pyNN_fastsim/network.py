"""PyNN's Network, whose files may be named by paths."""

from pyNN import network

from .arguments import check_arguments_of
from .output import writing


class Network(network.Network):
    __doc__ = network.Network.__doc__

    def write_data(self, io, variables="all", gather=True, clear=False, annotations=None):
        with writing(io, "The data of the network"):
            super().write_data(io, variables, gather, clear, annotations)

    write_data.__doc__ = network.Network.write_data.__doc__


check_arguments_of(Network, "write_data")
