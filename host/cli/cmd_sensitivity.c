/* ketamap sensitivity: which factors drive which endpoint. */
#include "analysis/pilot.h"
#include "analysis/sensitivity.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/engine_options.h"
#include "view/indices_table.h"
#include "view/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct job {
    km_study *study;
    km_sa *sa;
    km_engine *engine;
    km_engine_options options;
    char *method_choice;
    char *path, *stem; /* NAME.zarr, and NAME */
    bool quiet;
} job;

static void clear_job(job *j)
{
    km_sa_destroy(j->sa);
    km_engine_destroy(j->engine);
    km_study_destroy(j->study);
    free(j->method_choice), free(j->path), free(j->stem);
}

static km_status write_tables(const job *j, const km_indices *x, km_diag *d)
{
    km_text text = {0};
    char *path = km_format("%s.tsv", j->stem);
    km_status st = KM_OK;

    km_indices_tsv(x, &text);
    KM_TRY(km_file_write(path, text.data, text.size, d));
done:
    km_text_clear(&text);
    free(path);
    return st;
}

static km_status compute(job *j, km_diag *d)
{
    km_progress progress;
    bool done = false;
    km_status st = KM_OK;

    km_progress_begin(&progress, km_sa_n_models(j->sa), km_sa_models_done(j->sa), j->quiet);
    while (!done && st == KM_OK) {
        st = km_sa_step(j->sa, j->engine, &done, d);
        km_progress_show(&progress, km_sa_models_done(j->sa));
    }
    km_progress_end(&progress);
    return st;
}

static km_status run(const km_arguments *a, km_diag *d)
{
    job j = {.quiet = km_argument(a, "quiet") != NULL};
    km_indices *x = NULL;
    char *folder = NULL;
    km_status st = KM_OK;

    KM_TRY(km_study_read_sensitivity(a->positional[0], a->set, a->n_set, &j.study, d));
    KM_TRY(km_engine_options_read(a, &j.options, d));
    KM_TRY(km_sa_create(j.study, &j.sa, d));
    j.path = km_strdup(km_argument(a, "output") ? km_argument(a, "output") : "results/sensitivity.zarr");
    j.stem = km_strdup(j.path);
    if (strlen(j.stem) > 5 && strcmp(j.stem + strlen(j.stem) - 5, ".zarr") == 0)
        j.stem[strlen(j.stem) - 5] = '\0';
    folder = km_file_folder(j.path);
    KM_TRY(km_pilot_choose(j.study, &j.options, &j.method_choice, d));
    KM_TRY(km_engine_create(j.study, &j.options, &j.engine, d));
    KM_TRY(km_file_make_folder(folder, d));
    KM_TRY(compute(&j, d));
    x = km_sa_indices(j.sa);
    KM_TRY(write_tables(&j, x, d));
    km_indices_table(x, 0, stdout);
done:
    km_indices_destroy(x);
    clear_job(&j);
    free(folder);
    return st;
}

static const km_option options_of[] = {
    {"output", "NAME.zarr", "where the results go"},
    KM_OPTION_SET, KM_OPTION_DEVICE, KM_OPTION_LANES, KM_OPTION_UNITS, KM_OPTION_BATCH, KM_OPTION_NO_DOUBLE,
    KM_OPTION_STRICT, KM_OPTION_QUIET, KM_OPTION_KERNELS, {0}};

const km_command km_command_sensitivity = {
    "sensitivity", "find which parameters drive the endpoints", "STUDY", 1,
    "Runs the study's sensitivity analysis.",
    "ketamap sensitivity configs/studies/ishigami-sensitivity.json", options_of, run};
