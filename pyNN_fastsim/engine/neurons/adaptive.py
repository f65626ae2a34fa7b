"""
How neurons are advanced whose equations one step of the grid is too long for, at times.

A model that wants this has, instead of `step`, three scalar functions::

    @inlined
    def attempt(c, s, x, part):
        ...
        return state after `part` (0 to 1) of a step, error

    @inlined
    def fires(c, old, new):
        ...
        return whether there is a spike between these two states

    @inlined
    def finish(c, old, new, x):
        ...
        return the state at the end of the whole step, with what has arrived

where the estimated error is in units of what is acceptable and grows with part**4 or part**5. `fires` is
asked after each part of a step, and after `finish`, where what arrives may make a neuron spike. The last
state variable of such a model must be "_part", which is kept here and is not in the tuples above: the
part of a step to begin with.

A model that keeps private state which follows from its other state and its constants (slopes at the end
of a step are those at the beginning of the next) has a fourth function::

    @inlined
    def refresh(c, s):
        ...
        return the same state with what follows computed afresh

which is called before the next step of a neuron whose state or constants someone has changed; its "_part"
is then negative.

All neurons first attempt the whole step. Those whose error is above 1 keep their old state, are packed
together and go through the step in parts, each in parts of its own choice, with as many spikes as there
are. Both is vectorised. What a neuron does depends on its own state only: not on its neighbours, on
chunks or on threads.

Parts are chosen as in Hairer, Norsett & Wanner 1993, Solving Ordinary Differential Equations I, II.4.
"""

import math

from ..compiling.compile import inlined, specialise, vectorised
from ..compiling.lowlevel import gather, interleaved, local_rows, scatter, select

LANES = 32  # neurons that go through parts of the step together
VECTOR = 8  # lanes are filled up to a multiple of two vectors, so that no loop has a slow remainder

SMALLEST_PART = 1e-4  # of a step: parts don't get smaller for any error
LARGEST_ERROR = 1e6  # errors above this, and NaN, count as this
SHRINK, GROW = 0.1, 4.0  # at most so much smaller or larger is the next part
CAUTION = 0.9

LIMIT = 1e300  # a first state variable beyond this is no longer a number of anything
SPIKED, NOT_FINITE, TOO_COARSE = 1, 2, 4  # flags of a neuron after its step


def any_stale(begin):
    """Whether the state or the constants of a neuron have been changed from outside."""
    found = 0
    for i in range(len(begin)):
        found |= 1 if begin[i] < 0.0 else 0
    return found


def refresh_stale(c, s, begin):
    """Compute afresh what follows from other state variables and constants, where they have been changed."""
    for i in range(len(begin)):
        old = gather(s, i)
        scatter(s, i, select(begin[i] < 0.0, _refresh(_of(c, i), old), old))  # noqa: F821
        begin[i] = abs(begin[i])


def attempt_whole(c, s, x, begin, flags):
    """Let each neuron of a chunk attempt a whole step; those that fail keep their old state."""
    any_flag = 0
    for i in range(len(flags)):
        constants, old, arrived = _of(c, i), gather(s, i), gather(x, i)  # noqa: F821
        new, error = _attempt(constants, old, arrived, 1.0)  # noqa: F821
        fine = error <= 1.0
        new = _finish(constants, old, new, arrived)  # noqa: F821
        fired = _fires(constants, old, new)  # noqa: F821
        scatter(s, i, select(fine, new, old))
        begin[i] = 1.0 if fine else min(begin[i], 0.5)
        flag = (SPIKED if fired else 0) | (0 if abs(new[0]) <= LIMIT else NOT_FINITE)
        flag = flag if fine else TOO_COARSE
        flags[i] = flag
        any_flag |= flag
        interleaved()
    return any_flag


def attempt_parts(c, s, x, part, done, fired, n):
    """Let `n` packed neurons attempt the next part of their step, and choose the one after it."""
    for j in range(n):
        left = 1.0 - done[j]
        # Leave no crumb for the end.
        half = 0.5 * left if part[j] > 0.5 * left else part[j]
        tried = left if part[j] >= left else half
        constants, old = _of(c, j), gather(s, j)  # noqa: F821
        new, error = _attempt(constants, old, gather(x, j), tried)  # noqa: F821
        error = error if error < LARGEST_ERROR else LARGEST_ERROR
        fine = (error <= 1.0) | (tried <= SMALLEST_PART)
        fired[j] = 1.0 if fine & _fires(constants, old, new) else fired[j]  # noqa: F821
        scatter(s, j, select(fine, new, old))
        reached = 1.0 if tried >= left else done[j] + tried
        done[j] = reached if fine else done[j]
        # The fourth root, two square roots, is a little more cautious than the fifth.
        factor = CAUTION / math.sqrt(math.sqrt(error + 1e-12))
        part[j] = max(tried * min(max(factor, SHRINK), GROW), SMALLEST_PART)
        interleaved()


def redo(c, s, x, begin, flags):
    """Take the neurons that are marked as too coarse through their step in parts."""
    lane_c = _lanes_of(c, local_rows(_N_CONSTANTS, LANES))  # noqa: F821
    lane_s = local_rows(_N_VARIABLES, LANES)  # noqa: F821
    lane_x = local_rows(_N_INPUTS, LANES)  # noqa: F821
    course = local_rows(4, LANES)
    part, done, fired, place = course
    any_flag = 0
    n = 0  # lanes in use
    following = 0  # the next neuron to look at
    while n > 0 or following < len(flags):
        while n < LANES and following < len(flags):
            if flags[following] & TOO_COARSE:
                _copy_constants(c, following, lane_c, n)  # noqa: F821
                scatter(lane_s, n, gather(s, following))
                scatter(lane_x, n, gather(x, following))
                scatter(course, n, (begin[following], 0.0, 0.0, float(following)))
                n += 1
            else:
                any_flag |= flags[following]
            following += 1
        filled = (n + VECTOR - 1) // VECTOR * VECTOR
        for j in range(n, filled):
            _copy_constants(lane_c, 0, lane_c, j)  # noqa: F821
            scatter(lane_s, j, gather(lane_s, 0))
            scatter(lane_x, j, gather(lane_x, 0))
            scatter(course, j, gather(course, 0))
        _attempt_parts(lane_c, lane_s, lane_x, part, done, fired, filled)  # noqa: F821
        j = 0
        while j < n:
            if done[j] < 1.0:
                j += 1
                continue
            i = int(place[j])
            constants, last = _of(lane_c, j), gather(lane_s, j)  # noqa: F821
            new = _finish(constants, gather(s, i), last, gather(lane_x, j))  # noqa: F821
            spiked = (fired[j] > 0.0) | _fires(constants, last, new)  # noqa: F821
            scatter(s, i, new)
            begin[i] = min(part[j], 1.0)
            flag = (SPIKED if spiked else 0) | (0 if abs(new[0]) <= LIMIT else NOT_FINITE)
            flags[i] = flag
            any_flag |= flag
            n -= 1  # the last lane moves here
            _copy_constants(lane_c, n, lane_c, j)  # noqa: F821
            scatter(lane_s, j, gather(lane_s, n))
            scatter(lane_x, j, gather(lane_x, n))
            scatter(course, j, gather(course, n))
    return any_flag


def advance(c, s, x, flags):
    """One step of each neuron of a chunk; returns all their flags, or-ed."""
    variables, begin = s[:-1], s[-1]
    if _any_stale(begin):  # noqa: F821
        _refresh_stale(c, variables, begin)  # noqa: F821
    any_flag = _attempt_whole(c, variables, x, begin, flags)  # noqa: F821
    if any_flag & TOO_COARSE:
        any_flag = _redo(c, variables, x, begin, flags)  # noqa: F821
    return any_flag


def _nothing_to_refresh(c, s):
    return s


# What differs between constants that all neurons share (a tuple of numbers) and arrays of them.


def _shared_of(c, i):
    return c


def _shared_lanes_of(c, lanes):
    return c


def _copy_shared_constants(c, i, lanes, j):
    pass


def _own_of(c, i):
    return gather(c, i)


def _own_lanes_of(c, lanes):
    return lanes


def _copy_own_constants(c, i, lanes, j):
    scatter(lanes, j, gather(c, i))


_SHARED = {"of": _shared_of, "lanes_of": _shared_lanes_of, "copy_constants": _copy_shared_constants}
_OWN = {"of": _own_of, "lanes_of": _own_lanes_of, "copy_constants": _copy_own_constants}


def advance_function(model, uniform, n_constants):
    """The function that advances a chunk of a model with uniform constants, or with arrays of them."""
    scope = {
        "_refresh": model.refresh or inlined(_nothing_to_refresh),
        "_attempt": model.attempt,
        "_fires": model.fires,
        "_finish": model.finish,
        "_N_VARIABLES": len(model.state) - 1,
        "_N_INPUTS": len(model.receptors) + 1,
        "_N_CONSTANTS": n_constants,
    }
    prefix = f"{model.name}_{'uniform' if uniform else 'general'}"
    for name, template in (_SHARED if uniform else _OWN).items():
        scope[f"_{name}"] = inlined(specialise(template, f"{prefix}_{name}"))
    for template in (any_stale, refresh_stale, attempt_whole, attempt_parts, redo, advance):
        name = template.__name__
        scope[f"_{name}"] = vectorised(specialise(template, f"{prefix}_{name}", **scope))
    return scope["_advance"]
