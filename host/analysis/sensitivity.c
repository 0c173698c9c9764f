#include "analysis/sensitivity.h"

#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A new method is a file with its row, and a line here. */
const km_sa_method *const km_sa_methods[] = {&km_sa_sobol, &km_sa_efast, &km_sa_morris, &km_sa_dgsm, &km_sa_regression,
                                             &km_sa_pawn, &km_sa_delta, &km_sa_given_data, NULL};

static const char *const common_keys[] = {"method", "n", "seed", "groups", "factors", "until", "times"};
enum { N_COMMON_KEYS = sizeof common_keys / sizeof *common_keys, MOST_KEYS = 32, BATCHES = 8, MOST_MODELS = 1 << 20 };

struct km_sa {
    const km_study *study;
    const km_sa_method *method;
    void *self;
    km_sa_measure *measure;
    int n_measures;
    uint64_t cell, n_cells;      /* next, in all */
    uint64_t models_done, n_models, status[KM_N_POINT_STATUSES + 1];
    km_indices **stage;
    int n_stages;
    bool reached;
    /* of the engine in use */
    const km_engine *engine;
    km_sampler *sampler;
    size_t room;                 /* models */
    km_results r;
    double *value;               /* [n_measures][room] */
    double *unit, *row;          /* of a drawn sample */
    km_sa_observer *observer;
    void *observer_context;
};

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
        return km_format("%s; %g where it never did", about, e->kind == KM_FIRST_TIME ? e->before : 0.0);
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

static void leave_engine(km_sa *sa)
{
    km_sampler_destroy(sa->sampler);
    free(sa->r.value), free(sa->r.state), free(sa->r.status), free(sa->value), free(sa->unit), free(sa->row);
    sa->sampler = NULL;
    sa->engine = NULL;
    sa->value = sa->unit = sa->row = NULL;
    memset(&sa->r, 0, sizeof sa->r);
}

void km_sa_destroy(km_sa *sa)
{
    if (sa == NULL)
        return;
    leave_engine(sa);
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
bool km_sa_is_done(const km_sa *sa) { return sa->reached || sa->cell == sa->n_cells; }
bool km_sa_reached(const km_sa *sa) { return sa->reached; }

/* ---- running ---- */

/* A chunk has as many cells as fill a number of batches. */
static size_t chunk_models(const km_sa *sa, const km_engine *engine)
{
    size_t batch = km_engine_facts_of(engine)->batch, members = sa->sampler ? (size_t)km_sampler_members(sa->sampler) : 1;

    size_t batches = MOST_MODELS / batch; /* a GPU's batch may be that large itself */

    batches = batches > BATCHES ? BATCHES : batches < 1 ? 1 : batches;
    return batches * (batch / members * members);
}

static km_status enter_engine(km_sa *sa, km_engine *engine, km_diag *d)
{
    size_t n_endpoints = (size_t)sa->study->n_endpoints, most_cell = 0;
    bool both = sa->method->is_both_ways && sa->method->is_both_ways(sa->self);
    km_status st = KM_OK;

    leave_engine(sa);
    if (sa->method->part)
        KM_TRY(km_sampler_create(engine, both, &sa->sampler, d));
    for (uint64_t c = 0; c < sa->n_cells; c++) {
        size_t n = sa->method->cell_models(sa->self, c);
        most_cell = n > most_cell ? n : most_cell;
    }
    sa->room = chunk_models(sa, engine);
    sa->room = sa->room > most_cell ? sa->room : most_cell;
    KM_TRY(km_array_create(sa->room * n_endpoints, sizeof *sa->r.value, (void **)&sa->r.value, d));
    KM_TRY(km_array_create(sa->room * n_endpoints, sizeof *sa->r.state, (void **)&sa->r.state, d));
    KM_TRY(km_array_create(sa->room, sizeof *sa->r.status, (void **)&sa->r.status, d));
    KM_TRY(km_array_create(sa->room * (size_t)sa->n_measures, sizeof *sa->value, (void **)&sa->value, d));
    if (sa->method->draw) {
        KM_TRY(km_array_create(most_cell * (size_t)sa->study->sensitivity->n_dimensions, sizeof *sa->unit, (void **)&sa->unit, d));
        KM_TRY(km_array_create(sa->room * (size_t)sa->study->n_slots, sizeof *sa->row, (void **)&sa->row, d));
    }
    sa->engine = engine;
done:
    return st;
}

/* The slots of a cell's models from unit coordinates. */
static void fill_rows(km_sa *sa, uint64_t cell, size_t n, double *row)
{
    const km_study *study = sa->study;
    size_t k = (size_t)study->sensitivity->n_dimensions;

    sa->method->draw(sa->self, cell, sa->unit);
    for (size_t i = 0; i < n; i++)
        for (int f = 0; f < study->n_factors; f++) {
            const km_factor *factor = &study->factor[f];
            row[i * (size_t)study->n_slots + (size_t)factor->slot] =
                km_law_quantile(&factor->law, sa->unit[i * k + (size_t)factor->dimension]) * factor->factor;
        }
}

/* The chunk's cells: integrated. */
static km_status integrate(km_sa *sa, km_engine *engine, uint64_t n_cells, size_t n, km_diag *d)
{
    km_sample_part *part = NULL;
    size_t at = 0;
    km_status st = KM_OK;

    sa->r.n = n;
    if (sa->method->draw) {
        for (uint64_t c = 0; c < n_cells; c++) {
            size_t models = sa->method->cell_models(sa->self, sa->cell + c);
            fill_rows(sa, sa->cell + c, models, sa->row + at * (size_t)sa->study->n_slots);
            at += models;
        }
        return km_engine_run_rows(engine, sa->row, &sa->r, d);
    }
    part = km_alloc((size_t)n_cells, sizeof *part);
    for (uint64_t c = 0; c < n_cells; c++)
        sa->method->part(sa->self, sa->cell + c, &part[c]);
    st = km_sampler_run(sa->sampler, part, (size_t)n_cells, &sa->r, d);
    free(part);
    return st;
}

/* Endpoints of n models become measures. */
static void measure_all(km_sa *sa, size_t n)
{
    for (int m = 0; m < sa->n_measures; m++) {
        size_t from = (size_t)sa->measure[m].endpoint * n;
        double *out = sa->value + (size_t)m * n;
        for (size_t i = 0; i < n; i++)
            out[i] = measured(sa->study, &sa->measure[m], sa->r.value[from + i], sa->r.state[from + i]);
    }
    for (size_t i = 0; i < n; i++) {
        int code = sa->r.status[i];
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
        double width = km_sa_width(sa->stage[sa->n_stages - 1]);
        sa->reached = width <= sa->study->sensitivity->until;
    }
}

km_status km_sa_step(km_sa *sa, km_engine *engine, bool *done, km_diag *d)
{
    const double **value = km_alloc((size_t)sa->n_measures, sizeof *value);
    uint64_t n_cells = 0;
    size_t n = 0, at = 0;
    bool stage_ended = false;
    km_status st = KM_OK;

    if (sa->engine != engine)
        KM_TRY(enter_engine(sa, engine, d));
    while (!stage_ended && sa->cell + n_cells < sa->n_cells) {
        size_t models = sa->method->cell_models(sa->self, sa->cell + n_cells);
        if (n_cells > 0 && n + models > sa->room)
            break;
        n += models;
        stage_ended = sa->method->ends_stage ? sa->method->ends_stage(sa->self, sa->cell + n_cells) : sa->cell + n_cells + 1 == sa->n_cells;
        n_cells++;
    }
    if (n_cells > 0)
        KM_TRY(integrate(sa, engine, n_cells, n, d));
    measure_all(sa, n);
    for (uint64_t c = 0; c < n_cells; c++) {
        for (int m = 0; m < sa->n_measures; m++)
            value[m] = sa->value + (size_t)m * n + at;
        if (sa->observer)
            show_cell(sa, sa->cell, value);
        at += sa->method->cell_models(sa->self, sa->cell);
        sa->method->digest(sa->self, sa->cell, value);
        sa->cell++;
    }
    sa->models_done += n;
    if (stage_ended)
        end_stage(sa);
    *done = km_sa_is_done(sa);
done:
    free(value);
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
    }
    for (int i = 0; i < s->n_units; i++) {
        x->factor[i] = km_strdup(s->unit_name[i]);
        x->factor_about[i] = unit_about(sa->study, i);
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

double km_sa_width(const km_indices *x)
{
    size_t n = (size_t)x->n_endpoints * (size_t)x->n_factors, n_pairs = n * (size_t)x->n_factors;
    double widest = (double)NAN;

    for (int c = 0; c < x->n_columns; c++)
        for (size_t i = 0; interval_at(x->column, x->n_columns, c) >= 0 && i < n; i++)
            widest = fmax(widest, x->value[(size_t)(c + 1) * n + i] - x->value[(size_t)c * n + i]);
    for (int c = 0; c < x->n_pair_columns; c++)
        for (size_t i = 0; interval_at(x->pair_column, x->n_pair_columns, c) >= 0 && i < n_pairs; i++)
            widest = fmax(widest, x->pair[(size_t)(c + 1) * n_pairs + i] - x->pair[(size_t)c * n_pairs + i]);
    return widest;
}

/* ---- to be continued ---- */

/* A line of words, the numbers as this machine holds them, and a checksum over both. */
static const char state_mark[] = "ketamap sensitivity state 1\n";

typedef struct state_head {
    uint64_t cell, models_done, n_numbers, status[KM_N_POINT_STATUSES + 1];
    int32_t n_stages, reached;
} state_head;

static size_t stage_numbers(const km_indices *x)
{
    size_t n = (size_t)x->n_endpoints * (size_t)x->n_factors;

    return n * (size_t)x->n_columns + n * (size_t)x->n_factors * (size_t)x->n_pair_columns;
}

static void add_stage(km_text *out, const km_indices *x)
{
    size_t n = (size_t)x->n_endpoints, all = stage_numbers(x), values = n * (size_t)x->n_factors * (size_t)x->n_columns;

    km_text_add_bytes(out, (const char *)x->value, values * sizeof *x->value);
    km_text_add_bytes(out, (const char *)x->pair, (all - values) * sizeof *x->pair);
    km_text_add_bytes(out, (const char *)x->n_used, n * sizeof *x->n_used);
    km_text_add_bytes(out, (const char *)x->n_dropped, n * sizeof *x->n_dropped);
    km_text_add_bytes(out, (const char *)x->mean, n * sizeof *x->mean);
    km_text_add_bytes(out, (const char *)x->variance, n * sizeof *x->variance);
    km_text_add_bytes(out, (const char *)&x->n_rows, sizeof x->n_rows);
    km_text_add_bytes(out, (const char *)&x->n_models, sizeof x->n_models);
}

km_status km_sa_save(km_sa *sa, const char *name, unsigned char **out, size_t *size, km_diag *d)
{
    state_head head = {.cell = sa->cell, .models_done = sa->models_done, .n_stages = sa->n_stages, .reached = sa->reached};
    size_t n = 0;
    double *numbers = sa->method->state(sa->self, &n);
    km_text text = {0};
    char hash[65];

    (void)d;
    head.n_numbers = n;
    memcpy(head.status, sa->status, sizeof head.status);
    km_text_add(&text, "%s%s\n", state_mark, name);
    km_text_add_bytes(&text, (const char *)&head, sizeof head);
    km_text_add_bytes(&text, (const char *)numbers, n * sizeof *numbers);
    for (int i = 0; i < sa->n_stages; i++)
        add_stage(&text, sa->stage[i]);
    km_sha256_hex(text.data, text.size, hash);
    km_text_add_bytes(&text, hash, 64);
    *size = text.size;
    *out = (unsigned char *)km_text_take(&text);
    return KM_OK;
}

/* Bytes that are read one after the other. */
typedef struct reader {
    const unsigned char *at;
    size_t left;
} reader;

static bool take(reader *r, void *out, size_t n)
{
    if (n > r->left)
        return false;
    memcpy(out, r->at, n);
    r->at += n;
    r->left -= n;
    return true;
}

static bool take_stage(reader *r, km_indices *x)
{
    size_t n = (size_t)x->n_endpoints, all = stage_numbers(x), values = n * (size_t)x->n_factors * (size_t)x->n_columns;

    return take(r, x->value, values * sizeof *x->value) && take(r, x->pair, (all - values) * sizeof *x->pair) &&
           take(r, x->n_used, n * sizeof *x->n_used) && take(r, x->n_dropped, n * sizeof *x->n_dropped) &&
           take(r, x->mean, n * sizeof *x->mean) && take(r, x->variance, n * sizeof *x->variance) &&
           take(r, &x->n_rows, sizeof x->n_rows) && take(r, &x->n_models, sizeof x->n_models);
}

km_status km_sa_load(km_sa *sa, const char *name, const unsigned char *bytes, size_t size, km_diag *d)
{
    reader r = {bytes, size};
    state_head head;
    size_t n = 0, mark = strlen(state_mark), words = strlen(name);
    double *numbers = sa->method->state(sa->self, &n);
    char hash[65];

    if (size < mark + 64 || memcmp(bytes, state_mark, mark) != 0)
        return km_diag_fail(d, KM_E_INPUT, "it is not the state of an analysis");
    km_sha256_hex(bytes, size - 64, hash);
    if (memcmp(bytes + size - 64, hash, 64) != 0)
        return km_diag_fail(d, KM_E_INPUT, "its checksum is wrong, so that it is damaged");
    r.at += mark, r.left -= mark + 64;
    if (r.left < words + 1 || memcmp(r.at, name, words) != 0 || r.at[words] != '\n')
        return km_diag_fail(d, KM_E_INPUT, "it is of another analysis: study, model, settings, program or version differ");
    r.at += words + 1, r.left -= words + 1;
    if (!take(&r, &head, sizeof head) || head.n_numbers != n || !take(&r, numbers, n * sizeof *numbers))
        return km_diag_fail(d, KM_E_INPUT, "it has another size than this analysis");
    for (int i = 0; i < head.n_stages; i++) {
        KM_PUSH(sa->stage, sa->n_stages);
        sa->stage[sa->n_stages++] = km_sa_indices(sa);
        if (!take_stage(&r, sa->stage[i]))
            return km_diag_fail(d, KM_E_INPUT, "it has another size than this analysis");
    }
    sa->cell = head.cell;
    sa->models_done = head.models_done;
    memcpy(sa->status, head.status, sizeof sa->status);
    sa->reached = head.reached != 0;
    return KM_OK;
}
