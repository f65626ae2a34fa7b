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
    "HH_cond_exp": "the method of integration: Runge-Kutta of order 4 with error control here",
    "EIF_cond_exp_isfa_ista": RUNS_AWAY,
    "EIF_cond_alpha_isfa_ista": RUNS_AWAY,
    "Izhikevich": "NEST and Brian 2 take one Euler step a time step; here v is a Taylor series of order 8",
    "IF_cond_exp": "the method of integration; its error is below 1e-7 mV here",
    "IF_cond_alpha": "the method of integration; its error is below 1e-7 mV here",
}
LOSES = "pyNN.neuron misses some spikes: v can run past v_spike within a step (14 of 17 in 500 ms at 1 nA)"
OTHER_THRESHOLD = "pyNN.brian2 takes v > v_thresh + 5 delta_T for a spike, whatever v_spike is"
LATE = "potentiation is applied at the next spike of the source, so weights at the end may lack the last one"
# By backend, and by cell or synapse type: what was measured, and where it comes from in PyNN 0.13.
PARTICULAR = {
    "nest": {
        "HH_cond_exp": "NEST takes the peak of v for the spike, 0.1 to 0.3 ms after the crossing of 10 mV "
        "that counts here: compare with --tolerance 0.5",
        "STDPMechanism": f"in NEST {LATE}",
    },
    "neuron": {
        "HH_cond_exp": "NEURON's implicit Euler method is of order 1: spikes up to 1.5 ms earlier or later "
        "at steps of 0.1 ms, less at shorter ones",
        "EIF_cond_exp_isfa_ista": LOSES,
        "EIF_cond_alpha_isfa_ista": LOSES,
        "STDPMechanism": f"in NEURON {LATE}",
    },
    "brian2": {
        "HH_cond_exp": "in pyNN.brian2 each step with v > -40 mV counts as a spike, and the exponential "
        "Euler method fails at steps of 0.1 ms: v becomes NaN at a spike",
        "EIF_cond_exp_isfa_ista": OTHER_THRESHOLD,
        "EIF_cond_alpha_isfa_ista": OTHER_THRESHOLD,
        "TsodyksMarkramSynapse": "in pyNN.brian2 resources come back with the time constant of the synaptic "
        "current, not with tau_rec, and u never exceeds U: hardly any depression, no facilitation",
    },
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
        for backend in sorted(backends):
            known = PARTICULAR.get(backend, {})
            found += [f"{name}: {known[name]}" for name in sorted((celltypes | synapses) & known.keys())]
        if "neuron" in backends:
            found.append(OFF_GRID)
        if "brian2" in backends:
            found.append(
                "Brian 2's delays and thresholds fall into other steps: spikes are a step earlier or later"
            )
        if "nest" in backends:
            found.append("initial values given as a RandomDistribution are drawn anew by pyNN.nest")
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
