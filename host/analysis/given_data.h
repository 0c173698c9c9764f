/* Sensitivity from the points of a finished map, without a new model: factors are its axes, or what its points were drawn from.
 * The numbers are about the map's own points: an axis of equal ratios weighs each ratio alike. */
#ifndef KM_ANALYSIS_GIVEN_DATA_H
#define KM_ANALYSIS_GIVEN_DATA_H

#include "analysis/sensitivity.h"

enum { KM_MOST_GIVEN_POINTS = 1 << 22, KM_MANY_GIVEN_POINTS = 100000, KM_FEW_RESAMPLES = 20 };

/* method: one with an estimator. resamples: for intervals; negative: KM_RESAMPLES, or KM_FEW_RESAMPLES of a map of more than
 * KM_MANY_GIVEN_POINTS; *resampled says how many; 0 of a grid, which has no intervals. KM_E_INPUT of a map that is not finished, has nothing that varies or too
 * many points. */
km_status km_given_data(const char *path, const km_sa_method *method, uint64_t seed, int resamples, int *resampled, km_indices **out, km_diag *d);

#endif
