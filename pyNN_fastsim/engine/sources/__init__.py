"""Spike sources and injected currents, one file per family."""
