"""
Types of graded synapses from descriptions: generated functions, and the class that has them.
"""

import hashlib

from ..engine.compiling.compile import inlined
from ..engine.synapses import graded_kernels
from ..engine.synapses.graded_models import GradedModel
from ..engine.synapses.transmission import OPERATIONS
from ..graded import GradedType
from ..standardmodels.synapses import same_names
from . import kept
from .cells import functions_of
from .description import GradedSynapse
from .synapses import EquationSynapse

DEFAULTS = {
    "of_target": graded_kernels.nothing_of_target,
    "learn": graded_kernels.no_learning,
    "psp": graded_kernels.weighted,
}


def generated(model: GradedSynapse):
    """What there is to keep of a model: a dictionary of texts and numbers. Raises InvalidModelError."""
    from .graded_code import graded_code  # SymPy takes its time

    return graded_code(model)


def graded_synapse_type(kind, given, describe):
    """The synapse type of a model: a class. Arguments as of `cells.cell_type`. Raises InvalidModelError."""
    return loaded(kept.parts_of(kind, given, lambda: generated(describe())))


def loaded(parts):
    """The synapse type that `generated` gave the parts of."""
    defaults = {"weight": parts["weight"], "delay": None, **parts["parameters"]}
    state = {**parts["state"], **parts["of_target"]}
    body = {
        "__doc__": parts["doc"],
        "__module__": __name__,
        "default_parameters": defaults,
        "default_initial_values": state,
        "translations": same_names(defaults),
        "units": dict(parts["units"]),
        "aliases": dict(parts["aliases"]),
        "recordable": tuple(parts["recordable"]),
        "model": _model(parts),
        "text": parts["text"],
    }
    return type(parts["name"], (GradedEquationSynapse,), body)


def _model(parts):
    from .runtime import ARRAYS, SCALAR

    scope = functions_of(parts, {**SCALAR, **ARRAYS})
    name = f"{parts['name']}_{hashlib.sha256(parts['source'].encode()).hexdigest()[:8]}"
    own = parts["functions"]
    functions = {each: inlined(scope[each]) if each in own else DEFAULTS[each] for each in DEFAULTS}
    numbers = (
        parts["n_constants"],
        1 + len(parts["state"]),
        max(len(parts["of_target"]), 1),
        max(len(parts["of_pre"]), 1),
        max(len(parts["of_post"]), 1),
    )
    kernels = tuple(
        graded_kernels.learning_entry(
            name, uniform, OPERATIONS[parts["operation"]], functions["learn"], functions["of_target"],
            functions["psp"], numbers, parts["knows_time"],
        )
        for uniform in (True, False)
    )  # fmt: skip
    return GradedModel(
        name,
        tuple(parts["parameters"]),
        dict(parts["state"]),
        dict(parts["of_target"]),
        scope["constants"],
        kernels,
        graded_kernels.observe_entry(name, 1 + len(parts["state"])),
        tuple(parts["of_pre"]),
        tuple(parts["of_post"]),
        learns=bool({"learn", "of_target"} & set(own)),
        combines=parts["operation"] != "sum",
    )


class GradedEquationSynapse(GradedType, EquationSynapse):
    """What types of graded synapses from equations have in common."""
