"""Whether there are the data that somebody asks for: an error, or a warning, says why not, and what to do."""

from . import simulator
from .liveliness import can_spike, why_silent
from .validation import NotRecordedError, warn


def check_asked_for(owner, names, sources):
    """Raise RecordingError for a variable that was never to be recorded from any of some cells; warn if
    nothing was.

    owner     what to call these cells in messages
    names     of variables; None for all that there are
    sources   where the cells are: (Recorder, their ids or None for all)
    """
    known = list(
        dict.fromkeys(name for recorder, ids in sources for name in recorder.was_asked_for(None, ids))
    )
    celltype = sources[0][0].population.celltype
    for name in names or ():
        if name not in known:
            raise NotRecordedError(owner, name, known, celltype)
    if not known:
        warn(f"Nothing was recorded from {owner}: call record() before the run")
    wanted = [name for name in known if names is None or name in names]
    empty = [name for name in wanted if not any(recorder.has_data(name) for recorder, _ in sources)]
    if empty:
        warn(f"There are no data of {', '.join(empty)} from {owner} yet: call run() after record()")
    elif "spikes" in wanted and not any(recorder.has_spikes() for recorder, _ in sources):
        _tell_of_silence([recorder.population for recorder, _ in sources])


def _tell_of_silence(populations):
    """Warn, once for each population, where there are no spikes since there can be none."""
    state = simulator.state
    if any(population.recorder._network is not state.network for population in populations):
        return
    alive = can_spike(state)
    for population in populations:
        if population._block.index not in alive and not population.recorder.told_of_silence:
            population.recorder.told_of_silence = True
            what, todo = why_silent(state, population, alive)
            warn(f"There are no spikes of population '{population.label}': {what}. {todo}")
