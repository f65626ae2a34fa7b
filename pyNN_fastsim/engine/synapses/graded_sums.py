"""
Sums over the connections of a cell, as graded transmission takes them.

A sum over connections is that of LANES partial ones, of every LANES-th connection of the target in the
order of the source cells. What is left at the end of a row is added to the first of them. The order is the
same for any number of threads.
"""

from ..compiling.compile import inlined, jit, vectorised
from ..compiling.elementwise import add, fill
from ..compiling.lowlevel import float64_at, local_rows

LANES = 32


@vectorised
def add_products(lanes, w, r):
    for k in range(len(lanes)):
        lanes[k] += w[k] * r[k]


@inlined
def folded(lanes):
    a = b = c = d = 0.0
    for k in range(0, LANES, 4):
        a += lanes[k]
        b += lanes[k + 1]
        c += lanes[k + 2]
        d += lanes[k + 3]
    return (a + c) + (b + d)


@jit
def dot(w, r, n):
    """The sum of the products of n float64, at addresses."""
    (lanes,) = local_rows(1, LANES)
    fill(lanes, 0.0)
    j = 0
    while j + LANES <= n:
        add_products(lanes, float64_at(w + 8 * j, LANES), float64_at(r + 8 * j, LANES))
        j += LANES
    for k in range(n - j):
        lanes[0] += float64_at(w + 8 * (j + k), 1)[0] * float64_at(r + 8 * (j + k), 1)[0]
    return folded(lanes)


@jit
def sum_into(lanes, x, n):
    """Add n float64, at an address, to the lanes; the first is the first lane's."""
    j = 0
    while j + LANES <= n:
        add(lanes, float64_at(x + 8 * j, LANES))
        j += LANES
    for k in range(n - j):
        lanes[0] += float64_at(x + 8 * (j + k), 1)[0]


@jit
def sum_of(x, n):
    (lanes,) = local_rows(1, LANES)
    fill(lanes, 0.0)
    sum_into(lanes, x, n)
    return folded(lanes)


@vectorised
def products_of(w, sources, r):
    """The sum of w[j] r[sources[j]]: four partial sums are as fast as any number, since values are fetched
    one by one."""
    a = b = c = d = 0.0
    n = len(w)
    whole = n & ~3
    for j in range(0, whole, 4):
        a += w[j] * r[sources[j]]
        b += w[j + 1] * r[sources[j + 1]]
        c += w[j + 2] * r[sources[j + 2]]
        d += w[j + 3] * r[sources[j + 3]]
    for j in range(whole, n):
        a += w[j] * r[sources[j]]
    return (a + c) + (b + d)


@vectorised
def values_of(sources, r):
    a = 0.0
    for j in range(len(sources)):
        a += r[sources[j]]
    return a


@vectorised
def one_by_one(out, w, r):
    for i in range(len(out)):
        out[i] = w[i] * r[i]


@vectorised
def times(out, w, r):
    for i in range(len(out)):
        out[i] = w * r[i]


@vectorised
def largest(x, start):
    for k in range(len(x)):
        start = max(start, x[k])
    return start


@vectorised
def smallest(x, start):
    for k in range(len(x)):
        start = min(start, x[k])
    return start
