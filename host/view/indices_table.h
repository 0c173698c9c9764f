/* The numbers of a sensitivity analysis in a terminal: a table an endpoint, sorted, with bars. */
#ifndef KM_VIEW_INDICES_TABLE_H
#define KM_VIEW_INDICES_TABLE_H

#include "store/indices.h"

#include <stdio.h>

/* most: lines of an endpoint, 0: all, and all pairs; else the ten largest pairs. A line says what was left out. */
void km_indices_table(const km_indices *indices, int most, FILE *to);

#endif
