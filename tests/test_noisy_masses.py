"""Neural masses with noise, beside neurolib: what is random is compared by its statistics."""

from pathlib import Path

import numpy as np
import pytest
from noise_statistics import BEGIN, DT, EACH, END, MODELS, RUNS, N, connectome, statistics

import pyNN_fastsim as sim

pytestmark = pytest.mark.big
NEUROLIB = Path(__file__).parent / "references" / "noise_of_neurolib.npz"
NAMES = ("mean", "variance", *(f"power in band {k}" for k in range(5)))


def several(matrix):
    """Of as many networks that don't know of each other."""
    return np.kron(np.eye(RUNS), matrix)


def found(name, **more):
    """`statistics` of independent runs here: float64 [runs, 7] and [runs, pairs]."""
    variable, parameters = MODELS[name]
    strengths, lengths = connectome()
    sim.setup(timestep=DT, rng_seed=3)
    # neurolib has one time constant for both populations.
    parameters = {**parameters, **({"tau_inh": 100.0} if name == "WongWang" else {}), **more}
    nodes = sim.Population(RUNS * N, getattr(sim, name)(**parameters))
    if name == "ALN":
        sim.ALN.connect(nodes, several(strengths), several(lengths))
    else:
        synapse = sim.DiffusiveCoupling() if name in ("Hopf", "FitzHughNagumo") else None
        connector = sim.ConnectomeConnector(several(strengths), several(lengths))
        sim.Projection(nodes, nodes, connector, synapse)
    sim.run(BEGIN)
    nodes.record(variable, sampling_interval=DT * EACH)
    sim.run(END - BEGIN)
    samples = nodes.get_data().segments[0].analogsignals[0].magnitude.reshape(-1, RUNS, N)
    each = [statistics(samples[:, run]) for run in range(RUNS)]
    return tuple(np.array(some) for some in zip(*each, strict=True))


def apart(here, there):
    """By how many standard errors the means of runs differ."""
    error = np.sqrt(here.var(axis=0, ddof=1) / len(here) + there.var(axis=0, ddof=1) / len(there))
    return (here.mean(axis=0) - there.mean(axis=0)) / error


@pytest.mark.parametrize("name", MODELS)
def test_statistics_are_neurolibs(name):
    """Mean, variance and spectrum within 4 standard errors, which two equal sets of 16 runs exceed once in
    2,500; and the functional connectivity, whose pairs together differ as much as their errors say."""
    with np.load(NEUROLIB) as file:
        moments, connectivity = file[name], file[f"{name}.connectivity"]
    own_moments, own_connectivity = found(name)
    far = dict(zip(NAMES, apart(own_moments, moments).round(1), strict=True))
    assert max(map(abs, far.values())) < 4.0, far
    assert np.mean(apart(own_connectivity, connectivity) ** 2) < 2.5
