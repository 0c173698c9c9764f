/* Running batches: prepare, integrate, read back. */
#include "engine/engine.h"

#include "abi.h"
#include "base/memory.h"
#include "codegen/codegen.h"
#include "engine/device.h"
#include "engine/opencl.h"
#include "engine/program.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BUFFER_LIMIT = 256 << 20, CPU_BATCH = 32768, GPU_BATCH = 1 << 18, CPU_GROUPS = 128, GPU_LOCAL = 64 };

/* The buffers of a batch; capacity points. */
typedef struct buffers {
    size_t capacity;
    cl_mem constant, edge_time, edge_value, n_edges, status, ignored; /* filled by km_prepare_* */
    cl_mem value, state, margin, steps, rejected, last_time, counter;
} buffers;

struct km_engine {
    const km_study *study;
    km_device_info device;
    cl_device_id id, sub_device;
    cl_context context;
    cl_command_queue queue;
    km_source source;
    cl_program program;
    cl_kernel prepare_box, prepare_rows, integrate;
    buffers b;
    cl_mem table;         /* axis values in internal units, slot after slot */
    unsigned *table_start, *slot_axis;
    void *staging;        /* one array of a batch, in the device's precision */
    char *kernel_dir;
    km_engine *twin;      /* the same study in double precision, made when a point first fails; or NULL */
    bool in_double;
    km_engine_facts facts;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t real_size(const km_source *s) { return s->single ? sizeof(cl_float) : sizeof(cl_double); }
static size_t wide_size(const km_source *s) { return s->wide_double ? sizeof(cl_double) : sizeof(cl_float); }
static size_t some(int n) { return n > 0 ? (size_t)n : 1; }

static void release(cl_mem *m)
{
    if (*m)
        clReleaseMemObject(*m);
    *m = NULL;
}

/* ---- setting up ---- */

static km_status choose_precision(km_engine *e, km_diag *d)
{
    const km_solver *solver = &e->study->solver;
    bool single = !e->in_double &&
                  (solver->precision == KM_PRECISION_SINGLE ||
                   (solver->precision == KM_PRECISION_AUTO && (solver->rtol >= 1e-5 || !e->device.fp64)));

    if (!single && !e->device.fp64)
        return km_diag_fail(d, KM_E_DEVICE, "%s has no double precision; choose \"precision\": \"single\" or another device",
                            e->device.name);
    e->facts.single = single;
    return KM_OK;
}

static km_status choose_lanes(km_engine *e, int lanes, km_diag *d)
{
    bool gpu = strcmp(e->device.type, "GPU") == 0;

    if (lanes == 0)
        lanes = gpu ? 1 : (int)(e->facts.single ? e->device.width_single : e->device.width_double);
    lanes = lanes == 0 ? 1 : lanes; /* a device may not say */
    if (lanes != 1 && lanes != 2 && lanes != 4 && lanes != 8 && lanes != 16)
        return km_diag_fail(d, KM_E_INPUT, "the number of lanes is 1, 2, 4, 8 or 16, got %d", lanes);
    e->facts.lanes = lanes;
    return KM_OK;
}

static km_status open_device(km_engine *e, int compute_units, km_diag *d)
{
    cl_int error = CL_SUCCESS;
    km_status st = KM_OK;

    e->id = e->device.id;
    if (compute_units > 0 && (unsigned)compute_units < e->device.compute_units) {
        const cl_device_partition_property parts[] = {CL_DEVICE_PARTITION_BY_COUNTS, compute_units,
                                                      CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, 0};
        KM_CL(clCreateSubDevices(e->id, parts, 1, &e->sub_device, NULL), d);
        e->id = e->sub_device;
    }
    e->facts.compute_units = compute_units > 0 && (unsigned)compute_units < e->device.compute_units
                                 ? compute_units : (int)e->device.compute_units;
    e->context = clCreateContext(NULL, 1, &e->id, NULL, NULL, &error);
    KM_TRY(km_opencl_check(error, "clCreateContext", d));
    e->queue = clCreateCommandQueue(e->context, e->id, 0, &error);
    KM_TRY(km_opencl_check(error, "clCreateCommandQueue", d));
done:
    return st;
}

static size_t bytes_per_point(const km_source *s)
{
    const km_layout *y = &s->layout;
    size_t real = real_size(s), wide = wide_size(s);

    return real * (some(y->n_constants) + some(y->n_edges * y->n_edge_values) + some(y->n_endpoints) + some(y->n_margins) + 1) +
           wide * some(y->n_edges) + some(y->n_endpoints) + 1 + 4 * sizeof(cl_int);
}

/* `capacity` points for the program of `s`. */
static km_status create_buffers(cl_context context, const km_source *s, size_t capacity, buffers *b, km_diag *d)
{
    const km_layout *y = &s->layout;
    size_t real = real_size(s) * capacity, wide = wide_size(s) * capacity, integer = sizeof(cl_int) * capacity;
    const cl_mem_flags both = CL_MEM_READ_WRITE;
    km_status st = KM_OK;

    b->capacity = capacity;
    KM_TRY(km_opencl_buffer(context, both, real * some(y->n_constants), NULL, &b->constant, d));
    KM_TRY(km_opencl_buffer(context, both, wide * some(y->n_edges), NULL, &b->edge_time, d));
    KM_TRY(km_opencl_buffer(context, both, real * some(y->n_edges * y->n_edge_values), NULL, &b->edge_value, d));
    KM_TRY(km_opencl_buffer(context, both, integer, NULL, &b->n_edges, d));
    KM_TRY(km_opencl_buffer(context, both, capacity, NULL, &b->status, d));
    KM_TRY(km_opencl_buffer(context, both, integer, NULL, &b->ignored, d));
    KM_TRY(km_opencl_buffer(context, both, real * some(y->n_endpoints), NULL, &b->value, d));
    KM_TRY(km_opencl_buffer(context, both, capacity * some(y->n_endpoints), NULL, &b->state, d));
    KM_TRY(km_opencl_buffer(context, both, real * some(y->n_margins), NULL, &b->margin, d));
    KM_TRY(km_opencl_buffer(context, both, integer, NULL, &b->steps, d));
    KM_TRY(km_opencl_buffer(context, both, integer, NULL, &b->rejected, d));
    KM_TRY(km_opencl_buffer(context, both, real, NULL, &b->last_time, d));
    KM_TRY(km_opencl_buffer(context, both, sizeof(cl_int), NULL, &b->counter, d));
done:
    return st;
}

static void release_buffers(buffers *b)
{
    cl_mem *all[] = {&b->constant, &b->edge_time, &b->edge_value, &b->n_edges, &b->status, &b->ignored, &b->value,
                     &b->state, &b->margin, &b->steps, &b->rejected, &b->last_time, &b->counter};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        release(all[i]);
}

static size_t choose_batch(const km_engine *e, size_t wanted)
{
    size_t most = BUFFER_LIMIT / bytes_per_point(&e->source), batch = wanted;

    if (batch == 0)
        batch = strcmp(e->device.type, "GPU") == 0 ? GPU_BATCH : CPU_BATCH;
    batch = batch > most ? most : batch;
    return batch < 256 ? 256 : batch;
}

/* Numbers as the device's `wide`: doubles, or floats without double precision. */
static km_status wide_buffer(const km_engine *e, const double *value, size_t n, cl_mem *out, km_diag *d)
{
    float *narrow = NULL;
    km_status st = KM_OK;

    if (e->source.wide_double)
        return km_opencl_buffer(e->context, CL_MEM_READ_ONLY, n * sizeof(double), n ? value : NULL, out, d);
    KM_TRY(km_array_create(n, sizeof *narrow, (void **)&narrow, d));
    for (size_t i = 0; i < n; i++)
        narrow[i] = (float)value[i];
    st = km_opencl_buffer(e->context, CL_MEM_READ_ONLY, n * sizeof *narrow, n ? narrow : NULL, out, d);
done:
    free(narrow);
    return st;
}

static km_status create_table(km_engine *e, km_diag *d)
{
    const km_study *study = e->study;
    double *table = NULL;
    size_t total = 0;
    km_status st = KM_OK;

    e->table_start = km_alloc(some(study->n_slots), sizeof *e->table_start);
    e->slot_axis = km_alloc(some(study->n_slots), sizeof *e->slot_axis);
    for (int a = 0; a < study->n_axes; a++)
        total += (size_t)study->axis[a].n_slots * study->axis[a].n;
    if (total > UINT32_MAX)
        return km_diag_fail(d, KM_E_INPUT, "the axes have more than 2^32 values in all");
    KM_TRY(km_array_create(total ? total : 1, sizeof *table, (void **)&table, d));
    total = 0;
    for (int a = 0; a < study->n_axes; a++)
        for (int k = 0; k < study->axis[a].n_slots; k++) {
            const km_axis *axis = &study->axis[a];
            e->slot_axis[axis->slot[k]] = (unsigned)a;
            e->table_start[axis->slot[k]] = (unsigned)total;
            memcpy(table + total, axis->value + (size_t)k * axis->n, axis->n * sizeof *table);
            total += axis->n;
        }
    st = wide_buffer(e, table, total ? total : 1, &e->table, d);
done:
    free(table);
    return st;
}

static void fill_facts(km_engine *e)
{
    snprintf(e->facts.device, sizeof e->facts.device, "%s", e->device.name);
    snprintf(e->facts.driver, sizeof e->facts.driver, "%s %s", e->device.version, e->device.driver);
    snprintf(e->facts.platform, sizeof e->facts.platform, "%s", e->device.platform);
    memcpy(e->facts.program_hash, e->source.hash, sizeof e->facts.program_hash);
    e->facts.batch = e->b.capacity;
}

static km_status run_batch(km_engine *e, size_t n, km_diag *d);

km_status km_engine_create_idle(const km_study *study, const km_engine_options *options, km_engine **out, km_diag *d)
{
    km_engine *e = km_alloc(1, sizeof *e);
    km_status st = KM_OK;

    *out = NULL;
    e->study = study;
    e->in_double = options->in_double;
    e->kernel_dir = options->kernel_dir ? km_strdup(options->kernel_dir) : NULL;
    KM_TRY(km_device_choose(options->device, &e->device, d));
    KM_TRY(choose_precision(e, d));
    KM_TRY(choose_lanes(e, options->lanes, d));
    KM_TRY(open_device(e, options->compute_units, d));
    fill_facts(e);
    *out = e;
    return KM_OK;

done:
    km_engine_destroy(e);
    return st;
}

km_status km_engine_create(const km_study *study, const km_engine_options *options, km_engine **out, km_diag *d)
{
    km_engine *e = NULL;
    double start = now();
    km_status st = KM_OK;

    *out = NULL;
    KM_TRY(km_engine_create_idle(study, options, &e, d));
    KM_TRY(km_codegen_opencl(study, KM_CODE_ENDPOINTS, e->facts.single, e->device.fp64, e->facts.lanes, e->kernel_dir,
                             &e->source, d));
    KM_TRY(km_program_build(e->context, e->id, e->queue, &e->source, &e->program, d));
    KM_TRY(km_opencl_kernel(e->program, "km_prepare_box", &e->prepare_box, d));
    KM_TRY(km_opencl_kernel(e->program, "km_prepare_rows", &e->prepare_rows, d));
    KM_TRY(km_opencl_kernel(e->program, "km_integrate", &e->integrate, d));
    KM_TRY(create_buffers(e->context, &e->source, choose_batch(e, options->batch), &e->b, d));
    KM_TRY(create_table(e, d));
    KM_TRY(km_array_create(e->b.capacity, sizeof(double), &e->staging, d));
    KM_TRY(run_batch(e, 0, d)); /* drivers compile at the first launch: that is build time */
    fill_facts(e);
    e->facts.build_seconds = now() - start;
    *out = e;
    return KM_OK;

done:
    km_engine_destroy(e);
    return st;
}

void km_engine_destroy(km_engine *e)
{
    if (e == NULL)
        return;
    km_engine_destroy(e->twin);
    release_buffers(&e->b);
    release(&e->table);
    if (e->prepare_box)
        clReleaseKernel(e->prepare_box);
    if (e->prepare_rows)
        clReleaseKernel(e->prepare_rows);
    if (e->integrate)
        clReleaseKernel(e->integrate);
    if (e->program)
        clReleaseProgram(e->program);
    if (e->queue)
        clReleaseCommandQueue(e->queue);
    if (e->context)
        clReleaseContext(e->context);
    if (e->sub_device)
        clReleaseDevice(e->sub_device);
    km_source_clear(&e->source);
    free(e->table_start), free(e->slot_axis), free(e->staging), free(e->kernel_dir);
    free(e);
}

const km_engine_facts *km_engine_facts_of(const km_engine *e) { return &e->facts; }

/* ---- one batch ---- */

/* The six buffers a prepare kernel fills, from argument `at` on. */
static km_status set_prepared(cl_kernel kernel, cl_uint at, const buffers *b, km_diag *d)
{
    const cl_mem *six[] = {&b->constant, &b->edge_time, &b->edge_value, &b->n_edges, &b->status, &b->ignored};
    km_status st = KM_OK;

    for (cl_uint i = 0; i < 6; i++)
        KM_CL(clSetKernelArg(kernel, at + i, sizeof(cl_mem), six[i]), d);
done:
    return st;
}

static km_status enqueue_points(km_engine *e, cl_kernel kernel, size_t n, km_diag *d)
{
    size_t local = 64, global = (n + local - 1) / local * local;

    return km_opencl_check(clEnqueueNDRangeKernel(e->queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL),
                           "clEnqueueNDRangeKernel", d);
}

/* The box's points first ... first+n-1 into the batch. */
static km_status prepare_box(km_engine *e, const km_box *box, uint64_t first, size_t n, km_diag *d)
{
    const km_study *study = e->study;
    size_t n_meta = 1 + 2 * (size_t)study->n_axes + 2 * (size_t)study->n_slots, k = 0;
    cl_uint *meta = km_alloc(n_meta, sizeof *meta), count = (cl_uint)n, at = 0, capacity = (cl_uint)e->b.capacity;
    cl_ulong rank = first;
    cl_mem buffer = NULL;
    km_status st = KM_OK;

    meta[k++] = (cl_uint)study->n_axes;
    for (int a = 0; a < study->n_axes; a++) {
        meta[k++] = (cl_uint)box->origin[a];
        meta[k++] = (cl_uint)box->extent[a];
    }
    for (int s = 0; s < study->n_slots; s++) {
        meta[k++] = e->slot_axis[s];
        meta[k++] = e->table_start[s];
    }
    KM_TRY(km_opencl_buffer(e->context, CL_MEM_READ_ONLY, n_meta * sizeof *meta, meta, &buffer, d));
    KM_CL(clSetKernelArg(e->prepare_box, 0, sizeof(cl_mem), &e->table), d);
    KM_CL(clSetKernelArg(e->prepare_box, 1, sizeof(cl_mem), &buffer), d);
    KM_CL(clSetKernelArg(e->prepare_box, 2, sizeof rank, &rank), d);
    KM_CL(clSetKernelArg(e->prepare_box, 3, sizeof count, &count), d);
    KM_CL(clSetKernelArg(e->prepare_box, 4, sizeof at, &at), d);
    KM_CL(clSetKernelArg(e->prepare_box, 5, sizeof capacity, &capacity), d);
    KM_TRY(set_prepared(e->prepare_box, 6, &e->b, d));
    KM_TRY(enqueue_points(e, e->prepare_box, n, d));
done:
    release(&buffer);
    free(meta);
    return st;
}

/* n rows into the batch `b` by `kernel`. */
static km_status prepare_rows(km_engine *e, cl_kernel kernel, const buffers *b, const double *row, size_t n, km_diag *d)
{
    cl_uint count = (cl_uint)n, at = 0, capacity = (cl_uint)b->capacity;
    size_t n_values = n * (size_t)e->study->n_slots;
    const double nothing = 0.0;
    cl_mem buffer = NULL;
    km_status st = KM_OK;

    KM_TRY(wide_buffer(e, n_values ? row : &nothing, n_values ? n_values : 1, &buffer, d));
    KM_CL(clSetKernelArg(kernel, 0, sizeof(cl_mem), &buffer), d);
    KM_CL(clSetKernelArg(kernel, 1, sizeof count, &count), d);
    KM_CL(clSetKernelArg(kernel, 2, sizeof at, &at), d);
    KM_CL(clSetKernelArg(kernel, 3, sizeof capacity, &capacity), d);
    KM_TRY(set_prepared(kernel, 4, b, d));
    KM_TRY(enqueue_points(e, kernel, n, d));
done:
    release(&buffer);
    return st;
}

/* Integrates the n points prepared in the batch. */
static km_status run_batch(km_engine *e, size_t n, km_diag *d)
{
    const buffers *b = &e->b;
    const cl_mem *argument[] = {&b->counter, &b->constant, &b->edge_time, &b->edge_value, &b->n_edges, &b->status,
                                &b->value, &b->state, &b->margin, &b->steps, &b->rejected, &b->last_time};
    cl_uint count = (cl_uint)n, capacity = (cl_uint)b->capacity;
    const cl_int zero = 0;
    bool gpu = strcmp(e->device.type, "GPU") == 0;
    size_t local = gpu ? GPU_LOCAL : 1, global = CPU_GROUPS;
    km_status st = KM_OK;

    if (gpu)
        global = (n / 4 + local) / local * local; /* each item takes several points, so that the end is even */
    KM_CL(clEnqueueWriteBuffer(e->queue, b->counter, CL_TRUE, 0, sizeof zero, &zero, 0, NULL, NULL), d);
    KM_CL(clSetKernelArg(e->integrate, 0, sizeof count, &count), d);
    KM_CL(clSetKernelArg(e->integrate, 1, sizeof capacity, &capacity), d);
    for (cl_uint i = 0; i < sizeof argument / sizeof *argument; i++)
        KM_CL(clSetKernelArg(e->integrate, 2 + i, sizeof(cl_mem), argument[i]), d);
    KM_CL(clEnqueueNDRangeKernel(e->queue, e->integrate, 1, NULL, &global, &local, 0, NULL, NULL), d);
    KM_CL(clFinish(e->queue), d);
done:
    return st;
}

/* ---- reading back ---- */

static km_status read_reals(km_engine *e, cl_mem from, size_t row, size_t n, double *out, km_diag *d)
{
    size_t size = real_size(&e->source);
    const float *single = e->staging;
    km_status st = KM_OK;

    KM_CL(clEnqueueReadBuffer(e->queue, from, CL_TRUE, row * e->b.capacity * size, n * size,
                              e->source.single ? e->staging : (void *)out, 0, NULL, NULL), d);
    if (e->source.single)
        for (size_t i = 0; i < n; i++)
            out[i] = (double)single[i];
done:
    return st;
}

static km_status read_bytes(km_engine *e, cl_mem from, size_t row, size_t n, size_t size, void *out, km_diag *d)
{
    return km_opencl_check(clEnqueueReadBuffer(e->queue, from, CL_TRUE, row * e->b.capacity * size, n * size, out, 0, NULL, NULL),
                           "clEnqueueReadBuffer", d);
}

/* The batch's n points become points at ... at+n-1 of the results. */
static km_status read_results(km_engine *e, km_results *r, size_t at, size_t n, km_diag *d)
{
    const buffers *b = &e->b;
    cl_int *ignored = e->staging;
    int margin = 0;
    km_status st = KM_OK;

    for (int k = 0; k < e->source.layout.n_endpoints; k++) {
        size_t to = (size_t)k * r->n + at;
        if (r->value)
            KM_TRY(read_reals(e, b->value, (size_t)k, n, r->value + to, d));
        if (r->state)
            KM_TRY(read_bytes(e, b->state, (size_t)k, n, 1, r->state + to, d));
        if (r->margin && e->study->endpoint[k].margin)
            KM_TRY(read_reals(e, b->margin, (size_t)margin++, n, r->margin + to, d));
    }
    if (r->status)
        KM_TRY(read_bytes(e, b->status, 0, n, 1, r->status + at, d));
    if (r->steps)
        KM_TRY(read_bytes(e, b->steps, 0, n, sizeof(cl_int), r->steps + at, d));
    if (r->rejected)
        KM_TRY(read_bytes(e, b->rejected, 0, n, sizeof(cl_int), r->rejected + at, d));
    if (r->last_time)
        KM_TRY(read_reals(e, b->last_time, 0, n, r->last_time + at, d));
    KM_TRY(read_bytes(e, b->ignored, 0, n, sizeof(cl_int), ignored, d));
    for (size_t i = 0; i < n; i++)
        e->facts.doses_ignored += (uint64_t)ignored[i];
done:
    return st;
}

/* ---- a second try in double ---- */

static bool worth_a_retry(signed char status)
{
    return status == KM_POINT_STEP_BUDGET || status == KM_POINT_STEP_TOO_SMALL || status == KM_POINT_NON_FINITE;
}

static km_status create_twin(km_engine *e, km_diag *d)
{
    char selector[32];
    km_engine_options options = {.device = selector, .compute_units = e->facts.compute_units, .kernel_dir = e->kernel_dir,
                                 .batch = 1024, .in_double = true};

    snprintf(selector, sizeof selector, "%d.%d", e->device.platform_index, e->device.device_index);
    return km_engine_create(e->study, &options, &e->twin, d);
}

/* Results of `from`, point i of it, become point `to` of r. */
static void take_result(const km_engine *e, km_results *r, size_t to, const km_results *from, size_t i)
{
    for (int k = 0; k < e->study->n_endpoints; k++) {
        size_t at = (size_t)k * r->n + to, source = (size_t)k * from->n + i;
        if (r->value)
            r->value[at] = from->value[source];
        if (r->state)
            r->state[at] = from->state[source];
        if (r->margin)
            r->margin[at] = from->margin[source];
    }
    r->status[to] = KM_POINT_RETRIED;
    if (r->steps)
        r->steps[to] += from->steps[i];
    if (r->rejected)
        r->rejected[to] += from->rejected[i];
    if (r->last_time)
        r->last_time[to] = from->last_time[i];
}

/* Points at ... at+n-1 of the results: those that failed are run again; row(i) fills the slots of point at+i. */
static km_status retry(km_engine *e, km_results *r, size_t at, size_t n,
                       void (*row)(const void *context, size_t i, double *out), const void *context, km_diag *d)
{
    size_t n_slots = (size_t)e->study->n_slots, n_ends = (size_t)e->study->n_endpoints, failed = 0, k = 0;
    double *rows = NULL;
    size_t *index = NULL;
    km_results again = {0};
    km_status st = KM_OK;

    for (size_t i = 0; r->status && i < n; i++)
        failed += worth_a_retry(r->status[at + i]);
    if (failed == 0 || !e->facts.single || !e->device.fp64)
        return KM_OK;
    if (e->twin == NULL)
        KM_TRY(create_twin(e, d));
    KM_TRY(km_array_create(failed * n_slots, sizeof *rows, (void **)&rows, d));
    KM_TRY(km_array_create(failed, sizeof *index, (void **)&index, d));
    again.n = failed;
    KM_TRY(km_array_create(failed * n_ends, sizeof *again.value, (void **)&again.value, d));
    KM_TRY(km_array_create(failed * n_ends, sizeof *again.margin, (void **)&again.margin, d));
    KM_TRY(km_array_create(failed * n_ends, sizeof *again.state, (void **)&again.state, d));
    KM_TRY(km_array_create(failed, sizeof *again.status, (void **)&again.status, d));
    KM_TRY(km_array_create(failed, sizeof *again.steps, (void **)&again.steps, d));
    KM_TRY(km_array_create(failed, sizeof *again.rejected, (void **)&again.rejected, d));
    KM_TRY(km_array_create(failed, sizeof *again.last_time, (void **)&again.last_time, d));
    for (size_t i = 0; i < n; i++)
        if (worth_a_retry(r->status[at + i])) {
            row(context, i, rows + k * n_slots);
            index[k++] = at + i;
        }
    KM_TRY(km_engine_run_rows(e->twin, rows, &again, d));
    for (size_t i = 0; i < failed; i++)
        if (again.status[i] == KM_POINT_DONE)
            take_result(e, r, index[i], &again, i);
    e->facts.retried += failed;
done:
    free(rows), free(index), free(again.value), free(again.margin), free(again.state), free(again.status);
    free(again.steps), free(again.rejected), free(again.last_time);
    return st;
}

typedef struct grid_part {
    const km_study *study;
    const km_box *box;
    uint64_t first;
} grid_part;

static void grid_row(const void *context, size_t i, double *out)
{
    const grid_part *g = context;
    uint64_t rank = g->first + i;

    for (int a = g->study->n_axes; a-- > 0; rank /= g->box->extent[a]) {
        const km_axis *axis = &g->study->axis[a];
        size_t at = g->box->origin[a] + (size_t)(rank % g->box->extent[a]);
        for (int k = 0; k < axis->n_slots; k++)
            out[axis->slot[k]] = axis->value[(size_t)k * axis->n + at];
    }
}

typedef struct listed_rows {
    const double *row;
    size_t n_slots;
} listed_rows;

static void listed_row(const void *context, size_t i, double *out)
{
    const listed_rows *l = context;

    memcpy(out, l->row + i * l->n_slots, l->n_slots * sizeof *out);
}

/* ---- the calls ---- */

km_status km_engine_run_box(km_engine *e, const km_box *box, uint64_t first, km_results *r, km_diag *d)
{
    km_status st = KM_OK;

    for (uint64_t at = 0; at < r->n; at += e->b.capacity) {
        size_t n = r->n - at < e->b.capacity ? (size_t)(r->n - at) : e->b.capacity;
        grid_part part = {e->study, box, first + at};
        KM_TRY(prepare_box(e, box, first + at, n, d));
        KM_TRY(run_batch(e, n, d));
        KM_TRY(read_results(e, r, (size_t)at, n, d));
        KM_TRY(retry(e, r, (size_t)at, n, grid_row, &part, d));
    }
done:
    return st;
}

km_status km_engine_run_rows(km_engine *e, const double *row, km_results *r, km_diag *d)
{
    km_status st = KM_OK;

    for (uint64_t at = 0; at < r->n; at += e->b.capacity) {
        size_t n = r->n - at < e->b.capacity ? (size_t)(r->n - at) : e->b.capacity;
        listed_rows rows = {row + at * (size_t)e->study->n_slots, (size_t)e->study->n_slots};
        KM_TRY(prepare_rows(e, e->prepare_rows, &e->b, rows.row, n, d));
        KM_TRY(run_batch(e, n, d));
        KM_TRY(read_results(e, r, (size_t)at, n, d));
        KM_TRY(retry(e, r, (size_t)at, n, listed_row, &rows, d));
    }
done:
    return st;
}

km_status km_engine_trajectory(km_engine *e, const double *row, const double *time, size_t n_times, double *value,
                               signed char *status, km_diag *d)
{
    km_source source = {0}, kept = e->source;
    bool single = !e->device.fp64;
    size_t n_values = n_times * (size_t)e->study->model->n_outputs, one = 1;
    cl_program program = NULL;
    cl_kernel prepare = NULL, kernel = NULL;
    buffers b = {0};
    cl_mem times = NULL, out = NULL;
    cl_uint n = 1, capacity = 1, count = (cl_uint)n_times, at = 0;
    float *narrow = NULL;
    km_status st = KM_OK;

    KM_TRY(km_codegen_opencl(e->study, KM_CODE_TRAJECTORY, single, e->device.fp64, 1, e->kernel_dir, &source, d));
    KM_TRY(km_program_build(e->context, e->id, e->queue, &source, &program, d));
    KM_TRY(km_opencl_kernel(program, "km_prepare_rows", &prepare, d));
    KM_TRY(km_opencl_kernel(program, "km_trajectory", &kernel, d));
    KM_TRY(create_buffers(e->context, &source, 1, &b, d));
    e->source = source; /* prepare_rows and wide_buffer look at the program's precision */
    st = prepare_rows(e, prepare, &b, row, 1, d);
    if (st == KM_OK)
        st = wide_buffer(e, time, n_times, &times, d);
    e->source = kept;
    KM_TRY(st);
    KM_TRY(km_opencl_buffer(e->context, CL_MEM_READ_WRITE, n_values * real_size(&source), NULL, &out, d));
    KM_CL(clSetKernelArg(kernel, at++, sizeof n, &n), d);
    KM_CL(clSetKernelArg(kernel, at++, sizeof capacity, &capacity), d);
    KM_CL(clSetKernelArg(kernel, at++, sizeof(cl_mem), &b.constant), d);
    KM_CL(clSetKernelArg(kernel, at++, sizeof(cl_mem), &b.edge_time), d);
    KM_CL(clSetKernelArg(kernel, at++, sizeof(cl_mem), &b.edge_value), d);
    KM_CL(clSetKernelArg(kernel, at++, sizeof(cl_mem), &b.n_edges), d);
    KM_CL(clSetKernelArg(kernel, at++, sizeof(cl_mem), &b.status), d);
    KM_CL(clSetKernelArg(kernel, at++, sizeof(cl_mem), &times), d);
    KM_CL(clSetKernelArg(kernel, at++, sizeof count, &count), d);
    KM_CL(clSetKernelArg(kernel, at++, sizeof(cl_mem), &out), d);
    KM_CL(clSetKernelArg(kernel, at++, sizeof(cl_mem), &b.steps), d);
    KM_CL(clEnqueueNDRangeKernel(e->queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL), d);
    KM_CL(clEnqueueReadBuffer(e->queue, b.status, CL_TRUE, 0, 1, status, 0, NULL, NULL), d);
    if (single) {
        KM_TRY(km_array_create(n_values, sizeof *narrow, (void **)&narrow, d));
        KM_CL(clEnqueueReadBuffer(e->queue, out, CL_TRUE, 0, n_values * sizeof *narrow, narrow, 0, NULL, NULL), d);
        for (size_t i = 0; i < n_values; i++)
            value[i] = (double)narrow[i];
    } else {
        KM_CL(clEnqueueReadBuffer(e->queue, out, CL_TRUE, 0, n_values * sizeof *value, value, 0, NULL, NULL), d);
    }

done:
    free(narrow);
    release(&times);
    release(&out);
    release_buffers(&b);
    if (prepare)
        clReleaseKernel(prepare);
    if (kernel)
        clReleaseKernel(kernel);
    if (program)
        clReleaseProgram(program);
    km_source_clear(&source);
    return st;
}
