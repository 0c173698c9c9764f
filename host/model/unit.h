/* Units: atoms with integer powers joined by * or /, left to right.
 *
 * Prefixes n u m k on g, mol, L, M; h, min, s, d, wk; m (metre) is not a unit here; mmHg; `%` = 0.01;
 * `-`, `rel.`, `points` and "1" are dimensionless 1. M is mol/L. kg is a k-prefixed gram. */
#ifndef KM_MODEL_UNIT_H
#define KM_MODEL_UNIT_H

#include "base/diag.h"

#include <stdbool.h>

enum { KM_DIM_MASS, KM_DIM_AMOUNT, KM_DIM_VOLUME, KM_DIM_TIME, KM_DIM_PRESSURE, KM_N_DIMS };

typedef struct km_unit {
    double scale;        /* in g, mol, L, h, mmHg */
    int dim[KM_N_DIMS];  /* powers */
} km_unit;

/* Message without place: "unknown unit \"mgg\"; did you mean \"mg\"?" Callers add where. KM_E_INPUT. */
km_status km_unit_parse(const char *text, km_unit *out, km_diag *d);
bool km_unit_same_dimension(const km_unit *a, const km_unit *b);
km_unit km_unit_multiply(km_unit a, km_unit b);
km_unit km_unit_divide(km_unit a, km_unit b);
/* "mass^1 time^-1", or "dimensionless"; caller frees. */
char *km_unit_dimension_text(const km_unit *u);

/* "0.5 mg/kg" -> 0.5 and the text "mg/kg" (pointing into `text`; "" when there is no unit). Refuses anything
 * that does not begin with a finite number. */
km_status km_quantity_parse(const char *text, double *number, const char **unit, km_diag *d);

#endif
