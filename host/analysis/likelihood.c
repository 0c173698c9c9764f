#include "analysis/likelihood.h"

#include <math.h>

static const double log_two_pi = 1.8378770664093454836, log_pi = 1.1447298858494001741;

double km_log_normal_density(double x, double mean, double sd)
{
    double z = (x - mean) / sd;

    return -0.5 * (z * z + log_two_pi) - log(sd);
}

double km_log_student_density(double x, double location, double scale, double dof)
{
    double z = (x - location) / scale;

    return lgamma(0.5 * (dof + 1.0)) - lgamma(0.5 * dof) - 0.5 * (log(dof) + log_pi) - log(scale) -
           0.5 * (dof + 1.0) * log1p(z * z / dof);
}

double km_log_binomial(double k, double n, double p)
{
    double log_p = k > 0.0 ? k * log(p) : 0.0, log_q = n > k ? (n - k) * log1p(-p) : 0.0;

    if (!(p >= 0.0 && p <= 1.0) || k < 0.0 || k > n)
        return -(double)INFINITY;
    return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + log_p + log_q;
}

double km_log_interval(double low, double high) { return high > low ? log(high - low) : -(double)INFINITY; }

double km_order_statistic_below(int k, int n, double p)
{
    double sum = 0.0;

    if (p <= 0.0 || p >= 1.0)
        return p <= 0.0 ? 0.0 : 1.0;
    for (int i = k; i <= n; i++)
        sum += exp(km_log_binomial(i, n, p));
    return sum < 1.0 ? sum : 1.0;
}

double km_log_repeated(size_t n, const double *r, const double *s, double rho, double dof)
{
    double sum = 0.0, squares = 0.0, logs = 0.0, q, log_det, m = (double)n, together = 1.0 + (m - 1.0) * rho;

    for (size_t i = 0; i < n; i++) {
        sum += r[i] / s[i];
        squares += r[i] / s[i] * (r[i] / s[i]);
        logs += log(s[i]);
    }
    q = (squares - rho / together * sum * sum) / (1.0 - rho); /* Sherman and Morrison's inverse */
    log_det = 2.0 * logs + (m - 1.0) * log1p(-rho) + log(together);
    if (dof > 0.0)
        return lgamma(0.5 * (dof + m)) - lgamma(0.5 * dof) - 0.5 * (m * (log(dof) + log_pi) + log_det) -
               0.5 * (dof + m) * log1p(q / dof);
    return -0.5 * (q + m * log_two_pi + log_det);
}

double km_normal_below(double x) { return 0.5 * erfc(-x * sqrt(0.5)); }

double km_log_sum_exp(const double *x, size_t n)
{
    double most = -(double)INFINITY, sum = 0.0;

    for (size_t i = 0; i < n; i++)
        most = x[i] > most ? x[i] : most;
    if (!isfinite(most))
        return most;
    for (size_t i = 0; i < n; i++)
        sum += exp(x[i] - most);
    return most + log(sum);
}
