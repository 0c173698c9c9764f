#include "study/statistic.h"

#include "abi.h"
#include "base/memory.h"
#include "study/population.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void km_statistic_clear(km_statistic *s)
{
    free(s->name), free(s->about);
    memset(s, 0, sizeof *s);
}

bool km_statistic_can_be_absent(const km_endpoint *e)
{
    return e->kind == KM_FIRST_TIME || e->kind == KM_LAST_TIME || e->kind == KM_TIME_IN || e->after_endpoint >= 0 || e->before_endpoint >= 0;
}

/* ---- names ---- */

/* 0.05 is q05, 0.025 is q02_5. */
static char *quantile_name(const char *endpoint, double share)
{
    char *text = km_format("%s_q%0*.10g", endpoint, 2, share * 100.0), *name;
    char *dot = strchr(text + strlen(endpoint), '.');
    double whole = floor(share * 100.0 + 1e-9);

    if (dot)
        *dot = '_';
    name = whole < 10.0 && dot ? km_format("%s_q0%s", endpoint, text + strlen(endpoint) + 2) : km_strdup(text);
    free(text);
    return name;
}

static void add(km_study *s, int endpoint, km_statistic_kind kind, double quantile, char *name, char *about)
{
    KM_PUSH(s->statistic, s->n_statistics);
    s->statistic[s->n_statistics++] =
        (km_statistic){endpoint, kind, quantile, name, about, kind == KM_FRACTION ? "1" : s->endpoint[endpoint].unit};
}

static void add_endpoint(km_study *s, int e)
{
    const km_endpoint *end = &s->endpoint[e];
    const char *what = end->about ? end->about : end->name;

    if (km_statistic_can_be_absent(end))
        add(s, e, KM_FRACTION, 0.0, km_format("%s_fraction", end->name), km_format("share of patients with: %s", what));
    add(s, e, KM_MEAN_OF, 0.0, km_format("%s_mean", end->name), km_format("mean over patients: %s", what));
    add(s, e, KM_SD_OF, 0.0, km_format("%s_sd", end->name), km_format("standard deviation between patients: %s", what));
    for (int q = 0; q < s->population->n_quantiles; q++)
        add(s, e, KM_QUANTILE_OF, s->population->quantile[q], quantile_name(end->name, s->population->quantile[q]),
            km_format("%g %% of patients are at or below: %s", 100.0 * s->population->quantile[q], what));
}

km_status km_statistics_make(km_study *s, const km_json *place, km_diag *d)
{
    km_status st = KM_OK;

    for (int e = 0; e < s->n_endpoints; e++) {
        if (s->endpoint[e].margin)
            KM_TRY(km_json_fail(place, d, "the endpoint \"%s\" asks for its margin, which is not reduced over patients; leave \"margin\" out",
                                s->endpoint[e].name));
        add_endpoint(s, e);
    }
    for (int i = 0; i < s->n_statistics; i++) {
        const char *name = s->statistic[i].name;
        bool taken = strcmp(name, "patients_failed") == 0;
        for (int k = 0; k < i; k++)
            taken = taken || strcmp(s->statistic[k].name, name) == 0;
        for (int a = 0; a < s->n_axes; a++)
            taken = taken || strcmp(s->axis[a].name, name) == 0;
        for (int k = 0; k < s->n_factors; k++)
            taken = taken || strcmp(s->factor[k].name, name) == 0;
        if (taken)
            KM_TRY(km_json_fail(place, d, "two arrays of the map would be named \"%s\"; give an endpoint another name", name));
    }
done:
    return st;
}

/* ---- reducing ---- */

static int ascending(const void *a, const void *b)
{
    double x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

double km_sample_quantile(const double *sorted, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t k = (size_t)at;
    double part = at - (double)k;

    if (n == 0)
        return (double)NAN;
    if (part == 0.0 || k + 1 >= n)
        return sorted[k];
    return isinf(sorted[k + 1]) ? sorted[k + 1] : sorted[k] + part * (sorted[k + 1] - sorted[k]);
}

/* The patients of one endpoint: what happened comes first in `value`, then what did not, as +infinity where that is a
 * time. A time spent always has a value. */
typedef struct sample {
    double *value;
    size_t n, happened, alive; /* values, those that happened, patients that did not fail */
} sample;

static bool is_time_of_event(const km_endpoint *e) { return e->kind == KM_FIRST_TIME || e->kind == KM_LAST_TIME; }

static void gather(const km_endpoint *e, const double *value, const signed char *state, const signed char *status, size_t n, sample *s)
{
    size_t never = 0;

    s->n = s->happened = s->alive = 0;
    for (size_t j = 0; j < n; j++) {
        bool absent = state[j] == KM_STATE_NEVER || state[j] == KM_STATE_NO_REFERENCE;
        if (status[j] != KM_POINT_DONE && status[j] != KM_POINT_RETRIED)
            continue;
        s->alive++;
        if (!absent)
            s->happened++;
        if (!absent || (e->kind == KM_TIME_IN && state[j] == KM_STATE_NEVER))
            s->value[s->n++] = value[j];
        else
            never++;
    }
    for (size_t j = 0; j < never && is_time_of_event(e); j++)
        s->value[s->n + j] = (double)INFINITY;
}

static void moments(const double *x, size_t n, double *mean, double *sd)
{
    double square = 0.0;

    *mean = n ? 0.0 : (double)NAN;
    for (size_t j = 0; j < n; j++) { /* Welford */
        double before = *mean;
        *mean += (x[j] - before) / (double)(j + 1);
        square += (x[j] - before) * (x[j] - *mean);
    }
    *sd = n > 1 ? sqrt(square / (double)(n - 1)) : (double)NAN;
}

static signed char status_of(const signed char *status, size_t n, int *failed)
{
    signed char first = KM_POINT_DONE;

    *failed = 0;
    for (size_t j = 0; j < n; j++) {
        bool good = status[j] == KM_POINT_DONE || status[j] == KM_POINT_RETRIED;
        if (!good && *failed == 0)
            first = status[j];
        *failed += !good;
        if (*failed == 0 && status[j] == KM_POINT_RETRIED)
            first = KM_POINT_RETRIED;
    }
    return first;
}

km_status km_statistics_reduce(const km_study *s, const double *value, const signed char *state, const signed char *status, size_t stride,
                               size_t at, double *out, size_t out_stride, size_t out_at, int *failed, signed char *point_status, km_diag *d)
{
    size_t n = s->population->n;
    sample x = {0};
    double mean = 0.0, sd = 0.0;
    int endpoint = -1;
    km_status st = KM_OK;

    KM_TRY(km_array_create(n, sizeof *x.value, (void **)&x.value, d));
    *point_status = status_of(status + at, n, failed);
    for (int i = 0; i < s->n_statistics; i++) {
        const km_statistic *q = &s->statistic[i];
        const km_endpoint *e = &s->endpoint[q->endpoint];
        double *to = &out[(size_t)i * out_stride + out_at];
        if (q->endpoint != endpoint) {
            size_t from = (size_t)q->endpoint * stride + at;
            endpoint = q->endpoint;
            gather(e, value + from, state + from, status + at, n, &x);
            moments(x.value, x.n, &mean, &sd);
            x.n = is_time_of_event(e) ? x.alive : x.n; /* with those in whom it never happened */
            qsort(x.value, x.n, sizeof *x.value, ascending);
        }
        switch (q->kind) {
        case KM_FRACTION: *to = x.alive ? (double)x.happened / (double)x.alive : (double)NAN; break;
        case KM_MEAN_OF: *to = mean; break;
        case KM_SD_OF: *to = sd; break;
        case KM_QUANTILE_OF: *to = x.n ? km_sample_quantile(x.value, x.n, q->quantile) : (double)NAN; break;
        }
    }
done:
    free(x.value);
    return st;
}
