"""
The processes that mpirun has started for one script: who they are, and that they do the same things.

Without mpirun there is one process, and nothing is imported. All functions that need other processes are to
be called by all of them; `agree` finds out if they are not, instead of waiting for ever.
"""

import contextlib
import os
import pickle
import zlib

import numpy as np

from .ending import Ending

# How many processes there are, and which this is, as those say that start them: Open MPI, MPICH and others
# with Hydra, MVAPICH.
VARIABLES = (
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("PMI_SIZE", "PMI_RANK"),
    ("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"),
)
SLURM = ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID")  # of srun with PMIx, which has no such variables


class DifferentProcesses(RuntimeError):
    """The processes of a simulation don't do the same."""


def started_together(environment):
    """How many processes have been started together, and which this is, by environment variables."""
    variables = (*VARIABLES, SLURM) if "PMIX_RANK" in environment else VARIABLES
    for size, rank in variables:
        if environment.get(size, "").isdigit():
            return int(environment[size]), int(environment.get(rank, "0") or 0)
    return 1, 0


class Alone:
    """The only process."""

    rank, size, comm, on_machine = 0, 1, None, 1
    together = False

    def same_error(self, what):
        """What several processes would have to agree on."""
        return contextlib.nullcontext()

    def known_to_all(self):
        """What several processes would have to be told of."""
        return contextlib.nullcontext()


class Processes:
    """This process and the others of a simulation.

    comm         communicator of mpi4py, which nobody else uses
    rank, size   of this process, and the number of all
    ending       the Ending of all processes
    on_machine   the number of those that share the memory of this one's machine
    together     whether this process is now doing for all cells what each process does for all
    """

    together, on_machine = False, 1

    def __init__(self, comm):
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()
        self.ending = Ending(self)

    def known_to_all(self):
        """Within it, an exception is one that other processes are told of, or tell of."""
        return self.ending.known_to_all()

    def agree(self, what, value=None):
        """Make sure that all processes are at the same place with the same value. Raises DifferentProcesses.

        what    what they are about to do, in words
        value   a list of (what of the network this is about, a number that follows from it), or None
        """
        told = self.comm.allgather((what, value))
        for rank, (other, others_value) in enumerate(told):
            if other != told[0][0]:
                raise DifferentProcesses(
                    f"Process 0 is at {told[0][0]}, process {rank} at {other}: under mpirun, all processes "
                    f"must call the same functions of PyNN"
                )
            if others_value != told[0][1]:
                raise DifferentProcesses(
                    f"{what}: processes 0 and {rank} have built different networks; they differ first in "
                    f"{_first_difference(told[0][1], others_value)}. Generators of random numbers need a "
                    f"seed, and parallel_safe=True; a script must not do other things on other processes"
                )

    def gather(self, what, value, everywhere=False):
        """The values of all processes, a list, on process 0; None on others unless `everywhere`."""
        self.agree(what)
        return self.comm.allgather(value) if everywhere else self.comm.gather(value)

    @contextlib.contextmanager
    def same_error(self, what):
        """See to it that an error which one process comes upon within is raised by all of them."""
        error = None
        try:
            yield
        except Exception as own:
            error = own
        told = self.gather(what, error and _sendable(error), everywhere=True)
        if error is not None:
            raise error
        for others in told:
            if others is not None:
                raise others


def _sendable(error):
    """An exception that can be pickled, of the same kind if that can."""
    try:
        return pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


def _first_difference(values, others):
    for (what, value), (other_what, other_value) in zip(values, others, strict=False):
        if what != other_what:
            return f"{what} and {other_what}"
        if value != other_value:
            return what
    longer = max(values, others, key=len)
    return f"{longer[min(len(values), len(others))][0]}, which only one of them has"


def _find():
    size, _ = started_together(os.environ)
    if size <= 1:
        return Alone()
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise ImportError(
            f"pyNN_fastsim has been started as one of {size} processes, by mpirun or the like, and needs "
            f"mpi4py to run one simulation on them: pip install pyNN_fastsim[mpi] ({error})"
        ) from None
    if MPI.COMM_WORLD.Get_size() != size:
        raise ImportError(
            f"pyNN_fastsim has been started as one of {size} processes, but the MPI of mpi4py knows of "
            f"{MPI.COMM_WORLD.Get_size()}: mpirun and mpi4py must belong to the same MPI, and this is "
            f"{MPI.Get_library_version().splitlines()[0]}"
        )
    processes = Processes(MPI.COMM_WORLD.Dup())
    processes.on_machine = MPI.COMM_WORLD.Split_type(MPI.COMM_TYPE_SHARED).Get_size()
    return processes


processes = _find()  # a singleton, as the script is


def exchange_between():
    """The engine's Exchange for a new network; None with one process."""
    if processes.size == 1:
        return None
    from .engine.exchange import Exchange

    return Exchange(processes.comm)


def agree_on_network(state, n_steps):
    """Before a run: see to it that all processes are about to run the same network for as long, and know what
    others have set for their own cells and connections."""
    if processes.size == 1:
        return
    known: list[tuple[str, int]] = [("the steps to run", n_steps)]
    where = f"run() at t = {state.t:g} ms"
    mine = [p._set_in_part for p in state.populations], [p._set_alone for p in state.projections]
    told = processes.gather(where, mine, everywhere=True)
    in_part = [any(flags) for flags in zip(*(flags for flags, _ in told), strict=False)]
    for p, is_set in zip(state.populations, in_part, strict=False):
        values = p.size if is_set or state.network.begun else (p.size, p._parameters, p._block.initial)
        known.append((f"population '{p.label}'", checksum(values)))
    known += [(f"projection '{p.label}'", p._checksum) for p in state.projections]
    processes.agree(where, known)
    for p, is_set in zip(state.populations, in_part, strict=True):
        if is_set:  # cell by cell, for example, which each process may have done for its own
            p._take_from_owners()
    for p, changes in zip(state.projections, zip(*(sets for _, sets in told), strict=True), strict=True):
        p._take_note(changes)


def checksum(value, crc=0):
    """A number that follows from numbers, arrays, and lists and dictionaries of such."""
    if isinstance(value, dict):
        return checksum(list(value.items()), crc)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return zlib.crc32(np.ascontiguousarray(value).data, crc)
    if isinstance(value, (list, tuple, np.ndarray)):
        for each in value:
            crc = checksum(each, crc)
        return crc
    if hasattr(value, "value"):  # PyNN's Sequence
        return checksum(np.asarray(value.value), crc)
    return zlib.crc32(repr(value).encode(), crc)


def is_apart(value):
    """Whether a value, in any form that PyNN allows, is drawn by a generator that is not parallel-safe, or is
    such a generator: each process then draws other numbers, which hold for its own cells."""
    value = getattr(value, "base_value", value)  # of a LazyArray
    generator = getattr(value, "rng", value)  # of a RandomDistribution
    return processes.size > 1 and getattr(generator, "parallel_safe", True) is False


@contextlib.contextmanager
def for_all_cells():
    """Within it, all cells pass for cells of this process: each process does the same for all of them."""
    before, processes.together = processes.together, True
    try:
        yield
    finally:
        processes.together = before
