#include "analysis/kept_sample.h"

#include "analysis/resample.h"
#include "analysis/sensitivity.h"
#include "analysis/streams.h"
#include "base/memory.h"
#include "study/copula.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_ROWS = 256 };

typedef struct kept {
    const km_study *study;
    const km_estimator *estimator;
    int n_measures, k, resamples;
    uint64_t n;
    double *value; /* [n_measures][n] */
} kept;

/* ---- the sample ---- */

void km_kept_unit(const km_study *study, uint64_t n, uint64_t row, double *unit)
{
    const km_sensitivity *q = study->sensitivity;

    for (int j = 0; j < q->n_dimensions; j++)
        unit[j] = ((double)km_point_stratum(q->seed, (km_u32)j, (km_u32)row, (km_u32)(n - 1)) +
                   km_unit_of(km_point_jitter(q->seed, (km_u32)j, (km_u32)row))) / (double)n;
    km_copula_apply(study->copula, unit);
}

static km_status create(const km_sa_method *method, const km_study *study, int n_measures, void **self, km_diag *d)
{
    const km_estimator *estimator = method->estimator;
    const km_sensitivity *q = study->sensitivity;
    const km_json *n = q->node ? km_json_find(q->node, "n") : NULL;
    kept *s;
    km_status st = KM_OK;

    *self = NULL;
    if (q->n < estimator->least_rows || q->n > KM_MOST_KEPT_ROWS)
        return km_json_fail(n ? n : q->node, d, "method \"%s\" keeps its sample, of %zu to %d rows, got %llu", method->name, estimator->least_rows,
                            (int)KM_MOST_KEPT_ROWS, (unsigned long long)q->n);
    s = km_alloc(1, sizeof *s);
    *self = s;
    *s = (kept){.study = study, .estimator = estimator, .n_measures = n_measures, .k = q->n_dimensions, .n = q->n};
    KM_TRY(km_resample_read(q->node, &s->resamples, d));
    KM_TRY(km_array_create((size_t)n_measures * q->n, sizeof *s->value, (void **)&s->value, d));
done:
    return st;
}

static void destroy(void *self)
{
    kept *s = self;

    if (s == NULL)
        return;
    free(s->value);
    free(s);
}

static uint64_t n_cells(const void *self) { return (((const kept *)self)->n + CELL_ROWS - 1) / CELL_ROWS; }

static size_t cell_models(const void *self, uint64_t cell)
{
    const kept *s = self;

    return s->n - cell * CELL_ROWS < CELL_ROWS ? (size_t)(s->n - cell * CELL_ROWS) : CELL_ROWS;
}

static void draw(const void *self, uint64_t cell, double *unit)
{
    const kept *s = self;

    for (size_t i = 0; i < cell_models(self, cell); i++)
        km_kept_unit(s->study, s->n, cell * CELL_ROWS + i, unit + i * (size_t)s->k);
}

static void digest(void *self, uint64_t cell, const double *const *value)
{
    kept *s = self;

    for (int m = 0; m < s->n_measures; m++)
        memcpy(s->value + (size_t)m * s->n + cell * CELL_ROWS, value[m], cell_models(self, cell) * sizeof **value);
}

static void evaluate(const void *self, km_indices *out)
{
    const kept *s = self;
    size_t k = (size_t)s->k;
    double *x = km_alloc(s->n * k, sizeof *x), *unit = km_alloc(k, sizeof *unit);

    for (size_t i = 0; i < s->n; i++) {
        km_kept_unit(s->study, s->n, i, unit);
        for (size_t j = 0; j < k; j++)
            x[j * s->n + i] = km_sa_dimension_value(s->study, (int)j, unit[j]);
    }
    for (int m = 0; m < s->n_measures; m++)
        km_estimate(s->estimator, s->n, s->k, true, x, s->value + (size_t)m * s->n, s->study->sensitivity->seed, s->resamples, out, m);
    out->n_rows = s->n;
    free(x), free(unit);
}

static double *state(void *self, size_t *n)
{
    kept *s = self;

    *n = (size_t)s->n_measures * s->n;
    return s->value;
}

/* ---- a method for each estimator ---- */

static const char *const keys[] = {"resamples", NULL};

#define KEPT(NAME, ABOUT, ROWS, ESTIMATOR)                                                                            \
    {                                                                                                                 \
        .name = (NAME), .about = (ABOUT), .rows = (ROWS), .estimator = &(ESTIMATOR), .keys = keys, .choices = true, .correlations = true, \
        .create = create, .destroy = destroy, .n_cells = n_cells, .cell_models = cell_models, .draw = draw,           \
        .digest = digest, .evaluate = evaluate, .state = state                                                        \
    }

const km_sa_method km_sa_regression =
    KEPT("regression", "coefficients of linear regressions: SRC and PCC of values, SRRC and PRCC of ranks", 4096, km_regression_measures);
const km_sa_method km_sa_pawn =
    KEPT("pawn", "distances between the distribution as it is and that within slices of a factor", 8192, km_pawn);
const km_sa_method km_sa_delta =
    KEPT("delta", "how far a factor moves the whole distribution (Borgonovo's delta)", 8192, km_delta);
const km_sa_method km_sa_given_data =
    KEPT("given_data", "first-order shares of the variance from any sample, by classes of a factor", 8192, km_correlation_ratio);
