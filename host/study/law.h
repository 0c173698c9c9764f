/* Laws of a parameter's typical value, truncated to its range, by their quantiles. */
#ifndef KM_STUDY_LAW_H
#define KM_STUDY_LAW_H

#include "model/model.h"

#include <stdbool.h>

typedef enum km_law_kind {
    KM_LAW_UNIFORM,
    KM_LAW_LOG_UNIFORM,
    KM_LAW_NORMAL,
    KM_LAW_LOGNORMAL,   /* the logarithm is normal */
    KM_LAW_LOGIT_NORMAL, /* ln(x/(1-x)) is normal; x lies between 0 and 1 */
    KM_LAW_CHOICE        /* one of n_choices values, equally likely */
} km_law_kind;

typedef struct km_law {
    km_law_kind kind;
    double low, high;       /* no quantile lies outside */
    /* of the normal behind it; 0 for the uniform ones: */
    double location, scale; /* mean and standard deviation; scale < 0: turned over, to the tail where shares keep digits */
    double below, between;  /* shares below the range and in it */
    const double *choice;   /* borrowed from the factor */
    int n_choices;
} km_law;

/* The law of a parameter with a range, from its `uncertainty` (without one: uniform), in its unit.
 *   normal        mean (by default the value) and sd
 *   lognormal     median = value, sd of the logarithm = sqrt(log(1 + cv^2))
 *   logit-normal  mean and sd of the logit, the mean by default that of the value
 * Without sd or cv, the range is what holds 95 %: sd = (high - low)/3.92 of what is normal.
 * False, with *why what is wrong (borrowed), where the law is none of numbers or its numbers do not fit. */
bool km_law_of_parameter(const km_parameter *p, km_law *out, const char **why);

/* Of a law whose quantiles these are: "uniform", "lognormal", ... */
bool km_law_is_name(const char *name);

/* The value below which a share u of the truncated law lies, 0 < u < 1. */
double km_law_quantile(const km_law *law, double u);

/* The inverse of the normal distribution function, 0 < p < 1, to 1e-15 relative: Wichura, Algorithm AS 241, Applied
 * Statistics 37 (1988), 477-484. */
double km_normal_quantile(double p);

/* Its numbers, for a device: three ratios of polynomials for the middle, the tail and the far tail, each 8 coefficients
 * above and 8 below, highest terms first; then the bounds that choose between them. */
enum { KM_QUANTILE_BOUNDS = 48, KM_QUANTILE_NUMBERS = 52 };
void km_normal_quantile_numbers(double out[KM_QUANTILE_NUMBERS]);

#endif
