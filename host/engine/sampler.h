/* The sample of a sensitivity analysis on the device: base rows of scrambled Sobol' points and their members
 * (kernels/sample.cl), integrated without the rows ever being on the host. */
#ifndef KM_ENGINE_SAMPLER_H
#define KM_ENGINE_SAMPLER_H

#include "engine/engine.h"

typedef struct km_sampler km_sampler;

/* Base rows first ... first+n-1 of one scramble. */
typedef struct km_sample_part {
    int replicate;
    uint32_t first, n;
} km_sample_part;

/* For an engine of a study with a `sensitivity`, which both outlive it. both_ways: the members B with a unit from A too,
 * for second-order indices. */
km_status km_sampler_create(km_engine *engine, bool both_ways, km_sampler **out, km_diag *d);
void km_sampler_destroy(km_sampler *sampler);

/* Models of a base row: A, B, A with unit 0 from B, ... and, both ways, B with unit 0 from A, ... */
int km_sampler_members(const km_sampler *sampler);

/* Integrates all members of all rows of the parts, in order; results->n is their number. */
km_status km_sampler_run(km_sampler *sampler, const km_sample_part *part, size_t n_parts, km_results *results, km_diag *d);

/* The slots of a member of a base row, as the host computes them: equal to the device's but for the rounding of its
 * elementary functions. */
void km_sample_row(const km_study *study, int replicate, uint32_t index, int member, double *row);
/* The same as coordinates in (0, 1), one for each dimension. */
void km_sample_unit(const km_study *study, int replicate, uint32_t index, int member, double *unit);

#endif
