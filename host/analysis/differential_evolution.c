#include "analysis/differential_evolution.h"

#include "analysis/streams.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double rare = 0.2, common = 0.9; /* crossover */

void km_evolution_create(int dim, const km_evolution_options *options, km_evolution *e)
{
    *e = (km_evolution){.options = *options, .dim = dim};
    if (e->options.members == 0)
        e->options.members = 10 * dim;
    if (e->options.members < 8)
        e->options.members = 8;
    if (e->options.tolerance == 0.0)
        e->options.tolerance = 1e-6;
    e->z = km_alloc((size_t)e->options.members * (size_t)dim, sizeof *e->z);
    e->value = km_alloc((size_t)e->options.members, sizeof *e->value);
}

void km_evolution_destroy(km_evolution *e) { free(e->z), free(e->value); }

static size_t pick(km_u32 word, size_t n) { return (size_t)(((uint64_t)word * n) >> 32); }

/* Three members that are neither i nor each other. */
static void pick_others(const km_evolution *e, size_t i, size_t other[3])
{
    const km_block a = km_draw_block(e->options.seed, KM_STREAM_PARTNER, (km_u32)e->generations, (km_u32)i, 0);
    size_t taken[4] = {i}, n = (size_t)e->options.members;

    for (size_t k = 0; k < 3; k++) {
        size_t at = pick(a.x[k], n - 1 - k);
        for (size_t m = 0; m <= k; m++) /* taken: ascending */
            at += at >= taken[m];
        other[k] = at;
        for (size_t m = k + 1; m > 0 && taken[m - 1] > at; m--) {
            taken[m] = taken[m - 1];
            taken[m - 1] = at;
        }
        if (taken[k] < at)
            taken[k + 1] = at;
    }
}

/* Member i's challenger. */
static void challenge(const km_evolution *e, size_t i, double *out)
{
    size_t dim = (size_t)e->dim, other[3], sure;
    const km_block a = km_draw_block(e->options.seed, KM_STREAM_PARTNER, (km_u32)e->generations, (km_u32)i, 1);
    const double *z = e->z + i * dim, *best = e->z + (size_t)e->best * dim, *p, *q, *r;
    double f = 0.5 + 0.5 * km_unit_of(a.x[0]), crossover = a.x[1] >> 31 ? rare : common;
    bool towards = a.x[2] >> 31 != 0;

    pick_others(e, i, other);
    p = e->z + other[0] * dim, q = e->z + other[1] * dim, r = e->z + other[2] * dim;
    sure = pick(a.x[3], dim);
    for (size_t j = 0; j < dim; j++) {
        const km_block b = km_draw_block(e->options.seed, KM_STREAM_MOVE, (km_u32)e->generations, (km_u32)i, (km_u32)(j / 4));
        double base = towards ? z[j] + f * (best[j] - z[j]) : r[j];
        out[j] = j == sure || km_unit_of(b.x[j % 4]) < crossover ? base + f * (p[j] - q[j]) : z[j];
    }
}

km_status km_evolution_step(km_evolution *e, const km_objective *objective, bool *done, km_diag *d)
{
    size_t n = (size_t)e->options.members, dim = (size_t)e->dim;
    double *candidate = km_alloc(n * dim, sizeof *candidate), *value = km_alloc(n, sizeof *value);
    size_t near = 0;
    bool first = e->evaluations == 0;
    km_status st = KM_OK;

    for (size_t i = 0; i < n; i++)
        if (first)
            km_draw_normals(e->options.seed, KM_STREAM_PRIOR, 3, (km_u32)i, e->dim, candidate + i * dim);
        else
            challenge(e, i, candidate + i * dim);
    KM_TRY(km_objective_evaluate(objective, n, candidate, value, d));
    for (size_t i = 0; i < n; i++) {
        value[i] += e->options.with_prior ? km_objective_prior(e->dim, candidate + i * dim) : 0.0;
        if (!first && !(value[i] >= e->value[i]))
            continue;
        e->value[i] = value[i];
        memcpy(e->z + i * dim, candidate + i * dim, dim * sizeof *candidate);
    }
    for (size_t i = 0; i < n; i++)
        e->best = e->value[i] > e->value[e->best] ? (int)i : e->best;
    for (size_t i = 0; i < n; i++)
        near += e->value[e->best] - e->value[i] < e->options.tolerance ? 1 : 0;
    e->generations++;
    e->evaluations += n;
    *done = e->evaluations >= e->options.most_evaluations || 4 * near >= 3 * n;
done:
    free(candidate), free(value);
    return st;
}
