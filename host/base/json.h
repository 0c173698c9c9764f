/* Strict JSON with positions. The only user of cJSON.
 *
 * Reading refuses: syntax errors, trailing text, duplicate keys, numbers that are not finite. Every node
 * knows its place, so that messages read
 *   file.json:12:9: /design/axes/0/log/1: expected a number larger than 0.1, got "x" */
#ifndef KM_BASE_JSON_H
#define KM_BASE_JSON_H

#include "base/diag.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum km_json_kind {
    KM_JSON_NULL,
    KM_JSON_BOOL,
    KM_JSON_NUMBER,
    KM_JSON_STRING,
    KM_JSON_ARRAY,
    KM_JSON_OBJECT
} km_json_kind;

typedef struct km_json_file km_json_file; /* owns its nodes */

typedef struct km_json {
    km_json_kind kind;
    const char *key;    /* name within the parent object, else NULL */
    const char *string; /* for strings */
    double number;      /* for numbers */
    bool boolean;       /* for booleans */
    size_t n;           /* children of an array or object, in file order */
    struct km_json *child;
    const struct km_json *parent;
    const km_json_file *file;
    size_t index;        /* position among the parent's children */
    size_t line, column; /* of the value's first byte, from 1, columns in bytes */
} km_json;

/* *out is owned by the caller. KM_E_IO when the file cannot be read, KM_E_INPUT when it is not JSON. */
km_status km_json_read(const char *path, km_json_file **out, km_diag *d);
/* The same from memory; `name` stands for the file in messages. */
km_status km_json_parse(const char *name, const char *text, km_json_file **out, km_diag *d);
void km_json_destroy(km_json_file *file);
const km_json *km_json_root(const km_json_file *file);
/* The whole text of the file, as read. */
const char *km_json_text(const km_json_file *file);
const char *km_json_name(const km_json_file *file);

/* Child of an object by name, case-sensitive; NULL if absent. */
const km_json *km_json_find(const km_json *object, const char *key);

/* "file:line:col: /pointer" of a node, for messages. Caller frees. */
char *km_json_where(const km_json *node);
/* The same of byte `offset` of a string. */
char *km_json_where_at(const km_json *node, size_t offset);
/* Writes "WHERE: message" and returns KM_E_INPUT. */
km_status km_json_fail(const km_json *node, km_diag *d, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, the column moved by `offset` bytes into a string value. */
km_status km_json_fail_at(const km_json *node, size_t offset, km_diag *d, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "a string", "the number 3", "\"text\"", "an object", ...: how a message names what was found. Borrowed,
 * valid until the next call. */
const char *km_json_describe(const km_json *node);

/* Refuses keys of `object` that are not in `keys` (NULL-terminated), with "did you mean". Also fails if
 * `object` is not an object. "$schema" is always allowed. */
km_status km_json_allow(const km_json *object, const char *const *keys, km_diag *d);

/* Checked access. The `need_` forms fail when the key is absent; the `get_` forms leave *out as it is. */
km_status km_json_need(const km_json *object, const char *key, km_json_kind kind, const km_json **out,
                       km_diag *d);
km_status km_json_get(const km_json *object, const char *key, km_json_kind kind, const km_json **out,
                      km_diag *d);
km_status km_json_get_string(const km_json *object, const char *key, const char **out, km_diag *d);
km_status km_json_get_number(const km_json *object, const char *key, double *out, km_diag *d);
km_status km_json_get_bool(const km_json *object, const char *key, bool *out, km_diag *d);

/* A JSON string literal of `text`, with its quotes, escaped; caller frees. */
char *km_json_quote(const char *text);
/* JSON text of a node. */
void km_json_print(km_text *out, const km_json *node);

#endif
