/* CMA-ES (Hansen, The CMA evolution strategy: a tutorial, arXiv:1604.00772), several of them at once: the generation of all
 * runs is one evaluation. A run may hold coordinates fixed (profiles) and begins anew with twice the offspring once it has
 * converged (Auger and Hansen, CEC 2005), until its evaluations are used up.
 *
 * It maximises the log likelihood, or with it the log prior; noise of a tolerance is no hindrance, since only the order of
 * offspring counts. A last run from the best, with a small step, is the local polish: gradients by differences would be
 * those of the solver's errors. */
#ifndef KM_ANALYSIS_CMAES_H
#define KM_ANALYSIS_CMAES_H

#include "analysis/objective.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct km_cmaes_options {
    int offspring;          /* of a run's generation; 0: 4 + 3 ln(dim) rounded down, or what fills a batch */
    bool with_prior;
    double sigma;           /* first step, 1 by default */
    double tolerance;       /* a run has converged when its generation's values differ by less, 1e-6 by default */
    uint64_t most_evaluations; /* of a run */
    int most_restarts;
    uint64_t seed;
} km_cmaes_options;

typedef struct km_cmaes_run km_cmaes_run;

typedef struct km_cmaes {
    km_cmaes_options options;
    int dim, n_runs;
    uint64_t generations, evaluations;
    km_cmaes_run *run;
} km_cmaes;

/* start: [n_runs][dim]; spread: [n_runs][dim] multiples of sigma per coordinate, 0 where it is fixed, or NULL: all 1. */
void km_cmaes_create(int dim, int n_runs, const double *start, const double *spread, const km_cmaes_options *options, km_cmaes *out);
void km_cmaes_destroy(km_cmaes *cmaes);

/* A generation of every run that is not done. *done: all are. */
km_status km_cmaes_step(km_cmaes *cmaes, const km_objective *target, bool *done, km_diag *d);

/* The best candidate of a run so far, borrowed, and its value; -INFINITY before there is one. */
const double *km_cmaes_best(const km_cmaes *cmaes, int run, double *value);
/* The run with the best of all. */
int km_cmaes_best_run(const km_cmaes *cmaes);

#endif
