/* What samplers and optimisers are given: a log likelihood of many candidates at once, under a prior that is a standard
 * normal in every coordinate, independently. A parameter with another prior is its quantile where a standard normal has
 * z; so every coordinate is unbounded and of the same size, priors hold exactly, truncated ones too, and the evidence is
 * that of the parameters themselves. */
#ifndef KM_ANALYSIS_OBJECTIVE_H
#define KM_ANALYSIS_OBJECTIVE_H

#include "base/diag.h"

#include <stddef.h>

typedef struct km_objective {
    int dim;
    void *context;
    /* z: [n][dim]; out: [n], in nats, -INFINITY or NaN where a candidate cannot be. */
    km_status (*log_likelihood)(void *context, size_t n, const double *z, double *out, km_diag *d);
} km_objective;

/* -|z|^2 / 2: the log prior but for its constant. */
double km_objective_prior(int dim, const double *z);
/* Calls it, and makes NaN -INFINITY. */
km_status km_objective_evaluate(const km_objective *target, size_t n, const double *z, double *out, km_diag *d);

#endif
