/* Random streams of the analyses: what a counter of kernels/points.h is for, beside the streams of designs there. */
#ifndef KM_ANALYSIS_STREAMS_H
#define KM_ANALYSIS_STREAMS_H

#include "points.h"

enum {
    KM_STREAM_TRAJECTORY = 32, /* Morris */
    KM_STREAM_PHASE,           /* extended FAST */
    KM_STREAM_POISSON,         /* bootstrap of blocks that are not kept */
    KM_STREAM_BOOTSTRAP,       /* of rows that are */
    KM_STREAM_BASE,            /* base points of derivatives */
    KM_STREAM_PRIOR,           /* first particles, walkers, members of a population */
    KM_STREAM_MOVE,            /* proposals */
    KM_STREAM_ACCEPT,          /* and whether they are taken */
    KM_STREAM_PARTNER,         /* other members that a proposal is made of */
    KM_STREAM_SELECT,          /* resampling */
    KM_STREAM_FREQUENCY        /* extended FAST: which factor swings how fast */
};

/* A uniform number of 32 bits, in the open interval (0, 1). */
static inline double km_unit_of(km_u32 bits) { return ((double)bits + 0.5) * 0x1p-32; }

/* Four words of a draw that is one of many: of member `index` in iteration `iteration`, words 4 block ... 4 block + 3. */
static inline km_block km_draw_block(km_u64 seed, km_u32 stream, km_u32 iteration, km_u32 index, km_u32 block)
{
    const km_block counter = {{index, iteration, stream, block + 1u}};

    return km_philox(counter, seed);
}

/* n standard normal numbers. */
void km_draw_normals(km_u64 seed, km_u32 stream, km_u32 iteration, km_u32 index, int n, double *out);

#endif
