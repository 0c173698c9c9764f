#include "analysis/patients.h"

#include "base/memory.h"
#include "study/design.h"
#include "study/population.h"
#include "study/statistic.h"

#include <limits.h>
#include <stdlib.h>

enum { ROWS_AT_ONCE = 65536 };

/* The rank in the design of point i of a box. */
static uint64_t rank_in_box(const km_study *s, const km_box *box, uint64_t i)
{
    size_t shape[KM_MOST_DIMENSIONS], offset[KM_MOST_DIMENSIONS];
    int n = km_design_shape(s, shape);
    uint64_t rank = 0;

    for (int a = n; a-- > 0; i /= box->extent[a])
        offset[a] = (size_t)(i % box->extent[a]);
    for (int a = 0; a < n; a++)
        rank = rank * shape[a] + box->origin[a] + offset[a];
    return rank;
}

static void take_steps(const km_study *s, const km_results *r, size_t first, km_results *out, size_t at)
{
    long steps = 0;

    for (size_t j = 0; j < s->population->n; j++)
        steps += r->steps[first + j];
    out->steps[at] = steps > INT_MAX ? INT_MAX : (int)steps;
}

km_status km_patients_run(const km_study *s, km_engine *engine, const km_box *box, km_results *out, km_diag *d)
{
    size_t n = (size_t)out->n;
    size_t patients = s->population->n, slots = (size_t)s->n_slots, ends = (size_t)s->n_endpoints;
    size_t block = ROWS_AT_ONCE / patients ? ROWS_AT_ONCE / patients : 1, most = block * patients;
    km_results r = {0};
    double *row = NULL;
    km_status st = KM_OK;

    KM_TRY(km_array_create(most * slots, sizeof *row, (void **)&row, d));
    KM_TRY(km_array_create(most * ends, sizeof *r.value, (void **)&r.value, d));
    KM_TRY(km_array_create(most * ends, sizeof *r.state, (void **)&r.state, d));
    KM_TRY(km_array_create(most, sizeof *r.status, (void **)&r.status, d));
    KM_TRY(km_array_create(most, sizeof *r.steps, (void **)&r.steps, d));
    for (size_t at = 0; at < n; at += block) {
        size_t here = n - at < block ? n - at : block;
        for (size_t i = 0; i < here; i++)
            for (size_t j = 0; j < patients; j++)
                km_study_patient(s, rank_in_box(s, box, at + i), j, row + (i * patients + j) * slots);
        r.n = here * patients;
        KM_TRY(km_engine_run_rows(engine, row, &r, d));
        for (size_t i = 0; i < here; i++) {
            int failed = 0;
            KM_TRY(km_statistics_reduce(s, r.value, r.state, r.status, (size_t)r.n, i * patients, out->value, n, at + i, &failed,
                                        &out->status[at + i], d));
            out->value[(size_t)s->n_statistics * n + at + i] = failed;
            take_steps(s, &r, i * patients, out, at + i);
        }
    }
done:
    free(row), free(r.value), free(r.state), free(r.status), free(r.steps);
    return st;
}
