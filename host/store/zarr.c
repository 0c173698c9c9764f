#include "store/zarr.h"

#include <string.h>

enum { CHUNK_VALUES = 65536 };

static void add_list(km_text *out, const char *key, int n, const size_t *value)
{
    km_text_add(out, "    \"%s\": [", key);
    for (int i = 0; i < n; i++)
        km_text_add(out, "%s%zu", i ? ", " : "", value[i]);
    km_text_add(out, "],\n");
}

void km_zarr_array_text(km_text *out, const char *dtype, int n_dims, const size_t *shape, const size_t *chunk, bool packed)
{
    km_text_add(out, "{\n");
    add_list(out, "chunks", n_dims, chunk);
    km_text_add(out,
                "    \"compressor\": %s,\n"
                "    \"dtype\": \"%s\",\n    \"fill_value\": %s,\n    \"filters\": null,\n    \"order\": \"C\",\n",
                packed ? "{\"id\": \"blosc\", \"cname\": \"zlib\", \"clevel\": 5, \"shuffle\": 1, \"blocksize\": 0}" : "null", dtype, strchr(dtype, 'f') ? "\"NaN\"" : "null");
    add_list(out, "shape", n_dims, shape);
    km_text_add(out, "    \"zarr_format\": 2\n}\n");
}

void km_zarr_chunk_shape(int n_dims, const size_t *shape, size_t *chunk)
{
    memcpy(chunk, shape, (size_t)n_dims * sizeof *chunk);
    for (;;) {
        double values = 1.0;
        int longest = 0;
        for (int i = 0; i < n_dims; i++) {
            values *= (double)chunk[i];
            if (chunk[i] > chunk[longest])
                longest = i;
        }
        if (values <= CHUNK_VALUES)
            return;
        chunk[longest] = (chunk[longest] + 1) / 2;
    }
}

static uint64_t grid(const size_t *shape, const size_t *chunk, int i) { return (shape[i] + chunk[i] - 1) / chunk[i]; }

uint64_t km_zarr_n_chunks(int n_dims, const size_t *shape, const size_t *chunk)
{
    uint64_t n = 1;

    for (int i = 0; i < n_dims; i++)
        n *= grid(shape, chunk, i);
    return n;
}

void km_zarr_chunk_position(int n_dims, const size_t *shape, const size_t *chunk, uint64_t k, size_t *position)
{
    for (int i = n_dims; i-- > 0;) {
        position[i] = (size_t)(k % grid(shape, chunk, i));
        k /= grid(shape, chunk, i);
    }
}

char *km_zarr_chunk_name(int n_dims, const size_t *position)
{
    km_text name = {0};

    for (int i = 0; i < n_dims; i++)
        km_text_add(&name, "%s%zu", i ? "." : "", position[i]);
    return km_text_take(&name);
}

size_t km_zarr_element(const char *dtype) { return (size_t)(dtype[2] - '0'); }
