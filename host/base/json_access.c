/* Places, messages and checked access to nodes that json.c made. */
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_name[] = {"null",     "true or false", "a number",
                                        "a string", "an array",      "an object"};

static void add_pointer(const km_json *node, km_text *t)
{
    const char *c;

    if (node->parent == NULL)
        return;
    add_pointer(node->parent, t);
    if (node->key == NULL) {
        km_text_add(t, "/%zu", node->index);
        return;
    }
    km_text_add(t, "/");
    for (c = node->key; *c != '\0'; c++) {
        if (*c == '~' || *c == '/')
            km_text_add(t, "~%c", *c == '~' ? '0' : '1');
        else
            km_text_add_bytes(t, c, 1);
    }
}

static char *where(const km_json *node, size_t column)
{
    km_text t = {0};

    km_text_add(&t, "%s:%zu:%zu", km_json_name(node->file), node->line, column);
    if (node->parent != NULL) {
        km_text_add(&t, ": ");
        add_pointer(node, &t);
    }
    return km_text_take(&t);
}

char *km_json_where(const km_json *node)
{
    return where(node, node->column);
}

static km_status fail_with(const km_json *node, size_t column, km_diag *d, const char *format,
                           va_list arguments)
{
    char text[sizeof d->message];
    char *place = where(node, column);

    (void)vsnprintf(text, sizeof text, format, arguments);
    (void)km_diag_fail(d, KM_E_INPUT, "%s: %s", place, text);
    free(place);
    return KM_E_INPUT;
}

km_status km_json_fail(const km_json *node, km_diag *d, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)fail_with(node, node->column, d, format, arguments);
    va_end(arguments);
    return KM_E_INPUT;
}

/* The number of bytes that the text between the quotes takes for the first `offset` bytes it stands
 * for. */
static size_t raw_offset(const char *raw, size_t offset)
{
    const char *c = raw;
    size_t stands_for = 0;

    while (stands_for < offset && *c != '"' && *c != '\0') {
        unsigned long code;
        char digits[5] = {0};

        if (*c != '\\') {
            c++;
            stands_for++;
            continue;
        }
        if (c[1] != 'u') {
            c += 2;
            stands_for++;
            continue;
        }
        memcpy(digits, c + 2, 4);
        code = strtoul(digits, NULL, 16);
        c += 6;
        if (code >= 0xD800 && code < 0xDC00)
            c += 6; /* its second half */
        stands_for += code < 0x80 ? 1 : code < 0x800 ? 2 : code >= 0xD800 && code < 0xDC00 ? 4 : 3;
    }
    return (size_t)(c - raw);
}

/* The column of byte `offset` of a string as the file writes it. */
static size_t column_at(const km_json *node, size_t offset)
{
    const char *line = km_json_text(node->file);

    if (node->kind != KM_JSON_STRING)
        return node->column;
    for (size_t i = 1; i < node->line; i++)
        line = strchr(line, '\n') + 1;
    return node->column + 1 + raw_offset(line + node->column, offset);
}

char *km_json_where_at(const km_json *node, size_t offset)
{
    return where(node, column_at(node, offset));
}

km_status km_json_fail_at(const km_json *node, size_t offset, km_diag *d, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)fail_with(node, column_at(node, offset), d, format, arguments);
    va_end(arguments);
    return KM_E_INPUT;
}

const km_json *km_json_find(const km_json *object, const char *key)
{
    size_t i;

    if (object->kind != KM_JSON_OBJECT)
        return NULL;
    for (i = 0; i < object->n; i++)
        if (strcmp(object->child[i].key, key) == 0)
            return &object->child[i];
    return NULL;
}

static km_status check_kind(const km_json *node, km_json_kind kind, km_diag *d)
{
    if (node->kind == kind)
        return KM_OK;
    return km_json_fail(node, d, "expected %s, got %s", kind_name[kind], km_json_describe(node));
}

km_status km_json_allow(const km_json *object, const char *const *keys, km_diag *d)
{
    km_status st = KM_OK;
    km_text known = {0};
    size_t n = 0, i, j;

    KM_TRY(check_kind(object, KM_JSON_OBJECT, d));
    while (keys[n] != NULL)
        n++;
    for (i = 0; i < object->n; i++) {
        const km_json *child = &object->child[i];
        const char *nearest;

        if (strcmp(child->key, "$schema") == 0)
            continue;
        for (j = 0; j < n && strcmp(child->key, keys[j]) != 0; j++)
            ;
        if (j < n)
            continue;
        nearest = km_text_nearest(child->key, keys, n);
        if (nearest != NULL)
            KM_TRY(km_json_fail(child, d, "unknown key \"%s\"; did you mean \"%s\"?", child->key,
                                nearest));
        for (j = 0; j < n; j++)
            km_text_add(&known, "%s\"%s\"", j == 0 ? "" : ", ", keys[j]);
        KM_TRY(km_json_fail(child, d, "unknown key \"%s\"; known here: %s", child->key,
                            n > 0 ? known.data : "none"));
    }

done:
    km_text_clear(&known);
    return st;
}

km_status km_json_get(const km_json *object, const char *key, km_json_kind kind,
                      const km_json **out, km_diag *d)
{
    km_status st = KM_OK;
    const km_json *node;

    KM_TRY(check_kind(object, KM_JSON_OBJECT, d));
    node = km_json_find(object, key);
    if (node == NULL)
        return KM_OK;
    KM_TRY(check_kind(node, kind, d));
    *out = node;

done:
    return st;
}

km_status km_json_need(const km_json *object, const char *key, km_json_kind kind,
                       const km_json **out, km_diag *d)
{
    km_status st = KM_OK;

    *out = NULL;
    KM_TRY(km_json_get(object, key, kind, out, d));
    if (*out == NULL)
        KM_TRY(km_json_fail(object, d, "the key \"%s\" is missing (%s)", key, kind_name[kind]));

done:
    return st;
}

km_status km_json_get_string(const km_json *object, const char *key, const char **out, km_diag *d)
{
    const km_json *node = NULL;
    km_status st = km_json_get(object, key, KM_JSON_STRING, &node, d);

    if (st == KM_OK && node != NULL)
        *out = node->string;
    return st;
}

km_status km_json_get_number(const km_json *object, const char *key, double *out, km_diag *d)
{
    const km_json *node = NULL;
    km_status st = km_json_get(object, key, KM_JSON_NUMBER, &node, d);

    if (st == KM_OK && node != NULL)
        *out = node->number;
    return st;
}

km_status km_json_get_bool(const km_json *object, const char *key, bool *out, km_diag *d)
{
    const km_json *node = NULL;
    km_status st = km_json_get(object, key, KM_JSON_BOOL, &node, d);

    if (st == KM_OK && node != NULL)
        *out = node->boolean;
    return st;
}

char *km_json_quote(const char *text)
{
    km_text t = {0};
    const char *c;

    km_text_add(&t, "\"");
    for (c = text; *c != '\0'; c++) {
        const char *plain = "\"\\\b\f\n\r\t", *letter = "\"\\bfnrt";
        const char *special = strchr(plain, *c);

        if (special != NULL)
            km_text_add(&t, "\\%c", letter[special - plain]);
        else if ((unsigned char)*c < 0x20 || *c == 0x7F)
            km_text_add(&t, "\\u%04x", (unsigned)*c);
        else
            km_text_add_bytes(&t, c, 1);
    }
    km_text_add(&t, "\"");
    return km_text_take(&t);
}
