"""Random numbers for building networks."""

import contextlib
import copy
import numbers
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from pyNN import errors, random
from pyNN.random import NumpyRNG

from . import simulator
from .arguments import COUNT, RULES, check, check_arguments_of
from .engine.random.mersenne import whole_numbers
from .engine.random.quantiles import clipped
from .messages import nearest, shown
from .validation import warn

PIECE = 2**18  # numbers that one generator draws


class NativeRNG(random.NativeRNG, random.NumpyRNG):
    """
    The backend's own generator, for speed: NumPy's SFC64.

    A script that uses it is reproducible here, but draws other numbers than it does elsewhere. Many numbers
    are drawn in pieces, each by a generator of its own, by as many threads as `setup` was told, and
    connections in pieces of their targets, by the processes that these belong to; what is drawn does not
    depend on threads or processes.
    """

    translations = {
        **random.NumpyRNG.translations,
        "uniform_int": ("integers", {"low": "low", "high": "high"}),
    }

    def __init__(self, seed=None, parallel_safe=True):
        check("NativeRNG", "seed", seed, RULES["seed"])
        seed = None if seed is None else int(seed)
        random.WrappedRNG.__init__(self, seed, parallel_safe)
        self._seeds = np.random.SeedSequence(self.seed)
        self.rng = np.random.Generator(np.random.SFC64(self._seeds))

    def _next(self, distribution, n, parameters):
        if n <= PIECE:
            return super()._next(distribution, n, parameters)
        return self.drawn_in_pieces(n, lambda rng, size: rng._next(distribution, size, parameters))

    def drawn_in_pieces(self, n, draw):
        """`n` numbers, of which draw(generator, m) draws m."""
        (head,) = self.in_parallel(draw, [min(PIECE, n)])
        drawn = np.empty(n, dtype=head.dtype)  # an error, if that is too much, before all have seeds
        drawn[: len(head)] = head
        sizes = [min(PIECE, n - first) for first in range(PIECE, n, PIECE)]
        for k, piece in enumerate(self.in_parallel(draw, sizes), 1):
            drawn[k * PIECE : k * PIECE + len(piece)] = piece
        return drawn

    def in_parallel(self, draw, arguments):
        """draw(generator, argument) for each of the arguments, in their order, by several threads."""

        def work(seeds, argument):
            rng = NativeRNG(self.seed)
            rng.rng = np.random.Generator(np.random.SFC64(seeds))
            return draw(rng, argument)

        with ThreadPoolExecutor(simulator.state.threads) as pool:
            yield from pool.map(work, self._seeds.spawn(len(arguments)), arguments)

    def __reduce__(self):
        return _restored, (self.seed, self._seeds, self.rng)

    def __deepcopy__(self, memo):
        """Itself: copies that began at the same place would make projections with the same numbers."""
        return self


class Children:
    """Generators that follow from a NativeRNG, each by its number: other ones each time that it is asked.

    origin   what they follow from
    """

    def __init__(self, rng):
        """None for no generators."""
        self.origin = None
        if rng is not None:
            (seeds,) = rng._seeds.spawn(1)
            self.origin = seeds.entropy, seeds.spawn_key

    @property
    def keys(self):
        """Two numbers of 32 bits, for numbers that are drawn by counters (engine/synapses/segments.py)."""
        if self.origin is None:
            return 0, 0
        entropy, key = self.origin
        return tuple(map(int, np.random.SeedSequence(entropy, spawn_key=key).generate_state(2)))

    def generator(self, *number):
        """A NumPy generator; None if there are none."""
        if self.origin is None:
            return None
        entropy, key = self.origin
        return np.random.Generator(
            np.random.SFC64(np.random.SeedSequence(entropy, spawn_key=(*key, *number)))
        )


# How the numbers of these distributions follow from a uniform one: see engine/random/quantiles.py.
_BY_INVERSION: dict[str, Callable] = {
    "uniform": lambda low, high: ("uniform", (low, high - low, 0.0, 0.0, 0.0, 0.0)),
    "normal": lambda mu, sigma: ("normal", (mu, sigma, 0.0, 1.0, -np.inf, np.inf)),
    "normal_clipped": lambda mu, sigma, low, high: ("normal", clipped(mu, sigma, low, high)),
    "normal_clipped_to_boundary": lambda mu, sigma, low, high: ("normal", (mu, sigma, 0.0, 1.0, low, high)),
    "exponential": lambda beta: ("exponential", (beta, 0.0, 0.0, 0.0, 0.0, 0.0)),
    "lognormal": lambda mu, sigma: ("lognormal", (mu, sigma, 0.0, 0.0, 0.0, 0.0)),
}


def has_quantile(distribution):
    """Whether each number of a distribution can be had alone."""
    numbers = distribution.parameters.values()
    return distribution.name in _BY_INVERSION and all(np.ndim(value) == 0 for value in numbers)


def by_inversion(distribution):
    """The name of a function of `quantiles` and its parameters, for a distribution of which each number can
    be had alone; None for others. Raises ValueError for parameters that NumPy refuses."""
    if not has_quantile(distribution):
        return None
    name, parameters = distribution.name, distribution.parameters
    values = {key: float(value) for key, value in parameters.items()}
    generator = np.random.Generator(np.random.SFC64(0))
    if name != "normal_clipped":
        rng = copy.copy(distribution.rng)
        rng.rng = generator
        random.NumpyRNG._next(rng, name, 1, values)
        return _BY_INVERSION[name](**values)
    mu, sigma, low, high = (values[key] for key in ("mu", "sigma", "low", "high"))
    generator.normal(mu, sigma)
    within = low <= mu <= high
    found = _BY_INVERSION[name](**values)
    if not (low < high and (within or (sigma > 0.0 and found[1][3] > 0.0))):
        raise ValueError(f"numbers between {low} and {high} are too rare")
    return found


def numbers_of(distribution, generator, n):
    """`n` numbers of the distribution of a NativeRNG, drawn by a NumPy generator instead: float64."""
    rng = copy.copy(distribution.rng)
    rng.rng = generator
    numbers = random.NumpyRNG._next(rng, distribution.name, n, distribution.parameters)
    return np.asarray(numbers, dtype=float)


def _restored(seed, seeds, generator):
    """A NativeRNG that goes on where a pickled one was."""
    rng = NativeRNG(seed)
    rng._seeds, rng.rng = seeds, generator
    return rng


check_arguments_of(NativeRNG, "next", n=COUNT.or_none())


class RandomDistribution(random.RandomDistribution):
    __doc__ = random.RandomDistribution.__doc__

    def __init__(self, distribution, parameters_pos=None, rng=None, **parameters_named):
        """Raises InvalidParameterValueError for names that there are not, or not all of them."""
        names = _parameters_of(distribution)
        if parameters_pos is None and set(parameters_named) != set(names):
            raise _misused(distribution, names, f"not {', '.join(parameters_named) or 'none'}")
        if parameters_pos is not None and not _are_numbers(parameters_pos, len(names)):
            raise _misused(distribution, names, f"not {shown(parameters_pos)}")
        check("RandomDistribution", "rng", rng, RULES["rng"])
        super().__init__(distribution, parameters_pos, rng, **parameters_named)


def _are_numbers(values, n):
    """Whether these are `n` real numbers, which may be infinite, or arrays of them."""
    if not isinstance(values, (tuple, list, np.ndarray)) or len(values) != n:
        return False
    return all(
        isinstance(value, (numbers.Real, np.ndarray)) and not isinstance(value, bool) for value in values
    )


def _parameters_of(distribution):
    """Names of the parameters of a distribution. Raises InvalidParameterValueError for one there is not."""
    from .other_names import OF_DISTRIBUTIONS  # a long table, which few need

    known = random.available_distributions
    if isinstance(distribution, str) and distribution in known:
        return known[distribution]
    near = OF_DISTRIBUTIONS.get(distribution) if isinstance(distribution, str) else None
    near = near or nearest(distribution, known)
    hint = f" (did you mean '{near}'?)" if near else f"; there are {', '.join(known)}"
    raise errors.InvalidParameterValueError(
        f"RandomDistribution: distribution must be the name of one, not {shown(distribution)}{hint}"
    )


def _misused(distribution, names, given):
    example = f"RandomDistribution('{distribution}', {', '.join(f'{name}=...' for name in names)})"
    return errors.InvalidParameterValueError(
        f"RandomDistribution: '{distribution}' has {len(names)} parameters, {', '.join(names)}, {given}; "
        f"give it as {example}"
    )


@contextlib.contextmanager
def left_in_place(rng):
    """Give a generator to draw from, such that `rng` itself stays where it is.

    As a deep copy, with which PyNN does the same, but without its cost. A NativeRNG goes on.
    """
    if type(rng) is NumpyRNG:
        state = rng.rng.get_state()
        try:
            yield rng
        finally:
            rng.rng.set_state(state)
    else:
        yield copy.deepcopy(rng)


def draws_as_numpy_did(rng):
    """Whether a generator is a NumpyRNG as PyNN makes it, of which the numbers are known."""
    return type(rng) is NumpyRNG and rng.rng.get_state()[0] == "MT19937"


def uniform_numbers(rng, n):
    """`n` numbers from [0, 1), the same that ``rng.next(n, "uniform", ...)`` gives."""
    if type(rng) is NumpyRNG:
        return rng.rng.random_sample(n)  # without the scaling by 1, which takes as long again
    return rng.next(n, "uniform", {"low": 0, "high": 1})


def tell_of_dependence(owner, parameters, drawn=None):
    """Warn, once in a network, of parameters that are drawn from generators in the same state.

    PyNN draws each parameter from a copy of the generator of its distribution. So all that share one
    NumpyRNG get the same numbers, and a large weight has a long delay.

    parameters   numbers or LazyArrays by name
    drawn        names by state of what was drawn before; what is drawn now is added
    """
    drawn = {} if drawn is None else drawn
    for name, value in parameters.items():
        rng: Any = getattr(getattr(value, "base_value", None), "rng", None)
        if type(rng) is not NumpyRNG:
            continue
        state = rng.rng.get_state()
        other = drawn.setdefault(hash((state[1].tobytes(), *state[2:])), name)
        if other != name and not simulator.state.told_of_dependence:
            simulator.state.told_of_dependence = True
            warn(
                f"{owner}: {other} and {name} are drawn from generators in the same state, so they are not "
                f"independent: where one is large, the other is. Give each "
                f"RandomDistribution a generator of its own, with a seed of its own; see docs/models.md"
            )


def whole_numbers_below(rng, n, size):
    """`n` whole numbers below `size`, uint32, the same that ``rng.next(n, "uniform_int", ...)`` gives."""
    if draws_as_numpy_did(rng):
        return whole_numbers(rng.rng, n, size)
    numbers = rng.next(n, "uniform_int", {"low": 0, "high": size})
    return np.asarray(numbers).astype(np.uint32)
