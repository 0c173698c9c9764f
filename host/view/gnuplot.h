/* What pictures share: texts and names for gnuplot, and running it. */
#ifndef KM_VIEW_GNUPLOT_H
#define KM_VIEW_GNUPLOT_H

#include "base/diag.h"
#include "base/text.h"
#include "store/map.h"

/* Text within double quotes, a file's name within single quotes. Caller frees. */
char *km_gnuplot_text(const char *text);
char *km_gnuplot_file(const char *path);
/* "clearance [L/h]" of an array; `name` where there is none (NULL) or it is not described. Caller frees. */
char *km_gnuplot_label(const km_map_array *array, const char *name);
/* The axis 'x' or 'y' logarithmic, with ticks at round numbers. */
void km_gnuplot_log_tics(km_text *out, char letter, double low, double high);
/* MAP without .zarr, and the endpoint's name. Caller frees. */
char *km_gnuplot_prefix(const char *map, const char *endpoint);

/* Runs gnuplot on a script that makes PREFIX.png. *made (may be NULL): its path, the caller's; a warning instead where
 * gnuplot is not installed. */
km_status km_gnuplot_draw(const char *prefix, const char *script, char **made, km_diag *d);

#endif
