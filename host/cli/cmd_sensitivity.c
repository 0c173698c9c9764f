/* ketamap sensitivity: which factors drive which endpoint. */
#include "analysis/pilot.h"
#include "analysis/sensitivity.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/engine_options.h"
#include "cli/interrupt.h"
#include "cli/record.h"
#include "cli/statuses.h"
#include "store/indices_store.h"
#include "store/provenance.h"
#include "view/indices_table.h"
#include "view/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 20, SAVE_SECONDS = 5 };

typedef struct job {
    km_study *study;
    km_sa *sa;
    km_engine *engine;
    km_engine_options options;
    char *method_choice;
    char *path, *stem, *state; /* NAME.zarr, NAME, NAME.zarr.state */
    char *attributes;          /* what the analysis is */
    char name[65];             /* their hash */
    double start, cpu, saved;
    uint64_t before;
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
    km_sa_destroy(j->sa);
    km_engine_destroy(j->engine);
    km_study_destroy(j->study);
    free(j->method_choice), free(j->path), free(j->stem), free(j->state), free(j->attributes);
}

/* ---- where things go ---- */

static km_status name_results(job *j, const km_arguments *a, km_diag *d)
{
    const char *output = km_argument(a, "output"), *slash = strrchr(j->study->path, '/'), *stem = slash ? slash + 1 : j->study->path;
    size_t n = strlen(stem);

    if (output && *output == '\0')
        return km_diag_fail(d, KM_E_INPUT, "--output is empty; give the results a name such as results/NAME.zarr");
    n -= n > 5 && strcmp(stem + n - 5, ".json") == 0 ? 5 : 0;
    j->path = output ? km_strdup(output) : km_format("results/%.*s%s.zarr", (int)n, stem, strncmp(stem, "sensitivity", 11) ? "-sensitivity" : "");
    for (n = strlen(j->path); n > 1 && j->path[n - 1] == '/'; n--)
        j->path[n - 1] = '\0'; /* what belongs to it stands beside it, not in it */
    n = strlen(j->path);
    j->stem = km_format("%.*s", (int)(n > 5 && strcmp(j->path + n - 5, ".zarr") == 0 ? n - 5 : n), j->path);
    j->state = km_format("%s.state", j->path);
    return KM_OK;
}

/* What makes two analyses the same; the sizes that --until may stop at are not in it. */
static void name_analysis(job *j)
{
    const km_engine_facts *f = km_engine_facts_of(j->engine);
    const km_analysis_facts facts = {.version = KM_VERSION, .program_hash = f->program_hash, .precision = f->single ? "single" : "double",
                                     .integrator = j->study->solver.method->name, .method_choice = j->method_choice, .lanes = f->lanes,
                                     .until = j->study->sensitivity->until};
    km_text text = {0};

    km_provenance_analysis(&text, j->study, &facts, "");
    km_sha256_hex(text.data, text.size, j->name);
    j->attributes = km_text_take(&text);
}

/* ---- going on later ---- */

static km_status save(job *j, km_diag *d)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    km_status st = KM_OK;

    KM_TRY(km_sa_save(j->sa, j->name, &bytes, &size, d));
    KM_TRY(km_file_write(j->state, bytes, size, d));
    j->saved = now(CLOCK_MONOTONIC);
done:
    free(bytes);
    return st;
}

static km_status load(job *j, bool wanted, km_diag *d)
{
    char *bytes = NULL;
    size_t size = 0;
    km_status st = KM_OK;

    if (!km_file_exists(j->state)) {
        if (wanted)
            KM_FAIL(d, KM_E_INPUT, "there is no %s to resume; without --resume the analysis begins anew", j->state);
        goto done;
    }
    KM_TRY(km_file_read(j->state, &bytes, &size, d));
    st = km_sa_load(j->sa, j->name, (const unsigned char *)bytes, size, d);
    if (st != KM_OK)
        km_diag_context(d, "cannot go on from %s (--force begins anew)", j->state);
    KM_TRY(st);
    j->before = km_sa_models_done(j->sa);
    if (!j->quiet)
        fprintf(stderr, "ketamap: resuming %s, %llu of %llu models are there\n", j->state, (unsigned long long)j->before,
                (unsigned long long)km_sa_n_models(j->sa));
done:
    free(bytes);
    return st;
}

static km_status compute(job *j, bool force, km_diag *d)
{
    km_progress progress;
    bool done = km_sa_is_done(j->sa);
    km_status st = KM_OK;

    km_interrupt_catch("finishing the chunk; once more stops at once");
    km_progress_begin(&progress, km_sa_n_models(j->sa), j->before, j->quiet);
    while (!done && !km_interrupted() && st == KM_OK) {
        st = km_sa_step(j->sa, j->engine, &done, d);
        if (st == KM_OK && !done && (j->saved == 0.0 || now(CLOCK_MONOTONIC) - j->saved > SAVE_SECONDS))
            st = save(j, d);
        km_progress_show(&progress, km_sa_models_done(j->sa));
    }
    km_progress_end(&progress);
    KM_TRY(st);
    if (!done) {
        KM_TRY(save(j, d));
        KM_FAIL(d, KM_E_INTERRUPTED, "interrupted; the sums over %llu of %llu models are in %s, the same command%s goes on from there",
                (unsigned long long)km_sa_models_done(j->sa), (unsigned long long)km_sa_n_models(j->sa), j->state,
                force ? " without --force" : "");
    }
done:
    return st;
}

/* ---- results ---- */

static char *run_json(const job *j, const km_arguments *a, time_t begun)
{
    const km_engine_facts *f = km_engine_facts_of(j->engine);
    double wall = now(CLOCK_MONOTONIC) - j->start, cpu = now(CLOCK_PROCESS_CPUTIME_ID) - j->cpu;
    double models = (double)(km_sa_models_done(j->sa) - j->before);
    const uint64_t *status = km_sa_statuses(j->sa);
    km_text out = {0};

    km_record_begin(&out, f, a, begun);
    km_text_add(&out, "    \"build_seconds\": %.6f,\n    \"run_seconds\": %.6f,\n    \"cpu_seconds\": %.6f,\n    \"models_this_run\": %.0f,\n"
                      "    \"models_resumed\": %llu,\n    \"models_per_second\": %.1f,\n    \"status\": [", f->build_seconds, wall, cpu,
                models, (unsigned long long)j->before, wall > 0.0 ? models / wall : 0.0);
    for (int i = 0; i <= KM_N_POINT_STATUSES; i++)
        km_text_add(&out, "%s%llu", i ? ", " : "", (unsigned long long)status[i]);
    km_text_add(&out, "],\n    \"doses_ignored\": %llu\n}\n", (unsigned long long)f->doses_ignored);
    return km_text_take(&out);
}

static km_status write_table(const char *stem, const char *ending, km_text *text, km_diag *d)
{
    char *path = km_format("%s%s", stem, ending);
    km_status st = km_file_write(path, text->data, text->size, d);

    km_text_clear(text);
    free(path);
    return st;
}

static km_status write_results(const job *j, const km_indices *x, const km_arguments *a, time_t begun, km_diag *d)
{
    int n = km_sa_n_stages(j->sa);
    const km_indices **stage = km_alloc((size_t)n + 1, sizeof *stage);
    char *report = run_json(j, a, begun);
    km_text text = {0};
    km_status st = KM_OK;

    for (int i = 0; i < n; i++)
        stage[i] = km_sa_stage(j->sa, i);
    km_indices_tsv(x, &text);
    KM_TRY(write_table(j->stem, ".tsv", &text, d));
    if (x->n_pair_columns > 0) {
        km_indices_pair_tsv(x, &text);
        KM_TRY(write_table(j->stem, "-pairs.tsv", &text, d));
    }
    KM_TRY(km_indices_write(j->path, x, stage, n, j->attributes, report, d)); /* last: it says that all is there */
    (void)unlink(j->state);
done:
    km_text_clear(&text);
    free(stage), free(report);
    return st;
}

static km_statuses statuses_of(const job *j)
{
    km_statuses s;

    memcpy(s.count, km_sa_statuses(j->sa), sizeof s.count);
    return s;
}

static void say_summary(const job *j, const km_indices *x)
{
    const km_engine_facts *f = km_engine_facts_of(j->engine);
    double wall = now(CLOCK_MONOTONIC) - j->start, models = (double)(km_sa_models_done(j->sa) - j->before), width = km_sa_width(x);
    double until = j->study->sensitivity->until;
    km_statuses s = statuses_of(j);

    if (j->quiet)
        return;
    fprintf(stderr, "ketamap: %.0f models in %.1f s (%.0f a second), build %.1f s, %s precision, rtol %.0e, on %s\n", models, wall,
            wall > 0.0 ? models / wall : 0.0, f->build_seconds, f->single ? "single" : "double", j->study->solver.rtol, f->device);
    km_statuses_print(&s, !f->fp64, stderr);
    if (f->doses_ignored)
        fprintf(stderr, "ketamap: %llu doses at or after the horizon were ignored, over all points\n", (unsigned long long)f->doses_ignored);
    if (!isnan(width))
        fprintf(stderr, "ketamap: the widest interval is %.4f after %llu base rows%s\n", width, (unsigned long long)x->n_rows,
                until == 0.0 ? "" : km_sa_reached(j->sa) ? ", as narrow as wanted" : ", wider than wanted; a larger \"n\" makes it narrower");
    fprintf(stderr, "ketamap: the results are %s and %s.tsv\n", j->path, j->stem);
}

static km_status check_failed(const job *j, bool strict, km_diag *d)
{
    km_statuses s = statuses_of(j);

    if (!strict || km_statuses_failed(&s) == 0)
        return KM_OK;
    return km_diag_fail(d, KM_E_NUMERICS, "%llu of %llu models failed; their base rows were dropped", (unsigned long long)km_statuses_failed(&s),
                        (unsigned long long)km_statuses_total(&s));
}

/* ---- the command ---- */

static km_status open_analysis(job *j, const km_arguments *a, km_diag *d)
{
    bool strict = km_argument(a, "strict") != NULL;
    const char *until = km_argument(a, "until");
    km_status st = KM_OK;

    KM_TRY(km_study_read_sensitivity(a->positional[0], a->set, a->n_set, &j->study, d));
    if (until) {
        st = km_sensitivity_until(until, &j->study->sensitivity->until, d);
        if (st != KM_OK)
            km_diag_context(d, "--until");
        KM_TRY(st);
    }
    KM_TRY(km_sa_create(j->study, &j->sa, d));
    KM_TRY(km_report_warnings(d, strict, j->quiet));
    KM_TRY(name_results(j, a, d));
    KM_TRY(km_engine_options_read(a, &j->options, d));
    KM_TRY(km_pilot_choose(j->study, &j->options, &j->method_choice, d));
    if (j->method_choice && !j->quiet)
        fprintf(stderr, "ketamap: method %s\n", j->method_choice);
    KM_TRY(km_engine_create(j->study, &j->options, &j->engine, d));
    name_analysis(j);
done:
    return st;
}

/* True if the results are there already; --force takes them away. */
static km_status look_for_results(const job *j, bool force, bool *there, km_diag *d)
{
    km_status st = KM_OK;

    *there = false;
    if (force) {
        KM_TRY(km_indices_remove(j->path, d));
        (void)unlink(j->state);
        goto done;
    }
    KM_TRY(km_indices_is_there(j->path, j->attributes, there, d));
    if (*there && !j->quiet)
        fprintf(stderr, "ketamap: %s is complete already, and of this very analysis; --force computes it again\n", j->path);
done:
    return st;
}

static km_status run(const km_arguments *a, km_diag *d)
{
    job j = {.quiet = km_argument(a, "quiet") != NULL};
    bool force = km_argument(a, "force") != NULL, there = false;
    km_indices *x = NULL;
    char *folder = NULL;
    time_t begun = time(NULL);
    long lines;
    km_status st = KM_OK;

    KM_TRY(km_argument_integer(a, "top", 0, 100000, LINES, &lines, d));
    if (force && km_argument(a, "resume"))
        KM_FAIL(d, KM_E_INPUT, "--force begins anew and --resume goes on; give one of them");
    KM_TRY(open_analysis(&j, a, d));
    KM_TRY(look_for_results(&j, force, &there, d));
    if (there)
        goto done;
    folder = km_file_folder(j.path);
    KM_TRY(km_file_make_folder(folder, d));
    KM_TRY(load(&j, km_argument(a, "resume") != NULL, d));
    j.start = now(CLOCK_MONOTONIC);
    j.cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    KM_TRY(compute(&j, force, d));
    x = km_sa_indices(j.sa);
    KM_TRY(write_results(&j, x, a, begun, d));
    km_indices_table(x, (int)lines, stdout);
    fflush(stdout); /* before the summary, where both go to one place */
    say_summary(&j, x);
    st = check_failed(&j, km_argument(a, "strict") != NULL, d);
done:
    km_indices_destroy(x);
    clear_job(&j);
    free(folder);
    return st;
}

static const km_option options_of[] = {
    {"output", "NAME.zarr", "where the results go; NAME.tsv stands beside (default results/STUDY-sensitivity.zarr)"},
    {"until", "ci=WIDTH", "stop as soon as every interval is narrower"},
    {"top", "N", "lines of an endpoint's table (default 20, 0: all)"},
    {"resume", NULL, "go on from NAME.zarr.state, and fail if there is none (without it: go on if there is one)"},
    {"force", NULL, "replace results that are there"},
    KM_OPTION_SET, KM_OPTION_DEVICE, KM_OPTION_LANES, KM_OPTION_UNITS, KM_OPTION_BATCH, KM_OPTION_NO_DOUBLE,
    KM_OPTION_STRICT, KM_OPTION_QUIET, KM_OPTION_KERNELS, {0}};

const km_command km_command_sensitivity = {
    "sensitivity", "find which parameters drive the endpoints", "STUDY", 1,
    "Varies the factors of the study's block \"sensitivity\", all of them at once, and prints what share of each endpoint each\n"
    "one explains. Sums are kept, never the sample. A run that is interrupted or killed goes on when the same command is\n"
    "given again, and ends with the same numbers.",
    "ketamap sensitivity configs/studies/sensitivity-ishigami.json", options_of, run};
