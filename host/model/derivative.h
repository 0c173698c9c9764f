/* Exact derivatives of expressions. */
#ifndef KM_MODEL_DERIVATIVE_H
#define KM_MODEL_DERIVATIVE_H

#include "model/expression.h"

/* The derivative of a symbol along the direction asked for: a node, most often the number 0 or 1. */
typedef km_expr (*km_seed)(void *context, km_pool *pool, int kind, int index);

/* Directional derivative of `e`: the chain rule with `seed` at the symbols. The derivative of `if` selects as
 * the value does; d|x|/dx is 0 at 0; min and max take their first argument's derivative on ties. */
km_expr km_directional(km_pool *pool, km_expr e, km_seed seed, void *context);

/* d e / d symbol. */
km_expr km_partial(km_pool *pool, km_expr e, int kind, int index);

#endif
