/* From the JSON of a model to a checked km_model: names first, then every expression. */
#include "model/reader.h"

#include "base/memory.h"
#include "base/text.h"
#include "model/derivative.h"

#include <stdlib.h>
#include <string.h>

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
        KM_TRY(km_reader_check_strings(node, strings, d));
        *out = km_json_find(node, "value");
        if (*out == NULL)
            return km_json_fail(node, d, "\"%s\" has no \"value\"", node->key);
    }
    if ((*out)->kind != KM_JSON_STRING && (*out)->kind != KM_JSON_NUMBER)
        return km_json_fail(*out, d, "expected an expression, got %s", km_json_describe(*out));
done:
    return st;
}

static km_status name_derived(km_reader *r, const km_json *node)
{
    km_derived v = {.value = KM_EXPR_NONE};
    km_unit measure = {.scale = 1.0};
    const km_json *place;
    km_status st = KM_OK;

    KM_TRY(value_node(node, &place, r->d));
    KM_TRY(km_names_add(&r->names, KM_NAME_DERIVED, r->m->n_derived, node->key, place, r->d));
    if (node->kind == KM_JSON_OBJECT)
        KM_TRY(km_reader_unit(node, &v.unit, &measure, r->d));
    km_reader_declare(r, node, &measure);
    v.name = km_strdup(node->key);
    v.about = km_reader_string(node, "about");
    KM_PUSH(r->m->derived, r->m->n_derived);
    r->m->derived[r->m->n_derived++] = v;
done:
    return st;
}

static km_status name_definition(km_reader *r, const km_json *node, int index)
{
    char *unit = NULL;
    km_unit measure = {.scale = 1.0};
    const km_json *place;
    km_status st = KM_OK;

    KM_TRY(value_node(node, &place, r->d));
    KM_TRY(km_names_add(&r->names, KM_NAME_DEFINITION, index, node->key, place, r->d));
    if (node->kind == KM_JSON_OBJECT)
        KM_TRY(km_reader_unit(node, &unit, &measure, r->d));
    km_reader_declare(r, node, &measure);
done:
    free(unit);
    return st;
}

static km_status name_state(km_reader *r, const km_json *node)
{
    static const char *const keys[] = {"initial", "rate", "unit", "scale", "about", NULL};
    static const char *const strings[] = {"about", NULL};
    km_state s = {.initial = KM_EXPR_NONE, .rate = KM_EXPR_NONE, .scale = KM_EXPR_NONE};
    km_status st = KM_OK;

    KM_TRY(km_names_add(&r->names, KM_NAME_STATE, r->m->n_states, node->key, node, r->d));
    KM_TRY(km_json_allow(node, keys, r->d));
    KM_TRY(km_reader_check_strings(node, strings, r->d));
    for (int i = 0; i < 2; i++)
        if (km_json_find(node, keys[i]) == NULL) {
            st = km_json_fail(node, r->d, "the state \"%s\" has no \"%s\"", node->key, keys[i]);
            goto done;
        }
    KM_TRY(km_reader_unit(node, &s.unit, &s.measure, r->d));
    km_reader_declare(r, node, &s.measure);
    s.name = km_strdup(node->key);
    s.about = km_reader_string(node, "about");
    KM_PUSH(r->m->state, r->m->n_states);
    r->m->state[r->m->n_states++] = s;
done:
    return st;
}

static km_status name_function(km_reader *r, const km_json *node, int index)
{
    if (node->kind != KM_JSON_STRING)
        return km_json_fail(node, r->d, "expected the function's expression, got %s", km_json_describe(node));
    return km_names_add(&r->names, KM_NAME_FUNCTION, index, node->key, node, r->d);
}

static km_status name_everything(km_reader *r)
{
    const km_json *list;
    km_status st = KM_OK;

    KM_TRY(km_reader_section(r, "functions", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(name_function(r, &list->child[i], (int)i));
    KM_TRY(km_reader_section(r, "parameters", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(km_read_parameter(r, &list->child[i]));
    KM_TRY(km_reader_section(r, "derived", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(name_derived(r, &list->child[i]));
    KM_TRY(km_reader_section(r, "definitions", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(name_definition(r, &list->child[i], (int)i));
    KM_TRY(km_reader_section(r, "states", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(name_state(r, &list->child[i]));
done:
    return st;
}

/* ---- expressions ---- */

static km_status read_expressions(km_reader *r)
{
    km_model *m = r->m;
    const km_json *list;
    km_status st = KM_OK;

    for (int i = 0; i < r->names.n; i++)
        KM_TRY(km_names_expand(&r->names, &r->names.entry[i], r->d));
    for (int i = 0; i < r->names.n; i++)
        if (r->names.entry[i].kind == KM_NAME_DERIVED)
            m->derived[r->names.entry[i].index].value = r->names.entry[i].value;
    KM_TRY(km_reader_section(r, "states", KM_JSON_OBJECT, &list));
    for (int i = 0; i < m->n_states; i++) {
        const km_json *node = &list->child[i], *scale = km_json_find(node, "scale");
        KM_TRY(km_names_parse(&r->names, km_json_find(node, "initial"), KM_LEVEL_PARAMETERS, &m->state[i].initial,
                              r->d));
        KM_TRY(km_names_parse(&r->names, km_json_find(node, "rate"), KM_LEVEL_ALL, &m->state[i].rate, r->d));
        if (scale)
            KM_TRY(km_names_parse(&r->names, scale, KM_LEVEL_PARAMETERS, &m->state[i].scale, r->d));
        if (km_json_find(node, "unit")) {
            km_unit per_time = km_unit_divide(m->state[i].measure, m->time);
            km_reader_require_unit(r, m->state[i].initial, &m->state[i].measure, km_json_find(node, "initial"), "the initial value of",
                         node->key);
            km_reader_require_unit(r, m->state[i].rate, &per_time, km_json_find(node, "rate"), "the rate of", node->key);
            if (scale)
                km_reader_require_unit(r, m->state[i].scale, &m->state[i].measure, scale, "the scale of", node->key);
        }
    }
done:
    return st;
}

static km_status read_outputs(km_reader *r)
{
    const km_json *list, *place;
    km_status st = KM_OK;
    km_output o = {0};

    KM_TRY(km_reader_section(r, "outputs", KM_JSON_OBJECT, &list));
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
            KM_TRY(km_reader_unit(node, &o.unit, &o.measure, r->d));
        else
            o.unit = km_strdup("-"), o.measure = (km_unit){.scale = 1.0};
        KM_TRY(km_names_parse(&r->names, place, KM_LEVEL_ALL, &o.value, r->d));
        if (node->kind == KM_JSON_OBJECT && km_json_find(node, "unit"))
            km_reader_require_unit(r, o.value, &o.measure, place, "the output", node->key);
        if (strspn(node->key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(node->key) ||
            node->key[0] == '\0' || strchr("0123456789_", node->key[0])) {
            st = km_json_fail(node, r->d, "a name begins with a letter and has only letters, digits and _, got \"%s\"",
                              node->key);
            goto done;
        }
        o.name = km_strdup(node->key);
        o.about = km_reader_string(node, "about");
        KM_PUSH(r->m->output, r->m->n_outputs);
        r->m->output[r->m->n_outputs++] = o;
        o = (km_output){0};
    }
done:
    free(o.unit);
    return st;
}

/* "require" and "breaks": lists of expressions over parameters. */
static km_status read_conditions(km_reader *r)
{
    km_model *m = r->m;
    const km_json *list;
    km_status st = KM_OK;

    KM_TRY(km_reader_section(r, "require", KM_JSON_ARRAY, &list));
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
    KM_TRY(km_reader_section(r, "breaks", KM_JSON_ARRAY, &list));
    for (size_t i = 0; list && i < list->n; i++) {
        km_expr e;
        KM_TRY(km_names_parse(&r->names, &list->child[i], KM_LEVEL_PARAMETERS, &e, r->d));
        km_reader_require_unit(r, e, &m->time, &list->child[i], "a time in \"breaks\"", NULL);
        KM_PUSH(m->jump, m->n_jumps);
        m->jump[m->n_jumps++] = e;
    }
done:
    return st;
}

/* {"slow": {"CL": 60, "about": "..."}} */
static km_status read_variant(km_reader *r, const km_json *node)
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
        KM_TRY(km_reader_quantity(item, r->m->parameter[p].unit, &r->m->parameter[p].measure, &value, r->d));
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

static void warn_unused(km_reader *r)
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

static void warn_jumps(km_reader *r)
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

static km_status read_head(km_reader *r)
{
    static const char *const keys[] = {"name",    "about",  "time_unit", "functions", "parameters",
                                       "derived", "breaks", "require",   "states",    "definitions",
                                       "outputs", "routes", "dose",      "variants",  "correlation", "method", NULL};
    static const char *const strings[] = {"name", "about", "time_unit", "method", NULL};
    const km_json *root = km_json_root(r->m->file), *node;
    km_unit hour = {.scale = 1.0, .dim = {[KM_DIM_TIME] = 1}};
    km_status st = KM_OK;

    KM_TRY(km_json_allow(root, keys, r->d));
    KM_TRY(km_reader_check_strings(root, strings, r->d));
    KM_TRY(km_json_need(root, "name", KM_JSON_STRING, &node, r->d));
    r->m->name = km_strdup(node->string);
    r->m->about = km_reader_string(root, "about");
    r->m->time_unit = km_reader_string(root, "time_unit");
    if (r->m->time_unit == NULL)
        r->m->time_unit = km_strdup("h");
    r->m->method = &km_methods[0];
    node = km_json_find(root, "method");
    if (node != NULL)
        KM_TRY(km_method_read(node, "", &r->m->method, r->d));
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

static km_status read_model(km_reader *r)
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
    KM_TRY(km_read_dose(r));
    KM_TRY(km_reader_section(r, "variants", KM_JSON_OBJECT, &list));
    for (size_t i = 0; list && i < list->n; i++)
        KM_TRY(read_variant(r, &list->child[i]));
    KM_TRY(km_read_correlation(r));
    warn_unused(r);
    warn_jumps(r);
done:
    return st;
}

static km_status from_file(km_json_file *file, km_model **out, km_diag *d)
{
    km_reader r = {.m = km_alloc(1, sizeof *r.m), .d = d};
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
