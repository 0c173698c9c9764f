#include "study/design.h"

#include "base/file.h"
#include "base/memory.h"
#include "points.h"
#include "study/axis.h"
#include "study/base_row.h"
#include "study/copula.h"
#include "study/factor.h"
#include "study/joe_kuo.h"
#include "study/points_file.h"
#include "study/population.h"
#include "study/regimen.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const design_keys[] = {"axes", "sobol", "latin_hypercube", "list", NULL};
static const char *const list_keys[] = {"file", NULL};

void km_factor_clear(km_factor *f)
{
    free(f->name), free(f->unit), free(f->about), free(f->of), free(f->value), free(f->choice);
    memset(f, 0, sizeof *f);
}

/* ---- from rank to values ---- */

int km_design_shape(const km_study *s, size_t *shape)
{
    shape[0] = (size_t)s->n_points;
    for (int a = 0; a < s->n_axes; a++)
        shape[a] = s->axis[a].n;
    return s->n_axes > 0 ? s->n_axes : 1;
}

/* A share in the middle of what integers can tell apart, so that it is neither 0 nor 1. */
static double share(const km_study *s, const km_factor *f, uint64_t rank)
{
    km_u32 dimension = (km_u32)f->dimension, last = (km_u32)(s->n_points - 1), stratum, jitter;

    if (s->design == KM_DESIGN_SOBOL)
        return ((double)km_point_sobol(f->direction, s->seed, dimension, (km_u32)rank) + 0.5) * 0x1p-32;
    stratum = km_point_stratum(s->seed, dimension, (km_u32)rank, last);
    jitter = km_point_jitter(s->seed, dimension, (km_u32)rank) >> 12; /* 20 bits: with the stratum exact in a double */
    return ((double)stratum + ((double)jitter + 0.5) * 0x1p-20) / (double)s->n_points;
}

/* The same where the factor hangs together with those of dimensions before its own. */
static double correlated_share(const km_study *s, const km_factor *f, uint64_t rank)
{
    double unit[KM_JOE_KUO_DIMENSIONS];

    if (!km_copula_is_mixed(s->copula, f->dimension))
        return share(s, f, rank);
    for (int k = 0; k < s->n_factors; k++) {
        const km_factor *other = &s->factor[k];
        if (other->dimension <= f->dimension && km_copula_weight(s->copula, f->dimension, other->dimension) != 0.0)
            unit[other->dimension] = share(s, other, rank);
    }
    return km_copula_coordinate(s->copula, f->dimension, unit);
}

double km_design_coordinate(const km_study *s, const km_factor *f, uint64_t rank)
{
    return f->value ? f->value[rank] : km_law_quantile(&f->law, correlated_share(s, f, rank));
}

void km_study_point(const km_study *s, uint64_t rank, double *row)
{
    for (int k = 0; k < s->n_factors; k++)
        row[s->factor[k].slot] = km_design_coordinate(s, &s->factor[k], rank) * s->factor[k].factor;
    for (int a = s->n_axes; a-- > 0; rank /= s->axis[a].n)
        for (int k = 0; k < s->axis[a].n_slots; k++)
            row[s->axis[a].slot[k]] = s->axis[a].value[(size_t)k * s->axis[a].n + (size_t)(rank % s->axis[a].n)];
}

uint64_t km_study_models(const km_study *s) { return s->n_points * (s->population ? s->population->n : 1); }

void km_study_patient(const km_study *s, uint64_t rank, size_t patient, double *row)
{
    double *base = km_base_row(s);

    memcpy(row, base, (size_t)s->n_slots * sizeof *row);
    free(base);
    km_study_point(s, rank, row);
    km_population_patient(s, patient, row);
}

bool km_design_extent(const km_study *s, int slot, double *low, double *high)
{
    bool found = false;

    for (int k = 0; k < s->n_factors; k++)
        if (s->factor[k].slot == slot) {
            *low = s->factor[k].low * s->factor[k].factor;
            *high = s->factor[k].high * s->factor[k].factor;
            return true;
        }
    for (int a = 0; a < s->n_axes; a++)
        for (int k = 0; k < s->axis[a].n_slots; k++) {
            const double *value = s->axis[a].value + (size_t)k * s->axis[a].n;

            for (size_t i = 0; s->axis[a].slot[k] == slot && i < s->axis[a].n; i++, found = true) {
                *low = found ? fmin(*low, value[i]) : value[i];
                *high = found ? fmax(*high, value[i]) : value[i];
            }
        }
    return found;
}

/* ---- names and slots ---- */

char *km_design_word(const char *path)
{
    char *word = km_strdup(path), *to = word;

    for (const char *at = path; *at; at++)
        if (isalnum((unsigned char)*at) || *at == '_')
            *to++ = *at;
        else if (at[1] != '\0' && to > word && to[-1] != '_') /* "regimen[0].amt": regimen_0_amt */
            *to++ = '_';
    *to = '\0';
    return word;
}

km_status km_design_check_name(const km_study *study, const char *what, const char *name, const char *of, const km_json *place,
                               km_diag *d)
{
    bool factor = strcmp(what, "factor") == 0;

    if (!km_regimen_is_word(name))
        return km_json_fail(place, d, "the name of %s begins with a letter and has only letters, digits and _, got %s",
                            factor ? "a factor" : "an axis", km_json_describe(place));
    if (strcmp(name, "status") == 0 || strcmp(name, "steps") == 0 || (factor && strcmp(name, "point") == 0))
        return km_json_fail(place, d, "\"%s\" is the name of %s; choose another name", name,
                            strcmp(name, "point") == 0 ? "the map's dimension" : "an array of every map");
    for (int i = 0; i < study->n_axes; i++)
        if (study->axis[i].name != name && strcmp(study->axis[i].name, name) == 0)
            return km_json_fail(place, d, "two axes are named \"%s\"", name);
    for (int i = 0; i < study->n_factors; i++)
        if (strcmp(study->factor[i].name, name) == 0)
            return km_json_fail(place, d, "two factors are named \"%s\"", name);
    if (km_model_find_parameter(study->model, name) >= 0 && strcmp(name, of) != 0)
        return km_json_fail(place, d, "%s named like the parameter \"%s\" must be \"of\" it, got \"%s\"; choose another name",
                            factor ? "a factor" : "an axis", name, of);
    return KM_OK;
}

km_status km_design_add_slot(km_study *study, const km_slot *slot, const km_json *place, int *index, km_diag *d)
{
    km_status st = KM_OK;
    char *name = NULL;

    for (int s = 0; s < study->n_slots; s++) {
        const char *by = NULL;

        if (study->slot[s].field != slot->field || study->slot[s].index != slot->index)
            continue;
        for (int k = 0; k < study->n_factors; k++)
            by = study->factor[k].slot == s ? study->factor[k].name : by;
        for (int a = 0; a < study->n_axes; a++)
            for (int k = 0; k < study->axis[a].n_slots; k++)
                by = study->axis[a].slot[k] == s ? study->axis[a].name : by;
        name = km_slot_name(study, slot);
        KM_TRY(km_json_fail(place, d, "\"%s\" is already varied by the %s \"%s\"", name, study->n_factors ? "factor" : "axis", by));
    }
    KM_PUSH(study->slot, study->n_slots);
    study->slot[study->n_slots] = *slot;
    *index = study->n_slots++;

done:
    free(name);
    return st;
}

void km_design_adopt(km_study *study, const char *what, const char *unit, const km_slot *slot, bool per_kg, double base,
                     const km_json *node, km_diag *d)
{
    km_record *record = &study->record[slot->index];
    bool *flag = slot->field == KM_FIELD_AMT    ? &record->amt_per_kg
                 : slot->field == KM_FIELD_RATE ? &record->rate_per_kg
                                                : NULL;
    bool given = record->given[slot->field];

    if (given && (flag == NULL || *flag == per_kg))
        return;
    if (given) {
        char *where = km_json_where(node);
        km_diag_warn(d, "%s: the %s is in %s, %sper kg of body weight, and %s of regimen[%d] is %sper kg", where, what, unit,
                     per_kg ? "" : "not ", km_field_name(slot->field), slot->index, *flag ? "" : "not ");
        free(where);
    }
    if (flag != NULL)
        *flag = per_kg;
    record->given[slot->field] = true;
    record->field[slot->field] = base;
}

/* ---- a list ---- */

/* The unit of a column: the model's, per kg where the record is. Caller frees. */
static char *column_unit(const km_study *study, const km_slot *slot)
{
    km_target target = km_target_slot(study->model, slot);
    const km_record *r = slot->field == KM_FIELD_PARAMETER ? NULL : &study->record[slot->index];
    bool per_kg = r && ((slot->field == KM_FIELD_AMT && r->amt_per_kg) || (slot->field == KM_FIELD_RATE && r->rate_per_kg));
    char *unit = km_target_unit(&target), *with = per_kg ? km_format("%s/kg", unit) : NULL;

    if (with == NULL)
        return unit;
    free(unit);
    return with;
}

/* Column k of the points becomes a factor; slots are in the order of columns. */
static km_status take_column(km_study *study, const km_points *points, int k, const char *word, const km_json *place, km_diag *d)
{
    const km_slot *slot = &study->slot[k];
    km_factor f = {.name = km_design_word(word), .of = km_strdup(word), .unit = column_unit(study, slot), .slot = k, .factor = 1.0};
    km_status st = KM_OK;

    if (slot->field == KM_FIELD_PARAMETER && study->model->parameter[slot->index].about)
        f.about = km_strdup(study->model->parameter[slot->index].about);
    KM_TRY(km_design_check_name(study, "factor", f.name, word, place, d));
    KM_TRY(km_array_create(points->n, sizeof *f.value, (void **)&f.value, d));
    for (size_t i = 0; i < points->n; i++) {
        f.value[i] = points->row[i * (size_t)study->n_slots + (size_t)k];
        f.low = i ? fmin(f.low, f.value[i]) : f.value[i];
        f.high = i ? fmax(f.high, f.value[i]) : f.value[i];
    }
    KM_PUSH(study->factor, study->n_factors);
    study->factor[study->n_factors++] = f;
    memset(&f, 0, sizeof f);
done:
    km_factor_clear(&f);
    return st;
}

static km_status read_list(km_study *study, const km_json *node, km_diag *d)
{
    const km_json *file = NULL;
    km_points points = {0};
    char *path = NULL, *where = NULL, *header = NULL;
    bool(*had)[KM_N_FIELDS] = km_alloc((size_t)study->n_records + 1, sizeof *had);
    int k = 0;
    km_status st = KM_OK;

    for (int i = 0; i < study->n_records; i++)
        memcpy(had[i], study->record[i].given, sizeof *had);
    KM_TRY(km_json_allow(node, list_keys, d));
    KM_TRY(km_json_need(node, "file", KM_JSON_STRING, &file, d));
    path = km_file_resolve(study->path, file->string);
    where = km_json_where(file);
    st = km_points_read(path, study, &points, d);
    if (st != KM_OK)
        km_diag_context(d, "%s", where);
    KM_TRY(st);
    if (points.n == 0)
        KM_TRY(km_json_fail(file, d, "%s has a header and no points", path));
    study->n_points = points.n;
    memcpy(study->list_hash, points.hash, sizeof study->list_hash);
    header = km_strdup(points.header);
    for (char *word = header, *next; word; word = next, k++) {
        next = strchr(word, '\t');
        if (next)
            *next++ = '\0';
        KM_TRY(take_column(study, &points, k, word, file, d));
    }
    for (k = 0; k < study->n_slots; k++) { /* a field that only the list gives starts from its first point */
        const km_slot *slot = &study->slot[k];

        if (slot->field != KM_FIELD_PARAMETER && !had[slot->index][slot->field])
            study->record[slot->index].field[slot->field] = points.row[k];
    }

done:
    km_points_clear(&points);
    free(path), free(where), free(header), free(had);
    return st;
}

/* ---- the object "design" ---- */

km_status km_design_read(km_study *study, const km_json *node, const bool *given, km_diag *d)
{
    const km_json *only = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_allow(node, design_keys, d));
    for (size_t i = 0; i < node->n; i++) {
        if (strcmp(node->child[i].key, "$schema") == 0)
            continue;
        if (only)
            KM_TRY(km_json_fail(&node->child[i], d, "a study has one design, \"%s\" or \"%s\", not two", only->key,
                                node->child[i].key));
        only = &node->child[i];
    }
    if (only == NULL)
        return KM_OK;
    if (strcmp(only->key, "axes") == 0) {
        KM_TRY(km_json_get(node, "axes", KM_JSON_ARRAY, &only, d));
        return km_axis_read(study, only, d);
    }
    KM_TRY(km_json_get(node, only->key, KM_JSON_OBJECT, &only, d));
    study->design = strcmp(only->key, "sobol") == 0             ? KM_DESIGN_SOBOL
                    : strcmp(only->key, "latin_hypercube") == 0 ? KM_DESIGN_LATIN_HYPERCUBE
                                                                : KM_DESIGN_LIST;
    st = study->design == KM_DESIGN_LIST ? read_list(study, only, d) : km_factor_read(study, only, given, d);
done:
    return st;
}

void km_study_sample(const km_study *study, size_t n, double *row)
{
    for (size_t i = 0; i < n; i++) {
        double part = fmod((double)(i + 1) * 0.61803398874989485, 1.0);
        uint64_t rank = n == study->n_points && study->population == NULL ? i : (uint64_t)(part * (double)study->n_points);
        if (study->population)
            km_study_patient(study, rank, i % study->population->n, row + i * (size_t)study->n_slots);
        else
            km_study_point(study, rank, row + i * (size_t)study->n_slots);
    }
}
