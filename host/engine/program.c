/* Building and probing. */
#include "engine/program.h"

#include "abi.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Contraction is allowed, reassociation is not: -cl-fast-relaxed-math folds the polynomials' rounding tricks. */
#define OPTIONS "-cl-std=CL1.2 -cl-mad-enable"

/* PoCL compiles the reductions behind km_any; SPIR-V does not know them, nor does Oclgrind, though clang offers them.
 * Older versions write their name in small letters. */
static const char *options_for(cl_device_id device)
{
    char version[256] = "";

    clGetDeviceInfo(device, CL_DEVICE_VERSION, sizeof version - 1, version, NULL);
    return strstr(version, "PoCL") || strstr(version, "pocl") ? OPTIONS : OPTIONS " -DKM_PORTABLE";
}

static km_status build_failed(cl_program program, cl_device_id device, cl_int error, km_diag *d)
{
    size_t size = 0;
    char *log, *first;
    km_status st;

    clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    log = km_alloc(size + 1, 1);
    clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    first = strstr(log, "error");
    first = first ? first : log;
    first[strcspn(first, "\n")] = '\0';
    st = km_diag_fail(d, KM_E_DEVICE, "the device's compiler refused the kernel (%s): %.300s", km_opencl_error_name(error),
                      first);
    free(log);
    return st;
}

static km_status probe(cl_context context, cl_command_queue queue, cl_program program, const km_source *source, km_diag *d)
{
    const int expected[4] = {KM_ABI_VERSION, source->single ? 4 : 8, source->wide_double ? 8 : 4, source->lanes};
    int seen[4] = {0};
    size_t one = 1;
    cl_kernel kernel = NULL;
    cl_mem out = NULL;
    km_status st = KM_OK;

    KM_TRY(km_opencl_kernel(program, "km_probe", &kernel, d));
    KM_TRY(km_opencl_buffer(context, CL_MEM_READ_WRITE, sizeof seen, NULL, &out, d));
    KM_CL(clSetKernelArg(kernel, 0, sizeof out, &out), d);
    KM_CL(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL), d);
    KM_CL(clEnqueueReadBuffer(queue, out, CL_TRUE, 0, sizeof seen, seen, 0, NULL, NULL), d);
    if (memcmp(expected, seen, sizeof seen) != 0)
        KM_FAIL(d, KM_E_BUG, "the device's program disagrees with the host: version %d, real %d, wide %d, lanes %d; expected "
                             "%d, %d, %d, %d", seen[0], seen[1], seen[2], seen[3], expected[0], expected[1], expected[2],
                expected[3]);

done:
    if (kernel)
        clReleaseKernel(kernel);
    if (out)
        clReleaseMemObject(out);
    return st;
}

km_status km_program_build(cl_context context, cl_device_id device, cl_command_queue queue, const km_source *source,
                           cl_program *out, km_diag *d)
{
    const char *text = source->text;
    cl_int error = CL_SUCCESS;
    km_status st = KM_OK;

    *out = clCreateProgramWithSource(context, 1, &text, NULL, &error);
    KM_TRY(km_opencl_check(error, "clCreateProgramWithSource", d));
    error = clBuildProgram(*out, 1, &device, options_for(device), NULL, NULL);
    if (error != CL_SUCCESS) {
        st = build_failed(*out, device, error, d);
        goto done;
    }
    KM_TRY(probe(context, queue, *out, source, d));

done:
    if (st != KM_OK && *out) {
        clReleaseProgram(*out);
        *out = NULL;
    }
    return st;
}
