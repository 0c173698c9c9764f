#include "store/verify.h"

#include "base/file.h"
#include "base/memory.h"
#include "store/blosc.h"
#include "store/journal.h"
#include "store/map.h"
#include "store/zarr.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is wrong so far: the first sentence, and how many files. */
typedef struct complaint {
    char *first;
    uint64_t n;
} complaint;

static void complain(complaint *c, char *sentence)
{
    if (c->n++ == 0)
        c->first = sentence;
    else
        free(sentence);
}

static km_status read_manifest(const char *map, km_journal_line **out, size_t *n, km_diag *d)
{
    char *path = km_file_join(map, "manifest.tsv"), *text = NULL;
    size_t line = 0;
    km_status st = KM_OK;

    KM_TRY(km_file_read(path, &text, NULL, d));
    for (char *at = text, *next; at && *at; at = next, line++) {
        char name[512];
        km_journal_line entry = {.path = name};
        next = strchr(at, '\n');
        if (next)
            *next++ = '\0';
        if (line == 0)
            continue;
        if (sscanf(at, "%511[^\t]\t%" SCNu64 "\t%" SCNx32, name, &entry.bytes, &entry.crc) != 3)
            KM_FAIL(d, KM_E_IO, "%s:%zu: expected path, bytes and CRC-32", path, line + 1);
        entry.path = km_strdup(name);
        KM_PUSH(*out, *n);
        (*out)[(*n)++] = entry;
    }
done:
    free(path);
    free(text);
    return st;
}

static const km_journal_line *find(const km_journal_line *line, size_t n, const char *path)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(line[middle].path, path);
        if (order == 0)
            return &line[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* One chunk file: there, as the manifest says, and a frame of the right size. */
static void check_chunk(const char *map, const char *path, const km_journal_line *line, size_t bytes, void *room,
                        km_verification *v, complaint *c)
{
    char *file = km_file_join(map, path), *data = NULL;
    size_t size = 0;
    km_diag quiet;

    km_diag_init(&quiet);
    if (!km_file_exists(file))
        complain(c, km_format("%s is missing", file));
    else if (km_file_read(file, &data, &size, &quiet) != KM_OK)
        complain(c, km_strdup(quiet.message));
    else if (line && (size != line->bytes || km_journal_crc(data, size) != line->crc))
        complain(c, km_format("%s is not what was written: %zu bytes, CRC-32 %08" PRIx32 ", the manifest says %" PRIu64
                              " and %08" PRIx32, file, size, km_journal_crc(data, size), line->bytes, line->crc));
    else if (km_blosc_decode((const unsigned char *)data, size, room, bytes, &quiet) != KM_OK)
        complain(c, km_format("%s: %s", file, quiet.message));
    v->files++;
    v->bytes += size;
    km_diag_clear(&quiet);
    free(data);
    free(file);
}

static km_status check_array(const char *map, const km_map_array *a, const km_journal_line *line, size_t n, size_t *known,
                             km_verification *v, complaint *c, km_diag *d)
{
    size_t values = 1, position[KM_MOST_DIMS];
    uint64_t n_chunks = km_zarr_n_chunks(a->n_dims, a->shape, a->chunk);
    void *room = NULL;
    km_status st = KM_OK;

    for (int i = 0; i < a->n_dims; i++)
        values *= a->chunk[i];
    KM_TRY(km_array_create(values, km_zarr_element(a->dtype), &room, d));
    for (uint64_t k = 0; k < n_chunks; k++) {
        const km_journal_line *entry;
        char *name, *path;
        km_zarr_chunk_position(a->n_dims, a->shape, a->chunk, k, position);
        name = km_zarr_chunk_name(a->n_dims, position);
        path = km_format("%s/%s", a->name, name);
        entry = find(line, n, path);
        *known += entry != NULL;
        check_chunk(map, path, entry, values * km_zarr_element(a->dtype), room, v, c);
        free(name);
        free(path);
    }
    if (strcmp(a->name, "status") == 0)
        for (int i = 0; i < a->n_dims; i++)
            v->points = (i ? v->points : 1) * a->shape[i];
done:
    free(room);
    return st;
}

km_status km_map_verify(const char *path, km_verification *out, km_diag *d)
{
    km_map_reader *r = NULL;
    km_journal_line *line = NULL;
    complaint c = {0};
    size_t n = 0, known = 0;
    uint64_t done, total;
    km_status st = KM_OK;

    memset(out, 0, sizeof *out);
    KM_TRY(km_map_reader_open(path, &r, d));
    if (!km_map_reader_complete(r, &done, &total))
        KM_FAIL(d, KM_E_INPUT, "%s is not complete: %" PRIu64 " of %" PRIu64 " chunks; run its study again first", path, done,
                total);
    KM_TRY(read_manifest(path, &line, &n, d));
    for (int i = 0; i < km_map_reader_n_arrays(r); i++)
        KM_TRY(check_array(path, km_map_reader_array(r, i), line, n, &known, out, &c, d));
    if (known < n)
        complain(&c, km_format("the manifest of %s knows %zu files that no array has", path, n - known));
    if (c.n > 0)
        KM_FAIL(d, KM_E_IO, "%s (%" PRIu64 " thing%s wrong in all)", c.first, c.n, c.n == 1 ? "" : "s");
done:
    for (size_t i = 0; i < n; i++)
        free(line[i].path);
    free(line);
    free(c.first);
    km_map_reader_close(r);
    return st;
}
