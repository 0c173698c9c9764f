#include "study/fit_rows.h"

#include "base/memory.h"
#include "study/fit_twice.h"
#include "study/quantity.h"
#include "study/regimen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const selector_keys[] = {"use", "study", "arm", "kind", "scale", "route", "drug", "recalled", "why", NULL};
static const char *const assume_keys[] = {"study", "arm", "kind", "n", "sd", "dose", "schedule", "infusion", "time", "baseline",
                                          "baseline_sd", "why", NULL};
static const char *const relapse_keys[] = {"reduction", "responders_at", "visits", "follow_up", "of", NULL};
static const char *const relapse_of_keys[] = {"reduction", "responders_at", "visits", "follow_up", NULL};
static const char *const drug_keys[] = {"variants", "routes", NULL};
static const char *const parts_keys[] = {"part", "every", "first", "later", NULL};
enum { MOST_DOSES = 1000 };

typedef struct context {
    km_fit *f;
    const km_json *root, *drugs, *assume, *score, *outputs, *relapse, *controls;
    bool predict_spread;       /* rows without any spread take the prediction's */
    km_diag *d;
} context;

/* ---- selecting ---- */

static bool is_one_of(const km_json *words, const char *text)
{
    if (words == NULL)
        return true;
    if (words->kind == KM_JSON_STRING)
        return strcmp(words->string, text) == 0;
    for (size_t i = 0; i < words->n; i++)
        if (strcmp(words->child[i].string, text) == 0)
            return true;
    return false;
}

static bool matches(const km_json *selector, const km_trial_row *r)
{
    const struct {
        const char *key, *text;
    } test[] = {{"use", r->use}, {"study", r->study}, {"arm", r->arm}, {"kind", r->value_kind},
                {"scale", r->scale}, {"route", r->route}, {"drug", r->drug}};

    for (size_t i = 0; i < sizeof test / sizeof *test; i++)
        if (!is_one_of(km_json_find(selector, test[i].key), test[i].text))
            return false;
    return true;
}

static km_status check_words(const km_json *selector, const char *const *keys, km_diag *d)
{
    km_status st = KM_OK;

    KM_TRY(km_json_allow(selector, keys, d));
    for (size_t i = 0; i < selector->n; i++) {
        const km_json *child = &selector->child[i];
        if (strcmp(child->key, "recalled") == 0) {
            if (child->kind != KM_JSON_BOOL)
                KM_TRY(km_json_fail(child, d, "expected true or false, got %s", km_json_describe(child)));
            continue;
        }
        if (child->kind == KM_JSON_STRING)
            continue;
        if (child->kind != KM_JSON_ARRAY || child->n == 0)
            KM_TRY(km_json_fail(child, d, "expected a word or a list of words, got %s", km_json_describe(child)));
        for (size_t k = 0; k < child->n; k++)
            if (child->child[k].kind != KM_JSON_STRING)
                KM_TRY(km_json_fail(&child->child[k], d, "expected a word, got %s", km_json_describe(&child->child[k])));
    }
done:
    return st;
}

static bool takes_recalled(const km_json *selector)
{
    const km_json *recalled = km_json_find(selector, "recalled");

    return recalled && recalled->boolean;
}

/* Marks in `taken` the rows of one list of selectors. Rows that are recalled are taken where a selector says so. */
static km_status select_rows(const context *c, const char *key, bool needs_why, bool *taken)
{
    const km_json *list = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_get(c->root, key, KM_JSON_ARRAY, &list, c->d));
    for (size_t i = 0; list && i < list->n; i++) {
        const km_json *one = &list->child[i];
        size_t found = 0;
        KM_TRY(check_words(one, selector_keys, c->d));
        if (needs_why && km_json_find(one, "why") == NULL)
            KM_TRY(km_json_fail(one, c->d, "say in \"why\" what speaks against these rows"));
        for (size_t k = 0; k < c->f->trials.n; k++) {
            const km_trial_row *r = &c->f->trials.row[k];
            if (!matches(one, r))
                continue;
            found++;
            if (needs_why || r->provenance != KM_RECALLED || takes_recalled(one))
                taken[k] = true;
        }
        if (found == 0)
            KM_TRY(km_json_fail(one, c->d, "no row of %s is like this", c->f->trials.path));
    }
done:
    return st;
}

/* ---- assumptions ---- */

/* The last assumption about `key` that fits the row, or NULL. */
static const km_json *assumed(const context *c, const km_trial_row *r, const char *key)
{
    const km_json *found = NULL;

    for (size_t i = 0; c->assume && i < c->assume->n; i++) {
        const km_json *one = &c->assume->child[i];
        if (km_json_find(one, key) && matches(one, r))
            found = km_json_find(one, key);
    }
    return found;
}

static km_status check_assumptions(const context *c)
{
    static const char *const numbers[] = {"n", "sd", "dose", "infusion", "time", "baseline", "baseline_sd"};
    km_status st = KM_OK;

    for (size_t i = 0; c->assume && i < c->assume->n; i++) {
        const km_json *one = &c->assume->child[i], *why = NULL;
        bool found = false;
        KM_TRY(km_json_allow(one, assume_keys, c->d));
        KM_TRY(km_json_need(one, "why", KM_JSON_STRING, &why, c->d));
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
            const km_json *number = NULL;
            KM_TRY(km_json_get(one, numbers[k], KM_JSON_NUMBER, &number, c->d));
            if (number && (number->number < 0.0 || (k < 2 && number->number == 0.0)))
                KM_TRY(km_json_fail(number, c->d, "\"%s\" must be above 0, got %g", numbers[k], number->number));
        }
        for (size_t k = 0; k < 3; k++) {
            const km_json *word = NULL;
            KM_TRY(km_json_get(one, k == 0 ? "study" : k == 1 ? "arm" : "kind", KM_JSON_STRING, &word, c->d));
        }
        for (size_t k = 0; k < c->f->trials.n && !found; k++)
            found = matches(one, &c->f->trials.row[k]);
        if (!found)
            KM_TRY(km_json_fail(one, c->d, "no row of %s is like this", c->f->trials.path));
    }
done:
    return st;
}

/* The table's number, or the assumed one. */
static double number_of(const context *c, const km_trial_row *r, double own, const char *key)
{
    const km_json *node = isnan(own) ? assumed(c, r, key) : NULL;

    return node ? node->number : own;
}

/* ---- regimens ---- */

/* Hours in the model's time unit. */
static double in_model(const context *c, double hours) { return hours / c->f->model->time.scale; }

typedef struct dosing {
    double *time; /* hours; not owned where the table has it */
    int n;
    double dose, infusion;
} dosing;

/* Why the doses of a row cannot be written down, from the column on; NULL where they can. */
static const char *find_dosing(const context *c, const km_trial_row *r, dosing *out, double **own)
{
    const km_json *schedule = r->n_doses ? NULL : assumed(c, r, "schedule");

    *out = (dosing){r->dose_time, r->n_doses, number_of(c, r, r->dose, "dose"), number_of(c, r, r->infusion, "infusion")};
    if (schedule && schedule->kind == KM_JSON_ARRAY && schedule->n > 0 && schedule->n <= MOST_DOSES) {
        *own = km_alloc(schedule->n, sizeof **own);
        out->time = *own;
        for (size_t i = 0; i < schedule->n; i++) {
            if (schedule->child[i].kind != KM_JSON_NUMBER || (i == 0 ? schedule->child[i].number != 0.0
                                                                    : schedule->child[i].number <= (*own)[i - 1]))
                return "schedule_h: the schedule assumed for it is not a list of ascending hours from 0";
            (*own)[out->n++] = schedule->child[i].number;
        }
    } else if (schedule) {
        return "schedule_h: the schedule assumed for it is not a list of hours";
    }
    if (out->n == 0)
        return "schedule_h: its schedule is in words; assume a \"schedule\"";
    if (isnan(out->dose))
        return "dose_value: its dose is a range or missing; assume a \"dose\"";
    return NULL;
}

static void add_record(km_text *t, const char *route, double amount, const char *unit, double infusion, double hours)
{
    char *quoted = km_json_quote(route);

    km_text_add(t, "%s{\"route\": %s, \"amt\": \"%.17g %s\", \"time\": \"%.17g h\"", t->size ? ", " : "", quoted, amount, unit, hours);
    if (infusion > 0.0)
        km_text_add(t, ", \"tinf\": \"%.17g min\"", infusion);
    km_text_add(t, "}");
    free(quoted);
}

static km_status add_records(const context *c, const km_json *route, const km_trial_row *r, const dosing *g, km_text *out)
{
    km_target time = km_target_time(c->f->model), amount;
    const km_json *first = NULL, *later = NULL, *part = NULL, *every = NULL;
    double size = 0.0, gap = 0.0, parts;
    km_status st = KM_OK;

    if (route->kind == KM_JSON_STRING) {
        for (int i = 0; i < g->n; i++)
            add_record(out, route->string, g->dose, r->dose_unit, strcmp(r->route, "IV") == 0 ? g->infusion : 0.0, g->time[i]);
        return KM_OK;
    }
    KM_TRY(km_json_allow(route, parts_keys, c->d));
    KM_TRY(km_json_need(route, "first", KM_JSON_STRING, &first, c->d));
    KM_TRY(km_json_need(route, "later", KM_JSON_STRING, &later, c->d));
    part = km_json_find(route, "part"), every = km_json_find(route, "every");
    if (part == NULL || every == NULL)
        KM_TRY(km_json_fail(route, c->d, "a dose in parts has \"part\" (\"28 mg\") and \"every\" (\"5 min\")"));
    amount = km_target_field(c->f->model, KM_FIELD_AMT);
    KM_TRY(km_quantity_value(part, &amount, &size, c->d));
    KM_TRY(km_quantity_value(every, &time, &gap, c->d));
    if (!(size > 0.0 && gap > 0.0))
        KM_TRY(km_json_fail(route, c->d, "\"part\" and \"every\" must be above 0"));
    parts = ceil(g->dose / size - 1e-9);
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < (int)fmin(parts, 100.0); k++)
            add_record(out, k == 0 ? first->string : later->string, fmin(size, g->dose - k * size), r->dose_unit, 0.0,
                       g->time[i] + k * gap * c->f->model->time.scale);
done:
    return st;
}

/* A row's regimen: one that is there already, or a new one. *why (owned by the caller) where there is none. */
static km_status find_regimen(const context *c, const km_trial_row *r, int *index, char **why)
{
    km_fit *f = c->f;
    const km_json *drug = c->drugs ? km_json_find(c->drugs, r->drug) : NULL, *routes = NULL, *route = NULL, *variants = NULL;
    km_text records = {0}, more = {0};
    double *own = NULL;
    const char *problem;
    dosing g;
    km_status st = KM_OK;

    *index = 0;
    if (r->control)
        goto done;
    if (drug == NULL) {
        *why = km_format("drug: \"drugs\" has no \"%s\"", r->drug);
        goto done;
    }
    KM_TRY(km_json_allow(drug, drug_keys, c->d));
    KM_TRY(km_json_need(drug, "routes", KM_JSON_OBJECT, &routes, c->d));
    KM_TRY(km_json_get(drug, "variants", KM_JSON_ARRAY, &variants, c->d));
    route = km_json_find(routes, r->route);
    if (route == NULL) {
        *why = km_format("route: \"%s\" has no route \"%s\"", r->drug, r->route);
        goto done;
    }
    problem = find_dosing(c, r, &g, &own);
    if (problem) {
        *why = km_strdup(problem);
        goto done;
    }
    KM_TRY(add_records(c, route, r, &g, &records));
    for (size_t i = 0; variants && i < variants->n; i++) {
        km_text_add(&more, i ? ", " : "");
        km_json_print(&more, &variants->child[i]);
    }
    for (*index = 1; *index < f->n_regimens; (*index)++)
        if (strcmp(f->regimen[*index].records, records.data) == 0 &&
            strcmp(f->regimen[*index].variants, more.data ? more.data : "") == 0)
            goto done;
    KM_PUSH(f->regimen, f->n_regimens);
    f->regimen[f->n_regimens++] = (km_fit_regimen){
        .text = km_format("%s %s %g %s, %d dose%s", r->drug, r->route, g.dose, r->dose_unit, g.n, g.n > 1 ? "s" : ""),
        .records = km_text_take(&records), .variants = km_text_take(&more), .last_dose = in_model(c, g.time[g.n - 1])};
done:
    km_text_clear(&records);
    km_text_clear(&more);
    free(own);
    return st;
}

/* ---- one row ---- */

static bool is_normal(km_measure m) { return m <= KM_DIFFERENCE || m == KM_MEAN_MAX || m == KM_MEAN_RELAPSE_TIME; }

static bool is_relapse(km_measure m)
{
    return m == KM_RELAPSE_RATE || m == KM_MEAN_RELAPSE_TIME || m == KM_MEDIAN_RELAPSE_TIME;
}

/* How the row's scale maps to the model. */
static km_status find_scale(const context *c, const km_trial_row *r, km_fit_row *out, char **why)
{
    const km_json *scales = km_json_find(c->score, "scales"), *scale = scales ? km_json_find(scales, r->scale) : NULL;
    const km_json *output = c->outputs ? km_json_find(c->outputs, r->scale) : NULL, *remission;
    km_target target = km_target_output(c->f->model, c->f->score_output);
    km_status st = KM_OK;

    out->factor = 1.0;
    out->output = c->f->score_output;
    out->remission = (double)NAN;
    if (output) {
        if (output->kind != KM_JSON_STRING || km_model_find_output(c->f->model, output->string) < 0)
            KM_TRY(km_json_fail(output, c->d, "expected the name of an output of the model, got %s", km_json_describe(output)));
        out->value_of_output = true;
        out->output = km_model_find_output(c->f->model, output->string);
        if (r->control)
            *why = km_format("drug: of \"%s\" only arms with a drug are predicted", r->scale);
        else if (r->measure != KM_MEAN_SCORE && r->measure != KM_MEAN_MAX)
            *why = km_format("value_kind: of \"%s\" only means and maxima are predicted", r->scale);
        return KM_OK;
    }
    if (scale == NULL) {
        *why = km_format("scale: neither the score's \"scales\" nor \"outputs\" has \"%s\"", r->scale);
        return KM_OK;
    }
    if (scale->kind != KM_JSON_NULL && (scale->kind != KM_JSON_NUMBER || !(scale->number > 0.0)))
        KM_TRY(km_json_fail(scale, c->d, "expected points of the model's score for one of this scale, or null where only per cent and "
                                         "rates compare, got %s", km_json_describe(scale)));
    if (scale->kind == KM_JSON_NUMBER)
        out->factor = scale->number;
    else if (r->measure <= KM_DIFFERENCE && r->measure != KM_PERCENT_CHANGE)
        *why = km_format("scale: scores of \"%s\" do not compare with the model's, only per cent and rates", r->scale);
    if (r->measure == KM_MEAN_MAX && *why == NULL)
        *why = km_strdup("value_kind: a largest value is one of an output named in \"outputs\"");
    remission = km_json_find(c->score, "remission");
    remission = remission ? km_json_find(remission, r->scale) : NULL;
    if (remission)
        KM_TRY(km_quantity_value(remission, &target, &out->remission, c->d));
    else if (r->measure == KM_REMISSION_RATE && *why == NULL)
        *why = km_format("scale: \"remission\" has no threshold for \"%s\"", r->scale);
done:
    return st;
}

static km_status find_control(const context *c, const km_trial_row *r, int *out, char **why)
{
    const km_json *of = NULL, *level = NULL;
    km_status st = KM_OK;

    *out = -1;
    if (c->controls == NULL)
        return KM_OK;
    KM_TRY(km_json_get(c->controls, "of", KM_JSON_OBJECT, &of, c->d));
    level = of ? km_json_find(of, r->study) : NULL;
    if (level == NULL)
        KM_TRY(km_json_get(c->controls, "default", KM_JSON_STRING, &level, c->d));
    if (level == NULL) {
        *why = km_format("study_id: \"controls\" does not say which level %s has", r->study);
        return KM_OK;
    }
    if (level->kind != KM_JSON_STRING)
        KM_TRY(km_json_fail(level, c->d, "expected the name of a level, got %s", km_json_describe(level)));
    for (int i = 0; i < c->f->n_controls; i++)
        if (strcmp(c->f->control[i].name, level->string) == 0)
            *out = i;
    if (*out < 0)
        KM_TRY(km_json_fail(level, c->d, "\"levels\" has no \"%s\"", level->string));
done:
    return st;
}

static km_status read_relapse(const context *c, const km_json *node, const char *const *keys, km_fit_relapse *out)
{
    km_status st = KM_OK;

    KM_TRY(km_json_allow(node, keys, c->d));
    KM_TRY(km_json_get_number(node, "reduction", &out->reduction, c->d));
    KM_TRY(km_quantity_get_time(node, "responders_at", c->f->model, &out->responders_at, c->d));
    KM_TRY(km_quantity_get_time(node, "visits", c->f->model, &out->visits, c->d));
    KM_TRY(km_quantity_get_time(node, "follow_up", c->f->model, &out->follow_up, c->d));
    if (!(out->reduction > 0.0 && out->reduction < 1.0))
        KM_TRY(km_json_fail(node, c->d, "\"reduction\" is a share between 0 and 1, got %g", out->reduction));
    if (!(out->visits > 0.0) || !(out->follow_up > out->responders_at))
        KM_TRY(km_json_fail(node, c->d, "visits go on after \"responders_at\" until \"follow_up\", every \"visits\" above 0"));
    if (out->follow_up / out->visits > 500.0)
        KM_TRY(km_json_fail(node, c->d, "at most 500 visits"));
done:
    return st;
}

static km_status find_relapse(const context *c, const km_trial_row *r, km_fit_relapse *out)
{
    const km_json *of = NULL, *own;
    km_status st = KM_OK;

    *out = (km_fit_relapse){0.5, in_model(c, 24.0), in_model(c, 84.0), in_model(c, 672.0)};
    if (c->relapse == NULL)
        return KM_OK;
    KM_TRY(read_relapse(c, c->relapse, relapse_keys, out));
    KM_TRY(km_json_get(c->relapse, "of", KM_JSON_OBJECT, &of, c->d));
    own = of ? km_json_find(of, r->study) : NULL;
    if (own)
        KM_TRY(read_relapse(c, own, relapse_of_keys, out));
done:
    return st;
}

/* n and standard error, in the units of the comparison. */
static void find_spread(const context *c, const km_trial_row *r, km_fit_row *out, char **why)
{
    const km_json *sd = assumed(c, r, "sd");
    double scale = r->measure == KM_PERCENT_CHANGE || r->measure == KM_MEAN_RELAPSE_TIME || out->value_of_output ? 1.0 : out->factor;

    out->n = number_of(c, r, r->n, "n");
    if (is_normal(r->measure)) {
        out->value = r->value * scale;
        out->se = km_trial_standard_error(r, out->n) * scale;
        if (isnan(out->se) && sd)
            out->se = sd->number / sqrt(out->n) * scale;
        if (isnan(out->se) && isnan(out->n))
            *why = km_strdup("n: it has neither a standard error nor n; assume an \"n\"");
        else if (isnan(out->se) && !c->predict_spread)
            *why = km_strdup("sd: it has no spread; assume an \"sd\", or let \"no_spread\" be \"predicted\"");
        return;
    }
    out->value = r->value;
    out->se = (double)NAN;
    if (isnan(out->n))
        *why = km_strdup("n: a rate is a count of n; assume an \"n\"");
}

static double same_study(const context *c, const km_trial_row *r, bool spread, bool same_arm)
{
    for (size_t i = 0; i < c->f->trials.n; i++) {
        const km_trial_row *o = &c->f->trials.row[i];
        double value = spread ? o->baseline_sd : o->baseline;
        if (!isnan(value) && strcmp(o->study, r->study) == 0 && strcmp(o->scale, r->scale) == 0 &&
            (!same_arm || strcmp(o->arm, r->arm) == 0))
            return value;
    }
    return (double)NAN;
}

/* The arm's baseline: the row's, an assumed one, the arm's in another row, the study's, the model's. */
static double find_baseline(const context *c, const km_trial_row *r, const km_fit_row *row, bool spread)
{
    const km_fit *f = c->f;
    const km_population *p = f->population;
    int trait = km_population_find(p, f->baseline_parameter);
    double found = number_of(c, r, spread ? r->baseline_sd : r->baseline, spread ? "baseline_sd" : "baseline");

    found = isnan(found) ? same_study(c, r, spread, true) : found;
    found = isnan(found) ? same_study(c, r, spread, false) : found;
    if (!isnan(found))
        return found * row->factor;
    return spread ? (trait >= 0 ? p->trait[trait].sd : 0.0) : f->base->parameter[f->baseline_parameter];
}

static int find_study(km_fit *f, const char *name)
{
    for (int i = 0; i < f->n_studies; i++)
        if (strcmp(f->study[i], name) == 0)
            return i;
    KM_PUSH(f->study, f->n_studies);
    f->study[f->n_studies] = km_strdup(name);
    return f->n_studies++;
}

/* Everything a row needs, or why it cannot be compared: the column, and what is wrong there. */
static km_status resolve(const context *c, const km_trial_row *r, km_fit_row *out, char **why)
{
    km_fit *f = c->f;
    km_fit_regimen *g;
    double latest = 0.0;
    km_status st = KM_OK;

    *out = (km_fit_row){.row = r};
    if (r->measure == KM_MEASURE_OTHER) {
        *why = km_format("value_kind: \"%s\" is not predicted", r->value_kind);
        return KM_OK;
    }
    KM_TRY(find_scale(c, r, out, why));
    if (*why)
        goto done;
    find_spread(c, r, out, why);
    if (*why)
        goto done;
    out->time = in_model(c, number_of(c, r, r->time, "time"));
    if (isnan(out->time) && r->measure != KM_MEAN_MAX && r->measure != KM_MEAN_RELAPSE_TIME && r->measure != KM_MEDIAN_RELAPSE_TIME) {
        *why = km_strdup("time_h: it has no single time; assume a \"time\" in hours");
        goto done;
    }
    KM_TRY(find_control(c, r, &out->control, why));
    if (*why)
        goto done;
    KM_TRY(find_relapse(c, r, &out->relapse));
    KM_TRY(find_regimen(c, r, &out->regimen, why));
    if (*why)
        goto done;
    if (r->measure == KM_DIFFERENCE && out->regimen == 0 && !f->stateless) {
        *why = km_strdup("drug: a difference from a control is one of a drug's arm");
        goto done;
    }
    g = &f->regimen[out->regimen];
    if (is_relapse(r->measure) && out->time <= g->last_dose + out->relapse.responders_at) {
        *why = km_strdup("time_h: relapse is counted after the last dose, from when response is judged");
        goto done;
    }
    if (!isnan(out->time))
        latest = out->time;
    if (is_relapse(r->measure))
        latest = fmax(latest, g->last_dose + out->relapse.follow_up);
    g->horizon = fmax(g->horizon, latest + in_model(c, 1.0));
    out->baseline = find_baseline(c, r, out, false);
    out->baseline_sd = find_baseline(c, r, out, true);
done:
    return st;
}

/* ---- all of them ---- */

static km_status add_rows(const context *c, const bool *taken, bool held_out)
{
    km_fit *f = c->f;
    char *why = NULL;
    km_status st = KM_OK;

    for (size_t k = 0; k < f->trials.n; k++) {
        const km_trial_row *r = &f->trials.row[k];
        km_fit_row one;
        if (!taken[k])
            continue;
        KM_TRY(resolve(c, r, &one, &why));
        if (why && !held_out) {
            char *where = km_trial_where(&f->trials, r);
            st = km_diag_fail(c->d, KM_E_INPUT, "%s cannot be fitted: %s", where, why);
            free(where);
            goto done;
        }
        if (why) {
            KM_PUSH(f->skipped, f->n_skipped);
            f->skipped[f->n_skipped++] = (km_fit_skipped){r, why};
            why = NULL;
            continue;
        }
        one.held_out = held_out;
        one.study = find_study(f, r->study);
        KM_PUSH(f->row, f->n_rows);
        f->row[f->n_rows++] = one;
        f->n_fitted += !held_out;
    }
done:
    free(why);
    return st;
}

static km_status check_drugs(const context *c)
{
    km_status st = KM_OK;

    for (size_t i = 0; c->drugs && i < c->drugs->n; i++) {
        const km_json *drug = &c->drugs->child[i], *routes = NULL, *variants = NULL;
        KM_TRY(km_json_allow(drug, drug_keys, c->d));
        KM_TRY(km_json_need(drug, "routes", KM_JSON_OBJECT, &routes, c->d));
        KM_TRY(km_json_get(drug, "variants", KM_JSON_ARRAY, &variants, c->d));
        for (size_t k = 0; k < routes->n; k++) {
            const km_json *route = &routes->child[k];
            int index;
            if (route->kind != KM_JSON_STRING && route->kind != KM_JSON_OBJECT)
                KM_TRY(km_json_fail(route, c->d, "expected the name of a route of the model, got %s", km_json_describe(route)));
            if (route->kind == KM_JSON_STRING)
                KM_TRY(km_model_need_route(c->f->model, route, &index, c->d));
        }
    }
done:
    return st;
}

km_status km_fit_read_rows(km_fit *f, const km_json *root, km_diag *d)
{
    context c = {.f = f, .root = root, .d = d};
    bool *fitted = km_alloc(f->trials.n + 1, sizeof *fitted), *held = km_alloc(f->trials.n + 1, sizeof *held);
    bool *left = km_alloc(f->trials.n + 1, sizeof *left);
    const km_json *likelihood = km_json_find(root, "likelihood"), *spread = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_get(root, "drugs", KM_JSON_OBJECT, &c.drugs, d));
    KM_TRY(km_json_get(root, "assume", KM_JSON_ARRAY, &c.assume, d));
    KM_TRY(km_json_get(root, "outputs", KM_JSON_OBJECT, &c.outputs, d));
    KM_TRY(km_json_get(root, "relapse", KM_JSON_OBJECT, &c.relapse, d));
    c.score = km_json_find(root, "score"), c.controls = km_json_find(root, "controls");
    if (likelihood)
        KM_TRY(km_json_get(likelihood, "no_spread", KM_JSON_STRING, &spread, d));
    if (spread && strcmp(spread->string, "predicted") != 0 && strcmp(spread->string, "refuse") != 0)
        KM_TRY(km_json_fail(spread, d, "expected \"predicted\" or \"refuse\", got %s", km_json_describe(spread)));
    c.predict_spread = spread && strcmp(spread->string, "predicted") == 0;
    KM_TRY(check_drugs(&c));
    KM_TRY(check_assumptions(&c));
    KM_TRY(select_rows(&c, "rows", false, fitted));
    KM_TRY(select_rows(&c, "leave_out", true, left));
    KM_TRY(select_rows(&c, "hold_out", false, held));
    for (size_t i = 0; i < f->trials.n; i++) {
        fitted[i] = fitted[i] && !left[i] && !held[i];
    }
    KM_PUSH(f->regimen, f->n_regimens); /* that of controls */
    f->regimen[f->n_regimens++] = (km_fit_regimen){.text = km_strdup("no doses"), .records = km_strdup(""), .variants = km_strdup("")};
    KM_TRY(add_rows(&c, fitted, false));
    if (f->n_fitted == 0)
        KM_TRY(km_json_fail(root, d, "no row is fitted: name some in \"rows\", such as [{\"use\": \"fit_primary\"}]; recalled ones are "
                                     "taken where \"recalled\" is true"));
    KM_TRY(add_rows(&c, held, true));
    KM_TRY(km_fit_check_twice(f, root, d));
done:
    free(fitted), free(held), free(left);
    return st;
}
