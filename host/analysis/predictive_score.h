/* How well would data be predicted that were left out: the expected log pointwise predictive density, by Pareto-smoothed
 * importance sampling (Vehtari, Gelman and Gabry, Stat. Comput. 27, 2017, 1413-1432; Vehtari et al., JMLR 25, 2024, 72) and WAIC
 * (Watanabe, JMLR 11, 2010, 3571-3594). A "point" is what is left out together: here a study, not a row. */
#ifndef KM_ANALYSIS_PREDICTIVE_SCORE_H
#define KM_ANALYSIS_PREDICTIVE_SCORE_H

#include <stddef.h>

/* Smooths the largest of n log weights in place, and scales all so that their exponentials sum to 1; returns Pareto's shape k:
 * above min(1 - 1/log10 n, 0.7) the weights are of no use; INFINITY where the tail has too few different ones. efficiency:
 * effective by actual draws, 1 of independent ones. */
double km_pareto_smooth(double *log_weight, size_t n, double efficiency);

typedef struct km_predictive_score {
    double elpd, standard_error, parameters; /* expected log density, its error, effective number of parameters */
    double worst_k;                          /* of all points; NaN of WAIC */
} km_predictive_score;

/* log_likelihood: [n_draws][n_points]. point: [n_points] of elpd, k: [n_points]; both may be NULL. */
void km_psis_loo(const double *log_likelihood, size_t n_draws, size_t n_points, double efficiency, double *point, double *k,
                 km_predictive_score *out);
void km_waic(const double *log_likelihood, size_t n_draws, size_t n_points, double *point, km_predictive_score *out);

#endif
