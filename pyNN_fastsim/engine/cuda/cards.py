"""
Which cards there are, and what is wrong with them.
"""

import os

from .errors import DeviceError, TooLarge

OLDEST = (6, 0)  # compute capability: from here on float64 can be added to by many threads at once
SPARED = 256 * 2**20  # bytes of a card's memory that are left alone
INSTALL = "pip install 'pyNN_fastsim[gpu]'"
ON_CPU = "setup(device='cpu') runs on the processor"


def is_simulated():
    """Whether Numba's simulator is to take the place of a card, for tests."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def _cuda():
    """numba.cuda. Raises DeviceError where it can't be had."""
    _keep_old_names()
    try:
        from numba import cuda
    except Exception as error:  # whatever a package raises that does not fit
        raise DeviceError(
            f"numba.cuda can't be imported ({error}); {INSTALL} installs what is needed. {ON_CPU}"
        ) from None
    return cuda


def _keep_old_names():
    """numba-cuda 0.30 asks NumPy for names that NumPy 2.5 has no more."""
    import numpy as np

    if not hasattr(np, "row_stack"):
        np.row_stack = np.vstack


def check():
    """Raise DeviceError unless there is a card that can be used; returns how it is called."""
    cuda = _cuda()
    if is_simulated():
        return "simulated by Numba"
    try:
        import numba_cuda  # noqa: F401
    except ImportError:
        raise DeviceError(f"the package numba-cuda is not installed; {INSTALL}. {ON_CPU}") from None
    try:
        present = len(cuda.gpus.lst)
    except Exception as error:
        raise DeviceError(
            f"no driver of an NVIDIA card can be used ({_in_a_line(error)}). A card and its driver are "
            f"needed, no toolkit; {ON_CPU}"
        ) from None
    if not present:
        raise DeviceError(f"there is no NVIDIA card that this process can see. {ON_CPU}")
    try:
        card = cuda.get_current_device()
        capability, name = tuple(card.compute_capability), _name(card)
        cuda.current_context()
    except Exception as error:
        raise DeviceError(
            f"the card can't be used ({_in_a_line(error)}): perhaps another process has it for itself, or "
            f"its memory is full. {ON_CPU}"
        ) from None
    if capability < OLDEST:
        raise DeviceError(
            f"{name} is too old: its compute capability is {capability[0]}.{capability[1]}, and at least "
            f"{OLDEST[0]}.{OLDEST[1]} is needed. {ON_CPU}"
        )
    return name


def check_room(needed):
    """Raise TooLarge if so many more bytes have no room in the card's memory."""
    if is_simulated():
        return
    free, total = _cuda().current_context().get_memory_info()
    if needed + SPARED > free:
        raise TooLarge(
            f"the network needs {needed / 1e9:.2f} GB more of the card's memory, of which {free / 1e9:.2f} "
            f"of {total / 1e9:.2f} GB are free. Nothing has been lost. {ON_CPU}"
        )


def describe():
    """What `fastsim info` says of cards: lines of text."""
    try:
        name = check()
    except DeviceError as error:
        return [f"none can be used: {error}"]
    if is_simulated():
        return [name]
    free, total = _cuda().current_context().get_memory_info()
    return [f"{name}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free"]


def n_multiprocessors():
    return 0 if is_simulated() else _cuda().get_current_device().MULTIPROCESSOR_COUNT


def capability():
    """(major, minor) of the card."""
    return tuple(_cuda().get_current_device().compute_capability)


def _name(card):
    return card.name.decode() if isinstance(card.name, bytes) else card.name


def _in_a_line(error):
    return " ".join(str(error).split()) or type(error).__name__
