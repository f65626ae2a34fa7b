"""SpiNNaker's panels of figures: PyNN's."""

from pyNN.utility.plotting import Panel


class SpynnakerPanel(Panel):
    __doc__ = Panel.__doc__
