/* Reading a table of points. */
#include "study/points_file.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "study/axis.h"
#include "study/base_row.h"
#include "study/design.h"
#include "study/regimen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct column {
    char *name;
    int axis; /* a categorical axis by label, or -1 */
    int slot; /* -1 for a categorical axis */
    double factor;
    double most;  /* the largest value the program allows for, internal unit */
    bool outside; /* a value out of the model's range was warned of */
} column;

/* Kernels make room for this many further doses of a record when the design does not say how many. */
enum { MOST_ADDL_COLUMN = 1000 };

static int slot_of(km_study *s, km_slot slot)
{
    for (int i = 0; i < s->n_slots; i++)
        if (km_slot_same(s->slot[i], slot))
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

/* Where the last of the cells up to `c` writes, if that is a slot of another column too: that one. */
static const column *overlap(const km_study *s, const column *all, int n, const column *c)
{
    for (int k = 0; k < n; k++) {
        const column *category = c->axis >= 0 ? c : &all[k], *plain = c->axis >= 0 ? &all[k] : c;

        if (c->slot >= 0 && all[k].slot == c->slot)
            return &all[k];
        if (category->axis < 0 || plain->axis >= 0)
            continue;
        for (int i = 0; i < s->axis[category->axis].n_slots; i++)
            if (s->axis[category->axis].slot[i] == plain->slot)
                return &all[k];
    }
    return NULL;
}

static double most_addl(const km_study *s, int slot)
{
    double low, high, base = s->record[s->slot[slot].index].field[KM_FIELD_ADDL];

    return fmax(base, km_design_extent(s, slot, &low, &high) ? high : MOST_ADDL_COLUMN);
}

/* What a column gives, its record has: the rules of records hold for them together. */
static km_status check_record(const char *path, km_study *s, const column *c, km_diag *d)
{
    const km_slot *slot = &s->slot[c->slot];
    km_record *record;

    if (slot->field == KM_FIELD_PARAMETER)
        return KM_OK;
    record = &s->record[slot->index];
    record->given[slot->field] = true;
    if (record->given[KM_FIELD_TINF] && record->given[KM_FIELD_RATE])
        return km_diag_fail(d, KM_E_INPUT,
                            "%s:1: column \"%s\": the record would have both \"tinf\" and \"rate\"; "
                            "an infusion is given by one of them",
                            path, c->name);
    return KM_OK;
}

static km_status check_addl(const char *path, const km_study *s, const column *c, km_diag *d)
{
    const km_slot *slot = &s->slot[c->slot];

    if (slot->field == KM_FIELD_ADDL && !s->record[slot->index].given[KM_FIELD_II])
        return km_diag_fail(d, KM_E_INPUT,
                            "%s:1: column \"%s\": the record has no interval \"ii\" between doses", path,
                            c->name);
    return KM_OK;
}

static km_status read_header(const char *path, char *header, km_study *s, column **out, int *n, km_diag *d)
{
    km_status st = KM_OK;

    for (char *word = header, *next; word; word = next) {
        column c = {.axis = -1, .slot = -1, .factor = 1.0, .most = INFINITY};
        const column *other;
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
            if (st != KM_OK && *n == 0 && next == NULL && strpbrk(word, ",; "))
                return km_diag_fail(d, KM_E_INPUT, "%s:1: the columns of a table of points are separated by tabs, got \"%s\"", path, word);
            if (st != KM_OK) {
                km_diag_context(d, "%s:1", path);
                return st;
            }
            c.slot = slot_of(s, slot);
        }
        other = overlap(s, *out, *n, &c);
        if (other)
            return km_diag_fail(d, KM_E_INPUT, "%s:1: the columns \"%s\" and \"%s\" set the same value", path,
                                other->name, word);
        if (c.slot >= 0 && s->slot[c.slot].field == KM_FIELD_ADDL)
            c.most = most_addl(s, c.slot);
        c.name = km_strdup(word);
        KM_PUSH(*out, *n);
        (*out)[(*n)++] = c;
        if (c.slot >= 0) {
            st = check_record(path, s, &c, d);
            if (st != KM_OK)
                return st;
        }
    }
    for (int k = 0; k < *n && st == KM_OK; k++)
        if ((*out)[k].slot >= 0)
            st = check_addl(path, s, &(*out)[k], d);
    return st;
}

/* A decimal number and nothing else: no blanks, no hexadecimal, no names. */
static bool read_number(const char *text, double *out)
{
    const char *end;

    if (*text == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    *out = km_text_number(text, &end);
    return end != text && *end == '\0' && isfinite(*out);
}

/* `place` is the cell's "file:line:column". */
static km_status read_cell(const char *place, column *c, const char *text, const km_study *s, double *row, km_diag *d)
{
    const km_slot *slot;
    km_place where = {.label = place};
    double value;

    if (c->axis >= 0) {
        const km_axis *axis = &s->axis[c->axis];
        for (size_t i = 0; i < axis->n; i++)
            if (strcmp(axis->label[i], text) == 0) {
                for (int k = 0; k < axis->n_slots; k++)
                    row[axis->slot[k]] = axis->value[(size_t)k * axis->n + i];
                return KM_OK;
            }
        const char *near = km_text_nearest(text, (const char *const *)axis->label, axis->n);
        return km_diag_fail(d, KM_E_INPUT, "%s: %s: \"%s\" is not one of the axis' values%s%s%s", place, c->name,
                            text, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    if (!read_number(text, &value) || !isfinite(value * c->factor))
        return km_diag_fail(d, KM_E_INPUT, "%s: %s: expected a number, got \"%s\"", place, c->name, text);
    value *= c->factor;
    slot = &s->slot[c->slot];
    row[c->slot] = value;
    if (slot->field == KM_FIELD_PARAMETER) {
        if (!c->outside)
            c->outside = !km_slot_in_range(s, slot, value, &where, d);
        return KM_OK;
    }
    if (value > c->most)
        return km_diag_fail(d, KM_E_INPUT, "%s: %s: at most %g here, got %s", place, c->name, c->most, text);
    return km_regimen_check_value(slot->field, value, &where, d);
}

static km_status read_row(const char *path, size_t line, char *text, column *c, int n, const km_study *s, double *row,
                          km_diag *d)
{
    char *copy = km_strdup(text), *cell = copy, *next, *place = NULL;
    km_status st = KM_OK;
    int k = 0;

    for (; cell; cell = next, k++) {
        next = strchr(cell, '\t');
        if (next)
            *next++ = '\0';
        if (k < n) {
            free(place);
            place = km_format("%s:%zu:%td", path, line, cell - copy + 1);
            KM_TRY(read_cell(place, &c[k], cell, s, row, d));
        }
    }
    if (k != n)
        KM_FAIL(d, KM_E_INPUT, "%s:%zu: expected %d cells separated by tabs, got %d", path, line, n, k);
done:
    free(copy);
    free(place);
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
    km_sha256_hex(out->text, size, out->hash);
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

static bool same_slot(const km_study *s, const char *name, const char *set)
{
    km_diag quiet;
    km_place place = {.label = set};
    km_slot x, y;
    double factor;
    bool same;

    km_diag_init(&quiet);
    same = km_study_column(s, name, &x, &factor, &quiet) == KM_OK && km_slot_find(s, set, &place, &y, &quiet) == KM_OK &&
           km_slot_same(x, y);
    km_diag_clear(&quiet);
    return same;
}

void km_points_warn_overridden(const km_points *points, const km_study *study, km_diag *d)
{
    for (int i = 0; i < study->n_set; i++) {
        const char *text = study->set[i] + strspn(study->set[i], " \t");
        char *set = km_format("%.*s", (int)strcspn(text, " \t="), text);
        for (const char *at = points->header, *next; at; at = next) {
            char *name = km_format("%.*s", (int)strcspn(at, "\t"), at);
            next = strchr(at, '\t');
            next = next ? next + 1 : NULL;
            if (same_slot(study, name, set))
                km_diag_warn(d, "--set %s: has no effect, since the column \"%s\" gives the values", study->set[i], name);
            free(name);
        }
        free(set);
    }
}

void km_points_clear(km_points *p)
{
    free(p->text), free(p->line), free(p->row);
    memset(p, 0, sizeof *p);
}
