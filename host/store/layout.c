#include "store/layout.h"

#include "base/memory.h"
#include "base/text.h"
#include "study/design.h"

#include <stdlib.h>
#include <string.h>

static void add(km_map_layout *y, km_array_role role, int index, char *name, const char *dtype)
{
    KM_PUSH(y->column, y->n_columns);
    y->column[y->n_columns++] = (km_map_column){role, index, name, dtype};
}

void km_map_layout_init(km_map_layout *y, const km_study *s)
{
    const char *real = s->store_double ? "<f8" : "<f4";
    km_text names = {0};

    memset(y, 0, sizeof *y);
    y->n_dims = km_design_shape(s, y->shape);
    y->dimension[0] = "point";
    for (int a = 0; a < s->n_axes; a++)
        y->dimension[a] = s->axis[a].name;
    km_zarr_chunk_shape(y->n_dims, y->shape, y->chunk);
    y->n_chunks = km_zarr_n_chunks(y->n_dims, y->shape, y->chunk);
    y->chunk_values = 1;
    for (int i = 0; i < y->n_dims; i++)
        y->chunk_values *= y->chunk[i];
    for (int k = 0; k < s->n_factors; k++) {
        add(y, KM_ROLE_FACTOR, k, km_strdup(s->factor[k].name), "<f8");
        km_text_add(&names, "%s%s", k ? " " : "", s->factor[k].name);
    }
    y->coordinates = s->n_factors ? km_text_take(&names) : NULL;
    for (int e = 0; e < s->n_endpoints; e++) {
        add(y, KM_ROLE_VALUE, e, km_strdup(s->endpoint[e].name), real);
        add(y, KM_ROLE_STATE, e, km_format("%s_state", s->endpoint[e].name), "|i1");
        if (s->endpoint[e].margin)
            add(y, KM_ROLE_MARGIN, e, km_format("%s_margin", s->endpoint[e].name), real);
    }
    add(y, KM_ROLE_STEPS, -1, km_strdup("steps"), "<i4");
    add(y, KM_ROLE_STATUS, -1, km_strdup("status"), "|i1");
}

void km_map_layout_clear(km_map_layout *y)
{
    for (int i = 0; i < y->n_columns; i++)
        free(y->column[i].name);
    free(y->column);
    free(y->coordinates);
    memset(y, 0, sizeof *y);
}

void km_map_layout_box(const km_map_layout *y, uint64_t k, size_t *origin, size_t *extent)
{
    size_t position[KM_MOST_DIMS];

    km_zarr_chunk_position(y->n_dims, y->shape, y->chunk, k, position);
    for (int i = 0; i < y->n_dims; i++) {
        origin[i] = position[i] * y->chunk[i];
        extent[i] = y->shape[i] - origin[i] < y->chunk[i] ? y->shape[i] - origin[i] : y->chunk[i];
    }
}
