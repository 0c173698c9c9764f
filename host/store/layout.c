#include "store/layout.h"

#include "base/memory.h"
#include "base/text.h"
#include "study/design.h"
#include "study/population.h"
#include "study/statistic.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_PATIENTS_IN_CHUNK = 1 << 19 };

static void add(km_map_layout *y, km_array_role role, int index, char *name, const char *dtype)
{
    KM_PUSH(y->column, y->n_columns);
    y->column[y->n_columns++] = (km_map_column){role, index, name, dtype};
}

/* A chunk is what a stopped run loses: with patients its points are fewer, by halving its longest side. */
void km_map_layout_chunk(const km_study *s, int n, const size_t *shape, size_t *chunk)
{
    size_t patients = s->population ? s->population->n : 1, points = 1;

    km_zarr_chunk_shape(n, shape, chunk);
    for (int i = 0; i < n; i++)
        points *= chunk[i];
    while (patients > 1 && points > 1 && points > MOST_PATIENTS_IN_CHUNK / patients) {
        int longest = 0;
        for (int i = 1; i < n; i++)
            longest = chunk[i] > chunk[longest] ? i : longest;
        points = points / chunk[longest] * ((chunk[longest] + 1) / 2);
        chunk[longest] = (chunk[longest] + 1) / 2;
    }
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
    km_map_layout_chunk(s, y->n_dims, y->shape, y->chunk);
    y->n_chunks = km_zarr_n_chunks(y->n_dims, y->shape, y->chunk);
    y->chunk_values = 1;
    for (int i = 0; i < y->n_dims; i++)
        y->chunk_values *= y->chunk[i];
    for (int k = 0; k < s->n_factors; k++) {
        add(y, KM_ROLE_FACTOR, k, km_strdup(s->factor[k].name), "<f8");
        km_text_add(&names, "%s%s", k ? " " : "", s->factor[k].name);
    }
    y->coordinates = s->n_factors ? km_text_take(&names) : NULL;
    for (int i = 0; i < s->n_statistics; i++)
        add(y, KM_ROLE_STATISTIC, i, km_strdup(s->statistic[i].name), real);
    if (s->population)
        add(y, KM_ROLE_FAILED, -1, km_strdup("patients_failed"), "<i4");
    for (int e = 0; e < s->n_endpoints && s->population == NULL; e++) {
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
