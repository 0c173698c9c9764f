#include "analysis/objective.h"

#include <math.h>

double km_objective_prior(int dim, const double *z)
{
    double sum = 0.0;

    for (int i = 0; i < dim; i++)
        sum += z[i] * z[i];
    return -0.5 * sum;
}

km_status km_objective_evaluate(const km_objective *t, size_t n, const double *z, double *out, km_diag *d)
{
    km_status st = t->log_likelihood(t->context, n, z, out, d);

    for (size_t i = 0; st == KM_OK && i < n; i++)
        if (isnan(out[i]))
            out[i] = -(double)INFINITY;
    return st;
}
