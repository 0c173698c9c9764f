/* Reading a table of points. */
#include "cli/points_file.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/base_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct column {
    char *name;
    int axis;          /* a categorical axis by label, or -1 */
    int slot;
    double factor;
} column;

static int slot_of(km_study *s, km_slot slot)
{
    for (int i = 0; i < s->n_slots; i++)
        if (s->slot[i].field == slot.field && s->slot[i].index == slot.index)
            return i;
    s->slot = km_realloc(s->slot, (size_t)s->n_slots + 1, sizeof *s->slot);
    s->slot[s->n_slots] = slot;
    return s->n_slots++;
}

static int category_axis(const km_study *s, const char *name)
{
    for (int a = 0; a < s->n_axes; a++)
        if (s->axis[a].scale == KM_AXIS_CATEGORY && strcmp(s->axis[a].name, name) == 0)
            return a;
    return -1;
}

static km_status read_header(const char *path, char *header, km_study *s, column **out, int *n, km_diag *d)
{
    km_status st = KM_OK;

    for (char *word = header, *next; word; word = next) {
        column c = {.axis = -1, .slot = -1, .factor = 1.0};
        km_slot slot;
        next = strchr(word, '\t');
        if (next)
            *next++ = '\0';
        for (int k = 0; k < *n; k++)
            if (strcmp((*out)[k].name, word) == 0)
                return km_diag_fail(d, KM_E_INPUT, "%s:1: the column \"%s\" stands twice", path, word);
        c.axis = category_axis(s, word);
        if (c.axis < 0) {
            st = km_study_column(s, word, &slot, &c.factor, d);
            if (st != KM_OK) {
                km_diag_context(d, "%s:1", path);
                return st;
            }
            c.slot = slot_of(s, slot);
        }
        for (int k = 0; k < *n; k++)
            if (c.slot >= 0 && (*out)[k].slot == c.slot)
                return km_diag_fail(d, KM_E_INPUT, "%s:1: the columns \"%s\" and \"%s\" are one thing", path, (*out)[k].name,
                                    word);
        c.name = km_strdup(word);
        KM_PUSH(*out, *n);
        (*out)[(*n)++] = c;
    }
    return KM_OK;
}

static km_status read_cell(const char *path, size_t line, const column *c, const char *text, const km_study *s, double *row,
                           km_diag *d)
{
    const char *end;
    double value;

    if (c->axis >= 0) {
        const km_axis *axis = &s->axis[c->axis];
        for (size_t i = 0; i < axis->n; i++)
            if (strcmp(axis->label[i], text) == 0) {
                for (int k = 0; k < axis->n_slots; k++)
                    row[axis->slot[k]] = axis->value[(size_t)k * axis->n + i];
                return KM_OK;
            }
        return km_diag_fail(d, KM_E_INPUT, "%s:%zu: %s: \"%s\" is not one of the axis' values", path, line, c->name, text);
    }
    value = km_text_number(text, &end);
    if (end == text || *end != '\0' || !isfinite(value))
        return km_diag_fail(d, KM_E_INPUT, "%s:%zu: %s: expected a number, got \"%s\"", path, line, c->name, text);
    row[c->slot] = value * c->factor;
    return KM_OK;
}

static km_status read_row(const char *path, size_t line, char *text, const column *c, int n, const km_study *s, double *row,
                          km_diag *d)
{
    char *copy = km_strdup(text), *cell = copy, *next;
    km_status st = KM_OK;
    int k = 0;

    for (; cell; cell = next, k++) {
        next = strchr(cell, '\t');
        if (next)
            *next++ = '\0';
        if (k < n)
            KM_TRY(read_cell(path, line, &c[k], cell, s, row, d));
    }
    if (k != n)
        KM_FAIL(d, KM_E_INPUT, "%s:%zu: expected %d cells separated by tabs, got %d", path, line, n, k);
done:
    free(copy);
    return st;
}

km_status km_points_read(const char *path, km_study *study, km_points *out, km_diag *d)
{
    column *c = NULL;
    int n = 0;
    double *base = NULL;
    size_t lines = 0, size, line = 1;
    char *at, *header = NULL;
    km_status st = KM_OK;

    memset(out, 0, sizeof *out);
    KM_TRY(km_file_read(path, &out->text, &size, d));
    if (strlen(out->text) != size)
        KM_FAIL(d, KM_E_INPUT, "%s: a table of text has no zero bytes", path);
    for (size_t i = 0; i < size; i++)
        lines += out->text[i] == '\n';
    KM_TRY(km_array_create(lines + 1, sizeof *out->line, (void **)&out->line, d));
    at = out->text;
    for (char *next; at && *at; at = next, line++) {
        next = strchr(at, '\n');
        if (next)
            *next++ = '\0';
        if (*at && at[strlen(at) - 1] == '\r')
            at[strlen(at) - 1] = '\0';
        if (out->header == NULL)
            out->header = at;
        else if (*at)
            out->line[out->n++] = at;
        else if (next && *next)
            KM_FAIL(d, KM_E_INPUT, "%s:%zu: an empty line", path, line);
    }
    if (out->header == NULL || *out->header == '\0')
        KM_FAIL(d, KM_E_INPUT, "%s:1: expected a header naming parameters or axes", path);
    header = km_strdup(out->header);
    KM_TRY(read_header(path, header, study, &c, &n, d));
    base = km_base_row(study);
    KM_TRY(km_array_create(out->n * (size_t)study->n_slots, sizeof *out->row, (void **)&out->row, d));
    for (size_t i = 0; i < out->n; i++) {
        double *row = out->row + i * (size_t)study->n_slots;
        memcpy(row, base, (size_t)study->n_slots * sizeof *row);
        KM_TRY(read_row(path, i + 2, out->line[i], c, n, study, row, d));
    }
done:
    for (int k = 0; k < n; k++)
        free(c[k].name);
    free(c);
    free(base);
    free(header);
    if (st != KM_OK)
        km_points_clear(out);
    return st;
}

void km_points_clear(km_points *p)
{
    free(p->text), free(p->line), free(p->row);
    memset(p, 0, sizeof *p);
}
