#include "analysis/audit.h"

#include "abi.h"
#include "base/memory.h"
#include "engine/host_evaluator.h"
#include "study/design.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static bool happened(signed char state) { return state != KM_STATE_NEVER && state != KM_STATE_NO_REFERENCE; }

km_endpoint_audit km_audit_compare(const km_results *ours, const km_results *truth, size_t e, double *error)
{
    km_endpoint_audit a = {0};
    size_t n = (size_t)ours->n;
    double *size = km_alloc(n + 1, sizeof *size);

    for (size_t i = 0; i < n; i++) {
        size_t at = e * n + i;
        if (ours->state[at] == KM_STATE_FAILED || truth->state[at] == KM_STATE_FAILED)
            continue;
        if (happened(ours->state[at]) != happened(truth->state[at]))
            a.flips++;
        else if (happened(ours->state[at]) && isfinite(ours->value[at]) && isfinite(truth->value[at])) {
            size[a.n] = fabs(truth->value[at]);
            error[a.n++] = fabs(ours->value[at] - truth->value[at]);
        }
    }
    qsort(error, (size_t)a.n, sizeof *error, ascending);
    qsort(size, (size_t)a.n, sizeof *size, ascending);
    if (a.n > 0) {
        a.median = error[a.n / 2];
        a.p99 = error[(size_t)((double)a.n * 0.99)];
        a.max = error[a.n - 1];
        a.size = size[(size_t)((double)a.n * 0.99)];
    }
    free(size);
    return a;
}

static km_status results_create(km_results *r, size_t n, size_t n_endpoints, km_diag *d)
{
    km_status st = KM_OK;

    r->n = n;
    KM_TRY(km_array_create(n * n_endpoints, sizeof *r->value, (void **)&r->value, d));
    KM_TRY(km_array_create(n * n_endpoints, sizeof *r->state, (void **)&r->state, d));
    KM_TRY(km_array_create(n, sizeof *r->status, (void **)&r->status, d));
done:
    return st;
}

static void results_clear(km_results *r) { free(r->value), free(r->state), free(r->status); }

double km_audit_rtol(const km_study *study) { return fmax(study->solver.rtol / 100.0, 1e-9); }

bool km_audit_is_suspicious(const km_endpoint_audit *a, double rtol)
{
    return 100 * a->flips > a->n + a->flips || a->p99 > 100.0 * rtol * a->size;
}

/* The rows in double precision at the audit's tolerance. */
static km_status run_reference(const km_study *strict, const km_engine *engine, const km_engine_options *options, const double *row,
                               km_results *truth, km_diag *d)
{
    km_engine_options second = *options;
    km_engine *reference = NULL;
    km_host *host = NULL;
    km_status st = KM_OK;

    if (!km_engine_facts_of(engine)->fp64 || options->no_double) {
        KM_TRY(km_host_create(strict, 0, &host, d));
        KM_TRY(km_host_run_rows(host, row, truth, d));
    } else {
        second.lanes = 0;
        second.batch = KM_AUDIT_POINTS;
        KM_TRY(km_engine_create(strict, &second, &reference, d));
        KM_TRY(km_engine_run_rows(reference, row, truth, d));
    }
done:
    km_engine_destroy(reference);
    km_host_destroy(host);
    return st;
}

km_status km_audit_run(const km_study *study, km_engine *engine, const km_engine_options *options, km_endpoint_audit **out,
                       km_diag *d)
{
    size_t n = km_study_models(study) < KM_AUDIT_POINTS ? (size_t)km_study_models(study) : KM_AUDIT_POINTS;
    size_t n_ends = (size_t)study->n_endpoints;
    km_study strict = *study; /* shares everything but the solver */
    km_results ours = {0}, truth = {0};
    double *row = km_alloc(n * (size_t)study->n_slots + 1, sizeof *row), *error = km_alloc(n + 1, sizeof *error);
    km_status st = KM_OK;

    *out = NULL;
    km_study_sample(study, n, row);
    strict.solver.rtol = km_audit_rtol(study);
    strict.solver.precision = KM_PRECISION_DOUBLE;
    KM_TRY(results_create(&ours, n, n_ends, d));
    KM_TRY(results_create(&truth, n, n_ends, d));
    KM_TRY(km_engine_run_rows(engine, row, &ours, d));
    KM_TRY(run_reference(&strict, engine, options, row, &truth, d));
    *out = km_alloc(n_ends + 1, sizeof **out);
    for (size_t e = 0; e < n_ends; e++)
        (*out)[e] = km_audit_compare(&ours, &truth, e, error);
done:
    results_clear(&ours);
    results_clear(&truth);
    free(row), free(error);
    return st;
}
