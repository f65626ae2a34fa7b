"""
The cumulative hazard of a gamma distribution of scale 1, and its inverse.

H(x) = -log Q(a, x), where Q is the regularised upper incomplete gamma function (Abramowitz & Stegun 1964,
6.5). Of a renewal process whose intervals have this distribution, H(x) is what the hazard adds up to from
one event until x later, so that intervals are H^-1(E) with exponentially distributed E of mean 1.

The logarithm of gamma(a) is an argument: whoever knows the shape `a` before a run works it out once.
"""

from ..compiling.compile import inlined, jit
from ..compiling.elementary import log
from ..compiling.fastmath import exp

SMALLEST_LOG = -700.0  # of an interval: anything shorter is taken for exp(-700)
MOST_TRIES = 100  # of Newton's method, which takes 2 to 8
PRECISION = 1e-13  # relative, of the inverse


@jit
def cumulative_hazard(a, log_gamma, x):
    """H(x), to a relative error of about (100 + a) * 1e-15, but for an absolute 1e-16 where it is small."""
    if a == 1.0:
        return x
    if x <= 0.0:
        return 0.0
    log_density = a * log(x) - x - log_gamma
    if x < a + 1.0:
        below = exp(log_density) * _series(a, x)
        return below * (1.0 + 0.5 * below) if below < 1e-6 else -log(1.0 - below)
    return -log_density - log(_continued_fraction(a, x))


@inlined
def _series(a, x):
    """P(a, x) / (x^a e^-x / gamma(a)) by its power series (A&S 6.5.29), for x < a + 1."""
    term = 1.0 / a
    total = term
    n = a
    while term > 1e-17 * total:
        n += 1.0
        term *= x / n
        total += term
    return total


@inlined
def _continued_fraction(a, x):
    """Q(a, x) / (x^a e^-x / gamma(a)) by its continued fraction (A&S 6.5.31), for x >= a + 1.

    Evaluated from the front, by the method of Lentz (1976) as modified by Thompson & Barnett (1986).
    """
    b = x + 1.0 - a
    c = 1e300
    d = 1.0 / b
    result = d
    change = 0.0
    k = 0.0
    while abs(change - 1.0) > 1e-16 and k < 1e6:
        k += 1.0
        numerator = -k * (k - a)
        b += 2.0
        d = numerator * d + b
        d = 1.0 / (d if abs(d) > 1e-300 else 1e-300)
        c = b + numerator / c
        c = c if abs(c) > 1e-300 else 1e-300
        change = c * d
        result *= change
    return result


@jit
def hazard_used_up(a, log_gamma, hazard):
    """The x at which the cumulative hazard is `hazard`, a number >= 0.

    Newton's method for log H as a function of log x: this is concave for a > 1 and convex for a < 1, so it
    converges from anywhere, and nearly straight on both sides (slope a far below the mean, 1 far above).
    """
    if a == 1.0 or hazard <= 0.0:
        return hazard
    wanted = log(hazard)
    y = log(a)
    change = 1.0
    tries = 0
    while abs(change) > PRECISION and tries < MOST_TRIES:
        tries += 1
        x = exp(y)
        h = cumulative_hazard(a, log_gamma, x)
        slope = exp(a * y - x - log_gamma + h) / h
        moved = max(y + (wanted - log(h)) / slope, SMALLEST_LOG)
        if a < 1.0:
            moved = min(moved, wanted)  # H(x) > x then
        change = moved - y
        y = moved
    return exp(y)
