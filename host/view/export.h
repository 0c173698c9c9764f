/* A map, or a slice of it, as a table: one line a point, tab-separated, a header of plain names.
 *
 * Columns: the axes in file order, in their units, categories by name (the factors of a map over points); then for each endpoint in the study's order NAME,
 * NAME_state (a word) and NAME_margin where it was stored; then status (a word) and steps. Numbers are as short as reads back
 * to the same bits; what is absent is NaN. Memory does not grow with the slice. */
#ifndef KM_VIEW_EXPORT_H
#define KM_VIEW_EXPORT_H

#include "base/diag.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct km_export_options {
    const char *const *at;   /* "AXIS=VALUE": the slice; n_at of them */
    int n_at;
    bool nearest;            /* take the nearest coordinate; else VALUE has to be one, to 1e-6 of itself */
    const char *endpoints;   /* "a,b": these only; NULL: all */
} km_export_options;

/* An unfinished map is refused. Stops without a word when `to` fails: the caller looks at ferror. */
km_status km_export(const char *map, const km_export_options *options, FILE *to, km_diag *d);

#endif
