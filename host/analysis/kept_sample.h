/* Methods that look at a whole sample at once: a Latin hypercube (McKay, Beckman and Conover, Technometrics 21, 1979,
 * 239-245) whose endpoints are kept, 8 bytes each; factors are drawn again when they are looked at. Which measures: one
 * method for each estimator (analysis/estimator.h). */
#ifndef KM_ANALYSIS_KEPT_SAMPLE_H
#define KM_ANALYSIS_KEPT_SAMPLE_H

#include "analysis/estimator.h"
#include "study/study.h"

enum { KM_MOST_KEPT_ROWS = 1 << 20 };

/* Row `row` of a Latin hypercube of n: unit[study's dimensions]. */
void km_kept_unit(const km_study *study, uint64_t n, uint64_t row, double *unit);

#endif
