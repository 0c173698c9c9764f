/* Powers whose exponent n is a literal, by tables made for it (host/codegen/literal_power.c writes them into the
 * program). With x = 2^k (1 + f) / r, where r is one of 16 reciprocals, x^n is 2^(kn) r^-n (1 + f)^n: two entries for the
 * first (three in double precision), one for the second, a short polynomial for the third. Nothing waits for a logarithm,
 * and a power is half as long a chain as km_pow and takes little more than half of its instructions.
 *
 * Of the exponent ID the program has, as tables of 16 numbers (km_entry, lane_tables.h):
 *   KM_POWER_ID, KM_POWER_LESS_ID     r^-n, r^-n - o
 *   KM_POWER_ONE_ID                   o, of large exponents: 0 where r is not near 1, so that nothing cancels; else it is 1
 *   KM_POWER_DIGIT_ID                 2^(jn), j = -8 ... 7
 *   KM_POWER_ROOT_ID                  the square roots of 2^(16jn), j from -7 (-8 in double precision), multiplied by twice
 *   KM_POWER_FOURTH_ROOT_ID           in double precision, the fourth roots of 2^(256jn), j from -4, multiplied by four times
 * So an entry leaves the range only where the power does, for exponents up to 15 in magnitude. */
#ifndef KM_LANE_POWERS_H
#define KM_LANE_POWERS_H

#if KM_TABLES

#if KM_SINGLE
#define KM_POWER_BIAS 120u /* k + this has its digits in base 16 as the tables want them: 7, 8 for k = 0 */
#define KM_POWER_SMALLEST R(0x1p-120) /* powers of smaller numbers are those of 0 */
#define KM_POWER_LARGEST R(1e38)      /* 2^(kn) above it counts as infinite */
#else
#define KM_POWER_BIAS 1160UL /* 4, 8, 8 */
#define KM_POWER_SMALLEST KM_SMALLEST
#define KM_POWER_LARGEST R(8e307)
#endif
#define KM_POWER_OFFSET (KM_POWER_BIAS << KM_MANTISSA_BITS)

/* x = 2^k (1 + f) / r; the number of r in the lowest bits of `entry`, k + KM_POWER_BIAS in `digits`. */
typedef struct km_parts {
    integer entry, digits;
    real f;
} km_parts;

KM_INLINE km_parts km_parts_of(const real x)
{
    const natural d = KM_AS_NATURAL(x) + (KM_POWER_OFFSET - KM_BITS_FIRST);
    const natural k = d & ~(natural)(((scalar_unsigned)1 << KM_MANTISSA_BITS) - 1);
    const real m = KM_AS_REAL(KM_AS_NATURAL(x) - k + KM_POWER_OFFSET);
    const integer entry = KM_AS_INTEGER(d >> KM_ENTRY_BITS), digits = KM_AS_INTEGER(d >> KM_MANTISSA_BITS);
    const km_parts p = {entry, digits, km_fma(m, km_entry(KM_RECIPROCALS, entry), (real)R(-1.0))};

    return p;
}

/* Of 1 + x, without rounding it: (1 + x) s = x s + s for s = 2^-k r; s in quarters, because 2^-k has no normal form for the
 * largest k. */
KM_INLINE km_parts km_parts_of_1p(const real x)
{
    const natural d = KM_AS_NATURAL(x + R(1.0)) + (KM_POWER_OFFSET - KM_BITS_FIRST);
    const natural k = d & ~(natural)(((scalar_unsigned)1 << KM_MANTISSA_BITS) - 1);
    const real s = KM_AS_REAL((KM_BITS_FOUR + KM_POWER_OFFSET) - k);
    const integer entry = KM_AS_INTEGER(d >> KM_ENTRY_BITS), digits = KM_AS_INTEGER(d >> KM_MANTISSA_BITS);
    const real r = km_entry(KM_QUARTERS, entry);
    const km_parts p = {entry, digits, km_fma(x * s, r, km_fma(s, r, (real)R(-1.0)))};

    return p;
}

/* The value of a power, or what it is for special x: 0, infinite, negative, NaN. `less`: 1 for powers less 1, else 0. */
KM_INLINE real km_power_special(const real value, const real x, const bool negative, const int less)
{
#if KM_SINGLE && KM_LANES == 16
    return __builtin_astype(__builtin_ia32_fixupimmps512_mask(value, x, (int16)(negative ? (less ? 0x03930533 : 0x03830533) : (less ? 0x03530933 : 0x03530833)), 0, (ushort)0xffff, 4), real);
#elif !KM_SINGLE && KM_LANES == 8
    return __builtin_astype(__builtin_ia32_fixupimmpd512_mask(value, x, (long8)(negative ? (less ? 0x03930533 : 0x03830533) : (less ? 0x03530933 : 0x03530833)), 0, (uchar)0xff, 4), real);
#else
    const real none = (real)(less ? R(-1.0) : R(0.0)), all = (real)KM_INFINITY;
    const real fixed = km_pick(x > (real)KM_LARGEST, negative ? none : all, km_pick(x == (real)R(0.0), negative ? all : none, value));

    return km_pick(x >= (real)R(0.0), fixed, (real)KM_NAN);
#endif
}

/* x^n from entries of the tables and near = ((1 + f)^n - 1) / f. */
KM_INLINE real km_power_join(const real x, const real f, const bool negative, const real whole, const real near,
                             const real digit, const real root)
{
    const real some = km_pick(fabs(x) < (real)KM_POWER_SMALLEST, (real)R(0.0), x);

    return km_power_special(km_fma(whole * f, near, whole) * (digit * root) * root, some, negative, 0);
}

/* (1 + x)^n - 1 the same way: its own relative accuracy for k = 0, where 2^(kn) is exactly 1. */
KM_INLINE real km_power_join_1p(const real x, const real f, const bool negative, const real whole, const real less,
                                const real one, const real near, const real digit, const real root)
{
    const real scale = digit * root * root, u = x + R(1.0);
    const real some = km_pick((scale > (real)KM_POWER_LARGEST) & (u > (real)R(0.0)), (real)(negative ? R(0.0) : KM_INFINITY), u);
    const real value = km_fma(scale, km_fma(whole * f, near, less), km_fma(scale, one, (real)R(-1.0)));

    return km_power_special(value, some, negative, 1);
}

#endif
#endif
