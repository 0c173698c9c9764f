/* What a map is, as text. */
#ifndef KM_VIEW_INFO_H
#define KM_VIEW_INFO_H

#include "base/diag.h"

#include <stdio.h>

/* Axes, endpoints with their ranges, shares of states and statuses, precision, size. Reads the whole map, a chunk at
 * a time; of an unfinished map only what is known without values. */
km_status km_info_print(const char *map, FILE *to, km_diag *d);

#endif
