"""
Changes of connections under mpirun, of which all processes must take note.

Each has only the connections onto its own cells, but how these are delivered, and what happens to spikes
under way when values change, is decided for the whole group, as in one process.
"""

from dataclasses import replace

import numpy as np

from .connections import delay_steps
from .processes import processes


def which_change(projection, new):
    """Which of new values of parameters differ from those that there are, in any process: a set of
    (number of the group, name). What is known of the whole groups is brought up to date with them.

    new   float64 [synapses] by (number of the group, name)
    """
    groups = projection._groups
    differ = {(k, name) for (k, name), values in new.items() if np.any(groups[k].values(name) != values)}
    if processes.size == 1:
        return differ
    mine = differ, {key: _extremes(values) for key, values in new.items()}
    told = processes.gather(f"set() of '{projection.label}'", mine, everywhere=True)
    differ = set().union(*(theirs for theirs, _ in told))
    for k, name in sorted(differ):
        _note(groups[k], name, [extremes[k, name] for _, extremes in told])
    return differ


def take_note(projections):
    """Take note of single connections that other processes have changed: to be called by all processes."""
    if processes.size == 1:
        return
    told = processes.gather("a change", [p._set_alone for p in projections], everywhere=True)
    for projection, changes in zip(projections, zip(*told, strict=False), strict=False):
        take_note_of(projection, changes)


def take_note_of(projection, changes):
    """The same for one projection, where it is known what each process has changed."""
    everywhere = sorted(set().union(*changes))
    if not everywhere:
        return
    for k, name in everywhere:
        if (k, name) not in projection._set_alone:
            projection._let_others_change(k, name)
    projection._set_alone.clear()
    values = [_extremes(projection._groups[k].values(name)) for k, name in everywhere]
    told = processes.gather(f"changes of '{projection.label}'", values, everywhere=True)
    for (k, name), extremes in zip(everywhere, zip(*told, strict=True), strict=True):
        _note(projection._groups[k], name, extremes)


def _extremes(values):
    """The smallest and the largest of values; None if there are none."""
    return (float(np.min(values)), float(np.max(values))) if len(values) else None


def _note(group, name, extremes):
    """Bring up to date what is known of a whole group, whose values of a parameter have these extremes in the
    processes."""
    lows, highs = zip(*filter(None, extremes), strict=True)
    low, high = min(lows), max(highs)
    whole = group.synapses.whole
    if name == "delay":
        shortest, longest = delay_steps(np.array([low, high]), group.network.dt).tolist()
        whole = replace(whole, shortest=shortest, longest=longest, has_delays=low != high)
    elif low != high:
        whole = replace(whole, varied=whole.varied | {name})
    else:
        whole = replace(whole, varied=whole.varied - {name})
    group.synapses.whole = whole
