#include "study/trials.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 64, MOST_DOSES = 10000 };

typedef enum column {
    STUDY, YEAR, DOI, PMID, ID_PROVENANCE, POPULATION, DESIGN, ARM, N, DRUG, ROUTE, DOSE, DOSE_UNIT, INFUSION, SCHEDULE, SCALE,
    BASELINE, BASELINE_SD, TIME, KIND, VALUE, SD, SE, CI_LOW, CI_HIGH, PROVENANCE, SOURCE, USE, NOTE, N_COLUMNS
} column;

static const char *const column_name[N_COLUMNS] = {
    "study_id", "year", "doi", "pmid", "id_provenance", "population", "design", "arm", "n", "drug", "route", "dose_value", "dose_unit",
    "infusion_minutes", "schedule_h", "scale", "baseline_mean", "baseline_sd", "time_h", "value_kind", "value", "sd", "se", "ci_low",
    "ci_high", "provenance", "source", "use", "note"};

static const struct {
    const char *name;
    km_measure measure;
} kinds[] = {{"mean_score", KM_MEAN_SCORE}, {"mean_change", KM_MEAN_CHANGE}, {"percent_change", KM_PERCENT_CHANGE},
             {"LSM_difference_vs_control", KM_DIFFERENCE}, {"response_rate_pct", KM_RESPONSE_RATE},
             {"remission_rate_pct", KM_REMISSION_RATE}, {"relapse_rate_pct", KM_RELAPSE_RATE},
             {"mean_time_to_relapse_d", KM_MEAN_RELAPSE_TIME}, {"median_time_to_relapse_d", KM_MEDIAN_RELAPSE_TIME},
             {"mean_max", KM_MEAN_MAX}, {"effect_size_d_vs_control", KM_MEASURE_OTHER}, {"effect_size_d_vs_baseline", KM_MEASURE_OTHER},
             {"hazard_ratio_relapse", KM_MEASURE_OTHER}, {"remission_odds_ratio", KM_MEASURE_OTHER},
             {"response_odds_ratio", KM_MEASURE_OTHER}, {"response_risk_ratio", KM_MEASURE_OTHER},
             {"remission_without_relapse_pct", KM_MEASURE_OTHER}};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* Scales and the largest score each has; 0: none, or not a score. */
static const struct {
    const char *name;
    double most;
} scales[] = {{"MADRS", 60}, {"HDRS-17", 52}, {"HDRS-21", 66}, {"HDRS-24", 75}, {"HDRS-25", 78}, {"HDRS-28", 89}, {"HAM-D6", 22},
              {"QIDS-SR-16", 27}, {"PHQ-9", 27}, {"SSI", 38}, {"CAPS-5", 80}, {"CADSS", 92}, {"POMS depression", 0}, {"depression", 0},
              {"depression (SMD)", 0}, {"plasma ketamine", 0}, {"plasma norketamine", 0}};
enum { N_SCALES = sizeof scales / sizeof *scales };

const char *km_measure_name(km_measure m)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (kinds[i].measure == m && m != KM_MEASURE_OTHER)
            return kinds[i].name;
    return "other";
}

void km_trials_clear(km_trials *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->row[i].dose_time);
    free(t->row), free(t->text), free(t->path);
    memset(t, 0, sizeof *t);
}

char *km_trial_where(const km_trials *t, const km_trial_row *r)
{
    char *time = isnan(r->time) ? km_strdup("") : km_format(" at %g h", r->time);
    char *where = km_format("%s:%zu (%s, %s, %s%s)", t->path, r->line, r->study, r->arm, r->value_kind, time);

    free(time);
    return where;
}

double km_trial_standard_error(const km_trial_row *r, double n)
{
    if (!isnan(r->se))
        return r->se;
    if (!isnan(r->sd) && n > 0.0)
        return r->sd / sqrt(n);
    return (r->high - r->low) / 3.92; /* NAN without an interval */
}

/* ---- lines and cells ---- */

/* Lines of a text, cut in place; carriage returns are dropped. *n lines, the last not empty; caller frees. */
static char **cut_lines(char *text, size_t *n)
{
    char **line = NULL;
    int count = 0;

    for (char *at = text, *next; at && *at; at = next) {
        next = strchr(at, '\n');
        if (next)
            *next++ = '\0';
        if (*at && at[strlen(at) - 1] == '\r')
            at[strlen(at) - 1] = '\0';
        KM_PUSH(line, count);
        line[count++] = at;
    }
    *n = (size_t)count;
    return line;
}

/* Cells of a line, cut in place. Returns how many there are, at most `most` of them kept. */
static int cut_cells(char *line, char **cell, int most)
{
    int n = 0;

    for (char *at = line, *next; at; at = next, n++) {
        next = strchr(at, '\t');
        if (next)
            *next++ = '\0';
        if (n < most)
            cell[n] = at;
    }
    return n;
}

/* A line with its cells by column. */
typedef struct reader {
    const char *path;
    size_t line;
    char *cell[N_COLUMNS];
    km_diag *d;
} reader;

#define FAIL_CELL(r, c, ...) cell_fail((r), column_name[c], __VA_ARGS__)

static km_status cell_fail(const reader *r, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static km_status cell_fail(const reader *r, const char *name, const char *format, ...)
{
    char message[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return km_diag_fail(r->d, KM_E_INPUT, "%s:%zu: %s: %s", r->path, r->line, name, message);
}

static km_status read_number(const reader *r, column c, double *out)
{
    const char *text = r->cell[c], *end;

    *out = (double)NAN;
    if (*text == '\0')
        return KM_OK;
    if (text[strspn(text, "0123456789+-.eE")] == '\0') {
        *out = km_text_number(text, &end);
        if (end != text && *end == '\0' && isfinite(*out))
            return KM_OK;
    }
    return FAIL_CELL(r, c, "expected a number, got \"%s\"", text);
}

/* One of n words; `size` from one to the next. */
static km_status read_word(const reader *r, column c, const void *words, size_t size, size_t n, size_t *out)
{
    const char *nearest, **all = km_alloc(n, sizeof *all);
    km_status st = KM_OK;

    for (*out = 0; *out < n; (*out)++) {
        memcpy(&all[*out], (const char *)words + *out * size, sizeof *all);
        if (strcmp(all[*out], r->cell[c]) == 0)
            goto done;
    }
    nearest = km_text_nearest(r->cell[c], all, n);
    st = FAIL_CELL(r, c, "unknown %s \"%s\"%s%s%s", column_name[c], r->cell[c], nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                   nearest ? "\"?" : "");
done:
    free(all);
    return st;
}

/* ---- what a row says ---- */

static bool starts_with(const char *text, const char *word) { return strncmp(text, word, strlen(word)) == 0; }

/* Times apart by ";". A schedule in words has none. */
static km_status read_schedule(const reader *r, km_trial_row *row)
{
    const char *at = r->cell[SCHEDULE], *end;

    row->schedule_text = at;
    if (*at == '\0' || at[strspn(at, "0123456789.;eE+-")] != '\0')
        return KM_OK;
    for (;; at = end + 1) {
        double time = km_text_number(at, &end);
        if (end == at || (*end != ';' && *end != '\0') || !isfinite(time))
            return FAIL_CELL(r, SCHEDULE, "expected times in hours apart by \";\", got \"%s\"", r->cell[SCHEDULE]);
        if (row->n_doses == 0 && time != 0.0)
            return FAIL_CELL(r, SCHEDULE, "hours count from the first dose, so that a schedule begins with 0, got %g", time);
        if (row->n_doses > 0 && !(time > row->dose_time[row->n_doses - 1]))
            return FAIL_CELL(r, SCHEDULE, "doses follow one another, got %g after %g", time, row->dose_time[row->n_doses - 1]);
        if (row->n_doses == MOST_DOSES)
            return FAIL_CELL(r, SCHEDULE, "at most %d doses", (int)MOST_DOSES);
        KM_PUSH(row->dose_time, row->n_doses);
        row->dose_time[row->n_doses++] = time;
        if (*end == '\0')
            return KM_OK;
    }
}

static km_status read_dose(const reader *r, km_trial_row *row)
{
    const char *text = r->cell[DOSE], *unit = r->cell[DOSE_UNIT];
    km_status st = KM_OK;

    row->dose_text = text, row->dose_unit = unit;
    row->dose = (double)NAN;
    if (*text && text[strspn(text, "0123456789.")] == '\0')
        KM_TRY(read_number(r, DOSE, &row->dose));
    if (*text && strcmp(unit, "mg") != 0 && strcmp(unit, "mg/kg") != 0)
        return FAIL_CELL(r, DOSE_UNIT, "a dose is in mg or mg/kg, got \"%s\"", unit);
    KM_TRY(read_number(r, INFUSION, &row->infusion));
    if (row->infusion < 0.0)
        return FAIL_CELL(r, INFUSION, "an infusion lasts at least 0 minutes, got %g", row->infusion);
    row->control = starts_with(row->drug, "placebo") || starts_with(row->drug, "midazolam");
    if (starts_with(row->drug, "placebo") && row->dose > 0.0)
        return FAIL_CELL(r, DOSE, "a placebo has the dose 0, got %s", text);
    if (!row->control && row->dose == 0.0)
        return FAIL_CELL(r, DOSE, "the dose of %s is 0; a control is \"placebo\" or \"midazolam\"", row->drug);
    KM_TRY(read_schedule(r, row));
done:
    return st;
}

static bool is_rate(km_measure m) { return m == KM_RESPONSE_RATE || m == KM_REMISSION_RATE || m == KM_RELAPSE_RATE; }
static bool is_relapse_time(km_measure m) { return m == KM_MEAN_RELAPSE_TIME || m == KM_MEDIAN_RELAPSE_TIME; }

static km_status check_value(const reader *r, const km_trial_row *row, double most)
{
    km_measure m = row->measure;

    if (isnan(row->value))
        return FAIL_CELL(r, VALUE, "the row has no value");
    if (is_rate(m) && !(row->value >= 0.0 && row->value <= 100.0))
        return FAIL_CELL(r, VALUE, "a rate is 0 to 100 per cent, got %g", row->value);
    if (is_relapse_time(m) && !(row->value > 0.0))
        return FAIL_CELL(r, VALUE, "a time to relapse is above 0 days, got %g", row->value);
    if (m == KM_MEAN_SCORE && most > 0.0 && !(row->value >= 0.0 && row->value <= most))
        return FAIL_CELL(r, VALUE, "a score of %s is 0 to %g, got %g", row->scale, most, row->value);
    if ((m == KM_MEAN_CHANGE || m == KM_DIFFERENCE) && most > 0.0 && !(fabs(row->value) <= most))
        return FAIL_CELL(r, VALUE, "a change of %s is at most %g, got %g", row->scale, most, row->value);
    if (!isnan(row->baseline) && most > 0.0 && !(row->baseline >= 0.0 && row->baseline <= most))
        return FAIL_CELL(r, BASELINE, "a score of %s is 0 to %g, got %g", row->scale, most, row->baseline);
    if (row->time < 0.0)
        return FAIL_CELL(r, TIME, "%g h is before the first dose, from which hours count", row->time);
    if (isnan(row->time) && m <= KM_DIFFERENCE && (strcmp(row->use, "fit_primary") == 0))
        return FAIL_CELL(r, TIME, "a row to be fitted needs its time");
    return KM_OK;
}

/* Apart by more than a quarter: more than rounding and the degrees of freedom of a small group explain. */
static bool contradict(double a, double b) { return a > 1.25 * b || b > 1.25 * a; }

static km_status check_spread(const reader *r, const km_trial_row *row)
{
    static const struct {
        column c;
        const char *what;
    } spread[] = {{SD, "a standard deviation"}, {SE, "a standard error"}, {BASELINE_SD, "a standard deviation"}};
    const double number[] = {row->sd, row->se, row->baseline_sd};

    if (!isnan(row->n) && !(row->n >= 1.0 && row->n == floor(row->n)))
        return FAIL_CELL(r, N, "n is a number of patients, got %s", r->cell[N]);
    for (int i = 0; i < 3; i++)
        if (!isnan(number[i]) && !(number[i] > 0.0))
            return FAIL_CELL(r, spread[i].c, "%s is above 0, got %s", spread[i].what, r->cell[spread[i].c]);
    if (row->se > row->sd)
        return FAIL_CELL(r, SE, "a standard error of %g contradicts a standard deviation of %g: a mean is known better than one patient",
                         row->se, row->sd);
    if (!isnan(row->sd) && !isnan(row->se) && !isnan(row->n) && contradict(row->sd / sqrt(row->n), row->se))
        return FAIL_CELL(r, SE, "a standard error of %g contradicts a standard deviation of %g over %g patients, which gives %.3g", row->se,
                         row->sd, row->n, row->sd / sqrt(row->n));
    if (isnan(row->low) != isnan(row->high))
        return FAIL_CELL(r, isnan(row->low) ? CI_LOW : CI_HIGH, "an interval has two ends");
    if (row->low >= row->high)
        return FAIL_CELL(r, CI_HIGH, "an interval's end lies above its beginning, got %g and %g", row->low, row->high);
    if (row->value < row->low || row->value > row->high)
        return FAIL_CELL(r, VALUE, "%g lies outside its interval, %g to %g", row->value, row->low, row->high);
    if (!isnan(row->se) && !isnan(row->low) && contradict((row->high - row->low) / 3.92, row->se))
        return FAIL_CELL(r, SE, "a standard error of %g contradicts the interval %g to %g, which gives %.3g", row->se, row->low, row->high,
                         (row->high - row->low) / 3.92);
    return KM_OK;
}

static km_status read_row(const reader *r, km_trial_row *row)
{
    static const char *const provenances[] = {"verified", "verified (derived)", "recalled"};
    static const char *const uses[] = {"fit_primary", "fit_secondary", "validate", "context"};
    static const struct {
        column c;
        size_t offset;
    } number[] = {{N, offsetof(km_trial_row, n)}, {BASELINE, offsetof(km_trial_row, baseline)},
                  {BASELINE_SD, offsetof(km_trial_row, baseline_sd)}, {TIME, offsetof(km_trial_row, time)},
                  {VALUE, offsetof(km_trial_row, value)}, {SD, offsetof(km_trial_row, sd)}, {SE, offsetof(km_trial_row, se)},
                  {CI_LOW, offsetof(km_trial_row, low)}, {CI_HIGH, offsetof(km_trial_row, high)}};
    double year = 0.0;
    size_t index = 0;
    km_status st = KM_OK;

    row->line = r->line;
    row->study = r->cell[STUDY], row->doi = r->cell[DOI], row->pmid = r->cell[PMID], row->population = r->cell[POPULATION];
    row->design = r->cell[DESIGN], row->arm = r->cell[ARM], row->drug = r->cell[DRUG], row->route = r->cell[ROUTE];
    row->scale = r->cell[SCALE], row->value_kind = r->cell[KIND], row->source = r->cell[SOURCE], row->note = r->cell[NOTE];
    row->use = r->cell[USE];
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        double value = 0.0;
        KM_TRY(read_number(r, number[i].c, &value));
        memcpy((char *)row + number[i].offset, &value, sizeof value);
    }
    KM_TRY(read_number(r, YEAR, &year));
    row->year = isnan(year) ? 0 : (int)fmin(fmax(year, 0.0), 9999.0);
    if (*row->study == '\0' || *row->arm == '\0')
        return FAIL_CELL(r, *row->study ? ARM : STUDY, "a row names its study and its arm");
    KM_TRY(read_word(r, PROVENANCE, provenances, sizeof *provenances, 3, &index));
    row->provenance = (km_provenance_kind)index;
    KM_TRY(read_word(r, USE, uses, sizeof *uses, 4, &index));
    KM_TRY(read_word(r, KIND, kinds, sizeof *kinds, N_KINDS, &index));
    row->measure = kinds[index].measure;
    KM_TRY(read_dose(r, row));
    KM_TRY(read_word(r, SCALE, scales, sizeof *scales, N_SCALES, &index));
    KM_TRY(check_value(r, row, scales[index].most));
    KM_TRY(check_spread(r, row));
done:
    return st;
}

static bool same_time(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static km_status check_twice(const reader *r, const km_trials *t, const km_trial_row *row)
{
    for (size_t i = 0; i < t->n; i++) {
        const km_trial_row *o = &t->row[i];
        if (strcmp(o->study, row->study) == 0 && strcmp(o->arm, row->arm) == 0 && strcmp(o->scale, row->scale) == 0 &&
            strcmp(o->value_kind, row->value_kind) == 0 && same_time(o->time, row->time))
            return FAIL_CELL(r, STUDY, "the row stands twice: line %zu has the same study, arm, scale, time and kind", o->line);
    }
    return KM_OK;
}

/* *place: per column of the file, which it is. */
static km_status read_header(const char *path, char *line, int *place, int *n, km_diag *d)
{
    char *cell[MOST_COLUMNS];
    bool have[N_COLUMNS] = {false};

    *n = cut_cells(line, cell, MOST_COLUMNS);
    if (*n > MOST_COLUMNS)
        return km_diag_fail(d, KM_E_INPUT, "%s:1: at most %d columns, got %d", path, (int)MOST_COLUMNS, *n);
    for (int i = 0; i < *n; i++) {
        const char *nearest;
        for (place[i] = 0; place[i] < N_COLUMNS && strcmp(column_name[place[i]], cell[i]) != 0; place[i]++)
            ;
        nearest = place[i] == N_COLUMNS ? km_text_nearest(cell[i], column_name, N_COLUMNS) : NULL;
        if (place[i] == N_COLUMNS)
            return km_diag_fail(d, KM_E_INPUT, "%s:1: unknown column \"%s\"%s%s%s", path, cell[i], nearest ? "; did you mean \"" : "",
                                nearest ? nearest : "", nearest ? "\"?" : "");
        if (have[place[i]])
            return km_diag_fail(d, KM_E_INPUT, "%s:1: the column \"%s\" stands twice", path, cell[i]);
        have[place[i]] = true;
    }
    for (int c = 0; c < N_COLUMNS; c++)
        if (!have[c] && c != NOTE && c != ID_PROVENANCE && c != DOI && c != PMID && c != YEAR && c != POPULATION && c != DESIGN)
            return km_diag_fail(d, KM_E_INPUT, "%s:1: the column \"%s\" is missing", path, column_name[c]);
    return KM_OK;
}

/* The file's text, without zero bytes, and its lines. */
static km_status read_lines(const char *path, char **text, char ***line, size_t *n, char *hash, km_diag *d)
{
    size_t size;
    km_status st = KM_OK;

    KM_TRY(km_file_read(path, text, &size, d));
    if (hash)
        km_sha256_hex(*text, size, hash);
    if (strlen(*text) != size)
        KM_FAIL(d, KM_E_INPUT, "%s: a table of text has no zero bytes", path);
    *line = cut_lines(*text, n);
    if (*n == 0)
        KM_FAIL(d, KM_E_INPUT, "%s:1: expected a header", path);
done:
    return st;
}

km_status km_trials_read(const char *path, km_trials *t, km_diag *d)
{
    char **line = NULL, *cell[MOST_COLUMNS];
    int place[MOST_COLUMNS], n_columns = 0;
    size_t n = 0;
    km_status st = KM_OK;

    memset(t, 0, sizeof *t);
    t->path = km_strdup(path);
    KM_TRY(read_lines(path, &t->text, &line, &n, t->hash, d));
    KM_TRY(read_header(path, line[0], place, &n_columns, d));
    KM_TRY(km_array_create(n, sizeof *t->row, (void **)&t->row, d));
    for (size_t i = 1; i < n; i++) {
        reader r = {.path = path, .line = i + 1, .d = d};
        int found = cut_cells(line[i], cell, MOST_COLUMNS);
        if (found != n_columns)
            KM_FAIL(d, KM_E_INPUT, "%s:%zu: expected %d cells separated by tabs, got %d", path, i + 1, n_columns, found);
        for (int c = 0; c < N_COLUMNS; c++)
            r.cell[c] = line[i] + strlen(line[i]); /* a column the file does not have: empty */
        for (int c = 0; c < n_columns; c++)
            r.cell[place[c]] = cell[c];
        st = read_row(&r, &t->row[t->n]);
        if (st == KM_OK)
            st = check_twice(&r, t, &t->row[t->n]);
        if (st != KM_OK)
            free(t->row[t->n].dose_time);
        KM_TRY(st);
        t->n++;
    }
    if (t->n == 0)
        KM_FAIL(d, KM_E_INPUT, "%s has a header and no rows", path);
done:
    free(line);
    if (st != KM_OK)
        km_trials_clear(t);
    return st;
}

/* ---- overlaps ---- */

static bool has_study(const km_trials *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->row[i].study, name) == 0)
            return true;
    return false;
}

km_status km_overlaps_read(const char *path, const km_trials *trials, km_overlaps *o, km_diag *d)
{
    char **line = NULL, *cell[3];
    size_t n = 0;
    km_status st = KM_OK;

    memset(o, 0, sizeof *o);
    KM_TRY(read_lines(path, &o->text, &line, &n, NULL, d));
    if (strcmp(line[0], "study\tcontains\twhy") != 0)
        KM_FAIL(d, KM_E_INPUT, "%s:1: expected the columns study, contains, why", path);
    KM_TRY(km_array_create(n, sizeof *o->pair, (void **)&o->pair, d));
    for (size_t i = 1; i < n; i++) {
        int found = cut_cells(line[i], cell, 3);
        if (found != 3)
            KM_FAIL(d, KM_E_INPUT, "%s:%zu: expected 3 cells separated by tabs, got %d", path, i + 1, found);
        for (int c = 0; c < 2; c++)
            if (!has_study(trials, cell[c]))
                KM_FAIL(d, KM_E_INPUT, "%s:%zu: %s: %s has no study \"%s\"", path, i + 1, c ? "contains" : "study", trials->path, cell[c]);
        o->pair[o->n++] = (km_overlap){cell[0], cell[1], cell[2]};
    }
done:
    free(line);
    if (st != KM_OK)
        km_overlaps_clear(o);
    return st;
}

void km_overlaps_clear(km_overlaps *o)
{
    free(o->pair), free(o->text);
    memset(o, 0, sizeof *o);
}
