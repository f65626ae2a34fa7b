"""
Synapses that change: how a model is declared, what a group of them keeps, and what their kernels share.

A group whose synapses have a state is a `DynamicGroup`. Its kernel is called through its address in the
place of `synapses.deliver`, for the spikes of the source, and nothing happens in a step without spikes.
There are two families: short_term.py, where the state changes with presynaptic spikes only, and
plasticity.py, where the weight changes with the spikes of both cells.

The state of a synapse belongs to the thread of its target.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..compiling.addresses import address_of, table_of
from ..compiling.compile import Entry, inlined
from ..compiling.lowlevel import float64_at, int64_at
from ..compiling.marks import Marked
from .exact import to_grid
from .groups import (
    BASE,
    BOUNDS,
    BOUNDS_STRIDE,
    DETAIL,
    GROUP_ROW,
    KERNEL,
    N_SOURCES,
    ON_GRID,
    SynapseGroup,
    count_sort,
)

KERNEL_ARGUMENTS = 8

# The words of a group's details (int64 each).
CONSTANTS = 0  # address of the table of constants, see lowlevel.elements_at
STATE = 1  # address of the table of state arrays (float64)
LAST = 2  # address of the step of the last presynaptic spike, or of the beginning (int32)
WEIGHTS = 3  # address (float64)
WEIGHT_STRIDE = 4  # 0 if all synapses share one weight, else 8
TARGETS = 5  # address of the target cells (uint32)
UNIFORM = 6  # 1 if all synapses share all constants
SEED = 7  # of random numbers, and the next two, see rng.py
STREAM = 8
TRIAL = 9
SEEN = 10  # plastic: address of the number of postsynaptic spikes that each has dealt with (int32)
HISTORY = 11  # plastic: address of the spikes of the targets, see history.py
POSTS = 12  # plastic: address of the number of spikes of each target (int32)
HISTORY_MASK = 13
TRACES = 14  # plastic: address of the entries of a trace, see traces.py, or 0
EPOCH = 15  # of these
EARLIER = 16  # plastic: address of the table of earlier timings, the earliest first
N_EARLIER = 17
CHANGED = 18  # plastic: the last step for which one of them holds, or -1
LONGEST = 19  # plastic: the longest delay of them, steps
SHOWN = 20  # plastic: address of the weights to be shown (float64)
PRE_VALUES = 21  # address of the table of values of source cells, as lowlevel.elements_at wants it
POST_VALUES = 22  # of target cells, as they are now
PAST_VALUES = 23  # plastic: of target cells, as they were after their spikes: see history.py
NUMBERS = 24  # address of what random numbers know the synapses by (int64), or 0 for their places
DETAIL_ROW = 25

# The words of a row of the table of earlier timings.
UNTIL = 0  # last step for which it holds
TIMED_CONSTANTS = 1  # address of the table of constants
TIMED_DELAYS = 2  # address of the delays in steps (uint16)
TIMED_STRIDE = 3  # 0 if all synapses share one, else 2
TIMING_ROW = 4

# The words of a row of the table of sampled synapses.
OBSERVE = 0  # address of the function that looks at them
OBSERVED = 1  # address of the group's details
OBSERVED_VARIABLE = 2  # number of the state variable
OBSERVED_PLACES = 3  # address of the synapses, int64
N_OBSERVED = 4
OBSERVED_BLOCK = 5  # index of the target block
OBSERVED_INTERVAL = 6  # steps
OBSERVED_BUFFER = 7  # address of the samples, rows of one float64 a synapse
OBSERVED_ROW = 8  # row of the buffer for step 0 (may be negative)
OBSERVER_ROW = 9


@inlined
def number_of(detail, j):
    """What the random numbers of a synapse depend on: its place in the group of all processes."""
    return j if detail[NUMBERS] == 0 else int64_at(detail[NUMBERS] + 8 * j, 1)[0]


# --- what the kernels of such groups begin and end with ---------------------------------------------------


@inlined
def group_at(group, head):
    """The row of a group, its details, and (address of the ring buffer, its slots - 1, places in a slot)."""
    row = int64_at(group, GROUP_ROW)
    return row, int64_at(row[DETAIL], DETAIL_ROW), int64_at(head, 3)


@inlined
def synapses_of_thread(row, thread):
    """By source cell, where the synapses onto a thread's cells begin, and where they end."""
    starts = int64_at(row[BOUNDS] + thread * row[BOUNDS_STRIDE], row[N_SOURCES])
    return starts, int64_at(row[BOUNDS] + (thread + 1) * row[BOUNDS_STRIDE], row[N_SOURCES])


@inlined
def add_at(ring, row, cell, step, amount):
    """Let something arrive at a target cell at a step."""
    amount = to_grid(amount) if row[ON_GRID] else amount
    slot = step & ring[1]
    float64_at(ring[0] + 8 * (slot * ring[2] + row[BASE] + cell), 1)[0] += amount


@inlined
def observed(row, step):
    """Of a row of the table of sampled synapses: the group's details, which synapses, and where their samples
    of a step go."""
    n = row[N_OBSERVED]
    buffer_row = row[OBSERVED_ROW] + step // row[OBSERVED_INTERVAL]
    return (
        int64_at(row[OBSERVED], DETAIL_ROW),
        int64_at(row[OBSERVED_PLACES], n),
        float64_at(row[OBSERVED_BUFFER] + 8 * n * buffer_row, n),
    )


@dataclass(frozen=True)
class SynapseModel:
    """The declaration of a synapse model.

    name          of the model, unique: it also names the compiled kernels
    parameters    names; each is one number, or one for each synapse
    state         initial values by name; those that begin with "_" are not for users
    constants     function(parameters: dict of float64 [1] or [synapses], dt) -> sequence of the same,
                  what the scalar functions get as `c`. Beside its own, the parameters have "delay"
                  (steps)
    kernel        entry that takes the group through the spikes of its source
    observe       entry that samples the present state of some synapses
    spiked        scalar function of a synapse that only presynaptic spikes change, for GPUs; or None:
                  (details, synapse, source cell, step) -> what a spike adds to its target
    catch_up      plastic: entry that takes synapses through the spikes of their targets
    show          plastic: entry that tells what their weights are after these, and changes nothing
    arrived, caught_up
                  plastic: scalar functions of one synapse, see plastic_kernels.py
    n_constants   plastic: how many constants there are
    trace_rates   plastic: function(constants) -> the two rates of the trace that they need, or None
    is_random     whether it draws random numbers
    of_pre        names of parameters of the source cell that it uses
    of_post       names of parameters and variables of the target cell that it uses
    """

    name: str
    parameters: tuple[str, ...]
    state: dict[str, float]
    constants: Callable
    kernel: Entry
    observe: Entry
    spiked: Marked | None = None
    catch_up: Entry | None = None
    show: Entry | None = None
    arrived: Marked | None = None
    caught_up: Marked | None = None
    n_constants: int = 0
    trace_rates: Callable | None = None
    is_random: bool = False
    of_pre: tuple[str, ...] = ()
    of_post: tuple[str, ...] = ()

    @property
    def is_plastic(self):
        return self.catch_up is not None

    @property
    def variables(self):
        """Names of what can be sampled beside the weight."""
        return list(self.state)


@dataclass(frozen=True)
class OfTarget:
    """The value of a synapse's parameter that is a parameter, `name`, of its target cell."""

    name: str


@dataclass
class Timing:
    """The delays of plastic synapses for spikes emitted up to a step.

    until      the step
    delays     uint16 [1] or [synapses], steps
    fraction   float64 [1] or [synapses]: dendritic part of these
    """

    until: int
    delays: np.ndarray
    fraction: np.ndarray

    @property
    def longest(self):
        return int(self.delays.max(initial=1))


@dataclass(eq=False)
class DynamicGroup(SynapseGroup):
    """Synapses of a model that have a state; see `SynapseGroup`.

    parameters        float64 [1] or [synapses] by name, or OfTarget
    state             float64 [synapses] by name
    initial           what `state` is at the beginning of a trial: float64 [1] or [synapses] by name
    initial_weights   plastic: weights at the beginning of the trial, once it has begun
    last              int32 [synapses]: step of the last presynaptic spike
    seen              plastic: int32 [synapses], number of its target's spikes that it has dealt with
    stream            of its random numbers
    numbers           int64 [synapses], places in the group of which this is a part; None if it is whole
    earlier           plastic: Timings of spikes that may still be under way, the earliest first
    shown             plastic: float64 [synapses], what weights were after all that had arrived, when somebody
                      looked at them last; `weights` are those after the last presynaptic arrival
    shown_at          the step at which that was, unless something has changed since
    """

    model: SynapseModel = None
    parameters: dict = None
    state: dict = field(init=False)
    initial: dict = field(init=False)
    initial_weights: np.ndarray = field(init=False, default=None)
    stream: int = field(init=False, default=0)

    def __post_init__(self):
        n = len(self.targets)
        if self.model.is_plastic and len(self.weights) != n:
            self.weights = np.full(n, self.weights[0]) if n else np.zeros(0)
        self.initial = {name: np.array([float(value)]) for name, value in self.model.state.items()}
        self.state = {name: np.full(n, float(value)) for name, value in self.model.state.items()}
        self.last = np.zeros(n, dtype=np.int32)
        self.seen = np.zeros(n if self.model.is_plastic else 0, dtype=np.int32)
        self.detail = np.zeros(DETAIL_ROW, dtype=np.int64)
        self.earlier: list[Timing] = []
        self.shown = np.zeros(0)
        self.shown_at = None
        self.numbers = None
        self._order = None

    def begin(self, step):
        """Say that a trial begins, or that the group has been added during one."""
        if self.model.is_plastic:
            self.initial_weights = self.weights.copy()
        self.last[:] = step

    def restart(self):
        """Go back to the beginning of a trial."""
        for name, value in self.initial.items():
            self.state[name][:] = value
        if self.initial_weights is not None:
            self.weights[:] = self.initial_weights
        self.initial_weights = None
        self.last[:] = 0
        self.seen[:] = 0
        self.earlier = []
        self.shown_at = None

    def initialize(self, name, values, step):
        """Set a state variable, float64 [synapses], now and at the beginning of every trial."""
        self.initial[name] = values
        self.state[name][:] = values
        self.last[:] = step
        if "_at" in self.state:  # when the last event was, see events.py
            self.state["_at"][:] = 0.0

    def memory(self):
        """All that synapses remember, by name: arrays [synapses]."""
        arrays = {"last": self.last}
        if self.model.is_plastic:
            arrays |= {"seen": self.seen, "weights": self.weights}
        if self.initial_weights is not None:
            arrays["initial_weights"] = self.initial_weights
        for name, values in self.state.items():
            self.initial[name] = np.resize(self.initial[name], len(self))
            arrays |= {f"{name} now": values, f"{name} at first": self.initial[name]}
        return arrays

    def take_over(self, places, other, others_places):
        """Let synapses remember what others did, those of another group."""
        memory = other.memory()
        for name, values in self.memory().items():
            if name in memory:
                values[places] = memory[name][others_places]
        for timing in other.earlier:  # synapses that were not there then have no spikes under way
            delays, fraction = np.ones(len(self), dtype=np.uint16), np.ones(len(self))
            delays[places] = np.broadcast_to(timing.delays, len(other))[others_places]
            fraction[places] = np.broadcast_to(timing.fraction, len(other))[others_places]
            self.earlier.append(Timing(timing.until, delays, fraction))

    def keep_timing(self, step):
        """Let spikes emitted up to `step` keep the delays that there are, which are about to change."""
        if not self.earlier or self.earlier[-1].until < step:
            fraction = np.asarray(self.parameters["dendritic_delay_fraction"], dtype=np.float64)
            self.earlier.append(Timing(step, self.delays.copy(), fraction.copy()))

    def constants(self, dt, target, timing=None):
        """The constants of the synapses, float64 [1] or [synapses] each; `target` is the block."""
        parameters = {"delay": (timing or self).delays.astype(np.float64)}
        for name, value in self.parameters.items():
            if isinstance(value, OfTarget):
                value = np.atleast_1d(np.asarray(target.parameters[value.name], dtype=np.float64))
                value = value[self.targets] if len(value) > 1 else value
            parameters[name] = value
        if timing is not None:
            parameters["dendritic_delay_fraction"] = timing.fraction
        return [np.ascontiguousarray(c, dtype=np.float64) for c in self.model.constants(parameters, dt)]

    def derive(self, dt, target):
        """Derive the constants from the parameters as they are now; `target` is the block."""
        self.used_constants = self.constants(dt, target)
        self.earlier_constants = [self.constants(dt, target, timing) for timing in self.earlier]

    def all_constants(self):
        """The constants for every timing there is."""
        return [*self.earlier_constants, self.used_constants]

    @property
    def trace_rates(self):
        """The rates of the trace of postsynaptic spikes that is needed, or None."""
        rates = self.model.trace_rates
        if rates is None or (self.whole and any(name.startswith("tau") for name in self.whole.varied)):
            return None
        return rates(self.used_constants)

    def write_down(self, seed, trial, source, target, history=None):
        """Write down where everything is; `source` and `target` are the blocks, `history` that of the
        target's spikes."""
        self._constants_table = _table(self.used_constants)
        self._state_table = _table(list(self.state.values()))
        words = self.detail
        words[CONSTANTS] = address_of(self._constants_table)
        words[STATE] = address_of(self._state_table)
        words[LAST] = address_of(self.last)
        words[WEIGHTS] = address_of(self.weights)
        words[WEIGHT_STRIDE] = 8 if len(self.weights) > 1 else 0
        words[TARGETS] = address_of(self.targets)
        words[UNIFORM] = all(len(c) == 1 for c in self.used_constants) and not self.earlier
        words[SEED], words[STREAM], words[TRIAL] = seed, self.stream, trial
        words[NUMBERS] = 0 if self.numbers is None else address_of(self.numbers)
        self._values = [source.values(name) for name in self.model.of_pre]
        self._values += [target.values(name) for name in self.model.of_post]
        self._values_table = _table_of_cells(self._values)
        words[PRE_VALUES] = address_of(self._values_table)
        words[POST_VALUES] = address_of(self._values_table[len(self.model.of_pre) :])
        if history is not None:
            self._past_table = _table_of_cells([history.kept[name].ravel() for name in self.model.of_post])
            words[PAST_VALUES] = address_of(self._past_table)
            words[SEEN] = address_of(self.seen)
            words[HISTORY] = address_of(history.spikes)
            words[POSTS] = address_of(history.counts)
            words[HISTORY_MASK] = history.spikes.shape[1] - 1
            trace = history.trace_for(self)
            words[TRACES] = 0 if trace is None else address_of(trace.entries)
            words[EPOCH] = 0 if trace is None else trace.epoch
            self._write_earlier()

    def _write_earlier(self):
        self._earlier_tables = [_table(constants) for constants in self.earlier_constants]
        rows = [
            (t.until, address_of(table), address_of(t.delays), 2 if len(t.delays) > 1 else 0)
            for t, table in zip(self.earlier, self._earlier_tables, strict=True)
        ]
        self._earlier_table = np.array(rows, dtype=np.int64).reshape(-1, TIMING_ROW)
        self.detail[EARLIER] = address_of(self._earlier_table)
        self.detail[N_EARLIER] = len(rows)
        self.detail[CHANGED] = self.earlier[-1].until if rows else -1
        self.detail[LONGEST] = max((timing.longest for timing in self.earlier), default=0)

    def show(self, next_step):
        """Look at the weights after all that arrives before a step; `write_down` has been called."""
        if len(self.shown) != len(self):
            self.shown = np.zeros(len(self))
        self.detail[SHOWN] = address_of(self.shown)
        self.model.show(address_of(self.detail), 0, 0, len(self), next_step)

    def by_target(self, n_targets):
        """The synapses sorted by target, and where each target's begin; both int64."""
        if self._order is None:
            self._order = count_sort(self.targets, n_targets)
        return self._order

    def row(self, base, n_targets, n_threads, ranges):
        words = super().row(base, n_targets, n_threads, ranges)
        words[KERNEL] = self.model.kernel.address
        words[DETAIL] = address_of(self.detail)
        return words


def _table_of_cells(arrays):
    """A table of arrays of one element for each cell, with a row of zeros in the place of none."""
    return table_of(arrays, [8] * len(arrays)) if arrays else np.zeros((1, 3), dtype=np.int64)


def _table(arrays):
    """A table of arrays of one element for each synapse, or of one for all."""
    return table_of(arrays, [8 if len(a) > 1 else 0 for a in arrays])
