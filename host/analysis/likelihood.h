/* Log likelihoods of what trials publish: means, counts, times known to an interval. Pure functions, in nats. */
#ifndef KM_ANALYSIS_LIKELIHOOD_H
#define KM_ANALYSIS_LIKELIHOOD_H

#include <stddef.h>

/* Densities at x; sd, scale > 0. Student's t: location-scale with `dof` degrees of freedom. */
double km_log_normal_density(double x, double mean, double sd);
double km_log_student_density(double x, double location, double scale, double dof);

/* k of n with probability p each. -inf where that cannot be. */
double km_log_binomial(double k, double n, double p);

/* What is known to lie between two points of a distribution function: log(high - low). -inf where there is nothing. */
double km_log_interval(double low, double high);

/* Share of samples of n whose k-th smallest is at or below a point with share p below it: P(Binomial(n, p) >= k),
 * 1 <= k <= n. */
double km_order_statistic_below(int k, int n, double p);

/* n means of the same patients, which err together: residuals r, each with standard error s, any two correlated by rho
 * (0 <= rho < 1). With dof > 0 the multivariate t of that scale and so many degrees of freedom, else normal. */
double km_log_repeated(size_t n, const double *r, const double *s, double rho, double dof);

/* Share of a normal below x. */
double km_normal_below(double x);

/* log(sum exp(x[i])); -inf of none, or where all are. */
double km_log_sum_exp(const double *x, size_t n);

#endif
