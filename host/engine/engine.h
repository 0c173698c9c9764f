/* The engine: integrate these points, give me their endpoints and statuses.
 *
 * Every command is a different way to choose points and to digest endpoints. Points come from the study's
 * design, piece by piece, or from rows of slot values. A point's bits depend on the compiled program and the
 * driver only, not on the batch, the order or the number of compute units. */
#ifndef KM_ENGINE_ENGINE_H
#define KM_ENGINE_ENGINE_H

#include "base/diag.h"
#include "engine/tuning.h"
#include "study/study.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct km_engine km_engine;

typedef struct km_engine_options {
    const char *device;     /* selector: NULL (best), "0", "0.1" platform.device, or part of a name */
    int lanes;              /* 0: from the device */
    int compute_units;      /* 0: all; else a sub-device of so many */
    int part;               /* which of such sub-devices, from 0; they share no compute unit */
    const char *kernel_dir; /* NULL: the embedded kernels */
    size_t batch;           /* points per launch; 0: chosen */
    bool in_double;         /* double precision, whatever the study says */
    bool no_retry;          /* points that fail in single precision stay as they are */
    bool no_double;         /* as on a device without double precision */
    const km_tuning *tuning; /* NULL: the device's (km_tuning_of); lanes and batch above come before it */
} km_engine_options;

/* Host arrays of one batch, filled by km_engine_run; any pointer may be NULL to skip it.
 * value, state and margin are [n_endpoints][n]. */
typedef struct km_results {
    uint64_t n;
    double *value;
    signed char *state;
    double *margin;       /* rows of endpoints without `margin` are left alone */
    signed char *status;  /* [n], KM_POINT_* */
    int *steps;           /* [n] accepted + rejected */
    int *rejected;        /* [n] */
    double *last_time;    /* [n] */
} km_results;

/* A box of the study's points: `origin` and `extent` per dimension of km_design_shape; points in row-major order (last
 * axis fastest). */
typedef struct km_box {
    const size_t *origin, *extent;
} km_box;

typedef struct km_engine_facts {
    char device[256], driver[256], platform[256];
    bool single;          /* the precision in force */
    bool fp64;            /* the device has double precision; if not, a second try is made on the host */
    int lanes;
    char program_hash[65];
    double build_seconds;
    size_t batch;
    int compute_units;
    km_tuning tuning;     /* in use */
    double step_flops;    /* of one point in one step, counted in the program's text */
    uint64_t doses_ignored; /* doses at or after the horizon, summed over the points run so far */
    uint64_t retried;       /* points that failed in single precision and were run again in double */
} km_engine_facts;

/* Builds the study's program for a device. */
km_status km_engine_create(const km_study *study, const km_engine_options *options, km_engine **out,
                           km_diag *d);
/* The same without the endpoints' program: for km_engine_trajectory alone. */
km_status km_engine_create_idle(const km_study *study, const km_engine_options *options, km_engine **out, km_diag *d);
void km_engine_destroy(km_engine *engine);
const km_engine_facts *km_engine_facts_of(const km_engine *engine);
/* For the end of a program that a driver's compiler has ended: KM_E_IO, with a sentence, where it had no room for its files. */
km_status km_engine_ended(km_diag *d);

/* A point that fails in single precision (step budget, step too small, non-finite) is run once more in double, on the
 * device or, where that has no double precision, on the host (host_evaluator.h); if that ends well its status is
 * KM_POINT_RETRIED, else it stays as it was. A study too large for the evaluator on the host gets no second try there. */

/* Integrates the points first ... first+results->n-1 of a box. Blocks until done. At most `batch` points are in flight; n may be larger. */
km_status km_engine_run_box(km_engine *engine, const km_box *box, uint64_t first, km_results *results,
                            km_diag *d);
/* Several whole boxes in the same batches, as if one after another; results[i] are those of box[i], and results[i].n its
 * points. Boxes much smaller than a batch cost no more a point than large ones. */
km_status km_engine_run_boxes(km_engine *engine, const km_box *box, km_results *results, size_t n_boxes, km_diag *d);
/* Integrates rows: `row` is [n][study->n_slots] in internal units. */
km_status km_engine_run_rows(km_engine *engine, const double *row, km_results *results, km_diag *d);

/* A launch without points: what every batch costs before its first point. */
km_status km_engine_run_nothing(km_engine *engine, km_diag *d);

/* Outputs of one row at n_times times (ascending, within the horizon): value is [n_times][model->n_outputs]
 * in double precision. */
km_status km_engine_trajectory(km_engine *engine, const double *row, const double *time, size_t n_times,
                               double *value, signed char *status, km_diag *d);

#endif
