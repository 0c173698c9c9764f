/* From the JSON of a model to a checked km_model: names first, then every expression. */
#include "base/memory.h"
#include "base/text.h"
#include "model/derivative.h"
#include "model/dimension.h"
#include "model/model.h"
#include "model/names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    km_model *m;
    km_names names;
    km_dimensions dims;
    km_diag *d;
} reader;

/* The name added last has the unit `measure`, if the model says one. */
static void declare(reader *r, const km_json *node, const km_unit *measure)
{
    km_name_entry *entry = &r->names.entry[r->names.n - 1];

    entry->has_unit = node->kind == KM_JSON_OBJECT && km_json_find(node, "unit") != NULL;
    entry->unit = *measure;
}

static void require_unit(reader *r, km_expr e, const km_unit *unit, const km_json *place, const char *what, const char *name)
{
    char *text = name ? km_format("%s \"%s\"", what, name) : km_strdup(what);

    km_dimensions_require(&r->dims, &r->m->pool, e, unit, place, text);
    free(text);
}

static char *copy_string(const km_json *object, const char *key)
{
    const km_json *child = km_json_find(object, key);

    return child && child->kind == KM_JSON_STRING ? km_strdup(child->string) : NULL;
}

/* Optional strings of an object; each must be a string where present. */
static km_status check_strings(const km_json *object, const char *const *keys, km_diag *d)
{
    const km_json *child;
    km_status st = KM_OK;

    for (; *keys && st == KM_OK; keys++)
        st = km_json_get(object, *keys, KM_JSON_STRING, &child, d);
    return st;
}

/* The unit of an object under "unit" ("-" if absent): its text and measure. */
static km_status read_unit(const km_json *object, char **text, km_unit *measure, km_diag *d)
{
    const char *unit = "-";
    km_status st = km_json_get_string(object, "unit", &unit, d);

    if (st != KM_OK)
        return st;
    st = km_unit_parse(unit, measure, d);
    if (st != KM_OK) {
        char *why = km_strdup(d->message);
        st = km_json_fail(km_json_find(object, "unit"), d, "%s", why);
        free(why);
        return st;
    }
    *text = km_strdup(unit);
    return KM_OK;
}

/* A number in `unit`, or a text "number unit" converted to it. */
static km_status read_quantity(const km_json *node, const char *unit, const km_unit *measure, double *out, km_diag *d)
{
    const char *written;
    km_unit own;
    char *why;
    km_status st;

    if (node->kind == KM_JSON_NUMBER) {
        *out = node->number;
        return KM_OK;
    }
    if (node->kind != KM_JSON_STRING)
        return km_json_fail(node, d, "expected a number or a quantity such as \"1 %s\", got %s", unit,
                            km_json_describe(node));
    st = km_quantity_parse(node->string, out, &written, d);
    if (st == KM_OK && *written != '\0')
        st = km_unit_parse(written, &own, d);
    if (st != KM_OK) {
        why = km_strdup(d->message);
        st = km_json_fail(node, d, "%s", why);
        free(why);
        return st;
    }
    if (*written == '\0')
        return KM_OK;
    if (!km_unit_same_dimension(&own, measure))
        return km_json_fail(node, d, "expected a quantity in %s, got \"%s\"", unit, node->string);
    *out *= own.scale / measure->scale;
    return KM_OK;
}

/* ---- parameters ---- */

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
    KM_TRY(read_quantity(&range->child[0], p->unit, &p->measure, &p->low, d));
    KM_TRY(read_quantity(&range->child[1], p->unit, &p->measure, &p->high, d));
    if (!(p->low < p->high))
        return km_json_fail(range, d, "expected [low, high] with low below high, got [%g, %g]", p->low, p->high);
    if (p->value < p->low || p->value > p->high)
        return km_json_fail(range, d, "the value %g lies outside the range [%g, %g]", p->value, p->low, p->high);
    p->has_range = true;
done:
    return st;
}

static km_status read_parameter(reader *r, const km_json *node)
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
    KM_TRY(check_strings(node, strings, r->d));
    KM_TRY(read_unit(node, &p.unit, &p.measure, r->d));
    declare(r, node, &p.measure);
    child = km_json_find(node, "value");
    if (child == NULL) {
        st = km_json_fail(node, r->d, "the parameter \"%s\" has no \"value\"", node->key);
        goto done;
    }
    KM_TRY(read_quantity(child, p.unit, &p.measure, &p.value, r->d));
    if ((child = km_json_find(node, "range")) != NULL)
        KM_TRY(read_range(child, &p, r->d));
    if ((child = km_json_find(node, "uncertainty")) != NULL)
        KM_TRY(read_law(child, &p, r->d));
    if ((child = km_json_find(node, "variability")) != NULL)
        KM_TRY(km_json_allow(child, variability_keys, r->d));
    p.name = km_strdup(node->key);
    p.about = copy_string(node, "about");
    p.source = copy_string(node, "source");
    p.evidence = copy_string(node, "evidence");
    p.group = copy_string(node, "group");
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

/* ---- naming everything ---- */

/* The node that holds the expression: the member "value" of an object, or the text itself. */
static km_status value_node(const km_json *node, const km_json **out, km_diag *d)
{
    static const char *const keys[] = {"value", "unit", "about", NULL};
    static const char *const strings[] = {"about", NULL};
    km_status st = KM_OK;

    *out = node;
    if (node->kind == KM_JSON_OBJECT) {
        KM_TRY(km_json_allow(node, keys, d));
        KM_TRY(check_strings(node, strings, d));
        *out = km_json_find(node, "value");
        if (*out == NULL)
            return km_json_fail(node, d, "\"%s\" has no \"value\"", node->key);
    }
    if ((*out)->kind != KM_JSON_STRING && (*out)->kind != KM_JSON_NUMBER)
        return km_json_fail(*out, d, "expected an expression, got %s", km_json_describe(*out));
done:
    return st;
}

static km_status section(reader *r, const char *key, km_json_kind kind, const km_json **out)
{
    *out = NULL;
    return km_json_get(km_json_root(r->m->file), key, kind, out, r->d);
}

static km_status name_derived(reader *r, const km_json *node)
{
    km_derived v = {.value = KM_EXPR_NONE};
    km_unit measure = {.scale = 1.0};
    const km_json *place;
    km_status st = KM_OK;

    KM_TRY(value_node(node, &place, r->d));
    KM_TRY(km_names_add(&r->names, KM_NAME_DERIVED, r->m->n_derived, node->key, place, r->d));
    if (node->kind == KM_JSON_OBJECT)
        KM_TRY(read_unit(node, &v.unit, &measure, r->d));
    declare(r, node, &measure);
    v.name = km_strdup(node->key);
    v.about = copy_string(node, "about");
    KM_PUSH(r->m->derived, r->m->n_derived);
    r->m->derived[r->m->n_derived++] = v;
done:
    return st;
}

static km_status name_definition(reader *r, const km_json *node, int index)
{
    char *unit = NULL;
    km_unit measure = {.scale = 1.0};
    const km_json *place;
    km_status st = KM_OK;

    KM_TRY(value_node(node, &place, r->d));
    KM_TRY(km_names_add(&r->names, KM_NAME_DEFINITION, index, node->key, place, r->d));
    if (node->kind == KM_JSON_OBJECT)
        KM_TRY(read_unit(node, &unit, &measure, r->d));
    declare(r, node, &measure);
done:
    free(unit);
    return st;
}

static km_status name_state(reader *r, const km_json *node)
{
    static const char *const keys[] = {"initial", "rate", "unit", "scale", "about", NULL};
    static const char *const strings[] = {"about", NULL};
    km_state s = {.initial = KM_EXPR_NONE, .rate = KM_EXPR_NONE, .scale = KM_EXPR_NONE};
    km_status st = KM_OK;

    KM_TRY(km_names_add(&r->names, KM_NAME_STATE, r->m->n_states, node->key, node, r->d));
    KM_TRY(km_json_allow(node, keys, r->d));
    KM_TRY(check_strings(node, strings, r->d));
    for (int i = 0; i < 2; i++)
        if (km_json_find(node, keys[i]) == NULL) {
            st = km_json_fail(node, r->d, "the state \"%s\" has no \"%s\"", node->key, keys[i]);
            goto done;
        }
    KM_TRY(read_unit(node, &s.unit, &s.measure, r->d));
    declare(r, node, &s.measure);
    s.name = km_strdup(node->key);
    s.about = copy_string(node, "about");
    KM_PUSH(r->m->state, r->m->n_states);
    r->m->state[r->m->n_states++] = s;
done:
    return st;
}

static km_status name_function(reader *r, const km_json *node, int index)
{
    if (node->kind != KM_JSON_STRING)
        return km_json_fail(node, r->d, "expected the function's expression, got %s", km_json_describe(node));
    return km_names_add(&r->names, KM_NAME_FUNCTION, index, node->key, node, r->d);
}

static km_status name_everything(reader *r)
{
    const km_json *list;
    km_status st = KM_OK;

    KM_TRY(section(r, "functions", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(name_function(r, &list->child[i], (int)i));
    KM_TRY(section(r, "parameters", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(read_parameter(r, &list->child[i]));
    KM_TRY(section(r, "derived", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(name_derived(r, &list->child[i]));
    KM_TRY(section(r, "definitions", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(name_definition(r, &list->child[i], (int)i));
    KM_TRY(section(r, "states", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(name_state(r, &list->child[i]));
done:
    return st;
}

/* ---- expressions ---- */

static km_status read_expressions(reader *r)
{
    km_model *m = r->m;
    const km_json *list;
    km_status st = KM_OK;

    for (int i = 0; i < r->names.n; i++)
        KM_TRY(km_names_expand(&r->names, &r->names.entry[i], r->d));
    for (int i = 0; i < r->names.n; i++)
        if (r->names.entry[i].kind == KM_NAME_DERIVED)
            m->derived[r->names.entry[i].index].value = r->names.entry[i].value;
    KM_TRY(section(r, "states", KM_JSON_OBJECT, &list));
    for (int i = 0; i < m->n_states; i++) {
        const km_json *node = &list->child[i], *scale = km_json_find(node, "scale");
        KM_TRY(km_names_parse(&r->names, km_json_find(node, "initial"), KM_LEVEL_PARAMETERS, &m->state[i].initial,
                              r->d));
        KM_TRY(km_names_parse(&r->names, km_json_find(node, "rate"), KM_LEVEL_ALL, &m->state[i].rate, r->d));
        if (scale)
            KM_TRY(km_names_parse(&r->names, scale, KM_LEVEL_PARAMETERS, &m->state[i].scale, r->d));
        if (km_json_find(node, "unit")) {
            km_unit per_time = km_unit_divide(m->state[i].measure, m->time);
            require_unit(r, m->state[i].initial, &m->state[i].measure, km_json_find(node, "initial"), "the initial value of",
                         node->key);
            require_unit(r, m->state[i].rate, &per_time, km_json_find(node, "rate"), "the rate of", node->key);
            if (scale)
                require_unit(r, m->state[i].scale, &m->state[i].measure, scale, "the scale of", node->key);
        }
    }
done:
    return st;
}

static km_status read_outputs(reader *r)
{
    const km_json *list, *place;
    km_status st = KM_OK;
    km_output o = {0};

    KM_TRY(section(r, "outputs", KM_JSON_OBJECT, &list));
    if (list == NULL || list->n == 0)
        KM_FAIL(r->d, KM_E_INPUT, "%s: a model needs \"outputs\", at least one", km_json_name(r->m->file));
    for (size_t i = 0; i < list->n; i++) {
        const km_json *node = &list->child[i];
        km_name_entry *same = km_names_find(&r->names, node->key);
        o = (km_output){.value = KM_EXPR_NONE};
        KM_TRY(value_node(node, &place, r->d));
        if (same && (place->kind != KM_JSON_STRING || strcmp(place->string, node->key) != 0)) {
            /* an output may bear the name of what it shows, nothing else's */
            st = km_json_fail(node, r->d, "\"%s\" already names something else in this model; names are unique",
                              node->key);
            goto done;
        }
        if (node->kind == KM_JSON_OBJECT)
            KM_TRY(read_unit(node, &o.unit, &o.measure, r->d));
        else
            o.unit = km_strdup("-"), o.measure = (km_unit){.scale = 1.0};
        KM_TRY(km_names_parse(&r->names, place, KM_LEVEL_ALL, &o.value, r->d));
        if (node->kind == KM_JSON_OBJECT && km_json_find(node, "unit"))
            require_unit(r, o.value, &o.measure, place, "the output", node->key);
        if (strspn(node->key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(node->key) ||
            node->key[0] == '\0' || strchr("0123456789_", node->key[0])) {
            st = km_json_fail(node, r->d, "a name begins with a letter and has only letters, digits and _, got \"%s\"",
                              node->key);
            goto done;
        }
        o.name = km_strdup(node->key);
        o.about = copy_string(node, "about");
        KM_PUSH(r->m->output, r->m->n_outputs);
        r->m->output[r->m->n_outputs++] = o;
        o = (km_output){0};
    }
done:
    free(o.unit);
    return st;
}

/* "require" and "breaks": lists of expressions over parameters. */
static km_status read_conditions(reader *r)
{
    km_model *m = r->m;
    const km_json *list;
    km_status st = KM_OK;

    KM_TRY(section(r, "require", KM_JSON_ARRAY, &list));
    for (size_t i = 0; list && i < list->n; i++) {
        km_require q = {.holds = KM_EXPR_NONE};
        if (list->child[i].kind != KM_JSON_STRING) {
            st = km_json_fail(&list->child[i], r->d, "expected a condition such as \"S_max > S_dep\", got %s",
                              km_json_describe(&list->child[i]));
            goto done;
        }
        KM_TRY(km_names_parse(&r->names, &list->child[i], KM_LEVEL_PARAMETERS, &q.holds, r->d));
        q.text = km_strdup(list->child[i].string);
        KM_PUSH(m->require, m->n_require);
        m->require[m->n_require++] = q;
    }
    KM_TRY(section(r, "breaks", KM_JSON_ARRAY, &list));
    for (size_t i = 0; list && i < list->n; i++) {
        km_expr e;
        KM_TRY(km_names_parse(&r->names, &list->child[i], KM_LEVEL_PARAMETERS, &e, r->d));
        require_unit(r, e, &m->time, &list->child[i], "a time in \"breaks\"", NULL);
        KM_PUSH(m->jump, m->n_jumps);
        m->jump[m->n_jumps++] = e;
    }
done:
    return st;
}

static km_status read_route(reader *r, const km_json *node)
{
    static const char *const keys[] = {"into", "fraction", "lag", "duration", NULL};
    km_route route = {0};
    km_status st = KM_OK;
    double total = 0.0, share;

    if (node->kind != KM_JSON_ARRAY || node->n == 0)
        return km_json_fail(node, r->d, "expected a list of entries such as [{\"into\": \"Kc\", \"fraction\": \"1\"}], "
                                        "got %s", km_json_describe(node));
    for (size_t i = 0; i < node->n; i++) {
        const km_json *item = &node->child[i], *lag, *duration, *fraction;
        km_route_entry e = {.state = -1, .lag = KM_EXPR_NONE, .duration = KM_EXPR_NONE};
        const char *into = NULL;
        KM_TRY(km_json_allow(item, keys, r->d));
        KM_TRY(km_json_get_string(item, "into", &into, r->d));
        if (into == NULL || (e.state = km_model_find_state(r->m, into)) < 0) {
            const char **word = km_alloc((size_t)r->m->n_states + 1, sizeof *word);
            const char *near = NULL;
            for (int k = 0; k < r->m->n_states; k++)
                word[k] = r->m->state[k].name;
            if (into)
                near = km_text_nearest(into, word, (size_t)r->m->n_states);
            free(word);
            if (into == NULL)
                st = km_json_fail(item, r->d, "a route entry needs \"into\", the name of a state");
            else if (near)
                st = km_json_fail(km_json_find(item, "into"), r->d, "unknown state \"%s\"; did you mean \"%s\"?", into,
                                  near);
            else
                st = km_json_fail(km_json_find(item, "into"), r->d, "unknown state \"%s\"", into);
            goto done;
        }
        fraction = km_json_find(item, "fraction");
        e.fraction = km_number(&r->m->pool, 1.0);
        if (fraction)
            KM_TRY(km_names_parse(&r->names, fraction, KM_LEVEL_PARAMETERS, &e.fraction, r->d));
        if (fraction)
            require_unit(r, e.fraction, &(km_unit){.scale = 1.0}, fraction, "a fraction", NULL);
        if ((lag = km_json_find(item, "lag")) != NULL)
            KM_TRY(km_names_parse(&r->names, lag, KM_LEVEL_PARAMETERS, &e.lag, r->d));
        if (lag)
            require_unit(r, e.lag, &r->m->time, lag, "a lag", NULL);
        if ((duration = km_json_find(item, "duration")) != NULL)
            KM_TRY(km_names_parse(&r->names, duration, KM_LEVEL_PARAMETERS, &e.duration, r->d));
        if (duration)
            require_unit(r, e.duration, &r->m->time, duration, "a duration", NULL);
        if (km_is_number(&r->m->pool, e.fraction, &share)) {
            total += share;
            if (share < 0.0) {
                st = km_json_fail(fraction, r->d, "a fraction lies between 0 and 1, got %g", share);
                goto done;
            }
        }
        KM_PUSH(route.entry, route.n_entries);
        route.entry[route.n_entries++] = e;
    }
    if (total > 1.0 + 1e-12) {
        st = km_json_fail(node, r->d, "the fractions of a route sum to at most 1, got %g", total);
        goto done;
    }
    route.name = km_strdup(node->key);
    KM_PUSH(r->m->route, r->m->n_routes);
    r->m->route[r->m->n_routes++] = route;
    return KM_OK;

done:
    free(route.entry);
    return st;
}

/* dose.amount is a quantity: the unit of `amt` follows from the declared unit of the amount. */
static km_status read_amount(reader *r, const km_json *dose, const km_json *amount)
{
    km_model *m = r->m;
    km_unit one = {.scale = 1.0}, unit = {.scale = 1.0}, rest, milligram = {.scale = 1e-3};
    km_status st = KM_OK;
    km_expr slope;

    KM_TRY(km_names_parse(&r->names, amount, KM_LEVEL_AMOUNT, &m->amount, r->d));
    slope = km_partial(&m->pool, m->amount, KM_SYMBOL_AMT, 0);
    if (km_is_number(&m->pool, slope, NULL) && m->pool.node[slope].value == 0.0)
        return km_json_fail(amount, r->d, "dose.amount does not use amt; write for example \"amt/molar_mass\"");
    if (km_depends(&m->pool, slope, KM_SYMBOL_AMT, -1))
        return km_json_fail(amount, r->d, "dose.amount must be proportional to amt");
    KM_TRY(read_unit(dose, &m->dose_unit, &unit, r->d));
    if (!km_dimension_of(m, slope, &one, &rest)) {
        st = km_json_fail(amount, r->d, "the unit of dose.amount does not follow from its factors; use products and "
                                        "quotients of amt and parameters with units");
        goto done;
    }
    m->amt_measure = km_unit_divide(unit, rest);
    milligram.dim[KM_DIM_MASS] = 1;
    if (km_unit_same_dimension(&m->amt_measure, &milligram)) {
        /* amt is a mass: users write mg; the expression's numbers are turned into dose_unit */
        double factor = milligram.scale / m->amt_measure.scale;
        if (fabs(factor - floor(factor + 0.5)) < 1e-9 * factor)
            factor = floor(factor + 0.5); /* 1000, not 999.9999 */
        m->amount = km_mul(&m->pool, m->amount, km_number(&m->pool, factor));
        m->amt_measure = milligram;
        m->amt_unit = km_strdup("mg");
    } else if (km_unit_same_dimension(&m->amt_measure, &unit)) {
        m->amount = km_mul(&m->pool, m->amount, km_number(&m->pool, unit.scale / m->amt_measure.scale));
        m->amt_measure = unit;
        m->amt_unit = km_strdup(m->dose_unit);
    } else {
        char *is = km_unit_dimension_text(&m->amt_measure);
        st = km_json_fail(amount, r->d, "with dose.unit %s, amt would be neither a mass nor in %s (it would be %s)",
                          m->dose_unit, m->dose_unit, is);
        free(is);
    }
done:
    return st;
}

static km_status read_dose(reader *r)
{
    static const char *const keys[] = {"amount", "unit", "weight", NULL};
    km_model *m = r->m;
    const km_json *dose, *routes, *amount;
    const char *weight = NULL;
    km_status st = KM_OK;

    KM_TRY(section(r, "routes", KM_JSON_OBJECT, &routes));
    for (size_t i = 0; routes && i < routes->n; i++)
        KM_TRY(read_route(r, &routes->child[i]));
    KM_TRY(section(r, "dose", KM_JSON_OBJECT, &dose));
    m->weight = -1;
    if (dose == NULL) {
        if (m->n_routes > 0)
            st = km_json_fail(routes, r->d, "routes need a \"dose\" such as {\"amount\": \"amt\", \"unit\": \"mg\"}");
        goto done;
    }
    KM_TRY(km_json_allow(dose, keys, r->d));
    amount = km_json_find(dose, "amount");
    if (amount == NULL) {
        st = km_json_fail(dose, r->d, "dose has no \"amount\"; write for example \"amt/molar_mass\"");
        goto done;
    }
    if (m->n_routes == 0) {
        st = km_json_fail(dose, r->d, "a dose needs \"routes\" that say into which state it goes");
        goto done;
    }
    KM_TRY(read_amount(r, dose, amount));
    KM_TRY(km_json_get_string(dose, "weight", &weight, r->d));
    if (weight) {
        km_name_entry *entry = km_names_find(&r->names, weight);
        km_unit kilogram = {.scale = 1e3, .dim = {[KM_DIM_MASS] = 1}};
        m->weight = km_model_find_parameter(m, weight);
        if (m->weight < 0) {
            st = km_json_fail(km_json_find(dose, "weight"), r->d, "expected the name of a parameter, got \"%s\"", weight);
            goto done;
        }
        if (!km_unit_same_dimension(&m->parameter[m->weight].measure, &kilogram) ||
            m->parameter[m->weight].measure.scale != kilogram.scale) {
            st = km_json_fail(km_json_find(dose, "weight"), r->d, "the weight \"%s\" must be in kg, it is in %s", weight,
                              m->parameter[m->weight].unit);
            goto done;
        }
        entry->used = true;
    }
    for (int i = 0; i < m->n_routes; i++)
        for (int k = 0; k < m->route[i].n_entries; k++) {
            km_unit into = m->state[m->route[i].entry[k].state].measure, unit;
            KM_TRY(km_unit_parse(m->dose_unit, &unit, r->d));
            if (!km_unit_same_dimension(&into, &unit) || fabs(into.scale - unit.scale) > 1e-12 * unit.scale) {
                st = km_json_fail(km_json_find(dose, "unit"), r->d, "the dose is in %s, but the state \"%s\" is in %s",
                                  m->dose_unit, m->state[m->route[i].entry[k].state].name,
                                  m->state[m->route[i].entry[k].state].unit);
                goto done;
            }
        }
    m->has_dose = true;
done:
    return st;
}

/* {"slow": {"CL": 60, "about": "..."}} */
static km_status read_variant(reader *r, const km_json *node)
{
    km_variant v = {0};
    km_status st = KM_OK;

    if (node->kind != KM_JSON_OBJECT)
        return km_json_fail(node, r->d, "expected an object of parameter values, got %s", km_json_describe(node));
    for (size_t i = 0; i < node->n; i++) {
        const km_json *item = &node->child[i];
        int p = km_model_find_parameter(r->m, item->key);
        double value;
        if (p < 0 && strcmp(item->key, "about") == 0 && item->kind == KM_JSON_STRING) {
            v.about = km_strdup(item->string);
            continue;
        }
        if (p < 0) {
            const char *near = km_model_nearest(r->m, 'p', item->key);
            st = near ? km_json_fail(item, r->d, "unknown parameter \"%s\"; did you mean \"%s\"?", item->key, near)
                      : km_json_fail(item, r->d, "unknown parameter \"%s\"", item->key);
            goto done;
        }
        KM_TRY(read_quantity(item, r->m->parameter[p].unit, &r->m->parameter[p].measure, &value, r->d));
        KM_PUSH(v.parameter, v.n);
        KM_PUSH(v.value, v.n);
        v.parameter[v.n] = p;
        v.value[v.n++] = value;
    }
    v.name = km_strdup(node->key);
    KM_PUSH(r->m->variant, r->m->n_variants);
    r->m->variant[r->m->n_variants++] = v;
    return KM_OK;

done:
    free(v.about), free(v.parameter), free(v.value);
    return st;
}

/* ---- warnings ---- */

static void warn_unused(reader *r)
{
    static const char *const word[] = {"parameter", "derived value", "definition", "state", "function"};

    for (int i = 0; i < r->names.n; i++) {
        const km_name_entry *e = &r->names.entry[i];
        if (!e->used && e->kind != KM_NAME_STATE) {
            char *where = km_json_where(e->place);
            km_diag_warn(r->d, "%s: the %s \"%s\" is not used", where, word[e->kind], e->name);
            free(where);
        }
    }
}

static bool jumps_in_time(const km_pool *pool, km_expr e)
{
    bool found = false;

    for (km_expr i = 0; i <= e && !found; i++) {
        const km_node *n = &pool->node[i];
        bool step = (n->op >= KM_OP_LT && n->op <= KM_OP_NE) || n->op == KM_OP_FLOOR || n->op == KM_OP_CEIL;
        found = step && km_depends(pool, i, KM_SYMBOL_TIME, -1) && !km_depends(pool, i, KM_SYMBOL_STATE, -1);
    }
    return found;
}

static void warn_jumps(reader *r)
{
    const km_json *states = km_json_find(km_json_root(r->m->file), "states");

    for (int i = 0; i < r->m->n_states && r->m->n_jumps == 0; i++)
        if (km_depends(&r->m->pool, r->m->state[i].rate, KM_SYMBOL_TIME, -1) &&
            jumps_in_time(&r->m->pool, r->m->state[i].rate)) {
            char *where = km_json_where(&states->child[i]);
            km_diag_warn(r->d, "%s: the rate may jump in time; list the times of its jumps in \"breaks\"", where);
            free(where);
            return;
        }
}

/* ---- the whole ---- */

static km_status read_head(reader *r)
{
    static const char *const keys[] = {"name",    "about",  "time_unit", "functions", "parameters",
                                       "derived", "breaks", "require",   "states",    "definitions",
                                       "outputs", "routes", "dose",      "variants",  NULL};
    static const char *const strings[] = {"name", "about", "time_unit", NULL};
    const km_json *root = km_json_root(r->m->file), *node;
    km_unit hour = {.scale = 1.0, .dim = {[KM_DIM_TIME] = 1}};
    km_status st = KM_OK;

    KM_TRY(km_json_allow(root, keys, r->d));
    KM_TRY(check_strings(root, strings, r->d));
    KM_TRY(km_json_need(root, "name", KM_JSON_STRING, &node, r->d));
    r->m->name = km_strdup(node->string);
    r->m->about = copy_string(root, "about");
    r->m->time_unit = copy_string(root, "time_unit");
    if (r->m->time_unit == NULL)
        r->m->time_unit = km_strdup("h");
    node = km_json_find(root, "time_unit");
    if (strcmp(r->m->time_unit, "-") == 0) {
        r->m->time = (km_unit){.scale = 1.0};
    } else {
        st = km_unit_parse(r->m->time_unit, &r->m->time, r->d);
        if (st != KM_OK || !km_unit_same_dimension(&r->m->time, &hour))
            st = km_json_fail(node, r->d, "expected a unit of time (s, min, h, d, wk) or \"-\", got \"%s\"",
                              r->m->time_unit);
    }
done:
    return st;
}

static km_status read_model(reader *r)
{
    const km_json *list;
    km_status st = KM_OK;

    KM_TRY(read_head(r));
    km_dimensions_init(&r->dims, r->m->time_unit, r->d);
    r->names.time = &r->m->time;
    r->names.dims = &r->dims;
    KM_TRY(name_everything(r));
    KM_TRY(read_expressions(r));
    KM_TRY(read_outputs(r));
    KM_TRY(read_conditions(r));
    KM_TRY(read_dose(r));
    KM_TRY(section(r, "variants", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(read_variant(r, &list->child[i]));
    warn_unused(r);
    warn_jumps(r);
done:
    return st;
}

static km_status from_file(km_json_file *file, km_model **out, km_diag *d)
{
    reader r = {.m = km_alloc(1, sizeof *r.m), .d = d};
    km_status st;

    r.m->file = file;
    r.m->weight = -1;
    km_pool_init(&r.m->pool, false);
    r.names.pool = &r.m->pool;
    st = read_model(&r);
    km_names_clear(&r.names);
    km_dimensions_clear(&r.dims);
    if (st != KM_OK) {
        km_model_destroy(r.m);
        r.m = NULL;
    }
    *out = r.m;
    return st;
}

km_status km_model_read(const char *path, km_model **out, km_diag *d)
{
    km_json_file *file = NULL;
    km_status st = km_json_read(path, &file, d);

    *out = NULL;
    return st == KM_OK ? from_file(file, out, d) : st;
}

km_status km_model_parse(const char *name, const char *text, km_model **out, km_diag *d)
{
    km_json_file *file = NULL;
    km_status st = km_json_parse(name, text, &file, d);

    *out = NULL;
    return st == KM_OK ? from_file(file, out, d) : st;
}
