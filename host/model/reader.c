#include "model/reader.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void km_reader_declare(km_reader *r, const km_json *node, const km_unit *measure)
{
    km_name_entry *entry = &r->names.entry[r->names.n - 1];

    entry->has_unit = node->kind == KM_JSON_OBJECT && km_json_find(node, "unit") != NULL;
    entry->unit = *measure;
}

void km_reader_require_unit(km_reader *r, km_expr e, const km_unit *unit, const km_json *place, const char *what, const char *name)
{
    char *text = name ? km_format("%s \"%s\"", what, name) : km_strdup(what);

    km_dimensions_require(&r->dims, &r->m->pool, e, unit, place, text);
    free(text);
}

char *km_reader_string(const km_json *object, const char *key)
{
    const km_json *child = km_json_find(object, key);

    return child && child->kind == KM_JSON_STRING ? km_strdup(child->string) : NULL;
}

km_status km_reader_check_strings(const km_json *object, const char *const *keys, km_diag *d)
{
    const km_json *child;
    km_status st = KM_OK;

    for (; *keys && st == KM_OK; keys++)
        st = km_json_get(object, *keys, KM_JSON_STRING, &child, d);
    return st;
}

km_status km_reader_unit(const km_json *object, char **text, km_unit *measure, km_diag *d)
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

km_status km_reader_quantity(const km_json *node, const char *unit, const km_unit *measure, double *out, km_diag *d)
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

km_status km_reader_section(km_reader *r, const char *key, km_json_kind kind, const km_json **out)
{
    *out = NULL;
    return km_json_get(km_json_root(r->m->file), key, kind, out, r->d);
}
