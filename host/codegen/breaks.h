/* Conditions on time, and the breaks that matter.
 *
 * A model may switch something on and off at times that are parameters (a window), and lists those times in
 * "breaks". A study that does not use the window pays nothing: conditions that hold from 0 to the horizon, or never,
 * become 1 or 0, and breaks are kept only where something that is computed still bends at fixed times. */
#ifndef KM_CODEGEN_BREAKS_H
#define KM_CODEGEN_BREAKS_H

#include "model/expression.h"

/* Rewrites n expressions in place: comparisons of t with a number outside (0, horizon) become 1 or 0. At the ends
 * they are what they are inside: at 0 as just after it, at the horizon as just before it. */
void km_breaks_settle(km_pool *pool, km_expr *list, int n, double horizon);

/* True if `e` may jump or bend at times that parameters fix: a comparison, floor, ceil, abs, min or max of an
 * expression over t and parameters alone. */
bool km_breaks_matter(const km_pool *pool, km_expr e);

/* True if a step has to end at this break: false for a number outside (0, horizon). */
bool km_breaks_inside(const km_pool *pool, km_expr time, double horizon);

#endif
