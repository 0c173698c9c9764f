/* What a model's expressions are computed from, through states and doses. */
#ifndef KM_MODEL_INFLUENCE_H
#define KM_MODEL_INFLUENCE_H

#include "model/model.h"

#include <stdbool.h>

/* Marks the parameters and states that stand in `e` itself. Arrays may be NULL. */
void km_influence_direct(const km_model *model, km_expr e, bool *parameter, bool *state);

/* Marks everything the marked states follow from: other states by their rates, parameters by rates, initial values, doses,
 * jumps and conditions. Per route: `dosed`, doses come by it, `weighed`, some of them per body weight; NULL: all are. */
void km_influence_of_states(const km_model *model, const bool *dosed, const bool *weighed, bool *parameter, bool *state);

#endif
