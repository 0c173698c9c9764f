/* ketamap fit: parameters from what trials have published. */
#include "analysis/estimation.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/engine_options.h"
#include "cli/interrupt.h"
#include "store/group.h"
#include "view/fit_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double say_every = 1.0; /* seconds */

typedef struct job {
    km_fit *fit;
    km_estimation how;
    km_engine_options options;
    km_evaluation_log log;
    km_fit_results results;
    char *path, *stem, *state; /* NAME.zarr, NAME, NAME.zarr.state */
    char *attributes;
    double said;
    const char *hypothesis;
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
    km_fit_destroy(j->fit);
    km_evaluation_log_close(&j->log);
    km_fit_results_clear(&j->results);
    free(j->path), free(j->stem), free(j->state), free(j->attributes);
}

/* ---- what it is, and where it goes ---- */

static km_status name_results(job *j, const char *fit, const km_arguments *a, km_diag *d)
{
    const char *output = km_argument(a, "output"), *slash = strrchr(fit, '/'), *stem = slash ? slash + 1 : fit;
    size_t n;

    if (output && *output == '\0')
        return km_diag_fail(d, KM_E_INPUT, "--output is empty; give the results a name such as results/NAME.zarr");
    j->path = output ? km_strdup(output) : km_format("results/%.*s-fit.zarr", (int)km_text_length_without(stem, ".json"), stem);
    for (n = strlen(j->path); n > 1 && j->path[n - 1] == '/'; n--)
        j->path[n - 1] = '\0';
    j->stem = km_format("%.*s", (int)km_text_length_without(j->path, ".zarr"), j->path);
    j->state = km_format("%s.state", j->path);
    return KM_OK;
}

static void add_text(km_text *out, const char *key, const char *value, const char *end)
{
    char *quoted = km_json_quote(value);

    km_text_add(out, "    \"%s\": %s%s\n", key, quoted, end);
    free(quoted);
}

static km_status describe(job *j, km_diag *d)
{
    char *fit = NULL;
    const char *precision[] = {"auto", "single", "double"};
    km_text out = {0};
    km_status st = km_file_read(j->fit->path, &fit, NULL, d);

    if (st != KM_OK)
        return st;
    km_text_add(&out, "{\n");
    add_text(&out, "Conventions", "CF-1.10", ",");
    add_text(&out, "ketamap_fit", "1", ",");
    add_text(&out, "ketamap_version", KM_VERSION, ",");
    add_text(&out, "title", j->fit->name, ",");
    km_text_add(&out, "    \"seed\": \"%llu\",\n    \"rtol\": %.17g,\n", (unsigned long long)j->how.seed, j->fit->base->solver.rtol);
    add_text(&out, "precision", precision[j->fit->base->solver.precision], ",");
    add_text(&out, "trials_sha256", j->fit->trials.hash, ",");
    if (j->fit->copula)
        km_text_add(&out, "    \"correlation\": %s,\n    \"correlation_of\": \"%s\",\n", j->fit->copula->text, j->fit->copula->of_model ? "model" : "fit");
    add_text(&out, "fit", fit, ",");
    add_text(&out, "model", j->fit->model->file ? km_json_text(j->fit->model->file) : "", "");
    km_text_add(&out, "}\n");
    j->attributes = km_text_take(&out);
    free(fit);
    return KM_OK;
}

/* ---- watching ---- */

static bool stop(void *context)
{
    (void)context;
    return km_interrupted();
}

static void say(void *context, const char *stage, uint64_t evaluations, const char *words)
{
    job *j = context;
    double t = now(CLOCK_MONOTONIC);

    if (j->quiet || (t - j->said < say_every && strcmp(stage, "predictions") != 0))
        return;
    j->said = t;
    fprintf(stderr, "ketamap: %s%s%s: %s, %llu candidates\n", j->hypothesis ? j->hypothesis : "", j->hypothesis ? ", " : "", stage, words,
            (unsigned long long)evaluations);
}

/* ---- steps ---- */

static km_status open_fit(job *j, const km_arguments *a, km_diag *d)
{
    km_status st = KM_OK;

    KM_TRY(km_fit_read(a->positional[0], &j->fit, d));
    KM_TRY(km_estimation_read(j->fit->estimation, j->fit->n_free, &j->how, d));
    KM_TRY(km_report_warnings(d, false, j->quiet));
    KM_TRY(km_engine_options_read(a, &j->options, d));
    KM_TRY(name_results(j, a->positional[0], a, d));
    KM_TRY(describe(j, d));
done:
    return st;
}

static km_status open_state(job *j, bool wanted, km_diag *d)
{
    uint64_t there = 0;
    char name[65], *folder = km_file_folder(j->path);
    km_status st = KM_OK;

    if (wanted && !km_file_exists(j->state))
        KM_FAIL(d, KM_E_INPUT, "there is no %s to resume; without --resume the fit begins anew", j->state);
    KM_TRY(km_file_make_folder(folder, d));
    km_sha256_hex(j->attributes, strlen(j->attributes), name);
    KM_TRY(km_evaluation_log_open(j->state, name, &j->log, &there, d));
    if (there > 0 && !j->quiet)
        fprintf(stderr, "ketamap: going on from %s, %llu candidates are there\n", j->state, (unsigned long long)there);
done:
    free(folder);
    return st;
}

static km_status compare_hypotheses(job *j, const km_estimation_watch *watch, km_diag *d)
{
    km_fit *fit = NULL;
    km_status st = KM_OK;

    j->results.hypothesis = km_alloc((size_t)j->fit->n_hypotheses + 1, sizeof *j->results.hypothesis);
    for (int h = 0; h < j->fit->n_hypotheses; h++) {
        km_hypothesis *y = &j->results.hypothesis[h];
        km_text words = {0};
        KM_TRY(km_fit_read_hypothesis(j->fit->path, j->fit->hypothesis[h], &fit, d));
        for (size_t i = 0; i < fit->variants->n; i++)
            km_text_add(&words, "%s%s", i ? ", " : "", fit->variants->child[i].string);
        *y = (km_hypothesis){.name = km_strdup(fit->hypothesis[h]), .variants = km_text_take(&words)};
        j->results.n_hypotheses++;
        j->hypothesis = y->name;
        KM_TRY(km_fit_estimate_hypothesis(fit, &j->how, &j->options, &j->log, watch, y, d));
        km_fit_destroy(fit);
        fit = NULL;
    }
done:
    km_fit_destroy(fit);
    j->hypothesis = NULL;
    return st;
}

static km_status write_table(const job *j, const char *ending, void (*make)(const km_fit_results *, km_text *), km_diag *d)
{
    char *path = km_format("%s%s", j->stem, ending);
    km_text text = {0};
    km_status st;

    make(&j->results, &text);
    st = km_file_write(path, text.data, text.size, d);
    km_text_clear(&text);
    free(path);
    return st;
}

static char *run_json(const job *j, const km_arguments *a, double wall, double cpu)
{
    const km_fit_results *r = &j->results;
    km_text out = {0};

    km_text_add(&out, "{\n    \"version\": \"%s\",\n    \"command\": [\"ketamap\"", KM_VERSION);
    for (int i = 0; i < a->argc; i++) {
        char *quoted = km_json_quote(a->argv[i]);
        km_text_add(&out, ", %s", quoted);
        free(quoted);
    }
    km_text_add(&out, "],\n    \"seconds\": %.3f,\n    \"cpu_seconds\": %.3f,\n    \"candidates\": %llu,\n    \"candidates_resumed\": %llu,\n"
                      "    \"models\": %llu,\n    \"candidates_failed\": %llu,\n    \"log_evidence\": %.6f,\n    \"log_evidence_error\": %.6f\n}\n",
                wall, cpu, (unsigned long long)r->evaluations, (unsigned long long)j->log.replayed, (unsigned long long)r->models,
                (unsigned long long)r->failed, r->log_evidence, r->evidence_error);
    return km_text_take(&out);
}

static km_status write_results(const job *j, const km_arguments *a, double wall, double cpu, km_diag *d)
{
    char *report = run_json(j, a, wall, cpu), *path = km_format("%s-report.txt", j->stem);
    FILE *text = NULL;
    km_status st = KM_OK;

    KM_TRY(write_table(j, "-parameters.tsv", km_fit_parameters_tsv, d));
    KM_TRY(write_table(j, "-rows.tsv", km_fit_rows_tsv, d));
    if (j->results.n_contrasts > 0)
        KM_TRY(write_table(j, "-contrasts.tsv", km_fit_contrasts_tsv, d));
    KM_TRY(write_table(j, "-trials.tsv", km_fit_trials_tsv, d));
    if (j->results.n_profile > 0)
        KM_TRY(write_table(j, "-profiles.tsv", km_fit_profiles_tsv, d));
    if (j->results.n_hypotheses > 0)
        KM_TRY(write_table(j, "-hypotheses.tsv", km_fit_hypotheses_tsv, d));
    text = fopen(path, "w");
    if (text == NULL)
        KM_FAIL(d, KM_E_IO, "cannot write %s", path);
    km_fit_report(&j->results, text);
    if (fclose(text) != 0)
        KM_FAIL(d, KM_E_IO, "cannot write %s", path);
    KM_TRY(km_fit_results_write(j->path, &j->results, j->attributes, report, d)); /* last: it says that all is there */
    (void)unlink(j->state);
done:
    free(report), free(path);
    return st;
}

static km_status run(const km_arguments *a, km_diag *d)
{
    job j = {.quiet = km_argument(a, "quiet") != NULL, .log = {.file = -1}};
    const km_estimation_watch watch = {&j, say, stop};
    bool force = km_argument(a, "force") != NULL, there = false;
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    km_status st = KM_OK;

    if (force && km_argument(a, "resume"))
        KM_FAIL(d, KM_E_INPUT, "--force begins anew and --resume goes on; give one of them");
    KM_TRY(open_fit(&j, a, d));
    if (force) {
        KM_TRY(km_group_remove(j.path, "\"ketamap_fit\"", "results of a fit", d));
        (void)unlink(j.state);
    }
    KM_TRY(km_group_is_there(j.path, "\"ketamap_fit\"", j.attributes, &there, d));
    if (there && !j.quiet)
        fprintf(stderr, "ketamap: %s is complete already, and of this very fit; --force computes it again\n", j.path);
    if (there)
        goto done;
    KM_TRY(open_state(&j, km_argument(a, "resume") != NULL, d));
    km_interrupt_catch("finishing the candidates at hand; once more stops at once");
    KM_TRY(km_fit_estimate(j.fit, &j.how, &j.options, &j.log, &watch, &j.results, d));
    KM_TRY(compare_hypotheses(&j, &watch, d));
    wall = now(CLOCK_MONOTONIC) - wall, cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    KM_TRY(write_results(&j, a, wall, cpu, d));
    km_fit_report(&j.results, stdout);
    fflush(stdout); /* before the summary, where both go to one place */
    if (!j.quiet)
        fprintf(stderr, "ketamap: %llu candidates, %llu models in %.1f s; the results are %s and %s-*.tsv\n", (unsigned long long)j.results.evaluations,
                (unsigned long long)j.results.models, wall, j.path, j.stem);
done:
    clear_job(&j);
    return st;
}

static const km_option options_of[] = {
    {"output", "NAME.zarr", "where the results go; NAME-*.tsv stand beside (default results/FIT-fit.zarr)"},
    {"resume", NULL, "go on from NAME.zarr.state, and fail if there is none (without it: go on if there is one)"},
    {"force", NULL, "replace results that are there"},
    KM_OPTION_DEVICE, KM_OPTION_LANES, KM_OPTION_UNITS, KM_OPTION_BATCH, KM_OPTION_NO_DOUBLE, KM_OPTION_QUIET, KM_OPTION_KERNELS, {0}};

const km_command km_command_fit = {
    "fit", "estimate parameters from the outcomes of trials", "FIT", 1,
    "Finds the best candidate, the posterior and its evidence; predicts every row, those held out too; compares hypotheses. A\n"
    "fit that is interrupted or killed goes on when the same command is given again, and ends with the same numbers.",
    "ketamap fit configs/trials/ketamine-iv.json", options_of, run};
