#include "engine/peak.h"

#include "base/file.h"
#include "base/memory.h"
#include "codegen/embedded.h"
#include "engine/device.h"
#include "engine/opencl.h"

#include <stdlib.h>
#include <string.h>

enum { CHAINS = 12, CPU_GROUPS = 128, CPU_TURNS = 200000, GPU_LOCAL = 64, GPU_ITEMS_A_UNIT = 2048, GPU_TURNS = 20000 };

struct km_peak {
    cl_context context;
    cl_command_queue queue;
    cl_program program;
    cl_kernel kernel;
    cl_mem out;
    size_t global, local;
    cl_int turns;
    int lanes;
};

/* `owned` is freed by the caller. */
static km_status kernel_text(const char *kernel_dir, const char **text, char **owned, km_diag *d)
{
    char *path;
    km_status st;

    if (kernel_dir == NULL) {
        *text = km_embedded_kernel("peak.cl");
        return *text ? KM_OK : km_diag_fail(d, KM_E_BUG, "the kernel file peak.cl is not embedded");
    }
    path = km_format("%s/peak.cl", kernel_dir);
    st = km_file_read(path, owned, NULL, d);
    *text = *owned;
    free(path);
    return st;
}

static km_status build(km_peak *p, cl_device_id id, bool single, const char *kernel_dir, km_diag *d)
{
    const char *scalar = single ? "float" : "double", *text = NULL;
    char *width = p->lanes > 1 ? km_format("%d", p->lanes) : km_strdup(""), *owned = NULL;
    char *options = km_format("-cl-std=CL1.2 -DKM_PEAK_SCALAR=%s -DKM_PEAK_REAL=%s%s -DKM_PEAK_LANES=%d", scalar, scalar, width,
                              p->lanes);
    cl_int error = CL_SUCCESS;
    km_status st = KM_OK;

    KM_TRY(kernel_text(kernel_dir, &text, &owned, d));
    p->program = clCreateProgramWithSource(p->context, 1, &text, NULL, &error);
    KM_TRY(km_opencl_check(error, "clCreateProgramWithSource", d));
    KM_CL(clBuildProgram(p->program, 1, &id, options, NULL, NULL), d);
    KM_TRY(km_opencl_kernel(p->program, "km_peak", &p->kernel, d));
done:
    free(width);
    free(options);
    free(owned);
    return st;
}

km_status km_peak_create(const char *device, bool single, int lanes, const char *kernel_dir, km_peak **out, km_diag *d)
{
    km_peak *p = km_alloc(1, sizeof *p);
    km_device_info info;
    cl_device_id id;
    cl_int error = CL_SUCCESS;
    bool gpu;
    double flops;
    km_status st = KM_OK;

    *out = NULL;
    KM_TRY(km_device_choose(device, &info, d));
    id = info.id;
    gpu = strcmp(info.type, "GPU") == 0;
    p->lanes = lanes;
    p->local = gpu ? GPU_LOCAL : 1;
    p->global = gpu ? (size_t)info.compute_units * GPU_ITEMS_A_UNIT : CPU_GROUPS;
    p->turns = gpu ? GPU_TURNS : CPU_TURNS;
    p->context = clCreateContext(NULL, 1, &id, NULL, NULL, &error);
    KM_TRY(km_opencl_check(error, "clCreateContext", d));
    p->queue = clCreateCommandQueue(p->context, id, 0, &error);
    KM_TRY(km_opencl_check(error, "clCreateCommandQueue", d));
    KM_TRY(build(p, id, single, kernel_dir, d));
    KM_TRY(km_opencl_buffer(p->context, CL_MEM_READ_WRITE, p->global * sizeof(double), NULL, &p->out, d));
    KM_TRY(km_peak_run(p, &flops, d)); /* drivers compile at the first launch */
    *out = p;
    p = NULL;
done:
    km_peak_destroy(p);
    return st;
}

km_status km_peak_run(km_peak *p, double *flops, km_diag *d)
{
    km_status st = KM_OK;

    KM_CL(clSetKernelArg(p->kernel, 0, sizeof p->out, &p->out), d);
    KM_CL(clSetKernelArg(p->kernel, 1, sizeof p->turns, &p->turns), d);
    KM_CL(clEnqueueNDRangeKernel(p->queue, p->kernel, 1, NULL, &p->global, &p->local, 0, NULL, NULL), d);
    KM_CL(clFinish(p->queue), d);
    *flops = 2.0 * CHAINS * p->lanes * (double)p->global * (double)p->turns;
done:
    return st;
}

void km_peak_destroy(km_peak *p)
{
    if (p == NULL)
        return;
    km_opencl_settle(p->queue);
    if (p->out)
        clReleaseMemObject(p->out);
    if (p->kernel)
        clReleaseKernel(p->kernel);
    if (p->program)
        clReleaseProgram(p->program);
    if (p->queue)
        clReleaseCommandQueue(p->queue);
    if (p->context)
        clReleaseContext(p->context);
    free(p);
}
