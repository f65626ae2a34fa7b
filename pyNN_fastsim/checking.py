"""
`check()`: what a tutor would remark on a network that has been built, or has run.

Each look at the network is a function that gives `Finding`s. What a student may well have meant is none: a
finding says what can't have an effect, or can't be meant, and what to do. Whether cells can spike at all
is found in `liveliness.py`.
"""

import re
from dataclasses import dataclass

import numpy as np

from . import simulator, usual
from .celltypes import public_state
from .connectors import OneToOneConnector
from .engine.synapses.gap import JunctionGroup
from .liveliness import can_spike, has_wrong_sign, is_leaky, numbers, what_moves, why_silent

MOST_HZ, MOST_HZ_OF_ONE = 500.0, 1000.0  # of cells on average, and of one; beyond it is a mistake
NEVER = -20.0  # mV, a threshold above which is hardly one: it keeps cells from spiking
SHORT_RUN = 2.0  # ms, which somebody hardly wants to simulate
STEPS_OF_SYNAPSE, STEPS_OF_MEMBRANE = 2, 5  # that a time constant should have at least


@dataclass
class Finding:
    """A remark: on which object, what there is, and what to do."""

    where: str
    what: str
    todo: str

    def __repr__(self):
        return f"{self.where}: {self.what}. {self.todo}."


class Findings(list):
    """What `check` found: a list of `Finding`s, which shows itself as text."""

    def __repr__(self):
        if not self:
            return "check(): nothing to remark"
        return "\n".join(f"{k}. {finding!r}" for k, finding in enumerate(self, 1))


def check():
    """
    Look at the network as a tutor would: at what can't be meant, or can't have an effect.

    Units (a capacitance in pF), weights that are all zero, populations that can't spike, that nothing is
    connected to or recorded from, rates above 500 Hz, delays longer than the run, time steps that are too
    coarse. Call it when the network is built, and again after the run.

    Returns a list of findings, each with `where`, `what` and `todo`, that prints as text.
    """
    state = simulator.state
    return Findings(finding for look in LOOKS for finding in look(state))


# --- the network as a whole -------------------------------------------------------------------------------


def _is_set_up(state):
    if state.populations and not state.is_set_up:
        yield Finding(
            "The network",
            f"setup() has not been called, so the time step is {state.dt:g} ms",
            "Begin with setup(timestep=0.1)",
        )


def _labels(state):
    labels = [population.label for population in state.populations]
    for label in dict.fromkeys(labels):
        if label and labels.count(label) > 1:
            yield Finding(
                f"Population '{label}'",
                f"there are {labels.count(label)} of this name",
                "If cells of a notebook were run twice, call setup() first, which begins anew",
            )


def _recordings(state):
    if state.populations and not any(_is_recorded(population) for population in state.populations):
        if not any(projection.recorder.is_recording for projection in state.projections):
            yield Finding(
                "The network", "nothing is recorded", "Call record('spikes') of a population before the run"
            )


def _run_time(state):
    if 0 < state.t < SHORT_RUN:
        yield Finding(
            "The network",
            f"it has run for {state.t:g} ms only",
            "Times are in ms: run(1000.0) is a second",
        )


# --- units ------------------------------------------------------------------------------------------------


def _units(state):
    for population in state.populations:
        celltype, owner = population.celltype, population._owner
        initial = {
            name: np.asarray(population._block.initial[name], dtype=float)
            for name in public_state(celltype.model)
        }
        found = {
            **dict(usual.remarks(owner, initial, celltype.units)),
            **dict(usual.remarks(owner, population._parameters, celltype.units)),
        }
        yield from _of_remarks(found.values())
    for projection in state.projections:
        values = {name: projection._values(name) for name in ("weight", "delay")}
        owner = _named(projection)
        yield from _of_remarks(
            words for _, words in usual.remarks(owner, values, table=projection._usual_values())
        )
    for source in state.current_sources:
        values = source.get_parameters()
        found = usual.remarks(type(source).__name__, values, table=usual.OF_CURRENT_SOURCES)
        yield from _of_remarks(words for _, words in found)


def _of_remarks(all_words):
    """Findings from the words of `usual.remark`: "where: what. what to do"."""
    for words in all_words:
        where, _, rest = words.partition(": ")
        what, _, todo = rest.rpartition(". If ")
        yield Finding(where, what, f"If {todo}")


def _time_constants(state):
    for population in state.populations:
        if population.celltype.is_own:
            continue
        for name, value in population._parameters.items():
            short = name.rpartition(".")[2]
            least = {"tau_m": STEPS_OF_MEMBRANE}.get(short, STEPS_OF_SYNAPSE)
            if short == "tau_m" or short.startswith("tau_syn") or short in ("tau_rise", "tau_decay"):
                shortest = float(np.min(value))
                if shortest < least * state.dt * (1 - 1e-9):
                    yield Finding(
                        population._owner,
                        f"{name} = {shortest:g} ms is short for a time step of {state.dt:g} ms",
                        f"Call setup(timestep={_rounded(shortest / least):g}), or less",
                    )


def _rounded(x):
    """The largest of 1, 2, 5, 10 ... times a power of ten that is not above x."""
    power = 10.0 ** np.floor(np.log10(x))
    return max(step * power for step in (1, 2, 5) if step * power <= x * (1 + 1e-9))


# --- connections ------------------------------------------------------------------------------------------


def _projections(state):
    for projection in state.projections:
        if len(projection) == 0:
            yield Finding(
                _named(projection), "it has no connections", "Look at the connector and at the sizes"
            )
            continue
        for look in (_weights, _signs, _pairs, _delays):
            yield from look(state, projection)


def _weights(state, projection):
    is_plastic = any(group.is_plastic for group in projection._groups)
    if not (is_plastic or projection._zero_is_meant or projection._values("weight").any()):
        yield Finding(
            _named(projection),
            "all weights are zero, which they are by default",
            "Give a synapse type with weights: StaticSynapse(weight=...)",
        )


def _signs(state, projection):
    receptor = projection.receptor_type
    if has_wrong_sign(projection):
        yield Finding(
            _named(projection),
            f"weights have the sign that is wrong for the receptor '{receptor}'",
            "Weights are positive, but for inhibition by a current, where they are negative",
        )
    names = re.match(r"(?i)inh(ib|$|_|\b)|i$|(pv|sst|interneuron|gaba)", projection.pre.label or "")
    if names and receptor == "excitatory" and not projection._is_electrical:
        what = f"'{projection.pre.label}' excites '{projection.post.label}'"
        if projection._receptor_is_guessed:
            what += ", as no receptor_type was given"
        yield Finding(_named(projection), what, "For inhibition give receptor_type='inhibitory'")


def _pairs(state, projection):
    n_pre, n_post = projection.shape
    if isinstance(projection._connector, OneToOneConnector) and n_pre != n_post:
        yield Finding(
            _named(projection),
            f"one to one from {n_pre} to {n_post} cells leaves {abs(n_pre - n_post)} without a partner",
            "Give populations of one size, or another connector",
        )


def _delays(state, projection):
    groups = [group.synapses for group in projection._groups if not isinstance(group.synapses, JunctionGroup)]
    shortest = min((group.shortest for group in groups if len(group)), default=0)
    if 0 < state.network.step < shortest:
        yield Finding(
            _named(projection),
            f"no spike can have arrived: delays are {state.time_of(shortest):g} ms and more, and the network "
            f"has run for {state.t:g} ms",
            "Run longer, or give shorter delays; both are in ms",
        )


def _reversal(state):
    for population in state.populations:
        values = population._parameters
        if "v_thresh" not in values or population.celltype.is_own:
            continue
        for name, is_wrong, what in (
            ("e_rev_E", np.less_equal, "excitation can't reach the threshold"),
            ("e_rev_I", np.greater_equal, "inhibition excites"),
        ):
            is_threshold = np.all(values["v_thresh"] < NEVER)
            if name in values and is_threshold and np.all(is_wrong(values[name], values["v_thresh"])):
                yield Finding(
                    population._owner,
                    f"{what}: {name} = {_first(values[name]):g} mV, v_thresh = "
                    f"{_first(values['v_thresh']):g} mV",
                    f"{name} is usually {'0' if name == 'e_rev_E' else '-80 to -70'} mV",
                )


def _first(value):
    return float(np.ravel(value)[0])


# --- populations ------------------------------------------------------------------------------------------


def _silent(state):
    alive = can_spike(state)
    for population in state.populations:
        index = population._block.index
        if index not in alive and (_goes_somewhere(state, population) or _records_spikes(population)):
            yield Finding(population._owner, *why_silent(state, population, alive))


def _unused(state):
    some_are_recorded = any(_is_recorded(population) for population in state.populations)
    for population in state.populations:
        if some_are_recorded and not _is_recorded(population) and not _goes_somewhere(state, population):
            yield Finding(
                population._owner,
                "it is connected to no other cells, and nothing of it is recorded",
                "Connect it with a Projection, call record(), or leave it out",
            )


def _at_rest(state):
    """Integrate-and-fire cells in which nothing will ever happen; silent ones that do something are above."""
    moved = {target for _, target, _ in what_moves(state)}
    for population in state.populations:
        block, values = population._block, population._parameters
        if is_leaky(population) and block.injected is None and block.index not in moved:
            stays = np.all(values["i_offset"] == 0) and np.all(block.initial["v"] == values["v_rest"])
            if stays and not (_goes_somewhere(state, population) or _records_spikes(population)):
                yield Finding(
                    population._owner,
                    "nothing will happen in it: nothing is connected to it, and no current flows",
                    "Connect it with a Projection, give an i_offset (nA), or inject a current",
                )


def _sources(state):
    for population in state.populations:
        values = population._parameters
        if not population.celltype.model.is_source:
            continue
        if population.celltype.is_sequence("spike_times"):
            if _in_one_step(numbers(values["spike_times"]), state.dt):
                yield Finding(
                    population._owner,
                    f"most of the spikes of a cell fall into one time step of {state.dt:g} ms",
                    "Spike times are in ms",
                )
        elif "rate" in values and state.t > 0:
            expected = float(np.mean(values["rate"])) * population.size * state.t / 1000.0
            if 0 < expected < 0.5:
                yield Finding(
                    population._owner,
                    f"at this rate, {np.mean(values['rate']):g} Hz, there are {expected:.2g} spikes in "
                    f"{state.t:g} ms",
                    "Rates are in Hz; give a higher one, or run longer",
                )


def _in_one_step(trains, dt):
    """Whether a cell has at least three spikes, most of which share a step."""
    for times in trains:
        if len(times) >= 3 and len(np.unique(np.ceil(times / dt))) <= len(times) / 2:
            return True
    return False


def _rates(state):
    if state.t < 10 * SHORT_RUN:
        return
    for population in state.populations:
        if population.celltype.model.is_source or not _records_spikes(population):
            continue
        counts = list(population.recorder._local_count("spikes").values())
        mean, highest = (float(f(counts or [0])) / state.t * 1000.0 for f in (np.mean, np.max))
        if mean > MOST_HZ or highest > MOST_HZ_OF_ONE:
            yield Finding(
                population._owner,
                f"a cell spikes at {highest:.4g} Hz, {mean:.4g} Hz on average, which neurons don't for long",
                "Look at weights, rates, i_offset and tau_refrac",
            )


def _is_recorded(population):
    return bool(population.recorder.was_asked_for())


def _records_spikes(population):
    return bool(population.recorder.was_asked_for(["spikes"]))


def _goes_somewhere(state, population):
    return any(source == population._block.index for source, _, _ in what_moves(state))


def _named(projection):
    return f"Projection '{projection.label}'"


LOOKS = (
    *(_is_set_up, _labels, _run_time, _units, _time_constants),
    *(_projections, _reversal, _silent, _at_rest, _sources, _recordings, _unused, _rates),
)
