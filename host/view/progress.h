/* How far a run is: a bar on a terminal, a line now and then in a log, nothing when quiet. On stderr. */
#ifndef KM_VIEW_PROGRESS_H
#define KM_VIEW_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct km_progress {
    uint64_t total, first; /* first: done before this run began */
    double start, last;    /* seconds */
    bool quiet, terminal;
} km_progress;

void km_progress_begin(km_progress *p, uint64_t total, uint64_t done_before, bool quiet);
void km_progress_show(km_progress *p, uint64_t done);
/* Clears the bar. */
void km_progress_end(km_progress *p);

#endif
