"""
What a simulation consists of, and the Python side of running it.

A `Network` is a list of blocks (cells of one model), groups of synapses between blocks, injected
currents and samplers. They can be changed between runs; before each run the network writes down
what has changed in the tables of `loop.py`, and the rest happens in one compiled call.
"""

import contextlib
import copy
import threading
import time

import numpy as np

from . import currents, dynamic, history, kernel, loop
from .addresses import address_in_system, address_of, addresses_within, table_of
from .arrival import ARRIVAL_ROW, Arrivals, release_counts
from .currents import Current
from .dynamic import DynamicGroup
from .gap import COUPLED_ROW, Coupling, JunctionGroup
from .history import HeldSpikes, SpikeHistory
from .kernel import Model
from .profile import Profile
from .records import GrowingArray, Records
from .rng import stream_of
from .samplers import Sampler, SynapseSampler
from .signals import signals_held
from .spike_log import SpikeLog
from .synapses import BY_COUNTS, GROUP_ROW, SINCE, SynapseGroup, is_one_to_one

PIECE_SECONDS = 0.2  # wall time of one compiled call, after which Ctrl-C is heard
FIRST_PIECE = 100  # steps, before the time of one step is known
CELLS_PER_THREAD = 2500  # of SIMPLE models; fewer are not worth a barrier a step
SIMPLE = 10  # constants; a model of more takes about as much longer
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


class Block:
    """Cells of one model.

    parameters   float, or float64 [cells], by name; or whatever else the model takes
    state        float64 [cells] by name
    initial      what `state` is set to at the beginning of a trial: float, or float64 [cells]
    injected     nA, float64 [cells], or None if no current is injected
    coupled      the same with what flows through gap junctions, or None if there are none
    recorded     uint8 [cells], whose spikes are recorded, or None
    counts       int32 [steps, cells]: of a source that counts its spikes, how often they spiked in step k
                 at k modulo steps
    """

    def __init__(self, model: Model, n: int, parameters: dict, index: int, first_id: int):
        self.model, self.n, self.index, self.first_id = model, n, index, first_id
        self.parameters = dict(parameters)
        self.initial = dict(model.state)
        self.state = dict(zip(model.state, np.zeros((len(model.state), n)), strict=True))
        self.injected = None
        self.coupled = None
        self.recorded = None
        self.counts = np.zeros((1, n if model.counts else 0), dtype=np.int32)
        self.dirty = True
        self.started = False
        self.constants = ()

    def set(self, **parameters):
        """Change parameters, from the next step on."""
        self.parameters.update(parameters)
        self.dirty = True

    def initialize(self, name, value, cells=slice(None)):
        """Set a state variable of some cells, now and at the beginning of every trial."""
        initial = np.broadcast_to(self.initial[name], self.n).astype(float)
        initial[cells] = value
        self.initial[name] = initial
        self.state[name][cells] = value
        self._outdate(cells)

    def restart(self):
        """Go back to the beginning of a trial."""
        for name, value in self.initial.items():
            self.state[name][:] = value
        self.started = False
        self.dirty = True

    def _outdate(self, cells):
        """What follows from other state and constants of these cells is out of date: see adaptive.py."""
        if self.model.refresh:
            part = self.state["_part"]
            part[cells] = -np.abs(part[cells])

    def update_constants(self, dt, seed, stream, trial, step):
        """Derive the constants from the parameters, where these have changed."""
        words = {"_seed": float(seed), "_stream": float(stream), "_trial": float(trial)}
        before = self.constants
        with np.errstate(all="ignore"):  # what is not finite is reported with the cell, by the run
            self.constants = tuple(self.model.constants(self.parameters | words, dt))
        if self.model.refresh:
            for old, new in zip(before, self.constants, strict=False):  # none before the first step
                self._outdate(np.broadcast_to(np.not_equal(old, new), self.n))
        if not self.started and self.model.restart:
            self.model.restart(self.constants, self.state, step)
        elif self.started and self.model.changed:
            self.model.changed(self.constants, before, self.state, step)
        self.started = True
        self.dirty = False

    def capacity(self, cells):
        """The most spikes that `cells` of these cells can have in one step."""
        return self.model.capacity(self.constants, self.n) if self.model.is_source else cells

    @property
    def counts_spikes(self):
        """Whether it is a source that counts its spikes, instead of listing them: see kernel.py."""
        return self.model.counts is not None and self.model.counts(self.constants)

    def keep_counts(self, steps, step):
        """Keep the numbers of spikes of so many steps; `step` was the last one."""
        kept = len(self.counts)
        if steps <= kept:
            return
        counts = np.zeros((steps, self.n), dtype=np.int32)
        for k in range(max(step - kept + 1, 0), step + 1):
            counts[k % steps] = self.counts[k % kept]
        self.counts = counts

    def row(self, channel, listed):
        """The row of the run loop's table; the arrays it points to are kept in `self`.

        listed   whether a source that counts its spikes must also list them
        """
        uniform = not self.model.is_source and all(np.ndim(value) == 0 for value in self.constants)
        # A uniform constant is an array of one chunk that every chunk sees; sources see all cells.
        length = self.n if self.model.is_source else min(self.model.chunk, self.n)
        arrays, strides = [], []
        for value in self.constants:
            if np.ndim(value) == 0:
                arrays.append(np.full(length, float(value)))
                strides.append(0)
            else:
                arrays.append(np.ascontiguousarray(value, dtype=np.float64))
                strides.append(8)
        current = np.zeros(length) if self.injected is None else self.injected
        counting = self.counts_spikes
        self._kernel = kernel.kernel_of(self.model, len(self.constants), uniform, counting)
        self._constants_table = table_of(arrays, strides)
        self._state_table = table_of(list(self.state.values()), [8] * len(self.state))
        stride = 0 if self.injected is None else 8
        everything = current if self.coupled is None else self.coupled
        strides = [stride if self.coupled is None else 8, stride]
        self._current_table = table_of([everything, current], strides)
        self._kept = arrays, current
        words = np.zeros(kernel.ROW, dtype=np.int64)
        words[kernel.KERNEL] = self._kernel.address
        words[kernel.SIZE] = self.n
        words[kernel.IS_SOURCE] = self.model.is_source
        words[kernel.STATE] = address_of(self._state_table)
        words[kernel.CONSTANTS] = address_of(self._constants_table)
        words[kernel.CHANNEL] = channel
        words[kernel.CURRENT] = address_of(self._current_table)
        words[kernel.FIRST_ID] = self.first_id
        words[kernel.RECORD] = 0 if self.recorded is None else address_of(self.recorded)
        words[kernel.CAPACITY] = self.capacity(self.n)
        words[kernel.COUNTS] = address_of(self.counts) if counting else 0
        words[kernel.KEPT] = len(self.counts)
        words[kernel.LISTED] = listed
        return words


class Network:
    """A network, and the time that it is at.

    dt        ms
    threads   at most so many are used; the result is the same for any number
    seed      of everything random that happens during a run
    folder    where recordings go in the course of a run, or None if they stay in memory
    profile   a Profile of what takes how long, or None
    step      number of the last step done; the time is step * dt
    """

    def __init__(self, dt, threads=1, seed=42, folder=None):
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
        self.coupling = Coupling()
        self.held: dict[DynamicGroup, HeldSpikes] = {}
        self.arrivals = Arrivals()
        self.counted: set[SynapseGroup] = set()  # those that `deliver_counts` is for
        self.profile: Profile | None = None
        self.step = 0
        self.trial = 0
        self.begun = False  # whether step 0 has been done
        self._streams: dict[str, int] = {}
        self._ring = np.zeros((2, 0))
        self._tables = None
        self.records = Records(folder, self.dt)
        self._flushed_at = time.perf_counter()
        self._spike_log = SpikeLog(self.blocks, self.records)

    # --- what there is --------------------------------------------------------------------------

    def add_block(self, model, n, parameters):
        """Add `n` cells of a model; returns the block."""
        first_id = sum(block.n for block in self.blocks)
        block = Block(model, n, parameters, len(self.blocks), first_id)
        block.restart()
        block.stream = self._new_stream(model.name)
        self.blocks.append(block)
        self.changed()
        return block

    def remove_last_block(self):
        """Take back the block that was added last, to which nothing has been connected."""
        block = self.blocks.pop()
        self._streams[block.model.name] -= 1
        self.changed()

    def add_group(self, group):
        """Add a group of synapses or of gap junctions."""
        (self.junctions if isinstance(group, JunctionGroup) else self.groups).append(group)
        if isinstance(group, DynamicGroup):
            self._add_dynamic(group)
        group.since = self.step + 1 if self.begun else 0
        self.changed()

    def _add_dynamic(self, group):
        if group.model.is_random:
            group.stream = self._new_stream("synapses")
        if group.model.is_plastic:
            self.histories.setdefault(group.target, SpikeHistory(self.blocks[group.target]))
            group.seen[:] = self.histories[group.target].counts[group.targets]
        if self.begun:
            group.begin(self.step)

    def remove_groups(self, groups):
        """Remove groups of synapses; held spikes must have been released."""
        for group in groups:
            self.release_arrivals(group)
        gone = {id(group) for group in groups}
        self.groups = [group for group in self.groups if id(group) not in gone]
        self.junctions = [group for group in self.junctions if id(group) not in gone]
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
        self._spike_log.describe_again(block)
        self.changed()

    def add_sampler(self, block, variable, cells, interval, about=None):
        """Sample a state variable of some cells every `interval` steps; returns the sampler.

        `about`, a dict, goes into the description of the samples' file.
        """
        sampler = Sampler(block, variable, cells, interval, self.step, self.records.new_array, about or {})
        self.samplers.append(sampler)
        return sampler

    def add_synapse_sampler(self, group, variable, places, interval, about=None):
        """Sample the weight or a state variable of some synapses; as `add_sampler`."""
        new_array = self.records.new_array
        sampler = SynapseSampler(group, variable, places, interval, self.step, new_array, about or {})
        self.observers.append(sampler)
        return sampler

    def changed(self):
        """Say that groups, currents or recordings have changed: the tables are made afresh."""
        self._tables = None

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
        with signals_held():
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

    def catch_up(self, group):
        """Take a plastic group through the spikes of its targets until now."""
        if self.begun and len(group) and group.caught_up != self.step:
            group.caught_up = self.step
            self._update_group(group)
            group.model.catch_up(address_of(group.detail), 0, 0, len(group), self.step + 1)

    def release_held(self, group):
        """Deliver the spikes that a group holds now, since its delays are about to change.

        They keep the delay that they were emitted with, but not the spikes of the targets to come.
        """
        if group not in self.held or not self.begun:
            return
        self._update_group(group)
        held = self.held[group]
        row = copy.copy(group).row(self._channel(group), self.blocks[group.target].n, 1, None)
        head = np.array([address_of(self._ring), len(self._ring) - 1, self._ring.shape[1]], dtype=np.int64)
        longest = int(history.held_for(group)[0])
        for emitted in range(max(self.step - longest + 1, 0), self.step + 1):
            cells = held.of(emitted)
            group.model.kernel(
                address_of(row),
                0,
                address_of(cells),
                len(cells),
                address_of(head),
                emitted,
                self.step - emitted + 1,
                longest,
            )
        held.clear()

    def release_arrivals(self, group):
        """Put the spikes under way to a group into the ring buffer, since its weights or delays are about to
        change: they keep those that they were emitted with."""
        if not self.begun or not (group.by_delay or group in self.counted):
            return
        self._resize_ring(self._ring.shape[1], group.longest)
        if group.by_delay:
            self.arrivals.release(group, self._ring, self._channel(group), self.step)
        else:
            counts = self.blocks[group.source].counts
            release_counts(group, counts, self._ring, self._channel(group), self.step)
        group.since = self.step + 1
        self.changed()

    def _update_group(self, group):
        group.derive(self.dt, self.blocks[group.target])
        self._write_down(group)

    def _write_down(self, group):
        past = self.histories.get(group.target) if group.model.is_plastic else None
        group.write_down(self.seed, self.trial, past)

    def _channel(self, group):
        """Offset of the first place of a group's targets in a slot of the ring buffer."""
        before = sum(block.n * len(block.model.receptors) for block in self.blocks[: group.target])
        return before + group.receptor * self.blocks[group.target].n

    # --- running --------------------------------------------------------------------------------

    def reset(self):
        """Go back to time 0 and the initial state, for a new trial; forget what was recorded."""
        self.step = 0
        self.trial += 1
        self.records.trial = self.trial
        self.begun = False
        self._ring[:] = 0.0
        self._spike_log = SpikeLog(self.blocks, self.records)
        for block in self.blocks:
            block.restart()
        for group in self.groups:
            if isinstance(group, DynamicGroup):
                group.restart()
        self.coupling.forget()
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
        self._prepare()
        for sampler in self.samplers:
            sampler.sample(self.step)
        if not self.begun:
            for group in self.groups:
                if isinstance(group, DynamicGroup):
                    group.begin(0)
        for sampler in self.observers:
            sampler.sample(self)
        self.coupling.begin(self.blocks, self.step)
        self.begun = True
        if self.records.folder is None:
            self._reserve_samples(last)
        longest = self._longest_piece()
        piece = min(FIRST_PIECE, longest)
        while next_step <= last:
            began = time.perf_counter()
            with signals_held():  # what a piece has done and what the network knows of it go together
                done = self._run_piece(next_step, min(next_step + piece - 1, last))
            seconds = max(time.perf_counter() - began, 1e-6)
            if self.profile is not None:
                self.profile.note(self.samplers + self.observers, next_step, done, seconds)
            self._flush_if_due()
            piece = int(np.clip(piece * PIECE_SECONDS / seconds, 1, min(10 * piece, longest)))
            next_step = done + 1

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
        tables = self._tables._replace(
            samplers=_rows(
                [s.row(last, self._tables.ranges[:, s.block.index]) for s in self.samplers],
                loop.SAMPLER_ROW,
            ),
            observers=_rows([o.row(last) for o in self.observers], dynamic.OBSERVER_ROW),
        )
        self._reserve_logs(tables.threads)
        self._stop[:] = 0
        if len(tables.threads) == 1:
            words = loop.words_of(tables)
            done = loop.run(address_of(words), 0, first, last)
        else:
            done = self._run_threads(tables, first, last)
        self.step = int(done)
        for sampler in (*self.samplers, *self.observers):
            sampler.samples.length = sampler.rows_until(self.step)
        self._collect_logs(tables.threads)
        for words in tables.threads:
            if words[loop.FAILED_BLOCK] >= 0:
                error = NumericalError(int(words[loop.FAILED_BLOCK]), int(words[loop.FAILED_CELL]), self.step)
                words[loop.FAILED_BLOCK] = -1
                raise error
        return self.step

    def _run_threads(self, tables, first, last):
        """Run a piece in all threads. Code that checks itself (in tests) may fail, in any of them."""
        done = [0] * len(tables.threads)
        failures = []
        words = loop.words_of(tables)
        all_there, given_up = threading.Event(), []

        def work(thread):
            all_there.wait()  # one that is missing would have the others wait at the barrier for ever
            if given_up:
                return
            try:
                done[thread] = loop.run(address_of(words), thread, first, last)
            except BaseException as error:
                failures.append(error)
                self._stop[:] = 1
                self._barrier[1] = 1  # don't wait for this thread

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
        """Give each thread room for spikes: twice what one step can add, or what there is."""
        for words, log in zip(threads, self._logs, strict=True):
            buffer = log.reserve(2 * int(words[loop.LOG_SLACK]))
            words[loop.LOG] = address_of(buffer)
            words[loop.LOG_CAPACITY] = len(buffer)
            words[loop.LOG_LENGTH] = 0
        self._spike_log.pairs.reserve(int(threads[:, loop.LOG_CAPACITY].sum()))  # not when it is too late

    def _collect_logs(self, threads):
        """Append the threads' spikes to the network's log, in the order of steps, blocks and cells."""
        parts = [
            log.reserve(0)[: words[loop.LOG_LENGTH]] for words, log in zip(threads, self._logs, strict=True)
        ]
        found = np.concatenate(parts)
        if len(parts) > 1:
            found = found[np.lexsort((found[:, 0], found[:, 1]))]
        self._spike_log.extend(found)
        for words, log in zip(threads, self._logs, strict=True):
            if words[loop.LOG_CAPACITY] - words[loop.LOG_LENGTH] < words[loop.LOG_SLACK]:
                log.reserve(2 * len(log.reserve(0)))  # it was full: give it more room next time

    # --- tables ---------------------------------------------------------------------------------

    def _prepare(self):
        """Write down in the tables what has changed since the last run."""
        if any(block.dirty for block in self.blocks):
            self.changed()
        for block in self.blocks:
            if block.dirty:
                step = self.step if self.begun else -1
                with signals_held():
                    block.update_constants(self.dt, self.seed, block.stream, self.trial, step)
        if self._tables is None:
            self._tables = self._make_tables()

    def _make_tables(self):
        n_cells = sum(block.n * max(len(block.constants) / SIMPLE, 1.0) for block in self.blocks)
        n_threads = max(1, min(self.threads, int(n_cells // CELLS_PER_THREAD)))
        self.coupling.connect(self.junctions, self.blocks)
        for index in self.coupling.blocks:
            if self.blocks[index].coupled is None:
                self.blocks[index].coupled = np.zeros(self.blocks[index].n)
        ranges = np.empty((n_threads, len(self.blocks), 2), dtype=np.int64)
        for block in self.blocks:
            edges = block.n * np.arange(n_threads + 1) // n_threads
            ranges[:, block.index, 0] = edges[:-1]
            ranges[:, block.index, 1] = edges[1:]
        self._find_counted(ranges)
        on_arrival = [group for group in self.groups if group.by_delay]
        groups = sorted((g for g in self.groups if not g.by_delay), key=lambda group: group.source)
        channels = np.cumsum([0] + [block.n * len(block.model.receptors) for block in self.blocks])
        width = int(channels[-1])
        self._resize_ring(width, max((g.longest for g in groups if g not in self.counted), default=1))
        listed = {group.source for group in self.groups if group not in self.counted}
        listed |= {block.index for block in self.blocks if block.recorded is not None}
        blocks = _rows(
            [b.row(first, b.index in listed) for b, first in zip(self.blocks, channels, strict=False)],
            kernel.ROW,
        )
        self._prepare_dynamic([group for group in groups if isinstance(group, DynamicGroup)])
        group_rows = [
            group.row(
                channels[group.target] + group.receptor * self.blocks[group.target].n,
                self.blocks[group.target].n,
                n_threads,
                ranges[:, group.target],
            )
            for group in groups
        ]
        self.arrivals.merge(on_arrival, self._channel, ranges[:, :, 1])
        first_group = np.searchsorted([group.source for group in groups], np.arange(len(self.blocks) + 1))
        group_rows = _rows(group_rows, GROUP_ROW)
        group_rows[:, BY_COUNTS] = [group in self.counted for group in groups]
        group_rows[:, SINCE] = [group.since for group in groups]
        self._barrier = np.zeros(8, dtype=np.int64)
        self._stop = np.zeros(2, dtype=np.int64)
        head = np.zeros(loop.HEAD, dtype=np.int64)
        head[loop.RING] = address_of(self._ring)
        head[loop.MASK] = len(self._ring) - 1
        head[loop.WIDTH] = width
        head[loop.BARRIER] = address_of(self._barrier)
        head[loop.YIELD] = address_in_system("SwitchToThread", "sched_yield")
        head[loop.STOP] = address_of(self._stop)
        counts, spikes, slack = self._make_spike_lists(ranges)
        sources = [current.row(self.seed, self.trial) for current in self.currents]
        return loop.Tables(
            head=head,
            threads=self._make_threads(slack),
            blocks=blocks,
            ranges=ranges,
            groups=group_rows,
            first_group=first_group.astype(np.int64),
            counts=counts,
            spikes=spikes,
            sources=_rows(sources, currents.SOURCE_ROW),
            attachments=self._make_attachments(),
            values=np.full((n_threads, len(sources)), np.nan),
            renewed=self._renewed_currents(ranges),
            samplers=np.zeros((0, loop.SAMPLER_ROW), dtype=np.int64),
            histories=self._make_histories(),
            held=_rows(
                [self.held[g].row(g, k) for k, g in enumerate(groups) if g in self.held], history.HELD_ROW
            ),
            observers=np.zeros((0, dynamic.OBSERVER_ROW), dtype=np.int64),
            coupled=_rows(self.coupling.rows(self.blocks), COUPLED_ROW),
            arrivals=_rows(self.arrivals.rows(self.blocks, self.step), ARRIVAL_ROW),
            **self._profile_tables(n_threads),
        )

    def _find_counted(self, ranges):
        """Find the groups whose spikes wait as numbers, and keep these for as long as they wait."""
        counted = {g for g in self.groups if self.blocks[g.source].counts_spikes and is_one_to_one(g, ranges)}
        for group in self.counted - counted:
            self.release_arrivals(group)
        for group in counted - self.counted:
            group.since = self.step + 1 if self.begun else 0
        for group in counted:
            self.blocks[group.source].keep_counts(group.longest, self.step)
        self.counted = counted

    def _profile_tables(self, n_threads):
        profile = self.profile
        if profile is None:
            nothing = np.zeros(0, dtype=np.int64)
            return {"profile": nothing, "parts": nothing, "degrees": np.zeros(len(self.blocks), np.int64)}
        profile.prepare(n_threads, self.blocks, self.groups)
        return {"profile": profile.threads, "parts": profile.blocks, "degrees": profile.degrees}

    def _prepare_dynamic(self, groups):
        """Make room for the spikes that groups may need again, and write down where everything is."""
        for group in groups:
            group.derive(self.dt, self.blocks[group.target])
        for group in filter(_is_plastic, groups):
            self.histories[group.target].reserve(history.window(group))
            longest = max(history.held_for(group), default=0)
            if longest == 0:
                self.held.pop(group, None)
                continue
            source = self.blocks[group.source]
            held = self.held.setdefault(group, HeldSpikes())
            held.reserve(int(longest), source.capacity(source.n), self.step)
        for group in groups:
            self._write_down(group)

    def _make_histories(self):
        return _rows(
            [
                past.row([g for g in self.groups if g.target == block and _is_plastic(g)])
                for block, past in self.histories.items()
            ],
            history.HISTORY_ROW,
        )

    def _make_threads(self, slack):
        """Rows of the threads' table; `slack` is the most spikes that a step can add, per thread."""
        longest = max((block.model.chunk for block in self.blocks), default=1)
        self._scratch = np.zeros((len(slack), longest), dtype=np.int64)
        self._logs = [GrowingArray((2,), np.int32) for _ in slack]
        threads = np.zeros((len(slack), loop.THREAD_ROW), dtype=np.int64)
        threads[:, loop.SCRATCH] = [address_of(row) for row in self._scratch]
        threads[:, loop.LOG_SLACK] = slack
        threads[:, loop.FAILED_BLOCK] = -1
        return threads

    def _make_spike_lists(self, ranges):
        """Counts and addresses of the lists of spikes, and the most recorded in one step."""
        n_threads = len(ranges)
        rooms = np.array(
            [[b.capacity(int(last - first)) for b, (first, last) in zip(self.blocks, part, strict=True)]
             for part in ranges],
            dtype=np.int64,
        ).reshape(n_threads, len(self.blocks))  # fmt: skip
        ends = np.cumsum(rooms)
        starts = (ends - rooms.ravel()).reshape(rooms.shape)
        total = int(ends[-1]) if len(ends) else 0
        self._spike_lists = np.zeros((2, max(total, 1)), dtype=np.int32)
        spikes = np.stack([addresses_within(row, starts, rooms) for row in self._spike_lists])
        counts = np.zeros((2, n_threads, len(self.blocks)), dtype=np.int64)
        recorded = [block.recorded is not None for block in self.blocks]
        return counts, spikes, rooms[:, recorded].sum(axis=1)

    def _renewed_currents(self, ranges):
        """For each thread, which currents have cells in its ranges."""
        renewed = np.full((len(ranges), len(self.currents)), currents.NO_CELLS, dtype=np.int64)
        for current, block, cells in self.attachments:
            begin, end = np.searchsorted(cells, ranges[:, block].T)
            renewed[end > begin, current] = 0
        return renewed

    def _make_attachments(self):
        rows = []
        for current, block, cells in sorted(self.attachments, key=lambda attachment: attachment[1]):
            words = np.zeros(currents.ATTACHMENT_ROW, dtype=np.int64)
            words[currents.ATTACHED_SOURCE] = current
            words[currents.ATTACHED_BLOCK] = block
            words[currents.CELLS] = address_of(cells)
            words[currents.N_CELLS] = len(cells)
            words[currents.WITHOUT_GAPS] = np.all(np.diff(cells) == 1)
            rows.append(words)
        return _rows(rows, currents.ATTACHMENT_ROW)

    def _resize_ring(self, width, longest):
        """Make the ring buffer large enough for the longest delay, in steps; keep the spikes under way."""
        slots = 1 << int(longest).bit_length()
        slots = max(slots, len(self._ring))
        if self._ring.shape == (slots, width):
            return
        ring = np.zeros((slots, width))
        for ahead in range(1, len(self._ring)):
            old = self._ring[(self.step + ahead) % len(self._ring)]
            ring[(self.step + ahead) % slots, : len(old)] = old
        self._ring = ring


def _is_plastic(group):
    return isinstance(group, DynamicGroup) and group.model.is_plastic


def _rows(rows, length):
    """Rows of words as one table, also where there are none."""
    return np.array(rows, dtype=np.int64).reshape(len(rows), length)
