"""
Logarithms, powers, hyperbolic and trigonometric functions that the vectoriser understands.

Arithmetic and bit operations only, as in `fastmath.py`, which says why. Each is a reduction of its argument
(Cody & Waite 1980) and a polynomial, fitted at Chebyshev nodes. What rounding takes away from an intermediate
result is carried along as a second number, `..._low` (Muller et al., Handbook of Floating-Point Arithmetic,
2018, chapters 4 and 10), so that errors stay close to the half unit in the last place (ulp) of the final
rounding. The errors in the docstrings are the largest that tests/engine/test_elementary.py and longer runs
(2 million numbers for each range) saw, rounded up.
"""

from .compile import inlined
from .fastmath import LARGEST, LN2_HIGH, LN2_LOW, LOG2_E, ROUND_AND_BIAS
from .lowlevel import bits_float, float_bits, fma

INFINITY = float("inf")
NAN = float("nan")

# Bits of float64: all but the sign, the sign, 1.0, sqrt(1/2), 2**52.
MAGNITUDE = 0x7FFFFFFFFFFFFFFF
SIGN = -0x8000000000000000
ONE = 0x3FF0000000000000
SQRT_HALF = 0x3FE6A09E667F3BCD
INTEGERS = 0x4330000000000000


@inlined
def _absolute(x):
    return bits_float(float_bits(x) & MAGNITUDE)


@inlined
def _with_sign(size, x):
    """size >= 0 with the sign of x."""
    return bits_float(float_bits(size) | (float_bits(x) & SIGN))


@inlined
def _sum(a, b):
    """a + b, and what its rounding takes away; where |a| >= |b| or a = 0."""
    total = a + b
    return total, b - (total - a)


@inlined
def _any_sum(a, b):
    """The same for all numbers."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


@inlined
def _product(a, a_low, b, b_low):
    """(a + a_low) * (b + b_low) as the sum of two numbers."""
    p = a * b
    return p, fma(a, b, -p) + fma(a, b_low, a_low * b)


@inlined
def _quotient(n, n_low, d, d_low):
    """(n + n_low) / (d + d_low) as the sum of two numbers; one division."""
    reciprocal = 1.0 / d
    q = n * reciprocal
    return q, (fma(-q, d, n) + fma(-q, d_low, n_low)) * reciprocal


# --- logarithms ------------------------------------------------------------------------------------------

SMALLEST_NORMAL = 2.0**-1022
INTO_NORMAL = 2.0**54  # times the smallest of all numbers
BIAS = 2.0**52 + 1023.0

# log(m) = 2 atanh(s) = s (2 + s**2 (2/3 + s**2 (L0 + L1 s**2 + ...))) with s = (m - 1) / (m + 1), fitted to
# sqrt(1/2) <= m <= sqrt(2): relative error 8e-22.
TWO_THIRDS = 0.6666666666666666
TWO_THIRDS_LOW = 3.700743415417188e-17
L0 = 0.4
L1 = 0.28571428571429364
L2 = 0.22222222221655885
L3 = 0.18181818335392802
L4 = 0.1538459496251843
L5 = 0.1333480469384731
L6 = 0.11706236339491206
L7 = 0.11723178623876518

PER_LN2 = 1.4426950408889634
PER_LN2_LOW = 2.0355273740931033e-17
PER_LN10 = 0.4342944819032518
PER_LN10_LOW = 1.098319650216765e-17


@inlined
def _log_reduced(x):
    """k ln2 and s as two numbers each, s**2, and L0 + L1 s**2 + ...; |x| = 2**k m with an integer k."""
    small = _absolute(x) < SMALLEST_NORMAL
    bits = float_bits(x * INTO_NORMAL if small else x) & MAGNITUDE
    biased = (bits + (ONE - SQRT_HALF)) >> 52
    k = bits_float(biased | INTEGERS) - (BIAS + 54.0 if small else BIAS)
    m = bits_float(bits - (biased << 52) + ONE)
    s, s_low = _quotient(m - 1.0, 0.0, *_any_sum(m, 1.0))
    z = s * s
    z2 = z * z
    low = fma(fma(L3, z, L2), z2, fma(L1, z, L0))
    high = fma(fma(L7, z, L6), z2, fma(L5, z, L4))
    whole = k * LN2_HIGH
    whole_low = fma(k, LN2_LOW, fma(k, LN2_HIGH, -whole))
    return whole, whole_low, s, s_low, z, fma(high, z2 * z2, low)


@inlined
def _log_parts(x):
    """log|x| as the sum of two numbers, to 1e-17 of it; wrong for 0, inf and NaN."""
    whole, whole_low, s, s_low, z, rest = _log_reduced(x)
    h = 2.0 * s
    h_low = fma(s * z, fma(z, rest, TWO_THIRDS), 2.0 * s_low)
    total, lost = _sum(whole, h)
    return total, lost + (whole_low + h_low)


@inlined
def _log_fine(x):
    """The same to 1e-19."""
    whole, whole_low, s, s_low, z, rest = _log_reduced(x)
    z_low = fma(s, s, -z) + 2.0 * s * s_low
    w, w_low = _sum(TWO_THIRDS, z * rest)
    v, v_low = _product(z, z_low, w, w_low + TWO_THIRDS_LOW)
    g, g_low = _sum(2.0, v)
    h, h_low = _product(s, s_low, g, g_low + v_low)
    total, lost = _sum(whole, h)
    return total, lost + (whole_low + h_low)


@inlined
def _at_the_ends(x, logarithm):
    """`logarithm` of x, but what it must be for 0, negative numbers, inf and NaN."""
    regular = logarithm if x < INFINITY else x
    positive = NAN if x < 0.0 else regular
    return -INFINITY if x == 0.0 else positive


@inlined
def _log_to_base(x, per, per_low):
    high, low = _log_parts(x)
    product = high * per
    return product + fma(low, per, fma(high, per_low, fma(high, per, -product)))


@inlined
def log(x):
    """The natural logarithm, to 0.6 ulp; -inf for 0, NaN for x < 0, inf for inf, NaN for NaN."""
    high, low = _log_parts(x)
    return _at_the_ends(x, high + low)


@inlined
def log2(x):
    """The logarithm to base 2, to 0.6 ulp, so that powers of 2 give integers; the rest as `log`."""
    return _at_the_ends(x, _log_to_base(x, PER_LN2, PER_LN2_LOW))


@inlined
def log10(x):
    """The logarithm to base 10, to 0.6 ulp, so that powers of 10 give integers; the rest as `log`."""
    return _at_the_ends(x, _log_to_base(x, PER_LN10, PER_LN10_LOW))


@inlined
def log1p(x):
    """log(1 + x), to 0.7 ulp, near 0 too; -inf for -1, NaN below, inf for inf, NaN for NaN.

    Method: the logarithm of the rounded sum u, and what rounding took away, divided by u (Kahan).
    """
    u, lost = _any_sum(1.0, x)
    high, low = _log_parts(u)
    regular = high + (low + lost / (u if u > 0.0 else 1.0))
    return _at_the_ends(u, regular)


# --- exponentials and hyperbolic functions ---------------------------------------------------------------

MINUS_ONE = -60.0  # expm1 is -1 from here on
FLAT = 22.0  # tanh is 1 from here on

# e**r = 1 + r + r**2/2 + r**3 (E0 + E1 r + ...), fitted to |r| <= ln(2)/2: error 3e-19.
E0 = 0.16666666666666669
E1 = 0.041666666666666664
E2 = 0.008333333333330065
E3 = 0.0013888888888886554
E4 = 0.00019841269863040545
E5 = 2.4801587317135164e-05
E6 = 2.755726848030982e-06
E7 = 2.755728298405573e-07
E8 = 2.510037583265786e-08
E9 = 2.0911229729827565e-09


@inlined
def _exp_parts(x, x_low):
    """(k, r, rest) with e**(x + x_low) = 2**k (1 + r + rest), |r| <= ln(2)/2, rest smaller than r**2."""
    k = fma(x, LOG2_E, ROUND_AND_BIAS) - ROUND_AND_BIAS
    t = fma(-k, LN2_HIGH, x)
    t_low = fma(-k, LN2_LOW, x_low)
    r, r_low = _sum(t, t_low)
    r2 = r * r
    r4 = r2 * r2
    low = fma(fma(E3, r, E2), r2, fma(E1, r, E0))
    high = fma(fma(E7, r, E6), r2, fma(E5, r, E4))
    cubic = fma(fma(fma(E9, r, E8), r4, high), r4, low)
    lost = fma(0.5, fma(r, r, -r2), r_low)
    return k, r, fma(0.5, r2, fma(r * r2, cubic, lost))


@inlined
def _power_of_two(k):
    """2**k for integers from -1022 to 1023."""
    return bits_float(float_bits(k + ROUND_AND_BIAS) << 52)


@inlined
def _expm1_parts(x):
    """e**x - 1 as the sum of two numbers, for -708 <= x <= 709."""
    k, r, rest = _exp_parts(x, 0.0)
    scale = _power_of_two(k)
    less = scale - 1.0
    high, low = _sum(less, r * scale)
    return _sum(high, low + fma(rest, scale, scale - less - 1.0))


@inlined
def expm1(x):
    """e**x - 1, to 1 ulp, near 0 too; saturates where `exp` does. NaN for NaN."""
    y = LARGEST if x > LARGEST else x
    y = MINUS_ONE if y < MINUS_ONE else y
    return _expm1_parts(y)[0]


@inlined
def tanh(x):
    """The hyperbolic tangent, to 0.9 ulp; NaN for NaN. Method: with E = e**(2|x|) - 1, E / (E + 2)."""
    size = _absolute(x)
    size = FLAT if size > FLAT else size
    high, low = _expm1_parts(2.0 * size)
    d, d_low = _any_sum(2.0, high)
    q, q_low = _quotient(high, low, d, d_low + low)
    return _with_sign(q + q_low, x)


@inlined
def sinh(x):
    """The hyperbolic sine, to 0.9 ulp for |x| <= 709, where it saturates as `exp` does. NaN for NaN.

    Method: with E = e**|x| - 1, (E + E / (E + 1)) / 2.
    """
    size = _absolute(x)
    size = LARGEST if size > LARGEST else size
    high, low = _expm1_parts(size)
    d, d_low = _any_sum(1.0, high)
    q, q_low = _quotient(high, low, d, d_low + low)
    total, lost = _sum(high, q)
    return _with_sign(0.5 * (total + (lost + (low + q_low))), x)


@inlined
def cosh(x):
    """The hyperbolic cosine, to 0.9 ulp for |x| <= 709, where it saturates as `exp` does. NaN for NaN."""
    size = _absolute(x)
    k, r, rest = _exp_parts(LARGEST if size > LARGEST else size, 0.0)
    half = 0.5 * _power_of_two(k)
    high, low = _sum(half, r * half)
    high, low = _sum(high, fma(rest, half, low))
    total, lost = _sum(high, 0.25 / high)
    return total + (lost + low)


# --- powers ----------------------------------------------------------------------------------------------

# Beyond e**BEYOND and e**-BEYOND there are no numbers.
BEYOND = 1000.0
ALL_INTEGERS = 2.0**52  # and all larger numbers are


@inlined
def _is_integer(size):
    """Whether a number >= 0 is an integer."""
    return (size >= ALL_INTEGERS) | ((size + ALL_INTEGERS) - ALL_INTEGERS == size)


@inlined
def power(x, y):
    """x**y, to 0.7 ulp where that is from 1e-50 to 1e50, so that integers are exact; else to 1.2 ulp.

    As C's pow for all arguments: 1 for y = 0 and x = 1, whatever the other; for x < 0 NaN unless y is an
    integer, else the sign is that of (-1)**y; inf where the result is too large, 0 where it is too small, and
    inf for 0 to a negative power.

    Method: e**(y log|x|), with the product and the logarithm in two numbers each.
    """
    size = _absolute(x)
    log_x, log_x_low = _log_fine(size)
    regular = log_x if size < INFINITY else size
    log_x = -INFINITY if size == 0.0 else regular
    exponent = 0.0 if size == 1.0 else y  # 1 even to the power of inf or NaN
    product = exponent * log_x
    within = (product > -BEYOND) & (product < BEYOND)
    product_low = fma(exponent, log_x_low, fma(exponent, log_x, -product)) if within else 0.0
    product = BEYOND if product > BEYOND else product
    product = -BEYOND if product < -BEYOND else product
    k, r, rest = _exp_parts(product, product_low)
    high, low = _sum(1.0, r)
    # In two steps, since 2**k alone may be too large or too small for a number.
    first = fma(0.5, k, ROUND_AND_BIAS) - ROUND_AND_BIAS
    result = (high + (low + rest)) * _power_of_two(first) * _power_of_two(k - first)
    integer = _is_integer(_absolute(y))
    odd = integer & (not _is_integer(0.5 * _absolute(y)))
    result = _with_sign(result, x if odd else 1.0)
    result = NAN if (x < 0.0) & (size < INFINITY) & (not integer) else result
    return 1.0 if y == 0.0 else result


# --- trigonometric functions -----------------------------------------------------------------------------

TWO_PER_PI = 0.6366197723675814
ROUND = 1.5 * 2.0**52
LOST = 1e12  # no angle beyond: float64 are 1e-4 apart there

# pi/2 is their sum; the second has 30 bits, so that n times it is exact for |n| < 2**23.
HALF_PI = 1.5707963267948966
HALF_PI_MIDDLE = 6.12323399409214e-17
HALF_PI_LOW = 1.6446256936324258e-26

# sin(r) = r + r**3 (S0 + S1 r**2 + ...) and cos(r) = 1 - r**2/2 + r**4 (K0 + K1 r**2 + ...), fitted to
# |r| <= pi/4 and a little more: errors 1e-17 and 5e-19.
S0 = -0.16666666666666666
S1 = 0.008333333333330941
S2 = -0.00019841269836747363
S3 = 2.7557316096738333e-06
S4 = -2.505113063362869e-08
S5 = 1.5918042047181557e-10
K0 = 0.041666666666666664
K1 = -0.0013888888888887393
K2 = 2.4801587298758672e-05
K3 = -2.755731726809259e-07
K4 = 2.0876145510582723e-09
K5 = -1.1382577844116575e-11


@inlined
def _sine_and_cosine(x):
    """sin and cos of r = x - n pi/2, each as the sum of two numbers, and n mod 4; |r| <= pi/4."""
    biased = fma(x, TWO_PER_PI, ROUND)
    n = biased - ROUND
    t = fma(-n, HALF_PI, x)
    u = fma(-n, HALF_PI_MIDDLE, t)
    u_low = fma(-n, HALF_PI_LOW, fma(-n, HALF_PI_MIDDLE, t - u))
    r, r_low = _sum(u, u_low)
    z = r * r
    half = 0.5 * z
    z2 = z * z
    s = fma(fma(fma(S5, z, S4), z2, fma(S3, z, S2)), z2, fma(S1, z, S0))
    c = fma(fma(fma(K5, z, K4), z2, fma(K3, z, K2)), z2, fma(K1, z, K0))
    sine_low = fma(r * z, s, fma(-half, r_low, r_low))
    cosine, cosine_low = _sum(1.0, -half)
    lost = fma(r, r_low, 0.5 * fma(r, r, -z))
    return r, sine_low, cosine, cosine_low + fma(z2, c, -lost), float_bits(biased) & 3


@inlined
def _turned(value, half_turns):
    """`value` with the other sign where bit 1 of `half_turns` is set."""
    return bits_float(float_bits(value) ^ ((half_turns & 2) << 62))


@inlined
def sin(x):
    """The sine of an angle in radians, to 0.9 ulp for |x| <= 1e7; NaN for inf and NaN.

    Up to 1e12 to 1e-16, absolute: only near multiples of pi fewer digits are right. NaN beyond, where angles
    have lost their meaning. Method: x = n pi/2 + r with pi/2 in three parts, and a polynomial in r.
    """
    sine, sine_low, cosine, cosine_low, quadrant = _sine_and_cosine(x)
    along, across = sine + sine_low, cosine + cosine_low
    result = _turned(across if (quadrant & 1) == 1 else along, quadrant)
    return result if _absolute(x) <= LOST else NAN


@inlined
def cos(x):
    """The cosine of an angle in radians: range, accuracy and method as of `sin`."""
    sine, sine_low, cosine, cosine_low, quadrant = _sine_and_cosine(x)
    along, across = cosine + cosine_low, sine + sine_low
    result = _turned(across if (quadrant & 1) == 1 else along, quadrant + 1)
    return result if _absolute(x) <= LOST else NAN


@inlined
def tan(x):
    """The tangent of an angle in radians, to 1.1 ulp for |x| <= 1e7; range and method as of `sin`.

    Up to 1e12 the same error as if x were wrong by 1e-16.
    """
    sine, sine_low, cosine, cosine_low, quadrant = _sine_and_cosine(x)
    odd = (quadrant & 1) == 1
    n, n_low = -cosine if odd else sine, -cosine_low if odd else sine_low
    d, d_low = sine if odd else cosine, sine_low if odd else cosine_low
    # Numerator and denominator in each two numbers, the first of which holds all digits.
    q, q_low = _quotient(*_sum(n, n_low), *_sum(d, d_low))
    return q + q_low if _absolute(x) <= LOST else NAN
