/* Points of a study integrated in double precision on the host, without OpenCL: for devices that have no double precision,
 * and few points (an audit's, those that failed). It is the device's program (host_kernels.h) with the model's arithmetic
 * interpreted: slower by one to two orders of magnitude. Results follow the study only, not the number of threads. */
#ifndef KM_ENGINE_HOST_EVALUATOR_H
#define KM_ENGINE_HOST_EVALUATOR_H

#include "engine/engine.h"

typedef struct km_host km_host;

/* `threads`: 0 for one a processor. KM_E_INPUT where the study is larger than the evaluator holds (host_model.h). The study
 * is borrowed; its solver's precision does not matter. */
km_status km_host_create(const km_study *study, int threads, km_host **out, km_diag *d);
void km_host_destroy(km_host *host);

/* As km_engine_run_rows. */
km_status km_host_run_rows(km_host *host, const double *row, km_results *results, km_diag *d);

#endif
