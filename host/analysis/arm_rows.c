/* From the states of a candidate's patients to what it says of the rows: scores by arm, then means, rates and relapses. */
#include "analysis/arm_runs.h"
#include "analysis/likelihood.h"
#include "base/memory.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_THREADS = 16 };
static const double least_share = 1e-9; /* of a rate: its logit stays finite */

int km_measure_nodes(km_measure m)
{
    if (m == KM_MEDIAN_RELAPSE_TIME)
        return 2;
    return m == KM_RESPONSE_RATE || m == KM_REMISSION_RATE || m == KM_RELAPSE_RATE || m == KM_MEAN_RELAPSE_TIME;
}

/* ---- one candidate ---- */

typedef struct scratch {
    double *registers, *parameter, *state, *initial;
    double **score;       /* per arm: [n_times][patients]; NULL where not needed */
    double **base;        /* per arm: [patients] */
    double *persistent;   /* [patients], points */
    double *weight;
} scratch;

static void scratch_init(const km_arms *a, scratch *w)
{
    size_t patients = a->fit->population->n;

    w->registers = km_registers_create(&a->fit->model->pool);
    w->parameter = km_alloc((size_t)a->fit->model->n_parameters + 1, sizeof *w->parameter);
    w->state = km_alloc((size_t)a->fit->model->n_states + 1, sizeof *w->state);
    w->initial = km_alloc((size_t)a->n_states + 1, sizeof *w->initial);
    w->persistent = km_alloc(patients, sizeof *w->persistent);
    w->weight = km_alloc(patients, sizeof *w->weight);
    w->score = km_alloc((size_t)a->n_arms + 1, sizeof *w->score);
    w->base = km_alloc((size_t)a->n_arms + 1, sizeof *w->base);
    for (int i = 0; i < a->n_arms; i++) {
        w->score[i] = km_alloc(patients * (size_t)a->run[a->arm[i].regimen].n_times + 1, sizeof **w->score);
        w->base[i] = km_alloc(patients, sizeof **w->base);
    }
}

static void scratch_clear(const km_arms *a, scratch *w)
{
    for (int i = 0; i < a->n_arms; i++)
        free(w->score[i]), free(w->base[i]);
    km_registers_destroy(w->registers);
    free(w->parameter), free(w->state), free(w->initial), free(w->persistent), free(w->weight), free(w->score), free(w->base);
}

static double baseline_of(const km_fit *f, const km_arm *a, size_t patient)
{
    const km_population *p = f->population;
    int trait = km_population_find(p, f->baseline_parameter);
    km_trait t = trait >= 0 ? p->trait[trait] : (km_trait){.kind = KM_LAW_NORMAL};

    t.sd = a->baseline_sd;
    if (!(t.sd > 0.0))
        return a->baseline;
    return km_trait_value(&t, a->baseline, p->score[patient * (size_t)p->n_scores + (size_t)f->baseline_score]);
}

/* The parameters of the score's tape for a patient of an arm. */
static void fill_parameters(const km_arms *a, const km_arm *one, const double *theta, size_t patient, double base, scratch *w)
{
    const km_fit *f = a->fit;
    const km_regimen_run *g = &a->run[one->regimen];
    const km_tape *tape[] = {&a->score, &a->initial};

    for (int k = 0; k < 2; k++)
        for (int i = 0; i < tape[k]->n_leaves; i++) {
            const km_leaf *leaf = &tape[k]->leaf[i];
            int q = leaf->index;
            double typical;
            if (leaf->source != KM_FROM_CONSTANT)
                continue;
            if (q == f->baseline_parameter) {
                w->parameter[q] = base;
                continue;
            }
            typical = a->parameter_free[q] >= 0 ? theta[a->parameter_free[q]] : g->study->parameter[q];
            if (q == f->control_parameter && one->control >= 0)
                typical = km_fit_number_of(&f->control[one->control].value, theta);
            w->parameter[q] = km_arm_of_patient(f->population, km_population_find(f->population, q), typical, patient);
        }
}

/* Scores of an arm's patients at the times that are needed. False where one has no value. */
static bool score_arm(const km_arms *a, int index, size_t candidate, const double *theta, scratch *w)
{
    const km_arm *one = &a->arm[index];
    const km_regimen_run *g = &a->run[one->regimen];
    size_t patients = a->fit->population->n;
    double t = 0.0;
    const double *from[KM_N_SOURCES] = {[KM_FROM_TIME] = &t, [KM_FROM_STATE] = w->state, [KM_FROM_CONSTANT] = w->parameter};
    bool good = true;

    for (size_t j = 0; j < patients; j++) {
        double base = baseline_of(a->fit, one, j);
        w->base[index][j] = base;
        fill_parameters(a, one, theta, j, base, w);
        if (g->at_rest) {
            km_tape_run(&a->initial, &a->fit->model->pool, from, w->registers, w->initial);
            for (int s = 0; s < a->n_states; s++)
                w->state[a->state[s]] = w->initial[s];
        }
        for (int k = 0; k < g->n_times; k++) {
            double *score = &w->score[index][(size_t)k * patients + j];
            if (!one->needed[k])
                continue;
            t = g->time[k];
            for (int s = 0; s < a->n_states && !g->at_rest; s++)
                w->state[a->state[s]] = g->r.value[(size_t)(k * a->n_states + s) * g->r.n + candidate * patients + j];
            km_tape_run(&a->score, &a->fit->model->pool, from, w->registers, score);
            good = good && isfinite(*score);
        }
    }
    return good;
}

static double logit(double p)
{
    p = fmin(fmax(p, least_share), 1.0 - least_share);
    return log(p / (1.0 - p));
}

/* Share of the arm's patients whose observed score is at or below a threshold, with the trial's effect b: `share` of the
 * patient's baseline if positive, else `points`. */
static double share_below(const km_arms *a, const scratch *w, int index, int time, double share, double points, double b, double noise)
{
    size_t patients = a->fit->population->n;
    const double *score = w->score[index] + (size_t)time * patients, *base = w->base[index];
    double sum = 0.0;

    for (size_t j = 0; j < patients; j++) {
        double gap = (share > 0.0 ? share * base[j] : points) - score[j] - w->persistent[j] - b;
        sum += noise > 0.0 ? km_normal_below(gap / noise) : gap >= 0.0;
    }
    return sum / (double)patients;
}

/* Shares of responders who have relapsed, by visit: first visit 0, never falling. */
static void relapsed(const km_arms *a, scratch *w, const km_fit_row *row, int index, double b, double noise, int n, double *share)
{
    const km_fit *f = a->fit;
    const km_regimen_run *g = &a->run[row->regimen];
    size_t patients = f->population->n;
    const double *base = w->base[index];
    double all = 0.0;

    for (int k = 0; k < n; k++) {
        const double *score = w->score[index] + (size_t)km_arm_find_time(g, km_arm_visit_time(f, row, k)) * patients;
        double sum = 0.0;
        for (size_t j = 0; j < patients; j++) {
            double level = score[j] + w->persistent[j] + b, bound = (1.0 - (k == 0 ? f->response : row->relapse.reduction)) * base[j];
            double below = noise > 0.0 ? km_normal_below((bound - level) / noise) : level <= bound;
            if (k == 0) {
                w->weight[j] = below;
                all += below;
            } else {
                sum += w->weight[j] * (1.0 - below);
            }
        }
        share[k] = k == 0 || all < 1e-12 * (double)patients ? 0.0 : fmax(share[k - 1], sum / all);
    }
}

/* The share at a time after the last dose, linear between visits. */
static double share_at(const km_fit_relapse *r, const double *share, int n, double time)
{
    double at = (time - r->responders_at) / r->visits;
    int k = (int)floor(at);

    if (at <= 0.0)
        return 0.0;
    if (k >= n - 1)
        return share[n - 1];
    return share[k] + (at - k) * (share[k + 1] - share[k]);
}

static double days(const km_fit *f, double time) { return time * f->model->time.scale / 24.0; }

/* Mean time to relapse within the follow-up, days from the last dose. */
static double mean_time(const km_fit *f, const km_fit_relapse *r, const double *share, int n)
{
    double sum = r->responders_at;

    for (int k = 0; k + 1 < n; k++)
        sum += r->visits * (1.0 - 0.5 * (share[k] + share[k + 1]));
    sum += (r->follow_up - r->responders_at - (n - 1) * r->visits) * (1.0 - share[n - 1]);
    return days(f, sum);
}

static double mean_square(const km_fit *f, const km_fit_relapse *r, const double *share, int n)
{
    double sum = 0.0, t = r->responders_at;

    for (int k = 0; k + 1 < n; k++, t += r->visits) {
        double middle = days(f, t + 0.5 * r->visits);
        sum += (share[k + 1] - share[k]) * middle * middle;
    }
    return sum + (1.0 - share[n - 1]) * days(f, r->follow_up) * days(f, r->follow_up);
}

static void reduce_relapse(const km_arms *a, scratch *w, const km_fit_row *row, int index, double between, double noise,
                           km_row_prediction *out)
{
    const km_fit *f = a->fit;
    const km_fit_relapse *r = &row->relapse;
    int n = km_arm_n_visits(r);
    double *share = km_alloc((size_t)n, sizeof *share), day = 24.0 / f->model->time.scale;

    for (int q = 0; q < KM_EFFECT_NODES; q++) {
        double b = between * (q - KM_EFFECT_NODES / 2);
        if (between <= 0.0 && q != KM_EFFECT_NODES / 2)
            continue;
        relapsed(a, w, row, index, b, noise, n, share);
        if (row->row->measure == KM_RELAPSE_RATE) {
            out->node[0][q] = logit(share_at(r, share, n, row->time - f->regimen[row->regimen].last_dose));
        } else if (row->row->measure == KM_MEAN_RELAPSE_TIME) {
            out->node[0][q] = mean_time(f, r, share, n);
        } else { /* seen at the visit whose day is published: it lies between that and the one before */
            out->node[0][q] = logit(share_at(r, share, n, row->value * day - r->visits));
            out->node[1][q] = logit(share_at(r, share, n, row->value * day));
        }
        if (q != KM_EFFECT_NODES / 2)
            continue;
        out->mean = row->row->measure == KM_RELAPSE_RATE ? 100.0 / (1.0 + exp(-out->node[0][q])) : mean_time(f, r, share, n);
        out->sd = sqrt(fmax(mean_square(f, r, share, n) - mean_time(f, r, share, n) * mean_time(f, r, share, n), 0.0));
        if (row->row->measure == KM_MEDIAN_RELAPSE_TIME) {
            int k = 0;
            while (k + 1 < n && share[k + 1] < 0.5)
                k++;
            out->mean = k + 1 < n ? days(f, r->responders_at + r->visits * (k + (0.5 - share[k]) / (share[k + 1] - share[k])))
                                  : (double)INFINITY;
        }
    }
    free(share);
}

static void reduce_rate(const km_arms *a, scratch *w, const km_fit_row *row, int index, double between, double noise, km_row_prediction *out)
{
    bool response = row->row->measure == KM_RESPONSE_RATE;
    int time = km_arm_find_time(&a->run[row->regimen], row->time);

    for (int q = 0; q < KM_EFFECT_NODES; q++) {
        double b = between * (q - KM_EFFECT_NODES / 2);
        if (between <= 0.0 && q != KM_EFFECT_NODES / 2)
            continue;
        out->node[0][q] = logit(share_below(a, w, index, time, response ? 1.0 - a->fit->response : 0.0, row->remission, b, noise));
    }
    out->mean = 100.0 / (1.0 + exp(-out->node[0][KM_EFFECT_NODES / 2]));
}

/* Mean and sd over patients of the score, its change or its per cent change. */
static void reduce_mean(const km_arms *a, const scratch *w, const km_fit_row *row, int index, int time, double residual,
                        km_row_prediction *out)
{
    km_measure m = row->row->measure;
    size_t patients = a->fit->population->n;
    const double *score = w->score[index] + (size_t)time * patients, *base = w->base[index];
    double mean = 0.0, square = 0.0, inverse = 0.0, inverse_square = 0.0, n = (double)patients;

    for (size_t j = 0; j < patients; j++) {
        double x = m == KM_MEAN_SCORE ? score[j] : m == KM_PERCENT_CHANGE ? 100.0 * (score[j] / base[j] - 1.0) : score[j] - base[j];
        double before = mean;
        mean += (x - mean) / (double)(j + 1); /* Welford */
        square += (x - before) * (x - mean);
        inverse += 100.0 / base[j] / n;
        inverse_square += 1e4 / (base[j] * base[j]) / n;
    }
    out->mean = mean;
    out->slope = m == KM_PERCENT_CHANGE ? inverse : 1.0;
    out->sd = sqrt(square / n + residual * residual * (m == KM_PERCENT_CHANGE ? inverse_square : 1.0));
}

static void reduce_output(const km_arms *a, const km_fit_row *row, int i, size_t candidate, km_row_prediction *out)
{
    const km_regimen_run *g = &a->run[row->regimen];
    size_t patients = a->fit->population->n;
    int at = 0;
    double mean = 0.0, square = 0.0;

    for (int k = 0; k < i; k++) /* its place among those of its regimen */
        at += a->fit->row[a->first + k].value_of_output && a->fit->row[a->first + k].regimen == row->regimen;
    at += g->n_times * a->n_states;
    for (size_t j = 0; j < patients; j++) {
        double x = g->r.value[(size_t)at * g->r.n + candidate * patients + j], before = mean;
        mean += (x - mean) / (double)(j + 1);
        square += (x - before) * (x - mean);
    }
    *out = (km_row_prediction){.mean = mean, .sd = sqrt(square / (double)patients)};
}

static bool reduce(const km_arms *a, size_t candidate, const double *theta, scratch *w, km_row_prediction *out)
{
    const km_fit *f = a->fit;
    const km_population *p = f->population;
    double residual = km_fit_number_of(&f->residual, theta), between = km_fit_number_of(&f->between, theta);
    double noise = residual * sqrt(1.0 - f->persistent), stays = residual * sqrt(f->persistent);

    for (size_t j = 0; j < p->n; j++)
        w->persistent[j] = stays * p->score[j * (size_t)p->n_scores + (size_t)f->persistent_score];
    for (int i = 0; i < a->n_arms; i++)
        if (!score_arm(a, i, candidate, theta, w))
            return false;
    for (int i = 0; i < a->n; i++) {
        const km_fit_row *row = &f->row[a->first + i];
        const km_regimen_run *g = &a->run[row->regimen];
        km_measure m = row->row->measure;
        memset(&out[i], 0, sizeof out[i]);
        if (row->value_of_output) {
            reduce_output(a, row, i, candidate, &out[i]);
        } else if (km_is_relapse(m)) {
            reduce_relapse(a, w, row, a->row_arm[i], between, noise, &out[i]);
        } else if (m == KM_RESPONSE_RATE || m == KM_REMISSION_RATE) {
            reduce_rate(a, w, row, a->row_arm[i], between, noise, &out[i]);
        } else {
            reduce_mean(a, w, row, a->row_arm[i], km_arm_find_time(g, row->time), residual, &out[i]);
            if (m == KM_DIFFERENCE) {
                km_row_prediction control = {0};
                reduce_mean(a, w, row, a->row_control[i], km_arm_find_time(&a->run[0], row->time), residual, &control);
                out[i].mean -= control.mean;
                out[i].slope = 0.0;
                out[i].sd = sqrt(2.0 * (out[i].sd * out[i].sd + control.sd * control.sd)); /* of n in two arms: sd/sqrt(n) */
            }
        }
        if (!isfinite(out[i].mean) && m != KM_MEDIAN_RELAPSE_TIME)
            return false;
    }
    return true;
}

/* ---- all of a block, by threads ---- */

typedef struct share_of_block {
    const km_arms *a;
    size_t first, step, n;
    const double *theta;
    km_row_prediction *out;
    bool *good;
} share_of_block;

static void *reduce_share(void *context)
{
    const share_of_block *s = context;
    scratch w;

    scratch_init(s->a, &w);
    for (size_t i = s->first; i < s->n; i += s->step)
        if (s->good[i])
            s->good[i] = reduce(s->a, i, s->theta + i * (size_t)s->a->fit->n_free, &w, s->out + i * (size_t)s->a->n);
    scratch_clear(s->a, &w);
    return NULL;
}

void km_arm_rows_reduce(const km_arms *a, size_t n, const double *theta, km_row_prediction *out, bool *good)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = cores < 1 ? 1 : cores > MOST_THREADS ? MOST_THREADS : (size_t)cores;
    share_of_block share[MOST_THREADS];
    pthread_t thread[MOST_THREADS];
    bool started[MOST_THREADS] = {false};

    threads = threads > n ? n : threads;
    for (size_t i = 0; i < threads; i++) {
        share[i] = (share_of_block){a, i, threads, n, theta, out, good};
        started[i] = i + 1 < threads && pthread_create(&thread[i], NULL, reduce_share, &share[i]) == 0;
        if (!started[i])
            (void)reduce_share(&share[i]);
    }
    for (size_t i = 0; i < threads; i++)
        if (started[i])
            pthread_join(thread[i], NULL);
}
