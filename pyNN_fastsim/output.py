"""Files that users ask for: what can't be written says what, where and why, and leaves no half of it."""

import os
import re
import stat
from contextlib import contextmanager, suppress

from pyNN.recording.files import StandardTextFile

from .processes import processes

# What HDF5 says, which only names the reason somewhere within.
HDF5_REASON = re.compile(r"errno = (\d+)")


@contextmanager
def writing(file, what):
    """Write `what`, in words, to a file: a name, or an object that has one.

    Raises OSError, with the system's reason in words; what has been begun of a new file is removed.
    """
    name = _name_of(file)
    before = _facts(name)
    try:
        yield
    except (OSError, RuntimeError) as error:
        number = _errno(error)
        if number is None:
            raise
        if before is None and _facts(name) is not None:
            with suppress(OSError):
                os.remove(name)
        where = "" if name is None else f" to '{name}'"
        raise OSError(
            number,
            f"{what} can't be written{where}: {os.strerror(number)}. Nothing is lost: what was simulated "
            f"is still there, and can be written elsewhere",
        ) from None


@contextmanager
def writing_table(file, what):
    """As `writing`, for one of PyNN's files: `file` itself, or a text file of that name. It is closed."""
    with writing(file, what):
        opened = file
        if isinstance(file, (str, os.PathLike)):
            opened = StandardTextFile(os.fspath(file), mode="w")
        try:
            yield opened
        except BaseException:
            with suppress(OSError):  # the rest of it, for which there is no room either
                opened.close()
            raise
        opened.close()


def own_table(file):
    """A file for the table of this process alone: with several, its name ends in a dot and the rank."""
    if processes.size == 1:
        return file
    name = f"{_name_of(file)}.{processes.rank}"
    if isinstance(file, (str, os.PathLike)):
        return name
    file.rename(name)
    return file


def make_sure_of_room(name, n_bytes):
    """Raise OSError if a new file of so many bytes has no room, where the system can tell.

    For files that HDF5 writes: where it finds none it goes on, with an error for each object in it, and ends
    the process in the end.
    """
    if n_bytes == 0 or not hasattr(os, "posix_fallocate"):
        return
    os.makedirs(os.path.dirname(os.path.abspath(name)), exist_ok=True)
    trial = f"{name}.room"
    with open(trial, "wb") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, n_bytes)
        finally:
            os.remove(trial)


def _name_of(file):
    """The name of a file, of one of PyNN's, or of a Neo IO; None if it has none."""
    for name in (file, getattr(file, "filename", None), getattr(file, "name", None)):
        if isinstance(name, (str, os.PathLike)) and os.fspath(name):
            return os.fspath(name)
    return None


def _facts(name):
    """What the system says about a plain file; None if there is none."""
    with suppress(OSError, ValueError, TypeError):
        facts = os.stat(name)
        return facts if stat.S_ISREG(facts.st_mode) else None
    return None


def _errno(error):
    """The number of an error of the system's; None if it isn't one."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    found = HDF5_REASON.search(str(error))
    return int(found[1]) if found else None
