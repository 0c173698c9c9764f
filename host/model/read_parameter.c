/* "parameters": values, ranges, laws. */
#include "model/reader.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The numbers of a law: cv of a lognormal one; sd and mean of the others that have a spread. */
static km_status read_law_numbers(const km_json *node, const char *law, km_parameter *p, km_diag *d)
{
    static const char *const key[] = {"cv", "sd", "mean"};
    double *const number[] = {&p->cv, &p->sd, &p->mean};
    bool relative = strcmp(law, "lognormal") == 0, spread = strcmp(law, "normal") == 0 || strcmp(law, "logit-normal") == 0;
    km_status st = KM_OK;

    for (int i = 0; i < 3; i++) {
        const km_json *child = km_json_find(node, key[i]);
        if (child == NULL)
            continue;
        KM_TRY(km_json_get_number(node, key[i], number[i], d));
        if (!(i == 0 ? relative : spread))
            return km_json_fail(child, d, "the law \"%s\" takes no \"%s\"", law, key[i]);
        if (i < 2 && *number[i] <= 0.0)
            return km_json_fail(child, d, "expected a number above 0, got %s", km_json_describe(child));
    }
done:
    return st;
}

static km_status read_law(const km_json *node, km_parameter *p, km_diag *d)
{
    static const char *const laws[] = {"uniform",      "log-uniform",  "normal", "lognormal",
                                       "logit-normal", "categorical", "switch"};
    static const char *const keys[] = {"law", "cv", "sd", "mean", NULL};
    const char *law = node->kind == KM_JSON_STRING ? node->string : NULL;
    const char *near;
    km_status st = KM_OK;

    if (node->kind == KM_JSON_OBJECT) {
        KM_TRY(km_json_allow(node, keys, d));
        KM_TRY(km_json_get_string(node, "law", &law, d));
    }
    if (law == NULL)
        return km_json_fail(node, d, "expected the name of a law, or an object with \"law\", got %s",
                            km_json_describe(node));
    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++)
        if (strcmp(laws[i], law) == 0)
            p->uncertainty = km_strdup(law);
    if (p->uncertainty == NULL) {
        near = km_text_nearest(law, laws, sizeof laws / sizeof *laws);
        return km_json_fail(node, d, "unknown law \"%s\"; %s%s%s", law, near ? "did you mean \"" : "known are ",
                            near ? near : "uniform, log-uniform, normal, lognormal, logit-normal, categorical, switch",
                            near ? "\"?" : "");
    }
    if (node->kind == KM_JSON_OBJECT)
        KM_TRY(read_law_numbers(node, law, p, d));
done:
    return st;
}

static km_status read_range(const km_json *range, km_parameter *p, km_diag *d)
{
    km_status st = KM_OK;

    if (range->kind != KM_JSON_ARRAY || range->n != 2)
        return km_json_fail(range, d, "expected [low, high], got %s", km_json_describe(range));
    KM_TRY(km_reader_quantity(&range->child[0], p->unit, &p->measure, &p->low, d));
    KM_TRY(km_reader_quantity(&range->child[1], p->unit, &p->measure, &p->high, d));
    if (!(p->low < p->high))
        return km_json_fail(range, d, "expected [low, high] with low below high, got [%g, %g]", p->low, p->high);
    if (p->value < p->low || p->value > p->high)
        return km_json_fail(range, d, "the value %g lies outside the range [%g, %g]", p->value, p->low, p->high);
    p->has_range = true;
done:
    return st;
}

km_status km_read_parameter(km_reader *r, const km_json *node)
{
    static const char *const keys[] = {"value",    "unit",   "range", "uncertainty", "variability", "about",
                                       "source", "evidence", "group", NULL};
    static const char *const strings[] = {"about", "source", "evidence", "group", NULL};
    static const char *const variability_keys[] = {"cv", "sd", "law", NULL};
    static const char *const evidence[] = {"measured", "fitted", "assumed", "recalled", "switch"};
    km_parameter p = {.place = node, .cv = (double)NAN, .sd = (double)NAN, .mean = (double)NAN};
    const km_json *child;
    km_status st = KM_OK;
    bool known = false;

    KM_TRY(km_names_add(&r->names, KM_NAME_PARAMETER, r->m->n_parameters, node->key, node, r->d));
    KM_TRY(km_json_allow(node, keys, r->d));
    KM_TRY(km_reader_check_strings(node, strings, r->d));
    KM_TRY(km_reader_unit(node, &p.unit, &p.measure, r->d));
    km_reader_declare(r, node, &p.measure);
    child = km_json_find(node, "value");
    if (child == NULL) {
        st = km_json_fail(node, r->d, "the parameter \"%s\" has no \"value\"", node->key);
        goto done;
    }
    KM_TRY(km_reader_quantity(child, p.unit, &p.measure, &p.value, r->d));
    if ((child = km_json_find(node, "range")) != NULL)
        KM_TRY(read_range(child, &p, r->d));
    if ((child = km_json_find(node, "uncertainty")) != NULL)
        KM_TRY(read_law(child, &p, r->d));
    if ((child = km_json_find(node, "variability")) != NULL)
        KM_TRY(km_json_allow(child, variability_keys, r->d));
    p.name = km_strdup(node->key);
    p.about = km_reader_string(node, "about");
    p.source = km_reader_string(node, "source");
    p.evidence = km_reader_string(node, "evidence");
    p.group = km_reader_string(node, "group");
    for (size_t i = 0; p.evidence && i < sizeof evidence / sizeof *evidence; i++)
        known = known || strcmp(evidence[i], p.evidence) == 0;
    if (p.evidence && !known) {
        st = km_json_fail(km_json_find(node, "evidence"), r->d,
                          "expected measured, fitted, assumed, recalled or switch, got \"%s\"", p.evidence);
        free(p.name), free(p.about), free(p.source), free(p.evidence), free(p.group);
        goto done;
    }
    KM_PUSH(r->m->parameter, r->m->n_parameters);
    r->m->parameter[r->m->n_parameters++] = p;
    return KM_OK;

done:
    free(p.unit), free(p.uncertainty);
    return st;
}
