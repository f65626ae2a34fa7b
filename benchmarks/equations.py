"""
The same models from equations here, in ANNarchy and in Brian 2: time from nothing to the first millisecond,
and to run.

    python benchmarks/equations.py coba|izhikevich|stdp --annarchy PYTHON --brian2 PYTHON [--seconds S]
    [--rounds N]

PYTHON are the interpreters of environments that have these. Each simulator runs in a process of its own, in
turn, with an empty cache at first. Printed are seconds: of all until the first millisecond is done (wall),
and of the run (processor time, one thread, the least of all rounds), with the number of spikes, which tells
whether they do the same.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

COBA = {
    "parameters": """
        El = -60.0
        Vr = -60.0
        Erev_exc = 0.0
        Erev_inh = -80.0
        Vt = -50.0
        tau = 20.0
        tau_exc = 5.0
        tau_inh = 10.0
        I = 20.0
    """,
    "equations": """
        tau * dv/dt = (El - v) + g_exc * (Erev_exc - v) + g_inh * (Erev_inh - v) + I : init=-55.0
        tau_exc * dg_exc/dt = -g_exc
        tau_inh * dg_inh/dt = -g_inh
    """,
    "spike": "v > Vt",
    "reset": "v = Vr",
    "refractory": 5.0,
}
IZHIKEVICH = {
    "parameters": """
        a = 0.02
        b = 0.2
        c = -65.0
        d = 8.0
        noise = 5.0
    """,
    "equations": """
        I = g_exc - g_inh + noise * Normal(0.0, 1.0)
        dv/dt = 0.04 * v^2 + 5.0 * v + 140.0 - u + I : init=-65.0, explicit
        du/dt = a * (b * v - u) : init=-13.0, explicit
    """,
    "spike": "v >= 30.0",
    "reset": """
        v = c
        u += d
    """,
}
LEAKY = {
    "parameters": "tau_m = 10.0",
    "equations": """
        tau_m * dv/dt = -60.0 - v + g_exc : init=-60.0
        5.0 * dg_exc/dt = -g_exc
    """,
    "spike": "v > -54.0",
    "reset": "v = -60.0",
}
STDP = {
    "parameters": """
        tau_plus = 20.0
        tau_minus = 20.0
        A_plus = 0.01
        A_minus = 0.0105
        w_max = 1.0
    """,
    "equations": """
        tau_plus * dx/dt = -x : event-driven
        tau_minus * dy/dt = -y : event-driven
    """,
    "pre_spike": """
        g_target += w
        x += A_plus * w_max
        w = clip(w - y, 0.0, w_max)
    """,
    "post_spike": """
        y += A_minus * w_max
        w = clip(w + x, 0.0, w_max)
    """,
}
ROUNDS = 5


def timed(run, seconds, rounds):
    """The least processor time of several runs."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run(1000.0 * seconds)
        times.append(time.process_time() - start)
    return min(times)


def fastsim(case, seconds, rounds):
    import pyNN_fastsim as sim

    sim.setup(timestep=1.0 if case == "izhikevich" else 0.1, threads=1)
    rng = sim.NumpyRNG(seed=42)
    if case == "coba":
        cells = sim.Population(4000, sim.Neuron(**COBA)())
        cells.initialize(v=sim.RandomDistribution("uniform", (-60.0, -50.0), rng=rng))
        connector, parts = sim.FixedProbabilityConnector(0.02, rng=rng), (cells[:3200], cells[3200:])
        weights = 0.6, 6.7
    elif case == "izhikevich":
        cells = sim.Population(1000, sim.Neuron(**IZHIKEVICH)())
        connector, parts = sim.AllToAllConnector(), (cells[:800], cells[800:])
        weights = (sim.RandomDistribution("uniform", (0.0, high), rng=rng) for high in (0.5, 1.0))
    else:
        yield from _fastsim_stdp(sim, rng, seconds, rounds)
        return
    for part, weight, receptor in zip(parts, weights, ("excitatory", "inhibitory"), strict=True):
        sim.Projection(part, cells, connector, sim.StaticSynapse(weight=weight), receptor_type=receptor)
    cells.record("spikes")
    sim.run(1.0)
    yield
    yield timed(sim.run, seconds, rounds), int(cells.mean_spike_count() * cells.size)


def _fastsim_stdp(sim, rng, seconds, rounds):
    sources = sim.Population(1000, sim.SpikeSourcePoisson(rate=15.0))
    cell = sim.Population(1, sim.Neuron(**LEAKY)())
    weight = sim.RandomDistribution("uniform", (0.0, 1.0), rng=rng)
    synapse = sim.Synapse(**STDP)(w=weight, dendritic_delay_fraction=0.0)
    sim.Projection(sources, cell, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cell.record("spikes")
    sim.run(1.0)
    yield
    yield timed(sim.run, seconds, rounds), int(cell.mean_spike_count())


def annarchy(case, seconds, rounds):
    import ANNarchy as ann

    net = ann.Network(dt=1.0 if case == "izhikevich" else 0.1, seed=42)
    if case == "coba":
        cells = net.create(4000, ann.Neuron(**COBA))
        cells.v = ann.Uniform(-60.0, -50.0)
        for part, target, weight in ((cells[:3200], "exc", 0.6), (cells[3200:], "inh", 6.7)):
            net.connect(part, cells, target).fixed_probability(probability=0.02, weights=weight)
    elif case == "izhikevich":
        cells = net.create(1000, ann.Neuron(**IZHIKEVICH))
        for part, target, high in ((cells[:800], "exc", 0.5), (cells[800:], "inh", 1.0)):
            net.connect(part, cells, target).all_to_all(weights=ann.Uniform(0.0, high))
    else:
        sources = net.create(ann.PoissonPopulation(geometry=1000, rates=15.0))
        cells = net.create(1, ann.Neuron(**LEAKY))
        net.connect(sources, cells, "exc", ann.Synapse(**STDP)).all_to_all(weights=ann.Uniform(0.0, 1.0))
    monitor = net.monitor(cells, ["spike"])
    net.compile()
    net.simulate(1.0)
    yield
    yield timed(net.simulate, seconds, rounds), sum(map(len, monitor.get("spike").values()))


def brian2(case, seconds, rounds):
    import brian2 as b

    b.defaultclock.dt = (1.0 if case == "izhikevich" else 0.1) * b.ms
    b.seed(42)
    if case == "coba":
        model = """
        dv/dt = (-60 - v + g_exc*(0 - v) + g_inh*(-80 - v) + 20)/(20*ms) : 1 (unless refractory)
        dg_exc/dt = -g_exc/(5*ms) : 1
        dg_inh/dt = -g_inh/(10*ms) : 1
        """
        cells = b.NeuronGroup(
            4000, model, threshold="v > -50", reset="v = -60", refractory=5 * b.ms, method="euler"
        )
        cells.v = "-60 + 10*rand()"
        synapses = []
        for part, on_pre in ((cells[:3200], "g_exc += 0.6"), (cells[3200:], "g_inh += 6.7")):
            synapses.append(b.Synapses(part, cells, on_pre=on_pre))
            synapses[-1].connect(p=0.02)
    elif case == "izhikevich":
        model = """
        dv/dt = (0.04*v**2 + 5*v + 140 - u + I)/ms : 1
        du/dt = 0.02*(0.2*v - u)/ms : 1
        I : 1
        g_exc : 1
        g_inh : 1
        """
        cells = b.NeuronGroup(1000, model, threshold="v >= 30", reset="v = -65; u += 8", method="euler")
        cells.v, cells.u = -65, -13
        cells.run_regularly("I = g_exc - g_inh + 5*randn(); g_exc = 0; g_inh = 0", when="before_groups")
        synapses = []
        for part, name, high in ((cells[:800], "g_exc", 0.5), (cells[800:], "g_inh", 1.0)):
            synapses.append(b.Synapses(part, cells, "w : 1", on_pre=f"{name} += w"))
            synapses[-1].connect()
            synapses[-1].w = f"{high}*rand()"
    else:
        sources = b.PoissonGroup(1000, rates=15 * b.Hz)
        cells = b.NeuronGroup(
            1,
            "dv/dt = (-60 - v + g)/(10*ms) : 1\ndg/dt = -g/(5*ms) : 1",
            threshold="v > -54",
            reset="v = -60",
            method="exact",
        )
        cells.v = -60
        synapse = b.Synapses(
            sources,
            cells,
            "w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)\ndy/dt = -y/(20*ms) : 1 (event-driven)",
            on_pre="g += w; x += 0.01; w = clip(w - y, 0, 1)",
            on_post="y += 0.0105; w = clip(w + x, 0, 1)",
        )
        synapse.connect()
        synapse.w = "rand()"
        synapses = [sources, synapse]
    monitor = b.SpikeMonitor(cells)
    net = b.Network(cells, synapses, monitor)
    net.run(1 * b.ms)
    yield
    yield timed(lambda t: net.run(t * b.ms), seconds, rounds), int(monitor.num_spikes)


SIMULATORS = {"fastsim": fastsim, "annarchy": annarchy, "brian2": brian2}


def measure(name, case, seconds, rounds):
    """Run in this process; prints what came out."""
    start = time.time()
    steps = SIMULATORS[name](case, seconds, rounds)
    next(steps)
    ready = time.time() - start
    run, spikes = next(steps)
    print(json.dumps({"ready": ready, "run": run, "spikes": spikes}))


def in_process(name, python, arguments, folder):
    """The same in another process, with its caches in `folder`."""
    here = os.path.abspath(__file__)
    environment = {**os.environ, "NUMBA_CACHE_DIR": os.path.join(folder, "numba"), "OMP_NUM_THREADS": "1"}
    environment["VIRTUAL_ENV"] = os.path.dirname(os.path.dirname(python))
    if name == "brian2":
        environment["HOME"] = folder  # where it keeps compiled code
    path = f"{os.path.dirname(python)}{os.pathsep}{environment['PATH']}"
    command = [python, here, *arguments, "--here", name]
    done = subprocess.run(
        command, cwd=folder, env={**environment, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return {"error": done.stderr.strip().splitlines()[-1:]}
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("case", choices=["coba", "izhikevich", "stdp"])
    parser.add_argument("--annarchy", metavar="PYTHON")
    parser.add_argument("--brian2", metavar="PYTHON")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--here", choices=SIMULATORS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        measure(given.here, given.case, given.seconds, given.rounds)
        return
    pythons = {"fastsim": sys.executable, "annarchy": given.annarchy, "brian2": given.brian2}
    arguments = [given.case, "--seconds", str(given.seconds), "--rounds", str(given.rounds)]
    print(f"{'':10} {'cold':>8} {'warm':>8} {'run':>8} {'spikes':>8}")
    for name, python in pythons.items():
        if python is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            cold, warm = (in_process(name, python, arguments, folder) for _ in range(2))
        if "error" in warm:
            print(f"{name:10} {warm['error']}")
            continue
        run = min(cold["run"], warm["run"])
        print(f"{name:10} {cold['ready']:8.2f} {warm['ready']:8.2f} {run:8.3f} {warm['spikes']:8}")


if __name__ == "__main__":
    main()
