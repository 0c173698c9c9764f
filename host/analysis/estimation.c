#include "analysis/estimation.h"

#include "analysis/chains.h"
#include "analysis/cmaes.h"
#include "analysis/differential_evolution.h"
#include "analysis/ensemble.h"
#include "analysis/likelihood.h"
#include "analysis/matrix.h"
#include "analysis/predictive_score.h"
#include "analysis/profile.h"
#include "analysis/smc.h"
#include "analysis/streams.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double first_sigma = 0.5, polish_sigma = 0.05, tolerance = 1e-3, polish_tolerance = 1e-4, half_a_nat = 0.5;

/* ---- evaluations ---- */

typedef struct session {
    const km_fit *fit;
    const km_estimation *how;
    const km_estimation_watch *watch;
    km_posterior *posterior;
    km_evaluation_log *log;
    const char *stage;
    uint64_t evaluations;
    km_objective target;
} session;

static km_status evaluate(void *context, size_t n, const double *z, double *out, km_diag *d)
{
    session *s = context;
    size_t bytes = n * (size_t)s->fit->n_free * sizeof *z;
    double *prior = km_alloc(n + 1, sizeof *prior);
    bool had = false;
    km_status st = KM_OK;

    KM_TRY(km_evaluation_log_take(s->log, z, bytes, n, out, &had, d));
    if (!had) {
        if (s->watch->stop(s->watch->context))
            KM_FAIL(d, KM_E_INTERRUPTED, "interrupted; what was computed is in %s, the same command goes on from there", s->log->path);
        KM_TRY(km_posterior_evaluate(s->posterior, n, z, prior, out, d));
        KM_TRY(km_evaluation_log_add(s->log, z, bytes, n, out, d));
    }
    s->evaluations += n;
done:
    free(prior);
    return st;
}

static void say(const session *s, const char *words) { s->watch->say(s->watch->context, s->stage, s->evaluations, words); }

static km_status open_session(session *s, const km_fit *fit, const km_estimation *how, const km_engine_options *options, km_evaluation_log *log,
                              const km_estimation_watch *watch, km_diag *d)
{
    *s = (session){.fit = fit, .how = how, .watch = watch, .log = log, .stage = "building"};
    s->target = (km_objective){fit->n_free, s, evaluate};
    return km_posterior_create(fit, options, &s->posterior, d);
}

/* ---- the best candidate ---- */

static km_status run_cmaes(session *s, km_cmaes *c, km_diag *d)
{
    bool done = false;
    km_status st = KM_OK;

    while (!done && st == KM_OK) {
        char words[64];
        double best;
        st = km_cmaes_step(c, &s->target, &done, d);
        (void)km_cmaes_best(c, km_cmaes_best_run(c), &best);
        snprintf(words, sizeof words, "best %.2f", best);
        if (st == KM_OK)
            say(s, words);
    }
    return st;
}

/* From several starts; agree: how many of them come to the same. */
static km_status by_cmaes(session *s, double *z, double *value, int *agree, km_diag *d)
{
    int k = s->fit->n_free, n = s->how->starts;
    const km_cmaes_options o = {.with_prior = true, .sigma = first_sigma, .tolerance = tolerance, .most_evaluations = s->how->evaluations,
                                .seed = s->how->seed};
    double *start = km_alloc((size_t)n * (size_t)k, sizeof *start), one;
    km_cmaes c;
    km_status st;

    for (int i = 0; i < n; i++)
        km_draw_normals(s->how->seed, KM_STREAM_PRIOR, 2, (km_u32)i, k, start + (size_t)i * (size_t)k);
    memset(start, 0, (size_t)k * sizeof *start); /* the first start: the priors' medians */
    km_cmaes_create(k, n, start, NULL, &o, &c);
    st = run_cmaes(s, &c, d);
    memcpy(z, km_cmaes_best(&c, km_cmaes_best_run(&c), value), (size_t)k * sizeof *z);
    *agree = 0;
    for (int i = 0; i < n; i++) {
        (void)km_cmaes_best(&c, i, &one);
        *agree += one > *value - half_a_nat;
    }
    km_cmaes_destroy(&c);
    free(start);
    return st;
}

static km_status by_evolution(session *s, double *z, double *value, km_diag *d)
{
    const km_evolution_options o = {.with_prior = true, .tolerance = tolerance, .most_evaluations = s->how->evaluations, .seed = s->how->seed};
    bool done = false;
    km_evolution e;
    km_status st = KM_OK;

    km_evolution_create(s->fit->n_free, &o, &e);
    while (!done && st == KM_OK) {
        char words[64];
        st = km_evolution_step(&e, &s->target, &done, d);
        snprintf(words, sizeof words, "best %.2f", e.value[e.best]);
        if (st == KM_OK)
            say(s, words);
    }
    *value = e.value[e.best];
    memcpy(z, e.z + (size_t)e.best * (size_t)e.dim, (size_t)e.dim * sizeof *z);
    km_evolution_destroy(&e);
    return st;
}

/* From the best so far with a small step. */
static km_status polish(session *s, double *z, double *value, km_diag *d)
{
    const km_cmaes_options o = {.with_prior = true, .sigma = polish_sigma, .tolerance = polish_tolerance, .most_evaluations = s->how->evaluations,
                                .seed = s->how->seed + 1};
    const double *best;
    double found;
    km_cmaes c;
    km_status st;

    km_cmaes_create(s->fit->n_free, 1, z, NULL, &o, &c);
    st = run_cmaes(s, &c, d);
    best = km_cmaes_best(&c, 0, &found);
    if (found > *value) {
        memcpy(z, best, (size_t)s->fit->n_free * sizeof *z);
        *value = found;
    }
    km_cmaes_destroy(&c);
    return st;
}

/* z: [n_free]. value: log likelihood and log prior (but for its constant) together. */
static km_status optimise(session *s, double *z, double *value, int *agree, km_diag *d)
{
    km_status st = KM_OK;

    s->stage = "best candidate";
    *agree = 1;
    KM_TRY(s->how->evolution ? by_evolution(s, z, value, d) : by_cmaes(s, z, value, agree, d));
    if (!isfinite(*value))
        KM_FAIL(d, KM_E_NUMERICS, "no candidate has a likelihood: every one failed, or the data rule them all out; look at the priors' ranges");
    KM_TRY(polish(s, z, value, d));
done:
    return st;
}

/* ---- the posterior ---- */

static double largest(const double *x, size_t n)
{
    double most = -(double)INFINITY;

    for (size_t i = 0; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

static km_status run_smc(session *s, km_smc *smc, km_diag *d)
{
    const km_smc_options o = {.particles = s->how->particles, .seed = s->how->seed};
    km_status st = KM_OK;

    s->stage = "posterior";
    km_smc_create(s->fit->n_free, &o, smc);
    while (!smc->is_done && st == KM_OK) {
        char words[128];
        st = km_smc_step(smc, &s->target, d);
        snprintf(words, sizeof words, "temperature %.4f, stage %d, acceptance %.2f, best log likelihood %.2f", smc->beta, smc->stage, smc->acceptance,
                 largest(smc->log_likelihood, o.particles));
        if (st == KM_OK)
            say(s, words);
    }
    return st;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Of ascending numbers, by linear interpolation. */
static double quantile(const double *x, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;

    return i + 1 < n ? x[i] + (at - (double)i) * (x[i + 1] - x[i]) : x[n - 1];
}

static const double three[] = {0.025, 0.5, 0.975};

static void describe_parameter(const km_fit *fit, int i, km_fitted *p)
{
    const km_free *f = &fit->free[i];

    *p = (km_fitted){.name = km_strdup(f->name), .unit = km_strdup(f->unit), .about = km_strdup(f->about ? f->about : ""),
                     .mode = NAN, .mean = NAN, .sd = NAN, .posterior = {NAN, NAN, NAN}, .learned = NAN, .shift = NAN, .ensemble_mean = NAN, .ensemble_sd = NAN,
                     .r_hat = NAN, .ess_bulk = NAN, .ess_tail = NAN, .profile_low = NAN, .profile_high = NAN};
    for (int k = 0; k < 3; k++)
        p->prior[k] = km_law_quantile(&f->law, three[k]);
}

/* Of candidates z[n][n_free]; caller frees. */
static double *scores_of(const km_fit *fit, const double *z, size_t n)
{
    size_t k = (size_t)fit->n_free;
    double *score = km_alloc(n * k, sizeof *score);

    for (size_t i = 0; i < n; i++)
        km_posterior_prior_scores(fit, z + i * k, score + i * k);
    return score;
}

/* Values, means, quantiles of draws z[n][n_free]. */
static void describe_draws(const km_fit *fit, const km_smc *smc, km_fit_results *r)
{
    size_t n = smc->options.particles, k = (size_t)fit->n_free;
    double *column = km_alloc(n, sizeof *column), *score = scores_of(fit, smc->z, n);

    r->n_draws = n;
    r->draw = km_alloc(n * k, sizeof *r->draw);
    r->draw_log_likelihood = km_alloc(n, sizeof *r->draw_log_likelihood);
    memcpy(r->draw_log_likelihood, smc->log_likelihood, n * sizeof *column);
    for (size_t i = 0; i < n; i++)
        km_posterior_values(fit, smc->z + i * k, r->draw + i * k);
    for (size_t j = 0; j < k; j++) {
        km_fitted *p = &r->parameter[j];
        double mean, variance;
        for (size_t i = 0; i < n; i++)
            column[i] = score[i * k + j];
        km_moments(column, NULL, n, 1, &mean, &variance);
        p->learned = 1.0 - variance;
        p->shift = mean;
        for (size_t i = 0; i < n; i++)
            column[i] = r->draw[i * k + j];
        km_moments(column, NULL, n, 1, &p->mean, &variance);
        p->sd = sqrt(variance);
        qsort(column, n, sizeof *column, by_size);
        for (int q = 0; q < 3; q++)
            p->posterior[q] = quantile(column, n, three[q]);
    }
    r->log_evidence = smc->log_evidence;
    r->evidence_error = smc->evidence_error;
    r->stages = smc->stage;
    free(column), free(score);
}

/* ---- the second sampler ---- */

/* Values of a walker's chain of parameter j, in its unit. */
static double *chain_of_values(const session *s, const km_ensemble *e, int walker, int j, size_t *n)
{
    const km_copula *c = s->fit->copula;
    double *x = km_ensemble_chain(e, walker, j, n);

    for (size_t i = 0; c && i < *n; i++)
        x[i] *= km_copula_weight(c, j, j);
    for (int k = 0; c && k < j; k++) { /* the score is a sum of the coordinates up to its own */
        double *other = km_copula_weight(c, j, k) != 0.0 ? km_ensemble_chain(e, walker, k, n) : NULL;
        for (size_t i = 0; other && i < *n; i++)
            x[i] += km_copula_weight(c, j, k) * other[i];
        free(other);
    }
    for (size_t i = 0; i < *n; i++)
        x[i] = km_posterior_value(s->fit, j, x[i]);
    return x;
}

static void describe_chains(const session *s, const km_ensemble *e, km_fit_results *r)
{
    int walkers = e->options.walkers;
    double **chain = km_alloc((size_t)walkers, sizeof *chain);

    for (int j = 0; j < s->fit->n_free; j++) {
        km_fitted *p = &r->parameter[j];
        double sum = 0.0, squares = 0.0, total = 0.0;
        size_t n = 0;
        for (int w = 0; w < walkers; w++) {
            chain[w] = chain_of_values(s, e, w, j, &n);
            for (size_t i = 0; i < n; i++)
                sum += chain[w][i];
            total += (double)n;
        }
        for (int w = 0; w < walkers; w++)
            for (size_t i = 0; i < n; i++)
                squares += (chain[w][i] - sum / total) * (chain[w][i] - sum / total);
        p->ensemble_mean = sum / total;
        p->ensemble_sd = sqrt(squares / total);
        p->r_hat = km_r_hat((const double *const *)chain, walkers, n);
        p->ess_bulk = km_ess_bulk((const double *const *)chain, walkers, n);
        p->ess_tail = km_ess_tail((const double *const *)chain, walkers, n);
        r->n_ensemble = (size_t)total;
        for (int w = 0; w < walkers; w++)
            free(chain[w]);
    }
    free(chain);
}

static km_status run_ensemble(session *s, km_fit_results *r, km_diag *d)
{
    const km_ensemble_options o = {.walkers = s->how->walkers, .thin = s->how->thin, .seed = s->how->seed};
    km_ensemble e;
    km_status st = KM_OK;

    s->stage = "second sampler";
    km_ensemble_create(s->fit->n_free, &o, &e);
    for (int i = 0; i <= s->how->steps && st == KM_OK; i++) {
        char words[128];
        st = km_ensemble_step(&e, &s->target, d);
        snprintf(words, sizeof words, "step %d of %d, acceptance %.2f, best log likelihood %.2f", i, s->how->steps,
                 i ? e.accepted / ((double)i * o.walkers) : 0.0, largest(e.log_likelihood, (size_t)o.walkers));
        if (st == KM_OK)
            say(s, words);
    }
    if (st == KM_OK)
        describe_chains(s, &e, r);
    km_ensemble_destroy(&e);
    return st;
}

/* ---- profiles ---- */

/* A parameter is held by its score: the objective over scores instead of candidates. */
static km_status evaluate_scores(void *context, size_t n, const double *score, double *out, km_diag *d)
{
    session *s = context;
    size_t k = (size_t)s->fit->n_free;
    double *z = km_alloc(n * k, sizeof *z);
    km_status st;

    memcpy(z, score, n * k * sizeof *z);
    for (size_t i = 0; i < n; i++)
        km_posterior_candidate(s->fit, z + i * k);
    st = evaluate(s, n, z, out, d);
    free(z);
    return st;
}

static km_status run_profiles(session *s, const km_smc *smc, km_fit_results *r, km_diag *d)
{
    int k = s->fit->n_free, n = s->how->profile_points;
    double z[KM_PROFILE_POINTS], *value = km_alloc((size_t)k * (size_t)n, sizeof *value), best = -(double)INFINITY,
           *score = scores_of(s->fit, smc->z, smc->options.particles);
    const km_objective target = {k, s, evaluate_scores};
    km_status st = KM_OK;

    s->stage = "profiles";
    for (int i = 0; i < n; i++)
        z[i] = km_normal_quantile((i + 0.5) / n); /* equal shares of the prior */
    KM_TRY(km_profile(&target, score, smc->log_likelihood, smc->options.particles, z, n, s->how->profile_evaluations, s->how->seed, value, d));
    for (size_t i = 0; i < smc->options.particles; i++)
        best = fmax(best, smc->log_likelihood[i]);
    for (int i = 0; i < k * n; i++)
        best = fmax(best, value[i]);
    best = fmax(best, r->mode_log_likelihood);
    r->n_profile = n;
    for (int i = 0; i < k; i++) {
        km_fitted *p = &r->parameter[i];
        p->profile_value = km_alloc((size_t)n, sizeof *p->profile_value);
        p->profile_log = km_alloc((size_t)n, sizeof *p->profile_log);
        for (int q = 0; q < n; q++) {
            p->profile_value[q] = km_law_quantile(&s->fit->free[i].law, km_normal_below(z[q]));
            p->profile_log[q] = value[i * n + q] - best;
        }
        p->verdict = km_profile_judge(p->profile_value, p->profile_log, n, &p->profile_low, &p->profile_high);
    }
done:
    free(value), free(score);
    return st;
}

/* ---- predictions ---- */

static void describe_rows(const km_fit *fit, km_fit_results *r)
{
    r->n_rows = fit->n_rows;
    r->n_fitted = fit->n_fitted;
    r->row = km_alloc((size_t)fit->n_rows + 1, sizeof *r->row);
    for (int i = 0; i < fit->n_rows; i++) {
        const km_fit_row *w = &fit->row[i];
        r->row[i] = (km_fitted_row){.study = km_strdup(w->row->study), .arm = km_strdup(w->row->arm), .kind = km_strdup(km_measure_name(w->row->measure)),
                                    .where = km_trial_where(&fit->trials, w->row), .time = w->row->time, .held_out = w->held_out, .observed = w->value,
                                    .error = w->se, .mode = NAN, .expected = NAN, .expected_low = NAN, .expected_high = NAN, .low = NAN, .high = NAN, .residual = NAN};
    }
    r->n_trials = fit->n_studies;
    r->trial = km_alloc((size_t)fit->n_studies + 1, sizeof *r->trial);
    for (int i = 0; i < fit->n_studies; i++)
        r->trial[i] = (km_fitted_trial){.name = km_strdup(fit->study[i]), .elpd = NAN, .k = NAN};
    r->n_skipped = fit->n_skipped;
    r->skipped = km_alloc((size_t)fit->n_skipped + 1, sizeof *r->skipped);
    for (int i = 0; i < fit->n_skipped; i++) {
        char *where = km_trial_where(&fit->trials, fit->skipped[i].row);
        r->skipped[i] = km_format("%s: %s", where, fit->skipped[i].why);
        free(where);
    }
}

/* ---- arms beside their controls ---- */

static bool is_mean(const km_fit_row *w) { return w->row->measure == KM_MEAN_SCORE || w->row->measure == KM_MEAN_CHANGE; }

static bool stand_beside(const km_fit_row *a, const km_fit_row *b)
{
    return a->study == b->study && a->row->measure == b->row->measure && strcmp(a->row->scale, b->row->scale) == 0 && a->time == b->time &&
           a->held_out == b->held_out && b->row->control && !b->value_of_output;
}

static bool same_schedule(const km_fit_row *a, const km_fit_row *b)
{
    return strcmp(a->row->schedule_text, b->row->schedule_text) == 0;
}

/* The control that row i is to be compared with: the only one beside it, or the only one of its schedule; -1 without. */
static int control_of(const km_fit *f, int i)
{
    int all = 0, alike = 0, found = -1, found_alike = -1;
    const km_fit_row *w = &f->row[i];

    if (!is_mean(w) || w->row->control || w->value_of_output)
        return -1;
    for (int k = 0; k < f->n_rows; k++)
        if (stand_beside(w, &f->row[k])) {
            all++, found = k;
            if (same_schedule(w, &f->row[k]))
                alike++, found_alike = k;
        }
    return all == 1 ? found : alike == 1 ? found_alike : -1;
}

/* What a row's value is less, so that a difference is one of changes. */
static double origin(const km_fit_row *w) { return w->row->measure == KM_MEAN_SCORE ? w->baseline : 0.0; }

/* Of rows first ... first+n-1, of which expected: [n_draws][n] and at_mode: [n] are. column: room for n_draws. */
static void compare_arms(const km_fit *f, const double *expected, size_t n_draws, const double *at_mode, int first, int n, double *column,
                         km_fit_results *r)
{
    for (int i = first; i < first + n; i++) {
        int k = control_of(f, i);
        const km_fit_row *a = &f->row[i], *b = k >= 0 ? &f->row[k] : NULL;
        double apart, sum = 0.0;
        km_fitted_contrast c;
        size_t m = 0;
        if (b == NULL)
            continue;
        apart = origin(a) - origin(b);
        c = (km_fitted_contrast){.study = km_strdup(a->row->study), .arm = km_strdup(a->row->arm), .control = km_strdup(b->row->arm), .time = a->row->time,
                                 .held_out = a->held_out, .observed = a->value - b->value - apart, .error = hypot(a->se, b->se),
                                 .mode = at_mode[i - first] - at_mode[k - first] - apart, .expected = NAN, .low = NAN, .high = NAN};
        for (size_t q = 0; q < n_draws; q++) {
            double x = expected[q * (size_t)n + (size_t)(i - first)] - expected[q * (size_t)n + (size_t)(k - first)] - apart;
            if (isfinite(x))
                column[m++] = x;
        }
        for (size_t q = 0; q < m; q++)
            sum += column[q];
        if (m > 0) {
            qsort(column, m, sizeof *column, by_size);
            c.expected = sum / (double)m, c.low = quantile(column, m, three[0]), c.high = quantile(column, m, three[2]);
        }
        KM_PUSH(r->contrast, r->n_contrasts);
        r->contrast[r->n_contrasts++] = c;
    }
}

/* How far off the best candidate is, in standard errors; of a rate, those of a count at the rate it expects. */
static double residual_of(const km_fit_row *w, double mode)
{
    km_measure m = w->row->measure;
    double share = mode / 100.0, n = w->n;

    if (m != KM_RESPONSE_RATE && m != KM_REMISSION_RATE && m != KM_RELAPSE_RATE)
        return (w->value - mode) / w->se;
    share = (share * n + 0.5) / (n + 1.0); /* none and all are no certainty */
    return (w->value - mode) / (100.0 * sqrt(share * (1.0 - share) / n));
}

/* Rows first ... first+n-1 by the draws and the best candidate. */
static km_status predict(const session *s, km_posterior *p, const double *draws, size_t n_draws, const double *mode, int first, int n,
                         km_fit_results *r, km_diag *d)
{
    size_t rows = (size_t)n;
    double *expected = NULL, *observed = NULL, *at_mode = km_alloc(rows + 1, sizeof *at_mode), *column = km_alloc(n_draws + 1, sizeof *column);
    km_status st = KM_OK;

    KM_TRY(km_array_create(n_draws * rows, sizeof *expected, (void **)&expected, d));
    KM_TRY(km_array_create(n_draws * rows, sizeof *observed, (void **)&observed, d));
    KM_TRY(km_posterior_predict(p, 1, mode, s->how->seed, 0, at_mode, NULL, d));
    KM_TRY(km_posterior_predict(p, n_draws, draws, s->how->seed, 1, expected, observed, d));
    for (size_t i = 0; i < rows; i++) {
        km_fitted_row *w = &r->row[(size_t)first + i];
        size_t m = 0;
        double sum = 0.0;
        w->mode = at_mode[i];
        w->residual = residual_of(&s->fit->row[(size_t)first + i], w->mode);
        for (size_t k = 0; k < n_draws; k++)
            if (isfinite(expected[k * rows + i])) {
                sum += expected[k * rows + i];
                column[m++] = expected[k * rows + i];
            }
        if (m == 0)
            continue;
        qsort(column, m, sizeof *column, by_size);
        w->expected = sum / (double)m;
        w->expected_low = quantile(column, m, three[0]);
        w->expected_high = quantile(column, m, three[2]);
        m = 0;
        for (size_t k = 0; k < n_draws; k++)
            if (isfinite(observed[k * rows + i]))
                column[m++] = observed[k * rows + i];
        if (m == 0)
            continue;
        qsort(column, m, sizeof *column, by_size);
        w->low = quantile(column, m, three[0]);
        w->high = quantile(column, m, three[2]);
        w->inside = w->observed >= w->low && w->observed <= w->high;
    }
    compare_arms(s->fit, expected, n_draws, at_mode, first, n, column, r);
done:
    free(expected), free(observed), free(at_mode), free(column);
    return st;
}

/* Scores by leaving out each trial with fitted rows. `trial` may be NULL. */
static km_status score(const session *s, const double *draws, size_t n_draws, km_fitted_trial *trial, km_predictive_score *loo,
                       km_predictive_score *waic, km_diag *d)
{
    size_t all = (size_t)s->fit->n_studies, n = 0;
    double *by_trial = NULL, *used = NULL, *point = km_alloc(all + 1, sizeof *point), *k = km_alloc(all + 1, sizeof *k);
    bool *has = km_alloc(all + 1, sizeof *has);
    km_status st = KM_OK;

    for (int i = 0; i < s->fit->n_fitted; i++)
        has[s->fit->row[i].study] = true;
    for (size_t i = 0; i < all; i++)
        n += has[i] ? 1 : 0;
    KM_TRY(km_array_create(n_draws * all, sizeof *by_trial, (void **)&by_trial, d));
    KM_TRY(km_array_create(n_draws * n, sizeof *used, (void **)&used, d));
    KM_TRY(km_posterior_pointwise(s->posterior, n_draws, draws, by_trial, d));
    for (size_t i = 0; i < n_draws; i++)
        for (size_t t = 0, to = 0; t < all; t++)
            if (has[t])
                used[i * n + to++] = by_trial[i * all + t];
    km_psis_loo(used, n_draws, n, 1.0, point, k, loo);
    km_waic(used, n_draws, n, NULL, waic);
    for (size_t t = 0, from = 0; trial && t < all; t++)
        if (has[t]) {
            trial[t].elpd = point[from];
            trial[t].k = k[from++];
        }
done:
    free(by_trial), free(used), free(point), free(k), free(has);
    return st;
}

static km_status predict_all(session *s, const km_engine_options *options, const km_smc *smc, const double *mode, km_fit_results *r, km_diag *d)
{
    const km_fit *f = s->fit;
    km_posterior *held_out = NULL;
    km_predictive_score loo, waic;
    km_status st = KM_OK;

    s->stage = "predictions";
    say(s, "of the rows fitted");
    KM_TRY(predict(s, s->posterior, smc->z, smc->options.particles, mode, 0, f->n_fitted, r, d));
    KM_TRY(score(s, smc->z, smc->options.particles, r->trial, &loo, &waic, d));
    r->elpd = loo.elpd, r->elpd_error = loo.standard_error, r->elpd_parameters = loo.parameters, r->worst_k = loo.worst_k;
    r->waic = waic.elpd, r->waic_error = waic.standard_error;
    if (f->n_rows > f->n_fitted) {
        say(s, "of the rows held out");
        KM_TRY(km_posterior_create_held_out(f, options, &held_out, d));
        KM_TRY(predict(s, held_out, smc->z, smc->options.particles, mode, f->n_fitted, f->n_rows - f->n_fitted, r, d));
    }
    for (int i = 0; i < r->n_rows; i++) {
        km_fitted_trial *t = &r->trial[f->row[i].study];
        if (r->row[i].held_out)
            t->held_out++, t->held_out_inside += r->row[i].inside;
        else
            t->rows++, t->rows_inside += r->row[i].inside;
    }
done:
    km_posterior_destroy(held_out);
    return st;
}

/* ---- all of it ---- */

km_status km_fit_estimate(const km_fit *fit, const km_estimation *how, const km_engine_options *options, km_evaluation_log *log,
                          const km_estimation_watch *watch, km_fit_results *r, km_diag *d)
{
    size_t k = (size_t)fit->n_free;
    double *mode = km_alloc(k, sizeof *mode), *theta = km_alloc(k, sizeof *theta), value;
    km_smc smc = {0};
    session s = {0};
    km_status st = KM_OK;

    *r = (km_fit_results){.name = km_strdup(fit->name), .n_free = fit->n_free, .parameter = km_alloc(k, sizeof *r->parameter), .elpd = NAN,
                          .elpd_error = NAN, .waic = NAN, .waic_error = NAN, .worst_k = NAN};
    for (size_t i = 0; i < k; i++)
        describe_parameter(fit, (int)i, &r->parameter[i]);
    describe_rows(fit, r);
    r->correlation = fit->copula ? km_strdup(fit->copula->text) : NULL;
    KM_TRY(open_session(&s, fit, how, options, log, watch, d));
    r->starts = how->starts;
    KM_TRY(optimise(&s, mode, &value, &r->starts_agree, d));
    r->mode_log_prior = km_objective_prior(fit->n_free, mode);
    r->mode_log_likelihood = value - r->mode_log_prior;
    km_posterior_values(fit, mode, theta);
    for (size_t i = 0; i < k; i++)
        r->parameter[i].mode = theta[i];
    KM_TRY(run_smc(&s, &smc, d));
    describe_draws(fit, &smc, r);
    if (how->walkers > 0)
        KM_TRY(run_ensemble(&s, r, d));
    if (how->profile_points > 0)
        KM_TRY(run_profiles(&s, &smc, r, d));
    KM_TRY(predict_all(&s, options, &smc, mode, r, d));
    r->evaluations = s.evaluations;
    r->models = km_posterior_facts(s.posterior)->integrated;
    r->failed = km_posterior_facts(s.posterior)->failed;
done:
    if (s.posterior)
        km_posterior_destroy(s.posterior);
    km_smc_destroy(&smc);
    free(mode), free(theta);
    return st;
}

km_status km_fit_estimate_hypothesis(const km_fit *fit, const km_estimation *how, const km_engine_options *options,
                                     km_evaluation_log *log, const km_estimation_watch *watch, km_hypothesis *out, km_diag *d)
{
    double *mode = km_alloc((size_t)fit->n_free, sizeof *mode);
    km_estimation own = *how;
    km_predictive_score loo, waic;
    km_smc smc = {0};
    session s = {0};
    int agree;
    km_status st = KM_OK;

    own.starts = how->hypothesis_starts, own.evaluations = how->hypothesis_evaluations, own.particles = how->hypothesis_particles;
    KM_TRY(open_session(&s, fit, &own, options, log, watch, d));
    KM_TRY(optimise(&s, mode, &out->best, &agree, d));
    KM_TRY(run_smc(&s, &smc, d));
    out->log_evidence = smc.log_evidence;
    out->error = smc.evidence_error;
    KM_TRY(score(&s, smc.z, smc.options.particles, NULL, &loo, &waic, d));
    out->elpd = loo.elpd;
    out->elpd_error = loo.standard_error;
done:
    if (s.posterior)
        km_posterior_destroy(s.posterior);
    km_smc_destroy(&smc);
    free(mode);
    return st;
}
