/* A study as the host evaluator sees it: the mathematics of codegen/problem.h on tapes, the pattern of its linear
 * algebra, its watchers. One of them serves all threads; it does not change once made. */
#ifndef KM_ENGINE_HOST_MODEL_H
#define KM_ENGINE_HOST_MODEL_H

#include "codegen/problem.h"
#include "codegen/watch.h"
#include "engine/tape.h"

/* The largest study the evaluator holds: a lane's arrays have fixed sizes (host_kernels.h). */
enum {
    KM_HOST_STATES = 128, KM_HOST_OUTPUTS = 256, KM_HOST_CONSTANTS = 8192, KM_HOST_ENDPOINTS = 1000, KM_HOST_WATCHERS = 2048,
    KM_HOST_EDGES = 1 << 18
};

/* What a record's doses give to one state: roots share, lag, duration. */
typedef struct km_host_entry {
    int state, dosed;
    km_tape tape;
} km_host_entry;

typedef struct km_host_record {
    km_tape amount, kilograms; /* a root each; kilograms none where nothing is per kg */
    km_host_entry *entry;
    int n_entries;             /* those whose state is integrated */
    int slot[KM_N_FIELDS];     /* that varies the field, or -1 */
} km_host_record;

typedef struct km_host_model {
    const km_study *study;
    km_problem problem;
    km_watch_plan plan;
    int *output_index;          /* the model's output -> among the wanted */
    int n_states, n_constants, n_edges, n_dosed, n_dense, n_margins;
    int *dosed_state, *dosed_index, *dense_state, *margin_endpoint;
    km_expr *constant;          /* what depends on parameters alone, computed once a point */
    km_tape point;              /* the constants, then the model's conditions */
    km_tape jumps;              /* times of breaks */
    km_tape rates, derivatives; /* the latter: rates, Jacobian, df/dt */
    km_tape observe, *output;   /* values and slopes of all outputs; value of one, over the states outputs need */
    km_tape initial, scale;
    km_host_record *record;
    /* LU: the columns of row i, ascending, fill included, are column[row_start[i]] ... column[row_start[i + 1] - 1] */
    int *row_start, *column;
    double early_step, stride; /* a step is at most 0.02 t + early_step, or stride times that where nothing is read off */
} km_host_model;

/* KM_E_INPUT, with what is too large, where the study does not fit. */
km_status km_host_model_init(km_host_model *model, const km_study *study, km_diag *d);
void km_host_model_clear(km_host_model *model);

#endif
