/* The expression language: text to nodes.
 *
 * Precedence, loosest first: ||, &&, comparisons (not chained), + -, * /, unary - and !, ^ (right to left,
 * binds tighter than unary minus: -2^2 = -4). Names are resolved by the caller. */
#ifndef KM_MODEL_PARSER_H
#define KM_MODEL_PARSER_H

#include "base/diag.h"
#include "base/json.h"
#include "model/expression.h"

typedef struct km_parser km_parser;

/* What a name or a call means. `offset` is the byte in the text where it stands, for messages through
 * km_parser_fail. For a call, `argument` holds n nodes. */
typedef struct km_scope {
    void *context;
    km_status (*name)(km_parser *parser, const char *name, size_t offset, km_expr *out);
    km_status (*call)(km_parser *parser, const char *name, size_t offset, const km_expr *argument, int n,
                      km_expr *out);
    /* told of every operation read, its sign at `offset`; NULL if nobody listens */
    void (*operation)(km_parser *parser, km_op op, size_t offset, km_expr a, km_expr b, km_expr c, km_expr out);
} km_scope;

struct km_parser {
    km_pool *pool;
    const km_scope *scope;
    const km_json *place;   /* the JSON string the text stands in */
    km_diag *diag;
    const char *text;
    size_t at;
    int depth;
    void *frame;            /* for the scope: innermost function call, if any */
};

/* Parses the whole of `text` (which stands in `place`). */
km_status km_parse(km_pool *pool, const km_scope *scope, const km_json *place, const char *text, void *frame,
                   km_expr *out, km_diag *d);
/* One operation: makes the node and tells the scope. */
km_expr km_parser_make(km_parser *parser, km_op op, size_t offset, km_expr a, km_expr b, km_expr c);
/* A message with the place of byte `offset`; returns KM_E_INPUT. */
km_status km_parser_fail(km_parser *parser, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The operation of a builtin by name and its number of arguments; KM_N_OPS if there is none. */
km_op km_builtin_find(const char *name, int *n_arguments);
/* All builtin names, NULL-terminated. */
const char *const *km_builtin_names(void);

#endif
