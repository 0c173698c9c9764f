/* What the files of the engine share: its struct, the buffers of a batch, and the steps of running one. */
#ifndef KM_ENGINE_BATCH_H
#define KM_ENGINE_BATCH_H

#include "codegen/codegen.h"
#include "engine/device.h"
#include "engine/engine.h"
#include "engine/host_evaluator.h"
#include "engine/opencl.h"
#include "engine/program.h"

/* The buffers of a batch; capacity points, whose values of one kind stand side by side, those of the next kind `stride` further. */
typedef struct km_buffers {
    size_t capacity, stride;
    cl_mem constant, edge_time, edge_value, n_edges, status, ignored; /* filled by km_prepare_* */
    cl_mem value, state, margin, steps, rejected, last_time, counter;
} km_buffers;

struct km_engine {
    const km_study *study;
    km_device_info device;
    cl_device_id id, sub_device;
    cl_context context;
    cl_command_queue queue;
    km_source source;
    km_program program;
    cl_kernel prepare_box, prepare_rows, integrate;
    km_buffers b;
    cl_mem table;         /* axis values in internal units, slot after slot */
    unsigned *table_start, *slot_axis;
    void *staging;        /* one array of a batch, in the device's precision */
    char *kernel_dir;
    km_engine *twin;      /* the same study in double precision, made when a point first fails; or NULL */
    km_host *host;        /* the same on the host, for a device without double precision */
    bool in_double, no_retry;
    int part;             /* of the device, where it is divided */
    km_engine_facts facts;
};

/* Bytes of device memory a point takes. */
size_t km_batch_bytes(const km_source *source);
km_status km_buffers_create(cl_context context, const km_source *source, size_t capacity, km_buffers *out, km_diag *d);
void km_buffers_release(km_buffers *buffers);
void km_buffer_release(cl_mem *buffer);

/* Numbers as the program's `wide`: doubles, or floats without double precision. */
km_status km_buffer_wide(cl_context context, const km_source *source, const double *value, size_t n, cl_mem *out, km_diag *d);

/* The points first ... first+n-1 of a box into a batch from its point `at` on, or n rows (by `kernel`, for the program of
 * `source`) into a batch. */
km_status km_batch_prepare_box(km_engine *engine, const km_box *box, uint64_t first, size_t at, size_t n, km_diag *d);
km_status km_batch_prepare_rows(const km_engine *engine, const km_source *source, cl_kernel kernel, const km_buffers *buffers,
                                const double *row, size_t n, km_diag *d);
/* Integrates the n points prepared. */
km_status km_batch_run(km_engine *engine, size_t n, km_diag *d);
/* The batch's points from ... from+n-1 become points at ... at+n-1 of the results. */
km_status km_batch_read(km_engine *engine, size_t from, km_results *results, size_t at, size_t n, km_diag *d);

/* The six buffers a prepare kernel fills, from argument `at` on. */
km_status km_batch_set_prepared(cl_kernel kernel, cl_uint at, const km_buffers *buffers, km_diag *d);

/* retry.c: of the points at ... at+n-1 of the results, those that failed in single precision are run again in double;
 * row(context, i, out) fills the slots of point at+i. */
typedef void (*km_row)(const void *context, size_t i, double *out);
km_status km_batch_retry(km_engine *engine, km_results *results, size_t at, size_t n, km_row row, const void *context,
                         km_diag *d);

static inline size_t km_real_size(const km_source *s) { return s->single ? sizeof(cl_float) : sizeof(cl_double); }
static inline size_t km_wide_size(const km_source *s) { return s->wide_double ? sizeof(cl_double) : sizeof(cl_float); }
static inline size_t km_some(int n) { return n > 0 ? (size_t)n : 1; }

#endif
