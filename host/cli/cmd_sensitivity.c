/* ketamap sensitivity: which factors drive which endpoint. */
#include "analysis/pilot.h"
#include "analysis/sensitivity.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/analysis_results.h"
#include "cli/command.h"
#include "cli/engine_options.h"
#include "cli/interrupt.h"
#include "cli/map_analysis.h"
#include "cli/record.h"
#include "cli/statuses.h"
#include "engine/dispatch.h"
#include "store/provenance.h"
#include "study/copula.h"
#include "view/indices_table.h"
#include "view/progress.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 20, SAVE_SECONDS = 5, MOST_SAMPLE = 1000000, MOST_KEPT = 1 << 24 };

typedef struct job {
    km_study *study;
    km_sa *sa;
    km_dispatch *dispatch;
    const km_engine *engine;   /* the first */
    char *programs;
    km_progress progress;
    char *method_choice;
    km_analysis_place place;
    char *attributes;          /* what the analysis is */
    char name[65];             /* its hash, whatever "n" and "until" */
    bool goes_on;              /* from results with another of these */
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
    km_dispatch_destroy(j->dispatch);
    km_study_destroy(j->study);
    km_analysis_place_clear(&j->place);
    free(j->method_choice), free(j->programs), free(j->attributes);
}

/* ---- what it is ---- */

/* What makes two analyses the same, and what makes one go on from the other. */
static void name_analysis(job *j)
{
    const km_engine_facts *f = km_engine_facts_of(j->engine);
    const km_analysis_facts facts = {.version = KM_VERSION, .program_hash = j->programs ? j->programs : f->program_hash, .precision = f->single ? "single" : "double",
                                     .integrator = j->study->solver.method->name, .method_choice = j->method_choice, .lanes = f->lanes,
                                     .until = j->study->sensitivity->until};
    km_text text = {0};

    km_provenance_analysis(&text, j->study, &facts, "");
    j->attributes = km_text_take(&text);
    km_provenance_analysis_of_any_size(&text, j->study, &facts);
    km_sha256_hex(text.data, text.size, j->name);
    km_text_clear(&text);
}

/* ---- going on later ---- */

static km_status save(job *j, km_diag *d)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    km_status st = KM_OK;

    KM_TRY(km_sa_save(j->sa, j->name, &bytes, &size, d));
    KM_TRY(km_file_write(j->place.state, bytes, size, d));
    j->saved = now(CLOCK_MONOTONIC);
done:
    free(bytes);
    return st;
}

/* Results of the same analysis with another "n" or "until" are there, and what is needed to go on from them. */
static bool can_go_on(const job *j)
{
    char *bytes = NULL;
    size_t size = 0;
    bool yes;
    km_diag quiet;

    km_diag_init(&quiet);
    yes = km_file_exists(j->place.kept) && km_file_read(j->place.kept, &bytes, &size, &quiet) == KM_OK &&
          km_sa_is_state(j->name, (const unsigned char *)bytes, size);
    km_diag_clear(&quiet);
    free(bytes);
    return yes;
}

static km_status look(job *j, const km_arguments *a, bool *there, km_diag *d)
{
    char *path = km_file_join(j->place.path, ".zattrs"), *have = NULL;
    bool same;
    km_status st = KM_OK;

    *there = false;
    if (km_argument(a, "force") || !can_go_on(j)) {
        st = km_analysis_place_look(&j->place, a, j->attributes, there, d);
        goto done;
    }
    KM_TRY(km_file_read(path, &have, NULL, d));
    same = strcmp(have, j->attributes) == 0;
    if (same)
        KM_TRY(km_analysis_place_look(&j->place, a, j->attributes, there, d));
    j->goes_on = !same;
done:
    free(path), free(have);
    return st;
}

static km_status load(job *j, bool wanted, km_diag *d)
{
    char *bytes = NULL;
    const char *from = j->goes_on && !km_file_exists(j->place.state) ? j->place.kept : j->place.state;
    size_t size = 0;
    km_status st = KM_OK;

    if (!km_file_exists(from)) {
        if (wanted)
            KM_FAIL(d, KM_E_INPUT, "there is no %s to resume; without --resume the analysis begins anew", j->place.state);
        goto done;
    }
    KM_TRY(km_file_read(from, &bytes, &size, d));
    st = km_sa_load(j->sa, j->name, (const unsigned char *)bytes, size, d);
    if (st != KM_OK)
        km_diag_context(d, "cannot go on from %s (--force begins anew)", from);
    KM_TRY(st);
    j->before = km_sa_models_done(j->sa);
    if (!j->quiet)
        fprintf(stderr, "ketamap: resuming %s, %llu of %llu models are there\n", from, (unsigned long long)j->before,
                (unsigned long long)km_sa_n_models(j->sa));
done:
    free(bytes);
    return st;
}

/* Saved at once, so that a kill loses nothing, and then from time to time. */
static km_status taken(void *context, km_diag *d)
{
    job *j = context;

    km_progress_show(&j->progress, km_sa_models_done(j->sa));
    if (km_sa_is_done(j->sa) || (j->saved > 0.0 && now(CLOCK_MONOTONIC) - j->saved < SAVE_SECONDS))
        return KM_OK;
    return save(j, d);
}

static void say_lost(void *context, int engine, const char *why)
{
    const job *j = context;

    if (!j->quiet)
        fprintf(stderr, "ketamap: warning: device %d (%s) failed, the others go on with its models: %s\n", engine,
                km_engine_facts_of(km_dispatch_engine(j->dispatch, engine))->device, why);
}

static km_status compute(job *j, bool force, km_diag *d)
{
    const km_sa_watch watch = {j, taken, say_lost, km_interrupted};
    km_status st = KM_OK;

    km_interrupt_catch("finishing the chunk; once more stops at once");
    km_progress_begin(&j->progress, km_sa_n_models(j->sa), j->before, j->quiet);
    st = km_sa_run(j->sa, j->dispatch, &watch, d);
    km_progress_end(&j->progress);
    KM_TRY(st);
    if (!km_sa_is_done(j->sa)) {
        KM_TRY(save(j, d));
        KM_FAIL(d, KM_E_INTERRUPTED, "interrupted; the sums over %llu of %llu models are in %s, the same command%s goes on from there",
                (unsigned long long)km_sa_models_done(j->sa), (unsigned long long)km_sa_n_models(j->sa), j->place.state,
                force ? " without --force" : "");
    }
done:
    return st;
}

/* ---- the sample as a table ---- */

typedef struct sample_table {
    FILE *file;
    int n_factors, n_measures;
} sample_table;

static void add_model(void *context, const double *factor, const double *measure)
{
    const sample_table *t = context;
    km_text row = {0};

    for (int i = 0; i < t->n_factors; i++)
        km_text_add_cell(&row, factor[i], 17);
    for (int i = 0; i < t->n_measures; i++)
        km_text_add_cell(&row, measure[i], 17);
    fprintf(t->file, "%s\n", row.data + 1); /* without the first tab */
    km_text_clear(&row);
}

static km_status open_sample(const job *j, const char *path, sample_table *t, km_diag *d)
{
    const km_sensitivity *s = j->study->sensitivity;
    km_status st = KM_OK;

    if (km_sa_n_models(j->sa) > MOST_SAMPLE)
        KM_FAIL(d, KM_E_INPUT, "--sample writes a line for each model, at most %d, and here are %llu; make \"n\" smaller", (int)MOST_SAMPLE,
                (unsigned long long)km_sa_n_models(j->sa));
    if (km_file_exists(j->place.state) || j->goes_on)
        KM_FAIL(d, KM_E_INPUT, "--sample writes all models, and %s goes on from its middle; --force begins anew",
                j->goes_on ? j->place.kept : j->place.state);
    t->n_factors = s->n_dimensions;
    t->n_measures = km_sa_n_measures(j->sa);
    t->file = fopen(path, "w");
    if (t->file == NULL)
        KM_FAIL(d, KM_E_IO, "cannot write %s: %s", path, strerror(errno));
    for (int i = 0; i < t->n_factors; i++)
        fprintf(t->file, "%s%s", i ? "\t" : "", s->dimension[i]);
    for (int m = 0; m < t->n_measures; m++) {
        char *name = km_sa_measure_name(j->sa, m);
        fprintf(t->file, "\t%s", name);
        free(name);
    }
    fputc('\n', t->file);
    km_sa_observe(j->sa, add_model, t);
done:
    return st;
}

static km_status close_sample(const char *path, sample_table *t, km_diag *d)
{
    bool bad = ferror(t->file) != 0;

    bad = fclose(t->file) != 0 || bad;
    t->file = NULL;
    return bad ? km_diag_fail(d, KM_E_IO, "cannot write %s: %s", path, strerror(errno)) : KM_OK;
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

static km_status write_results(job *j, const km_arguments *a, time_t begun, km_diag *d)
{
    unsigned char *state = NULL;
    size_t size = 0;
    int n = km_sa_n_stages(j->sa);
    const km_indices **stage = km_alloc((size_t)n + 1, sizeof *stage);
    char *report = run_json(j, a, begun);
    km_status st = KM_OK;

    if (km_sa_grows(j->sa))
        KM_TRY(km_sa_save(j->sa, j->name, &state, &size, d));
    if (j->goes_on) /* what is there is taken away before the new is in its place */
        KM_TRY(km_file_write(j->place.state, state, size, d));
    for (int i = 0; i < n; i++)
        stage[i] = km_sa_stage(j->sa, i);
    st = km_analysis_write(&j->place, stage[n - 1], stage, n, j->attributes, report, j->goes_on, state, size <= MOST_KEPT ? size : 0, d);
done:
    free(stage), free(report), free(state);
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
    double wall = now(CLOCK_MONOTONIC) - j->start, models = (double)(km_sa_models_done(j->sa) - j->before), width;
    double until = j->study->sensitivity->until;
    uint64_t ignored = 0;
    km_statuses s = statuses_of(j);
    char *of = NULL;

    if (j->quiet)
        return;
    width = km_sa_width(x, &of);
    fprintf(stderr, "ketamap: %.0f models in %.1f s (%.0f a second), build %.1f s, %s precision, rtol %.0e, on %s\n", models, wall,
            wall > 0.0 ? models / wall : 0.0, f->build_seconds, f->single ? "single" : "double", j->study->solver.rtol, f->device);
    km_statuses_print(&s, !f->fp64, stderr);
    for (int i = 0; i < km_dispatch_n(j->dispatch); i++)
        ignored += km_engine_facts_of(km_dispatch_engine(j->dispatch, i))->doses_ignored;
    if (ignored)
        fprintf(stderr, "ketamap: %llu doses at or after the horizon were ignored, over all points\n", (unsigned long long)ignored);
    if (!isnan(width))
        fprintf(stderr, "ketamap: the widest interval is %.4g (%s) after %llu base rows%s\n", width, of, (unsigned long long)x->n_rows,
                until == 0.0 ? "" : km_sa_reached(j->sa) ? ", as narrow as wanted" : ", wider than wanted; a larger \"n\" makes it narrower");
    if (j->study->copula)
        fprintf(stderr, "ketamap: factors are correlated as the %s has it, %s\n", j->study->copula->of_model ? "model" : "study", j->study->copula->text);
    free(of);
    fprintf(stderr, "ketamap: the results are %s and %s.tsv\n", j->place.path, j->place.stem);
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
    const char *until = km_argument(a, "until"), *method = km_argument(a, "method");
    const km_sa_method *known;
    km_engine_options options;
    km_status st = KM_OK;

    KM_TRY(km_study_read_sensitivity(a->positional[0], a->set, a->n_set, &j->study, d));
    if (method) {
        st = km_sa_find_method(method, NULL, &known, d);
        if (st != KM_OK)
            km_diag_context(d, "--method");
        KM_TRY(st);
        free(j->study->sensitivity->method);
        j->study->sensitivity->method = km_strdup(method);
    }
    if (until) {
        st = km_sensitivity_until(until, &j->study->sensitivity->until, d);
        if (st != KM_OK)
            km_diag_context(d, "--until");
        KM_TRY(st);
    }
    KM_TRY(km_sa_create(j->study, &j->sa, d));
    KM_TRY(km_report_warnings(d, strict, j->quiet));
    KM_TRY(km_analysis_place_name(j->study->path, a, &j->place, d));
    KM_TRY(km_engine_options_read(a, &options, d));
    KM_TRY(km_dispatch_create(&options, &j->dispatch, d));
    KM_TRY(km_pilot_choose(j->study, km_dispatch_first(j->dispatch), &j->method_choice, d));
    if (j->method_choice && !j->quiet)
        fprintf(stderr, "ketamap: method %s\n", j->method_choice);
    KM_TRY(km_dispatch_build(j->dispatch, j->study, d));
    KM_TRY(km_report_warnings(d, strict, j->quiet));
    j->engine = km_dispatch_engine(j->dispatch, 0);
    j->programs = km_dispatch_programs(j->dispatch);
    name_analysis(j);
done:
    return st;
}

static km_status run(const km_arguments *a, km_diag *d)
{
    job j = {.quiet = km_argument(a, "quiet") != NULL};
    const char *sample = km_argument(a, "sample");
    sample_table table = {0};
    const km_indices *x;
    bool force = km_argument(a, "force") != NULL, there = false;
    time_t begun = time(NULL);
    long lines;
    km_status st = KM_OK;

    KM_TRY(km_argument_integer(a, "top", 0, 100000, LINES, &lines, d));
    if (force && km_argument(a, "resume"))
        KM_FAIL(d, KM_E_INPUT, "--force begins anew and --resume goes on; give one of them");
    if (km_file_is_folder(a->positional[0])) {
        st = km_map_analysis(a, (int)lines, d);
        goto done;
    }
    if (km_argument(a, "resamples"))
        KM_FAIL(d, KM_E_INPUT, "--resamples is for maps; a study says it in its block, \"resamples\"");
    KM_TRY(open_analysis(&j, a, d));
    KM_TRY(look(&j, a, &there, d));
    if (there && sample)
        KM_FAIL(d, KM_E_INPUT, "the results are there, and --sample writes its table while models are run; add --force");
    if (there)
        goto done;
    if (sample)
        KM_TRY(open_sample(&j, sample, &table, d));
    KM_TRY(load(&j, km_argument(a, "resume") != NULL, d));
    j.start = now(CLOCK_MONOTONIC);
    j.cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    st = compute(&j, force, d);
    if (sample && st == KM_OK)
        st = close_sample(sample, &table, d);
    KM_TRY(st);
    KM_TRY(write_results(&j, a, begun, d));
    x = km_sa_stage(j.sa, km_sa_n_stages(j.sa) - 1);
    km_indices_table(x, (int)lines, stdout);
    fflush(stdout); /* before the summary, where both go to one place */
    say_summary(&j, x);
    st = check_failed(&j, km_argument(a, "strict") != NULL, d);
done:
    if (table.file)
        fclose(table.file);
    clear_job(&j);
    return st;
}

static const km_option options_of[] = {
    {"output", "NAME.zarr", "where the results go; NAME.tsv stands beside (default results/STUDY-sensitivity.zarr)"},
    {"method", "NAME", "instead of the study's: sobol, efast, morris, dgsm, regression, pawn, delta or given_data"},
    {"until", "ci=WIDTH", "stop as soon as every interval is narrower"},
    {"sample", "FILE.tsv", "also write the factors and measures of every model, a line each (at most 1000000)"},
    {"top", "N", "lines of an endpoint's table (default 20, 0: all)"},
    {"resamples", "N", "of a map: bootstrap resamples that intervals come from (default 100, 20 of more than 100000 points)"},
    {"resume", NULL, "go on from NAME.zarr.state, and fail if there is none (without it: go on if there is one)"},
    {"force", NULL, "replace results that are there"},
    KM_OPTION_SET, KM_OPTION_DEVICES, KM_OPTION_LANES, KM_OPTION_UNITS, KM_OPTION_BATCH, KM_OPTION_NO_DOUBLE,
    KM_OPTION_STRICT, KM_OPTION_QUIET, KM_OPTION_KERNELS, {0}};

const km_command km_command_sensitivity = {
    "sensitivity", "find which parameters drive the endpoints", "STUDY|MAP", 1,
    "Varies the factors of the study's block \"sensitivity\", all of them at once, and prints what share of each endpoint each\n"
    "one explains. A run that is interrupted or killed goes on when the same command is given again, and ends with the same\n"
    "numbers. Of a map that is there already, its own points are looked at (methods given_data, regression, pawn, delta).",
    "ketamap sensitivity configs/studies/sensitivity-ishigami.json", options_of, run};
