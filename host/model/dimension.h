/* The unit an expression has by itself, where products and quotients of units determine it. */
#ifndef KM_MODEL_DIMENSION_H
#define KM_MODEL_DIMENSION_H

#include "model/expression.h"
#include "model/model.h"

/* True, and *out the unit of `e` with the scale of its numbers, if it follows from *, /, whole powers, sums
 * of like units and literals (dimensionless). `amt` counts as the unit given. */
bool km_dimension_of(const km_model *model, km_expr e, const km_unit *amt, km_unit *out);

#endif
