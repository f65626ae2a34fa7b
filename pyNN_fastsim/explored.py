"""What many runs have found, and how it is kept: a file for each run while they go on, one in the end."""

import contextlib
import hashlib
import json
import numbers
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np
import quantities as pq

INDEX = "index"  # the entry of the file that says what the rows are: a text in JSON


class Exploration(Sequence):
    """
    The results of `explore()`: one row for each set of parameters, in the order in which they were given.

    path    of the file that `explore()` wrote

    `found[k]` is a dictionary of what run k gave, and `found.get(name)` a list of one result of all runs,
    with None for those that failed. `found.table` has the parameters, the seed, what went wrong ("" if
    nothing did), the seconds that it took, and those results that are single numbers or texts: a pandas
    DataFrame where pandas is installed, or else a list of dictionaries.
    """

    def __init__(self, path, keys=None):
        self.path = os.fspath(path)
        rows = read_rows(self.path)
        for number, row in enumerate(rows):
            row["number"] = number
        if keys is not None:
            known = {row["key"]: row for row in rows}
            rows = [known[key] for key in keys]
        self._rows = rows

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, k):
        row = self._rows[k]
        with zipfile.ZipFile(self.path) as file:
            arrays = {name: _read_array(file, f"{row['number']}/{name}.npy") for name in row["arrays"]}
        values = {**row["values"], **arrays}
        for name, units in row["units"].items():
            values[name] = pq.Quantity(values[name], units)
        return values

    def get(self, name):
        """One result of all runs: a list, with None for runs that don't have it."""
        if not any(name in row["values"] or name in row["arrays"] for row in self._rows):
            raise KeyError(f"no run has a result '{name}'")
        return [self[k].get(name) for k in range(len(self))]

    def traceback(self, k):
        """Where run k failed; an empty text if it didn't."""
        return self._rows[k]["traceback"]

    @property
    def table(self):
        """Parameters, seeds, errors, seconds and single results, a row for each run."""
        rows = []
        for row in self._rows:
            facts = {name: row[name] for name in ("seed", "error", "seconds")}
            rows.append({**row["parameters"], **facts, **row["values"], **row["parameters"]})
        try:
            import pandas
        except ImportError:
            return rows
        return pandas.DataFrame(rows)

    def __repr__(self):
        failed = sum(bool(row["error"]) for row in self._rows)
        return f"Exploration('{self.path}'): {len(self)} runs, {failed} of them failed"


def key_of(parameters):
    """A text that stands for a set of parameters, whatever else there is."""
    text = json.dumps(shown_parameters(parameters), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def shown_parameters(parameters):
    """A set of parameters as JSON can say it. An array is what it is made from, and a checksum."""
    return {name: _plain(name, value) for name, value in parameters.items()}


def _plain(name, value):
    """A parameter in JSON's terms. Raises TypeError for what has no value of its own, such as a function."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [_plain(name, each) for each in value]
    if isinstance(value, np.ndarray) and value.dtype != object:
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:8]
        return f"{value.dtype} array {value.shape} {content}"
    raise TypeError(
        f"explore(): parameter '{name}' must be a number, a text, a flag, None, an array, or a list of "
        f"these, not {type(value).__name__}: make what you need of these within the function"
    )


# --- one run --------------------------------------------------------------------------------------


def write_part(path, row, results):
    """Keep what a run has given: whole, or not at all, whenever the process is killed.

    row       key, parameters, seed, error, traceback, seconds
    results   values by name: numbers, texts, arrays, quantities and Neo's signals
    """
    values, arrays, units = {}, {}, {}
    for name, value in results.items():
        if isinstance(value, pq.Quantity):
            units[name] = value.dimensionality.string
            value = value.magnitude
        if value is None or isinstance(value, (bool, str, int, float)):
            values[name] = value
        else:
            arrays[name] = _as_array(name, value)
            if arrays[name].ndim == 0 and arrays[name].dtype.kind in "biuf":
                values[name] = arrays.pop(name).item()
    row = {**row, "values": values, "arrays": list(arrays), "units": units}
    with _whole(path) as file, zipfile.ZipFile(file, "w") as parts:
        for name, array in arrays.items():
            _write_array(parts, f"{name}.npy", array)
        _write_rows(parts, [row])


def _as_array(name, value):
    """An array of numbers or texts. Raises TypeError for anything else."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "biufcUS":
        raise TypeError(
            f"result '{name}' can't be kept: it must be a number, a text, an array of these, a quantity or a "
            f"signal of Neo's, not {type(value).__name__}"
        )
    return array


def results_of(value):
    """What a function has returned, by names: its own ones, or 'result'."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(name): each for name, each in value.items()}
    return {"result": value}


# --- all of them ----------------------------------------------------------------------------------


def gather(path, parts):
    """Add what is in the files of runs, `parts`, to the one file at `path`, and forget them."""
    rows = read_rows(path) if os.path.exists(path) else []
    places = {row["key"]: number for number, row in enumerate(rows)}
    new = {}
    for part in parts:
        row = read_rows(part)[0]
        place = places.setdefault(row["key"], len(rows))
        rows[place : place + 1] = [row]
        new[place] = part
    with _whole(path) as file, zipfile.ZipFile(file, "w") as whole:
        for number, row in enumerate(rows):
            source, before = (new[number], "") if number in new else (path, f"{number}/")
            with zipfile.ZipFile(source) as old:
                for name in row["arrays"]:
                    with old.open(f"{before}{name}.npy") as entry:
                        with whole.open(f"{number}/{name}.npy", "w", force_zip64=True) as copy:
                            shutil.copyfileobj(entry, copy, 2**20)
        _write_rows(whole, rows)
    for part in parts:
        os.remove(part)


def read_rows(path):
    """The rows of a file: of all runs, or of one. Raises ValueError if it is no such file."""
    try:
        with zipfile.ZipFile(path) as file:
            return json.loads(str(_read_array(file, f"{INDEX}.npy")))
    except (zipfile.BadZipFile, KeyError):
        raise ValueError(f"'{path}' is no file of explore()'s") from None


@contextlib.contextmanager
def _whole(path):
    """A file to write, which takes the place of that at `path` when it is complete."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(name)
        raise


def _write_rows(file, rows):
    _write_array(file, f"{INDEX}.npy", np.array(json.dumps(rows)))


def _write_array(file, name, array):
    with file.open(name, "w", force_zip64=True) as entry:
        np.lib.format.write_array(entry, array, allow_pickle=False)


def _read_array(file, name):
    with file.open(name) as entry:
        return np.lib.format.read_array(entry, allow_pickle=False)
