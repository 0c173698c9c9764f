#include "cli/statuses.h"

#include "base/memory.h"
#include "store/map.h"
#include "store/zarr.h"

#include <stdlib.h>
#include <string.h>

static void add_one(km_statuses *s, int status)
{
    s->count[status >= 0 && status < KM_N_POINT_STATUSES ? status : KM_N_POINT_STATUSES]++;
}

void km_statuses_add(km_statuses *s, const signed char *status, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add_one(s, status[i]);
}

uint64_t km_statuses_total(const km_statuses *s)
{
    uint64_t n = 0;

    for (int k = 0; k <= KM_N_POINT_STATUSES; k++)
        n += s->count[k];
    return n;
}

uint64_t km_statuses_failed(const km_statuses *s)
{
    return km_statuses_total(s) - s->count[KM_POINT_DONE] - s->count[KM_POINT_RETRIED];
}

void km_statuses_print(const km_statuses *s, bool on_host, FILE *to)
{
    static const char *const word[] = {
        "done",
        "used up their steps",
        "needed steps too small",
        "met numbers that are not finite",
        "break a condition of the model or of its doses",
        "failed on the device",
        "failed in single precision and were done in double",
        "were not computed",
    };

    for (int k = 0; k <= KM_N_POINT_STATUSES; k++)
        if (k != KM_POINT_DONE && s->count[k] > 0)
            fprintf(to, "ketamap: %llu of %llu points %s%s (status %s)\n",
                    (unsigned long long)s->count[k], (unsigned long long)km_statuses_total(s), word[k],
                    k == KM_POINT_RETRIED && on_host ? ", on the host" : "",
                    km_status_word(k == KM_N_POINT_STATUSES ? KM_POINT_NOT_COMPUTED : k));
}

static km_status read_array(km_map_reader *reader, int index, km_statuses *out, km_diag *d)
{
    const km_map_array *a = km_map_reader_array(reader, index);
    uint64_t n_chunks = km_zarr_n_chunks(a->n_dims, a->shape, a->chunk);
    size_t origin[KM_MOST_DIMS], extent[KM_MOST_DIMS], most = 1;
    double *value = NULL;
    km_status st = KM_OK;

    for (int i = 0; i < a->n_dims; i++)
        most *= a->chunk[i];
    KM_TRY(km_array_create(most, sizeof *value, (void **)&value, d));
    for (uint64_t k = 0; k < n_chunks; k++) {
        size_t n = 1;
        km_zarr_chunk_position(a->n_dims, a->shape, a->chunk, k, origin);
        for (int i = 0; i < a->n_dims; i++) {
            origin[i] *= a->chunk[i];
            extent[i] = a->shape[i] - origin[i] < a->chunk[i] ? a->shape[i] - origin[i] : a->chunk[i];
            n *= extent[i];
        }
        KM_TRY(km_map_reader_read(reader, index, origin, extent, value, d));
        for (size_t i = 0; i < n; i++) /* false for NaN: a point without a status */
            add_one(out, value[i] >= 0.0 ? (int)value[i] : KM_POINT_NOT_COMPUTED);
    }
done:
    free(value);
    return st;
}

km_status km_statuses_read(const char *map, km_statuses *out, km_diag *d)
{
    km_map_reader *reader = NULL;
    int index;
    km_status st = KM_OK;

    memset(out, 0, sizeof *out);
    KM_TRY(km_map_reader_open(map, &reader, d));
    index = km_map_reader_find(reader, "status");
    if (index < 0)
        KM_FAIL(d, KM_E_IO, "%s has no array status", map);
    KM_TRY(read_array(reader, index, out, d));
done:
    km_map_reader_close(reader);
    return st;
}
