/* OpenCL devices: what there is, and choosing one. */
#ifndef KM_ENGINE_DEVICE_H
#define KM_ENGINE_DEVICE_H

#include "base/diag.h"

#include <stdbool.h>

typedef struct km_device_info {
    char platform[128], name[256], driver[128], version[128];
    const char *type; /* "CPU", "GPU", "accelerator" or "other" */
    unsigned compute_units;
    unsigned long long memory; /* bytes */
    bool fp64;
    unsigned width_single, width_double; /* native vector widths */
    int platform_index, device_index;
    void *id, *platform_id; /* cl_device_id, cl_platform_id */
} km_device_info;

/* Every device of every platform, platforms without devices stepped over. *out is the caller's (free).
 * KM_E_DEVICE, with what to install or set, when there is none. Also points PoCL's cache to the user's cache
 * folder, unless POCL_CACHE_DIR is set. */
km_status km_device_list(km_device_info **out, int *n, km_diag *d);

/* The device of a list that is used when none is named: a GPU before a CPU, then the one with the most compute units times
 * native vector width, the first of equals. n > 0. */
int km_device_best(const km_device_info *list, int n);

/* selector: NULL the best; "1" the number in the list; "0.1" platform.device; else a part of the name, case ignored, that
 * fits one device. */
km_status km_device_choose(const char *selector, km_device_info *out, km_diag *d);

/* One device or several: "all"; names as above, apart by commas (a device may be named again); or one name, which may
 * have commas of its own. *out is the caller's (free). */
km_status km_device_select(const char *selector, km_device_info **out, int *n, km_diag *d);

#endif
