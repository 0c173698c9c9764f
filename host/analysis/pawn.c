/* PAWN by generic input-output samples, as Pianosi and Wagener 2018: a factor's range is cut into slices of equal shares,
 * and each slice's distribution of the endpoint is compared with that of all rows. */
#include "analysis/estimator.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { SLICES = 10, MOST_SLICES = KM_MOST_VALUES, MEDIAN = 0, MAXIMUM, MEAN, MINIMUM, CV, N_NUMBERS };

/* A quantile by linear interpolation (Hyndman and Fan's type 7). */
static double quantile(const double *x, const uint32_t *order, size_t n, double q)
{
    double at = q * (double)(n - 1), below = floor(at), t = at - below, a, b;
    size_t i = (size_t)below;

    if (i >= n - 1)
        return x[order[n - 1]];
    a = x[order[i]], b = x[order[i + 1]];
    return t >= 0.5 ? b - (b - a) * (1.0 - t) : a + (b - a) * t;
}

/* The slice of each row: [q_s, q_(s+1)), so that the largest value is in none (SLICES); or a slice for each value where there
 * are few. */
static int cut(const km_rows *r, int factor, uint16_t *slice)
{
    const double *x = r->x + (size_t)factor * r->n;
    const uint32_t *order = r->x_order + (size_t)factor * r->n;
    const double step = 1.0 / SLICES;
    double bound[SLICES + 1];
    int n = km_rows_values(r, factor), s = 0;

    if (n <= MOST_SLICES && (size_t)n < r->n) {
        km_rows_classes(r, factor, n, slice, &n);
        return n;
    }
    for (int i = 0; i <= SLICES; i++)
        bound[i] = quantile(x, order, r->n, i * step);
    for (size_t i = 0; i < r->n; i++) {
        while (s < SLICES && x[order[i]] >= bound[s + 1])
            s++;
        slice[order[i]] = (uint16_t)s;
    }
    return SLICES;
}

static double weight_of(const uint32_t *weight, uint32_t row) { return weight ? (double)weight[row] : 1.0; }

/* distance[s]: Kolmogorov and Smirnov's, NaN of an empty slice. */
static void distances(const km_rows *r, const uint32_t *weight, const uint16_t *slice, int n_slices, double *distance)
{
    double size[MOST_SLICES + 1] = {0.0}, within[MOST_SLICES + 1] = {0.0}, before[MOST_SLICES + 1], all = 0.0, passed = 0.0;
    const uint32_t *order = r->y_order;

    for (size_t i = 0; i < r->n; i++) {
        size[slice[i]] += weight_of(weight, (uint32_t)i);
        all += weight_of(weight, (uint32_t)i);
    }
    for (int s = 0; s < n_slices; s++)
        distance[s] = size[s] > 0.0 ? 0.0 : (double)NAN;
    for (size_t i = 0, next; i < r->n; i = next) { /* i ... next-1: rows of one value */
        double here = passed;
        for (next = i; next < r->n && r->y[order[next]] == r->y[order[i]]; next++) {
            before[slice[order[next]]] = within[slice[order[next]]];
            here += weight_of(weight, order[next]);
        }
        for (size_t j = i; j < next; j++)
            within[slice[order[j]]] += weight_of(weight, order[j]);
        for (size_t j = i; j < next; j++) {
            int s = slice[order[j]];
            if (s >= n_slices || size[s] == 0.0)
                continue;
            if (passed / all - before[s] / size[s] > distance[s])
                distance[s] = passed / all - before[s] / size[s];
            if (fabs(within[s] / size[s] - here / all) > distance[s])
                distance[s] = fabs(within[s] / size[s] - here / all);
        }
        passed = here;
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void estimate(const km_rows *r, const uint32_t *weight, double *out)
{
    uint16_t *slice = km_alloc(r->n, sizeof *slice);
    double distance[MOST_SLICES];

    for (int f = 0; f < r->k; f++) {
        int n_slices = cut(r, f, slice), n = 0;
        double mean = 0.0, squares = 0.0;
        distances(r, weight, slice, n_slices, distance);
        for (int s = 0; s < n_slices; s++)
            if (!isnan(distance[s]))
                distance[n++] = distance[s];
        for (int c = 0; c < N_NUMBERS && n == 0; c++)
            out[c * r->k + f] = (double)NAN;
        if (n == 0)
            continue;
        qsort(distance, (size_t)n, sizeof *distance, by_size);
        for (int s = 0; s < n; s++)
            mean += distance[s] / n;
        for (int s = 0; s < n; s++)
            squares += (distance[s] - mean) * (distance[s] - mean);
        out[MINIMUM * r->k + f] = distance[0];
        out[MEAN * r->k + f] = mean;
        out[MEDIAN * r->k + f] = 0.5 * (distance[(n - 1) / 2] + distance[n / 2]);
        out[MAXIMUM * r->k + f] = distance[n - 1];
        out[CV * r->k + f] = mean > 0.0 ? sqrt(squares / n) / mean : (double)NAN;
    }
    free(slice);
}

static const char *const columns[] = {"median", "median_low", "median_high", "maximum", "maximum_low", "maximum_high", "mean", "minimum", "cv", NULL};

const km_estimator km_pawn = {
    .column = columns,
    .sort_column = "median",
    .n_statistics = 2,
    .n_plain = 3,
    .least_rows = 2 * SLICES,
    .estimate = estimate,
};
