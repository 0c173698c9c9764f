/* The kernels compiled for the host: one program for each integrator. Points stand in buffers as on a device
 * (codegen/codegen.h), their capacity is the batch's n. */
#ifndef KM_ENGINE_HOST_PROGRAM_H
#define KM_ENGINE_HOST_PROGRAM_H

#include "engine/host_model.h"

/* One thread's memory: registers of the tapes, and room for what a tape gives. */
typedef struct km_host_lane {
    const km_host_model *model;
    double *registers, *work;
} km_host_lane;

typedef struct km_host_batch {
    unsigned n;
    int counter; /* the next point; 0 at the start, drawn from by all threads */
    double *constant, *edge_time, *edge_value;
    int *n_edges;
    signed char *status;
    int *ignored;
    double *value, *margin;
    signed char *state;
    int *steps, *rejected;
    double *last_time;
} km_host_batch;

typedef struct km_host_program {
    const char *file; /* of the integrator, as in model/method.h */
    void (*prepare)(const km_host_lane *lane, const double *row, km_host_batch *batch); /* row: [n][n_slots] */
    void (*integrate)(const km_host_lane *lane, km_host_batch *batch); /* points until there are none left */
} km_host_program;

extern const km_host_program km_host_rodas4, km_host_rodas4k, km_host_tsit5;

#endif
