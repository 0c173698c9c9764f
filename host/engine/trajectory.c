/* One trajectory at given times: a program of its own, in double precision where the device has it. */
#include "engine/batch.h"

#include "base/memory.h"
#include "engine/program.h"

#include <stdlib.h>

km_status km_engine_trajectory(km_engine *e, const double *row, const double *time, size_t n_times, double *value,
                               signed char *status, km_diag *d)
{
    km_source source = {0};
    bool single = !e->device.fp64;
    size_t n_values = n_times * (size_t)e->study->model->n_outputs, one = 1;
    km_program program = {0};
    cl_kernel prepare = NULL, kernel = NULL;
    km_buffers b = {0};
    cl_mem times = NULL, out = NULL;
    cl_uint n = 1, capacity = 1, count = (cl_uint)n_times, at = 0;
    float *narrow = NULL;
    km_status st = KM_OK;

    KM_TRY(km_codegen_opencl(e->study, KM_CODE_TRAJECTORY, single, e->device.fp64, 1, e->kernel_dir, &source, d));
    KM_TRY(km_program_build(e->context, e->id, e->queue, &source, &program, d));
    KM_TRY(km_opencl_kernel(program.program, "km_prepare_rows", &prepare, d));
    KM_TRY(km_opencl_kernel(program.program, "km_trajectory", &kernel, d));
    KM_TRY(km_buffers_create(e->context, &source, 1, &b, d));
    KM_TRY(km_batch_prepare_rows(e, &source, prepare, &b, row, 1, d));
    KM_TRY(km_buffer_wide(e->context, &source, time, n_times, &times, d));
    KM_TRY(km_opencl_buffer(e->context, CL_MEM_READ_WRITE, n_values * km_real_size(&source), NULL, &out, d));
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
    km_program_keep(&program);

done:
    free(narrow);
    km_buffer_release(&times);
    km_buffer_release(&out);
    km_buffers_release(&b);
    if (prepare)
        clReleaseKernel(prepare);
    if (kernel)
        clReleaseKernel(kernel);
    km_program_release(&program);
    km_source_clear(&source);
    return st;
}
