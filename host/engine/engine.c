/* The engine: set up for a study and a device, then run points batch by batch. */
#include "engine/engine.h"

#include "base/memory.h"
#include "engine/batch.h"
#include "engine/program.h"
#include "study/design.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SMALLEST_BATCH = 256, MOST_SPANS = 256 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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
    int native = (int)(e->facts.single ? e->device.width_single : e->device.width_double);

    if (lanes == 0)
        lanes = e->facts.tuning.lanes;
    if (lanes == 0)
        lanes = native == 0 ? 1 : native; /* a device may not say */
    if (lanes != 1 && lanes != 2 && lanes != 4 && lanes != 8 && lanes != 16)
        return km_diag_fail(d, KM_E_INPUT, "the number of lanes is 1, 2, 4, 8 or 16, got %d", lanes);
    e->facts.lanes = lanes;
    return KM_OK;
}

/* Some drivers end the program when asked to divide what they cannot. */
static bool can_be_divided(cl_device_id device)
{
    cl_device_partition_property way[16] = {0};
    size_t size = 0;

    if (clGetDeviceInfo(device, CL_DEVICE_PARTITION_PROPERTIES, sizeof way, way, &size) != CL_SUCCESS)
        return false;
    for (size_t i = 0; i < size / sizeof *way; i++)
        if (way[i] == CL_DEVICE_PARTITION_BY_COUNTS)
            return true;
    return false;
}

/* Sub-device `part` of those with so many units each: all up to it are made, and the others given back. */
static km_status divide(km_engine *e, int compute_units, int part, km_diag *d)
{
    size_t n = (size_t)part + 1;
    cl_device_partition_property *parts = km_alloc(n + 3, sizeof *parts);
    cl_device_id *made = km_alloc(n, sizeof *made);
    km_status st = KM_OK;

    if (!can_be_divided(e->id))
        KM_FAIL(d, KM_E_INPUT, "the device %s cannot be divided; leave out the number of compute units (%d)", e->device.name,
                compute_units);
    parts[0] = CL_DEVICE_PARTITION_BY_COUNTS;
    for (size_t i = 0; i < n; i++)
        parts[1 + i] = compute_units;
    parts[1 + n] = CL_DEVICE_PARTITION_BY_COUNTS_LIST_END;
    KM_CL(clCreateSubDevices(e->id, parts, (cl_uint)n, made, NULL), d);
    for (size_t i = 0; i + 1 < n; i++)
        clReleaseDevice(made[i]);
    e->id = e->sub_device = made[n - 1];
done:
    free(parts);
    free(made);
    return st;
}

/* More units than there are would silently be the whole device. */
static km_status check_units(const km_engine *e, int compute_units, int part, km_diag *d)
{
    unsigned there = e->device.compute_units;

    if (compute_units <= 0 || ((unsigned)part + 1) * (size_t)compute_units <= there)
        return KM_OK;
    if (part > 0 && (unsigned)compute_units <= there)
        return km_diag_fail(d, KM_E_INPUT, "the device %s has %u compute units, not %d times %d", e->device.name, there, part + 1,
                            compute_units);
    return km_diag_fail(d, KM_E_INPUT, "the device %s has %u compute unit%s, got --compute-units %d", e->device.name, there,
                        there == 1 ? "" : "s", compute_units);
}

static km_status open_device(km_engine *e, int compute_units, int part, km_diag *d)
{
    bool whole = compute_units <= 0 || (part == 0 && (unsigned)compute_units == e->device.compute_units);
    cl_int error = CL_SUCCESS;
    km_status st = KM_OK;

    KM_TRY(check_units(e, compute_units, part, d));
    e->id = e->device.id;
    e->part = whole ? 0 : part;
    if (!whole)
        KM_TRY(divide(e, compute_units, part, d));
    e->facts.compute_units = whole ? (int)e->device.compute_units : compute_units;
    e->context = clCreateContext(NULL, 1, &e->id, NULL, NULL, &error);
    KM_TRY(km_opencl_check(error, "clCreateContext", d));
    e->queue = clCreateCommandQueue(e->context, e->id, 0, &error);
    KM_TRY(km_opencl_check(error, "clCreateCommandQueue", d));
done:
    return st;
}

static size_t choose_batch(const km_engine *e, size_t wanted)
{
    const km_tuning *t = &e->facts.tuning;
    const km_layout *y = &e->source.layout;
    unsigned long long bytes = e->device.memory / t->memory_share;
    size_t batch = wanted ? wanted : t->batch, most, one = km_some(y->n_constants);
    cl_ulong largest = 0;

    bytes = bytes > t->most_bytes || bytes == 0 ? t->most_bytes : bytes;
    most = (size_t)bytes / km_batch_bytes(&e->source);
    /* a single buffer may have a limit of its own */
    if (km_some(y->n_edges * y->n_edge_values) > one)
        one = km_some(y->n_edges * y->n_edge_values);
    if (clGetDeviceInfo(e->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof largest, &largest, NULL) == CL_SUCCESS && largest > 0 &&
        most > (size_t)largest / (one * km_wide_size(&e->source)))
        most = (size_t)largest / (one * km_wide_size(&e->source));
    batch = batch > most ? most : batch;
    return batch < SMALLEST_BATCH ? SMALLEST_BATCH : batch;
}

static km_status create_table(km_engine *e, km_diag *d)
{
    const km_study *study = e->study;
    double *table = NULL;
    size_t total = 0;
    km_status st = KM_OK;

    e->table_start = km_alloc(km_some(study->n_slots), sizeof *e->table_start);
    e->slot_axis = km_alloc(km_some(study->n_slots), sizeof *e->slot_axis);
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
    st = km_buffer_wide(e->context, &e->source, table, total ? total : 1, &e->table, d);
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
    e->facts.step_flops = e->source.step_flops;
    e->facts.fp64 = e->device.fp64;
}

km_status km_engine_create_idle(const km_study *study, const km_engine_options *options, km_engine **out, km_diag *d)
{
    km_engine *e = km_alloc(1, sizeof *e);
    km_status st = KM_OK;

    *out = NULL;
    e->study = study;
    e->in_double = options->in_double;
    e->no_retry = options->no_retry;
    e->kernel_dir = options->kernel_dir ? km_strdup(options->kernel_dir) : NULL;
    KM_TRY(km_device_choose(options->device, &e->device, d));
    e->device.fp64 = e->device.fp64 && !options->no_double;
    e->facts.tuning = options->tuning ? *options->tuning : km_tuning_of(&e->device);
    KM_TRY(choose_precision(e, d));
    KM_TRY(choose_lanes(e, options->lanes, d));
    KM_TRY(open_device(e, options->compute_units, options->part, d));
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
    KM_TRY(km_opencl_kernel(e->program.program, "km_prepare_box", &e->prepare_box, d));
    KM_TRY(km_opencl_kernel(e->program.program, "km_prepare_rows", &e->prepare_rows, d));
    KM_TRY(km_opencl_kernel(e->program.program, "km_integrate", &e->integrate, d));
    KM_TRY(km_buffers_create(e->context, &e->source, choose_batch(e, options->batch), &e->b, d));
    KM_TRY(create_table(e, d));
    KM_TRY(km_array_create(e->b.capacity, sizeof(double), &e->staging, d));
    KM_TRY(km_program_failure(e->id, km_batch_run(e, 0, d), d)); /* drivers compile at the first launch: that is build time */
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
    km_opencl_settle(e->queue);
    km_engine_destroy(e->twin);
    km_host_destroy(e->host);
    km_buffers_release(&e->b);
    km_buffer_release(&e->table);
    if (e->prepare_box)
        clReleaseKernel(e->prepare_box);
    if (e->prepare_rows)
        clReleaseKernel(e->prepare_rows);
    if (e->integrate)
        clReleaseKernel(e->integrate);
    km_program_release(&e->program);
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
km_status km_engine_ended(km_diag *d) { return km_program_ended(d); }


/* ---- running ---- */

typedef struct box_part {
    const km_study *study;
    const km_box *box;
    uint64_t first;
} box_part;

/* The slots of point first + i of a box. */
static void box_row(const void *context, size_t i, double *out)
{
    const box_part *p = context;
    size_t shape[KM_MOST_DIMENSIONS], offset[KM_MOST_DIMENSIONS];
    int n = km_design_shape(p->study, shape);
    uint64_t in_box = p->first + i, rank = 0;

    for (int a = n; a-- > 0; in_box /= p->box->extent[a])
        offset[a] = (size_t)(in_box % p->box->extent[a]);
    for (int a = 0; a < n; a++)
        rank = rank * shape[a] + p->box->origin[a] + offset[a];
    km_study_point(p->study, rank, out);
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

/* Points of a box that stand together in a batch, from its point `at` on; they are points to ... of their results. */
typedef struct span {
    box_part part;
    km_results *r;
    size_t at, n, to;
} span;

/* A grid's points are made on the device, others here. */
static km_status prepare_spans(km_engine *e, const span *s, int n_spans, size_t n, double **row, km_diag *d)
{
    size_t n_slots = (size_t)e->study->n_slots;
    km_status st = KM_OK;

    if (e->study->design == KM_DESIGN_GRID) {
        for (int k = 0; k < n_spans; k++)
            KM_TRY(km_batch_prepare_box(e, s[k].part.box, s[k].part.first, s[k].at, s[k].n, d));
        return KM_OK;
    }
    if (*row == NULL)
        KM_TRY(km_array_create(e->b.capacity * n_slots, sizeof **row, (void **)row, d));
    for (int k = 0; k < n_spans; k++)
        for (size_t i = 0; i < s[k].n; i++)
            box_row(&s[k].part, i, *row + (s[k].at + i) * n_slots);
    st = km_batch_prepare_rows(e, &e->source, e->prepare_rows, &e->b, *row, n, d);
done:
    return st;
}

/* A batch of n points. */
static km_status run_spans(km_engine *e, const span *s, int n_spans, size_t n, double **row, km_diag *d)
{
    km_status st = KM_OK;

    KM_TRY(prepare_spans(e, s, n_spans, n, row, d));
    KM_TRY(km_batch_run(e, n, d));
    for (int k = 0; k < n_spans; k++) {
        KM_TRY(km_batch_read(e, s[k].at, s[k].r, s[k].to, s[k].n, d));
        KM_TRY(km_batch_retry(e, s[k].r, s[k].to, s[k].n, box_row, &s[k].part, d));
    }
    km_program_keep(&e->program);
done:
    return st;
}

/* Points first ... of each box, as many as its results have. */
static km_status run_boxes(km_engine *e, const km_box *box, uint64_t first, km_results *r, size_t n_boxes, km_diag *d)
{
    span *s = km_alloc(MOST_SPANS, sizeof *s);
    double *row = NULL;
    uint64_t taken = 0; /* of box k */
    size_t n = 0;
    int n_spans = 0;
    km_status st = KM_OK;

    for (size_t k = 0; k < n_boxes;) {
        uint64_t left = r[k].n - taken;
        size_t room = e->b.capacity - n, take = left < room ? (size_t)left : room;
        if (take > 0)
            s[n_spans++] = (span){{e->study, &box[k], first + taken}, &r[k], n, take, (size_t)taken};
        n += take;
        taken += take;
        if (taken == r[k].n) {
            k++;
            taken = 0;
        }
        if (n > 0 && (n == e->b.capacity || n_spans == MOST_SPANS || k == n_boxes)) {
            KM_TRY(run_spans(e, s, n_spans, n, &row, d));
            n = 0;
            n_spans = 0;
        }
    }
done:
    free(s);
    free(row);
    return st;
}

km_status km_engine_run_box(km_engine *e, const km_box *box, uint64_t first, km_results *r, km_diag *d)
{
    return run_boxes(e, box, first, r, 1, d);
}

km_status km_engine_run_boxes(km_engine *e, const km_box *box, km_results *r, size_t n_boxes, km_diag *d)
{
    return run_boxes(e, box, 0, r, n_boxes, d);
}

km_status km_engine_run_rows(km_engine *e, const double *row, km_results *r, km_diag *d)
{
    km_status st = KM_OK;

    for (uint64_t at = 0; at < r->n; at += e->b.capacity) {
        size_t n = r->n - at < e->b.capacity ? (size_t)(r->n - at) : e->b.capacity;
        listed_rows rows = {row + at * (size_t)e->study->n_slots, (size_t)e->study->n_slots};
        KM_TRY(km_batch_prepare_rows(e, &e->source, e->prepare_rows, &e->b, rows.row, n, d));
        KM_TRY(km_batch_run(e, n, d));
        KM_TRY(km_batch_read(e, 0, r, (size_t)at, n, d));
        KM_TRY(km_batch_retry(e, r, (size_t)at, n, listed_row, &rows, d));
        km_program_keep(&e->program);
    }
done:
    return st;
}

km_status km_engine_run_nothing(km_engine *e, km_diag *d) { return km_batch_run(e, 0, d); }
