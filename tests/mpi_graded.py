"""
Draws hybrid networks of graded units and spiking cells, and writes, for each, a digest of what they give: a
script that `test_mpi.py` runs with and without mpirun.

    mpirun -n 2 python mpi_graded.py THREADS NUMBER FILE
"""

import hashlib
import sys
from dataclasses import replace

import numpy as np
import test_graded_networks as drawn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import pyNN_fastsim as sim
from pyNN_fastsim.engine import preparation

NUMBERS = drawn.numbers  # of connections, as they are drawn
MORE = ["one weight", "one delay", "one tau", "connect", "connections", "weights and back"]


class InProcesses(drawn.Engine):
    """What is changed of single cells and connections is changed by the process that has them.

    later    steps by which all delays are longer
    record   whether weights are recorded
    """

    def __init__(self, spec, threads, later, record):
        self._later = later
        super().__init__(spec, threads)
        for projection, p in zip(self.projections, spec.projections, strict=True):
            if record and p.kind == "learning":
                projection.record("all", sampling_interval=1.0)

    def act(self, what, number):
        k = number % len(self.projections)
        projection, n = self.projections[k], self.projections[k].size()
        cells = self.cells[number % len(self.cells)]
        if what in ("one weight", "one delay"):
            for i in np.flatnonzero(projection._numbers == number * n // 6):
                if what == "one weight":
                    projection[i].weight = 0.9 * projection[i].weight + 0.001
                else:
                    projection[i].delay = (
                        projection[i].delay + (number % 3 - 1 if self._later else 1) * drawn.DT
                    )
        elif what == "one tau":
            for cell in cells:
                if int(cell) == int(cells.all_cells[-1]):
                    cell.tau = 7.5
        elif what == "connect":
            delay = (self._later + number) * drawn.DT
            synapse = sim.StaticSynapse(weight=0.01, delay=delay)
            target = self.cells[-1] if self.cells[-1] is not self.cells[0] else self.cells[0][:1]
            self.projections.append(
                sim.Projection(self.cells[0][::2], target, sim.AllToAllConnector(), synapse)
            )
        elif what == "connections" and not projection.recorder.is_recording:
            least = self._later + 1
            for post in range(0, projection.post.size, 2):
                pre = np.array([number % projection.pre.size, 0])
                projection._convergent_connect(pre, post, weight=0.02, delay=least * drawn.DT)
        elif what == "weights and back":
            projection.set(weight=0.01)
            self.run(2)
            projection.set(weight=np.full(projection.shape, 0.011))
        elif (
            what == "delays" and k < len(self.spec.projections) and self.spec.projections[k].kind != "spikes"
        ):
            projection.set(delay=(number % 2 + self._later * (number % 3 > 0)) * drawn.DT)
        elif k < len(self.spec.projections):
            super().act(what, number % len(self.spec.projections))


def digest(engine):
    """What a network has given, as process 0 has it: of data, connections, and recordings of weights."""
    found = hashlib.sha256()
    data = [cells.get_data() for cells in engine.cells]
    data += [p.get_data() for p in engine.projections if p.recorder.is_recording]
    for segment in (segment for block in data for segment in block.segments):
        for signal in (*segment.spiketrains, *segment.analogsignals):
            found.update(repr((signal.name, signal.shape)).encode())
            found.update(np.ascontiguousarray(signal.magnitude).tobytes())
    for projection in engine.projections:
        values = projection.get(["weight", "delay"], "list")
        found.update(repr((projection.size(), values)).encode())
    return found.hexdigest()


@st.composite
def networks(draw):
    """(spec, arguments of `InProcesses`). Where there are more cells, the order of sums matters."""
    spec, many = draw(drawn.specs()), draw(st.sampled_from([1, 1, 4, 20]))
    with_pools = draw(st.booleans())  # which are exchanged in each step
    populations = [
        replace(p, n=many * p.n, kind=p.kind if with_pools or p.kind != "euler" else "leaky")
        for p in spec.populations
    ]
    more = st.tuples(st.integers(1, 9), st.sampled_from(MORE), st.integers(0, 5))
    actions = [*spec.actions[:-1], *draw(st.lists(more, max_size=4)), spec.actions[-1]]
    spec = replace(spec, populations=populations, actions=draw(st.permutations(actions)))
    return spec, draw(st.sampled_from([0, 0, 1, 3, 12])), draw(st.booleans())


def main(threads, number, name):
    preparation.CELLS_PER_THREAD = 1
    lines, periods = [], []

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(networks())
    def draw(network):
        spec, later, record = network

        def numbers(spec, p):
            matrix, weights, delays, eta = NUMBERS(spec, p)
            return matrix, weights, delays + later, eta

        drawn.numbers = numbers
        engine = InProcesses(spec, threads, later, record)
        for steps, what, which in spec.actions:
            engine.run(steps)
            engine.act(what, which)
        exchange = sim.simulator.state.network.exchange
        periods.append(exchange.period if exchange else 0)
        lines.append(f"{len(lines)} {digest(engine)}\n")

    draw()
    assert sim.num_processes() == 1 or max(periods) > 1
    if sim.rank() == 0:
        with open(name, "w") as file:
            file.writelines(lines)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
