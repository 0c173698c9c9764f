#include "analysis/arms.h"

#include "abi.h"
#include "analysis/likelihood.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/tape.h"
#include "model/influence.h"
#include "study/base_row.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS_PER_BLOCK = 65536, MOST_THREADS = 16 };
static const double least_share = 1e-9; /* of a rate: its logit stays finite */

/* A slot of a regimen's study: a free parameter, one that differs between patients, or both. */
typedef struct run_slot {
    int parameter, free, trait; /* -1 where not */
} run_slot;

typedef struct regimen_run {
    bool used, at_rest;
    km_study *study;
    km_engine *engine;
    double *time;
    int n_times;
    int *output;         /* endpoints of outputs of their own, after the states': of the model, ... */
    double *output_time; /* ... at this time, or NAN for the largest value */
    int n_outputs;
    run_slot *slot;
    double *base;        /* a row of slots */
    km_results r;
} regimen_run;

/* Arms that differ in nothing the score depends on are one. */
typedef struct arm {
    int regimen, control;
    double baseline, baseline_sd;
    bool *needed;        /* per time of the regimen */
} arm;

struct km_arms {
    const km_fit *fit;
    int first, n;
    regimen_run *run;    /* [fit->n_regimens] */
    arm *arm;
    int n_arms;
    int *row_arm, *row_control; /* of a row; of a difference also that of its control */
    int *state, n_states;       /* those the score needs */
    int *state_output;          /* an output of the model that is that state alone */
    bool *drives;               /* per parameter: the states follow from it */
    int *parameter_free;        /* per parameter: index of the free one, or -1 */
    km_tape score, initial;
    km_arms_facts facts;
    size_t block;        /* candidates at a time */
    int most_times;
};

int km_measure_nodes(km_measure m)
{
    if (m == KM_MEDIAN_RELAPSE_TIME)
        return 2;
    return m == KM_RESPONSE_RATE || m == KM_REMISSION_RATE || m == KM_RELAPSE_RATE || m == KM_MEAN_RELAPSE_TIME;
}

static bool is_relapse(km_measure m)
{
    return m == KM_RELAPSE_RATE || m == KM_MEAN_RELAPSE_TIME || m == KM_MEDIAN_RELAPSE_TIME;
}

/* ---- what is needed ---- */

static int add_time(regimen_run *g, double t)
{
    for (int i = 0; i < g->n_times; i++)
        if (g->time[i] == t)
            return i;
    KM_PUSH(g->time, g->n_times);
    g->time[g->n_times] = t;
    return g->n_times++;
}

static int n_visits(const km_fit_relapse *r)
{
    return (int)floor((r->follow_up - r->responders_at) / r->visits + 1e-9) + 1;
}

/* Visit k of a row on relapse, from the one where response is judged. */
static double visit_time(const km_fit *f, const km_fit_row *row, int k)
{
    return f->regimen[row->regimen].last_dose + row->relapse.responders_at + k * row->relapse.visits;
}

static int find_time(const regimen_run *g, double t)
{
    for (int i = 0; i < g->n_times; i++)
        if (g->time[i] == t)
            return i;
    return -1;
}

static void collect_times(km_arms *a)
{
    const km_fit *f = a->fit;

    for (int i = 0; i < a->n; i++) {
        const km_fit_row *row = &f->row[a->first + i];
        regimen_run *g = &a->run[row->regimen];
        g->used = true;
        if (row->row->measure == KM_DIFFERENCE)
            a->run[0].used = true;
        if (row->value_of_output) {
            KM_PUSH(g->output, g->n_outputs);
            g->output_time = km_realloc(g->output_time, (size_t)g->n_outputs + 1, sizeof *g->output_time);
            g->output[g->n_outputs] = row->output;
            g->output_time[g->n_outputs++] = row->row->measure == KM_MEAN_MAX ? (double)NAN : row->time;
            continue;
        }
        if (!isnan(row->time))
            (void)add_time(g, row->time);
        if (row->row->measure == KM_DIFFERENCE)
            (void)add_time(&a->run[0], row->time);
        for (int k = 0; is_relapse(row->row->measure) && k < n_visits(&row->relapse); k++)
            (void)add_time(g, visit_time(f, row, k));
    }
    for (int i = 0; i < f->n_regimens; i++)
        a->most_times = a->run[i].n_times > a->most_times ? a->run[i].n_times : a->most_times;
}

static int find_arm(km_arms *a, int regimen, const km_fit_row *row)
{
    const arm new = {.regimen = regimen, .control = row->control, .baseline = row->baseline, .baseline_sd = row->baseline_sd};

    for (int i = 0; i < a->n_arms; i++) {
        const arm *o = &a->arm[i];
        if (o->regimen == new.regimen && o->control == new.control && o->baseline == new.baseline && o->baseline_sd == new.baseline_sd)
            return i;
    }
    KM_PUSH(a->arm, a->n_arms);
    a->arm[a->n_arms] = new;
    a->arm[a->n_arms].needed = km_alloc((size_t)a->run[regimen].n_times + 1, sizeof(bool));
    return a->n_arms++;
}

static void collect_arms(km_arms *a)
{
    const km_fit *f = a->fit;

    a->row_arm = km_alloc((size_t)a->n + 1, sizeof *a->row_arm);
    a->row_control = km_alloc((size_t)a->n + 1, sizeof *a->row_control);
    for (int i = 0; i < a->n; i++) {
        const km_fit_row *row = &f->row[a->first + i];
        const regimen_run *g = &a->run[row->regimen];
        a->row_arm[i] = a->row_control[i] = -1;
        if (row->value_of_output)
            continue;
        a->row_arm[i] = find_arm(a, row->regimen, row);
        if (!isnan(row->time))
            a->arm[a->row_arm[i]].needed[find_time(g, row->time)] = true;
        for (int k = 0; is_relapse(row->row->measure) && k < n_visits(&row->relapse); k++)
            a->arm[a->row_arm[i]].needed[find_time(g, visit_time(f, row, k))] = true;
        if (row->row->measure == KM_DIFFERENCE) {
            a->row_control[i] = find_arm(a, 0, row);
            a->arm[a->row_control[i]].needed[find_time(&a->run[0], row->time)] = true;
        }
    }
}

/* ---- states, and outputs that are one ---- */

static km_status find_states(km_arms *a, km_diag *d)
{
    const km_fit *f = a->fit;
    const km_model *m = f->model;
    bool *needed = km_alloc((size_t)m->n_states + 1, sizeof *needed);
    km_status st = KM_OK;

    a->drives = km_alloc((size_t)m->n_parameters + 1, sizeof *a->drives);
    a->state = km_alloc((size_t)m->n_states + 1, sizeof *a->state);
    a->state_output = km_alloc((size_t)m->n_states + 1, sizeof *a->state_output);
    km_influence_direct(m, m->output[f->score_output].value, NULL, needed);
    for (int s = 0; s < m->n_states; s++) {
        int o = 0;
        if (!needed[s])
            continue;
        for (; o < m->n_outputs; o++) {
            const km_node *node = &m->pool.node[m->output[o].value];
            if (node->op == KM_OP_SYMBOL && node->kind == KM_SYMBOL_STATE && node->index == s)
                break;
        }
        if (o == m->n_outputs)
            KM_FAIL(d, KM_E_INPUT, "%s: \"%s\" needs the state \"%s\", and no output of the model is that state alone; add one such as "
                                   "\"x\": {\"value\": \"%s\"}", f->path, m->output[f->score_output].name, m->state[s].name, m->state[s].name);
        a->state[a->n_states] = s;
        a->state_output[a->n_states++] = o;
    }
    km_influence_of_states(m, a->drives, needed);
    for (int i = a->first; i < a->first + a->n; i++) /* outputs of their own bring theirs */
        if (f->row[i].value_of_output)
            km_influence_direct(m, m->output[f->row[i].output].value, a->drives, needed);
    km_influence_of_states(m, a->drives, needed);
done:
    free(needed);
    return st;
}

static bool is_leaf(void *context, km_expr e, km_leaf *out)
{
    const km_node *n = &((const km_pool *)context)->node[e];

    if (n->op != KM_OP_SYMBOL)
        return false;
    out->source = n->kind == KM_SYMBOL_TIME ? KM_FROM_TIME : n->kind == KM_SYMBOL_STATE ? KM_FROM_STATE : KM_FROM_CONSTANT;
    out->index = n->index;
    return true;
}

static void make_tapes(km_arms *a)
{
    const km_model *m = a->fit->model;
    km_expr *initial = km_alloc((size_t)a->n_states + 1, sizeof *initial);

    km_tape_init(&a->score, &m->pool, &m->output[a->fit->score_output].value, 1, is_leaf, (void *)(uintptr_t)&m->pool);
    for (int i = 0; i < a->n_states; i++)
        initial[i] = m->state[a->state[i]].initial;
    km_tape_init(&a->initial, &m->pool, initial, a->n_states, is_leaf, (void *)(uintptr_t)&m->pool);
    free(initial);
}

/* Without doses nothing moves: every rate is 0 at the initial state, at several times. */
static bool stays_at_rest(const km_study *s, double horizon)
{
    const km_model *m = s->model;
    double *state = km_alloc((size_t)m->n_states + 1, sizeof *state);
    bool rest = true;

    for (int i = 0; i < m->n_states; i++)
        state[i] = km_evaluate(&m->pool, m->state[i].initial, &(km_values){.parameter = s->parameter});
    for (int k = 0; k < 8 && rest; k++)
        for (int i = 0; i < m->n_states && rest; i++) {
            double rate = km_evaluate(&m->pool, m->state[i].rate,
                                      &(km_values){.t = horizon * k / 7.0, .parameter = s->parameter, .state = state});
            rest = fabs(rate) * horizon <= 1e-10 * (1.0 + fabs(state[i]));
        }
    free(state);
    return rest;
}

/* ---- programs ---- */

static char *endpoints_of(const km_arms *a, const regimen_run *g)
{
    const km_model *m = a->fit->model;
    km_text out = {0};

    for (int t = 0; t < g->n_times; t++)
        for (int s = 0; s < a->n_states; s++)
            km_text_add(&out, "%s{\"name\": \"s%d_%d\", \"of\": \"%s\", \"kind\": \"value\", \"at\": %.17g}", out.size ? ", " : "", t, s,
                        m->output[a->state_output[s]].name, g->time[t]);
    for (int i = 0; i < g->n_outputs; i++) {
        km_text_add(&out, "%s{\"name\": \"o%d\", \"of\": \"%s\", ", out.size ? ", " : "", i, m->output[g->output[i]].name);
        if (isnan(g->output_time[i]))
            km_text_add(&out, "\"kind\": \"max\"}");
        else
            km_text_add(&out, "\"kind\": \"value\", \"at\": %.17g}", g->output_time[i]);
    }
    return km_text_take(&out);
}

static void add_slot(const km_arms *a, regimen_run *g, int parameter)
{
    km_study *s = g->study;

    for (int i = 0; i < s->n_slots; i++)
        if (g->slot[i].parameter == parameter)
            return;
    s->slot = km_realloc(s->slot, (size_t)s->n_slots + 1, sizeof *s->slot);
    g->slot = km_realloc(g->slot, (size_t)s->n_slots + 1, sizeof *g->slot);
    s->slot[s->n_slots] = (km_slot){.field = KM_FIELD_PARAMETER, .index = parameter};
    g->slot[s->n_slots++] = (run_slot){parameter, a->parameter_free[parameter], km_population_find(a->fit->population, parameter)};
}

static km_status make_results(regimen_run *g, size_t n, km_diag *d)
{
    size_t values = n * (size_t)g->study->n_endpoints;
    km_status st = KM_OK;

    KM_TRY(km_array_create(values, sizeof *g->r.value, (void **)&g->r.value, d));
    KM_TRY(km_array_create(values, sizeof *g->r.state, (void **)&g->r.state, d));
    KM_TRY(km_array_create(n, sizeof *g->r.status, (void **)&g->r.status, d));
done:
    return st;
}

static km_status make_run(km_arms *a, int r, const km_engine_options *options, km_diag *d)
{
    const km_fit *f = a->fit;
    regimen_run *g = &a->run[r];
    char *endpoints = endpoints_of(a, g), *text = NULL;
    km_status st = KM_OK;

    g->at_rest = f->stateless || a->n_states == 0 || (r == 0 && stays_at_rest(f->base, f->regimen[0].horizon));
    if (g->at_rest && g->n_outputs == 0) {
        text = km_fit_study_text(f, r, "");
    } else {
        g->at_rest = false;
        text = km_fit_study_text(f, r, endpoints);
    }
    st = km_study_parse(f->path, text, &g->study, d);
    if (st != KM_OK)
        km_diag_context(d, "the study of the regimen \"%s\" (places count in what is made from the fit)", f->regimen[r].text);
    KM_TRY(st);
    for (int i = 0; i < f->model->n_parameters; i++)
        if (a->drives[i] && (a->parameter_free[i] >= 0 || km_population_find(f->population, i) >= 0))
            add_slot(a, g, i);
    g->base = km_base_row(g->study);
    if (g->at_rest)
        goto done;
    KM_TRY(km_engine_create(g->study, options, &g->engine, d));
    a->facts.build_seconds += km_engine_facts_of(g->engine)->build_seconds;
    a->facts.runs += f->population->n;
    KM_TRY(make_results(g, a->block * f->population->n, d));
done:
    free(endpoints), free(text);
    return st;
}

/* A drug's own value of a parameter and a free one cannot both hold. */
static km_status check_variants(const km_arms *a, km_diag *d)
{
    const km_fit *f = a->fit;
    km_status st = KM_OK;

    for (int r = 0; r < f->n_regimens; r++)
        for (int i = 0; a->run[r].study && i < f->model->n_parameters; i++)
            if (a->parameter_free[i] >= 0 && a->run[r].study->parameter[i] != f->base->parameter[i])
                KM_FAIL(d, KM_E_INPUT, "%s: \"%s\" is free, and a variant of the drug of \"%s\" sets it", f->path,
                        f->model->parameter[i].name, f->regimen[r].text);
done:
    return st;
}

km_status km_arms_create(const km_fit *f, const km_engine_options *options, int first, int n, km_arms **out, km_diag *d)
{
    km_arms *a = km_alloc(1, sizeof *a);
    km_status st = KM_OK;

    *out = NULL;
    a->fit = f, a->first = first, a->n = n;
    a->run = km_alloc((size_t)f->n_regimens, sizeof *a->run);
    a->parameter_free = km_alloc((size_t)f->model->n_parameters + 1, sizeof *a->parameter_free);
    for (int i = 0; i < f->model->n_parameters; i++)
        a->parameter_free[i] = -1;
    for (int i = 0; i < f->n_free; i++)
        if (f->free[i].parameter >= 0)
            a->parameter_free[f->free[i].parameter] = i;
    a->block = ROWS_PER_BLOCK / f->population->n;
    a->block = a->block < 1 ? 1 : a->block;
    KM_TRY(find_states(a, d));
    make_tapes(a);
    collect_times(a);
    collect_arms(a);
    for (int r = 0; r < f->n_regimens; r++)
        if (a->run[r].used) {
            KM_TRY(make_run(a, r, options, d));
            a->facts.n_regimens++;
        }
    KM_TRY(check_variants(a, d));
    a->facts.n_arms = a->n_arms;
    *out = a;
    a = NULL;
done:
    km_arms_destroy(a);
    return st;
}

void km_arms_destroy(km_arms *a)
{
    if (a == NULL)
        return;
    for (int r = 0; r < a->fit->n_regimens; r++) {
        regimen_run *g = &a->run[r];
        km_engine_destroy(g->engine);
        km_study_destroy(g->study);
        free(g->time), free(g->output), free(g->output_time), free(g->slot), free(g->base);
        free(g->r.value), free(g->r.state), free(g->r.status);
    }
    for (int i = 0; i < a->n_arms; i++)
        free(a->arm[i].needed);
    km_tape_clear(&a->score);
    km_tape_clear(&a->initial);
    free(a->run), free(a->arm), free(a->row_arm), free(a->row_control), free(a->state), free(a->state_output), free(a->drives);
    free(a->parameter_free);
    free(a);
}

const km_arms_facts *km_arms_facts_of(const km_arms *a) { return &a->facts; }

/* ---- running ---- */

/* A patient's value of a parameter; `typical` is the arm's or the candidate's. */
static double of_patient(const km_population *p, int trait, double typical, size_t patient)
{
    return trait < 0 ? typical : km_trait_value(&p->trait[trait], typical, p->score[patient * (size_t)p->n_scores + (size_t)trait]);
}

/* The rows of a candidate's patients; false where a parameter has no value. */
static bool fill_rows(const km_arms *a, const regimen_run *g, const double *theta, double *row)
{
    const km_population *p = a->fit->population;
    size_t n_slots = (size_t)g->study->n_slots;
    bool good = true;

    for (size_t j = 0; j < p->n; j++)
        for (size_t s = 0; s < n_slots; s++) {
            const run_slot *slot = &g->slot[s];
            double value = of_patient(p, slot->trait, slot->free >= 0 ? theta[slot->free] : g->base[s], j);
            good = good && isfinite(value);
            row[j * n_slots + s] = isfinite(value) ? value : g->base[s];
        }
    return good;
}

static km_status run_regimen(km_arms *a, regimen_run *g, size_t n, const double *theta, bool *good, km_diag *d)
{
    size_t patients = a->fit->population->n, n_slots = (size_t)g->study->n_slots;
    double *row = NULL;
    km_status st = KM_OK;

    KM_TRY(km_array_create(n * patients * n_slots, sizeof *row, (void **)&row, d));
    for (size_t i = 0; i < n; i++)
        good[i] = fill_rows(a, g, theta + i * (size_t)a->fit->n_free, row + i * patients * n_slots) && good[i];
    g->r.n = n * patients;
    KM_TRY(km_engine_run_rows(g->engine, row, &g->r, d));
    a->facts.integrated += g->r.n;
    for (size_t k = 0; k < g->r.n; k++)
        if (g->r.status[k] != KM_POINT_DONE && g->r.status[k] != KM_POINT_RETRIED)
            good[k / patients] = false;
done:
    free(row);
    return st;
}

/* ---- reducing: one candidate ---- */

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

static double baseline_of(const km_fit *f, const arm *a, size_t patient)
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
static void fill_parameters(const km_arms *a, const arm *one, const double *theta, size_t patient, double base, scratch *w)
{
    const km_fit *f = a->fit;
    const regimen_run *g = &a->run[one->regimen];
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
            w->parameter[q] = of_patient(f->population, km_population_find(f->population, q), typical, patient);
        }
}

/* Scores of an arm's patients at the times that are needed. False where one has no value. */
static bool score_arm(const km_arms *a, int index, size_t candidate, const double *theta, scratch *w)
{
    const arm *one = &a->arm[index];
    const regimen_run *g = &a->run[one->regimen];
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
    const regimen_run *g = &a->run[row->regimen];
    size_t patients = f->population->n;
    const double *base = w->base[index];
    double all = 0.0;

    for (int k = 0; k < n; k++) {
        const double *score = w->score[index] + (size_t)find_time(g, visit_time(f, row, k)) * patients;
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
    int n = n_visits(r);
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
    int time = find_time(&a->run[row->regimen], row->time);

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
    const regimen_run *g = &a->run[row->regimen];
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
        const regimen_run *g = &a->run[row->regimen];
        km_measure m = row->row->measure;
        memset(&out[i], 0, sizeof out[i]);
        if (row->value_of_output) {
            reduce_output(a, row, i, candidate, &out[i]);
        } else if (is_relapse(m)) {
            reduce_relapse(a, w, row, a->row_arm[i], between, noise, &out[i]);
        } else if (m == KM_RESPONSE_RATE || m == KM_REMISSION_RATE) {
            reduce_rate(a, w, row, a->row_arm[i], between, noise, &out[i]);
        } else {
            reduce_mean(a, w, row, a->row_arm[i], find_time(g, row->time), residual, &out[i]);
            if (m == KM_DIFFERENCE) {
                km_row_prediction control = {0};
                reduce_mean(a, w, row, a->row_control[i], find_time(&a->run[0], row->time), residual, &control);
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

/* ---- reducing: all of a block, by threads ---- */

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

static void reduce_block(const km_arms *a, size_t n, const double *theta, km_row_prediction *out, bool *good)
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

km_status km_arms_predict(km_arms *a, size_t n, const double *theta, km_row_prediction *out, bool *good, km_diag *d)
{
    size_t n_free = (size_t)a->fit->n_free;
    km_status st = KM_OK;

    for (size_t at = 0; at < n; at += a->block) {
        size_t here = n - at < a->block ? n - at : a->block;
        for (size_t i = 0; i < here; i++)
            good[at + i] = true;
        for (int r = 0; r < a->fit->n_regimens; r++)
            if (a->run[r].used && !a->run[r].at_rest)
                KM_TRY(run_regimen(a, &a->run[r], here, theta + at * n_free, good + at, d));
        reduce_block(a, here, theta + at * n_free, out + at * (size_t)a->n, good + at);
        for (size_t i = at; i < at + here; i++) {
            a->facts.failed += !good[i];
            for (int k = 0; k < a->n && !good[i]; k++)
                out[i * (size_t)a->n + (size_t)k] = (km_row_prediction){(double)NAN, (double)NAN, (double)NAN, {{0}}};
        }
    }
done:
    return st;
}
