"""
The state of the simulator, in the places where PyNN's common code looks for it.

Attributes:
    name    of the simulator, for annotating data
    state   the one instance of State
    ID      a cell's number, with the cell's parameters as attributes
"""

import numpy as np
from pyNN import common, errors

from . import devices
from .engine.network import Network, NumericalError
from .engine.profile import Profile
from .engine.signals import signals_held
from .engine.synapses.gap import TooStrong
from .engine.synapses.groups import MAX_DELAY
from .grid import times_of
from .ids import ID  # noqa: F401
from .processes import agree_on_network, exchange_between, processes
from .validation import GRID_TOLERANCE  # noqa: F401

name = "pyNN_fastsim"


class State(common.control.BaseState):
    """What there is to simulate, and the time."""

    mpi_rank = processes.rank
    num_processes = processes.size

    def __init__(self):
        super().__init__()
        self.threads = 1
        self.rng_seed = 42
        self.record_to = None
        self.profile = False
        self.progress = True
        self.device, self.exact_sums = "cpu", False
        self.spike_precision = "on_grid"
        self.is_set_up = False  # whether setup() was called
        self.dt = common.control.DEFAULT_TIMESTEP
        self._min_delay = self._max_delay = "auto"
        self.clear()

    def configure(
        self,
        dt,
        min_delay,
        max_delay,
        threads,
        rng_seed,
        record_to,
        profile,
        spike_precision="on_grid",
        progress=True,
        device="cpu",
        exact_sums=False,
    ):
        """Take over the arguments of setup(), and forget the old network."""
        with signals_held():  # what is new and what is old must not be mixed
            if device == "gpu":
                devices.new_loop()  # raises DeviceError while everything is as it was
            self.spike_precision, self.is_set_up = spike_precision, True
            self.dt, self._min_delay, self._max_delay = dt, min_delay, max_delay
            self.threads, self.rng_seed, self.record_to = threads, rng_seed, record_to
            self.profile, self.progress = profile, progress
            self.device, self.exact_sums = device, exact_sums or device != "cpu"
            self.clear()

    def clear(self):
        """Forget the network and all that belongs to it."""
        loop = devices.new_loop() if self.device == "gpu" else None
        self.network = Network(
            self.dt, self.threads, self.rng_seed, self.record_to, exchange_between(), loop, self.exact_sums
        )
        self.device_is_chosen = False  # by "auto"
        self.network.profile = Profile() if self.profile else None
        self.populations = []  # by the index of their block
        self.projections = []
        self.current_sources = []  # that are injected somewhere
        self.recorders = set()
        self.write_on_end = []
        self.periodic = []  # what is called again and again in runs: see periodic.py
        self.relay_delay = None  # ms, of relayed sources, once there has been a run
        self.build_seconds = 0.0  # that projections have taken
        self.told_of_dependence = False  # see random.py
        self.running = False
        self.t_start = 0
        self.segment_counter = 0

    def check_is_there(self, what, network):
        """Raise ValueError for what belongs to another network than the present one."""
        if network is not self.network:
            raise ValueError(f"{what} belongs to a network from before setup() was called")

    @property
    def allowed_delays(self):
        """The shortest and the longest delay that a connection may have, ms."""
        shortest = self.dt if self._min_delay == "auto" else self._min_delay
        longest = MAX_DELAY * self.dt if self._max_delay == "auto" else self._max_delay
        return shortest, longest

    @property
    def min_delay(self):
        """What setup() was told, or else the shortest delay that there is, ms; dt without connections."""
        return self._of_delays(min, "shortest") if self._min_delay == "auto" else self._min_delay

    @property
    def max_delay(self):
        """What setup() was told, or else the longest delay that there is, ms; dt without connections."""
        return self._of_delays(max, "longest") if self._max_delay == "auto" else self._max_delay

    def _of_delays(self, choose, which):
        for projection in self.projections:
            len(projection)  # sorts what is pending
        steps = choose((getattr(group, which) for group in self.network.groups if group.n), default=1)
        return float(self.time_of(steps))

    def time_of(self, step):
        """The time of a step, ms."""
        return times_of(step, self.dt)

    @property
    def t(self):
        """The current time, ms."""
        return float(self.time_of(self.network.step))

    def steps_until(self, t):
        """Steps from now to the grid point nearest to time `t` (ms)."""
        return int(np.rint(t / self.dt)) - self.network.step

    def run_steps(self, n_steps):
        """Advance by `n_steps` steps. Raises NumericalError, with the population, cell and time."""
        with processes.known_to_all():
            self._run_steps(n_steps)

    def _run_steps(self, n_steps):
        self.running = True
        for projection in self.projections:
            projection._build()
        agree_on_network(self, n_steps)
        self._settle_relays()
        self._choose_device()
        try:
            self.network.run(n_steps)
        except NumericalError as error:
            population = self.populations[error.block]
            variable = population.celltype.state_names()[0]
            error.args = (
                f"{variable} of cell {error.cell} of population '{population.label}' is no longer a "
                f"finite number at t = {self.time_of(error.step):g} ms; check the parameters, weights and "
                f"time step. What was recorded until then can be retrieved.",
            )
            raise
        except TooStrong as error:
            population = self.populations[error.block]
            raise errors.InvalidParameterValueError(
                f"The gap junctions of cell {error.cell} of population '{population.label}', {error.g:g} uS "
                f"together, are too strong for its cm of {error.cm:g} nF and a time step of {self.dt:g} ms: "
                f"potentials would diverge. The time step must be below {error.longest:.4g} ms"
            ) from None
        except MemoryError:
            raise MemoryError(
                f"run(): no memory to go on at t = {self.t:g} ms. What was recorded can be retrieved."
            ) from None
        except OSError as error:
            if self.record_to is None:
                raise
            raise self._not_written(error) from None

    def _settle_relays(self):
        """Before the first run: the shortest delay is by how much spikes of relayed sources come late."""
        relayed = [population for population in self.populations if population.celltype.is_relayed]
        if relayed and self.relay_delay is None:
            self.relay_delay = self.min_delay
            for population in relayed:
                population._tell_engine()

    def _choose_device(self):
        """Before the first run with "auto": the size of the network decides."""
        if self.device == "auto" and not self.device_is_chosen:
            self.network.device, self.device_is_chosen = devices.choose(self.network), True
            self.network.changed()

    def flush(self):
        """Write what was recorded to the folder of setup(record_to=...), if there is one. Raises OSError."""
        try:
            self.network.flush()
        except OSError as error:
            raise self._not_written(error) from None

    def _not_written(self, error):
        """The error of a flush in words that say what it means for the recordings."""
        return OSError(
            error.errno,
            f"Recordings can't be written to '{self.record_to}' at t = {self.t:g} ms: "
            f"{error.strerror}. Nothing is lost: what was recorded can be retrieved, and is written "
            f"by the next run when that is possible",
        )

    def run_until(self, t):
        """Advance to the grid point nearest to time `t` (ms)."""
        self.run_steps(max(self.steps_until(t), 0))

    def run(self, simtime):
        """Advance by `simtime` ms."""
        self.run_until(self.t + simtime)

    def reset(self):
        """Back to time 0, initial values and initial weights; a new segment."""
        for projection in self.projections:
            projection.recorder.store()
            projection._restore_initial_weights()
        self.network.reset()
        self.running = False
        self.t_start = 0
        self.segment_counter += 1


state = State()  # a singleton: PyNN has one network at a time
if processes.size > 1:
    processes.ending.save = lambda: state.network.flush()
