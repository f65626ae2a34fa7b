"""
What can go wrong with a card, for those who want to know without importing anything of CUDA.
"""


class DeviceError(RuntimeError):
    """A card can't be had, or can't be used."""


class TooLarge(DeviceError):
    """A card has no room for a network."""


class NotOnCard(DeviceError):
    """Something in a network runs on the CPU only."""
