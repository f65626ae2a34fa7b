"""Growing arrays for what a simulation records, in memory or in files."""

import io
import json
import mmap
import os

import numpy as np

FIRST_CAPACITY = 1024  # rows
MAPPED_BYTES = 2**20  # smaller files are read as a whole: each that is mapped stays open


class GrowingArray:
    """An array that grows along its first axis; amortised constant cost a row.

    shape   of one row, () for a plain list of numbers
    dtype   of the elements
    length  rows recorded
    start   rows that are no longer in memory: those before the first row of the buffer
    """

    def __init__(self, shape=(), dtype=np.float64):
        self._data = np.empty((0, *shape), dtype=dtype)
        self.length = self.start = 0

    def reserve(self, rows):
        """Make room for `rows` more; returns the whole buffer, filled up to `length - start`."""
        held = self.length - self.start
        needed = held + rows
        if needed > len(self._data):
            capacity = max(needed, 2 * len(self._data), min(FIRST_CAPACITY, 16 * rows))
            grown = np.empty((capacity, *self._data.shape[1:]), dtype=self._data.dtype)
            grown[:held] = self._data[:held]
            self._data = grown
        return self._data

    def append(self, row):
        self.extend(np.asarray(row)[np.newaxis])

    def extend(self, rows):
        """Append several rows."""
        held = self.length - self.start
        self.reserve(len(rows))[held : held + len(rows)] = rows
        self.length += len(rows)

    def held(self):
        """The rows that are in memory; not a copy."""
        return self._data[: self.length - self.start]

    def view(self):
        """What has been recorded so far; not a copy."""
        return self.held()

    def flush(self):
        """There is no file to write to."""


class FiledArray(GrowingArray):
    """A growing array whose rows leave memory for a file whenever `flush` is called.

    The file is one of NumPy's (.npy). Rows are written first, and then how many there are into its header:
    whatever moment the process ends at, the header tells how many rows are complete.

    path       of the file, which is made with its folder by the first flush that has something to write
    describe   function that returns what the file of the same name but .json shall say: a dict
    part       what the name of this process's file has before .npy, if others have others: ".0"; their
               description is one, which each of them writes
    """

    def __init__(self, path, describe, shape=(), dtype=np.float64, part=""):
        super().__init__(shape, dtype)
        self.path, self._describe, self._part = path, describe, part

    def flush(self):
        """Write what is in memory to the file. Raises OSError; what can't be written stays in memory."""
        rows = self.held()
        if len(rows) == 0:
            return
        if self.start == 0:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            self.write_description()
        with open(self.path, "r+b" if self.start else "wb") as file:
            header = self._header(self.start)
            file.write(header)
            file.seek(len(header) + self.start * rows[0].nbytes)
            file.write(rows)
            file.flush()
            file.seek(0)
            file.write(self._header(self.length))
        self.start = self.length

    def write_description(self):
        _write_json(self.path.removesuffix(f"{self._part}.npy") + ".json", self._describe(), self._part)

    def _header(self, rows):
        """The header of the file with so many rows; NumPy leaves room in it for any number of them."""
        header = io.BytesIO()
        descr = np.lib.format.dtype_to_descr(self._data.dtype)
        shape = (rows, *self._data.shape[1:])
        np.lib.format.write_array_header_1_0(header, {"descr": descr, "fortran_order": False, "shape": shape})
        return header.getvalue()

    def view(self):
        """What has been recorded so far, of which only what is looked at is read from the file."""
        try:
            self.flush()
        except OSError:  # no room on the disk: run() says so
            return np.concatenate([self._filed(), self.held()])
        return self._filed()

    def _filed(self):
        """The rows in the file, for reading only."""
        if self.start == 0:
            return self._data[:0]
        n_bytes = self.start * self._data[:1].nbytes
        mode = "r" if n_bytes >= MAPPED_BYTES else None
        return np.load(self.path, mmap_mode=mode, allow_pickle=False)


class Records:
    """Where the arrays of a network are: in memory, or in the folder `folder`.

    dt      ms, goes into the description of every file
    trial   whose arrays are made
    part    which of the files are those of this process, ".0" or the like; "" if there is no other
    """

    def __init__(self, folder, dt, part=""):
        self.folder, self._dt, self._part = folder, dt, part
        self.trial = 0
        self._made = 0

    def note(self, step):
        """Write down that all files of this trial are complete up to a step. Raises OSError."""
        os.makedirs(self._trial_folder(), exist_ok=True)
        path = os.path.join(self._trial_folder(), f"time{self._part}.json")
        _write_json(path, {"dt": self._dt, "last_step": step})

    def next_number(self):
        """A number for a new file; all processes must ask for them in the same order."""
        self._made += 1
        return self._made

    def new_array(self, name, shape, describe, dtype=np.float64, number=None):
        """A growing array, in a file of this name and a number if not in memory; see FiledArray."""
        if self.folder is None:
            return GrowingArray(shape, dtype)
        number = number or self.next_number()
        path = os.path.join(self._trial_folder(), f"{number:04d}-{name}{self._part}.npy")
        return FiledArray(path, lambda: {"dt": self._dt, **describe()}, shape, dtype, self._part)

    def _trial_folder(self):
        return os.path.join(self.folder, f"segment{self.trial:03d}")


def _write_json(path, content, part=""):
    """Write a file that is there as a whole, or not at all, or as it was."""
    new = f"{path}.new{part}"  # several processes may write the same
    with open(new, "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(new, path)


def elements(array):
    """An array, or the present elements of a growing one."""
    return array.view() if isinstance(array, GrowingArray) else array


def private(array):
    """The elements of an array for someone who may change them; those in a file are copied only then."""
    if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap):  # a whole file, not a part
        return np.memmap(array.filename, array.dtype, "c", array.offset, array.shape)
    return array.copy()
