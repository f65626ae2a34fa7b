"""
Cell types and synapse types from models in NESTML.

The package nestml reads them (``pip install "pyNN_fastsim[nestml]"``); a model that was used before on
this machine needs neither it nor a compiler. docs/nestml.md says what can be used of the language.
"""

import os
import warnings

from pyNN import errors

from .equations.cells import cell_type
from .equations.synapses import synapse_type

__all__ = ["nestml_cell_type", "nestml_synapse_type"]


def nestml_cell_type(name, nestml_description):
    """
    Return a cell type class for a neuron in NESTML.

    `name`: the name of the class, and of the model, if there are several in the text.
    `nestml_description`: a path of a .nestml file, or source code in NESTML (of the dialects 8.2 to 9.0).

    It can be called before and after setup(). Parameters, variables, and their values have the names and
    the units that NEST has them in; weights of synapses are in nA or uS, as everywhere in PyNN.

    Raises InvalidModelError, with the line, for what is wrong with the model or can't be simulated.
    """
    text = _text_of(name, nestml_description)
    return cell_type("nestml", (text, name), lambda: _read("nestml", "neuron_of", name, text, name))


def nestml_synapse_type(
    synapse_name,
    nestml_description,
    postsynaptic_neuron_nestml_description=None,
    weight_variable="w",
    delay_variable=None,
):
    """
    Return a synapse type class for a synapse in NESTML.

    `synapse_name`: the name of the class, and of the model, if there are several in the text.
    `nestml_description`: a path of a .nestml file, or source code in NESTML.
    `postsynaptic_neuron_nestml_description`: likewise, of the cells that the synapses are for: the class
        has an attribute `postsynaptic_cell_type`, their cell type. Here, unlike in NEST, other cell types
        can have them, too.
    `weight_variable`: the variable or parameter of the model that is the weight.
    `delay_variable`: the parameter of the model that is the delay, if there is one.

    Weights are given in the units of the model, as are all its parameters: where it goes to emit_spike(), pA
    or nS. What get() and recordings show of them is in nA or uS, as in pyNN.nest.

    Raises InvalidModelError, with the line, for what is wrong with the model or can't be simulated.
    """
    text = _text_of(synapse_name, nestml_description)
    options = (text, synapse_name, weight_variable, delay_variable)
    result = synapse_type(
        "nestml synapse", options, lambda: _read("nestml_synapse", "synapse_of", synapse_name, *options)
    )
    for port in result.unheard:
        warnings.warn(
            f"{synapse_name}: nothing arrives at the port '{port}': PyNN connects pre_spikes and post_spikes "
            "only",
            stacklevel=2,
        )
    if postsynaptic_neuron_nestml_description is not None:
        result.postsynaptic_cell_type = nestml_cell_type(
            f"{synapse_name}_postsynaptic_neuron", postsynaptic_neuron_nestml_description
        )
    return result


def _read(module, function, name, *arguments):
    """The description of a model; only here pynestml is imported."""
    import importlib

    try:
        reader = importlib.import_module(f".equations.{module}", __package__)
    except ModuleNotFoundError as error:
        if error.name != "pynestml":
            raise
        raise errors.InvalidModelError(
            f"{name}: models in NESTML are read by the package nestml, which is not installed: "
            'pip install "pyNN_fastsim[nestml]"'
        ) from None
    return getattr(reader, function)(*arguments)


def _text_of(name, description):
    """The source code that a description is, or is the path of."""
    path = os.fspath(description)
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as file:
            return file.read()
    if "\n" not in path:
        raise errors.InvalidModelError(f"{name}: there is no file {path!r}")
    return path
