/* What a device can do at most: multiply-adds in registers (kernels/peak.cl). */
#ifndef KM_ENGINE_PEAK_H
#define KM_ENGINE_PEAK_H

#include "base/diag.h"

#include <stdbool.h>

typedef struct km_peak km_peak;

/* device: a selector as for engines. lanes: of the engine's program; on a GPU 1. Double precision must be there. */
km_status km_peak_create(const char *device, bool single, int lanes, const char *kernel_dir, km_peak **out, km_diag *d);
/* Runs once, some hundredths of a second on a core; *flops: what was done (a multiply-add is 2). The caller times it. */
km_status km_peak_run(km_peak *peak, double *flops, km_diag *d);
void km_peak_destroy(km_peak *peak);

#endif
