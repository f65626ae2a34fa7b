"""
A cell type of one's own, in any script: the interneuron of Wang & Buzsaki 1996, J. Neurosci. 16:6402-6413,
1e-4 cm2 of it; and a network of a hundred that inhibit, and so synchronise, each other.
"""

import matplotlib.pyplot as plt
import numpy as np

import pyNN_fastsim as sim
from pyNN_fastsim.kernels import exp, inlined, moved


@inlined
def slope(c, y, g, i):
    cm, e_rev, phi = c
    v, h, n = y
    a_m, b_m = 0.1 * (v + 35) / (1 - exp(-0.1 * (v + 35))), 4 * exp(-(v + 60) / 18)
    a_h, b_h = 0.07 * exp(-(v + 58) / 20), 1 / (1 + exp(-0.1 * (v + 28)))
    a_n, b_n = 0.01 * (v + 34) / (1 - exp(-0.1 * (v + 34))), 0.125 * exp(-(v + 44) / 80)
    m = a_m / (a_m + b_m)
    i_ion = 3.5 * m * m * m * h * (55 - v) + 0.9 * n * n * n * n * (-90 - v) + 0.01 * (-65 - v)
    dv = (i_ion + g * (e_rev - v) + i) / cm
    return dv, phi * (a_h * (1 - h) - b_h * h), phi * (a_n * (1 - n) - b_n * n)


class WangBuzsaki(sim.CellType):
    default_parameters = {"cm": 0.1, "e_rev": -75.0, "tau_syn": 10.0, "phi": 5.0, "i_offset": 0.0}
    default_initial_values = {"v": -64.0, "h": 0.78, "n": 0.09, "gsyn": 0.0}
    units = {"cm": "nF", "e_rev": "mV", "tau_syn": "ms", "i_offset": "nA", "v": "mV", "gsyn": "uS"}
    receptor_types = ("inhibitory",)

    def constants(p, dt):
        return dt, np.exp(-dt / p["tau_syn"] / 2), p["i_offset"], p["cm"], p["e_rev"], p["phi"]

    @inlined
    def step(c, s, x):
        dt, half, i_offset = c[:3]
        y, g, i = s[:3], s[3], i_offset + x[1]
        k1 = slope(c[3:], y, g, i)  # Runge-Kutta of order 4
        k2 = slope(c[3:], moved(y, dt / 2, (1.0,), (k1,)), g * half, i)
        k3 = slope(c[3:], moved(y, dt / 2, (1.0,), (k2,)), g * half, i)
        k4 = slope(c[3:], moved(y, dt, (1.0,), (k3,)), g * half * half, i)
        v, h, n = moved(y, dt / 6, (1.0, 2.0, 2.0, 1.0), (k1, k2, k3, k4))
        return (v, h, n, g * half * half + x[0]), (s[0] < 0.0) & (v >= 0.0)


if __name__ == "__main__":
    sim.setup(timestep=0.05)
    v = np.random.default_rng(1).uniform(-70, -50, 100)
    cells = sim.Population(100, WangBuzsaki(i_offset=0.1), initial_values={"v": v})
    cells.record(["spikes", "v"])
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.0001, delay=0.5))
    sim.run(500.0)
    data = cells.get_data().segments[0]
    figure, (top, bottom) = plt.subplots(2, sharex=True)
    top.plot(data.analogsignals[0].times, data.analogsignals[0][:, :2])
    bottom.plot(data.spiketrains.multiplexed[1], data.spiketrains.multiplexed[0], ".")
    bottom.set(xlabel="t (ms)", ylabel="cell")
    figure.savefig("own_cell_type.png")
