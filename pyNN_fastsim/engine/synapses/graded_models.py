"""What graded connections do: the declaration of their models."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from ..compiling.compile import Entry
from .graded_kernels import static_kernel


@dataclass(frozen=True)
class GradedModel:
    """The declaration of what graded connections do.

    name         of the model, unique
    parameters   names
    state        initial values, by name, of variables of each connection beside its weight
    of_target    initial values, by name, of variables of which each target has one
    constants    function(parameters: dict of float64 [1] or [connections], dt in ms) -> sequence of the
                 same, what the scalar functions get as `c`
    kernels      entries, where all connections share their constants, and where they don't
    observe      entry that samples variables
    pre, post    names of what is used of the source and of the target
    learns       whether anything changes in a step
    combines     whether what the connections of a target bring is combined otherwise than by a sum
    with_trace   parameter that is the time constant of a `Trace`, which stands for the only value of the
                 source; or None
    """

    name: str
    parameters: tuple[str, ...]
    state: dict[str, float]
    of_target: dict[str, float]
    constants: Callable
    kernels: tuple[Entry, Entry]
    observe: Entry
    pre: tuple[str, ...]
    post: tuple[str, ...] = ()
    learns: bool = False
    combines: bool = False
    with_trace: str | None = None
    is_static: ClassVar = False
    is_plastic: ClassVar = False

    @property
    def variables(self):
        """Names of what can be sampled beside the weight."""
        return [*self.state, *self.of_target]


class StaticModel:
    """Connections that transmit w r, or, if diffusive, w (r - r of the target), and stay what they are."""

    name = "graded"
    is_static, learns, is_plastic, combines = True, False, False, False
    state: dict[str, float] = {}
    of_target: dict[str, float] = {}
    kernel = static_kernel

    def __init__(self, variable, with_trace=None, is_diffusive=False):
        self.pre, self.with_trace = (variable,), with_trace
        self.post = (variable,) if is_diffusive else ()
