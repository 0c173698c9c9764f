/* Reading a response map, finished or not: its arrays, their attributes, boxes of their values. */
#include "store/map.h"

#include "base/file.h"
#include "base/memory.h"
#include "store/blosc.h"
#include "store/zarr.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct km_map_reader {
    char *path;
    km_json_file *attributes;
    km_map_array *array;
    int n_arrays;
    uint64_t done, total;
    bool complete;
};

/* ---- metadata ---- */

static void array_clear(km_map_array *a)
{
    for (int i = 0; a->dimension && i < a->n_dims; i++)
        free(a->dimension[i]);
    free(a->dimension);
    free(a->name), free(a->unit), free(a->about), free(a->dtype), free(a->flags), free(a->coordinates);
    free(a->shape), free(a->chunk);
}

/* A list of n whole numbers from 1 on. */
static km_status read_sizes(const km_json *object, const char *key, int *n, size_t **out,
                            km_diag *d)
{
    const km_json *list;
    km_status st = KM_OK;

    KM_TRY(km_json_need(object, key, KM_JSON_ARRAY, &list, d));
    if (list->n < 1 || list->n > KM_MOST_DIMS || (*n && list->n != (size_t)*n))
        return km_json_fail(list, d, "expected one number per dimension, 1 to %d of them",
                            KM_MOST_DIMS);
    *n = (int)list->n;
    *out = km_alloc(list->n, sizeof **out);
    for (size_t i = 0; i < list->n; i++) {
        double v = list->child[i].number;
        if (list->child[i].kind != KM_JSON_NUMBER || v < 1.0 || v > 4503599627370496.0 ||
            v != floor(v))
            return km_json_fail(&list->child[i], d, "expected a whole number above 0, got %s",
                                km_json_describe(&list->child[i]));
        (*out)[i] = (size_t)v;
    }
done:
    return st;
}

static bool type_known(const char *dtype)
{
    static const char *const known[] = {"<f4", "<f8", "<i4", "|i1"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(dtype, known[i]) == 0)
            return true;
    return false;
}

static km_status read_zarray(const km_json *root, km_map_array *a, km_diag *d)
{
    const km_json *dtype, *compressor, *name;
    const char *word = "";
    double values = 1.0;
    km_status st = KM_OK;

    if (root->kind != KM_JSON_OBJECT)
        return km_json_fail(root, d, "expected an object, got %s", km_json_describe(root));
    KM_TRY(read_sizes(root, "shape", &a->n_dims, &a->shape, d));
    KM_TRY(read_sizes(root, "chunks", &a->n_dims, &a->chunk, d));
    KM_TRY(km_json_need(root, "dtype", KM_JSON_STRING, &dtype, d));
    if (!type_known(dtype->string))
        return km_json_fail(dtype, d, "expected \"<f4\", \"<f8\", \"<i4\" or \"|i1\", got %s",
                            km_json_describe(dtype));
    a->dtype = km_strdup(dtype->string);
    KM_TRY(km_json_need(root, "compressor", KM_JSON_OBJECT, &compressor, d));
    name = km_json_find(compressor, "cname");
    if (name && name->kind == KM_JSON_STRING)
        word = name->string;
    if (strcmp(word, "zlib") != 0)
        return km_json_fail(compressor, d,
                            "this map is compressed with something other than Blosc's zlib");
    for (int i = 0; i < a->n_dims; i++)
        values *= (double)a->chunk[i];
    if (values > 2.5e8)
        return km_json_fail(root, d, "a chunk of %.0f values is larger than ketamap writes",
                            values);
done:
    return st;
}

static char *text_of(const km_json *root, const char *key)
{
    const km_json *text = km_json_find(root, key);

    return km_strdup(text && text->kind == KM_JSON_STRING ? text->string : "");
}

static double number_of(const km_json *root, const char *key)
{
    const km_json *number = km_json_find(root, key);

    return number && number->kind == KM_JSON_NUMBER ? number->number : 0.0;
}

/* Attributes are for people: what is missing is empty. */
static void read_zattrs(const km_json *root, km_map_array *a)
{
    const km_json *names = km_json_find(root, "_ARRAY_DIMENSIONS");

    a->unit = text_of(root, "units");
    a->about = text_of(root, "long_name");
    a->flags = text_of(root, "flag_meanings");
    a->coordinates = text_of(root, "coordinates");
    a->audited = km_json_find(root, "error_p99") != NULL;
    a->error = (km_endpoint_audit){.n = (long)number_of(root, "error_points"), .flips = (long)number_of(root, "error_flips"),
                                   .median = number_of(root, "error_median"), .p99 = number_of(root, "error_p99"),
                                   .max = number_of(root, "error_max")};
    for (size_t i = 0; names && i < names->n && i < (size_t)a->n_dims; i++)
        if (names->child[i].kind == KM_JSON_STRING) {
            free(a->dimension[i]);
            a->dimension[i] = km_strdup(names->child[i].string);
        }
}

static km_status read_array(km_map_reader *r, const char *name, km_diag *d)
{
    char *zarray = km_format("%s/%s/.zarray", r->path, name),
         *zattrs = km_format("%s/%s/.zattrs", r->path, name);
    km_json_file *file = NULL;
    km_map_array a = {0};
    km_status st = KM_OK;

    KM_TRY(km_json_read(zarray, &file, d));
    a.name = km_strdup(name);
    KM_TRY(read_zarray(km_json_root(file), &a, d));
    km_json_destroy(file);
    file = NULL;
    a.dimension = km_alloc((size_t)a.n_dims, sizeof *a.dimension);
    for (int i = 0; i < a.n_dims; i++)
        a.dimension[i] = km_format("dim_%d", i);
    KM_TRY(km_json_read(zattrs, &file, d));
    read_zattrs(km_json_root(file), &a);
    KM_PUSH(r->array, r->n_arrays);
    r->array[r->n_arrays++] = a;
    memset(&a, 0, sizeof a);
done:
    array_clear(&a);
    km_json_destroy(file);
    free(zarray);
    free(zattrs);
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const km_map_array *)a)->name, ((const km_map_array *)b)->name);
}

static km_status read_arrays(km_map_reader *r, km_diag *d)
{
    DIR *folder = opendir(r->path);
    const struct dirent *entry;
    km_status st = KM_OK;

    if (folder == NULL)
        KM_FAIL(d, KM_E_IO, "cannot read %s: %s", r->path, strerror(errno));
    while ((entry = readdir(folder)) != NULL) {
        char *mark = km_format("%s/%s/.zarray", r->path, entry->d_name);
        bool array = entry->d_name[0] != '.' && km_file_exists(mark);
        free(mark);
        if (array)
            KM_TRY(read_array(r, entry->d_name, d));
    }
    if (r->n_arrays > 0)
        qsort(r->array, (size_t)r->n_arrays, sizeof *r->array, by_name);
done:
    if (folder)
        closedir(folder);
    return st;
}

/* The files of `status`, the last of each chunk. */
static km_status count_chunks(km_map_reader *r, km_diag *d)
{
    int status = km_map_reader_find(r, "status");
    const km_map_array *a;
    char *path = NULL, *manifest = km_file_join(r->path, "manifest.tsv");
    km_status st = KM_OK;

    if (status < 0)
        KM_FAIL(d, KM_E_INPUT, "%s has no array \"status\": it was not written by ketamap",
                r->path);
    a = &r->array[status];
    r->total = km_zarr_n_chunks(a->n_dims, a->shape, a->chunk);
    r->complete = km_file_exists(manifest);
    for (uint64_t k = 0; k < r->total && !r->complete; k++) {
        size_t position[KM_MOST_DIMS];
        char *name;
        km_zarr_chunk_position(a->n_dims, a->shape, a->chunk, k, position);
        name = km_zarr_chunk_name(a->n_dims, position);
        path = km_format("%s/status/%s", r->path, name);
        r->done += km_file_exists(path);
        free(name);
        free(path);
    }
    if (r->complete)
        r->done = r->total;
done:
    free(manifest);
    return st;
}

km_status km_map_reader_open(const char *path, km_map_reader **out, km_diag *d)
{
    km_map_reader *r = km_alloc(1, sizeof *r);
    char *file = NULL, *partial = km_format("%s.partial", path);
    const km_json *version;
    km_status st = KM_OK;

    *out = NULL;
    r->path = km_strdup(!km_file_exists(path) && km_file_is_folder(partial) ? partial : path);
    if (!km_file_exists(r->path))
        KM_FAIL(d, KM_E_INPUT, "there is no map %s", path);
    file = km_file_join(r->path, ".zattrs");
    if (!km_file_exists(file))
        KM_FAIL(d, KM_E_INPUT, "%s is not a map: it has no file .zattrs", r->path);
    KM_TRY(km_json_read(file, &r->attributes, d));
    if (km_json_find(km_json_root(r->attributes), "ketamap_sensitivity"))
        KM_FAIL(d, KM_E_INPUT, "%s holds the results of a sensitivity analysis, not a map; xarray opens it, and its table is the TSV beside it",
                r->path);
    version = km_json_find(km_json_root(r->attributes), "ketamap_map");
    if (version == NULL || version->kind != KM_JSON_STRING || strcmp(version->string, "1") != 0)
        KM_FAIL(d, KM_E_INPUT,
                "%s: \"ketamap_map\" is not \"1\", so that it is no map of this version of ketamap",
                file);
    KM_TRY(read_arrays(r, d));
    KM_TRY(count_chunks(r, d));
    *out = r;
    r = NULL;
done:
    km_map_reader_close(r);
    free(partial);
    free(file);
    return st;
}

void km_map_reader_close(km_map_reader *r)
{
    if (r == NULL)
        return;
    for (int i = 0; i < r->n_arrays; i++)
        array_clear(&r->array[i]);
    free(r->array);
    km_json_destroy(r->attributes);
    free(r->path);
    free(r);
}

const char *km_map_reader_path(const km_map_reader *r)
{
    return r->path;
}
const km_json *km_map_reader_attributes(const km_map_reader *r)
{
    return km_json_root(r->attributes);
}
int km_map_reader_n_arrays(const km_map_reader *r)
{
    return r->n_arrays;
}
const km_map_array *km_map_reader_array(const km_map_reader *r, int i)
{
    return &r->array[i];
}

int km_map_reader_find(const km_map_reader *r, const char *name)
{
    for (int i = 0; i < r->n_arrays; i++)
        if (strcmp(r->array[i].name, name) == 0)
            return i;
    return -1;
}

bool km_map_reader_is_factor(const km_map_reader *r, int array)
{
    int status = km_map_reader_find(r, "status");
    const char *name = r->array[array].name, *at = r->array[status].coordinates;

    for (size_t n = strlen(name); *at; at += strcspn(at, " "), at += *at == ' ')
        if (strncmp(at, name, n) == 0 && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

bool km_map_reader_complete(const km_map_reader *r, uint64_t *done, uint64_t *total)
{
    *done = r->done;
    *total = r->total;
    return r->complete;
}

/* ---- values ---- */

static double element(const char *dtype, const unsigned char *data, size_t i)
{
    if (strcmp(dtype, "<f4") == 0) {
        float v;
        memcpy(&v, data + 4 * i, sizeof v);
        return (double)v;
    }
    if (strcmp(dtype, "<f8") == 0) {
        double v;
        memcpy(&v, data + 8 * i, sizeof v);
        return v;
    }
    if (strcmp(dtype, "<i4") == 0) {
        int32_t v;
        memcpy(&v, data + 4 * i, sizeof v);
        return (double)v;
    }
    return (double)(signed char)data[i];
}

/* *data: the bytes of a chunk, `size` of them; *there is false, and nothing is read, where it is
 * not written yet. */
static km_status read_chunk(const km_map_reader *r, const km_map_array *a, const size_t *position,
                            void *data, size_t size, bool *there, km_diag *d)
{
    char *name = km_zarr_chunk_name(a->n_dims, position),
         *path = km_format("%s/%s/%s", r->path, a->name, name), *frame = NULL;
    size_t n = 0;
    km_status st = KM_OK;

    *there = km_file_exists(path);
    if (*there) {
        KM_TRY(km_file_read(path, &frame, &n, d));
        st = km_blosc_decode((const unsigned char *)frame, n, data, size, d);
        if (st != KM_OK)
            km_diag_context(d, "%s", path);
    } else if (r->complete) {
        KM_FAIL(d, KM_E_IO, "%s is missing, though the map is complete", path);
    }
done:
    free(name), free(path), free(frame);
    return st;
}

/* The part of a chunk that lies in the box; data NULL: not written, NaN. */
static void copy_part(const km_map_array *a, const size_t *position, const unsigned char *data,
                      const size_t *origin, const size_t *extent, double *out)
{
    size_t low[KM_MOST_DIMS], high[KM_MOST_DIMS], at[KM_MOST_DIMS];
    int i;

    for (i = 0; i < a->n_dims; i++) {
        size_t start = position[i] * a->chunk[i], end = start + a->chunk[i],
               stop = origin[i] + extent[i];
        low[i] = at[i] = start > origin[i] ? start : origin[i];
        high[i] = end < stop ? end : stop;
    }
    do {
        size_t from = 0, to = 0;
        for (i = 0; i < a->n_dims; i++) {
            from = from * a->chunk[i] + at[i] - position[i] * a->chunk[i];
            to = to * extent[i] + at[i] - origin[i];
        }
        out[to] = data ? element(a->dtype, data, from) : (double)NAN;
        for (i = a->n_dims - 1; i >= 0; i--) {
            if (++at[i] < high[i])
                break;
            at[i] = low[i];
        }
    } while (i >= 0);
}

km_status km_map_reader_read(km_map_reader *r, int array, const size_t *origin,
                             const size_t *extent, double *out, km_diag *d)
{
    const km_map_array *a = &r->array[array];
    size_t first[KM_MOST_DIMS], last[KM_MOST_DIMS], at[KM_MOST_DIMS],
        size = km_zarr_element(a->dtype);
    unsigned char *data = NULL;
    int i;
    km_status st = KM_OK;

    for (i = 0; i < a->n_dims; i++) {
        if (extent[i] == 0 || origin[i] >= a->shape[i] || extent[i] > a->shape[i] - origin[i])
            KM_FAIL(d, KM_E_INPUT, "%s: the box leaves the axis \"%s\" of %zu values", a->name,
                    a->dimension[i], a->shape[i]);
        first[i] = at[i] = origin[i] / a->chunk[i];
        last[i] = (origin[i] + extent[i] - 1) / a->chunk[i];
        size *= a->chunk[i];
    }
    KM_TRY(km_array_create(size, 1, (void **)&data, d));
    do {
        bool there;
        KM_TRY(read_chunk(r, a, at, data, size, &there, d));
        copy_part(a, at, there ? data : NULL, origin, extent, out);
        for (i = a->n_dims - 1; i >= 0; i--) {
            if (++at[i] <= last[i])
                break;
            at[i] = first[i];
        }
    } while (i >= 0);
done:
    free(data);
    return st;
}
