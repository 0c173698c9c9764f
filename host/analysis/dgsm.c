/* Derivative-based measures (Sobol' and Kucherenko, Math. Comput. Simul. 79, 2009, 3009-3017; Comput. Phys. Commun. 181, 2010,
 * 1212-1217). With an endpoint as a function of u, uniform over the unit interval of every factor:
 *   nu     the mean of (dy/du)^2
 *   bound  nu / (pi^2 variance), which no total index exceeds
 * Derivatives are central differences of a step `step` on either side, at random base points. A base point and the two
 * models of every factor are a block, used whole or not at all. */
#include "analysis/block_sums.h"
#include "analysis/resample.h"
#include "analysis/sensitivity.h"
#include "analysis/streams.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_STAGE = 16, MOST_ROWS = 1 << 22 };
enum { N_BLOCKS, SUM_Y, SUM_YY, N_COMMON }; /* sums, and of each factor a square */
static const double default_step = 0.01, least_step = 1e-6, most_step = 0.25;

typedef struct dgsm {
    const km_study *study;
    int k;
    uint64_t n;
    double step, *term;
    km_block_sums sums;
} dgsm;

static void destroy(void *self)
{
    dgsm *s = self;

    if (s == NULL)
        return;
    km_block_sums_destroy(&s->sums);
    free(s->term);
    free(s);
}

static km_status read_step(const km_json *block, double *out, km_diag *d)
{
    const km_json *node = block ? km_json_find(block, "step") : NULL;

    *out = default_step;
    if (node == NULL)
        return KM_OK;
    if (node->kind != KM_JSON_NUMBER || !(node->number >= least_step && node->number <= most_step))
        return km_json_fail(node, d, "expected a step of %g to %g, as a share of a factor's range, got %s", least_step, most_step,
                            km_json_describe(node));
    *out = node->number;
    return KM_OK;
}

static km_status create(const km_sa_method *method, const km_study *study, int n_measures, void **self, km_diag *d)
{
    const km_sensitivity *q = study->sensitivity;
    const km_json *n = q->node ? km_json_find(q->node, "n") : NULL;
    dgsm *s = km_alloc(1, sizeof *s);
    size_t n_sums = N_COMMON + (size_t)q->n_dimensions;
    int resamples = 0;
    km_status st = KM_OK;

    (void)method;
    *self = s;
    *s = (dgsm){.study = study, .k = q->n_dimensions, .n = q->n};
    if (q->n < 2 || q->n > MOST_ROWS)
        KM_TRY(km_json_fail(n ? n : q->node, d, "expected 2 to %d base points, got %llu", (int)MOST_ROWS, (unsigned long long)q->n));
    KM_TRY(read_step(q->node, &s->step, d));
    KM_TRY(km_resample_read(q->node, &resamples, d));
    KM_TRY(km_block_sums_create(n_measures, resamples, n_sums, q->seed, &s->sums, d));
    s->term = km_alloc(n_sums, sizeof *s->term);
done:
    return st;
}

static uint64_t n_cells(const void *self) { return ((const dgsm *)self)->n; }

static size_t cell_models(const void *self, uint64_t cell)
{
    (void)cell;
    return 2 * (size_t)((const dgsm *)self)->k + 1;
}

/* The base point, then each factor lower and higher: [2 k + 1][k]. */
static void draw(const void *self, uint64_t cell, double *unit)
{
    const dgsm *s = self;
    int k = s->k;

    for (int j = 0; j < k; j++) {
        double u = km_unit_of(km_draw(s->study->sensitivity->seed, KM_STREAM_BASE, (km_u32)j, (km_u32)cell).x[0]);
        double inside = s->step + u * (1.0 - 2.0 * s->step);
        for (int i = 0; i <= 2 * k; i++)
            unit[i * k + j] = inside;
        unit[(2 * j + 1) * k + j] = inside - s->step;
        unit[(2 * j + 2) * k + j] = inside + s->step;
    }
}

static bool ends_stage(const void *self, uint64_t cell)
{
    const dgsm *s = self;
    uint64_t rows = cell + 1;

    return rows == s->n || (rows >= FIRST_STAGE && (rows & (rows - 1)) == 0);
}

static void digest(void *self, uint64_t cell, const double *const *value)
{
    dgsm *s = self;

    for (int m = 0; m < s->sums.n_measures; m++) {
        const double *y = value[m];
        double sum = 0.0, shift;
        for (int i = 0; i <= 2 * s->k; i++)
            sum += y[i]; /* NaN if one is */
        if (isnan(sum)) {
            km_block_sums_drop(&s->sums, m);
            continue;
        }
        km_block_sums_set_shift(&s->sums, m, y[0]);
        shift = km_block_sums_shift(&s->sums, m);
        s->term[N_BLOCKS] = 1.0;
        s->term[SUM_Y] = y[0] - shift;
        s->term[SUM_YY] = (y[0] - shift) * (y[0] - shift);
        for (int j = 0; j < s->k; j++) {
            double slope = (y[2 * j + 2] - y[2 * j + 1]) / (2.0 * s->step);
            s->term[N_COMMON + j] = slope * slope;
        }
        km_block_sums_add(&s->sums, m, cell, s->term);
    }
}

static double mean_square(const void *context, const double *sums, int j)
{
    (void)context;
    return sums[N_BLOCKS] > 0.0 ? sums[N_COMMON + j] / sums[N_BLOCKS] : (double)NAN;
}

static double variance(const double *sums)
{
    double n = sums[N_BLOCKS];

    return n > 1.0 ? fmax(sums[SUM_YY] / n - sums[SUM_Y] / n * (sums[SUM_Y] / n), 0.0) : (double)NAN;
}

static double bound(const void *context, const double *sums, int j)
{
    double v = variance(sums);

    return v > 0.0 ? mean_square(context, sums, j) / (M_PI * M_PI * v) : (double)NAN;
}

static void evaluate(const void *self, km_indices *out)
{
    static km_block_statistic *const statistic[] = {mean_square, bound};
    const dgsm *s = self;

    for (int m = 0; m < s->sums.n_measures; m++) {
        const double *sums = km_block_sums_of(&s->sums, m, -1);
        double n = sums[N_BLOCKS];
        out->n_used[m] = (uint64_t)n;
        out->n_dropped[m] = (uint64_t)km_block_sums_dropped(&s->sums, m);
        if (n == 0.0)
            continue;
        out->mean[m] = km_block_sums_shift(&s->sums, m) + sums[SUM_Y] / n;
        out->variance[m] = variance(sums);
        for (int c = 0; c < 2; c++)
            for (int j = 0; j < s->k; j++) {
                double half, value = km_block_sums_value(&s->sums, m, n, statistic[c], NULL, j, &half);
                *km_indices_at(out, 3 * c, m, j) = value;
                *km_indices_at(out, 3 * c + 1, m, j) = value - half;
                *km_indices_at(out, 3 * c + 2, m, j) = value + half;
            }
    }
    out->n_rows = s->sums.n_measures ? out->n_used[0] + out->n_dropped[0] : 0;
}

static double *state(void *self, size_t *n)
{
    dgsm *s = self;

    *n = s->sums.n_state;
    return s->sums.state;
}

static const char *const keys[] = {"step", "resamples", NULL};
static const char *const columns[] = {"nu", "nu_low", "nu_high", "bound", "bound_low", "bound_high", NULL};

const km_sa_method km_sa_dgsm = {
    .name = "dgsm",
    .about = "derivatives: the mean of their squares nu, and the bound it sets to a factor's total index",
    .rows = 1024,
    .most_rows = MOST_ROWS,
    .keys = keys,
    .column = columns,
    .sort_column = "bound",
    .create = create,
    .destroy = destroy,
    .n_cells = n_cells,
    .cell_models = cell_models,
    .draw = draw,
    .digest = digest,
    .ends_stage = ends_stage,
    .evaluate = evaluate,
    .state = state,
};
