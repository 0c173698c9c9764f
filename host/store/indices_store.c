#include "store/indices_store.h"

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "store/blosc.h"
#include "store/provenance.h"
#include "store/zarr.h"

#include <errno.h>
#include <ftw.h>
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

/* What an array is about. */
typedef struct description {
    const char *name, *coordinates, *about, *unit;
    int n_dims;
    const char *dimension[3];
    size_t shape[3];
} description;

/* Numbers of 8 bytes, "<f8" or "<i8". */
static km_status write_numbers(const char *group, const description *a, const char *dtype, const void *value, km_diag *d)
{
    km_text array = {0}, attributes = {0};
    unsigned char *frame = NULL;
    size_t n = 1, size = 0;
    km_status st = KM_OK;

    for (int i = 0; i < a->n_dims; i++)
        n *= a->shape[i];
    km_zarr_array_text(&array, dtype, a->n_dims, a->shape, a->shape);
    km_provenance_array(&attributes, a->dimension, a->n_dims, a->coordinates, a->unit, a->about, NULL, 0, 0, 0, NULL);
    KM_TRY(km_blosc_encode(value, n * 8, 8, LEVEL, &frame, &size, d));
    KM_TRY(write_array(group, a->name, &array, &attributes, a->n_dims, frame, size, d));
done:
    km_text_clear(&array);
    km_text_clear(&attributes);
    free(frame);
    return st;
}

/* Words of ASCII as numpy's "<U", four bytes a letter, not compressed. */
static km_status write_words(const char *group, const char *name, const char *dimension, char *const *word, int n, const char *about,
                             km_diag *d)
{
    size_t longest = 1, count = (size_t)n;
    km_text array = {0}, attributes = {0};
    unsigned char *bytes = NULL;
    km_status st = KM_OK;

    for (int i = 0; i < n; i++)
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
    KM_TRY(write_array(group, name, &array, &attributes, 1, bytes, 4 * count * longest, d));
done:
    km_text_clear(&array);
    km_text_clear(&attributes);
    free(bytes);
    return st;
}

static km_status write_columns(const char *group, const km_indices *x, km_diag *d)
{
    size_t e = (size_t)x->n_endpoints, f = (size_t)x->n_factors;
    description a = {.dimension = {"endpoint", "factor", "factor_2"}, .shape = {e, f, f}};
    km_status st = KM_OK;

    a.n_dims = 2;
    for (int c = 0; c < x->n_columns; c++) {
        a.name = x->column[c];
        KM_TRY(write_numbers(group, &a, "<f8", x->value + (size_t)c * e * f, d));
    }
    a.n_dims = 3;
    for (int c = 0; c < x->n_pair_columns; c++) {
        a.name = x->pair_column[c];
        KM_TRY(write_numbers(group, &a, "<f8", x->pair + (size_t)c * e * f * f, d));
    }
    a.n_dims = 1;
    a.name = "n_used", a.about = "base rows whose models all count";
    KM_TRY(write_numbers(group, &a, "<i8", x->n_used, d));
    a.name = "n_dropped", a.about = "base rows left out because of a member";
    KM_TRY(write_numbers(group, &a, "<i8", x->n_dropped, d));
    a.name = "mean", a.about = "mean of the endpoint over the sample";
    KM_TRY(write_numbers(group, &a, "<f8", x->mean, d));
    a.name = "variance", a.about = "variance of the endpoint over the sample";
    KM_TRY(write_numbers(group, &a, "<f8", x->variance, d));
done:
    return st;
}

static km_status write_curve(const char *group, const km_indices *const *stage, int n_stages, km_diag *d)
{
    const km_indices *x = stage[0];
    size_t n = (size_t)n_stages, values = (size_t)x->n_endpoints * (size_t)x->n_factors;
    description a = {.n_dims = 1, .name = "rows", .dimension = {"stage", "endpoint", "factor"}, .about = "base rows drawn so far",
                     .shape = {n, (size_t)x->n_endpoints, (size_t)x->n_factors}};
    double *curve = NULL;
    uint64_t *rows = km_alloc(n, sizeof *rows);
    char *name = NULL;
    km_status st = KM_OK;

    for (size_t i = 0; i < n; i++)
        rows[i] = stage[i]->n_rows;
    KM_TRY(write_numbers(group, &a, "<i8", rows, d));
    a.n_dims = 3, a.about = NULL, a.coordinates = "rows";
    KM_TRY(km_array_create(n * values, sizeof *curve, (void **)&curve, d));
    for (int c = 0; c < x->n_columns; c++) {
        for (size_t i = 0; i < n; i++)
            memcpy(curve + i * values, stage[i]->value + (size_t)c * values, values * sizeof *curve);
        free(name);
        a.name = name = km_format("curve_%s", x->column[c]);
        KM_TRY(write_numbers(group, &a, "<f8", curve, d));
    }
done:
    free(rows), free(curve), free(name);
    return st;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    (void)s, (void)kind, (void)where;
    return remove(path);
}

static km_status remove_folder(const char *path, km_diag *d)
{
    if (km_file_exists(path) && nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        return km_diag_fail(d, KM_E_IO, "cannot remove %s: %s", path, strerror(errno));
    return KM_OK;
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

km_status km_indices_is_there(const char *path, const char *attributes, bool *same, km_diag *d)
{
    char *have = km_file_exists(path) ? read_attributes(path) : NULL;

    *same = have && strcmp(have, attributes) == 0;
    if (!*same && km_file_exists(path)) {
        free(have);
        return km_diag_fail(d, KM_E_INPUT, "%s is there already, and of another analysis; --force replaces it, or choose another --output",
                            path);
    }
    free(have);
    return KM_OK;
}

km_status km_indices_remove(const char *path, km_diag *d)
{
    char *have = km_file_exists(path) ? read_attributes(path) : NULL;
    km_status st = KM_OK;

    if (km_file_exists(path) && (have == NULL || strstr(have, "\"ketamap_sensitivity\"") == NULL))
        KM_FAIL(d, KM_E_INPUT, "%s holds no results of a sensitivity analysis, so --force does not remove it", path);
    KM_TRY(remove_folder(path, d));
done:
    free(have);
    return st;
}

km_status km_indices_write(const char *path, const km_indices *x, const km_indices *const *stage, int n_stages, const char *attributes,
                           const char *run_json, km_diag *d)
{
    char *partial = km_format("%s.writing", path);
    km_text text = {0};
    km_status st = KM_OK;

    KM_TRY(remove_folder(partial, d)); /* of a run that was killed while writing */
    KM_TRY(km_file_make_folder(partial, d));
    km_text_add(&text, "{\n    \"zarr_format\": 2\n}\n");
    KM_TRY(write_text(partial, ".zgroup", &text, d));
    km_text_add(&text, "%s", attributes);
    KM_TRY(write_text(partial, ".zattrs", &text, d));
    KM_TRY(write_words(partial, "endpoint", "endpoint", x->endpoint, x->n_endpoints, "what has indices", d));
    KM_TRY(write_words(partial, "factor", "factor", x->factor, x->n_factors, "what is varied", d));
    if (x->n_pair_columns > 0)
        KM_TRY(write_words(partial, "factor_2", "factor_2", x->factor, x->n_factors, "the other factor of a pair", d));
    KM_TRY(write_columns(partial, x, d));
    if (n_stages > 0)
        KM_TRY(write_curve(partial, stage, n_stages, d));
    km_text_add(&text, "%s", run_json);
    KM_TRY(write_text(partial, "run.json", &text, d));
    if (rename(partial, path) != 0)
        KM_FAIL(d, KM_E_IO, "cannot rename %s to %s: %s", partial, path, strerror(errno));
done:
    km_text_clear(&text);
    free(partial);
    return st;
}
