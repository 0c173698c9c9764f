/* ketamap bench: how fast, how near the device's limit, how accurate; beside other solvers if asked. */
#include "abi.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/bench_peers.h"
#include "cli/bench_points.h"
#include "cli/bench_program.h"
#include "cli/bench_result.h"
#include "cli/bench_tune.h"
#include "cli/command.h"
#include "cli/engine_options.h"
#include "cli/map_tasks.h"
#include "cli/output.h"
#include "engine/device.h"
#include "engine/dispatch.h"
#include "engine/engine.h"
#include "engine/peak.h"
#include "store/map.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static bool is_interrupted(void) { return interrupted != 0; }

/* Between pieces of work, so that the folder is removed. */
static km_status go_on(km_diag *d)
{
    return interrupted ? km_diag_fail(d, KM_E_INTERRUPTED, "interrupted; nothing is left behind") : KM_OK;
}

static const double tolerances[] = {1e-4, 1e-5};

/* How much of everything. */
typedef struct extent {
    size_t points, sample, timed_sample, map_points;
    int rounds, tolerances, peer_tolerances;
} extent;

/* A GPU is not filled by what fills a CPU. */
static const extent full = {16384, 1024, 128, 262144, 5, 2, 0}, quick = {1024, 128, 32, 1024, 2, 1, 2},
                    full_gpu = {65536, 1024, 128, 1 << 23, 5, 2, 0}, quick_gpu = {16384, 128, 32, 1 << 20, 2, 1, 2};

/* A program and its pace. */
typedef struct runner {
    km_bench_program program;
    double per_core[KM_BENCH_ROUNDS], per_second[KM_BENCH_ROUNDS];
} runner;

typedef struct bench {
    const km_arguments *arguments;
    km_engine_options options;
    extent size;
    char *folder, *model_path;
    km_model *model;
    km_bench_points points[2];
    km_results truth[2];        /* of the samples */
    runner *of;                 /* [result.n] */
    km_peak *peak[2];
    double fma[2][KM_BENCH_ROUNDS], launch[KM_BENCH_ROUNDS], map[6][KM_BENCH_ROUNDS];
    double *peer_rate;          /* [result.n_peers][KM_BENCH_ROUNDS] */
    km_bench result;
    bool fp64, quiet;
} bench;

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Times of a piece of work: on a CPU the processor's, else the wall's. */
typedef struct stopwatch {
    double wall, cpu;
} stopwatch;

static stopwatch begin(void) { return (stopwatch){now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID)}; }
static stopwatch since(stopwatch s)
{
    return (stopwatch){now(CLOCK_MONOTONIC) - s.wall, now(CLOCK_PROCESS_CPUTIME_ID) - s.cpu};
}

static void say(const bench *b, const char *what)
{
    if (!b->quiet)
        fprintf(stderr, "ketamap: %s\n", what);
}

/* ---- where things are ---- */

/* --model, or the shipped one: installed or in the source tree beside the program, or below the working folder. */
static km_status find_model(bench *b, km_diag *d)
{
    static const char *const place[] = {"../share/ketamap/configs", "../configs", "../../configs"};
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *given = km_argument(b->arguments, "model");
    char *folder;

    if (given) {
        b->model_path = realpath(given, NULL);
        return b->model_path ? KM_OK : km_diag_fail(d, KM_E_IO, "--model %s: %s", given, strerror(errno));
    }
    self[n > 0 ? n : 0] = '\0';
    folder = km_file_folder(self);
    for (size_t i = 0; i < sizeof place / sizeof *place && b->model_path == NULL; i++) {
        char *path = km_format("%s/%s/models/ketamine.json", folder, place[i]);
        b->model_path = realpath(path, NULL);
        free(path);
    }
    free(folder);
    if (b->model_path == NULL)
        b->model_path = realpath("configs/models/ketamine.json", NULL);
    return b->model_path ? KM_OK : km_diag_fail(d, KM_E_INPUT, "the model ketamine.json is not where ketamap was installed; "
                                                               "name it with --model PATH");
}

static km_status make_folder(bench *b, km_diag *d)
{
    const char *temporary = getenv("TMPDIR");

    b->folder = km_format("%s/ketamap-bench-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (mkdtemp(b->folder) == NULL) {
        km_status st = km_diag_fail(d, KM_E_IO, "cannot make the folder %s: %s", b->folder, strerror(errno));
        free(b->folder);
        b->folder = NULL;
        return st;
    }
    return KM_OK;
}

static void remove_folder(const char *path)
{
    km_diag quiet; /* what is left in a folder for temporary files is no failure of the benchmark */

    km_diag_init(&quiet);
    (void)km_file_remove_all(path, &quiet);
    km_diag_clear(&quiet);
}

/* Drivers' caches in our folder: what is built first is built cold. */
static void use_own_caches(const bench *b)
{
    char *cache = km_format("%s/cache", b->folder);

    setenv("XDG_CACHE_HOME", cache, 1);
    setenv("CUDA_CACHE_PATH", cache, 1);
    unsetenv("POCL_CACHE_DIR");
    free(cache);
}

/* ---- setting up ---- */

static const km_results *truth_of(const bench *b, char regime) { return b->fp64 ? &b->truth[regime - 'a'] : NULL; }

/* A case: built cold where caches are ours, built again, run once. */
static km_status make_case(bench *b, char regime, bool single, double rtol, km_diag *d)
{
    km_bench_program *p;
    km_bench_case *c;
    bool cold = km_argument(b->arguments, "quick") == NULL;
    km_status st = KM_OK;

    KM_PUSH(b->result.of, b->result.n);
    b->of = km_realloc(b->of, (size_t)b->result.n + 1, sizeof *b->of);
    p = &b->of[b->result.n].program;
    c = &b->result.of[b->result.n++];
    memset(&b->of[b->result.n - 1], 0, sizeof *b->of);
    *c = (km_bench_case){.regime = regime, .single = single, .rtol = rtol, .build_cold = NAN, .build_warm = NAN};
    KM_TRY(go_on(d));
    KM_TRY(km_bench_program_open(b->folder, b->model_path, &b->points[regime - 'a'], b->size.points, single ? "single" : "double", rtol, p, d));
    KM_TRY(km_engine_create(p->study, &b->options, &p->engine, d));
    if (cold) {
        c->build_cold = km_engine_facts_of(p->engine)->build_seconds;
        km_engine_destroy(p->engine);
        p->engine = NULL;
        KM_TRY(km_engine_create(p->study, &b->options, &p->engine, d));
    }
    c->build_warm = km_engine_facts_of(p->engine)->build_seconds;
    KM_TRY(km_bench_results_create(&p->r, p->points.n, d));
    KM_TRY(km_bench_look_at(p, &b->points[regime - 'a'], truth_of(b, regime), b->result.cpu ? b->result.compute_units : 0, &b->options, c, d));
done:
    return st;
}

static void describe_device(bench *b, const km_device_info *device)
{
    km_bench *r = &b->result;

    snprintf(r->device, sizeof r->device, "%s", device->name);
    snprintf(r->driver, sizeof r->driver, "%s %s", device->version, device->driver);
    snprintf(r->platform, sizeof r->platform, "%s", device->platform);
    snprintf(r->version, sizeof r->version, "%s", KM_VERSION);
    r->cpu = strcmp(device->type, "CPU") == 0;
    r->compute_units = b->options.compute_units > 0 && (unsigned)b->options.compute_units < device->compute_units
                           ? b->options.compute_units : (int)device->compute_units;
    b->fp64 = device->fp64;
}

static km_status set_up(bench *b, km_diag *d)
{
    km_device_info device;
    km_status st = KM_OK;

    KM_TRY(km_model_read(b->model_path, &b->model, d));
    KM_TRY(km_device_choose(b->options.device, &device, d));
    describe_device(b, &device);
    if (strcmp(device.type, "GPU") == 0)
        b->size = km_argument(b->arguments, "quick") ? quick_gpu : full_gpu;
    for (int g = 0; g < 2; g++)
        KM_TRY(km_bench_points_make(b->model, (char)('a' + g), b->size.points, b->size.sample, b->folder, &b->points[g], d));
    say(b, b->fp64 ? "the reference in double precision at 1e-8" : "no double precision on this device: no errors, no double cases");
    for (int g = 0; g < 2 && b->fp64; g++)
        KM_TRY(km_bench_truth(b->folder, b->model_path, &b->points[g], b->size.points, &b->options, &b->truth[g], d));
    say(b, "building the cases");
    for (char regime = 'a'; regime <= 'b'; regime++)
        for (int k = 0; k < (b->fp64 ? 2 : 1); k++)
            for (int i = 0; i < b->size.tolerances; i++)
                KM_TRY(make_case(b, regime, k == 0, tolerances[i], d));
    for (int i = 0; i < b->result.n; i++) {
        int k = b->result.of[i].single ? 0 : 1;
        if (b->peak[k] == NULL)
            KM_TRY(km_peak_create(b->options.device, k == 0, km_engine_facts_of(b->of[i].program.engine)->lanes, b->options.kernel_dir,
                                  &b->peak[k], d));
    }
done:
    return st;
}

/* ---- rounds ---- */

static km_status round_cases(bench *b, int round, km_diag *d)
{
    km_status st = KM_OK;

    for (int k = 0; k < 2; k++)
        if (b->peak[k]) {
            double flops;
            stopwatch s = begin();
            KM_TRY(km_peak_run(b->peak[k], &flops, d));
            s = since(s);
            b->fma[k][round] = flops / (b->result.cpu ? s.cpu : s.wall) * 1e-9;
        }
    for (int i = 0; i < b->result.n; i++) {
        runner *r = &b->of[i];
        stopwatch s;
        KM_TRY(go_on(d));
        s = begin();
        KM_TRY(km_bench_program_run(&r->program, d));
        s = since(s);
        r->per_core[round] = b->result.cpu ? (double)r->program.r.n / s.cpu : (double)NAN;
        r->per_second[round] = (double)r->program.r.n / s.wall;
    }
done:
    return st;
}

static km_status round_launch(bench *b, int round, km_diag *d)
{
    enum { LAUNCHES = 32 };
    stopwatch s = begin();
    km_status st = KM_OK;

    for (int i = 0; i < LAUNCHES; i++)
        KM_TRY(km_engine_run_nothing(b->of[0].program.engine, d));
    b->launch[round] = since(s).wall / LAUNCHES;
done:
    return st;
}

/* The grid of regime a once over, with or without writing its map. */
static km_status run_grid(const km_study *study, km_dispatch *dispatch, const char *path, bool write, stopwatch *out, km_diag *d)
{
    const km_engine_facts *f = km_engine_facts_of(km_dispatch_engine(dispatch, 0));
    km_map_facts facts = {.version = KM_VERSION, .program_hash = f->program_hash, .method = study->solver.method->name,
                          .precision = f->single ? "single" : "double", .lanes = f->lanes};
    char *partial = km_format("%s.partial", path);
    km_map_tasks tasks = {.study = study, .drop = !write};
    km_status st = KM_OK;

    KM_TRY(km_map_open(path, study, &facts, km_map_tasks_threads(dispatch), &tasks.map, d));
    *out = begin();
    KM_TRY(km_map_tasks_run(&tasks, dispatch, d));
    if (write)
        KM_TRY(km_map_finish(tasks.map, "{}\n", d));
    *out = since(*out);
done:
    km_map_close(tasks.map);
    remove_folder(path);
    remove_folder(partial);
    free(partial);
    return st;
}

static km_status round_map(bench *b, int round, km_diag *d)
{
    char *study_path = NULL, *path = km_format("%s/grid.zarr", b->folder);
    km_study *study = NULL;
    km_dispatch *dispatch = NULL;
    stopwatch s[2];
    km_status st = KM_OK;

    KM_TRY(km_bench_study_write(b->folder, "grid", b->model_path, 'a', b->size.map_points, "single", tolerances[0], &study_path, d));
    KM_TRY(km_study_read(study_path, NULL, 0, &study, d));
    KM_TRY(km_dispatch_create(&b->options, &dispatch, d));
    KM_TRY(km_dispatch_build(dispatch, study, d));
    for (int k = 0; k < 2; k++) /* the order alternates */
        KM_TRY(run_grid(study, dispatch, path, (k + round) % 2 == 1, &s[(k + round) % 2], d));
    b->result.map_points = (size_t)study->n_points;
    b->map[0][round] = b->result.cpu ? s[1].cpu : s[1].wall;
    b->map[1][round] = b->result.cpu ? s[0].cpu : s[0].wall;
    b->map[2][round] = b->map[0][round] / b->map[1][round] - 1.0;
    b->map[3][round] = s[1].wall / s[0].wall - 1.0;
    b->map[4][round] = (double)study->n_points / s[0].wall;
    b->map[5][round] = (double)study->n_points / s[1].wall;
done:
    km_dispatch_destroy(dispatch);
    km_study_destroy(study);
    free(study_path);
    free(path);
    return st;
}

/* In the first round the whole sample, for its errors too. */
static km_status round_peers(bench *b, const char *program, int round, km_diag *d)
{
    char *results = km_format("%s/peer.tsv", b->folder);
    km_results r = {0};
    km_status st = KM_OK;

    for (int i = 0; i < b->result.n_peers; i++) {
        km_bench_peer *peer = &b->result.peer[i], scratch = *peer;
        int g = peer->regime - 'a';
        size_t n = round == 0 ? b->points[g].n_sample : b->size.timed_sample;
        KM_TRY(go_on(d));
        KM_TRY(km_bench_peer_run(program, round == 0 ? peer : &scratch, b->points[g].sample_path, n, results,
                                 &b->peer_rate[(size_t)i * KM_BENCH_ROUNDS + (size_t)round], d));
        if (round > 0)
            continue;
        KM_TRY(km_bench_results_create(&r, n, d));
        KM_TRY(km_bench_peer_read(results, &r, d));
        KM_TRY(km_bench_errors(truth_of(b, peer->regime), &r, peer->error, &peer->flips, d));
        km_bench_results_clear(&r);
    }
done:
    km_bench_results_clear(&r);
    free(results);
    return st;
}

static void summarise(bench *b)
{
    km_bench *r = &b->result;

    for (int k = 0; k < 2; k++)
        r->fma[k] = km_spread_of(b->fma[k], b->peak[k] ? r->rounds : 0);
    for (int i = 0; i < r->n; i++) {
        km_bench_case *c = &r->of[i];
        double peak = r->fma[c->single ? 0 : 1].median * 1e9, rate;
        c->per_core = km_spread_of(b->of[i].per_core, r->cpu ? r->rounds : 0);
        c->per_second = km_spread_of(b->of[i].per_second, r->rounds);
        rate = (r->cpu ? c->per_core.median : c->per_second.median) * c->steps;
        c->peak_fraction = rate * c->flops / peak;
        c->peak_fraction_branches = rate * c->flops_branches / peak;
    }
    r->launch = km_spread_of(b->launch, r->rounds);
    r->map_with = km_spread_of(b->map[0], r->rounds);
    r->map_without = km_spread_of(b->map[1], r->rounds);
    r->map_overhead = km_spread_of(b->map[2], r->rounds);
    r->map_overhead_wall = km_spread_of(b->map[3], r->rounds);
    r->grid_per_second = km_spread_of(b->map[4], r->rounds);
    r->map_per_second = km_spread_of(b->map[5], r->rounds);
    for (int i = 0; i < r->n_peers; i++)
        r->peer[i].per_core = km_spread_of(b->peer_rate + (size_t)i * KM_BENCH_ROUNDS, r->rounds);
    km_bench_compare(r);
}

static km_status measure(bench *b, const char *program, km_diag *d)
{
    km_status st = KM_OK;

    if (program) {
        KM_TRY(km_bench_peers_list(program, b->size.peer_tolerances, &b->result, d));
        b->peer_rate = km_alloc((size_t)b->result.n_peers * KM_BENCH_ROUNDS + 1, sizeof *b->peer_rate);
    }
    for (int round = 0; round < b->result.rounds; round++) {
        if (!b->quiet)
            fprintf(stderr, "ketamap: round %d of %d\n", round + 1, b->result.rounds);
        KM_TRY(round_cases(b, round, d));
        KM_TRY(round_launch(b, round, d));
        KM_TRY(round_map(b, round, d));
        if (program)
            KM_TRY(round_peers(b, program, round, d));
    }
    summarise(b);
done:
    return st;
}

/* ---- the command ---- */

static void clear(bench *b)
{
    for (int i = 0; i < b->result.n; i++)
        km_bench_program_clear(&b->of[i].program);
    free(b->of);
    for (int k = 0; k < 2; k++) {
        km_peak_destroy(b->peak[k]);
        km_bench_points_clear(&b->points[k]);
        km_bench_results_clear(&b->truth[k]);
    }
    km_model_destroy(b->model);
    km_bench_clear(&b->result);
    if (b->folder)
        remove_folder(b->folder);
    free(b->folder), free(b->model_path), free(b->peer_rate);
}

static km_status run(const km_arguments *a, km_diag *d)
{
    bench b = {.arguments = a, .size = km_argument(a, "quick") ? quick : full, .quiet = km_argument(a, "quiet") != NULL};
    const char *output = km_argument(a, "output");
    km_text json = {0};
    long rounds;
    km_status st = KM_OK;

    KM_TRY(km_engine_options_read(a, &b.options, d));
    KM_TRY(km_argument_integer(a, "rounds", 1, KM_BENCH_ROUNDS, b.size.rounds, &rounds, d));
    b.result.rounds = (int)rounds;
    if (km_argument(a, "untune")) {
        st = km_bench_untune(&b.options, d);
        goto done;
    }
    KM_TRY(km_output_probe(output, d));
    KM_TRY(find_model(&b, d));
    KM_TRY(make_folder(&b, d));
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    if (km_argument(a, "tune")) {
        st = km_bench_tune(&b.options, b.model_path, b.folder, km_argument(a, "quick") != NULL, is_interrupted, d);
        goto done;
    }
    if (!km_argument(a, "quick"))
        use_own_caches(&b);
    KM_TRY(set_up(&b, d));
    KM_TRY(km_report_warnings(d, false, b.quiet));
    KM_TRY(measure(&b, km_argument(a, "peers"), d));
    km_bench_json(&b.result, &json);
    if (km_argument(a, "json"))
        fputs(json.data, stdout);
    else
        km_bench_print(&b.result, stdout);
    if (output)
        KM_TRY(km_output_write(output, &json, d));
done:
    km_text_clear(&json);
    clear(&b);
    return st;
}

static const km_option options_of[] = {
    {"json", NULL, "print JSON instead of a table"},
    {"output", "FILE.json", "write the JSON there, too"},
    {"rounds", "N", "interleaved rounds (default 5)"},
    {"quick", NULL, "a minute's look: fewer points, two rounds, one tolerance, warm builds only"},
    {"tune", NULL, "a pilot of this device's knobs (group size, points an item, lanes, batch), stored for later runs"},
    {"untune", NULL, "forget what --tune stored for this device"},
    {"peers", "PROGRAM", "run other solvers beside it (tests/bench/peers.sh builds them)"},
    {"model", "FILE", "the ketamine model, where it is not found beside the program"},
    KM_OPTION_DEVICE, KM_OPTION_LANES, KM_OPTION_UNITS, KM_OPTION_BATCH, KM_OPTION_QUIET, KM_OPTION_KERNELS, {0}};

const km_command km_command_bench = {
    "bench", "how fast, how near the device's limit, how accurate", "", 0,
    "Integrates KET-PD20 (28 days, six infusions) on 16,384 points in two regimes: a, dose, interval and three receptor\n"
    "densities vary on a grid; b, all free parameters are random. In interleaved rounds, beside the device's own\n"
    "multiply-add rate: models per core-second, flops a step and the share of that rate, steps, errors against double\n"
    "precision at 1e-8, build times, the cost of a launch and of writing the map. Takes minutes; leaves nothing behind.",
    "ketamap bench --json > bench.json", options_of, run};
