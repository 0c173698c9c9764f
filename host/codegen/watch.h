/* What a study's endpoints need watched while a point is integrated, apart from how that is written down.
 *
 * Endpoints that watch the same condition, or the same extreme, share one watcher. An endpoint that refers to another
 * one, or to the peak of its output, is watched in a later integration (pass) of the point; what it refers to is a
 * *reference*: a number of the lane, found at the end of an earlier pass, NaN where there is none. */
#ifndef KM_CODEGEN_WATCH_H
#define KM_CODEGEN_WATCH_H

#include "study/study.h"

#include <stdbool.h>

/* A number: `number`, or that many times a reference. */
typedef struct km_bound {
    double number;
    int reference; /* -1: none */
} km_bound;

typedef struct km_watcher {
    enum { KM_WATCH_CONDITION, KM_WATCH_EXTREME, KM_WATCH_INTEGRAL, KM_WATCH_VALUE } what;
    int output;              /* the model's */
    double sign;             /* conditions and extremes: -1 looks at the negative output */
    int strict;              /* condition: > instead of >= */
    km_bound threshold, after, before;
    double hold, at;
    int pass;
    int index;               /* among conditions, extremes, or amounts (integrals and values) */
} km_watcher;

/* Where a reference comes from: the time of an endpoint, or an extreme's value. */
typedef struct km_reference {
    int endpoint;            /* or -1 */
    int extreme;             /* watcher, when endpoint is -1 */
    int pass;                /* at whose end it is known */
} km_reference;

typedef struct km_watch_plan {
    const km_study *study;
    km_watcher *watcher;
    int n_watchers, n_conditions, n_extremes, n_amounts;
    km_reference *reference;
    int n_references, n_time_references; /* the latter bound windows */
    int n_passes;
    int *of_endpoint;        /* watcher an endpoint is read from */
    int *of_margin;          /* watcher of an endpoint's margin, or -1 */
} km_watch_plan;

/* A window's bound widened (way -1: `after`, 1: `before`) by a few roundings of time: a dose at 0.1 + 2 * 3.3 h is at a bound of
 * 6.7 h, or at the time an endpoint found there, whatever the last bits say, and at a jump both sides count. */
km_bound km_watch_widen(const km_watch_plan *plan, km_bound bound, int way, bool single);

void km_watch_plan_init(km_watch_plan *plan, const km_study *study);
void km_watch_plan_clear(km_watch_plan *plan);

#endif
