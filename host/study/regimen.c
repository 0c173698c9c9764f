/* A record is read field by field; what depends on other fields, --set or axes is checked at the
 * end. */
#include "study/regimen.h"

#include "base/memory.h"
#include "base/text.h"
#include "study/design.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ADDL = 100000, MOST_RECORDS = 10000 };

static const char *const field_name[KM_N_FIELDS] = {
    [KM_FIELD_AMT] = "amt",    [KM_FIELD_TIME] = "time", [KM_FIELD_TINF] = "tinf",
    [KM_FIELD_RATE] = "rate",  [KM_FIELD_II] = "ii",     [KM_FIELD_ADDL] = "addl",
    [KM_FIELD_DELAY] = "delay"};

static const char *const record_keys[] = {"amt",   "time", "tinf",  "rate", "ii", "addl",
                                          "delay", "skip", "route", "id",   NULL};

/* Words of other programs' data files, and what to write here. */
static const struct {
    const char *word, *instead;
} unsupported[] = {{"ss", "write the doses that lead to steady state with \"ii\" and \"addl\""},
                   {"evid", "every record is a dose"},
                   {"mdv", "every record is a dose"},
                   {"dv", "a regimen has doses only"},
                   {"cmt", "name a \"route\" of the model"},
                   {"dur", "write the duration of an infusion as \"tinf\""},
                   {"duration", "write the duration of an infusion as \"tinf\""},
                   {"f", "a route's \"fraction\" belongs to the model"},
                   {"lag", "a route's \"lag\" belongs to the model"},
                   {"alag", "a route's \"lag\" belongs to the model"}};
enum { N_UNSUPPORTED = sizeof unsupported / sizeof unsupported[0] };

const char *km_field_name(km_field field)
{
    return field_name[field];
}

bool km_regimen_is_word(const char *text)
{
    size_t i;

    if (!((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z')))
        return false;
    for (i = 1; text[i] != '\0'; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_')
            return false;
    return true;
}

void km_record_clear(km_record *record)
{
    free(record->id);
    free(record->skip);
    free(record->where);
    memset(record, 0, sizeof *record);
}

/* ---- one field ---- */

km_status km_regimen_check_value(km_field field, double value, const km_place *place, km_diag *d)
{
    if (value < 0.0)
        return km_place_fail(place, d, "\"%s\" must not be negative", field_name[field]);
    if (field == KM_FIELD_ADDL && (value != floor(value) || value > MOST_ADDL))
        return km_place_fail(place, d, "\"addl\" must be a whole number from 0 to %d, got %g",
                             (int)MOST_ADDL, value);
    return KM_OK;
}

km_status km_regimen_set(km_study *study, const km_slot *slot, const km_place *place, km_diag *d)
{
    km_status st = KM_OK;
    km_record *record = &study->record[slot->index];
    km_target target = km_target_field(study->model, slot->field);
    km_quantity q = {.factor = 1.0};
    bool *per_kg = slot->field == KM_FIELD_AMT    ? &record->amt_per_kg
                   : slot->field == KM_FIELD_RATE ? &record->rate_per_kg
                                                  : NULL;

    assert(record != NULL); /* the slot was found in this study */
    KM_TRY(km_quantity_read(place, &target, &q, d));
    KM_TRY(km_regimen_check_value(slot->field, q.number * q.factor, place, d));
    if (per_kg != NULL && record->given[slot->field] && *per_kg != q.per_kg) {
        char *where = km_place_where(place);
        km_diag_warn(
            d, "%s: the %s of this record was %s kg of body weight in the study and is %s kg now",
            where, field_name[slot->field], *per_kg ? "per" : "not per",
            q.per_kg ? "per" : "not per");
        free(where);
    }
    record->field[slot->field] = q.number * q.factor;
    record->given[slot->field] = true;
    if (per_kg != NULL)
        *per_kg = q.per_kg;

done:
    km_quantity_clear(&q);
    return st;
}

/* ---- one record ---- */

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return (x > y) - (x < y);
}

static km_status read_skip(km_record *record, const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    void *skip = NULL;
    size_t i;

    if (node->n > MOST_ADDL)
        KM_TRY(km_json_fail(node, d, "\"skip\" lists %zu doses, more than the %d of \"addl\"",
                            node->n, (int)MOST_ADDL));
    KM_TRY(km_array_create(node->n, sizeof *record->skip, &skip, d));
    record->skip = skip;
    for (i = 0; i < node->n; i++) {
        long k;

        KM_TRY(km_quantity_whole(&node->child[i], "a dose to skip", 0, MOST_ADDL, &k, d));
        record->skip[record->n_skip++] = (int)k;
    }
    if (record->n_skip == 0)
        goto done;
    qsort(record->skip, (size_t)record->n_skip, sizeof *record->skip, compare_ints);
    for (i = 1; i < (size_t)record->n_skip; i++)
        if (record->skip[i] == record->skip[i - 1])
            KM_TRY(km_json_fail(node, d, "\"skip\" lists the dose %d twice", record->skip[i]));

done:
    return st;
}

static km_status read_route(const km_study *study, km_record *record, const km_json *node,
                            km_diag *d)
{
    km_status st = KM_OK;
    const km_model *model = study->model;
    const km_json *route = NULL;
    char *words = NULL;

    KM_TRY(km_json_get(node, "route", KM_JSON_STRING, &route, d));
    if (route == NULL && model->n_routes > 1) {
        words = km_model_routes(model);
        KM_TRY(km_json_fail(node, d, "the key \"route\" is missing; the model has %s", words));
    }
    if (route == NULL)
        goto done; /* the only one, 0 */
    KM_TRY(km_model_need_route(model, route, &record->route, d));

done:
    free(words);
    return st;
}

static km_status read_id(const km_study *study, km_record *record, const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    const km_json *id = NULL;
    int i;

    KM_TRY(km_json_get(node, "id", KM_JSON_STRING, &id, d));
    if (id == NULL)
        goto done;
    if (!km_regimen_is_word(id->string))
        KM_TRY(km_json_fail(id, d,
                            "an id begins with a letter and has only letters, digits and _, got %s",
                            km_json_describe(id)));
    for (i = 0; i < study->n_records; i++)
        if (study->record[i].id != NULL && strcmp(study->record[i].id, id->string) == 0)
            KM_TRY(
                km_json_fail(id, d, "the id \"%s\" is already that of regimen[%d]", id->string, i));
    record->id = km_strdup(id->string);

done:
    return st;
}

static km_status check_keys(const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    size_t i;
    int k;

    if (node->kind != KM_JSON_OBJECT)
        KM_TRY(km_json_fail(node, d, "expected a dose record such as {\"amt\": \"50 mg\"}, got %s",
                            km_json_describe(node)));
    for (i = 0; i < node->n; i++)
        for (k = 0; k < N_UNSUPPORTED; k++)
            if (strcmp(node->child[i].key, unsupported[k].word) == 0)
                KM_TRY(km_json_fail(&node->child[i], d, "\"%s\" is not supported: %s",
                                    unsupported[k].word, unsupported[k].instead));
    KM_TRY(km_json_allow(node, record_keys, d));

done:
    return st;
}

/* Fills study->record[index], which the caller has cleared. */
static km_status read_record(km_study *study, int index, const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    km_record *record = &study->record[index];
    const km_json *skip = NULL;

    KM_TRY(check_keys(node, d));
    KM_TRY(read_id(study, record, node, d));
    KM_TRY(read_route(study, record, node, d));
    for (int f = 0; f < KM_N_FIELDS; f++) {
        km_slot slot = {.field = (km_field)f, .index = index};
        km_place place = {.node = km_json_find(node, field_name[f])};

        if (place.node != NULL)
            KM_TRY(km_regimen_set(study, &slot, &place, d));
    }
    if (!record->given[KM_FIELD_AMT])
        KM_TRY(km_json_fail(node, d, "the key \"amt\" is missing (an amount such as \"50 mg\")"));
    KM_TRY(km_json_get(node, "skip", KM_JSON_ARRAY, &skip, d));
    if (skip != NULL)
        KM_TRY(read_skip(record, skip, d));

done:
    return st;
}

km_status km_regimen_read(km_study *study, const km_json *node, km_diag *d)
{
    km_status st = KM_OK;
    size_t i;

    if (node->n > 0 && (!study->model->has_dose || study->model->n_routes == 0))
        KM_TRY(km_json_fail(node, d,
                            "the model takes no doses: it has no \"%s\"; leave out \"regimen\"",
                            study->model->has_dose ? "routes" : "dose"));
    if (node->n > MOST_RECORDS)
        KM_TRY(km_json_fail(node, d,
                            "a regimen has at most %d records, got %zu; repeat doses with \"addl\"",
                            (int)MOST_RECORDS, node->n));
    study->record = km_alloc(node->n + 1, sizeof *study->record);
    for (i = 0; i < node->n; i++) {
        st = read_record(study, (int)i, &node->child[i], d);
        study->n_records++; /* also when it failed: what was read is freed with the study */
        KM_TRY(st);
    }

done:
    return st;
}

/* ---- paths ---- */

bool km_regimen_is_path(const char *text)
{
    return strncmp(text, "regimen[", 8) == 0 || strncmp(text, "regimen.", 8) == 0;
}

static km_status find_record(const km_study *study, const char *name, size_t n, bool is_number,
                             const km_place *place, int *out, km_diag *d)
{
    km_status st = KM_OK;
    char *word = km_format("%.*s", (int)n, name), *end = NULL;
    const char **ids = km_alloc((size_t)study->n_records + 1, sizeof *ids);
    const char *nearest;
    int i;

    *out = -1;
    if (study->n_records == 0)
        KM_TRY(km_place_fail(place, d, "the study has no dose records"));
    if (is_number) {
        long index = isdigit((unsigned char)word[0]) ? strtol(word, &end, 10) : -1;

        if (index < 0 || *end != '\0' || index >= study->n_records)
            KM_TRY(km_place_fail(place, d,
                                 "there is no regimen[%s]; the regimen has %d record%s, from 0",
                                 word, study->n_records, study->n_records == 1 ? "" : "s"));
        *out = (int)index;
        goto done;
    }
    for (i = 0; i < study->n_records; i++) {
        ids[i] = study->record[i].id;
        if (ids[i] != NULL && strcmp(ids[i], word) == 0)
            *out = i;
    }
    if (*out >= 0)
        goto done;
    nearest = km_text_nearest(word, ids, (size_t)study->n_records);
    if (nearest != NULL)
        KM_TRY(km_place_fail(place, d, "no record has the id \"%s\"; did you mean \"%s\"?", word,
                             nearest));
    KM_TRY(km_place_fail(
        place, d, "no record has the id \"%s\"; write regimen[0] for the first record", word));

done:
    free(word);
    free(ids);
    return st;
}

km_status km_regimen_find(const km_study *study, const char *text, const km_place *place,
                          km_slot *out, km_diag *d)
{
    km_status st = KM_OK;
    bool is_number = text[7] == '[';
    const char *name = text + 8;
    size_t n = strcspn(name, is_number ? "]" : ".");
    const char *field = name + n + (is_number ? 2 : 1);
    const char *nearest;
    int f;

    if (n == 0 || name[n] == '\0' || (is_number && name[n + 1] != '.') || *field == '\0')
        KM_TRY(km_place_fail(place, d,
                             "\"%s\" is not a field of the regimen; write \"regimen[0].amt\" or "
                             "\"regimen.ID.amt\"",
                             text));
    KM_TRY(find_record(study, name, n, is_number, place, &out->index, d));
    for (f = 0; f < KM_N_FIELDS && strcmp(field, field_name[f]) != 0; f++)
        ;
    if (strcmp(field, "route") == 0 || strcmp(field, "skip") == 0 || strcmp(field, "id") == 0)
        KM_TRY(km_place_fail(place, d, "the %s of a record cannot vary; write a study for each",
                             field));
    if (f == KM_N_FIELDS) {
        nearest = km_text_nearest(field, field_name, KM_N_FIELDS);
        if (nearest != NULL)
            KM_TRY(km_place_fail(place, d,
                                 "a record has no field \"%s\" that can vary; did you mean \"%s\"?",
                                 field, nearest));
        KM_TRY(km_place_fail(
            place, d,
            "a record has no field \"%s\" that can vary; it has amt, time, tinf, rate, "
            "ii, addl and delay",
            field));
    }
    out->field = (km_field)f;

done:
    return st;
}

/* ---- the whole ---- */

/* Smallest and largest value of a field over the study's points. */
static void extent(const km_study *study, int record, km_field field, double *low, double *high)
{
    *low = *high = study->record[record].field[field];
    for (int s = 0; s < study->n_slots; s++)
        if (study->slot[s].field == field && study->slot[s].index == record)
            (void)km_design_extent(study, s, low, high);
}

static km_status check_record(const km_study *study, int index, const km_place *place, km_diag *d)
{
    km_status st = KM_OK;
    const km_record *record = &study->record[index];
    double low_ii, high_ii, low_addl, high_addl;
    char *where = NULL;

    extent(study, index, KM_FIELD_II, &low_ii, &high_ii);
    extent(study, index, KM_FIELD_ADDL, &low_addl, &high_addl);
    if (record->given[KM_FIELD_TINF] && record->given[KM_FIELD_RATE])
        KM_TRY(km_place_fail(place, d,
                            "regimen[%d] has both \"tinf\" and \"rate\" (axes and --set count); an "
                            "infusion is given by one of them",
                            index));
    if (high_addl > 0.0 && !record->given[KM_FIELD_II])
        KM_TRY(km_place_fail(place, d,
                            "the key \"ii\" is missing: \"addl\" repeats the dose every \"ii\""));
    if (high_addl > 0.0 && low_ii <= 0.0)
        KM_TRY(
            km_place_fail(place, d, "\"ii\" must be larger than 0 when \"addl\" repeats the dose"));
    for (int k = 0; k < record->n_skip; k++)
        if ((double)record->skip[k] > high_addl)
            KM_TRY(km_json_fail(
                km_json_find(place->node, "skip"), d,
                "the doses are numbered from 0 to addl = %g; there is no dose %d to skip",
                high_addl, record->skip[k]));
    if (high_addl == 0.0 && (record->given[KM_FIELD_II] || record->given[KM_FIELD_DELAY])) {
        where = km_place_where(place);
        km_diag_warn(d,
                     "%s: \"%s\" has no effect, since \"addl\" is 0 and the dose is not repeated",
                     where, record->given[KM_FIELD_II] ? "ii" : "delay");
    }

done:
    free(where);
    return st;
}

/* Doses of the base regimen at or after the horizon (before any lag of the route). */
static long count_late(const km_study *study, const km_record *record)
{
    const double *f = record->field;
    long late = 0, k;
    int s = 0;

    for (k = 0; k <= (long)f[KM_FIELD_ADDL]; k++) {
        double time =
            f[KM_FIELD_TIME] + (double)k * f[KM_FIELD_II] + (k > 0 ? f[KM_FIELD_DELAY] : 0.0);

        while (s < record->n_skip && record->skip[s] < k)
            s++;
        if (s < record->n_skip && record->skip[s] == k)
            continue;
        if (time >= study->horizon)
            late++;
    }
    return late;
}

km_status km_regimen_check(const km_study *study, km_diag *d)
{
    km_status st = KM_OK;
    const km_json *node = km_json_find(km_json_root(study->file), "regimen");
    long late = 0;

    for (int i = 0; i < study->n_records; i++) {
        km_place place = {.label = study->record[i].where};

        if (place.label == NULL)
            place.node = &node->child[i];
        KM_TRY(check_record(study, i, &place, d));
        late += count_late(study, &study->record[i]);
    }
    if (late > 0) {
        char *where = km_json_where(node);
        km_diag_warn(d, "%s: %ld dose%s at or after the horizon (%g %s) and left out", where, late,
                     late == 1 ? " is" : "s are", study->horizon, study->model->time_unit);
        free(where);
    }

done:
    return st;
}
