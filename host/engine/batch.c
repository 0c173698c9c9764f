/* A batch: its buffers, preparing points, running, reading back. */
#include "engine/batch.h"

#include "abi.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void km_buffer_release(cl_mem *m)
{
    if (*m)
        clReleaseMemObject(*m);
    *m = NULL;
}

size_t km_batch_bytes(const km_source *s)
{
    const km_layout *y = &s->layout;
    size_t real = km_real_size(s), wide = km_wide_size(s);

    return real * (km_some(y->n_constants) + km_some(y->n_edges * y->n_edge_values) + km_some(y->n_endpoints) + km_some(y->n_margins) + 1) +
           wide * km_some(y->n_edges) + km_some(y->n_endpoints) + 1 + 4 * sizeof(cl_int);
}

/* Not a multiple of a page: a lane reads one value of each of dozens of rows, and at a multiple of a large power of two they
 * all want the same place in a cache. */
static size_t stride_of(size_t capacity)
{
    return capacity < 1024 ? capacity : (capacity + 1007) / 1024 * 1024 + 16;
}

/* `capacity` points for the program of `s`. */
km_status km_buffers_create(cl_context context, const km_source *s, size_t capacity, km_buffers *b, km_diag *d)
{
    const km_layout *y = &s->layout;
    size_t stride = stride_of(capacity), real = km_real_size(s) * stride, wide = km_wide_size(s) * stride,
           integer = sizeof(cl_int) * stride;
    const cl_mem_flags both = CL_MEM_READ_WRITE;
    km_status st = KM_OK;

    b->capacity = capacity;
    b->stride = stride;
    KM_TRY(km_opencl_buffer(context, both, real * km_some(y->n_constants), NULL, &b->constant, d));
    KM_TRY(km_opencl_buffer(context, both, wide * km_some(y->n_edges), NULL, &b->edge_time, d));
    KM_TRY(km_opencl_buffer(context, both, real * km_some(y->n_edges * y->n_edge_values), NULL, &b->edge_value, d));
    KM_TRY(km_opencl_buffer(context, both, integer, NULL, &b->n_edges, d));
    KM_TRY(km_opencl_buffer(context, both, stride, NULL, &b->status, d));
    KM_TRY(km_opencl_buffer(context, both, integer, NULL, &b->ignored, d));
    KM_TRY(km_opencl_buffer(context, both, real * km_some(y->n_endpoints), NULL, &b->value, d));
    KM_TRY(km_opencl_buffer(context, both, stride * km_some(y->n_endpoints), NULL, &b->state, d));
    KM_TRY(km_opencl_buffer(context, both, real * km_some(y->n_margins), NULL, &b->margin, d));
    KM_TRY(km_opencl_buffer(context, both, integer, NULL, &b->steps, d));
    KM_TRY(km_opencl_buffer(context, both, integer, NULL, &b->rejected, d));
    KM_TRY(km_opencl_buffer(context, both, real, NULL, &b->last_time, d));
    KM_TRY(km_opencl_buffer(context, both, sizeof(cl_int), NULL, &b->counter, d));
done:
    return st;
}

void km_buffers_release(km_buffers *b)
{
    cl_mem *all[] = {&b->constant, &b->edge_time, &b->edge_value, &b->n_edges, &b->status, &b->ignored, &b->value,
                     &b->state, &b->margin, &b->steps, &b->rejected, &b->last_time, &b->counter};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        km_buffer_release(all[i]);
}

/* Numbers as the device's `wide`: doubles, or floats without double precision. */
km_status km_buffer_wide(cl_context context, const km_source *s, const double *value, size_t n, cl_mem *out, km_diag *d)
{
    float *narrow = NULL;
    km_status st = KM_OK;

    if (s->wide_double)
        return km_opencl_buffer(context, CL_MEM_READ_ONLY, n * sizeof(double), n ? value : NULL, out, d);
    KM_TRY(km_array_create(n, sizeof *narrow, (void **)&narrow, d));
    for (size_t i = 0; i < n; i++)
        narrow[i] = (float)value[i];
    st = km_opencl_buffer(context, CL_MEM_READ_ONLY, n * sizeof *narrow, n ? narrow : NULL, out, d);
done:
    free(narrow);
    return st;
}

/* ---- one batch ---- */

km_status km_batch_set_prepared(cl_kernel kernel, cl_uint at, const km_buffers *b, km_diag *d)
{
    const cl_mem *six[] = {&b->constant, &b->edge_time, &b->edge_value, &b->n_edges, &b->status, &b->ignored};
    km_status st = KM_OK;

    for (cl_uint i = 0; i < 6; i++)
        KM_CL(clSetKernelArg(kernel, at + i, sizeof(cl_mem), six[i]), d);
done:
    return st;
}

static km_status enqueue_points(const km_engine *e, cl_kernel kernel, size_t n, km_diag *d)
{
    size_t local = 64, global = (n + local - 1) / local * local;

    return km_opencl_check(clEnqueueNDRangeKernel(e->queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL),
                           "clEnqueueNDRangeKernel", d);
}

km_status km_batch_prepare_box(km_engine *e, const km_box *box, uint64_t first, size_t to, size_t n, km_diag *d)
{
    const km_study *study = e->study;
    size_t n_meta = 1 + 2 * (size_t)study->n_axes + 2 * (size_t)study->n_slots, k = 0;
    cl_uint *meta = km_alloc(n_meta, sizeof *meta), count = (cl_uint)n, at = (cl_uint)to,
            capacity = (cl_uint)e->b.stride;
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
    KM_TRY(km_batch_set_prepared(e->prepare_box, 6, &e->b, d));
    KM_TRY(enqueue_points(e, e->prepare_box, n, d));
done:
    km_buffer_release(&buffer);
    free(meta);
    return st;
}

/* n rows into the batch `b` by `kernel`. */
km_status km_batch_prepare_rows(const km_engine *e, const km_source *s, cl_kernel kernel, const km_buffers *b,
                                const double *row, size_t n, km_diag *d)
{
    cl_uint count = (cl_uint)n, at = 0, capacity = (cl_uint)b->stride;
    size_t n_values = n * (size_t)e->study->n_slots;
    const double nothing = 0.0;
    cl_mem buffer = NULL;
    km_status st = KM_OK;

    KM_TRY(km_buffer_wide(e->context, s, n_values ? row : &nothing, n_values ? n_values : 1, &buffer, d));
    KM_CL(clSetKernelArg(kernel, 0, sizeof(cl_mem), &buffer), d);
    KM_CL(clSetKernelArg(kernel, 1, sizeof count, &count), d);
    KM_CL(clSetKernelArg(kernel, 2, sizeof at, &at), d);
    KM_CL(clSetKernelArg(kernel, 3, sizeof capacity, &capacity), d);
    KM_TRY(km_batch_set_prepared(kernel, 4, b, d));
    KM_TRY(enqueue_points(e, kernel, n, d));
done:
    km_buffer_release(&buffer);
    return st;
}

/* Integrates the n points prepared in the batch. */
km_status km_batch_run(km_engine *e, size_t n, km_diag *d)
{
    const km_buffers *b = &e->b;
    const cl_mem *argument[] = {&b->counter, &b->constant, &b->edge_time, &b->edge_value, &b->n_edges, &b->status,
                                &b->value, &b->state, &b->margin, &b->steps, &b->rejected, &b->last_time};
    cl_uint count = (cl_uint)n, capacity = (cl_uint)b->stride;
    const cl_int zero = 0;
    /* Items that stand side by side, as on a GPU, must not be left over: Mesa's llvmpipe (22.3) lets the empty places of a
     * group spin until it gives the group up. */
    const km_tuning *tuning = &e->facts.tuning;
    size_t local = (size_t)tuning->local, global = KM_TUNING_GROUPS * local;
    km_status st = KM_OK;

    if (tuning->points_per_item > 0)
        global = (n / (size_t)tuning->points_per_item + local) / local * local;
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

static km_status read_reals(km_engine *e, cl_mem buffer, size_t row, size_t from, size_t n, double *out, km_diag *d)
{
    size_t size = km_real_size(&e->source);
    const float *single = e->staging;
    km_status st = KM_OK;

    KM_CL(clEnqueueReadBuffer(e->queue, buffer, CL_TRUE, (row * e->b.stride + from) * size, n * size,
                              e->source.single ? e->staging : (void *)out, 0, NULL, NULL), d);
    if (e->source.single)
        for (size_t i = 0; i < n; i++)
            out[i] = (double)single[i];
done:
    return st;
}

static km_status read_bytes(km_engine *e, cl_mem buffer, size_t row, size_t from, size_t n, size_t size, void *out, km_diag *d)
{
    return km_opencl_check(clEnqueueReadBuffer(e->queue, buffer, CL_TRUE, (row * e->b.stride + from) * size, n * size, out, 0, NULL,
                                               NULL),
                           "clEnqueueReadBuffer", d);
}

/* A kernel that ends early is the driver's fault, and must not look like a map. */
static km_status check_all_computed(const km_engine *e, const signed char *status, size_t n, km_diag *d)
{
    size_t missing = 0;

    for (size_t i = 0; i < n; i++)
        missing += status[i] == KM_POINT_NOT_COMPUTED;
    if (missing > 0)
        return km_diag_fail(d, KM_E_DEVICE, "the device %s returned without computing %zu of %zu points; its driver (%s %s) is at "
                                            "fault, another --lanes or --device may do", e->device.name, missing, n,
                            e->device.platform, e->device.driver);
    return KM_OK;
}

km_status km_batch_read(km_engine *e, size_t from, km_results *r, size_t at, size_t n, km_diag *d)
{
    const km_buffers *b = &e->b;
    cl_int *ignored = e->staging;
    int margin = 0;
    km_status st = KM_OK;

    for (int k = 0; k < e->source.layout.n_endpoints; k++) {
        size_t to = (size_t)k * r->n + at;
        if (r->value)
            KM_TRY(read_reals(e, b->value, (size_t)k, from, n, r->value + to, d));
        if (r->state)
            KM_TRY(read_bytes(e, b->state, (size_t)k, from, n, 1, r->state + to, d));
        if (r->margin && e->study->endpoint[k].margin)
            KM_TRY(read_reals(e, b->margin, (size_t)margin++, from, n, r->margin + to, d));
    }
    if (r->status) {
        KM_TRY(read_bytes(e, b->status, 0, from, n, 1, r->status + at, d));
        KM_TRY(check_all_computed(e, r->status + at, n, d));
    }
    if (r->steps)
        KM_TRY(read_bytes(e, b->steps, 0, from, n, sizeof(cl_int), r->steps + at, d));
    if (r->rejected)
        KM_TRY(read_bytes(e, b->rejected, 0, from, n, sizeof(cl_int), r->rejected + at, d));
    if (r->last_time)
        KM_TRY(read_reals(e, b->last_time, 0, from, n, r->last_time + at, d));
    KM_TRY(read_bytes(e, b->ignored, 0, from, n, sizeof(cl_int), ignored, d));
    for (size_t i = 0; i < n; i++)
        e->facts.doses_ignored += (uint64_t)ignored[i];
done:
    return st;
}
