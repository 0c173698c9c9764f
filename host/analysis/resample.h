/* The bootstrap: how much numbers from independent rows would differ in another sample of the same size.
 *
 * A resample gives every row a weight. Of rows that are kept, n are drawn with replacement; of blocks that are seen once
 * and forgotten each weight is Poisson's with mean 1, which is the same but for the size of the resample (Hanley and
 * MacGibbon, Comput. Meth. Prog. Biomed. 83, 2006, 57-62). Weights follow from (seed, resample, row) alone. */
#ifndef KM_ANALYSIS_RESAMPLE_H
#define KM_ANALYSIS_RESAMPLE_H

#include "base/json.h"

#include <stddef.h>
#include <stdint.h>

enum { KM_RESAMPLES = 100, KM_MOST_RESAMPLES = 10000 };

/* Poisson's, mean 1. */
unsigned km_resample_poisson(uint64_t seed, uint32_t resample, uint32_t block);
/* weight[n], which sum to n. */
void km_resample_rows(uint64_t seed, uint32_t resample, size_t n, uint32_t *weight);

/* Half the 95 % interval: Student's quantile for `rows` independent rows times the standard deviation of the resamples'
 * values, from their number, sum and sum of squares (of values less any shift). NaN from fewer than two of either. */
double km_resample_half_width(double rows, double n, double sum, double squares);

/* Reads the key "resamples" of a block, by default KM_RESAMPLES. */
km_status km_resample_read(const km_json *block, int *out, km_diag *d);

#endif
