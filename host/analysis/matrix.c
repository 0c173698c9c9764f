#include "analysis/matrix.h"

#include <math.h>
#include <string.h>

bool km_cholesky(double *a, int n)
{
    for (int j = 0; j < n; j++) {
        double d = a[j * n + j];
        for (int k = 0; k < j; k++)
            d -= a[j * n + k] * a[j * n + k];
        if (!(d > 0.0) || !isfinite(d))
            return false;
        a[j * n + j] = sqrt(d);
        for (int i = j + 1; i < n; i++) {
            double sum = a[i * n + j];
            for (int k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = sum / a[j * n + j];
        }
    }
    return true;
}

void km_lower_multiply(const double *l, int n, const double *x, double *out)
{
    for (int i = 0; i < n; i++) {
        out[i] = 0.0;
        for (int k = 0; k <= i; k++)
            out[i] += l[i * n + k] * x[k];
    }
}

void km_lower_solve(const double *l, int n, double *b)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            b[i] -= l[i * n + k] * b[k];
        b[i] /= l[i * n + i];
    }
}

static void rotate(double *a, double *v, int n, int p, int q)
{
    double theta, t, c, s;

    if (a[p * n + q] == 0.0)
        return;
    theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
    t = (theta < 0.0 ? -1.0 : 1.0) / (fabs(theta) + sqrt(theta * theta + 1.0));
    c = 1.0 / sqrt(t * t + 1.0);
    s = t * c;
    for (int k = 0; k < n; k++) {
        double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
    }
    for (int k = 0; k < n; k++) {
        double x = a[p * n + k], y = a[q * n + k], z = v[k * n + p], w = v[k * n + q];
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
        v[k * n + p] = c * z - s * w;
        v[k * n + q] = s * z + c * w;
    }
}

void km_eigen(double *a, int n, double *value, double *vector)
{
    enum { SWEEPS = 60 };

    for (int i = 0; i < n * n; i++)
        vector[i] = i % (n + 1) == 0;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        double off = 0.0, on = 0.0;
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n; k++)
                *(i == k ? &on : &off) += a[i * n + k] * a[i * n + k];
        if (off <= 1e-30 * on)
            break;
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++)
                rotate(a, vector, n, p, q);
    }
    for (int i = 0; i < n; i++)
        value[i] = a[i * n + i];
}

void km_moments(const double *x, const double *weight, size_t n, int dim, double *mean, double *covariance)
{
    size_t m = (size_t)dim;
    double total = 0.0;

    memset(mean, 0, m * sizeof *mean);
    memset(covariance, 0, m * m * sizeof *covariance);
    for (size_t i = 0; i < n; i++) {
        double w = weight ? weight[i] : 1.0;
        total += w;
        for (size_t j = 0; j < m; j++)
            mean[j] += w * x[i * m + j];
    }
    for (size_t j = 0; j < m; j++)
        mean[j] /= total;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            for (size_t k = 0; k <= j; k++)
                covariance[j * m + k] += (weight ? weight[i] : 1.0) * (x[i * m + j] - mean[j]) * (x[i * m + k] - mean[k]) / total;
    for (size_t j = 0; j < m; j++)
        for (size_t k = j + 1; k < m; k++)
            covariance[j * m + k] = covariance[k * m + j];
}
