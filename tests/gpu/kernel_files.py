"""
Have the machine code of a network's kernels, as a process with a card has, and print what was compiled for
it, whether Numba was imported, and how long it took. Needs numba-cuda, and no card: it is for that of
fake_card.py.

Usage: python kernel_files.py [a number that the user's own cell uses, 1 if it isn't given]
"""

import json
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[i]) for i in (1, 2)]
import equation_models  # noqa: E402
from fake_card import Bindings, FakeCard  # noqa: E402

import pyNN_fastsim as sim  # noqa: E402
from pyNN_fastsim import devices  # noqa: E402
from pyNN_fastsim.engine.compiling import compile  # noqa: E402
from pyNN_fastsim.engine.cuda import cells, delivery, driver, machine_code, steps  # noqa: E402
from pyNN_fastsim.kernels import inlined  # noqa: E402

GAIN = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0


class Summing(sim.CellType):
    """A user's own."""

    default_parameters = {"v_thresh": 1.0}
    default_initial_values = {"v": 0.0}
    units = {"v": "mV", "v_thresh": "mV"}
    receptor_types = ("excitatory",)
    conductance_based = False

    def constants(p, dt):
        return (p["v_thresh"],)

    @inlined
    def step(c, s, x):
        v = s[0] + GAIN * (x[0] + x[1])
        spiked = v > c[0]
        return (0.0 if spiked else v,), spiked


def kernels():
    for kind in (sim.IF_curr_exp(), Summing(), equation_models.cell_type(equation_models.IZHIKEVICH)()):
        block = sim.Population(2, kind)._block
        block.update_constants(0.1, 1, 1, 0, -1)
        yield steps.update_kernel((cells.neuron_part(block.model, len(block.constants)),))
    yield from (steps.finish_kernel((delivery.static_part(),)), steps.BEGIN, steps.TELL)


def main():
    card = FakeCard()
    module = Bindings(card)
    driver.bindings = lambda: module
    sim.setup(timestep=0.1, device="gpu")
    began = time.perf_counter()
    found = []
    for kernel in kernels():
        symbol, image = machine_code.of(kernel, driver.card().capability)
        card.kernels[symbol] = lambda *arguments: None  # what is in the image is not looked at here
        kernel.launch((2, 3), 32, driver.LEGACY, 1, 2, 3, 4)
        kernel.launch_together(min(kernel.most_together(32), 2), 32, driver.LEGACY, 1, 2, 3, 4)
        found.append((symbol, image))
    print(
        json.dumps(
            {
                "compiled": compile.compiled,
                "numba": "numba" in sys.modules,
                "folders": len(devices.kernel_folders()),
                "seconds": time.perf_counter() - began,
                "machine code": all(image[:4] == b"\x7fELF" and symbol for symbol, image in found),
            }
        )
    )


if __name__ == "__main__":
    main()
