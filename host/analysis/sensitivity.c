#include "analysis/sensitivity.h"

#include "analysis/sensitivity_progress.h"
#include "base/memory.h"
#include "base/text.h"
#include "study/copula.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A new method is a file with its row, and a line here. */
const km_sa_method *const km_sa_methods[] = {&km_sa_sobol, &km_sa_efast, &km_sa_morris, &km_sa_dgsm, &km_sa_regression,
                                             &km_sa_pawn, &km_sa_delta, &km_sa_given_data, NULL};

static const char *const common_keys[] = {"method", "n", "seed", "groups", "factors", "until", "times", "correlation"};
enum { N_COMMON_KEYS = sizeof common_keys / sizeof *common_keys, MOST_KEYS = 32, BATCHES = 8, MOST_MODELS = 1 << 20 };

/* ---- measures ---- */

/* True if an endpoint's value may not exist. */
static bool can_be_never(const km_endpoint *e)
{
    return e->kind == KM_FIRST_TIME || e->kind == KM_LAST_TIME || e->after_endpoint >= 0 || e->before_endpoint >= 0;
}

static void add_measure(km_sa *sa, int endpoint, km_sa_kind kind)
{
    KM_PUSH(sa->measure, sa->n_measures);
    sa->measure[sa->n_measures++] = (km_sa_measure){endpoint, kind};
}

static void make_measures(km_sa *sa)
{
    for (int e = 0; e < sa->study->n_endpoints; e++) {
        const km_endpoint *end = &sa->study->endpoint[e];
        add_measure(sa, e, KM_SA_VALUE);
        if (!can_be_never(end))
            continue;
        add_measure(sa, e, KM_SA_HAPPENED);
        if (end->kind == KM_FIRST_TIME || end->kind == KM_LAST_TIME)
            add_measure(sa, e, KM_SA_CENSORED);
    }
}

static double measured(const km_study *study, const km_sa_measure *m, double value, signed char state)
{
    const km_endpoint *e = &study->endpoint[m->endpoint];
    bool never = state == KM_STATE_NEVER || state == KM_STATE_NO_REFERENCE;

    if (state == KM_STATE_FAILED)
        return (double)NAN;
    if (m->kind == KM_SA_HAPPENED)
        return never ? 0.0 : 1.0;
    if (m->kind == KM_SA_CENSORED && never)
        return e->kind == KM_FIRST_TIME ? e->before : 0.0;
    return isfinite(value) ? value : (double)NAN;
}

static char *measure_name(const km_study *study, const km_sa_measure *m)
{
    static const char *const ending[] = {"", "_happened", "_censored"};

    return km_format("%s%s", study->endpoint[m->endpoint].name, ending[m->kind]);
}

static char *measure_about(const km_study *study, const km_sa_measure *m)
{
    const km_endpoint *e = &study->endpoint[m->endpoint];
    const char *about = e->about ? e->about : e->name;

    if (m->kind == KM_SA_HAPPENED)
        return km_format("%s: whether it happened, 1 or 0", about);
    if (m->kind == KM_SA_CENSORED)
        return km_format("%s; %g %s where it never did", about, e->kind == KM_FIRST_TIME ? e->before : 0.0, e->unit);
    return can_be_never(e) ? km_format("%s, where it happened in all models of a row", about) : km_strdup(about);
}

/* ---- making ---- */

km_status km_sa_find_method(const char *name, const km_json *place, const km_sa_method **out, km_diag *d)
{
    const char *known[MOST_KEYS] = {NULL}, *nearest;
    km_text message = {0};
    size_t n = 0;
    km_status st = KM_OK;

    for (*out = NULL; km_sa_methods[n]; n++) {
        known[n] = km_sa_methods[n]->name;
        if (strcmp(known[n], name) == 0)
            *out = km_sa_methods[n];
    }
    if (*out)
        return KM_OK;
    nearest = km_text_nearest(name, known, n);
    km_text_add(&message, "there is no method \"%s\" of sensitivity analysis; ", name);
    if (nearest)
        km_text_add(&message, "did you mean \"%s\"?", nearest);
    for (size_t i = 0; i < n && !nearest; i++)
        km_text_add(&message, "%s\"%s\"", i ? ", " : "known are ", known[i]);
    st = place ? km_json_fail(place, d, "%s", message.data) : km_diag_fail(d, KM_E_INPUT, "%s", message.data);
    km_text_clear(&message);
    return st;
}

static bool has_key(const km_sa_method *method, const char *key)
{
    for (size_t i = 0; method->keys && method->keys[i]; i++)
        if (strcmp(method->keys[i], key) == 0)
            return true;
    return false;
}

/* What another method knows is named as such, before what none knows. */
static km_status check_keys(const km_study *study, const km_sa_method *method, km_diag *d)
{
    const km_json *node = study->sensitivity->node;
    const char *keys[MOST_KEYS];
    size_t n = N_COMMON_KEYS;

    if (node == NULL)
        return KM_OK;
    for (size_t i = 0; i < node->n; i++)
        for (size_t k = 0; km_sa_methods[k] && !has_key(method, node->child[i].key); k++)
            if (has_key(km_sa_methods[k], node->child[i].key))
                return km_json_fail(&node->child[i], d, "\"%s\" is a setting of method \"%s\", and this is \"%s\"", node->child[i].key,
                                    km_sa_methods[k]->name, method->name);
    memcpy(keys, common_keys, sizeof common_keys);
    for (size_t i = 0; method->keys && method->keys[i] && n + 1 < MOST_KEYS; i++)
        keys[n++] = method->keys[i];
    keys[n] = NULL;
    return km_json_allow(node, keys, d);
}

/* Where factors hang together, changing one and leaving the others is no row of the sample, and shares of a variance have no single
 * meaning; a group that hangs together with nothing outside has. */
static km_status check_correlation(const km_study *study, const km_sa_method *method, km_diag *d)
{
    const km_sensitivity *s = study->sensitivity;
    const km_copula *c = study->copula;
    const km_json *list = s->node ? km_json_find(s->node, "correlation") : NULL,
                  *place = list ? list : s->node ? s->node : km_json_root(study->file);
    const char *where = c && c->of_model ? " in the model" : "", *out = c && c->of_model ? "; \"correlation\": [] in the analysis leaves the model's out" : "";

    if (c == NULL || method->correlations)
        return KM_OK;
    for (int j = 0; j < s->n_dimensions; j++)
        for (int i = 0; i < j; i++) {
            if (km_copula_weight(c, j, i) == 0.0)
                continue;
            if (!method->grouped_correlations)
                return km_json_fail(place, d, "method \"%s\" changes one factor and leaves the others, and \"%s\" and \"%s\" hang together%s; regression, pawn, "
                                              "delta and given_data take correlated factors, and sobol within one of \"groups\"%s", method->name,
                                    s->dimension[i], s->dimension[j], where, out);
            if (s->unit[i] != s->unit[j])
                return km_json_fail(place, d, "\"%s\" and \"%s\" hang together%s, so that they have no shares of their own; put them into one of \"groups\", "
                                              "or take regression, pawn, delta or given_data%s", s->dimension[i], s->dimension[j], where, out);
        }
    return KM_OK;
}

/* What not every method can do. */
static km_status check_abilities(const km_study *study, const km_sa_method *method, km_diag *d)
{
    const km_sensitivity *s = study->sensitivity;
    const km_json *until = s->node ? km_json_find(s->node, "until") : NULL, *factors = s->node ? km_json_find(s->node, "factors") : NULL;

    for (int u = 0; u < s->n_units && !method->groups; u++)
        if (s->grouped[u])
            return km_json_fail(km_json_find(s->node, "groups"), d, "method \"%s\" has no groups; sobol and morris have", method->name);
    for (int f = 0; f < study->n_factors && !method->choices; f++)
        if (study->factor[f].law.kind == KM_LAW_CHOICE)
            return km_json_fail(factors, d, "method \"%s\" takes derivatives, and there is none of the choice %s", method->name,
                                s->dimension[study->factor[f].dimension]);
    if (s->until > 0.0 && method->most_rows == 0) {
        static const char text[] = "the sample of method \"%s\" does not grow, so that it cannot go on until intervals are narrow; sobol, morris and dgsm can";
        return until ? km_json_fail(until, d, text, method->name) : km_diag_fail(d, KM_E_INPUT, text, method->name);
    }
    return KM_OK;
}

km_status km_sa_create(const km_study *study, km_sa **out, km_diag *d)
{
    km_sa *sa = km_alloc(1, sizeof *sa);
    km_sensitivity *s = study->sensitivity;
    km_status st = KM_OK;

    *out = NULL;
    sa->study = study;
    KM_TRY(km_sa_find_method(s->method, s->node ? km_json_find(s->node, "method") : NULL, &sa->method, d));
    KM_TRY(check_keys(study, sa->method, d));
    KM_TRY(check_abilities(study, sa->method, d));
    KM_TRY(check_correlation(study, sa->method, d));
    if (s->n == 0)
        s->n = s->until > 0.0 ? sa->method->most_rows : sa->method->rows;
    if (study->n_endpoints == 0)
        KM_FAIL(d, KM_E_INPUT, "%s has no endpoints, so there is nothing to analyse; see \"endpoints\"", study->path);
    make_measures(sa);
    KM_TRY(sa->method->create(sa->method, study, sa->n_measures, &sa->self, d));
    sa->n_cells = sa->method->n_cells(sa->self);
    for (uint64_t c = 0; c < sa->n_cells; c++)
        sa->n_models += sa->method->cell_models(sa->self, c);
    *out = sa;
    return KM_OK;

done:
    km_sa_destroy(sa);
    return st;
}

void km_sa_destroy(km_sa *sa)
{
    if (sa == NULL)
        return;
    if (sa->method && sa->self)
        sa->method->destroy(sa->self);
    for (int i = 0; i < sa->n_stages; i++)
        km_indices_destroy(sa->stage[i]);
    free(sa->stage), free(sa->measure);
    free(sa);
}

const km_sa_method *km_sa_method_of(const km_sa *sa) { return sa->method; }
int km_sa_n_measures(const km_sa *sa) { return sa->n_measures; }
const km_sa_measure *km_sa_measure_at(const km_sa *sa, int m) { return &sa->measure[m]; }
char *km_sa_measure_name(const km_sa *sa, int m) { return measure_name(sa->study, &sa->measure[m]); }
uint64_t km_sa_n_models(const km_sa *sa) { return sa->n_models; }
uint64_t km_sa_models_done(const km_sa *sa) { return sa->models_done; }
const uint64_t *km_sa_statuses(const km_sa *sa) { return sa->status; }
int km_sa_n_stages(const km_sa *sa) { return sa->n_stages; }
const km_indices *km_sa_stage(const km_sa *sa, int i) { return sa->stage[i]; }
bool km_sa_grows(const km_sa *sa) { return sa->method->most_rows > 0 && (sa->method->grows == NULL || sa->method->grows(sa->self)); }
bool km_sa_is_done(const km_sa *sa) { return sa->reached || sa->cell == sa->n_cells; }
bool km_sa_reached(const km_sa *sa) { return sa->reached; }

/* ---- running ---- */

static void leave_run(km_sa *sa)
{
    for (int i = 0; i < sa->n_engines; i++)
        km_sampler_destroy(sa->sampler[i]);
    free(sa->sampler), free(sa->engine), free(sa->value), free(sa->first_cell);
    sa->sampler = NULL, sa->engine = NULL, sa->value = NULL, sa->first_cell = NULL;
    sa->n_engines = 0;
}

/* A task has as many cells as fill a number of the smallest engine's batches. */
static size_t task_models(const km_sa *sa, const km_dispatch *dispatch)
{
    size_t least = 0;

    for (int i = 0; i < sa->n_engines; i++) {
        size_t batch = km_engine_facts_of(km_dispatch_engine(dispatch, i))->batch;
        size_t members = sa->sampler[i] ? (size_t)km_sampler_members(sa->sampler[i]) : 1;
        size_t models = BATCHES * (batch / members * members);
        least = i == 0 || models < least ? models : least;
    }
    return least;
}

static km_status enter_run(km_sa *sa, km_dispatch *dispatch, km_diag *d)
{
    size_t most_cell = 0;
    bool both = sa->method->is_both_ways && sa->method->is_both_ways(sa->self);
    km_status st = KM_OK;

    sa->n_engines = km_dispatch_n(dispatch);
    sa->engine = km_alloc((size_t)sa->n_engines, sizeof *sa->engine);
    sa->sampler = km_alloc((size_t)sa->n_engines, sizeof *sa->sampler);
    for (int i = 0; i < sa->n_engines; i++) {
        sa->engine[i] = km_dispatch_engine(dispatch, i);
        if (sa->method->part)
            KM_TRY(km_sampler_create(km_dispatch_engine(dispatch, i), both, &sa->sampler[i], d));
    }
    for (uint64_t c = 0; c < sa->n_cells; c++) {
        size_t n = sa->method->cell_models(sa->self, c);
        most_cell = n > most_cell ? n : most_cell;
    }
    sa->room = task_models(sa, dispatch);
    sa->room = sa->room > most_cell ? sa->room : most_cell;
    KM_TRY(km_array_create(sa->room * (size_t)sa->n_measures, sizeof *sa->value, (void **)&sa->value, d));
done:
    return st;
}

bool km_sa_ends_stage(const km_sa *sa, uint64_t cell)
{
    return sa->method->ends_stage ? sa->method->ends_stage(sa->self, cell) : cell + 1 == sa->n_cells;
}

/* Tasks from the next cell to the end of its stage: cells as they fit. */
static void plan_stage(km_sa *sa)
{
    uint64_t cell = sa->cell;
    size_t n = 0;

    free(sa->first_cell);
    sa->first_cell = NULL;
    sa->n_tasks = 0;
    KM_PUSH(sa->first_cell, sa->n_tasks);
    sa->first_cell[0] = cell;
    for (bool end = false; !end; cell++) {
        size_t models = sa->method->cell_models(sa->self, cell);
        end = km_sa_ends_stage(sa, cell);
        if (n > 0 && n + models > sa->room) {
            sa->n_tasks++;
            KM_PUSH(sa->first_cell, sa->n_tasks);
            sa->first_cell[sa->n_tasks] = cell;
            n = 0;
        }
        n += models;
    }
    sa->n_tasks++;
    KM_PUSH(sa->first_cell, sa->n_tasks);
    sa->first_cell[sa->n_tasks] = cell;
}

/* The slots of a cell's models from unit coordinates, [models][dimensions]. */
static void fill_rows(const km_sa *sa, const double *unit, size_t n, double *row)
{
    const km_study *study = sa->study;
    size_t k = (size_t)study->sensitivity->n_dimensions;

    for (size_t i = 0; i < n; i++)
        for (int f = 0; f < study->n_factors; f++) {
            const km_factor *factor = &study->factor[f];
            row[i * (size_t)study->n_slots + (size_t)factor->slot] =
                km_law_quantile(&factor->law, unit[i * k + (size_t)factor->dimension]) * factor->factor;
        }
}

static km_status run_drawn(const km_sa *sa, uint64_t first, uint64_t end, km_engine *engine, km_results *r, km_diag *d)
{
    size_t k = (size_t)sa->study->sensitivity->n_dimensions, slots = (size_t)sa->study->n_slots, at = 0;
    double *unit = NULL, *row = NULL;
    km_status st = KM_OK;

    KM_TRY(km_array_create(r->n * k, sizeof *unit, (void **)&unit, d));
    KM_TRY(km_array_create(r->n * slots, sizeof *row, (void **)&row, d));
    for (uint64_t c = first; c < end; c++) {
        size_t models = sa->method->cell_models(sa->self, c);
        sa->method->draw(sa->self, c, unit + at * k);
        fill_rows(sa, unit + at * k, models, row + at * slots);
        at += models;
    }
    st = km_engine_run_rows(engine, row, r, d);
done:
    free(unit), free(row);
    return st;
}

static km_status run_parts(const km_sa *sa, uint64_t first, uint64_t end, const km_engine *engine, km_results *r, km_diag *d)
{
    km_sample_part *part = km_alloc((size_t)(end - first), sizeof *part);
    km_sampler *sampler = NULL;
    km_status st;

    for (int i = 0; i < sa->n_engines; i++)
        if (sa->engine[i] == engine)
            sampler = sa->sampler[i];
    for (uint64_t c = first; c < end; c++)
        sa->method->part(sa->self, c, &part[c - first]);
    st = km_sampler_run(sampler, part, (size_t)(end - first), r, d);
    free(part);
    return st;
}

/* In an engine's thread: reads the plan, changes nothing of it. */
static km_status compute_task(const void *context, uint64_t task, km_engine *engine, km_results *r, km_diag *d)
{
    const km_sa *sa = context;
    uint64_t first = sa->first_cell[task], end = sa->first_cell[task + 1];

    r->n = 0;
    for (uint64_t c = first; c < end; c++)
        r->n += sa->method->cell_models(sa->self, c);
    return sa->method->draw ? run_drawn(sa, first, end, engine, r, d) : run_parts(sa, first, end, engine, r, d);
}

/* Endpoints of n models become measures. */
static void measure_all(km_sa *sa, const km_results *r)
{
    size_t n = r->n;

    for (int m = 0; m < sa->n_measures; m++) {
        size_t from = (size_t)sa->measure[m].endpoint * n;
        double *out = sa->value + (size_t)m * n;
        for (size_t i = 0; i < n; i++)
            out[i] = measured(sa->study, &sa->measure[m], r->value[from + i], r->state[from + i]);
    }
    for (size_t i = 0; i < n; i++) {
        int code = r->status[i];
        sa->status[code >= 0 && code < KM_N_POINT_STATUSES ? code : KM_N_POINT_STATUSES]++;
    }
}

/* ---- watching ---- */

double km_sa_dimension_value(const km_study *study, int dimension, double unit)
{
    const km_factor *factor = NULL;
    int n = 0;

    for (int f = 0; f < study->n_factors; f++)
        if (study->factor[f].dimension == dimension && n++ == 0)
            factor = &study->factor[f];
    if (n > 1)
        return fmin(floor(unit * factor->law.n_choices), factor->law.n_choices - 1.0);
    return km_law_quantile(&factor->law, unit);
}

void km_sa_observe(km_sa *sa, km_sa_observer *observer, void *context)
{
    sa->observer = observer;
    sa->observer_context = context;
}

/* unit: [models][dimensions] */
static void draw_cell(const km_sa *sa, uint64_t cell, size_t models, double *unit)
{
    km_sample_part part;
    size_t members, k = (size_t)sa->study->sensitivity->n_dimensions;

    if (sa->method->draw) {
        sa->method->draw(sa->self, cell, unit);
        return;
    }
    sa->method->part(sa->self, cell, &part);
    members = models / part.n;
    for (size_t i = 0; i < models; i++)
        km_sample_unit(sa->study, part.replicate, part.first + (uint32_t)(i / members), (int)(i % members), unit + i * k);
}

/* A cell whose measures are value[m]. */
static void show_cell(const km_sa *sa, uint64_t cell, const double *const *value)
{
    size_t models = sa->method->cell_models(sa->self, cell), k = (size_t)sa->study->sensitivity->n_dimensions;
    double *unit = km_alloc(models * k, sizeof *unit), *measure = km_alloc((size_t)sa->n_measures, sizeof *measure);

    draw_cell(sa, cell, models, unit);
    for (size_t i = 0; i < models; i++) {
        for (size_t j = 0; j < k; j++)
            unit[i * k + j] = km_sa_dimension_value(sa->study, (int)j, unit[i * k + j]);
        for (int m = 0; m < sa->n_measures; m++)
            measure[m] = value[m][i];
        sa->observer(sa->observer_context, unit + i * k, measure);
    }
    free(unit), free(measure);
}

/* ---- steps ---- */

static void end_stage(km_sa *sa)
{
    KM_PUSH(sa->stage, sa->n_stages);
    sa->stage[sa->n_stages++] = km_sa_indices(sa);
    if (sa->study->sensitivity->until > 0.0) {
        double width = km_sa_width(sa->stage[sa->n_stages - 1], NULL);
        sa->reached = width <= sa->study->sensitivity->until;
    }
}

/* In the caller's thread, task after task. */
static km_status take_task(void *context, uint64_t task, int engine, const km_results *r, km_diag *d)
{
    km_sa *sa = context;
    const double **value = km_alloc((size_t)sa->n_measures, sizeof *value);
    size_t at = 0;

    (void)engine;
    measure_all(sa, r);
    while (sa->cell < sa->first_cell[task + 1]) {
        for (int m = 0; m < sa->n_measures; m++)
            value[m] = sa->value + (size_t)m * r->n + at;
        if (sa->observer)
            show_cell(sa, sa->cell, value);
        at += sa->method->cell_models(sa->self, sa->cell);
        sa->method->digest(sa->self, sa->cell, value);
        sa->cell++;
    }
    sa->models_done += r->n;
    free(value);
    if (km_sa_ends_stage(sa, sa->cell - 1))
        end_stage(sa);
    return sa->watch->taken ? sa->watch->taken(sa->watch->context, d) : KM_OK;
}

static void say_lost(void *context, int engine, const char *why)
{
    const km_sa *sa = context;

    sa->watch->lost(sa->watch->context, engine, why);
}

km_status km_sa_run(km_sa *sa, km_dispatch *dispatch, const km_sa_watch *watch, km_diag *d)
{
    km_work work = {.in_order = true, .compute = compute_task, .take = take_task, .lost = watch->lost ? say_lost : NULL, .stop = watch->stop, .context = sa};
    km_status st = KM_OK;

    sa->watch = watch;
    KM_TRY(enter_run(sa, dispatch, d));
    work.most_points = sa->room;
    while (!km_sa_is_done(sa) && !(watch->stop && watch->stop())) {
        plan_stage(sa);
        work.n_tasks = sa->n_tasks;
        KM_TRY(km_dispatch_run(dispatch, &work, d));
    }
done:
    leave_run(sa);
    return st;
}

/* ---- numbers ---- */

static int count_names(const char *const *name)
{
    int n = 0;

    while (name && name[n])
        n++;
    return n;
}

/* What the model says about a unit of factors, or the factors that it has. Caller frees. */
static char *unit_about(const km_study *study, int unit)
{
    const km_sensitivity *s = study->sensitivity;
    km_text out = {0};

    for (int k = 0; k < study->n_factors && !s->grouped[unit]; k++)
        if (km_sensitivity_unit(study, k) == unit && study->factor[k].about)
            return km_strdup(study->factor[k].about);
    for (int i = 0; i < s->n_dimensions; i++)
        if (s->unit[i] == unit)
            km_text_add(&out, "%s%s", out.size ? ", " : "", s->dimension[i]);
    return km_text_take(&out);
}

static void add_word(km_text *out, const char *word)
{
    const char *at = out->size && word ? strstr(out->data, word) : NULL;

    if (word && at == NULL)
        km_text_add(out, "%s%s", out->size ? ", " : "", word);
}

/* What the model's parameters in a unit rest on; NULL where it does not say. Caller frees. */
static char *unit_evidence(const km_study *study, int unit)
{
    km_text out = {0};

    for (int k = 0; k < study->n_factors; k++) {
        const km_slot *slot = &study->slot[study->factor[k].slot];
        if (km_sensitivity_unit(study, k) == unit && slot->field == KM_FIELD_PARAMETER)
            add_word(&out, study->model->parameter[slot->index].evidence);
    }
    return out.size ? km_text_take(&out) : NULL;
}

static void name_moment(const km_study *study, const km_sa_measure *measure, km_indices *x, int m)
{
    const km_sensitivity *s = study->sensitivity;
    int i = measure->endpoint - s->first_moment;

    if (i < 0 || i >= s->n_moments)
        return;
    x->course[m] = km_strdup(s->course[i]);
    x->moment[m] = km_strdup(s->moment[i]);
    x->time[m] = study->endpoint[measure->endpoint].at;
}

km_indices *km_sa_room(const km_sa_method *method, int n_endpoints, int n_factors, bool pairs)
{
    const char *const *column = method->estimator ? method->estimator->column : method->column;
    km_indices *x = km_indices_create(n_endpoints, n_factors, column, count_names(column), method->pair_column,
                                      pairs ? count_names(method->pair_column) : 0);

    x->sort_column = km_indices_column(x, method->estimator ? method->estimator->sort_column : method->sort_column);
    return x;
}

km_indices *km_sa_indices(const km_sa *sa)
{
    const km_sensitivity *s = sa->study->sensitivity;
    km_indices *x = km_sa_room(sa->method, sa->n_measures, s->n_units, sa->method->pair_column && s->second_order);

    for (int m = 0; m < sa->n_measures; m++) {
        const km_sa_measure *measure = &sa->measure[m];
        x->endpoint[m] = measure_name(sa->study, measure);
        x->unit[m] = km_strdup(measure->kind == KM_SA_HAPPENED ? "-" : sa->study->endpoint[measure->endpoint].unit);
        x->endpoint_about[m] = measure_about(sa->study, measure);
        name_moment(sa->study, measure, x, m);
    }
    for (int i = 0; i < s->n_units; i++) {
        x->factor[i] = km_strdup(s->unit_name[i]);
        x->factor_about[i] = unit_about(sa->study, i);
        x->evidence[i] = unit_evidence(sa->study, i);
    }
    sa->method->evaluate(sa->self, x);
    x->n_models = sa->models_done;
    return x;
}

/* The column that "X_low" of "X_low", "X_high" is, else -1. */
static int interval_at(const char *const *name, int n, int c)
{
    size_t k = strlen(name[c]);

    if (c + 1 >= n || k < 5 || strcmp(name[c] + k - 4, "_low") != 0)
        return -1;
    return strncmp(name[c], name[c + 1], k - 4) == 0 && strcmp(name[c + 1] + k - 4, "_high") == 0 ? c : -1;
}

double km_sa_width(const km_indices *x, char **of)
{
    size_t k = (size_t)x->n_factors, n = (size_t)x->n_endpoints * k, n_pairs = n * k, at = 0, pair_at = 0;
    double widest = (double)NAN, widest_pair = (double)NAN;
    int column = 0, pair_column = 0;

    for (int c = 0; c < x->n_columns; c++)
        for (size_t i = 0; interval_at(x->column, x->n_columns, c) >= 0 && i < n; i++) {
            double width = x->value[(size_t)(c + 1) * n + i] - x->value[(size_t)c * n + i];
            if (width > widest || isnan(widest))
                widest = width, column = c, at = i;
        }
    for (int c = 0; c < x->n_pair_columns; c++)
        for (size_t i = 0; interval_at(x->pair_column, x->n_pair_columns, c) >= 0 && i < n_pairs; i++) {
            double width = x->pair[(size_t)(c + 1) * n_pairs + i] - x->pair[(size_t)c * n_pairs + i];
            if (width > widest_pair || isnan(widest_pair))
                widest_pair = width, pair_column = c, pair_at = i;
        }
    if (of && isnan(widest) && isnan(widest_pair))
        *of = NULL;
    else if (of && (isnan(widest_pair) || widest_pair <= widest))
        *of = km_format("%.*s of %s for %s", (int)strlen(x->column[column]) - 4, x->column[column], x->factor[at % k], x->endpoint[at / k]);
    else if (of)
        *of = km_format("%.*s of %s x %s for %s", (int)strlen(x->pair_column[pair_column]) - 4, x->pair_column[pair_column],
                        x->factor[pair_at / k % k], x->factor[pair_at % k], x->endpoint[pair_at / (k * k)]);
    return fmax(widest, widest_pair);
}
