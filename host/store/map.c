/* Writing a response map: chunks from a queue, compressed and written by workers. */
#include "store/map.h"

#include "abi.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "store/blosc.h"
#include "store/journal.h"
#include "store/layout.h"
#include "store/provenance.h"
#include "store/quantise.h"
#include "study/design.h"
#include "study/statistic.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { LEVEL = 1, MOST_THREADS = 64 };

/* A chunk on its way to disk; results row-major within its box. */
typedef struct job {
    uint64_t chunk;
    size_t n;
    double *value, *margin;
    signed char *state, *status;
    int *steps, *failed;
    struct job *next;
} job;

struct km_map {
    const km_study *study;
    const km_endpoint_audit *audit; /* borrowed while opening */
    km_map_layout layout;
    char *path, *partial;
    bool *done;           /* per chunk */
    km_journal journal;
    int lock;
    pthread_t thread[MOST_THREADS];
    int n_threads;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    job *first, *last;
    int queued, busy;     /* waiting, being written */
    bool closing;
    uint64_t bytes;
    km_status failed;     /* of the first worker that failed */
    km_diag failure;
};

/* ---- one chunk ---- */

/* Copies n values of `size` bytes, row-major in the box, into a whole chunk. */
static void place(const km_map_layout *y, const size_t *extent, const void *from, size_t size, void *to)
{
    size_t index[KM_MOST_DIMS] = {0}, row = extent[y->n_dims - 1], at = 0;
    const char *in = from;

    for (;;) {
        size_t offset = 0;
        int i = y->n_dims - 2;
        for (int k = 0; k < y->n_dims; k++)
            offset = offset * y->chunk[k] + (k == y->n_dims - 1 ? 0 : index[k]);
        memcpy((char *)to + offset * size, in + at * size, row * size);
        at += row;
        for (; i >= 0; i--) {
            if (++index[i] < extent[i])
                break;
            index[i] = 0;
        }
        if (i < 0)
            return;
    }
}

/* Doubles as the stored float type, rounded. *out is the caller's. */
static km_status narrow(const km_map *map, const double *value, size_t n, const char *dtype, void **out, km_diag *d)
{
    float *single = NULL;
    km_status st = KM_OK;

    if (strcmp(dtype, "<f8") == 0) {
        KM_TRY(km_array_create(n, sizeof *value, out, d));
        for (size_t i = 0; i < n; i++)
            ((double *)*out)[i] = isnan(value[i]) ? (double)NAN : value[i];
        return KM_OK;
    }
    KM_TRY(km_array_create(n, sizeof *single, (void **)&single, d));
    for (size_t i = 0; i < n; i++)
        single[i] = isnan(value[i]) ? NAN : (float)value[i]; /* one NaN: bytes must not follow its payload */
    km_quantise(single, n, map->study->keep);
    *out = single;
done:
    return st;
}

static void fill(void *chunk, const char *dtype, size_t n)
{
    if (strcmp(dtype, "<f4") == 0)
        for (size_t i = 0; i < n; i++)
            ((float *)chunk)[i] = NAN;
    if (strcmp(dtype, "<f8") == 0)
        for (size_t i = 0; i < n; i++)
            ((double *)chunk)[i] = (double)NAN;
}

static km_status column_data(const km_map *map, const km_map_column *c, const job *j, void **out, km_diag *d)
{
    size_t from = c->index < 0 ? 0 : (size_t)c->index * j->n;
    km_status st = KM_OK;

    switch (c->role) {
    case KM_ROLE_FACTOR:
        KM_TRY(km_array_create(j->n, sizeof(double), out, d));
        for (size_t i = 0; i < j->n; i++)
            ((double *)*out)[i] = km_design_coordinate(map->study, &map->study->factor[c->index],
                                                       j->chunk * map->layout.chunk_values + i);
        break;
    case KM_ROLE_VALUE:
    case KM_ROLE_STATISTIC: return narrow(map, j->value + from, j->n, c->dtype, out, d);
    case KM_ROLE_MARGIN: return narrow(map, j->margin + from, j->n, c->dtype, out, d);
    case KM_ROLE_STATE:
        KM_TRY(km_array_create(j->n, 1, out, d));
        memcpy(*out, j->state + from, j->n);
        break;
    case KM_ROLE_STATUS:
        KM_TRY(km_array_create(j->n, 1, out, d));
        memcpy(*out, j->status, j->n);
        break;
    case KM_ROLE_STEPS:
    case KM_ROLE_FAILED:
        KM_TRY(km_array_create(j->n, sizeof(int), out, d));
        memcpy(*out, c->role == KM_ROLE_STEPS ? j->steps : j->failed, j->n * sizeof(int));
        break;
    }
done:
    return st;
}

static km_status write_column(const km_map *map, const km_map_column *c, const job *j, km_journal_line *line, km_diag *d)
{
    const km_map_layout *y = &map->layout;
    size_t origin[KM_MOST_DIMS], extent[KM_MOST_DIMS], position[KM_MOST_DIMS], element = km_zarr_element(c->dtype), size = 0;
    void *data = NULL, *whole = NULL;
    unsigned char *frame = NULL;
    char *name = NULL, *path = NULL;
    km_status st = KM_OK;

    km_map_layout_box(y, j->chunk, origin, extent);
    km_zarr_chunk_position(y->n_dims, y->shape, y->chunk, j->chunk, position);
    name = km_zarr_chunk_name(y->n_dims, position);
    KM_TRY(column_data(map, c, j, &data, d));
    KM_TRY(km_array_create(y->chunk_values, element, &whole, d));
    fill(whole, c->dtype, y->chunk_values);
    place(y, extent, data, element, whole);
    KM_TRY(km_blosc_encode(whole, y->chunk_values * element, element, LEVEL, &frame, &size, d));
    line->path = km_format("%s/%s", c->name, name);
    line->bytes = size;
    line->crc = km_journal_crc(frame, size);
    path = km_file_join(map->partial, line->path);
    KM_TRY(km_file_write(path, frame, size, d));
done:
    free(data), free(whole), free(frame), free(name), free(path);
    return st;
}

static km_status write_chunk(km_map *map, const job *j, km_diag *d)
{
    int n = map->layout.n_columns;
    km_journal_line *line = km_alloc((size_t)n, sizeof *line);
    km_status st = KM_OK;

    for (int i = 0; i < n; i++)
        KM_TRY(write_column(map, &map->layout.column[i], j, &line[i], d));
    pthread_mutex_lock(&map->mutex);
    st = km_journal_append(&map->journal, line, (size_t)n, d);
    for (int i = 0; i < n; i++)
        map->bytes += line[i].bytes;
    pthread_mutex_unlock(&map->mutex);
done:
    for (int i = 0; i < n; i++)
        free(line[i].path);
    free(line);
    return st;
}

static void job_destroy(job *j)
{
    free(j->value), free(j->margin), free(j->state), free(j->status), free(j->steps), free(j->failed);
    free(j);
}

static void *work(void *context)
{
    km_map *map = context;

    pthread_mutex_lock(&map->mutex);
    for (;;) {
        km_diag d;
        km_status st;
        job *j;
        while (map->first == NULL && !map->closing)
            pthread_cond_wait(&map->changed, &map->mutex);
        if (map->first == NULL)
            break;
        j = map->first;
        map->first = j->next;
        if (map->first == NULL)
            map->last = NULL;
        map->queued--;
        map->busy++;
        pthread_mutex_unlock(&map->mutex);
        km_diag_init(&d);
        st = write_chunk(map, j, &d);
        pthread_mutex_lock(&map->mutex);
        if (st == KM_OK)
            map->done[j->chunk] = true;
        else if (map->failed == KM_OK) {
            map->failed = st;
            km_diag_fail(&map->failure, st, "%s", d.message);
        }
        km_diag_clear(&d);
        job_destroy(j);
        map->busy--;
        pthread_cond_broadcast(&map->changed);
    }
    pthread_mutex_unlock(&map->mutex);
    return NULL;
}

/* ---- opening ---- */

static km_status write_text(const char *folder, const char *name, km_text *text, km_diag *d)
{
    char *path = km_file_join(folder, name);
    km_status st = km_file_write(path, text->data, text->size, d);

    free(path);
    km_text_clear(text);
    return st;
}

/* FOLDER/NAME with its .zarray and .zattrs. */
static km_status write_array(const char *group, const char *name, km_text *array, km_text *attributes, km_diag *d)
{
    char *folder = km_file_join(group, name);
    km_status st = KM_OK;

    KM_TRY(km_file_make_folder(folder, d));
    KM_TRY(write_text(folder, ".zarray", array, d));
    KM_TRY(write_text(folder, ".zattrs", attributes, d));
done:
    km_text_clear(array);
    km_text_clear(attributes);
    free(folder);
    return st;
}

static const char *const point_flags[] = {"not_computed", "done", "step_budget", "step_too_small", "non_finite", "bad_parameter",
                                          "device_error", "retried_in_double"};
static const char *const state_flags[] = {"exact", "never", "censored", "true_from_start", "reference_absent", "failed"};

const char *km_state_word(int state) { return state_flags[state]; }

const char *km_status_word(int status) { return point_flags[status - KM_POINT_NOT_COMPUTED]; }

static km_status write_coordinate(const km_map *map, int a, km_diag *d)
{
    const km_axis *axis = &map->study->axis[a];
    const char *name = axis->name;
    bool category = axis->scale == KM_AXIS_CATEGORY;
    signed char *code = NULL;
    unsigned char *frame = NULL;
    km_text array = {0}, attributes = {0};
    size_t size = 0;
    char *path = NULL, *about = axis->about ? km_strdup(axis->about) : km_format("%s (%s)", name, axis->of);
    km_status st = KM_OK;

    km_zarr_array_text(&array, category ? "|i1" : "<f8", 1, &axis->n, &axis->n, true);
    km_provenance_array(&attributes, &name, 1, NULL, category ? NULL : axis->unit, about,
                        category ? (const char *const *)axis->label : NULL, (int)axis->n, 0, 0, NULL);
    KM_TRY(write_array(map->partial, name, &array, &attributes, d));
    if (category) {
        KM_TRY(km_array_create(axis->n, 1, (void **)&code, d));
        for (size_t i = 0; i < axis->n; i++)
            code[i] = (signed char)i;
        KM_TRY(km_blosc_encode(code, axis->n, 1, LEVEL, &frame, &size, d));
    } else {
        KM_TRY(km_blosc_encode(axis->coordinate, axis->n * sizeof(double), sizeof(double), LEVEL, &frame, &size, d));
    }
    path = km_format("%s/%s/0", map->partial, name);
    KM_TRY(km_file_write(path, frame, size, d));
done:
    free(code), free(frame), free(path), free(about);
    return st;
}

static km_status write_column_metadata(const km_map *map, const km_map_column *c, km_diag *d)
{
    const km_map_layout *y = &map->layout;
    const km_statistic *q = c->role == KM_ROLE_STATISTIC ? &map->study->statistic[c->index] : NULL;
    const km_endpoint *e = c->role != KM_ROLE_FACTOR && q == NULL && c->index >= 0 ? &map->study->endpoint[c->index] : NULL;
    const km_factor *factor = c->role == KM_ROLE_FACTOR ? &map->study->factor[c->index] : NULL;
    const char *output = e ? map->study->model->output[e->output].name : NULL;
    int keep = map->study->store_double ? 52 : map->study->keep;
    char *name = NULL;
    km_text array = {0}, attributes = {0};
    km_status st;

    km_zarr_array_text(&array, c->dtype, y->n_dims, y->shape, y->chunk, true);
    switch (c->role) {
    case KM_ROLE_FACTOR:
        name = factor->about ? km_strdup(factor->about) : km_format("%s (%s)", factor->name, factor->of);
        km_provenance_array(&attributes, y->dimension, y->n_dims, NULL, factor->unit, name, NULL, 0, 0, 0, NULL);
        break;
    case KM_ROLE_VALUE:
        name = e->about ? km_strdup(e->about) : km_format("%s of %s", km_endpoint_kind_name(e->kind), output);
        km_provenance_array(&attributes, y->dimension, y->n_dims, y->coordinates, e->unit, name, NULL, 0, 0, keep,
                            map->audit ? &map->audit[c->index] : NULL);
        break;
    case KM_ROLE_STATISTIC: /* the audit's errors are those of single patients; the mean tells of them */
        km_provenance_array(&attributes, y->dimension, y->n_dims, y->coordinates, q->unit, q->about, NULL, 0, 0, keep,
                            map->audit && q->kind == KM_MEAN_OF ? &map->audit[q->endpoint] : NULL);
        break;
    case KM_ROLE_FAILED:
        km_provenance_array(&attributes, y->dimension, y->n_dims, y->coordinates, "1", "patients that failed and are left out", NULL, 0, 0, 0,
                            NULL);
        break;
    case KM_ROLE_MARGIN:
        name = km_format("signed distance of the extreme of %s from the threshold", output);
        km_provenance_array(&attributes, y->dimension, y->n_dims, y->coordinates, map->study->model->output[e->output].unit, name, NULL, 0, 0, keep,
                            NULL);
        break;
    case KM_ROLE_STATE:
        name = km_format("state of %s", e->name);
        km_provenance_array(&attributes, y->dimension, y->n_dims, y->coordinates, NULL, name, state_flags, 6, 0, 0, NULL);
        break;
    case KM_ROLE_STATUS:
        km_provenance_array(&attributes, y->dimension, y->n_dims, y->coordinates, NULL, "status of the point", point_flags, 8, -1, 0, NULL);
        break;
    case KM_ROLE_STEPS:
        km_provenance_array(&attributes, y->dimension, y->n_dims, y->coordinates, "1", "integration steps, rejected ones included", NULL, 0, 0, 0,
                            NULL);
        break;
    }
    st = write_array(map->partial, c->name, &array, &attributes, d);
    free(name);
    return st;
}

static km_status write_metadata(const km_map *map, km_text *attributes, km_diag *d)
{
    km_text group = {0};
    km_status st = KM_OK;

    km_text_add(&group, "{\n    \"zarr_format\": 2\n}\n");
    KM_TRY(write_text(map->partial, ".zgroup", &group, d));
    for (int a = 0; a < map->study->n_axes; a++)
        KM_TRY(write_coordinate(map, a, d));
    for (int i = 0; i < map->layout.n_columns; i++)
        KM_TRY(write_column_metadata(map, &map->layout.column[i], d));
    KM_TRY(write_text(map->partial, ".zattrs", attributes, d)); /* last: with it the metadata are complete */
done:
    km_text_clear(&group);
    return st;
}

static km_status take_lock(km_map *map, km_diag *d)
{
    char *path = km_file_join(map->partial, ".lock");
    km_status st = KM_OK;

    map->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (map->lock < 0)
        KM_FAIL(d, KM_E_IO, "cannot write %s: %s", path, strerror(errno));
    if (flock(map->lock, LOCK_EX | LOCK_NB) != 0)
        KM_FAIL(d, KM_E_IO, "another ketamap is writing %s", map->partial);
done:
    free(path);
    return st;
}

/* Chunks whose every file is in the journal and as it says. */
static void find_done(km_map *map)
{
    const km_map_layout *y = &map->layout;
    size_t n;
    const km_journal_line **sorted = km_journal_sorted(&map->journal, &n);

    for (uint64_t k = 0; k < y->n_chunks && n > 0; k++) {
        size_t position[KM_MOST_DIMS];
        char *name;
        bool good = true;
        km_zarr_chunk_position(y->n_dims, y->shape, y->chunk, k, position);
        name = km_zarr_chunk_name(y->n_dims, position);
        for (int i = y->n_columns; i-- > 0 && good;) {
            char *path = km_format("%s/%s", y->column[i].name, name);
            const km_journal_line *line = km_journal_find(sorted, n, path);
            good = line && km_journal_verify(map->partial, line);
            free(path);
        }
        map->done[k] = good;
        free(name);
    }
    free(sorted);
}

/* What a killed writer left of files it had not renamed yet. */
static void remove_temporaries(const char *folder, int depth)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;

    while (stream && (entry = readdir(stream)) != NULL) {
        char *path = km_file_join(folder, entry->d_name);
        bool self = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        if (!self && strstr(entry->d_name, ".tmp-"))
            (void)unlink(path);
        else if (!self && depth > 0 && km_file_is_folder(path))
            remove_temporaries(path, depth - 1);
        free(path);
    }
    if (stream)
        closedir(stream);
}

static char *read_attributes(const char *folder)
{
    char *path = km_file_join(folder, ".zattrs"), *text = NULL;
    km_diag quiet;

    km_diag_init(&quiet);
    if (km_file_read(path, &text, NULL, &quiet) != KM_OK)
        text = NULL;
    km_diag_clear(&quiet);
    free(path);
    return text;
}

bool km_map_is_there(const char *path)
{
    char *group = km_file_join(path, ".zgroup"), *manifest = km_file_join(path, "manifest.tsv"), *attributes = km_file_join(path, ".zattrs");
    km_json_file *file = NULL;
    km_diag quiet;
    bool is;

    km_diag_init(&quiet);
    is = km_json_read(attributes, &file, &quiet) == KM_OK ? km_json_find(km_json_root(file), "ketamap_map") != NULL : km_file_exists(manifest);
    is = is && km_file_exists(group);
    km_diag_clear(&quiet);
    km_json_destroy(file);
    free(group), free(manifest), free(attributes);
    return is;
}

km_status km_map_is_complete(const char *path, const km_study *study, const km_map_facts *facts, bool *same, km_diag *d)
{
    km_text want = {0};
    char *have = km_file_exists(path) ? read_attributes(path) : NULL;

    (void)d;
    km_provenance_group(&want, study, facts);
    *same = have && strcmp(have, want.data) == 0;
    km_text_clear(&want);
    free(have);
    return KM_OK;
}

static km_status start_threads(km_map *map, int threads, km_diag *d)
{
    threads = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
    for (; map->n_threads < threads; map->n_threads++)
        if (pthread_create(&map->thread[map->n_threads], NULL, work, map) != 0)
            return map->n_threads > 0 ? KM_OK : km_diag_fail(d, KM_E_IO, "cannot start a thread: %s", strerror(errno));
    return KM_OK;
}

km_status km_map_open(const char *path, const km_study *study, const km_map_facts *facts, int threads, km_map **out,
                      km_diag *d)
{
    km_map *map = km_alloc(1, sizeof *map);
    km_text attributes = {0};
    char *have = NULL, *journal = NULL;
    const char *other;
    km_status st = KM_OK;

    *out = NULL;
    map->study = study;
    map->audit = facts->audit;
    map->lock = map->journal.file = -1;
    pthread_mutex_init(&map->mutex, NULL);
    pthread_cond_init(&map->changed, NULL);
    km_diag_init(&map->failure);
    map->path = km_strdup(path);
    map->partial = km_format("%s.partial", path);
    km_map_layout_init(&map->layout, study);
    KM_TRY(km_array_create((size_t)map->layout.n_chunks, sizeof *map->done, (void **)&map->done, d));
    km_provenance_group(&attributes, study, facts);
    if (km_file_exists(path)) {
        have = read_attributes(path);
        if (have == NULL || !km_map_is_there(path))
            KM_FAIL(d, KM_E_INPUT, "%s exists and is not a map; choose another --output", path);
        other = km_provenance_difference(have, attributes.data);
        if (other)
            KM_FAIL(d, KM_E_INPUT, "%s exists and is another map (%s differs); choose another --output, or --force to replace it",
                    path, other);
        KM_FAIL(d, KM_E_INPUT, "%s is complete already", path);
    }
    have = read_attributes(map->partial);
    other = have ? km_provenance_difference(have, attributes.data) : NULL;
    if (other)
        KM_FAIL(d, KM_E_INPUT, "%s was begun with another study: %s differs; remove it, choose another --output, or use --force",
                map->partial, other);
    KM_TRY(km_file_make_folder(map->partial, d));
    KM_TRY(take_lock(map, d));
    remove_temporaries(map->partial, 1);
    if (have == NULL)
        KM_TRY(write_metadata(map, &attributes, d));
    journal = km_file_join(map->partial, ".journal.tsv");
    KM_TRY(km_journal_open(journal, &map->journal, d));
    find_done(map);
    KM_TRY(start_threads(map, threads, d));
    *out = map;
    map = NULL;
done:
    km_map_close(map);
    km_text_clear(&attributes);
    free(have);
    free(journal);
    return st;
}

/* ---- using ---- */

uint64_t km_map_n_chunks(const km_map *map) { return map->layout.n_chunks; }
uint64_t km_map_bytes(const km_map *map) { return map->bytes; }

void km_map_chunk(const km_map *map, uint64_t chunk, size_t *origin, size_t *extent)
{
    km_map_layout_box(&map->layout, chunk, origin, extent);
}

uint64_t km_map_chunk_points(const km_map *map, uint64_t chunk)
{
    size_t origin[KM_MOST_DIMS], extent[KM_MOST_DIMS];
    uint64_t n = 1;

    km_map_layout_box(&map->layout, chunk, origin, extent);
    for (int i = 0; i < map->layout.n_dims; i++)
        n *= extent[i];
    return n;
}

bool km_map_has_chunk(const km_map *map, uint64_t chunk) { return map->done[chunk]; }

/* NULL of NULL. */
static void *copy(const void *from, size_t size)
{
    void *to = from ? km_alloc(size ? size : 1, 1) : NULL;

    if (from)
        memcpy(to, from, size);
    return to;
}

static km_status failure_of(km_map *map, km_diag *d)
{
    return map->failed == KM_OK ? KM_OK : km_diag_fail(d, map->failed, "%s", map->failure.message);
}

/* Hands a job to the writers; takes it. */
static km_status enqueue(km_map *map, job *j, km_diag *d)
{
    km_status st;

    pthread_mutex_lock(&map->mutex);
    while (map->queued > map->n_threads && map->failed == KM_OK)
        pthread_cond_wait(&map->changed, &map->mutex);
    st = failure_of(map, d);
    if (st == KM_OK) {
        if (map->last)
            map->last->next = j;
        else
            map->first = j;
        map->last = j;
        map->queued++;
        pthread_cond_broadcast(&map->changed);
    } else {
        job_destroy(j);
    }
    pthread_mutex_unlock(&map->mutex);
    return st;
}

km_status km_map_put(km_map *map, uint64_t chunk, const double *value, const signed char *state, const double *margin,
                     const signed char *status, const int *steps, km_diag *d)
{
    size_t n = (size_t)km_map_chunk_points(map, chunk), values = n * (size_t)map->study->n_endpoints;
    job *j = km_alloc(1, sizeof *j);

    j->chunk = chunk;
    j->n = n;
    j->value = copy(value, values * sizeof *value);
    j->margin = copy(margin, values * sizeof *margin);
    j->state = copy(state, values);
    j->status = copy(status, n);
    j->steps = copy(steps, n * sizeof *steps);
    return enqueue(map, j, d);
}

km_status km_map_put_statistics(km_map *map, uint64_t chunk, const double *statistic, const signed char *status, const int *steps, km_diag *d)
{
    size_t n = (size_t)km_map_chunk_points(map, chunk), values = n * (size_t)map->study->n_statistics;
    job *j = km_alloc(1, sizeof *j);

    j->chunk = chunk;
    j->n = n;
    j->value = copy(statistic, values * sizeof *statistic);
    j->failed = km_alloc(n + 1, sizeof *j->failed);
    for (size_t i = 0; i < n; i++)
        j->failed[i] = (int)statistic[values + i];
    j->status = copy(status, n);
    j->steps = copy(steps, n * sizeof *steps);
    return enqueue(map, j, d);
}

km_status km_map_flush(km_map *map, km_diag *d)
{
    km_status st;

    pthread_mutex_lock(&map->mutex);
    while (map->first || map->busy > 0)
        pthread_cond_wait(&map->changed, &map->mutex);
    st = failure_of(map, d);
    pthread_mutex_unlock(&map->mutex);
    return st;
}

km_status km_map_finish(km_map *map, const char *run_json, km_diag *d)
{
    char *manifest = NULL, *path = NULL;
    static const char *const scaffold[] = {".journal.tsv", ".lock"};
    km_status st = KM_OK;

    KM_TRY(km_map_flush(map, d));
    for (uint64_t k = 0; k < map->layout.n_chunks; k++)
        if (!map->done[k])
            KM_FAIL(d, KM_E_BUG, "chunk %llu of %s was never written", (unsigned long long)k, map->path);
    manifest = km_journal_manifest(&map->journal);
    path = km_file_join(map->partial, "manifest.tsv");
    KM_TRY(km_file_write(path, manifest, strlen(manifest), d));
    free(path);
    path = km_file_join(map->partial, "run.json");
    KM_TRY(km_file_write(path, run_json, strlen(run_json), d));
    if (rename(map->partial, map->path) != 0)
        KM_FAIL(d, KM_E_IO, "cannot rename %s to %s: %s", map->partial, map->path, strerror(errno));
    for (int i = 0; i < 2; i++) { /* after the rename: until then the map must stay resumable */
        free(path);
        path = km_file_join(map->path, scaffold[i]);
        unlink(path);
    }
done:
    free(manifest);
    free(path);
    return st;
}

void km_map_close(km_map *map)
{
    if (map == NULL)
        return;
    pthread_mutex_lock(&map->mutex);
    map->closing = true;
    pthread_cond_broadcast(&map->changed);
    pthread_mutex_unlock(&map->mutex);
    for (int i = 0; i < map->n_threads; i++)
        pthread_join(map->thread[i], NULL);
    for (job *j = map->first, *next; j; j = next) {
        next = j->next;
        job_destroy(j);
    }
    if (map->journal.path)
        km_journal_close(&map->journal);
    if (map->lock >= 0)
        close(map->lock);
    pthread_mutex_destroy(&map->mutex);
    pthread_cond_destroy(&map->changed);
    km_diag_clear(&map->failure);
    km_map_layout_clear(&map->layout);
    free(map->path), free(map->partial), free(map->done);
    free(map);
}
