"""
Reads files of connections, in the formats of pyNN.recording.files, without running what is in them.

PyNN's own functions evaluate the headers of text files and load any pickle: whoever wrote the file could have
anything run. Other classes of files than PyNN's read themselves.
"""

import ast
import pickle
import zipfile

import numpy as np
from pyNN.recording.files import NumpyBinaryFile, PickleFile, StandardTextFile

# What NumPy's arrays and numbers are pickled as, by its versions.
_NUMPY = {"_reconstruct", "scalar", "ndarray", "dtype", "_frombuffer"}
_MODULES = {
    "numpy",
    *(f"numpy.{core}.{name}" for core in ("core", "_core") for name in ("multiarray", "numeric")),
}


def metadata_of(file):
    """The metadata of a file of pyNN.recording.files: a dict, with the names of columns under "columns".

    Raises ValueError for columns that are not a list of names, and for a pickle of anything but data.
    """
    metadata = _metadata(file)
    columns = metadata.get("columns", [])
    if not isinstance(columns, (list, tuple)):
        raise ValueError(f"columns in {file.name} must be a list of names, not {columns!r}")
    return metadata


def _metadata(file):
    if type(file) is StandardTextFile:
        return _from_start(file, _header)
    if type(file) is PickleFile:
        return _from_start(file, lambda stream: _Data(stream).load()[1])
    if type(file) is NumpyBinaryFile:
        return {name: _literal(value) for name, value in _from_start(file, _zipped_metadata)}
    return file.get_metadata()


def values_of(file):
    """The connections in a file. Raises ValueError for a pickle of anything but data."""
    if type(file) is PickleFile:
        return _from_start(file, lambda stream: _Data(stream).load()[0])
    return file.read()


def _from_start(file, read):
    file._check_open()
    file.fileobj.seek(0)
    try:
        return read(file.fileobj)
    finally:
        file.fileobj.seek(0)


def _header(lines):
    metadata = {}
    for line in lines:
        line = line.decode() if isinstance(line, bytes) else line
        if not line.startswith("#"):
            break
        name, _, value = line[1:].partition("=")
        metadata[name.strip()] = _literal(value.strip())
    return metadata


def _literal(value):
    """What a text stands for, if that is a list, number or the like; else the text."""
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            pass
    return value


def _zipped_metadata(stream):
    """Pairs of names and values; NumPy writes them as the pickle of an array, after a header."""
    with zipfile.ZipFile(stream) as archive, archive.open("metadata.npy") as member:
        np.lib.format.read_magic(member)
        np.lib.format.read_array_header_1_0(member)
        return _Data(member).load()


class _Data(pickle.Unpickler):
    """Loads numbers, texts, lists, dicts and NumPy's arrays, and nothing that could be run."""

    def find_class(self, module, name):
        if (module in _MODULES and name in _NUMPY) or (module, name) == ("_codecs", "encode"):
            return super().find_class(module, name)
        raise ValueError(f"a file of connections must hold data only, not {module}.{name}")
