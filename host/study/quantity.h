/* Quantities: a number, or "number unit", wanted in some unit.
 *
 * A bare number is in the target's unit. A unit written must have the target's dimension; for `amt`
 * and `rate` it may also be per kg of body weight. */
#ifndef KM_STUDY_QUANTITY_H
#define KM_STUDY_QUANTITY_H

#include "base/diag.h"
#include "base/json.h"
#include "study/study.h"

#include <stdbool.h>
#include <stddef.h>

/* Where a quantity stands, for messages: a JSON value, or a command-line text. All borrowed. */
typedef struct km_place {
    const km_json *node; /* or NULL */
    size_t offset;       /* of the quantity within the node's string */
    const char *label;   /* without a node: "--set CL=86" */
    const char *text;    /* the quantity's text; NULL: the node's own number or string */
} km_place;

km_status km_place_fail(const km_place *place, km_diag *d, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts the place in front of the message of a unit or number that knew none. */
void km_place_context(const km_place *place, km_diag *d);
/* Where the place is, for a warning; caller frees. */
char *km_place_where(const km_place *place);

/* What a quantity is wanted in. Strings are borrowed from the model. */
typedef struct km_target {
    const char *unit; /* of a bare number */
    const char *per;  /* time unit under it ("mg" per "h"), or NULL */
    km_unit measure;
    bool is_time, is_dose; /* for the wording; a dose (amount or rate) may be per kg */
    bool has_weight;       /* the model knows a body weight */
} km_target;

km_target km_target_time(const km_model *model);
km_target km_target_parameter(const km_model *model, int parameter);
km_target km_target_output(const km_model *model, int output);
km_target km_target_field(const km_model *model, km_field field);
km_target km_target_slot(const km_model *model, const km_slot *slot);
/* "mg/h"; caller frees. */
char *km_target_unit(const km_target *target);

typedef struct km_quantity {
    double number; /* as written */
    double factor; /* number * factor is in the target's unit (per kg if per_kg) */
    bool per_kg;
    char *unit; /* as written, or the target's; owned, freed by km_quantity_clear */
} km_quantity;

km_status km_quantity_read(const km_place *place, const km_target *target, km_quantity *out,
                           km_diag *d);
void km_quantity_clear(km_quantity *q);
/* The same where only the value counts and per kg makes no sense. */
km_status km_quantity_value(const km_json *node, const km_target *target, double *out, km_diag *d);
/* The child `key` of an object, if present: a time of at least 0, in the model's unit. */
km_status km_quantity_get_time(const km_json *object, const char *key, const km_model *model,
                               double *out, km_diag *d);

/* A JSON number that is whole and within low ... high; `what` names it: "the number of points". */
km_status km_quantity_whole(const km_json *node, const char *what, long low, long high, long *out,
                            km_diag *d);

#endif
