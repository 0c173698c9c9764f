/* A second try in double precision. */
#include "engine/batch.h"

#include "abi.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

static bool worth_a_retry(signed char status)
{
    return status == KM_POINT_STEP_BUDGET || status == KM_POINT_STEP_TOO_SMALL || status == KM_POINT_NON_FINITE;
}

static km_status create_twin(km_engine *e, km_diag *d)
{
    char selector[32];
    km_engine_options options = {.device = selector, .compute_units = e->facts.compute_units, .part = e->part,
                                 .kernel_dir = e->kernel_dir, .batch = 1024, .in_double = true};

    snprintf(selector, sizeof selector, "%d.%d", e->device.platform_index, e->device.device_index);
    return km_engine_create(e->study, &options, &e->twin, d);
}

/* n rows in double precision, on the device or on the host. */
static km_status run_in_double(km_engine *e, const double *rows, km_results *r, km_diag *d)
{
    km_status st = KM_OK;

    if (!e->device.fp64)
        return km_host_run_rows(e->host, rows, r, d);
    if (e->twin == NULL)
        KM_TRY(create_twin(e, d));
    KM_TRY(km_engine_run_rows(e->twin, rows, r, d));
done:
    return st;
}

/* A study that is too large for the host goes on without second tries. */
static km_status create_host(km_engine *e, km_diag *d)
{
    km_status st = e->host ? KM_OK : km_host_create(e->study, 0, &e->host, d);

    if (st != KM_E_INPUT)
        return st;
    d->message[0] = '\0';
    e->no_retry = true;
    return KM_OK;
}

/* Results of `from`, point i of it, become point `to` of r. */
static void take_result(const km_engine *e, km_results *r, size_t to, const km_results *from, size_t i)
{
    for (int k = 0; k < e->study->n_endpoints; k++) {
        size_t at = (size_t)k * r->n + to, source = (size_t)k * from->n + i;
        if (r->value)
            r->value[at] = from->value[source];
        if (r->state)
            r->state[at] = from->state[source];
        if (r->margin)
            r->margin[at] = from->margin[source];
    }
    r->status[to] = KM_POINT_RETRIED;
    if (r->steps)
        r->steps[to] += from->steps[i];
    if (r->rejected)
        r->rejected[to] += from->rejected[i];
    if (r->last_time)
        r->last_time[to] = from->last_time[i];
}

/* Points at ... at+n-1 of the results: those that failed are run again; row(i) fills the slots of point at+i. */
km_status km_batch_retry(km_engine *e, km_results *r, size_t at, size_t n, km_row row, const void *context, km_diag *d)
{
    size_t n_slots = (size_t)e->study->n_slots, n_ends = (size_t)e->study->n_endpoints, failed = 0, k = 0;
    double *rows = NULL;
    size_t *index = NULL;
    km_results again = {0};
    km_status st = KM_OK;

    for (size_t i = 0; r->status && i < n; i++)
        failed += worth_a_retry(r->status[at + i]);
    if (failed > 0 && !e->no_retry && e->facts.single && !e->device.fp64)
        KM_TRY(create_host(e, d));
    if (failed == 0 || e->no_retry || !e->facts.single)
        return KM_OK;
    KM_TRY(km_array_create(failed * n_slots, sizeof *rows, (void **)&rows, d));
    KM_TRY(km_array_create(failed, sizeof *index, (void **)&index, d));
    again.n = failed;
    KM_TRY(km_array_create(failed * n_ends, sizeof *again.value, (void **)&again.value, d));
    KM_TRY(km_array_create(failed * n_ends, sizeof *again.margin, (void **)&again.margin, d));
    KM_TRY(km_array_create(failed * n_ends, sizeof *again.state, (void **)&again.state, d));
    KM_TRY(km_array_create(failed, sizeof *again.status, (void **)&again.status, d));
    KM_TRY(km_array_create(failed, sizeof *again.steps, (void **)&again.steps, d));
    KM_TRY(km_array_create(failed, sizeof *again.rejected, (void **)&again.rejected, d));
    KM_TRY(km_array_create(failed, sizeof *again.last_time, (void **)&again.last_time, d));
    for (size_t i = 0; i < n; i++)
        if (worth_a_retry(r->status[at + i])) {
            row(context, i, rows + k * n_slots);
            index[k++] = at + i;
        }
    KM_TRY(run_in_double(e, rows, &again, d));
    for (size_t i = 0; i < failed; i++)
        if (again.status[i] == KM_POINT_DONE)
            take_result(e, r, index[i], &again, i);
    e->facts.retried += failed;
done:
    free(rows), free(index), free(again.value), free(again.margin), free(again.state), free(again.status);
    free(again.steps), free(again.rejected), free(again.last_time);
    return st;
}
