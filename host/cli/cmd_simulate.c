/* ketamap simulate: one trajectory, every output, as a table. */
#include "abi.h"
#include "base/memory.h"
#include "base/text.h"
#include "study/base_row.h"
#include "cli/command.h"
#include "cli/output.h"
#include "engine/engine.h"
#include "study/population.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_TIMES = 10000000 };

/* START:STOP:STEP, or 201 times over the horizon. */
static km_status read_times(const char *text, double horizon, double **out, size_t *n, km_diag *d)
{
    double start = 0.0, stop = horizon, step = horizon / 200.0;
    char rest;
    km_status st = KM_OK;

    if (text && sscanf(text, "%lf:%lf:%lf%c", &start, &stop, &step, &rest) != 3)
        return km_diag_fail(d, KM_E_INPUT, "--times is START:STOP:STEP in the model's time unit, got \"%s\"", text);
    if (text && !(start >= 0.0 && stop >= start && stop <= horizon && step > 0.0 && isfinite(step)))
        return km_diag_fail(d, KM_E_INPUT, "--times must lie within 0 and the horizon %g, with a step above 0, got \"%s\"",
                            horizon, text);
    if (step > 0.0 && (stop - start) / step > MOST_TIMES)
        return km_diag_fail(d, KM_E_INPUT, "--times gives more than %d times", (int)MOST_TIMES);
    *n = step > 0.0 ? (size_t)floor((stop - start) / step * (1.0 + 1e-12) + 1e-9) + 1 : 1;
    KM_TRY(km_array_create(*n, sizeof **out, (void **)out, d));
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = fmin(start + (double)i * step, stop);
done:
    return st;
}

static void write_table(const km_study *s, const double *time, size_t n, const double *value, km_text *out)
{
    int m = s->model->n_outputs;

    km_text_add(out, "time");
    for (int k = 0; k < m; k++)
        km_text_add(out, "\t%s", s->model->output[k].name);
    km_text_add(out, "\n");
    for (size_t i = 0; i < n; i++) {
        km_text_add(out, "%.17g", time[i]);
        for (int k = 0; k < m; k++)
            km_text_add_cell(out, value[i * (size_t)m + (size_t)k], 17);
        km_text_add(out, "\n");
    }
}

static km_status run(const km_arguments *a, km_diag *d)
{
    km_study *study = NULL;
    km_engine *engine = NULL;
    km_engine_options options = {.device = km_argument(a, "device"), .kernel_dir = km_argument(a, "kernel-dir")};
    const char *path = km_argument(a, "output");
    double *time = NULL, *value = NULL, *row = NULL;
    signed char status = KM_POINT_NOT_COMPUTED;
    km_text table = {0};
    size_t n = 0;
    km_status st = KM_OK;
    static const char *const word[] = {"done", "used up its steps", "needed a step too small", "met a number that is not finite",
                                       "breaks a condition of the model or of its doses", "failed on the device"};

    KM_TRY(km_output_probe(path, d));
    KM_TRY(km_study_read_points(a->positional[0], a->set, a->n_set, &study, d));
    if (study->population && study->population->n_drawn > 0)
        km_diag_warn(d, "%s: this is the course of the study's own values; the draws that \"parameters\" names are not used", study->path);
    KM_TRY(km_report_warnings(d, km_argument(a, "strict") != NULL, km_argument(a, "quiet") != NULL));
    KM_TRY(read_times(km_argument(a, "times"), study->horizon, &time, &n, d));
    KM_TRY(km_engine_create_idle(study, &options, &engine, d));
    KM_TRY(km_array_create(n * (size_t)study->model->n_outputs, sizeof *value, (void **)&value, d));
    row = km_base_row(study);
    KM_TRY(km_engine_trajectory(engine, row, time, n, value, &status, d));
    write_table(study, time, n, value, &table);
    KM_TRY(km_output_write(path, &table, d));
    if (status != KM_POINT_DONE)
        KM_FAIL(d, KM_E_NUMERICS, "the point %s; times it did not reach are NaN",
                status > 0 && status < 6 ? word[(int)status] : "was not computed");

done:
    km_text_clear(&table);
    free(time), free(value), free(row);
    km_engine_destroy(engine);
    km_study_destroy(study);
    return st;
}

static const km_option options_of[] = {
    KM_OPTION_SET, {"times", "START:STOP:STEP", "in the model's time unit; 201 times over the horizon by default"},
    {"output", "FILE.tsv", "write there instead of to the standard output"},
    KM_OPTION_DEVICE, KM_OPTION_STRICT, KM_OPTION_QUIET, KM_OPTION_KERNELS, {0}};

const km_command km_command_simulate = {
    "simulate", "one trajectory: every output of the model over time, as a table", "STUDY", 1,
    "Integrates the study's base point (axes at the values the study itself gives) in double precision where the\n"
    "device has it, and prints a tab-separated table: time, then every output.",
    "ketamap simulate configs/studies/quickstart.json --times 0:48:0.5", options_of, run};
