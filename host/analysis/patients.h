/* Points of a study with a population: all patients of each are integrated and reduced.
 *
 * Reduction is on the host: a second try of a patient that failed in single precision ends there, and its value counts; a
 * sorted sample costs about one part in 500 of integrating it. A point's statistics do not depend on what is run beside it. */
#ifndef KM_ANALYSIS_PATIENTS_H
#define KM_ANALYSIS_PATIENTS_H

#include "engine/engine.h"

/* Host arrays of n points. */
typedef struct km_patient_results {
    double *statistic;   /* [n_statistics][n] */
    int *failed;         /* [n] patients */
    signed char *status; /* [n] */
    int *steps;          /* [n] of all patients together; INT_MAX is more */
} km_patient_results;

/* The points of a box, row-major within it. */
km_status km_patients_run(const km_study *study, km_engine *engine, const km_box *box, size_t n, km_patient_results *out, km_diag *d);

#endif
