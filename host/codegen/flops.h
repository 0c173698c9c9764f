/* Floating-point operations of generated code, counted in its text: what one lane does.
 *
 * An addition, a multiplication, a division or a root is one, a fused multiply-add two, an elementary function what its
 * polynomials in kernels/lane_math.h take. Comparisons, selections and integer work are none. Blocks that run only where
 * some lane needs them (if (km_any(...))) are left out: the count is one from below. */
#ifndef KM_CODEGEN_FLOPS_H
#define KM_CODEGEN_FLOPS_H

#include <stdbool.h>

/* Of the function `name` in a program's text; 0 if it is not there. */
double km_flops_of_function(const char *text, const char *name, bool single);

#endif
