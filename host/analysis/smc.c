#include "analysis/smc.h"

#include "analysis/likelihood.h"
#include "analysis/matrix.h"
#include "analysis/streams.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FREEDOM = 5, ISLANDS = 8, MOST_MOVES = 30 };
static const double wanted_acceptance = 0.3, least_scale = 0.05, most_scale = 0.999;

void km_smc_create(int dim, const km_smc_options *options, km_smc *s)
{
    size_t n;

    *s = (km_smc){.options = *options, .dim = dim, .scale = most_scale};
    if (s->options.islands == 0)
        s->options.islands = ISLANDS;
    if (s->options.keep == 0.0)
        s->options.keep = 0.5;
    if (s->options.forget == 0.0)
        s->options.forget = 0.1;
    if (s->options.most_moves == 0)
        s->options.most_moves = MOST_MOVES;
    n = s->options.particles;
    s->z = km_alloc(n * (size_t)dim, sizeof *s->z);
    s->start = km_alloc(n * (size_t)dim, sizeof *s->start);
    s->log_likelihood = km_alloc(n, sizeof *s->log_likelihood);
    s->island = km_alloc((size_t)s->options.islands, sizeof *s->island);
}

void km_smc_destroy(km_smc *s) { free(s->z), free(s->start), free(s->log_likelihood), free(s->island); }

static size_t island_size(const km_smc *s) { return s->options.particles / (size_t)s->options.islands; }

/* ---- temperatures ---- */

/* The effective share of the particles after a step of beta. */
static double effective(const km_smc *s, double step)
{
    size_t n = s->options.particles;
    double most = -(double)INFINITY, sum = 0.0, squares = 0.0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, s->log_likelihood[i]);
    if (!isfinite(most))
        return 0.0;
    for (size_t i = 0; i < n; i++) {
        double w = isfinite(s->log_likelihood[i]) ? exp(step * (s->log_likelihood[i] - most)) : 0.0;
        sum += w;
        squares += w * w;
    }
    return sum * sum / squares / (double)n;
}

/* The largest step that leaves the wanted share, at most to beta = 1. Where less than that can be at all (most of the prior is
 * impossible), the share of what can. */
static double choose_step(const km_smc *s)
{
    double low = 0.0, high = 1.0 - s->beta, wanted, possible = 0.0;

    for (size_t i = 0; i < s->options.particles; i++)
        possible += isfinite(s->log_likelihood[i]) ? 1.0 : 0.0;
    wanted = s->options.keep * possible / (double)s->options.particles;
    if (effective(s, high) >= wanted)
        return high;
    for (int i = 0; i < 200 && high - low > 1e-12 * high; i++) {
        double middle = 0.5 * (low + high);
        *(effective(s, middle) >= wanted ? &low : &high) = middle;
    }
    return low > 0.0 ? low : high;
}

/* Systematic resampling of an island by log weights: `from` gets the row that each particle becomes. */
static void resample(const double *log_weight, size_t n, double offset, uint32_t *from)
{
    double total = km_log_sum_exp(log_weight, n), sum = 0.0;
    size_t row = 0;

    for (size_t i = 0; i < n; i++) {
        double at = ((double)i + offset) / (double)n;
        if (!isfinite(total)) {
            from[i] = (uint32_t)i; /* a dead island stays as it is, with an evidence of 0 */
            continue;
        }
        if (i == 0)
            sum = exp(log_weight[0] - total);
        while (sum < at && row + 1 < n)
            sum += exp(log_weight[++row] - total);
        while (!isfinite(log_weight[row]) && row > 0)
            row--; /* rounding at the end */
        from[i] = (uint32_t)row;
    }
}

/* Rows of z and log_likelihood are replaced by those of `from`, numbered from `first` on. */
static void take(km_smc *s, size_t first, size_t n, const uint32_t *from)
{
    size_t dim = (size_t)s->dim;
    double *z = km_alloc(n * dim, sizeof *z), *l = km_alloc(n, sizeof *l);

    for (size_t i = 0; i < n; i++) {
        memcpy(z + i * dim, s->z + from[i] * dim, dim * sizeof *z);
        l[i] = s->log_likelihood[from[i]];
    }
    memcpy(s->z + first * dim, z, n * dim * sizeof *z);
    memcpy(s->log_likelihood + first, l, n * sizeof *l);
    free(z), free(l);
}

static void next_stage(km_smc *s)
{
    size_t n = island_size(s);
    double step = choose_step(s), *weight = km_alloc(n, sizeof *weight);
    uint32_t *from = km_alloc(n, sizeof *from);

    for (int g = 0; g < s->options.islands; g++) {
        size_t first = (size_t)g * n;
        double offset = km_unit_of(km_draw_block(s->options.seed, KM_STREAM_SELECT, (km_u32)s->stage, (km_u32)g, 0).x[0]);
        for (size_t i = 0; i < n; i++)
            weight[i] = isfinite(s->log_likelihood[first + i]) ? step * s->log_likelihood[first + i] : -(double)INFINITY;
        s->island[g] += km_log_sum_exp(weight, n) - log((double)n);
        resample(weight, n, offset, from);
        for (size_t i = 0; i < n; i++)
            from[i] += (uint32_t)first;
        take(s, first, n, from);
    }
    s->beta = s->beta + step > 1.0 - 1e-12 ? 1.0 : s->beta + step;
    s->stage++;
    s->moves = 0;
    memcpy(s->start, s->z, s->options.particles * (size_t)s->dim * sizeof *s->z);
    free(weight), free(from);
}

/* ---- moves ---- */

typedef struct proposal {
    double *mean, *l; /* the cloud's, and its covariance's Cholesky factor */
} proposal;

static void fit(const km_smc *s, proposal *p)
{
    size_t dim = (size_t)s->dim;
    double *weight = km_alloc(s->options.particles, sizeof *weight);

    p->mean = km_alloc(dim, sizeof *p->mean);
    p->l = km_alloc(dim * dim, sizeof *p->l);
    for (size_t i = 0; i < s->options.particles; i++)
        weight[i] = isfinite(s->log_likelihood[i]) ? 1.0 : 0.0;
    for (double more = 1e-9;; more *= 100.0) { /* a cloud that is flat in some direction */
        km_moments(s->z, weight, s->options.particles, s->dim, p->mean, p->l);
        for (size_t j = 0; j < dim; j++)
            p->l[j * dim + j] += more * (1.0 + p->l[j * dim + j]);
        if (km_cholesky(p->l, s->dim) || more > 1e3)
            break;
    }
    free(weight);
}

/* (z - m)' C^-1 (z - m); room: [dim] */
static double distance(const proposal *p, int dim, const double *z, double *room)
{
    double sum = 0.0;

    for (int j = 0; j < dim; j++)
        room[j] = z[j] - p->mean[j];
    km_lower_solve(p->l, dim, room);
    for (int j = 0; j < dim; j++)
        sum += room[j] * room[j];
    return sum;
}

/* log of Student's t density, but for its constant */
static double log_reference(double distance, int dim) { return -0.5 * (FREEDOM + dim) * log1p(distance / FREEDOM); }

static void propose(const km_smc *s, const proposal *p, size_t i, double *out)
{
    int dim = s->dim, n_normals = 2 * dim + FREEDOM;
    double *room = km_alloc((size_t)(dim + n_normals), sizeof *room), *normal = room + dim, chi = 0.0, w, rho, *z = s->z + i * (size_t)dim;

    km_draw_normals(s->options.seed, KM_STREAM_MOVE, (km_u32)s->launches, (km_u32)i, n_normals, normal);
    for (int j = dim; j < n_normals; j++)
        chi += normal[j] * normal[j];
    w = sqrt((FREEDOM + distance(p, dim, z, room)) / chi); /* its square is inverse gamma, given z */
    rho = sqrt(1.0 - s->scale * s->scale);
    km_lower_multiply(p->l, dim, normal, room);
    for (int j = 0; j < dim; j++)
        out[j] = p->mean[j] + rho * (z[j] - p->mean[j]) + s->scale * w * room[j];
    free(room);
}

/* The largest correlation, over coordinates, of where particles are with where the stage began. */
static double remembered(const km_smc *s)
{
    size_t n = s->options.particles, dim = (size_t)s->dim;
    double most = 0.0;

    for (size_t j = 0; j < dim; j++) {
        double a = 0.0, b = 0.0, aa = 0.0, bb = 0.0, ab = 0.0, r;
        for (size_t i = 0; i < n; i++) {
            a += s->start[i * dim + j] / (double)n;
            b += s->z[i * dim + j] / (double)n;
        }
        for (size_t i = 0; i < n; i++) {
            double x = s->start[i * dim + j] - a, y = s->z[i * dim + j] - b;
            aa += x * x, bb += y * y, ab += x * y;
        }
        r = aa > 0.0 && bb > 0.0 ? ab / sqrt(aa * bb) : 0.0;
        most = fmax(most, r);
    }
    return most;
}

static km_status move(km_smc *s, const km_objective *target, km_diag *d)
{
    size_t n = s->options.particles, dim = (size_t)s->dim;
    double *candidate = km_alloc(n * dim, sizeof *candidate), *l = km_alloc(n, sizeof *l), *room = km_alloc(dim, sizeof *room);
    double accepted = 0.0;
    proposal p;
    km_status st;

    fit(s, &p);
    for (size_t i = 0; i < n; i++)
        propose(s, &p, i, candidate + i * dim);
    st = km_objective_evaluate(target, n, candidate, l, d);
    for (size_t i = 0; st == KM_OK && i < n; i++) {
        const double *from = s->z + i * dim, *to = candidate + i * dim;
        double u = km_unit_of(km_draw_block(s->options.seed, KM_STREAM_ACCEPT, (km_u32)s->launches, (km_u32)i, 0).x[0]);
        double gain = km_objective_prior(s->dim, to) - km_objective_prior(s->dim, from) + log_reference(distance(&p, s->dim, from, room), s->dim) -
                      log_reference(distance(&p, s->dim, to, room), s->dim);
        if (!isfinite(l[i]))
            continue;
        gain += isfinite(s->log_likelihood[i]) ? s->beta * (l[i] - s->log_likelihood[i]) : (double)INFINITY;
        accepted += fmin(1.0, exp(fmin(gain, 0.0)));
        if (log(u) < gain) {
            memcpy(s->z + i * dim, to, dim * sizeof *to);
            s->log_likelihood[i] = l[i];
        }
    }
    if (st == KM_OK) {
        s->acceptance = accepted / (double)n;
        s->moves++;
        s->scale = fmin(fmax(s->scale * exp((s->acceptance - wanted_acceptance) / sqrt((double)s->moves)), least_scale), most_scale);
    }
    free(candidate), free(l), free(room), free(p.mean), free(p.l);
    return st;
}

/* ---- the end ---- */

/* The evidence, and particles of all islands by theirs. */
static void finish(km_smc *s)
{
    size_t n = island_size(s), all = s->options.particles;
    int islands = s->options.islands;
    double mean = 0.0, squares = 0.0, total = km_log_sum_exp(s->island, (size_t)islands), *weight = km_alloc(all, sizeof *weight);
    uint32_t *from = km_alloc(all, sizeof *from);

    s->log_evidence = total - log((double)islands);
    for (int g = 0; g < islands; g++)
        mean += exp(s->island[g] - s->log_evidence) / islands; /* 1 */
    for (int g = 0; g < islands; g++)
        squares += (exp(s->island[g] - s->log_evidence) - mean) * (exp(s->island[g] - s->log_evidence) - mean);
    s->evidence_error = islands > 1 ? sqrt(squares / (islands - 1.0) / islands) : (double)NAN;
    for (size_t i = 0; i < all; i++)
        weight[i] = s->island[i / n];
    resample(weight, all, km_unit_of(km_draw_block(s->options.seed, KM_STREAM_SELECT, (km_u32)s->stage, (km_u32)islands, 0).x[0]), from);
    take(s, 0, all, from);
    s->is_done = true;
    free(weight), free(from);
}

static km_status begin(km_smc *s, const km_objective *target, km_diag *d)
{
    km_status st;

    for (size_t i = 0; i < s->options.particles; i++)
        km_draw_normals(s->options.seed, KM_STREAM_PRIOR, 0, (km_u32)i, s->dim, s->z + i * (size_t)s->dim);
    st = km_objective_evaluate(target, s->options.particles, s->z, s->log_likelihood, d);
    if (st == KM_OK && effective(s, 0.0) == 0.0)
        return km_diag_fail(d, KM_E_NUMERICS, "none of %zu candidates drawn from the priors has a likelihood: every one failed, or the data rule them "
                                              "all out; look at the priors' ranges", s->options.particles);
    return st;
}

km_status km_smc_step(km_smc *s, const km_objective *target, km_diag *d)
{
    km_status st = KM_OK;

    if (s->is_done)
        return KM_OK;
    st = s->stage == 0 ? begin(s, target, d) : move(s, target, d);
    if (st != KM_OK)
        return st;
    s->launches++;
    if (s->stage > 0 && s->moves < s->options.most_moves && remembered(s) > s->options.forget)
        return KM_OK;
    if (s->beta < 1.0)
        next_stage(s);
    else
        finish(s);
    return KM_OK;
}
