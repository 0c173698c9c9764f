/* `ketamap bench --tune`: how this device is used best, by a short pilot, stored for later runs (engine/tuning.h). */
#ifndef KM_CLI_BENCH_TUNE_H
#define KM_CLI_BENCH_TUNE_H

#include "engine/engine.h"

/* Goes through the knobs of the device's class one after another; of each it takes the value that is faster than the present
 * one by 2 % at least, on n points of regime a (single precision, rtol 1e-4). Prints what it measures, and stores the
 * result. `stop` (may be NULL) is asked between runs: KM_E_INTERRUPTED, nothing stored. */
km_status km_bench_tune(const km_engine_options *options, const char *model_path, const char *folder, bool quick, bool (*stop)(void),
                        km_diag *d);
/* Forgets what was stored. */
km_status km_bench_untune(const km_engine_options *options, km_diag *d);

#endif
