"""Devices at a SpiNNaker machine, and live input and output: there are none here, which is what it says."""

from ... import simulator


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    # Not an AttributeError, of which "from ... import" would keep nothing.
    raise ImportError(
        f"external_devices.{name}: there are no devices, and no live input or output, in {simulator.name}"
    )
