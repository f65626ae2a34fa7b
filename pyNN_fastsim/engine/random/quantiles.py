"""
Numbers of a distribution as functions of one uniform number each: by inversion, so that each can be had
alone.

All functions have the same arguments: a number u from (0, 1), and six parameters of which each uses some.
They are the same on every processor and card.
"""

import math

from ..compiling.compile import inlined
from ..compiling.elementary import log
from ..compiling.fastmath import exp
from ..compiling.lowlevel import bits_float, fma

ONE = 0x3FF0000000000000  # the bits of 1.0
BELOW_ONE = 1.0 - 2.0**-53
N_PARAMETERS = 6


@inlined
def centred(high, low):
    """A uniform number in (0, 1) from two words of 32 bits: the middle of one of 2**52 intervals."""
    bits = (high << 20) | (low >> 12)
    return bits_float(bits | ONE) - BELOW_ONE


# The rational approximations of Wichura (1988), Applied Statistics 37:477-484, algorithm AS 241 (PPND16), to
# 1e-15: coefficients of numerators and denominators, of r = MIDDLE_SQUARED - (u - 1/2)**2 in the middle; of
# r = sqrt(-log(u)) outside, less 1.6, and from r = 5 on less 5. The constant ones of the denominators are 1.
MIDDLE_SQUARED = 0.180625
NEAR, FAR = 1.6, 5.0
A0, A1, A2, A3 = (
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
)
A4, A5, A6, A7 = (
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
)
B1, B2, B3 = 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3
B4, B5, B6, B7 = (
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
)
C0, C1, C2, C3 = (
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
)
C4, C5, C6, C7 = (
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
)
D1, D2, D3 = 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1
D4, D5, D6, D7 = (
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
)
E0, E1, E2, E3 = (
    6.65790464350110377720e0,
    5.46378491116411436990e0,
    1.78482653991729133580e0,
    2.96560571828504891230e-1,
)
E4, E5, E6, E7 = (
    2.65321895265761230930e-2,
    1.24266094738807843860e-3,
    2.71155556874348757815e-5,
    2.01033439929228813265e-7,
)
F1, F2, F3 = 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2
F4, F5, F6, F7 = (
    7.86869131145613259100e-4,
    1.84631831751005468180e-5,
    1.42151175831644588870e-7,
    2.04426310338993978564e-15,
)


@inlined
def _polynomial(r, c0, c1, c2, c3, c4, c5, c6, c7):
    high = fma(fma(fma(c7, r, c6), r, c5), r, c4)
    return fma(fma(fma(fma(high, r, c3), r, c2), r, c1), r, c0)


@inlined
def normal_quantile(u):
    """The number below which a standard normal variable is with probability u, from (0, 1).

    Without branches, so that a loop can do it for several numbers at once.
    """
    q = u - 0.5
    middle = MIDDLE_SQUARED - q * q
    is_far = middle < 0.0
    tail = math.sqrt(-log(u if q < 0.0 else 1.0 - u))
    near, far = tail - NEAR, tail - FAR
    above = _polynomial(near, C0, C1, C2, C3, C4, C5, C6, C7)
    below = _polynomial(near, 1.0, D1, D2, D3, D4, D5, D6, D7)
    above = _polynomial(far, E0, E1, E2, E3, E4, E5, E6, E7) if far > 0.0 else above
    below = _polynomial(far, 1.0, F1, F2, F3, F4, F5, F6, F7) if far > 0.0 else below
    above = -above if q < 0.0 else above
    above = above if is_far else q * _polynomial(middle, A0, A1, A2, A3, A4, A5, A6, A7)
    return above / (below if is_far else _polynomial(middle, 1.0, B1, B2, B3, B4, B5, B6, B7))


@inlined
def of_uniform(u, low, width, c, d, e, f):
    return low + width * u


@inlined
def of_normal(u, mean, deviation, first, share, low, high):
    """Normally distributed with what is outside the limits put there; of the quantiles from `first` on."""
    value = mean + deviation * normal_quantile(first + share * u)
    value = low if value < low else value
    return high if value > high else value


@inlined
def of_exponential(u, mean, b, c, d, e, f):
    return -mean * log(u)


@inlined
def of_lognormal(u, mean, deviation, c, d, e, f):
    return exp(mean + deviation * normal_quantile(u))


def clipped(mean, deviation, low, high):
    """The parameters of `of_normal` for numbers that are drawn again while they are outside the limits.

    Where both limits are on one side, it is the lower one: small numbers have more digits than those below 1.
    """
    if deviation == 0.0:
        return mean, 0.0, 0.0, 1.0, low, high
    sign = -1.0 if low > mean else 1.0
    ends = sorted(sign * (limit - mean) / deviation for limit in (low, high))
    first, last = (0.5 * math.erfc(-end / math.sqrt(2.0)) for end in ends)
    return mean, sign * deviation, first, last - first, low, high
