#include "study/sensitivity_block.h"

#include "base/memory.h"
#include "base/text.h"
#include "study/axis.h"
#include "study/copula.h"
#include "study/design.h"
#include "study/endpoint.h"
#include "study/factor.h"
#include "study/joe_kuo.h"
#include "study/quantity.h"
#include "study/regimen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const variant_keys[] = {"name", "of", "about", "values", NULL};
static const char *const times_keys[] = {"of", "at", NULL};
static const long most_rows = 4294967296 / KM_LEAST_REPLICATES * KM_LEAST_REPLICATES;
enum { PILOT_ROWS = 65536, MOST_TIMES = 500 };

void km_sensitivity_destroy(km_sensitivity *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < s->n_dimensions; i++)
        free(s->dimension[i]);
    for (int i = 0; i < s->n_units; i++)
        free(s->unit_name[i]);
    for (int i = 0; i < s->n_moments; i++)
        free(s->course[i]), free(s->moment[i]);
    free(s->course), free(s->moment);
    free(s->method), free(s->dimension), free(s->unit), free(s->unit_name), free(s->grouped);
    free(s);
}

int km_sensitivity_unit(const km_study *study, int k) { return study->sensitivity->unit[study->factor[k].dimension]; }

/* ---- a choice of variants ---- */

/* One of the study's own numbers, where the variant has none. */
static double value_under(const km_study *study, const km_variant *v, int parameter)
{
    double value = study->parameter[parameter];

    for (int k = 0; k < v->n; k++)
        if (v->parameter[k] == parameter)
            value = v->value[k];
    return value;
}

/* The factor for one parameter: its value under each of the variants. */
static km_status add_variant_slot(km_study *study, const int *variant, size_t n, int parameter, int dimension, const km_json *place,
                                  km_diag *d)
{
    const km_parameter *p = &study->model->parameter[parameter];
    km_slot slot = {.field = KM_FIELD_PARAMETER, .index = parameter};
    km_factor f = {.of = km_strdup("variant"), .name = km_format("variant.%s", p->name), .unit = km_strdup(p->unit), .factor = 1.0};
    km_status st = KM_OK;

    f.choice = km_alloc(n, sizeof *f.choice);
    for (size_t i = 0; i < n; i++) {
        f.choice[i] = value_under(study, &study->model->variant[variant[i]], parameter);
        f.low = i == 0 || f.choice[i] < f.low ? f.choice[i] : f.low;
        f.high = i == 0 || f.choice[i] > f.high ? f.choice[i] : f.high;
    }
    f.law = (km_law){.kind = KM_LAW_CHOICE, .low = f.low, .high = f.high, .choice = f.choice, .n_choices = (int)n};
    f.dimension = dimension;
    KM_TRY(km_design_add_slot(study, &slot, place, &f.slot, d));
    KM_PUSH(study->factor, study->n_factors);
    study->factor[study->n_factors++] = f;
    memset(&f, 0, sizeof f);
done:
    km_factor_clear(&f);
    return st;
}

static km_status read_variants(km_study *study, const km_json *values, int dimension, const km_json *place, km_diag *d)
{
    const km_model *model = study->model;
    bool *taken = km_alloc((size_t)model->n_parameters + 1, sizeof *taken);
    int *variant = NULL, before = study->n_factors;
    km_status st = KM_OK;

    if (values == NULL || values->kind != KM_JSON_ARRAY || values->n < 2)
        KM_TRY(km_json_fail(values ? values : place, d, "a factor of variants lists the names of two or more in \"values\""));
    variant = km_alloc(values->n, sizeof *variant);
    for (size_t i = 0; i < values->n; i++) {
        const km_json *name = &values->child[i];
        const char *nearest = name->kind == KM_JSON_STRING ? km_model_nearest(model, 'v', name->string) : NULL;
        if (name->kind != KM_JSON_STRING)
            KM_TRY(km_json_fail(name, d, "expected the name of a variant, got %s", km_json_describe(name)));
        variant[i] = km_model_find_variant(model, name->string);
        if (variant[i] < 0 && nearest)
            KM_TRY(km_json_fail(name, d, "the model has no variant \"%s\"; did you mean \"%s\"?", name->string, nearest));
        if (variant[i] < 0)
            KM_TRY(km_json_fail(name, d, "the model has no variant \"%s\"", name->string));
        for (size_t k = 0; k < i; k++)
            if (variant[k] == variant[i])
                KM_TRY(km_json_fail(name, d, "the factor has the variant \"%s\" twice", name->string));
    }
    for (size_t i = 0; i < values->n; i++) {
        const km_variant *v = &model->variant[variant[i]];
        for (int k = 0; k < v->n; k++) {
            if (taken[v->parameter[k]])
                continue;
            taken[v->parameter[k]] = true;
            KM_TRY(add_variant_slot(study, variant, values->n, v->parameter[k], dimension, place, d));
        }
    }
    if (study->n_factors == before)
        KM_TRY(km_json_fail(values, d, "the variants set nothing, so that there is nothing to choose"));
done:
    free(taken), free(variant);
    return st;
}

/* ---- factors ---- */

static void add_dimension(km_sensitivity *s, const char *name)
{
    KM_PUSH(s->dimension, s->n_dimensions);
    s->dimension[s->n_dimensions++] = km_strdup(name);
}

static bool same_slot(const km_study *study, const char *a, const char *b)
{
    km_place place = {.label = "?"};
    km_slot x, y;
    km_diag quiet;
    bool same;

    if (strcmp(a, b) == 0)
        return true;
    km_diag_init(&quiet);
    same = km_slot_find(study, a, &place, &x, &quiet) == KM_OK && km_slot_find(study, b, &place, &y, &quiet) == KM_OK &&
           km_slot_same(x, y);
    km_diag_clear(&quiet);
    return same;
}

/* The axis or the factor of the study's design that varies the same, or NULL. */
static const km_json *find_in_design(const km_study *study, const char *of)
{
    static const char *const ways[][2] = {{"axes", NULL}, {"sobol", "factors"}, {"latin_hypercube", "factors"}};
    const km_json *root = km_json_root(study->file), *design = km_json_find(root, "design");

    for (size_t i = 0; design && design->kind == KM_JSON_OBJECT && i < sizeof ways / sizeof *ways; i++) {
        const km_json *list = km_json_find(design, ways[i][0]);
        if (list && ways[i][1])
            list = list->kind == KM_JSON_OBJECT ? km_json_find(list, ways[i][1]) : NULL;
        for (size_t k = 0; list && list->kind == KM_JSON_ARRAY && k < list->n; k++) {
            const km_json *entry = &list->child[k], *name = entry->kind == KM_JSON_OBJECT ? km_json_find(entry, "of") : NULL;
            if (name && name->kind == KM_JSON_STRING && same_slot(study, name->string, of))
                return entry;
        }
    }
    return NULL;
}

/* "CL": its law in the model. "regimen[0].ii": the span that the study's design gives it. */
static km_status read_named(km_study *study, const km_json *node, km_diag *d)
{
    static const struct {
        const char *key;
        km_law_kind kind;
    } ways[] = {{"linear", KM_LAW_UNIFORM}, {"log", KM_LAW_LOG_UNIFORM}, {"values", KM_LAW_CHOICE}};
    km_sensitivity *s = study->sensitivity;
    km_factor_words w = {.of = node, .node = node};
    const km_json *entry = NULL;
    km_status st = KM_OK;

    if (strcmp(node->string, "variant") == 0) {
        entry = find_in_design(study, node->string);
        if (entry == NULL)
            KM_TRY(km_json_fail(node, d, "which variants? Write {\"of\": \"variant\", \"values\": [...]}"));
        KM_TRY(read_variants(study, km_json_find(entry, "values"), s->n_dimensions, node, d));
        add_dimension(s, "variant");
        goto done;
    }
    if (km_regimen_is_path(node->string)) {
        entry = find_in_design(study, node->string);
        for (size_t i = 0; entry && i < sizeof ways / sizeof *ways; i++) {
            const km_json *bounds = km_json_find(entry, ways[i].key);
            if (bounds && bounds->kind == KM_JSON_ARRAY && bounds->n >= 2) {
                w.bounds = bounds;
                w.kind = ways[i].kind;
            }
        }
        if (w.bounds == NULL)
            KM_TRY(km_json_fail(node, d, "a field of the regimen has no law of its own, and no axis of the design varies this one; "
                                         "write {\"of\": \"%s\", \"linear\": [low, high]}", node->string));
    }
    KM_TRY(km_factor_add(study, &w, d));
    study->factor[study->n_factors - 1].dimension = s->n_dimensions;
    add_dimension(s, study->factor[study->n_factors - 1].name);
done:
    return st;
}

static km_status read_object(km_study *study, const km_json *node, km_diag *d)
{
    km_sensitivity *s = study->sensitivity;
    const km_json *of = km_json_find(node, "of"), *name = NULL;
    km_status st = KM_OK;

    if (of && of->kind == KM_JSON_STRING && strcmp(of->string, "variant") == 0) {
        KM_TRY(km_json_allow(node, variant_keys, d));
        KM_TRY(km_json_get(node, "name", KM_JSON_STRING, &name, d));
        if (name)
            KM_TRY(km_design_check_name(study, "factor", name->string, "variant", name, d));
        KM_TRY(read_variants(study, km_json_find(node, "values"), s->n_dimensions, node, d));
        add_dimension(s, name ? name->string : "variant");
        goto done;
    }
    KM_TRY(km_factor_read_object(study, node, d));
    study->factor[study->n_factors - 1].dimension = s->n_dimensions;
    add_dimension(s, study->factor[study->n_factors - 1].name);
done:
    return st;
}

static km_status read_factors(km_study *study, const km_json *node, const km_json *root, const bool *given, km_diag *d)
{
    km_sensitivity *s = study->sensitivity;
    const km_json *factors = NULL;
    km_status st = KM_OK;

    if (node)
        KM_TRY(km_json_get(node, "factors", KM_JSON_ARRAY, &factors, d));
    if (factors && factors->n == 0)
        KM_TRY(km_json_fail(factors, d, "expected at least one factor; without \"factors\" every parameter that has a range is one"));
    for (size_t i = 0; factors && i < factors->n; i++) {
        const km_json *one = &factors->child[i];
        if (one->kind != KM_JSON_STRING && one->kind != KM_JSON_OBJECT)
            KM_TRY(km_json_fail(one, d, "expected a name such as \"CL\", or an object {\"of\": ...}, got %s", km_json_describe(one)));
        KM_TRY(one->kind == KM_JSON_STRING ? read_named(study, one, d) : read_object(study, one, d));
    }
    if (factors == NULL) {
        KM_TRY(km_factor_take_every(study, given, root, d));
        for (int k = 0; k < study->n_factors; k++)
            add_dimension(s, study->factor[k].name);
    }
    for (int i = 0; i < s->n_dimensions; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(s->dimension[i], s->dimension[k]) == 0)
                KM_TRY(km_json_fail(factors, d, "two factors are named \"%s\"", s->dimension[i]));
    if (s->n_dimensions > KM_MOST_SENSITIVITY_DIMENSIONS)
        KM_TRY(km_json_fail(factors ? factors : root, d, "an analysis has at most %d factors, got %d", (int)KM_MOST_SENSITIVITY_DIMENSIONS,
                            s->n_dimensions));
done:
    return st;
}

/* ---- groups ---- */

static int add_unit(km_sensitivity *s, const char *name, bool grouped)
{
    s->unit_name[s->n_units] = km_strdup(name);
    s->grouped[s->n_units] = grouped;
    return s->n_units++;
}

/* Every dimension gets its unit: that of its group, or one of its own, in the order of the first dimension. */
static km_status read_groups(km_study *study, const km_json *node, km_diag *d)
{
    km_sensitivity *s = study->sensitivity;
    size_t n = (size_t)s->n_dimensions + 1;
    const km_json *groups = NULL;
    int *group = km_alloc(n, sizeof *group), *unit_of = NULL;
    km_status st = KM_OK;

    s->unit = km_alloc(n, sizeof *s->unit);
    s->unit_name = km_alloc(n, sizeof *s->unit_name);
    s->grouped = km_alloc(n, sizeof *s->grouped);
    if (node)
        KM_TRY(km_json_get(node, "groups", KM_JSON_OBJECT, &groups, d));
    unit_of = km_alloc(groups ? groups->n + 1 : 1, sizeof *unit_of);
    for (size_t g = 0; groups && g < groups->n; g++) {
        const km_json *list = &groups->child[g];
        int dimension = 0;
        unit_of[g] = -1;
        if (!km_regimen_is_word(list->key))
            KM_TRY(km_json_fail(list, d, "the name of a group begins with a letter and has only letters, digits and _, got \"%s\"", list->key));
        if (list->kind != KM_JSON_ARRAY || list->n == 0)
            KM_TRY(km_json_fail(list, d, "expected a list of factors, got %s", km_json_describe(list)));
        for (size_t i = 0; i < list->n; i++) {
            KM_TRY(km_copula_find((const char *const *)s->dimension, s->n_dimensions, "factor", &list->child[i], &dimension, d));
            if (group[dimension])
                KM_TRY(km_json_fail(&list->child[i], d, "\"%s\" is in the group \"%s\" already", s->dimension[dimension],
                                    groups->child[group[dimension] - 1].key));
            group[dimension] = (int)g + 1;
        }
    }
    for (int i = 0; i < s->n_dimensions; i++) {
        if (group[i] && unit_of[group[i] - 1] < 0)
            unit_of[group[i] - 1] = add_unit(s, groups->child[group[i] - 1].key, true);
        s->unit[i] = group[i] ? unit_of[group[i] - 1] : add_unit(s, s->dimension[i], false);
    }
    for (int i = 0; i < s->n_units; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(s->unit_name[i], s->unit_name[k]) == 0)
                KM_TRY(km_json_fail(groups, d, "a group and a factor, or two groups, are named \"%s\"", s->unit_name[i]));
done:
    free(group), free(unit_of);
    return st;
}

/* ---- correlation ---- */

/* A dimension draws a parameter, or sets it by a choice, which has no score. */
static km_status read_correlation(km_study *study, const km_json *node, const km_json *root, km_diag *d)
{
    km_sensitivity *s = study->sensitivity;
    const char **unfit = km_alloc((size_t)s->n_dimensions + 1, sizeof *unfit);
    int *of_parameter = km_factor_of_parameters(study);
    const km_copula_factors factors = {"factor", s->n_dimensions, (const char *const *)s->dimension, of_parameter, unfit, node ? node : root};
    km_status st;

    for (int k = 0; k < study->n_factors; k++)
        if (study->factor[k].law.kind == KM_LAW_CHOICE)
            unfit[study->factor[k].dimension] = "a choice has no normal score";
    st = km_copula_read(study->model, node, &factors, &study->copula, d);
    free(unfit), free(of_parameter);
    return st;
}

/* ---- times ---- */

/* "2 h" becomes madrs_2_h. */
static char *time_name(const char *output, const km_json *at)
{
    char *text = at->kind == KM_JSON_STRING ? km_strdup(at->string) : km_format("%g", at->number), *name;

    for (char *c = text; *c; c++)
        if (!((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z')))
            *c = '_';
    name = km_format("%s_%s", output, text);
    free(text);
    return name;
}

static void add_moment(km_study *study, const km_json *of, const km_json *at)
{
    km_sensitivity *s = study->sensitivity;
    int n_courses = s->n_moments;

    KM_PUSH(s->moment, s->n_moments);
    KM_PUSH(s->course, n_courses);
    s->moment[s->n_moments++] = at->kind == KM_JSON_STRING ? km_strdup(at->string) : km_format("%g %s", at->number, study->model->time_unit);
    s->course[n_courses] = km_strdup(of->string);
}

static km_status read_course(km_study *study, const km_json *node, km_diag *d)
{
    const km_json *of = NULL, *at = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_allow(node, times_keys, d));
    KM_TRY(km_json_need(node, "of", KM_JSON_STRING, &of, d));
    KM_TRY(km_json_need(node, "at", KM_JSON_ARRAY, &at, d));
    if (at->n == 0 || at->n > MOST_TIMES)
        KM_TRY(km_json_fail(at, d, "expected 1 to %d times, got %zu", (int)MOST_TIMES, at->n));
    for (size_t i = 0; i < at->n; i++) {
        char *name = time_name(of->string, &at->child[i]);
        st = km_endpoint_add_value(study, name, of, &at->child[i], d);
        free(name);
        KM_TRY(st);
        add_moment(study, of, &at->child[i]);
    }
done:
    return st;
}

km_status km_sensitivity_read_times(km_study *study, const km_json *node, km_diag *d)
{
    const km_json *times = node ? km_json_find(node, "times") : NULL;
    km_status st = KM_OK;

    study->sensitivity->first_moment = study->n_endpoints;
    if (times == NULL)
        return KM_OK;
    if (times->kind != KM_JSON_ARRAY)
        return read_course(study, times, d);
    for (size_t i = 0; i < times->n; i++)
        KM_TRY(read_course(study, &times->child[i], d));
done:
    return st;
}

/* ---- the block ---- */

km_status km_sensitivity_until(const char *text, double *out, km_diag *d)
{
    const char *end = NULL;

    *out = strncmp(text, "ci=", 3) == 0 ? km_text_number(text + 3, &end) : 0.0;
    if (end == NULL || end == text + 3 || *end != '\0' || !(*out > 0.0 && *out < 1.0))
        return km_diag_fail(d, KM_E_INPUT, "expected the widest interval wanted, such as \"ci=0.01\", got \"%s\"", text);
    return KM_OK;
}

static km_status read_sizes(km_sensitivity *s, const km_json *node, km_diag *d)
{
    const km_json *n = km_json_find(node, "n"), *seed = km_json_find(node, "seed"), *replicates = km_json_find(node, "replicates"),
                  *until = NULL, *method = NULL;
    long count;
    km_status st = KM_OK;

    KM_TRY(km_json_get(node, "method", KM_JSON_STRING, &method, d));
    if (method) {
        free(s->method);
        s->method = km_strdup(method->string);
    }
    KM_TRY(km_json_get(node, "until", KM_JSON_STRING, &until, d));
    if (until) {
        st = km_sensitivity_until(until->string, &s->until, d);
        if (st != KM_OK)
            KM_TRY(km_json_fail(until, d, "expected the widest interval wanted, such as \"ci=0.01\", got \"%s\"", until->string));
    }
    if (replicates) {
        KM_TRY(km_quantity_whole(replicates, "the number of replicates", KM_LEAST_REPLICATES, KM_MOST_REPLICATES, &count, d));
        s->replicates = (int)count;
    }
    if (n) {
        KM_TRY(km_quantity_whole(n, "the base number of points", 1, most_rows, &count, d));
        s->n = (uint64_t)count;
    }
    if (seed)
        KM_TRY(km_factor_read_seed(seed, &s->seed, d));
    KM_TRY(km_json_get_bool(node, "second_order", &s->second_order, d));
done:
    return st;
}

km_status km_sensitivity_read(km_study *study, const km_json *node, const bool *given, km_diag *d)
{
    const km_json *root = km_json_root(study->file);
    km_sensitivity *s;
    km_status st = KM_OK;

    s = km_alloc(1, sizeof *s);
    study->sensitivity = s;
    *s = (km_sensitivity){.node = node, .method = km_strdup("sobol"), .seed = 1, .replicates = KM_LEAST_REPLICATES};
    study->design = KM_DESIGN_SOBOL;
    if (node)
        KM_TRY(read_sizes(s, node, d));
    KM_TRY(read_factors(study, node, root, given, d));
    KM_TRY(read_groups(study, node, d));
    KM_TRY(read_correlation(study, node, root, d));
    for (int k = 0; k < study->n_factors; k++)
        km_joe_kuo_directions(study->factor[k].dimension, study->factor[k].direction);
    study->n_points = s->n ? s->n : PILOT_ROWS;
    study->seed = s->seed;
done:
    return st;
}
