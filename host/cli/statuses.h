/* How points ended: counted, and told so that no failure is silent. */
#ifndef KM_CLI_STATUSES_H
#define KM_CLI_STATUSES_H

#include "abi.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Points by KM_POINT_*; the last count is of all others, such as points not computed. */
typedef struct km_statuses {
    uint64_t count[KM_N_POINT_STATUSES + 1];
} km_statuses;

void km_statuses_add(km_statuses *statuses, const signed char *status, size_t n);
uint64_t km_statuses_total(const km_statuses *statuses);
/* All that are neither done nor done after a second try in double precision. */
uint64_t km_statuses_failed(const km_statuses *statuses);
/* A line for each status but done that occurs. on_host: second tries are made on the host. */
void km_statuses_print(const km_statuses *statuses, bool on_host, FILE *to);
/* Counts those of a finished map, a chunk at a time. */
km_status km_statuses_read(const char *map, km_statuses *out, km_diag *d);

#endif
