"""
Compiling ahead: small networks that have everything, run for two steps.

What was compiled for them is in the cache, as after any first run: machine code for the processor, or, with
the environment variable PYNN_FASTSIM_DEVICE=gpu, for a GPU.
"""

import contextlib
import os
import shutil
from pathlib import Path

from . import control, devices, list_standard_models, progress
from .connectors import (
    AllToAllConnector,
    FixedNumberPreConnector,
    FixedProbabilityConnector,
    FixedTotalNumberConnector,
    OneToOneConnector,
)
from .engine.compiling import cache, compile
from .engine.synapses import segments
from .populations import Population
from .projections import Projection
from .random import NativeRNG
from .standardmodels import cells, electrodes, synapses

DT = 0.1  # ms
STEPS = 2


def warm_up(names=(), show=True):
    """Compile the cell types of these names, or everything if there are none, with a bar on the terminal.

    Ends the present network. Returns the names of the functions that were compiled. Raises ValueError for a
    name that is not that of a cell type.
    """
    unknown = [name for name in names if name not in list_standard_models()]
    if unknown:
        raise ValueError(f"there is no cell type {unknown[0]}: {', '.join(list_standard_models())}")
    from tqdm import tqdm

    before = len(compile.compiled)
    tasks = [(name, _cell) for name in names or list_standard_models() if name != "PointNeuron"]
    if not names:
        tasks += [(name, _synapse) for name in synapses.__all__ if _is_synapse(name)]
        tasks += [(name, _source) for name in electrodes.__all__]
        tasks += [("connectors", _connectors)]
    bar = tqdm(tasks, disable=not (show and progress.is_shown()))
    for name, task in bar:
        bar.set_description(f"Compiling {name}")
        with contextlib.suppress(devices.NotOnCard):  # what there is on the CPU only
            task(name)
    control.setup(timestep=DT)
    return compile.compiled[before:]


def copy_cache(folder):
    """Copy the machine code for this processor, and for a GPU that is there, to where NUMBA_CACHE_DIR=folder
    finds it; returns how many files."""
    found: set[str] = set()
    for source in (*cache.cache_folders(), *devices.kernel_folders()):
        target = Path(os.path.abspath(folder)) / "pyNN_fastsim" / source.name
        target.mkdir(parents=True, exist_ok=True)
        for file in source.glob("*.machine_code"):
            found.add(file.name)
            if not (target / file.name).exists() or not os.path.samefile(file, target / file.name):
                _copy(file, target / file.name)
    return len(found)


def _copy(file, target):
    """Copy a file as a whole or not at all: others may be using what is there."""
    new = target.with_name(f"{target.name}.{os.urandom(8).hex()}")
    try:
        shutil.copyfile(file, new)
        os.replace(new, target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _run():
    control.run(STEPS * DT)


def _cell(name):
    """Cells that are all alike, and cells that differ, recorded from."""
    celltype = getattr(cells, name)
    both: tuple[dict, dict] = ({}, _different(celltype))  # a uniform kernel, and one of arrays
    for values in both:
        control.setup(timestep=DT)
        population = Population(2, celltype(**values))
        population.record("all")
        _run()


def _different(celltype):
    """Two values of a parameter, for a kernel whose parameters are arrays."""
    for name, value in celltype.default_parameters.items():
        if (
            isinstance(value, float)
            and value
            and name.startswith(("tau_m", "tau_syn", "rate", "cm", "a", "i_"))
        ):
            return {name: [value, value * 1.01]}
    return {}


def _is_synapse(name):
    kind = getattr(synapses, name)
    return isinstance(kind, type) and issubclass(kind, synapses.EngineSynapse)


def _synapse(name):
    control.setup(timestep=DT)
    electrical = name == "ElectricalSynapse"
    source = Population(2, cells.IF_cond_exp() if electrical else cells.SpikeSourceArray(spike_times=[0.1]))
    target = Population(2, cells.IF_cond_exp())
    if name == "STDPMechanism":
        rule, bounds = synapses.SpikePairRule(), synapses.AdditiveWeightDependence(w_max=0.1)
        synapse = synapses.STDPMechanism(rule, bounds, weight=0.01)
    else:
        synapse = getattr(synapses, name)(weight=0.01)
    receptor = None if electrical else "excitatory"
    Projection(source, target, AllToAllConnector(), synapse, receptor_type=receptor)
    _run()


def _source(name):
    control.setup(timestep=DT)
    values: dict = {"times": [0.1], "amplitudes": [0.1]} if name == "StepCurrentSource" else {}
    Population(1, cells.IF_cond_exp()).inject(getattr(electrodes, name)(**values))
    _run()


def _connectors(_):
    """What draws connections, with both kinds of generators, and sources that count their spikes."""
    from pyNN.random import NumpyRNG

    for make in (NumpyRNG, NativeRNG):
        control.setup(timestep=DT)
        target = Population(20, cells.IF_cond_exp())
        source = Population(20, cells.SpikeSourcePoisson(rate=10000.0))
        for connector in (
            FixedProbabilityConnector(0.5, rng=make(1)),
            FixedNumberPreConnector(3, rng=make(1)),
            FixedTotalNumberConnector(9, with_replacement=True, rng=make(1)),
        ):
            Projection(target, target, connector, synapses.StaticSynapse(), receptor_type="excitatory")
        Projection(source, target, OneToOneConnector(), synapses.StaticSynapse(), receptor_type="excitatory")
        _run()
    for name in segments.QUANTILES:
        for entry in (segments.drawing_weights(name), segments.drawing_delays(name)):
            entry.address  # noqa: B018
