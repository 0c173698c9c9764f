#include "view/export.h"

#include "base/memory.h"
#include "base/text.h"
#include "store/zarr.h"
#include "store/map_axis.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 17 }; /* points read at a time */

/* One column besides the axes. */
typedef struct column {
    const km_map_array *array;
    int index;
    double *value; /* of the block */
} column;

typedef struct export {
    km_map_reader *r;
    int n_dims;
    km_map_axis axis[KM_MOST_DIMS];
    size_t origin[KM_MOST_DIMS], extent[KM_MOST_DIMS]; /* the slice */
    column *column;
    int n_columns;
    bool has_factors; /* a map over points: they stand in place of the axis */
} export;

/* ---- which columns ---- */

static void add_column(export *x, const char *stem, const char *ending)
{
    char *name = km_format("%s%s", stem, ending);
    int index = km_map_reader_find(x->r, name);

    if (index >= 0) {
        KM_PUSH(x->column, x->n_columns);
        x->column[x->n_columns++] = (column){.array = km_map_reader_array(x->r, index), .index = index};
    }
    free(name);
}

static void add_factors(export *x, const char *names)
{
    x->has_factors = names[0] != '\0';
    while (*names) {
        size_t length = strcspn(names, " ");
        char *name = km_format("%.*s", (int)length, names);
        add_column(x, name, "");
        names += length + (names[length] == ' ');
        free(name);
    }
}

static void add_endpoint(export *x, const char *name)
{
    add_column(x, name, "");
    add_column(x, name, "_state");
    add_column(x, name, "_margin");
}

static km_status choose_columns(export *x, const char *wanted, km_diag *d)
{
    int n, *endpoint = km_map_endpoints(x->r, &n);
    const char **word = km_alloc((size_t)n + 1, sizeof *word), *near;
    char *list = wanted ? km_strdup(wanted) : NULL;
    km_status st = KM_OK;

    add_factors(x, km_map_reader_array(x->r, km_map_reader_find(x->r, "status"))->coordinates);
    for (int i = 0; i < n; i++)
        word[i] = km_map_reader_array(x->r, endpoint[i])->name;
    for (int i = 0; wanted == NULL && i < n; i++)
        add_endpoint(x, word[i]);
    for (char *at = list, *next; at; at = next) {
        int found = -1;
        next = strchr(at, ',');
        if (next)
            *next++ = '\0';
        for (int i = 0; i < n; i++)
            if (strcmp(word[i], at) == 0)
                found = i;
        if (found < 0) {
            near = km_text_nearest(at, word, (size_t)n);
            KM_FAIL(d, KM_E_INPUT, "--endpoints: the map has no endpoint \"%s\"%s%s%s", at, near ? "; did you mean \"" : "; ketamap info lists them",
                    near ? near : "", near ? "\"?" : "");
        }
        add_endpoint(x, at);
    }
    add_column(x, "status", "");
    add_column(x, "steps", "");
done:
    free(endpoint), free(word), free(list);
    return st;
}

/* ---- which points ---- */

static km_status find_label(const km_map_axis *a, const char *text, const char *option, size_t *out, km_diag *d)
{
    const char *near;

    for (*out = 0; *out < a->n; (*out)++)
        if (strcmp(a->label[*out], text) == 0)
            return KM_OK;
    near = km_text_nearest(text, (const char *const *)a->label, a->n);
    return km_diag_fail(d, KM_E_INPUT, "--at %s: \"%s\" is not one of the axis' values%s%s%s", option, text,
                        near ? "; did you mean \"" : "; ketamap info lists them", near ? near : "", near ? "\"?" : "");
}

static km_status find_number(const km_map_axis *a, const char *text, const char *option, bool nearest, size_t *out, km_diag *d)
{
    const char *end, *unit = a->array ? a->array->unit : "";
    double wanted = km_text_number(text, &end), below = -(double)INFINITY, above = (double)INFINITY;

    *out = 0;
    if (end == text || *end != '\0' || !isfinite(wanted))
        return km_diag_fail(d, KM_E_INPUT, "--at %s: expected NAME=NUMBER, the number in %s", option, *unit ? unit : "the axis' unit");
    for (size_t k = 0; k < a->n; k++) {
        if (fabs(a->value[k] - wanted) < fabs(a->value[*out] - wanted))
            *out = k;
        if (a->value[k] < wanted)
            below = fmax(below, a->value[k]);
        else
            above = fmin(above, a->value[k]);
    }
    if (nearest || fabs(a->value[*out] - wanted) <= 1e-6 * fabs(wanted))
        return KM_OK;
    if (isfinite(below) && isfinite(above))
        return km_diag_fail(d, KM_E_INPUT, "--at %s: not on the grid, which has %.10g and %.10g there; or add --nearest", option, below,
                            above);
    return km_diag_fail(d, KM_E_INPUT, "--at %s: outside the grid, which %s at %.10g; or add --nearest", option,
                        isfinite(below) ? "ends" : "begins", isfinite(below) ? below : above);
}

static km_status fix_axis(export *x, const char *option, bool nearest, km_diag *d)
{
    const char *equals = strchr(option, '='), *word[KM_MOST_DIMS], *near;
    size_t length = equals ? (size_t)(equals - option) : strlen(option), at = 0;
    char *name = km_format("%.*s", (int)length, option);
    int k = 0;
    km_status st = KM_OK;

    if (equals == NULL)
        KM_FAIL(d, KM_E_INPUT, "--at %s: expected NAME=VALUE", option);
    for (int i = 0; i < x->n_dims; i++)
        word[i] = x->axis[i].name;
    for (k = 0; k < x->n_dims && strcmp(word[k], name) != 0; k++)
        ;
    if (k == x->n_dims) {
        near = km_text_nearest(name, word, (size_t)x->n_dims);
        KM_FAIL(d, KM_E_INPUT, "--at %s: the map has no axis \"%s\"%s%s%s", option, name, near ? "; did you mean \"" : "", near ? near : "",
                near ? "\"?" : "");
    }
    if (x->extent[k] != x->axis[k].n)
        KM_FAIL(d, KM_E_INPUT, "--at %s: the axis \"%s\" is given twice", option, name);
    KM_TRY(x->axis[k].label ? find_label(&x->axis[k], equals + 1, option, &at, d)
                            : find_number(&x->axis[k], equals + 1, option, nearest, &at, d));
    x->origin[k] = at;
    x->extent[k] = 1;
done:
    free(name);
    return st;
}

/* ---- writing ---- */

/* As short as reads back to the same bits of its type. */
static void write_number(FILE *to, double value, bool single)
{
    char text[40];

    if (isnan(value)) {
        fputs("NaN", to);
        return;
    }
    for (int digits = single ? 6 : 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
            break;
    }
    fputs(text, to);
}

static void write_cell(FILE *to, const column *c, double value)
{
    size_t length;
    const char *word;

    if (strchr(c->array->dtype, 'f')) {
        write_number(to, value, strcmp(c->array->dtype, "<f4") == 0);
        return;
    }
    /* states count from 0, statuses from -1 */
    word = c->array->flags[0] ? km_map_flag(c->array, (int)value + (strcmp(c->array->name, "status") == 0), &length) : NULL;
    if (word)
        fprintf(to, "%.*s", (int)length, word);
    else
        fprintf(to, "%.0f", value);
}

static void write_header(const export *x, FILE *to)
{
    const char *gap = "";

    for (int i = 0; i < x->n_dims && !x->has_factors; i++, gap = "\t")
        fprintf(to, "%s%s", gap, x->axis[i].name);
    for (int i = 0; i < x->n_columns; i++, gap = "\t")
        fprintf(to, "%s%s", gap, x->column[i].array->name);
    fputc('\n', to);
}

static void write_block(const export *x, const size_t *origin, const size_t *extent, FILE *to)
{
    size_t at[KM_MOST_DIMS], n = 1;

    for (int i = 0; i < x->n_dims; i++) {
        at[i] = origin[i];
        n *= extent[i];
    }
    for (size_t p = 0; p < n && !ferror(to); p++) {
        for (int i = 0; i < x->n_dims && !x->has_factors; i++) {
            if (i)
                fputc('\t', to);
            if (x->axis[i].label)
                fputs(x->axis[i].label[at[i]], to);
            else
                write_number(to, x->axis[i].value[at[i]], false);
        }
        for (int c = 0; c < x->n_columns; c++) {
            if (c || !x->has_factors)
                fputc('\t', to);
            write_cell(to, &x->column[c], x->column[c].value[p]);
        }
        fputc('\n', to);
        for (int i = x->n_dims - 1; i >= 0; i--) {
            if (++at[i] < origin[i] + extent[i])
                break;
            at[i] = origin[i];
        }
    }
}

/* How much of each dimension a block spans: the last ones whole, then as many chunks' worth as fit, then single steps, so
 * that blocks come in the order of the points. */
static size_t block_shape(const export *x, size_t *shape)
{
    size_t n = 1;

    for (int i = x->n_dims - 1; i >= 0; i--) {
        size_t room = BLOCK / n;
        shape[i] = x->extent[i] < room ? x->extent[i] : room;
        n *= shape[i];
        if (shape[i] == x->extent[i])
            continue;
        for (int k = 0; k < i; k++)
            shape[k] = 1;
        break;
    }
    return n;
}

static km_status write_slice(export *x, FILE *to, km_diag *d)
{
    size_t shape[KM_MOST_DIMS], from[KM_MOST_DIMS] = {0}, origin[KM_MOST_DIMS], extent[KM_MOST_DIMS], most = block_shape(x, shape);
    int i;
    km_status st = KM_OK;

    for (int c = 0; c < x->n_columns; c++)
        KM_TRY(km_array_create(most, sizeof(double), (void **)&x->column[c].value, d));
    write_header(x, to);
    do {
        for (i = 0; i < x->n_dims; i++) {
            origin[i] = x->origin[i] + from[i];
            extent[i] = x->extent[i] - from[i] < shape[i] ? x->extent[i] - from[i] : shape[i];
        }
        for (int c = 0; c < x->n_columns; c++)
            KM_TRY(km_map_reader_read(x->r, x->column[c].index, origin, extent, x->column[c].value, d));
        write_block(x, origin, extent, to);
        for (i = x->n_dims - 1; i >= 0; i--) {
            from[i] += shape[i];
            if (from[i] < x->extent[i])
                break;
            from[i] = 0;
        }
    } while (i >= 0 && !ferror(to));
done:
    return st;
}

km_status km_export(const char *map, const km_export_options *o, FILE *to, km_diag *d)
{
    export x = {0};
    uint64_t done, total;
    int status;
    km_status st = KM_OK;

    KM_TRY(km_map_reader_open(map, &x.r, d));
    if (!km_map_reader_complete(x.r, &done, &total))
        KM_FAIL(d, KM_E_INPUT, "%s is not complete: %" PRIu64 " of %" PRIu64 " chunks; run its study again first", map, done, total);
    status = km_map_reader_find(x.r, "status");
    if (status < 0)
        KM_FAIL(d, KM_E_IO, "%s has no array \"status\", so it is not a map", map);
    x.n_dims = km_map_reader_array(x.r, status)->n_dims;
    for (int i = 0; i < x.n_dims; i++) {
        KM_TRY(km_map_axis_read(x.r, km_map_reader_array(x.r, status), i, &x.axis[i], d));
        x.extent[i] = x.axis[i].n;
    }
    for (int i = 0; i < o->n_at; i++)
        KM_TRY(fix_axis(&x, o->at[i], o->nearest, d));
    KM_TRY(choose_columns(&x, o->endpoints, d));
    KM_TRY(write_slice(&x, to, d));
done:
    for (int i = 0; i < x.n_dims; i++)
        km_map_axis_clear(&x.axis[i]);
    for (int i = 0; i < x.n_columns; i++)
        free(x.column[i].value);
    free(x.column);
    km_map_reader_close(x.r);
    return st;
}
