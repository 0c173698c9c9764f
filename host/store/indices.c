#include "store/indices.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double *numbers(size_t n)
{
    double *x = km_alloc(n + 1, sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = (double)NAN;
    return x;
}

km_indices *km_indices_create(int n_endpoints, int n_factors, const char *const *column, int n_columns,
                              const char *const *pair_column, int n_pair_columns)
{
    km_indices *x = km_alloc(1, sizeof *x);
    size_t e = (size_t)n_endpoints, f = (size_t)n_factors;

    *x = (km_indices){.n_endpoints = n_endpoints, .n_factors = n_factors, .n_columns = n_columns, .n_pair_columns = n_pair_columns,
                      .column = column, .pair_column = pair_column};
    x->endpoint = km_alloc(e + 1, sizeof *x->endpoint);
    x->unit = km_alloc(e + 1, sizeof *x->unit);
    x->endpoint_about = km_alloc(e + 1, sizeof *x->endpoint_about);
    x->course = km_alloc(e + 1, sizeof *x->course);
    x->moment = km_alloc(e + 1, sizeof *x->moment);
    x->time = numbers(e);
    x->factor = km_alloc(f + 1, sizeof *x->factor);
    x->factor_about = km_alloc(f + 1, sizeof *x->factor_about);
    x->evidence = km_alloc(f + 1, sizeof *x->evidence);
    x->value = numbers((size_t)n_columns * e * f);
    x->pair = numbers((size_t)n_pair_columns * e * f * f);
    x->n_used = km_alloc(e + 1, sizeof *x->n_used);
    x->n_dropped = km_alloc(e + 1, sizeof *x->n_dropped);
    x->mean = numbers(e);
    x->variance = numbers(e);
    x->decisive = numbers(e);
    return x;
}

void km_indices_destroy(km_indices *x)
{
    if (x == NULL)
        return;
    for (int e = 0; e < x->n_endpoints; e++)
        free(x->endpoint[e]), free(x->unit[e]), free(x->endpoint_about[e]), free(x->course[e]), free(x->moment[e]);
    for (int f = 0; f < x->n_factors; f++)
        free(x->factor[f]), free(x->factor_about[f]), free(x->evidence[f]);
    free(x->endpoint), free(x->unit), free(x->endpoint_about), free(x->course), free(x->moment), free(x->time);
    free(x->factor), free(x->factor_about), free(x->evidence), free(x->value), free(x->pair);
    free(x->n_used), free(x->n_dropped), free(x->mean), free(x->variance), free(x->decisive);
    free(x);
}

double *km_indices_at(const km_indices *x, int column, int endpoint, int factor)
{
    return &x->value[((size_t)column * (size_t)x->n_endpoints + (size_t)endpoint) * (size_t)x->n_factors + (size_t)factor];
}

double *km_indices_pair_at(const km_indices *x, int column, int endpoint, int factor, int other)
{
    size_t n = (size_t)x->n_factors;

    return &x->pair[(((size_t)column * (size_t)x->n_endpoints + (size_t)endpoint) * n + (size_t)factor) * n + (size_t)other];
}

int km_indices_column(const km_indices *x, const char *name)
{
    for (int i = 0; i < x->n_columns; i++)
        if (strcmp(x->column[i], name) == 0)
            return i;
    return -1;
}

static void add_counts(const km_indices *x, int e, km_text *out)
{
    km_text_add(out, "\t%llu\t%llu\n", (unsigned long long)x->n_used[e], (unsigned long long)x->n_dropped[e]);
}

void km_indices_tsv(const km_indices *x, km_text *out)
{
    km_text_add(out, "endpoint\tfactor");
    for (int c = 0; c < x->n_columns; c++)
        km_text_add(out, "\t%s", x->column[c]);
    km_text_add(out, "\tn_used\tn_dropped\n");
    for (int e = 0; e < x->n_endpoints; e++)
        for (int f = 0; f < x->n_factors; f++) {
            km_text_add(out, "%s\t%s", x->endpoint[e], x->factor[f]);
            for (int c = 0; c < x->n_columns; c++)
                km_text_add_cell(out, *km_indices_at(x, c, e, f), 17);
            add_counts(x, e, out);
        }
}

void km_indices_pair_tsv(const km_indices *x, km_text *out)
{
    km_text_add(out, "endpoint\tfactor\tfactor_2");
    for (int c = 0; c < x->n_pair_columns; c++)
        km_text_add(out, "\t%s", x->pair_column[c]);
    km_text_add(out, "\tn_used\tn_dropped\n");
    for (int e = 0; e < x->n_endpoints; e++)
        for (int f = 0; f < x->n_factors; f++)
            for (int g = f + 1; g < x->n_factors; g++) {
                km_text_add(out, "%s\t%s\t%s", x->endpoint[e], x->factor[f], x->factor[g]);
                for (int c = 0; c < x->n_pair_columns; c++)
                    km_text_add_cell(out, *km_indices_pair_at(x, c, e, f, g), 17);
                add_counts(x, e, out);
            }
}
