"""
Recorded data as Neurodata Without Borders.

Neo's own writer leaves out the annotations of signals and spike trains, and the time without which there is
no such file. It can read what is written here: names of segments and spike trains are where it looks.
"""

import json
import os
import uuid
from contextlib import suppress
from datetime import datetime

import numpy as np
from neo.io.nwbio import GLOBAL_ANNOTATIONS

FIELDS = set(GLOBAL_ANNOTATIONS) - {
    "notes",
    "rec_datetime",
}  # of a file, which annotations of these names fill in


def write(filename, block):
    """Write a Neo Block."""
    import pynwb

    fields = {name: value for name, value in block.annotations.items() if name in FIELDS}
    content = pynwb.NWBFile(
        **{
            "identifier": str(uuid.uuid4()),
            "session_description": block.description or block.name or "PyNN",
            "notes": _notes(block),
            **fields,
            "session_start_time": _start_time(block),
        }
    )
    for segment in block.segments:
        for signal in segment.analogsignals:
            content.add_acquisition(_time_series(signal, segment, set(content.acquisition)))
    _add_units(content, block)
    os.makedirs(os.path.dirname(os.path.abspath(filename)), exist_ok=True)
    with suppress(FileNotFoundError):
        os.remove(filename)  # someone may have it open, and HDF5 then would not write to it
    with pynwb.NWBHDF5IO(filename, mode="w") as file:
        file.write(content)


def _start_time(block):
    """When the simulation took place, or what the user says; with a time zone, as the format wants it."""
    when = block.annotations.get("session_start_time") or block.rec_datetime
    when = datetime.fromisoformat(when) if isinstance(when, str) else when
    return when if when.tzinfo else when.astimezone()


def _notes(block):
    """What the format has no field for: annotations of the block and its segments, and the times of these."""
    segments = {
        segment.name: {"rec_datetime": segment.rec_datetime, **segment.annotations}
        for segment in block.segments
    }
    return _json({**block.annotations, "name": block.name, "segments": segments})


def _json(content):
    return json.dumps(
        content, default=lambda value: value.tolist() if hasattr(value, "tolist") else str(value)
    )


def _time_series(signal, segment, taken):
    """A signal, whose annotations are in its description, since the format has no fields for them."""
    import pynwb

    name = f"{segment.name} {signal.name}".replace("/", "_").replace(":", "_")
    return pynwb.TimeSeries(
        name=name if name not in taken else f"{name} {len(taken)}",
        description=_json({"name": signal.name, **signal.annotations, **signal.array_annotations}),
        comments=json.dumps({"block": segment.block.name, "segment": segment.name}),
        data=signal.magnitude,
        unit=signal.units.dimensionality.string,
        starting_time=float(signal.t_start.rescale("s")),
        rate=float(signal.sampling_rate.rescale("Hz")),
    )


def _add_units(content, block):
    """Spike trains as the rows of a table, with a column for each annotation."""
    trains = [(segment, train) for segment in block.segments for train in segment.spiketrains]
    if not trains:
        return
    annotations = sorted({name for _, train in trains for name in train.annotations})
    for name in ("_name", "segment", "block", *annotations):
        content.add_unit_column(name, f"{name.strip('_')} of the spike train")
    for segment, train in trains:
        about = {name: train.annotations.get(name, "") for name in annotations}
        content.add_unit(
            spike_times=np.asarray(train.rescale("s").magnitude),
            obs_intervals=[[float(train.t_start.rescale("s")), float(train.t_stop.rescale("s"))]],
            _name=f"{about['source_population']} {about['source_index']}",
            segment=segment.name,
            block=block.name,
            **about,
        )
