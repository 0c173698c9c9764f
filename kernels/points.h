/* Points of a design, each a pure function of (seed, index, dimension) in integers. Included by C11 and by OpenCL C,
 * with the same bits.
 *
 * Philox4x32-10: Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011.
 * Nested uniform (Owen) scrambling by hash: Laine and Karras, EGSR 2011; Burley, JCGT 9(4), 2020; the constants are
 * Vegdahl's (https://psychopath.io/post/2021_01_30_building_a_better_lk_hash). */
#ifndef KM_POINTS_H
#define KM_POINTS_H

#if defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)
typedef uint km_u32;
typedef ulong km_u64;
#define KM_TABLE __global
#else
#include <stdint.h>
typedef uint32_t km_u32;
typedef uint64_t km_u64;
#define KM_TABLE
#endif

/* What a counter is for: streams of one seed never meet. */
#define KM_STREAM_SCRAMBLE 1u
#define KM_STREAM_PERMUTE 2u
#define KM_STREAM_JITTER 3u
#define KM_STREAM_REPLICATE 4u /* seeds of independent scrambles */
#define KM_STREAM_PATIENT 16u  /* independent patients of a population */

typedef struct km_block {
    km_u32 x[4];
} km_block;

/* Four random words of a counter under a key. */
static inline km_block km_philox(km_block counter, km_u64 key)
{
    km_u32 low = (km_u32)key, high = (km_u32)(key >> 32);
    km_block b = counter;

    for (int round = 0; round < 10; round++) {
        const km_u64 p = (km_u64)0xD2511F53u * b.x[0], q = (km_u64)0xCD9E8D57u * b.x[2];
        const km_block next = {{(km_u32)(q >> 32) ^ b.x[1] ^ low, (km_u32)q, (km_u32)(p >> 32) ^ b.x[3] ^ high, (km_u32)p}};
        b = next;
        low += 0x9E3779B9u;
        high += 0xBB67AE85u;
    }
    return b;
}

static inline km_block km_draw(const km_u64 seed, const km_u32 stream, const km_u32 dimension, const km_u32 index)
{
    const km_block counter = {{index, dimension, stream, 0u}};

    return km_philox(counter, seed);
}

/* ---- Sobol' ---- */

/* Point `index` in Gray code order, which keeps every block of 2^m points; direction: 32 numbers of the dimension. */
static inline km_u32 km_sobol(KM_TABLE const km_u32 *direction, const km_u32 index)
{
    km_u32 x = 0u;

    for (km_u32 gray = index ^ (index >> 1), k = 0u; gray; gray >>= 1, k++)
        if (gray & 1u)
            x ^= direction[k];
    return x;
}

static inline km_u32 km_reverse(km_u32 x)
{
    x = (x << 16) | (x >> 16);
    x = ((x & 0x00FF00FFu) << 8) | ((x & 0xFF00FF00u) >> 8);
    x = ((x & 0x0F0F0F0Fu) << 4) | ((x & 0xF0F0F0F0u) >> 4);
    x = ((x & 0x33333333u) << 2) | ((x & 0xCCCCCCCCu) >> 2);
    return ((x & 0x55555555u) << 1) | ((x & 0xAAAAAAAAu) >> 1);
}

/* A bit of the result follows that bit of x and the ones above it only: elementary intervals go to elementary
 * intervals, so that a scrambled net is a net of the same quality. */
static inline km_u32 km_owen(km_u32 x, const km_u32 seed)
{
    x = km_reverse(x);
    x ^= x * 0x3D20ADEAu;
    x += seed;
    x *= (seed >> 16) | 1u;
    x ^= x * 0x05526C56u;
    x ^= x * 0x53A22864u;
    return km_reverse(x);
}

/* The point's coordinate, a fraction of 2^32. */
static inline km_u32 km_point_sobol(KM_TABLE const km_u32 *direction, const km_u64 seed, const km_u32 dimension,
                                    const km_u32 index)
{
    return km_owen(km_sobol(direction, index), km_draw(seed, KM_STREAM_SCRAMBLE, dimension, 0u).x[0]);
}

/* ---- Latin hypercube ---- */

/* murmur3's finaliser. */
static inline km_u32 km_mix(km_u32 x)
{
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x *= 0xC2B2AE35u;
    return x ^ (x >> 16);
}

/* Where a random permutation of 0 ... last sends `index`: a Feistel network on the bits of `last`, walked along its
 * cycle until it is back within 0 ... last (less than two steps on average). */
static inline km_u32 km_permute(km_u32 index, const km_u32 last, const km_block even, const km_block odd)
{
    km_u32 bits = 0u, low_bits, low_mask, high_mask;

    while (bits < 32u && last >> bits)
        bits++;
    low_bits = (bits + 1u) / 2u;
    low_mask = (1u << low_bits) - 1u;
    high_mask = (1u << (bits - low_bits)) - 1u;
    do {
        km_u32 low = index & low_mask, high = index >> low_bits;
        for (int round = 0; round < 4; round++) {
            high ^= km_mix(low ^ even.x[round]) & high_mask;
            low ^= km_mix(high ^ odd.x[round]) & low_mask;
        }
        index = (high << low_bits) | low;
    } while (index > last);
    return index;
}

/* The point's stratum, one of 0 ... last; every stratum of a dimension has one point. */
static inline km_u32 km_point_stratum(const km_u64 seed, const km_u32 dimension, const km_u32 index, const km_u32 last)
{
    return km_permute(index, last, km_draw(seed, KM_STREAM_PERMUTE, dimension, 0u),
                      km_draw(seed, KM_STREAM_PERMUTE, dimension, 1u));
}

/* The place within the stratum, a fraction of 2^32. */
static inline km_u32 km_point_jitter(const km_u64 seed, const km_u32 dimension, const km_u32 index)
{
    return km_draw(seed, KM_STREAM_JITTER, dimension, index).x[0];
}

#endif
