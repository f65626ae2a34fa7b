"""Random numbers: counter-based ones for runs, NumPy's for building, and the gamma distribution."""
