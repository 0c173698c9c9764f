/* An ensemble of walkers that propose by each other, the second way to a posterior: nothing of it is shared with smc.h but
 * the likelihood. Half of the walkers move at a time by partners from the other half, so that a half is one evaluation
 * (Foreman-Mackey et al., PASP 125, 2013, 306-312): by differences of two partners (ter Braak, Stat. Comput. 16, 2006, 239-249),
 * one in ten of them a whole one, to change between modes, and one move in five by a stretch towards a partner (Goodman and
 * Weare, Comm. App. Math. Comp. Sci. 5, 2010, 65-80). Neither knows how the coordinates are scaled or correlated.
 *
 * A step is both halves. Walkers begin in the prior; of the steps so far the first half is left out by who reads them. */
#ifndef KM_ANALYSIS_ENSEMBLE_H
#define KM_ANALYSIS_ENSEMBLE_H

#include "analysis/objective.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct km_ensemble_options {
    int walkers; /* even, at least 2 dim + 2 */
    int thin;    /* steps between two that are kept, 1 by default */
    uint64_t seed;
} km_ensemble_options;

typedef struct km_ensemble {
    km_ensemble_options options;
    int dim;
    uint64_t steps;         /* so far; the start is none */
    bool has_begun;
    double accepted;        /* moves */
    double *z;              /* [walkers][dim] now */
    double *log_likelihood; /* [walkers] */
    size_t n_kept;
    double *kept;           /* [n_kept][walkers][dim] */
    double *kept_likelihood; /* [n_kept][walkers] */
} km_ensemble;

void km_ensemble_create(int dim, const km_ensemble_options *options, km_ensemble *out);
void km_ensemble_destroy(km_ensemble *ensemble);

km_status km_ensemble_step(km_ensemble *ensemble, const km_objective *target, km_diag *d);

/* Chain `walker` of coordinate `j` over the second half of what was kept: *n numbers, the caller's. */
double *km_ensemble_chain(const km_ensemble *ensemble, int walker, int j, size_t *n);

#endif
