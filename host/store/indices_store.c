#include "store/indices_store.h"

#include "base/memory.h"
#include "store/group.h"

#include <stdlib.h>
#include <string.h>

static bool has_evidence(const km_indices *x)
{
    for (int f = 0; f < x->n_factors; f++)
        if (x->evidence[f])
            return true;
    return false;
}

static bool has_moments(const km_indices *x)
{
    for (int e = 0; e < x->n_endpoints; e++)
        if (x->course[e])
            return true;
    return false;
}

static km_status write_columns(km_group *group, const km_indices *x, km_diag *d)
{
    size_t e = (size_t)x->n_endpoints, f = (size_t)x->n_factors;
    km_group_array a = {.dimension = {"endpoint", "factor", "factor_2"}, .shape = {e, f, f}};
    km_status st = KM_OK;

    a.coordinates = has_moments(x) ? has_evidence(x) ? "time evidence" : "time" : has_evidence(x) ? "evidence" : NULL;
    a.n_dims = 2;
    for (int c = 0; c < x->n_columns; c++) {
        a.name = x->column[c];
        KM_TRY(km_group_numbers(group, &a, "<f8", x->value + (size_t)c * e * f, d));
    }
    a.n_dims = 3;
    for (int c = 0; c < x->n_pair_columns; c++) {
        a.name = x->pair_column[c];
        KM_TRY(km_group_numbers(group, &a, "<f8", x->pair + (size_t)c * e * f * f, d));
    }
    a.coordinates = has_moments(x) ? "time" : NULL;
    a.n_dims = 1;
    a.name = "n_used", a.about = "base rows whose models all count";
    KM_TRY(km_group_numbers(group, &a, "<i8", x->n_used, d));
    a.name = "n_dropped", a.about = "base rows left out because of a member";
    KM_TRY(km_group_numbers(group, &a, "<i8", x->n_dropped, d));
    a.name = "mean", a.about = "mean of the endpoint over the sample";
    KM_TRY(km_group_numbers(group, &a, "<f8", x->mean, d));
    a.name = "variance", a.about = "variance of the endpoint over the sample";
    KM_TRY(km_group_numbers(group, &a, "<f8", x->variance, d));
done:
    return st;
}

/* What the table says beside the numbers. */
static km_status write_names(km_group *group, const km_indices *x, km_diag *d)
{
    static char none[] = "";
    km_group_array a = {.n_dims = 1, .name = "time", .dimension = {"endpoint"}, .shape = {(size_t)x->n_endpoints},
                        .about = "time of an endpoint that is a moment of an output's course, else NaN"};
    char **word = km_alloc((size_t)x->n_factors + 1, sizeof *word);
    km_status st = KM_OK;

    for (int f = 0; f < x->n_factors; f++)
        word[f] = x->evidence[f] ? x->evidence[f] : none;
    if (has_evidence(x))
        KM_TRY(km_group_words(group, "evidence", "factor", word, (size_t)x->n_factors, "what the model's value and range rest on", d));
    if (has_moments(x))
        KM_TRY(km_group_numbers(group, &a, "<f8", x->time, d));
done:
    free(word);
    return st;
}

static km_status write_curve(km_group *group, const km_indices *const *stage, int n_stages, km_diag *d)
{
    const km_indices *x = stage[0];
    size_t n = (size_t)n_stages, values = (size_t)x->n_endpoints * (size_t)x->n_factors;
    km_group_array a = {.n_dims = 1, .name = "rows", .dimension = {"stage", "endpoint", "factor"}, .about = "base rows drawn so far",
                     .shape = {n, (size_t)x->n_endpoints, (size_t)x->n_factors}};
    double *curve = NULL;
    uint64_t *rows = km_alloc(n, sizeof *rows);
    char *name = NULL;
    km_status st = KM_OK;

    for (size_t i = 0; i < n; i++)
        rows[i] = stage[i]->n_rows;
    KM_TRY(km_group_numbers(group, &a, "<i8", rows, d));
    a.n_dims = 3, a.about = NULL, a.coordinates = "rows";
    KM_TRY(km_array_create(n * values, sizeof *curve, (void **)&curve, d));
    for (int c = 0; c < x->n_columns; c++) {
        for (size_t i = 0; i < n; i++)
            memcpy(curve + i * values, stage[i]->value + (size_t)c * values, values * sizeof *curve);
        free(name);
        a.name = name = km_format("curve_%s", x->column[c]);
        KM_TRY(km_group_numbers(group, &a, "<f8", curve, d));
    }
done:
    free(rows), free(curve), free(name);
    return st;
}

km_status km_indices_write(const char *path, const km_indices *x, const km_indices *const *stage, int n_stages, const char *attributes,
                           const char *run_json, km_diag *d)
{
    size_t e = (size_t)x->n_endpoints, f = (size_t)x->n_factors;
    km_group group = {0};
    km_status st = KM_OK;

    KM_TRY(km_group_begin(path, attributes, &group, d));
    KM_TRY(km_group_words(&group, "endpoint", "endpoint", x->endpoint, e, "what has indices", d));
    KM_TRY(km_group_words(&group, "factor", "factor", x->factor, f, "what is varied", d));
    KM_TRY(write_names(&group, x, d));
    if (x->n_pair_columns > 0)
        KM_TRY(km_group_words(&group, "factor_2", "factor_2", x->factor, f, "the other factor of a pair", d));
    KM_TRY(write_columns(&group, x, d));
    if (n_stages > 0)
        KM_TRY(write_curve(&group, stage, n_stages, d));
    KM_TRY(km_group_finish(&group, run_json, d));
done:
    km_group_close(&group);
    return st;
}
