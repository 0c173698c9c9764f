/* Profile likelihoods (Raue et al., Bioinformatics 25, 2009, 1923-1929): a parameter is held at each of some values, and all
 * others are chosen as well as can be. Where the likelihood falls by 1.92 (half the 95 % quantile of chi^2 with one degree
 * of freedom) is the edge of its interval; where it never does within the prior's range, the data do not bound it. */
#ifndef KM_ANALYSIS_PROFILE_H
#define KM_ANALYSIS_PROFILE_H

#include "analysis/objective.h"
#include "store/fit_results.h"

#include <stdint.h>

/* draws: [n_draws][dim], the posterior's, with their log likelihoods: where to begin, and how far to step. z: [n_points] at
 * which every coordinate is held, ascending. value: [dim][n_points], the largest log likelihoods found. evaluations: of
 * each of the dim * n_points maximisations, which run side by side. */
km_status km_profile(const km_objective *target, const double *draws, const double *log_likelihood, size_t n_draws, const double *z, int n_points,
                     uint64_t evaluations, uint64_t seed, double *value, km_diag *d);

/* value: [n], log likelihoods less the largest of all, at x ascending. Where they cross -1.92, between points linearly;
 * NaN where they do not. */
km_profile_verdict km_profile_judge(const double *x, const double *value, int n, double *low, double *high);

#endif
