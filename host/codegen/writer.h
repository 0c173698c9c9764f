/* What the parts of the code generator share: the problem, the text so far, and the table of per-point constants.
 *
 * In lane code an expression that depends on parameters only is a leaf, c[k]: it is computed once per point by
 * km_point and handed to the lanes. */
#ifndef KM_CODEGEN_WRITER_H
#define KM_CODEGEN_WRITER_H

#include "base/text.h"
#include "codegen/emit.h"
#include "codegen/literal_power.h"
#include "codegen/problem.h"
#include "codegen/watch.h"

typedef struct km_writer {
    km_problem *problem;
    km_text text;
    km_expr *constant;      /* c[k] */
    int n_constants;
    signed char *is_constant; /* per node: 1, 0, or -1 not known */
    size_t n_known;
    const int *dense;       /* in km_output: dense index of a state, else NULL */
    int n_dense, *dense_state;
    int *dosed_index;       /* of a state: index among the dosed ones, or -1 */
    int n_dosed;
    int *jacobian_index;    /* of a Jacobian entry: index into J, or -1 when it is constant */
    int n_dynamic;
    int n_lu;
    int n_margins;
    km_literal_powers powers;
} km_writer;

/* `single`: the kernel's precision. */
void km_writer_init(km_writer *w, km_problem *problem, bool single);
void km_writer_clear(km_writer *w);

/* Straight-line lane code for roots into targets; the leaves are y, f, t, c, or x where w->dense is set. */
void km_write_lanes(km_writer *w, const km_expr *root, const char *const *target, int n);
/* The same in scalar code of a point: leaves are slots, dose_scale and amt. */
void km_write_scalar(km_writer *w, const km_expr *root, const char *const *target, int n, const char *indent);
/* Text of a constant expression in lane code ("c[4]" or a literal); caller frees. */
char *km_constant_text(km_writer *w, km_expr e);

/* linear_algebra.c: km_factor, km_solve, km_second. */
void km_write_linear_algebra(km_writer *w);
/* J_ij in lane code ("J[3]" or a constant), or NULL where it is 0; caller frees. */
char *km_jacobian_text(km_writer *w, int i, int j);
/* schedule_code.c: km_plan_breaks, km_plan_doses. */
void km_write_schedule(km_writer *w);
/* endpoint_code.c: km_reducers and its functions. output_index: model output -> index among the wanted. */
void km_write_endpoints(km_writer *w, const km_watch_plan *plan, const int *output_index);

#endif
