"""PyNN's Network, whose files may be named by paths."""

from pyNN import network

from .arguments import check_arguments_of
from .output import make_sure_of_room, writing
from .recording import recording_of_assembly


class Network(network.Network):
    __doc__ = network.Network.__doc__

    def write_data(self, io, variables="all", gather=True, clear=False, annotations=None):
        with writing(io, "The data of the network"):
            parts = [recording_of_assembly(assembly, variables) for assembly in self.assemblies]
            make_sure_of_room(io, sum(part.room(io) for part in parts))
            super().write_data(io, variables, gather, clear, annotations)

    write_data.__doc__ = network.Network.write_data.__doc__


check_arguments_of(Network, "write_data")
