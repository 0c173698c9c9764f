/* Listing and choosing devices. */
#include "engine/device.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/opencl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* PoCL keeps compiled kernels. Without HOME it shares /tmp; with an unwritable one it offers no device. */
static void set_pocl_cache(km_diag *d)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *temporary = getenv("TMPDIR");
    char *path;
    km_diag quiet;

    km_diag_init(&quiet);
    if (getenv("POCL_CACHE_DIR")) {
        if (km_file_make_folder(getenv("POCL_CACHE_DIR"), &quiet) != KM_OK || access(getenv("POCL_CACHE_DIR"), W_OK) != 0)
            km_diag_warn(d, "POCL_CACHE_DIR=%s is not writable, and PoCL cannot compile without; choose a writable folder",
                         getenv("POCL_CACHE_DIR"));
        km_diag_clear(&quiet);
        return;
    }
    path = cache && *cache ? km_format("%s/pocl", cache) : km_format("%s/.cache/pocl", home && *home ? home : "/nonexistent");
    if (km_file_make_folder(path, &quiet) != KM_OK || access(path, W_OK) != 0) {
        char *private = km_format("%s/pocl-%ld", temporary && *temporary ? temporary : "/tmp", (long)getuid());
        if (km_file_make_folder(private, &quiet) == KM_OK && access(private, W_OK) == 0)
            km_diag_warn(d, "the cache folder %s is not writable; compiled kernels go to %s", path, private);
        free(path);
        path = private;
    }
    setenv("POCL_CACHE_DIR", path, 0);
    km_diag_clear(&quiet);
    free(path);
}

static void device_text(cl_device_id id, cl_device_info what, char *out, size_t size)
{
    if (clGetDeviceInfo(id, what, size, out, NULL) != CL_SUCCESS)
        snprintf(out, size, "?");
    out[size - 1] = '\0';
}

static void describe(cl_platform_id platform, cl_device_id id, km_device_info *out)
{
    cl_device_type type = 0;
    cl_uint units = 0, single = 0, twice = 0;
    cl_ulong memory = 0;
    cl_device_fp_config fp64 = 0;

    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof out->platform, out->platform, NULL);
    device_text(id, CL_DEVICE_NAME, out->name, sizeof out->name);
    device_text(id, CL_DRIVER_VERSION, out->driver, sizeof out->driver);
    device_text(id, CL_DEVICE_VERSION, out->version, sizeof out->version);
    clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    clGetDeviceInfo(id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
    clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, NULL);
    clGetDeviceInfo(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof single, &single, NULL);
    clGetDeviceInfo(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_DOUBLE, sizeof twice, &twice, NULL);
    clGetDeviceInfo(id, CL_DEVICE_DOUBLE_FP_CONFIG, sizeof fp64, &fp64, NULL);
    out->type = type & CL_DEVICE_TYPE_GPU   ? "GPU"
                : type & CL_DEVICE_TYPE_CPU ? "CPU"
                : type & CL_DEVICE_TYPE_ACCELERATOR ? "accelerator" : "other";
    out->compute_units = units;
    out->memory = memory;
    out->fp64 = fp64 != 0;
    out->width_single = single;
    out->width_double = twice;
    out->id = id;
    out->platform_id = platform;
}

static km_status nothing_found(cl_uint n_platforms, km_diag *d)
{
    if (n_platforms == 0)
        return km_diag_fail(d, KM_E_DEVICE, "no OpenCL platform was found; for the CPU install the package "
                                            "pocl-opencl-icd, for a GPU the vendor's OpenCL driver");
    return km_diag_fail(d, KM_E_DEVICE, "the OpenCL platform offers no device; PoCL does so when its cache folder cannot be "
                                        "written: set POCL_CACHE_DIR to a writable folder (it is %s)",
                        getenv("POCL_CACHE_DIR") ? getenv("POCL_CACHE_DIR") : "not set");
}

km_status km_device_list(km_device_info **out, int *n, km_diag *d)
{
    cl_platform_id platform[16];
    cl_device_id id[64];
    cl_uint n_platforms = 0, n_devices = 0;

    *out = NULL;
    *n = 0;
    set_pocl_cache(d);
    if (clGetPlatformIDs(16, platform, &n_platforms) != CL_SUCCESS)
        n_platforms = 0;
    n_platforms = n_platforms > 16 ? 16 : n_platforms;
    for (cl_uint p = 0; p < n_platforms; p++) {
        if (clGetDeviceIDs(platform[p], CL_DEVICE_TYPE_ALL, 64, id, &n_devices) != CL_SUCCESS)
            continue;
        for (cl_uint k = 0; k < n_devices && k < 64; k++) {
            KM_PUSH(*out, *n);
            memset(&(*out)[*n], 0, sizeof **out);
            describe(platform[p], id[k], &(*out)[*n]);
            (*out)[*n].platform_index = (int)p;
            (*out)[*n].device_index = (int)k;
            (*n)++;
        }
    }
    return *n > 0 ? KM_OK : nothing_found(n_platforms, d);
}

static bool contains(const char *text, const char *part)
{
    size_t n = strlen(part);

    for (; *text; text++) {
        size_t i = 0;
        while (i < n && text[i] && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            i++;
        if (i == n)
            return true;
    }
    return n == 0;
}

/* Two drivers of one CPU say the same compute units, and one may be without vectors, 16 times slower. */
static unsigned long at_once(const km_device_info *device)
{
    return (unsigned long)device->compute_units * (device->width_single > 1 ? device->width_single : 1);
}

int km_device_best(const km_device_info *list, int n)
{
    int choice = 0;

    for (int i = 1; i < n; i++) {
        bool gpu = strcmp(list[i].type, "GPU") == 0, have = strcmp(list[choice].type, "GPU") == 0;
        if (gpu > have || (gpu == have && at_once(&list[i]) > at_once(&list[choice])))
            choice = i;
    }
    return choice;
}

/* How many devices of the list a name fits; *found: the last of them. */
static int match(const char *selector, const km_device_info *list, int n, int *found)
{
    int matches = 0, p, k;
    char rest;

    if (sscanf(selector, "%d.%d%c", &p, &k, &rest) == 2) {
        for (int i = 0; i < n; i++)
            if (list[i].platform_index == p && list[i].device_index == k)
                *found = i, matches++;
    } else if (sscanf(selector, "%d%c", &k, &rest) == 1) {
        if (k >= 0 && k < n)
            *found = k, matches = 1;
    } else {
        for (int i = 0; i < n; i++)
            if (contains(list[i].name, selector) || contains(list[i].platform, selector))
                *found = i, matches++;
    }
    return matches;
}

static km_status no_choice(const char *selector, int matches, const km_device_info *list, int n, km_diag *d)
{
    km_text names = {0};
    km_status st;

    for (int i = 0; i < n; i++)
        km_text_add(&names, "%s%d: %s (%s)", i ? ", " : "", i, list[i].name, list[i].platform);
    st = km_diag_fail(d, KM_E_INPUT, "--device %s fits %s device; there %s %s", selector, matches ? "more than one" : "no",
                      n == 1 ? "is" : "are", names.data);
    km_text_clear(&names);
    return st;
}

km_status km_device_choose(const char *selector, km_device_info *out, km_diag *d)
{
    km_device_info *list = NULL;
    int n = 0, found = -1, matches = 1;
    km_status st = KM_OK;

    KM_TRY(km_device_list(&list, &n, d));
    if (selector == NULL)
        found = km_device_best(list, n);
    else
        matches = match(selector, list, n, &found);
    if (matches == 0 && (strcmp(selector, "all") == 0 || strchr(selector, ',')))
        KM_FAIL(d, KM_E_INPUT, "--device %s names several devices, and this command uses one", selector);
    if (matches != 1)
        KM_TRY(no_choice(selector, matches, list, n, d));
    *out = list[found];

done:
    free(list);
    return st;
}

km_status km_device_select(const char *selector, km_device_info **out, int *n, km_diag *d)
{
    km_device_info *list = NULL;
    char *words = NULL, *word, *rest = NULL;
    int n_list = 0, found = -1;
    km_status st = KM_OK;

    *out = NULL;
    *n = 0;
    KM_TRY(km_device_list(&list, &n_list, d));
    if (selector && strcmp(selector, "all") == 0) {
        *out = list;
        *n = n_list;
        return KM_OK;
    }
    if (selector == NULL || strchr(selector, ',') == NULL || match(selector, list, n_list, &found) == 1) {
        *out = km_alloc(1, sizeof **out);
        KM_TRY(km_device_choose(selector, *out, d));
        *n = 1;
        goto done;
    }
    words = km_strdup(selector);
    for (word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        int matches = match(word, list, n_list, &found);
        if (matches != 1)
            KM_TRY(no_choice(word, matches, list, n_list, d));
        KM_PUSH(*out, *n);
        (*out)[(*n)++] = list[found];
    }
    if (*n == 0)
        KM_FAIL(d, KM_E_INPUT, "--device %s names no device; it is \"all\", or names apart by commas (ketamap devices)", selector);
done:
    if (st != KM_OK) {
        free(*out);
        *out = NULL;
        *n = 0;
    }
    free(words);
    free(list);
    return st;
}
