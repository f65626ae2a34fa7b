"""
Lists in the API reference of all models and connectors: parameters with units and defaults, from classes.

    ```{reference} cells
    ```
"""

import inspect

from docutils import nodes
from docutils.parsers.rst import Directive

UNITS = {  # of what PyNN's classes don't tell units of
    "weight": "nA, µS or mV",
    "delay": "ms",
    "tau_rec": "ms",
    "tau_facil": "ms",
    "tau_plus": "ms",
    "tau_minus": "ms",
    "tau": "ms",
    "w_min": "as weight",
    "w_max": "as weight",
    "eta": "as weight",
    "rho": "1/ms",
    "start": "ms",
    "stop": "ms",
    "dt": "ms",
    "times": "ms",
    "amplitude": "nA",
    "amplitudes": "nA",
    "offset": "nA",
    "mean": "nA",
    "stdev": "nA",
    "frequency": "Hz",
    "phase": "degrees",
    "dendritic_delay_fraction": "0 to 1",
    "U": "0 to 1",
    "p": "0 to 1",
    "e_syn": "mV",
    "tau_syn": "ms",
    "tau_rise": "ms",
    "tau_decay": "ms",
}


def classes_of(kind):
    """The classes that a list shows, by name."""
    import pyNN_fastsim as sim
    from pyNN_fastsim import connectors
    from pyNN_fastsim.standardmodels import cells, electrodes, point_neurons, synapses

    module = {
        "cells": cells,
        "currents": electrodes,
        "receptors": point_neurons,
        "synapses": synapses,
        "connectors": connectors,
    }[kind]
    found = {getattr(sim, name).__name__: getattr(sim, name) for name in module.__all__}
    return {name: cls for name, cls in sorted(found.items()) if name not in ("Connector", "MapConnector")}


def rows_of(cls):
    """(parameter, default, unit) of a class, as texts; of a connector its arguments."""
    parameters = getattr(cls, "default_parameters", None)
    units = {**UNITS, **(getattr(cls, "units", None) or {})}
    if not parameters:
        parameters = {
            name: parameter.default
            for name, parameter in _signature(cls).parameters.items()
            if name != "self" and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        }
    return [
        (
            name,
            "the shortest" if name == "delay" else _default(value),
            units.get(name, "").replace("dimensionless", ""),
        )
        for name, value in parameters.items()
    ]


def _signature(cls):
    """Of the first class that names the arguments; the ones before pass on whatever they get."""
    for base in cls.__mro__:
        if "__init__" in vars(base):
            signature = inspect.signature(vars(base)["__init__"])
            if not any(each.kind is each.VAR_POSITIONAL for each in signature.parameters.values()):
                return signature
    raise TypeError(f"no class of {cls.__name__} names its arguments")


def _default(value):
    if value is inspect.Parameter.empty:
        return "must be given"
    if hasattr(value, "value"):  # a sequence
        return ", ".join(f"{number:g}" for number in value.value) or "none"
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return f"{value:g}" if isinstance(value, float) else str(value)


class Reference(Directive):
    required_arguments = 1

    def run(self):
        found = []
        for name, cls in classes_of(self.arguments[0]).items():
            head = nodes.paragraph("", "", nodes.strong("", "", nodes.literal(text=name)))
            head += nodes.Text(f": {_first_sentence(cls)}")
            found += [head, _table(rows_of(cls))]
            if recordable := getattr(cls, "recordable", None):
                receptors = getattr(cls, "receptor_types", ())
                words = f"Can be recorded: {', '.join(recordable)}."
                if receptors and not isinstance(receptors, property):
                    words += f" Receptor types: {', '.join(receptors)}."
                found.append(nodes.paragraph(text=words))
        return found


def _first_sentence(cls):
    text = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
    return text if text.endswith((".", ":")) else text + "."


def _table(rows):
    table = nodes.table(classes=["parameters"])
    group = nodes.tgroup(cols=3)
    table += group
    for width in (2, 2, 1):
        group += nodes.colspec(colwidth=width)
    head, body = nodes.thead(), nodes.tbody()
    head += _row(("parameter", "default", "unit"))
    for name, default, unit in rows:
        body += _row((name, default, unit))
    group += [head, body]
    return table


def _row(cells):
    row = nodes.row()
    for text in cells:
        entry = nodes.entry()
        entry += nodes.paragraph(text=text)
        row += entry
    return row


def setup(app):
    app.add_directive("reference", Reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
