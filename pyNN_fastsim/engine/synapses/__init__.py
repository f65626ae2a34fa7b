"""Synapses: storage, delivery on the grid and on arrival, short-term plasticity, STDP, gap junctions."""
