/* The device's own multiply-add rate through OpenCL: twelve independent chains of lane vectors in registers. Prints
 * GFLOP/s per core-second, single and double, the median of seven. Build: cc -O2 peak.c -lOpenCL */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CHAINS = 12, GROUPS = 128, TURNS = 100000, ROUNDS = 7 };

static double cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static const char text[] =
    "__kernel void peak(__global T *out, const int turns)\n{\n"
    "    V a[12], m = (V)(0.999f), b = (V)(0.001f), sum = (V)(0);\n"
    "    for (int i = 0; i < 12; i++) a[i] = (V)(i + get_global_id(0));\n"
    "    for (int k = 0; k < turns; k++) {\n"
    "        _Pragma(\"unroll\") for (int i = 0; i < 12; i++) a[i] = fma(a[i], m, b);\n    }\n"
    "    for (int i = 0; i < 12; i++) sum += a[i];\n    out[get_global_id(0)] = sum.s0 + sum.s7;\n}\n";

int main(void)
{
    const char *options[2] = {"-DT=float -DV=float16", "-DT=double -DV=double8"}, *source = text;
    cl_platform_id platform;
    cl_device_id device;
    cl_int error = CL_SUCCESS;

    if (clGetPlatformIDs(1, &platform, NULL) || clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL))
        return 77;
    cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &error);
    cl_command_queue queue = clCreateCommandQueue(context, device, 0, &error);
    for (int p = 0; p < 2; p++) {
        cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &error);
        if (clBuildProgram(program, 1, &device, options[p], NULL, NULL))
            return 1;
        cl_kernel kernel = clCreateKernel(program, "peak", &error);
        cl_mem out = clCreateBuffer(context, CL_MEM_READ_WRITE, 8 * GROUPS, NULL, &error);
        size_t global = GROUPS, local = 1;
        cl_int turns = TURNS;
        double rate[ROUNDS];
        clSetKernelArg(kernel, 0, sizeof out, &out);
        clSetKernelArg(kernel, 1, sizeof turns, &turns);
        for (int r = -1; r < ROUNDS; r++) { /* the first launch compiles */
            double seconds = cpu();
            clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL);
            clFinish(queue);
            seconds = cpu() - seconds;
            if (r >= 0)
                rate[r] = 2.0 * CHAINS * (p ? 8 : 16) * (double)GROUPS * TURNS / seconds / 1e9;
        }
        qsort(rate, ROUNDS, sizeof *rate, ascending);
        printf("%s %.1f (%.1f to %.1f)\n", p ? "double" : "single", rate[ROUNDS / 2], rate[0], rate[ROUNDS - 1]);
    }
    return 0;
}
