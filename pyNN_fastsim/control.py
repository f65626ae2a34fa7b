"""setup, run, run_until, run_for, reset, end, and what the time is."""

import contextlib
import difflib
import logging
import math
import os
import platform
import re
import reprlib
import tempfile
from collections.abc import Iterator

import numpy as np
import quantities as pq
from pyNN import common
from pyNN.common.control import DEFAULT_MAX_DELAY, DEFAULT_MIN_DELAY, DEFAULT_TIMESTEP

from . import devices, simulator, usual
from .arguments import RULES, check, checked, is_finite, is_whole
from .engine.network import MAX_STEPS
from .engine.signals import signals_held
from .engine.synapses.groups import MAX_DELAY
from .former_names import of_today
from .joint_changes import take_note
from .processes import processes
from .profiling import of_all_processes, report
from .progress import running
from .threads import alone
from .validation import warn

logger = logging.getLogger("PyNN")

ARGUMENTS = (
    "timestep", "min_delay", "max_delay", "threads", "rng_seed", "record_to", "profile", "progress",
    "spike_precision", "device", "exact_sums",
)  # fmt: skip
PRECISIONS = ("on_grid", "off_grid")

MISSPELT_ARGUMENTS = {
    "dt": "timestep",
    "time_step": "timestep",
    "mindelay": "min_delay",
    "maxdelay": "max_delay",
}

WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")  # such as C:\data, C:/data, \\server\share

MIN_TIMESTEP, MAX_TIMESTEP = 1e-6, 1e4  # ms

# What setup() takes in other backends: accepted, so that scripts run unchanged, and without effect.
FOREIGN_ARGUMENTS = {
    "label", "filename", "debug", "logfile", "quit_on_end", "db_name", "hardware", "model_split",
    "verbosity", "recording_precision", "rng_type", "rng_seeds", "rng_seeds_seed",
    "grng_seed", "t_flush", "optimize",
    "use_cvode", "rtol", "atol", "default_maxstep", "native_rng_baseseed",
    "codegen_target", "dtype",
    "rank", "num_processes",
}  # fmt: skip


@alone
def setup(timestep=DEFAULT_TIMESTEP, min_delay=DEFAULT_MIN_DELAY, **extra_params):
    """
    Start a new network; the old one and its memory are given up.

    `timestep`:
        the time step dt, in ms.
    `min_delay`, `max_delay`:
        the shortest and the longest synaptic delay allowed, in ms, or 'auto': one time step, and
        65535 of them. `get_min_delay()` gives back what is said here; with 'auto' the shortest delay of
        the network, or one time step as long as it has none; likewise `get_max_delay()`.
    `threads`:
        how many threads to use at the most. The result is the same for any number.
    `rng_seed`:
        seed for everything that is random during a run, an integer >= 0.
    `record_to`:
        a folder. What is recorded leaves memory for files in it, in the course of each run, of which
        docs/recording.md says how to read them elsewhere. get_data() and all else work as without it.
    `spike_precision`:
        "on_grid", or "off_grid" to have spikes of a SpikeSourceArray recorded at the times that it was given;
        they are emitted at the next grid point in both cases.
    `progress`:
        False to have no bars and lines that say how far compiling, building and running are; they are only on
        terminals and in notebooks, and the environment variable PYNN_FASTSIM_PROGRESS=0 turns them off, too.
    `device`:
        "cpu", "gpu" for an NVIDIA card, or "auto" for whichever suits the size of the network; if it is not
        given, what the environment variable PYNN_FASTSIM_DEVICE says, or "cpu". See docs/gpu.md.
    `exact_sums`:
        True to put weights, and what synapses that change bring, on a grid of 2**-40 nA (or uS, mV), on which
        sums don't depend on their order. For a GPU they always are; a network on the CPU with it has the same
        spikes.
    `profile`:
        True to print after each run which part of it took how long, and how many events there were;
        see docs/performance.md.

    Arguments that only other backends know are accepted and have no effect.

    Raises ValueError for a value that can't be used. Returns the MPI rank: 0 unless mpirun has
    started several processes.
    """
    max_delay = extra_params.pop("max_delay", DEFAULT_MAX_DELAY)
    threads = extra_params.pop("threads", 1)
    rng_seed = extra_params.pop("rng_seed", 42)
    record_to = extra_params.pop("record_to", None)
    profile = extra_params.pop("profile", False)
    progress = extra_params.pop("progress", True)
    spike_precision = extra_params.pop("spike_precision", "on_grid")
    device = devices.checked(extra_params.pop("device", None))
    exact_sums = extra_params.pop("exact_sums", False)
    if profile and device == "gpu":
        raise ValueError("setup(): there is no profile of a GPU; use device='cpu'")
    _refuse_misspelt(extra_params)
    timestep = _checked_timestep(timestep)
    for name, delay in (("min_delay", min_delay), ("max_delay", max_delay)):
        if not (isinstance(delay, str) and delay == "auto"):
            _check_positive(name, delay)
            if delay < timestep * (1 - 1e-9):
                raise ValueError(f"setup(): {name} ({delay} ms) is shorter than timestep ({timestep} ms)")
    if max_delay != "auto" and max_delay > MAX_DELAY * timestep * (1 + 1e-9):
        raise ValueError(
            f"setup(): max_delay ({max_delay} ms) is longer than {MAX_DELAY} time steps ({timestep} ms)"
        )
    if min_delay != "auto" and max_delay != "auto" and min_delay > max_delay:
        raise ValueError(f"setup(): min_delay ({min_delay} ms) is longer than max_delay ({max_delay} ms)")
    threads = 1 if threads is None else threads
    if not is_whole(threads) or threads < 1:
        raise ValueError(f"setup(): threads must be a whole number of at least 1, not {threads!r}")
    if not is_whole(rng_seed) or rng_seed < 0:
        raise ValueError(f"setup(): rng_seed must be a whole number of at least 0, not {rng_seed!r}")
    for name, flag in (("profile", profile), ("progress", progress), ("exact_sums", exact_sums)):
        if not isinstance(flag, (bool, np.bool_)):
            raise ValueError(f"setup(): {name} must be True or False, not {flag!r}")
    if not isinstance(spike_precision, str) or spike_precision not in PRECISIONS:
        raise ValueError(f"setup(): spike_precision must be one of {PRECISIONS}, not {spike_precision!r}")
    _report_unknown(extra_params)
    if record_to is not None:
        record_to = _checked_folder(record_to)
    common.setup(timestep, min_delay, max_delay=max_delay, **extra_params)
    simulator.state.configure(
        timestep,
        min_delay,
        max_delay,
        int(threads),
        int(rng_seed),
        record_to,
        profile,
        spike_precision,
        bool(progress),
        device,
        bool(exact_sums),
    )
    usual.tell(set(), usual.remarks("setup()", {"timestep": timestep}, table={"timestep": usual.TIMESTEP}))
    return rank()


def _check_positive(name, value):
    if not (is_finite(value) and value > 0):
        raise ValueError(f"setup(): {name} must be a positive number of ms, not {value!r}")


def _checked_timestep(timestep):
    _check_positive("timestep", timestep)
    if isinstance(timestep, np.floating):
        timestep = str(timestep)  # the 0.1 that a float32 stands for, not the number next to it
    timestep = float(timestep)
    if not MIN_TIMESTEP <= timestep <= MAX_TIMESTEP:
        raise ValueError(
            f"setup(): timestep must be between {MIN_TIMESTEP:g} and {MAX_TIMESTEP:g} ms, not {timestep:g}"
        )
    return timestep


def _checked_folder(record_to):
    """The absolute path of a folder that recordings can be written to, which is made if it is not there."""
    if not isinstance(record_to, (str, os.PathLike)) or not os.fspath(record_to):
        raise ValueError(f"setup(): record_to must be the name of a folder, not {record_to!r}")
    name = os.fsdecode(record_to)
    if os.name != "nt" and WINDOWS_PATH.match(name):
        raise ValueError(
            f"setup(): record_to: '{name}' is a path of Windows, and this is {platform.system()}; "
            f"name a folder of this machine, such as 'recordings'"
        )
    folder = os.path.abspath(os.path.expanduser(name))
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
    except (OSError, ValueError) as error:
        raise ValueError(f"setup(): record_to: can't write to the folder '{folder}': {error}") from None
    if any(name.startswith("segment") for name in os.listdir(folder)):
        raise ValueError(
            f"setup(): record_to: '{folder}' holds recordings already; name another folder, or remove them"
        )
    return folder


def _refuse_misspelt(extra_params):
    """Names that PyNN refuses: to go on with another time step would be worse than to stop."""
    for name, right in MISSPELT_ARGUMENTS.items():
        if name in extra_params:
            raise ValueError(f"setup() has no argument '{name}'; it is called '{right}'")


def _report_unknown(extra_params):
    for name in extra_params:
        if name in FOREIGN_ARGUMENTS:
            logger.debug("setup(): '%s' belongs to another backend and has no effect", name)
        else:
            nearest = difflib.get_close_matches(name, ARGUMENTS, n=1)
            hint = f"; the nearest is '{nearest[0]}'" if nearest else f"; it has {', '.join(ARGUMENTS)}"
            warn(f"setup() has no argument '{name}', which is ignored{hint}")


def end(compatible_output=True):
    """Write the files asked for by ``record(..., to_file=...)``."""
    to_write, simulator.state.write_on_end = simulator.state.write_on_end, []
    failures = []
    for population, variables, file in to_write:
        try:
            population.write_data(file, variables)
        except Exception as error:  # whatever it is, the other files are written
            failures.append(error)
    if failures:
        raise failures[0]


@alone
def run_until(time_point, callbacks=None):
    """
    Advance the simulation to a time.

    `time_point`:
        ms since the last `setup` or `reset`, to the nearest grid point.
    `callbacks`:
        functions of the time (ms) that return when they wish to be called next (ms); a list.

    Returns the time reached, in ms. Raises ValueError for a time that has passed.
    """
    _check_time("run_until", "time_point", time_point)
    state = simulator.state
    callbacks = [*(_checked_callbacks("run_until", callbacks) or ()), *state.periodic]
    if time_point < state.t - state.dt / 2:
        raise ValueError(
            f"run_until(): time_point ({time_point:g} ms) is in the past (current time {state.t:g} ms)"
        )
    profile = state.network.profile
    if profile is not None:
        profile.clear()
    try:
        with running(time_point):
            if callbacks:
                _run_with_callbacks(state, time_point, callbacks)
            else:
                state.run_until(time_point)
    except BaseException:
        state.flush()
        raise
    with processes.same_error("the end of run()"):
        state.flush()
    if profile is not None:
        profile = of_all_processes(profile)
    if profile is not None:
        print(report(profile))
    return state.t


def _run_with_callbacks(state, time_point, callbacks):
    """Run to `time_point`, calling each callback at the first grid point not before it wishes.

    A callback that wishes to be called at a time that has passed is called after the next step: time
    always goes on.
    """
    due = [[_next_call(callback, state.t), callback] for callback in callbacks]
    while (left := state.steps_until(time_point)) > 0:
        wished = min(time for time, _ in due)
        if math.isfinite(wished):
            steps = math.ceil(wished / state.dt - simulator.GRID_TOLERANCE) - state.network.step
            state.run_steps(min(max(steps, 1), left))
        else:
            state.run_steps(left)
        at_end = state.steps_until(time_point) == 0
        now = state.t
        for entry in due:
            if entry[0] <= now + simulator.GRID_TOLERANCE * state.dt or (at_end and entry[0] == wished):
                entry[0] = _next_call(entry[1], now)


def _next_call(callback, now):
    """Call a callback; returns when it wishes to be called next, never for None."""
    wished = callback(now)
    if wished is None:
        return math.inf
    if not (is_finite(wished) or (isinstance(wished, float) and math.isinf(wished))):
        raise ValueError(f"Callback {callback!r} must return the time of its next call, not {wished!r}")
    return wished


@alone
def run(simtime, callbacks=None):
    """
    Advance the simulation by a time. Between runs, networks may be read, changed and extended; runs of x
    and of y ms give the same, to the last bit, as one of x + y ms.

    `simtime`:
        ms, to the nearest grid point.
    `callbacks`:
        functions of the time (ms) that return when they wish to be called next (ms); a list.

    Returns the time reached, in ms. Raises ValueError for a time that is negative or no number; an
    interrupted run (Ctrl-C) raises KeyboardInterrupt, keeps its data, and the next one goes on.
    """
    _check_time("run", "simtime", simtime)
    if simtime < 0:
        raise ValueError(f"run(): simtime must not be negative, but is {simtime:g} ms")
    callbacks = _checked_callbacks("run", callbacks)
    state = simulator.state
    if simtime and state.steps_until(state.t + simtime) == 0:
        warn(
            f"run({simtime:g}) is less than half a time step of {state.dt:g} ms, so nothing is simulated; "
            f"times are in ms"
        )
    return run_until(state.t + simtime, callbacks)


def _checked_callbacks(function, callbacks):
    """Callbacks as they were given, or as a list if an iterator gives them. Raises TypeError."""
    if isinstance(callbacks, Iterator):
        callbacks = list(callbacks)
    check(function, "callbacks", callbacks, RULES["callbacks"])
    return callbacks


def _check_time(function, argument, value):
    if not is_finite(value):
        hint = ""
        if isinstance(value, pq.Quantity) and value.size == 1:
            with contextlib.suppress(ValueError):
                hint = f"; give {float(value.rescale('ms').magnitude):g}"
        raise ValueError(
            f"{function}(): {argument} must be a finite number of ms, not {reprlib.repr(value)}{hint}"
        )
    if value / simulator.state.dt > MAX_STEPS:
        raise ValueError(f"{function}(): {argument} ({value:g} ms) is more than {MAX_STEPS} time steps")


run_for = run

_common_reset = common.build_reset(simulator)


@alone
def reset(annotations=None):
    """
    Go back to time 0: states and weights are the initial ones again, and data go into a new Segment.

    Connections, parameters and what is recorded stay. Random numbers of the next trial are others, which
    `rng_seed` determines.

    `annotations`:
        a dictionary that the Segment which ends here is annotated with.
    """
    simulator.state.flush()
    take_note(simulator.state.projections)  # of what would be initial weights in one process
    with signals_held():
        _common_reset(annotations or {})


reset = checked(reset)

initialize = checked(common.initialize, "initialize", like=lambda cells, **initial_values: None)
initialize = of_today(
    initialize,
    "initialize",
    call="initialize(cells, v=-60.0)",
    like=lambda cells, **initial_values: None,
)

(
    get_current_time,
    get_time_step,
    get_min_delay,
    get_max_delay,
    num_processes,
    rank,
) = common.build_state_queries(simulator)
