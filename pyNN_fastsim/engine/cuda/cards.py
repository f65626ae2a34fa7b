"""
Which cards there are, and what is wrong with them.
"""

import importlib.util
import os

from . import driver
from .errors import DeviceError, TooLarge

OLDEST = (6, 0)  # compute capability: from here on float64 can be added to by many threads at once
SPARED = 256 * 2**20  # bytes of a card's memory that are left alone
INSTALL = "pip install 'pyNN_fastsim[gpu]'"
ON_CPU = "setup(device='cpu') runs on the processor"
TOOLKIT = ("nvidia-nvjitlink-cu12", "nvidia-nvjitlink", "nvidia-cuda-nvcc-cu12", "nvidia-cuda-nvcc")

# Numbers of errors of the driver.
NO_DEVICE, UNAVAILABLE = 100, 46
PROHIBITED, EXCLUSIVE = 2, 3  # compute modes


def is_simulated():
    """Whether Numba's simulator is to take the place of a card, for tests."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def numba_cuda():
    """The module numba.cuda. Raises DeviceError where it can't be had."""
    _keep_old_names()
    try:
        from numba import cuda
    except Exception as error:  # whatever a package raises that does not fit
        raise DeviceError(
            f"numba.cuda can't be imported ({_in_a_line(error)}); {INSTALL} installs what is needed. {ON_CPU}"
        ) from None
    return cuda


def _keep_old_names():
    """numba-cuda 0.30 asks NumPy for names that NumPy 2.5 has no more."""
    import numpy as np

    if not hasattr(np, "row_stack"):
        np.row_stack = np.vstack


def check():
    """Raise DeviceError unless there is a card that can be used; returns how it is called."""
    if is_simulated():
        numba_cuda()
        return "simulated by Numba"
    _check_packages()
    _check_driver()
    card = driver.card()
    if card.capability < OLDEST:
        raise DeviceError(
            f"{card.name} is too old: its compute capability is {_version(card.capability)}, and at least "
            f"{_version(OLDEST)} is needed. {ON_CPU}"
        )
    _enter(card)
    return card.name


def _check_packages():
    if importlib.util.find_spec("numba_cuda") is None:
        raise DeviceError(f"the package numba-cuda is not installed; {INSTALL}. {ON_CPU}")
    try:
        driver.bindings()
    except ImportError as error:
        raise DeviceError(
            f"cuda.bindings can't be imported ({_in_a_line(error)}); {INSTALL} installs what is needed. "
            f"{ON_CPU}"
        ) from None


def _check_driver():
    """Raise DeviceError unless a driver is there, sees a card, and can load what the toolkit makes."""
    try:
        present = driver.n_devices()
        version = driver.driver_version()
    except driver.DriverError as error:
        if error.code == NO_DEVICE:
            present = 0
        elif error.name == "DynamicLibNotFoundError":
            raise DeviceError(
                "there is no driver of an NVIDIA card. A card and its driver are needed, no toolkit. "
                f"{ON_CPU}"
            ) from None
        elif error.code == driver.UNKNOWN:
            raise DeviceError(
                f"the driver of the NVIDIA card is too old, or damaged ({error}). {ON_CPU}"
            ) from None
        else:
            raise DeviceError(f"the driver of the NVIDIA card can't be used: {error}. {ON_CPU}") from None
    if not present:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        why = "" if visible is None else f" (CUDA_VISIBLE_DEVICES is '{visible}')"
        raise DeviceError(f"there is no NVIDIA card that this process can see{why}. {ON_CPU}")
    toolkit = _toolkit()
    if toolkit and version[0] < toolkit[0]:
        raise DeviceError(
            f"the driver of the NVIDIA card is too old: it knows CUDA up to {_version(version)}, and the "
            f"toolkit that is installed here is {_version(toolkit)}. A driver for CUDA {toolkit[0]}.0 or "
            f"newer is needed. {ON_CPU}"
        )


def _toolkit():
    """(major, minor) of the toolkit's packages; None where it is not one of these."""
    from .machine_code import version_of

    found = next(filter(None, map(version_of, TOOLKIT)), None)
    return found and tuple(int(part) for part in found.split(".")[:2])


def _enter(card):
    """Make a context on the card, or say why there is none."""
    mode = driver.device_facts(0).mode
    try:
        card.enter()
        driver.synchronize()
    except driver.Broken as error:
        raise DeviceError(f"{error}. {ON_CPU}") from None
    except driver.DriverError as error:
        if error.code == driver.FULL:
            why = "there is no room in its memory, which other processes use"
        elif mode == PROHIBITED:
            why = "its compute mode is 'prohibited'"
        elif error.code == UNAVAILABLE or mode == EXCLUSIVE:
            why = "another process has it for itself, as its compute mode 'exclusive process' has it"
        else:
            why = str(error)
        raise DeviceError(f"{card.name} can't be used: {why}. {ON_CPU}") from None


def check_room(needed):
    """Raise TooLarge if so many more bytes have no room in the card's memory."""
    if is_simulated():
        return
    free, total = driver.free_memory()
    if needed + SPARED > free:
        driver.collect_all()
        free, total = driver.free_memory()
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
    free, _ = driver.free_memory()
    lines = []
    for number in range(driver.n_devices()):
        facts = driver.device_facts(number)
        of_memory = f"{free / 1e9:.1f} of " if number == 0 else ""
        rest = "GB free" if number == 0 else "GB, not used: CUDA_VISIBLE_DEVICES chooses"
        lines.append(
            f"{facts.name}, compute capability {_version(facts.capability)}, "
            f"{of_memory}{facts.n_bytes / 1e9:.1f} {rest}"
        )
    lines[0] += f", driver for CUDA {_version(driver.driver_version())}"
    return lines


def n_multiprocessors():
    return 0 if is_simulated() else driver.card().n_multiprocessors


def capability():
    """(major, minor) of the card's compute capability."""
    return driver.card().capability


def _version(numbers):
    return ".".join(map(str, numbers))


def _in_a_line(error):
    return " ".join(str(error).split()) or type(error).__name__
