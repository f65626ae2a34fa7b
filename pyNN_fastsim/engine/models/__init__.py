"""Neuron models and spike sources, one file per family: the kernels and what they need to know."""
