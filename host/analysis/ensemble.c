#include "analysis/ensemble.h"

#include "analysis/streams.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double stretch_share = 0.2, whole_share = 0.1, most_stretch = 2.0, jitter = 1e-5;

void km_ensemble_create(int dim, const km_ensemble_options *options, km_ensemble *e)
{
    *e = (km_ensemble){.options = *options, .dim = dim};
    if (e->options.thin == 0)
        e->options.thin = 1;
    e->z = km_alloc((size_t)e->options.walkers * (size_t)dim, sizeof *e->z);
    e->log_likelihood = km_alloc((size_t)e->options.walkers, sizeof *e->log_likelihood);
}

void km_ensemble_destroy(km_ensemble *e) { free(e->z), free(e->log_likelihood), free(e->kept), free(e->kept_likelihood); }

static size_t row_size(const km_ensemble *e) { return (size_t)e->options.walkers * (size_t)e->dim; }

static void keep(km_ensemble *e)
{
    size_t n = row_size(e), w = (size_t)e->options.walkers;

    e->kept = km_realloc(e->kept, (e->n_kept + 1) * n, sizeof *e->kept);
    e->kept_likelihood = km_realloc(e->kept_likelihood, (e->n_kept + 1) * w, sizeof *e->kept_likelihood);
    memcpy(e->kept + e->n_kept * n, e->z, n * sizeof *e->kept);
    memcpy(e->kept_likelihood + e->n_kept * w, e->log_likelihood, w * sizeof *e->kept_likelihood);
    e->n_kept++;
}

static km_status begin(km_ensemble *e, const km_objective *target, km_diag *d)
{
    size_t w = (size_t)e->options.walkers;
    double best = -(double)INFINITY;
    km_status st;

    for (size_t i = 0; i < w; i++)
        km_draw_normals(e->options.seed, KM_STREAM_PRIOR, 1, (km_u32)i, e->dim, e->z + i * (size_t)e->dim);
    st = km_objective_evaluate(target, w, e->z, e->log_likelihood, d);
    for (size_t i = 0; st == KM_OK && i < w; i++)
        best = fmax(best, e->log_likelihood[i]);
    if (st == KM_OK && !isfinite(best))
        return km_diag_fail(d, KM_E_NUMERICS, "none of %zu walkers drawn from the priors has a likelihood; look at the priors' ranges", w);
    e->has_begun = st == KM_OK;
    return st;
}

/* Walker i's proposal; returns the log of what its acceptance is multiplied by. */
static double propose(const km_ensemble *e, size_t i, km_u32 iteration, double *out)
{
    size_t half = (size_t)e->options.walkers / 2, other = i < half ? half : 0, dim = (size_t)e->dim;
    const km_block a = km_draw_block(e->options.seed, KM_STREAM_PARTNER, iteration, (km_u32)i, 0);
    size_t first = ((uint64_t)a.x[0] * half) >> 32, second = ((uint64_t)a.x[1] * (half - 1)) >> 32;
    const double *z = e->z + i * dim, *p, *q;

    second += second >= first;
    p = e->z + (other + first) * dim;
    q = e->z + (other + second) * dim;
    if (km_unit_of(a.x[2]) < stretch_share) {
        double u = km_unit_of(a.x[3]), root = (sqrt(most_stretch) - 1.0 / sqrt(most_stretch)) * u + 1.0 / sqrt(most_stretch), s = root * root;
        for (size_t j = 0; j < dim; j++)
            out[j] = p[j] + s * (z[j] - p[j]);
        return ((double)dim - 1.0) * log(s);
    }
    km_draw_normals(e->options.seed, KM_STREAM_MOVE, iteration, (km_u32)i, e->dim, out);
    for (size_t j = 0; j < dim; j++)
        out[j] = z[j] + (km_unit_of(a.x[3]) < whole_share ? 1.0 : 2.38 / sqrt(2.0 * (double)dim)) * (p[j] - q[j]) + jitter * out[j];
    return 0.0;
}

static km_status move_half(km_ensemble *e, size_t first, km_u32 iteration, const km_objective *target, km_diag *d)
{
    size_t n = (size_t)e->options.walkers / 2, dim = (size_t)e->dim;
    double *candidate = km_alloc(n * dim, sizeof *candidate), *l = km_alloc(n, sizeof *l), *factor = km_alloc(n, sizeof *factor);
    km_status st;

    for (size_t i = 0; i < n; i++)
        factor[i] = propose(e, first + i, iteration, candidate + i * dim);
    st = km_objective_evaluate(target, n, candidate, l, d);
    for (size_t i = 0; st == KM_OK && i < n; i++) {
        double *z = e->z + (first + i) * dim, *old = &e->log_likelihood[first + i];
        double u = km_unit_of(km_draw_block(e->options.seed, KM_STREAM_ACCEPT, iteration, (km_u32)(first + i), 0).x[0]);
        double gain = factor[i] + km_objective_prior(e->dim, candidate + i * dim) - km_objective_prior(e->dim, z);
        if (!isfinite(l[i]))
            continue;
        gain += isfinite(*old) ? l[i] - *old : (double)INFINITY;
        if (log(u) < gain) {
            memcpy(z, candidate + i * dim, dim * sizeof *z);
            *old = l[i];
            e->accepted += 1.0;
        }
    }
    free(candidate), free(l), free(factor);
    return st;
}

km_status km_ensemble_step(km_ensemble *e, const km_objective *target, km_diag *d)
{
    km_u32 iteration = (km_u32)(2 * e->steps);
    km_status st = KM_OK;

    if (!e->has_begun)
        return begin(e, target, d);
    KM_TRY(move_half(e, 0, iteration, target, d));
    KM_TRY(move_half(e, (size_t)e->options.walkers / 2, iteration + 1, target, d));
    e->steps++;
    if (e->steps % (uint64_t)e->options.thin == 0)
        keep(e);
done:
    return st;
}

double *km_ensemble_chain(const km_ensemble *e, int walker, int j, size_t *n)
{
    size_t first = e->n_kept / 2;
    double *out;

    *n = e->n_kept - first;
    out = km_alloc(*n + 1, sizeof *out);
    for (size_t i = 0; i < *n; i++)
        out[i] = e->kept[(first + i) * row_size(e) + (size_t)walker * (size_t)e->dim + (size_t)j];
    return out;
}
