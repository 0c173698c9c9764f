/* Points of a study with a population: all patients of each are integrated and reduced.
 *
 * Reduction is on the host: a second try of a patient that failed in single precision ends there, and its value counts; a
 * sorted sample costs about one part in 400 of integrating it. A point's statistics do not depend on what is run beside it. */
#ifndef KM_ANALYSIS_PATIENTS_H
#define KM_ANALYSIS_PATIENTS_H

#include "engine/engine.h"

/* The out->n points of a box, row-major within it. out->value is [n_statistics + 1][n]: the statistics, then how many
 * patients failed; out->steps are those of all patients together (INT_MAX: that or more); state and margin are left alone. */
km_status km_patients_run(const km_study *study, km_engine *engine, const km_box *box, km_results *out, km_diag *d);

#endif
