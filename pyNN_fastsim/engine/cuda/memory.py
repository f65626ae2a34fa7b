"""
Arrays in a card's memory, and state that is there until somebody asks for it.

With the simulator the memory of the card is NumPy arrays that only kernels know.
"""

from collections.abc import Callable, MutableMapping

import numpy as np

from ..compiling import interpreted
from ..synapses.on_demand import KINDS, OnDemandGroup
from . import driver
from .compile import SIMULATED

WHATEVER = 0xA5  # what bytes are in the simulator's memory before something is sent there


class Buffer:
    """An array in the card's memory; `nbytes` bytes of it at `address`."""

    def __init__(self, shape, dtype):
        self.shape, self.dtype = tuple(np.atleast_1d(shape)), np.dtype(dtype)
        self._size = int(np.prod(self.shape))
        self.nbytes = max(self._size, 1) * self.dtype.itemsize  # so that it has an address
        if SIMULATED:
            self._array = np.full(self.nbytes, WHATEVER, np.uint8).view(self.dtype)
            interpreted.register(self._array)
            self.address = self._array.ctypes.data
        else:
            self._memory = driver.Memory(self.nbytes)
            self.address = self._memory.address

    def put(self, values, stream=0):
        """Send values there: as many as there are elements, or one for all; in the order of a stream."""
        n = self._size
        if n == 0:
            return self
        values = np.ascontiguousarray(np.broadcast_to(values, self.shape), self.dtype).ravel()
        if SIMULATED:
            self._array[:n] = values
        elif stream:
            self._under_way = values.copy()  # nobody else changes it before it is there
            driver.send(self.address, self._under_way, stream)
        else:
            driver.send(self.address, values)
        return self

    def get(self, n=None, out=None, stream=0):
        """Get the first `n` elements back, or all in the array's shape; into `out`, contiguous, if given.

        stream   of the card, for which this waits; or 0
        """
        n = self._size if n is None else n
        values = np.empty(n, self.dtype) if out is None else out.reshape(-1)
        if n and SIMULATED:
            values[:] = self._array[:n]
        elif n:
            driver.receive(values, self.address, stream)
        return values.reshape(self.shape) if out is None and n == self._size else values


def settle():
    """Wait until all that has been sent is there."""
    if not SIMULATED:
        driver.synchronize()


def sent(values, dtype=None):
    """A buffer that holds an array."""
    values = np.asarray(values, dtype)
    return Buffer(values.shape, values.dtype).put(values)


class Resident:
    """Arrays that change on the card while it runs.

    They are brought back before anybody looks at them, and sent again before the next run, since they may
    have been changed.

    arrays   a function without arguments, since they may be others next time
    """

    def __init__(self, arrays: Callable):
        self._arrays_now = arrays
        self._buffers: list[Buffer] = []
        self.is_away = False

    @property
    def placed_bytes(self):
        """How much memory they have on the card."""
        return sum(buffer.nbytes for buffer in self._buffers)

    def place(self):
        """Make room for them on the card; returns their addresses."""
        arrays = self._arrays_now()
        if [(b.shape, b.dtype) for b in self._buffers] != [(a.shape, a.dtype) for a in arrays]:
            self._buffers = []  # before there are others: there may be no room for both
            self._buffers = [Buffer(array.shape, array.dtype) for array in arrays]
        return [buffer.address for buffer in self._buffers]

    def send(self):
        """Send them to the card, unless they are there."""
        if not self.is_away:
            for buffer, array in zip(self._buffers, self._arrays_now(), strict=True):
                buffer.put(array)
        self.is_away = True

    def bring_back(self):
        """Get them back from the card, if they are there."""
        if self.is_away:
            for buffer, array in zip(self._buffers, self._arrays_now(), strict=True):
                array[...] = buffer.get()
            self.is_away = False  # not if the card has failed


class State(MutableMapping):
    """State variables by name, as blocks and groups have them, which are on the card while it runs.

    Whoever looks at one brings all of them back; they are sent again before the next run, since they may have
    been changed. What a variable is, is always the same array.

    arrays   by name, float64 of one length
    along    further arrays that go with them: a function without arguments, since it may be others next time
    """

    def __init__(self, arrays, along: Callable = list):
        self._arrays, self._along = dict(arrays), along
        self._buffer, self._others = None, Resident(along)
        self.is_away = False

    def __getitem__(self, name):
        self.bring_back()
        return self._arrays[name]

    def __setitem__(self, name, values):
        self.bring_back()
        self._arrays[name] = values
        self._buffer = None

    def __delitem__(self, name):
        self.bring_back()
        del self._arrays[name]
        self._buffer = None

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self):
        return len(self._arrays)

    @property
    def nbytes(self):
        return sum(array.nbytes for array in (*self._arrays.values(), *self._along()))

    @property
    def placed_bytes(self):
        """How much memory they have on the card."""
        return (0 if self._buffer is None else self._buffer.nbytes) + self._others.placed_bytes

    def place(self):
        """Make room for them on the card; returns the address of [variables, elements], and the others'."""
        arrays = list(self._arrays.values())
        length = len(arrays[0]) if arrays else 0
        if self._buffer is None or self._buffer.shape != (len(arrays), length):
            self.bring_back()
            self._buffer = Buffer((len(arrays), length), np.float64)
        return self._buffer.address, self._others.place()

    def send(self):
        """Send them to the card, unless they are there."""
        if self.is_away:
            return
        arrays = list(self._arrays.values())
        if arrays:
            self._buffer.put(np.stack(arrays))
        self._others.send()
        self.is_away = True

    def bring_back(self):
        """Get them back from the card, if they are there."""
        if not self.is_away:
            return
        for array, values in zip(self._arrays.values(), self._buffer.get(), strict=True):
            array[:] = values
        self._others.bring_back()
        self.is_away = (
            False  # not if the card has failed: they are lost then, and nobody may take the old ones
        )

    def address_of(self, name):
        """The address of a variable on the card; `place` has been called."""
        names = list(self._arrays)
        return self._buffer.address + 8 * self._buffer.shape[1] * names.index(name)


def arrays_of(group):
    """The targets, weights and delays of a group, by name, that are the host's; and the names of the others,
    to be drawn."""
    if isinstance(group, OnDemandGroup):
        return group.held(), group.drawn()
    return {name: getattr(group, name) for name in KINDS}, []


class Copies:
    """Copies on the card of arrays that only the host changes, kept as long as they are used."""

    def __init__(self):
        self._kept = {}  # by the id of the array: (array, buffer)
        self._used = set()

    def begin(self):
        """Begin to write down what is used."""
        self._used = set()

    def address_of(self, array):
        """The address of the copy of an array, which is made if it is not there."""
        key = id(array)
        if key not in self._kept:
            self._kept[key] = array, sent(array)
        self._used.add(key)
        return self._kept[key][1].address

    def place_of(self, group, name):
        """The address of the "targets", "weights" or "delays" of a group, which are sent, or drawn, if they
        are not there; and the bytes from one to the next, 0 if all synapses share one."""
        held, drawn = arrays_of(group)
        if name not in drawn:
            return self.address_of(held[name]), held[name].itemsize if len(held[name]) > 1 else 0
        key = id(group.recipe), name
        if key not in self._kept:
            from . import building

            targets = 0 if name == "targets" else self.place_of(group, "targets")[0]
            self._kept[key] = group.recipe, building.draw(group.recipe, name, targets)
        self._used.add(key)
        buffer = self._kept[key][1]
        return buffer.address, buffer.dtype.itemsize

    def missing_of_recipes(self, groups):
        """The bytes that it takes to draw what is to be drawn of groups, one after the other."""
        from . import building

        there, on_the_way = 0, 0
        for group in groups:
            missing = [name for name in arrays_of(group)[1] if (id(group.recipe), name) not in self._kept]
            there += len(group) * sum(np.dtype(KINDS[name]).itemsize for name in missing)
            on_the_way = max(on_the_way, building.room_for(group.recipe) if missing else 0)
        return there + on_the_way

    def missing(self, arrays):
        """The bytes of those arrays that have no copy."""
        different = {id(array): array for array in arrays}
        return sum(array.nbytes for key, array in different.items() if key not in self._kept)

    def outdate(self, array):
        """Forget the copy of an array that is about to change."""
        self._kept.pop(id(array), None)

    def end(self):
        """Give up the copies that are not used any more."""
        self._kept = {key: kept for key, kept in self._kept.items() if key in self._used}
