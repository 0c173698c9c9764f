#include "analysis/profile.h"

#include "analysis/cmaes.h"
#include "analysis/matrix.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double fall = 1.920729410347062; /* qchisq(0.95, 1) / 2 */

/* The draw to begin from: a good one, and near: its log likelihood less the square of its distance in the posterior's sd. */
static size_t nearest(const double *draws, const double *l, size_t n, int dim, int i, double z, double sd)
{
    double best = -(double)INFINITY;
    size_t at = 0;

    for (size_t k = 0; k < n; k++) {
        double off = (draws[k * (size_t)dim + (size_t)i] - z) / fmax(sd, 1e-6), score = l[k] - 2.0 * off * off;
        if (score > best) {
            best = score;
            at = k;
        }
    }
    return at;
}

/* Where coordinate j goes, on average, when coordinate i goes to z: the draws' regression. */
static void follow(const double *covariance, int dim, int i, double z, double *start)
{
    double step = z - start[i], variance = fmax(covariance[i * dim + i], 1e-12);

    for (int j = 0; j < dim; j++)
        start[j] = fmin(fmax(start[j] + covariance[i * dim + j] / variance * step, -4.0), 4.0);
    start[i] = z;
}

km_status km_profile(const km_objective *target, const double *draws, const double *l, size_t n_draws, const double *z, int n_points,
                     uint64_t evaluations, uint64_t seed, double *value, km_diag *d)
{
    int dim = target->dim, n = dim * n_points;
    size_t k = (size_t)dim;
    const km_cmaes_options o = {.sigma = 0.5, .tolerance = 1e-3, .most_evaluations = evaluations, .seed = seed};
    double *start = km_alloc((size_t)n * k, sizeof *start), *spread = km_alloc((size_t)n * k, sizeof *spread), *mean = km_alloc(k, sizeof *mean),
           *covariance = km_alloc(k * k, sizeof *covariance);
    bool done = false;
    km_cmaes c;
    km_status st = KM_OK;

    km_moments(draws, NULL, n_draws, dim, mean, covariance);
    for (int i = 0; i < dim; i++)
        for (int p = 0; p < n_points; p++) {
            size_t run = (size_t)i * (size_t)n_points + (size_t)p;
            double sd = sqrt(covariance[i * dim + i]);
            memcpy(start + run * k, draws + nearest(draws, l, n_draws, dim, i, z[p], sd) * k, k * sizeof *start);
            follow(covariance, dim, i, z[p], start + run * k);
            for (int j = 0; j < dim; j++)
                spread[run * k + (size_t)j] = j == i ? 0.0 : fmax(sqrt(covariance[j * dim + j]), 1e-3);
        }
    km_cmaes_create(dim, n, start, spread, &o, &c);
    while (!done && st == KM_OK)
        st = km_cmaes_step(&c, target, &done, d);
    for (int i = 0; i < n; i++)
        (void)km_cmaes_best(&c, i, &value[i]);
    km_cmaes_destroy(&c);
    free(start), free(spread), free(mean), free(covariance);
    return st;
}

km_profile_verdict km_profile_judge(const double *x, const double *value, int n, double *low, double *high)
{
    int best = 0;

    *low = *high = (double)NAN;
    for (int i = 1; i < n; i++)
        if (value[i] > value[best])
            best = i;
    for (int i = best; i > 0 && isnan(*low); i--)
        if (value[i] >= -fall && value[i - 1] < -fall)
            *low = isfinite(value[i - 1]) ? x[i] + (x[i - 1] - x[i]) * (value[i] + fall) / (value[i] - value[i - 1]) : x[i];
    for (int i = best; i + 1 < n && isnan(*high); i++)
        if (value[i] >= -fall && value[i + 1] < -fall)
            *high = isfinite(value[i + 1]) ? x[i] + (x[i + 1] - x[i]) * (value[i] + fall) / (value[i] - value[i + 1]) : x[i];
    if (!isnan(*low) && !isnan(*high))
        return KM_PROFILE_FINITE;
    return !isnan(*high) ? KM_PROFILE_ABOVE : !isnan(*low) ? KM_PROFILE_BELOW : KM_PROFILE_FLAT;
}
