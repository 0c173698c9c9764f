/* Floating-point operations of a step, counted in the program's own text.
 *
 * A lexical count: every + - * / of reals and sqrt is 1, a multiply-add 2; calls count what their function counts, a
 * power therefore what its polynomials take; loops over states count by their length. Comparisons, selections,
 * integers (bits of exponents, indices) and min/max count nothing. Counted are the functions that each turn of the
 * loop in integrate.cl calls once: derivatives, outputs, error weights, the step and its norm; not the reducers of
 * endpoints, edges and bookkeeping. */
#ifndef KM_CODEGEN_FLOPS_H
#define KM_CODEGEN_FLOPS_H

#include "base/diag.h"
#include "codegen/codegen.h"

typedef struct km_flops {
    double always;   /* a lane and step, without the blocks behind a test of lanes: km_any(...) */
    double branches; /* with every such block taken */
} km_flops;

/* KM_E_BUG when the text lacks a function it should have. */
km_status km_flops_count(const km_source *source, km_flops *out, km_diag *d);
/* Of one function of any text that has the same form; for tests. */
km_status km_flops_function(const char *text, const char *name, km_flops *out, km_diag *d);

#endif
