"""
Recording the weights and other variables of the connections of a projection over time.

The data come as those of a population do: a Neo Block with a Segment for each trial, in it an AnalogSignal
[time x connection] for each variable.
"""

from dataclasses import dataclass

import numpy as np
from pyNN import errors

from . import devices, simulator
from .engine.synapses.groups import sources_of
from .gathering import of_all_processes
from .processes import processes
from .recorded import Recording, Segment, Signal
from .validation import NotRecordedError, did_you_mean, steps_of_interval, warn


@dataclass
class SynapseSignal(Signal):
    """Samples of one variable of the connections of a projection, in the order of the connections.

    pairs   pre- and postsynaptic indices: int64 [2, connections]
    """

    pairs: np.ndarray

    def merged_rest(self, signals, order):
        return {"pairs": np.concatenate([signal.pairs for signal in signals], axis=1)[:, order]}

    def to_neo(self, copy=True):
        signal = super().to_neo(copy)
        signal.array_annotate(presynaptic_index=self.pairs[0], postsynaptic_index=self.pairs[1])
        return signal


class SynapseRecorder:
    """What is recorded from one projection, and what has been."""

    def __init__(self, projection):
        self.projection = projection
        self._network = simulator.state.network
        self._samplers = {}  # by variable: (Group, engine's SynapseSampler) of each group
        self._finished = []  # Segments of earlier trials
        self.interval = 1  # steps

    def record(self, variables, sampling_interval=None):
        """Record variables, a name, names or "all", from now on.

        Raises RecordingError for a variable that there is not, ValueError for a sampling interval (ms)
        that is not a multiple of the time step, or not that of what is already recorded.
        """
        devices.refuse(simulator.state, f"Projection '{self.projection.label}'", "recording from synapses")
        who = f"Projection '{self.projection.label}': sampling_interval"
        if sampling_interval is not None:
            steps = steps_of_interval(who, sampling_interval, self._network.dt)
            if self._samplers and steps != self.interval:
                raise ValueError(
                    f"{who} must be the same for all variables, which is "
                    f"{self.interval * self._network.dt} ms, not {sampling_interval}"
                )
            self.interval = steps
        for name in self._names(variables):
            if name not in self._samplers:
                self._samplers[name] = [
                    (group, self._add_sampler(group, name)) for group in self.projection._groups
                ]
        self._network.changed()

    def _add_sampler(self, group, name):
        places = np.arange(len(group))
        about = {
            "projection": self.projection.label,
            "pre_population": simulator.state.populations[group.synapses.source].label,
            "post_population": simulator.state.populations[group.synapses.target].label,
            "units": self._units(name),
        }
        if processes.size > 1:
            about |= self._columns(group)
        return self._network.add_synapse_sampler(group.synapses, name, places, self.interval, about)

    def _columns(self, group):
        """What the columns of the files of all processes are, and how many each has."""
        own = sources_of(group.synapses).tolist(), group.synapses.targets.tolist()
        told = processes.gather(f"record() of '{self.projection.label}'", own, everywhere=True)
        return {
            "pre": [cell for pre, _ in told for cell in pre],
            "post": [cell for _, post in told for cell in post],
            "columns": [len(pre) for pre, _ in told],
        }

    def _units(self, name):
        return self.projection._weight_units() if name == "weight" else "dimensionless"

    def _names(self, variables):
        """The names of variables, or "all", as a list of what can be recorded."""
        synapse_type = self.projection.synapse_type
        known = list(synapse_type.recordable)
        if isinstance(variables, str):
            variables = known if variables == "all" else [variables]
        variables = [synapse_type.known_as(name)[0] for name in variables]
        for name in variables:
            if name not in known:
                hint = did_you_mean(name, known)
                if not known:
                    hint = ", which stays what it is: get('weight', 'list') tells it,"
                raise errors.RecordingError(f"{name!r}{hint} of '{self.projection.label}'", synapse_type)
        return list(variables)

    @property
    def is_recording(self):
        return bool(self._samplers)

    def _current(self):
        """What this trial has recorded so far."""
        signals = [
            self._signal(name, samplers)
            for name, samplers in self._samplers.items()
            if samplers and samplers[0][1].samples.length
        ]
        return Segment(self._network.trial, [], signals)

    def _signal(self, name, samplers):
        projection, sampler = self.projection, samplers[0][1]
        samples = np.empty((sampler.samples.length, len(projection)))
        for group, part in samplers:
            samples[:, group.find_places()] = part.samples.view()
        connections = projection._numbers
        return SynapseSignal(
            variable=name,
            units=self._units(name),
            source=projection.label,
            ids=connections,
            index=connections,
            samples=samples,
            start=float(simulator.state.time_of(sampler.first_step)),
            period=sampler.interval * self._network.dt,
            pairs=np.stack(projection._pairs()),
        )

    def store(self):
        """Keep what this trial has recorded; called before the network is reset."""
        if self._samplers:
            self._finished.append(self._current())

    def recording(self, variables="all", annotations=None, gather=True):
        """What has been recorded; `gather` says whether process 0 gets it of the connections of all."""
        names = None if isinstance(variables, str) and variables == "all" else set(self._names(variables))
        projection = self.projection
        for name in names or ():
            if name not in self._samplers:
                raise NotRecordedError(
                    f"projection '{projection.label}'", name, list(self._samplers), projection.synapse_type
                )
        if not self._samplers:
            warn(f"Nothing was recorded from projection '{projection.label}': call record() before the run")
        current = self._current()
        for signal in current.signals:
            signal.own = True
        segments = [segment.of(names, None, processes.size > 1) for segment in [*self._finished, current]]
        segments = of_all_processes(f"the data of projection '{projection.label}'", segments, gather)
        annotations = {**projection.annotations, **(annotations or {})}
        return Recording(projection.label, projection.describe(), annotations, segments)

    def clear(self):
        """Forget all that has been recorded. What comes next begins with the present state."""
        self._network.flush()
        self._finished = []
        for samplers in self._samplers.values():
            for _, sampler in samplers:
                sampler.clear(self._network.step)
        self._network.changed()
