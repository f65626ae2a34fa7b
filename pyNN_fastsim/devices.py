"""
What runs networks: the processor, or a GPU; and how setup(device="auto") chooses.

Nothing of CUDA is imported unless a GPU is asked for.
"""

import os
import sys

from . import processes
from .engine.cuda.errors import DeviceError, NotOnCard

DEVICES = ("cpu", "gpu", "auto")
VARIABLE = "PYNN_FASTSIM_DEVICE"

# A step takes about 10 us on a GPU, however small a network; by then a thread has updated 4,000 simple cells.
WORTHWHILE = 4000  # simple cells, from which on "auto" takes a GPU
SIMPLE = 10  # constants, see engine/preparation.py


def checked(device):
    """What setup() was told, or else the environment variable. Raises ValueError if that is no device."""
    source = "setup(): device"
    if device is None:
        source, device = f"the environment variable {VARIABLE}", os.environ.get(VARIABLE) or "cpu"
    if not isinstance(device, str) or device not in DEVICES:
        raise ValueError(f"{source} must be one of {DEVICES}, not {device!r}")
    return device


def new_loop():
    """What runs a network on the GPU. Raises DeviceError, with what to do, if there is none to be used."""
    if processes.processes.size > 1:
        raise DeviceError("device='gpu' is not there with several processes; run the script without mpirun")
    from .engine.cuda import cards

    cards.check()
    from .engine.cuda.run import CardLoop

    return CardLoop()


def refuse(state, owner, what):
    """Raise NotOnCard for what doesn't run on a GPU, where there is to be one."""
    if state.device == "gpu":
        raise NotOnCard(f"{owner}: {what} can't run on a GPU yet; setup(device='cpu') runs everything")


def has_kernel(state, model, n_constants):
    """Whether the GPU's machine code of a neuron model by itself is in the cache, where there is to be a
    GPU."""
    from .engine.cuda import cards

    if state.device != "gpu" or cards.is_simulated():
        return False
    from .engine.cuda import driver, machine_code

    return machine_code.kept(_kernel_of(model, n_constants), driver.card().capability) is not None


def make_kernel(state, model, n_constants):
    """Compile what `has_kernel` looks for, where there is to be a GPU."""
    from .engine.cuda import cards

    if state.device == "gpu" and not cards.is_simulated():
        from .engine.cuda import driver, machine_code

        machine_code.of(_kernel_of(model, n_constants), driver.card().capability)


def _kernel_of(model, n_constants):
    from .engine.cuda import cells, steps

    return steps.update_kernel((cells.neuron_part(model, n_constants),))


def kernel_folders():
    """The folders with machine code for the GPU that is there; none without one."""
    from .engine.cuda import cards, driver, machine_code

    try:
        cards.check()
    except DeviceError:
        return []
    return [] if cards.is_simulated() else machine_code.cache_folders(driver.card().capability)


def choose(network):
    """The loop that "auto" chooses for a network: a CardLoop, or None for the CPU's. Says which, and why."""
    loop, why = _choice(network)
    where = f"the GPU ({loop.name})" if loop else "the CPU"
    print(f"pyNN_fastsim: device='auto' takes {where}: {why}", file=sys.stderr)
    return loop


def _choice(network):
    n_cells = sum(block.n * max(len(block.parameters) / SIMPLE, 1.0) for block in network.blocks)
    if n_cells < WORTHWHILE:
        return None, f"the network is small, {sum(block.n for block in network.blocks)} cells"
    from .engine.cuda.support import fault_of

    fault = fault_of(network)
    if fault:
        return None, f"{fault} are not there on a GPU"
    try:
        loop = new_loop()
        loop.check_room(network)
        return loop, f"{sum(block.n for block in network.blocks)} cells"
    except DeviceError as error:
        return None, str(error)
