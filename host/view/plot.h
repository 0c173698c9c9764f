/* A first picture of a map: one endpoint over two axes, or dots over a factor (view/scatter.h), drawn by gnuplot. */
#ifndef KM_VIEW_PLOT_H
#define KM_VIEW_PLOT_H

#include "base/diag.h"

typedef struct km_plot_options {
    const char *endpoint;   /* NULL: the first of the study */
    const char *x, *y;      /* axes; NULL: the first two */
    const char *const *at;  /* "name=value" for the other axes: the nearest grid value; the middle by default */
    int n_at;
    const char *prefix;     /* PREFIX.png, .svg, .gp, .tsv; NULL: MAP without .zarr, and the endpoint's name */
} km_plot_options;

/* Writes the table and the gnuplot script, then lets gnuplot make PNG and SVG. Without gnuplot a warning says so, and
 * the script stays. *picture (may be NULL): the PNG's path, or NULL if there is none; the caller's. */
km_status km_plot(const char *map, const km_plot_options *options, char **picture, km_diag *d);

#endif
