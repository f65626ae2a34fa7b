"""
Functions that the vectoriser understands: no branches, no calls, no tables.

Numba without SVML calls the C library for every `math.exp`, one value at a time, and a loop that calls
anything is not vectorised. The functions here are arithmetic only, so a loop over neurons that uses
them runs four (AVX2) or eight (AVX-512) neurons at a time. Results are the same on every processor,
and whether or not the loop was vectorised, since each fused multiply-add is asked for explicitly.
"""

from .compile import inlined
from .lowlevel import bits_float, float_bits, fma

LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471805599453  # ln 2 rounded to a double
LN2_LOW = 2.3190468138462996e-17  # the rest of it

# Adding this to |y| < 2**51 leaves y, rounded to an integer and increased by the exponent bias 1023, in
# the low bits of the sum.
ROUND_AND_BIAS = 1.5 * 2.0**52 + 1023.0

LARGEST = 709.0  # exp saturates here at 8.2e307, ...
SMALLEST = -708.0  # ... and is 0 below this, where results would be subnormal

# exp(r) = 1 + r + r**2 (C2 + C3 r + ...), fitted to |r| <= ln(2)/2: relative error 8e-18 and rounding.
C2 = 0.500000000000001
C3 = 0.16666666666666674
C4 = 0.04166666666652199
C5 = 0.008333333333322207
C6 = 0.0013888888947820891
C7 = 0.00019841269886591
C8 = 2.4801487326012337e-05
C9 = 2.7557242336680357e-06
C10 = 2.763265575933203e-07
C11 = 2.5110049895858716e-08


@inlined
def exp(x):
    """e**x, to 1 unit in the last place for -708 <= x <= 709.

    Beyond, 0 or exp(709): never inf, so that no product with 0 becomes NaN. NaN gives NaN.

    Method: x = k ln2 + r with integer k and |r| <= ln(2)/2 (Cody & Waite 1980), a polynomial in r, and
    2**k made from its bits. The polynomial is summed in pairs (Estrin): shorter chains than Horner's. Below
    -708, whatever comes of that is not used.
    """
    y = LARGEST if x > LARGEST else x
    biased = fma(y, LOG2_E, ROUND_AND_BIAS)
    k = biased - ROUND_AND_BIAS
    r = fma(-k, LN2_LOW, fma(-k, LN2_HIGH, y))
    r2 = r * r
    r4 = r2 * r2
    low = fma(fma(C5, r, C4), r2, fma(C3, r, C2))
    high = fma(fma(C11, r, C10), r4, fma(fma(C9, r, C8), r2, fma(C7, r, C6)))
    polynomial = fma(r2, fma(high, r4, low), r) + 1.0
    power = bits_float(float_bits(biased) << 52)
    return 0.0 if x < SMALLEST else polynomial * power
