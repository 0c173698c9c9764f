/* ketamap fit: a model's parameters from published trials. */
#include "analysis/fitting.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/analysis_results.h"
#include "cli/command.h"
#include "cli/engine_options.h"
#include "cli/interrupt.h"
#include "cli/record.h"
#include "store/fit_store.h"
#include "view/fit_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SAVE_SECONDS = 10 };

typedef struct job {
    km_fit *fit;
    km_fitting *fitting;
    km_engine_options options;
    char *path, *stem, *state, *attributes;
    char name[65];
    double start, cpu, saved, shown;
    bool quiet;
} job;

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void clear_job(job *j)
{
    km_fitting_destroy(j->fitting);
    km_fit_destroy(j->fit);
    free(j->path), free(j->stem), free(j->state), free(j->attributes);
}

/* results/NAME.zarr of NAME.json, or what --output says. */
static km_status name_place(job *j, const km_arguments *a, km_diag *d)
{
    const char *output = km_argument(a, "output"), *file = a->positional[0], *stem = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
    size_t n = strlen(stem);

    if (output && *output == '\0')
        return km_diag_fail(d, KM_E_INPUT, "--output is empty; give the results a name such as results/NAME.zarr");
    n -= n > 5 && strcmp(stem + n - 5, ".json") == 0 ? 5 : 0;
    j->path = output ? km_strdup(output) : km_format("results/%.*s.zarr", (int)n, stem);
    for (n = strlen(j->path); n > 1 && j->path[n - 1] == '/'; n--)
        j->path[n - 1] = '\0';
    n -= n > 5 && strcmp(j->path + n - 5, ".zarr") == 0 ? 5 : 0;
    j->stem = km_format("%.*s", (int)n, j->path);
    j->state = km_format("%s.state", j->path);
    return KM_OK;
}

/* What the fit is, before anything is computed. The program that integrates is another for each regimen; that of the version, the
 * device's precision and the texts makes them. */
static void name_fit(job *j)
{
    const km_fit_facts facts = {.version = KM_VERSION, .program_hash = "one for each regimen, of these texts", .precision = "as the device and rtol have it",
                                .fit_text = km_json_text(j->fit->file), .model_text = km_json_text(j->fit->model->file),
                                .trials_hash = j->fit->trials.hash, .lanes = j->options.lanes};
    km_text text = {0};

    km_fit_attributes(&text, &facts, j->fit->name);
    km_sha256_hex(text.data, text.size, j->name);
    j->attributes = km_text_take(&text);
}

static km_status look(job *j, const km_arguments *a, bool *there, km_diag *d)
{
    char *folder = km_file_folder(j->path);
    km_status st = KM_OK;

    *there = false;
    if (km_argument(a, "force")) {
        KM_TRY(km_fit_remove(j->path, d));
        (void)unlink(j->state);
    } else {
        KM_TRY(km_fit_is_there(j->path, j->attributes, there, d));
    }
    if (*there && !j->quiet)
        fprintf(stderr, "ketamap: %s is complete already, and of this very fit; --force computes it again\n", j->path);
    if (!*there)
        KM_TRY(km_file_make_folder(folder, d));
done:
    free(folder);
    return st;
}

/* ---- computing ---- */

static km_status save(job *j, km_diag *d)
{
    km_text text = {0};
    km_status st;

    km_fitting_save(j->fitting, j->name, &text);
    st = km_file_write(j->state, text.data, text.size, d);
    km_text_clear(&text);
    j->saved = now(CLOCK_MONOTONIC);
    return st;
}

static km_status load(job *j, km_diag *d)
{
    char *bytes = NULL, *phase = NULL;
    size_t size = 0;
    km_status st = KM_OK;

    if (!km_file_exists(j->state))
        return KM_OK;
    KM_TRY(km_file_read(j->state, &bytes, &size, d));
    st = km_fitting_load(j->fitting, j->name, bytes, size, d);
    if (st != KM_OK)
        km_diag_context(d, "cannot go on from %s (--force begins anew)", j->state);
    KM_TRY(st);
    phase = km_fitting_phase(j->fitting);
    if (!j->quiet)
        fprintf(stderr, "ketamap: resuming %s, %s\n", j->state, phase);
done:
    free(bytes), free(phase);
    return st;
}

static void show(job *j, bool last)
{
    bool terminal = isatty(STDERR_FILENO) != 0;
    double time = now(CLOCK_MONOTONIC);
    char *phase;

    if (j->quiet || (!last && time - j->shown < (terminal ? 1.0 : 30.0)))
        return;
    phase = km_fitting_phase(j->fitting);
    fprintf(stderr, "%sketamap: %.0f s, %s%s", terminal ? "\r\033[K" : "", time - j->start, phase, terminal && !last ? "" : "\n");
    free(phase);
    j->shown = time;
}

static km_status compute(job *j, km_diag *d)
{
    bool done = false;
    km_status st = KM_OK;

    km_interrupt_catch("finishing what is on the device; once more stops at once");
    while (!done && !km_interrupted()) {
        KM_TRY(km_fitting_step(j->fitting, &done, d));
        if (!done && now(CLOCK_MONOTONIC) - j->saved > SAVE_SECONDS)
            KM_TRY(save(j, d));
        show(j, done);
    }
    if (!done) {
        KM_TRY(save(j, d));
        KM_FAIL(d, KM_E_INTERRUPTED, "interrupted; what is there is in %s, the same command goes on from it", j->state);
    }
done:
    return st;
}

/* ---- results ---- */

static char *run_json(const job *j, const km_arguments *a, const km_fit_results *r, time_t begun)
{
    double wall = now(CLOCK_MONOTONIC) - j->start, cpu = now(CLOCK_PROCESS_CPUTIME_ID) - j->cpu;
    km_text out = {0};

    km_record_begin(&out, &(km_engine_facts){.device = "", .driver = "", .platform = ""}, a, begun);
    km_text_add(&out, "    \"run_seconds\": %.3f,\n    \"cpu_seconds\": %.3f,\n    \"candidates\": %llu,\n    \"models\": %llu,\n    \"failed\": %llu\n}\n",
                wall, cpu, (unsigned long long)r->evaluations, (unsigned long long)r->models, (unsigned long long)r->failed);
    return km_text_take(&out);
}

static km_status write_table(const job *j, const char *ending, void (*table)(const km_fit_results *, km_text *), const km_fit_results *r, km_diag *d)
{
    char *path = km_format("%s-%s.tsv", j->stem, ending);
    km_text text = {0};
    km_status st;

    table(r, &text);
    st = km_file_write(path, text.data, text.size, d);
    km_text_clear(&text);
    free(path);
    return st;
}

static km_status write_results(const job *j, const km_arguments *a, const km_fit_results *r, time_t begun, km_diag *d)
{
    char *report = run_json(j, a, r, begun);
    km_status st = KM_OK;

    KM_TRY(write_table(j, "parameters", km_fit_parameters_tsv, r, d));
    KM_TRY(write_table(j, "predictions", km_fit_predictions_tsv, r, d));
    KM_TRY(write_table(j, "trials", km_fit_trials_tsv, r, d));
    KM_TRY(write_table(j, "models", km_fit_models_tsv, r, d));
    KM_TRY(km_fit_store(j->path, r, j->attributes, report, d));
    (void)unlink(j->state);
done:
    free(report);
    return st;
}

static km_status run(const km_arguments *a, km_diag *d)
{
    job j = {.quiet = km_argument(a, "quiet") != NULL};
    km_fit_results *r = NULL;
    time_t begun = time(NULL);
    bool there = false;
    km_status st = KM_OK;

    KM_TRY(km_fit_read(a->positional[0], NULL, &j.fit, d));
    KM_TRY(km_report_warnings(d, km_argument(a, "strict") != NULL, j.quiet));
    KM_TRY(name_place(&j, a, d));
    KM_TRY(km_engine_options_read(a, &j.options, d));
    name_fit(&j);
    if (km_argument(a, "check")) {
        printf("fit %s: %d rows fitted, %d held out, %d left aside; %d free parameters, %zu patients, %d regimens\n", j.fit->path, j.fit->n_fitted,
               j.fit->n_rows - j.fit->n_fitted, j.fit->n_skipped, j.fit->n_free, j.fit->population->n, j.fit->n_regimens - 1);
        goto done;
    }
    KM_TRY(look(&j, a, &there, d));
    if (there)
        goto done;
    j.start = j.saved = now(CLOCK_MONOTONIC);
    j.cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    KM_TRY(km_fitting_create(j.fit, &j.options, &j.fitting, d));
    KM_TRY(load(&j, d));
    KM_TRY(compute(&j, d));
    KM_TRY(km_fitting_results(j.fitting, &r, d));
    KM_TRY(write_results(&j, a, r, begun, d));
    km_fit_report(r, stdout);
    fflush(stdout);
    if (!j.quiet)
        fprintf(stderr, "ketamap: %llu candidates in %.0f s, %llu failed; the results are %s and %s-*.tsv\n", (unsigned long long)r->evaluations,
                now(CLOCK_MONOTONIC) - j.start, (unsigned long long)r->failed, j.path, j.stem);
done:
    km_fit_results_destroy(r);
    clear_job(&j);
    return st;
}

static const km_option options_of[] = {
    {"output", "NAME.zarr", "where the results go; NAME-*.tsv stand beside (default results/FIT.zarr)"},
    {"check", NULL, "read everything, say what it amounts to, and compute nothing"},
    {"force", NULL, "replace results that are there"},
    KM_OPTION_DEVICE, KM_OPTION_LANES, KM_OPTION_UNITS, KM_OPTION_BATCH, KM_OPTION_NO_DOUBLE, KM_OPTION_STRICT, KM_OPTION_QUIET,
    KM_OPTION_KERNELS, {0}};

const km_command km_command_fit = {
    "fit", "fit parameters to published trials", "FIT", 1,
    "Estimates what the fit file leaves free from group-level outcomes of trials: the best candidate, the posterior, the evidence\n"
    "for each variant, and predictions of the rows fitted and held out. A run that is interrupted or killed goes on when the same\n"
    "command is given again.",
    "ketamap fit configs/trials/ketamine-iv.json --check", options_of, run};
