/* Elementary functions on lanes: polynomials and integer shifts, no library calls; tables where they are registers
 * (lane_tables.h).
 *
 * Why: PoCL's pow is 15 times slower on lane vectors, and powers run in the inner loop of the
 * integrator. Coefficients and their errors come from tools/minimax.py. Include real.h first.
 *
 * Largest relative errors, double and single (tests/device/test_lane_math.c):
 * - exp2, exp, expm1, the logarithms, tanh, sinh, cosh: 1.1e-13 and 2.5e-7;
 * - pow, pow1p, posp for |y| <= 4: 2e-13 and 3e-7, beyond that in proportion to |y|;
 * - root8: 8e-5.
 *
 * In double, 4e-12 (14 and 8 terms) would save 10 % of a power, and 2 ulp (19 and 11) cost 16 %.
 *
 * expm1, log1p, pow1p, tanh and sinh keep these errors for tiny arguments and are exactly 0 at 0.
 *
 * Limits: denormal arguments count as zero. 2^z is 0 below z = -1022.5 and infinite above 1023.4999
 * (single: -126.5 and 127.4999). The exponent y of a power must be finite. NaN stays NaN. Never
 * compile this with -cl-fast-relaxed-math: it folds the rounding trick (z + big) - big, and takes
 * NaN and infinity for absent. */
#ifndef KM_LANE_MATH_H
#define KM_LANE_MATH_H

#ifndef KM_INLINE
#define KM_INLINE static inline __attribute__((always_inline))
#endif

/* a b + c, in one instruction where the device has it. */
#if defined(__FMA__) || defined(__NVPTX__) || defined(__NV_CL_C_VERSION) ||                        \
    defined(__aarch64__) || (KM_SINGLE && defined(FP_FAST_FMAF)) ||                                \
    (!KM_SINGLE && defined(FP_FAST_FMA))
#define km_fma(a, b, c) fma((a), (b), (c))
#else
#define km_fma(a, b, c) ((a) * (b) + (c))
#endif

#if KM_SINGLE
#define KM_MANTISSA_BITS 23
#define KM_BITS_ROOT_HALF 0x3f3504f3u /* sqrt(1/2) */
#define KM_BITS_ONE 0x3f800000u
#define KM_BITS_FOUR 0x40800000u
#define KM_BITS_SMALLEST 0x00800000u /* the smallest normal number */
#define KM_BITS_RANGE 0x7f000000u    /* infinity less the smallest */
/* 2^127 less the smallest: above it 2^-k has no normal form. */
#define KM_BITS_RANGE_1P 0x7e000000u
#define KM_SMALLEST R(0x1p-126)
#define KM_LARGEST R(0x1.fffffep127)
/* z + this - this rounds z to an integer, and leaves it in the low bits. */
#define KM_ROUND R(0x1.8p23)
#define KM_EXP2_RANGE R(126.96) /* 2^z is 0 or infinite where z - 1/2 is beyond: rounded to sixteenths it has no normal form */
#define KM_EXP2_LOW R(-126.5) /* below, 2^z is 0; above the next, infinite */
#define KM_EXP2_HIGH R(127.4999)
#define KM_HUGE R(1e38)
#define KM_LOG2_E_LOW R(1.925963033500519e-8) /* what rounding took from KM_LOG2_E */
#define KM_INFINITY INFINITY
#define KM_NAN NAN
/* log2(1 + f) / f, relative error 3.2e-8 */
#define KM_LOG2_0 R(1.44269502)
#define KM_LOG2_1 R(-0.721347511)
#define KM_LOG2_2 R(0.480909228)
#define KM_LOG2_3 R(-0.360689342)
#define KM_LOG2_4 R(0.287934244)
#define KM_LOG2_5 R(-0.23926428)
#define KM_LOG2_6 R(0.21593371)
#define KM_LOG2_7 R(-0.205212921)
#define KM_LOG2_8 R(0.122641578)
/* (2^r - 1) / r, relative error 1.3e-8 */
#define KM_EXP2_0 R(0.693147182)
#define KM_EXP2_1 R(0.240226492)
#define KM_EXP2_2 R(0.0555036627)
#define KM_EXP2_3 R(0.00961832702)
#define KM_EXP2_4 R(0.00133878936)
#define KM_EXP2_5 R(0.00015375005)
#else
#define KM_MANTISSA_BITS 52
#define KM_BITS_ROOT_HALF 0x3fe6a09e667f3bcdUL
#define KM_BITS_ONE 0x3ff0000000000000UL
#define KM_BITS_FOUR 0x4010000000000000UL
#define KM_BITS_SMALLEST 0x0010000000000000UL
#define KM_BITS_RANGE 0x7fe0000000000000UL
#define KM_BITS_RANGE_1P 0x7fd0000000000000UL
#define KM_SMALLEST R(0x1p-1022)
#define KM_LARGEST R(0x1.fffffffffffffp1023)
#define KM_ROUND R(0x1.8p52)
#define KM_EXP2_RANGE R(1022.96)
#define KM_EXP2_LOW R(-1022.5)
#define KM_EXP2_HIGH R(1023.4999)
#define KM_HUGE R(1e300)
#define KM_INFINITY ((double)INFINITY)
#define KM_NAN ((double)NAN)
/* log2(1 + f) / f, relative error 6.7e-14 */
#define KM_LOG2_0 R(1.4426950408890471)
#define KM_LOG2_1 R(-0.7213475204468035)
#define KM_LOG2_2 R(0.48089834687658217)
#define KM_LOG2_3 R(-0.3606737593345149)
#define KM_LOG2_4 R(0.28853902232349704)
#define KM_LOG2_5 R(-0.240449277234843)
#define KM_LOG2_6 R(0.20609845910543376)
#define KM_LOG2_7 R(-0.1803313510283274)
#define KM_LOG2_8 R(0.16032086497986248)
#define KM_LOG2_9 R(-0.14442257550036899)
#define KM_LOG2_10 R(0.13093575342395469)
#define KM_LOG2_11 R(-0.11798090450965898)
#define KM_LOG2_12 R(0.11069734321581327)
#define KM_LOG2_13 R(-0.11887343421123774)
#define KM_LOG2_14 R(0.11560467485207822)
#define KM_LOG2_15 R(-0.057495832886187925)
/* (2^r - 1) / r, relative error 7.7e-14 */
#define KM_EXP2_0 R(0.69314718055993774)
#define KM_EXP2_1 R(0.24022650695814082)
#define KM_EXP2_2 R(0.055504108665734721)
#define KM_EXP2_3 R(0.0096181291590518719)
#define KM_EXP2_4 R(0.0013333557983812539)
#define KM_EXP2_5 R(0.00015403456133200925)
#define KM_EXP2_6 R(1.5252811951472866e-05)
#define KM_EXP2_7 R(1.3255160688706625e-06)
#define KM_EXP2_8 R(1.0178077576868283e-07)
#endif

#define KM_LOG2_E R(1.44269504088896340736)
#define KM_LN_2 R(0.69314718055994530942)
#define KM_LOG10_2 R(0.30102999566398119521)

/* a + b x + c x^2 + d x^3: short chains of dependent operations (Estrin), measured faster than
 * Horner's rule. */
#define KM_CUBIC(x, x2, a, b, c, d)                                                                \
    km_fma(km_fma((real)(d), (x), (real)(c)), (x2), km_fma((real)(b), (x), (real)(a)))

/* log2(1 + f) / f for 1 + f in [sqrt(1/2), sqrt(2)]. */
KM_INLINE real km_log2_ratio(real f)
{
    real f2 = f * f;
    real f4 = f2 * f2;
#if KM_SINGLE
    real high =
        km_fma((real)KM_LOG2_8, f4, KM_CUBIC(f, f2, KM_LOG2_4, KM_LOG2_5, KM_LOG2_6, KM_LOG2_7));
#else
    real high = KM_CUBIC(f, f2, KM_LOG2_12, KM_LOG2_13, KM_LOG2_14, KM_LOG2_15);
    high = km_fma(high, f4, KM_CUBIC(f, f2, KM_LOG2_8, KM_LOG2_9, KM_LOG2_10, KM_LOG2_11));
    high = km_fma(high, f4, KM_CUBIC(f, f2, KM_LOG2_4, KM_LOG2_5, KM_LOG2_6, KM_LOG2_7));
#endif
    return km_fma(high, f4, KM_CUBIC(f, f2, KM_LOG2_0, KM_LOG2_1, KM_LOG2_2, KM_LOG2_3));
}

/* (2^r - 1) / r for r in [-1/2, 1/2]. */
KM_INLINE real km_exp2_ratio(real r)
{
    real r2 = r * r;
#if KM_SINGLE
    real even = km_fma(km_fma(r2, (real)KM_EXP2_4, (real)KM_EXP2_2), r2, (real)KM_EXP2_0);
    real odd = km_fma(km_fma(r2, (real)KM_EXP2_5, (real)KM_EXP2_3), r2, (real)KM_EXP2_1);
    return km_fma(odd, r, even);
#else
    real r4 = r2 * r2;
    real high =
        km_fma((real)KM_EXP2_8, r4, KM_CUBIC(r, r2, KM_EXP2_4, KM_EXP2_5, KM_EXP2_6, KM_EXP2_7));
    return km_fma(high, r4, KM_CUBIC(r, r2, KM_EXP2_0, KM_EXP2_1, KM_EXP2_2, KM_EXP2_3));
#endif
}

/* log2 of a number in parts: k + p, where k is an integer, or -top, top or NaN where the number is 0, infinite or
 * negative (p then does not matter), and p has its own relative accuracy. */
typedef struct {
    real k, p;
} km_logarithm;

/* The lanes where the bits of x are not within `range` of the smallest normal number's: 0,
 * denormal, negative, infinite, NaN. */
KM_INLINE mask km_beyond(real x, scalar_unsigned range)
{
    return (KM_AS_NATURAL(x) - KM_BITS_SMALLEST) >= (natural)range;
}

/* k for those of them that are special. */
KM_INLINE real km_log2_special(real x, real top, real k)
{
    k = km_pick(x >= KM_SMALLEST, k, (real)KM_NAN);
    k = km_pick(x > KM_LARGEST, top, k);
    return km_pick(fabs(x) < KM_SMALLEST, -top, k);
}

/* k shifted to where a number keeps its exponent. */
KM_INLINE natural km_exponent_bits(integer k)
{
    return KM_AS_NATURAL(k) << KM_MANTISSA_BITS;
}

#if KM_TABLES

/* The exponent k of u with the specials put in: -top at 0, top at infinity, NaN for negative numbers and NaN. top is
 * infinity, or for powers the largest number. */
KM_INLINE real km_logarithm_special(const real k, const real u, const bool is_power)
{
#if KM_SINGLE && KM_LANES == 16
    return __builtin_astype(__builtin_ia32_fixupimmps512_mask(k, u, (int16)(is_power ? 0x03e30f33 : 0x03530433), 0, (ushort)0xffff, 4), real);
#elif !KM_SINGLE && KM_LANES == 8
    return __builtin_astype(__builtin_ia32_fixupimmpd512_mask(k, u, (long8)(is_power ? 0x03e30f33 : 0x03530433), 0, (uchar)0xff, 4), real);
#else
    const real top = (real)(is_power ? KM_LARGEST : KM_INFINITY);
    const real fixed = km_pick(u > (real)KM_LARGEST, top, km_pick(u == (real)R(0.0), -top, k));

    return km_pick(u >= (real)R(0.0), fixed, (real)KM_NAN);
#endif
}

/* log2 of r (1 + f) for entry i of the tables, r its reciprocal's inverse. */
KM_INLINE real km_log2_near(integer i, real f)
{
#if KM_SINGLE
    const real f2 = f * f;
    const real ratio = KM_CUBIC(f, f2, KM_LOG2_NEAR_0, KM_LOG2_NEAR_1, KM_LOG2_NEAR_2, KM_LOG2_NEAR_3);
#else
    const real f2 = f * f;
    const real high = km_fma(km_fma((real)KM_LOG2_NEAR_6, f, (real)KM_LOG2_NEAR_5), f, (real)KM_LOG2_NEAR_4);
    const real ratio = km_fma(high, f2 * f2, KM_CUBIC(f, f2, KM_LOG2_NEAR_0, KM_LOG2_NEAR_1, KM_LOG2_NEAR_2, KM_LOG2_NEAR_3));
#endif
    return km_fma(f, ratio, km_entry(KM_LOGARITHMS, i));
}

KM_INLINE km_logarithm km_logarithm_of(real x, const bool is_power)
{
    const integer d = KM_AS_INTEGER(KM_AS_NATURAL(x) - KM_BITS_FIRST), i = d >> KM_ENTRY_BITS;
    const integer k = d >> KM_MANTISSA_BITS;
    const real m = KM_AS_REAL(KM_AS_NATURAL(x) - km_exponent_bits(k));
    km_logarithm l = {KM_TO_REAL(k), km_log2_near(i, km_fma(m, km_entry(KM_RECIPROCALS, i), (real)R(-1.0)))};

    l.k = km_log2_special(x, (real)(is_power ? KM_LARGEST : KM_INFINITY), l.k);
    return l;
}

/* The same for 1 + x, without rounding 1 + x: with s = 2^-k r, (1 + x) s - 1 = x s + (s - 1); four times 2^-k and a quarter
 * of r, because 2^-k alone has no normal form for the largest k. */
KM_INLINE km_logarithm km_logarithm_of_1p(real x, const bool is_power)
{
    const real finite = km_pick((real)KM_LARGEST > x, x, (real)KM_LARGEST), u = finite + R(1.0);
    const integer d = KM_AS_INTEGER(KM_AS_NATURAL(u) - KM_BITS_FIRST), i = d >> KM_ENTRY_BITS;
    const integer k = d >> KM_MANTISSA_BITS;
    const real s4 = KM_AS_REAL(KM_BITS_FOUR - km_exponent_bits(k)), r = km_entry(KM_QUARTERS, i);
    const real f = km_fma(finite * s4, r, km_fma(s4, r, (real)R(-1.0)));
    const km_logarithm l = {km_logarithm_special(KM_TO_REAL(k), x + R(1.0), is_power), km_log2_near(i, f)};

    return l;
}

#else

/* The integer k with x = 2^k m, m in [sqrt(1/2), sqrt(2)). */
KM_INLINE integer km_binary_exponent(real x)
{
    return KM_AS_INTEGER(KM_AS_NATURAL(x) - KM_BITS_ROOT_HALF) >> KM_MANTISSA_BITS;
}

KM_INLINE km_logarithm km_logarithm_of(real x, const bool is_power)
{
    integer exponent = km_binary_exponent(x);
    real f = KM_AS_REAL(KM_AS_NATURAL(x) - km_exponent_bits(exponent)) - R(1.0);
    km_logarithm l = {KM_TO_REAL(exponent), f * km_log2_ratio(f)};

    if (km_any(km_beyond(x, KM_BITS_RANGE)))
        l.k = km_log2_special(x, (real)(is_power ? KM_HUGE : KM_INFINITY), l.k);
    return l;
}

/* The same for 1 + x, without rounding 1 + x: with s = 2^-k, (1 + x) s - 1 = x s + (s - 1). */
KM_INLINE km_logarithm km_logarithm_of_1p(real x, const bool is_power)
{
    real u = x + R(1.0);
    integer exponent = km_binary_exponent(u);
    real s = KM_AS_REAL(KM_BITS_ONE - km_exponent_bits(exponent));
    real f = km_fma(x, s, s - R(1.0));
    km_logarithm l = {KM_TO_REAL(exponent), f};
    mask beyond = km_beyond(u, KM_BITS_RANGE_1P);

    if (km_any(beyond)) {
        f = km_pick(beyond, KM_AS_REAL(KM_AS_NATURAL(u) - km_exponent_bits(exponent)) - R(1.0), f);
        l.k = km_log2_special(u, (real)(is_power ? KM_HUGE : KM_INFINITY), l.k);
    }
    l.p = f * km_log2_ratio(f);
    return l;
}

#endif

/* 2^z in two parts: s + s q, where s = 2^n for the integer n next to z (if within range) and q = 2^(z-n) - 1, with its own
 * relative accuracy. */
typedef struct {
    real z, s, q;
} km_exponent;

/* From z rounded, KM_ROUND_Z above that, and the rest r of z. */
#if KM_TABLES
#define KM_ROUND_Z KM_ROUND_SIXTEENTH

/* 2^n for the integer n next to `rounded` less KM_ROUND_Z. */
KM_INLINE real km_power_of_2(const real rounded)
{
#if KM_SINGLE && KM_LANES == 16
    return __builtin_astype(__builtin_ia32_scalefps512_mask((real)R(1.0), rounded - (KM_ROUND_Z - R(0.5)), (real)R(0.0), (ushort)0xffff, 4), real);
#elif !KM_SINGLE && KM_LANES == 8
    return __builtin_astype(__builtin_ia32_scalefpd512_mask((real)R(1.0), rounded - (KM_ROUND_Z - R(0.5)), (real)R(0.0), (uchar)0xff, 4), real);
#else
    return KM_AS_REAL((((KM_AS_NATURAL(rounded) + (natural)8) & ~(natural)15) << KM_ENTRY_BITS) + KM_BITS_ONE);
#endif
}

/* The value of 2^z, or of 2^z less 1, or what it is where z leaves the range or is no number. */
KM_INLINE real km_exponent_special(const real value, const real z, const int less)
{
    const real edge = km_fma(z, (real)(KM_LARGEST / KM_EXP2_RANGE), (real)(R(-0.5) * (KM_LARGEST / KM_EXP2_RANGE)));

#if KM_SINGLE && KM_LANES == 16
    return __builtin_astype(__builtin_ia32_fixupimmps512_mask(value, edge, (int16)(less ? 0x00590033 : 0x00580033), 0, (ushort)0xffff, 4), real);
#elif !KM_SINGLE && KM_LANES == 8
    return __builtin_astype(__builtin_ia32_fixupimmpd512_mask(value, edge, (long8)(less ? 0x00590033 : 0x00580033), 0, (uchar)0xff, 4), real);
#else
    const real low = km_pick(edge < (real)-KM_LARGEST, (real)(less ? R(-1.0) : R(0.0)), value);
    const real high = km_pick(edge > (real)KM_LARGEST, (real)KM_INFINITY, low);

    return km_pick(edge == edge, high, (real)KM_NAN);
#endif
}

KM_INLINE km_exponent km_exponent_from(real z, real rounded, real r)
{
    const integer j = KM_AS_INTEGER(rounded); /* in its low bits how many sixteenths z is above or below n */
    const real s = km_power_of_2(rounded);
#if KM_SINGLE
    const real r2 = r * r, near = km_fma(km_fma((real)KM_EXP2_NEAR_2, r, (real)KM_EXP2_NEAR_1), r2, r * KM_EXP2_NEAR_0);
#else
    const real r2 = r * r, high = km_fma((real)KM_EXP2_NEAR_5, r, (real)KM_EXP2_NEAR_4);
    const real near = r * km_fma(high, r2 * r2, KM_CUBIC(r, r2, KM_EXP2_NEAR_0, KM_EXP2_NEAR_1, KM_EXP2_NEAR_2, KM_EXP2_NEAR_3));
#endif
    const km_exponent e = {z, s, km_fma(km_entry(KM_ROOTS, j), near, km_entry(KM_ROOTS_LESS_1, j))};
    return e;
}
#else
#define KM_ROUND_Z KM_ROUND

KM_INLINE km_exponent km_exponent_from(real z, real rounded, real r)
{
    const real s = KM_AS_REAL((KM_AS_NATURAL(rounded) << KM_MANTISSA_BITS) + KM_BITS_ONE);
    const km_exponent e = {z, s, km_exp2_ratio(r) * r};
    return e;
}
#endif

KM_INLINE km_exponent km_exponent_of(real z)
{
    real rounded = z + KM_ROUND_Z;
    return km_exponent_from(z, rounded, z - (rounded - KM_ROUND_Z));
}

/* The exponent y l. In single precision r comes from the exact product, or the rounding of l, times
 * y, would show in the result. */
KM_INLINE km_exponent km_exponent_of_product(real y, km_logarithm l)
{
#if KM_SINGLE
    real z = km_fma(y, l.p, y * l.k);
    real rounded = z + KM_ROUND_Z;
    return km_exponent_from(z, rounded, km_fma(y, l.p, km_fma(y, l.k, KM_ROUND_Z - rounded)));
#else
    return km_exponent_of(y * (l.p + l.k));
#endif
}

/* The exponent x log2(e). */
KM_INLINE km_exponent km_exponent_of_natural(real x)
{
#if KM_SINGLE
    real z = x * KM_LOG2_E;
    real rounded = z + KM_ROUND_Z;
    return km_exponent_from(z, rounded,
                            km_fma(x, (real)KM_LOG2_E_LOW, km_fma(x, (real)KM_LOG2_E, KM_ROUND_Z - rounded)));
#else
    return km_exponent_of(x * KM_LOG2_E);
#endif
}

/* 2^z and 2^z - 1. The selections come last: below and above, s and q may be anything. NaN stays
 * NaN. */
#if KM_TABLES
KM_INLINE real km_exp2_join(km_exponent e)
{
    return km_exponent_special(km_fma(e.s, e.q, e.s), e.z, 0);
}

KM_INLINE real km_exp2m1_join(km_exponent e)
{
    return km_exponent_special(km_fma(e.s, e.q, e.s - R(1.0)), e.z, 1);
}
#else
KM_INLINE real km_exp2_join(km_exponent e)
{
    real result = km_fma(e.s, e.q, e.s);
    result = km_pick(e.z < KM_EXP2_LOW, (real)R(0.0), result);
    return km_pick(e.z > KM_EXP2_HIGH, (real)KM_INFINITY, result);
}

KM_INLINE real km_exp2m1_join(km_exponent e)
{
    real result = km_fma(e.s, e.q, e.s - R(1.0));
    result = km_pick(e.z < KM_EXP2_LOW, (real)R(-1.0), result);
    return km_pick(e.z > KM_EXP2_HIGH, (real)KM_INFINITY, result);
}
#endif

KM_INLINE real km_exp2(real x)
{
    return km_exp2_join(km_exponent_of(x));
}

KM_INLINE real km_exp(real x)
{
    return km_exp2_join(km_exponent_of_natural(x));
}

KM_INLINE real km_expm1(real x)
{
    return km_exp2m1_join(km_exponent_of_natural(x));
}

/* Logarithms: -infinity at 0, NaN below. */
KM_INLINE real km_log2(real x)
{
    km_logarithm l = km_logarithm_of(x, false);
    return l.p + l.k;
}

KM_INLINE real km_log(real x)
{
    return km_log2(x) * KM_LN_2;
}

KM_INLINE real km_log10(real x)
{
    return km_log2(x) * KM_LOG10_2;
}

KM_INLINE real km_log1p(real x)
{
    km_logarithm l = km_logarithm_of_1p(x, false);
    return (l.p + l.k) * KM_LN_2;
}

/* x^y: NaN for x < 0; pow(1, y) and pow(x, 0), x >= 0, are exactly 1. */
KM_INLINE real km_pow(real x, real y)
{
    return km_exp2_join(km_exponent_of_product(y, km_logarithm_of(x, true)));
}

/* (1 + x)^y - 1: full relative accuracy near x = 0, exactly 0 at x = 0 and at y = 0; NaN for x <
 * -1. */
KM_INLINE real km_pow1p(real x, real y)
{
    return km_exp2m1_join(km_exponent_of_product(y, km_logarithm_of_1p(x, true)));
}

/* x (max(x, 0) + d)^(n - 1): a power with finite slope at 0, defined below 0 (d > 0). */
KM_INLINE real km_posp(real x, real n, real d)
{
    return x * km_pow(km_pick(x > R(0.0), x, (real)R(0.0)) + d, n - R(1.0));
}

KM_INLINE real km_tanh(real x)
{
    real e = km_expm1(R(-2.0) * fabs(x));
    return copysign(e / (e + R(2.0)), x);
}

KM_INLINE real km_sinh(real x)
{
    real a = fabs(x);
    return copysign(R(0.5) * (km_expm1(a) - km_expm1(-a)), x);
}

KM_INLINE real km_cosh(real x)
{
    real e = km_exp(fabs(x));
    return R(0.5) * e + R(0.5) / e;
}

KM_INLINE real km_recip(real x)
{
    return R(1.0) / x;
}

/* x^(-1/8) to about 1e-4 for step control; x is first brought into [1e-24, 1e24], and NaN counts as
 * large. */
KM_INLINE real km_root8(real x)
{
#if KM_SINGLE
    integer magic = (integer)0x47690000;
#else
    integer magic = (integer)0x47ed200000000000L;
#endif
    x = km_max(km_min(x, (real)R(1e24)), (real)R(1e-24));
    real y = KM_AS_REAL(magic - (KM_AS_INTEGER(x) >> 3));
    for (int i = 0; i < 2; i++) {
        real y2 = y * y, y4 = y2 * y2;
        y = y * km_fma(y4 * y4, x * R(-0.125), (real)R(1.125));
    }
    return y;
}

#endif
