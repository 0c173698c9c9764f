/* What a population's endpoints are reduced to: the arrays of its map. */
#ifndef KM_STUDY_STATISTIC_H
#define KM_STUDY_STATISTIC_H

#include "study/study.h"

typedef enum km_statistic_kind { KM_FRACTION, KM_MEAN_OF, KM_SD_OF, KM_QUANTILE_OF } km_statistic_kind;

/* NAME_fraction: the share of patients in whom the endpoint happened; only of endpoints that can be absent. NAME_mean and
 * NAME_sd: over those in whom it happened. NAME_q05 ...: quantiles over all patients, where what never happened is later
 * than everything (+infinity); a time spent is 0 where there is none, and counts as that in mean and sd too. */
struct km_statistic {
    int endpoint;
    km_statistic_kind kind;
    double quantile;
    char *name, *about;
    const char *unit;   /* borrowed */
};

/* Fills study->statistic from its endpoints and its population; refuses names that something else has. */
km_status km_statistics_make(km_study *study, const km_json *place, km_diag *d);
void km_statistic_clear(km_statistic *statistic);

/* True of an endpoint that need not happen. */
bool km_statistic_can_be_absent(const km_endpoint *endpoint);

/* One point's statistics from its patients: value, state are [n_endpoints][stride], from column `at` on; status is the
 * patients'. out: [n_statistics][out_stride], column out_at. *failed: patients that failed and are left out. The point's
 * status is that of the first of them, else retried where some patient was, else done. */
km_status km_statistics_reduce(const km_study *study, const double *value, const signed char *state, const signed char *status, size_t stride,
                               size_t at, double *out, size_t out_stride, size_t out_at, int *failed, signed char *point_status, km_diag *d);

/* Sample quantile of n ascending numbers, between order statistics linearly (the default of R and NumPy); infinite where
 * one of the two is and counts. */
double km_sample_quantile(const double *sorted, size_t n, double share);

#endif
