"""
Draws networks and writes, for each, a digest of what they give: a script that `test_mpi.py` runs with and
without mpirun.

    mpirun -n 2 python mpi_networks.py THREADS NUMBER FILE
"""

import hashlib
import sys
from dataclasses import replace

import numpy as np
from drawn_networks import Engine, networks, new_delay, parameters_of
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import pyNN_fastsim as sim
from pyNN_fastsim.engine import preparation


class InProcesses(Engine):
    """Does with the connections of all processes what `Engine` does with those that it has."""

    def _do_weights(self, k, as_list, fraction):
        projection = self.projections[k]
        if projection.size():
            weights = projection.get(["weight"], format="list", gather="all")
            weights = [weight * fraction for *_, weight in sorted(weights, key=lambda row: row[:2])]
            projection.set(weight=weights if as_list else weights[0])

    def _do_one_weight(self, k, last, fraction):
        projection, n = self.projections[k], self.projections[k].size()
        for i in np.flatnonzero(projection._numbers == (n - 1 if last else n // 2)):
            projection[i].weight = projection[i].weight * fraction

    def _do_delays(self, k, as_list, fraction):
        if self.projections[k].size():
            self.projections[k].set(delay=new_delay(fraction, self.spec.dt))


def later(connections, dt, steps):
    """Connections with longer delays, of which nothing waits in axons."""
    if connections.synapse[0] == "ElectricalSynapse":
        return connections
    delay = connections.delay
    delay = (
        (*(d + steps * dt for d in delay[:2]), delay[2]) if isinstance(delay, tuple) else delay + steps * dt
    )
    name, arguments = connections.connector
    if name == "List":
        arguments = arguments | {
            "rows": [(*row[:3], row[3] + steps * dt, *row[4:]) for row in arguments["rows"]]
        }
    synapse, parameters = connections.synapse
    if synapse == "STDPMechanism":
        parameters = parameters | {"dendritic_delay_fraction": 1.0}
    return replace(connections, delay=delay, connector=(name, arguments), synapse=(synapse, parameters))


def delayed(spec, steps):
    """A network whose shortest delay is longer by so many steps."""
    program = [
        ("connect", later(action[1], spec.dt, steps)) if action[0] == "connect" else action
        for action in spec.program
    ]
    return replace(spec, connections=[later(c, spec.dt, steps) for c in spec.connections], program=program)


def digest(engine):
    """What a network has given: of data, connections, and spike counts."""
    found = hashlib.sha256()
    for trials in engine.results():
        for trial in trials:
            found.update(repr(trial.pop("spikes")).encode())
            for name, samples in sorted(trial.items()):
                found.update(repr((name, samples.shape)).encode() + np.ascontiguousarray(samples).tobytes())
    for projection in engine.projections:
        names = parameters_of(type(projection.synapse_type).__name__)
        found.update(repr(projection.get(names, format="list")).encode())
        found.update(repr((projection.size(), projection.get("weight", format="array").tobytes())).encode())
    for population in engine.populations:
        found.update(repr(population.get_spike_counts()).encode())
    return found.hexdigest()


def main(threads, number, name):
    preparation.CELLS_PER_THREAD = 1
    lines = []

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(networks(), st.sampled_from([0, 1, 4]))
    def draw(spec, steps):
        engine = InProcesses(delayed(spec, steps), threads)
        lines.append(f"{len(lines)} {digest(engine)}\n")

    draw()
    if sim.rank() == 0:
        with open(name, "w") as file:
            file.writelines(lines)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
