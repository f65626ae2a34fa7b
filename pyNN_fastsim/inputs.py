"""Inputs that follow a schedule, have common causes, or are pictures."""

import os

import numpy as np
from pyNN import errors
from pyNN.parameters import ArrayParameter, Sequence
from pyNN.space import Grid2D
from pyNN.standardmodels import StandardCellType

from . import simulator
from .arguments import is_finite
from .celltypes import CellType
from .engine.neurons.timed_array import TIMED_ARRAY, Schedules
from .engine.sources.timed import CORRELATED, TIMED_POISSON
from .messages import shown
from .standardmodels.cells import arrays_of
from .validation import LARGEST, check_finite, check_parameters

__all__ = ["HomogeneousCorrelatedSpikeTrains", "Image", "TimedArray", "TimedPoisson"]


class _Scheduled(CellType, StandardCellType):
    """What has parameters that are sequences over time."""

    is_standard = False
    recordable = ["spikes"]
    injectable = False
    receptor_types = ()

    def as_given(self, owner, parameters, size=None):
        """As everywhere; of a table [times, cells], or of pictures [times, rows, columns], each cell gets its
        own sequence."""
        apart = {
            name: _by_cells(value) if self.is_sequence(name) else value for name, value in parameters.items()
        }
        return super().as_given(owner, apart, size)


def _by_cells(value):
    """Sequences, one for each cell, of what has more dimensions than time."""
    if isinstance(value, (list, tuple)) and not any(isinstance(each, ArrayParameter) for each in value):
        if not any(np.ndim(each) for each in value):
            return value
        try:
            value = np.array(value, dtype=float)
        except (TypeError, ValueError):
            return value
    if isinstance(value, np.ndarray) and value.ndim == 3:
        value = np.array([Image(each).values for each in value])
    if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype != object:
        return [Sequence(column) for column in value.T]
    return value


def _check_schedules(owner, values, above, shorter=(), is_distance=False):
    """Raise InvalidParameterValueError unless sequences fit together and have possible values.

    above     names and limits: (name, what it must be at the most)
    shorter   other lengths than that of the schedule which they may have
    is_distance   whether a schedule of one time may stand for times of that distance
    """
    names = ["schedule", *(name for name, _ in above)]
    several = [[each] if isinstance(each, ArrayParameter) else each for each in map(values.get, names)]
    n = max(map(len, several))
    seen = set()
    for cell, sequences in enumerate(
        zip(*(each * n if len(each) == 1 else each for each in several), strict=True)
    ):
        if (key := tuple(map(id, sequences))) in seen:
            continue
        seen.add(key)
        what = owner if n == 1 else f"{owner}, cell {cell}"
        arrays = [sequence.value for sequence in sequences]
        for name, array in zip(names, arrays, strict=True):
            check_finite(what, name, array)
            fits = len(array) in (len(arrays[0]), *shorter) or (is_distance and len(arrays[0]) == 1)
            if not fits or not len(array):
                raise errors.InvalidParameterValueError(
                    f"{what}: {name} must have one value for each time of the schedule, at least one: "
                    f"{len(array)} for {len(arrays[0])}"
                )
        if arrays[0][0] < 0.0 or (np.diff(arrays[0]) <= 0.0).any():
            raise errors.InvalidParameterValueError(
                f"{what}: schedule must be times (ms) from 0 on, in increasing order, not {shown(arrays[0])}"
            )
        for (name, most), array in zip(above, arrays[1:], strict=True):
            if most < np.inf and ((array < 0.0).any() or (array > most).any()):
                raise errors.InvalidParameterValueError(
                    f"{what}: {name} must be from 0 to {most:g}, not {shown(array)}"
                )


class TimedPoisson(_Scheduled):
    """
    Poisson spike trains with rates that follow a schedule.

    Each rate holds from its time on, the last one for good; or the schedule begins again after a period (ms)
    that is above 0. Before the first time there are no spikes. `rates` may be a table [times, cells], or
    pictures [times, rows, columns]: see `Image`.
    """

    default_parameters = {"rates": Sequence([1.0]), "schedule": Sequence([0.0]), "period": -1.0}
    units = {"rates": "Hz", "schedule": "ms", "period": "ms"}
    model = TIMED_POISSON

    @staticmethod
    def check(owner, values, changed, cells):
        check_parameters(owner, values)
        _check_schedules(owner, values, [("rates", LARGEST["rate"])])

    @staticmethod
    def engine_values(values, n):
        """One array for each of `n` cells of `schedule` (ms) and `rates` (Hz)."""
        return values | {name: arrays_of(values[name], n) for name in ("schedule", "rates")}


class TimedArray(_Scheduled):
    """
    Units that transmit values which follow a schedule, r; they never spike.

    Each value of `rates` holds from its time in `schedule` (ms) on, the last one for good; or the schedule
    begins again after a `period` (ms) that is above 0. One number for `schedule` is for how long each value
    holds, 0 a time step. Before the first time r is 0. `rates` may be a table [times, cells], or pictures
    [times, rows, columns]: see `Image`.
    """

    recordable = ["r"]
    conductance_based = False
    default_parameters = {"rates": Sequence([0.0]), "schedule": Sequence([0.0]), "period": -1.0}
    default_initial_values = {"r": 0.0}
    units = {"rates": "", "schedule": "ms", "period": "ms", "r": ""}
    model = TIMED_ARRAY

    def as_given(self, owner, parameters, size=None):
        """As everywhere; a schedule may be one number."""
        if is_finite(parameters.get("schedule")):
            parameters = {**parameters, "schedule": [parameters["schedule"]]}
        return super().as_given(owner, parameters, size)

    @staticmethod
    def check(owner, values, changed, cells):
        check_parameters(owner, values)
        _check_schedules(owner, values, [("rates", np.inf)], is_distance=True)

    @staticmethod
    def engine_values(values, n):
        """With the schedules of `n` cells as the engine wants them."""
        schedules, rates = (arrays_of(values[name], n) for name in ("schedule", "rates"))
        return {"period": values["period"], "_schedules": Schedules(schedules, rates, simulator.state.dt)}


class HomogeneousCorrelatedSpikeTrains(_Scheduled):
    """
    Spike trains of one rate that have a common cause (Brette 2009, Neural Computation 21, 188).

    Cells are Poisson processes whose common rate is an Ornstein-Uhlenbeck process with the time constant
    `tau`, cut off at 0. The cross-correlation function of any two of them is proportional to exp(-|t| / tau),
    and its integral is `corr` times the rate, but for what cutting off does to its form. All cells of a
    population have the same parameters. Rates and correlations, or one of these, may follow a schedule, as in
    `TimedPoisson`.
    """

    default_parameters = {
        "rates": Sequence([10.0]),
        "corr": Sequence([0.1]),
        "tau": 10.0,
        "schedule": Sequence([0.0]),
        "period": -1.0,
    }
    units = {"rates": "Hz", "corr": "dimensionless", "tau": "ms", "schedule": "ms", "period": "ms"}
    model = CORRELATED
    above = (("tau", 0.0),)

    def as_given(self, owner, parameters, size=None):
        """As everywhere; a rate or a correlation may be a number."""
        apart = {
            name: [value] if name in ("rates", "corr") and is_finite(value) else value
            for name, value in parameters.items()
        }
        return super().as_given(owner, apart, size)

    def check(self, owner, values, changed, cells):
        super().check(owner, values, changed, cells)
        for name, value in values.items():
            if not isinstance(value, ArrayParameter) and np.ndim(value) and len(value) > 1:
                if any(each != value[0] for each in value[1:]):
                    raise errors.InvalidParameterValueError(
                        f"{owner}: {name} must be the same for all cells: they have one common rate"
                    )
        _check_schedules(owner, values, [("rates", LARGEST["rate"]), ("corr", 1e3)], shorter=(1,))

    @staticmethod
    def engine_values(values, n):
        """One array for each of `n` cells of the sequences."""
        return values | {name: arrays_of(values[name], n) for name in ("schedule", "rates", "corr")}


class Image:
    """
    A picture as cells on a grid, one for each pixel.

    picture   an array [rows, columns], or [rows, columns, 3 or 4] in colours; or the name of a file, for
              which Pillow must be installed. Whole numbers are from 0 to 255, others from 0 (black) to 1

    `size` is the number of cells, `structure` their places (a Grid2D, with the picture upright), and `values`
    the brightness from 0 to 1 of each cell:

        eye = sim.Image("eye.png")
        source = sim.SpikeSourcePoisson(rate=50 * eye.values)
        cells = sim.Population(eye.size, source, structure=eye.structure)

    `as_picture(values)` makes an array [rows, columns] of one number for each cell, such as rates.
    """

    def __init__(self, picture):
        if isinstance(picture, (str, os.PathLike)):
            picture = _read(picture)
        try:
            pixels = np.asarray(picture)
            if pixels.dtype.kind not in "biuf":
                raise TypeError
            scale = 255.0 if pixels.dtype.kind in "iu" else 1.0
            pixels = pixels.astype(float) / scale
        except (TypeError, ValueError):
            pixels = np.empty(0)
        if pixels.ndim == 3 and pixels.shape[2] in (3, 4):
            pixels = pixels[:, :, :3] @ np.array([0.299, 0.587, 0.114])  # luminance, as in ITU-R BT.601
        if pixels.ndim != 2 or not pixels.size:
            raise ValueError(f"Image: picture must be an array [rows, columns], not {shown(picture)}")
        if not np.isfinite(pixels).all():
            raise ValueError("Image: picture has pixels that are not finite")
        self.pixels = pixels
        self.size = pixels.size
        self.structure = Grid2D(aspect_ratio=pixels.shape[1] / pixels.shape[0])

    @property
    def values(self):
        """The brightness of each cell: columns from left to right, each from the bottom to the top."""
        return self.pixels[::-1].T.ravel()

    def as_picture(self, values):
        """Numbers of cells as an array [rows, columns]."""
        rows, columns = self.pixels.shape
        return np.reshape(values, (columns, rows)).T[::-1]

    def __repr__(self):
        return f"Image({self.pixels.shape[0]} rows, {self.pixels.shape[1]} columns)"


def _read(name):
    try:
        from PIL import Image as Files
    except ImportError:
        raise ImportError(f"Image: to read '{name}', install Pillow; or give an array") from None
    with Files.open(name) as file:
        return np.asarray(file.convert("RGB"))
