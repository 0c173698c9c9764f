/* Rows become records field by field, through the same door as those of JSON (km_regimen_set). */
#include "study/regimen_csv.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "study/quantity.h"
#include "study/regimen.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 256, MOST_DOSES = 10000 };

typedef enum item { TIME, AMT, RATE, II, ADDL, EVID, SS, ID, CMT, ROUTE, MDV, DV, N_ITEMS } item;

static const char *const item_name[N_ITEMS] = {"time", "amt", "rate", "ii", "addl", "evid", "ss", "id", "cmt", "route", "mdv", "dv"};

typedef struct cell {
    char *text;
    size_t column; /* in the line, from 1 */
} cell;

typedef struct table {
    km_study *study;
    const km_json *cmt;
    const char *path, *id, *amt_unit, *time_unit;
    int column[N_ITEMS]; /* of an item, or -1 */
    int n_columns;
    size_t line;
    cell cell[MOST_COLUMNS];
    char *first_id;
    km_diag *d;
} table;

static km_status fail_at(const table *t, const cell *c, const char *sentence)
{
    return km_diag_fail(t->d, KM_E_INPUT, "%s:%zu:%zu: %s, got \"%s\"", t->path, t->line, c->column, sentence, c->text);
}

/* ---- cells ---- */

/* Splits a line in place; quotes may enclose a cell, doubled inside. Returns how many, or -1 with a message. */
static int split(table *t, char *line)
{
    char *at = line, *out;
    int n = 0;

    for (;; n++) {
        if (n == MOST_COLUMNS) {
            km_diag_fail(t->d, KM_E_INPUT, "%s:%zu: more than %d columns", t->path, t->line, (int)MOST_COLUMNS);
            return -1;
        }
        while (*at == ' ' || *at == '\t')
            at++;
        t->cell[n] = (cell){at, (size_t)(at - line) + 1};
        if (*at == '"') {
            t->cell[n].text = out = ++at;
            for (; *at && (*at != '"' || at[1] == '"'); at++)
                *out++ = *(at += *at == '"');
            if (*at != '"') {
                km_diag_fail(t->d, KM_E_INPUT, "%s:%zu:%zu: the quoted cell does not end", t->path, t->line, t->cell[n].column);
                return -1;
            }
            at++;
            *out = '\0';
            at += strspn(at, " \t");
        } else {
            size_t length = strcspn(at, ",");
            out = at + length;
            at = out;
            while (out > t->cell[n].text && (out[-1] == ' ' || out[-1] == '\t'))
                out--;
        }
        if (*at == '\0') {
            *out = '\0';
            return n + 1;
        }
        if (*at != ',') {
            km_diag_fail(t->d, KM_E_INPUT, "%s:%zu: expected a comma after the quoted cell", t->path, t->line);
            return -1;
        }
        at++;
        *out = '\0';
    }
}

static bool is_missing(const char *text) { return *text == '\0' || strcmp(text, ".") == 0 || strcmp(text, "NA") == 0; }

/* A number; missing is 0. */
static km_status number(const table *t, item what, double *out)
{
    const cell *c = t->column[what] >= 0 ? &t->cell[t->column[what]] : NULL;
    const char *end;

    *out = 0.0;
    if (c == NULL || is_missing(c->text))
        return KM_OK;
    *out = km_text_number(c->text, &end);
    if (end == c->text || *end != '\0' || !isfinite(*out) || strpbrk(c->text, "xX"))
        return fail_at(t, c, "expected a number");
    return KM_OK;
}

/* ---- the header ---- */

static km_status read_header(table *t, char *line)
{
    char *word;
    int n = split(t, line);
    km_status st = KM_OK;

    if (n < 0)
        return KM_E_INPUT;
    t->n_columns = n;
    for (int k = 0; k < N_ITEMS; k++)
        t->column[k] = -1;
    for (int i = 0; i < n; i++) {
        int k = 0;
        word = km_strdup(t->cell[i].text);
        for (char *c = word; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        while (k < N_ITEMS && strcmp(item_name[k], word) != 0)
            k++;
        free(word);
        if (k == N_ITEMS) {
            km_diag_warn(t->d, "%s:%zu:%zu: the column \"%s\" is not used", t->path, t->line, t->cell[i].column, t->cell[i].text);
            continue;
        }
        if (t->column[k] >= 0)
            KM_TRY(fail_at(t, &t->cell[i], "the column stands twice"));
        t->column[k] = i;
    }
    if (t->column[TIME] < 0 || t->column[AMT] < 0)
        KM_FAIL(t->d, KM_E_INPUT, "%s:%zu: a table of doses has the columns TIME and AMT", t->path, t->line);
done:
    return st;
}

/* ---- a row ---- */

static km_status find_route(const table *t, int *out)
{
    const km_model *m = t->study->model;
    const cell *c = t->column[ROUTE] >= 0 ? &t->cell[t->column[ROUTE]] : NULL;
    const km_json *name;
    char *sentence;

    *out = 0;
    if (c && !is_missing(c->text)) {
        *out = km_model_find_route(m, c->text);
        if (*out >= 0)
            return KM_OK;
        sentence = km_model_no_route(m, c->text);
        km_diag_fail(t->d, KM_E_INPUT, "%s:%zu:%zu: %s", t->path, t->line, c->column, sentence);
        free(sentence);
        return KM_E_INPUT;
    }
    c = t->column[CMT] >= 0 ? &t->cell[t->column[CMT]] : NULL;
    if (c && !is_missing(c->text) && t->cmt) {
        name = km_json_find(t->cmt, c->text);
        if (name == NULL)
            return fail_at(t, c, "the study's \"cmt\" names no route for this compartment");
        *out = km_model_find_route(m, name->string); /* checked before */
        return KM_OK;
    }
    if (m->n_routes == 1)
        return KM_OK;
    if (c && !is_missing(c->text))
        return fail_at(t, c, "which route a compartment is has to be said in the study, such as \"cmt\": {\"1\": \"oral\"}");
    return km_diag_fail(t->d, KM_E_INPUT, "%s:%zu: the dose has no route: add a column ROUTE, or CMT and \"cmt\" in the study", t->path,
                        t->line);
}

/* A field, where it is not 0, in the table's unit. */
static km_status set_field(const table *t, int record, km_field field, item what)
{
    const cell *c = t->column[what] >= 0 ? &t->cell[t->column[what]] : NULL;
    km_slot slot = {.field = field, .index = record};
    char *label, *text;
    double value;
    km_place place;
    km_status st = number(t, what, &value);

    if (st != KM_OK || c == NULL || (value == 0.0 && field != KM_FIELD_AMT && field != KM_FIELD_TIME))
        return st;
    label = km_format("%s:%zu:%zu", t->path, t->line, c->column);
    if (field == KM_FIELD_AMT && t->amt_unit)
        text = km_format("%s %s", c->text, t->amt_unit);
    else if (field == KM_FIELD_RATE && (t->amt_unit || t->time_unit))
        text = km_format("%s %s/%s", c->text, t->amt_unit ? t->amt_unit : t->study->model->amt_unit,
                         t->time_unit ? t->time_unit : t->study->model->time_unit);
    else if ((field == KM_FIELD_TIME || field == KM_FIELD_II) && t->time_unit)
        text = km_format("%s %s", is_missing(c->text) ? "0" : c->text, t->time_unit);
    else
        text = km_strdup(is_missing(c->text) ? "0" : c->text);
    place = (km_place){.label = label, .text = text};
    st = km_regimen_set(t->study, &slot, &place, t->d);
    free(label);
    free(text);
    return st;
}

/* *dose: the row is one, of the patient asked for. */
static km_status classify(table *t, bool *dose)
{
    const cell *id = t->column[ID] >= 0 ? &t->cell[t->column[ID]] : NULL, *evid = t->column[EVID] >= 0 ? &t->cell[t->column[EVID]] : NULL;
    double event, amt, rate, ss;
    km_status st = KM_OK;

    *dose = false;
    if (id && t->id && strcmp(id->text, t->id) != 0)
        return KM_OK;
    if (id && t->id == NULL) {
        if (t->first_id == NULL)
            t->first_id = km_strdup(id->text);
        else if (strcmp(t->first_id, id->text) != 0)
            return fail_at(t, id, "the table has several IDs; say which is meant, such as \"id\": \"1\"");
    }
    KM_TRY(number(t, EVID, &event));
    KM_TRY(number(t, AMT, &amt));
    KM_TRY(number(t, RATE, &rate));
    KM_TRY(number(t, SS, &ss));
    if (event != 0.0 && event != 1.0)
        KM_TRY(fail_at(t, evid, "an event is an observation (EVID 0) or a dose (EVID 1); resets and others are not supported"));
    *dose = evid ? event == 1.0 : amt != 0.0;
    if (!*dose)
        goto done;
    if (!(amt > 0.0))
        KM_TRY(fail_at(t, &t->cell[t->column[AMT]], "the amount of a dose must be larger than 0"));
    if (rate < 0.0)
        KM_TRY(fail_at(t, &t->cell[t->column[RATE]], "a rate that the model gives (-1, -2) is not supported; write the rate itself"));
    if (ss != 0.0)
        KM_TRY(fail_at(t, &t->cell[t->column[SS]], "steady state is not supported; write the doses that lead to it with II and ADDL"));
done:
    return st;
}

static km_status read_row(table *t, char *line)
{
    km_study *s = t->study;
    bool dose;
    int n = split(t, line), route;
    km_status st = KM_OK;

    if (n < 0)
        return KM_E_INPUT;
    if (n != t->n_columns)
        return km_diag_fail(t->d, KM_E_INPUT, "%s:%zu: expected %d cells, got %d", t->path, t->line, t->n_columns, n);
    KM_TRY(classify(t, &dose));
    if (!dose)
        goto done;
    KM_TRY(find_route(t, &route));
    if (s->n_records == MOST_DOSES)
        KM_FAIL(t->d, KM_E_INPUT, "%s:%zu: more than %d doses; repeat doses with ADDL", t->path, t->line, (int)MOST_DOSES);
    KM_PUSH(s->record, s->n_records);
    s->record[s->n_records] = (km_record){.route = route, .where = km_format("%s:%zu", t->path, t->line)};
    n = s->n_records++;
    KM_TRY(set_field(t, n, KM_FIELD_AMT, AMT));
    KM_TRY(set_field(t, n, KM_FIELD_TIME, TIME));
    KM_TRY(set_field(t, n, KM_FIELD_RATE, RATE));
    KM_TRY(set_field(t, n, KM_FIELD_II, II));
    KM_TRY(set_field(t, n, KM_FIELD_ADDL, ADDL));
done:
    return st;
}

/* ---- the object in the study ---- */

static km_status read_keys(table *t, const km_json *node, const km_json **csv)
{
    static const char *const keys[] = {"csv", "cmt", "id", "units", NULL};
    static const char *const units[] = {"amt", "time", NULL};
    const km_json *unit = NULL;
    km_status st = KM_OK;

    KM_TRY(km_json_allow(node, keys, t->d));
    KM_TRY(km_json_need(node, "csv", KM_JSON_STRING, csv, t->d));
    KM_TRY(km_json_get_string(node, "id", &t->id, t->d));
    KM_TRY(km_json_get(node, "cmt", KM_JSON_OBJECT, &t->cmt, t->d));
    for (size_t i = 0; t->cmt && i < t->cmt->n; i++) {
        const km_json *route = &t->cmt->child[i];
        int index;
        if (route->kind != KM_JSON_STRING)
            KM_TRY(km_json_fail(route, t->d, "expected the name of a route of the model, got %s", km_json_describe(route)));
        KM_TRY(km_model_need_route(t->study->model, route, &index, t->d));
    }
    KM_TRY(km_json_get(node, "units", KM_JSON_OBJECT, &unit, t->d));
    if (unit) {
        KM_TRY(km_json_allow(unit, units, t->d));
        KM_TRY(km_json_get_string(unit, "amt", &t->amt_unit, t->d));
        KM_TRY(km_json_get_string(unit, "time", &t->time_unit, t->d));
    }
done:
    return st;
}

km_status km_regimen_csv_read(km_study *study, const km_json *node, km_diag *d)
{
    table *t = km_alloc(1, sizeof *t);
    const km_json *csv = NULL;
    char *path = NULL, *text = NULL, *at, *next;
    size_t size = 0;
    km_status st = KM_OK;

    t->study = study;
    t->d = d;
    if (!study->model->has_dose || study->model->n_routes == 0)
        KM_TRY(km_json_fail(node, d, "the model takes no doses; leave out \"regimen\""));
    KM_TRY(read_keys(t, node, &csv));
    path = km_file_resolve(study->path, csv->string);
    t->path = path;
    KM_TRY(km_file_read(path, &text, &size, d));
    if (strlen(text) != size)
        KM_FAIL(d, KM_E_INPUT, "%s: a table of text has no zero bytes", path);
    km_sha256_hex(text, size, study->regimen_hash);
    at = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text; /* a byte order mark */
    for (; at && *at; at = next) {
        size_t length = strcspn(at, "\n");
        next = at[length] ? at + length + 1 : NULL;
        at[length] = '\0';
        if (length > 0 && at[length - 1] == '\r')
            at[--length] = '\0';
        t->line++;
        if (at[strspn(at, " \t,")] == '\0')
            continue;
        KM_TRY(t->n_columns == 0 ? read_header(t, at) : read_row(t, at));
    }
    if (t->n_columns == 0)
        KM_FAIL(d, KM_E_INPUT, "%s: the file is empty; expected a header such as TIME,AMT,RATE", path);
    if (study->n_records == 0)
        KM_FAIL(d, KM_E_INPUT, t->id ? "%s: no dose of the ID \"%s\"" : "%s: the table has no dose", path, t->id);
done:
    free(t->first_id);
    free(t);
    free(path);
    free(text);
    return st;
}
