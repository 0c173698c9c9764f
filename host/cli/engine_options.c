#include "cli/engine_options.h"

km_status km_engine_options_read(const km_arguments *a, km_engine_options *out, km_diag *d)
{
    long lanes, units, batch;
    km_status st = KM_OK;

    KM_TRY(km_argument_integer(a, "lanes", 1, 16, 0, &lanes, d));
    KM_TRY(km_argument_integer(a, "compute-units", 1, 65536, 0, &units, d));
    KM_TRY(km_argument_integer(a, "batch", 1, 1L << 24, 0, &batch, d));
    *out = (km_engine_options){.device = km_argument(a, "device"), .kernel_dir = km_argument(a, "kernel-dir"),
                               .lanes = (int)lanes, .compute_units = (int)units, .batch = (size_t)batch,
                               .no_double = km_argument(a, "no-double") != NULL};
done:
    return st;
}
