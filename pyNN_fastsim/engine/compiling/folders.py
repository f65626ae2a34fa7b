"""
Where files for later processes are kept: which folders they are read from, and which one they are written to.

    NUMBA_CACHE_DIR/pyNN_fastsim                   where that is set
    pyNN_fastsim/__machine_code__                  in the installed package, only if someone made that folder
    the user's cache folder/pyNN_fastsim
    the folder for temporary files/pyNN_fastsim-*

Files are read from each of these places that can be trusted (see trust.py), up to the first that can be
written to, where new ones go. A place has one folder for each fingerprint, that is, for each version of the
engine on each kind of processor: installations and machines that share a home don't overwrite each other's.
"""

import errno
import os
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path

from . import trust

BESIDE = trust.PACKAGE / "__machine_code__"
DAY = 24 * 3600.0  # s
KEPT = 30 * DAY  # files that nobody has used for longer are removed
KEPT_FOLDERS = 50  # and so are those of all folders but the last used
O_BINARY = getattr(os, "O_BINARY", 0)  # Windows would add to each "\n" otherwise

_done = set()  # what a process does only once: warnings, and places that it tidies up


def places():
    """(folder, what it must be within to be trusted as it is; see trust.py) for each place."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        yield _named_place(), None
    if BESIDE.is_dir():
        yield BESIDE, trust.PACKAGE
    base = _users_cache()
    if base.is_absolute():  # not where the user has no home
        yield base / "pyNN_fastsim", None
    with suppress(OSError):  # there may be no folder for temporary files
        for folder in sorted(Path(tempfile.gettempdir()).glob(f"{_temporary_name()}*")):
            if not folder.is_symlink():
                yield folder, None


def _named_place():
    return Path(os.path.abspath(os.environ["NUMBA_CACHE_DIR"])) / "pyNN_fastsim"


def _users_cache():
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    if sys.platform == "darwin":
        return home / "Library" / "Caches"
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return named if named.is_absolute() else home / ".cache"


def _temporary_name():
    return f"pyNN_fastsim-{os.geteuid() if hasattr(os, 'geteuid') else 'user'}"


def _trusted_places():
    """Those of `places` that can be trusted, without symbolic links: someone might change these meanwhile."""
    for place, within in places():
        resolved = Path(os.path.realpath(place))
        fault = trust.fault_of_folder(resolved, within)
        if fault is None:
            yield resolved, within
        elif os.environ.get("NUMBA_CACHE_DIR") and place == _named_place():
            _warn("untrusted", f"NUMBA_CACHE_DIR is not used for machine code: {fault}.")


def _usable_places():
    """(folder, what it must be within, whether it can be written to); only the last one can be."""
    for place, within in _trusted_places():
        there = next(path for path in (place, *place.parents) if path.exists())
        writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
        yield place, within, writable
        if writable:
            return


def _warn(about, message):
    """Warn the user of something once in each process."""
    if about not in _done:
        _done.add(about)
        warnings.warn(f"{message} See docs/cache.md of pyNN_fastsim.", stacklevel=2)


# --- reading --------------------------------------------------------------------------------------


def folders_of(fingerprint):
    """The folders with files of this fingerprint that can be trusted."""
    for place, within, _ in _usable_places():
        folder = place / fingerprint
        if folder.is_dir() and trust.fault_of_folder(folder, within) is None:
            yield folder


def contents(fingerprint, name):
    """The contents of each trusted file of this name: bytes."""
    for folder in folders_of(fingerprint):
        content = _read(folder / name)
        if content is not None:
            yield content


def _read(path):
    try:
        with open(path, "rb") as file:
            facts = os.fstat(file.fileno())
            content = file.read() if trust.is_trusted_file(facts) else None
    except OSError:
        return None
    if time.time() - _last_use(facts) > DAY:
        with suppress(OSError):
            os.utime(path)
    return content


def _last_use(facts):
    """When a file was last used, s. Many systems note down once a day that it was read, others never do."""
    return max(facts.st_atime, facts.st_mtime)


# --- writing --------------------------------------------------------------------------------------


def keep(fingerprint, name, content):
    """Write a file for later processes. Where that is not possible, warn once, and go on without."""
    where = ""
    try:
        place, within = _place_to_write()
        where = f" in {place}"
        _write(place / fingerprint, within, name, content)
    except OSError as error:
        _warn("failure", f"Machine code can't be kept{where}, so every process has to compile it: {error}.")
    else:
        _tidy(place)


def _place_to_write():
    for place, within, writable in _usable_places():
        if writable:
            return place, within
    new = Path(os.path.realpath(tempfile.mkdtemp(prefix=f"{_temporary_name()}-")))
    if fault := trust.fault_of_folder(new):
        new.rmdir()
        raise PermissionError(errno.EACCES, fault)
    return new, None


def _write(folder, within, name, content):
    """Write a file, as a whole or not at all; others may write the same, or tidy up, meanwhile."""
    try:
        _write_at_once(folder, within, name, content)
    except FileNotFoundError:  # the folder has just been removed
        _write_at_once(folder, within, name, content)


def _write_at_once(folder, within, name, content):
    for path in (*reversed(folder.parents), folder):
        if not path.exists():
            path.mkdir(mode=0o755, exist_ok=True)
    if fault := trust.fault_of_folder(folder, within):
        raise PermissionError(errno.EACCES, fault)
    new = folder / f"{name}.{os.urandom(8).hex()}"
    try:
        # Others may read it, if the umask says so; what others could write to is never read.
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | O_BINARY, 0o644), "wb") as file:
            file.write(content)
        os.replace(new, folder / name)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


# --- removing -------------------------------------------------------------------------------------


def _tidy(place):
    """Remove, once in each process that writes, what has not been used for long.

    A process that would have read such a file compiles it again; one that reads it now has it open.
    """
    if place in _done:
        return
    _done.add(place)
    with suppress(OSError):
        used = {folder: uses for folder in place.iterdir() if (uses := _uses(folder))}
        by_use = sorted(used, key=lambda folder: max(used[folder].values()), reverse=True)
        for rank, folder in enumerate(by_use):
            for file, last in used[folder].items():
                if rank >= KEPT_FOLDERS or time.time() - last > KEPT:
                    file.unlink(missing_ok=True)
            if not _uses(folder):
                with suppress(OSError):  # something else is in it
                    folder.rmdir()


def _uses(folder):
    """When each file of machine code in a folder was last used, s; also of those never completed."""
    with suppress(FileNotFoundError):  # another process tidies up
        return {file: _last_use(file.stat()) for file in folder.glob("*machine_code*")}
    return {}
