/* Measures of sensitivity from a sample alone: rows of factors and one endpoint, drawn in whatever way, as long as the
 * rows are alike and factors are independent. Used on a Latin hypercube (analysis/kept_sample.h) and on the
 * points of a map (analysis/given_data.h).
 *
 *   regression   standardised regression coefficients SRC, those of ranks SRRC, partial correlations PCC and PRCC
 *                (Saltelli et al., Sensitivity Analysis in Practice, 2004; Marino et al., J. Theor. Biol. 254, 2008, 178-196)
 *   pawn         Kolmogorov-Smirnov distances between the endpoint's distribution and those within slices of a factor
 *                (Pianosi and Wagener, Environ. Model. Softw. 108, 2018, 197-207)
 *   delta        Borgonovo's delta, half the expected area between densities, and first-order shares by classes
 *                (Plischke, Borgonovo and Smith, Eur. J. Oper. Res. 226, 2013, 536-550)
 *   given_data   first-order shares: the correlation ratio over classes, of drawn rows adjusted for their number as R^2 is for
 *                regressors */
#ifndef KM_ANALYSIS_ESTIMATOR_H
#define KM_ANALYSIS_ESTIMATOR_H

#include "store/indices.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* n rows of k factors, by column. Orders: row numbers from the smallest value to the largest. */
typedef struct km_rows {
    size_t n;
    int k;
    bool drawn;              /* at random; else a grid, where every class of a factor has the same of all others */
    double *x;               /* [k][n] */
    double *y;               /* [n] */
    uint32_t *x_order;       /* [k][n] */
    uint32_t *y_order;       /* [n] */
} km_rows;

typedef struct km_estimator {
    const char *const *column;   /* of the TSV: statistics, each with its _low and _high, then plain ones; ends with NULL */
    const char *sort_column;
    int n_statistics, n_plain;
    unsigned bias_reduced;       /* bit i: statistic i is twice itself less the mean of its resamples */
    size_t least_rows;
    /* out: [n_statistics + n_plain][k], NaN where there is no such number. weight: times each row counts, [n], or NULL: once. */
    void (*estimate)(const km_rows *rows, const uint32_t *weight, double *out);
} km_estimator;

extern const km_estimator km_regression_measures, km_pawn, km_delta, km_correlation_ratio;

/* Numbers and intervals of endpoint e from n rows, x [k][n], y [n] with NaN in rows that are to be dropped. Rows of a grid
 * (not `drawn`) would be the same again: no intervals. */
void km_estimate(const km_estimator *estimator, size_t n, int k, bool drawn, const double *x, const double *y, uint64_t seed, int resamples,
                 km_indices *out, int e);

/* ---- for estimators ---- */

/* *n_classes classes of about equal numbers of rows by a factor's rank, or one for each of its values where there are no
 * more than KM_MOST_VALUES; class_of: [n]. */
enum { KM_MOST_VALUES = 100 };
void km_rows_classes(const km_rows *rows, int factor, int wanted, uint16_t *class_of, int *n_classes);
/* How many values a factor has, as far as KM_MOST_VALUES + 1. */
int km_rows_values(const km_rows *rows, int factor);

#endif
