#include "study/fit_file.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/influence.h"
#include "study/factor.h"
#include "study/fit_rows.h"
#include "study/quantity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const fit_keys[] = {"name",   "about",  "model",   "variants", "set",        "solver",     "trials",
                                       "rows",   "leave_out", "hold_out", "assume", "overlaps", "score",     "outputs",
                                       "relapse", "drugs",  "controls", "parameters", "population", "likelihood", "hypotheses", "estimation", "correlation", NULL};
static const char *const score_keys[] = {"output", "baseline", "scales", "response", "remission", "residual", "persistent", NULL};
static const char *const control_keys[] = {"parameter", "levels", "of", "default", NULL};
static const char *const likelihood_keys[] = {"means", "repeated", "between_trials", "no_spread", NULL};
static const char *const overlap_keys[] = {"file", "accepted", NULL};
static const char *const law_keys[] = {"law", "range", "mean", "sd", "cv", "about", NULL};

void km_fit_destroy(km_fit *f)
{
    if (f == NULL)
        return;
    for (int i = 0; i < f->n_controls; i++)
        free(f->control[i].name);
    for (int i = 0; i < f->n_free; i++)
        free(f->free[i].name), free(f->free[i].unit), free(f->free[i].about);
    for (int i = 0; i < f->n_regimens; i++)
        free(f->regimen[i].text), free(f->regimen[i].records), free(f->regimen[i].variants);
    for (int i = 0; i < f->n_studies; i++)
        free(f->study[i]);
    for (int i = 0; i < f->n_skipped; i++)
        free(f->skipped[i].why);
    for (int i = 0; i < f->n_hypotheses; i++)
        free(f->hypothesis[i]);
    free(f->hypothesis);
    free(f->control), free(f->free), free(f->regimen), free(f->row), free(f->study), free(f->skipped);
    km_population_destroy(f->population);
    km_copula_destroy(f->copula);
    km_overlaps_clear(&f->overlaps);
    km_trials_clear(&f->trials);
    km_study_destroy(f->base);
    km_json_destroy(f->file);
    free(f->path), free(f->name);
    free(f);
}

double km_fit_number_of(const km_fit_number *n, const double *theta) { return n->free >= 0 ? theta[n->free] : n->value; }

/* ---- studies of regimens ---- */

char *km_fit_study_text(const km_fit *f, int r, const char *endpoints)
{
    static const char *const copied[] = {"model", "set", "solver"};
    const km_json *root = km_json_root(f->file), *variants = f->variants;
    const km_fit_regimen *g = r < f->n_regimens ? &f->regimen[r] : NULL;
    const char *more = g ? g->variants : "";
    km_text out = {0};

    km_text_add(&out, "{\"variants\": [");
    for (size_t i = 0; variants && i < variants->n; i++) {
        km_text_add(&out, i ? ", " : "");
        km_json_print(&out, &variants->child[i]);
    }
    km_text_add(&out, "%s%s]", variants && variants->n && *more ? ", " : "", more);
    for (int i = 0; i < 3; i++)
        if (km_json_find(root, copied[i])) {
            km_text_add(&out, ", \"%s\": ", copied[i]);
            km_json_print(&out, km_json_find(root, copied[i]));
        }
    if (g && *g->records)
        km_text_add(&out, ", \"regimen\": [%s]", g->records);
    if (!f->stateless)
        km_text_add(&out, ", \"horizon\": %.17g", g && g->horizon > 0.0 ? g->horizon : 1.0);
    if (*endpoints)
        km_text_add(&out, ", \"endpoints\": [%s]", endpoints);
    km_text_add(&out, "}");
    return km_text_take(&out);
}

static km_status read_base(km_fit *f, const km_json *root, km_diag *d)
{
    const km_json *model = NULL;
    km_model *first = NULL;
    char *text = NULL, *path = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_need(root, "model", KM_JSON_STRING, &model, d));
    path = km_file_resolve(f->path, model->string);
    st = km_model_read(path, &first, d);
    if (st == KM_E_IO) {
        char *where = km_json_where(model);
        km_diag_context(d, "%s", where);
        free(where);
    }
    KM_TRY(st);
    f->stateless = first->n_states == 0;
    text = km_fit_study_text(f, 0, "");
    st = km_study_parse(f->path, text, &f->base, d);
    if (st != KM_OK && strstr(d->message, f->path))
        km_diag_context(d, "the fit's model, variants, \"set\" or \"solver\" (places count in what is made from them)");
    KM_TRY(st);
    f->model = f->base->model;
done:
    km_model_destroy(first);
    free(text), free(path);
    return st;
}

/* ---- free parameters ---- */

/* What the fit says of a prior must not hide what the model's own law is: the numbers of the law belong to it. */
static km_status add_free(km_fit *f, char *name, const km_parameter *own, const km_target *target, const km_json *node, int parameter,
                          int *index, km_diag *d)
{
    km_parameter p = *own;
    km_free free_one = {.name = name, .unit = km_strdup(target->unit ? target->unit : "-"), .parameter = parameter};
    const char *why = NULL, *about = own->about;
    km_status st = KM_OK;

    KM_PUSH(f->free, f->n_free);
    *index = f->n_free;
    f->free[f->n_free++] = free_one;
    KM_TRY(km_json_allow(node, law_keys, d));
    KM_TRY(km_json_get_string(node, "about", &about, d));
    KM_TRY(km_factor_override_law(target, node, &p, d));
    if (!p.has_range)
        KM_TRY(km_json_fail(node, d, "the prior of \"%s\" needs a \"range\": [low, high]", name));
    if (isnan(p.value))
        p.value = p.uncertainty && strcmp(p.uncertainty, "log-uniform") == 0 && p.low > 0.0 ? sqrt(p.low * p.high)
                  : !isnan(p.mean)                                                      ? p.mean
                                                                                         : 0.5 * (p.low + p.high);
    if (!km_law_of_parameter(&p, &f->free[*index].law, &why))
        KM_TRY(km_json_fail(node, d, "the prior of \"%s\", %s, cannot be drawn from: %s", name, p.uncertainty ? p.uncertainty : "uniform",
                            why));
    f->free[*index].about = about ? km_strdup(about) : NULL;
    f->free[*index].base = p.value;
done:
    return st;
}

/* A number of at least 0, or the prior of one in the unit of the score. */
static km_status read_number(km_fit *f, const km_json *object, const char *key, const char *about, km_fit_number *out, km_diag *d)
{
    const km_json *node = object ? km_json_find(object, key) : NULL;
    km_parameter own = {.value = (double)NAN, .cv = (double)NAN, .sd = (double)NAN, .mean = (double)NAN, .about = NULL};
    km_target target = km_target_output(f->model, f->score_output);
    km_status st = KM_OK;

    if (node == NULL)
        return KM_OK;
    if (node->kind == KM_JSON_OBJECT) {
        own.about = (char *)(uintptr_t)about; /* read only */
        KM_TRY(add_free(f, km_strdup(key), &own, &target, node, -1, &out->free, d));
        if (f->free[out->free].law.low < 0.0)
            KM_TRY(km_json_fail(node, d, "\"%s\" is a standard deviation, and its range begins at 0 or above", key));
        return KM_OK;
    }
    KM_TRY(km_quantity_value(node, &target, &out->value, d));
    if (!(out->value >= 0.0))
        KM_TRY(km_json_fail(node, d, "\"%s\" must be 0 or above, got %s", key, km_json_describe(node)));
done:
    return st;
}

static km_status find_parameter(const km_fit *f, const km_json *node, const char *name, int *out, km_diag *d)
{
    const char *nearest;

    *out = km_model_find_parameter(f->model, name);
    if (*out >= 0)
        return KM_OK;
    nearest = km_model_nearest(f->model, 'p', name);
    return km_json_fail(node, d, "the model has no parameter \"%s\"%s%s%s", name, nearest ? "; did you mean \"" : "",
                        nearest ? nearest : "", nearest ? "\"?" : "");
}

static km_status read_parameters(km_fit *f, const km_json *root, km_diag *d)
{
    const km_json *list = NULL;
    int parameter = -1, index = 0;
    km_status st = KM_OK;

    KM_TRY(km_json_get(root, "parameters", KM_JSON_OBJECT, &list, d));
    for (size_t i = 0; list && i < list->n; i++) {
        const km_json *node = &list->child[i];
        KM_TRY(find_parameter(f, node, node->key, &parameter, d));
        if (parameter == f->baseline_parameter)
            KM_TRY(km_json_fail(node, d, "\"%s\" is the baseline, which the trials' rows give", node->key));
        if (parameter == f->control_parameter)
            KM_TRY(km_json_fail(node, d, "\"%s\" differs between controls; make its \"levels\" in \"controls\" free", node->key));
        km_parameter own = f->model->parameter[parameter];
        km_target target = km_target_parameter(f->model, parameter);
        own.value = f->base->parameter[parameter];
        KM_TRY(add_free(f, km_strdup(node->key), &own, &target, node, parameter, &index, d));
    }
done:
    return st;
}

/* Of the priors: the model's between parameters that are free, or the fit's own. A level of the controls is not the parameter. */
static km_status read_correlation(km_fit *f, const km_json *root, km_diag *d)
{
    size_t n = (size_t)f->n_free, all = (size_t)f->model->n_parameters;
    const char **name = km_alloc(n, sizeof *name), **unfit = km_alloc(n, sizeof *unfit);
    int *of_parameter = km_alloc(all + 1, sizeof *of_parameter);
    const km_copula_factors free_ones = {"free parameter", f->n_free, name, of_parameter, unfit, root};
    km_status st;

    for (size_t i = 0; i < all; i++)
        of_parameter[i] = -1;
    for (size_t i = 0; i < n; i++) {
        name[i] = f->free[i].name;
        if (f->free[i].parameter >= 0)
            of_parameter[f->free[i].parameter] = (int)i;
    }
    for (int i = 0; i < f->n_controls; i++)
        if (f->control[i].value.free >= 0) {
            of_parameter[f->control_parameter] = f->control[i].value.free;
            unfit[f->control[i].value.free] = "here one of them has a level for each kind of control";
        }
    st = km_copula_read(f->model, root, &free_ones, &f->copula, d);
    free(name), free(unfit), free(of_parameter);
    return st;
}

/* ---- score, controls, likelihood ---- */

static km_status find_output(const km_fit *f, const km_json *name, int *out, km_diag *d)
{
    const char *nearest = km_model_nearest(f->model, 'o', name->string);

    *out = km_model_find_output(f->model, name->string);
    if (*out >= 0)
        return KM_OK;
    return km_json_fail(name, d, "the model has no output \"%s\"%s%s%s", name->string, nearest ? "; did you mean \"" : "",
                        nearest ? nearest : "", nearest ? "\"?" : "");
}

static km_status read_share(const km_json *object, const char *key, double *out, km_diag *d)
{
    const km_json *node = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_get(object, key, KM_JSON_NUMBER, &node, d));
    if (node && !(node->number >= 0.0 && node->number < 1.0))
        KM_TRY(km_json_fail(node, d, "\"%s\" is a share from 0 to below 1, got %g", key, node->number));
    if (node)
        *out = node->number;
done:
    return st;
}

static km_status read_score(km_fit *f, const km_json *root, km_diag *d)
{
    const km_json *score = NULL, *output = NULL, *baseline = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_need(root, "score", KM_JSON_OBJECT, &score, d));
    KM_TRY(km_json_allow(score, score_keys, d));
    KM_TRY(km_json_need(score, "output", KM_JSON_STRING, &output, d));
    KM_TRY(find_output(f, output, &f->score_output, d));
    KM_TRY(km_json_need(score, "baseline", KM_JSON_STRING, &baseline, d));
    KM_TRY(find_parameter(f, baseline, baseline->string, &f->baseline_parameter, d));
    f->response = 0.5;
    f->persistent = 0.5;
    KM_TRY(read_share(score, "response", &f->response, d));
    KM_TRY(read_share(score, "persistent", &f->persistent, d));
    KM_TRY(read_number(f, score, "residual", "sd of an observed score around the patient's own", &f->residual, d));
done:
    return st;
}

/* Parameters that arms of one regimen may differ in cannot be among those that the states follow from: such arms share
 * their runs. */
static km_status check_observed(const km_fit *f, const km_json *place, int parameter, km_diag *d)
{
    const km_model *m = f->model;
    bool *p = km_alloc((size_t)m->n_parameters + 1, sizeof *p), *s = km_alloc((size_t)m->n_states + 1, sizeof *s);
    bool used;

    km_influence_direct(m, m->output[f->score_output].value, NULL, s);
    km_influence_of_states(m, NULL, NULL, p, s);
    used = p[parameter];
    free(p), free(s);
    if (used)
        return km_json_fail(place, d, "the states that \"%s\" needs follow from \"%s\", so that arms could not share their runs; the "
                                      "baseline and what tells controls apart enter the score alone",
                            m->output[f->score_output].name, m->parameter[parameter].name);
    return KM_OK;
}

static km_status read_controls(km_fit *f, const km_json *root, km_diag *d)
{
    const km_json *controls = NULL, *levels = NULL, *name = NULL;
    km_status st = KM_OK;

    f->control_parameter = -1;
    KM_TRY(km_json_get(root, "controls", KM_JSON_OBJECT, &controls, d));
    if (controls == NULL)
        goto done;
    KM_TRY(km_json_allow(controls, control_keys, d));
    KM_TRY(km_json_need(controls, "parameter", KM_JSON_STRING, &name, d));
    KM_TRY(find_parameter(f, name, name->string, &f->control_parameter, d));
    KM_TRY(check_observed(f, name, f->control_parameter, d));
    KM_TRY(km_json_need(controls, "levels", KM_JSON_OBJECT, &levels, d));
    if (levels->n == 0)
        KM_TRY(km_json_fail(levels, d, "expected at least one level such as \"saline\": {}"));
    f->control = km_alloc(levels->n, sizeof *f->control);
    for (size_t i = 0; i < levels->n; i++) {
        const km_json *node = &levels->child[i];
        km_fit_control *c = &f->control[f->n_controls++];
        km_parameter own = f->model->parameter[f->control_parameter];
        km_target target = km_target_parameter(f->model, f->control_parameter);
        *c = (km_fit_control){.name = km_strdup(node->key), .value = {.free = -1}};
        if (node->kind == KM_JSON_OBJECT)
            KM_TRY(add_free(f, km_format("%s.%s", name->string, node->key), &own, &target, node, -1, &c->value.free, d));
        else
            KM_TRY(km_quantity_value(node, &target, &c->value.value, d));
    }
done:
    return st;
}

static km_status read_likelihood(km_fit *f, const km_json *root, km_diag *d)
{
    static const char *const means_keys[] = {"student_t", NULL};
    const km_json *likelihood = NULL, *means;
    km_status st = KM_OK;

    f->between.free = -1;
    KM_TRY(km_json_get(root, "likelihood", KM_JSON_OBJECT, &likelihood, d));
    if (likelihood == NULL)
        goto done;
    KM_TRY(km_json_allow(likelihood, likelihood_keys, d));
    means = km_json_find(likelihood, "means");
    if (means && means->kind == KM_JSON_OBJECT) {
        KM_TRY(km_json_allow(means, means_keys, d));
        KM_TRY(km_json_get_number(means, "student_t", &f->student, d));
        if (!(f->student > 1.0))
            KM_TRY(km_json_fail(means, d, "\"student_t\" is a number of degrees of freedom above 1"));
    } else if (means && (means->kind != KM_JSON_STRING || strcmp(means->string, "normal") != 0)) {
        KM_TRY(km_json_fail(means, d, "expected \"normal\" or {\"student_t\": 4}, got %s", km_json_describe(means)));
    }
    KM_TRY(read_share(likelihood, "repeated", &f->repeated, d));
    KM_TRY(read_number(f, likelihood, "between_trials", "sd of a trial's effect on its scores", &f->between, d));
done:
    return st;
}

static km_status read_population(km_fit *f, const km_json *root, km_diag *d)
{
    const km_json *block = NULL;
    km_status st = KM_OK;
    int trait;

    KM_TRY(km_json_need(root, "population", KM_JSON_OBJECT, &block, d));
    KM_TRY(km_population_read(f->model, block, 2, &f->population, d));
    trait = km_population_find(f->population, f->baseline_parameter);
    f->persistent_score = f->population->n_traits;
    f->baseline_score = trait >= 0 ? trait : f->population->n_traits + 1;
    if (trait >= 0 && f->population->trait[trait].kind != KM_LAW_NORMAL)
        KM_TRY(km_json_fail(block, d, "the baseline \"%s\" is normal between patients (its mean and sd are the trials')",
                            f->model->parameter[f->baseline_parameter].name));
done:
    return st;
}

static km_status read_trials(km_fit *f, const km_json *root, km_diag *d)
{
    const km_json *trials = NULL, *overlaps = NULL, *file = NULL;
    char *path = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_need(root, "trials", KM_JSON_STRING, &trials, d));
    path = km_file_resolve(f->path, trials->string);
    st = km_trials_read(path, &f->trials, d);
    if (st == KM_E_IO) {
        char *where = km_json_where(trials);
        km_diag_context(d, "%s", where);
        free(where);
    }
    KM_TRY(st);
    KM_TRY(km_json_get(root, "overlaps", KM_JSON_OBJECT, &overlaps, d));
    if (overlaps == NULL)
        goto done;
    KM_TRY(km_json_allow(overlaps, overlap_keys, d));
    KM_TRY(km_json_get(overlaps, "file", KM_JSON_STRING, &file, d));
    if (file) {
        free(path);
        path = km_file_resolve(f->path, file->string);
        KM_TRY(km_overlaps_read(path, &f->trials, &f->overlaps, d));
    }
done:
    free(path);
    return st;
}

/* The names of all; the variants of the one that is asked for, or the fit's own. */
static km_status read_hypotheses(km_fit *f, const km_json *root, const char *wanted, km_diag *d)
{
    const km_json *all = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_get(root, "variants", KM_JSON_ARRAY, &f->variants, d));
    KM_TRY(km_json_get(root, "hypotheses", KM_JSON_OBJECT, &all, d));
    if (all && all->n < 2)
        KM_TRY(km_json_fail(all, d, "expected two hypotheses or more, such as {\"H1\": [\"H1\"], \"H2\": [\"H2\"]}"));
    for (size_t i = 0; all && i < all->n; i++) {
        const km_json *one = &all->child[i];
        if (one->kind != KM_JSON_ARRAY)
            KM_TRY(km_json_fail(one, d, "expected a list of the model's variants, got %s", km_json_describe(one)));
        KM_PUSH(f->hypothesis, f->n_hypotheses);
        f->hypothesis[f->n_hypotheses++] = km_strdup(one->key);
        if (wanted && strcmp(wanted, one->key) == 0)
            f->variants = one;
    }
done:
    return st;
}

static km_status read_root(km_fit *f, const km_json *root, const char *hypothesis, km_diag *d)
{
    const char *text = NULL;
    km_status st = KM_OK;

    if (root->kind != KM_JSON_OBJECT)
        KM_TRY(km_json_fail(root, d, "a fit is a JSON object, got %s", km_json_describe(root)));
    if (km_json_find(root, "trials") == NULL && (km_json_find(root, "endpoints") || km_json_find(root, "states")))
        KM_TRY(km_json_fail(root, d, "this is a %s; a fit has \"trials\" and \"rows\"", km_json_find(root, "states") ? "model" : "study"));
    KM_TRY(km_json_allow(root, fit_keys, d));
    KM_TRY(km_json_get_string(root, "name", &text, d));
    f->name = km_strdup(text ? text : "");
    KM_TRY(km_json_get_string(root, "about", &text, d));
    KM_TRY(read_hypotheses(f, root, hypothesis, d));
    KM_TRY(read_base(f, root, d));
    f->residual.free = -1;
    KM_TRY(read_score(f, root, d));
    KM_TRY(check_observed(f, km_json_find(km_json_find(root, "score"), "baseline"), f->baseline_parameter, d));
    KM_TRY(read_controls(f, root, d));
    KM_TRY(read_parameters(f, root, d));
    KM_TRY(read_likelihood(f, root, d));
    if (f->n_free == 0)
        KM_TRY(km_json_fail(root, d, "nothing is free: name \"parameters\" such as {\"CL\": {}}"));
    KM_TRY(read_correlation(f, root, d));
    KM_TRY(read_population(f, root, d));
    KM_TRY(read_trials(f, root, d));
    KM_TRY(km_fit_read_rows(f, root, d));
    KM_TRY(km_json_get(root, "estimation", KM_JSON_OBJECT, &f->estimation, d));
done:
    return st;
}

km_status km_fit_read(const char *path, km_fit **out, km_diag *d) { return km_fit_read_hypothesis(path, NULL, out, d); }

km_status km_fit_read_hypothesis(const char *path, const char *hypothesis, km_fit **out, km_diag *d)
{
    km_fit *f = km_alloc(1, sizeof *f);
    km_status st = KM_OK;

    *out = NULL;
    f->path = km_strdup(path);
    KM_TRY(km_json_read(path, &f->file, d));
    KM_TRY(read_root(f, km_json_root(f->file), hypothesis, d));
    *out = f;
    f = NULL;
done:
    km_fit_destroy(f);
    return st;
}
