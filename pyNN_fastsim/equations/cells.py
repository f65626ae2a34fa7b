"""
Cell types from descriptions: generated functions, and the class that has them.
"""

import functools
import hashlib
import linecache

import numpy as np
from pyNN import errors

from ..celltypes import CellType
from ..engine.compiling.compile import inlined
from ..engine.synapses.transmission import OPERATIONS
from . import kept
from .description import Neuron
from .kinds import check_kind, check_shared

CELL, STEP = "_cell", "_step"  # hidden state: which cell it is, and how many steps it has done
BEGIN = "_begin_"  # of the names of hidden variables: others at the beginning of the step
FUNCTIONS = ("step", "short_step", "unfit", "attempt", "fires", "finish", "refresh")
STREAM = ("_seed", "_stream", "_trial")  # of its random numbers


def generated(model: Neuron):
    """What there is to keep of a model: a dictionary of texts and numbers.

    Raises InvalidModelError.
    """
    from .neuron_code import neuron_code  # SymPy takes its time

    return neuron_code(model)


def cell_type(kind, given, describe):
    """The cell type of a model: a class.

    kind       what reads it, such as "nestml"
    given      all that the model depends on, with a repr that tells it
    describe   a function that gives its `Neuron`; called only if there is no code of it from a former process

    Raises InvalidModelError.
    """
    return loaded(kept.parts_of(kind, given, lambda: generated(describe())))


def loaded(parts):
    """The cell type that `generated` gave the parts of."""
    from .runtime import ARRAYS, SCALAR

    scope = functions_of(parts, {**SCALAR, **ARRAYS})
    body = {
        "__doc__": parts["doc"],
        "__module__": __name__,
        "default_parameters": dict(parts["parameters"]),
        "default_initial_values": dict(parts["state"]),
        "units": dict(parts["units"]),
        "receptor_types": tuple(parts["receptors"]),
        "engine_receptors": tuple(parts["inputs"]),
        "graded_receptors": dict(parts["graded"]),
        "pools": tuple((OPERATIONS[operation], variable, k) for operation, variable, k in parts["pools"]),
        "transmits": parts["transmits"],
        "conductance_based": bool(parts["conductance_based"]),
        "weights_have_signs": parts["conductance_based"] is not None,
        "recordable": list(parts["recordable"]),
        "solvers": dict(parts["solvers"]),
        "limits": dict(parts["limits"]),
        "text": parts["text"],
        "remembers": bool(parts["remembers"]),
        "constants": staticmethod(scope["constants"]),
        **{name: inlined(scope[name]) for name in FUNCTIONS if name in scope},
        "restart": staticmethod(_restart),
    }
    return type(parts["name"], (EquationCell,), body)


def functions_of(parts, scope):
    """The functions of a generated source, by name; errors in them show its lines."""
    source = parts["source"]
    file = f"<{parts['name']} {hashlib.sha256(source.encode()).hexdigest()[:16]}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    scope = {**scope, "__name__": __name__}
    exec(compile(source, file, "exec"), scope)
    scope["constants"] = _without_warnings(scope["constants"])
    return scope


def _without_warnings(constants):
    """The function `constants`: what divides by zero on a way that is not taken is no news."""

    @functools.wraps(constants)
    def quiet(p, dt):
        with np.errstate(all="ignore"):
            return constants(p, dt)

    return quiet


def _restart(constants, state, step):
    if CELL in state:
        state[CELL][:] = np.arange(len(state[CELL]))
    if STEP in state:
        state[STEP][:] = max(step, 0)


class EquationCell(CellType):
    """What cell types from equations have in common.

    solvers   names of methods by variable
    limits    what values may be, see `kinds.limits_of`
    text      the model as it was written
    """

    solvers: dict[str, str] = {}
    limits: dict[str, list[str]] = {}
    text = ""

    def check(self, owner, values, changed, cells):
        """Raises InvalidParameterValueError, also for what is not of the kind that was declared."""
        super().check(owner, values, changed, cells)
        for name in self.limits.keys() & changed.keys():
            check_kind(owner, self.limits, name, changed[name])
            check_shared(owner, self.limits, name, values[name])

    def check_initial(self, owner, name, values, is_everywhere):
        """Raises InvalidParameterValueError for what is not of the kind that was declared."""
        check_kind(owner, self.limits, name, values)
        check_shared(owner, self.limits, name, values)
        if not is_everywhere and "global" in self.limits.get(name, ()):
            raise errors.InvalidParameterValueError(
                f"{owner}: {name} is one for all: set it of the whole population"
            )

    def check_functions(self, values, n, dt):
        """Nothing: generated functions are right by construction."""

    def panel(self):
        panel = super().panel()
        panel.rows += [(f"{name}'", f"solved by {method}") for name, method in self.solvers.items()]
        return panel

    def short(self):
        methods = ", ".join(sorted(set(self.solvers.values())))
        return f"{super().short()} [{methods}]" if methods else super().short()
