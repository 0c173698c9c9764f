#include "analysis/arms.h"

#include "abi.h"
#include "analysis/arm_runs.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/influence.h"
#include "study/base_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_PER_BLOCK = 65536 };

/* ---- what is needed ---- */

bool km_is_relapse(km_measure m)
{
    return m == KM_RELAPSE_RATE || m == KM_MEAN_RELAPSE_TIME || m == KM_MEDIAN_RELAPSE_TIME;
}

static int add_time(km_regimen_run *g, double t)
{
    for (int i = 0; i < g->n_times; i++)
        if (g->time[i] == t)
            return i;
    KM_PUSH(g->time, g->n_times);
    g->time[g->n_times] = t;
    return g->n_times++;
}

int km_arm_n_visits(const km_fit_relapse *r)
{
    return (int)floor((r->follow_up - r->responders_at) / r->visits + 1e-9) + 1;
}

/* Visit k of a row on relapse, from the one where response is judged. */
double km_arm_visit_time(const km_fit *f, const km_fit_row *row, int k)
{
    return f->regimen[row->regimen].last_dose + row->relapse.responders_at + k * row->relapse.visits;
}

int km_arm_find_time(const km_regimen_run *g, double t)
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
        km_regimen_run *g = &a->run[row->regimen];
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
        for (int k = 0; km_is_relapse(row->row->measure) && k < km_arm_n_visits(&row->relapse); k++)
            (void)add_time(g, km_arm_visit_time(f, row, k));
    }
    for (int i = 0; i < f->n_regimens; i++)
        a->most_times = a->run[i].n_times > a->most_times ? a->run[i].n_times : a->most_times;
}

static int find_arm(km_arms *a, int regimen, const km_fit_row *row)
{
    const km_arm new = {.regimen = regimen, .control = row->control, .baseline = row->baseline, .baseline_sd = row->baseline_sd};

    for (int i = 0; i < a->n_arms; i++) {
        const km_arm *o = &a->arm[i];
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
        const km_regimen_run *g = &a->run[row->regimen];
        a->row_arm[i] = a->row_control[i] = -1;
        if (row->value_of_output)
            continue;
        a->row_arm[i] = find_arm(a, row->regimen, row);
        if (!isnan(row->time))
            a->arm[a->row_arm[i]].needed[km_arm_find_time(g, row->time)] = true;
        for (int k = 0; km_is_relapse(row->row->measure) && k < km_arm_n_visits(&row->relapse); k++)
            a->arm[a->row_arm[i]].needed[km_arm_find_time(g, km_arm_visit_time(f, row, k))] = true;
        if (row->row->measure == KM_DIFFERENCE) {
            a->row_control[i] = find_arm(a, 0, row);
            a->arm[a->row_control[i]].needed[km_arm_find_time(&a->run[0], row->time)] = true;
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
    km_influence_of_states(m, NULL, NULL, a->drives, needed);
    for (int i = a->first; i < a->first + a->n; i++) /* outputs of their own bring theirs */
        if (f->row[i].value_of_output)
            km_influence_direct(m, m->output[f->row[i].output].value, a->drives, needed);
    km_influence_of_states(m, NULL, NULL, a->drives, needed);
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

static char *endpoints_of(const km_arms *a, const km_regimen_run *g)
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

static void add_slot(const km_arms *a, km_regimen_run *g, int parameter)
{
    km_study *s = g->study;

    for (int i = 0; i < s->n_slots; i++)
        if (g->slot[i].parameter == parameter)
            return;
    s->slot = km_realloc(s->slot, (size_t)s->n_slots + 1, sizeof *s->slot);
    g->slot = km_realloc(g->slot, (size_t)s->n_slots + 1, sizeof *g->slot);
    s->slot[s->n_slots] = (km_slot){.field = KM_FIELD_PARAMETER, .index = parameter};
    g->slot[s->n_slots++] = (km_run_slot){parameter, a->parameter_free[parameter], km_population_find(a->fit->population, parameter)};
}

static km_status make_results(km_regimen_run *g, size_t n, km_diag *d)
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
    km_regimen_run *g = &a->run[r];
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
        km_regimen_run *g = &a->run[r];
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

double km_arm_of_patient(const km_population *p, int trait, double typical, size_t patient)
{
    return trait < 0 ? typical : km_trait_value(&p->trait[trait], typical, p->score[patient * (size_t)p->n_scores + (size_t)trait]);
}

/* The rows of a candidate's patients; false where a parameter has no value. */
static bool fill_rows(const km_arms *a, const km_regimen_run *g, const double *theta, double *row)
{
    const km_population *p = a->fit->population;
    size_t n_slots = (size_t)g->study->n_slots;
    bool good = true;

    for (size_t j = 0; j < p->n; j++)
        for (size_t s = 0; s < n_slots; s++) {
            const km_run_slot *slot = &g->slot[s];
            double value = km_arm_of_patient(p, slot->trait, slot->free >= 0 ? theta[slot->free] : g->base[s], j);
            good = good && isfinite(value);
            row[j * n_slots + s] = isfinite(value) ? value : g->base[s];
        }
    return good;
}

static km_status run_regimen(km_arms *a, km_regimen_run *g, size_t n, const double *theta, bool *good, km_diag *d)
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
        km_arm_rows_reduce(a, here, theta + at * n_free, out + at * (size_t)a->n, good + at);
        for (size_t i = at; i < at + here; i++) {
            a->facts.failed += !good[i];
            for (int k = 0; k < a->n && !good[i]; k++)
                out[i * (size_t)a->n + (size_t)k] = (km_row_prediction){(double)NAN, (double)NAN, (double)NAN, {{0}}};
        }
    }
done:
    return st;
}
