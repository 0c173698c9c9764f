/* What a benchmark found, and how it is written: a table for people, JSON for programs. */
#ifndef KM_CLI_BENCH_RESULT_H
#define KM_CLI_BENCH_RESULT_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { KM_BENCH_ENDS = 5, KM_BENCH_ROUNDS = 1000 };

/* The endpoints, as in studies and peers' tables. */
extern const char *const km_bench_ends[KM_BENCH_ENDS];

/* Repeated measurements. NAN where there is none. */
typedef struct km_spread {
    double median, low, high;
} km_spread;

km_spread km_spread_of(const double *value, int n);

typedef struct km_bench_case {
    char regime;
    bool single;
    double rtol;
    const char *method; /* static */
    size_t points, failed;
    km_spread per_core, per_second; /* models per core-second (CPU devices), per second */
    double flops, flops_branches;   /* a step and lane: always taken; with every guarded branch */
    double peak_fraction, peak_fraction_branches;
    double steps, steps_p50, steps_p99, rejected, lane_efficiency;
    double build_cold, build_warm;  /* seconds */
    double error[KM_BENCH_ENDS];    /* p99 against double at 1e-8, on the sample; NAN without double precision */
    long flips;
} km_bench_case;

typedef struct km_bench_peer {
    char name[64], regime;
    double rtol;
    km_spread per_core;
    double steps, error[KM_BENCH_ENDS];
    long failed, flips;
} km_bench_peer;

/* ketamap over a peer, models per core-second. At equal accuracy: the peer at the loosest of its tolerances at which
 * no endpoint's p99 error is larger than ours. By the mean, kinder to the peer: at which the geometric mean of its
 * errors is no larger than ours. -1: none of its tolerances is as accurate. */
typedef struct km_bench_ratio {
    char regime, peer[64];
    bool single;
    double rtol;
    double equal, equal_rtol, mean, mean_rtol;
} km_bench_ratio;

typedef struct km_bench {
    char device[256], driver[256], platform[256], version[32];
    bool cpu;                       /* core-seconds mean something */
    int compute_units, rounds;
    km_spread fma[2];               /* GFLOP/s per core-second (per second where not a CPU): single, double */
    km_bench_case *of;
    int n;
    km_bench_peer *peer;
    int n_peers;
    km_bench_ratio *ratio;
    int n_ratios;
    km_spread launch;               /* seconds of a launch without points */
    km_spread map_with, map_without; /* seconds of CPU (of time where not a CPU) of a grid with and without its map */
    km_spread map_overhead, map_overhead_wall; /* with over without, less 1, pair by pair */
    km_spread grid_per_second, map_per_second; /* models of that grid without and with its map, by the clock */
    size_t map_points;
} km_bench;

/* Fills `ratio` from cases and peers. */
void km_bench_compare(km_bench *bench);
void km_bench_json(const km_bench *bench, km_text *out);
void km_bench_print(const km_bench *bench, FILE *to);
void km_bench_clear(km_bench *bench);

#endif
