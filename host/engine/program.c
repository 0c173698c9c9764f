/* Building and probing, and binaries kept between runs. */
#include "engine/program.h"

#include "abi.h"
#include "base/cache.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Contraction is allowed, reassociation is not: -cl-fast-relaxed-math folds the polynomials' rounding tricks. No warnings,
 * because PoCL prints their number past us to the terminal; tests/lint looks at them. */
#define OPTIONS "-cl-std=CL1.2 -cl-mad-enable -w"

/* Of a binary that runs the same bits; a study has two to four programs of 0.1 to 1 MB. */
#define BINARIES "programs"
enum { MOST_BYTES = 256 << 20 };

/* PoCL compiles the reductions behind km_any; SPIR-V does not know them, nor does Oclgrind, though clang offers them.
 * Older versions write their name in small letters. */
static bool is_pocl(cl_device_id device)
{
    char version[256] = "";

    clGetDeviceInfo(device, CL_DEVICE_VERSION, sizeof version - 1, version, NULL);
    return strstr(version, "PoCL") || strstr(version, "pocl");
}

static const char *options_for(cl_device_id device) { return is_pocl(device) ? OPTIONS : OPTIONS " -DKM_PORTABLE"; }

/* ---- a compiler that cannot write ---- */

/* More than any program takes: PoCL writes the source, and LLVM's code of it before it is linked (1 to 3 MB). */
enum { ROOM = 16 << 20 };

static atomic_int n_compiling; /* by PoCL */

static km_status check_room(km_diag *d)
{
    const char *folder = getenv("POCL_CACHE_DIR"); /* set by engine/device.c, if not by the user */
    char *path, *bytes;
    km_status st;

    if (folder == NULL || (bytes = calloc(ROOM, 1)) == NULL)
        return KM_OK;
    path = km_format("%s/ketamap-room-%ld", folder, (long)getpid());
    st = km_file_write(path, bytes, ROOM, d);
    (void)unlink(path);
    free(bytes);
    free(path);
    if (st != KM_OK)
        km_diag_context(d, "the device's compiler has no room for its files (a full disk, or a limit on the size of files)");
    return st;
}

km_status km_program_failure(cl_device_id device, km_status st, km_diag *d)
{
    km_diag room;

    if (st != KM_E_DEVICE || !is_pocl(device))
        return st;
    km_diag_init(&room);
    if (check_room(&room) == KM_E_IO)
        st = km_diag_fail(d, KM_E_IO, "%s", room.message);
    km_diag_clear(&room);
    return st;
}

km_status km_program_ended(km_diag *d) { return atomic_load(&n_compiling) > 0 ? check_room(d) : KM_OK; }

/* clBuildProgram, which may not come back. */
static cl_int build(cl_program program, cl_device_id device)
{
    cl_int error;

    if (!is_pocl(device))
        return clBuildProgram(program, 1, &device, options_for(device), NULL, NULL);
    atomic_fetch_add(&n_compiling, 1);
    error = clBuildProgram(program, 1, &device, options_for(device), NULL, NULL);
    atomic_fetch_sub(&n_compiling, 1);
    return error;
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
    return km_program_failure(device, st, d);
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

/* ---- binaries ---- */

/* PoCL keeps compiled kernels itself, and compiles every kernel once more, for any size of groups, when it is asked for a
 * binary: two to three seconds for one that starts 0.03 s sooner. It is asked only where the user names a cache. */
static bool worth_keeping(cl_device_id device)
{
    const char *named = getenv("KETAMAP_CACHE");

    return !is_pocl(device) || (named && *named);
}

/* Lengths stand before the texts, so that no two lists of texts look alike. */
static void add_text(km_text *out, const char *text) { km_text_add(out, "%zu:%s\n", strlen(text), text); }

static void name_binary(cl_device_id device, const km_source *source, char key[65])
{
    static const cl_device_info asked[] = {CL_DEVICE_NAME, CL_DEVICE_VENDOR, CL_DEVICE_VERSION, CL_DRIVER_VERSION};
    static const cl_platform_info asked_too[] = {CL_PLATFORM_NAME, CL_PLATFORM_VENDOR, CL_PLATFORM_VERSION};
    cl_platform_id platform = NULL;
    char word[1024];
    km_text text = {0};

    add_text(&text, KM_VERSION);
    add_text(&text, options_for(device));
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        word[0] = '\0';
        clGetDeviceInfo(device, asked[i], sizeof word - 1, word, NULL);
        add_text(&text, word);
    }
    clGetDeviceInfo(device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    for (size_t i = 0; i < sizeof asked_too / sizeof *asked_too; i++) {
        word[0] = '\0';
        clGetPlatformInfo(platform, asked_too[i], sizeof word - 1, word, NULL);
        add_text(&text, word);
    }
    add_text(&text, source->text);
    km_sha256_hex(text.data, text.size, key);
    km_text_clear(&text);
}

/* From the cache; false, and nothing left, if there is no binary that the driver takes and that agrees with the host. */
static bool build_kept(cl_context context, cl_device_id device, cl_command_queue queue, const km_source *source, km_program *p)
{
    unsigned char *binary = NULL;
    const unsigned char *borrowed;
    size_t size = 0;
    cl_int error = CL_SUCCESS, status = CL_SUCCESS;
    km_diag quiet;
    bool good;

    if (!km_cache_read(BINARIES, p->key, &binary, &size))
        return false;
    km_diag_init(&quiet);
    borrowed = binary;
    p->program = clCreateProgramWithBinary(context, 1, &device, &size, &borrowed, &status, &error);
    good = error == CL_SUCCESS && status == CL_SUCCESS && p->program &&
           clBuildProgram(p->program, 1, &device, options_for(device), NULL, NULL) == CL_SUCCESS &&
           probe(context, queue, p->program, source, &quiet) == KM_OK;
    if (!good) {
        km_program_release(p);
        km_cache_remove(BINARIES, p->key);
    }
    km_diag_clear(&quiet);
    free(binary);
    return good;
}

void km_program_keep(km_program *p)
{
    unsigned char *binary = NULL;
    cl_uint n = 0;
    size_t size = 0;

    if (p->kept || p->program == NULL)
        return;
    p->kept = true;
    if (clGetProgramInfo(p->program, CL_PROGRAM_NUM_DEVICES, sizeof n, &n, NULL) != CL_SUCCESS || n != 1 ||
        clGetProgramInfo(p->program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) != CL_SUCCESS || size == 0 ||
        size > MOST_BYTES)
        return;
    binary = km_alloc(size, 1);
    if (clGetProgramInfo(p->program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) == CL_SUCCESS)
        km_cache_write(BINARIES, p->key, binary, size, MOST_BYTES);
    free(binary);
}

void km_program_release(km_program *p)
{
    if (p->program)
        clReleaseProgram(p->program);
    p->program = NULL;
}

km_status km_program_build(cl_context context, cl_device_id device, cl_command_queue queue, const km_source *source,
                           km_program *out, km_diag *d)
{
    const char *text = source->text;
    cl_int error = CL_SUCCESS;
    km_status st = KM_OK;

    out->kept = !worth_keeping(device);
    if (!out->kept) {
        name_binary(device, source, out->key);
        out->kept = build_kept(context, device, queue, source, out);
        if (out->kept)
            return KM_OK;
    }
    out->program = clCreateProgramWithSource(context, 1, &text, NULL, &error);
    KM_TRY(km_opencl_check(error, "clCreateProgramWithSource", d));
    error = build(out->program, device);
    if (error != CL_SUCCESS) {
        st = build_failed(out->program, device, error, d);
        goto done;
    }
    KM_TRY(probe(context, queue, out->program, source, d));

done:
    if (st != KM_OK)
        km_program_release(out);
    return st;
}
