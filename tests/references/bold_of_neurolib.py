"""The BOLD signal of neurolib 0.6.2's Balloon-Windkessel model, for tests/test_bold.py."""

import sys

import numpy as np
from neurolib.models.bold.timeIntegration import simulateBOLD

DT = 20.0  # ms
N = 1000

t = DT * np.arange(N)
rates = np.array([5.0 + 4.0 * np.sin(t / 1500.0), 3.0 + (t > 8000.0) * 6.0])
one = np.ones(2)
bold, *_ = simulateBOLD(rates, 1e-3 * DT, one, X=one, F=one, Q=one, V=one)
np.savez_compressed(sys.argv[1], rates=rates.T, bold=bold.T[::10])
