"""
What there is on this machine, as far as results and speed depend on it.
"""

import importlib.util
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from . import devices
from .engine.compiling import cache
from .engine.preparation import CELLS_PER_THREAD

PACKAGES = ("PyNN", "neo", "numpy", "numba", "llvmlite", "quantities")
BACKENDS = {"nest": "nest", "neuron": "neuron", "brian2": "brian2"}  # and the package that each needs


def title():
    """Name and version."""
    from . import __version__

    return f"pyNN_fastsim {__version__}"


def facts():
    """(what, value) pairs of text."""
    installed = [name for name, package in BACKENDS.items() if importlib.util.find_spec(package)]
    return [
        ("pyNN_fastsim", title().split()[-1]),
        ("installed in", str(Path(__file__).parent)),
        ("Python", f"{platform.python_version()}, {sys.executable}"),
        *((name, _version_of(name)) for name in PACKAGES),
        ("system", platform.platform()),
        ("processor", _processor()),
        ("threads worth using", f"up to {usable_cores()}, from {CELLS_PER_THREAD} simple cells for each"),
        ("GPU", "; ".join(_cards())),
        ("machine code", _cache_state()),
        ("other backends", ", ".join(installed) or "none"),
    ]


def show_versions():
    """Print versions, processor, threads worth using, the cache of machine code, and other backends."""
    rows = facts()
    width = max(len(what) for what, _ in rows)
    print("\n".join(f"{what:{width}}  {value}" for what, value in rows))


def usable_cores():
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version_of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor():
    _, name, features = cache.processor()
    wide = [each for each in ("avx2", "avx512f", "fma", "neon") if f"+{each}" in features.split(",")]
    return f"{name} ({', '.join(wide) or 'no vector instructions known'})"


def _cards():
    from .engine.cuda import cards

    return cards.describe()


def _cache_state():
    found = [*cache.cache_folders(), *devices.kernel_folders()]
    if not found:
        return "nothing is compiled yet; 'fastsim warmup' compiles ahead"
    states = []
    for folder in found:
        files = list(folder.glob("*.machine_code"))
        size = sum(file.stat().st_size for file in files) / 1e6
        states.append(f"{len(files)} functions, {size:.1f} MB in {folder}")
    return "; ".join(states)
