"""Cell types with what SpiNNaker's take: values without names, and None for a default."""

from ...standardmodels import cells

_LIF = ("tau_m", "cm", "v_rest", "v_reset", "v_thresh")
_SYNAPSES = ("tau_syn_E", "tau_syn_I")
_REST = ("tau_refrac", "i_offset")


class _Cell:
    """Comes before a cell type in the bases.

    positional   names of the parameters, in the order of values without names
    """

    positional: tuple[str, ...]

    def __init__(self, *values, **parameters):
        """Raises TypeError for more values than there are names, or two for one."""
        owner = type(self).__name__
        if len(values) > len(self.positional):
            raise TypeError(
                f"{owner}() takes {len(self.positional)} values without names, but got {len(values)}"
            )
        for name, value in zip(self.positional, values, strict=False):
            if name in parameters:
                raise TypeError(f"{owner}() got two values for '{name}'")
            parameters[name] = value
        super().__init__(**{name: value for name, value in parameters.items() if value is not None})


class IF_curr_exp(_Cell, cells.IF_curr_exp):
    __doc__ = cells.IF_curr_exp.__doc__
    positional = _LIF + _SYNAPSES + _REST


class IF_curr_alpha(_Cell, cells.IF_curr_alpha):
    __doc__ = cells.IF_curr_alpha.__doc__
    positional = _LIF + _SYNAPSES + _REST


class IF_cond_exp(_Cell, cells.IF_cond_exp):
    __doc__ = cells.IF_cond_exp.__doc__
    positional = (*_LIF, *_SYNAPSES, *_REST, "e_rev_E", "e_rev_I")


class SpikeSourceArray(_Cell, cells.SpikeSourceArray):
    __doc__ = cells.SpikeSourceArray.__doc__
    positional = ("spike_times",)


class SpikeSourcePoisson(_Cell, cells.SpikeSourcePoisson):
    __doc__ = cells.SpikeSourcePoisson.__doc__
    positional = ("rate", "start", "duration")


__all__ = [
    "IF_cond_exp",
    "IF_curr_alpha",
    "IF_curr_exp",
    "SpikeSourceArray",
    "SpikeSourcePoisson",
]
