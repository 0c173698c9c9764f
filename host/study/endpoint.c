/* One table says which keys go with which kind. */
#include "study/endpoint.h"

#include "base/memory.h"
#include "base/text.h"
#include "study/quantity.h"
#include "study/regimen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum stored { STORED_TIME, STORED_OUTPUT, STORED_INTEGRAL } stored;

static const struct {
    const char *name;
    stored unit;
    bool instant; /* a time that may bound another's window */
    bool when;   /* needs "when"; may have "margin" */
    bool window; /* may have "after" and "before" */
    bool hold, at;
} kinds[KM_N_ENDPOINT_KINDS] = {
    [KM_FIRST_TIME] = {"first_time", STORED_TIME, true, true, true, true, false},
    [KM_LAST_TIME] = {"last_time", STORED_TIME, true, true, true, false, false},
    [KM_TIME_IN] = {"time_in", STORED_TIME, false, true, true, false, false},
    [KM_MAX] = {"max", STORED_OUTPUT, false, false, true, false, false},
    [KM_MIN] = {"min", STORED_OUTPUT, false, false, true, false, false},
    [KM_TIME_OF_MAX] = {"time_of_max", STORED_TIME, true, false, true, false, false},
    [KM_TIME_OF_MIN] = {"time_of_min", STORED_TIME, true, false, true, false, false},
    [KM_INTEGRAL] = {"integral", STORED_INTEGRAL, false, false, true, false, false},
    [KM_VALUE_AT] = {"value", STORED_OUTPUT, false, false, false, false, true},
};

static const char *const endpoint_keys[] = {"name", "of", "kind",   "when",  "after", "before",
                                            "hold", "at", "margin", "about", NULL};

const char *km_endpoint_kind_name(km_endpoint_kind kind)
{
    return (int)kind >= 0 && kind < KM_N_ENDPOINT_KINDS ? kinds[kind].name : NULL;
}

km_endpoint_kind km_endpoint_kind_find(const char *name)
{
    int k;

    for (k = 0; k < KM_N_ENDPOINT_KINDS && strcmp(kinds[k].name, name) != 0; k++)
        ;
    return (km_endpoint_kind)k;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

void km_endpoint_clear(km_endpoint *endpoint)
{
    free(endpoint->name);
    free(endpoint->about);
    free(endpoint->unit);
    memset(endpoint, 0, sizeof *endpoint);
}

/* ---- parts ---- */

static km_status read_kind(km_endpoint *endpoint, const km_json *kind, km_diag *d)
{
    km_status st = KM_OK;
    const char *name[KM_N_ENDPOINT_KINDS], *nearest;
    km_text known = {0};
    int k;

    endpoint->kind = km_endpoint_kind_find(kind->string);
    if (endpoint->kind != KM_N_ENDPOINT_KINDS)
        goto done;
    for (k = 0; k < KM_N_ENDPOINT_KINDS; k++) {
        name[k] = kinds[k].name;
        km_text_add(&known, "%s%s", k == 0 ? "" : ", ", name[k]);
    }
    nearest = km_text_nearest(kind->string, name, KM_N_ENDPOINT_KINDS);
    if (nearest != NULL)
        KM_TRY(km_json_fail(kind, d, "there is no endpoint kind %s; did you mean \"%s\"?",
                            km_json_describe(kind), nearest));
    KM_TRY(km_json_fail(kind, d, "there is no endpoint kind %s; known are %s",
                        km_json_describe(kind), known.data));

done:
    km_text_clear(&known);
    return st;
}

static km_status read_output(const km_study *study, km_endpoint *endpoint, const km_json *of,
                             km_diag *d)
{
    const char *nearest;

    endpoint->output = km_model_find_output(study->model, of->string);
    if (endpoint->output >= 0)
        return KM_OK;
    endpoint->output = 0;
    nearest = km_model_nearest(study->model, 'o', of->string);
    if (nearest != NULL)
        return km_json_fail(of, d, "the model has no output %s; did you mean \"%s\"?",
                            km_json_describe(of), nearest);
    return km_json_fail(of, d, "the model has no output %s%s", km_json_describe(of),
                        km_model_find_state(study->model, of->string) >= 0
                            ? ", though a state of that name; declare it under \"outputs\""
                            : "");
}

/* "0.5 * peak", "2 * trough". */
static km_status read_relative(km_endpoint *endpoint, const km_json *when, const char *text, km_diag *d)
{
    const char *at;

    endpoint->threshold = km_text_number(text, &at);
    if (at == text || !isfinite(endpoint->threshold))
        return km_json_fail(when, d, "expected a multiple such as \"0.5 * peak\" or \"0.5 * trough\", got %s",
                            km_json_describe(when));
    at += strspn(at, " ");
    if (*at == '*')
        at += 1 + strspn(at + 1, " ");
    else
        at = "";
    endpoint->relative = strcmp(at, "peak") == 0     ? KM_OF_PEAK
                         : strcmp(at, "trough") == 0 ? KM_OF_TROUGH
                                                     : KM_ABSOLUTE;
    if (endpoint->relative == KM_ABSOLUTE)
        return km_json_fail(when, d, "expected a multiple such as \"0.5 * peak\" or \"0.5 * trough\", got %s",
                            km_json_describe(when));
    return KM_OK;
}

/* ">= 0.5", "<= 10 points", "<= 0.5 * peak". */
static km_status read_when(const km_study *study, km_endpoint *endpoint, const km_json *when,
                           km_diag *d)
{
    static const struct {
        const char *sign;
        km_compare compare;
    } signs[] = {{">=", KM_GE}, {"<=", KM_LE}, {">", KM_GT}, {"<", KM_LT}};
    km_status st = KM_OK;
    km_target target = km_target_output(study->model, endpoint->output);
    km_quantity q = {.factor = 1.0};
    km_place place = {.node = when};
    const char *at = when->string;
    int i;

    while (*at == ' ')
        at++;
    for (i = 0; i < 4 && strncmp(at, signs[i].sign, strlen(signs[i].sign)) != 0; i++)
        ;
    if (i == 4)
        KM_TRY(km_json_fail(when, d,
                            "expected >=, <=, > or < and a threshold such as \">= 0.5\", got %s",
                            km_json_describe(when)));
    endpoint->compare = signs[i].compare;
    at += strlen(signs[i].sign);
    while (*at == ' ')
        at++;
    if (strstr(at, "peak") != NULL || strstr(at, "trough") != NULL)
        return read_relative(endpoint, when, at, d);
    place.text = at;
    place.offset = (size_t)(at - when->string);
    KM_TRY(km_quantity_read(&place, &target, &q, d));
    endpoint->threshold = q.number * q.factor;

done:
    km_quantity_clear(&q);
    return st;
}

/* A time of at least 0 and at most the horizon; absent, *out stays. */
static km_status read_time(const km_study *study, const km_json *node, const char *key, double *out,
                           km_diag *d)
{
    km_status st = KM_OK;
    const km_json *value = km_json_find(node, key);

    if (value == NULL)
        goto done;
    KM_TRY(km_quantity_get_time(node, key, study->model, out, d));
    if (*out > study->horizon)
        KM_TRY(km_json_fail(value, d, "\"%s\" must not be later than the horizon, %g %s; got %s",
                            key, study->horizon, study->model->time_unit, km_json_describe(value)));

done:
    return st;
}

/* The endpoint among those read so far whose time bounds a window. */
static km_status read_reference(const km_study *study, const km_json *value, int *out, km_diag *d)
{
    const char *word = value->string, *nearest, **names;
    int n = study->n_endpoints;
    km_status st = KM_OK;

    for (*out = 0; *out < n && strcmp(study->endpoint[*out].name, word) != 0; (*out)++)
        ;
    if (*out < n && kinds[study->endpoint[*out].kind].instant)
        return KM_OK;
    if (*out < n)
        return km_json_fail(value, d,
                            "the endpoint \"%s\" is of the kind \"%s\", which is no instant; a window begins or ends "
                            "at a first_time, last_time, time_of_max or time_of_min",
                            word, kinds[study->endpoint[*out].kind].name);
    names = km_alloc((size_t)n + 1, sizeof *names);
    for (int i = 0; i < n; i++)
        names[i] = study->endpoint[i].name;
    nearest = km_text_nearest(word, names, (size_t)n);
    free(names);
    if (nearest != NULL)
        KM_TRY(km_json_fail(value, d, "no earlier endpoint is named \"%s\"; did you mean \"%s\"?", word, nearest));
    KM_TRY(km_json_fail(value, d,
                        "expected a time such as \"24 h\" or the name of an endpoint that stands earlier in the "
                        "list, got \"%s\"",
                        word));

done:
    return st;
}

/* A bound of the window: a time, or an earlier endpoint. */
static km_status read_bound(const km_study *study, const km_json *node, const char *key, km_endpoint *endpoint,
                            double *time, int *reference, km_diag *d)
{
    const km_json *value = km_json_find(node, key);
    km_status st = KM_OK;

    *reference = -1;
    if (value == NULL || value->kind != KM_JSON_STRING || !km_regimen_is_word(value->string))
        return read_time(study, node, key, time, d);
    KM_TRY(read_reference(study, value, reference, d));
    endpoint->pass = max_int(endpoint->pass, study->endpoint[*reference].pass + 1);

done:
    return st;
}

static km_status read_times(const km_study *study, km_endpoint *endpoint, const km_json *node,
                            km_diag *d)
{
    km_status st = KM_OK;
    const km_json *at_fault = km_json_find(node, "before");

    endpoint->before = study->horizon;
    KM_TRY(read_bound(study, node, "after", endpoint, &endpoint->after, &endpoint->after_endpoint, d));
    KM_TRY(read_bound(study, node, "before", endpoint, &endpoint->before, &endpoint->before_endpoint, d));
    KM_TRY(read_time(study, node, "hold", &endpoint->hold, d));
    KM_TRY(read_time(study, node, "at", &endpoint->at, d));
    if (at_fault == NULL)
        at_fault = km_json_find(node, "after");
    if (at_fault != NULL && endpoint->after_endpoint < 0 && endpoint->before_endpoint < 0 &&
        endpoint->after >= endpoint->before)
        KM_TRY(km_json_fail(
            at_fault, d,
            "the window is empty: it starts after %g %s and ends before %g %s (the horizon "
            "is %g %s)",
            endpoint->after, study->model->time_unit, endpoint->before, study->model->time_unit,
            study->horizon, study->model->time_unit));
    if (endpoint->hold > endpoint->before - endpoint->after)
        KM_TRY(
            km_json_fail(km_json_find(node, "hold"), d,
                         "\"hold\" is longer than the window, %g %s, so that it can never be met",
                         endpoint->before - endpoint->after, study->model->time_unit));

done:
    return st;
}

/* Keys that do not go with the kind, and keys that it needs. */
static km_status check_keys(const km_endpoint *endpoint, const km_json *node, km_diag *d)
{
    const char *kind = kinds[endpoint->kind].name;
    const struct {
        const char *key;
        bool allowed, needed;
        const char *use; /* which kinds it is for, or what it looks like */
    } rules[] = {
        {"when", kinds[endpoint->kind].when, kinds[endpoint->kind].when,
         "first_time, last_time and time_in"},
        {"margin", kinds[endpoint->kind].when, false, "first_time, last_time and time_in"},
        {"hold", kinds[endpoint->kind].hold, false, "first_time"},
        {"at", kinds[endpoint->kind].at, kinds[endpoint->kind].at, "value"},
        {"after", kinds[endpoint->kind].window, false, "kinds other than value"},
        {"before", kinds[endpoint->kind].window, false, "kinds other than value"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const km_json *child = km_json_find(node, rules[i].key);

        if (child != NULL && !rules[i].allowed)
            return km_json_fail(child, d, "\"%s\" does not go with the kind \"%s\"; it is for %s",
                                rules[i].key, kind, rules[i].use);
        if (child == NULL && rules[i].needed)
            return km_json_fail(node, d, "the kind \"%s\" needs \"%s\", such as \"%s\": \"%s\"",
                                kind, rules[i].key, rules[i].key,
                                strcmp(rules[i].key, "at") == 0 ? "24 h" : ">= 0.5");
    }
    return KM_OK;
}

/* ---- names of the map's arrays ---- */

static bool is_with(const char *name, const char *stem, const char *ending)
{
    size_t n = strlen(stem);

    return strncmp(name, stem, n) == 0 && strcmp(name + n, ending) == 0;
}

/* True if one's array would have another's name: x, x_state, x_margin. */
static bool collide(const char *a, const char *b)
{
    static const char *const ending[] = {"", "_state", "_margin"};

    for (int i = 0; i < 3; i++)
        if (is_with(a, b, ending[i]) || is_with(b, a, ending[i]))
            return true;
    return false;
}

static km_status check_name(const km_study *study, const km_json *name, km_diag *d)
{
    static const char *const taken[] = {"status", "steps"};
    int i;

    if (!km_regimen_is_word(name->string))
        return km_json_fail(
            name, d,
            "the name of an endpoint begins with a letter and has only letters, digits and "
            "_, got %s",
            km_json_describe(name));
    for (i = 0; i < 2; i++)
        if (collide(name->string, taken[i]))
            return km_json_fail(
                name, d, "\"%s\" clashes with the array \"%s\" of every map; choose another name",
                name->string, taken[i]);
    for (i = 0; i < study->n_endpoints; i++) {
        if (strcmp(name->string, study->endpoint[i].name) == 0)
            return km_json_fail(name, d, "two endpoints are named \"%s\"", name->string);
        if (collide(name->string, study->endpoint[i].name))
            return km_json_fail(
                name, d,
                "\"%s\" clashes with the endpoint \"%s\", which is stored with %s_state and "
                "%s_margin; choose another name",
                name->string, study->endpoint[i].name, study->endpoint[i].name,
                study->endpoint[i].name);
    }
    for (i = 0; i < study->n_axes; i++)
        if (collide(name->string, study->axis[i].name))
            return km_json_fail(name, d, "\"%s\" clashes with the axis \"%s\"; choose another name",
                                name->string, study->axis[i].name);
    for (i = 0; i < study->n_factors; i++)
        if (collide(name->string, study->factor[i].name))
            return km_json_fail(name, d, "\"%s\" clashes with the factor \"%s\"; choose another name",
                                name->string, study->factor[i].name);
    if (study->n_factors > 0 && collide(name->string, "point"))
        return km_json_fail(name, d, "\"%s\" clashes with the map's dimension \"point\"; choose another name",
                            name->string);
    return KM_OK;
}

/* ---- one endpoint ---- */

static char *stored_unit(const km_study *study, const km_endpoint *endpoint)
{
    const km_output *output = &study->model->output[endpoint->output];
    const char *time = study->model->time_unit, *unit = output->unit != NULL ? output->unit : "-";
    bool plain = strcmp(unit, "-") == 0 || strcmp(unit, "1") == 0 || strcmp(unit, "rel.") == 0;

    switch (kinds[endpoint->kind].unit) {
    case STORED_TIME: return km_strdup(time);
    case STORED_OUTPUT: return km_strdup(unit);
    case STORED_INTEGRAL: break;
    }
    return plain ? km_strdup(time) : km_format("%s*%s", unit, time);
}

static km_status read_endpoint(km_study *study, km_endpoint *endpoint, const km_json *node,
                               km_diag *d)
{
    km_status st = KM_OK;
    const km_json *name = NULL, *of = NULL, *kind = NULL, *when = NULL;
    const char *about = NULL;

    KM_TRY(km_json_allow(node, endpoint_keys, d));
    KM_TRY(km_json_need(node, "name", KM_JSON_STRING, &name, d));
    KM_TRY(check_name(study, name, d));
    KM_TRY(km_json_need(node, "of", KM_JSON_STRING, &of, d));
    KM_TRY(read_output(study, endpoint, of, d));
    KM_TRY(km_json_need(node, "kind", KM_JSON_STRING, &kind, d));
    KM_TRY(read_kind(endpoint, kind, d));
    KM_TRY(check_keys(endpoint, node, d));
    KM_TRY(km_json_get(node, "when", KM_JSON_STRING, &when, d));
    if (when != NULL)
        KM_TRY(read_when(study, endpoint, when, d));
    endpoint->pass = endpoint->relative != KM_ABSOLUTE; /* the extreme is known after the first integration */
    KM_TRY(read_times(study, endpoint, node, d));
    KM_TRY(km_json_get_bool(node, "margin", &endpoint->margin, d));
    KM_TRY(km_json_get_string(node, "about", &about, d));
    endpoint->name = km_strdup(name->string);
    endpoint->about = about != NULL ? km_strdup(about) : NULL;
    endpoint->unit = stored_unit(study, endpoint);

done:
    return st;
}

km_status km_endpoint_read(km_study *study, const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    enum { MOST_ENDPOINTS = 1000 };

    if (node->n > MOST_ENDPOINTS)
        KM_TRY(km_json_fail(node, d, "a study has at most %d endpoints, got %zu",
                            (int)MOST_ENDPOINTS, node->n));
    for (size_t i = 0; i < node->n; i++) {
        km_endpoint endpoint = {0};

        KM_TRY(read_endpoint(study, &endpoint, &node->child[i], d));
        KM_PUSH(study->endpoint, study->n_endpoints);
        study->endpoint[study->n_endpoints++] = endpoint;
    }

done:
    return st;
}

km_status km_endpoint_add_value(km_study *study, const char *name, const km_json *of, const km_json *at, km_diag *d)
{
    km_target time = km_target_time(study->model);
    km_endpoint endpoint = {.kind = KM_VALUE_AT, .before = study->horizon, .after_endpoint = -1, .before_endpoint = -1};
    km_status st = KM_OK;

    KM_TRY(read_output(study, &endpoint, of, d));
    KM_TRY(km_quantity_value(at, &time, &endpoint.at, d));
    if (!(endpoint.at >= 0.0 && endpoint.at <= study->horizon))
        KM_TRY(km_json_fail(at, d, "a time lies between 0 and the horizon, %g %s; got %s", study->horizon, study->model->time_unit,
                            km_json_describe(at)));
    for (int i = 0; i < study->n_endpoints; i++)
        if (collide(name, study->endpoint[i].name))
            KM_TRY(km_json_fail(at, d, "its name, \"%s\", clashes with the endpoint \"%s\"", name, study->endpoint[i].name));
    endpoint.name = km_strdup(name);
    endpoint.about = at->kind == KM_JSON_STRING ? km_format("%s at %s", of->string, at->string)
                                                : km_format("%s at %g %s", of->string, at->number, study->model->time_unit);
    endpoint.unit = stored_unit(study, &endpoint);
    KM_PUSH(study->endpoint, study->n_endpoints);
    study->endpoint[study->n_endpoints++] = endpoint;
done:
    return st;
}
