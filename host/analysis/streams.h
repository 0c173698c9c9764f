/* Random streams of the analyses: what a counter of kernels/points.h is for, beside the streams of designs there. */
#ifndef KM_ANALYSIS_STREAMS_H
#define KM_ANALYSIS_STREAMS_H

#include "points.h"

enum {
    KM_STREAM_TRAJECTORY = 16, /* Morris */
    KM_STREAM_PHASE,           /* extended FAST */
    KM_STREAM_POISSON,         /* bootstrap of blocks that are not kept */
    KM_STREAM_BOOTSTRAP,       /* of rows that are */
    KM_STREAM_BASE             /* base points of derivatives */
};

/* A uniform number of 32 bits, in the open interval (0, 1). */
static inline double km_unit_of(km_u32 bits) { return ((double)bits + 0.5) * 0x1p-32; }

#endif
