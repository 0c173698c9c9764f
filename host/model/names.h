/* The one name space of a model: every name, its meaning, its expression once asked for.
 *
 * Definitions and derived values are expanded when first used, in any order; a cycle is an error. */
#ifndef KM_MODEL_NAMES_H
#define KM_MODEL_NAMES_H

#include "base/diag.h"
#include "base/json.h"
#include "model/dimension.h"
#include "model/expression.h"

#include <stdbool.h>

typedef enum km_name_kind {
    KM_NAME_PARAMETER,
    KM_NAME_DERIVED,
    KM_NAME_DEFINITION,
    KM_NAME_STATE,
    KM_NAME_FUNCTION
} km_name_kind;

typedef struct km_name_entry {
    km_name_kind kind;
    int index;             /* into the model's list of that kind */
    char *name;
    const km_json *place;  /* the string (or number) that holds the expression; for messages */
    bool has_unit;         /* a unit is declared for it: */
    km_unit unit;
    km_expr value;         /* derived and definitions, once expanded */
    enum { KM_NAME_FRESH, KM_NAME_OPEN, KM_NAME_DONE } progress;
    bool used;
    char **formal;         /* arguments of a function */
    int n_formals;
} km_name_entry;

typedef struct km_names {
    km_pool *pool;
    km_name_entry *entry;
    int n;
    long steps;            /* expansions so far, bounded */
    const km_unit *time;   /* unit of t */
    km_dimensions *dims;
} km_names;

/* What an expression may use. */
typedef enum km_level {
    KM_LEVEL_PARAMETERS, /* parameters and derived */
    KM_LEVEL_AMOUNT,     /* those and `amt` */
    KM_LEVEL_ALL         /* those (without amt), definitions, states and t */
} km_level;

void km_names_clear(km_names *names);
/* Adds a name; `place` is where it stands. Refuses reserved, malformed and repeated names. */
km_status km_names_add(km_names *names, km_name_kind kind, int index, const char *name, const km_json *place,
                       km_diag *d);
km_name_entry *km_names_find(const km_names *names, const char *name);
/* The expression in `place` (a string or a number). */
km_status km_names_parse(km_names *names, const km_json *place, km_level level, km_expr *out, km_diag *d);
/* Expands a derived value or a definition; checks a function's body. */
km_status km_names_expand(km_names *names, km_name_entry *entry, km_diag *d);

#endif
