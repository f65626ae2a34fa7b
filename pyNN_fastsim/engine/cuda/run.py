"""
Pieces of a run on a card: what is launched, what comes back, and why a run stops.

A piece is cut into chunks, as long as their recordings have room on the card. While one chunk runs, the
recordings of the one before leave; there are two `Outbox`es, used in turn. A cell that fails, or a log
without room for another step, stops the network at that step by itself: kernels of later steps, which may
have been launched by then, do nothing.
"""

import numpy as np

from ..recording.samplers import Sampler
from . import cards, support, words
from .errors import DeviceError, NotOnCard
from .launching import VARIABLE, Launcher, loop_asked_for
from .memory import Buffer, Copies, arrays_of, sent, settle
from .plan import Plan, needed_bytes

CHUNK = 2048  # steps at most
LOG_STEPS = 64  # for which the log of recorded spikes has room at least, whatever cells do
LEAST_LOG = 2**16  # pairs
OUTBOX_BYTES = 2**25  # of samples, and as many of numbers of currents


class Outbox:
    """Where recordings of a chunk are kept until they have left.

    log        pairs of int32
    samples    by sampler, float64 [rows, cells]
    report     see `words.REPORT`
    """

    def __init__(self, log_capacity, samplers, n_steps, n_currents):
        self.log = Buffer((log_capacity, 2), np.int32)
        self.report = Buffer(words.REPORT, np.int64)
        self.samples = [Buffer((n_steps // s.interval + 1, s.width), np.float64) for s in samplers]
        self.table = Buffer((len(samplers), words.SAMPLER_ROW), np.int64)
        self.currents = Buffer((n_steps, n_currents), np.float64)
        self.begin = Buffer(5, np.int64)


class CardLoop:
    """What runs a network on a card, in the place of the run loop of the CPU; `Network.device`."""

    def __init__(self):
        self.name = cards.check()
        self._loop = loop_asked_for()
        self._copies = Copies()
        self._residents = {}  # see histories.py
        self._plan = self._launcher = None
        self._ring = None  # the ring buffer's Buffer
        self._ring_is_away = False
        self._network = None
        self._is_ahead = False  # whether the card has done more than what is recorded

    # --- before a run -----------------------------------------------------------------------------------

    def prepare(self, network):
        """Make the tables of a network; what it needs is sent when it runs.

        Raises NotOnCard, or TooLarge, before anything has changed.
        """
        fault = support.fault_of(network)
        if fault:
            raise NotOnCard(f"{fault} are not there on a GPU. {cards.ON_CPU}")
        self.bring_back(network)
        self._copies.begin()
        self.check_room(network)
        self._network = network
        self._is_ahead = self._is_ahead and network.begun
        self._plan = Plan(network, self._copies, self._residents)
        self._make_head(network)
        self._outboxes = None
        if self._launcher is not None:
            self._launcher.close()
        self._launcher = Launcher(self._plan, self._head, self._loop)
        return self._plan

    def check_room(self, network):
        """Raise TooLarge if the card has no room for what a network needs and is not there yet."""
        placed = sum(state.placed_bytes for state in (() if self._plan is None else self._plan.states))
        placed += 0 if self._ring is None else self._ring.nbytes
        cards.check_room(needed_bytes(network, self._copies, placed))

    def _make_head(self, network):
        if self._ring is None or self._ring.shape != network.ring.shape:
            self._ring = Buffer(network.ring.shape, np.float64)
        plan = self._plan
        log_capacity = max(LOG_STEPS * plan.slack, LEAST_LOG)
        head = np.zeros(words.HEAD, dtype=np.int64)
        head[words.STOP], head[words.FAILED] = words.FOREVER, words.NOBODY
        head[words.RING], head[words.MASK] = self._ring.address, len(network.ring) - 1
        head[words.WIDTH] = network.ring.shape[1]
        head[words.LIST], head[words.LISTED] = plan.list.address, plan.listed.address
        head[words.UNITS_SHIFT] = plan.units_shift
        head[words.LOG_CAPACITY], head[words.LOG_SLACK] = log_capacity, plan.slack
        head[words.N_CURRENTS] = len(network.currents)
        head[words.SAMPLE_TILES], head[words.N_SAMPLE_TILES] = plan.sample_tiles.address, plan.n_sample_tiles
        head[words.DRAWN_TILES] = plan.tiles.address + 8 * words.TILE_ROW * plan.n_tiles
        head[words.N_DRAWN_TILES] = plan.n_drawn
        self._words = head
        self._head = sent(head)

    def extremes(self, recipe):
        """See `building.extremes`."""
        from . import building

        return building.extremes(recipe)

    def counts_of_columns(self, pattern, numbers):
        """See `building.counts_of_columns`."""
        from . import building

        return building.counts_of_columns(pattern, numbers)

    def outdate(self, network, group):
        """Say that weights and delays of a group are about to change, and what is under way may be."""
        self.bring_back(network)
        for name, array in arrays_of(group)[0].items():
            if name != "targets":
                self._copies.outdate(array)

    def bring_back(self, network):
        """Get everything back that changes on the card, if it is there."""
        for state in () if self._plan is None else self._plan.states:
            state.bring_back()
        if self._ring_is_away:
            network.ring[:] = self._ring.get()
            for index, buffer in self._plan.counts.items():
                network.blocks[index].counts[:] = buffer.get()
            self._ring_is_away = False

    def _send(self, network):
        """Send what has changed, and wait until it is there."""
        for state in self._plan.states:
            state.send()
        if not self._ring_is_away:
            self._ring.put(network.ring)
            for index, buffer in self._plan.counts.items():
                buffer.put(network.blocks[index].counts)
            self._ring_is_away = True
        settle()

    # --- running ----------------------------------------------------------------------------------------

    def run(self, network, first, last):
        """Do the steps `first` to `last`, or fewer; returns the last one done, and the cell that failed in
        it: (block, cell), or None."""
        self._send(network)
        if self._is_ahead:
            raise DeviceError(
                "a run was broken off before all that the card had done was recorded; reset() or setup() "
                "begins anew. What was recorded before can be retrieved"
            )
        outboxes, length = self._outboxes_for(network)
        self._is_ahead = True  # until all is recorded
        done, failed = self._run_chunks(network, first, last, outboxes, length)
        self._is_ahead = False
        return done, failed

    def _run_chunks(self, network, first, last, outboxes, length):
        under_way, done, failed = None, first - 1, None
        stopped = False
        for number, begin in enumerate(range(first, last + 1, length)):
            chunk = begin, min(begin + length - 1, last), outboxes[number % 2]
            self._launch(network, *chunk)
            if under_way is not None:
                done, failed, stopped = self._collect(network, *under_way)
            under_way = chunk
            if stopped:
                break
        if not stopped:
            done, failed, stopped = self._collect(network, *under_way)
        if stopped:
            self._go_on_after_stop()
        return done, failed

    def _outboxes_for(self, network):
        """Two outboxes, and how many steps they have room for."""
        if self._outboxes is None:
            per_step = max(sum(s.bytes_per_step() for s in network.samplers), 8 * len(network.currents), 1)
            length = int(np.clip(OUTBOX_BYTES / per_step, 1, CHUNK))
            capacity = int(self._words[words.LOG_CAPACITY])
            arguments = capacity, network.samplers, length, len(network.currents)
            self._outboxes = [Outbox(*arguments), Outbox(*arguments)], length
        return self._outboxes

    def _launch(self, network, first, last, outbox):
        rows = []
        for sampler, buffer in zip(network.samplers, outbox.samples, strict=True):
            state = sampler.block.state
            cells = self._copies.address_of(sampler.cells)
            rows.append(
                (state.address_of(sampler.variable), cells, sampler.width, sampler.interval, buffer.address,
                 -first // sampler.interval)
            )  # fmt: skip
        stream = self._launcher.stream
        outbox.table.put(np.array(rows, dtype=np.int64).reshape(-1, words.SAMPLER_ROW), stream)
        values = np.zeros(outbox.currents.shape)
        for k, current in enumerate(network.currents):
            values[: last - first + 1, k] = network.sample_current(current, first - 1, last)
        outbox.currents.put(values, stream)
        addresses = outbox.log.address, outbox.table.address, outbox.currents.address
        outbox.begin.put(np.array([first, *addresses, first - 1], dtype=np.int64), stream)
        self._launcher.launch(outbox, last - first + 1)

    def _collect(self, network, first, last, outbox):
        """Get a chunk's recordings; returns the last step done, the cell that failed, whether it stopped."""
        stop, failed, logged = self._launcher.report_of(outbox)
        if stop == words.GIVEN_UP:
            raise DeviceError(
                "blocks of the card did not meet; what is under way is lost. The environment variable "
                f"{VARIABLE}=graph runs networks another way"
            )
        done = min(int(stop), last)
        logged = min(int(logged), int(self._words[words.LOG_CAPACITY]))
        pairs = outbox.log.get(2 * logged, stream=self._launcher.outgoing).reshape(-1, 2)
        keys = np.sort(
            pairs.view(np.int64).ravel()
        )  # by step, then by cell: the low word on all our machines
        for sampler, buffer in zip(network.samplers, outbox.samples, strict=True):
            self._fetch(sampler, buffer, first, done)
        # All of it is there: now it is recorded, and the time is later. What fails before leaves both.
        network.take_spikes(keys.view(np.int32).reshape(-1, 2))
        for sampler in network.samplers:
            sampler.samples.length = max(sampler.rows_until(done), sampler.samples.length)
        network.step = done
        if failed != words.NOBODY:
            return done, (int(failed) // words.CELLS, int(failed) % words.CELLS), True
        return done, None, stop != words.FOREVER

    def _fetch(self, sampler: Sampler, buffer, first, done):
        """Get the samples of the steps `first` to `done` behind those that there are."""
        samples, interval = sampler.samples, sampler.interval
        begin = -(-first // interval) - sampler.first_step // interval  # number of the first of them
        n = sampler.rows_until(done) - begin
        if n <= 0:
            return
        place = begin - samples.start  # that of step 0 is there already
        room = samples.reserve(n)[place : place + n]
        buffer.get(n * sampler.width, out=room, stream=self._launcher.outgoing)

    def _go_on_after_stop(self):
        """Let the card do steps again."""
        self._launcher.wait()
        self._head.put(self._words)
        self._plan.listed.put(0)
