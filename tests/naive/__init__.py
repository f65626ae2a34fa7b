"""
A second simulator: slow, obvious, and made of nothing but NumPy and SciPy.

It reads the section "Time" of docs/design.md word by word and never imports pyNN_fastsim. What the
package computes is compared with it in test_networks.py. A new cell type is one entry in `cells.CELLS`.
"""
