/* kernels/lane_math.h, and lane_powers.h with the tables of literal exponents, against the host's long double
 * library, on any OpenCL device: largest relative errors, special values, and the same bits from single lanes
 * as from vectors. Without a device the tests are skipped. */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "codegen/literal_power.h"

#ifndef KM_SOURCE_DIR
#error "KM_SOURCE_DIR is the folder that holds kernels/"
#endif

enum { N_INPUTS = 1 << 16 };
static const uint64_t seed = 20240607;

typedef long double (*reference)(long double x, long double y, bool single);

/* Rounds as the kernel's precision does, for references of functions that round on the way. */
static long double rounded(long double x, bool single)
{
    return single ? (long double)(float)x : (long double)(double)x;
}

static long double log1p_(long double x, long double y, bool single)
{
    (void)y, (void)single;
    return log1pl(x);
}

#define REFERENCE(name, value)                                                                     \
    static long double name(long double x, long double y, bool single)                             \
    {                                                                                              \
        (void)y, (void)single;                                                                     \
        return value;                                                                              \
    }
REFERENCE(exp2_, exp2l(x))
REFERENCE(log2_, log2l(x))
REFERENCE(exp_, expl(x))
REFERENCE(log_, logl(x))
REFERENCE(log10_, log10l(x))
REFERENCE(expm1_, expm1l(x))
REFERENCE(tanh_, tanhl(x))
REFERENCE(sinh_, sinhl(x))
REFERENCE(cosh_, coshl(x))
REFERENCE(recip_, 1.0L / x)

/* Unlike C, x < 0 gives NaN for every y. */
static long double pow_(long double x, long double y, bool single)
{
    (void)single;
    return x < 0.0L ? (long double)NAN : powl(x, y);
}

static long double pow1p_(long double x, long double y, bool single)
{
    (void)single;
    return x < -1.0L ? (long double)NAN : x == -1.0L ? powl(0.0L, y) - 1.0L : expm1l(y * log1pl(x));
}

/* Stands for any result: where an intermediate one leaves the kernel's range. */
static const long double anything = LDBL_MAX;

static long double posp_(long double x, long double y, bool single)
{
    const int most = single ? 126 : 1022;
    long double base = rounded((x > 0.0L ? x : 0.0L) + rounded(1e-3L, single), single);
    long double power = powl(base, rounded(y - 1.0L, single));
    return power < exp2l(-most) || power > exp2l(most) ? anything : x * power;
}

static long double root8_(long double x, long double y, bool single)
{
    (void)y, (void)single;
    return powl(x > 1e-24L ? (x < 1e24L ? x : 1e24L) : isnan(x) ? 1e24L : 1e-24L, -0.125L);
}

/* What is tested, and the largest relative error in double and single precision; that of a power
 * x^y grows as |y| / 4 from |y| = 4. */
static const struct function {
    const char *name, *call;
    reference value;
    double most_double, most_single;
    bool power;
} functions[] = {
    {"km_exp2", "km_exp2(x)", exp2_, 1.5e-13, 3e-7, false},
    {"km_log2", "km_log2(x)", log2_, 1.5e-13, 3e-7, false},
    {"km_exp", "km_exp(x)", exp_, 1.5e-13, 3e-7, false},
    {"km_log", "km_log(x)", log_, 1.5e-13, 3e-7, false},
    {"km_log10", "km_log10(x)", log10_, 1.5e-13, 3e-7, false},
    {"km_expm1", "km_expm1(x)", expm1_, 1.5e-13, 3e-7, false},
    {"km_log1p", "km_log1p(x)", log1p_, 1.5e-13, 3e-7, false},
    {"km_pow", "km_pow(x, y)", pow_, 2.5e-13, 3.5e-7, true},
    {"km_pow1p", "km_pow1p(x, y)", pow1p_, 2.5e-13, 3.5e-7, true},
    {"km_posp", "km_posp(x, y, (real)R(1e-3))", posp_, 2.5e-13, 3.5e-7, true},
    {"km_tanh", "km_tanh(x)", tanh_, 1.5e-13, 3e-7, false},
    {"km_sinh", "km_sinh(x)", sinh_, 1.5e-13, 3e-7, false},
    {"km_cosh", "km_cosh(x)", cosh_, 1.5e-13, 3e-7, false},
    {"km_recip", "km_recip(x)", recip_, 3e-16, 3e-7, false},
    {"km_root8", "km_root8(x)", root8_, 1e-4, 1e-4, false},
};
enum { N_FUNCTIONS = sizeof functions / sizeof functions[0] };

/* Literal exponents; each gives two functions more, x^n and (1 + x)^n - 1. */
static const double exponents[] = {-0.967, 0.9, 0.5, 1.97, 4.2, -1.31, 10.3, 15.0, -15.0, -0.6, 7.0};
enum { N_EXPONENTS = sizeof exponents / sizeof exponents[0], N_ALL = N_FUNCTIONS + 2 * N_EXPONENTS };

/* The exponent of function f, as the kernel has it; 0 for those of the table above. */
static double exponent_of(size_t f, bool single)
{
    double n = f < N_FUNCTIONS ? 0.0 : exponents[(f - N_FUNCTIONS) / 2];
    return single ? (double)(float)n : n;
}

static bool is_less_1(size_t f)
{
    return (f - N_FUNCTIONS) % 2 == 1;
}

/* Where a literal power is special. */
static double special_power(double x, double n, bool less_1)
{
    double u = less_1 ? 1.0 + x : x, none = less_1 ? -1.0 : 0.0;
    if (isnan(u) || u < 0.0)
        return NAN;
    return isinf(u) == (n > 0.0) ? (double)INFINITY : none;
}

static const struct special {
    const char *name;
    double x, y, value;
} specials[] = {
    {"km_exp2", 0.0, 0.0, 1.0},
    {"km_exp2", 3.0, 0.0, 8.0},
    {"km_exp2", -2.0, 0.0, 0.25},
    {"km_exp2", 1e4, 0.0, INFINITY},
    {"km_exp2", -1e4, 0.0, 0.0},
    {"km_exp2", INFINITY, 0.0, INFINITY},
    {"km_exp2", -INFINITY, 0.0, 0.0},
    {"km_exp2", NAN, 0.0, NAN},
    {"km_exp", 0.0, 0.0, 1.0},
    {"km_exp", 1e4, 0.0, INFINITY},
    {"km_exp", -1e4, 0.0, 0.0},
    {"km_exp", INFINITY, 0.0, INFINITY},
    {"km_exp", -INFINITY, 0.0, 0.0},
    {"km_exp", NAN, 0.0, NAN},
    {"km_expm1", 0.0, 0.0, 0.0},
    {"km_expm1", 1e4, 0.0, INFINITY},
    {"km_expm1", -1e4, 0.0, -1.0},
    {"km_expm1", INFINITY, 0.0, INFINITY},
    {"km_expm1", -INFINITY, 0.0, -1.0},
    {"km_expm1", NAN, 0.0, NAN},
    {"km_log2", 1.0, 0.0, 0.0},
    {"km_log2", 0.125, 0.0, -3.0},
    {"km_log2", 0.0, 0.0, -INFINITY},
    {"km_log2", -0.0, 0.0, -INFINITY},
    {"km_log2", -1.0, 0.0, NAN},
    {"km_log2", INFINITY, 0.0, INFINITY},
    {"km_log2", -INFINITY, 0.0, NAN},
    {"km_log2", NAN, 0.0, NAN},
    {"km_log", 1.0, 0.0, 0.0},
    {"km_log", 0.0, 0.0, -INFINITY},
    {"km_log", -1.0, 0.0, NAN},
    {"km_log", INFINITY, 0.0, INFINITY},
    {"km_log", NAN, 0.0, NAN},
    {"km_log10", 1.0, 0.0, 0.0},
    {"km_log10", 0.0, 0.0, -INFINITY},
    {"km_log10", -1.0, 0.0, NAN},
    {"km_log1p", 0.0, 0.0, 0.0},
    {"km_log1p", -1.0, 0.0, -INFINITY},
    {"km_log1p", -1.5, 0.0, NAN},
    {"km_log1p", INFINITY, 0.0, INFINITY},
    {"km_log1p", NAN, 0.0, NAN},
    {"km_pow", 1.0, 3.7, 1.0},
    {"km_pow", 1.0, -1e30, 1.0},
    {"km_pow", 5.3, 0.0, 1.0},
    {"km_pow", 0.0, 0.0, 1.0},
    {"km_pow", INFINITY, 0.0, 1.0},
    {"km_pow", 0.0, 0.8, 0.0},
    {"km_pow", 0.0, 1e-20, 0.0},
    {"km_pow", 0.0, -0.8, INFINITY},
    {"km_pow", -0.0, 2.0, 0.0},
    {"km_pow", 4.0, 0.5, 2.0},
    {"km_pow", 2.0, 10.0, 1024.0},
    {"km_pow", INFINITY, 0.5, INFINITY},
    {"km_pow", INFINITY, -0.5, 0.0},
    {"km_pow", 1e10, 1e3, INFINITY},
    {"km_pow", 1e-10, 1e3, 0.0},
    {"km_pow", -1.0, 2.0, NAN},
    {"km_pow", -1e-20, 0.5, NAN},
    {"km_pow", -INFINITY, 2.0, NAN},
    {"km_pow", NAN, 2.0, NAN},
    {"km_pow", 2.0, NAN, NAN},
    {"km_pow1p", 0.0, 3.7, 0.0},
    {"km_pow1p", 0.0, -1e30, 0.0},
    {"km_pow1p", 2.5, 0.0, 0.0},
    {"km_pow1p", -1.0, 0.0, 0.0},
    {"km_pow1p", -1.0, 0.8, -1.0},
    {"km_pow1p", -1.0, -0.8, INFINITY},
    {"km_pow1p", -1.5, 2.0, NAN},
    {"km_pow1p", INFINITY, 0.5, INFINITY},
    {"km_pow1p", 1e10, 1e3, INFINITY},
    {"km_pow1p", NAN, 2.0, NAN},
    {"km_posp", 0.0, 0.8, 0.0},
    {"km_posp", 0.0, 2.0, 0.0},
    {"km_posp", 0.75, 1.0, 0.75},
    {"km_posp", -0.5, 1.0, -0.5},
    {"km_posp", NAN, 1.0, NAN},
    {"km_tanh", 0.0, 0.0, 0.0},
    {"km_tanh", 1e3, 0.0, 1.0},
    {"km_tanh", -INFINITY, 0.0, -1.0},
    {"km_tanh", NAN, 0.0, NAN},
    {"km_sinh", 0.0, 0.0, 0.0},
    {"km_sinh", -INFINITY, 0.0, -INFINITY},
    {"km_sinh", NAN, 0.0, NAN},
    {"km_cosh", 0.0, 0.0, 1.0},
    {"km_cosh", -INFINITY, 0.0, INFINITY},
    {"km_cosh", NAN, 0.0, NAN},
    {"km_recip", 4.0, 0.0, 0.25},
};
enum { N_SPECIALS = sizeof specials / sizeof specials[0] };

/* The inputs: the specials first, then random ones of every kind. Single values are exact in both.
 */
static uint64_t state;

static double uniform(double low, double high)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (double)(state >> 11) * 0x1p-53;
}

static double sign(void)
{
    return uniform(0.0, 1.0) < 0.5 ? -1.0 : 1.0;
}

static void choose_inputs(bool single, double *x, double *y)
{
    const double most = single ? 126.0 : 1022.0;

    state = seed;
    for (int i = 0; i < N_INPUTS; i++) {
        switch (i % 8) {
        case 0: x[i] = sign() * exp2(uniform(-most, most + 1.99)); break;
        case 1: x[i] = exp2(uniform(-20.0, 20.0)); break;
        case 2: x[i] = uniform(-3.0, 3.0); break;
        case 3: x[i] = 1.0 + sign() * exp2(uniform(-60.0, 0.0)); break;
        case 4: x[i] = sign() * exp2(uniform(-100.0, 0.0)); break; /* 1e-30 and up */
        case 5: x[i] = uniform(-1.1, 1.1) * most; break;
        case 6: x[i] = -1.0 + exp2(uniform(-53.0, 1.0)); break;
        default: x[i] = uniform(0.0, 4.0); break;
        }
        switch ((i / 8) % 5) {
        case 0: y[i] = uniform(-5.0, 5.0); break;
        case 1: y[i] = floor(uniform(-6.0, 7.0)); break;
        case 2: y[i] = sign() * exp2(uniform(-30.0, 6.0)); break;
        case 3: y[i] = uniform(0.5, 2.0); break;
        default: y[i] = uniform(0.0, 1.0); break;
        }
        if (i < N_SPECIALS) {
            x[i] = specials[i].x;
            y[i] = specials[i].y;
        }
        if (single) {
            x[i] = (double)(float)x[i];
            y[i] = (double)(float)y[i];
        }
    }
}

/* The device. */
static struct {
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    bool has_double;
} gpu;

static bool has_double(cl_device_id device)
{
    char extensions[16384] = "";
    (void)clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, sizeof extensions - 1, extensions, NULL);
    return strstr(extensions, "cl_khr_fp64") != NULL;
}

/* The first CPU, else the first device of any kind. */
static int open_device(void **unused)
{
    cl_platform_id platforms[16];
    cl_uint n_platforms = 0;
    cl_device_type types[] = {CL_DEVICE_TYPE_CPU, CL_DEVICE_TYPE_ALL};

    (void)unused;
    if (clGetPlatformIDs(16, platforms, &n_platforms) != CL_SUCCESS)
        return 0;
    if (n_platforms > 16)
        n_platforms = 16;
    for (int t = 0; t < 2 && gpu.device == NULL; t++)
        for (cl_uint i = 0; i < n_platforms && gpu.device == NULL; i++)
            if (clGetDeviceIDs(platforms[i], types[t], 1, &gpu.device, NULL) != CL_SUCCESS)
                gpu.device = NULL;
    if (gpu.device == NULL)
        return 0;
    gpu.has_double = has_double(gpu.device);
    gpu.context = clCreateContext(NULL, 1, &gpu.device, NULL, NULL, NULL);
    gpu.queue = gpu.context ? clCreateCommandQueue(gpu.context, gpu.device, 0, NULL) : NULL;
    return gpu.queue != NULL ? 0 : -1;
}

static int close_device(void **unused)
{
    (void)unused;
    if (gpu.queue != NULL)
        (void)clReleaseCommandQueue(gpu.queue);
    if (gpu.context != NULL)
        (void)clReleaseContext(gpu.context);
    return 0;
}

static bool can_run(bool single)
{
    if (gpu.device == NULL)
        print_message("no OpenCL device found: skipped\n");
    else if (!single && !gpu.has_double)
        print_message("the device has no double precision: skipped\n");
    else
        return true;
    return false;
}

/* Appends the file's text. */
static void append_file(char *text, size_t room, const char *path)
{
    size_t length = strlen(text);
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        fail_msg("cannot open %s", path);
    length += fread(text + length, 1, room - 1 - length, file);
    assert_true(length < room - 1);
    text[length] = '\0';
    (void)fclose(file);
}

/* Every function of every input, [function][input], with so many lanes. */
static void *evaluate(bool single, int n_lanes, const double *x, const double *y)
{
    enum { ROOM = 1 << 19 };
    const size_t size = single ? sizeof(float) : sizeof(double);
    const size_t n_bytes = (size_t)N_INPUTS * size;
    char *source = calloc(ROOM, 1);
    char *input[2] = {malloc(n_bytes), malloc(n_bytes)};
    char *output = malloc(n_bytes * N_ALL);
    km_literal_powers powers = {.single = single};
    km_text literals = {0};
    const double *from[2] = {x, y};
    cl_mem buffer[3];
    cl_int code = 0;

    assert_true(source != NULL && input[0] != NULL && input[1] != NULL && output != NULL);
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < N_INPUTS; i++) {
            float f = (float)from[k][i];
            memcpy(input[k] + i * size, single ? (const void *)&f : (const void *)&from[k][i],
                   size);
        }

    (void)snprintf(source, ROOM,
                   "#define KM_SINGLE %d\n#define KM_LANES %d\n#define KM_WIDE_DOUBLE %d\n", single,
                   n_lanes, !single);
    append_file(source, ROOM, KM_SOURCE_DIR "/kernels/real.h");
    append_file(source, ROOM, KM_SOURCE_DIR "/kernels/lane_tables.h");
    append_file(source, ROOM, KM_SOURCE_DIR "/kernels/lane_math.h");
    append_file(source, ROOM, KM_SOURCE_DIR "/kernels/lane_powers.h");
    for (int e = 0; e < N_EXPONENTS; e++)
        assert_int_equal(km_literal_power_id(&powers, exponents[e]), e);
    assert_int_equal(km_literal_power_id(&powers, exponents[3]), 3);
    assert_int_equal(km_literal_power_id(&powers, 0.4), -1);
    assert_int_equal(km_literal_power_id(&powers, 15.5), -1);
    assert_int_equal(km_literal_power_id(&powers, (double)NAN), -1);
    km_write_literal_powers(&powers, &literals);
    (void)snprintf(source + strlen(source), ROOM - strlen(source),
                   "#define KM_NUMBER(x) ((real)(x))\n#define KM_FMA(a, b, c) km_fma((real)(a), (real)(b), (real)(c))\n%s",
                   literals.data);
    km_literal_powers_clear(&powers);
    km_text_clear(&literals);
    for (int f = 0; f < N_ALL; f++) {
        size_t length = strlen(source);
        char call[64];

        if (f >= N_FUNCTIONS)
            (void)snprintf(call, sizeof call, "km_pow%s_%d(x)", is_less_1((size_t)f) ? "1p" : "", (f - N_FUNCTIONS) / 2);
        (void)snprintf(
            source + length, ROOM - length,
            "__kernel void k%d(__global const real *a, __global const real *b, __global real *c)\n"
            "{ size_t i = get_global_id(0); real x = a[i], y = b[i]; c[i] = %s; }\n",
            f, f < N_FUNCTIONS ? functions[f].call : call);
    }
    const char *text = source;
    cl_program program = clCreateProgramWithSource(gpu.context, 1, &text, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    code = clBuildProgram(program, 1, &gpu.device, "-cl-std=CL1.2 -cl-mad-enable", NULL, NULL);
    if (code != CL_SUCCESS) {
        (void)clGetProgramBuildInfo(program, gpu.device, CL_PROGRAM_BUILD_LOG, ROOM - 1, source,
                                    NULL);
        fail_msg("the kernels do not build (%d): %s", code, source);
    }
    for (int k = 0; k < 2; k++) {
        buffer[k] = clCreateBuffer(gpu.context, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, n_bytes,
                                   input[k], &code);
        assert_int_equal(code, CL_SUCCESS);
    }
    buffer[2] = clCreateBuffer(gpu.context, CL_MEM_WRITE_ONLY, n_bytes, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    for (size_t f = 0; f < N_ALL; f++) {
        char name[16];
        size_t n_items = (size_t)N_INPUTS / (size_t)n_lanes;

        (void)snprintf(name, sizeof name, "k%d", (int)f);
        cl_kernel kernel = clCreateKernel(program, name, &code);
        assert_int_equal(code, CL_SUCCESS);
        for (cl_uint k = 0; k < 3; k++)
            assert_int_equal(clSetKernelArg(kernel, k, sizeof(cl_mem), &buffer[k]), CL_SUCCESS);
        assert_int_equal(
            clEnqueueNDRangeKernel(gpu.queue, kernel, 1, NULL, &n_items, NULL, 0, NULL, NULL),
            CL_SUCCESS);
        assert_int_equal(clEnqueueReadBuffer(gpu.queue, buffer[2], CL_TRUE, 0, n_bytes,
                                             output + f * n_bytes, 0, NULL, NULL),
                         CL_SUCCESS);
        (void)clReleaseKernel(kernel);
    }
    for (int k = 0; k < 3; k++)
        (void)clReleaseMemObject(buffer[k]);
    (void)clReleaseProgram(program);
    free(source);
    free(input[0]);
    free(input[1]);
    return output;
}

static double value_at(const void *output, bool single, size_t f, size_t i)
{
    size_t at = f * N_INPUTS + i;
    return single ? (double)((const float *)output)[at] : ((const double *)output)[at];
}

static size_t find_function(const char *name)
{
    size_t f = 0;
    while (f < N_FUNCTIONS && strcmp(functions[f].name, name) != 0)
        f++;
    assert_true(f < N_FUNCTIONS);
    return f;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Relative error, 0 where the result may be anything near: overflow and denormals. */
static double error_of(double got, long double expected, bool single)
{
    const long double smallest = single ? (long double)FLT_MIN : (long double)DBL_MIN;
    const long double largest = single ? (long double)FLT_MAX : (long double)DBL_MAX;

    if (expected == anything)
        return 0.0;
    if (isnan(got) || isnan(expected))
        return isnan(got) && isnan(expected) ? 0.0 : (double)INFINITY;
    if (fabsl(expected) < smallest)
        return fabsl((long double)got) <= smallest * 1.001L ? 0.0 : (double)INFINITY;
    if (isinf(got))
        return fabsl(expected) > largest * 0.35L && (got > 0.0) == (expected > 0.0L)
                   ? 0.0
                   : (double)INFINITY;
    return (double)fabsl((long double)got / expected - 1.0L);
}

/* Counts what is wrong with function f: too large an error, or lanes that differ. */
static int check_function(size_t f, bool single, const double *x, const double *y, const void *scalar, const void *vector)
{
    const bool literal = f >= N_FUNCTIONS;
    const double smallest = single ? (double)FLT_MIN : DBL_MIN, largest = single ? (double)FLT_MAX : DBL_MAX;
    const double n = exponent_of(f, single);
    const double allowed = literal ? (single ? 3.5e-7 : 2.5e-13) : single ? functions[f].most_single : functions[f].most_double;
    char name[32];
    double most = 0.0;
    size_t worst = 0, n_different = 0;
    int n_wrong = 0;

    if (literal)
        (void)snprintf(name, sizeof name, "%s^%g", is_less_1(f) ? "pow1p" : "pow", n);
    else
        (void)snprintf(name, sizeof name, "%s", functions[f].name);
    for (size_t i = 0; i < N_INPUTS; i++) {
        double got = value_at(vector, single, f, i), error;
        bool denormal = x[i] != 0.0 && fabs(x[i]) < smallest;
        if (literal) {
            long double expected = is_less_1(f) ? pow1p_(x[i], n, single) : pow_(x[i] == 0.0 ? 0.0 : x[i], n, single);
            bool near_zero = single && !is_less_1(f) && fabs(x[i]) < 0x1p-120; /* counts as 0 */
            bool near_infinity = isinf(got) && got > 0.0 && expected > (long double)largest * 1e-3L;
            error = near_zero || near_infinity ? 0.0 : error_of(got, expected, single) / fmax(1.0, 0.25 * fabs(n));
        } else {
            error = error_of(got, functions[f].value((long double)x[i], (long double)y[i], single), single);
            if (functions[f].power)
                error /= fmax(1.0, 0.25 * fabs(y[i]));
            if (i < N_SPECIALS && strcmp(specials[i].name, functions[f].name) != 0 && !isfinite(x[i] + y[i]))
                error = 0.0; /* specials that belong to another function */
        }
        if (denormal)
            error = 0.0;
        if (error > most) {
            most = error;
            worst = i;
        }
        n_different += !same(got, value_at(scalar, single, f, i));
    }
    print_message("  %-12s %.2g (allowed %.2g) at x = %.17g, y = %.17g\n", name, most, allowed, x[worst], y[worst]);
    if (!(most <= allowed)) {
        print_error("  %s: got %.17g\n", name, value_at(vector, single, f, worst));
        n_wrong++;
    }
    if (n_different > 0) {
        print_error("  %s: %zu values differ between few lanes and many\n", name, n_different);
        n_wrong++;
    }
    return n_wrong;
}

/* 0, 1 and what is no number, of the literal powers, exactly. */
static int check_literal_specials(bool single, const double *x, const void *vector)
{
    int n_wrong = 0;

    for (size_t f = N_FUNCTIONS; f < N_ALL; f++)
        for (size_t i = 0; i < N_SPECIALS; i++) {
            const double u = is_less_1(f) ? 1.0 + x[i] : x[i], n = exponent_of(f, single);
            const double got = value_at(vector, single, f, i);
            const double expected = u == 1.0 ? (is_less_1(f) ? 0.0 : 1.0) : special_power(x[i], n, is_less_1(f));
            if (!(u == 1.0 && (!is_less_1(f) || x[i] == 0.0)) && u > 0.0 && isfinite(u))
                continue;
            if (!same(got, expected)) {
                print_error("  %s^%g at x = %g: got %g, not %g\n", is_less_1(f) ? "pow1p" : "pow", n, x[i], got, expected);
                n_wrong++;
            }
        }
    return n_wrong;
}

static void check_precision(bool single)
{
    double *x = malloc(N_INPUTS * sizeof *x), *y = malloc(N_INPUTS * sizeof *y);
    const int widths[] = {1, single ? 16 : 8};
    int n_wrong = 0;

    if (!can_run(single)) {
        free(x);
        free(y);
        skip();
    }
    assert_true(x != NULL && y != NULL);
    choose_inputs(single, x, y);
    void *scalar = evaluate(single, widths[0], x, y);
    void *vector = evaluate(single, widths[1], x, y);

    print_message("seed %llu, %d inputs, %s precision, lanes 1 and %d\n", (unsigned long long)seed,
                  N_INPUTS, single ? "single" : "double", widths[1]);
    for (size_t f = 0; f < N_ALL; f++)
        n_wrong += check_function(f, single, x, y, scalar, vector);
    n_wrong += check_literal_specials(single, x, vector);
    for (size_t i = 0; i < N_SPECIALS; i++) {
        double got = value_at(vector, single, find_function(specials[i].name), i);
        if (!same(got, specials[i].value)) {
            print_error("  %s at x = %g, y = %g: got %g, not %g\n", specials[i].name, specials[i].x,
                        specials[i].y, got, specials[i].value);
            n_wrong++;
        }
    }
    free(scalar);
    free(vector);
    free(x);
    free(y);
    assert_int_equal(n_wrong, 0);
}

static void double_precision(void **unused)
{
    (void)unused;
    check_precision(false);
}

static void single_precision(void **unused)
{
    (void)unused;
    check_precision(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(double_precision),
        cmocka_unit_test(single_precision),
    };
    return cmocka_run_group_tests_name("lane_math", tests, open_device, close_device);
}
