#include "analysis/posterior.h"

#include "analysis/likelihood.h"
#include "base/memory.h"
#include "points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PER_NODE = 8, N_EFFECTS = (KM_EFFECT_NODES - 1) * PER_NODE + 1, BLOCK = 256, MOST_SAMPLE = 20000 };
#define STREAM_PREDICT 32u

struct km_posterior {
    const km_fit *fit;
    km_arms *arms;
    int first, n; /* rows */
};

/* ---- parameters ---- */

void km_posterior_values(const km_fit *f, const double *z, double *theta)
{
    if (f->copula)
        km_copula_mix(f->copula, z, theta);
    for (int i = 0; i < f->n_free; i++)
        theta[i] = km_posterior_value(f, i, f->copula ? theta[i] : z[i]);
}

double km_posterior_value(const km_fit *f, int i, double score)
{
    return km_law_quantile(&f->free[i].law, fmin(fmax(km_normal_below(score), 1e-300), 1.0 - 0x1p-53));
}

void km_posterior_prior_scores(const km_fit *f, const double *z, double *score)
{
    if (f->copula)
        km_copula_mix(f->copula, z, score);
    else
        memcpy(score, z, (size_t)f->n_free * sizeof *score);
}

void km_posterior_candidate(const km_fit *f, double *score)
{
    if (f->copula)
        km_copula_unmix(f->copula, score);
}

/* By bisection: quantiles rise. */
void km_posterior_scores(const km_fit *f, const double *theta, double *z)
{
    for (int i = 0; i < f->n_free; i++) {
        const km_law *law = &f->free[i].law;
        double low = -9.0, high = 8.0;
        z[i] = (double)NAN;
        if (!(theta[i] >= law->low && theta[i] <= law->high))
            continue;
        for (int k = 0; k < 80; k++) {
            z[i] = 0.5 * (low + high);
            if (km_posterior_value(f, i, z[i]) < theta[i])
                low = z[i];
            else
                high = z[i];
        }
    }
    km_posterior_candidate(f, z);
}

/* ---- making ---- */

static km_status create(const km_fit *f, const km_engine_options *options, int first, int n, km_posterior **out, km_diag *d)
{
    km_posterior *p = km_alloc(1, sizeof *p);
    km_status st = KM_OK;

    *out = NULL;
    p->fit = f, p->first = first, p->n = n;
    KM_TRY(km_arms_create(f, options, first, n, &p->arms, d));
    *out = p;
    p = NULL;
done:
    km_posterior_destroy(p);
    return st;
}

km_status km_posterior_create(const km_fit *f, const km_engine_options *options, km_posterior **out, km_diag *d)
{
    return create(f, options, 0, f->n_fitted, out, d);
}

km_status km_posterior_create_held_out(const km_fit *f, const km_engine_options *options, km_posterior **out, km_diag *d)
{
    *out = NULL;
    if (f->n_rows == f->n_fitted)
        return km_diag_fail(d, KM_E_INPUT, "%s holds out no row that can be predicted", f->path);
    return create(f, options, f->n_fitted, f->n_rows - f->n_fitted, out, d);
}

void km_posterior_destroy(km_posterior *p)
{
    if (p == NULL)
        return;
    km_arms_destroy(p->arms);
    free(p);
}

size_t km_posterior_dimension(const km_posterior *p) { return (size_t)p->fit->n_free; }
const km_arms_facts *km_posterior_facts(const km_posterior *p) { return km_arms_facts_of(p->arms); }

/* ---- rows at an effect ---- */

/* What is known at the coarse nodes, at fine node k: the cubic through the four nearest. */
static double between_nodes(const double *node, int k)
{
    int i = k / PER_NODE, from = i - 1 < 0 ? 0 : i + 2 > KM_EFFECT_NODES - 1 ? KM_EFFECT_NODES - 4 : i - 1;
    double t = (double)k / PER_NODE - from, sum = 0.0;

    if (k % PER_NODE == 0)
        return node[i];
    for (int a = 0; a < 4; a++) {
        double weight = 1.0;
        for (int b = 0; b < 4; b++)
            weight *= b == a ? 1.0 : (t - b) / (a - b);
        sum += weight * node[from + a];
    }
    return sum;
}

static double from_logit(double x) { return 1.0 / (1.0 + exp(-x)); }

/* Standard error of a row's figure; of a difference over both arms, sd holds the factor 2. */
static double error_of(const km_fit_row *row, const km_row_prediction *q)
{
    return isnan(row->se) ? q->sd / sqrt(row->n) : row->se;
}

static bool is_normal(const km_fit_row *row)
{
    km_measure m = row->row->measure;

    return m <= KM_DIFFERENCE || m == KM_MEAN_MAX || m == KM_MEAN_RELAPSE_TIME;
}

/* A rate's count, or a median's interval, at fine node k. */
static double log_row(const km_fit_row *row, const km_row_prediction *q, int k)
{
    double low = from_logit(between_nodes(q->node[0], k)), high;
    int n = (int)row->n, middle = (n + 1) / 2;

    if (row->row->measure != KM_MEDIAN_RELAPSE_TIME)
        return km_log_binomial(floor(row->value * row->n / 100.0 + 0.5), row->n, low);
    high = fmax(from_logit(between_nodes(q->node[1], k)), low);
    return km_log_interval(km_order_statistic_below(middle, n, low), km_order_statistic_below(middle, n, high));
}

/* Residual of a normal row at effect b (fine node k). */
static double residual_of(const km_fit_row *row, const km_row_prediction *q, double b, int k)
{
    return row->value - (row->row->measure == KM_MEAN_RELAPSE_TIME ? between_nodes(q->node[0], k) : q->mean + q->slope * b);
}

/* Rows that are means of the same patients: of one study, arm and kind of figure. */
static bool same_patients(const km_fit_row *a, const km_fit_row *b)
{
    return a->study == b->study && a->value_of_output == b->value_of_output && strcmp(a->row->arm, b->row->arm) == 0 &&
           (a->row->measure == KM_MEAN_RELAPSE_TIME) == (b->row->measure == KM_MEAN_RELAPSE_TIME);
}

/* Log likelihood of one trial's rows given its effect; `row` lists them, `group` the first row of each one's patients. */
static double given_effect(const km_posterior *p, const int *row, const int *group, int n, const km_row_prediction *q, double b, int k)
{
    double sum = 0.0, r[64], s[64];

    for (int i = 0; i < n; i++) {
        const km_fit_row *one = &p->fit->row[p->first + row[i]];
        size_t m = 0;
        if (!is_normal(one)) {
            sum += log_row(one, &q[row[i]], k);
            continue;
        }
        if (group[i] != i)
            continue;
        for (int j = i; j < n; j++)
            if (group[j] == i && m < 64) {
                const km_fit_row *other = &p->fit->row[p->first + row[j]];
                r[m] = residual_of(other, &q[row[j]], b, k);
                s[m++] = error_of(other, &q[row[j]]);
            }
        sum += km_log_repeated(m, r, s, p->fit->repeated, p->fit->student);
    }
    return sum;
}

static double log_trial(const km_posterior *p, const int *row, const int *group, int n, const km_row_prediction *q, double between)
{
    double term[N_EFFECTS], step = (double)1 / PER_NODE;

    if (between <= 0.0)
        return given_effect(p, row, group, n, q, 0.0, N_EFFECTS / 2);
    for (int k = 0; k < N_EFFECTS; k++) {
        double x = (k - N_EFFECTS / 2) * step;
        term[k] = given_effect(p, row, group, n, q, x * between, k) + km_log_normal_density(x, 0.0, 1.0) + log(step);
    }
    return km_log_sum_exp(term, N_EFFECTS);
}

/* ---- candidates ---- */

/* Log likelihoods by trial of one candidate. */
static void by_trial(const km_posterior *p, const double *theta, const km_row_prediction *q, double *out)
{
    const km_fit *f = p->fit;
    double between = km_fit_number_of(&f->between, theta);
    int *row = km_alloc((size_t)p->n + 1, sizeof *row), *group = km_alloc((size_t)p->n + 1, sizeof *group);

    for (int s = 0; s < f->n_studies; s++) {
        int n = 0;
        for (int i = 0; i < p->n; i++)
            if (f->row[p->first + i].study == s) {
                group[n] = n;
                for (int j = n; j-- > 0;)
                    if (is_normal(&f->row[p->first + i]) && is_normal(&f->row[p->first + row[j]]) &&
                        same_patients(&f->row[p->first + i], &f->row[p->first + row[j]]))
                        group[n] = group[j];
                row[n++] = i;
            }
        out[s] = n ? log_trial(p, row, group, n, q, between) : 0.0;
        if (isnan(out[s]))
            out[s] = -(double)INFINITY;
    }
    free(row), free(group);
}

/* Calls `use` for each of n candidates with its values and predictions. */
typedef void (*use_candidate)(const km_posterior *p, size_t i, const double *theta, const km_row_prediction *q, bool good, void *context);

static km_status for_each(km_posterior *p, size_t n, const double *z, use_candidate use, void *context, km_diag *d)
{
    size_t dim = km_posterior_dimension(p), rows = (size_t)p->n;
    double *theta = NULL;
    km_row_prediction *q = NULL;
    bool good[BLOCK];
    km_status st = KM_OK;

    KM_TRY(km_array_create(BLOCK * dim, sizeof *theta, (void **)&theta, d));
    KM_TRY(km_array_create(BLOCK * rows, sizeof *q, (void **)&q, d));
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t here = n - at < BLOCK ? n - at : BLOCK;
        for (size_t i = 0; i < here; i++)
            km_posterior_values(p->fit, z + (at + i) * dim, theta + i * dim);
        KM_TRY(km_arms_predict(p->arms, here, theta, q, good, d));
        for (size_t i = 0; i < here; i++)
            use(p, at + i, theta + i * dim, q + i * rows, good[i], context);
    }
done:
    free(theta), free(q);
    return st;
}

typedef struct sums {
    double *total, *by_trial;
} sums;

static void add_up(const km_posterior *p, size_t i, const double *theta, const km_row_prediction *q, bool good, void *context)
{
    const sums *s = context;
    size_t n = (size_t)p->fit->n_studies;
    double *own = s->by_trial ? s->by_trial + i * n : km_alloc(n + 1, sizeof *own), sum = 0.0;

    if (good)
        by_trial(p, theta, q, own);
    for (size_t k = 0; k < n; k++) {
        own[k] = good ? own[k] : -(double)INFINITY;
        sum += own[k];
    }
    if (s->total)
        s->total[i] = sum;
    if (s->by_trial == NULL)
        free(own);
}

km_status km_posterior_evaluate(void *posterior, size_t n, const double *z, double *log_prior, double *log_likelihood, km_diag *d)
{
    km_posterior *p = posterior;
    size_t dim = km_posterior_dimension(p);
    sums s = {.total = log_likelihood};

    for (size_t i = 0; i < n; i++) {
        log_prior[i] = 0.0;
        for (size_t k = 0; k < dim; k++)
            log_prior[i] += km_log_normal_density(z[i * dim + k], 0.0, 1.0);
    }
    return for_each(p, n, z, add_up, &s, d);
}

km_status km_posterior_pointwise(km_posterior *p, size_t n, const double *z, double *out, km_diag *d)
{
    sums s = {.by_trial = out};

    return for_each(p, n, z, add_up, &s, d);
}

/* ---- predictions ---- */

typedef struct prediction {
    uint64_t seed;
    uint32_t index;
    double *expected, *observed;
} prediction;

/* Number k of a stream of its own for (candidate, what). */
static double uniform(const prediction *c, size_t candidate, uint32_t what, uint32_t k)
{
    const km_block b = km_philox((km_block){{c->index + (uint32_t)candidate, what, STREAM_PREDICT, k}}, c->seed);

    return ((double)b.x[0] + 0.5) * 0x1p-32;
}

/* The value at an effect, x sds of it, of what is known at the coarse nodes. */
static double at_effect(const double *node, double x)
{
    int k = (int)floor((x + KM_EFFECT_NODES / 2) * PER_NODE + 0.5);

    return between_nodes(node, k < 0 ? 0 : k > N_EFFECTS - 1 ? N_EFFECTS - 1 : k);
}

/* Points back into the row's own scale. */
static double in_own_scale(const km_fit_row *row, double x)
{
    km_measure m = row->row->measure;

    return !row->value_of_output && (m == KM_MEAN_SCORE || m == KM_MEAN_CHANGE || m == KM_DIFFERENCE) ? x / row->factor : x;
}

static double draw(const prediction *c, size_t i, const km_fit_row *row, const km_row_prediction *q, double between, double x, uint32_t what)
{
    km_measure m = row->row->measure;
    double count = 0.0, p;

    if (is_normal(row)) {
        double mean = m == KM_MEAN_RELAPSE_TIME ? (between > 0.0 ? at_effect(q->node[0], x) : q->mean) : q->mean + q->slope * between * x;
        return mean + error_of(row, q) * km_normal_quantile(uniform(c, i, what, 0));
    }
    if (m == KM_MEDIAN_RELAPSE_TIME)
        return q->mean + 1.2533 * q->sd / sqrt(row->n) * km_normal_quantile(uniform(c, i, what, 0)); /* sqrt(pi/2): as for a normal */
    p = from_logit(between > 0.0 ? at_effect(q->node[0], x) : q->node[0][KM_EFFECT_NODES / 2]);
    for (uint32_t k = 0; k < (uint32_t)fmin(row->n, MOST_SAMPLE); k++)
        count += uniform(c, i, what, k) < p;
    return 100.0 * count / row->n;
}

static void predict_one(const km_posterior *p, size_t i, const double *theta, const km_row_prediction *q, bool good, void *context)
{
    const prediction *c = context;
    double between = km_fit_number_of(&p->fit->between, theta);

    for (int k = 0; k < p->n; k++) {
        const km_fit_row *row = &p->fit->row[p->first + k];
        size_t at = i * (size_t)p->n + (size_t)k;
        double x = km_normal_quantile(uniform(c, i, (uint32_t)row->study, 0));
        if (c->expected)
            c->expected[at] = good ? in_own_scale(row, q[k].mean) : (double)NAN;
        if (c->observed)
            c->observed[at] = good ? in_own_scale(row, draw(c, i, row, &q[k], between, x, 1000000u + (uint32_t)(p->first + k))) : (double)NAN;
    }
}

km_status km_posterior_predict(km_posterior *p, size_t n, const double *z, uint64_t seed, uint32_t index, double *expected,
                               double *observed, km_diag *d)
{
    prediction c = {seed, index, expected, observed};

    return for_each(p, n, z, predict_one, &c, d);
}
