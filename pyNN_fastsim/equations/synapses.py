"""
Synapse types from descriptions: generated functions, and the class that has them.
"""

import hashlib

import numpy as np
from pyNN import errors
from pyNN.standardmodels.base import StandardSynapseType

from ..celltypes import public_state
from ..engine.compiling.compile import inlined
from ..engine.synapses.dynamic import SynapseModel
from ..engine.synapses.events import event_model
from ..messages import did_you_mean
from ..standardmodels.synapses import EngineSynapse, same_names
from ..validation import check_finite, check_synapse_parameter
from . import kept
from .cells import functions_of
from .description import Synapse
from .kinds import check_kind, check_shared

EVENTS = "_events"  # hidden state: how many events there were, which numbers the draws


def generated(model: Synapse):
    """What there is to keep of a model: a dictionary of texts and numbers. Raises InvalidModelError."""
    from .synapse_code import synapse_code  # SymPy takes its time

    return synapse_code(model)


def synapse_type(kind, given, describe):
    """The synapse type of a model: a class. Arguments as of `cells.cell_type`. Raises InvalidModelError."""
    return loaded(kept.parts_of(kind, given, lambda: generated(describe())))


def loaded(parts):
    """The synapse type that `generated` gave the parts of."""
    from .runtime import ARRAYS, SCALAR

    scope = functions_of(parts, {**SCALAR, **ARRAYS})
    name = f"{parts['name']}_{hashlib.sha256(parts['source'].encode()).hexdigest()[:8]}"
    model = event_model(
        name,
        tuple(parts["parameters"]),
        parts["state"],
        scope["constants"],
        parts["n_constants"],
        [inlined(scope[each]) for each in parts["functions"]],
        post_first=parts["post_first"],
        is_random=parts["is_random"],
        of_pre=parts["of_pre"],
        of_post=parts["of_post"],
    )
    defaults = {"weight": parts["weight"], "delay": None, **parts["parameters"]}
    if model.is_plastic:
        defaults["dendritic_delay_fraction"] = 1.0
    body = {
        "__doc__": parts["doc"],
        "__module__": __name__,
        "default_parameters": defaults,
        "default_initial_values": {name: value for name, value in parts["state"].items() if name[0] != "_"},
        "translations": same_names(defaults),
        "units": dict(parts["units"]),
        "aliases": dict(parts["aliases"]),
        "weights_per_unit": parts["weight_scale"],
        "recordable": tuple(parts["recordable"]),
        "model": model,
        "limits": dict(parts["limits"]),
        "unheard": tuple(parts["unheard"]),
        "text": parts["text"],
    }
    return type(parts["name"], (EquationSynapse,), body)


class EquationSynapse(EngineSynapse, StandardSynapseType):
    """What synapse types from equations have in common.

    text      the model as it was written
    unheard   names of its inputs for spikes at which nothing can arrive
    """

    model: SynapseModel
    text = ""
    unheard: tuple[str, ...] = ()
    has_bounds = False  # whatever the model calls so is its own affair

    def __init__(self, **parameters):
        """Raises NonExistentParameterError, with the nearest known name, and
        InvalidParameterValueError for what can't be a parameter's value."""
        super().__init__(**self.in_pynns_names(type(self).__name__, parameters))

    @classmethod
    def has_parameter(cls, name):
        """Whether there is a parameter of this name, which may be one of `aliases`."""
        return name in cls.aliases or super().has_parameter(name)

    def check_values(self, owner, name, values):
        """Only the model knows what its parameters may be."""
        if name == "dendritic_delay_fraction":
            check_synapse_parameter(owner, name, values)
        else:
            check_finite(owner, name, np.asarray(values, dtype=float))
            check_kind(owner, self.limits, name, values)

    def check_shared(self, owner, columns, targets):
        """Raises InvalidParameterValueError where there is more than one value of what is declared as one."""
        for name in self.limits.keys() & columns.keys():
            check_shared(owner, self.limits, name, columns[name], targets)

    def check_cells(self, owner, pre, post):
        """Raise InvalidModelError if cells, given by the engine's models, lack what the synapses use."""
        for which, cells, names, known in (
            ("pre", pre, self.model.of_pre, list(pre.parameters)),
            ("post", post, self.model.of_post, [*post.parameters, *public_state(post)]),
        ):
            for name in names:
                if name not in known:
                    raise errors.InvalidModelError(
                        f"{owner}: {type(self).__name__} uses {which}.{name}, which {cells.name} "
                        f"does not have{did_you_mean(name, known)}"
                    )

    def parameters_of_target(self, model, receptor):
        """The fraction that engines want of all synapses, where it does not matter."""
        return {} if self.model.is_plastic else {"dendritic_delay_fraction": np.ones(1)}
