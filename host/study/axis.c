/* An axis is read in three steps: its name and what it is of; its coordinates in one unit; the
 * values that each of its slots takes. */
#include "study/axis.h"

#include "base/memory.h"
#include "study/design.h"
#include "study/regimen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_AXES = KM_MOST_DIMENSIONS, LONGEST_AXIS = 10000000 };
static const double most_points =
    9007199254740992.0; /* 2^53: a point's rank is exact in a double */

static const char *const axis_keys[] = {"name", "of", "about", "linear", "log", "values", NULL};

void km_axis_clear(km_axis *axis)
{
    free(axis->name);
    free(axis->unit);
    free(axis->about);
    free(axis->of);
    free(axis->coordinate);
    for (size_t i = 0; axis->label != NULL && i < axis->n; i++)
        free(axis->label[i]);
    free(axis->label);
    free(axis->slot);
    free(axis->value);
    memset(axis, 0, sizeof *axis);
}

/* ---- slots ---- */

km_status km_slot_find(const km_study *study, const char *name, const km_place *place, km_slot *out,
                       km_diag *d)
{
    const char *nearest;

    *out = (km_slot){.field = KM_FIELD_PARAMETER, .index = -1};
    if (km_regimen_is_path(name))
        return km_regimen_find(study, name, place, out, d);
    out->index = km_model_find_parameter(study->model, name);
    if (out->index >= 0)
        return KM_OK;
    nearest = km_model_nearest(study->model, 'p', name);
    if (nearest != NULL)
        return km_place_fail(place, d, "the model has no parameter \"%s\"; did you mean \"%s\"?",
                             name, nearest);
    return km_place_fail(
        place, d,
        "the model has no parameter \"%s\"; what can vary is a parameter or a regimen "
        "field such as \"regimen[0].amt\"",
        name);
}

char *km_slot_name(const km_study *study, const km_slot *slot)
{
    if (slot->field == KM_FIELD_PARAMETER)
        return km_strdup(study->model->parameter[slot->index].name);
    return km_format("regimen[%d].%s", slot->index, km_field_name(slot->field));
}

bool km_slot_in_range(const km_study *study, const km_slot *slot, double value,
                      const km_place *place, km_diag *d)
{
    const km_parameter *p;
    char *where;

    if (slot->field != KM_FIELD_PARAMETER)
        return true;
    p = &study->model->parameter[slot->index];
    if (!p->has_range || (value >= p->low && value <= p->high))
        return true;
    where = km_place_where(place);
    km_diag_warn(d, "%s: %s = %g %s lies outside the model's range, %g to %g", where, p->name,
                 value, p->unit != NULL ? p->unit : "-", p->low, p->high);
    free(where);
    return false;
}

static km_status add_slot(km_study *study, km_axis *axis, const km_slot *slot, const km_json *place,
                          km_diag *d)
{
    int index;
    km_status st = km_design_add_slot(study, slot, place, &index, d);

    if (st != KM_OK)
        return st;
    KM_PUSH(axis->slot, axis->n_slots);
    axis->slot[axis->n_slots++] = index;
    return KM_OK;
}

static km_status make_array(size_t n, double **out, km_diag *d)
{
    void *block = NULL;
    km_status st = km_array_create(n, sizeof **out, &block, d);

    *out = block;
    return st;
}

/* ---- coordinates of numeric axes ---- */

km_status km_coordinate_read(km_coordinates *c, const km_json *node, double *out, km_diag *d)
{
    km_status st = KM_OK;
    km_place place = {.node = node};
    km_quantity q = {.factor = 1.0};

    KM_TRY(km_quantity_read(&place, c->target, &q, d));
    *out = q.number;
    if (c->unit == NULL) {
        c->unit = q.unit;
        c->factor = q.factor;
        c->per_kg = q.per_kg;
        q.unit = NULL; /* handed over */
        goto done;
    }
    if (q.per_kg != c->per_kg)
        KM_TRY(km_json_fail(node, d,
                            "the %s begins in %s, and %s is %sper kg; write one unit throughout",
                            c->what, c->unit, km_json_describe(node), q.per_kg ? "" : "not "));
    if (q.factor != c->factor)
        *out = q.number * (q.factor / c->factor);

done:
    km_quantity_clear(&q);
    return st;
}

static km_status read_range(km_coordinates *c, km_axis *axis, const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    bool log_scale = axis->scale == KM_AXIS_LOG;
    double low, high, *x;
    long n;

    if (node->kind != KM_JSON_ARRAY || node->n != 3)
        KM_TRY(km_json_fail(node, d, "expected [low, high, number of points], got %s%s",
                            km_json_describe(node),
                            node->kind == KM_JSON_ARRAY ? " of another length" : ""));
    KM_TRY(km_coordinate_read(c, &node->child[0], &low, d));
    KM_TRY(km_coordinate_read(c, &node->child[1], &high, d));
    KM_TRY(km_quantity_whole(&node->child[2], "the number of points", 1, LONGEST_AXIS, &n, d));
    if (log_scale && low <= 0.0)
        KM_TRY(km_json_fail(&node->child[0], d, "a logarithmic axis starts above 0, got %s",
                            km_json_describe(&node->child[0])));
    if (low > high)
        KM_TRY(km_json_fail(&node->child[1], d, "expected a number larger than %g, got %s", low,
                            km_json_describe(&node->child[1])));
    if (n > 1 && low == high)
        KM_TRY(km_json_fail(&node->child[1], d,
                            "expected a number larger than %g, got %s (or 1 point)", low,
                            km_json_describe(&node->child[1])));
    if (n == 1 && low < high)
        KM_TRY(km_json_fail(&node->child[2], d,
                            "one point cannot span %g to %g; write at least 2, or \"values\"", low,
                            high));
    if (!isfinite((high - low) * (double)n) || (log_scale && !isfinite(high / low)))
        KM_TRY(km_json_fail(node, d, "the span from %g to %g is too large", low, high));
    axis->n = (size_t)n;
    KM_TRY(make_array(axis->n, &axis->coordinate, d));
    x = axis->coordinate;
    for (size_t i = 1; i + 1 < axis->n; i++) {
        /* multiplied before divided: whole steps stay whole */
        x[i] = log_scale ? low * pow(high / low, (double)i / (double)(n - 1))
                         : low + (high - low) * (double)i / (double)(n - 1);
    }
    x[0] = low;
    x[axis->n - 1] = high;

done:
    return st;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Two equal coordinates: a map could not tell them apart, and too fine a range rounds to one. */
static km_status check_distinct(const km_axis *axis, const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    double *sorted = NULL;

    KM_TRY(make_array(axis->n, &sorted, d));
    memcpy(sorted, axis->coordinate, axis->n * sizeof *sorted);
    qsort(sorted, axis->n, sizeof *sorted, compare_doubles);
    for (size_t i = 1; i < axis->n; i++)
        if (sorted[i] == sorted[i - 1])
            KM_TRY(km_json_fail(node, d, "the axis has the coordinate %g twice", sorted[i]));

done:
    free(sorted);
    return st;
}

static km_status read_values(km_coordinates *c, km_axis *axis, const km_json *node, km_diag *d)
{
    km_status st = KM_OK;

    if (node->kind != KM_JSON_ARRAY || node->n == 0 || node->n > LONGEST_AXIS)
        KM_TRY(km_json_fail(node, d, "expected an array of 1 to %d values, got %s",
                            (int)LONGEST_AXIS, km_json_describe(node)));
    axis->n = node->n;
    KM_TRY(make_array(axis->n, &axis->coordinate, d));
    for (size_t i = 0; i < axis->n; i++)
        KM_TRY(km_coordinate_read(c, &node->child[i], &axis->coordinate[i], d));

done:
    return st;
}

/* The place of coordinate i, as near as the file has one. */
static const km_json *place_of(const km_axis *axis, const km_json *node, size_t i)
{
    if (axis->scale == KM_AXIS_VALUES)
        return &node->child[i];
    return i == 0 ? &node->child[0] : i + 1 == axis->n ? &node->child[1] : node;
}

static km_status read_numeric(km_study *study, km_axis *axis, const km_json *of,
                              const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    km_place place = {.node = of};
    km_target target;
    km_slot slot;
    km_coordinates c = {.what = "axis", .target = &target};
    bool in_range = true;

    KM_TRY(km_slot_find(study, of->string, &place, &slot, d));
    target = km_target_slot(study->model, &slot);
    KM_TRY(axis->scale == KM_AXIS_VALUES ? read_values(&c, axis, node, d)
                                         : read_range(&c, axis, node, d));
    axis->factor = c.factor;
    KM_TRY(check_distinct(axis, node, d));
    KM_TRY(make_array(axis->n, &axis->value, d));
    for (size_t i = 0; i < axis->n; i++) {
        km_place here = {.node = place_of(axis, node, i)};

        axis->value[i] = axis->coordinate[i] * axis->factor;
        if (!isfinite(axis->value[i]))
            KM_TRY(km_place_fail(&here, d, "the value %g %s is too large", axis->coordinate[i],
                                 c.unit));
        if (slot.field != KM_FIELD_PARAMETER)
            KM_TRY(km_regimen_check_value(slot.field, axis->value[i], &here, d));
        else if (in_range) /* one warning per axis */
            in_range = km_slot_in_range(study, &slot, axis->value[i], &here, d);
    }
    KM_TRY(add_slot(study, axis, &slot, of, d));
    if (slot.field != KM_FIELD_PARAMETER)
        km_design_adopt(study, "axis", c.unit, &slot, c.per_kg, axis->value[0], node, d);

done:
    axis->unit = c.unit;
    return st;
}

/* ---- the variant axis ---- */

static km_status read_label(const km_study *study, km_axis *axis, const km_json *node, int *variant,
                            km_diag *d)
{
    km_status st = KM_OK;
    const char *nearest;

    if (node->kind != KM_JSON_STRING)
        KM_TRY(km_json_fail(node, d, "expected the name of a variant, got %s",
                            km_json_describe(node)));
    *variant = km_model_find_variant(study->model, node->string);
    if (*variant < 0) {
        nearest = km_model_nearest(study->model, 'v', node->string);
        if (nearest != NULL)
            KM_TRY(km_json_fail(node, d, "the model has no variant %s; did you mean \"%s\"?",
                                km_json_describe(node), nearest));
        KM_TRY(km_json_fail(node, d, "the model has no variant %s", km_json_describe(node)));
    }
    for (size_t i = 0; i < node->index; i++)
        if (strcmp(axis->label[i], node->string) == 0)
            KM_TRY(km_json_fail(node, d, "the axis has the variant \"%s\" twice", node->string));
    axis->label[node->index] = km_strdup(node->string);

done:
    return st;
}

/* One slot for every parameter that any of the variants sets. */
static km_status collect_slots(km_study *study, km_axis *axis, const int *variant,
                               const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    bool *taken = km_alloc((size_t)study->model->n_parameters + 1, sizeof *taken);

    for (size_t i = 0; i < axis->n; i++) {
        const km_variant *v = &study->model->variant[variant[i]];

        for (int k = 0; k < v->n; k++) {
            km_slot slot = {.field = KM_FIELD_PARAMETER, .index = v->parameter[k]};

            if (taken[slot.index])
                continue;
            taken[slot.index] = true;
            KM_TRY(add_slot(study, axis, &slot, &node->child[i], d));
        }
    }

done:
    free(taken);
    return st;
}

static km_status fill_variants(const km_study *study, km_axis *axis, const int *variant, km_diag *d)
{
    km_status st = KM_OK;

    KM_TRY(make_array(axis->n * (size_t)axis->n_slots, &axis->value, d));
    for (int s = 0; s < axis->n_slots; s++) {
        const km_slot *slot = &study->slot[axis->slot[s]];
        double *row = axis->value + (size_t)s * axis->n;

        for (size_t i = 0; i < axis->n; i++) {
            const km_variant *v = &study->model->variant[variant[i]];

            row[i] = study->parameter[slot->index];
            for (int k = 0; k < v->n; k++)
                if (v->parameter[k] == slot->index)
                    row[i] = v->value[k];
        }
    }

done:
    return st;
}

static km_status read_variants(km_study *study, km_axis *axis, const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    int *variant = NULL;

    if (axis->scale != KM_AXIS_VALUES || node->kind != KM_JSON_ARRAY || node->n == 0)
        KM_TRY(km_json_fail(node, d, "an axis of variants lists their names in \"values\""));
    axis->scale = KM_AXIS_CATEGORY;
    axis->n = node->n;
    if (study->model->n_variants == 0)
        KM_TRY(km_json_fail(node, d, "the model has no variants"));
    if (axis->n > (size_t)study->model->n_variants)
        KM_TRY(km_json_fail(node, d, "the axis lists %zu variants, and the model has %d", axis->n,
                            study->model->n_variants));
    axis->unit = km_strdup("-");
    axis->factor = 1.0;
    axis->label = km_alloc(axis->n, sizeof *axis->label);
    variant = km_alloc(axis->n, sizeof *variant);
    KM_TRY(make_array(axis->n, &axis->coordinate, d));
    for (size_t i = 0; i < axis->n; i++) {
        axis->coordinate[i] = (double)i;
        KM_TRY(read_label(study, axis, &node->child[i], &variant[i], d));
    }
    KM_TRY(collect_slots(study, axis, variant, node, d));
    KM_TRY(fill_variants(study, axis, variant, d));

done:
    free(variant);
    return st;
}

/* ---- one axis ---- */

/* The one of "linear", "log" and "values" that is there. */
static km_status find_scale(const km_json *node, km_axis_scale *scale, const km_json **out,
                            km_diag *d)
{
    static const char *const key[] = {"linear", "log", "values"};
    static const km_axis_scale scales[] = {KM_AXIS_LINEAR, KM_AXIS_LOG, KM_AXIS_VALUES};

    *out = NULL;
    for (int i = 0; i < 3; i++) {
        const km_json *child = km_json_find(node, key[i]);

        if (child == NULL)
            continue;
        if (*out != NULL)
            return km_json_fail(child, d,
                                "an axis has one of \"linear\", \"log\" and \"values\", not two");
        *out = child;
        *scale = scales[i];
    }
    if (*out == NULL)
        return km_json_fail(
            node, d,
            "an axis needs its points: \"linear\" or \"log\": [low, high, number of "
            "points], or \"values\": [...]");
    return KM_OK;
}

/* `axis` is the study's last and empty. */
static km_status read_axis(km_study *study, km_axis *axis, const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    const km_json *name = NULL, *of = NULL, *points = NULL;
    const char *about = NULL;

    KM_TRY(km_json_allow(node, axis_keys, d));
    KM_TRY(km_json_need(node, "name", KM_JSON_STRING, &name, d));
    KM_TRY(km_json_need(node, "of", KM_JSON_STRING, &of, d));
    KM_TRY(km_json_get_string(node, "about", &about, d));
    axis->name = km_strdup(name->string);
    axis->of = km_strdup(of->string);
    axis->about = about != NULL ? km_strdup(about) : NULL;
    KM_TRY(km_design_check_name(study, "axis", axis->name, axis->of, name, d));
    KM_TRY(find_scale(node, &axis->scale, &points, d));
    if (strcmp(of->string, "variant") == 0)
        KM_TRY(read_variants(study, axis, points, d));
    else
        KM_TRY(read_numeric(study, axis, of, points, d));

done:
    return st;
}

km_status km_axis_read(km_study *study, const km_json *axes, km_diag *d)
{
    km_status st = KM_OK;

    if (axes->n > MOST_AXES)
        KM_TRY(
            km_json_fail(axes, d, "a study has at most %d axes, got %zu", (int)MOST_AXES, axes->n));
    study->axis = km_alloc(axes->n + 1, sizeof *study->axis);
    for (size_t i = 0; i < axes->n; i++) {
        km_axis *axis = &study->axis[study->n_axes++];

        KM_TRY(read_axis(study, axis, &axes->child[i], d));
        if ((double)study->n_points * (double)axis->n > most_points)
            KM_TRY(km_json_fail(axes, d, "the design has more than 2^53 points"));
        study->n_points *= axis->n;
    }

done:
    return st;
}
