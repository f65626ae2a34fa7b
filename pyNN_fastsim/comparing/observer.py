"""
Runs one PyNN script on one backend, unedited, and writes down all that its populations recorded.

    python observer.py BACKEND FOLDER SEED SCRIPT [ARGUMENTS]

This file stands alone: it needs PyNN and NumPy and nothing else of this package, so that an environment
of another simulator can run it. Whatever backend the script imports it gets BACKEND; a SEED other than 0
is added to the seeds of all of PyNN's generators and of setup().

FOLDER gets ``result.json``, which describes ``arrays.npz``; `outcome.py` reads them.
"""

import atexit
import functools
import importlib
import importlib.abc
import importlib.machinery
import io
import json
import os
import resource
import sys
import time
import traceback
import types

import numpy as np

BACKENDS = (
    "arbor",
    "brian",
    "brian2",
    "fastsim",
    "mock",
    "moose",
    "nemo",
    "nest",
    "neuron",
    "pcsim",
    "spiNNaker",
)
FIXED = ("StaticSynapse", "ElectricalSynapse")  # synapses whose weights stay as they are made
SEEDS = ("rng_seed", "rng_seeds_seed", "grng_seed", "native_rng_baseseed")  # of setup(), in any backend


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds every ``pyNN.<backend>``, and what is below it, in the one that is observed."""

    def __init__(self, target):
        self.target = target

    def find_spec(self, fullname, path=None, target=None):
        parent, _, rest = fullname.partition(".")
        backend, _, below = rest.partition(".")
        if parent != "pyNN" or backend not in BACKENDS or f"pyNN.{backend}" == self.target:
            return None
        return importlib.machinery.ModuleSpec(fullname, self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        below = module.__name__.split(".")[2:]
        sys.modules[module.__name__] = importlib.import_module(".".join([self.target, *below]))


class Observer:
    """What is seen of a script: its populations and projections, and how long what takes.

    seconds   wall time by part: import, build (from setup to the first run, between runs), run, data, rest
    """

    def __init__(self, sim, folder, seed):
        self.sim, self.folder, self.seed = sim, folder, seed
        self.seconds = {"build": 0.0, "run": 0.0, "data": 0.0}
        self.populations, self.projections = [], []
        self.about: dict = {"populations": [], "projections": []}
        self.arrays = {}
        self.initial = {}  # by projection's place: (pre, post, weight, delay) of each connection before a run
        self.network = -1
        self.lost = []  # what could not be collected, and why
        self._inside = False
        self._building_since = None

    # --- noticing ---------------------------------------------------------------------------------

    def install(self):
        """Have the backend's functions and classes tell what they are asked for."""
        sim = self.sim
        sim.setup = self._wrapped(sim.setup, self._on_setup)
        sim.end = self._wrapped(sim.end, lambda call, *a, **k: (self.collect(), call(*a, **k))[1])
        for name in ("run", "run_until", "run_for"):
            if hasattr(sim, name):
                setattr(sim, name, self._wrapped(getattr(sim, name), self._on_run))
        self._keep_instances(sim.Population, self.populations)
        self._keep_instances(sim.Projection, self.projections)
        for cls in (sim.Population, sim.PopulationView, sim.Assembly):
            for name in ("get_data", "write_data"):
                setattr(cls, name, self._wrapped(getattr(cls, name), self._on_data))
        if self.seed:
            self._shift_seeds()
        atexit.register(self.collect)  # a script may leave by sys.exit in the middle

    def _wrapped(self, function, instead):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return instead(function, *args, **kwargs)

        return wrapper

    def _timed(self, part):
        """What calls a function and adds the time to a part, unless it is called by another such function."""

        def instead(call, *args, **kwargs):
            if self._inside:
                return call(*args, **kwargs)
            self._inside = True
            self._pause_building()
            began = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds[part] += time.perf_counter() - began
                self._inside = False
                self._building_since = time.perf_counter()

        return instead

    def _pause_building(self):
        if self._building_since is not None:
            self.seconds["build"] += time.perf_counter() - self._building_since
            self._building_since = None

    def _on_setup(self, call, *args, **kwargs):
        self.collect()
        self.network += 1
        for name in SEEDS:
            if self.seed and isinstance(kwargs.get(name), (int, np.integer)):
                kwargs[name] += self.seed
        if self.seed and "rng_seed" not in kwargs and self.sim.__name__ == "pyNN_fastsim":
            kwargs["rng_seed"] = 42 + self.seed
        result = call(*args, **kwargs)
        self._building_since = time.perf_counter()
        return result

    def _on_run(self, call, *args, **kwargs):
        """Weights that the run will change are looked at before the first one."""
        if not self._inside:
            self._inside = True
            self._pause_building()
            for number, projection in enumerate(self.projections):
                if number not in self.initial and type(projection.synapse_type).__name__ not in FIXED:
                    self.initial[number] = self._connections(projection)
            self._inside = False
        return self._timed("run")(call, *args, **kwargs)

    def _on_data(self, call, cells, *args, **kwargs):
        if kwargs.get("clear"):  # what is cleared can't be collected later
            self._keep_data(cells)
        return self._timed("data")(call, cells, *args, **kwargs)

    def _keep_instances(self, cls, instances):
        original = cls.__init__

        @functools.wraps(original)
        def init(this, *args, **kwargs):
            original(this, *args, **kwargs)
            if type(this) is cls:
                instances.append(this)

        cls.__init__ = init

    def _shift_seeds(self):
        from pyNN import random

        original = random.NumpyRNG.__init__

        @functools.wraps(original)
        def init(this, seed=None, *args, **kwargs):
            original(this, None if seed is None else seed + self.seed, *args, **kwargs)

        random.NumpyRNG.__init__ = init
        np.random.seed(self.seed)

    # --- collecting -------------------------------------------------------------------------------

    def collect(self):
        """Take down what there is of the present network, and forget it."""
        if self._inside:
            return
        self._inside = True
        self._pause_building()
        try:
            for population in self.populations:
                self._keep_data(population)
            for number, projection in enumerate(self.projections):
                self._keep_projection(number, projection)
        finally:
            self.populations.clear()
            self.projections.clear()
            self.initial.clear()
            self._inside = False

    def _keep_data(self, cells):
        """What a population has recorded, or those of an assembly or view."""
        for population in getattr(cells, "populations", [cells]):
            population = getattr(population, "grandparent", population)
            if not any(population.recorder.recorded.values()):
                continue
            try:
                block = type(population).get_data.__wrapped__(population)
            except Exception as error:  # whatever a backend raises, the others are to be compared
                self.lost.append(f"data of {population.label}: {type(error).__name__}: {error}")
                continue
            about = {
                "network": max(self.network, 0),
                "label": str(population.label),
                "size": int(population.size),
                "celltype": type(population.celltype).__name__,
                "segments": [self._segment(segment, population) for segment in block.segments],
            }
            self.about["populations"].append(about)

    def _segment(self, segment, population):
        first = int(population.first_id)
        about: dict = {"spikes": None, "signals": []}
        if len(segment.spiketrains):
            trains = list(segment.spiketrains)
            cells = [self._index(train, population, first) for train in trains]
            times = [np.asarray(train.rescale("ms").magnitude, dtype=float) for train in trains]
            about["spikes"] = {
                "recorded": self._store(np.array(cells, dtype=np.int64)),
                "cells": self._store(np.repeat(np.array(cells, dtype=np.int64), [len(t) for t in times])),
                "times": self._store(np.concatenate(times)),
                "start": float(min(train.t_start.rescale("ms") for train in trains)),
                "stop": float(max(train.t_stop.rescale("ms") for train in trains)),
            }
        for signal in segment.analogsignals:
            channels = signal.array_annotations.get("channel_index")
            about["signals"].append(
                {
                    "name": str(signal.name),
                    "units": signal.units.dimensionality.string,
                    "cells": self._store(
                        np.arange(signal.shape[1]) if channels is None else np.asarray(channels)
                    ),
                    "samples": self._store(np.asarray(signal.magnitude, dtype=float)),
                    "start": float(signal.t_start.rescale("ms")),
                    "period": float(signal.sampling_period.rescale("ms")),
                }
            )
        return about

    def _index(self, train, population, first):
        """The index of a train's cell in its population; backends write it down in different ways."""
        annotations = train.annotations
        if "source_index" in annotations:
            return int(annotations["source_index"])
        if "source_id" in annotations:
            return int(annotations["source_id"]) - first
        return int(annotations["channel_id"]) - first

    def _keep_projection(self, number, projection):
        about = {
            "network": max(self.network, 0),
            "number": number,
            "label": str(projection.label),
            "pre": str(projection.pre.label),
            "pre_celltypes": [
                type(each.celltype).__name__
                for each in getattr(projection.pre, "populations", [projection.pre])
            ],
            "post": str(projection.post.label),
            "receptor": str(projection.receptor_type),
            "connector": type(projection._connector).__name__,
            "synapse": type(projection.synapse_type).__name__,
        }
        table = self._connections(projection)
        if table is None:
            return
        for name, column in zip(("pre_index", "post_index", "weight", "delay"), table.T, strict=True):
            about[name] = self._store(column.astype(np.int64) if "index" in name else column)
        before = self.initial.get(number)
        if before is not None:
            order = np.lexsort((before[:, 2], before[:, 1], before[:, 0]))
            about["initial_weight"] = self._store(before[order, 2])
        self.about["projections"].append(about)

    def _connections(self, projection):
        """[connection, (pre, post, weight, delay)], or None if the backend doesn't tell."""
        try:
            rows = projection.get(["weight", "delay"], format="list")
        except Exception as error:
            self.lost.append(f"connections of {projection.label}: {type(error).__name__}: {error}")
            return None
        return np.array([tuple(row)[:4] for row in rows], dtype=float).reshape(-1, 4)

    def _store(self, array):
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return name

    def write(self, error=None):
        """Write what was seen to the folder."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak *= 1 if sys.platform == "darwin" else 1024
        self.about.update(seconds=self.seconds, peak_bytes=peak, lost=self.lost, error=error)
        try:
            self.about["dt"] = float(self.sim.get_time_step())
        except Exception:
            self.about["dt"] = None  # nobody has called setup()
        np.savez(os.path.join(self.folder, "arrays.npz"), **self.arrays)
        path = os.path.join(self.folder, "result.json")
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(self.about, file)
        os.replace(path + ".new", path)


def run_script(path, arguments):
    """Execute a script as the module ``__main__``."""
    sys.argv = [path, *arguments]
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    module = types.ModuleType("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    with io.open_code(path) as file:
        source = file.read()
    exec(compile(source, path, "exec", dont_inherit=True), vars(module))


def _in_short(exception):
    """An exception in one line, with the one that it began with."""
    origin = exception
    while origin.__cause__ is not None:
        origin = origin.__cause__
    words = [f"{type(each).__name__}: {each}".strip().partition("\n")[0] for each in (exception, origin)]
    return words[0] if origin is exception else f"{words[0]} ({words[1]})"


def main():
    backend, folder, seed, script, *arguments = sys.argv[1:]
    target = "pyNN_fastsim" if backend == "fastsim" else f"pyNN.{backend}"
    os.environ.setdefault("MPLBACKEND", "Agg")
    sys.meta_path.insert(0, Finder(target))
    began = time.perf_counter()
    sim = importlib.import_module(target)
    seconds = time.perf_counter() - began
    observer = Observer(sim, folder, int(seed))
    observer.seconds = {"import": seconds, **observer.seconds}
    observer.install()
    arguments = [backend if argument in BACKENDS else argument for argument in arguments]
    error, began = None, time.perf_counter()
    try:
        run_script(script, arguments)
    except SystemExit as exit:
        error = f"exit status {exit.code}" if exit.code else None
    except BaseException as exception:
        traceback.print_exc()
        error = _in_short(exception)
    total = time.perf_counter() - began
    observer.collect()
    atexit.unregister(observer.collect)
    observer.seconds["rest"] = total - sum(observer.seconds[name] for name in ("build", "run", "data"))
    observer.write(error)
    sys.stdout.flush()
    os._exit(1 if error else 0)  # some simulators end with a message or a crash of their own


if __name__ == "__main__":
    main()
