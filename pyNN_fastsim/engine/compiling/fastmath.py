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


# --- what is left after a decay --------------------------------------------------------------------------

SHORT = 0.685  # the largest argument of `short_decays`
VANISHING = 709.3  # e**-x counts as 0 from here on

# Rounding x/ln(2) less this gives 0 for all x from 0 to SHORT.
SHIFT = 0.49

# e**-r = 1 - r + r**2 (D2 + D3 r + ...), fitted to -0.01 ln(2) <= r <= 0.99 ln(2): relative error 5e-18, and
# rounding; and with fewer terms 2e-14.
D2 = 0.49999999999998024
D3 = -0.1666666666657863
D4 = 0.041666666651181995
D5 = -0.008333333187373237
D6 = 0.0013888880551592411
D7 = -0.00019840963656880096
D8 = 2.479417657614781e-05
D9 = -2.743931595373819e-06
D10 = 2.635929626527302e-07
D11 = -1.788689717508253e-08
E2 = 0.4999999999556472
E3 = -0.16666666531417024
E4 = 0.04166665063030079
E5 = -0.008333233918791693
E6 = 0.0013885292473237271
E7 = -0.0001976227397950502
E8 = 2.3756239118932023e-05
E9 = -1.974314373068357e-06


@inlined
def _fine(r):
    r2 = r * r
    even = fma(fma(fma(fma(D10, r2, D8), r2, D6), r2, D4), r2, D2)
    odd = fma(fma(fma(fma(D11, r2, D9), r2, D7), r2, D5), r2, D3)
    return fma(fma(fma(odd, r, even), r, -1.0), r, 1.0)


@inlined
def _coarse(r):
    r2 = r * r
    even = fma(fma(fma(E8, r2, E6), r2, E4), r2, E2)
    odd = fma(fma(fma(E9, r2, E7), r2, E5), r2, E3)
    return fma(fma(fma(odd, r, even), r, -1.0), r, 1.0)


@inlined
def _split(x):
    """(r, e**(r - x)), where the latter is a power of 2; r is x and the power 1 for 0 <= x <= SHORT."""
    y = -LARGEST if x < -LARGEST else x
    y = VANISHING if y > VANISHING else y
    biased = ROUND_AND_BIAS - fma(y, LOG2_E, -SHIFT)
    k = biased - ROUND_AND_BIAS
    return fma(k, LN2_LOW, fma(k, LN2_HIGH, y)), bits_float(float_bits(biased) << 52)


@inlined
def decays(x, y, z):
    """e**-x to 1 unit in the last place, and e**-y and e**-z to 2e-14 of them: of what is small beside e**-x.

    For x below -709 what it is there; 0 where that would be subnormal. NaN for NaN. Method: as `exp`.
    """
    x, power_x = _split(x)
    y, power_y = _split(y)
    z, power_z = _split(z)
    return _fine(x) * power_x, _coarse(y) * power_y, _coarse(z) * power_z


@inlined
def short_decays(x, y, z):
    """The same, to the last bit, where all three are from 0 to SHORT; in half the time."""
    return _fine(x), _coarse(y), _coarse(z)
