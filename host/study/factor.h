/* Designs whose points are drawn: Sobol' and Latin hypercube. */
#ifndef KM_STUDY_FACTOR_H
#define KM_STUDY_FACTOR_H

#include "study/study.h"

/* Reads {"n", "seed", "factors"}: fills factor, slot, seed and n_points. study->design is set. */
km_status km_factor_read(km_study *study, const km_json *node, const bool *given, km_diag *d);

#endif
