"""
PyNN 0.7: what its names, arguments and calls are called today.

Those that PyNN has given up raise an error that says so. Those that it still takes, with a warning, work as
in PyNN: getSpikes, tset, randomizeWeights, printWeights and others.
"""

import functools
import inspect

import neo

MODULE = {
    "ComposedSynapseType": "a synapse type, given to Projection as synapse_type",
    "DynamicSynapse": "a synapse type, given to Projection as synapse_type",
    "SynapseDynamics": "a synapse type, such as STDPMechanism, given to Projection as synapse_type",
    "TsodyksMarkramMechanism": "TsodyksMarkramSynapse",
    "Timer": "pyNN.utility.Timer",
    "get_script_args": "pyNN.utility.get_script_args",
    "init_logging": "pyNN.utility.init_logging",
}
CELLS = {
    "canRecord": "can_record(variable)",
    "cell": "all_cells",
    "cellclass": "celltype",
    "cellparams": "get(names)",
    "dim": "structure",
    "getSubPopulation": "population[indices]",
    "get_c": "get_data()",
    "locate": "population[index].position",
    "print_c": "write_data(file)",
    "randomInit": "initialize(v=distribution)",
    "record_c": "record(...)",
}
PROJECTION = {
    "connection_manager": "connections",
    "long_term_plasticity_mechanism": "synapse_type",
    "plasticity_name": "synapse_type",
    "short_term_plasticity_mechanism": "synapse_type",
    "synapse_dynamics": "synapse_type",
    "target": "receptor_type",
}
_OF_SYNAPSES = "a synapse type, such as StaticSynapse({}=...), given to Projection as synapse_type"
CONNECTOR_ARGUMENTS = {
    "weights": _OF_SYNAPSES.format("weight"),
    "delays": _OF_SYNAPSES.format("delay"),
    "space": "Projection(space=...)",
}
PROJECTION_ARGUMENTS = {
    "method": "connector",
    "rng": "rng of the connector",
    "synapse_dynamics": "synapse_type",
    "target": "receptor_type",
}
CONNECT_ARGUMENTS = {"source": "pre", "synapse_type": "receptor_type", "target": "post"}
POPULATION_ARGUMENTS = {"dims": "size"}
WEIGHT_RULE_ARGUMENTS = {
    name: f"{name} of the timing dependence, such as SpikePairRule({name}=...)"
    for name in ("A_plus", "A_minus")
}


def has_become(owner, name, today):
    """What to say of a name."""
    return f"{owner} has no '{name}' since PyNN 0.8; today it is {today}"


class FormerAttributes:
    """Tells of attributes that there were; comes before PyNN's class in the bases.

    _former   what they are today, by name
    """

    _former: dict[str, str] = {}

    def __getattr__(self, name):
        if name in self._former:
            message = has_become(type(self).__name__, name, self._former[name])
            raise AttributeError(message, name=name, obj=self)
        return object.__getattribute__(self, name)  # raises what was raised before


class FormerData(neo.Block):
    """A Neo Block that says what it is when it is taken for an array, as PyNN 0.7 gave."""

    def __getitem__(self, index):
        raise TypeError(
            f"{self.call} gives a Neo Block since PyNN 0.8, not an array of cells and times: see "
            f"{self.today}.segments[0].{self.place}"
        )

    __iter__ = __len__ = __array__ = lambda self, *_, **__: self[0]


class FormerCells(FormerAttributes):
    """Populations, views and assemblies: former attributes, and data in their former form."""

    _former = CELLS

    def getSpikes(self, *args, **kwargs):
        return _taken_for_array(super().getSpikes(*args, **kwargs), "getSpikes()", "get_data('spikes')")

    def get_v(self, *args, **kwargs):
        return _taken_for_array(super().get_v(*args, **kwargs), "get_v()", "get_data('v')")

    def get_gsyn(self, *args, **kwargs):
        data = super().get_gsyn(*args, **kwargs)
        return _taken_for_array(data, "get_gsyn()", "get_data(['gsyn_exc', 'gsyn_inh'])")


def _taken_for_array(block, call, today):
    block.__class__ = FormerData
    block.call, block.today = call, today
    block.place = "spiketrains" if call == "getSpikes()" else "analogsignals"
    return block


def of_today(function, owner, arguments=(), call=None, like=None):
    """A function that raises a TypeError which names today's call, if it is called as in PyNN 0.7.

    owner       what to call the function in messages
    arguments   what former arguments are today, by name
    call        what a call that the function can't take is today; None if nothing is known of that
    like        a function with the same arguments, where `function` itself doesn't name them
    """
    signature = inspect.signature(like or function)

    @functools.wraps(function)
    def with_hints(*args, **kwargs):
        for name in kwargs:
            if name in arguments:
                raise TypeError(has_become(f"{owner}()", name, arguments[name]))
        if call is not None:
            try:
                signature.bind(*args, **kwargs)
            except TypeError:
                raise TypeError(
                    f"{owner}() can't be called like this since PyNN 0.8, but as {call}"
                ) from None
        return function(*args, **kwargs)

    return with_hints


def update(cls, arguments=None, **calls):
    """Have a class tell what calls of PyNN 0.7 are today: its own, by argument, and its methods', by name."""
    if arguments is not None:
        setattr(cls, "__init__", of_today(cls.__init__, cls.__name__, arguments))  # noqa: B010 for mypy
    for name, call in calls.items():
        setattr(cls, name, of_today(getattr(cls, name), f"{cls.__name__}.{name}", call=call))
