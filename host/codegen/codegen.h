/* A study becomes one OpenCL program.
 *
 * The text is: definitions (sizes, solver settings, the model's straight-line functions), then the kernels
 * under kernels/. What a study does not vary is a literal; states that no requested output can reach, and
 * states that stay exactly 0, are gone. */
#ifndef KM_CODEGEN_CODEGEN_H
#define KM_CODEGEN_CODEGEN_H

#include "base/diag.h"
#include "study/study.h"

#include <stdbool.h>

typedef enum km_code_kind {
    KM_CODE_ENDPOINTS,  /* km_prepare_box, km_prepare_rows, km_integrate */
    KM_CODE_TRAJECTORY  /* km_prepare_rows, km_trajectory: every output of the model at given times */
} km_code_kind;

/* Sizes of the device buffers per point (in elements). `real` is the kernel's precision, `wide` is double where
 * the device has it, else float. Buffers are [element][capacity]: element e of point i at e*capacity + i. */
typedef struct km_layout {
    int n_states;       /* integrated */
    int n_constants;    /* real: per-point constants, prepared once per point */
    int n_edges;        /* wide edge_time[n_edges]; the last edge is the horizon */
    int n_edge_values;  /* real edge_value[n_edges * n_edge_values] */
    int n_slots;
    int n_endpoints, n_margins, n_outputs;
    int lu_nonzeros, jacobian_nonzeros;
} km_layout;

typedef struct km_source {
    char *text;         /* owned */
    km_code_kind kind;
    bool single;        /* real is float */
    bool wide_double;   /* wide is double */
    int lanes;
    km_layout layout;
    char hash[65];      /* SHA-256 of text, hexadecimal */
    double step_flops;  /* of one lane in one step, counted (codegen/flops.h) */
} km_source;

/* kernel_dir: NULL for the embedded kernels. */
km_status km_codegen_opencl(const km_study *study, km_code_kind kind, bool single, bool wide_double, int lanes,
                            const char *kernel_dir, km_source *out, km_diag *d);
void km_source_clear(km_source *source);

/* Plain C of the model (no study needed): rates, Jacobian, outputs, initial values in double precision.
 * Caller frees *out. */
km_status km_codegen_c(const km_model *model, char **out, km_diag *d);

/* The kernels' entry points and their arguments, in order (capacity is the buffers' point capacity):
 *
 * km_prepare_box(global const wide *table,    // concatenated, table_start[slot] + coordinate index
 *                global const uint *meta,     // n_axes, then per axis: origin, extent; then per slot: axis, table_start
 *                ulong first,                 // row-major rank within the box of the first point
 *                uint n, uint at, uint capacity,   // fills points at ... at+n-1
 *                global real *constant, global wide *edge_time, global real *edge_value,
 *                global int *n_edges, global char *status, global int *ignored)
 *      one work-item per point, global size n rounded up to the local size 1 or more.
 * km_prepare_rows(global const wide *row, uint n, uint at, uint capacity, ... same six buffers)
 *      row is [n][n_slots].
 * km_sample_base(...), km_prepare_sample(...): of a sensitivity analysis, kernels/sample.cl
 * km_integrate(uint n, uint capacity, global int *counter (zero at launch),
 *              global const real *constant, global const wide *edge_time, global const real *edge_value,
 *              global const int *n_edges, global char *status,
 *              global real *value [n_endpoints], global char *state [n_endpoints],
 *              global real *margin [n_margins or 1], global int *steps, global int *rejected, global real *last_time)
 *      local size 1 on a CPU; the lanes of all work-items draw points from the counter.
 * km_trajectory(uint n, uint capacity, constant, edge_time, edge_value, n_edges, status,
 *               global const wide *time, uint n_times, global real *value [n][n_times][n_outputs], global int *steps)
 * km_probe(global int *out)  // out[0] = KM_ABI_VERSION, out[1] = sizeof(real), out[2] = sizeof(wide), out[3] = lanes */

#endif
