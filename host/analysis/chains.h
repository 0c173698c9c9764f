/* Have chains converged, and how many independent draws are they worth: Vehtari, Gelman, Simpson, Carpenter and Buerkner,
 * Bayesian Analysis 16, 2021, 667-718. Chains are [n_chains] pointers to n draws each. NaN where there are too few draws (4
 * a chain after splitting) or they do not vary. */
#ifndef KM_ANALYSIS_CHAINS_H
#define KM_ANALYSIS_CHAINS_H

#include <stddef.h>

/* The larger of the rank-normalised split R-hat of the draws and of their distances from the median. */
double km_r_hat(const double *const *chain, int n_chains, size_t n);
/* Effective sample sizes of the centre (rank-normalised) and of the tails (the lesser of the 5 % and the 95 % quantile's). */
double km_ess_bulk(const double *const *chain, int n_chains, size_t n);
double km_ess_tail(const double *const *chain, int n_chains, size_t n);

#endif
