"""
What a system of linear equations does within a time step, exactly: y' = A y + b.
"""

import numpy as np

TERMS = 16  # of the series, for matrices of norm up to a half: the next is below 1e-19


def propagators(n, elements, h):
    """exp(A h) and the integral of exp(A s) from s = 0 to h: two float64 arrays [..., n, n].

    n          number of variables
    elements   those of A that are not zero, by (row, column): numbers, or arrays of one for each cell; 1/ms
    h          ms; a number or an array

    Method: the series of the exponential of [[A h, h], [0, 0]] for a fraction of h, and squarings. It makes
    no difference which eigenvalues are equal.

    Source: Moler & Van Loan 2003, Nineteen Dubious Ways to Compute the Exponential of a Matrix, SIAM Rev.
    45:3-49, methods 1 and 3.
    """
    shape = np.broadcast_shapes(np.shape(h), *(np.shape(value) for value in elements.values()))
    matrix = np.zeros((*shape, 2 * n, 2 * n))
    for (row, column), value in elements.items():
        matrix[..., row, column] = value * h
    matrix[..., range(n), range(n, 2 * n)] = np.asarray(h)[..., np.newaxis]
    norm = np.abs(matrix[..., :n, :n]).sum(axis=-1).max(axis=-1)
    finite = np.where(np.isfinite(norm), norm, 0.0)
    halvings = int(np.ceil(np.log2(max(2.0 * float(np.max(finite, initial=0.0)), 1.0))))
    scaled = matrix / 2.0**halvings
    # Of the series without its first term, 1, so that squaring keeps the digits of small changes.
    change = scaled
    for k in range(TERMS, 1, -1):
        change = scaled + scaled @ change / k
    for _ in range(halvings):
        change = 2.0 * change + change @ change
    return change[..., :n, :n] + np.eye(n), change[..., :n, n:]
