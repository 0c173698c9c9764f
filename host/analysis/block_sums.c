#include "analysis/block_sums.h"

#include "analysis/resample.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { SHIFT, IS_SET, DROPPED, N_OWN };

static double *own(const km_block_sums *s, int measure)
{
    return s->state + (size_t)measure * (N_OWN + (size_t)(1 + s->resamples) * s->n_sums);
}

km_status km_block_sums_create(int n_measures, int resamples, size_t n_sums, uint64_t seed, km_block_sums *out, km_diag *d)
{
    *out = (km_block_sums){.n_measures = n_measures, .resamples = resamples, .n_sums = n_sums, .seed = seed};
    out->n_state = (size_t)n_measures * (N_OWN + (size_t)(1 + resamples) * n_sums);
    return km_array_create(out->n_state, sizeof *out->state, (void **)&out->state, d);
}

void km_block_sums_destroy(km_block_sums *s) { free(s->state); }

double *km_block_sums_of(const km_block_sums *s, int measure, int resample)
{
    return own(s, measure) + N_OWN + (size_t)(resample + 1) * s->n_sums;
}

void km_block_sums_set_shift(km_block_sums *s, int measure, double first)
{
    double *mine = own(s, measure);

    if (mine[IS_SET] == 0.0)
        mine[SHIFT] = first;
    mine[IS_SET] = 1.0;
}

double km_block_sums_shift(const km_block_sums *s, int measure) { return own(s, measure)[SHIFT]; }
double km_block_sums_dropped(const km_block_sums *s, int measure) { return own(s, measure)[DROPPED]; }
void km_block_sums_drop(km_block_sums *s, int measure) { own(s, measure)[DROPPED] += 1.0; }

void km_block_sums_add(km_block_sums *s, int measure, uint64_t block, const double *term)
{
    for (int r = -1; r < s->resamples; r++) {
        unsigned weight = r < 0 ? 1 : km_resample_poisson(s->seed, (uint32_t)r, (uint32_t)block);
        double *sums = km_block_sums_of(s, measure, r);
        for (size_t i = 0; weight > 0 && i < s->n_sums; i++)
            sums[i] += weight * term[i];
    }
}

double km_block_sums_value(const km_block_sums *s, int measure, double n, km_block_statistic *statistic, const void *context, int unit,
                           double *half_width)
{
    double value = statistic(context, km_block_sums_of(s, measure, -1), unit), number = 0.0, sum = 0.0, squares = 0.0;

    for (int r = 0; r < s->resamples; r++) {
        double off = statistic(context, km_block_sums_of(s, measure, r), unit) - value;
        if (isnan(off))
            continue;
        number += 1.0;
        sum += off;
        squares += off * off;
    }
    *half_width = km_resample_half_width(n, number, sum, squares);
    return value;
}
