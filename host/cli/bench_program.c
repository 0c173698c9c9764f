#include "cli/bench_program.h"

#include "abi.h"
#include "analysis/audit.h"
#include "base/memory.h"
#include "codegen/flops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double reference_rtol = 1e-8;

km_status km_bench_results_create(km_results *r, size_t n, km_diag *d)
{
    km_status st = KM_OK;

    r->n = n;
    KM_TRY(km_array_create(n * KM_BENCH_ENDS, sizeof *r->value, (void **)&r->value, d));
    KM_TRY(km_array_create(n * KM_BENCH_ENDS, sizeof *r->state, (void **)&r->state, d));
    KM_TRY(km_array_create(n, sizeof *r->status, (void **)&r->status, d));
    KM_TRY(km_array_create(n, sizeof *r->steps, (void **)&r->steps, d));
    KM_TRY(km_array_create(n, sizeof *r->rejected, (void **)&r->rejected, d));
done:
    return st;
}

void km_bench_results_clear(km_results *r)
{
    free(r->value), free(r->state), free(r->status), free(r->steps), free(r->rejected);
    memset(r, 0, sizeof *r);
}

void km_bench_program_clear(km_bench_program *p)
{
    km_engine_destroy(p->engine);
    km_points_clear(&p->points);
    km_study_destroy(p->study);
    km_bench_results_clear(&p->r);
}

km_status km_bench_program_open(const char *folder, const char *model_path, const km_bench_points *points, size_t n, const char *precision,
                                double rtol, km_bench_program *p, km_diag *d)
{
    char *name = km_format("%c-%s-%.0e", points->regime, precision, rtol), *path = NULL;
    km_status st = KM_OK;

    KM_TRY(km_bench_study_write(folder, name, model_path, points->regime, n, precision, rtol, &path, d));
    KM_TRY(km_study_read(path, NULL, 0, &p->study, d));
    KM_TRY(km_points_read(points->path, p->study, &p->points, d));
done:
    free(name);
    free(path);
    return st;
}

km_status km_bench_program_run(km_bench_program *p, km_diag *d) { return km_engine_run_rows(p->engine, p->points.row, &p->r, d); }

/* The sample's results out of all points'. */
static void take_sample(const km_results *all, const km_bench_points *p, km_results *out)
{
    for (size_t i = 0; i < p->n_sample; i++) {
        out->status[i] = all->status[p->sample[i]];
        for (size_t e = 0; e < KM_BENCH_ENDS; e++) {
            out->value[e * p->n_sample + i] = all->value[e * all->n + p->sample[i]];
            out->state[e * p->n_sample + i] = all->state[e * all->n + p->sample[i]];
        }
    }
}

km_status km_bench_truth(const char *folder, const char *model_path, const km_bench_points *points, size_t n, const km_engine_options *options,
                         km_results *truth, km_diag *d)
{
    km_bench_program p = {0};
    size_t n_slots;
    double *row = NULL;
    km_status st = KM_OK;

    KM_TRY(km_bench_program_open(folder, model_path, points, n, "double", reference_rtol, &p, d));
    KM_TRY(km_engine_create(p.study, options, &p.engine, d));
    n_slots = (size_t)p.study->n_slots;
    KM_TRY(km_array_create(points->n_sample * n_slots, sizeof *row, (void **)&row, d));
    for (size_t i = 0; i < points->n_sample; i++)
        memcpy(row + i * n_slots, p.points.row + points->sample[i] * n_slots, n_slots * sizeof *row);
    KM_TRY(km_bench_results_create(truth, points->n_sample, d));
    KM_TRY(km_engine_run_rows(p.engine, row, truth, d));
done:
    free(row);
    km_bench_program_clear(&p);
    return st;
}

km_status km_bench_errors(const km_results *truth, const km_results *sample, double *error, long *flips, km_diag *d)
{
    double *room = NULL;
    km_status st = KM_OK;

    *flips = 0;
    for (int e = 0; e < KM_BENCH_ENDS; e++)
        error[e] = NAN;
    if (truth == NULL)
        return KM_OK;
    KM_TRY(km_array_create(truth->n, sizeof *room, (void **)&room, d));
    for (size_t e = 0; e < KM_BENCH_ENDS; e++) {
        km_endpoint_audit a = km_audit_compare(sample, truth, e, room);
        error[e] = a.n > 0 ? a.p99 : (double)NAN;
        *flips += a.flips;
    }
done:
    free(room);
    return st;
}

/* Flops a step of the program the engine runs. */
static km_status count_flops(const km_bench_program *p, const km_engine_options *options, km_flops *out, km_diag *d)
{
    const km_engine_facts *f = km_engine_facts_of(p->engine);
    km_source source = {0};
    km_status st = KM_OK;

    KM_TRY(km_codegen_opencl(p->study, KM_CODE_ENDPOINTS, f->single, f->fp64, f->lanes, options->kernel_dir, &source, d));
    KM_TRY(km_flops_count(&source, out, d));
done:
    km_source_clear(&source);
    return st;
}

static int ascending(const void *x, const void *y) { return (*(const int *)x > *(const int *)y) - (*(const int *)x < *(const int *)y); }

/* Steps over turns of all lanes, replaying how lanes draw points in order: a point takes its steps and one turn more. */
static double lane_efficiency(const km_results *r, int units, int lanes)
{
    size_t width = (size_t)units * (size_t)lanes;
    double *busy = km_alloc(width, sizeof *busy), steps = 0.0, turns = 0.0;

    for (size_t i = 0; i < r->n; i++) {
        size_t first = 0;
        for (size_t k = 1; k < width; k++)
            first = busy[k] < busy[first] ? k : first;
        busy[first] += r->steps[i] + 1;
        steps += r->steps[i];
    }
    for (int u = 0; u < units; u++) {
        double longest = 0.0;
        for (int k = 0; k < lanes; k++)
            longest = fmax(longest, busy[u * lanes + k]);
        turns += longest * lanes;
    }
    free(busy);
    return turns > 0.0 ? steps / turns : (double)NAN;
}

km_status km_bench_look_at(km_bench_program *p, const km_bench_points *points, const km_results *truth, int units, const km_engine_options *options,
                           km_bench_case *c, km_diag *d)
{
    int *sorted = NULL;
    km_results sample = {0};
    km_flops flops = {0.0, 0.0};
    km_status st = KM_OK;

    KM_TRY(km_bench_program_run(p, d));
    KM_TRY(km_array_create(points->n, sizeof *sorted, (void **)&sorted, d));
    KM_TRY(km_bench_results_create(&sample, points->n_sample, d));
    c->points = points->n;
    c->method = p->study->solver.method->name;
    for (size_t i = 0; i < points->n; i++) {
        sorted[i] = p->r.steps[i];
        c->steps += p->r.steps[i] / (double)points->n;
        c->rejected += p->r.rejected[i] / (double)points->n;
        c->failed += p->r.status[i] != KM_POINT_DONE && p->r.status[i] != KM_POINT_RETRIED;
    }
    qsort(sorted, points->n, sizeof *sorted, ascending);
    c->steps_p50 = sorted[points->n / 2];
    c->steps_p99 = sorted[(size_t)((double)points->n * 0.99)];
    c->lane_efficiency = units > 0 ? lane_efficiency(&p->r, units, km_engine_facts_of(p->engine)->lanes) : (double)NAN;
    KM_TRY(count_flops(p, options, &flops, d));
    c->flops = flops.always;
    c->flops_branches = flops.branches;
    take_sample(&p->r, points, &sample);
    KM_TRY(km_bench_errors(truth, &sample, c->error, &c->flips, d));
done:
    free(sorted);
    km_bench_results_clear(&sample);
    return st;
}
