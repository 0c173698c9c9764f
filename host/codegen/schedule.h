/* What a point's schedule follows from, apart from how it is written down. */
#ifndef KM_CODEGEN_SCHEDULE_H
#define KM_CODEGEN_SCHEDULE_H

#include "codegen/problem.h"

/* The slot that varies a record's field, or -1. */
int km_schedule_slot(const km_study *study, int record, km_field field);

/* True if an endpoint window's bound is an edge: a step ends there. */
bool km_schedule_has_bound(const km_study *study, double time);

/* The largest number of edges a point can have inside (0, horizon]. */
int km_schedule_edges(const km_problem *problem);

/* True if states or rates can jump at an edge: by a break, or a dose that may be a bolus. */
bool km_schedule_jumps(const km_problem *problem);

#endif
