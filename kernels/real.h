/* The lane type: one scalar (GPU) or one native vector (CPU), from one source.
 *
 * KM_SINGLE and KM_LANES (1, 2, 4, 8, 16) come from the program's first lines. `real` is a lane vector of the
 * kernel's precision, `scalar` one lane of it, `mask` what comparisons of reals give (-1 or 0 per lane for
 * vectors, 1 or 0 for a scalar), `integer` a lane vector of integers as wide as a scalar, `count` 32-bit
 * integers per lane. `wide` holds times that must be exact: double where the device has it. */
#ifndef KM_REAL_H
#define KM_REAL_H

#if KM_WIDE_DOUBLE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double wide;
#else
typedef float wide;
#endif

#define KM_JOIN_(a, b) a##b
#define KM_JOIN(a, b) KM_JOIN_(a, b)

#if KM_LANES == 1
#define KM_VECTOR(type) type
#else
#define KM_VECTOR(type) KM_JOIN(type, KM_LANES)
#endif

#if KM_SINGLE
typedef float scalar;
typedef int scalar_integer;
typedef uint scalar_unsigned;
typedef KM_VECTOR(float) real;
typedef KM_VECTOR(int) integer;
typedef KM_VECTOR(uint) natural;
#define KM_AS_REAL KM_JOIN(as_, KM_VECTOR(float))
#define KM_AS_INTEGER KM_JOIN(as_, KM_VECTOR(int))
#define KM_AS_NATURAL KM_JOIN(as_, KM_VECTOR(uint))
#define KM_TO_REAL KM_JOIN(convert_, KM_VECTOR(float))
#define KM_TO_INTEGER KM_JOIN(convert_, KM_VECTOR(int))
#define R(x) x##f
#else
typedef double scalar;
typedef long scalar_integer;
typedef ulong scalar_unsigned;
typedef KM_VECTOR(double) real;
typedef KM_VECTOR(long) integer;
typedef KM_VECTOR(ulong) natural;
#define KM_AS_REAL KM_JOIN(as_, KM_VECTOR(double))
#define KM_AS_INTEGER KM_JOIN(as_, KM_VECTOR(long))
#define KM_AS_NATURAL KM_JOIN(as_, KM_VECTOR(ulong))
#define KM_TO_REAL KM_JOIN(convert_, KM_VECTOR(double))
#define KM_TO_INTEGER KM_JOIN(convert_, KM_VECTOR(long))
#define R(x) x
#endif

/* A comparison of two scalars is an int 0 or 1; of two vectors an integer vector 0 or -1. */
#if KM_LANES == 1
typedef int mask;
#define km_any(m) (m)
#define km_all(m) (m)
#define km_not(m) (!(m))
#define km_lane(v, i) (v)
#define km_lane_count 1
/* a where m, else b */
#define km_pick(m, a, b) ((m) ? (a) : (b))
#else
typedef integer mask;
#define km_any(m) any(m)
#define km_all(m) all(m)
/* PoCL's any() tests pair after pair in 20 instructions; a reduction becomes one test of a mask register. */
#if defined(__has_builtin) && !defined(KM_PORTABLE)
#if __has_builtin(__builtin_reduce_or) && __has_builtin(__builtin_reduce_and)
#undef km_any
#undef km_all
#define km_any(m) (__builtin_reduce_or(m) != 0)
#define km_all(m) (__builtin_reduce_and(m) != 0)
#endif
#endif
#define km_not(m) (~(m))
#define km_lane_count KM_LANES
#define km_pick(m, a, b) select((b), (a), (m))
#endif

/* One instruction, unlike fmin and fmax, which pass over NaN: these give b where one of both is NaN. */
#define km_min(a, b) km_pick((a) < (b), (a), (b))
#define km_max(a, b) km_pick((a) > (b), (a), (b))

#endif
