"""What `setup(profile=True)` prints after each run: what took how long, and how much of it there was."""

import copy
from typing import NamedTuple

import numpy as np

from . import simulator
from .engine import profile as words
from .processes import processes


class Part(NamedTuple):
    """A line of the table; those of single populations are indented."""

    name: str
    seconds: float
    events: int = 0
    kind: str = ""  # of events


def of_all_processes(profile):
    """A profile of the whole simulation, of the profiles of all processes; None on all but process 0."""
    if processes.size == 1:
        return profile
    told = processes.gather(
        "the profile", (profile.threads, profile.blocks, profile.samples, profile.seconds)
    )
    if told is None:
        return None
    whole = copy.copy(profile)
    threads, blocks, samples, seconds = zip(*told, strict=True)
    whole.threads, whole.blocks = np.concatenate(threads), np.concatenate(blocks)
    whole.samples, whole.seconds = sum(samples), max(seconds)
    return whole


def report(profile):
    """The time and the events of each part of what is in a profile, as a table of text."""
    state = simulator.state
    cells, sources, n_recorded = [], [], profile.samples
    for index, population in enumerate(state.populations):
        name = f"  {population.label} ({population.size} {type(population.celltype).__name__})"
        seconds, spikes = profile.updates(index), profile.events(index, words.SPIKES)
        if population.celltype.model.is_source:
            sources.append(Part(name, seconds, spikes))
        else:
            cells.append(Part(name, seconds, population.size * profile.steps))
        n_recorded += spikes if state.network.blocks[index].recorded is not None else 0
    waiting = "waiting for other threads" + (" and processes" if processes.size > 1 else "")
    indices = range(len(state.populations))
    static, dynamic = (
        sum(profile.events(i, word) for i in indices) for word in (words.STATIC, words.DYNAMIC)
    )
    parts = [
        _sum("updates", "cell-steps", cells), *cells,
        _sum("sources", "spikes", sources), *sources,
        Part("currents, gap junctions", profile.part(words.CURRENTS)),
        Part("delivery", profile.part(words.DELIVERY), static, "synaptic events"),
        Part("plasticity", profile.part(words.PLASTICITY), dynamic, "synaptic events"),
        Part("recording", profile.part(words.RECORDING), n_recorded, "spikes and samples"),
        Part(waiting, profile.part(words.WAITING)),
        Part("this profile's own counting", profile.part(words.COUNTING)),
    ]  # fmt: skip
    known = sum(part.seconds for part in parts if not part.name.startswith(" "))
    parts.append(Part("the rest", max(profile.seconds - known, 0.0)))
    n_threads = len(profile.threads)
    of_processes = f" of {processes.size} processes" if processes.size > 1 else ""
    title = (
        f"{profile.steps} steps ({profile.steps * state.dt * 1e-3:g} s) in {profile.seconds:.3g} s of "
        f"{n_threads} {'thread' if n_threads == 1 else 'threads'}{of_processes}"
    )
    header = f"{'':44}{'seconds':>10}{'share':>7}{'events':>11}{'a second':>11}"
    return "\n".join([title, header, *(_line(part, profile.seconds) for part in parts)])


def _sum(name, kind, parts):
    return Part(name, sum(part.seconds for part in parts), sum(part.events for part in parts), kind)


def _line(part, total):
    share = f"{part.seconds / total:.0%}" if total else ""
    line = f"{part.name:44.44}{part.seconds:10.4f}{share:>7}"
    if not part.events:
        return line
    per_second = f"{part.events / part.seconds:.2e}" if part.seconds else ""
    return f"{line}{part.events:11.2e}{per_second:>11} {part.kind}".rstrip()
