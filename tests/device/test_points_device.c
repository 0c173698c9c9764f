/* kernels/points.h on an OpenCL device gives the host's words. Without a device it is skipped. */
#include "cmocka_all.h"

#include "base/file.h"
#include "base/memory.h"
#include "engine/device.h"
#include "engine/opencl.h"
#include "points.h"
#include "study/joe_kuo.h"

#include <stdlib.h>

enum { N = 4096, DIMENSION = 77, LAST = 4999 };
static const uint64_t seed = 0x123456789abcdefU;

static const char *const kernel_text =
    "__kernel void points(__global const uint *direction, const ulong seed, __global uint *out)\n"
    "{ const uint i = (uint)get_global_id(0), n = (uint)get_global_size(0);\n"
    "  out[i] = km_point_sobol(direction, seed, 77u, i);\n"
    "  out[n + i] = km_point_stratum(seed, 77u, i, 4999u);\n"
    "  out[2 * n + i] = km_point_jitter(seed, 77u, i); }\n";

static void test_device_and_host_agree(void **state)
{
    static cl_uint out[3 * N];
    cl_uint direction[32];
    char *header = NULL, *text;
    const char *source;
    km_device_info device;
    cl_context context;
    cl_command_queue queue;
    cl_program program;
    cl_kernel kernel = NULL;
    cl_mem table = NULL, result = NULL;
    cl_ulong key = seed;
    cl_device_id id;
    cl_int error;
    size_t n = N;
    km_diag d;

    (void)state;
    km_diag_init(&d);
    if (km_device_choose(NULL, &device, &d) != KM_OK) {
        print_message("skipped: %s\n", d.message);
        km_diag_clear(&d);
        skip();
    }
    id = device.id;
    km_joe_kuo_directions(DIMENSION, direction);
    assert_ok(km_file_read(KM_SOURCE_DIR "/kernels/points.h", &header, NULL, &d), &d);
    text = km_format("%s%s", header, kernel_text);
    source = text;
    context = clCreateContext(NULL, 1, &id, NULL, NULL, &error);
    assert_int_equal(error, CL_SUCCESS);
    queue = clCreateCommandQueue(context, id, 0, &error);
    assert_int_equal(error, CL_SUCCESS);
    program = clCreateProgramWithSource(context, 1, &source, NULL, &error);
    assert_int_equal(error, CL_SUCCESS);
    assert_int_equal(clBuildProgram(program, 1, &id, "-cl-std=CL1.2 -Werror", NULL, NULL), CL_SUCCESS);
    assert_ok(km_opencl_kernel(program, "points", &kernel, &d), &d);
    assert_ok(km_opencl_buffer(context, CL_MEM_READ_ONLY, sizeof direction, direction, &table, &d), &d);
    assert_ok(km_opencl_buffer(context, CL_MEM_READ_WRITE, sizeof out, NULL, &result, &d), &d);
    assert_int_equal(clSetKernelArg(kernel, 0, sizeof table, &table), CL_SUCCESS);
    assert_int_equal(clSetKernelArg(kernel, 1, sizeof key, &key), CL_SUCCESS);
    assert_int_equal(clSetKernelArg(kernel, 2, sizeof result, &result), CL_SUCCESS);
    assert_int_equal(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &n, NULL, 0, NULL, NULL), CL_SUCCESS);
    assert_int_equal(clEnqueueReadBuffer(queue, result, CL_TRUE, 0, sizeof out, out, 0, NULL, NULL), CL_SUCCESS);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(out[i], km_point_sobol(direction, seed, DIMENSION, i));
        assert_int_equal(out[N + i], km_point_stratum(seed, DIMENSION, i, LAST));
        assert_int_equal(out[2 * N + i], km_point_jitter(seed, DIMENSION, i));
    }
    clReleaseMemObject(table);
    clReleaseMemObject(result);
    clReleaseKernel(kernel);
    clReleaseProgram(program);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
    free(text), free(header);
    km_diag_clear(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_device_and_host_agree)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
