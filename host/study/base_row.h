/* A study's slots at their base values. */
#ifndef KM_STUDY_BASE_ROW_H
#define KM_STUDY_BASE_ROW_H

#include "study/study.h"

/* One row, [n_slots], of internal units: what the study says before any axis. Caller frees. */
double *km_base_row(const km_study *study);

#endif
