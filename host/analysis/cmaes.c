#include "analysis/cmaes.h"

#include "analysis/matrix.h"
#include "analysis/streams.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A run works on its free coordinates, n of them. */
struct km_cmaes_run {
    int n, *free_at;             /* of the candidate's coordinates */
    double *start, *spread;      /* [dim] */
    int lambda, mu, restarts;
    double *weight, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, chi;
    double sigma, *mean, *path_sigma, *path_c, *covariance, *axis, *length; /* axis: eigenvectors, length: roots of eigenvalues */
    uint64_t generation, evaluations;
    double best, *best_at;       /* [dim] */
    bool done;
};

typedef struct ranked {
    double value;
    int index;
} ranked;

/* ---- a run ---- */

static void set_size(km_cmaes_run *r, int lambda)
{
    double sum = 0.0, squares = 0.0, n = r->n;

    r->lambda = lambda;
    r->mu = lambda / 2;
    free(r->weight);
    r->weight = km_alloc((size_t)r->mu, sizeof *r->weight);
    for (int i = 0; i < r->mu; i++)
        sum += r->weight[i] = log((lambda + 1.0) / 2.0) - log(i + 1.0);
    for (int i = 0; i < r->mu; i++) {
        r->weight[i] /= sum;
        squares += r->weight[i] * r->weight[i];
    }
    r->mu_eff = 1.0 / squares;
    r->c_sigma = (r->mu_eff + 2.0) / (n + r->mu_eff + 5.0);
    r->d_sigma = 1.0 + 2.0 * fmax(0.0, sqrt((r->mu_eff - 1.0) / (n + 1.0)) - 1.0) + r->c_sigma;
    r->c_c = (4.0 + r->mu_eff / n) / (n + 4.0 + 2.0 * r->mu_eff / n);
    r->c_1 = 2.0 / ((n + 1.3) * (n + 1.3) + r->mu_eff);
    r->c_mu = fmin(1.0 - r->c_1, 2.0 * (r->mu_eff - 2.0 + 1.0 / r->mu_eff) / ((n + 2.0) * (n + 2.0) + r->mu_eff));
    r->chi = sqrt(n) * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n));
}

static void reset(km_cmaes_run *r, double sigma)
{
    size_t n = (size_t)r->n;

    r->sigma = sigma;
    memset(r->path_sigma, 0, n * sizeof *r->path_sigma);
    memset(r->path_c, 0, n * sizeof *r->path_c);
    memset(r->covariance, 0, n * n * sizeof *r->covariance);
    memset(r->axis, 0, n * n * sizeof *r->axis);
    for (size_t i = 0; i < n; i++) {
        double s = r->spread[r->free_at[i]];
        r->mean[i] = r->start[r->free_at[i]];
        r->covariance[i * n + i] = s * s;
        r->axis[i * n + i] = 1.0;
        r->length[i] = s;
    }
    r->generation = 0;
}

static void make_run(km_cmaes_run *r, int dim, const double *start, const double *spread, const km_cmaes_options *o)
{
    size_t n;

    r->free_at = km_alloc((size_t)dim + 1, sizeof *r->free_at);
    r->start = km_alloc((size_t)dim, sizeof *r->start);
    r->spread = km_alloc((size_t)dim, sizeof *r->spread);
    r->best_at = km_alloc((size_t)dim, sizeof *r->best_at);
    for (int j = 0; j < dim; j++) {
        r->start[j] = r->best_at[j] = start[j];
        r->spread[j] = spread ? spread[j] : 1.0;
        if (r->spread[j] > 0.0)
            r->free_at[r->n++] = j;
    }
    n = (size_t)r->n;
    r->mean = km_alloc(n + 1, sizeof *r->mean);
    r->path_sigma = km_alloc(n + 1, sizeof *r->path_sigma);
    r->path_c = km_alloc(n + 1, sizeof *r->path_c);
    r->covariance = km_alloc(n * n + 1, sizeof *r->covariance);
    r->axis = km_alloc(n * n + 1, sizeof *r->axis);
    r->length = km_alloc(n + 1, sizeof *r->length);
    r->best = -(double)INFINITY;
    if (r->n > 0) {
        set_size(r, o->offspring > 3 ? o->offspring : 4 + (int)(3.0 * log(r->n)));
        reset(r, o->sigma);
    } else
        r->lambda = 1; /* nothing is free: its value alone */
}

static void free_run(km_cmaes_run *r)
{
    free(r->free_at), free(r->start), free(r->spread), free(r->weight), free(r->mean), free(r->path_sigma), free(r->path_c);
    free(r->covariance), free(r->axis), free(r->length), free(r->best_at);
}

void km_cmaes_create(int dim, int n_runs, const double *start, const double *spread, const km_cmaes_options *options, km_cmaes *c)
{
    *c = (km_cmaes){.options = *options, .dim = dim, .n_runs = n_runs, .run = km_alloc((size_t)n_runs, sizeof *c->run)};
    if (c->options.sigma == 0.0)
        c->options.sigma = 1.0;
    if (c->options.tolerance == 0.0)
        c->options.tolerance = 1e-6;
    for (int i = 0; i < n_runs; i++)
        make_run(&c->run[i], dim, start + (size_t)i * (size_t)dim, spread ? spread + (size_t)i * (size_t)dim : NULL, &c->options);
}

void km_cmaes_destroy(km_cmaes *c)
{
    for (int i = 0; i < c->n_runs; i++)
        free_run(&c->run[i]);
    free(c->run);
}

const double *km_cmaes_best(const km_cmaes *c, int run, double *value)
{
    *value = c->run[run].best;
    return c->run[run].best_at;
}

int km_cmaes_best_run(const km_cmaes *c)
{
    int best = 0;

    for (int i = 1; i < c->n_runs; i++)
        if (c->run[i].best > c->run[best].best)
            best = i;
    return best;
}

/* ---- a generation ---- */

/* candidate: [lambda][dim]; step: [lambda][n], of the covariance with sigma 1 */
static void sample(const km_cmaes *c, const km_cmaes_run *r, int number, double *candidate, double *step)
{
    int n = r->n, dim = c->dim;
    double *normal = km_alloc((size_t)n + 1, sizeof *normal);

    for (int k = 0; k < r->lambda; k++) {
        double *x = candidate + (size_t)k * (size_t)dim, *y = step + (size_t)k * (size_t)n;
        memcpy(x, r->start, (size_t)dim * sizeof *x);
        if (n > 0)
            km_draw_normals(c->options.seed, KM_STREAM_MOVE, (km_u32)c->generations, (km_u32)(number * 65536 + k), n, normal);
        for (int i = 0; i < n; i++) {
            y[i] = 0.0;
            for (int m = 0; m < n; m++)
                y[i] += r->axis[i * n + m] * r->length[m] * normal[m];
            x[r->free_at[i]] = r->mean[i] + r->sigma * y[i];
        }
    }
    free(normal);
}

/* Largest first; what cannot be last. */
static int by_value(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    return x->value < y->value ? 1 : x->value > y->value ? -1 : x->index - y->index;
}

static void decompose(km_cmaes_run *r)
{
    size_t n = (size_t)r->n;
    double *copy = km_alloc(n * n, sizeof *copy), most = 0.0;

    memcpy(copy, r->covariance, n * n * sizeof *copy);
    km_eigen(copy, r->n, r->length, r->axis);
    for (size_t i = 0; i < n; i++)
        most = fmax(most, r->length[i]);
    for (size_t i = 0; i < n; i++)
        r->length[i] = sqrt(fmax(r->length[i], 1e-14 * most));
    free(copy);
}

static void update(km_cmaes_run *r, const ranked *order, const double *step)
{
    int n = r->n;
    double *y = km_alloc((size_t)n, sizeof *y), *white = km_alloc((size_t)n, sizeof *white), norm = 0.0, h, keep;

    for (int k = 0; k < r->mu; k++)
        for (int i = 0; i < n; i++)
            y[i] += r->weight[k] * step[order[k].index * n + i];
    for (int i = 0; i < n; i++)
        r->mean[i] += r->sigma * y[i];
    for (int m = 0; m < n; m++) { /* C^-1/2 y */
        double along = 0.0;
        for (int i = 0; i < n; i++)
            along += r->axis[i * n + m] * y[i];
        for (int i = 0; i < n; i++)
            white[i] += r->axis[i * n + m] * along / r->length[m];
    }
    for (int i = 0; i < n; i++) {
        r->path_sigma[i] = (1.0 - r->c_sigma) * r->path_sigma[i] + sqrt(r->c_sigma * (2.0 - r->c_sigma) * r->mu_eff) * white[i];
        norm += r->path_sigma[i] * r->path_sigma[i];
    }
    norm = sqrt(norm);
    h = norm / sqrt(1.0 - pow(1.0 - r->c_sigma, 2.0 * (double)(r->generation + 1))) < (1.4 + 2.0 / (n + 1.0)) * r->chi ? 1.0 : 0.0;
    for (int i = 0; i < n; i++)
        r->path_c[i] = (1.0 - r->c_c) * r->path_c[i] + h * sqrt(r->c_c * (2.0 - r->c_c) * r->mu_eff) * y[i];
    keep = 1.0 - r->c_1 - r->c_mu + (1.0 - h) * r->c_1 * r->c_c * (2.0 - r->c_c);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0.0;
            for (int k = 0; k < r->mu; k++)
                sum += r->weight[k] * step[order[k].index * n + i] * step[order[k].index * n + j];
            r->covariance[i * n + j] = keep * r->covariance[i * n + j] + r->c_1 * r->path_c[i] * r->path_c[j] + r->c_mu * sum;
        }
    r->sigma *= exp(fmin(1.0, r->c_sigma / r->d_sigma * (norm / r->chi - 1.0)));
    r->generation++;
    decompose(r);
    free(y), free(white);
}

/* Anew with twice the offspring from where it began, or done. */
static void end_or_restart(const km_cmaes *c, km_cmaes_run *r, bool converged)
{
    if (r->evaluations >= c->options.most_evaluations || (converged && r->restarts >= c->options.most_restarts)) {
        r->done = true;
    } else if (converged) {
        r->restarts++;
        set_size(r, 2 * r->lambda);
        reset(r, c->options.sigma);
    }
}

static void learn(const km_cmaes *c, km_cmaes_run *r, const double *candidate, const double *step, const double *value)
{
    ranked *order = km_alloc((size_t)r->lambda, sizeof *order);
    double range, longest = 0.0;

    for (int k = 0; k < r->lambda; k++)
        order[k] = (ranked){value[k], k};
    qsort(order, (size_t)r->lambda, sizeof *order, by_value);
    r->evaluations += (uint64_t)r->lambda;
    if (order[0].value > r->best) {
        r->best = order[0].value;
        memcpy(r->best_at, candidate + (size_t)order[0].index * (size_t)c->dim, (size_t)c->dim * sizeof *r->best_at);
    }
    if (r->n == 0) {
        r->done = true;
        free(order);
        return;
    }
    if (isfinite(order[0].value))
        update(r, order, step);
    for (int i = 0; i < r->n; i++)
        longest = fmax(longest, r->length[i]);
    range = order[0].value - order[r->lambda - 1].value;
    end_or_restart(c, r, (isfinite(range) && range < c->options.tolerance) || r->sigma * longest < 1e-10);
    free(order);
}

km_status km_cmaes_step(km_cmaes *c, const km_objective *target, bool *done, km_diag *d)
{
    size_t n = 0, at = 0, dim = (size_t)c->dim;
    double *candidate, *step, *value;
    km_status st = KM_OK;

    for (int i = 0; i < c->n_runs; i++)
        n += c->run[i].done ? 0 : (size_t)c->run[i].lambda;
    candidate = km_alloc(n * dim + 1, sizeof *candidate), step = km_alloc(n * dim + 1, sizeof *step), value = km_alloc(n + 1, sizeof *value);
    for (int i = 0; i < c->n_runs; i++) {
        if (c->run[i].done)
            continue;
        sample(c, &c->run[i], i, candidate + at * dim, step + at * dim);
        at += (size_t)c->run[i].lambda;
    }
    if (n > 0)
        KM_TRY(km_objective_evaluate(target, n, candidate, value, d));
    for (size_t k = 0; c->options.with_prior && k < n; k++)
        value[k] += km_objective_prior(c->dim, candidate + k * dim);
    at = 0;
    *done = true;
    for (int i = 0; i < c->n_runs; i++) {
        size_t size = (size_t)c->run[i].lambda;
        if (c->run[i].done)
            continue;
        learn(c, &c->run[i], candidate + at * dim, step + at * dim, value + at);
        at += size;
        *done = *done && c->run[i].done;
    }
    c->generations++;
    c->evaluations += n;
done:
    free(candidate), free(step), free(value);
    return st;
}
