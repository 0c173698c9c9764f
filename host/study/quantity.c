/* Reading: split number and unit, take "/kg" off a dose's unit, compare dimensions, convert. */
#include "study/quantity.h"

#include "base/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- places ---- */

km_status km_place_fail(const km_place *place, km_diag *d, const char *format, ...)
{
    char text[sizeof d->message];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (place->node == NULL)
        return km_diag_fail(d, KM_E_INPUT, "%s: %s", place->label, text);
    if (place->offset > 0)
        return km_json_fail_at(place->node, place->offset, d, "%s", text);
    return km_json_fail(place->node, d, "%s", text);
}

char *km_place_where(const km_place *place)
{
    return place->node != NULL ? km_json_where(place->node) : km_strdup(place->label);
}

void km_place_context(const km_place *place, km_diag *d)
{
    char *text = km_strdup(d->message);

    (void)km_place_fail(place, d, "%s", text);
    free(text);
}

/* ---- targets ---- */

km_target km_target_time(const km_model *model)
{
    return (km_target){.unit = model->time_unit, .measure = model->time, .is_time = true};
}

km_target km_target_parameter(const km_model *model, int parameter)
{
    const km_parameter *p = &model->parameter[parameter];

    return (km_target){.unit = p->unit, .measure = p->measure};
}

km_target km_target_output(const km_model *model, int output)
{
    const km_output *o = &model->output[output];

    return (km_target){.unit = o->unit, .measure = o->measure};
}

/* Parsed, not divided, so that a rate written in the same unit converts by exactly 1. */
static km_unit rate_measure(const km_model *model)
{
    char *text = km_format("%s/%s", model->amt_unit, model->time_unit);
    km_unit measure;

    if (km_unit_parse(text, &measure, NULL) != KM_OK)
        measure = km_unit_divide(model->amt_measure, model->time);
    free(text);
    return measure;
}

km_target km_target_field(const km_model *model, km_field field)
{
    km_target target = {.unit = "-", .measure = {.scale = 1.0}};

    switch (field) {
    case KM_FIELD_AMT:
    case KM_FIELD_RATE:
        target =
            (km_target){.unit = model->amt_unit, .measure = model->amt_measure, .is_dose = true};
        target.has_weight = model->weight >= 0;
        if (field == KM_FIELD_RATE) {
            target.per = model->time_unit;
            target.measure = rate_measure(model);
        }
        return target;
    case KM_FIELD_ADDL:
    case KM_FIELD_PARAMETER: return target;
    case KM_FIELD_TIME:
    case KM_FIELD_TINF:
    case KM_FIELD_II:
    case KM_FIELD_DELAY: break;
    }
    return km_target_time(model);
}

km_target km_target_slot(const km_model *model, const km_slot *slot)
{
    return slot->field == KM_FIELD_PARAMETER ? km_target_parameter(model, slot->index)
                                             : km_target_field(model, slot->field);
}

char *km_target_unit(const km_target *target)
{
    const char *unit = target->unit != NULL ? target->unit : "-";

    return target->per != NULL ? km_format("%s/%s", unit, target->per) : km_strdup(unit);
}

static bool is_plain(const km_unit *u)
{
    static const km_unit none = {.scale = 1.0};

    return km_unit_same_dimension(u, &none);
}

/* "a time such as \"24 h\"": what would be right; caller frees. */
static char *expectation(const km_target *target)
{
    char *unit = km_target_unit(target), *text;
    static const km_unit gram = {.scale = 1.0, .dim = {[KM_DIM_MASS] = 1}};
    km_unit hour = {.scale = 1.0, .dim = {[KM_DIM_TIME] = 1}};
    km_unit amount =
        target->per != NULL ? km_unit_multiply(target->measure, hour) : target->measure;
    bool mass = target->is_dose && km_unit_same_dimension(&amount, &gram);

    if (target->is_time)
        text =
            km_strdup(is_plain(&target->measure) ? "a time such as 24" : "a time such as \"24 h\"");
    else if (mass && target->per != NULL)
        text = km_strdup("a rate such as \"20 mg/h\" or \"0.3 mg/kg/h\"");
    else if (mass)
        text = km_strdup("an amount such as \"50 mg\" or \"0.5 mg/kg\"");
    else if (target->is_dose)
        text =
            km_format("%s such as \"50 %s\"", target->per != NULL ? "a rate" : "an amount", unit);
    else if (is_plain(&target->measure))
        text = km_strdup("a number without a dimension such as 0.5");
    else
        text = km_format("a quantity such as \"1 %s\"", unit);
    free(unit);
    return text;
}

/* ---- reading ---- */

/* `unit` without its "/kg", or NULL if it has none; caller frees. */
static char *without_per_kg(const char *unit)
{
    const char *slash, *end;

    for (slash = strchr(unit, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        end = slash + 1;
        while (*end == ' ')
            end++;
        if (strncmp(end, "kg", 2) == 0 && (end[2] == '\0' || strchr(" */\t", end[2]) != NULL) &&
            slash > unit)
            return km_format("%.*s%s", (int)(slash - unit), unit, end + 2);
    }
    return NULL;
}

static km_status fail_expected(const km_place *place, const km_target *target, const char *found,
                               km_diag *d)
{
    char *expected = expectation(target);
    km_status st;

    st = found != NULL ? km_place_fail(place, d, "expected %s, got \"%s\"", expected, found)
                       : km_place_fail(place, d, "expected %s, got %s", expected,
                                       km_json_describe(place->node));
    free(expected);
    return st;
}

/* a/b, where rounding of the scales would spoil a whole ratio or the inverse of one. */
static double ratio(double a, double b)
{
    double up = floor(a / b + 0.5), down = floor(b / a + 0.5);

    if (fabs(a / b - up) < 1e-13 * up)
        return up;
    if (fabs(b / a - down) < 1e-13 * down)
        return 1.0 / down;
    return a / b;
}

/* Sets factor and per_kg from the unit in q->unit. */
static km_status read_unit(const km_place *place, const char *text, const km_target *target,
                           km_quantity *q, km_diag *d)
{
    km_status st = KM_OK;
    km_unit unit;
    char *rest = target->is_dose ? without_per_kg(q->unit) : NULL;

    st = km_unit_parse(rest != NULL ? rest : q->unit, &unit, d);
    if (st != KM_OK) {
        km_place_context(place, d);
        goto done;
    }
    if (!km_unit_same_dimension(&unit, &target->measure))
        KM_TRY(fail_expected(place, target, text, d));
    q->per_kg = rest != NULL;
    if (q->per_kg && !target->has_weight)
        KM_TRY(km_place_fail(place, d,
                             "\"%s\" needs a body weight, and the model's dose names no \"weight\" "
                             "parameter; write an amount that is not per kg",
                             text));
    q->factor = ratio(unit.scale, target->measure.scale);

done:
    free(rest);
    return st;
}

static km_status read_text(const km_place *place, const char *text, const km_target *target,
                           km_quantity *q, km_diag *d)
{
    km_status st = KM_OK;
    const char *unit = "";
    size_t n;

    if (km_quantity_parse(text, &q->number, &unit, d) != KM_OK)
        KM_TRY(fail_expected(place, target, text, d));
    n = strlen(unit);
    while (n > 0 && (unit[n - 1] == ' ' || unit[n - 1] == '\t'))
        n--;
    if (n == 0) {
        q->unit = km_target_unit(target);
        goto done;
    }
    q->unit = km_format("%.*s", (int)n, unit);
    KM_TRY(read_unit(place, text, target, q, d));

done:
    return st;
}

km_status km_quantity_read(const km_place *place, const km_target *target, km_quantity *out,
                           km_diag *d)
{
    km_status st = KM_OK;
    km_quantity q = {.factor = 1.0};

    *out = q;
    if (place->text != NULL) {
        KM_TRY(read_text(place, place->text, target, &q, d));
    } else if (place->node->kind == KM_JSON_NUMBER) {
        q.number = place->node->number;
        q.unit = km_target_unit(target);
    } else if (place->node->kind == KM_JSON_STRING) {
        KM_TRY(read_text(place, place->node->string, target, &q, d));
    } else {
        KM_TRY(fail_expected(place, target, NULL, d));
    }
    if (!isfinite(q.number * q.factor))
        KM_TRY(km_place_fail(place, d, "the number is too large"));
    *out = q;
    q.unit = NULL; /* handed over */

done:
    free(q.unit);
    return st;
}

void km_quantity_clear(km_quantity *q)
{
    free(q->unit);
    *q = (km_quantity){.factor = 1.0};
}

km_status km_quantity_value(const km_json *node, const km_target *target, double *out, km_diag *d)
{
    km_place place = {.node = node};
    km_quantity q = {.factor = 1.0};
    km_status st = km_quantity_read(&place, target, &q, d);

    if (st == KM_OK)
        *out = q.number * q.factor;
    km_quantity_clear(&q);
    return st;
}

km_status km_quantity_get_time(const km_json *object, const char *key, const km_model *model,
                               double *out, km_diag *d)
{
    km_status st = KM_OK;
    const km_json *node = km_json_find(object, key);
    km_target target = km_target_time(model);
    double value;

    if (node == NULL)
        return KM_OK;
    KM_TRY(km_quantity_value(node, &target, &value, d));
    if (value < 0.0)
        KM_TRY(km_json_fail(node, d, "\"%s\" must not be negative, got %s", key,
                            km_json_describe(node)));
    *out = value;

done:
    return st;
}

km_status km_quantity_whole(const km_json *node, const char *what, long low, long high, long *out,
                            km_diag *d)
{
    if (node->kind != KM_JSON_NUMBER || node->number != floor(node->number) ||
        node->number < (double)low || node->number > (double)high)
        return km_json_fail(node, d, "%s must be a whole number from %ld to %ld, got %s", what, low,
                            high, km_json_describe(node));
    *out = (long)node->number;
    return KM_OK;
}
