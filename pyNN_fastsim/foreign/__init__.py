"""
What belongs to other backends; loaded by ``python -m pyNN_fastsim`` alone.

`install` makes the modules of other backends importable: some stand for this package, some for a module here
that has what only their backend has, and those of which nothing can be had say so in one sentence.
docs/switching.md is the user's side of it.
"""

import importlib
import importlib.util
import sys
import warnings
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder

from .. import recorded
from ..simulator import name as _ours

_PACKAGE = __package__.rpartition(".")[0]
_SPINNAKER = f"{__package__}.spinnaker"

# What a module stands for; None for a package in which there is nothing but what else stands here.
MODULES = {
    "hbp_nrp_cle": None,
    "hbp_nrp_cle.brainsim": None,
    "hbp_nrp_cle.brainsim.simulator": _PACKAGE,
    "pynn_genn": _PACKAGE,
    "spynnaker": None,
}
for _root in "spynnaker8", "spynnaker.pyNN", "pyNN.spiNNaker":
    MODULES |= {
        _root: _SPINNAKER,
        f"{_root}.external_devices": f"{_SPINNAKER}.external_devices",
        f"{_root}.extra_models": f"{_SPINNAKER}.extra_models",
        f"{_root}.spynnaker_plotting": f"{_SPINNAKER}.plotting",
        f"{_root}.utilities": None,
        f"{_root}.utilities.neo_convertor": f"{_SPINNAKER}.neo_convertor",
    }

# What to say of the other modules of these packages.
_OF_A_MACHINE = "belongs to the software of SpiNNaker machines, and there is no such machine here"
_OF_ROBOTS = "belongs to the Neurorobotics Platform, of which there is only brainsim.simulator here"
ABSENT = {"hbp_nrp_cle": _OF_ROBOTS, "hbp_nrp_excontrol": _OF_ROBOTS} | dict.fromkeys(
    (
        "pacman", "pyNN.spiNNaker", "spinn_front_end_common", "spinn_machine", "spinn_utilities", "spinnman",
        "spynnaker", "spynnaker8", "spynnaker_external_devices_plugin",
    ),
    _OF_A_MACHINE,
)  # fmt: skip


def install():
    """Let imports find what stands in `MODULES`, before all other modules of these names; return the finder.

    From then on data have the annotations of earlier versions of PyNN, too, which scripts for other
    backends look for: source_id of spike trains, source_ids of signals.
    """
    finder = ForeignFinder()
    sys.meta_path.insert(0, finder)
    recorded.former_annotations = True
    return finder


class ForeignFinder(MetaPathFinder, Loader):
    """Finds modules of other backends here."""

    def find_spec(self, fullname, path=None, target=None):
        """A spec for a module in `MODULES`, None for all that nothing is known of.

        Raises ModuleNotFoundError that says why there is no such module; but what is installed is found.
        """
        if fullname in MODULES:
            return ModuleSpec(fullname, self, is_package=MODULES[fullname] is None)
        parts = fullname.split(".")
        for n in range(len(parts), 0, -1):
            package = ".".join(parts[:n])
            if package in ABSENT and (package in MODULES or PathFinder.find_spec(parts[0]) is None):
                raise ModuleNotFoundError(
                    f"No module named {fullname!r}: it {ABSENT[package]}", name=fullname
                )
        return None

    def create_module(self, spec):
        """None, for Python's usual empty module."""
        return None

    def exec_module(self, module):
        """Put what it stands for into the place of `module`, an empty one; leave a mere package empty."""
        stands_for = MODULES[module.__name__]
        if stands_for is not None:
            sys.modules[module.__name__] = importlib.import_module(stands_for)


def say(message):
    """Warn, with the line of the user's script that is the reason."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in (_PACKAGE, "pyNN"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)


def without_effect(what):
    """Warn that something that has a meaning elsewhere has none here."""
    say(f"{what} has no meaning for {_ours}, and no effect")
