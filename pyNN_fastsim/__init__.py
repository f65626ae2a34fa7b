"""
PyNN on a simulator of its own, written in Numba.

``import pyNN_fastsim as sim`` is the only change that a PyNN script needs.
"""

from types import ModuleType as _ModuleType

from pyNN import errors, random, space  # noqa: F401
from pyNN.random import GSLRNG, NumpyRNG, RandomDistribution  # noqa: F401
from pyNN.recording import *  # noqa: F403
from pyNN.recording import files  # noqa: F401
from pyNN.recording.files import *  # noqa: F403
from pyNN.space import *  # noqa: F403
from pyNN.standardmodels import StandardCellType  # noqa: F401

from . import aliases as _aliases
from .celltypes import CellType
from .connectors import *  # noqa: F403
from .control import (  # noqa: F401
    end,
    get_current_time,
    get_max_delay,
    get_min_delay,
    get_time_step,
    initialize,
    num_processes,
    rank,
    reset,
    run,
    run_for,
    run_until,
    setup,
)
from .former_names import MODULE as _FORMER_NAMES
from .former_names import has_become as _has_become
from .models import *  # noqa: F403
from .network import Network  # noqa: F401
from .populations import Assembly, Population, PopulationView  # noqa: F401
from .procedural_api import connect, create, record, record_gsyn, record_v, set  # noqa: F401
from .projections import Projection  # noqa: F401
from .random import NativeRNG  # noqa: F401
from .standardmodels.cells import *  # noqa: F403
from .standardmodels.electrodes import *  # noqa: F403
from .standardmodels.point_neurons import *  # noqa: F403
from .standardmodels.synapses import *  # noqa: F403
from .versions import show_versions  # noqa: F401

__version__ = "0.1.0"

_aliases.install("fastsim")


def list_standard_models():
    """Return a list of the names of the standard cell types available in this backend."""
    return [
        name
        for name, obj in globals().items()
        if isinstance(obj, type) and issubclass(obj, CellType) and obj is not CellType
    ]


def __getattr__(name):
    if name in _FORMER_NAMES:
        raise AttributeError(_has_become(__name__, name, _FORMER_NAMES[name]))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# Whatever stands here but the modules that come along with it.
__all__ = [
    name
    for name, obj in globals().items()
    if not name.startswith("_")
    and (not isinstance(obj, _ModuleType) or name in ("errors", "files", "random", "space"))
]
