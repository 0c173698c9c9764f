/* What a study sets or varies without effect. */
#ifndef KM_STUDY_UNUSED_H
#define KM_STUDY_UNUSED_H

#include "study/study.h"

/* A value given by "set" or --set, remembered to warn when an axis takes its place or nothing depends on it. */
typedef struct km_assignment {
    km_slot slot;
    char *where;
} km_assignment;

typedef struct km_assignments {
    km_assignment *entry;
    int n;
} km_assignments;

/* Warns of values set, axes and factors that nothing computed depends on. */
void km_warn_unused(const km_study *study, const km_assignments *log, km_diag *d);

#endif
