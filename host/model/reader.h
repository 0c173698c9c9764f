/* What the parts of the reader of models share: read_parameter.c, read_dose.c,
 * read_correlation.c, and model_read.c, which calls them. */
#ifndef KM_MODEL_READER_H
#define KM_MODEL_READER_H

#include "model/dimension.h"
#include "model/model.h"
#include "model/names.h"

typedef struct km_reader {
    km_model *m;
    km_names names;
    km_dimensions dims;
    km_diag *d;
} km_reader;

/* One parameter under its name; routes and the dose, once states are known. */
km_status km_read_parameter(km_reader *r, const km_json *node);
km_status km_read_dose(km_reader *r);
/* "correlation", once parameters are known. */
km_status km_read_correlation(km_reader *r);

/* A member of the model's file, NULL where it is not there. */
km_status km_reader_section(km_reader *r, const char *key, km_json_kind kind, const km_json **out);
/* The name added last has the unit `measure`, if the model says one. */
void km_reader_declare(km_reader *r, const km_json *node, const km_unit *measure);
/* What e is (`what`, with `name` if not NULL) must be in this unit, or a warning says otherwise. */
void km_reader_require_unit(km_reader *r, km_expr e, const km_unit *unit, const km_json *place, const char *what, const char *name);
/* A copy of a member that is a string, else NULL. */
char *km_reader_string(const km_json *object, const char *key);
/* Optional members, which must be strings where present; `keys` ends with NULL. */
km_status km_reader_check_strings(const km_json *object, const char *const *keys, km_diag *d);
/* The unit of an object under "unit" ("-" if absent): its text (the caller's) and measure. */
km_status km_reader_unit(const km_json *object, char **text, km_unit *measure, km_diag *d);
/* A number in `unit`, or a text "number unit" converted to it. */
km_status km_reader_quantity(const km_json *node, const char *unit, const km_unit *measure, double *out, km_diag *d);

#endif
