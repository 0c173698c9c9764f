/* ketamap evaluate: endpoints of given points. */
#include "abi.h"
#include "analysis/pilot.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/engine_options.h"
#include "cli/output.h"
#include "cli/statuses.h"
#include "store/map.h"
#include "study/points_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void write_table(const km_study *s, const km_points *p, const km_results *r, km_text *out)
{
    km_text_add(out, "%s", p->header);
    for (int e = 0; e < s->n_endpoints; e++) {
        km_text_add(out, "\t%s\t%s_state", s->endpoint[e].name, s->endpoint[e].name);
        if (s->endpoint[e].margin)
            km_text_add(out, "\t%s_margin", s->endpoint[e].name);
    }
    km_text_add(out, "\tstatus\tsteps\n");
    for (size_t i = 0; i < p->n; i++) {
        km_text_add(out, "%s", p->line[i]);
        for (int e = 0; e < s->n_endpoints; e++) {
            size_t at = (size_t)e * p->n + i;
            km_text_add_cell(out, r->value[at], 17);
            km_text_add(out, "\t%s", km_state_word(r->state[at]));
            if (s->endpoint[e].margin)
                km_text_add_cell(out, r->margin[at], 17);
        }
        km_text_add(out, "\t%s\t%d\n", km_status_word(r->status[i]), r->steps[i]);
    }
}

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static km_status run(const km_arguments *a, km_diag *d)
{
    km_study *study = NULL;
    km_engine *engine = NULL;
    km_points points = {0};
    km_results r = {0};
    km_engine_options options;
    const char *path = km_argument(a, "points"), *output = km_argument(a, "output");
    km_text table = {0};
    km_statuses statuses = {{0}};
    size_t n, n_values;
    bool strict = km_argument(a, "strict") != NULL, quiet = km_argument(a, "quiet") != NULL;
    char *method_choice = NULL;
    double wall, cpu;
    km_status st = KM_OK;

    if (path == NULL)
        return km_diag_fail(d, KM_E_INPUT, "ketamap evaluate needs --points FILE.tsv");
    KM_TRY(km_engine_options_read(a, &options, d));
    KM_TRY(km_output_probe(output, d));
    KM_TRY(km_study_read_points(a->positional[0], a->set, a->n_set, &study, d));
    if (study->n_endpoints == 0)
        KM_FAIL(d, KM_E_INPUT, "%s has no endpoints to evaluate", study->path);
    if (study->population)
        km_diag_warn(d, "%s: the points are single models; the study's population is not drawn for them", study->path);
    KM_TRY(km_pilot_choose(study, &options, &method_choice, d));
    KM_TRY(km_points_read(path, study, &points, d));
    km_points_warn_overridden(&points, study, d);
    KM_TRY(km_report_warnings(d, strict, quiet));
    KM_TRY(km_engine_create(study, &options, &engine, d));
    n = points.n;
    n_values = n * (size_t)study->n_endpoints;
    r.n = n;
    KM_TRY(km_array_create(n_values, sizeof *r.value, (void **)&r.value, d));
    KM_TRY(km_array_create(n_values, sizeof *r.margin, (void **)&r.margin, d));
    KM_TRY(km_array_create(n_values, sizeof *r.state, (void **)&r.state, d));
    KM_TRY(km_array_create(n, sizeof *r.status, (void **)&r.status, d));
    KM_TRY(km_array_create(n, sizeof *r.steps, (void **)&r.steps, d));
    wall = now(CLOCK_MONOTONIC);
    cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    KM_TRY(km_engine_run_rows(engine, points.row, &r, d));
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    if (!quiet)
        fprintf(stderr, "ketamap: %zu models in %.3f s (%.0f a second, %.0f a core-second), build %.1f s\n", n, wall,
                wall > 0.0 ? (double)n / wall : 0.0, cpu > 0.0 ? (double)n / cpu : 0.0, km_engine_facts_of(engine)->build_seconds);
    write_table(study, &points, &r, &table);
    KM_TRY(km_output_write(output, &table, d));
    km_statuses_add(&statuses, r.status, n);
    if (!quiet)
        km_statuses_print(&statuses, !km_engine_facts_of(engine)->fp64, stderr);
    if (strict && km_statuses_failed(&statuses) > 0)
        KM_FAIL(d, KM_E_NUMERICS, "%llu of %zu points failed; see the column status",
                (unsigned long long)km_statuses_failed(&statuses), n);

done:
    km_text_clear(&table);
    free(r.value), free(r.margin), free(r.state), free(r.status), free(r.steps);
    free(method_choice);
    km_points_clear(&points);
    km_engine_destroy(engine);
    km_study_destroy(study);
    return st;
}

static const km_option options_of[] = {
    {"points", "FILE.tsv", "the points: a header naming axes, parameters or regimen fields"},
    {"output", "FILE.tsv", "write there instead of to the standard output"},
    KM_OPTION_SET, KM_OPTION_DEVICE, KM_OPTION_LANES, KM_OPTION_UNITS, KM_OPTION_BATCH, KM_OPTION_NO_DOUBLE, KM_OPTION_STRICT, KM_OPTION_QUIET,
    KM_OPTION_KERNELS, {0}};

const km_command km_command_evaluate = {
    "evaluate", "the endpoints of points you list", "STUDY", 1,
    "Integrates the points of a tab-separated file and prints it again with every endpoint, its state, the point's\n"
    "status and its steps, in the words of `export`. Axes are in the study's units, parameters in the model's; what has\n"
    "no column keeps the study's base value. On a study's own axes the bits are those of its map before rounding.",
    "ketamap evaluate configs/studies/quickstart.json --points points.tsv", options_of, run};
