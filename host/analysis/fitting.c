#include "analysis/fitting.h"

#include "analysis/chains.h"
#include "analysis/cmaes.h"
#include "analysis/ensemble.h"
#include "analysis/posterior.h"
#include "analysis/predictive_score.h"
#include "analysis/smc.h"
#include "base/memory.h"
#include "base/sha256.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum phase { OPTIMISE, SAMPLE, SECOND, COMPARE, DONE } phase;

/* The fit's own model, or one to compare with it. */
typedef struct rival {
    char *name;          /* a variant; of the fit's own its variants in words */
    double log_evidence, error;
} rival;

struct km_fitting {
    const km_fit *fit;
    const km_engine_options *options;
    uint64_t seed;
    long runs, evaluations, particles, islands, walkers, steps; /* as in study/estimation.h */
    rival *rival;
    int n_rivals;        /* the fit's own is the first */
    phase phase;
    int at;              /* the rival being sampled */
    km_posterior *posterior;
    km_fit *other;       /* of the rival, and its */
    km_posterior *other_posterior;
    km_cmaes cmaes;
    km_smc smc, rival_smc;
    km_ensemble ensemble;
    bool has_cmaes, has_smc, has_rival_smc, has_ensemble;
    double *best, best_value; /* log posterior but for a constant */
    uint64_t candidates;
};

static char *own_name(const km_fit *f)
{
    km_text t = {0};

    for (int i = 0; i < f->base->n_variants; i++)
        km_text_add(&t, "%s%s", i ? "+" : "", f->base->variant[i]);
    if (t.size == 0)
        km_text_add(&t, "the model");
    return km_text_take(&t);
}

/* ---- phases ---- */

static void begin_optimise(km_fitting *f)
{
    int dim = f->fit->n_free;
    double *start = km_alloc((size_t)(f->runs * dim), sizeof *start);
    const km_cmaes_options o = {.with_prior = true, .sigma = 0.5, .seed = f->seed, .most_evaluations = (uint64_t)f->evaluations, .tolerance = 1e-3};

    /* the first from the model's own values, the others from the prior */
    for (long r = 0; r < f->runs; r++) {
        km_smc prior;
        if (r == 0) {
            double *theta = km_alloc((size_t)dim, sizeof *theta);
            for (int i = 0; i < dim; i++)
                theta[i] = fmin(fmax(f->fit->free[i].base, f->fit->free[i].law.low), f->fit->free[i].law.high);
            km_posterior_scores(f->fit, theta, start);
            free(theta);
            continue;
        }
        km_smc_create(dim, &(km_smc_options){.particles = 2, .islands = 2, .seed = f->seed + (uint64_t)r}, &prior);
        memcpy(start + r * dim, prior.z, (size_t)dim * sizeof *start);
        km_smc_destroy(&prior);
    }
    for (long i = 0; i < f->runs * dim; i++)
        start[i] = fmin(fmax(start[i], -3.0), 3.0);
    km_cmaes_create(dim, (int)f->runs, start, NULL, &o, &f->cmaes);
    f->has_cmaes = true;
    free(start);
}

static void begin_smc(km_fitting *f, uint64_t seed, km_smc *out)
{
    km_smc_create(f->fit->n_free, &(km_smc_options){.particles = (size_t)f->particles, .islands = (int)f->islands, .seed = seed}, out);
}

static void begin_ensemble(km_fitting *f)
{
    km_ensemble_create(f->fit->n_free, &(km_ensemble_options){.walkers = (int)f->walkers, .thin = 1, .seed = f->seed + 7919}, &f->ensemble);
    f->has_ensemble = true;
}

static km_status open_rival(km_fitting *f, km_diag *d)
{
    km_status st = KM_OK;

    KM_TRY(km_fit_read(f->fit->path, f->rival[f->at].name, &f->other, d));
    if (f->other->n_free != f->fit->n_free)
        KM_FAIL(d, KM_E_INPUT, "%s: under \"%s\" there are %d free parameters, not %d", f->fit->path, f->rival[f->at].name, f->other->n_free,
                f->fit->n_free);
    KM_TRY(km_posterior_create(f->other, f->options, &f->other_posterior, d));
done:
    return st;
}

static void close_rival(km_fitting *f)
{
    km_posterior_destroy(f->other_posterior);
    km_fit_destroy(f->other);
    if (f->has_rival_smc)
        km_smc_destroy(&f->rival_smc);
    f->other_posterior = NULL, f->other = NULL, f->has_rival_smc = false;
}

/* What comes after a phase. */
static void go_on(km_fitting *f)
{
    if (f->phase == OPTIMISE) {
        f->phase = SAMPLE;
        begin_smc(f, f->seed, &f->smc);
        f->has_smc = true;
        return;
    }
    if (f->phase == SAMPLE && f->walkers > 0) {
        f->phase = SECOND;
        begin_ensemble(f);
        return;
    }
    f->at = f->phase == COMPARE ? f->at + 1 : 1;
    f->phase = f->at < f->n_rivals ? COMPARE : DONE;
    if (f->phase == COMPARE) {
        begin_smc(f, f->seed + (uint64_t)f->at, &f->rival_smc);
        f->has_rival_smc = true;
    }
}

km_status km_fitting_create(const km_fit *fit, const km_engine_options *options, km_fitting **out, km_diag *d)
{
    const km_estimation *e = &fit->estimation;
    km_fitting *f = km_alloc(1, sizeof *f);
    km_status st = KM_OK;

    *out = NULL;
    f->fit = fit, f->options = options;
    f->seed = e->seed, f->runs = e->runs, f->evaluations = e->evaluations, f->particles = e->particles, f->islands = e->islands;
    f->walkers = e->walkers, f->steps = e->steps;
    f->best = km_alloc((size_t)fit->n_free, sizeof *f->best);
    f->best_value = -(double)INFINITY;
    KM_PUSH(f->rival, f->n_rivals);
    f->rival[f->n_rivals++] = (rival){.name = own_name(fit)};
    for (int i = 0; i < e->n_compare; i++) {
        KM_PUSH(f->rival, f->n_rivals);
        f->rival[f->n_rivals++] = (rival){.name = km_strdup(e->compare[i])};
    }
    KM_TRY(km_posterior_create(fit, options, &f->posterior, d));
    begin_optimise(f);
    *out = f;
    f = NULL;
done:
    km_fitting_destroy(f);
    return st;
}

void km_fitting_destroy(km_fitting *f)
{
    if (f == NULL)
        return;
    close_rival(f);
    if (f->has_cmaes)
        km_cmaes_destroy(&f->cmaes);
    if (f->has_smc)
        km_smc_destroy(&f->smc);
    if (f->has_ensemble)
        km_ensemble_destroy(&f->ensemble);
    km_posterior_destroy(f->posterior);
    for (int i = 0; i < f->n_rivals; i++)
        free(f->rival[i].name);
    free(f->rival), free(f->best);
    free(f);
}

/* ---- steps ---- */

static km_status step_optimise(km_fitting *f, km_diag *d)
{
    km_target target = km_posterior_target(f->posterior);
    const double *best;
    bool done = false;
    double value;
    km_status st = KM_OK;

    KM_TRY(km_cmaes_step(&f->cmaes, &target, &done, d));
    best = km_cmaes_best(&f->cmaes, km_cmaes_best_run(&f->cmaes), &value);
    if (value > f->best_value) {
        f->best_value = value;
        memcpy(f->best, best, (size_t)f->fit->n_free * sizeof *best);
    }
    if (!done)
        return KM_OK;
    if (!isfinite(f->best_value))
        KM_FAIL(d, KM_E_NUMERICS, "%s: no candidate could be computed; are the priors where the model works?", f->fit->path);
    f->candidates += f->cmaes.evaluations;
    go_on(f);
done:
    return st;
}

static km_status step_smc(km_fitting *f, km_smc *smc, km_posterior *posterior, rival *r, km_diag *d)
{
    km_target target = km_posterior_target(posterior);
    km_status st = KM_OK;

    KM_TRY(km_smc_step(smc, &target, d));
    f->candidates += (uint64_t)f->particles;
    if (!smc->is_done)
        return KM_OK;
    r->log_evidence = smc->log_evidence;
    r->error = smc->evidence_error;
    if (f->phase == COMPARE)
        close_rival(f);
    go_on(f);
done:
    return st;
}

static km_status step_ensemble(km_fitting *f, km_diag *d)
{
    km_target target = km_posterior_target(f->posterior);
    km_status st = KM_OK;

    KM_TRY(km_ensemble_step(&f->ensemble, &target, d));
    f->candidates += (uint64_t)f->walkers;
    if (f->ensemble.steps >= (uint64_t)f->steps)
        go_on(f);
done:
    return st;
}

km_status km_fitting_step(km_fitting *f, bool *done, km_diag *d)
{
    km_status st = KM_OK;

    switch (f->phase) {
    case OPTIMISE: KM_TRY(step_optimise(f, d)); break;
    case SAMPLE: KM_TRY(step_smc(f, &f->smc, f->posterior, &f->rival[0], d)); break;
    case SECOND: KM_TRY(step_ensemble(f, d)); break;
    case COMPARE:
        if (f->other_posterior == NULL)
            KM_TRY(open_rival(f, d));
        KM_TRY(step_smc(f, &f->rival_smc, f->other_posterior, &f->rival[f->at], d));
        break;
    case DONE: break;
    }
    *done = f->phase == DONE;
done:
    return st;
}

char *km_fitting_phase(const km_fitting *f)
{
    const km_smc *s = f->phase == COMPARE ? &f->rival_smc : &f->smc;

    switch (f->phase) {
    case OPTIMISE:
        return km_format("optimising: generation %llu, %llu candidates, best log posterior %.2f", (unsigned long long)f->cmaes.generations,
                         (unsigned long long)f->cmaes.evaluations, f->best_value);
    case SAMPLE:
    case COMPARE:
        return km_format("sampling %s: stage %d, temperature %.4f, acceptance %.2f, log evidence so far %.2f", f->rival[f->phase == SAMPLE ? 0 : f->at].name,
                         s->stage, s->beta, s->acceptance, s->log_evidence);
    case SECOND:
        return km_format("second sampler: step %llu of %ld, acceptance %.2f", (unsigned long long)f->ensemble.steps, f->steps,
                         f->ensemble.steps ? f->ensemble.accepted / ((double)f->ensemble.steps * (double)f->walkers) : 0.0);
    default: return km_strdup("done");
    }
}

/* ---- the state ---- */

typedef struct head {
    char magic[16], name[65];
    int phase, at, n_free, n_rivals;
    uint64_t candidates;
    double best_value;
} head;

static const char magic[16] = "ketamap fit 1";

static void add_part(km_text *out, const km_text *part)
{
    uint64_t size = part->size;

    km_text_add_bytes(out, (const char *)&size, sizeof size);
    km_text_add_bytes(out, part->data ? part->data : "", part->size);
}

void km_fitting_save(const km_fitting *f, const char *name, km_text *out)
{
    km_text part = {0};
    head h;
    char hash[65];

    memset(&h, 0, sizeof h);
    memcpy(h.magic, magic, sizeof magic);
    (void)snprintf(h.name, sizeof h.name, "%s", name);
    h.phase = f->phase, h.at = f->at, h.n_free = f->fit->n_free, h.n_rivals = f->n_rivals, h.candidates = f->candidates, h.best_value = f->best_value;
    km_text_add_bytes(out, (const char *)&h, sizeof h);
    km_text_add_bytes(out, (const char *)f->best, (size_t)f->fit->n_free * sizeof *f->best);
    for (int i = 0; i < f->n_rivals; i++) {
        const double evidence[2] = {f->rival[i].log_evidence, f->rival[i].error};
        km_text_add_bytes(out, (const char *)evidence, sizeof evidence);
    }
    if (f->has_smc)
        km_smc_save(&f->smc, &part);
    add_part(out, &part);
    km_text_clear(&part);
    if (f->has_ensemble)
        km_ensemble_save(&f->ensemble, &part);
    add_part(out, &part);
    km_text_clear(&part);
    if (f->has_rival_smc)
        km_smc_save(&f->rival_smc, &part);
    add_part(out, &part);
    km_text_clear(&part);
    km_sha256_hex(out->data, out->size, hash);
    km_text_add_bytes(out, hash, 64);
}

/* The next part of [*at, end); false if there is none that whole. */
static bool take_part(const char **at, const char *end, const char **part, uint64_t *size)
{
    if ((size_t)(end - *at) < sizeof *size)
        return false;
    memcpy(size, *at, sizeof *size);
    *at += sizeof *size;
    *part = *at;
    if (*size > (uint64_t)(end - *at))
        return false;
    *at += *size;
    return true;
}

km_status km_fitting_load(km_fitting *f, const char *name, const char *bytes, size_t size, km_diag *d)
{
    size_t best = (size_t)f->fit->n_free * sizeof *f->best, rivals = 2 * sizeof(double) * (size_t)f->n_rivals;
    const char *at = bytes, *end, *part;
    uint64_t n;
    char hash[65];
    head h;

    if (size < sizeof h + best + rivals + 64)
        return km_diag_fail(d, KM_E_INPUT, "it is too short to be a state");
    end = bytes + size - 64;
    km_sha256_hex(bytes, size - 64, hash);
    memcpy(&h, at, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic) != 0 || memcmp(hash, end, 64) != 0)
        return km_diag_fail(d, KM_E_INPUT, "it is damaged, or no state of a fit");
    if (strncmp(h.name, name, 64) != 0 || h.n_free != f->fit->n_free || h.n_rivals != f->n_rivals)
        return km_diag_fail(d, KM_E_INPUT, "it is of another fit, or of another program");
    at += sizeof h;
    memcpy(f->best, at, best);
    at += best;
    for (int i = 0; i < f->n_rivals; i++, at += 2 * sizeof(double)) {
        memcpy(&f->rival[i].log_evidence, at, sizeof(double));
        memcpy(&f->rival[i].error, at + sizeof(double), sizeof(double));
    }
    f->best_value = h.best_value;
    f->candidates = h.candidates;
    f->phase = OPTIMISE;
    while (f->phase != (phase)h.phase || (f->phase == COMPARE && f->at != h.at)) {
        if (f->phase == COMPARE)
            close_rival(f);
        if (f->phase == DONE)
            return km_diag_fail(d, KM_E_INPUT, "it is damaged");
        go_on(f);
    }
    if (!take_part(&at, end, &part, &n) || (f->has_smc && !km_smc_load(&f->smc, part, (size_t)n)) || !take_part(&at, end, &part, &n) ||
        (f->has_ensemble && !km_ensemble_load(&f->ensemble, part, (size_t)n)) || !take_part(&at, end, &part, &n) ||
        (f->has_rival_smc && !km_smc_load(&f->rival_smc, part, (size_t)n)))
        return km_diag_fail(d, KM_E_INPUT, "it is of another fit: sizes differ");
    return KM_OK;
}

/* ---- results ---- */

static int ascending(const void *a, const void *b)
{
    double x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t k = (size_t)at;

    return k + 1 >= n ? sorted[n - 1] : sorted[k] + (at - (double)k) * (sorted[k + 1] - sorted[k]);
}

static void moments(const double *x, size_t n, size_t stride, double *mean, double *sd)
{
    double square = 0.0;

    *mean = 0.0;
    for (size_t i = 0; i < n; i++)
        *mean += x[i * stride] / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (x[i * stride] - *mean) * (x[i * stride] - *mean);
    *sd = n > 1 ? sqrt(square / (double)(n - 1)) : (double)NAN;
}

/* The second sampler's mean, sd, R-hat and effective sample size of a parameter. */
static void second_opinion(const km_fitting *f, int i, km_fit_parameter *p)
{
    int walkers = (int)f->walkers;
    double **chain, *all, *theta, *z;
    size_t n = 0;

    p->other_mean = p->other_sd = p->r_hat = p->ess = (double)NAN;
    if (!f->has_ensemble)
        return;
    chain = km_alloc((size_t)walkers, sizeof *chain);
    theta = km_alloc((size_t)f->fit->n_free, sizeof *theta);
    z = km_alloc((size_t)f->fit->n_free, sizeof *z);
    for (int w = 0; w < walkers; w++) {
        chain[w] = km_ensemble_chain(&f->ensemble, w, i, &n);
        for (size_t k = 0; k < n; k++) {
            z[i] = chain[w][k];
            km_posterior_values(f->fit, z, theta);
            chain[w][k] = theta[i];
        }
    }
    p->r_hat = km_r_hat((const double *const *)chain, walkers, n);
    p->ess = km_ess_bulk((const double *const *)chain, walkers, n);
    all = km_alloc((size_t)walkers * n + 1, sizeof *all);
    for (int w = 0; w < walkers; w++)
        memcpy(all + (size_t)w * n, chain[w], n * sizeof *all);
    moments(all, (size_t)walkers * n, 1, &p->other_mean, &p->other_sd);
    for (int w = 0; w < walkers; w++)
        free(chain[w]);
    free(chain), free(all), free(theta), free(z);
}

static void take_parameters(const km_fitting *f, km_fit_results *r)
{
    size_t n = r->n_draws, dim = (size_t)f->fit->n_free;
    double *best = km_alloc(dim, sizeof *best), *x = km_alloc(n, sizeof *x);

    km_posterior_values(f->fit, f->best, best);
    for (int i = 0; i < r->n_parameters; i++) {
        const km_free *q = &f->fit->free[i];
        km_fit_parameter *p = &r->parameter[i];
        *p = (km_fit_parameter){.name = km_strdup(q->name), .unit = km_strdup(q->unit), .about = km_strdup(q->about ? q->about : ""), .best = best[i],
                                .prior_low = km_law_quantile(&q->law, 0.025), .prior_median = km_law_quantile(&q->law, 0.5),
                                .prior_high = km_law_quantile(&q->law, 0.975)};
        for (size_t k = 0; k < n; k++)
            x[k] = r->draw[k * dim + (size_t)i];
        moments(x, n, 1, &p->mean, &p->sd);
        qsort(x, n, sizeof *x, ascending);
        p->low = quantile(x, n, 0.025), p->median = quantile(x, n, 0.5), p->high = quantile(x, n, 0.975);
        second_opinion(f, i, p);
    }
    free(best), free(x);
}

/* Rows first ... first + n - 1 by a posterior of theirs. */
static km_status take_predictions(km_fitting *f, km_posterior *p, int first, int n, km_fit_results *r, km_diag *d)
{
    size_t draws = r->n_draws, rows = (size_t)n;
    double *expected = NULL, *observed = NULL, *x = NULL, *best = NULL, between;
    double *theta = km_alloc((size_t)f->fit->n_free, sizeof *theta);
    km_status st = KM_OK;

    KM_TRY(km_array_create(rows, sizeof *best, (void **)&best, d));
    KM_TRY(km_array_create(draws * rows, sizeof *expected, (void **)&expected, d));
    KM_TRY(km_array_create(draws * rows, sizeof *observed, (void **)&observed, d));
    KM_TRY(km_array_create(draws, sizeof *x, (void **)&x, d));
    KM_TRY(km_posterior_predict(p, 1, f->best, f->seed, 0, best, NULL, d));
    KM_TRY(km_posterior_predict(p, draws, f->smc.z, f->seed, 1, expected, observed, d));
    km_posterior_values(f->fit, f->best, theta);
    between = km_fit_number_of(&f->fit->between, theta);
    for (int i = 0; i < n; i++) {
        const km_fit_row *row = &f->fit->row[first + i];
        km_fit_prediction *q = &r->prediction[first + i];
        double scale = row->value_of_output ? 1.0 : row->factor, total;
        size_t good = 0;
        bool score = row->row->measure == KM_MEAN_SCORE || row->row->measure == KM_MEAN_CHANGE;
        *q = (km_fit_prediction){.study = km_strdup(row->row->study), .arm = km_strdup(row->row->arm), .kind = km_strdup(row->row->value_kind),
                                 .scale = km_strdup(row->row->scale), .time_h = row->row->time, .n = row->n, .held_out = row->held_out,
                                 .value = row->row->value, .error = row->se / (score || row->row->measure == KM_DIFFERENCE ? scale : 1.0), .best = best[i]};
        for (size_t k = 0; k < draws; k++)
            if (isfinite(observed[k * rows + (size_t)i]))
                x[good++] = observed[k * rows + (size_t)i];
        q->mean = q->low = q->high = (double)NAN;
        if (good > 0) {
            double sd;
            moments(x, good, 1, &q->mean, &sd);
            qsort(x, good, sizeof *x, ascending);
            q->low = quantile(x, good, 0.025), q->high = quantile(x, good, 0.975);
        }
        total = score ? sqrt(q->error * q->error + between * between / (scale * scale)) : q->error;
        q->residual = (q->value - q->best) / total; /* NAN without an error */
    }
done:
    free(expected), free(observed), free(x), free(best), free(theta);
    return st;
}

static km_status take_scores(km_fitting *f, km_fit_results *r, km_diag *d)
{
    const km_fit *fit = f->fit;
    size_t draws = r->n_draws, all = (size_t)fit->n_studies, points = 0;
    double *by_trial = NULL, *used = NULL, *elpd = NULL, *k = NULL;
    bool *has = km_alloc(all + 1, sizeof *has);
    km_predictive_score loo, waic;
    km_status st = KM_OK;

    KM_TRY(km_array_create(draws * all, sizeof *by_trial, (void **)&by_trial, d));
    KM_TRY(km_posterior_pointwise(f->posterior, draws, f->smc.z, by_trial, d));
    for (int i = 0; i < fit->n_fitted; i++)
        has[fit->row[i].study] = true;
    for (size_t s = 0; s < all; s++)
        points += has[s];
    KM_TRY(km_array_create(draws * points, sizeof *used, (void **)&used, d));
    for (size_t i = 0; i < draws; i++)
        for (size_t s = 0, to = 0; s < all; s++)
            if (has[s])
                used[i * points + to++] = by_trial[i * all + s];
    elpd = km_alloc(points, sizeof *elpd);
    k = km_alloc(points, sizeof *k);
    km_psis_loo(used, draws, points, 1.0, elpd, k, &loo);
    km_waic(used, draws, points, NULL, &waic);
    r->loo = loo.elpd, r->loo_error = loo.standard_error, r->loo_parameters = loo.parameters, r->worst_k = loo.worst_k, r->waic = waic.elpd;
    r->trial = km_alloc(points, sizeof *r->trial);
    for (size_t s = 0; s < all; s++)
        if (has[s]) {
            r->trial[r->n_trials] = (km_fit_trial){km_strdup(fit->study[s]), elpd[r->n_trials], k[r->n_trials]};
            r->n_trials++;
        }
done:
    free(by_trial), free(used), free(elpd), free(k), free(has);
    return st;
}

km_status km_fitting_results(km_fitting *f, km_fit_results **out, km_diag *d)
{
    const km_fit *fit = f->fit;
    km_fit_results *r = km_alloc(1, sizeof *r);
    km_posterior *held_out = NULL;
    size_t dim = (size_t)fit->n_free;
    double prior;
    km_status st = KM_OK;

    *out = NULL;
    r->name = km_strdup(fit->name);
    r->n_draws = (size_t)f->particles;
    r->n_parameters = fit->n_free, r->n_predictions = fit->n_rows;
    r->parameter = km_alloc(dim, sizeof *r->parameter);
    r->prediction = km_alloc((size_t)fit->n_rows, sizeof *r->prediction);
    KM_TRY(km_array_create(r->n_draws * dim, sizeof *r->draw, (void **)&r->draw, d));
    KM_TRY(km_array_create(r->n_draws, sizeof *r->log_likelihood, (void **)&r->log_likelihood, d));
    for (size_t i = 0; i < r->n_draws; i++)
        km_posterior_values(fit, f->smc.z + i * dim, r->draw + i * dim);
    memcpy(r->log_likelihood, f->smc.log_likelihood, r->n_draws * sizeof *r->log_likelihood);
    take_parameters(f, r);
    KM_TRY(km_posterior_evaluate(f->posterior, 1, f->best, &prior, &r->best_log_likelihood, d));
    KM_TRY(take_predictions(f, f->posterior, 0, fit->n_fitted, r, d));
    if (fit->n_rows > fit->n_fitted) {
        KM_TRY(km_posterior_create_held_out(fit, f->options, &held_out, d));
        KM_TRY(take_predictions(f, held_out, fit->n_fitted, fit->n_rows - fit->n_fitted, r, d));
    }
    KM_TRY(take_scores(f, r, d));
    r->model = km_alloc((size_t)f->n_rivals, sizeof *r->model);
    for (int i = 0; i < f->n_rivals; i++)
        r->model[r->n_models++] = (km_fit_model){km_strdup(f->rival[i].name), f->rival[i].log_evidence, f->rival[i].error};
    r->aside = km_alloc((size_t)fit->n_skipped + 1, sizeof *r->aside);
    for (int i = 0; i < fit->n_skipped; i++) {
        const km_trial_row *row = fit->skipped[i].row;
        r->aside[r->n_aside++] = (km_fit_aside){km_strdup(row->study), km_strdup(row->arm), km_strdup(row->value_kind), km_strdup(fit->skipped[i].why)};
    }
    r->evaluations = f->candidates;
    r->failed = km_posterior_facts(f->posterior)->failed;
    r->models = km_posterior_facts(f->posterior)->integrated;
    *out = r;
    r = NULL;
done:
    km_posterior_destroy(held_out);
    km_fit_results_destroy(r);
    return st;
}
