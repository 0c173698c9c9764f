/* ketamap run: a study becomes a map. */
#include "abi.h"
#include "analysis/audit.h"
#include "analysis/pilot.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/engine_options.h"
#include "cli/interrupt.h"
#include "cli/map_tasks.h"
#include "cli/record.h"
#include "cli/statuses.h"
#include "engine/dispatch.h"
#include "store/deflate.h"
#include "store/layout.h"
#include "store/map.h"
#include "store/zarr.h"
#include "study/design.h"
#include "study/population.h"
#include "view/progress.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What one run knows and counts. */
typedef struct job {
    km_study *study;
    km_dispatch *dispatch;
    km_engine *engine;   /* the first */
    km_map *map;
    km_map_facts facts;
    km_endpoint_audit *audit;
    char *method_choice, *programs;
    km_results r;        /* of the pilot */
    uint64_t *chunks;    /* by each engine */
    uint64_t done, before, failed_patients;
    km_progress progress;
    km_statuses statuses;
    double start, cpu, steps;
    bool quiet;
} job;

static km_status make_results(job *j, size_t most, km_diag *d)
{
    size_t values = most * (size_t)j->study->n_endpoints;
    km_status st = KM_OK;

    KM_TRY(km_array_create(values, sizeof *j->r.value, (void **)&j->r.value, d));
    KM_TRY(km_array_create(values, sizeof *j->r.margin, (void **)&j->r.margin, d));
    KM_TRY(km_array_create(values, sizeof *j->r.state, (void **)&j->r.state, d));
    KM_TRY(km_array_create(most, sizeof *j->r.status, (void **)&j->r.status, d));
    KM_TRY(km_array_create(most, sizeof *j->r.steps, (void **)&j->r.steps, d));
done:
    return st;
}

static void clear_job(job *j)
{
    km_map_close(j->map);
    free(j->r.value), free(j->r.margin), free(j->r.state), free(j->r.status), free(j->r.steps);
    free(j->audit), free(j->method_choice), free(j->programs), free(j->chunks);
    km_dispatch_destroy(j->dispatch);
    km_study_destroy(j->study);
}

static void count(job *j, const km_results *r)
{
    km_statuses_add(&j->statuses, r->status, r->n);
    for (size_t i = 0; i < r->n; i++)
        j->steps += r->steps[i];
}

static void take(void *context, int engine, uint64_t n_chunks, const km_results *r)
{
    job *j = context;

    j->chunks[engine] += n_chunks;
    count(j, r);
    j->done += r->n;
    for (size_t i = 0; j->study->population && i < r->n; i++) /* a task is one chunk: the last row */
        j->failed_patients += (uint64_t)r->value[(size_t)j->study->n_statistics * r->n + i];
    km_progress_show(&j->progress, j->before + j->done);
}

static void say_lost(void *context, int engine, const char *why)
{
    const job *j = context;
    const km_engine_facts *f = km_engine_facts_of(km_dispatch_engine(j->dispatch, engine));

    if (!j->quiet)
        fprintf(stderr, "ketamap: warning: device %d (%s) failed, the others go on with its chunks: %s\n", engine, f->device, why);
}

/* ---- words ---- */

/* Integrations of this run. */
static uint64_t models(const job *j) { return j->done * (j->study->population ? j->study->population->n : 1); }

/* What each device did. */
static void add_devices(km_text *out, const job *j)
{
    km_text_add(out, "    \"devices\": [\n");
    for (int i = 0; i < km_dispatch_n(j->dispatch); i++) {
        const km_engine_facts *f = km_engine_facts_of(km_dispatch_engine(j->dispatch, i));
        const km_dispatch_count *c = km_dispatch_count_of(j->dispatch, i);
        char *device = km_json_quote(f->device), *driver = km_json_quote(f->driver), *platform = km_json_quote(f->platform);
        km_text_add(out, "        {\"device\": %s, \"driver\": %s, \"platform\": %s, \"compute_units\": %d, \"lanes\": %d, "
                         "\"program_sha256\": \"%s\", \"chunks\": %llu, \"models\": %llu, \"seconds\": %.6f, \"failed\": %s}%s\n",
                    device, driver, platform, f->compute_units, f->lanes, f->program_hash, (unsigned long long)j->chunks[i],
                    (unsigned long long)c->points, c->seconds, c->lost ? "true" : "false", i + 1 < km_dispatch_n(j->dispatch) ? "," : "");
        free(device), free(driver), free(platform);
    }
    km_text_add(out, "    ],\n");
}

static uint64_t doses_ignored(const job *j)
{
    uint64_t n = 0;

    for (int i = 0; i < km_dispatch_n(j->dispatch); i++)
        n += km_engine_facts_of(km_dispatch_engine(j->dispatch, i))->doses_ignored;
    return n;
}

/* The first device, and how many more. Caller frees. */
static char *devices_name(const job *j)
{
    int n = km_dispatch_n(j->dispatch);
    const char *first = km_engine_facts_of(j->engine)->device;

    return n == 1 ? km_strdup(first) : km_format("%s and %d more", first, n - 1);
}

static char *run_json(const job *j, const km_arguments *a, time_t begun)
{
    const km_engine_facts *f = km_engine_facts_of(j->engine);
    double wall = now(CLOCK_MONOTONIC) - j->start, cpu = now(CLOCK_PROCESS_CPUTIME_ID) - j->cpu;
    km_text out = {0};

    km_record_begin(&out, f, a, begun);
    add_devices(&out, j);
    km_text_add(&out,
                "    \"build_seconds\": %.6f,\n    \"run_seconds\": %.6f,\n"
                "    \"cpu_seconds\": %.6f,\n    \"models_this_run\": %llu,\n    \"models_resumed\": %llu,\n"
                "    \"models_per_second\": %.1f,\n    \"mean_steps\": %.2f,\n    \"retried\": %llu,\n    \"double_on\": \"%s\",\n    \"compressed_by\": \"%s\",\n    \"doses_ignored\": %llu\n}\n",
                f->build_seconds, wall, cpu, (unsigned long long)models(j),
                (unsigned long long)j->before, wall > 0.0 ? (double)models(j) / wall : 0.0,
                j->done ? j->steps / (double)models(j) : 0.0, (unsigned long long)j->statuses.count[KM_POINT_RETRIED],
                f->fp64 ? "device" : "host", km_deflate_name(), (unsigned long long)doses_ignored(j));
    return km_text_take(&out);
}

/* Under --strict points that failed are an error. */
static km_status check_failed(const km_statuses *s, bool strict, km_diag *d)
{
    if (!strict || km_statuses_failed(s) == 0)
        return KM_OK;
    return km_diag_fail(d, KM_E_NUMERICS, "%llu of %llu points failed; the map has their statuses",
                        (unsigned long long)km_statuses_failed(s), (unsigned long long)km_statuses_total(s));
}

static void say_summary(const job *j, const char *path)
{
    const km_engine_facts *f = km_engine_facts_of(j->engine);
    double wall = now(CLOCK_MONOTONIC) - j->start, cpu = now(CLOCK_PROCESS_CPUTIME_ID) - j->cpu;
    uint64_t ignored = doses_ignored(j);
    char *devices;

    if (j->quiet)
        return;
    devices = devices_name(j);
    fprintf(stderr, "ketamap: %llu models in %.1f s (%.0f a second, %.0f a core-second), build %.1f s, %s precision on %s\n",
            (unsigned long long)models(j), wall, wall > 0.0 ? (double)models(j) / wall : 0.0,
            cpu > 0.0 ? (double)models(j) / cpu : 0.0, f->build_seconds, f->single ? "single" : "double", devices);
    if (j->study->population)
        fprintf(stderr, "ketamap: %llu points of %zu patients; %llu patients failed and are left out (patients_failed)\n",
                (unsigned long long)j->done, j->study->population->n, (unsigned long long)j->failed_patients);
    for (int i = 0; i < km_dispatch_n(j->dispatch) && km_dispatch_n(j->dispatch) > 1; i++) {
        const km_dispatch_count *c = km_dispatch_count_of(j->dispatch, i);
        fprintf(stderr, "ketamap: device %d (%s) computed %llu models in %llu chunks in %.1f s%s\n", i,
                km_engine_facts_of(km_dispatch_engine(j->dispatch, i))->device, (unsigned long long)c->points, (unsigned long long)j->chunks[i], c->seconds,
                c->lost ? ", and failed" : "");
    }
    km_statuses_print(&j->statuses, !f->fp64, stderr);
    if (ignored)
        fprintf(stderr, "ketamap: %llu doses at or after the horizon were ignored, over all points\n", (unsigned long long)ignored);
    fprintf(stderr, "ketamap: the map is %s\n", path);
    free(devices);
}

/* ---- --force and --dry-run ---- */

/* Removes a map and its beginning, or looks only whether that may be done. */
static km_status remove_map(const char *path, bool look_only, km_diag *d)
{
    char *partial = km_format("%s.partial", path), *lock = km_format("%s/.lock", partial);
    int writer = -1;
    km_status st = KM_OK;

    if (km_file_exists(path) && !km_map_is_there(path))
        KM_FAIL(d, KM_E_INPUT, "%s is not a map, so --force does not remove it", path);
    if (km_file_exists(partial) && !km_file_exists(lock))
        KM_FAIL(d, KM_E_INPUT, "%s is not the beginning of a map, so --force does not remove it", partial);
    writer = open(lock, O_RDWR | O_CLOEXEC);
    if (writer >= 0 && flock(writer, LOCK_EX | LOCK_NB) != 0)
        KM_FAIL(d, KM_E_IO, "another ketamap is writing %s", partial);
    if (look_only)
        goto done;
    KM_TRY(km_file_remove_all(path, d));
    KM_TRY(km_file_remove_all(partial, d));
done:
    if (writer >= 0)
        close(writer);
    free(partial);
    free(lock);
    return st;
}

/* One of the `n` points in step i of `steps` equal steps through the grid: with no regularity that could fall in with
 * the length of an axis (splitmix64's finaliser). */
static uint64_t pilot_rank(uint64_t i, uint64_t steps, uint64_t n)
{
    uint64_t first = (uint64_t)((double)i * ((double)n / (double)steps)), width = n / steps, x = i + 1;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    x ^= x >> 31;
    first += width > 1 ? x % width : 0;
    return first < n ? first : n - 1;
}

/* MB: what the pilot took at most, and the chunks on their way to the disk. */
static double memory_needed(const km_study *s)
{
    const double chunks = 6.0; /* at hand, waiting and being written by two threads */
    double point = 5.0 + 17.0 * s->n_endpoints, n = fmin((double)s->n_points, 65536.0);
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024e-6 + chunks * n * point * 1e-6;
}

/* A pilot of the study's points, spread evenly, for its time and its bytes. */
static km_status dry_run(job *j, const char *path, km_diag *d)
{
    const km_study *s = j->study;
    size_t shape[KM_MOST_DIMS], chunk[KM_MOST_DIMS], pilot = s->n_points < 4096 ? (size_t)s->n_points : 4096, bytes = 5;
    double *row = NULL, seconds;
    char *disk = NULL;
    int n_dims;
    km_status st = KM_OK;

    n_dims = km_design_shape(s, shape);
    km_map_layout_chunk(s, n_dims, shape, chunk);
    KM_TRY(make_results(j, pilot, d));
    KM_TRY(km_array_create(pilot * (size_t)s->n_slots, sizeof *row, (void **)&row, d));
    for (size_t i = 0; i < pilot; i++)
        if (s->population)
            km_study_patient(s, pilot_rank(i, pilot, s->n_points), i % s->population->n, row + i * (size_t)s->n_slots);
        else
            km_study_point(s, pilot_rank(i, pilot, s->n_points), row + i * (size_t)s->n_slots);
    j->r.n = 1; /* drivers compile at the first launch: that is no part of a point's time */
    KM_TRY(km_engine_run_rows(j->engine, row, &j->r, d));
    j->r.n = pilot;
    seconds = now(CLOCK_MONOTONIC);
    KM_TRY(km_engine_run_rows(j->engine, row, &j->r, d));
    seconds = now(CLOCK_MONOTONIC) - seconds;
    count(j, &j->r);
    bytes += sizeof(double) * (size_t)s->n_factors;
    for (int e = 0; e < s->n_endpoints && s->population == NULL; e++)
        bytes += 1 + (s->store_double ? 8u : 4u) * (s->endpoint[e].margin ? 2u : 1u);
    bytes += (s->population ? 4u : 0u) + (s->store_double ? 8u : 4u) * (size_t)s->n_statistics;
    if (s->population)
        printf("patients      %zu at each point\n", s->population->n);
    printf("points        %llu in %llu chunk%s\n", (unsigned long long)s->n_points,
           (unsigned long long)km_zarr_n_chunks(n_dims, shape, chunk), km_zarr_n_chunks(n_dims, shape, chunk) == 1 ? "" : "s");
    printf("pilot         %zu points in %.2f s, %.1f steps a point, %llu failed\n", pilot, seconds, j->steps / (double)pilot,
           (unsigned long long)km_statuses_failed(&j->statuses));
    printf("time          about %.0f s, and %.1f s for the build\n", seconds / (double)pilot * (double)km_study_models(s),
           km_engine_facts_of(j->engine)->build_seconds);
    disk = km_format_bytes((double)bytes * (double)s->n_points);
    printf("disk          at most %s, often a third of that (%s)\n", disk, path);
    printf("memory        about %.0f MB here, whatever the number of points\n", memory_needed(s));
done:
    free(disk);
    free(row);
    return st;
}

/* ---- the command ---- */

static void say_tuning(const job *j, int i)
{
    const km_engine_facts *f = km_engine_facts_of(km_dispatch_engine(j->dispatch, i));

    if (f->tuning.measured && !j->quiet)
        fprintf(stderr, "ketamap: %s as bench --tune found it best: %d lanes, groups of %d, batches of %zu points\n", f->device, f->lanes,
                f->tuning.local, f->batch);
}

static km_status open_engines(job *j, const km_arguments *a, km_diag *d)
{
    const km_engine_facts *f;
    km_engine_options options;
    km_status st = KM_OK;

    KM_TRY(km_engine_options_read(a, &options, d));
    KM_TRY(km_dispatch_create(&options, &j->dispatch, d));
    KM_TRY(km_pilot_choose(j->study, km_dispatch_first(j->dispatch), &j->method_choice, d));
    if (j->method_choice && !j->quiet)
        fprintf(stderr, "ketamap: method %s\n", j->method_choice);
    KM_TRY(km_dispatch_build(j->dispatch, j->study, d));
    KM_TRY(km_report_warnings(d, km_argument(a, "strict") != NULL, j->quiet));
    j->engine = km_dispatch_engine(j->dispatch, 0);
    j->programs = km_dispatch_programs(j->dispatch);
    j->chunks = km_alloc((size_t)km_dispatch_n(j->dispatch), sizeof *j->chunks);
    for (int i = 0; i < km_dispatch_n(j->dispatch); i++)
        say_tuning(j, i);
    f = km_engine_facts_of(j->engine);
    j->facts = (km_map_facts){.version = KM_VERSION, .program_hash = f->program_hash, .programs = j->programs,
                              .method = j->study->solver.method->name, .method_choice = j->method_choice,
                              .precision = f->single ? "single" : "double", .lanes = f->lanes,
                              .double_on_host = !f->fp64,
                              .audit_rtol = km_argument(a, "no-audit") ? 0.0 : km_audit_rtol(j->study)};
done:
    return st;
}

/* What an audit found, and what to do where that is not what the tolerance promises. */
static void say_audit(const job *j, int e, km_diag *d)
{
    const km_endpoint *end = &j->study->endpoint[e];
    const km_endpoint_audit *a = &j->audit[e];

    if (!j->quiet && a->n + a->flips == 0)
        fprintf(stderr, "ketamap: error of %s is not known: it happened at none of the audit's points\n", end->name);
    else if (!j->quiet)
        fprintf(stderr, "ketamap: error of %s against double%s at rtol %.0e: p99 %.1e %s over %ld points, %ld flips\n", end->name,
                j->facts.double_on_host ? " on the host" : "", j->facts.audit_rtol, a->p99, end->unit, a->n, a->flips);
    if (km_audit_is_suspicious(a, j->study->solver.rtol))
        km_diag_warn(d, "%s is less exact than rtol %.0e promises: 99 %% of its errors are up to %.1e %s, and of its values up to %.1e; "
                        "%ld of %ld points flip between happening and never; %s", end->name, j->study->solver.rtol, a->p99, end->unit,
                     a->size, a->flips, a->n + a->flips,
                     km_engine_facts_of(j->engine)->single ? "try \"precision\": \"double\"" : "try a smaller \"rtol\"");
}

/* The audit of a map that is begun; one that is resumed has it, and where another is at its place km_map_open refuses. */
static km_status audit(job *j, const char *path, bool force, bool strict, km_diag *d)
{
    char *begun = km_format("%s.partial/.zattrs", path);
    km_status st = KM_OK;

    if (j->facts.audit_rtol > 0.0 && (force || (!km_file_exists(begun) && !km_file_exists(path)))) {
        st = km_audit_run(j->study, j->engine, km_dispatch_first(j->dispatch), &j->audit, d);
        if (st == KM_E_INPUT)
            km_diag_context(d, "the audit cannot be made (--no-audit leaves it out)");
        KM_TRY(st);
        j->facts.audit = j->audit;
        for (int e = 0; e < j->study->n_endpoints; e++)
            say_audit(j, e, d);
        KM_TRY(km_report_warnings(d, strict, j->quiet));
    }
done:
    free(begun);
    return st;
}

static km_status compute(job *j, const char *path, bool force, km_diag *d)
{
    km_map_tasks tasks = {.study = j->study, .map = j->map, .taken = take, .lost = say_lost, .stop = km_interrupted, .context = j};
    km_status st = KM_OK;

    for (uint64_t k = 0; k < km_map_n_chunks(j->map); k++)
        if (km_map_has_chunk(j->map, k))
            j->before += km_map_chunk_points(j->map, k);
    if (j->before && !j->quiet)
        fprintf(stderr, "ketamap: resuming %s.partial, %llu of %llu models are there\n", path, (unsigned long long)j->before,
                (unsigned long long)j->study->n_points);
    km_interrupt_catch("finishing the chunk; once more stops at once");
    j->start = now(CLOCK_MONOTONIC);
    j->cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    km_progress_begin(&j->progress, j->study->n_points, j->before, j->quiet);
    st = km_map_tasks_run(&tasks, j->dispatch, d);
    km_progress_end(&j->progress);
    KM_TRY(st);
    if (km_interrupted()) {
        KM_TRY(km_map_flush(j->map, d));
        KM_FAIL(d, KM_E_INTERRUPTED, "interrupted; %llu of %llu models are in %s.partial, the same command%s goes on from there",
                (unsigned long long)(j->before + j->done), (unsigned long long)j->study->n_points, path,
                force ? " without --force" : "");
    }
done:
    return st;
}

static km_status run(const km_arguments *a, km_diag *d)
{
    job j = {.quiet = km_argument(a, "quiet") != NULL};
    char *path = NULL, *report = NULL, *partial = NULL;
    time_t begun = time(NULL);
    bool strict = km_argument(a, "strict") != NULL, force = km_argument(a, "force") != NULL, same = false;
    long threads;
    km_status st = KM_OK;

    KM_TRY(km_argument_integer(a, "threads", 1, 64, 0, &threads, d));
    KM_TRY(km_study_read(a->positional[0], a->set, a->n_set, &j.study, d));
    if (j.study->n_endpoints == 0)
        KM_FAIL(d, KM_E_INPUT, "%s has no endpoints, so there is nothing to map; see \"endpoints\"", j.study->path);
    KM_TRY(km_report_warnings(d, strict, j.quiet));
    path = km_strdup(km_argument(a, "output") ? km_argument(a, "output") : j.study->map);
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = '\0'; /* its partial map stands beside it, not in it */
    if (*path == '\0')
        KM_FAIL(d, KM_E_INPUT, "--output is empty; give the map a name such as results/NAME.zarr");
    partial = km_format("%s.partial", path);
    /* what cannot be written is said before anything is compiled, audited or removed */
    if (!km_argument(a, "dry-run") && (force || !km_file_exists(path)))
        KM_TRY(km_file_probe_folder(partial, d));
    KM_TRY(open_engines(&j, a, d));
    if (km_argument(a, "dry-run")) {
        st = dry_run(&j, path, d);
        goto done;
    }
    if (force)
        KM_TRY(remove_map(path, true, d));
    else
        KM_TRY(km_map_is_complete(path, j.study, &j.facts, &same, d));
    if (same) {
        if (!j.quiet)
            fprintf(stderr, "ketamap: %s is complete already, and of this very study; --force computes it again\n", path);
        KM_TRY(km_statuses_read(path, &j.statuses, d));
        if (!j.quiet)
            km_statuses_print(&j.statuses, j.facts.double_on_host, stderr);
        st = check_failed(&j.statuses, strict, d);
        goto done;
    }
    KM_TRY(audit(&j, path, force, strict, d));
    if (force) /* not before: the audit may refuse the study under --strict */
        KM_TRY(remove_map(path, false, d));
    KM_TRY(km_map_open(path, j.study, &j.facts, threads ? (int)threads : km_map_tasks_threads(j.dispatch), &j.map, d));
    KM_TRY(compute(&j, path, force, d));
    KM_TRY(km_map_flush(j.map, d)); /* writing belongs to the time reported */
    report = run_json(&j, a, begun);
    KM_TRY(km_map_finish(j.map, report, d));
    if (j.before > 0) /* points of earlier runs count too */
        KM_TRY(km_statuses_read(path, &j.statuses, d));
    say_summary(&j, path);
    st = check_failed(&j.statuses, strict, d);
done:
    clear_job(&j);
    free(path);
    free(report);
    free(partial);
    return st;
}

static const km_option options_of[] = {
    {"output", "MAP", "where the map goes (NAME.zarr); by default what the study says"},
    KM_OPTION_SET, KM_OPTION_DEVICES, KM_OPTION_LANES, KM_OPTION_UNITS, KM_OPTION_BATCH, KM_OPTION_NO_DOUBLE,
    {"threads", "N", "threads that compress and write (default 2, beside GPUs as many as cores)"},
    {"force", NULL, "replace a map that is there"},
    {"no-audit", NULL, "skip the sample integrated again in double at a hundredth of the tolerance"},
    {"dry-run", NULL, "say what it would take: points, time, memory, disk; write nothing"},
    KM_OPTION_STRICT, KM_OPTION_QUIET, KM_OPTION_KERNELS, {0}};

const km_command km_command_run = {
    "run", "compute a study's response map", "STUDY", 1,
    "Integrates every point of the study's design and writes a Zarr map that xarray, zarr and GDAL open. A run that is\n"
    "interrupted or killed goes on when the same command is given again, and ends with the same bytes.",
    "ketamap run configs/studies/quickstart.json", options_of, run};
