/* The points that `ketamap bench` integrates, and the studies around them, as files in a folder of its own.
 *
 * Regime a: dose, interval and three receptor densities vary on a logarithmic grid; everything else is a literal of
 * the program. Regime b: every parameter outside pharmacokinetics, weights and chemistry that is no switch is random
 * within its range, log-uniformly where its law is a logarithmic one. Both: six infusions of 40 min, 28 days. */
#ifndef KM_CLI_BENCH_POINTS_H
#define KM_CLI_BENCH_POINTS_H

#include "base/diag.h"
#include "model/model.h"

#include <stddef.h>

enum { KM_BENCH_AXES = 5 };

typedef struct km_bench_points {
    char regime;         /* 'a' or 'b' */
    size_t n;
    int n_columns;
    char **column;       /* names as in a points file */
    double *value;       /* [n][n_columns] */
    size_t n_sample;     /* of the points, those whose errors are looked at and that peers integrate */
    size_t *sample;
    char *path;          /* the points file, FOLDER/a.tsv */
    char *sample_path;   /* the sample for peers: amt [mg/kg], start_1 ... start_6 [h], parameters */
} km_bench_points;

/* n: the grid's side lengths multiply to the largest number up to n that is no less than n/2 (regime a). */
km_status km_bench_points_make(const km_model *model, char regime, size_t n, size_t n_sample, const char *folder,
                               km_bench_points *out, km_diag *d);
void km_bench_points_clear(km_bench_points *points);

/* Writes FOLDER/NAME.json for a regime; *path is the caller's. n: points of the grid of regime a. */
km_status km_bench_study_write(const char *folder, const char *name, const char *model_path, char regime, size_t n,
                               const char *precision, double rtol, char **path, km_diag *d);

#endif
