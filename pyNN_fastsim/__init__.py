"""
PyNN on a simulator of its own, written in Numba.

``import pyNN_fastsim as sim`` is the only change that a PyNN script needs.
"""

import sys as _sys
from importlib import import_module as _import_module
from types import ModuleType as _ModuleType

from pyNN import errors, random, space  # noqa: F401
from pyNN.random import GSLRNG, NumpyRNG  # noqa: F401
from pyNN.recording import *  # noqa: F403
from pyNN.recording import files  # noqa: F401
from pyNN.recording.files import *  # noqa: F403
from pyNN.space import *  # noqa: F403
from pyNN.standardmodels import StandardCellType  # noqa: F401

from . import aliases as _aliases
from . import neural_masses as _neural_masses
from .aln import *  # noqa: F403
from .bold import *  # noqa: F403
from .celltypes import CellType
from .checking import check  # noqa: F401
from .connectome import *  # noqa: F403
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
from .explore import *  # noqa: F403
from .former_names import MODULE as _FORMER_NAMES
from .former_names import has_become as _has_become
from .graded import *  # noqa: F403
from .inputs import *  # noqa: F403
from .messages import no_such_name as _no_such_name
from .models import *  # noqa: F403
from .native import *  # noqa: F403
from .network import Network  # noqa: F401
from .periodic import every  # noqa: F401
from .populations import Assembly, Population, PopulationView  # noqa: F401
from .procedural_api import connect, create, record, record_gsyn, record_v, set  # noqa: F401
from .projections import Projection  # noqa: F401
from .random import NativeRNG, RandomDistribution  # noqa: F401
from .standardmodels.cells import *  # noqa: F403
from .standardmodels.electrodes import *  # noqa: F403
from .standardmodels.point_neurons import *  # noqa: F403
from .standardmodels.rate_cells import *  # noqa: F403
from .standardmodels.synapses import *  # noqa: F403
from .versions import show_versions  # noqa: F401

_NEURAL_MASSES = _neural_masses.NAMES
__version__ = "0.1.0"

_aliases.install("fastsim")
if "IPython" in _sys.modules:
    from . import notebook as _notebook

    _notebook.install()


def list_standard_models():
    """Return a list of the names of the standard cell types available in this backend."""
    return [
        name
        for name, obj in globals().items()
        if isinstance(obj, type) and issubclass(obj, CellType) and obj is not CellType and obj.is_standard
    ]


def __getattr__(name):
    if name == "nestml":  # whoever needs no models in NESTML has no time to spend on them
        return _import_module(".nestml", __name__)
    if name in _NEURAL_MASSES:  # likewise
        return getattr(_neural_masses, name)
    if name in _FORMER_NAMES:
        raise AttributeError(_has_become(__name__, name, _FORMER_NAMES[name]))
    # Without a name, or Python would add a guess of its own.
    raise AttributeError(_no_such_name(__name__, name, __all__), name=None, obj=None)


def __dir__():
    return [*globals(), *_NEURAL_MASSES]


# Whatever stands here but the modules that come along with it.
__all__ = [
    name
    for name, obj in globals().items()
    if not name.startswith("_")
    and (not isinstance(obj, _ModuleType) or name in ("errors", "files", "random", "space"))
]
