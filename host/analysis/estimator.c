#include "analysis/estimator.h"

#include "analysis/resample.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

/* ---- rows ---- */

typedef struct keyed {
    double key;
    uint32_t row;
} keyed;

static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static void sort_rows(const double *value, size_t n, keyed *scratch, uint32_t *order)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = (keyed){value[i], (uint32_t)i};
    qsort(scratch, n, sizeof *scratch, by_key);
    for (size_t i = 0; i < n; i++)
        order[i] = scratch[i].row;
}

/* The rows whose endpoint exists. */
static void make_rows(size_t n, int k, const double *x, const double *y, km_rows *out)
{
    size_t used = 0, columns = (size_t)k;
    keyed *scratch;

    for (size_t i = 0; i < n; i++)
        used += isnan(y[i]) ? 0 : 1;
    *out = (km_rows){.n = used, .k = k, .x = km_alloc(used * columns + 1, sizeof *out->x), .y = km_alloc(used + 1, sizeof *out->y),
                     .x_order = km_alloc(used * columns + 1, sizeof *out->x_order), .y_order = km_alloc(used + 1, sizeof *out->y_order)};
    for (size_t i = 0, to = 0; i < n; i++) {
        if (isnan(y[i]))
            continue;
        out->y[to] = y[i];
        for (size_t f = 0; f < columns; f++)
            out->x[f * used + to] = x[f * n + i];
        to++;
    }
    scratch = km_alloc(used + 1, sizeof *scratch);
    sort_rows(out->y, used, scratch, out->y_order);
    for (size_t f = 0; f < columns; f++)
        sort_rows(out->x + f * used, used, scratch, out->x_order + f * used);
    free(scratch);
}

static void free_rows(km_rows *r) { free(r->x), free(r->y), free(r->x_order), free(r->y_order); }

int km_rows_values(const km_rows *r, int factor)
{
    const double *x = r->x + (size_t)factor * r->n;
    const uint32_t *order = r->x_order + (size_t)factor * r->n;
    int n = r->n > 0;

    for (size_t i = 1; i < r->n && n <= KM_MOST_VALUES; i++)
        n += x[order[i]] != x[order[i - 1]];
    return n;
}

void km_rows_classes(const km_rows *r, int factor, int wanted, uint16_t *class_of, int *n_classes)
{
    const double *x = r->x + (size_t)factor * r->n;
    const uint32_t *order = r->x_order + (size_t)factor * r->n;
    int values = km_rows_values(r, factor), c = 0;

    if (values <= KM_MOST_VALUES && (size_t)values < r->n) {
        for (size_t i = 0; i < r->n; i++) {
            c += i > 0 && x[order[i]] != x[order[i - 1]];
            class_of[order[i]] = (uint16_t)c;
        }
        *n_classes = values;
        return;
    }
    /* class j: ranks above m_j as far as m_{j+1}, where m are wanted + 1 numbers from 0 to n, equally far apart */
    for (size_t i = 0; i < r->n; i++) {
        while (c + 1 < wanted && (double)(i + 1) > (double)(c + 1) * ((double)r->n / wanted))
            c++;
        class_of[order[i]] = (uint16_t)c;
    }
    *n_classes = wanted;
}

/* ---- estimates and their intervals ---- */

/* Sums of resamples of a number, less what the sample itself gives. */
typedef struct spread {
    double n, sum, squares;
} spread;

static void resample(const km_estimator *t, const km_rows *r, uint64_t seed, int resamples, const double *base, spread *s)
{
    size_t numbers = (size_t)t->n_statistics * (size_t)r->k;
    double *value = km_alloc((size_t)(t->n_statistics + t->n_plain) * (size_t)r->k, sizeof *value);
    uint32_t *weight = km_alloc(r->n + 1, sizeof *weight);

    for (int b = 0; b < resamples; b++) {
        km_resample_rows(seed, (uint32_t)b, r->n, weight);
        t->estimate(r, weight, value);
        for (size_t i = 0; i < numbers; i++) {
            double off = value[i] - base[i];
            if (isnan(off))
                continue;
            s[i].n += 1.0;
            s[i].sum += off;
            s[i].squares += off * off;
        }
    }
    free(value), free(weight);
}

static void put(const km_estimator *t, const km_rows *r, const double *base, const spread *s, km_indices *out, int e)
{
    for (int c = 0; c < t->n_statistics + t->n_plain; c++)
        for (int f = 0; f < r->k; f++) {
            size_t i = (size_t)c * (size_t)r->k + (size_t)f;
            double value = base[i], half;
            if (c >= t->n_statistics) {
                *km_indices_at(out, 2 * t->n_statistics + c, e, f) = value;
                continue;
            }
            half = km_resample_half_width((double)r->n, s[i].n, s[i].sum, s[i].squares);
            if ((t->bias_reduced >> c & 1u) && s[i].n > 0.0)
                value -= s[i].sum / s[i].n;
            *km_indices_at(out, 3 * c, e, f) = value;
            *km_indices_at(out, 3 * c + 1, e, f) = value - half;
            *km_indices_at(out, 3 * c + 2, e, f) = value + half;
        }
}

static void describe(const km_rows *r, size_t n, km_indices *out, int e)
{
    double mean = 0.0, squares = 0.0;

    out->n_used[e] = r->n;
    out->n_dropped[e] = n - r->n;
    if (r->n == 0)
        return;
    for (size_t i = 0; i < r->n; i++)
        mean += r->y[i] / (double)r->n;
    for (size_t i = 0; i < r->n; i++)
        squares += (r->y[i] - mean) * (r->y[i] - mean);
    out->mean[e] = mean;
    out->variance[e] = r->y[r->y_order[0]] < r->y[r->y_order[r->n - 1]] ? squares / (double)r->n : 0.0;
}

void km_estimate(const km_estimator *t, size_t n, int k, bool drawn, const double *x, const double *y, uint64_t seed, int resamples,
                 km_indices *out, int e)
{
    size_t numbers = (size_t)(t->n_statistics + t->n_plain) * (size_t)k;
    double *base = km_alloc(numbers + 1, sizeof *base);
    spread *s = km_alloc(numbers + 1, sizeof *s);
    km_rows r;

    make_rows(n, k, x, y, &r);
    r.drawn = drawn;
    describe(&r, n, out, e);
    if (r.n >= t->least_rows && out->variance[e] > 0.0) {
        t->estimate(&r, NULL, base);
        resample(t, &r, seed, drawn ? resamples : 0, base, s);
        put(t, &r, base, s, out, e);
    }
    free_rows(&r);
    free(base), free(s);
}
