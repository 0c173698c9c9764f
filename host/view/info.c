#include "view/info.h"

#include "abi.h"
#include "base/memory.h"
#include "store/map.h"
#include "store/zarr.h"

#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static double folder_bytes;

static int add_size(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    (void)path, (void)where;
    if (kind == FTW_F)
        folder_bytes += (double)s->st_size;
    return 0;
}

static const char *text_of(const km_json *attributes, const char *key)
{
    const km_json *node = km_json_find(attributes, key);

    return node && node->kind == KM_JSON_STRING ? node->string : "?";
}

static double number_of(const km_json *attributes, const char *key)
{
    const km_json *node = km_json_find(attributes, key);

    return node && node->kind == KM_JSON_NUMBER ? node->number : (double)NAN;
}

static void print_list(const km_json *attributes, const char *key, const char *label, FILE *to)
{
    const km_json *list = km_json_find(attributes, key);

    if (list == NULL || list->n == 0)
        return;
    fprintf(to, "%s", label);
    for (size_t i = 0; i < list->n; i++)
        fprintf(to, "%s%s", i ? ", " : "", list->child[i].string ? list->child[i].string : "?");
    fputs("\n", to);
}

static void print_correlation(const km_json *attributes, FILE *to)
{
    const km_json *list = km_json_find(attributes, "correlation");

    for (size_t i = 0; list && i < list->n; i++) {
        const km_json *pair = &list->child[i];
        if (pair->kind == KM_JSON_ARRAY && pair->n == 3 && pair->child[0].string && pair->child[1].string)
            fprintf(to, "%s%s and %s %.6g", i ? ", " : "correlation      ", pair->child[0].string, pair->child[1].string, pair->child[2].number);
    }
    if (list && list->n > 0)
        fprintf(to, " (the %s's)\n", text_of(attributes, "correlation_of"));
}

/* What a pass over an array of values gathers. */
typedef struct tally {
    double low, high;
    uint64_t n, missing, code[256]; /* of integers: by value + 128 */
} tally;

/* Every chunk of an array, one at a time. */
static km_status walk(km_map_reader *r, int index, tally *t, km_diag *d)
{
    const km_map_array *a = km_map_reader_array(r, index);
    size_t position[KM_MOST_DIMS], origin[KM_MOST_DIMS], extent[KM_MOST_DIMS], values = 1;
    double *data = NULL;
    bool integer = strchr(a->dtype, 'i') != NULL;
    km_status st = KM_OK;

    memset(t, 0, sizeof *t);
    t->low = (double)INFINITY;
    t->high = -(double)INFINITY;
    for (int i = 0; i < a->n_dims; i++)
        values *= a->chunk[i];
    KM_TRY(km_array_create(values, sizeof *data, (void **)&data, d));
    for (uint64_t k = 0; k < km_zarr_n_chunks(a->n_dims, a->shape, a->chunk); k++) {
        size_t n = 1;
        km_zarr_chunk_position(a->n_dims, a->shape, a->chunk, k, position);
        for (int i = 0; i < a->n_dims; i++) {
            origin[i] = position[i] * a->chunk[i];
            extent[i] = a->shape[i] - origin[i] < a->chunk[i] ? a->shape[i] - origin[i] : a->chunk[i];
            n *= extent[i];
        }
        KM_TRY(km_map_reader_read(r, index, origin, extent, data, d));
        for (size_t i = 0; i < n; i++) {
            t->n++;
            if (isnan(data[i])) {
                t->missing++;
                continue;
            }
            t->low = fmin(t->low, data[i]);
            t->high = fmax(t->high, data[i]);
            if (integer && fabs(data[i]) < 128.0)
                t->code[(int)data[i] + 128]++;
        }
    }
done:
    free(data);
    return st;
}

static double share(uint64_t part, uint64_t whole) { return whole ? 100.0 * (double)part / (double)whole : 0.0; }

static km_status print_endpoint(km_map_reader *r, int index, FILE *to, km_diag *d)
{
    static const char *const word[] = {"exact", "never", "censored", "true from the start", "reference absent", "failed"};
    const km_map_array *a = km_map_reader_array(r, index);
    char *name = km_format("%s_state", a->name);
    int state = km_map_reader_find(r, name);
    tally t;
    km_status st = KM_OK;

    KM_TRY(walk(r, index, &t, d));
    if (t.missing == t.n)
        fprintf(to, "  %-16s no values   %s\n", a->name, a->about);
    else
        fprintf(to, "  %-16s %.6g to %.6g %s   %s\n", a->name, t.low, t.high, a->unit, a->about);
    if (state >= 0) {
        KM_TRY(walk(r, state, &t, d));
        fprintf(to, "  %-16s", "");
        for (int k = 0; k < 6; k++)
            if (t.code[k + 128])
                fprintf(to, " %s %.2f %%", word[k], share(t.code[k + 128], t.n));
        fputs("\n", to);
    }
    if (a->audited && a->error.n + a->error.flips > 0)
        fprintf(to, "  %-16s error median %.1e, p99 %.1e, largest %.1e %s over %ld points, %ld flips\n", "", a->error.median,
                a->error.p99, a->error.max, a->unit, a->error.n, a->error.flips);
done:
    free(name);
    return st;
}

static km_status print_status(km_map_reader *r, FILE *to, km_diag *d)
{
    static const char *const word[] = {"done", "step budget", "step too small", "non-finite", "bad parameter", "device error",
                                       "retried in double"};
    int status = km_map_reader_find(r, "status"), steps = km_map_reader_find(r, "steps");
    tally t;
    km_status st = KM_OK;

    if (status < 0 || steps < 0)
        return km_diag_fail(d, KM_E_IO, "the map has no arrays status and steps");
    KM_TRY(walk(r, status, &t, d));
    fputs("points\n ", to);
    for (int k = 0; k < KM_N_POINT_STATUSES; k++)
        if (t.code[k + 128])
            fprintf(to, " %s %" PRIu64 " (%.3f %%)", word[k], t.code[k + 128], share(t.code[k + 128], t.n));
    KM_TRY(walk(r, steps, &t, d));
    fprintf(to, "; %.0f to %.0f steps\n", t.low, t.high);
done:
    return st;
}

/* An array over one dimension of its own name is an axis. */
static bool is_axis(const km_map_array *a) { return a->n_dims == 1 && strcmp(a->name, a->dimension[0]) == 0; }

static bool is_companion(const km_map_array *a)
{
    size_t n = strlen(a->name);

    return strcmp(a->name, "status") == 0 || strcmp(a->name, "steps") == 0 || strcmp(a->name, "patients_failed") == 0 || (n > 6 && strcmp(a->name + n - 6, "_state") == 0);
}

static km_status print_axes(km_map_reader *r, FILE *to, double *points, km_diag *d)
{
    int status = km_map_reader_find(r, "status");
    const km_map_array *a = status >= 0 ? km_map_reader_array(r, status) : NULL;
    km_status st = KM_OK;

    *points = 1.0;
    if (a && a->coordinates[0] == '\0')
        fputs("axes\n", to);
    for (int i = 0; a && i < a->n_dims; i++) {
        int index = km_map_reader_find(r, a->dimension[i]);
        const km_map_array *axis;
        tally t;
        *points *= (double)a->shape[i];
        if (index < 0)
            continue;
        KM_TRY(walk(r, index, &t, d));
        axis = km_map_reader_array(r, index);
        if (axis->flags[0])
            fprintf(to, "  %-16s %zu values: %s   %s\n", axis->name, a->shape[i], axis->flags, axis->about);
        else
            fprintf(to, "  %-16s %zu values, %.6g to %.6g %s   %s\n", axis->name, a->shape[i], t.low, t.high, axis->unit,
                    axis->about);
    }
done:
    return st;
}

/* Of a map over points: what varies along them. */
static km_status print_factors(km_map_reader *r, FILE *to, km_diag *d)
{
    tally t;
    km_status st = KM_OK;

    for (int i = 0, n = 0; i < km_map_reader_n_arrays(r); i++) {
        const km_map_array *a = km_map_reader_array(r, i);
        if (!km_map_reader_is_factor(r, i))
            continue;
        if (n++ == 0)
            fputs("factors\n", to);
        KM_TRY(walk(r, i, &t, d));
        if (t.missing == t.n)
            fprintf(to, "  %-16s in %s   %s\n", a->name, a->unit, a->about);
        else
            fprintf(to, "  %-16s %.6g to %.6g %s   %s\n", a->name, t.low, t.high, a->unit, a->about);
    }
done:
    return st;
}

km_status km_info_print(const char *map, FILE *to, km_diag *d)
{
    km_map_reader *r = NULL;
    const km_json *attributes;
    uint64_t done, total;
    double points = 0.0, raw = 0.0;
    bool complete;
    km_status st = KM_OK;

    KM_TRY(km_map_reader_open(map, &r, d));
    attributes = km_map_reader_attributes(r);
    complete = km_map_reader_complete(r, &done, &total);
    fprintf(to, "%s: a response map of %s, %s\n", map, text_of(attributes, "title"), complete ? "complete" : "not complete yet");
    if (!complete)
        fprintf(to, "  %" PRIu64 " of %" PRIu64 " chunks are there; run the study again to go on\n", done, total);
    print_list(attributes, "variants", "variants         ", to);
    print_list(attributes, "set", "set              ", to);
    print_correlation(attributes, to);
    KM_TRY(print_axes(r, to, &points, d));
    KM_TRY(print_factors(r, to, d));
    fprintf(to, "  %.0f points, horizon %.6g %s\n", points, number_of(attributes, "horizon"), text_of(attributes, "time_unit"));
    if (complete) {
        fputs("endpoints\n", to);
        for (int i = 0; i < km_map_reader_n_arrays(r); i++)
            if (!is_axis(km_map_reader_array(r, i)) && !is_companion(km_map_reader_array(r, i)) && !km_map_reader_is_factor(r, i))
                KM_TRY(print_endpoint(r, i, to, d));
        KM_TRY(print_status(r, to, d));
    }
    for (int i = 0; i < km_map_reader_n_arrays(r); i++) {
        const km_map_array *a = km_map_reader_array(r, i);
        double values = 1.0;
        for (int k = 0; k < a->n_dims; k++)
            values *= (double)a->shape[k];
        raw += values * (double)km_zarr_element(a->dtype);
    }
    folder_bytes = 0.0;
    nftw(km_map_reader_path(r), add_size, 16, FTW_PHYS);
    fprintf(to, "solver           %s, %s precision, rtol %.3g, %.0f lanes, %.0f mantissa bits kept\n", text_of(attributes, "method"),
            text_of(attributes, "precision"), number_of(attributes, "rtol"), number_of(attributes, "lanes"),
            number_of(attributes, "mantissa_bits"));
    if (km_json_find(attributes, "method_choice"))
        fprintf(to, "method           %s\n", text_of(attributes, "method_choice"));
    if (complete) {
        char *size = km_format_bytes(folder_bytes);
        fprintf(to, "size             %s", size);
        free(size);
        if (raw > folder_bytes)
            fprintf(to, ", %.1f times smaller than the raw numbers", raw / folder_bytes);
        fputs("\n", to);
    }
    fprintf(to, "made by          ketamap %s, program %.12s, study %.12s, model %.12s\n", text_of(attributes, "ketamap_version"),
            text_of(attributes, "program_sha256"), text_of(attributes, "study_sha256"), text_of(attributes, "model_sha256"));
done:
    km_map_reader_close(r);
    return st;
}
