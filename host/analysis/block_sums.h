/* Sums over independent blocks of models that are seen once and forgotten, with those of bootstrap resamples beside them
 * (analysis/resample.h), for every measure. */
#ifndef KM_ANALYSIS_BLOCK_SUMS_H
#define KM_ANALYSIS_BLOCK_SUMS_H

#include "base/diag.h"

#include <stddef.h>
#include <stdint.h>

typedef struct km_block_sums {
    int n_measures, resamples;
    size_t n_sums;
    uint64_t seed;
    double *state; /* per measure: shift, whether it is set, blocks dropped; then the sums of the sample and of every resample */
    size_t n_state;
} km_block_sums;

/* A number that follows from the sums; NaN where it does not exist. */
typedef double km_block_statistic(const void *context, const double *sums, int unit);

km_status km_block_sums_create(int n_measures, int resamples, size_t n_sums, uint64_t seed, km_block_sums *out, km_diag *d);
void km_block_sums_destroy(km_block_sums *sums);

double *km_block_sums_of(const km_block_sums *sums, int measure, int resample); /* resample -1: the sample itself */
/* What is taken off a measure's values before they are squared: the first value ever set. */
void km_block_sums_set_shift(km_block_sums *sums, int measure, double first);
double km_block_sums_shift(const km_block_sums *sums, int measure);
double km_block_sums_dropped(const km_block_sums *sums, int measure);
void km_block_sums_drop(km_block_sums *sums, int measure);
/* Adds a block's terms, [n_sums], once to the sample and as often as chance has it to each resample. */
void km_block_sums_add(km_block_sums *sums, int measure, uint64_t block, const double *term);

/* A statistic's value and half the width of its interval from n blocks. */
double km_block_sums_value(const km_block_sums *sums, int measure, double n, km_block_statistic *statistic, const void *context, int unit,
                           double *half_width);

#endif
