"""
Triplet STDP from strings: pairs of spikes at a high rate strengthen a synapse that they weaken at a low one.

The minimal triplet rule, all spikes counting, with the parameters for visual cortex (Pfister & Gerstner 2006,
Triplets of Spikes in a Model of Spike Timing-Dependent Plasticity, J. Neurosci. 26:9673-9682, equations 2 to
4, table 4), and the protocol of its figure 3: 60 pairs, 10 ms apart, at 0.1 to 50 Hz.

Usage: python triplet_stdp.py [--plot FILE]
"""

import argparse

import numpy as np

import pyNN_fastsim as sim

TripletSTDP = sim.Synapse(
    name="TripletSTDP",
    parameters={
        "tau_plus": 16.8,
        "tau_minus": 33.7,
        "tau_y": 114.0,
        "A3_plus": 6.5e-3,
        "A2_minus": 7.1e-3,
        "small": 1e-6,  # what is learnt doesn't matter to when the cell spikes
    },
    equations="""
        tau_plus * dr1/dt = -r1 : event-driven
        tau_minus * do1/dt = -o1 : event-driven
        tau_y * do2/dt = -o2 : event-driven
    """,
    pre_spike="""
        g_target += small * w
        w = max(w - A2_minus * o1, 0.0)
        r1 += 1.0
    """,
    post_spike="""
        w += A3_plus * r1 * o2
        o1 += 1.0
        o2 += 1.0
    """,
)
RATES = np.array([0.1, 10.0, 20.0, 30.0, 40.0, 50.0])  # Hz
PAIRS = 60
DELAY = 0.1  # ms


def changes(interval):
    """The relative change of a weight by 60 pairs at each rate; `interval` from pre to post, ms."""
    results = []
    for rate in RATES:
        sim.setup(timestep=0.1)
        pre_times = 50.0 + np.arange(PAIRS) * (1000.0 / rate)
        pre = sim.Population(1, sim.SpikeSourceArray(spike_times=pre_times))
        # What drives the cell, which spikes when it arrives. So does that spike at the synapse, a DELAY
        # later.
        drive = sim.Population(1, sim.SpikeSourceArray(spike_times=pre_times + interval - 2 * DELAY))
        cell = sim.Population(1, sim.IF_curr_delta(tau_refrac=5.0))
        sim.Projection(drive, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=30.0, delay=DELAY))
        learning = sim.Projection(
            pre, cell, sim.AllToAllConnector(), TripletSTDP(w=1.0, delay=DELAY), receptor_type="excitatory"
        )
        sim.run(pre_times[-1] + 100.0)
        results.append(learning.get("weight", "list", with_address=False)[0] - 1.0)
    return np.array(results)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--plot", help="file for the picture")
    args = parser.parse_args()
    curves = {interval: changes(interval) for interval in (10.0, -10.0)}
    for interval, curve in curves.items():
        pairs = ", ".join(f"{rate:g} Hz: {value:+.2f}" for rate, value in zip(RATES, curve, strict=True))
        print(f"post - pre = {interval:+g} ms: {pairs}")
    if args.plot:
        plot(curves, args.plot)


def plot(curves, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(5, 3.5), layout="constrained")
    for interval, curve in curves.items():
        axis.plot(RATES, 100 * curve, "o-", label=f"post - pre = {interval:+g} ms")
    axis.axhline(0.0, color="grey", lw=0.5)
    axis.set(xlabel="rate of pairs (Hz)", ylabel="change of the weight (%)")
    axis.legend(frameon=False)
    figure.savefig(file, dpi=120)
    print(f"plotted to {file}")


if __name__ == "__main__":
    main()
