"""
What is compared of neural masses with noise: see tests/test_noisy_masses.py. NumPy alone, since neurolib's
environment has nothing of this package.
"""

import numpy as np

RUNS, N = 16, 8  # independent runs, nodes
DT, EACH = 0.1, 20  # ms; steps between samples
BEGIN, END = 1000.0, 5000.0  # ms, of what is looked at
BANDS = ((1, 4), (4, 8), (8, 16), (16, 32), (32, 64))  # Hz
WINDOW = 500  # samples, a second
# By name of neurolib's model and of ours: (name of its variable, parameters of both).
MODELS = {
    "Hopf": ("x", {"a": -0.02, "sigma_ou": 0.02}),
    "FitzHughNagumo": ("x", {"x_ext": 0.6, "sigma_ou": 0.05}),
    "WilsonCowan": ("exc", {"exc_ext": 0.5, "sigma_ou": 0.02}),
    "WongWang": ("se", {"sigma_ou": 0.001}),
    "ALN": ("rates_exc", {"mue_ext_mean": 1.0, "mui_ext_mean": 0.5, "sigma_ou": 0.05}),
}


def connectome():
    """Strengths and lengths (mm) between N nodes, without symmetry."""
    rng = np.random.default_rng(11)
    strengths = rng.random((N, N)) * (rng.random((N, N)) < 0.7) * ~np.eye(N, dtype=bool)
    return strengths, rng.uniform(10.0, 200.0, (N, N))


def statistics(x):
    """Mean, variance and the logarithm of the power in each band, averaged over nodes: float64 [2 + bands];
    and the functional connectivity, above the diagonal, with Fisher's transformation.

    x   float64 [samples, nodes]
    """
    windows = x[: len(x) // WINDOW * WINDOW].reshape(-1, WINDOW, x.shape[1])
    windows = (windows - windows.mean(axis=1, keepdims=True)) * np.hanning(WINDOW)[:, None]
    power = (np.abs(np.fft.rfft(windows, axis=1)) ** 2).mean(axis=(0, 2))
    hz = np.fft.rfftfreq(WINDOW, 1e-3 * DT * EACH)
    bands = [np.log(power[(hz >= low) & (hz < high)].mean()) for low, high in BANDS]
    connectivity = np.corrcoef(x.T)[np.triu_indices(x.shape[1], 1)]
    return np.array([x.mean(), x.var(axis=0).mean(), *bands]), np.arctanh(connectivity)
