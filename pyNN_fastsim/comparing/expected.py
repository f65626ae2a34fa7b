"""
Differences between simulators that are known, and why; docs/differences.md has more of them.
"""

import numpy as np

DOCS = "docs/differences.md"

BETWEEN = (
    "spikes of {names} are at times between grid points; of pyNN.nest that is the default, and "
    'setup(spike_precision="on_grid") puts them on the grid'
)
OFF_GRID = (
    "NEURON's threshold crossings are interpolated or a step later, and synapses jump between grid points: "
    "spikes differ by up to a step, and chaotic networks drift apart after some hundred ms"
)
RUNS_AWAY = "v runs away at a spike, so that the method and its tolerance decide in which step it ends"
METHOD = {
    "HH_cond_exp": "the method of integration: Runge-Kutta of order 4 with error control, GSL's in NEST, "
    "implicit Euler in NEURON",
    "EIF_cond_exp_isfa_ista": RUNS_AWAY,
    "EIF_cond_alpha_isfa_ista": RUNS_AWAY,
    "Izhikevich": "NEST and Brian 2 take one Euler step a time step; here v is a Taylor series of order 8",
    "IF_cond_exp": "the method of integration; its error is below 1e-7 mV here",
    "IF_cond_alpha": "the method of integration; its error is below 1e-7 mV here",
}
RANDOM_SOURCES = {
    "SpikeSourcePoisson", "SpikeSourcePoissonRefractory", "SpikeSourceGamma", "SpikeSourceInhGamma",
}  # fmt: skip
RANDOM_CELLS = {"GIF_cond_exp"}
STOCHASTIC_SYNAPSES = {"SimpleStochasticSynapse", "StochasticTsodyksMarkramSynapse", "MultiQuantalSynapse"}


def expected_differences(reference, other):
    """Why two outcomes may differ though both are right: a list of sentences."""
    celltypes = {population.celltype for population in (*reference.populations, *other.populations)}
    celltypes.update(*(projection.pre_celltypes for projection in reference.projections))
    synapses = {projection.synapse for projection in reference.projections}
    backends = {reference.backend, other.backend}
    found = []
    if len(backends) == 1:
        found.append("another seed: other random numbers, connections and initial values")
    if random := sorted(celltypes & RANDOM_SOURCES):
        found.append(f"{', '.join(random)}: each simulator draws spikes with a generator of its own")
    if random := sorted(celltypes & RANDOM_CELLS):
        found.append(f"{', '.join(random)}: spikes are random, and each simulator has a generator of its own")
    if random := sorted(synapses & STOCHASTIC_SYNAPSES):
        found.append(f"{', '.join(random)}: release is random, and each simulator has a generator of its own")
    off_grid = [each.backend for each in (reference, other) if is_off_grid(each)]
    if len(off_grid) == 1:
        found.append(BETWEEN.format(names=off_grid[0]))
    if len(backends) > 1:
        for celltype in sorted(celltypes & METHOD.keys()):
            found.append(f"{celltype}: {METHOD[celltype]}")
        if "neuron" in backends:
            found.append(OFF_GRID)
        if "brian2" in backends:
            found.append(
                "Brian 2's delays and thresholds fall into other steps: spikes are a step earlier or later"
            )
        if "nest" in backends and "fastsim" in backends:
            found.append("initial values that are drawn from a distribution are other numbers on NEST")
    return found


def is_off_grid(outcome):
    """Whether cells, not sources, spike at times that are no multiples of the time step."""
    for population in outcome.populations:
        for segment in population.segments:
            if segment.spikes is not None and not population.celltype.startswith("SpikeSource"):
                steps = segment.spikes.times / outcome.dt
                if np.any(np.abs(steps - np.rint(steps)) > 1e-3):
                    return True
    return False
