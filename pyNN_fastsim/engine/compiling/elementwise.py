"""
Vectorised loops over arrays of one length.
"""

from .compile import vectorised


@vectorised
def fill(out, value):
    for k in range(len(out)):
        out[k] = value


@vectorised
def copy(out, x):
    for k in range(len(out)):
        out[k] = x[k]


@vectorised
def add(out, x):
    for k in range(len(out)):
        out[k] += x[k]
