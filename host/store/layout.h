/* The arrays of a study's map: names, types, attributes, chunks. What writer and reader agree on. */
#ifndef KM_STORE_LAYOUT_H
#define KM_STORE_LAYOUT_H

#include "store/zarr.h"
#include "study/study.h"

typedef enum km_array_role { KM_ROLE_FACTOR, KM_ROLE_VALUE, KM_ROLE_STATE, KM_ROLE_MARGIN, KM_ROLE_STATISTIC, KM_ROLE_FAILED, KM_ROLE_STEPS, KM_ROLE_STATUS } km_array_role;

typedef struct km_map_column {
    km_array_role role;
    int index;         /* of the factor, endpoint or statistic; -1 for the others */
    char *name;
    const char *dtype;
} km_map_column;

typedef struct km_map_layout {
    int n_dims;
    size_t shape[KM_MOST_DIMS], chunk[KM_MOST_DIMS];
    const char *dimension[KM_MOST_DIMS]; /* borrowed from the study */
    km_map_column *column;               /* in the order they are written; status last */
    char *coordinates;                   /* names of the factors, or NULL */
    int n_columns;
    uint64_t n_chunks;
    size_t chunk_values;
} km_map_layout;

void km_map_layout_init(km_map_layout *layout, const km_study *study);
void km_map_layout_clear(km_map_layout *layout);

/* The shape of a study's chunks. */
void km_map_layout_chunk(const km_study *study, int n_dims, const size_t *shape, size_t *chunk);

/* Origin and clipped extent of chunk k. */
void km_map_layout_box(const km_map_layout *layout, uint64_t k, size_t *origin, size_t *extent);

#endif
