/* What pictures, tables and analyses need of a map: its endpoints in the study's order, its axes with their values. */
#ifndef KM_STORE_MAP_AXIS_H
#define KM_STORE_MAP_AXIS_H

#include "store/map.h"

/* An axis of a map; clear frees what is inside. */
typedef struct km_map_axis {
    int dimension;             /* of the array it was read for */
    const char *name;          /* borrowed from the reader, as is `array` */
    const km_map_array *array; /* the coordinate; NULL for a map of a single point */
    size_t n;
    double *value;             /* n */
    char **label;              /* n words of a category, else NULL */
    bool logarithmic;          /* equal ratios */
} km_map_axis;

km_status km_map_axis_read(km_map_reader *reader, const km_map_array *array, int dimension, km_map_axis *out, km_diag *d);
void km_map_axis_clear(km_map_axis *axis);

/* Arrays of the study's endpoints in its own order: *n indices into the reader's arrays, the caller's. */
int *km_map_endpoints(const km_map_reader *reader, int *n);

/* Word k of an array's flag meanings (0 is the first); *length bytes of it, NULL if there is none. Borrowed. */
const char *km_map_flag(const km_map_array *array, int k, size_t *length);

#endif
