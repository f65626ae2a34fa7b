"""
Compile every kernel for a card and assemble it, without a card: how many registers it needs, and that all
find room in them. Needs numba-cuda with its toolkit's wheels.

Usage: python kernels.py [capability, such as 9.0]
"""

import importlib
import pkgutil
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[i]) for i in (1, 2)]
from equation_models import EVERYTHING, HH, RULE, cell_type, synapse_type  # noqa: E402
from own_cells import OwnIF  # noqa: E402

import pyNN_fastsim as sim  # noqa: E402
from pyNN_fastsim.engine import synapses  # noqa: E402
from pyNN_fastsim.engine.cuda import building, cells, delivery, plasticity, steps  # noqa: E402
from pyNN_fastsim.engine.cuda.offline import assemble, assembler, ptx_of  # noqa: E402
from pyNN_fastsim.engine.synapses.dynamic import SynapseModel  # noqa: E402

REGISTERS = 255  # that a thread can have


def cell_types():
    for name in sim.list_standard_models():
        if name != "PointNeuron":
            yield getattr(sim, name)()
    for neuron in (sim.LIF, sim.AdExp):
        responses = (sim.ExpPSR, sim.AlphaPSR, sim.BetaPSR, sim.CurrExpPostSynapticResponse)
        yield sim.PointNeuron(neuron(), **{f"r{k}": response() for k, response in enumerate(responses)})
    yield OwnIF()
    for model in (EVERYTHING, HH):
        yield cell_type(model)()


def kernels_of_cells():
    for kind in cell_types():
        block = sim.Population(2, kind)._block
        block.update_constants(0.1, 1, 1, 0, -1)
        n, model = len(block.constants), block.model
        if not model.is_source:
            yield cells.neuron_kernel(model, n)
            continue
        yield cells.source_kernel(model, n, False)
        if model.count_of is not None:
            yield cells.source_kernel(model, n, True)


def kernels_of_synapses():
    yield delivery.static_kernel()
    for found in pkgutil.iter_modules(synapses.__path__):
        module = importlib.import_module(f"{synapses.__name__}.{found.name}")
        rules = getattr(module, "MODELS", {})  # of STDP: of "vogels" one is enough
        rules = [
            model for (rule, dependence), model in rules.items() if "pair" == rule or dependence == "additive"
        ]
        for model in (*vars(module).values(), *rules):
            if isinstance(model, SynapseModel) and model.is_plastic:
                yield from plasticity.plastic_kernels(model)
            elif isinstance(model, SynapseModel):
                yield delivery.changing_kernel(model)
    yield from plasticity.plastic_kernels(synapse_type(RULE).model)
    yield plasticity.NOTE


def main():
    words = sys.argv[1] if len(sys.argv) > 1 else "9.0"
    capability = tuple(int(part) for part in words.split("."))
    sim.setup(timestep=0.1)
    if assembler() is None:
        sys.exit("ptxas, of the toolkit's wheels, is not there")
    all_of_them = [
        *kernels_of_cells(),
        *kernels_of_synapses(),
        *building.kernels(),
        steps.SAMPLE,
        steps.BEGIN,
        steps.PASS,
        steps.TELL,
    ]
    bad = 0
    print(f"{'kernel':48} {'seconds':>7} {'registers':>9} {'spills':>6} {'stack':>5}")
    for kernel in dict.fromkeys(all_of_them):
        began = time.perf_counter()
        ptx = ptx_of(kernel, capability)
        found = assemble(ptx, capability)
        seconds = time.perf_counter() - began
        print(
            f"{kernel.name:48} {seconds:7.1f} {found.registers:9} {found.spills:6} {found.stack:5}",
            flush=True,
        )
        contracted = kernel.name == "iaf_psc_exp_neurons" and "fma.rn.f64" in ptx  # would differ from the CPU
        bad += found.spills > 0 or found.registers > REGISTERS or contracted
    sys.exit(bad)


if __name__ == "__main__":
    main()
