#include "cli/bench_result.h"

#include "base/json.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const km_bench_ends[KM_BENCH_ENDS] = {"onset", "ten", "duration", "peak", "cadss"};

static int ascending(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

km_spread km_spread_of(const double *value, int n)
{
    double sorted[KM_BENCH_ROUNDS];

    n = n < KM_BENCH_ROUNDS ? n : KM_BENCH_ROUNDS;
    if (n <= 0)
        return (km_spread){NAN, NAN, NAN};
    memcpy(sorted, value, (size_t)n * sizeof *value);
    qsort(sorted, (size_t)n, sizeof *sorted, ascending);
    return (km_spread){0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]), sorted[0], sorted[n - 1]};
}

/* ---- ratios ---- */

/* The peer's p99 errors over ours: the worst endpoint, and the geometric mean. Errors below 1e-9 count as that. */
static void error_ratio(const km_bench_peer *p, const km_bench_case *c, double *worst, double *mean)
{
    double sum = 0.0;

    *worst = 0.0;
    for (int e = 0; e < KM_BENCH_ENDS; e++) {
        double r = fmax(p->error[e], 1e-9) / fmax(c->error[e], 1e-9);
        *worst = isnan(p->error[e]) || isnan(c->error[e]) ? (double)INFINITY : fmax(*worst, r);
        sum += log(r);
    }
    *mean = isinf(*worst) ? (double)INFINITY : exp(sum / KM_BENCH_ENDS);
}

static void compare(km_bench *b, const km_bench_case *c, const char *peer)
{
    km_bench_ratio r = {.regime = c->regime, .single = c->single, .rtol = c->rtol, .equal = -1.0, .mean = -1.0};
    bool met = false;

    snprintf(r.peer, sizeof r.peer, "%s", peer);
    for (int i = 0; i < b->n_peers; i++) {
        const km_bench_peer *p = &b->peer[i];
        double worst, mean;
        if (p->regime != c->regime || strcmp(p->name, peer) != 0)
            continue;
        met = true;
        error_ratio(p, c, &worst, &mean);
        if (p->failed > 0 || !(p->per_core.median > 0.0))
            continue;
        if (worst <= 1.0 && p->rtol > r.equal_rtol)
            r.equal_rtol = p->rtol, r.equal = c->per_core.median / p->per_core.median;
        if (mean <= 1.0 && p->rtol > r.mean_rtol)
            r.mean_rtol = p->rtol, r.mean = c->per_core.median / p->per_core.median;
    }
    if (!met)
        return;
    KM_PUSH(b->ratio, b->n_ratios);
    b->ratio[b->n_ratios++] = r;
}

void km_bench_compare(km_bench *b)
{
    for (int i = 0; i < b->n; i++)
        for (int k = 0; k < b->n_peers && b->cpu; k++) {
            bool first = true;
            for (int m = 0; m < k; m++)
                first = first && strcmp(b->peer[m].name, b->peer[k].name) != 0;
            if (first)
                compare(b, &b->of[i], b->peer[k].name);
        }
}

/* ---- JSON ---- */

static void number(km_text *out, const char *key, double v)
{
    km_text_add(out, isfinite(v) ? "\"%s\": %.6g" : "\"%s\": null", key, v);
}

static void numbers(km_text *out, const char *key, const km_spread *s)
{
    char *low = km_format("%s_low", key), *high = km_format("%s_high", key);

    number(out, key, s->median), km_text_add(out, ", ");
    number(out, low, s->low), km_text_add(out, ", ");
    number(out, high, s->high);
    free(low);
    free(high);
}

static void text(km_text *out, const char *key, const char *value)
{
    char *quoted = km_json_quote(value);

    km_text_add(out, "\"%s\": %s", key, quoted);
    free(quoted);
}

static void errors(km_text *out, const double *error)
{
    km_text_add(out, "\"errors\": {");
    for (int e = 0; e < KM_BENCH_ENDS; e++) {
        km_text_add(out, "%s", e ? ", " : "");
        number(out, km_bench_ends[e], error[e]);
    }
    km_text_add(out, "}");
}

static void one_case(km_text *out, const km_bench_case *c)
{
    km_text_add(out, "{\"regime\": \"%c\", \"precision\": \"%s\", \"rtol\": %g, \"method\": \"%s\", \"points\": %zu, \"failed\": %zu,\n     ", c->regime,
                c->single ? "single" : "double", c->rtol, c->method, c->points, c->failed);
    numbers(out, "models_per_core_second", &c->per_core);
    km_text_add(out, ", ");
    numbers(out, "models_per_second", &c->per_second);
    km_text_add(out, ",\n     ");
    number(out, "peak_fraction", c->peak_fraction), km_text_add(out, ", ");
    number(out, "peak_fraction_all_branches", c->peak_fraction_branches), km_text_add(out, ", ");
    number(out, "flops_per_step", c->flops), km_text_add(out, ", ");
    number(out, "flops_per_step_all_branches", c->flops_branches), km_text_add(out, ",\n     ");
    number(out, "steps", c->steps), km_text_add(out, ", ");
    number(out, "steps_p50", c->steps_p50), km_text_add(out, ", ");
    number(out, "steps_p99", c->steps_p99), km_text_add(out, ", ");
    number(out, "steps_rejected", c->rejected), km_text_add(out, ", ");
    number(out, "lane_efficiency", c->lane_efficiency), km_text_add(out, ",\n     ");
    number(out, "build_cold_seconds", c->build_cold), km_text_add(out, ", ");
    number(out, "build_warm_seconds", c->build_warm), km_text_add(out, ",\n     ");
    errors(out, c->error);
    km_text_add(out, ", \"flips\": %ld}", c->flips);
}

static void one_peer(km_text *out, const km_bench_peer *p)
{
    text(out, "name", p->name);
    km_text_add(out, ", \"regime\": \"%c\", \"rtol\": %g, ", p->regime, p->rtol);
    numbers(out, "models_per_core_second", &p->per_core), km_text_add(out, ", ");
    number(out, "steps", p->steps);
    km_text_add(out, ", \"failed\": %ld, ", p->failed);
    errors(out, p->error);
    km_text_add(out, ", \"flips\": %ld}", p->flips);
}

static void one_ratio(km_text *out, const km_bench_ratio *r)
{
    km_text_add(out, "{\"regime\": \"%c\", \"precision\": \"%s\", \"rtol\": %g, ", r->regime, r->single ? "single" : "double", r->rtol);
    text(out, "peer", r->peer), km_text_add(out, ", ");
    number(out, "ratio_at_equal_accuracy", r->equal > 0.0 ? r->equal : (double)NAN), km_text_add(out, ", ");
    number(out, "peer_rtol", r->equal > 0.0 ? r->equal_rtol : (double)NAN), km_text_add(out, ", ");
    number(out, "ratio_at_equal_mean_accuracy", r->mean > 0.0 ? r->mean : (double)NAN), km_text_add(out, ", ");
    number(out, "peer_rtol_mean", r->mean > 0.0 ? r->mean_rtol : (double)NAN);
    km_text_add(out, "}");
}

void km_bench_json(const km_bench *b, km_text *out)
{
    km_text_add(out, "{");
    text(out, "device", b->device), km_text_add(out, ", ");
    text(out, "driver", b->driver), km_text_add(out, ", ");
    text(out, "platform", b->platform), km_text_add(out, ", ");
    text(out, "version", b->version);
    km_text_add(out, ", \"compute_units\": %d, \"rounds\": %d,\n \"fma_gflops\": {", b->compute_units, b->rounds);
    numbers(out, "single", &b->fma[0]), km_text_add(out, ", ");
    numbers(out, "double", &b->fma[1]);
    km_text_add(out, "},\n \"launch\": {");
    numbers(out, "seconds", &b->launch);
    km_text_add(out, "},\n \"map\": {\"points\": %zu, ", b->map_points);
    numbers(out, "overhead", &b->map_overhead), km_text_add(out, ", ");
    numbers(out, "overhead_wall", &b->map_overhead_wall), km_text_add(out, ", ");
    numbers(out, "models_per_second_without", &b->grid_per_second), km_text_add(out, ", ");
    numbers(out, "models_per_second_with", &b->map_per_second), km_text_add(out, ", ");
    number(out, "seconds_with", b->map_with.median), km_text_add(out, ", ");
    number(out, "seconds_without", b->map_without.median);
    km_text_add(out, "},\n \"cases\": [");
    for (int i = 0; i < b->n; i++)
        km_text_add(out, "%s\n    ", i ? "," : ""), one_case(out, &b->of[i]);
    km_text_add(out, "],\n \"peers\": [");
    for (int i = 0; i < b->n_peers; i++)
        km_text_add(out, "%s\n    {", i ? "," : ""), one_peer(out, &b->peer[i]);
    km_text_add(out, "],\n \"ratios\": [");
    for (int i = 0; i < b->n_ratios; i++)
        km_text_add(out, "%s\n    ", i ? "," : ""), one_ratio(out, &b->ratio[i]);
    km_text_add(out, "]}\n");
}

/* ---- words ---- */

static void print_errors(const double *error, FILE *to)
{
    for (int e = 0; e < KM_BENCH_ENDS; e++)
        fprintf(to, " %8.1e", error[e]);
    fputc('\n', to);
}

static void print_case(const km_bench *b, const km_bench_case *c, FILE *to)
{
    const km_spread *r = b->cpu ? &c->per_core : &c->per_second;

    fprintf(to, "%c %s %-6.0e %9.0f (%.0f to %.0f) %9.0f  %4.1f-%4.1f %% %6.0f-%5.0f  %6.1f %5.0f %5.0f %5.1f  %.3f ",
            c->regime, c->single ? "single" : "double", c->rtol, r->median, r->low, r->high, c->per_second.median,
            100.0 * c->peak_fraction, 100.0 * c->peak_fraction_branches, c->flops, c->flops_branches, c->steps, c->steps_p50,
            c->steps_p99, c->rejected, c->lane_efficiency);
    if (isfinite(c->build_cold))
        fprintf(to, " %5.2f %5.2f ", c->build_cold, c->build_warm);
    else
        fprintf(to, "     - %5.2f ", c->build_warm);
    print_errors(c->error, to);
}

static void print_ratio(const km_bench_ratio *r, FILE *to)
{
    fprintf(to, "%c %s %-6.0e %-20s", r->regime, r->single ? "single" : "double", r->rtol, r->peer);
    if (r->equal > 0.0)
        fprintf(to, " %7.1f (at %.0e)", r->equal, r->equal_rtol);
    else
        fprintf(to, "   none of its tolerances");
    if (r->mean > 0.0)
        fprintf(to, "  by the mean %7.1f (at %.0e)", r->mean, r->mean_rtol);
    fputc('\n', to);
}

void km_bench_print(const km_bench *b, FILE *to)
{
    const char *per = b->cpu ? "core-second" : "second";

    fprintf(to, "%s (%s), %d compute units, ketamap %s, %d interleaved rounds: median (low to high)\n", b->device, b->driver,
            b->compute_units, b->version, b->rounds);
    fprintf(to, "multiply-adds in registers, GFLOP/s a %s: single %.1f (%.1f to %.1f), double %.1f (%.1f to %.1f)\n", per,
            b->fma[0].median, b->fma[0].low, b->fma[0].high, b->fma[1].median, b->fma[1].low, b->fma[1].high);
    fprintf(to, "KET-PD20, 28 days, six infusions, %s; a: dose, interval, three densities vary; b: every free parameter\n\n", b->of[0].method);
    fprintf(to, "                models a %s     a second    of peak    flops a step   steps   p50   p99  rej. lanes "
                "build cold, warm    p99 errors: onset [h]  ten [h]  duration [h]  peak  cadss\n", per);
    for (int i = 0; i < b->n; i++)
        print_case(b, &b->of[i], to);
    fprintf(to, "\nof peak and flops: branches behind a test of lanes left out - all of them taken\n");
    fprintf(to, "a launch without points: %.0f us (%.0f to %.0f)\n", 1e6 * b->launch.median, 1e6 * b->launch.low, 1e6 * b->launch.high);
    fprintf(to, "writing the map of %zu points: %+.1f %% of CPU (%+.1f to %+.1f), %+.1f %% of time (%+.1f to %+.1f)\n", b->map_points,
            100.0 * b->map_overhead.median, 100.0 * b->map_overhead.low, 100.0 * b->map_overhead.high,
            100.0 * b->map_overhead_wall.median, 100.0 * b->map_overhead_wall.low, 100.0 * b->map_overhead_wall.high);
    fprintf(to, "that grid, points made on the device: %.0f models a second without the map (%.0f to %.0f), %.0f with it (%.0f to %.0f)\n",
            b->grid_per_second.median, b->grid_per_second.low, b->grid_per_second.high, b->map_per_second.median, b->map_per_second.low,
            b->map_per_second.high);
    if (b->n_peers > 0)
        fprintf(to, "\npeers                     rtol   models a core-second          steps    p99 errors as above\n");
    for (int i = 0; i < b->n_peers; i++) {
        const km_bench_peer *p = &b->peer[i];
        fprintf(to, "%c %-20s %6.0e %9.0f (%.0f to %.0f) %9.1f ", p->regime, p->name, p->rtol, p->per_core.median, p->per_core.low,
                p->per_core.high, p->steps);
        print_errors(p->error, to);
    }
    if (b->n_ratios > 0)
        fprintf(to, "\nketamap over the peer at equal accuracy (every endpoint; by the mean of them)\n");
    for (int i = 0; i < b->n_ratios; i++)
        print_ratio(&b->ratio[i], to);
}

void km_bench_clear(km_bench *b)
{
    free(b->of), free(b->peer), free(b->ratio);
    memset(b, 0, sizeof *b);
}
