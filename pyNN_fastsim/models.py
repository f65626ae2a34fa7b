"""
Models from equations, as users write them: cell types and synapse types from strings.

The grammar is ANNarchy's; docs/own_model.md says what can be written.
"""

import hashlib
import re

from .equations.written import Constant, Parameter, Variable
from .messages import shown

__all__ = ["Constant", "Neuron", "Parameter", "Synapse", "Variable"]


def Neuron(  # the name of ANNarchy's class
    parameters=None,
    equations=None,
    spike=None,
    reset=None,
    refractory=None,
    axon_spike=None,
    axon_reset=None,
    functions=None,
    name=None,
    description="",
):
    """
    A cell type from equations: a class, as `IF_cond_exp` is one.

    parameters    a dictionary of numbers or `Parameter` objects, or lines such as "tau = 20.0"
    equations     lines such as "tau * dv/dt = -v + g_exc : init=-65", or a list of these and of `Variable`
    objects spike         the condition for a spike, such as "v > -50"
    reset         what happens then, such as "v = -65"
    refractory    ms, or the name of a parameter: how long the variables are held then
    axon_spike    a second condition for a spike, which also counts in the refractory period
    axon_reset    what happens then
    functions     lines such as "f(x) = 1 / (1 + exp(-x))"
    name          of the class
    description   what the class's docstring says

    Raises InvalidModelError, with the line, for a model that makes no sense.
    """
    from .equations.cells import cell_type
    from .equations.strings import read_neuron, written_neuron

    def source_of(name):
        return written_neuron(
            name, parameters, equations, spike, reset, refractory, axon_spike, axon_reset, functions
        )

    source = _named("Neuron", name, source_of)
    return _described(cell_type("strings", source, lambda: read_neuron(source)), description)


def Synapse(
    parameters=None,
    equations=None,
    psp=None,
    pre_spike=None,
    post_spike=None,
    functions=None,
    name=None,
    description="",
    operation=None,
):
    """
    A synapse type from equations: a class, as `TsodyksMarkramSynapse` is one. Its weight is `w`.

    parameters    a dictionary of numbers or `Parameter` objects, or lines such as "tau = 20.0"
    equations     lines such as "tau * dx/dt = -x", or a list of these and of `Variable` objects
    psp           what a synapse that acts in each step transmits, such as "w * pre.r"; None: it acts at
                  spikes, unless its equations look at pre. and post.
    pre_spike     what happens at the arrival of a spike of the source, such as "g_target += w * x"
    post_spike    what happens at the arrival of a spike of the target, such as "w += x"
    functions     lines such as "f(x) = 1 / (1 + exp(-x))"
    name          of the class
    description   what the class's docstring says
    operation     how the psp of all synapses of a target are combined: "sum" (the default), "mean", "max"
                  or "min"

    Raises InvalidModelError, with the line, for a model that makes no sense.
    """
    from .equations.graded_synapses import graded_synapse_type
    from .equations.string_graded import is_graded, read_graded
    from .equations.string_synapses import read_synapse, written_synapse
    from .equations.synapses import synapse_type

    def source_of(name):
        return written_synapse(name, parameters, equations, psp, pre_spike, post_spike, functions, operation)

    source = _named("Synapse", name, source_of)
    if is_graded(source):
        return _described(graded_synapse_type("graded", source, lambda: read_graded(source)), description)
    return _described(synapse_type("strings", source, lambda: read_synapse(source)), description)


def _named(owner, name, source_of):
    """What was written, with a name: that of the user, or one from the text."""
    if name is not None and not (isinstance(name, str) and re.search(r"[^\W\d]", name)):
        raise TypeError(f"{owner}: name must be a name, such as 'Leaky', not {shown(name)}")
    if name is None:
        text = source_of(owner).text
        name = f"{owner}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return source_of(re.sub(r"\W+|^(?=\d)", "_", name))


def _described(model, description):
    if not isinstance(description, str):
        raise TypeError(f"{model.__name__}: description must be a text, not {shown(description)}")
    if description:
        model.__doc__ = f"{description}\n\n{model.__doc__}"
    return model
