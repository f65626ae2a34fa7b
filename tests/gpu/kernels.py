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
from pyNN_fastsim.engine.cuda import building, cells, delivery, persistent, plasticity, steps  # noqa: E402
from pyNN_fastsim.engine.cuda.offline import assemble, assembler, ptx_of  # noqa: E402
from pyNN_fastsim.engine.synapses import nest  # noqa: E402
from pyNN_fastsim.engine.synapses import plasticity as stdp  # noqa: E402
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


def parts_of_cells():
    for kind in cell_types():
        block = sim.Population(2, kind)._block
        block.update_constants(0.1, 1, 1, 0, -1)
        n, model = len(block.constants), block.model
        if not model.is_source:
            yield cells.neuron_part(model, n)
            continue
        yield cells.source_part(model, n, False)
        if model.count_of is not None:
            yield cells.source_part(model, n, True)


def parts_of_synapses():
    yield delivery.static_part()
    for found in pkgutil.iter_modules(synapses.__path__):
        module = importlib.import_module(f"{synapses.__name__}.{found.name}")
        for model in vars(module).values():
            if isinstance(model, SynapseModel) and model.spiked is not None:
                yield delivery.changing_part(model)


def kernels_of_plastic():
    """Of rules of STDP (of that of Vogels et al. one is enough), of NEST's, and of one from equations."""
    rules = stdp.MODELS.items()
    models = [model for (rule, dependence), model in rules if rule == "pair" or dependence == "additive"]
    models += [nest.STDP, nest.VOGELS, nest.POWER_LAW, nest.TRIPLET, synapse_type(RULE).model]
    for model in models:
        yield from plasticity.plastic_kernels(model)


def kernels():
    """What they are of, and the kernels: of one phase, and of many steps."""
    in_network = {}
    static = delivery.static_part()
    for part in dict.fromkeys(parts_of_cells()):
        in_network[part.__name__] = part
        yield part.__name__, steps.update_kernel((part,))
    for part in dict.fromkeys(parts_of_synapses()):
        yield part.__name__, steps.finish_kernel((part,))
    counting, exponential = in_network["poisson_counting"], in_network["iaf_psc_exp_neuron"]
    for name in in_network:
        if name.endswith("_neuron"):
            yield f"steps: {name}", persistent.steps_kernel((in_network[name],), (static,), 0)
    yield "update: microcircuit", steps.update_kernel((counting, exponential))
    yield "steps: microcircuit", persistent.steps_kernel((counting, exponential), (static,), 1)
    of_plastic = *kernels_of_plastic(), plasticity.NOTE
    for kernel in (*building.kernels(), *of_plastic, steps.BEGIN, steps.PASS, steps.TELL):
        yield kernel.name, kernel


def main():
    words = sys.argv[1] if len(sys.argv) > 1 else "9.0"
    capability = tuple(int(part) for part in words.split("."))
    sim.setup(timestep=0.1)
    if assembler() is None:
        sys.exit("ptxas, of the toolkit's wheels, is not there")
    bad = 0
    print(f"{'kernel':48} {'seconds':>7} {'registers':>9} {'spills':>6} {'stack':>5}")
    for name, kernel in kernels():
        began = time.perf_counter()
        ptx = ptx_of(kernel, capability)
        found = assemble(ptx, capability)
        seconds = time.perf_counter() - began
        print(f"{name:48} {seconds:7.1f} {found.registers:9} {found.spills:6} {found.stack:5}", flush=True)
        contracted = name == "iaf_psc_exp_neuron" and "fma.rn.f64" in ptx  # would differ from the CPU
        bad += found.spills > 0 or found.registers > REGISTERS or contracted
    sys.exit(bad)


if __name__ == "__main__":
    main()
