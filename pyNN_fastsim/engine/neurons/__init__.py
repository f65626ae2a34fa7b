"""Neuron models, one file per family: the kernels, with the refractory clamp, and how a kernel is made."""
