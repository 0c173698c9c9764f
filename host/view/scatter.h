/* A picture of a map over points: dots, one a point. */
#ifndef KM_VIEW_SCATTER_H
#define KM_VIEW_SCATTER_H

#include "store/map.h"
#include "view/plot.h"

/* Along the bottom a factor (o->x; by default the first), up the side an endpoint or a factor (o->y; by default
 * o->endpoint, else `first`); where o->y is a factor, or another endpoint than o->endpoint, dots are coloured by the
 * endpoint. At most 100,000 points are drawn, the first of the map. */
km_status km_scatter(km_map_reader *reader, const char *map, const char *first, const km_plot_options *o, char **made, km_diag *d);

#endif
