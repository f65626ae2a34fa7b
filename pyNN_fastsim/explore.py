"""Many runs of a function or a script, each with its own parameters, in as many processes as cores."""

import contextlib
import glob
import hashlib
import inspect
import itertools
import os
import re
import shlex
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import explored, progress
from .arguments import is_whole
from .explored import Exploration
from .messages import shown

__all__ = ["Exploration", "explore"]

# Each process has one thread: there are as many processes as cores.
ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
) | {progress.VARIABLE: "0", "MPLBACKEND": "Agg"}


def explore(script_or_function, parameters, processes=None, seed=42, to="explored.npz", results=()):
    """
    Run a function or a script once for each set of parameters, in several processes.

    script_or_function   called as function(**set), with `seed` if it has an argument of that name; or a PyNN
                         script's path, with arguments: "network.py --rate {rate}". What isn't named in braces
                         is given as --name value
    parameters           a dictionary: all combinations of the values in its lists (what is no list is one
                         value); or a list of dictionaries: these sets
    processes            how many at a time; None: as many as there are cores
    seed                 from this and the set's values, and nothing else, the seed of each run is made
    to                   the file for the results, which ends in .npz. Sets that are in it are not run again
    results              for scripts: the names of the variables that are results

    Returns an `Exploration`. A run that fails is a row with what went wrong, and is tried again by the
    next call. Whatever has finished is on disk, also when this process is killed.

    Raises TypeError and ValueError for what can't be used, before anything is run.
    """
    sets = sets_of(parameters)
    if processes is not None and (not is_whole(processes) or processes < 1):
        raise ValueError(f"explore(): processes must be a whole number of at least 1, not {shown(processes)}")
    if not is_whole(seed) or seed < 0:
        raise ValueError(f"explore(): seed must be a whole number of at least 0, not {shown(seed)}")
    if not isinstance(to, (str, os.PathLike)) or not os.fspath(to).endswith(".npz"):
        raise ValueError(f"explore(): to must be the name of a file that ends in .npz, not {shown(to)}")
    work = _work(script_or_function, results, sets)
    path = os.path.abspath(to)
    folder = f"{path}.parts"
    os.makedirs(folder, exist_ok=True)
    rows = {}
    for each in sets:
        key = explored.key_of({**each, " of": work.name, " seed": int(seed)})
        rows[key] = {"key": key, "parameters": each, "seed": seed_of(seed, each)}
    keys = list(rows)
    finished = _finished(path, folder)
    _run_all(work, [row for key, row in rows.items() if key not in finished], folder, processes)
    explored.gather(path, _parts(folder, keys))
    with contextlib.suppress(OSError):
        for mark in glob.glob(os.path.join(glob.escape(folder), "*.begun")):
            os.remove(mark)
        os.rmdir(folder)
    return Exploration(to, keys)


def sets_of(parameters):
    """The sets of parameters that a grid or a list means: a list of dictionaries, none of them twice."""
    if isinstance(parameters, Mapping):
        values = [_values(each) for each in parameters.values()]
        sets = [dict(zip(parameters, each, strict=True)) for each in itertools.product(*values)]
    elif isinstance(parameters, (list, tuple)) and all(isinstance(each, Mapping) for each in parameters):
        sets = [dict(each) for each in parameters]
    else:
        raise TypeError(
            f"explore(): parameters must be a dictionary of lists, or a list of dictionaries, "
            f"not {shown(parameters)}"
        )
    if not sets:
        raise ValueError("explore(): there is no set of parameters to run")
    for each in sets:
        for name in each:
            if not isinstance(name, str) or not name.isidentifier():
                raise TypeError(f"explore(): names of parameters must be names, not {shown(name)}")
    return list({explored.key_of(each): each for each in sets}.values())


def _values(given):
    """The values of a parameter in a grid."""
    if isinstance(given, np.ndarray):
        return list(given) if given.ndim == 1 else [given]
    return list(given) if isinstance(given, (list, tuple, range)) else [given]


def seed_of(seed, parameters):
    """The seed of a run, below 2**31: it depends on the set, not on which others there are."""
    text = f"{int(seed)} {explored.key_of(parameters)}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little") >> 1


# --- what is run ----------------------------------------------------------------------------------


def _work(given, results, sets):
    """A function of a set and its seed, with a name."""
    if callable(given):
        if results:
            raise TypeError("explore(): results are for scripts; a function returns its own")
        return _Function(given)
    if isinstance(given, (str, os.PathLike)):
        words = [os.fspath(given)] if os.path.isfile(given) else shlex.split(os.fspath(given))
    elif isinstance(given, (list, tuple)) and given and all(isinstance(each, str) for each in given):
        words = list(given)
    else:
        raise TypeError(f"explore(): what to run must be a function or a script's path, not {shown(given)}")
    if not words or not os.path.isfile(words[0]):
        raise ValueError(f"explore(): there is no script '{words[0] if words else ''}'")
    if isinstance(results, str) or not results or not all(isinstance(each, str) for each in results):
        raise TypeError(
            f"explore(): results must be a list of the script's variables to keep, not {shown(results)}"
        )
    return _Script(words, list(results), sets)


class _Function:
    """A function that is called with the parameters, and with the seed if it takes one."""

    def __init__(self, function):
        self.function = function
        self.name = getattr(function, "__qualname__", type(function).__name__)
        try:
            self.takes_seed = "seed" in inspect.signature(function).parameters
        except ValueError:  # one of C's, which doesn't say
            self.takes_seed = False

    def __call__(self, parameters, seed):
        given = {"seed": seed, **parameters} if self.takes_seed else parameters
        return explored.results_of(self.function(**given))


class _Script:
    """A script that is run as by ``fastsim run``."""

    def __init__(self, words, results, sets):
        self.path, *self.words = words
        self.path = os.path.abspath(self.path)
        self.results = results
        self.name = " ".join([os.path.basename(self.path), *self.words, "->", *results])
        self._named = set(re.findall(r"\{(\w+)\}", " ".join(self.words)))
        for each in sets:
            if unknown := self._named - {"seed", *each}:
                raise ValueError(f"explore(): there is no parameter '{min(unknown)}' for {{{min(unknown)}}}")

    def arguments(self, parameters, seed):
        """The words of its command line."""
        values = {"seed": seed, **parameters}
        words = [re.sub(r"\{(\w+)\}", lambda found: str(values[found[1]]), word) for word in self.words]
        others = [name for name in parameters if name not in self._named]
        return words + [word for name in others for word in (f"--{name}", str(parameters[name]))]

    def __call__(self, parameters, seed):
        from . import launcher

        before = sys.modules["__main__"]
        launcher.prepare(self.path, self.arguments(parameters, seed))
        try:
            launcher.run_as_main(self.path)
        except SystemExit as end:
            if end.code:
                raise RuntimeError(f"the script ended itself with status {end.code}") from None
        finally:
            variables, sys.modules["__main__"] = vars(sys.modules["__main__"]), before
        return {name: _variable(variables, name) for name in self.results}


def _variable(variables, name):
    if name not in variables:
        raise NameError(f"the script has no variable '{name}'")
    return variables[name]


# --- in processes ---------------------------------------------------------------------------------


def _finished(path, folder):
    """The keys of runs that are on disk and went well."""
    rows = explored.read_rows(path) if os.path.exists(path) else []
    for part in _parts(folder):
        rows += explored.read_rows(part)
    return {row["key"] for row in rows if not row["error"]}


def _run_all(work, rows, folder, processes):
    """Run what is left, with a bar. A run that ends its process is found, and told like other errors.

    Where a process has ended, nobody knows which run was the reason: those that had begun are repeated, each
    alone.
    """
    import loky

    processes = processes or loky.cpu_count()
    for row in rows:  # what failed before
        _forget(folder, row)
    with progress.counted(len(rows), "Exploring") as tick:
        while rows:
            broken = _run_some(work, rows, folder, min(processes, len(rows)), tick)
            rows = [row for row in rows if not os.path.exists(_part(folder, row))]
            suspects = [row for row in rows if os.path.exists(_mark(folder, row))]
            if broken and not suspects:
                raise broken
            for row in suspects:
                if _run_some(work, [row], folder, 1, tick):
                    error = "the process ended: it was killed, perhaps for want of memory, or has crashed"
                    _keep(folder, row, {}, error, "", 0.0)
                    tick()
            rows = [row for row in rows if row not in suspects]


def _run_some(work, rows, folder, processes, tick):
    """Run these; returns the error of a process that ended before its time, or None."""
    import loky

    executor = loky.ProcessPoolExecutor(
        processes, env=ENVIRONMENT, initializer=_begin, initargs=(work, folder)
    )
    try:
        futures = [executor.submit(_run_one, row) for row in rows]
        for future in loky.as_completed(futures):
            future.result()
            tick()
    except loky.BrokenProcessPool as error:
        executor.shutdown(kill_workers=True)
        return error
    except BaseException:  # Ctrl-C
        executor.shutdown(kill_workers=True)
        raise
    executor.shutdown()
    return None


_here: dict[str, Any] = {}  # "work" and "folder" of this process


def _begin(work, folder):
    _here.update(work=work, folder=folder)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent):
    """End this process when the one that explores has been killed, which nothing else would tell it."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _run_one(row):
    """In a process of its own: run one set, and keep what comes of it."""
    work, folder = _here["work"], _here["folder"]
    with open(_mark(folder, row), "wb"):
        pass
    began = time.perf_counter()
    try:
        results = work(row["parameters"], row["seed"])
        _keep(folder, row, results, "", "", time.perf_counter() - began)
    except Exception as error:
        text = "".join(traceback.format_exception_only(error)).strip()
        _keep(folder, row, {}, text, traceback.format_exc(), time.perf_counter() - began)


def _keep(folder, row, results, error, frames, seconds):
    """Write the results of a run, or what went wrong: in a line, and as a traceback."""
    row = {**row, "parameters": explored.shown_parameters(row["parameters"])}
    row |= {"error": error, "traceback": frames, "seconds": round(seconds, 3)}
    explored.write_part(_part(folder, row), row, results)


def _parts(folder, keys=()):
    """The files of runs, those with these keys first."""
    places = {key: number for number, key in enumerate(keys)}
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "*.npz")))
    return sorted(paths, key=lambda path: places.get(os.path.basename(path)[:-4], len(places)))


def _part(folder, row):
    return os.path.join(folder, f"{row['key']}.npz")


def _mark(folder, row):
    """The file that says that a run has begun."""
    return os.path.join(folder, f"{row['key']}.begun")


def _forget(folder, row):
    """Remove the files of a run that is to be tried again."""
    for path in _part(folder, row), _mark(folder, row):
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
