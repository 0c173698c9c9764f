#include "analysis/predictive_score.h"

#include "analysis/likelihood.h"
#include "base/memory.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* The generalised Pareto distribution of ascending x > 0: Zhang and Stephens, Technometrics 51, 2009, 316-325, with a weak
 * prior on the shape. */
static void fit_pareto(const double *x, size_t n, double *shape, double *scale)
{
    size_t m = 30 + (size_t)sqrt((double)n);
    double *b = km_alloc(m, sizeof *b), *length = km_alloc(m, sizeof *length), mean = 0.0, total = 0.0, k = 0.0;

    for (size_t i = 0; i < m; i++) {
        double kb = 0.0;
        b[i] = (1.0 - sqrt((double)m / ((double)i + 0.5))) / (3.0 * x[(size_t)((double)n / 4.0 + 0.5) - 1]) + 1.0 / x[n - 1];
        for (size_t j = 0; j < n; j++)
            kb += log1p(-b[i] * x[j]) / (double)n;
        length[i] = (double)n * (log(-(b[i] / kb)) - kb - 1.0);
    }
    for (size_t i = 0; i < m; i++) {
        double sum = 0.0, weight;
        for (size_t j = 0; j < m; j++)
            sum += exp(length[j] - length[i]);
        weight = 1.0 / sum;
        if (weight < 10.0 * DBL_EPSILON)
            continue;
        mean += weight * b[i];
        total += weight;
    }
    mean /= total;
    for (size_t j = 0; j < n; j++)
        k += log1p(-mean * x[j]) / (double)n;
    *scale = -k / mean;
    *shape = ((double)n * k + 10.0 * 0.5) / ((double)n + 10.0);
    free(b), free(length);
}

static double pareto_quantile(double p, double shape, double scale)
{
    if (fabs(shape) < DBL_EPSILON)
        return -scale * log1p(-p);
    return scale * expm1(-shape * log1p(-p)) / shape;
}

typedef struct tail_weight {
    double value;
    size_t at;
} tail_weight;

static int by_weight(const void *a, const void *b)
{
    const tail_weight *x = a, *y = b;

    return x->value < y->value ? -1 : x->value > y->value ? 1 : x->at < y->at ? -1 : x->at > y->at;
}

double km_pareto_smooth(double *w, size_t n, double efficiency)
{
    size_t tail = (size_t)ceil(fmin((double)n / 5.0, 3.0 * sqrt((double)n / efficiency))), n_tail = 0;
    double *sorted = km_alloc(n + 1, sizeof *sorted), most = -(double)INFINITY, cutoff, shape = (double)INFINITY, scale, total;
    tail_weight *t = km_alloc(n + 1, sizeof *t);

    for (size_t i = 0; i < n; i++)
        most = fmax(most, w[i]);
    for (size_t i = 0; i < n; i++)
        sorted[i] = w[i] -= most;
    qsort(sorted, n, sizeof *sorted, by_size);
    cutoff = fmax(sorted[n > tail ? n - tail - 1 : 0], log(DBL_MIN));
    for (size_t i = 0; i < n; i++)
        if (w[i] > cutoff)
            t[n_tail++] = (tail_weight){w[i], i};
    if (n_tail > 4) {
        qsort(t, n_tail, sizeof *t, by_weight);
        for (size_t i = 0; i < n_tail; i++)
            sorted[i] = exp(t[i].value) - exp(cutoff);
        fit_pareto(sorted, n_tail, &shape, &scale);
        for (size_t i = 0; i < n_tail && isfinite(shape) && scale > 0.0; i++)
            w[t[i].at] = fmin(log(pareto_quantile(((double)i + 0.5) / (double)n_tail, shape, scale) + exp(cutoff)), 0.0);
    }
    total = km_log_sum_exp(w, n);
    for (size_t i = 0; i < n; i++)
        w[i] -= total;
    free(sorted), free(t);
    return shape;
}

/* Sums up points; lppd: log density of the points with all draws alike. */
static void sum_up(const double *point, size_t n, double lppd, km_predictive_score *out)
{
    double sum = 0.0, squares = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += point[i];
    for (size_t i = 0; i < n; i++)
        squares += (point[i] - sum / (double)n) * (point[i] - sum / (double)n);
    out->elpd = sum;
    out->standard_error = sqrt(squares); /* sqrt(n var) */
    out->parameters = lppd - sum;
}

void km_psis_loo(const double *l, size_t n_draws, size_t n_points, double efficiency, double *point, double *k, km_predictive_score *out)
{
    double *w = km_alloc(n_draws + 1, sizeof *w), *column = km_alloc(n_draws + 1, sizeof *column), lppd = 0.0, shape,
           *own = km_alloc(n_points + 1, sizeof *own);

    out->worst_k = -(double)INFINITY;
    for (size_t p = 0; p < n_points; p++) {
        for (size_t i = 0; i < n_draws; i++) {
            column[i] = l[i * n_points + p];
            w[i] = -column[i];
        }
        lppd += km_log_sum_exp(column, n_draws) - log((double)n_draws);
        shape = km_pareto_smooth(w, n_draws, efficiency);
        for (size_t i = 0; i < n_draws; i++)
            w[i] += column[i];
        own[p] = km_log_sum_exp(w, n_draws);
        out->worst_k = fmax(out->worst_k, shape);
        if (point)
            point[p] = own[p];
        if (k)
            k[p] = shape;
    }
    sum_up(own, n_points, lppd, out);
    free(w), free(column), free(own);
}

void km_waic(const double *l, size_t n_draws, size_t n_points, double *point, km_predictive_score *out)
{
    double *column = km_alloc(n_draws + 1, sizeof *column), *own = km_alloc(n_points + 1, sizeof *own), lppd = 0.0;

    for (size_t p = 0; p < n_points; p++) {
        double mean = 0.0, squares = 0.0, density;
        for (size_t i = 0; i < n_draws; i++) {
            column[i] = l[i * n_points + p];
            mean += column[i] / (double)n_draws;
        }
        for (size_t i = 0; i < n_draws; i++)
            squares += (column[i] - mean) * (column[i] - mean);
        density = km_log_sum_exp(column, n_draws) - log((double)n_draws);
        lppd += density;
        own[p] = density - squares / (double)n_draws;
        if (point)
            point[p] = own[p];
    }
    sum_up(own, n_points, lppd, out);
    out->worst_k = (double)NAN;
    free(column), free(own);
}
