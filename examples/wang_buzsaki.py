"""
The interneuron of Wang & Buzsaki in NESTML, without a compiler: how its rate grows with the current.

The model is that of Wang & Buzsaki 1996, Gamma Oscillation by Synaptic Inhibition in a Hippocampal
Interneuronal Network Model, J. Neurosci. 16:6402-6413. The same text runs in pyNN.nest, which builds a module
of NEST from it.

Usage: python wang_buzsaki.py [simulator] [--plot FILE]
"""

import argparse
import importlib

import numpy as np

MODEL = """
model wang_buzsaki_neuron:
    state:
        V_m mV = -64 mV
        V_before mV = -64 mV
        h real = 0.78
        n real = 0.09
        g real = 0

    equations:
        g' = -g / tau_syn
        inline a_m 1/ms = 0.1 * (V_m / mV + 35) / (1 - exp(-0.1 * (V_m / mV + 35))) / ms
        inline b_m 1/ms = 4 * exp(-(V_m / mV + 60) / 18) / ms
        inline a_h 1/ms = 0.07 * exp(-(V_m / mV + 58) / 20) / ms
        inline b_h 1/ms = 1 / (exp(-0.1 * (V_m / mV + 28)) + 1) / ms
        inline a_n 1/ms = 0.01 * (V_m / mV + 34) / (1 - exp(-0.1 * (V_m / mV + 34))) / ms
        inline b_n 1/ms = 0.125 * exp(-(V_m / mV + 44) / 80) / ms
        inline m real = a_m / (a_m + b_m)
        inline I_ion pA = g_Na * m**3 * h * (V_m - E_Na) + g_K * n**4 * (V_m - E_K) + g_L * (V_m - E_L)
        V_m' = (-I_ion - 1 nS * g * (V_m - E_syn) + I_e + I_stim) / C_m
        h' = phi * (a_h * (1 - h) - b_h * h)
        n' = phi * (a_n * (1 - n) - b_n * n)

    parameters:
        C_m pF = 100 pF
        g_Na nS = 3500 nS
        g_K nS = 900 nS
        g_L nS = 10 nS
        E_Na mV = 55 mV
        E_K mV = -90 mV
        E_L mV = -65 mV
        phi real = 5
        tau_syn ms = 10 ms
        E_syn mV = -75 mV
        I_e pA = 0 pA

    input:
        inh_spikes <- spike
        I_stim pA <- continuous

    output:
        spike

    update:
        V_before = V_m
        integrate_odes()

    onReceive(inh_spikes):
        g += inh_spikes * 1 s

    onCondition(V_before < 0 mV and V_m >= 0 mV):
        emit_spike()
"""
CURRENTS = np.arange(0.0, 305.0, 10.0)  # pA
TIME = 1000.0  # ms


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("simulator", nargs="?", default="fastsim", help="fastsim or nest")
    parser.add_argument("--plot", help="file for the picture")
    args = parser.parse_args()
    sim = importlib.import_module(f"pyNN.{args.simulator}")
    WangBuzsaki = sim.nestml.nestml_cell_type("wang_buzsaki_neuron", MODEL)
    sim.setup(timestep=0.05, min_delay=0.5)
    cells = sim.Population(len(CURRENTS), WangBuzsaki())
    cells.set(I_e=CURRENTS)
    cells.record("spikes")
    cells[15:16].record(["V_m", "h", "n"])
    sim.run(TIME)
    trains = cells.get_data("spikes").segments[0].spiketrains
    rates = np.array([len(train) for train in trains]) / TIME * 1000.0
    for current, rate in zip(CURRENTS[::5], rates[::5], strict=True):
        print(f"{current:5.0f} pA: {rate:5.1f} Hz")
    if args.plot:
        plot(cells[15:16].get_data(["V_m", "h", "n"]).segments[0], rates, args.plot)
    sim.end()


def plot(segment, rates, file):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    v = segment.filter(name="V_m")[0]
    left.plot(v.times.magnitude, v.magnitude[:, 0], lw=0.8)
    left.set(xlim=(0.0, 100.0), xlabel="time (ms)", ylabel="V_m (mV)", title="150 pA")
    right.plot(CURRENTS, rates, "o-", ms=3)
    right.set(xlabel="current (pA)", ylabel="rate (Hz)")
    figure.savefig(file, dpi=120)
    print(f"plotted to {file}")


if __name__ == "__main__":
    main()
