"""
Imports a name below ``pyNN`` as this package: ``pyNN.fastsim`` and ``pyNN_fastsim`` are one module.

The same goes for what is below it: ``pyNN.fastsim.standardmodels.cells`` is
``pyNN_fastsim.standardmodels.cells``. The package calls `install` when it is imported, and the file
pyNN_fastsim.pth, which is installed beside it, at the first import of ``pyNN.fastsim`` (but Python reads
that file only when it starts, and only in site-packages); ``python -m pyNN_fastsim`` calls it with the
names of all other backends.
"""

import importlib
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec


def install(*names):
    """
    Make ``pyNN.<name>`` stand for this package, for each of `names`; return the finder that does it.

    The finder goes before all others: Python's own would find the modules of this package a second
    time, as ``pyNN.<name>.<module>``. Calling this again changes nothing.
    """
    for finder in sys.meta_path:
        if isinstance(finder, AliasFinder) and finder.names.issuperset(names):
            return finder
    finder = AliasFinder(names)
    sys.meta_path.insert(0, finder)
    return finder


class AliasFinder(MetaPathFinder, Loader):
    """Finds ``pyNN.<name>``, and what is below it, in this package."""

    def __init__(self, names):
        self.names = frozenset(names)

    def find_spec(self, fullname, path=None, target=None):
        """
        A spec for an alias, None for all other modules.

        Raises ModuleNotFoundError if this package has no module of that name.
        """
        parent, _, below = fullname.partition(".")
        name, _, module = below.partition(".")
        if parent != "pyNN" or name not in self.names:
            return None
        if importlib.util.find_spec(real_name(fullname)) is None:
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: pyNN.{name} stands for {__package__} here, "
                f"which has no module {module!r}",
                name=fullname,
            )
        return ModuleSpec(fullname, self)

    def create_module(self, spec):
        """None, for Python's usual empty module."""
        return None

    def exec_module(self, module):
        """Put the module of this package into the place of `module`, an empty one."""
        sys.modules[module.__name__] = importlib.import_module(real_name(module.__name__))


def real_name(alias):
    """``pyNN.<name>.<module>`` -> ``pyNN_fastsim.<module>``"""
    return ".".join([__package__, *alias.split(".")[2:]])
