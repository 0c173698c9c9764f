/* Names: adding, finding, expanding. */
#include "model/names.h"

#include "base/memory.h"
#include "base/text.h"
#include "model/parser.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { EXPANSION_LIMIT = 200000 };

/* A call in progress: the values of the formal arguments while a function's body is read. */
typedef struct frame {
    km_names *names;
    km_level level;
    const km_name_entry *function; /* or NULL */
    const km_expr *argument;
} frame;

void km_names_clear(km_names *names)
{
    for (int i = 0; i < names->n; i++) {
        free(names->entry[i].name);
        for (int k = 0; k < names->entry[i].n_formals; k++)
            free(names->entry[i].formal[k]);
        free(names->entry[i].formal);
    }
    free(names->entry);
    names->entry = NULL;
    names->n = 0;
}

km_name_entry *km_names_find(const km_names *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (strcmp(names->entry[i].name, name) == 0)
            return &names->entry[i];
    return NULL;
}

static const char *kind_text(km_name_kind kind)
{
    static const char *const text[] = {"parameter", "derived value", "definition", "state", "function"};

    return text[kind];
}

static km_status check_name(const char *name, const km_json *place, km_diag *d)
{
    int n;
    size_t i = 1;

    if (!isalpha((unsigned char)name[0]))
        return km_json_fail(place, d, "a name begins with a letter, got \"%s\"", name);
    while (isalnum((unsigned char)name[i]) || name[i] == '_')
        i++;
    if (name[i] != '\0')
        return km_json_fail(place, d, "a name has only letters, digits and _, got \"%s\"", name);
    if (i > 100)
        return km_json_fail(place, d, "a name has at most 100 characters");
    if (strcmp(name, "t") == 0 || strcmp(name, "amt") == 0 || km_builtin_find(name, &n) != KM_N_OPS)
        return km_json_fail(place, d, "\"%s\" is a reserved word of the language; choose another name", name);
    return KM_OK;
}

static km_status add_formals(km_name_entry *entry, const char *signature, const km_json *place, km_diag *d)
{
    const char *at = strchr(signature, '(');
    km_status st;

    if (at == NULL || signature[strlen(signature) - 1] != ')')
        return km_json_fail(place, d, "a function is named with its arguments, such as \"hill(x,n)\", got \"%s\"",
                            signature);
    at++;
    while (*at != ')' || entry->n_formals == 0) {
        size_t length = strcspn(at, ",)");
        const char *begin = at, *end = at + length;
        while (begin < end && isspace((unsigned char)*begin))
            begin++;
        while (end > begin && isspace((unsigned char)end[-1]))
            end--;
        KM_PUSH(entry->formal, entry->n_formals);
        entry->formal[entry->n_formals++] = km_format("%.*s", (int)(end - begin), begin);
        st = check_name(entry->formal[entry->n_formals - 1], place, d);
        if (st != KM_OK)
            return st;
        for (int k = 0; k + 1 < entry->n_formals; k++)
            if (strcmp(entry->formal[k], entry->formal[entry->n_formals - 1]) == 0)
                return km_json_fail(place, d, "the argument \"%s\" stands twice", entry->formal[k]);
        if (entry->n_formals > 8)
            return km_json_fail(place, d, "a function has at most 8 arguments");
        at += length;
        if (*at == ',')
            at++;
        else
            break;
    }
    if (strcmp(at, ")") != 0)
        return km_json_fail(place, d, "a function is named like \"hill(x,n)\", got \"%s\"", signature);
    return KM_OK;
}

km_status km_names_add(km_names *names, km_name_kind kind, int index, const char *name, const km_json *place,
                       km_diag *d)
{
    km_name_entry entry = {.kind = kind, .index = index, .place = place, .value = KM_EXPR_NONE};
    km_name_entry *other;
    km_status st = KM_OK;

    entry.name = km_format("%.*s", (int)(kind == KM_NAME_FUNCTION ? strcspn(name, "( ") : strlen(name)), name);
    KM_TRY(check_name(entry.name, place, d));
    other = km_names_find(names, entry.name);
    if (other != NULL) {
        char *where = km_json_where(other->place);
        st = km_json_fail(place, d, "\"%s\" is already the name of a %s (%s); names are unique", entry.name,
                          kind_text(other->kind), where);
        free(where);
        goto done;
    }
    if (kind == KM_NAME_FUNCTION)
        KM_TRY(add_formals(&entry, name, place, d));
    KM_PUSH(names->entry, names->n);
    names->entry[names->n++] = entry;
    return KM_OK;

done:
    free(entry.name);
    for (int k = 0; k < entry.n_formals; k++)
        free(entry.formal[k]);
    free(entry.formal);
    return st;
}

/* ---- the scope the parser asks ---- */

static km_status unknown_name(km_parser *p, const char *name, size_t offset, bool call)
{
    const frame *f = p->frame;
    const char **word = km_alloc((size_t)f->names->n + 64, sizeof *word);
    size_t n = 0;
    const char *near;
    km_status st;

    for (int i = 0; i < f->names->n; i++)
        if ((f->names->entry[i].kind == KM_NAME_FUNCTION) == call)
            word[n++] = f->names->entry[i].name;
    if (call)
        for (const char *const *b = km_builtin_names(); *b; b++)
            word[n++] = *b;
    for (int k = 0; f->function && !call && k < f->function->n_formals; k++)
        word[n++] = f->function->formal[k];
    near = km_text_nearest(name, word, n);
    if (near)
        st = km_parser_fail(p, offset, "unknown %s \"%s\"; did you mean \"%s\"?", call ? "function" : "name", name,
                            near);
    else
        st = km_parser_fail(p, offset, "unknown %s \"%s\"", call ? "function" : "name", name);
    free(word);
    return st;
}

static km_status resolve_name(km_parser *p, const char *name, size_t offset, km_expr *out)
{
    frame *f = p->frame;
    km_name_entry *entry;
    km_status st;
    int n;

    for (int k = 0; f->function && k < f->function->n_formals; k++)
        if (strcmp(f->function->formal[k], name) == 0) {
            *out = f->argument[k];
            return KM_OK;
        }
    if (strcmp(name, "t") == 0) {
        if (f->level != KM_LEVEL_ALL)
            return km_parser_fail(p, offset, "the time t cannot be used here, only parameters and derived values");
        *out = km_symbol(p->pool, KM_SYMBOL_TIME, 0);
        km_dimensions_set(f->names->dims, *out, f->names->time);
        return KM_OK;
    }
    if (strcmp(name, "amt") == 0) {
        if (f->level != KM_LEVEL_AMOUNT)
            return km_parser_fail(p, offset, "amt is known in dose.amount only");
        *out = km_symbol(p->pool, KM_SYMBOL_AMT, 0);
        return KM_OK;
    }
    entry = km_names_find(f->names, name);
    if (entry == NULL)
        return unknown_name(p, name, offset, false);
    entry->used = true;
    switch (entry->kind) {
    case KM_NAME_PARAMETER:
        *out = km_symbol(p->pool, KM_SYMBOL_PARAMETER, entry->index);
        if (entry->has_unit)
            km_dimensions_set(f->names->dims, *out, &entry->unit);
        return KM_OK;
    case KM_NAME_FUNCTION:
        return km_parser_fail(p, offset, "\"%s\" is a function; call it with %d argument%s", name, entry->n_formals,
                              entry->n_formals == 1 ? "" : "s");
    case KM_NAME_STATE:
        if (f->level != KM_LEVEL_ALL)
            return km_parser_fail(p, offset, "the state \"%s\" cannot be used here, only parameters and derived "
                                             "values", name);
        *out = km_symbol(p->pool, KM_SYMBOL_STATE, entry->index);
        if (entry->has_unit)
            km_dimensions_set(f->names->dims, *out, &entry->unit);
        return KM_OK;
    case KM_NAME_DEFINITION:
        if (f->level != KM_LEVEL_ALL)
            return km_parser_fail(p, offset, "the definition \"%s\" cannot be used here, only parameters and derived "
                                             "values", name);
        break;
    case KM_NAME_DERIVED:
        break;
    }
    if (entry->progress == KM_NAME_OPEN)
        return km_parser_fail(p, offset, "\"%s\" depends on itself", name);
    n = (int)(entry - f->names->entry);
    st = km_names_expand(f->names, entry, p->diag);
    *out = f->names->entry[n].value;
    return st;
}

static km_status resolve_call(km_parser *p, const char *name, size_t offset, const km_expr *argument, int n,
                              km_expr *out);

static void note_operation(km_parser *p, km_op op, size_t offset, km_expr a, km_expr b, km_expr c, km_expr out)
{
    const frame *f = p->frame;

    km_dimensions_operation(f->names->dims, p->pool, op, a, b, c, out, p->place, offset);
}

static const km_scope model_scope = {NULL, resolve_name, resolve_call, note_operation};

static km_status resolve_call(km_parser *p, const char *name, size_t offset, const km_expr *argument, int n,
                              km_expr *out)
{
    frame *f = p->frame;
    km_name_entry *entry = km_names_find(f->names, name);
    frame inner = {f->names, f->level, entry, argument};
    int expected = 0;
    km_op op = km_builtin_find(name, &expected);
    km_status st;

    if (op == KM_N_OPS && (entry == NULL || entry->kind != KM_NAME_FUNCTION)) {
        if (entry != NULL)
            return km_parser_fail(p, offset, "\"%s\" is a %s, not a function", name, kind_text(entry->kind));
        return unknown_name(p, name, offset, true);
    }
    if (op == KM_N_OPS)
        expected = entry->n_formals;
    if (n != expected)
        return km_parser_fail(p, offset, "%s takes %d argument%s, got %d", name, expected, expected == 1 ? "" : "s",
                              n);
    if (op != KM_N_OPS) {
        *out = km_parser_make(p, op, offset, argument[0], n > 1 ? argument[1] : -1, n > 2 ? argument[2] : -1);
        return KM_OK;
    }
    if (entry->progress == KM_NAME_OPEN)
        return km_parser_fail(p, offset, "the function \"%s\" calls itself", name);
    if (++f->names->steps > EXPANSION_LIMIT)
        return km_parser_fail(p, offset, "the functions expand to more than %d calls", (int)EXPANSION_LIMIT);
    entry->used = true;
    entry->progress = KM_NAME_OPEN;
    st = km_parse(p->pool, &model_scope, entry->place, entry->place->string, &inner, out, p->diag);
    entry->progress = KM_NAME_FRESH;
    return st;
}

km_status km_names_parse(km_names *names, const km_json *place, km_level level, km_expr *out, km_diag *d)
{
    frame outermost = {names, level, NULL, NULL};

    if (place->kind == KM_JSON_NUMBER) {
        *out = km_number(names->pool, place->number);
        return KM_OK;
    }
    if (place->kind != KM_JSON_STRING)
        return km_json_fail(place, d, "expected an expression, got %s", km_json_describe(place));
    return km_parse(names->pool, &model_scope, place, place->string, &outermost, out, d);
}

km_status km_names_expand(km_names *names, km_name_entry *entry, km_diag *d)
{
    km_level level = entry->kind == KM_NAME_DERIVED ? KM_LEVEL_PARAMETERS : KM_LEVEL_ALL;
    km_expr argument[8];
    frame body = {names, level, entry, argument};
    km_status st;
    int at = (int)(entry - names->entry);

    if (entry->progress == KM_NAME_DONE || entry->kind == KM_NAME_PARAMETER || entry->kind == KM_NAME_STATE)
        return KM_OK;
    if (entry->kind == KM_NAME_FUNCTION) { /* read once with stand-ins, so that a body is checked though unused */
        for (int k = 0; k < entry->n_formals; k++)
            argument[k] = km_symbol(names->pool, KM_SYMBOL_LOCAL, k);
        entry->progress = KM_NAME_OPEN;
        st = km_parse(names->pool, &model_scope, entry->place, entry->place->string, &body, &body.names->entry[at].value,
                      d);
        names->entry[at].progress = KM_NAME_FRESH;
        return st;
    }
    entry->progress = KM_NAME_OPEN;
    st = km_names_parse(names, entry->place, level, &names->entry[at].value, d);
    names->entry[at].progress = KM_NAME_DONE;
    if (st == KM_OK && names->entry[at].has_unit) {
        char *what = km_format("\"%s\"", names->entry[at].name);
        km_dimensions_require(names->dims, names->pool, names->entry[at].value, &names->entry[at].unit, names->entry[at].place, what);
        free(what);
    }
    return st;
}
