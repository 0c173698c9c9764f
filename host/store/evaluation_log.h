/* Numbers that were computed, in the order in which they were asked for: what a killed fit goes on from. The fit itself is a
 * function of its seed, so that it is simply done again, with the log's numbers instead of new ones as far as they go.
 *
 * A line of words and the name of the analysis; then records: how many numbers, a checksum of what was asked, the numbers, a
 * checksum of the record. A torn last record (a kill) is cut off. */
#ifndef KM_STORE_EVALUATION_LOG_H
#define KM_STORE_EVALUATION_LOG_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct km_evaluation_log {
    char *path;
    int file;
    char *text;          /* what was there */
    size_t size, at;     /* of it, and how far it has been read */
    uint64_t replayed;   /* numbers */
} km_evaluation_log;

/* Opens or makes it; *there: how many numbers it has. KM_E_INPUT if it is of another analysis. */
km_status km_evaluation_log_open(const char *path, const char *name, km_evaluation_log *out, uint64_t *there, km_diag *d);
void km_evaluation_log_close(km_evaluation_log *log);

/* *had: the next record is of these n numbers asked for with these bytes, and is in `out`. KM_E_BUG if another is. */
km_status km_evaluation_log_take(km_evaluation_log *log, const void *asked, size_t bytes, size_t n, double *out, bool *had, km_diag *d);
km_status km_evaluation_log_add(km_evaluation_log *log, const void *asked, size_t bytes, size_t n, const double *value, km_diag *d);

#endif
