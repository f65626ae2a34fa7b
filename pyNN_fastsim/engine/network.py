"""
What a simulation consists of, and the Python side of running it.

A `Network` is a list of blocks (cells of one model), groups of synapses between blocks, injected
currents and samplers. They can be changed between runs; before each run the network writes down
what has changed in tables (`preparation.py`), and the rest happens in one compiled call.
"""

import contextlib
import threading
import time
from collections.abc import Callable

import numpy as np

from . import loop
from .block import Block
from .compiling.addresses import address_of
from .coupling import Potentials
from .parts import write_parts
from .preparation import prepare, resize_ring
from .profile import Profile
from .random.rng import stream_of
from .recording.records import GrowingArray, Records
from .recording.samplers import SAMPLER_ROW, Sampler, SynapseSampler
from .recording.spike_log import SpikeLog
from .signals import signals_held
from .sources import currents
from .sources.currents import Current
from .synapses import dynamic, history
from .synapses.arrival import Arrivals, release_counts
from .synapses.dynamic import DynamicGroup
from .synapses.exact import on_grid
from .synapses.gap import Coupling, JunctionGroup
from .synapses.graded import Graded, GradedGroup
from .synapses.groups import SynapseGroup
from .synapses.history import HeldSpikes, SpikeHistory
from .synapses.on_demand import OnDemandGroup
from .synapses.plasticity import LARGEST_KICK, Y_RATE
from .tables import (
    FAILED_BLOCK,
    FAILED_CELL,
    FAILED_STEP,
    LOG,
    LOG_CAPACITY,
    LOG_LENGTH,
    LOG_SLACK,
    rows_of,
    words_of,
)

PIECE_SECONDS = 0.2  # wall time of one compiled call, after which Ctrl-C is heard
FIRST_PIECE = 100  # steps, before the time of one step is known
FLUSH_SECONDS = 5.0  # wall time after which recordings are written to their files, during a run
FLUSH_BYTES = 2**26  # of recordings in memory, after which they are
MAX_STEPS = 2**31 - 1  # of a trial


class NumericalError(FloatingPointError):
    """The state of a cell is no longer a finite number.

    block, cell   index of the block, and of the cell within it
    step          at which it was noticed
    """

    def __init__(self, block, cell, step):
        super().__init__(f"the state of cell {cell} of block {block} is not finite at step {step}")
        self.block, self.cell, self.step = block, cell, step


class Network:
    """A network, and the time that it is at.

    dt        ms
    threads   at most so many are used; the result is the same for any number
    seed      of everything random that happens during a run
    folder    where recordings go in the course of a run, or None if they stay in memory
    exchange  the Exchange with the other processes that have parts of this network, or None
    exact_sums  whether weights are put on a grid, on which sums are exact: see synapses/exact.py
    device    what runs it in the place of the CPU's run loop: a `cuda.run.CardLoop`; or None
    profile   a Profile of what takes how long, or None
    on_piece  a function that is told the last step of each piece of a run, or None
    step      number of the last step done; the time is step * dt
    """

    def __init__(self, dt, threads=1, seed=42, folder=None, exchange=None, device=None, exact_sums=False):
        self.exact_sums = exact_sums
        self.dt, self.threads = float(dt), int(threads)
        self.seed = (int(seed) ^ (int(seed) >> 32)) & 0xFFFFFFFF
        self.blocks: list[Block] = []
        self.groups: list[SynapseGroup] = []
        self.currents: dict[Current, int] = {}  # and their indices
        self.attachments: list[tuple[int, int, np.ndarray]] = []
        self.samplers: list[Sampler] = []
        self.observers: list[SynapseSampler] = []
        self.histories: dict[int, SpikeHistory] = {}  # by target block of plastic synapses
        self.junctions: list[JunctionGroup] = []
        self.all_junctions: list[tuple] = []  # see coupling.py
        self.coupling = Coupling()
        self.potentials: Potentials | None = None
        self.graded = Graded()
        self.held: dict[DynamicGroup, HeldSpikes] = {}
        self.arrivals = Arrivals()
        self.counted: set[SynapseGroup] = set()  # those that `deliver_counts` is for
        self.exchange, self.device = exchange, device
        self.profile: Profile | None = None
        self.on_piece: Callable[[int], None] | None = None
        self.step = 0
        self.trial = 0
        self.begun = False  # whether step 0 has been done
        self._streams: dict[str, int] = {}
        self.ring = np.zeros((2, 0))
        self.tables = None
        self.records = Records(folder, self.dt, "" if exchange is None else f".{exchange.rank}")
        self._flushed_at = time.perf_counter()
        self._noting = threading.RLock()  # held while what was recorded is noted, or written: see `ending.py`
        self._spike_log = SpikeLog(self.blocks, self.records)

    # --- what there is --------------------------------------------------------------------------

    def add_block(self, model, n, parameters):
        """Add `n` cells of a model; returns the block."""
        first_id = sum(block.n for block in self.blocks)
        block = Block(model, n, parameters, len(self.blocks), first_id, self.own_cells(n))
        block.restart()
        block.stream = self._new_stream(model.name)
        self.blocks.append(block)
        self.graded.add_pools(block)
        self.changed()
        return block

    def remove_last_block(self):
        """Take back the block that was added last, to which nothing has been connected."""
        block = self.blocks.pop()
        self.graded.remove_block(block.index)
        self._streams[block.model.name] -= 1
        self.changed()

    def add_group(self, group):
        """Add a group of synapses, of gap junctions or of graded connections."""
        if isinstance(group, GradedGroup):
            self.graded.groups.append(group)
            if self.begun:
                group.begin()
            self.changed()
            return
        (self.junctions if isinstance(group, JunctionGroup) else self.groups).append(group)
        if self.exact_sums and group not in self.junctions and len(group):
            if isinstance(group, OnDemandGroup):
                group.put_on_grid()
            else:
                group.weights = on_grid(group.weights)
        if isinstance(group, DynamicGroup):
            self._add_dynamic(group)
        group.since = self.step + 1 if self.begun else 0
        self.changed()

    def _add_dynamic(self, group):
        if group.model.is_random:
            group.stream = self._new_stream("synapses")
        if group.model.is_plastic:
            self._bring_back()
            self.histories.setdefault(group.target, SpikeHistory(self.blocks[group.target]))
            group.seen[:] = self.histories[group.target].counts[group.targets]
        if self.begun:
            group.begin(self.step)

    def remove_groups(self, groups):
        """Remove groups of synapses, and the spikes that they hold."""
        for group in groups:
            self.release_arrivals(group)
        gone = {id(group) for group in groups}
        self.groups = [group for group in self.groups if id(group) not in gone]
        self.junctions = [group for group in self.junctions if id(group) not in gone]
        self.graded.groups = [group for group in self.graded.groups if id(group) not in gone]
        self.observers = [o for o in self.observers if id(o.group) not in gone]
        for group in groups:
            self.held.pop(group, None)
        self.changed()

    def add_current(self, current):
        """Add a source of current, if it is not there; returns its index."""
        if current not in self.currents:
            self.currents[current] = len(self.currents)
            current.stream = self._new_stream(current.value.function.__name__)
            self.changed()
        return self.currents[current]

    def attach_current(self, current, block, cells):
        """Inject a current, given by its index, into cells (int, ascending) of a block."""
        if block.injected is None:
            block.injected = np.zeros(block.n)
        self.attachments.append((current, block.index, np.ascontiguousarray(cells, dtype=np.int64)))
        self.changed()

    def sample_current(self, current, first, last):
        """What a current is in the steps `first` to `last` - 1 of this trial: float64, nA."""
        values = np.zeros(max(last - first, 0))
        row = current.row(self.seed, self.trial)
        currents.sample(address_of(row), first, len(values), address_of(values))
        return values

    def record_spikes(self, block, cells, about=None):
        """Record the spikes of these cells too; `about`, a dict, goes into the description of their file."""
        if block.recorded is None:
            block.recorded = np.zeros(block.n, dtype=np.uint8)
        block.recorded[cells] = 1
        block.about = about or {}
        self._spike_log.begin(block)
        self._spike_log.describe_again(block)
        self.changed()

    def add_sampler(self, block, variable, cells, interval, about=None):
        """Sample a state variable of some cells every `interval` steps; returns the sampler.

        `about`, a dict, goes into the description of the samples' file.
        """
        sampler = Sampler(block, variable, cells, interval, self.step, self.records.new_array, about or {})
        self.samplers.append(sampler)
        self.changed()
        return sampler

    def add_synapse_sampler(self, group, variable, places, interval, about=None):
        """Sample the weight or a state variable of some synapses; as `add_sampler`."""
        new_array = self.records.new_array
        sampler = SynapseSampler(group, variable, places, interval, self.step, new_array, about or {})
        self.observers.append(sampler)
        return sampler

    def own_cells(self, n):
        """Which of the `n` cells of a block belong to this process: the first and the last + 1."""
        return (0, n) if self.exchange is None else self.exchange.own_cells(n)

    def changed(self):
        """Say that groups, currents or recordings have changed: the tables are made afresh."""
        self.tables = None

    def _new_stream(self, kind):
        """The stream of random numbers for the next of a kind of things that need one."""
        number = self._streams.get(kind, 0)
        self._streams[kind] = number + 1
        return stream_of(kind, number)

    # --- recorded data --------------------------------------------------------------------------

    def spikes(self):
        """All recorded spikes, if they are in memory: (ids int32, steps int32), in the order of steps,
        blocks and cells."""
        log = self._spike_log.pairs.view()
        return log[:, 0], log[:, 1]

    def spikes_of(self, block):
        """The recorded spikes of a block, in the order of steps and cells: (id, step) pairs of int32, or
        the FiledArray of them."""
        return self._spike_log.of(block)

    def forget_spikes(self, block):
        """Forget the recorded spikes of a block."""
        self._spike_log.forget(block)

    def flush(self):
        """Write all that was recorded to the folder, if there is one.

        Raises OSError; what can't be written stays in memory.
        """
        if self.records.folder is None or not self.begun:
            return
        with signals_held(), self._noting:
            for array in self._spike_log.arrays():
                array.flush()
            for sampler in (*self.samplers, *self.observers):
                sampler.samples.flush()
            self.records.note(self.step)
            self._flushed_at = time.perf_counter()

    def _flush_if_due(self):
        if self.records.folder is None:
            return
        arrays = [self._spike_log.pairs, *(s.samples for s in (*self.samplers, *self.observers))]
        n_bytes = sum(array.held().nbytes for array in arrays)
        if n_bytes > FLUSH_BYTES or time.perf_counter() - self._flushed_at > FLUSH_SECONDS:
            self.flush()

    # --- synapses that change -------------------------------------------------------------------

    def weights_of(self, group):
        """The weights of a plastic group after all that has arrived by now: float64 [synapses]."""
        if not self.begun or not len(group):
            return group.weights
        if group.shown_at != self.step:
            self._update_group(group)
            group.show(self.step + 1)
            group.shown_at = self.step
        return group.shown

    def settle(self, group):
        """Take a plastic group through all that has arrived by now, since something is about to change that
        must not matter for it."""
        if self.begun and len(group):
            self._update_group(group)
            group.model.catch_up(address_of(group.detail), 0, 0, len(group), self.step + 1)
        group.shown_at = None

    def settle_timing(self, group):
        """Let the spikes under way to a plastic group keep their delays, which are about to change."""
        self.settle(group)
        if self.begun:
            self._forget_timings(group)
            group.keep_timing(self.step)

    def _forget_timings(self, group):
        """Forget the earlier timings for which no spikes are under way any more; it has been settled.

        Traces of postsynaptic spikes count from their arrival, so they must be told that this is another one.
        """
        past = self.histories[group.target]
        while group.earlier and group.earlier[0].until + group.earlier[0].longest < self.step:
            before = history.last_arrivals(group, past)
            group.earlier.pop(0)
            group.derive(self.dt, self.blocks[group.target])
            if group.model.trace_rates is None:  # events of other models are when they were
                continue
            moved = (before - history.last_arrivals(group, past)) * group.used_constants[Y_RATE]
            group.state["_y"] *= np.exp(np.minimum(moved, LARGEST_KICK))

    def inherit(self, group, places, other, others_places):
        """Let synapses of a group, given by their places, be those of another, which will be removed."""
        self._bring_back()
        if other in self.held and self.begun:
            self.held[group] = self.held[other]
            other.keep_timing(self.step)
        group.take_over(places, other, others_places)

    def release_arrivals(self, group):
        """Put the spikes under way to a group into the ring buffer, since its weights or delays are about to
        change: they keep those that they were emitted with."""
        if self.device is not None:
            self.device.outdate(self, group)
        on_arrival = group.by_delay and self.device is None
        if not self.begun or not len(group) or not (on_arrival or group in self.counted):
            return
        resize_ring(self, self.ring.shape[1], group.longest)
        if on_arrival:
            self.arrivals.release(group, self.ring, self.channel(group), self.step)
        else:
            counts = self.blocks[group.source].counts
            next_is_there = self.device is None  # a card adds them up when they arrive
            release_counts(group, counts, self.ring, self.channel(group), self.step, next_is_there)
        group.since = self.step + 1
        self.changed()

    def initialize_synapses(self, group, name, values):
        """Set a state variable of synapses, float64 [synapses], now and at the beginning of every trial.

        Their other variables, which are kept as they were at the last spike, go on from what they are now.
        """
        if isinstance(group, GradedGroup):
            group.initialize(name, values)
            return
        others = {}
        if self.begun and len(group):
            if group.model.is_plastic:
                self.settle(group)
            self._update_group(group)
            others = {n: self._state_now(group, n) for n in group.model.state if not n.startswith("_")}
        group.initialize(name, values, self.step)
        for other, now in others.items():
            if other != name:
                group.state[other][:] = now

    def _state_now(self, group, name):
        """A state variable of synapses after the last step: float64 [synapses]."""
        places = np.arange(len(group))
        new_array = lambda what, shape, describe: GrowingArray(shape)  # noqa: E731
        sampler = SynapseSampler(group, name, places, 1, self.step, new_array, {})
        row = sampler.row(self.step)
        group.model.observe(address_of(row), 0, self.blocks[group.target].n, self.step)
        return sampler.samples.reserve(0)[0]

    def _update_group(self, group):
        self._bring_back()
        group.derive(self.dt, self.blocks[group.target])
        self.write_down(group)

    def _bring_back(self):
        """Get back what is on a card, if there is one, before anything looks at it or changes it here."""
        if self.device is not None:
            self.device.bring_back(self)

    def write_down(self, group):
        past = self.histories.get(group.target) if group.model.is_plastic else None
        source, target = self.blocks[group.source], self.blocks[group.target]
        group.write_down(self.seed, self.trial, source, target, past)

    def channel(self, group):
        """Offset of the first place of a group's targets in a slot of the ring buffer."""
        before = sum(block.n * len(block.model.receptors) for block in self.blocks[: group.target])
        return before + group.receptor * self.blocks[group.target].n

    # --- running --------------------------------------------------------------------------------

    def reset(self):
        """Go back to time 0 and the initial state, for a new trial; forget what was recorded."""
        self._bring_back()
        self.step = 0
        self.trial += 1
        self.records.trial = self.trial
        self.begun = False
        self.ring = np.zeros(self.ring.shape)
        self._spike_log = SpikeLog(self.blocks, self.records)
        for block in self.blocks:
            block.restart()
        for group in self.groups:
            if isinstance(group, DynamicGroup):
                group.restart()
        self.coupling.forget()
        self.graded.restart()
        for kept in (*self.histories.values(), *self.held.values(), self.arrivals):
            kept.clear()
        for group in self.groups:
            group.since = 0
        for sampler in (*self.samplers, *self.observers):
            sampler.clear(0)
        self.changed()

    def run(self, n_steps):
        """Advance by `n_steps` steps.

        Raises NumericalError when a state is no longer finite; what was recorded until then is kept.
        """
        last = self.step + n_steps
        next_step = self.step + 1 if self.begun else 0
        if last < next_step:
            return
        prepare(self)
        period = self._period
        for sampler in self.samplers:
            sampler.sample(self.step)
        if not self.begun:
            for group in self.groups:
                if isinstance(group, DynamicGroup):
                    group.begin(0)
        for sampler in self.observers:
            sampler.sample(self)
        self.coupling.begin(self.blocks, self.step)
        if self.potentials is not None:
            self.potentials.share(self.step)
        if self.device is None:  # a card refuses them
            self.graded.begin(self)
        self.begun = True
        if self.records.folder is None:
            self._reserve_samples(last)
        longest = max(self._longest_piece() // period * period, period)
        piece = min(max(FIRST_PIECE // period * period, period), longest)
        while next_step <= last:
            began = time.perf_counter()
            try:
                with signals_held():  # what a piece has done and what the network knows of it go together
                    done = self._run_piece(next_step, min(next_step + piece - 1, last))
                seconds = max(time.perf_counter() - began, 1e-6)
                self._after_piece(next_step, done, seconds)
            except BaseException:
                if self.exchange is not None and self.step < last:
                    self.exchange.give_up()
                raise
            piece = int(np.clip(piece * PIECE_SECONDS / seconds, 1, min(10 * piece, longest)))
            piece = max(piece // period, 1) * period  # all processes exchange spikes after the same steps
            next_step = done + 1

    def _after_piece(self, first, done, seconds):
        """Say what the steps `first` to `done` have taken and how far the run is, and write recordings."""
        if self.profile is not None:
            self.profile.note(self.samplers + self.observers, first, done, seconds)
        self._flush_if_due()
        if self.on_piece is not None:
            self.on_piece(done)

    @property
    def _period(self):
        """Steps after which the run loop can stop."""
        return 1 if self.exchange is None else self.exchange.period

    def _longest_piece(self):
        """The most steps of a piece, whose samples must go into memory before they go into files."""
        if self.records.folder is None:
            return MAX_STEPS
        n_bytes = sum(sampler.bytes_per_step() for sampler in (*self.samplers, *self.observers))
        return int(np.clip(FLUSH_BYTES / max(n_bytes, 1), 1, MAX_STEPS))

    def _reserve_samples(self, last):
        """Make room for all samples of a run, so that they needn't be copied to where there is more.

        Memory is taken only as it is written to. Where it can't be had, there is still the way of growing.
        """
        with contextlib.suppress(MemoryError):
            for sampler in (*self.samplers, *self.observers):
                sampler.room_until(last)

    def _run_piece(self, first, last):
        """Run steps `first` to `last`, or fewer; returns the last one done."""
        if self.device is not None:
            return self._run_on_device(first, last)
        tables = self.tables._replace(
            samplers=rows_of(
                [s.row(last, self.tables.ranges[:, s.block.index]) for s in self.samplers],
                SAMPLER_ROW,
            ),
            observers=rows_of([o.row(last) for o in self.observers], dynamic.OBSERVER_ROW),
        )
        write_parts(tables)
        self._reserve_logs(tables.threads)
        self.stop[:] = 0
        if self.exchange is not None:
            return self._run_exchanging(tables, first, last)
        return self._note_done(tables, self._run_threads(loop.run, tables, first, last))

    def _run_on_device(self, first, last):
        self.step, failed = self.device.run(self, first, last)
        if failed is not None:
            raise NumericalError(*failed, self.step)
        return self.step

    def take_spikes(self, pairs):
        """Take over recorded spikes: (id, step) pairs of int32, in the order of steps, blocks and cells."""
        self._spike_log.extend(pairs)

    def _note_done(self, tables, done):
        """Note that the steps until `done` have been; returns it. Raises NumericalError."""
        with self._noting:
            self.step = int(done)
            for sampler in (*self.samplers, *self.observers):
                sampler.samples.length = sampler.rows_until(self.step)
            self._collect_logs(tables.threads)
        for words in tables.threads:
            if words[FAILED_BLOCK] >= 0:
                error = NumericalError(*(int(words[k]) for k in (FAILED_BLOCK, FAILED_CELL, FAILED_STEP)))
                words[FAILED_BLOCK] = -1
                raise error
        return self.step

    def _run_exchanging(self, tables, first, last):
        """Run a piece together with the other processes. Raises what has become of these."""
        done, exchange = first - 1, self.exchange
        while done < last and not exchange.has_ended:
            done = self._run_threads(loop.run_exchanging, tables, done + 1, last)
            exchange.make_room()
            if exchange.logs_are_full:
                self._collect_logs(tables.threads)
                self._reserve_logs(tables.threads)
        self._note_done(tables, exchange.reached if exchange.has_ended else done)
        if exchange.has_ended:
            raise exchange.failure()
        return done

    def _run_threads(self, function, tables, first, last):
        """Call a function of the run loop in all threads; returns the least that it gives.

        Code that checks itself (in tests) may fail, in any of them.
        """
        done = [0] * len(tables.threads)
        failures = []
        words = words_of(tables, 0 if self.exchange is None else self.exchange.rank)
        all_there, given_up = threading.Event(), []

        def work(thread):
            all_there.wait()  # one that is missing would have the others wait at the barrier for ever
            if given_up:
                return
            try:
                done[thread] = function(address_of(words), thread, first, last)
            except BaseException as error:
                failures.append(error)
                self.stop[:] = 1
                self.barrier[1] = 1  # don't wait for this thread

        others = [
            threading.Thread(target=work, args=(thread,), daemon=True)
            for thread in range(1, len(tables.threads))
        ]
        try:
            for other in others:
                other.start()
        except RuntimeError:  # what Python raises when the system has no room for another thread
            given_up.append(True)
            raise MemoryError(f"no room for {len(others)} more threads") from None
        finally:
            all_there.set()
        work(0)
        for other in others:
            other.join()
        if failures:
            self.changed()
            raise failures[0]
        return min(done)

    def _reserve_logs(self, threads):
        """Give each thread room for spikes: what can come before they are looked at, and as much as one step
        can add, or what there is."""
        for words, log in zip(threads, self.logs, strict=True):
            buffer = log.reserve((self._period + 1) * int(words[LOG_SLACK]))
            words[LOG] = address_of(buffer)
            words[LOG_CAPACITY] = len(buffer)
            words[LOG_LENGTH] = 0
        self._spike_log.pairs.reserve(int(threads[:, LOG_CAPACITY].sum()))  # not when it is too late

    def _collect_logs(self, threads):
        """Append the threads' spikes to the network's log, in the order of steps, blocks and cells."""
        parts = [log.reserve(0)[: words[LOG_LENGTH]] for words, log in zip(threads, self.logs, strict=True)]
        found = np.concatenate(parts)
        if len(parts) > 1:
            found = found[np.lexsort((found[:, 0], found[:, 1]))]
        if self.exchange is not None and self.exchange.has_ended:
            found = found[found[:, 1] <= self.step]
        self._spike_log.extend(found)
        for words, log in zip(threads, self.logs, strict=True):
            if words[LOG_CAPACITY] - words[LOG_LENGTH] < self._period * words[LOG_SLACK]:
                log.reserve(2 * len(log.reserve(0)))  # it was full: give it more room next time
