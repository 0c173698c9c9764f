/* Ratios of sums over replicates, and Student's intervals from what differs between them. */
#ifndef KM_ANALYSIS_RATIO_H
#define KM_ANALYSIS_RATIO_H

#include <stdbool.h>

/* An index: the sum of num over the sum of den, replicate by replicate, and its parts for intervals. */
typedef struct km_ratio {
    double value;
    double *residual; /* per replicate, of the value; the caller's */
} km_ratio;

/* num and den are [n] sums of replicates; fills r. False, and nothing filled, where the denominator does not exceed `least`. */
bool km_ratio_make(const double *num, const double *den, int n, double least, km_ratio *r);

/* The half-width of the 95 % interval of a mean of n whose residuals these are; replicates without rows do not count. NaN
 * from fewer than two. */
double km_ratio_half_width(const double *residual, const double *rows, int n);

#endif
