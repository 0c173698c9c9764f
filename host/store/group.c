#include "store/group.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/blosc.h"
#include "store/provenance.h"
#include "store/zarr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVEL = 5 };

static km_status write_text(const char *folder, const char *name, km_text *text, km_diag *d)
{
    char *path = km_file_join(folder, name);
    km_status st = km_file_write(path, text->data, text->size, d);

    free(path);
    km_text_clear(text);
    return st;
}

/* GROUP/NAME with its metadata and its only chunk; takes the texts. */
static km_status write_array(const char *group, const char *name, km_text *array, km_text *attributes, int n_dims, const void *bytes,
                             size_t size, km_diag *d)
{
    static const size_t first[4] = {0};
    char *folder = km_file_join(group, name), *chunk = km_zarr_chunk_name(n_dims, first), *path = km_file_join(folder, chunk);
    km_status st = KM_OK;

    KM_TRY(km_file_make_folder(folder, d));
    KM_TRY(write_text(folder, ".zarray", array, d));
    KM_TRY(write_text(folder, ".zattrs", attributes, d));
    KM_TRY(km_file_write(path, bytes, size, d));
done:
    km_text_clear(array);
    km_text_clear(attributes);
    free(folder), free(chunk), free(path);
    return st;
}

km_status km_group_numbers(km_group *group, const km_group_array *a, const char *dtype, const void *value, km_diag *d)
{
    km_text array = {0}, attributes = {0};
    unsigned char *frame = NULL;
    size_t n = 1, size = 0;
    km_status st = KM_OK;

    for (int i = 0; i < a->n_dims; i++)
        n *= a->shape[i];
    km_zarr_array_text(&array, dtype, a->n_dims, a->shape, a->shape, !a->plain);
    km_provenance_array(&attributes, a->dimension, a->n_dims, a->coordinates, a->unit, a->about, NULL, 0, 0, 0, NULL);
    if (!a->plain)
        KM_TRY(km_blosc_encode(value, n * 8, 8, LEVEL, &frame, &size, d));
    KM_TRY(write_array(group->partial, a->name, &array, &attributes, a->n_dims, a->plain ? value : frame, a->plain ? n * 8 : size, d));
done:
    km_text_clear(&array);
    km_text_clear(&attributes);
    free(frame);
    return st;
}

/* As numpy's "<U", four bytes a letter, not compressed. */
km_status km_group_words(km_group *group, const char *name, const char *dimension, char *const *word, size_t count, const char *about, km_diag *d)
{
    size_t longest = 1;
    km_text array = {0}, attributes = {0};
    unsigned char *bytes = NULL;
    km_status st = KM_OK;

    for (size_t i = 0; i < count; i++)
        longest = strlen(word[i]) > longest ? strlen(word[i]) : longest;
    KM_TRY(km_array_create(count * longest, 4, (void **)&bytes, d));
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; word[i][k]; k++)
            bytes[4 * (i * longest + k)] = (unsigned char)word[i][k];
    km_text_add(&array,
                "{\n    \"chunks\": [%zu],\n    \"compressor\": null,\n    \"dtype\": \"<U%zu\",\n    \"fill_value\": null,\n"
                "    \"filters\": null,\n    \"order\": \"C\",\n    \"shape\": [%zu],\n    \"zarr_format\": 2\n}\n",
                count, longest, count);
    km_provenance_array(&attributes, &dimension, 1, NULL, NULL, about, NULL, 0, 0, 0, NULL);
    KM_TRY(write_array(group->partial, name, &array, &attributes, 1, bytes, 4 * count * longest, d));
done:
    km_text_clear(&array);
    km_text_clear(&attributes);
    free(bytes);
    return st;
}

static char *read_attributes(const char *path)
{
    char *name = km_file_join(path, ".zattrs"), *text = NULL;
    km_diag quiet;

    km_diag_init(&quiet);
    if (!km_file_exists(name) || km_file_read(name, &text, NULL, &quiet) != KM_OK)
        text = NULL;
    km_diag_clear(&quiet);
    free(name);
    return text;
}

km_status km_group_is_there(const char *path, const char *mark, const char *attributes, bool *same, km_diag *d)
{
    char *have = km_file_exists(path) ? read_attributes(path) : NULL;

    *same = have && strcmp(have, attributes) == 0;
    if (!*same && km_file_exists(path)) {
        bool ours = have && strstr(have, mark);
        free(have);
        return km_diag_fail(d, KM_E_INPUT,
                            ours ? "%s is there already, and of another analysis; --force replaces it, or choose another --output"
                                 : "%s is there already, and is something else; choose another --output",
                            path);
    }
    free(have);
    return KM_OK;
}

km_status km_group_remove(const char *path, const char *mark, const char *what, km_diag *d)
{
    char *have = km_file_exists(path) ? read_attributes(path) : NULL;
    km_status st = KM_OK;

    if (km_file_exists(path) && (have == NULL || strstr(have, mark) == NULL))
        KM_FAIL(d, KM_E_INPUT, "%s holds no %s, so --force does not remove it", path, what);
    KM_TRY(km_file_remove_all(path, d));
done:
    free(have);
    return st;
}

km_status km_group_begin(const char *path, const char *attributes, km_group *g, km_diag *d)
{
    km_text text = {0};
    km_status st = KM_OK;

    *g = (km_group){.path = km_strdup(path), .partial = km_format("%s.writing", path)};
    KM_TRY(km_file_remove_all(g->partial, d)); /* of a run that was killed while writing */
    KM_TRY(km_file_make_folder(g->partial, d));
    km_text_add(&text, "{\n    \"zarr_format\": 2\n}\n");
    KM_TRY(write_text(g->partial, ".zgroup", &text, d));
    km_text_add(&text, "%s", attributes);
    KM_TRY(write_text(g->partial, ".zattrs", &text, d));
done:
    km_text_clear(&text);
    return st;
}

km_status km_group_finish(km_group *g, const char *run_json, km_diag *d)
{
    km_text text = {0};
    km_status st = KM_OK;

    km_text_add(&text, "%s", run_json);
    KM_TRY(write_text(g->partial, "run.json", &text, d));
    if (rename(g->partial, g->path) != 0)
        KM_FAIL(d, KM_E_IO, "cannot rename %s to %s: %s", g->partial, g->path, strerror(errno));
done:
    km_text_clear(&text);
    return st;
}

void km_group_close(km_group *g)
{
    free(g->path), free(g->partial);
    *g = (km_group){0};
}
