"""
Graded connections, as PyNN's users see them: which projections are graded, and where they end.

Cells that never spike transmit a variable, r, in each step. A projection from them is graded; so is one
whose synapse type says so (`GradedType`). It ends at one of those receptors of the target that take graded
values, or as "current": what flows into the cells, in nA.
"""

import copy

import numpy as np
from pyNN import errors
from pyNN.parameters import LazyArray
from pyNN.standardmodels.base import StandardSynapseType

from .celltypes import public_state
from .engine.synapses import learning
from .engine.synapses.graded import CURRENT
from .engine.synapses.graded_models import StaticModel
from .messages import did_you_mean
from .selection import populations_of
from .standardmodels.synapses import EngineSynapse, StaticSynapse, same_names

__all__ = ["DiffusiveCoupling", "IBCM", "Hebb", "Oja", "RateFromSpikes"]

RECEPTOR_OF_CURRENTS = "current"


class GradedType:
    """What types of graded synapses have in common; comes before the other classes in the bases."""

    is_graded = True
    has_bounds = False

    def _get_minimum_delay(self):
        """What is transmitted until the beginning of a step acts in it."""
        return 0.0

    def state_variables(self):
        """Names of what `Projection.initialize` can set."""
        return [*self.model.state, *self.model.of_target]

    def check_cells(self, owner, pre, post):
        """Raise InvalidModelError if cells, given by the engine's models, lack what the synapses use."""
        model = self.model_of(pre)
        of_pre = () if model.with_trace else model.pre
        for which, cells, names in ("pre", pre, of_pre), ("post", post, model.post):
            known = [*cells.parameters, *public_state(cells)]
            for name in names:
                if name not in known:
                    raise errors.InvalidModelError(
                        f"{owner}: {type(self).__name__} uses {which}.{name}, which {cells.name} "
                        f"does not have{did_you_mean(name, known)}"
                    )

    def model_of(self, cells):
        """The engine's model of connections from cells of the engine's model `cells`."""
        return self.model

    def parameters_of_target(self, model, receptor):
        return {}


class GradedConnection(GradedType, StaticSynapse):
    """What a StaticSynapse is between cells that never spike: in each step it transmits w r."""

    is_diffusive = False
    variable: str | None = None

    @classmethod
    def of(cls, synapse, variable=None):
        """What stands for a StaticSynapse where cells transmit a variable; None: whichever they do."""
        graded = cls.__new__(cls)
        graded.__dict__.update(vars(synapse))
        graded.__dict__["is_diffusive"] = isinstance(synapse, DiffusiveCoupling)
        graded.__dict__["variable"] = variable
        graded.__dict__["model"] = StaticModel(variable or "r")
        if not synapse.delay_is_given:
            space = copy.copy(synapse.parameter_space)
            space._parameters = {**space._parameters, "delay": LazyArray(0.0, dtype=float)}
            graded.__dict__["parameter_space"] = space
        return graded

    def model_of(self, cells):
        return StaticModel(self.variable or cells.transmits, is_diffusive=self.is_diffusive)


class DiffusiveCoupling(StaticSynapse):
    """
    Synapse between cells that transmit a variable in each step: the target receives the weight times the
    difference of the source's value, a delay ago, and its own one of the same variable.

    Arguments:
        `weight`:
            by which the difference is multiplied.
        `delay`:
            ms; 0 by default.
    """

    is_graded = True


class RateFromSpikes(GradedType, EngineSynapse, StandardSynapseType):
    """
    Graded synapse that turns spikes into a rate: in each step it transmits w times the rate of the source
    in Hz, in a window of the past exp(-t / tau) / tau.

    Arguments:
        `weight`:
            what a rate of 1 Hz brings the target.
        `delay`:
            ms; 0 by default.
        `tau`:
            time constant of the window (ms), one for all connections of a projection.
    """

    default_parameters = {"weight": 0.0, "delay": None, "tau": 20.0}
    translations = same_names(default_parameters)
    model = StaticModel("r", with_trace="tau")
    limits = {"tau": ["global"]}

    def check(self, owner, columns):
        """Raise InvalidParameterValueError unless there is one time constant, above 0."""
        self.check_shared(owner, columns, None)

    def check_shared(self, owner, columns, targets):
        tau = columns.get("tau", np.zeros(0))
        if len(tau) and (not tau[0] > 0 or (tau != tau[0]).any()):
            raise errors.InvalidParameterValueError(
                f"{owner}: RateFromSpikes needs one tau above 0 ms for all connections, "
                f"not {sorted(set(tau))[:3]}"
            )


class LearningType(GradedType, EngineSynapse, StandardSynapseType):
    """What the built-in types have in common whose weights change in each step, with r of both cells."""

    recordable: tuple[str, ...] = ("weight",)

    def check(self, owner, columns):
        """Raise InvalidParameterValueError for a time constant that is not above 0."""
        if "tau" in columns and not (columns["tau"] > 0).all():
            raise errors.InvalidParameterValueError(
                f"{owner}: tau of {type(self).__name__} must be above 0 ms"
            )


class Hebb(LearningType):
    """
    Hebb's rule, in each step: dw/dt = eta pre.r post.r.

    Arguments:
        `weight`:
            at the beginning.
        `delay`:
            ms; 0 by default.
        `eta`:
            how fast weights change (1/ms).
        `w_min`:
            below which no weight falls.
    """

    default_parameters = {"weight": 0.0, "delay": None, "eta": 0.01, "w_min": 0.0}
    translations = same_names(default_parameters)
    model = learning.HEBB


class Oja(LearningType):
    """
    Oja's rule, in each step: dw/dt = eta (pre.r post.r - alpha post.r^2 w). The sum of a target's squared
    weights tends to 1 / alpha.

    Arguments:
        `weight`:
            at the beginning.
        `delay`:
            ms; 0 by default.
        `eta`:
            how fast weights change (1/ms).
        `alpha`:
            how much weights are held back.
        `w_min`:
            below which no weight falls.
    """

    default_parameters = {"weight": 0.0, "delay": None, "eta": 0.01, "alpha": 1.0, "w_min": 0.0}
    translations = same_names(default_parameters)
    model = learning.OJA


class IBCM(LearningType):
    """
    The rule of Intrator and Cooper, in each step: dw/dt = eta post.r (post.r - theta) pre.r, where theta
    follows the square of the target's rate: tau dtheta/dt = post.r^2 - theta.

    Arguments:
        `weight`:
            at the beginning.
        `delay`:
            ms; 0 by default.
        `eta`:
            how fast weights change (1/ms).
        `tau`:
            time constant of theta (ms).
        `w_min`:
            below which no weight falls.
    """

    default_parameters = {"weight": 0.0, "delay": None, "eta": 0.01, "tau": 2000.0, "w_min": 0.0}
    translations = same_names(default_parameters)
    model = learning.IBCM
    recordable = ("weight", "theta")


# --- projections ------------------------------------------------------------------------------------------


def graded_form(label, pre, post, synapse_type, receptor_type):
    """(synapse type, receptor type) of a projection if it is graded, else None.

    Raises ConnectionError for what can't be connected so, or the other way.
    """
    sources, targets = ([each.celltype for each in populations_of(cells)] for cells in (pre, post))
    transmitted = {celltype.model.transmits for celltype in sources}
    takes = [name for name in targets[0].model.graded if all(name in each.model.graded for each in targets)]
    is_diffusive = isinstance(synapse_type, DiffusiveCoupling)
    says_so = getattr(synapse_type, "is_graded", False) and not is_diffusive
    if is_diffusive and None in transmitted:
        raise errors.ConnectionError(
            f"{label}: DiffusiveCoupling is for cells that transmit a variable in each step, and those of "
            f"'{pre.label}' spike"
        )
    if not says_so and transmitted == {None}:
        _check_for_spikes(label, targets, receptor_type)
        return None
    if not says_so:
        of_kind = type(synapse_type) in (type(None), StaticSynapse, DiffusiveCoupling)
        if not of_kind or None in transmitted:
            raise errors.ConnectionError(_why_not(label, pre, synapse_type, transmitted))
        synapse_type = GradedConnection.of(synapse_type or StaticSynapse())
    elif synapse_type.model.with_trace and transmitted != {None}:
        raise errors.ConnectionError(
            f"{label}: '{pre.label}' has cells that never spike, so there is no rate of spikes"
        )
    if not all(celltype.receptor_types for celltype in targets):
        raise errors.ConnectionError(
            f"{label}: '{post.label}' can't be connected to: it takes no input, or is a spike source"
        )
    if len(sources) > 1 and says_so and synapse_type.model.combines:
        raise errors.ConnectionError(
            f"{label}: {type(synapse_type).__name__} combines what arrives otherwise than by a sum, so "
            f"'{pre.label}' must be one population or view, not an assembly"
        )
    if receptor_type in (None, "default"):
        receptor_type = takes[0] if takes else RECEPTOR_OF_CURRENTS
    known = [*takes, RECEPTOR_OF_CURRENTS]
    if receptor_type not in known:
        names = ", ".join(f"'{name}'" for name in known)
        raise errors.ConnectionError(
            f"{label}: receptor_type must be one of {names} for what is transmitted in each step, "
            f"not {receptor_type!r}{did_you_mean(receptor_type, known)}"
        )
    return synapse_type, receptor_type


def _why_not(label, pre, synapse_type, transmitted):
    if None in transmitted:
        return f"{label}: '{pre.label}' has both cells that spike and cells that never do: connect them apart"
    return (
        f"{label}: {type(synapse_type).__name__} acts at spikes, and the cells of '{pre.label}' never "
        f"spike: they transmit {', '.join(sorted(map(str, transmitted)))} in each step"
    )


def _check_for_spikes(label, targets, receptor_type):
    """Raise ConnectionError for a receptor that takes no spikes."""
    spiking = [set(each.model.receptors) & set(each.receptor_types) for each in targets]
    wanted = receptor_type if receptor_type not in (None, "default") else None
    for celltype, names in zip(targets, spiking, strict=True):
        of_graded = wanted in celltype.model.graded if wanted else bool(celltype.model.graded)
        if of_graded and (wanted not in names if wanted else not names):
            raise errors.ConnectionError(
                f"{label}: {type(celltype).__name__} takes graded values (sum(...)), no spikes; "
                "RateFromSpikes(weight=..., tau=...) makes a rate of spikes"
            )


def receptor_index(model, receptor_type):
    """The index of a graded receptor in the engine."""
    return CURRENT if receptor_type == RECEPTOR_OF_CURRENTS else model.graded[receptor_type]
