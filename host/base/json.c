/* cJSON reads the values; a second, stricter scanner walks the text beside cJSON's tree, checks
 * what cJSON lets pass and notes where every value stands. When cJSON refuses the text, the scanner
 * runs alone (item and node NULL) to find the place and the better sentence. Access is in
 * json_access.c. */
#include "base/json.h"

#include "base/file.h"
#include "base/json_scanner.h"
#include "base/memory.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 100, DESCRIBED = 128 };

struct km_json_file {
    char *name, *text;
    char *described; /* DESCRIBED bytes, for km_json_describe */
    cJSON *tree;     /* owns the strings */
    km_json root;
};

typedef struct reader {
    const km_json_file *file;
    int depth;
    km_scanner s;
} reader;

static km_status scan_bug(const km_scanner *s)
{
    return km_diag_fail(s->d, KM_E_BUG, "%s:%zu:%zu: cJSON and the position scanner disagree",
                        s->name, s->line, km_scan_column(s));
}

static km_status scan_value(reader *r, const cJSON *item, km_json *node);

static int compare_keys(const void *a, const void *b)
{
    const km_json *x = *(const km_json *const *)a, *y = *(const km_json *const *)b;
    int order = strcmp(x->key, y->key);

    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

/* Of several duplicates the first in the file is reported. */
static km_status check_keys(const km_json *object, km_diag *d)
{
    km_status st = KM_OK;
    const km_json *second = NULL, *first = NULL;
    const km_json **sorted = km_alloc(object->n, sizeof *sorted);
    size_t i;

    for (i = 0; i < object->n; i++)
        sorted[i] = &object->child[i];
    qsort(sorted, object->n, sizeof *sorted, compare_keys);
    for (i = 1; i < object->n; i++) {
        const km_json *a = sorted[i - 1], *b = sorted[i];

        if (strcmp(a->key, b->key) == 0 && (second == NULL || b->index < second->index)) {
            first = a;
            second = b;
        }
    }
    if (second != NULL)
        KM_TRY(km_json_fail(second, d, "the key \"%s\" is given twice, first on line %zu",
                            second->key, first->line));

done:
    free(sorted);
    return st;
}

/* Arrays and objects: they differ by their brackets and by the keys. */
static km_status scan_container(reader *r, const cJSON *item, km_json *node, bool object)
{
    km_status st = KM_OK;
    km_scanner *s = &r->s;
    const cJSON *child = item != NULL ? item->child : NULL;
    const char close = object ? '}' : ']';
    size_t n = 0, i;

    if (++r->depth > DEEPEST)
        KM_FAIL(s->d, KM_E_INPUT, "%s:%zu:%zu: nested deeper than %d levels", s->name, s->line,
                km_scan_column(s), DEEPEST);
    if (node != NULL) {
        for (n = 0; child != NULL; child = child->next)
            n++;
        child = item->child;
        node->child = n > 0 ? km_alloc(n, sizeof *node->child) : NULL;
        node->n = n;
    }
    s->at++; /* the opening bracket */
    km_scan_blanks(s);
    for (i = 0; *s->at != close || i > 0; i++) {
        km_json *slot = NULL;

        if (i < n) { /* beyond, the scanner goes on alone and finds what cJSON let pass */
            slot = &node->child[i];
            slot->parent = node;
            slot->index = i;
        }
        if (object) {
            if (*s->at != '"')
                KM_TRY(km_scan_fail(s, i == 0 ? "a key in double quotes or '}'"
                                              : "a key in double quotes"));
            KM_TRY(km_scan_string(s));
            if (slot != NULL)
                slot->key = child->string;
            km_scan_blanks(s);
            if (*s->at != ':')
                KM_TRY(km_scan_fail(s, "':' after a key"));
            s->at++;
            km_scan_blanks(s);
        }
        KM_TRY(scan_value(r, child, slot));
        if (child != NULL)
            child = child->next;
        km_scan_blanks(s);
        if (*s->at == close) {
            i++;
            break;
        }
        if (*s->at != ',')
            KM_TRY(km_scan_fail(s, object ? "',' or '}'" : "',' or ']'"));
        s->at++;
        km_scan_blanks(s);
        if (*s->at == close)
            KM_TRY(km_scan_fail(s, object ? "another key after the comma, or no comma"
                                          : "another value after the comma, or no comma"));
    }
    if (node != NULL && i != n)
        KM_TRY(scan_bug(s));
    s->at++; /* the closing bracket */
    r->depth--;
    if (node != NULL && object)
        KM_TRY(check_keys(node, s->d));

done:
    return st;
}

static km_status scan_value(reader *r, const cJSON *item, km_json *node)
{
    km_status st = KM_OK;
    km_scanner *s = &r->s;
    double number = 0.0;
    km_json_kind kind;

    switch (*s->at) {
    case '{': kind = KM_JSON_OBJECT; break;
    case '[': kind = KM_JSON_ARRAY; break;
    case '"': kind = KM_JSON_STRING; break;
    case 't':
    case 'f': kind = KM_JSON_BOOL; break;
    case 'n': kind = KM_JSON_NULL; break;
    default:
        if (*s->at != '-' && (*s->at < '0' || *s->at > '9'))
            return km_scan_fail(s, "a value");
        kind = KM_JSON_NUMBER;
    }
    if (node != NULL) {
        const int type[] = {cJSON_NULL,   cJSON_True | cJSON_False,
                            cJSON_Number, cJSON_String,
                            cJSON_Array,  cJSON_Object};

        node->kind = kind;
        node->file = r->file;
        node->line = s->line;
        node->column = km_scan_column(s);
        if ((item->type & 0xFF & type[kind]) == 0)
            KM_TRY(scan_bug(s));
        if (kind == KM_JSON_STRING)
            node->string = item->valuestring;
        node->boolean = kind == KM_JSON_BOOL && cJSON_IsTrue(item);
    }
    switch (kind) {
    case KM_JSON_OBJECT:
    case KM_JSON_ARRAY: KM_TRY(scan_container(r, item, node, kind == KM_JSON_OBJECT)); break;
    case KM_JSON_STRING: KM_TRY(km_scan_string(s)); break;
    case KM_JSON_NUMBER: KM_TRY(km_scan_number(s, node, &number)); break;
    case KM_JSON_BOOL: KM_TRY(km_scan_word(s, *s->at == 't' ? "true" : "false")); break;
    case KM_JSON_NULL: KM_TRY(km_scan_word(s, "null")); break;
    }
    if (node != NULL)
        node->number = number;

done:
    return st;
}

static km_status scan_file(km_json_file *file, km_diag *d)
{
    km_status st = KM_OK;
    reader r = {.file = file,
                .s = {.name = file->name, .at = file->text, .line_start = file->text}};
    km_scanner *s = &r.s;

    s->line = 1;
    s->d = d;
    if (strncmp(file->text, "\xEF\xBB\xBF", 3) == 0)
        KM_FAIL(d, KM_E_INPUT,
                "%s:1:1: starts with a byte order mark; save it as UTF-8 without one", file->name);
    km_scan_blanks(s);
    KM_TRY(scan_value(&r, file->tree, file->tree != NULL ? &file->root : NULL));
    km_scan_blanks(s);
    if (*s->at != '\0')
        KM_TRY(km_scan_fail(s, "nothing after the value"));
    if (file->tree == NULL)
        KM_FAIL(d, KM_E_INPUT, "%s: the JSON parser refuses this text", file->name);

done:
    return st;
}

/* Takes `text`. */
static km_status parse_owned(const char *name, char *text, km_json_file **out, km_diag *d)
{
    km_status st = KM_OK;
    km_json_file *file = km_alloc(1, sizeof *file);

    *out = NULL;
    file->name = km_strdup(name);
    file->text = text;
    file->described = km_alloc(DESCRIBED, 1);
    file->tree = cJSON_ParseWithOpts(text, NULL, 1);
    KM_TRY(scan_file(file, d));
    *out = file;
    file = NULL; /* handed over */

done:
    km_json_destroy(file);
    return st;
}

km_status km_json_parse(const char *name, const char *text, km_json_file **out, km_diag *d)
{
    return parse_owned(name, km_strdup(text), out, d);
}

km_status km_json_read(const char *path, km_json_file **out, km_diag *d)
{
    km_status st = KM_OK;
    char *text = NULL;
    size_t size = 0;

    *out = NULL;
    KM_TRY(km_file_read(path, &text, &size, d));
    if (strlen(text) != size) {
        size_t line = 1, column = 1;
        const char *c;

        for (c = text; *c != '\0'; c++) {
            line += *c == '\n';
            column = *c == '\n' ? 1 : column + 1;
        }
        KM_FAIL(d, KM_E_INPUT, "%s:%zu:%zu: not a text file: contains a zero byte", path, line,
                column);
    }
    st = parse_owned(path, text, out, d);
    text = NULL; /* taken */

done:
    free(text);
    return st;
}

static void clear_node(km_json *node)
{
    size_t i;

    for (i = 0; node->child != NULL && i < node->n; i++)
        clear_node(&node->child[i]);
    free(node->child);
}

void km_json_destroy(km_json_file *file)
{
    if (file == NULL)
        return;
    clear_node(&file->root);
    cJSON_Delete(file->tree);
    free(file->described);
    free(file->text);
    free(file->name);
    free(file);
}

const km_json *km_json_root(const km_json_file *file)
{
    return &file->root;
}

const char *km_json_text(const km_json_file *file)
{
    return file->text;
}

const char *km_json_name(const km_json_file *file)
{
    return file->name;
}

/* The shortest decimal that reads back as `x`. */
static void print_number(char *out, size_t capacity, double x)
{
    int digits;

    for (digits = 1; digits <= 17; digits++) {
        (void)snprintf(out, capacity, "%.*g", digits, x);
        if (km_text_number(out, NULL) == x)
            return;
    }
}

const char *km_json_describe(const km_json *node)
{
    char *out = node->file->described;
    size_t n;

    switch (node->kind) {
    case KM_JSON_NULL: return "null";
    case KM_JSON_BOOL: return node->boolean ? "true" : "false";
    case KM_JSON_NUMBER:
        n = (size_t)snprintf(out, DESCRIBED, "the number ");
        print_number(out + n, DESCRIBED - n, node->number);
        return out;
    case KM_JSON_STRING:
        n = strlen(node->string);
        if (n > 60) {
            n = 57;
            while (n > 0 && ((unsigned char)node->string[n] & 0xC0U) == 0x80U)
                n--;
        }
        (void)snprintf(out, DESCRIBED, "\"%.*s%s\"", (int)n, node->string,
                       node->string[n] != '\0' ? "..." : "");
        return out;
    case KM_JSON_ARRAY: return node->n == 0 ? "an empty array" : "an array";
    case KM_JSON_OBJECT: return "an object";
    }
    return "an unknown value";
}

void km_json_print(km_text *out, const km_json *node)
{
    char *quoted = NULL;

    switch (node->kind) {
    case KM_JSON_NULL: km_text_add(out, "null"); break;
    case KM_JSON_BOOL: km_text_add(out, node->boolean ? "true" : "false"); break;
    case KM_JSON_NUMBER: km_text_add(out, "%.17g", node->number); break;
    case KM_JSON_STRING:
        quoted = km_json_quote(node->string);
        km_text_add(out, "%s", quoted);
        break;
    case KM_JSON_ARRAY:
    case KM_JSON_OBJECT:
        km_text_add(out, node->kind == KM_JSON_ARRAY ? "[" : "{");
        for (size_t i = 0; i < node->n; i++) {
            if (i)
                km_text_add(out, ", ");
            if (node->kind == KM_JSON_OBJECT) {
                char *key = km_json_quote(node->child[i].key);
                km_text_add(out, "%s: ", key);
                free(key);
            }
            km_json_print(out, &node->child[i]);
        }
        km_text_add(out, node->kind == KM_JSON_ARRAY ? "]" : "}");
        break;
    }
    free(quoted);
}
