"""
Changes of connections under mpirun, of which all processes must take note.

Each has only the connections onto its own cells, but how these are delivered, and what happens to spikes
under way when values change, is decided for the whole group, as in one process. How graded connections are
summed depends on whether there is one value for all of them or one for each, so that is the same everywhere.
"""

from dataclasses import replace

import numpy as np

from .connections import delay_steps
from .engine.synapses.graded import GradedGroup
from .processes import processes


def which_change(projection, new):
    """Which of new values of parameters differ from those that there are, in any process: a set of
    (number of the group, name). What is known of the whole groups is brought up to date with them.

    new   float64 [synapses], or [1] if they are all the same, by (number of the group, name). What it has for
          graded connections is made to be one of these as in one process
    """
    groups = projection._groups
    differ = {(k, name) for (k, name), values in new.items() if np.any(groups[k].values(name) != values)}
    if processes.size == 1:
        return differ
    mine = differ, {key: _extremes(values) for key, values in new.items()}
    told = processes.gather(f"set() of '{projection.label}'", mine, everywhere=True)
    differ = set().union(*(theirs for theirs, _ in told))
    for k, name in sorted(differ):
        extremes = [extremes[k, name] for _, extremes in told]
        _note(groups[k], name, extremes)
        if isinstance(groups[k].synapses, GradedGroup):
            n = len(groups[k])
            new[k, name] = np.resize(new[k, name], n) if groups[k].varies(name) else _shared(extremes)
    return differ


def check_shared(projection, columns):
    """Check new values of parameters that must be the same for all connections, of all processes; each has
    checked its own. Raises InvalidParameterValueError."""
    names = sorted(columns.keys() & projection.synapse_type.limits.keys())
    if processes.size == 1 or not names:
        return
    mine = [columns[name][:1] for name in names]
    told = processes.gather(f"values of '{projection.label}'", mine, everywhere=True)
    for name, firsts in zip(names, zip(*told, strict=True), strict=True):
        values = np.concatenate(firsts)
        owners = np.arange(len(values))  # for targets: what is one for each target is of one process
        projection.synapse_type.check_shared(projection.label, {name: values}, owners)


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
        group = projection._groups[k]
        _note(group, name, extremes, is_set_alone=True)
        if isinstance(group.synapses, GradedGroup) and group.varies(name):
            group.spread(name)


def _shared(extremes):
    """The value that all synapses of all processes have: float64 [1]."""
    return np.array([next(filter(None, extremes))[0]])


def _extremes(values):
    """The smallest and the largest of values; None if there are none."""
    return (float(np.min(values)), float(np.max(values))) if len(values) else None


def _note(group, name, extremes, is_set_alone=False):
    """Bring up to date what is known of a whole group, whose values of a parameter have these extremes in the
    processes. Graded connections of which a single one has been set have one for each from then on."""
    lows, highs = zip(*filter(None, extremes), strict=True)
    low, high = min(lows), max(highs)
    whole, is_graded = group.synapses.whole, isinstance(group.synapses, GradedGroup)
    varies = low != high or (is_graded and is_set_alone and whole.n > 1)
    if name == "delay":
        steps = delay_steps(np.array([low, high]), group.network.dt, least=0 if is_graded else 1)
        shortest, longest = steps.tolist()
        whole = replace(whole, shortest=shortest, longest=longest, has_delays=varies)
    elif varies:
        whole = replace(whole, varied=whole.varied | {name})
    else:
        whole = replace(whole, varied=whole.varied - {name})
    group.synapses.whole = whole
