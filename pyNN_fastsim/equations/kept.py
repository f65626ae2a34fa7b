"""
Generated code that is kept for later processes, so that these need neither parse nor derive anything.

What is kept of a model is the dictionary that `cells.generated` or `synapses.generated` gives, as JSON,
beside the machine code (engine/compiling/folders.py), under a checksum of the texts that it came from, of the
versions of what read them, and of this package's own code for that.
"""

import functools
import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..engine.compiling import cache, folders

READERS = ("sympy", "nestml")  # packages that generated code depends on


def parts_of(kind, given, generate):
    """What `generate()` gives, from a former process where possible.

    kind    what reads the model: "nestml", "strings", ...
    given   all that the result depends on, with a repr that tells it
    """
    name = f"{kind}-{_checksum(kind, given)}.source_of_machine_code"
    folder = cache.fingerprint()[:32]
    for content in folders.contents(folder, name):
        try:
            parts = json.loads(content)
        except ValueError:  # damaged
            continue
        if isinstance(parts, dict) and "source" in parts:
            return parts
    parts = generate()
    folders.keep(folder, name, json.dumps(parts).encode())
    return parts


def _checksum(kind, given):
    return hashlib.sha256(f"{_own_code()}\n{kind}\n{given!r}".encode()).hexdigest()


@functools.cache
def _own_code():
    """Hash of what generates code, and of the versions of what it uses."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    for package in READERS:
        try:
            digest.update(version(package).encode())
        except PackageNotFoundError:
            digest.update(b"none")
    return digest.hexdigest()
