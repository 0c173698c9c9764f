/* A program of `ketamap bench` at work on its points, and what is said of it apart from its pace. */
#ifndef KM_CLI_BENCH_PROGRAM_H
#define KM_CLI_BENCH_PROGRAM_H

#include "cli/bench_points.h"
#include "cli/bench_result.h"
#include "engine/engine.h"
#include "study/points_file.h"

typedef struct km_bench_program {
    km_study *study;
    km_points points;
    km_engine *engine;
    km_results r;
} km_bench_program;

/* Room for n points; cleared also where it failed halfway. */
km_status km_bench_results_create(km_results *r, size_t n, km_diag *d);
void km_bench_results_clear(km_results *r);

/* The study of a regime and its points, without an engine; n: as in km_bench_study_write. */
km_status km_bench_program_open(const char *folder, const char *model_path, const km_bench_points *points, size_t n, const char *precision,
                                double rtol, km_bench_program *p, km_diag *d);
void km_bench_program_clear(km_bench_program *p);
/* All points, into p->r. */
km_status km_bench_program_run(km_bench_program *p, km_diag *d);

/* The sample of a regime's points in double precision at 1e-8. */
km_status km_bench_truth(const char *folder, const char *model_path, const km_bench_points *points, size_t n, const km_engine_options *options,
                         km_results *truth, km_diag *d);

/* p99 of every endpoint of a sample against the truth; NAN where that is NULL. */
km_status km_bench_errors(const km_results *truth, const km_results *sample, double *error, long *flips, km_diag *d);

/* What does not depend on time, from one run over all points. units: of the CPU, for the efficiency of its lanes; else 0. */
km_status km_bench_look_at(km_bench_program *p, const km_bench_points *points, const km_results *truth, int units, const km_engine_options *options,
                           km_bench_case *c, km_diag *d);

#endif
