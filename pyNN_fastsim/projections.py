"""
Projections: making, reading and changing connections.

Users see connections in the order of their creation, which is mostly target cell by target cell;
`connections.py` says how they are kept.
"""

import os

import numpy as np
from pyNN import common, errors
from pyNN.recording.files import StandardTextFile
from pyNN.space import Space

from . import devices, simulator
from .arguments import FILE, NAMES, check_arguments_of
from .changing import Changing
from .connecting import Connecting
from .connections import Connection, Group, parts
from .display import Displayed, Panel, counted, spread, with_units
from .engine.synapses.groups import moved, sources_of
from .former_names import PROJECTION, PROJECTION_ARGUMENTS, FormerAttributes, update
from .graded import graded_form
from .joint_changes import take_note
from .localising import numbers_of
from .memory import NoMemory, check_memory
from .messages import did_you_mean
from .output import own_table, writing_table
from .parameters import Stream, one_number
from .processes import for_all_cells, processes
from .progress import building
from .recording import check_file, write_recording
from .standardmodels.synapses import ElectricalSynapse, EngineSynapse, StaticSynapse
from .synapse_recording import SynapseRecorder
from .synapse_values import wrong_shape
from .threads import alone
from .usual import unit_of_currents
from .validation import NoParameterAttributes, check_names

_DEFAULT_SPACE = Space()


_ADDRESS = ("presynaptic_index", "postsynaptic_index")


class Projection(Displayed, NoParameterAttributes, FormerAttributes, Connecting, Changing, common.Projection):
    """
    All connections of one kind from some cells to others.

    `presynaptic_neurons`, `postsynaptic_neurons`:
        Populations, PopulationViews or Assemblies.
    `connector`:
        which pairs: ``FixedProbabilityConnector(0.1)``, for example.
    `synapse_type`:
        ``StaticSynapse(weight=0.1, delay=1.0)``, for example; weights in nA for current-based receptors,
        µS for conductance-based ones, mV for IF_curr_delta and Izhikevich; delays in ms, by default
        the shortest.
    `source`:
        None: cells have one axon.
    `receptor_type`:
        the name of a receptor of the target; by default "excitatory", or "inhibitory" for negative weights.
    `space`:
        how distances are measured (µm), for connectors, weights and delays that depend on them.
    `label`:
        a name, for messages.

    Its length is the number of connections, ``projection[k]`` one of them in the order of creation. Raises
    ConnectionError for what can't be connected, weights of the wrong sign and delays out of range, TypeError
    for what is no connector or synapse type, MemoryError; then there are no new connections.
    """

    _simulator = simulator
    _static_synapse_class = StaticSynapse
    _former = PROJECTION

    @alone
    def __init__(
        self,
        presynaptic_neurons,
        postsynaptic_neurons,
        connector,
        synapse_type=None,
        source=None,
        receptor_type=None,
        space=_DEFAULT_SPACE,
        label=None,
    ):
        label = label or f"{_name(presynaptic_neurons)}→{_name(postsynaptic_neurons)}"
        receptors = postsynaptic_neurons.receptor_types
        graded = self._as_graded(
            label, presynaptic_neurons, postsynaptic_neurons, synapse_type, receptor_type
        )
        self._is_graded = graded is not None
        if self._is_graded:
            synapse_type, receptor_type = graded
        elif not receptors:
            raise errors.ConnectionError(
                f"'{postsynaptic_neurons.label}' can't be connected to: it is a spike source"
            )
        if not self._is_graded:
            _check_receptor_type(label, source, receptor_type, receptors)
        if synapse_type is not None and not isinstance(synapse_type, EngineSynapse):
            raise errors.InvalidModelError(
                f"{label}: {type(synapse_type).__name__} is not a synapse type of this backend; "
                f"import synapse types from the same module as Projection"
            )
        super().__init__(
            presynaptic_neurons,
            postsynaptic_neurons,
            connector,
            synapse_type,
            source,
            receptors[0] if self._is_graded and receptors else receptor_type,
            space,
            label,
        )
        if self._is_graded:
            self.receptor_type = receptor_type
        for cells in (self.pre, self.post):
            for part in parts(cells):
                if not any(part.block is block for block in simulator.state.network.blocks):
                    raise errors.ConnectionError(
                        f"{self.label}: '{cells.label}' belongs to a network from before setup() was called"
                    )
        if self._is_electrical:
            self._check_electrical()
            devices.refuse(simulator.state, self.label, "gap junctions")
        # Connections in the order of their creation, until they are sorted into groups.
        self._pending = []
        self._hardly_meant = set()
        self._zero_is_meant = getattr(synapse_type, "zero_is_meant", False)
        self._groups: list[Group] = []
        self._cached = {}
        self._initial_weights = None
        self._runs, self._checksum = np.zeros((2, 0), dtype=np.int64), 0  # see localising.py
        self._set_alone: set[tuple[int, str]] = set()  # see joint_changes.py
        take_note(simulator.state.projections)  # before it matters how theirs are sorted
        self.recorder = SynapseRecorder(self)
        try:
            with building(self.label), for_all_cells():
                connector.connect(self)
                self._take_from_owners()
                self._build()
            simulator.state.projections.append(self)
        except BaseException as error:
            simulator.state.network.remove_groups([group.synapses for group in self._groups])
            if isinstance(error, MemoryError):
                why = f": {error}" if isinstance(error, NoMemory) else ""
                raise MemoryError(
                    f"Projection '{self.label}': no memory for its connections, from {self.pre.size} to "
                    f"{self.post.size} cells{why}"
                ) from None
            raise
        self._is_made = True

    @staticmethod
    def _as_graded(label, pre, post, synapse_type, receptor_type):
        """As `graded_form`; None for what are no cells, of which PyNN tells."""
        if not all(isinstance(cells, (common.BasePopulation, common.Assembly)) for cells in (pre, post)):
            return None
        graded = graded_form(label, pre, post, synapse_type, receptor_type)
        if graded is not None:
            devices.refuse(simulator.state, label, "graded connections")
        return graded

    def short(self):
        return f'{type(self).__name__}("{self.label}")'

    def panel(self):
        names = self.synapse_type.get_parameter_names()
        pre, post = self._pairs()
        return Panel(
            f'Projection "{self.label}"',
            [
                ("from", f"'{self.pre.label}', {counted(self.pre.size, 'cell')}"),
                ("to", f"'{self.post.label}', {counted(self.post.size, 'cell')}; {self.receptor_type}"),
                ("connector", repr(self._connector)),
                ("synapses", type(self.synapse_type).__name__),
                ("connections", f"{len(self):,}"),
                ("from each cell", spread(np.bincount(pre, minlength=self.pre.size))),
                ("to each cell", spread(np.bincount(post, minlength=self.post.size))),
                *((name, with_units(spread(self._values(name)), self._units_of(name))) for name in names),
            ],
        )

    def _units_of(self, name):
        """For people to read: of a weight, a delay or a time constant."""
        if name in ("weight", "w_min", "w_max"):
            return self._weight_units()
        return "ms" if name == "delay" or name.startswith("tau_") else ""

    def _parameters_and_states(self):
        return self.synapse_type.get_parameter_names(), self.synapse_type.state_variables()

    def _how_to_set(self, name, is_state):
        return f"call {'initialize' if is_state else 'set'}({name}=...) of {self.label}"

    def _check_is_there(self):
        """Raise ValueError for connections of a network that is no more."""
        simulator.state.check_is_there(f'Projection "{self.label}"', self.recorder._network)

    def _guess_receptor_type(self):
        self._receptor_is_guessed = True
        weights = self.synapse_type.parameter_space["weight"].base_value
        if isinstance(weights, np.ndarray) and weights.ndim != 1 and weights.shape != self.shape:
            raise wrong_shape(self, "weight", weights)
        if isinstance(weights, np.ndarray) and (weights.ndim == 1 or np.isnan(weights[-1, -1])):
            # One for each connection, or a matrix whose last pair, at which PyNN looks, is not connected.
            known = weights[~np.isnan(weights)]
            self._guess_from_weight(known[0 if weights.ndim == 1 else -1] if len(known) else 0.0)
            return
        if isinstance(weights, Stream):
            self._guess_from_weight(one_number(self.label, "weight", weights.first or 0.0))
            return
        try:
            super()._guess_receptor_type()
        except (NotImplementedError, OverflowError, ValueError) as error:
            raise errors.InvalidParameterValueError(
                f"{self.label}: weight can't be {weights!r}: {error}"
            ) from None

    def _guess_from_weight(self, weight):
        inhibitory = weight < 0 and len(self.post.receptor_types) > 1
        self.receptor_type = self.post.receptor_types[1 if inhibitory else 0]

    @property
    def _is_electrical(self):
        return isinstance(self.synapse_type, ElectricalSynapse)

    def _check_electrical(self):
        """Raise ConnectionError where there are no membranes on both sides."""
        for side, cells in (("pre", self.pre), ("post", self.post)):
            for part in parts(cells):
                if "v" not in part.block.model.state or part.block.model.is_source:
                    raise errors.ConnectionError(
                        f"{self.label}: the {side}synaptic cells '{cells.label}' of a gap junction "
                        "need membranes"
                    )

    # --- looking at connections -----------------------------------------------------------------

    def __len__(self):
        self._build()
        return sum(len(group) for group in self._groups)

    def __getitem__(self, i):
        """The i-th connection, or a list of connections for a slice."""
        n = len(self)
        if isinstance(i, slice):
            return [Connection(self, j) for j in range(*i.indices(n))]
        if not isinstance(i, (int, np.integer)):
            raise TypeError(f"{self.label}: index of a connection must be an integer or a slice, not {i!r}")
        if not -n <= i < n:
            raise IndexError(f"{self.label}: there is no connection {i}, only {n} of them")
        return Connection(self, i % n)

    @property
    def connections(self):
        """All connections, as a sequence."""
        return self

    def _pairs(self):
        """(pre, post): indices of the connected cells, in the order of creation; int64."""
        self._build()
        if "pairs" not in self._cached:
            pre, post = np.empty((2, len(self)), dtype=np.int64)
            for group in self._groups:
                places = group.find_places()
                pre[places] = group.pre.places_of(sources_of(group.synapses))
                post[places] = group.post.places_of(group.synapses.targets)
            self._cached["pairs"] = pre, post
        return self._cached["pairs"]

    def _order_of_pairs(self):
        """Where in the order of creation the connections are that come first, second, ... by (pre, post)."""
        pre, post = self._pairs()
        return np.lexsort((post, pre))

    def _values(self, name):
        """The values of a parameter, in the order of creation: float64 [connections]."""
        name, scale = self.synapse_type.known_as(name)
        values = np.empty(len(self))
        for group in self._groups:
            values[group.find_places()] = group.values(name)
        return values if scale == 1.0 else values * scale

    def _locate(self, index):
        """The group of a connection, given by its place in the order of creation, and its place there."""
        if "located" not in self._cached:
            located = np.empty((2, len(self)), dtype=np.int64)
            for k, group in enumerate(self._groups):
                located[:, group.find_places()] = np.full(len(group), k), np.arange(len(group))
            self._cached["located"] = located
        k, place = self._cached["located"][:, index]
        return self._groups[k], place

    def _value_at(self, index, name):
        group, place = self._locate(index)
        name, scale = self.synapse_type.known_as(name)
        values = group.values(name)
        return float(values[place if len(values) > 1 else 0]) * scale

    def get(self, attribute_names, format, gather=True, with_address=True, multiple_synapses="sum"):
        """Weights, delays and other parameters of the connections.

        `attribute_names`:
            a name or a list of names, among them "presynaptic_index" and "postsynaptic_index".
        `format`:
            "list": a tuple (pre, post, value, ...) for each connection, in the order of creation. "array":
            for each name an array [pre, post], with NaN where there is no connection.
        `gather`:
            under mpirun: True for all connections on process 0, and on others their own, those onto their
            cells; "all" for all connections on all processes; False for its own on each.
        `with_address`:
            False for lists without pre and post, in the order of (pre, post), as `set` takes them.
        `multiple_synapses`:
            what an array has where several connections join a pair: "sum", "min", "max", "first" or "last".

        Weights are in nA, µS or mV (see `set`), delays in ms. Of plastic synapses it is the weight after
        all that has arrived. Raises NonExistentParameterError, or ValueError for a format that doesn't exist.
        """
        single = isinstance(attribute_names, str)
        names = [attribute_names] if single else list(attribute_names)
        known = self.synapse_type.get_parameter_names()
        names = [n[:-1] if n not in known and n[:-1] in known else n for n in names]  # "weights"
        check_names(self.synapse_type, [self.synapse_type.known_as(n)[0] for n in names if n not in _ADDRESS])
        if multiple_synapses not in self.MULTI_SYNAPSE_OPERATIONS:
            raise ValueError(
                f"multiple_synapses must be one of {list(self.MULTI_SYNAPSE_OPERATIONS)}, "
                f"not {multiple_synapses!r}"
            )
        found = self._columns([n for n in names if n not in _ADDRESS], gather)
        pre, post = (found[n] for n in _ADDRESS)
        if format == "list":
            columns = [pre, post] if with_address else []
            columns += [found[n] for n in names]
            if not with_address:  # nothing else says which value is whose: the order of set()
                order = np.lexsort((post, pre))
                columns = [column[order] for column in columns]
                if single:
                    return columns[0].tolist()
            return list(zip(*(column.tolist() for column in columns), strict=True))
        if format == "array":
            arrays = [
                self._array(pre, post, found[n], "last" if n in _ADDRESS else multiple_synapses)
                for n in names
            ]
            return arrays[0] if single else arrays
        raise ValueError(f"format must be 'list' or 'array', not {format!r}")

    def _columns(self, names, gather):
        """Indices and parameters of the connections by name, in the order of creation: float64 or int64.

        gather   as of `get`
        """
        values = {**dict(zip(_ADDRESS, self._pairs(), strict=True)), **{n: self._values(n) for n in names}}
        if not gather or processes.size == 1:
            return values
        told = processes.gather(f"the connections of '{self.label}'", (self._runs, values), gather == "all")
        if told is None:
            return values
        places = np.concatenate([numbers_of(runs) for runs, _ in told])
        return {n: moved(np.concatenate([part[n] for _, part in told]), places) for n in values}

    @property
    def _numbers(self):
        """Which of the connections of all processes, in the order of creation, those of this one are."""
        return np.arange(len(self)) if processes.size == 1 else numbers_of(self._runs)

    def _own_values(self, values):
        """Of values of all connections, in the order of creation, those of connections of this process."""
        return values if processes.size == 1 else values[self._numbers]

    def size(self, gather=True):
        """The number of connections; those onto cells of this process, if `gather` is False."""
        return sum(group.synapses.n for group in self._groups) if gather and len(self) >= 0 else len(self)

    def _array(self, pre, post, values, multiple_synapses):
        """Values as an array over (pre, post), nan where there is no connection."""
        n_pre, n_post = self.shape
        check_memory(f"{self.label}: values for {n_pre} x {n_post} pairs", 8 * n_pre * n_post)
        array = np.full(self.shape, np.nan)
        if multiple_synapses == "last":
            array[pre, post] = values
        elif multiple_synapses == "first":
            # Copies, because NumPy assigns in the order of memory, whichever way the indices go.
            array[pre[::-1].copy(), post[::-1].copy()] = values[::-1].copy()
        else:
            combine, neutral = {
                "sum": (np.add, 0.0),
                "min": (np.minimum, np.inf),
                "max": (np.maximum, -np.inf),
            }[multiple_synapses]
            array[pre, post] = neutral
            combine.at(array, (pre, post), values)
        return array

    def save(self, attribute_names, file, format="list", gather=True, with_address=True):
        """Write parameters of the connections to a file; see `get` for the arguments and units.

        `attribute_names`:
            a name, a list of names, "all" or "connections".
        `file`:
            the name of a text file, or one of `pyNN.recording.files`.

        In the "array" format there are zeros where there is no connection.
        """
        if attribute_names in ("all", "connections"):
            attribute_names = self.synapse_type.get_parameter_names()
        single = isinstance(attribute_names, str)
        names = [attribute_names] if single else list(attribute_names)
        values = self.get(names, format, gather, with_address)
        if format == "list" and with_address:
            names = ["i", "j", *names]
        with processes.same_error(f"save() of '{self.label}'"):
            if not gather or processes.rank == 0:
                self._write_table(values, names, file if gather else own_table(file), format, single)

    def _write_table(self, values, names, file, format, single):
        is_text = isinstance(file, (str, os.PathLike, StandardTextFile))
        if format == "array":  # a matrix; of several, in a text one below the other
            values = [np.where(np.isnan(array), 0.0, array) for array in values]
            values = np.concatenate(values) if single or is_text else np.stack(values)
        with writing_table(file, f"The connections of '{self.label}'") as table:
            table.write(values, {"columns": names})

    # --- recording ------------------------------------------------------------------------------

    def record(self, variables, sampling_interval=None):
        """Record variables of the connections from now on: "weight" of plastic ones, "u" and "x" of those
        with short-term plasticity; a name, names, or "all".

        Raises RecordingError for a variable that there is not, ValueError for a sampling interval (ms)
        that is not a multiple of the time step, or not that of what is already recorded.
        """
        self._check_is_there()
        self._build()
        self.recorder.record(variables, sampling_interval)

    def get_data(self, variables="all", gather=True, clear=False, annotations=None):
        """What has been recorded: a Neo Block with a Segment for each trial, in it an AnalogSignal
        [time x connection] for each variable. The array annotations `presynaptic_index` and
        `postsynaptic_index` tell which connection a column is of; the order is that of `get`.
        """
        block = self.recorder.recording(variables, annotations, gather).to_neo()
        if clear:
            self.recorder.clear()
        return block

    def write_data(self, io, variables="all", gather=True, clear=False, annotations=None):
        """Write what has been recorded to a file, a name or a Neo IO; see `Population.write_data`."""
        check_file(io)
        write_recording(self.recorder.recording(variables, annotations, gather), io, gather)
        if clear:
            self.recorder.clear()

    def _weight_units(self):
        """As quantities knows them."""
        if self._is_graded:
            return "dimensionless"
        if self.post.conductance_based or self._is_electrical:
            return "uS"
        return unit_of_currents([population.celltype for population in _populations(self.post)])


def _name(cells):
    """The label of a population, view or assembly, or what stands for it in that of a projection."""
    return cells.label or f"unnamed {type(cells).__name__}"


def _check_receptor_type(label, source, receptor_type, known):
    """Raise ConnectionError for a receptor type that the postsynaptic cells don't have."""
    if isinstance(source, str) and source in known:  # where scripts for PyNN 0.7 had it, too
        raise errors.ConnectionError(
            f"{label}: source is '{source}', which is a receptor type: give it as receptor_type='{source}'"
        )
    if receptor_type not in (None, "default", *known):
        names = ", ".join(f"'{name}'" for name in known)
        raise errors.ConnectionError(
            f"{label}: receptor_type must be one of {names}, not {receptor_type!r}"
            f"{did_you_mean(receptor_type, known)}"
        )


def _populations(cells):
    return cells.populations if isinstance(cells, common.Assembly) else [cells]


check_arguments_of(Projection, "__init__", "get", "set", "initialize", "save", "describe", file=FILE)
update(Projection, PROJECTION_ARGUMENTS)
check_arguments_of(Projection, "weightHistogram", like=lambda self, min=None, max=None, nbins=10: None)
check_arguments_of(Projection, "record", "get_data", "write_data", variables=NAMES)
