/* Linear regression of an endpoint on all factors at once, of values (SRC, PCC) and of ranks (SRRC, PRCC). With R the
 * factors' correlations, S = R^-1 and r their correlations with the endpoint:
 *   standardised coefficients  b = S r,   R^2 = r' b
 *   partial correlations       b_i / sqrt(S_ii (1 - R^2) + b_i^2) */
#include "analysis/estimator.h"

#include "base/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SRC, SRRC, PCC, PRCC, R2, RANK_R2 };

static double weight_of(const uint32_t *weight, size_t row) { return weight ? (double)weight[row] : 1.0; }

/* Mean ranks of equal values. */
static void rank(const double *value, const uint32_t *order, const uint32_t *weight, size_t n, double *out)
{
    double before = 0.0;

    for (size_t i = 0, next; i < n; i = next) {
        double here = 0.0;
        for (next = i; next < n && value[order[next]] == value[order[i]]; next++)
            here += weight_of(weight, order[next]);
        for (size_t j = i; j < next; j++)
            out[order[j]] = before + 0.5 * (here + 1.0);
        before += here;
    }
}

/* Mean 0, mean square 1, times the root of the weight; false if it does not vary. */
static bool standardise(double *column, const uint32_t *weight, size_t n)
{
    double sum = 0.0, total = 0.0, squares = 0.0, largest = 0.0;

    for (size_t i = 0; i < n; i++) {
        sum += weight_of(weight, i) * column[i];
        total += weight_of(weight, i);
    }
    for (size_t i = 0; i < n; i++) {
        column[i] -= sum / total;
        squares += weight_of(weight, i) * column[i] * column[i];
        largest = fmax(largest, fabs(column[i]));
    }
    if (!(squares > 0.0) || largest < 1e-13 * fabs(sum / total))
        return false;
    for (size_t i = 0; i < n; i++)
        column[i] *= sqrt(weight_of(weight, i) / squares);
    return true;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum[4] = {0.0};
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++)
            sum[k] += a[i + (size_t)k] * b[i + (size_t)k];
    for (; i < n; i++)
        sum[0] += a[i] * b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* a [n][n], symmetric and positive definite, becomes its inverse, by Cholesky's factor. */
static bool invert(double *a, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        double d = a[j * n + j] - dot(a + j * n, a + j * n, j);
        if (!(d > 1e-12))
            return false;
        a[j * n + j] = sqrt(d);
        for (size_t i = j + 1; i < n; i++)
            a[i * n + j] = (a[i * n + j] - dot(a + i * n, a + j * n, j)) / a[j * n + j];
    }
    for (size_t j = 0; j < n; j++) { /* L^-1 in place */
        a[j * n + j] = 1.0 / a[j * n + j];
        for (size_t i = j + 1; i < n; i++) {
            double sum = 0.0;
            for (size_t k = j; k < i; k++)
                sum += a[i * n + k] * a[k * n + j];
            a[i * n + j] = -sum / a[i * n + i];
        }
    }
    for (size_t i = 0; i < n; i++) /* L^-T L^-1, row i of it from columns i and j of L^-1, which begin at j */
        for (size_t j = i; j < n; j++) {
            double sum = 0.0;
            for (size_t k = j; k < n; k++)
                sum += a[k * n + i] * a[k * n + j];
            a[i * n + j] = sum;
        }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            a[i * n + j] = a[j * n + i];
    return true;
}

/* z: [k + 1][n] columns, the last the endpoint; spoilt. */
static void regress(double *z, const uint32_t *weight, size_t n, int k, double *b, double *partial, double *r2)
{
    size_t m = (size_t)k;
    double *s = km_alloc(m * m, sizeof *s), *r = km_alloc(m, sizeof *r), rest = 1.0;
    bool good = true;

    for (size_t i = 0; i <= m; i++)
        good = standardise(z + i * n, weight, n) && good;
    for (size_t i = 0; i < m && good; i++) {
        for (size_t j = 0; j <= i; j++)
            s[i * m + j] = s[j * m + i] = dot(z + i * n, z + j * n, n);
        r[i] = dot(z + i * n, z + m * n, n);
    }
    good = good && invert(s, m);
    for (size_t i = 0; i < m && good; i++) {
        b[i] = dot(s + i * m, r, m);
        rest -= b[i] * r[i];
    }
    rest = fmax(rest, 0.0);
    for (size_t i = 0; i < m; i++) {
        double below = good ? sqrt(s[i * m + i] * rest + b[i] * b[i]) : 0.0;
        partial[i] = !good ? (double)NAN : below > 0.0 ? b[i] / below : 0.0;
        r2[i] = good ? 1.0 - rest : (double)NAN;
        b[i] = good ? b[i] : (double)NAN;
    }
    free(s), free(r);
}

static void estimate(const km_rows *r, const uint32_t *weight, double *out)
{
    size_t n = r->n, k = (size_t)r->k;
    double *z = km_alloc((k + 1) * n, sizeof *z);

    memcpy(z, r->x, k * n * sizeof *z);
    memcpy(z + k * n, r->y, n * sizeof *z);
    regress(z, weight, n, r->k, out + SRC * k, out + PCC * k, out + R2 * k);
    for (size_t f = 0; f < k; f++)
        rank(r->x + f * n, r->x_order + f * n, weight, n, z + f * n);
    rank(r->y, r->y_order, weight, n, z + k * n);
    regress(z, weight, n, r->k, out + SRRC * k, out + PRCC * k, out + RANK_R2 * k);
    free(z);
}

static const char *const columns[] = {"src", "src_low", "src_high", "srrc", "srrc_low", "srrc_high", "pcc", "pcc_low", "pcc_high",
                                      "prcc", "prcc_low", "prcc_high", "r2", "rank_r2", NULL};

const km_estimator km_regression_measures = {
    .column = columns,
    .sort_column = "prcc",
    .n_statistics = 4,
    .n_plain = 2,
    .least_rows = 16,
    .estimate = estimate,
};
